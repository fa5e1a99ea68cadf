/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole application with a client that sends anything: a panic is a crash, and so is an answer that holds what another user or a
 * password protects. A run is a session; files stay for later runs.
 *
 * The input is a list of calls: command, then for each parameter one octet of type and what it needs.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "tests/unit/storage_rig.h"

#define CALLS_MAX 24u
#define ROOM 8192u
#define SECRET_LEN 24u

static uint8_t memory[4][ROOM];
static struct rig_session session;
static uint32_t ids[8]; /* answers of this run, so that calls can build on each other */
static unsigned n_ids;
static char dir[64];
/* Another user's contents, and this one's under a password that is in no input. */
static uint8_t private[SECRET_LEN], locked[SECRET_LEN];

static void clean(void)
{
    rig_dir_remove(dir);
}

static void put(uint32_t uid, const char *password, uint8_t contents[SECRET_LEN])
{
    KM_FUZZ_CHECK(getentropy(contents, SECRET_LEN) == 0);
    rig_open(&session, uid, false);
    KM_FUZZ_CHECK(srig_put(&session, "protected", password, contents, SECRET_LEN) == TEE_SUCCESS);
    rig_close(&session);
}

static void at_once(void)
{
    /* Nobody waits for anybody here. */
}

static void once(void)
{
    static bool is_started;
    if (is_started)
        return;
    is_started = true;
    rig_dir(dir);
    (void)atexit(clean);
    rig_start(dir);
    rig_host.waited = at_once;
    put(2000, NULL, private);
    put(1000, "a password that is in no input", locked);
}

static uint32_t number(struct km_rd *rd)
{
    uint8_t how = 0;
    uint32_t value = 0;
    if (!km_rd_u8(rd, &how))
        return 0;
    if (how < 8)
        return ids[how];
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
    ret->buffer = memory[(type & 16u) != 0 ? 0 : at];
    ret->size = len % (ROOM + 1u);
    ret->in_place = ret->size > KM_LANE_COPY_MAX;
    if (ret->type != KM_PARAM_MEM_OUT &&
        km_rd_bytes(rd, ret->size < km_rd_left(rd) ? ret->size : km_rd_left(rd), &octets))
        km_copy(ret->buffer, ROOM, octets.ptr, octets.len);
}

/* Not memmem, whose arguments the fuzzer would see and put into files of its own. */
__attribute__((no_sanitize("coverage"))) static bool shows(const uint8_t secret[SECRET_LEN])
{
    const uint8_t *all = memory[0];
    for (size_t at = 0; at + SECRET_LEN <= sizeof(memory); at++) {
        size_t n = 0;
        while (n < SECRET_LEN && all[at + n] == secret[n])
            n++;
        if (n == SECRET_LEN)
            return true;
    }
    return false;
}

static void call_once(struct km_rd *rd)
{
    struct km_lane_param p[4] = {{0}};
    uint8_t command = 0;
    if (!km_rd_u8(rd, &command))
        return;
    for (unsigned i = 0; i < 4; i++)
        take_param(rd, i, &p[i]);
    uint32_t result = rig_call(&session, command, p);
    KM_FUZZ_CHECK(!shows(private));
    KM_FUZZ_CHECK(!shows(locked));
    for (unsigned i = 0; i < 4 && result == TEE_SUCCESS; i++) {
        bool is_answer = p[i].type == KM_PARAM_VALUE_OUT || p[i].type == KM_PARAM_VALUE_INOUT;
        if (is_answer)
            ids[1 + n_ids++ % 7u] = p[i].a;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    uint8_t who = 0;
    once();
    if (!km_rd_u8(&rd, &who))
        return 0;
    memset(memory, 0, sizeof(memory));
    memset(ids, 0, sizeof(ids));
    n_ids = 0;
    rig_open(&session, 1000u + (who & 1u), (who & 2u) != 0);
    for (unsigned i = 0; i < CALLS_MAX && !km_rd_done(&rd); i++)
        call_once(&rd);
    rig_close(&session);
    return 0;
}
