/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_host provider|engine KEY CERT THREADS: a TLS server on the loopback whose threads share one SSL_CTX with a key of the service:
 * KEY is a reference file, or a name that the engine loads. Prints its port; answers each request; ends with its input, in order,
 * so that a sanitizer sees all that is still held.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define N_THREADS_MAX 64

static int listener = -1;
static SSL_CTX *context;

/* A request is what comes first; nobody sends one in pieces here. */
static void answer(SSL *tls)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n\r\nan answer\n";
    char request[1024];
    if (SSL_accept(tls) == 1 && SSL_read(tls, request, sizeof(request)) > 0 &&
        SSL_write(tls, text, sizeof(text) - 1) > 0)
        (void)SSL_shutdown(tls);
}

static void *serve(void *unused)
{
    (void)unused;
    for (int fd = 0; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        SSL *tls = SSL_new(context);
        if (tls != NULL && SSL_set_fd(tls, fd) == 1)
            answer(tls);
        SSL_free(tls);
        ERR_clear_error();
        close(fd);
    }
    return NULL;
}

static EVP_PKEY *key_by_engine(const char *name)
{
    ENGINE_load_dynamic();
    ENGINE *engine = ENGINE_by_id("clrc");
    EVP_PKEY *key = NULL;
    if (engine != NULL && ENGINE_init(engine) == 1) {
        key = ENGINE_load_private_key(engine, name, NULL, NULL);
        ENGINE_finish(engine);
    }
    ENGINE_free(engine);
    return key;
}

static bool use_key(const char *door, const char *key)
{
    if (strcmp(door, "provider") == 0)
        return SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    EVP_PKEY *loaded = key_by_engine(key);
    bool done = loaded != NULL && SSL_CTX_use_PrivateKey(context, loaded) == 1;
    EVP_PKEY_free(loaded);
    return done;
}

static bool listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&address, len) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        return false;
    printf("%u\n", ntohs(address.sin_port));
    return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    pthread_t threads[N_THREADS_MAX] = {0};
    size_t n_threads = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if (n_threads == 0 || n_threads > N_THREADS_MAX) {
        fprintf(stderr, "usage: tls_host provider|engine KEY CERT THREADS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* of clients that have gone */
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_file(context, argv[3], SSL_FILETYPE_PEM) != 1 ||
        !use_key(argv[1], argv[2]) || !listen_somewhere()) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    for (size_t i = 0; i < n_threads; i++)
        if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
            return 1;
    while (getchar() != EOF)
        continue;
    shutdown(listener, SHUT_RDWR);
    for (size_t i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    close(listener);
    SSL_CTX_free(context);
    return 0;
}
