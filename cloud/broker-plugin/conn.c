/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/conn.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/broker-plugin/facts.h"

struct conn *conn_new(const void *handle, const char *id, const char *certificate,
                      const char *address)
{
    KM_AUTO(conn_freep) struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL)
        return NULL;
    conn->handle = handle;
    conn->id = strdup(id);
    conn->address = strdup(address);
    km_copy(conn->certificate, CONN_CERTIFICATE_LEN, certificate, strlen(certificate));
    if (conn->id == NULL || conn->address == NULL)
        return NULL;
    return km_steal(&conn);
}

void conn_free(struct conn *conn)
{
    if (conn == NULL)
        return;
    km_cert_values_free(conn->values);
    km_policy_bound_free(conn->bound);
    facts_free(conn->facts);
    free(conn->id);
    free(conn->address);
    free(conn);
}

void conn_freep(struct conn **conn)
{
    conn_free(*conn);
}

static int compare_handles(const void *a, const void *b)
{
    const struct conn *one = a;
    const struct conn *other = b;
    return ((uintptr_t)one->handle > (uintptr_t)other->handle) -
           ((uintptr_t)one->handle < (uintptr_t)other->handle);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct conn *)a)->id, ((const struct conn *)b)->id);
}

static struct conn *found(void *node)
{
    return node == NULL ? NULL : *(struct conn **)node;
}

struct conn *conns_find(const struct conns *conns, const void *handle)
{
    const struct conn key = {.handle = handle};
    return found(tfind(&key, &conns->by_handle, compare_handles));
}

struct conn *conns_find_id(const struct conns *conns, const char *id)
{
    char *text = (char *)(uintptr_t)id;
    const struct conn key = {.id = text};
    return found(tfind(&key, &conns->by_id, compare_ids));
}

static void list_push(struct conn_list *list, struct conn *conn)
{
    conn->next = NULL;
    conn->previous = list->last;
    if (list->last != NULL)
        list->last->next = conn;
    else
        list->first = conn;
    list->last = conn;
}

static void list_remove(struct conn_list *list, struct conn *conn)
{
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        list->first = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    else
        list->last = conn->previous;
    conn->next = NULL;
    conn->previous = NULL;
}

static bool is_newest(const struct conns *conns, const struct conn *conn)
{
    return conns_find_id(conns, conn->id) == conn;
}

/* Takes it out of wherever it is and frees it. */
static void forget(struct conns *conns, struct conn *conn)
{
    if (is_newest(conns, conn))
        (void)tdelete(conn, &conns->by_id, compare_ids);
    (void)tdelete(conn, &conns->by_handle, compare_handles);
    if (conn->is_leaving)
        list_remove(&conns->leaving, conn);
    else if (!conn->is_online)
        list_remove(&conns->offline, conn);
    conns->n--;
    conn_free(conn);
}

void conns_leave(struct conns *conns, struct conn *conn)
{
    if (conn->is_leaving)
        return;
    if (!conn->is_online)
        list_remove(&conns->offline, conn);
    conn->is_online = false;
    conn->is_leaving = true;
    list_push(&conns->leaving, conn);
}

bool conns_add(struct conns *conns, struct conn *conn)
{
    struct conn *stale = conns_find(conns, conn->handle);
    if (stale != NULL)
        forget(conns, stale);
    struct conn *before = conns_find_id(conns, conn->id);
    if (before != NULL) {
        (void)tdelete(before, &conns->by_id, compare_ids);
        if (!before->is_online)
            conns_leave(conns, before);
    }
    if (tsearch(conn, &conns->by_handle, compare_handles) == NULL)
        return false;
    if (tsearch(conn, &conns->by_id, compare_ids) == NULL) {
        (void)tdelete(conn, &conns->by_handle, compare_handles);
        return false;
    }
    conn->is_online = true;
    conns->n++;
    return true;
}

void conns_sweep(struct conns *conns, int64_t now_ms, int64_t session_ms,
                 void (*over)(void *arg, struct conn *conn), void *arg)
{
    while (conns->leaving.first != NULL) {
        struct conn *conn = conns->leaving.first;
        over(arg, conn);
        if (!conn->keeps_session || !is_newest(conns, conn)) {
            forget(conns, conn);
            continue;
        }
        list_remove(&conns->leaving, conn);
        conn->is_leaving = false;
        conn->over_ms = now_ms;
        list_push(&conns->offline, conn);
    }
    while (conns->offline.first != NULL && now_ms - conns->offline.first->over_ms > session_ms)
        forget(conns, conns->offline.first);
}

struct each {
    void (*fn)(void *arg, struct conn *conn);
    void *arg;
};

static void each_node(const void *node, VISIT which, void *closure)
{
    const struct each *each = closure;
    if (which == postorder || which == leaf)
        each->fn(each->arg, *(struct conn *const *)node);
}

void conns_each(const struct conns *conns, void (*fn)(void *arg, struct conn *conn), void *arg)
{
    struct each each = {.fn = fn, .arg = arg};
    twalk_r(conns->by_handle, each_node, &each);
}

static void nothing(void *node)
{
    (void)node;
}

static void free_conn(void *node)
{
    conn_free(node);
}

void conns_clear(struct conns *conns)
{
    tdestroy(conns->by_id, nothing);
    tdestroy(conns->by_handle, free_conn);
    *conns = (struct conns){0};
}
