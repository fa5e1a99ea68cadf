/* SPDX-License-Identifier: Apache-2.0 */
/* A topic that is taken apart must come back the same when it is written. */
#include <stdlib.h>

#include "cloud/shadow/shadow_topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_shadow_id id = {0};
    enum km_shadow_kind kind = KM_SHADOW_GET;
    if (!km_shadow_topic_parse(KM_SLICE(data, size), &id, &kind))
        return 0;
    char topic[KM_SHADOW_TOPIC_CAP] = {0};
    size_t len = km_shadow_topic_write(&id, kind, topic);
    if (!km_slice_equal(KM_SLICE(topic, len), KM_SLICE(data, size)))
        abort();
    return 0;
}
