/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clrc/clrc_internal.h"

static __thread char last_error[KM_RESULT_NOTE_MAX];

static const struct km_result_row results[] = {
#define RESULT(from, to) {from, to},
    KM_CRYPTO_RESULTS(RESULT)
#undef RESULT
    /* Not of the application's own making: the runtime's and the Client API's words. */
    {TEEC_ERROR_EXCESS_DATA, CLRC_ERROR_TOO_LARGE},
    {TEEC_ERROR_EXTERNAL_CANCEL, CLRC_ERROR_CANCELLED},
    {TEEC_ERROR_SECURITY, CLRC_ERROR_ACCESS_DENIED},
    {0xf0100003u /* TEE_ERROR_STORAGE_NOT_AVAILABLE */, CLRC_ERROR_NO_SERVICE},
};

static const struct km_result_text texts[] = {
    {CLRC_SUCCESS, "success"},
    {CLRC_ERROR_GENERIC, "the service met something unforeseen"},
    {CLRC_ERROR_BAD_PARAMETERS, "an argument is wrong"},
    {CLRC_ERROR_BAD_NAME, "a name is 1 to 63 octets of UTF-8"},
    {CLRC_ERROR_BAD_FORMAT, "the data do not have the promised form"},
    {CLRC_ERROR_SHORT_BUFFER, "the buffer is too short; its length now says how much is needed"},
    {CLRC_ERROR_TOO_LARGE, "too long, too large or too many"},
    {CLRC_ERROR_OUT_OF_MEMORY, "memory is short"},
    {CLRC_ERROR_NO_SPACE, "the store's disk is full; nothing was changed"},
    {CLRC_ERROR_NOT_FOUND, "there is no such object"},
    {CLRC_ERROR_EXISTS, "the name is taken"},
    {CLRC_ERROR_NOT_SUPPORTED, "this algorithm, size or combination is not offered"},
    {CLRC_ERROR_BUSY, "it is in use; try again later"},
    {CLRC_ERROR_CANCELLED, "the call was cancelled"},
    {CLRC_ERROR_STATE, "not possible in the present state"},
    {CLRC_ERROR_CORRUPT, "stored data are damaged or were put back"},
    {CLRC_ERROR_ACCESS_DENIED, "not allowed for this caller or by the key's policy"},
    {CLRC_ERROR_PASSWORD, "a password is needed, or this one is wrong"},
    {CLRC_ERROR_THROTTLED, "too many wrong passwords: wait before the next"},
    {CLRC_ERROR_NOT_EXPORTABLE, "the private part does not leave the service"},
    {CLRC_ERROR_IMMUTABLE, "a provisioned key can't be changed or deleted"},
    {CLRC_ERROR_EXPIRED, "its last day has passed"},
    {CLRC_ERROR_USED_UP, "its uses are spent"},
    {CLRC_ERROR_SIGNATURE, "the signature does not fit"},
    {CLRC_ERROR_MAC, "the tag or MAC does not fit"},
    {CLRC_ERROR_KEY_GONE, "the key is gone"},
    {CLRC_ERROR_ROLLBACK, "older than what this device has taken before"},
    {CLRC_ERROR_SIGNER, "signed by another than the one who is trusted"},
    {CLRC_ERROR_REPLAYED, "the command is not newer than the last one that was obeyed"},
    {CLRC_ERROR_NUMBER, "this device obeys numbered commands only"},
    {CLRC_ERROR_REVOKED, "the certificate is on the revocation list"},
    {CLRC_ERROR_LOCKOUT, "with this command certificate no later command could be verified"},
    {CLRC_ERROR_KEY_MISMATCH, "the certificate is for another key than the device's"},
    {CLRC_ERROR_NOT_AUTHORITY, "the certificate is not one of an authority"},
    {CLRC_ERROR_TARGET, "the package is for another target"},
    {CLRC_ERROR_DOWNGRADE, "the package is older than wanted or than one that was seen here"},
    {CLRC_ERROR_FILE, "a file can't be read or written"},
    {CLRC_ERROR_OTHER_DEVICE, "the package was made for another device key or class of devices"},
    {CLRC_ERROR_NOT_YET_VALID, "its first day has not come"},
    {CLRC_ERROR_OTHER_OBJECT, "the data are not those that the identifier was made for"},
    {CLRC_ERROR_NO_SERVICE, "the key service can't be reached"},
    {CLRC_ERROR_SERVICE_DIED, "the session with the key service ended during the call"},
};

/* Answers that say more than the results that they become. */
static const struct {
    TEEC_Result from;
    const char *text;
} reasons[] = {
    {KM_CRYPTO_E_DES3_PARITY, "a DES3 key has odd parity: an odd number of ones in each octet"},
    {KM_CRYPTO_E_DES3_PARTS, "a DES3 key has parts that all differ: with two alike it is weaker"},
};

const char *clrc_reason(TEEC_Result result)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(reasons); i++) {
        if (reasons[i].from == result)
            return reasons[i].text;
    }
    return NULL;
}

ClrcResult clrc_map(TEEC_Result result)
{
    return km_result_map(results, KM_ARRAY_LEN(results), result);
}

const char *clrcResultText(ClrcResult result)
{
    return km_result_word(texts, KM_ARRAY_LEN(texts), result, "not a result of this library");
}

const char *clrcLastError(void)
{
    return last_error;
}

ClrcResult clrc_fail(const char *function, ClrcResult result, const char *subject, const char *text)
{
    km_result_note(last_error, function, subject, text == NULL ? clrcResultText(result) : text);
    return result;
}
