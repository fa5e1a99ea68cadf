/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a socket, by the kernel's word alone: ids, groups, the process and its
 * executable at the time it was accepted. Shared by the connection and the sessions it opened.
 */
#ifndef KM_PEER_H
#define KM_PEER_H

#include <sys/types.h>

#include "common/km_bytes.h"
#include "common/km_loop.h"
#include "common/km_uuid.h"
#include "tee/keymoord/trust.h"

#define KM_PEER_GROUPS_MAX 256

struct km_peer {
    struct km_watch gone_watch; /* first: its process, when that can be watched */
    struct km_loop *loop;
    unsigned refs;
    uid_t uid;
    gid_t gid;
    pid_t pid;
    gid_t groups[KM_PEER_GROUPS_MAX];
    size_t n_groups;
    bool is_admin;
    int exe_fd; /* O_PATH, so that a file system of the peer's own can't make us wait; -1: none */
    bool gone;  /* the process has ended */
    char exe[256];       /* its path, for the audit */
    char exe_sha256[65]; /* hex, once somebody asked; "" before */
    bool exe_unknown;    /* it was asked for and can't be told */
};

/* km_peer_new: the peer of a connected socket; loop watches its process. Returns owned. */
km_status km_peer_new(struct km_err *err, struct km_loop *loop, int sock,
                      struct km_peer **ret_peer);
struct km_peer *km_peer_ref(struct km_peer *peer);
void km_peer_unref(struct km_peer *peer);
/* km_peer_same: whether both are one process that has not changed its rights or executable, and lives. */
bool km_peer_same(const struct km_peer *a, const struct km_peer *b);
bool km_peer_in_group(const struct km_peer *peer, gid_t gid);
/*
 * km_peer_unit: the system unit that the process runs in, e.g. "mosquitto.service". Units of users'
 * own managers are left out: a user can call them as he likes. KM_E_NOTFOUND.
 */
km_status km_peer_unit(const struct km_peer *peer, char *ret, size_t cap);
/* km_peer_unit_parse: the same from the text of /proc/PID/cgroup. A pure function. */
KM_MUST_USE bool km_peer_unit_parse(struct km_slice text, char *ret, size_t cap);

/*
 * km_peer_login: the client's UUID for a login method. KM_E_DENIED when it may not use it, KM_E_UNSUPPORTED for an
 * unknown one, KM_E_STATE when the executable's digest is needed first.
 */
km_status km_peer_login(struct km_err *err, const struct km_peer *peer,
                        const struct km_trust *trust, uint32_t login, uint32_t data,
                        struct km_uuid *ret_uuid);
/* km_uuid_v5: RFC 4122, 4.3 with SHA-1, under the Linux TEE namespace. */
km_status km_uuid_v5(struct km_err *err, const struct km_trust *trust, const char *name,
                     struct km_uuid *ret_uuid);

#endif
