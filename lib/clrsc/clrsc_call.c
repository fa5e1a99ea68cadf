/* SPDX-License-Identifier: Apache-2.0 */
/* A call to the certificate application, and what its results mean. */
#include "lib/clrsc/clrsc_internal.h"

static struct km_pool pool = KM_POOL_INIT(KM_CERTS_TA_UUID);
static __thread uint32_t last_lane; /* plus 1 */
static __thread char last_error[KM_RESULT_NOTE_MAX];

KM_POOL_WATCH_FORKS(&pool)

/* ---- results ---- */

static const struct km_result_row results[] = {
#define RESULT(from, to) {from, to},
    KM_CERTS_RESULTS(RESULT)
#undef RESULT
};

/* Only what this library's calls can end with. */
static const char *text_of(ClrcResult result)
{
    static const struct km_result_text texts[] = {
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
        {CLRC_ERROR_LOCKOUT,
         "with this command certificate no later command could be verified; the one that "
         "verifies them can be replaced, not revoked"},
        {CLRC_ERROR_KEY_MISMATCH, "the certificate is for another key than the device's"},
        {CLRC_ERROR_ROLLBACK, "the revocation list is older than the stored one"},
        {CLRC_ERROR_NOT_AUTHORITY, "the certificate is not one of a known authority"},
        {CLRC_ERROR_NO_SERVICE, "the key service can't be reached"},
        {CLRC_ERROR_SERVICE_DIED, "the session with the key service ended during the call"},
    };
    return km_result_word(texts, KM_ARRAY_LEN(texts), result,
                          "the service met something unforeseen");
}

ClrcResult clrsc_fail(const char *function, ClrcResult result, const char *subject,
                      const char *text)
{
    km_result_note(last_error, function, subject, text == NULL ? text_of(result) : text);
    return result;
}

const char *clrscLastError(void)
{
    return last_error;
}

ClrcResult clrscSetSocket(const char *path)
{
    const char *text = NULL;
    ClrcResult result = km_result_socket(&pool, path, &text);
    return result == CLRC_SUCCESS ? result : clrsc_fail("clrscSetSocket", result, NULL, text);
}

/* ---- calls ---- */

/* *refusal is written when this user may not have a session. */
static ClrcResult attempt(struct km_call *sent, char refusal[KM_RESULT_REFUSAL_MAX])
{
    struct km_pool_lane *lane = NULL;
    uint32_t origin = 0;
    TEEC_Result connected = km_call_lane(&pool, last_lane - 1, &lane, &origin);
    if (connected == TEEC_ERROR_ACCESS_DENIED)
        km_result_refusal(&pool, origin, refusal);
    if (connected != TEEC_SUCCESS)
        return km_result_unconnected(results, KM_ARRAY_LEN(results), connected);
    bool is_dead = false;
    TEEC_Result answer = km_pool_invoke(lane, sent->command, &sent->op, &origin, &is_dead);
    last_lane = lane->index + 1;
    km_pool_give(&pool, lane);
    return is_dead ? CLRC_ERROR_SERVICE_DIED
                   : km_result_map(results, KM_ARRAY_LEN(results), answer);
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
static ClrcResult wake(char refusal[KM_RESULT_REFUSAL_MAX])
{
    struct km_call sent = {.command = KM_CERTS_CMD_VERSION};
    km_call_value_out(&sent, 0);
    ClrcResult result = attempt(&sent, refusal);
    return result == CLRC_ERROR_SERVICE_DIED ? attempt(&sent, refusal) : result;
}

ClrcResult clrsc_run(struct clrsc_call *call)
{
    TEEC_Operation as_given = call->sent.op;
    char refusal[KM_RESULT_REFUSAL_MAX] = "";
    ClrcResult result = call->is_once ? wake(refusal) : CLRC_SUCCESS;
    if (result == CLRC_SUCCESS)
        result = attempt(&call->sent, refusal);
    if (result == CLRC_ERROR_SERVICE_DIED && !call->is_once) {
        call->sent.op = as_given;
        result = attempt(&call->sent, refusal);
        if (result == CLRC_ERROR_NO_SERVICE)
            result = CLRC_ERROR_SERVICE_DIED;
    }
    if (result == CLRC_SUCCESS)
        return result;
    return refusal[0] != '\0' ? clrsc_fail(call->function, result, call->subject, refusal)
                              : tell(call, result);
}
