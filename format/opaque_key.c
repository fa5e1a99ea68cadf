/* SPDX-License-Identifier: Apache-2.0 */
#include "format/opaque_key.h"

#define TYPE_MAX 32u
#define DIGEST_LEN 32u
#define GRANTS_TAG KM_DER_CONTEXT(4)

bool km_opaque_key_body_parse(struct km_rd body, struct km_sealed *ret)
{
    return km_sealed_parse(&body, KM_OPAQUE_PACKAGE_MAX, ret) && km_rd_done(&body);
}

/* An optional number [n]; one that is there is not 0. */
static bool optional_u64(struct km_rd *rd, unsigned n, uint64_t max, uint64_t *ret)
{
    uint8_t tag = 0;
    if (!km_der_peek(rd, &tag) || tag != KM_DER_CONTEXT_PRIM(n))
        return true;
    return km_der_u64(rd, tag, ret) && *ret != 0 && *ret <= max;
}

static bool optional_u32(struct km_rd *rd, unsigned n, uint32_t *ret)
{
    uint64_t value = 0;
    if (!optional_u64(rd, n, UINT32_MAX, &value))
        return false;
    *ret = (uint32_t)value;
    return true;
}

/* A user's or group's number may be 0: the flag tells that it is there. */
static bool optional_id(struct km_rd *rd, unsigned n, uint32_t flag, uint32_t *fields,
                        uint32_t *ret)
{
    uint8_t tag = 0;
    uint64_t value = 0;
    if (!km_der_peek(rd, &tag) || tag != KM_DER_CONTEXT_PRIM(n))
        return true;
    if (!km_der_u64(rd, tag, &value) || value > UINT32_MAX)
        return false;
    *fields |= flag;
    *ret = (uint32_t)value;
    return true;
}

static bool optional_octets(struct km_rd *rd, unsigned n, uint32_t flag, uint32_t *fields,
                            struct km_slice *ret)
{
    uint8_t tag = 0;
    if (!km_der_peek(rd, &tag) || tag != KM_DER_CONTEXT_PRIM(n))
        return true;
    *fields |= flag;
    return km_der_bytes(rd, tag, ret);
}

static bool parse_grant(struct km_rd *rd, struct km_opaque_grant *ret)
{
    struct km_rd in = {0};
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &in) ||
        !optional_id(&in, 0, KM_OPAQUE_GRANT_UID, &ret->fields, &ret->uid) ||
        !optional_id(&in, 1, KM_OPAQUE_GRANT_GID, &ret->fields, &ret->gid) ||
        !optional_octets(&in, 2, KM_OPAQUE_GRANT_EXECUTABLE, &ret->fields, &ret->executable) ||
        !optional_octets(&in, 3, KM_OPAQUE_GRANT_UNIT, &ret->fields, &ret->unit) ||
        !km_rd_done(&in) || ret->fields == 0)
        return false;
    if ((ret->fields & KM_OPAQUE_GRANT_EXECUTABLE) != 0 && ret->executable.len != DIGEST_LEN)
        return false;
    return (ret->fields & KM_OPAQUE_GRANT_UNIT) == 0 ||
           (ret->unit.len != 0 && ret->unit.len <= KM_OPAQUE_NAME_MAX && km_utf8_valid(ret->unit));
}

static bool parse_grants(struct km_rd *rd, struct km_opaque_policy *ret)
{
    uint8_t tag = 0;
    struct km_rd in = {0};
    if (!km_der_peek(rd, &tag) || tag != GRANTS_TAG)
        return true;
    if (!km_der_enter(rd, GRANTS_TAG, &in))
        return false;
    while (!km_rd_done(&in)) {
        if (ret->n_grants == KM_OPAQUE_GRANTS_MAX || !parse_grant(&in, &ret->grants[ret->n_grants]))
            return false;
        ret->n_grants++;
    }
    return ret->n_grants != 0;
}

static bool parse_policy(struct km_rd *rd, struct km_opaque_policy *ret)
{
    struct km_rd in = {0};
    return km_der_enter(rd, KM_DER_SEQUENCE, &in) && optional_u32(&in, 0, &ret->usage) &&
           optional_u32(&in, 1, &ret->attributes) &&
           optional_u64(&in, 2, UINT64_MAX, &ret->max_uses) &&
           optional_u64(&in, 3, UINT64_MAX, &ret->not_after) && parse_grants(&in, ret) &&
           km_rd_done(&in);
}

bool km_opaque_key_parse(struct km_slice in, struct km_opaque_key *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_rd fields = {0};
    struct km_opaque_key found = {0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &fields) || !km_rd_done(&rd) ||
        !km_der_utf8(&fields, TYPE_MAX, &found.type) ||
        !km_der_utf8(&fields, KM_OPAQUE_NAME_MAX, &found.name) || found.name.len == 0 ||
        !km_der_bytes(&fields, KM_DER_OCTET_STRING, &found.data) || found.data.len == 0)
        return false;
    found.has_policy = !km_rd_done(&fields);
    if (found.has_policy && (!parse_policy(&fields, &found.policy) || !km_rd_done(&fields)))
        return false;
    *ret = found;
    return true;
}

static void put_optional(struct km_wr *wr, unsigned n, uint64_t value)
{
    if (value != 0)
        km_der_put_u64(wr, (uint8_t)KM_DER_CONTEXT_PRIM(n), value);
}

static void put_grant(struct km_wr *wr, const struct km_opaque_grant *grant)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    if ((grant->fields & KM_OPAQUE_GRANT_UID) != 0)
        km_der_put_u64(wr, KM_DER_CONTEXT_PRIM(0), grant->uid);
    if ((grant->fields & KM_OPAQUE_GRANT_GID) != 0)
        km_der_put_u64(wr, KM_DER_CONTEXT_PRIM(1), grant->gid);
    if ((grant->fields & KM_OPAQUE_GRANT_EXECUTABLE) != 0)
        km_der_put(wr, KM_DER_CONTEXT_PRIM(2), grant->executable);
    if ((grant->fields & KM_OPAQUE_GRANT_UNIT) != 0)
        km_der_put(wr, KM_DER_CONTEXT_PRIM(3), grant->unit);
    km_der_end(wr, mark);
}

static void put_policy(struct km_wr *wr, const struct km_opaque_policy *policy)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    put_optional(wr, 0, policy->usage);
    put_optional(wr, 1, policy->attributes);
    put_optional(wr, 2, policy->max_uses);
    put_optional(wr, 3, policy->not_after);
    if (policy->n_grants != 0) {
        size_t grants = km_der_begin(wr, GRANTS_TAG);
        for (uint32_t i = 0; i < policy->n_grants; i++)
            put_grant(wr, &policy->grants[i]);
        km_der_end(wr, grants);
    }
    km_der_end(wr, mark);
}

void km_opaque_key_put(struct km_wr *wr, const struct km_opaque_key *key)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_UTF8_STRING, key->type);
    km_der_put(wr, KM_DER_UTF8_STRING, key->name);
    km_der_put(wr, KM_DER_OCTET_STRING, key->data);
    if (key->has_policy)
        put_policy(wr, &key->policy);
    km_der_end(wr, mark);
}
