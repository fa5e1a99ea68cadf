/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/seal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "tee/store/xaes.h"

#define KEY_LEN KM_XAES_KEY_LEN
#define NONCE_LEN KM_XAES_NONCE_LEN
#define AAD_LEN 48

/* The derived key material, in the order of one HKDF output. */
enum { NAME_KEY_AT = 0, SEAL_KEY_AT = 32, SET_KEY_AT = 64, KEY_ID_AT = 96, KEYS_LEN = 112 };

static const char domain[16] = "keymoor store 1";

/* One context for the process: fetching algorithms costs more than opening a store. */
static struct {
    pthread_once_t once;
    OSSL_LIB_CTX *lib;
    EVP_CIPHER *gcm;
    EVP_CIPHER *ecb;
    EVP_MAC *hmac;
    EVP_KDF *hkdf;
} crypto = {.once = PTHREAD_ONCE_INIT};

struct km_seal {
    struct km_secret *keys;
    struct km_uuid owner;
    struct km_xaes xaes;
    EVP_MAC_CTX *name_mac;
    EVP_MAC_CTX *set_mac;
};

static void crypto_init(void)
{
    (void)ERR_set_mark();
    crypto.lib = OSSL_LIB_CTX_new();
    if (crypto.lib != NULL) {
        crypto.gcm = EVP_CIPHER_fetch(crypto.lib, "AES-256-GCM", NULL);
        crypto.ecb = EVP_CIPHER_fetch(crypto.lib, "AES-256-ECB", NULL);
        crypto.hmac = EVP_MAC_fetch(crypto.lib, "HMAC", NULL);
        crypto.hkdf = EVP_KDF_fetch(crypto.lib, "HKDF", NULL);
        /* So that the random generator stands before a sandbox closes. */
        uint8_t unused[16] = {0};
        (void)RAND_bytes_ex(crypto.lib, unused, sizeof unused, 256);
    }
    (void)ERR_pop_to_mark();
}

km_status km_seal_warm(struct km_err *err)
{
    (void)pthread_once(&crypto.once, crypto_init);
    if (crypto.gcm == NULL || crypto.ecb == NULL || crypto.hmac == NULL || crypto.hkdf == NULL)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "libcrypto offers no AES-256-GCM, HMAC or HKDF");
    return KM_OK;
}

/* Takes the failure out of the error queue and into err. */
static km_status fail_openssl(struct km_err *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    return KM_FAIL_NATIVE(err, KM_E_INTERNAL, KM_LAYER_OPENSSL, code, "libcrypto could not %s",
                          what);
}

/* ---- keys ---- */

static bool derive_keys(struct km_slice key, const struct km_uuid *owner, struct km_span out)
{
    static char digest[] = "SHA256";
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(crypto.hkdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (uint8_t *)key.ptr, key.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (char *)domain, sizeof domain),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (uint8_t *)owner->octet,
                                          sizeof owner->octet),
        OSSL_PARAM_construct_end(),
    };
    bool done = ctx != NULL && EVP_KDF_derive(ctx, out.ptr, out.len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    return done;
}

static EVP_MAC_CTX *mac_new(const uint8_t key[KEY_LEN])
{
    static char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(crypto.hmac);
    if (ctx != NULL && EVP_MAC_init(ctx, key, KEY_LEN, params) == 1)
        return ctx;
    EVP_MAC_CTX_free(ctx);
    return NULL;
}

/*
 * libcrypto notices a fork by the process id, which repeats across pid namespaces; two processes that went on from the
 * same state would choose the same nonces. So each draws fresh seed by itself.
 */
static bool reseed(void)
{
    EVP_RAND_CTX *primary = RAND_get0_primary(crypto.lib);
    EVP_RAND_CTX *nonces = RAND_get0_public(crypto.lib);
    return primary != NULL && nonces != NULL &&
           EVP_RAND_reseed(primary, 1, NULL, 0, NULL, 0) == 1 &&
           EVP_RAND_reseed(nonces, 1, NULL, 0, NULL, 0) == 1;
}

km_status km_seal_new(struct km_err *err, const struct km_secret *key, const struct km_uuid *owner,
                      struct km_seal **ret)
{
    struct km_slice from = km_secret_expose(key);
    if (from.len != KEY_LEN)
        return KM_FAIL(err, KM_E_ARG, "a store key has %d octets, not %zu", KEY_LEN, from.len);
    KM_TRY(km_seal_warm(err));
    KM_AUTO(km_seal_freep) struct km_seal *seal = calloc(1, sizeof *seal);
    if (seal == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "keys of a store");
    seal->owner = *owner;
    seal->keys = km_secret_new(KEYS_LEN);
    if (seal->keys == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "secret of %d octets", KEYS_LEN);
    struct km_span keys = km_secret_fill(seal->keys);
    (void)ERR_set_mark();
    bool done = reseed() && derive_keys(from, owner, keys) &&
                km_xaes_init(&seal->xaes, crypto.ecb, crypto.gcm, keys.ptr + SEAL_KEY_AT) &&
                (seal->name_mac = mac_new(keys.ptr + NAME_KEY_AT)) != NULL &&
                (seal->set_mac = mac_new(keys.ptr + SET_KEY_AT)) != NULL;
    km_status status = done ? KM_OK : fail_openssl(err, "set up the keys of a store");
    (void)ERR_pop_to_mark();
    KM_TRY(status);
    *ret = km_steal(&seal);
    return KM_OK;
}

void km_seal_free(struct km_seal *seal)
{
    if (seal == NULL)
        return;
    EVP_MAC_CTX_free(seal->name_mac);
    EVP_MAC_CTX_free(seal->set_mac);
    km_xaes_clear(&seal->xaes);
    km_secret_free(seal->keys);
    km_wipe(seal, sizeof *seal);
    free(seal);
}

void km_seal_freep(struct km_seal **seal)
{
    km_seal_free(*seal);
}

const uint8_t *km_seal_key_id(const struct km_seal *seal)
{
    return km_secret_expose(seal->keys).ptr + KEY_ID_AT;
}

/* ---- names and the set ---- */

static bool mac(EVP_MAC_CTX *ctx, const struct km_slice *parts, size_t n_parts,
                uint8_t ret[KM_SET_LEN])
{
    size_t len = 0;
    bool done = EVP_MAC_init(ctx, NULL, 0, NULL) == 1;
    for (size_t i = 0; done && i < n_parts; i++)
        done = EVP_MAC_update(ctx, parts[i].ptr, parts[i].len) == 1;
    return done && EVP_MAC_final(ctx, ret, &len, KM_SET_LEN) == 1 && len == KM_SET_LEN;
}

km_status km_seal_name(struct km_err *err, struct km_seal *seal, struct km_slice name,
                       uint8_t ret[KM_NAME_KEY_LEN])
{
    uint8_t full[KM_SET_LEN] = {0};
    (void)ERR_set_mark();
    km_status status =
        mac(seal->name_mac, &name, 1, full) ? KM_OK : fail_openssl(err, "hash a name");
    (void)ERR_pop_to_mark();
    if (status == KM_OK)
        km_copy(ret, KM_NAME_KEY_LEN, full, KM_NAME_KEY_LEN);
    return status;
}

km_status km_seal_element(struct km_err *err, struct km_seal *seal, uint64_t id,
                          struct km_slice sealed, uint8_t ret[KM_SET_LEN])
{
    if (sealed.len < KM_SEAL_OVERHEAD)
        return KM_FAIL(err, KM_E_CORRUPT, "sealed record of %zu octets", sealed.len);
    uint8_t id_octets[8] = {0};
    struct km_wr wr = km_wr_init(id_octets, sizeof id_octets);
    km_wr_u64be(&wr, id);
    const struct km_slice parts[] = {
        KM_SLICE(id_octets, sizeof id_octets),
        KM_SLICE(sealed.ptr, NONCE_LEN),
        KM_SLICE(sealed.ptr + sealed.len - KM_TAG_LEN, KM_TAG_LEN),
    };
    (void)ERR_set_mark();
    km_status status = mac(seal->set_mac, parts, KM_ARRAY_LEN(parts), ret)
                           ? KM_OK
                           : fail_openssl(err, "hash a record");
    (void)ERR_pop_to_mark();
    return status;
}

void km_set_add(uint8_t set[KM_SET_LEN], const uint8_t element[KM_SET_LEN])
{
    unsigned carry = 0;
    for (size_t i = 0; i < KM_SET_LEN; i++) {
        carry += (unsigned)set[i] + element[i];
        set[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

void km_set_subtract(uint8_t set[KM_SET_LEN], const uint8_t element[KM_SET_LEN])
{
    unsigned borrow = 0;
    for (size_t i = 0; i < KM_SET_LEN; i++) {
        unsigned digit = 0x100u + set[i] - element[i] - borrow;
        set[i] = (uint8_t)digit;
        borrow = digit >> 8 != 0 ? 0 : 1;
    }
}

/* ---- sealing ---- */

static struct km_slice make_aad(const struct km_seal *seal, const struct km_seal_place *place,
                                uint8_t buf[AAD_LEN])
{
    struct km_wr wr = km_wr_init(buf, AAD_LEN);
    km_wr_bytes(&wr, KM_SLICE(domain, sizeof domain));
    km_wr_bytes(&wr, KM_SLICE(seal->owner.octet, sizeof seal->owner.octet));
    km_wr_u64be(&wr, place->id);
    km_wr_u32be(&wr, place->index);
    km_wr_u8(&wr, (uint8_t)place->kind);
    km_wr_u8(&wr, place->level);
    km_wr_u16be(&wr, 0);
    return KM_SLICE(buf, wr.len);
}

km_status km_seal_put(struct km_err *err, struct km_seal *seal, const struct km_seal_place *place,
                      struct km_slice plain, size_t padded_len, struct km_span out,
                      uint8_t *ret_tag)
{
    if (plain.len > padded_len || padded_len > INT32_MAX / 2 ||
        out.len != padded_len + KM_SEAL_OVERHEAD)
        return KM_FAIL(err, KM_E_INTERNAL, "%zu octets sealed as %zu into %zu", plain.len,
                       padded_len, out.len);
    uint8_t aad_buf[AAD_LEN] = {0};
    struct km_slice aad = make_aad(seal, place, aad_buf);
    const uint8_t *tag = out.ptr + out.len - KM_TAG_LEN;
    bool done = false;
    (void)ERR_set_mark();
    /* A tag of zeros has a meaning of its own ("nothing stored"): such a nonce is not used. */
    do {
        done = RAND_bytes_ex(crypto.lib, out.ptr, NONCE_LEN, 256) == 1 &&
               km_xaes_encrypt(&seal->xaes, out.ptr, aad, plain, padded_len, out.ptr + NONCE_LEN);
    } while (done && km_tag_is_zero(tag));
    km_status status = done ? KM_OK : fail_openssl(err, "seal");
    (void)ERR_pop_to_mark();
    KM_TRY(status);
    if (ret_tag != NULL)
        km_copy(ret_tag, KM_TAG_LEN, tag, KM_TAG_LEN);
    return KM_OK;
}

km_status km_seal_get(struct km_err *err, struct km_seal *seal, const struct km_seal_place *place,
                      struct km_slice sealed, struct km_span out)
{
    if (sealed.len < KM_SEAL_OVERHEAD || sealed.len > INT32_MAX / 2 ||
        out.len != sealed.len - KM_SEAL_OVERHEAD)
        return KM_FAIL(err, KM_E_CORRUPT, "sealed value of %zu octets where %zu were expected",
                       sealed.len, out.len + KM_SEAL_OVERHEAD);
    uint8_t aad_buf[AAD_LEN] = {0};
    struct km_slice aad = make_aad(seal, place, aad_buf);
    (void)ERR_set_mark();
    bool done = km_xaes_decrypt(&seal->xaes, sealed.ptr, aad,
                                KM_SLICE(sealed.ptr + NONCE_LEN, sealed.len - NONCE_LEN), out.ptr);
    (void)ERR_pop_to_mark();
    if (done)
        return KM_OK;
    km_wipe(out.ptr, out.len);
    return KM_FAIL(err, KM_E_CORRUPT, "a seal does not fit: damaged, moved or put back");
}
