/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is logged in to the console, at all control planes of a registry. A session's id is the SHA-256 of its token, in hexadecimal
 * digits: the token itself is its browser's alone. Not in the change feed: who is asked for a session looks here.
 */
#ifndef KM_REGISTRY_CONSOLE_H
#define KM_REGISTRY_CONSOLE_H

#include "cloud/registry/registry.h"

#define KM_REGISTRY_CONSOLE_MAX 1024 /* sessions; the one that was idle for longest makes room */
#define KM_REGISTRY_CONSOLE_TEXT_MAX 256

struct km_registry_console {
    const char *account;
    const char *name; /* of the user */
    const char *csrf; /* what its requests have to bring */
    int64_t idle_ms;  /* how long ago it was used; not looked at by add */
};

/* When a session is over: unused for so long, or begun so long ago. */
struct km_registry_console_limits {
    int64_t idle_ms;
    int64_t life_ms;
};

/* km_registry_console_add: begins now, and removes what is over. KM_E_NOTFOUND: no such account. */
km_status km_registry_console_add(struct km_registry *reg, const char *id,
                                  const struct km_registry_console *session,
                                  const struct km_registry_console_limits *limits);
/* km_registry_console_get: KM_E_NOTFOUND: there is none, or it is over. */
km_status km_registry_console_get(struct km_registry *reg, struct km_arena *arena, const char *id,
                                  const struct km_registry_console_limits *limits,
                                  struct km_registry_console *ret);
/* km_registry_console_use: it is used now. KM_E_NOTFOUND. */
km_status km_registry_console_use(struct km_registry *reg, const char *id);
/* km_registry_console_end: one that is not there is none any more. */
km_status km_registry_console_end(struct km_registry *reg, const char *id);
/* km_registry_console_end_all: all of one user. */
km_status km_registry_console_end_all(struct km_registry *reg, const char *account,
                                      const char *name);

#endif
