/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_doors PROVIDER_DIR: signatures per second by OpenSSL's EVP with named keys of the service, through the provider and through
 * the engine, beside a key of OpenSSL's own, in turns. The keys bench-ec and bench-rsa are there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>

#include "bench/bench.h"

static EVP_PKEY *keys[3]; /* software, provider, engine */

static EVP_PKEY *by_provider(const char *name)
{
    char uri[64] = "";
    EVP_PKEY *key = NULL;
    (void)snprintf(uri, sizeof(uri), "clrc:%s", name);
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

static EVP_PKEY *by_engine(const char *name)
{
    static ENGINE *engine;
    if (engine == NULL) {
        ENGINE_load_dynamic();
        engine = ENGINE_by_id("clrc");
        if (engine == NULL || ENGINE_init(engine) != 1)
            bench_die("the engine does not load");
    }
    return ENGINE_load_private_key(engine, name, NULL, NULL);
}

static void *begin_with(EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) != 1)
        bench_die("a key does not sign");
    return ctx;
}

static void *begin_software(unsigned thread)
{
    (void)thread;
    return begin_with(keys[0]);
}

static void *begin_provider(unsigned thread)
{
    (void)thread;
    return begin_with(keys[1]);
}

static void *begin_engine(unsigned thread)
{
    (void)thread;
    return begin_with(keys[2]);
}

static void sign(void *state)
{
    static const unsigned char message[64] = {1};
    unsigned char sig[512] = {0};
    size_t len = sizeof(sig);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_MD_CTX_copy_ex(ctx, state) != 1 ||
        EVP_DigestSign(ctx, sig, &len, message, sizeof(message)) != 1)
        bench_die("no signature");
    EVP_MD_CTX_free(ctx);
}

static void end(void *state)
{
    EVP_MD_CTX_free(state);
}

static void measure(const char *what, const char *name, EVP_PKEY *software)
{
    static const struct bench_contender contenders[] = {
        {"OpenSSL with a key of its own", begin_software, sign, end},
        {"provider", begin_provider, sign, end},
        {"engine", begin_engine, sign, end},
    };
    struct bench_result results[3] = {0};
    keys[0] = software;
    keys[1] = by_provider(name);
    keys[2] = by_engine(name);
    for (size_t i = 0; i < 3; i++)
        if (keys[i] == NULL)
            bench_die("no key %s from the %s", name, contenders[i].name);
    bench_run(contenders, 3, 1, 1.0, results);
    for (size_t i = 1; i < 3; i++) {
        char id[64] = "";
        (void)snprintf(id, sizeof(id), "%s by OpenSSL through the %s", what, contenders[i].name);
        bench_print(&(struct bench_row){.id = id,
                                        .unit = "signatures/s",
                                        .value = results[i].rate,
                                        .peer = contenders[0].name,
                                        .peer_value = results[0].rate});
    }
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(keys[i]);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("usage: bench_doors PROVIDER_DIR");
    OSSL_PROVIDER_set_default_search_path(NULL, argv[1]);
    if (OSSL_PROVIDER_load(NULL, "default") == NULL || OSSL_PROVIDER_load(NULL, "clrc") == NULL)
        bench_die("the provider in %s does not load", argv[1]);
    measure("ECDSA P-256 signature", "bench-ec", EVP_EC_gen("P-256"));
    measure("RSA-2048 signature", "bench-rsa", EVP_RSA_gen(2048));
    return EXIT_SUCCESS;
}
