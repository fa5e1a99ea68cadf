/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/pkcs11_rig.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_BBOOL yes = CK_TRUE;

bool km_rig_load(const char *path, struct km_rig *ret_rig)
{
    struct km_rig rig = {0};
    CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) = NULL;
    rig.library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (rig.library == NULL)
        return false;
    *(void **)(&get) = dlsym(rig.library, "C_GetFunctionList");
    if (get == NULL || get(&rig.p11) != CKR_OK)
        return false;
    *ret_rig = rig;
    return true;
}

CK_RV km_rig_open(const struct km_rig *rig, CK_SLOT_ID slot, CK_SESSION_HANDLE *ret_session)
{
    return rig->p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                   ret_session);
}

CK_RV km_rig_pair(const struct km_rig *rig, CK_SESSION_HANDLE session, const char *label,
                  CK_OBJECT_HANDLE ret_keys[2])
{
    static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    CK_BBOOL is_token = label != NULL;
    CK_UTF8CHAR *text = (CK_UTF8CHAR *)(label == NULL ? "" : label);
    CK_ULONG len = strlen((const char *)text);
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {
        {CKA_EC_PARAMS, p256, sizeof(p256)}, {CKA_TOKEN, &is_token, 1}, {CKA_LABEL, text, len}};
    CK_ATTRIBUTE of_private[] = {
        {CKA_SIGN, &yes, 1}, {CKA_TOKEN, &is_token, 1}, {CKA_LABEL, text, len}};
    return rig->p11->C_GenerateKeyPair(session, &mechanism, of_public, 3, of_private, 3,
                                       &ret_keys[0], &ret_keys[1]);
}

CK_RV km_rig_key(const struct km_rig *rig, CK_SESSION_HANDLE session, const char *label,
                 CK_OBJECT_HANDLE *ret_key)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_LABEL, (CK_UTF8CHAR *)label, strlen(label)}};
    CK_ULONG n = 0;
    CK_RV rv = rig->p11->C_FindObjectsInit(session, wanted, 2);
    if (rv != CKR_OK)
        return rv;
    rv = rig->p11->C_FindObjects(session, ret_key, 1, &n);
    CK_RV ended = rig->p11->C_FindObjectsFinal(session);
    if (rv != CKR_OK || ended != CKR_OK)
        return rv != CKR_OK ? rv : ended;
    return n == 1 ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}

CK_RV km_rig_sign(const struct km_rig *rig, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {1};
    CK_BYTE signature[64] = {0};
    CK_ULONG len = sizeof(signature);
    CK_RV rv = rig->p11->C_SignInit(session, &mechanism, key);
    return rv != CKR_OK ? rv : rig->p11->C_Sign(session, digest, 32, signature, &len);
}

void km_rig_need(bool is_true, const char *file, int line, const char *text)
{
    if (is_true)
        return;
    (void)fprintf(stderr, "%s:%d: not true: %s\n", file, line, text);
    _exit(1);
}

/* ---- threads ---- */

struct signer {
    struct km_rig_signers *all;
    pthread_t thread;
    atomic_uint n_signed;
};
struct km_rig_signers {
    struct km_rig rig;
    const char *label;
    bool may_fail;
    atomic_bool is_over;
    struct signer at[KM_RIG_THREADS];
};

/* Signs until something fails or it is over. */
static CK_RV sign_on(struct signer *signer)
{
    struct km_rig_signers *all = signer->all;
    CK_SESSION_HANDLE session = 0;
    CK_OBJECT_HANDLE key = 0;
    CK_RV rv = km_rig_open(&all->rig, 0, &session);
    if (rv == CKR_OK)
        rv = km_rig_key(&all->rig, session, all->label, &key);
    while (rv == CKR_OK && !all->is_over) {
        rv = km_rig_sign(&all->rig, session, key);
        signer->n_signed += rv == CKR_OK;
    }
    return rv;
}

static void *signer_main(void *arg)
{
    struct signer *signer = arg;
    do {
        CK_RV rv = sign_on(signer);
        KM_RIG_NEED(rv == CKR_OK || signer->all->may_fail);
    } while (!signer->all->is_over);
    return NULL;
}

struct km_rig_signers *km_rig_signers_start(const struct km_rig *rig, const char *label,
                                            bool may_fail)
{
    struct km_rig_signers *all = calloc(1, sizeof(*all));
    KM_RIG_NEED(all != NULL);
    *all = (struct km_rig_signers){.rig = *rig, .label = label, .may_fail = may_fail};
    for (unsigned i = 0; i < KM_RIG_THREADS; i++) {
        all->at[i].all = all;
        KM_RIG_NEED(pthread_create(&all->at[i].thread, NULL, signer_main, &all->at[i]) == 0);
    }
    km_rig_signers_progress(all);
    return all;
}

void km_rig_signers_progress(struct km_rig_signers *signers)
{
    for (unsigned i = 0; i < KM_RIG_THREADS; i++) {
        unsigned before = signers->at[i].n_signed;
        while (signers->at[i].n_signed == before)
            (void)usleep(1000);
    }
}

unsigned km_rig_signers_stop(struct km_rig_signers *signers)
{
    unsigned n = 0;
    signers->is_over = true;
    for (unsigned i = 0; i < KM_RIG_THREADS; i++) {
        KM_RIG_NEED(pthread_join(signers->at[i].thread, NULL) == 0);
        n += signers->at[i].n_signed;
    }
    free(signers);
    return n;
}
