/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KDF: HKDF, PBKDF2 and the one-step KDF of SP 800-56C in the service, for a program that asks for it.
 * The secret and what is derived are the program's own: what comes from a stored secret that stays
 * inside is a key of the service, which clrcDerive makes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "common/km_secret.h"
#include "interop/provider/work.h"

#define SECRET_MAX 512u /* octets of a secret, and of what is derived */
#define PART_MAX 1024u  /* octets of salt and of info */
#define ITERATIONS_DEFAULT 2048u

enum kdf_kind { HKDF, PBKDF2, SSKDF };

struct kdf {
    struct prov *prov;
    enum kdf_kind kind;
    size_t digest; /* row of digests, N_DIGESTS: none yet */
    uint8_t secret[SECRET_MAX];
    size_t secret_len;
    uint8_t salt[PART_MAX];
    size_t salt_len;
    uint8_t info[PART_MAX];
    size_t info_len;
    uint64_t iterations;
};

static const struct {
    const char *names[3];
    ClrcAlgorithm algorithms[3]; /* by enum kdf_kind */
} digests[] = {
    {{"SHA2-256", "SHA256", "SHA-256"},
     {CLRC_HKDF_SHA256, CLRC_PBKDF2_HMAC_SHA256, CLRC_CONCAT_KDF_SHA256}},
    {{"SHA1", "SHA-1", "SHA1"}, {CLRC_HKDF_SHA1, CLRC_PBKDF2_HMAC_SHA1, CLRC_CONCAT_KDF_SHA1}},
    {{"SHA2-224", "SHA224", "SHA-224"},
     {CLRC_HKDF_SHA224, CLRC_PBKDF2_HMAC_SHA224, CLRC_CONCAT_KDF_SHA224}},
    {{"SHA2-384", "SHA384", "SHA-384"},
     {CLRC_HKDF_SHA384, CLRC_PBKDF2_HMAC_SHA384, CLRC_CONCAT_KDF_SHA384}},
    {{"SHA2-512", "SHA512", "SHA-512"},
     {CLRC_HKDF_SHA512, CLRC_PBKDF2_HMAC_SHA512, CLRC_CONCAT_KDF_SHA512}},
};
#define N_DIGESTS KM_ARRAY_LEN(digests)

static void kdf_reset(void *ctx)
{
    struct kdf *kdf = ctx;
    struct kdf fresh = {.prov = kdf->prov,
                        .kind = kdf->kind,
                        .digest = N_DIGESTS,
                        .iterations = ITERATIONS_DEFAULT};
    km_wipe(kdf, sizeof(*kdf));
    *kdf = fresh;
}

static void *kdf_new(struct prov *prov, enum kdf_kind kind)
{
    struct kdf *kdf = calloc(1, sizeof(*kdf));
    if (kdf == NULL)
        return NULL;
    kdf->prov = prov;
    kdf->kind = kind;
    kdf_reset(kdf);
    return kdf;
}

static void *new_hkdf(void *provctx)
{
    return kdf_new(provctx, HKDF);
}

static void *new_pbkdf2(void *provctx)
{
    return kdf_new(provctx, PBKDF2);
}

static void *new_sskdf(void *provctx)
{
    return kdf_new(provctx, SSKDF);
}

static void kdf_free(void *ctx)
{
    if (ctx != NULL)
        km_wipe(ctx, sizeof(struct kdf));
    free(ctx);
}

static void *kdf_dup(void *ctx)
{
    struct kdf *to = malloc(sizeof(*to));
    if (to != NULL)
        *to = *(const struct kdf *)ctx;
    return to;
}

/* ---- parameters ---- */

static bool set_digest(struct kdf *kdf, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    for (size_t i = 0; i < N_DIGESTS; i++) {
        for (size_t j = 0; j < KM_ARRAY_LEN(digests[i].names); j++) {
            if (strcasecmp(digests[i].names[j], name) == 0) {
                kdf->digest = i;
                return true;
            }
        }
    }
    return PROV_FAIL(kdf->prov, KM_E_UNSUPPORTED, "KDFs go with SHA-1 and SHA-2, not with '%.40s'",
                     name);
}

static bool set_octets(struct kdf *kdf, const OSSL_PARAM *p, struct km_span room, size_t *ret_len)
{
    const void *octets = NULL;
    size_t len = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &octets, &len) || len > room.len)
        return PROV_FAIL(kdf->prov, KM_E_LIMIT, "'%s' of a KDF has at most %zu octets", p->key,
                         room.len);
    km_copy(room.ptr, room.len, octets, len);
    *ret_len = len;
    return true;
}

static bool set_secret(struct kdf *kdf, const OSSL_PARAM *p)
{
    return set_octets(kdf, p, KM_SPAN(kdf->secret, sizeof(kdf->secret)), &kdf->secret_len);
}

static bool set_salt(struct kdf *kdf, const OSSL_PARAM *p)
{
    return set_octets(kdf, p, KM_SPAN(kdf->salt, sizeof(kdf->salt)), &kdf->salt_len);
}

/* HKDF's may come in pieces, which belong together; of SSKDF's OpenSSL takes the first. */
static bool set_info(struct kdf *kdf, const OSSL_PARAM *p)
{
    kdf->info_len = 0;
    do {
        size_t len = 0;
        struct km_span room = KM_SPAN(kdf->info + kdf->info_len, sizeof(kdf->info) - kdf->info_len);
        if (!set_octets(kdf, p, room, &len))
            return false;
        kdf->info_len += len;
        p = OSSL_PARAM_locate_const(p + 1, OSSL_KDF_PARAM_INFO);
    } while (kdf->kind == HKDF && p != NULL);
    return true;
}

static bool set_iterations(struct kdf *kdf, const OSSL_PARAM *p)
{
    return (OSSL_PARAM_get_uint64(p, &kdf->iterations) && kdf->iterations != 0 &&
            kdf->iterations <= UINT32_MAX) ||
           PROV_FAIL(kdf->prov, KM_E_ARG, "a number of iterations that is none");
}

static bool set_mode(struct kdf *kdf, const OSSL_PARAM *p)
{
    int mode = 0;
    const char *text = NULL;
    bool fits = p->data_type == OSSL_PARAM_UTF8_STRING
                    ? OSSL_PARAM_get_utf8_string_ptr(p, &text) &&
                          strcasecmp(text, "EXTRACT_AND_EXPAND") == 0
                    : OSSL_PARAM_get_int(p, &mode) && mode == EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    return fits || PROV_FAIL(kdf->prov, KM_E_UNSUPPORTED, "HKDF is done as a whole here");
}

#define FOR(kind) (1u << (kind))

static int kdf_set_params(void *ctx, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        unsigned kinds;
        bool (*set)(struct kdf *kdf, const OSSL_PARAM *p);
    } known[] = {
        {OSSL_KDF_PARAM_DIGEST, FOR(HKDF) | FOR(PBKDF2) | FOR(SSKDF), set_digest},
        {OSSL_KDF_PARAM_KEY, FOR(HKDF) | FOR(SSKDF), set_secret},
        {OSSL_KDF_PARAM_SECRET, FOR(SSKDF), set_secret},
        {OSSL_KDF_PARAM_PASSWORD, FOR(PBKDF2), set_secret},
        {OSSL_KDF_PARAM_SALT, FOR(HKDF) | FOR(PBKDF2), set_salt},
        {OSSL_KDF_PARAM_INFO, FOR(HKDF) | FOR(SSKDF), set_info},
        {OSSL_KDF_PARAM_ITER, FOR(PBKDF2), set_iterations},
        {OSSL_KDF_PARAM_MODE, FOR(HKDF), set_mode},
    };
    struct kdf *kdf = ctx;
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && (known[i].kinds & FOR(kdf->kind)) != 0 && !known[i].set(kdf, p))
            return 0;
    }
    return 1;
}

static const OSSL_PARAM *hkdf_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static const OSSL_PARAM *pbkdf2_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
        OSSL_PARAM_uint64(OSSL_KDF_PARAM_ITER, NULL),
        OSSL_PARAM_int(OSSL_KDF_PARAM_PKCS5, NULL), /* the service has bounds of its own */
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static const OSSL_PARAM *sskdf_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static int kdf_get_params(void *ctx, OSSL_PARAM params[])
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_KDF_PARAM_SIZE);
    (void)ctx;
    return p == NULL || OSSL_PARAM_set_size_t(p, SIZE_MAX);
}

static const OSSL_PARAM *kdf_gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

/* ---- use ---- */

static ClrcResult derive(struct kdf *kdf, const struct work_key *secret, size_t len,
                         ClrcKeyHandle *ret)
{
    const ClrcKeyTemplate wish = {.type = KEY_GENERIC_SECRET,
                                  .bits = (uint32_t)(8 * len),
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcAlgorithm algorithm = digests[kdf->digest].algorithms[kdf->kind];
    if (kdf->kind == PBKDF2)
        return clrcDerivePassword(work_key_handle(secret), algorithm, kdf->salt,
                                  (uint32_t)kdf->salt_len, (uint32_t)kdf->iterations, &wish, ret);
    return clrcDerive(work_key_handle(secret), algorithm, kdf->salt, (uint32_t)kdf->salt_len,
                      kdf->info, (uint32_t)kdf->info_len, &wish, ret);
}

static int kdf_derive(void *ctx, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
    struct kdf *kdf = ctx;
    ClrcKeyHandle derived = NULL;
    uint32_t got = (uint32_t)len;
    if (!kdf_set_params(kdf, params))
        return 0;
    if (kdf->digest == N_DIGESTS || kdf->secret_len == 0)
        return PROV_FAIL(kdf->prov, KM_E_STATE, "the KDF's digest or secret is missing");
    if (len == 0 || len > SECRET_MAX)
        return PROV_FAIL(kdf->prov, KM_E_LIMIT, "a KDF gives 1 to %u octets", SECRET_MAX);
    KM_AUTO(work_key_unrefp)
    struct work_key *secret =
        work_key_import(kdf->prov, KEY_GENERIC_SECRET, KM_SLICE(kdf->secret, kdf->secret_len));
    if (secret == NULL)
        return 0;
    const char *name = clrcAlgorithmName(digests[kdf->digest].algorithms[kdf->kind]);
    bool done =
        work_check(kdf->prov, derive(kdf, secret, len, &derived), "derive by", name) &&
        work_check(kdf->prov, clrcExportKey(derived, out, &got), "fetch the result of", name);
    clrcFreeKey(derived);
    return done;
}

#define KDF_FUNCTIONS(name)                                                                        \
    {OSSL_FUNC_KDF_NEWCTX, PROV_FN(new_##name)}, {OSSL_FUNC_KDF_FREECTX, PROV_FN(kdf_free)},       \
        {OSSL_FUNC_KDF_DUPCTX, PROV_FN(kdf_dup)}, {OSSL_FUNC_KDF_RESET, PROV_FN(kdf_reset)},       \
        {OSSL_FUNC_KDF_DERIVE, PROV_FN(kdf_derive)},                                               \
        {OSSL_FUNC_KDF_GET_CTX_PARAMS, PROV_FN(kdf_get_params)},                                   \
        {OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, PROV_FN(kdf_gettable)},                                \
        {OSSL_FUNC_KDF_SET_CTX_PARAMS, PROV_FN(kdf_set_params)},                                   \
        {OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, PROV_FN(name##_settable)},                             \
    {                                                                                              \
        0, NULL                                                                                    \
    }

static const OSSL_DISPATCH hkdf_functions[] = {KDF_FUNCTIONS(hkdf)};
static const OSSL_DISPATCH pbkdf2_functions[] = {KDF_FUNCTIONS(pbkdf2)};
static const OSSL_DISPATCH sskdf_functions[] = {KDF_FUNCTIONS(sskdf)};

const OSSL_ALGORITHM prov_kdfs[] = {
    {"HKDF", PROV_PROPERTIES, hkdf_functions, "HKDF in the trusted service"},
    {"PBKDF2:1.2.840.113549.1.5.12", PROV_PROPERTIES, pbkdf2_functions,
     "PBKDF2 in the trusted service"},
    {"SSKDF", PROV_PROPERTIES, sskdf_functions, "the one-step KDF in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
