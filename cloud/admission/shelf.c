/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/shelf.h"

#include <search.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/policy/policy.h"

struct km_shelf_policy {
    atomic_uint holders;
    struct km_policy *policy;
    char *name;
    char *generation;
    int64_t version;
};

const struct km_policy *km_shelf_policy(const struct km_shelf_policy *held)
{
    return held->policy;
}

const char *km_shelf_name(const struct km_shelf_policy *held)
{
    return held->name;
}

void km_shelf_give_back(struct km_shelf_policy *held)
{
    if (held == NULL || atomic_fetch_sub(&held->holders, 1) > 1)
        return;
    km_policy_free(held->policy);
    free(held->name);
    free(held->generation);
    free(held);
}

static void give_backp(struct km_shelf_policy **held)
{
    km_shelf_give_back(*held);
}

static void give_back_node(void *node)
{
    km_shelf_give_back(node);
}

void km_shelf_clear(struct km_shelf *shelf)
{
    tdestroy(shelf->by_name, give_back_node);
    *shelf = (struct km_shelf){0};
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct km_shelf_policy *)a)->name,
                  ((const struct km_shelf_policy *)b)->name);
}

static km_status compile(struct km_err *err, const struct km_shelf_wish *wish,
                         struct km_shelf_policy **ret)
{
    KM_AUTO(give_backp) struct km_shelf_policy *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "policy %s", wish->name);
    atomic_init(&made->holders, 1);
    made->name = strdup(wish->name);
    made->generation = strdup(wish->generation);
    made->version = wish->version;
    if (made->name == NULL || made->generation == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "policy %s", wish->name);
    KM_TRY(km_policy_compile(err, KM_SLICE_STR(wish->document), &made->policy));
    *ret = km_steal(&made);
    return KM_OK;
}

/* The shelf holds it too; without memory for that it is compiled again next time. */
static void keep(struct km_shelf *shelf, struct km_shelf_policy *made)
{
    if (shelf->n >= KM_SHELF_MAX)
        km_shelf_clear(shelf);
    struct km_shelf_policy **node = tsearch(made, &shelf->by_name, compare);
    if (node == NULL)
        return;
    if (*node == made) {
        shelf->n++;
    } else {
        km_shelf_give_back(*node);
        *node = made;
    }
    atomic_fetch_add(&made->holders, 1);
}

km_status km_shelf_take(struct km_err *err, struct km_shelf *shelf,
                        const struct km_shelf_wish *wish, struct km_shelf_policy **ret)
{
    char *name = (char *)(uintptr_t)wish->name;
    const struct km_shelf_policy key = {.name = name};
    struct km_shelf_policy **node = tfind(&key, &shelf->by_name, compare);
    if (node != NULL && (*node)->version == wish->version &&
        strcmp((*node)->generation, wish->generation) == 0) {
        atomic_fetch_add(&(*node)->holders, 1);
        *ret = *node;
        return KM_OK;
    }
    KM_TRY(compile(err, wish, ret));
    keep(shelf, *ret);
    return KM_OK;
}
