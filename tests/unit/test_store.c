/* SPDX-License-Identifier: Apache-2.0 */
/* The store as its users see it: objects, data, names, cursors, sharing between processes. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "tests/unit/store_fixture.h"

#define R KM_STORE_READ
#define W KM_STORE_WRITE
#define M KM_STORE_WRITE_META
#define SR KM_STORE_SHARE_READ
#define SW KM_STORE_SHARE_WRITE
#define OVER KM_STORE_OVERWRITE

static void verify_good(struct km_store *store, uint64_t n_objects)
{
    struct km_err err = {0};
    struct km_store_report report = {0};
    km_status status = km_store_verify(&err, store, &report);
    if (status != KM_OK)
        fail_msg("verify: %s", err.text);
    assert_true(report.set_matches);
    assert_int_equal(report.n_damaged, 0);
    assert_int_equal(report.n_objects, n_objects);
}

static void objects_come_back(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    struct km_err err = {0};
    assert_int_equal(km_store_create(&err, store, KM_SLICE_STR("a name"), R | W | M,
                                     KM_SLICE_STR("meta"), KM_SLICE_STR("data"), &o),
                     KM_OK);
    assert_true(km_slice_equal(km_store_object_meta(o), KM_SLICE_STR("meta")));
    assert_true(km_slice_equal(km_store_object_name(o), KM_SLICE_STR("a name")));
    assert_int_equal(km_store_object_flags(o), R | W | M);
    km_store_object_close(o);
    km_store_close(store);
    store = fixture_open(f);
    assert_int_equal(km_store_object_open(&err, store, KM_SLICE_STR("a name"), R, &o), KM_OK);
    assert_true(km_slice_equal(km_store_object_meta(o), KM_SLICE_STR("meta")));
    uint8_t buf[16] = {0};
    size_t len = 0;
    uint64_t size = 0;
    assert_int_equal(km_store_object_size(&err, o, &size), KM_OK);
    assert_int_equal(size, 4);
    assert_int_equal(km_store_object_read(&err, o, 0, KM_SPAN(buf, sizeof buf), &len), KM_OK);
    assert_int_equal(len, 4);
    assert_memory_equal(buf, "data", 4);
    assert_int_equal(km_store_object_read(&err, o, 2, KM_SPAN(buf, 1), &len), KM_OK);
    assert_int_equal(len, 1);
    assert_int_equal(buf[0], 't');
    assert_int_equal(km_store_object_read(&err, o, 4, KM_SPAN(buf, sizeof buf), &len), KM_OK);
    assert_int_equal(len, 0);
    assert_int_equal(km_store_object_read(&err, o, UINT64_MAX, KM_SPAN(buf, 1), &len), KM_OK);
    assert_int_equal(len, 0);
    km_store_object_close(o);
    verify_good(store, 1);
    km_store_close(store);
    assert_int_equal(ERR_peek_error(), 0);
}

static void bad_arguments_are_told(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    uint8_t long_name[65] = {0};
    static uint8_t big[KM_STORE_META_MAX + 1];
    struct km_slice none = KM_SLICE(NULL, 0);
    struct km_slice name = KM_SLICE_STR("n");
    assert_int_equal(km_store_create(NULL, store, KM_SLICE(NULL, 1), R, none, none, NULL),
                     KM_E_ARG);
    assert_int_equal(km_store_create(NULL, store, KM_SLICE(long_name, 65), R, none, none, NULL),
                     KM_E_LIMIT);
    assert_int_equal(km_store_create(NULL, store, name, 0x8, none, none, NULL), KM_E_ARG);
    assert_int_equal(km_store_create(NULL, store, name, R, KM_SLICE(big, sizeof big), none, NULL),
                     KM_E_LIMIT);
    assert_int_equal(km_store_object_open(NULL, store, name, R | OVER, &o), KM_E_ARG);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE(long_name, 65), R, &o), KM_E_LIMIT);
    assert_int_equal(km_store_object_open(NULL, store, name, R, &o), KM_E_NOTFOUND);
    /* All 64 octets, zero ones among them, are a name; so is the same one shorter. */
    assert_int_equal(km_store_create(NULL, store, KM_SLICE(long_name, 64), R, none, none, NULL),
                     KM_OK);
    assert_int_equal(km_store_create(NULL, store, KM_SLICE(long_name, 63), R,
                                     KM_SLICE(big, KM_STORE_META_MAX), none, &o),
                     KM_OK);
    /* And none at all. */
    assert_int_equal(km_store_create(NULL, store, none, R, none, none, NULL), KM_OK);
    assert_int_equal(km_store_create(NULL, store, KM_SLICE(long_name, 0), R, none, none, NULL),
                     KM_E_EXISTS);
    assert_int_equal(km_store_object_meta(o).len, KM_STORE_META_MAX);
    assert_int_equal(km_store_object_write(NULL, o, 0, name), KM_E_DENIED);
    assert_int_equal(km_store_object_truncate(NULL, o, 0), KM_E_DENIED);
    assert_int_equal(km_store_object_rename(NULL, o, name), KM_E_DENIED);
    assert_int_equal(km_store_object_delete(NULL, o), KM_E_DENIED);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE(long_name, 63), W, &o), KM_OK);
    size_t len = 0;
    assert_int_equal(km_store_object_read(NULL, o, 0, KM_SPAN(big, 1), &len), KM_E_DENIED);
    assert_int_equal(km_store_object_write(NULL, o, KM_STORE_DATA_MAX, name), KM_E_LIMIT);
    assert_int_equal(km_store_object_write(NULL, o, UINT64_MAX, name), KM_E_LIMIT);
    assert_int_equal(km_store_object_truncate(NULL, o, KM_STORE_DATA_MAX + UINT64_C(1)),
                     KM_E_LIMIT);
    km_store_object_close(o);
    verify_good(store, 3);
    km_store_close(store);
}

static void opening_refuses_what_it_should(void **state)
{
    struct fixture *f = *state;
    struct km_store_config config = f->config;
    struct km_store *store = NULL;
    struct km_err err = {0};
    config.may_create = false;
    assert_int_equal(km_store_open(&err, &config, &store), KM_E_NOTFOUND);
    assert_int_equal(mkdir(config.dir, 0700), 0);
    km_err_clear(&err);
    assert_int_equal(km_store_open(&err, &config, &store), KM_E_NOTFOUND);
    km_store_close(fixture_open(f));
    config.key = f->other_key;
    km_err_clear(&err);
    assert_int_equal(km_store_open(&err, &config, &store), KM_E_CORRUPT);
    assert_non_null(strstr(err.text, "another root"));
    config.key = f->config.key;
    config.owner.octet[3] ^= 1;
    assert_int_equal(km_store_open(NULL, &config, &store), KM_E_CORRUPT);
    config.owner = f->config.owner;
    struct km_secret *short_key = km_secret_new(16);
    config.key = short_key;
    assert_int_equal(km_store_open(NULL, &config, &store), KM_E_ARG);
    km_secret_free(short_key);
    config.key = f->config.key;
    assert_int_equal(km_store_open(NULL, &config, &store), KM_OK);
    km_store_close(store);
    assert_int_equal(km_store_open(NULL, NULL, &store), KM_E_ARG);
    config.dir = "/proc/keymoor-no-such-place";
    config.may_create = true;
    km_err_clear(&err);
    assert_int_not_equal(km_store_open(&err, &config, &store), KM_OK);
    assert_non_null(strstr(err.text, "folder"));
    km_store_close(NULL);
    km_store_object_close(NULL);
    km_store_cursor_close(NULL);
}

/* ---- data against a model in memory ---- */

#define MODEL_MAX (3u * 1024 * 1024)

struct model {
    uint8_t *bytes;
    size_t len;
};

static uint64_t seed = 1;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void compare_all(struct km_store_object *o, const struct model *model)
{
    static uint8_t window[100000];
    uint64_t size = 0;
    assert_int_equal(km_store_object_size(NULL, o, &size), KM_OK);
    assert_int_equal(size, model->len);
    for (size_t at = 0; at < model->len; at += sizeof window) {
        size_t want = model->len - at < sizeof window ? model->len - at : sizeof window;
        size_t len = 0;
        assert_int_equal(km_store_object_read(NULL, o, at, KM_SPAN(window, sizeof window), &len),
                         KM_OK);
        assert_int_equal(len, want);
        assert_memory_equal(window, model->bytes + at, want);
    }
}

static void random_write(struct km_store_object *o, struct model *model)
{
    static uint8_t bytes[200000];
    static const size_t lens[] = {1, 100, 16327, 16328, 16329, 40000, 200000};
    size_t len = lens[next_random() % KM_ARRAY_LEN(lens)];
    size_t at = next_random() % (MODEL_MAX - len);
    if (next_random() % 3 == 0)
        at = at / 16328 * 16328;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next_random();
    assert_int_equal(km_store_object_write(NULL, o, at, KM_SLICE(bytes, len)), KM_OK);
    km_copy(model->bytes + at, MODEL_MAX - at, bytes, len);
    if (at + len > model->len)
        model->len = at + len;
}

static void random_truncate(struct km_store_object *o, struct model *model)
{
    size_t len = next_random() % MODEL_MAX;
    if (next_random() % 4 == 0)
        len = 0;
    if (next_random() % 3 == 0)
        len = len / 16328 * 16328;
    assert_int_equal(km_store_object_truncate(NULL, o, len), KM_OK);
    if (len < model->len)
        memset(model->bytes + len, 0, model->len - len);
    model->len = len;
}

static void data_behave_like_a_file(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    struct model model = {.bytes = calloc(1, MODEL_MAX)};
    assert_non_null(model.bytes);
    assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR("file"), R | W, KM_SLICE(NULL, 0),
                                     KM_SLICE(NULL, 0), &o),
                     KM_OK);
    for (int i = 0; i < 150; i++) {
        if (next_random() % 4 == 0)
            random_truncate(o, &model);
        else
            random_write(o, &model);
        if (i % 10 == 9)
            compare_all(o, &model);
        if (i % 30 == 29)
            verify_good(store, 1);
    }
    assert_int_equal(km_store_object_truncate(NULL, o, 0), KM_OK);
    model.len = 0;
    compare_all(o, &model);
    km_store_object_close(o);
    verify_good(store, 1);
    km_store_close(store);
    free(model.bytes);
}

/* A hole to the very end costs nothing, and the tree has its full height there. */
static void holes_are_free(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR("sparse"), R | W, KM_SLICE(NULL, 0),
                                     KM_SLICE_STR("head"), &o),
                     KM_OK);
    uint64_t last = KM_STORE_DATA_MAX - 4;
    assert_int_equal(km_store_object_write(NULL, o, last, KM_SLICE_STR("tail")), KM_OK);
    uint8_t buf[70000] = {1};
    size_t len = 0;
    assert_int_equal(km_store_object_read(NULL, o, last - 4, KM_SPAN(buf, sizeof buf), &len),
                     KM_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(buf, "\0\0\0\0tail", 8);
    assert_int_equal(km_store_object_read(NULL, o, 0, KM_SPAN(buf, sizeof buf), &len), KM_OK);
    assert_memory_equal(buf, "head", 4);
    for (size_t i = 4; i < len; i++)
        assert_int_equal(buf[i], 0);
    assert_int_equal(km_store_object_read(NULL, o, UINT64_C(1) << 31, KM_SPAN(buf, 100), &len),
                     KM_OK);
    assert_int_equal(buf[50], 0);
    verify_good(store, 1);
    assert_int_equal(km_store_object_truncate(NULL, o, 2), KM_OK);
    assert_int_equal(km_store_object_truncate(NULL, o, 6), KM_OK);
    assert_int_equal(km_store_object_read(NULL, o, 0, KM_SPAN(buf, 100), &len), KM_OK);
    assert_int_equal(len, 6);
    assert_memory_equal(buf, "he\0\0\0\0", 6);
    km_store_object_close(o);
    verify_good(store, 1);
    km_store_close(store);
    struct stat st = {0};
    assert_int_equal(stat(f->data_path, &st), 0);
    assert_true(st.st_size < 512 * 1024);
}

static void overwriting_renaming_deleting(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    struct km_slice none = KM_SLICE(NULL, 0);
    fixture_put(store, "one", "meta one", "data one");
    fixture_put(store, "two", "meta two", "data two");
    assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR("one"), R, none, none, NULL),
                     KM_E_EXISTS);
    fixture_expect(store, "one", "meta one", "data one");
    fixture_put(store, "one", "", "");
    fixture_expect(store, "one", "", "");
    fixture_put(store, "one", "new", "newer");
    verify_good(store, 2);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("one"), M, &o), KM_OK);
    assert_int_equal(km_store_object_rename(NULL, o, KM_SLICE_STR("two")), KM_E_EXISTS);
    assert_int_equal(km_store_object_rename(NULL, o, KM_SLICE_STR("one")), KM_E_EXISTS);
    assert_int_equal(km_store_object_rename(NULL, o, KM_SLICE(NULL, 3)), KM_E_ARG);
    assert_int_equal(km_store_object_rename(NULL, o, none), KM_OK);
    assert_int_equal(km_store_object_name(o).len, 0);
    assert_int_equal(km_store_object_rename(NULL, o, KM_SLICE_STR("three")), KM_OK);
    assert_true(km_slice_equal(km_store_object_name(o), KM_SLICE_STR("three")));
    /* The claim moved along: the old name is free, the new one is held. */
    struct km_store_object *other = NULL;
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("one"), R, &other),
                     KM_E_NOTFOUND);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("three"), R, &other),
                     KM_E_BUSY);
    fixture_put(store, "one", "again", "");
    assert_int_equal(km_store_object_set_meta(NULL, o, KM_SLICE_STR("changed")), KM_OK);
    assert_true(km_slice_equal(km_store_object_meta(o), KM_SLICE_STR("changed")));
    km_store_object_close(o);
    fixture_expect(store, "three", "changed", "newer");
    verify_good(store, 3);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("three"), M, &o), KM_OK);
    assert_int_equal(km_store_object_set_meta(NULL, o, none), KM_OK);
    assert_int_equal(km_store_object_meta(o).len, 0);
    verify_good(store, 3);
    assert_int_equal(km_store_object_delete(NULL, o), KM_OK);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("three"), R, &o),
                     KM_E_NOTFOUND);
    verify_good(store, 2);
    km_store_close(store);
}

/* The next object that a cursor reads; false at the end. */
static bool reads(struct km_store_cursor *c, const char *firsts, const char *name, const char *data)
{
    uint8_t out[4] = {0};
    struct km_slice got = {0};
    uint64_t size = 0;
    km_status status =
        km_store_cursor_read(NULL, c, KM_SLICE_STR(firsts), KM_SPAN(out, sizeof out), &got, &size);
    if (status == KM_E_NOTFOUND)
        return false;
    assert_int_equal(status, KM_OK);
    assert_true(km_slice_equal(got, KM_SLICE_STR(name)));
    assert_int_equal(size, strlen(data));
    assert_memory_equal(out, data, size < sizeof out ? size : sizeof out);
    return true;
}

static void cursors_read_data(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *held = NULL;
    struct km_store_cursor *c = NULL;
    fixture_put(store, "a1", "meta", "one");
    fixture_put(store, "b1", "", "");
    fixture_put(store, "a2", "meta", "longer than there is room");
    fixture_put(store, "c1", "meta", "two");
    /* Who has an object alone is not asked. */
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("a1"),
                                          KM_STORE_READ | KM_STORE_WRITE_META, &held),
                     KM_OK);
    assert_int_equal(km_store_cursor_open(NULL, store, &c), KM_OK);
    fixture_put(store, "a3", "", "made since");
    assert_true(reads(c, "a", "a1", "one"));
    km_store_cursor_back(c);
    assert_true(reads(c, "a", "a1", "one"));
    assert_true(reads(c, "ba", "b1", ""));
    assert_true(reads(c, "ac", "a2", "longer than there is room"));
    km_store_object_close(held);
    assert_true(reads(c, "c", "c1", "two"));
    assert_false(reads(c, "abc", "", ""));
    assert_false(reads(c, "abc", "", ""));
    km_store_cursor_close(c);
    km_store_close(store);
}

struct state_of_store {
    uint64_t count;
    uint8_t name[KM_STORE_STATE_LEN];
};

static struct state_of_store state_now(struct km_store *store)
{
    struct state_of_store now = {0};
    assert_int_equal(km_store_state(NULL, store, &now.count, now.name), KM_OK);
    return now;
}

static void assert_moved(const struct state_of_store *before, const struct state_of_store *after,
                         uint64_t by)
{
    assert_int_equal(after->count, before->count + by);
    assert_int_equal(memcmp(after->name, before->name, sizeof after->name) == 0, by == 0);
}

static void the_state_tells_of_each_commit(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct state_of_store before = state_now(store);
    fixture_put(store, "a", "meta", "one");
    struct state_of_store after = state_now(store);
    assert_moved(&before, &after, 1);
    before = after;
    /* Looking changes nothing, nor does what fails. */
    fixture_expect(store, "a", "meta", "one");
    assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR("a"), KM_STORE_READ,
                                     KM_SLICE(NULL, 0), KM_SLICE(NULL, 0), NULL),
                     KM_E_EXISTS);
    after = state_now(store);
    assert_moved(&before, &after, 0);
    km_store_close(store);
    store = fixture_open(f);
    after = state_now(store);
    assert_moved(&before, &after, 0); /* it is the store's, not the process's */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_keys(f);
        fixture_put(fixture_open(f), "b", "", "two");
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    after = state_now(store);
    assert_moved(&before, &after, 1);
    km_store_close(store);
}

static void cursors_see_each_object_once(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_cursor *c = NULL;
    char name[16] = {0};
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof name, "object %d", i);
        fixture_put(store, name, name, "xyz");
    }
    assert_int_equal(km_store_cursor_open(NULL, store, &c), KM_OK);
    int n = 0;
    struct km_slice got = {0};
    struct km_slice meta = {0};
    uint64_t size = 0;
    km_status status = KM_OK;
    while ((status = km_store_cursor_next(NULL, c, &got, &meta, &size)) == KM_OK) {
        assert_int_equal(size, 3);
        assert_true(km_slice_equal(got, meta));
        struct km_store_object *o = NULL;
        /* Each is renamed under the cursor's feet, and a new one is made. */
        assert_int_equal(km_store_object_open(NULL, store, got, M, &o), KM_OK);
        (void)snprintf(name, sizeof name, "renamed %d", n);
        assert_int_equal(km_store_object_rename(NULL, o, KM_SLICE_STR(name)), KM_OK);
        if (n % 2 == 0)
            assert_int_equal(km_store_object_delete(NULL, o), KM_OK);
        else
            km_store_object_close(o);
        (void)snprintf(name, sizeof name, "later %d", n);
        fixture_put(store, name, name, "xyz");
        n++;
    }
    assert_int_equal(status, KM_E_NOTFOUND);
    assert_int_equal(n, 50);
    assert_int_equal(km_store_cursor_next(NULL, c, &got, &meta, &size), KM_E_NOTFOUND);
    km_store_cursor_close(c);
    verify_good(store, 75);
    km_store_close(store);
}

/* ---- sharing: the specification's table, within one process and between two ---- */

static const struct {
    uint32_t first;
    uint32_t second;
    km_status expected;
} sharing[] = {
    {R, R, KM_E_BUSY},
    {R | SR, R, KM_E_BUSY},
    {R | SR, R | SR, KM_OK},
    {R | SR, R | W | SR, KM_E_BUSY},
    {R | SR | SW, R | W | SR | SW, KM_OK},
    {R | SR, M, KM_E_BUSY},
    {M, R | SR, KM_E_BUSY},
    {M, 0, KM_E_BUSY},
    {0, M, KM_E_BUSY},
    {M | SR | SW, M | SR | SW, KM_E_BUSY},
    {SR, W | SW, KM_E_BUSY},
    {SR, R | SR, KM_OK},
    {0, R | SR, KM_E_BUSY},
    {0, SR, KM_OK},
    {0, 0, KM_OK},
    {W | SW, W | SW, KM_OK},
    {W, W, KM_E_BUSY},
    {W | SW, R | SW, KM_E_BUSY},
    {W | SW | SR, R | SW | SR, KM_OK},
    {W | SW | SR, R | SR, KM_E_BUSY},
};

static void try_pair(struct km_store *one, struct km_store *two, size_t i, bool order)
{
    struct km_store_object *a = NULL;
    struct km_store_object *b = NULL;
    uint32_t first = order ? sharing[i].first : sharing[i].second;
    uint32_t second = order ? sharing[i].second : sharing[i].first;
    assert_int_equal(km_store_object_open(NULL, one, KM_SLICE_STR("shared"), first, &a), KM_OK);
    km_status got = km_store_object_open(NULL, two, KM_SLICE_STR("shared"), second, &b);
    if (got != sharing[i].expected)
        fail_msg("flags %x then %x: %s", first, second, km_status_name(got));
    km_store_object_close(b);
    km_store_object_close(a);
}

static void sharing_within_a_process(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    fixture_put(store, "shared", "m", "d");
    for (size_t i = 0; i < KM_ARRAY_LEN(sharing); i++) {
        try_pair(store, store, i, true);
        try_pair(store, store, i, false);
    }
    km_store_close(store);
}

/* The second process opens and answers on a pipe; 'q' ends it. */
static int opener(struct fixture *f, int in, int out)
{
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    uint32_t flags = 0;
    while (read(in, &flags, sizeof flags) == sizeof flags && flags != UINT32_MAX) {
        int32_t got = (int32_t)km_store_object_open(NULL, store, KM_SLICE_STR("shared"), flags, &o);
        km_store_object_close(o);
        o = NULL;
        if (write(out, &got, sizeof got) != sizeof got)
            return 1;
    }
    km_store_close(store);
    return 0;
}

static void sharing_between_processes(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    fixture_put(store, "shared", "m", "d");
    km_store_close(store);
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(opener(f, to[0], from[1]));
    store = fixture_open(f);
    for (size_t i = 0; i < 2 * KM_ARRAY_LEN(sharing); i++) {
        size_t row = i / 2;
        uint32_t first = i % 2 == 0 ? sharing[row].first : sharing[row].second;
        uint32_t second = i % 2 == 0 ? sharing[row].second : sharing[row].first;
        struct km_store_object *a = NULL;
        int32_t got = -1;
        assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("shared"), first, &a),
                         KM_OK);
        assert_int_equal(write(to[1], &second, sizeof second), sizeof second);
        assert_int_equal(read(from[0], &got, sizeof got), sizeof got);
        if (got != (int32_t)sharing[row].expected)
            fail_msg("flags %x then %x elsewhere: %s", first, second,
                     km_status_name((km_status)got));
        km_store_object_close(a);
    }
    uint32_t quit = UINT32_MAX;
    int code = -1;
    assert_int_equal(write(to[1], &quit, sizeof quit), sizeof quit);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_int_equal(code, 0);
    km_store_close(store);
    for (int i = 0; i < 2; i++) {
        (void)close(to[i]);
        (void)close(from[i]);
    }
}

static int holder(struct fixture *f, int out)
{
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    if (km_store_object_open(NULL, store, KM_SLICE_STR("shared"), M, &o) != KM_OK)
        return 1;
    if (write(out, "x", 1) != 1)
        return 1;
    (void)pause();
    return 0;
}

static void a_killed_holder_holds_nothing(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    fixture_put(store, "shared", "m", "d");
    km_store_close(store);
    int ready[2] = {-1, -1};
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(holder(f, ready[1]));
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    store = fixture_open(f);
    struct km_store_object *o = NULL;
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("shared"), R | SR, &o),
                     KM_E_BUSY);
    assert_int_equal(km_store_create(NULL, store, KM_SLICE_STR("shared"), OVER, KM_SLICE(NULL, 0),
                                     KM_SLICE(NULL, 0), NULL),
                     KM_E_BUSY);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("shared"), M, &o), KM_OK);
    km_store_object_close(o);
    km_store_close(store);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void overwriting_an_open_object_is_refused(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    struct km_store_object *fresh = NULL;
    struct km_slice none = KM_SLICE(NULL, 0);
    struct km_slice name = KM_SLICE_STR("shared");
    fixture_put(store, "shared", "m", "d");
    assert_int_equal(km_store_object_open(NULL, store, name, SR | SW, &o), KM_OK);
    assert_int_equal(km_store_create(NULL, store, name, OVER | SR | SW, none, none, NULL),
                     KM_E_BUSY);
    km_store_object_close(o);
    /* After creation the object is shared as its flags say, here and elsewhere. */
    assert_int_equal(km_store_create(NULL, store, name, OVER | R | SR, none, none, &fresh), KM_OK);
    assert_int_equal(km_store_object_open(NULL, store, name, R | SR, &o), KM_OK);
    km_store_object_close(o);
    assert_int_equal(km_store_object_open(NULL, store, name, W | SR, &o), KM_E_BUSY);
    km_store_object_close(fresh);
    km_store_close(store);
}

/* Eight processes write one object's halves and their own objects; all of it arrives. */
static int writer(struct fixture *f, int number)
{
    struct km_store *store = fixture_open(f);
    struct km_store_object *o = NULL;
    char name[16] = {0};
    (void)snprintf(name, sizeof name, "of %d", number);
    if (km_store_object_open(NULL, store, KM_SLICE_STR("shared"), W | SW, &o) != KM_OK)
        return 1;
    for (int i = 0; i < 20; i++) {
        uint8_t byte = (uint8_t)number;
        uint64_t at = (uint64_t)i * 8 + (uint64_t)number;
        if (km_store_object_write(NULL, o, at * 1000, KM_SLICE(&byte, 1)) != KM_OK)
            return 2;
        if (km_store_create(NULL, store, KM_SLICE_STR(name), OVER, KM_SLICE_STR(name),
                            KM_SLICE(&byte, 1), NULL) != KM_OK)
            return 3;
    }
    km_store_object_close(o);
    km_store_close(store);
    return 0;
}

static void many_processes_write(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    fixture_put(store, "shared", "m", "");
    km_store_close(store);
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(writer(f, i));
    }
    for (int i = 0; i < 8; i++) {
        int code = -1;
        assert_true(wait(&code) > 0);
        assert_int_equal(code, 0);
    }
    store = fixture_open(f);
    verify_good(store, 9);
    struct km_store_object *o = NULL;
    assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR("shared"), R, &o), KM_OK);
    for (unsigned i = 0; i < 160; i++) {
        uint8_t byte = 0xff;
        size_t len = 0;
        assert_int_equal(km_store_object_read(NULL, o, i * 1000, KM_SPAN(&byte, 1), &len), KM_OK);
        assert_int_equal(byte, i % 8);
    }
    km_store_object_close(o);
    km_store_close(store);
}

/* Several that start on an empty folder make one store between them. */
static void many_processes_make_it(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct km_store *store = NULL;
            char name[16] = {0};
            (void)snprintf(name, sizeof name, "of %d", i);
            fixture_keys(f);
            if (km_store_open(NULL, &f->config, &store) != KM_OK)
                _exit(1);
            _exit(km_store_create(NULL, store, KM_SLICE_STR(name), 0, KM_SLICE(NULL, 0),
                                  KM_SLICE(NULL, 0), NULL) == KM_OK
                      ? 0
                      : 2);
        }
    }
    for (int i = 0; i < 6; i++) {
        int code = -1;
        assert_true(wait(&code) > 0);
        assert_int_equal(code, 0);
    }
    struct km_store *store = fixture_open(f);
    verify_good(store, 6);
    km_store_close(store);
}

/* Ten thousand objects: none is lost, and finding one does not mean going over all. */
static void many_objects(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    char name[32] = {0};
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "com.example.key.%d", i);
        fixture_put(store, name, name, "");
    }
    verify_good(store, 1000);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "com.example.key.%d", i);
        fixture_expect(store, name, name, "");
    }
    km_store_close(store);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(objects_come_back),
        CASE(bad_arguments_are_told),
        CASE(opening_refuses_what_it_should),
        CASE(data_behave_like_a_file),
        CASE(holes_are_free),
        CASE(overwriting_renaming_deleting),
        CASE(cursors_see_each_object_once),
        CASE(cursors_read_data),
        CASE(the_state_tells_of_each_commit),
        CASE(sharing_within_a_process),
        CASE(sharing_between_processes),
        CASE(a_killed_holder_holds_nothing),
        CASE(overwriting_an_open_object_is_refused),
        CASE(many_processes_write),
        CASE(many_processes_make_it),
        CASE(many_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
