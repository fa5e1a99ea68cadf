/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/ta_client.h"

#include <string.h>

#define CALLS_MAX 24u
#define ROOM sizeof(fuzz_client.memory[0])

struct fuzz_client fuzz_client;

static char dir[64];

static void clean(void)
{
    rig_dir_remove(dir);
}

bool fuzz_client_first(void)
{
    if (dir[0] != '\0')
        return false;
    rig_dir(dir);
    (void)atexit(clean);
    rig_start(dir);
    return true;
}

bool fuzz_client_open(struct km_rd *rd)
{
    uint8_t who = 0;
    if (!km_rd_u8(rd, &who))
        return false;
    fuzz_client = (struct fuzz_client){0};
    rig_open(&fuzz_client.session, 1000u + (who & 1u), (who & 2u) != 0);
    return true;
}

static uint32_t number(struct km_rd *rd)
{
    uint8_t how = 0;
    uint32_t value = 0;
    if (!km_rd_u8(rd, &how))
        return 0;
    if (how < 8)
        return fuzz_client.ids[how];
    if (how < 128)
        return how - 8u;
    return km_rd_u32le(rd, &value) ? value : how;
}

static void take_param(struct km_rd *rd, unsigned at, struct km_lane_param *ret)
{
    uint8_t type = 0;
    uint16_t len = 0;
    struct km_slice octets = {0};
    *ret = (struct km_lane_param){0};
    if (!km_rd_u8(rd, &type))
        return;
    ret->type = type & 7u;
    if (ret->type == 4)
        ret->type = KM_PARAM_NONE;
    if (ret->type < KM_PARAM_MEM_IN) {
        if (ret->type == KM_PARAM_VALUE_IN || ret->type == KM_PARAM_VALUE_INOUT) {
            ret->a = number(rd);
            ret->b = (type & 8u) != 0 ? number(rd) : 0;
        }
        return;
    }
    (void)km_rd_u16le(rd, &len);
    /* Two parameters may be one memory. */
    ret->buffer = fuzz_client.memory[(type & 16u) != 0 ? 0 : at];
    ret->size = (uint32_t)(len % (ROOM + 1u));
    ret->in_place = ret->size > KM_LANE_COPY_MAX;
    if (ret->type != KM_PARAM_MEM_OUT &&
        km_rd_bytes(rd, ret->size < km_rd_left(rd) ? ret->size : km_rd_left(rd), &octets))
        km_copy(ret->buffer, ROOM, octets.ptr, octets.len);
}

static void call_once(struct km_rd *rd, uint8_t never, void (*check)(void))
{
    struct km_lane_param p[4] = {{0}};
    uint8_t command = 0;
    if (!km_rd_u8(rd, &command) || (never != 0 && command == never))
        return;
    for (unsigned i = 0; i < 4; i++)
        take_param(rd, i, &p[i]);
    uint32_t result = rig_call(&fuzz_client.session, command, p);
    check();
    for (unsigned i = 0; i < 4 && result == TEE_SUCCESS; i++) {
        bool is_answer = p[i].type == KM_PARAM_VALUE_OUT || p[i].type == KM_PARAM_VALUE_INOUT;
        if (is_answer)
            fuzz_client.ids[1 + fuzz_client.n_ids++ % 7u] = p[i].a;
    }
}

void fuzz_client_run(struct km_rd *rd, uint8_t never, void (*check)(void))
{
    for (unsigned i = 0; i < CALLS_MAX && !km_rd_done(rd); i++)
        call_once(rd, never, check);
    rig_close(&fuzz_client.session);
}
