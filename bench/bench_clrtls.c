/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 mutual handshakes per second: with everything in the service (the device's key and certificate by name, the server
 * verified there), and with OpenSSL in this process and a key file, against the same server, in turns.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "bench/bench.h"
#include "clrtls.h"

#define SERVER_NAME "localhost"

static struct sockaddr_in address = {.sin_family = AF_INET};
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

static X509 *certify(EVP_PKEY *key, X509 *root, EVP_PKEY *root_key)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"file key", -1,
                               -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(root));
    X509_set_pubkey(certificate, key);
    if (X509_sign(certificate, root_key, EVP_sha256()) <= 0)
        bench_die("can't make a certificate");
    return certificate;
}

static SSL_CTX *context_new(const SSL_METHOD *method, EVP_PKEY *key, X509 *certificate, X509 *root)
{
    SSL_CTX *context = SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1)
        bench_die("key and certificate are refused");
    return context;
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

static int dial(void)
{
    static const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        bench_die("can't connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

/* ---- OpenSSL here ---- */

static void *file_begin(unsigned thread)
{
    (void)thread;
    return file_context;
}

static void file_handshake(void *context)
{
    char octet = 0;
    int fd = dial();
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    SSL_set_tlsext_host_name(tls, SERVER_NAME);
    SSL_set1_host(tls, SERVER_NAME);
    if (SSL_connect(tls) != 1 || SSL_read(tls, &octet, 1) != 1 || octet != 'k')
        bench_die("the handshake failed");
    SSL_free(tls);
    close(fd);
}

static void file_end(void *context)
{
    (void)context;
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
    int fd = dial();
    ClrtlsConnection *tls = NULL;
    if (clrtlsConnectionNew(context, fd, fd, SERVER_NAME, &tls) != CLRC_SUCCESS ||
        clrtlsHandshake(tls) != CLRC_SUCCESS || clrtlsRead(tls, &octet, &length) != CLRC_SUCCESS ||
        octet != 'k')
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
    signal(SIGPIPE, SIG_IGN);
    EVP_PKEY *root_key = read_key(pki, "oem_root_key.pem");
    X509 *root = read_certificate(pki, "oem_root_cert.pem");
    EVP_PKEY *server_key = read_key(pki, "demo/server-prov.key");
    X509 *server_certificate = read_certificate(pki, "demo/server-prov.crt");
    EVP_PKEY *file_key = EVP_EC_gen("P-256");

    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        bench_die("no loopback port");
    SSL_CTX *server = context_new(TLS_server_method(), server_key, server_certificate, root);
    pid_t child = fork();
    if (child == 0)
        serve(listener, server);
    file_context =
        context_new(TLS_client_method(), file_key, certify(file_key, root, root_key), root);

    static const struct bench_contender contenders[] = {
        {"OpenSSL in the program with a key file", file_begin, file_handshake, file_end},
        {"TLS in the service", service_begin, service_handshake, service_end},
    };
    struct bench_result results[2] = {0};
    bench_run(contenders, 2, 1, 1.0, results);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    bench_print(&(struct bench_row){.id = "TLS 1.3 mutual handshakes through clrtls",
                                    .unit = "handshakes/s",
                                    .value = results[1].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.6});
    return EXIT_SUCCESS;
}
