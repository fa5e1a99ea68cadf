/* SPDX-License-Identifier: Apache-2.0 */
/* A call's parameters: into the page and out of it again. */
#include "common/km_secret.h"
#include "tee/channel/lane_client.h"

/* Where one reference of the call lies: in the page's terms and in ours. */
struct placed {
    uint32_t area;
    uint32_t offset;
    uint8_t *at; /* NULL: nothing to copy */
    uint32_t size;
};

static bool is_copied(const struct km_lane_client_param *param)
{
    return km_lane_type_is_mem(param->type) && param->shared == NULL && param->buffer != NULL;
}

static km_status check_param(struct km_err *err, const struct km_lane_client_param *param)
{
    size_t end = 0;
    if (param->type > KM_PARAM_VALUE_INOUT && !km_lane_type_is_mem(param->type))
        return KM_FAIL(err, KM_E_ARG, "parameter of type %u", param->type);
    if (!km_lane_type_is_mem(param->type))
        return KM_OK;
    if (param->size > KM_LANE_AREA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "parameter of %zu octets", param->size);
    if (param->shared != NULL &&
        (__builtin_add_overflow(param->offset, param->size, &end) || end > param->shared->size))
        return KM_FAIL(err, KM_E_ARG, "parameter beyond its shared memory");
    return KM_OK;
}

/* Small references into the arena while they fit, the others into the scratch area. */
static km_status place(struct km_err *err, struct km_lane_client *lane,
                       const struct km_lane_client_param *params, struct placed *ret)
{
    size_t arena = 0;
    size_t scratch = 0;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        KM_TRY(check_param(err, &params[i]));
        if (!is_copied(&params[i]))
            continue;
        size_t room = (params[i].size + KM_LANE_ALIGN - 1) / KM_LANE_ALIGN * KM_LANE_ALIGN;
        bool in_arena = room <= KM_LANE_ARENA_LEN - arena;
        size_t *used = in_arena ? &arena : &scratch;
        ret[i] = (struct placed){.area = in_arena ? KM_LANE_AREA_ARENA : KM_LANE_AREA_SCRATCH,
                                 .offset = (uint32_t)*used,
                                 .size = (uint32_t)params[i].size};
        *used += room;
    }
    KM_TRY(km_lane_scratch_grow(err, lane, scratch));
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (is_copied(&params[i]))
            ret[i].at = (ret[i].area == KM_LANE_AREA_ARENA ? lane->page->arena : lane->scratch) +
                        ret[i].offset;
    }
    return KM_OK;
}

static km_status put_memory(struct km_err *err, struct km_lane_client *lane,
                            const struct km_lane_client_param *param, struct placed *placed,
                            struct km_lane_slot *slot)
{
    if (param->shared != NULL) {
        KM_TRY(km_lane_share(err, lane, param->shared, &placed->area));
        placed->offset = (uint32_t)(param->shared->offset + param->offset);
        placed->size = (uint32_t)param->size;
    } else if (param->buffer == NULL) {
        placed->area = KM_LANE_AREA_NULL;
    } else if (param->type != KM_PARAM_MEM_OUT) {
        km_copy(placed->at, placed->size, param->buffer, param->size);
    }
    km_word_put(&slot->area, placed->area);
    km_word_put(&slot->a, placed->offset);
    km_word_put(&slot->b, placed->size);
    return KM_OK;
}

static km_status put_params(struct km_err *err, struct km_lane_client *lane,
                            const struct km_lane_client_param *params, struct placed *placed)
{
    KM_TRY(place(err, lane, params, placed));
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        struct km_lane_slot *slot = &lane->page->slots[i];
        if (km_lane_type_is_mem(params[i].type)) {
            KM_TRY(put_memory(err, lane, &params[i], &placed[i], slot));
        } else if (params[i].type != KM_PARAM_NONE) {
            km_word_put(&slot->a, params[i].a);
            km_word_put(&slot->b, params[i].b);
        }
    }
    return KM_OK;
}

static bool is_output(const struct km_lane_client_param *param)
{
    return param->type == KM_PARAM_MEM_OUT || param->type == KM_PARAM_MEM_INOUT;
}

/* The sizes that come back, read once; false when a success has more than there is room for. */
static bool get_sizes(const struct km_lane_client *lane, struct km_lane_client_param *params,
                      const struct placed *placed, bool success)
{
    bool fit = true;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (!is_output(&params[i]))
            continue;
        params[i].size = km_word_get(&lane->page->slots[i].b);
        fit = fit && params[i].size <= placed[i].size;
    }
    return fit || !success;
}

static void get_memory(const struct km_lane_client_param *param, const struct placed *placed)
{
    size_t room = placed->size;
    if (placed->at == NULL)
        return;
    if (is_output(param) && param->size <= room)
        km_copy(param->buffer, room, placed->at, param->size);
    /* The scratch area would take too long to wipe; it goes with the lane. */
    if (placed->area == KM_LANE_AREA_ARENA)
        km_wipe(placed->at, room);
}

static void get_params(struct km_lane_client *lane, struct km_lane_client_param *params,
                       const struct placed *placed)
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        const struct km_lane_slot *slot = &lane->page->slots[i];
        if (km_lane_type_is_mem(params[i].type)) {
            get_memory(&params[i], &placed[i]);
        } else if (params[i].type == KM_PARAM_VALUE_OUT || params[i].type == KM_PARAM_VALUE_INOUT) {
            params[i].a = km_word_get(&slot->a);
            params[i].b = km_word_get(&slot->b);
        }
    }
    km_lane_scratch_trim(lane);
}

uint32_t km_lane_types_of(const struct km_lane_client_param *params)
{
    uint32_t types = 0;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++)
        types |= (uint32_t)(params[i].type & 0xfu) << (4 * i);
    return types;
}

km_status km_lane_call_with(struct km_err *err, struct km_lane_client *lane, uint64_t word,
                            struct km_lane_client_param *params, uint64_t *ret_answer)
{
    struct placed placed[KM_LANE_PARAMS] = {0};
    KM_TRY(put_params(err, lane, params, placed));
    KM_TRY(km_lane_hand_over(err, lane, word, ret_answer));
    bool honest = get_sizes(lane, params, placed, *ret_answer >> 32 == 0);
    get_params(lane, params, placed);
    return honest
               ? KM_OK
               : KM_FAIL(err, KM_E_MALFORMED, "the instance answered more than there is room for");
}
