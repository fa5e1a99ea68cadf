/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/zip.h"

#include <ftw.h>

#include "common/km_file.h"
#include "tests/unit/km_test.h"
#include "zip_maker.h"

#define LIMIT ((size_t)1 << 20)

static uint8_t archive[1 << 17];

static size_t two_files(void)
{
    static uint8_t zeros[60000];
    const struct zip_file files[] = {
        {"main.py", OCTETS("print(1)\n"), S_IFREG | 0644, false},
        {"lib/", OCTETS(""), S_IFDIR | 0755, false},
        {"lib/deep/run", KM_SLICE(zeros, sizeof zeros), S_IFREG | 0755, true},
        {"lib/empty", OCTETS(""), S_IFREG | 0600, true},
    };
    return zip_make(files, KM_ARRAY_LEN(files), archive, sizeof archive);
}

static km_status count(struct km_err *err, void *ctx, const struct km_zip_entry *entry)
{
    uint8_t *out = malloc(entry->size + 1);
    km_status status = km_zip_unpack(err, entry, KM_SPAN(out, entry->size));
    free(out);
    *(size_t *)ctx += 1;
    return status;
}

static km_status read_all(struct km_slice bytes, size_t max, size_t *ret_n)
{
    *ret_n = 0;
    return km_zip_each(NULL, bytes, max, count, ret_n);
}

static void entries_come_in_order(void **state)
{
    (void)state;
    size_t n = 0, len = two_files();
    assert_true(km_zip_is(KM_SLICE(archive, len)));
    assert_int_equal(read_all(KM_SLICE(archive, len), LIMIT, &n), KM_OK);
    assert_int_equal(n, 4);
    assert_int_equal(read_all(KM_SLICE(archive, len), 60008, &n), KM_E_LIMIT);
    assert_int_equal(read_all(KM_SLICE(archive, len), 60009, &n), KM_OK);
}

static void a_cut_or_longer_archive_is_refused(void **state)
{
    (void)state;
    size_t n = 0, len = two_files();
    for (size_t cut = 0; cut < len; cut++) {
        KM_AUTO(km_freep) uint8_t *copy = malloc(cut + 1);
        km_copy(copy, cut + 1, archive, cut);
        assert_int_equal(read_all(KM_SLICE(copy, cut), LIMIT, &n), KM_E_MALFORMED);
    }
    archive[len] = 0;
    assert_int_equal(read_all(KM_SLICE(archive, len + 1), LIMIT, &n), KM_E_MALFORMED);
}

/* A flipped bit may be of no consequence (a time), or it is noticed; nothing else happens. */
static void a_flipped_archive_does_no_harm(void **state)
{
    (void)state;
    size_t n = 0, len = two_files();
    for (size_t at = 0; at < len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            archive[at] ^= (uint8_t)(1u << bit);
            km_status status = read_all(KM_SLICE(archive, len), LIMIT, &n);
            assert_true(status == KM_OK || status == KM_E_MALFORMED || status == KM_E_LIMIT ||
                        status == KM_E_UNSUPPORTED);
            archive[at] ^= (uint8_t)(1u << bit);
        }
}

static km_status with_name(const char *name, mode_t mode)
{
    size_t n = 0;
    const struct zip_file file = {name, OCTETS("x"), mode, false};
    size_t len = zip_make(&file, 1, archive, sizeof archive);
    return read_all(KM_SLICE(archive, len), LIMIT, &n);
}

static void names_that_lead_outside_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "/x", "../x", "a/../x", "a/..", "./x",
                                      "a//x", "..", ".",    "a\\x",   "x\xff"};
    assert_int_equal(with_name("a/b.c", S_IFREG | 0644), KM_OK);
    assert_int_equal(with_name("...", 0), KM_OK);
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_int_equal(with_name(bad[i], S_IFREG | 0644), KM_E_MALFORMED);
    assert_int_equal(with_name("link", S_IFLNK | 0777), KM_E_UNSUPPORTED);
    assert_int_equal(with_name("device", S_IFBLK | 0600), KM_E_UNSUPPORTED);
}

static struct zip_file plain(const char *name)
{
    size_t len = name[strlen(name) - 1] == '/' ? 0 : 1;
    return (struct zip_file){name, KM_SLICE((const uint8_t *)"x", len), S_IFREG | 0644, false};
}

static km_status with_two(const char *one, const char *other)
{
    const struct zip_file files[] = {plain(one), plain("between"), plain(other)};
    size_t len = zip_make(files, KM_ARRAY_LEN(files), archive, sizeof archive);
    return km_zip_check(NULL, KM_SLICE(archive, len), LIMIT);
}

static void two_files_in_one_place_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"a", "a"},  {"a/b", "a/b"},     {"a", "a/b"},
        {"a", "a/"}, {"a/b", "a/b/c/d"}, {"between/x", "b"},
    };
    static const char *const good[][2] = {
        {"a", "b"},    {"a/b", "ab"},  {"a", "a.b"}, {"a/", "a/"},
        {"a/", "a/b"}, {"a/b/", "a/"}, {"a", "A"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        assert_int_equal(with_two(bad[i][0], bad[i][1]), KM_E_MALFORMED);
        assert_int_equal(with_two(bad[i][1], bad[i][0]), KM_E_MALFORMED);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        assert_int_equal(with_two(good[i][0], good[i][1]), KM_OK);
        assert_int_equal(with_two(good[i][1], good[i][0]), KM_OK);
    }
    size_t len = zip_make(NULL, 0, archive, sizeof archive);
    assert_int_equal(km_zip_check(NULL, KM_SLICE(archive, len), LIMIT), KM_E_MALFORMED);
}

static int take_away(const char *path, const struct stat *st, int what, struct FTW *at)
{
    (void)st;
    (void)what;
    (void)at;
    return remove(path);
}

static void an_archive_is_extracted(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_zip.XXXXXX";
    struct stat st = {0};
    size_t len = two_files();
    assert_non_null(mkdtemp(dir));
    KM_AUTO(km_fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(km_zip_extract(NULL, KM_SLICE(archive, len), LIMIT, fd), KM_OK);
    assert_int_equal(fstatat(fd, "lib/deep/run", &st, 0), 0);
    assert_int_equal(st.st_size, 60000);
    assert_int_equal(st.st_mode & 0777, 0555);
    assert_int_equal(fstatat(fd, "main.py", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
    assert_int_equal(fstatat(fd, "lib/empty", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
    /* What is there is never written over. */
    assert_int_equal(km_zip_extract(NULL, KM_SLICE(archive, len), LIMIT, fd), KM_E_EXISTS);
    assert_int_equal(nftw(dir, take_away, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_in_order),
        cmocka_unit_test(a_cut_or_longer_archive_is_refused),
        cmocka_unit_test(a_flipped_archive_does_no_harm),
        cmocka_unit_test(names_that_lead_outside_are_refused),
        cmocka_unit_test(two_files_in_one_place_are_refused),
        cmocka_unit_test(an_archive_is_extracted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
