/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new registry for each test: in a folder of its own, or, when KM_TEST_REGISTRY has the url of a PostgreSQL database,
 * there, in an emptied schema.
 */
#ifndef KM_REGISTRY_RIG_H
#define KM_REGISTRY_RIG_H

#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_change.h"
#include "tests/unit/km_test.h"

#define ACCOUNT "123456789012"
#define OTHER_ACCOUNT "210987654321"
#define NO_ID "0000000000000000000000000000000000000000000000000000000000000000"

struct rig {
    struct km_registry *reg; /* with ACCOUNT in it */
    struct km_arena *arena;
    struct km_secret *key;
    int64_t now_ms; /* the registry's clock, which stands still */
    bool is_postgres;
    char dir[64];
    char url[512];
};

int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, rig_setup, rig_teardown)

/* rig_config: as the rig's own registry was opened. */
struct km_registry_config rig_config(struct rig *rig);
/* rig_another: one more handle on the same database. */
struct km_registry *rig_another(struct rig *rig);
/* rig_name: text and number in one of a few static rooms. */
const char *rig_name(const char *prefix, int number);
/* rig_ca: registers one that is active and registers by itself; its id. */
void rig_ca(struct rig *rig, const char *account, const char *der, const char *subject,
            char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
/* rig_certificate: registers one without a CA; its id. */
void rig_certificate(struct rig *rig, const char *account, const char *der,
                     enum km_certificate_status status, char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
int64_t rig_generation(struct rig *rig);

/* The call must come out so; says why when it does not. */
#define assert_status(rig, expected, call)                                                         \
    do {                                                                                           \
        km_status status_ = (call);                                                                \
        if (status_ != (expected))                                                                 \
            fail_msg("%s: %s instead of %s: %s", #call, km_status_name(status_),                   \
                     km_status_name(expected), km_registry_err((rig)->reg)->text);                 \
        if (status_ != KM_OK)                                                                      \
            assert_true(km_registry_err((rig)->reg)->text[0] != '\0');                             \
    } while (0)
#define assert_ok(rig, call) assert_status(rig, KM_OK, call)

#endif
