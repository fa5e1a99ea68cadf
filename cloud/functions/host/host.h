/* SPDX-License-Identifier: Apache-2.0 */
/* Inside keymoor-function-host: the process that watches one run, and the first steps of the process that becomes it. */
#ifndef KM_HOST_H
#define KM_HOST_H

#include <poll.h>
#include <sys/types.h>

#include "cloud/functions/host_wire.h"

/* Where things are for the function. */
#define KM_HOST_TASK "/var/task"
#define KM_HOST_RUNTIME "/var/runtime"
#define KM_HOST_CA "/etc/keymoor-ca.pem"
/* Python: the event and the answer. A program reads the event from standard input and answers on standard output. */
#define KM_HOST_EVENT_FD 3
#define KM_HOST_ANSWER_FD 4
/* What bootstrap.py writes before its answer. */
#define KM_HOST_MARK_READY 'I'  /* the code is loaded: the function's time begins */
#define KM_HOST_MARK_RESULT 'R' /* the handler's result follows, JSON */
#define KM_HOST_MARK_ERROR 'E'  /* a description of its failure follows, JSON */

/* What the child of the run needs, each opened by its parent. */
struct km_host_child {
    const struct km_host_order *order;
    int event;  /* readable */
    int answer; /* writable */
    int log;    /* writable */
    /* To the parent, SEQPACKET: the listener of its loopback, a word when the walls stand, a sentence when something failed;
     * closed by exec. */
    int line;
    int other_end; /* the parent's end of it, which the child must not hold open */
};

/* km_host_spawn: the child behind new namespaces; *ret_pid. */
km_status km_host_spawn(struct km_err *err, const struct km_host_child *child, pid_t *ret_pid);
/* km_host_files: the file system that it sees. */
km_status km_host_files(struct km_err *err, const struct km_host_order *order);
/* km_host_limits: limits, user, rights, system calls: nothing that comes later can undo one. */
km_status km_host_limits(struct km_err *err, const struct km_host_order *order);
/* km_host_user: becomes the order's user, if it names one. */
km_status km_host_user(struct km_err *err, const struct km_host_order *order);
/* km_host_loopback: brings it up and listens there; *ret_port in host order. */
km_status km_host_loopback(struct km_err *err, int *ret_fd, uint16_t *ret_port);

/* Connections of the function to the one place that it may reach. */
#define KM_HOST_N_WAYS_MAX 32u
#define KM_HOST_WAY_BUFFER 16384u
struct km_host_way {
    struct {
        int fd;
        bool has_ended; /* nothing more comes from here */
        size_t len, at; /* what came from here and is not with the other yet */
        uint8_t bytes[KM_HOST_WAY_BUFFER];
    } side[2];
};
struct km_host_forward {
    int listener;           /* in the function's network; -1: none */
    struct km_slice target; /* struct sockaddr */
    struct km_host_way *ways[KM_HOST_N_WAYS_MAX];
    size_t n_ways;
};
/* km_host_forward_poll: appends what to wait for; km_host_forward_serve: does what is possible, given the same array. */
size_t km_host_forward_poll(const struct km_host_forward *forward, struct pollfd *fds);
void km_host_forward_serve(struct km_host_forward *forward, const struct pollfd *fds, size_t n_fds);
void km_host_forward_clear(struct km_host_forward *forward);

/* km_host_watch: sees the run through to its end. The descriptors are this side's ends, not blocking; closed by the caller. */
struct km_host_run {
    const struct km_host_order *order;
    pid_t pid;
    int pidfd;
    int answer;
    int log;
    struct km_host_forward forward;
    uint8_t *answer_bytes; /* room for KM_FUNCTION_PAYLOAD_MAX + 2 */
    size_t answer_len;
    uint8_t *log_bytes; /* room for KM_HOST_LOG_MAX */
    size_t log_len;
    bool log_is_cut;
    bool is_ready; /* its own time has begun */
    int64_t began_ms;
    int64_t deadline_ms;
    enum km_host_end end; /* 0: goes on */
    uint32_t memory_kb;
};
km_status km_host_watch(struct km_err *err, struct km_host_run *run, struct km_host_outcome *ret);

/* km_host_memory_kb: what all processes of the run have for themselves; init is the first of them. */
uint32_t km_host_memory_kb(pid_t init);

#endif
