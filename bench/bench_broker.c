/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker CA CERTIFICATE KEY STOCK-PORT STOCK-PID PORT PID: Debian's mosquitto as it is and with the plugin, with the same TLS
 * settings, by the same clients, in turns. A connect runs from TCP to CONNACK, over TLS 1.2; a message goes to the broker
 * and back to its sender, so that it is allowed twice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/connects.h"

#define N_CLIENTS 4
#define SECONDS 2.0
#define BATCH 50 /* messages that are under way together */
#define PAYLOAD_LEN 128
#define TOPIC_MAX 16
#define IDLE 500 /* connections, for memory */

static SSL_CTX *tls;
static char payload[PAYLOAD_LEN + 1];
static struct bench_place stock, ours;

static void dial(struct bench_mqtt *peer, const struct bench_place *place, unsigned number)
{
    bench_mqtt_dial(peer, tls, NULL, place->port, number);
}

/* ---- connects ---- */

static void *stock_call(unsigned thread)
{
    return bench_connects_begin(&stock, thread);
}

static void *our_call(unsigned thread)
{
    return bench_connects_begin(&ours, thread);
}

/* ---- messages ---- */

static void topic_of(unsigned number, char ret[TOPIC_MAX])
{
    (void)snprintf(ret, TOPIC_MAX, "dt/x%u", number);
}

static struct bench_mqtt *subscribe(const struct bench_place *place, unsigned thread)
{
    char topic[TOPIC_MAX] = "";
    struct bench_mqtt *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        bench_die("memory is short");
    dial(peer, place, thread);
    topic_of(thread, topic);
    bench_mqtt_subscribe(peer, topic, 1);
    return peer;
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
    bench_mqtt_hang_up(state);
    free(state);
}

static void exchange(struct bench_mqtt *peer, unsigned qos)
{
    static _Thread_local uint8_t out[BATCH * (PAYLOAD_LEN + 16)];
    uint8_t body[BENCH_MQTT_BODY_MAX];
    char topic[TOPIC_MAX] = "";
    size_t len = 0;
    unsigned n_back = 0, n_acknowledged = 0;
    topic_of(peer->number, topic);
    for (unsigned i = 0; i < BATCH; i++)
        len += bench_mqtt_put_publish(out + len, topic, payload, qos, (uint8_t)(i + 1));
    bench_mqtt_send(peer, out, len);
    while (n_back < BATCH || (qos > 0 && n_acknowledged < BATCH)) {
        uint8_t kind = bench_mqtt_packet(peer, body);
        if (kind == BENCH_MQTT_PUBACK) {
            n_acknowledged++;
        } else if (kind == BENCH_MQTT_PUBLISH) {
            uint8_t answer[] = {0x40, 2, body[7], body[8]};
            n_back++;
            if (qos > 0)
                bench_mqtt_send(peer, answer, sizeof(answer));
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

static double idle_kb(const struct bench_place *place)
{
    static struct bench_mqtt links[IDLE];
    double before = bench_tree_kb(place->pid, "smaps_rollup", "Pss_Anon:");
    for (unsigned i = 0; i < IDLE; i++)
        dial(&links[i], place, 1000 + i);
    double after = bench_tree_kb(place->pid, "smaps_rollup", "Pss_Anon:");
    for (unsigned i = 0; i < IDLE; i++)
        bench_mqtt_hang_up(&links[i]);
    return (after - before) / IDLE;
}

static void prepare(char **argv)
{
    tls = bench_connects_context(argv[1], argv[2], argv[3]);
    for (size_t i = 0; i < PAYLOAD_LEN; i++)
        payload[i] = 'x';
    stock = bench_connects_place(tls, argv[4], argv[5]);
    ours = bench_connects_place(tls, argv[6], argv[7]);
}

int main(int argc, char **argv)
{
    if (argc != 8)
        bench_die("usage: bench_broker CA CERTIFICATE KEY STOCK-PORT STOCK-PID PORT PID");
    prepare(argv);
    const struct bench_contender connects[] = {
        {"stock", stock_call, bench_connects_once, bench_connects_end},
        {"ours", our_call, bench_connects_once, bench_connects_end}};
    const struct bench_contender qos0[] = {{"stock", stock_link, exchange_0, unlink_end},
                                           {"ours", our_link, exchange_0, unlink_end}};
    const struct bench_contender qos1[] = {{"stock", stock_link, exchange_1, unlink_end},
                                           {"ours", our_link, exchange_1, unlink_end}};
    struct bench_result results[2];
    bench_run(connects, 2, N_CLIENTS, SECONDS, results);
    print("broker: connects of registered devices, TLS", "connects/s", results, 1);
    bench_print(&(struct bench_row){.id = "broker: processor time of a connect, TLS, server's side",
                                    .unit = "us",
                                    .value = bench_connects_cpu_us(&ours),
                                    .peer = "mosquitto without the plugin",
                                    .peer_value = bench_connects_cpu_us(&stock),
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
