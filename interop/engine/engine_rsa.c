/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys. The service offers no raw RSA, and OpenSSL hands PSS and OAEP to an RSA_METHOD as raw
 * RSA: so PKCS#1 v1.5 comes through the RSA_METHOD, PSS and OAEP through an EVP_PKEY_METHOD, which
 * knows their parameters. Keys that are not ours go on to OpenSSL's own method.
 */
#include <pthread.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "common/km_secret.h"
#include "interop/engine/engine.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static RSA_METHOD *method;
static int slot = -1;

struct km_door_key *engine_rsa_key(const RSA *rsa)
{
    return rsa == NULL || slot < 0 ? NULL : RSA_get_ex_data(rsa, slot);
}

static km_status unsupported(struct km_err *err)
{
    return KM_FAIL(err, KM_E_UNSUPPORTED,
                   "RSA is PKCS#1 v1.5 and PSS signatures and OAEP decryption: raw RSA is not "
                   "offered");
}

ClrcAlgorithm engine_algorithm(enum km_door_scheme scheme, int digest_nid)
{
    static const struct {
        int nid;
        size_t len;
    } digests[] = {
        {NID_sha1, 20}, {NID_sha224, 28}, {NID_sha256, 32}, {NID_sha384, 48}, {NID_sha512, 64},
    };
    struct km_err err = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++)
        if (digests[i].nid == digest_nid)
            return km_door_algorithm(scheme, digests[i].len);
    (void)KM_FAIL(&err, KM_E_UNSUPPORTED, "digest %s is not offered with RSA",
                  OBJ_nid2sn(digest_nid) == NULL ? "of that kind" : OBJ_nid2sn(digest_nid));
    engine_raise(&err, __func__);
    return CLRC_ALG_NONE;
}

static int sign_with(struct km_door_key *key, const struct km_door_signing *how,
                     struct km_slice digest, unsigned char *sig, size_t *sig_len)
{
    struct km_err err = {0};
    struct km_span room = KM_SPAN(sig, km_door_key_signature_max(key));
    if (km_door_key_sign(&err, key, how, digest, room, sig_len) != KM_OK)
        return engine_raise(&err, __func__);
    return 1;
}

/* ---- RSA_METHOD: PKCS#1 v1.5 ---- */

static int rsa_sign(int digest_nid, const unsigned char *digest, unsigned int digest_len,
                    unsigned char *sig, unsigned int *sig_len, const RSA *rsa)
{
    struct km_door_key *key = engine_rsa_key(rsa);
    struct km_door_signing how = {.algorithm = engine_algorithm(KM_DOOR_PKCS1, digest_nid)};
    size_t len = 0;
    if (key == NULL || how.algorithm == CLRC_ALG_NONE ||
        !sign_with(key, &how, KM_SLICE(digest, digest_len), sig, &len))
        return 0;
    *sig_len = (unsigned)len;
    return 1;
}

/* Programs that make the DigestInfo themselves: taken apart again, as the service makes its own. */
static int rsa_priv_enc(int in_len, const unsigned char *in, unsigned char *out, RSA *rsa,
                        int padding)
{
    struct km_err err = {0};
    const unsigned char *at = in;
    unsigned len = 0;
    X509_SIG *info =
        padding == RSA_PKCS1_PADDING && in_len > 0 ? d2i_X509_SIG(NULL, &at, in_len) : NULL;
    if (info == NULL || at != in + in_len) {
        X509_SIG_free(info);
        (void)unsupported(&err);
        engine_raise(&err, __func__);
        return -1;
    }
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OCTET_STRING *digest = NULL;
    const ASN1_OBJECT *oid = NULL;
    X509_SIG_get0(info, &algorithm, &digest);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    int done = rsa_sign(OBJ_obj2nid(oid), ASN1_STRING_get0_data(digest),
                        (unsigned)ASN1_STRING_length(digest), out, &len, rsa);
    X509_SIG_free(info);
    return done ? (int)len : -1;
}

static int decrypt_with(struct km_door_key *key, ClrcAlgorithm algorithm, struct km_slice label,
                        struct km_slice in, struct km_span out)
{
    struct km_err err = {0};
    uint8_t text[KM_DOOR_SIGNATURE_MAX] = {0};
    size_t len = 0;
    km_status status =
        km_door_key_decrypt(&err, key, algorithm, label, in, KM_SPAN(text, sizeof(text)), &len);
    if (status == KM_OK && len > out.len)
        status = KM_FAIL(&err, KM_E_LIMIT, "room for %zu octets, the text has %zu", out.len, len);
    if (status == KM_OK)
        km_copy(out.ptr, out.len, text, len);
    km_wipe(text, sizeof(text));
    if (status != KM_OK) {
        engine_raise(&err, __func__);
        return -1;
    }
    return (int)len;
}

static int rsa_priv_dec(int in_len, const unsigned char *in, unsigned char *out, RSA *rsa,
                        int padding)
{
    struct km_err err = {0};
    struct km_door_key *key = engine_rsa_key(rsa);
    if (key == NULL || in_len < 0 || padding != RSA_PKCS1_OAEP_PADDING) {
        (void)unsupported(&err);
        engine_raise(&err, __func__);
        return -1;
    }
    /* RSA_private_decrypt's OAEP is the standard's default, SHA-1 without a label. */
    return decrypt_with(key, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1, KM_SLICE(NULL, 0),
                        KM_SLICE(in, (size_t)in_len), KM_SPAN(out, (size_t)RSA_size(rsa)));
}

/* ---- EVP_PKEY_METHOD: PSS and OAEP with their parameters ---- */

static EVP_PKEY_METHOD *pkey_method;
static int (*next_sign)(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *sig_len,
                        const unsigned char *digest, size_t digest_len);
static int (*next_decrypt)(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *out_len,
                           const unsigned char *in, size_t in_len);

static struct km_door_key *key_of(EVP_PKEY_CTX *ctx)
{
    EVP_PKEY *pkey = EVP_PKEY_CTX_get0_pkey(ctx);
    return pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA
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
        (void)unsupported(&err);
        return engine_raise(&err, __func__);
    }
    if (EVP_PKEY_CTX_get_rsa_mgf1_md(ctx, &mgf1) > 0 && mgf1 != NULL &&
        EVP_MD_get_type(mgf1) != EVP_MD_get_type(md)) {
        (void)KM_FAIL(&err, KM_E_UNSUPPORTED, "MGF1 goes with the digest of the message only");
        return engine_raise(&err, __func__);
    }
    how.algorithm = engine_algorithm(KM_DOOR_PSS, EVP_MD_get_type(md));
    if (how.algorithm == CLRC_ALG_NONE)
        return 0;
    if (!salt_octets(ctx, key, digest.len, &how.salt_len)) {
        (void)KM_FAIL(&err, KM_E_ARG, "this PSS salt does not fit the key and digest");
        return engine_raise(&err, __func__);
    }
    return sign_with(key, &how, digest, sig, sig_len);
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
    int nid =
        EVP_PKEY_CTX_get_rsa_oaep_md(ctx, &md) > 0 && md != NULL ? EVP_MD_get_type(md) : NID_sha1;
    int label_len = EVP_PKEY_CTX_get0_rsa_oaep_label(ctx, &label);
    ClrcAlgorithm algorithm = engine_algorithm(KM_DOOR_OAEP, nid);
    if (algorithm == CLRC_ALG_NONE)
        return 0;
    int len = decrypt_with(key, algorithm, KM_SLICE(label, label_len > 0 ? (size_t)label_len : 0),
                           KM_SLICE(in, in_len), KM_SPAN(out, *out_len));
    if (len < 0)
        return 0;
    *out_len = (size_t)len;
    return 1;
}

static void make_pkey_method(void)
{
    int (*sign_init)(EVP_PKEY_CTX *) = NULL;
    int (*decrypt_init)(EVP_PKEY_CTX *) = NULL;
    const EVP_PKEY_METHOD *builtin = EVP_PKEY_meth_find(EVP_PKEY_RSA);
    EVP_PKEY_METHOD *made = EVP_PKEY_meth_new(EVP_PKEY_RSA, EVP_PKEY_FLAG_AUTOARGLEN);
    if (builtin == NULL || made == NULL)
        return;
    EVP_PKEY_meth_copy(made, builtin);
    EVP_PKEY_meth_get_sign(builtin, &sign_init, &next_sign);
    EVP_PKEY_meth_get_decrypt(builtin, &decrypt_init, &next_decrypt);
    EVP_PKEY_meth_set_sign(made, sign_init, pkey_sign);
    EVP_PKEY_meth_set_decrypt(made, decrypt_init, pkey_decrypt);
    pkey_method = made;
}

/* ---- making ---- */

static void free_slot(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                      void *argp)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    km_door_key_unref(ptr);
}

static void make_methods(void)
{
    slot = RSA_get_ex_new_index(0, NULL, NULL, NULL, free_slot);
    RSA_METHOD *made = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    make_pkey_method();
    if (made == NULL || slot < 0 || pkey_method == NULL)
        return;
    if (RSA_meth_set1_name(made, "Keymoor RSA") && RSA_meth_set_sign(made, rsa_sign) &&
        RSA_meth_set_priv_enc(made, rsa_priv_enc) && RSA_meth_set_priv_dec(made, rsa_priv_dec) &&
        RSA_meth_set_flags(made, RSA_FLAG_EXT_PKEY | RSA_METHOD_FLAG_NO_CHECK))
        method = made;
}

int engine_pkey_meths(ENGINE *engine, EVP_PKEY_METHOD **pmeth, const int **nids, int nid)
{
    (void)engine;
    /*
     * Programs that make us the default for all we list would send every RSA key of the process
     * here; so nothing is listed, and our own keys find the method through their engine.
     */
    if (pmeth == NULL) {
        *nids = NULL;
        return 0;
    }
    *pmeth = NULL;
    if (nid != EVP_PKEY_RSA)
        return 0;
    pthread_once(&once, make_methods);
    *pmeth = pkey_method;
    return pkey_method != NULL;
}

static RSA *make_rsa(struct km_door_key *key)
{
    const struct km_door_public *public = km_door_key_public(key);
    RSA *rsa = RSA_new();
    BIGNUM *n = BN_bin2bn(public->n.ptr, (int)public->n.len, NULL);
    BIGNUM *e = BN_bin2bn(public->e.ptr, (int)public->e.len, NULL);
    if (rsa == NULL || n == NULL || e == NULL || !RSA_set0_key(rsa, n, e, NULL)) {
        BN_free(n);
        BN_free(e);
        RSA_free(rsa);
        return NULL;
    }
    if (!RSA_set_method(rsa, method) || !RSA_set_ex_data(rsa, slot, key)) {
        RSA_free(rsa);
        return NULL;
    }
    RSA_set_flags(rsa, RSA_FLAG_EXT_PKEY);
    (void)km_door_key_ref(key);
    return rsa;
}

EVP_PKEY *engine_rsa_make(ENGINE *engine, struct km_door_key *key)
{
    pthread_once(&once, make_methods);
    if (method == NULL)
        return NULL;
    RSA *rsa = make_rsa(key);
    EVP_PKEY *pkey = EVP_PKEY_new();
    if (rsa == NULL || pkey == NULL || !EVP_PKEY_assign_RSA(pkey, rsa)) {
        RSA_free(rsa);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    /* Brings PSS and OAEP to our EVP_PKEY_METHOD. */
    if (!EVP_PKEY_set1_engine(pkey, engine)) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}
