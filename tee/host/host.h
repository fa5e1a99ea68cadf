/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keymoor-host: the process around one trusted application.
 *
 * keymoord starts it once per TA as the *template*: it confines itself, loads the verified program
 * and then forks an *instance* whenever it is asked, so that an instance costs a fork and no
 * loading. Only an instance opens the store, holds a key or speaks with a client.
 */
#ifndef KM_HOST_H
#define KM_HOST_H

#include <signal.h>
#include <sys/types.h>

#include "tee/host/confine.h"
#include "tee/host/control.h"
#include "tee/host/crypto_policy.h"
#include "tee/runtime/runtime.h"

#define KM_HOST_EXIT_PANIC 70  /* the TA panicked; the code went over the line */
#define KM_HOST_EXIT_FAILED 71 /* the instance could not be set up */

/* What the template prepares and every instance inherits by the fork. */
struct km_host {
    int control;      /* the template's line */
    sigset_t sigmask; /* of an instance, and of the template while it waits */
    struct km_uuid ta;
    uint32_t demanded; /* confinements */
    uint32_t mask;     /* in force in the template */
    uint32_t flags;    /* of the SETUP */
    size_t heap_max;
    struct km_crypto_policy crypto_policy;
    struct km_rt_property *properties; /* the TA's first, then the service's */
    size_t n_ta_properties, n_tee_properties;
    struct km_rt_entry entry;
    struct km_filter filter; /* the instance's system calls */
};

/* km_host_serve: the life of an instance in the forked child, from its first message to its end. */
void km_host_serve(const struct km_host *host, int control, pid_t template_pid)
    __attribute__((noreturn));

/* km_host_missing: KM_E_UNSUPPORTED with their names when `mask` lacks a demanded confinement. */
km_status km_host_missing(struct km_err *err, uint32_t demanded, uint32_t mask);

/* The line of an instance: questions wait for their answer, lanes that come meanwhile are kept. */
#define KM_LINE_LANES_MAX 32
struct km_line_lane {
    uint64_t session;
    struct km_ctl_client client;
    int fds[2];
};
struct km_line {
    int sock;
    uint32_t serial;
    struct km_line_lane lanes[KM_LINE_LANES_MAX]; /* not yet taken */
    size_t n_lanes;
    uint8_t buf[4096];
};

/*
 * km_line_take: the next new lane; waits for one when `wait`, else KM_E_BUSY. KM_E_STATE when none will come any more and
 * the instance is to end; KM_E_DEAD at the end of the line.
 */
km_status km_line_take(struct km_err *err, struct km_line *line, bool wait,
                       struct km_line_lane *ret);
/* km_line_ask: sends a question and waits for its answer, at most timeout_ms (-1: for ever). */
km_status km_line_ask(struct km_err *err, struct km_line *line, struct km_ctl_msg *question,
                      uint16_t answer_type, int timeout_ms, struct km_ctl_msg *ret_answer,
                      int ret_fds[2]);

/* Sessions to other trusted applications; as km_rt_host asks for them, with the line in front. */
TEE_Result km_peer_open(struct km_line *line, const TEE_UUID *ta, uint32_t timeout_ms,
                        uint32_t types, TEE_Param params[4], void **ret_session,
                        uint32_t *ret_origin);
TEE_Result km_peer_invoke(void *session, uint32_t timeout_ms, uint32_t command, uint32_t types,
                          TEE_Param params[4], uint32_t *ret_origin);
void km_peer_close(void *session);

#endif
