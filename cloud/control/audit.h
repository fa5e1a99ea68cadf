/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit trail of the API: one event of kind "Api" for each call, who, from where, which operation, how it ended. What changes
 * something has its event in its own transaction; all others are gathered and written together. What devices call is recorded as the
 * account's logging options have it (cloud/admission/recorded.h).
 */
#ifndef KM_AUDIT_H
#define KM_AUDIT_H

#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_event.h"

#define KM_AUDIT_WAITING_MAX 256u /* events that wait to be written */
#define KM_AUDIT_WAIT_MS 1000     /* how long, at most */
#define KM_AUDIT_KIND "Api"

/* One call. Starts as all zero. */
struct km_audit_event {
    int64_t time_ms;
    char account[KM_ACCOUNT_LEN +
                 1]; /* empty: nobody's, as of a request whose signer is not known */
    char principal[KM_PRINCIPAL_NAME_MAX + 1];
    char certificate[KM_CERTIFICATE_ID_LEN + 1]; /* of a device; empty: it was none */
    char address[KM_EVENT_ADDRESS_MAX + 1];
    char request_id[KM_REGISTRY_UUID_LEN + 1];
    char reason[KM_ERR_TEXT_MAX];
    const char *operation; /* static storage */
    const char *exception; /* static storage; NULL: none */
    unsigned status;
    bool is_success;
};

/* Zeroed at first. */
struct km_audit {
    struct km_audit_event waiting[KM_AUDIT_WAITING_MAX];
    size_t n_waiting;
    int64_t first_ms; /* when the oldest of them came, by km_loop_now_ms */
};

/* km_audit_write: now. */
km_status km_audit_write(struct km_registry *reg, const struct km_audit_event *event);
/* km_audit_keep: soon. Writes what waits when there is no room. */
void km_audit_keep(struct km_audit *audit, struct km_registry *reg,
                   const struct km_audit_event *event);
/* km_audit_flush: all that waits, in one transaction. What can't be written is said in the log and dropped. */
void km_audit_flush(struct km_audit *audit, struct km_registry *reg);
/* km_audit_tick: flushes when it is time. */
void km_audit_tick(struct km_audit *audit, struct km_registry *reg);

#endif
