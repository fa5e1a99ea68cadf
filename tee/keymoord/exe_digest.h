/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SHA-256 of a client's executable. A child process reads the file, because a file system of
 * the client's own making could hold up whoever reads from it; results are kept by device, inode,
 * times and size.
 */
#ifndef KM_EXE_DIGEST_H
#define KM_EXE_DIGEST_H

#include "tee/keymoord/loop.h"
#include "tee/keymoord/peer.h"

/* km_exe_digest_ask: answers through done(arg, peer) when peer->exe_sha256 or peer->exe_unknown is set; at once when
 * it is known. The peer is kept alive meanwhile. */
void km_exe_digest_ask(struct km_loop *loop, const struct km_trust *trust, struct km_peer *peer,
                       void (*done)(void *arg, struct km_peer *peer), void *arg);

#endif
