/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_des.h"
#include "tests/unit/km_test.h"

static void each_octet_gets_parity(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t octet = (uint8_t)i;
        bool is_odd = __builtin_popcount(i) % 2 == 1;
        assert_int_equal(km_des_has_parity(KM_SLICE(&octet, 1)), is_odd);
        km_des_set_parity(KM_SPAN(&octet, 1));
        assert_int_equal(octet, is_odd ? i : i ^ 1u);
        assert_true(km_des_has_parity(KM_SLICE(&octet, 1)));
    }
}

static void one_octet_spoils_a_key(void **state)
{
    uint8_t key[24] = {0};
    (void)state;
    km_des_set_parity(KM_SPAN(key, sizeof(key)));
    assert_true(km_des_has_parity(KM_SLICE(key, sizeof(key))));
    for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
        key[bit / 8] = (uint8_t)(key[bit / 8] ^ 1u << bit % 8);
        assert_false(km_des_has_parity(KM_SLICE(key, sizeof(key))));
        key[bit / 8] = (uint8_t)(key[bit / 8] ^ 1u << bit % 8);
    }
    assert_true(km_des_has_parity(KM_SLICE(key, 0)));
}

static void alike_is_alike_but_for_parity(void **state)
{
    static const struct {
        const char *key;
        bool differ;
    } ROWS[] = {
        {"12345678abcdefgh", true},
        {"1234567812345678", false},
        {"1234567803254769", false},
        {"12345678abcdefghABCDEFGH", true},
        {"12345678abcdefgh12345678", false},
        {"1234567812345678abcdefgh", false},
        {"12345678abcdefghabcdefgh", false},
        {"12345678abcdefgh03254769", false},
        {"12345678", true},
        {"", true},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++)
        assert_int_equal(km_des_parts_differ(KM_SLICE_STR(ROWS[i].key)), ROWS[i].differ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_gets_parity),
        cmocka_unit_test(one_octet_spoils_a_key),
        cmocka_unit_test(alike_is_alike_but_for_parity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
