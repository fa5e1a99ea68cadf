/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's feed of changes, as far as connections are concerned. */
#include <stdlib.h>
#include <string.h>

#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/registry/registry_change.h"

#define CHANGES_AT_ONCE 1000

void changes_free(void *changes)
{
    struct changes *list = changes;
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i].id);
    free(list->items);
    free(list);
}

static bool kind_of(enum km_change_kind kind, enum change_kind *ret)
{
    switch (kind) {
    case KM_CHANGE_CERTIFICATE:
        *ret = CHANGE_CERTIFICATE;
        return true;
    case KM_CHANGE_ACCESS_KEY:
        *ret = CHANGE_KEY;
        return true;
    case KM_CHANGE_POLICY:
        *ret = CHANGE_POLICY;
        return true;
    case KM_CHANGE_THING:
        *ret = CHANGE_THING;
        return true;
    case KM_CHANGE_GROUP:
        *ret = CHANGE_GROUP;
        return true;
    case KM_CHANGE_THING_TYPE:
        *ret = CHANGE_TYPE;
        return true;
    case KM_CHANGE_ACCOUNT:
    case KM_CHANGE_CA:
    case KM_CHANGE_RULE:
    case KM_CHANGE_TEMPLATE:
    case KM_CHANGE_FUNCTION:
    case KM_CHANGE_EXECUTIONS:
    case KM_CHANGE_NEXT_EXECUTION:
    case KM_CHANGE_JOB_EVENT:
        break;
    }
    return false;
}

static struct changes *pick(struct scribe *scribe, const struct km_registry_change_list *list)
{
    struct changes *changes = calloc(1, sizeof(*changes));
    struct change *items = calloc(list->n_items + 1, sizeof(*items));
    if (changes == NULL || items == NULL) {
        free(changes);
        free(items);
        return NULL;
    }
    changes->items = items;
    for (size_t i = 0; i < list->n_items; i++) {
        const struct km_registry_change *item = &list->items[i];
        struct change *change = &items[changes->n];
        if (strcmp(item->account, scribe->settings->account) != 0)
            continue;
        scribe->is_recording_old |= item->kind == KM_CHANGE_ACCOUNT;
        if (!kind_of(item->kind, &change->kind))
            continue;
        change->id = strdup(item->id);
        if (change->id == NULL) {
            changes_free(changes);
            return NULL;
        }
        changes->n++;
    }
    return changes;
}

static void tell(struct scribe *scribe, struct changes *changes)
{
    if (changes->n == 0 && !changes->is_everything)
        changes_free(changes);
    else
        scribe_send(scribe, &(struct letter){.kind = LETTER_CHANGES,
                                             .object = changes,
                                             .object_free = changes_free});
}

/* A gap in the feed: the broker reads everything again. */
static bool start_over(struct scribe *scribe)
{
    int64_t generation = 0;
    struct changes *changes = calloc(1, sizeof(*changes));
    if (changes == NULL || km_registry_generation(scribe->reader.registry, &generation) != KM_OK) {
        free(changes);
        return false;
    }
    scribe->generation = generation;
    scribe->is_recording_old = true;
    changes->is_everything = true;
    tell(scribe, changes);
    return true;
}

bool feed_look(struct scribe *scribe)
{
    struct km_registry *registry = scribe->reader.registry;
    bool has_more = true;
    while (has_more) {
        struct km_registry_change_list list = {0};
        km_arena_reset(scribe->reader.arena);
        km_status status = km_registry_changes(registry, scribe->reader.arena, scribe->generation,
                                               CHANGES_AT_ONCE, &list);
        if (status == KM_E_STALE)
            return start_over(scribe);
        if (status != KM_OK) {
            scribe_warn(scribe, "can't follow the registry", km_registry_err(registry)->text);
            return false;
        }
        if (list.n_items == 0)
            return true;
        struct changes *changes = pick(scribe, &list);
        if (changes == NULL) /* short of memory: the same again at the next look */
            return false;
        scribe->generation = list.items[list.n_items - 1].generation;
        has_more = scribe->generation < list.generation;
        tell(scribe, changes);
        if (execution_changes(scribe, &list) && has_more) {
            /* That takes time, which others have a right to: the rest at the next turn, which is now. */
            atomic_store(&scribe->is_hinted, true);
            return false;
        }
    }
    return true;
}
