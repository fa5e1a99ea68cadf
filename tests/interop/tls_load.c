/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_load PORT CA THREADS: requests to a TLS server on the loopback, each with a full handshake on a connection of its own, TLS 1.2
 * and 1.3 in turns, as fast as they are answered, until its input ends. Orders, a line each, are answered with the same word:
 *   away    the server's keys are about to go away
 *   back    they are there again
 *   report  followed by the numbers so far
 * A request runs from before connect to the end of the answer. One that failed is excused when it ran at some moment between an
 * away and the back after it: it was cut, or began when there was no key. Every other failure counts, and so does each request
 * that took TIMEOUT_S, excused or not. Ends with 0 when none counted and some succeeded, after
 * the last back as well.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define TIMEOUT_S 10
#define N_THREADS_MAX 64
#define N_WINDOWS_MAX 64
#define N_FAILURES_MAX 65536

struct span {
    uint64_t begin, end; /* CLOCK_MONOTONIC, ns; end UINT64_MAX: not over */
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static SSL_CTX *client;
static atomic_bool stop;
static atomic_ulong n_good, n_hung;
static atomic_uint_fast64_t last_good, longest_ns;

/* Written by the thread that reads orders. */
static struct span windows[N_WINDOWS_MAX];
static size_t n_windows;

static pthread_mutex_t failures_lock = PTHREAD_MUTEX_INITIALIZER;
static struct span failures[N_FAILURES_MAX];
static size_t n_failures;

static uint64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Both directions give up after TIMEOUT_S without progress. */
static int dial(void)
{
    static const struct timeval limit = {.tv_sec = TIMEOUT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (const struct sockaddr *)&server, sizeof(server)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The answer is whole when it has its good first line and the server says that it has nothing more. */
static bool converse(SSL *tls)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    static const char good[] = "HTTP/1.1 200 ";
    char answer[4096] = {0};
    size_t len = 0;
    int n = SSL_connect(tls) == 1 && SSL_write(tls, request, sizeof(request) - 1) > 0;
    while (n > 0 && len < sizeof(answer) - 1) {
        n = SSL_read(tls, answer + len, (int)(sizeof(answer) - 1 - len));
        len += n > 0 ? (size_t)n : 0;
    }
    return strncmp(answer, good, sizeof(good) - 1) == 0 &&
           SSL_get_error(tls, n) == SSL_ERROR_ZERO_RETURN;
}

static bool request(int version)
{
    int fd = dial();
    if (fd < 0)
        return false;
    SSL *tls = SSL_new(client);
    bool done = tls != NULL && SSL_set_max_proto_version(tls, version) == 1 &&
                SSL_set_fd(tls, fd) == 1 && converse(tls);
    SSL_free(tls);
    ERR_clear_error();
    close(fd);
    return done;
}

static void note_longest(uint64_t took)
{
    uint64_t longest = atomic_load(&longest_ns);
    while (took > longest && !atomic_compare_exchange_weak(&longest_ns, &longest, took))
        continue;
}

static void note_failure(struct span span)
{
    pthread_mutex_lock(&failures_lock);
    if (n_failures < N_FAILURES_MAX)
        failures[n_failures] = span;
    n_failures++;
    pthread_mutex_unlock(&failures_lock);
}

static void *run(void *unused)
{
    (void)unused;
    for (unsigned i = 0; !atomic_load(&stop); i++) {
        struct span span = {.begin = now_ns()};
        bool done = request(i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
        span.end = now_ns();
        note_longest(span.end - span.begin);
        if (span.end - span.begin >= TIMEOUT_S * UINT64_C(1000000000))
            atomic_fetch_add(&n_hung, 1);
        if (done) {
            atomic_fetch_add(&n_good, 1);
            atomic_store(&last_good, span.begin);
        } else {
            note_failure(span);
        }
    }
    return NULL;
}

static bool ran_in(const struct span *request, const struct span *window)
{
    return request->begin <= window->end && request->end >= window->begin;
}

struct tally {
    size_t cut;     /* began before the keys were away, failed in the window */
    size_t without; /* began in the window */
    size_t counted;
};

static void classify(const struct span *failure, struct tally *ret)
{
    for (size_t i = 0; i < n_windows; i++) {
        if (!ran_in(failure, &windows[i]))
            continue;
        if (failure->begin < windows[i].begin)
            ret->cut++;
        else
            ret->without++;
        return;
    }
    ret->counted++;
}

/* What found no room counts. */
static struct tally tally(void)
{
    struct tally ret = {0};
    pthread_mutex_lock(&failures_lock);
    size_t kept = n_failures < N_FAILURES_MAX ? n_failures : N_FAILURES_MAX;
    ret.counted = n_failures - kept;
    for (size_t i = 0; i < kept; i++)
        classify(&failures[i], &ret);
    pthread_mutex_unlock(&failures_lock);
    return ret;
}

static unsigned long ms(uint64_t ns)
{
    return (unsigned long)(ns / 1000000);
}

static void report(void)
{
    struct tally sum = tally();
    uint64_t away = 0;
    for (size_t i = 0; i < n_windows && windows[i].end != UINT64_MAX; i++)
        away += windows[i].end - windows[i].begin;
    printf("report good=%lu cut=%zu without=%zu failed=%zu hung=%lu away_ms=%lu longest_ms=%lu\n",
           atomic_load(&n_good), sum.cut, sum.without, sum.counted, atomic_load(&n_hung), ms(away),
           ms(atomic_load(&longest_ns)));
}

static bool obey(const char *order)
{
    bool is_open = n_windows > 0 && windows[n_windows - 1].end == UINT64_MAX;
    if (strcmp(order, "report\n") == 0) {
        report();
    } else if (strcmp(order, "away\n") == 0 && !is_open && n_windows < N_WINDOWS_MAX) {
        windows[n_windows++] = (struct span){.begin = now_ns(), .end = UINT64_MAX};
        puts("away");
    } else if (strcmp(order, "back\n") == 0 && is_open) {
        windows[n_windows - 1].end = now_ns();
        puts("back");
    } else {
        return false;
    }
    return fflush(stdout) == 0;
}

static bool prepare(const char *port, const char *ca)
{
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    signal(SIGPIPE, SIG_IGN);
    client = SSL_CTX_new(TLS_client_method());
    if (client == NULL || SSL_CTX_load_verify_locations(client, ca, NULL) != 1)
        return false;
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_OFF);
    return true;
}

int main(int argc, char **argv)
{
    pthread_t threads[N_THREADS_MAX] = {0};
    char order[16] = {0};
    size_t n_threads = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (n_threads == 0 || n_threads > N_THREADS_MAX || !prepare(argv[1], argv[2])) {
        fprintf(stderr, "usage: tls_load PORT CA THREADS\n");
        return 2;
    }
    for (size_t i = 0; i < n_threads; i++)
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            return 2;
    bool obeyed = true;
    while (obeyed && fgets(order, sizeof(order), stdin) != NULL)
        obeyed = obey(order);
    atomic_store(&stop, true);
    for (size_t i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    report();
    SSL_CTX_free(client);
    bool ends_well = atomic_load(&n_good) > 0 &&
                     (n_windows == 0 || atomic_load(&last_good) > windows[n_windows - 1].end);
    return obeyed && ends_well && tally().counted == 0 && atomic_load(&n_hung) == 0 ? 0 : 1;
}
