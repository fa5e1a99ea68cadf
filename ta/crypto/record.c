/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/record.h"

#define META_MAX 2048u
#define FLAGS_ALL                                                                                  \
    (KM_CRYPTO_INFO_PROVISIONED | KM_CRYPTO_INFO_IMMUTABLE | KM_CRYPTO_INFO_MANIFEST |             \
     KM_KEY_MADE_HERE)

static bool finish(const struct km_wr *wr, size_t *ret_len)
{
    struct km_slice done = {0};
    if (!km_wr_finish(wr, &done))
        return false;
    *ret_len = done.len;
    return true;
}

static bool meta_parse(struct km_slice in, struct km_key_meta *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_key_meta *meta = ret;
    if (!km_rd_u32le(&rd, &meta->type) || !km_rd_u32le(&rd, &meta->bits) ||
        !km_rd_u32le(&rd, &meta->usage) || !km_rd_u32le(&rd, &meta->attributes) ||
        !km_rd_u64le(&rd, &meta->max_uses) || !km_rd_u64le(&rd, &meta->not_after) ||
        !km_owner_read(&rd, &meta->owner) || !km_rd_u32le(&rd, &meta->flags) ||
        !km_rd_copy(&rd, meta->id, sizeof(meta->id)) ||
        !km_crypto_name_read(&rd, KM_CRYPTO_NAME_MAX, &meta->password_name) ||
        !km_rd_copy(&rd, meta->password_id, sizeof(meta->password_id)) ||
        !km_rd_u32le(&rd, &meta->n_grants) || meta->n_grants > KM_CRYPTO_GRANTS_MAX)
        return false;
    for (uint32_t i = 0; i < meta->n_grants; i++) {
        if (!km_crypto_grant_read(&rd, &meta->grants[i]))
            return false;
    }
    const struct km_key_type *type = km_key_type_find(meta->type);
    return km_rd_done(&rd) && type != NULL && km_key_bits_fit(type, meta->bits) &&
           km_key_usage_fits(type, meta->usage) && (meta->attributes & ~KM_CRYPTO_ATTR_ALL) == 0 &&
           (meta->flags & ~FLAGS_ALL) == 0;
}

static void meta_write(struct km_wr *wr, const struct km_key_meta *meta)
{
    km_wr_u32le(wr, meta->type);
    km_wr_u32le(wr, meta->bits);
    km_wr_u32le(wr, meta->usage);
    km_wr_u32le(wr, meta->attributes);
    km_wr_u64le(wr, meta->max_uses);
    km_wr_u64le(wr, meta->not_after);
    km_owner_write(wr, &meta->owner);
    km_wr_u32le(wr, meta->flags);
    km_wr_bytes(wr, KM_SLICE(meta->id, sizeof(meta->id)));
    km_wr_blob32le(wr, KM_SLICE(meta->password_name.at, meta->password_name.len));
    km_wr_bytes(wr, KM_SLICE(meta->password_id, sizeof(meta->password_id)));
    km_wr_u32le(wr, meta->n_grants);
    for (uint32_t i = 0; i < meta->n_grants; i++)
        km_crypto_grant_write(wr, &meta->grants[i]);
}

bool km_key_meta_put(const struct km_key_meta *meta, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    meta_write(&wr, meta);
    return finish(&wr, ret_len);
}

static bool note_read(struct km_rd *rd, struct km_key_record *record)
{
    struct km_slice zeros = {0};
    if (!km_rd_blob32le(rd, KM_CRYPTO_NOTE_MAX, &record->note))
        return false;
    record->has_note = true;
    record->note_room = record->note.len + km_rd_left(rd);
    if (record->note_room > KM_CRYPTO_NOTE_MAX || !km_rd_bytes(rd, km_rd_left(rd), &zeros))
        return false;
    for (size_t i = 0; i < zeros.len; i++) {
        if (zeros.ptr[i] != 0)
            return false;
    }
    return true;
}

static void note_write(struct km_wr *wr, struct km_slice note, size_t room)
{
    static const uint8_t ZEROS[KM_CRYPTO_NOTE_MAX];
    km_wr_blob32le(wr, note);
    km_wr_bytes(wr, KM_SLICE(ZEROS, room > note.len ? room - note.len : 0));
}

bool km_key_note_put(const struct km_key_record *record, size_t record_len, struct km_slice note,
                     struct km_span out, size_t *ret_len, size_t *ret_at)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    if (note.len > KM_CRYPTO_NOTE_MAX)
        return false;
    note_write(&wr, note, record->note_room);
    *ret_at = record_len - (record->has_note ? sizeof(uint32_t) + record->note_room : 0);
    return finish(&wr, ret_len);
}

bool km_key_record_parse(struct km_slice in, struct km_key_record *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_key_record record = {0};
    uint32_t magic = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != KM_KEY_RECORD_MAGIC ||
        !km_rd_u64le(&rd, &record.uses_left) ||
        !km_rd_blob32le(&rd, META_MAX, &record.meta_bytes) ||
        !meta_parse(record.meta_bytes, &record.meta) || !km_rd_u32le(&rd, &record.kind))
        return false;
    bool is_wrapped = record.kind == KM_MATERIAL_WRAPPED;
    if (!is_wrapped && record.kind != KM_MATERIAL_PLAIN)
        return false;
    if (is_wrapped != (record.meta.password_name.len != 0))
        return false;
    if (is_wrapped && !km_rd_copy(&rd, record.nonce, sizeof(record.nonce)))
        return false;
    if (!km_rd_blob32le(&rd, KM_KEY_MATERIAL_MAX, &record.material))
        return false;
    if (is_wrapped && !km_rd_copy(&rd, record.tag, sizeof(record.tag)))
        return false;
    if (!km_rd_done(&rd) && !note_read(&rd, &record))
        return false;
    if (!km_rd_done(&rd) || record.uses_left > record.meta.max_uses)
        return false;
    *ret = record;
    return true;
}

bool km_key_record_put(const struct km_key_record *record, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, KM_KEY_RECORD_MAGIC);
    km_wr_u64le(&wr, record->uses_left);
    size_t at = wr.len;
    meta_write(&wr, &record->meta);
    uint8_t head[4] = {0};
    struct km_wr length = km_wr_init(head, sizeof(head));
    km_wr_u32le(&length, (uint32_t)(wr.len - at));
    km_wr_insert(&wr, at, KM_SLICE(head, sizeof(head)));
    km_wr_u32le(&wr, record->kind);
    if (record->kind == KM_MATERIAL_WRAPPED)
        km_wr_bytes(&wr, KM_SLICE(record->nonce, sizeof(record->nonce)));
    km_wr_blob32le(&wr, record->material);
    if (record->kind == KM_MATERIAL_WRAPPED)
        km_wr_bytes(&wr, KM_SLICE(record->tag, sizeof(record->tag)));
    if (record->has_note)
        note_write(&wr, record->note, record->note_room);
    return finish(&wr, ret_len);
}

static bool seal_read(struct km_rd *rd, struct km_password_seal *ret)
{
    return km_rd_copy(rd, ret->salt, sizeof(ret->salt)) &&
           km_rd_copy(rd, ret->nonce, sizeof(ret->nonce)) &&
           km_rd_copy(rd, ret->sealed, sizeof(ret->sealed)) &&
           km_rd_copy(rd, ret->tag, sizeof(ret->tag));
}

static void seal_write(struct km_wr *wr, const struct km_password_seal *seal)
{
    km_wr_bytes(wr, KM_SLICE(seal->salt, sizeof(seal->salt)));
    km_wr_bytes(wr, KM_SLICE(seal->nonce, sizeof(seal->nonce)));
    km_wr_bytes(wr, KM_SLICE(seal->sealed, sizeof(seal->sealed)));
    km_wr_bytes(wr, KM_SLICE(seal->tag, sizeof(seal->tag)));
}

bool km_password_record_parse(struct km_slice in, struct km_password_record *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_password_record record = {0};
    uint32_t magic = 0;
    if (!km_rd_u32le(&rd, &magic) ||
        (magic != KM_PASSWORD_RECORD_MAGIC && magic != KM_RECOVERABLE_RECORD_MAGIC) ||
        !km_guess_counts_read(&rd, &record.counts) ||
        !km_rd_copy(&rd, record.id, sizeof(record.id)) || !km_owner_read(&rd, &record.owner) ||
        !km_rd_u32le(&rd, &record.iterations) || record.iterations == 0 ||
        record.iterations > KM_PASSWORD_ITERATIONS_MAX || !seal_read(&rd, &record.seal))
        return false;
    record.has_recovery = magic == KM_RECOVERABLE_RECORD_MAGIC;
    if (record.has_recovery &&
        (!km_guess_counts_read(&rd, &record.recovery_counts) || !seal_read(&rd, &record.recovery)))
        return false;
    if (!km_rd_done(&rd))
        return false;
    *ret = record;
    return true;
}

bool km_password_record_put(const struct km_password_record *record, struct km_span out,
                            size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, record->has_recovery ? KM_RECOVERABLE_RECORD_MAGIC : KM_PASSWORD_RECORD_MAGIC);
    km_guess_counts_write(&wr, &record->counts);
    km_wr_bytes(&wr, KM_SLICE(record->id, sizeof(record->id)));
    km_owner_write(&wr, &record->owner);
    km_wr_u32le(&wr, record->iterations);
    seal_write(&wr, &record->seal);
    if (record->has_recovery) {
        km_guess_counts_write(&wr, &record->recovery_counts);
        seal_write(&wr, &record->recovery);
    }
    return finish(&wr, ret_len);
}

bool km_wrapped_key_parse(struct km_slice in, struct km_wrapped_key *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_wrapped_key wrapped = {0};
    uint32_t magic = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != KM_WRAPPED_KEY_MAGIC ||
        !km_rd_u32le(&rd, &wrapped.type) || !km_rd_u32le(&rd, &wrapped.bits) ||
        !km_rd_u32le(&rd, &wrapped.usage) || !km_rd_u32le(&rd, &wrapped.attributes) ||
        !km_rd_u64le(&rd, &wrapped.not_after) ||
        !km_rd_blob32le(&rd, KM_KEY_MATERIAL_MAX, &wrapped.material) || !km_rd_done(&rd))
        return false;
    const struct km_key_type *type = km_key_type_find(wrapped.type);
    if (type == NULL || type->is_public || !km_key_bits_fit(type, wrapped.bits) ||
        !km_key_usage_fits(type, wrapped.usage) ||
        (wrapped.attributes & ~KM_CRYPTO_ATTR_ALL) != 0 || wrapped.material.len == 0)
        return false;
    *ret = wrapped;
    return true;
}

bool km_wrapped_key_put(const struct km_wrapped_key *wrapped, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, KM_WRAPPED_KEY_MAGIC);
    km_wr_u32le(&wr, wrapped->type);
    km_wr_u32le(&wr, wrapped->bits);
    km_wr_u32le(&wr, wrapped->usage);
    km_wr_u32le(&wr, wrapped->attributes);
    km_wr_u64le(&wr, wrapped->not_after);
    km_wr_blob32le(&wr, wrapped->material);
    return finish(&wr, ret_len);
}

bool km_opens_record_parse(struct km_slice in, uint64_t *ret_opened)
{
    struct km_rd rd = km_rd_init(in);
    uint32_t magic = 0;
    uint64_t opened = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != KM_OPENS_RECORD_MAGIC || !km_rd_u64le(&rd, &opened) ||
        !km_rd_done(&rd))
        return false;
    *ret_opened = opened;
    return true;
}

void km_opens_record_put(uint64_t opened, uint8_t ret[KM_OPENS_RECORD_LEN])
{
    struct km_wr wr = km_wr_init(ret, KM_OPENS_RECORD_LEN);
    km_wr_u32le(&wr, KM_OPENS_RECORD_MAGIC);
    km_wr_u64le(&wr, opened);
}

static void data_meta_write(struct km_wr *wr, const struct km_data_meta *meta)
{
    km_owner_write(wr, &meta->owner);
    km_wr_bytes(wr, KM_SLICE(meta->id, sizeof(meta->id)));
    km_wr_blob32le(wr, KM_SLICE(meta->password_name.at, meta->password_name.len));
    km_wr_bytes(wr, KM_SLICE(meta->password_id, sizeof(meta->password_id)));
}

bool km_data_meta_put(const struct km_data_meta *meta, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    data_meta_write(&wr, meta);
    return finish(&wr, ret_len);
}

bool km_data_record_parse(struct km_slice in, struct km_data_record *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_data_record record = {0};
    struct km_data_meta *meta = &record.meta;
    uint32_t magic = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != KM_DATA_RECORD_MAGIC ||
        !km_owner_read(&rd, &meta->owner) || !km_rd_copy(&rd, meta->id, sizeof(meta->id)) ||
        !km_crypto_name_read(&rd, KM_CRYPTO_NAME_MAX, &meta->password_name) ||
        !km_rd_copy(&rd, meta->password_id, sizeof(meta->password_id)) ||
        !km_rd_blob32le(&rd, KM_CRYPTO_NOTE_MAX, &record.note) ||
        !km_rd_blob32le(&rd, KM_CRYPTO_DATA_MAX, &record.content))
        return false;
    if (meta->password_name.len != 0 && (!km_rd_copy(&rd, record.nonce, sizeof(record.nonce)) ||
                                         !km_rd_copy(&rd, record.tag, sizeof(record.tag))))
        return false;
    if (!km_rd_done(&rd))
        return false;
    *ret = record;
    return true;
}

bool km_data_record_put(const struct km_data_record *record, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    km_wr_u32le(&wr, KM_DATA_RECORD_MAGIC);
    data_meta_write(&wr, &record->meta);
    km_wr_blob32le(&wr, record->note);
    km_wr_blob32le(&wr, record->content);
    if (record->meta.password_name.len != 0) {
        km_wr_bytes(&wr, KM_SLICE(record->nonce, sizeof(record->nonce)));
        km_wr_bytes(&wr, KM_SLICE(record->tag, sizeof(record->tag)));
    }
    return finish(&wr, ret_len);
}
