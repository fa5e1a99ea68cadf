/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text with ${...}, a line break, and the message for it. A topic that comes out is one that can
 * be published to, and below $ only when the text itself begins with $$.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cloud/rule_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct km_rule_template *text, bool reserved, struct km_slice payload)
{
    const struct km_rule_message message = rule_rig_message(payload);
    struct km_json_text topic = {0};
    if (km_rule_template_topic(NULL, text, &message, &rule_rig_host, &topic) != KM_OK)
        return;
    struct km_slice name = KM_SLICE(topic.ptr, topic.len);
    if (km_topic_name_check(name) != KM_TOPIC_OK || strlen(topic.ptr) != topic.len ||
        (name.ptr[0] == '$') != reserved)
        abort();
    km_json_text_clear(&topic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    size_t len = end == NULL ? size : (size_t)(end - data);
    struct km_slice payload = {0};
    if (end != NULL)
        payload = KM_SLICE(end + 1, size - len - 1);
    uint8_t *copy = malloc(len);
    km_copy(copy, len, data, len);
    struct km_rule_template *text = NULL;
    km_status status = km_rule_template_parse(NULL, KM_SLICE(copy, len), &text);
    bool reserved = len >= 2 && memcmp(copy, "$$", 2) == 0 && !(len >= 3 && copy[2] == '{');
    free(copy);
    if (status == KM_OK)
        check(text, reserved, payload);
    km_rule_template_free(text);
    return 0;
}
