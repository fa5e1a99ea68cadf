/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_thing.h"
#include "tests/unit/cloud/registry_rig.h"

#define ID_ROOM (KM_CERTIFICATE_ID_LEN + 1)
#define UUID_ROOM (KM_REGISTRY_UUID_LEN + 1)

static const struct km_attribute two[] = {{"serial", "A-1:2"}, {"color", "red"}};
static const struct km_attribute two_turned[] = {{"color", "red"}, {"serial", "A-1:2"}};
static const struct km_attribute other[] = {{"color", "blue"}, {"serial", "A-1:2"}};

static void the_same_thing_again_is_as_good_as_created(void **state)
{
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    char again[UUID_ROOM] = {0};
    struct km_registry_thing got = {0};
    struct km_registry_thing_new thing = {
        .name = "CN:0a1b-c_d", .attributes = two, .n_attributes = 2};
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    assert_int_equal(strlen(id), KM_REGISTRY_UUID_LEN);
    assert_int_equal(id[14], '4');
    thing.attributes = two_turned;
    int64_t generation = rig_generation(rig);
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, again));
    assert_string_equal(id, again);
    assert_int_equal(rig_generation(rig), generation);
    thing.attributes = other;
    assert_status(rig, KM_E_EXISTS, km_registry_thing_create(rig->reg, ACCOUNT, &thing, again));
    thing.attributes = two;
    thing.n_attributes = 1;
    assert_status(rig, KM_E_EXISTS, km_registry_thing_create(rig->reg, ACCOUNT, &thing, again));
    assert_ok(rig, km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, thing.name, &got));
    assert_string_equal(got.name, thing.name);
    assert_string_equal(got.id, id);
    assert_null(got.type);
    assert_int_equal(got.version, 1);
    assert_int_equal(got.created_ms, rig->now_ms);
    assert_int_equal(got.n_attributes, 2);
    assert_string_equal(got.attributes[0].name, "color");
    assert_string_equal(got.attributes[1].value, "A-1:2");
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, "none", &got));
}

static void attributes_have_bounds(void **state)
{
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    char names[KM_ATTRIBUTES_TYPED_MAX + 1][8] = {{0}};
    struct km_attribute many[KM_ATTRIBUTES_TYPED_MAX + 1] = {{0}};
    char value[KM_ATTRIBUTE_VALUE_MAX + 2] = {0};
    struct km_registry_thing_type_new type = {.name = "T"};
    struct km_registry_thing_new thing = {.name = "t", .attributes = many};
    for (size_t i = 0; i < KM_ARRAY_LEN(many); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
        many[i] = (struct km_attribute){names[i], "v"};
    }
    thing.n_attributes = KM_ATTRIBUTES_UNTYPED_MAX + 1;
    assert_status(rig, KM_E_LIMIT, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    assert_ok(rig, km_registry_thing_type_create(rig->reg, ACCOUNT, &type, id));
    thing.type = "T";
    thing.n_attributes = KM_ATTRIBUTES_TYPED_MAX + 1;
    assert_status(rig, KM_E_LIMIT, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    thing.n_attributes = KM_ATTRIBUTES_TYPED_MAX;
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    thing = (struct km_registry_thing_new){.name = "u", .attributes = many, .n_attributes = 1};
    many[0].value = "two words";
    assert_status(rig, KM_E_ARG, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    memset(value, 'v', KM_ATTRIBUTE_VALUE_MAX + 1);
    many[0].value = value;
    assert_status(rig, KM_E_ARG, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    value[KM_ATTRIBUTE_VALUE_MAX] = '\0';
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    many[0] = many[1];
    thing = (struct km_registry_thing_new){.name = "w", .attributes = many, .n_attributes = 2};
    assert_status(rig, KM_E_ARG, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    thing = (struct km_registry_thing_new){.name = "a/b"};
    assert_status(rig, KM_E_ARG, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
}

static void updates_merge_or_replace(void **state)
{
    static const struct km_attribute change[] = {{"color", ""}, {"size", "9"}};
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    struct km_registry_thing got = {0};
    struct km_registry_thing_new thing = {.name = "t", .attributes = two, .n_attributes = 2};
    struct km_registry_thing_update update = {
        .sets_attributes = true, .merges = true, .attributes = change, .n_attributes = 2};
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    update.expected_version = 2;
    assert_status(rig, KM_E_STALE, km_registry_thing_update(rig->reg, ACCOUNT, "t", &update));
    update.expected_version = 1;
    assert_ok(rig, km_registry_thing_update(rig->reg, ACCOUNT, "t", &update));
    assert_ok(rig, km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, "t", &got));
    assert_int_equal(got.version, 2);
    assert_int_equal(got.n_attributes, 2);
    assert_string_equal(got.attributes[0].name, "serial");
    assert_string_equal(got.attributes[1].name, "size");
    update = (struct km_registry_thing_update){
        .sets_attributes = true, .attributes = two, .n_attributes = 1};
    assert_ok(rig, km_registry_thing_update(rig->reg, ACCOUNT, "t", &update));
    assert_ok(rig, km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, "t", &got));
    assert_int_equal(got.n_attributes, 1);
    assert_string_equal(got.attributes[0].name, "serial");
    update = (struct km_registry_thing_update){0};
    assert_ok(rig, km_registry_thing_update(rig->reg, ACCOUNT, "t", &update));
    assert_ok(rig, km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, "t", &got));
    assert_int_equal(got.version, 4);
    assert_int_equal(got.n_attributes, 1);
    assert_status(rig, KM_E_NOTFOUND, km_registry_thing_update(rig->reg, ACCOUNT, "x", &update));
}

static void types_hold_and_are_held(void **state)
{
    static const char *const searchable[] = {"serial", "color"};
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    char again[UUID_ROOM] = {0};
    struct km_registry_thing_type got = {0};
    struct km_registry_thing_type_list list = {0};
    struct km_registry_thing_type_new type = {
        .name = "Lamp", .description = "gives light", .searchable = searchable, .n_searchable = 2};
    struct km_registry_thing_new thing = {.name = "t", .type = "Lamp"};
    assert_status(rig, KM_E_NOTFOUND, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    assert_ok(rig, km_registry_thing_type_create(rig->reg, ACCOUNT, &type, id));
    assert_ok(rig, km_registry_thing_type_create(rig->reg, ACCOUNT, &type, again));
    assert_string_equal(id, again);
    type.n_searchable = 1;
    assert_status(rig, KM_E_EXISTS, km_registry_thing_type_create(rig->reg, ACCOUNT, &type, id));
    assert_ok(rig, km_registry_thing_type_get(rig->reg, rig->arena, ACCOUNT, "Lamp", &got));
    assert_string_equal(got.description, "gives light");
    assert_int_equal(got.n_searchable, 2);
    assert_string_equal(got.searchable[1], "color");
    assert_int_equal(got.deprecated_ms, 0);
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    assert_status(rig, KM_E_STATE, km_registry_thing_type_delete(rig->reg, ACCOUNT, "Lamp"));
    assert_ok(rig, km_registry_thing_type_deprecate(rig->reg, ACCOUNT, "Lamp", false));
    assert_status(rig, KM_E_BUSY, km_registry_thing_type_delete(rig->reg, ACCOUNT, "Lamp"));
    thing.name = "u";
    assert_status(rig, KM_E_STATE, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    assert_ok(rig, km_registry_thing_type_deprecate(rig->reg, ACCOUNT, "Lamp", true));
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    assert_ok(rig, km_registry_thing_type_deprecate(rig->reg, ACCOUNT, "Lamp", false));
    assert_ok(rig,
              km_registry_thing_update(rig->reg, ACCOUNT, "u",
                                       &(struct km_registry_thing_update){.removes_type = true}));
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t", 0));
    assert_ok(rig, km_registry_thing_type_list(rig->reg, rig->arena, ACCOUNT, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_int_equal(list.items[0].deprecated_ms, rig->now_ms);
    assert_ok(rig, km_registry_thing_type_delete(rig->reg, ACCOUNT, "Lamp"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_thing_type_delete(rig->reg, ACCOUNT, "Lamp"));
}

static void things_are_listed_by_type_and_attribute(void **state)
{
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    struct km_registry_thing_list list = {0};
    struct km_registry_thing_type_new type = {.name = "T"};
    assert_ok(rig, km_registry_thing_type_create(rig->reg, ACCOUNT, &type, id));
    for (int i = 0; i < 6; i++) {
        struct km_registry_thing_new thing = {.name = rig_name("t", i),
                                              .type = i % 2 ? "T" : NULL,
                                              .attributes = i < 3 ? two : other,
                                              .n_attributes = 2};
        assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
    }
    static const struct {
        struct km_registry_thing_filter filter;
        size_t n_items;
    } rows[] = {
        {{0}, 6},
        {{.type = "T"}, 3},
        {{.attribute_name = "color"}, 6},
        {{.attribute_name = "color", .attribute_value = "red"}, 3},
        {{.attribute_name = "color", .attribute_value = "red", .type = "T"}, 1},
        {{.attribute_name = "color", .attribute_value = "re", .is_prefix = true}, 3},
        {{.attribute_name = "color", .attribute_value = "re"}, 0},
        {{.attribute_name = "color", .attribute_value = "r%", .is_prefix = true}, 0},
        {{.attribute_name = "color", .is_prefix = true}, 6},
        {{.attribute_name = "none"}, 0},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        assert_ok(rig, km_registry_thing_list(rig->reg, rig->arena, ACCOUNT, &rows[i].filter, NULL,
                                              &list));
        assert_int_equal(list.n_items, rows[i].n_items);
        for (size_t at = 0; at < list.n_items; at++)
            assert_int_equal(list.items[at].n_attributes, 2);
    }
}

static void filters_are_checked(void **state)
{
    static const struct km_registry_thing_filter rows[] = {
        {.type = "\xff"},
        {.attribute_name = "\xff"},
        {.attribute_name = "a", .attribute_value = "\xff"},
        {.attribute_value = "v"},
    };
    struct rig *rig = *state;
    struct km_registry_thing_list list = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_status(rig, KM_E_ARG,
                      km_registry_thing_list(rig->reg, rig->arena, ACCOUNT, &rows[i], NULL, &list));
}

static void certificates_stand_for_things(void **state)
{
    struct rig *rig = *state;
    char uuid[UUID_ROOM] = {0};
    char id[2][ID_ROOM] = {{0}};
    bool is_attached = false;
    struct km_registry_names names = {0};
    struct km_registry_thing_new thing = {.name = "t"};
    rig_certificate(rig, ACCOUNT, "0", KM_CERTIFICATE_ACTIVE, id[0]);
    rig_certificate(rig, ACCOUNT, "1", KM_CERTIFICATE_ACTIVE, id[1]);
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, uuid));
    assert_status(rig, KM_E_NOTFOUND, km_registry_thing_attach(rig->reg, ACCOUNT, "none", id[0]));
    assert_status(rig, KM_E_NOTFOUND, km_registry_thing_attach(rig->reg, ACCOUNT, "t", NO_ID));
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "t", id[0]));
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "t", id[0]));
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "t", id[1]));
    assert_ok(rig, km_registry_thing_is_attached(rig->reg, ACCOUNT, "t", id[0], &is_attached));
    assert_true(is_attached);
    assert_ok(rig, km_registry_thing_is_attached(rig->reg, ACCOUNT, "t", NO_ID, &is_attached));
    assert_false(is_attached);
    assert_ok(rig, km_registry_thing_is_attached(rig->reg, ACCOUNT, "a/#", id[0], &is_attached));
    assert_false(is_attached);
    assert_ok(rig, km_registry_thing_principals(rig->reg, rig->arena, ACCOUNT, "t", NULL, &names));
    assert_int_equal(names.n_names, 2);
    assert_ok(rig,
              km_registry_thing_of_principal(rig->reg, rig->arena, ACCOUNT, id[1], NULL, &names));
    assert_int_equal(names.n_names, 1);
    assert_string_equal(names.names[0], "t");
    assert_status(rig, KM_E_BUSY, km_registry_thing_delete(rig->reg, ACCOUNT, "t", 0));
    assert_ok(rig, km_registry_thing_detach(rig->reg, ACCOUNT, "t", id[0]));
    assert_status(rig, KM_E_NOTFOUND, km_registry_thing_detach(rig->reg, ACCOUNT, "t", id[0]));
    assert_ok(rig, km_registry_thing_detach(rig->reg, ACCOUNT, "t", id[1]));
    assert_status(rig, KM_E_STALE, km_registry_thing_delete(rig->reg, ACCOUNT, "t", 7));
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t", 1));
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t", 1));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_thing_principals(rig->reg, rig->arena, ACCOUNT, "t", NULL, &names));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(the_same_thing_again_is_as_good_as_created),
        RIG_TEST(attributes_have_bounds),
        RIG_TEST(updates_merge_or_replace),
        RIG_TEST(types_hold_and_are_held),
        RIG_TEST(things_are_listed_by_type_and_attribute),
        RIG_TEST(filters_are_checked),
        RIG_TEST(certificates_stand_for_things),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
