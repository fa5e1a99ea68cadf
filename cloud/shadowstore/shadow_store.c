/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadowstore/shadow_store.h"

#include <string.h>

#include "cloud/registry/registry_shadow.h"

#define MS_PER_S 1000
#define ARENA_MAX (2 * KM_SHADOW_TEXT_MAX + 65536) /* both texts of a row, and the registry's own */

struct place {
    struct km_registry *reg;
    const char *account;
    struct km_arena *arena;
};

static km_status failed(struct km_err *err, const struct place *place, km_status status)
{
    const struct km_err *said = km_registry_err(place->reg);
    return KM_FAIL_NATIVE(err, status, said->layer, said->native, "%s",
                          said->text[0] != '\0' ? said->text : km_status_name(status));
}

static struct km_slice text_or_none(const char *text)
{
    return text == NULL ? (struct km_slice){0} : KM_SLICE_STR(text);
}

static km_status load(struct km_err *err, const struct place *place, const struct km_shadow_id *id,
                      struct km_shadow_row *ret)
{
    struct km_registry_shadow stored = {0};
    km_arena_reset(place->arena);
    km_status status = km_registry_shadow_get(place->reg, place->arena, place->account, id->thing,
                                              id->name, &stored);
    if (status != KM_OK)
        return failed(err, place, status);
    *ret = (struct km_shadow_row){.state = text_or_none(stored.state),
                                  .metadata = text_or_none(stored.metadata),
                                  .version = (uint64_t)stored.version,
                                  .updated_at_s = stored.modified_ms / MS_PER_S,
                                  .deleted = stored.version > 0 && stored.state == NULL};
    return KM_OK;
}

/* KM_E_STALE, not recorded as a failure: another writer was there. */
static km_status store(struct km_err *err, const struct place *place, const struct km_shadow_id *id,
                       const struct km_shadow_result *result)
{
    km_status status = KM_OK;
    const struct km_registry_shadow_put put = {.thing = id->thing,
                                               .name = id->name,
                                               .state = result->state.ptr,
                                               .metadata = result->metadata.ptr,
                                               .version = (int64_t)result->old_version};
    if (result->store == KM_SHADOW_WRITE)
        status = km_registry_shadow_put(place->reg, place->account, &put);
    else if (result->store == KM_SHADOW_BURY)
        status =
            km_registry_shadow_delete(place->reg, place->account, id->thing, id->name, put.version);
    bool is_gone = status == KM_E_NOTFOUND && result->store == KM_SHADOW_BURY;
    if (status == KM_E_STALE || is_gone)
        return KM_E_STALE;
    return status == KM_OK ? KM_OK : failed(err, place, status);
}

static km_status try_once(struct km_err *err, const struct place *place,
                          const struct km_shadow_request *request, struct km_shadow_result *ret)
{
    struct km_shadow_row row = {0};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    KM_TRY(load(err, place, request->id, &row));
    KM_TRY(km_shadow_apply(err, request, &row, &result));
    KM_TRY(store(err, place, request->id, &result));
    *ret = result;
    result = (struct km_shadow_result){0};
    return KM_OK;
}

km_status km_shadow_store_apply(struct km_err *err, struct km_registry *reg, const char *account,
                                const struct km_shadow_request *request,
                                struct km_shadow_result *ret)
{
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    const struct place place = {.reg = reg, .account = account, .arena = arena};
    if (arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "room for a shadow");
    for (int i = 0; i < KM_SHADOW_STORE_TRIES; i++) {
        km_status status = try_once(err, &place, request, ret);
        if (status != KM_E_STALE)
            return status;
    }
    return KM_FAIL(err, KM_E_TIMEOUT, "too many writers of one shadow at a time");
}
