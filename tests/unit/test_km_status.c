/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

static void first_failure_wins(void **state)
{
    (void)state;
    struct km_err err = {0};
    assert_int_equal(KM_FAIL(&err, KM_E_LIMIT, "name of %d octets", 300), KM_E_LIMIT);
    assert_int_equal(KM_FAIL_NATIVE(&err, KM_E_IO, KM_LAYER_OPENSSL, -7, "later"), KM_E_IO);
    assert_int_equal(err.status, KM_E_LIMIT);
    assert_int_equal(err.layer, KM_LAYER_NONE);
    assert_string_equal(err.text, "name of 300 octets");
    assert_non_null(strstr(err.file, "test_km_status.c"));
    assert_true(err.line > 0);

    km_err_clear(&err);
    assert_int_equal(err.status, KM_OK);
    assert_string_equal(err.text, "");
    assert_int_equal(KM_FAIL_NATIVE(&err, KM_E_IO, KM_LAYER_OPENSSL, -7, "later"), KM_E_IO);
    assert_int_equal(err.native, -7);
    assert_int_equal(err.layer, KM_LAYER_OPENSSL);
}

static void no_record_is_fine(void **state)
{
    (void)state;
    assert_int_equal(KM_FAIL(NULL, KM_E_BUSY, "no place to write this"), KM_E_BUSY);
    km_err_clear(NULL);
}

static void a_failure_is_never_ok(void **state)
{
    (void)state;
    struct km_err err = {0};
    assert_int_equal(KM_FAIL(&err, KM_OK, "nothing wrong"), KM_E_INTERNAL);
    assert_int_equal(err.status, KM_E_INTERNAL);
    assert_int_equal(KM_FAIL(NULL, KM_OK, "nothing wrong"), KM_E_INTERNAL);
}

static void long_text_is_cut(void **state)
{
    (void)state;
    struct km_err err = {0};
    (void)KM_FAIL(&err, KM_E_ARG, "%0500d", 1);
    assert_int_equal(strlen(err.text), KM_ERR_TEXT_MAX - 1);
}

static void errno_picks_status_and_is_kept(void **state)
{
    static const struct {
        int native;
        km_status status;
    } rows[] = {
        {ENOMEM, KM_E_NOMEM},
        {ENOSPC, KM_E_NOSPACE},
        {EDQUOT, KM_E_NOSPACE},
        {EFBIG, KM_E_LIMIT},
        {EMFILE, KM_E_LIMIT},
        {EMSGSIZE, KM_E_LIMIT},
        {ENAMETOOLONG, KM_E_LIMIT},
        {ENOENT, KM_E_NOTFOUND},
        {ENOTDIR, KM_E_NOTFOUND},
        {EEXIST, KM_E_EXISTS},
        {EACCES, KM_E_DENIED},
        {EPERM, KM_E_DENIED},
        {EROFS, KM_E_DENIED},
        {EAGAIN, KM_E_BUSY},
        {EBUSY, KM_E_BUSY},
        {EADDRINUSE, KM_E_BUSY},
        {ETIMEDOUT, KM_E_TIMEOUT},
        {ECANCELED, KM_E_CANCELLED},
        {EPIPE, KM_E_DEAD},
        {ECONNRESET, KM_E_DEAD},
        {ECONNREFUSED, KM_E_DEAD},
        {ENOSYS, KM_E_UNSUPPORTED},
        {EOPNOTSUPP, KM_E_UNSUPPORTED},
        {EIO, KM_E_IO},
        {0, KM_E_IO},
        {-1, KM_E_IO},
        {99999, KM_E_IO},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        errno = rows[i].native;
        assert_int_equal(KM_FAIL_ERRNO(&err, "can't %s", "do it"), rows[i].status);
        assert_int_equal(errno, rows[i].native);
        assert_int_equal(err.native, rows[i].native);
        assert_int_equal(err.layer, KM_LAYER_ERRNO);
    }
}

static void names_are_distinct(void **state)
{
    (void)state;
    for (int i = KM_OK; i <= (int)KM_E_INTERNAL; i++) {
        const char *name = km_status_name((km_status)i);
        assert_string_not_equal(name, "unknown");
        for (int k = KM_OK; k < i; k++)
            assert_string_not_equal(name, km_status_name((km_status)k));
    }
    assert_string_equal(km_status_name((km_status)(KM_E_INTERNAL + 1)), "unknown");
}

static km_status try_it(km_status status, bool *ret_went_on)
{
    KM_TRY(status);
    *ret_went_on = true;
    return KM_OK;
}

static void try_returns_at_once(void **state)
{
    (void)state;
    bool went_on = false;
    assert_int_equal(try_it(KM_E_STALE, &went_on), KM_E_STALE);
    assert_false(went_on);
    assert_int_equal(try_it(KM_OK, &went_on), KM_OK);
    assert_true(went_on);
}

static void steal_leaves_nothing(void **state)
{
    (void)state;
    int value = 1;
    int *p = &value;
    assert_ptr_equal(km_steal(&p), &value);
    assert_null(p);
    int fd = 7;
    assert_int_equal(km_fd_steal(&fd), 7);
    assert_int_equal(fd, -1);
}

static int open_null(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void closep_closes_and_keeps_errno(void **state)
{
    (void)state;
    int number = -1;
    errno = EDOM;
    {
        KM_AUTO(km_fd_closep) int fd = open_null();
        number = fd;
        errno = EDOM;
    }
    assert_int_equal(errno, EDOM);
    assert_int_equal(fcntl(number, F_GETFD), -1);

    int none = -1;
    errno = EDOM;
    km_fd_closep(&none);
    assert_int_equal(errno, EDOM);
    int bad = number; /* closed already: close fails, and that must not show */
    km_fd_closep(&bad);
    assert_int_equal(errno, EDOM);
    assert_int_equal(bad, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_failure_wins),
        cmocka_unit_test(no_record_is_fine),
        cmocka_unit_test(a_failure_is_never_ok),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(errno_picks_status_and_is_kept),
        cmocka_unit_test(names_are_distinct),
        cmocka_unit_test(try_returns_at_once),
        cmocka_unit_test(steal_leaves_nothing),
        cmocka_unit_test(closep_closes_and_keeps_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
