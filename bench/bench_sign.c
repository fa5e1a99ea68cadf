/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA P-256 signatures: clrc beside libcrypto in process, SoftHSM2 in process, and SoftHSM2 behind
 * `p11-kit server`, with 1, 2, 4 and 8 threads. Needs a running keymoord, and SOFTHSM2_CONF with a token
 * "bench" (user PIN 1234); P11_KIT_SERVER_ADDRESS for the last one. bench/run arranges all that.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "bench/bench.h"
#include "bench/token.h"
#include "clrc.h"

static const uint8_t digest[32] = {1, 2, 3};

/* ---- clrc ---- */

static void *clrc_begin(unsigned thread)
{
    (void)thread;
    ClrcKeyHandle key = NULL;
    ClrcResult result = clrcLoadNamedKey("bench-sign", NULL, &key);
    if (result != CLRC_SUCCESS)
        bench_die("clrc: %s", clrcResultText(result));
    return key;
}

static void clrc_once(void *key)
{
    uint8_t signature[80];
    uint32_t length = sizeof signature;
    if (clrcSignDigest(key, CLRC_ECDSA, digest, sizeof digest, signature, &length) != CLRC_SUCCESS)
        bench_die("clrc: no signature: %s", clrcLastError());
}

static void clrc_end(void *key)
{
    clrcFreeKey(key);
}

/* ---- libcrypto in process: a context kept for each thread, its fastest documented way ---- */

static EVP_PKEY *crypto_key;

static void *crypto_begin(unsigned thread)
{
    (void)thread;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(crypto_key, NULL);
    if (context == NULL || EVP_PKEY_sign_init(context) != 1)
        bench_die("libcrypto: no context");
    return context;
}

static void crypto_once(void *context)
{
    uint8_t signature[80];
    size_t length = sizeof signature;
    if (EVP_PKEY_sign(context, signature, &length, digest, sizeof digest) != 1)
        bench_die("libcrypto: no signature");
}

static void crypto_end(void *context)
{
    EVP_PKEY_CTX_free(context);
}

/* ---- a PKCS#11 module ---- */

static struct token soft_hsm = {.file = SOFT_HSM_FILE};
static struct token remote = {.file = REMOTE_FILE};

static void token_generate(struct token *token)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE public_template[] = {{CKA_EC_PARAMS, p256, sizeof p256},
                                      {CKA_VERIFY, &yes, sizeof yes}};
    CK_ATTRIBUTE private_template[] = {
        {CKA_SIGN, &yes, sizeof yes}, {CKA_TOKEN, &no, sizeof no}, {CKA_PRIVATE, &yes, sizeof yes}};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key = 0;
    CK_FUNCTION_LIST *calls = token_login(token);
    token_must(calls->C_GenerateKeyPair(token->session, &generate, public_template, 2,
                                        private_template, 3, &public_key, &token->key),
               "C_GenerateKeyPair");
}

struct token_thread {
    struct token *token;
    CK_SESSION_HANDLE session;
};

static void *token_begin(struct token *token)
{
    struct token_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        bench_die("memory is short");
    thread->token = token;
    token_must(
        token->calls->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL, &thread->session),
        "C_OpenSession");
    return thread;
}

static void *soft_begin(unsigned thread)
{
    (void)thread;
    return token_begin(&soft_hsm);
}

static void *remote_begin(unsigned thread)
{
    (void)thread;
    return token_begin(&remote);
}

static void token_once(void *arg)
{
    struct token_thread *thread = arg;
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE signature[80];
    CK_ULONG length = sizeof signature;
    token_must(thread->token->calls->C_SignInit(thread->session, &mechanism, thread->token->key),
               "C_SignInit");
    token_must(thread->token->calls->C_Sign(thread->session, (CK_BYTE *)(uintptr_t)digest,
                                            sizeof digest, signature, &length),
               "C_Sign");
}

static void token_end(void *arg)
{
    struct token_thread *thread = arg;
    thread->token->calls->C_CloseSession(thread->session);
    free(thread);
}

static void make_keys(void)
{
    ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    ClrcKeyHandle key = NULL;
    ClrcResult result = clrcCreateKey(&wish, &key);
    if (result == CLRC_SUCCESS)
        result = clrcSaveNamedKey(key, "bench-sign", NULL);
    if (result != CLRC_SUCCESS && result != CLRC_ERROR_EXISTS)
        bench_die("clrc: %s", clrcResultText(result));
    clrcFreeKey(key);
    crypto_key = EVP_EC_gen("P-256");
    if (crypto_key == NULL)
        bench_die("libcrypto: no key");
    token_generate(&soft_hsm);
    if (getenv("P11_KIT_SERVER_ADDRESS") != NULL)
        token_generate(&remote);
}

int main(void)
{
    static const struct bench_contender contenders[] = {
        {"libcrypto in process", crypto_begin, crypto_once, crypto_end},
        {"clrc", clrc_begin, clrc_once, clrc_end},
        {"SoftHSM2 in process", soft_begin, token_once, token_end},
        {"SoftHSM2 behind p11-kit server", remote_begin, token_once, token_end},
    };
    static const double least[] = {1.0, 0, 1.0, 4.0};
    size_t n = getenv("P11_KIT_SERVER_ADDRESS") != NULL ? 4 : 3;
    make_keys();
    for (unsigned threads = 1; threads <= BENCH_THREADS_MAX; threads *= 2) {
        struct bench_result results[BENCH_CONTENDERS_MAX] = {0};
        bench_run(contenders, n, threads, 0.5, results);
        for (size_t c = 0; c < n; c++) {
            char id[96] = {0};
            if (c == 1)
                continue;
            snprintf(id, sizeof id, "ECDSA P-256 sign, %u thread%s", threads,
                     threads > 1 ? "s" : "");
            double target = c != 0 ? least[c] : threads == 1 ? 0.80 : 0.72;
            bench_print(&(struct bench_row){.id = id,
                                            .unit = "signatures/s",
                                            .value = results[1].rate,
                                            .peer = contenders[c].name,
                                            .peer_value = results[c].rate,
                                            .target = target});
        }
        if (threads == BENCH_THREADS_MAX)
            bench_print(&(struct bench_row){.id = "fairness, 8 threads",
                                            .unit = "signatures/s of the slowest",
                                            .value = results[1].fairest,
                                            .peer = "the fastest thread",
                                            .peer_value = 1,
                                            .target = 0.8});
    }
    return EXIT_SUCCESS;
}
