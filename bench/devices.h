/* SPDX-License-Identifier: Apache-2.0 */
/* Many devices, made quickly: certificates of one key, and what a registry has to know of them. Functions end the program when they can't. */
#ifndef KM_BENCH_DEVICES_H
#define KM_BENCH_DEVICES_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "cloud/registry/registry.h"

struct bench_devices {
    EVP_PKEY *key; /* of all of them */
    X509 *ca;
    X509 **items; /* named PREFIX and their number, seven digits */
    size_t n;
};

/* bench_devices_make: issued by the CA of two PEM files, for an hour. They stay until the program ends. */
struct bench_devices bench_devices_make(const char *ca, const char *ca_key, const char *prefix,
                                        size_t n);
/* bench_devices_show: their key, and the first of them where a client shows no other. */
void bench_devices_show(SSL_CTX *tls, const struct bench_devices *devices);
/* bench_devices_id: the SHA-256 of one, as the registry names it. */
void bench_devices_id(X509 *device, char *ret_id);
/* bench_devices_open: a registry. */
struct km_registry *bench_devices_open(const char *url);
/* bench_devices_must: a registry's call has to have succeeded. */
void bench_devices_must(const struct km_registry *registry, km_status status);
/* bench_devices_register: all of them, active, and allowed everything. */
void bench_devices_register(struct km_registry *registry, const char *account,
                            const struct bench_devices *devices);

#endif
