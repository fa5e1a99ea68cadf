/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/connects.h"

#include <stdlib.h>

#include "bench/bench.h"

struct caller {
    struct bench_place *place;
    unsigned number;
    unsigned seed;
};

SSL_CTX *bench_connects_context(const char *ca, const char *certificate, const char *key)
{
    SSL_CTX *tls = bench_mqtt_context(ca);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        bench_die("can't use the certificates");
    return tls;
}

struct bench_place bench_connects_place(SSL_CTX *tls, const char *port, const char *pid)
{
    return (struct bench_place){
        .tls = tls, .port = (uint16_t)strtoul(port, NULL, 10), .pid = strtol(pid, NULL, 10)};
}

void *bench_connects_begin(struct bench_place *place, unsigned thread)
{
    struct caller *caller = calloc(1, sizeof(*caller));
    if (caller == NULL)
        bench_die("memory is short");
    if (thread == 0)
        place->cpu_at_begin = bench_tree_cpu_s(place->pid);
    *caller = (struct caller){.place = place, .number = thread, .seed = thread + 1};
    return caller;
}

void bench_connects_once(void *state)
{
    struct caller *caller = state;
    const struct bench_devices *devices = caller->place->devices;
    struct bench_mqtt peer;
    if (devices != NULL)
        caller->number = (unsigned)rand_r(&caller->seed) % (unsigned)devices->n;
    bench_mqtt_dial(&peer, caller->place->tls,
                    devices != NULL ? devices->items[caller->number] : NULL, caller->place->port,
                    caller->number);
    bench_mqtt_hang_up(&peer);
    atomic_fetch_add(&caller->place->n, 1);
}

/* Each thread's end brings the sum up to date. */
void bench_connects_end(void *state)
{
    struct caller *caller = state;
    double now = bench_tree_cpu_s(caller->place->pid);
    caller->place->cpu_s += now - caller->place->cpu_at_begin;
    caller->place->cpu_at_begin = now;
    free(caller);
}

double bench_connects_cpu_us(const struct bench_place *place)
{
    return place->cpu_s / (double)place->n * 1e6;
}
