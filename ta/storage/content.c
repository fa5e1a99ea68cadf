/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/content.h"

static const char CONTENT_INFO[] = "keymoor storage content 1";

TEE_Result km_content_key(struct km_content *content, const uint8_t secret[KM_FILE_HEAD_SECRET_LEN],
                          const uint8_t salt[KM_SEAL_SALT_LEN])
{
    content->is_sealed = true;
    return km_seal_derive(secret, KM_SLICE(salt, KM_SEAL_SALT_LEN), KM_SLICE_STR(CONTENT_INFO),
                          content->key);
}

void km_content_clear(struct km_content *content)
{
    TEE_CloseObject(content->object);
    TEE_MemFill(content, 0, sizeof(*content));
}

/* ---- sizes ---- */

TEE_Result km_content_size_of(bool is_sealed, uint64_t stored, uint64_t *ret)
{
    uint64_t n_whole = stored / KM_CHUNK_STORED;
    uint64_t rest = stored % KM_CHUNK_STORED;
    if (!is_sealed) {
        *ret = stored;
        return TEE_SUCCESS;
    }
    /* A chunk of no octets is never written. */
    if (rest != 0 && rest <= KM_CHUNK_OVERHEAD)
        return TEE_ERROR_CORRUPT_OBJECT;
    *ret = n_whole * KM_CHUNK_CLEAR + (rest == 0 ? 0 : rest - KM_CHUNK_OVERHEAD);
    return TEE_SUCCESS;
}

uint64_t km_content_stored(bool is_sealed, uint64_t size)
{
    uint64_t rest = size % KM_CHUNK_CLEAR;
    if (!is_sealed)
        return size;
    return size / KM_CHUNK_CLEAR * KM_CHUNK_STORED + (rest == 0 ? 0 : rest + KM_CHUNK_OVERHEAD);
}

TEE_Result km_content_size(struct km_content *content, uint64_t *ret)
{
    TEE_ObjectInfo info = {0};
    if (content->object == TEE_HANDLE_NULL)
        return TEE_ERROR_CORRUPT_OBJECT;
    KM_TRY_TEE(km_settle(&content->object, TEE_GetObjectInfo1(content->object, &info)));
    return km_content_size_of(content->is_sealed, info.dataSize, ret);
}

static TEE_Result seek(struct km_content *content, uint64_t at)
{
    return km_settle(&content->object,
                     TEE_SeekObjectData(content->object, (intmax_t)at, TEE_DATA_SEEK_SET));
}

/* ---- chunks ---- */

static void aad_put(uint64_t index, uint8_t ret[8])
{
    struct km_wr wr = km_wr_init(ret, 8);
    km_wr_u64le(&wr, index);
}

static TEE_Result chunk_shut(const struct km_content *content, uint64_t index,
                             struct km_slice clear, uint8_t *out)
{
    uint8_t aad[8] = {0};
    struct km_seal seal = {content->key, out, KM_SLICE(aad, sizeof(aad))};
    uint8_t *octets = out + KM_SEAL_NONCE_LEN;
    aad_put(index, aad);
    TEE_GenerateRandom(out, KM_SEAL_NONCE_LEN);
    return km_seal_shut(&seal, clear, octets, octets + clear.len);
}

/* One chunk of a file of that size, to work->clear. */
static TEE_Result chunk_read(struct km_content *content, uint64_t index, uint64_t size,
                             struct km_work *work, size_t *ret_len)
{
    uint8_t aad[8] = {0};
    uint64_t left = size - index * KM_CHUNK_CLEAR;
    size_t len = left < KM_CHUNK_CLEAR ? (size_t)left : KM_CHUNK_CLEAR;
    size_t count = 0;
    struct km_seal seal = {content->key, work->chunk, KM_SLICE(aad, sizeof(aad))};
    const uint8_t *octets = work->chunk + KM_SEAL_NONCE_LEN;
    aad_put(index, aad);
    KM_TRY_TEE(seek(content, index * KM_CHUNK_STORED));
    KM_TRY_TEE(km_settle(&content->object, TEE_ReadObjectData(content->object, work->chunk,
                                                              len + KM_CHUNK_OVERHEAD, &count)));
    if (count != len + KM_CHUNK_OVERHEAD)
        return TEE_ERROR_CORRUPT_OBJECT;
    TEE_Result result = km_seal_open(&seal, KM_SLICE(octets, len), octets + len, work->clear);
    *ret_len = len;
    return result == TEE_ERROR_MAC_INVALID ? TEE_ERROR_CORRUPT_OBJECT : result;
}

static TEE_Result read_sealed(struct km_content *content, uint64_t offset, size_t len,
                              struct km_work *work)
{
    uint64_t size = 0;
    KM_TRY_TEE(km_content_size(content, &size));
    for (size_t done = 0; done < len;) {
        uint64_t at = offset + done;
        size_t from = (size_t)(at % KM_CHUNK_CLEAR);
        size_t chunk_len = 0;
        KM_TRY_TEE(chunk_read(content, at / KM_CHUNK_CLEAR, size, work, &chunk_len));
        size_t n = chunk_len - from < len - done ? chunk_len - from : len - done;
        km_copy(work->data + done, sizeof(work->data) - done, work->clear + from, n);
        done += n;
    }
    return TEE_SUCCESS;
}

TEE_Result km_content_read(struct km_content *content, uint64_t offset, size_t len,
                           struct km_work *work, size_t *ret_len)
{
    uint64_t size = 0;
    KM_TRY_TEE(km_content_size(content, &size));
    *ret_len = 0;
    if (offset >= size || len == 0)
        return TEE_SUCCESS;
    if (len > size - offset)
        len = (size_t)(size - offset);
    *ret_len = len;
    if (content->is_sealed)
        return read_sealed(content, offset, len, work);
    size_t count = 0;
    KM_TRY_TEE(seek(content, offset));
    KM_TRY_TEE(
        km_settle(&content->object, TEE_ReadObjectData(content->object, work->data, len, &count)));
    return count == len ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

/* ---- writing ---- */

/* What is written where: octets [offset, offset + len) of a file that had `size`. */
struct change {
    uint64_t offset, size;
    size_t len;
};

/* The chunk as it will be, to work->clear. */
static TEE_Result chunk_changed(struct km_content *content, uint64_t index,
                                const struct change *change, struct km_work *work, size_t *ret_len)
{
    uint64_t start = index * KM_CHUNK_CLEAR;
    uint64_t end = change->offset + change->len;
    size_t from = change->offset > start ? (size_t)(change->offset - start) : 0;
    size_t to = end - start < KM_CHUNK_CLEAR ? (size_t)(end - start) : KM_CHUNK_CLEAR;
    size_t old_len = 0;
    bool keeps_some = start < change->size && (from > 0 || start + to < change->size);
    if (keeps_some)
        KM_TRY_TEE(chunk_read(content, index, change->size, work, &old_len));
    km_copy(work->clear + from, sizeof(work->clear) - from,
            work->data + (size_t)(start + from - change->offset), to - from);
    *ret_len = old_len > to ? old_len : to;
    return TEE_SUCCESS;
}

/* All chunks that change lie side by side, so that one write of the store has them all. */
static TEE_Result write_sealed(struct km_content *content, const struct change *change,
                               struct km_work *work)
{
    uint64_t first = change->offset / KM_CHUNK_CLEAR;
    uint64_t last = (change->offset + change->len - 1) / KM_CHUNK_CLEAR;
    size_t stored = 0;
    for (uint64_t index = first; index <= last; index++) {
        size_t len = 0;
        KM_TRY_TEE(chunk_changed(content, index, change, work, &len));
        KM_TRY_TEE(chunk_shut(content, index, KM_SLICE(work->clear, len), work->stored + stored));
        stored += len + KM_CHUNK_OVERHEAD;
    }
    KM_TRY_TEE(seek(content, first * KM_CHUNK_STORED));
    return km_settle(&content->object, TEE_WriteObjectData(content->object, work->stored, stored));
}

TEE_Result km_content_write(struct km_content *content, uint64_t offset, size_t len,
                            struct km_work *work)
{
    struct change change = {.offset = offset, .len = len};
    KM_TRY_TEE(km_content_size(content, &change.size));
    if (km_content_stored(content->is_sealed, offset + len) > KM_STORAGE_SIZE_MAX)
        return KM_STORAGE_E_TOO_LARGE;
    if (len == 0)
        return TEE_SUCCESS;
    if (content->is_sealed)
        return write_sealed(content, &change, work);
    KM_TRY_TEE(seek(content, offset));
    return km_settle(&content->object, TEE_WriteObjectData(content->object, work->data, len));
}

/* ---- shortening ---- */

bool km_content_cuts_well(const struct km_content *content, uint64_t size)
{
    return !content->is_sealed || size % KM_CHUNK_CLEAR == 0;
}

TEE_Result km_content_cut(struct km_content *content, uint64_t size)
{
    uint64_t stored = km_content_stored(content->is_sealed, size);
    return km_settle(&content->object, TEE_TruncateObjectData(content->object, (size_t)stored));
}
