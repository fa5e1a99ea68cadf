/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <stdlib.h>

static const struct km_rt_class *class_of(const struct km_rt_operation *op)
{
    static const struct km_rt_class *const classes[] = {
        [TEE_OPERATION_CIPHER] = &km_rt_class_cipher,
        [TEE_OPERATION_MAC] = &km_rt_class_mac,
        [TEE_OPERATION_AE] = &km_rt_class_ae,
        [TEE_OPERATION_DIGEST] = &km_rt_class_digest,
        [TEE_OPERATION_ASYMMETRIC_CIPHER] = &km_rt_class_asymmetric,
        [TEE_OPERATION_ASYMMETRIC_SIGNATURE] = &km_rt_class_asymmetric,
        [TEE_OPERATION_KEY_DERIVATION] = &km_rt_class_derive,
    };
    return classes[op->alg->op_class];
}

static bool is_digest(const struct km_rt_operation *op)
{
    return op->alg->op_class == TEE_OPERATION_DIGEST;
}

static uint32_t usage_of(uint32_t mode)
{
    static const uint32_t usages[] = {
        [TEE_MODE_ENCRYPT] = TEE_USAGE_ENCRYPT, [TEE_MODE_DECRYPT] = TEE_USAGE_DECRYPT,
        [TEE_MODE_SIGN] = TEE_USAGE_SIGN,       [TEE_MODE_VERIFY] = TEE_USAGE_VERIFY,
        [TEE_MODE_MAC] = TEE_USAGE_MAC,         [TEE_MODE_DIGEST] = 0,
        [TEE_MODE_DERIVE] = TEE_USAGE_DERIVE,
    };
    return usages[mode];
}

struct km_rt_operation *km_rt_operation_get(TEE_OperationHandle handle, uint32_t op_class)
{
    struct km_rt_operation *op = km_rt_handle_get(KM_RT_OPERATION, handle);
    km_rt_need(op->alg->op_class == op_class, "an operation of another class");
    return op;
}

struct km_rt_operation *km_rt_operation_keyed(TEE_OperationHandle handle, uint32_t op_class)
{
    struct km_rt_operation *op = km_rt_operation_get(handle, op_class);
    km_rt_need_state((op->handle_flags & TEE_HANDLE_FLAG_KEY_SET) != 0,
                     "an operation without a key");
    return op;
}

struct km_rt_operation *km_rt_operation_running(TEE_OperationHandle handle, uint32_t op_class)
{
    struct km_rt_operation *op = km_rt_operation_keyed(handle, op_class);
    km_rt_need_state(op->state == TEE_OPERATION_STATE_ACTIVE,
                     "an operation that was not initialized");
    return op;
}

void km_rt_operation_activate(struct km_rt_operation *op)
{
    op->state = TEE_OPERATION_STATE_ACTIVE;
    op->handle_flags |= TEE_HANDLE_FLAG_INITIALIZED;
}

void km_rt_operation_finish(struct km_rt_operation *op)
{
    op->state = TEE_OPERATION_STATE_INITIAL;
    op->handle_flags &= ~TEE_HANDLE_FLAG_EXTRACTING;
    if (!is_digest(op))
        op->handle_flags &= ~TEE_HANDLE_FLAG_INITIALIZED;
    op->pending = 0;
    op->payload_seen = false;
}

void km_rt_no_overlap(const void *src, size_t src_len, const void *dst, size_t dst_len)
{
    uintptr_t a = (uintptr_t)src;
    uintptr_t b = (uintptr_t)dst;
    bool apart = a == b || src_len == 0 || dst_len == 0 || a + src_len <= b || b + dst_len <= a;
    km_rt_need(apart, "source and destination overlap");
}

void km_rt_operation_free(void *what)
{
    struct km_rt_operation *op = what;
    if (op == NULL)
        return;
    if (class_of(op)->drop_key != NULL)
        class_of(op)->drop_key(op);
    km_rt_collect_clear(&op->collected);
    EVP_MD_CTX_free(op->md);
    km_wipe(op, sizeof(*op));
    free(op);
}

static void operation_freep(struct km_rt_operation **op)
{
    km_rt_operation_free(*op);
}

bool km_rt_keep_secret(struct km_rt_operation *op, struct km_slice secret)
{
    op->secret = km_rt_secret_new(secret.len);
    if (op->secret == NULL)
        return false;
    op->secret_len = secret.len;
    km_copy(op->secret, secret.len, secret.ptr, secret.len);
    return true;
}

void km_rt_forget_secret(struct km_rt_operation *op)
{
    km_rt_secret_free(op->secret, op->secret_len);
    op->secret = NULL;
    op->secret_len = 0;
}

static bool takes_two_keys(const struct km_rt_alg *alg)
{
    return alg->scheme == KM_RT_XTS;
}

static bool cipher_takes(const struct km_rt_alg *alg, uint32_t bits)
{
    bool has_none = true;
    for (size_t i = 0; i < KM_RT_SIZES; i++)
        has_none = has_none && alg->cipher[i] == NULL;
    return has_none || km_rt_alg_has_cipher(alg, bits);
}

/* The bits of a key that maxKeySize stands for, 0 for a size that is none. Two keys are asked for by the sum or by one of them. */
static uint32_t key_bits(const struct km_rt_alg *alg, uint32_t max_bits)
{
    const struct km_rt_type *type = km_rt_type_find(alg->key_type);
    uint32_t bits = km_rt_type_bits(type, max_bits);
    if (takes_two_keys(alg) && bits > type->max_bits)
        bits /= 2;
    return km_rt_type_size_ok(type, bits) && cipher_takes(alg, bits) ? bits : 0;
}

static bool start(struct km_rt_operation *op)
{
    if (!is_digest(op))
        return true;
    op->handle_flags = TEE_HANDLE_FLAG_KEY_SET | TEE_HANDLE_FLAG_INITIALIZED;
    op->md = EVP_MD_CTX_new();
    return op->md != NULL && EVP_DigestInit_ex2(op->md, km_rt_hash(op->alg->hash)->md, NULL) == 1;
}

TEE_Result TEE_AllocateOperation(TEE_OperationHandle *operation, uint32_t algorithm, uint32_t mode,
                                 uint32_t maxKeySize)
{
    km_rt_own_handle(operation);
    *operation = TEE_HANDLE_NULL;
    const struct km_rt_alg *alg = km_rt_alg_find(algorithm);
    if (alg == NULL || mode > TEE_MODE_DERIVE || (alg->modes & KM_RT_MODE(mode)) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    bool has_key = alg->op_class != TEE_OPERATION_DIGEST;
    uint32_t bits = has_key ? key_bits(alg, maxKeySize) : 0;
    if ((has_key && bits == 0) || !km_rt_alg_allowed(algorithm, bits))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_AUTO(operation_freep) struct km_rt_operation *op = calloc(1, sizeof(*op));
    if (op == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *op = (struct km_rt_operation){
        .alg = alg, .mode = mode, .max_bits = bits, .asked_bits = has_key ? maxKeySize : 0};
    if (takes_two_keys(alg))
        op->handle_flags = TEE_HANDLE_FLAG_EXPECT_TWO_KEYS;
    TEE_OperationHandle handle = start(op) ? km_rt_handle_new(KM_RT_OPERATION, op) : NULL;
    if (handle == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    op = NULL;
    *operation = handle;
    return TEE_SUCCESS;
}

void TEE_FreeOperation(TEE_OperationHandle operation)
{
    if (operation != TEE_HANDLE_NULL)
        km_rt_operation_free(km_rt_handle_drop(KM_RT_OPERATION, operation));
}

static uint32_t digest_length(const struct km_rt_operation *op)
{
    switch (op->alg->op_class) {
    case TEE_OPERATION_AE:
        return op->tag_len;
    case TEE_OPERATION_MAC:
        return op->alg->block != 0 ? op->alg->block : km_rt_hash(op->alg->hash)->len;
    case TEE_OPERATION_DIGEST:
    case TEE_OPERATION_ASYMMETRIC_SIGNATURE:
        return km_rt_hash(op->alg->hash)->len;
    default:
        return 0;
    }
}

void TEE_GetOperationInfo(TEE_OperationHandle operation, TEE_OperationInfo *operationInfo)
{
    const struct km_rt_operation *op = km_rt_handle_get(KM_RT_OPERATION, operation);
    km_rt_own(operationInfo, sizeof(*operationInfo),
              "an operation info outside the TA's own memory");
    *operationInfo = (TEE_OperationInfo){
        .algorithm = op->alg->alg,
        .operationClass = op->alg->op_class,
        .mode = op->mode,
        .digestLength = digest_length(op),
        .maxKeySize = op->asked_bits,
        .keySize = takes_two_keys(op->alg) ? 0 : op->bits,
        .requiredKeyUsage = usage_of(op->mode),
        .handleState = op->handle_flags,
    };
}

TEE_Result TEE_GetOperationInfoMultiple(TEE_OperationHandle operation,
                                        TEE_OperationInfoMultiple *operationInfoMultiple,
                                        size_t *operationSize)
{
    const struct km_rt_operation *op = km_rt_handle_get(KM_RT_OPERATION, operation);
    km_rt_own(operationSize, sizeof(*operationSize), "a size outside the TA's own memory");
    uint32_t n_keys = is_digest(op) ? 0 : takes_two_keys(op->alg) ? 2 : 1;
    size_t needed = sizeof(TEE_OperationInfoMultiple) + n_keys * sizeof(TEE_OperationInfoKey);
    size_t room = *operationSize;
    *operationSize = needed;
    if (room < needed)
        return TEE_ERROR_SHORT_BUFFER;
    km_rt_own(operationInfoMultiple, needed, "an operation info outside the TA's own memory");
    *operationInfoMultiple = (TEE_OperationInfoMultiple){
        .algorithm = op->alg->alg,
        .operationClass = op->alg->op_class,
        .mode = op->mode,
        .digestLength = digest_length(op),
        .maxKeySize = op->asked_bits,
        .handleState = op->handle_flags,
        .operationState = op->state,
        .numberOfKeys = n_keys,
    };
    for (uint32_t i = 0; i < n_keys; i++)
        operationInfoMultiple->keyInformation[i] =
            (TEE_OperationInfoKey){.keySize = op->bits, .requiredKeyUsage = usage_of(op->mode)};
    return TEE_SUCCESS;
}

void TEE_ResetOperation(TEE_OperationHandle operation)
{
    if (operation == TEE_HANDLE_NULL)
        return;
    struct km_rt_operation *op = km_rt_handle_get(KM_RT_OPERATION, operation);
    km_rt_need_state((op->handle_flags & TEE_HANDLE_FLAG_KEY_SET) != 0,
                     "reset an operation without a key");
    if (class_of(op)->reset != NULL)
        class_of(op)->reset(op);
    km_rt_operation_finish(op);
}

/* ---- keys ---- */

static void drop_key(struct km_rt_operation *op)
{
    if (class_of(op)->drop_key != NULL)
        class_of(op)->drop_key(op);
    km_rt_operation_finish(op);
    op->handle_flags &= ~TEE_HANDLE_FLAG_KEY_SET;
    op->bits = 0;
}

static bool type_fits(const struct km_rt_operation *op, const struct km_rt_object *key)
{
    uint32_t type = km_rt_object_type(key);
    if (type == op->alg->key_type)
        return true;
    bool public_does = op->mode == TEE_MODE_ENCRYPT || op->mode == TEE_MODE_VERIFY;
    return type == op->alg->other_key_type && (key->type->has_private || public_does);
}

static void check_key(const struct km_rt_operation *op, const struct km_rt_object *key)
{
    km_rt_need_state(km_rt_is_initialized(key), "a key object that is not initialized");
    km_rt_need(key->type != NULL, "an object without a key");
    km_rt_need(type_fits(op, key), "a key of a type that the operation does not take");
    km_rt_need(key->bits <= op->max_bits, "a key larger than the operation allows");
    if ((key->usage & usage_of(op->mode)) == 0)
        km_rt_panic(TEE_ERROR_ACCESS_DENIED, "a key that may not be used this way");
}

/* Whether the host lets the TA use it, and the algorithm has keys of its size at all (XTS has none of 192 bits). */
static bool usable(const struct km_rt_operation *op, const struct km_rt_object *key)
{
    return cipher_takes(op->alg, key->bits) && km_rt_alg_allowed(op->alg->alg, key->bits);
}

/* The end of setting a key; ok says whether its class had the memory. */
static TEE_Result keep_key(struct km_rt_operation *op, bool ok)
{
    if (!ok) {
        drop_key(op);
        km_rt_ssl_quiet();
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    op->handle_flags |= TEE_HANDLE_FLAG_KEY_SET;
    return TEE_SUCCESS;
}

TEE_Result TEE_SetOperationKey(TEE_OperationHandle operation, TEE_ObjectHandle key)
{
    struct km_rt_operation *op = km_rt_handle_get(KM_RT_OPERATION, operation);
    km_rt_need(!is_digest(op), "a key for a digest");
    km_rt_need(!takes_two_keys(op->alg), "one key for an operation that takes two");
    km_rt_need_state(op->state == TEE_OPERATION_STATE_INITIAL, "a key while the operation runs");
    struct km_rt_object *object = NULL;
    if (key != TEE_HANDLE_NULL) {
        object = km_rt_object_get(key);
        check_key(op, object);
    }
    drop_key(op);
    if (object == NULL)
        return TEE_SUCCESS;
    if (!usable(op, object))
        return TEE_ERROR_NOT_SUPPORTED;
    op->bits = object->bits;
    return keep_key(op, class_of(op)->set_key(op, object));
}

static bool same_secret(const struct km_rt_object *a, const struct km_rt_object *b)
{
    struct km_slice one = km_rt_secret(a);
    struct km_slice two = km_rt_secret(b);
    return one.len == two.len && km_ct_equal(one.ptr, two.ptr, one.len);
}

TEE_Result TEE_SetOperationKey2(TEE_OperationHandle operation, TEE_ObjectHandle key1,
                                TEE_ObjectHandle key2)
{
    struct km_rt_operation *op = km_rt_handle_get(KM_RT_OPERATION, operation);
    km_rt_need(takes_two_keys(op->alg), "two keys for an operation that takes one");
    km_rt_need_state(op->state == TEE_OPERATION_STATE_INITIAL, "a key while the operation runs");
    if (key1 == TEE_HANDLE_NULL && key2 == TEE_HANDLE_NULL) {
        drop_key(op);
        return TEE_SUCCESS;
    }
    km_rt_need(key1 != TEE_HANDLE_NULL && key2 != TEE_HANDLE_NULL, "one key of two");
    struct km_rt_object *one = km_rt_object_get(key1);
    struct km_rt_object *two = km_rt_object_get(key2);
    check_key(op, one);
    check_key(op, two);
    km_rt_need(one->bits == two->bits, "two keys of different sizes");
    drop_key(op);
    if (!usable(op, one))
        return TEE_ERROR_NOT_SUPPORTED;
    if (same_secret(one, two))
        return TEE_ERROR_SECURITY;
    op->bits = one->bits;
    return keep_key(op, class_of(op)->set_keys(op, one, two));
}

void TEE_CopyOperation(TEE_OperationHandle dstOperation, TEE_OperationHandle srcOperation)
{
    struct km_rt_operation *dst = km_rt_handle_get(KM_RT_OPERATION, dstOperation);
    const struct km_rt_operation *src = km_rt_handle_get(KM_RT_OPERATION, srcOperation);
    km_rt_need(dst->alg == src->alg && dst->mode == src->mode, "copy between different operations");
    km_rt_need(src->bits <= dst->max_bits, "a key larger than the operation allows");
    if (dst == src)
        return;
    if (!is_digest(dst))
        drop_key(dst);
    km_rt_ssl_need(class_of(src)->copy(dst, src), "no memory for the copy of an operation");
    dst->bits = src->bits;
    dst->handle_flags = src->handle_flags;
    dst->state = src->state;
    dst->pending = src->pending;
    dst->tag_len = src->tag_len;
    dst->payload_seen = src->payload_seen;
    km_copy(dst->digest, sizeof(dst->digest), src->digest, sizeof(src->digest));
    dst->digest_at = src->digest_at;
    km_copy(dst->held, sizeof(dst->held), src->held, sizeof(src->held));
    km_copy(dst->chain, sizeof(dst->chain), src->chain, sizeof(src->chain));
    dst->ccm = src->ccm;
    dst->width = src->width;
}

/* What an algorithm's elements are: the sizes of its curves, or 0 where it has none. */
static bool element_bits(const struct km_rt_alg *alg, uint32_t element, uint32_t *ret_bits)
{
    switch (alg->scheme) {
    case KM_RT_ECDSA:
    case KM_RT_ECDSA_FIXED:
    case KM_RT_ECDH: {
        const struct km_rt_curve *curve = km_rt_curve_by_id(element);
        *ret_bits = curve != NULL ? curve->bits : 0;
        return curve != NULL;
    }
    case KM_RT_EDDSA:
    case KM_RT_ECX:
        *ret_bits = km_rt_type_find(alg->key_type)->max_bits;
        return element == (*ret_bits == 256 ? TEE_ECC_CURVE_25519 : TEE_ECC_CURVE_448);
    default:
        *ret_bits = 0;
        return element == TEE_CRYPTO_ELEMENT_NONE;
    }
}

TEE_Result TEE_IsAlgorithmSupported(uint32_t algId, uint32_t element)
{
    const struct km_rt_alg *alg = km_rt_alg_find(algId);
    uint32_t bits = 0;
    bool ok = alg != NULL && element_bits(alg, element, &bits) && km_rt_alg_allowed(algId, bits);
    return ok ? TEE_SUCCESS : TEE_ERROR_NOT_SUPPORTED;
}
