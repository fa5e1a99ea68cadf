/* SPDX-License-Identifier: Apache-2.0 */
/* Packages as bytes: what is printed is what was parsed, and nothing else is parsed. */
#include "format/envelope.h"
#include "format/opaque_key.h"
#include "format/opaque_object.h"
#include "tests/unit/km_test.h"

#define ROOM 4096u

static uint8_t octets[64];

static struct km_slice finish(const struct km_wr *wr)
{
    struct km_slice whole = {0};
    assert_true(km_wr_finish(wr, &whole));
    return whole;
}

/* ---- envelope ---- */

static void algorithms(void **state)
{
    (void)state;
    unsigned n = 0;
    for (unsigned family = KM_SIGN_EC; family <= KM_SIGN_DSA; family++) {
        for (unsigned digest = KM_SIGN_MD5; digest <= KM_SIGN_SHA512; digest++) {
            const struct km_sign_alg *alg =
                km_sign_alg_find((enum km_sign_family)family, (enum km_sign_digest)digest);
            if (alg == NULL)
                continue;
            n++;
            assert_ptr_equal(km_sign_alg_by_oid(alg->oid), alg);
        }
    }
    assert_int_equal(n, 14);
    assert_null(km_sign_alg_find(KM_SIGN_EC, KM_SIGN_MD5));
    assert_null(km_sign_alg_by_oid(OCTETS_OF("\x2a\x03")));
}

static struct km_slice package(struct km_span room, const char *kind, size_t signature_len)
{
    uint8_t content[ROOM] = {0};
    static uint8_t signature[KM_ENVELOPE_SIGNATURE_MAX + 1];
    struct km_wr in = km_wr_init(content, sizeof(content));
    size_t mark = km_envelope_begin(&in, kind, km_sign_alg_find(KM_SIGN_EC, KM_SIGN_SHA256));
    km_der_put(&in, KM_DER_OCTET_STRING, KM_SLICE(octets, 10));
    km_der_end(&in, mark);
    struct km_wr wr = km_wr_init(room.ptr, room.len);
    km_envelope_put(&wr, KM_SLICE(signature, signature_len), finish(&in));
    return finish(&wr);
}

static void envelope(void **state)
{
    uint8_t room[ROOM] = {0};
    struct km_envelope found = {0};
    struct km_slice body = {0};
    (void)state;
    struct km_slice whole = package(KM_SPAN(room, sizeof(room)), "keymoor-test", 71);
    assert_true(km_envelope_parse(whole, "keymoor-test", &found));
    assert_int_equal(found.signature.len, 71);
    assert_int_equal(found.version, 1);
    assert_string_equal(found.alg->name, "ecdsa-with-SHA256");
    assert_true(km_der_bytes(&found.body, KM_DER_OCTET_STRING, &body) && body.len == 10);
    assert_true(km_rd_done(&found.body));
    uint8_t again[ROOM] = {0};
    struct km_wr wr = km_wr_init(again, sizeof(again));
    km_envelope_put(&wr, found.signature, found.content);
    assert_true(km_slice_equal(finish(&wr), whole));
    assert_false(km_envelope_parse(whole, "keymoor-tes", &found));
    assert_false(km_envelope_parse(whole, "keymoor-test2", &found));
    for (size_t len = 0; len < whole.len; len++)
        assert_false(km_envelope_parse(KM_SLICE(whole.ptr, len), "keymoor-test", &found));
    assert_false(km_envelope_parse(KM_SLICE(room, whole.len + 1), "keymoor-test", &found));
    whole = package(KM_SPAN(room, sizeof(room)), "k", KM_ENVELOPE_SIGNATURE_MAX);
    assert_true(km_envelope_parse(whole, "k", &found));
    whole = package(KM_SPAN(room, sizeof(room)), "k", KM_ENVELOPE_SIGNATURE_MAX + 1);
    assert_false(km_envelope_parse(whole, "k", &found));
}

static void envelope_of_others(void **state)
{
    struct km_envelope found = {0};
    (void)state;
    /* Another version: the number and nothing else. Another algorithm: none. */
    struct km_slice version = OCTETS_OF("\x30\x0b\x04\x00\x30\x07\x0c\x01k\x02\x01\x02\x05");
    version.len = 12; /* the stray octet is not of the content */
    struct km_slice two = OCTETS_OF("\x30\x0a\x04\x00\x30\x06\x0c\x01k\x02\x01\x02");
    assert_false(km_envelope_parse(version, "k", &found));
    assert_true(km_envelope_parse(two, "k", &found));
    assert_int_equal(found.version, 2);
    assert_null(found.alg);
    struct km_slice other =
        OCTETS_OF("\x30\x0e\x04\x00\x30\x0a\x0c\x01k\x02\x01\x01\x06\x02\x2a\x03");
    assert_true(km_envelope_parse(other, "k", &found));
    assert_null(found.alg);
    assert_int_equal(found.oid.len, 2);
}

/* ---- sealed ---- */

static const uint8_t P256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static struct km_slice sealed_of(struct km_span room, uint8_t spki[91])
{
    km_copy(spki, 91, P256, sizeof(P256));
    struct km_sealed sealed = {
        .recipient = KM_SLICE(octets, 32),
        .ephemeral = KM_SLICE(spki, 91),
        .random = KM_SLICE(octets, 32),
        .cipher_name = KM_SLICE_STR("AES_CTR"),
        .mac_name = KM_SLICE_STR("HMAC_SHA256"),
        .ciphertext = KM_SLICE(octets, 20),
        .tag = KM_SLICE(octets, 32),
    };
    struct km_wr wr = km_wr_init(room.ptr, room.len);
    km_sealed_put(&wr, &sealed);
    return finish(&wr);
}

static bool parses(struct km_slice in, struct km_sealed *ret)
{
    struct km_rd rd = km_rd_init(in);
    return km_sealed_parse(&rd, 20, ret) && km_rd_done(&rd);
}

static void sealed(void **state)
{
    uint8_t room[ROOM] = {0};
    uint8_t again[ROOM] = {0};
    uint8_t spki[91] = {0};
    struct km_sealed found = {0};
    (void)state;
    struct km_slice whole = sealed_of(KM_SPAN(room, sizeof(room)), spki);
    assert_true(parses(whole, &found));
    assert_int_equal(found.curve_bits, 256);
    assert_int_equal(found.point.len, 65);
    assert_ptr_equal(found.authentic.ptr, found.recipient.ptr - 2);
    assert_ptr_equal(found.authentic.ptr + found.authentic.len, found.tag.ptr - 2);
    struct km_wr wr = km_wr_init(again, sizeof(again));
    km_sealed_put(&wr, &found);
    assert_true(km_slice_equal(finish(&wr), whole));
    for (size_t len = 0; len < whole.len; len++)
        assert_false(parses(KM_SLICE(whole.ptr, len), &found));
    struct km_rd rd = km_rd_init(whole);
    assert_false(km_sealed_parse(&rd, 19, &found));
    assert_ptr_equal(rd.pos, whole.ptr);
    /* Points that are compressed, or of another curve than is named. */
    for (size_t i = 0; i < sizeof(P256); i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)found.ephemeral.ptr + i;
        *at ^= 1;
        assert_false(parses(whole, &found));
        *at ^= 1;
    }
    assert_true(parses(whole, &found));
}

static void names(void **state)
{
    enum km_pack_cipher cipher = KM_PACK_AES_CTR;
    enum km_pack_mac mac = KM_PACK_HMAC_SHA1;
    (void)state;
    assert_true(km_pack_cipher_find(KM_SLICE_STR("AES_CFB_128"), &cipher));
    assert_int_equal(cipher, KM_PACK_AES_CFB);
    assert_true(km_pack_mac_find(KM_SLICE_STR("HMAC_SHA512"), &mac));
    assert_int_equal(km_pack_mac_len(mac), 64);
    assert_false(km_pack_cipher_find(KM_SLICE_STR("AES_CT"), &cipher));
    assert_false(km_pack_cipher_find(KM_SLICE_STR(""), &cipher));
    assert_false(km_pack_mac_find(KM_SLICE_STR("HMAC_MD5"), &mac));
    assert_null(km_pack_cipher_name((enum km_pack_cipher)0));
    assert_null(km_pack_cipher_name((enum km_pack_cipher)9));
    assert_null(km_pack_mac_name((enum km_pack_mac)9));
}

static void padding(void **state)
{
    static const struct {
        struct km_slice blocks;
        bool fits;
        size_t len;
    } CASES[] = {
        {OCTETS("0123456789abcde\x01"), true, 15},
        {OCTETS("0123456789abcd\x02\x02"), true, 14},
        {OCTETS("\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10"), true, 0},
        {OCTETS("0123456789abcd\x01\x02"), false, 0},
        {OCTETS("0123456789abcde\0"), false, 0},
        {OCTETS("0123456789abcde\x11"), false, 0},
        {OCTETS("0123456789abcd\x01"), false, 0},
        {OCTETS(""), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(CASES); i++) {
        size_t len = 0;
        assert_int_equal(km_pkcs7_len(CASES[i].blocks, &len), CASES[i].fits);
        assert_int_equal(len, CASES[i].len);
    }
}

/* ---- opaque keys and objects ---- */

static struct km_slice key_of(struct km_span room)
{
    struct km_opaque_key key = {
        .type = KM_SLICE_STR("KEY_AES"),
        .name = KM_SLICE_STR("a name"),
        .data = KM_SLICE(octets, 16),
        .has_policy = true,
        .policy = {.usage = 3,
                   .attributes = 4,
                   .max_uses = 1000,
                   .not_after = UINT64_MAX,
                   .n_grants = 2,
                   .grants = {{.fields = KM_OPAQUE_GRANT_UID | KM_OPAQUE_GRANT_GID, .gid = 1000},
                              {.fields = KM_OPAQUE_GRANT_EXECUTABLE | KM_OPAQUE_GRANT_UNIT,
                               .executable = KM_SLICE(octets, 32),
                               .unit = KM_SLICE_STR("x.service")}}},
    };
    struct km_wr wr = km_wr_init(room.ptr, room.len);
    km_opaque_key_put(&wr, &key);
    return finish(&wr);
}

static void opaque_key(void **state)
{
    uint8_t room[ROOM] = {0};
    uint8_t again[ROOM] = {0};
    struct km_opaque_key found = {0};
    (void)state;
    struct km_slice whole = key_of(KM_SPAN(room, sizeof(room)));
    assert_true(km_opaque_key_parse(whole, &found));
    assert_int_equal(found.policy.n_grants, 2);
    assert_int_equal(found.policy.grants[0].fields, 3);
    assert_int_equal(found.policy.grants[0].uid, 0);
    assert_int_equal(found.policy.grants[1].unit.len, 9);
    struct km_wr wr = km_wr_init(again, sizeof(again));
    km_opaque_key_put(&wr, &found);
    assert_true(km_slice_equal(finish(&wr), whole));
    for (size_t len = 0; len < whole.len; len++)
        assert_false(km_opaque_key_parse(KM_SLICE(whole.ptr, len), &found));
    assert_false(km_opaque_key_parse(KM_SLICE(room, whole.len + 1), &found));
}

#define KEY_HEAD "\x0c\x01T\x0c\x01N\x04\x01K"

static void opaque_keys_refused(void **state)
{
    static const struct {
        struct km_slice in;
        bool fits;
    } CASES[] = {
        {OCTETS("\x30\x09" KEY_HEAD), true},
        {OCTETS("\x30\x0b" KEY_HEAD "\x30\x00"), true},
        {OCTETS("\x30\x0d" KEY_HEAD "\x30\x00\x30\x00"), false},
        {OCTETS("\x30\x0e" KEY_HEAD "\x30\x03\x80\x01\x05"), true},
        {OCTETS("\x30\x0e" KEY_HEAD "\x30\x03\x80\x01\x00"), false},             /* 0 is left out */
        {OCTETS("\x30\x0f" KEY_HEAD "\x30\x04\x80\x02\x00\x05"), false},         /* not minimal */
        {OCTETS("\x30\x0e" KEY_HEAD "\x30\x03\x80\x01\xff"), false},             /* negative */
        {OCTETS("\x30\x11" KEY_HEAD "\x30\x06\x81\x01\x01\x80\x01\x01"), false}, /* order */
        {OCTETS("\x30\x11" KEY_HEAD "\x30\x06\x80\x01\x01\x80\x01\x01"), false}, /* twice */
        {OCTETS("\x30\x13" KEY_HEAD "\x30\x08\x80\x06\x01\x00\x00\x00\x00\x00"),
         false},                                                         /* 33 bits */
        {OCTETS("\x30\x0d" KEY_HEAD "\x30\x02\xa4\x00"), false},         /* no grants */
        {OCTETS("\x30\x0f" KEY_HEAD "\x30\x04\xa4\x02\x30\x00"), false}, /* an empty one */
        {OCTETS("\x30\x12" KEY_HEAD "\x30\x07\xa4\x05\x30\x03\x80\x01\x00"), true},  /* root's */
        {OCTETS("\x30\x11" KEY_HEAD "\x30\x06\xa4\x04\x30\x02\x83\x00"), false},     /* no unit */
        {OCTETS("\x30\x12" KEY_HEAD "\x30\x07\xa4\x05\x30\x03\x82\x01\x00"), false}, /* no digest */
        {OCTETS("\x30\x08\x0c\x01T\x0c\x00\x04\x01K"), false},                       /* no name */
        {OCTETS("\x30\x08\x0c\x01T\x0c\x01N\x04\x00"), false},                       /* no key */
        {OCTETS("\x30\x09\x0c\x01T\x0c\x01\xff\x04\x01K"), false},                   /* no UTF-8 */
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(CASES); i++) {
        struct km_opaque_key found = {0};
        if (km_opaque_key_parse(CASES[i].in, &found) != CASES[i].fits)
            fail_msg("case %zu", i);
    }
}

static struct km_slice secret_of(struct km_span room, bool has_policy)
{
    struct km_object_policy policy = {
        .not_before = 1, .not_after = 2, .max_opens = 3, .executable = KM_SLICE(octets, 32)};
    struct km_object_secret secret = {
        .object_id = KM_SLICE(octets, 16),
        .signer = KM_SLICE(octets, 32),
        .info = {.cipher = KM_SLICE_STR("AES_CTR"),
                 .key = KM_SLICE(octets, 32),
                 .iv = KM_SLICE(octets, 16),
                 .digest_name = KM_SLICE_STR("SHA256"),
                 .digest = KM_SLICE(octets, 32),
                 .size = UINT64_C(1) << 40,
                 .has_policy = has_policy,
                 .policy = policy},
        .has_policy = has_policy,
        .policy = policy,
    };
    struct km_wr wr = km_wr_init(room.ptr, room.len);
    km_object_secret_put(&wr, &secret);
    return finish(&wr);
}

static void object_secret(void **state)
{
    (void)state;
    for (unsigned has_policy = 0; has_policy < 2; has_policy++) {
        uint8_t room[ROOM] = {0};
        uint8_t again[ROOM] = {0};
        struct km_object_secret found = {0};
        struct km_object_info info = {0};
        struct km_slice whole = secret_of(KM_SPAN(room, sizeof(room)), has_policy != 0);
        assert_true(km_object_secret_parse(whole, &found));
        assert_int_equal(found.has_policy, has_policy);
        assert_int_equal(found.info.size, UINT64_C(1) << 40);
        struct km_wr wr = km_wr_init(again, sizeof(again));
        km_object_secret_put(&wr, &found);
        assert_true(km_slice_equal(finish(&wr), whole));
        for (size_t len = 0; len < whole.len; len++)
            assert_false(km_object_secret_parse(KM_SLICE(whole.ptr, len), &found));
        assert_false(km_object_secret_parse(KM_SLICE(room, whole.len + 1), &found));
        wr = km_wr_init(again, sizeof(again));
        assert_true(km_object_secret_parse(whole, &found));
        km_object_info_put(&wr, &found.info);
        struct km_slice alone = finish(&wr);
        assert_true(km_object_info_parse(alone, &info));
        for (size_t len = 0; len < alone.len; len++)
            assert_false(km_object_info_parse(KM_SLICE(alone.ptr, len), &info));
    }
}

/* One package's secret is never taken for the other's. */
static void not_each_other(void **state)
{
    uint8_t room[ROOM] = {0};
    struct km_opaque_key key = {0};
    struct km_object_secret secret = {0};
    struct km_object_info info = {0};
    (void)state;
    struct km_slice whole = key_of(KM_SPAN(room, sizeof(room)));
    assert_false(km_object_secret_parse(whole, &secret));
    assert_false(km_object_info_parse(whole, &info));
    whole = secret_of(KM_SPAN(room, sizeof(room)), true);
    assert_false(km_opaque_key_parse(whole, &key));
    assert_false(km_object_info_parse(whole, &info));
}

static void cipher_lengths(void **state)
{
    (void)state;
    assert_int_equal(km_object_cipher_len(KM_PACK_AES_CTR, 17), 17);
    assert_int_equal(km_object_cipher_len(KM_PACK_AES_CBC, 0), 16);
    assert_int_equal(km_object_cipher_len(KM_PACK_AES_CBC, 15), 16);
    assert_int_equal(km_object_cipher_len(KM_PACK_AES_CBC, 16), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms),
        cmocka_unit_test(envelope),
        cmocka_unit_test(envelope_of_others),
        cmocka_unit_test(sealed),
        cmocka_unit_test(names),
        cmocka_unit_test(padding),
        cmocka_unit_test(opaque_key),
        cmocka_unit_test(opaque_keys_refused),
        cmocka_unit_test(object_secret),
        cmocka_unit_test(not_each_other),
        cmocka_unit_test(cipher_lengths),
    };
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
