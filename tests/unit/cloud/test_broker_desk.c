/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's thread with open files of its own. */
#include "tests/unit/km_test.h"

#include <pthread.h>
#include <sys/stat.h>

#include "cloud/broker-plugin/desk.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

/* A file and its number, which somebody else may have for another file. */
struct file {
    int fd;
    struct stat st;
};

static struct file open_one(void)
{
    int fds[2] = {-1, -1};
    struct file file = {0};
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(close(fds[1]), 0);
    file.fd = fds[0];
    assert_int_equal(fstat(file.fd, &file.st), 0);
    return file;
}

static bool is_there(const struct file *file)
{
    struct stat st = {0};
    return fstat(file->fd, &st) == 0 && st.st_dev == file->st.st_dev &&
           st.st_ino == file->st.st_ino;
}

struct visit {
    const struct desk *desk;
    int theirs;          /* the caller's file */
    bool sees_theirs;    /* whether it is open on the desk */
    struct file ours;    /* opened on the desk */
    struct file helpers; /* opened by a thread that was started there */
    uint64_t rung;       /* what came through the bell */
    pthread_t thread;    /* the desk's */
    sigset_t blocked;
    unsigned n;
};

static void *help(void *arg)
{
    struct visit *visit = arg;
    visit->helpers = open_one();
    return NULL;
}

static void count(void *arg)
{
    ((struct visit *)arg)->n++;
}

static void look(void *arg)
{
    struct visit *visit = arg;
    visit->sees_theirs = is_open(visit->theirs);
    visit->thread = pthread_self();
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &visit->blocked), 0);
}

static void open_some(void *arg)
{
    struct visit *visit = arg;
    pthread_t helper = {0};
    visit->ours = open_one();
    assert_int_equal(pthread_create(&helper, NULL, help, visit), 0);
    assert_int_equal(pthread_join(helper, NULL), 0);
    assert_true(is_there(&visit->ours) && is_there(&visit->helpers));
}

static void close_some(void *arg)
{
    struct visit *visit = arg;
    assert_int_equal(close(visit->ours.fd), 0);
    assert_int_equal(close(visit->helpers.fd), 0);
}

static void hear(void *arg)
{
    struct visit *visit = arg;
    int bell = desk_bell(visit->desk, DESK_BELL_HUB);
    assert_int_equal(read(bell, &visit->rung, sizeof(visit->rung)), sizeof(visit->rung));
}

static struct desk *begin(void)
{
    struct desk *desk = NULL;
    assert_int_equal(desk_new(NULL, &desk), KM_OK);
    return desk;
}

static void test_does_one_after_the_other(void **state)
{
    (void)state;
    struct visit visit = {.theirs = -1};
    struct desk *desk = begin();
    for (unsigned i = 0; i < 1000; i++) {
        desk_do(desk, count, &visit);
        assert_int_equal(visit.n, i + 1);
    }
    desk_do(desk, look, &visit);
    assert_false(pthread_equal(visit.thread, pthread_self()));
    assert_true(sigismember(&visit.blocked, SIGURG) == 1 &&
                sigismember(&visit.blocked, SIGTERM) == 1);
    desk_free(desk);
}

/* What was open before and what is opened later: a pipe ends when the caller closes it, for nobody else holds it. */
static void test_files_of_the_caller(void **state)
{
    (void)state;
    int before[2] = {-1, -1}, later[2] = {-1, -1};
    char octet = 0;
    if (!DESK_PARTS_FILES)
        skip();
    assert_int_equal(pipe2(before, O_CLOEXEC | O_NONBLOCK), 0);
    struct desk *desk = begin();
    struct visit visit = {.theirs = before[1]};
    desk_do(desk, look, &visit);
    assert_false(visit.sees_theirs);
    assert_int_equal(close(before[1]), 0);
    assert_int_equal(read(before[0], &octet, 1), 0);

    assert_int_equal(pipe2(later, O_CLOEXEC | O_NONBLOCK), 0);
    visit.theirs = later[1];
    desk_do(desk, look, &visit);
    assert_false(visit.sees_theirs);
    visit.theirs = STDERR_FILENO;
    desk_do(desk, look, &visit);
    assert_true(visit.sees_theirs);
    desk_free(desk);
    assert_int_equal(close(before[0]), 0);
    assert_int_equal(close(later[0]), 0);
    assert_int_equal(close(later[1]), 0);
}

static void test_files_of_the_desk(void **state)
{
    (void)state;
    struct visit visit = {0};
    if (!DESK_PARTS_FILES)
        skip();
    struct desk *desk = begin();
    desk_do(desk, open_some, &visit);
    assert_false(is_there(&visit.ours));
    assert_false(is_there(&visit.helpers));
    desk_do(desk, close_some, &visit);
    desk_free(desk);
}

/* Wherever their numbers lie among those that are closed. */
static void test_bells_are_on_both_sides(void **state)
{
    (void)state;
    const uint64_t five = 5;
    int fds[4] = {-1, -1, -1, -1};
    if (!DESK_PARTS_FILES)
        skip();
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++)
        fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i += 2)
        assert_int_equal(close(fds[i]), 0);
    struct desk *desk = begin();
    struct visit visit = {.desk = desk, .theirs = fds[1]};
    assert_int_equal(desk_bell(desk, DESK_BELL_SCRIBE), fds[0]);
    assert_int_equal(desk_bell(desk, DESK_BELL_HUB), fds[2]);
    assert_int_equal(write(desk_bell(desk, DESK_BELL_HUB), &five, sizeof(five)), sizeof(five));
    desk_do(desk, hear, &visit);
    assert_int_equal(visit.rung, five);
    desk_do(desk, look, &visit);
    assert_false(visit.sees_theirs);
    desk_free(desk);
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++)
        assert_int_equal(is_open(fds[i]), i % 2 == 1);
    assert_int_equal(close(fds[1]), 0);
    assert_int_equal(close(fds[3]), 0);
}

static void test_without_files(void **state)
{
    (void)state;
    struct rlimit before = {0};
    struct km_err err = {0};
    struct desk *desk = NULL;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    km_status status = desk_new(&err, &desk);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_not_equal(status, KM_OK);
    assert_null(desk);
    assert_string_equal(err.text, "can't make an eventfd");
    desk_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_does_one_after_the_other),
        cmocka_unit_test(test_files_of_the_caller),
        cmocka_unit_test(test_files_of_the_desk),
        cmocka_unit_test(test_bells_are_on_both_sides),
        cmocka_unit_test(test_without_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
