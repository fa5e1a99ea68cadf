/* SPDX-License-Identifier: Apache-2.0 */
/* What the brokers retain, over HTTP. */
#include <string.h>

#include "cloud/common/topic.h"
#include "cloud/control/base64.h"
#include "cloud/control/operations.h"
#include "cloud/registry/registry_retained.h"

#define PAGE_MAX 200

static km_status get_message(struct km_call *call)
{
    struct km_registry_retained message = {0};
    struct km_slice topic = KM_SLICE_STR(call->parts[0]);
    enum km_topic_fault fault = km_topic_name_check(topic);
    if (fault != KM_TOPIC_OK)
        return km_call_fail(call, KM_X_NONE, "the topic is %s", km_topic_fault_text(fault));
    KM_REG(call, km_registry_retained_get(call->reg, call->arena, call->account, call->parts[0],
                                          &message));
    return km_call_reply(call, json_pack("{s:s, s:s*, s:i, s:I}", "topic", message.topic, "payload",
                                         km_base64_encode(call->arena, message.payload), "qos",
                                         (int)message.qos, "lastModifiedTime",
                                         (json_int_t)message.modified_ms));
}

static km_status list_messages(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_retained_list list = {0};
    if (km_call_query_number(call, "maxResults", PAGE_MAX) > PAGE_MAX)
        return km_call_fail(call, KM_X_NONE, "maxResults must be from 1 to %d", PAGE_MAX);
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    page.limit = page.limit > PAGE_MAX ? PAGE_MAX : page.limit;
    KM_REG(call, km_registry_retained_list(call->reg, call->arena, call->account, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(
            items, json_pack("{s:s, s:I, s:i, s:I}", "topic", list.items[i].topic, "payloadSize",
                             (json_int_t)list.items[i].payload.len, "qos", (int)list.items[i].qos,
                             "lastModifiedTime", (json_int_t)list.items[i].modified_ms));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "retainedTopics", items, "nextToken", list.next));
}

static const struct km_operation rows[] = {
    {"GetRetainedMessage", KM_SERVICE_DATA, "GET", "/retainedMessage/{topic+}", NULL, NULL, NULL, 0,
     get_message},
    {"ListRetainedMessages", KM_SERVICE_DATA, "GET", "/retainedMessage", "nextToken:s maxResults:i",
     NULL, NULL, 0, list_messages},
};

const struct km_operations km_iot_retained = {rows, KM_ARRAY_LEN(rows)};
