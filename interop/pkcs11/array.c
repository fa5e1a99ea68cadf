/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that are attributes themselves: what a key demands of the keys that it wraps, unwraps or derives. */
#include "interop/pkcs11/p11.h"

CK_RV km_p11_array_keep(const CK_ATTRIBUTE *attribute, struct km_p11_list *list)
{
    KM_AUTO(km_p11_list_clear) struct km_p11_list inner = {0};
    const CK_ATTRIBUTE *at = attribute->pValue;
    CK_ULONG n = attribute->ulValueLen / sizeof(*at);
    if (attribute->ulValueLen % sizeof(*at) != 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    P11_TRY(km_p11_template_check(at, n));
    for (CK_ULONG i = 0; i < n; i++) {
        enum km_p11_kind kind = km_p11_attribute_kind(at[i].type);
        /* A template within a template has no end; a demand of secret parts would tell them. */
        if (kind == KM_P11_ARRAY || kind == KM_P11_SECRET)
            return CKR_ATTRIBUTE_VALUE_INVALID;
        P11_TRY(km_p11_list_set(&inner, at[i].type, KM_SLICE(at[i].pValue, at[i].ulValueLen)));
    }
    return km_p11_list_set(list, attribute->type, KM_SLICE(inner.bytes, inner.len));
}

static CK_RV give_one(CK_ATTRIBUTE_TYPE type, struct km_slice value, CK_ATTRIBUTE *to)
{
    CK_ULONG room = to->ulValueLen;
    to->type = type;
    to->ulValueLen = value.len;
    if (to->pValue == NULL)
        return CKR_OK;
    if (room < value.len) {
        to->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    km_copy(to->pValue, room, value.ptr, value.len);
    return CKR_OK;
}

CK_RV km_p11_array_give(struct km_slice kept, CK_ATTRIBUTE *attribute)
{
    CK_ATTRIBUTE *to = attribute->pValue;
    CK_ULONG room = to == NULL ? 0 : attribute->ulValueLen / sizeof(*to);
    CK_ULONG n = 0;
    struct km_rd rd = km_rd_init(kept);
    CK_ATTRIBUTE_TYPE type = 0;
    struct km_slice value = {0};
    CK_RV rv = CKR_OK;
    while (!km_rd_done(&rd) && km_p11_list_next(&rd, &type, &value)) {
        if (n < room) {
            CK_RV one = give_one(type, value, &to[n]);
            rv = rv == CKR_OK ? one : rv;
        }
        n++;
    }
    attribute->ulValueLen = n * sizeof(*to);
    if (to == NULL || n <= room)
        return rv;
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_BUFFER_TOO_SMALL;
}

bool km_p11_array_matches(struct km_slice kept, struct km_p11_object *object)
{
    struct km_rd rd = km_rd_init(kept);
    CK_ATTRIBUTE_TYPE type = 0;
    struct km_slice value = {0};
    while (!km_rd_done(&rd)) {
        if (!km_p11_list_next(&rd, &type, &value))
            return false;
        const CK_ATTRIBUTE wanted = {type, (void *)(uintptr_t)value.ptr, value.len};
        if (!km_p11_attribute_matches(object, &wanted))
            return false;
    }
    return true;
}

void km_p11_merged_clear(struct km_p11_merged *merged)
{
    km_p11_list_clear(&merged->demanded);
}

CK_RV km_p11_merge(const CK_ATTRIBUTE *at, CK_ULONG n, struct km_slice demanded,
                   struct km_p11_merged *ret)
{
    const struct km_p11_list list = {(uint8_t *)(uintptr_t)demanded.ptr, demanded.len};
    const struct km_p11_template given = {at, n};
    CK_ATTRIBUTE_TYPE type = 0;
    struct km_slice value = {0};
    if ((at == NULL && n != 0) || n > KM_P11_MERGED_MAX)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_list_copy(&list, &ret->demanded));
    for (CK_ULONG i = 0; i < n; i++)
        ret->at[i] = at[i];
    ret->n = n;
    struct km_rd rd = km_rd_init(KM_SLICE(ret->demanded.bytes, ret->demanded.len));
    while (!km_rd_done(&rd) && km_p11_list_next(&rd, &type, &value)) {
        const CK_ATTRIBUTE *said = km_p11_template_find(&given, type);
        if (said != NULL && !km_slice_equal(KM_SLICE(said->pValue, said->ulValueLen), value))
            return CKR_TEMPLATE_INCONSISTENT;
        if (said != NULL)
            continue;
        if (ret->n == KM_P11_MERGED_MAX)
            return CKR_TEMPLATE_INCONSISTENT;
        ret->at[ret->n++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)value.ptr, value.len};
    }
    return CKR_OK;
}
