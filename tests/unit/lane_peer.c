/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/lane_peer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_sock.h"

#define LANES_MAX 100
#define FDS_MAX 1024

static uint32_t n_closed;

static bool is_mem(const struct km_lane_param *param)
{
    return param->type >= KM_PARAM_MEM_IN;
}

static uint32_t echo(struct km_lane_call *call)
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        struct km_lane_param *param = &call->params[i];
        uint8_t *bytes = (uint8_t *)param->buffer;
        param->a++;
        param->b++;
        if (param->type == KM_PARAM_MEM_OUT && param->size > 0)
            memset(bytes, 'A' + (int)i, param->size);
        for (size_t k = 0; param->type == KM_PARAM_MEM_INOUT && k < param->size; k++)
            bytes[k] ^= 0x5a;
    }
    return 0;
}

static uint32_t sum(struct km_lane_call *call)
{
    const uint8_t *bytes = (const uint8_t *)call->params[0].buffer;
    uint32_t total = 0;
    for (size_t k = 0; k < call->params[0].size; k++)
        total += bytes[k];
    call->params[1].a = total;
    call->params[1].b = (uint32_t)call->params[0].size;
    return total;
}

static uint32_t each(struct km_lane_call *call)
{
    uint32_t result = 0;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        struct km_lane_param *param = &call->params[i];
        if (!is_mem(param))
            continue;
        if ((call->command == PEER_SIZES || call->command == PEER_LIES) &&
            param->type != KM_PARAM_MEM_IN) {
            param->size++;
            result = call->command == PEER_SIZES ? PEER_SHORT : 0;
        } else if (call->command == PEER_NULLS
                       ? param->buffer == NULL
                       : call->command == PEER_IN_PLACE && param->in_place) {
            result |= 1u << i;
        }
    }
    return result;
}

static uint32_t serve(struct km_lane_server *lane, struct km_lane_call *call)
{
    n_closed += call->op == KM_LANE_CLOSE;
    if (call->op == KM_LANE_CLOSE)
        return 0;
    switch (call->command) {
    case PEER_ECHO:
        return echo(call);
    case PEER_SIZES:
    case PEER_LIES:
    case PEER_NULLS:
    case PEER_IN_PLACE:
        return each(call);
    case PEER_SUM:
        return sum(call);
    case PEER_WAIT:
        return km_lane_server_wait_cancel(lane, call->params[0].a) ? PEER_CANCEL : 0;
    case PEER_DIE:
        kill(getpid(), SIGKILL);
        return 0;
    case PEER_CLOSED:
        return n_closed;
    default:
        return 0;
    }
}

void lane_peer_serve(struct km_lane_server **lanes, size_t n_lanes)
{
    while (n_lanes > 0) {
        size_t at = 0;
        struct km_lane_call call = {0};
        km_status status = km_lane_server_wait(NULL, lanes, n_lanes, &at);
        if (status == KM_E_CANCELLED)
            continue;
        if (status == KM_E_DEAD) {
            km_lane_server_free(lanes[at]);
            lanes[at] = lanes[--n_lanes];
            continue;
        }
        if (status != KM_OK)
            _exit(3);
        uint32_t result = PEER_BAD_PARAMETERS;
        if (km_lane_server_take(NULL, lanes[at], &call) == KM_OK)
            result = serve(lanes[at], &call);
        km_lane_server_reply(lanes[at], &call, result, PEER_ORIGIN);
    }
}

/* What else the parent has open (a listener, other lanes) would seem alive through this process. */
static void close_others(size_t n_lanes, int bell, const int *memory, const int *socks)
{
    for (int fd = 3; fd < FDS_MAX; fd++) {
        bool ours = fd == bell;
        for (size_t i = 0; i < n_lanes; i++)
            ours = ours || fd == memory[i] || fd == socks[i];
        if (!ours)
            close(fd);
    }
}

static void child(size_t n_lanes, int bell, const int *memory, const int *socks)
{
    static struct km_lane_server *lanes[LANES_MAX];
    close_others(n_lanes, bell, memory, socks);
    if (bell >= 0 && km_lane_server_bell(NULL, bell) != KM_OK)
        _exit(4);
    for (size_t i = 0; i < n_lanes; i++) {
        if (km_lane_server_new(NULL, memory[i], socks[i], &lanes[i]) != KM_OK)
            _exit(2);
    }
    lane_peer_serve(lanes, n_lanes);
    _exit(0);
}

pid_t lane_peer_start(size_t n_lanes, int *ret_memory, int *ret_socks)
{
    return lane_peer_start_shared(n_lanes, -1, ret_memory, ret_socks);
}

pid_t lane_peer_start_shared(size_t n_lanes, int bell, int *ret_memory, int *ret_socks)
{
    int theirs[LANES_MAX];
    for (size_t i = 0; i < n_lanes; i++) {
        int pair[2] = {-1, -1};
        if (n_lanes > LANES_MAX || km_lane_memory_new(NULL, &ret_memory[i]) != KM_OK ||
            km_sock_pair(NULL, pair) != KM_OK)
            abort();
        ret_socks[i] = pair[0];
        theirs[i] = pair[1];
    }
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0)
        child(n_lanes, bell, ret_memory, theirs);
    for (size_t i = 0; i < n_lanes; i++)
        close(theirs[i]);
    return pid;
}
