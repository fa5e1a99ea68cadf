/* SPDX-License-Identifier: Apache-2.0 */
/* The topics of shadows, there and back, and everything near them. */
#include "tests/unit/km_test.h"

#include "cloud/shadow/shadow_topic.h"

static const struct {
    const char *topic;
    const char *thing, *name;
    enum km_shadow_kind kind;
} good[] = {
    {"$aws/things/T/shadow/get", "T", "", KM_SHADOW_GET},
    {"$aws/things/T/shadow/update", "T", "", KM_SHADOW_UPDATE},
    {"$aws/things/T/shadow/delete", "T", "", KM_SHADOW_DELETE},
    {"$aws/things/T/shadow/get/accepted", "T", "", KM_SHADOW_GET_ACCEPTED},
    {"$aws/things/T/shadow/get/rejected", "T", "", KM_SHADOW_GET_REJECTED},
    {"$aws/things/T/shadow/update/accepted", "T", "", KM_SHADOW_UPDATE_ACCEPTED},
    {"$aws/things/T/shadow/update/rejected", "T", "", KM_SHADOW_UPDATE_REJECTED},
    {"$aws/things/T/shadow/update/delta", "T", "", KM_SHADOW_UPDATE_DELTA},
    {"$aws/things/T/shadow/update/documents", "T", "", KM_SHADOW_UPDATE_DOCUMENTS},
    {"$aws/things/T/shadow/delete/accepted", "T", "", KM_SHADOW_DELETE_ACCEPTED},
    {"$aws/things/T/shadow/delete/rejected", "T", "", KM_SHADOW_DELETE_REJECTED},
    {"$aws/things/Seq_Device:AB_cd-09/shadow/name/$lamp:1/get", "Seq_Device:AB_cd-09", "$lamp:1",
     KM_SHADOW_GET},
    {"$aws/things/T/shadow/name/get/update/delta", "T", "get", KM_SHADOW_UPDATE_DELTA},
    {"$aws/things/shadow/shadow/name/name/delete", "shadow", "name", KM_SHADOW_DELETE},
};

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        struct km_shadow_id id = {0};
        enum km_shadow_kind kind = KM_SHADOW_DELETE_REJECTED;
        assert_true(km_shadow_topic_parse(KM_SLICE_STR(good[i].topic), &id, &kind));
        assert_string_equal(id.thing, good[i].thing);
        assert_string_equal(id.name, good[i].name);
        assert_int_equal(kind, good[i].kind);
        assert_int_equal(km_shadow_is_request(kind), kind <= KM_SHADOW_DELETE);
        char topic[KM_SHADOW_TOPIC_CAP];
        assert_int_equal(km_shadow_topic_write(&id, kind, topic), strlen(good[i].topic));
        assert_string_equal(topic, good[i].topic);
    }
}

/* A part of a good topic is another good one or none. */
static void test_cut_and_longer(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        for (size_t len = 0; len < strlen(good[i].topic); len++) {
            struct km_shadow_id id = {0};
            enum km_shadow_kind kind = KM_SHADOW_GET;
            char topic[KM_SHADOW_TOPIC_CAP];
            if (!km_shadow_topic_parse(KM_SLICE(good[i].topic, len), &id, &kind))
                continue;
            assert_int_equal(km_shadow_topic_write(&id, kind, topic), len);
            assert_memory_equal(topic, good[i].topic, len);
        }
        char longer[KM_SHADOW_TOPIC_CAP];
        (void)snprintf(longer, sizeof(longer), "%s/", good[i].topic);
        struct km_shadow_id id = {0};
        enum km_shadow_kind kind = KM_SHADOW_GET;
        assert_false(km_shadow_topic_parse(KM_SLICE_STR(longer), &id, &kind));
    }
}

static void test_none(void **state)
{
    (void)state;
    static const char *const topics[] = {
        "",
        "$aws/things//shadow/get",
        "$aws/things/T/shadow/name//get",
        "$aws/things/T/shadow/name/get",
        "$aws/things/T/shadow/name/N",
        "$aws/things/T/shadow/update/get/accepted",
        "$aws/things/T/shadow/#",
        "$aws/things/+/shadow/get",
        "$aws/things/T/shadow/name/+/get",
        "$aws/things/T U/shadow/get",
        "$aws/things/$T/shadow/get",
        "$aws/things/T/shadows/get",
        "$AWS/things/T/shadow/get",
        "aws/things/T/shadow/get",
        "$aws/things/T/shadow/GET",
        "$aws/things/T/U/shadow/get",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(topics); i++) {
        struct km_shadow_id id = {0};
        enum km_shadow_kind kind = KM_SHADOW_GET;
        assert_false(km_shadow_topic_parse(KM_SLICE_STR(topics[i]), &id, &kind));
    }
}

static void test_lengths_of_names(void **state)
{
    (void)state;
    char longest[KM_THING_NAME_MAX + 2];
    for (size_t i = 0; i < sizeof(longest); i++)
        longest[i] = 'x';
    struct km_shadow_id id = {0};
    struct km_slice thing = KM_SLICE(longest, KM_THING_NAME_MAX);
    struct km_slice name = KM_SLICE(longest, KM_SHADOW_NAME_MAX);
    assert_true(km_shadow_id_init(thing, name, &id));
    char topic[KM_SHADOW_TOPIC_CAP];
    size_t len = km_shadow_topic_write(&id, KM_SHADOW_UPDATE_DOCUMENTS, topic);
    assert_true(len < KM_SHADOW_TOPIC_CAP);
    assert_int_equal(len, strlen(topic));
    thing.len++;
    assert_false(km_shadow_id_init(thing, name, &id));
    thing.len--;
    name.len++;
    assert_false(km_shadow_id_init(thing, name, &id));
    assert_false(km_shadow_id_init((struct km_slice){0}, (struct km_slice){0}, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_cut_and_longer),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_lengths_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
