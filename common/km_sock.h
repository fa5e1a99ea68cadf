/* SPDX-License-Identifier: Apache-2.0 */
/* Unix SEQPACKET sockets: one message a call, descriptors beside it, everything close-on-exec. */
#ifndef KM_SOCK_H
#define KM_SOCK_H

#include "common/km_bytes.h"

#define KM_SOCK_FDS_MAX 8
#define KM_SOCKET_DEFAULT "/run/keymoor/keymoord.sock"
#define KM_SOCKET_ENV "KEYMOOR_SOCKET" /* ignored in set-uid programs */

/* km_sock_service_path: where the service listens unless a program says otherwise: what the environment says, or the default. */
const char *km_sock_service_path(void);

/* km_sock_pair: a connected SEQPACKET pair, close-on-exec. */
km_status km_sock_pair(struct km_err *err, int ret_fds[2]);
/* km_sock_connect: connects to the socket at path (KM_E_LIMIT when the path is too long). */
km_status km_sock_connect(struct km_err *err, const char *path, int *ret_fd);
/* km_sock_connect_stream: the same to a stream socket; neither this nor the descriptor blocks. KM_E_BUSY: too many wait there. */
km_status km_sock_connect_stream(struct km_err *err, const char *path, int *ret_fd);
/*
 * km_sock_send: one message with n_fds descriptors (borrowed). KM_E_DEAD when the peer is gone (no
 * SIGPIPE), KM_E_BUSY when the socket is non-blocking and full. Survives EINTR.
 */
km_status km_sock_send(struct km_err *err, int sock, struct km_slice msg, const int *fds,
                       size_t n_fds);
/*
 * km_sock_recv: one message into buf; KM_E_LIMIT when it was longer (and it is dropped), KM_E_DEAD at the end,
 * KM_E_BUSY when non-blocking and nothing is there, KM_E_MALFORMED when more than max_fds came (all are closed). *ret_fds are the
 * caller's to close, close-on-exec.
 */
km_status km_sock_recv(struct km_err *err, int sock, struct km_span buf, size_t *ret_len,
                       int *ret_fds, size_t max_fds, size_t *ret_n_fds);

#endif
