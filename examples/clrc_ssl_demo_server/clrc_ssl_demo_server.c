/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc_ssl_demo_server: the other side of the TLS demonstrations. Plain OpenSSL with keys in files: it stands for a
 * server somewhere else, which knows nothing of the trusted service. Both sides show certificates.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "demo_conf.h"

#define ANSWER "Hi from server!"
#define CHAT_MAX 256
#define PATIENCE_S 10 /* a client that says nothing keeps the others waiting no longer */

static struct demo_conf_key conf[] = {
    {"host", "127.0.0.1", 1}, {"port", "", 1},    {"key_file", "", 1},
    {"cert_file", "", 1},     {"ca_file", "", 1},
};
#define N_CONF (sizeof(conf) / sizeof(conf[0]))

static const char *conf_value(const char *name)
{
    return demo_conf_get(conf, N_CONF, name);
}

static int complain(const char *what, const char *name)
{
    fprintf(stderr, "clrc_ssl_demo_server: %s %s\n", what, name);
    ERR_print_errors_fp(stderr);
    return -1;
}

/* ---- setting up ---- */

static int set_up_tls(SSL_CTX *ctx)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, conf_value("cert_file")) != 1)
        return complain("can't use the certificate", conf_value("cert_file"));
    if (SSL_CTX_use_PrivateKey_file(ctx, conf_value("key_file"), SSL_FILETYPE_PEM) != 1)
        return complain("can't use the private key", conf_value("key_file"));
    if (SSL_CTX_load_verify_locations(ctx, conf_value("ca_file"), NULL) != 1)
        return complain("can't use the authority", conf_value("ca_file"));
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(conf_value("ca_file"));
    if (names == NULL)
        return complain("can't use the authority", conf_value("ca_file"));
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"demo", 4) != 1)
        return complain("can't set up", "TLS");
    return 0;
}

static int listen_at(const struct addrinfo *place)
{
    const int on = 1;
    int fd = socket(place->ai_family, place->ai_socktype | SOCK_CLOEXEC, place->ai_protocol);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, place->ai_addr, place->ai_addrlen) != 0 || listen(fd, 16) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_listener(void)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *place = NULL;
    int rc = getaddrinfo(conf_value("host"), conf_value("port"), &hints, &place);
    if (rc != 0)
        return complain(gai_strerror(rc), conf_value("host"));
    int fd = listen_at(place);
    freeaddrinfo(place);
    if (fd < 0)
        return complain(strerror(errno), conf_value("port"));
    return fd;
}

/* ---- one client ---- */

static const char *name_of(int error)
{
    switch (error) {
    case SSL_ERROR_ZERO_RETURN:
        return "SSL_ERROR_ZERO_RETURN";
    case SSL_ERROR_WANT_READ:
        return "SSL_ERROR_WANT_READ";
    case SSL_ERROR_WANT_WRITE:
        return "SSL_ERROR_WANT_WRITE";
    case SSL_ERROR_SYSCALL:
        return "SSL_ERROR_SYSCALL";
    default:
        return "SSL_ERROR_SSL";
    }
}

/* What came from outside goes to a terminal: printable characters of it only. */
static void print_chat(const char *chat, int len)
{
    printf("Got chat: ");
    for (int i = 0; i < len; i++)
        if (isprint((unsigned char)chat[i]))
            putchar(chat[i]);
    putchar('\n');
}

static void chat(SSL *ssl)
{
    char text[CHAT_MAX] = {0};
    int n = 0;
    while ((n = SSL_read(ssl, text, sizeof(text))) > 0) {
        print_chat(text, n);
        if (SSL_write(ssl, ANSWER, (int)strlen(ANSWER)) <= 0) {
            printf("Ssl_write: %s\n", name_of(SSL_get_error(ssl, -1)));
            return;
        }
        printf("Sent chat: %s\n", ANSWER);
    }
    int error = SSL_get_error(ssl, n);
    printf("Ssl_read: %s\n", name_of(error));
    if (error == SSL_ERROR_ZERO_RETURN)
        SSL_shutdown(ssl);
}

static void serve(SSL_CTX *ctx, int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    SSL *ssl = SSL_new(ctx);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        complain("no memory for a", "connection");
    else if (SSL_accept(ssl) != 1)
        complain("a client was turned away:",
                 X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
    else
        chat(ssl);
    ERR_clear_error();
    SSL_free(ssl);
    close(fd);
    fflush(stdout);
}

static int run(SSL_CTX *ctx)
{
    int listener = set_up_tls(ctx) == 0 ? open_listener() : -1;
    if (listener < 0)
        return EXIT_FAILURE;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(ctx, fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            break;
    }
    complain("can't accept:", strerror(errno));
    close(listener);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *file = "demo_server.conf";
    for (int option = 0; (option = getopt(argc, argv, "f:h")) != -1;) {
        if (option != 'f') {
            fprintf(option == 'h' ? stdout : stderr,
                    "Usage: clrc_ssl_demo_server [-f FILE]   (demo_server.conf)\n");
            return option == 'h' ? EXIT_SUCCESS : 2;
        }
        file = optarg;
    }
    if (demo_conf_read(file, conf, N_CONF) != 0)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return complain("can't set up", "TLS") == 0;
    int status = run(ctx);
    SSL_CTX_free(ctx);
    return status;
}
