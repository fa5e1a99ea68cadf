/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several modules in one process: each named one signs, alone and after another one's end, in threads, and after a fork.
 * Usage: pkcs11_neighbours MODULE MODULE...; status 0: all was as it has to be.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/interop/pkcs11_rig.h"

#define MODULES_MAX 4

struct neighbour {
    struct km_rig rig;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE keys[2];
};

/* The first token that takes a session key: some want a login even for those. */
static void begin(struct neighbour *one)
{
    CK_SLOT_ID slots[64] = {0};
    CK_ULONG n = 64;
    CK_UTF8CHAR pin[] = {'1', '2', '3', '4'};
    KM_RIG_OK(one->rig.p11->C_Initialize(NULL));
    KM_RIG_OK(one->rig.p11->C_GetSlotList(CK_TRUE, slots, &n));
    KM_RIG_NEED(n > 0);
    one->slot = slots[0];
    KM_RIG_OK(km_rig_open(&one->rig, one->slot, &one->session));
    (void)one->rig.p11->C_Login(one->session, CKU_USER, pin, sizeof(pin));
    KM_RIG_OK(km_rig_pair(&one->rig, one->session, NULL, one->keys));
}

static void sign(struct neighbour *one)
{
    KM_RIG_OK(km_rig_sign(&one->rig, one->session, one->keys[1]));
}

static void *sign_often(void *arg)
{
    for (unsigned i = 0; i < 200; i++)
        sign(arg);
    return NULL;
}

static void in_threads(struct neighbour *at, int n)
{
    pthread_t threads[MODULES_MAX] = {0};
    for (int i = 0; i < n; i++)
        KM_RIG_NEED(pthread_create(&threads[i], NULL, sign_often, &at[i]) == 0);
    for (int i = 0; i < n; i++)
        KM_RIG_NEED(pthread_join(threads[i], NULL) == 0);
}

/* Each comes to its end and back, while the others stay. */
static void in_turn(struct neighbour *at, int n)
{
    for (int gone = 0; gone < n; gone++) {
        KM_RIG_OK(at[gone].rig.p11->C_Finalize(NULL));
        for (int i = 0; i < n; i++) {
            if (i != gone)
                sign(&at[i]);
        }
        begin(&at[gone]);
        sign(&at[gone]);
    }
}

/* A child that takes the first one for itself; of SoftHSM2 it would be told that it has it already. */
static void in_a_child(struct neighbour *first)
{
    int status = -1;
    pid_t child = fork();
    KM_RIG_NEED(child >= 0);
    if (child == 0) {
        begin(first);
        sign(first);
        KM_RIG_OK(first->rig.p11->C_Finalize(NULL));
        _exit(0);
    }
    KM_RIG_NEED(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
    struct neighbour at[MODULES_MAX] = {0};
    int n = argc - 1;
    if (n < 1 || n > MODULES_MAX) {
        (void)fprintf(stderr, "usage: pkcs11_neighbours MODULE...\n");
        return 2;
    }
    for (int i = 0; i < n; i++) {
        KM_RIG_NEED(km_rig_load(argv[i + 1], &at[i].rig));
        for (int k = 0; k < i; k++)
            KM_RIG_NEED(at[k].rig.p11 != at[i].rig.p11);
        begin(&at[i]);
    }
    in_threads(at, n);
    in_turn(at, n);
    in_a_child(&at[0]);
    for (int i = 0; i < n; i++)
        sign(&at[i]);
    for (int i = 0; i < n; i++)
        KM_RIG_OK(at[i].rig.p11->C_Finalize(NULL));
    return 0;
}
