/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files of the TLS demonstrations: lines of `key = value`; # begins a comment. */
#ifndef DEMO_CONF_H
#define DEMO_CONF_H

#include <stddef.h>

#define DEMO_CONF_VALUE_MAX 256

/* One key that a program knows. */
struct demo_conf_key {
    const char *name;
    char value[DEMO_CONF_VALUE_MAX]; /* its default before, and what the file says after reading */
    int is_required;
};

/*
 * demo_conf_read: 0, or -1 with one sentence on standard error: the file can't be read, a line is not understood or
 * too long, a key is unknown or given twice, a required one is missing.
 */
int demo_conf_read(const char *path, struct demo_conf_key *keys, size_t n_keys);
/* demo_conf_get: the value of one of these keys; "" when it has none. */
const char *demo_conf_get(const struct demo_conf_key *keys, size_t n_keys, const char *name);

#endif
