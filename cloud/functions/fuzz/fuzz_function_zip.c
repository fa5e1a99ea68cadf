/* SPDX-License-Identifier: Apache-2.0 */
/* What an archive says of itself holds: views inside it, no more octets than it promised, no name that leads outside. */
#include "cloud/functions/zip.h"
#include "fuzz/km_fuzz.h"

#define UNPACKED_MAX ((size_t)1 << 20)

static km_status look(struct km_err *err, void *ctx, const struct km_zip_entry *entry)
{
    const struct km_slice *archive = ctx;
    KM_FUZZ_CHECK(entry->data.ptr >= archive->ptr &&
                  entry->data.ptr + entry->data.len <= archive->ptr + archive->len);
    KM_FUZZ_CHECK(entry->name.len > 0 && entry->name.ptr[0] != '/');
    KM_FUZZ_CHECK(entry->size <= UNPACKED_MAX);
    uint8_t *out = malloc(entry->size + 1u);
    if (out != NULL && km_zip_unpack(err, entry, KM_SPAN(out, entry->size)) == KM_OK)
        KM_FUZZ_CHECK(entry->is_deflated || entry->data.len == entry->size);
    free(out);
    return KM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice archive = KM_SLICE(data, size);
    struct km_err err = {.status = KM_OK};
    (void)km_zip_is(archive);
    (void)km_zip_each(&err, archive, UNPACKED_MAX, look, &archive);
    (void)km_zip_check(&err, archive, UNPACKED_MAX);
    return 0;
}
