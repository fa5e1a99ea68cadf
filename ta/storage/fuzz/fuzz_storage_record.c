/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet picks a structure of the storage application; what is parsed is printed as it came. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "ta/storage/head.h"

#define ROOM 1024u

static void same(struct km_slice in, const uint8_t *again, size_t len)
{
    KM_FUZZ_CHECK(len == in.len && memcmp(again, in.ptr, len) == 0);
}

static void try_head(struct km_slice in)
{
    struct km_file_head head = {0};
    uint8_t again[KM_FILE_HEAD_LEN] = {0};
    if (!km_file_head_parse(in, &head))
        return;
    km_file_head_put(&head, again);
    same(in, again, sizeof(again));
}

static void try_wish(struct km_slice in)
{
    struct km_storage_wish wish = {0};
    bool is_bad_name = false;
    uint8_t again[ROOM] = {0};
    struct km_wr wr = km_wr_init(again, sizeof(again));
    if (!km_storage_wish_parse(in, &wish, &is_bad_name))
        return;
    km_storage_wish_write(&wr, &wish);
    KM_FUZZ_CHECK(wr.len <= KM_STORAGE_WISH_MAX);
    same(in, again, wr.len);
}

static void try_info(struct km_slice in)
{
    struct km_storage_info info = {0};
    uint8_t again[ROOM] = {0};
    struct km_wr wr = km_wr_init(again, sizeof(again));
    if (!km_storage_info_parse(in, &info))
        return;
    km_storage_info_write(&wr, &info);
    KM_FUZZ_CHECK(wr.len <= KM_STORAGE_INFO_MAX);
    same(in, again, wr.len);
}

static void try_usage(struct km_slice in)
{
    struct km_storage_usage usage = {0};
    uint8_t again[ROOM] = {0};
    struct km_wr wr = km_wr_init(again, sizeof(again));
    if (!km_storage_usage_parse(in, &usage))
        return;
    km_storage_usage_write(&wr, &usage);
    same(in, again, wr.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct km_slice in) = {try_head, try_wish, try_info, try_usage};
    if (size == 0 || data[0] >= KM_ARRAY_LEN(tries))
        return 0;
    tries[data[0]](KM_SLICE(data + 1, size - 1));
    return 0;
}
