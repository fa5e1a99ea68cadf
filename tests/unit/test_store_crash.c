/* SPDX-License-Identifier: Apache-2.0 */
/* Writers killed at any instant, and full disks: what was acknowledged is there, whole. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

#define N_SLOTS 6u
#define N_KILLS 500
#define DATA_MAX 60000u

/* What one slot of the store must hold. */
struct slot {
    bool present;
    bool renamed;
    uint32_t meta; /* number of the operation that wrote the metadata */
    uint32_t data; /* the same for the data */
    uint32_t len;
};

struct state {
    uint32_t n_done;
    struct slot slot[N_SLOTS];
};

enum operation { CREATE, WRITE, TRUNCATE, RENAME, DELETE };

static uint32_t mix(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x45d9f3bu;
    x = (x ^ (x >> 16)) * 0x45d9f3bu;
    return x ^ (x >> 16);
}

static void pattern(uint32_t number, uint8_t *ret, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ret[i] = (uint8_t)(mix(number + (uint32_t)(i / 64)) | 1u);
}

static void name_of(const struct slot *slot, size_t number, char ret[24])
{
    (void)snprintf(ret, 24, "slot %zu%s", number, slot->renamed ? " moved" : "");
}

/* The next operation follows from its number and the state, so parent and child agree on it. */
static enum operation choose(const struct state *s, size_t *ret_slot)
{
    uint32_t r = mix(s->n_done * 7 + 3);
    *ret_slot = r % N_SLOTS;
    if (!s->slot[*ret_slot].present)
        return CREATE;
    static const enum operation any[] = {CREATE, WRITE, WRITE, TRUNCATE, RENAME, DELETE};
    return any[(r >> 8) % KM_ARRAY_LEN(any)];
}

static struct state after(const struct state *s)
{
    struct state next = *s;
    size_t at = 0;
    uint32_t number = s->n_done + 1;
    enum operation op = choose(s, &at);
    struct slot *slot = &next.slot[at];
    next.n_done = number;
    if (op == CREATE)
        *slot = (struct slot){.present = true,
                              .renamed = slot->present && slot->renamed,
                              .meta = number,
                              .data = number,
                              .len = mix(number) % DATA_MAX};
    else if (op == WRITE)
        slot->data = number;
    else if (op == TRUNCATE)
        slot->len /= 2;
    else if (op == RENAME)
        slot->renamed = !slot->renamed;
    else
        *slot = (struct slot){0};
    return next;
}

static km_status perform(struct km_store *store, const struct state *s)
{
    static uint8_t data[DATA_MAX];
    size_t at = 0;
    enum operation op = choose(s, &at);
    struct state next = after(s);
    const struct slot *old = &s->slot[at];
    const struct slot *new = &next.slot[at];
    char name[24] = {0};
    char new_name[24] = {0};
    name_of(old, at, name);
    name_of(new, at, new_name);
    if (op == CREATE) {
        pattern(new->data, data, new->len);
        return km_store_create(NULL, store, KM_SLICE_STR(new_name), KM_STORE_OVERWRITE,
                               KM_SLICE(&new->meta, sizeof new->meta), KM_SLICE(data, new->len),
                               NULL);
    }
    struct km_store_object *o = NULL;
    KM_TRY(km_store_object_open(NULL, store, KM_SLICE_STR(name),
                                KM_STORE_WRITE | KM_STORE_WRITE_META, &o));
    km_status status = KM_OK;
    pattern(new->data, data, new->len);
    if (op == DELETE)
        return km_store_object_delete(NULL, o);
    if (op == WRITE)
        status = km_store_object_write(NULL, o, 0, KM_SLICE(data, new->len));
    else if (op == TRUNCATE)
        status = km_store_object_truncate(NULL, o, new->len);
    else
        status = km_store_object_rename(NULL, o, KM_SLICE_STR(new_name));
    km_store_object_close(o);
    return status;
}

static bool is_absent(struct km_store *store, const struct slot *slot, size_t number)
{
    char name[24] = {0};
    struct km_store_object *o = NULL;
    name_of(slot, number, name);
    km_status status = km_store_object_open(NULL, store, KM_SLICE_STR(name), 0, &o);
    km_store_object_close(o);
    return status == KM_E_NOTFOUND;
}

static bool slot_fits(struct km_store *store, const struct slot *slot, size_t number)
{
    static uint8_t got[DATA_MAX];
    static uint8_t wanted[DATA_MAX];
    char name[24] = {0};
    struct km_store_object *o = NULL;
    name_of(slot, number, name);
    km_status status = km_store_object_open(NULL, store, KM_SLICE_STR(name), KM_STORE_READ, &o);
    const struct slot other = {.renamed = !slot->renamed};
    if (!is_absent(store, &other, number) || !slot->present || status != KM_OK) {
        km_store_object_close(o);
        return !slot->present && status == KM_E_NOTFOUND && is_absent(store, &other, number);
    }
    size_t len = 0;
    pattern(slot->data, wanted, slot->len);
    bool fits = km_slice_equal(km_store_object_meta(o), KM_SLICE(&slot->meta, sizeof slot->meta)) &&
                km_store_object_read(NULL, o, 0, KM_SPAN(got, sizeof got), &len) == KM_OK &&
                km_slice_equal(KM_SLICE(got, len), KM_SLICE(wanted, slot->len));
    km_store_object_close(o);
    return fits;
}

static bool state_fits(struct km_store *store, const struct state *s)
{
    for (size_t i = 0; i < N_SLOTS; i++)
        if (!slot_fits(store, &s->slot[i], i))
            return false;
    return true;
}

/* The model alone, without kills: a test of the test. */
static void operations_do_what_the_model_says(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct state now = {0};
    for (int i = 0; i < 300; i++) {
        size_t at = 0;
        enum operation op = choose(&now, &at);
        km_status status = perform(store, &now);
        now = after(&now);
        if (status != KM_OK || !state_fits(store, &now))
            fail_msg("operation %u (%d on slot %zu): %s", now.n_done, op, at,
                     km_status_name(status));
    }
    km_store_close(store);
}

static void verify_good(struct km_store *store)
{
    struct km_err err = {0};
    struct km_store_report report = {0};
    if (km_store_verify(&err, store, &report) != KM_OK)
        fail_msg("verify: %s", err.text);
}

static void write_until_killed(struct fixture *f, struct state s, int acks)
{
    struct km_store *store = fixture_open(f);
    for (;;) {
        if (perform(store, &s) != KM_OK || write(acks, "x", 1) != 1)
            _exit(1);
        s = after(&s);
    }
}

/* Waits for some operations, then for a moment that may fall anywhere in the next ones. */
static uint32_t kill_one(struct fixture *f, const struct state *s, uint32_t r)
{
    int acks[2] = {-1, -1};
    assert_int_equal(pipe2(acks, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(acks[0]);
        write_until_killed(f, *s, acks[1]);
    }
    (void)close(acks[1]);
    uint32_t n = 0;
    uint8_t buf[4096] = {0};
    for (uint32_t wanted = r % 5; n < wanted; n++)
        assert_int_equal(read(acks[0], buf, 1), 1);
    const struct timespec pause_for = {.tv_nsec = (long)(r / 5 % 2000) * 1000};
    (void)nanosleep(&pause_for, NULL);
    int code = 0;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(WIFSIGNALED(code));
    ssize_t got = 0;
    while ((got = read(acks[0], buf, sizeof buf)) > 0)
        n += (uint32_t)got;
    (void)close(acks[0]);
    return n;
}

static void killed_writers_lose_nothing(void **state)
{
    struct fixture *f = *state;
    struct state now = {0};
    for (uint32_t i = 0; i < N_KILLS; i++) {
        uint32_t n_acked = kill_one(f, &now, mix(i + 99));
        for (uint32_t k = 0; k < n_acked; k++)
            now = after(&now);
        struct km_store *store = fixture_open(f);
        verify_good(store);
        struct state next = after(&now);
        /* The one operation that was not acknowledged happened wholly or not at all. */
        if (state_fits(store, &next))
            now = next;
        else if (!state_fits(store, &now))
            fail_msg("kill %u, after %u operations: neither the old nor the new state", i,
                     now.n_done);
        km_store_close(store);
    }
    assert_true(now.n_done > N_KILLS);
}

/* One process keeps the store open while others die in it: locks and reader slots come back. */
static void a_survivor_goes_on(void **state)
{
    struct fixture *f = *state;
    struct km_store *store = fixture_open(f);
    struct state now = {0};
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t n_acked = kill_one(f, &now, mix(i + 7));
        for (uint32_t k = 0; k < n_acked; k++)
            now = after(&now);
        struct state next = after(&now);
        /* A writer that died between commit and telling so is only seen once the next one has cleaned up. */
        fixture_put(store, "touch", "", "");
        if (state_fits(store, &next))
            now = next;
        assert_true(state_fits(store, &now));
        assert_int_equal(perform(store, &now), KM_OK);
        now = after(&now);
        assert_true(state_fits(store, &now));
    }
    verify_good(store);
    km_store_close(store);
}

/* ---- full ---- */

static uint32_t fill(struct km_store *store, km_status *ret_last)
{
    static uint8_t data[9000];
    char name[24] = {0};
    uint32_t n = 0;
    struct km_err err = {0};
    do {
        (void)snprintf(name, sizeof name, "filler %u", n);
        pattern(n, data, sizeof data);
        *ret_last = km_store_create(&err, store, KM_SLICE_STR(name), 0, KM_SLICE_STR(name),
                                    KM_SLICE(data, sizeof data), NULL);
    } while (*ret_last == KM_OK && ++n < 100000);
    return n;
}

static void check_filled(struct km_store *store, uint32_t first, uint32_t n)
{
    static uint8_t wanted[9000];
    static uint8_t got[9001];
    char name[24] = {0};
    for (uint32_t i = first; i < n; i++) {
        struct km_store_object *o = NULL;
        size_t len = 0;
        (void)snprintf(name, sizeof name, "filler %u", i);
        assert_int_equal(km_store_object_open(NULL, store, KM_SLICE_STR(name), KM_STORE_READ, &o),
                         KM_OK);
        pattern(i, wanted, sizeof wanted);
        assert_int_equal(km_store_object_read(NULL, o, 0, KM_SPAN(got, sizeof got), &len), KM_OK);
        assert_int_equal(len, sizeof wanted);
        assert_memory_equal(got, wanted, len);
        km_store_object_close(o);
    }
    verify_good(store);
}

static void delete_filler(struct km_store *store, uint32_t i)
{
    char name[24] = {0};
    struct km_err err = {0};
    struct km_store_object *o = NULL;
    (void)snprintf(name, sizeof name, "filler %u", i);
    assert_int_equal(km_store_object_open(&err, store, KM_SLICE_STR(name), KM_STORE_WRITE_META, &o),
                     KM_OK);
    if (km_store_object_delete(&err, o) != KM_OK)
        fail_msg("deleting on a full disk: %s", err.text);
}

static struct km_store_object *open_to_write(struct km_store *store, const char *name)
{
    struct km_store_object *o = NULL;
    assert_int_equal(
        km_store_object_open(NULL, store, KM_SLICE_STR(name), KM_STORE_READ | KM_STORE_WRITE, &o),
        KM_OK);
    return o;
}

/* Objects of which each becomes larger by a write inside its data: a hole, and a chunk that was stored short. */
static const char *const growing[] = {"a hole", "a short chunk"};

static void make_growing(struct km_store *store)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(growing); i++) {
        fixture_put(store, growing[i], "", i == 0 ? "" : "short");
        struct km_store_object *o = open_to_write(store, growing[i]);
        assert_int_equal(km_store_object_truncate(NULL, o, 16000), KM_OK);
        km_store_object_close(o);
    }
}

/* Counts go on in a full store; what takes room does not. */
static void counts_go_on(struct km_store *store)
{
    static const uint8_t zeros[16000];
    for (size_t i = 0; i < KM_ARRAY_LEN(growing); i++) {
        struct km_store_object *o = open_to_write(store, growing[i]);
        uint8_t got[6] = {0};
        size_t len = 0;
        assert_int_equal(km_store_object_write(NULL, o, 0, KM_SLICE(zeros, sizeof zeros)),
                         KM_E_NOSPACE);
        assert_int_equal(km_store_object_read(NULL, o, 0, KM_SPAN(got, sizeof got), &len), KM_OK);
        assert_memory_equal(got, i == 0 ? "\0\0\0\0\0\0" : "short\0", 6);
        km_store_object_close(o);
    }
    struct km_store_object *o = open_to_write(store, "counter");
    for (uint64_t count = 0; count < 300; count++) {
        struct km_err err = {0};
        uint64_t got = 0;
        size_t len = 0;
        if (km_store_object_write(&err, o, 4, KM_SLICE((const uint8_t *)&count, 8)) != KM_OK)
            fail_msg("count %u on a full disk: %s", (unsigned)count, err.text);
        assert_int_equal(
            km_store_object_read(NULL, o, 4, KM_SPAN((uint8_t *)&got, sizeof got), &len), KM_OK);
        assert_true(len == 8 && got == count);
    }
    assert_int_equal(km_store_object_write(NULL, o, 8, KM_SLICE(zeros, 16000)), KM_E_NOSPACE);
    km_store_object_close(o);
}

static void full_store_stays_usable(struct fixture *f)
{
    struct km_store *store = fixture_open(f);
    km_status last = KM_OK;
    fixture_put(store, "counter", "", "a count of so many octets");
    make_growing(store);
    uint32_t n = fill(store, &last);
    assert_int_equal(last, KM_E_NOSPACE);
    assert_true(n > 8);
    check_filled(store, 0, n);
    km_store_close(store);
    store = fixture_open(f);
    counts_go_on(store);
    for (uint32_t i = 0; i < n / 2; i++)
        delete_filler(store, i);
    check_filled(store, n / 2, n);
    fixture_put(store, "fits again", "meta", "data");
    fixture_expect(store, "fits again", "meta", "data");
    check_filled(store, n / 2, n);
    km_store_close(store);
}

static void a_full_map_is_told(void **state)
{
    struct fixture *f = *state;
    f->config.map_size = 1 << 20;
    full_store_stays_usable(f);
}

static void a_full_disk_is_told(void **state)
{
    struct fixture *f = *state;
    char disk[80] = {0};
    (void)snprintf(disk, sizeof disk, "%s/disk", f->base);
    assert_int_equal(mkdir(disk, 0700), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=1200k,mode=0700") != 0)
        skip();
    (void)snprintf(f->dir, sizeof f->dir, "%s/ta", disk);
    full_store_stays_usable(f);
    assert_int_equal(umount(disk), 0);
}

/* The system's limit on a file's size stands in for a disk without rights to mount one. */
static void a_file_size_limit_is_told(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit limit = {.rlim_cur = 600000, .rlim_max = 600000};
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(1);
        struct km_store *store = fixture_open(f);
        km_status last = KM_OK;
        uint32_t n = fill(store, &last);
        if (last != KM_E_NOSPACE || n < 8)
            _exit(2);
        struct km_store_report report = {0};
        _exit(km_store_verify(NULL, store, &report) == KM_OK && report.n_objects == n ? 0 : 3);
    }
    int code = -1;
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_int_equal(code, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(operations_do_what_the_model_says),
        CASE(killed_writers_lose_nothing),
        CASE(a_survivor_goes_on),
        CASE(a_full_map_is_told),
        CASE(a_full_disk_is_told),
        CASE(a_file_size_limit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
