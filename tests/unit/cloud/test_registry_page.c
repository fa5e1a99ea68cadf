/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of lists: all entries once, in order, whatever happens between two pages. */
#include "cloud/registry/registry_policy.h"
#include "tests/unit/cloud/registry_rig.h"

#define N_POLICIES 23

static void fill(struct rig *rig)
{
    for (int i = 0; i < N_POLICIES; i++)
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", 100 + i), "{}"));
}

static void pages_hold_each_entry_once(void **state)
{
    struct rig *rig = *state;
    fill(rig);
    for (unsigned limit = 1; limit <= N_POLICIES + 1; limit++) {
        for (int descending = 0; descending < 2; descending++) {
            struct km_registry_page page = {.limit = limit, .is_descending = descending != 0};
            size_t n_seen = 0;
            do {
                struct km_registry_policy_list list = {0};
                assert_ok(rig,
                          km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
                assert_true(list.n_items <= limit);
                for (size_t i = 0; i < list.n_items; i++, n_seen++) {
                    int number =
                        descending ? 100 + N_POLICIES - 1 - (int)n_seen : 100 + (int)n_seen;
                    assert_string_equal(list.items[i].name, rig_name("p", number));
                }
                page.marker = list.next;
            } while (page.marker != NULL);
            assert_int_equal(n_seen, N_POLICIES);
        }
    }
}

static void entries_added_or_deleted_do_not_shift_the_rest(void **state)
{
    struct rig *rig = *state;
    struct km_registry_page page = {.limit = 10};
    struct km_registry_policy_list list = {0};
    fill(rig);
    assert_ok(rig, km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_string_equal(list.items[9].name, "p109");
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "a", "{}"));
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p109"));
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p110"));
    page.marker = list.next;
    assert_ok(rig, km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_string_equal(list.items[0].name, "p111");
    assert_int_equal(list.n_items, 10);
}

static void certificates_of_one_moment_are_told_apart(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char last[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_page page = {.limit = 3};
    size_t n_seen = 0;
    for (int i = 0; i < 20; i++)
        rig_certificate(rig, ACCOUNT, rig_name("der ", i), KM_CERTIFICATE_ACTIVE, id);
    do {
        struct km_registry_certificate_list list = {0};
        assert_ok(rig,
                  km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, NULL, &page, &list));
        for (size_t i = 0; i < list.n_items; i++, n_seen++) {
            assert_true(strcmp(last, list.items[i].id) < 0);
            km_copy(last, sizeof(last), list.items[i].id, sizeof(last));
        }
        page.marker = list.next;
    } while (page.marker != NULL);
    assert_int_equal(n_seen, 20);
}

/* Whatever comes as a marker is an answer or KM_E_MALFORMED. */
static void foreign_markers_are_refused(void **state)
{
    struct rig *rig = *state;
    char text[KM_REGISTRY_MARKER_MAX + 2] = {0};
    struct km_registry_policy_list list = {0};
    struct km_registry_certificate_list certificates = {0};
    struct km_registry_page page = {.limit = 10};
    static const char *const rows[] = {
        "", "A", "AAAA", "AA==", "====", "!!!!", "AQAAAAAAAAAAAA==", "A A=", "AAAAA", "\xc3\xa9"};
    fill(rig);
    assert_ok(rig, km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    (void)snprintf(text, sizeof(text), "%s", list.next);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "+/="),
                     strlen(text));
    page.marker = text;
    assert_status(
        rig, KM_E_MALFORMED,
        km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, NULL, &page, &certificates));
    page.is_descending = true;
    assert_status(rig, KM_E_MALFORMED,
                  km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    page.is_descending = false;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        page.marker = rows[i];
        assert_status(rig, KM_E_MALFORMED,
                      km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    }
    page.marker = text;
    for (size_t cut = strlen(text); cut-- > 0;) {
        char kept = text[cut];
        text[cut] = '\0';
        km_status status = km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list);
        assert_true(status == KM_OK || status == KM_E_MALFORMED);
        text[cut] = kept;
        text[cut] = (char)(kept ^ 1);
        status = km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list);
        assert_true(status == KM_OK || status == KM_E_MALFORMED);
        text[cut] = kept;
    }
    memset(text, 'A', KM_REGISTRY_MARKER_MAX);
    assert_status(rig, KM_E_MALFORMED,
                  km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
}

static void pages_and_arenas_have_bounds(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy_list list = {0};
    struct km_registry_page page = {.limit = KM_REGISTRY_PAGE_MAX + 1};
    struct km_arena *small = km_arena_new(200);
    fill(rig);
    assert_status(rig, KM_E_ARG,
                  km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    page.limit = 10;
    assert_status(rig, KM_E_LIMIT, km_registry_policy_list(rig->reg, small, ACCOUNT, &page, &list));
    km_arena_free(small);
    small = km_arena_new(10 * sizeof(struct km_registry_policy) + 100);
    assert_status(rig, KM_E_LIMIT, km_registry_policy_list(rig->reg, small, ACCOUNT, &page, &list));
    assert_null(list.items);
    km_arena_free(small);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(pages_hold_each_entry_once),
        RIG_TEST(entries_added_or_deleted_do_not_shift_the_rest),
        RIG_TEST(certificates_of_one_moment_are_told_apart),
        RIG_TEST(foreign_markers_are_refused),
        RIG_TEST(pages_and_arenas_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
