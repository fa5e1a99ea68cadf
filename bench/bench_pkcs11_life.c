/* SPDX-License-Identifier: Apache-2.0 */
/* What a process does once: load to first signature, and searches; so each is measured in processes of its own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_pkcs11.h"

#define REPEATS 7
#define AT_A_TIME 256
#define FIGURES_MAX 3
#define MADE_MAX 1000u /* objects that SoftHSM2 makes: see copy_objects */
#define SESSIONS 20000u
#define RSA_PAIRS 12u

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* ---- steps ---- */

/* A named key for the first signature, unless there is one. */
static CK_OBJECT_HANDLE find_one(const struct token *token, CK_ATTRIBUTE *wanted, CK_ULONG n_wanted)
{
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG n = 0;
    token_must(token->calls->C_FindObjectsInit(token->session, wanted, n_wanted),
               "C_FindObjectsInit");
    token_must(token->calls->C_FindObjects(token->session, &found, 1, &n), "C_FindObjects");
    token_must(token->calls->C_FindObjectsFinal(token->session), "C_FindObjectsFinal");
    return n == 1 ? found : 0;
}

static CK_OBJECT_HANDLE signing_key(const struct token *token)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    return find_one(token, &wanted, 1);
}

static void step_pair(struct token *token, unsigned n)
{
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    (void)n;
    (void)token_login(token);
    if (signing_key(token) == 0)
        bench_token_pair(token, CKA_SIGN, true, &public_key, &private_key);
}

static void step_sign(struct token *token, unsigned n)
{
    (void)n;
    uint64_t start = bench_now_ns();
    (void)token_login(token);
    bench_token_sign(token, token->session, signing_key(token));
    printf("%f\n", (double)(bench_now_ns() - start) / 1e3);
}

static unsigned count(const struct token *token)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE found[AT_A_TIME];
    CK_ULONG n = AT_A_TIME;
    unsigned total = 0;
    token_must(token->calls->C_FindObjectsInit(token->session, &wanted, 1), "C_FindObjectsInit");
    while (n > 0) {
        token_must(token->calls->C_FindObjects(token->session, found, AT_A_TIME, &n),
                   "C_FindObjects");
        total += (unsigned)n;
    }
    token_must(token->calls->C_FindObjectsFinal(token->session), "C_FindObjectsFinal");
    return total;
}

/* Fills the token up to n secret keys that can be told by CKA_ID and CKA_LABEL. */
static void step_fill(struct token *token, unsigned n)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG len = 16;
    (void)token_login(token);
    for (unsigned i = count(token); i < n; i++) {
        char label[32] = {0};
        (void)snprintf(label, sizeof(label), "object %u", i);
        CK_OBJECT_HANDLE made = 0;
        CK_ATTRIBUTE wish[] = {{CKA_VALUE_LEN, &len, sizeof(len)},
                               {CKA_TOKEN, &yes, sizeof(yes)},
                               {CKA_PRIVATE, &no, sizeof(no)},
                               {CKA_ID, &i, sizeof(i)},
                               {CKA_LABEL, label, strlen(label)}};
        token_must(token->calls->C_GenerateKey(token->session, &mechanism, wish, 5, &made),
                   "C_GenerateKey");
    }
}

/* Prints in us: load and first search, the same search again, and one object by its CKA_ID. */
static void step_find(struct token *token, unsigned n)
{
    double again[REPEATS] = {0};
    double one[REPEATS] = {0};
    uint64_t start = bench_now_ns();
    (void)token_login(token);
    if (count(token) != n)
        bench_die("%s: not %u objects", token->file, n);
    double first = (double)(bench_now_ns() - start) / 1e3;
    for (unsigned i = 0; i < REPEATS; i++) {
        start = bench_now_ns();
        if (count(token) != n)
            bench_die("%s: not %u objects", token->file, n);
        again[i] = (double)(bench_now_ns() - start) / 1e3;
    }
    for (unsigned i = 0; i < REPEATS; i++) {
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        unsigned id = i * 7919 % (n < MADE_MAX ? n : MADE_MAX);
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_ID, &id, sizeof(id)}};
        start = bench_now_ns();
        if (find_one(token, wanted, 2) == 0)
            bench_die("%s: no object %u", token->file, id);
        one[i] = (double)(bench_now_ns() - start) / 1e3;
    }
    printf("%f %f %f\n", first, bench_median(again, REPEATS), bench_median(one, REPEATS));
}

/* Prints in us: many sessions opened, one after the other, and closed again. */
static void step_sessions(struct token *token, unsigned n)
{
    static CK_SESSION_HANDLE opened[SESSIONS];
    (void)token_login(token);
    uint64_t start = bench_now_ns();
    for (unsigned i = 0; i < n; i++)
        token_must(
            token->calls->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL, &opened[i]),
            "C_OpenSession");
    uint64_t middle = bench_now_ns();
    for (unsigned i = 0; i < n; i++)
        token_must(token->calls->C_CloseSession(opened[i]), "C_CloseSession");
    printf("%f %f\n", (double)(middle - start) / 1e3, (double)(bench_now_ns() - middle) / 1e3);
}

/* Prints in us: what an RSA pair takes, on average. */
static void step_rsa(struct token *token, unsigned n)
{
    static CK_BYTE f4[] = {1, 0, 1};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE of_public[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
                                {CKA_PUBLIC_EXPONENT, f4, sizeof(f4)},
                                {CKA_TOKEN, &no, sizeof(no)}};
    CK_ATTRIBUTE of_private[] = {{CKA_SIGN, &yes, sizeof(yes)}, {CKA_TOKEN, &no, sizeof(no)}};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    (void)token_login(token);
    uint64_t start = bench_now_ns();
    for (unsigned i = 0; i < n; i++)
        token_must(token->calls->C_GenerateKeyPair(token->session, &mechanism, of_public, 3,
                                                   of_private, 2, &public_key, &private_key),
                   "C_GenerateKeyPair");
    printf("%f\n", (double)(bench_now_ns() - start) / 1e3 / n);
}

bool bench_life_step(const char *step, const char *module, unsigned n)
{
    static const struct {
        const char *name;
        void (*run)(struct token *token, unsigned n);
    } STEPS[] = {{"pair", step_pair}, {"sign", step_sign},         {"fill", step_fill},
                 {"find", step_find}, {"sessions", step_sessions}, {"rsa", step_rsa}};
    struct token token = {.file = module};
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(*STEPS); i++) {
        if (strcmp(STEPS[i].name, step) != 0)
            continue;
        STEPS[i].run(&token, n);
        return true;
    }
    return false;
}

/* ---- from outside ---- */

/* Runs a program; what it prints, at most len - 1 octets, into out. */
static void run(char *const argv[], char *out, size_t len)
{
    int ends[2] = {-1, -1};
    size_t n = 0;
    ssize_t got = 1;
    int status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_die("no pipe");
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    (void)close(ends[1]);
    while (n + 1 < len && (got = read(ends[0], out + n, len - 1 - n)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    (void)close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        bench_die("%s %s failed", argv[0], argv[1]);
}

static void run_step(const char *self, const char *step, const char *module, unsigned n,
                     double figures[FIGURES_MAX])
{
    char number[16] = {0};
    char line[256] = {0};
    char *at = line;
    (void)snprintf(number, sizeof(number), "%u", n);
    char *const argv[] = {(char *)(uintptr_t)self, (char *)(uintptr_t)step,
                          (char *)(uintptr_t)module, number, NULL};
    run(argv, line, sizeof(line));
    for (unsigned i = 0; line[0] != '\0' && i < FIGURES_MAX; i++)
        figures[i] = strtod(at, &at);
}

/* Medians of rounds in which the contestants take turns; figures[i][who]. */
static void run_steps(const char *self, const char *step, unsigned n_objects, size_t n,
                      double ret[FIGURES_MAX][TOKENS])
{
    double all[FIGURES_MAX][TOKENS][BENCH_ROUNDS] = {0};
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        for (size_t who = 0; who < n; who++) {
            double figures[FIGURES_MAX] = {0};
            run_step(self, step, contestants[who].token.file, n_objects, figures);
            for (unsigned i = 0; i < FIGURES_MAX; i++)
                all[i][who][round] = figures[i];
        }
    }
    for (unsigned i = 0; i < FIGURES_MAX; i++) {
        for (size_t who = 0; who < n; who++)
            ret[i][who] = bench_median(all[i][who], BENCH_ROUNDS);
    }
}

/*
 * SoftHSM2 takes ten minutes to make 10,000 objects, and needs nothing but their files to have them: so each of 1,000 is there ten
 * times, with the same CKA_ID.
 */
static void copy_objects(const char *token_dir)
{
    static const char SCRIPT[] =
        "for f in \"$1\"/*/*.object; do case $f in */token.object) continue;; esac; "
        "for i in 1 2 3 4 5 6 7 8 9; do cp \"$f\" \"${f%.object}-$i.object\"; done; done";
    char *const argv[] = {
        "/bin/sh", "-c", (char *)(uintptr_t)SCRIPT, "sh", (char *)(uintptr_t)token_dir, NULL};
    char nothing[2] = {0};
    run(argv, nothing, sizeof(nothing));
}

static void measure_find(const char *self, const char *name, unsigned n_objects, size_t n)
{
    static const char *const WHAT[FIGURES_MAX] = {"load and first search", "search again",
                                                  "one by CKA_ID"};
    double figures[FIGURES_MAX][TOKENS] = {0};
    double none[FIGURES_MAX] = {0};
    run_step(self, "fill", contestants[0].token.file, n_objects, none);
    if (n_objects <= MADE_MAX) /* the remote one has SoftHSM2's objects */
        run_step(self, "fill", contestants[1].token.file, n_objects, none);
    run_steps(self, "find", n_objects, n, figures);
    for (unsigned i = 0; i < FIGURES_MAX; i++) {
        char id[96] = {0};
        (void)snprintf(id, sizeof(id), "C_FindObjects, %s objects: %s", name, WHAT[i]);
        bench_rates(id, "us", figures[i], n, 1);
    }
}

void bench_life(const char *self, const char *token_dir, size_t n)
{
    double figures[FIGURES_MAX][TOKENS] = {0};
    double none[FIGURES_MAX] = {0};
    for (size_t who = 0; who < TOKENS - 1; who++)
        run_step(self, "pair", contestants[who].token.file, 0, none);
    run_steps(self, "sign", 0, n, figures);
    bench_rates("PKCS#11 load to first signature", "us", figures[0], n, 1);
    /* Through p11-kit it takes most of a minute each time. */
    run_steps(self, "sessions", SESSIONS, TOKENS - 1, figures);
    bench_rates("PKCS#11, 20,000 sessions: open all", "us", figures[0], TOKENS - 1, 1);
    bench_rates("PKCS#11, 20,000 sessions: close all", "us", figures[1], TOKENS - 1, 1);
    /* All three search for primes with libcrypto, and luck makes a tenth in the mean of so few. */
    run_steps(self, "rsa", RSA_PAIRS, n, figures);
    bench_rates("PKCS#11 RSA-2048 pair, of a session", "us", figures[0], n, 1.15);
    measure_find(self, "10", 10, n);
    measure_find(self, "1,000", 1000, n);
    copy_objects(token_dir);
    measure_find(self, "10,000", 10000, n);
}
