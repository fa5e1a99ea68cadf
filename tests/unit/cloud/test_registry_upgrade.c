/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry of schema version 1 with something in every table (old_registry/) under today's program, and today's under a later
 * one: a step more, which is killed, finds no room, or is done by several at once. Holds for any number of steps.
 *
 * The fixture was made by the program of version 1: test_registry_upgrade make URL, then sqlite3's .dump, with PRAGMA user_version, and
 * pg_dump --inserts. It stays as it is: what later steps bring is for them to test.
 */
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_ca.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_function.h"
#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_rule.h"
#include "cloud/registry/registry_shadow.h"
#include "cloud/registry/registry_thing.h"
#include "common/km_loop.h"
#include "tests/unit/cloud/registry_rig.h"

#define STEPS_MAX 64
#define N_EXTRA 20000
#define N_PROCESSES 4
#define N_KILLS 13
#define ROOM_BYTES 1048576
#define KEY_ID "AKIAOLDREGISTRY00000"
#define KEY_SECRET "0123456789012345678901234567890123456789"
/* Put into the fixture by hand: the registry makes such codes by chance. */
#define REGISTRATION_CODE "c0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0de"
#define SHADOW_STATE "{\"reported\":{\"on\":true}}"
static const char ca_der[] = "a CA's DER";
static const char device_der[] = "a device's DER";
static const char moving_der[] = "another device's DER";

/* ---- what is in it ---- */

static km_status fill_devices(struct km_registry *reg)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char ca_id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char code[KM_REGISTRATION_CODE_LEN + 1] = {0};
    const struct km_registry_ca_new ca = {.der = KM_SLICE_STR(ca_der),
                                          .subject = KM_SLICE_STR("CN=old"),
                                          .is_active = true,
                                          .has_auto_registration = true,
                                          .registration_config = "{\"templateBody\":\"{}\"}",
                                          .not_before_ms = 1,
                                          .not_after_ms = 2};
    struct km_registry_certificate_new device = {.der = KM_SLICE_STR(device_der),
                                                 .status = KM_CERTIFICATE_ACTIVE,
                                                 .not_before_ms = 1,
                                                 .not_after_ms = 2};
    int64_t version = 0;
    KM_TRY(km_registry_registration_code(reg, ACCOUNT, code));
    KM_TRY(km_registry_ca_register(reg, ACCOUNT, &ca, ca_id));
    device.ca_id = ca_id;
    KM_TRY(km_registry_certificate_register(reg, ACCOUNT, &device, id));
    KM_TRY(km_registry_policy_create(reg, ACCOUNT, "allow", "{\"old\":1}"));
    KM_TRY(km_registry_policy_version_create(reg, ACCOUNT, "allow", "{\"old\":2}", true, &version));
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = id};
    KM_TRY(km_registry_policy_attach(reg, ACCOUNT, "allow", &target));
    device.der = KM_SLICE_STR(moving_der);
    device.status = KM_CERTIFICATE_INACTIVE;
    KM_TRY(km_registry_certificate_register(reg, ACCOUNT, &device, id));
    return km_registry_certificate_transfer(reg, ACCOUNT, id, OTHER_ACCOUNT, NULL);
}

static km_status fill_things(struct km_registry *reg)
{
    static const char *const searchable[] = {"place"};
    static const struct km_attribute attributes[] = {{"place", "hall"}};
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    char certificate[KM_CERTIFICATE_ID_LEN + 1] = {0};
    const struct km_registry_thing_type_new type = {
        .name = "lamps", .description = "old lamps", .searchable = searchable, .n_searchable = 1};
    const struct km_registry_thing_new thing = {
        .name = "lamp", .type = "lamps", .attributes = attributes, .n_attributes = 1};
    const struct km_registry_group_new parent = {.name = "house"};
    const struct km_registry_group_new group = {.name = "floor", .parent = "house"};
    const struct km_registry_shadow_put shadow = {
        .thing = "lamp", .name = "", .state = SHADOW_STATE, .metadata = "{}"};
    km_registry_certificate_id(KM_SLICE_STR(device_der), certificate);
    KM_TRY(km_registry_thing_type_create(reg, ACCOUNT, &type, id));
    KM_TRY(km_registry_thing_create(reg, ACCOUNT, &thing, id));
    KM_TRY(km_registry_group_create(reg, ACCOUNT, &parent, id));
    KM_TRY(km_registry_group_create(reg, ACCOUNT, &group, id));
    KM_TRY(km_registry_group_add(reg, ACCOUNT, "floor", "lamp"));
    KM_TRY(km_registry_thing_attach(reg, ACCOUNT, "lamp", certificate));
    return km_registry_shadow_put(reg, ACCOUNT, &shadow);
}

static km_status fill_functions(struct km_registry *reg)
{
    const struct km_registry_rule_new rule = {.name = "rule",
                                              .sql = "SELECT * FROM 'a'",
                                              .topic_filter = "a",
                                              .payload = "{\"actions\":[]}",
                                              .is_enabled = true};
    const struct km_registry_template template = {
        .name = "template", .body = "{}", .type = KM_TEMPLATE_JITP, .is_enabled = true};
    const struct km_registry_function_new function = {
        .name = "f", .config = "{}", .description = "old", .code = KM_SLICE_STR("PK code")};
    const struct km_registry_function_publish publish = {.description = "first"};
    const struct km_registry_alias alias = {.name = "live", .version = 1, .description = "alias"};
    const struct km_registry_permission permission = {
        .qualifier = "", .statement_id = "iot", .statement = "{}"};
    int64_t version = 0;
    KM_TRY(km_registry_rule_create(reg, ACCOUNT, &rule));
    KM_TRY(km_registry_template_create(reg, ACCOUNT, &template));
    KM_TRY(km_registry_function_create(reg, ACCOUNT, &function));
    KM_TRY(km_registry_function_publish(reg, ACCOUNT, "f", &publish, &version));
    KM_TRY(km_registry_alias_create(reg, ACCOUNT, "f", &alias));
    return km_registry_permission_add(reg, ACCOUNT, "f", &permission, NULL);
}

static km_status fill(struct km_registry *reg)
{
    KM_AUTO(km_secret_freep)
    struct km_secret *secret = km_secret_from(KM_SLICE_STR(KEY_SECRET));
    const struct km_registry_event event = {.account = ACCOUNT,
                                            .kind = "Connect",
                                            .is_success = true,
                                            .client_id = "lamp",
                                            .reason = "in the old days",
                                            .detail = "{}"};
    KM_TRY(km_registry_account_create(reg, ACCOUNT, "old"));
    KM_TRY(km_registry_account_create(reg, OTHER_ACCOUNT, "other"));
    KM_TRY(km_registry_setting_set(reg, ACCOUNT, "indexing", "off"));
    KM_TRY(km_registry_access_key_put(reg, ACCOUNT, "user/old", KEY_ID, secret));
    KM_TRY(fill_devices(reg));
    KM_TRY(fill_things(reg));
    KM_TRY(fill_functions(reg));
    return km_registry_event_add(reg, &event);
}

/* ---- whether all of it is there ---- */

static void devices_are_there(struct rig *rig)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char ca_id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char code[KM_REGISTRATION_CODE_LEN + 1] = {0};
    struct km_registry_ca_list cas = {0};
    struct km_registry_ca ca = {0};
    struct km_registry_certificate device = {0};
    struct km_registry_policy_list policies = {0};
    km_registry_certificate_id(KM_SLICE_STR(ca_der), ca_id);
    assert_ok(rig, km_registry_registration_code(rig->reg, ACCOUNT, code));
    assert_string_equal(code, REGISTRATION_CODE);
    assert_ok(rig, km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, ca_id, &ca));
    assert_true(ca.is_active && ca.has_auto_registration);
    assert_true(km_slice_equal(ca.der, KM_SLICE_STR(ca_der)));
    assert_string_equal(ca.registration_config, "{\"templateBody\":\"{}\"}");
    assert_ok(rig, km_registry_ca_by_subject(rig->reg, rig->arena, ACCOUNT, KM_SLICE_STR("CN=old"),
                                             &cas));
    assert_int_equal(cas.n_items, 1);
    km_registry_certificate_id(KM_SLICE_STR(moving_der), id);
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &device));
    assert_int_equal(device.status, KM_CERTIFICATE_PENDING_TRANSFER);
    km_registry_certificate_id(KM_SLICE_STR(device_der), id);
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &device));
    assert_int_equal(device.status, KM_CERTIFICATE_ACTIVE);
    assert_string_equal(device.ca_id, ca_id);
    assert_true(km_slice_equal(device.der, KM_SLICE_STR(device_der)));
    assert_ok(rig,
              km_registry_policy_effective(rig->reg, rig->arena, ACCOUNT, id, "lamp", &policies));
    assert_int_equal(policies.n_items, 1);
    assert_string_equal(policies.items[0].document, "{\"old\":2}");
    assert_ok(rig,
              km_registry_policy_version_list(rig->reg, rig->arena, ACCOUNT, "allow", &policies));
    assert_int_equal(policies.n_items, 2);
}

static void things_are_there(struct rig *rig)
{
    struct km_registry_thing_type type = {0};
    struct km_registry_thing thing = {0};
    struct km_registry_thing_list things = {0};
    struct km_registry_names names = {0};
    struct km_registry_group group = {0};
    struct km_registry_shadow shadow = {0};
    const struct km_registry_thing_filter filter = {.attribute_name = "place",
                                                    .attribute_value = "hall"};
    assert_ok(rig, km_registry_thing_type_get(rig->reg, rig->arena, ACCOUNT, "lamps", &type));
    assert_string_equal(type.description, "old lamps");
    assert_int_equal(type.n_searchable, 1);
    assert_ok(rig, km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, "lamp", &thing));
    assert_string_equal(thing.type, "lamps");
    assert_int_equal(thing.n_attributes, 1);
    assert_string_equal(thing.attributes[0].value, "hall");
    assert_ok(rig, km_registry_thing_list(rig->reg, rig->arena, ACCOUNT, &filter, NULL, &things));
    assert_int_equal(things.n_items, 1);
    assert_ok(rig,
              km_registry_thing_principals(rig->reg, rig->arena, ACCOUNT, "lamp", NULL, &names));
    assert_int_equal(names.n_names, 1);
    assert_ok(rig, km_registry_group_get(rig->reg, rig->arena, ACCOUNT, "floor", &group));
    assert_string_equal(group.parent, "house");
    assert_ok(
        rig, km_registry_group_things(rig->reg, rig->arena, ACCOUNT, "floor", false, NULL, &names));
    assert_int_equal(names.n_names, 1);
    assert_ok(rig, km_registry_shadow_get(rig->reg, rig->arena, ACCOUNT, "lamp", "", &shadow));
    assert_string_equal(shadow.state, SHADOW_STATE);
    assert_int_equal(shadow.version, 1);
}

static void functions_are_there(struct rig *rig)
{
    struct km_registry_rule rule = {0};
    struct km_registry_template template = {0};
    struct km_registry_function_list versions = {0};
    struct km_registry_alias alias = {0};
    struct km_registry_permission_list permissions = {0};
    struct km_slice code = {0};
    assert_ok(rig, km_registry_rule_get(rig->reg, rig->arena, ACCOUNT, "rule", &rule));
    assert_string_equal(rule.sql, "SELECT * FROM 'a'");
    assert_ok(rig, km_registry_template_get(rig->reg, rig->arena, ACCOUNT, "template", &template));
    assert_int_equal(template.type, KM_TEMPLATE_JITP);
    assert_ok(rig,
              km_registry_function_versions(rig->reg, rig->arena, ACCOUNT, "f", NULL, &versions));
    assert_int_equal(versions.n_items, 2);
    assert_ok(rig, km_registry_function_code(rig->reg, rig->arena, ACCOUNT, "f", 1, &code));
    assert_true(km_slice_equal(code, KM_SLICE_STR("PK code")));
    assert_ok(rig, km_registry_alias_get(rig->reg, rig->arena, ACCOUNT, "f", "live", &alias));
    assert_int_equal(alias.version, 1);
    assert_ok(rig,
              km_registry_permission_list(rig->reg, rig->arena, ACCOUNT, "f", "", &permissions));
    assert_int_equal(permissions.n_items, 1);
}

static void all_is_there(struct rig *rig)
{
    struct km_registry_account_list accounts = {0};
    struct km_registry_access_key key = {0};
    struct km_registry_event_list events = {0};
    const struct km_registry_event_filter filter = {.account = ACCOUNT};
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    const char *value = NULL;
    assert_ok(rig, km_registry_account_list(rig->reg, rig->arena, NULL, &accounts));
    assert_int_equal(accounts.n_items, 2);
    assert_ok(rig, km_registry_setting_get(rig->reg, rig->arena, ACCOUNT, "indexing", &value));
    assert_string_equal(value, "off");
    assert_ok(rig, km_registry_access_key_find(rig->reg, rig->arena, KEY_ID, &key, &secret));
    assert_true(km_slice_equal(km_secret_expose(secret), KM_SLICE_STR(KEY_SECRET)));
    devices_are_there(rig);
    things_are_there(rig);
    functions_are_there(rig);
    assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, &filter, NULL, &events));
    assert_int_equal(events.n_items, 1);
    assert_string_equal(events.items[0].reason, "in the old days");
    assert_true(rig_generation(rig) > 0);
    km_arena_reset(rig->arena);
}

/* ---- the old one, in place of the rig's ---- */

static void load_old(struct rig *rig)
{
    char command[1024] = {0};
    km_registry_closep(&rig->reg);
    if (rig->is_postgres)
        (void)snprintf(command, sizeof(command),
                       "psql -X -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error'"
                       " -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'"
                       " -f %s/version_1.postgresql.sql >%s/key",
                       KM_TEST_OLD, rig->dir);
    else
        (void)snprintf(command, sizeof(command),
                       "rm -f %s/registry.db* && python3 -c \"import sqlite3\n"
                       "db = sqlite3.connect('%s/registry.db')\n"
                       "db.executescript(open('%s/version_1.sqlite.sql').read())\"",
                       rig->dir, rig->dir, KM_TEST_OLD);
    assert_int_equal(system(command), 0);
}

static int64_t version_of(struct rig *rig)
{
    struct km_err err = {0};
    int64_t version = -1;
    assert_int_equal(rig->reg->db->ops->version(rig->reg->db, &err, &version), KM_OK);
    return version;
}

static void an_old_registry_comes_up_to_date(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry_config config = rig_config(rig);
    load_old(rig);
    config.may_create = false;
    if (km_reg_steps().n_items > 1) {
        assert_int_equal(km_registry_open(&err, &config, &rig->reg), KM_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, "has version 1"));
    }
    rig->reg = rig_another(rig);
    assert_int_equal(version_of(rig), km_reg_steps().n_items);
    all_is_there(rig);
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "new", "{}"));
    km_registry_closep(&rig->reg);
    assert_int_equal(km_registry_open(&err, &config, &rig->reg), KM_OK);
    all_is_there(rig);
}

/* ---- a later program ---- */

/* New tables, something moved into one, and a column more; enough of it to be interrupted. */
static const char later_step[] =
    "CREATE TABLE later (id {number} PRIMARY KEY, thing {text} NOT NULL, filling {text} NOT NULL);"
    "INSERT INTO later (id, thing, filling) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
    " SELECT i + 1 FROM n WHERE i < 20000) SELECT n.i, thing.name,"
    " 'a text that fills the file, a text that fills the file, a text that fills the file'"
    " FROM n, thing WHERE thing.name = 'lamp';"
    "CREATE INDEX later_by_thing ON later (thing, id);"
    "ALTER TABLE thing ADD COLUMN later {number};";

static km_status upgrade(struct km_registry *reg)
{
    static const char *items[STEPS_MAX];
    struct km_reg_steps own = km_reg_steps();
    if (own.n_items >= STEPS_MAX)
        return KM_E_LIMIT;
    for (size_t i = 0; i < own.n_items; i++)
        items[i] = own.items[i];
    items[own.n_items] = later_step;
    return km_reg_schema(reg, (struct km_reg_steps){.items = items, .n_items = own.n_items + 1},
                         true);
}

/* Either nothing of the step or all of it; the rest is there in any case. */
static bool is_later(struct rig *rig)
{
    const int64_t own = (int64_t)km_reg_steps().n_items;
    int64_t n = 0;
    /* A server may still be at what a killed client sent last: its lock is waited for. */
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, km_registry_rollback(rig->reg));
    int64_t version = version_of(rig);
    km_status status = km_reg_number(rig->reg, "SELECT count(*) FROM later", KM_NO_VALUES, &n);
    assert_true(version == own || version == own + 1);
    if (version == own)
        assert_int_not_equal(status, KM_OK);
    else
        assert_int_equal(n, N_EXTRA);
    km_reg_enter(rig->reg);
    all_is_there(rig);
    return version != own;
}

static void an_older_program_refuses_plainly(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry *older = NULL;
    struct km_registry_config config = rig_config(rig);
    char expected[128] = {0};
    load_old(rig);
    rig->reg = rig_another(rig);
    assert_ok(rig, upgrade(rig->reg));
    assert_true(is_later(rig));
    (void)snprintf(expected, sizeof(expected),
                   "the registry's schema has version %zu, this program needs %zu",
                   km_reg_steps().n_items + 1, km_reg_steps().n_items);
    for (int i = 0; i < 2; i++) {
        config.may_create = i == 0;
        km_err_clear(&err);
        assert_int_equal(km_registry_open(&err, &config, &older), KM_E_UNSUPPORTED);
        assert_string_equal(err.text, expected);
    }
    assert_true(is_later(rig));
}

/* ---- processes ---- */

static int upgrade_in_child(void *arg)
{
    struct rig *rig = arg;
    struct km_err err = {0};
    struct km_registry *reg = NULL;
    struct km_registry_config config = rig_config(rig);
    config.timeout_ms = 60000;
    if (km_registry_open(&err, &config, &reg) != KM_OK)
        return 1;
    km_status status = upgrade(reg);
    km_registry_close(reg);
    return status == KM_OK ? 0 : 2;
}

static pid_t start_upgrade(struct rig *rig)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(upgrade_in_child(rig));
    return pid;
}

static int end_of(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Today's program has been here: what is interrupted is the later step alone. */
static void prepare(struct rig *rig)
{
    load_old(rig);
    rig->reg = rig_another(rig);
    km_registry_closep(&rig->reg);
}

static void reopen(struct rig *rig)
{
    struct km_err err = {0};
    struct km_db *db = NULL;
    struct km_registry_config config = rig_config(rig);
    /* Below km_registry_open, which would refuse a later schema. */
    rig->reg = calloc(1, sizeof(*rig->reg));
    assert_non_null(rig->reg);
    rig->reg->key = config.key;
    rig->reg->source = config.source;
    rig->reg->changes_kept = KM_CHANGES_KEPT;
    rig->reg->events_kept = KM_EVENTS_KEPT;
    config.timeout_ms = 60000;
    const char *place = strchr(rig->url, ':') + 1;
    km_status status = rig->is_postgres ? km_db_postgres_open(&err, place, &config, &db)
                                        : km_db_sqlite_open(&err, place, &config, &db);
    assert_int_equal(status, KM_OK);
    rig->reg->db = db;
}

/* Killed at instants all over the time that it takes; the next one takes it up. */
static void a_killed_upgrade_is_done_or_was_not(void **state)
{
    struct rig *rig = *state;
    int64_t start_ms = 0;
    prepare(rig);
    start_ms = km_loop_now_ms();
    assert_int_equal(end_of(start_upgrade(rig)), 0);
    int64_t whole_us = (km_loop_now_ms() - start_ms + 1) * 1000;
    prepare(rig);
    for (int i = 0; i < N_KILLS; i++) {
        pid_t pid = start_upgrade(rig);
        (void)usleep((useconds_t)(whole_us * (i * 7 % N_KILLS) / N_KILLS));
        (void)kill(pid, SIGKILL);
        (void)end_of(pid);
        reopen(rig);
        bool is_done = is_later(rig);
        km_registry_closep(&rig->reg);
        if (is_done)
            prepare(rig);
    }
    assert_int_equal(end_of(start_upgrade(rig)), 0);
    reopen(rig);
    assert_true(is_later(rig));
}

static void several_at_once_do_it_once(void **state)
{
    struct rig *rig = *state;
    pid_t pids[N_PROCESSES] = {0};
    load_old(rig);
    for (int i = 0; i < N_PROCESSES; i++)
        pids[i] = start_upgrade(rig);
    for (int i = 0; i < N_PROCESSES; i++) {
        int status = end_of(pids[i]);
        /* Who comes when all is done finds a later schema than its own, and says so. */
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    }
    reopen(rig);
    assert_true(is_later(rig));
}

/* In a process of its own, as the bound is one of the process: no file may grow any more. */
static int upgrade_without_room(void *arg)
{
    struct km_err err = {0};
    struct km_registry *reg = NULL;
    struct km_registry_config config = rig_config(arg);
    struct rlimit room = {0};
    (void)signal(SIGXFSZ, SIG_IGN);
    if (km_registry_open(&err, &config, &reg) != KM_OK || getrlimit(RLIMIT_FSIZE, &room) != 0)
        return 1;
    room.rlim_cur = ROOM_BYTES;
    if (setrlimit(RLIMIT_FSIZE, &room) != 0)
        return 2;
    km_status status = upgrade(reg);
    return status == KM_E_NOSPACE && km_registry_err(reg)->text[0] != '\0' ? 0 : 3;
}

static void a_full_disk_leaves_the_old_one(void **state)
{
    struct rig *rig = *state;
    if (rig->is_postgres)
        skip();
    prepare(rig);
    assert_int_equal(km_test_in_child(upgrade_without_room, rig), 0);
    reopen(rig);
    assert_false(is_later(rig));
    km_registry_closep(&rig->reg);
    assert_int_equal(end_of(start_upgrade(rig)), 0);
    reopen(rig);
    assert_true(is_later(rig));
}

static int make(const char *url)
{
    struct km_err err = {0};
    struct km_registry *reg = NULL;
    KM_AUTO(km_secret_freep) struct km_secret *key = km_secret_new(KM_REGISTRY_KEY_LEN);
    const struct km_registry_config config = {.url = url, .may_create = true, .key = key};
    if (km_registry_open(&err, &config, &reg) != KM_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    km_status status = fill(reg);
    if (status != KM_OK)
        (void)fprintf(stderr, "%s\n", km_registry_err(reg)->text);
    km_registry_close(reg);
    return status == KM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(an_old_registry_comes_up_to_date),    RIG_TEST(an_older_program_refuses_plainly),
        RIG_TEST(a_killed_upgrade_is_done_or_was_not), RIG_TEST(several_at_once_do_it_once),
        RIG_TEST(a_full_disk_leaves_the_old_one),
    };
    if (argc == 3 && strcmp(argv[1], "make") == 0)
        return make(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
