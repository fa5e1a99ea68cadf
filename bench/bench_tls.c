/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 mutual handshakes per second of one client, with its key in the service (through the provider
 * in the directory given) and in a key file, against the same server, in turns, in one process.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/store.h>

#include "bench/bench.h"
#include "clrc.h"

static struct sockaddr_in address = {.sin_family = AF_INET};
static SSL_CTX *file_context;
static SSL_CTX *service_context;

static X509 *self_signed(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    if (X509_sign(certificate, key, EVP_sha256()) <= 0)
        bench_die("no certificate for %s", name);
    return certificate;
}

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

static SSL_CTX *context_new(const SSL_METHOD *method, EVP_PKEY *key, X509 *certificate)
{
    SSL_CTX *context = SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    if (SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1)
        bench_die("key and certificate are refused");
    return context;
}

static void trust(SSL_CTX *context, X509 *certificate)
{
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

/* Answers one octet after each handshake, so that the client knows its certificate was accepted. */
static void serve(int listener, SSL_CTX *context)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            _exit(EXIT_FAILURE);
        SSL *tls = SSL_new(context);
        SSL_set_fd(tls, fd);
        if (SSL_accept(tls) == 1)
            (void)SSL_write(tls, "k", 1);
        SSL_free(tls);
        close(fd);
    }
}

static void *context_begin(SSL_CTX *context)
{
    return context;
}

static void *file_begin(unsigned thread)
{
    (void)thread;
    return context_begin(file_context);
}

static void *service_begin(unsigned thread)
{
    (void)thread;
    return context_begin(service_context);
}

static void handshake(void *context)
{
    char octet = 0;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        bench_die("can't connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    if (SSL_connect(tls) != 1 || SSL_read(tls, &octet, 1) != 1 || octet != 'k')
        bench_die("the handshake failed");
    SSL_free(tls);
    close(fd);
}

static void nothing(void *context)
{
    (void)context;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("usage: bench_tls PROVIDER_DIR");
    signal(SIGPIPE, SIG_IGN);
    OSSL_PROVIDER_set_default_search_path(NULL, argv[1]);
    if (OSSL_PROVIDER_load(NULL, "default") == NULL || OSSL_PROVIDER_load(NULL, "clrc") == NULL)
        bench_die("the provider in %s does not load", argv[1]);
    EVP_PKEY *server_key = EVP_EC_gen("P-256");
    EVP_PKEY *file_key = EVP_EC_gen("P-256");
    EVP_PKEY *tee_key = service_key();
    X509 *server_certificate = self_signed(server_key, "server");
    X509 *file_certificate = self_signed(file_key, "file key");
    X509 *tee_certificate = self_signed(tee_key, "service key");

    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        bench_die("no loopback port");
    SSL_CTX *server = context_new(TLS_server_method(), server_key, server_certificate);
    trust(server, file_certificate);
    trust(server, tee_certificate);
    pid_t child = fork();
    if (child == 0)
        serve(listener, server);

    file_context = context_new(TLS_client_method(), file_key, file_certificate);
    service_context = context_new(TLS_client_method(), tee_key, tee_certificate);
    trust(file_context, server_certificate);
    trust(service_context, server_certificate);
    static const struct bench_contender contenders[] = {
        {"the same client with a key file", file_begin, handshake, nothing},
        {"key in the service", service_begin, handshake, nothing},
    };
    struct bench_result results[2] = {0};
    bench_run(contenders, 2, 1, 1.0, results);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    bench_print(&(struct bench_row){.id = "TLS 1.3 mutual handshakes",
                                    .unit = "handshakes/s",
                                    .value = results[1].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.85});
    return EXIT_SUCCESS;
}
