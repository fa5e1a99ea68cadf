/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread with open files of its own, on which the plugin opens and uses all of its files and sockets.
 *
 * While the threads of a process share its table of open files, the kernel counts who uses a file in each call that names one, which
 * costs a broker of many small calls a tenth of its time. Here only the broker's thread is left with the broker's files, and those
 * that this thread starts share its own. SQLite's locks are such a table's too: that is why not just those that wait have gone, but
 * every use of the registry.
 */
#ifndef BROKER_DESK_H
#define BROKER_DESK_H

#include "common/km_status.h"

/* ThreadSanitizer knows one table a process: equal numbers in two are one file to it, over which threads race. */
#if defined(__SANITIZE_THREAD__)
#define DESK_PARTS_FILES false
#else
#define DESK_PARTS_FILES true
#endif

/* What the broker's thread wakes the others by: eventfds, the only files that both sides have. */
enum desk_bell { DESK_BELL_SCRIBE, DESK_BELL_HUB, DESK_N_BELLS };

struct desk;

/* desk_new: starts the thread; signals are not for it, nor for those that it starts. Returns owned. */
km_status desk_new(struct km_err *err, struct desk **ret);
/* desk_free: ends the thread and waits for that; what was opened on it is to be closed before. NULL is allowed. */
void desk_free(struct desk *desk);
/* desk_do: calls fn on the thread and waits until it has returned. For the broker's thread alone. */
void desk_do(struct desk *desk, void (*fn)(void *arg), void *arg);
/* desk_bell: non-blocking, by the same number on both sides; borrowed until desk_free. */
int desk_bell(const struct desk *desk, enum desk_bell bell);

#endif
