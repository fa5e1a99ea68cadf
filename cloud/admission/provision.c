/* SPDX-License-Identifier: Apache-2.0 */
/* Just-in-time provisioning: what the template of a CA gives a device that has just been registered. */
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "cloud/admission/registration.h"
#include "cloud/common/json.h"
#include "cloud/provision/carry_out.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_rule.h"

#define PARAMETERS_MAX 8
#define CONFIG_DEPTH_MAX 4

struct work {
    struct km_registry *registry;
    struct km_arena *arena;
    const char *account;
    const char *certificate;
    struct km_err *err;
};

static km_status failed(const struct work *work, km_status status, const char *what)
{
    if (status == KM_OK)
        return KM_OK;
    return KM_FAIL(work->err, status, "%s: %s", what, km_registry_err(work->registry)->text);
}

/* ---- what the certificate says ---- */

static const struct {
    const char *name;
    int nid;
} attributes[] = {
    {"AWS::IoT::Certificate::Country", NID_countryName},
    {"AWS::IoT::Certificate::Organization", NID_organizationName},
    {"AWS::IoT::Certificate::OrganizationalUnit", NID_organizationalUnitName},
    {"AWS::IoT::Certificate::DistinguishedNameQualifier", NID_dnQualifier},
    {"AWS::IoT::Certificate::StateName", NID_stateOrProvinceName},
    {"AWS::IoT::Certificate::CommonName", NID_commonName},
    {"AWS::IoT::Certificate::SerialNumber", NID_serialNumber},
};
_Static_assert(KM_ARRAY_LEN(attributes) + 1 <= PARAMETERS_MAX, "and the id");

static size_t collect(const struct work *work, const X509 *certificate,
                      struct km_template_pair *ret)
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    size_t n = 0;
    ret[n++] = (struct km_template_pair){"AWS::IoT::Certificate::Id", work->certificate};
    for (size_t i = 0; i < KM_ARRAY_LEN(attributes); i++) {
        int at = X509_NAME_get_index_by_NID(name, attributes[i].nid, -1);
        unsigned char *utf8 = NULL;
        int len = at < 0 ? -1
                         : ASN1_STRING_to_UTF8(
                               &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (len < 0)
            continue;
        struct km_slice value = KM_SLICE(utf8, (size_t)len);
        char *copy = km_utf8_valid(value) ? km_arena_text(work->arena, value) : NULL;
        OPENSSL_free(utf8);
        if (copy != NULL)
            ret[n++] = (struct km_template_pair){attributes[i].name, copy};
    }
    return n;
}

/* ---- the template ---- */

static km_status find_template(const struct work *work, const char *config, const char **ret)
{
    KM_AUTO(km_json_unref) json_t *json = NULL;
    struct km_registry_template template = {0};
    KM_TRY(km_json_object(work->err, KM_SLICE_STR(config), CONFIG_DEPTH_MAX, &json));
    const char *body = json_string_value(json_object_get(json, "templateBody"));
    const char *name = json_string_value(json_object_get(json, "templateName"));
    if (body == NULL && name == NULL)
        return KM_FAIL(work->err, KM_E_MALFORMED, "its CA's configuration has no template");
    if (body != NULL) {
        *ret = km_arena_text(work->arena, KM_SLICE_STR(body));
        return *ret == NULL ? KM_FAIL(work->err, KM_E_NOMEM, "a template") : KM_OK;
    }
    KM_TRY(failed(
        work, km_registry_template_get(work->registry, work->arena, work->account, name, &template),
        "the template of its CA"));
    if (template.type != KM_TEMPLATE_JITP || !template.is_enabled)
        return KM_FAIL(work->err, KM_E_STATE, "template %s is not enabled, or of another type",
                       name);
    *ret = template.body;
    return KM_OK;
}

/* ---- carrying it out ---- */

/* Asked with the registry's lock held: meanwhile somebody may have decided otherwise, or another broker was faster. */
static km_status check_pending(const struct work *work)
{
    struct km_registry_certificate_state state = {0};
    KM_TRY(failed(
        work,
        km_registry_certificate_state(work->registry, work->account, work->certificate, &state),
        "its certificate"));
    if (state.status != KM_CERTIFICATE_PENDING_ACTIVATION)
        return KM_FAIL(work->err, KM_E_STALE, "its certificate is %s by now",
                       km_certificate_status_name(state.status));
    return KM_OK;
}

static km_status all_or_nothing(const struct work *work, const struct km_template_plan *plan)
{
    struct km_registry *registry = work->registry;
    KM_TRY(failed(work, km_registry_part_begin(registry), "the registry"));
    km_status status = check_pending(work);
    if (status == KM_OK)
        status = km_provision_carry_out(work->err, registry, work->account, plan);
    if (status != KM_OK) {
        (void)km_registry_part_undo(registry);
        return status;
    }
    return failed(work, km_registry_part_keep(registry), "the registry");
}

km_status km_registrar_provision(struct km_err *err, const struct km_registrar *registrar,
                                 const struct km_registrar_wish *wish)
{
    const struct work work = {.registry = registrar->registry,
                              .arena = registrar->arena,
                              .account = registrar->account,
                              .certificate = wish->certificate,
                              .err = err};
    struct km_template_pair parameters[PARAMETERS_MAX];
    struct km_template_plan plan = {0};
    const char *text = NULL;
    KM_TRY(find_template(&work, wish->config, &text));
    size_t n = collect(&work, wish->x509, parameters);
    KM_TRY(km_template_resolve(err, work.arena, KM_SLICE_STR(text), parameters, n, &plan));
    if (plan.certificate_id == NULL || strcmp(plan.certificate_id, wish->certificate) != 0)
        return KM_FAIL(err, KM_E_MALFORMED, "its template is not for this certificate");
    return all_or_nothing(&work, &plan);
}
