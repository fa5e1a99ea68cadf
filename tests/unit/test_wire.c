/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tee/channel/lane_page.h"
#include "tee/channel/wire.h"

static const struct km_wire_open open_msg = {
    .ta = {.octet = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
    .login_method = 5,
    .login_data = 1000,
    .group = 0x1122334455667788u};

static void test_open_bytes(void **state)
{
    (void)state;
    static const uint8_t want[] = {0x4b, 0x4d, 0x43, 0x31, 1,    0,    0,    0,   9,    0,  0,  0,
                                   1,    2,    3,    4,    5,    6,    7,    8,   9,    10, 11, 12,
                                   13,   14,   15,   16,   5,    0,    0,    0,   0xe8, 3,  0,  0,
                                   0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    uint8_t buf[64] = {0};
    struct km_slice msg = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_wire_header_put(&wr, &(struct km_wire_header){.type = KM_WIRE_OPEN, .serial = 9});
    km_wire_open_put(&wr, &open_msg);
    assert_true(km_wr_finish(&wr, &msg));
    assert_int_equal(msg.len, sizeof(want));
    assert_memory_equal(buf, want, sizeof(want));

    struct km_wire_header header = {0};
    struct km_wire_open open = {0};
    struct km_rd rd = km_rd_init(msg);
    assert_true(km_wire_header_parse(&rd, &header) && km_wire_open_parse(&rd, &open));
    assert_int_equal(header.type, KM_WIRE_OPEN);
    assert_int_equal(header.serial, 9);
    assert_memory_equal(&open, &open_msg, sizeof(open));
    for (size_t len = 0; len < sizeof(want); len++) {
        rd = km_rd_init(KM_SLICE(want, len));
        assert_false(km_wire_header_parse(&rd, &header) && km_wire_open_parse(&rd, &open));
    }
    rd = km_rd_init(KM_SLICE(buf, sizeof(want) + 1));
    assert_true(km_wire_header_parse(&rd, &header));
    assert_false(km_wire_open_parse(&rd, &open));
    assert_int_equal(km_rd_left(&rd), sizeof(want) + 1 - KM_WIRE_HEADER_LEN);
}

static void test_header_refused(void **state)
{
    (void)state;
    static const uint8_t good[] = {0x4b, 0x4d, 0x43, 0x31, 3, 0, 0, 0, 9, 0, 0, 0};
    for (size_t bit = 0; bit < 8 * sizeof(good); bit++) {
        uint8_t bad[sizeof(good)];
        struct km_wire_header header = {.type = 77};
        km_copy(bad, sizeof(bad), good, sizeof(good));
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct km_rd rd = km_rd_init(KM_SLICE(bad, sizeof(bad)));
        bool is_free = bit / 8 == 4 || bit / 8 == 5 || bit / 8 >= 8; /* type and serial */
        assert_int_equal(km_wire_header_parse(&rd, &header), is_free);
        assert_true(is_free || header.type == 77);
    }
    static uint8_t huge[KM_WIRE_MAX + 1];
    km_copy(huge, sizeof(huge), good, sizeof(good));
    struct km_wire_header header = {0};
    struct km_rd rd = km_rd_init(KM_SLICE(huge, sizeof(huge)));
    assert_false(km_wire_header_parse(&rd, &header));
    rd = km_rd_init(KM_SLICE(huge, KM_WIRE_MAX));
    assert_true(km_wire_header_parse(&rd, &header));
}

static void test_opened(void **state)
{
    (void)state;
    for (uint32_t result = 0; result < 2; result++) {
        uint8_t buf[32] = {0};
        struct km_slice msg = {0};
        struct km_wire_opened in = {.result = result, .origin = 3, .session = result == 0 ? 42 : 0};
        struct km_wire_opened out = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_wire_opened_put(&wr, &in);
        assert_true(km_wr_finish(&wr, &msg));
        assert_int_equal(msg.len, result == 0 ? 16 : 8);
        struct km_rd rd = km_rd_init(msg);
        assert_true(km_wire_opened_parse(&rd, &out));
        assert_memory_equal(&in, &out, sizeof(in));
        for (size_t len = 0; len <= msg.len + 1; len++) {
            rd = km_rd_init(KM_SLICE(buf, len));
            assert_int_equal(km_wire_opened_parse(&rd, &out), len == msg.len);
        }
    }
}

static void test_error_and_text(void **state)
{
    (void)state;
    uint8_t buf[64] = {0};
    struct km_slice msg = {0};
    struct km_wire_error in = {.result = 0xFFFF000D, .origin = 3, .text = KM_SLICE_STR("full")};
    struct km_wire_error out = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_wire_error_put(&wr, &in);
    assert_true(km_wr_finish(&wr, &msg));
    struct km_rd rd = km_rd_init(msg);
    assert_true(km_wire_error_parse(&rd, &out));
    assert_true(out.result == in.result && km_slice_equal(out.text, in.text));
    for (size_t len = 0; len < msg.len; len++) {
        rd = km_rd_init(KM_SLICE(buf, len));
        assert_false(km_wire_error_parse(&rd, &out));
    }
    buf[12] = 0xff; /* not UTF-8 */
    rd = km_rd_init(msg);
    assert_false(km_wire_error_parse(&rd, &out));
    buf[12] = 'f';
    memset(buf, 0, 4); /* an error that says success */
    rd = km_rd_init(msg);
    assert_false(km_wire_error_parse(&rd, &out));
}

static void test_mail(void **state)
{
    (void)state;
    const struct {
        struct km_lane_mail mail;
        bool ok;
    } rows[] = {
        {{KM_LANE_MAIL_SHARE, 1, 1}, true},
        {{KM_LANE_MAIL_SHARE, KM_LANE_AREAS - 1, KM_LANE_AREA_MAX}, true},
        {{KM_LANE_MAIL_SHARE, KM_LANE_AREAS, 1}, false},
        {{KM_LANE_MAIL_SHARE, 0, 1}, false},
        {{KM_LANE_MAIL_SHARE, 1, 0}, false},
        {{KM_LANE_MAIL_SHARE, 1, KM_LANE_AREA_MAX + 1u}, false},
        {{KM_LANE_MAIL_SHARE, 1, UINT64_MAX}, false},
        {{KM_LANE_MAIL_FORGET, 5, 0}, true},
        {{KM_LANE_MAIL_FORGET, 5, 1}, false},
        {{3, 5, 0}, false},
        {{0, 5, 0}, false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t buf[KM_LANE_MAIL_LEN + 1] = {0};
        struct km_lane_mail mail = {0};
        km_lane_mail_put(&rows[i].mail, buf);
        assert_int_equal(km_lane_mail_parse(KM_SLICE(buf, KM_LANE_MAIL_LEN), &mail), rows[i].ok);
        if (rows[i].ok)
            assert_memory_equal(&mail, &rows[i].mail, sizeof(mail));
        for (size_t len = 0; len <= sizeof(buf); len++)
            assert_true(len == KM_LANE_MAIL_LEN || !km_lane_mail_parse(KM_SLICE(buf, len), &mail));
    }
}

static struct km_lane_post post_of(uint32_t op, uint32_t types, uint32_t area, uint32_t a,
                                   uint32_t b)
{
    return (struct km_lane_post){.turn = km_lane_call_word(op, types, 0), .slots = {{area, a, b}}};
}

static void test_post(void **state)
{
    (void)state;
    const struct {
        struct km_lane_post post;
        bool ok;
    } rows[] = {
        {post_of(KM_LANE_INVOKE, 0, 9, 9, 9), true},
        {post_of(0, 0, 0, 0, 0), false},
        {post_of(4, 0, 0, 0, 0), false},
        {post_of(KM_LANE_OP_MAIL, 0, 0, 0, 0), false},
        {post_of(KM_LANE_OPEN, KM_PARAM_VALUE_INOUT, 9, 9, 9), true},
        {post_of(KM_LANE_CLOSE, 4, 0, 0, 0), false},
        {post_of(KM_LANE_INVOKE, 8, 0, 0, 0), false},
        {post_of(KM_LANE_INVOKE, 0xf, 0, 0, 0), false},
        {post_of(KM_LANE_INVOKE, 0xf000, 0, 0, 0), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, 0, 0, KM_LANE_ARENA_LEN), true},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, 0, 1, KM_LANE_ARENA_LEN), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, 0, KM_LANE_ARENA_LEN, 0), true},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_OUT, 0, KM_LANE_ARENA_LEN + 1, 0), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_INOUT, 0, UINT32_MAX, 2), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_INOUT, 1, UINT32_MAX, 2), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_INOUT, 1, UINT32_MAX, 0), true},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, KM_LANE_AREAS, 0, 0), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, KM_LANE_AREA_NULL, 0, 0), true},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, KM_LANE_AREA_NULL, 0, 1), false},
        {post_of(KM_LANE_INVOKE, KM_PARAM_MEM_IN, KM_LANE_AREA_NULL, 1, 0), false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (km_lane_post_check(&rows[i].post) != rows[i].ok)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_bytes), cmocka_unit_test(test_header_refused),
        cmocka_unit_test(test_opened),     cmocka_unit_test(test_error_and_text),
        cmocka_unit_test(test_mail),       cmocka_unit_test(test_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
