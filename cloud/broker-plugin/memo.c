/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/memo.h"

#include <stdlib.h>

/* Keys stand together: most places are told apart by them alone. */
struct memo {
    uint16_t keys[MEMO_PLACES]; /* 0: an empty place */
    uint8_t topics[MEMO_PLACES][MEMO_TOPIC_MAX];
    size_t oldest;
};

/* 0 for what is not remembered. */
static uint16_t key_of(enum km_policy_action action, struct km_slice topic)
{
    if (topic.len == 0 || topic.len > MEMO_TOPIC_MAX)
        return 0;
    return (uint16_t)((unsigned)action << 8 | (unsigned)topic.len);
}

bool memo_has(const struct memo *memo, enum km_policy_action action, struct km_slice topic)
{
    uint16_t key = key_of(action, topic);
    if (memo == NULL || key == 0)
        return false;
    for (size_t i = 0; i < MEMO_PLACES; i++)
        if (memo->keys[i] == key && km_slice_equal(KM_SLICE(memo->topics[i], topic.len), topic))
            return true;
    return false;
}

void memo_note(struct memo **memo, enum km_policy_action action, struct km_slice topic)
{
    uint16_t key = key_of(action, topic);
    if (key == 0)
        return;
    if (*memo == NULL)
        *memo = calloc(1, sizeof(**memo));
    if (*memo == NULL)
        return;
    size_t at = (*memo)->oldest;
    (*memo)->oldest = (at + 1) % MEMO_PLACES;
    (*memo)->keys[at] = key;
    km_copy((*memo)->topics[at], MEMO_TOPIC_MAX, topic.ptr, topic.len);
}

void memo_free(struct memo *memo)
{
    free(memo);
}
