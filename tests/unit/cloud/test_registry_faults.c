/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes at once, processes that are killed, and a database that is locked, full, damaged or of another time. */
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_shadow.h"
#include "tests/unit/cloud/registry_rig.h"

#define ID_ROOM (KM_CERTIFICATE_ID_LEN + 1)
#define N_PROCESSES 4
#define N_DEVICES 25

/* ---- processes ---- */

struct child {
    pid_t pid;
    int out; /* what it reports comes here */
};

/* work runs in a process of its own and reports into the descriptor; its result is the exit status. */
static struct child start(struct rig *rig, int (*work)(struct rig *rig, int out))
{
    int ends[2] = {-1, -1};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(work(rig, ends[1]));
    (void)close(ends[1]);
    return (struct child){pid, ends[0]};
}

static int finish(struct child child)
{
    int status = 0;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    (void)close(child.out);
    return status;
}

static struct km_registry *open_in_child(struct rig *rig)
{
    struct km_err err = {0};
    struct km_registry *reg = NULL;
    struct km_registry_config config = rig_config(rig);
    config.timeout_ms = 60000;
    return km_registry_open(&err, &config, &reg) == KM_OK ? reg : NULL;
}

static char race_ca[ID_ROOM];

/* All contact the registry with the same devices, each beginning at another one. */
static int contact_all(struct rig *rig, int out)
{
    struct km_registry *reg = open_in_child(rig);
    char is_new[N_DEVICES] = {0};
    if (reg == NULL)
        return 1;
    for (int i = 0; i < N_DEVICES; i++) {
        const char *der = rig_name("device ", i);
        struct km_registry_certificate_new new = {.der = KM_SLICE_STR(der), .ca_id = race_ca};
        struct km_registry_contact contact = {0};
        if (km_registry_certificate_register_pending(reg, ACCOUNT, &new, &contact) != KM_OK ||
            contact.status != KM_CERTIFICATE_PENDING_ACTIVATION)
            return 2;
        is_new[i] = contact.is_new;
    }
    km_registry_close(reg);
    return write(out, is_new, sizeof(is_new)) == sizeof(is_new) ? 0 : 3;
}

static void one_of_all_processes_is_the_first(void **state)
{
    struct rig *rig = *state;
    struct child children[N_PROCESSES] = {{0}};
    int n_new[N_DEVICES] = {0};
    struct km_registry_certificate_list list = {0};
    rig_ca(rig, ACCOUNT, "ca", "CN=ca", race_ca);
    for (int i = 0; i < N_PROCESSES; i++)
        children[i] = start(rig, contact_all);
    for (int i = 0; i < N_PROCESSES; i++) {
        char is_new[N_DEVICES] = {0};
        assert_int_equal(read(children[i].out, is_new, sizeof(is_new)), sizeof(is_new));
        assert_int_equal(finish(children[i]), 0);
        for (int at = 0; at < N_DEVICES; at++)
            n_new[at] += is_new[at];
    }
    for (int i = 0; i < N_DEVICES; i++)
        assert_int_equal(n_new[i], 1);
    assert_ok(rig, km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, NULL, NULL, &list));
    assert_int_equal(list.n_items, N_DEVICES);
}

static int count_up(struct rig *rig, int out)
{
    struct km_registry *reg = open_in_child(rig);
    struct km_arena *arena = km_arena_new(1u << 20);
    if (reg == NULL || arena == NULL)
        return 1;
    for (int done = 0; done < N_DEVICES;) {
        struct km_registry_shadow shadow = {0};
        if (km_registry_shadow_get(reg, arena, ACCOUNT, "t", "", &shadow) != KM_OK)
            return 2;
        struct km_registry_shadow_put put = {
            .thing = "t", .name = "", .state = "{}", .metadata = "{}", .version = shadow.version};
        km_status status = km_registry_shadow_put(reg, ACCOUNT, &put);
        if (status != KM_OK && status != KM_E_STALE)
            return 3;
        done += status == KM_OK;
    }
    km_arena_free(arena);
    km_registry_close(reg);
    return write(out, "", 1) == 1 ? 0 : 4;
}

static void no_update_of_a_shadow_is_lost(void **state)
{
    struct rig *rig = *state;
    struct child children[N_PROCESSES] = {{0}};
    struct km_registry_shadow shadow = {0};
    for (int i = 0; i < N_PROCESSES; i++)
        children[i] = start(rig, count_up);
    for (int i = 0; i < N_PROCESSES; i++)
        assert_int_equal(finish(children[i]), 0);
    assert_ok(rig, km_registry_shadow_get(rig->reg, rig->arena, ACCOUNT, "t", "", &shadow));
    assert_int_equal(shadow.version, N_PROCESSES * N_DEVICES);
}

/* Policies and events by several writers while a follower reads: no generation and no id is missed. */
static int write_both(struct rig *rig, int out)
{
    struct km_registry *reg = open_in_child(rig);
    struct km_registry_event event = {.kind = "Test"};
    char name[32] = {0};
    if (reg == NULL)
        return 1;
    for (int i = 0; i < N_DEVICES; i++) {
        (void)snprintf(name, sizeof(name), "p%d-%d", (int)getpid(), i);
        if (km_registry_policy_create(reg, ACCOUNT, name, "{}") != KM_OK ||
            km_registry_event_add(reg, &event) != KM_OK)
            return 2;
    }
    km_registry_close(reg);
    return write(out, "", 1) == 1 ? 0 : 3;
}

static void a_follower_misses_nothing(void **state)
{
    struct rig *rig = *state;
    struct child children[N_PROCESSES] = {{0}};
    int64_t last = rig_generation(rig);
    int64_t target = last + N_PROCESSES * N_DEVICES;
    struct km_registry_event_filter filter = {0};
    for (int i = 0; i < N_PROCESSES; i++)
        children[i] = start(rig, write_both);
    while (last < target || filter.after_id < N_PROCESSES * N_DEVICES) {
        struct km_registry_change_list changes = {0};
        struct km_registry_event_list events = {0};
        assert_ok(rig, km_registry_changes(rig->reg, rig->arena, last, 7, &changes));
        for (size_t i = 0; i < changes.n_items; i++)
            assert_int_equal(changes.items[i].generation, ++last);
        assert_ok(rig, km_registry_event_list(rig->reg, rig->arena, &filter, NULL, &events));
        for (size_t i = 0; i < events.n_items; i++)
            assert_int_equal(events.items[i].id, ++filter.after_id);
        km_arena_reset(rig->arena);
    }
    for (int i = 0; i < N_PROCESSES; i++)
        assert_int_equal(finish(children[i]), 0);
    assert_int_equal(rig_generation(rig), target);
}

/* ---- killed ---- */

static int register_until_killed(struct rig *rig, int out)
{
    struct km_registry *reg = open_in_child(rig);
    for (int i = 0; reg != NULL; i++) {
        char der[64] = {0};
        char id[ID_ROOM] = {0};
        (void)snprintf(der, sizeof(der), "%d of %d", i, (int)getpid());
        struct km_registry_certificate_new new = {
            .der = KM_SLICE_STR(der), .mode = KM_CA_SNI_ONLY, .status = KM_CERTIFICATE_ACTIVE};
        if (km_registry_certificate_register(reg, ACCOUNT, &new, id) != KM_OK ||
            write(out, id, KM_CERTIFICATE_ID_LEN) != KM_CERTIFICATE_ID_LEN)
            break;
    }
    return 1;
}

/* What a killed process was told is stored, is; of the rest there are at most whole ones; others go on at once. */
static void nothing_committed_is_lost_by_a_kill(void **state)
{
    struct rig *rig = *state;
    int64_t n_told = 0;
    int64_t before = rig_generation(rig);
    for (int round = 0; round < 20; round++) {
        char id[ID_ROOM] = {0};
        struct child child = start(rig, register_until_killed);
        assert_int_equal(read(child.out, id, KM_CERTIFICATE_ID_LEN), KM_CERTIFICATE_ID_LEN);
        (void)usleep((useconds_t)(round * 7919 % 20000));
        assert_int_equal(kill(child.pid, SIGKILL), 0);
        do {
            struct km_registry_certificate got = {0};
            assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &got));
            n_told++;
        } while (read(child.out, id, KM_CERTIFICATE_ID_LEN) == KM_CERTIFICATE_ID_LEN);
        assert_true(WIFSIGNALED(finish(child)));
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", round), "{}"));
        km_arena_reset(rig->arena);
    }
    int64_t n_stored = rig_generation(rig) - before - 20;
    assert_true(n_stored >= n_told && n_stored <= n_told + 20);
}

/* ---- held and lost ---- */

static void a_held_database_is_not_waited_for_for_ever(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry *hasty = NULL;
    struct km_registry_config config = rig_config(rig);
    struct km_registry_policy policy = {0};
    config.timeout_ms = 2000;
    assert_int_equal(km_registry_open(&err, &config, &hasty), KM_OK);
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "q", "{}"));
    assert_int_equal(km_registry_policy_create(hasty, ACCOUNT, "r", "{}"), KM_E_TIMEOUT);
    assert_true(km_registry_err(hasty)->text[0] != '\0');
    assert_int_equal(km_registry_begin(hasty), KM_E_TIMEOUT);
    assert_int_equal(km_registry_policy_get(hasty, rig->arena, ACCOUNT, "p", 0, &policy), KM_OK);
    assert_ok(rig, km_registry_commit(rig->reg));
    assert_int_equal(km_registry_policy_create(hasty, ACCOUNT, "r", "{}"), KM_OK);
    km_registry_close(hasty);
}

/* Somebody holds what readers need, and says so. SQLite's readers wait for a writer only where there is no log beside the file. */
static int hold_all(struct rig *rig, int out)
{
    char command[512] = {0};
    if (rig->is_postgres)
        (void)snprintf(command, sizeof(command),
                       /* The server lets go of the lock when it sees that its client is gone. */
                       "exec psql -X -q -c 'SET client_connection_check_interval = 100' -c BEGIN"
                       " -c 'LOCK TABLE certificate' -c '\\echo held' -c 'SELECT pg_sleep(600)'");
    else
        (void)snprintf(command, sizeof(command),
                       "exec python3 -c 'import sqlite3, time;"
                       " d = sqlite3.connect(\"%s/registry.db\"); d.execute(\"BEGIN EXCLUSIVE\");"
                       " print(\"held\", flush=True); time.sleep(600)'",
                       rig->dir);
    if (dup2(out, STDOUT_FILENO) < 0)
        return 1;
    return execl("/bin/sh", "sh", "-c", command, NULL);
}

static void leave_out_the_log(const struct rig *rig)
{
    char command[256] = {0};
    (void)snprintf(
        command, sizeof(command),
        "python3 -c 'import sqlite3;"
        " sqlite3.connect(\"%s/registry.db\").execute(\"PRAGMA journal_mode = DELETE\")'",
        rig->dir);
    assert_int_equal(system(command), 0);
}

/* Each call may wait for an hour, all of them together may not; and none waits when it is over. */
static void a_budget_is_for_all_calls(void **state)
{
    struct rig *rig = *state;
    struct km_registry_certificate_state found = {0};
    struct km_registry_config config = rig_config(rig);
    char id[ID_ROOM] = {0};
    char octet = 0;
    rig_certificate(rig, ACCOUNT, "device", KM_CERTIFICATE_ACTIVE, id);
    km_registry_closep(&rig->reg);
    if (!rig->is_postgres)
        leave_out_the_log(rig);
    config.timeout_ms = 3600000;
    config.is_read_only = true;
    config.may_create = false;
    assert_int_equal(km_registry_open(NULL, &config, &rig->reg), KM_OK);
    km_registry_budget(rig->reg, 60000);
    assert_ok(rig, km_registry_certificate_state(rig->reg, ACCOUNT, id, &found));
    struct child holder = start(rig, hold_all);
    assert_int_equal(read(holder.out, &octet, 1), 1);
    km_registry_budget(rig->reg, 100);
    km_status status = km_registry_certificate_state(rig->reg, ACCOUNT, id, &found);
    assert_int_equal(status, rig->is_postgres ? KM_E_DEAD : KM_E_TIMEOUT);
    for (int i = 0; i < 100; i++)
        assert_status(rig, KM_E_TIMEOUT,
                      km_registry_certificate_state(rig->reg, ACCOUNT, id, &found));
    assert_int_equal(kill(holder.pid, SIGKILL), 0);
    (void)finish(holder);
    km_registry_budget(rig->reg, 0);
    assert_ok(rig, km_registry_certificate_state(rig->reg, ACCOUNT, id, &found));
}

/* ---- the beginning ---- */

static int open_new(struct rig *rig, int out)
{
    struct km_registry *reg = open_in_child(rig);
    if (reg == NULL)
        return 1;
    km_registry_close(reg);
    return write(out, "", 1) == 1 ? 0 : 2;
}

static void remove_all(struct rig *rig)
{
    char command[256] = {0};
    km_registry_closep(&rig->reg);
    if (rig->is_postgres)
        (void)snprintf(command, sizeof(command),
                       "psql -X -q -c 'SET client_min_messages = error'"
                       " -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'");
    else
        (void)snprintf(command, sizeof(command), "rm -f %s/registry.db*", rig->dir);
    assert_int_equal(system(command), 0);
}

static void a_schema_is_made_once(void **state)
{
    struct rig *rig = *state;
    struct child children[N_PROCESSES] = {{0}};
    remove_all(rig);
    for (int i = 0; i < N_PROCESSES; i++)
        children[i] = start(rig, open_new);
    for (int i = 0; i < N_PROCESSES; i++)
        assert_int_equal(finish(children[i]), 0);
    rig->reg = rig_another(rig);
    assert_int_equal(rig_generation(rig), 0);
}

/* Somebody else is making the same file: its lock is his until there is a file `go`, and a moment longer. */
static FILE *hold_new_file(const struct rig *rig)
{
    char command[512] = {0};
    char line[16] = {0};
    (void)snprintf(command, sizeof(command),
                   "exec python3 -c \"import os, sqlite3, time\n"
                   "db = sqlite3.connect('%s/registry.db', isolation_level=None)\n"
                   "db.execute('begin immediate')\n"
                   "print('held', flush=True)\n"
                   "while not os.path.exists('%s/go'): time.sleep(0.02)\n"
                   "time.sleep(0.3)\"",
                   rig->dir, rig->dir);
    FILE *holder = popen(command, "re");
    assert_non_null(holder);
    assert_non_null(fgets(line, sizeof(line), holder));
    return holder;
}

static void a_new_file_that_is_held_is_waited_for(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry *hasty = NULL;
    struct km_registry_config config = rig_config(rig);
    char command[128] = {0};
    if (rig->is_postgres)
        skip();
    remove_all(rig);
    FILE *holder = hold_new_file(rig);
    config.timeout_ms = 1;
    assert_int_equal(km_registry_open(&err, &config, &hasty), KM_E_TIMEOUT);
    assert_true(err.text[0] != '\0');
    (void)snprintf(command, sizeof(command), "touch %s/go", rig->dir);
    assert_int_equal(system(command), 0);
    config.timeout_ms = 60000;
    assert_int_equal(km_registry_open(&err, &config, &rig->reg), KM_OK);
    assert_int_equal(pclose(holder), 0);
    assert_int_equal(rig_generation(rig), 0);
    (void)snprintf(command, sizeof(command), "rm %s/go", rig->dir);
    assert_int_equal(system(command), 0);
}

static void a_schema_is_not_made_unasked(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry_config config = rig_config(rig);
    remove_all(rig);
    config.may_create = false;
    assert_int_equal(km_registry_open(&err, &config, &rig->reg),
                     rig->is_postgres ? KM_E_UNSUPPORTED : KM_E_NOTFOUND);
    assert_true(err.text[0] != '\0');
    rig->reg = rig_another(rig);
}

static void a_newer_schema_is_left_alone(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry *reg = NULL;
    struct km_registry_config config = rig_config(rig);
    char command[256] = {0};
    if (rig->is_postgres)
        (void)snprintf(command, sizeof(command),
                       "psql -X -q -c 'UPDATE keymoor_schema SET version = 1000'");
    else
        (void)snprintf(command, sizeof(command),
                       "python3 -c \"import sqlite3; sqlite3.connect('%s/registry.db')"
                       ".execute('pragma user_version = 1000')\"",
                       rig->dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(km_registry_open(&err, &config, &reg), KM_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "1000"));
}

/* ---- SQLite's file ---- */

/* In a process of its own, as the bound is one of the process: no file may grow any more. */
static int write_without_room(struct rig *rig, int out)
{
    struct rlimit none = {0};
    struct rlimit before = {0};
    struct km_registry *reg = open_in_child(rig);
    struct km_arena *arena = km_arena_new(1u << 20);
    struct km_registry_policy policy = {0};
    char name[32] = {0};
    km_status status = KM_OK;
    (void)signal(SIGXFSZ, SIG_IGN);
    if (reg == NULL || getrlimit(RLIMIT_FSIZE, &before) != 0)
        return 1;
    none = before;
    none.rlim_cur = 1048576;
    if (setrlimit(RLIMIT_FSIZE, &none) != 0)
        return 2;
    for (int i = 0; i < 10000 && status == KM_OK; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        status = km_registry_policy_create(reg, ACCOUNT, name, "{}");
    }
    if (status != KM_E_NOSPACE || km_registry_err(reg)->text[0] == '\0')
        return 3;
    if (km_registry_policy_get(reg, arena, ACCOUNT, "p0", 0, &policy) != KM_OK ||
        km_registry_policy_get(reg, arena, ACCOUNT, name, 0, &policy) != KM_E_NOTFOUND)
        return 4;
    if (km_registry_begin(reg) == KM_OK) {
        (void)km_registry_policy_create(reg, ACCOUNT, name, "{}");
        if (km_registry_commit(reg) == KM_OK)
            return 5;
    }
    if (setrlimit(RLIMIT_FSIZE, &before) != 0 ||
        km_registry_policy_create(reg, ACCOUNT, name, "{}") != KM_OK)
        return 6;
    km_registry_close(reg);
    km_arena_free(arena);
    return write(out, "", 1) == 1 ? 0 : 7;
}

static void a_full_disk_is_said_and_survived(void **state)
{
    struct rig *rig = *state;
    if (rig->is_postgres)
        skip();
    assert_int_equal(finish(start(rig, write_without_room)), 0);
    rig_generation(rig);
}

static void write_over(const struct rig *rig, off_t from, size_t len)
{
    char path[128] = {0};
    (void)snprintf(path, sizeof(path), "%s/registry.db", rig->dir);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(pwrite(fd, "\xa5", 1, from + (off_t)i), 1);
    (void)close(fd);
}

static void a_damaged_file_is_said(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry_config config = rig_config(rig);
    struct km_registry_policy_list list = {0};
    if (rig->is_postgres)
        skip();
    for (int i = 0; i < 100; i++)
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", i), "{}"));
    km_registry_closep(&rig->reg);
    write_over(rig, 4096, 400000);
    km_status status = km_registry_open(&err, &config, &rig->reg);
    if (status == KM_OK)
        status = km_registry_policy_list(rig->reg, rig->arena, ACCOUNT, NULL, &list);
    assert_int_equal(status, KM_E_CORRUPT);
    km_registry_closep(&rig->reg);
    write_over(rig, 0, 100);
    km_err_clear(&err);
    assert_int_equal(km_registry_open(&err, &config, &rig->reg), KM_E_CORRUPT);
    assert_true(err.text[0] != '\0');
}

static void a_file_is_its_owners_alone(void **state)
{
    static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-shm"};
    struct rig *rig = *state;
    char command[256] = {0};
    if (rig->is_postgres)
        skip();
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        (void)snprintf(command, sizeof(command), "test \"$(stat -c %%a %s/%s)\" = 600", rig->dir,
                       names[i]);
        assert_int_equal(system(command), 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(one_of_all_processes_is_the_first),
        RIG_TEST(no_update_of_a_shadow_is_lost),
        RIG_TEST(a_follower_misses_nothing),
        RIG_TEST(nothing_committed_is_lost_by_a_kill),
        RIG_TEST(a_held_database_is_not_waited_for_for_ever),
        RIG_TEST(a_budget_is_for_all_calls),
        RIG_TEST(a_schema_is_made_once),
        RIG_TEST(a_new_file_that_is_held_is_waited_for),
        RIG_TEST(a_schema_is_not_made_unasked),
        RIG_TEST(a_newer_schema_is_left_alone),
        RIG_TEST(a_full_disk_is_said_and_survived),
        RIG_TEST(a_damaged_file_is_said),
        RIG_TEST(a_file_is_its_owners_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
