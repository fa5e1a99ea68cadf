/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: kept here until the first connection takes them to the instance. */
#include <stdlib.h>
#include <string.h>

#include "lib/clrtls/clrtls_internal.h"

static ClrcResult check(const char *function, const ClrtlsContext *context)
{
    ClrcResult result = clrtls_context_check(function, context);
    if (result == CLRC_SUCCESS && context->has_session)
        return clrtls_fail(function, CLRC_ERROR_STATE, "settings come before the first connection");
    return result;
}

static bool is_name(const char *name)
{
    return name != NULL && km_tlsio_name_is(KM_SLICE(name, strnlen(name, KM_TLSIO_NAME_MAX + 1)));
}

static void set_name(char to[KM_TLSIO_NAME_MAX + 1], struct km_slice *ret, const char *name)
{
    size_t len = strlen(name);
    km_copy(to, KM_TLSIO_NAME_MAX + 1, name, len + 1);
    *ret = KM_SLICE(to, len);
}

static bool copy_octets(struct clrtls_octets *to, const void *from, size_t len)
{
    uint8_t *copy = malloc(len);
    if (copy == NULL)
        return false;
    km_copy(copy, len, from, len);
    clrtls_octets_clear(to);
    *to = (struct clrtls_octets){.at = copy, .len = len};
    return true;
}

static void forget_identity(ClrtlsContext *context)
{
    context->settings.key_name = KM_SLICE(NULL, 0);
    context->settings.cert_name = KM_SLICE(NULL, 0);
    clrtls_octets_clear(&context->key_pem);
    clrtls_octets_clear(&context->cert_pem);
}

ClrcResult clrtlsSetIdentity(ClrtlsContext *context, const char *key_name, const char *cert_name)
{
    static const char function[] = "clrtlsSetIdentity";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (!is_name(key_name) || !is_name(cert_name))
        return clrtls_fail(function, CLRC_ERROR_BAD_NAME, NULL);
    forget_identity(context);
    set_name(context->key_name, &context->settings.key_name, key_name);
    set_name(context->cert_name, &context->settings.cert_name, cert_name);
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetIdentityChain(ClrtlsContext *context, const char *key_name, const char *pem,
                                  uint32_t length)
{
    static const char function[] = "clrtlsSetIdentityChain";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (!is_name(key_name))
        return clrtls_fail(function, CLRC_ERROR_BAD_NAME, NULL);
    if (pem == NULL || length == 0)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    if (length > KM_TLSIO_CHAIN_PEM_MAX)
        return clrtls_fail(function, CLRC_ERROR_TOO_LARGE, NULL);
    forget_identity(context);
    if (!copy_octets(&context->cert_pem, pem, length))
        return clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
    set_name(context->key_name, &context->settings.key_name, key_name);
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetIdentityPem(ClrtlsContext *context, const char *key_pem, uint32_t key_length,
                                const char *cert_pem, uint32_t cert_length)
{
    static const char function[] = "clrtlsSetIdentityPem";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (key_pem == NULL || key_length == 0 || cert_pem == NULL || cert_length == 0)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    if (key_length > KM_TLSIO_KEY_PEM_MAX || cert_length > KM_TLSIO_CHAIN_PEM_MAX)
        return clrtls_fail(function, CLRC_ERROR_TOO_LARGE, NULL);
    forget_identity(context);
    if (!copy_octets(&context->key_pem, key_pem, key_length) ||
        !copy_octets(&context->cert_pem, cert_pem, cert_length)) {
        forget_identity(context);
        return clrtls_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL);
    }
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetPsk(ClrtlsContext *context, const char *identity, const uint8_t *psk,
                        uint32_t length)
{
    static const char function[] = "clrtlsSetPsk";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    size_t identity_len = identity == NULL ? 0 : strnlen(identity, KM_TLSIO_PSK_IDENTITY_MAX + 1);
    if (psk == NULL || identity_len == 0 || identity_len > KM_TLSIO_PSK_IDENTITY_MAX ||
        length < KM_TLSIO_PSK_MIN || length > KM_TLSIO_PSK_MAX)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS,
                           "an identity is 1 to 127 octets, its key 16 to 64");
    km_copy(context->psk_identity, sizeof(context->psk_identity), identity, identity_len);
    km_copy(context->psk, sizeof(context->psk), psk, length);
    context->settings.psk_identity = KM_SLICE(context->psk_identity, identity_len);
    context->settings.psk = KM_SLICE(context->psk, length);
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetAuthority(ClrtlsContext *context, const char *cert_name)
{
    static const char function[] = "clrtlsSetAuthority";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (!is_name(cert_name))
        return clrtls_fail(function, CLRC_ERROR_BAD_NAME, NULL);
    set_name(context->anchor, &context->settings.anchor, cert_name);
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetAlpn(ClrtlsContext *context, const char *const *protocols, uint32_t n)
{
    static const char function[] = "clrtlsSetAlpn";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (protocols == NULL && n != 0)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    struct km_wr wr = km_wr_init(context->alpn, sizeof(context->alpn));
    struct km_slice list = {0};
    for (uint32_t i = 0; i < n; i++) {
        size_t len = protocols[i] == NULL ? 0 : strnlen(protocols[i], KM_TLSIO_PROTOCOL_MAX + 1);
        if (len == 0 || len > KM_TLSIO_PROTOCOL_MAX)
            return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS,
                               "a protocol's name is 1 to 255 octets");
        km_wr_u8(&wr, (uint8_t)len);
        km_wr_bytes(&wr, KM_SLICE(protocols[i], len));
    }
    if (!km_wr_finish(&wr, &list))
        return clrtls_fail(function, CLRC_ERROR_TOO_LARGE, NULL);
    context->settings.alpn = list;
    return CLRC_SUCCESS;
}

static bool is_version(uint32_t version)
{
    return version == CLRTLS_VERSION_1_2 || version == CLRTLS_VERSION_1_3;
}

ClrcResult clrtlsSetVersions(ClrtlsContext *context, uint32_t min, uint32_t max)
{
    static const char function[] = "clrtlsSetVersions";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (!is_version(min) || !is_version(max) || min > max)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS,
                           "versions are TLS 1.2 and 1.3, the lower one first");
    context->settings.min_version = min;
    context->settings.max_version = max;
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetVerify(ClrtlsContext *context, uint32_t verify)
{
    static const char function[] = "clrtlsSetVerify";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (verify > CLRTLS_VERIFY_REQUIRED ||
        (context->settings.role == CLRTLS_CLIENT && verify != CLRTLS_VERIFY_REQUIRED))
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS,
                           "a client always verifies its server");
    context->settings.verify = verify;
    return CLRC_SUCCESS;
}

ClrcResult clrtlsSetResumption(ClrtlsContext *context, uint32_t on)
{
    static const char function[] = "clrtlsSetResumption";
    ClrcResult result = check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (on > 1)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    context->settings.flags = on == 1 ? KM_TLSIO_RESUME : 0;
    return CLRC_SUCCESS;
}
