/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs functions as confined processes on a poll loop. Each run is a process tree of its own behind walls (docs/cloud-functions.md):
 * a user of its own where the runner is root, namespaces for processes, files and network, limits, a system call filter.
 * Its one way out is a TCP port of its own loopback that leads to the control plane. One thread.
 */
#ifndef KM_RUNNER_H
#define KM_RUNNER_H

#include <sys/types.h>

#include "cloud/functions/function.h"
#include "cloud/functions/invoke.h"
#include "common/km_loop.h"

#define KM_RUNNER_PARALLEL_MAX 64u
#define KM_RUNNER_WAITING_MAX 1024u     /* that wait for a place and somebody waits for */
#define KM_RUNNER_SPOOL_MAX 100000u     /* events on disk */
#define KM_RUNNER_ATTEMPTS 3u           /* of an event that nobody waits for */
#define KM_RUNNER_EVENT_AGE_MAX_S 21600 /* then it is given up, whatever the attempts */
#define KM_RUNNER_LOG_FILE_MAX                                                                     \
    ((size_t)1 << 20) /* of a function; one older file is kept beside it */
#define KM_RUNNER_LOG_RUN_MAX ((size_t)256 << 10)

/* Temporary credentials for one run, valid until after its timeout. */
struct km_runner_credentials {
    char key_id[129];
    char secret[129];
    char token[1025];
};

/* What the runner asks whoever embeds it. */
struct km_runner_calls {
    void *ctx;
    /*
     * load: the function that is meant, without its code, or KM_E_NOTFOUND. *ret lives until unload is called with *ret_handle, once,
     * before the next load.
     */
    km_status (*load)(void *ctx, struct km_err *err, const struct km_function_name *name,
                      struct km_function *ret, void **ret_handle);
    void (*unload)(void *ctx, void *handle);
    /* code: what load left out: the function's code, a view until unload. Asked for only when it is not unpacked already. */
    km_status (*code)(void *ctx, struct km_err *err, void *handle, struct km_slice *ret);
    /* mint: credentials of the function's account for lifetime_s seconds. */
    km_status (*mint)(void *ctx, struct km_err *err, const struct km_function *function,
                      unsigned lifetime_s, struct km_runner_credentials *ret);
    /* note: what the operator should know: a failure and the function it is about. */
    void (*note)(void *ctx, const struct km_err *err, const char *function);
    /* ended: a run of an event, whose outcome nobody else hears of; failure NULL: it went well. */
    void (*ended)(void *ctx, const struct km_function_name *function, const char *request_id,
                  const struct km_err *failure);
    /* now_ms: wall clock, ms since 1970. random: fills len bytes. */
    int64_t (*now_ms)(void *ctx);
    km_status (*random)(void *ctx, struct km_err *err, void *ret, size_t len);
};

struct km_runner_config {
    const char *state_dir;   /* spool/, code/ and log/ below it; made when missing, 0700 */
    const char *host_path;   /* the program keymoor-function-host */
    const char *runtime_dir; /* the folder with bootstrap.py */
    const char *region;
    /* http://HOST:PORT or https://...: the control plane; with TLS a name, or 127.0.0.1; NULL: functions reach nobody. */
    const char *endpoint;
    const char *ca_file; /* whom they trust there, PEM; NULL: nobody */
    unsigned parallel;   /* runs at a time, at most KM_RUNNER_PARALLEL_MAX */
    uid_t first_uid; /* as root: of the run in the first place, the others follow; 0: not as root */
    unsigned tmp_mb; /* of a run's /tmp */
    unsigned retry_ms; /* before the second attempt; doubled before the third */
};

struct km_runner;

/*
 * km_runner_new: takes up what the spool holds. KM_E_UNSUPPORTED with the wall's name when this machine can't build one.
 * config's strings and loop are borrowed until the runner is freed; calls is copied.
 */
km_status km_runner_new(struct km_err *err, struct km_loop *loop,
                        const struct km_runner_config *config, const struct km_runner_calls *calls,
                        struct km_runner **ret);
/* km_runner_free: ends what runs; events stay in the spool for the next start. */
void km_runner_free(struct km_runner *runner);
void km_runner_freep(struct km_runner **runner);

/*
 * km_runner_invoke: one request. done is called exactly once, perhaps before this returns: with failure NULL and the answer (borrowed), or
 * with the failure. For events that is when the event is safe on disk; for KM_INVOKE_WAIT when the run has ended.
 * The request is copied. Returns a ticket for km_runner_forget, or 0 when done was called already.
 */
typedef void km_runner_done(void *ctx, const struct km_err *failure,
                            const struct km_invoke_answer *answer);
uint64_t km_runner_invoke(struct km_runner *runner, const struct km_invoke *invoke,
                          km_runner_done *done, void *ctx);
/* km_runner_forget: whoever waited is gone: done won't be called, the run is ended. */
void km_runner_forget(struct km_runner *runner, uint64_t ticket);
/* km_runner_next_ms: when km_runner_tick has to be called at the latest, in ms from now; -1: no need. */
int km_runner_next_ms(const struct km_runner *runner);
void km_runner_tick(struct km_runner *runner);

struct km_runner_count {
    unsigned running, waiting, spooled;
    uint64_t n_runs, n_function_errors, n_timeouts, n_retries, n_given_up;
};
struct km_runner_count km_runner_count(const struct km_runner *runner);

#endif
