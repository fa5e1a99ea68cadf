/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT over WebSockets: the request with which it begins (RFC 6455, 4.2), signed in its query. */
#include <string.h>
#include <strings.h>

#include "cloud/control/base64.h"
#include "cloud/control/operations.h"
#include "cloud/control/websocket.h"

#define VERSION "13"
#define PROTOCOL "mqtt"
#define KEY_LEN 16 /* octets of Sec-WebSocket-Key, decoded */
#define SHA1_LEN 20
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* has_word: whether a header that is a list, separated by commas, has that word. */
static bool has_word(const struct km_call *call, const char *header, const char *word)
{
    const char *text = km_call_header(call, header);
    size_t len = strlen(word);
    while (text != NULL && *text != '\0') {
        text += strspn(text, ", \t");
        size_t n = strcspn(text, ", \t");
        if (n == len && strncasecmp(text, word, len) == 0)
            return true;
        text += n;
    }
    return false;
}

static bool has_key(struct km_call *call, const char *key)
{
    struct km_slice decoded = {0};
    return key != NULL &&
           km_base64_decode(NULL, call->arena, KM_SLICE_STR(key), &decoded) == KM_OK &&
           decoded.len == KEY_LEN;
}

static km_status check_handshake(struct km_call *call)
{
    const char *version = km_call_header(call, "Sec-WebSocket-Version");
    if (!has_word(call, "Upgrade", "websocket") || !has_word(call, "Connection", "upgrade") ||
        !has_key(call, km_call_header(call, "Sec-WebSocket-Key")))
        return km_call_fail(call, KM_X_INVALID_REQUEST,
                            "this is where WebSockets begin: Upgrade, Connection and "
                            "Sec-WebSocket-Key are needed");
    if (version == NULL || strcmp(version, VERSION) != 0)
        return km_call_fail(call, KM_X_INVALID_REQUEST, "Sec-WebSocket-Version is not " VERSION);
    if (!has_word(call, "Sec-WebSocket-Protocol", PROTOCOL))
        return km_call_fail(call, KM_X_INVALID_REQUEST,
                            "Sec-WebSocket-Protocol does not offer " PROTOCOL);
    return KM_OK;
}

/* prove: what shows the client that its request was understood. */
static km_status prove(struct km_call *call, const char **ret)
{
    uint8_t digest[SHA1_LEN] = {0};
    size_t len = 0;
    const struct km_crypto *crypto = km_control_crypto(call->control);
    const char *text = km_call_printf(call, "%s" GUID, km_call_header(call, "Sec-WebSocket-Key"));
    if (text == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "answer");
    if (EVP_Q_digest(crypto->lib, "SHA1", NULL, text, strlen(text), digest, &len) != 1)
        return km_crypto_fail(&call->err, KM_E_INTERNAL, "SHA-1");
    *ret = km_base64_encode(call->arena, KM_SLICE(digest, sizeof(digest)));
    return *ret == NULL ? KM_FAIL(&call->err, KM_E_NOMEM, "answer") : KM_OK;
}

/* by_monotonic: when the key ends, by the clock that nobody sets; 0: at no time. */
static int64_t by_monotonic(const struct km_call *call)
{
    return call->key_expires_ms == 0 ? 0 : km_loop_now_ms() + call->key_expires_ms - call->now_ms;
}

static km_status open_websocket(struct km_call *call)
{
    const struct km_control_config *config = km_control_config(call->control);
    struct km_introduction who = {0};
    const char *accepted = NULL;
    if (call->identity !=
        NULL) /* who has a certificate has the broker, and a browser its session */
        return km_call_fail(call, KM_X_UNKNOWN_OPERATION,
                            "there is no operation with this method and path");
    if (config->websockets == NULL || !km_control_has_brokers(config, call->account))
        return KM_FAIL(&call->err, KM_E_DEAD, "no broker serves account %s over WebSockets",
                       call->account);
    KM_TRY(check_handshake(call));
    KM_TRY(prove(call, &accepted));
    km_copy(who.key, KM_INTRODUCTION_KEY_MAX, call->key_id, strlen(call->key_id));
    km_copy(who.address, KM_INTRODUCTION_ADDRESS_MAX, call->request->address,
            strlen(call->request->address));
    KM_TRY(
        km_websockets_open(&call->err, config->websockets, &who, by_monotonic(call), &call->taker));
    call->status = 101;
    km_call_reply_header(call, "Upgrade", "websocket");
    km_call_reply_header(call, "Sec-WebSocket-Accept", accepted);
    km_call_reply_header(call, "Sec-WebSocket-Protocol", PROTOCOL);
    return KM_OK;
}

static const struct km_operation rows[] = {
    {"OpenWebSocket", KM_SERVICE_DATA, "GET", "/mqtt", NULL, NULL, NULL, KM_OP_QUERY_SIGNED,
     open_websocket},
};

const struct km_operations km_iot_websocket = {rows, KM_ARRAY_LEN(rows)};
