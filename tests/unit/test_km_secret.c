/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_secret.h"
#include "tests/unit/km_test.h"

static const size_t lens[] = {0, 1, 15, 16, 17, 32, 4080, 4095, 4096, 4097, 70000};

static void new_is_zero_and_holds_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(lens); i++) {
        KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(lens[i]);
        assert_non_null(secret);
        struct km_span room = km_secret_fill(secret);
        assert_int_equal(room.len, lens[i]);
        assert_int_equal((uintptr_t)room.ptr % 16, 0);
        for (size_t k = 0; k < room.len; k++)
            assert_int_equal(room.ptr[k], 0);
        for (size_t k = 0; k < room.len; k++)
            room.ptr[k] = (uint8_t)(k * 7 + 1);

        KM_AUTO(km_secret_freep) struct km_secret *copy = km_secret_from(km_secret_expose(secret));
        assert_non_null(copy);
        assert_ptr_not_equal(km_secret_expose(copy).ptr, room.ptr);
        assert_true(km_slice_equal(km_secret_expose(copy), km_secret_expose(secret)));
    }
}

static void impossible_sizes_give_null(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4096, SIZE_MAX / 2};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(sizes); i++)
        assert_null(km_secret_new(sizes[i]));
}

static void free_takes_null(void **state)
{
    (void)state;
    struct km_secret *none = NULL;
    km_secret_free(NULL);
    km_secret_freep(&none);
    none = km_secret_new(1);
    km_secret_freep(&none);
    assert_null(none);
}

/* The flags that the kernel shows for the mapping of an address. */
static bool vm_flags_of(const void *address, char *ret, size_t cap)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[512] = {0};
    bool inside = false;
    bool found = false;
    while (smaps != NULL && !found && fgets(line, sizeof(line), smaps) != NULL) {
        unsigned long start = 0;
        unsigned long end = 0;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = (uintptr_t)address >= start && (uintptr_t)address < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = snprintf(ret, cap, "%s", line) > 0;
    }
    if (smaps != NULL)
        (void)fclose(smaps);
    return found;
}

static void pages_are_shielded(void **state)
{
    (void)state;
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(32);
    assert_non_null(secret);
    char flags[512] = {0};
    if (!vm_flags_of(km_secret_expose(secret).ptr, flags, sizeof(flags)))
        skip(); /* a kernel that does not tell */
    assert_non_null(strstr(flags, " dd"));
    assert_true(strstr(flags, " wf") != NULL || strstr(flags, " dc") != NULL);
    if (!KM_TEST_SANITIZED)
        assert_int_equal(strstr(flags, " lo") != NULL, km_secret_is_locked(secret));
}

static int child_sees_nothing(void *arg)
{
    struct km_secret *secret = arg;
    struct km_slice bytes = km_secret_expose(secret);
    for (size_t i = 0; i < bytes.len; i++)
        CHILD_CHECK(bytes.ptr[i] == 0);
    CHILD_CHECK(!km_secret_is_locked(secret));
    km_secret_fill(secret).ptr[0] = 1;
    km_secret_free(secret);
    return 0;
}

static void forked_child_sees_zeroes(void **state)
{
    (void)state;
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(5000);
    assert_non_null(secret);
    memset(km_secret_fill(secret).ptr, 0xa5, 5000);
    assert_child_succeeds(child_sees_nothing, secret);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(km_secret_expose(secret).ptr[i], 0xa5);
}

/* What a stray access touches. A child's secret is its own: its parent's would be wiped there. */
struct stray {
    size_t len;
    bool is_write;
    bool is_below;
};

__attribute__((no_sanitize("address"))) static void touch(volatile uint8_t *at, bool is_write)
{
    if (is_write)
        *at = 1;
    else
        (void)*at;
}

static int touch_outside(void *arg)
{
    const struct stray *stray = arg;
    struct km_secret *secret = km_secret_new(stray->len);
    CHILD_CHECK(secret != NULL);
    struct km_span room = km_secret_fill(secret);
    uint8_t *page = room.ptr - (uintptr_t)room.ptr % (uintptr_t)sysconf(_SC_PAGESIZE);
    touch(page, stray->is_write);
    touch(room.ptr + room.len - 1, stray->is_write);
    touch(stray->is_below ? page - 1 : room.ptr + room.len, stray->is_write);
    return 0;
}

static void guard_pages_fault(void **state)
{
    static struct stray rows[] = {
        {.len = 32, .is_write = true},
        {.len = 32},
        {.len = 32, .is_write = true, .is_below = true},
        {.len = 32, .is_below = true},
        {.len = 4096, .is_write = true},
        {.len = 4096, .is_below = true},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_child_killed_by(SIGSEGV, touch_outside, &rows[i]);
}

static int touch_after_free(void *arg)
{
    (void)arg;
    struct km_secret *secret = km_secret_new(32);
    CHILD_CHECK(secret != NULL);
    uint8_t *at = km_secret_fill(secret).ptr;
    km_secret_free(secret);
    touch(at, false);
    return 0;
}

static int overrun_into_the_slack(void *arg)
{
    const ptrdiff_t *at = arg;
    struct km_secret *secret = km_secret_new(20);
    CHILD_CHECK(secret != NULL);
    km_secret_fill(secret).ptr[*at] = 0xff;
    km_secret_free(secret);
    return 0;
}

static void misuse_is_noticed(void **state)
{
    (void)state;
    assert_child_killed_by(SIGSEGV, touch_after_free, NULL);
    ptrdiff_t behind = 20;
    ptrdiff_t before = -1;
    assert_child_killed_by(SIGABRT, overrun_into_the_slack, &behind);
    assert_child_killed_by(SIGABRT, overrun_into_the_slack, &before);
}

static int works_unlocked(void *arg)
{
    (void)arg;
    const struct rlimit none = {0};
    CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
    /* Root may lock whatever the limit says. */
    CHILD_CHECK(getuid() != 0 || setuid(65534) == 0);
    struct km_secret *secret = km_secret_from(OCTETS_OF("still a secret"));
    CHILD_CHECK(secret != NULL);
    CHILD_CHECK(KM_TEST_SANITIZED || !km_secret_is_locked(secret));
    CHILD_CHECK(km_slice_equal(km_secret_expose(secret), OCTETS_OF("still a secret")));
    km_secret_free(secret);
    return 0;
}

static void locking_is_best_effort_and_told(void **state)
{
    (void)state;
    assert_child_succeeds(works_unlocked, NULL);
}

static void wipe_zeroes(void **state)
{
    (void)state;
    uint8_t octets[4] = {1, 2, 3, 4};
    km_wipe(octets + 1, 2);
    assert_memory_equal(octets, "\1\0\0\4", 4);
    km_wipe(NULL, 0);
}

static void ct_equal_sees_each_bit(void **state)
{
    (void)state;
    uint8_t a[33] = {0};
    uint8_t b[33] = {0};
    assert_true(km_ct_equal(a, b, 0));
    assert_true(km_ct_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < 8 * sizeof(a); i++) {
        b[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_false(km_ct_equal(a, b, sizeof(a)));
        assert_true(km_ct_equal(a, b, i / 8));
        b[i / 8] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_is_zero_and_holds_bytes),
        cmocka_unit_test(impossible_sizes_give_null),
        cmocka_unit_test(free_takes_null),
        cmocka_unit_test(pages_are_shielded),
        cmocka_unit_test(forked_child_sees_zeroes),
        cmocka_unit_test(guard_pages_fault),
        cmocka_unit_test(misuse_is_noticed),
        cmocka_unit_test(locking_is_best_effort_and_told),
        cmocka_unit_test(wipe_zeroes),
        cmocka_unit_test(ct_equal_sees_each_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
