/* SPDX-License-Identifier: Apache-2.0 */
#include "format/payload.h"
#include "tests/unit/km_test.h"

#define ROOM 4096

/* A package as the rows wish it; the payload is octets of 0x5a. */
static struct km_slice build(uint8_t buf[ROOM], struct km_payload wish, size_t payload_len)
{
    uint8_t head[ROOM] = {0};
    struct km_wr content = km_wr_init(head, sizeof(head));
    wish.payload_len = payload_len;
    km_payload_put_content(&content, &wish);
    assert_true(km_wr_finish(&content, &wish.content_head));
    struct km_wr wr = km_wr_init(buf, ROOM);
    km_payload_put_head(&wr, &wish);
    for (size_t i = 0; i < payload_len; i++)
        km_wr_u8(&wr, 0x5a);
    struct km_slice package = {0};
    assert_true(km_wr_finish(&wr, &package));
    return package;
}

static struct km_payload sample(void)
{
    return (struct km_payload){
        .signature = OCTETS("signature"),
        .alg = km_sign_alg_find(KM_SIGN_EC, KM_SIGN_SHA256),
        .has_version = true,
        .version = 300,
        .target = OCTETS("door"),
    };
}

static void prints_and_parses(void **state)
{
    const struct {
        enum km_sign_family family;
        enum km_sign_digest digest;
        bool has_version;
        uint64_t version;
        struct km_slice target;
        size_t len;
    } rows[] = {
        {KM_SIGN_EC, KM_SIGN_SHA1, false, 0, OCTETS(""), 0},
        {KM_SIGN_EC, KM_SIGN_SHA512, true, 0, OCTETS(""), 1},
        {KM_SIGN_RSA, KM_SIGN_MD5, true, UINT64_MAX, OCTETS("radio"), 127},
        {KM_SIGN_RSA, KM_SIGN_SHA384, false, 0, OCTETS("\xc3\xa9"), 128},
        {KM_SIGN_DSA, KM_SIGN_SHA224, true, 128, OCTETS("x"), 2500},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t buf[ROOM] = {0};
        struct km_payload wish = {.alg = km_sign_alg_find(rows[i].family, rows[i].digest),
                                  .signature = OCTETS("s"),
                                  .has_version = rows[i].has_version,
                                  .version = rows[i].version,
                                  .target = rows[i].target};
        struct km_slice package = build(buf, wish, rows[i].len);
        struct km_payload got = {0};
        assert_int_equal(km_payload_parse(package, &got), KM_PAYLOAD_OK);
        assert_ptr_equal(got.alg, wish.alg);
        assert_int_equal(got.has_version, wish.has_version);
        assert_int_equal(got.version, wish.version);
        assert_true(km_slice_equal(got.target, wish.target));
        assert_true(km_slice_equal(got.signature, wish.signature));
        assert_int_equal(got.payload_len, rows[i].len);
        assert_int_equal(got.package_len, package.len);
        assert_int_equal(got.head_len, package.len - rows[i].len);
        struct km_payload content = {0};
        assert_int_equal(km_payload_parse_content(got.content_head, &content), KM_PAYLOAD_OK);
        assert_int_equal(content.payload_len, rows[i].len);
        /* The envelope that other packages are read with sees the same. */
        struct km_envelope envelope = {0};
        assert_true(km_envelope_parse(package, KM_PAYLOAD_KIND, &envelope));
        assert_true(km_slice_equal(envelope.signature, wish.signature));
        assert_ptr_equal(envelope.content.ptr, got.content_head.ptr);
    }
}

static void cut_at_every_octet(void **state)
{
    (void)state;
    uint8_t buf[ROOM] = {0};
    struct km_slice package = build(buf, sample(), 200);
    struct km_payload got = {0};
    for (size_t len = 0; len < package.len; len++)
        assert_int_equal(km_payload_parse(KM_SLICE(buf, len), &got), KM_PAYLOAD_TRUNCATED);
    assert_int_equal(km_payload_parse(KM_SLICE(buf, package.len + 1), &got), KM_PAYLOAD_TRAILING);
    assert_int_equal(km_payload_parse(package, &got), KM_PAYLOAD_OK);
    struct km_slice head = got.content_head;
    for (size_t len = 0; len < head.len; len++)
        assert_int_not_equal(km_payload_parse_content(KM_SLICE(head.ptr, len), &got),
                             KM_PAYLOAD_OK);
    assert_int_equal(km_payload_parse_content(KM_SLICE(head.ptr, head.len + 1), &got),
                     KM_PAYLOAD_TRAILING);
}

/* No changed octet of the head is overlooked: it is a fault, or shows in what was signed or in the signature. */
static void flipped_at_every_octet(void **state)
{
    (void)state;
    uint8_t buf[ROOM] = {0};
    struct km_slice package = build(buf, sample(), 40);
    struct km_payload right = {0};
    struct km_payload got = {0};
    assert_int_equal(km_payload_parse(package, &right), KM_PAYLOAD_OK);
    for (size_t i = 0; i < package.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            buf[i] ^= (uint8_t)(1u << bit);
            bool parsed = km_payload_parse(package, &got) == KM_PAYLOAD_OK;
            buf[i] ^= (uint8_t)(1u << bit);
            if (!parsed)
                continue;
            size_t content_at = (size_t)(right.content_head.ptr - buf);
            bool in_signature = i >= content_at - right.signature.len && i < content_at;
            assert_true(in_signature || i >= content_at);
            assert_ptr_equal(got.content_head.ptr, right.content_head.ptr);
        }
    }
}

static void huge_lengths_without_the_octets(void **state)
{
    (void)state;
    static const uint64_t lens[] = {UINT32_MAX - 64u, UINT32_MAX, 0x123456789abu, 1ull << 62};
    for (size_t i = 0; i < KM_ARRAY_LEN(lens); i++) {
        uint8_t head[ROOM] = {0};
        uint8_t buf[ROOM] = {0};
        struct km_payload wish = sample();
        struct km_wr content = km_wr_init(head, sizeof(head));
        wish.payload_len = lens[i];
        km_payload_put_content(&content, &wish);
        assert_true(km_wr_finish(&content, &wish.content_head));
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_payload_put_head(&wr, &wish);
        struct km_slice printed = {0};
        assert_true(km_wr_finish(&wr, &printed));
        struct km_payload got = {0};
        assert_int_equal(km_payload_parse(KM_SLICE(buf, KM_PAYLOAD_HEAD_MAX), &got), KM_PAYLOAD_OK);
        assert_int_equal(got.payload_len, lens[i]);
        assert_int_equal(got.head_len, printed.len);
        assert_int_equal(got.package_len, printed.len + lens[i]);
        assert_int_equal(km_payload_parse(printed, &got), KM_PAYLOAD_TRUNCATED);
    }
}

/* Bodies of a content, and what is said of them. */
static void refused(void **state)
{
#define KIND "\x0c\x0fkeymoor-payload"
#define OID "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
    static const struct {
        struct km_slice fields;
        enum km_payload_fault fault;
    } rows[] = {
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x04\x00"), KM_PAYLOAD_OK},
        {OCTETS("\x0c\x0fkeymoor-pAyload\x02\x01\x01" OID "\x0c\x06sha256\x04\x00"),
         KM_PAYLOAD_OTHER_KIND},
        {OCTETS("\x0c\x0akeymoor-ta\x02\x01\x01" OID "\x0c\x06sha256\x04\x00"),
         KM_PAYLOAD_OTHER_KIND},
        {OCTETS(KIND "\x02\x01\x02" OID "\x0c\x06sha256\x04\x00"), KM_PAYLOAD_UNSUPPORTED},
        {OCTETS(KIND "\x02\x01\x01\x06\x01\x2a\x0c\x06sha256\x04\x00"), KM_PAYLOAD_UNSUPPORTED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha257\x04\x00"), KM_PAYLOAD_UNSUPPORTED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha384\x04\x00"), KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x80\x01\x07\x04\x00"), KM_PAYLOAD_OK},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x80\x01\x87\x04\x00"),
         KM_PAYLOAD_MALFORMED}, /* negative */
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x80\x02\x00\x07\x04\x00"),
         KM_PAYLOAD_MALFORMED}, /* not minimal */
        {OCTETS(KIND "\x02\x01\x01" OID
                     "\x0c\x06sha256\x80\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00"),
         KM_PAYLOAD_MALFORMED}, /* 2^64 */
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x80\x00\x04\x00"), KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x81\x00\x04\x00"), KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x81\x01\xff\x04\x00"),
         KM_PAYLOAD_MALFORMED}, /* no UTF-8 */
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x81\x01x\x80\x01\x07\x04\x00"),
         KM_PAYLOAD_MALFORMED}, /* the wrong way round */
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x82\x01x\x04\x00"), KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x04\x01"), KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"),
         KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256\x0c\x00"), KM_PAYLOAD_MALFORMED},
        {OCTETS(KIND "\x02\x01\x01" OID "\x0c\x06sha256"), KM_PAYLOAD_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t buf[ROOM] = {0};
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        size_t package = km_der_begin(&wr, KM_DER_SEQUENCE);
        km_der_put(&wr, KM_DER_OCTET_STRING, OCTETS_OF("s"));
        km_der_put(&wr, KM_DER_SEQUENCE, rows[i].fields);
        km_der_end(&wr, package);
        struct km_slice in = {0};
        assert_true(km_wr_finish(&wr, &in));
        struct km_payload got = {0};
        assert_int_equal(km_payload_parse(in, &got), rows[i].fault);
    }
}

static void long_parts(void **state)
{
    (void)state;
    static uint8_t octets[KM_ENVELOPE_SIGNATURE_MAX + 1];
    memset(octets, 'x', sizeof(octets));
    for (unsigned more = 0; more < 2; more++) {
        uint8_t buf[ROOM] = {0};
        struct km_payload got = {0};
        struct km_payload wish = sample();
        wish.target = KM_SLICE(octets, KM_PAYLOAD_TARGET_MAX + more);
        assert_int_equal(km_payload_parse(build(buf, wish, 3), &got),
                         more == 0 ? KM_PAYLOAD_OK : KM_PAYLOAD_MALFORMED);
        wish = sample();
        wish.signature = KM_SLICE(octets, KM_ENVELOPE_SIGNATURE_MAX + more);
        assert_int_equal(km_payload_parse(build(buf, wish, 3), &got),
                         more == 0 ? KM_PAYLOAD_OK : KM_PAYLOAD_MALFORMED);
    }
}

static void wishes(void **state)
{
    static const struct {
        struct km_payload payload;
        struct km_payload_wish wish;
        enum km_payload_answer answer;
    } rows[] = {
        {{.version = 0}, {.lowest = 0}, KM_PAYLOAD_WELCOME},
        {{.target = OCTETS("a")}, {.lowest = 0}, KM_PAYLOAD_NOT_FOR_US},
        {{.target = OCTETS("a")}, {.any_target = true}, KM_PAYLOAD_WELCOME},
        {{.target = OCTETS("a")}, {.target = OCTETS("a")}, KM_PAYLOAD_WELCOME},
        {{.target = OCTETS("a")}, {.target = OCTETS("ab")}, KM_PAYLOAD_NOT_FOR_US},
        {{.version = 0}, {.target = OCTETS("a")}, KM_PAYLOAD_NOT_FOR_US},
        {{.has_version = true, .version = 4}, {.lowest = 5}, KM_PAYLOAD_TOO_OLD},
        {{.has_version = true, .version = 5}, {.lowest = 5}, KM_PAYLOAD_WELCOME},
        {{.version = 0}, {.lowest = 1}, KM_PAYLOAD_TOO_OLD},
        {{.target = OCTETS("a")}, {.lowest = 1}, KM_PAYLOAD_NOT_FOR_US},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(km_payload_fits(&rows[i].payload, &rows[i].wish), rows[i].answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_and_parses),
        cmocka_unit_test(cut_at_every_octet),
        cmocka_unit_test(flipped_at_every_octet),
        cmocka_unit_test(huge_lengths_without_the_octets),
        cmocka_unit_test(refused),
        cmocka_unit_test(long_parts),
        cmocka_unit_test(wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
