/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker CA CERTIFICATE KEY STOCK-PORT STOCK-PID PORT PID: Debian's mosquitto as it is and with the plugin, with the same TLS
 * settings, by the same clients, in turns. A connect runs from TCP to CONNACK, over TLS 1.2; a message goes to the broker
 * and back to its sender, so that it is allowed twice.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/tls_peer.h"

#define N_CLIENTS 4
#define SECONDS 2.0
#define BATCH 50 /* messages that are under way together */
#define PAYLOAD_LEN 128
#define IDLE 500 /* connections, for memory */

struct place {
    uint16_t port;
    long pid;
    atomic_ulong n; /* connects */
    double cpu_s, cpu_at_begin;
};

static SSL_CTX *tls;
static struct place stock, ours;

struct link {
    SSL *ssl;
    int fd;
    unsigned number;
};

static void all(struct link *link, const uint8_t *octets, size_t len)
{
    if (SSL_write(link->ssl, octets, (int)len) != (int)len)
        bench_die("the broker takes nothing");
}

static void take(struct link *link, uint8_t *octets, size_t len)
{
    for (size_t at = 0; at < len;) {
        int n = SSL_read(link->ssl, octets + at, (int)(len - at));
        if (n <= 0)
            bench_die("the broker has closed the connection");
        at += (size_t)n;
    }
}

/* Packets here are shorter than 16384 octets. */
static uint8_t packet(struct link *link, uint8_t *body)
{
    uint8_t head[2] = {0};
    take(link, head, 2);
    size_t len = head[1] & 0x7fu;
    if ((head[1] & 0x80u) != 0) {
        uint8_t more = 0;
        take(link, &more, 1);
        len |= (size_t)(more & 0x7fu) << 7;
    }
    take(link, body, len);
    return (uint8_t)(head[0] >> 4);
}

static void dial(struct link *link, const struct place *place, unsigned number)
{
    static const uint8_t fixed[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 8};
    uint8_t connect[32] = {0x10, sizeof(fixed) + 8};
    uint8_t body[128] = {0};
    link->fd = bench_tls_dial_port(place->port);
    link->ssl = SSL_new(tls);
    link->number = number;
    SSL_set_fd(link->ssl, link->fd);
    if (SSL_connect(link->ssl) != 1)
        bench_die("the handshake failed");
    for (size_t i = 0; i < sizeof(fixed); i++)
        connect[2 + i] = fixed[i];
    (void)snprintf((char *)connect + 2 + sizeof(fixed), 9, "b%07u", number);
    all(link, connect, 2 + sizeof(fixed) + 8);
    if (packet(link, body) != 2 || body[1] != 0)
        bench_die("the broker does not accept the connection");
}

static void hang_up(struct link *link)
{
    static const uint8_t goodbye[] = {0xe0, 0};
    (void)SSL_write(link->ssl, goodbye, sizeof(goodbye));
    (void)SSL_shutdown(link->ssl);
    SSL_free(link->ssl);
    close(link->fd);
}

/* ---- connects ---- */

struct caller {
    struct place *place;
    unsigned number;
};

static void *call_begin(struct place *place, unsigned thread)
{
    struct caller *caller = calloc(1, sizeof(*caller));
    if (caller == NULL)
        bench_die("memory is short");
    if (thread == 0)
        place->cpu_at_begin = bench_tree_cpu_s(place->pid);
    *caller = (struct caller){.place = place, .number = thread};
    return caller;
}

static void *stock_call(unsigned thread)
{
    return call_begin(&stock, thread);
}

static void *our_call(unsigned thread)
{
    return call_begin(&ours, thread);
}

static void call(void *state)
{
    struct caller *caller = state;
    struct link link;
    dial(&link, caller->place, caller->number);
    hang_up(&link);
    atomic_fetch_add(&caller->place->n, 1);
}

/* Each thread's end brings the sum up to date. */
static void call_end(void *state)
{
    struct caller *caller = state;
    double now = bench_tree_cpu_s(caller->place->pid);
    caller->place->cpu_s += now - caller->place->cpu_at_begin;
    caller->place->cpu_at_begin = now;
    free(caller);
}

/* ---- messages ---- */

static struct link *subscribe(const struct place *place, unsigned thread)
{
    struct link *link = calloc(1, sizeof(*link));
    uint8_t request[] = {0x82, 10, 0, 1, 0, 5, 'd', 't', '/', 'x', '0', 1};
    uint8_t body[64] = {0};
    if (link == NULL)
        bench_die("memory is short");
    dial(link, place, thread);
    request[10] = (uint8_t)('0' + thread);
    all(link, request, sizeof(request));
    if (packet(link, body) != 9)
        bench_die("no subscription");
    return link;
}

static void *stock_link(unsigned thread)
{
    return subscribe(&stock, thread);
}

static void *our_link(unsigned thread)
{
    return subscribe(&ours, thread);
}

static void unlink_end(void *state)
{
    hang_up(state);
    free(state);
}

static size_t put_publish(uint8_t *at, unsigned thread, unsigned qos, uint8_t id)
{
    size_t len = 0;
    size_t body = 2 + 5 + (qos > 0 ? 2 : 0) + PAYLOAD_LEN;
    at[len++] = (uint8_t)(0x30 | qos << 1);
    at[len++] = (uint8_t)(body % 128 | 0x80);
    at[len++] = (uint8_t)(body / 128);
    static const uint8_t topic[] = {0, 5, 'd', 't', '/', 'x'};
    for (size_t i = 0; i < sizeof(topic); i++)
        at[len++] = topic[i];
    at[len++] = (uint8_t)('0' + thread);
    if (qos > 0) {
        at[len++] = 0;
        at[len++] = id;
    }
    for (size_t i = 0; i < PAYLOAD_LEN; i++)
        at[len++] = 'x';
    return len;
}

static void exchange(struct link *link, unsigned qos)
{
    static _Thread_local uint8_t out[BATCH * (PAYLOAD_LEN + 16)];
    uint8_t body[PAYLOAD_LEN + 64];
    size_t len = 0;
    unsigned n_back = 0, n_acknowledged = 0;
    for (unsigned i = 0; i < BATCH; i++)
        len += put_publish(out + len, link->number, qos, (uint8_t)(i + 1));
    all(link, out, len);
    while (n_back < BATCH || (qos > 0 && n_acknowledged < BATCH)) {
        uint8_t kind = packet(link, body);
        if (kind == 4) {
            n_acknowledged++;
        } else if (kind == 3) {
            uint8_t answer[] = {0x40, 2, body[7], body[8]};
            n_back++;
            if (qos > 0)
                all(link, answer, sizeof(answer));
        }
    }
}

static void exchange_0(void *state)
{
    exchange(state, 0);
}

static void exchange_1(void *state)
{
    exchange(state, 1);
}

/* ---- rows ---- */

static void print(const char *id, const char *unit, const struct bench_result *results, double each)
{
    bench_print(&(struct bench_row){.id = id,
                                    .unit = unit,
                                    .value = results[1].rate * each,
                                    .peer = "mosquitto without the plugin",
                                    .peer_value = results[0].rate * each,
                                    .target = 0.9});
}

static double idle_kb(const struct place *place)
{
    static struct link links[IDLE];
    double before = bench_tree_kb(place->pid, "smaps_rollup", "Pss_Anon:");
    for (unsigned i = 0; i < IDLE; i++)
        dial(&links[i], place, 1000 + i);
    double after = bench_tree_kb(place->pid, "smaps_rollup", "Pss_Anon:");
    for (unsigned i = 0; i < IDLE; i++)
        hang_up(&links[i]);
    return (after - before) / IDLE;
}

static void prepare(char **argv)
{
    tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || SSL_CTX_load_verify_locations(tls, argv[1], NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(tls, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argv[3], SSL_FILETYPE_PEM) != 1)
        bench_die("can't use the certificates");
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    stock.port = (uint16_t)strtoul(argv[4], NULL, 10);
    stock.pid = strtol(argv[5], NULL, 10);
    ours.port = (uint16_t)strtoul(argv[6], NULL, 10);
    ours.pid = strtol(argv[7], NULL, 10);
}

int main(int argc, char **argv)
{
    if (argc != 8)
        bench_die("usage: bench_broker CA CERTIFICATE KEY STOCK-PORT STOCK-PID PORT PID");
    prepare(argv);
    const struct bench_contender connects[] = {{"stock", stock_call, call, call_end},
                                               {"ours", our_call, call, call_end}};
    const struct bench_contender qos0[] = {{"stock", stock_link, exchange_0, unlink_end},
                                           {"ours", our_link, exchange_0, unlink_end}};
    const struct bench_contender qos1[] = {{"stock", stock_link, exchange_1, unlink_end},
                                           {"ours", our_link, exchange_1, unlink_end}};
    struct bench_result results[2];
    bench_run(connects, 2, N_CLIENTS, SECONDS, results);
    print("broker: connects of registered devices, TLS", "connects/s", results, 1);
    bench_print(&(struct bench_row){.id = "broker: processor time of a connect, TLS, server's side",
                                    .unit = "us",
                                    .value = ours.cpu_s / (double)ours.n * 1e6,
                                    .peer = "mosquitto without the plugin",
                                    .peer_value = stock.cpu_s / (double)stock.n * 1e6,
                                    .target = 1.1,
                                    .at_most = true});
    bench_run(qos0, 2, 2, SECONDS, results);
    print("broker: messages there and back, QoS 0, TLS", "messages/s", results, BATCH);
    bench_run(qos1, 2, 2, SECONDS, results);
    print("broker: messages there and back, QoS 1, TLS", "messages/s", results, BATCH);
    double stock_kb = idle_kb(&stock);
    bench_print(&(struct bench_row){.id = "broker: memory of an idle connection, TLS",
                                    .unit = "KiB",
                                    .value = idle_kb(&ours),
                                    .peer = "mosquitto without the plugin",
                                    .peer_value = stock_kb,
                                    .target = (stock_kb + 8) / stock_kb,
                                    .at_most = true});
    return 0;
}
