/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc_ssl_demo_client: a TLS client of OpenSSL's whose cryptography is done in the trusted service. It loads the engine,
 * makes it the default for everything, and from there on is a client like any other.
 */
#include <netdb.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clrc_util.h"
#include "demo_conf.h"

#define GREETING "Hi from client!"
#define CHAT_MAX 256
#define PATIENCE_S 30
#define KEY_SCHEME "clrc:"

static struct demo_conf_key conf[] = {
    {"host", "localhost", 1}, {"port", "", 1},      {"engine", "./libclrc.so", 1},
    {"key_file", "", 1},      {"cert_file", "", 1}, {"ca_file", "", 1},
};
#define N_CONF (sizeof(conf) / sizeof(conf[0]))

static const char *conf_value(const char *name)
{
    return demo_conf_get(conf, N_CONF, name);
}

static int complain(const char *what, const char *name)
{
    fflush(stdout);
    fprintf(stderr, "clrc_ssl_demo_client: %s %s\n", what, name);
    ERR_print_errors_fp(stderr);
    return -1;
}

/* ---- what -p prints ---- */

static int print_engine_ciphers(void)
{
    const int *nids = NULL;
    ENGINE *engine = ENGINE_get_cipher_engine(NID_aes_256_gcm);
    if (engine == NULL)
        return complain("there is no engine for", "ciphers");
    int n = ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0);
    printf("%s cipher list\n", ENGINE_get_id(engine));
    for (int i = 0; i < n; i++)
        printf("    %s\n", OBJ_nid2sn(nids[i]));
    ENGINE_finish(engine);
    return 0;
}

static int print_suites(const SSL_CTX *ctx)
{
    STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(ctx);
    printf("Available TLS suites\n");
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++)
        printf("    %s\n", SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i)));
    return print_engine_ciphers();
}

/* ---- setting up ---- */

/* A key in the service stands in the configuration by its name. */
static EVP_PKEY *load_named_key(const char *name)
{
    ENGINE *engine = ENGINE_get_digest_engine(NID_sha256);
    if (engine == NULL)
        return NULL;
    EVP_PKEY *key = ENGINE_load_private_key(engine, name, NULL, NULL);
    ENGINE_finish(engine);
    return key;
}

static int use_key(SSL_CTX *ctx)
{
    const char *name = conf_value("key_file");
    if (strncmp(name, KEY_SCHEME, strlen(KEY_SCHEME)) != 0)
        return SSL_CTX_use_PrivateKey_file(ctx, name, SSL_FILETYPE_PEM);
    EVP_PKEY *key = load_named_key(name);
    int done = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    return done;
}

static int set_up_tls(SSL_CTX *ctx)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, conf_value("cert_file")) != 1)
        return complain("can't use the certificate", conf_value("cert_file"));
    if (use_key(ctx) != 1)
        return complain("can't use the private key", conf_value("key_file"));
    if (SSL_CTX_load_verify_locations(ctx, conf_value("ca_file"), NULL) != 1)
        return complain("can't use the authority", conf_value("ca_file"));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
        return complain("can't set up", "TLS");
    return 0;
}

static int connect_to(const struct addrinfo *place)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    for (; place != NULL; place = place->ai_next) {
        int fd = socket(place->ai_family, place->ai_socktype | SOCK_CLOEXEC, place->ai_protocol);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        if (connect(fd, place->ai_addr, place->ai_addrlen) == 0)
            return fd;
        close(fd);
    }
    return -1;
}

static int open_connection(void)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *places = NULL;
    int rc = getaddrinfo(conf_value("host"), conf_value("port"), &hints, &places);
    if (rc != 0)
        return complain(gai_strerror(rc), conf_value("host"));
    int fd = connect_to(places);
    freeaddrinfo(places);
    return fd >= 0 ? fd : complain("nobody listens at port", conf_value("port"));
}

/* ---- the chat ---- */

static int chat(SSL *ssl)
{
    char answer[CHAT_MAX + 1] = "";
    if (SSL_write(ssl, GREETING, (int)strlen(GREETING)) <= 0)
        return complain("can't send", "the greeting");
    int n = SSL_read(ssl, answer, CHAT_MAX);
    if (n <= 0)
        return complain("there was", "no answer");
    answer[n] = '\0';
    printf("Got chat response: %s\n", answer);
    SSL_shutdown(ssl);
    return 0;
}

static int run(SSL_CTX *ctx)
{
    int rc = -1;
    printf("Starting SSL test\n");
    int fd = open_connection();
    if (fd < 0)
        return -1;
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL || SSL_set1_host(ssl, conf_value("host")) != 1 ||
        SSL_set_tlsext_host_name(ssl, conf_value("host")) != 1 || SSL_set_fd(ssl, fd) != 1)
        complain("no memory for a", "connection");
    else if (SSL_connect(ssl) != 1)
        complain("the handshake failed:",
                 X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
    else
        rc = chat(ssl);
    SSL_free(ssl);
    close(fd);
    return rc;
}

int main(int argc, char **argv)
{
    const char *file = "demo_client.conf";
    int prints = 0;
    for (int option = 0; (option = getopt(argc, argv, "f:ph")) != -1;) {
        if (option == 'f') {
            file = optarg;
        } else if (option == 'p') {
            prints = 1;
        } else {
            fprintf(option == 'h' ? stdout : stderr,
                    "Usage: clrc_ssl_demo_client [-p] [-f FILE]   (demo_client.conf)\n");
            return option == 'h' ? EXIT_SUCCESS : 2;
        }
    }
    if (demo_conf_read(file, conf, N_CONF) != 0)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    printf("CoreLockr Cipher Probe started\n");
    if (clrcLoadEngine(conf_value("engine"), ENGINE_METHOD_ALL, 1) != 1) {
        complain("can't load the engine", conf_value("engine"));
        return EXIT_FAILURE;
    }
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int rc = ctx == NULL ? complain("can't set up", "TLS") : set_up_tls(ctx);
    if (rc == 0 && prints)
        rc = print_suites(ctx);
    if (rc == 0)
        rc = run(ctx);
    SSL_CTX_free(ctx);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
