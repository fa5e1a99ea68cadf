/* SPDX-License-Identifier: Apache-2.0 */
/* Device certificates and their life: who may connect. */
#ifndef KM_REGISTRY_CERTIFICATE_H
#define KM_REGISTRY_CERTIFICATE_H

#include "cloud/registry/registry_ca.h"

/* Stored as these numbers. */
enum km_certificate_status {
    KM_CERTIFICATE_ACTIVE = 1, /* the only one that may authenticate */
    KM_CERTIFICATE_INACTIVE = 2,
    KM_CERTIFICATE_REVOKED = 3, /* for good */
    KM_CERTIFICATE_PENDING_TRANSFER = 4,
    KM_CERTIFICATE_PENDING_ACTIVATION =
        5, /* a device came, its CA registers by itself, nobody has decided yet */
};
/* km_certificate_status_name: as the REST API spells it, e.g. "PENDING_ACTIVATION". */
const char *km_certificate_status_name(enum km_certificate_status status);
KM_MUST_USE bool km_certificate_status_parse(const char *name, enum km_certificate_status *ret);

struct km_registry_certificate_new {
    struct km_slice der;
    const char *ca_id; /* NULL when registered without a CA (mode SNI_ONLY) */
    enum km_ca_mode mode;
    enum km_certificate_status
        status; /* ACTIVE, INACTIVE or REVOKED; register_pending ignores it */
    int64_t not_before_ms;
    int64_t not_after_ms;
};

#define KM_TRANSFER_TEXT_MAX 512 /* octets of a message or a reason: 128 characters */

/* The last transfer of a certificate, unless it was canceled. Times of 0: it did not come to that. */
struct km_registry_transfer {
    const char *to;            /* while it is open */
    const char *message;       /* of who gives it; NULL: none */
    const char *reject_reason; /* of who did not want it; NULL: none */
    int64_t transfer_ms;
    int64_t accept_ms;
    int64_t reject_ms;
};

struct km_registry_certificate {
    const char *id;
    const char *account;
    const char *ca_id;
    struct km_slice der;
    enum km_ca_mode mode;
    enum km_certificate_status status;
    const char *generation_id;
    const char *previous_account; /* before a transfer */
    int64_t customer_version;     /* 1, and one more with each change of status */
    int64_t created_ms;
    int64_t modified_ms;
    int64_t not_before_ms;
    int64_t not_after_ms;
    struct km_registry_transfer transfer;
};
struct km_registry_certificate_list {
    const struct km_registry_certificate *items; /* der is empty in lists */
    size_t n_items;
    const char *next;
};

/* km_registry_certificate_register: the id is returned also with KM_E_EXISTS. KM_E_NOTFOUND: ca_id is not in the account. KM_E_ARG: a status not for callers. */
km_status km_registry_certificate_register(struct km_registry *reg, const char *account,
                                           const struct km_registry_certificate_new *certificate,
                                           char ret_id[KM_CERTIFICATE_ID_LEN + 1]);

/* What a first or later contact of a device found. */
struct km_registry_contact {
    char id[KM_CERTIFICATE_ID_LEN + 1];
    bool is_new; /* true for exactly one caller in all processes */
    enum km_certificate_status status;
    int64_t created_ms; /* of the first contact */
};
/*
 * km_registry_certificate_register_pending: stores it as PENDING_ACTIVATION unless it is there already, in one transaction with the check
 * that its CA is active and registers by itself. One that is there comes back as it is, whatever the CA says now.
 * KM_E_NOTFOUND: no such CA. KM_E_STATE: the CA is not active or does not register by itself.
 */
km_status
km_registry_certificate_register_pending(struct km_registry *reg, const char *account,
                                         const struct km_registry_certificate_new *certificate,
                                         struct km_registry_contact *ret);

km_status km_registry_certificate_get(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const char *id,
                                      struct km_registry_certificate *ret);

/* What a broker needs of a certificate: no memory is taken. */
struct km_registry_certificate_state {
    enum km_certificate_status status;
    int64_t customer_version;
    int64_t not_after_ms;
    char ca_id[KM_CERTIFICATE_ID_LEN + 1]; /* empty: none */
};
km_status km_registry_certificate_state(struct km_registry *reg, const char *account,
                                        const char *id, struct km_registry_certificate_state *ret);

/* Which ones a list holds; zero and NULL mean any. */
struct km_registry_certificate_filter {
    const char *ca_id;
    enum km_certificate_status status;
};
/* km_registry_certificate_list: in the order of registration. */
km_status km_registry_certificate_list(struct km_registry *reg, struct km_arena *arena,
                                       const char *account,
                                       const struct km_registry_certificate_filter *filter,
                                       const struct km_registry_page *page,
                                       struct km_registry_certificate_list *ret);

/*
 * km_registry_certificate_set_status: ACTIVE, INACTIVE or REVOKED (KM_E_ARG else); the same status again changes nothing.
 * KM_E_STATE: it is revoked, or being transferred.
 */
km_status km_registry_certificate_set_status(struct km_registry *reg, const char *account,
                                             const char *id, enum km_certificate_status status);
/*
 * km_registry_certificate_delete: KM_E_STATE while ACTIVE or being transferred. KM_E_BUSY while attached to a policy or a thing; force
 * detaches the policies.
 */
km_status km_registry_certificate_delete(struct km_registry *reg, const char *account,
                                         const char *id, bool force);

/*
 * Transfers between accounts. _transfer: KM_E_STATE unless INACTIVE; KM_E_BUSY while attached; KM_E_NOTFOUND: no such account;
 * KM_E_ARG: to itself. Then the other account accepts (it becomes ACTIVE or INACTIVE there) or rejects it, or the owner cancels
 * (INACTIVE again): KM_E_STATE when no transfer is open. Message and reason, NULL or at most KM_TRANSFER_TEXT_MAX octets, are kept.
 */
km_status km_registry_certificate_transfer(struct km_registry *reg, const char *account,
                                           const char *id, const char *to_account,
                                           const char *message);
km_status km_registry_certificate_transfer_accept(struct km_registry *reg, const char *to_account,
                                                  const char *id, bool activate);
km_status km_registry_certificate_transfer_reject(struct km_registry *reg, const char *to_account,
                                                  const char *id, const char *reason);
km_status km_registry_certificate_transfer_cancel(struct km_registry *reg, const char *account,
                                                  const char *id);

#endif
