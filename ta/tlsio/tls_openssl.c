/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a context, as libssl wants them. */
#include <string.h>

#include <openssl/err.h>

#include "ta/tlsio/tls_openssl.h"

#define LEVEL_112_BITS 2

/* ---- protocols: RFC 7301 ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    struct km_tls *tls = arg;
    unsigned char *chosen = NULL;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, tls->alpn, tls->alpn_len, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_alpn(struct km_tls *tls, struct km_slice alpn)
{
    if (alpn.len == 0)
        return true;
    km_copy(tls->alpn, sizeof(tls->alpn), alpn.ptr, alpn.len);
    tls->alpn_len = (unsigned)alpn.len;
    if (tls->role == KM_TLSIO_CLIENT)
        return SSL_CTX_set_alpn_protos(tls->ctx, tls->alpn, tls->alpn_len) == 0;
    SSL_CTX_set_alpn_select_cb(tls->ctx, on_alpn, tls);
    return true;
}

/* ---- pre-shared keys: RFC 4279, RFC 8446 4.2.11 ---- */

static unsigned give_psk(const struct km_tls *tls, unsigned char *psk, unsigned room)
{
    if (tls->psk_len > room)
        return 0;
    km_copy(psk, room, tls->psk, tls->psk_len);
    return tls->psk_len;
}

static unsigned on_psk_client(SSL *ssl, const char *hint, char *identity, unsigned identity_room,
                              unsigned char *psk, unsigned psk_room)
{
    const struct km_tls_conn *conn = SSL_get_app_data(ssl);
    size_t len = strlen(conn->tls->psk_identity) + 1;
    (void)hint;
    if (len > identity_room)
        return 0;
    km_copy(identity, identity_room, conn->tls->psk_identity, len);
    return give_psk(conn->tls, psk, psk_room);
}

static unsigned on_psk_server(SSL *ssl, const char *identity, unsigned char *psk, unsigned psk_room)
{
    const struct km_tls_conn *conn = SSL_get_app_data(ssl);
    if (identity == NULL || strcmp(identity, conn->tls->psk_identity) != 0)
        return 0;
    return give_psk(conn->tls, psk, psk_room);
}

static void set_psk(struct km_tls *tls, const struct km_tlsio_settings *settings)
{
    if (settings->psk.len == 0)
        return;
    km_copy(tls->psk, sizeof(tls->psk), settings->psk.ptr, settings->psk.len);
    tls->psk_len = (unsigned)settings->psk.len;
    km_copy(tls->psk_identity, KM_TLSIO_PSK_IDENTITY_MAX, settings->psk_identity.ptr,
            settings->psk_identity.len);
    if (tls->role == KM_TLSIO_CLIENT)
        SSL_CTX_set_psk_client_callback(tls->ctx, on_psk_client);
    else
        SSL_CTX_set_psk_server_callback(tls->ctx, on_psk_server);
}

/* ---- the context ---- */

/*
 * When the application is loaded, which the process that instances are forked from does, so that libssl's tables are there in each;
 * and before anything else asks for libssl: it would look for a configuration, and no instance may look at files.
 */
__attribute__((constructor)) static void prepare_library(void)
{
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
}

/* A library context of our own, without any configuration. */
static bool make_library(struct km_tls *tls)
{
    tls->libctx = OSSL_LIB_CTX_new();
    if (tls->libctx == NULL ||
        OSSL_PROVIDER_add_builtin(tls->libctx, TLS_PROVIDER, tls_provider_init) != 1)
        return false;
    tls->standard = OSSL_PROVIDER_load(tls->libctx, "default");
    tls->ours = OSSL_PROVIDER_load(tls->libctx, TLS_PROVIDER);
    tls->bio = tls_bio_method();
    return tls->standard != NULL && tls->ours != NULL && tls->bio != NULL;
}

static bool set_rules(SSL_CTX *ctx, const struct km_tlsio_settings *settings)
{
    SSL_CTX_set_security_level(ctx, LEVEL_112_BITS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ctx, 0);
    return SSL_CTX_set_min_proto_version(ctx, (int)settings->min_version) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, (int)settings->max_version) == 1 &&
           tls_suites_set(ctx, settings->psk.len != 0);
}

static TEE_Result make_context(struct km_tls *tls, const struct km_tlsio_settings *settings)
{
    if (!make_library(tls))
        return TEE_ERROR_OUT_OF_MEMORY;
    const SSL_METHOD *method =
        settings->role == KM_TLSIO_CLIENT ? TLS_client_method() : TLS_server_method();
    tls->ctx = SSL_CTX_new_ex(tls->libctx, TLS_PREFER_DEFAULT, method);
    if (tls->ctx == NULL || !set_rules(tls->ctx, settings) || !set_alpn(tls, settings->alpn))
        return TEE_ERROR_OUT_OF_MEMORY;
    set_psk(tls, settings);
    tls_verify_install(tls);
    tls_resume_install(tls);
    return TEE_SUCCESS;
}

static void tls_freep(struct km_tls **tls)
{
    km_tls_free(*tls);
}

TEE_Result km_tls_new(const struct km_tlsio_settings *settings,
                      const struct km_tls_identity *identity, const struct km_tls_hooks *hooks,
                      struct km_tls **ret_tls)
{
    KM_AUTO(tls_freep) struct km_tls *tls = TEE_Malloc(sizeof(*tls), TEE_MALLOC_FILL_ZERO);
    if (tls == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    tls->hooks = *hooks;
    tls->role = settings->role;
    tls->verify = settings->verify;
    tls->flags = settings->flags;
    TEE_Result result = make_context(tls, settings);
    if (result == TEE_SUCCESS)
        result = tls_identity_set(tls, identity);
    ERR_clear_error();
    if (result == TEE_SUCCESS)
        *ret_tls = km_steal(&tls);
    return result;
}

void km_tls_free(struct km_tls *tls)
{
    if (tls == NULL)
        return;
    tls_resume_clear(tls);
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->bio);
    if (tls->ours != NULL)
        OSSL_PROVIDER_unload(tls->ours);
    if (tls->standard != NULL)
        OSSL_PROVIDER_unload(tls->standard);
    OSSL_LIB_CTX_free(tls->libctx);
    TEE_Free(tls);
}
