/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry knows about a device that connects: the state of its certificate, its policies, its thing. */
#ifndef BROKER_FACTS_H
#define BROKER_FACTS_H

#include "cloud/broker-plugin/shelf.h"
#include "cloud/policy/cert_values.h"
#include "cloud/registry/registry_certificate.h"

#define FACTS_POLICIES_MAX 64

struct facts_attribute {
    char *name, *value;
};

/* Complete, whatever becomes of the registry; any thread may have it. */
struct facts {
    bool is_known; /* there is such a certificate in this account; what follows stands only then */
    enum km_certificate_status status;
    struct shelf_policy **policies;
    size_t n_policies;
    bool is_attached; /* the thing named like the client id to the certificate */
    char *thing_type; /* NULL: none */
    struct facts_attribute *attributes;
    size_t n_attributes;
    struct km_cert_values *values; /* of the certificate; NULL: not read, or no longer needed */
};

void facts_free(struct facts *facts);
void facts_freep(struct facts **facts);

/* What is needed to read them; one a thread. */
struct facts_reader {
    struct km_registry *registry;
    struct km_arena *arena; /* reset at each use */
    struct shelf shelf;
    const char *account;
};

/* facts_read_state: an unknown certificate is no error. Fails like the registry does. Returns owned. */
km_status facts_read_state(struct km_err *err, struct facts_reader *reader, const char *certificate,
                           struct facts **ret);
/*
 * facts_read_rights: adds what a device with an active certificate may do. Fails like the registry does; KM_E_MALFORMED or KM_E_LIMIT:
 * a policy of the device can't be used, so nothing can be said about that.
 */
km_status facts_read_rights(struct km_err *err, struct facts_reader *reader,
                            const char *certificate, const char *client_id, struct facts *facts);
/* facts_name: whether the policy with this name is among them. */
bool facts_name(const struct facts *facts, const char *policy);

#endif
