/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/devices.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/tls_peer.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_policy.h"

#define POLICY "Everything"

static const char document[] = "{\"Version\":\"2012-10-17\",\"Statement\":"
                               "[{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\"}]}";

static EVP_PKEY *read_issuer(const char *ca, const char *ca_key, X509 **ret_ca)
{
    FILE *certificate = fopen(ca, "re");
    FILE *key = fopen(ca_key, "re");
    if (certificate == NULL || key == NULL)
        bench_die("can't read %s and %s", ca, ca_key);
    EVP_PKEY *pkey = PEM_read_PrivateKey(key, NULL, NULL, NULL);
    *ret_ca = PEM_read_X509(certificate, NULL, NULL, NULL);
    if (pkey == NULL || *ret_ca == NULL)
        bench_die("%s and %s are no CA", ca, ca_key);
    (void)fclose(certificate);
    (void)fclose(key);
    return pkey;
}

struct bench_devices bench_devices_make(const char *ca, const char *ca_key, const char *prefix,
                                        size_t n)
{
    struct bench_devices devices = {.key = EVP_EC_gen("P-256"), .n = n};
    EVP_PKEY *issuer = read_issuer(ca, ca_key, &devices.ca);
    devices.items = calloc(n, sizeof(X509 *));
    if (devices.key == NULL || devices.items == NULL)
        bench_die("memory is short");
    for (size_t i = 0; i < n; i++) {
        char name[64] = "";
        (void)snprintf(name, sizeof(name), "%s%07zu", prefix, i);
        devices.items[i] = bench_tls_certify(devices.key, name, devices.ca, issuer);
    }
    EVP_PKEY_free(issuer);
    return devices;
}

void bench_devices_show(SSL_CTX *tls, const struct bench_devices *devices)
{
    if (SSL_CTX_use_certificate(tls, devices->items[0]) != 1 ||
        SSL_CTX_use_PrivateKey(tls, devices->key) != 1)
        bench_die("can't use the certificates");
}

static struct km_slice der_of(X509 *device, unsigned char **ret_owned)
{
    int len = i2d_X509(device, ret_owned);
    if (len <= 0)
        bench_die("a certificate can't be written");
    return KM_SLICE(*ret_owned, (size_t)len);
}

void bench_devices_id(X509 *device, char *ret_id)
{
    unsigned char *der = NULL;
    km_registry_certificate_id(der_of(device, &der), ret_id);
    OPENSSL_free(der);
}

struct km_registry *bench_devices_open(const char *url)
{
    struct km_err err = {0};
    struct km_registry *registry = NULL;
    const struct km_registry_config config = {.url = url};
    if (km_registry_open(&err, &config, &registry) != KM_OK)
        bench_die("%s", err.text);
    return registry;
}

void bench_devices_must(const struct km_registry *registry, km_status status)
{
    if (status != KM_OK)
        bench_die("%s: %s", km_status_name(status), km_registry_err(registry)->text);
}

static void add(struct km_registry *registry, const char *account, X509 *device)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    unsigned char *der = NULL;
    const struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    const struct km_registry_certificate_new certificate = {.der = der_of(device, &der),
                                                            .mode = KM_CA_SNI_ONLY,
                                                            .status = KM_CERTIFICATE_ACTIVE,
                                                            .not_after_ms = INT64_MAX / 2};
    bench_devices_must(registry,
                       km_registry_certificate_register(registry, account, &certificate, id));
    bench_devices_must(registry, km_registry_policy_attach(registry, account, POLICY, &target));
    OPENSSL_free(der);
}

void bench_devices_register(struct km_registry *registry, const char *account,
                            const struct bench_devices *devices)
{
    km_status status = km_registry_policy_create(registry, account, POLICY, document);
    if (status != KM_E_EXISTS)
        bench_devices_must(registry, status);
    bench_devices_must(registry, km_registry_begin(registry));
    for (size_t i = 0; i < devices->n; i++)
        add(registry, account, devices->items[i]);
    bench_devices_must(registry, km_registry_commit(registry));
}
