/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a connection, by the kernel's word alone, and whether he may use the tunnel. */
#ifndef TUNNEL_WHO_H
#define TUNNEL_WHO_H

#include <sys/socket.h>

#include "common/km_bytes.h"
#include "tools/tunnel/options.h"

#define WHO_TEXT_MAX 96
#define WHO_GROUPS_MAX 64

struct who {
    char text[WHO_TEXT_MAX]; /* for the log */
    struct sockaddr_storage from, to;
    bool is_local; /* a process of this machine, and uid is its user */
    uid_t uid;
    gid_t groups[WHO_GROUPS_MAX]; /* of a Unix socket's peer */
    size_t n_groups;
};

/*
 * who_ask: the peer of a connected socket. A TCP peer on the loopback is asked for at the kernel (sock_diag); whom it
 * does not know (any more) is not local.
 */
km_status who_ask(struct km_err *err, int fd, struct who *ret);
/* who_may: a client's tunnel is for its own user, root, and those who were allowed; a server's tunnel for everybody. */
bool who_may(const struct tunnel_options *opt, const struct who *who);

/* who_is_loopback: an address of this machine alone. */
bool who_is_loopback(const struct sockaddr_storage *address);

/*
 * who_diag_parse: the owner of a socket from the kernel's answer to one sock_diag request; false for anything but a
 * socket that a process has. A pure function.
 */
KM_MUST_USE bool who_diag_parse(struct km_slice answer, uid_t *ret_uid);

#endif
