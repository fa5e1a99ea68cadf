/* SPDX-License-Identifier: Apache-2.0 */
/* Keys once more, check values, RSA as a wrapping key, and derivations of digests and HMACs, through the command interface. */
#include "tests/unit/crypto_rig.h"

#define WRAPS (KM_CRYPTO_USAGE_WRAP | KM_CRYPTO_USAGE_UNWRAP)
#define CRYPTS (KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT)
#define OPEN KM_CRYPTO_ATTR_EXPORT_AS_PLAIN
#define SEALED KM_CRYPTO_ATTR_WRAPPABLE

RIG_FIXTURE

static uint32_t make(uint32_t type, uint32_t bits, uint32_t usage, uint32_t attributes)
{
    struct km_crypto_template wish = rig_wish(type, bits);
    uint32_t id = 0;
    wish.usage = usage;
    wish.attributes = attributes;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    return id;
}

static uint32_t copy(struct rig_session *from, uint32_t id, const struct km_crypto_template *wish,
                     uint32_t *ret_id)
{
    uint8_t bytes[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
    size_t len = 0;
    assert_true(km_crypto_template_put(wish, KM_SPAN(bytes, sizeof(bytes)), &len));
    struct km_lane_param p[4] = {P_MI(bytes, len), P_VI(id, 0), P_VO, P_NONE};
    uint32_t result = rig_call(from, KM_CRYPTO_CMD_COPY_KEY, p);
    *ret_id = p[2].a;
    return result;
}

static void octets_of(uint32_t id, uint8_t *out, size_t *len)
{
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_TELL_PRIVATE, id, 0, out, len), TEE_SUCCESS);
}

static void a_copy_may_no_more(void **state)
{
    static const struct {
        uint32_t usage, attributes, copy_usage, copy_attributes, result;
    } ROWS[] = {
        {CRYPTS, OPEN, 0, 0, TEE_SUCCESS},
        {CRYPTS, OPEN, KM_CRYPTO_USAGE_ENCRYPT, SEALED, TEE_SUCCESS},
        {CRYPTS, OPEN, CRYPTS, OPEN, TEE_SUCCESS},
        {CRYPTS, SEALED, 0, SEALED, TEE_SUCCESS},
        {CRYPTS, SEALED, 0, OPEN, TEE_ERROR_ACCESS_DENIED},
        {CRYPTS, 0, 0, SEALED, TEE_ERROR_ACCESS_DENIED},
        {CRYPTS, 0, 0, KM_CRYPTO_ATTR_SHARED, TEE_ERROR_ACCESS_DENIED},
        {CRYPTS, 0, 0, KM_CRYPTO_ATTR_AUDIT_EACH_USE, TEE_SUCCESS},
        {CRYPTS, 0, CRYPTS | KM_CRYPTO_USAGE_MAC, 0, TEE_ERROR_ACCESS_DENIED},
        {KM_CRYPTO_USAGE_ENCRYPT, 0, KM_CRYPTO_USAGE_DECRYPT, 0, TEE_ERROR_ACCESS_DENIED},
        {CRYPTS, 0, WRAPS, 0, TEE_ERROR_ACCESS_DENIED},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        uint32_t id = make(KM_CRYPTO_KEY_AES, 256, ROWS[i].usage, ROWS[i].attributes);
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 0);
        struct km_crypto_info infos[2] = {{0}};
        uint8_t octets[2][32] = {{0}};
        size_t lens[2] = {32, 32};
        uint32_t other = 0;
        wish.usage = ROWS[i].copy_usage;
        wish.attributes = ROWS[i].copy_attributes;
        assert_int_equal(copy(&s, id, &wish, &other), ROWS[i].result);
        if (ROWS[i].result != TEE_SUCCESS)
            continue;
        assert_string_equal(rig_host.last_audit, "copy");
        assert_int_equal(rig_info(&s, id, &infos[0]), TEE_SUCCESS);
        assert_int_equal(rig_info(&s, other, &infos[1]), TEE_SUCCESS);
        assert_memory_not_equal(infos[0].id, infos[1].id, KM_CRYPTO_ID_LEN);
        assert_int_equal(infos[1].attributes, wish.attributes);
        assert_int_equal(infos[1].usage, wish.usage != 0 ? wish.usage : ROWS[i].usage);
        octets_of(id, octets[0], &lens[0]);
        octets_of(other, octets[1], &lens[1]);
        assert_memory_equal(octets[0], octets[1], 32);
    }
}

static void whose_copy(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
    struct rig_session other = {0};
    struct rig_session admin = {0};
    struct km_crypto_info info = {0};
    uint32_t id = 0;
    uint32_t made = 0;
    (void)state;
    /* A key that everybody may use is copied by its owner and the administrator alone. */
    wish.attributes = KM_CRYPTO_ATTR_SHARED;
    wish.not_after = rig_host.now + 100;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_save(&s, id, "shared", 0), TEE_SUCCESS);
    struct km_crypto_template back = rig_wish(KM_CRYPTO_KEY_AES, 0);
    back.not_after = rig_host.now + 1000;
    assert_int_equal(copy(&s, id, &back, &made), TEE_SUCCESS);
    assert_int_equal(rig_info(&s, made, &info), TEE_SUCCESS);
    assert_true(info.not_after == wish.not_after); /* it ends no later */
    assert_int_equal(info.attributes, 0);
    assert_int_equal(info.flags & KM_CRYPTO_INFO_SAVED, 0);
    assert_int_equal(rig_save(&s, made, "copy", 0), TEE_SUCCESS);
    rig_open(&other, 4711, false);
    assert_int_equal(rig_load(&other, "shared", 0, &id), TEE_SUCCESS);
    assert_int_equal(copy(&other, id, &back, &made), TEE_ERROR_ACCESS_DENIED);
    rig_close(&other);
    rig_open(&admin, 0, true);
    assert_int_equal(rig_load(&admin, "shared", 0, &id), TEE_SUCCESS);
    assert_int_equal(copy(&admin, id, &back, &made), TEE_SUCCESS);
    rig_close(&admin);
    /* Uses that are counted would be counted twice; another type is another key. */
    wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
    wish.max_uses = 5;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    assert_int_equal(copy(&s, id, &back, &made), TEE_ERROR_ACCESS_DENIED);
    back.type = KM_CRYPTO_KEY_HMAC;
    assert_int_equal(copy(&s, id, &back, &made), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(copy(&s, 999, &back, &made), KM_CRYPTO_E_STALE_ID);
    /* An expired key has no copies. */
    back = rig_wish(KM_CRYPTO_KEY_AES, 0);
    assert_int_equal(rig_load(&s, "shared", 0, &id), TEE_SUCCESS);
    rig_host.now += 101;
    assert_int_equal(copy(&s, id, &back, &made), KM_CRYPTO_E_EXPIRED);
}

/* A copy of what could leave is no wrapping key for what may leave only under one that never did. */
static void a_copy_is_closed_only_if_the_first_was(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 0);
    uint8_t wrapped[256] = {0};
    uint32_t of_closed = 0;
    uint32_t of_open = 0;
    size_t len = sizeof(wrapped);
    (void)state;
    uint32_t movable = make(KM_CRYPTO_KEY_HMAC, 256, 0, SEALED);
    assert_int_equal(copy(&s, make(KM_CRYPTO_KEY_AES, 256, WRAPS, 0), &wish, &of_closed),
                     TEE_SUCCESS);
    assert_int_equal(copy(&s, make(KM_CRYPTO_KEY_AES, 256, WRAPS, OPEN), &wish, &of_open),
                     TEE_SUCCESS);
    assert_int_equal(rig_wrap(&s, of_closed, KM_CRYPTO_AES_KWP, movable, wrapped, &len),
                     TEE_SUCCESS);
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, of_open, KM_CRYPTO_AES_KWP, movable, wrapped, &len),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
}

static void pairs_are_copied(void **state)
{
    static const struct {
        uint32_t type, bits;
    } ROWS[] = {{KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256},
                {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 384},
                {KM_CRYPTO_KEY_ED25519_KEYPAIR, 256},
                {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        uint8_t octets[2][256] = {{0}};
        size_t lens[2] = {256, 256};
        uint32_t id = rig_made(&s, ROWS[i].type, ROWS[i].bits);
        struct km_crypto_template wish = rig_wish(ROWS[i].type, 0);
        uint32_t other = 0;
        assert_int_equal(copy(&s, id, &wish, &other), TEE_SUCCESS);
        octets_of(id, octets[0], &lens[0]);
        octets_of(other, octets[1], &lens[1]);
        assert_int_equal(lens[0], lens[1]);
        assert_memory_equal(octets[0], octets[1], lens[0]);
    }
}

/* ---- check values ---- */

static void check_values(void **state)
{
    static const uint8_t KEY[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6};
    static const uint8_t DES[] = {0x80, 0xdc, 0x9b, 0xda, 0x52, 0xd0, 0x4c, 0xc2,
                                  0x01, 0x37, 0xda, 0xd9, 0x31, 0x3e, 0xd0, 0x54};
    static const struct {
        uint32_t type;
        const uint8_t *key;
        uint8_t expected[3];
    } ROWS[] = {
        {KM_CRYPTO_KEY_AES, KEY, {0x08, 0xbd, 0x28}},
        {KM_CRYPTO_KEY_HMAC, KEY, {0x5c, 0x3b, 0x7c}},
        {KM_CRYPTO_KEY_GENERIC_SECRET, KEY, {0x5c, 0x3b, 0x7c}},
        {KM_CRYPTO_KEY_DES3, DES, {0xa9, 0x67, 0xae}},
    };
    uint8_t seen[3] = {0};
    size_t len = 0;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        uint32_t id = rig_raw(&s, ROWS[i].type, KM_SLICE(ROWS[i].key, 16), 0);
        len = sizeof(seen);
        assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_KEY_CHECK, id, 0, seen, &len), TEE_SUCCESS);
        assert_int_equal(len, 3);
        assert_memory_equal(seen, ROWS[i].expected, 3);
    }
    len = 2;
    uint32_t id = rig_made(&s, KM_CRYPTO_KEY_AES, 256);
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_KEY_CHECK, id, 0, seen, &len),
                     TEE_ERROR_SHORT_BUFFER);
    /* A short secret could be searched for by its check value, unless it may be exported in any case. */
    id = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(KEY, 15), 0);
    len = 3;
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_KEY_CHECK, id, 0, seen, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    id = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(KEY, 15), OPEN);
    len = 3;
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_KEY_CHECK, id, 0, seen, &len), TEE_SUCCESS);
    id = rig_made(&s, KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    len = 3;
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_KEY_CHECK, id, 0, seen, &len),
                     TEE_ERROR_NOT_SUPPORTED);
}

/* ---- RSA as a wrapping key ---- */

static void rsa_wraps(void **state)
{
    static const uint32_t ALGORITHMS[] = {KM_CRYPTO_RSAES_PKCS1_V1_5,
                                          KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA256};
    (void)state;
    uint32_t pair = make(KM_CRYPTO_KEY_RSA_KEYPAIR, 2048, WRAPS, 0);
    uint32_t key = make(KM_CRYPTO_KEY_AES, 256, 0, OPEN);
    uint32_t sealed = make(KM_CRYPTO_KEY_AES, 256, 0, SEALED);
    uint8_t plain[32] = {0};
    uint8_t back[32] = {0};
    size_t plain_len = 32;
    octets_of(key, plain, &plain_len);
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGORITHMS); i++) {
        uint8_t wrapped[512] = {0};
        size_t len = sizeof(wrapped);
        size_t back_len = 32;
        uint32_t id = 0;
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 0);
        /* What may leave only under a key that nobody else has does not leave under one that everybody has. */
        assert_int_equal(rig_wrap(&s, pair, ALGORITHMS[i], sealed, wrapped, &len),
                         KM_CRYPTO_E_NOT_EXPORTABLE);
        len = 255;
        assert_int_equal(rig_wrap(&s, pair, ALGORITHMS[i], key, wrapped, &len),
                         TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(len, 256);
        assert_int_equal(rig_wrap(&s, pair, ALGORITHMS[i], key, wrapped, &len), TEE_SUCCESS);
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, &wish, pair, ALGORITHMS[i],
                                       KM_SLICE(wrapped, len), &id),
                         TEE_SUCCESS);
        octets_of(id, back, &back_len);
        assert_int_equal(back_len, 32);
        assert_memory_equal(plain, back, 32);
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, &wish, pair, ALGORITHMS[i],
                                       KM_SLICE(wrapped, len - 1), &id),
                         TEE_ERROR_MAC_INVALID);
        wish.attributes = OPEN; /* who may not decrypt with it does not see what it unwraps */
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, &wish, pair, ALGORITHMS[i],
                                       KM_SLICE(wrapped, len), &id),
                         KM_CRYPTO_E_NOT_EXPORTABLE);
    }
}

static void rsa_that_decrypts_shows(void **state)
{
    uint8_t wrapped[512] = {0};
    size_t len = sizeof(wrapped);
    uint32_t id = 0;
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_HMAC, 0);
    (void)state;
    uint32_t pair = make(KM_CRYPTO_KEY_RSA_KEYPAIR, 2048, WRAPS | CRYPTS, 0);
    uint32_t key = make(KM_CRYPTO_KEY_HMAC, 256, 0, OPEN);
    uint32_t longer = make(KM_CRYPTO_KEY_HMAC, 4096, 0, OPEN);
    assert_int_equal(rig_wrap(&s, pair, KM_CRYPTO_RSAES_PKCS1_V1_5, longer, wrapped, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, pair, KM_CRYPTO_RSA_NOPAD, key, wrapped, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    len = sizeof(wrapped);
    assert_int_equal(rig_wrap(&s, pair, KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA1, key, wrapped, &len),
                     TEE_SUCCESS);
    wish.attributes = OPEN;
    assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, &wish, pair,
                                   KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA1, KM_SLICE(wrapped, len),
                                   &id),
                     TEE_SUCCESS);
    wrapped[9] ^= 1;
    assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, &wish, pair,
                                   KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA1, KM_SLICE(wrapped, len),
                                   &id),
                     TEE_ERROR_MAC_INVALID);
    /* Neither usage comes by itself. */
    len = sizeof(wrapped);
    uint32_t plain_pair = rig_made(&s, KM_CRYPTO_KEY_RSA_KEYPAIR, 2048);
    assert_int_equal(rig_wrap(&s, plain_pair, KM_CRYPTO_RSAES_PKCS1_V1_5, key, wrapped, &len),
                     TEE_ERROR_ACCESS_DENIED);
}

/* ---- derivations ---- */

static uint32_t derive(uint32_t key, uint32_t algorithm, struct km_slice salt, struct km_slice info,
                       const struct km_crypto_template *wish, uint32_t *ret_id)
{
    uint8_t bytes[2064] = {0};
    struct km_crypto_hkdf hkdf = {.salt = salt, .info = info};
    size_t len = 0;
    assert_true(km_crypto_hkdf_put(&hkdf, KM_SPAN(bytes, sizeof(bytes)), &len));
    return rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, wish, key, algorithm, KM_SLICE(bytes, len),
                         ret_id);
}

/* RFC 5869, A.1, step by step; FIPS 180-4's and 202's values for "abc". */
static void known_derivations(void **state)
{
    uint8_t ikm[22] = {0};
    uint8_t salt[13] = {0};
    uint8_t info[10] = {0};
    uint8_t expected[64] = {0};
    uint8_t seen[64] = {0};
    size_t len = sizeof(seen);
    uint32_t prk = 0;
    uint32_t okm = 0;
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_GENERIC_SECRET, 256);
    (void)state;
    (void)rig_unhex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", ikm);
    (void)rig_unhex("000102030405060708090a0b0c", salt);
    (void)rig_unhex("f0f1f2f3f4f5f6f7f8f9", info);
    uint32_t key = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(ikm, 22), 0);
    assert_int_equal(derive(key, KM_CRYPTO_HKDF_EXTRACT_SHA256, KM_SLICE(salt, 13),
                            KM_SLICE(info, 0), &wish, &prk),
                     TEE_SUCCESS);
    octets_of(prk, seen, &len);
    (void)rig_unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", expected);
    assert_int_equal(len, 32);
    assert_memory_equal(seen, expected, 32);
    wish.bits = 42 * 8;
    assert_int_equal(derive(prk, KM_CRYPTO_HKDF_EXPAND_SHA256, KM_SLICE(salt, 0),
                            KM_SLICE(info, 10), &wish, &okm),
                     TEE_SUCCESS);
    len = sizeof(seen);
    octets_of(okm, seen, &len);
    (void)rig_unhex(
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b8871"
        "85865",
        expected);
    assert_int_equal(len, 42);
    assert_memory_equal(seen, expected, 42);
}

static void digests_of_a_secret(void **state)
{
    static const struct {
        uint32_t algorithm, bits;
        const char *expected;
    } ROWS[] = {
        {KM_CRYPTO_SHA256, 128, "ba7816bf8f01cfea414140de5dae2223"},
        {KM_CRYPTO_SHA3_256, 256,
         "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
        {KM_CRYPTO_SHAKE128, 128, "5881092dd818bf5cf8a3ddb793fbcba7"},
    };
    uint8_t seen[64] = {0};
    uint8_t expected[64] = {0};
    uint32_t id = 0;
    (void)state;
    uint32_t key = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, OCTETS_OF("abc"), OPEN);
    struct km_slice nothing = OCTETS("");
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, ROWS[i].bits);
        size_t len = sizeof(seen);
        assert_int_equal(derive(key, ROWS[i].algorithm, nothing, nothing, &wish, &id), TEE_SUCCESS);
        octets_of(id, seen, &len);
        (void)rig_unhex(ROWS[i].expected, expected);
        assert_int_equal(len, ROWS[i].bits / 8);
        assert_memory_equal(seen, expected, len);
    }
}

static void refused_derivations(void **state)
{
    struct km_slice nothing = OCTETS("");
    struct km_slice some = OCTETS("some");
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_GENERIC_SECRET, 256);
    uint32_t id = 0;
    (void)state;
    uint32_t key = rig_made(&s, KM_CRYPTO_KEY_GENERIC_SECRET, 256);
    uint32_t aes = rig_made(&s, KM_CRYPTO_KEY_AES, 256);
    assert_int_equal(derive(key, KM_CRYPTO_SHA256, some, nothing, &wish, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(derive(key, KM_CRYPTO_SHA256, nothing, some, &wish, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(derive(key, KM_CRYPTO_SHA1, nothing, nothing, &wish, &id),
                     TEE_ERROR_BAD_PARAMETERS); /* it has 160 */
    assert_int_equal(derive(key, KM_CRYPTO_MD5, nothing, nothing, &wish, &id),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(derive(aes, KM_CRYPTO_SHA256, nothing, nothing, &wish, &id),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(derive(999, KM_CRYPTO_SHA256, nothing, nothing, &wish, &id),
                     KM_CRYPTO_E_STALE_ID);
    assert_int_equal(derive(key, KM_CRYPTO_HKDF_EXTRACT_SHA256, some, some, &wish, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(derive(key, KM_CRYPTO_HKDF_EXTRACT_SHA384, some, nothing, &wish, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(derive(key, KM_CRYPTO_HKDF_EXPAND_SHA256, some, nothing, &wish, &id),
                     TEE_ERROR_BAD_PARAMETERS);
    wish.bits = 64; /* short, and the secret stays inside */
    assert_int_equal(derive(key, KM_CRYPTO_SHAKE128, nothing, nothing, &wish, &id),
                     TEE_ERROR_NOT_SUPPORTED);
    wish.bits = 256;
    wish.attributes = OPEN;
    assert_int_equal(derive(key, KM_CRYPTO_SHA256, nothing, nothing, &wish, &id),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
    assert_int_equal(derive(key, KM_CRYPTO_HKDF_EXPAND_SHA256, nothing, some, &wish, &id),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_copy_may_no_more),      T(whose_copy),        T(a_copy_is_closed_only_if_the_first_was),
        T(pairs_are_copied),        T(check_values),      T(rsa_wraps),
        T(rsa_that_decrypts_shows), T(known_derivations), T(digests_of_a_secret),
        T(refused_derivations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
