/* SPDX-License-Identifier: Apache-2.0 */
/* The structures of the crypto application's commands and of its store: taken whole or not at all. */
#include "ta/crypto/crypto_wire.h"
#include "ta/crypto/record.h"
#include "tests/unit/km_test.h"

/* Parses and, when that went well, prints: true with the octets in out. */
typedef bool (*reprint_fn)(struct km_slice in, struct km_span out, size_t *ret_len);

#define REPRINT(noun, type)                                                                        \
    static bool reprint_##noun(struct km_slice in, struct km_span out, size_t *ret_len)            \
    {                                                                                              \
        type parsed;                                                                               \
        memset(&parsed, 0x5a, sizeof(parsed));                                                     \
        return km_##noun##_parse(in, &parsed) && km_##noun##_put(&parsed, out, ret_len);           \
    }

REPRINT(crypto_template, struct km_crypto_template)
REPRINT(crypto_attrs, struct km_crypto_attrs)
REPRINT(crypto_info, struct km_crypto_info)
REPRINT(crypto_noted, struct km_crypto_noted)
REPRINT(crypto_aead, struct km_crypto_aead)
REPRINT(crypto_hkdf, struct km_crypto_hkdf)
REPRINT(crypto_pbkdf2, struct km_crypto_pbkdf2)
REPRINT(key_record, struct km_key_record)
REPRINT(data_record, struct km_data_record)
REPRINT(wrapped_key, struct km_wrapped_key)
REPRINT(password_record, struct km_password_record)

#define N_SAMPLES 14u

struct sample {
    reprint_fn reprint;
    uint8_t bytes[4096];
    size_t len;
};

static struct km_crypto_name name_of(const char *text)
{
    struct km_crypto_name name = {0};
    assert_true(km_crypto_name_parse(KM_SLICE_STR(text), &name));
    return name;
}

static struct km_crypto_template a_template(void)
{
    struct km_crypto_template wish = {.type = KM_CRYPTO_KEY_ECDSA_KEYPAIR,
                                      .bits = 256,
                                      .usage = KM_CRYPTO_USAGE_SIGN,
                                      .attributes = KM_CRYPTO_ATTR_SHARED,
                                      .max_uses = 0x1122334455667788u,
                                      .not_after = 1900000000u,
                                      .n_grants = 2};
    wish.grants[0] = (struct km_crypto_grant){.fields = KM_CRYPTO_GRANT_UID | KM_CRYPTO_GRANT_UNIT,
                                              .uid = 1000,
                                              .unit = name_of("a.service")};
    wish.grants[1] = (struct km_crypto_grant){.fields = KM_CRYPTO_GRANT_EXE, .exe_sha256 = {1, 2}};
    return wish;
}

static struct km_key_meta a_meta(bool with_password)
{
    struct km_crypto_template wish = a_template();
    struct km_key_meta meta = {.type = wish.type,
                               .bits = wish.bits,
                               .usage = wish.usage,
                               .attributes = wish.attributes,
                               .max_uses = 9,
                               .owner = {.kind = KM_OWNER_UID, .uid = 1000},
                               .id = {7, 7, 7},
                               .n_grants = 2,
                               .grants = {wish.grants[0], wish.grants[1]}};
    if (with_password)
        meta.password_name = name_of("pw");
    return meta;
}

static void make_samples(struct sample samples[N_SAMPLES])
{
    static const uint8_t OCTETS_16[16] = "0123456789abcde";
    struct km_crypto_template wish = a_template();
    struct km_crypto_attrs attrs = {
        .count = 2,
        .at = {{KM_CRYPTO_RSA_MODULUS, KM_SLICE(OCTETS_16, 16)},
               {KM_CRYPTO_RSA_PUBLIC_EXPONENT, KM_SLICE(OCTETS_16, 3)}}};
    struct km_crypto_info info = {.type = 7, .name = name_of("k"), .storage = name_of("soft")};
    struct km_crypto_aead aead = {
        .key = 9, .algorithm = KM_CRYPTO_AES_GCM, .tag_len = 16, .nonce = KM_SLICE(OCTETS_16, 12)};
    struct km_crypto_hkdf hkdf = {KM_SLICE(OCTETS_16, 5), KM_SLICE(OCTETS_16, 0)};
    struct km_key_record plain = {.uses_left = 9,
                                  .meta = a_meta(false),
                                  .kind = KM_MATERIAL_PLAIN,
                                  .material = KM_SLICE(OCTETS_16, 16)};
    struct km_key_record wrapped = plain;
    wrapped.meta = a_meta(true);
    wrapped.kind = KM_MATERIAL_WRAPPED;
    struct km_password_record password = {.owner.kind = KM_OWNER_TA, .iterations = 1000};
    for (size_t i = 0; i < KM_GUESSERS; i++)
        password.counts.others[i] = (struct km_guesser){.who = {.kind = KM_OWNER_UID, .uid = 7},
                                                        .guesses = {.failures = 1 + (uint32_t)i}};
    struct km_span out[N_SAMPLES];
    for (size_t i = 0; i < N_SAMPLES; i++)
        out[i] = KM_SPAN(samples[i].bytes, sizeof(samples[i].bytes));
    assert_true(km_crypto_template_put(&wish, out[0], &samples[0].len));
    assert_true(km_crypto_attrs_put(&attrs, out[1], &samples[1].len));
    assert_true(km_crypto_info_put(&info, out[2], &samples[2].len));
    assert_true(km_crypto_aead_put(&aead, out[3], &samples[3].len));
    assert_true(km_crypto_hkdf_put(&hkdf, out[4], &samples[4].len));
    assert_true(km_key_record_put(&plain, out[5], &samples[5].len));
    assert_true(km_key_record_put(&wrapped, out[6], &samples[6].len));
    assert_true(km_password_record_put(&password, out[7], &samples[7].len));
    struct km_crypto_pbkdf2 pbkdf2 = {4096, KM_SLICE(OCTETS_16, 8)};
    struct km_wrapped_key movable = {.type = KM_CRYPTO_KEY_AES,
                                     .bits = 128,
                                     .usage = KM_CRYPTO_USAGE_MAC,
                                     .attributes = KM_CRYPTO_ATTR_WRAPPABLE,
                                     .not_after = 7,
                                     .material = KM_SLICE(OCTETS_16, 16)};
    assert_true(km_crypto_pbkdf2_put(&pbkdf2, out[8], &samples[8].len));
    assert_true(km_wrapped_key_put(&movable, out[9], &samples[9].len));
    struct km_crypto_noted noted = {info, KM_SLICE(OCTETS_16, 9)};
    assert_true(km_crypto_noted_put(&noted, out[10], &samples[10].len));
    password.has_recovery = true;
    password.recovery = (struct km_password_seal){.salt = {1}, .tag = {2}};
    assert_true(km_password_record_put(&password, out[11], &samples[11].len));
    assert_int_equal(samples[11].len, KM_RECOVERABLE_RECORD_LEN);
    struct km_data_record data = {.meta.owner = {.kind = KM_OWNER_UID, .uid = 1000},
                                  .meta.id = {7},
                                  .note = KM_SLICE(OCTETS_16, 3),
                                  .content = KM_SLICE(OCTETS_16, 16)};
    assert_true(km_data_record_put(&data, out[12], &samples[12].len));
    data.meta.password_name = name_of("pw");
    assert_true(km_data_record_put(&data, out[13], &samples[13].len));
    reprint_fn reprints[N_SAMPLES] = {
        reprint_crypto_template, reprint_crypto_attrs,    reprint_crypto_info,
        reprint_crypto_aead,     reprint_crypto_hkdf,     reprint_key_record,
        reprint_key_record,      reprint_password_record, reprint_crypto_pbkdf2,
        reprint_wrapped_key,     reprint_crypto_noted,    reprint_password_record,
        reprint_data_record,     reprint_data_record};
    for (size_t i = 0; i < N_SAMPLES; i++)
        samples[i].reprint = reprints[i];
}

static void whole_or_not_at_all(void **state)
{
    static struct sample samples[N_SAMPLES];
    static uint8_t out[4097];
    (void)state;
    make_samples(samples);
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        const struct sample *s = &samples[i];
        size_t len = 0;
        assert_true(s->reprint(KM_SLICE(s->bytes, s->len), KM_SPAN(out, sizeof(out)), &len));
        assert_true(km_slice_equal(KM_SLICE(out, len), KM_SLICE(s->bytes, s->len)));
        for (size_t cut = 0; cut < s->len; cut++) {
            assert_false(s->reprint(KM_SLICE(s->bytes, cut), KM_SPAN(out, sizeof(out)), &len));
            assert_false(s->reprint(KM_SLICE(s->bytes, s->len), KM_SPAN(out, cut), &len));
        }
        uint8_t longer[4096] = {0};
        km_copy(longer, sizeof(longer), s->bytes, s->len);
        assert_false(s->reprint(KM_SLICE(longer, s->len + 1), KM_SPAN(out, sizeof(out)), &len));
    }
}

/* A flipped bit is refused, or it is another structure that prints as itself. */
static void every_bit_flipped(void **state)
{
    static struct sample samples[N_SAMPLES];
    static uint8_t out[4096];
    (void)state;
    make_samples(samples);
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        struct sample *s = &samples[i];
        for (size_t bit = 0; bit < 8 * s->len; bit++) {
            size_t len = 0;
            s->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            if (s->reprint(KM_SLICE(s->bytes, s->len), KM_SPAN(out, sizeof(out)), &len))
                assert_true(km_slice_equal(KM_SLICE(out, len), KM_SLICE(s->bytes, s->len)));
            s->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

/* A note stands behind the rest, with zeros where a longer one stood; all else behind it is refused. */
static void notes(void **state)
{
    static uint8_t bytes[KM_RECORD_MAX];
    static uint8_t out[KM_RECORD_MAX];
    struct km_key_record record = {.uses_left = 9,
                                   .meta = a_meta(false),
                                   .kind = KM_MATERIAL_PLAIN,
                                   .material = OCTETS_OF("material"),
                                   .has_note = true,
                                   .note_room = 9,
                                   .note = OCTETS_OF("note")};
    struct km_key_record seen = {0};
    size_t len = 0;
    size_t end = 0;
    size_t at = 0;
    (void)state;
    assert_true(km_key_record_put(&record, KM_SPAN(bytes, sizeof(bytes)), &len));
    for (size_t cut = 1; cut <= 13; cut++) {
        bool is_whole = cut <= 5 || cut == 13; /* zeros cut off, or all of it */
        assert_int_equal(
            reprint_key_record(KM_SLICE(bytes, len - cut), KM_SPAN(out, sizeof(out)), &end),
            is_whole);
    }
    assert_true(km_key_record_parse(KM_SLICE(bytes, len), &seen));
    assert_true(km_slice_equal(seen.note, record.note));
    assert_int_equal(seen.note_room, 9);
    assert_true(km_key_note_put(&seen, len, OCTETS_OF("n"), KM_SPAN(out, sizeof(out)), &end, &at));
    assert_int_equal(at, len - 13);
    assert_int_equal(end, 13);
    km_copy(bytes + at, sizeof(bytes) - at, out, end);
    assert_true(km_key_record_parse(KM_SLICE(bytes, len), &seen));
    assert_true(km_slice_equal(seen.note, OCTETS_OF("n")));
    bytes[len - 1] = 1;
    assert_false(km_key_record_parse(KM_SLICE(bytes, len), &seen));
    bytes[len - 1] = 0;
    assert_true(km_key_record_parse(KM_SLICE(bytes, len - 9 + KM_CRYPTO_NOTE_MAX), &seen));
    assert_false(km_key_record_parse(KM_SLICE(bytes, len - 8 + KM_CRYPTO_NOTE_MAX), &seen));
}

static void names(void **state)
{
    static const struct {
        struct km_slice in;
        bool ok;
    } rows[] = {
        {OCTETS("a"), true},
        {OCTETS("com.seqlabs.oem_device_key"), true},
        {OCTETS("schl\xc3\xbcssel"), true},
        {OCTETS("123456789012345678901234567890123456789012345678901234567890123"), true},
        {OCTETS("1234567890123456789012345678901234567890123456789012345678901234"), false},
        {OCTETS(""), false},
        {OCTETS("a\0b"), false},
        {OCTETS("\xff"), false},
        {OCTETS("\xc3"), false},
        {OCTETS("\xed\xa0\x80"), false},
        {OCTETS("\xc0\x80"), false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_crypto_name name = {0};
        assert_int_equal(km_crypto_name_parse(rows[i].in, &name), rows[i].ok);
        if (rows[i].ok)
            assert_true(km_slice_equal(KM_SLICE(name.at, name.len), rows[i].in));
    }
}

/* What a grant does not name must be empty: one grant, one printed form. */
static void grants_are_canonical(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        uint8_t out[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
        size_t len = 0;
        struct km_crypto_template wish = {.type = 1, .n_grants = 1};
        struct km_crypto_grant *grant = &wish.grants[0];
        grant->fields = KM_CRYPTO_GRANT_UID;
        grant->fields = i == 0 ? 0 : grant->fields;
        grant->fields = i == 1 ? 0x10 : grant->fields;
        grant->gid = i == 2;
        grant->exe_sha256[31] = i == 3;
        if (i == 4)
            grant->unit = name_of("x");
        assert_int_equal(km_crypto_template_put(&wish, KM_SPAN(out, sizeof(out)), &len), i == 5);
    }
}

static void attributes_come_once(void **state)
{
    uint8_t out[64] = {0};
    size_t len = 0;
    struct km_crypto_attrs attrs = {
        .count = 2,
        .at = {{KM_CRYPTO_SECRET_VALUE, OCTETS("a")}, {KM_CRYPTO_SECRET_VALUE, OCTETS("b")}}};
    struct km_crypto_attrs parsed = {0};
    (void)state;
    assert_true(km_crypto_attrs_put(&attrs, KM_SPAN(out, sizeof(out)), &len));
    assert_false(km_crypto_attrs_parse(KM_SLICE(out, len), &parsed));
    attrs.at[1].attribute = KM_CRYPTO_ATTRIBUTE_LAST + 1;
    assert_true(km_crypto_attrs_put(&attrs, KM_SPAN(out, sizeof(out)), &len));
    assert_false(km_crypto_attrs_parse(KM_SLICE(out, len), &parsed));
    attrs.count = 17;
    assert_false(km_crypto_attrs_put(&attrs, KM_SPAN(out, sizeof(out)), &len));
}

/* The META of a record is checked like a template: a damaged rule can't become a looser one. */
static void records_refuse_what_no_key_can_be(void **state)
{
    uint8_t out[KM_RECORD_MAX] = {0};
    struct km_key_record record = {0};
    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        size_t len = 0;
        struct km_key_record bad = {
            .meta = a_meta(false), .kind = KM_MATERIAL_PLAIN, .material = OCTETS("m")};
        bad.uses_left = i == 1 ? 10 : 9;
        bad.kind = i == 2 ? KM_MATERIAL_WRAPPED : bad.kind;
        bad.meta.type = i == 3 ? 99 : bad.meta.type;
        bad.meta.bits = i == 4 ? 255 : bad.meta.bits;
        bad.meta.usage |= i == 5 ? KM_CRYPTO_USAGE_ENCRYPT : 0;
        bad.meta.owner.kind = i == 6 ? 3 : bad.meta.owner.kind;
        assert_true(km_key_record_put(&bad, KM_SPAN(out, sizeof(out)), &len));
        assert_int_equal(km_key_record_parse(KM_SLICE(out, len), &record), i == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(every_bit_flipped),
        cmocka_unit_test(notes),
        cmocka_unit_test(names),
        cmocka_unit_test(grants_are_canonical),
        cmocka_unit_test(attributes_come_once),
        cmocka_unit_test(records_refuse_what_no_key_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
