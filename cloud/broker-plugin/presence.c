/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/presence.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/common/json.h"

/* What the broker can tell: how AWS spells it, and whether the client ended it. */
static const struct {
    const char *name;
    bool is_client;
} endings[] = {
    [ENDING_UNKNOWN] = {"CLIENT_INITIATED_DISCONNECT", true},
    [ENDING_CLIENT] = {"CLIENT_INITIATED_DISCONNECT", true},
    [ENDING_LOST] = {"CONNECTION_LOST", false},
    [ENDING_KEEP_ALIVE] = {"MQTT_KEEP_ALIVE_TIMEOUT", false},
    [ENDING_DUPLICATE] = {"DUPLICATE_CLIENTID", false},
    [ENDING_FORBIDDEN] = {"FORBIDDEN_ACCESS", false},
    [ENDING_THROTTLED] = {"THROTTLED", false},
    [ENDING_CLIENT_ERROR] = {"CLIENT_ERROR", false},
    [ENDING_SERVER] = {"SERVER_INITIATED_DISCONNECT", false},
    [ENDING_SERVER_ERROR] = {"SERVER_ERROR", false},
};

void presence_clear(struct presence *presence)
{
    free(presence->payload);
    presence->payload = NULL;
}

static void unref(json_t **json)
{
    json_decref(*json);
}

static bool print(const json_t *json, struct presence *ret)
{
    ret->payload = km_json_dump(json);
    return ret->payload != NULL;
}

static bool name_topic(struct presence *ret, const char *kind, const char *name)
{
    int len = snprintf(ret->topic, sizeof(ret->topic), "$aws/events/%s/%s", kind, name);
    return len > 0 && (size_t)len < sizeof(ret->topic);
}

bool presence_wanted(const struct conn *conn)
{
    return !conn->is_local && strpbrk(conn->id, "+#") == NULL;
}

static json_t *common(const struct conn *conn, const char *kind, int64_t now_ms)
{
    return json_pack("{s:s, s:I, s:s, s:s, s:s}", "clientId", conn->id, "timestamp",
                     (json_int_t)now_ms, "eventType", kind, "sessionIdentifier", conn->session,
                     "principalIdentifier", conn->key[0] != '\0' ? conn->key : conn->certificate);
}

bool presence_connected(const struct conn *conn, int64_t now_ms, struct presence *ret)
{
    KM_AUTO(unref) json_t *json = common(conn, "connected", now_ms);
    return json != NULL && name_topic(ret, "presence/connected", conn->id) &&
           json_object_set_new(json, "ipAddress", json_string(conn->address)) == 0 &&
           json_object_set_new(json, "versionNumber", json_integer(conn->number)) == 0 &&
           print(json, ret);
}

bool presence_disconnected(const struct conn *conn, int64_t now_ms, struct presence *ret)
{
    KM_AUTO(unref) json_t *json = common(conn, "disconnected", now_ms);
    return json != NULL && name_topic(ret, "presence/disconnected", conn->id) &&
           json_object_set_new(json, "clientInitiatedDisconnect",
                               json_boolean(endings[conn->ending].is_client)) == 0 &&
           json_object_set_new(json, "disconnectReason", json_string(endings[conn->ending].name)) ==
               0 &&
           json_object_set_new(json, "versionNumber", json_integer(conn->number)) == 0 &&
           print(json, ret);
}

bool presence_subscribed(const struct conn *conn, const struct subscribed *what, int64_t now_ms,
                         struct presence *ret)
{
    const char *kind = what->is_end ? "unsubscribed" : "subscribed";
    char topic[32] = "";
    KM_AUTO(unref) json_t *json = common(conn, kind, now_ms);
    (void)snprintf(topic, sizeof(topic), "subscriptions/%s", kind);
    return json != NULL && name_topic(ret, topic, conn->id) &&
           json_object_set_new(json, "topics", json_pack("[s]", what->filter)) == 0 &&
           print(json, ret);
}
