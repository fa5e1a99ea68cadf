/* SPDX-License-Identifier: Apache-2.0 */
/* Where a tunnel listens. */
#ifndef TUNNEL_LISTEN_H
#define TUNNEL_LISTEN_H

#include "common/km_listen.h"
#include "tools/tunnel/options.h"

/*
 * tunnel_listen: a Unix socket, a TCP port or the socket from systemd. KM_E_DENIED when the address is no loopback
 * address and that was not asked for. Logs where it listens.
 */
km_status tunnel_listen(struct km_err *err, const struct tunnel_options *opt,
                        struct km_listen *ret);

#endif
