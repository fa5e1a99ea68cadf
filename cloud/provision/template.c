/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/provision/template.h"

#include <string.h>

#include "cloud/common/json.h"
#include "cloud/provision/template_value.h"

struct work {
    struct km_err *err;
    struct template_values values;
    struct km_template_plan *plan;
    const char *resource; /* that is looked at */
};

/* ---- resources ---- */

/* Every member has to be one of these names, which end with NULL. */
static km_status check_names(struct work *work, const json_t *object, const char *where,
                             const char *const *names)
{
    const char *name = NULL;
    const json_t *value = NULL;
    if (object != NULL && !json_is_object(object))
        return KM_FAIL(work->err, KM_E_MALFORMED, "%s is no object", where);
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0)
            i++;
        if (names[i] == NULL)
            return KM_FAIL(work->err, KM_E_MALFORMED,
                           "%s has a member %s, which means nothing here", where, name);
    }
    return KM_OK;
}

/* An object whose values are texts; ret has room for max. */
static km_status take_pairs(struct work *work, const json_t *object, const char *what, size_t max,
                            struct km_template_pair *ret, size_t *ret_n)
{
    const char *name = NULL;
    const json_t *value = NULL;
    if (object != NULL && !json_is_object(object))
        return KM_FAIL(work->err, KM_E_MALFORMED, "%s is no object", what);
    if (json_object_size(object) > max)
        return KM_FAIL(work->err, KM_E_LIMIT, "more than %zu members of %s", max, what);
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        struct km_template_pair *pair = &ret[*ret_n];
        KM_TRY(template_keep(&work->values, name, strlen(name), &pair->name));
        KM_TRY(template_value(&work->values, value, &pair->value));
        (*ret_n)++;
    }
    return KM_OK;
}

static km_status take_groups(struct work *work, const json_t *groups)
{
    struct km_template_plan *plan = work->plan;
    size_t i = 0;
    const json_t *value = NULL;
    if (groups != NULL && !json_is_array(groups))
        return KM_FAIL(work->err, KM_E_MALFORMED, "ThingGroups is no list");
    if (json_array_size(groups) > KM_TEMPLATE_GROUPS_MAX)
        return KM_FAIL(work->err, KM_E_LIMIT, "more than %u groups", KM_TEMPLATE_GROUPS_MAX);
    json_array_foreach(groups, i, value)
    {
        KM_TRY(template_value(&work->values, value, &plan->groups[plan->n_groups]));
        plan->n_groups++;
    }
    return KM_OK;
}

static km_status take_conflict(struct work *work, const json_t *settings)
{
    static const struct {
        const char *name;
        enum km_template_conflict conflict;
    } rows[] = {{"FAIL", KM_TEMPLATE_FAIL},
                {"DO_NOTHING", KM_TEMPLATE_DO_NOTHING},
                {"REPLACE", KM_TEMPLATE_REPLACE},
                {"MERGE", KM_TEMPLATE_MERGE}};
    static const char *const names[] = {"AttributePayload", NULL};
    KM_TRY(check_names(work, settings, "OverrideSettings", names));
    const json_t *value = json_object_get(settings, names[0]);
    if (value == NULL)
        return KM_OK;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (json_is_string(value) && strcmp(rows[i].name, json_string_value(value)) == 0) {
            work->plan->on_conflict = rows[i].conflict;
            return KM_OK;
        }
    }
    return KM_FAIL(work->err, KM_E_MALFORMED,
                   "OverrideSettings.AttributePayload is FAIL, DO_NOTHING, REPLACE or MERGE");
}

static km_status take_thing(struct work *work, const json_t *properties, const json_t *settings)
{
    static const char *const names[] = {"ThingName", "AttributePayload", "ThingTypeName",
                                        "ThingGroups", NULL};
    const json_t *type = json_object_get(properties, "ThingTypeName");
    if (work->plan->thing != NULL)
        return KM_FAIL(work->err, KM_E_MALFORMED, "more than one thing");
    KM_TRY(check_names(work, properties, "a thing's Properties", names));
    KM_TRY(template_keep(&work->values, work->resource, strlen(work->resource),
                         &work->plan->thing_resource));
    KM_TRY(template_value(&work->values, json_object_get(properties, "ThingName"),
                          &work->plan->thing));
    if (type != NULL)
        KM_TRY(template_value(&work->values, type, &work->plan->thing_type));
    KM_TRY(take_pairs(work, json_object_get(properties, "AttributePayload"), "AttributePayload",
                      KM_TEMPLATE_ATTRIBUTES_MAX, work->plan->attributes,
                      &work->plan->n_attributes));
    KM_TRY(take_groups(work, json_object_get(properties, "ThingGroups")));
    return take_conflict(work, settings);
}

/* What the certificate is: one that is there, or what it is made of. */
static km_status take_source(struct work *work, const json_t *properties)
{
    struct km_template_plan *plan = work->plan;
    const struct {
        const char *name;
        const char **ret;
    } rows[] = {{"CertificateId", &plan->certificate_id},
                {"CertificateSigningRequest", &plan->certificate_request},
                {"CertificatePem", &plan->certificate_pem},
                {"CACertificatePem", &plan->ca_pem}};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        const json_t *value = json_object_get(properties, rows[i].name);
        if (value != NULL)
            KM_TRY(template_value(&work->values, value, rows[i].ret));
    }
    int n = (plan->certificate_id != NULL) + (plan->certificate_request != NULL) +
            (plan->certificate_pem != NULL);
    if (n != 1 || (plan->ca_pem != NULL && plan->certificate_pem == NULL))
        return KM_FAIL(work->err, KM_E_MALFORMED,
                       "a certificate has one of CertificateId, CertificateSigningRequest and "
                       "CertificatePem, which CACertificatePem goes with");
    return KM_OK;
}

static km_status take_certificate(struct work *work, const json_t *properties,
                                  const json_t *settings)
{
    static const char *const names[] = {"CertificateId",  "CertificateSigningRequest",
                                        "CertificatePem", "CACertificatePem",
                                        "Status",         NULL};
    static const char *const none[] = {NULL};
    const json_t *status = json_object_get(properties, "Status");
    if (work->plan->certificate_resource != NULL)
        return KM_FAIL(work->err, KM_E_MALFORMED, "more than one certificate");
    KM_TRY(check_names(work, properties, "a certificate's Properties", names));
    KM_TRY(check_names(work, settings, "OverrideSettings", none));
    KM_TRY(template_keep(&work->values, work->resource, strlen(work->resource),
                         &work->plan->certificate_resource));
    work->plan->certificate_status = "ACTIVE";
    if (status != NULL)
        KM_TRY(template_value(&work->values, status, &work->plan->certificate_status));
    return take_source(work, properties);
}

/* A document may stand there as it is, or as text. */
static km_status take_document(struct work *work, const json_t *document, const char **ret)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    if (!json_is_object(document) || json_object_get(document, "Statement") == NULL) {
        work->values.is_in_document = true;
        km_status status = template_value(&work->values, document, ret);
        work->values.is_in_document = false;
        return status;
    }
    KM_TRY(km_json_print(work->err, document, KM_TEMPLATE_TEXT_MAX, &text));
    return template_keep(&work->values, text.ptr, text.len, ret);
}

static km_status take_policy(struct work *work, const json_t *properties, const json_t *settings)
{
    static const char *const names[] = {"PolicyName", "PolicyDocument", NULL};
    static const char *const none[] = {NULL};
    const json_t *name = json_object_get(properties, "PolicyName");
    const json_t *document = json_object_get(properties, "PolicyDocument");
    struct km_template_policy *policy = &work->plan->policies[work->plan->n_policies];
    if (work->plan->n_policies == KM_TEMPLATE_POLICIES_MAX)
        return KM_FAIL(work->err, KM_E_LIMIT, "more than %u policies", KM_TEMPLATE_POLICIES_MAX);
    KM_TRY(check_names(work, properties, "a policy's Properties", names));
    KM_TRY(check_names(work, settings, "OverrideSettings", none));
    if ((name == NULL) == (document == NULL))
        return KM_FAIL(work->err, KM_E_MALFORMED,
                       "a policy has either a PolicyName or a PolicyDocument");
    KM_TRY(template_keep(&work->values, work->resource, strlen(work->resource), &policy->resource));
    if (name != NULL)
        KM_TRY(template_value(&work->values, name, &policy->name));
    else
        KM_TRY(take_document(work, document, &policy->document));
    work->plan->n_policies++;
    return KM_OK;
}

static km_status take_resource(struct work *work, const char *id, const json_t *resource)
{
    static const struct {
        const char *type;
        km_status (*take)(struct work *work, const json_t *properties, const json_t *settings);
    } rows[] = {{"AWS::IoT::Thing", take_thing},
                {"AWS::IoT::Certificate", take_certificate},
                {"AWS::IoT::Policy", take_policy}};
    static const char *const names[] = {"Type", "Properties", "OverrideSettings", NULL};
    const char *type = json_string_value(json_object_get(resource, "Type"));
    KM_TRY(check_names(work, resource, "a resource", names));
    work->resource = id;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        if (type != NULL && strcmp(rows[i].type, type) == 0)
            return rows[i].take(work, json_object_get(resource, "Properties"),
                                json_object_get(resource, "OverrideSettings"));
    return KM_FAIL(work->err, KM_E_MALFORMED, "resource %s has no type that there is", id);
}

/* Those that are declared have a value or a default, whether something refers to them or not. */
static km_status check_parameters(struct work *work)
{
    static const char *const names[] = {"Type", "Default", NULL};
    const char *name = NULL;
    const char *value = NULL;
    const json_t *declared = NULL;
    if (work->values.declared != NULL && !json_is_object(work->values.declared))
        return KM_FAIL(work->err, KM_E_MALFORMED, "Parameters is no object");
    json_object_foreach((json_t *)(uintptr_t)work->values.declared, name, declared)
    {
        const char *type = json_string_value(json_object_get(declared, "Type"));
        KM_TRY(check_names(work, declared, "a parameter", names));
        if (type == NULL || strcmp(type, "String") != 0)
            return KM_FAIL(work->err, KM_E_MALFORMED, "parameter %s has another type than String",
                           name);
        KM_TRY(template_parameter(&work->values, name, &value));
    }
    return KM_OK;
}

static km_status plan(struct work *work, const json_t *template)
{
    static const char *const names[] = {"Parameters", "Mappings", "Resources",
                                        "DeviceConfiguration", NULL};
    const json_t *resources = json_object_get(template, "Resources");
    const char *id = NULL;
    const json_t *resource = NULL;
    KM_TRY(check_names(work, template, "the template", names));
    if (!json_is_object(resources))
        return KM_FAIL(work->err, KM_E_MALFORMED, "the template has no Resources");
    work->values.declared = json_object_get(template, "Parameters");
    work->values.mappings = json_object_get(template, "Mappings");
    if (work->values.mappings != NULL && !json_is_object(work->values.mappings))
        return KM_FAIL(work->err, KM_E_MALFORMED, "Mappings is no object");
    KM_TRY(check_parameters(work));
    json_object_foreach((json_t *)(uintptr_t)resources, id, resource)
        KM_TRY(take_resource(work, id, resource));
    return take_pairs(work, json_object_get(template, "DeviceConfiguration"), "DeviceConfiguration",
                      KM_TEMPLATE_CONFIGURATION_MAX, work->plan->configuration,
                      &work->plan->n_configuration);
}

static km_status resolve(const struct template_values *values, struct km_slice text,
                         struct km_template_plan *ret)
{
    struct km_err *err = values->err;
    struct km_template_plan made = {0};
    KM_AUTO(km_json_unref) json_t *template = NULL;
    struct work work = {.err = err, .values = *values, .plan = &made};
    if (text.len > KM_TEMPLATE_TEXT_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "template of %zu octets, more than %u", text.len,
                       KM_TEMPLATE_TEXT_MAX);
    KM_TRY(km_json_object(err, text, KM_TEMPLATE_DEPTH_MAX, &template));
    KM_TRY(plan(&work, template));
    *ret = made;
    return KM_OK;
}

km_status km_template_resolve(struct km_err *err, struct km_arena *arena, struct km_slice text,
                              const struct km_template_pair *parameters, size_t n_parameters,
                              struct km_template_plan *ret)
{
    const struct template_values values = {
        .err = err, .arena = arena, .parameters = parameters, .n_parameters = n_parameters};
    return resolve(&values, text, ret);
}

km_status km_template_try(struct km_err *err, struct km_arena *arena, struct km_slice text,
                          struct km_template_plan *ret)
{
    const struct template_values values = {.err = err, .arena = arena, .is_trial = true};
    return resolve(&values, text, ret);
}
