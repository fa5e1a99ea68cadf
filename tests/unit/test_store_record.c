/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers of tee/store: what they print they read, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tee/store/pages.h"
#include "tee/store/record.h"

static void keys_are_read_back(void **state)
{
    (void)state;
    static const struct km_store_key good[] = {
        {.kind = KM_KEY_HEADER},
        {.kind = KM_KEY_NAME, .name_key = {1, 2, 3}},
        {.kind = KM_KEY_RECORD, .id = UINT64_MAX},
        {.kind = KM_KEY_PIECE, .id = 5, .level = 3, .index = UINT32_MAX},
        {.kind = KM_KEY_PIECE, .id = 5, .level = KM_META_LEVEL},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        uint8_t buf[KM_STORE_KEY_MAX + 1] = {0};
        struct km_wr wr = km_wr_init(buf, KM_STORE_KEY_MAX);
        struct km_slice text = {0};
        struct km_store_key back = {0};
        km_store_key_put(&wr, &good[i]);
        assert_true(km_wr_finish(&wr, &text));
        assert_true(km_store_key_parse(text, &back));
        assert_memory_equal(&back, &good[i], sizeof back);
        for (size_t len = 0; len < text.len; len++)
            assert_false(km_store_key_parse(KM_SLICE(buf, len), &back));
        assert_false(km_store_key_parse(KM_SLICE(buf, text.len + 1), &back));
    }
    struct km_store_key back = {0};
    assert_false(km_store_key_parse(KM_SLICE("\5", 1), &back));
    assert_false(km_store_key_parse(KM_SLICE("\0", 1), &back));
    assert_false(km_store_key_parse(KM_SLICE("\4\0\0\0\0\0\0\0\1\4\0\0\0\0", 14), &back));
    assert_false(km_store_key_parse(KM_SLICE("\4\0\0\0\0\0\0\0\1\17\0\0\0\1", 14), &back));
}

static struct km_slice print_record(const struct km_record *record, uint8_t buf[KM_RECORD_LEN + 1])
{
    struct km_wr wr = km_wr_init(buf, KM_RECORD_LEN);
    struct km_slice text = {0};
    km_record_put(&wr, record);
    assert_true(km_wr_finish(&wr, &text));
    assert_int_equal(text.len, KM_RECORD_LEN);
    return text;
}

static void records_are_read_back(void **state)
{
    (void)state;
    const struct km_record good = {.generation = 3,
                                   .size = KM_STORE_DATA_MAX,
                                   .meta_len = KM_STORE_META_MAX,
                                   .name_len = 2,
                                   .meta_tag = {1},
                                   .root_tag = {2},
                                   .name = "ab"};
    uint8_t buf[KM_RECORD_LEN + 1] = {0};
    struct km_record back = {0};
    struct km_slice text = print_record(&good, buf);
    assert_true(km_record_parse(text, &back));
    assert_int_equal(back.size, good.size);
    assert_memory_equal(back.name, good.name, sizeof back.name);
    for (size_t len = 0; len < KM_RECORD_LEN; len++)
        assert_false(km_record_parse(KM_SLICE(buf, len), &back));
    assert_false(km_record_parse(KM_SLICE(buf, KM_RECORD_LEN + 1), &back));
}

static void records_that_contradict_themselves_are_refused(void **state)
{
    (void)state;
    const struct km_record good = {.size = 1, .name_len = 1, .root_tag = {2}, .name = "a"};
    struct km_record bad[] = {good, good, good, good, good, good, good, good};
    bad[0].name_len = 0; /* with a name behind it */
    bad[1].name_len = 65;
    bad[2].name[1] = 'b';
    bad[3].size = 0;
    bad[4].size = KM_STORE_DATA_MAX + UINT64_C(1);
    bad[5].meta_len = 1;
    bad[6].meta_tag[15] = 1;
    bad[7].meta_len = KM_STORE_META_MAX + 1;
    bad[7].meta_tag[0] = 1;
    uint8_t buf[KM_RECORD_LEN + 1] = {0};
    struct km_record back = {0};
    assert_true(km_record_parse(print_record(&good, buf), &back));
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_false(km_record_parse(print_record(&bad[i], buf), &back));
    struct km_slice text = print_record(&good, buf);
    for (size_t at = 21; at < 24; at++) {
        buf[at] = 1;
        assert_false(km_record_parse(text, &back));
        buf[at] = 0;
    }
}

static void headers_are_read_back(void **state)
{
    (void)state;
    const struct km_head good = {
        .count = 9, .txn_id = 8, .next_id = 7, .n_objects = 6, .n_pieces = 5, .set = {4}};
    uint8_t buf[KM_ENVELOPE_LEN + 1] = {0};
    struct km_wr wr = km_wr_init(buf, KM_HEAD_LEN);
    struct km_slice text = {0};
    struct km_head back = {0};
    km_head_put(&wr, &good);
    assert_true(km_wr_finish(&wr, &text));
    assert_true(km_head_parse(text, &back));
    assert_memory_equal(&back, &good, sizeof back);
    assert_false(km_head_parse(KM_SLICE(buf, KM_HEAD_LEN - 1), &back));
    assert_false(km_head_parse(KM_SLICE(buf, KM_HEAD_LEN + 1), &back));
    buf[24] = 7; /* as many objects as the next number: one too many */
    assert_false(km_head_parse(text, &back));

    static const uint8_t key_id[KM_KEY_ID_LEN] = {1};
    struct km_slice id = {0};
    struct km_slice sealed = {0};
    wr = km_wr_init(buf, sizeof buf);
    km_frame_put(&wr, key_id);
    assert_int_equal(wr.len + KM_HEAD_LEN + KM_SEAL_OVERHEAD, KM_ENVELOPE_LEN);
    assert_true(km_frame_parse(KM_SLICE(buf, KM_ENVELOPE_LEN), &id, &sealed));
    assert_memory_equal(id.ptr, key_id, sizeof key_id);
    assert_false(km_frame_parse(KM_SLICE(buf, KM_ENVELOPE_LEN - 1), &id, &sealed));
    assert_false(km_frame_parse(KM_SLICE(buf, KM_ENVELOPE_LEN + 1), &id, &sealed));
    buf[4] = 2; /* another version */
    assert_false(km_frame_parse(KM_SLICE(buf, KM_ENVELOPE_LEN), &id, &sealed));
}

static void sizes_and_heights(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        size_t padded;
    } pads[] = {{0, 0},         {1, 512},       {512, 512},   {513, 1024},
                {1977, 4040},   {4040, 4040},   {4041, 8136}, {16328, 16328},
                {16329, 20424}, {65536, 69576}, {1920, 1976}};
    for (size_t i = 0; i < KM_ARRAY_LEN(pads); i++)
        assert_int_equal(km_padded_len(pads[i].len), pads[i].padded);
    static const struct {
        uint64_t n_chunks;
        unsigned height;
    } heights[] = {{0, 0}, {1, 0}, {2, 1}, {120, 1}, {121, 2}, {14400, 2}, {14401, 3}};
    for (size_t i = 0; i < KM_ARRAY_LEN(heights); i++)
        assert_int_equal(km_tree_height(heights[i].n_chunks), heights[i].height);
    assert_true(km_tree_height(km_n_chunks(KM_STORE_DATA_MAX)) <= KM_TREE_HEIGHT_MAX);
}

/* A leaf of LMDB with one node; then each way in which it could send LMDB out of the page. */
static void pages_that_point_outside_are_refused(void **state)
{
    (void)state;
    uint8_t page[4096] = {0};
    struct km_wr wr = km_wr_init(page, 18);
    km_wr_u64le(&wr, 5);
    km_wr_u16le(&wr, 0);
    km_wr_u16le(&wr, KM_PAGE_LEAF);
    km_wr_u16le(&wr, 18);
    km_wr_u16le(&wr, 4080);
    km_wr_u16le(&wr, 4080);
    wr = km_wr_init(page + 4080, 16);
    km_wr_u32le(&wr, 7);
    km_wr_u16le(&wr, 0);
    km_wr_u16le(&wr, 1);
    struct km_slice in = KM_SLICE(page, sizeof page);
    struct km_page parsed = {0};
    assert_true(km_page_parse(in, 5, false, &parsed));
    assert_int_equal(parsed.n_nodes, 1);
    struct km_page_node node = km_page_node_at(in, &parsed, 0);
    assert_int_equal(node.key.len, 1);
    assert_int_equal(node.data.len, 7);
    assert_false(km_page_parse(in, 6, false, &parsed));
    assert_false(km_page_parse(in, 5, true, &parsed)); /* keys of the free list have 8 octets */
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{10, 3},    {10, 0x42}, {12, 16},  {12, 19},  {13, 0xff}, {15, 0xff}, {16, 0xf1},
               {17, 0x00}, {4080, 8},  {4082, 1}, {4084, 2}, {4086, 0},  {4086, 9},  {4087, 2}};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        uint8_t was = page[bad[i].at];
        page[bad[i].at] = bad[i].value;
        if (km_page_parse(in, 5, false, &parsed))
            fail_msg("octet %zu as %u was accepted", bad[i].at, bad[i].value);
        page[bad[i].at] = was;
    }
    assert_true(km_page_parse(in, 5, false, &parsed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_back),
        cmocka_unit_test(records_are_read_back),
        cmocka_unit_test(records_that_contradict_themselves_are_refused),
        cmocka_unit_test(headers_are_read_back),
        cmocka_unit_test(sizes_and_heights),
        cmocka_unit_test(pages_that_point_outside_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
