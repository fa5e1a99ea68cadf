/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_pkcs11 MODULE TOKEN_DIR [life|rates]: our PKCS#11 module beside SoftHSM2 in process and SoftHSM2 behind `p11-kit server`; the same calls to all three.
 * Each has a token "bench", whose user PIN is 1234 where it wants a login. Needs a running keymoord, SOFTHSM2_CONF, and
 * P11_KIT_SERVER_ADDRESS for the last one. bench/run arranges all that.
 */
#include "bench/bench_pkcs11.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MAX ((size_t)1 << 20)

struct contestant contestants[TOKENS] = {
    {"our module", 0, {0}},
    {"SoftHSM2 in process", 1, {.file = SOFT_HSM_FILE}},
    {"SoftHSM2 behind p11-kit server", 3, {.file = REMOTE_FILE}},
};

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* ---- what is measured ---- */

static struct {
    CK_OBJECT_HANDLE sign, derive, aes;
} keys[TOKENS];
static CK_BYTE point[67]; /* the peer's, as CKA_EC_POINT has it */
static size_t payload_len;

void bench_token_pair(struct token *token, CK_ATTRIBUTE_TYPE usage, bool on_token,
                      CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_BBOOL stays = on_token ? CK_TRUE : CK_FALSE;
    CK_ATTRIBUTE of_public[] = {{CKA_EC_PARAMS, p256, sizeof(p256)},
                                {CKA_TOKEN, &stays, sizeof(stays)}};
    CK_ATTRIBUTE of_private[] = {{usage, &yes, sizeof(yes)},
                                 {CKA_TOKEN, &stays, sizeof(stays)},
                                 {CKA_PRIVATE, &yes, sizeof(yes)}};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    token_must(token->calls->C_GenerateKeyPair(token->session, &generate, of_public, 2, of_private,
                                               3, ret_public, ret_private),
               "C_GenerateKeyPair");
}

void bench_token_sign(const struct token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    static CK_BYTE digest[32] = {1, 2, 3};
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE signature[80];
    CK_ULONG len = sizeof(signature);
    token_must(token->calls->C_SignInit(session, &mechanism, key), "C_SignInit");
    token_must(token->calls->C_Sign(session, digest, sizeof(digest), signature, &len), "C_Sign");
}

/* What a thread has; the buffers are its own. */
struct thread {
    size_t who;
    struct token *token;
    CK_SESSION_HANDLE session;
    CK_BYTE *in, *out;
};

static void *begin(size_t who)
{
    struct thread *thread = calloc(1, sizeof(*thread));
    if (thread == NULL)
        bench_die("memory is short");
    *thread = (struct thread){.who = who,
                              .token = &contestants[who].token,
                              .in = calloc(1, PAYLOAD_MAX),
                              .out = calloc(1, PAYLOAD_MAX + 64)};
    if (thread->in == NULL || thread->out == NULL)
        bench_die("memory is short");
    token_must(thread->token->calls->C_OpenSession(thread->token->slot,
                                                   CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                                   &thread->session),
               "C_OpenSession");
    return thread;
}

static void *begin_ours(unsigned thread)
{
    (void)thread;
    return begin(0);
}

static void *begin_soft(unsigned thread)
{
    (void)thread;
    return begin(1);
}

static void *begin_remote(unsigned thread)
{
    (void)thread;
    return begin(2);
}

static void end(void *arg)
{
    struct thread *thread = arg;
    thread->token->calls->C_CloseSession(thread->session);
    free(thread->in);
    free(thread->out);
    free(thread);
}

static void sign_once(void *arg)
{
    const struct thread *thread = arg;
    bench_token_sign(thread->token, thread->session, keys[thread->who].sign);
}

static void destroy(const struct thread *thread, CK_OBJECT_HANDLE object)
{
    token_must(thread->token->calls->C_DestroyObject(thread->session, object), "C_DestroyObject");
}

static void derive_once(void *arg)
{
    const struct thread *thread = arg;
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof(point) - 2, point + 2};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG len = 32;
    CK_OBJECT_HANDLE made = 0;
    CK_ATTRIBUTE wish[] = {{CKA_CLASS, &class, sizeof(class)},
                           {CKA_KEY_TYPE, &type, sizeof(type)},
                           {CKA_VALUE_LEN, &len, sizeof(len)},
                           {CKA_TOKEN, &no, sizeof(no)},
                           {CKA_DERIVE, &yes, sizeof(yes)}};
    token_must(thread->token->calls->C_DeriveKey(thread->session, &mechanism,
                                                 keys[thread->who].derive, wish, 5, &made),
               "C_DeriveKey");
    destroy(thread, made);
}

static void encrypt_once(void *arg)
{
    const struct thread *thread = arg;
    static CK_BYTE iv[12] = {7};
    CK_GCM_PARAMS params = {iv, sizeof(iv), 8 * sizeof(iv), NULL, 0, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &params, sizeof(params)};
    CK_ULONG len = PAYLOAD_MAX + 64;
    token_must(
        thread->token->calls->C_EncryptInit(thread->session, &mechanism, keys[thread->who].aes),
        "C_EncryptInit");
    token_must(thread->token->calls->C_Encrypt(thread->session, thread->in, payload_len,
                                               thread->out, &len),
               "C_Encrypt");
}

static void generate(const struct thread *thread, bool on_token)
{
    CK_OBJECT_HANDLE of_public = 0;
    CK_OBJECT_HANDLE of_private = 0;
    struct token token = *thread->token;
    token.session = thread->session;
    bench_token_pair(&token, CKA_SIGN, on_token, &of_public, &of_private);
    destroy(thread, of_public);
    destroy(thread, of_private);
}

static void session_pair_once(void *arg)
{
    generate(arg, false);
}

static void token_pair_once(void *arg)
{
    generate(arg, true);
}

/* ---- rows ---- */

void bench_rates(const char *id, const char *unit, const double *rates, size_t n, double at_most)
{
    bool is_time = at_most > 0;
    for (size_t c = 1; c < n; c++)
        bench_print(&(struct bench_row){.id = id,
                                        .unit = unit,
                                        .value = rates[0],
                                        .peer = contestants[c].name,
                                        .peer_value = rates[c],
                                        .target = is_time ? at_most : contestants[c].least,
                                        .at_most = is_time});
}

/* p11-kit does not pass on every mechanism: whoever comes first that lacks it takes no part, nor those after. */
static size_t who_can(CK_MECHANISM_TYPE mechanism, size_t n)
{
    size_t able = 0;
    CK_MECHANISM_INFO info = {0};
    while (able < n && contestants[able].token.calls->C_GetMechanismInfo(
                           contestants[able].token.slot, mechanism, &info) == CKR_OK)
        able++;
    return able;
}

static void measure(const char *id, const char *unit, void (*once)(void *thread),
                    unsigned n_threads, double seconds, size_t n)
{
    const struct bench_contender contenders[TOKENS] = {
        {contestants[0].name, begin_ours, once, end},
        {contestants[1].name, begin_soft, once, end},
        {contestants[2].name, begin_remote, once, end},
    };
    struct bench_result results[TOKENS] = {0};
    double rates[TOKENS] = {0};
    bench_run(contenders, n, n_threads, seconds, results);
    for (size_t c = 0; c < n; c++)
        rates[c] = results[c].rate;
    bench_rates(id, unit, rates, n, 0);
}

static void make_keys(size_t who)
{
    struct token *token = &contestants[who].token;
    CK_OBJECT_HANDLE public_key = 0;
    CK_ULONG len = 32;
    CK_ATTRIBUTE aes[] = {{CKA_VALUE_LEN, &len, sizeof(len)},
                          {CKA_TOKEN, &no, sizeof(no)},
                          {CKA_ENCRYPT, &yes, sizeof(yes)},
                          {CKA_DECRYPT, &yes, sizeof(yes)}};
    CK_ATTRIBUTE read = {CKA_EC_POINT, point, sizeof(point)};
    CK_MECHANISM generate_aes = {CKM_AES_KEY_GEN, NULL, 0};
    (void)token_login(token);
    bench_token_pair(token, CKA_SIGN, true, &public_key, &keys[who].sign);
    bench_token_pair(token, CKA_DERIVE, false, &public_key, &keys[who].derive);
    token_must(token->calls->C_GetAttributeValue(token->session, public_key, &read, 1),
               "C_GetAttributeValue");
    token_must(token->calls->C_GenerateKey(token->session, &generate_aes, aes, 4, &keys[who].aes),
               "C_GenerateKey");
}

static void measure_threads(size_t n)
{
    static const unsigned THREADS[] = {1, 2, 8};
    for (size_t i = 0; i < sizeof(THREADS) / sizeof(*THREADS); i++) {
        char id[96] = {0};
        (void)snprintf(id, sizeof(id), "PKCS#11 ECDSA P-256 sign, key of the token, %u thread%s",
                       THREADS[i], THREADS[i] > 1 ? "s" : "");
        measure(id, "signatures/s", sign_once, THREADS[i], 0.5, n);
    }
}

static void measure_sizes(size_t n)
{
    static const struct {
        const char *name;
        size_t len;
    } SIZES[] = {{"16 octets", 16}, {"1 KiB", 1024}, {"16 KiB", 16384}, {"1 MiB", PAYLOAD_MAX}};
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(*SIZES); i++) {
        char id[96] = {0};
        (void)snprintf(id, sizeof(id), "PKCS#11 AES-256-GCM encrypt, %s", SIZES[i].name);
        payload_len = SIZES[i].len;
        measure(id, "messages/s", encrypt_once, 1, 0.3, who_can(CKM_AES_GCM, n));
    }
}

int main(int argc, char **argv)
{
    size_t n = getenv("P11_KIT_SERVER_ADDRESS") != NULL ? TOKENS : TOKENS - 1;
    const char *half = argc == 4 ? argv[3] : "";
    if (argc == 4 && bench_life_step(argv[1], argv[2], (unsigned)strtoul(argv[3], NULL, 10)))
        return EXIT_SUCCESS;
    if (argc != 3 && argc != 4)
        bench_die("usage: bench_pkcs11 MODULE TOKEN_DIR [life|rates]");
    contestants[0].token.file = argv[1];
    if (strcmp(half, "rates") != 0)
        bench_life(argv[0], argv[2], n);
    if (strcmp(half, "life") == 0)
        return EXIT_SUCCESS;
    for (size_t who = 0; who < n; who++)
        make_keys(who);
    measure_threads(n);
    measure("PKCS#11 ECDH P-256 derive", "keys/s", derive_once, 1, 0.5,
            who_can(CKM_ECDH1_DERIVE, n));
    measure_sizes(n);
    measure("PKCS#11 EC P-256 pair, of a session", "pairs/s", session_pair_once, 1, 0.5, n);
    measure("PKCS#11 EC P-256 pair, on the token", "pairs/s", token_pair_once, 1, 0.5, n);
    return EXIT_SUCCESS;
}
