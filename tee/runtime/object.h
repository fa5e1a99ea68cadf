/* SPDX-License-Identifier: Apache-2.0 */
/* An object as the runtime holds it: transient, or the open face of a stored one. */
#ifndef KM_RT_OBJECT_H
#define KM_RT_OBJECT_H

#include "tee/runtime/object_table.h"

/* One attribute, owned by its object; protected ones lie in the locked heap. */
struct km_rt_attr {
    uint32_t id;
    uint32_t a, b;  /* when id has TEE_ATTR_FLAG_VALUE */
    uint8_t *bytes; /* otherwise */
    size_t len;
};

struct km_rt_object {
    const struct km_rt_type *type; /* NULL: TEE_TYPE_DATA, which has no attributes */
    uint32_t bits, max_bits;
    uint32_t usage;
    uint32_t handle_flags; /* TEE_HANDLE_FLAG_..., TEE_DATA_FLAG_... */
    struct km_rt_attr attrs[KM_RT_ATTRS_MAX];
    size_t n_attrs;
    uint8_t *
        room; /* KM_RT_SECRET: for its secret, taken beforehand, since TEE_DeriveKey has no way to say it is missing */
    EVP_PKEY *pkey;                 /* made when first needed, see km_rt_key */
    struct km_store_object *stored; /* NULL: transient */
    uint64_t position;
};

static inline bool km_rt_is_stored(const struct km_rt_object *object)
{
    return object->stored != NULL;
}
static inline bool km_rt_is_initialized(const struct km_rt_object *object)
{
    return (object->handle_flags & TEE_HANDLE_FLAG_INITIALIZED) != 0;
}
static inline uint32_t km_rt_object_type(const struct km_rt_object *object)
{
    return object->type != NULL ? object->type->type : TEE_TYPE_DATA;
}

/* ---- object.c ---- */

struct km_rt_object *km_rt_object_get(TEE_ObjectHandle handle);
/* km_rt_object_stored: the same, panics when it is transient. */
struct km_rt_object *km_rt_object_stored(TEE_ObjectHandle handle);
/* km_rt_object_new: uninitialized; type may be NULL for pure data. Returns owned or NULL. */
struct km_rt_object *km_rt_object_new(const struct km_rt_type *type, uint32_t max_bits);
void km_rt_object_freep(struct km_rt_object **object);
/* km_rt_object_publish: takes object on success; OUT_OF_MEMORY. */
TEE_Result km_rt_object_publish(struct km_rt_object **object, TEE_ObjectHandle *ret);
/* km_rt_object_lost: what a failure of the store means for the handle: a corrupt object is closed. */
TEE_Result km_rt_object_lost(TEE_ObjectHandle handle, km_status status);
/* km_rt_object_info: without the data stream's size. */
void km_rt_object_info(const struct km_rt_object *object, TEE_ObjectInfo *ret);

/* ---- attribute.c ---- */

const struct km_rt_attr *km_rt_attr_get(const struct km_rt_object *object, uint32_t id);
/* km_rt_attr_put: a new buffer attribute of len octets that are zero; NULL when memory is short. */
uint8_t *km_rt_attr_put(struct km_rt_object *object, uint32_t id, size_t len);
void km_rt_attr_put_value(struct km_rt_object *object, uint32_t id, uint32_t a, uint32_t b);
/* km_rt_attrs_clear: wipes key and attributes; the object is uninitialized afterwards. */
void km_rt_attrs_clear(struct km_rt_object *object);
/* km_rt_attrs_copy: those that dst's type has. False when memory is short. */
bool km_rt_attrs_copy(struct km_rt_object *dst, const struct km_rt_object *src);
/* km_rt_secret: the one secret of a KM_RT_SECRET object. */
struct km_slice km_rt_secret(const struct km_rt_object *object);
/* km_rt_secret_put: makes an uninitialized KM_RT_SECRET object hold it. False when memory is short. */
bool km_rt_secret_put(struct km_rt_object *object, struct km_slice secret);
/* km_rt_param: the attribute id among params of an operation; NULL when it is not there. */
const TEE_Attribute *km_rt_param(const TEE_Attribute *params, uint32_t count, uint32_t id);

/* ---- persistent.c ---- */

/* km_rt_storage: the store behind a storage identifier; ITEM_NOT_FOUND, STORAGE_NOT_AVAILABLE. */
TEE_Result km_rt_storage(uint32_t id, struct km_store **ret_store);
/* km_rt_name_reserved: the runtime keeps something of its own under that name; TAs don't see it. */
bool km_rt_name_reserved(struct km_slice name);
/* The object that holds the TA's persistent time. */
extern const char km_rt_time_name[TEE_OBJECT_ID_MAX_LEN];

/* ---- key.c ---- */

/*
 * km_rt_key: the key in libcrypto's form; borrowed. NULL when libcrypto refuses it (off the curve, ...) or memory is short; why is
 * in the error queue then, for km_rt_ssl_short.
 */
EVP_PKEY *km_rt_key(struct km_rt_object *object);
/* km_rt_key_consistent: whether the private part belongs to the public one. */
bool km_rt_key_consistent(struct km_rt_object *object);
/* km_rt_rsa_exponent_ok: whether libcrypto works with an exponent of e_bits bits under a modulus of bits. */
bool km_rt_rsa_exponent_ok(uint32_t bits, uint32_t e_bits);
/* km_rt_key_generate: a fresh key of bits in an uninitialized object. exponent: of RSA, at most 32 octets; empty for 65537. */
bool km_rt_key_generate(struct km_rt_object *object, uint32_t bits, struct km_slice exponent);
/* km_rt_raw_len: octets of a key of a KM_RT_RAW type, and half of what it signs with. */
#define KM_RT_RAW_KEY_MAX 57
size_t km_rt_raw_len(const struct km_rt_type *type);
/* km_rt_key_point: a public key from coordinates; NULL when off the curve. Returns owned. */
EVP_PKEY *km_rt_key_point(const struct km_rt_curve *curve, struct km_slice x, struct km_slice y);

/* ---- meta.c: type, usage and attributes as the store keeps them ---- */

#define KM_RT_META_MAX 16384

/* km_rt_meta_len, km_rt_meta_write: exactly that many octets. object may be NULL: pure data. */
size_t km_rt_meta_len(const struct km_rt_object *object);
bool km_rt_meta_write(const struct km_rt_object *object, struct km_span out);
/*
 * km_rt_meta_read: fills an object made with km_rt_object_new(NULL, 0). KM_E_CORRUPT, KM_E_NOMEM,
 * KM_E_UNSUPPORTED for a type of a later build. With header_only the attributes are checked but not copied.
 */
km_status km_rt_meta_read(struct km_slice meta, struct km_rt_object *object, bool header_only);
/* km_rt_meta_result: what a TA is told about it; UNSUPPORTED_VERSION for an object of a later build. */
TEE_Result km_rt_meta_result(km_status status);

#endif
