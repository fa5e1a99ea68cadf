/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of keymoor-cloud-rules. */
#ifndef COMPANION_OPTIONS_H
#define COMPANION_OPTIONS_H

#include <sys/types.h>

#include "cloud/common/link.h"

struct options {
    const char *registry; /* url */
    const char *key_file; /* that seals access keys */
    const char *account;
    const char *region;
    const char *state_dir;
    const char *socket; /* for requests for runs */
    mode_t socket_mode;
    gid_t socket_group; /* (gid_t)-1: the process's own */
    const char *buses[LINKS_MAX];
    size_t n_buses;
    const char *endpoint, *ca_file;
    const char *host_path, *runtime_dir; /* "": beside this program */
    unsigned parallel, first_uid, tmp_mb, retry_ms;
    bool logs_to_journal;
    bool wants_help, wants_version;
};

/* options_read: KM_E_ARG with a sentence that names the option. Strings are borrowed from argv. */
km_status options_read(struct km_err *err, int argc, char **argv, struct options *ret);
void options_help(void);

#endif
