/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of keymoord. */
#ifndef KM_OPTIONS_H
#define KM_OPTIONS_H

#include <stdio.h>
#include <sys/types.h>

#include "common/km_status.h"

#define KM_OPTIONS_LIST_MAX 16

struct km_options {
    const char *state_dir;
    const char *socket_path;
    mode_t socket_mode;
    gid_t socket_gid; /* (gid_t)-1: leave it */
    gid_t admin_gid;  /* whose members are administrators; (gid_t)-1: nobody's */
    const char *ta_dirs[KM_OPTIONS_LIST_MAX];
    size_t n_ta_dirs;
    const char *ta_keys[KM_OPTIONS_LIST_MAX];
    size_t n_ta_keys;
    const char *root;          /* NULL: soft:STATE/root.secret */
    const char *audit;         /* NULL: STATE/audit.jsonl */
    const char *crypto_policy; /* NULL: the default file, if it is there */
    const char *host;          /* NULL: beside keymoord, or where it is installed */
    uint32_t confine_demanded;
    uint32_t uid_base; /* 0: no users of their own */
    unsigned max_sessions, max_sessions_per_uid;
    bool ta_stderr;
    bool verbose;
    bool help, version; /* asked for, nothing else counts */
};

/* km_options_parse: the defaults and what argv says; *ret borrows argv. KM_E_ARG with a sentence. */
km_status km_options_parse(struct km_err *err, int argc, char **argv, struct km_options *ret);
void km_options_usage(FILE *out);

#endif
