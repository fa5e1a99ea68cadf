/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connect asks of a registry with a million certificates, each with a policy, beside one with a thousand: by itself, and with the
 * P-256 operations that a broker does in the handshake before it asks. Both are SQLite files, filled through the registry's own
 * calls, which stay: 1000.db and 1000000.db. Usage: bench_registry WORK_DIR
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/crowd.h"
#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_policy.h"

#define ACCOUNT "123456789012"
#define FEW 1000u
#define MANY 1000000u
#define STRIDE 7919u /* prime to both numbers */
#define DIGEST_LEN 32u
#define SIGNATURE_MAX 80u
#define ARENA_MAX (1u << 20)
#define DOCUMENT                                                                                   \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:*\","       \
    "\"Resource\":\"*\"}]}"

struct filled {
    struct km_registry *reg;
    struct km_arena *arena;
    unsigned n_certificates;
    unsigned at; /* the certificate asked for last */
};
static struct filled few, many;

static void must(const struct km_registry *reg, km_status status)
{
    if (status != KM_OK)
        bench_die("%s: %s", km_status_name(status), km_registry_err(reg)->text);
}

static void open_file(struct filled *filled, const char *dir)
{
    char url[4096] = {0};
    struct km_err err = {0};
    struct km_registry_config config = {.url = url, .may_create = true};
    (void)snprintf(url, sizeof(url), "sqlite:%s/%u.db", dir, filled->n_certificates);
    if (km_registry_open(&err, &config, &filled->reg) != KM_OK)
        bench_die("%s", err.text);
}

static void fill(struct filled *filled, const char *dir, unsigned n_certificates)
{
    filled->n_certificates = n_certificates;
    filled->arena = km_arena_new(ARENA_MAX);
    open_file(filled, dir);
    must(filled->reg, km_registry_account_create(filled->reg, ACCOUNT, "bench"));
    must(filled->reg, km_registry_policy_create(filled->reg, ACCOUNT, "fleet", DOCUMENT));
    bench_crowd_fill(filled->reg, ACCOUNT, "fleet", n_certificates);
    /* What closes it last brings all from the log into the file, as a registry at rest has it. */
    km_registry_close(filled->reg);
    open_file(filled, dir);
}

/* ---- what a connect asks ---- */

static void *begin_few(unsigned thread)
{
    (void)thread;
    return &few;
}

static void *begin_many(unsigned thread)
{
    (void)thread;
    return &many;
}

static void end(void *thread)
{
    (void)thread;
}

static void ask(void *thread)
{
    struct filled *filled = thread;
    struct km_registry_certificate_state state = {0};
    struct km_registry_policy_list policies = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    filled->at = (filled->at + STRIDE) % filled->n_certificates;
    km_registry_certificate_id(bench_crowd_der(filled->at), id);
    must(filled->reg, km_registry_certificate_state(filled->reg, ACCOUNT, id, &state));
    must(filled->reg,
         km_registry_policy_effective(filled->reg, filled->arena, ACCOUNT, id, NULL, &policies));
    if (state.status != KM_CERTIFICATE_ACTIVE || policies.n_items != 1)
        bench_die("certificate %u came back different", filled->at);
    km_arena_reset(filled->arena);
}

/* ---- with the handshake's work ---- */

static EVP_PKEY *handshake_key;

/* The server signs once, and checks the device's signature and its certificate's. */
static void handshake(void)
{
    static const uint8_t digest[DIGEST_LEN] = {1};
    uint8_t signature[SIGNATURE_MAX] = {0};
    size_t len = sizeof(signature);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(handshake_key, NULL);
    bool is_done = EVP_PKEY_sign_init(ctx) == 1 &&
                   EVP_PKEY_sign(ctx, signature, &len, digest, sizeof(digest)) == 1 &&
                   EVP_PKEY_verify_init(ctx) == 1 &&
                   EVP_PKEY_verify(ctx, signature, len, digest, sizeof(digest)) == 1 &&
                   EVP_PKEY_verify(ctx, signature, len, digest, sizeof(digest)) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!is_done)
        bench_die("libcrypto does not sign");
}

static void connect_once(void *thread)
{
    handshake();
    ask(thread);
}

/* ---- rows ---- */

static void race(const char *id, void (*once)(void *thread), double target)
{
    const struct bench_contender contenders[] = {
        {"a million certificates", begin_many, once, end},
        {"a thousand", begin_few, once, end},
    };
    struct bench_result results[2] = {{0}};
    bench_run(contenders, 2, 1, 1.0, results);
    bench_print(&(struct bench_row){
        .id = id,
        .unit = "us",
        .value = 1e6 / results[0].rate,
        .peer = "registry of 1,000",
        .peer_value = 1e6 / results[1].rate,
        .target = target,
        .at_most = true,
    });
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("usage: bench_registry WORK_DIR");
    handshake_key = EVP_EC_gen("P-256");
    if (handshake_key == NULL)
        bench_die("libcrypto makes no key");
    fill(&few, argv[1], FEW);
    fill(&many, argv[1], MANY);
    race("registry of 1,000,000 certificates, what a connect asks", ask, 0);
    race("the same with the signatures of its handshake", connect_once, 1.2);
    km_registry_close(few.reg);
    km_registry_close(many.reg);
    km_arena_free(few.arena);
    km_arena_free(many.arena);
    EVP_PKEY_free(handshake_key);
    return EXIT_SUCCESS;
}
