/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_shadow CA CA-KEY URL ACCOUNT STOCK-PORT PORT: devices that update their shadows over MQTT, each until all its updates are
 * accepted, which is when they are on the disk. Beside it, messages of the same length through a mosquitto without the plugin and back:
 * what the broker's own share of an update costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/devices.h"
#include "bench/mqtt_peer.h"

#define N_CLIENTS 4
#define SECONDS 2.0
#define BATCH 5 /* updates under way together: of one thing, ten may wait for answers */
#define TOPIC_MAX 128
#define PAYLOAD_MAX 256

static SSL_CTX *tls;
static struct bench_devices devices;
static uint16_t stock_port, our_port;

struct device {
    struct bench_mqtt peer;
    char request[TOPIC_MAX];
    unsigned n; /* that the next update says */
};

static struct device *begin(uint16_t port, unsigned thread)
{
    struct device *device = calloc(1, sizeof(*device));
    if (device == NULL)
        bench_die("memory is short");
    bench_mqtt_dial(&device->peer, tls, devices.items[thread], port, thread);
    return device;
}

static void *stock_begin(unsigned thread)
{
    struct device *device = begin(stock_port, thread);
    (void)snprintf(device->request, TOPIC_MAX, "things/b%07u/shadow/update", thread);
    bench_mqtt_subscribe(&device->peer, device->request, 0);
    return device;
}

static void *our_begin(unsigned thread)
{
    char answers[TOPIC_MAX] = "";
    struct device *device = begin(our_port, thread);
    (void)snprintf(device->request, TOPIC_MAX, "$aws/things/b%07u/shadow/update", thread);
    (void)snprintf(answers, TOPIC_MAX, "$aws/things/b%07u/shadow/update/rejected", thread);
    bench_mqtt_subscribe(&device->peer, answers, 0);
    (void)snprintf(answers, TOPIC_MAX, "$aws/things/b%07u/shadow/update/accepted", thread);
    bench_mqtt_subscribe(&device->peer, answers, 0);
    return device;
}

static bool is_rejected(const uint8_t *publish)
{
    static const char rejected[] = "/rejected";
    size_t len = (size_t)publish[0] << 8 | publish[1];
    return len >= sizeof(rejected) &&
           memcmp(publish + 2 + len - strlen(rejected), rejected, strlen(rejected)) == 0;
}

static void update(void *state)
{
    static _Thread_local uint8_t out[BATCH * (TOPIC_MAX + PAYLOAD_MAX + 8)];
    struct device *device = state;
    uint8_t body[BENCH_MQTT_BODY_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < BATCH; i++) {
        char payload[PAYLOAD_MAX] = "";
        (void)snprintf(
            payload, sizeof(payload),
            "{\"state\":{\"reported\":{\"temperature\":%u,\"firmware\":\"1.4.2\",\"mode\":"
            "\"automatic\",\"location\":{\"room\":\"cellar\",\"shelf\":17}}}}",
            device->n++);
        len += bench_mqtt_put_publish(out + len, device->request, payload, 0, 0);
    }
    bench_mqtt_send(&device->peer, out, len);
    for (unsigned i = 0; i < BATCH; i++)
        if (bench_mqtt_packet(&device->peer, body) != BENCH_MQTT_PUBLISH || is_rejected(body))
            bench_die("not every update is accepted");
}

static void end(void *state)
{
    struct device *device = state;
    bench_mqtt_hang_up(&device->peer);
    free(device);
}

int main(int argc, char **argv)
{
    const struct bench_contender contenders[] = {{"stock", stock_begin, update, end},
                                                 {"ours", our_begin, update, end}};
    struct bench_result results[2];
    if (argc != 7)
        bench_die("usage: bench_broker_shadow CA CA-KEY URL ACCOUNT STOCK-PORT PORT");
    devices = bench_devices_make(argv[1], argv[2], "shadow-", N_CLIENTS);
    tls = bench_mqtt_context(argv[1]);
    bench_devices_show(tls, &devices);
    struct km_registry *registry = bench_devices_open(argv[3]);
    bench_devices_register(registry, argv[4], &devices);
    km_registry_close(registry);
    stock_port = (uint16_t)strtoul(argv[5], NULL, 10);
    our_port = (uint16_t)strtoul(argv[6], NULL, 10);
    bench_run(contenders, 2, N_CLIENTS, SECONDS, results);
    bench_print(&(struct bench_row){.id = "broker: shadow updates, from request to accepted, TLS",
                                    .unit = "updates/s",
                                    .value = results[1].rate * BATCH,
                                    .peer = "messages there and back without the plugin",
                                    .peer_value = results[0].rate * BATCH});
    return 0;
}
