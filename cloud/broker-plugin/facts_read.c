/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/facts.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_thing.h"

/* The registry keeps why a call failed; here it is handed on, with what was asked. */
static km_status failed(struct km_err *err, const struct facts_reader *reader, km_status status,
                        const char *what)
{
    const struct km_err *why = km_registry_err(reader->registry);
    return KM_FAIL(err, status, "can't read %s: %s", what, why->text);
}

static km_status copy_text(struct km_err *err, const char *text, char **ret)
{
    *ret = strdup(text);
    return *ret == NULL ? KM_FAIL(err, KM_E_NOMEM, "a thing's attribute") : KM_OK;
}

static km_status copy_thing(struct km_err *err, const struct km_registry_thing *thing,
                            struct facts *facts)
{
    if (thing->type != NULL)
        KM_TRY(copy_text(err, thing->type, &facts->thing_type));
    if (thing->n_attributes == 0)
        return KM_OK;
    facts->attributes = calloc(thing->n_attributes, sizeof(*facts->attributes));
    if (facts->attributes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "%zu attributes of a thing", thing->n_attributes);
    for (size_t i = 0; i < thing->n_attributes; i++) {
        facts->n_attributes++;
        KM_TRY(copy_text(err, thing->attributes[i].name, &facts->attributes[i].name));
        KM_TRY(copy_text(err, thing->attributes[i].value, &facts->attributes[i].value));
    }
    return KM_OK;
}

static km_status read_thing(struct km_err *err, struct facts_reader *reader,
                            const char *certificate, const char *client_id, struct facts *facts)
{
    struct km_registry_thing thing = {0};
    km_status status = km_registry_thing_is_attached(reader->registry, reader->account, client_id,
                                                     certificate, &facts->is_attached);
    if (status == KM_E_ARG) /* a client id that can't be a thing's name */
        return KM_OK;
    if (status != KM_OK)
        return failed(err, reader, status, "whether a thing is attached");
    if (!facts->is_attached)
        return KM_OK;
    status =
        km_registry_thing_get(reader->registry, reader->arena, reader->account, client_id, &thing);
    if (status == KM_E_NOTFOUND) { /* deleted in between */
        facts->is_attached = false;
        return KM_OK;
    }
    if (status != KM_OK)
        return failed(err, reader, status, "a thing");
    return copy_thing(err, &thing, facts);
}

static km_status read_policies(struct km_err *err, struct facts_reader *reader,
                               const char *certificate, const char *client_id, struct facts *facts)
{
    struct km_registry_policy_list list = {0};
    /* Groups count through the thing named like the client; a name that no thing has leaves the certificate's own policies. */
    const char *thing = facts->is_attached ? client_id : certificate;
    km_status status = km_registry_policy_effective(reader->registry, reader->arena,
                                                    reader->account, certificate, thing, &list);
    if (status != KM_OK)
        return failed(err, reader, status, "the policies of a certificate");
    if (list.n_items > FACTS_POLICIES_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu policies of one device, at most %d", list.n_items,
                       FACTS_POLICIES_MAX);
    for (size_t i = 0; i < list.n_items; i++) {
        const struct km_registry_policy *policy = &list.items[i];
        const struct shelf_wish wish = {.name = policy->name,
                                        .generation = policy->generation_id,
                                        .version = policy->version,
                                        .document = policy->document};
        struct km_err why = {0};
        status = shelf_take(&why, &reader->shelf, &wish, &facts->policies[i]);
        if (status != KM_OK)
            return KM_FAIL(err, status, "policy %s can't be used: %s", policy->name, why.text);
        facts->n_policies++;
    }
    return KM_OK;
}

km_status facts_read(struct km_err *err, struct facts_reader *reader, const char *certificate,
                     const char *client_id, struct facts **ret)
{
    struct km_registry_certificate_state state = {0};
    KM_AUTO(facts_freep) struct facts *facts = calloc(1, sizeof(*facts));
    if (facts == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "what is known of a device");
    km_arena_reset(reader->arena);
    km_status status =
        km_registry_certificate_state(reader->registry, reader->account, certificate, &state);
    if (status != KM_OK && status != KM_E_NOTFOUND)
        return failed(err, reader, status, "the state of a certificate");
    facts->is_known = status == KM_OK;
    facts->status = state.status;
    if (facts->is_known && facts->status == KM_CERTIFICATE_ACTIVE) {
        KM_TRY(read_thing(err, reader, certificate, client_id, facts));
        KM_TRY(read_policies(err, reader, certificate, client_id, facts));
    }
    *ret = km_steal(&facts);
    return KM_OK;
}
