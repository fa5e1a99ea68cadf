/* SPDX-License-Identifier: Apache-2.0 */
/* A program's end of the buses: one link a broker, made anew when it breaks. One thread. */
#ifndef KM_CLOUD_LINK_H
#define KM_CLOUD_LINK_H

#include "cloud/common/bus.h"
#include "common/km_loop.h"

#define LINKS_MAX 16
#define LINK_RETRY_MS 500
#define LINK_QUEUE_MAX (4u * 1024 * 1024) /* octets that wait for one broker to take them */
#define LINK_STALL_MS 2000                /* how long a broker that takes nothing is waited for */
#define LINK_ANY LINKS_MAX

struct links;
struct links_host {
    void *ctx;
    void (*message)(void *ctx, const struct km_bus_frame *frame);
    /* note: a link went up or down, or takes nothing at present (failure), or a broker lost messages (n_lost). */
    void (*note)(void *ctx, const char *path, const struct km_err *failure, uint64_t n_lost);
};

/* links_new: to the brokers whose buses are at these paths, as name (both borrowed); connects on the first tick. Returns owned. */
km_status links_new(struct km_err *err, struct km_loop *loop, const char *name,
                    const char *const *paths, size_t n_paths, const struct links_host *host,
                    struct links **ret);
void links_freep(struct links **links);
/* links_watch: the topic filters of messages that are wanted from now on; copies. */
km_status links_watch(struct km_err *err, struct links *links, const char *const *filters,
                      size_t n_filters);
/* links_serve: the topic filters of what devices ask and this program answers; static storage. Before the first tick. */
void links_serve(struct links *links, const char *const *filters, size_t n_filters);
/* links_asking: within host->message, the link that it came by, for links_publish. */
size_t links_asking(const struct links *links);
/* links_answer: within host->message, to the broker that it came from. KM_E_BUSY: too much waits for that broker, KM_E_DEAD, KM_E_ARG. */
km_status links_answer(struct km_err *err, struct links *links, const struct km_bus_frame *frame);
/*
 * links_publish: a PUBLISH to the broker by whose link the cause of it came (LINK_ANY: there is none), or else to the first that takes it,
 * and copies to the others. KM_E_DEAD or KM_E_BUSY when none took it.
 */
km_status links_publish(struct km_err *err, struct links *links, size_t first,
                        const struct km_bus_frame *frame);
/* links_are_full: a broker does not keep up with what is published; whoever publishes more had better wait. Never for long. */
bool links_are_full(const struct links *links);
/* links_tick: connects where that is due. links_next_ms: in how many ms that is; -1: all stand. */
void links_tick(struct links *links);
int links_next_ms(const struct links *links);
unsigned links_n_up(const struct links *links);

#endif
