/* SPDX-License-Identifier: Apache-2.0 */
/* What a session of the console keeps of the messages that pass. */
#include "cloud/console/inbox.h"
#include "tests/unit/km_test.h"

static uint8_t large[KM_BUS_PAYLOAD_MAX];

static bool put(struct km_inbox *inbox, const char *topic, struct km_slice payload)
{
    const struct km_bus_frame frame = {.kind = KM_BUS_MESSAGE,
                                       .qos = 1,
                                       .retain = true,
                                       .time_ms = 7,
                                       .topic = KM_SLICE_STR(topic),
                                       .client_id = KM_SLICE_STR("c"),
                                       .payload = payload};
    return km_inbox_put(inbox, &frame);
}

static void keeps_what_was_subscribed_to(void **state)
{
    struct km_inbox inbox = {0};
    (void)state;
    assert_false(put(&inbox, "a/b", KM_SLICE_STR("x")));
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, "a/+"), KM_OK);
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, "a/#"), KM_OK);
    assert_true(put(&inbox, "a/b", KM_SLICE_STR("x")));
    assert_false(put(&inbox, "b/b", KM_SLICE_STR("x")));
    assert_true(put(&inbox, "a/c", KM_SLICE_STR("")));
    const struct km_inbox_message *first = km_inbox_next(&inbox, 0);
    assert_non_null(first);
    assert_int_equal(first->number, 1); /* once, however many filters match */
    assert_int_equal(first->time_ms, 7);
    assert_true(first->qos == 1 && first->retain);
    assert_true(km_slice_equal(first->topic, KM_SLICE_STR("a/b")));
    assert_true(km_slice_equal(first->client_id, KM_SLICE_STR("c")));
    assert_true(km_slice_equal(first->payload, KM_SLICE_STR("x")));
    assert_int_equal(km_inbox_next(&inbox, 1)->number, 2);
    assert_null(km_inbox_next(&inbox, 2));
    km_inbox_clear(&inbox);
    assert_null(km_inbox_next(&inbox, 0));
}

static void subscriptions(void **state)
{
    struct km_inbox inbox = {0};
    char filter[8] = {0};
    (void)state;
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, ""), KM_E_ARG);
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, "a/#/b"), KM_E_ARG);
    for (int i = 0; i < KM_INBOX_FILTERS_MAX; i++) {
        (void)snprintf(filter, sizeof(filter), "t/%d", i);
        assert_int_equal(km_inbox_subscribe(NULL, &inbox, filter), KM_OK);
        assert_int_equal(km_inbox_subscribe(NULL, &inbox, filter), KM_OK);
    }
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, "more"), KM_E_LIMIT);
    assert_int_equal(km_inbox_unsubscribe(NULL, &inbox, "more"), KM_E_NOTFOUND);
    assert_int_equal(km_inbox_unsubscribe(NULL, &inbox, "t/0"), KM_OK);
    assert_false(put(&inbox, "t/0", KM_SLICE_STR("x")));
    assert_true(put(&inbox, "t/15", KM_SLICE_STR("x")));
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, "more"), KM_OK);
    km_inbox_clear(&inbox);
}

static void old_ones_make_room(void **state)
{
    struct km_inbox inbox = {0};
    (void)state;
    assert_int_equal(km_inbox_subscribe(NULL, &inbox, "#"), KM_OK);
    for (int i = 0; i < KM_INBOX_MESSAGES_MAX + 10; i++)
        assert_true(put(&inbox, "t", KM_SLICE_STR("x")));
    assert_int_equal(inbox.n, KM_INBOX_MESSAGES_MAX);
    assert_int_equal(km_inbox_next(&inbox, 0)->number, 11);
    for (int i = 0; i < 20; i++) {
        assert_true(put(&inbox, "t", KM_SLICE(large, sizeof(large))));
        assert_true(inbox.n_octets <= KM_INBOX_OCTETS_MAX);
    }
    assert_int_equal(inbox.last, KM_INBOX_MESSAGES_MAX + 30);
    assert_int_equal(inbox.n, 7);
    km_inbox_clear(&inbox);
    assert_int_equal(inbox.n_octets, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_subscribed_to),
        cmocka_unit_test(subscriptions),
        cmocka_unit_test(old_ones_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
