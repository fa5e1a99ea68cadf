/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/crypto_wire.h"

#include <string.h>

static bool finish(const struct km_wr *wr, size_t *ret_len)
{
    struct km_slice done = {0};
    if (!km_wr_finish(wr, &done))
        return false;
    *ret_len = done.len;
    return true;
}

static void name_set(struct km_crypto_name *name, struct km_slice text)
{
    *name = (struct km_crypto_name){0};
    name->len = (uint8_t)text.len;
    km_copy(name->at, KM_CRYPTO_NAME_MAX, text.ptr, text.len);
}

static void name_write(struct km_wr *wr, const struct km_crypto_name *name)
{
    km_wr_blob32le(wr, KM_SLICE(name->at, name->len));
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any = (uint8_t)(any | bytes[i]);
    return any == 0;
}

bool km_crypto_name_parse(struct km_slice in, struct km_crypto_name *ret)
{
    if (in.len == 0 || in.len > KM_CRYPTO_NAME_MAX || !km_utf8_valid(in))
        return false;
    name_set(ret, in);
    return true;
}

bool km_crypto_name_read(struct km_rd *rd, size_t max, struct km_crypto_name *ret)
{
    struct km_rd at = *rd;
    struct km_slice text = {0};
    if (max > KM_CRYPTO_NAME_MAX || !km_rd_blob32le(&at, max, &text))
        return false;
    if (text.len != 0 && !km_utf8_valid(text))
        return false;
    name_set(ret, text);
    *rd = at;
    return true;
}

/* Fields that are not named are zero, so that one grant has one printed form. */
static bool grant_is_canonical(const struct km_crypto_grant *grant)
{
    uint32_t fields = grant->fields;
    if (fields == 0 || (fields & ~KM_CRYPTO_GRANT_ALL) != 0)
        return false;
    if ((fields & KM_CRYPTO_GRANT_UID) == 0 && grant->uid != 0)
        return false;
    if ((fields & KM_CRYPTO_GRANT_GID) == 0 && grant->gid != 0)
        return false;
    if ((fields & KM_CRYPTO_GRANT_EXE) == 0 &&
        !is_zero(grant->exe_sha256, sizeof(grant->exe_sha256)))
        return false;
    return ((fields & KM_CRYPTO_GRANT_UNIT) != 0) == (grant->unit.len != 0);
}

bool km_crypto_grant_read(struct km_rd *rd, struct km_crypto_grant *ret)
{
    struct km_rd at = *rd;
    struct km_crypto_grant grant = {0};
    if (!km_rd_u32le(&at, &grant.fields) || !km_rd_u32le(&at, &grant.uid) ||
        !km_rd_u32le(&at, &grant.gid) ||
        !km_rd_copy(&at, grant.exe_sha256, sizeof(grant.exe_sha256)) ||
        !km_crypto_name_read(&at, KM_CRYPTO_UNIT_MAX, &grant.unit))
        return false;
    if (!grant_is_canonical(&grant))
        return false;
    *ret = grant;
    *rd = at;
    return true;
}

void km_crypto_grant_write(struct km_wr *wr, const struct km_crypto_grant *grant)
{
    km_wr_u32le(wr, grant->fields);
    km_wr_u32le(wr, grant->uid);
    km_wr_u32le(wr, grant->gid);
    km_wr_bytes(wr, KM_SLICE(grant->exe_sha256, sizeof(grant->exe_sha256)));
    name_write(wr, &grant->unit);
}

bool km_crypto_template_parse(struct km_slice in, struct km_crypto_template *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_template wish = {0};
    if (!km_rd_u32le(&rd, &wish.type) || !km_rd_u32le(&rd, &wish.bits) ||
        !km_rd_u32le(&rd, &wish.usage) || !km_rd_u32le(&rd, &wish.attributes) ||
        !km_rd_u64le(&rd, &wish.max_uses) || !km_rd_u64le(&rd, &wish.not_after) ||
        !km_rd_u32le(&rd, &wish.n_grants))
        return false;
    if (wish.n_grants > KM_CRYPTO_GRANTS_MAX)
        return false;
    for (uint32_t i = 0; i < wish.n_grants; i++) {
        if (!km_crypto_grant_read(&rd, &wish.grants[i]))
            return false;
    }
    if (!km_rd_done(&rd))
        return false;
    *ret = wish;
    return true;
}

bool km_crypto_template_put(const struct km_crypto_template *wish, struct km_span out,
                            size_t *ret_len)
{
    if (wish->n_grants > KM_CRYPTO_GRANTS_MAX)
        return false;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, wish->type);
    km_wr_u32le(&wr, wish->bits);
    km_wr_u32le(&wr, wish->usage);
    km_wr_u32le(&wr, wish->attributes);
    km_wr_u64le(&wr, wish->max_uses);
    km_wr_u64le(&wr, wish->not_after);
    km_wr_u32le(&wr, wish->n_grants);
    for (uint32_t i = 0; i < wish->n_grants; i++) {
        if (!grant_is_canonical(&wish->grants[i]))
            return false;
        km_crypto_grant_write(&wr, &wish->grants[i]);
    }
    return finish(&wr, ret_len);
}

bool km_crypto_attrs_parse(struct km_slice in, struct km_crypto_attrs *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_attrs attrs = {0};
    uint32_t seen = 0;
    if (!km_rd_u32le(&rd, &attrs.count) || attrs.count > KM_CRYPTO_ATTRIBUTES_MAX)
        return false;
    for (uint32_t i = 0; i < attrs.count; i++) {
        struct km_crypto_attr *attr = &attrs.at[i];
        if (!km_rd_u32le(&rd, &attr->attribute) ||
            !km_rd_blob32le(&rd, KM_CRYPTO_ATTRIBUTE_LEN_MAX, &attr->value))
            return false;
        if (attr->attribute < KM_CRYPTO_RSA_MODULUS || attr->attribute > KM_CRYPTO_ATTRIBUTE_LAST)
            return false;
        uint32_t bit = 1u << attr->attribute;
        if ((seen & bit) != 0)
            return false;
        seen |= bit;
    }
    if (!km_rd_done(&rd))
        return false;
    *ret = attrs;
    return true;
}

bool km_crypto_attrs_put(const struct km_crypto_attrs *attrs, struct km_span out, size_t *ret_len)
{
    if (attrs->count > KM_CRYPTO_ATTRIBUTES_MAX)
        return false;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, attrs->count);
    for (uint32_t i = 0; i < attrs->count; i++) {
        if (attrs->at[i].value.len > KM_CRYPTO_ATTRIBUTE_LEN_MAX)
            return false;
        km_wr_u32le(&wr, attrs->at[i].attribute);
        km_wr_blob32le(&wr, attrs->at[i].value);
    }
    return finish(&wr, ret_len);
}

bool km_crypto_info_parse(struct km_slice in, struct km_crypto_info *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_info info = {0};
    if (!km_rd_u32le(&rd, &info.type) || !km_rd_u32le(&rd, &info.bits) ||
        !km_rd_u32le(&rd, &info.usage) || !km_rd_u32le(&rd, &info.attributes) ||
        !km_rd_u64le(&rd, &info.max_uses) || !km_rd_u64le(&rd, &info.uses_left) ||
        !km_rd_u64le(&rd, &info.not_after) || !km_rd_u32le(&rd, &info.owner_uid) ||
        !km_rd_u32le(&rd, &info.flags) || !km_rd_copy(&rd, info.id, sizeof(info.id)))
        return false;
    if (!km_crypto_name_read(&rd, KM_CRYPTO_NAME_MAX, &info.name) ||
        !km_crypto_name_read(&rd, KM_CRYPTO_NAME_MAX, &info.password_name) ||
        !km_crypto_name_read(&rd, KM_CRYPTO_STORAGE_MAX, &info.storage))
        return false;
    if (!km_rd_done(&rd))
        return false;
    *ret = info;
    return true;
}

bool km_crypto_info_put(const struct km_crypto_info *info, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, info->type);
    km_wr_u32le(&wr, info->bits);
    km_wr_u32le(&wr, info->usage);
    km_wr_u32le(&wr, info->attributes);
    km_wr_u64le(&wr, info->max_uses);
    km_wr_u64le(&wr, info->uses_left);
    km_wr_u64le(&wr, info->not_after);
    km_wr_u32le(&wr, info->owner_uid);
    km_wr_u32le(&wr, info->flags);
    km_wr_bytes(&wr, KM_SLICE(info->id, sizeof(info->id)));
    name_write(&wr, &info->name);
    name_write(&wr, &info->password_name);
    name_write(&wr, &info->storage);
    return finish(&wr, ret_len);
}

bool km_crypto_noted_parse(struct km_slice in, struct km_crypto_noted *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_noted noted = {0};
    struct km_slice info = {0};
    if (!km_rd_blob32le(&rd, KM_CRYPTO_INFO_WIRE_MAX, &info) ||
        !km_rd_blob32le(&rd, KM_CRYPTO_NOTE_MAX, &noted.note) || !km_rd_done(&rd) ||
        !km_crypto_info_parse(info, &noted.info))
        return false;
    *ret = noted;
    return true;
}

bool km_crypto_noted_put(const struct km_crypto_noted *noted, struct km_span out, size_t *ret_len)
{
    uint8_t info[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    size_t len = 0;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    if (!km_crypto_info_put(&noted->info, KM_SPAN(info, sizeof(info)), &len))
        return false;
    km_wr_blob32le(&wr, KM_SLICE(info, len));
    km_wr_blob32le(&wr, noted->note);
    return finish(&wr, ret_len);
}

bool km_crypto_aead_parse(struct km_slice in, struct km_crypto_aead *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_aead aead = {0};
    if (!km_rd_u32le(&rd, &aead.key) || !km_rd_u32le(&rd, &aead.algorithm) ||
        !km_rd_u32le(&rd, &aead.tag_len) || !km_rd_blob32le(&rd, KM_CRYPTO_NONCE_MAX, &aead.nonce))
        return false;
    if (aead.tag_len < KM_CRYPTO_TAG_MIN || aead.tag_len > KM_CRYPTO_TAG_MAX || aead.nonce.len == 0)
        return false;
    if (!km_rd_copy(&rd, aead.tag, aead.tag_len) || !km_rd_done(&rd))
        return false;
    *ret = aead;
    return true;
}

bool km_crypto_aead_put(const struct km_crypto_aead *aead, struct km_span out, size_t *ret_len)
{
    if (aead->tag_len < KM_CRYPTO_TAG_MIN || aead->tag_len > KM_CRYPTO_TAG_MAX ||
        aead->nonce.len == 0 || aead->nonce.len > KM_CRYPTO_NONCE_MAX)
        return false;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, aead->key);
    km_wr_u32le(&wr, aead->algorithm);
    km_wr_u32le(&wr, aead->tag_len);
    km_wr_blob32le(&wr, aead->nonce);
    km_wr_bytes(&wr, KM_SLICE(aead->tag, aead->tag_len));
    return finish(&wr, ret_len);
}

bool km_crypto_hkdf_parse(struct km_slice in, struct km_crypto_hkdf *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_hkdf hkdf = {0};
    if (!km_rd_blob32le(&rd, KM_CRYPTO_HKDF_PART_MAX, &hkdf.salt) ||
        !km_rd_blob32le(&rd, KM_CRYPTO_HKDF_PART_MAX, &hkdf.info) || !km_rd_done(&rd))
        return false;
    *ret = hkdf;
    return true;
}

bool km_crypto_hkdf_put(const struct km_crypto_hkdf *hkdf, struct km_span out, size_t *ret_len)
{
    if (hkdf->salt.len > KM_CRYPTO_HKDF_PART_MAX || hkdf->info.len > KM_CRYPTO_HKDF_PART_MAX)
        return false;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_blob32le(&wr, hkdf->salt);
    km_wr_blob32le(&wr, hkdf->info);
    return finish(&wr, ret_len);
}

bool km_crypto_pbkdf2_parse(struct km_slice in, struct km_crypto_pbkdf2 *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_pbkdf2 pbkdf2 = {0};
    if (!km_rd_u32le(&rd, &pbkdf2.iterations) ||
        !km_rd_blob32le(&rd, KM_CRYPTO_HKDF_PART_MAX, &pbkdf2.salt) || !km_rd_done(&rd) ||
        pbkdf2.iterations == 0 || pbkdf2.salt.len == 0)
        return false;
    *ret = pbkdf2;
    return true;
}

bool km_crypto_pbkdf2_put(const struct km_crypto_pbkdf2 *pbkdf2, struct km_span out,
                          size_t *ret_len)
{
    if (pbkdf2->iterations == 0 || pbkdf2->salt.len == 0 ||
        pbkdf2->salt.len > KM_CRYPTO_HKDF_PART_MAX)
        return false;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, pbkdf2->iterations);
    km_wr_blob32le(&wr, pbkdf2->salt);
    return finish(&wr, ret_len);
}

bool km_crypto_list_next(struct km_rd *rd, size_t max, struct km_slice *ret)
{
    struct km_rd at = *rd;
    struct km_slice blob = {0};
    if (!km_rd_blob32le(&at, max, &blob) || blob.len == 0)
        return false;
    *ret = blob;
    *rd = at;
    return true;
}

bool km_crypto_object_parse(struct km_slice in, struct km_crypto_object *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_crypto_object object = {0};
    if (!km_rd_u64le(&rd, &object.size) || !km_rd_u64le(&rd, &object.opens_left) ||
        !km_rd_u64le(&rd, &object.not_after) || !km_rd_u32le(&rd, &object.algorithm) ||
        !km_rd_copy(&rd, object.id, sizeof(object.id)) || !km_rd_done(&rd))
        return false;
    *ret = object;
    return true;
}

void km_crypto_object_put(const struct km_crypto_object *object,
                          uint8_t ret[KM_CRYPTO_OBJECT_WIRE_LEN])
{
    struct km_wr wr = km_wr_init(ret, KM_CRYPTO_OBJECT_WIRE_LEN);
    km_wr_u64le(&wr, object->size);
    km_wr_u64le(&wr, object->opens_left);
    km_wr_u64le(&wr, object->not_after);
    km_wr_u32le(&wr, object->algorithm);
    km_wr_bytes(&wr, KM_SLICE(object->id, sizeof(object->id)));
}
