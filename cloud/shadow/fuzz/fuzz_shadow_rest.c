/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method, path and query as one line with blanks and a question mark. What is accepted must have
 * names that make a topic of a shadow.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/shadow/shadow_rest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes what stands before the first such octet off the front. */
static struct km_slice until(struct km_slice *line, int octet)
{
    const uint8_t *end = line->len == 0 ? NULL : memchr(line->ptr, octet, line->len);
    size_t len = end == NULL ? line->len : (size_t)(end - line->ptr);
    struct km_slice part = KM_SLICE(line->ptr, len);
    len += end == NULL ? 0 : 1;
    *line = KM_SLICE(line->ptr + len, line->len - len);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice line = KM_SLICE(data, size);
    struct km_slice method = until(&line, ' ');
    struct km_slice path = until(&line, '?');
    struct km_shadow_rest rest = {0};
    if (km_shadow_rest_parse(method, path, line, &rest) != KM_SHADOW_REST_OK)
        return 0;
    if (rest.op == KM_SHADOW_REST_LIST &&
        (rest.page_size < 1 || rest.page_size > KM_SHADOW_PAGE_MAX || rest.id.name[0] != '\0'))
        abort();
    char topic[KM_SHADOW_TOPIC_CAP] = {0};
    struct km_shadow_id id = {0};
    enum km_shadow_kind kind = KM_SHADOW_GET;
    size_t len = km_shadow_topic_write(&rest.id, KM_SHADOW_GET, topic);
    if (!km_shadow_topic_parse(KM_SLICE(topic, len), &id, &kind) ||
        strcmp(id.thing, rest.id.thing) != 0 || strcmp(id.name, rest.id.name) != 0)
        abort();
    return 0;
}
