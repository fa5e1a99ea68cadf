/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit records: who did what to which key, and how it ended. One JSON object a line; never data.
 * The last records also stay in memory for the AUDIT request. A record that can't be written is
 * counted and warned of once: the service goes on.
 */
#ifndef KM_AUDIT_H
#define KM_AUDIT_H

#include "common/km_bytes.h"

#define KM_AUDIT_RING 512
#define KM_AUDIT_LINE_MAX 1024
#define KM_AUDIT_BUCKETS 128

/* Records of one kind from one source beyond a burst and a rate are counted, not written. */
struct km_audit_bucket {
    const char *event; /* NULL: not used */
    bool has_uid;
    uint32_t uid;
    char ta[40];   /* "": whichever */
    int64_t milli; /* thousandths of a record that may be written now */
    int64_t used_ms;
    uint64_t suppressed; /* not told yet */
    int64_t since_ms;    /* the first of them */
};

struct km_audit {
    int fd; /* the file, or the journal's socket; -1: none */
    bool journal;
    const char *path;
    uint64_t n_records, n_lost, n_suppressed;
    struct km_audit_bucket buckets[KM_AUDIT_BUCKETS];
    bool warned;
    bool torn;                                   /* the file ends with half a record */
    char ring[KM_AUDIT_RING][KM_AUDIT_LINE_MAX]; /* n_records % KM_AUDIT_RING is the next */
};

/* Fields that are left out when NULL (texts) or when has_client is false. */
struct km_audit_record {
    const char *event;
    bool has_client;
    bool only_uid; /* of the client */
    uint32_t uid, gid, pid;
    const char *exe;
    const char *ta;
    const char *via;  /* the TA that opened the session for the client or for itself */
    uint64_t session; /* 0: none */
    const char *operation;
    struct km_slice subject; /* any bytes; shown as text where it is text */
    bool has_result;
    uint32_t result;
    const char *detail;
};

/* km_audit_open: target is "journal", "none" or a file, made with mode 0600. */
km_status km_audit_open(struct km_err *err, struct km_audit *audit, const char *target);
/* km_audit_reopen: the file under its name again, after somebody moved it away. */
km_status km_audit_reopen(struct km_err *err, struct km_audit *audit);
/* km_audit_close: tells first what was only counted. */
void km_audit_close(struct km_audit *audit);
/*
 * km_audit_write: a record of a kind that a client or a TA can cause at will is only counted when there are too many
 * of them from one user or application; "suppressed" tells their number later. Nothing is written to a file system
 * that is nearly full: its rest belongs to the stores, and the record is lost.
 */
void km_audit_write(struct km_audit *audit, const struct km_audit_record *record);
/* km_audit_tick: tells what was counted and is due; milliseconds until more is, -1: nothing is. */
int km_audit_tick(struct km_audit *audit);
/*
 * km_audit_last: the newest records but the skip newest ones, at most n and what fits, oldest first, a line each.
 * Returns the text's length.
 */
size_t km_audit_last(const struct km_audit *audit, uint32_t n, uint32_t skip, char *ret,
                     size_t cap);

#endif
