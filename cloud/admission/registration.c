/* SPDX-License-Identifier: Apache-2.0 */
/* The first contact of a device whose CA registers its devices by itself, and every contact until somebody has decided. */
#include "cloud/admission/registration.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "cloud/admission/trust.h"
#include "cloud/common/json.h"
#include "cloud/registry/registry_certificate.h"
#include "common/km_file.h"

#define MS_PER_S 1000

/* One contact, under way. */
struct visit {
    const struct km_registrar *registrar;
    const struct km_contact *contact;
};

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
        KM_AUTO(km_trust_freep) X509 *ca = km_trust_parse(list->items[i].der);
        if (ca != NULL && km_trust_issued(ca, leaf, ret_why))
            return &list->items[i];
    }
    return NULL;
}

static void note(const struct visit *visit, const char *kind, bool is_success, const char *reason)
{
    visit->registrar->record(
        visit->registrar->arg, visit->contact,
        &(struct km_contact_record){.kind = kind, .is_success = is_success, .reason = reason});
}

static void refuse(const struct visit *visit, const char *reason)
{
    note(visit, "Connect", false, reason);
}

static void warn(const struct visit *visit, const char *what, const char *why)
{
    visit->registrar->warn(visit->registrar->arg, what, why);
}

char *km_registered_print(const struct km_registered *what, char ret_topic[KM_REGISTERED_TOPIC_CAP])
{
    char first[24] = "";
    (void)snprintf(first, sizeof(first), "%" PRId64, what->first_ms);
    KM_AUTO(km_json_unref)
    json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "certificateRegistrationTimestamp",
                             first, "awsAccountId", what->account, "certificateStatus",
                             "PENDING_ACTIVATION", "timestamp", (json_int_t)what->now_ms,
                             "caCertificateId", what->ca, "certificateId", what->certificate);
    (void)snprintf(ret_topic, KM_REGISTERED_TOPIC_CAP, "$aws/events/certificates/registered/%s",
                   what->ca);
    return km_json_dump(json);
}

static void tell(const struct visit *visit, const struct km_registry_ca *ca,
                 const struct km_registry_contact *found)
{
    const struct km_registrar *registrar = visit->registrar;
    char topic[KM_REGISTERED_TOPIC_CAP] = "";
    const struct km_registered what = {.account = registrar->account,
                                       .ca = ca->id,
                                       .certificate = found->id,
                                       .first_ms = found->created_ms,
                                       .now_ms = registrar->now_ms(registrar->arg)};
    KM_AUTO(km_freep) char *payload = km_registered_print(&what, topic);
    if (payload == NULL)
        warn(visit, "can't tell of a registration", "memory is short");
    else
        registrar->tell(registrar->arg, topic, payload);
}

/* A contact of a certificate that is pending: is there a template, then it is carried out. */
static void pending(const struct visit *visit, const X509 *leaf, const struct km_registry_ca *ca,
                    const struct km_registry_contact *found)
{
    struct km_err err = {0};
    char reason[KM_ERR_TEXT_MAX + 64] = "";
    const struct km_registrar_wish wish = {
        .config = ca->registration_config, .certificate = found->id, .x509 = leaf};
    km_status status =
        wish.config == NULL ? KM_E_NOTFOUND : km_registrar_provision(&err, visit->registrar, &wish);
    if (status == KM_E_STALE)
        return; /* somebody has decided about it in between */
    if (wish.config != NULL) {
        (void)snprintf(reason, sizeof(reason), "%s%s",
                       status == KM_OK ? "provisioned as the template of its CA says"
                                       : "the template of its CA can't be carried out: ",
                       err.text);
        note(visit, "Provision", status == KM_OK, reason);
    }
    /* Not new and not known to be pending when it came: another broker was first this very moment, and tells of it. */
    if (status != KM_OK && (found->is_new || visit->contact->was_pending))
        tell(visit, ca, found);
}

static void registered(const struct visit *visit, const X509 *leaf, const struct km_registry_ca *ca,
                       const struct km_registry_contact *found)
{
    char reason[KM_ERR_TEXT_MAX] = "";
    if (found->status != KM_CERTIFICATE_PENDING_ACTIVATION) {
        (void)snprintf(reason, sizeof(reason), "its certificate is %s",
                       km_certificate_status_name(found->status));
        refuse(visit, reason);
        return;
    }
    /* It was registered under this CA when that was allowed; now nobody is told, and no template gives it anything. */
    if (!ca->is_active || !ca->has_auto_registration) {
        refuse(visit,
               ca->is_active
                   ? "its certificate is PENDING_ACTIVATION, and its CA does not register by itself"
                   : "its certificate is PENDING_ACTIVATION, and its CA is not active");
        return;
    }
    if (found->is_new)
        note(visit, "Register", true, "registered on first contact, it waits for activation");
    refuse(visit, "its certificate is PENDING_ACTIVATION");
    pending(visit, leaf, ca, found);
}

static void register_under(const struct visit *visit, X509 *leaf, const struct km_registry_ca *ca)
{
    struct km_registry_contact found = {0};
    struct km_registry_certificate_new new = {
        .der = visit->contact->der, .ca_id = ca->id, .mode = ca->mode};
    if (!time_of(X509_get0_notBefore(leaf), &new.not_before_ms) ||
        !time_of(X509_get0_notAfter(leaf), &new.not_after_ms)) {
        refuse(visit, "the dates of its certificate can't be read");
        return;
    }
    km_status status = km_registry_certificate_register_pending(
        visit->registrar->registry, visit->registrar->account, &new, &found);
    if (status == KM_E_STATE || status == KM_E_NOTFOUND) {
        refuse(visit,
               ca->is_active
                   ? "its certificate is not registered, and its CA does not register by itself"
                   : "its certificate is not registered, and its CA is not active");
    } else if (status != KM_OK) {
        warn(visit, "can't register a certificate",
             km_registry_err(visit->registrar->registry)->text);
    } else {
        registered(visit, leaf, ca, &found);
    }
}

static void take(const struct visit *visit, X509 *leaf)
{
    unsigned char *name = NULL;
    const char *why = NULL;
    struct km_registry_ca_list list = {0};
    int len = i2d_X509_NAME(X509_get_issuer_name(leaf), &name);
    if (len <= 0) {
        refuse(visit, "the issuer's name of its certificate can't be read");
        return;
    }
    km_arena_reset(visit->registrar->arena);
    km_status status =
        km_registry_ca_by_subject(visit->registrar->registry, visit->registrar->arena,
                                  visit->registrar->account, KM_SLICE(name, (size_t)len), &list);
    OPENSSL_free(name);
    if (status != KM_OK) {
        warn(visit, "can't look for a CA", km_registry_err(visit->registrar->registry)->text);
        return;
    }
    const struct km_registry_ca *ca = find_issuer(leaf, &list, &why);
    if (ca == NULL)
        refuse(visit, visit->contact->was_pending
                          ? "its certificate is PENDING_ACTIVATION, and its CA is gone"
                          : "its certificate is not registered, and neither is its issuer");
    else if (why != NULL)
        refuse(visit, why);
    else
        register_under(visit, leaf, ca);
}

void km_registrar_take(const struct km_registrar *registrar, const struct km_contact *contact)
{
    const struct visit visit = {.registrar = registrar, .contact = contact};
    (void)ERR_set_mark();
    KM_AUTO(km_trust_freep) X509 *leaf = km_trust_parse(contact->der);
    if (leaf == NULL)
        refuse(&visit, "its certificate can't be read");
    else
        take(&visit, leaf);
    (void)ERR_pop_to_mark();
}
