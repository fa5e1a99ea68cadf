/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named RSA keys. They do no raw RSA, and OpenSSL hands PSS and OAEP to an RSA_METHOD as raw RSA: so
 * PKCS#1 v1.5 comes through the RSA_METHOD, PSS and OAEP through an EVP_PKEY_METHOD
 * (engine_rsa_pkey.c), which knows their parameters.
 */
#include <pthread.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "common/km_secret.h"
#include "interop/engine/engine_rsa.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static RSA_METHOD *method;
static int slot = -1;

struct km_door_key *engine_rsa_key(const RSA *rsa)
{
    return rsa == NULL || slot < 0 ? NULL : RSA_get_ex_data(rsa, slot);
}

km_status engine_rsa_unsupported(struct km_err *err)
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

int engine_rsa_sign_with(struct km_door_key *key, const struct km_door_signing *how,
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
        !engine_rsa_sign_with(key, &how, KM_SLICE(digest, digest_len), sig, &len))
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
        (void)engine_rsa_unsupported(&err);
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

int engine_rsa_decrypt_with(struct km_door_key *key, ClrcAlgorithm algorithm, struct km_slice label,
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
        (void)engine_rsa_unsupported(&err);
        engine_raise(&err, __func__);
        return -1;
    }
    /* RSA_private_decrypt's OAEP is the standard's default, SHA-1 without a label. */
    return engine_rsa_decrypt_with(key, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1, KM_SLICE(NULL, 0),
                                   KM_SLICE(in, (size_t)in_len),
                                   KM_SPAN(out, (size_t)RSA_size(rsa)));
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
    if (made == NULL || slot < 0)
        return;
    if (RSA_meth_set1_name(made, "Keymoor RSA") && RSA_meth_set_sign(made, rsa_sign) &&
        RSA_meth_set_priv_enc(made, rsa_priv_enc) && RSA_meth_set_priv_dec(made, rsa_priv_dec) &&
        RSA_meth_set_flags(made, RSA_FLAG_EXT_PKEY | RSA_METHOD_FLAG_NO_CHECK))
        method = made;
}

/* The private part of a named key that may be exported, when private parts are not hidden. */
static bool show_private(RSA *rsa, struct km_door_key *key)
{
    static const ClrcAttribute parts[] = {
        CLRC_ATTR_RSA_PRIVATE_EXPONENT, CLRC_ATTR_RSA_PRIME1,    CLRC_ATTR_RSA_PRIME2,
        CLRC_ATTR_RSA_EXPONENT1,        CLRC_ATTR_RSA_EXPONENT2, CLRC_ATTR_RSA_COEFFICIENT};
    BIGNUM *numbers[KM_ARRAY_LEN(parts)] = {NULL};
    for (size_t i = 0; i < KM_ARRAY_LEN(parts) && (i == 0 || numbers[0] != NULL); i++)
        numbers[i] = engine_door_number(key, parts[i]);
    return engine_rsa_set_private(rsa, numbers);
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
    if (!RSA_set_method(rsa, method) || !show_private(rsa, key) ||
        !RSA_set_ex_data(rsa, slot, key)) {
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
