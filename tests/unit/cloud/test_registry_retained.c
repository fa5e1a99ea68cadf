/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/registry/registry_retained.h"
#include "tests/unit/cloud/registry_rig.h"

static void messages_are_kept_replaced_and_cleared(void **state)
{
    struct rig *rig = *state;
    struct km_registry_retained got = {0};
    struct km_registry_retained message = {
        .topic = "a/b", .payload = KM_SLICE("\x00\xff", 2), .qos = 1, .modified_ms = 7};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_retained_get(rig->reg, rig->arena, ACCOUNT, "a/b", &got));
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    assert_ok(rig, km_registry_retained_get(rig->reg, rig->arena, ACCOUNT, "a/b", &got));
    assert_string_equal(got.topic, "a/b");
    assert_true(km_slice_equal(got.payload, message.payload));
    assert_int_equal(got.qos, 1);
    assert_int_equal(got.modified_ms, 7);
    message = (struct km_registry_retained){
        .topic = "a/b", .payload = KM_SLICE_STR("longer"), .modified_ms = 8};
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    assert_ok(rig, km_registry_retained_get(rig->reg, rig->arena, ACCOUNT, "a/b", &got));
    assert_true(km_slice_equal(got.payload, message.payload));
    assert_int_equal(got.qos, 0);
    message.payload.len = 0;
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_retained_get(rig->reg, rig->arena, ACCOUNT, "a/b", &got));
}

static void messages_are_listed_by_topic(void **state)
{
    struct rig *rig = *state;
    static const char *const topics[] = {"b", "a/x", "a"};
    struct km_registry_retained_list list = {0};
    struct km_registry_page page = {.limit = 2};
    for (size_t i = 0; i < KM_ARRAY_LEN(topics); i++) {
        struct km_registry_retained message = {.topic = topics[i],
                                               .payload = KM_SLICE("12345", i + 1)};
        assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    }
    assert_ok(rig, km_registry_retained_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_int_equal(list.n_items, 2);
    assert_string_equal(list.items[0].topic, "a");
    assert_int_equal(list.items[0].payload.len, 3);
    assert_string_equal(list.items[1].topic, "a/x");
    page.marker = list.next;
    assert_ok(rig, km_registry_retained_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].topic, "b");
    assert_null(list.next);
    assert_ok(rig, km_registry_account_delete(rig->reg, ACCOUNT));
}

static void a_message_has_bounds(void **state)
{
    struct rig *rig = *state;
    static char octets[KM_PAYLOAD_OCTETS_MAX + 1];
    char topic[KM_RETAINED_TOPIC_MAX + 2] = {0};
    struct km_registry_retained message = {.topic = topic, .payload = KM_SLICE_STR("x")};
    for (size_t i = 0; i < KM_RETAINED_TOPIC_MAX; i++)
        topic[i] = 't';
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    topic[KM_RETAINED_TOPIC_MAX] = 't';
    assert_status(rig, KM_E_ARG, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message.topic = "";
    assert_status(rig, KM_E_ARG, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message.topic = "\xff";
    assert_status(rig, KM_E_ARG, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message = (struct km_registry_retained){.topic = "t", .payload = KM_SLICE_STR("x"), .qos = 2};
    assert_status(rig, KM_E_ARG, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message.qos = 0;
    message.payload = KM_SLICE(octets, sizeof(octets) - 1);
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message.payload.len++;
    assert_status(rig, KM_E_ARG, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_retained_put(
                      rig->reg, OTHER_ACCOUNT,
                      &(struct km_registry_retained){.topic = "t", .payload = KM_SLICE_STR("x")}));
}

/* One transaction, which makes it quick; the last one undoes itself alone. */
static void an_account_has_so_many_octets_of_them(void **state)
{
    struct rig *rig = *state;
    static char octets[KM_PAYLOAD_OCTETS_MAX];
    struct km_registry_retained message = {.payload = KM_SLICE(octets, sizeof(octets))};
    struct km_registry_retained got = {0};
    assert_ok(rig, km_registry_begin(rig->reg));
    for (int i = 0; i < KM_RETAINED_OCTETS_MAX / KM_PAYLOAD_OCTETS_MAX; i++) {
        message.topic = rig_name("t", i);
        assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    }
    message.payload.len = 1;
    message.topic = "more";
    assert_status(rig, KM_E_LIMIT, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message.topic = "t0"; /* instead of the longer one */
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    message.topic = "more";
    assert_ok(rig, km_registry_retained_put(rig->reg, ACCOUNT, &message));
    assert_ok(rig, km_registry_commit(rig->reg));
    assert_ok(rig, km_registry_retained_get(rig->reg, rig->arena, ACCOUNT, "more", &got));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(messages_are_kept_replaced_and_cleared),
        RIG_TEST(messages_are_listed_by_topic),
        RIG_TEST(a_message_has_bounds),
        RIG_TEST(an_account_has_so_many_octets_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
