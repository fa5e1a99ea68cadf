/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor-function-host: runs one function once, as the order at descriptor 3 says, and tells at descriptor 4 how it went. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cloud/functions/host/host.h"
#include "common/km_file.h"
#include "common/km_option.h"
#include "common/km_sock.h"

#define TEXT_CAP 256
#define NOT_STARTED 126 /* what a shell says of a program that can't be run */

/* The ends of pipes: [0] this side's, [1] the function's. */
struct ends {
    int event;
    int answer[2];
    int log[2];
    int line[2];
};

static void ends_clear(struct ends *ends)
{
    int *all[] = {&ends->event,  &ends->answer[0], &ends->answer[1], &ends->log[0],
                  &ends->log[1], &ends->line[0],   &ends->line[1]};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        km_fd_closep(all[i]);
}

static km_status open_ends(struct km_err *err, const struct km_host_order *order, struct ends *ends)
{
    ends->event = memfd_create("event", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (ends->event < 0 ||
        write(ends->event, order->event.ptr, order->event.len) != (ssize_t)order->event.len ||
        lseek(ends->event, 0, SEEK_SET) != 0 ||
        fcntl(ends->event, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0)
        return KM_FAIL_ERRNO(err, "no memory for the event");
    if (pipe2(ends->answer, O_CLOEXEC) != 0 || pipe2(ends->log, O_CLOEXEC) != 0 ||
        fcntl(ends->answer[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(ends->log[0], F_SETFL, O_NONBLOCK) != 0)
        return KM_FAIL_ERRNO(err, "can't make pipes");
    return km_sock_pair(err, ends->line);
}

/*
 * Up to the function's first instruction. Anything but the two words that are expected is the sentence of a failure: KM_E_MALFORMED
 * when the walls stood, so that it is the program that can't be run.
 */
static km_status hear(struct km_err *err, int line, int *ret_listener)
{
    char text[TEXT_CAP] = {0};
    int listener = -1;
    bool has_walls = false;
    for (;;) {
        size_t len = 0, n_fds = 0;
        int fds[1] = {-1};
        km_status status =
            km_sock_recv(NULL, line, KM_SPAN(text, sizeof text - 1), &len, fds, 1, &n_fds);
        if (status == KM_E_DEAD)
            break;
        text[len] = '\0';
        if (status == KM_OK && len == 1 && text[0] == 'L' && n_fds == 1 && listener < 0) {
            listener = fds[0];
            continue;
        }
        if (n_fds == 1)
            km_fd_closep(&fds[0]);
        if (status == KM_OK && len == 1 && text[0] == 'G') {
            has_walls = true;
            continue;
        }
        km_fd_closep(&listener);
        return KM_FAIL(err, has_walls ? KM_E_MALFORMED : KM_E_UNSUPPORTED, "%s",
                       status == KM_OK ? text : "no walls");
    }
    if (listener < 0)
        return KM_FAIL(err, KM_E_UNSUPPORTED,
                       "the function's process ended before its walls stood");
    *ret_listener = listener;
    return KM_OK;
}

/* Who watches needs no more rights than who is watched: its user may end its processes. */
static km_status step_down(struct km_err *err, const struct km_host_order *order)
{
    KM_TRY(km_host_user(err, order));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return KM_FAIL_ERRNO(err, "can't give up rights");
    return KM_OK;
}

static km_status watch(struct km_err *err, struct km_host_run *run, struct ends *ends,
                       struct km_host_outcome *ret)
{
    km_status status = hear(err, ends->line[0], &run->forward.listener);
    if (status == KM_OK)
        status = step_down(err, run->order);
    if (status != KM_OK) {
        (void)kill(run->pid, SIGKILL);
        return status;
    }
    run->answer = ends->answer[0];
    run->log = ends->log[0];
    run->forward.target = run->order->endpoint;
    if (run->order->endpoint.len == 0)
        km_fd_closep(&run->forward.listener);
    status = km_host_watch(err, run, ret);
    km_host_forward_clear(&run->forward);
    return status;
}

static void run_clear(struct km_host_run *run)
{
    free(run->answer_bytes);
    free(run->log_bytes);
    km_fd_closep(&run->pidfd);
}

static km_status run_order(struct km_err *err, const struct km_host_order *order,
                           struct km_host_run *run, struct km_host_outcome *ret)
{
    KM_AUTO(ends_clear)
    struct ends ends = {-1, {-1, -1}, {-1, -1}, {-1, -1}};
    KM_TRY(open_ends(err, order, &ends));
    const struct km_host_child child = {.order = order,
                                        .event = ends.event,
                                        .answer = ends.answer[1],
                                        .log = ends.log[1],
                                        .line = ends.line[1],
                                        .other_end = ends.line[0]};
    run->order = order;
    run->answer_bytes = malloc(KM_FUNCTION_PAYLOAD_MAX + 2);
    run->log_bytes = malloc(KM_HOST_LOG_MAX);
    if (run->answer_bytes == NULL || run->log_bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for what a function answers");
    KM_TRY(km_host_spawn(err, &child, &run->pid));
    km_fd_closep(&ends.answer[1]);
    km_fd_closep(&ends.log[1]);
    km_fd_closep(&ends.line[1]);
    run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    if (run->pidfd < 0 || fcntl(run->pidfd, F_SETFD, FD_CLOEXEC) != 0)
        return KM_FAIL_ERRNO(err, "can't watch the function's process");
    return watch(err, run, &ends, ret);
}

static int tell(const struct km_host_outcome *outcome)
{
    size_t cap = outcome->answer.len + outcome->log.len + 1024;
    KM_AUTO(km_freep) uint8_t *bytes = malloc(cap);
    if (bytes == NULL)
        return EXIT_FAILURE;
    struct km_wr wr = km_wr_init(bytes, cap);
    struct km_slice out = {0};
    km_host_outcome_write(&wr, outcome);
    if (!km_wr_finish(&wr, &out) || write(KM_HOST_OUTCOME_FD, out.ptr, out.len) != (ssize_t)out.len)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

/* The order stays mapped to the end: everything in it is used where it lies. */
static bool read_order(struct km_host_order *ret)
{
    struct stat st = {0};
    if (fstat(KM_HOST_ORDER_FD, &st) != 0 || st.st_size <= 0 ||
        (size_t)st.st_size > KM_HOST_ORDER_MAX)
        return false;
    size_t len = (size_t)st.st_size;
    void *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, KM_HOST_ORDER_FD, 0);
    return bytes != MAP_FAILED && km_host_order_read(KM_SLICE(bytes, len), ret);
}

/* Dies with the runner, whose process id the command line tells. */
static bool is_child_of(const char *runner)
{
    unsigned long pid = 0;
    return km_option_digits(runner, 10, INT32_MAX, &pid) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           (unsigned long)getppid() == pid;
}

int main(int argc, char **argv)
{
    struct km_host_order order = {.is_check = false};
    struct km_host_run run = {.pidfd = -1, .forward = {.listener = -1}};
    struct km_host_outcome outcome = {.end = KM_HOST_NO_WALL};
    struct km_err err = {.status = KM_OK};
    if (argc != 2 || !is_child_of(argv[1]) || fcntl(KM_HOST_ORDER_FD, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(KM_HOST_OUTCOME_FD, F_SETFD, FD_CLOEXEC) != 0 || !read_order(&order)) {
        (void)fprintf(stderr, "keymoor-function-host: started by keymoor-cloud-rules alone\n");
        return 2;
    }
    /* Whatever else the runner had from whoever started it is not for functions. */
    if (close_range(KM_HOST_OUTCOME_FD + 1, ~0u, 0) != 0)
        return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    km_status run_status = run_order(&err, &order, &run, &outcome);
    if (run_status == KM_E_MALFORMED && !order.is_python)
        outcome = (struct km_host_outcome){
            .end = KM_HOST_EXITED, .code = NOT_STARTED, .log = KM_SLICE_STR(err.text)};
    else if (run_status != KM_OK)
        outcome = (struct km_host_outcome){.end = KM_HOST_NO_WALL, .text = KM_SLICE_STR(err.text)};
    int status = tell(&outcome);
    run_clear(&run);
    /* Not dumpable, it can't be searched for leaks at its end either. */
    _exit(status);
}
