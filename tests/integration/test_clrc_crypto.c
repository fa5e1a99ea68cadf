/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, MACs, ciphers and AES-GCM in the service, whole, in parts and in place, against libcrypto in this process. */
#include "tests/integration/clrc_reference.h"

/* ---- digests, MACs ---- */

static const size_t lengths[] = {0, 1, 63, 64, 4095, 4096, 4097, 65536, MIB, BIG};

static void test_digests(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        for (size_t i = 0; i < KM_ARRAY_LEN(lengths); i++) {
            uint8_t expected[64], got[64] = {0};
            uint32_t len = sizeof(got);
            size_t expected_len = ref_digest(hashes[h].name, big, lengths[i], expected);
            ok(clrcDigest(hashes[h].digest, big, lengths[i], got, &len));
            assert_int_equal(len, expected_len);
            assert_memory_equal(got, expected, len);
        }
        uint8_t got[64];
        uint32_t len = 0;
        expect(clrcDigest(hashes[h].digest, big, 3, NULL, &len), CLRC_ERROR_SHORT_BUFFER);
        uint32_t needed = len;
        len--;
        expect(clrcDigest(hashes[h].digest, big, 3, got, &len), CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(len, needed);
    }
    uint8_t got[64];
    uint32_t len = sizeof(got);
    expect(clrcDigest(CLRC_AES_CTR, big, 3, got, &len), CLRC_ERROR_NOT_SUPPORTED);
}

static void check_mac(ClrcKeyHandle key, ClrcAlgorithm algorithm, size_t len,
                      const uint8_t *expected, size_t expected_len)
{
    uint8_t got[64] = {0};
    uint32_t got_len = sizeof(got);
    ok(clrcMac(key, algorithm, big, len, got, &got_len));
    assert_int_equal(got_len, expected_len);
    assert_memory_equal(got, expected, got_len);
    ok(clrcVerifyMac(key, algorithm, big, len, got, got_len));
    got[len % got_len] ^= 0x40;
    expect(clrcVerifyMac(key, algorithm, big, len, got, got_len), CLRC_ERROR_MAC);
    got[len % got_len] ^= 0x40;
    expect(clrcVerifyMac(key, algorithm, big, len, got, got_len - 1), CLRC_ERROR_MAC);
}

static void test_macs(void **state)
{
    (void)state;
    static const size_t key_lens[] = {8, 32, 64, 200, 512};
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        size_t key_len = key_lens[h];
        ClrcKeyHandle key = test_import_raw(KEY_HMAC, big + 100, (uint32_t)key_len);
        for (size_t i = 0; i < KM_ARRAY_LEN(lengths) - 1; i++) {
            uint8_t expected[64];
            size_t expected_len =
                ref_hmac(hashes[h].name, big + 100, key_len, big, lengths[i], expected);
            check_mac(key, hashes[h].hmac, lengths[i], expected, expected_len);
        }
        clrcFreeKey(key);
    }
    static const char *const ciphers[] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};
    for (size_t c = 0; c < KM_ARRAY_LEN(ciphers); c++) {
        size_t key_len = 16 + 8 * c;
        ClrcKeyHandle key = test_import_raw(KEY_AES, big + 7, (uint32_t)key_len);
        for (size_t i = 0; i < KM_ARRAY_LEN(lengths) - 1; i++) {
            uint8_t expected[16];
            size_t expected_len = ref_mac("CMAC", ciphers[c], big + 7, key_len, big, lengths[i],
                                          expected, sizeof(expected));
            check_mac(key, CLRC_AES_CMAC, lengths[i], expected, expected_len);
        }
        clrcFreeKey(key);
    }
}

/* ---- ciphers ---- */

static const struct {
    ClrcAlgorithm algorithm;
    const char *names[3];
    bool has_iv, is_blocks;
} ciphers[] = {
    {CLRC_AES_ECB_NOPAD, {"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"}, false, true},
    {CLRC_AES_CBC_NOPAD, {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"}, true, true},
    {CLRC_AES_CTR, {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"}, true, false},
};

static void check_cipher(ClrcKeyHandle key, size_t c, size_t size, size_t len)
{
    /* The counter runs over within a few blocks. */
    static const uint8_t iv[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
    const uint8_t *use_iv = ciphers[c].has_iv ? iv : NULL;
    uint32_t iv_len = ciphers[c].has_iv ? 16 : 0;
    size_t out_len = len;
    ok(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, use_iv, iv_len, big, len, big_out,
                  &out_len));
    assert_int_equal(out_len, len);
    ref_cipher(ciphers[c].names[size], true, big + 33, use_iv, big, len, big_back);
    assert_memory_equal(big_out, big_back, len);
    /* Back, in place. */
    ok(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_DECRYPT, use_iv, iv_len, big_out, len,
                  big_out, &out_len));
    assert_memory_equal(big_out, big, len);
}

static void test_ciphers(void **state)
{
    (void)state;
    static const size_t whole[] = {16, 32, 4096, 4112, 65536, MIB};
    for (size_t c = 0; c < KM_ARRAY_LEN(ciphers); c++) {
        for (size_t size = 0; size < 3; size++) {
            ClrcKeyHandle key = test_import_raw(KEY_AES, big + 33, (uint32_t)(16 + 8 * size));
            for (size_t i = 0; i < KM_ARRAY_LEN(whole); i++)
                check_cipher(key, c, size, whole[i]);
            size_t out_len = 64;
            if (ciphers[c].is_blocks) {
                expect(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, big,
                                  ciphers[c].has_iv ? 16 : 0, big, 17, big_out, &out_len),
                       CLRC_ERROR_BAD_PARAMETERS);
            } else {
                check_cipher(key, c, size, 1);
                check_cipher(key, c, size, 4099);
            }
            out_len = 15;
            expect(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, big,
                              ciphers[c].has_iv ? 16 : 0, big, 32, big_out, &out_len),
                   CLRC_ERROR_SHORT_BUFFER);
            assert_int_equal(out_len, 32);
            out_len = 64;
            expect(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, big, 7, big, 32,
                              big_out, &out_len),
                   CLRC_ERROR_BAD_PARAMETERS);
            clrcFreeKey(key);
        }
    }
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 33, 32);
    check_cipher(key, 2, 2, BIG);
    clrcFreeKey(key);
}

static void check_gcm(ClrcKeyHandle key, const char *name, const uint8_t *octets,
                      const ClrcAead *aead, size_t len)
{
    uint8_t expected[16], tag[16] = {0};
    ref_gcm(name, octets, aead, big, len, big_back, expected);
    ok(clrcAeadEncrypt(key, CLRC_AES_GCM, aead, big, len, big_out, tag, 16));
    assert_memory_equal(big_out, big_back, len);
    assert_memory_equal(tag, expected, 16);
    memset(big_back, 0xa5, len);
    ok(clrcAeadDecrypt(key, CLRC_AES_GCM, aead, big_out, len, big_back, tag, 16));
    assert_memory_equal(big_back, big, len);
    for (uint32_t tag_len = 12; tag_len < 16; tag_len++) {
        uint8_t shorter[16] = {0};
        ok(clrcAeadEncrypt(key, CLRC_AES_GCM, aead, big, len, big_out, shorter, tag_len));
        assert_memory_equal(shorter, expected, tag_len);
    }
    /* A wrong tag: nothing comes out. */
    memset(big_back, 0xa5, len);
    tag[len % 16] ^= 1;
    expect(clrcAeadDecrypt(key, CLRC_AES_GCM, aead, big_out, len, big_back, tag, 16),
           CLRC_ERROR_MAC);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(big_back[i], 0xa5);
}

static void test_gcm(void **state)
{
    (void)state;
    static const char *const names[] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"};
    for (size_t size = 0; size < 3; size++) {
        ClrcKeyHandle key = test_import_raw(KEY_AES, big + 9, (uint32_t)(16 + 8 * size));
        ClrcAead aead = {.nonce = big + 200, .nonce_length = 12};
        check_gcm(key, names[size], big + 9, &aead, 0);
        aead.aad = big + 300;
        aead.aad_length = 20;
        check_gcm(key, names[size], big + 9, &aead, 1);
        check_gcm(key, names[size], big + 9, &aead, 100);
        aead.nonce_length = 16;
        aead.aad_length = 5000;
        check_gcm(key, names[size], big + 9, &aead, 4097);
        check_gcm(key, names[size], big + 9, &aead, MIB);
        clrcFreeKey(key);
    }
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 9, 16);
    ClrcAead aead = {.nonce = big, .nonce_length = 12};
    check_gcm(key, names[0], big + 9, &aead, BIG);
    uint8_t tag[17] = {0};
    expect(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, big, 16, big_out, tag, 11),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, big, 16, big_out, tag, 17),
           CLRC_ERROR_BAD_PARAMETERS);
    aead.nonce_length = 0;
    expect(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, big, 16, big_out, tag, 16),
           CLRC_ERROR_BAD_PARAMETERS);
    aead.nonce_length = 12;
    expect(clrcAeadEncrypt(key, CLRC_AES_CTR, &aead, big, 16, big_out, tag, 16),
           CLRC_ERROR_NOT_SUPPORTED);
    clrcFreeKey(key);
}

/* ---- operations of several parts ---- */

static void test_digest_in_parts(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        const ClrcOperationWish wish = {.algorithm = hashes[h].digest, .mode = CLRC_MODE_DIGEST};
        ClrcOperationHandle op = NULL;
        uint8_t expected[64], got[64] = {0};
        ok(clrcOperationNew(NULL, &wish, &op));
        size_t done = 0;
        for (size_t part = 1; done + part < MIB; part = part * 3 + 1) {
            ok(clrcOperationUpdate(op, big + done, part, NULL, NULL));
            done += part;
        }
        uint32_t len = 1;
        expect(clrcOperationFinal(op, NULL, NULL, got, &len), CLRC_ERROR_SHORT_BUFFER);
        ok(clrcOperationFinal(op, NULL, NULL, got, &len));
        assert_int_equal(len, ref_digest(hashes[h].name, big, done, expected));
        assert_memory_equal(got, expected, len);
        expect(clrcOperationUpdate(op, big, 1, NULL, NULL), CLRC_ERROR_STATE);
        ok(clrcOperationReset(op, NULL, 0));
        len = sizeof(got);
        ok(clrcOperationFinal(op, NULL, NULL, got, &len));
        ref_digest(hashes[h].name, big, 0, expected);
        assert_memory_equal(got, expected, len);
        clrcOperationFree(op);
    }
}

static void test_copied_digest(void **state)
{
    const ClrcOperationWish wish = {.algorithm = CLRC_SHA256, .mode = CLRC_MODE_DIGEST};
    ClrcOperationHandle ops[2] = {NULL};
    uint8_t expected[64], got[64] = {0};
    (void)state;
    ok(clrcOperationNew(NULL, &wish, &ops[0]));
    ok(clrcOperationUpdate(ops[0], big, 70001, NULL, NULL));
    ok(clrcOperationCopy(ops[0], &ops[1]));
    for (size_t i = 0; i < 2; i++) {
        uint32_t len = sizeof(got);
        ok(clrcOperationUpdate(ops[i], big + 70001, 100 + i, NULL, NULL));
        ok(clrcOperationFinal(ops[i], NULL, NULL, got, &len));
        ref_digest("SHA256", big, 70101 + i, expected);
        assert_memory_equal(got, expected, 32);
    }
    ClrcOperationHandle none = NULL;
    expect(clrcOperationCopy(ops[0], &none), CLRC_ERROR_STATE);
    expect(clrcOperationCopy(ops[0], NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcOperationCopy(NULL, &none), CLRC_ERROR_BAD_PARAMETERS);
    assert_null(none);
    clrcOperationFree(ops[0]);
    clrcOperationFree(ops[1]);
}

static void test_cipher_in_parts(void **state)
{
    (void)state;
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 33, 32);
    for (size_t c = 1; c < KM_ARRAY_LEN(ciphers); c++) {
        const ClrcOperationWish wish = {.algorithm = ciphers[c].algorithm,
                                        .mode = CLRC_MODE_ENCRYPT,
                                        .iv = big + 500,
                                        .iv_length = 16};
        ClrcOperationHandle op = NULL;
        ok(clrcOperationNew(key, &wish, &op));
        const size_t total = 100000; /* whole blocks */
        size_t done = 0, written = 0;
        for (size_t part = 1; done < total; part = part * 2 + 3) {
            size_t now = part < total - done ? part : total - done;
            size_t room = now + 16;
            ok(clrcOperationUpdate(op, big + done, now, big_out + written, &room));
            done += now;
            written += room;
        }
        size_t room = 32;
        ok(clrcOperationFinal(op, big_out + written, &room, NULL, NULL));
        written += room;
        assert_int_equal(written, total);
        ref_cipher(ciphers[c].names[2], true, big + 33, big + 500, big, total, big_back);
        assert_memory_equal(big_out, big_back, total);
        clrcOperationFree(op);
    }
    clrcFreeKey(key);
}

static void test_gcm_in_parts(void **state)
{
    (void)state;
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 9, 16);
    ClrcOperationWish wish = {.algorithm = CLRC_AES_GCM,
                              .mode = CLRC_MODE_ENCRYPT,
                              .iv = big,
                              .iv_length = 12,
                              .tag_length = 16};
    const ClrcAead aead = {.nonce = big, .nonce_length = 12, .aad = big + 40, .aad_length = 25};
    const size_t total = 9000;
    ClrcOperationHandle op = NULL;
    uint8_t tag[16] = {0}, expected[16];
    uint32_t tag_len = sizeof(tag);
    size_t room = 5000, rest = 5000, last = 64;
    ok(clrcOperationNew(key, &wish, &op));
    ok(clrcOperationUpdateAad(op, big + 40, 10));
    ok(clrcOperationUpdateAad(op, big + 50, 15));
    ok(clrcOperationUpdate(op, big, 4999, big_out, &room));
    expect(clrcOperationUpdateAad(op, big, 1), CLRC_ERROR_STATE);
    ok(clrcOperationUpdate(op, big + 4999, total - 4999, big_out + room, &rest));
    ok(clrcOperationFinal(op, big_out + room + rest, &last, tag, &tag_len));
    assert_int_equal(room + rest + last, total);
    ref_gcm("AES-128-GCM", big + 9, &aead, big, total, big_back, expected);
    assert_memory_equal(tag, expected, 16);
    assert_memory_equal(big_out, big_back, total);
    clrcOperationFree(op);

    /* Back: nothing comes out before the tag was seen to fit. */
    for (int is_right = 0; is_right < 2; is_right++) {
        wish.mode = CLRC_MODE_DECRYPT;
        ok(clrcOperationNew(key, &wish, &op));
        ok(clrcOperationUpdateAad(op, big + 40, 25));
        room = BIG;
        ok(clrcOperationUpdate(op, big_out, total, big_back, &room));
        assert_int_equal(room, 0);
        memset(big_back, 0xa5, total);
        last = BIG;
        tag[3] ^= (uint8_t)(is_right == 0 ? 1 : 0);
        expect(clrcOperationFinalVerify(op, big_back, &last, tag, 16),
               is_right == 0 ? CLRC_ERROR_MAC : CLRC_SUCCESS);
        tag[3] ^= (uint8_t)(is_right == 0 ? 1 : 0);
        if (is_right == 0) {
            for (size_t i = 0; i < total; i++)
                assert_int_equal(big_back[i], 0xa5);
        } else {
            assert_int_equal(last, total);
            assert_memory_equal(big_back, big, total);
        }
        clrcOperationFree(op);
    }
    clrcFreeKey(key);
}

static void test_mac_and_signature_in_parts(void **state)
{
    (void)state;
    ClrcKeyHandle hmac = test_import_raw(KEY_HMAC, big, 32);
    const ClrcOperationWish mac = {.algorithm = CLRC_HMAC_SHA256, .mode = CLRC_MODE_MAC};
    ClrcOperationHandle op = NULL;
    uint8_t expected[64], got[512] = {0};
    ok(clrcOperationNew(hmac, &mac, &op));
    /* The handle may go, the operation stays. */
    clrcFreeKey(hmac);
    ok(clrcOperationUpdate(op, big, 1000, NULL, NULL));
    ok(clrcOperationUpdate(op, big + 1000, 70000, NULL, NULL));
    uint32_t len = sizeof(got);
    ok(clrcOperationFinal(op, NULL, NULL, got, &len));
    assert_int_equal(len, ref_hmac("SHA256", big, 32, big, 71000, expected));
    assert_memory_equal(got, expected, len);
    ok(clrcOperationReset(op, NULL, 0));
    ok(clrcOperationUpdate(op, big, 71000, NULL, NULL));
    ok(clrcOperationFinalVerify(op, NULL, NULL, got, len));
    ok(clrcOperationReset(op, NULL, 0));
    expect(clrcOperationFinalVerify(op, NULL, NULL, got, len), CLRC_ERROR_MAC);
    clrcOperationFree(op);

    ClrcKeyHandle ec = test_create(KEY_ECDSA_KEYPAIR, 384);
    EVP_PKEY *ec_public = test_public_of(ec);
    const ClrcOperationWish sign = {
        .algorithm = CLRC_ECDSA, .mode = CLRC_MODE_SIGN, .digest = CLRC_SHA384};
    ok(clrcOperationNew(ec, &sign, &op));
    ok(clrcOperationUpdate(op, big, 10, NULL, NULL));
    ok(clrcOperationUpdate(op, big + 10, MIB, NULL, NULL));
    len = sizeof(got);
    ok(clrcOperationFinal(op, NULL, NULL, got, &len));
    clrcOperationFree(op);
    uint8_t digest[64];
    size_t digest_len = ref_digest("SHA384", big, MIB + 10, digest);
    const struct pkey_use use = {.hash = "SHA384"};
    assert_true(ref_verifies(ec_public, &use, digest, digest_len, got, len));
    const ClrcOperationWish verify = {
        .algorithm = CLRC_ECDSA, .mode = CLRC_MODE_VERIFY, .digest = CLRC_SHA384};
    ok(clrcOperationNew(ec, &verify, &op));
    ok(clrcOperationUpdate(op, big, MIB + 10, NULL, NULL));
    ok(clrcOperationFinalVerify(op, NULL, NULL, got, len));
    ok(clrcOperationReset(op, NULL, 0));
    ok(clrcOperationUpdate(op, big, MIB + 9, NULL, NULL));
    expect(clrcOperationFinalVerify(op, NULL, NULL, got, len), CLRC_ERROR_SIGNATURE);
    clrcOperationFree(op);
    EVP_PKEY_free(ec_public);
    clrcFreeKey(ec);
}

/* ---- memory used in place, random, what is offered ---- */

static void check_in_place(uint8_t *memory, size_t len)
{
    uint8_t expected[64], got[64] = {0};
    uint32_t got_len = sizeof(got);
    test_fill(memory, len, 9);
    ok(clrcDigest(CLRC_SHA256, memory + 3, len - 7, got, &got_len));
    ref_digest("SHA256", memory + 3, len - 7, expected);
    assert_memory_equal(got, expected, 32);
    ClrcKeyHandle key = test_import_raw(KEY_AES, big, 16);
    const ClrcAead aead = {.nonce = big, .nonce_length = 12};
    uint8_t tag[16] = {0}, expected_tag[16];
    ref_gcm("AES-128-GCM", big, &aead, memory, len, big_back, expected_tag);
    ok(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, memory, len, memory, tag, 16));
    assert_memory_equal(tag, expected_tag, 16);
    assert_memory_equal(memory, big_back, len);
    ok(clrcAeadDecrypt(key, CLRC_AES_GCM, &aead, memory, len, memory, tag, 16));
    test_fill(big_back, len, 9);
    assert_memory_equal(memory, big_back, len);
    /* From there to ordinary memory and back. */
    size_t out_len = len;
    ok(clrcCipher(key, CLRC_AES_CTR, CLRC_MODE_ENCRYPT, big, 16, memory, len, big_out, &out_len));
    ok(clrcCipher(key, CLRC_AES_CTR, CLRC_MODE_DECRYPT, big, 16, big_out, len, memory, &out_len));
    assert_memory_equal(memory, big_back, len);
    clrcFreeKey(key);
}

static void test_shared_memory(void **state)
{
    (void)state;
    for (size_t len = 8192; len <= BIG; len = len * 5 + 4096) {
        uint8_t *memory = clrcSharedAlloc(len);
        assert_non_null(memory);
        check_in_place(memory, len);
        clrcSharedFree(memory);
        memory = malloc(len + 100);
        assert_non_null(memory);
        memset(memory, 0x77, len + 100);
        ok(clrcSharedRegister(memory + 50, len));
        check_in_place(memory + 50, len);
        for (size_t i = 0; i < 50; i++)
            assert_true(memory[i] == 0x77 && memory[50 + len + i] == 0x77);
        ok(clrcSharedUnregister(memory + 50));
        check_in_place(memory + 50, len);
        free(memory);
    }
}

static void test_random(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    ok(clrcRandom(a, sizeof(a)));
    ok(clrcRandom(b, sizeof(b)));
    assert_memory_not_equal(a, b, sizeof(a));
    ok(clrcRandom(NULL, 0));
    ok(clrcAddRandom(a, sizeof(a)));
    ok(clrcAddRandom(big_out, 3 * 4096 + 1));
    ok(clrcAddRandom(NULL, 0));
    expect(clrcAddRandom(NULL, 1), CLRC_ERROR_BAD_PARAMETERS);
    memset(big_out, 0, BIG);
    ok(clrcRandom(big_out, (uint32_t)(3 * MIB + 5)));
    size_t n_zero = 0;
    for (size_t i = 0; i < 3 * MIB + 5; i++)
        n_zero += big_out[i] == 0;
    assert_in_range(n_zero, 10000, 15000); /* 12288 expected, 9 standard deviations either way */
    assert_int_equal(big_out[3 * MIB + 5], 0);
}

static void test_what_is_offered(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        ok(clrcAlgorithmSupported(hashes[h].digest, 0));
        ok(clrcAlgorithmSupported(hashes[h].pss, 2048));
        ok(clrcAlgorithmSupported(hashes[h].hkdf, 0));
    }
    ok(clrcAlgorithmSupported(CLRC_ECDSA, 521));
    expect(clrcAlgorithmSupported(CLRC_ECDSA, 255), CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcAlgorithmSupported((ClrcAlgorithm)0x999, 0), CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcAlgorithmSupported(CLRC_ALG_NONE, 0), CLRC_ERROR_NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_offered),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_gcm),
        cmocka_unit_test(test_digest_in_parts),
        cmocka_unit_test(test_copied_digest),
        cmocka_unit_test(test_cipher_in_parts),
        cmocka_unit_test(test_gcm_in_parts),
        cmocka_unit_test(test_mac_and_signature_in_parts),
        cmocka_unit_test(test_shared_memory),
    };
    return cmocka_run_group_tests(tests, reference_up, reference_down);
}
