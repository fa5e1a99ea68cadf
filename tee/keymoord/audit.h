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

struct km_audit {
    int fd; /* the file, or the journal's socket; -1: none */
    bool journal;
    const char *path;
    uint64_t n_records, n_lost;
    bool warned;
    bool torn;                                   /* the file ends with half a record */
    char ring[KM_AUDIT_RING][KM_AUDIT_LINE_MAX]; /* n_records % KM_AUDIT_RING is the next */
};

/* Fields that are left out when NULL (texts) or when has_client is false. */
struct km_audit_record {
    const char *event;
    bool has_client;
    uint32_t uid, gid, pid;
    const char *exe;
    const char *ta;
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
void km_audit_close(struct km_audit *audit);
void km_audit_write(struct km_audit *audit, const struct km_audit_record *record);
/*
 * km_audit_last: the newest records but the skip newest ones, at most n and what fits, oldest first, a line each.
 * Returns the text's length.
 */
size_t km_audit_last(const struct km_audit *audit, uint32_t n, uint32_t skip, char *ret,
                     size_t cap);

#endif
