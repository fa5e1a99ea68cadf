/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rarer digests, modes of ciphers and MACs: published vectors, each cut at every octet, and libcrypto's answer to the whole
 * under random cutting, in place and apart, with a copy of the operation on the way. Authenticated encryption is in test_runtime_ae.c.
 */
#include "common/km_des.h"
#include "tests/unit/runtime_fixture.h"

#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

/* ---- digests: "abc" from RFC 1321, A.5, and NIST's examples for FIPS 202 ---- */

static const struct {
    uint32_t alg;
    const char *abc;
} digests[] = {
    {TEE_ALG_MD5, "900150983cd24fb0d6963f7d28e17f72"},
    /* GB/T 32905, A.1 */
    {TEE_ALG_SM3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {TEE_ALG_SHA3_224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"},
    {TEE_ALG_SHA3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {TEE_ALG_SHA3_384, "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
                       "98d88cea927ac7f539f1edf228376d25"},
    {TEE_ALG_SHA3_512, "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
                       "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
};

static void digest_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++) {
        TEE_OperationHandle op = TEE_HANDLE_NULL;
        TEE_OperationInfo info;
        size_t want_len = 0;
        const uint8_t *want = unhex(digests[i].abc, &want_len);
        uint8_t hash[64];
        size_t len = sizeof(hash);
        RT_OK(TEE_IsAlgorithmSupported(digests[i].alg, TEE_CRYPTO_ELEMENT_NONE));
        RT_OK(TEE_AllocateOperation(&op, digests[i].alg, TEE_MODE_DIGEST, 0));
        TEE_GetOperationInfo(op, &info);
        assert_int_equal(info.digestLength, want_len);
        TEE_DigestUpdate(op, "a", 1);
        RT_OK(TEE_DigestDoFinal(op, "bc", 2, hash, &len));
        assert_int_equal(len, want_len);
        assert_memory_equal(hash, want, len);
        TEE_FreeOperation(op);
    }
}

/* NIST's examples for FIPS 202: the start of the endless digest of nothing. */
static const struct {
    uint32_t alg;
    const char *nothing;
} endless[] = {
    {TEE_ALG_SHAKE128, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"},
    {TEE_ALG_SHAKE256, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
                       "d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be"},
};

static void digest_without_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(endless); i++) {
        TEE_OperationHandle op = TEE_HANDLE_NULL;
        TEE_OperationHandle other = TEE_HANDLE_NULL;
        size_t want_len = 0;
        const uint8_t *want = unhex(endless[i].nothing, &want_len);
        uint8_t out[64] = {0};
        size_t len = want_len;
        RT_OK(TEE_AllocateOperation(&op, endless[i].alg, TEE_MODE_DIGEST, 0));
        RT_OK(TEE_AllocateOperation(&other, endless[i].alg, TEE_MODE_DIGEST, 0));
        RT_OK(TEE_DigestDoFinal(op, NULL, 0, out, &len)); /* as much as there is room */
        assert_int_equal(len, want_len);
        assert_memory_equal(out, want, want_len);
        len = 5;
        RT_OK(TEE_DigestExtract(op, out, &len));
        assert_int_equal(len, 5);
        RT_PANICS(RT_STATE, TEE_DigestUpdate(op, "x", 1));
        TEE_CopyOperation(other, op);
        TEE_OperationHandle both[] = {op, other};
        for (size_t k = 0; k < 2; k++) {
            len = want_len - 5;
            RT_OK(TEE_DigestExtract(both[k], out, &len));
            assert_memory_equal(out, want + 5, want_len - 5);
            len = 8;
            RT_OK(TEE_DigestDoFinal(both[k], NULL, 0, out, &len));
            assert_int_equal(len, 8);
        }
        len = want_len;
        RT_OK(TEE_DigestExtract(op, out, &len)); /* the state was reset */
        assert_memory_equal(out, want, want_len);
        uint8_t *large = malloc(2 << 20);
        len = 2 << 20;
        assert_int_equal(TEE_DigestExtract(op, large, &len), TEE_ERROR_OUT_OF_MEMORY);
        free(large);
        TEE_FreeOperation(op);
        TEE_FreeOperation(other);
    }
}

/* ---- ciphers ---- */

#define SP800_38A_PLAIN                                                                            \
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"                             \
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define KEY128 "2b7e151628aed2a6abf7158809cf4f3c"
#define IV16 "000102030405060708090a0b0c0d0e0f"
#define CHICKEN "636869636b656e207465726979616b69" /* RFC 3962, B */
#define ZERO16 "00000000000000000000000000000000"
#define GAU                                                                                        \
    "4920776f756c64206c696b652074686520"                                                           \
    "47656e6572616c20476175277320436869636b656e2c20706c656173652c"

static const struct cipher_case {
    uint32_t alg, type;
    const char *key, *key2, *iv, *plain, *cipher;
} ciphers[] = {
    /* SP 800-38A, F.4.1 and F.3.13 */
    {TEE_ALG_AES_OFB, TEE_TYPE_AES, KEY128, "", IV16, SP800_38A_PLAIN,
     "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"
     "9740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e"},
    {TEE_ALG_AES_CFB128, TEE_TYPE_AES, KEY128, "", IV16, SP800_38A_PLAIN,
     "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
     "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6"},
    /* RFC 3962, B: 17, 31, 32 and 47 octets */
    {TEE_ALG_AES_CTS, TEE_TYPE_AES, CHICKEN, "", ZERO16, "4920776f756c64206c696b652074686520",
     "c6353568f2bf8cb4d8a580362da7ff7f97"},
    {TEE_ALG_AES_CTS, TEE_TYPE_AES, CHICKEN, "", ZERO16,
     "4920776f756c64206c696b65207468652047656e6572616c20476175277320",
     "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"},
    {TEE_ALG_AES_CTS, TEE_TYPE_AES, CHICKEN, "", ZERO16,
     "4920776f756c64206c696b65207468652047656e6572616c2047617527732043",
     "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"},
    {TEE_ALG_AES_CTS, TEE_TYPE_AES, CHICKEN, "", ZERO16, GAU,
     "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e"
     "39312523a78662d5be7fcbcc98ebf5"},
    /* IEEE 1619, vectors 2 and 15 */
    {TEE_ALG_AES_XTS, TEE_TYPE_AES, "11111111111111111111111111111111",
     "22222222222222222222222222222222", "33333333330000000000000000000000",
     "4444444444444444444444444444444444444444444444444444444444444444",
     "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"},
    {TEE_ALG_AES_XTS, TEE_TYPE_AES, "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0",
     "bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0", "9a785634120000000000000000000000",
     "000102030405060708090a0b0c0d0e0f10", "6c1625db4671522d3d7599601de7ca09ed"},
    /* SP 800-67, B.1 */
    {TEE_ALG_DES3_ECB_NOPAD, TEE_TYPE_DES3, "0123456789abcdef23456789abcdef01456789abcdef0123", "",
     "", "5468652071756663" /* "qufck" there too */ "6b2062726f776e20666f78206a756d70",
     "a826fd8ce53b855fcce21c8112256fe668d5c05dd9b6b900"},
    /* GB/T 32907, A.1 */
    {TEE_ALG_SM4_ECB_NOPAD, TEE_TYPE_SM4, "0123456789abcdeffedcba9876543210", "", "",
     "0123456789abcdeffedcba9876543210", "681edf34d206965e86b3e94f536e4246"},
    /* RFC 3394, 4.1 and 4.6; RFC 5649, 6 */
    {TEE_ALG_AES_KW, TEE_TYPE_AES, IV16, "", "", "00112233445566778899aabbccddeeff",
     "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
    {TEE_ALG_AES_KW, TEE_TYPE_AES,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "", "",
     "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
     "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"},
    {TEE_ALG_AES_KWP, TEE_TYPE_AES, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "", "",
     "c37b7e6492584340bed12207808941155068f738",
     "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"},
    {TEE_ALG_AES_KWP, TEE_TYPE_AES, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "", "",
     "466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"},
};

static TEE_OperationHandle cipher_op(const struct cipher_case *c, uint32_t mode)
{
    size_t len = 0;
    const uint8_t *bytes = unhex(c->key, &len);
    uint32_t bits = (uint32_t)len * 8;
    TEE_ObjectHandle key = secret_object(c->type, bytes, len);
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    if (c->key2[0] == '\0') {
        op = keyed(c->alg, mode, bits, key);
    } else {
        TEE_ObjectHandle key2 = secret_object(c->type, unhex(c->key2, NULL), len);
        RT_OK(TEE_AllocateOperation(&op, c->alg, mode, 2 * bits));
        RT_OK(TEE_SetOperationKey2(op, key, key2));
        TEE_CloseObject(key2);
    }
    TEE_CloseObject(key);
    return op;
}

/* One text in two pieces: what comes out of both is want. */
static void cipher_once(TEE_OperationHandle op, const char *iv_text, struct km_slice text,
                        struct km_slice want, size_t cut)
{
    uint8_t out[128];
    size_t iv_len = 0;
    const uint8_t *iv = unhex(iv_text, &iv_len);
    size_t a = sizeof(out);
    TEE_CipherInit(op, iv, iv_len);
    RT_OK(TEE_CipherUpdate(op, text.ptr, cut, out, &a));
    size_t b = sizeof(out) - a;
    RT_OK(TEE_CipherDoFinal(op, text.ptr + cut, text.len - cut, out + a, &b));
    assert_int_equal(a + b, want.len);
    assert_memory_equal(out, want.ptr, want.len);
}

static void cipher_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ciphers); i++) {
        struct km_slice plain = {0};
        struct km_slice cipher = {0};
        plain.ptr = unhex(ciphers[i].plain, &plain.len);
        cipher.ptr = unhex(ciphers[i].cipher, &cipher.len);
        uint8_t kept[2][128];
        copy(kept[0], plain.ptr, plain.len);
        copy(kept[1], cipher.ptr, cipher.len);
        plain.ptr = kept[0];
        cipher.ptr = kept[1];
        TEE_OperationHandle enc = cipher_op(&ciphers[i], TEE_MODE_ENCRYPT);
        TEE_OperationHandle dec = cipher_op(&ciphers[i], TEE_MODE_DECRYPT);
        for (size_t cut = 0; cut <= plain.len; cut++) {
            cipher_once(enc, ciphers[i].iv, plain, cipher, cut);
            cipher_once(dec, ciphers[i].iv, cipher, plain, cut);
        }
        TEE_FreeOperation(enc);
        TEE_FreeOperation(dec);
    }
}

#define BULK 20000

/* libcrypto's name, and what it wants to be told. */
static const struct {
    uint32_t alg, type;
    size_t key_len, iv_len;
    const char *name;
    bool two_keys, any_length;
} bulks[] = {
    {TEE_ALG_AES_OFB, TEE_TYPE_AES, 24, 16, "AES-192-OFB", false, true},
    {TEE_ALG_AES_CFB128, TEE_TYPE_AES, 32, 16, "AES-256-CFB", false, true},
    {TEE_ALG_AES_CTS, TEE_TYPE_AES, 24, 16, "AES-192-CBC-CTS", false, true},
    {TEE_ALG_AES_XTS, TEE_TYPE_AES, 16, 16, "AES-128-XTS", true, true},
    {TEE_ALG_AES_XTS, TEE_TYPE_AES, 32, 16, "AES-256-XTS", true, true},
    {TEE_ALG_SM4_CBC_NOPAD, TEE_TYPE_SM4, 16, 16, "SM4-CBC", false, false},
    {TEE_ALG_SM4_CTR, TEE_TYPE_SM4, 16, 16, "SM4-CTR", false, true},
    {TEE_ALG_DES3_ECB_NOPAD, TEE_TYPE_DES3, 24, 0, "DES-EDE3-ECB", false, false},
    {TEE_ALG_DES3_CBC_NOPAD, TEE_TYPE_DES3, 24, 8, "DES-EDE3-CBC", false, false},
    {TEE_ALG_DES3_CBC_NOPAD, TEE_TYPE_DES3, 16, 8, "DES-EDE-CBC", false, false},
    {TEE_ALG_DES3_OFB, TEE_TYPE_DES3, 24, 8, "DES-EDE3-OFB", false, true},
    {TEE_ALG_DES3_CFB64, TEE_TYPE_DES3, 16, 8, "DES-EDE-CFB", false, true},
};

static void fill(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next_number();
}

/* One for any cipher, triple DES among them. */
static void fill_key(uint8_t *bytes, size_t len)
{
    fill(bytes, len);
    km_des_set_parity(KM_SPAN(bytes, len));
}

/* The whole text in one stroke of libcrypto. */
static void reference(const char *name, const uint8_t *key, const uint8_t *iv, const uint8_t *src,
                      size_t src_len, uint8_t *dst)
{
    int len = 0;
    EVP_CIPHER *type = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    char kind[] = "CS3";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("cts_mode", kind, 0),
                           OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_EncryptInit_ex2(ctx, type, key, iv, NULL), 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    if (strstr(name, "CTS") != NULL)
        assert_int_equal(EVP_CIPHER_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, dst, &len, src, (int)src_len), 1);
    assert_int_equal(len, src_len);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(type);
}

/* Each piece in place, of a random size; the operation is thrown away on the way and its copy goes on. */
static void in_pieces(TEE_OperationHandle *op, TEE_OperationHandle *spare, const uint8_t *src,
                      uint8_t *dst, size_t len, size_t most)
{
    size_t in = 0;
    size_t made = 0;
    while (len - in > most) {
        uint8_t both[9000 + 64];
        size_t piece = 1 + next_number() % most;
        size_t room = sizeof(both);
        copy(both, src + in, piece);
        RT_OK(TEE_CipherUpdate(*op, both, piece, both, &room));
        copy(dst + made, both, room);
        in += piece;
        made += room;
        if (next_number() % 8 == 0) {
            TEE_CopyOperation(*spare, *op);
            TEE_ResetOperation(*op);
            TEE_OperationHandle was = *op;
            *op = *spare;
            *spare = was;
        }
    }
    uint8_t both[9000 + 64];
    size_t room = sizeof(both);
    copy(both, src + in, len - in);
    RT_OK(TEE_CipherDoFinal(*op, both, len - in, both, &room));
    assert_int_equal(made + room, len);
    copy(dst + made, both, room);
}

static TEE_OperationHandle bulk_op(size_t row, uint32_t mode, const uint8_t *key)
{
    size_t len = bulks[row].key_len;
    TEE_ObjectHandle one = secret_object(bulks[row].type, key, len);
    TEE_ObjectHandle two = TEE_HANDLE_NULL;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint32_t bits = (uint32_t)len * 8;
    RT_OK(TEE_AllocateOperation(&op, bulks[row].alg, mode, bulks[row].two_keys ? 2 * bits : bits));
    if (bulks[row].two_keys) {
        two = secret_object(bulks[row].type, key + len, len);
        RT_OK(TEE_SetOperationKey2(op, one, two));
        TEE_CloseObject(two);
    } else {
        RT_OK(TEE_SetOperationKey(op, one));
    }
    TEE_CloseObject(one);
    return op;
}

static void cipher_chunks(void **state)
{
    (void)state;
    uint8_t *plain = malloc(BULK);
    uint8_t *want = malloc(BULK + 32);
    uint8_t *out = malloc(BULK);
    fill(plain, BULK);
    for (size_t row = 0; row < KM_ARRAY_LEN(bulks); row++) {
        for (unsigned round = 0; round < 24; round++) {
            uint8_t key[64];
            uint8_t iv[16];
            fill_key(key, sizeof(key));
            fill(iv, sizeof(iv));
            size_t most = round % 3 == 0 ? 9000 : 40;
            size_t len = most + 16 + next_number() % (BULK - 9100);
            len = bulks[row].any_length ? len : len / 16 * 16;
            reference(bulks[row].name, key, iv, plain, len, want);
            TEE_OperationHandle op = bulk_op(row, TEE_MODE_ENCRYPT, key);
            TEE_OperationHandle spare = bulk_op(row, TEE_MODE_ENCRYPT, key);
            TEE_CipherInit(op, iv, bulks[row].iv_len);
            in_pieces(&op, &spare, plain, out, len, most);
            assert_memory_equal(out, want, len);
            TEE_FreeOperation(op);
            TEE_FreeOperation(spare);
            op = bulk_op(row, TEE_MODE_DECRYPT, key);
            spare = bulk_op(row, TEE_MODE_DECRYPT, key);
            TEE_CipherInit(op, iv, bulks[row].iv_len);
            in_pieces(&op, &spare, want, out, len, most);
            assert_memory_equal(out, plain, len);
            TEE_FreeOperation(op);
            TEE_FreeOperation(spare);
        }
    }
    free(plain);
    free(want);
    free(out);
}

static void stealing_rules(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    uint8_t iv[16] = {2};
    uint8_t out[64];
    size_t len = sizeof(out);
    TEE_ObjectHandle one = secret_object(TEE_TYPE_AES, key, 16);
    TEE_ObjectHandle other = secret_object(TEE_TYPE_AES, key + 1, 16);
    TEE_ObjectHandle larger = secret_object(TEE_TYPE_AES, key, 32);
    TEE_OperationHandle cts = keyed(TEE_ALG_AES_CTS, TEE_MODE_ENCRYPT, 128, one);
    TEE_OperationHandle xts = TEE_HANDLE_NULL;
    RT_PANICS(RT_BAD, (void)TEE_SetOperationKey2(cts, one, other));
    TEE_CipherInit(cts, iv, 16);
    RT_PANICS(RT_BAD, (void)TEE_CipherDoFinal(cts, out, 15, out, &len));
    len = 16;
    assert_int_equal(TEE_CipherDoFinal(cts, out, 17, out, &len), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 17);
    RT_OK(TEE_CipherDoFinal(cts, out, 16, out, &len));
    assert_int_equal(len, 16);
    assert_int_equal(TEE_AllocateOperation(&xts, TEE_ALG_AES_XTS, TEE_MODE_ENCRYPT, 192),
                     TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_AllocateOperation(&xts, TEE_ALG_AES_XTS, TEE_MODE_ENCRYPT, 512));
    TEE_OperationInfo info;
    TEE_GetOperationInfo(xts, &info);
    assert_int_equal(info.handleState, TEE_HANDLE_FLAG_EXPECT_TWO_KEYS);
    assert_int_equal(info.maxKeySize, 512);
    union {
        TEE_OperationInfoMultiple multiple;
        uint8_t room[sizeof(TEE_OperationInfoMultiple) + 2 * sizeof(TEE_OperationInfoKey)];
    } both;
    size_t size = sizeof(both);
    RT_OK(TEE_GetOperationInfoMultiple(xts, &both.multiple, &size));
    assert_int_equal(size, sizeof(both));
    assert_int_equal(both.multiple.numberOfKeys, 2);
    RT_PANICS(RT_BAD, (void)TEE_SetOperationKey(xts, one));
    RT_PANICS(RT_BAD, (void)TEE_SetOperationKey2(xts, one, TEE_HANDLE_NULL));
    RT_PANICS(RT_BAD, (void)TEE_SetOperationKey2(xts, one, larger));
    RT_PANICS(RT_STATE, TEE_CipherInit(xts, iv, 16));
    assert_int_equal(TEE_SetOperationKey2(xts, one, one), TEE_ERROR_SECURITY);
    RT_OK(TEE_SetOperationKey2(xts, one, other));
    TEE_GetOperationInfo(xts, &info);
    assert_int_equal(info.keySize, 0);
    assert_int_equal(info.handleState, TEE_HANDLE_FLAG_EXPECT_TWO_KEYS | TEE_HANDLE_FLAG_KEY_SET);
    RT_PANICS(RT_BAD, TEE_CipherInit(xts, iv, 8));
    TEE_CipherInit(xts, iv, 16);
    RT_PANICS(RT_STATE, (void)TEE_SetOperationKey2(xts, one, other));
    TEE_ResetOperation(xts);
    RT_OK(TEE_SetOperationKey2(xts, TEE_HANDLE_NULL, TEE_HANDLE_NULL));
    RT_PANICS(RT_STATE, TEE_CipherInit(xts, iv, 16));
    TEE_FreeOperation(xts);
    TEE_FreeOperation(cts);
    TEE_CloseObject(one);
    TEE_CloseObject(other);
    TEE_CloseObject(larger);
}

static void wrap_rules(void **state)
{
    (void)state;
    uint8_t key[16] = {7};
    uint8_t text[24] = {9};
    uint8_t out[64];
    TEE_ObjectHandle object = secret_object(TEE_TYPE_AES, key, 16);
    TEE_OperationHandle wrap = keyed(TEE_ALG_AES_KW, TEE_MODE_ENCRYPT, 128, object);
    TEE_OperationHandle unwrap = keyed(TEE_ALG_AES_KW, TEE_MODE_DECRYPT, 128, object);
    TEE_OperationHandle padded = keyed(TEE_ALG_AES_KWP, TEE_MODE_DECRYPT, 128, object);
    RT_PANICS(RT_BAD, TEE_CipherInit(wrap, key, 16));
    TEE_CipherInit(wrap, "12345678", 8);
    size_t len = 31;
    assert_int_equal(TEE_CipherDoFinal(wrap, text, 24, out, &len), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 32);
    RT_PANICS(RT_BAD, (void)TEE_CipherDoFinal(wrap, text, 8, out, &len));
    RT_PANICS(RT_BAD, (void)TEE_CipherDoFinal(wrap, text, 23, out, &len));
    RT_OK(TEE_CipherDoFinal(wrap, text, 24, out, &len));
    uint8_t wrapped[33];
    copy(wrapped, out, 32);
    uint8_t *large = calloc(1, 65544); /* more than a key can be */
    TEE_CipherInit(wrap, NULL, 0);
    RT_OK(TEE_CipherUpdate(wrap, large, 65536, NULL, &len));
    assert_int_equal(len, 0);
    assert_int_equal(TEE_CipherUpdate(wrap, large, 1, NULL, &len), TEE_ERROR_OUT_OF_MEMORY);
    len = 65544;
    RT_OK(TEE_CipherDoFinal(wrap, NULL, 0, large, &len));
    assert_int_equal(len, 65544);
    TEE_CipherInit(unwrap, NULL, 0);
    RT_OK(TEE_CipherUpdate(unwrap, large, 60000, NULL, &len));
    len = 65536;
    RT_OK(TEE_CipherDoFinal(unwrap, large + 60000, 5544, large, &len));
    assert_int_equal(len, 65536);
    free(large);
    TEE_CipherInit(unwrap, NULL, 0); /* another initial value */
    len = sizeof(out);
    assert_int_equal(TEE_CipherDoFinal(unwrap, wrapped, 32, out, &len),
                     TEE_ERROR_CIPHERTEXT_INVALID);
    for (size_t bit = 0; bit < 256; bit++) {
        TEE_CipherInit(unwrap, "12345678", 8);
        len = sizeof(out);
        wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(out, 0x5a, sizeof(out));
        assert_int_equal(TEE_CipherDoFinal(unwrap, wrapped, 32, out, &len),
                         TEE_ERROR_CIPHERTEXT_INVALID);
        assert_int_equal(out[0], 0x5a);
        wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n <= 33; n++) {
        TEE_CipherInit(unwrap, "12345678", 8);
        len = sizeof(out);
        assert_int_equal(TEE_CipherDoFinal(unwrap, wrapped, n, out, &len),
                         n == 32 ? TEE_SUCCESS : TEE_ERROR_CIPHERTEXT_INVALID);
        TEE_CipherInit(padded, NULL, 0);
        len = sizeof(out);
        assert_int_equal(TEE_CipherDoFinal(padded, wrapped, n, out, &len),
                         TEE_ERROR_CIPHERTEXT_INVALID);
    }
    TEE_FreeOperation(wrap);
    TEE_FreeOperation(unwrap);
    TEE_FreeOperation(padded);
    TEE_CloseObject(object);
}

/* ---- MACs ---- */

static const struct {
    uint32_t alg, type;
    const char *key, *message, *mac;
} macs[] = {
    /* RFC 2202, 2, case 1 */
    {TEE_ALG_HMAC_MD5, TEE_TYPE_HMAC_MD5, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "9294727a3638bb1c13f48ef8158bfc9d"},
    /* NIST, examples of HMAC with SHA-3, key shorter than the block */
    {TEE_ALG_HMAC_SHA3_256, TEE_TYPE_HMAC_SHA3_256,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "53616d706c65206d65737361676520666f72206b65796c656e3c626c6f636b6c656e",
     "4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205"},
    /* SP 800-38B, D.4 and D.5 */
    {TEE_ALG_DES3_CMAC, TEE_TYPE_DES3, "8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5", "",
     "b7a688e122ffaf95"},
    {TEE_ALG_DES3_CMAC, TEE_TYPE_DES3, "8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5",
     "6bc1bee22e409f96e93d7e117393172aae2d8a57", "743ddbe0ce2dc2ed"},
    {TEE_ALG_DES3_CMAC, TEE_TYPE_DES3, "4cf15134a2850dd58a3d10ba80570d38", "", "bd2ebf9a3ba00361"},
};

static void mac_once(TEE_OperationHandle op, struct km_slice text, struct km_slice want, size_t cut)
{
    uint8_t out[64];
    size_t len = sizeof(out);
    TEE_MACInit(op, NULL, 0);
    TEE_MACUpdate(op, text.ptr, cut);
    RT_OK(TEE_MACComputeFinal(op, text.ptr + cut, text.len - cut, out, &len));
    assert_int_equal(len, want.len);
    assert_memory_equal(out, want.ptr, len);
    TEE_MACInit(op, NULL, 0);
    RT_OK(TEE_MACCompareFinal(op, text.ptr, text.len, want.ptr, want.len));
    out[len - 1] ^= 1;
    TEE_MACInit(op, NULL, 0);
    assert_int_equal(TEE_MACCompareFinal(op, text.ptr, text.len, out, len), TEE_ERROR_MAC_INVALID);
}

static void mac_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(macs); i++) {
        size_t key_len = 0;
        const uint8_t *bytes = unhex(macs[i].key, &key_len);
        struct km_slice text = {0};
        struct km_slice want = {0};
        text.ptr = unhex(macs[i].message, &text.len);
        want.ptr = unhex(macs[i].mac, &want.len);
        TEE_ObjectHandle key = secret_object(macs[i].type, bytes, key_len);
        TEE_OperationHandle op = keyed(macs[i].alg, TEE_MODE_MAC, (uint32_t)key_len * 8, key);
        for (size_t cut = 0; cut <= text.len; cut++)
            mac_once(op, text, want, cut);
        TEE_FreeOperation(op);
        TEE_CloseObject(key);
    }
}

/* CBC-MAC is the last block of CBC from an initialization vector of zero. */
static void cbc_mac(void **state)
{
    (void)state;
    static const struct {
        uint32_t alg, padded, type;
        size_t key_len, block;
        const char *name;
    } rows[] = {
        {TEE_ALG_AES_CBC_MAC_NOPAD, TEE_ALG_AES_CBC_MAC_PKCS5, TEE_TYPE_AES, 32, 16, "AES-256-CBC"},
        {TEE_ALG_DES3_CBC_MAC_NOPAD, TEE_ALG_DES3_CBC_MAC_PKCS5, TEE_TYPE_DES3, 24, 8,
         "DES-EDE3-CBC"},
    };
    uint8_t key[32];
    uint8_t text[5024];
    uint8_t out[5024 + 32];
    fill_key(key, sizeof(key));
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        const uint8_t iv[16] = {0};
        size_t block = rows[i].block;
        TEE_ObjectHandle object = secret_object(rows[i].type, key, rows[i].key_len);
        uint32_t bits = (uint32_t)rows[i].key_len * 8;
        TEE_OperationHandle plain = keyed(rows[i].alg, TEE_MODE_MAC, bits, object);
        TEE_OperationHandle padded = keyed(rows[i].padded, TEE_MODE_MAC, bits, object);
        for (size_t round = 0; round < 40; round++) {
            size_t len = block * (1 + next_number() % (5000 / block));
            fill(text, len);
            reference(rows[i].name, key, iv, text, len, out);
            mac_once(plain, KM_SLICE(text, len), KM_SLICE(out + len - block, block),
                     next_number() % len);
            /* the padding by hand, under the algorithm that does it by itself */
            size_t n_pad = 1 + next_number() % block;
            memset(text + len - n_pad, (int)n_pad, n_pad);
            reference(rows[i].name, key, iv, text, len, out);
            mac_once(padded, KM_SLICE(text, len - n_pad), KM_SLICE(out + len - block, block),
                     len - n_pad == 0 ? 0 : next_number() % (len - n_pad));
        }
        /* a copy in the middle of a block goes on by itself */
        TEE_OperationHandle other = TEE_HANDLE_NULL;
        RT_OK(TEE_AllocateOperation(&other, rows[i].alg, TEE_MODE_MAC, bits));
        TEE_MACInit(plain, NULL, 0);
        TEE_MACUpdate(plain, text, 3 * block + 5);
        TEE_CopyOperation(other, plain);
        TEE_ResetOperation(plain);
        reference(rows[i].name, key, iv, text, 4 * block, out);
        RT_OK(TEE_MACCompareFinal(other, text + 3 * block + 5, block - 5, out + 3 * block, block));
        TEE_FreeOperation(other);
        size_t size = 16;
        TEE_MACInit(plain, NULL, 0);
        RT_PANICS(RT_BAD, (void)TEE_MACComputeFinal(plain, text, block + 1, out, &size));
        TEE_MACInit(plain, NULL, 0);
        RT_PANICS(RT_BAD, (void)TEE_MACComputeFinal(plain, text, 0, out, &size));
        TEE_FreeOperation(plain);
        TEE_FreeOperation(padded);
        TEE_CloseObject(object);
    }
}

/* Sizes with and without the parity bits; a generated key has the right ones. */
static void des3_keys(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{112, 128}, {128, 128}, {168, 192}, {192, 192}};
    for (size_t i = 0; i < KM_ARRAY_LEN(sizes); i++) {
        TEE_ObjectHandle key = TEE_HANDLE_NULL;
        TEE_ObjectInfo info;
        uint8_t bytes[24];
        size_t len = sizeof(bytes);
        RT_OK(TEE_AllocateTransientObject(TEE_TYPE_DES3, sizes[i][0], &key));
        RT_OK(TEE_GenerateKey(key, sizes[i][0], NULL, 0));
        RT_OK(TEE_GetObjectInfo1(key, &info));
        assert_int_equal(info.objectSize, sizes[i][1]);
        RT_OK(TEE_GetObjectBufferAttribute(key, TEE_ATTR_SECRET_VALUE, bytes, &len));
        assert_int_equal(len * 8, sizes[i][1]);
        for (size_t k = 0; k < len; k++)
            assert_int_equal(__builtin_popcount(bytes[k]) % 2, 1);
        TEE_FreeOperation(keyed(TEE_ALG_DES3_CBC_NOPAD, TEE_MODE_ENCRYPT, sizes[i][0], key));
        TEE_CloseObject(key);
    }
}

static TEE_Result populate_des3(TEE_ObjectHandle key, const uint8_t *bytes, size_t len)
{
    TEE_Attribute attr = ref(TEE_ATTR_SECRET_VALUE, bytes, len);
    return TEE_PopulateTransientObject(key, &attr, 1);
}

/* Each octet wrong by itself, unless the package says that it does not matter; the object stays usable. */
static void des3_parity(void **state)
{
    (void)state;
    uint8_t bytes[24];
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    fill_key(bytes, sizeof(bytes));
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_DES3, 192, &key));
    for (size_t i = 0; i < 2 * sizeof(bytes); i++) {
        size_t len = i < sizeof(bytes) ? 24 : 16;
        size_t at = i % sizeof(bytes);
        bytes[at] ^= 0x01;
        assert_int_equal(populate_des3(key, bytes, len),
                         at < len ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS);
        RT_OK(TEE_GetObjectInfo1(key, &info));
        assert_int_equal((info.handleFlags & TEE_HANDLE_FLAG_INITIALIZED) != 0, at >= len);
        TEE_ResetTransientObject(key);
        fixture_des_parity("check");
        assert_int_equal(populate_des3(key, bytes, len),
                         at < len ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS);
        TEE_ResetTransientObject(key);
        fixture_des_parity("ignore");
        RT_OK(populate_des3(key, bytes, len));
        TEE_ResetTransientObject(key);
        fixture_des_parity(NULL);
        bytes[at] ^= 0x01;
    }
    RT_OK(populate_des3(key, bytes, sizeof(bytes)));
    TEE_CloseObject(key);
}

/* Another type of the same size is no triple DES key, whatever its bits; a derived one gets its parity. */
static void des3_parity_elsewhere(void **state)
{
    (void)state;
    uint8_t bytes[24] = {0};
    uint8_t plain[24];
    uint8_t made[24];
    TEE_CloseObject(secret_object(TEE_TYPE_AES, bytes, sizeof(bytes)));
    TEE_ObjectHandle ikm = secret_object(TEE_TYPE_HKDF_IKM, bytes, sizeof(bytes));
    TEE_OperationHandle op = keyed(TEE_ALG_HKDF_SHA256_DERIVE_KEY, TEE_MODE_DERIVE, 192, ikm);
    TEE_Attribute want = val(TEE_ATTR_HKDF_OKM_LENGTH, sizeof(plain));
    const uint32_t types[] = {TEE_TYPE_GENERIC_SECRET, TEE_TYPE_DES3};
    uint8_t *const outs[] = {plain, made};
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++) {
        TEE_ObjectHandle derived = TEE_HANDLE_NULL;
        size_t len = sizeof(plain);
        RT_OK(TEE_AllocateTransientObject(types[i], 192, &derived));
        TEE_DeriveKey(op, &want, 1, derived);
        RT_OK(TEE_GetObjectBufferAttribute(derived, TEE_ATTR_SECRET_VALUE, outs[i], &len));
        TEE_CloseObject(derived);
    }
    assert_false(km_des_has_parity(KM_SLICE(plain, sizeof(plain))));
    km_des_set_parity(KM_SPAN(plain, sizeof(plain)));
    assert_memory_equal(made, plain, sizeof(made));
    TEE_FreeOperation(op);
    TEE_CloseObject(ikm);
}

/* ---- what the host forbids ---- */

static bool no_legacy(void *arg, uint32_t alg, uint32_t key_bits)
{
    assert_ptr_equal(arg, &fake);
    if (alg == TEE_ALG_ECDSA_SHA1)
        return key_bits > 224;
    return alg != TEE_ALG_MD5 && (alg != TEE_ALG_DES3_CBC_NOPAD || key_bits == 192);
}

static void forbidden(void **state)
{
    (void)state;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t bytes[24];
    memset(bytes, 1, sizeof(bytes));
    TEE_ObjectHandle two = secret_object(TEE_TYPE_DES3, bytes, 16);
    TEE_ObjectHandle three = secret_object(TEE_TYPE_DES3, bytes, 24);
    fixture_allow(no_legacy);
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_MD5, 0), TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_MD5, TEE_MODE_DIGEST, 0),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_ECDSA_SHA1, TEE_ECC_CURVE_NIST_P224),
                     TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_ECDSA_SHA1, TEE_ECC_CURVE_NIST_P256));
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_DES3_CBC_NOPAD, TEE_MODE_ENCRYPT, 112),
                     TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_AllocateOperation(&op, TEE_ALG_DES3_CBC_NOPAD, TEE_MODE_ENCRYPT, 192));
    /* room for the larger key does not let the smaller one in */
    assert_int_equal(TEE_SetOperationKey(op, two), TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_SetOperationKey(op, three));
    TEE_FreeOperation(op);
    /* nor does a hash that is a parameter */
    TEE_ObjectHandle ikm = secret_object(TEE_TYPE_HKDF, bytes, 16);
    TEE_ObjectHandle out = TEE_HANDLE_NULL;
    TEE_Attribute md5[] = {val(TEE_ATTR_HKDF_HASH_ALGORITHM, TEE_ALG_MD5),
                           val(TEE_ATTR_KDF_KEY_SIZE, 16)};
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_AES, 128, &out));
    op = keyed(TEE_ALG_HKDF, TEE_MODE_DERIVE, 128, ikm);
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, md5, 2, out));
    fixture_allow(NULL);
    TEE_DeriveKey(op, md5, 2, out);
    TEE_FreeOperation(op);
    TEE_CloseObject(out);
    TEE_CloseObject(ikm);
    TEE_CloseObject(two);
    TEE_CloseObject(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(digest_known_answers, fixture_after),
        cmocka_unit_test_teardown(digest_without_end, fixture_after),
        cmocka_unit_test_teardown(cipher_known_answers, fixture_after),
        cmocka_unit_test_teardown(cipher_chunks, fixture_after),
        cmocka_unit_test_teardown(stealing_rules, fixture_after),
        cmocka_unit_test_teardown(wrap_rules, fixture_after),
        cmocka_unit_test_teardown(mac_known_answers, fixture_after),
        cmocka_unit_test_teardown(cbc_mac, fixture_after),
        cmocka_unit_test_teardown(des3_keys, fixture_after),
        cmocka_unit_test_teardown(des3_parity, fixture_after),
        cmocka_unit_test_teardown(des3_parity_elsewhere, fixture_after),
        cmocka_unit_test_teardown(forbidden, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
