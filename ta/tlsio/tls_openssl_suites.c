/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be negotiated. libssl does not ask the Core API, so what the administrator forbids there (keymoord --crypto-policy) is left
 * out here.
 */
#include "include/tee_internal_api_extensions.h"
#include "ta/tlsio/tls_openssl.h"

#define LIST_MAX 1024

enum needs { NOTHING, CHACHA20, X25519, ED25519, PSK, PSK_CHACHA20 };

struct word {
    const char *text;
    enum needs needs;
};

/* RFC 9325, 4.2: forward secrecy and AEAD; static ECDH is gone from libssl. A peer with only a PSK may have neither. */
static const struct word suites_1_2[] = {
    {"ECDHE-PSK-CHACHA20-POLY1305", PSK_CHACHA20},
    {"ECDHE-PSK-AES256-CBC-SHA384", PSK},
    {"ECDHE-PSK-AES128-CBC-SHA256", PSK},
    {"PSK-AES256-GCM-SHA384", PSK},
    {"PSK-AES128-GCM-SHA256", PSK},
    {"PSK-CHACHA20-POLY1305", PSK_CHACHA20},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", NOTHING},
    {"ECDHE-RSA-AES128-GCM-SHA256", NOTHING},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", NOTHING},
    {"ECDHE-RSA-AES256-GCM-SHA384", NOTHING},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", CHACHA20},
    {"ECDHE-RSA-CHACHA20-POLY1305", CHACHA20},
};
static const struct word suites_1_3[] = {
    {"TLS_AES_256_GCM_SHA384", NOTHING},
    {"TLS_CHACHA20_POLY1305_SHA256", CHACHA20},
    {"TLS_AES_128_GCM_SHA256", NOTHING},
};
static const struct word groups[] = {
    {"X25519", X25519},
    {"P-256", NOTHING},
    {"P-384", NOTHING},
    {"P-521", NOTHING},
};
static const struct word signatures[] = {
    {"ECDSA+SHA256", NOTHING},       {"ECDSA+SHA384", NOTHING},
    {"ECDSA+SHA512", NOTHING},       {"ed25519", ED25519},
    {"RSA-PSS+SHA256", NOTHING},     {"RSA-PSS+SHA384", NOTHING},
    {"RSA-PSS+SHA512", NOTHING},     {"rsa_pss_pss_sha256", NOTHING},
    {"rsa_pss_pss_sha384", NOTHING}, {"rsa_pss_pss_sha512", NOTHING},
    {"RSA+SHA256", NOTHING},         {"RSA+SHA384", NOTHING},
    {"RSA+SHA512", NOTHING},
};

static bool is_offered(uint32_t algorithm, uint32_t element)
{
    return TEE_IsAlgorithmSupported(algorithm, element) == TEE_SUCCESS;
}

static bool has(enum needs needs, bool has_psk)
{
    switch (needs) {
    case NOTHING:
        return true;
    case PSK:
        return has_psk;
    case PSK_CHACHA20:
        return has_psk && has(CHACHA20, has_psk);
    case CHACHA20:
        return is_offered(TEE_ALG_CHACHA20_POLY1305, TEE_CRYPTO_ELEMENT_NONE);
    case X25519:
        return is_offered(TEE_ALG_X25519, TEE_ECC_CURVE_25519);
    case ED25519:
        return is_offered(TEE_ALG_ED25519, TEE_ECC_CURVE_25519);
    }
    return false;
}

/* Words with colons between them, as libssl takes lists. */
static void put(const struct word *words, size_t n, bool has_psk, char ret[LIST_MAX])
{
    struct km_wr wr = km_wr_init(ret, LIST_MAX - 1);
    for (size_t i = 0; i < n; i++) {
        if (!has(words[i].needs, has_psk))
            continue;
        if (wr.len > 0)
            km_wr_u8(&wr, ':');
        km_wr_bytes(&wr, KM_SLICE_STR(words[i].text));
    }
    ret[wr.len] = '\0';
}

bool tls_suites_set(SSL_CTX *ctx, bool has_psk)
{
    const struct {
        const struct word *words;
        size_t n;
        int (*set)(SSL_CTX *ctx, const char *list);
    } lists[] = {
        {suites_1_2, KM_ARRAY_LEN(suites_1_2), SSL_CTX_set_cipher_list},
        {suites_1_3, KM_ARRAY_LEN(suites_1_3), SSL_CTX_set_ciphersuites},
    };
    char list[LIST_MAX] = "";
    for (size_t i = 0; i < KM_ARRAY_LEN(lists); i++) {
        put(lists[i].words, lists[i].n, has_psk, list);
        if (lists[i].set(ctx, list) != 1)
            return false;
    }
    put(groups, KM_ARRAY_LEN(groups), has_psk, list);
    if (SSL_CTX_set1_groups_list(ctx, list) != 1)
        return false;
    put(signatures, KM_ARRAY_LEN(signatures), has_psk, list);
    return SSL_CTX_set1_sigalgs_list(ctx, list) == 1;
}
