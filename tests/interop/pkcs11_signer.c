/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a key in KM_TEST_MODULE; then, for each line of its input, signs with it and says what came of it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
    void *module = dlopen(getenv("KM_TEST_MODULE"), RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) = NULL;
    CK_FUNCTION_LIST *p11 = NULL;
    CK_SESSION_HANDLE session = 0;
    CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {{CKA_EC_PARAMS, p256, sizeof(p256)}, {CKA_TOKEN, &yes, 1}};
    CK_ATTRIBUTE of_private[] = {{CKA_TOKEN, &yes, 1}};
    CK_OBJECT_HANDLE keys[2] = {0};
    char line[64] = {0};
    if (module == NULL)
        return 1;
    *(void **)(&get) = dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&p11) != CKR_OK || p11->C_Initialize(NULL) != CKR_OK ||
        p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) !=
            CKR_OK ||
        p11->C_GenerateKeyPair(session, &generate, of_public, 2, of_private, 1, &keys[0],
                               &keys[1]) != CKR_OK)
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        (void)printf("%s\n", word(sign(p11, session, keys[1])));
        (void)fflush(stdout);
    }
    return p11->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}
