/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/pool.h"

#include <errno.h>
#include <stdlib.h>

/* KM_TRY_TLS: a failed call of the library as a failure of ours, in its own words. */
#define TRY_TLS(err, expr)                                                                         \
    do {                                                                                           \
        ClrcResult result_ = (expr);                                                               \
        if (result_ != CLRC_SUCCESS)                                                               \
            return KM_FAIL_NATIVE(err, KM_E_IO, KM_LAYER_TEE, result_, "%s", clrtlsLastError());   \
    } while (0)

static void free_context(ClrtlsContext **tls)
{
    clrtlsContextFree(*tls);
}

static km_status set_up(struct km_err *err, const struct tunnel_options *opt, ClrtlsContext *tls)
{
    TRY_TLS(err, clrtlsSetIdentity(tls, opt->key, opt->cert));
    if (opt->ca != NULL)
        TRY_TLS(err, clrtlsSetAuthority(tls, opt->ca));
    if (opt->n_alpn > 0)
        TRY_TLS(err, clrtlsSetAlpn(tls, opt->alpn, opt->n_alpn));
    if (opt->is_server)
        TRY_TLS(err, clrtlsSetVerify(tls, opt->verify));
    return KM_OK;
}

static km_status add_context(struct km_err *err, struct pool *pool, struct pool_context **ret)
{
    KM_AUTO(free_context) ClrtlsContext *tls = NULL;
    TRY_TLS(err, clrtlsContextNew(pool->options->is_server ? CLRTLS_SERVER : CLRTLS_CLIENT, &tls));
    KM_TRY(set_up(err, pool->options, tls));
    struct pool_context *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a context");
    *context = (struct pool_context){.tls = km_steal(&tls), .next = pool->contexts};
    pool->contexts = context;
    *ret = context;
    return KM_OK;
}

km_status pool_take(struct km_err *err, struct pool *pool, struct pool_context **ret)
{
    struct pool_context *context = pool->contexts;
    while (context != NULL && (context->is_retired || context->n >= CLRTLS_CONNECTIONS_MAX))
        context = context->next;
    if (context == NULL)
        KM_TRY(add_context(err, pool, &context));
    context->n++;
    *ret = context;
    return KM_OK;
}

static void free_if_over(struct pool *pool, struct pool_context *context)
{
    if (!context->is_retired || context->n > 0)
        return;
    for (struct pool_context **at = &pool->contexts; *at != NULL; at = &(*at)->next) {
        if (*at == context) {
            *at = context->next;
            break;
        }
    }
    clrtlsContextFree(context->tls);
    free(context);
}

void pool_drop(struct pool *pool, struct pool_context *context)
{
    if (context == NULL)
        return;
    context->n--;
    free_if_over(pool, context);
}

void pool_retire(struct pool *pool, struct pool_context *context)
{
    for (struct pool_context *at = pool->contexts, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (context != NULL && at != context)
            continue;
        at->is_retired = true;
        free_if_over(pool, at);
    }
}

void pool_clear(struct pool *pool)
{
    while (pool->contexts != NULL) {
        struct pool_context *context = pool->contexts;
        pool->contexts = context->next;
        clrtlsContextFree(context->tls);
        free(context);
    }
}
