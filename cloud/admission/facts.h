/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry knows about a device that connects: the state of its certificate, its policies, its thing. */
#ifndef KM_ADMISSION_FACTS_H
#define KM_ADMISSION_FACTS_H

#include "cloud/admission/shelf.h"
#include "cloud/policy/cert_values.h"
#include "cloud/registry/registry_certificate.h"

#define KM_FACTS_POLICIES_MAX 64

struct km_facts_attribute {
    char *name, *value;
};

/* Complete, whatever becomes of the registry; any thread may have it. */
struct km_facts {
    bool is_known; /* there is such a certificate in this account; what follows stands only then */
    enum km_certificate_status status;
    struct km_shelf_policy **policies;
    size_t n_policies;
    bool is_attached; /* the thing named like the client id to the certificate */
    char *thing_type; /* NULL: none */
    struct km_facts_attribute *attributes;
    size_t n_attributes;
    struct km_cert_values *values; /* of the certificate; NULL: not read, or no longer needed */
};

void km_facts_free(struct km_facts *facts);
void km_facts_freep(struct km_facts **facts);

/* What is needed to read them; one a thread. */
struct km_facts_reader {
    struct km_registry *registry;
    struct km_arena *arena; /* reset at each use */
    struct km_shelf shelf;
    const char *account;
};

/* km_facts_read_state: an unknown certificate is no error. Fails like the registry does. Returns owned. */
km_status km_facts_read_state(struct km_err *err, struct km_facts_reader *reader,
                              const char *certificate, struct km_facts **ret);
/*
 * km_facts_read_rights: adds what a device with an active certificate may do. client_id NULL: it has none, and no thing. Fails like the registry does; KM_E_MALFORMED or KM_E_LIMIT:
 * a policy of the device can't be used, so nothing can be said about that.
 */
km_status km_facts_read_rights(struct km_err *err, struct km_facts_reader *reader,
                               const char *certificate, const char *client_id,
                               struct km_facts *facts);
/* km_facts_read_key: the same for who comes by an access key: ACTIVE while it counts at now_ms, otherwise INACTIVE. */
km_status km_facts_read_key(struct km_err *err, struct km_facts_reader *reader, const char *key,
                            int64_t now_ms, struct km_facts **ret);
/* km_facts_name: whether the policy with this name is among them. */
bool km_facts_name(const struct km_facts *facts, const char *policy);

#endif
