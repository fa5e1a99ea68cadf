/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB pages: whatever is accepted has every node within the page (the sanitizer watches). */
#include <stdlib.h>

#include "tee/store/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct km_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        sink = (uint8_t)(sink ^ bytes.ptr[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct km_page_meta meta = {0};
    struct km_page page = {0};
    uint64_t number = 0;
    struct km_rd rd = km_rd_init(in);
    if (!km_rd_u64le(&rd, &number))
        return 0;
    if (km_page_meta_parse(in, number, &meta) && (meta.page_len & (meta.page_len - 1)) != 0)
        abort();
    for (int is_free = 0; is_free < 2; is_free++) {
        if (!km_page_parse(in, number, is_free != 0, &page) || page.kind == KM_PAGE_OVERFLOW)
            continue;
        for (size_t i = 0; i < page.n_nodes; i++) {
            struct km_page_node node = km_page_node_at(in, &page, i);
            touch(node.key);
            touch(node.data);
        }
    }
    return 0;
}
