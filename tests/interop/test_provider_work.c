/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider does on request alone, beside the default provider: digests, ciphers, MACs, KDFs, random octets. Run by
 * provider_work.sh over a real service. Lengths, keys, messages and their cuts are random; the seed is told.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "interop/door/door_error.h"
#include "tests/interop/provider_rig.h"

#define OURS "provider=clrc"
#define THEIRS "provider=default"
#define DATA_MAX 70000u
#define N_ROUNDS 8
#define N_THREADS 4

static unsigned seed;

static unsigned random_below(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

static void random_octets(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)random_below(256);
}

/* Short messages, some at the edges of blocks, and now and then one that goes over in parts. */
static size_t random_len(void)
{
    switch (random_below(4)) {
    case 0:
        return random_below(40);
    case 1:
        return 16u * random_below(20);
    case 2:
        return 4090u + random_below(12);
    default:
        return random_below(DATA_MAX);
    }
}

/* Mostly large cuts of what is long: each one is a call of the service. */
static size_t random_cut(size_t left)
{
    size_t n = 1u + random_below(left > 600 && random_below(8) != 0 ? 9000u : 60u);
    return n < left ? n : left;
}

static uint8_t data[DATA_MAX];

/* ---- who is asked ---- */

static const char *const digests[] = {"MD5",      "SHA1",     "SHA2-224", "SHA2-256",
                                      "SHA2-384", "SHA2-512", "SHA3-224", "SHA3-256",
                                      "SHA3-384", "SHA3-512", "SHAKE128", "SHAKE256"};

static const char *const ciphers[] = {"AES-128-ECB",  "AES-192-ECB",  "AES-256-ECB", "AES-128-CBC",
                                      "AES-192-CBC",  "AES-256-CBC",  "AES-128-CTR", "AES-192-CTR",
                                      "AES-256-CTR",  "AES-128-OFB",  "AES-192-OFB", "AES-256-OFB",
                                      "AES-128-CFB",  "AES-192-CFB",  "AES-256-CFB", "DES-EDE3-ECB",
                                      "DES-EDE3-CBC", "DES-EDE3-OFB", "DES-EDE3-CFB"};

static const char *const aeads[] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM",      "AES-128-CCM",
                                    "AES-192-CCM", "AES-256-CCM", "ChaCha20-Poly1305"};

static void test_nobody_gets_it_unasked(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++) {
        EVP_MD *md = EVP_MD_fetch(NULL, digests[i], NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)), "default");
        EVP_MD_free(md);
        md = EVP_MD_fetch(NULL, digests[i], "?" OURS);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)), "clrc");
        EVP_MD_free(md);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(ciphers); i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ciphers[i], NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)), "default");
        EVP_CIPHER_free(cipher);
    }
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MAC_get0_provider(mac)), "default");
    EVP_MAC_free(mac);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "PBKDF2", NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default");
    EVP_KDF_free(kdf);
    EVP_RAND *rand = EVP_RAND_fetch(NULL, "CTR-DRBG", NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(rand)), "default");
    EVP_RAND_free(rand);
    assert_int_equal(ERR_peek_error(), 0);
}

/* In whatever order they come, and while we are alone there is nothing. */
static void test_alone_there_is_nothing(void **state)
{
    (void)state;
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *ours = OSSL_PROVIDER_load(libctx, "clrc");
    assert_non_null(ours);
    assert_null(EVP_MD_fetch(libctx, "SHA2-256", NULL));
    assert_null(EVP_MD_fetch(libctx, "SHA2-256", OURS));
    assert_null(EVP_CIPHER_fetch(libctx, "AES-128-CBC", NULL));
    assert_null(EVP_MAC_fetch(libctx, "HMAC", NULL));
    assert_null(EVP_KDF_fetch(libctx, "HKDF", NULL));
    OSSL_PROVIDER *theirs = OSSL_PROVIDER_load(libctx, "default");
    EVP_MD *md = EVP_MD_fetch(libctx, "SHA2-256", NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)), "default");
    EVP_MD_free(md);
    md = EVP_MD_fetch(libctx, "SHA2-256", OURS);
    assert_non_null(md);
    EVP_MD_free(md);
    OSSL_PROVIDER_unload(theirs);
    OSSL_PROVIDER_unload(ours);
    OSSL_LIB_CTX_free(libctx);
    ERR_clear_error();
}

static unsigned entries_of(const char *path)
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* No descriptor, so no connection and no file; no thread. Not even with a context that was begun. */
static void test_loading_costs_nothing(void **state)
{
    (void)state;
    unsigned n_files = entries_of("/proc/self/fd");
    unsigned n_threads = entries_of("/proc/self/task");
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *ours = OSSL_PROVIDER_load(libctx, "clrc");
    OSSL_PROVIDER *theirs = OSSL_PROVIDER_load(libctx, "default");
    EVP_MD *md = EVP_MD_fetch(libctx, "SHA2-256", OURS);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-128-CBC", OURS);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *soft = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    assert_non_null(soft);
    assert_int_equal(EVP_DigestInit_ex2(ctx, md, NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, "short", 5), 1);
    assert_int_equal(entries_of("/proc/self/fd"), n_files);
    assert_int_equal(entries_of("/proc/self/task"), n_threads);
    EVP_PKEY_free(soft);
    EVP_MD_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    EVP_MD_free(md);
    OSSL_PROVIDER_unload(theirs);
    OSSL_PROVIDER_unload(ours);
    OSSL_LIB_CTX_free(libctx);
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- digests ---- */

static void finish_digest(EVP_MD_CTX *ctx, const EVP_MD *md, uint8_t *out, size_t *ret_len)
{
    unsigned len = 0;
    *ret_len = 100;
    if ((EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF) != 0) {
        assert_int_equal(EVP_DigestFinalXOF(ctx, out, *ret_len), 1);
        return;
    }
    assert_int_equal(EVP_DigestFinal_ex(ctx, out, &len), 1);
    *ret_len = len;
}

/* Hashed in random parts, half-way copied: the copy hashes the rest, the original something else. */
static void digest_in_parts(const EVP_MD *md, size_t len, uint8_t *out, size_t *ret_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    size_t copied_at = random_below((unsigned)len + 1);
    size_t at = 0;
    assert_int_equal(EVP_DigestInit_ex2(ctx, md, NULL), 1);
    while (at < copied_at) {
        size_t n = random_cut(copied_at - at);
        assert_int_equal(EVP_DigestUpdate(ctx, data + at, n), 1);
        at += n;
    }
    assert_int_equal(EVP_MD_CTX_copy_ex(copy, ctx), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, "other", 5), 1);
    while (at < len) {
        size_t n = random_cut(len - at);
        assert_int_equal(EVP_DigestUpdate(copy, data + at, n), 1);
        at += n;
    }
    finish_digest(copy, md, out, ret_len);
    EVP_MD_CTX_free(copy);
    EVP_MD_CTX_free(ctx);
}

static void test_digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++) {
        EVP_MD *ours = EVP_MD_fetch(NULL, digests[i], OURS);
        EVP_MD *theirs = EVP_MD_fetch(NULL, digests[i], THEIRS);
        assert_int_equal(EVP_MD_get_size(ours), EVP_MD_get_size(theirs));
        assert_int_equal(EVP_MD_get_block_size(ours), EVP_MD_get_block_size(theirs));
        assert_int_equal(EVP_MD_get_flags(ours), EVP_MD_get_flags(theirs));
        assert_int_equal(EVP_MD_get_type(ours), EVP_MD_get_type(theirs));
        for (int round = 0; round < N_ROUNDS; round++) {
            uint8_t out[2][128] = {{0}};
            size_t len[2] = {0};
            size_t data_len = random_len();
            random_octets(data, data_len);
            digest_in_parts(ours, data_len, out[0], &len[0]);
            digest_in_parts(theirs, data_len, out[1], &len[1]);
            assert_int_equal(len[0], len[1]);
            assert_memory_equal(out[0], out[1], len[0]);
        }
        EVP_MD_free(theirs);
        EVP_MD_free(ours);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* A signature whose digest is asked for from here: hashed there, signed there, verified by the default provider. */
static void test_signature_over_our_digest(void **state)
{
    uint8_t sig[200] = {0};
    size_t len = sizeof(sig);
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    EVP_PKEY *public = prig_public_of(key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, OURS, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const uint8_t *)"message", 7), 1);
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, public, NULL), 1);
    assert_int_equal(EVP_DigestVerify(ctx, sig, len, (const uint8_t *)"message", 7), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
}

/* ---- ciphers ---- */

struct crypt {
    bool is_encrypt, is_padded;
    const uint8_t *key, *iv;
    struct km_slice in;
    uint8_t *out;
    size_t out_len;
};

static bool crypt_in_parts(const EVP_CIPHER *cipher, struct crypt *c)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t at = 0;
    int len = 0;
    c->out_len = 0;
    assert_int_equal(EVP_CipherInit_ex2(ctx, cipher, c->key, c->iv, c->is_encrypt, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, c->is_padded), 1);
    bool done = true;
    while (done && at < c->in.len) {
        size_t n = random_cut(c->in.len - at);
        done = EVP_CipherUpdate(ctx, c->out + c->out_len, &len, c->in.ptr + at, (int)n) == 1;
        c->out_len += (size_t)len;
        at += n;
    }
    done = done && EVP_CipherFinal_ex(ctx, c->out + c->out_len, &len) == 1;
    c->out_len += (size_t)len;
    EVP_CIPHER_CTX_free(ctx);
    return done;
}

static uint8_t ours_out[DATA_MAX + 64];
static uint8_t theirs_out[DATA_MAX + 64];
static uint8_t clear_out[DATA_MAX + 64];

static void compare_ciphers(const EVP_CIPHER *ours, const EVP_CIPHER *theirs, bool is_padded)
{
    uint8_t key[64] = {0};
    uint8_t iv[16] = {0};
    size_t len = random_len();
    size_t block = (size_t)EVP_CIPHER_get_block_size(ours);
    if (!is_padded)
        len -= len % block;
    random_octets(data, len);
    random_octets(key, sizeof(key));
    random_octets(iv, sizeof(iv));
    struct crypt c = {true, is_padded, key, iv, KM_SLICE(data, len), ours_out, 0};
    assert_true(crypt_in_parts(ours, &c));
    struct crypt d = {true, is_padded, key, iv, KM_SLICE(data, len), theirs_out, 0};
    assert_true(crypt_in_parts(theirs, &d));
    assert_int_equal(c.out_len, d.out_len);
    assert_memory_equal(ours_out, theirs_out, c.out_len);
    struct crypt back = {false, is_padded, key, iv, KM_SLICE(theirs_out, d.out_len), clear_out, 0};
    assert_true(crypt_in_parts(ours, &back));
    assert_int_equal(back.out_len, len);
    assert_memory_equal(clear_out, data, len);
    if (block > 1 && is_padded) {
        back.in.len -= 1; /* cut off */
        assert_false(crypt_in_parts(ours, &back));
        back.in.len -= block - 1; /* no padding at its end, but for one in 256 */
        if (back.in.len == 0)
            assert_false(crypt_in_parts(ours, &back));
    }
    if (block > 1 && !is_padded && len != 0) {
        c.in.len -= 1;
        assert_false(crypt_in_parts(ours, &c));
    }
    ERR_clear_error();
}

static void test_ciphers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ciphers); i++) {
        EVP_CIPHER *ours = EVP_CIPHER_fetch(NULL, ciphers[i], OURS);
        EVP_CIPHER *theirs = EVP_CIPHER_fetch(NULL, ciphers[i], THEIRS);
        assert_int_equal(EVP_CIPHER_get_key_length(ours), EVP_CIPHER_get_key_length(theirs));
        assert_int_equal(EVP_CIPHER_get_iv_length(ours), EVP_CIPHER_get_iv_length(theirs));
        assert_int_equal(EVP_CIPHER_get_block_size(ours), EVP_CIPHER_get_block_size(theirs));
        assert_int_equal(EVP_CIPHER_get_mode(ours), EVP_CIPHER_get_mode(theirs));
        assert_int_equal(EVP_CIPHER_get_nid(ours), EVP_CIPHER_get_nid(theirs));
        for (int round = 0; round < N_ROUNDS; round++)
            compare_ciphers(ours, theirs, round % 2 == 0);
        EVP_CIPHER_free(theirs);
        EVP_CIPHER_free(ours);
    }
}

/* XTS: one unit in one call. */
static void test_xts(void **state)
{
    static const char *const names[] = {"AES-128-XTS", "AES-256-XTS"};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        EVP_CIPHER *both[] = {EVP_CIPHER_fetch(NULL, names[i], OURS),
                              EVP_CIPHER_fetch(NULL, names[i], THEIRS)};
        for (int round = 0; round < N_ROUNDS; round++) {
            uint8_t *out[] = {ours_out, theirs_out};
            uint8_t key[64] = {0};
            uint8_t iv[16] = {0};
            int len = 0;
            int data_len = 16 + (int)random_below(DATA_MAX - 16);
            random_octets(data, (size_t)data_len);
            random_octets(key, sizeof(key));
            random_octets(iv, sizeof(iv));
            EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
            for (size_t j = 0; j < 2; j++) {
                assert_int_equal(EVP_EncryptInit_ex2(ctx, both[j], key, iv, NULL), 1);
                assert_int_equal(EVP_EncryptUpdate(ctx, out[j], &len, data, data_len), 1);
                assert_int_equal(len, data_len);
            }
            assert_memory_equal(ours_out, theirs_out, (size_t)data_len);
            assert_int_equal(EVP_DecryptInit_ex2(ctx, both[0], key, iv, NULL), 1);
            assert_int_equal(EVP_DecryptUpdate(ctx, clear_out, &len, ours_out, data_len), 1);
            assert_memory_equal(clear_out, data, (size_t)data_len);
            assert_int_not_equal(EVP_DecryptUpdate(ctx, clear_out, &len, ours_out, 15), 1);
            EVP_CIPHER_CTX_free(ctx);
        }
        EVP_CIPHER_free(both[1]);
        EVP_CIPHER_free(both[0]);
    }
    ERR_clear_error();
}

/* ---- ciphers with a tag ---- */

struct sealed {
    uint8_t key[32], iv[32], tag[16], aad[300];
    size_t iv_len, tag_len, aad_len, len;
    bool in_one_piece; /* CCM */
};

static EVP_CIPHER_CTX *begin_sealed(const EVP_CIPHER *cipher, const struct sealed *s, bool encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    assert_int_equal(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)s->iv_len, NULL), 1);
    if (s->in_one_piece)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)s->tag_len,
                                             encrypt ? NULL : (void *)(uintptr_t)s->tag),
                         1);
    assert_int_equal(EVP_CipherInit_ex2(ctx, NULL, s->key, s->iv, encrypt, NULL), 1);
    if (s->in_one_piece)
        assert_int_equal(EVP_CipherUpdate(ctx, NULL, &len, NULL, (int)s->len), 1);
    if (s->aad_len != 0)
        assert_int_equal(EVP_CipherUpdate(ctx, NULL, &len, s->aad, (int)s->aad_len), 1);
    return ctx;
}

static bool run_sealed(EVP_CIPHER_CTX *ctx, const struct sealed *s, const uint8_t *in, uint8_t *out)
{
    int len = 0;
    size_t at = 0;
    while (at < s->len || (s->in_one_piece && at == 0 && s->len == 0)) {
        size_t n = s->in_one_piece ? s->len : random_cut(s->len - at);
        if (EVP_CipherUpdate(ctx, out + at, &len, in + at, (int)n) != 1)
            return false;
        assert_int_equal(len, (int)n);
        at += n;
        if (s->len == 0)
            break;
    }
    return true;
}

static void seal(const EVP_CIPHER *cipher, struct sealed *s, uint8_t *out)
{
    int len = 0;
    EVP_CIPHER_CTX *ctx = begin_sealed(cipher, s, true);
    assert_true(run_sealed(ctx, s, data, out));
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + s->len, &len), 1);
    assert_int_equal(len, 0);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)s->tag_len, s->tag), 1);
    EVP_CIPHER_CTX_free(ctx);
}

static bool unseal(const EVP_CIPHER *cipher, struct sealed *s, const uint8_t *in)
{
    int len = 0;
    EVP_CIPHER_CTX *ctx = begin_sealed(cipher, s, false);
    bool done = run_sealed(ctx, s, in, clear_out);
    if (done && !s->in_one_piece)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)s->tag_len, s->tag),
                         1);
    done = done && EVP_DecryptFinal_ex(ctx, clear_out + s->len, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return done && memcmp(clear_out, data, s->len) == 0;
}

static struct sealed random_sealed(const char *name)
{
    struct sealed s = {.iv_len = 12, .tag_len = 16, .aad_len = random_below(300)};
    s.in_one_piece = strstr(name, "CCM") != NULL;
    s.len = random_len();
    if (strstr(name, "GCM") != NULL) {
        s.iv_len = 1u + random_below(32);
        s.tag_len = 4u + random_below(13);
    } else if (s.in_one_piece) {
        s.iv_len = 7u + random_below(7);
        s.tag_len = 12u + 2u * random_below(3);
        s.len = 1u + s.len % 60000u; /* what 13 octets of nonce leave room for */
    }
    random_octets(s.key, sizeof(s.key));
    random_octets(s.iv, sizeof(s.iv));
    random_octets(s.aad, sizeof(s.aad));
    random_octets(data, s.len);
    return s;
}

static void test_aeads(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(aeads); i++) {
        EVP_CIPHER *ours = EVP_CIPHER_fetch(NULL, aeads[i], OURS);
        EVP_CIPHER *theirs = EVP_CIPHER_fetch(NULL, aeads[i], THEIRS);
        assert_int_equal(EVP_CIPHER_get_mode(ours), EVP_CIPHER_get_mode(theirs));
        assert_int_equal(EVP_CIPHER_get_iv_length(ours), EVP_CIPHER_get_iv_length(theirs));
        for (int round = 0; round < N_ROUNDS; round++) {
            struct sealed s = random_sealed(aeads[i]);
            struct sealed t = s;
            seal(ours, &s, ours_out);
            seal(theirs, &t, theirs_out);
            assert_memory_equal(ours_out, theirs_out, s.len);
            assert_memory_equal(s.tag, t.tag, s.tag_len);
            assert_true(unseal(ours, &t, theirs_out));
            t.tag[random_below((unsigned)t.tag_len)] ^= 1;
            assert_false(unseal(ours, &t, theirs_out));
            if (s.aad_len != 0) {
                s.aad[0] ^= 1;
                assert_false(unseal(ours, &s, ours_out));
                s.aad[0] ^= 1;
            }
            if (s.len != 0) {
                ours_out[random_below((unsigned)s.len)] ^= 0x80;
                assert_false(unseal(ours, &s, ours_out));
            }
        }
        EVP_CIPHER_free(theirs);
        EVP_CIPHER_free(ours);
    }
    ERR_clear_error();
}

/* A nonce serves one encryption; a cipher amid its message is not copied; nothing runs without a key or IV. */
static void test_misuse_of_ciphers(void **state)
{
    uint8_t key[32] = {1};
    uint8_t iv[16] = {2};
    int len = 0;
    (void)state;
    EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", OURS);
    EVP_CIPHER *cbc = EVP_CIPHER_fetch(NULL, "AES-128-CBC", OURS);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex2(ctx, gcm, key, iv, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 20), 1);
    assert_int_not_equal(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, ours_out, &len), 1);
    assert_int_not_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 20), 1);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, NULL, NULL, NULL, NULL), 1);
    ERR_clear_error();
    assert_int_not_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 20), 1);
    assert_int_equal(prig_last_reason(), KM_DOOR_R_BAD_ARGUMENT);
    /* Nor amid a message that then never ends. */
    EVP_CIPHER_CTX_reset(ctx);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, gcm, key, iv, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 20), 1);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, NULL, NULL, NULL, NULL), 1);
    assert_int_not_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data + 20, 20), 1);
    EVP_CIPHER_CTX_reset(ctx);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cbc, NULL, iv, NULL), 1);
    assert_int_not_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 20), 1);
    /* An IV that is not known is not told. */
    uint8_t told[16] = {0};
    EVP_CIPHER_CTX_reset(ctx);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cbc, key, iv, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_get_updated_iv(ctx, told, sizeof(told)), 1);
    assert_memory_equal(told, iv, sizeof(told));
    assert_int_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 32), 1);
    assert_int_not_equal(EVP_CIPHER_CTX_get_updated_iv(ctx, told, sizeof(told)), 1);
    assert_int_equal(EVP_CIPHER_CTX_get_original_iv(ctx, told, sizeof(told)), 1);
    assert_memory_equal(told, iv, sizeof(told));
    EVP_CIPHER_CTX_reset(ctx);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cbc, key, NULL, NULL), 1);
    assert_int_not_equal(EVP_EncryptUpdate(ctx, ours_out, &len, data, 20), 1);
    EVP_CIPHER_CTX_free(copy);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cbc);
    EVP_CIPHER_free(gcm);
    ERR_clear_error();
}

/* ---- MACs ---- */

struct mac_row {
    const char *mac, *param, *value;
    size_t key_len; /* 0: any */
};

static const struct mac_row macs[] = {
    {"HMAC", "digest", "MD5", 0},          {"HMAC", "digest", "SHA1", 0},
    {"HMAC", "digest", "SHA224", 0},       {"HMAC", "digest", "SHA256", 0},
    {"HMAC", "digest", "SHA384", 0},       {"HMAC", "digest", "SHA512", 0},
    {"HMAC", "digest", "SHA3-224", 0},     {"HMAC", "digest", "SHA3-256", 0},
    {"HMAC", "digest", "SHA3-384", 0},     {"HMAC", "digest", "SHA3-512", 0},
    {"CMAC", "cipher", "AES-128-CBC", 16}, {"CMAC", "cipher", "AES-192-CBC", 24},
    {"CMAC", "cipher", "AES-256-CBC", 32}, {"CMAC", "cipher", "DES-EDE3-CBC", 24},
};

static void mac_in_parts(const struct mac_row *row, const char *where, struct km_slice key,
                         size_t len, uint8_t out[64], size_t *ret_len)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(row->param, (char *)(uintptr_t)row->value, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, row->mac, where);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    assert_int_equal(EVP_MAC_init(ctx, key.ptr, key.len, params), 1);
    for (size_t at = 0; at < len;) {
        size_t n = random_cut(len - at);
        assert_int_equal(EVP_MAC_update(ctx, data + at, n), 1);
        at += n;
    }
    EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(ctx);
    assert_non_null(copy);
    assert_int_equal(EVP_MAC_update(ctx, data, 1), 1);
    assert_int_equal(EVP_MAC_final(copy, out, ret_len, 64), 1);
    assert_int_equal(*ret_len, EVP_MAC_CTX_get_mac_size(copy));
    /* Begun again with the same key. */
    uint8_t again[64] = {0};
    size_t again_len = 0;
    assert_int_equal(EVP_MAC_init(copy, NULL, 0, NULL), 1);
    assert_int_equal(EVP_MAC_update(copy, data, len), 1);
    assert_int_equal(EVP_MAC_final(copy, again, &again_len, 64), 1);
    assert_memory_equal(again, out, *ret_len);
    EVP_MAC_CTX_free(copy);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

static void test_macs(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(macs); i++) {
        for (int round = 0; round < N_ROUNDS; round++) {
            uint8_t key[300] = {0};
            uint8_t out[2][64] = {{0}};
            size_t out_len[2] = {0};
            size_t key_len = macs[i].key_len != 0 ? macs[i].key_len : 1u + random_below(300);
            size_t len = random_len();
            random_octets(key, key_len);
            random_octets(data, len);
            struct km_slice k = KM_SLICE(key, key_len);
            mac_in_parts(&macs[i], OURS, k, len, out[0], &out_len[0]);
            mac_in_parts(&macs[i], THEIRS, k, len, out[1], &out_len[1]);
            assert_int_equal(out_len[0], out_len[1]);
            assert_memory_equal(out[0], out[1], out_len[0]);
        }
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* A MAC that was not begun is refused, and a key goes with the digest that it came with. */
static void test_misuse_of_macs(void **state)
{
    static const char *const digest_names[] = {"SHA256", "SHA512"};
    uint8_t out[64] = {0};
    size_t out_len = 0;
    OSSL_PARAM params[2][2] = {{OSSL_PARAM_construct_end()}, {OSSL_PARAM_construct_end()}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        params[i][0] =
            OSSL_PARAM_construct_utf8_string("digest", (char *)(uintptr_t)digest_names[i], 0);
        params[i][1] = OSSL_PARAM_construct_end();
    }
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", OURS);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    assert_int_not_equal(EVP_MAC_update(ctx, data, 5000), 1);
    assert_int_not_equal(EVP_MAC_final(ctx, out, &out_len, sizeof(out)), 1);
    assert_int_equal(EVP_MAC_init(ctx, data, 100, params[0]), 1);
    assert_int_not_equal(EVP_MAC_init(ctx, NULL, 0, params[1]), 1);
    assert_int_equal(EVP_MAC_init(ctx, data, 100, params[1]), 1);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    ERR_clear_error();
}

/* ---- KDFs ---- */

struct kdf_row {
    const char *kdf, *secret, *salt, *info, *digest;
};

static const struct kdf_row kdfs[] = {
    {"HKDF", "key", "salt", "info", "SHA1"},     {"HKDF", "key", "salt", "info", "SHA256"},
    {"HKDF", "key", "salt", "info", "SHA512"},   {"PBKDF2", "pass", "salt", NULL, "SHA1"},
    {"PBKDF2", "pass", "salt", NULL, "SHA256"},  {"PBKDF2", "pass", "salt", NULL, "SHA384"},
    {"SSKDF", "secret", NULL, "info", "SHA224"}, {"SSKDF", "secret", NULL, "info", "SHA256"},
};

static void derive(const struct kdf_row *row, const char *where, const uint8_t *parts,
                   const size_t lens[4], uint8_t *out)
{
    OSSL_PARAM params[6] = {OSSL_PARAM_construct_end()};
    uint64_t iterations = 3;
    size_t n = 0;
    uint8_t *at = (uint8_t *)(uintptr_t)parts;
    params[n++] = OSSL_PARAM_construct_utf8_string("digest", (char *)(uintptr_t)row->digest, 0);
    params[n++] = OSSL_PARAM_construct_octet_string(row->secret, at, lens[0]);
    if (row->salt != NULL)
        params[n++] = OSSL_PARAM_construct_octet_string(row->salt, at + 300, lens[1]);
    if (row->info != NULL)
        params[n++] = OSSL_PARAM_construct_octet_string(row->info, at + 600, lens[2]);
    if (strcmp(row->kdf, "PBKDF2") == 0)
        params[n++] = OSSL_PARAM_construct_uint64("iter", &iterations);
    params[n] = OSSL_PARAM_construct_end();
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, row->kdf, where);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_CTX_set_params(ctx, params), 1);
    /* Ours is copied, and begun anew; the default provider's contexts are not copied in OpenSSL 3.0. */
    if (strcmp(where, OURS) == 0) {
        EVP_KDF_CTX *copy = EVP_KDF_CTX_dup(ctx);
        EVP_KDF_CTX_reset(ctx);
        assert_int_not_equal(EVP_KDF_derive(ctx, out, lens[3], NULL), 1);
        ERR_clear_error();
        EVP_KDF_CTX_free(ctx);
        ctx = copy;
    }
    assert_int_equal(EVP_KDF_derive(ctx, out, lens[3], NULL), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void test_kdfs(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(kdfs); i++) {
        for (int round = 0; round < N_ROUNDS; round++) {
            uint8_t parts[900] = {0};
            uint8_t out[2][512] = {{0}};
            const size_t lens[4] = {1u + random_below(300), 1u + random_below(300),
                                    1u + random_below(300), 1u + random_below(512)};
            random_octets(parts, sizeof(parts));
            derive(&kdfs[i], OURS, parts, lens, out[0]);
            derive(&kdfs[i], THEIRS, parts, lens, out[1]);
            assert_memory_equal(out[0], out[1], lens[3]);
        }
    }
}

/* ---- random octets ---- */

/* OpenSSL's rule for parameters that stand more than once, of which HKDF alone has some. */
static void info_in_pieces(const char *where, const char *name, uint8_t out[64])
{
    uint8_t secret[20] = {7};
    char digest[] = "SHA256";
    char info[] = "onetwothree";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_octet_string("key", secret, sizeof(secret)),
        OSSL_PARAM_construct_octet_string("info", info, 3),
        OSSL_PARAM_construct_octet_string("info", info + 3, 3),
        OSSL_PARAM_construct_octet_string("info", info + 6, 5),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, where);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, out, 64, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void test_info_in_pieces(void **state)
{
    static const char *const names[] = {"HKDF", "SSKDF"};
    uint8_t out[2][64] = {{0}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        info_in_pieces(OURS, names[i], out[0]);
        info_in_pieces(THEIRS, names[i], out[1]);
        assert_memory_equal(out[0], out[1], sizeof(out[0]));
    }
}

static void test_random(void **state)
{
    uint8_t out[2][100000] = {{0}};
    (void)state;
    EVP_RAND *rand = EVP_RAND_fetch(NULL, "CLRC-RANDOM", NULL);
    assert_non_null(rand);
    EVP_RAND_CTX *ctx = EVP_RAND_CTX_new(rand, NULL);
    assert_int_equal(EVP_RAND_instantiate(ctx, 256, 0, NULL, 0, NULL), 1);
    assert_int_equal(EVP_RAND_get_state(ctx), EVP_RAND_STATE_READY);
    assert_int_equal(EVP_RAND_get_strength(ctx), 256);
    assert_int_equal(EVP_RAND_generate(ctx, out[0], sizeof(out[0]), 256, 0, NULL, 0), 1);
    assert_int_equal(EVP_RAND_generate(ctx, out[1], sizeof(out[1]), 0, 1, NULL, 0), 1);
    assert_int_not_equal(EVP_RAND_generate(ctx, out[1], 1, 257, 0, NULL, 0), 1);
    for (size_t i = 0; i + 64 <= sizeof(out[0]); i += 64) {
        assert_memory_not_equal(out[0] + i, out[1] + i, 64);
        if (i != 0)
            assert_memory_not_equal(out[0] + i, out[0], 64);
    }
    EVP_RAND_CTX_free(ctx);
    EVP_RAND_free(rand);
    ERR_clear_error();
}

/* ---- threads and forks ---- */

static atomic_int failures;

static void *hash_along(void *arg)
{
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", OURS);
    EVP_MD *theirs = EVP_MD_fetch(NULL, "SHA256", THEIRS);
    uint8_t message[6000] = {0};
    (void)arg;
    for (int i = 0; i < 30; i++) {
        uint8_t out[2][32] = {{0}};
        message[0]++;
        if (EVP_Digest(message, sizeof(message), out[0], NULL, md, NULL) != 1 ||
            EVP_Digest(message, sizeof(message), out[1], NULL, theirs, NULL) != 1 ||
            memcmp(out[0], out[1], 32) != 0)
            atomic_fetch_add(&failures, 1);
    }
    EVP_MD_free(theirs);
    EVP_MD_free(md);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[N_THREADS] = {0};
    (void)state;
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_along, NULL), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
}

/* What was begun before a fork stays with the parent; the child fails with it, and begins anew. */
static void test_fork(void **state)
{
    static uint8_t long_message[10000];
    uint8_t out[32] = {0};
    int status = 0;
    (void)state;
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", OURS);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex2(ctx, md, NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, long_message, sizeof(long_message)), 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(200);
        bool stays = EVP_DigestFinal_ex(ctx, out, NULL) != 1;
        EVP_MD_CTX_free(ctx);
        bool works = EVP_Digest(long_message, sizeof(long_message), out, NULL, md, NULL) == 1;
        _exit(stays && works ? 0 : stays ? 1 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(EVP_DigestFinal_ex(ctx, out, NULL), 1);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_gets_it_unasked),
        cmocka_unit_test(test_alone_there_is_nothing),
        cmocka_unit_test(test_loading_costs_nothing),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_signature_over_our_digest),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_xts),
        cmocka_unit_test(test_aeads),
        cmocka_unit_test(test_misuse_of_ciphers),
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_misuse_of_macs),
        cmocka_unit_test(test_kdfs),
        cmocka_unit_test(test_info_in_pieces),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fork),
    };
    const char *wanted = getenv("KM_TEST_SEED");
    seed = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : (unsigned)time(NULL);
    printf("KM_TEST_SEED=%u\n", seed);
    return cmocka_run_group_tests_name("provider, on request", tests, NULL, NULL);
}
