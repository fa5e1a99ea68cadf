/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/gate.h"

#include "format/cert_command.h"
#include "ta/certs/stored.h"

#define NAME "gate"
#define TURN "turn"
#define TURN_FLAGS (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE_META)
#define MAGIC 0x31474d4bu /* "KMG1" */
#define HEAD_LEN 36u
#define SEALED 1u
#define TAKES_ANY 2u
#define NUMBERED 4u
#define FLAGS_ALL 7u

static bool parse(struct km_slice data, struct km_gate_state *ret)
{
    struct km_rd rd = km_rd_init(data);
    struct km_gate_state state = {0};
    uint32_t magic = 0;
    uint32_t flags = 0;
    if (data.len == 1 && data.ptr[0] <= 1) {
        *ret = (struct km_gate_state){.is_sealed = data.ptr[0] == 1};
        return true;
    }
    if (!km_rd_u32le(&rd, &magic) || magic != MAGIC || !km_rd_u32le(&rd, &flags) ||
        (flags & ~FLAGS_ALL) != 0 || !km_rd_u64le(&rd, &state.sequence) ||
        !km_rd_u64le(&rd, &state.generation) || !km_rd_u64le(&rd, &state.floor) ||
        !km_rd_u32le(&rd, &state.pending_len) || state.pending_len > KM_CERT_COMMAND_MAX)
        return false;
    state.is_sealed = (flags & SEALED) != 0;
    state.takes_any = (flags & TAKES_ANY) != 0;
    state.is_numbered = (flags & NUMBERED) != 0;
    *ret = state;
    return true;
}

static void put_head(struct km_wr *wr, const struct km_gate_state *state)
{
    uint32_t flags = (state->is_sealed ? SEALED : 0) | (state->takes_any ? TAKES_ANY : 0) |
                     (state->is_numbered ? NUMBERED : 0);
    km_wr_u32le(wr, MAGIC);
    km_wr_u32le(wr, flags);
    km_wr_u64le(wr, state->sequence);
    km_wr_u64le(wr, state->generation);
    km_wr_u64le(wr, state->floor);
    km_wr_u32le(wr, state->pending_len);
}

static TEE_Result read_state(struct km_gate *gate)
{
    uint8_t head[HEAD_LEN] = {0};
    size_t count = 0;
    KM_TRY_TEE(
        km_ta_settle(&gate->object, TEE_ReadObjectData(gate->object, head, sizeof(head), &count)));
    return parse(KM_SLICE(head, count), &gate->state) ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

static TEE_Result make(void)
{
    uint8_t head[HEAD_LEN] = {0};
    struct km_wr wr = km_wr_init(head, sizeof(head));
    put_head(&wr, &(struct km_gate_state){0});
    return TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, NAME, strlen(NAME), 0, TEE_HANDLE_NULL,
                                      head, sizeof(head), NULL);
}

/* ---- whose turn it is ---- */

/*
 * Many readers one after the other, who need not be friends, could keep out for ever who wants the gate alone. So he who finds it
 * held says that he waits, by an object that is there and held; readers who come then let him pass. One that nobody holds was left by
 * a process that died.
 */
static void turn_leave(TEE_ObjectHandle *turn)
{
    if (*turn != TEE_HANDLE_NULL)
        (void)TEE_CloseAndDeletePersistentObject1(km_steal(turn));
}

/* Without one, because there is no room or somebody else waits as well, it only takes longer. */
static void turn_take(TEE_ObjectHandle *turn)
{
    TEE_Result result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, TURN, strlen(TURN),
                                                   TURN_FLAGS, TEE_HANDLE_NULL, NULL, 0, turn);
    if (result == TEE_ERROR_ACCESS_CONFLICT)
        result =
            TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, TURN, strlen(TURN), TURN_FLAGS, turn);
    if (result != TEE_SUCCESS)
        *turn = TEE_HANDLE_NULL;
}

static bool turn_is_taken(void)
{
    KM_AUTO(turn_leave) TEE_ObjectHandle turn = TEE_HANDLE_NULL;
    TEE_Result result =
        TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, TURN, strlen(TURN), TURN_FLAGS, &turn);
    return result == TEE_ERROR_ACCESS_CONFLICT;
}

/* ---- passing ---- */

static TEE_Result open_once(enum km_gate_how how, TEE_ObjectHandle *ret)
{
    uint32_t flags = how == KM_GATE_ALONE ? TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE
                                          : TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ;
    if (how == KM_GATE_TOGETHER && turn_is_taken())
        return TEE_ERROR_ACCESS_CONFLICT;
    TEE_Result result =
        TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, NAME, strlen(NAME), flags, ret);
    /* Whoever makes it, this one or another instance: the next try finds it. */
    if (result == TEE_ERROR_ITEM_NOT_FOUND) {
        result = make();
        if (result == TEE_SUCCESS)
            result = TEE_ERROR_ACCESS_CONFLICT;
    }
    return result;
}

TEE_Result km_gate_open(enum km_gate_how how, struct km_gate *ret)
{
    KM_AUTO(turn_leave) TEE_ObjectHandle turn = TEE_HANDLE_NULL;
    uint32_t waited = 0;
    TEE_Result result = open_once(how, &ret->object);
    while (result == TEE_ERROR_ACCESS_CONFLICT && km_stored_wait(&waited)) {
        if (how == KM_GATE_ALONE && turn == TEE_HANDLE_NULL)
            turn_take(&turn);
        result = open_once(how, &ret->object);
    }
    KM_TRY_TEE(result);
    result = read_state(ret);
    if (result != TEE_SUCCESS)
        km_gate_close(ret);
    return result;
}

void km_gate_close(struct km_gate *gate)
{
    km_ta_objectp(&gate->object);
}

static TEE_Result seek(struct km_gate *gate, intmax_t at)
{
    return km_ta_settle(&gate->object, TEE_SeekObjectData(gate->object, at, TEE_DATA_SEEK_SET));
}

TEE_Result km_gate_pending(struct km_gate *gate, uint8_t **ret, struct km_slice *ret_view)
{
    KM_AUTO(km_ta_freep)
    uint8_t *octets = TEE_Malloc(gate->state.pending_len, TEE_MALLOC_FILL_ZERO);
    size_t count = 0;
    if (octets == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(seek(gate, HEAD_LEN));
    KM_TRY_TEE(km_ta_settle(
        &gate->object, TEE_ReadObjectData(gate->object, octets, gate->state.pending_len, &count)));
    if (count != gate->state.pending_len)
        return TEE_ERROR_CORRUPT_OBJECT;
    *ret_view = KM_SLICE(octets, count);
    *ret = km_steal(&octets);
    return TEE_SUCCESS;
}

TEE_Result km_gate_save(struct km_gate *gate, struct km_slice pending)
{
    size_t len = HEAD_LEN + pending.len;
    KM_AUTO(km_ta_freep) uint8_t *octets = TEE_Malloc(len, TEE_MALLOC_FILL_ZERO);
    if (octets == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr wr = km_wr_init(octets, len);
    gate->state.pending_len = (uint32_t)pending.len;
    put_head(&wr, &gate->state);
    km_wr_bytes(&wr, pending);
    KM_TRY_TEE(seek(gate, 0));
    return km_ta_settle(&gate->object, TEE_WriteObjectData(gate->object, octets, len));
}

TEE_Result km_gate_done(struct km_gate *gate)
{
    KM_TRY_TEE(km_gate_save(gate, KM_SLICE(NULL, 0)));
    /* What follows the head counts no more; a gate that is short is passed faster. */
    (void)km_ta_settle(&gate->object, TEE_TruncateObjectData(gate->object, HEAD_LEN));
    return TEE_SUCCESS;
}
