/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 mutual handshakes per second of one client, with its key in the service (through the provider
 * in the directory given) and in a key file, against the same server, in turns, in one process.
 */
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include "bench/bench.h"
#include "bench/tls_peer.h"
#include "clrc.h"

static SSL_CTX *file_context;
static SSL_CTX *service_context;

static EVP_PKEY *service_key(void)
{
    ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    ClrcKeyHandle made = NULL;
    if (clrcCreateKey(&wish, &made) == CLRC_SUCCESS)
        (void)clrcSaveNamedKey(made, "bench-tls", NULL); /* may be there from before */
    clrcFreeKey(made);
    OSSL_STORE_CTX *store = OSSL_STORE_open("clrc:bench-tls", NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    if (key == NULL)
        bench_die("the provider does not give the key clrc:bench-tls");
    return key;
}

static void *file_begin(unsigned thread)
{
    (void)thread;
    return file_context;
}

static void *service_begin(unsigned thread)
{
    (void)thread;
    return service_context;
}

static void handshake(void *context)
{
    bench_tls_handshake(context, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("usage: bench_tls PROVIDER_DIR");
    OSSL_PROVIDER_set_default_search_path(NULL, argv[1]);
    if (OSSL_PROVIDER_load(NULL, "default") == NULL || OSSL_PROVIDER_load(NULL, "clrc") == NULL)
        bench_die("the provider in %s does not load", argv[1]);
    EVP_PKEY *server_key = EVP_EC_gen("P-256");
    EVP_PKEY *file_key = EVP_EC_gen("P-256");
    EVP_PKEY *tee_key = service_key();
    X509 *server_certificate = bench_tls_certify(server_key, "server", NULL, NULL);
    X509 *file_certificate = bench_tls_certify(file_key, "file key", NULL, NULL);
    X509 *tee_certificate = bench_tls_certify(tee_key, "service key", NULL, NULL);

    SSL_CTX *server = bench_tls_context(TLS_server_method(), server_key, server_certificate);
    bench_tls_trust(server, file_certificate);
    bench_tls_trust(server, tee_certificate);
    pid_t child = bench_tls_serve(server);

    file_context = bench_tls_context(TLS_client_method(), file_key, file_certificate);
    service_context = bench_tls_context(TLS_client_method(), tee_key, tee_certificate);
    bench_tls_trust(file_context, server_certificate);
    bench_tls_trust(service_context, server_certificate);
    static const struct bench_contender contenders[] = {
        {"the same client with a key file", file_begin, handshake, bench_tls_end},
        {"key in the service", service_begin, handshake, bench_tls_end},
    };
    struct bench_result results[2] = {0};
    bench_run(contenders, 2, 1, 1.0, results);
    bench_tls_stop(child);
    bench_print(&(struct bench_row){.id = "TLS 1.3 mutual handshakes",
                                    .unit = "handshakes/s",
                                    .value = results[1].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.85});
    return EXIT_SUCCESS;
}
