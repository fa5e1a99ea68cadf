/* SPDX-License-Identifier: Apache-2.0 */
/* A call to the certificate application, and what its results mean. */
#include <stdio.h>
#include <string.h>

#include "lib/clrsc/clrsc_internal.h"

#define LAST_ERROR_MAX 320

static struct km_pool pool = KM_POOL_INIT(KM_CERTS_TA_UUID);
static __thread uint32_t last_lane; /* plus 1 */
static __thread char last_error[LAST_ERROR_MAX];

static void fork_prepare(void)
{
    km_pool_fork_prepare(&pool);
}

static void fork_parent(void)
{
    km_pool_fork_parent(&pool);
}

static void fork_child(void)
{
    km_pool_fork_child(&pool);
}

/* When the library is loaded, so that a fork can't come in between. Nothing else happens here. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* ---- results ---- */

static const struct {
    TEEC_Result from;
    ClrcResult to;
} results[] = {
#define RESULT(from, to) {from, to},
    KM_CERTS_RESULTS(RESULT)
#undef RESULT
};

static ClrcResult map(TEEC_Result result)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(results); i++) {
        if (results[i].from == result)
            return results[i].to;
    }
    return CLRC_ERROR_GENERIC;
}

/* Only what this library's calls can end with. */
static const char *text_of(ClrcResult result)
{
    static const struct {
        ClrcResult result;
        const char *text;
    } texts[] = {
        {CLRC_ERROR_BAD_NAME, "a name is 1 to 63 octets of UTF-8"},
        {CLRC_ERROR_BAD_PARAMETERS, "an argument is wrong"},
        {CLRC_ERROR_BAD_FORMAT, "not a certificate in strict DER"},
        {CLRC_ERROR_SHORT_BUFFER,
         "the buffer is too short; its length now says how much is needed"},
        {CLRC_ERROR_TOO_LARGE, "a certificate is at most 8192 octets"},
        {CLRC_ERROR_OUT_OF_MEMORY, "memory is short"},
        {CLRC_ERROR_NO_SPACE, "the store's disk is full; nothing was changed"},
        {CLRC_ERROR_NOT_SUPPORTED, "this algorithm or version of the format is not taken"},
        {CLRC_ERROR_EXISTS, "this certificate is there already"},
        {CLRC_ERROR_NOT_FOUND, "there is no such certificate"},
        {CLRC_ERROR_BUSY, "somebody is changing it; try again"},
        {CLRC_ERROR_STATE, "provisioning has ended"},
        {CLRC_ERROR_CORRUPT, "stored data are damaged or were put back"},
        {CLRC_ERROR_ACCESS_DENIED, "only the administrator may do that"},
        {CLRC_ERROR_SIGNATURE, "not signed by whom it should be"},
        {CLRC_ERROR_OTHER_DEVICE, "the command is for another device"},
        {CLRC_ERROR_NUMBER, "this device obeys numbered commands only"},
        {CLRC_ERROR_REPLAYED, "the command is not newer than the last one that was obeyed"},
        {CLRC_ERROR_REVOKED, "the certificate is on the revocation list"},
        {CLRC_ERROR_LOCKOUT, "with this command certificate no later command could be verified"},
        {CLRC_ERROR_KEY_MISMATCH, "the certificate is for another key than the device's"},
        {CLRC_ERROR_ROLLBACK, "the revocation list is older than the stored one"},
        {CLRC_ERROR_NOT_AUTHORITY, "the certificate is not one of a known authority"},
        {CLRC_ERROR_NO_SERVICE, "the key service can't be reached"},
        {CLRC_ERROR_SERVICE_DIED, "the session with the key service ended during the call"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        if (texts[i].result == result)
            return texts[i].text;
    }
    return "the service met something unforeseen";
}

ClrcResult clrsc_fail(const char *function, ClrcResult result, const char *subject,
                      const char *text)
{
    if (text == NULL)
        text = text_of(result);
    if (subject == NULL)
        (void)snprintf(last_error, sizeof(last_error), "%s: %s", function, text);
    else
        (void)snprintf(last_error, sizeof(last_error), "%s: \"%s\": %s", function, subject, text);
    return result;
}

const char *clrscLastError(void)
{
    return last_error;
}

ClrcResult clrscSetSocket(const char *path)
{
    km_status status = km_pool_set_path(&pool, path);
    if (status == KM_E_STATE)
        return clrsc_fail("clrscSetSocket", CLRC_ERROR_STATE, path,
                          "the library is connected already");
    if (status != KM_OK)
        return clrsc_fail("clrscSetSocket", CLRC_ERROR_BAD_PARAMETERS, NULL,
                          "the path must be absolute and at most 107 octets");
    return CLRC_SUCCESS;
}

/* ---- calls ---- */

static ClrcResult connect_failed(TEEC_Result result)
{
    if (result == TEEC_ERROR_COMMUNICATION || result == TEEC_ERROR_ITEM_NOT_FOUND)
        return CLRC_ERROR_NO_SERVICE;
    return result == TEEC_ERROR_TARGET_DEAD ? CLRC_ERROR_SERVICE_DIED : map(result);
}

static ClrcResult attempt(struct clrsc_call *call)
{
    struct km_pool_lane *lane = NULL;
    TEEC_Result connected = km_call_lane(&pool, last_lane - 1, &lane);
    if (connected != TEEC_SUCCESS)
        return connect_failed(connected);
    uint32_t origin = 0;
    bool is_dead = false;
    TEEC_Result answer =
        km_pool_invoke(lane, call->sent.command, &call->sent.op, &origin, &is_dead);
    last_lane = lane->index + 1;
    km_pool_give(&pool, lane);
    return is_dead ? CLRC_ERROR_SERVICE_DIED : map(answer);
}

/* The sentence for a failed call; some results mean something else than in provisioning. */
static ClrcResult tell(const struct clrsc_call *call, ClrcResult result)
{
    const char *text = result == CLRC_ERROR_BAD_FORMAT  ? call->bad_format
                       : result == CLRC_ERROR_TOO_LARGE ? call->too_large
                       : result == CLRC_ERROR_STATE     ? call->bad_state
                                                        : NULL;
    return clrsc_fail(call->function, result, call->subject, text);
}

/* An empty call, so that what must not be done twice is not sent into a session that died long ago. */
static ClrcResult wake(void)
{
    struct clrsc_call call = {.sent.command = KM_CERTS_CMD_VERSION};
    km_call_value_out(&call.sent, 0);
    ClrcResult result = attempt(&call);
    return result == CLRC_ERROR_SERVICE_DIED ? attempt(&call) : result;
}

ClrcResult clrsc_run(struct clrsc_call *call)
{
    TEEC_Operation as_given = call->sent.op;
    ClrcResult result = call->is_once ? wake() : CLRC_SUCCESS;
    if (result == CLRC_SUCCESS)
        result = attempt(call);
    if (result == CLRC_ERROR_SERVICE_DIED && !call->is_once) {
        call->sent.op = as_given;
        result = attempt(call);
        if (result == CLRC_ERROR_NO_SERVICE)
            result = CLRC_ERROR_SERVICE_DIED;
    }
    return result == CLRC_SUCCESS ? result : tell(call, result);
}
