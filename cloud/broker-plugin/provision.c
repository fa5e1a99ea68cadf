/* SPDX-License-Identifier: Apache-2.0 */
/* Just-in-time provisioning: what the template of a CA gives a device that has just been registered. */
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/common/json.h"
#include "cloud/provision/template.h"
#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_rule.h"

#define PARAMETERS_MAX 8
#define CONFIG_DEPTH_MAX 4

struct work {
    struct scribe *scribe;
    struct km_arena *arena; /* the scribe's, which the caller reset */
    const char *account;
    const char *certificate;
    struct km_err *err;
};

static km_status failed(const struct work *work, km_status status, const char *what)
{
    if (status == KM_OK)
        return KM_OK;
    return KM_FAIL(work->err, status, "%s: %s", what,
                   km_registry_err(work->scribe->reader.registry)->text);
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
    KM_TRY(failed(work,
                  km_registry_template_get(work->scribe->reader.registry, work->arena,
                                           work->account, name, &template),
                  "the template of its CA"));
    if (template.type != KM_TEMPLATE_JITP || !template.is_enabled)
        return KM_FAIL(work->err, KM_E_STATE, "template %s is not enabled, or of another type",
                       name);
    *ret = template.body;
    return KM_OK;
}

/* ---- carrying it out ---- */

static km_status make_thing(const struct work *work, const struct km_template_plan *plan)
{
    struct km_registry *registry = work->scribe->reader.registry;
    struct km_attribute list[KM_TEMPLATE_ATTRIBUTES_MAX];
    char id[KM_REGISTRY_UUID_LEN + 1] = "";
    for (size_t i = 0; i < plan->n_attributes; i++)
        list[i] = (struct km_attribute){plan->attributes[i].name, plan->attributes[i].value};
    const struct km_registry_thing_new new = {.name = plan->thing,
                                              .type = plan->thing_type,
                                              .attributes = list,
                                              .n_attributes = plan->n_attributes};
    const struct km_registry_thing_update update = {.type = plan->thing_type,
                                                    .sets_attributes = true,
                                                    .merges =
                                                        plan->on_conflict == KM_TEMPLATE_MERGE,
                                                    .attributes = list,
                                                    .n_attributes = plan->n_attributes};
    km_status status = km_registry_thing_create(registry, work->account, &new, id);
    if (status == KM_E_EXISTS && plan->on_conflict == KM_TEMPLATE_DO_NOTHING)
        status = KM_OK;
    else if (status == KM_E_EXISTS && plan->on_conflict != KM_TEMPLATE_FAIL)
        status = km_registry_thing_update(registry, work->account, plan->thing, &update);
    KM_TRY(failed(work, status, "its thing"));
    for (size_t i = 0; i < plan->n_groups; i++)
        KM_TRY(failed(work,
                      km_registry_group_add(registry, work->account, plan->groups[i], plan->thing),
                      "its group"));
    return KM_OK;
}

/* A document without a name gets one that is the same for the same document. */
static km_status make_policy(const struct work *work, const struct km_template_policy *policy)
{
    struct km_registry *registry = work->scribe->reader.registry;
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = work->certificate};
    char digest[KM_CERTIFICATE_ID_LEN + 1] = "";
    const char *name = policy->name;
    if (name == NULL) {
        KM_TRY(shelf_check(work->err, policy->document));
        km_registry_certificate_id(KM_SLICE_STR(policy->document), digest);
        name = digest;
        km_status status =
            km_registry_policy_create(registry, work->account, name, policy->document);
        if (status != KM_E_EXISTS)
            KM_TRY(failed(work, status, "its policy"));
    }
    return failed(work, km_registry_policy_attach(registry, work->account, name, &target),
                  "its policy");
}

static km_status carry_out(const struct work *work, const struct km_template_plan *plan)
{
    struct km_registry *registry = work->scribe->reader.registry;
    enum km_certificate_status status = KM_CERTIFICATE_ACTIVE;
    if (plan->certificate_id == NULL || strcmp(plan->certificate_id, work->certificate) != 0)
        return KM_FAIL(work->err, KM_E_MALFORMED, "its template is not for this certificate");
    if (!km_certificate_status_parse(plan->certificate_status, &status))
        return KM_FAIL(work->err, KM_E_MALFORMED, "its template has a Status that there is not");
    if (plan->thing != NULL)
        KM_TRY(make_thing(work, plan));
    for (size_t i = 0; i < plan->n_policies; i++)
        KM_TRY(make_policy(work, &plan->policies[i]));
    if (plan->thing != NULL)
        KM_TRY(failed(
            work, km_registry_thing_attach(registry, work->account, plan->thing, work->certificate),
            "its thing"));
    return failed(
        work,
        km_registry_certificate_set_status(registry, work->account, work->certificate, status),
        "its certificate");
}

static km_status all_or_nothing(const struct work *work, const struct km_template_plan *plan)
{
    struct km_registry *registry = work->scribe->reader.registry;
    KM_TRY(failed(work, km_registry_part_begin(registry), "the registry"));
    km_status status = carry_out(work, plan);
    if (status != KM_OK) {
        (void)km_registry_part_undo(registry);
        return status;
    }
    return failed(work, km_registry_part_keep(registry), "the registry");
}

km_status provision(struct km_err *err, struct scribe *scribe, const struct provision_wish *wish)
{
    const struct work work = {.scribe = scribe,
                              .arena = scribe->reader.arena,
                              .account = scribe->settings->account,
                              .certificate = wish->certificate,
                              .err = err};
    struct km_template_pair parameters[PARAMETERS_MAX];
    struct km_template_plan plan = {0};
    const char *text = NULL;
    KM_TRY(find_template(&work, wish->config, &text));
    size_t n = collect(&work, wish->x509, parameters);
    KM_TRY(km_template_resolve(err, work.arena, KM_SLICE_STR(text), parameters, n, &plan));
    return all_or_nothing(&work, &plan);
}
