/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_size CA CA-KEY ACCOUNT SMALL-URL SMALL-PORT SMALL-PID LARGE-URL LARGE-PORT LARGE-PID: two brokers with the plugin, whose registries
 * have no certificate and a million; a thousand devices are registered in both, and connect to both, in turns and at random.
 */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/connects.h"

#define N_CLIENTS 4
#define N_DEVICES 1000
#define SECONDS 2.0

static struct bench_devices devices;
static struct bench_place small, large;

static void *small_begin(unsigned thread)
{
    return bench_connects_begin(&small, thread);
}

static void *large_begin(unsigned thread)
{
    return bench_connects_begin(&large, thread);
}

static struct bench_place place(SSL_CTX *tls, const char *account, char *const url_port_pid[3])
{
    struct km_registry *registry = bench_devices_open(url_port_pid[0]);
    struct bench_place ret = bench_connects_place(tls, url_port_pid[1], url_port_pid[2]);
    bench_devices_register(registry, account, &devices);
    km_registry_close(registry);
    ret.devices = &devices;
    return ret;
}

int main(int argc, char **argv)
{
    static const struct bench_contender connects[] = {
        {"small", small_begin, bench_connects_once, bench_connects_end},
        {"large", large_begin, bench_connects_once, bench_connects_end}};
    struct bench_result results[2];
    if (argc != 10)
        bench_die("usage: bench_broker_size CA CA-KEY ACCOUNT SMALL-URL SMALL-PORT SMALL-PID "
                  "LARGE-URL LARGE-PORT LARGE-PID");
    SSL_CTX *tls = bench_mqtt_context(argv[1]);
    devices = bench_devices_make(argv[1], argv[2], "size-", N_DEVICES);
    bench_devices_show(tls, &devices);
    small = place(tls, argv[3], argv + 4);
    large = place(tls, argv[3], argv + 7);
    bench_run(connects, 2, N_CLIENTS, SECONDS, results);
    bench_print(&(struct bench_row){.id = "broker: a connect, 1,000,000 certificates, TLS",
                                    .unit = "us",
                                    .value = 1e6 / results[1].rate,
                                    .peer = "with 1,000 certificates",
                                    .peer_value = 1e6 / results[0].rate,
                                    .target = 1.2,
                                    .at_most = true});
    bench_print(&(struct bench_row){.id = "broker: processor time of a connect, 1,000,000",
                                    .unit = "us",
                                    .value = bench_connects_cpu_us(&large),
                                    .peer = "with 1,000 certificates",
                                    .peer_value = bench_connects_cpu_us(&small),
                                    .target = 1.2,
                                    .at_most = true});
    SSL_CTX_free(tls);
    return 0;
}
