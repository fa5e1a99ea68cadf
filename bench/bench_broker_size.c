/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_size CA CA-KEY ACCOUNT SMALL-URL SMALL-PORT SMALL-PID LARGE-URL LARGE-PORT LARGE-PID: two brokers with the plugin, whose registries
 * have no certificate and a million; a thousand devices are registered in both. One after the other connects, at random, to the one
 * broker and then to the other, so that whatever else the machine does meets both alike.
 */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/connects.h"

#define N_DEVICES 1000
#define N_CONNECTS 3000 /* to each */

static struct bench_devices devices;
static struct bench_place small, large;

static double once_us(void *caller)
{
    uint64_t start = bench_now_ns();
    bench_connects_once(caller);
    return (double)(bench_now_ns() - start) / 1e3;
}

/* Medians. */
static void race(double *ret_small_us, double *ret_large_us)
{
    static double small_us[N_CONNECTS], large_us[N_CONNECTS];
    void *to_small = bench_connects_begin(&small, 0);
    void *to_large = bench_connects_begin(&large, 0);
    for (size_t i = 0; i < N_CONNECTS; i++) {
        small_us[i] = once_us(to_small);
        large_us[i] = once_us(to_large);
    }
    bench_connects_end(to_small);
    bench_connects_end(to_large);
    *ret_small_us = bench_median(small_us, N_CONNECTS);
    *ret_large_us = bench_median(large_us, N_CONNECTS);
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
    double small_us = 0, large_us = 0;
    if (argc != 10)
        bench_die("usage: bench_broker_size CA CA-KEY ACCOUNT SMALL-URL SMALL-PORT SMALL-PID "
                  "LARGE-URL LARGE-PORT LARGE-PID");
    SSL_CTX *tls = bench_mqtt_context(argv[1]);
    devices = bench_devices_make(argv[1], argv[2], "size-", N_DEVICES);
    bench_devices_show(tls, &devices);
    small = place(tls, argv[3], argv + 4);
    large = place(tls, argv[3], argv + 7);
    race(&small_us, &large_us);
    bench_print(&(struct bench_row){.id = "broker: a connect, 1,000,000 certificates, TLS",
                                    .unit = "us",
                                    .value = large_us,
                                    .peer = "with 1,000 certificates",
                                    .peer_value = small_us,
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
