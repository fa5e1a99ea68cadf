/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/bind.h"

#include <stdlib.h>
#include <string.h>

#include "common/km_file.h"

static void put_text(struct km_policy_context *context, enum km_policy_key key,
                     struct km_slice *room, const char *text)
{
    *room = KM_SLICE_STR(text);
    context->values[key] = (struct km_policy_values){.at = room, .n = 1};
}

static struct km_policy_attribute *list_attributes(const struct facts *facts)
{
    struct km_policy_attribute *list = calloc(facts->n_attributes + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < facts->n_attributes; i++) {
        list[i].name = KM_SLICE_STR(facts->attributes[i].name);
        list[i].value = KM_SLICE_STR(facts->attributes[i].value);
    }
    return list;
}

km_status bind_facts(struct km_err *err, const struct settings *settings, struct conn *conn,
                     struct facts *facts)
{
    struct km_policy_source sources[FACTS_POLICIES_MAX];
    struct km_slice id, address, thing, type, attached, persistent;
    struct km_policy_bound *bound = NULL;
    struct km_policy_context context = {.partition = KM_SLICE_STR(settings->partition),
                                        .region = KM_SLICE_STR(settings->region),
                                        .account = KM_SLICE_STR(settings->account)};
    KM_AUTO(km_freep) struct km_policy_attribute *attributes = list_attributes(facts);
    if (attributes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "%zu attributes of a thing", facts->n_attributes);

    for (size_t i = 0; i < facts->n_policies; i++)
        sources[i] = (struct km_policy_source){.name = KM_SLICE_STR(shelf_name(facts->policies[i])),
                                               .policy = shelf_policy(facts->policies[i])};
    km_cert_values_put(facts->values, &context);
    put_text(&context, KM_POLICY_CLIENT_ID, &id, conn->id);
    put_text(&context, KM_POLICY_SOURCE_IP, &address, conn->address);
    put_text(&context, KM_POLICY_THING_IS_ATTACHED, &attached,
             facts->is_attached ? "true" : "false");
    if (facts->is_attached)
        put_text(&context, KM_POLICY_THING_NAME, &thing, conn->id);
    if (facts->thing_type != NULL)
        put_text(&context, KM_POLICY_THING_TYPE_NAME, &type, facts->thing_type);
    /* Whether there is a last will the broker does not tell. */
    if (conn->keeps_session)
        put_text(&context, KM_POLICY_CONNECT_ATTRIBUTES, &persistent, "PersistentConnect");
    context.attributes = attributes;
    context.n_attributes = facts->n_attributes;
    KM_TRY(km_policy_bind(err, sources, facts->n_policies, &context, &bound));

    conn_bind(conn, bound);
    km_cert_values_free(facts->values); /* large, and bound by now */
    facts->values = NULL;
    facts_free(conn->facts);
    conn->facts = facts;
    return KM_OK;
}
