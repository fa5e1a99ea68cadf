/* SPDX-License-Identifier: Apache-2.0 */
/* The watch over one run: what it writes, how long it takes, how much memory it has. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cloud/functions/host/host.h"
#include "common/km_loop.h"

#define SAMPLE_MS 250
#define N_FIXED 3
#define N_POLL_MAX (N_FIXED + 1 + 2 * KM_HOST_N_WAYS_MAX)
#define N_TREE_MAX 512

/* ---- memory ---- */

/* What it has of its own and what it shares with others in memory; not the files that it has mapped, which the system can drop. */
static uint32_t own_kb(pid_t pid)
{
    char line[128] = {0};
    unsigned long total = 0, kb = 0;
    snprintf(line, sizeof line, "/proc/%d/status", pid);
    FILE *file = fopen(line, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "RssAnon: %lu", &kb) == 1 || sscanf(line, "RssShmem: %lu", &kb) == 1)
            total += kb;
    (void)fclose(file);
    return (uint32_t)(total < UINT32_MAX ? total : UINT32_MAX);
}

static void add_children(pid_t pid, pid_t *tree, size_t *n)
{
    char path[64] = {0};
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (*n < N_TREE_MAX && fscanf(file, "%d", &child) == 1)
        tree[(*n)++] = child;
    (void)fclose(file);
}

/* Whoever loses its parent becomes the first one's child, so all of them are below it. */
uint32_t km_host_memory_kb(pid_t init)
{
    pid_t tree[N_TREE_MAX] = {init};
    size_t n = 1;
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        total += own_kb(tree[i]);
        add_children(tree[i], tree, &n);
    }
    return (uint32_t)(total < UINT32_MAX ? total : UINT32_MAX);
}

/* ---- what it writes ---- */

static void end_run(struct km_host_run *run, enum km_host_end end)
{
    if (run->end != 0)
        return;
    run->end = end;
    (void)kill(run->pid, SIGKILL);
}

/* More than there is room for is read and dropped, so that the function never waits for us. */
static bool read_log(struct km_host_run *run)
{
    uint8_t dropped[4096];
    size_t room = KM_HOST_LOG_MAX - run->log_len;
    ssize_t n = read(run->log, room > 0 ? run->log_bytes + run->log_len : dropped,
                     room > 0 ? room : sizeof dropped);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    if (room > 0)
        run->log_len += (size_t)n;
    else
        run->log_is_cut = true;
    return true;
}

static void begin(struct km_host_run *run)
{
    run->is_ready = true;
    run->began_ms = km_loop_now_ms();
    run->deadline_ms = run->began_ms + run->order->timeout_ms;
}

static bool read_answer(struct km_host_run *run)
{
    size_t cap = KM_FUNCTION_PAYLOAD_MAX + 2;
    ssize_t n = read(run->answer, run->answer_bytes + run->answer_len, cap - run->answer_len);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    run->answer_len += (size_t)n;
    if (!run->is_ready && run->answer_bytes[0] == KM_HOST_MARK_READY) {
        run->answer_len--;
        memmove(run->answer_bytes, run->answer_bytes + 1, run->answer_len);
        begin(run);
    }
    if (run->answer_len <= KM_FUNCTION_PAYLOAD_MAX + 1)
        return true;
    end_run(run, KM_HOST_TOO_MUCH);
    run->answer_len = 0;
    return false;
}

static void read_rest(struct km_host_run *run)
{
    while (read_log(run)) {
    }
    while (read_answer(run)) {
    }
}

/* ---- the loop ---- */

static int wait_ms(const struct km_host_run *run)
{
    int64_t left = run->deadline_ms - km_loop_now_ms();
    if (run->end != 0)
        return -1;
    return left < 0 ? 0 : left > SAMPLE_MS ? SAMPLE_MS : (int)left;
}

static void look(struct km_host_run *run)
{
    uint32_t kb = km_host_memory_kb(run->pid);
    if (kb > run->memory_kb)
        run->memory_kb = kb;
    if (kb > run->order->memory_mb * 1024)
        end_run(run, KM_HOST_MEMORY);
    if (km_loop_now_ms() >= run->deadline_ms)
        end_run(run, run->is_ready ? KM_HOST_TIMEOUT : KM_HOST_INIT_TIMEOUT);
}

/* One round; false when the run has ended. A closed pipe is not waited for any longer. */
static bool round_once(struct km_host_run *run, bool is_open[2])
{
    struct pollfd fds[N_POLL_MAX] = {
        {.fd = run->pidfd, .events = POLLIN},
        {.fd = is_open[0] ? run->log : -1, .events = POLLIN},
        {.fd = is_open[1] ? run->answer : -1, .events = POLLIN},
    };
    size_t n = km_host_forward_poll(&run->forward, fds + N_FIXED);
    if (poll(fds, N_FIXED + n, wait_ms(run)) < 0 && errno != EINTR)
        end_run(run, KM_HOST_TIMEOUT);
    if (fds[1].revents != 0)
        is_open[0] = read_log(run) || errno == EAGAIN;
    if (fds[2].revents != 0)
        is_open[1] = read_answer(run) || errno == EAGAIN;
    if (fds[0].revents != 0)
        return false;
    km_host_forward_serve(&run->forward, fds + N_FIXED, n);
    look(run);
    return true;
}

km_status km_host_watch(struct km_err *err, struct km_host_run *run, struct km_host_outcome *ret)
{
    bool is_open[2] = {true, true};
    siginfo_t info = {0};
    struct rusage usage = {0};
    begin(run);
    if (run->order->is_python) {
        run->is_ready = false;
        run->deadline_ms = run->began_ms + KM_HOST_INIT_MAX_S * 1000;
    }
    while (round_once(run, is_open)) {
    }
    read_rest(run);
    int64_t now = km_loop_now_ms();
    /* The C library's own waitid does not tell what was used. */
    if (syscall(SYS_waitid, P_PIDFD, run->pidfd, &info, WEXITED, &usage) != 0)
        return KM_FAIL_ERRNO(err, "can't learn how the run ended");
    /* A short run ends before anybody looks. */
    if ((uint32_t)usage.ru_maxrss > run->memory_kb)
        run->memory_kb = (uint32_t)usage.ru_maxrss;
    enum km_host_end by_itself = info.si_code == CLD_EXITED ? KM_HOST_EXITED : KM_HOST_KILLED;
    *ret = (struct km_host_outcome){.end = run->end != 0 ? run->end : by_itself,
                                    .code = info.si_status,
                                    .duration_ms = (uint32_t)(now - run->began_ms),
                                    .memory_kb = run->memory_kb,
                                    .answer = KM_SLICE(run->answer_bytes, run->answer_len),
                                    .log = KM_SLICE(run->log_bytes, run->log_len),
                                    .log_is_cut = run->log_is_cut};
    return KM_OK;
}
