/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_job_template.h"
#include "cloud/registry/registry_tag.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_job_template good = {.id = "reboot",
                                                     .document = "{\"do\":1}",
                                                     .description = "again",
                                                     .config = "{\"abortConfig\":null}",
                                                     .minutes = 7};

static void made_and_deleted(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job_template found = {0};
    static const struct km_tagged_resource resource = {KM_TAGGED_JOB_TEMPLATE, "reboot"};
    static const struct km_tag tag = {"by", "night"};
    struct km_tag_list tags = {0};
    assert_ok(rig, km_registry_job_template_create(rig->reg, ACCOUNT, &good));
    assert_status(rig, KM_E_EXISTS, km_registry_job_template_create(rig->reg, ACCOUNT, &good));
    assert_ok(rig, km_registry_job_template_get(rig->reg, rig->arena, ACCOUNT, "reboot", &found));
    assert_string_equal(found.document, good.document);
    assert_string_equal(found.description, good.description);
    assert_string_equal(found.config, good.config);
    assert_int_equal(found.minutes, 7);
    assert_int_equal(found.created_ms, rig->now_ms);
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &resource, &tag, 1));
    assert_status(rig, KM_E_BUSY, km_registry_account_delete(rig->reg, ACCOUNT));
    assert_ok(rig, km_registry_job_template_delete(rig->reg, ACCOUNT, "reboot"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_job_template_delete(rig->reg, ACCOUNT, "reboot"));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_job_template_get(rig->reg, rig->arena, ACCOUNT, "reboot", &found));
    assert_ok(rig, km_registry_job_template_create(rig->reg, ACCOUNT, &good));
    assert_ok(rig, km_registry_tags_list(rig->reg, rig->arena, ACCOUNT, &resource, &tags));
    assert_int_equal(tags.n_items, 0);
}

static void listed(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job_template_list list = {0};
    struct km_registry_page page = {.limit = 3};
    struct km_registry_job_template made = good;
    for (int i = 0; i < 5; i++) {
        made.id = rig_name("t", i);
        assert_ok(rig, km_registry_job_template_create(rig->reg, ACCOUNT, &made));
    }
    assert_ok(rig, km_registry_job_template_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_int_equal(list.n_items, 3);
    assert_string_equal(list.items[2].id, "t2");
    assert_string_equal(list.items[2].description, "again");
    page.marker = list.next;
    assert_ok(rig, km_registry_job_template_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_int_equal(list.n_items, 2);
    assert_null(list.next);
    assert_int_equal(
        km_registry_job_template_list(rig->reg, rig->arena, OTHER_ACCOUNT, NULL, &list), KM_OK);
    assert_int_equal(list.n_items, 0);
}

static void refused(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job_template bad[] = {good, good, good, good, good};
    bad[0].id = "a/b";
    bad[1].document = "";
    bad[2].description = NULL;
    bad[3].minutes = KM_JOB_MINUTES_MAX + 1;
    bad[4].config = "{\"abortConfig\":{}}";
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_status(rig, KM_E_ARG, km_registry_job_template_create(rig->reg, ACCOUNT, &bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(made_and_deleted),
        RIG_TEST(listed),
        RIG_TEST(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
