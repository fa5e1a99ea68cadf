/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_file.h"
#include "tests/unit/km_test.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* A directory of each test's own, removed with what is in it. */
struct fixture {
    char dir[64];
    int dir_fd;
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));
    if (fx == NULL)
        return -1;
    (void)snprintf(fx->dir, sizeof(fx->dir), "/tmp/km-file-XXXXXX");
    if (mkdtemp(fx->dir) == NULL) {
        free(fx);
        return -1;
    }
    fx->dir_fd = open(fx->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;
    DIR *dir = opendir(fx->dir);
    if (dir == NULL)
        return -1;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (unlinkat(fx->dir_fd, entry->d_name, 0) != 0)
            (void)unlinkat(fx->dir_fd, entry->d_name, AT_REMOVEDIR);
    }
    (void)closedir(dir);
    (void)close(fx->dir_fd);
    int rc = rmdir(fx->dir);
    free(fx);
    return rc;
}

static bool holds(int dir_fd, const char *name, struct km_slice expected)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    return km_file_read(NULL, dir_fd, name, 1 << 20, &bytes, &len) == KM_OK &&
           km_slice_equal(KM_SLICE(bytes, len), expected);
}

static void writes_and_reads(void **state)
{
    const struct fixture *fx = *state;
    static uint8_t big[300000];
    memset(big, 0xa5, sizeof(big));
    static const size_t lens[] = {0, 1, 4095, 4096, 4097, sizeof(big)};
    struct km_err err = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(lens); i++) {
        struct km_slice bytes = KM_SLICE(big, lens[i]);
        assert_int_equal(km_file_write(&err, fx->dir_fd, "f", bytes, 0640), KM_OK);
        assert_true(holds(fx->dir_fd, "f", bytes));
    }
    assert_int_equal(err.status, KM_OK);
    assert_int_equal(km_test_count_entries(fx->dir), 1);
}

static void mode_is_exact_whatever_the_umask(void **state)
{
    const struct fixture *fx = *state;
    static const mode_t modes[] = {0600, 0644, 0666, 0400};
    static const mode_t masks[] = {0000, 0022, 0777};
    for (size_t i = 0; i < KM_ARRAY_LEN(modes); i++) {
        for (size_t k = 0; k < KM_ARRAY_LEN(masks); k++) {
            mode_t before = umask(masks[k]);
            km_status status = km_file_write(NULL, fx->dir_fd, "f", OCTETS_OF("x"), modes[i]);
            (void)umask(before);
            assert_int_equal(status, KM_OK);
            struct stat st = {0};
            assert_int_equal(fstatat(fx->dir_fd, "f", &st, 0), 0);
            assert_int_equal(st.st_mode & 07777, modes[i]);
        }
    }
}

static void paths(void **state)
{
    const struct fixture *fx = *state;
    char path[128] = {0};
    assert_int_equal(mkdirat(fx->dir_fd, "sub", 0700), 0);
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "sub/f", OCTETS_OF("in"), 0600), KM_OK);
    assert_true(holds(fx->dir_fd, "sub/f", OCTETS_OF("in")));
    assert_int_equal(unlinkat(fx->dir_fd, "sub/f", 0), 0);
    (void)snprintf(path, sizeof(path), "%s/g", fx->dir);
    assert_int_equal(km_file_write(NULL, AT_FDCWD, path, OCTETS_OF("abs"), 0600), KM_OK);
    assert_true(holds(fx->dir_fd, "g", OCTETS_OF("abs")));

    static const struct {
        const char *path;
        km_status status;
    } rows[] = {
        {"", KM_E_ARG},       {".", KM_E_ARG},           {"..", KM_E_ARG},       {"sub/", KM_E_ARG},
        {"sub/..", KM_E_ARG}, {"none/f", KM_E_NOTFOUND}, {"g/f", KM_E_NOTFOUND},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        assert_int_equal(km_file_write(&err, fx->dir_fd, rows[i].path, OCTETS_OF("x"), 0600),
                         rows[i].status);
        assert_int_equal(err.status, rows[i].status);
    }
    char name[300] = {0};
    memset(name, 'n', sizeof(name) - 1);
    assert_int_equal(km_file_write(NULL, fx->dir_fd, name, OCTETS_OF("x"), 0600), KM_E_LIMIT);
    name[255] = '\0'; /* the longest name there is must work: the temporary one is its own */
    assert_int_equal(km_file_write(NULL, fx->dir_fd, name, OCTETS_OF("x"), 0600), KM_OK);
    /* A directory in the way: neither it nor a temporary file is harmed or left. */
    assert_int_not_equal(km_file_write(NULL, fx->dir_fd, "sub", OCTETS_OF("x"), 0600), KM_OK);
    assert_int_equal(km_test_count_entries(fx->dir), 3);
}

static void symlink_is_replaced_not_followed(void **state)
{
    const struct fixture *fx = *state;
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "target", OCTETS_OF("old"), 0600), KM_OK);
    assert_int_equal(symlinkat("target", fx->dir_fd, "link"), 0);
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "link", OCTETS_OF("new"), 0600), KM_OK);
    assert_true(holds(fx->dir_fd, "target", OCTETS_OF("old")));
    assert_true(holds(fx->dir_fd, "link", OCTETS_OF("new")));
    struct stat st = {0};
    assert_int_equal(fstatat(fx->dir_fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void reads_are_bounded(void **state)
{
    const struct fixture *fx = *state;
    uint8_t octets[5000] = {0};
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "f", KM_SLICE(octets, sizeof(octets)), 0600),
                     KM_OK);
    static const struct {
        const char *path;
        size_t max;
        km_status status;
    } rows[] = {
        {"f", 5000, KM_OK},           {"f", 5001, KM_OK},
        {"f", SIZE_MAX / 2, KM_OK},   {"f", 4999, KM_E_LIMIT},
        {"f", 0, KM_E_LIMIT},         {"f", SIZE_MAX, KM_E_ARG},
        {"none", 10, KM_E_NOTFOUND},  {"f/f", 10, KM_E_NOTFOUND},
        {"/dev/zero", 0, KM_E_LIMIT}, {"/dev/zero", 100000, KM_E_LIMIT},
        {"/dev/null", 0, KM_OK},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        KM_AUTO(km_freep) uint8_t *bytes = NULL;
        size_t len = 77;
        assert_int_equal(km_file_read(&err, fx->dir_fd, rows[i].path, rows[i].max, &bytes, &len),
                         rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        assert_int_equal(bytes != NULL, rows[i].status == KM_OK);
        if (rows[i].status != KM_OK)
            assert_int_equal(len, 77);
    }
    /* A directory can be opened but not read. */
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(km_file_read(NULL, fx->dir_fd, ".", 10000, &bytes, &len), KM_E_IO);
    assert_null(bytes);
}

static void reads_what_has_no_size(void **state)
{
    (void)state;
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(km_file_read(NULL, AT_FDCWD, "/proc/self/status", 1 << 16, &bytes, &len),
                     KM_OK);
    assert_true(len > 0);
    KM_AUTO(km_freep) uint8_t *none = NULL;
    assert_int_equal(km_file_read(NULL, AT_FDCWD, "/proc/self/status", len / 2, &none, &len),
                     KM_E_LIMIT);
    assert_null(none);
}

/* A write that runs into a limit leaves the old file and nothing else, and says what it was. */
static int write_too_much(const struct fixture *fx, km_status expected)
{
    static uint8_t big[256 * 1024];
    struct km_err err = {0};
    CHILD_CHECK(km_file_write(&err, fx->dir_fd, "f", KM_SLICE(big, sizeof(big)), 0600) == expected);
    CHILD_CHECK(err.status == expected && err.layer == KM_LAYER_ERRNO);
    CHILD_CHECK(holds(fx->dir_fd, "f", OCTETS_OF("old")));
    CHILD_CHECK(km_test_count_entries(fx->dir) == 1);
    CHILD_CHECK(km_file_write(NULL, fx->dir_fd, "f", OCTETS_OF("small"), 0600) == KM_OK);
    CHILD_CHECK(holds(fx->dir_fd, "f", OCTETS_OF("small")));
    return 0;
}

static int write_beyond_limit(void *arg)
{
    const struct rlimit limit = {.rlim_cur = 64 * 1024, .rlim_max = 64 * 1024};
    CHILD_CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    return write_too_much(arg, KM_E_LIMIT);
}

static void file_size_limit_leaves_the_old_file(void **state)
{
    struct fixture *fx = *state;
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "f", OCTETS_OF("old"), 0600), KM_OK);
    assert_child_succeeds(write_beyond_limit, fx);
}

#define CHILD_SKIPS 77

static int write_on_full_disk(void *arg)
{
    struct fixture *fx = arg;
    /* A mount namespace of the child's own: nothing of it is left when it ends. */
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", fx->dir, "tmpfs", 0, "size=64k") != 0)
        return CHILD_SKIPS;
    fx->dir_fd = open(fx->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHILD_CHECK(fx->dir_fd >= 0);
    CHILD_CHECK(km_file_write(NULL, fx->dir_fd, "f", OCTETS_OF("old"), 0600) == KM_OK);
    return write_too_much(fx, KM_E_NOSPACE);
}

static void full_disk_leaves_the_old_file(void **state)
{
    int wait_status = km_test_in_child(write_on_full_disk, *state);
    assert_true(WIFEXITED(wait_status));
    if (WEXITSTATUS(wait_status) == CHILD_SKIPS)
        skip(); /* only root may mount */
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

/* Killed at any instant while it rewrites a file: the file is one of the two, whole. */
static void killed_writer_leaves_a_whole_file(void **state)
{
    const struct fixture *fx = *state;
    static uint8_t contents[2][20000];
    memset(contents[1], 1, sizeof(contents[1]));
    assert_int_equal(
        km_file_write(NULL, fx->dir_fd, "f", KM_SLICE(contents[0], sizeof(contents[0])), 0600),
        KM_OK);
    for (int round = 0; round < 20; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (unsigned i = 0;; i++)
                (void)km_file_write(NULL, fx->dir_fd, "f",
                                    KM_SLICE(contents[i % 2], sizeof(contents[0])), 0600);
        }
        assert_true(pid > 0);
        (void)usleep((useconds_t)(1000 + round * 137));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(holds(fx->dir_fd, "f", KM_SLICE(contents[0], sizeof(contents[0]))) ||
                    holds(fx->dir_fd, "f", KM_SLICE(contents[1], sizeof(contents[1]))));
    }
}

static void no_descriptor_is_left_open(void **state)
{
    const struct fixture *fx = *state;
    int before = km_test_count_fds();
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "f", OCTETS_OF("x"), 0600), KM_OK);
    assert_int_equal(km_file_read(NULL, fx->dir_fd, "f", 1, &bytes, &len), KM_OK);
    assert_int_not_equal(km_file_write(NULL, fx->dir_fd, "f/g", OCTETS_OF("x"), 0600), KM_OK);
    KM_AUTO(km_freep) uint8_t *none = NULL;
    assert_int_not_equal(km_file_read(NULL, fx->dir_fd, "f", 0, &none, &len), KM_OK);
    assert_int_equal(km_test_count_fds(), before);
}

/* Piece by piece: nothing is there before the commit, and nothing is left without one. */
static void in_pieces(void **state)
{
    const struct fixture *fx = *state;
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "f", OCTETS_OF("old"), 0600), KM_OK);
    int before = km_test_count_fds();
    for (int commits = 0; commits < 2; commits++) {
        struct km_file_new file = {0};
        km_file_new_clear(&file);
        assert_int_equal(km_file_new_begin(NULL, fx->dir_fd, "f", &file), KM_OK);
        assert_int_equal(km_file_new_write(NULL, &file, OCTETS_OF("one ")), KM_OK);
        assert_int_equal(km_file_new_write(NULL, &file, OCTETS_OF("two")), KM_OK);
        assert_true(holds(fx->dir_fd, "f", OCTETS_OF("old")));
        assert_int_equal(km_test_count_entries(fx->dir), 2);
        if (commits != 0)
            assert_int_equal(km_file_new_commit(NULL, &file, 0640), KM_OK);
        km_file_new_clear(&file);
        km_file_new_clear(&file);
        assert_int_equal(km_test_count_entries(fx->dir), 1);
    }
    assert_true(holds(fx->dir_fd, "f", OCTETS_OF("one two")));
    assert_int_equal(km_test_count_fds(), before);
    struct km_file_new none = {0};
    assert_int_equal(km_file_new_begin(NULL, fx->dir_fd, "none/f", &none), KM_E_NOTFOUND);
    km_file_new_clear(&none);
}

static void freep_leaves_null(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(1);
    km_freep(&bytes);
    assert_null(bytes);
    km_freep(&bytes);
}

#define WITH_DIR(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(writes_and_reads),
        WITH_DIR(mode_is_exact_whatever_the_umask),
        WITH_DIR(paths),
        WITH_DIR(symlink_is_replaced_not_followed),
        WITH_DIR(reads_are_bounded),
        cmocka_unit_test(reads_what_has_no_size),
        WITH_DIR(file_size_limit_leaves_the_old_file),
        WITH_DIR(full_disk_leaves_the_old_file),
        WITH_DIR(killed_writer_leaves_a_whole_file),
        WITH_DIR(no_descriptor_is_left_open),
        WITH_DIR(in_pieces),
        cmocka_unit_test(freep_leaves_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
