/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_policy.h"

#define AT_ONCE 50000u /* certificates of one transaction: each commit waits for the disk */
#define DER_LEN 64u

struct km_slice bench_crowd_der(unsigned n)
{
    static uint8_t der[DER_LEN];
    struct km_wr wr = km_wr_init(der, sizeof(der));
    km_wr_u32le(&wr, n);
    return KM_SLICE(der, sizeof(der));
}

/* In the order of their ids, as then each index grows at its end: otherwise to fill would take many times as long. */
struct place {
    char id[KM_CERTIFICATE_ID_LEN + 1];
    unsigned n;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->id, ((const struct place *)b)->id);
}

static struct place *places_new(unsigned n)
{
    struct place *places = calloc(n + 1, sizeof(*places));
    if (places == NULL)
        bench_die("memory is short");
    for (unsigned i = 0; i < n; i++) {
        places[i].n = i;
        km_registry_certificate_id(bench_crowd_der(i), places[i].id);
    }
    qsort(places, n, sizeof(*places), by_id);
    return places;
}

static void must(const struct km_registry *registry, km_status status)
{
    if (status != KM_OK)
        bench_die("%s: %s", km_status_name(status), km_registry_err(registry)->text);
}

static void add(struct km_registry *registry, const char *account, const char *policy, unsigned n)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    const struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    const struct km_registry_certificate_new certificate = {.der = bench_crowd_der(n),
                                                            .mode = KM_CA_SNI_ONLY,
                                                            .status = KM_CERTIFICATE_ACTIVE,
                                                            .not_after_ms = INT64_MAX};
    must(registry, km_registry_certificate_register(registry, account, &certificate, id));
    must(registry, km_registry_policy_attach(registry, account, policy, &target));
}

void bench_crowd_fill(struct km_registry *registry, const char *account, const char *policy,
                      unsigned n)
{
    struct place *places = places_new(n);
    for (unsigned at = 0; at < n; at++) {
        if (at % AT_ONCE == 0)
            must(registry, km_registry_begin(registry));
        add(registry, account, policy, places[at].n);
        if (at % AT_ONCE == AT_ONCE - 1 || at == n - 1)
            must(registry, km_registry_commit(registry));
    }
    free(places);
}
