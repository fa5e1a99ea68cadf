/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/registry_rig.h"

#define ARENA_MAX (64u << 20)

static int64_t now_ms(void *arg)
{
    return ((const struct rig *)arg)->now_ms;
}

struct km_registry_config rig_config(struct rig *rig)
{
    return (struct km_registry_config){
        .url = rig->url,
        .may_create = true,
        .key = rig->key,
        .source = {.now_ms = now_ms, .arg = rig},
    };
}

struct km_registry *rig_another(struct rig *rig)
{
    struct km_err err = {0};
    struct km_registry *reg = NULL;
    struct km_registry_config config = rig_config(rig);
    if (km_registry_open(&err, &config, &reg) != KM_OK)
        fail_msg("another registry: %s", err.text);
    return reg;
}

static void choose_url(struct rig *rig)
{
    const char *postgres = getenv("KM_TEST_REGISTRY");
    (void)snprintf(rig->dir, sizeof(rig->dir), "/tmp/km-registry-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    (void)snprintf(rig->url, sizeof(rig->url), "sqlite:%s/registry.db", rig->dir);
    if (postgres == NULL)
        return;
    rig->is_postgres = true;
    (void)snprintf(rig->url, sizeof(rig->url), "%s", postgres);
    assert_int_equal(system("psql -X -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error'"
                            " -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'"),
                     0);
}

int rig_setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    *state = rig;
    rig->now_ms = 1700000000000;
    rig->key = km_secret_new(KM_REGISTRY_KEY_LEN);
    rig->arena = km_arena_new(ARENA_MAX);
    assert_non_null(rig->key);
    assert_non_null(rig->arena);
    choose_url(rig);
    rig->reg = rig_another(rig);
    assert_ok(rig, km_registry_account_create(rig->reg, ACCOUNT, "test"));
    return 0;
}

int rig_teardown(void **state)
{
    static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-shm", "key"};
    struct rig *rig = *state;
    char path[128] = {0};
    km_registry_close(rig->reg);
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", rig->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(rig->dir);
    km_arena_free(rig->arena);
    km_secret_free(rig->key);
    free(rig);
    return 0;
}

const char *rig_name(const char *prefix, int number)
{
    static char rooms[8][64];
    static size_t at;
    at = (at + 1) % KM_ARRAY_LEN(rooms);
    (void)snprintf(rooms[at], sizeof(rooms[at]), "%s%d", prefix, number);
    return rooms[at];
}

void rig_ca(struct rig *rig, const char *account, const char *der, const char *subject,
            char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    struct km_registry_ca_new ca = {
        .der = KM_SLICE_STR(der),
        .subject = KM_SLICE_STR(subject),
        .is_active = true,
        .has_auto_registration = true,
        .not_before_ms = 1,
        .not_after_ms = 2,
    };
    assert_ok(rig, km_registry_ca_register(rig->reg, account, &ca, ret_id));
}

void rig_certificate(struct rig *rig, const char *account, const char *der,
                     enum km_certificate_status status, char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    struct km_registry_certificate_new certificate = {
        .der = KM_SLICE_STR(der),
        .mode = KM_CA_SNI_ONLY,
        .status = status,
        .not_before_ms = 1,
        .not_after_ms = 2,
    };
    assert_ok(rig, km_registry_certificate_register(rig->reg, account, &certificate, ret_id));
}

int64_t rig_generation(struct rig *rig)
{
    int64_t generation = -1;
    assert_ok(rig, km_registry_generation(rig->reg, &generation));
    return generation;
}
