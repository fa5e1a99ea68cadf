/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_idle CA CA-KEY URL ACCOUNT STOCK-PORT STOCK-PID PORT PID: 5,000 devices, each with a certificate of its own, that are connected and
 * say nothing, at both brokers at a time; what messages get through meanwhile, and what memory they take.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/devices.h"
#include "bench/mqtt_peer.h"

#define N_IDLE 5000
#define N_CLIENTS 2
#define SECONDS 2.0
#define BATCH 50
#define PAYLOAD                                                                                    \
    "................................................................................"             \
    "................................................"

static SSL_CTX *tls;
static struct bench_devices devices;
static struct place {
    uint16_t port;
    long pid;
    struct bench_mqtt idle[N_IDLE];
    double kb; /* of each of them */
} stock, ours;

static void hold(struct place *place)
{
    double before = bench_tree_kb(place->pid, "smaps_rollup", "Pss_Anon:");
    for (unsigned i = 0; i < N_IDLE; i++)
        bench_mqtt_dial(&place->idle[i], tls, devices.items[i], place->port, i);
    place->kb = (bench_tree_kb(place->pid, "smaps_rollup", "Pss_Anon:") - before) / N_IDLE;
}

/* They are all there still: a ping of each is answered. */
static void check(struct place *place)
{
    static const uint8_t ping[] = {0xc0, 0};
    uint8_t body[BENCH_MQTT_BODY_MAX];
    for (unsigned i = 0; i < N_IDLE; i++) {
        bench_mqtt_send(&place->idle[i], ping, sizeof(ping));
        if (bench_mqtt_packet(&place->idle[i], body) != 13)
            bench_die("device %u gets no answer", i);
        bench_mqtt_hang_up(&place->idle[i]);
    }
}

static void *begin(const struct place *place, unsigned thread)
{
    struct bench_mqtt *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        bench_die("memory is short");
    bench_mqtt_dial(peer, tls, devices.items[N_IDLE + thread], place->port, N_IDLE + thread);
    bench_mqtt_subscribe(peer, thread == 0 ? "dt/x0" : "dt/x1", 0);
    return peer;
}

static void *stock_begin(unsigned thread)
{
    return begin(&stock, thread);
}

static void *our_begin(unsigned thread)
{
    return begin(&ours, thread);
}

static void exchange(void *state)
{
    static _Thread_local uint8_t out[BATCH * 256];
    struct bench_mqtt *peer = state;
    uint8_t body[BENCH_MQTT_BODY_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < BATCH; i++)
        len += bench_mqtt_put_publish(out + len, peer->number == N_IDLE ? "dt/x0" : "dt/x1",
                                      PAYLOAD, 0, 0);
    bench_mqtt_send(peer, out, len);
    for (unsigned i = 0; i < BATCH; i++)
        (void)bench_mqtt_packet(peer, body);
}

static void end(void *state)
{
    bench_mqtt_hang_up(state);
    free(state);
}

static void print(const struct bench_result *results)
{
    bench_print(&(struct bench_row){.id = "broker: messages, QoS 0, beside 5,000 idle TLS devices",
                                    .unit = "messages/s",
                                    .value = results[1].rate * BATCH,
                                    .peer = "mosquitto without the plugin, 5,000 too",
                                    .peer_value = results[0].rate * BATCH,
                                    .target = 0.9});
    bench_print(&(struct bench_row){.id = "broker: memory of each of 5,000 idle devices, TLS",
                                    .unit = "KiB",
                                    .value = ours.kb,
                                    .peer = "mosquitto without the plugin",
                                    .peer_value = stock.kb,
                                    .target = (stock.kb + 8) / stock.kb,
                                    .at_most = true});
}

int main(int argc, char **argv)
{
    const struct bench_contender contenders[] = {{"stock", stock_begin, exchange, end},
                                                 {"ours", our_begin, exchange, end}};
    struct bench_result results[2];
    if (argc != 9)
        bench_die("usage: bench_broker_idle CA CA-KEY URL ACCOUNT STOCK-PORT STOCK-PID PORT PID");
    devices = bench_devices_make(argv[1], argv[2], "idle-", N_IDLE + N_CLIENTS);
    tls = bench_mqtt_context(argv[1]);
    bench_devices_show(tls, &devices);
    struct km_registry *registry = bench_devices_open(argv[3]);
    bench_devices_register(registry, argv[4], &devices);
    km_registry_close(registry);
    stock.port = (uint16_t)strtoul(argv[5], NULL, 10);
    stock.pid = strtol(argv[6], NULL, 10);
    ours.port = (uint16_t)strtoul(argv[7], NULL, 10);
    ours.pid = strtol(argv[8], NULL, 10);
    hold(&stock);
    hold(&ours);
    bench_run(contenders, 2, N_CLIENTS, SECONDS, results);
    check(&stock);
    check(&ours);
    print(results);
    return 0;
}
