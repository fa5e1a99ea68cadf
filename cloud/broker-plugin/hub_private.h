/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the hub share. */
#ifndef BROKER_HUB_PRIVATE_H
#define BROKER_HUB_PRIVATE_H

#include <stdatomic.h>

#include "cloud/broker-plugin/hub.h"
#include "common/km_listen.h"
#include "common/km_loop.h"

/* A frame that waits; the octets stand behind it. */
struct frame {
    struct frame *next;
    size_t len;
    uint8_t octets[];
};

struct filters {
    char **texts;
    size_t n;
};

/* A program on the bus. */
struct program {
    struct km_watch watch; /* first; fd -1: a free place */
    struct hub *hub;
    uint64_t number; /* from 1; no other has had it */
    char name[64];
    bool is_greeted;
    struct filters watched, served;
    struct frame *first, *last;
    size_t queued; /* octets */
    uint64_t n_lost;
    struct letter *waiting; /* for room in the broker's inbox; meanwhile nothing is read */
};

struct hub {
    struct hub_config config;
    struct km_loop loop;
    struct km_listen listener;
    struct km_watch accepts;
    struct km_watch wakes; /* of config.bell */
    struct letterbox box;
    pthread_t thread;
    bool is_started;
    atomic_bool is_over;
    atomic_uint_fast64_t n_lost; /* for want of room in the box */
    bool watches_moved;
    uint64_t last_number; /* that a program got */
    struct program programs[HUB_PROGRAMS_MAX];
    uint8_t *room; /* for one frame */
};

/* hub_log: a line for the broker's log; lost when its inbox is full. */
void hub_log(struct hub *hub, int level, const char *fmt, ...) KM_PRINTF(3, 4);

/* hub_tell_watches: gives the broker's thread the filters of all programs. Without memory, or room in its inbox, they stay moved. */
void hub_tell_watches(struct hub *hub);

/* program_start: somebody has connected; takes fd. */
void program_start(struct hub *hub, int fd);
/* program_end: why is for the log. */
void program_end(struct program *program, const char *why);
/* program_send: queues a frame, or counts it as lost; program_flush sends what the socket takes. */
void program_send(struct program *program, const struct km_bus_frame *frame);
void program_flush(struct program *program);
/* program_retry: whether the letter that waited has gone. */
bool program_retry(struct program *program);
bool filters_match(const struct filters *filters, struct km_slice topic);

#endif
