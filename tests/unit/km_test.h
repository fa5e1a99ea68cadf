/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with what its header needs, and the helpers that more than one unit test uses. */
#ifndef KM_TEST_H
#define KM_TEST_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/km_bytes.h"

/* Whether a sanitizer stands in for libc: it makes mlock do nothing and say that it did. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KM_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KM_TEST_SANITIZED 1
#endif
#endif
#ifndef KM_TEST_SANITIZED
#define KM_TEST_SANITIZED 0
#endif

/* Octets written as a string literal, its final NUL not counted. */
#define OCTETS(s)                                                                                  \
    {                                                                                              \
        .ptr = (const uint8_t *)(s), .len = sizeof(s) - 1                                          \
    }
#define OCTETS_OF(s) ((struct km_slice)OCTETS(s))

/*
 * km_test_in_child: runs fn(arg) in a forked child and returns its wait status. In the child
 * signals do what they do by default (no sanitizer or cmocka catches them) and nothing dumps core.
 */
static inline int km_test_in_child(int (*fn)(void *arg), void *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit no_core = {0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        (void)signal(SIGABRT, SIG_DFL);
        _exit(fn(arg));
    }
    assert_true(pid > 0);
    int wait_status = 0;
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    return wait_status;
}

#define assert_child_killed_by(signo, fn, arg)                                                     \
    do {                                                                                           \
        int km_ws_ = km_test_in_child((fn), (arg));                                                \
        assert_true(WIFSIGNALED(km_ws_));                                                          \
        assert_int_equal(WTERMSIG(km_ws_), (signo));                                               \
    } while (0)

/* The child reports the number of the check that failed; 0 is success. */
#define assert_child_succeeds(fn, arg)                                                             \
    do {                                                                                           \
        int km_ws_ = km_test_in_child((fn), (arg));                                                \
        assert_true(WIFEXITED(km_ws_));                                                            \
        assert_int_equal(WEXITSTATUS(km_ws_), 0);                                                  \
    } while (0)

#define CHILD_CHECK(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* km_test_count_entries: entries of a directory besides . and ..; -1 when it can't be read. */
static inline int km_test_count_entries(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return -1;
    int n = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            n++;
    }
    (void)closedir(dir);
    return n;
}

/*
 * km_test_await_sleep: until a thread of this process, which puts its number here (gettid), sleeps in the kernel. It sleeps nowhere
 * between that and the place that is meant. Ends with the test's alarm or time limit.
 */
static inline void km_test_await_sleep(const _Atomic pid_t *tid)
{
    for (char state = '?'; state != 'S';) {
        char path[64] = {0};
        (void)usleep(1000);
        (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)*tid);
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = '?';
        (void)fclose(file);
    }
}

/* km_test_count_fds: open descriptors of this process. */
static inline int km_test_count_fds(void)
{
    return km_test_count_entries("/proc/self/fd");
}

#endif
