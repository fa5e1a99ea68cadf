/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/crypto.h"
#include "cloud/registry/internal.h"
#include "common/km_loop.h"
#include "common/km_uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t system_now_ms(void *arg)
{
    struct timespec now = {0};
    (void)arg;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A registry whose chance can be guessed hands out keys that can be guessed: rather none at all. */
static void system_random(void *arg, struct km_span out)
{
    (void)arg;
    for (size_t at = 0; at < out.len;) {
        ssize_t got = getrandom(out.ptr + at, out.len - at, 0);
        if (got < 0 && errno != EINTR)
            abort();
        at += got > 0 ? (size_t)got : 0;
    }
}

static km_status open_db(struct km_err *err, const struct km_registry_config *config,
                         struct km_db **ret)
{
    static const char sqlite[] = "sqlite:";
    static const char postgres[] = "postgresql:";
    if (strncmp(config->url, sqlite, sizeof(sqlite) - 1) == 0)
        return km_db_sqlite_open(err, config->url + sizeof(sqlite) - 1, config, ret);
    if (strncmp(config->url, postgres, sizeof(postgres) - 1) == 0)
        return km_db_postgres_open(err, config->url + sizeof(postgres) - 1, config, ret);
    return KM_FAIL(err, KM_E_ARG, "a registry is sqlite:PATH or postgresql:CONNINFO");
}

km_status km_registry_open(struct km_err *err, const struct km_registry_config *config,
                           struct km_registry **ret)
{
    if (config->url == NULL)
        return KM_FAIL(err, KM_E_ARG, "a registry needs a url");
    if (config->key != NULL && km_secret_expose(config->key).len != KM_REGISTRY_KEY_LEN)
        return KM_FAIL(err, KM_E_ARG, "a registry's key has %d octets", KM_REGISTRY_KEY_LEN);
    if (config->key != NULL)
        KM_TRY(km_registry_crypto_load(err));
    KM_AUTO(km_registry_closep) struct km_registry *reg = calloc(1, sizeof(*reg));
    if (reg == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a registry handle");
    reg->source = config->source;
    if (reg->source.now_ms == NULL)
        reg->source.now_ms = system_now_ms;
    if (reg->source.random == NULL)
        reg->source.random = system_random;
    reg->key = config->key;
    reg->is_read_only = config->is_read_only;
    reg->changes_kept = config->changes_kept > 0 ? config->changes_kept : KM_CHANGES_KEPT;
    reg->events_kept = config->events_kept > 0 ? config->events_kept : KM_EVENTS_KEPT;
    KM_TRY(open_db(err, config, &reg->db));
    km_status status =
        km_reg_schema(reg, km_reg_steps(), config->may_create && !config->is_read_only);
    if (status != KM_OK)
        return KM_FAIL_NATIVE(err, status, reg->err.layer, reg->err.native, "%s", reg->err.text);
    *ret = km_steal(&reg);
    return KM_OK;
}

void km_registry_close(struct km_registry *reg)
{
    if (reg == NULL)
        return;
    km_db_close(reg->db);
    free(reg);
}

void km_registry_closep(struct km_registry **reg)
{
    km_registry_close(*reg);
    *reg = NULL;
}

void km_registry_budget(struct km_registry *reg, unsigned ms)
{
    reg->db->budget_end_ms = ms == 0 ? 0 : km_loop_now_ms() + ms;
    reg->db->ops->budget(reg->db);
}

const struct km_err *km_registry_err(const struct km_registry *reg)
{
    return &reg->err;
}

void km_reg_enter(struct km_registry *reg)
{
    km_err_clear(&reg->err);
}

int64_t km_reg_now(const struct km_registry *reg)
{
    return reg->source.now_ms(reg->source.arg);
}

void km_reg_random(const struct km_registry *reg, struct km_span out)
{
    reg->source.random(reg->source.arg, out);
}

/* RFC 4122, 4.4: version 4. */
void km_reg_uuid(const struct km_registry *reg, char ret[KM_REGISTRY_UUID_LEN + 1])
{
    struct km_uuid uuid = {0};
    km_reg_random(reg, KM_SPAN(uuid.octet, sizeof(uuid.octet)));
    uuid.octet[6] = (uint8_t)((uuid.octet[6] & 0x0fu) | 0x40u);
    uuid.octet[8] = (uint8_t)((uuid.octet[8] & 0x3fu) | 0x80u);
    km_uuid_format(&uuid, ret);
}
