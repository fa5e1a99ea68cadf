/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_uuid.h"
#include "tests/unit/km_test.h"

#define CANONICAL "138a1951-2a00-bf5a-a463-e61f402ebe1d"

static void both_forms_parse_and_print_canonical(void **state)
{
    static const char *const rows[] = {
        CANONICAL,
        "138A1951-2A00-BF5A-A463-E61F402EBE1D",
        "138A1951-2A00-BF5A-A463E61F402EBE1D",
        "138a1951-2a00-bf5a-a463e61f402ebe1d",
    };
    static const uint8_t octets[16] = {0x13, 0x8a, 0x19, 0x51, 0x2a, 0x00, 0xbf, 0x5a,
                                       0xa4, 0x63, 0xe6, 0x1f, 0x40, 0x2e, 0xbe, 0x1d};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_uuid uuid = {0};
        assert_true(km_uuid_parse(rows[i], &uuid));
        assert_memory_equal(uuid.octet, octets, sizeof(octets));
        char text[KM_UUID_TEXT_LEN] = {0};
        km_uuid_format(&uuid, text);
        assert_string_equal(text, CANONICAL);
    }
}

static void refused(void **state)
{
    static const char *const rows[] = {
        "",
        "138a19512a00bf5aa463e61f402ebe1d",
        "138a1951-2a00-bf5a-a463-e61f402ebe1dd",
        "138a1951-2a00-bf5a-a463-e61f402ebe1d ",
        " 138a1951-2a00-bf5a-a463-e61f402ebe1d",
        "{138a1951-2a00-bf5a-a463-e61f402ebe1d}",
        "138a1951-2a00-bf5a-a463-e61f402ebe1g",
        "138a1951-2a00-bf5a-a463-e61f402ebe-1",
        "138a1951_2a00_bf5a_a463_e61f402ebe1d",
        "138a195-12a00-bf5a-a463-e61f402ebe1d",
        "138a1951-2a00-bf5aa463-e61f402ebe1d",
        "138a1951-2a00bf5a-a463-e61f402ebe1d",
        "138a1951-2a00-bf5a-a463e61f402ebe1d0",
        "138a1951-2a00-bf5a-a463e61f402ebe1",
        "138a1951-2a00-bf5a-a463e61f402ebe1-",
        "138a1951-2a00-bf5a-a463-e61f402ebe1d.stp",
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_uuid uuid = {.octet = {0x77}};
        assert_false(km_uuid_parse(rows[i], &uuid));
        assert_int_equal(uuid.octet[0], 0x77);
    }
}

static void cut_anywhere_is_refused(void **state)
{
    static const char *const forms[] = {CANONICAL, "138a1951-2a00-bf5a-a463e61f402ebe1d"};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(forms); i++) {
        for (size_t len = 0; len < strlen(forms[i]); len++) {
            char *cut = strndup(forms[i], len);
            struct km_uuid uuid = {0};
            assert_non_null(cut);
            assert_false(km_uuid_parse(cut, &uuid));
            free(cut);
        }
    }
}

static void equality_sees_each_octet(void **state)
{
    (void)state;
    struct km_uuid a = {0};
    assert_true(km_uuid_parse(CANONICAL, &a));
    for (size_t i = 0; i < sizeof(a.octet); i++) {
        struct km_uuid b = a;
        assert_true(km_uuid_equal(&a, &b));
        b.octet[i] ^= 1;
        assert_false(km_uuid_equal(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_parse_and_print_canonical),
        cmocka_unit_test(refused),
        cmocka_unit_test(cut_anywhere_is_refused),
        cmocka_unit_test(equality_sees_each_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
