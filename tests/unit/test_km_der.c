/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_der.h"
#include "tests/unit/km_test.h"

/* One whole element, legal or not, as any reader sees it (X.690 8.1, 10.1, 10.2). */
static void headers(void **state)
{
    static const struct {
        struct km_slice in;
        bool ok;
    } rows[] = {
        {OCTETS("\x04\x00"), true},
        {OCTETS("\x04\x01x"), true},
        {OCTETS("\x30\x00"), true},
        {OCTETS("\x31\x00"), true},
        {OCTETS("\x80\x00"), true},
        {OCTETS("\xa0\x00"), true},
        {OCTETS("\xbe\x00"), true},
        {OCTETS("\xfe\x00"), true},
        {OCTETS("\x2b\x00"), true},
        {OCTETS(""), false},
        {OCTETS("\x04"), false},                      /* no length */
        {OCTETS("\x04\x01"), false},                  /* cut */
        {OCTETS("\x04\x80"), false},                  /* indefinite */
        {OCTETS("\x30\x80\x00\x00"), false},          /* indefinite, ended */
        {OCTETS("\x04\x81\x00"), false},              /* not minimal */
        {OCTETS("\x04\x81\x01x"), false},             /* not minimal */
        {OCTETS("\x04\x82\x00\x01x"), false},         /* leading zero */
        {OCTETS("\x04\x84\x00\x00\x00\x01x"), false}, /* leading zeros */
        {OCTETS("\x04\x81"), false},                  /* cut inside the length */
        {OCTETS("\x04\x82\x01"), false},
        {OCTETS("\x04\x84\xff\xff\xff\xff"), false}, /* longer than the world */
        {OCTETS("\x04\x85\x01\x00\x00\x00\x00"), false},
        {OCTETS("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"), false},
        {OCTETS("\x04\xff"), false},     /* reserved */
        {OCTETS("\x1f\x1f\x00"), false}, /* high tag numbers */
        {OCTETS("\x3f\x01\x00"), false},
        {OCTETS("\x9f\x81\x00\x00"), false},
        {OCTETS("\xbf\x1f\x00"), false},
        {OCTETS("\xff\x1f\x00"), false},
        {OCTETS("\x00\x00"), false}, /* end of contents */
        {OCTETS("\x20\x00"), false},
        {OCTETS("\x10\x00"), false}, /* a primitive SEQUENCE */
        {OCTETS("\x11\x00"), false},
        {OCTETS("\x0b\x00"), false},
        {OCTETS("\x22\x00"), false}, /* a constructed INTEGER */
        {OCTETS("\x23\x00"), false}, /* a constructed string */
        {OCTETS("\x24\x00"), false},
        {OCTETS("\x2c\x00"), false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rd rd = km_rd_init(rows[i].in);
        const uint8_t *start = rd.pos;
        uint8_t tag = 0x77;
        struct km_slice contents = {0};
        struct km_slice whole = {0};
        assert_int_equal(km_der_any(&rd, &tag, &contents, &whole), rows[i].ok);
        if (rows[i].ok) {
            assert_true(km_rd_done(&rd));
            assert_int_equal(tag, rows[i].in.ptr[0]);
            assert_true(km_slice_equal(whole, rows[i].in));
        } else {
            assert_ptr_equal(rd.pos, start);
            assert_int_equal(tag, 0x77);
            assert_true(contents.ptr == NULL && whole.ptr == NULL);
        }
    }
}

/* Around each change of the length's form: written, read, cut by one. */
static void lengths(void **state)
{
    static const struct {
        size_t len;
        struct km_slice header;
    } rows[] = {
        {0, OCTETS("\x04\x00")},
        {0x7f, OCTETS("\x04\x7f")},
        {0x80, OCTETS("\x04\x81\x80")},
        {0xff, OCTETS("\x04\x81\xff")},
        {0x100, OCTETS("\x04\x82\x01\x00")},
        {0xffff, OCTETS("\x04\x82\xff\xff")},
        {0x10000, OCTETS("\x04\x83\x01\x00\x00")},
        {0x1000000, OCTETS("\x04\x84\x01\x00\x00\x00")},
    };
    (void)state;
    const size_t cap = 0x1000000 + 6;
    uint8_t *contents = calloc(1, cap);
    uint8_t *buf = calloc(2, cap);
    assert_true(contents != NULL && buf != NULL);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_wr wr = km_wr_init(buf, cap);
        km_der_put(&wr, KM_DER_OCTET_STRING, KM_SLICE(contents, rows[i].len));
        struct km_slice out = {0};
        assert_true(km_wr_finish(&wr, &out));
        assert_int_equal(out.len, rows[i].header.len + rows[i].len);
        assert_memory_equal(out.ptr, rows[i].header.ptr, rows[i].header.len);

        wr = km_wr_init(buf + cap, cap);
        size_t mark = km_der_begin(&wr, KM_DER_OCTET_STRING);
        km_wr_bytes(&wr, KM_SLICE(contents, rows[i].len));
        km_der_end(&wr, mark);
        struct km_slice late = {0};
        assert_true(km_wr_finish(&wr, &late));
        assert_true(km_slice_equal(out, late));

        struct km_rd rd = km_rd_init(out);
        struct km_slice back = {0};
        assert_true(km_der_bytes(&rd, KM_DER_OCTET_STRING, &back) && km_rd_done(&rd));
        assert_int_equal(back.len, rows[i].len);
        rd = km_rd_init(KM_SLICE(out.ptr, out.len - 1));
        assert_false(km_der_bytes(&rd, KM_DER_OCTET_STRING, &back));
    }
    free(contents);
    free(buf);
}

/* A header alone: lengths beyond memory, and nothing read of what follows. */
static void headers_without_contents(void **state)
{
    static const struct {
        struct km_slice in;
        bool ok;
        uint64_t len;
    } rows[] = {
        {OCTETS("\x04\x00"), true, 0},
        {OCTETS("\x04\x7f"), true, 0x7f},
        {OCTETS("\x04\x81\x80"), true, 0x80},
        {OCTETS("\x04\x84\xff\xff\xff\xff"), true, UINT32_MAX},
        {OCTETS("\x04\x85\x01\x00\x00\x00\x00"), true, 0x100000000},
        {OCTETS("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"), true, UINT64_MAX},
        {OCTETS("\x04\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00"), false, 0},
        {OCTETS("\x04\x85\x00\xff\xff\xff\xff"), false, 0}, /* not minimal */
        {OCTETS("\x04\x81\x7f"), false, 0},
        {OCTETS("\x04\x80"), false, 0},     /* indefinite */
        {OCTETS("\x04\x82\x01"), false, 0}, /* cut */
        {OCTETS("\x04"), false, 0},
        {OCTETS(""), false, 0},
        {OCTETS("\x0c\x01"), false, 0}, /* another tag */
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rd rd = km_rd_init(rows[i].in);
        uint64_t len = 7;
        assert_int_equal(km_der_header(&rd, KM_DER_OCTET_STRING, &len), rows[i].ok);
        assert_int_equal(km_rd_left(&rd), rows[i].ok ? 0 : rows[i].in.len);
        assert_int_equal(len, rows[i].ok ? rows[i].len : 7);
        if (!rows[i].ok)
            continue;
        uint8_t buf[16] = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        struct km_slice out = {0};
        km_der_put_header(&wr, KM_DER_OCTET_STRING, rows[i].len);
        assert_true(km_wr_finish(&wr, &out) && km_slice_equal(out, rows[i].in));
    }
}

static void integers(void **state)
{
    static const struct {
        struct km_slice in;
        bool fits_u64;
        uint64_t v;
        struct km_slice magnitude; /* empty: refused altogether */
    } rows[] = {
        {OCTETS("\x02\x01\x00"), true, 0, OCTETS("\x00")},
        {OCTETS("\x02\x01\x01"), true, 1, OCTETS("\x01")},
        {OCTETS("\x02\x01\x7f"), true, 0x7f, OCTETS("\x7f")},
        {OCTETS("\x02\x02\x00\x80"), true, 0x80, OCTETS("\x80")},
        {OCTETS("\x02\x02\x01\x00"), true, 0x100, OCTETS("\x01\x00")},
        {OCTETS("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"), true, UINT64_MAX,
         OCTETS("\xff\xff\xff\xff\xff\xff\xff\xff")},
        {OCTETS("\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"), false, 0,
         OCTETS("\x01\x00\x00\x00\x00\x00\x00\x00\x00")},
        {OCTETS("\x02\x00"), false, 0, OCTETS("")},             /* no contents */
        {OCTETS("\x02\x01\x80"), false, 0, OCTETS("")},         /* negative */
        {OCTETS("\x02\x01\xff"), false, 0, OCTETS("")},         /* negative */
        {OCTETS("\x02\x02\xff\x80"), false, 0, OCTETS("")},     /* negative, not minimal */
        {OCTETS("\x02\x02\x00\x00"), false, 0, OCTETS("")},     /* not minimal */
        {OCTETS("\x02\x02\x00\x7f"), false, 0, OCTETS("")},     /* not minimal */
        {OCTETS("\x02\x03\x00\x00\x80"), false, 0, OCTETS("")}, /* not minimal */
        {OCTETS("\x02\x81\x01\x01"), false, 0, OCTETS("")},     /* length not minimal */
        {OCTETS("\x02\x02\x01"), false, 0, OCTETS("")},         /* cut */
        {OCTETS("\x22\x03\x02\x01\x01"), false, 0, OCTETS("")}, /* constructed */
        {OCTETS("\x0a\x01\x01"), false, 0, OCTETS("")},         /* another type */
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rd rd = km_rd_init(rows[i].in);
        uint64_t v = 0x77;
        assert_int_equal(km_der_u64(&rd, KM_DER_INTEGER, &v), rows[i].fits_u64);
        assert_true(v == (rows[i].fits_u64 ? rows[i].v : 0x77));
        assert_int_equal(km_rd_left(&rd), rows[i].fits_u64 ? 0 : rows[i].in.len);

        bool ok = rows[i].magnitude.len > 0;
        struct km_slice magnitude = {0};
        rd = km_rd_init(rows[i].in);
        assert_int_equal(km_der_uint(&rd, &magnitude), ok);
        assert_true(km_slice_equal(magnitude, rows[i].magnitude));
        assert_int_equal(km_rd_left(&rd), ok ? 0 : rows[i].in.len);
        if (!ok)
            continue;

        uint8_t buf[32] = {0};
        struct km_slice out = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_der_put_uint(&wr, magnitude);
        assert_true(km_wr_finish(&wr, &out) && km_slice_equal(out, rows[i].in));
        if (!rows[i].fits_u64)
            continue;
        wr = km_wr_init(buf, sizeof(buf));
        km_der_put_u64(&wr, KM_DER_INTEGER, v);
        assert_true(km_wr_finish(&wr, &out) && km_slice_equal(out, rows[i].in));
    }
}

static void magnitudes_lose_leading_zeros(void **state)
{
    static const struct {
        struct km_slice magnitude, der;
    } rows[] = {
        {OCTETS(""), OCTETS("\x02\x01\x00")},
        {OCTETS("\0\0\0"), OCTETS("\x02\x01\x00")},
        {OCTETS("\0\0\x7f"), OCTETS("\x02\x01\x7f")},
        {OCTETS("\0\0\x80"), OCTETS("\x02\x02\x00\x80")},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t buf[8] = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_der_put_uint(&wr, rows[i].magnitude);
        struct km_slice out = {0};
        assert_true(km_wr_finish(&wr, &out) && km_slice_equal(out, rows[i].der));
    }
}

static bool reads_bool(struct km_rd *rd)
{
    bool v = false;
    return km_der_bool(rd, &v);
}

static bool reads_bit_string(struct km_rd *rd)
{
    struct km_slice v = {0};
    return km_der_bit_string(rd, &v);
}

static bool reads_utf8_of_4(struct km_rd *rd)
{
    struct km_slice v = {0};
    return km_der_utf8(rd, 4, &v);
}

static bool reads_oid(struct km_rd *rd)
{
    return km_der_oid_is(rd, OCTETS_OF("\x2a\x86\x48"));
}

static bool reads_enumerated(struct km_rd *rd)
{
    uint64_t v = 0;
    return km_der_u64(rd, KM_DER_ENUMERATED, &v);
}

static bool reads_implicit(struct km_rd *rd)
{
    struct km_slice v = {0};
    return km_der_bytes(rd, KM_DER_CONTEXT_PRIM(3), &v);
}

static bool reads_constructed_as_bytes(struct km_rd *rd)
{
    struct km_slice v = {0};
    return km_der_bytes(rd, KM_DER_SEQUENCE, &v);
}

static void types(void **state)
{
    static const struct {
        bool (*read)(struct km_rd *rd);
        struct km_slice in;
        bool ok;
    } rows[] = {
        {reads_bool, OCTETS("\x01\x01\x00"), true},
        {reads_bool, OCTETS("\x01\x01\xff"), true},
        {reads_bool, OCTETS("\x01\x01\x01"), false},
        {reads_bool, OCTETS("\x01\x00"), false},
        {reads_bool, OCTETS("\x01\x02\xff\xff"), false},
        {km_der_null, OCTETS("\x05\x00"), true},
        {km_der_null, OCTETS("\x05\x01\x00"), false},
        {km_der_null, OCTETS("\x05\x81\x00"), false},
        {reads_bit_string, OCTETS("\x03\x01\x00"), true},
        {reads_bit_string, OCTETS("\x03\x02\x00\xff"), true},
        {reads_bit_string, OCTETS("\x03\x00"), false},
        {reads_bit_string, OCTETS("\x03\x02\x01\xfe"), false},
        {reads_bit_string, OCTETS("\x23\x05\x03\x03\x00\x01\x02"), false},
        {reads_utf8_of_4, OCTETS("\x0c\x00"), true},
        {reads_utf8_of_4, OCTETS("\x0c\x04\xf0\x90\x80\x80"), true},
        {reads_utf8_of_4,
         OCTETS("\x0c\x05"
                "abcde"),
         false},
        {reads_utf8_of_4, OCTETS("\x0c\x01\xff"), false},
        {reads_utf8_of_4, OCTETS("\x0c\x01\x00"), false},
        {reads_utf8_of_4, OCTETS("\x13\x01x"), false},
        {reads_oid, OCTETS("\x06\x03\x2a\x86\x48"), true},
        {reads_oid, OCTETS("\x06\x03\x2a\x86\x49"), false},
        {reads_oid, OCTETS("\x06\x02\x2a\x86"), false},
        {reads_oid, OCTETS("\x06\x04\x2a\x86\x48\x01"), false},
        {reads_oid, OCTETS("\x06\x00"), false},
        {reads_enumerated, OCTETS("\x0a\x01\x02"), true},
        {reads_enumerated, OCTETS("\x02\x01\x02"), false},
        {reads_implicit, OCTETS("\x83\x01x"), true},
        {reads_implicit, OCTETS("\xa3\x01x"), false},
        {reads_implicit, OCTETS("\x84\x01x"), false},
        {reads_constructed_as_bytes, OCTETS("\x30\x00"), false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        /* Refused or read, cut at every octet, and with one octet behind that stays unread. */
        for (size_t len = 0; len <= rows[i].in.len; len++) {
            struct km_rd rd = km_rd_init(KM_SLICE(rows[i].in.ptr, len));
            bool ok = rows[i].ok && len == rows[i].in.len;
            assert_int_equal(rows[i].read(&rd), ok);
            assert_int_equal(km_rd_left(&rd), ok ? 0 : len);
        }
        uint8_t longer[16] = {0};
        km_copy(longer, sizeof(longer), rows[i].in.ptr, rows[i].in.len);
        struct km_rd rd = km_rd_init(KM_SLICE(longer, rows[i].in.len + 1));
        assert_int_equal(rows[i].read(&rd), rows[i].ok);
        assert_false(km_rd_done(&rd));
    }
}

static void values_print_back(void **state)
{
    (void)state;
    uint8_t buf[64] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    size_t seq = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put_bool(&wr, true);
    km_der_put_bool(&wr, false);
    km_der_put_null(&wr);
    km_der_put_bit_string(&wr, OCTETS_OF("\xaa"));
    size_t inner = km_der_begin(&wr, KM_DER_CONTEXT(0));
    km_der_put_u64(&wr, KM_DER_ENUMERATED, 5);
    km_der_end(&wr, inner);
    km_der_end(&wr, seq);
    struct km_slice out = {0};
    assert_true(km_wr_finish(&wr, &out));
    assert_true(km_slice_equal(out, OCTETS_OF("\x30\x11\x01\x01\xff\x01\x01\x00\x05\x00"
                                              "\x03\x02\x00\xaa\xa0\x03\x0a\x01\x05")));

    struct km_rd rd = km_rd_init(out);
    struct km_rd body = {0};
    struct km_rd part = {0};
    uint8_t tag = 0;
    bool yes = false;
    bool no = true;
    struct km_slice bits = {0};
    uint64_t v = 0;
    assert_true(km_der_peek(&rd, &tag) && tag == KM_DER_SEQUENCE && km_rd_left(&rd) == out.len);
    assert_true(km_der_enter(&rd, KM_DER_SEQUENCE, &body) && km_rd_done(&rd));
    assert_false(km_der_peek(&rd, &tag));
    assert_true(km_der_bool(&body, &yes) && km_der_bool(&body, &no) && yes && !no);
    assert_true(km_der_null(&body) && km_der_bit_string(&body, &bits));
    assert_true(km_slice_equal(bits, OCTETS_OF("\xaa")));
    assert_false(km_der_enter(&body, KM_DER_CONTEXT(1), &part));
    assert_true(km_der_enter(&body, KM_DER_CONTEXT(0), &part) && km_rd_done(&body));
    assert_true(km_der_u64(&part, KM_DER_ENUMERATED, &v) && v == 5 && km_rd_done(&part));
}

static void writer_never_writes_what_reader_refuses(void **state)
{
    static const uint8_t tags[] = {0x00, 0x1f, 0x3f, 0x9f, 0xff, 0x10, 0x22, 0x24};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(tags); i++) {
        uint8_t buf[8] = {0};
        struct km_slice out = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_der_put(&wr, tags[i], OCTETS_OF("x"));
        assert_false(km_wr_finish(&wr, &out));
        wr = km_wr_init(buf, sizeof(buf));
        km_der_end(&wr, km_der_begin(&wr, tags[i]));
        assert_false(km_wr_finish(&wr, &out));
    }
    uint8_t buf[8] = {0};
    struct km_slice out = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_der_end(&wr, 1); /* a mark nobody gave */
    assert_false(km_wr_finish(&wr, &out));
    for (size_t cap = 0; cap < 7; cap++) {
        wr = km_wr_init(buf, cap);
        size_t mark = km_der_begin(&wr, KM_DER_SEQUENCE);
        km_der_put(&wr, KM_DER_OCTET_STRING, OCTETS_OF("abc"));
        km_der_end(&wr, mark);
        assert_false(km_wr_finish(&wr, &out));
    }
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    uint8_t buf[4 * KM_RD_DEPTH] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    for (unsigned i = 0; i <= KM_RD_DEPTH; i++)
        km_wr_insert(&wr, 0, KM_SLICE(((uint8_t[]){0x30, (uint8_t)wr.len}), 2));
    struct km_slice deep = {0};
    assert_true(km_wr_finish(&wr, &deep));
    struct km_rd rd = km_rd_init(deep);
    for (unsigned i = 0; i < KM_RD_DEPTH; i++) {
        struct km_rd inner = {0};
        assert_true(km_der_enter(&rd, KM_DER_SEQUENCE, &inner));
        rd = inner;
    }
    struct km_rd inner = {0};
    assert_false(km_der_enter(&rd, KM_DER_SEQUENCE, &inner));
    assert_int_equal(km_rd_left(&rd), 2);
}

/* raw -> DER -> raw for the coordinate sizes of P-256, P-384 and P-521, and odd small ones. */
static void ecdsa_round_trip(void **state)
{
    static const size_t sizes[] = {1, 2, 20, 32, 48, 66, 127, 200};
    static const struct {
        uint8_t first, rest;
    } fills[] = {{0x00, 0x00}, {0x00, 0x01}, {0x00, 0x80}, {0x01, 0xff},
                 {0x7f, 0xff}, {0x80, 0x00}, {0xff, 0xff}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(sizes); i++) {
        for (size_t k = 0; k < KM_ARRAY_LEN(fills); k++) {
            uint8_t raw[400] = {0};
            size_t raw_len = 2 * sizes[i];
            memset(raw, fills[k].rest, raw_len);
            raw[0] = fills[k].first;
            raw[sizes[i]] = (uint8_t)~fills[k].first;
            uint8_t buf[512] = {0};
            size_t der_len = 0;
            assert_true(
                km_der_ecdsa_from_raw(KM_SLICE(raw, raw_len), KM_SPAN(buf, sizeof(buf)), &der_len));
            uint8_t back[401] = {0};
            back[raw_len] = 0x5a;
            assert_true(km_der_ecdsa_to_raw(KM_SLICE(buf, der_len), sizes[i], back));
            assert_memory_equal(back, raw, raw_len);
            assert_int_equal(back[raw_len], 0x5a);

            /* One octet less than needed, cut anywhere, one more: refused, result untouched. */
            size_t other_len = 77;
            assert_false(km_der_ecdsa_from_raw(KM_SLICE(raw, raw_len), KM_SPAN(buf, der_len - 1),
                                               &other_len));
            assert_int_equal(other_len, 77);
            assert_true(
                km_der_ecdsa_from_raw(KM_SLICE(raw, raw_len), KM_SPAN(buf, der_len), &other_len));
            memset(back, 0x5a, sizeof(back));
            for (size_t cut = 0; cut < der_len; cut++)
                assert_false(km_der_ecdsa_to_raw(KM_SLICE(buf, cut), sizes[i], back));
            buf[der_len] = 0;
            assert_false(km_der_ecdsa_to_raw(KM_SLICE(buf, der_len + 1), sizes[i], back));
            assert_int_equal(back[0], 0x5a);
        }
    }
}

static void ecdsa_refused(void **state)
{
    static const struct km_slice rows[] = {
        OCTETS("\x30\x06\x02\x01\xff\x02\x01\x01"),         /* r negative */
        OCTETS("\x30\x06\x02\x01\x01\x02\x01\x80"),         /* s negative */
        OCTETS("\x30\x07\x02\x02\x00\x01\x02\x01\x01"),     /* r not minimal */
        OCTETS("\x30\x08\x02\x03\x01\x02\x03\x02\x01\x01"), /* r too long for two octets */
        OCTETS("\x30\x09\x02\x04\x00\x81\x02\x03\x02\x01\x01"),
        OCTETS("\x30\x08\x02\x01\x01\x02\x03\x01\x02\x03"),     /* s too long */
        OCTETS("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01"), /* a third */
        OCTETS("\x30\x03\x02\x01\x01"),                         /* only one */
        OCTETS("\x30\x00"),
        OCTETS("\x30\x05\x02\x00\x02\x01\x01"),         /* empty r */
        OCTETS("\x31\x06\x02\x01\x01\x02\x01\x01"),     /* a SET */
        OCTETS("\x30\x81\x06\x02\x01\x01\x02\x01\x01"), /* length not minimal */
        OCTETS("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00"),
        OCTETS("\x30\x06\x0a\x01\x01\x02\x01\x01"), /* not an INTEGER */
        OCTETS("\x30\x06\x02\x01\x01\x02\x01\x01\x00"),
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t raw[4] = {0x77, 0x77, 0x77, 0x77};
        assert_false(km_der_ecdsa_to_raw(rows[i], 2, raw));
        assert_memory_equal(raw, "wwww", 4);
    }
    uint8_t raw[3] = {1, 2, 3};
    uint8_t buf[16] = {0};
    size_t len = 0;
    assert_false(km_der_ecdsa_from_raw(KM_SLICE(raw, 3), KM_SPAN(buf, sizeof(buf)), &len));
    assert_false(km_der_ecdsa_from_raw(KM_SLICE(raw, 0), KM_SPAN(buf, sizeof(buf)), &len));
    assert_false(km_der_ecdsa_to_raw(OCTETS_OF("\x30\x06\x02\x01\x01\x02\x01\x01"), 0, raw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(lengths),
        cmocka_unit_test(headers_without_contents),
        cmocka_unit_test(integers),
        cmocka_unit_test(magnitudes_lose_leading_zeros),
        cmocka_unit_test(types),
        cmocka_unit_test(values_print_back),
        cmocka_unit_test(writer_never_writes_what_reader_refuses),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(ecdsa_round_trip),
        cmocka_unit_test(ecdsa_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
