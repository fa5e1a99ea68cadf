/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/host/crypto_policy.h"

#include <string.h>

#include "include/tee_internal_api.h"
#include "include/tee_internal_api_extensions.h"

#define WORD_MAX 32u

enum entry {
    MD5,
    SHA1_SIGNATURES,
    DES3,
    DSA,
    P192,
    RSAES_PKCS1,
    RSA_NOPAD,
    AES_ECB,
    P224,
    DH,
    CURVE25519,
    CHACHA20,
    SHA3,
    KEY_WRAP,
    CURVE448,
    SM,
    N_ENTRIES,
};

/* In the order of the enumeration. Weak: nobody should begin to use it. */
static const struct {
    const char *name;
    bool is_weak;
    const char *about;
} ENTRIES[] = {
    {"md5", true, "MD5, alone and in HMAC, HKDF and RSA signatures"},
    {"sha1-signatures", true, "RSA, DSA and ECDSA signatures over SHA-1"},
    {"des3", true, "DES and triple DES in every mode, and their MACs"},
    {"dsa", true, "DSA signatures"},
    {"p192", true, "ECDSA and ECDH on P-192"},
    {"rsaes-pkcs1", true, "RSA encryption with PKCS#1 v1.5 padding"},
    {"rsa-nopad", true, "the bare RSA operation"},
    {"aes-ecb", true, "AES-ECB over data"},
    {"p224", false, "ECDSA and ECDH on P-224"},
    {"dh", false, "Diffie-Hellman over prime fields"},
    {"25519", false, "Ed25519 and X25519"},
    {"chacha20", false, "ChaCha20-Poly1305"},
    {"sha3", false, "SHA-3 and SHAKE, and HMAC, signatures and OAEP with them"},
    {"key-wrap", false, "AES key wrap, RFC 3394 and RFC 5649"},
    {"448", false, "Ed448 and X448"},
    {"sm", false, "SM3 and SM4"},
};
_Static_assert(KM_ARRAY_LEN(ENTRIES) == N_ENTRIES && N_ENTRIES <= 32, "a bit for each");

const char *km_crypto_policy_name(size_t i, bool *ret_is_weak, const char **ret_about)
{
    if (i >= N_ENTRIES)
        return NULL;
    *ret_is_weak = ENTRIES[i].is_weak;
    *ret_about = ENTRIES[i].about;
    return ENTRIES[i].name;
}

bool km_crypto_policy_forbids(const struct km_crypto_policy *policy, size_t i)
{
    return i < N_ENTRIES && (policy->forbidden & (1u << i)) != 0;
}

/* ---- what an algorithm is ---- */

/* Internal Core API, 6.10.1: the lowest octet is the main algorithm. */
#define MAIN(algorithm) ((algorithm)&0xffu)
#define MAIN_DES 0x11u
#define MAIN_DES3 0x13u
#define MAIN_SM4 0x14u
#define MAIN_DSA 0x31u
#define MAIN_DH 0x32u

static const struct {
    uint32_t algorithm;
    enum entry entry;
} SINGLE[] = {
    {TEE_ALG_MD5, MD5},
    {TEE_ALG_HMAC_MD5, MD5},
    {TEE_ALG_HKDF_MD5_DERIVE_KEY, MD5},
    {TEE_ALG_RSASSA_PKCS1_V1_5_MD5, MD5},
    {TEE_ALG_RSASSA_PKCS1_V1_5_SHA1, SHA1_SIGNATURES},
    {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1, SHA1_SIGNATURES},
    {TEE_ALG_DSA_SHA1, SHA1_SIGNATURES},
    {TEE_ALG_ECDSA_RFC6979_SHA1, SHA1_SIGNATURES},
    {TEE_ALG_RSAES_PKCS1_V1_5, RSAES_PKCS1},
    {TEE_ALG_RSA_NOPAD, RSA_NOPAD},
    {TEE_ALG_AES_ECB_NOPAD, AES_ECB},
    {TEE_ALG_ED25519, CURVE25519},
    {TEE_ALG_X25519, CURVE25519},
    {TEE_ALG_CHACHA20_POLY1305, CHACHA20},
    {TEE_ALG_ED448, CURVE448},
    {TEE_ALG_X448, CURVE448},
    {TEE_ALG_SM3, SM},
    {TEE_ALG_HMAC_SM3, SM},
    {TEE_ALG_AES_KW, KEY_WRAP},
    {TEE_ALG_AES_KWP, KEY_WRAP},
    {TEE_ALG_SHA3_224, SHA3},
    {TEE_ALG_SHA3_256, SHA3},
    {TEE_ALG_SHA3_384, SHA3},
    {TEE_ALG_SHA3_512, SHA3},
    {TEE_ALG_SHAKE128, SHA3},
    {TEE_ALG_SHAKE256, SHA3},
    {TEE_ALG_HMAC_SHA3_224, SHA3},
    {TEE_ALG_HMAC_SHA3_256, SHA3},
    {TEE_ALG_HMAC_SHA3_384, SHA3},
    {TEE_ALG_HMAC_SHA3_512, SHA3},
    {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_224, SHA3},
    {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_256, SHA3},
    {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_384, SHA3},
    {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_512, SHA3},
    {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_224, SHA3},
    {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_256, SHA3},
    {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_384, SHA3},
    {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_512, SHA3},
    {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_224, SHA3},
    {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_256, SHA3},
    {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_384, SHA3},
    {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_512, SHA3},
    {TEE_ALG_DSA_SHA3_224, SHA3},
    {TEE_ALG_DSA_SHA3_256, SHA3},
    {TEE_ALG_DSA_SHA3_384, SHA3},
    {TEE_ALG_DSA_SHA3_512, SHA3},
    {TEE_ALG_ECDSA_SHA3_224, SHA3},
    {TEE_ALG_ECDSA_SHA3_256, SHA3},
    {TEE_ALG_ECDSA_SHA3_384, SHA3},
    {TEE_ALG_ECDSA_SHA3_512, SHA3},
    {TEE_ALG_ECDSA_RFC6979_SHA3_224, SHA3},
    {TEE_ALG_ECDSA_RFC6979_SHA3_256, SHA3},
    {TEE_ALG_ECDSA_RFC6979_SHA3_384, SHA3},
    {TEE_ALG_ECDSA_RFC6979_SHA3_512, SHA3},
};

#define BIT(entry) (1u << (entry))

static uint32_t by_family(uint32_t algorithm)
{
    switch (MAIN(algorithm)) {
    case MAIN_DES:
    case MAIN_DES3:
        return BIT(DES3);
    case MAIN_SM4:
        return BIT(SM);
    case MAIN_DSA:
        return BIT(DSA);
    case MAIN_DH:
        return BIT(DH);
    default:
        return 0;
    }
}

static bool is_ec(uint32_t algorithm)
{
    return MAIN(algorithm) == MAIN(TEE_ALG_ECDH_DERIVE_SHARED_SECRET);
}

/* ECDSA_SHA1 is also the name of ECDSA on P-192 (6.10.1), where it says nothing of the hash. */
static uint32_t by_curve(uint32_t algorithm, uint32_t bits)
{
    if (!is_ec(algorithm))
        return 0;
    if (bits == 192)
        return BIT(P192);
    if (bits == 224)
        return BIT(P224);
    return bits != 0 && algorithm == TEE_ALG_ECDSA_SHA1 ? BIT(SHA1_SIGNATURES) : 0;
}

bool km_crypto_policy_allows(const struct km_crypto_policy *policy, uint32_t algorithm,
                             uint32_t bits)
{
    uint32_t is = by_family(algorithm) | by_curve(algorithm, bits);
    if (policy->forbidden == 0)
        return true;
    for (size_t i = 0; i < KM_ARRAY_LEN(SINGLE); i++) {
        if (SINGLE[i].algorithm == algorithm)
            is |= BIT(SINGLE[i].entry);
    }
    return (policy->forbidden & is) == 0;
}

/* ---- texts ---- */

static bool find(struct km_slice name, size_t *ret)
{
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (km_slice_equal(name, KM_SLICE_STR(ENTRIES[i].name))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; false at its end. */
static bool word(struct km_slice *line, struct km_slice *ret)
{
    while (line->len != 0 && is_blank(line->ptr[0]))
        *line = KM_SLICE(line->ptr + 1, line->len - 1);
    size_t len = 0;
    while (len < line->len && !is_blank(line->ptr[len]))
        len++;
    *ret = KM_SLICE(line->ptr, len);
    *line = KM_SLICE(line->ptr + len, line->len - len);
    return len != 0;
}

struct reading {
    unsigned line;
    uint32_t seen;
    uint32_t forbidden;
};

static km_status refuse(struct km_err *err, const struct reading *at, const char *what,
                        struct km_slice subject)
{
    int len = (int)(subject.len < WORD_MAX ? subject.len : WORD_MAX);
    return KM_FAIL(err, KM_E_MALFORMED, "line %u: %s '%.*s'", at->line, what, len,
                   (const char *)subject.ptr);
}

static km_status read_line(struct km_err *err, struct km_slice line, struct reading *at)
{
    struct km_slice verb = {0};
    struct km_slice name = {0};
    struct km_slice more = {0};
    size_t entry = 0;
    const uint8_t *comment = line.len != 0 ? memchr(line.ptr, '#', line.len) : NULL;
    if (comment != NULL)
        line.len = (size_t)(comment - line.ptr);
    if (!word(&line, &verb))
        return KM_OK;
    bool forbids = km_slice_equal(verb, KM_SLICE_STR("forbid"));
    if (!forbids && !km_slice_equal(verb, KM_SLICE_STR("allow")))
        return refuse(err, at, "a line begins with allow or forbid, not", verb);
    if (!word(&line, &name))
        return refuse(err, at, "there is no name behind", verb);
    if (!find(name, &entry))
        return refuse(err, at, "there is no algorithm by the name of", name);
    if (word(&line, &more))
        return refuse(err, at, "one name a line, this is too much:", more);
    if ((at->seen & BIT(entry)) != 0)
        return refuse(err, at, "this name stands in a line before:", name);
    at->seen |= BIT(entry);
    at->forbidden |= forbids ? BIT(entry) : 0;
    return KM_OK;
}

km_status km_crypto_policy_parse(struct km_err *err, struct km_slice text,
                                 struct km_crypto_policy *ret)
{
    struct reading at = {0};
    if (text.len > KM_CRYPTO_POLICY_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "a policy has at most %u octets", KM_CRYPTO_POLICY_MAX);
    if (text.len != 0 && !km_utf8_valid(text))
        return KM_FAIL(err, KM_E_MALFORMED, "a policy is text");
    while (text.len != 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
        at.line++;
        KM_TRY(read_line(err, KM_SLICE(text.ptr, len), &at));
        size_t taken = len + (end != NULL ? 1u : 0u);
        text = KM_SLICE(text.ptr + taken, text.len - taken);
    }
    ret->forbidden = at.forbidden;
    return KM_OK;
}

/* A property of the service, so it is not empty (tee/runtime/property.c). */
#define NOTHING "none"

void km_crypto_policy_text(const struct km_crypto_policy *policy,
                           char ret[KM_CRYPTO_POLICY_TEXT_MAX])
{
    struct km_wr wr = km_wr_init(ret, KM_CRYPTO_POLICY_TEXT_MAX);
    bool is_first = true;
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (!km_crypto_policy_forbids(policy, i))
            continue;
        if (!is_first)
            km_wr_u8(&wr, ',');
        km_wr_bytes(&wr, KM_SLICE_STR(ENTRIES[i].name));
        is_first = false;
    }
    if (is_first)
        km_wr_bytes(&wr, KM_SLICE_STR(NOTHING));
    km_wr_u8(&wr, 0);
}

bool km_crypto_policy_from_text(const char *text, struct km_crypto_policy *ret)
{
    struct km_crypto_policy policy = {0};
    char again[KM_CRYPTO_POLICY_TEXT_MAX] = {0};
    const char *at = strcmp(text, NOTHING) == 0 ? "" : text;
    while (*at != '\0') {
        size_t len = strcspn(at, ",");
        size_t entry = 0;
        if (!find(KM_SLICE(at, len), &entry))
            return false;
        policy.forbidden |= BIT(entry);
        at += len;
        if (*at == ',')
            at++;
    }
    km_crypto_policy_text(&policy, again);
    if (strcmp(again, text) != 0)
        return false;
    *ret = policy;
    return true;
}
