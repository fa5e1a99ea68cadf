/* SPDX-License-Identifier: Apache-2.0 */
/* MAC: HMAC and CMAC in the service, with a key of the program's own or a stored one, for a program that asks for it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "common/km_secret.h"
#include "interop/provider/work.h"

#define HMAC_KEY_MIN 8u   /* octets that the service takes */
#define HMAC_KEY_MAX 512u /* the same */

/* A digest of HMAC, or a cipher of CMAC. */
struct mac_alg {
    const char *names[3];
    ClrcAlgorithm algorithm;
    ClrcKeyType key_type;
    size_t len;
    size_t block;
    size_t key_len;       /* CMAC only */
    ClrcAlgorithm digest; /* HMAC only */
};

#define HMAC(hash, n, block, ...)                                                                  \
    {                                                                                              \
        {__VA_ARGS__}, CLRC_HMAC_##hash, KEY_HMAC, n, block, 0, CLRC_##hash                        \
    }

static const struct mac_alg hmacs[] = {
    HMAC(SHA256, 32, 64, "SHA2-256", "SHA256", "SHA-256"),
    HMAC(SHA1, 20, 64, "SHA1", "SHA-1"),
    HMAC(SHA224, 28, 64, "SHA2-224", "SHA224", "SHA-224"),
    HMAC(SHA384, 48, 128, "SHA2-384", "SHA384", "SHA-384"),
    HMAC(SHA512, 64, 128, "SHA2-512", "SHA512", "SHA-512"),
    HMAC(MD5, 16, 64, "MD5"),
    HMAC(SHA3_224, 28, 144, "SHA3-224"),
    HMAC(SHA3_256, 32, 136, "SHA3-256"),
    HMAC(SHA3_384, 48, 104, "SHA3-384"),
    HMAC(SHA3_512, 64, 72, "SHA3-512"),
};

static const struct mac_alg cmacs[] = {
    {{"AES-128-CBC", "AES128"}, CLRC_AES_CMAC, KEY_AES, 16, 16, 16, CLRC_ALG_NONE},
    {{"AES-192-CBC", "AES192"}, CLRC_AES_CMAC, KEY_AES, 16, 16, 24, CLRC_ALG_NONE},
    {{"AES-256-CBC", "AES256"}, CLRC_AES_CMAC, KEY_AES, 16, 16, 32, CLRC_ALG_NONE},
    {{"DES-EDE3-CBC", "DES3"}, CLRC_DES3_CMAC, KEY_DES3, 8, 8, 24, CLRC_ALG_NONE},
};

struct mac {
    struct prov *prov;
    bool is_cmac;
    const struct mac_alg *alg; /* NULL until it is named */
    struct work_key *key;
    struct work_hash hash;
};

static void *mac_new(struct prov *prov, bool is_cmac)
{
    struct mac *mac = calloc(1, sizeof(*mac));
    if (mac == NULL)
        return NULL;
    mac->prov = prov;
    mac->is_cmac = is_cmac;
    return mac;
}

static void *new_hmac(void *provctx)
{
    return mac_new(provctx, false);
}

static void *new_cmac(void *provctx)
{
    return mac_new(provctx, true);
}

static void mac_free(void *ctx)
{
    struct mac *mac = ctx;
    if (mac == NULL)
        return;
    work_key_unref(mac->key);
    work_hash_clear(&mac->hash);
    free(mac);
}

static void *mac_dup(void *ctx)
{
    const struct mac *from = ctx;
    struct mac *to = mac_new(from->prov, from->is_cmac);
    if (to == NULL)
        return NULL;
    to->alg = from->alg;
    to->key = work_key_ref(from->key);
    if (work_hash_copy(&to->hash, &from->hash))
        return to;
    mac_free(to);
    return NULL;
}

/* ---- parameters ---- */

/* What stands for the octets of a key depends on the digest: with another one they have to come anew. */
static void change_alg(struct mac *mac, const struct mac_alg *alg)
{
    if (mac->alg != NULL && mac->alg != alg)
        work_key_unref(km_steal(&mac->key));
    mac->alg = alg;
}

static bool set_alg(struct mac *mac, const OSSL_PARAM *p)
{
    const struct mac_alg *rows = mac->is_cmac ? cmacs : hmacs;
    size_t n_rows = mac->is_cmac ? KM_ARRAY_LEN(cmacs) : KM_ARRAY_LEN(hmacs);
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < KM_ARRAY_LEN(rows[i].names) && rows[i].names[j] != NULL; j++) {
            if (strcasecmp(rows[i].names[j], name) == 0) {
                change_alg(mac, &rows[i]);
                return true;
            }
        }
    }
    return PROV_FAIL(mac->prov, KM_E_UNSUPPORTED, "'%.40s' is not offered for this MAC", name);
}

/* RFC 2104, section 2: a key beyond a block is hashed first, and zeros behind a short one change nothing. */
static bool take_hmac_key(struct mac *mac, struct km_slice octets)
{
    uint8_t key[HMAC_KEY_MAX] = {0};
    uint32_t len = (uint32_t)octets.len;
    bool done = true;
    if (octets.len > mac->alg->block) {
        len = (uint32_t)mac->alg->len;
        done =
            work_check(mac->prov, clrcDigest(mac->alg->digest, octets.ptr, octets.len, key, &len),
                       "hash", "a long key");
    } else {
        km_copy(key, sizeof(key), octets.ptr, octets.len);
    }
    if (len < HMAC_KEY_MIN)
        len = HMAC_KEY_MIN;
    if (done)
        mac->key = work_key_import(mac->prov, KEY_HMAC, KM_SLICE(key, len));
    km_wipe(key, sizeof(key));
    return mac->key != NULL;
}

static bool take_key(struct mac *mac, struct km_slice octets)
{
    work_key_unref(km_steal(&mac->key));
    if (mac->alg == NULL)
        return PROV_FAIL(mac->prov, KM_E_STATE, "the MAC's digest or cipher comes before its key");
    if (!mac->is_cmac)
        return take_hmac_key(mac, octets);
    if (octets.len != mac->alg->key_len)
        return PROV_FAIL(mac->prov, KM_E_ARG, "a key of %zu octets, the cipher's has %zu",
                         octets.len, mac->alg->key_len);
    mac->key = work_key_import(mac->prov, mac->alg->key_type, octets);
    return mac->key != NULL;
}

static bool set_key(struct mac *mac, const OSSL_PARAM *p)
{
    const void *octets = NULL;
    size_t len = 0;
    return OSSL_PARAM_get_octet_string_ptr(p, &octets, &len) &&
           take_key(mac, KM_SLICE(octets, len));
}

static bool set_named(struct mac *mac, const OSSL_PARAM *p)
{
    work_key_unref(km_steal(&mac->key));
    mac->key = work_key_named(mac->prov, p);
    return mac->key != NULL;
}

static int mac_set_params(void *ctx, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        bool (*set)(struct mac *mac, const OSSL_PARAM *p);
        bool for_hmac, for_cmac;
    } known[] = {
        {OSSL_MAC_PARAM_DIGEST, set_alg, true, false},
        {OSSL_MAC_PARAM_CIPHER, set_alg, false, true},
        {OSSL_MAC_PARAM_KEY, set_key, true, true},
        {PROV_PARAM_KEY, set_named, true, true},
    };
    struct mac *mac = ctx;
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && (mac->is_cmac ? known[i].for_cmac : known[i].for_hmac) &&
            !known[i].set(mac, p))
            return 0;
    }
    return 1;
}

static const OSSL_PARAM *hmac_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static const OSSL_PARAM *cmac_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_CIPHER, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static int mac_get_params(void *ctx, OSSL_PARAM params[])
{
    const struct mac *mac = ctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_MAC_PARAM_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, mac->alg == NULL ? 0 : mac->alg->len))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_MAC_PARAM_BLOCK_SIZE);
    return p == NULL || OSSL_PARAM_set_size_t(p, mac->alg == NULL ? 0 : mac->alg->block);
}

static const OSSL_PARAM *mac_gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_size_t(OSSL_MAC_PARAM_SIZE, NULL),
        OSSL_PARAM_size_t(OSSL_MAC_PARAM_BLOCK_SIZE, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

/* ---- use ---- */

static int mac_init(void *ctx, const unsigned char *key, size_t key_len, const OSSL_PARAM params[])
{
    struct mac *mac = ctx;
    if (!mac_set_params(mac, params) || (key != NULL && !take_key(mac, KM_SLICE(key, key_len))))
        return 0;
    if (mac->alg == NULL || mac->key == NULL)
        return PROV_FAIL(mac->prov, KM_E_STATE, "the MAC's key, digest or cipher is missing");
    work_hash_begin(&mac->hash, mac->prov, mac->alg->algorithm, work_key_ref(mac->key));
    return 1;
}

/* OpenSSL hands these on for a context that was never begun, too. */
static bool is_begun(const struct mac *mac)
{
    return mac->hash.key != NULL || PROV_FAIL(mac->prov, KM_E_STATE, "the MAC was not begun");
}

static int mac_update(void *ctx, const unsigned char *in, size_t len)
{
    struct mac *mac = ctx;
    return is_begun(mac) && work_hash_update(&mac->hash, KM_SLICE(in, len));
}

static int mac_final(void *ctx, unsigned char *out, size_t *out_len, size_t room)
{
    struct mac *mac = ctx;
    if (!is_begun(mac))
        return 0;
    if (room < mac->alg->len)
        return PROV_FAIL(mac->prov, KM_E_LIMIT, "room for %zu octets, the MAC has %zu", room,
                         mac->alg->len);
    *out_len = mac->alg->len;
    return work_hash_final(&mac->hash, KM_SPAN(out, mac->alg->len));
}

#define MAC_FUNCTIONS(name)                                                                        \
    {OSSL_FUNC_MAC_NEWCTX, PROV_FN(new_##name)}, {OSSL_FUNC_MAC_FREECTX, PROV_FN(mac_free)},       \
        {OSSL_FUNC_MAC_DUPCTX, PROV_FN(mac_dup)}, {OSSL_FUNC_MAC_INIT, PROV_FN(mac_init)},         \
        {OSSL_FUNC_MAC_UPDATE, PROV_FN(mac_update)}, {OSSL_FUNC_MAC_FINAL, PROV_FN(mac_final)},    \
        {OSSL_FUNC_MAC_GET_CTX_PARAMS, PROV_FN(mac_get_params)},                                   \
        {OSSL_FUNC_MAC_GETTABLE_CTX_PARAMS, PROV_FN(mac_gettable)},                                \
        {OSSL_FUNC_MAC_SET_CTX_PARAMS, PROV_FN(mac_set_params)},                                   \
        {OSSL_FUNC_MAC_SETTABLE_CTX_PARAMS, PROV_FN(name##_settable)},                             \
    {                                                                                              \
        0, NULL                                                                                    \
    }

static const OSSL_DISPATCH hmac_functions[] = {MAC_FUNCTIONS(hmac)};
static const OSSL_DISPATCH cmac_functions[] = {MAC_FUNCTIONS(cmac)};

const OSSL_ALGORITHM prov_macs[] = {
    {"HMAC", PROV_PROPERTIES, hmac_functions, "HMAC in the trusted service"},
    {"CMAC", PROV_PROPERTIES, cmac_functions, "CMAC in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
