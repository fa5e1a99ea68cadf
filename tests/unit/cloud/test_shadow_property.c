/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every shadow, over random updates: a device that does what the delta says has what
 * was desired, and metadata have the shape of the state.
 */
#include "tests/unit/km_test.h"

#include "tests/unit/cloud/shadow_rig.h"

#define STORIES 200
#define UPDATES 12

/* Numbers that are the same on every run (a multiplicative generator). */
static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* Few keys, so that updates meet; nulls only where they take away. */
static json_t *random_value(uint64_t *seed, unsigned depth, bool in_array)
{
    uint32_t what = draw(seed, 8);
    if (what < 3 && depth > 0) {
        json_t *object = json_object();
        for (uint32_t n = draw(seed, 4); n > 0; n--) {
            const char key[2] = {(char)('a' + draw(seed, 4)), '\0'};
            json_object_set_new(object, key, random_value(seed, depth - 1, in_array));
        }
        return object;
    }
    if (what == 3 && depth > 0) {
        json_t *array = json_array();
        for (uint32_t n = draw(seed, 3); n > 0; n--)
            json_array_append_new(array, random_value(seed, depth - 1, true));
        return array;
    }
    if (what == 4 && !in_array)
        return json_null();
    return draw(seed, 2) == 0 ? json_integer(draw(seed, 3)) : json_real(draw(seed, 3));
}

static json_t *random_state(uint64_t *seed)
{
    json_t *state = json_object();
    static const char *const sections[] = {"desired", "reported"};
    for (size_t i = 0; i < 2; i++) {
        json_t *section = random_value(seed, 4, false);
        if (json_is_object(section) || json_is_null(section))
            json_object_set_new(state, sections[i], section);
        else
            json_decref(section);
    }
    return state;
}

static void assert_mirrors(const json_t *state, const json_t *metadata)
{
    assert_non_null(metadata);
    if (json_is_object(state)) {
        assert_int_equal(json_object_size(state), json_object_size(metadata));
        const char *key = NULL;
        json_t *item = NULL;
        json_object_foreach((json_t *)(uintptr_t)state, key, item)
            assert_mirrors(item, json_object_get(metadata, key));
    } else if (json_is_array(state)) {
        assert_int_equal(json_array_size(state), json_array_size(metadata));
        for (size_t i = 0; i < json_array_size(state); i++)
            assert_mirrors(json_array_get(state, i), json_array_get(metadata, i));
    } else {
        assert_int_equal(json_object_size(metadata), 1);
        assert_true(json_is_integer(json_object_get(metadata, "timestamp")));
    }
}

/* Whether all that is desired is there: what only the device has does not count. */
static bool has_all(const json_t *desired, const json_t *reported)
{
    if (!json_is_object(desired) || !json_is_object(reported))
        return km_json_equal(desired, reported);
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach((json_t *)(uintptr_t)desired, key, item)
    {
        if (!has_all(item, json_object_get(reported, key)))
            return false;
    }
    return true;
}

static void send(struct shadow_rig *rig, json_t *state, struct km_shadow_result *ret)
{
    json_t *body = json_pack("{s:o}", "state", state);
    char *text = json_dumps(body, JSON_COMPACT);
    assert_int_equal(shadow_rig_do(rig, KM_SHADOW_UPDATE, 7, KM_SLICE_STR(text), ret), KM_OK);
    free(text);
    json_decref(body);
}

static void check_stored(const struct shadow_rig *rig)
{
    json_t *state = json_loads(rig->state.ptr, 0, NULL);
    json_t *metadata = json_loads(rig->metadata.ptr, 0, NULL);
    assert_mirrors(state, metadata);
    json_decref(state);
    json_decref(metadata);
}

/* The device reports what the delta says; then there is none any more. */
static void obey(struct shadow_rig *rig, const struct km_shadow_output *delta)
{
    json_t *message = json_loads(delta->json.ptr, 0, NULL);
    json_t *part = json_object_get(message, "state");
    assert_mirrors(part, json_object_get(message, "metadata"));
    struct km_shadow_result result = {0};
    send(rig, json_pack("{s:O}", "reported", part), &result);
    assert_int_equal(result.code, 200);
    assert_int_equal(result.n_outputs, 2);
    assert_int_equal(result.outputs[1].kind, KM_SHADOW_UPDATE_DOCUMENTS);
    km_shadow_result_clear(&result);
    json_decref(message);
}

static void test_delta_brings_reported_to_desired(void **state)
{
    (void)state;
    size_t n_deltas = 0;
    for (uint64_t story = 1; story <= STORIES; story++) {
        uint64_t seed = story;
        struct shadow_rig rig = {.id = {.thing = "T"}};
        for (size_t i = 0; i < UPDATES; i++) {
            struct km_shadow_result result = {0};
            send(&rig, random_state(&seed), &result);
            assert_int_equal(result.code, 200);
            check_stored(&rig);
            json_t *before = json_loads(rig.state.ptr, 0, NULL);
            bool same =
                json_object_get(before, "desired") == NULL ||
                has_all(json_object_get(before, "desired"), json_object_get(before, "reported"));
            assert_int_equal(result.n_outputs, same ? 2 : 3);
            if (!same && draw(&seed, 2) == 0) {
                obey(&rig, &result.outputs[1]);
                check_stored(&rig);
                json_t *after = json_loads(rig.state.ptr, 0, NULL);
                assert_true(
                    has_all(json_object_get(after, "desired"), json_object_get(after, "reported")));
                assert_true(json_equal(json_object_get(after, "desired"),
                                       json_object_get(before, "desired")));
                json_decref(after);
                n_deltas++;
            }
            json_decref(before);
            km_shadow_result_clear(&result);
        }
        shadow_rig_clear(&rig);
    }
    assert_true(n_deltas > STORIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delta_brings_reported_to_desired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
