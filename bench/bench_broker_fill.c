/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_broker_fill URL ACCOUNT DER N: a registry with one device's certificate, active and with a typical policy, among N others.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/crowd.h"
#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_policy.h"
#include "common/km_file.h"

#define DER_MAX 65536

static const char document[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":["
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"arn:aws:iot:*:*:client/${iot:ClientId}\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":["
    "\"arn:aws:iot:*:*:topic/dt/*\",\"arn:aws:iot:*:*:topic/cmd/${iot:ClientId}/*\"]},"
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\",\"Resource\":\"arn:aws:iot:*:*:topicfilter/dt/*\"},"
    "{\"Effect\":\"Deny\",\"Action\":\"iot:Publish\",\"Resource\":\"arn:aws:iot:*:*:topic/admin/*\"}]}";

static struct km_registry *registry;
static const char *account;

static void check(km_status status, const char *what)
{
    if (status != KM_OK && status != KM_E_EXISTS)
        bench_die("%s: %s", what, km_registry_err(registry)->text);
}

static void add(struct km_slice der, char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    const struct km_registry_certificate_new certificate = {.der = der,
                                                            .mode = KM_CA_SNI_ONLY,
                                                            .status = KM_CERTIFICATE_ACTIVE,
                                                            .not_after_ms = INT64_MAX / 2};
    check(km_registry_certificate_register(registry, account, &certificate, ret_id),
          "a certificate");
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    if (argc != 5)
        bench_die("usage: bench_broker_fill URL ACCOUNT DER N");
    const struct km_registry_config config = {.url = argv[1], .may_create = true};
    account = argv[2];
    if (km_registry_open(&err, &config, &registry) != KM_OK ||
        km_file_read(&err, AT_FDCWD, argv[3], DER_MAX, &bytes, &len) != KM_OK)
        bench_die("%s", err.text);
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = id};
    check(km_registry_account_create(registry, account, "bench"), "an account");
    check(km_registry_policy_create(registry, account, "Typical", document), "a policy");
    add(KM_SLICE(bytes, len), id);
    check(km_registry_policy_attach(registry, account, "Typical", &target), "a policy");
    bench_crowd_fill(registry, account, "Typical", (unsigned)strtoul(argv[4], NULL, 10));
    free(bytes);
    km_registry_close(registry);
    return 0;
}
