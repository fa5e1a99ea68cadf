/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/source.h"

#include <string.h>

#include "cloud/registry/registry_change.h"
#include "cloud/registry/registry_rule.h"

#define ARENA_MAX ((size_t)256 << 20)
#define CHANGES_AT_ONCE 1000

km_status source_init(struct km_err *err, struct km_registry *registry, const char *account,
                      void (*skipped)(const struct km_err *err, const char *rule),
                      struct source *ret)
{
    *ret = (struct source){
        .registry = registry, .account = account, .generation = -1, .skipped = skipped};
    ret->arena = km_arena_new(ARENA_MAX);
    return ret->arena != NULL ? KM_OK : KM_FAIL(err, KM_E_NOMEM, "no memory for rules");
}

void source_clear(struct source *source)
{
    km_arena_free(source->arena);
    source->arena = NULL;
}

static km_status because(struct km_err *err, const struct source *source, km_status status)
{
    if (status != KM_OK && err->status == KM_OK)
        *err = *km_registry_err(source->registry);
    return status;
}

static km_status read_page(struct km_err *err, struct source *source, const char **marker,
                           struct ruleset *set)
{
    static const bool is_enabled = true;
    const struct km_registry_rule_filter filter = {.is_enabled = &is_enabled};
    const struct km_registry_page page = {.marker = *marker};
    struct km_registry_rule_list list = {.items = NULL};
    KM_TRY(because(err, source,
                   km_registry_rule_list(source->registry, source->arena, source->account, &filter,
                                         &page, &list)));
    for (size_t i = 0; i < list.n_items; i++) {
        const struct km_registry_rule *rule = &list.items[i];
        struct km_err why = {.status = KM_OK};
        if (ruleset_add(&why, set, rule->name, rule->sql, rule->payload) != KM_OK)
            source->skipped(&why, rule->name);
    }
    *marker = list.next;
    return KM_OK;
}

static km_status read_rules(struct km_err *err, struct source *source, struct ruleset *set)
{
    const char *marker = NULL;
    do {
        KM_TRY(read_page(err, source, &marker, set));
    } while (marker != NULL);
    return KM_OK;
}

/* Whether a rule is among what changed, as far as one look reaches. *generation moves on. */
static km_status rules_changed(struct km_err *err, struct source *source, int64_t *generation,
                               bool *ret)
{
    struct km_registry_change_list list = {.items = NULL};
    km_status status =
        km_registry_changes(source->registry, source->arena, *generation, CHANGES_AT_ONCE, &list);
    *ret = status == KM_E_STALE;
    if (status == KM_E_STALE)
        return because(err, source, km_registry_generation(source->registry, generation));
    KM_TRY(because(err, source, status));
    for (size_t i = 0; i < list.n_items; i++) {
        *ret |= list.items[i].kind == KM_CHANGE_RULE &&
                strcmp(list.items[i].account, source->account) == 0;
        *generation = list.items[i].generation;
    }
    return KM_OK;
}

static km_status update(struct km_err *err, struct source *source, struct ruleset *set,
                        bool *ret_changed)
{
    struct ruleset fresh;
    int64_t now = 0, generation = source->generation;
    bool is_stale = generation < 0;
    KM_TRY(because(err, source, km_registry_generation(source->registry, &now)));
    if (now == generation)
        return KM_OK;
    if (is_stale)
        generation = now;
    else
        KM_TRY(rules_changed(err, source, &generation, &is_stale));
    if (is_stale) {
        ruleset_init(&fresh);
        km_status status = read_rules(err, source, &fresh);
        if (status != KM_OK) {
            ruleset_clear(&fresh);
            return status;
        }
        ruleset_inherit(&fresh, set);
        ruleset_clear(set);
        ruleset_take(set, &fresh);
        *ret_changed = true;
    }
    source->generation = generation;
    return KM_OK;
}

km_status source_update(struct km_err *err, struct source *source, struct ruleset *set,
                        bool *ret_changed)
{
    *ret_changed = false;
    km_status status = update(err, source, set, ret_changed);
    km_arena_reset(source->arena);
    return status;
}
