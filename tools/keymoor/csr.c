/* SPDX-License-Identifier: Apache-2.0 */
#include "csr.h"

#include <string.h>

#include "common/km_der.h"

#define DIGEST_MAX 64u
#define SIGNATURE_MAX 512u
#define SPKI_MAX 1024u

/* Attribute types of RFC 4519 and PKCS#9 as a subject may name them, with their string types. */
static const struct {
    const char *name;
    uint8_t oid[9];
    uint8_t oid_len;
    uint8_t string_type;
    size_t max; /* upper bound of X.520 */
} attribute_types[] = {
    {"CN", {0x55, 0x04, 0x03}, 3, KM_DER_UTF8_STRING, 64},
    {"O", {0x55, 0x04, 0x0a}, 3, KM_DER_UTF8_STRING, 64},
    {"OU", {0x55, 0x04, 0x0b}, 3, KM_DER_UTF8_STRING, 64},
    {"C", {0x55, 0x04, 0x06}, 3, KM_DER_PRINTABLE_STRING, 2},
    {"ST", {0x55, 0x04, 0x08}, 3, KM_DER_UTF8_STRING, 128},
    {"L", {0x55, 0x04, 0x07}, 3, KM_DER_UTF8_STRING, 128},
    {"serialNumber", {0x55, 0x04, 0x05}, 3, KM_DER_PRINTABLE_STRING, 64},
    {"emailAddress",
     {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01},
     9,
     KM_DER_IA5_STRING,
     255},
};

/* How a key of a size signs a request. */
struct signing {
    ClrcAlgorithm digest;
    ClrcAlgorithm algorithm;
    uint8_t oid[9];
    uint8_t oid_len;
    bool null_parameters; /* RFC 4055: RSA identifiers carry NULL, ECDSA ones nothing */
};
static const struct signing ecdsa_sha256 = {
    CLRC_SHA256, CLRC_ECDSA, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}, 8, false};
static const struct signing ecdsa_sha384 = {
    CLRC_SHA384, CLRC_ECDSA, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}, 8, false};
static const struct signing ecdsa_sha512 = {
    CLRC_SHA512, CLRC_ECDSA, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}, 8, false};
static const struct signing rsa_sha256 = {CLRC_SHA256,
                                          CLRC_RSASSA_PKCS1_V1_5_SHA256,
                                          {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b},
                                          9,
                                          true};

static const struct signing *signing_for(const ClrcKeyInfo *info)
{
    if (info->type == KEY_RSA_KEYPAIR)
        return &rsa_sha256;
    if (info->type != KEY_ECDSA_KEYPAIR && info->type != KEY_EC_DUAL_KEYPAIR)
        return NULL;
    return info->bits <= 256 ? &ecdsa_sha256 : info->bits <= 384 ? &ecdsa_sha384 : &ecdsa_sha512;
}

static bool put_attribute(struct km_wr *wr, struct km_slice name, struct km_slice value)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(attribute_types); i++) {
        if (!km_slice_equal(name, KM_SLICE_STR(attribute_types[i].name)))
            continue;
        if (value.len == 0 || value.len > attribute_types[i].max || !km_utf8_valid(value))
            return false;
        size_t set = km_der_begin(wr, KM_DER_SET);
        size_t pair = km_der_begin(wr, KM_DER_SEQUENCE);
        km_der_put(wr, KM_DER_OID, KM_SLICE(attribute_types[i].oid, attribute_types[i].oid_len));
        km_der_put(wr, attribute_types[i].string_type, value);
        km_der_end(wr, pair);
        km_der_end(wr, set);
        return true;
    }
    return false;
}

/* "/TYPE=value/TYPE=value"; a slash inside a value is written as a backslash and the slash. */
static bool put_subject(struct km_wr *wr, const char *subject)
{
    size_t name = km_der_begin(wr, KM_DER_SEQUENCE);
    for (const char *at = subject; *at != '\0';) {
        if (*at++ != '/')
            return false;
        const char *equals = strchr(at, '=');
        if (equals == NULL)
            return false;
        char value[256] = {0};
        size_t len = 0;
        const char *end = equals + 1;
        for (; *end != '\0' && *end != '/'; end++) {
            if (*end == '\\' && end[1] == '/')
                end++;
            if (len == sizeof value)
                return false;
            value[len++] = *end;
        }
        if (!put_attribute(wr, KM_SLICE(at, (size_t)(equals - at)), KM_SLICE(value, len)))
            return false;
        at = end;
    }
    km_der_end(wr, name);
    return true;
}

static void put_algorithm(struct km_wr *wr, const struct signing *signing)
{
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(signing->oid, signing->oid_len));
    if (signing->null_parameters)
        km_der_put_null(wr);
    km_der_end(wr, algorithm);
}

ClrcResult csr_make(ClrcKeyHandle key, const char *subject, struct km_span der,
                    uint32_t *ret_length)
{
    ClrcKeyInfo info = {0};
    ClrcResult result = clrcGetKeyInfo(key, &info);
    if (result != CLRC_SUCCESS)
        return result;
    const struct signing *signing = signing_for(&info);
    if (signing == NULL)
        return CLRC_ERROR_NOT_SUPPORTED;
    uint8_t spki[SPKI_MAX] = {0};
    uint32_t spki_len = sizeof spki;
    result = clrcExportPublicKey(key, spki, &spki_len);
    if (result != CLRC_SUCCESS)
        return result;

    struct km_wr wr = km_wr_init(der.ptr, der.len);
    size_t request = km_der_begin(&wr, KM_DER_SEQUENCE);
    size_t info_at = wr.len;
    size_t request_info = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put_u64(&wr, KM_DER_INTEGER, 0);
    if (!put_subject(&wr, subject))
        return CLRC_ERROR_BAD_NAME;
    km_wr_bytes(&wr, KM_SLICE(spki, spki_len));
    km_der_put(&wr, KM_DER_CONTEXT(0), KM_SLICE(NULL, 0));
    km_der_end(&wr, request_info);
    if (wr.overflow)
        return CLRC_ERROR_TOO_LARGE;

    uint8_t digest[DIGEST_MAX] = {0};
    uint32_t digest_len = sizeof digest;
    uint8_t signature[SIGNATURE_MAX] = {0};
    uint32_t signature_len = sizeof signature;
    result = clrcDigest(signing->digest, der.ptr + info_at, wr.len - info_at, digest, &digest_len);
    if (result == CLRC_SUCCESS)
        result =
            clrcSignDigest(key, signing->algorithm, digest, digest_len, signature, &signature_len);
    if (result != CLRC_SUCCESS)
        return result;
    put_algorithm(&wr, signing);
    km_der_put_bit_string(&wr, KM_SLICE(signature, signature_len));
    km_der_end(&wr, request);
    struct km_slice whole = {0};
    if (!km_wr_finish(&wr, &whole))
        return CLRC_ERROR_TOO_LARGE;
    *ret_length = (uint32_t)whole.len;
    return CLRC_SUCCESS;
}
