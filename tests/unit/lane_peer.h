/* SPDX-License-Identifier: Apache-2.0 */
/* An instance for the tests of the channel and of the client library: a child that answers calls. */
#ifndef KM_TEST_LANE_PEER_H
#define KM_TEST_LANE_PEER_H

#include <sys/types.h>

#include "tee/channel/lane.h"

/* Commands. Each reference and value of the call takes part. */
enum lane_peer_command {
    PEER_NOTHING = 0, /* answers 0 */
    PEER_ECHO = 1,    /* values + 1; memory: each octet ^ 0x5a, outputs filled with 'A' + index */
    PEER_SIZES = 2,   /* outputs ask for one octet more than they have: SHORT_BUFFER */
    PEER_SUM = 3,     /* p0 memory in; p1 value out: sum of its octets, its size; result too */
    PEER_WAIT = 0x57414954, /* p0 value in: ms; sleeps until then or cancelled: result CANCEL */
    PEER_DIE = 0x44494521,  /* SIGKILL to itself; both are far from what flipped bits make */
    PEER_NULLS = 6,         /* result: bit i when reference i is NULL */
    PEER_IN_PLACE = 7,      /* result: bit i when reference i is used in place */
    PEER_CLOSED = 8,        /* result: how many sessions this instance has seen closed */
    PEER_LIES = 9,          /* as PEER_SIZES, but claims success */
};

#define PEER_ORIGIN 4u
#define PEER_CANCEL 0xFFFF0002u
#define PEER_SHORT 0xFFFF0010u
#define PEER_BAD_PARAMETERS 0xFFFF0006u

/* lane_peer_serve: answers calls on n lanes until the last client is gone; takes the lanes. */
void lane_peer_serve(struct km_lane_server **lanes, size_t n_lanes);
/* lane_peer_start: forks an instance with n lanes; the client's ends in ret_memory and ret_socks. */
pid_t lane_peer_start(size_t n_lanes, int *ret_memory, int *ret_socks);
/* lane_peer_start_shared: the same with a bell (borrowed; -1: none). */
pid_t lane_peer_start_shared(size_t n_lanes, int bell, int *ret_memory, int *ret_socks);

#endif
