/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing to a device's key with libcrypto; what can be fetched once is. */
#include "factory/fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "common/km_file.h"
#include "common/km_secret.h"

#define Z_MAX 66u
#define KDF_LEN 64u
#define DERIVED_LEN 48u /* an AES-256 key and an IV */
#define GROUP_MAX 32u

struct km_fleet_seal {
    enum km_pack_cipher cipher;
    enum km_pack_mac mac;
    const char *mac_digest;
    EVP_CIPHER *evp_cipher;
    EVP_CIPHER_CTX *cipher_ctx;
    EVP_MD *sha256;
    EVP_KDF_CTX *x963;
    EVP_KDF_CTX *pbkdf2;
    EVP_MAC_CTX *hmac;
    EVP_PKEY_CTX *maker; /* of keys on group */
    char group[GROUP_MAX];
};

static km_status crypto_failed(struct km_err *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    return KM_FAIL_NATIVE(err, KM_E_INTERNAL, KM_LAYER_OPENSSL, code, "libcrypto: %s", what);
}

static const struct {
    enum km_pack_cipher cipher;
    const char *evp;
} CIPHERS[] = {
    {KM_PACK_AES_CTR, "AES-256-CTR"},
    {KM_PACK_AES_CBC, "AES-256-CBC"},
    {KM_PACK_AES_OFB, "AES-256-OFB"},
    {KM_PACK_AES_CFB, "AES-256-CFB"},
};

static const struct {
    enum km_pack_mac mac;
    const char *digest;
} MACS[] = {
    {KM_PACK_HMAC_SHA1, "SHA1"},     {KM_PACK_HMAC_SHA224, "SHA224"},
    {KM_PACK_HMAC_SHA256, "SHA256"}, {KM_PACK_HMAC_SHA384, "SHA384"},
    {KM_PACK_HMAC_SHA512, "SHA512"},
};

static bool fetch_kdf(const char *name, EVP_KDF_CTX **ret)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    *ret = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    EVP_KDF_free(kdf);
    return *ret != NULL;
}

static bool fetch_all(struct km_fleet_seal *seal)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(CIPHERS); i++) {
        if (CIPHERS[i].cipher == seal->cipher)
            seal->evp_cipher = EVP_CIPHER_fetch(NULL, CIPHERS[i].evp, NULL);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(MACS); i++) {
        if (MACS[i].mac == seal->mac)
            seal->mac_digest = MACS[i].digest;
    }
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    seal->hmac = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    seal->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    seal->cipher_ctx = EVP_CIPHER_CTX_new();
    return fetch_kdf("X963KDF", &seal->x963) && fetch_kdf("PBKDF2", &seal->pbkdf2) &&
           seal->evp_cipher != NULL && seal->hmac != NULL && seal->sha256 != NULL &&
           seal->cipher_ctx != NULL && seal->mac_digest != NULL;
}

static void seal_freep(struct km_fleet_seal **seal)
{
    km_fleet_seal_free(*seal);
}

km_status km_fleet_seal_new(struct km_err *err, const char *cipher, const char *mac,
                            struct km_fleet_seal **ret)
{
    KM_AUTO(seal_freep) struct km_fleet_seal *seal = calloc(1, sizeof(*seal));
    if (seal == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for sealing");
    if (!km_pack_cipher_find(KM_SLICE_STR(cipher), &seal->cipher))
        return KM_FAIL(err, KM_E_ARG,
                       "no cipher '%s': AES_CTR, AES_CBC_NOPAD, AES_OFB, AES_CFB_128", cipher);
    if (!km_pack_mac_find(KM_SLICE_STR(mac), &seal->mac))
        return KM_FAIL(err, KM_E_ARG, "no MAC '%s': HMAC_SHA256, HMAC_SHA384, HMAC_SHA512, ...",
                       mac);
    if (!fetch_all(seal))
        return crypto_failed(err, "an algorithm of packages is missing");
    *ret = km_steal(&seal);
    return KM_OK;
}

void km_fleet_seal_free(struct km_fleet_seal *seal)
{
    if (seal == NULL)
        return;
    EVP_PKEY_CTX_free(seal->maker);
    EVP_MAC_CTX_free(seal->hmac);
    EVP_KDF_CTX_free(seal->pbkdf2);
    EVP_KDF_CTX_free(seal->x963);
    EVP_MD_free(seal->sha256);
    EVP_CIPHER_CTX_free(seal->cipher_ctx);
    EVP_CIPHER_free(seal->evp_cipher);
    free(seal);
}

/* ---- from a lot to the sealed octets ---- */

/* All that is secret in one sealing; wiped whole. */
struct secrets {
    uint8_t s[KDF_LEN];
    char password[KDF_LEN + 1]; /* half of s in hex */
    uint8_t derived[DERIVED_LEN];
};

static bool stretch(struct km_fleet_seal *seal, const struct km_fleet_lot *lot, struct secrets *ret)
{
    uint8_t shared[KM_SEALED_RANDOM_LEN + 512] = {0};
    struct km_wr info = km_wr_init(shared, sizeof(shared));
    struct km_slice shared_info = {0};
    unsigned rounds = 1;
    int no_checks =
        1; /* RFC 8018's advice on salts and rounds is for passwords, and this is none */
    km_wr_bytes(&info, lot->random);
    km_wr_bytes(&info, lot->ephemeral);
    if (!km_wr_finish(&info, &shared_info))
        return false;
    OSSL_PARAM x963[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)lot->z.ptr, lot->z.len),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)shared_info.ptr,
                                shared_info.len),
        OSSL_PARAM_END};
    if (EVP_KDF_derive(seal->x963, ret->s, KDF_LEN, x963) != 1)
        return false;
    km_hex(KM_SLICE(ret->s, KDF_LEN / 2), ret->password, sizeof(ret->password));
    OSSL_PARAM pbkdf2[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, ret->password, KDF_LEN),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)lot->random.ptr,
                                KM_SEALED_SALT_LEN),
        OSSL_PARAM_uint(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_int(OSSL_KDF_PARAM_PKCS5, &no_checks),
        OSSL_PARAM_END};
    return EVP_KDF_derive(seal->pbkdf2, ret->derived, DERIVED_LEN, pbkdf2) == 1;
}

static bool encrypt(struct km_fleet_seal *seal, const struct secrets *secrets,
                    struct km_slice plain, struct km_span out, size_t *ret_len)
{
    int n = 0;
    int last = 0;
    if (plain.len > KM_FLEET_PACKAGE_MAX || out.len < plain.len + KM_SEALED_BLOCK ||
        EVP_EncryptInit_ex2(seal->cipher_ctx, seal->evp_cipher, secrets->derived,
                            secrets->derived + 32, NULL) != 1 ||
        EVP_EncryptUpdate(seal->cipher_ctx, out.ptr, &n, plain.ptr, (int)plain.len) != 1 ||
        EVP_EncryptFinal_ex(seal->cipher_ctx, out.ptr + n, &last) != 1)
        return false;
    *ret_len = (size_t)n + (size_t)last;
    return true;
}

/* The tag is over the elements before it: parsed again from what km_sealed_put prints, so that the order is written down once. */
static bool covered_by_tag(const struct km_sealed *sealed, uint8_t *text, size_t cap,
                           struct km_slice *ret)
{
    struct km_wr wr = km_wr_init(text, cap);
    struct km_slice whole = {0};
    struct km_sealed parsed = {0};
    km_sealed_put(&wr, sealed);
    if (!km_wr_finish(&wr, &whole))
        return false;
    struct km_rd rd = km_rd_init(whole);
    if (!km_sealed_parse(&rd, cap, &parsed))
        return false;
    *ret = parsed.authentic;
    return true;
}

static bool authenticate(struct km_fleet_seal *seal, const struct secrets *secrets,
                         const struct km_sealed *sealed, uint8_t ret[KM_SEALED_TAG_MAX],
                         size_t *ret_len)
{
    size_t cap = sealed->ciphertext.len + KM_FLEET_SPKI_MAX;
    KM_AUTO(km_freep) uint8_t *text = malloc(cap);
    struct km_slice covered = {0};
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)seal->mac_digest, 0),
        OSSL_PARAM_END};
    return text != NULL && covered_by_tag(sealed, text, cap, &covered) &&
           EVP_MAC_init(seal->hmac, secrets->s + KDF_LEN / 2, KDF_LEN / 2, params) == 1 &&
           EVP_MAC_update(seal->hmac, covered.ptr, covered.len) == 1 &&
           EVP_MAC_final(seal->hmac, ret, ret_len, KM_SEALED_TAG_MAX) == 1;
}

km_status km_fleet_sealed_put_with(struct km_err *err, struct km_fleet_seal *seal,
                                   struct km_slice recipient, const struct km_fleet_lot *lot,
                                   struct km_slice plain, struct km_wr *wr)
{
    uint8_t digest[KM_SEALED_RECIPIENT_LEN] = {0};
    uint8_t tag[KM_SEALED_TAG_MAX] = {0};
    struct secrets secrets = {0};
    size_t room = plain.len + KM_SEALED_BLOCK;
    KM_AUTO(km_freep) uint8_t *ciphertext = malloc(room);
    struct km_sealed sealed = {.recipient = KM_SLICE(digest, sizeof(digest)),
                               .ephemeral = lot->ephemeral,
                               .random = lot->random,
                               .cipher_name = KM_SLICE_STR(km_pack_cipher_name(seal->cipher)),
                               .mac_name = KM_SLICE_STR(km_pack_mac_name(seal->mac))};
    size_t ciphertext_len = 0;
    size_t tag_len = 0;
    if (ciphertext == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for %zu octets", room);
    bool ok = EVP_Digest(recipient.ptr, recipient.len, digest, NULL, seal->sha256, NULL) == 1 &&
              stretch(seal, lot, &secrets) &&
              encrypt(seal, &secrets, plain, KM_SPAN(ciphertext, room), &ciphertext_len);
    sealed.ciphertext = KM_SLICE(ciphertext, ciphertext_len);
    ok = ok && authenticate(seal, &secrets, &sealed, tag, &tag_len);
    km_wipe(&secrets, sizeof(secrets));
    if (!ok)
        return crypto_failed(err, "sealing failed");
    sealed.tag = KM_SLICE(tag, tag_len);
    km_sealed_put(wr, &sealed);
    return KM_OK;
}

/* ---- the lot ---- */

static bool choose_group(struct km_fleet_seal *seal, EVP_PKEY *recipient)
{
    char group[GROUP_MAX] = {0};
    size_t len = 0;
    if (EVP_PKEY_get_group_name(recipient, group, sizeof(group), &len) != 1)
        return false;
    if (seal->maker != NULL && strcmp(group, seal->group) == 0)
        return true;
    EVP_PKEY_CTX_free(seal->maker);
    seal->maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (seal->maker == NULL || EVP_PKEY_keygen_init(seal->maker) != 1 ||
        EVP_PKEY_CTX_set_group_name(seal->maker, group) != 1)
        return false;
    km_copy(seal->group, sizeof(seal->group), group, sizeof(group));
    return true;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t z[Z_MAX], size_t *ret_len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    *ret_len = Z_MAX;
    bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, z, ret_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* On one curve only the point differs, which stands at the end; that spares the slow way through an encoder. */
static bool spki_like(struct km_slice other, EVP_PKEY *key, struct km_span buf,
                      struct km_slice *ret)
{
    uint8_t point[2 * Z_MAX + 1] = {0};
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof(point), &len) != 1 ||
        other.len <= len || other.len > buf.len || point[0] != 0x04)
        return false;
    km_copy(buf.ptr, buf.len, other.ptr, other.len - len);
    km_copy(buf.ptr + (other.len - len), buf.len - (other.len - len), point, len);
    *ret = KM_SLICE(buf.ptr, other.len);
    return true;
}

km_status km_fleet_sealed_put(struct km_err *err, struct km_fleet_seal *seal, EVP_PKEY *recipient,
                              struct km_slice plain, struct km_wr *wr)
{
    uint8_t spki[KM_FLEET_SPKI_MAX] = {0};
    uint8_t ephemeral_spki[KM_FLEET_SPKI_MAX] = {0};
    uint8_t random[KM_SEALED_RANDOM_LEN] = {0};
    uint8_t z[Z_MAX] = {0};
    size_t z_len = 0;
    struct km_slice to = {0};
    struct km_fleet_lot lot = {.random = KM_SLICE(random, sizeof(random))};
    EVP_PKEY *ephemeral = NULL;
    if (!EVP_PKEY_is_a(recipient, "EC"))
        return KM_FAIL(err, KM_E_ARG, "the device's key is not an EC key");
    KM_TRY(km_fleet_spki(err, recipient, KM_SPAN(spki, sizeof(spki)), &to));
    bool ok =
        choose_group(seal, recipient) && RAND_bytes(random, sizeof(random)) == 1 &&
        EVP_PKEY_generate(seal->maker, &ephemeral) == 1 && agree(ephemeral, recipient, z, &z_len) &&
        spki_like(to, ephemeral, KM_SPAN(ephemeral_spki, sizeof(ephemeral_spki)), &lot.ephemeral);
    km_status status =
        ok ? KM_OK : crypto_failed(err, "no secret could be agreed on with the device's key");
    EVP_PKEY_free(ephemeral);
    lot.z = KM_SLICE(z, z_len);
    if (status == KM_OK)
        status = km_fleet_sealed_put_with(err, seal, to, &lot, plain, wr);
    km_wipe(z, sizeof(z));
    return status;
}
