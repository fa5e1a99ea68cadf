/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/conn.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/admission/facts.h"

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
    free(conn->der);
    conn_bind(conn, NULL);
    km_facts_free(conn->facts);
    free(conn->id);
    free(conn->address);
    free(conn);
}

void conn_freep(struct conn **conn)
{
    conn_free(*conn);
}

void conn_bind(struct conn *conn, struct km_policy_bound *bound)
{
    memo_free(conn->memo);
    conn->memo = NULL;
    km_policy_bound_free(conn->bound);
    conn->bound = bound;
}

void conn_inherit(struct conn *conn, struct conn *before)
{
    conn_bind(conn, before->bound);
    before->bound = NULL;
    conn_bind(before, NULL);
    km_facts_free(conn->facts);
    conn->facts = before->facts;
    before->facts = NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct conn *)a)->id, ((const struct conn *)b)->id);
}

struct conn *conns_find(const struct conns *conns, const void *handle)
{
    return conn_map_find(&conns->by_handle, handle);
}

struct conn *conns_find_id(const struct conns *conns, const char *id)
{
    char *text = (char *)(uintptr_t)id;
    const struct conn key = {.id = text};
    struct conn **node = tfind(&key, &conns->by_id, compare_ids);
    return node == NULL ? NULL : *node;
}

static struct conn_list *list_of(struct conns *conns, enum conn_state state)
{
    switch (state) {
    case CONN_LEAVING:
        return &conns->leaving;
    case CONN_OFFLINE:
        return &conns->offline;
    case CONN_REMEMBERED:
        return &conns->remembered;
    case CONN_ONLINE:
        break;
    }
    return NULL;
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
    list->n--;
}

/* Into another state, as the last of those in it. */
static void move(struct conns *conns, struct conn *conn, enum conn_state state)
{
    struct conn_list *from = list_of(conns, conn->state);
    struct conn_list *to = list_of(conns, state);
    if (from != NULL)
        list_remove(from, conn);
    conn->state = state;
    if (to == NULL)
        return;
    conn->previous = to->last;
    if (to->last != NULL)
        to->last->next = conn;
    else
        to->first = conn;
    to->last = conn;
    to->n++;
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
    if (conn->state != CONN_REMEMBERED)
        conn_map_remove(&conns->by_handle, conn);
    move(conns, conn, CONN_ONLINE); /* off its list */
    conn_free(conn);
}

void conns_leave(struct conns *conns, struct conn *conn)
{
    if (conn->state == CONN_ONLINE || conn->state == CONN_OFFLINE)
        move(conns, conn, CONN_LEAVING);
}

bool conns_add(struct conns *conns, struct conn *conn)
{
    struct conn *stale = conns_find(conns, conn->handle);
    if (stale != NULL)
        forget(conns, stale);
    struct conn *before = conns_find_id(conns, conn->id);
    if (before != NULL && before->state == CONN_REMEMBERED) {
        forget(conns, before);
    } else if (before != NULL) {
        (void)tdelete(before, &conns->by_id, compare_ids);
        if (before->state == CONN_OFFLINE)
            conns_leave(conns, before);
    }
    if (!conn_map_put(&conns->by_handle, conn))
        return false;
    if (tsearch(conn, &conns->by_id, compare_ids) == NULL) {
        conn_map_remove(&conns->by_handle, conn);
        return false;
    }
    return true;
}

/* What becomes of one that has left. */
static void settle(struct conns *conns, struct conn *conn, const struct conns_sweep *sweep)
{
    conn->over_ms = sweep->now_ms;
    if (!is_newest(conns, conn)) {
        forget(conns, conn);
    } else if (conn->keeps_session) {
        move(conns, conn, CONN_OFFLINE);
    } else if (conn->is_local || conn->key[0] != '\0' || conn->is_barred ||
               sweep->n_remembered == 0) {
        forget(conns, conn);
    } else {
        conn_map_remove(&conns->by_handle, conn);
        move(conns, conn, CONN_REMEMBERED);
    }
}

bool conns_need_sweep(const struct conns *conns, size_t n_remembered)
{
    return conns->leaving.n > 0 || conns->offline.n > 0 || conns->remembered.n > n_remembered;
}

void conns_sweep(struct conns *conns, const struct conns_sweep *sweep)
{
    while (conns->leaving.first != NULL) {
        struct conn *conn = conns->leaving.first;
        sweep->over(sweep->arg, conn);
        settle(conns, conn, sweep);
    }
    while (conns->offline.first != NULL &&
           sweep->now_ms - conns->offline.first->over_ms > sweep->session_ms)
        forget(conns, conns->offline.first);
    while (conns->remembered.n > sweep->n_remembered)
        forget(conns, conns->remembered.first);
}

void conns_forget(struct conns *conns, bool (*is_true)(void *arg, const struct conn *conn),
                  void *arg)
{
    struct conn *conn = conns->remembered.first;
    while (conn != NULL) {
        struct conn *next = conn->next;
        if (is_true(arg, conn))
            forget(conns, conn);
        conn = next;
    }
}

void conns_each(const struct conns *conns, void (*fn)(void *arg, struct conn *conn), void *arg)
{
    conn_map_each(&conns->by_handle, fn, arg);
}

static void nothing(void *node)
{
    (void)node;
}

static void free_conn(void *arg, struct conn *conn)
{
    (void)arg;
    conn_free(conn);
}

static bool always(void *arg, const struct conn *conn)
{
    (void)arg;
    (void)conn;
    return true;
}

void conns_clear(struct conns *conns)
{
    conns_forget(conns, always, NULL);
    tdestroy(conns->by_id, nothing);
    conn_map_each(&conns->by_handle, free_conn, NULL);
    conn_map_clear(&conns->by_handle);
    *conns = (struct conns){0};
}
