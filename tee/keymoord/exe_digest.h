/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SHA-256 of a client's executable. A child process reads the file, because a file system of
 * the client's own making could hold up whoever reads from it; results are kept by device, inode,
 * times and size.
 */
#ifndef KM_EXE_DIGEST_H
#define KM_EXE_DIGEST_H

#include "common/km_loop.h"
#include "tee/keymoord/peer.h"

#define KM_EXE_DIGEST_JOBS_MAX 8     /* processes that read at once */
#define KM_EXE_DIGEST_JOBS_UID_MAX 2 /* and on behalf of one user */

/*
 * km_exe_digest_ask: answers through done(arg, peer, status): KM_OK when peer->exe_sha256 or
 * peer->exe_unknown is set, at once when it is known; KM_E_BUSY, at once, when too many are being read: nothing is
 * known then, and it may be asked again. Who asks for a file that is being read waits for the same reader. The peer
 * is kept alive meanwhile.
 */
typedef void km_exe_digest_done(void *arg, struct km_peer *peer, km_status status);
void km_exe_digest_ask(struct km_loop *loop, const struct km_trust *trust, struct km_peer *peer,
                       km_exe_digest_done *done, void *arg);

#endif
