/* SPDX-License-Identifier: Apache-2.0 */
/* CIPHER: keys, IVs and parameters of ciphers in the service, for a program that asks for them. */
#include "interop/provider/cipher.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "common/km_secret.h"

/* As OpenSSL has them: its table tells another length of IV than its contexts. */
#define CCM_IV_DEFAULT 7u
#define CCM_TAG_DEFAULT 12u

void *cipher_new(struct prov *prov, const struct cipher_alg *alg)
{
    struct cipher_ctx *ctx = calloc(1, sizeof(*ctx));
    if (ctx == NULL)
        return NULL;
    ctx->prov = prov;
    ctx->alg = alg;
    ctx->iv_len = alg->mode == EVP_CIPH_CCM_MODE ? CCM_IV_DEFAULT : alg->iv_len;
    ctx->is_padded = true;
    ctx->tag_wish = CCM_TAG_DEFAULT;
    return ctx;
}

/*
 * Forgets the message, but not key, IV and tag: they are set in any order. A nonce with which something was
 * encrypted, if only in part, is used up.
 */
static void end_message(struct cipher_ctx *ctx)
{
    if (ctx->alg->class->is_aead && ctx->operation != NULL)
        ctx->has_iv = false;
    clrcOperationFree(km_steal(&ctx->operation));
    clrcOperationFree(km_steal(&ctx->tagger));
    km_wipe(ctx->held, sizeof(ctx->held));
    ctx->held_len = 0;
    free(km_steal(&ctx->aad));
    ctx->aad_len = 0;
}

void cipher_free(void *cipher)
{
    struct cipher_ctx *ctx = cipher;
    if (ctx == NULL)
        return;
    end_message(ctx);
    work_key_unref(ctx->key);
    km_wipe(ctx, sizeof(*ctx));
    free(ctx);
}

/* Two that go on from the same point would use a nonce twice. */
void *cipher_dup(void *cipher)
{
    const struct cipher_ctx *from = cipher;
    if (from->operation != NULL || from->held_len != 0 || from->aad_len != 0) {
        PROV_FAIL(from->prov, KM_E_UNSUPPORTED, "a cipher is not copied amid its message");
        return NULL;
    }
    struct cipher_ctx *to = malloc(sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    to->key = work_key_ref(from->key);
    return to;
}

/* ---- beginning ---- */

static bool take_iv(struct cipher_ctx *ctx, const unsigned char *iv, size_t iv_len)
{
    if (iv_len != ctx->iv_len || iv_len > sizeof(ctx->iv))
        return PROV_FAIL(ctx->prov, KM_E_ARG, "an IV of %zu octets, this cipher's has %zu", iv_len,
                         ctx->iv_len);
    km_copy(ctx->iv, sizeof(ctx->iv), iv, iv_len);
    ctx->has_iv = true;
    return true;
}

static bool take_key(struct cipher_ctx *ctx, const unsigned char *key, size_t key_len)
{
    if (key_len != ctx->alg->key_len)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "a key of %zu octets, this cipher's has %zu", key_len,
                         ctx->alg->key_len);
    work_key_unref(ctx->key);
    ctx->key = work_key_import(ctx->prov, ctx->alg->key_type, KM_SLICE(key, key_len));
    return ctx->key != NULL;
}

static int init(struct cipher_ctx *ctx, struct km_slice key, struct km_slice iv,
                const OSSL_PARAM params[])
{
    end_message(ctx);
    return (iv.ptr == NULL || take_iv(ctx, iv.ptr, iv.len)) &&
           (key.ptr == NULL || take_key(ctx, key.ptr, key.len)) &&
           cipher_set_ctx_params(ctx, params);
}

int cipher_encrypt_init(void *cipher, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct cipher_ctx *ctx = cipher;
    ctx->is_encrypt = true;
    return init(ctx, KM_SLICE(key, key_len), KM_SLICE(iv, iv_len), params);
}

int cipher_decrypt_init(void *cipher, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct cipher_ctx *ctx = cipher;
    ctx->is_encrypt = false;
    return init(ctx, KM_SLICE(key, key_len), KM_SLICE(iv, iv_len), params);
}

bool cipher_ready(struct cipher_ctx *ctx)
{
    if (ctx->key == NULL)
        return PROV_FAIL(ctx->prov, KM_E_STATE, "the cipher has no key");
    return ctx->has_iv || ctx->iv_len == 0 ||
           PROV_FAIL(ctx->prov, KM_E_STATE, "the cipher has no IV");
}

bool cipher_begin(struct cipher_ctx *ctx, bool is_encrypt, uint32_t tag_len,
                  ClrcOperationHandle *ret)
{
    const ClrcOperationWish wish = {.algorithm = ctx->alg->algorithm,
                                    .mode = is_encrypt ? CLRC_MODE_ENCRYPT : CLRC_MODE_DECRYPT,
                                    .iv = ctx->iv_len == 0 ? NULL : ctx->iv,
                                    .iv_length = (uint32_t)ctx->iv_len,
                                    .tag_length = tag_len};
    if (*ret != NULL)
        return true;
    return cipher_ready(ctx) &&
           work_check(ctx->prov, clrcOperationNew(work_key_handle(ctx->key), &wish, ret), "begin",
                      clrcAlgorithmName(ctx->alg->algorithm));
}

bool cipher_fits(struct cipher_ctx *ctx, size_t room, size_t needed)
{
    return room >= needed ||
           PROV_FAIL(ctx->prov, KM_E_LIMIT, "room for %zu octets, %zu are needed", room, needed);
}

int cipher_update(void *cipher, unsigned char *out, size_t *out_len, size_t room,
                  const unsigned char *in, size_t in_len)
{
    struct cipher_ctx *ctx = cipher;
    *out_len = 0;
    return ctx->alg->class->update(ctx, KM_SLICE(in, in_len), KM_SPAN(out, room), out_len);
}

int cipher_final(void *cipher, unsigned char *out, size_t *out_len, size_t room)
{
    struct cipher_ctx *ctx = cipher;
    *out_len = 0;
    return ctx->alg->class->final(ctx, KM_SPAN(out, room), out_len);
}

/* ---- parameters ---- */

static bool give_size(OSSL_PARAM params[], const char *name, size_t value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_size_t(p, value);
}

static bool give_uint(OSSL_PARAM params[], const char *name, unsigned value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_uint(p, value);
}

static bool give_int(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_int(p, value);
}

int cipher_get_params(const struct cipher_alg *alg, OSSL_PARAM params[])
{
    return give_uint(params, OSSL_CIPHER_PARAM_MODE, alg->mode) &&
           give_size(params, OSSL_CIPHER_PARAM_KEYLEN, alg->key_len) &&
           give_size(params, OSSL_CIPHER_PARAM_IVLEN, alg->iv_len) &&
           give_size(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, alg->block) &&
           give_int(params, OSSL_CIPHER_PARAM_AEAD, alg->class->is_aead) &&
           give_int(params, OSSL_CIPHER_PARAM_CUSTOM_IV, alg->class->is_aead);
}

const OSSL_PARAM *cipher_gettable(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_MODE, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_BLOCK_SIZE, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_AEAD, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_CUSTOM_IV, NULL),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

/* A tag may be asked for in part, and only where one was made. */
static bool give_tag(const struct cipher_ctx *ctx, OSSL_PARAM params[])
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
    if (p == NULL)
        return true;
    return ctx->is_encrypt && ctx->tag_len != 0 && p->data_size != 0 &&
           p->data_size <= ctx->tag_len && OSSL_PARAM_set_octet_string(p, ctx->tag, p->data_size);
}

static bool give_iv(const struct cipher_ctx *ctx, OSSL_PARAM params[], const char *name)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_octet_ptr(p, ctx->iv, ctx->iv_len) ||
           OSSL_PARAM_set_octet_string(p, ctx->iv, ctx->iv_len);
}

/* What becomes of the IV amid a message only the service knows, and no answer would count as one. */
static bool has_updated_iv(const struct cipher_ctx *ctx, const OSSL_PARAM params[])
{
    return ctx->operation == NULL ||
           OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_UPDATED_IV) == NULL ||
           PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED, "the IV amid a message is not known");
}

int cipher_get_ctx_params(void *cipher, OSSL_PARAM params[])
{
    const struct cipher_ctx *ctx = cipher;
    return has_updated_iv(ctx, params) && give_iv(ctx, params, OSSL_CIPHER_PARAM_IV) &&
           give_iv(ctx, params, OSSL_CIPHER_PARAM_UPDATED_IV) &&
           give_size(params, OSSL_CIPHER_PARAM_KEYLEN, ctx->alg->key_len) &&
           give_size(params, OSSL_CIPHER_PARAM_IVLEN, ctx->iv_len) &&
           give_uint(params, OSSL_CIPHER_PARAM_PADDING, ctx->is_padded) &&
           give_uint(params, OSSL_CIPHER_PARAM_NUM, 0) &&
           give_size(params, OSSL_CIPHER_PARAM_AEAD_TAGLEN,
                     ctx->tag_len != 0 ? ctx->tag_len : CIPHER_TAG_MAX) &&
           give_tag(ctx, params);
}

const OSSL_PARAM *cipher_gettable_ctx(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_NUM, NULL),
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_IV, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_UPDATED_IV, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, NULL),
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static bool set_padding(struct cipher_ctx *ctx, const OSSL_PARAM *p)
{
    unsigned padded = 0;
    if (!OSSL_PARAM_get_uint(p, &padded))
        return false;
    ctx->is_padded = padded != 0;
    return true;
}

static bool set_key_len(struct cipher_ctx *ctx, const OSSL_PARAM *p)
{
    size_t len = 0;
    return (OSSL_PARAM_get_size_t(p, &len) && len == ctx->alg->key_len) ||
           PROV_FAIL(ctx->prov, KM_E_ARG, "this cipher's keys have %zu octets", ctx->alg->key_len);
}

static bool set_iv_len(struct cipher_ctx *ctx, const OSSL_PARAM *p)
{
    size_t len = 0;
    bool is_free = ctx->alg->class->is_aead && ctx->alg->key_type == KEY_AES;
    if (!OSSL_PARAM_get_size_t(p, &len) || len == 0 || len > sizeof(ctx->iv) ||
        (!is_free && len != ctx->alg->iv_len))
        return PROV_FAIL(ctx->prov, KM_E_ARG, "an IV of %zu octets does not fit the cipher", len);
    ctx->has_iv = ctx->has_iv && len == ctx->iv_len;
    ctx->iv_len = len;
    return true;
}

/* Decryption: the tag that is expected. Encryption: without octets, how long it is to be. */
static bool set_tag(struct cipher_ctx *ctx, const OSSL_PARAM *p)
{
    if (!ctx->alg->class->is_aead || p->data_type != OSSL_PARAM_OCTET_STRING || p->data_size == 0 ||
        p->data_size > sizeof(ctx->tag))
        return PROV_FAIL(ctx->prov, KM_E_ARG, "a tag of %zu octets does not fit the cipher",
                         p->data_size);
    ctx->tag_wish = p->data_size;
    if (p->data == NULL)
        return true;
    km_copy(ctx->tag, sizeof(ctx->tag), p->data, p->data_size);
    ctx->tag_len = p->data_size;
    return true;
}

static bool set_named(struct cipher_ctx *ctx, const OSSL_PARAM *p)
{
    work_key_unref(km_steal(&ctx->key));
    ctx->key = work_key_named(ctx->prov, p);
    return ctx->key != NULL;
}

int cipher_set_ctx_params(void *cipher, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        bool (*set)(struct cipher_ctx *ctx, const OSSL_PARAM *p);
    } known[] = {
        {OSSL_CIPHER_PARAM_PADDING, set_padding},
        {OSSL_CIPHER_PARAM_KEYLEN, set_key_len},
        {OSSL_CIPHER_PARAM_IVLEN, set_iv_len},
        {OSSL_CIPHER_PARAM_AEAD_TAG, set_tag},
        {PROV_PARAM_KEY, set_named},
    };
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && !known[i].set(cipher, p))
            return 0;
    }
    return 1;
}

const OSSL_PARAM *cipher_settable_ctx(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}
