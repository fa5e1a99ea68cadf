/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/alg_table.h"
#include "tee/runtime/object.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#define SUBJECT_MAX 128
#define ORDER_MAX 66

void TEE_KmAudit(const char *operation, const void *subject, size_t subjectLen, TEE_Result result)
{
    km_rt_need(operation != NULL, "an audit record without an operation");
    km_rt_readable(subject, subjectLen);
    uint8_t own[SUBJECT_MAX] = {0};
    size_t len = subjectLen < SUBJECT_MAX ? subjectLen : SUBJECT_MAX;
    if (len != 0)
        km_copy(own, sizeof(own), subject, len);
    if (km_rt.config.host.audit != NULL)
        km_rt.config.host.audit(km_rt.config.host.arg, operation, KM_SLICE(own, len), result);
}

TEE_Result TEE_KmStorageState(uint32_t storageID, uint64_t *count,
                              uint8_t name[TEE_KM_STORAGE_STATE_LEN])
{
    _Static_assert(TEE_KM_STORAGE_STATE_LEN == KM_STORE_STATE_LEN,
                   "the store speaks the API's numbers");
    km_rt_own(count, sizeof(*count), "a number outside the TA's own memory");
    km_rt_own(name, TEE_KM_STORAGE_STATE_LEN, "a name outside the TA's own memory");
    struct km_store *store = NULL;
    TEE_Result result = km_rt_storage(storageID, &store);
    if (result != TEE_SUCCESS)
        return result;
    return km_rt_result(km_store_state(NULL, store, count, name));
}

static bool in_range(const EC_GROUP *group, const BIGNUM *number)
{
    return !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0;
}

struct multiply {
    EC_GROUP *group;
    EC_POINT *point;
    BN_CTX *ctx;
    BIGNUM *number, *x, *y;
};

static bool multiply_init(struct multiply *m, const struct km_rt_curve *curve)
{
    m->group = EC_GROUP_new_by_curve_name_ex(km_rt_libctx(), NULL, curve->nid);
    m->point = m->group != NULL ? EC_POINT_new(m->group) : NULL;
    m->ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    m->number = BN_secure_new();
    m->x = BN_new();
    m->y = BN_new();
    return m->point != NULL && m->ctx != NULL && m->number != NULL && m->x != NULL && m->y != NULL;
}

static void multiply_clear(struct multiply *m)
{
    EC_POINT_free(m->point);
    EC_GROUP_free(m->group);
    BN_clear_free(m->number);
    BN_free(m->x);
    BN_free(m->y);
    BN_CTX_free(m->ctx);
}

static TEE_Result multiply(struct multiply *m, struct km_slice number, uint8_t *x, uint8_t *y,
                           size_t width)
{
    if (BN_bin2bn(number.ptr, (int)number.len, m->number) == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (!in_range(m->group, m->number))
        return TEE_ERROR_BAD_PARAMETERS;
    BN_set_flags(m->number, BN_FLG_CONSTTIME);
    bool ok = EC_POINT_mul(m->group, m->point, m->number, NULL, NULL, m->ctx) == 1 &&
              EC_POINT_get_affine_coordinates(m->group, m->point, m->x, m->y, m->ctx) == 1 &&
              BN_bn2binpad(m->x, x, (int)width) == (int)width &&
              BN_bn2binpad(m->y, y, (int)width) == (int)width;
    return ok ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

TEE_Result TEE_KmEccPublicValue(uint32_t curve, const void *privateValue, size_t privateLen,
                                void *x, void *y, size_t coordLen)
{
    const struct km_rt_curve *row = km_rt_curve_by_id(curve);
    if (row == NULL)
        return TEE_ERROR_NOT_SUPPORTED;
    if (coordLen != km_rt_bytes(row->bits) || privateLen == 0 || privateLen > ORDER_MAX)
        return TEE_ERROR_BAD_PARAMETERS;
    km_rt_own(privateValue, privateLen, "a private value outside the TA's own memory");
    km_rt_readable(x, coordLen);
    km_rt_readable(y, coordLen);
    struct multiply m = {0};
    TEE_Result result = multiply_init(&m, row)
                            ? multiply(&m, KM_SLICE(privateValue, privateLen), x, y, coordLen)
                            : TEE_ERROR_OUT_OF_MEMORY;
    multiply_clear(&m);
    km_rt_ssl_quiet();
    return result;
}
