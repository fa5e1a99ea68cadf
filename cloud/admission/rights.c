/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/common/topic.h"
#include "common/km_file.h"

/* ---- bind ---- */

static void put_text(struct km_policy_context *context, enum km_policy_key key,
                     struct km_slice *room, const char *text)
{
    *room = KM_SLICE_STR(text);
    context->values[key] = (struct km_policy_values){.at = room, .n = 1};
}

static struct km_policy_attribute *list_attributes(const struct km_facts *facts)
{
    struct km_policy_attribute *list = calloc(facts->n_attributes + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < facts->n_attributes; i++) {
        list[i].name = KM_SLICE_STR(facts->attributes[i].name);
        list[i].value = KM_SLICE_STR(facts->attributes[i].value);
    }
    return list;
}

/* Views that the context borrows. */
struct texts {
    struct km_slice id, address, thing, type, attached, persistent;
};

static void put_visit(struct km_policy_context *context, struct texts *texts,
                      const struct km_facts *facts, const struct km_rights_visit *visit)
{
    put_text(context, KM_POLICY_SOURCE_IP, &texts->address, visit->address);
    if (visit->client_id == NULL)
        return;
    put_text(context, KM_POLICY_CLIENT_ID, &texts->id, visit->client_id);
    put_text(context, KM_POLICY_THING_IS_ATTACHED, &texts->attached,
             facts->is_attached ? "true" : "false");
    if (facts->is_attached)
        put_text(context, KM_POLICY_THING_NAME, &texts->thing, visit->client_id);
    if (facts->thing_type != NULL)
        put_text(context, KM_POLICY_THING_TYPE_NAME, &texts->type, facts->thing_type);
    /* Whether there is a last will the broker does not tell. */
    if (visit->keeps_session)
        put_text(context, KM_POLICY_CONNECT_ATTRIBUTES, &texts->persistent, "PersistentConnect");
}

km_status km_rights_bind(struct km_err *err, const struct km_rights_place *place,
                         const struct km_facts *facts, const struct km_rights_visit *visit,
                         struct km_policy_bound **ret)
{
    struct km_policy_source sources[KM_FACTS_POLICIES_MAX];
    struct texts texts = {0};
    struct km_policy_context context = {.partition = KM_SLICE_STR(place->partition),
                                        .region = KM_SLICE_STR(place->region),
                                        .account = KM_SLICE_STR(place->account)};
    KM_AUTO(km_freep) struct km_policy_attribute *attributes = list_attributes(facts);
    if (attributes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "%zu attributes of a thing", facts->n_attributes);
    for (size_t i = 0; i < facts->n_policies; i++)
        sources[i] =
            (struct km_policy_source){.name = KM_SLICE_STR(km_shelf_name(facts->policies[i])),
                                      .policy = km_shelf_policy(facts->policies[i])};
    km_cert_values_put(facts->values, &context);
    put_visit(&context, &texts, facts, visit);
    context.attributes = attributes;
    context.n_attributes = facts->n_attributes;
    return km_policy_bind(err, sources, facts->n_policies, &context, ret);
}

km_status km_rights_bind_all(struct km_err *err, const struct km_rights_place *place,
                             const struct km_rights_visit *visit, struct km_policy_bound **ret)
{
    static const char document[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
                                   "\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\"}]}";
    KM_AUTO(km_policy_freep) struct km_policy *policy = NULL;
    KM_TRY(km_policy_compile(err, KM_SLICE_STR(document), &policy));
    const struct km_facts nothing = {0};
    struct texts texts = {0};
    struct km_policy_context context = {.partition = KM_SLICE_STR(place->partition),
                                        .region = KM_SLICE_STR(place->region),
                                        .account = KM_SLICE_STR(place->account)};
    const struct km_policy_source source = {.name = KM_SLICE_STR("access key"), .policy = policy};
    put_visit(&context, &texts, &nothing, visit);
    return km_policy_bind(err, &source, 1, &context, ret);
}

/* ---- ask ---- */

static const char *const resources[] = {
    [KM_POLICY_CLIENT] = "client",
    [KM_POLICY_TOPIC] = "topic",
    [KM_POLICY_TOPIC_FILTER] = "topicfilter",
    [KM_POLICY_THING] = "thing",
    [KM_POLICY_ROLE_ALIAS] = "rolealias",
    [KM_POLICY_WHOLE] = "resource",
};

bool km_rights_ask(const struct km_policy_bound *bound, const struct km_policy_request *request,
                   char reason[KM_RIGHTS_REASON_CAP])
{
    struct km_policy_decision decision = {0};
    if (bound != NULL && km_policy_decide(bound, request, &decision))
        return true;
    const char *action = km_policy_action_text(request->action);
    int len = (int)request->name.len;
    const char *name = (const char *)request->name.ptr;
    if (decision.outcome == KM_POLICY_EXPLICIT_DENY && decision.by.policy != NULL)
        (void)snprintf(reason, KM_RIGHTS_REASON_CAP,
                       "statement %zu of policy %s denies %s on %s/%.*s", decision.by.number,
                       decision.by.policy, action, resources[request->kind], len, name);
    else
        (void)snprintf(reason, KM_RIGHTS_REASON_CAP, "no policy allows %s on %s/%.*s", action,
                       resources[request->kind], len, name);
    return false;
}

/* ---- topics ---- */

/* What clients may ask of the services below $aws. */
static const char *const requests[] = {
    "$aws/things/+/shadow/get",
    "$aws/things/+/shadow/update",
    "$aws/things/+/shadow/delete",
    "$aws/things/+/shadow/name/+/get",
    "$aws/things/+/shadow/name/+/update",
    "$aws/things/+/shadow/name/+/delete",
    "$aws/rules/+/#",
    "$aws/things/+/jobs/get",
    "$aws/things/+/jobs/start-next",
    "$aws/things/+/jobs/+/get",
    "$aws/things/+/jobs/+/update",
};

/* And those whose requests or answers hold what is one client's alone. */
static const char *const provisioning[] = {
    "$aws/certificates/create/+",
    "$aws/certificates/create-from-csr/+",
    "$aws/provisioning-templates/+/provision/+",
};

/* Where a service speaks to the thing; what else is below a thing's name is the thing's own. */
static const char *const services[] = {
    "$aws/things/+/shadow",    "$aws/things/+/shadow/#",  "$aws/things/+/jobs",
    "$aws/things/+/jobs/#",    "$aws/things/+/defender",  "$aws/things/+/defender/#",
    "$aws/things/+/tunnels",   "$aws/things/+/tunnels/#", "$aws/things/+/streams",
    "$aws/things/+/streams/#",
};

static bool matches_one(const char *const *filters, size_t n, struct km_slice topic)
{
    for (size_t i = 0; i < n; i++)
        if (km_topic_filter_matches(KM_SLICE_STR(filters[i]), topic))
            return true;
    return false;
}

bool km_rights_is_provisioning(struct km_slice topic)
{
    return topic.len > 0 && topic.ptr[0] == '$' &&
           matches_one(provisioning, KM_ARRAY_LEN(provisioning), topic);
}

bool km_rights_is_open(struct km_slice topic)
{
    if (topic.len == 0 || topic.ptr[0] != '$')
        return true;
    return matches_one(requests, KM_ARRAY_LEN(requests), topic) ||
           km_rights_is_provisioning(topic) ||
           (km_topic_filter_matches(KM_SLICE_STR("$aws/things/+/#"), topic) &&
            !matches_one(services, KM_ARRAY_LEN(services), topic));
}
