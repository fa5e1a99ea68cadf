/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's end of the bus (cloud/common/bus.h), on a thread of its own: a slow or silent program costs the broker nothing. What
 * programs ask for goes into the broker's inbox; when that is full they wait, and nothing of it is lost.
 */
#ifndef BROKER_HUB_H
#define BROKER_HUB_H

#include <sys/types.h>

#include "cloud/broker-plugin/letter.h"
#include "cloud/common/bus.h"

#define HUB_PROGRAMS_MAX 64
#define HUB_QUEUE_MAX (8u * 1024 * 1024) /* octets that wait for one program, and for the hub */

/* The filters of all programs, each once: those that are watched or served, and those that are served. */
struct watches {
    char **filters;
    size_t n;
    char **served;
    size_t n_served;
};
void watches_free(void *watches);
/* watches_match: whether a program wants messages with this topic. NULL: none does. */
bool watches_match(const struct watches *watches, struct km_slice topic);
/* watches_serve: whether a program answers what devices ask there. */
bool watches_serve(const struct watches *watches, struct km_slice topic);

struct hub_config {
    const char *path;        /* of the socket; borrowed until the hub is freed */
    gid_t group;             /* (gid_t)-1: leave it */
    int bell;                /* a non-blocking eventfd that wakes the hub; borrowed likewise */
    struct letterbox *inbox; /* for LETTER_PUBLISH, _COPY, _KICK, _WATCHES and _LOG; borrowed */
    void (*changed)(
        void *arg); /* a program says that the registry has changed; on the hub's thread */
    void *arg;
};

struct hub;

/* hub_new: listens, and starts the thread. KM_E_BUSY when another broker has the path. Returns owned. */
km_status hub_new(struct km_err *err, const struct hub_config *config, struct hub **ret);
/* hub_free: ends the thread and all connections; waits for that. NULL is allowed. */
void hub_free(struct hub *hub);
/*
 * hub_tell: hands LETTER_MESSAGE to the programs that watch its topic, LETTER_ANSWER to the one that it names; takes the letter. What
 * does not fit is counted as lost.
 */
void hub_tell(struct hub *hub, struct letter *message);

#endif
