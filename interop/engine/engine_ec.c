/* SPDX-License-Identifier: Apache-2.0 */
/* EC keys: ECDSA and ECDH go to the service; verification is OpenSSL's own. */
#include <pthread.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "interop/engine/engine.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EC_KEY_METHOD *method;
static int slot = -1; /* of our key in an EC_KEY's extra data */

static struct km_door_key *key_of(const EC_KEY *ec)
{
    return EC_KEY_get_ex_data(ec, slot);
}

static int sign(int type, const unsigned char *digest, int digest_len, unsigned char *sig,
                unsigned int *sig_len, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
    const struct km_door_signing how = {.algorithm = CLRC_ECDSA};
    struct km_err err = {0};
    struct km_door_key *key = key_of(ec);
    size_t len = 0;
    (void)type;
    (void)kinv; /* the service makes its own nonce; nobody else may */
    (void)r;
    if (key == NULL || digest_len < 0)
        return 0;
    struct km_span room = KM_SPAN(sig, km_door_key_signature_max(key));
    if (km_door_key_sign(&err, key, &how, KM_SLICE(digest, (size_t)digest_len), room, &len) !=
        KM_OK)
        return engine_raise(&err, __func__);
    *sig_len = (unsigned)len;
    return 1;
}

static ECDSA_SIG *sign_sig(const unsigned char *digest, int digest_len, const BIGNUM *kinv,
                           const BIGNUM *r, EC_KEY *ec)
{
    uint8_t sig[KM_DOOR_SIGNATURE_MAX] = {0};
    const unsigned char *at = sig;
    unsigned len = 0;
    if (!sign(0, digest, digest_len, sig, &len, kinv, r, ec))
        return NULL;
    return d2i_ECDSA_SIG(NULL, &at, (long)len);
}

static int compute_key(unsigned char **secret, size_t *secret_len, const EC_POINT *peer,
                       const EC_KEY *ec)
{
    uint8_t point[1 + 2 * KM_DOOR_COORDINATE_MAX] = {0};
    struct km_err err = {0};
    struct km_door_key *key = key_of(ec);
    if (key == NULL)
        return 0;
    size_t coord_len = km_door_key_public(key)->curve->coord_len;
    size_t point_len = EC_POINT_point2oct(
        EC_KEY_get0_group(ec), peer, POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL);
    uint8_t *made = point_len == 0 ? NULL : OPENSSL_malloc(coord_len);
    if (made == NULL)
        return 0;
    size_t len = 0;
    if (km_door_key_agree(&err, key, KM_SLICE(point, point_len), KM_SPAN(made, coord_len), &len) !=
        KM_OK) {
        OPENSSL_free(made);
        return engine_raise(&err, __func__);
    }
    *secret = made; /* OpenSSL wipes and frees it */
    *secret_len = len;
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

static int dup_slot(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **place, int index,
                    long argl, void *argp)
{
    (void)to;
    (void)from;
    (void)index;
    (void)argl;
    (void)argp;
    if (*place != NULL)
        *place = km_door_key_ref(*place);
    return 1;
}

static void make_method(void)
{
    int (*verify)(int, const unsigned char *, int, const unsigned char *, int, EC_KEY *) = NULL;
    int (*verify_sig)(const unsigned char *, int, const ECDSA_SIG *, EC_KEY *) = NULL;
    slot = EC_KEY_get_ex_new_index(0, NULL, NULL, dup_slot, free_slot);
    EC_KEY_METHOD *made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (made == NULL || slot < 0)
        return;
    EC_KEY_METHOD_get_verify(made, &verify, &verify_sig);
    EC_KEY_METHOD_set_verify(made, verify, verify_sig);
    EC_KEY_METHOD_set_sign(made, sign, NULL, sign_sig);
    EC_KEY_METHOD_set_compute_key(made, compute_key);
    EC_KEY_METHOD_set_keygen(made, NULL);
    method = made;
}

static bool fill(EC_KEY *ec, struct km_door_key *key)
{
    struct km_slice point = km_door_key_public(key)->point;
    if (EC_KEY_oct2key(ec, point.ptr, point.len, NULL) != 1 || !EC_KEY_set_method(ec, method))
        return false;
    if (!EC_KEY_set_ex_data(ec, slot, key))
        return false;
    (void)km_door_key_ref(key);
    return true;
}

EVP_PKEY *engine_ec_make(struct km_door_key *key)
{
    pthread_once(&once, make_method);
    if (method == NULL)
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
