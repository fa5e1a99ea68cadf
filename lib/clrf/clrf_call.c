/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/clrf/clrf_internal.h"

_Static_assert(CLRF_NAME_MAX == KM_STORAGE_NAME_MAX &&
                   CLRF_PASSWORD_MAX == KM_STORAGE_PASSWORD_MAX &&
                   CLRF_ATOM == KM_STORAGE_TRANSFER_MAX &&
                   CLRF_GRANTS_MAX == KM_STORAGE_GRANTS_MAX && CLRF_READ == KM_STORAGE_READ &&
                   CLRF_WRITE == KM_STORAGE_WRITE && CLRF_CREATE == KM_STORAGE_CREATE &&
                   CLRF_EXCLUSIVE == KM_STORAGE_EXCLUSIVE && CLRF_REPLACE == KM_STORAGE_REPLACE &&
                   CLRF_SHARED == KM_STORAGE_SHARED && CLRF_OF_OWNER == KM_STORAGE_OF_OWNER &&
                   CLRF_HAS_PASSWORD == KM_STORAGE_HAS_PASSWORD,
               "both sides speak of the same");

struct km_pool clrf_pool = KM_POOL_INIT(KM_STORAGE_TA_UUID);
static __thread uint32_t last_lane; /* plus 1 */
static __thread char last_error[KM_RESULT_NOTE_MAX];

KM_POOL_WATCH_FORKS(&clrf_pool)

/* ---- results ---- */

static const struct km_result_row results[] = {
#define RESULT(from, to) {from, to},
    KM_STORAGE_RESULTS(RESULT)
#undef RESULT
};

ClrcResult clrf_map(TEEC_Result answer)
{
    return km_result_map(results, KM_ARRAY_LEN(results), answer);
}

/* Only what this library's calls can end with. */
static const char *text_of(ClrcResult result)
{
    static const struct km_result_text texts[] = {
        {CLRC_ERROR_BAD_PARAMETERS, "an argument is wrong, or flags that don't go together"},
        {CLRC_ERROR_BAD_NAME, "a name is 1 to 63 octets of UTF-8"},
        {CLRC_ERROR_TOO_LARGE, "too long, too large or too many"},
        {CLRC_ERROR_OUT_OF_MEMORY, "memory is short"},
        {CLRC_ERROR_NO_SPACE, "the store's disk is full; nothing was changed"},
        {CLRC_ERROR_NOT_FOUND, "there is no such file"},
        {CLRC_ERROR_EXISTS, "there is one already"},
        {CLRC_ERROR_BUSY, "somebody else has it open; try again later"},
        {CLRC_ERROR_CANCELLED, "the call was cancelled"},
        {CLRC_ERROR_STATE, "it was not opened for that"},
        {CLRC_ERROR_CORRUPT, "stored data are damaged or were put back"},
        {CLRC_ERROR_ACCESS_DENIED, "not allowed for this caller"},
        {CLRC_ERROR_PASSWORD, "a password is needed, or this one is wrong, or the file has none"},
        {CLRC_ERROR_THROTTLED, "too many wrong passwords: wait before the next"},
        {CLRC_ERROR_NO_SERVICE, "the storage service can't be reached"},
        {CLRC_ERROR_SERVICE_DIED, "the session with the storage service ended"},
    };
    return km_result_word(texts, KM_ARRAY_LEN(texts), result,
                          "the service met something unforeseen");
}

ClrcResult clrf_fail(const char *function, ClrcResult result, const char *subject, const char *text)
{
    km_result_note(last_error, function, subject, text == NULL ? text_of(result) : text);
    return result;
}

ClrcResult clrf_answered(const char *function, TEEC_Result answer, const char *subject)
{
    ClrcResult result = clrf_map(answer);
    if (result == CLRC_SUCCESS)
        return result;
    if (answer == KM_STORAGE_E_QUOTA)
        return clrf_fail(function, result, subject, "the owner's quota is used up");
    if (answer == KM_STORAGE_E_FULL)
        return clrf_fail(function, result, subject, "64 files are open in this session");
    return clrf_fail(function, result, subject, NULL);
}

const char *clrfLastError(void)
{
    return last_error;
}

ClrcResult clrfSetSocket(const char *path)
{
    const char *text = NULL;
    ClrcResult result = km_result_socket(&clrf_pool, path, &text);
    return result == CLRC_SUCCESS ? result : clrf_fail("clrfSetSocket", result, NULL, text);
}

/* ---- wishes ---- */

static bool take_grants(const ClrfOptions *options, struct km_storage_grants *ret)
{
    if (options == NULL || options->n_grants == 0)
        return true;
    if (options->grants == NULL || options->n_grants > CLRF_GRANTS_MAX)
        return false;
    ret->n = options->n_grants;
    for (uint32_t i = 0; i < options->n_grants; i++)
        ret->at[i] = (struct km_storage_grant){options->grants[i].kind, options->grants[i].rights,
                                               options->grants[i].id};
    return true;
}

ClrcResult clrf_wish_set(struct clrf_wish *ret, const char *function, const char *name,
                         uint32_t flags, const ClrfOptions *options)
{
    struct km_storage_wish wish = {.flags = flags};
    struct km_wr wr = km_wr_init(ret->octets, sizeof(ret->octets));
    ret->function = function;
    size_t len = name == NULL ? 0 : strnlen(name, CLRF_NAME_MAX + 1);
    if (!km_storage_name_set(KM_SLICE(name, len), &wish.name))
        return clrf_fail(function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    ret->name = name;
    if (!take_grants(options, &wish.grants) || (flags & ~KM_STORAGE_OPEN_FLAGS) != 0)
        return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, name, NULL);
    if (options != NULL && (flags & CLRF_OF_OWNER) != 0)
        wish.owner_uid = options->owner_uid;
    if (options != NULL && options->password_length != 0) {
        if (options->password == NULL)
            return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, name, NULL);
        if (options->password_length > CLRF_PASSWORD_MAX)
            return clrf_fail(function, CLRC_ERROR_TOO_LARGE, name,
                             "a password is at most 256 octets");
        ret->password = options->password;
        ret->password_len = options->password_length;
    }
    km_storage_wish_write(&wr, &wish);
    ret->len = wr.len;
    return CLRC_SUCCESS;
}

/* ---- commands ---- */

ClrcResult clrf_lane(const char *function, const char *subject, struct km_pool_lane **ret_lane)
{
    char refusal[KM_RESULT_REFUSAL_MAX] = "";
    uint32_t origin = 0;
    TEEC_Result result = km_call_lane(&clrf_pool, last_lane - 1, ret_lane, &origin);
    if (result == TEEC_ERROR_ACCESS_DENIED)
        km_result_refusal(&clrf_pool, origin, refusal);
    if (result != TEEC_SUCCESS)
        return clrf_fail(function, km_result_unconnected(results, KM_ARRAY_LEN(results), result),
                         subject, refusal[0] != '\0' ? refusal : NULL);
    last_lane = (*ret_lane)->index + 1;
    return CLRC_SUCCESS;
}

ClrcResult clrf_in_lane(const char *function, const char *subject, struct km_pool_lane *lane,
                        struct km_call *call)
{
    uint32_t origin = 0;
    bool is_dead = false;
    TEEC_Result answer = km_pool_invoke(lane, call->command, &call->op, &origin, &is_dead);
    return is_dead ? clrf_fail(function, CLRC_ERROR_SERVICE_DIED, subject, NULL)
                   : clrf_answered(function, answer, subject);
}

static ClrcResult attempt(const char *function, const char *subject, struct km_call *call)
{
    struct km_pool_lane *lane = NULL;
    ClrcResult result = clrf_lane(function, subject, &lane);
    if (result != CLRC_SUCCESS)
        return result;
    result = clrf_in_lane(function, subject, lane, call);
    km_pool_give(&clrf_pool, lane);
    return result;
}

ClrcResult clrf_run(const char *function, const char *subject, struct km_call *call,
                    bool is_repeatable)
{
    const TEEC_Operation as_given = call->op;
    ClrcResult result = attempt(function, subject, call);
    if (result != CLRC_ERROR_SERVICE_DIED || !is_repeatable)
        return result;
    call->op = as_given;
    return attempt(function, subject, call);
}
