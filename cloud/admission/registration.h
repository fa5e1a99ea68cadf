/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate that may not connect (yet): whether its CA registers its devices by itself, what its CA's template gives it, and
 * what is told and recorded of it. The same for whoever devices come to: brokers, and the control plane's endpoint for devices.
 */
#ifndef KM_ADMISSION_REGISTRATION_H
#define KM_ADMISSION_REGISTRATION_H

#include <openssl/types.h>

#include "cloud/common/arena.h"
#include "cloud/registry/registry.h"

#define KM_REFUSALS_PER_S 500 /* recorded: anybody can be refused as often as he likes */

/* Somebody came with a certificate that is not registered, or PENDING_ACTIVATION. */
struct km_contact {
    struct km_slice der;
    const char *certificate; /* its id */
    const char *client;      /* NULL: it has no client id */
    const char *address;
    int64_t time_ms;
    bool was_pending; /* it was registered already */
};

/* What is recorded of a contact. */
struct km_contact_record {
    const char *kind; /* "Connect", "Register" or "Provision" */
    bool is_success;
    const char *reason; /* one sentence */
};

struct km_registrar {
    struct km_registry *registry;
    struct km_arena *arena; /* reset at each use */
    const char *account;
    int64_t (*now_ms)(void *arg); /* since 1970 */
    /* record: an event of the registry, within the transaction that is open. */
    void (*record)(void *arg, const struct km_contact *contact,
                   const struct km_contact_record *record);
    /* tell: a message for everybody, to be published once the transaction is committed: who hears of it can act on it then. */
    void (*tell)(void *arg, const char *topic, const char *payload);
    /* warn: what could not be done, and why. */
    void (*warn)(void *arg, const char *what, const char *why);
    void *arg;
};

/* km_registrar_take: within a transaction of the caller's. What goes wrong is recorded, or warned of. */
void km_registrar_take(const struct km_registrar *registrar, const struct km_contact *contact);

/* What a template is carried out for. */
struct km_registrar_wish {
    const char *config; /* of the CA: JSON text with templateBody or templateName */
    const char *certificate;
    const X509 *x509; /* the same */
};
/*
 * km_registrar_provision: gives a device that is registered what its CA's template says, and its certificate the template's status: all
 * of it, or nothing with a sentence why; KM_E_STALE when the certificate is no longer PENDING_ACTIVATION. A part of the transaction that is
 * open. The arena is not reset.
 */
km_status km_registrar_provision(struct km_err *err, const struct km_registrar *registrar,
                                 const struct km_registrar_wish *wish);

/* What is told of a certificate that waits for somebody to decide about it. */
struct km_registered {
    const char *account;
    const char *ca;
    const char *certificate;
    int64_t first_ms; /* when it came for the first time */
    int64_t now_ms;
};
#define KM_REGISTERED_TOPIC_CAP 128
/* km_registered_print: NULL when memory is short. The payload is malloc'ed. */
char *km_registered_print(const struct km_registered *what,
                          char ret_topic[KM_REGISTERED_TOPIC_CAP]);

#endif
