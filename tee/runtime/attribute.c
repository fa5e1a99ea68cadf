/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/key.h"

#include <stdlib.h>
#include <string.h>

#include "common/km_des.h"
#include "common/km_secret.h"

static bool is_public(uint32_t id)
{
    return (id & TEE_ATTR_FLAG_PUBLIC) != 0;
}

static bool is_value(uint32_t id)
{
    return (id & TEE_ATTR_FLAG_VALUE) != 0;
}

const struct km_rt_attr *km_rt_attr_get(const struct km_rt_object *object, uint32_t id)
{
    for (size_t i = 0; i < object->n_attrs; i++)
        if (object->attrs[i].id == id)
            return &object->attrs[i];
    return NULL;
}

static uint8_t *secret_room(const struct km_rt_object *object, size_t len)
{
    bool has_room = object->room != NULL && len <= km_rt_bytes(object->max_bits);
    return has_room ? object->room : km_rt_secret_new(len);
}

uint8_t *km_rt_attr_put(struct km_rt_object *object, uint32_t id, size_t len)
{
    if (object->n_attrs == KM_RT_ATTRS_MAX)
        return NULL;
    uint8_t *bytes = is_public(id) ? calloc(1, len == 0 ? 1 : len) : secret_room(object, len);
    if (bytes == NULL)
        return NULL;
    object->attrs[object->n_attrs++] = (struct km_rt_attr){.id = id, .bytes = bytes, .len = len};
    return bytes;
}

void km_rt_attr_put_value(struct km_rt_object *object, uint32_t id, uint32_t a, uint32_t b)
{
    if (object->n_attrs < KM_RT_ATTRS_MAX)
        object->attrs[object->n_attrs++] = (struct km_rt_attr){.id = id, .a = a, .b = b};
}

void km_rt_attrs_clear(struct km_rt_object *object)
{
    for (size_t i = 0; i < object->n_attrs; i++) {
        struct km_rt_attr *attr = &object->attrs[i];
        if (is_public(attr->id))
            free(attr->bytes);
        else if (attr->bytes == object->room)
            km_wipe(attr->bytes, attr->len);
        else
            km_rt_secret_free(attr->bytes, attr->len);
        *attr = (struct km_rt_attr){0};
    }
    object->n_attrs = 0;
    object->bits = 0;
    EVP_PKEY_free(object->pkey);
    object->pkey = NULL;
    object->handle_flags &= ~TEE_HANDLE_FLAG_INITIALIZED;
}

bool km_rt_attrs_copy(struct km_rt_object *dst, const struct km_rt_object *src)
{
    for (size_t i = 0; i < src->n_attrs; i++) {
        const struct km_rt_attr *attr = &src->attrs[i];
        if (km_rt_type_rule(dst->type, attr->id) == NULL)
            continue;
        if (is_value(attr->id)) {
            km_rt_attr_put_value(dst, attr->id, attr->a, attr->b);
            continue;
        }
        uint8_t *bytes = km_rt_attr_put(dst, attr->id, attr->len);
        if (bytes == NULL)
            return false;
        km_copy(bytes, attr->len, attr->bytes, attr->len);
    }
    return true;
}

struct km_slice km_rt_secret(const struct km_rt_object *object)
{
    return KM_SLICE(object->attrs[0].bytes, object->attrs[0].len);
}

bool km_rt_secret_put(struct km_rt_object *object, struct km_slice secret)
{
    uint8_t *bytes = km_rt_attr_put(object, object->type->rules[0].id, secret.len);
    if (bytes == NULL)
        return false;
    km_copy(bytes, secret.len, secret.ptr, secret.len);
    object->bits = (uint32_t)secret.len * 8;
    object->handle_flags |= TEE_HANDLE_FLAG_INITIALIZED;
    return true;
}

const TEE_Attribute *km_rt_param(const TEE_Attribute *params, uint32_t count, uint32_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (params[i].attributeID == id)
            return &params[i];
    return NULL;
}

/* ---- making attributes ---- */

void TEE_InitRefAttribute(TEE_Attribute *attr, uint32_t attributeID, const void *buffer,
                          size_t length)
{
    km_rt_own(attr, sizeof(*attr), "an attribute outside the TA's own memory");
    km_rt_need(!is_value(attributeID), "TEE_InitRefAttribute with a value attribute");
    *attr = (TEE_Attribute){.attributeID = attributeID};
    attr->content.ref.buffer = (void *)(uintptr_t)buffer; /* the API's struct has no const */
    attr->content.ref.length = length;
}

void TEE_InitValueAttribute(TEE_Attribute *attr, uint32_t attributeID, uint32_t a, uint32_t b)
{
    km_rt_own(attr, sizeof(*attr), "an attribute outside the TA's own memory");
    km_rt_need(is_value(attributeID), "TEE_InitValueAttribute with a buffer attribute");
    *attr = (TEE_Attribute){.attributeID = attributeID};
    attr->content.value.a = a;
    attr->content.value.b = b;
}

/* ---- reading them back ---- */

static const struct km_rt_attr *readable(TEE_ObjectHandle handle, uint32_t id)
{
    const struct km_rt_object *object = km_rt_object_get(handle);
    km_rt_need_state(km_rt_is_initialized(object), "read an attribute of an uninitialized object");
    bool allowed = is_public(id) || (object->usage & TEE_USAGE_EXTRACTABLE) != 0;
    if (!allowed)
        km_rt_panic(TEE_ERROR_ACCESS_DENIED,
                    "read a protected attribute of a key that is not extractable");
    return km_rt_attr_get(object, id);
}

TEE_Result TEE_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t attributeID, void *buffer,
                                        size_t *size)
{
    km_rt_need(!is_value(attributeID), "TEE_GetObjectBufferAttribute with a value attribute");
    km_rt_own(size, sizeof(*size), "a size outside the TA's own memory");
    const struct km_rt_attr *attr = readable(object, attributeID);
    if (attr == NULL)
        return TEE_ERROR_ITEM_NOT_FOUND;
    return km_rt_give(buffer, size, attr->bytes, attr->len);
}

TEE_Result TEE_GetObjectValueAttribute(TEE_ObjectHandle object, uint32_t attributeID, uint32_t *a,
                                       uint32_t *b)
{
    km_rt_need(is_value(attributeID), "TEE_GetObjectValueAttribute with a buffer attribute");
    const struct km_rt_attr *attr = readable(object, attributeID);
    if (attr == NULL)
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (a != NULL)
        *a = attr->a;
    if (b != NULL)
        *b = attr->b;
    return TEE_SUCCESS;
}

/* ---- populating ---- */

#define RSA_VALUE_MAX 1024 /* octets looked at, leading zeros included */

static void check_presence(const struct km_rt_type *type, const TEE_Attribute *attrs,
                           uint32_t count)
{
    size_t n_group = 0;
    size_t n_group_given = 0;
    for (uint32_t i = 0; i < count; i++) {
        km_rt_need(km_rt_type_rule(type, attrs[i].attributeID) != NULL,
                   "an attribute that the object's type does not have");
        km_rt_need(km_rt_param(attrs, i, attrs[i].attributeID) == NULL, "an attribute given twice");
    }
    for (size_t i = 0; i < type->n_rules; i++) {
        bool given = km_rt_param(attrs, count, type->rules[i].id) != NULL;
        bool in_group = type->rules[i].need == KM_RT_GROUP;
        bool is_needed = type->rules[i].need == KM_RT_MUST;
        km_rt_need(given || !is_needed, "a mandatory attribute is missing");
        n_group += in_group;
        n_group_given += in_group && given;
    }
    km_rt_need(n_group_given == 0 || n_group_given == n_group, "only a part of the CRT attributes");
}

/* Asked of the object's copy: the client could change what it was made from between check and use. */
static bool parity_fits(const struct km_rt_object *object)
{
    return !km_rt_type_is_des(object->type) || km_rt_property_is(KM_RT_DES_PARITY, "ignore") ||
           km_des_has_parity(km_rt_secret(object));
}

static TEE_Result populate_secret(struct km_rt_object *object, const TEE_Attribute *attr)
{
    size_t len = attr->content.ref.length;
    km_rt_need(len <= object->max_bits / 8, "a key larger than the object");
    km_rt_readable(attr->content.ref.buffer, len);
    if (!km_rt_type_size_ok(object->type, (uint32_t)len * 8))
        return TEE_ERROR_BAD_PARAMETERS;
    if (!km_rt_secret_put(object, KM_SLICE(attr->content.ref.buffer, len)))
        return TEE_ERROR_OUT_OF_MEMORY;
    return parity_fits(object) ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/* A number of exactly width octets, or with width 0 without leading zeros. It may come from shared memory: copied once. */
static TEE_Result put_number(struct km_rt_object *object, const TEE_Attribute *attr, size_t width)
{
    size_t len = attr->content.ref.length;
    if (len == 0 || len > RSA_VALUE_MAX)
        return TEE_ERROR_BAD_PARAMETERS;
    km_rt_readable(attr->content.ref.buffer, len);
    uint8_t number[RSA_VALUE_MAX] = {0};
    km_copy(number, sizeof(number), attr->content.ref.buffer, len);
    size_t zeros = 0;
    while (zeros < len && number[zeros] == 0)
        zeros++;
    size_t used = len - zeros;
    size_t wanted = width != 0 ? width : used;
    TEE_Result result = TEE_SUCCESS;
    if (used == 0 || used > wanted) {
        result = TEE_ERROR_BAD_PARAMETERS;
    } else {
        uint8_t *bytes = km_rt_attr_put(object, attr->attributeID, wanted);
        if (bytes == NULL)
            result = TEE_ERROR_OUT_OF_MEMORY;
        else
            km_copy(bytes + (wanted - used), used, number + zeros, used);
    }
    km_wipe(number, sizeof(number));
    return result;
}

static uint32_t number_bits(const struct km_rt_attr *attr)
{
    return (uint32_t)attr->len * 8 - (uint32_t)__builtin_clz((unsigned)attr->bytes[0]) + 24;
}

static TEE_Result populate_rsa(struct km_rt_object *object, const TEE_Attribute *attrs,
                               uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        TEE_Result result = put_number(object, &attrs[i], 0);
        if (result != TEE_SUCCESS)
            return result;
    }
    uint32_t bits = number_bits(km_rt_attr_get(object, TEE_ATTR_RSA_MODULUS));
    km_rt_need(bits <= object->max_bits, "a key larger than the object");
    if (!km_rt_type_long_enough(object->type, bits))
        return TEE_ERROR_BAD_PARAMETERS;
    object->bits = bits;
    return TEE_SUCCESS;
}

static TEE_Result populate_ec(struct km_rt_object *object, const TEE_Attribute *attrs,
                              uint32_t count)
{
    const TEE_Attribute *wanted = km_rt_param(attrs, count, TEE_ATTR_ECC_CURVE);
    const struct km_rt_curve *curve = km_rt_curve_by_id(wanted->content.value.a);
    if (curve == NULL)
        return TEE_ERROR_BAD_PARAMETERS;
    km_rt_need(curve->bits <= object->max_bits, "a key larger than the object");
    for (uint32_t i = 0; i < count; i++) {
        if (attrs[i].attributeID == TEE_ATTR_ECC_CURVE) {
            km_rt_attr_put_value(object, TEE_ATTR_ECC_CURVE, curve->id, 0);
            continue;
        }
        TEE_Result result = put_number(object, &attrs[i], km_rt_bytes(curve->bits));
        if (result != TEE_SUCCESS)
            return result;
    }
    object->bits = curve->bits;
    return TEE_SUCCESS;
}

static TEE_Result populate_raw(struct km_rt_object *object, const TEE_Attribute *attrs,
                               uint32_t count)
{
    size_t len = km_rt_raw_len(object->type);
    for (uint32_t i = 0; i < count; i++) {
        if (attrs[i].content.ref.length != len)
            return TEE_ERROR_BAD_PARAMETERS;
        km_rt_readable(attrs[i].content.ref.buffer, len);
        uint8_t *bytes = km_rt_attr_put(object, attrs[i].attributeID, len);
        if (bytes == NULL)
            return TEE_ERROR_OUT_OF_MEMORY;
        km_copy(bytes, len, attrs[i].content.ref.buffer, len);
    }
    object->bits = object->type->max_bits;
    return TEE_SUCCESS;
}

#define X_BITS_OPEN 0 /* how other kits leave the length open */
#define X_BITS_MIN 160

/* Numbers of DSA or DH, the prime among them, which is the size. */
static TEE_Result populate_ffc(struct km_rt_object *object, const TEE_Attribute *attrs,
                               uint32_t count)
{
    uint32_t x_bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        TEE_Result result = TEE_SUCCESS;
        if (is_value(attrs[i].attributeID)) {
            x_bits = attrs[i].content.value.a;
            km_rt_attr_put_value(object, attrs[i].attributeID, x_bits, 0);
            if (x_bits != X_BITS_OPEN && x_bits < X_BITS_MIN)
                return TEE_ERROR_BAD_PARAMETERS;
        } else {
            result = put_number(object, &attrs[i], 0);
        }
        if (result != TEE_SUCCESS)
            return result;
    }
    uint32_t bits = number_bits(km_rt_attr_get(object, object->type->rules[0].id));
    km_rt_need(bits <= object->max_bits, "a key larger than the object");
    if (!km_rt_type_size_ok(object->type, bits) || x_bits > bits)
        return TEE_ERROR_BAD_PARAMETERS;
    object->bits = bits;
    return TEE_SUCCESS;
}

static TEE_Result populate_numbers(struct km_rt_object *object, const TEE_Attribute *attrs,
                                   uint32_t count)
{
    switch (object->type->family) {
    case KM_RT_RSA:
        return populate_rsa(object, attrs, count);
    case KM_RT_EC:
        return populate_ec(object, attrs, count);
    case KM_RT_RAW:
        return populate_raw(object, attrs, count);
    default:
        return populate_ffc(object, attrs, count);
    }
}

static TEE_Result populate_key(struct km_rt_object *object, const TEE_Attribute *attrs,
                               uint32_t count)
{
    TEE_Result result = populate_numbers(object, attrs, count);
    if (result != TEE_SUCCESS)
        return result;
    bool sound = km_rt_key(object) != NULL && km_rt_key_consistent(object);
    bool is_short = km_rt_ssl_short();
    if (!sound)
        return is_short ? TEE_ERROR_OUT_OF_MEMORY : TEE_ERROR_BAD_PARAMETERS;
    object->handle_flags |= TEE_HANDLE_FLAG_INITIALIZED;
    return TEE_SUCCESS;
}

TEE_Result TEE_PopulateTransientObject(TEE_ObjectHandle object, const TEE_Attribute *attrs,
                                       uint32_t attrCount)
{
    struct km_rt_object *self = km_rt_object_get(object);
    km_rt_need_state(!km_rt_is_stored(self), "populate a persistent object");
    km_rt_need_state(!km_rt_is_initialized(self), "populate an initialized object");
    km_rt_need(attrCount <= KM_RT_ATTRS_MAX, "more attributes than any type has");
    km_rt_own(attrs, attrCount * sizeof(*attrs), "attributes outside the TA's own memory");
    check_presence(self->type, attrs, attrCount);
    TEE_Result result = self->type->family == KM_RT_SECRET ? populate_secret(self, attrs)
                                                           : populate_key(self, attrs, attrCount);
    if (result != TEE_SUCCESS)
        km_rt_attrs_clear(self);
    return result;
}

TEE_Result TEE_CopyObjectAttributes1(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject)
{
    struct km_rt_object *dst = km_rt_object_get(destObject);
    struct km_rt_object *src = km_rt_object_get(srcObject);
    km_rt_need_state(!km_rt_is_stored(dst), "copy into a persistent object");
    km_rt_need_state(!km_rt_is_initialized(dst), "copy into an initialized object");
    km_rt_need_state(km_rt_is_initialized(src) && src->type != NULL,
                     "copy from an uninitialized object");
    km_rt_need(dst->type == src->type || dst->type->type == src->type->public_type,
               "copy between types that do not fit");
    km_rt_need(src->bits <= dst->max_bits, "a key larger than the object");
    if (!km_rt_attrs_copy(dst, src)) {
        km_rt_attrs_clear(dst);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    if (dst->type == src->type && src->pkey != NULL && EVP_PKEY_up_ref(src->pkey) == 1)
        dst->pkey = src->pkey; /* neither changes any more, so both may use it */
    dst->bits = src->bits;
    dst->usage &= src->usage;
    dst->handle_flags |= TEE_HANDLE_FLAG_INITIALIZED;
    return TEE_SUCCESS;
}

void TEE_CopyObjectAttributes(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject)
{
    TEE_Result result = TEE_CopyObjectAttributes1(destObject, srcObject);
    if (result != TEE_SUCCESS)
        km_rt_panic(result, "TEE_CopyObjectAttributes failed");
}

/* ---- generating ---- */

static TEE_Result rsa_exponent(uint32_t bits, const TEE_Attribute *params, uint32_t count,
                               struct km_span *out)
{
    const TEE_Attribute *attr = km_rt_param(params, count, TEE_ATTR_RSA_PUBLIC_EXPONENT);
    size_t len = attr != NULL ? attr->content.ref.length : 0;
    if (len > out->len || (attr != NULL && len == 0))
        return TEE_ERROR_BAD_PARAMETERS;
    out->len = len;
    if (len == 0)
        return TEE_SUCCESS;
    km_rt_readable(attr->content.ref.buffer, len);
    km_copy(out->ptr, len, attr->content.ref.buffer, len);
    size_t zeros = 0;
    while (zeros < len && out->ptr[zeros] == 0)
        zeros++;
    /* SP 800-56B: odd and at least 65537, so three octets or more */
    if ((out->ptr[len - 1] & 1) == 0 || len - zeros < 3)
        return TEE_ERROR_BAD_PARAMETERS;
    const struct km_rt_attr value = {.bytes = out->ptr + zeros, .len = len - zeros};
    bool ok = km_rt_rsa_exponent_ok(bits, number_bits(&value));
    return ok ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

static TEE_Result check_curve(uint32_t bits, const TEE_Attribute *params, uint32_t count)
{
    const TEE_Attribute *curve = km_rt_param(params, count, TEE_ATTR_ECC_CURVE);
    const struct km_rt_curve *row = km_rt_curve_by_id(curve->content.value.a);
    return row != NULL && row->bits == bits ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/* The domain goes into the object before its key is made. */
static TEE_Result take_domain(struct km_rt_object *object, uint32_t bits,
                              const TEE_Attribute *params, uint32_t count)
{
    TEE_Result result = populate_ffc(object, params, count);
    if (result != TEE_SUCCESS)
        return result;
    bool sound = object->bits == bits && km_rt_ffc_domain_ok(object);
    bool is_short = km_rt_ssl_short();
    if (sound)
        return TEE_SUCCESS;
    return is_short ? TEE_ERROR_OUT_OF_MEMORY : TEE_ERROR_BAD_PARAMETERS;
}

static TEE_Result check_generate(struct km_rt_object *object, uint32_t bits,
                                 const TEE_Attribute *params, uint32_t count,
                                 struct km_span *exponent)
{
    if (object->type->family == KM_RT_RSA)
        return rsa_exponent(bits, params, count, exponent);
    exponent->len = 0;
    switch (object->type->family) {
    case KM_RT_EC:
        return check_curve(bits, params, count);
    case KM_RT_FFC_DSA:
    case KM_RT_FFC_DH:
        return take_domain(object, bits, params, count);
    default:
        return TEE_SUCCESS;
    }
}

static void check_generate_params(const struct km_rt_object *object, const TEE_Attribute *params,
                                  uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct km_rt_attr_rule *rule = km_rt_type_rule(object->type, params[i].attributeID);
        km_rt_need(rule != NULL && rule->gen != KM_RT_GEN_NOT,
                   "a parameter that generating this type does not know");
        km_rt_need(km_rt_param(params, i, params[i].attributeID) == NULL,
                   "an attribute given twice");
    }
    for (size_t i = 0; i < object->type->n_rules; i++) {
        const struct km_rt_attr_rule *rule = &object->type->rules[i];
        km_rt_need(rule->gen != KM_RT_GEN_MUST || km_rt_param(params, count, rule->id) != NULL,
                   "generating this type needs a parameter that is missing");
    }
}

TEE_Result TEE_GenerateKey(TEE_ObjectHandle object, uint32_t keySize, const TEE_Attribute *params,
                           uint32_t paramCount)
{
    struct km_rt_object *self = km_rt_object_get(object);
    km_rt_need_state(!km_rt_is_stored(self), "generate into a persistent object");
    km_rt_need_state(!km_rt_is_initialized(self), "generate into an initialized object");
    km_rt_need(self->type->has_private, "generate into a public-key object");
    keySize = km_rt_type_bits(self->type, keySize);
    km_rt_need(km_rt_type_size_ok(self->type, keySize) && keySize <= self->max_bits,
               "a key size that the object can't have");
    km_rt_need(paramCount <= KM_RT_ATTRS_MAX, "more parameters than any type has");
    km_rt_own(params, paramCount * sizeof(*params), "attributes outside the TA's own memory");
    check_generate_params(self, params, paramCount);
    uint8_t exponent[32] = {0};
    struct km_span span = KM_SPAN(exponent, sizeof(exponent));
    TEE_Result result = check_generate(self, keySize, params, paramCount, &span);
    if (result != TEE_SUCCESS) {
        km_rt_attrs_clear(self);
        return result;
    }
    if (!km_rt_key_generate(self, keySize, KM_SLICE(span.ptr, span.len))) {
        bool is_domain = self->type->family == KM_RT_FFC_DSA || self->type->family == KM_RT_FFC_DH;
        bool is_short = km_rt_ssl_short();
        km_rt_attrs_clear(self);
        return is_domain && !is_short ? TEE_ERROR_BAD_PARAMETERS : TEE_ERROR_OUT_OF_MEMORY;
    }
    return TEE_SUCCESS;
}
