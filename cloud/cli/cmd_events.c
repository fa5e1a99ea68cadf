/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, and what happens. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cloud/cli/cli.h"
#include "cloud/cli/events.h"
#include "cloud/registry/registry_event.h"

#define FOLLOW_NS 200000000L

static void set_text(json_t *json, const char *name, const char *text)
{
    if (text != NULL)
        (void)json_object_set_new(json, name, json_string(text));
}

json_t *event_json(const struct km_registry_event *event)
{
    char when[TIME_CAP] = {0};
    json_t *json = json_pack("{s:I,s:s,s:s,s:b}", "id", (json_int_t)event->id, "time",
                             time_text(event->time_ms, when), "kind", event->kind, "success",
                             event->is_success);
    set_text(json, "clientId", event->client_id);
    set_text(json, "certificateId", event->certificate_id);
    set_text(json, "principal", event->principal);
    set_text(json, "address", event->address);
    set_text(json, "reason", event->reason);
    if (event->detail != NULL)
        (void)json_object_set_new(json, "detail", json_loads(event->detail, 0, NULL));
    return json;
}

/* What a client called itself may hold anything: nothing of it is to move a terminal's cursor. */
static void print_clean(const char *before, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    (void)fputs(before, stdout);
    for (; *text != '\0'; text++)
        (void)putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

/* What an event is about, where its kind alone does not say. */
static void print_subject(const char *detail)
{
    static const char *const members[] = {"operation", "function", "rule", "action"};
    json_t *json = detail != NULL ? json_loads(detail, 0, NULL) : NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(members); i++)
        print_clean(" ", json_string_value(json_object_get(json, members[i])));
    json_decref(json);
}

void event_print(const struct km_registry_event *event)
{
    char when[TIME_CAP] = {0}, id[17] = {0};
    (void)printf("%s  %-7s  %s", time_text(event->time_ms, when),
                 event->is_success ? "ok" : "refused", event->kind);
    print_subject(event->detail);
    print_clean("  client ", event->client_id);
    if (event->certificate_id != NULL)
        snprintf(id, sizeof id, "%.16s", event->certificate_id);
    print_clean("  certificate ", id[0] != '\0' ? id : NULL);
    print_clean("  by ", event->principal);
    print_clean("  from ", event->address);
    print_clean(": ", event->reason);
    (void)putchar('\n');
}

static void show(const struct cli_options *options, const struct km_registry_event *event)
{
    if (options->json)
        print_json(event_json(event));
    else
        event_print(event);
}

/* The newest of all, in the order in which they happened. */
static km_status show_last(const struct cli_options *options, struct cloud *cloud, unsigned count,
                           int64_t *ret_last)
{
    const struct km_registry_event_filter filter = {.account = cloud->account};
    struct km_registry_page page = {.is_descending = true,
                                    .limit = count < KM_REGISTRY_PAGE_MAX ? count
                                                                          : KM_REGISTRY_PAGE_MAX};
    struct km_registry_event_list list = {.items = NULL};
    KM_TRY(km_registry_event_list(cloud->registry, cloud->arena, &filter, &page, &list));
    for (size_t i = list.n_items; i-- > 0;)
        show(options, &list.items[i]);
    if (list.n_items > 0)
        *ret_last = list.items[0].id;
    return KM_OK;
}

static km_status show_new(const struct cli_options *options, struct cloud *cloud, int64_t *last)
{
    const struct km_registry_event_filter filter = {.account = cloud->account, .after_id = *last};
    const struct km_registry_page page = {.marker = NULL};
    struct km_registry_event_list list = {.items = NULL};
    KM_TRY(km_registry_event_list(cloud->registry, cloud->arena, &filter, &page, &list));
    for (size_t i = 0; i < list.n_items; i++) {
        show(options, &list.items[i]);
        *last = list.items[i].id;
    }
    (void)fflush(stdout);
    return KM_OK;
}

int cmd_events(const struct cli_options *options, const char *operand)
{
    static const struct timespec pause = {.tv_nsec = FOLLOW_NS};
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    unsigned count = read_count(options, 50);
    int64_t last = 0;
    (void)operand;
    if (count == 0)
        return EXIT_USAGE;
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    km_status status = show_last(options, &cloud, count, &last);
    while (status == KM_OK && options->follow) {
        km_arena_reset(cloud.arena);
        (void)nanosleep(&pause, NULL);
        status = show_new(options, &cloud, &last);
        if (ferror(stdout) != 0)
            return EXIT_FAILURE;
    }
    return status == KM_OK ? EXIT_SUCCESS : fail_registry(&cloud, "events");
}
