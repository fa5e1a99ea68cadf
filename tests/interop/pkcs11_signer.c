/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a key in KM_TEST_MODULE; then, for each line of its input, signs with it and says what came of it. */
#include "tests/interop/pkcs11_rig.h"

#include <stdio.h>
#include <stdlib.h>

static const char *word(CK_RV rv)
{
    return rv == CKR_OK ? "OK" : rv == CKR_DEVICE_REMOVED ? "CKR_DEVICE_REMOVED" : "other";
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
        (void)printf("%s\n", word(km_rig_sign(&rig, session, keys[1])));
        (void)fflush(stdout);
    }
    return rig.p11->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}
