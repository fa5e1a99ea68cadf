/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/common/cbor.h"

#define DEPTH 4

/* Of octets without room behind them, so that a sanitizer sees who reads too far. */
static km_status read_some(struct km_slice octets, unsigned depth, json_t **ret)
{
    struct km_err err = {0};
    uint8_t *own = malloc(octets.len > 0 ? octets.len : 1);
    assert_non_null(own);
    km_copy(own, octets.len, octets.ptr, octets.len);
    km_status status = km_cbor_object(&err, KM_SLICE(own, octets.len), depth, ret);
    free(own);
    assert_true((status == KM_OK) == (err.text[0] == '\0'));
    assert_true((status == KM_OK) == (*ret != NULL));
    return status;
}

static km_status read_no_more(struct km_slice octets, unsigned depth)
{
    KM_AUTO(km_json_unref) json_t *value = NULL;
    return read_some(octets, depth, &value);
}

/* The octets, and what they are in JSON. RFC 8949, appendix A has most of them. */
static const struct {
    struct km_slice octets;
    const char *json;
} goods[] = {
#define GOOD(octets_, json_)                                                                       \
    {                                                                                              \
        .octets = {(const uint8_t *)(octets_), sizeof(octets_) - 1}, .json = (json_)               \
    }
    GOOD("\xa0", "{}"),
    GOOD("\xbf\xff", "{}"),
    GOOD("\xa2\x61\x61\x01\x61\x62\x82\x02\x03", "{\"a\":1,\"b\":[2,3]}"),
    GOOD("\xbf\x61\x61\x01\x61\x62\x9f\x02\x03\xff\xff", "{\"a\":1,\"b\":[2,3]}"),
    GOOD("\xa1\x61\x61\xbf\x61\x62\x80\xff", "{\"a\":{\"b\":[]}}"),
    GOOD("\xa1\x60\x60", "{\"\":\"\"}"),
    GOOD("\xa1\x78\x01\x61\x78\x02\xc3\xa4", "{\"a\":\"\xc3\xa4\"}"),
    GOOD("\xa1\x61\x61\x18\x64", "{\"a\":100}"),
    GOOD("\xa1\x61\x61\x19\x03\xe8", "{\"a\":1000}"),
    GOOD("\xa1\x61\x61\x1a\x00\x0f\x42\x40", "{\"a\":1000000}"),
    GOOD("\xa1\x61\x61\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", "{\"a\":9223372036854775807}"),
    GOOD("\xa1\x61\x61\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", "{\"a\":-9223372036854775808}"),
    GOOD("\xa1\x61\x61\x20", "{\"a\":-1}"),
    GOOD("\xa1\x61\x61\x38\x63", "{\"a\":-100}"),
    GOOD("\xa1\x61\x61\x39\x03\xe7", "{\"a\":-1000}"),
    GOOD("\xa1\x61\x61\x3a\x00\x00\x00\x00", "{\"a\":-1}"),
    GOOD("\xa1\x61\x61\xf9\x3c\x00", "{\"a\":1.0}"),
    GOOD("\xa1\x61\x61\xfa\x47\xc3\x50\x00", "{\"a\":100000.0}"),
    GOOD("\xa1\x61\x61\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", "{\"a\":1.1}"),
    GOOD("\xa1\x61\x61\x83\xf4\xf5\xf6", "{\"a\":[false,true,null]}"),
#undef GOOD
};

static json_t *json_of(const char *text)
{
    struct km_err err = {0};
    json_t *value = NULL;
    assert_int_equal(km_json_value(&err, KM_SLICE_STR(text), DEPTH, &value), KM_OK);
    return value;
}

static void test_what_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(goods); i++) {
        KM_AUTO(km_json_unref) json_t *value = NULL;
        KM_AUTO(km_json_unref) json_t *wanted = json_of(goods[i].json);
        assert_int_equal(read_some(goods[i].octets, DEPTH, &value), KM_OK);
        assert_true(json_equal(value, wanted));
    }
}

static void test_cut_and_longer(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(goods); i++) {
        uint8_t longer[64] = {0};
        struct km_slice good = goods[i].octets;
        for (size_t cut = 0; cut < good.len; cut++)
            assert_int_equal(read_no_more(KM_SLICE(good.ptr, cut), DEPTH), KM_E_MALFORMED);
        km_copy(longer, sizeof(longer), good.ptr, good.len);
        for (unsigned more = 0; more < 256; more++) {
            longer[good.len] = (uint8_t)more;
            assert_int_equal(read_no_more(KM_SLICE(longer, good.len + 1), DEPTH), KM_E_MALFORMED);
        }
    }
}

/* Whatever comes of it: no sanitizer complains, and what is read can be written and read. */
static void test_flipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(goods); i++) {
        uint8_t changed[64] = {0};
        struct km_slice good = goods[i].octets;
        for (size_t bit = 0; bit < good.len * 8; bit++) {
            struct km_err err = {0};
            KM_AUTO(km_json_unref) json_t *value = NULL;
            KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
            km_copy(changed, sizeof(changed), good.ptr, good.len);
            changed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            if (read_some(KM_SLICE(changed, good.len), DEPTH, &value) != KM_OK)
                continue;
            assert_int_equal(km_cbor_print(&err, value, 256, &text), KM_OK);
            assert_int_equal(read_no_more(KM_SLICE(text.ptr, text.len), DEPTH), KM_OK);
        }
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct km_slice rows[] = {
#define ROW(octets) {(const uint8_t *)(octets), sizeof(octets) - 1}
        ROW(""),
        ROW("\x01"), /* no map */
        ROW("\x80"),
        ROW("\x61\x61"),
        ROW("\xff"), /* nothing to end */
        ROW("\xa0\xff"),
        ROW("\xa1\xff"),
        ROW("\xa1\x61\x61\xff"),
        ROW("\xbf\x61\x61\xff"), /* a key and no value */
        ROW("\xa1\x01\x02"),     /* keys that are no texts */
        ROW("\xa1\x41\x61\x02"),
        ROW("\xa1\xf6\x02"),
        ROW("\xa1\x80\x02"),
        ROW("\xa2\x61\x61\x01\x61\x61\x02"), /* twice */
        ROW("\xbf\x61\x61\x01\x61\x61\x01\xff"),
        ROW("\xa1\x61\x61\x41\x00"), /* octets */
        ROW("\xa1\x61\x61\x5f\x41\x00\xff"),
        ROW("\xa1\x61\x61\x7f\x61\x61\xff"), /* in parts */
        ROW("\xa1\x7f\x61\x61\xff\x01"),
        ROW("\xa1\x61\x61\xc0\x01"), /* tags */
        ROW("\xd9\xd9\xf7\xa0"),
        ROW("\xa1\x61\x61\xf7"), /* undefined, and others */
        ROW("\xa1\x61\x61\xe0"),
        ROW("\xa1\x61\x61\xf8\x20"),
        ROW("\xa1\x61\x61\x1c"),                                 /* reserved */
        ROW("\xa1\x61\x61\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), /* too large for a sign */
        ROW("\xa1\x61\x61\x3b\x80\x00\x00\x00\x00\x00\x00\x00"),
        ROW("\xa1\x61\x61\xf9\x7c\x00"), /* not finite */
        ROW("\xa1\x61\x61\xfa\x7f\xc0\x00\x00"),
        ROW("\xa1\x61\x61\xfb\xff\xf0\x00\x00\x00\x00\x00\x00"),
        ROW("\xa1\x61\xff\x01"), /* no UTF-8, or NUL */
        ROW("\xa1\x61\x00\x01"),
        ROW("\xa1\x61\x61\x63\x61\x00\x62"),
        ROW("\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x61\x61\x01"), /* more than there is */
        ROW("\xa1\x61\x61\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        ROW("\xa1\x61\x61\x9b\x00\x00\x00\x01\x00\x00\x00\x00\x01"),
        ROW("\xa1\x61\x61\x7b\xff\xff\xff\xff\xff\xff\xff\xff\x61"),
        ROW("\xa1\x61\x61\x7a\x7f\xff\xff\xff\x61"),
#undef ROW
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(read_no_more(rows[i], DEPTH), KM_E_MALFORMED);
}

/* n containers in one map: {"a": [[...]]}, of one kind of array. */
static size_t nest(uint8_t *room, uint8_t head, size_t n, bool has_ends)
{
    size_t len = 0;
    room[len++] = 0xa1;
    room[len++] = 0x61;
    room[len++] = 'a';
    for (size_t i = 0; i + 1 < n; i++)
        room[len++] = head;
    room[len++] = 0x80;
    for (size_t i = 0; has_ends && i + 1 < n; i++)
        room[len++] = 0xff;
    return len;
}

static void test_depth(void **state)
{
    (void)state;
    static uint8_t room[200003];
    static const uint8_t heads[] = {0x81, 0x9f};
    for (size_t i = 0; i < KM_ARRAY_LEN(heads); i++) {
        bool has_ends = i == 1;
        for (unsigned depth = 2; depth <= KM_CBOR_DEPTH_MAX; depth++) {
            size_t len = nest(room, heads[i], depth - 1, has_ends);
            assert_int_equal(read_no_more(KM_SLICE(room, len), depth), KM_OK);
            assert_int_equal(read_no_more(KM_SLICE(room, len), depth - 1), KM_E_LIMIT);
        }
        size_t len = nest(room, heads[i], KM_CBOR_DEPTH_MAX, has_ends);
        assert_int_equal(read_no_more(KM_SLICE(room, len), 1000), KM_E_LIMIT);
        len = nest(room, heads[i], 100000, has_ends);
        assert_int_equal(read_no_more(KM_SLICE(room, len), 1000), KM_E_LIMIT);
    }
}

static void test_printed(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        struct km_slice octets;
    } rows[] = {
#define ROW(json_, octets_)                                                                        \
    {                                                                                              \
        .json = (json_), .octets = {(const uint8_t *)(octets_), sizeof(octets_) - 1 }              \
    }
        ROW("{}", "\xa0"),
        ROW("{\"b\":1,\"a\":[2,-3]}", "\xa2\x61\x62\x01\x61\x61\x82\x02\x22"),
        ROW("{\"a\":\"\"}", "\xa1\x61\x61\x60"),
        ROW("{\"a\":[true,false,null,1.5]}",
            "\xa1\x61\x61\x84\xf5\xf4\xf6\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"),
        ROW("{\"a\":-9223372036854775808}", "\xa1\x61\x61\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"),
#undef ROW
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        KM_AUTO(km_json_unref) json_t *value = json_of(rows[i].json);
        KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
        size_t len = rows[i].octets.len;
        for (size_t max = 0; max < len; max++)
            assert_int_equal(km_cbor_print(&err, value, max, &text), KM_E_LIMIT);
        assert_int_equal(km_cbor_print(&err, value, len, &text), KM_OK);
        assert_true(km_slice_equal(KM_SLICE(text.ptr, text.len), rows[i].octets));
    }
}

static void test_printed_depth(void **state)
{
    (void)state;
    struct km_err err = {0};
    KM_AUTO(km_json_unref) json_t *value = json_array();
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    for (unsigned i = 0; i < KM_CBOR_DEPTH_MAX; i++)
        value = json_pack("[o]", value);
    assert_int_equal(km_cbor_print(&err, value, 256, &text), KM_OK);
    km_json_text_clear(&text);
    value = json_pack("[o]", value);
    assert_int_equal(km_cbor_print(&err, value, 256, &text), KM_E_LIMIT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),  cmocka_unit_test(test_cut_and_longer),
        cmocka_unit_test(test_flipped),       cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_depth),         cmocka_unit_test(test_printed),
        cmocka_unit_test(test_printed_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
