/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/broker-plugin/letter.h"

static void count(void *arg)
{
    (*(unsigned *)arg)++;
}

static void freed(void *object)
{
    (*(unsigned *)object)++;
}

static void test_copy(void **state)
{
    (void)state;
    char topic[] = "a/b";
    unsigned n_freed = 0;
    struct letter *letter = letter_new(&(struct letter){.kind = LETTER_PUBLISH,
                                                        .topic = KM_SLICE_STR(topic),
                                                        .payload = OCTETS_OF("x\0y"),
                                                        .qos = 1,
                                                        .number = 7,
                                                        .object = &n_freed,
                                                        .object_free = freed});
    assert_non_null(letter);
    topic[0] = 'z';
    assert_string_equal(letter_text(letter->topic), "a/b");
    assert_true(km_slice_equal(letter->payload, OCTETS_OF("x\0y")));
    assert_string_equal(letter_text(letter->client), "");
    assert_true(letter->qos == 1 && letter->number == 7 && letter->next == NULL);
    letter_free(letter);
    assert_int_equal(n_freed, 1);
    letter_free(NULL);
}

static struct letter *numbered(uint64_t number)
{
    struct letter *letter = letter_new(&(struct letter){.kind = LETTER_KICK, .number = number});
    assert_non_null(letter);
    return letter;
}

static void test_order_and_bounds(void **state)
{
    (void)state;
    unsigned n_woken = 0;
    struct letterbox box;
    struct letter *extra = numbered(3);
    letterbox_init(&box, 3, 1000000, count, &n_woken);
    assert_null(letterbox_take(&box));
    for (uint64_t i = 0; i < 3; i++)
        assert_true(letterbox_put(&box, numbered(i)));
    assert_false(letterbox_put(&box, extra));
    assert_int_equal(n_woken, 3);
    letterbox_put_always(&box, extra);
    assert_int_equal(n_woken, 4);
    struct letter *letter = letterbox_take(&box);
    for (uint64_t i = 0; i < 4; i++) {
        assert_non_null(letter);
        assert_int_equal(letter->number, i);
        struct letter *next = letter->next;
        letter_free(letter);
        letter = next;
    }
    assert_null(letter);
    assert_true(letterbox_put(&box, numbered(9))); /* there is room again */
    letterbox_clear(&box);
}

static void test_size(void **state)
{
    (void)state;
    unsigned n_woken = 0;
    struct letterbox box;
    static uint8_t octets[1000];
    struct letter *first = letter_new(&(struct letter){.payload = KM_SLICE(octets, 1000)});
    struct letter *second = letter_new(&(struct letter){.payload = KM_SLICE(octets, 1000)});
    assert_non_null(first);
    assert_non_null(second);
    letterbox_init(&box, 100, first->size + second->size - 1, count, &n_woken);
    assert_true(letterbox_put(&box, first));
    assert_false(letterbox_put(&box, second));
    letter_free(second);
    letterbox_clear(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_order_and_bounds),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
