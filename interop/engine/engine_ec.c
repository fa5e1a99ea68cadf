/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EC keys: ECDSA and ECDH go to the service; verification is OpenSSL's own, and so is all of it on curves that
 * the service has not.
 */
#include <pthread.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "interop/engine/engine_ec.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EC_KEY_METHOD *method;
static int slot = -1; /* of our key in an EC_KEY's extra data */

/* OpenSSL's own, for what is not offered. */
static struct {
    int (*sign)(int, const unsigned char *, int, unsigned char *, unsigned int *, const BIGNUM *,
                const BIGNUM *, EC_KEY *);
    int (*sign_setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **);
    ECDSA_SIG *(*sign_sig)(const unsigned char *, int, const BIGNUM *, const BIGNUM *, EC_KEY *);
    int (*compute_key)(unsigned char **, size_t *, const EC_POINT *, const EC_KEY *);
    int (*keygen)(EC_KEY *);
} builtin;

static struct km_door_key *key_of(const EC_KEY *ec)
{
    return EC_KEY_get_ex_data(ec, slot);
}

static int sign_named(struct km_door_key *key, struct km_slice digest, unsigned char *sig,
                      unsigned int *sig_len)
{
    const struct km_door_signing how = {.algorithm = CLRC_ECDSA};
    struct km_err err = {0};
    size_t len = 0;
    struct km_span room = KM_SPAN(sig, km_door_key_signature_max(key));
    if (km_door_key_sign(&err, key, &how, digest, room, &len) != KM_OK)
        return engine_raise(&err, __func__);
    *sig_len = (unsigned)len;
    return 1;
}

/* The service makes its own nonce; nobody else may, so kinv and r are not looked at. */
static int sign(int type, const unsigned char *digest, int digest_len, unsigned char *sig,
                unsigned int *sig_len, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
    struct km_door_key *key = key_of(ec);
    if (digest_len < 0)
        return 0;
    if (key != NULL)
        return sign_named(key, KM_SLICE(digest, (size_t)digest_len), sig, sig_len);
    if (engine_ec_own_is_offered(ec))
        return engine_ec_own_sign(ec, KM_SLICE(digest, (size_t)digest_len), sig, sig_len);
    return builtin.sign(type, digest, digest_len, sig, sig_len, kinv, r, ec);
}

static ECDSA_SIG *sign_sig(const unsigned char *digest, int digest_len, const BIGNUM *kinv,
                           const BIGNUM *r, EC_KEY *ec)
{
    uint8_t sig[KM_DOOR_SIGNATURE_MAX] = {0};
    const unsigned char *at = sig;
    unsigned len = 0;
    if (key_of(ec) == NULL && !engine_ec_own_is_offered(ec))
        return builtin.sign_sig(digest, digest_len, kinv, r, ec);
    if (!sign(0, digest, digest_len, sig, &len, kinv, r, ec))
        return NULL;
    return d2i_ECDSA_SIG(NULL, &at, (long)len);
}

static int agree(const EC_KEY *ec, struct km_slice point, struct km_span secret)
{
    struct km_err err = {0};
    size_t len = 0;
    struct km_door_key *key = key_of(ec);
    if (key == NULL) {
        /* OpenSSL's prototype has it constant; that the service knows it is noted in it all the same. */
        union {
            const EC_KEY *given;
            EC_KEY *noted;
        } object = {.given = ec};
        return engine_ec_own_agree(object.noted, point, secret);
    }
    if (km_door_key_agree(&err, key, point, secret, &len) != KM_OK)
        return engine_raise(&err, __func__);
    return 1;
}

static int compute_key(unsigned char **secret, size_t *secret_len, const EC_POINT *peer,
                       const EC_KEY *ec)
{
    uint8_t point[1 + 2 * KM_DOOR_COORDINATE_MAX] = {0};
    if (key_of(ec) == NULL && !engine_ec_own_is_offered(ec))
        return builtin.compute_key(secret, secret_len, peer, ec);
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    size_t coord_len = ((size_t)EC_GROUP_get_degree(group) + 7) / 8;
    size_t point_len =
        EC_POINT_point2oct(group, peer, POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL);
    uint8_t *made = point_len == 0 ? NULL : OPENSSL_malloc(coord_len);
    if (made == NULL)
        return 0;
    if (!agree(ec, KM_SLICE(point, point_len), KM_SPAN(made, coord_len))) {
        OPENSSL_clear_free(made, coord_len);
        return 0;
    }
    *secret = made; /* OpenSSL wipes and frees it */
    *secret_len = coord_len;
    return 1;
}

static int keygen(EC_KEY *ec)
{
    return engine_ec_own_may_generate(ec) ? engine_ec_own_generate(ec) : builtin.keygen(ec);
}

/* Programs put another key into an object that they have: it must not go on with the one before. */
static int set_private(EC_KEY *ec, const BIGNUM *private)
{
    (void)private;
    engine_ec_own_forget(ec);
    return 1;
}

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

static int dup_slot(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, engine_ex_place place,
                    int index, long argl, void *argp)
{
    void **key = place;
    (void)to;
    (void)from;
    (void)index;
    (void)argl;
    (void)argp;
    if (*key != NULL)
        *key = km_door_key_ref(*key);
    return 1;
}

static void make_method(void)
{
    const EC_KEY_METHOD *openssl = EC_KEY_OpenSSL();
    slot = EC_KEY_get_ex_new_index(0, NULL, NULL, dup_slot, free_slot);
    EC_KEY_METHOD *made = EC_KEY_METHOD_new(openssl);
    if (made == NULL || slot < 0 || !engine_ec_own_prepare())
        return;
    EC_KEY_METHOD_get_sign(openssl, &builtin.sign, &builtin.sign_setup, &builtin.sign_sig);
    EC_KEY_METHOD_get_compute_key(openssl, &builtin.compute_key);
    EC_KEY_METHOD_get_keygen(openssl, &builtin.keygen);
    EC_KEY_METHOD_set_sign(made, sign, builtin.sign_setup, sign_sig);
    EC_KEY_METHOD_set_compute_key(made, compute_key);
    EC_KEY_METHOD_set_keygen(made, keygen);
    EC_KEY_METHOD_set_init(made, NULL, NULL, NULL, NULL, set_private, NULL);
    method = made;
}

const EC_KEY_METHOD *engine_ec_method(void)
{
    (void)pthread_once(&once, make_method);
    return method;
}

/* The private part of a named key that may be exported, when private parts are not hidden. */
static bool show_private(EC_KEY *ec, struct km_door_key *key)
{
    BIGNUM *private = engine_door_number(key, CLRC_ATTR_ECC_PRIVATE_VALUE);
    bool done = private == NULL || EC_KEY_set_private_key(ec, private) == 1;
    BN_clear_free(private);
    return done;
}

static bool fill(EC_KEY *ec, struct km_door_key *key)
{
    struct km_slice point = km_door_key_public(key)->point;
    if (EC_KEY_oct2key(ec, point.ptr, point.len, NULL) != 1 || !EC_KEY_set_method(ec, method) ||
        !show_private(ec, key) || !EC_KEY_set_ex_data(ec, slot, key))
        return false;
    (void)km_door_key_ref(key);
    return true;
}

EVP_PKEY *engine_ec_make(struct km_door_key *key)
{
    if (engine_ec_method() == NULL)
        return NULL;
    EC_KEY *ec = EC_KEY_new_by_curve_name(OBJ_sn2nid(km_door_key_public(key)->curve->name));
    EVP_PKEY *pkey = EVP_PKEY_new();
    if (ec == NULL || pkey == NULL || !fill(ec, key) || !EVP_PKEY_assign_EC_KEY(pkey, ec)) {
        EC_KEY_free(ec);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}
