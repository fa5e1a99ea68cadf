/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_shadow.h"
#include "tests/unit/cloud/registry_rig.h"

static const char id_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char id_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static void what_was_added_comes_back(void **state)
{
    struct rig *rig = *state;
    struct km_registry_event_list list = {0};
    struct km_registry_event event = {
        .account = ACCOUNT,
        .kind = "Connect",
        .client_id = "lamp/+#\"'\xc3\xa9",
        .certificate_id = id_a,
        .address = "::1",
        .reason = "the certificate is PENDING_ACTIVATION",
        .detail = "{}",
    };
    struct km_registry_event bare = {.kind = "Start", .is_success = true, .time_ms = 5};
    assert_ok(rig, km_registry_event_add(rig->reg, &event));
    assert_ok(rig, km_registry_event_add(rig->reg, &bare));
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, NULL, NULL, &list));
    assert_int_equal(list.n_items, 2);
    const struct km_registry_event *got = &list.items[0];
    assert_int_equal(got->time_ms, rig->now_ms);
    assert_string_equal(got->account, ACCOUNT);
    assert_string_equal(got->kind, "Connect");
    assert_false(got->is_success);
    assert_string_equal(got->client_id, event.client_id);
    assert_string_equal(got->certificate_id, id_a);
    assert_null(got->principal);
    assert_string_equal(got->address, "::1");
    assert_string_equal(got->reason, event.reason);
    assert_string_equal(got->detail, "{}");
    assert_true(list.items[1].id > got->id);
    assert_int_equal(list.items[1].time_ms, 5);
    assert_true(list.items[1].is_success);
    assert_null(list.items[1].account);
    assert_null(list.items[1].reason);
}

static void long_texts_are_cut_at_a_character(void **state)
{
    struct rig *rig = *state;
    char reason[KM_EVENT_REASON_MAX + 10] = {0};
    struct km_registry_event_list list = {0};
    struct km_registry_event event = {.kind = "K", .reason = reason};
    memset(reason, 'r', KM_EVENT_REASON_MAX - 1);
    (void)snprintf(reason + KM_EVENT_REASON_MAX - 1, 8, "\xe2\x82\xac\xe2\x82\xac");
    assert_ok(rig, km_registry_event_add(rig->reg, &event));
    reason[KM_EVENT_REASON_MAX - 3] = '\0';
    (void)snprintf(reason + KM_EVENT_REASON_MAX - 3, 8, "\xe2\x82\xac\xe2\x82\xac");
    assert_ok(rig, km_registry_event_add(rig->reg, &event));
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, NULL, NULL, &list));
    assert_int_equal(strlen(list.items[0].reason), KM_EVENT_REASON_MAX - 1);
    assert_int_equal(strlen(list.items[1].reason), KM_EVENT_REASON_MAX);
    event.reason = "\xff";
    assert_status(rig, KM_E_ARG, km_registry_event_add(rig->reg, &event));
    event.reason = NULL;
    event.kind = "";
    assert_status(rig, KM_E_ARG, km_registry_event_add(rig->reg, &event));
    event.kind = "K";
    event.certificate_id = "short";
    assert_status(rig, KM_E_ARG, km_registry_event_add(rig->reg, &event));
}

static void fill(struct rig *rig)
{
    for (int i = 0; i < 12; i++) {
        struct km_registry_event event = {
            .time_ms = 1000 + i,
            .account = i < 6 ? ACCOUNT : OTHER_ACCOUNT,
            .kind = i % 2 ? "Connect" : "Publish-In",
            .is_success = i % 3 == 0,
            .client_id = rig_name("client", i % 4),
            .certificate_id = i % 4 == 0 ? NULL : (i % 4 == 1 ? id_a : id_b),
        };
        assert_ok(rig, km_registry_event_add(rig->reg, &event));
    }
}

static void events_are_found_by_who_and_when(void **state)
{
    struct rig *rig = *state;
    const bool yes = true;
    const bool no = false;
    struct km_registry_event_list list = {0};
    const struct {
        struct km_registry_event_filter filter;
        size_t n_items;
    } rows[] = {
        {{0}, 12},
        {{.account = ACCOUNT}, 6},
        {{.kind = "Connect"}, 6},
        {{.client_id = "client1"}, 3},
        {{.client_id = "client1", .account = ACCOUNT}, 2},
        {{.client_id = "client1", .certificate_id = id_b}, 0},
        {{.client_id = "client1", .certificate_id = id_a}, 3},
        {{.certificate_id = id_b}, 6},
        {{.certificate_id = id_b, .is_success = &yes}, 2},
        {{.is_success = &no}, 8},
        {{.from_ms = 1003}, 9},
        {{.before_ms = 1003}, 3},
        {{.from_ms = 1003, .before_ms = 1005}, 2},
        {{.client_id = "nobody"}, 0},
    };
    fill(rig);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_registry_page page = {.limit = 2};
        size_t n_items = 0;
        do {
            assert_ok(rig,
                      km_registry_event_list(rig->reg, rig->arena, &rows[i].filter, &page, &list));
            n_items += list.n_items;
            page.marker = list.next;
        } while (page.marker != NULL);
        assert_int_equal(n_items, rows[i].n_items);
    }
    struct km_registry_event_filter bad = {.certificate_id = "x"};
    assert_status(rig, KM_E_ARG, km_registry_event_list(rig->reg, rig->arena, &bad, NULL, &list));
}

static void a_follower_asks_for_what_came_after(void **state)
{
    struct rig *rig = *state;
    struct km_registry_event_list list = {0};
    struct km_registry_event_filter filter = {0};
    struct km_registry_page newest = {.limit = 1, .is_descending = true};
    fill(rig);
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, NULL, &newest, &list));
    filter.after_id = list.items[0].id;
    assert_int_equal(list.items[0].time_ms, 1011);
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, &filter, NULL, &list));
    assert_int_equal(list.n_items, 0);
    assert_ok(rig, km_registry_event_sweep(rig->reg, INT64_MAX, 0));
    assert_ok(rig, km_registry_event_add(rig->reg, &(struct km_registry_event){.kind = "New"}));
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, &filter, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].kind, "New");
}

static void sweeping_bounds_age_and_number(void **state)
{
    struct rig *rig = *state;
    struct km_registry_event_list list = {0};
    fill(rig);
    assert_ok(rig, km_registry_event_sweep(rig->reg, 1004, 0));
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, NULL, NULL, &list));
    assert_int_equal(list.n_items, 8);
    assert_ok(rig, km_registry_event_sweep(rig->reg, 0, 3));
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, NULL, NULL, &list));
    assert_int_equal(list.n_items, 3);
    assert_int_equal(list.items[0].time_ms, 1009);
    assert_status(rig, KM_E_ARG, km_registry_event_sweep(rig->reg, 0, -1));
}

/* Nobody has to sweep: writers do, now and then. */
static void writers_keep_the_newest(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry *writer = NULL;
    struct km_registry_config config = rig_config(rig);
    struct km_registry_event event = {.kind = "K"};
    struct km_registry_change_list changes = {0};
    struct km_registry_event_list list = {0};
    struct km_registry_shadow shadow = {0};
    struct km_registry_shadow_put put = {.thing = "t", .name = "", .state = "{}", .metadata = "{}"};
    config.events_kept = 20;
    config.changes_kept = 30;
    assert_int_equal(km_registry_open(&err, &config, &writer), KM_OK);
    assert_int_equal(km_registry_shadow_put(writer, ACCOUNT, &put), KM_OK);
    assert_int_equal(km_registry_shadow_delete(writer, ACCOUNT, "t", "", 1), KM_OK);
    rig->now_ms += KM_SHADOW_TOMBSTONE_MS;
    assert_int_equal(km_registry_begin(writer), KM_OK);
    for (int i = 0; i < 1100; i++) {
        assert_int_equal(km_registry_event_add(writer, &event), KM_OK);
        assert_int_equal(km_registry_setting_set(writer, ACCOUNT, "n", rig_name("", i)), KM_OK);
    }
    assert_int_equal(km_registry_commit(writer), KM_OK);
    km_registry_close(writer);
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, NULL, NULL, &list));
    assert_int_equal(list.items[0].id, 1024 - 20 + 1);
    assert_int_equal(list.n_items, 1100 - 1024 + 20);
    int64_t oldest = 1024 - 30;
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, oldest, 1, &changes));
    assert_status(rig, KM_E_STALE,
                  km_registry_changes(rig->reg, rig->arena, oldest - 1, 1, &changes));
    rig->now_ms -= KM_SHADOW_TOMBSTONE_MS;
    assert_ok(rig, km_registry_shadow_get(rig->reg, rig->arena, ACCOUNT, "t", "", &shadow));
    assert_int_equal(shadow.version, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(what_was_added_comes_back),        RIG_TEST(long_texts_are_cut_at_a_character),
        RIG_TEST(events_are_found_by_who_and_when), RIG_TEST(a_follower_asks_for_what_came_after),
        RIG_TEST(sweeping_bounds_age_and_number),   RIG_TEST(writers_keep_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
