/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/inflight.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct count {
    char *thing;
    unsigned n;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct count *)a)->thing, ((const struct count *)b)->thing);
}

static void free_count(void *node)
{
    struct count *count = node;
    free(count->thing);
    free(count);
}

static struct count *find(const struct inflight *inflight, const char *thing)
{
    const struct count key = {.thing = (char *)(uintptr_t)thing};
    struct count **node = tfind(&key, &inflight->by_thing, compare);
    return node == NULL ? NULL : *node;
}

static struct count *add(struct inflight *inflight, const char *thing)
{
    struct count *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    made->thing = strdup(thing);
    if (made->thing == NULL || tsearch(made, &inflight->by_thing, compare) == NULL) {
        free_count(made);
        return NULL;
    }
    return made;
}

bool inflight_begin(struct inflight *inflight, const char *thing, unsigned max)
{
    struct count *count = find(inflight, thing);
    if (count == NULL)
        count = add(inflight, thing);
    if (count == NULL || count->n >= max)
        return false;
    count->n++;
    return true;
}

void inflight_end(struct inflight *inflight, const char *thing)
{
    struct count *count = find(inflight, thing);
    if (count == NULL || --count->n > 0)
        return;
    (void)tdelete(count, &inflight->by_thing, compare);
    free_count(count);
}

void inflight_clear(struct inflight *inflight)
{
    tdestroy(inflight->by_thing, free_count);
    inflight->by_thing = NULL;
}
