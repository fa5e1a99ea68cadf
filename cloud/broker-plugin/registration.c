/* SPDX-License-Identifier: Apache-2.0 */
/* The first contact of a device whose CA registers its devices by itself, and every contact until somebody has decided. */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "cloud/broker-plugin/presence.h"
#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/broker-plugin/trust.h"
#include "cloud/registry/registry_ca.h"

#define MS_PER_S 1000

static void x509_freep(X509 **x509)
{
    X509_free(*x509);
}

static X509 *parse(struct km_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *x509 = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (x509 != NULL && at != der.ptr + der.len) {
        X509_free(x509);
        return NULL;
    }
    return x509;
}

static bool time_of(const ASN1_TIME *time, int64_t *ret_ms)
{
    struct tm tm = {0};
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *ret_ms = (int64_t)timegm(&tm) * MS_PER_S;
    return true;
}

/* Its name says who issued it; of several CAs with that name the key that verifies the signature is the one. */
static const struct km_registry_ca *find_issuer(X509 *leaf, const struct km_registry_ca_list *list,
                                                const char **ret_why)
{
    for (size_t i = 0; i < list->n_items; i++) {
        KM_AUTO(x509_freep) X509 *ca = parse(list->items[i].der);
        if (ca != NULL && trust_issued(ca, leaf, ret_why))
            return &list->items[i];
    }
    return NULL;
}

static void refuse(struct scribe *scribe, const struct letter *contact, const char *reason)
{
    scribe_record(scribe, &(struct record){.kind = "Connect",
                                           .time_ms = contact->time_ms,
                                           .client = contact,
                                           .reason = reason});
}

/* Only after the registry has it: who hears of it can act on it. */
static void tell(struct scribe *scribe, const struct km_registry_ca *ca,
                 const struct km_registry_contact *found)
{
    KM_AUTO(presence_clear) struct presence message = {0};
    const struct registered what = {.account = scribe->settings->account,
                                    .ca = ca->id,
                                    .certificate = found->id,
                                    .first_ms = found->created_ms};
    if (!presence_registered(&what, scribe_now_ms(), &message)) {
        scribe_warn(scribe, "can't tell of a registration", "memory is short");
        return;
    }
    scribe_tell(scribe, &(struct letter){.kind = LETTER_PUBLISH,
                                         .topic = KM_SLICE_STR(message.topic),
                                         .payload = KM_SLICE_STR(message.payload),
                                         .qos = 1});
}

/* A contact of a certificate that is pending: is there a template, then it is carried out. */
static void pending(struct scribe *scribe, const struct letter *contact, const X509 *leaf,
                    const struct km_registry_ca *ca, const struct km_registry_contact *found)
{
    struct km_err err = {0};
    char reason[KM_ERR_TEXT_MAX + 64] = "";
    const struct provision_wish wish = {
        .config = ca->registration_config, .certificate = found->id, .x509 = leaf};
    km_status status = wish.config == NULL ? KM_E_NOTFOUND : provision(&err, scribe, &wish);
    if (status == KM_E_STALE)
        return; /* somebody has decided about it in between */
    if (wish.config != NULL) {
        (void)snprintf(reason, sizeof(reason), "%s%s",
                       status == KM_OK ? "provisioned as the template of its CA says"
                                       : "the template of its CA can't be carried out: ",
                       err.text);
        scribe_record(scribe, &(struct record){.kind = "Provision",
                                               .is_success = status == KM_OK,
                                               .time_ms = contact->time_ms,
                                               .client = contact,
                                               .reason = reason});
    }
    /* Not new and not known to be pending when it came: another broker was first this very moment, and tells of it. */
    if (status != KM_OK && (found->is_new || contact->flag))
        tell(scribe, ca, found);
}

static void registered(struct scribe *scribe, const struct letter *contact, const X509 *leaf,
                       const struct km_registry_ca *ca, const struct km_registry_contact *found)
{
    char reason[KM_ERR_TEXT_MAX] = "";
    if (found->status != KM_CERTIFICATE_PENDING_ACTIVATION) {
        (void)snprintf(reason, sizeof(reason), "its certificate is %s",
                       km_certificate_status_name(found->status));
        refuse(scribe, contact, reason);
        return;
    }
    /* It was registered under this CA when that was allowed; now nobody is told, and no template gives it anything. */
    if (!ca->is_active || !ca->has_auto_registration) {
        refuse(scribe, contact,
               ca->is_active
                   ? "its certificate is PENDING_ACTIVATION, and its CA does not register by itself"
                   : "its certificate is PENDING_ACTIVATION, and its CA is not active");
        return;
    }
    if (found->is_new)
        scribe_record(scribe, &(struct record){.kind = "Register",
                                               .is_success = true,
                                               .time_ms = contact->time_ms,
                                               .client = contact,
                                               .reason = "registered on first contact, it waits "
                                                         "for activation"});
    refuse(scribe, contact, "its certificate is PENDING_ACTIVATION");
    pending(scribe, contact, leaf, ca, found);
}

static void register_under(struct scribe *scribe, const struct letter *contact, X509 *leaf,
                           const struct km_registry_ca *ca)
{
    struct km_registry_contact found = {0};
    struct km_registry_certificate_new new = {
        .der = contact->payload, .ca_id = ca->id, .mode = ca->mode};
    if (!time_of(X509_get0_notBefore(leaf), &new.not_before_ms) ||
        !time_of(X509_get0_notAfter(leaf), &new.not_after_ms)) {
        refuse(scribe, contact, "the dates of its certificate can't be read");
        return;
    }
    km_status status = km_registry_certificate_register_pending(
        scribe->reader.registry, scribe->settings->account, &new, &found);
    if (status == KM_E_STATE || status == KM_E_NOTFOUND) {
        refuse(scribe, contact,
               ca->is_active
                   ? "its certificate is not registered, and its CA does not register by itself"
                   : "its certificate is not registered, and its CA is not active");
    } else if (status != KM_OK) {
        scribe_warn(scribe, "can't register a certificate",
                    km_registry_err(scribe->reader.registry)->text);
    } else {
        registered(scribe, contact, leaf, ca, &found);
    }
}

static void take(struct scribe *scribe, const struct letter *contact, X509 *leaf)
{
    unsigned char *name = NULL;
    const char *why = NULL;
    struct km_registry_ca_list list = {0};
    int len = i2d_X509_NAME(X509_get_issuer_name(leaf), &name);
    if (len <= 0) {
        refuse(scribe, contact, "the issuer's name of its certificate can't be read");
        return;
    }
    km_arena_reset(scribe->reader.arena);
    km_status status =
        km_registry_ca_by_subject(scribe->reader.registry, scribe->reader.arena,
                                  scribe->settings->account, KM_SLICE(name, (size_t)len), &list);
    OPENSSL_free(name);
    if (status != KM_OK) {
        scribe_warn(scribe, "can't look for a CA", km_registry_err(scribe->reader.registry)->text);
        return;
    }
    const struct km_registry_ca *ca = find_issuer(leaf, &list, &why);
    if (ca == NULL)
        refuse(scribe, contact,
               contact->flag ? "its certificate is PENDING_ACTIVATION, and its CA is gone"
                             : "its certificate is not registered, and neither is its issuer");
    else if (why != NULL)
        refuse(scribe, contact, why);
    else
        register_under(scribe, contact, leaf, ca);
}

void registration_take(struct scribe *scribe, const struct letter *contact)
{
    (void)ERR_set_mark();
    KM_AUTO(x509_freep) X509 *leaf = parse(contact->payload);
    if (leaf == NULL)
        refuse(scribe, contact, "its certificate can't be read");
    else
        take(scribe, contact, leaf);
    (void)ERR_pop_to_mark();
}
