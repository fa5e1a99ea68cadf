/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

/* One message with every kind of field, its parts read as a real parser would. */
struct sample {
    uint8_t u8;
    uint16_t u16le, u16be;
    uint32_t u32le, u32be;
    uint64_t u64le, u64be;
    uint8_t fixed[3];
    struct km_slice blob;
    struct km_slice inner;
};

static const uint8_t sample_octets[] = {
    0xa1,                                           /* u8 */
    0x02, 0x01, 0x01, 0x02,                         /* u16le, u16be */
    0x04, 0x03, 0x02, 0x81, 0x81, 0x02, 0x03, 0x04, /* u32le, u32be */
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x81, /* u64le */
    0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* u64be */
    'a',  'b',  'c',                                /* fixed */
    0x02, 0x00, 0x00, 0x00, 'h',  'i',              /* blob */
    0x02, 'x',  'y',                                /* a part with its length before it */
};

static bool sample_parse(struct km_slice in, struct sample *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_rd sub = {0};
    uint8_t sub_len = 0;
    return km_rd_u8(&rd, &ret->u8) && km_rd_u16le(&rd, &ret->u16le) &&
           km_rd_u16be(&rd, &ret->u16be) && km_rd_u32le(&rd, &ret->u32le) &&
           km_rd_u32be(&rd, &ret->u32be) && km_rd_u64le(&rd, &ret->u64le) &&
           km_rd_u64be(&rd, &ret->u64be) && km_rd_copy(&rd, ret->fixed, sizeof(ret->fixed)) &&
           km_rd_blob32le(&rd, 8, &ret->blob) && km_rd_u8(&rd, &sub_len) &&
           km_rd_sub(&rd, sub_len, &sub) && km_rd_done(&rd) &&
           km_rd_bytes(&sub, km_rd_left(&sub), &ret->inner) && km_rd_done(&sub);
}

static void sample_print(struct km_wr *wr, const struct sample *sample)
{
    km_wr_u8(wr, sample->u8);
    km_wr_u16le(wr, sample->u16le);
    km_wr_u16be(wr, sample->u16be);
    km_wr_u32le(wr, sample->u32le);
    km_wr_u32be(wr, sample->u32be);
    km_wr_u64le(wr, sample->u64le);
    km_wr_u64be(wr, sample->u64be);
    km_wr_bytes(wr, KM_SLICE(sample->fixed, sizeof(sample->fixed)));
    km_wr_blob32le(wr, sample->blob);
    size_t at = wr->len;
    km_wr_bytes(wr, sample->inner);
    const uint8_t inner_len = (uint8_t)sample->inner.len;
    km_wr_insert(wr, at, KM_SLICE(&inner_len, 1));
}

static void message_reads_and_prints_back(void **state)
{
    (void)state;
    struct sample sample = {0};
    struct km_slice in = KM_SLICE(sample_octets, sizeof(sample_octets));
    assert_true(sample_parse(in, &sample));
    assert_int_equal(sample.u8, 0xa1);
    assert_int_equal(sample.u16le, 0x0102);
    assert_int_equal(sample.u16be, 0x0102);
    assert_int_equal(sample.u32le, 0x81020304);
    assert_int_equal(sample.u32be, 0x81020304);
    assert_true(sample.u64le == 0x8102030405060708);
    assert_true(sample.u64be == 0x8102030405060708);
    assert_memory_equal(sample.fixed, "abc", 3);
    assert_true(km_slice_equal(sample.blob, OCTETS_OF("hi")));
    assert_true(km_slice_equal(sample.inner, OCTETS_OF("xy")));

    /* Every capacity: only the whole message fits, and nothing is written past the end. */
    for (size_t cap = 0; cap <= sizeof(sample_octets) + 1; cap++) {
        uint8_t buf[sizeof(sample_octets) + 2] = {0};
        buf[cap] = 0x5a;
        struct km_wr wr = km_wr_init(buf, cap);
        sample_print(&wr, &sample);
        struct km_slice out = {0};
        assert_int_equal(km_wr_finish(&wr, &out), cap >= sizeof(sample_octets));
        if (cap >= sizeof(sample_octets))
            assert_true(km_slice_equal(out, in));
        assert_int_equal(buf[cap], 0x5a);
    }
}

static void message_cut_or_too_long_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(sample_octets); len++) {
        /* A copy of its own size, so that a sanitizer sees a read past the cut. */
        uint8_t *cut = malloc(len + (len == 0));
        assert_non_null(cut);
        km_copy(cut, len, sample_octets, len);
        struct sample sample = {0};
        assert_false(sample_parse(KM_SLICE(cut, len), &sample));
        free(cut);
    }
    uint8_t longer[sizeof(sample_octets) + 1] = {0};
    km_copy(longer, sizeof(longer), sample_octets, sizeof(sample_octets));
    struct sample sample = {0};
    assert_false(sample_parse(KM_SLICE(longer, sizeof(longer)), &sample));
}

static void failed_read_moves_and_writes_nothing(void **state)
{
    (void)state;
    static const uint8_t seven[7] = {6, 0, 0, 0};
    for (size_t len = 0; len <= sizeof(seven); len++) {
        struct km_rd rd = km_rd_init(KM_SLICE(seven, len));
        const uint8_t *start = rd.pos;
        uint8_t u8 = 0x77;
        uint16_t u16 = 0x7777;
        uint32_t u32 = 0x77777777;
        uint64_t u64 = 0x7777777777777777;
        struct km_slice slice = {.ptr = &u8, .len = 77};
        struct km_rd sub = {.pos = &u8, .end = &u8};
        uint8_t copy[8] = {0x77};
        assert_false(len < 1 && km_rd_u8(&rd, &u8));
        assert_false(len < 2 && (km_rd_u16le(&rd, &u16) || km_rd_u16be(&rd, &u16)));
        assert_false(len < 4 && (km_rd_u32le(&rd, &u32) || km_rd_u32be(&rd, &u32)));
        assert_false(km_rd_u64le(&rd, &u64) || km_rd_u64be(&rd, &u64));
        assert_false(km_rd_bytes(&rd, len + 1, &slice) || km_rd_bytes(&rd, SIZE_MAX, &slice));
        assert_false(km_rd_copy(&rd, copy, 8));
        assert_false(km_rd_sub(&rd, len + 1, &sub) || km_rd_sub(&rd, SIZE_MAX, &sub));
        assert_false(km_rd_blob32le(&rd, SIZE_MAX, &slice));
        assert_ptr_equal(rd.pos, start);
        assert_int_equal(km_rd_left(&rd), len);
        assert_true(u8 == 0x77 && u16 == 0x7777 && u32 == 0x77777777 && u64 == 0x7777777777777777 &&
                    slice.len == 77 && sub.pos == &u8 && copy[0] == 0x77);
    }
}

static void blob_limits(void **state)
{
    (void)state;
    static const struct {
        struct km_slice in;
        size_t max;
        bool ok;
    } rows[] = {
        {OCTETS("\0\0\0\0"), 0, true},
        {OCTETS("\1\0\0\0x"), 1, true},
        {OCTETS("\1\0\0\0x"), 0, false},                /* longer than allowed */
        {OCTETS("\2\0\0\0xx"), 1, false},               /* one too long */
        {OCTETS("\2\0\0\0x"), 9, false},                /* cut */
        {OCTETS("\xff\xff\xff\xffx"), SIZE_MAX, false}, /* a length out of this world */
        {OCTETS("\1\0\0"), 9, false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rd rd = km_rd_init(rows[i].in);
        struct km_slice blob = {0};
        assert_int_equal(km_rd_blob32le(&rd, rows[i].max, &blob), rows[i].ok);
        assert_int_equal(km_rd_done(&rd), rows[i].ok);
    }
}

static void depth_has_an_end(void **state)
{
    (void)state;
    static const uint8_t octet = 0;
    struct km_rd rd = km_rd_init(KM_SLICE(&octet, 1));
    for (unsigned i = 0; i < KM_RD_DEPTH; i++) {
        struct km_rd inner = {0};
        assert_true(km_rd_sub(&rd, 1, &inner));
        rd = inner;
    }
    struct km_rd inner = {0};
    assert_false(km_rd_sub(&rd, 1, &inner));
    assert_false(km_rd_sub(&rd, 0, &inner));
    assert_int_equal(km_rd_left(&rd), 1);
}

static void null_is_empty(void **state)
{
    (void)state;
    struct km_rd rd = km_rd_init((struct km_slice){0});
    uint8_t octet = 0;
    struct km_slice none = {0};
    assert_true(km_rd_done(&rd));
    assert_false(km_rd_u8(&rd, &octet));
    assert_true(km_rd_bytes(&rd, 0, &none));
    assert_int_equal(none.len, 0);

    struct km_wr wr = km_wr_init(NULL, 16);
    km_wr_bytes(&wr, (struct km_slice){0});
    assert_true(km_wr_finish(&wr, &none));
    km_wr_u8(&wr, 1);
    assert_false(km_wr_finish(&wr, &none));
    km_copy(NULL, 0, NULL, 0);
    assert_true(km_slice_equal((struct km_slice){0}, OCTETS_OF("")));
}

static void overflow_is_remembered(void **state)
{
    (void)state;
    uint8_t buf[4] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice out = {0};
    km_wr_u16be(&wr, 0x0102);
    km_wr_u32be(&wr, 0xffffffff); /* does not fit: nothing of it is written */
    km_wr_u8(&wr, 0xff);          /* would fit, but comes behind the overflow */
    km_wr_insert(&wr, 0, OCTETS_OF("z"));
    assert_false(km_wr_finish(&wr, &out));
    assert_memory_equal(buf, "\1\2\0\0", 4);

    wr = km_wr_init(buf, sizeof(buf));
    km_wr_bytes(&wr, KM_SLICE(buf, SIZE_MAX));
    assert_false(km_wr_finish(&wr, &out));
#if SIZE_MAX > UINT32_MAX
    wr = km_wr_init(buf, sizeof(buf));
    km_wr_blob32le(&wr, KM_SLICE(buf, (size_t)UINT32_MAX + 1));
    assert_false(km_wr_finish(&wr, &out));
#endif
}

static void insert_shifts(void **state)
{
    static const struct {
        size_t at;
        const char *bytes;
        const char *expected; /* NULL: refused */
    } rows[] = {
        {0, "ab", "abxyz"}, {1, "ab", "xabyz"}, {3, "ab", "xyzab"},
        {3, "", "xyz"},     {4, "a", NULL},     {0, "abc", NULL},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t buf[5] = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_wr_bytes(&wr, OCTETS_OF("xyz"));
        km_wr_insert(&wr, rows[i].at, KM_SLICE_STR(rows[i].bytes));
        struct km_slice out = {0};
        assert_int_equal(km_wr_finish(&wr, &out), rows[i].expected != NULL);
        if (rows[i].expected != NULL)
            assert_true(km_slice_equal(out, KM_SLICE_STR(rows[i].expected)));
    }
}

static int copy_too_much(void *arg)
{
    uint8_t buf[4] = {0};
    km_copy(buf, sizeof(buf), arg, 5);
    return 0;
}

static int hex_too_much(void *arg)
{
    char text[4] = {0};
    km_hex(KM_SLICE(arg, 2), text, sizeof(text));
    return 0;
}

static int hex_nowhere(void *arg)
{
    km_hex(KM_SLICE(arg, 0), arg, 0);
    return 0;
}

static void our_own_bugs_abort(void **state)
{
    (void)state;
    char source[8] = {0};
    assert_child_killed_by(SIGABRT, copy_too_much, source);
    assert_child_killed_by(SIGABRT, hex_too_much, source);
    assert_child_killed_by(SIGABRT, hex_nowhere, source);
}

static void utf8(void **state)
{
    static const struct {
        struct km_slice text;
        bool ok;
    } rows[] = {
        {OCTETS(""), true},
        {OCTETS("plain"), true},
        {OCTETS("\x01\x7f"), true},
        {OCTETS("\xc2\x80\xdf\xbf"), true},                 /* U+0080, U+07FF */
        {OCTETS("\xe0\xa0\x80\xef\xbf\xbf"), true},         /* U+0800, U+FFFF */
        {OCTETS("\xed\x9f\xbf\xee\x80\x80"), true},         /* around the surrogates */
        {OCTETS("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true}, /* U+10000, U+10FFFF */
        {OCTETS("a\0b"), false},
        {OCTETS("\0"), false},
        {OCTETS("\x80"), false}, /* a continuation alone */
        {OCTETS("\xbf"), false},
        {OCTETS("\xc0\x80"), false},         /* NUL, overlong */
        {OCTETS("\xc1\xbf"), false},         /* overlong */
        {OCTETS("\xe0\x9f\xbf"), false},     /* overlong */
        {OCTETS("\xf0\x8f\xbf\xbf"), false}, /* overlong */
        {OCTETS("\xed\xa0\x80"), false},     /* U+D800 */
        {OCTETS("\xed\xbf\xbf"), false},     /* U+DFFF */
        {OCTETS("\xf4\x90\x80\x80"), false}, /* U+110000 */
        {OCTETS("\xf5\x80\x80\x80"), false},
        {OCTETS("\xf8\x88\x80\x80\x80"), false}, /* five octets */
        {OCTETS("\xfe"), false},
        {OCTETS("\xff"), false},
        {OCTETS("\xc2"), false}, /* cut */
        {OCTETS("\xe0\xa0"), false},
        {OCTETS("\xf0\x90\x80"), false},
        {OCTETS("\xc2\x41"), false}, /* not a continuation */
        {OCTETS("\xe1\x80\x41"), false},
        {OCTETS("\xf1\x80\x80\xc0"), false},
        {OCTETS("good\xc2\x80 then \xff"), false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(km_utf8_valid(rows[i].text), rows[i].ok);
}

static void hex(void **state)
{
    (void)state;
    char text[9] = "????????";
    km_hex(OCTETS_OF("\x00\x7f\xa0\xff"), text, sizeof(text));
    assert_string_equal(text, "007fa0ff");
    km_hex(OCTETS_OF(""), text, 1);
    assert_string_equal(text, "");

    static const struct {
        const char *text;
        size_t len;
        bool ok;
    } rows[] = {
        {"", 0, true},      {"00ff", 2, true}, {"aBcD", 2, true},       {"00ff", 1, false},
        {"00ff", 3, false}, {"00f", 1, false}, {"00f", 2, false},       {"0g", 1, false},
        {" 0", 1, false},   {"0x", 1, false},  {"-1", 1, false},        {"", 1, false},
        {"00", 0, false},   {"/0", 1, false},  {":0", 1, false},        {"@0", 1, false},
        {"`0", 1, false},   {"G0", 1, false},  {"00", SIZE_MAX, false}, {"\xb0\xb0", 1, false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t octets[4] = {0x77, 0x77, 0x77, 0x77};
        assert_int_equal(km_unhex(rows[i].text, octets, rows[i].len), rows[i].ok);
        if (!rows[i].ok)
            assert_memory_equal(octets, "wwww", 4);
    }
    uint8_t octets[2] = {0};
    assert_true(km_unhex("aBcD", octets, 2));
    assert_memory_equal(octets, "\xab\xcd", 2);
}

static void slices_compare(void **state)
{
    (void)state;
    assert_true(km_slice_equal(OCTETS_OF("ab"), OCTETS_OF("ab")));
    assert_false(km_slice_equal(OCTETS_OF("ab"), OCTETS_OF("abc")));
    assert_false(km_slice_equal(OCTETS_OF("ab"), OCTETS_OF("ac")));
    assert_true(km_slice_equal(OCTETS_OF(""), (struct km_slice){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_reads_and_prints_back),
        cmocka_unit_test(message_cut_or_too_long_is_refused),
        cmocka_unit_test(failed_read_moves_and_writes_nothing),
        cmocka_unit_test(blob_limits),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(null_is_empty),
        cmocka_unit_test(overflow_is_remembered),
        cmocka_unit_test(insert_shifts),
        cmocka_unit_test(our_own_bugs_abort),
        cmocka_unit_test(utf8),
        cmocka_unit_test(hex),
        cmocka_unit_test(slices_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
