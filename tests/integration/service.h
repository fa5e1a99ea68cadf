/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keymoord of the build tree for one test program: in a temporary directory, with the packages and
 * keys of the build, ended by pid. Everything fails the test (cmocka) when it can't be done.
 */
#ifndef KM_TEST_SERVICE_H
#define KM_TEST_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct km_service;

/*
 * km_service_start: starts keymoord with these further arguments (NULL-terminated, may be NULL),
 * waits until it accepts connections, and sets KEYMOOR_SOCKET. Returns owned.
 */
struct km_service *km_service_start(const char *const *more_args);
/* km_service_prepare: the same up to where keymoord would be started (for km_service_resume). */
struct km_service *km_service_prepare(const char *const *more_args);
/* km_service_stop: ends it and removes the directory. NULL is allowed. */
void km_service_stop(struct km_service *service);
/* km_service_signal: sends a signal to keymoord; with KILL or TERM it has ended when this returns. */
void km_service_signal(struct km_service *service, int signal);
/* km_service_resume: starts it again on the same state, after it has ended. */
void km_service_resume(struct km_service *service);

/* Paths live as long as the service. dir holds state/, sock and keymoord.log. */
const char *km_service_dir(const struct km_service *service);
const char *km_service_state_dir(const struct km_service *service);
const char *km_service_socket(const struct km_service *service);
pid_t km_service_pid(const struct km_service *service);

/*
 * km_service_instances: the processes that run trusted applications for clients (not the templates
 * that they come from); answers how many, at most max.
 */
size_t km_service_instances(const struct km_service *service, pid_t *ret_pids, size_t max);
/* km_service_await_end: until each of these processes, killed before, is no more or only waited for. */
void km_service_await_end(const pid_t *pids, size_t n);

/*
 * km_service_run: runs a program with its standard output and error going to out (cut at cap, ends
 * with a NUL); answers its exit status, or -1 when a signal ended it.
 */
int km_service_run(const char *const *argv, char *out, size_t cap);
/* km_service_program: the path of a program of the build tree, static storage. */
const char *km_service_program(const char *name);

#endif
