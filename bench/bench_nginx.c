/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_nginx CA KIND FILE-PORT FILE-PID SERVICE-PORT SERVICE-PID KEYMOORD-PID: full TLS 1.3 handshakes per second of two servers that
 * differ in where their key is, by the same four clients, in turns. A handshake is over for the client when it has checked the
 * server's signature. Beside the rate the processor time of a handshake, of clients, server and service together: on a machine that
 * others use, a chain of more processes gets a larger share of it, and the rates flatter the service.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/tls_peer.h"

#define N_CLIENTS 4

struct place {
    uint16_t port;
    long pids[3]; /* of the server, this program and keymoord */
    atomic_ulong n;
    double cpu_s, cpu_at_begin;
};

static SSL_CTX *client;
static struct place file, service;

static double cpu_s(const struct place *place)
{
    double sum = 0;
    for (size_t i = 0; i < sizeof(place->pids) / sizeof(place->pids[0]); i++)
        sum += bench_tree_cpu_s(place->pids[i]);
    return sum;
}

static void *begin(struct place *place, unsigned thread)
{
    if (thread == 0)
        place->cpu_at_begin = cpu_s(place);
    return place;
}

static void *file_begin(unsigned thread)
{
    return begin(&file, thread);
}

static void *service_begin(unsigned thread)
{
    return begin(&service, thread);
}

/* Each thread's end brings the sum up to date. */
static void end(void *state)
{
    struct place *place = state;
    double now = cpu_s(place);
    place->cpu_s += now - place->cpu_at_begin;
    place->cpu_at_begin = now;
}

static void handshake(void *state)
{
    struct place *place = state;
    int fd = bench_tls_dial_port(place->port);
    SSL *tls = SSL_new(client);
    SSL_set_fd(tls, fd);
    if (SSL_connect(tls) != 1)
        bench_die("the handshake failed");
    (void)SSL_shutdown(tls);
    SSL_free(tls);
    close(fd);
    atomic_fetch_add(&place->n, 1);
}

static void prepare(char **argv)
{
    long keymoord = strtol(argv[7], NULL, 10);
    struct place *places[] = {&file, &service};
    for (size_t i = 0; i < 2; i++) {
        places[i]->port = (uint16_t)strtoul(argv[3 + 2 * i], NULL, 10);
        places[i]->pids[0] = strtol(argv[4 + 2 * i], NULL, 10);
        places[i]->pids[1] = getpid();
        places[i]->pids[2] = keymoord;
    }
    client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(client, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_load_verify_locations(client, argv[1], NULL) != 1)
        bench_die("no certificates in %s", argv[1]);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
}

static double us_of_one(struct place *place)
{
    return place->cpu_s * 1e6 / (double)atomic_load(&place->n);
}

int main(int argc, char **argv)
{
    if (argc != 8)
        bench_die(
            "usage: bench_nginx CA KIND FILE-PORT FILE-PID SERVICE-PORT SERVICE-PID KEYMOORD-PID");
    prepare(argv);
    static const struct bench_contender contenders[] = {
        {"nginx with a key file", file_begin, handshake, end},
        {"nginx with a key in the service", service_begin, handshake, end},
    };
    struct bench_result results[2] = {0};
    char id[80] = "";
    bench_run(contenders, 2, N_CLIENTS, 2.0, results);
    (void)snprintf(id, sizeof(id), "TLS 1.3 handshakes of nginx, %s", argv[2]);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "handshakes/s",
                                    .value = results[1].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.85});
    (void)snprintf(id, sizeof(id), "processor time of one, all together, %s", argv[2]);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "us",
                                    .value = us_of_one(&service),
                                    .peer = contenders[0].name,
                                    .peer_value = us_of_one(&file),
                                    .target = 1 / 0.85,
                                    .at_most = true});
    return EXIT_SUCCESS;
}
