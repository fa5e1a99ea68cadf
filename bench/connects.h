/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to a broker, from TCP to CONNACK, as a contender's work, and the processor time that they cost its process. */
#ifndef KM_BENCH_CONNECTS_H
#define KM_BENCH_CONNECTS_H

#include <stdatomic.h>

#include "bench/devices.h"
#include "bench/mqtt_peer.h"

struct bench_place {
    SSL_CTX *tls; /* borrowed */
    /* One of them at random for each connect, which is then for one thread alone; NULL: whom tls shows. */
    const struct bench_devices *devices;
    uint16_t port;
    long pid;
    atomic_ulong n; /* connects */
    double cpu_s, cpu_at_begin;
};

/* bench_connects_context: with a device's certificate and key, PEM files. Returns owned. */
SSL_CTX *bench_connects_context(const char *ca, const char *certificate, const char *key);
/* bench_connects_place: port and process as a command line has them. */
struct bench_place bench_connects_place(SSL_CTX *tls, const char *port, const char *pid);
/* What a struct bench_contender calls; threads are told apart by their number. */
void *bench_connects_begin(struct bench_place *place, unsigned thread);
void bench_connects_once(void *state);
void bench_connects_end(void *state);
/* bench_connects_cpu_us: of the broker's process, for each connect. */
double bench_connects_cpu_us(const struct bench_place *place);

#endif
