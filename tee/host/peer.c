/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions from one trusted application to another: a lane like any other client's. */
#include <unistd.h>

#include "common/km_loop.h"
#include "tee/host/host.h"

static void uuid_octets(const TEE_UUID *ta, struct km_uuid *ret)
{
    struct km_wr wr = km_wr_init(ret->octet, sizeof(ret->octet));
    km_wr_u32be(&wr, ta->timeLow);
    km_wr_u16be(&wr, ta->timeMid);
    km_wr_u16be(&wr, ta->timeHiAndVersion);
    km_wr_bytes(&wr, KM_SLICE(ta->clockSeqAndNode, sizeof(ta->clockSeqAndNode)));
}

/* The two sides number parameter types alike; the words are only laid out differently. */
static void params_out(uint32_t types, const TEE_Param from[4],
                       struct km_lane_client_param to[KM_LANE_PARAMS])
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        uint8_t type = (uint8_t)((types >> (4 * i)) & 0xf);
        to[i] = (struct km_lane_client_param){.type = type};
        if (type >= KM_PARAM_MEM_IN) {
            to[i].buffer = from[i].memref.buffer;
            to[i].size = from[i].memref.size;
        } else if (type != KM_PARAM_NONE) {
            to[i].a = from[i].value.a;
            to[i].b = from[i].value.b;
        }
    }
}

static void params_back(const struct km_lane_client_param from[KM_LANE_PARAMS], TEE_Param to[4])
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (from[i].type == KM_PARAM_MEM_OUT || from[i].type == KM_PARAM_MEM_INOUT) {
            to[i].memref.size = from[i].size;
        } else if (from[i].type == KM_PARAM_VALUE_OUT || from[i].type == KM_PARAM_VALUE_INOUT) {
            to[i].value.a = from[i].a;
            to[i].value.b = from[i].b;
        }
    }
}

static TEE_Result result_of(km_status status, uint32_t *ret_origin)
{
    *ret_origin = TEE_ORIGIN_COMMS;
    if (status == KM_E_DEAD)
        return TEE_ERROR_TARGET_DEAD;
    if (status == KM_E_LIMIT || status == KM_E_NOMEM)
        return TEE_ERROR_OUT_OF_MEMORY;
    return status == KM_E_TIMEOUT ? TEE_ERROR_CANCEL : TEE_ERROR_COMMUNICATION;
}

struct limit {
    int64_t until_ms; /* of the monotonic clock */
};

static struct limit limit_of(uint32_t timeout_ms)
{
    /* 0 asks to cancel at once, which could never do anything: it is taken for no limit, as sources of other kits mean it. */
    bool is_endless = timeout_ms == 0 || timeout_ms == TEE_TIMEOUT_INFINITE;
    return (struct limit){is_endless ? INT64_MAX : km_loop_now_ms() + (int64_t)timeout_ms};
}

/* The time is over, or the call being served is cancelled and its TA does not mask that. */
static bool wants_cancel(void *arg)
{
    const struct limit *limit = arg;
    return TEE_GetCancellationFlag() || km_loop_now_ms() >= limit->until_ms;
}

static TEE_Result call(struct km_lane_client *lane, struct limit limit, uint32_t op,
                       uint32_t command, uint32_t types, TEE_Param params[4], uint32_t *ret_origin)
{
    struct km_lane_client_param out[KM_LANE_PARAMS] = {{0}};
    uint32_t result = 0, origin = 0;
    params_out(types, params, out);
    km_lane_client_ask(lane, wants_cancel, &limit);
    km_status status = km_lane_client_call(NULL, lane, op, command, out, &result, &origin);
    km_lane_client_ask(lane, NULL, NULL);
    if (status != KM_OK)
        return result_of(status, ret_origin);
    params_back(out, params);
    *ret_origin = origin;
    return result;
}

TEE_Result km_peer_open(struct km_line *line, const TEE_UUID *ta, uint32_t timeout_ms,
                        uint32_t types, TEE_Param params[4], void **ret_session,
                        uint32_t *ret_origin)
{
    struct km_ctl_msg question = {.type = KM_CTL_SESSION}, answer = {0};
    struct limit limit = limit_of(timeout_ms);
    int fds[2] = {-1, -1};
    int timeout = timeout_ms == 0 || timeout_ms > INT32_MAX ? -1 : (int)timeout_ms;
    uuid_octets(ta, &question.uuid);
    km_status status = km_line_ask(NULL, line, &question, KM_CTL_SESSION_IS, timeout, &answer, fds);
    if (status != KM_OK)
        return result_of(status, ret_origin);
    *ret_origin = answer.id;
    if (answer.code != TEE_SUCCESS)
        return answer.code;
    struct km_lane_client *lane = NULL;
    status = km_lane_client_new(NULL, fds[0], fds[1], &lane);
    if (status != KM_OK) {
        close(fds[0]);
        close(fds[1]);
        return result_of(status, ret_origin);
    }
    TEE_Result result = call(lane, limit, KM_LANE_OPEN, 0, types, params, ret_origin);
    if (result != TEE_SUCCESS) {
        km_lane_client_free(lane);
        return result;
    }
    *ret_session = lane;
    return TEE_SUCCESS;
}

TEE_Result km_peer_invoke(void *session, uint32_t timeout_ms, uint32_t command, uint32_t types,
                          TEE_Param params[4], uint32_t *ret_origin)
{
    return call(session, limit_of(timeout_ms), KM_LANE_INVOKE, command, types, params, ret_origin);
}

void km_peer_close(void *session)
{
    TEE_Param none[4] = {{{0}}};
    uint32_t origin = 0;
    (void)call(session, limit_of(TEE_TIMEOUT_INFINITE), KM_LANE_CLOSE, 0, 0, none, &origin);
    km_lane_client_free(session);
}
