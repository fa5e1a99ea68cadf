/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a key in KM_TEST_MODULE; then does what each line of its input says, and tells what came of it: "sign" with that key, "make" another
 * one, "find": how many private keys there are.
 */
#include "tests/interop/pkcs11_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *word(CK_RV rv)
{
    return rv == CKR_OK ? "OK" : rv == CKR_DEVICE_REMOVED ? "CKR_DEVICE_REMOVED" : "other";
}

static CK_RV find(const struct km_rig *rig, CK_SESSION_HANDLE session, CK_ULONG *ret_n)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE found[16] = {0};
    CK_ULONG n = 16;
    *ret_n = 0;
    CK_RV rv = rig->p11->C_FindObjectsInit(session, &wanted, 1);
    while (rv == CKR_OK && n > 0) {
        rv = rig->p11->C_FindObjects(session, found, 16, &n);
        *ret_n += n;
    }
    return rv != CKR_OK ? rv : rig->p11->C_FindObjectsFinal(session);
}

static void obey(const struct km_rig *rig, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                 const char *line)
{
    CK_OBJECT_HANDLE others[2] = {0};
    CK_ULONG n = 0;
    if (strcmp(line, "find\n") != 0) {
        CK_RV rv = strcmp(line, "make\n") == 0 ? km_rig_pair(rig, session, "signer", others)
                                               : km_rig_sign(rig, session, key);
        (void)printf("%s\n", word(rv));
        return;
    }
    CK_RV rv = find(rig, session, &n);
    if (rv == CKR_OK)
        (void)printf("%lu\n", n);
    else
        (void)printf("%s\n", word(rv));
}

int main(void)
{
    struct km_rig rig = {0};
    CK_SESSION_HANDLE session = 0;
    CK_OBJECT_HANDLE keys[2] = {0};
    char line[64] = {0};
    if (!km_rig_load(getenv("KM_TEST_MODULE"), &rig) || rig.p11->C_Initialize(NULL) != CKR_OK ||
        km_rig_open(&rig, 0, &session) != CKR_OK ||
        km_rig_pair(&rig, session, "signer", keys) != CKR_OK)
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        obey(&rig, session, keys[1], line);
        (void)fflush(stdout);
    }
    return rig.p11->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}
