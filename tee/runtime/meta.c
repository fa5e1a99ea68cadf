/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/object.h"

/*
 * Layout, little-endian: u8 version, u32 type, bits, max_bits, usage, u8 number of attributes; each
 * is u32 id, then u32 a, b for a value or a blob with a u32 length.
 */
#define VERSION 1
#define HEADER_LEN (1 + 4 * 4 + 1)

size_t km_rt_meta_len(const struct km_rt_object *object)
{
    size_t len = HEADER_LEN;
    for (size_t i = 0; object != NULL && i < object->n_attrs; i++)
        len += (object->attrs[i].id & TEE_ATTR_FLAG_VALUE) ? 12 : 8 + object->attrs[i].len;
    return len;
}

bool km_rt_meta_write(const struct km_rt_object *object, struct km_span out)
{
    static const struct km_rt_object data = {.usage = 0xFFFFFFFFu};
    const struct km_rt_object *from = object != NULL ? object : &data;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u8(&wr, VERSION);
    km_wr_u32le(&wr, km_rt_object_type(from));
    km_wr_u32le(&wr, from->bits);
    km_wr_u32le(&wr, from->max_bits);
    km_wr_u32le(&wr, from->usage);
    km_wr_u8(&wr, (uint8_t)from->n_attrs);
    for (size_t i = 0; i < from->n_attrs; i++) {
        const struct km_rt_attr *attr = &from->attrs[i];
        km_wr_u32le(&wr, attr->id);
        if (attr->id & TEE_ATTR_FLAG_VALUE) {
            km_wr_u32le(&wr, attr->a);
            km_wr_u32le(&wr, attr->b);
        } else {
            km_wr_blob32le(&wr, KM_SLICE(attr->bytes, attr->len));
        }
    }
    struct km_slice done = {0};
    return km_wr_finish(&wr, &done) && done.len == out.len;
}

static km_status read_attr(struct km_rd *rd, struct km_rt_object *object, bool header_only)
{
    uint32_t id = 0;
    uint32_t a = 0;
    uint32_t b = 0;
    struct km_slice blob = {0};
    if (!km_rd_u32le(rd, &id) || object->type == NULL ||
        km_rt_type_rule(object->type, id) == NULL || km_rt_attr_get(object, id) != NULL)
        return KM_E_CORRUPT;
    if (id & TEE_ATTR_FLAG_VALUE) {
        if (!km_rd_u32le(rd, &a) || !km_rd_u32le(rd, &b))
            return KM_E_CORRUPT;
        km_rt_attr_put_value(object, id, a, b);
        return KM_OK;
    }
    if (!km_rd_blob32le(rd, KM_RT_META_MAX, &blob) || blob.len == 0)
        return KM_E_CORRUPT;
    if (header_only)
        return KM_OK;
    uint8_t *bytes = km_rt_attr_put(object, id, blob.len);
    if (bytes == NULL)
        return KM_E_NOMEM;
    km_copy(bytes, blob.len, blob.ptr, blob.len);
    return KM_OK;
}

static bool sound(const struct km_rt_object *object)
{
    const struct km_rt_type *type = object->type;
    if (type == NULL)
        return object->n_attrs == 0;
    size_t n_group = 0;
    size_t n_group_given = 0;
    for (size_t i = 0; i < type->n_rules; i++) {
        bool given = km_rt_attr_get(object, type->rules[i].id) != NULL;
        bool in_group = type->rules[i].need == KM_RT_GROUP;
        if (!given && type->rules[i].need == KM_RT_MUST)
            return false;
        n_group += in_group;
        n_group_given += in_group && given;
    }
    return n_group_given == 0 || n_group_given == n_group;
}

static km_status read_header(struct km_rd *rd, struct km_rt_object *object, uint8_t *ret_n)
{
    uint8_t version = 0;
    uint32_t type = 0;
    if (!km_rd_u8(rd, &version) || !km_rd_u32le(rd, &type) || !km_rd_u32le(rd, &object->bits) ||
        !km_rd_u32le(rd, &object->max_bits) || !km_rd_u32le(rd, &object->usage) ||
        !km_rd_u8(rd, ret_n))
        return KM_E_CORRUPT;
    if (version != VERSION)
        return KM_E_UNSUPPORTED;
    object->type = km_rt_type_find(type);
    if (object->type == NULL && type != TEE_TYPE_DATA)
        return KM_E_UNSUPPORTED;
    bool sizes_ok = object->type == NULL || (km_rt_type_size_ok(object->type, object->max_bits) &&
                                             object->bits <= object->max_bits);
    return sizes_ok && *ret_n <= KM_RT_ATTRS_MAX ? KM_OK : KM_E_CORRUPT;
}

km_status km_rt_meta_read(struct km_slice meta, struct km_rt_object *object, bool header_only)
{
    struct km_rd rd = km_rd_init(meta);
    uint8_t n = 0;
    KM_TRY(read_header(&rd, object, &n));
    for (uint8_t i = 0; i < n; i++)
        KM_TRY(read_attr(&rd, object, header_only));
    if (!km_rd_done(&rd) || (!header_only && !sound(object)))
        return KM_E_CORRUPT;
    object->handle_flags |= TEE_HANDLE_FLAG_INITIALIZED;
    return KM_OK;
}

TEE_Result km_rt_meta_result(km_status status)
{
    return status == KM_E_UNSUPPORTED ? TEE_ERROR_UNSUPPORTED_VERSION : km_rt_result(status);
}
