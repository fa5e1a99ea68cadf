/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/tls_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "bench/bench.h"

static struct sockaddr_in address = {.sin_family = AF_INET};

X509 *bench_tls_certify(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : subject);
    X509_set_pubkey(certificate, key);
    if (X509_sign(certificate, issuer != NULL ? issuer_key : key, EVP_sha256()) <= 0)
        bench_die("no certificate for %s", name);
    return certificate;
}

SSL_CTX *bench_tls_context(const SSL_METHOD *method, EVP_PKEY *key, X509 *certificate)
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

void bench_tls_trust(SSL_CTX *context, X509 *issuer)
{
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), issuer);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

/* The octet tells the client that its certificate was accepted. */
static void serve(int listener, SSL_CTX *context)
{
    static const char octet = BENCH_TLS_OCTET;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            _exit(EXIT_FAILURE);
        SSL *tls = SSL_new(context);
        SSL_set_fd(tls, fd);
        if (SSL_accept(tls) == 1)
            (void)SSL_write(tls, &octet, 1);
        SSL_free(tls);
        close(fd);
    }
}

pid_t bench_tls_serve(SSL_CTX *context)
{
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        bench_die("no loopback port");
    signal(SIGPIPE, SIG_IGN);
    pid_t child = fork();
    if (child < 0)
        bench_die("no process for the server");
    if (child == 0)
        serve(listener, context);
    return child;
}

void bench_tls_stop(pid_t server)
{
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
}

static int dial(const struct sockaddr_in *to)
{
    static const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
        bench_die("can't connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

int bench_tls_dial(void)
{
    return dial(&address);
}

int bench_tls_dial_port(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return dial(&to);
}

void bench_tls_handshake(SSL_CTX *context, const char *server_name)
{
    char octet = 0;
    int fd = bench_tls_dial();
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    if (server_name != NULL) {
        SSL_set_tlsext_host_name(tls, server_name);
        SSL_set1_host(tls, server_name);
    }
    if (SSL_connect(tls) != 1 || SSL_read(tls, &octet, 1) != 1 || octet != BENCH_TLS_OCTET)
        bench_die("the handshake failed");
    SSL_free(tls);
    close(fd);
}

void bench_tls_end(void *context)
{
    (void)context;
}
