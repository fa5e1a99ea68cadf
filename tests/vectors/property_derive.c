/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement and derivation. */
#include "tests/vectors/property.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#define SHARED_MAX 512u
#define PUBLIC_MAX 512u
#define DERIVED_MAX 512u

/* ---- agreement ---- */

static EVP_PKEY *make_dh(void)
{
    static char group[] = "ffdhe2048";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    must(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1);
    must(EVP_PKEY_generate(ctx, &pkey) == 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY *make(const char *kind, const char *curve)
{
    if (strcmp(kind, "DH") == 0)
        return make_dh();
    return strcmp(kind, "EC") == 0 ? EVP_EC_gen(curve) : EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static ClrcKeyHandle import_pair(const char *kind, EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    const ClrcKeyTemplate wish = {.type = strcmp(kind, "DH") == 0     ? KEY_DH_KEYPAIR
                                          : strcmp(kind, "EC") == 0   ? KEY_ECDH_KEYPAIR
                                          : strcmp(kind, "X448") == 0 ? KEY_X448_KEYPAIR
                                                                      : KEY_X25519_KEYPAIR};
    ClrcKeyHandle key = NULL;
    PKCS8_PRIV_KEY_INFO_free(p8);
    must_do(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    OPENSSL_free(der);
    return key;
}

/* What clrcAgreeRaw wants of a peer: a point, a number, or octets. */
static size_t public_value(const char *kind, EVP_PKEY *pkey, uint8_t out[PUBLIC_MAX])
{
    size_t len = 0;
    if (strcmp(kind, "DH") != 0) {
        must(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, out, PUBLIC_MAX,
                                             &len) == 1);
        return len;
    }
    BIGNUM *number = NULL;
    must(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, &number) == 1);
    len = (size_t)BN_bn2bin(number, out);
    BN_free(number);
    return len;
}

static size_t ref_agree(EVP_PKEY *pkey, EVP_PKEY *peer, uint8_t out[SHARED_MAX])
{
    size_t len = SHARED_MAX;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    must(EVP_PKEY_derive_init(ctx) == 1);
    if (EVP_PKEY_is_a(pkey, "DH")) /* at full length */
        must(EVP_PKEY_CTX_set_params(
                 ctx,
                 (OSSL_PARAM[]){OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &(unsigned){1}),
                                OSSL_PARAM_construct_end()}) == 1);
    must(EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, out, &len) == 1);
    EVP_PKEY_CTX_free(ctx);
    return len;
}

/* The same through a key that stays inside, exported in the end. */
static void agree_inside(ClrcKeyHandle key, const uint8_t *peer, size_t peer_len,
                         const uint8_t *want, size_t want_len)
{
    uint8_t got[SHARED_MAX];
    uint32_t n = sizeof(got);
    ClrcKeyHandle shared = NULL;
    const ClrcKeyTemplate wish = {.type = KEY_GENERIC_SECRET,
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    must_do(clrcAgree(key, peer, (uint32_t)peer_len, &wish, &shared));
    must_do(clrcExportKey(shared, got, &n));
    must_equal(got, n, want, want_len);
    clrcFreeKey(shared);
}

void property_agree(const struct property *property)
{
    static const char *const curves[] = {"P-224", "P-256", "P-384", "P-521"};
    const char *curve = curves[property_next(KM_ARRAY_LEN(curves))];
    EVP_PKEY *own = make(property->ref, curve);
    EVP_PKEY *peer = make(property->ref, curve);
    ClrcKeyHandle key = import_pair(property->ref, own);
    uint8_t value[PUBLIC_MAX];
    uint8_t want[SHARED_MAX];
    uint8_t got[SHARED_MAX];
    uint32_t n = sizeof(got);
    size_t value_len = public_value(property->ref, peer, value);
    size_t want_len = ref_agree(own, peer, want);
    must_do(clrcAgreeRaw(key, value, (uint32_t)value_len, got, &n));
    must_equal(got, n, want, want_len);
    agree_inside(key, value, value_len, want, want_len);
    clrcFreeKey(key);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
}

/* ---- derivation ---- */

struct derivation {
    uint8_t secret[512], salt[256], info[256];
    size_t secret_len, salt_len, info_len, out_len;
    uint32_t iterations;
    int hkdf_mode; /* EVP_KDF_HKDF_MODE_... */
};

static void derivation_init(struct derivation *d)
{
    d->secret_len = 1 + property_next(property_next(2) == 0 ? 64 : 512);
    d->salt_len = property_next(3) == 0 ? 0 : property_next(sizeof(d->salt));
    d->info_len = property_next(3) == 0 ? 0 : property_next(sizeof(d->info));
    d->out_len = 1 + property_next(property_next(2) == 0 ? 64 : DERIVED_MAX);
    d->hkdf_mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    d->iterations = 1 + (uint32_t)property_next(300);
    property_fill(d->secret, d->secret_len);
    property_fill(d->salt, d->salt_len);
    property_fill(d->info, d->info_len);
}

static ClrcKeyHandle secret_key(const struct derivation *d)
{
    const ClrcKeyTemplate wish = {.type = KEY_GENERIC_SECRET,
                                  .bits = (uint32_t)d->secret_len * 8,
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcKeyHandle key = NULL;
    must_do(clrcImportKeyRaw(&wish, d->secret, (uint32_t)d->secret_len, &key));
    return key;
}

static ClrcKeyTemplate derived_wish(const struct derivation *d)
{
    return (ClrcKeyTemplate){.type = KEY_GENERIC_SECRET,
                             .bits = (uint32_t)d->out_len * 8,
                             .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
}

static void must_hold(ClrcKeyHandle derived, const uint8_t *want, size_t len)
{
    uint8_t got[DERIVED_MAX];
    uint32_t n = sizeof(got);
    must_do(clrcExportKey(derived, got, &n));
    must_equal(got, n, want, len);
    clrcFreeKey(derived);
}

static void ref_derive(const char *kdf_name, const char *hash, const struct derivation *d,
                       uint8_t *out)
{
    /* SSKDF and HKDF know each other's parameters under the same names, or ignore them. */
    OSSL_PARAM params[9];
    size_t n = 0;
    unsigned iterations = d->iterations;
    int no_minimum = 1;
    int mode = d->hkdf_mode;
    bool is_pbkdf2 = strcmp(kdf_name, "PBKDF2") == 0;
    params[n++] =
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0);
    params[n++] =
        OSSL_PARAM_construct_octet_string(is_pbkdf2 ? OSSL_KDF_PARAM_PASSWORD : OSSL_KDF_PARAM_KEY,
                                          (void *)(uintptr_t)d->secret, d->secret_len);
    if (strcmp(kdf_name, "SSKDF") != 0 && (is_pbkdf2 || d->salt_len > 0))
        params[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
                                                        (void *)(uintptr_t)d->salt, d->salt_len);
    if (!is_pbkdf2 && d->info_len > 0)
        params[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                                        (void *)(uintptr_t)d->info, d->info_len);
    if (is_pbkdf2) {
        params[n++] = OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iterations);
        params[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &no_minimum);
    }
    if (strcmp(kdf_name, "HKDF") == 0)
        params[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[n] = OSSL_PARAM_construct_end();
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    must(EVP_KDF_derive(ctx, out, d->out_len, params) == 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void derive_both(const struct property *property, const char *kdf, struct derivation *d)
{
    uint8_t want[DERIVED_MAX];
    ClrcKeyHandle derived = NULL;
    ClrcKeyHandle key = secret_key(d);
    const ClrcKeyTemplate wish = derived_wish(d);
    ref_derive(kdf, property->ref, d, want);
    if (strcmp(kdf, "PBKDF2") == 0)
        must_do(clrcDerivePassword(key, property->alg, d->salt, (uint32_t)d->salt_len,
                                   d->iterations, &wish, &derived));
    else
        must_do(clrcDerive(key, property->alg, d->salt, (uint32_t)d->salt_len, d->info,
                           (uint32_t)d->info_len, &wish, &derived));
    must_hold(derived, want, d->out_len);
    clrcFreeKey(key);
}

void property_hkdf(const struct property *property)
{
    struct derivation d;
    derivation_init(&d);
    size_t longest = 255 * (size_t)EVP_MD_get_size(EVP_get_digestbyname(property->ref));
    d.out_len = d.out_len < longest ? d.out_len : longest;
    derive_both(property, "HKDF", &d);
}

void property_hkdf_extract(const struct property *property)
{
    struct derivation d;
    derivation_init(&d);
    d.hkdf_mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    d.info_len = 0;
    d.out_len = (size_t)EVP_MD_get_size(EVP_get_digestbyname(property->ref));
    derive_both(property, "HKDF", &d);
}

void property_hkdf_expand(const struct property *property)
{
    struct derivation d;
    derivation_init(&d);
    d.hkdf_mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    d.salt_len = 0;
    derive_both(property, "HKDF", &d);
}

void property_concat(const struct property *property)
{
    struct derivation d;
    derivation_init(&d);
    d.salt_len = 0;
    derive_both(property, "SSKDF", &d);
}

void property_pbkdf2(const struct property *property)
{
    struct derivation d;
    derivation_init(&d);
    d.salt_len += d.salt_len == 0 ? 8 : 0;
    property_fill(d.salt, d.salt_len);
    derive_both(property, "PBKDF2", &d);
}
