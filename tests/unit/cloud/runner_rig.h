/* SPDX-License-Identifier: Apache-2.0 */
/* A runner with its state in a temporary directory, and functions whose code stands in the tests. */
#ifndef RUNNER_RIG_H
#define RUNNER_RIG_H

#include "cloud/functions/runner.h"
#include "tests/unit/km_test.h"

#define RIG_SECRET "rig-secret-access-key-0123456789"
#define RIG_ACCOUNT "123456789012"

struct rig_function {
    const char *name;
    const char *runtime; /* NULL: python3.8 */
    const char *handler; /* NULL: f.handler */
    const char *source;  /* of f.py in an archive; for programs the program */
    unsigned timeout_s;  /* 0: 20 */
    const struct km_function_variable *variables;
    size_t n_variables;
};

struct rig {
    char dir[64];
    struct km_loop loop;
    struct km_runner *runner;
    struct km_runner_config config;
    const struct rig_function *functions;
    size_t n_functions;
    uint8_t archive[65536];
    size_t archive_len;
    struct km_runner_credentials credentials;
    unsigned n_outages; /* loads that fail as if the registry were gone */
    /* What was heard last. */
    unsigned n_done, n_notes, n_ended_well, n_ended_badly;
    struct km_err failure;
    struct km_invoke_answer answer; /* payload owned by the rig */
};

/* rig_first_uid: as root the first of the users that functions run as; nobody else's on this machine, for who counts processes counts a user's. */
uid_t rig_first_uid(void);
/* rig_new: not started yet; without rights to be others functions run as who runs the test. */
struct rig *rig_new(const struct rig_function *functions, size_t n_functions);
void rig_start(struct rig *rig);
/* rig_stop: ends the runner, keeps the state. rig_free: and takes the state away. */
void rig_stop(struct rig *rig);
void rig_free(struct rig *rig);
/* rig_ask: one request without waiting for its end. */
uint64_t rig_ask(struct rig *rig, enum km_invoke_kind kind, const char *function,
                 const char *payload);
/* rig_turn: once around the loop. */
void rig_turn(struct rig *rig);
/* rig_wait: until that many requests were answered. rig_idle: until nothing runs and nothing is due at once. */
void rig_wait(struct rig *rig, unsigned n_done);
void rig_idle(struct rig *rig);
/* rig_call: a request that is waited for; what it answered. It fails the test when it could not be run. */
const char *rig_call(struct rig *rig, const char *function, const char *payload);
/* rig_log: the log of a function. Returns owned. */
char *rig_log(struct rig *rig, const char *function);
/* rig_n_processes: processes on this machine with that word in their command line. */
unsigned rig_n_processes(const char *word);

#endif
