/* SPDX-License-Identifier: Apache-2.0 */
/* The storage application's files on disk: what shows, what survives a kill at any instant, a full disk, an older copy. */
#include <lmdb.h>
#include <sys/mman.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "tests/unit/storage_rig.h"

#define R KM_STORAGE_READ
#define RW (KM_STORAGE_READ | KM_STORAGE_WRITE)
#define REPLACE (KM_STORAGE_WRITE | KM_STORAGE_REPLACE)
#define NAME "a name that must not show"
#define CONTENTS "contents that must not show either"

RIG_FIXTURE
static uint8_t big[KM_STORAGE_TRANSFER_MAX], back[8u * KM_STORAGE_TRANSFER_MAX];

static void start(void)
{
    rig_start(dir);
    rig_open(&s, 1000, false);
}

static void stop(void)
{
    rig_close(&s);
    rig_stop();
}

static uint8_t *data_file(size_t *ret_len)
{
    char path[128] = "";
    uint8_t *octets = NULL;
    (void)snprintf(path, sizeof(path), "%s/store/data.mdb", dir);
    assert_int_equal(km_file_read(NULL, AT_FDCWD, path, (size_t)1 << 30, &octets, ret_len), KM_OK);
    return octets;
}

static void put_back(const uint8_t *octets, size_t len)
{
    char path[128] = "";
    (void)snprintf(path, sizeof(path), "%s/store/data.mdb", dir);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static bool shows(struct km_slice in, const char *text)
{
    return memmem(in.ptr, in.len, text, strlen(text)) != NULL;
}

static void test_nothing_shows(void **state)
{
    (void)state;
    size_t len = 0;
    assert_int_equal(srig_put(&s, NAME, NULL, CONTENTS, strlen(CONTENTS)), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, NAME "2", "pass phrase", CONTENTS, strlen(CONTENTS)),
                     TEE_SUCCESS);
    uint8_t *octets = data_file(&len);
    assert_false(shows(KM_SLICE(octets, len), NAME));
    assert_false(shows(KM_SLICE(octets, len), CONTENTS));
    assert_false(shows(KM_SLICE(octets, len), "pass phrase"));
    free(octets);
}

static struct km_store *open_store(uint64_t anchor, struct km_secret **ret_key,
                                   km_status *ret_status)
{
    static const uint8_t KEY[32] = {1, 2, 3, 4}; /* the rig's */
    char path[128] = "";
    struct km_store *store = NULL;
    (void)snprintf(path, sizeof(path), "%s/store", dir);
    *ret_key = km_secret_from(KM_SLICE(KEY, sizeof(KEY)));
    struct km_store_config config = {
        .dir = path, .key = *ret_key, .has_anchor = anchor != 0, .anchor = anchor};
    *ret_status = km_store_open(NULL, &config, &store);
    return store;
}

/* How many objects of the opened store hold the text in their data. */
static unsigned n_holding(struct km_store *store, const char *text)
{
    struct km_store_cursor *cursor = NULL;
    struct km_slice name = {0}, meta = {0};
    uint64_t size = 0;
    unsigned n = 0;
    assert_int_equal(km_store_cursor_open(NULL, store, &cursor), KM_OK);
    while (km_store_cursor_next(NULL, cursor, &name, &meta, &size) == KM_OK) {
        struct km_store_object *object = NULL;
        size_t len = 0;
        assert_int_equal(km_store_object_open(NULL, store, name, KM_STORE_READ, &object), KM_OK);
        assert_int_equal(km_store_object_read(NULL, object, 0, KM_SPAN(back, sizeof(back)), &len),
                         KM_OK);
        n += shows(KM_SLICE(back, len), text);
        km_store_object_close(object);
    }
    km_store_cursor_close(cursor);
    return n;
}

/* With the store's key and without the password: a file without one can be read, the other not. */
static void test_password_against_the_store_key(void **state)
{
    (void)state;
    km_status status = KM_OK;
    struct km_secret *key = NULL;
    assert_int_equal(srig_put(&s, "plain", NULL, CONTENTS, strlen(CONTENTS)), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, "sealed", "pw", CONTENTS, strlen(CONTENTS)), TEE_SUCCESS);
    stop();
    struct km_store *store = open_store(0, &key, &status);
    assert_int_equal(status, KM_OK);
    assert_int_equal(n_holding(store, CONTENTS), 1);
    km_store_close(store);
    km_secret_free(key);
    start();
}

/* How many values of each length stand in the file, whatever their keys. */
struct lengths {
    size_t len[16];
    unsigned n[16];
};

static void count_length(struct lengths *all, size_t len)
{
    size_t i = 0;
    while (all->n[i] != 0 && all->len[i] != len)
        i++;
    assert_true(i < KM_ARRAY_LEN(all->n) - 1);
    all->len[i] = len;
    all->n[i]++;
}

static struct lengths lengths_now(void)
{
    char path[128] = "";
    struct lengths all = {0};
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    MDB_cursor *cursor = NULL;
    MDB_val key = {0}, value = {0};
    (void)snprintf(path, sizeof(path), "%s/store", dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        count_length(&all, value.mv_size);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return all;
}

/* Ten files of `len` octets, in a store of their own. */
static struct lengths lengths_with(size_t len, const char *password)
{
    stop();
    rig_dir_remove(dir);
    rig_dir(dir);
    start();
    for (unsigned i = 0; i < 10; i++) {
        char name[KM_STORAGE_NAME_MAX + 1] = "";
        (void)snprintf(name, sizeof(name), "%0*u", (int)(1 + len % KM_STORAGE_NAME_MAX), i);
        assert_int_equal(srig_put(&s, name, password, big, len), TEE_SUCCESS);
    }
    stop();
    struct lengths all = lengths_now();
    start();
    return all;
}

static void same_lengths(const struct lengths *a, const struct lengths *b)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(a->n) && a->n[i] != 0; i++) {
        size_t k = 0;
        while (k < KM_ARRAY_LEN(b->n) - 1 && b->len[k] != a->len[i])
            k++;
        assert_int_equal(b->n[k], a->n[i]);
    }
}

/* Neither the length of short contents nor that of names shows, nor whether there is a password. */
static void test_sizes_do_not_show(void **state)
{
    (void)state;
    struct lengths first = lengths_with(1, NULL);
    for (size_t len = 2; len <= 400; len += len < 20 ? 1 : 19) {
        struct lengths now = lengths_with(len, len % 2 == 0 ? "pw" : NULL);
        same_lengths(&first, &now);
        same_lengths(&now, &first);
    }
    struct lengths now = lengths_with(400, "pw");
    same_lengths(&now, &first);
}

/* An older copy of the file, where the root has a counter: refused when the store is opened. */
static void test_older_copy(void **state)
{
    (void)state;
    size_t len = 0;
    km_status status = KM_OK;
    struct km_secret *key = NULL;
    struct km_store_report report = {0};
    assert_int_equal(srig_put(&s, "f", NULL, "old", 3), TEE_SUCCESS);
    stop();
    uint8_t *older = data_file(&len);
    start();
    assert_int_equal(srig_put(&s, "f", NULL, "new", 3), TEE_SUCCESS);
    stop();
    struct km_store *store = open_store(0, &key, &status);
    assert_int_equal(km_store_verify(NULL, store, &report), KM_OK);
    km_store_close(store);
    km_secret_free(key);
    store = open_store(report.count, &key, &status);
    assert_int_equal(status, KM_OK);
    km_store_close(store);
    km_secret_free(key);
    put_back(older, len);
    free(older);
    store = open_store(report.count, &key, &status);
    assert_null(store);
    assert_int_equal(status, KM_E_STALE);
    km_secret_free(key);
    start();
}

/* ---- damage ---- */

#define PIECE_512 (24u + 512u + 16u)   /* sealed: short contents */
#define PIECE_1024 (24u + 1024u + 16u) /* a head */

/* A copy may also stand in a page that LMDB has given up. */
static unsigned change_everywhere(struct km_span in, struct km_slice what)
{
    unsigned n = 0;
    for (uint8_t *at = memmem(in.ptr, in.len, what.ptr, what.len); at != NULL;
         at = memmem(in.ptr, in.len, what.ptr, what.len)) {
        at[40] ^= 1;
        n++;
    }
    return n;
}

/* Changes an octet of each piece of data of that length. */
static void damage(size_t len)
{
    char path[128] = "";
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    MDB_cursor *cursor = NULL;
    MDB_val key = {0}, value = {0};
    size_t size = 0;
    unsigned n = 0;
    uint8_t *octets = data_file(&size);
    (void)snprintf(path, sizeof(path), "%s/store", dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        /* A piece of data, not of metadata (docs/store.md). */
        const uint8_t *octet = key.mv_data;
        if (value.mv_size == len && octet[0] == 4 && octet[9] == 0)
            n += change_everywhere(KM_SPAN(octets, size), KM_SLICE(value.mv_data, len));
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    assert_true(n > 0);
    put_back(octets, size);
    free(octets);
}

/* Damaged contents are told, and can be replaced or deleted. */
static void test_damaged_contents(void **state)
{
    (void)state;
    size_t len = 10;
    struct km_storage_usage usage = {0};
    assert_int_equal(srig_put(&s, "f", NULL, "text", 4), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, "g", "pw", "text", 4), TEE_SUCCESS);
    stop();
    damage(PIECE_512);
    start();
    assert_int_equal(srig_get(&s, "f", NULL, back, &len), TEE_ERROR_CORRUPT_OBJECT);
    assert_int_equal(srig_put(&s, "f", NULL, "new", 3), TEE_SUCCESS);
    len = 10;
    assert_int_equal(srig_get(&s, "f", NULL, back, &len), TEE_SUCCESS);
    assert_int_equal(len, 3);
    struct km_storage_wish wish = srig_wish("g", 0);
    assert_int_equal(srig_delete(&s, &wish, "pw"), TEE_SUCCESS);
    assert_int_equal(srig_usage(&s, &usage), TEE_SUCCESS);
    assert_int_equal(usage.n, 1);
    assert_int_equal(usage.octets, 3);
}

/* Of a damaged head nobody can tell whose password it had: the administrator deletes it. */
static void test_damaged_head(void **state)
{
    (void)state;
    size_t len = 10;
    struct rig_session admin = {0};
    assert_int_equal(srig_put(&s, "f", "pw", "text", 4), TEE_SUCCESS);
    stop();
    damage(PIECE_1024);
    start();
    struct km_storage_wish wish = srig_wish("f", 0);
    assert_int_equal(srig_get(&s, "f", "pw", back, &len), TEE_ERROR_CORRUPT_OBJECT);
    assert_int_equal(srig_put(&s, "f", "pw", "new", 3), TEE_ERROR_CORRUPT_OBJECT);
    assert_int_equal(srig_delete(&s, &wish, "pw"), TEE_ERROR_CORRUPT_OBJECT);
    rig_open(&admin, 0, true);
    wish.flags = KM_STORAGE_OF_OWNER;
    wish.owner_uid = 1000;
    assert_int_equal(srig_delete(&admin, &wish, NULL), TEE_SUCCESS);
    rig_close(&admin);
    assert_int_equal(srig_put(&s, "f", NULL, "new", 3), TEE_SUCCESS);
}

/* ---- a full disk ---- */

static int fill_the_disk(void *arg)
{
    bool is_replacement = arg != NULL;
    const struct rlimit limit = {.rlim_cur = 6u << 20, .rlim_max = 6u << 20};
    uint32_t id = 0;
    uint32_t result = TEE_SUCCESS;
    size_t len = sizeof(back);
    CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    start();
    CHILD_CHECK(srig_put(&s, "f", "pw", "whole", 5) == TEE_SUCCESS);
    struct km_storage_wish wish = srig_wish("f", is_replacement ? REPLACE : RW);
    CHILD_CHECK(srig_open(&s, &wish, "pw", &id) == TEE_SUCCESS);
    uint64_t at = is_replacement ? 0 : 5;
    const uint64_t from = at;
    for (; result == TEE_SUCCESS && at < (64u << 20); at += sizeof(big))
        result = srig_write(&s, id, at, big, sizeof(big));
    CHILD_CHECK(result == TEE_ERROR_STORAGE_NO_SPACE);
    uint64_t size = 0;
    CHILD_CHECK(srig_size(&s, id, &size) == TEE_SUCCESS && size == at - sizeof(big) && size > from);
    CHILD_CHECK(srig_id(&s, KM_STORAGE_CMD_CLOSE, id) == TEE_SUCCESS);
    CHILD_CHECK(srig_get(&s, "f", "pw", back, &len) == TEE_SUCCESS);
    CHILD_CHECK(is_replacement ? len == 5 : len == size);
    CHILD_CHECK(memcmp(back, "whole", 5) == 0);
    /* And there is a way out. */
    wish.flags = 0;
    CHILD_CHECK(srig_delete(&s, &wish, "pw") == TEE_SUCCESS);
    CHILD_CHECK(srig_put(&s, "g", NULL, big, sizeof(big)) == TEE_SUCCESS);
    return 0;
}

static void test_full_disk(void **state)
{
    (void)state;
    stop();
    assert_child_succeeds(fill_the_disk, NULL);
    rig_dir_remove(dir);
    rig_dir(dir);
    assert_child_succeeds(fill_the_disk, dir);
    start();
}

/* ---- killed at any instant ---- */

/* With ThreadSanitizer in it a write takes so much longer. */
#ifdef __SANITIZE_THREAD__
#define SLOWER 20u
#else
#define SLOWER 1u
#endif

enum way { IN_PLACE, SEALED, REPLACED, SHORTENED, WAYS };
#define LEN 200000u
#define SHORT_LEN 50001u

/* What the killed one was at; in shared memory. */
struct board {
    _Atomic uint32_t begun, done;
    _Atomic bool is_at_it; /* its file is open */
};
static struct board *board;

static const char *password_of(enum way way)
{
    return way == IN_PLACE ? NULL : "pw";
}

static uint32_t one_step(enum way way, uint32_t id, uint32_t version)
{
    if (way == SHORTENED && version % 2 == 0)
        return srig_truncate(&s, id, SHORT_LEN);
    if (way == SHORTENED)
        return srig_write(&s, id, SHORT_LEN, big, LEN - SHORT_LEN);
    memset(big, (int)(version & 0xffu), LEN);
    if (way == REPLACED)
        return srig_put(&s, "f", "pw", big, LEN);
    return srig_write(&s, id, 0, big, LEN);
}

static int write_until_killed(void *arg)
{
    enum way way = *(const enum way *)arg;
    uint32_t id = 0;
    start();
    struct km_storage_wish wish = srig_wish("f", RW);
    if (way != REPLACED)
        CHILD_CHECK(srig_open(&s, &wish, password_of(way), &id) == TEE_SUCCESS);
    board->is_at_it = true;
    for (;;) {
        uint32_t version = board->done + 1;
        board->begun = version;
        CHILD_CHECK(one_step(way, id, version) == TEE_SUCCESS);
        board->done = version;
    }
}

/* So long after it has begun, or, with `ends_one`, after its first change was acknowledged. */
static void kill_one(enum way way, bool ends_one, unsigned us)
{
    uint32_t before = board->done;
    board->is_at_it = false;
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_until_killed(&way));
    for (unsigned ms = 0; ms < 60000 && (ends_one ? board->done == before : !board->is_at_it); ms++)
        (void)usleep(1000);
    (void)usleep(us);
    (void)kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

/* All of it is of one version, the last one that was acknowledged or the one that was under way. */
static void check_whole(enum way way)
{
    size_t len = sizeof(back);
    start();
    assert_int_equal(srig_get(&s, "f", password_of(way), back, &len), TEE_SUCCESS);
    stop();
    if (way == SHORTENED) {
        uint32_t now = len == SHORT_LEN ? 0 : 1;
        assert_true(len == SHORT_LEN || len == LEN);
        assert_true(now == board->done % 2 || now == board->begun % 2);
        board->done = now == board->done % 2 ? board->done : board->begun;
        return;
    }
    assert_int_equal(len, LEN);
    assert_true(back[0] == (uint8_t)board->done || back[0] == (uint8_t)board->begun);
    for (size_t i = 1; i < len; i++)
        assert_int_equal(back[i], back[0]);
    board->done = back[0] == (uint8_t)board->done ? board->done : board->begun;
}

static void test_killed_at_any_instant(void **state)
{
    (void)state;
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(board != MAP_FAILED);
    for (enum way way = IN_PLACE; way < WAYS; way++) {
        memset(big, 1, LEN);
        *board = (struct board){.begun = 1, .done = 1};
        assert_int_equal(srig_put(&s, "f", password_of(way), big, LEN), TEE_SUCCESS);
        stop();
        for (unsigned i = 0; i < 25; i++) {
            kill_one(way, i % 2 != 0, SLOWER * (i * 1733u % 20000u));
            check_whole(way);
        }
        assert_true(board->done > 1);
        start();
        struct km_storage_wish wish = srig_wish("f", 0);
        assert_int_equal(srig_delete(&s, &wish, password_of(way)), TEE_SUCCESS);
    }
    assert_int_equal(munmap(board, sizeof(*board)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_shows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password_against_the_store_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes_do_not_show, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_older_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_contents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_at_any_instant, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
