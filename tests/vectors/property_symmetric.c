/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, MACs, ciphers, authenticated encryption and key wrap. */
#include "tests/vectors/property.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#define KEY_MAX 64u
#define NONCE_MAX 64u
#define TAG_MAX 16u

/* ---- keys ---- */

struct symmetric {
    ClrcKeyHandle handle;
    uint8_t key[512];
    uint32_t len;
    char ref[64]; /* libcrypto's name for this size of key */
};

static void set_ref(struct symmetric *ret, const struct property *property, bool is_xts)
{
    if (strncmp(property->ref, "DES", 3) == 0)
        (void)snprintf(ret->ref, sizeof(ret->ref), "DES-EDE%s%s", ret->len == 24 ? "3" : "",
                       property->ref + 3);
    else if (strchr(property->ref, '%') != NULL)
        (void)snprintf(ret->ref, sizeof(ret->ref), "AES-%u%s", is_xts ? ret->len * 4 : ret->len * 8,
                       strchr(property->ref, 'u') + 1);
    else
        (void)snprintf(ret->ref, sizeof(ret->ref), "%s", property->ref);
}

static void symmetric_new(const struct property *property, struct symmetric *ret)
{
    bool is_des = strncmp(property->ref, "DES", 3) == 0;
    bool is_xts = property->alg == CLRC_AES_XTS_NOPAD;
    ClrcKeyTemplate wish = {.type = is_des ? KEY_DES3 : KEY_AES};
    ret->len = 16 + 8 * (uint32_t)property_next(is_des ? 2 : 3);
    if (is_xts)
        ret->len = property_next(2) == 0 ? 32 : 64;
    if (property->alg == CLRC_CHACHA20_POLY1305) {
        wish.type = KEY_CHACHA20;
        ret->len = 32;
    }
    wish.bits = ret->len * 8;
    property_fill(ret->key, ret->len);
    if (is_des)
        km_des_set_parity(KM_SPAN(ret->key, ret->len));
    must_do(clrcImportKeyRaw(&wish, ret->key, ret->len, &ret->handle));
    set_ref(ret, property, is_xts);
}

/* ---- digests ---- */

static void ref_digest(const char *name, const uint8_t *in, size_t len, uint8_t *out,
                       size_t out_len)
{
    EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_xof = (EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF) != 0;
    must(EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, in, len) == 1);
    must((is_xof ? EVP_DigestFinalXOF(ctx, out, out_len) : EVP_DigestFinal_ex(ctx, out, NULL)) ==
         1);
    must(is_xof || (size_t)EVP_MD_get_size(md) == out_len);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
}

static void digest_both(const struct property *property, uint32_t room)
{
    uint8_t *in = property_buffer(0);
    uint8_t *got = property_buffer(1);
    uint8_t *want = property_buffer(2);
    size_t len = property_length(PROPERTY_DATA_MAX);
    uint32_t n = room;
    property_fill(in, len);
    must_do(clrcDigest(property->alg, in, len, got, &n));
    ref_digest(property->ref, in, len, want, n);
    must_equal(got, n, want, n);
    const ClrcOperationWish wish = {.algorithm = property->alg, .mode = CLRC_MODE_DIGEST};
    ClrcOperationHandle op = property_operation(NULL, &wish);
    uint32_t again = n;
    (void)property_parts(op, in, len, NULL, 0);
    memset(got, 0, n);
    must_do(clrcOperationFinal(op, NULL, NULL, got, &again));
    must_equal(got, again, want, n);
    clrcOperationFree(op);
}

void property_digest(const struct property *property)
{
    digest_both(property, 64);
}

void property_xof(const struct property *property)
{
    digest_both(property, 1 + (uint32_t)property_next(property_next(2) == 0 ? 64 : 4096));
}

/* ---- MACs ---- */

static void ref_mac(const char *mac_name, const char *param, const char *value,
                    const struct symmetric *key, const uint8_t *in, size_t len, uint8_t *out,
                    size_t *ret_len)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(param, (char *)(uintptr_t)value, 0),
                           OSSL_PARAM_construct_end()};
    must(EVP_Q_mac(NULL, mac_name, NULL, NULL, params, key->key, key->len, in, len, out, 64,
                   ret_len) != NULL);
}

static void mac_wrong(const struct property *property, const struct symmetric *key,
                      const uint8_t *in, size_t len, const uint8_t *mac, uint32_t n)
{
    uint8_t wrong[64];
    km_copy(wrong, sizeof(wrong), mac, n);
    wrong[property_next(n)] ^= (uint8_t)(1u << property_next(8));
    must_do(clrcVerifyMac(key->handle, property->alg, in, len, mac, n));
    must_be(clrcVerifyMac(key->handle, property->alg, in, len, wrong, n), CLRC_ERROR_MAC);
    must_be(
        clrcVerifyMac(key->handle, property->alg, in, len, mac, 1 + (uint32_t)property_next(n - 1)),
        CLRC_ERROR_MAC);
}

static void mac_both(const struct property *property, const struct symmetric *key,
                     const char *mac_name, const char *param, const char *value)
{
    uint8_t *in = property_buffer(0);
    uint8_t got[64];
    uint8_t want[64];
    size_t want_len = 0;
    uint32_t n = sizeof(got);
    size_t len = property_length(PROPERTY_DATA_MAX);
    property_fill(in, len);
    ref_mac(mac_name, param, value, key, in, len, want, &want_len);
    must_do(clrcMac(key->handle, property->alg, in, len, got, &n));
    must_equal(got, n, want, want_len);
    mac_wrong(property, key, in, len, want, n);
    const ClrcOperationWish wish = {.algorithm = property->alg, .mode = CLRC_MODE_MAC};
    ClrcOperationHandle op = property_operation(key->handle, &wish);
    (void)property_parts(op, in, len, NULL, 0);
    if (property_next(2) == 0) {
        must_do(clrcOperationFinalVerify(op, NULL, NULL, want, n));
    } else {
        n = sizeof(got);
        memset(got, 0, sizeof(got));
        must_do(clrcOperationFinal(op, NULL, NULL, got, &n));
        must_equal(got, n, want, want_len);
    }
    clrcOperationFree(op);
    clrcFreeKey(key->handle);
}

void property_hmac(const struct property *property)
{
    struct symmetric key = {.len = 8 + (uint32_t)property_next(property_next(2) == 0 ? 57 : 505)};
    const ClrcKeyTemplate wish = {.type = KEY_HMAC, .bits = key.len * 8};
    property_fill(key.key, key.len);
    must_do(clrcImportKeyRaw(&wish, key.key, key.len, &key.handle));
    mac_both(property, &key, "HMAC", OSSL_MAC_PARAM_DIGEST, property->ref);
}

void property_cmac(const struct property *property)
{
    struct symmetric key = {0};
    symmetric_new(property, &key);
    if (strncmp(property->ref, "DES", 3) == 0)
        (void)snprintf(key.ref, sizeof(key.ref), "DES-EDE%s-CBC", key.len == 24 ? "3" : "");
    mac_both(property, &key, "CMAC", OSSL_MAC_PARAM_CIPHER, key.ref);
}

/* ---- ciphers and key wrap ---- */

/* One call, all of it; *ret_len octets come out. */
static void ref_cipher(const struct symmetric *key, const uint8_t *iv, const uint8_t *in,
                       size_t len, uint8_t *out, size_t *ret_len)
{
    int n = 0;
    int last = 0;
    char cs3[] = "CS3";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, cs3, 0),
                           OSSL_PARAM_construct_end()};
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, key->ref, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    must(cipher != NULL && ctx != NULL);
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    must(EVP_EncryptInit_ex2(ctx, cipher, key->key, iv, strstr(key->ref, "CTS") ? params : NULL) ==
         1);
    must(EVP_CIPHER_CTX_set_padding(ctx, 0) == 1);
    must(len == 0 || EVP_EncryptUpdate(ctx, out, &n, in, (int)len) == 1);
    must(len == 0 || EVP_EncryptFinal_ex(ctx, out + n, &last) == 1);
    *ret_len = (size_t)n + (size_t)last;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static size_t cipher_length(const struct property *property, size_t max)
{
    size_t len = property_length(max);
    len -= len % property->unit;
    return len < property->min ? property->min : len;
}

static void cipher_parts(const struct property *property, const struct symmetric *key,
                         ClrcMode mode, const uint8_t *iv, const uint8_t *in, size_t len,
                         const uint8_t *want)
{
    uint8_t *got = property_buffer(3);
    size_t room = len + 64;
    const ClrcOperationWish wish = {.algorithm = property->alg,
                                    .mode = mode,
                                    .iv = property->iv_len == 0 ? NULL : iv,
                                    .iv_length = property->iv_len};
    ClrcOperationHandle op = property_operation(key->handle, &wish);
    size_t done = property_parts(op, in, len, got, room);
    size_t n = room - done;
    must_do(clrcOperationFinal(op, got + done, &n, NULL, NULL));
    must_equal(got, done + n, want, len);
    clrcOperationFree(op);
}

void property_cipher(const struct property *property)
{
    struct symmetric key = {0};
    uint8_t iv[16];
    uint8_t *in = property_buffer(0);
    uint8_t *got = property_buffer(1);
    uint8_t *want = property_buffer(2);
    size_t len = cipher_length(property, PROPERTY_DATA_MAX - 16);
    size_t n = len + 32;
    size_t want_len = 0;
    symmetric_new(property, &key);
    property_fill(iv, sizeof(iv));
    property_fill(in, len);
    const uint8_t *use_iv = property->iv_len == 0 ? NULL : iv;
    ref_cipher(&key, use_iv, in, len, want, &want_len);
    must_do(clrcCipher(key.handle, property->alg, CLRC_MODE_ENCRYPT, use_iv, property->iv_len, in,
                       len, got, &n));
    must_equal(got, n, want, want_len);
    /* Back again, in place. */
    must_do(clrcCipher(key.handle, property->alg, CLRC_MODE_DECRYPT, use_iv, property->iv_len, got,
                       len, got, &n));
    must_equal(got, n, in, len);
    cipher_parts(property, &key, CLRC_MODE_ENCRYPT, iv, in, len, want);
    cipher_parts(property, &key, CLRC_MODE_DECRYPT, iv, want, len, in);
    clrcFreeKey(key.handle);
}

void property_wrap(const struct property *property)
{
    struct symmetric key = {0};
    uint8_t *in = property_buffer(0);
    uint8_t *got = property_buffer(1);
    uint8_t *want = property_buffer(2);
    size_t len = cipher_length(property, 4000);
    size_t n = PROPERTY_DATA_MAX;
    size_t want_len = 0;
    symmetric_new(property, &key);
    property_fill(in, len);
    ref_cipher(&key, NULL, in, len, want, &want_len);
    must_do(clrcCipher(key.handle, property->alg, CLRC_MODE_ENCRYPT, NULL, 0, in, len, got, &n));
    must_equal(got, n, want, want_len);
    n = PROPERTY_DATA_MAX;
    must_do(
        clrcCipher(key.handle, property->alg, CLRC_MODE_DECRYPT, NULL, 0, want, want_len, got, &n));
    must_equal(got, n, in, len);
    want[property_next(want_len)] ^= (uint8_t)(1u << property_next(8));
    n = PROPERTY_DATA_MAX;
    must_be(
        clrcCipher(key.handle, property->alg, CLRC_MODE_DECRYPT, NULL, 0, want, want_len, got, &n),
        CLRC_ERROR_MAC);
    clrcFreeKey(key.handle);
}

/* ---- authenticated encryption ---- */

struct message {
    uint8_t nonce[NONCE_MAX];
    uint8_t aad[512];
    uint8_t tag[TAG_MAX];
    ClrcAead aead;
    uint32_t tag_len;
    const uint8_t *in;
    size_t len;
};

static void ref_aead(const struct symmetric *key, struct message *m, uint8_t *out)
{
    int n = 0;
    bool is_ccm = strstr(key->ref, "CCM") != NULL;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, key->ref, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    must(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)m->aead.nonce_length, NULL) == 1);
    must(!is_ccm || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)m->tag_len, NULL) == 1);
    must(EVP_EncryptInit_ex2(ctx, NULL, key->key, m->nonce, NULL) == 1);
    must(!is_ccm || EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)m->len) == 1);
    must(m->aead.aad_length == 0 ||
         EVP_EncryptUpdate(ctx, NULL, &n, m->aad, (int)m->aead.aad_length) == 1);
    must((m->len == 0 && !is_ccm) || EVP_EncryptUpdate(ctx, out, &n, m->in, (int)m->len) == 1);
    must(EVP_EncryptFinal_ex(ctx, out + m->len, &n) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)m->tag_len, m->tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static void message_init(const struct property *property, struct message *m)
{
    *m = (struct message){.in = property_buffer(0), .len = property_length(PROPERTY_DATA_MAX)};
    m->aead.nonce_length =
        property->min + (uint32_t)property_next(property->iv_len - property->min + 1);
    /* CCM counts the octets in what the nonce leaves of 15 octets. */
    if (property->alg == CLRC_AES_CCM && m->aead.nonce_length == 13 && m->len > 65535)
        m->len = 65535;
    m->aead.aad_length = property_next(3) == 0 ? 0 : property_next(sizeof(m->aad));
    m->tag_len = property->alg == CLRC_AES_GCM   ? 12 + (uint32_t)property_next(5)
                 : property->alg == CLRC_AES_CCM ? 12 + 2 * (uint32_t)property_next(3)
                                                 : TAG_MAX;
    m->aead.nonce = m->nonce;
    m->aead.aad = m->aad;
    property_fill(property_buffer(0), m->len);
    property_fill(m->nonce, m->aead.nonce_length);
    property_fill(m->aad, m->aead.aad_length);
}

static ClrcOperationHandle aead_operation(const struct property *property,
                                          const struct symmetric *key, const struct message *m,
                                          ClrcMode mode)
{
    const ClrcOperationWish wish = {.algorithm = property->alg,
                                    .mode = mode,
                                    .iv = m->nonce,
                                    .iv_length = m->aead.nonce_length,
                                    .tag_length = m->tag_len};
    ClrcOperationHandle op = property_operation(key->handle, &wish);
    for (size_t at = 0; at < m->aead.aad_length;) {
        size_t piece = property_chunk(m->aead.aad_length - at);
        must_do(clrcOperationUpdateAad(op, m->aad + at, piece));
        at += piece;
    }
    return op;
}

static void aead_parts(const struct property *property, const struct symmetric *key,
                       const struct message *m, const uint8_t *secret)
{
    uint8_t *got = property_buffer(3);
    uint8_t tag[TAG_MAX];
    uint32_t tag_len = sizeof(tag);
    ClrcOperationHandle op = aead_operation(property, key, m, CLRC_MODE_ENCRYPT);
    size_t done = property_parts(op, m->in, m->len, got, m->len + 64);
    size_t n = m->len + 64 - done;
    must_do(clrcOperationFinal(op, got + done, &n, tag, &tag_len));
    must_equal(got, done + n, secret, m->len);
    must_equal(tag, tag_len, m->tag, m->tag_len);
    clrcOperationFree(op);
    op = aead_operation(property, key, m, CLRC_MODE_DECRYPT);
    done = property_parts(op, secret, m->len, got, m->len + 64);
    n = m->len + 64 - done;
    must_do(clrcOperationFinalVerify(op, got + done, &n, m->tag, m->tag_len));
    must_equal(got, done + n, m->in, m->len);
    clrcOperationFree(op);
}

void property_aead(const struct property *property)
{
    struct symmetric key = {0};
    struct message m;
    uint8_t tag[TAG_MAX] = {0};
    uint8_t *got = property_buffer(1);
    uint8_t *want = property_buffer(2);
    symmetric_new(property, &key);
    message_init(property, &m);
    ref_aead(&key, &m, want);
    must_do(clrcAeadEncrypt(key.handle, property->alg, &m.aead, m.in, m.len, got, tag, m.tag_len));
    must_equal(got, m.len, want, m.len);
    must_equal(tag, m.tag_len, m.tag, m.tag_len);
    aead_parts(property, &key, &m, want);
    /* A wrong tag: nothing comes out. */
    tag[property_next(m.tag_len)] ^= (uint8_t)(1u << property_next(8));
    memset(got, 0x5a, m.len);
    must_be(clrcAeadDecrypt(key.handle, property->alg, &m.aead, want, m.len, got, tag, m.tag_len),
            CLRC_ERROR_MAC);
    for (size_t i = 0; i < m.len; i++)
        must(got[i] == 0x5a);
    /* And back, in place. */
    must_do(
        clrcAeadDecrypt(key.handle, property->alg, &m.aead, want, m.len, want, m.tag, m.tag_len));
    must_equal(want, m.len, m.in, m.len);
    clrcFreeKey(key.handle);
}
