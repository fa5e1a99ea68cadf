/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/recording.h"

#include <string.h>

#include "cloud/registry/registry_group.h"

#define ARENA_MAX (1u << 20)

/* All targets are one page. */
_Static_assert(KM_LOG_TARGETS_MAX <= KM_REGISTRY_PAGE_MAX, "a page is too small");

static km_status read_into(struct km_registry *registry, const char *account,
                           struct km_recording *recording)
{
    km_status status =
        km_registry_logging_get(registry, recording->arena, account, &recording->logging);
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    recording->is_set = true;
    return km_registry_log_level_list(registry, recording->arena, account, 0, NULL,
                                      &recording->levels);
}

km_status km_recording_read(struct km_registry *registry, const char *account,
                            struct km_recording *recording)
{
    struct km_recording read = {.arena = km_arena_new(ARENA_MAX)};
    if (read.arena == NULL)
        return KM_E_NOMEM;
    km_status status = read_into(registry, account, &read);
    if (status != KM_OK) {
        km_recording_clear(&read);
        return status;
    }
    km_recording_clear(recording);
    *recording = read;
    return KM_OK;
}

void km_recording_clear(struct km_recording *recording)
{
    km_arena_free(recording->arena);
    *recording = (struct km_recording){0};
}

static bool is_in_group(struct km_registry *registry, const char *account, const char *thing,
                        const char *group)
{
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    struct km_registry_names groups = {0};
    if (arena == NULL ||
        km_registry_group_of_thing(registry, arena, account, thing, NULL, &groups) != KM_OK)
        return false;
    for (size_t i = 0; i < groups.n_names; i++) {
        if (strcmp(groups.names[i], group) == 0)
            return true;
    }
    return false;
}

static bool is(const char *text, const char *name)
{
    return text != NULL && strcmp(text, name) == 0;
}

static bool fits(const struct km_registry_log_level *level, struct km_registry *registry,
                 const char *account, const struct km_recorded *what)
{
    switch (level->target) {
    case KM_LOG_CLIENT_ID:
        return is(what->client, level->name);
    case KM_LOG_SOURCE_IP:
        return is(what->address, level->name);
    case KM_LOG_PRINCIPAL_ID:
        return is(what->key != NULL ? what->key : what->certificate, level->name);
    case KM_LOG_THING_GROUP:
        return what->client != NULL && is_in_group(registry, account, what->client, level->name);
    }
    return false;
}

enum km_log_level km_recording_level(const struct km_recording *recording,
                                     struct km_registry *registry, const char *account,
                                     const struct km_recorded *what)
{
    enum km_log_level highest = KM_LOG_DISABLED;
    bool is_named = false;
    if (recording->logging.is_off)
        return KM_LOG_DISABLED;
    for (size_t i = 0; i < recording->levels.n_items; i++) {
        const struct km_registry_log_level *level = &recording->levels.items[i];
        if (!fits(level, registry, account, what))
            continue;
        is_named = true;
        highest = level->level > highest ? level->level : highest;
    }
    return is_named ? highest : recording->logging.level;
}

bool km_recording_wants(const struct km_recording *recording, struct km_registry *registry,
                        const char *account, const struct km_recorded *what)
{
    if (!recording->is_set)
        return true;
    return km_recording_level(recording, registry, account, what) >=
           (what->is_routine ? KM_LOG_INFO : KM_LOG_ERROR);
}

km_status km_recorded_ask(struct km_registry *registry, const char *account,
                          const struct km_recorded *what, bool *ret)
{
    KM_AUTO(km_recording_clear) struct km_recording recording = {0};
    KM_TRY(km_recording_read(registry, account, &recording));
    *ret = km_recording_wants(&recording, registry, account, what);
    return KM_OK;
}

bool km_recording_has_info(const struct km_recording *recording, bool fallback)
{
    if (!recording->is_set)
        return fallback;
    bool has_info = recording->logging.level >= KM_LOG_INFO;
    for (size_t i = 0; i < recording->levels.n_items; i++)
        has_info |= recording->levels.items[i].level >= KM_LOG_INFO;
    return has_info && !recording->logging.is_off;
}
