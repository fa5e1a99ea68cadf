/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forks in every state of a program that uses KM_TEST_MODULE, and every thing that a child may do then. The parent goes on with what
 * it had begun. Usage: pkcs11_forks STATE; status 0: all was as it has to be. The key "life" is in slot 0, and a token in slot 1
 * with the user PIN 1234.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/km_bytes.h"
#include "tests/interop/pkcs11_rig.h"

#define KEY "life"

static struct km_rig rig;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key;
static CK_BYTE part[] = {1, 2, 3, 4, 5, 6, 7};
static CK_BYTE pin[] = {'1', '2', '3', '4'};
static struct km_rig_signers *signers;

static void open_and_sign(void)
{
    KM_RIG_OK(km_rig_open(&rig, 0, &session));
    KM_RIG_OK(km_rig_key(&rig, session, KEY, &key));
    KM_RIG_OK(km_rig_sign(&rig, session, key));
}

/* ---- what a child does ---- */

static void knows_nothing(void)
{
    CK_SESSION_INFO info = {0};
    CK_ULONG n = 0;
    CK_BYTE byte = 0;
    CK_SESSION_HANDLE opened = 0;
    KM_RIG_NEED(rig.p11->C_GetSlotList(CK_TRUE, NULL, &n) == CKR_CRYPTOKI_NOT_INITIALIZED);
    KM_RIG_NEED(rig.p11->C_GetSessionInfo(session, &info) == CKR_CRYPTOKI_NOT_INITIALIZED);
    KM_RIG_NEED(rig.p11->C_GenerateRandom(session, &byte, 1) == CKR_CRYPTOKI_NOT_INITIALIZED);
    KM_RIG_NEED(rig.p11->C_SignUpdate(session, part, 1) == CKR_CRYPTOKI_NOT_INITIALIZED);
    KM_RIG_NEED(km_rig_open(&rig, 0, &opened) == CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void leaves(void)
{
}

static void finalises(void)
{
    KM_RIG_NEED(rig.p11->C_Finalize(NULL) == CKR_CRYPTOKI_NOT_INITIALIZED);
}

/* Its parent's handles stand for nothing, and it is logged in nowhere. */
static void begins(void)
{
    CK_SESSION_HANDLE old = session;
    CK_SESSION_INFO info = {0};
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
    KM_RIG_NEED(old == 0 || rig.p11->C_GetSessionInfo(old, &info) == CKR_SESSION_HANDLE_INVALID);
    open_and_sign();
    KM_RIG_OK(km_rig_open(&rig, 1, &session));
    KM_RIG_OK(rig.p11->C_GetSessionInfo(session, &info));
    KM_RIG_NEED(info.state == CKS_RW_PUBLIC_SESSION);
}

static void begins_and_ends(void)
{
    begins();
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

static void executes(void)
{
    (void)execl("/proc/self/exe", "pkcs11_forks", "executed", (char *)NULL);
    _exit(1);
}

/* In a child of its own. */
static void fork_and(void (*act)(void))
{
    int status = -1;
    pid_t child = fork();
    KM_RIG_NEED(child >= 0);
    if (child == 0) {
        act();
        exit(0);
    }
    KM_RIG_NEED(waitpid(child, &status, 0) == child && status == 0);
}

static void begins_and_forks(void)
{
    begins();
    fork_and(begins_and_ends);
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

/* ---- the states ---- */

static void initialised(void)
{
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
}

static void ends(void)
{
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

static void with_session(void)
{
    initialised();
    open_and_sign();
}

static void finalised(void)
{
    with_session();
    ends();
}

static void still_signs(void)
{
    KM_RIG_OK(km_rig_sign(&rig, session, key));
}

static void with_signature(void)
{
    CK_MECHANISM sign = {CKM_ECDSA_SHA256, NULL, 0};
    with_session();
    KM_RIG_OK(rig.p11->C_SignInit(session, &sign, key));
    KM_RIG_OK(rig.p11->C_SignUpdate(session, part, sizeof(part)));
}

static void goes_on_signing(void)
{
    CK_BYTE signature[64] = {0};
    CK_ULONG len = sizeof(signature);
    KM_RIG_OK(rig.p11->C_SignUpdate(session, part, sizeof(part)));
    KM_RIG_OK(rig.p11->C_SignFinal(session, signature, &len));
}

static void with_search(void)
{
    with_session();
    KM_RIG_OK(rig.p11->C_FindObjectsInit(session, NULL, 0));
}

static void goes_on_searching(void)
{
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG n = 0;
    KM_RIG_OK(rig.p11->C_FindObjects(session, &found, 1, &n));
    KM_RIG_NEED(n == 1);
    KM_RIG_OK(rig.p11->C_FindObjectsFinal(session));
}

static void logged_in(void)
{
    CK_ULONG n = 0;
    initialised();
    KM_RIG_OK(rig.p11->C_GetSlotList(CK_TRUE, NULL, &n));
    KM_RIG_OK(km_rig_open(&rig, 1, &session));
    KM_RIG_OK(rig.p11->C_Login(session, CKU_USER, pin, sizeof(pin)));
}

static void still_logged_in(void)
{
    CK_SESSION_INFO info = {0};
    KM_RIG_OK(rig.p11->C_GetSessionInfo(session, &info));
    KM_RIG_NEED(info.state == CKS_RW_USER_FUNCTIONS);
    CK_OBJECT_HANDLE keys[2] = {0};
    KM_RIG_OK(km_rig_pair(&rig, session, NULL, keys));
    KM_RIG_OK(km_rig_sign(&rig, session, keys[1]));
}

static void with_threads(void)
{
    with_session();
    signers = km_rig_signers_start(&rig, KEY, false);
}

static void threads_go_on(void)
{
    km_rig_signers_progress(signers);
}

static void threads_end(void)
{
    (void)km_rig_signers_stop(signers);
    ends();
}

struct state {
    const char *name;
    void (*enter)(void);
    void (*go_on)(void); /* after the forks */
    void (*end)(void);
};

static const struct state STATES[] = {
    {"fresh", leaves, leaves, leaves},
    {"initialised", initialised, leaves, ends},
    {"finalised", finalised, leaves, leaves},
    {"session", with_session, still_signs, ends},
    {"signature", with_signature, goes_on_signing, ends},
    {"search", with_search, goes_on_searching, ends},
    {"login", logged_in, still_logged_in, ends},
    {"threads", with_threads, threads_go_on, threads_end},
};

/* As system() and posix_spawn do: no handler of a fork runs. */
static void spawn(void)
{
    char *const arguments[] = {(char *)"pkcs11_forks", (char *)"executed", NULL};
    extern char **environ;
    pid_t child = 0;
    int status = -1;
    KM_RIG_NEED(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0);
    KM_RIG_NEED(waitpid(child, &status, 0) == child && status == 0);
}

static void run(const struct state *state)
{
    static void (*const ACTS[])(void) = {leaves, knows_nothing,   finalises,       executes,
                                         begins, begins_and_ends, begins_and_forks};
    state->enter();
    for (size_t i = 0; i < KM_ARRAY_LEN(ACTS); i++)
        fork_and(ACTS[i]);
    spawn();
    state->go_on();
    state->end();
}

static void executed(void)
{
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
    open_and_sign();
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

int main(int argc, char **argv)
{
    KM_RIG_NEED(km_rig_load(getenv("KM_TEST_MODULE"), &rig));
    if (argc == 2 && strcmp(argv[1], "executed") == 0) {
        executed();
        return 0;
    }
    for (size_t i = 0; argc == 2 && i < KM_ARRAY_LEN(STATES); i++) {
        if (strcmp(STATES[i].name, argv[1]) == 0) {
            run(&STATES[i]);
            return 0;
        }
    }
    (void)fprintf(stderr, "usage: pkcs11_forks STATE\n");
    return 2;
}
