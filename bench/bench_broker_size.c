/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_size CA CERTIFICATE KEY SMALL-PORT SMALL-PID LARGE-PORT LARGE-PID: two brokers with the plugin, whose registries have a thousand and a
 * million certificates; connects of registered devices to both, in turns.
 */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/connects.h"

#define N_CLIENTS 4
#define SECONDS 2.0

static struct bench_place small, large;

static void *small_begin(unsigned thread)
{
    return bench_connects_begin(&small, thread);
}

static void *large_begin(unsigned thread)
{
    return bench_connects_begin(&large, thread);
}

int main(int argc, char **argv)
{
    static const struct bench_contender connects[] = {
        {"small", small_begin, bench_connects_once, bench_connects_end},
        {"large", large_begin, bench_connects_once, bench_connects_end}};
    struct bench_result results[2];
    if (argc != 8)
        bench_die("usage: bench_broker_size CA CERTIFICATE KEY SMALL-PORT SMALL-PID LARGE-PORT "
                  "LARGE-PID");
    SSL_CTX *tls = bench_connects_context(argv[1], argv[2], argv[3]);
    small = bench_connects_place(tls, argv[4], argv[5]);
    large = bench_connects_place(tls, argv[6], argv[7]);
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
