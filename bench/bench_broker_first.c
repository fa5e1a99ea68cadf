/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_first CA CA-KEY TEMPLATE URL ACCOUNT STOCK-PORT PORT: devices that nobody has registered come for the first time, each with
 * a certificate of its own. Of ours it counts until the registry has them all as ACTIVE: the certificate, the events of its registration
 * and of its provisioning, its thing and its policy are in there then. Beside it, connects of as many devices to a mosquitto that lets everybody
 * in whom the CA vouches for.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/devices.h"
#include "bench/mqtt_peer.h"
#include "cloud/registry/registry_ca.h"
#include "cloud/registry/registry_certificate.h"
#include "common/km_file.h"

#define N_CLIENTS 4
#define A_ROUND 1000 /* devices */
#define TEMPLATE_MAX 16384

static SSL_CTX *tls;
static struct bench_devices devices;
static struct km_registry *registry;
static const char *account;

struct party {
    pthread_t thread;
    size_t first; /* of A_ROUND / N_CLIENTS devices */
    uint16_t port;
    bool is_let_in;
};

static void *come(void *arg)
{
    const struct party *party = arg;
    for (size_t i = party->first; i < party->first + A_ROUND / N_CLIENTS; i++) {
        struct bench_mqtt peer;
        bool is_in = bench_mqtt_try(&peer, tls, devices.items[i], party->port, (unsigned)i);
        if (is_in != party->is_let_in)
            bench_die("device %zu is %s", i, is_in ? "let in too early" : "not let in");
        if (is_in)
            bench_mqtt_hang_up(&peer);
    }
    return NULL;
}

static void all_come(uint16_t port, size_t first, bool is_let_in)
{
    struct party parties[N_CLIENTS];
    for (size_t i = 0; i < N_CLIENTS; i++) {
        parties[i] = (struct party){
            .port = port, .first = first + i * (A_ROUND / N_CLIENTS), .is_let_in = is_let_in};
        if (pthread_create(&parties[i].thread, NULL, come, &parties[i]) != 0)
            bench_die("no thread");
    }
    for (size_t i = 0; i < N_CLIENTS; i++)
        pthread_join(parties[i].thread, NULL);
}

static void await_active(X509 *device)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_certificate_state state = {0};
    bench_devices_id(device, id);
    for (unsigned i = 0; i < 60000; i++) {
        km_status status = km_registry_certificate_state(registry, account, id, &state);
        if (status == KM_OK && state.status == KM_CERTIFICATE_ACTIVE)
            return;
        if (status != KM_OK && status != KM_E_NOTFOUND)
            bench_devices_must(registry, status);
        nanosleep(&pause, NULL);
    }
    bench_die("a device is not activated within a minute");
}

static double rate_since(uint64_t begin_ns)
{
    return A_ROUND / ((double)(bench_now_ns() - begin_ns) / 1e9);
}

static double ours(uint16_t port, size_t first)
{
    uint64_t begin = bench_now_ns();
    all_come(port, first, false);
    for (size_t i = first; i < first + A_ROUND; i++)
        await_active(devices.items[i]);
    return rate_since(begin);
}

static double stock(uint16_t port, size_t first)
{
    uint64_t begin = bench_now_ns();
    all_come(port, first, true);
    return rate_since(begin);
}

static void register_ca(const char *template)
{
    struct km_err err = {0};
    uint8_t *config = NULL;
    unsigned char *der = NULL, *subject = NULL;
    size_t len = 0;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    int der_len = i2d_X509(devices.ca, &der);
    int subject_len = i2d_X509_NAME(X509_get_subject_name(devices.ca), &subject);
    if (km_file_read(&err, AT_FDCWD, template, TEMPLATE_MAX, &config, &len) != KM_OK)
        bench_die("%s", err.text);
    char *text = strndup((const char *)config, len);
    if (text == NULL || der_len <= 0 || subject_len <= 0)
        bench_die("memory is short");
    const struct km_registry_ca_new ca = {.der = KM_SLICE(der, (size_t)der_len),
                                          .subject = KM_SLICE(subject, (size_t)subject_len),
                                          .mode = KM_CA_SNI_ONLY,
                                          .is_active = true,
                                          .has_auto_registration = true,
                                          .registration_config = text,
                                          .not_after_ms = INT64_MAX / 2};
    bench_devices_must(registry, km_registry_ca_register(registry, account, &ca, id));
    OPENSSL_free(der);
    OPENSSL_free(subject);
    free(config);
    free(text);
}

int main(int argc, char **argv)
{
    double rates[2][BENCH_ROUNDS] = {{0}};
    if (argc != 8)
        bench_die("usage: bench_broker_first CA CA-KEY TEMPLATE URL ACCOUNT STOCK-PORT PORT");
    uint16_t stock_port = (uint16_t)strtoul(argv[6], NULL, 10);
    uint16_t port = (uint16_t)strtoul(argv[7], NULL, 10);
    account = argv[5];
    devices = bench_devices_make(argv[1], argv[2], "first-", (BENCH_ROUNDS + 1) * A_ROUND);
    tls = bench_mqtt_context(argv[1]);
    bench_devices_show(tls, &devices);
    registry = bench_devices_open(argv[4]);
    register_ca(argv[3]);
    for (size_t round = 0; round <= BENCH_ROUNDS; round++) {
        double stock_rate = stock(stock_port, round * A_ROUND);
        double our_rate = ours(port, round * A_ROUND);
        if (round == 0) /* not counted, but these are let in now */
            all_come(port, 0, true);
        else
            rates[0][round - 1] = stock_rate, rates[1][round - 1] = our_rate;
    }
    bench_print(&(struct bench_row){.id = "broker: just-in-time registrations by a template, TLS",
                                    .unit = "devices/s",
                                    .value = bench_median(rates[1], BENCH_ROUNDS),
                                    .peer = "connects to mosquitto without the plugin",
                                    .peer_value = bench_median(rates[0], BENCH_ROUNDS),
                                    .target = 0.5});
    km_registry_close(registry);
    return 0;
}
