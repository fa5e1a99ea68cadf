/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/clrpv/clrpv_internal.h"

#define LAST_ERROR_MAX 320
#define ERRNO_MAX 4095u

static __thread char last_error[LAST_ERROR_MAX];

static const struct {
    ClrpvResult result;
    const char *text;
} texts[] = {
    {CLRPV_SUCCESS, "success"},
    {CLRPV_ERROR_BAD_PARAMETERS, "an argument is wrong"},
    {CLRPV_ERROR_SHORT_BUFFER, "the buffer is too short; its length now says how much is needed"},
    {CLRPV_ERROR_OUT_OF_MEMORY, "memory is short"},
    {CLRPV_ERROR_TOO_LARGE, "too long or too large"},
    {CLRPV_ERROR_NOT_SUPPORTED, "not offered by this build of the library"},
    {CLRPV_ERROR_TRUNCATED, "the package ends early"},
    {CLRPV_ERROR_TRAILING, "something follows the package"},
    {CLRPV_ERROR_BAD_FORMAT, "this is not a payload package"},
    {CLRPV_ERROR_OTHER_KIND, "this is a package of another kind"},
    {CLRPV_ERROR_ALGORITHM, "the package's format version or signature algorithm is not known"},
    {CLRPV_ERROR_CHANGED, "the payload changed while it was packed"},
    {CLRPV_ERROR_WEAK_HASH, "MD5 and SHA-1 are not allowed here"},
    {CLRPV_ERROR_SIGNATURE, "the signature does not fit the package and the key"},
    {CLRPV_ERROR_TARGET, "the package is for another target"},
    {CLRPV_ERROR_DOWNGRADE, "the package is older than wanted or than one that was seen here"},
    {CLRPV_ERROR_KEY_FILE, "there is no key in clear, DER or PEM, in it"},
    {CLRPV_ERROR_KEY_TYPE, "a key of this type can't sign payloads: take EC, RSA or DSA"},
    {CLRPV_ERROR_KEY_MISMATCH, "the key is not of the kind that the package was signed with"},
    {CLRPV_ERROR_KEY_PUBLIC, "signing needs a private key"},
    {CLRPV_ERROR_CRYPTO, "the cryptographic library failed"},
};

const char *clrpvResultText(ClrpvResult result)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        if (texts[i].result == result)
            return texts[i].text;
    }
    if (result <= ERRNO_MAX)
        return strerror((int)result);
    return clrpv_service_text(result);
}

const char *clrpvLastError(void)
{
    return last_error;
}

ClrpvResult clrpv_fail(const char *function, ClrpvResult result, const char *text)
{
    (void)snprintf(last_error, sizeof(last_error), "%s: %s", function,
                   text == NULL ? clrpvResultText(result) : text);
    return result;
}

ClrpvResult clrpv_fail_errno(const char *function, const char *subject, int native)
{
    (void)snprintf(last_error, sizeof(last_error), "%s: %s: %s", function, subject,
                   strerror(native));
    return (ClrpvResult)native;
}

static ClrpvResult result_of(const struct km_err *err)
{
    if (err->layer == KM_LAYER_ERRNO && err->native > 0 && err->native <= ERRNO_MAX)
        return (ClrpvResult)err->native;
    if (err->status == KM_E_NOMEM)
        return CLRPV_ERROR_OUT_OF_MEMORY;
    return err->status == KM_E_LIMIT ? CLRPV_ERROR_TOO_LARGE : CLRPV_ERROR_BAD_PARAMETERS;
}

ClrpvResult clrpv_fail_km(const char *function, const struct km_err *err)
{
    char text[KM_ERR_TEXT_MAX + 64] = {0};
    (void)snprintf(text, sizeof(text), "%s%s%s", err->text,
                   err->layer == KM_LAYER_ERRNO ? ": " : "",
                   err->layer == KM_LAYER_ERRNO ? strerror((int)err->native) : "");
    return clrpv_fail(function, result_of(err), text);
}

static const struct {
    ClrpvHash hash;
    enum km_sign_digest digest;
} hashes[] = {
    {CLRPV_HASH_MD5, KM_SIGN_MD5},       {CLRPV_HASH_SHA1, KM_SIGN_SHA1},
    {CLRPV_HASH_SHA224, KM_SIGN_SHA224}, {CLRPV_HASH_SHA256, KM_SIGN_SHA256},
    {CLRPV_HASH_SHA384, KM_SIGN_SHA384}, {CLRPV_HASH_SHA512, KM_SIGN_SHA512},
};

bool clrpv_hash_digest(ClrpvHash hash, enum km_sign_digest *ret)
{
    if (hash == CLRPV_HASH_DEFAULT)
        hash = CLRPV_HASH_SHA256;
    for (size_t i = 0; i < KM_ARRAY_LEN(hashes); i++) {
        if (hashes[i].hash == hash) {
            *ret = hashes[i].digest;
            return true;
        }
    }
    return false;
}

ClrpvHash clrpv_hash_of(enum km_sign_digest digest)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(hashes); i++) {
        if (hashes[i].digest == digest)
            return hashes[i].hash;
    }
    return CLRPV_HASH_DEFAULT;
}

ClrpvHash clrpvHashByName(const char *name)
{
    enum km_sign_digest digest = KM_SIGN_SHA256;
    if (name == NULL || !km_payload_hash_find(KM_SLICE_STR(name), &digest))
        return CLRPV_HASH_DEFAULT;
    return clrpv_hash_of(digest);
}

const char *clrpvHashName(ClrpvHash hash)
{
    enum km_sign_digest digest = KM_SIGN_SHA256;
    return clrpv_hash_digest(hash, &digest) ? km_payload_hash_name(digest) : NULL;
}

int clrpvHashIsWeak(ClrpvHash hash)
{
    return hash == CLRPV_HASH_MD5 || hash == CLRPV_HASH_SHA1;
}
