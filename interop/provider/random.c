/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RAND: the service's random octets, under a name of their own ("CLRC-RANDOM"): a program gets them by
 * asking for it, or by "random = CLRC-RANDOM" in the section that "random" of its configuration names.
 * The service seeds itself, so seeds, nonces and strengths that a program wishes change nothing.
 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "interop/provider/work.h"

#define STRENGTH 256u
#define REQUEST_MAX 65536u /* octets at a time; OpenSSL asks as often as it takes */

struct source {
    struct prov *prov;
    int state; /* EVP_RAND_STATE_... */
};

static void *source_new(void *provctx, void *parent, const OSSL_DISPATCH *parent_calls)
{
    struct source *source = calloc(1, sizeof(*source));
    (void)parent;
    (void)parent_calls;
    if (source == NULL)
        return NULL;
    source->prov = provctx;
    source->state = EVP_RAND_STATE_UNINITIALISED;
    return source;
}

static void source_free(void *ctx)
{
    free(ctx);
}

static int source_instantiate(void *ctx, unsigned strength, int resistance,
                              const unsigned char *text, size_t text_len, const OSSL_PARAM params[])
{
    struct source *source = ctx;
    (void)resistance;
    (void)text;
    (void)text_len;
    (void)params;
    if (strength > STRENGTH)
        return PROV_FAIL(source->prov, KM_E_UNSUPPORTED, "a strength of more than %u bits",
                         STRENGTH);
    source->state = EVP_RAND_STATE_READY;
    return 1;
}

static int source_uninstantiate(void *ctx)
{
    struct source *source = ctx;
    source->state = EVP_RAND_STATE_UNINITIALISED;
    return 1;
}

static int source_generate(void *ctx, unsigned char *out, size_t len, unsigned strength,
                           int resistance, const unsigned char *more, size_t more_len)
{
    struct source *source = ctx;
    (void)resistance;
    (void)more;
    (void)more_len;
    if (strength > STRENGTH)
        return PROV_FAIL(source->prov, KM_E_UNSUPPORTED, "a strength of more than %u bits",
                         STRENGTH);
    ClrcResult result = CLRC_SUCCESS;
    while (result == CLRC_SUCCESS && len != 0) {
        size_t n = len < REQUEST_MAX ? len : REQUEST_MAX;
        result = clrcRandom(out, (uint32_t)n);
        out += n;
        len -= n;
    }
    return work_check(source->prov, result, "fetch", "random octets");
}

static int source_reseed(void *ctx, int resistance, const unsigned char *entropy,
                         size_t entropy_len, const unsigned char *more, size_t more_len)
{
    (void)ctx;
    (void)resistance;
    (void)entropy;
    (void)entropy_len;
    (void)more;
    (void)more_len;
    return 1;
}

/* Nothing of a source changes with use: threads need no lock. */
static int source_enable_locking(void *ctx)
{
    (void)ctx;
    return 1;
}

static int source_get_params(void *ctx, OSSL_PARAM params[])
{
    const struct source *source = ctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
    if (p != NULL && !OSSL_PARAM_set_int(p, source->state))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
    if (p != NULL && !OSSL_PARAM_set_uint(p, STRENGTH))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
    return p == NULL || OSSL_PARAM_set_size_t(p, REQUEST_MAX);
}

static const OSSL_PARAM *source_gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, NULL),
        OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, NULL),
        OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_RAND_NEWCTX, PROV_FN(source_new)},
    {OSSL_FUNC_RAND_FREECTX, PROV_FN(source_free)},
    {OSSL_FUNC_RAND_INSTANTIATE, PROV_FN(source_instantiate)},
    {OSSL_FUNC_RAND_UNINSTANTIATE, PROV_FN(source_uninstantiate)},
    {OSSL_FUNC_RAND_GENERATE, PROV_FN(source_generate)},
    {OSSL_FUNC_RAND_RESEED, PROV_FN(source_reseed)},
    {OSSL_FUNC_RAND_ENABLE_LOCKING, PROV_FN(source_enable_locking)},
    {OSSL_FUNC_RAND_GET_CTX_PARAMS, PROV_FN(source_get_params)},
    {OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, PROV_FN(source_gettable)},
    {0, NULL},
};

const OSSL_ALGORITHM prov_rands[] = {
    {"CLRC-RANDOM", PROV_PROPERTIES, functions, "random octets of the trusted service"},
    {NULL, NULL, NULL, NULL},
};
