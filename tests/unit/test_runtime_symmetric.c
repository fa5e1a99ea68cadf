/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, ciphers, authenticated encryption and MACs: published vectors, and libcrypto under random cutting. */
#include "tests/unit/runtime_fixture.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* ---- digests: FIPS 180-4 examples, "abc" ---- */

static const struct {
    uint32_t alg;
    const char *abc;
} digests[] = {
    {TEE_ALG_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {TEE_ALG_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {TEE_ALG_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {TEE_ALG_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                     "8086072ba1e7cc2358baeca134c825a7"},
    {TEE_ALG_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void digest_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++) {
        TEE_OperationHandle op = TEE_HANDLE_NULL;
        size_t want_len = 0;
        const uint8_t *want = unhex(digests[i].abc, &want_len);
        uint8_t hash[64];
        RT_OK(TEE_AllocateOperation(&op, digests[i].alg, TEE_MODE_DIGEST, 0));
        for (int round = 0; round < 2; round++) { /* the second shows that the state was reset */
            size_t len = want_len - 1;
            TEE_DigestUpdate(op, "a", 1);
            assert_int_equal(TEE_DigestDoFinal(op, "bc", 2, hash, &len), TEE_ERROR_SHORT_BUFFER);
            assert_int_equal(len, want_len);
            len = sizeof(hash);
            RT_OK(TEE_DigestDoFinal(op, "bc", 2, hash, &len));
            assert_int_equal(len, want_len);
            assert_memory_equal(hash, want, len);
        }
        TEE_FreeOperation(op);
    }
}

static void digest_extracts(void **state)
{
    (void)state;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_OperationHandle other = TEE_HANDLE_NULL;
    const uint8_t *want = unhex(digests[2].abc, NULL);
    uint8_t hash[64];
    RT_OK(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    RT_OK(TEE_AllocateOperation(&other, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    TEE_DigestUpdate(op, "abc", 3);
    size_t at = 0;
    for (size_t step = 1; at < 20; step++) {
        size_t len = step;
        RT_OK(TEE_DigestExtract(op, hash, &len));
        assert_int_equal(len, step);
        assert_memory_equal(hash, want + at, len);
        at += len;
    }
    RT_PANICS(RT_STATE, TEE_DigestUpdate(op, "x", 1));
    size_t len = sizeof(hash);
    RT_PANICS(RT_STATE, (void)TEE_DigestDoFinal(op, "x", 1, hash, &len));
    TEE_CopyOperation(other, op);
    RT_OK(TEE_DigestDoFinal(op, NULL, 0, hash, &len));
    assert_int_equal(len, 32 - at);
    assert_memory_equal(hash, want + at, len);
    len = sizeof(hash);
    RT_OK(TEE_DigestExtract(other, hash, &len));
    assert_int_equal(len, 32 - at);
    len = sizeof(hash);
    RT_OK(TEE_DigestExtract(other, hash, &len));
    assert_int_equal(len, 0);
    TEE_OperationInfo info;
    TEE_GetOperationInfo(other, &info);
    assert_true(info.handleState & TEE_HANDLE_FLAG_EXTRACTING);
    TEE_ResetOperation(other);
    len = sizeof(hash);
    RT_OK(TEE_DigestDoFinal(other, "abc", 3, hash, &len));
    assert_memory_equal(hash, want, 32);
    TEE_FreeOperation(op);
    TEE_FreeOperation(other);
}

/* ---- ciphers: SP 800-38A, appendix F (four blocks, the same text for each) ---- */

#define SP800_38A_PLAIN                                                                            \
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"                             \
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define KEY128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY192 "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define KEY256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define IV_CBC "000102030405060708090a0b0c0d0e0f"
#define IV_CTR "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

static const struct {
    uint32_t alg;
    const char *key, *iv, *cipher;
} ciphers[] = {
    {TEE_ALG_AES_ECB_NOPAD, KEY128, "", /* F.1.1 */
     "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
     "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"},
    {TEE_ALG_AES_ECB_NOPAD, KEY256, "", /* F.1.5 */
     "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
     "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7"},
    {TEE_ALG_AES_CBC_NOPAD, KEY128, IV_CBC, /* F.2.1 */
     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
     "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"},
    {TEE_ALG_AES_CBC_NOPAD, KEY192, IV_CBC, /* F.2.3 */
     "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
     "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd"},
    {TEE_ALG_AES_CBC_NOPAD, KEY256, IV_CBC, /* F.2.5 */
     "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
     "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"},
    {TEE_ALG_AES_CTR, KEY128, IV_CTR, /* F.5.1 */
     "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
     "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"},
    {TEE_ALG_AES_CTR, KEY256, IV_CTR, /* F.5.5 */
     "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
     "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"},
};

static TEE_OperationHandle cipher_op(size_t i, uint32_t mode)
{
    size_t key_len = 0;
    const uint8_t *bytes = unhex(ciphers[i].key, &key_len);
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, bytes, key_len);
    TEE_OperationHandle op = keyed(ciphers[i].alg, mode, (uint32_t)key_len * 8, key);
    TEE_CloseObject(key); /* the operation has its own copy */
    return op;
}

static void cipher_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ciphers); i++) {
        size_t iv_len = 0;
        const uint8_t *iv = unhex(ciphers[i].iv, &iv_len);
        const uint8_t *plain = unhex(SP800_38A_PLAIN, NULL);
        const uint8_t *cipher = unhex(ciphers[i].cipher, NULL);
        TEE_OperationHandle enc = cipher_op(i, TEE_MODE_ENCRYPT);
        TEE_OperationHandle dec = cipher_op(i, TEE_MODE_DECRYPT);
        for (size_t cut = 0; cut <= 64; cut++) {
            uint8_t out[64];
            size_t a = sizeof(out);
            TEE_CipherInit(enc, iv, iv_len);
            RT_OK(TEE_CipherUpdate(enc, plain, cut, out, &a));
            size_t b = sizeof(out) - a;
            RT_OK(TEE_CipherDoFinal(enc, plain + cut, 64 - cut, out + a, &b));
            assert_int_equal(a + b, 64);
            assert_memory_equal(out, cipher, 64);
            a = sizeof(out);
            TEE_CipherInit(dec, iv, iv_len);
            RT_OK(TEE_CipherUpdate(dec, cipher, cut, out, &a));
            b = sizeof(out) - a;
            RT_OK(TEE_CipherDoFinal(dec, cipher + cut, 64 - cut, out + a, &b));
            assert_memory_equal(out, plain, 64);
        }
        TEE_FreeOperation(enc);
        TEE_FreeOperation(dec);
    }
}

#define BULK 20000

/* Random pieces, in place and apart, against one stroke of libcrypto. */
static void cipher_chunks(void **state)
{
    (void)state;
    static const char *const names[] = {"AES-256-ECB", "AES-256-CBC", "AES-256-CTR"};
    static const size_t rows[] = {1, 4, 6};
    uint8_t *plain = malloc(BULK);
    uint8_t *want = malloc(BULK + 32);
    uint8_t *out = malloc(BULK);
    for (size_t i = 0; i < BULK; i++)
        plain[i] = (uint8_t)next_number();
    for (size_t r = 0; r < KM_ARRAY_LEN(rows); r++) {
        size_t row = rows[r];
        size_t iv_len = 0;
        uint8_t iv[16] = {0};
        copy(iv, unhex(ciphers[row].iv, &iv_len), strlen(ciphers[row].iv) / 2);
        int len = 0;
        EVP_CIPHER *type = EVP_CIPHER_fetch(NULL, names[r], NULL);
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        EVP_EncryptInit_ex2(ctx, type, unhex(ciphers[row].key, NULL), iv, NULL);
        EVP_CIPHER_CTX_set_padding(ctx, 0);
        EVP_EncryptUpdate(ctx, want, &len, plain, BULK);
        assert_int_equal(len, BULK);
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_free(type);
        for (int round = 0; round < 60; round++) {
            bool in_place = round % 2 == 0;
            TEE_OperationHandle op = cipher_op(row, TEE_MODE_ENCRYPT);
            TEE_CipherInit(op, iv, iv_len);
            size_t in = 0;
            size_t made = 0;
            while (in < BULK) {
                size_t piece = next_number() % (round % 3 == 0 ? 9000 : 40);
                piece = piece > BULK - in ? BULK - in : piece;
                size_t room = BULK - made;
                if (in_place) { /* source and destination start at the same octet */
                    uint8_t both[9000];
                    room = sizeof(both);
                    copy(both, plain + in, piece);
                    RT_OK(TEE_CipherUpdate(op, both, piece, both, &room));
                    assert_memory_equal(both, want + made, room);
                } else {
                    RT_OK(TEE_CipherUpdate(op, plain + in, piece, out + made, &room));
                }
                in += piece;
                made += room;
            }
            size_t none = 0;
            RT_OK(TEE_CipherDoFinal(op, NULL, 0, NULL, &none));
            assert_int_equal(made, BULK);
            if (!in_place)
                assert_memory_equal(out, want, BULK);
            TEE_FreeOperation(op);
        }
    }
    free(plain);
    free(want);
    free(out);
}

static void cipher_rules(void **state)
{
    (void)state;
    TEE_OperationHandle op = cipher_op(2, TEE_MODE_ENCRYPT);
    TEE_OperationHandle other = cipher_op(4, TEE_MODE_ENCRYPT);
    uint8_t buf[64] = {0};
    const uint8_t *iv = unhex(IV_CBC, NULL);
    size_t len = sizeof(buf);
    RT_PANICS(RT_STATE, (void)TEE_CipherUpdate(op, buf, 16, buf, &len));
    RT_PANICS(RT_BAD, TEE_CipherInit(op, iv, 15));
    RT_PANICS(RT_BAD, TEE_CipherInit(op, NULL, 16));
    TEE_CipherInit(op, iv, 16);
    RT_PANICS(RT_STATE, (void)TEE_SetOperationKey(op, TEE_HANDLE_NULL));
    len = 15;
    assert_int_equal(TEE_CipherUpdate(op, buf, 17, buf, &len), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 16);
    len = 0;
    RT_OK(TEE_CipherUpdate(op, buf, 15, NULL, &len));
    assert_int_equal(len, 0);
    len = sizeof(buf);
    RT_PANICS(RT_BAD, (void)TEE_CipherDoFinal(op, buf, 2, buf, &len));
    len = sizeof(buf);
    RT_PANICS(RT_BAD, (void)TEE_CipherUpdate(op, buf, 32, buf + 8, &len));
    len = 0;
    assert_int_equal(TEE_CipherDoFinal(op, buf, 1, buf, &len), TEE_ERROR_SHORT_BUFFER);
    RT_OK(TEE_CipherDoFinal(op, buf, 1, buf, &len));
    RT_PANICS(RT_STATE, (void)TEE_CipherDoFinal(op, buf, 16, buf, &len));
    RT_PANICS(RT_BAD, TEE_MACInit(op, NULL, 0));
    RT_PANICS(RT_BAD, TEE_CopyOperation(op, other)); /* the key is larger than op allows */
    TEE_CipherInit(op, iv, 16);                      /* an active operation starts over */
    TEE_CipherInit(op, iv, 16);
    TEE_ResetOperation(op);
    RT_PANICS(RT_STATE, (void)TEE_CipherUpdate(op, buf, 16, buf, &len));
    TEE_FreeOperation(op);
    TEE_FreeOperation(other);
}

/* A copy in the middle of a message goes on by itself, held octets included. */
static void cipher_copy(void **state)
{
    (void)state;
    TEE_OperationHandle a = cipher_op(2, TEE_MODE_ENCRYPT);
    TEE_OperationHandle b = cipher_op(2, TEE_MODE_ENCRYPT);
    const uint8_t *plain = unhex(SP800_38A_PLAIN, NULL);
    uint8_t out[64];
    size_t len = sizeof(out);
    TEE_CipherInit(a, unhex(IV_CBC, NULL), 16);
    RT_OK(TEE_CipherUpdate(a, plain, 23, out, &len));
    assert_int_equal(len, 16);
    TEE_CopyOperation(b, a);
    TEE_FreeOperation(a);
    len = 48;
    RT_OK(TEE_CipherDoFinal(b, plain + 23, 41, out + 16, &len));
    assert_int_equal(len, 48);
    assert_memory_equal(out, unhex(ciphers[2].cipher, NULL), 64);
    TEE_FreeOperation(b);
}

/* ---- GCM: SP 800-38D submission (McGrew, Viega), test cases 3, 4, 13, 16, 5, 6 ---- */

#define GCM_P                                                                                      \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                             \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_A "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_K128 "feffe9928665731c6d6a8f9467308308"

static const struct {
    const char *key, *nonce, *aad, *plain, *cipher, *tag;
} gcm[] = {
    {GCM_K128, "cafebabefacedbaddecaf888", GCM_A, GCM_P, /* 4 */
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {GCM_K128, "cafebabefacedbad", GCM_A, GCM_P, /* 5: a nonce of 8 octets */
     "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423"
     "73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
     "3612d2e79e3b0785561be14aaca2fccb"},
    {GCM_K128, /* 6: a nonce of 60 octets */
     "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b5254"
     "16aedbf5a0de6a57a637b39b",
     GCM_A, GCM_P,
     "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca7"
     "01e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5",
     "619cc5aefffe0bfa462af43c1699d050"},
    {"0000000000000000000000000000000000000000000000000000000000000000", /* 13: nothing at all */
     "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {GCM_K128 GCM_K128, "cafebabefacedbaddecaf888", GCM_A, GCM_P, /* 16 */
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static TEE_OperationHandle gcm_op(size_t i, uint32_t mode)
{
    size_t len = 0;
    const uint8_t *bytes = unhex(gcm[i].key, &len);
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, bytes, len);
    TEE_OperationHandle op = keyed(TEE_ALG_AES_GCM, mode, (uint32_t)len * 8, key);
    TEE_CloseObject(key);
    return op;
}

static void gcm_once(size_t i, TEE_OperationHandle op, bool encrypt, size_t cut)
{
    size_t nonce_len = 0;
    size_t aad_len = 0;
    size_t len = 0;
    const uint8_t *nonce = unhex(gcm[i].nonce, &nonce_len);
    const uint8_t *aad = unhex(gcm[i].aad, &aad_len);
    const uint8_t *in = unhex(encrypt ? gcm[i].plain : gcm[i].cipher, &len);
    const uint8_t *want = unhex(encrypt ? gcm[i].cipher : gcm[i].plain, NULL);
    uint8_t buf[64];
    uint8_t tag[16];
    size_t tag_len = sizeof(tag);
    copy(buf, in, len);
    RT_OK(TEE_AEInit(op, nonce, nonce_len, 128, aad_len, len));
    TEE_AEUpdateAAD(op, aad, aad_len / 3);
    TEE_AEUpdateAAD(op, aad + aad_len / 3, aad_len - aad_len / 3);
    size_t a = sizeof(buf);
    RT_OK(TEE_AEUpdate(op, buf, cut, buf, &a)); /* in place */
    size_t b = sizeof(buf) - a;
    if (encrypt) {
        RT_OK(TEE_AEEncryptFinal(op, buf + cut, len - cut, buf + a, &b, tag, &tag_len));
        assert_memory_equal(tag, unhex(gcm[i].tag, NULL), 16);
    } else {
        copy(tag, unhex(gcm[i].tag, NULL), 16);
        RT_OK(TEE_AEDecryptFinal(op, buf + cut, len - cut, buf + a, &b, tag, 16));
    }
    assert_int_equal(a + b, len);
    assert_memory_equal(buf, want, len);
}

static void gcm_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(gcm); i++) {
        TEE_OperationHandle enc = gcm_op(i, TEE_MODE_ENCRYPT);
        TEE_OperationHandle dec = gcm_op(i, TEE_MODE_DECRYPT);
        size_t len = strlen(gcm[i].plain) / 2;
        for (size_t cut = 0; cut <= len; cut++) {
            gcm_once(i, enc, true, cut);
            gcm_once(i, dec, false, cut);
        }
        TEE_FreeOperation(enc);
        TEE_FreeOperation(dec);
    }
}

/* Every bit of tag, text, data and nonce matters, and what did not fit is wiped. */
static void gcm_refuses(void **state)
{
    (void)state;
    TEE_OperationHandle dec = gcm_op(0, TEE_MODE_DECRYPT);
    uint8_t parts[4][64] = {{0}};
    size_t sizes[4] = {16, 60, 20, 12};
    copy(parts[0], unhex(gcm[0].tag, NULL), 16);
    copy(parts[1], unhex(gcm[0].cipher, NULL), 60);
    copy(parts[2], unhex(GCM_A, NULL), 20);
    copy(parts[3], unhex(gcm[0].nonce, NULL), 12);
    uint8_t zero[64] = {0};
    for (size_t part = 0; part < 4; part++) {
        for (size_t bit = 0; bit < sizes[part] * 8; bit++) {
            uint8_t out[64];
            size_t len = sizeof(out);
            parts[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
            RT_OK(TEE_AEInit(dec, parts[3], 12, 128, 0, 0));
            TEE_AEUpdateAAD(dec, parts[2], 20);
            assert_int_equal(TEE_AEDecryptFinal(dec, parts[1], 60, out, &len, parts[0], 16),
                             TEE_ERROR_MAC_INVALID);
            assert_memory_equal(out, zero, 60);
            parts[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    for (size_t tag_len = 0; tag_len < 16;
         tag_len++) { /* a shortened tag is not a shorter tag length */
        uint8_t out[64];
        size_t len = sizeof(out);
        RT_OK(TEE_AEInit(dec, parts[3], 12, 128, 0, 0));
        TEE_AEUpdateAAD(dec, parts[2], 20);
        assert_int_equal(TEE_AEDecryptFinal(dec, parts[1], 60, out, &len, parts[0], tag_len),
                         TEE_ERROR_MAC_INVALID);
    }
    RT_OK(TEE_AEInit(dec, parts[3], 12, 96, 0, 0));
    TEE_AEUpdateAAD(dec, parts[2], 20);
    uint8_t out[64];
    size_t len = sizeof(out);
    RT_OK(TEE_AEDecryptFinal(dec, parts[1], 60, out, &len, parts[0], 12));
    TEE_FreeOperation(dec);
}

static void gcm_rules(void **state)
{
    (void)state;
    TEE_OperationHandle enc = gcm_op(0, TEE_MODE_ENCRYPT);
    uint8_t nonce[200] = {1};
    uint8_t buf[32] = {0};
    uint8_t tag[16];
    size_t len = sizeof(buf);
    size_t tag_len = sizeof(tag);
    RT_PANICS(RT_STATE, TEE_AEUpdateAAD(enc, buf, 1));
    RT_PANICS(RT_BAD, (void)TEE_AEInit(enc, nonce, 0, 128, 0, 0));
    RT_PANICS(RT_BAD, (void)TEE_AEInit(enc, NULL, 12, 128, 0, 0));
    for (uint32_t bits = 0; bits <= 160; bits++) {
        bool ok = bits >= 96 && bits <= 128 && bits % 8 == 0;
        assert_int_equal(TEE_AEInit(enc, nonce, 12, bits, 0, 0),
                         ok ? TEE_SUCCESS : TEE_ERROR_NOT_SUPPORTED);
        if (ok)
            TEE_ResetOperation(enc);
    }
    assert_int_equal(TEE_AEInit(enc, nonce, 129, 128, 0, 0), TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_AEInit(enc, nonce, 128, 128, 0, 0));
    RT_PANICS(RT_STATE, (void)TEE_AEInit(enc, nonce, 12, 128, 0, 0));
    len = 15;
    assert_int_equal(TEE_AEUpdate(enc, buf, 16, buf, &len), TEE_ERROR_SHORT_BUFFER);
    RT_OK(TEE_AEUpdate(enc, buf, 16, buf, &len));
    RT_PANICS(RT_STATE, TEE_AEUpdateAAD(enc, buf, 1));
    RT_PANICS(RT_BAD, (void)TEE_AEDecryptFinal(enc, NULL, 0, NULL, NULL, tag, 16));
    tag_len = 15;
    assert_int_equal(TEE_AEEncryptFinal(enc, NULL, 0, NULL, NULL, tag, &tag_len),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(tag_len, 16);
    RT_OK(TEE_AEEncryptFinal(enc, NULL, 0, NULL, NULL, tag, &tag_len));
    RT_PANICS(RT_STATE, (void)TEE_AEEncryptFinal(enc, NULL, 0, NULL, NULL, tag, &tag_len));
    TEE_FreeOperation(enc);
}

/* ---- MACs: RFC 2202 case 2, RFC 4231 cases 1-4 and 6, SP 800-38B appendix D ---- */

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA131 AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa"
#define LARGE_KEY_TEXT                                                                             \
    "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374"

static const struct {
    uint32_t alg, type;
    const char *key, *message, *mac;
} macs[] = {
    {TEE_ALG_HMAC_SHA1, TEE_TYPE_HMAC_SHA1, "4a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {TEE_ALG_HMAC_SHA224, TEE_TYPE_HMAC_SHA224, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265", "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"},
    {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, "4a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256, AA131, LARGE_KEY_TEXT,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {TEE_ALG_HMAC_SHA384, TEE_TYPE_HMAC_SHA384, "4a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
    {TEE_ALG_HMAC_SHA512, TEE_TYPE_HMAC_SHA512, "4a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
     "caeab1a34d4a6b4b636e070a38bce737"},
    {TEE_ALG_AES_CMAC, TEE_TYPE_AES, KEY128, "", "bb1d6929e95937287fa37d129b756746"},
    {TEE_ALG_AES_CMAC, TEE_TYPE_AES, KEY128, "6bc1bee22e409f96e93d7e117393172a",
     "070a16b46b4d4144f79bdd9dd04a287c"},
    {TEE_ALG_AES_CMAC, TEE_TYPE_AES, KEY128,
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
     "dfa66747de9ae63030ca32611497c827"},
    {TEE_ALG_AES_CMAC, TEE_TYPE_AES, KEY192, SP800_38A_PLAIN, "a1d5df0eed790f794d77589659f39a11"},
    {TEE_ALG_AES_CMAC, TEE_TYPE_AES, KEY256, SP800_38A_PLAIN, "e1992190549f6ed5696a2c056c315410"},
};

static TEE_OperationHandle mac_op(size_t i)
{
    size_t len = 0;
    const uint8_t *bytes = unhex(macs[i].key, &len);
    TEE_ObjectHandle key = secret_object(macs[i].type, bytes, len);
    TEE_OperationHandle op = keyed(macs[i].alg, TEE_MODE_MAC, (uint32_t)len * 8, key);
    TEE_CloseObject(key);
    return op;
}

static void mac_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(macs); i++) {
        TEE_OperationHandle op = mac_op(i);
        size_t len = 0;
        size_t want_len = 0;
        const uint8_t *message = unhex(macs[i].message, &len);
        uint8_t want[64] = {0};
        copy(want, unhex(macs[i].mac, &want_len), strlen(macs[i].mac) / 2);
        for (size_t cut = 0; cut <= len; cut++) {
            uint8_t mac[64];
            size_t mac_len = want_len - 1;
            TEE_MACInit(op, NULL, 0);
            TEE_MACUpdate(op, message, cut);
            assert_int_equal(TEE_MACComputeFinal(op, message + cut, len - cut, mac, &mac_len),
                             TEE_ERROR_SHORT_BUFFER);
            assert_int_equal(mac_len, want_len);
            RT_OK(TEE_MACComputeFinal(op, message + cut, len - cut, mac, &mac_len));
            assert_int_equal(mac_len, want_len);
            assert_memory_equal(mac, want, want_len);
            TEE_MACInit(op, NULL, 0);
            TEE_MACUpdate(op, message, cut);
            RT_OK(TEE_MACCompareFinal(op, message + cut, len - cut, want, want_len));
        }
        for (size_t bit = 0; bit < want_len * 8; bit++) {
            want[bit / 8] ^= (uint8_t)(1u << bit % 8);
            TEE_MACInit(op, NULL, 0);
            assert_int_equal(TEE_MACCompareFinal(op, message, len, want, want_len),
                             TEE_ERROR_MAC_INVALID);
            want[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t cut = 0; cut < want_len; cut++) {
            TEE_MACInit(op, NULL, 0);
            assert_int_equal(TEE_MACCompareFinal(op, message, len, want, cut),
                             TEE_ERROR_MAC_INVALID);
        }
        TEE_FreeOperation(op);
    }
}

static void mac_rules(void **state)
{
    (void)state;
    TEE_OperationHandle op = mac_op(3);
    TEE_OperationHandle copy = mac_op(3);
    uint8_t mac[64];
    size_t len = sizeof(mac);
    RT_PANICS(RT_STATE, TEE_MACUpdate(op, "a", 1));
    RT_PANICS(RT_STATE, (void)TEE_MACComputeFinal(op, NULL, 0, mac, &len));
    RT_PANICS(RT_STATE, (void)TEE_MACCompareFinal(op, NULL, 0, mac, 32));
    TEE_MACInit(op, NULL, 0);
    TEE_MACUpdate(op, "what do ya want ", 16);
    TEE_CopyOperation(copy, op);
    TEE_MACUpdate(op, "rubbish", 7);
    RT_OK(TEE_MACCompareFinal(copy, "for nothing?", 12, unhex(macs[3].mac, NULL), 32));
    TEE_MACInit(op, NULL, 0); /* starts over */
    RT_OK(
        TEE_MACCompareFinal(op, "what do ya want for nothing?", 28, unhex(macs[3].mac, NULL), 32));
    TEE_FreeOperation(op);
    TEE_FreeOperation(copy);
}

/* ---- what may be allocated ---- */

static void allocation_rules(void **state)
{
    (void)state;
    static const uint32_t absent[] = {TEE_ALG_DES_CBC_NOPAD,
                                      TEE_ALG_SM4_ECB_PKCS5,
                                      TEE_ALG_SM4_CBC_PKCS5,
                                      TEE_ALG_SM2_DSA_SM3,
                                      TEE_ALG_SM2_KEP,
                                      TEE_ALG_SM2_PKE,
                                      0,
                                      0xffffffffu};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(absent); i++) {
        assert_int_equal(TEE_IsAlgorithmSupported(absent[i], TEE_CRYPTO_ELEMENT_NONE),
                         TEE_ERROR_NOT_SUPPORTED);
        for (uint32_t mode = 0; mode <= TEE_MODE_DERIVE; mode++)
            assert_int_equal(TEE_AllocateOperation(&op, absent[i], mode, 128),
                             TEE_ERROR_NOT_SUPPORTED);
    }
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_AES_GCM, TEE_MODE_ENCRYPT, 129),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_AES_GCM, TEE_MODE_SIGN, 128),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_AES_GCM, TEE_MODE_ILLEGAL_VALUE, 128),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_ECDSA_SHA256, TEE_MODE_SIGN, 255),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(
        TEE_AllocateOperation(&op, TEE_ALG_RSASSA_PKCS1_V1_5_SHA256, TEE_MODE_SIGN, 1024),
        TEE_ERROR_NOT_SUPPORTED);
    assert_null(op);
    RT_PANICS(RT_BAD, (void)TEE_AllocateOperation(NULL, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_ECDSA_SHA256, TEE_ECC_CURVE_NIST_P384));
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_ECDSA_SHA256, TEE_ECC_CURVE_BSI_P256r1),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_ECDSA_SHA256, 0), TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_AES_GCM, TEE_CRYPTO_ELEMENT_NONE));
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_AES_GCM, TEE_ECC_CURVE_NIST_P256),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(TEE_HANDLE_NULL);
    TEE_ResetOperation(TEE_HANDLE_NULL);
}

static void operation_info(void **state)
{
    (void)state;
    TEE_OperationHandle op = gcm_op(4, TEE_MODE_ENCRYPT);
    TEE_OperationInfo info;
    union {
        TEE_OperationInfoMultiple multiple;
        uint8_t room[64];
    } out;
    size_t size = 4;
    RT_OK(TEE_AEInit(op, "123456789012", 12, 104, 0, 0));
    TEE_GetOperationInfo(op, &info);
    assert_int_equal(info.algorithm, TEE_ALG_AES_GCM);
    assert_int_equal(info.operationClass, TEE_OPERATION_AE);
    assert_int_equal(info.digestLength, 13);
    assert_int_equal(info.keySize, 256);
    assert_int_equal(info.requiredKeyUsage, TEE_USAGE_ENCRYPT);
    assert_int_equal(info.handleState, TEE_HANDLE_FLAG_KEY_SET | TEE_HANDLE_FLAG_INITIALIZED);
    assert_int_equal(TEE_GetOperationInfoMultiple(op, &out.multiple, &size),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(size, sizeof(TEE_OperationInfoMultiple) + sizeof(TEE_OperationInfoKey));
    RT_OK(TEE_GetOperationInfoMultiple(op, &out.multiple, &size));
    assert_int_equal(out.multiple.numberOfKeys, 1);
    assert_int_equal(out.multiple.keyInformation[0].keySize, 256);
    assert_int_equal(out.multiple.operationState, TEE_OPERATION_STATE_ACTIVE);
    TEE_FreeOperation(op);
    RT_OK(TEE_AllocateOperation(&op, TEE_ALG_AES_GCM, TEE_MODE_ENCRYPT, 128));
    RT_PANICS(RT_STATE, TEE_ResetOperation(op));
    RT_PANICS(RT_BAD, TEE_GetOperationInfo(op, NULL));
    RT_PANICS(RT_BAD, TEE_GetOperationInfo((TEE_OperationHandle)(uintptr_t)0x1234, &info));
    TEE_FreeOperation(op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(digest_known_answers, fixture_after),
        cmocka_unit_test_teardown(digest_extracts, fixture_after),
        cmocka_unit_test_teardown(cipher_known_answers, fixture_after),
        cmocka_unit_test_teardown(cipher_chunks, fixture_after),
        cmocka_unit_test_teardown(cipher_rules, fixture_after),
        cmocka_unit_test_teardown(cipher_copy, fixture_after),
        cmocka_unit_test_teardown(gcm_known_answers, fixture_after),
        cmocka_unit_test_teardown(gcm_refuses, fixture_after),
        cmocka_unit_test_teardown(gcm_rules, fixture_after),
        cmocka_unit_test_teardown(mac_known_answers, fixture_after),
        cmocka_unit_test_teardown(mac_rules, fixture_after),
        cmocka_unit_test_teardown(allocation_rules, fixture_after),
        cmocka_unit_test_teardown(operation_info, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
