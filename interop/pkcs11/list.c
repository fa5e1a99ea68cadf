/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes as they are kept in a note. Pure but for the memory of a list. */
#include <stdlib.h>

#include "common/km_der.h"
#include "interop/pkcs11/p11.h"

#define NOTE_MAGIC 0x314e314bu /* "K1N1" */
#define NOTE_FLAGS_ALL 31u

bool km_p11_list_next(struct km_rd *rd, CK_ATTRIBUTE_TYPE *ret_type, struct km_slice *ret_value)
{
    uint32_t type = 0;
    if (!km_rd_u32le(rd, &type) || !km_rd_blob32le(rd, KM_P11_VALUE_MAX, ret_value))
        return false;
    *ret_type = type;
    return true;
}

static bool find(struct km_slice bytes, CK_ATTRIBUTE_TYPE type, struct km_slice *ret)
{
    struct km_rd rd = km_rd_init(bytes);
    CK_ATTRIBUTE_TYPE seen = 0;
    struct km_slice value = {0};
    while (!km_rd_done(&rd) && km_p11_list_next(&rd, &seen, &value)) {
        if (seen == type) {
            *ret = value;
            return true;
        }
    }
    return false;
}

bool km_p11_list_check(struct km_slice bytes)
{
    struct km_rd rd = km_rd_init(bytes);
    while (!km_rd_done(&rd)) {
        CK_ATTRIBUTE_TYPE type = 0;
        struct km_slice value = {0};
        size_t at = bytes.len - km_rd_left(&rd);
        struct km_slice same = {0};
        if (!km_p11_list_next(&rd, &type, &value) || find(KM_SLICE(bytes.ptr, at), type, &same))
            return false;
    }
    return bytes.len <= KM_P11_LIST_MAX;
}

bool km_p11_list_find(const struct km_p11_list *list, CK_ATTRIBUTE_TYPE type, struct km_slice *ret)
{
    return find(KM_SLICE(list->bytes, list->len), type, ret);
}

bool km_p11_list_bool(const struct km_p11_list *list, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
    struct km_slice value = {0};
    if (!km_p11_list_find(list, type, &value) || value.len != 1)
        return otherwise;
    return value.ptr[0] != 0;
}

static void put(struct km_wr *wr, CK_ATTRIBUTE_TYPE type, struct km_slice value)
{
    km_wr_u32le(wr, (uint32_t)type);
    km_wr_blob32le(wr, value);
}

CK_RV km_p11_list_set(struct km_p11_list *list, CK_ATTRIBUTE_TYPE type, struct km_slice value)
{
    if (value.len > KM_P11_VALUE_MAX || type > UINT32_MAX)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    uint8_t *bytes = calloc(1, KM_P11_LIST_MAX);
    if (bytes == NULL)
        return CKR_HOST_MEMORY;
    struct km_wr wr = km_wr_init(bytes, KM_P11_LIST_MAX);
    struct km_rd rd = km_rd_init(KM_SLICE(list->bytes, list->len));
    CK_ATTRIBUTE_TYPE seen = 0;
    struct km_slice kept = {0};
    while (!km_rd_done(&rd) && km_p11_list_next(&rd, &seen, &kept)) {
        if (seen != type)
            put(&wr, seen, kept);
    }
    put(&wr, type, value);
    struct km_slice done = {0};
    if (!km_wr_finish(&wr, &done)) {
        free(bytes);
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    free(list->bytes);
    list->bytes = bytes;
    list->len = done.len;
    return CKR_OK;
}

CK_RV km_p11_list_copy(const struct km_p11_list *from, struct km_p11_list *ret)
{
    uint8_t *bytes = calloc(1, from->len + 1);
    if (bytes == NULL)
        return CKR_HOST_MEMORY;
    km_copy(bytes, from->len + 1, from->bytes, from->len);
    km_p11_list_clear(ret);
    *ret = (struct km_p11_list){bytes, from->len};
    return CKR_OK;
}

void km_p11_list_clear(struct km_p11_list *list)
{
    free(list->bytes);
    *list = (struct km_p11_list){0};
}

bool km_p11_note_parse(struct km_slice in, struct km_p11_note *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_p11_note note = {0};
    uint32_t magic = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != NOTE_MAGIC || !km_rd_u32le(&rd, &note.token) ||
        !km_rd_u32le(&rd, &note.flags) || (note.flags & ~NOTE_FLAGS_ALL) != 0 ||
        !km_rd_blob32le(&rd, KM_P11_LIST_MAX, &note.own) ||
        !km_rd_blob32le(&rd, KM_P11_LIST_MAX, &note.public_half) || !km_rd_done(&rd) ||
        !km_p11_list_check(note.own) || !km_p11_list_check(note.public_half))
        return false;
    *ret = note;
    return true;
}

bool km_p11_note_put(const struct km_p11_note *note, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    struct km_slice done = {0};
    km_wr_u32le(&wr, NOTE_MAGIC);
    km_wr_u32le(&wr, note->token);
    km_wr_u32le(&wr, note->flags);
    km_wr_blob32le(&wr, note->own);
    km_wr_blob32le(&wr, note->public_half);
    if (!km_wr_finish(&wr, &done))
        return false;
    *ret_len = done.len;
    return true;
}

bool km_p11_certificate(struct km_slice der, struct km_slice *ret_issuer,
                        struct km_slice *ret_subject, struct km_slice *ret_serial)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd whole = {0};
    struct km_rd body = {0};
    struct km_slice contents = {0};
    struct km_slice skipped = {0};
    uint8_t tag = 0;
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &whole) || !km_rd_done(&rd) ||
        !km_der_enter(&whole, KM_DER_SEQUENCE, &body) || !km_der_peek(&body, &tag))
        return false;
    if (tag == 0xa0 && !km_der_any(&body, &tag, &contents, &skipped)) /* version */
        return false;
    return km_der_any(&body, &tag, &contents, ret_serial) && tag == KM_DER_INTEGER &&
           km_der_any(&body, &tag, &contents, &skipped) && /* algorithm */
           km_der_any(&body, &tag, &contents, ret_issuer) &&
           km_der_any(&body, &tag, &contents, &skipped) && /* validity */
           km_der_any(&body, &tag, &contents, ret_subject);
}
