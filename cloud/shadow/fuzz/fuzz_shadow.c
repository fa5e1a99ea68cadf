/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests one after the other over one shadow. The input is lines: the first letter is the request
 * (g, u, d), the rest its payload. Whatever comes in, what is stored must be readable again, every
 * answer is JSON, and the answers are those that belong to the request.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cloud/shadow_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_outputs(enum km_shadow_kind kind, const struct km_shadow_result *result)
{
    static const enum km_shadow_kind accepted[] = {
        [KM_SHADOW_GET] = KM_SHADOW_GET_ACCEPTED,
        [KM_SHADOW_UPDATE] = KM_SHADOW_UPDATE_ACCEPTED,
        [KM_SHADOW_DELETE] = KM_SHADOW_DELETE_ACCEPTED,
    };
    bool good = result->reason == KM_SHADOW_ACCEPTED;
    require(result->n_outputs >= 1 && good == (result->code == 200));
    require((result->outputs[0].kind == accepted[kind]) == good);
    require(result->n_outputs == 1 || (good && kind == KM_SHADOW_UPDATE));
    for (size_t i = 0; i < result->n_outputs; i++) {
        struct km_slice text = KM_SLICE(result->outputs[i].json.ptr, result->outputs[i].json.len);
        json_t *message = NULL;
        require(km_json_object(NULL, text, 16, &message) == KM_OK);
        json_decref(message);
    }
}

static void one_line(struct shadow_rig *rig, int64_t now_s, const uint8_t *line, size_t len)
{
    if (len == 0)
        return;
    enum km_shadow_kind kind = KM_SHADOW_UPDATE;
    if (line[0] == 'g' || line[0] == 'd')
        kind = line[0] == 'g' ? KM_SHADOW_GET : KM_SHADOW_DELETE;
    /* Of exactly that length, so that a read beyond it is seen. */
    uint8_t *payload = malloc(len - 1);
    km_copy(payload, len - 1, line + 1, len - 1);
    uint64_t before = rig->row.version;
    struct km_shadow_result result = {0};
    require(shadow_rig_do(rig, kind, now_s, KM_SLICE(payload, len - 1), &result) == KM_OK);
    check_outputs(kind, &result);
    require(rig->row.version == before + (result.store == KM_SHADOW_WRITE));
    require(rig->state.len <= KM_SHADOW_STATE_MAX);
    km_shadow_result_clear(&result);
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shadow_rig rig = {.id = {.thing = "T"}};
    int64_t now_s = 0;
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end == NULL ? size : (size_t)(end - data);
        one_line(&rig, now_s++, data, len);
        len += end == NULL ? 0 : 1;
        data += len;
        size -= len;
    }
    one_line(&rig, now_s, (const uint8_t *)"g", 1);
    shadow_rig_clear(&rig);
    return 0;
}
