/* SPDX-License-Identifier: Apache-2.0 */
/* Mechanisms of the PKCS#11 module that test_pkcs11.c has not, each with what is refused. */
#include "tests/interop/pkcs11_calls.h"
#include "tests/interop/pkcs11_groups.h"

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;

static CK_OBJECT_HANDLE import(CK_KEY_TYPE type, CK_BYTE *value, CK_ULONG len,
                               CK_ATTRIBUTE_TYPE usage, CK_BBOOL *is_readable)
{
    CK_BBOOL is_sensitive = *is_readable ? CK_FALSE : CK_TRUE;
    CK_ATTRIBUTE template[] = {
        ATTR(CKA_CLASS, secret_class),     ATTR(CKA_KEY_TYPE, type),
        {CKA_VALUE, value, len},           {usage, &yes, 1},
        ATTR(CKA_SENSITIVE, is_sensitive), {CKA_EXTRACTABLE, is_readable, 1}};
    CK_OBJECT_HANDLE key = 0;
    OK(p11->C_CreateObject(session, template, KM_ARRAY_LEN(template), &key));
    return key;
}

static void encrypt(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG len, CK_BYTE *out)
{
    CK_ULONG n = 128;
    OK(p11->C_EncryptInit(session, mechanism, key));
    OK(p11->C_Encrypt(session, message, len, out, &n));
    assert_int_equal(n, len);
}

/* ---- triple DES ---- */

static void triple_des(void **state)
{
    static const CK_MECHANISM_TYPE GENERATE[] = {CKM_DES2_KEY_GEN, CKM_DES3_KEY_GEN};
    static const CK_KEY_TYPE TYPES[] = {CKK_DES2, CKK_DES3};
    CK_BYTE iv[8] = {1, 2, 3};
    CK_MECHANISM ecb = {CKM_DES3_ECB, NULL, 0};
    CK_MECHANISM cbc = {CKM_DES3_CBC, iv, 8};
    CK_MECHANISM pad = {CKM_DES3_CBC_PAD, iv, 8};
    CK_MECHANISM ofb = {CKM_DES_OFB64, iv, 8};
    CK_MECHANISM cfb = {CKM_DES_CFB64, iv, 8};
    CK_MECHANISM cmac = {CKM_DES3_CMAC, NULL, 0};
    CK_MECHANISM aes = {CKM_AES_ECB, NULL, 0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(GENERATE); i++) {
        CK_MECHANISM generate = {GENERATE[i], NULL, 0};
        CK_ATTRIBUTE template[] = {ATTR_BOOL(CKA_ENCRYPT, yes), ATTR_BOOL(CKA_DECRYPT, yes),
                                   ATTR_BOOL(CKA_SIGN, yes), ATTR_BOOL(CKA_VERIFY, yes)};
        CK_OBJECT_HANDLE key = 0;
        CK_KEY_TYPE type = 0;
        CK_ULONG len = sizeof(type);
        OK(p11->C_GenerateKey(session, &generate, template, 4, &key));
        value_of(key, CKA_KEY_TYPE, (CK_BYTE *)&type, &len);
        assert_int_equal(type, TYPES[i]);
        round_trip(&ecb, key, 48, 48);
        round_trip(&cbc, key, 48, 48);
        round_trip(&pad, key, 48, 56);
        round_trip(&pad, key, message_len, (message_len / 8 + 1) * 8);
        round_trip(&ofb, key, message_len, message_len);
        round_trip(&cfb, key, message_len, message_len);
        sign_and_verify(&cmac, key, key);
        assert_int_equal(p11->C_EncryptInit(session, &aes, key), CKR_KEY_TYPE_INCONSISTENT);
    }
}

static void des_parity(void **state)
{
    CK_BYTE value[24] = {1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80};
    CK_KEY_TYPE type = CKK_DES3;
    CK_ATTRIBUTE template[] = {
        ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), {CKA_VALUE, value, 24}};
    CK_OBJECT_HANDLE key = 0;
    (void)state;
    for (size_t i = 8; i < 24; i++)
        value[i] = (CK_BYTE)(i < 16 ? 0x07 : 0x0b);
    OK(p11->C_CreateObject(session, template, 3, &key));
    value[3] ^= 1;
    assert_int_equal(p11->C_CreateObject(session, template, 3, &key), CKR_ATTRIBUTE_VALUE_INVALID);
}

/* ---- AES ---- */

static void xts(void **state)
{
    CK_BYTE tweak[16] = {7};
    CK_MECHANISM mechanism = {CKM_AES_XTS, tweak, 16};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_MECHANISM generate = {CKM_AES_XTS_KEY_GEN, NULL, 0};
    CK_ULONG odd = 48;
    CK_ATTRIBUTE wrong = ATTR(CKA_VALUE_LEN, odd);
    CK_BYTE out[64] = {0};
    CK_ULONG len = sizeof(out);
    CK_OBJECT_HANDLE never = 0;
    (void)state;
    for (CK_ULONG octets = 32; octets <= 64; octets += 32) {
        CK_OBJECT_HANDLE key = secret_key(CKM_AES_XTS_KEY_GEN, octets, NULL, 0);
        CK_KEY_TYPE type = 0;
        CK_ULONG type_len = sizeof(type);
        value_of(key, CKA_KEY_TYPE, (CK_BYTE *)&type, &type_len);
        assert_int_equal(type, CKK_AES_XTS);
        round_trip(&mechanism, key, message_len, message_len);
        assert_int_equal(p11->C_EncryptInit(session, &ecb, key), CKR_KEY_TYPE_INCONSISTENT);
        OK(p11->C_EncryptInit(session, &mechanism, key));
        assert_int_equal(p11->C_Encrypt(session, message, 15, out, &len), CKR_DATA_LEN_RANGE);
    }
    assert_int_equal(
        p11->C_EncryptInit(session, &mechanism, secret_key(CKM_AES_KEY_GEN, 32, NULL, 0)),
        CKR_KEY_TYPE_INCONSISTENT);
    assert_int_equal(p11->C_GenerateKey(session, &generate, &wrong, 1, &never), CKR_KEY_SIZE_RANGE);
}

/* RFC 3962's samples, whose last two blocks stand the other way round in CS1; a whole number of blocks is CBC. */
static void ciphertext_stealing(void **state)
{
    static CK_BYTE key_value[] = "chicken teriyaki";
    static CK_BYTE text[] = "I would like the General Gau's Chicken, please, and wonton soup.";
    static const CK_BYTE OF_17[] = {0x97, 0xc6, 0x35, 0x35, 0x68, 0xf2, 0xbf, 0x8c, 0xb4,
                                    0xd8, 0xa5, 0x80, 0x36, 0x2d, 0xa7, 0xff, 0x7f};
    CK_BYTE iv[16] = {0};
    CK_MECHANISM mechanism = {CKM_AES_CTS, iv, 16};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, 16};
    CK_BYTE out[2][64] = {{0}};
    CK_BYTE back[64] = {0};
    CK_ULONG len = 64;
    (void)state;
    CK_OBJECT_HANDLE key = 0;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE template[] = {ATTR(CKA_CLASS, secret_class),
                               ATTR(CKA_KEY_TYPE, type),
                               {CKA_VALUE, key_value, 16},
                               ATTR_BOOL(CKA_ENCRYPT, yes),
                               ATTR_BOOL(CKA_DECRYPT, yes)};
    OK(p11->C_CreateObject(session, template, 5, &key));
    OK(p11->C_EncryptInit(session, &mechanism, key));
    OK(p11->C_Encrypt(session, text, 17, out[0], &len));
    assert_int_equal(len, 17);
    /* CS3 has the whole block c6353568... first and then 97; CS1 the other way. */
    assert_memory_equal(out[0], OF_17, 1);
    for (CK_ULONG n = 16; n <= 64; n++) {
        len = 64;
        OK(p11->C_EncryptInit(session, &mechanism, key));
        OK(p11->C_Encrypt(session, text, n, out[0], &len));
        assert_int_equal(len, n);
        len = 64;
        OK(p11->C_DecryptInit(session, &mechanism, key));
        OK(p11->C_Decrypt(session, out[0], n, back, &len));
        assert_memory_equal(back, text, n);
        if (n % 16 != 0)
            continue;
        len = 64;
        OK(p11->C_EncryptInit(session, &cbc, key));
        OK(p11->C_Encrypt(session, text, n, out[1], &len));
        assert_memory_equal(out[0], out[1], n);
    }
    OK(p11->C_EncryptInit(session, &mechanism, key));
    assert_int_equal(p11->C_Encrypt(session, text, 15, out[0], &len), CKR_DATA_LEN_RANGE);
}

/* The counter has so many bits, and what it can't count is not encrypted. */
static void short_counters(void **state)
{
    CK_AES_CTR_PARAMS params = {2, {0}};
    CK_MECHANISM mechanism = {CKM_AES_CTR, &params, sizeof(params)};
    CK_BYTE out[128] = {0};
    CK_ULONG len = sizeof(out);
    (void)state;
    params.cb[15] = 0xfd; /* three blocks are left of four */
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 16, NULL, 0);
    OK(p11->C_EncryptInit(session, &mechanism, key));
    OK(p11->C_Encrypt(session, message, 48, out, &len));
    OK(p11->C_EncryptInit(session, &mechanism, key));
    assert_int_equal(p11->C_Encrypt(session, message, 49, out, &len), CKR_DATA_LEN_RANGE);
    OK(p11->C_EncryptInit(session, &mechanism, key));
    len = sizeof(out);
    OK(p11->C_EncryptUpdate(session, message, 40, out, &len));
    assert_int_equal(p11->C_EncryptUpdate(session, message, 9, out, &len), CKR_DATA_LEN_RANGE);
    assert_int_equal(p11->C_EncryptFinal(session, out, &len), CKR_OPERATION_NOT_INITIALIZED);
}

/* ---- DSA and DH ---- */

static void dsa(void **state)
{
    static const CK_MECHANISM_TYPE HASHED[] = {CKM_DSA_SHA1, CKM_DSA_SHA224, CKM_DSA_SHA256};
    CK_MECHANISM generate = {CKM_DSA_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_PRIME, dsa_prime), ATTR(CKA_SUBPRIME, dsa_subprime),
                                ATTR(CKA_BASE, dsa_base), ATTR_BOOL(CKA_VERIFY, yes)};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_SIGN, yes)};
    CK_MECHANISM bare = {CKM_DSA, NULL, 0};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_BYTE value[300] = {0};
    CK_BYTE signature[64] = {0};
    CK_ULONG len = sizeof(value);
    (void)state;
    OK(p11->C_GenerateKeyPair(session, &generate, of_public, 4, of_private, 1, &keys[0], &keys[1]));
    for (size_t i = 0; i < KM_ARRAY_LEN(HASHED); i++) {
        CK_MECHANISM mechanism = {HASHED[i], NULL, 0};
        sign_and_verify(&mechanism, keys[1], keys[0]);
    }
    value_of(keys[0], CKA_PRIME, value, &len);
    assert_int_equal(len, sizeof(dsa_prime));
    assert_memory_equal(value, dsa_prime, len);
    /* The public half brought in once more verifies; digests of other lengths are none of DSA's. */
    len = sizeof(value);
    value_of(keys[0], CKA_VALUE, value, &len);
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_DSA;
    CK_ATTRIBUTE again[] = {ATTR(CKA_CLASS, class),     ATTR(CKA_KEY_TYPE, type),
                            ATTR(CKA_PRIME, dsa_prime), ATTR(CKA_SUBPRIME, dsa_subprime),
                            ATTR(CKA_BASE, dsa_base),   {CKA_VALUE, value, len}};
    CK_OBJECT_HANDLE imported = 0;
    OK(p11->C_CreateObject(session, again, 6, &imported));
    len = sizeof(signature);
    OK(p11->C_SignInit(session, &bare, keys[1]));
    OK(p11->C_Sign(session, message, 32, signature, &len));
    assert_int_equal(len, 2 * sizeof(dsa_subprime));
    OK(p11->C_VerifyInit(session, &bare, imported));
    OK(p11->C_Verify(session, message, 32, signature, len));
    OK(p11->C_SignInit(session, &bare, keys[1]));
    assert_int_equal(p11->C_Sign(session, message, 31, signature, &len), CKR_DATA_LEN_RANGE);
    assert_int_equal(
        p11->C_GenerateKeyPair(session, &generate, of_public, 1, of_private, 1, &keys[0], &keys[1]),
        CKR_TEMPLATE_INCOMPLETE);
    dsa_base[5] ^= 1;
    assert_int_equal(
        p11->C_GenerateKeyPair(session, &generate, of_public, 4, of_private, 1, &keys[0], &keys[1]),
        CKR_DOMAIN_PARAMS_INVALID);
    dsa_base[5] ^= 1;
}

static void dh(void **state)
{
    CK_MECHANISM generate = {CKM_DH_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_PRIME, dh_prime), ATTR(CKA_BASE, dh_base)};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_DERIVE, yes)};
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG wanted = 32;
    CK_ATTRIBUTE wish[] = {ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE_LEN, wanted),
                           ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_OBJECT_HANDLE keys[2][2] = {{0}};
    CK_BYTE shared[2][32] = {{0}};
    CK_BYTE one[1] = {1};
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        OK(p11->C_GenerateKeyPair(session, &generate, of_public, 2, of_private, 1, &keys[i][0],
                                  &keys[i][1]));
    for (unsigned i = 0; i < 2; i++) {
        CK_BYTE peer[256] = {0};
        CK_ULONG len = sizeof(peer);
        CK_ULONG n = 32;
        CK_OBJECT_HANDLE derived = 0;
        value_of(keys[1 - i][0], CKA_VALUE, peer, &len);
        CK_MECHANISM mechanism = {CKM_DH_PKCS_DERIVE, peer, len};
        OK(p11->C_DeriveKey(session, &mechanism, keys[i][1], wish, 4, &derived));
        value_of(derived, CKA_VALUE, shared[i], &n);
    }
    assert_memory_equal(shared[0], shared[1], 32);
    CK_MECHANISM trivial = {CKM_DH_PKCS_DERIVE, one, 1};
    CK_OBJECT_HANDLE never = 0;
    assert_int_equal(p11->C_DeriveKey(session, &trivial, keys[0][1], wish, 4, &never),
                     CKR_MECHANISM_PARAM_INVALID);
}

/* ---- signatures with SHA-3 ---- */

static void sha3_signatures(void **state)
{
    static const CK_MECHANISM_TYPE EC[] = {CKM_ECDSA_SHA3_224, CKM_ECDSA_SHA3_256,
                                           CKM_ECDSA_SHA3_384, CKM_ECDSA_SHA3_512};
    static const CK_MECHANISM_TYPE RSA[] = {CKM_SHA3_224_RSA_PKCS, CKM_SHA3_256_RSA_PKCS,
                                            CKM_SHA3_384_RSA_PKCS, CKM_SHA3_512_RSA_PKCS};
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA3_256, CKG_MGF1_SHA3_256, 32};
    CK_RSA_PKCS_PSS_PARAMS mixed = {CKM_SHA3_256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_MODULUS_BITS, bits)};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_SIGN, yes)};
    CK_OBJECT_HANDLE keys[2] = {0};
    (void)state;
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &no, &keys[0], &keys[1]);
    for (size_t i = 0; i < KM_ARRAY_LEN(EC); i++) {
        CK_MECHANISM mechanism = {EC[i], NULL, 0};
        sign_and_verify(&mechanism, keys[1], keys[0]);
    }
    OK(p11->C_GenerateKeyPair(session, &generate, of_public, 1, of_private, 1, &keys[0], &keys[1]));
    for (size_t i = 0; i < KM_ARRAY_LEN(RSA); i++) {
        CK_MECHANISM mechanism = {RSA[i], NULL, 0};
        sign_and_verify(&mechanism, keys[1], keys[0]);
    }
    CK_MECHANISM mechanism = {CKM_SHA3_256_RSA_PKCS_PSS, &pss, sizeof(pss)};
    sign_and_verify(&mechanism, keys[1], keys[0]);
    mechanism.pParameter = &mixed;
    assert_int_equal(p11->C_SignInit(session, &mechanism, keys[1]), CKR_MECHANISM_PARAM_INVALID);
}

/* ---- derivation ---- */

/* What begins so; of SHA-256's length when no octets are named. */
static void derived_is(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ULONG octets,
                       const CK_BYTE *expected, CK_ULONG len)
{
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ATTRIBUTE wish[] = {ATTR(CKA_KEY_TYPE, type), ATTR_BOOL(CKA_SENSITIVE, no),
                           ATTR_BOOL(CKA_EXTRACTABLE, yes), ATTR(CKA_VALUE_LEN, octets)};
    CK_BYTE value[64] = {0};
    CK_ULONG value_len = sizeof(value);
    CK_OBJECT_HANDLE derived = 0;
    OK(p11->C_DeriveKey(session, mechanism, base, wish, octets == 0 ? 3 : 4, &derived));
    value_of(derived, CKA_VALUE, value, &value_len);
    assert_int_equal(value_len, octets == 0 ? 32 : octets);
    assert_memory_equal(value, expected, len);
}

/* FIPS 180-4's and 202's values for "abc". */
static void digest_derivation(void **state)
{
    static CK_BYTE abc[] = "abc";
    static const CK_BYTE SHA256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23};
    static const CK_BYTE SHAKE128[] = {0x58, 0x81, 0x09, 0x2d, 0xd8, 0x18, 0xbf, 0x5c};
    CK_MECHANISM sha256 = {CKM_SHA256_KEY_DERIVATION, NULL, 0};
    CK_MECHANISM shake = {CKM_SHAKE_128_KEY_DERIVATION, NULL, 0};
    CK_OBJECT_HANDLE never = 0;
    (void)state;
    CK_OBJECT_HANDLE base = import(CKK_GENERIC_SECRET, abc, 3, CKA_DERIVE, &yes);
    derived_is(&sha256, base, 16, SHA256, 16);
    derived_is(&shake, base, 40, SHAKE128, 8);
    assert_int_equal(p11->C_DeriveKey(session, &shake, base, NULL, 0, &never),
                     CKR_TEMPLATE_INCOMPLETE);
    CK_ULONG longer = 33;
    CK_ATTRIBUTE too_long = ATTR(CKA_VALUE_LEN, longer);
    assert_int_equal(p11->C_DeriveKey(session, &sha256, base, &too_long, 1, &never),
                     CKR_TEMPLATE_INCONSISTENT);
    assert_int_equal(p11->C_DeriveKey(session, &sha256, secret_key(CKM_AES_KEY_GEN, 16, NULL, 0),
                                      NULL, 0, &never),
                     CKR_KEY_TYPE_INCONSISTENT);
}

/* RFC 5869, A.1, in one step and in two, and as data. */
static void hkdf_steps(void **state)
{
    static CK_BYTE ikm[22] = {0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
                              0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b};
    static CK_BYTE salt[13] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static CK_BYTE info[10] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9};
    static const CK_BYTE PRK[] = {0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf};
    static const CK_BYTE OKM[] = {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a};
    CK_HKDF_PARAMS params = {CK_TRUE, CK_FALSE, CKM_SHA256, CKF_HKDF_SALT_DATA, salt, 13,
                             0,       NULL,     0};
    CK_MECHANISM mechanism = {CKM_HKDF_DERIVE, &params, sizeof(params)};
    CK_KEY_TYPE hkdf_type = CKK_HKDF;
    CK_OBJECT_CLASS data_class = CKO_DATA;
    CK_ULONG octets = 42;
    CK_ATTRIBUTE of_prk[] = {ATTR(CKA_KEY_TYPE, hkdf_type), ATTR_BOOL(CKA_DERIVE, yes),
                             ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_ATTRIBUTE of_data[] = {ATTR(CKA_CLASS, data_class), ATTR(CKA_VALUE_LEN, octets)};
    CK_OBJECT_HANDLE prk = 0;
    CK_OBJECT_HANDLE data = 0;
    CK_BYTE value[64] = {0};
    CK_ULONG len = sizeof(value);
    (void)state;
    CK_OBJECT_HANDLE base = import(CKK_HKDF, ikm, 22, CKA_DERIVE, &yes);
    derived_is(&mechanism, base, 0, PRK, 8);
    OK(p11->C_DeriveKey(session, &mechanism, base, of_prk, 4, &prk));
    params = (CK_HKDF_PARAMS){CK_FALSE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_NULL, NULL,
                              0,        0,       info,       sizeof(info)};
    derived_is(&mechanism, prk, 42, OKM, 8);
    params = (CK_HKDF_PARAMS){CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_DATA, salt,
                              13,      0,       info,       sizeof(info)};
    derived_is(&mechanism, base, 42, OKM, 8);
    mechanism.mechanism = CKM_HKDF_DATA;
    OK(p11->C_DeriveKey(session, &mechanism, base, of_data, 2, &data));
    value_of(data, CKA_VALUE, value, &len);
    assert_int_equal(len, 42);
    assert_memory_equal(value, OKM, 8);
    /* What stays inside does not come out as data. */
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_DERIVE, yes)};
    CK_OBJECT_HANDLE shut = secret_key(CKM_HKDF_KEY_GEN, 32, more, 1);
    assert_int_equal(p11->C_DeriveKey(session, &mechanism, shut, of_data, 2, &data),
                     CKR_KEY_UNEXTRACTABLE);
}

static void encrypted_data(void **state)
{
    CK_BYTE iv[16] = {0};
    CK_AES_CBC_ENCRYPT_DATA_PARAMS cbc = {{0}, message, 32};
    CK_KEY_DERIVATION_STRING_DATA ecb = {message, 32};
    CK_KEY_DERIVATION_STRING_DATA odd = {message, 31};
    CK_MECHANISM by_cbc = {CKM_AES_CBC_ENCRYPT_DATA, &cbc, sizeof(cbc)};
    CK_MECHANISM by_ecb = {CKM_AES_ECB_ENCRYPT_DATA, &ecb, sizeof(ecb)};
    CK_MECHANISM by_odd = {CKM_AES_ECB_ENCRYPT_DATA, &odd, sizeof(odd)};
    CK_MECHANISM encrypts = {CKM_AES_CBC, iv, 16};
    CK_MECHANISM encrypts_ecb = {CKM_AES_ECB, NULL, 0};
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_DERIVE, yes), ATTR_BOOL(CKA_ENCRYPT, yes)};
    CK_BYTE expected[32] = {0};
    CK_OBJECT_HANDLE never = 0;
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 32, more, 2);
    encrypt(&encrypts, key, 32, expected);
    derived_is(&by_cbc, key, 32, expected, 32);
    derived_is(&by_cbc, key, 16, expected, 16);
    encrypt(&encrypts_ecb, key, 32, expected);
    derived_is(&by_ecb, key, 24, expected, 24);
    assert_int_equal(p11->C_DeriveKey(session, &by_odd, key, NULL, 0, &never),
                     CKR_MECHANISM_PARAM_INVALID);
    CK_OBJECT_HANDLE plain = secret_key(CKM_AES_KEY_GEN, 32, &more[1], 1);
    assert_int_equal(p11->C_DeriveKey(session, &by_ecb, plain, NULL, 0, &never),
                     CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* RFC 7914's sample of PBKDF2 with HMAC-SHA-256. */
static void of_passwords(void **state)
{
    static CK_BYTE salt[] = "salt";
    static CK_BYTE password[] = "passwd";
    static const CK_BYTE EXPECTED[] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f};
    CK_PKCS5_PBKD2_PARAMS2 params = {
        CKZ_SALT_SPECIFIED, salt, 4, 1, CKP_PKCS5_PBKD2_HMAC_SHA256, NULL, 0, password, 6};
    CK_MECHANISM mechanism = {CKM_PKCS5_PBKD2, &params, sizeof(params)};
    CK_ULONG octets = 64;
    CK_ATTRIBUTE template[] = {ATTR(CKA_VALUE_LEN, octets), ATTR_BOOL(CKA_SENSITIVE, no),
                               ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_BYTE value[64] = {0};
    CK_ULONG len = sizeof(value);
    CK_OBJECT_HANDLE key = 0;
    (void)state;
    OK(p11->C_GenerateKey(session, &mechanism, template, 3, &key));
    value_of(key, CKA_VALUE, value, &len);
    assert_int_equal(len, 64);
    assert_memory_equal(value, EXPECTED, sizeof(EXPECTED));
    params.iterations = 0;
    assert_int_equal(p11->C_GenerateKey(session, &mechanism, template, 3, &key),
                     CKR_MECHANISM_PARAM_INVALID);
    params.iterations = 1;
    params.prf = CKP_PKCS5_PBKD2_HMAC_SHA512_224;
    assert_int_equal(p11->C_GenerateKey(session, &mechanism, template, 3, &key),
                     CKR_MECHANISM_PARAM_INVALID);
    params.prf = CKP_PKCS5_PBKD2_HMAC_SHA1;
    params.ulSaltSourceDataLen = 0;
    assert_int_equal(p11->C_GenerateKey(session, &mechanism, template, 3, &key),
                     CKR_MECHANISM_PARAM_INVALID);
}

/* ---- keys under RSA keys ---- */

static void rsa_pair(CK_ATTRIBUTE *of_private, CK_ULONG n, CK_OBJECT_HANDLE keys[2])
{
    CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_MODULUS_BITS, bits), ATTR_BOOL(CKA_WRAP, yes)};
    OK(p11->C_GenerateKeyPair(session, &generate, of_public, 2, of_private, n, &keys[0], &keys[1]));
}

static void rsa_transport(void **state)
{
    CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
    CK_RSA_PKCS_OAEP_PARAMS labelled = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, message,
                                        3};
    CK_RSA_AES_KEY_WRAP_PARAMS both = {256, &oaep};
    CK_MECHANISM ways[] = {{CKM_RSA_PKCS, NULL, 0},
                           {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)},
                           {CKM_RSA_AES_KEY_WRAP, &both, sizeof(both)}};
    CK_MECHANISM refused = {CKM_RSA_PKCS_OAEP, &labelled, sizeof(labelled)};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_UNWRAP, yes), ATTR_BOOL(CKA_DECRYPT, no)};
    CK_ATTRIBUTE readable[] = {ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_ATTRIBUTE sealed[] = {ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE back[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type),
                           ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_BYTE value[2][32] = {{0}};
    CK_ULONG len = 32;
    (void)state;
    rsa_pair(of_private, 2, keys);
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 32, readable, 2);
    value_of(key, CKA_VALUE, value[0], &len);
    for (size_t i = 0; i < KM_ARRAY_LEN(ways); i++) {
        CK_BYTE wrapped[512] = {0};
        CK_ULONG n = 0;
        CK_OBJECT_HANDLE again = 0;
        OK(p11->C_WrapKey(session, &ways[i], keys[0], key, NULL, &n));
        assert_int_equal(n, i == 2 ? 256 + 40 : 256);
        OK(p11->C_WrapKey(session, &ways[i], keys[0], key, wrapped, &n));
        OK(p11->C_UnwrapKey(session, &ways[i], keys[1], wrapped, n, back, 4, &again));
        len = 32;
        value_of(again, CKA_VALUE, value[1], &len);
        assert_memory_equal(value[0], value[1], 32);
        assert_int_equal(p11->C_UnwrapKey(session, &ways[i], keys[0], wrapped, n, back, 4, &again),
                         CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
        n = sizeof(wrapped);
        assert_int_equal(p11->C_WrapKey(session, &ways[i], keys[0],
                                        secret_key(CKM_AES_KEY_GEN, 32, sealed, 1), wrapped, &n),
                         CKR_KEY_UNEXTRACTABLE);
    }
    len = 0;
    assert_int_equal(p11->C_WrapKey(session, &refused, keys[0], key, NULL, &len),
                     CKR_MECHANISM_PARAM_INVALID);
    /* It unwraps, and its template said that it does not decrypt. */
    assert_int_equal(p11->C_DecryptInit(session, &ways[0], keys[1]),
                     CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* A pair whose template keeps what it unwraps inside. */
static void rsa_transport_stays_inside(void **state)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_ATTRIBUTE demanded[] = {ATTR_BOOL(CKA_SENSITIVE, yes), ATTR_BOOL(CKA_EXTRACTABLE, no)};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_UNWRAP, yes),
                                 {CKA_UNWRAP_TEMPLATE, demanded, sizeof(demanded)}};
    CK_ATTRIBUTE readable[] = {ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE back[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type),
                           ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_OBJECT_HANDLE again = 0;
    CK_BYTE wrapped[256] = {0};
    CK_BYTE value[32] = {0};
    CK_ULONG n = sizeof(wrapped);
    CK_ATTRIBUTE secret = {CKA_VALUE, value, sizeof(value)};
    (void)state;
    rsa_pair(of_private, 2, keys);
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 32, readable, 2);
    OK(p11->C_WrapKey(session, &mechanism, keys[0], key, wrapped, &n));
    assert_int_equal(p11->C_UnwrapKey(session, &mechanism, keys[1], wrapped, n, back, 3, &again),
                     CKR_TEMPLATE_INCONSISTENT);
    OK(p11->C_UnwrapKey(session, &mechanism, keys[1], wrapped, n, back, 2, &again));
    assert_int_equal(p11->C_GetAttributeValue(session, again, &secret, 1), CKR_ATTRIBUTE_SENSITIVE);
    assert_int_equal(p11->C_DecryptInit(session, &mechanism, keys[1]),
                     CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* ---- keys of one MAC ---- */

static void mac_types(void **state)
{
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_SIGN, yes), ATTR_BOOL(CKA_VERIFY, yes)};
    CK_MECHANISM right = {CKM_SHA256_HMAC, NULL, 0};
    CK_MECHANISM other = {CKM_SHA384_HMAC, NULL, 0};
    CK_KEY_TYPE type = 0;
    CK_ULONG len = sizeof(type);
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_SHA256_KEY_GEN, 32, more, 2);
    value_of(key, CKA_KEY_TYPE, (CK_BYTE *)&type, &len);
    assert_int_equal(type, CKK_SHA256_HMAC);
    sign_and_verify(&right, key, key);
    assert_int_equal(p11->C_SignInit(session, &other, key), CKR_KEY_TYPE_INCONSISTENT);
}

/* Every mechanism of the list has its info, and none is there twice. */
static void mechanism_list(void **state)
{
    CK_MECHANISM_TYPE types[256] = {0};
    CK_MECHANISM_INFO info = {0};
    CK_ULONG n = KM_ARRAY_LEN(types);
    (void)state;
    OK(p11->C_GetMechanismList(0, types, &n));
    for (CK_ULONG i = 0; i < n; i++) {
        OK(p11->C_GetMechanismInfo(0, types[i], &info));
        assert_true(info.flags != 0 && info.ulMinKeySize <= info.ulMaxKeySize);
        for (CK_ULONG k = 0; k < i; k++)
            assert_int_not_equal(types[i], types[k]);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        T(triple_des),
        T(des_parity),
        T(xts),
        T(ciphertext_stealing),
        T(short_counters),
        T(dsa),
        T(dh),
        T(sha3_signatures),
        T(digest_derivation),
        T(hkdf_steps),
        T(encrypted_data),
        T(of_passwords),
        T(rsa_transport),
        T(rsa_transport_stays_inside),
        T(mac_types),
        T(mechanism_list),
    };
    rig_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
