/* SPDX-License-Identifier: Apache-2.0 */
/* What the PKCS#11 module reads from outside: its configuration, and the notes that the service keeps for it. */
#include "interop/pkcs11/op.h"
#include "tests/unit/km_test.h"

static void config(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } ROWS[] = {
        {"", true},
        {"\n# a remark\n  \n", true},
        {"manufacturer = Infineon\r\nmodel=SLB9670\n", true},
        {"label =  a b  \n", true},
        {"hardware-version = 255.0", true},
        {"free-slot = no", true},
        {"free-slot = maybe", false},
        {"hardware-slot = yes", true},
        {"hardware-slot = 1", false},
        {"key-slot = no", true},
        {"key-slot = 1", false},
        {"label =", false},
        {"label", false},
        {"manufacturer = 123456789012345678901234567890123", false},
        {"serial = 12345678901234567", false},
        {"hardware-version = 256.0", false},
        {"hardware-version = 1", false},
        {"hardware-version = 1.", false},
        {"firmware-version = 1.x", false},
        {"label = a\tb", false},
        {"unknown = 1", false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        struct km_p11_config read = {0};
        km_p11_config_default(&read);
        assert_int_equal(km_p11_config_parse(KM_SLICE_STR(ROWS[i].text), &read), ROWS[i].ok);
    }
    struct km_p11_config read = {0};
    km_p11_config_default(&read);
    assert_false(read.has_serial);
    assert_false(read.is_hardware);
    assert_true(km_p11_config_parse(
        KM_SLICE_STR("label =  a b \nserial = 00\nfirmware-version = 3.14\nfree-slot = no\n"
                     "hardware-slot = yes"),
        &read));
    assert_string_equal(read.label, "a b");
    assert_string_equal(read.serial, "00");
    assert_true(read.has_serial);
    assert_int_equal(read.firmware.minor, 14);
    assert_false(read.has_free_slot);
    assert_true(read.is_hardware);
}

static void notes(void **state)
{
    struct km_p11_list own = {0};
    struct km_p11_list half = {0};
    struct km_p11_note note = {.token = 7, .flags = KM_P11_NOTE_PRIVATE};
    struct km_p11_note seen = {0};
    uint8_t bytes[CLRC_NOTE_MAX] = {0};
    uint8_t again[CLRC_NOTE_MAX] = {0};
    size_t len = 0;
    size_t again_len = 0;
    (void)state;
    assert_int_equal(km_p11_list_set(&own, CKA_LABEL, OCTETS_OF("a")), CKR_OK);
    assert_int_equal(km_p11_list_set(&own, CKA_ID, OCTETS_OF("id")), CKR_OK);
    assert_int_equal(km_p11_list_set(&half, CKA_LABEL, OCTETS_OF("b")), CKR_OK);
    note.own = KM_SLICE(own.bytes, own.len);
    note.public_half = KM_SLICE(half.bytes, half.len);
    assert_true(km_p11_note_put(&note, KM_SPAN(bytes, sizeof(bytes)), &len));
    for (size_t cut = 0; cut < len; cut++)
        assert_false(km_p11_note_parse(KM_SLICE(bytes, cut), &seen));
    assert_false(km_p11_note_parse(KM_SLICE(bytes, len + 1), &seen));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (km_p11_note_parse(KM_SLICE(bytes, len), &seen)) {
            assert_true(km_p11_note_put(&seen, KM_SPAN(again, sizeof(again)), &again_len));
            assert_true(km_slice_equal(KM_SLICE(again, again_len), KM_SLICE(bytes, len)));
        }
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    km_p11_list_clear(&own);
    km_p11_list_clear(&half);
}

static void lists(void **state)
{
    static const uint8_t LONG[KM_P11_VALUE_MAX + 1];
    struct km_p11_list list = {0};
    struct km_slice value = {0};
    (void)state;
    assert_false(km_p11_list_find(&list, CKA_LABEL, &value));
    assert_int_equal(km_p11_list_set(&list, CKA_LABEL, OCTETS_OF("first")), CKR_OK);
    assert_int_equal(km_p11_list_set(&list, CKA_ID, OCTETS_OF("id")), CKR_OK);
    assert_int_equal(km_p11_list_set(&list, CKA_LABEL, OCTETS_OF("")), CKR_OK);
    assert_true(km_p11_list_find(&list, CKA_LABEL, &value));
    assert_int_equal(value.len, 0);
    assert_true(km_p11_list_find(&list, CKA_ID, &value));
    assert_true(km_slice_equal(value, OCTETS_OF("id")));
    assert_int_equal(km_p11_list_set(&list, CKA_LABEL, KM_SLICE(LONG, sizeof(LONG))),
                     CKR_ATTRIBUTE_VALUE_INVALID);
    assert_int_equal(km_p11_list_set(&list, CKA_SUBJECT, KM_SLICE(LONG, 512)), CKR_OK);
    assert_int_equal(km_p11_list_set(&list, CKA_URL, KM_SLICE(LONG, 512)),
                     CKR_ATTRIBUTE_VALUE_INVALID); /* both are too much */
    /* The same type twice is refused. */
    uint8_t twice[32] = {3, 0, 0, 0, 1, 0, 0, 0, 'a', 3, 0, 0, 0, 1, 0, 0, 0, 'b'};
    assert_true(km_p11_list_check(KM_SLICE(twice, 9)));
    assert_false(km_p11_list_check(KM_SLICE(twice, 18)));
    km_p11_list_clear(&list);
}

/* SEQUENCE { SEQUENCE { [0] { INTEGER 2 }, INTEGER 5, algorithm, issuer, validity, subject }, ... } in miniature. */
static void certificates(void **state)
{
    static const uint8_t DER[] = {0x30, 22, 0x30, 18, 0xa0, 3,    2, 1,    2, 2, 1,    5,
                                  0x30, 0,  0x30, 1,  1,    0x30, 0, 0x30, 1, 2, 0x30, 0};
    uint8_t longer[sizeof(DER) + 1] = {0};
    struct km_slice issuer = {0};
    struct km_slice subject = {0};
    struct km_slice serial = {0};
    (void)state;
    assert_true(km_p11_certificate(KM_SLICE(DER, sizeof(DER)), &issuer, &subject, &serial));
    assert_true(km_slice_equal(serial, KM_SLICE(DER + 9, 3)));
    assert_true(km_slice_equal(issuer, KM_SLICE(DER + 14, 3)));
    assert_true(km_slice_equal(subject, KM_SLICE(DER + 19, 3)));
    for (size_t cut = 0; cut < sizeof(DER); cut++)
        assert_false(km_p11_certificate(KM_SLICE(DER, cut), &issuer, &subject, &serial));
    km_copy(longer, sizeof(longer), DER, sizeof(DER));
    assert_false(km_p11_certificate(KM_SLICE(longer, sizeof(longer)), &issuer, &subject, &serial));
}

/* A saved digest: cut, flipped, trailing, too long. */
static void saved_states(void **state)
{
    static uint8_t bytes[KM_P11_STATE_MAX + 1];
    static uint8_t much[KM_P11_STATE_FED_MAX + 1];
    struct km_p11_state saved = {CKM_SHA256, OCTETS_OF("what was fed")};
    struct km_p11_state seen = {0};
    uint8_t again[64] = {0};
    size_t again_len = 0;
    size_t len = 0;
    (void)state;
    assert_true(km_p11_state_put(&saved, KM_SPAN(bytes, sizeof(bytes)), &len));
    assert_true(km_p11_state_parse(KM_SLICE(bytes, len), &seen));
    assert_int_equal(seen.mechanism, CKM_SHA256);
    assert_true(km_slice_equal(seen.fed, saved.fed));
    for (size_t cut = 0; cut < len; cut++)
        assert_false(km_p11_state_parse(KM_SLICE(bytes, cut), &seen));
    assert_false(km_p11_state_parse(KM_SLICE(bytes, len + 1), &seen));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (km_p11_state_parse(KM_SLICE(bytes, len), &seen)) {
            assert_true(km_p11_state_put(&seen, KM_SPAN(again, sizeof(again)), &again_len));
            assert_true(km_slice_equal(KM_SLICE(again, again_len), KM_SLICE(bytes, len)));
        }
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    saved.fed = KM_SLICE(much, sizeof(much));
    assert_false(km_p11_state_put(&saved, KM_SPAN(bytes, sizeof(bytes)), &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config), cmocka_unit_test(notes),        cmocka_unit_test(saved_states),
        cmocka_unit_test(lists),  cmocka_unit_test(certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
