/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 mutual handshakes per second: with everything in the service (the device's key and certificate by name, the server
 * verified there), and with OpenSSL in this process and a key file, against the same server, in turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "bench/bench.h"
#include "bench/tls_peer.h"
#include "clrtls.h"

#define SERVER_NAME "localhost"

static SSL_CTX *file_context;

static FILE *open_in(const char *pki, const char *name)
{
    char path[512] = "";
    (void)snprintf(path, sizeof(path), "%s/%s", pki, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        bench_die("can't open %s", path);
    return file;
}

static EVP_PKEY *read_key(const char *pki, const char *name)
{
    FILE *file = open_in(pki, name);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (key == NULL)
        bench_die("no key in %s", name);
    return key;
}

static X509 *read_certificate(const char *pki, const char *name)
{
    FILE *file = open_in(pki, name);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    if (certificate == NULL)
        bench_die("no certificate in %s", name);
    return certificate;
}

/* ---- OpenSSL here ---- */

static void *file_begin(unsigned thread)
{
    (void)thread;
    return file_context;
}

static void file_handshake(void *context)
{
    bench_tls_handshake(context, SERVER_NAME);
}

/* ---- all of it in the service ---- */

static void *service_begin(unsigned thread)
{
    ClrtlsContext *context = NULL;
    (void)thread;
    if (clrtlsContextNew(CLRTLS_CLIENT, &context) != CLRC_SUCCESS ||
        clrtlsSetIdentity(context, "com.seqlabs.oem_device_key", "com.seqlabs.oem_device_cert") !=
            CLRC_SUCCESS ||
        clrtlsSetVersions(context, CLRTLS_VERSION_1_3, CLRTLS_VERSION_1_3) != CLRC_SUCCESS ||
        clrtlsSetResumption(context, 0) != CLRC_SUCCESS)
        bench_die("%s", clrtlsLastError());
    return context;
}

static void service_handshake(void *context)
{
    char octet = 0;
    uint32_t length = 1;
    int fd = bench_tls_dial();
    ClrtlsConnection *tls = NULL;
    if (clrtlsConnectionNew(context, fd, fd, SERVER_NAME, &tls) != CLRC_SUCCESS ||
        clrtlsHandshake(tls) != CLRC_SUCCESS || clrtlsRead(tls, &octet, &length) != CLRC_SUCCESS ||
        octet != BENCH_TLS_OCTET)
        bench_die("%s", clrtlsLastError());
    clrtlsConnectionFree(tls);
    close(fd);
}

static void service_end(void *context)
{
    clrtlsContextFree(context);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("usage: bench_clrtls PKI_DIR");
    const char *pki = argv[1];
    EVP_PKEY *root_key = read_key(pki, "oem_root_key.pem");
    X509 *root = read_certificate(pki, "oem_root_cert.pem");
    EVP_PKEY *server_key = read_key(pki, "demo/server-prov.key");
    X509 *server_certificate = read_certificate(pki, "demo/server-prov.crt");
    EVP_PKEY *file_key = EVP_EC_gen("P-256");

    SSL_CTX *server = bench_tls_context(TLS_server_method(), server_key, server_certificate);
    bench_tls_trust(server, root);
    pid_t child = bench_tls_serve(server);
    file_context = bench_tls_context(TLS_client_method(), file_key,
                                     bench_tls_certify(file_key, "file key", root, root_key));
    bench_tls_trust(file_context, root);

    static const struct bench_contender contenders[] = {
        {"OpenSSL in the program with a key file", file_begin, file_handshake, bench_tls_end},
        {"TLS in the service", service_begin, service_handshake, service_end},
    };
    struct bench_result results[2] = {0};
    bench_run(contenders, 2, 1, 1.0, results);
    bench_tls_stop(child);
    bench_print(&(struct bench_row){.id = "TLS 1.3 mutual handshakes through clrtls",
                                    .unit = "handshakes/s",
                                    .value = results[1].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.6});
    return EXIT_SUCCESS;
}
