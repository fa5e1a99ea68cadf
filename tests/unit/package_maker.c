/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/package_maker.h"

#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "tests/unit/km_test.h"

static EVP_PKEY *from_params(EVP_PKEY_CTX *params, const char *group, int bits)
{
    EVP_PKEY *domain = NULL;
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_paramgen_init(params), 1);
    if (group != NULL)
        assert_int_equal(EVP_PKEY_CTX_set_group_name(params, group), 1);
    else
        assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(params, bits), 1);
    assert_int_equal(EVP_PKEY_paramgen(params, &domain), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_CTX_free(params);
    EVP_PKEY_free(domain);
    return key;
}

EVP_PKEY *maker_key(const char *kind)
{
    EVP_PKEY *key = NULL;
    if (strcmp(kind, "RSA") == 0)
        key = EVP_RSA_gen(2048);
    else if (strcmp(kind, "DSA") == 0)
        key = from_params(EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL), NULL, 2048);
    else if (strcmp(kind, "DH") == 0)
        key = from_params(EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL), "ffdhe2048", 0);
    else if (strchr(kind, '-') == NULL)
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    else
        key = EVP_EC_gen(kind);
    assert_non_null(key);
    return key;
}

static void take(uint8_t *der, int len, struct maker_bytes *ret)
{
    assert_true(der != NULL && len > 0);
    km_copy(ret->at, sizeof(ret->at), der, (size_t)len);
    ret->len = (size_t)len;
    OPENSSL_free(der);
}

void maker_spki(const EVP_PKEY *key, struct maker_bytes *ret)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    take(der, len, ret);
}

void maker_pkcs8(const EVP_PKEY *key, struct maker_bytes *ret)
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    take(der, len, ret);
}

void maker_fingerprint(const EVP_PKEY *key, uint8_t ret[32])
{
    struct maker_bytes spki = {.len = 0};
    maker_spki(key, &spki);
    assert_non_null(SHA256(spki.at, spki.len, ret));
}

static const EVP_CIPHER *cipher_of(enum km_pack_cipher cipher)
{
    static const EVP_CIPHER *(*const FETCH[])(void) = {
        [KM_PACK_AES_CTR] = EVP_aes_256_ctr,
        [KM_PACK_AES_CBC] = EVP_aes_256_cbc,
        [KM_PACK_AES_OFB] = EVP_aes_256_ofb,
        [KM_PACK_AES_CFB] = EVP_aes_256_cfb128,
    };
    return FETCH[cipher]();
}

static const EVP_MD *digest_of(enum km_pack_mac mac)
{
    static const EVP_MD *(*const FETCH[])(void) = {
        [KM_PACK_HMAC_SHA1] = EVP_sha1,     [KM_PACK_HMAC_SHA224] = EVP_sha224,
        [KM_PACK_HMAC_SHA256] = EVP_sha256, [KM_PACK_HMAC_SHA384] = EVP_sha384,
        [KM_PACK_HMAC_SHA512] = EVP_sha512,
    };
    return FETCH[mac]();
}

static void encrypt(const EVP_CIPHER *cipher, bool pads, const uint8_t key[32],
                    const uint8_t iv[16], struct km_slice clear, uint8_t *out, size_t *ret_len)
{
    int n = 0;
    int rest = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, pads), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, clear.ptr, (int)clear.len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + n, &rest), 1);
    EVP_CIPHER_CTX_free(ctx);
    *ret_len = (size_t)n + (size_t)rest;
}

void maker_encrypt(enum km_pack_cipher cipher, const uint8_t key[32], const uint8_t iv[16],
                   struct km_slice clear, uint8_t *out, size_t *ret_len)
{
    encrypt(cipher_of(cipher), true, key, iv, clear, out, ret_len);
}

static void agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t *z, size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, z, len), 1);
    EVP_PKEY_CTX_free(ctx);
}

static void kdf(struct km_slice z, const uint8_t random[32], const struct maker_bytes *spki,
                uint8_t ret[64])
{
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t counter[4] = {0, 0, 0, (uint8_t)(i + 1)};
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL), 1);
        assert_int_equal(EVP_DigestUpdate(ctx, z.ptr, z.len), 1);
        assert_int_equal(EVP_DigestUpdate(ctx, counter, sizeof(counter)), 1);
        assert_int_equal(EVP_DigestUpdate(ctx, random, 32), 1);
        assert_int_equal(EVP_DigestUpdate(ctx, spki->at, spki->len), 1);
        assert_int_equal(EVP_DigestFinal_ex(ctx, ret + (size_t)i * 32, NULL), 1);
        EVP_MD_CTX_free(ctx);
    }
}

static void seal_plain(const struct maker_seal *with, const uint8_t halves[64],
                       const uint8_t random[32], struct km_slice plain, struct maker_bytes *ret)
{
    uint8_t derived[48] = {0};
    char password[65] = {0};
    struct maker_bytes padded = {.len = plain.len};
    km_hex(KM_SLICE(halves, 32), password, sizeof(password));
    assert_int_equal(PKCS5_PBKDF2_HMAC(password, 64, random, 8, 1, EVP_sha256(), 48, derived), 1);
    km_copy(padded.at, sizeof(padded.at), plain.ptr, plain.len);
    if (with->cipher == KM_PACK_AES_CBC) {
        size_t pad = 16 - plain.len % 16;
        memset(padded.at + plain.len, (int)pad, pad);
        padded.len += pad;
        if (with->bad_padding != 0)
            padded.at[padded.len - 1] = with->bad_padding;
    }
    encrypt(cipher_of(with->cipher), false, derived, derived + 32, KM_SLICE(padded.at, padded.len),
            ret->at, &ret->len);
}

void maker_seal(struct km_wr *wr, const struct maker_seal *given, struct km_slice plain)
{
    struct maker_seal with = *given;
    with.cipher = with.cipher == 0 ? KM_PACK_AES_CTR : with.cipher;
    with.mac = with.mac == 0 ? KM_PACK_HMAC_SHA256 : with.mac;
    char curve[32] = {0};
    struct maker_bytes spki = {.len = 0};
    struct maker_bytes ciphertext = {.len = 0};
    uint8_t z[66] = {0};
    uint8_t random[32] = {0};
    uint8_t recipient[32] = {0};
    uint8_t halves[64] = {0};
    uint8_t tag[64] = {0};
    size_t z_len = sizeof(z);
    unsigned tag_len = 0;
    assert_int_equal(EVP_PKEY_get_group_name(with.to, curve, sizeof(curve), NULL), 1);
    EVP_PKEY *ephemeral = EVP_EC_gen(curve);
    maker_spki(ephemeral, &spki);
    maker_fingerprint(with.to, recipient);
    assert_int_equal(RAND_bytes(random, sizeof(random)), 1);
    agree(ephemeral, with.to, z, &z_len);
    EVP_PKEY_free(ephemeral);
    kdf(KM_SLICE(z, z_len), random, &spki, halves);
    seal_plain(&with, halves, random, plain, &ciphertext);
    struct km_sealed sealed = {
        .recipient = KM_SLICE(recipient, 32),
        .ephemeral = KM_SLICE(spki.at, spki.len),
        .random = KM_SLICE(random, 32),
        .cipher_name = KM_SLICE_STR(km_pack_cipher_name(with.cipher)),
        .mac_name = KM_SLICE_STR(km_pack_mac_name(with.mac)),
        .ciphertext = KM_SLICE(ciphertext.at, ciphertext.len),
        .tag = KM_SLICE(tag, km_pack_mac_len(with.mac)),
    };
    /* Once without the tag, to see what it is over. */
    struct maker_bytes draft = {.len = 0};
    struct km_wr draft_wr = km_wr_init(draft.at, sizeof(draft.at));
    km_sealed_put(&draft_wr, &sealed);
    struct km_rd rd = km_rd_init(KM_SLICE(draft.at, draft_wr.len));
    struct km_sealed parsed = {0};
    assert_true(km_sealed_parse(&rd, MAKER_MAX, &parsed));
    assert_non_null(HMAC(digest_of(with.mac), halves + 32, 32, parsed.authentic.ptr,
                         parsed.authentic.len, tag, &tag_len));
    assert_int_equal(tag_len, sealed.tag.len);
    km_sealed_put(wr, &sealed);
}

const struct km_sign_alg *maker_alg(const EVP_PKEY *signer)
{
    int bits = EVP_PKEY_get_bits(signer);
    if (EVP_PKEY_is_a(signer, "RSA"))
        return km_sign_alg_find(KM_SIGN_RSA, KM_SIGN_SHA256);
    if (EVP_PKEY_is_a(signer, "DSA"))
        return km_sign_alg_find(KM_SIGN_DSA, KM_SIGN_SHA256);
    return km_sign_alg_find(KM_SIGN_EC, bits > 384   ? KM_SIGN_SHA512
                                        : bits > 256 ? KM_SIGN_SHA384
                                                     : KM_SIGN_SHA256);
}

void maker_sign(EVP_PKEY *signer, const struct km_sign_alg *alg, struct km_slice content,
                struct maker_bytes *ret)
{
    static const char *const DIGESTS[] = {
        [KM_SIGN_MD5] = "MD5",       [KM_SIGN_SHA1] = "SHA1",     [KM_SIGN_SHA224] = "SHA224",
        [KM_SIGN_SHA256] = "SHA256", [KM_SIGN_SHA384] = "SHA384", [KM_SIGN_SHA512] = "SHA512"};
    uint8_t signature[KM_ENVELOPE_SIGNATURE_MAX] = {0};
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, NULL, DIGESTS[alg->digest], NULL, NULL, signer, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, content.ptr, content.len), 1);
    EVP_MD_CTX_free(ctx);
    struct km_slice whole = {0};
    struct km_wr wr = km_wr_init(ret->at, sizeof(ret->at));
    km_envelope_put(&wr, KM_SLICE(signature, len), content);
    assert_true(km_wr_finish(&wr, &whole));
    ret->len = whole.len;
}

static void finish(EVP_PKEY *signer, struct km_wr *wr, size_t mark, struct maker_bytes *ret)
{
    struct km_slice content = {0};
    km_der_end(wr, mark);
    assert_true(km_wr_finish(wr, &content));
    maker_sign(signer, maker_alg(signer), content, ret);
}

void maker_opaque_key(EVP_PKEY *signer, const struct maker_seal *seal, struct km_slice plain,
                      struct maker_bytes *ret)
{
    struct maker_bytes content = {.len = 0};
    struct km_wr wr = km_wr_init(content.at, sizeof(content.at));
    size_t mark = km_envelope_begin(&wr, KM_OPAQUE_KEY_KIND, maker_alg(signer));
    maker_seal(&wr, seal, plain);
    finish(signer, &wr, mark, ret);
}

void maker_object_id(EVP_PKEY *signer, const struct maker_seal *seal, struct km_slice object_id,
                     struct km_slice plain, struct maker_bytes *ret)
{
    struct maker_bytes content = {.len = 0};
    struct km_wr wr = km_wr_init(content.at, sizeof(content.at));
    size_t mark = km_envelope_begin(&wr, KM_OBJECT_ID_KIND, maker_alg(signer));
    km_der_put(&wr, KM_DER_OCTET_STRING, object_id);
    maker_seal(&wr, seal, plain);
    finish(signer, &wr, mark, ret);
}
