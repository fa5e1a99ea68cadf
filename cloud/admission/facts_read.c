/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/facts.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_thing.h"

/* The registry keeps why a call failed; here it is handed on, with what was asked. */
static km_status failed(struct km_err *err, const struct km_facts_reader *reader, km_status status,
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
                            struct km_facts *facts)
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

static km_status read_thing(struct km_err *err, struct km_facts_reader *reader,
                            const char *certificate, const char *client_id, struct km_facts *facts)
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

static km_status take_policy(struct km_err *err, struct km_facts_reader *reader,
                             const struct km_registry_policy *policy, struct km_facts *facts)
{
    const struct km_shelf_wish wish = {.name = policy->name,
                                       .generation = policy->generation_id,
                                       .version = policy->version,
                                       .document = policy->document};
    struct km_err why = {0};
    km_status status =
        km_shelf_take(&why, &reader->shelf, &wish, &facts->policies[facts->n_policies]);
    if (status != KM_OK)
        return KM_FAIL(err, status, "policy %s can't be used: %s", policy->name, why.text);
    facts->n_policies++;
    return KM_OK;
}

static km_status make_room(struct km_err *err, size_t n, struct km_facts *facts)
{
    if (n > KM_FACTS_POLICIES_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu policies of one device, at most %d", n,
                       KM_FACTS_POLICIES_MAX);
    facts->policies = calloc(n + 1, sizeof(struct km_shelf_policy *));
    if (facts->policies == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "%zu policies of a device", n);
    return KM_OK;
}

/* Those of the certificate, and of the groups of the thing named like the client. */
static km_status read_all_policies(struct km_err *err, struct km_facts_reader *reader,
                                   const char *certificate, const char *thing,
                                   struct km_facts *facts)
{
    struct km_registry_policy_list list = {0};
    km_status status = km_registry_policy_effective(reader->registry, reader->arena,
                                                    reader->account, certificate, thing, &list);
    if (status != KM_OK)
        return failed(err, reader, status, "the policies of a device");
    KM_TRY(make_room(err, list.n_items, facts));
    for (size_t i = 0; i < list.n_items; i++)
        KM_TRY(take_policy(err, reader, &list.items[i], facts));
    return KM_OK;
}

/* Those of the certificate alone: most devices have no more, and this is the cheaper question. */
static km_status read_own_policies(struct km_err *err, struct km_facts_reader *reader,
                                   const char *certificate, struct km_facts *facts)
{
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = certificate};
    struct km_registry_names list = {0};
    km_status status = km_registry_policy_list_attached(reader->registry, reader->arena,
                                                        reader->account, &target, false, &list);
    if (status == KM_E_NOTFOUND) /* the certificate has just been deleted: the feed will tell */
        status = KM_OK;
    if (status != KM_OK)
        return failed(err, reader, status, "the policies of a certificate");
    KM_TRY(make_room(err, list.n_names, facts));
    for (size_t i = 0; i < list.n_names; i++) {
        struct km_registry_policy policy = {0};
        status = km_registry_policy_get(reader->registry, reader->arena, reader->account,
                                        list.names[i], 0, &policy);
        if (status == KM_E_NOTFOUND) /* detached and deleted in between */
            continue;
        if (status != KM_OK)
            return failed(err, reader, status, "a policy");
        KM_TRY(take_policy(err, reader, &policy, facts));
    }
    return KM_OK;
}

km_status km_facts_read_state(struct km_err *err, struct km_facts_reader *reader,
                              const char *certificate, struct km_facts **ret)
{
    struct km_registry_certificate_state state = {0};
    struct km_facts *facts = calloc(1, sizeof(*facts));
    if (facts == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "what is known of a device");
    km_status status =
        km_registry_certificate_state(reader->registry, reader->account, certificate, &state);
    if (status != KM_OK && status != KM_E_NOTFOUND) {
        km_facts_free(facts);
        return failed(err, reader, status, "the state of a certificate");
    }
    facts->is_known = status == KM_OK;
    facts->status = state.status;
    *ret = facts;
    return KM_OK;
}

km_status km_facts_read_key(struct km_err *err, struct km_facts_reader *reader, const char *key,
                            int64_t now_ms, struct km_facts **ret)
{
    struct km_registry_access_key found = {0};
    km_arena_reset(reader->arena);
    km_status status =
        km_registry_access_key_get(reader->registry, reader->arena, reader->account, key, &found);
    if (status != KM_OK && status != KM_E_NOTFOUND)
        return failed(err, reader, status, "an access key");
    struct km_facts *facts = calloc(1, sizeof(*facts));
    if (facts == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "what is known of an access key");
    bool counts = found.is_active && (found.expires_ms == 0 || now_ms < found.expires_ms);
    facts->is_known = status == KM_OK;
    facts->status = counts ? KM_CERTIFICATE_ACTIVE : KM_CERTIFICATE_INACTIVE;
    *ret = facts;
    return KM_OK;
}

km_status km_facts_read_rights(struct km_err *err, struct km_facts_reader *reader,
                               const char *certificate, const char *client_id,
                               struct km_facts *facts)
{
    km_arena_reset(reader->arena);
    if (client_id != NULL)
        KM_TRY(read_thing(err, reader, certificate, client_id, facts));
    return facts->is_attached ? read_all_policies(err, reader, certificate, client_id, facts)
                              : read_own_policies(err, reader, certificate, facts);
}
