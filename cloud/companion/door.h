/* SPDX-License-Identifier: Apache-2.0 */
/* Where requests for runs come in: the Unix socket that cloud/functions/invoke.h speaks to. */
#ifndef COMPANION_DOOR_H
#define COMPANION_DOOR_H

#include "cloud/functions/runner.h"
#include "common/km_listen.h"

#define DOOR_GUESTS_MAX 256
#define DOOR_BYTES_MAX ((size_t)64 << 20) /* of all requests and answers under way */

struct door;

/* door_open: wish's path is borrowed until it is closed, loop and runner too. Returns owned. */
km_status door_open(struct km_err *err, struct km_loop *loop, struct km_runner *runner,
                    const struct km_listen_wish *wish, struct door **ret);
/* door_closep: whoever still waits is hung up on. Before the runner is freed. */
void door_closep(struct door **door);

#endif
