/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_file.h"

#define FILE_VERSION 1
#define NAME_CAP 32
#define FILE_MAX (KM_INVOKE_REQUEST_MAX + 64)
#define SHARES 1024 /* functions share one when there are more */

struct list {
    struct km_spool_entry *first, *last;
};

struct km_spool {
    int dir;
    unsigned max;
    unsigned n_entries; /* also those that are taken */
    uint64_t next_id;
    unsigned shares[SHARES]; /* entries of each */
    struct list ready[SHARES];
    unsigned n_ready;
    unsigned turn;     /* the share that gives the next one */
    struct list later; /* those that wait for their next attempt */
    int64_t earliest_ms;
};

static void append(struct list *list, struct km_spool_entry *entry)
{
    entry->next = NULL;
    if (list->first == NULL)
        list->first = entry;
    else
        list->last->next = entry;
    list->last = entry;
}

static struct km_spool_entry *shift(struct list *list)
{
    struct km_spool_entry *entry = list->first;
    if (entry != NULL)
        list->first = entry->next;
    return entry;
}

/* FNV-1a. */
static unsigned share_of(const struct km_invoke *invoke)
{
    uint32_t hash = 2166136261u;
    const char *const parts[] = {invoke->account, invoke->function};
    for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++)
        for (const char *at = parts[i]; *at != '\0'; at++)
            hash = (hash ^ (uint8_t)*at) * 16777619u;
    return hash % SHARES;
}

static void append_ready(struct km_spool *spool, struct km_spool_entry *entry)
{
    append(&spool->ready[entry->share], entry);
    spool->n_ready++;
}

static void forget(struct km_spool *spool, struct km_spool_entry *entry)
{
    spool->n_entries--;
    spool->shares[entry->share]--;
    free(entry);
}

static void name_of(const struct km_spool_entry *entry, char ret[NAME_CAP])
{
    snprintf(ret, NAME_CAP, "%016" PRIx64 ".ev", entry->id);
}

void km_spool_head_write(struct km_wr *wr, const struct km_spool_entry *entry)
{
    km_wr_u8(wr, FILE_VERSION);
    km_wr_u8(wr, (uint8_t)entry->attempts);
    km_wr_u64le(wr, (uint64_t)entry->received_ms);
    km_wr_u64le(wr, (uint64_t)entry->not_before_ms);
}

bool km_spool_head_read(struct km_rd *rd, struct km_spool_entry *ret)
{
    uint8_t version = 0, attempts = 0;
    uint64_t received = 0, not_before = 0;
    if (!km_rd_u8(rd, &version) || version != FILE_VERSION || !km_rd_u8(rd, &attempts) ||
        !km_rd_u64le(rd, &received) || received > INT64_MAX || !km_rd_u64le(rd, &not_before) ||
        not_before > INT64_MAX)
        return false;
    ret->attempts = attempts;
    ret->received_ms = (int64_t)received;
    ret->not_before_ms = (int64_t)not_before;
    return true;
}

static void put_in_line(struct km_spool *spool, struct km_spool_entry *entry)
{
    if (entry->not_before_ms == 0) {
        append_ready(spool, entry);
        return;
    }
    append(&spool->later, entry);
    if (entry->not_before_ms < spool->earliest_ms)
        spool->earliest_ms = entry->not_before_ms;
}

/* ---- files ---- */

static km_status read_file(struct km_err *err, struct km_spool *spool,
                           const struct km_spool_entry *entry, uint8_t **ret_bytes,
                           struct km_rd *ret)
{
    char name[NAME_CAP] = {0};
    size_t len = 0;
    struct km_spool_entry head = {.id = 0};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    name_of(entry, name);
    KM_TRY(km_file_read(err, spool->dir, name, FILE_MAX, &bytes, &len));
    *ret = km_rd_init(KM_SLICE(bytes, len));
    if (!km_spool_head_read(ret, &head))
        return KM_FAIL(err, KM_E_CORRUPT, "event %s can't be read", name);
    *ret_bytes = km_steal(&bytes);
    return KM_OK;
}

static km_status write_file(struct km_err *err, struct km_spool *spool,
                            const struct km_spool_entry *entry, const struct km_invoke *invoke)
{
    char name[NAME_CAP] = {0};
    size_t cap = invoke->payload.len + (FILE_MAX - KM_FUNCTION_PAYLOAD_MAX);
    struct km_slice out = {0};
    KM_AUTO(km_freep) uint8_t *bytes = malloc(cap);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for an event of %zu octets", cap);
    struct km_wr wr = km_wr_init(bytes, cap);
    km_spool_head_write(&wr, entry);
    km_invoke_write(&wr, invoke);
    if (!km_wr_finish(&wr, &out))
        return KM_FAIL(err, KM_E_LIMIT, "the names in an event are too long");
    name_of(entry, name);
    return km_file_write(err, spool->dir, name, out, 0600);
}

void km_spool_set_aside(struct km_spool *spool, struct km_spool_entry *entry)
{
    char name[NAME_CAP] = {0}, aside[NAME_CAP + 4] = {0};
    name_of(entry, name);
    snprintf(aside, sizeof aside, "%s.bad", name);
    (void)renameat(spool->dir, name, spool->dir, aside);
    forget(spool, entry);
}

/* ---- opening ---- */

static int is_event(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return strlen(name) == 19 && strspn(name, "0123456789abcdef") == 16 &&
           strcmp(name + 16, ".ev") == 0;
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static km_status take_up(struct km_err *err, struct km_spool *spool, const char *name)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    km_status status = km_file_read(NULL, spool->dir, name, FILE_MAX, &bytes, &len);
    struct km_spool_entry *entry = status != KM_E_NOMEM ? calloc(1, sizeof *entry) : NULL;
    if (entry == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the spool");
    entry->id = strtoull(name, NULL, 16);
    if (entry->id >= spool->next_id)
        spool->next_id = entry->id + 1;
    struct km_rd rd = km_rd_init(KM_SLICE(bytes, len));
    struct km_invoke_strings strings = {.account = ""};
    struct km_invoke invoke = {.kind = KM_INVOKE_EVENT};
    bool is_good = status == KM_OK && km_spool_head_read(&rd, entry);
    /* Whoever takes it will see what is wrong with the rest. */
    if (is_good &&
        km_invoke_read(NULL, KM_SLICE(rd.pos, km_rd_left(&rd)), &strings, &invoke) == KM_OK)
        entry->share = share_of(&invoke);
    spool->n_entries++;
    spool->shares[entry->share]++;
    if (is_good)
        put_in_line(spool, entry);
    else
        km_spool_set_aside(spool, entry);
    return KM_OK;
}

km_status km_spool_open(struct km_err *err, const char *path, unsigned max, struct km_spool **ret)
{
    KM_AUTO(km_spool_freep) struct km_spool *spool = calloc(1, sizeof *spool);
    struct dirent **names = NULL;
    if (spool == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the spool");
    spool->max = max;
    spool->earliest_ms = INT64_MAX;
    spool->next_id = 1;
    spool->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->dir < 0)
        return KM_FAIL_ERRNO(err, "can't open %.128s", path);
    int n = scandir(path, &names, is_event, alphasort);
    if (n < 0)
        return KM_FAIL_ERRNO(err, "can't read %.128s", path);
    km_status status = KM_OK;
    for (int i = 0; i < n && status == KM_OK; i++)
        status = take_up(err, spool, names[i]->d_name);
    free_names(names, n);
    KM_TRY(status);
    *ret = km_steal(&spool);
    return KM_OK;
}

static void free_list(struct list *list)
{
    for (struct km_spool_entry *entry = shift(list); entry != NULL; entry = shift(list))
        free(entry);
}

void km_spool_freep(struct km_spool **spool)
{
    if (*spool == NULL)
        return;
    for (size_t i = 0; i < SHARES; i++)
        free_list(&(*spool)->ready[i]);
    free_list(&(*spool)->later);
    km_fd_closep(&(*spool)->dir);
    free(*spool);
}

/* ---- use ---- */

km_status km_spool_add(struct km_err *err, struct km_spool *spool, const struct km_invoke *invoke,
                       int64_t now_ms)
{
    unsigned share = share_of(invoke);
    if (spool->n_entries >= spool->max)
        return KM_FAIL(err, KM_E_BUSY, "%u events wait already", spool->n_entries);
    if (spool->shares[share] > spool->max - spool->n_entries)
        return KM_FAIL(err, KM_E_BUSY, "%u events wait already, %u for this function",
                       spool->n_entries, spool->shares[share]);
    KM_AUTO(km_freep) struct km_spool_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for an event");
    entry->id = spool->next_id++;
    entry->received_ms = now_ms;
    entry->share = share;
    KM_TRY(write_file(err, spool, entry, invoke));
    spool->n_entries++;
    spool->shares[share]++;
    append_ready(spool, km_steal(&entry));
    return KM_OK;
}

/* Those whose time has come stand in line behind the others. */
static void move_due(struct km_spool *spool, int64_t now_ms)
{
    struct list waiting = spool->later;
    spool->later = (struct list){NULL, NULL};
    spool->earliest_ms = INT64_MAX;
    for (struct km_spool_entry *entry = shift(&waiting); entry != NULL; entry = shift(&waiting)) {
        if (entry->not_before_ms <= now_ms)
            append_ready(spool, entry);
        else
            put_in_line(spool, entry);
    }
}

struct km_spool_entry *km_spool_take(struct km_spool *spool, int64_t now_ms)
{
    if (spool->earliest_ms <= now_ms)
        move_due(spool, now_ms);
    if (spool->n_ready == 0)
        return NULL;
    while (spool->ready[spool->turn].first == NULL)
        spool->turn = (spool->turn + 1) % SHARES;
    struct km_spool_entry *entry = shift(&spool->ready[spool->turn]);
    spool->turn = (spool->turn + 1) % SHARES;
    spool->n_ready--;
    return entry;
}

km_status km_spool_read(struct km_err *err, struct km_spool *spool,
                        const struct km_spool_entry *entry, uint8_t **ret_bytes,
                        struct km_invoke_strings *strings, struct km_invoke *ret)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    struct km_rd rd = km_rd_init(KM_SLICE(NULL, 0));
    KM_TRY(read_file(err, spool, entry, &bytes, &rd));
    KM_TRY(km_invoke_read(err, KM_SLICE(rd.pos, km_rd_left(&rd)), strings, ret));
    *ret_bytes = km_steal(&bytes);
    return KM_OK;
}

/* If it can't be written the old count stands there, and a start anew tries once more than it should. */
void km_spool_retry(struct km_spool *spool, struct km_spool_entry *entry, int64_t not_before_ms)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    struct km_invoke_strings strings = {.account = ""};
    struct km_invoke invoke = {.kind = KM_INVOKE_EVENT};
    entry->attempts++;
    entry->not_before_ms = not_before_ms;
    if (km_spool_read(NULL, spool, entry, &bytes, &strings, &invoke) == KM_OK)
        (void)write_file(NULL, spool, entry, &invoke);
    put_in_line(spool, entry);
}

void km_spool_postpone(struct km_spool *spool, struct km_spool_entry *entry, int64_t not_before_ms)
{
    entry->not_before_ms = not_before_ms;
    put_in_line(spool, entry);
}

void km_spool_untake(struct km_spool *spool, struct km_spool_entry *entry)
{
    put_in_line(spool, entry);
}

void km_spool_remove(struct km_spool *spool, struct km_spool_entry *entry)
{
    char name[NAME_CAP] = {0};
    name_of(entry, name);
    (void)unlinkat(spool->dir, name, 0);
    forget(spool, entry);
}

int64_t km_spool_next_ms(const struct km_spool *spool)
{
    return spool->n_ready > 0 ? 0 : spool->earliest_ms;
}

unsigned km_spool_count(const struct km_spool *spool)
{
    return spool->n_entries;
}
