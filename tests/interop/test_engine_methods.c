/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests, ciphers, CMAC and random numbers of the engine beside OpenSSL's own, with octets and parts from a
 * seed. The engine is named at each call and not a default, so that the other side is software.
 */
#include "engine_rig.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/cmac.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#define MESSAGE_MAX 70000u
#define MD_MAX 256u

static uint8_t message[MESSAGE_MAX];
static uint8_t ours[MESSAGE_MAX + 64];
static uint8_t theirs[MESSAGE_MAX + 64];

/* Lengths around what the engine holds back, and others. */
static size_t a_length(unsigned round)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 64, 1000, 16383, 16384, 16385, 33000, 69999};
    size_t n = sizeof(lengths) / sizeof(lengths[0]);
    return round < n ? lengths[round] : rig_below(MESSAGE_MAX);
}

static size_t a_part(size_t left)
{
    size_t most = rig_below(3) == 0 ? left : rig_below(40) == 0 ? 1 : rig_below(left) + 1;
    return most < left ? most : left;
}

/* ---- digests ---- */

static void feed(EVP_MD_CTX *ctx, const uint8_t *in, size_t len)
{
    for (size_t done = 0; done < len;) {
        size_t now = a_part(len - done);
        assert_int_equal(EVP_DigestUpdate(ctx, in + done, now), 1);
        done += now;
    }
}

static void finish(EVP_MD_CTX *ctx, uint8_t *md, size_t xof_len)
{
    if (xof_len != 0)
        assert_int_equal(EVP_DigestFinalXOF(ctx, md, xof_len), 1);
    else
        assert_int_equal(EVP_DigestFinal_ex(ctx, md, NULL), 1);
}

static void digest_soft(const EVP_MD *md, size_t len, uint8_t *out, size_t xof_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, md, NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, message, len), 1);
    finish(ctx, out, xof_len);
    EVP_MD_CTX_free(ctx);
}

static void digest_one(ENGINE *engine, const EVP_MD *md, size_t len)
{
    uint8_t got[MD_MAX] = {0}, copied[MD_MAX] = {0}, expected[MD_MAX] = {0};
    size_t xof_len = (EVP_MD_flags(md) & EVP_MD_FLAG_XOF) != 0 ? rig_below(200) + 1 : 0;
    size_t head = len == 0 ? 0 : rig_below(len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, md, engine), 1);
    feed(ctx, message, head);
    assert_int_equal(EVP_MD_CTX_copy_ex(copy, ctx), 1);
    feed(ctx, message + head, len - head);
    finish(ctx, got, xof_len);
    digest_soft(md, len, expected, xof_len);
    assert_memory_equal(got, expected, sizeof(got));
    /* The copy has stayed where it was, and goes its own way. */
    feed(copy, message, 100);
    feed(copy, message, 20000);
    finish(copy, copied, xof_len);
    EVP_MD_CTX *soft = EVP_MD_CTX_new();
    memset(expected, 0, sizeof(expected));
    assert_int_equal(EVP_DigestInit_ex(soft, md, NULL), 1);
    assert_int_equal(EVP_DigestUpdate(soft, message, head), 1);
    assert_int_equal(EVP_DigestUpdate(soft, message, 100), 1);
    assert_int_equal(EVP_DigestUpdate(soft, message, 20000), 1);
    finish(soft, expected, xof_len);
    assert_memory_equal(copied, expected, sizeof(copied));
    EVP_MD_CTX_free(soft);
    EVP_MD_CTX_free(copy);
    /* Once more with the same context. */
    memset(got, 0, sizeof(got));
    assert_int_equal(EVP_DigestInit_ex(ctx, md, engine), 1);
    finish(ctx, got, xof_len);
    memset(expected, 0, sizeof(expected));
    digest_soft(md, 0, expected, xof_len);
    assert_memory_equal(got, expected, sizeof(got));
    EVP_MD_CTX_free(ctx);
}

static void test_digests(void **state)
{
    const int *nids = NULL;
    (void)state;
    ENGINE *engine = rig_engine();
    int n = ENGINE_get_digests(engine)(engine, NULL, &nids, 0);
    assert_int_equal(n, 12);
    for (int i = 0; i < n; i++) {
        const EVP_MD *md = EVP_get_digestbynid(nids[i]);
        assert_non_null(md);
        for (unsigned round = 0; round < 16; round++)
            digest_one(engine, md, a_length(round));
    }
    rig_close(engine);
}

/* A program that wants no octets has no room for any. */
static void test_no_octets_of_shake(void **state)
{
    uint8_t room[MD_MAX] = {0};
    const uint8_t untouched[MD_MAX] = {0};
    (void)state;
    ENGINE *engine = rig_engine();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake256(), engine), 1);
    feed(ctx, message, 100);
    (void)EVP_DigestFinalXOF(ctx, room, 0);
    assert_memory_equal(room, untouched, sizeof(room));
    ERR_clear_error();
    EVP_MD_CTX_free(ctx);
    rig_close(engine);
}

/* ---- ciphers ---- */

struct way {
    const EVP_CIPHER *cipher;
    uint8_t key[64], iv[16];
    bool pads;
};

static size_t run_cipher(EVP_CIPHER_CTX *ctx, const struct way *way, const uint8_t *in, size_t len,
                         uint8_t *out)
{
    size_t total = 0;
    int n = 0;
    bool is_whole = EVP_CIPHER_mode(way->cipher) == EVP_CIPH_XTS_MODE;
    for (size_t done = 0; done < len;) {
        size_t now = is_whole ? len : a_part(len - done);
        /* A copy takes over now and then. */
        if (rig_below(4) == 0 && !is_whole) {
            EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
            assert_int_equal(EVP_CIPHER_CTX_copy(copy, ctx), 1);
            assert_int_equal(EVP_CIPHER_CTX_copy(ctx, copy), 1);
            EVP_CIPHER_CTX_free(copy);
        }
        assert_int_equal(EVP_CipherUpdate(ctx, out + total, &n, in + done, (int)now), 1);
        total += (size_t)n;
        done += now;
    }
    assert_int_equal(EVP_CipherFinal_ex(ctx, out + total, &n), 1);
    return total + (size_t)n;
}

static size_t cipher(ENGINE *engine, const struct way *way, bool encrypts, const uint8_t *in,
                     size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_CipherInit_ex(ctx, way->cipher, engine, way->key, way->iv, encrypts), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, way->pads), 1);
    size_t n = run_cipher(ctx, way, in, len, out);
    /* The same context again, with the same key and another IV. */
    if (rig_below(2) == 0) {
        assert_int_equal(EVP_CipherInit_ex(ctx, NULL, NULL, NULL, way->iv, encrypts), 1);
        assert_int_equal(run_cipher(ctx, way, in, len, out), n);
    }
    EVP_CIPHER_CTX_free(ctx);
    return n;
}

static void cipher_one(ENGINE *engine, const EVP_CIPHER *kind, size_t len)
{
    static uint8_t back[MESSAGE_MAX + 64];
    struct way way = {.cipher = kind, .pads = rig_below(2) == 0};
    rig_octets(way.key, sizeof(way.key));
    rig_octets(way.iv, sizeof(way.iv));
    memset(way.iv, 0xff, rig_below(3) == 0 ? 16 : 0); /* a counter that runs over */
    if (EVP_CIPHER_mode(kind) == EVP_CIPH_XTS_MODE)
        len += 16;
    else if (!way.pads)
        len -= len % (size_t)EVP_CIPHER_block_size(kind);
    len = len < MESSAGE_MAX ? len : MESSAGE_MAX - 16;
    size_t n = cipher(engine, &way, true, message, len, ours);
    assert_int_equal(cipher(NULL, &way, true, message, len, theirs), n);
    assert_memory_equal(ours, theirs, n);
    assert_int_equal(cipher(engine, &way, false, ours, n, back), len);
    assert_memory_equal(back, message, len);
}

static bool is_aead(const EVP_CIPHER *kind)
{
    return (EVP_CIPHER_flags(kind) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0;
}

static void test_ciphers(void **state)
{
    const int *nids = NULL;
    (void)state;
    ENGINE *engine = rig_engine();
    int n = ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0);
    assert_int_equal(n, 25 + 7);
    for (int i = 0; i < n; i++) {
        const EVP_CIPHER *kind = EVP_get_cipherbynid(nids[i]);
        assert_non_null(kind);
        for (unsigned round = 0; !is_aead(kind) && round < 14; round++)
            cipher_one(engine, kind, a_length(round));
    }
    rig_close(engine);
}

/* ---- authenticated ciphers ---- */

struct aead {
    const EVP_CIPHER *cipher;
    uint8_t key[32], iv[64], aad[300], tag[16];
    size_t iv_len, aad_len, tag_len;
    bool is_ccm;
    bool tag_comes_last;
};

static int aead_begin(EVP_CIPHER_CTX *ctx, ENGINE *engine, struct aead *a, bool encrypts,
                      size_t len)
{
    int n = 0;
    assert_int_equal(EVP_CipherInit_ex(ctx, a->cipher, engine, NULL, NULL, encrypts), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)a->iv_len, NULL), 1);
    if (a->is_ccm || (!encrypts && !a->tag_comes_last))
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)a->tag_len,
                                             encrypts ? NULL : a->tag),
                         1);
    assert_int_equal(EVP_CipherInit_ex(ctx, NULL, NULL, a->key, a->iv, encrypts), 1);
    if (a->is_ccm)
        assert_int_equal(EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)len), 1);
    for (size_t done = 0; done < a->aad_len;) {
        size_t now = a->is_ccm ? a->aad_len : a_part(a->aad_len - done);
        assert_int_equal(EVP_CipherUpdate(ctx, NULL, &n, a->aad + done, (int)now), 1);
        done += now;
    }
    return 1;
}

/* 1, or 0 when the tag does not fit. */
static int aead_run(ENGINE *engine, struct aead *a, bool encrypts, const uint8_t *in, size_t len,
                    uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, good = aead_begin(ctx, engine, a, encrypts, len);
    size_t total = 0;
    bool at_once = a->is_ccm || rig_below(2) == 0;
    for (size_t done = 0; good == 1 && done < len;) {
        size_t now = at_once ? len : a_part(len - done);
        good = EVP_CipherUpdate(ctx, out + total, &n, in + done, (int)now);
        if (good == 1)
            total += (size_t)n;
        done += now;
    }
    if (good == 1 && !encrypts && a->tag_comes_last && !a->is_ccm)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)a->tag_len, a->tag),
                         1);
    if (good == 1)
        good = EVP_CipherFinal_ex(ctx, out + total, &n);
    if (good == 1) {
        assert_int_equal(total, len);
        if (encrypts)
            assert_int_equal(
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)a->tag_len, a->tag), 1);
    }
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

static void aead_make(struct aead *a, const EVP_CIPHER *kind)
{
    memset(a, 0, sizeof(*a));
    a->cipher = kind;
    a->is_ccm = EVP_CIPHER_mode(kind) == EVP_CIPH_CCM_MODE;
    bool is_gcm = EVP_CIPHER_mode(kind) == EVP_CIPH_GCM_MODE;
    a->iv_len = a->is_ccm ? 7 + rig_below(6) : is_gcm && rig_below(2) == 0 ? 1 + rig_below(63) : 12;
    a->tag_len = a->is_ccm ? 12 + 2 * rig_below(3) : is_gcm ? 4 + rig_below(13) : 16;
    a->aad_len = rig_below(3) == 0 ? 0 : rig_below(sizeof(a->aad));
    a->tag_comes_last = rig_below(2) == 0;
    rig_octets(a->key, sizeof(a->key));
    rig_octets(a->iv, sizeof(a->iv));
    rig_octets(a->aad, sizeof(a->aad));
}

static void aead_one(ENGINE *engine, const EVP_CIPHER *kind, size_t len)
{
    static uint8_t back[MESSAGE_MAX];
    struct aead a, soft;
    aead_make(&a, kind);
    if (a.is_ccm && len == 0) /* OpenSSL's own refuses to be given nothing */
        len = 1;
    soft = a;
    assert_int_equal(aead_run(engine, &a, true, message, len, ours), 1);
    assert_int_equal(aead_run(NULL, &soft, true, message, len, theirs), 1);
    assert_memory_equal(ours, theirs, len);
    assert_memory_equal(a.tag, soft.tag, a.tag_len);
    assert_int_equal(aead_run(engine, &a, false, ours, len, back), 1);
    assert_memory_equal(back, message, len);
    struct aead wrong = a;
    wrong.tag[rig_below(wrong.tag_len)] ^= (uint8_t)(1u << rig_below(8));
    assert_int_not_equal(aead_run(engine, &wrong, false, ours, len, back), 1);
    if (a.aad_len != 0) {
        wrong = a;
        wrong.aad[rig_below(wrong.aad_len)] ^= 1;
        assert_int_not_equal(aead_run(engine, &wrong, false, ours, len, back), 1);
    }
    if (len != 0) {
        ours[rig_below(len)] ^= 0x40;
        assert_int_not_equal(aead_run(engine, &a, false, ours, len, back), 1);
    }
    ERR_clear_error();
}

static void test_aeads(void **state)
{
    const int *nids = NULL;
    (void)state;
    ENGINE *engine = rig_engine();
    int n = ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0);
    for (int i = 0; i < n; i++) {
        const EVP_CIPHER *kind = EVP_get_cipherbynid(nids[i]);
        for (unsigned round = 0; is_aead(kind) && round < 24; round++)
            aead_one(engine, kind, a_length(round % 14));
    }
    rig_close(engine);
}

/* ---- CMAC ---- */

static void mac_soft(const EVP_CIPHER *kind, const uint8_t *key, size_t len, uint8_t *mac,
                     size_t *ret_len)
{
    CMAC_CTX *ctx = CMAC_CTX_new();
    assert_int_equal(CMAC_Init(ctx, key, (size_t)EVP_CIPHER_key_length(kind), kind, NULL), 1);
    assert_int_equal(CMAC_Update(ctx, message, len), 1);
    assert_int_equal(CMAC_Final(ctx, mac, ret_len), 1);
    CMAC_CTX_free(ctx);
}

static EVP_PKEY *mac_key(ENGINE *engine, const EVP_CIPHER *kind, const uint8_t *key)
{
    EVP_PKEY *made = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_CMAC, engine);
    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_ctrl(ctx, -1, EVP_PKEY_OP_KEYGEN, EVP_PKEY_CTRL_CIPHER, 0,
                                       (void *)(uintptr_t)kind),
                     1);
    assert_int_equal(EVP_PKEY_CTX_ctrl(ctx, -1, EVP_PKEY_OP_KEYGEN, EVP_PKEY_CTRL_SET_MAC_KEY,
                                       EVP_CIPHER_key_length(kind), (void *)(uintptr_t)key),
                     1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &made), 1);
    EVP_PKEY_CTX_free(ctx);
    return made;
}

static void mac_one(ENGINE *engine, const EVP_CIPHER *kind, size_t len)
{
    uint8_t key[32] = {0}, expected[16] = {0}, got[64] = {0};
    size_t expected_len = 0, got_len = 0;
    rig_octets(key, sizeof(key));
    mac_soft(kind, key, len, expected, &expected_len);
    EVP_PKEY *pkey = mac_key(engine, kind, key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey), 1);
    for (size_t done = 0; done < len;) {
        size_t now = a_part(len - done);
        assert_int_equal(EVP_DigestSignUpdate(ctx, message + done, now), 1);
        done += now;
    }
    assert_int_equal(EVP_DigestSignFinal(ctx, NULL, &got_len), 1);
    assert_in_range(got_len, expected_len, sizeof(got));
    /* Twice: the first works on a copy. */
    for (int i = 0; i < 2; i++) {
        got_len = sizeof(got);
        assert_int_equal(EVP_DigestSignFinal(ctx, got, &got_len), 1);
        assert_int_equal(got_len, expected_len);
        assert_memory_equal(got, expected, expected_len);
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

static void test_cmac(void **state)
{
    const EVP_CIPHER *const kinds[] = {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc(),
                                       EVP_des_ede3_cbc()};
    (void)state;
    ENGINE *engine = rig_engine();
    /* Without the method for the key object there is a sentence, and no key. */
    EVP_PKEY *none = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_CMAC, engine);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_ctrl_str(ctx, "cipher", "aes-128-cbc"), 1);
    assert_int_equal(EVP_PKEY_CTX_ctrl_str(ctx, "hexkey", "000102030405060708090a0b0c0d0e0f"), 1);
    assert_int_not_equal(EVP_PKEY_keygen(ctx, &none), 1);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    assert_int_equal(ENGINE_set_default(engine, ENGINE_METHOD_PKEY_ASN1_METHS), 1);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (unsigned round = 0; round < 12; round++)
            mac_one(engine, kinds[i], a_length(round));
    ENGINE_unregister_pkey_asn1_meths(engine);
    rig_close(engine);
}

/* ---- random numbers ---- */

static void test_random(void **state)
{
    uint8_t one[64] = {0}, other[64] = {0};
    uint8_t *much = malloc(3000000);
    (void)state;
    ENGINE *engine = rig_engine();
    const RAND_METHOD *method = ENGINE_get_RAND(engine);
    assert_non_null(method);
    assert_int_equal(method->bytes(one, sizeof(one)), 1);
    assert_int_equal(method->bytes(other, sizeof(other)), 1);
    assert_memory_not_equal(one, other, sizeof(one));
    assert_int_equal(method->bytes(much, 0), 1);
    memset(much, 0, 3000000);
    assert_int_equal(method->bytes(much, 3000000), 1);
    size_t ones = 0;
    for (size_t i = 0; i < 3000000; i++)
        ones += (size_t)__builtin_popcount(much[i]);
    assert_in_range(ones, 11900000, 12100000); /* 12 million, 40 deviations to each side */
    assert_int_equal(method->status(), 1);
    free(much);
    rig_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests), cmocka_unit_test(test_no_octets_of_shake),
        cmocka_unit_test(test_ciphers), cmocka_unit_test(test_aeads),
        cmocka_unit_test(test_cmac),    cmocka_unit_test(test_random),
    };
    rig_seed();
    rig_octets(message, sizeof(message));
    return cmocka_run_group_tests_name("engine methods", tests, NULL, NULL);
}
