/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that were accepted and are not done with: a file each, written whole and synced before it counts. What it says of attempts is
 * brought up to date when one has failed, so that a killed runner tries again.
 */
#ifndef KM_SPOOL_H
#define KM_SPOOL_H

#include "cloud/functions/invoke.h"

struct km_spool;
struct km_spool_entry {
    uint64_t id;
    int64_t received_ms;
    int64_t not_before_ms;
    unsigned attempts; /* that have failed */
    unsigned share;    /* of the spool: its function's */
    struct km_spool_entry *next;
};

/* km_spool_open: what lies in the directory, the oldest first. A file that can't be read is set aside as NAME.bad. Returns owned. */
km_status km_spool_open(struct km_err *err, const char *path, unsigned max, struct km_spool **ret);
void km_spool_freep(struct km_spool **spool);
/* km_spool_add: KM_E_BUSY when there are max, or its function has as many as there is room for: so one function leaves some to the others. */
km_status km_spool_add(struct km_err *err, struct km_spool *spool, const struct km_invoke *invoke,
                       int64_t now_ms);
/* km_spool_take: an event whose time has come, of one function after the other, or NULL; handed back by _retry, _untake or _remove. */
struct km_spool_entry *km_spool_take(struct km_spool *spool, int64_t now_ms);
/* km_spool_read: the request of an event; *ret_bytes is owned and what *ret views, with strings. */
km_status km_spool_read(struct km_err *err, struct km_spool *spool,
                        const struct km_spool_entry *entry, uint8_t **ret_bytes,
                        struct km_invoke_strings *strings, struct km_invoke *ret);
/* km_spool_retry: one more attempt has failed; the next is not before that time. */
void km_spool_retry(struct km_spool *spool, struct km_spool_entry *entry, int64_t not_before_ms);
/* km_spool_postpone: it could not be tried, through no fault of its own: not before that time. */
void km_spool_postpone(struct km_spool *spool, struct km_spool_entry *entry, int64_t not_before_ms);
/* km_spool_untake: it was not tried. */
void km_spool_untake(struct km_spool *spool, struct km_spool_entry *entry);
void km_spool_remove(struct km_spool *spool, struct km_spool_entry *entry);
/* km_spool_set_aside: it can't be read: it is kept as NAME.bad, out of the way. */
void km_spool_set_aside(struct km_spool *spool, struct km_spool_entry *entry);
/* km_spool_next_ms: when the next waiting event is due; INT64_MAX: none waits. */
int64_t km_spool_next_ms(const struct km_spool *spool);
unsigned km_spool_count(const struct km_spool *spool);

/* The bytes of an event's file: a head, and the request as km_invoke_write puts it. */
void km_spool_head_write(struct km_wr *wr, const struct km_spool_entry *entry);
KM_MUST_USE bool km_spool_head_read(struct km_rd *rd, struct km_spool_entry *ret);

#endif
