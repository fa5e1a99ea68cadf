/* SPDX-License-Identifier: Apache-2.0 */
/* DIGEST: hashing in the service, for a program that asks for it. */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "interop/provider/work.h"

#define SHAKE_MAX 4096u /* octets of one output, as the service has it */

struct digest_alg {
    ClrcAlgorithm algorithm;
    size_t len; /* SHAKE: unless told otherwise */
    size_t block;
    unsigned flags;
};

#define IS_SHAKE 1u
#define HAS_PARAMETERS 2u /* its AlgorithmIdentifier has NULL */

struct digest {
    struct prov *prov;
    const struct digest_alg *alg;
    size_t len;
    struct work_hash hash;
};

static void *digest_new(struct prov *prov, const struct digest_alg *alg)
{
    struct digest *digest = calloc(1, sizeof(*digest));
    if (digest == NULL)
        return NULL;
    digest->prov = prov;
    digest->alg = alg;
    digest->len = alg->len;
    return digest;
}

static void digest_free(void *ctx)
{
    struct digest *digest = ctx;
    if (digest == NULL)
        return;
    work_hash_clear(&digest->hash);
    free(digest);
}

static void *digest_dup(void *ctx)
{
    const struct digest *from = ctx;
    struct digest *to = digest_new(from->prov, from->alg);
    if (to == NULL)
        return NULL;
    to->len = from->len;
    if (work_hash_copy(&to->hash, &from->hash))
        return to;
    digest_free(to);
    return NULL;
}

static int digest_set_params(void *ctx, const OSSL_PARAM params[])
{
    struct digest *digest = ctx;
    size_t len = 0;
    const OSSL_PARAM *p =
        params == NULL ? NULL : OSSL_PARAM_locate_const(params, OSSL_DIGEST_PARAM_XOFLEN);
    if (p == NULL || (digest->alg->flags & IS_SHAKE) == 0)
        return 1;
    if (!OSSL_PARAM_get_size_t(p, &len) || len == 0 || len > SHAKE_MAX)
        return PROV_FAIL(digest->prov, KM_E_LIMIT, "SHAKE gives 1 to %u octets", SHAKE_MAX);
    digest->len = len;
    return 1;
}

static const OSSL_PARAM *digest_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_XOFLEN, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static int digest_init(void *ctx, const OSSL_PARAM params[])
{
    struct digest *digest = ctx;
    work_hash_begin(&digest->hash, digest->prov, digest->alg->algorithm, NULL);
    return digest_set_params(digest, params);
}

static int digest_update(void *ctx, const unsigned char *in, size_t len)
{
    struct digest *digest = ctx;
    return work_hash_update(&digest->hash, KM_SLICE(in, len));
}

static int digest_final(void *ctx, unsigned char *out, size_t *out_len, size_t room)
{
    struct digest *digest = ctx;
    if (room < digest->len)
        return PROV_FAIL(digest->prov, KM_E_LIMIT, "room for %zu octets, a digest has %zu", room,
                         digest->len);
    *out_len = digest->len;
    return work_hash_final(&digest->hash, KM_SPAN(out, digest->len));
}

static int get_params(const struct digest_alg *alg, OSSL_PARAM params[])
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_BLOCK_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, alg->block))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, alg->len))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_XOF);
    if (p != NULL && !OSSL_PARAM_set_int(p, (alg->flags & IS_SHAKE) != 0))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_ALGID_ABSENT);
    return p == NULL || OSSL_PARAM_set_int(p, (alg->flags & HAS_PARAMETERS) == 0);
}

static const OSSL_PARAM *digest_gettable(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_BLOCK_SIZE, NULL),
        OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_SIZE, NULL),
        OSSL_PARAM_int(OSSL_DIGEST_PARAM_XOF, NULL),
        OSSL_PARAM_int(OSSL_DIGEST_PARAM_ALGID_ABSENT, NULL),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

/* OpenSSL passes no more than the provider to a constructor: one for each algorithm. */
#define DIGEST(name, ...)                                                                          \
    static const struct digest_alg name##_alg = {__VA_ARGS__};                                     \
    static void *name##_new(void *provctx)                                                         \
    {                                                                                              \
        return digest_new(provctx, &name##_alg);                                                   \
    }                                                                                              \
    static int name##_get_params(OSSL_PARAM params[])                                              \
    {                                                                                              \
        return get_params(&name##_alg, params);                                                    \
    }                                                                                              \
    static const OSSL_DISPATCH name##_functions[] = {                                              \
        {OSSL_FUNC_DIGEST_NEWCTX, PROV_FN(name##_new)},                                            \
        {OSSL_FUNC_DIGEST_FREECTX, PROV_FN(digest_free)},                                          \
        {OSSL_FUNC_DIGEST_DUPCTX, PROV_FN(digest_dup)},                                            \
        {OSSL_FUNC_DIGEST_INIT, PROV_FN(digest_init)},                                             \
        {OSSL_FUNC_DIGEST_UPDATE, PROV_FN(digest_update)},                                         \
        {OSSL_FUNC_DIGEST_FINAL, PROV_FN(digest_final)},                                           \
        {OSSL_FUNC_DIGEST_GET_PARAMS, PROV_FN(name##_get_params)},                                 \
        {OSSL_FUNC_DIGEST_GETTABLE_PARAMS, PROV_FN(digest_gettable)},                              \
        {OSSL_FUNC_DIGEST_SET_CTX_PARAMS, PROV_FN(digest_set_params)},                             \
        {OSSL_FUNC_DIGEST_SETTABLE_CTX_PARAMS, PROV_FN(digest_settable)},                          \
        {0, NULL},                                                                                 \
    }

DIGEST(md5, CLRC_MD5, 16, 64, HAS_PARAMETERS);
DIGEST(sha1, CLRC_SHA1, 20, 64, 0);
DIGEST(sha224, CLRC_SHA224, 28, 64, 0);
DIGEST(sha256, CLRC_SHA256, 32, 64, 0);
DIGEST(sha384, CLRC_SHA384, 48, 128, 0);
DIGEST(sha512, CLRC_SHA512, 64, 128, 0);
DIGEST(sha3_224, CLRC_SHA3_224, 28, 144, 0);
DIGEST(sha3_256, CLRC_SHA3_256, 32, 136, 0);
DIGEST(sha3_384, CLRC_SHA3_384, 48, 104, 0);
DIGEST(sha3_512, CLRC_SHA3_512, 64, 72, 0);
DIGEST(shake128, CLRC_SHAKE128, 16, 168, IS_SHAKE);
DIGEST(shake256, CLRC_SHAKE256, 32, 136, IS_SHAKE);

#define ROW(names, name)                                                                           \
    {                                                                                              \
        names, PROV_PROPERTIES, name##_functions, "hashing in the trusted service"                 \
    }

const OSSL_ALGORITHM prov_digests[] = {
    ROW("MD5:SSL3-MD5:1.2.840.113549.2.5", md5),
    ROW("SHA1:SHA-1:SSL3-SHA1:1.3.14.3.2.26", sha1),
    ROW("SHA2-224:SHA-224:SHA224:2.16.840.1.101.3.4.2.4", sha224),
    ROW("SHA2-256:SHA-256:SHA256:2.16.840.1.101.3.4.2.1", sha256),
    ROW("SHA2-384:SHA-384:SHA384:2.16.840.1.101.3.4.2.2", sha384),
    ROW("SHA2-512:SHA-512:SHA512:2.16.840.1.101.3.4.2.3", sha512),
    ROW("SHA3-224:2.16.840.1.101.3.4.2.7", sha3_224),
    ROW("SHA3-256:2.16.840.1.101.3.4.2.8", sha3_256),
    ROW("SHA3-384:2.16.840.1.101.3.4.2.9", sha3_384),
    ROW("SHA3-512:2.16.840.1.101.3.4.2.10", sha3_512),
    ROW("SHAKE-128:SHAKE128:2.16.840.1.101.3.4.2.11", shake128),
    ROW("SHAKE-256:SHAKE256:2.16.840.1.101.3.4.2.12", shake256),
    {NULL, NULL, NULL, NULL},
};
