/* SPDX-License-Identifier: Apache-2.0 */
#include "format/opaque_object.h"

#include "format/opaque_key.h"

#define NAME_MAX_LEN 32u
#define EXECUTABLE_LEN 32u

static bool fixed(struct km_rd *rd, size_t len, struct km_slice *ret)
{
    return km_der_bytes(rd, KM_DER_OCTET_STRING, ret) && ret->len == len;
}

bool km_object_id_body_parse(struct km_rd body, struct km_object_id *ret)
{
    struct km_object_id found = {0};
    if (!fixed(&body, KM_OBJECT_ID_LEN, &found.object_id) ||
        !km_sealed_parse(&body, KM_OPAQUE_PACKAGE_MAX, &found.sealed) || !km_rd_done(&body))
        return false;
    *ret = found;
    return true;
}

/* An optional number [n]; one that is there is not 0. */
static bool optional(struct km_rd *rd, unsigned n, uint64_t *ret)
{
    uint8_t tag = 0;
    if (!km_der_peek(rd, &tag) || tag != KM_DER_CONTEXT_PRIM(n))
        return true;
    return km_der_u64(rd, tag, ret) && *ret != 0;
}

/* The last field of a structure. */
static bool parse_policy(struct km_rd *rd, bool *ret_has, struct km_object_policy *ret)
{
    struct km_rd in = {0};
    *ret_has = !km_rd_done(rd);
    if (!*ret_has)
        return true;
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &in) || !km_rd_done(rd) ||
        !optional(&in, 0, &ret->not_before) || !optional(&in, 1, &ret->not_after) ||
        !optional(&in, 2, &ret->max_opens))
        return false;
    if (km_rd_done(&in))
        return true;
    return km_der_bytes(&in, KM_DER_CONTEXT_PRIM(3), &ret->executable) &&
           ret->executable.len == EXECUTABLE_LEN && km_rd_done(&in);
}

static bool parse_info(struct km_rd *rd, struct km_object_info *ret)
{
    struct km_rd in = {0};
    return km_der_enter(rd, KM_DER_SEQUENCE, &in) && km_der_utf8(&in, NAME_MAX_LEN, &ret->cipher) &&
           fixed(&in, KM_OBJECT_KEY_LEN, &ret->key) && fixed(&in, KM_OBJECT_IV_LEN, &ret->iv) &&
           km_der_utf8(&in, NAME_MAX_LEN, &ret->digest_name) &&
           km_der_bytes(&in, KM_DER_OCTET_STRING, &ret->digest) &&
           ret->digest.len <= KM_OBJECT_DIGEST_MAX && km_der_u64(&in, KM_DER_INTEGER, &ret->size) &&
           ret->size <= KM_OBJECT_SIZE_MAX && parse_policy(&in, &ret->has_policy, &ret->policy);
}

bool km_object_info_parse(struct km_slice in, struct km_object_info *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_object_info found = {0};
    if (!parse_info(&rd, &found) || !km_rd_done(&rd))
        return false;
    *ret = found;
    return true;
}

bool km_object_secret_parse(struct km_slice in, struct km_object_secret *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_rd fields = {0};
    struct km_object_secret found = {0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &fields) || !km_rd_done(&rd) ||
        !fixed(&fields, KM_OBJECT_ID_LEN, &found.object_id) ||
        !fixed(&fields, KM_SEALED_RECIPIENT_LEN, &found.signer) ||
        !parse_info(&fields, &found.info) ||
        !parse_policy(&fields, &found.has_policy, &found.policy))
        return false;
    *ret = found;
    return true;
}

static void put_optional(struct km_wr *wr, unsigned n, uint64_t value)
{
    if (value != 0)
        km_der_put_u64(wr, (uint8_t)KM_DER_CONTEXT_PRIM(n), value);
}

static void put_policy(struct km_wr *wr, bool has, const struct km_object_policy *policy)
{
    if (!has)
        return;
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    put_optional(wr, 0, policy->not_before);
    put_optional(wr, 1, policy->not_after);
    put_optional(wr, 2, policy->max_opens);
    if (policy->executable.len != 0)
        km_der_put(wr, KM_DER_CONTEXT_PRIM(3), policy->executable);
    km_der_end(wr, mark);
}

void km_object_info_put(struct km_wr *wr, const struct km_object_info *info)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_UTF8_STRING, info->cipher);
    km_der_put(wr, KM_DER_OCTET_STRING, info->key);
    km_der_put(wr, KM_DER_OCTET_STRING, info->iv);
    km_der_put(wr, KM_DER_UTF8_STRING, info->digest_name);
    km_der_put(wr, KM_DER_OCTET_STRING, info->digest);
    km_der_put_u64(wr, KM_DER_INTEGER, info->size);
    put_policy(wr, info->has_policy, &info->policy);
    km_der_end(wr, mark);
}

void km_object_secret_put(struct km_wr *wr, const struct km_object_secret *secret)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OCTET_STRING, secret->object_id);
    km_der_put(wr, KM_DER_OCTET_STRING, secret->signer);
    km_object_info_put(wr, &secret->info);
    put_policy(wr, secret->has_policy, &secret->policy);
    km_der_end(wr, mark);
}

uint64_t km_object_cipher_len(enum km_pack_cipher cipher, uint64_t size)
{
    return cipher == KM_PACK_AES_CBC ? (size / KM_SEALED_BLOCK + 1) * KM_SEALED_BLOCK : size;
}
