/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who can read and write the store's files: what can be seen, and what gets noticed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <lmdb.h>

#include "common/km_file.h"
#include "tee/root/root.h"
#include "tee/store/record.h"
#include "tests/unit/store_fixture.h"

#define FILE_MAX (4u << 20)
#define FLIPS_PER_CHILD 256u

/* A file's octets in memory, and back. */
struct image {
    uint8_t *bytes;
    size_t len;
};

static struct image image_of(const char *path)
{
    struct image image = {0};
    assert_int_equal(km_file_read(NULL, AT_FDCWD, path, FILE_MAX, &image.bytes, &image.len), KM_OK);
    return image;
}

static void image_put(const struct image *image, const char *path)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->bytes, image->len), image->len);
    (void)close(fd);
}

static uint8_t *image_find(const struct image *image, struct km_slice what)
{
    return memmem(image->bytes, image->len, what.ptr, what.len);
}

/* Everywhere: a copy may also stand in a page that LMDB has given up. */
static size_t image_replace(struct image *image, const struct image *now, const struct image *by)
{
    size_t n = 0;
    assert_int_equal(now->len, by->len);
    for (uint8_t *at = image->bytes;
         (at = memmem(at, image->len - (size_t)(at - image->bytes), now->bytes, now->len)) != NULL;
         at += now->len) {
        km_copy(at, now->len, by->bytes, by->len);
        n++;
    }
    return n;
}

/* What stands in the store under a key, in the clear of LMDB but sealed; owned by the caller. */
static struct image value_of(const struct fixture *f, const struct km_store_key *key)
{
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof buf);
    km_store_key_put(&wr, key);
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    MDB_val k = {.mv_size = wr.len, .mv_data = buf};
    MDB_val v = {0};
    struct image value = {0};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, f->dir, MDB_RDONLY | MDB_NOLOCK, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_get(txn, dbi, &k, &v), 0);
    value.bytes = malloc(v.mv_size);
    assert_non_null(value.bytes);
    value.len = v.mv_size;
    km_copy(value.bytes, value.len, v.mv_data, v.mv_size);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return value;
}

/* Puts one sealed value where another of the same size stands now, without LMDB's knowledge. */
static void put_in_place(const struct fixture *f, const struct image *now, const struct image *old)
{
    struct image data = image_of(f->data_path);
    assert_true(image_replace(&data, now, old) > 0);
    image_put(&data, f->data_path);
    free(data.bytes);
}

static km_status open_and_verify(struct fixture *f, struct km_store_report *ret)
{
    struct km_store *store = NULL;
    KM_TRY(km_store_open(NULL, &f->config, &store));
    km_status status = km_store_verify(NULL, store, ret);
    km_store_close(store);
    return status;
}

static const struct km_store_key record_1 = {.kind = KM_KEY_RECORD, .id = 1};
static const struct km_store_key record_2 = {.kind = KM_KEY_RECORD, .id = 2};
static const struct km_store_key chunk_1 = {.kind = KM_KEY_PIECE, .id = 1};
static const struct km_store_key chunk_2 = {.kind = KM_KEY_PIECE, .id = 2};
static const struct km_store_key header = {.kind = KM_KEY_HEADER};

static void two_objects(struct fixture *f)
{
    struct km_store *store = fixture_open(f);
    struct km_slice none = KM_SLICE(NULL, 0);
    assert_int_equal(
        km_store_create(NULL, store, KM_SLICE_STR("one"), 0, none, KM_SLICE_STR("first"), NULL),
        KM_OK);
    assert_int_equal(
        km_store_create(NULL, store, KM_SLICE_STR("two"), 0, none, KM_SLICE_STR("second"), NULL),
        KM_OK);
    km_store_close(store);
}

static void write_one(struct fixture *f, const char *data)
{
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("one"), KM_STORE_WRITE, &o),
                     KM_OK);
    assert_int_equal(km_store_object_write(NULL, o, 0, KM_SLICE_STR(data)), KM_OK);
    km_store_object_close(o);
    km_store_close(store);
}

static void expect_refused(struct fixture *f, uint64_t n_damaged)
{
    struct km_store_report report = {0};
    assert_int_equal(open_and_verify(f, &report), KM_E_CORRUPT);
    assert_int_equal(report.n_damaged, n_damaged);
}

/* The object as it was in all its parts: every seal fits, only the set does not. */
static void an_old_object_put_back_is_noticed(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image old_record = value_of(f, &record_1);
    struct image old_chunk = value_of(f, &chunk_1);
    write_one(f, "FIRST");
    struct image new_record = value_of(f, &record_1);
    struct image new_chunk = value_of(f, &chunk_1);
    put_in_place(f, &new_record, &old_record);
    put_in_place(f, &new_chunk, &old_chunk);
    struct km_store_report report = {0};
    assert_int_equal(open_and_verify(f, &report), KM_E_CORRUPT);
    assert_int_equal(report.n_damaged, 0);
    assert_false(report.set_matches);
    put_in_place(f, &old_record, &new_record);
    put_in_place(f, &old_chunk, &new_chunk);
    assert_int_equal(open_and_verify(f, &report), KM_OK);
    free(old_record.bytes);
    free(old_chunk.bytes);
    free(new_record.bytes);
    free(new_chunk.bytes);
}

static void an_old_chunk_put_back_is_noticed(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image old = value_of(f, &chunk_1);
    write_one(f, "FIRST");
    struct image now = value_of(f, &chunk_1);
    put_in_place(f, &now, &old);
    expect_refused(f, 1);
    /* Reading notices as well, without a verification; the other object is untouched. */
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    uint8_t buf[16] = {0};
    size_t len = 0;
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("one"), KM_STORE_READ, &o),
                     KM_OK);
    assert_int_equal(km_store_object_read(NULL, o, 0, KM_SPAN(buf, sizeof buf), &len),
                     KM_E_CORRUPT);
    assert_int_equal(buf[0], 0);
    km_store_object_close(o);
    fixture_expect(store, "two", "", "second");
    km_store_close(store);
    free(old.bytes);
    free(now.bytes);
}

static void swap(struct fixture *f, const struct km_store_key *a, const struct km_store_key *b)
{
    struct image one = value_of(f, a);
    struct image two = value_of(f, b);
    struct image data = image_of(f->data_path);
    struct image none = {.bytes = calloc(1, one.len), .len = one.len};
    assert_non_null(none.bytes);
    memset(none.bytes, 0xa5, none.len);
    assert_true(image_replace(&data, &one, &none) > 0);
    assert_true(image_replace(&data, &two, &one) > 0);
    assert_true(image_replace(&data, &none, &two) > 0);
    free(none.bytes);
    image_put(&data, f->data_path);
    free(one.bytes);
    free(two.bytes);
    free(data.bytes);
}

static void swapped_parts_are_noticed(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image good = image_of(f->data_path);
    swap(f, &record_1, &record_2);
    expect_refused(f, 2);
    image_put(&good, f->data_path);
    swap(f, &chunk_1, &chunk_2);
    expect_refused(f, 2);
    image_put(&good, f->data_path);
    /* Which object a name leads to. */
    struct image data = image_of(f->data_path);
    static const uint8_t id_1[] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct km_store *store = NULL;
    for (uint8_t *at = data.bytes;
         (at = memmem(at, data.len - (size_t)(at - data.bytes), id_1, sizeof id_1)) != NULL; at++) {
        at[7] = 2;
        image_put(&data, f->data_path);
        at[7] = 1;
        struct km_store_report report = {0};
        if (km_store_open(NULL, &f->config, &store) != KM_OK)
            continue;
        struct km_store_object *o = NULL;
        if (km_store_object_open(NULL, store, KM_SLICE_STR("one"), 0, &o) == KM_OK)
            assert_true(km_slice_equal(km_store_object_name(o), KM_SLICE_STR("one")));
        km_store_object_close(o);
        km_store_close(store);
        (void)open_and_verify(f, &report);
    }
    image_put(&good, f->data_path);
    struct km_store_report report = {0};
    assert_int_equal(open_and_verify(f, &report), KM_OK);
    free(data.bytes);
    free(good.bytes);
}

static void an_old_header_put_back_is_noticed(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image old = value_of(f, &header);
    write_one(f, "FIRST");
    struct image now = value_of(f, &header);
    put_in_place(f, &now, &old);
    struct km_store *store = NULL;
    assert_int_equal(km_store_open(NULL, &f->config, &store), KM_E_CORRUPT);
    free(old.bytes);
    free(now.bytes);
}

/* With LMDB's own means: the record of one object and its name, gone without a trace in the pages. */
static void a_deleted_object_is_noticed(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof buf);
    km_store_key_put(&wr, &record_1);
    MDB_val k = {.mv_size = wr.len, .mv_data = buf};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, f->dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_del(txn, dbi, &k, NULL), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    struct km_store *store = NULL;
    assert_int_equal(km_store_open(NULL, &f->config, &store), KM_E_CORRUPT);
}

static void an_open_handle_notices_an_old_record(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image old = value_of(f, &record_1);
    write_one(f, "FIRST");
    struct image now = value_of(f, &record_1);
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    uint64_t size = 0;
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("one"), KM_STORE_WRITE, &o),
                     KM_OK);
    struct image data = image_of(f->data_path);
    assert_true(image_replace(&data, &now, &old) > 0);
    int fd = open(f->data_path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, data.bytes, data.len, 0), data.len);
    (void)close(fd);
    assert_int_equal(km_store_object_size(NULL, o, &size), KM_E_CORRUPT);
    assert_int_equal(km_store_object_write(NULL, o, 0, KM_SLICE_STR("x")), KM_E_CORRUPT);
    km_store_object_close(o);
    km_store_close(store);
    free(data.bytes);
    free(old.bytes);
    free(now.bytes);
}

/* ---- the whole store, with a root that has a counter ---- */

static uint64_t test_counter;

static km_status counter_read(struct km_err *err, void *state, uint64_t *ret_value)
{
    (void)err;
    (void)state;
    *ret_value = test_counter;
    return KM_OK;
}

static km_status counter_advance(struct km_err *err, void *state, uint64_t value)
{
    (void)state;
    if (value < test_counter)
        return KM_FAIL(err, KM_E_ARG, "the counter stands higher");
    test_counter = value;
    return KM_OK;
}

static const struct km_root_driver counting_driver = {
    .name = "counting", .counter_read = counter_read, .counter_advance = counter_advance};

static km_status advance_root(struct km_err *err, void *arg, uint64_t count)
{
    const struct km_root *root = arg;
    return root->driver->counter_advance(err, root->state, count);
}

static void a_rolled_back_store_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct km_root root = {.driver = &counting_driver};
    assert_true(km_root_has_counter(&root));
    test_counter = 0;
    f->config.has_anchor = true;
    f->config.advance = advance_root;
    f->config.advance_arg = &root;
    two_objects(f);
    assert_true(test_counter >= 3);
    struct image old = image_of(f->data_path);
    assert_int_equal(root.driver->counter_read(NULL, root.state, &f->config.anchor), KM_OK);
    write_one(f, "FIRST");
    assert_true(test_counter > f->config.anchor);
    struct image now = image_of(f->data_path);
    struct km_store *store = NULL;
    struct km_err err = {0};
    f->config.anchor = test_counter;
    image_put(&old, f->data_path);
    assert_int_equal(km_store_open(&err, &f->config, &store), KM_E_STALE);
    assert_non_null(strstr(err.text, "counter"));
    image_put(&now, f->data_path);
    assert_int_equal(km_store_open(NULL, &f->config, &store), KM_OK);
    /* By itself the counter moves each 16 commits; settling moves it at once. */
    uint64_t before = test_counter;
    for (int i = 0; i < 10; i++)
        fixture_put(store, "x", "", "");
    assert_int_equal(test_counter, before);
    assert_int_equal(km_store_settle(NULL, store), KM_OK);
    assert_int_equal(test_counter, before + 10);
    for (int i = 0; i < 16; i++)
        fixture_put(store, "x", "", "");
    assert_int_equal(test_counter, before + 26);
    km_store_close(store);
    /* An emptied folder is a rollback to nothing. */
    assert_int_equal(unlink(f->data_path), 0);
    f->config.anchor = test_counter;
    assert_int_equal(km_store_open(NULL, &f->config, &store), KM_E_STALE);
    free(old.bytes);
    free(now.bytes);
}

/* A running process notices that the store went back, counter or not. */
static void a_running_writer_notices_a_rollback(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image old = image_of(f->data_path);
    struct km_store *store = fixture_open(f);
    fixture_put(store, "one", "", "changed");
    fixture_put(store, "one", "", "changed again");
    int fd = open(f->data_path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, old.bytes, old.len, 0), old.len);
    (void)close(fd);
    struct km_slice none = KM_SLICE(NULL, 0);
    km_status status = km_store_create(NULL, store, KM_SLICE_STR("new"), 0, none, none, NULL);
    assert_true(status == KM_E_STALE || status == KM_E_CORRUPT);
    km_store_close(store);
    free(old.bytes);
}

/* ---- what can be seen ---- */

static void nothing_readable_is_on_disk(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    static const char *const words[] = {"com.example.secret-name", "metadata in the clear",
                                        "data in the clear",       "0123456789abcdef",
                                        "com.example.new-name",    "overwritten data"};
    struct km_store_object *o = NULL;
    fixture_put(store, words[0], words[1], words[5]);
    fixture_put(store, words[0], words[1], words[2]);
    assert_int_equal(
        km_store_object_open(NULL, store, KM_SLICE_STR(words[0]), KM_STORE_WRITE_META, &o), KM_OK);
    assert_int_equal(km_store_object_rename(NULL, o, KM_SLICE_STR(words[4])), KM_OK);
    km_store_object_close(o);
    km_store_close(store);
    static const char *const files[] = {"data.mdb", "lock.mdb", "claims"};
    for (size_t i = 0; i < KM_ARRAY_LEN(files); i++) {
        char path[160] = {0};
        (void)snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        struct stat st = {0};
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        struct image image = image_of(path);
        for (size_t w = 0; w < KM_ARRAY_LEN(words); w++)
            if (image.len > 0)
                assert_null(image_find(&image, KM_SLICE(words[w], 10)));
        free(image.bytes);
    }
}

static void small_sizes_do_not_show(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    static const uint8_t bytes[512] = {0};
    static const size_t lens[] = {1, 32, 66, 200, 511, 512};
    char name[16] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(lens); i++) {
        (void)snprintf(name, sizeof name, "%.*s", (int)i + 1, "abcdefghij");
        assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR(name), 0,
                                         KM_SLICE(bytes, lens[i]), KM_SLICE(bytes, lens[i]), NULL),
                         KM_OK);
    }
    km_store_close(store);
    for (uint64_t id = 1; id <= KM_ARRAY_LEN(lens); id++) {
        const struct km_store_key record = {.kind = KM_KEY_RECORD, .id = id};
        const struct km_store_key chunk = {.kind = KM_KEY_PIECE, .id = id};
        const struct km_store_key meta = {.kind = KM_KEY_PIECE, .id = id, .level = KM_META_LEVEL};
        struct image value[] = {value_of(f, &record), value_of(f, &chunk), value_of(f, &meta)};
        assert_int_equal(value[0].len, KM_RECORD_LEN + KM_SEAL_OVERHEAD);
        assert_int_equal(value[1].len, 512 + KM_SEAL_OVERHEAD);
        assert_int_equal(value[2].len, 512 + KM_SEAL_OVERHEAD);
        for (size_t i = 0; i < KM_ARRAY_LEN(value); i++)
            free(value[i].bytes);
    }
}

/* ---- damage anywhere ---- */

enum verdict { UNTOUCHED, REFUSED, WRONG };

static bool reads_as(struct km_store *store, const char *name, struct km_slice data)
{
    static uint8_t buf[20001];
    struct km_store_object *o = NULL;
    size_t len = 0;
    bool same = km_store_object_open(NULL, store, KM_SLICE_STR(name), KM_STORE_READ, &o) == KM_OK &&
                km_slice_equal(km_store_object_meta(o), KM_SLICE_STR(name)) &&
                km_store_object_read(NULL, o, 0, KM_SPAN(buf, sizeof buf), &len) == KM_OK &&
                km_slice_equal(KM_SLICE(buf, len), data);
    km_store_object_close(o);
    return same;
}

static uint8_t long_data[3000];

static enum verdict judge(struct fixture *f)
{
    struct km_store *store = NULL;
    struct km_store_report report = {0};
    if (km_store_open(NULL, &f->config, &store) != KM_OK)
        return REFUSED;
    enum verdict verdict = REFUSED;
    if (km_store_verify(NULL, store, &report) == KM_OK)
        verdict = reads_as(store, "one", KM_SLICE_STR("first")) &&
                          reads_as(store, "two", KM_SLICE(long_data, sizeof long_data))
                      ? UNTOUCHED
                      : WRONG;
    km_store_close(store);
    return verdict;
}

/* In a child: damage from octet `first` on, one place at a time, each undone again. */
static void flip_some(struct fixture *f, const struct image *good, size_t first, size_t step,
                      int report)
{
    fixture_keys(f);
    int fd = open(f->data_path, O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < FLIPS_PER_CHILD && first + i * step < good->len; i++) {
        size_t at = first + i * step;
        uint8_t bad = (uint8_t)(good->bytes[at] ^ (1u << (at * 5 % 8)));
        uint8_t verdict = WRONG;
        if (pwrite(fd, &bad, 1, (off_t)at) == 1)
            verdict = (uint8_t)judge(f);
        if (pwrite(fd, good->bytes + at, 1, (off_t)at) != 1 || write(report, &verdict, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static void every_flipped_octet_is_harmless(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    for (size_t i = 0; i < sizeof long_data; i++)
        long_data[i] = (uint8_t)(i * 7);
    assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR("two"), 0, KM_SLICE_STR("two"),
                                     KM_SLICE(long_data, sizeof long_data), NULL),
                     KM_OK);
    fixture_put(store, "gone", "gone", "gone");
    fixture_put(store, "one", "one", "other");
    fixture_put(store, "one", "one", "first");
    km_store_close(store);
    struct image good = image_of(f->data_path);
    assert_int_equal(judge(f), UNTOUCHED);
    const size_t step = FLIP_STEP;
    size_t count[3] = {0};
    for (size_t first = 0; first < good.len; first += step * FLIPS_PER_CHILD) {
        int report[2] = {-1, -1};
        assert_int_equal(pipe2(report, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            flip_some(f, &good, first, step, report[1]);
        (void)close(report[1]);
        uint8_t verdict = 0;
        size_t n = 0;
        while (read(report[0], &verdict, 1) == 1) {
            if (verdict == WRONG)
                fail_msg("octet %zu changed what is read", first + n * step);
            count[verdict]++;
            n++;
        }
        int code = -1;
        assert_int_equal(waitpid(pid, &code, 0), pid);
        if (code != 0)
            fail_msg("octet %zu: the child ended with %#x", first + n * step, (unsigned)code);
        (void)close(report[0]);
    }
    print_message("%zu flips: %zu refused, %zu without effect\n", count[0] + count[1], count[1],
                  count[0]);
    assert_true(count[REFUSED] > 0 && count[UNTOUCHED] > 0);
    free(good.bytes);
}

/* Cut at every page and a few odd places. */
static void a_file_cut_short_is_refused(void **state)
{
    struct fixture *f = *state;
    two_objects(f);
    struct image good = image_of(f->data_path);
    f->config.may_create = false;
    for (size_t len = 0; len < good.len; len += 1024) {
        assert_int_equal(truncate(f->data_path, (off_t)len), 0);
        struct km_store_report report = {0};
        km_status status = open_and_verify(f, &report);
        if (len < 8192)
            assert_int_equal(status, KM_E_NOTFOUND);
        else
            assert_int_equal(status, KM_E_CORRUPT);
        image_put(&good, f->data_path);
    }
    free(good.bytes);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_old_object_put_back_is_noticed), CASE(an_old_chunk_put_back_is_noticed),
        CASE(swapped_parts_are_noticed),         CASE(an_old_header_put_back_is_noticed),
        CASE(a_deleted_object_is_noticed),       CASE(an_open_handle_notices_an_old_record),
        CASE(a_rolled_back_store_is_noticed),    CASE(a_running_writer_notices_a_rollback),
        CASE(nothing_readable_is_on_disk),       CASE(small_sizes_do_not_show),
        CASE(every_flipped_octet_is_harmless),   CASE(a_file_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
