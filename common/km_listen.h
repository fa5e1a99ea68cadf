/* SPDX-License-Identifier: Apache-2.0 */
/* The Unix socket that a daemon's clients connect to, made or passed by systemd, and the word to systemd. */
#ifndef KM_LISTEN_H
#define KM_LISTEN_H

#include <sys/types.h>

#include "common/km_status.h"

struct km_listen {
    int fd;
    const char *path; /* to remove at the end; NULL when systemd owns it */
    dev_t dev;        /* of the socket we made: nobody else's is removed */
    ino_t ino;
};

struct km_listen_wish {
    const char *
        path; /* borrowed until it is closed. NULL: systemd has to pass one, which then need not be a Unix socket */
    int type; /* SOCK_SEQPACKET or SOCK_STREAM */
    mode_t mode;
    gid_t gid;          /* (gid_t)-1: leave it */
    int backlog;        /* connections that may wait to be accepted */
    bool names_senders; /* each message tells who sent it (SO_PASSCRED) */
};

/*
 * km_listen_open: the socket that systemd passed, or one made at the path, not blocking. KM_E_BUSY when a live service
 * listens there, KM_E_DENIED when it belongs to somebody else, KM_E_EXISTS when it is no socket; a stale one of our own
 * is replaced.
 */
km_status km_listen_open(struct km_err *err, const struct km_listen_wish *wish,
                         struct km_listen *ret);
void km_listen_close(struct km_listen *listener);

/* km_notify: tells the service manager, e.g. "READY=1"; nothing happens when there is none. */
void km_notify(const char *state);

#endif
