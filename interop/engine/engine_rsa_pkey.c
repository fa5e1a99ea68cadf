/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVP_PKEY_METHOD for RSA: PSS and OAEP of named keys with their parameters, and generation in the service.
 * Everything else goes on to OpenSSL's own method. A context without a key can do nothing but generate;
 * its data are ours, those of all others are OpenSSL's.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "interop/engine/engine_rsa.h"

#define BITS_DEFAULT 2048

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_PKEY_METHOD *pkey_method;
static int (*next_init)(EVP_PKEY_CTX *ctx);
static int (*next_copy)(EVP_PKEY_CTX *to, KM_OSSL3_CONST EVP_PKEY_CTX *from);
static void (*next_cleanup)(EVP_PKEY_CTX *ctx);
static int (*next_ctrl)(EVP_PKEY_CTX *ctx, int cmd, int value, void *ptr);
static int (*next_ctrl_text)(EVP_PKEY_CTX *ctx, const char *name, const char *value);
static int (*next_sign)(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *sig_len,
                        const unsigned char *digest, size_t digest_len);
static int (*next_decrypt)(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *out_len,
                           const unsigned char *in, size_t in_len);

static struct km_door_key *key_of(EVP_PKEY_CTX *ctx)
{
    EVP_PKEY *pkey = EVP_PKEY_CTX_get0_pkey(ctx);
    return pkey == NULL || EVP_PKEY_base_id(pkey) != EVP_PKEY_RSA
               ? NULL
               : engine_rsa_key(EVP_PKEY_get0_RSA(pkey));
}

static bool salt_octets(EVP_PKEY_CTX *ctx, struct km_door_key *key, size_t digest_len,
                        uint32_t *ret)
{
    int salt = 0;
    long most = (long)(km_door_key_public(key)->bits - 1 + 7) / 8 - (long)digest_len - 2;
    if (EVP_PKEY_CTX_get_rsa_pss_saltlen(ctx, &salt) <= 0)
        return false;
    long wanted = salt == RSA_PSS_SALTLEN_DIGEST                                ? (long)digest_len
                  : salt == RSA_PSS_SALTLEN_AUTO || salt == RSA_PSS_SALTLEN_MAX ? most
                                                                                : salt;
    if (wanted < 0 || wanted > most)
        return false;
    *ret = (uint32_t)wanted;
    return true;
}

static int sign_pss(EVP_PKEY_CTX *ctx, struct km_door_key *key, unsigned char *sig, size_t *sig_len,
                    struct km_slice digest)
{
    struct km_err err = {0};
    struct km_door_signing how = {.has_salt = true};
    const EVP_MD *md = NULL;
    const EVP_MD *mgf1 = NULL;
    if (EVP_PKEY_CTX_get_signature_md(ctx, &md) <= 0 || md == NULL) {
        (void)engine_rsa_unsupported(&err);
        return engine_raise(&err, __func__);
    }
    if (EVP_PKEY_CTX_get_rsa_mgf1_md(ctx, &mgf1) > 0 && mgf1 != NULL &&
        EVP_MD_type(mgf1) != EVP_MD_type(md)) {
        (void)KM_FAIL(&err, KM_E_UNSUPPORTED, "MGF1 goes with the digest of the message only");
        return engine_raise(&err, __func__);
    }
    how.algorithm = engine_algorithm(KM_DOOR_PSS, EVP_MD_type(md));
    if (how.algorithm == CLRC_ALG_NONE)
        return 0;
    if (!salt_octets(ctx, key, digest.len, &how.salt_len)) {
        (void)KM_FAIL(&err, KM_E_ARG, "this PSS salt does not fit the key and digest");
        return engine_raise(&err, __func__);
    }
    return engine_rsa_sign_with(key, &how, digest, sig, sig_len);
}

static int pkey_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *sig_len,
                     const unsigned char *digest, size_t digest_len)
{
    struct km_door_key *key = key_of(ctx);
    int padding = 0;
    if (key == NULL || sig == NULL || EVP_PKEY_CTX_get_rsa_padding(ctx, &padding) <= 0 ||
        padding != RSA_PKCS1_PSS_PADDING)
        return next_sign(ctx, sig, sig_len, digest, digest_len);
    return sign_pss(ctx, key, sig, sig_len, KM_SLICE(digest, digest_len));
}

static int pkey_decrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *out_len,
                        const unsigned char *in, size_t in_len)
{
    struct km_door_key *key = key_of(ctx);
    int padding = 0;
    const EVP_MD *md = NULL;
    unsigned char *label = NULL;
    if (key == NULL || out == NULL || EVP_PKEY_CTX_get_rsa_padding(ctx, &padding) <= 0 ||
        padding != RSA_PKCS1_OAEP_PADDING)
        return next_decrypt(ctx, out, out_len, in, in_len);
    int nid = EVP_PKEY_CTX_get_rsa_oaep_md(ctx, &md) > 0 && md != NULL ? EVP_MD_type(md) : NID_sha1;
    int label_len = EVP_PKEY_CTX_get0_rsa_oaep_label(ctx, &label);
    ClrcAlgorithm algorithm = engine_algorithm(KM_DOOR_OAEP, nid);
    if (algorithm == CLRC_ALG_NONE)
        return 0;
    int len = engine_rsa_decrypt_with(key, algorithm,
                                      KM_SLICE(label, label_len > 0 ? (size_t)label_len : 0),
                                      KM_SLICE(in, in_len), KM_SPAN(out, *out_len));
    if (len < 0)
        return 0;
    *out_len = (size_t)len;
    return 1;
}

/* ---- generation ---- */

struct wish {
    int bits;
    BIGNUM *e; /* NULL: 65537 */
};

static bool only_generates(KM_OSSL3_CONST EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_get0_pkey((EVP_PKEY_CTX *)ctx) == NULL;
}

static int init(EVP_PKEY_CTX *ctx)
{
    if (!only_generates(ctx))
        return next_init(ctx);
    struct wish *wish = calloc(1, sizeof(*wish));
    if (wish == NULL)
        return 0;
    wish->bits = BITS_DEFAULT;
    EVP_PKEY_CTX_set_data(ctx, wish);
    return 1;
}

static int copy(EVP_PKEY_CTX *to, KM_OSSL3_CONST EVP_PKEY_CTX *from)
{
    if (!only_generates(from))
        return next_copy(to, from);
    const struct wish *wish = EVP_PKEY_CTX_get_data(from);
    if (!init(to))
        return 0;
    struct wish *made = EVP_PKEY_CTX_get_data(to);
    made->bits = wish->bits;
    made->e = BN_dup(wish->e);
    return wish->e == NULL || made->e != NULL;
}

static void clean_up(EVP_PKEY_CTX *ctx)
{
    if (!only_generates(ctx)) {
        next_cleanup(ctx);
        return;
    }
    struct wish *wish = EVP_PKEY_CTX_get_data(ctx);
    if (wish != NULL)
        BN_free(wish->e);
    free(wish);
    EVP_PKEY_CTX_set_data(ctx, NULL);
}

static int set_exponent(struct wish *wish, BIGNUM *e, bool copies)
{
    BIGNUM *mine = copies ? BN_dup(e) : e;
    if (mine == NULL)
        return 0;
    BN_free(wish->e);
    wish->e = mine;
    return 1;
}

static int control(EVP_PKEY_CTX *ctx, int cmd, int value, void *ptr)
{
    if (!only_generates(ctx))
        return next_ctrl(ctx, cmd, value, ptr);
    struct wish *wish = EVP_PKEY_CTX_get_data(ctx);
    switch (cmd) {
    case EVP_PKEY_CTRL_RSA_KEYGEN_BITS:
        wish->bits = value;
        return 1;
    case EVP_PKEY_CTRL_RSA_KEYGEN_PUBEXP: /* takes the number */
        return set_exponent(wish, ptr, false);
    case EVP_PKEY_CTRL_RSA_KEYGEN_PRIMES:
        return value == 2;
    default:
        return -2;
    }
}

static int set_bits_text(struct wish *wish, const char *text)
{
    char *end = NULL;
    unsigned long bits = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || bits > INT_MAX)
        return 0;
    wish->bits = (int)bits;
    return 1;
}

static int set_exponent_text(struct wish *wish, const char *text)
{
    BIGNUM *e = NULL;
    int done = BN_asc2bn(&e, text) && set_exponent(wish, e, true);
    BN_free(e);
    return done;
}

static int control_text(EVP_PKEY_CTX *ctx, const char *name, const char *value)
{
    if (!only_generates(ctx))
        return next_ctrl_text(ctx, name, value);
    if (value == NULL)
        return 0;
    if (strcmp(name, "rsa_keygen_bits") == 0)
        return set_bits_text(EVP_PKEY_CTX_get_data(ctx), value);
    if (strcmp(name, "rsa_keygen_pubexp") == 0)
        return set_exponent_text(EVP_PKEY_CTX_get_data(ctx), value);
    return strcmp(name, "rsa_keygen_primes") == 0 ? strcmp(value, "2") == 0 : -2;
}

static int keygen(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey)
{
    if (!only_generates(ctx)) {
        struct km_err err = {0};
        (void)KM_FAIL(&err, KM_E_ARG, "an RSA key is generated with a context that has no key");
        return engine_raise(&err, __func__);
    }
    const struct wish *wish = EVP_PKEY_CTX_get_data(ctx);
    RSA *rsa = RSA_new();
    BIGNUM *e = wish->e != NULL ? BN_dup(wish->e) : BN_new();
    int done = rsa != NULL && e != NULL && (wish->e != NULL || BN_set_word(e, RSA_F4)) &&
               RSA_set_method(rsa, engine_rsa_own_method()) &&
               RSA_generate_key_ex(rsa, wish->bits, e, NULL) && EVP_PKEY_assign_RSA(pkey, rsa);
    if (!done)
        RSA_free(rsa);
    BN_free(e);
    return done;
}

static void wrap(EVP_PKEY_METHOD *made, const EVP_PKEY_METHOD *builtin)
{
    int (*sign_init)(EVP_PKEY_CTX *) = NULL;
    int (*decrypt_init)(EVP_PKEY_CTX *) = NULL;
    int (*keygen_init)(EVP_PKEY_CTX *) = NULL;
    int (*next_keygen)(EVP_PKEY_CTX *, EVP_PKEY *) = NULL;
    EVP_PKEY_meth_copy(made, builtin);
    EVP_PKEY_meth_get_init(builtin, &next_init);
    EVP_PKEY_meth_get_copy(builtin, &next_copy);
    EVP_PKEY_meth_get_cleanup(builtin, &next_cleanup);
    EVP_PKEY_meth_get_ctrl(builtin, &next_ctrl, &next_ctrl_text);
    EVP_PKEY_meth_get_sign(builtin, &sign_init, &next_sign);
    EVP_PKEY_meth_get_decrypt(builtin, &decrypt_init, &next_decrypt);
    EVP_PKEY_meth_get_keygen(builtin, &keygen_init, &next_keygen);
    EVP_PKEY_meth_set_init(made, init);
    EVP_PKEY_meth_set_copy(made, copy);
    EVP_PKEY_meth_set_cleanup(made, clean_up);
    EVP_PKEY_meth_set_ctrl(made, control, control_text);
    EVP_PKEY_meth_set_sign(made, sign_init, pkey_sign);
    EVP_PKEY_meth_set_decrypt(made, decrypt_init, pkey_decrypt);
    EVP_PKEY_meth_set_keygen(made, keygen_init, keygen);
}

static void make_method(void)
{
    const EVP_PKEY_METHOD *builtin = EVP_PKEY_meth_find(EVP_PKEY_RSA);
    EVP_PKEY_METHOD *made = EVP_PKEY_meth_new(EVP_PKEY_RSA, EVP_PKEY_FLAG_AUTOARGLEN);
    if (builtin == NULL || made == NULL || engine_rsa_own_method() == NULL)
        return;
    wrap(made, builtin);
    pkey_method = made;
}

EVP_PKEY_METHOD *engine_rsa_pkey_method(void)
{
    (void)pthread_once(&once, make_method);
    return pkey_method;
}
