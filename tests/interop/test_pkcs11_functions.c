/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the PKCS#11 module that test_pkcs11.c has not: recovery, two at once, states, copies, PINs for each use, limits, events. */
#include <pthread.h>
#include <unistd.h>

#include "tests/interop/pkcs11_calls.h"

#define SO_PIN "12345678"
#define USER_PIN "user-pin"

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;

static void rsa_pair(CK_SESSION_HANDLE with, CK_ATTRIBUTE *of_private, CK_ULONG n,
                     CK_OBJECT_HANDLE keys[2])
{
    CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_MODULUS_BITS, bits)};
    OK(p11->C_GenerateKeyPair(with, &generate, of_public, 1, of_private, n, &keys[0], &keys[1]));
}

/* ---- recovery ---- */

static void recovery(void **state)
{
    static const CK_MECHANISM_TYPE TYPES[] = {CKM_RSA_PKCS, CKM_RSA_X_509};
    CK_ATTRIBUTE recovers[] = {ATTR_BOOL(CKA_SIGN_RECOVER, yes)};
    CK_ATTRIBUTE signs[] = {ATTR_BOOL(CKA_SIGN, yes)};
    CK_MECHANISM hashed = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_OBJECT_HANDLE others[2] = {0};
    CK_BYTE signature[256] = {0};
    CK_BYTE data[256] = {0};
    (void)state;
    rsa_pair(session, recovers, 1, keys);
    rsa_pair(session, signs, 1, others);
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        CK_MECHANISM mechanism = {TYPES[i], NULL, 0};
        CK_ULONG len = 0;
        CK_ULONG n = 3;
        CK_ULONG expected = i == 0 ? 20 : 256;
        OK(p11->C_SignRecoverInit(session, &mechanism, keys[1]));
        OK(p11->C_SignRecover(session, message, 20, NULL, &len));
        assert_int_equal(len, 256);
        OK(p11->C_SignRecover(session, message, 20, signature, &len));
        OK(p11->C_VerifyRecoverInit(session, &mechanism, keys[0]));
        assert_int_equal(p11->C_VerifyRecover(session, signature, len, data, &n),
                         CKR_BUFFER_TOO_SMALL);
        assert_int_equal(n, expected);
        n = sizeof(data);
        OK(p11->C_VerifyRecover(session, signature, len, data, &n));
        assert_int_equal(n, expected);
        assert_memory_equal(data + (n - 20), message, 20);
        assert_int_equal(p11->C_VerifyRecover(session, signature, len, data, &n),
                         CKR_OPERATION_NOT_INITIALIZED);
        OK(p11->C_VerifyRecoverInit(session, &mechanism, keys[0]));
        assert_int_equal(p11->C_VerifyRecover(session, signature, len - 1, data, &n),
                         CKR_SIGNATURE_LEN_RANGE);
        assert_int_equal(p11->C_SignRecoverInit(session, &mechanism, others[1]),
                         CKR_KEY_FUNCTION_NOT_PERMITTED);
    }
    CK_MECHANISM padded = {CKM_RSA_PKCS, NULL, 0};
    CK_ULONG n = sizeof(data);
    signature[9] ^= 1;
    OK(p11->C_VerifyRecoverInit(session, &padded, keys[0]));
    assert_int_equal(p11->C_VerifyRecover(session, signature, 256, data, &n),
                     CKR_SIGNATURE_INVALID);
    assert_int_equal(p11->C_SignRecoverInit(session, &hashed, keys[1]), CKR_MECHANISM_INVALID);
    OK(p11->C_SignRecoverInit(session, &padded, keys[1]));
    assert_int_equal(p11->C_SignRecover(session, message, 54, signature, NULL), CKR_ARGUMENTS_BAD);
    OK(p11->C_SignRecoverInit(session, &padded, keys[1]));
    OK(p11->C_SessionCancel(session, CKF_SIGN_RECOVER));
    assert_int_equal(p11->C_SignRecover(session, message, 20, signature, &n),
                     CKR_OPERATION_NOT_INITIALIZED);
}

/* ---- two at once ---- */

static void digest_and_cipher(void **state)
{
    CK_BYTE iv[16] = {5};
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM ofb = {CKM_AES_OFB, iv, 16};
    CK_BYTE sealed[64] = {0};
    CK_BYTE opened[64] = {0};
    CK_BYTE digests[3][32] = {{0}};
    CK_ULONG len = 0;
    CK_ULONG n = 32;
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 16, NULL, 0);
    OK(p11->C_DigestInit(session, &sha));
    OK(p11->C_Digest(session, message, message_len, digests[0], &n));
    OK(p11->C_DigestInit(session, &sha));
    assert_int_equal(p11->C_DigestEncryptUpdate(session, message, 10, sealed, &len),
                     CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_EncryptInit(session, &ofb, key));
    OK(p11->C_DigestEncryptUpdate(session, message, 10, NULL, &len)); /* asked, not done */
    len = 9;
    assert_int_equal(p11->C_DigestEncryptUpdate(session, message, 10, sealed, &len),
                     CKR_BUFFER_TOO_SMALL);
    len = 10;
    OK(p11->C_DigestEncryptUpdate(session, message, 10, sealed, &len));
    len = sizeof(sealed) - 10;
    OK(p11->C_DigestEncryptUpdate(session, message + 10, message_len - 10, sealed + 10, &len));
    n = 32;
    OK(p11->C_DigestFinal(session, digests[1], &n));
    len = 0;
    OK(p11->C_EncryptFinal(session, sealed + message_len, &len));
    OK(p11->C_DigestInit(session, &sha));
    OK(p11->C_DecryptInit(session, &ofb, key));
    len = sizeof(opened);
    OK(p11->C_DecryptDigestUpdate(session, sealed, message_len, opened, &len));
    assert_memory_equal(opened, message, message_len);
    n = 32;
    OK(p11->C_DigestFinal(session, digests[2], &n));
    assert_memory_equal(digests[0], digests[1], 32);
    assert_memory_equal(digests[0], digests[2], 32);
}

static void signature_and_cipher(void **state)
{
    CK_BYTE iv[16] = {6};
    CK_MECHANISM sign = {CKM_ECDSA_SHA256, NULL, 0};
    CK_MECHANISM ofb = {CKM_AES_OFB, iv, 16};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_BYTE sealed[64] = {0};
    CK_BYTE opened[64] = {0};
    CK_BYTE signature[64] = {0};
    CK_ULONG len = sizeof(sealed);
    CK_ULONG n = 64;
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 16, NULL, 0);
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &no, &keys[0], &keys[1]);
    OK(p11->C_SignInit(session, &sign, keys[1]));
    OK(p11->C_EncryptInit(session, &ofb, key));
    assert_int_equal(p11->C_SignEncryptUpdate(session, NULL, 4, sealed, &len), CKR_ARGUMENTS_BAD);
    OK(p11->C_SignEncryptUpdate(session, message, message_len, sealed, &len));
    OK(p11->C_SignFinal(session, signature, &n));
    len = 0;
    OK(p11->C_EncryptFinal(session, sealed + message_len, &len));
    for (unsigned round = 0; round < 2; round++) {
        OK(p11->C_VerifyInit(session, &sign, keys[0]));
        OK(p11->C_DecryptInit(session, &ofb, key));
        len = sizeof(opened);
        OK(p11->C_DecryptVerifyUpdate(session, sealed, message_len, opened, &len));
        assert_int_equal(p11->C_VerifyFinal(session, signature, 64),
                         round == 0 ? CKR_OK : CKR_SIGNATURE_INVALID);
        OK(p11->C_SessionCancel(session, CKF_DECRYPT));
        sealed[4] ^= 1;
    }
}

/* ---- states ---- */

static void states(void **state)
{
    static CK_BYTE much[70000];
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE saved[128] = {0};
    CK_BYTE digests[2][32] = {{0}};
    CK_ULONG len = 0;
    CK_ULONG n = 32;
    (void)state;
    assert_int_equal(p11->C_GetOperationState(session, NULL, &len), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_DigestInit(session, &sha));
    OK(p11->C_DigestUpdate(session, message, 20));
    OK(p11->C_GetOperationState(session, NULL, &len));
    assert_true(len <= sizeof(saved));
    OK(p11->C_GetOperationState(session, saved, &len));
    OK(p11->C_DigestUpdate(session, message + 20, message_len - 20));
    OK(p11->C_DigestFinal(session, digests[0], &n));
    /* Taken up twice, by another session as well. */
    CK_SESSION_HANDLE other = open_session();
    OK(p11->C_SetOperationState(other, saved, len, 0, 0));
    OK(p11->C_DigestUpdate(other, message + 20, message_len - 20));
    OK(p11->C_DigestFinal(other, digests[1], &n));
    assert_memory_equal(digests[0], digests[1], 32);
    for (CK_ULONG cut = 0; cut < len; cut++)
        assert_int_equal(p11->C_SetOperationState(other, saved, cut, 0, 0),
                         CKR_SAVED_STATE_INVALID);
    assert_int_equal(p11->C_SetOperationState(other, saved, len, 1, 0), CKR_KEY_NOT_NEEDED);
    saved[4] ^= 0xff; /* the mechanism */
    assert_int_equal(p11->C_SetOperationState(other, saved, len, 0, 0), CKR_SAVED_STATE_INVALID);
    /* More than is kept, and what the service has under way. */
    OK(p11->C_DigestInit(session, &sha));
    OK(p11->C_DigestUpdate(session, much, sizeof(much)));
    assert_int_equal(p11->C_GetOperationState(session, NULL, &len), CKR_STATE_UNSAVEABLE);
    OK(p11->C_DigestFinal(session, digests[0], &n));
    OK(p11->C_DigestInit(session, &sha));
    OK(p11->C_DigestUpdate(session, much, 100));
    OK(p11->C_DigestUpdate(session, much + 100, sizeof(much) - 100));
    OK(p11->C_DigestFinal(session, digests[1], &n));
    assert_memory_equal(digests[0], digests[1], 32);
    OK(p11->C_EncryptInit(session, &ecb, secret_key(CKM_AES_KEY_GEN, 16, NULL, 0)));
    assert_int_equal(p11->C_GetOperationState(session, NULL, &len), CKR_STATE_UNSAVEABLE);
}

static void digested_keys(void **state)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_ATTRIBUTE readable[] = {ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_BYTE value[32] = {0};
    CK_BYTE digests[2][32] = {{0}};
    CK_ULONG len = 32;
    CK_ULONG n = 32;
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 32, readable, 2);
    assert_int_equal(p11->C_DigestKey(session, key), CKR_OPERATION_NOT_INITIALIZED);
    value_of(key, CKA_VALUE, value, &len);
    OK(p11->C_DigestInit(session, &sha));
    OK(p11->C_Digest(session, value, 32, digests[0], &n));
    OK(p11->C_DigestInit(session, &sha));
    assert_int_equal(p11->C_DigestKey(session, secret_key(CKM_AES_KEY_GEN, 32, NULL, 0)),
                     CKR_KEY_INDIGESTIBLE);
    assert_int_equal(p11->C_DigestKey(session, 4711), CKR_KEY_HANDLE_INVALID);
    OK(p11->C_DigestKey(session, key));
    /* A state would tell the key. */
    assert_int_equal(p11->C_GetOperationState(session, NULL, &len), CKR_STATE_UNSAVEABLE);
    OK(p11->C_DigestFinal(session, digests[1], &n));
    assert_memory_equal(digests[0], digests[1], 32);
}

/* What is drawn after a seed is not of the seed alone. */
static void seeds(void **state)
{
    static CK_BYTE large[10000] = {7};
    CK_BYTE drawn[2][32] = {{0}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        OK(p11->C_SeedRandom(session, message, 8));
        OK(p11->C_GenerateRandom(session, drawn[i], 32));
    }
    assert_memory_not_equal(drawn[0], drawn[1], 32);
    OK(p11->C_SeedRandom(session, large, sizeof(large)));
    OK(p11->C_SeedRandom(session, large, 0));
    assert_int_equal(p11->C_SeedRandom(session, NULL, 8), CKR_ARGUMENTS_BAD);
    assert_int_equal(p11->C_SeedRandom(session, NULL, 0), CKR_ARGUMENTS_BAD);
    assert_int_equal(p11->C_SeedRandom(session + 1000, large, 8), CKR_SESSION_HANDLE_INVALID);
}

/* A key of a size that is not taken is a wrong value of its template: there is no mechanism in C_CreateObject. */
static void sizes_refused(void **state)
{
    CK_BYTE modulus[128] = {[0] = 0xc3, [127] = 0x17};
    CK_BYTE exponent[] = {1, 0, 1};
    CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE rsa = CKK_RSA;
    CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_CLASS, public_class), ATTR(CKA_KEY_TYPE, rsa),
                                ATTR(CKA_MODULUS, modulus), ATTR(CKA_PUBLIC_EXPONENT, exponent)};
    CK_ATTRIBUTE of_mac[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, generic),
                             ATTR(CKA_VALUE, exponent), ATTR_BOOL(CKA_SIGN, yes)};
    CK_OBJECT_HANDLE key = 0;
    (void)state;
    assert_int_equal(p11->C_CreateObject(session, of_public, KM_ARRAY_LEN(of_public), &key),
                     CKR_ATTRIBUTE_VALUE_INVALID);
    assert_int_equal(p11->C_CreateObject(session, of_mac, KM_ARRAY_LEN(of_mac), &key),
                     CKR_ATTRIBUTE_VALUE_INVALID);
}

/* ---- copies ---- */

static void copies(void **state)
{
    char label[] = "the copy";
    CK_ATTRIBUTE wish[] = {
        ATTR_BOOL(CKA_TOKEN, yes), {CKA_LABEL, label, 8}, ATTR_BOOL(CKA_DECRYPT, no)};
    CK_ATTRIBUTE shut = ATTR_BOOL(CKA_EXTRACTABLE, no);
    CK_ATTRIBUTE opened = ATTR_BOOL(CKA_SENSITIVE, no);
    CK_ATTRIBUTE fixed = {CKA_VALUE, label, 8};
    CK_ATTRIBUTE closed[] = {ATTR_BOOL(CKA_COPYABLE, no)};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE sealed[2][16] = {{0}};
    CK_OBJECT_HANDLE copy = 0;
    CK_OBJECT_HANDLE seen = 0;
    CK_OBJECT_HANDLE never = 0;
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_AES_KEY_GEN, 32, NULL, 0);
    OK(p11->C_CopyObject(session, key, wish, 3, &copy));
    assert_int_equal(found(wish, 2, &seen), 1);
    assert_int_equal(seen, copy);
    for (unsigned i = 0; i < 2; i++) {
        CK_ULONG n = 16;
        OK(p11->C_EncryptInit(session, &ecb, i == 0 ? key : copy));
        OK(p11->C_Encrypt(session, message, 16, sealed[i], &n));
    }
    assert_memory_equal(sealed[0], sealed[1], 16);
    OK(p11->C_DecryptInit(session, &ecb, key));
    OK(p11->C_SessionCancel(session, CKF_DECRYPT));
    assert_int_equal(p11->C_DecryptInit(session, &ecb, copy), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_int_equal(p11->C_CopyObject(session, key, &opened, 1, &never), CKR_ATTRIBUTE_READ_ONLY);
    assert_int_equal(p11->C_CopyObject(session, key, &fixed, 1, &never), CKR_ATTRIBUTE_READ_ONLY);
    OK(p11->C_CopyObject(session, key, &shut, 1, &never));
    assert_int_equal(
        p11->C_CopyObject(session, secret_key(CKM_AES_KEY_GEN, 16, closed, 1), NULL, 0, &never),
        CKR_ACTION_PROHIBITED);
    /* Each lives without the other. */
    OK(p11->C_DestroyObject(session, key));
    CK_ULONG n = 16;
    OK(p11->C_EncryptInit(session, &ecb, copy));
    OK(p11->C_Encrypt(session, message, 16, sealed[1], &n));
    OK(p11->C_DestroyObject(session, copy));
    assert_int_equal(found(wish, 2, NULL), 0);
}

static void copied_pairs(void **state)
{
    CK_ATTRIBUTE wish[] = {ATTR_BOOL(CKA_TOKEN, yes)};
    CK_MECHANISM sign = {CKM_ECDSA, NULL, 0};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_OBJECT_HANDLE copied[2] = {0};
    (void)state;
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &no, &keys[0], &keys[1]);
    OK(p11->C_CopyObject(session, keys[0], wish, 1, &copied[0]));
    OK(p11->C_CopyObject(session, keys[1], wish, 1, &copied[1]));
    sign_and_verify(&sign, copied[1], copied[0]);
    sign_and_verify(&sign, copied[1], keys[0]);
    OK(p11->C_DestroyObject(session, copied[0]));
    OK(p11->C_DestroyObject(session, copied[1]));
}

/* ---- limits that templates set ---- */

static void allowed_mechanisms(void **state)
{
    CK_MECHANISM_TYPE allowed[] = {CKM_SHA256_HMAC, CKM_SHA512_HMAC};
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_SIGN, yes), ATTR_BOOL(CKA_VERIFY, yes),
                           ATTR(CKA_ALLOWED_MECHANISMS, allowed)};
    CK_ATTRIBUTE odd[] = {{CKA_ALLOWED_MECHANISMS, allowed, 7}};
    CK_MECHANISM good = {CKM_SHA256_HMAC, NULL, 0};
    CK_MECHANISM bad = {CKM_SHA384_HMAC, NULL, 0};
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE wider = {CKA_ALLOWED_MECHANISMS, NULL, 0};
    CK_OBJECT_HANDLE never = 0;
    (void)state;
    CK_OBJECT_HANDLE key = secret_key(CKM_GENERIC_SECRET_KEY_GEN, 32, more, 3);
    sign_and_verify(&good, key, key);
    assert_int_equal(p11->C_SignInit(session, &bad, key), CKR_MECHANISM_INVALID);
    assert_int_equal(p11->C_SetAttributeValue(session, key, &wider, 1), CKR_ATTRIBUTE_READ_ONLY);
    assert_int_equal(p11->C_GenerateKey(session, &generate, odd, 1, &never),
                     CKR_ATTRIBUTE_VALUE_INVALID);
}

static void check_values(void **state)
{
    static CK_BYTE value[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6};
    static CK_BYTE right[] = {0x08, 0xbd, 0x28};
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE template[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type),
                               ATTR(CKA_VALUE, value), ATTR(CKA_CHECK_VALUE, right)};
    CK_OBJECT_HANDLE key = 0;
    CK_BYTE seen[3] = {0};
    CK_ULONG len = 3;
    (void)state;
    OK(p11->C_CreateObject(session, template, 3, &key));
    value_of(key, CKA_CHECK_VALUE, seen, &len);
    assert_memory_equal(seen, right, 3);
    OK(p11->C_CreateObject(session, template, 4, &key));
    template[3].ulValueLen = 0; /* none is wished */
    OK(p11->C_CreateObject(session, template, 4, &key));
    len = 3;
    value_of(key, CKA_CHECK_VALUE, seen, &len);
    assert_int_equal(len, 0);
    template[3].ulValueLen = 3;
    right[1] ^= 1;
    assert_int_equal(p11->C_CreateObject(session, template, 4, &key), CKR_ATTRIBUTE_VALUE_INVALID);
    right[1] ^= 1;
}

static void demanded_templates(void **state)
{
    CK_KEY_TYPE aes = CKK_AES;
    CK_ATTRIBUTE inner[] = {ATTR(CKA_KEY_TYPE, aes), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_WRAP, yes), ATTR_BOOL(CKA_UNWRAP, yes),
                           ATTR(CKA_WRAP_TEMPLATE, inner)};
    CK_ATTRIBUTE readable[] = {ATTR_BOOL(CKA_EXTRACTABLE, yes), ATTR_BOOL(CKA_SENSITIVE, no)};
    CK_ATTRIBUTE nested = ATTR(CKA_WRAP_TEMPLATE, more);
    CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_BYTE wrapped[128] = {0};
    CK_ULONG n = sizeof(wrapped);
    CK_ULONG len = 32;
    CK_ATTRIBUTE wrong[] = {ATTR(CKA_VALUE_LEN, len), nested};
    CK_OBJECT_HANDLE never = 0;
    CK_ATTRIBUTE array = {CKA_WRAP_TEMPLATE, NULL, 0};
    CK_ATTRIBUTE got[2] = {{0}};
    CK_KEY_TYPE got_type = 0;
    CK_BBOOL got_bool = CK_FALSE;
    (void)state;
    CK_OBJECT_HANDLE by = secret_key(CKM_AES_KEY_GEN, 32, more, 3);
    OK(p11->C_WrapKey(session, &kwp, by, secret_key(CKM_AES_KEY_GEN, 16, readable, 2), wrapped,
                      &n));
    n = sizeof(wrapped);
    assert_int_equal(p11->C_WrapKey(session, &kwp, by,
                                    secret_key(CKM_GENERIC_SECRET_KEY_GEN, 16, readable, 2),
                                    wrapped, &n),
                     CKR_KEY_NOT_WRAPPABLE);
    OK(p11->C_GetAttributeValue(session, by, &array, 1));
    assert_int_equal(array.ulValueLen, sizeof(got));
    array.pValue = got;
    OK(p11->C_GetAttributeValue(session, by, &array, 1));
    assert_int_equal(got[0].type, CKA_KEY_TYPE);
    assert_int_equal(got[0].ulValueLen, sizeof(got_type));
    got[0].pValue = &got_type;
    got[1].pValue = &got_bool;
    OK(p11->C_GetAttributeValue(session, by, &array, 1));
    assert_int_equal(got_type, CKK_AES);
    assert_int_equal(got_bool, CK_TRUE);
    got[0].ulValueLen = 1;
    assert_int_equal(p11->C_GetAttributeValue(session, by, &array, 1), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(p11->C_GenerateKey(session, &generate, wrong, 2, &never),
                     CKR_ATTRIBUTE_VALUE_INVALID);
}

static void derive_template(void **state)
{
    CK_ATTRIBUTE inner[] = {ATTR_BOOL(CKA_SENSITIVE, yes)};
    CK_ATTRIBUTE more[] = {ATTR_BOOL(CKA_DERIVE, yes), ATTR(CKA_DERIVE_TEMPLATE, inner),
                           ATTR_BOOL(CKA_SENSITIVE, no), ATTR_BOOL(CKA_EXTRACTABLE, yes)};
    CK_ATTRIBUTE wish[] = {ATTR_BOOL(CKA_EXTRACTABLE, yes), ATTR_BOOL(CKA_SENSITIVE, no)};
    CK_MECHANISM sha = {CKM_SHA256_KEY_DERIVATION, NULL, 0};
    CK_OBJECT_HANDLE derived = 0;
    CK_BBOOL is = CK_FALSE;
    CK_ULONG len = 1;
    (void)state;
    CK_OBJECT_HANDLE base = secret_key(CKM_GENERIC_SECRET_KEY_GEN, 32, more, 4);
    assert_int_equal(p11->C_DeriveKey(session, &sha, base, wish, 2, &derived),
                     CKR_TEMPLATE_INCONSISTENT);
    OK(p11->C_DeriveKey(session, &sha, base, wish, 1, &derived));
    value_of(derived, CKA_SENSITIVE, &is, &len);
    assert_int_equal(is, CK_TRUE);
}

/* ---- tokens: a PIN for each use, handles that end with the login ---- */

static CK_SLOT_ID make_token(void)
{
    CK_SLOT_ID slots[64] = {0};
    CK_ULONG n = KM_ARRAY_LEN(slots);
    CK_BYTE label[32] = "functions                       ";
    CK_SESSION_HANDLE so = 0;
    OK(p11->C_GetSlotList(CK_TRUE, slots, &n));
    CK_SLOT_ID slot = slots[n - 1];
    OK(p11->C_InitToken(slot, (CK_UTF8CHAR_PTR)SO_PIN, strlen(SO_PIN), label));
    OK(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &so));
    OK(p11->C_Login(so, CKU_SO, (CK_UTF8CHAR_PTR)SO_PIN, strlen(SO_PIN)));
    OK(p11->C_InitPIN(so, (CK_UTF8CHAR_PTR)USER_PIN, strlen(USER_PIN)));
    OK(p11->C_CloseSession(so));
    return slot;
}

static CK_RV login(CK_SESSION_HANDLE with, CK_USER_TYPE user, const char *pin)
{
    return p11->C_Login(with, user, (CK_UTF8CHAR_PTR)(uintptr_t)pin, strlen(pin));
}

static void a_pin_for_each_use(void **state)
{
    CK_ATTRIBUTE of_private[] = {ATTR_BOOL(CKA_SIGN, yes), ATTR_BOOL(CKA_PRIVATE, yes),
                                 ATTR_BOOL(CKA_ALWAYS_AUTHENTICATE, yes)};
    CK_MECHANISM sign = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE keys[2] = {0};
    CK_SESSION_HANDLE with = 0;
    CK_BYTE signature[256] = {0};
    CK_ULONG len = sizeof(signature);
    CK_SLOT_ID slot = 0;
    (void)state;
    slot = make_token();
    OK(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &with));
    OK(login(with, CKU_USER, USER_PIN));
    rsa_pair(with, of_private, 3, keys);
    assert_int_equal(login(with, CKU_CONTEXT_SPECIFIC, USER_PIN), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_SignInit(with, &sign, keys[1]));
    assert_int_equal(p11->C_Sign(with, message, 10, signature, &len), CKR_USER_NOT_LOGGED_IN);
    assert_int_equal(p11->C_Sign(with, message, 10, signature, &len),
                     CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_SignInit(with, &sign, keys[1]));
    assert_int_equal(login(with, CKU_CONTEXT_SPECIFIC, "wrong"), CKR_PIN_INCORRECT);
    assert_int_equal(p11->C_SignUpdate(with, message, 10), CKR_USER_NOT_LOGGED_IN);
    OK(p11->C_SignInit(with, &sign, keys[1]));
    OK(login(with, CKU_CONTEXT_SPECIFIC, USER_PIN));
    OK(p11->C_Sign(with, message, 10, signature, &len));
    assert_int_equal(p11->C_MessageSignInit(with, &sign, keys[1]), CKR_KEY_FUNCTION_NOT_PERMITTED);
    of_private[1].pValue = &no;
    CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE of_public[] = {ATTR(CKA_MODULUS_BITS, bits)};
    assert_int_equal(
        p11->C_GenerateKeyPair(with, &generate, of_public, 1, of_private, 3, &keys[0], &keys[1]),
        CKR_TEMPLATE_INCONSISTENT);
}

static void handles_end_with_the_login(void **state)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_ATTRIBUTE hidden[] = {ATTR(CKA_CLASS, class), ATTR_BOOL(CKA_TOKEN, yes),
                             ATTR_BOOL(CKA_PRIVATE, yes)};
    CK_ATTRIBUTE shown[] = {ATTR(CKA_CLASS, class), ATTR_BOOL(CKA_TOKEN, yes),
                            ATTR_BOOL(CKA_PRIVATE, no)};
    CK_OBJECT_HANDLE objects[2] = {0};
    CK_SESSION_HANDLE with = 0;
    CK_ATTRIBUTE asked = {CKA_CLASS, NULL, 0};
    CK_SLOT_ID slot = 0;
    (void)state;
    slot = make_token();
    OK(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &with));
    /* Public objects need no login, private ones do. */
    OK(p11->C_CreateObject(with, shown, 3, &objects[0]));
    assert_int_equal(p11->C_CreateObject(with, hidden, 3, &objects[1]), CKR_USER_NOT_LOGGED_IN);
    OK(login(with, CKU_USER, USER_PIN));
    OK(p11->C_CreateObject(with, hidden, 3, &objects[1]));
    OK(p11->C_Logout(with));
    OK(login(with, CKU_USER, USER_PIN));
    OK(p11->C_GetAttributeValue(with, objects[0], &asked, 1));
    assert_int_equal(p11->C_GetAttributeValue(with, objects[1], &asked, 1),
                     CKR_OBJECT_HANDLE_INVALID);
    OK(p11->C_FindObjectsInit(with, hidden, 3));
    CK_ULONG n = 0;
    OK(p11->C_FindObjects(with, objects, 2, &n));
    OK(p11->C_FindObjectsFinal(with));
    assert_int_equal(n, 1);
}

/* ---- events, and the host's locks ---- */

static void *wait_for_slot(void *arg)
{
    CK_RV *rv = arg;
    CK_SLOT_ID slot = 0;
    *rv = p11->C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

static void events(void **state)
{
    pthread_t thread = 0;
    CK_RV rv = CKR_GENERAL_ERROR;
    CK_SLOT_ID slot = 0;
    (void)state;
    assert_int_equal(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_int_equal(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
    CK_SLOT_ID made = make_token();
    OK(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
    assert_int_equal(slot, made);
    assert_int_equal(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_slot, &rv), 0);
    (void)make_token(); /* before the wait begins or after: it is told either way */
    assert_int_equal(pthread_join(thread, NULL), 0);
    OK(rv);
}

static unsigned created, destroyed, depth, deepest, locked;

static CK_RV create_mutex(CK_VOID_PTR_PTR mutex)
{
    created++;
    *mutex = &created;
    return CKR_OK;
}

static CK_RV destroy_mutex(CK_VOID_PTR mutex)
{
    assert_ptr_equal(mutex, &created);
    destroyed++;
    return CKR_OK;
}

static CK_RV lock_mutex(CK_VOID_PTR mutex)
{
    assert_ptr_equal(mutex, &created);
    locked++;
    depth++;
    deepest = depth > deepest ? depth : deepest;
    return CKR_OK;
}

static CK_RV unlock_mutex(CK_VOID_PTR mutex)
{
    assert_ptr_equal(mutex, &created);
    depth--;
    return CKR_OK;
}

static CK_RV no_mutex(CK_VOID_PTR_PTR mutex)
{
    (void)mutex;
    return CKR_HOST_MEMORY;
}

static void locks_of_the_host(void **state)
{
    struct {
        CK_CREATEMUTEX create;
        CK_DESTROYMUTEX destroy;
        CK_LOCKMUTEX lock;
        CK_UNLOCKMUTEX unlock;
        CK_FLAGS flags;
        void *reserved;
    } args = {create_mutex, destroy_mutex, lock_mutex, unlock_mutex, 0, NULL};
    CK_OBJECT_HANDLE keys[2] = {0};
    (void)state;
    OK(p11->C_Initialize(&args));
    session = open_session();
    pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &no, &keys[0], &keys[1]);
    (void)found(NULL, 0, NULL);
    OK(p11->C_Finalize(NULL));
    assert_int_equal(created, 1);
    assert_int_equal(destroyed, 1);
    assert_int_equal(depth, 0);
    assert_int_equal(deepest, 1);
    assert_true(locked > 0);
    /* Who allows the system's is not asked. */
    args.flags = CKF_OS_LOCKING_OK;
    OK(p11->C_Initialize(&args));
    OK(p11->C_Finalize(NULL));
    assert_int_equal(created, 1);
    args.flags = 0;
    args.create = no_mutex;
    assert_int_equal(p11->C_Initialize(&args), CKR_HOST_MEMORY);
    args.unlock = NULL;
    assert_int_equal(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        T(recovery),
        T(digest_and_cipher),
        T(signature_and_cipher),
        T(states),
        T(digested_keys),
        T(seeds),
        T(sizes_refused),
        T(copies),
        T(copied_pairs),
        T(allowed_mechanisms),
        T(check_values),
        T(demanded_templates),
        T(derive_template),
        T(a_pin_for_each_use),
        T(handles_end_with_the_login),
        T(events),
        cmocka_unit_test(locks_of_the_host),
    };
    rig_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
