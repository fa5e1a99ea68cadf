/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PKCS#11 module through its functions, as a program uses it. KM_TEST_MODULE: its path.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/interop/pkcs11_calls.h"

#define SESSIONS 20000u

/* ---- the library ---- */

static void initialise(void **state)
{
    CK_SLOT_ID slot = 0;
    (void)state;
    assert_int_equal(p11->C_GetInfo(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_int_equal(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    OK(p11->C_Initialize(NULL));
    assert_int_equal(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    assert_int_equal(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_int_equal(p11->C_Finalize(&slot), CKR_ARGUMENTS_BAD);
    OK(p11->C_Finalize(NULL));
}

static void *wait_for_event(void *arg)
{
    CK_SLOT_ID slot = 0;
    *(CK_RV *)arg = p11->C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

static void finalise_ends_the_wait(void **state)
{
    pthread_t thread = 0;
    CK_RV rv = CKR_OK;
    (void)state;
    OK(p11->C_Initialize(NULL));
    assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
    (void)usleep(10000);
    OK(p11->C_Finalize(NULL));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(rv, CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void many_sessions(void **state)
{
    static CK_SESSION_HANDLE opened[SESSIONS];
    CK_SESSION_INFO info = {0};
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++)
        opened[i] = open_session();
    OK(p11->C_GetSessionInfo(opened[SESSIONS / 2], &info));
    OK(p11->C_CloseSession(opened[7]));
    assert_int_equal(p11->C_GetSessionInfo(opened[7], &info), CKR_SESSION_HANDLE_INVALID);
    assert_int_not_equal(open_session(), opened[7]); /* a handle never stands for another one */
    OK(p11->C_CloseAllSessions(0));
    assert_int_equal(p11->C_GetSessionInfo(session, &info), CKR_SESSION_HANDLE_INVALID);
}

/* ---- operations ---- */

static void digests(void **state)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE once[32] = {0};
    CK_BYTE parts[32] = {0};
    CK_ULONG len = 0;
    (void)state;
    assert_int_equal(p11->C_Digest(session, message, message_len, once, &len),
                     CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_DigestInit(session, &mechanism));
    assert_int_equal(p11->C_DigestInit(session, &mechanism), CKR_OPERATION_ACTIVE);
    OK(p11->C_Digest(session, message, message_len, NULL, &len));
    assert_int_equal(len, 32);
    len = 31;
    assert_int_equal(p11->C_Digest(session, message, message_len, once, &len),
                     CKR_BUFFER_TOO_SMALL);
    OK(p11->C_Digest(session, message, message_len, once, &len));
    assert_int_equal(p11->C_Digest(session, message, message_len, once, &len),
                     CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_DigestInit(session, &mechanism));
    OK(p11->C_DigestUpdate(session, message, 10));
    assert_int_equal(p11->C_Digest(session, message, message_len, once, &len),
                     CKR_OPERATION_ACTIVE);
    OK(p11->C_DigestUpdate(session, message + 10, message_len - 10));
    OK(p11->C_DigestFinal(session, NULL, &len));
    OK(p11->C_DigestFinal(session, parts, &len));
    assert_memory_equal(once, parts, 32);
    OK(p11->C_DigestInit(session, &mechanism));
    OK(p11->C_DigestInit(session, NULL)); /* which ends it */
    OK(p11->C_DigestInit(session, &mechanism));
    OK(p11->C_SessionCancel(session, CKF_DIGEST));
    assert_int_equal(p11->C_DigestUpdate(session, message, 1), CKR_OPERATION_NOT_INITIALIZED);
}

static void message_signatures(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE private_key,
                               CK_OBJECT_HANDLE public_key)
{
    CK_BYTE signature[512] = {0};
    OK(p11->C_MessageSignInit(session, mechanism, private_key));
    OK(p11->C_MessageVerifyInit(session, mechanism, public_key));
    for (unsigned i = 0; i < 3; i++) {
        CK_ULONG len = sizeof(signature);
        OK(p11->C_SignMessage(session, NULL, 0, message, message_len - i, signature, &len));
        OK(p11->C_VerifyMessage(session, NULL, 0, message, message_len - i, signature, len));
    }
    OK(p11->C_MessageSignFinal(session));
    OK(p11->C_MessageVerifyFinal(session));
    assert_int_equal(p11->C_MessageSignFinal(session), CKR_OPERATION_NOT_INITIALIZED);
}

static void ec_signatures(void **state)
{
    static const CK_MECHANISM_TYPE TYPES[] = {CKM_ECDSA, CKM_ECDSA_SHA1, CKM_ECDSA_SHA256,
                                              CKM_ECDSA_SHA384, CKM_ECDSA_SHA512};
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    (void)state;
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &no, &public_key, &private_key);
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        CK_MECHANISM mechanism = {TYPES[i], NULL, 0};
        sign_and_verify(&mechanism, private_key, public_key);
    }
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    message_signatures(&mechanism, private_key, public_key);
    assert_int_equal(p11->C_SignInit(session, &mechanism, public_key), CKR_KEY_TYPE_INCONSISTENT);
    assert_int_equal(p11->C_SignInit(session, &mechanism, 12345), CKR_KEY_HANDLE_INVALID);
    mechanism.mechanism = CKM_SHA256_RSA_PKCS;
    assert_int_equal(p11->C_SignInit(session, &mechanism, private_key), CKR_KEY_TYPE_INCONSISTENT);
    mechanism.mechanism = 0x7fffffff;
    assert_int_equal(p11->C_SignInit(session, &mechanism, private_key), CKR_MECHANISM_INVALID);
}

static void ed_signatures(void **state)
{
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    (void)state;
    pair(CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519, sizeof(ed25519), &no, &public_key, &private_key);
    sign_and_verify(&mechanism, private_key, public_key);
}

static void rsa(void **state)
{
    CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE of_public[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
                                ATTR_BOOL(CKA_VERIFY, yes),
                                ATTR_BOOL(CKA_ENCRYPT, yes)};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_SIGN, yes), ATTR_BOOL(CKA_DECRYPT, yes)};
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
    CK_MECHANISM signs[] = {{CKM_RSA_PKCS, NULL, 0},
                            {CKM_SHA256_RSA_PKCS, NULL, 0},
                            {CKM_SHA512_RSA_PKCS, NULL, 0},
                            {CKM_RSA_X_509, NULL, 0},
                            {CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof(pss)}};
    CK_MECHANISM crypts[] = {{CKM_RSA_PKCS, NULL, 0}, {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)}};
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    (void)state;
    OK(p11->C_GenerateKeyPair(session, &generate, of_public, 3, of_private, 2, &public_key,
                              &private_key));
    for (size_t i = 0; i < KM_ARRAY_LEN(signs); i++)
        sign_and_verify(&signs[i], private_key, public_key);
    for (size_t i = 0; i < KM_ARRAY_LEN(crypts); i++) {
        CK_BYTE sealed[256] = {0};
        CK_BYTE opened[256] = {0};
        CK_ULONG len = sizeof(sealed);
        CK_ULONG opened_len = 3;
        OK(p11->C_EncryptInit(session, &crypts[i], public_key));
        OK(p11->C_Encrypt(session, message, message_len, sealed, &len));
        OK(p11->C_DecryptInit(session, &crypts[i], private_key));
        assert_int_equal(p11->C_Decrypt(session, sealed, len, opened, &opened_len),
                         CKR_BUFFER_TOO_SMALL);
        assert_int_equal(opened_len, message_len);
        OK(p11->C_Decrypt(session, sealed, len, opened, &opened_len));
        assert_memory_equal(opened, message, message_len);
    }
}

static void macs(void **state)
{
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_SIGN, yes), ATTR_BOOL(CKA_VERIFY, yes)};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_MECHANISM cmac = {CKM_AES_CMAC, NULL, 0};
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_GENERIC_SECRET_KEY_GEN, 32, more, 2);
    sign_and_verify(&hmac, key, key);
    key = secret_key(CKM_AES_KEY_GEN, 32, more, 2);
    sign_and_verify(&cmac, key, key);
}

static void ciphers(void **state)
{
    CK_BYTE iv[16] = {1, 2, 3};
    CK_AES_CTR_PARAMS ctr = {128, {9}};
    CK_GCM_PARAMS_V3 gcm = {iv, 12, 96, message, 5, 128};
    CK_NSS_GCM_PARAMS old = {iv, 12, message, 5, 96};
    CK_CCM_PARAMS ccm = {message_len, iv, 13, message, 3, 16};
    CK_SALSA20_CHACHA20_POLY1305_PARAMS chacha = {iv, 12, message, 4};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, 16};
    CK_MECHANISM pad = {CKM_AES_CBC_PAD, iv, 16};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_MECHANISM ecb_with_iv = {CKM_AES_ECB, iv, 16};
    CK_MECHANISM counter = {CKM_AES_CTR, &ctr, sizeof(ctr)};
    CK_MECHANISM aead[] = {{CKM_AES_GCM, &gcm, sizeof(gcm)},
                           {CKM_AES_GCM, &old, sizeof(old)},
                           {CKM_AES_CCM, &ccm, sizeof(ccm)}};
    CK_MECHANISM poly = {CKM_CHACHA20_POLY1305, &chacha, sizeof(chacha)};
    CK_BYTE out[64] = {0};
    CK_ULONG len = sizeof(out);
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 16, NULL, 0);
    round_trip(&cbc, key, 48, 48);
    round_trip(&ecb, key, 48, 48);
    round_trip(&ecb_with_iv, key, 48, 48);
    OK(p11->C_EncryptInit(session, &ecb_with_iv, key));
    OK(p11->C_Encrypt(session, message, 16, out, &len));
    OK(p11->C_DecryptInit(session, &ecb, key));
    OK(p11->C_Decrypt(session, out, 16, out, &len));
    assert_memory_equal(out, message, 16); /* the IV made no difference */
    round_trip(&pad, key, message_len, (message_len / 16 + 1) * 16);
    round_trip(&pad, key, 48, 64);
    round_trip(&counter, key, message_len, message_len);
    round_trip(&aead[0], key, message_len, message_len + 16);
    round_trip(&aead[1], key, message_len, message_len + 12);
    round_trip(&aead[2], key, message_len, message_len + 16);
    round_trip(&poly, secret_key(CKM_CHACHA20_KEY_GEN, 32, NULL, 0), message_len, message_len + 16);
    OK(p11->C_EncryptInit(session, &cbc, key));
    assert_int_equal(p11->C_Encrypt(session, message, 17, out, &len), CKR_DATA_LEN_RANGE);
    OK(p11->C_DecryptInit(session, &aead[0], key));
    len = sizeof(out);
    assert_int_equal(p11->C_Decrypt(session, message, 40, out, &len), CKR_ENCRYPTED_DATA_INVALID);
    cbc.ulParameterLen = 15;
    assert_int_equal(p11->C_EncryptInit(session, &cbc, key), CKR_MECHANISM_PARAM_INVALID);
}

static void message_aead(void **state)
{
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_BYTE iv[12] = {0};
    CK_BYTE tag[16] = {0};
    CK_BYTE sealed[64] = {0};
    CK_BYTE opened[64] = {0};
    CK_BYTE before[12] = {0};
    CK_ULONG len = sizeof(sealed);
    CK_GCM_MESSAGE_PARAMS params = {iv, 12, 32, CKG_GENERATE_RANDOM, tag, 128};
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 32, NULL, 0);
    OK(p11->C_MessageEncryptInit(session, &mechanism, key));
    OK(p11->C_MessageDecryptInit(session, &mechanism, key));
    for (unsigned i = 0; i < 3; i++) {
        km_copy(before, 12, iv, 12);
        len = sizeof(sealed);
        params.ivGenerator = i == 2 ? CKG_GENERATE_COUNTER : CKG_GENERATE_RANDOM;
        OK(p11->C_EncryptMessage(session, &params, sizeof(params), message, 4, message, message_len,
                                 sealed, &len));
        assert_memory_not_equal(before, iv, 12);
        assert_memory_equal(before, iv, 4); /* the fixed octets */
        params.ivGenerator = CKG_NO_GENERATE;
        OK(p11->C_DecryptMessage(session, &params, sizeof(params), message, 4, sealed, len, opened,
                                 &len));
        assert_memory_equal(opened, message, message_len);
    }
    tag[3] ^= 1;
    assert_int_equal(p11->C_DecryptMessage(session, &params, sizeof(params), message, 4, sealed,
                                           message_len, opened, &len),
                     0x42 /* CKR_AEAD_DECRYPT_FAILED */);
    OK(p11->C_EncryptMessageBegin(session, &params, sizeof(params), message, 4));
    OK(p11->C_EncryptMessageNext(session, &params, sizeof(params), message, 10, sealed, &len, 0));
    assert_int_equal(len, 0);
    len = sizeof(sealed);
    OK(p11->C_EncryptMessageNext(session, &params, sizeof(params), message + 10, message_len - 10,
                                 sealed, &len, CKF_END_OF_MESSAGE));
    OK(p11->C_DecryptMessage(session, &params, sizeof(params), message, 4, sealed, len, opened,
                             &len));
    assert_memory_equal(opened, message, message_len);
    OK(p11->C_MessageEncryptFinal(session));
    OK(p11->C_MessageDecryptFinal(session));
}

/* ---- derivation and wrapping ---- */

static void agreement(void **state)
{
    static const CK_EC_KDF_TYPE KDFS[] = {CKD_NULL, CKD_SHA256_KDF, CKD_SHA256_KDF_SP800};
    CK_ULONG len = 32;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_OBJECT_HANDLE keys[2][2] = {{0}};
    CK_BYTE points[2][70] = {{0}};
    CK_ULONG point_len[2] = {70, 70};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {{CKA_EC_PARAMS, p256, sizeof(p256)}};
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_DERIVE, yes)};
    CK_ATTRIBUTE wish[] = {{CKA_KEY_TYPE, &type, sizeof(type)},
                           {CKA_VALUE_LEN, &len, sizeof(len)},
                           ATTR_BOOL(CKA_SENSITIVE, no),
                           ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        OK(p11->C_GenerateKeyPair(session, &generate, of_public, 1, of_private, 1, &keys[i][0],
                                  &keys[i][1]));
        value_of(keys[i][0], CKA_EC_POINT, points[i], &point_len[i]);
    }
    for (size_t k = 0; k < KM_ARRAY_LEN(KDFS); k++) {
        CK_BYTE value[2][32] = {{0}};
        for (unsigned i = 0; i < 2; i++) {
            CK_ECDH1_DERIVE_PARAMS params = {KDFS[k], k == 0 ? 0 : 5, k == 0 ? NULL : message,
                                             point_len[1 - i], points[1 - i]};
            CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
            CK_OBJECT_HANDLE derived = 0;
            CK_ULONG value_len = 32;
            OK(p11->C_DeriveKey(session, &mechanism, keys[i][1], wish, 4, &derived));
            value_of(derived, CKA_VALUE, value[i], &value_len);
            assert_int_equal(value_len, 32);
        }
        assert_memory_equal(value[0], value[1], 32);
    }
}

static void hkdf(void **state)
{
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_DERIVE, yes)};
    CK_HKDF_PARAMS params = {CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_DATA, message, 8,
                             0,       message, 5};
    CK_MECHANISM mechanism = {CKM_HKDF_DERIVE, &params, sizeof(params)};
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG len = 16;
    CK_ATTRIBUTE wish[] = {{CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_VALUE_LEN, &len, sizeof(len)}};
    CK_OBJECT_HANDLE derived = 0;
    CK_BYTE value[16] = {0};
    CK_ATTRIBUTE secret = {CKA_VALUE, value, sizeof(value)};
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_GENERIC_SECRET_KEY_GEN, 32, more, 1);
    OK(p11->C_DeriveKey(session, &mechanism, key, wish, 2, &derived));
    assert_int_equal(p11->C_GetAttributeValue(session, derived, &secret, 1),
                     CKR_ATTRIBUTE_SENSITIVE);
    assert_int_equal(secret.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    params.bExpand =
        CK_FALSE; /* extraction gives all that the digest has, which is no AES-128 key */
    assert_int_equal(p11->C_DeriveKey(session, &mechanism, key, wish, 2, &derived),
                     CKR_TEMPLATE_INCONSISTENT);
    params.bExtract = CK_FALSE;
    assert_int_equal(p11->C_DeriveKey(session, &mechanism, key, wish, 2, &derived),
                     CKR_MECHANISM_PARAM_INVALID);
}

static void wrapping(void **state)
{
    CK_ATTRIBUTE of_wrapping[] = {ATTR_BOOL(CKA_WRAP, yes), ATTR_BOOL(CKA_UNWRAP, yes)};
    CK_ATTRIBUTE of_key[] = {ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE wish[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)}};
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE wrapped[512] = {0};
    CK_BYTE sealed[2][16] = {{0}};
    CK_ULONG len = sizeof(wrapped);
    CK_OBJECT_HANDLE again = 0;
    (void)state;
    CK_OBJECT_HANDLE by = secret_key(CKM_AES_KEY_GEN, 32, of_wrapping, 2);
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 16, of_key, 1);
    CK_OBJECT_HANDLE shut = secret_key(CKM_AES_KEY_GEN, 16, NULL, 0);
    assert_int_equal(p11->C_WrapKey(session, &mechanism, by, shut, wrapped, &len),
                     CKR_KEY_UNEXTRACTABLE);
    len = sizeof(wrapped);
    OK(p11->C_WrapKey(session, &mechanism, by, key, wrapped, &len));
    OK(p11->C_UnwrapKey(session, &mechanism, by, wrapped, len, wish, 2, &again));
    for (unsigned i = 0; i < 2; i++) {
        CK_ULONG n = 16;
        OK(p11->C_EncryptInit(session, &ecb, i == 0 ? key : again));
        OK(p11->C_Encrypt(session, message, 16, sealed[i], &n));
    }
    assert_memory_equal(sealed[0], sealed[1], 16);
    wrapped[3] ^= 1;
    assert_int_equal(p11->C_UnwrapKey(session, &mechanism, by, wrapped, len, wish, 2, &again),
                     CKR_WRAPPED_KEY_INVALID);
    assert_int_equal(p11->C_WrapKey(session, &mechanism, key, by, wrapped, &len),
                     CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* ---- objects ---- */

static void token_objects(void **state)
{
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BYTE id[] = {0xaa, 0xbb};
    CK_BYTE id2[] = {0xcc};
    char label[] = "kept key";
    CK_ATTRIBUTE of_public[] = {
        {CKA_EC_PARAMS, p256, sizeof(p256)}, ATTR_BOOL(CKA_TOKEN, yes), {CKA_ID, id, sizeof(id)}};
    CK_ATTRIBUTE of_private[] = {
        ATTR_BOOL(CKA_TOKEN, yes), {CKA_ID, id, sizeof(id)}, {CKA_LABEL, label, sizeof(label) - 1}};
    CK_ATTRIBUTE by_label = {CKA_LABEL, label, sizeof(label) - 1};
    CK_ATTRIBUTE by_id = {CKA_ID, id, sizeof(id)};
    CK_ATTRIBUTE other_id = {CKA_ID, id2, sizeof(id2)};
    CK_ATTRIBUTE fixed = ATTR_BOOL(CKA_SENSITIVE, no);
    CK_ATTRIBUTE unknown = {0x80001234, id, 1};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_OBJECT_HANDLE seen = 0;
    CK_MECHANISM sign = {CKM_ECDSA, NULL, 0};
    CK_BYTE signature[64] = {0};
    CK_ULONG len = 64;
    (void)state;
    OK(p11->C_GenerateKeyPair(session, &generate, of_public, 3, of_private, 3, &keys[0], &keys[1]));
    OK(p11->C_Finalize(NULL));
    OK(p11->C_Initialize(NULL));
    session = open_session();
    assert_int_equal(p11->C_SignInit(session, &sign, keys[1]), CKR_KEY_HANDLE_INVALID);
    assert_int_equal(found(&by_id, 1, NULL), 2);
    assert_int_equal(found(&by_label, 1, &seen), 1);
    OK(p11->C_SignInit(session, &sign, seen));
    OK(p11->C_Sign(session, message, 32, signature, &len));
    OK(p11->C_SetAttributeValue(session, seen, &other_id, 1));
    assert_int_equal(found(&other_id, 1, NULL), 1);
    assert_int_equal(p11->C_SetAttributeValue(session, seen, &fixed, 1), CKR_ATTRIBUTE_READ_ONLY);
    assert_int_equal(p11->C_GetAttributeValue(session, seen, &unknown, 1),
                     CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(unknown.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    CK_SESSION_HANDLE read_only = 0;
    OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &read_only));
    assert_int_equal(p11->C_DestroyObject(read_only, seen), CKR_SESSION_READ_ONLY);
    OK(p11->C_DestroyObject(session, seen));
    assert_int_equal(found(&by_id, 1, NULL), 0);
}

static void data_objects(void **state)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    char application[] = "a program";
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
                               {CKA_APPLICATION, application, 9},
                               {CKA_VALUE, message, message_len},
                               ATTR_BOOL(CKA_TOKEN, yes)};
    CK_BYTE value[128] = {0};
    CK_ULONG len = sizeof(value);
    CK_OBJECT_HANDLE object = 0;
    CK_OBJECT_HANDLE seen = 0;
    (void)state;
    OK(p11->C_CreateObject(session, template, 4, &object));
    assert_int_equal(found(template, 2, &seen), 1);
    assert_int_equal(seen, object);
    value_of(seen, CKA_VALUE, value, &len);
    assert_int_equal(len, message_len);
    assert_memory_equal(value, message, len);
    OK(p11->C_DestroyObject(session, seen));
    assert_int_equal(found(template, 2, NULL), 0);
}

/* ---- life and death ---- */

static void in_a_child(void **state)
{
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_MECHANISM sign = {CKM_ECDSA, NULL, 0};
    CK_BYTE signature[64] = {0};
    CK_ULONG len = 64;
    (void)state;
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &no, &keys[0], &keys[1]);
    OK(p11->C_SignInit(session, &sign, keys[1]));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        CK_BYTE random[8] = {0};
        bool good =
            p11->C_Sign(session, message, 32, signature, &len) == CKR_CRYPTOKI_NOT_INITIALIZED &&
            p11->C_Initialize(NULL) == CKR_OK &&
            p11->C_Sign(session, message, 32, signature, &len) == CKR_SESSION_HANDLE_INVALID;
        CK_SESSION_HANDLE own = 0;
        good = good && p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &own) == CKR_OK &&
               p11->C_GenerateRandom(own, random, 8) == CKR_OK && p11->C_Finalize(NULL) == CKR_OK;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    OK(p11->C_Sign(session, message, 32, signature, &len)); /* what was begun before goes on */
}

static void *sign_on(void *arg)
{
    CK_OBJECT_HANDLE key = *(CK_OBJECT_HANDLE *)arg;
    CK_SESSION_HANDLE own = 0;
    CK_MECHANISM sign = {CKM_ECDSA_SHA256, NULL, 0};
    if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK)
        return arg;
    for (unsigned i = 0; i < 200; i++) {
        CK_BYTE signature[64] = {0};
        CK_ULONG len = 64;
        if (p11->C_SignInit(own, &sign, key) != CKR_OK ||
            p11->C_Sign(own, message, message_len, signature, &len) != CKR_OK)
            return arg;
    }
    (void)p11->C_CloseSession(own);
    return NULL;
}

static void threads(void **state)
{
    pthread_t running[8] = {0};
    CK_OBJECT_HANDLE keys[2] = {0};
    (void)state;
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &yes, &keys[0], &keys[1]);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&running[i], NULL, sign_on, &keys[1]), 0);
    for (unsigned i = 0; i < 8; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(running[i], &failed), 0);
        assert_null(failed);
    }
    OK(p11->C_DestroyObject(session, keys[1]));
}

/* A child signs in four threads and ends: by exit, or after C_Finalize; no crash, no hang. */
static void ends_while_signing(void **state)
{
    CK_OBJECT_HANDLE keys[2] = {0};
    (void)state;
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &yes, &keys[0], &keys[1]);
    for (unsigned round = 0; round < 8; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            pthread_t running[4] = {0};
            CK_OBJECT_HANDLE key = 0;
            CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
            CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, ATTR_BOOL(CKA_LOCAL, yes)};
            OK(p11->C_Initialize(NULL));
            session = open_session();
            (void)found(wanted, 2, &key);
            for (unsigned i = 0; i < 4; i++) {
                (void)pthread_create(&running[i], NULL, sign_on, &key);
                (void)pthread_detach(running[i]);
            }
            (void)usleep(5000 * round);
            if (round % 2 == 0)
                (void)p11->C_Finalize(NULL);
            exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    OK(p11->C_DestroyObject(session, keys[1]));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialise),
        cmocka_unit_test(finalise_ends_the_wait),
        T(many_sessions),
        T(digests),
        T(ec_signatures),
        T(ed_signatures),
        T(rsa),
        T(macs),
        T(ciphers),
        T(message_aead),
        T(agreement),
        T(hkdf),
        T(wrapping),
        T(token_objects),
        T(data_objects),
        T(in_a_child),
        T(threads),
        T(ends_while_signing),
    };
    rig_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
