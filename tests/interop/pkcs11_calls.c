/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/pkcs11_calls.h"

#include <dlfcn.h>

#include "tests/interop/pkcs11_rig.h"

CK_FUNCTION_LIST_3_0 *p11;
CK_SESSION_HANDLE session;
CK_BBOOL yes = CK_TRUE;
CK_BBOOL no = CK_FALSE;
CK_BYTE message[] = MESSAGE;
const CK_ULONG message_len = sizeof(MESSAGE) - 1;
CK_BYTE p256[10] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
CK_BYTE ed25519[14] = {0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};

void rig_load(void)
{
    CK_RV (*get)(CK_UTF8CHAR_PTR, CK_VERSION_PTR, CK_INTERFACE_PTR_PTR, CK_FLAGS) = NULL;
    CK_INTERFACE *interface = NULL;
    CK_VERSION version = {3, 0};
    struct km_rig rig = {0};
    assert_true(km_rig_load(getenv("KM_TEST_MODULE"), &rig));
    *(void **)(&get) = dlsym(rig.library, "C_GetInterface");
    assert_non_null(get);
    OK(get((CK_UTF8CHAR_PTR) "PKCS 11", &version, &interface, 0));
    p11 = interface->pFunctionList;
}

CK_SESSION_HANDLE open_session(void)
{
    CK_SESSION_HANDLE opened = 0;
    OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &opened));
    return opened;
}

int rig_set_up(void **state)
{
    (void)state;
    OK(p11->C_Initialize(NULL));
    session = open_session();
    return 0;
}

int rig_tear_down(void **state)
{
    (void)state;
    OK(p11->C_Finalize(NULL));
    return 0;
}

void pair(CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG params_len, CK_BBOOL *token,
          CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ATTRIBUTE of_public[] = {{CKA_EC_PARAMS, params, params_len}, {CKA_TOKEN, token, 1}};
    CK_ATTRIBUTE of_private[] = {{CKA_TOKEN, token, 1}, ATTR_BOOL(CKA_SIGN, yes)};
    OK(p11->C_GenerateKeyPair(session, &mechanism, of_public, 2, of_private, 2, ret_public,
                              ret_private));
}

CK_OBJECT_HANDLE secret_key(CK_MECHANISM_TYPE type, CK_ULONG len, CK_ATTRIBUTE *more,
                            CK_ULONG n_more)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ATTRIBUTE template[8] = {{CKA_VALUE_LEN, &len, sizeof(len)}};
    CK_OBJECT_HANDLE key = 0;
    for (CK_ULONG i = 0; i < n_more; i++)
        template[i + 1] = more[i];
    OK(p11->C_GenerateKey(session, &mechanism, template, n_more + 1, &key));
    return key;
}

void sign_and_verify(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE private_key,
                     CK_OBJECT_HANDLE public_key)
{
    CK_BYTE signature[512] = {0};
    CK_ULONG len = 0;
    OK(p11->C_SignInit(session, mechanism, private_key));
    OK(p11->C_Sign(session, message, message_len, NULL, &len));
    OK(p11->C_Sign(session, message, message_len, signature, &len));
    OK(p11->C_VerifyInit(session, mechanism, public_key));
    OK(p11->C_Verify(session, message, message_len, signature, len));
    signature[len / 2] ^= 1;
    OK(p11->C_VerifyInit(session, mechanism, public_key));
    assert_int_equal(p11->C_Verify(session, message, message_len, signature, len),
                     CKR_SIGNATURE_INVALID);
    OK(p11->C_VerifyInit(session, mechanism, public_key));
    assert_int_equal(p11->C_Verify(session, message, message_len, signature, len - 1),
                     CKR_SIGNATURE_LEN_RANGE);
    OK(p11->C_SignInit(session, mechanism, private_key));
    OK(p11->C_SignUpdate(session, message, 5));
    OK(p11->C_SignUpdate(session, message + 5, message_len - 5));
    len = sizeof(signature);
    OK(p11->C_SignFinal(session, signature, &len));
    OK(p11->C_VerifyInit(session, mechanism, public_key));
    OK(p11->C_VerifyUpdate(session, message, message_len));
    OK(p11->C_VerifyFinal(session, signature, len));
}

void round_trip(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG len, CK_ULONG expected)
{
    CK_BYTE sealed[128] = {0};
    CK_BYTE parts[128] = {0};
    CK_BYTE opened[128] = {0};
    CK_ULONG sealed_len = sizeof(sealed);
    CK_ULONG at = 0;
    CK_ULONG n = sizeof(parts);
    OK(p11->C_EncryptInit(session, mechanism, key));
    OK(p11->C_Encrypt(session, message, len, sealed, &sealed_len));
    assert_int_equal(sealed_len, expected);
    OK(p11->C_EncryptInit(session, mechanism, key));
    OK(p11->C_EncryptUpdate(session, message, 7, parts, &n));
    at = n;
    n = sizeof(parts) - at;
    OK(p11->C_EncryptUpdate(session, message + 7, len - 7, parts + at, &n));
    at += n;
    n = sizeof(parts) - at;
    OK(p11->C_EncryptFinal(session, parts + at, &n));
    assert_int_equal(at + n, sealed_len);
    assert_memory_equal(parts, sealed, sealed_len);
    n = sizeof(opened);
    OK(p11->C_DecryptInit(session, mechanism, key));
    OK(p11->C_Decrypt(session, sealed, sealed_len, opened, &n));
    assert_int_equal(n, len);
    assert_memory_equal(opened, message, len);
}

void value_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BYTE *out, CK_ULONG *len)
{
    CK_ATTRIBUTE wanted = {type, out, *len};
    OK(p11->C_GetAttributeValue(session, object, &wanted, 1));
    *len = wanted.ulValueLen;
}

CK_ULONG found(CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *first)
{
    CK_OBJECT_HANDLE handles[64] = {0};
    CK_ULONG count = 0;
    OK(p11->C_FindObjectsInit(session, template, n));
    assert_int_equal(p11->C_FindObjectsInit(session, template, n), CKR_OPERATION_ACTIVE);
    OK(p11->C_FindObjects(session, handles, 64, &count));
    OK(p11->C_FindObjectsFinal(session));
    assert_int_equal(p11->C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    if (first != NULL)
        *first = handles[0];
    return count;
}
