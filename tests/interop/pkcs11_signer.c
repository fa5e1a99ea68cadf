/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a key in KM_TEST_MODULE; then does what each line of its input says, and tells what came of it: "sign" with that key, "make" another
 * one, "find": how many private keys there are.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pkcs11.h>

static const char *word(CK_RV rv)
{
    return rv == CKR_OK ? "OK" : rv == CKR_DEVICE_REMOVED ? "CKR_DEVICE_REMOVED" : "other";
}

static CK_RV sign(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {1};
    CK_BYTE signature[64] = {0};
    CK_ULONG len = sizeof(signature);
    CK_RV rv = p11->C_SignInit(session, &mechanism, key);
    return rv != CKR_OK ? rv : p11->C_Sign(session, digest, 32, signature, &len);
}

static CK_RV make(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *ret_key)
{
    CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {{CKA_EC_PARAMS, p256, sizeof(p256)}, {CKA_TOKEN, &yes, 1}};
    CK_ATTRIBUTE of_private[] = {{CKA_TOKEN, &yes, 1}};
    CK_OBJECT_HANDLE public_key = 0;
    return p11->C_GenerateKeyPair(session, &generate, of_public, 2, of_private, 1, &public_key,
                                  ret_key);
}

static CK_RV find(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_ULONG *ret_n)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE found[16] = {0};
    CK_ULONG n = 16;
    *ret_n = 0;
    CK_RV rv = p11->C_FindObjectsInit(session, &wanted, 1);
    while (rv == CKR_OK && n > 0) {
        rv = p11->C_FindObjects(session, found, 16, &n);
        *ret_n += n;
    }
    return rv != CKR_OK ? rv : p11->C_FindObjectsFinal(session);
}

static void obey(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                 const char *line)
{
    CK_ULONG n = 0;
    if (strcmp(line, "find\n") != 0) {
        CK_RV rv = strcmp(line, "make\n") == 0 ? make(p11, session, &key) : sign(p11, session, key);
        (void)printf("%s\n", word(rv));
        return;
    }
    CK_RV rv = find(p11, session, &n);
    if (rv == CKR_OK)
        (void)printf("%lu\n", n);
    else
        (void)printf("%s\n", word(rv));
}

int main(void)
{
    void *module = dlopen(getenv("KM_TEST_MODULE"), RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) = NULL;
    CK_FUNCTION_LIST *p11 = NULL;
    CK_SESSION_HANDLE session = 0;
    CK_OBJECT_HANDLE key = 0;
    char line[64] = {0};
    if (module == NULL)
        return 1;
    *(void **)(&get) = dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&p11) != CKR_OK || p11->C_Initialize(NULL) != CKR_OK ||
        p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) !=
            CKR_OK ||
        make(p11, session, &key) != CKR_OK)
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        obey(p11, session, key, line);
        (void)fflush(stdout);
    }
    return p11->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}
