/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to shadows over the registry, while others write too. */
#include "cloud/registry/registry_shadow.h"
#include "cloud/shadowstore/shadow_store.h"
#include "tests/unit/cloud/registry_rig.h"

#define NOW_S 1700000000

km_status __wrap_km_registry_shadow_get(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *thing, const char *name,
                                        struct km_registry_shadow *ret);
km_status __real_km_registry_shadow_get(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *thing, const char *name,
                                        struct km_registry_shadow *ret);

/* What another handle does each time after the row was read. */
static struct {
    struct km_registry *reg;
    unsigned n_left;
    bool buries;
} other;

static void come_in_between(const char *thing, const char *name, int64_t version)
{
    const struct km_registry_shadow_put put = {.thing = thing,
                                               .name = name,
                                               .state = "{\"reported\":{\"theirs\":1}}",
                                               .metadata =
                                                   "{\"reported\":{\"theirs\":{\"timestamp\":1}}}",
                                               .version = version};
    km_status status = other.buries
                           ? km_registry_shadow_delete(other.reg, ACCOUNT, thing, name, version)
                           : km_registry_shadow_put(other.reg, ACCOUNT, &put);
    assert_int_equal(status, KM_OK);
}

km_status __wrap_km_registry_shadow_get(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *thing, const char *name,
                                        struct km_registry_shadow *ret)
{
    km_status status = __real_km_registry_shadow_get(reg, arena, account, thing, name, ret);
    if (other.n_left > 0) {
        other.n_left--;
        come_in_between(thing, name, ret->version);
    }
    return status;
}

static void let_others_write(struct rig *rig, unsigned n, bool buries)
{
    other.reg = rig_another(rig);
    other.n_left = n;
    other.buries = buries;
}

static void end_others(void)
{
    km_registry_close(other.reg);
    other.reg = NULL;
    other.n_left = 0;
}

static km_status apply(struct rig *rig, struct km_err *err, enum km_shadow_kind kind,
                       const char *payload, struct km_shadow_result *ret)
{
    static const struct km_shadow_id id = {.thing = "t", .name = ""};
    const struct km_shadow_request request = {
        .id = &id, .kind = kind, .payload = KM_SLICE_STR(payload), .now_s = NOW_S};
    return km_shadow_store_apply(err, rig->reg, ACCOUNT, &request, ret);
}

/* The version that it led to, or the code of the rejection. */
static uint64_t ask(struct rig *rig, enum km_shadow_kind kind, const char *payload)
{
    struct km_err err = {0};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    if (apply(rig, &err, kind, payload, &result) != KM_OK)
        fail_msg("%s", err.text);
    return result.reason == KM_SHADOW_ACCEPTED ? result.new_version : result.code;
}

static void assert_answer(struct rig *rig, const char *expected)
{
    struct km_err err = {0};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    assert_int_equal(apply(rig, &err, KM_SHADOW_GET, "", &result), KM_OK);
    assert_int_equal(result.reason, KM_SHADOW_ACCEPTED);
    assert_string_equal(result.outputs[0].json.ptr, expected);
}

static void what_is_stored_is_found_again(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(ask(rig, KM_SHADOW_GET, ""), 404);
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"a\":1}}}"), 1);
    assert_answer(rig, "{\"state\":{\"desired\":{\"a\":1},\"delta\":{\"a\":1}},"
                       "\"metadata\":{\"desired\":{\"a\":{\"timestamp\":1700000000}}},"
                       "\"version\":1,\"timestamp\":1700000000}");
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{},\"version\":7}"), 409);
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{\"desired\":null}}"), 2);
}

static void a_deleted_one_leaves_its_version(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(ask(rig, KM_SHADOW_DELETE, ""), 404);
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"a\":1}}}"), 1);
    (void)ask(rig, KM_SHADOW_DELETE, "");
    assert_int_equal(ask(rig, KM_SHADOW_GET, ""), 404);
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"a\":1}}}"), 2);
}

static void what_another_wrote_meanwhile_is_kept(void **state)
{
    struct rig *rig = *state;
    let_others_write(rig, KM_SHADOW_STORE_TRIES - 1, false);
    uint64_t version = ask(rig, KM_SHADOW_UPDATE, "{\"state\":{\"reported\":{\"ours\":2}}}");
    end_others();
    assert_int_equal(version, KM_SHADOW_STORE_TRIES);
    struct km_registry_shadow stored = {0};
    assert_ok(rig, km_registry_shadow_get(rig->reg, rig->arena, ACCOUNT, "t", "", &stored));
    assert_string_equal(stored.state, "{\"reported\":{\"theirs\":1,\"ours\":2}}");
}

static void too_many_writers_end_it(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_shadow_result result = {0};
    let_others_write(rig, KM_SHADOW_STORE_TRIES, false);
    km_status status =
        apply(rig, &err, KM_SHADOW_UPDATE, "{\"state\":{\"reported\":{\"ours\":2}}}", &result);
    end_others();
    assert_int_equal(status, KM_E_TIMEOUT);
    assert_string_equal(err.text, "too many writers of one shadow at a time");
    assert_int_equal(result.n_outputs, 0);
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{}}"), KM_SHADOW_STORE_TRIES + 1);
}

static void who_deletes_second_finds_none(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(ask(rig, KM_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"a\":1}}}"), 1);
    let_others_write(rig, 1, true);
    uint64_t code = ask(rig, KM_SHADOW_DELETE, "");
    end_others();
    assert_int_equal(code, 404);
}

static void the_registrys_sentence_is_passed_on(void **state)
{
    struct rig *rig = *state;
    static const struct km_shadow_id id = {.thing = "t", .name = ""};
    const struct km_shadow_request request = {
        .id = &id, .kind = KM_SHADOW_UPDATE, .payload = KM_SLICE_STR("{\"state\":{}}")};
    struct km_err err = {0};
    struct km_shadow_result result = {0};
    km_status status = km_shadow_store_apply(&err, rig->reg, OTHER_ACCOUNT, &request, &result);
    assert_int_equal(status, KM_E_NOTFOUND);
    assert_string_equal(err.text, km_registry_err(rig->reg)->text);
    assert_int_equal(result.n_outputs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(what_is_stored_is_found_again),
        RIG_TEST(a_deleted_one_leaves_its_version),
        RIG_TEST(what_another_wrote_meanwhile_is_kept),
        RIG_TEST(too_many_writers_end_it),
        RIG_TEST(who_deletes_second_finds_none),
        RIG_TEST(the_registrys_sentence_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
