/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/arena.h"
#include "tests/unit/km_test.h"

static void what_is_given_is_zero_and_apart(void **state)
{
    (void)state;
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(1u << 20);
    assert_non_null(arena);
    uint8_t *given[200] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(given); i++) {
        given[i] = km_arena_alloc(arena, i * 31);
        assert_non_null(given[i]);
        assert_int_equal((uintptr_t)given[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < i * 31; at++) {
            assert_int_equal(given[i][at], 0);
            given[i][at] = (uint8_t)i;
        }
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(given); i++) {
        for (size_t at = 0; at < i * 31; at++)
            assert_int_equal(given[i][at], (uint8_t)i);
    }
}

static void texts_end_in_nul(void **state)
{
    (void)state;
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(100);
    assert_string_equal(km_arena_text(arena, OCTETS_OF("thing")), "thing");
    assert_string_equal(km_arena_text(arena, (struct km_slice){0}), "");
}

static void the_bound_holds_and_says_so(void **state)
{
    (void)state;
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(100);
    assert_int_equal(km_arena_status(arena), KM_OK);
    assert_non_null(km_arena_alloc(arena, 60));
    assert_null(km_arena_alloc(arena, 41));
    assert_int_equal(km_arena_status(arena), KM_E_LIMIT);
    assert_non_null(km_arena_alloc(arena, 40));
    assert_null(km_arena_alloc(arena, 1));
    assert_null(km_arena_alloc(arena, SIZE_MAX));
    assert_null(km_arena_array(arena, SIZE_MAX / 2, 3));
    km_arena_reset(arena);
    assert_int_equal(km_arena_status(arena), KM_OK);
    assert_non_null(km_arena_array(arena, 10, 10));
}

static void memory_is_used_again_after_reset(void **state)
{
    (void)state;
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(1u << 20);
    for (int round = 0; round < 1000; round++) {
        uint8_t *small = km_arena_alloc(arena, 100);
        uint8_t *large = km_arena_alloc(arena, 100000);
        assert_non_null(small);
        assert_non_null(large);
        assert_int_equal(small[99] | large[99999], 0);
        small[99] = large[99999] = 1;
        km_arena_reset(arena);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_zero_and_apart),
        cmocka_unit_test(texts_end_in_nul),
        cmocka_unit_test(the_bound_holds_and_says_so),
        cmocka_unit_test(memory_is_used_again_after_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
