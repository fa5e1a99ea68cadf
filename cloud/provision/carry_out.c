/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/provision/carry_out.h"

#include <string.h>

#include "cloud/policy/policy.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_policy.h"

struct work {
    struct km_err *err;
    struct km_registry *registry;
    const char *account;
    const struct km_template_plan *plan;
};

static km_status failed(const struct work *work, km_status status, const char *what)
{
    if (status == KM_OK)
        return KM_OK;
    return KM_FAIL(work->err, status, "%s: %s", what, km_registry_err(work->registry)->text);
}

static km_status make_thing(const struct work *work)
{
    const struct km_template_plan *plan = work->plan;
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
    km_status status = km_registry_thing_create(work->registry, work->account, &new, id);
    if (status == KM_E_EXISTS && plan->on_conflict == KM_TEMPLATE_DO_NOTHING)
        status = KM_OK;
    else if (status == KM_E_EXISTS && plan->on_conflict != KM_TEMPLATE_FAIL)
        status = km_registry_thing_update(work->registry, work->account, plan->thing, &update);
    KM_TRY(failed(work, status, "its thing"));
    for (size_t i = 0; i < plan->n_groups; i++)
        KM_TRY(failed(
            work,
            km_registry_group_add(work->registry, work->account, plan->groups[i], plan->thing),
            "its group"));
    return KM_OK;
}

const char *km_provision_policy_name(const struct km_template_policy *policy,
                                     char room[KM_CERTIFICATE_ID_LEN + 1])
{
    if (policy->name != NULL)
        return policy->name;
    km_registry_certificate_id(KM_SLICE_STR(policy->document), room);
    return room;
}

static km_status make_policy(const struct work *work, const struct km_template_policy *policy)
{
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE,
                                            .id = work->plan->certificate_id};
    char room[KM_CERTIFICATE_ID_LEN + 1] = "";
    const char *name = km_provision_policy_name(policy, room);
    if (policy->name == NULL) {
        KM_AUTO(km_policy_freep) struct km_policy *compiled = NULL;
        KM_TRY(km_policy_compile(work->err, KM_SLICE_STR(policy->document), &compiled));
        km_status status =
            km_registry_policy_create(work->registry, work->account, name, policy->document);
        if (status != KM_E_EXISTS)
            KM_TRY(failed(work, status, "its policy"));
    }
    return failed(work, km_registry_policy_attach(work->registry, work->account, name, &target),
                  "its policy");
}

km_status km_provision_carry_out(struct km_err *err, struct km_registry *registry,
                                 const char *account, const struct km_template_plan *plan)
{
    const struct work work = {.err = err, .registry = registry, .account = account, .plan = plan};
    enum km_certificate_status status = KM_CERTIFICATE_ACTIVE;
    if (plan->certificate_id == NULL)
        return KM_FAIL(err, KM_E_MALFORMED, "the template has no certificate");
    if (!km_certificate_status_parse(plan->certificate_status, &status))
        return KM_FAIL(err, KM_E_MALFORMED, "its template has a Status that there is not");
    if (plan->thing != NULL)
        KM_TRY(make_thing(&work));
    for (size_t i = 0; i < plan->n_policies; i++)
        KM_TRY(make_policy(&work, &plan->policies[i]));
    if (plan->thing != NULL)
        KM_TRY(failed(
            &work, km_registry_thing_attach(registry, account, plan->thing, plan->certificate_id),
            "its thing"));
    return failed(
        &work, km_registry_certificate_set_status(registry, account, plan->certificate_id, status),
        "its certificate");
}
