/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a connection ended the broker tells its plugins nowhere, but it logs it just before it calls them. Where it logs to standard error
 * what it writes there passes through here, and out again as it is.
 */
#ifndef BROKER_OVERHEARD_H
#define BROKER_OVERHEARD_H

#include "cloud/broker-plugin/conn.h"

/* overheard_start: for the thread that calls it. When memory is short nothing is overheard. */
void overheard_start(void);
/* overheard_stop: standard error is again what it was. */
void overheard_stop(void);
/*
 * overheard_ending: what the last line says of the end of this client's connection; ENDING_UNKNOWN: nothing. A line is good for one
 * question.
 */
enum ending overheard_ending(const char *client_id);
/* ending_told: what a line of the broker's log says of it. Pure. */
enum ending ending_told(const char *line, const char *client_id);

#endif
