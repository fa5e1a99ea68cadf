/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Client API in the test's own process, with an application behind it that knows just enough of
 * the crypto commands to tell which session and which key a call reached. Its switches each give it
 * one bad behaviour.
 */
#ifndef FAKE_TEEC_H
#define FAKE_TEEC_H

#include <stdatomic.h>

#include "include/tee_client_api.h"

#define FAKE_COMMANDS 0x80u

struct fake_teec {
    atomic_bool is_down;        /* nothing answers at the socket */
    atomic_uint max_sessions;   /* BUSY beyond; 0: no limit */
    atomic_uint deadly_command; /* the session that gets it dies; FAKE_COMMANDS: none */
    atomic_uint n_deaths;       /* how many more die of it */
    atomic_uint version;        /* what VERSION answers */
    atomic_uint pause_us;       /* how long each command takes */
    atomic_bool is_malformed;   /* lists and infos are a torn octet short */
    /* What was seen. */
    atomic_uint n_open;                            /* sessions open now */
    atomic_uint n_opened;                          /* ever */
    atomic_uint n_keys, n_operations, n_passwords; /* ids in use in open sessions */
    atomic_uint n_collisions;                      /* two calls at once in one session */
    atomic_uint n_wrong_passwords;
    atomic_uint n_in_place; /* parameters that were registered memory */
    atomic_uint n_calls[FAKE_COMMANDS];
};

extern struct fake_teec fake;

/* fake_reset: an empty store, no switches, no counts; sessions stay. */
void fake_reset(void);
/* fake_kill: all sessions are dead, as after a kill of the service. */
void fake_kill(void);
/* fake_add_password: a password object; fake_replace_key: the name stands for another key. */
void fake_add_password(const char *name, const char *password);
void fake_replace_key(const char *name);

#endif
