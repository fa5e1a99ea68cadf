/* SPDX-License-Identifier: Apache-2.0 */
/* Which octets are taken for a triple DES key: parity and parts, by every way in; and what was stored before that was asked. */
#include "common/km_des.h"
#include "ta/crypto/record.h"
#include "tests/unit/crypto_rig.h"

#define WRAPS (KM_CRYPTO_USAGE_WRAP | KM_CRYPTO_USAGE_UNWRAP)

static char dir[64];
static struct rig_session s;
static uint8_t good[24];

static int set_up(void **state)
{
    (void)state;
    rig_fresh(dir, &s);
    for (size_t i = 0; i < sizeof(good); i++)
        good[i] = (uint8_t)(7 * i + 3);
    km_des_set_parity(KM_SPAN(good, sizeof(good)));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_gone(dir, &s);
    return 0;
}

static struct km_crypto_template des3(void)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_DES3, 0);
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    return wish;
}

static uint32_t import_raw(const uint8_t *octets, size_t len)
{
    struct km_crypto_template wish = des3();
    uint32_t id = 0;
    uint32_t result = rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, KM_SLICE(octets, len), &id);
    if (result == TEE_SUCCESS)
        assert_int_equal(rig_free_key(&s, id), TEE_SUCCESS);
    return result;
}

static uint32_t import_attrs(const uint8_t *octets, size_t len)
{
    struct km_crypto_template wish = des3();
    struct km_crypto_attrs attrs = {.count = 1,
                                    .at = {{KM_CRYPTO_SECRET_VALUE, KM_SLICE(octets, len)}}};
    uint8_t wire[64] = {0};
    size_t wire_len = 0;
    uint32_t id = 0;
    assert_true(km_crypto_attrs_put(&attrs, KM_SPAN(wire, sizeof(wire)), &wire_len));
    uint32_t result =
        rig_import(&s, &wish, KM_CRYPTO_FORM_ATTRIBUTES, KM_SLICE(wire, wire_len), &id);
    if (result == TEE_SUCCESS)
        assert_int_equal(rig_free_key(&s, id), TEE_SUCCESS);
    return result;
}

static struct km_slice octets_of(uint32_t id, uint8_t room[24])
{
    size_t len = 24;
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, room, &len), TEE_SUCCESS);
    return KM_SLICE(room, len);
}

static void each_octet_needs_parity(void **state)
{
    (void)state;
    for (size_t len = 16; len <= 24; len += 8) {
        assert_int_equal(import_raw(good, len), TEE_SUCCESS);
        assert_int_equal(import_attrs(good, len), TEE_SUCCESS);
        for (size_t i = 0; i < len; i++) {
            good[i] ^= 1;
            assert_int_equal(import_raw(good, len), KM_CRYPTO_E_DES3_PARITY);
            assert_int_equal(import_attrs(good, len), KM_CRYPTO_E_DES3_PARITY);
            good[i] ^= 1;
        }
    }
}

static void no_two_parts_are_alike(void **state)
{
    static const size_t SAME[][2] = {{0, 8}, {8, 16}, {0, 16}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(SAME); i++) {
        uint8_t key[24] = {0};
        km_copy(key, sizeof(key), good, sizeof(good));
        km_copy(key + SAME[i][1], KM_DES_PART_LEN, key + SAME[i][0], KM_DES_PART_LEN);
        assert_int_equal(import_raw(key, 24), KM_CRYPTO_E_DES3_PARTS);
        assert_int_equal(import_attrs(key, 24), KM_CRYPTO_E_DES3_PARTS);
        /* Parity does not make them differ. */
        key[SAME[i][1]] ^= 1;
        assert_int_equal(import_raw(key, 24), KM_CRYPTO_E_DES3_PARTS);
    }
}

/* Drawn and derived octets are given their parity here. */
static void made_keys_have_parity(void **state)
{
    uint8_t room[24] = {0};
    uint8_t wire[64] = {0};
    size_t wire_len = 0;
    uint32_t id = 0;
    (void)state;
    struct km_crypto_template wish = des3();
    struct km_crypto_template secret = rig_wish(KM_CRYPTO_KEY_GENERIC_SECRET, 256);
    secret.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    for (wish.bits = 128; wish.bits <= 192; wish.bits += 64) {
        assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
        assert_true(km_des_has_parity(octets_of(id, room)));
    }
    assert_int_equal(rig_create(&s, &secret, &id), TEE_SUCCESS);
    struct km_crypto_hkdf with = {.salt = KM_SLICE("", 0), .info = OCTETS_OF("info")};
    assert_true(km_crypto_hkdf_put(&with, KM_SPAN(wire, sizeof(wire)), &wire_len));
    wish.bits = 192;
    assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, &wish, id, KM_CRYPTO_HKDF_SHA256,
                                   KM_SLICE(wire, wire_len), &id),
                     TEE_SUCCESS);
    assert_true(km_des_has_parity(octets_of(id, room)));
}

static uint32_t unwrap(uint32_t by, uint32_t algorithm, struct km_slice wrapped)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_DES3, 0);
    uint32_t id = 0;
    return rig_with_wish(&s, KM_CRYPTO_CMD_UNWRAP_KEY, &wish, by, algorithm, wrapped, &id);
}

static uint32_t wrapping_key(void)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 256);
    uint32_t id = 0;
    wish.usage = WRAPS;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    return id;
}

/* Octets that were wrapped as another key's. */
static void what_was_wrapped_is_looked_at(void **state)
{
    static const uint32_t ALGORITHMS[] = {KM_CRYPTO_AES_KW, KM_CRYPTO_AES_KWP};
    (void)state;
    uint32_t by = wrapping_key();
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_HMAC, 192);
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    for (size_t i = 0; i < 2 * KM_ARRAY_LEN(ALGORITHMS); i++) {
        uint32_t algorithm = ALGORITHMS[i / 2];
        uint8_t out[64] = {0};
        size_t len = sizeof(out);
        uint32_t id = 0;
        good[9] ^= 1;
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, KM_SLICE(good, 24), &id),
                         TEE_SUCCESS);
        assert_int_equal(rig_wrap(&s, by, algorithm, id, out, &len), TEE_SUCCESS);
        assert_int_equal(unwrap(by, algorithm, KM_SLICE(out, len)),
                         i % 2 == 0 ? KM_CRYPTO_E_DES3_PARITY : TEE_SUCCESS);
    }
}

/* Puts these octets in the place of the good ones in what the store has of the key. */
static void age(const uint8_t octets[24])
{
    uint8_t record[KM_RECORD_MAX] = {0};
    size_t len = 0;
    size_t at = 0;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    assert_int_equal(
        TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, "kold", 4,
                                 TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE, &object),
        TEE_SUCCESS);
    assert_int_equal(TEE_ReadObjectData(object, record, sizeof(record), &len), TEE_SUCCESS);
    while (at + 24 <= len && memcmp(record + at, good, 24) != 0)
        at++;
    assert_true(at + 24 <= len);
    assert_int_equal(TEE_SeekObjectData(object, (intmax_t)at, TEE_DATA_SEEK_SET), TEE_SUCCESS);
    assert_int_equal(TEE_WriteObjectData(object, octets, 24), TEE_SUCCESS);
    TEE_CloseObject(object);
}

static void encrypt(uint32_t id, uint8_t out[8])
{
    struct km_lane_param p[4] = {P_VI(id, KM_CRYPTO_DES3_ECB_NOPAD), P_MI("", 0), P_STR("8 octets"),
                                 P_MO(out, 8)};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CIPHER_ENCRYPT, p), TEE_SUCCESS);
}

/* A key that was stored before parity was asked for works as it did; it does not come in again. */
static void an_old_key_stays(void **state)
{
    uint8_t old[24] = {0};
    uint8_t room[24] = {0};
    uint8_t wrapped[256] = {0};
    size_t len = sizeof(wrapped);
    uint8_t before[8] = {0};
    uint8_t after[8] = {0};
    uint32_t id = 0;
    (void)state;
    struct km_crypto_template wish = des3();
    wish.attributes |= KM_CRYPTO_ATTR_WRAPPABLE;
    for (size_t i = 0; i < sizeof(old); i++)
        old[i] = good[i] ^ 1u;
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, KM_SLICE(good, 24), &id),
                     TEE_SUCCESS);
    encrypt(id, before);
    assert_int_equal(rig_save(&s, id, "old", 0), TEE_SUCCESS);
    assert_int_equal(rig_free_key(&s, id), TEE_SUCCESS);
    age(old);
    assert_int_equal(rig_load(&s, "old", 0, &id), TEE_SUCCESS);
    encrypt(id, after);
    assert_memory_equal(before, after, sizeof(after));
    assert_true(km_slice_equal(octets_of(id, room), KM_SLICE(old, 24)));
    assert_int_equal(import_raw(room, 24), KM_CRYPTO_E_DES3_PARITY);
    /* With its policy or without: it was wrapped and stays so. */
    uint32_t by = wrapping_key();
    assert_int_equal(rig_wrap(&s, by, KM_CRYPTO_AES_KWP, id, wrapped, &len), TEE_SUCCESS);
    assert_int_equal(unwrap(by, KM_CRYPTO_AES_KWP, KM_SLICE(wrapped, len)),
                     KM_CRYPTO_E_DES3_PARITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_octet_needs_parity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_two_parts_are_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(made_keys_have_parity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_wrapped_is_looked_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_old_key_stays, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
