/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/trust.h"

#include "ta/certs/named.h"

/* Room for whatever is read from the store, one at a time. */
struct reading {
    km_trust_each each;
    void *arg;
    char kind; /* of objects that are read */
    uint8_t der[KM_CERTS_CRL_MAX];
};

static TEE_Result read_one(void *arg, const struct km_stored_id *id, size_t len)
{
    struct reading *reading = arg;
    (void)len;
    if (!km_stored_is(id, reading->kind))
        return TEE_SUCCESS;
    size_t got = 0;
    KM_TRY_TEE(km_stored_read(id, KM_SPAN(reading->der, sizeof(reading->der)), &got));
    return reading->each(reading->arg, KM_SLICE(reading->der, got));
}

static TEE_Result read_all(char kind, km_trust_each each, void *arg)
{
    KM_AUTO(km_ta_freep)
    struct reading *reading = TEE_Malloc(sizeof(*reading), TEE_MALLOC_FILL_ZERO);
    if (reading == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    reading->each = each;
    reading->arg = arg;
    reading->kind = kind;
    return km_stored_walk(read_one, reading);
}

/* ---- anchors ---- */

struct choice {
    km_trust_each each;
    void *arg;
};

/* What was added or provisioned may be a certificate of nobody's authority. */
static TEE_Result if_authority(void *arg, struct km_slice der)
{
    const struct choice *choice = arg;
    struct km_x509_facts facts = {0};
    if (!km_x509_read(der, &facts) || !facts.is_authority)
        return TEE_SUCCESS;
    return choice->each(choice->arg, der);
}

static TEE_Result each_provisioned(struct choice *choice)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    size_t n_roles = 0;
    const struct km_named_role *roles = km_named_roles(&n_roles);
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < n_roles; i++) {
        struct km_slice der = {0};
        if (!roles[i].is_anchor)
            continue;
        TEE_Result result = km_named_read(KM_SLICE_STR(roles[i].name), buf, &der);
        if (result == TEE_SUCCESS)
            result = if_authority(choice, der);
        if (result != TEE_ERROR_ITEM_NOT_FOUND)
            KM_TRY_TEE(result);
    }
    return TEE_SUCCESS;
}

TEE_Result km_trust_each_anchor(km_trust_each each, void *arg)
{
    struct choice choice = {each, arg};
    KM_TRY_TEE(each_provisioned(&choice));
    return read_all(KM_STORED_ADDED, if_authority, &choice);
}

TEE_Result km_trust_each_crl(km_trust_each each, void *arg)
{
    return read_all(KM_STORED_CRL, each, arg);
}

/* ---- parsed ---- */

static TEE_Result anchor(void *arg, struct km_slice der)
{
    return km_x509_trust_anchor(arg, der) ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

static TEE_Result crl(void *arg, struct km_slice der)
{
    return km_x509_trust_crl(arg, der) ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

static TEE_Result only(struct km_slice name, struct km_x509_trust *trust)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_slice der = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_named_read(name, buf, &der));
    /* A request is no certificate. */
    return km_x509_trust_anchor(trust, der) ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
}

static TEE_Result load(struct km_slice name, struct km_x509_trust **ret)
{
    KM_AUTO(km_x509_trust_freep) struct km_x509_trust *trust = km_x509_trust_new();
    if (trust == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (name.len == 0)
        KM_TRY_TEE(km_trust_each_anchor(anchor, trust));
    else
        KM_TRY_TEE(only(name, trust));
    KM_TRY_TEE(km_trust_each_crl(crl, trust));
    *ret = km_steal(&trust);
    return TEE_SUCCESS;
}

/* All authorities, and one provisioned certificate: what the instance's client usually asks for is one of both. */
static struct known {
    struct km_x509_trust *trust;
    uint64_t generation;
    uint8_t name[KM_CERTS_NAME_MAX];
    size_t name_len;
} all, one;

TEE_Result km_trust_get(const struct km_gate_state *state, struct km_slice name,
                        const struct km_x509_trust **ret)
{
    struct known *known = name.len == 0 ? &all : &one;
    if (known->trust == NULL || known->generation != state->generation ||
        !km_slice_equal(KM_SLICE(known->name, known->name_len), name)) {
        km_x509_trust_freep(&known->trust);
        KM_TRY_TEE(load(name, &known->trust));
        known->generation = state->generation;
        known->name_len = name.len;
        km_copy(known->name, sizeof(known->name), name.ptr, name.len);
    }
    *ret = known->trust;
    return TEE_SUCCESS;
}

void km_trust_forget(void)
{
    km_x509_trust_freep(&all.trust);
    km_x509_trust_freep(&one.trust);
}
