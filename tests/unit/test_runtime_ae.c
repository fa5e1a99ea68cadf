/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticated encryption: published vectors, each cut at every octet, and what CCM and ChaCha20-Poly1305 refuse. */
#include "tests/unit/runtime_fixture.h"

static const struct {
    uint32_t alg, type;
    const char *key, *nonce, *aad, *plain, *cipher, *tag;
} aes[] = {
    /* SP 800-38C, C.1 to C.3 */
    {TEE_ALG_AES_CCM, TEE_TYPE_AES, "404142434445464748494a4b4c4d4e4f", "10111213141516",
     "0001020304050607", "20212223", "7162015b", "4dac255d"},
    {TEE_ALG_AES_CCM, TEE_TYPE_AES, "404142434445464748494a4b4c4d4e4f", "1011121314151617",
     "000102030405060708090a0b0c0d0e0f", "202122232425262728292a2b2c2d2e2f",
     "d2a1f0e051ea5f62081a7792073d593d", "1fc64fbfaccd"},
    {TEE_ALG_AES_CCM, TEE_TYPE_AES, "404142434445464748494a4b4c4d4e4f", "101112131415161718191a1b",
     "000102030405060708090a0b0c0d0e0f10111213", "202122232425262728292a2b2c2d2e2f3031323334353637",
     "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5", "484392fbc1b09951"},
    /* RFC 8439, 2.8.2 */
    {TEE_ALG_CHACHA20_POLY1305, TEE_TYPE_CHACHA20,
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
     "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b6116",
     "1ae10b594f09e26a7e902ecbd0600691"},
};

/* The tag of an encryption is made, that of a decryption compared; both in two pieces. */
static TEE_Result ae_once(size_t i, TEE_OperationHandle op, bool encrypts, size_t cut,
                          const uint8_t *tag)
{
    size_t nonce_len = 0;
    size_t aad_len = 0;
    size_t len = 0;
    size_t tag_len = 0;
    const uint8_t *nonce = unhex(aes[i].nonce, &nonce_len);
    const uint8_t *aad = unhex(aes[i].aad, &aad_len);
    const uint8_t *plain = unhex(aes[i].plain, &len);
    const uint8_t *cipher = unhex(aes[i].cipher, &len);
    const uint8_t *want_tag = unhex(aes[i].tag, &tag_len);
    const uint8_t *src = encrypts ? plain : cipher;
    uint8_t out[128];
    size_t a = sizeof(out);
    uint8_t made[16];
    size_t made_len = sizeof(made);
    RT_OK(TEE_AEInit(op, nonce, nonce_len, (uint32_t)tag_len * 8, aad_len, len));
    TEE_AEUpdateAAD(op, aad, aad_len / 2);
    TEE_AEUpdateAAD(op, aad + aad_len / 2, aad_len - aad_len / 2);
    RT_OK(TEE_AEUpdate(op, src, cut, out, &a));
    size_t b = sizeof(out) - a;
    TEE_Result result =
        encrypts ? TEE_AEEncryptFinal(op, src + cut, len - cut, out + a, &b, made, &made_len)
                 : TEE_AEDecryptFinal(op, src + cut, len - cut, out + a, &b, (void *)(uintptr_t)tag,
                                      tag_len);
    if (result != TEE_SUCCESS)
        return result;
    assert_int_equal(a + b, len);
    assert_memory_equal(out, encrypts ? cipher : plain, len);
    if (encrypts) {
        assert_int_equal(made_len, tag_len);
        assert_memory_equal(made, want_tag, tag_len);
    }
    return TEE_SUCCESS;
}

static void ae_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(aes); i++) {
        size_t key_len = 0;
        size_t len = 0;
        size_t tag_len = 0;
        uint8_t tag[16];
        const uint8_t *bytes = unhex(aes[i].key, &key_len);
        (void)unhex(aes[i].plain, &len);
        const uint8_t *right = unhex(aes[i].tag, &tag_len);
        copy(tag, right, tag_len);
        TEE_ObjectHandle key = secret_object(aes[i].type, bytes, key_len);
        uint32_t bits = (uint32_t)key_len * 8;
        TEE_OperationHandle enc = keyed(aes[i].alg, TEE_MODE_ENCRYPT, bits, key);
        TEE_OperationHandle dec = keyed(aes[i].alg, TEE_MODE_DECRYPT, bits, key);
        for (size_t cut = 0; cut <= len; cut++) {
            RT_OK(ae_once(i, enc, true, cut, NULL));
            RT_OK(ae_once(i, dec, false, cut, tag));
        }
        for (size_t bit = 0; bit < 8 * tag_len; bit++) {
            tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(ae_once(i, dec, false, len / 2, tag), TEE_ERROR_MAC_INVALID);
            tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        TEE_FreeOperation(enc);
        TEE_FreeOperation(dec);
        TEE_CloseObject(key);
    }
}

static void ccm_rules(void **state)
{
    (void)state;
    uint8_t bytes[16] = {3};
    uint8_t out[32];
    uint8_t tag[16];
    size_t len = sizeof(out);
    size_t tag_len = sizeof(tag);
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, bytes, 16);
    TEE_OperationHandle op = keyed(TEE_ALG_AES_CCM, TEE_MODE_ENCRYPT, 128, key);
    TEE_OperationHandle other = keyed(TEE_ALG_AES_CCM, TEE_MODE_ENCRYPT, 128, key);
    static const struct {
        size_t nonce_len;
        uint32_t tag_bits;
        size_t payload_len;
        TEE_Result result;
    } cases[] = {
        {6, 128, 0, TEE_ERROR_NOT_SUPPORTED},
        {14, 128, 0, TEE_ERROR_NOT_SUPPORTED},
        {13, 24, 0, TEE_ERROR_NOT_SUPPORTED},
        {13, 40, 0, TEE_ERROR_NOT_SUPPORTED},
        {13, 144, 0, TEE_ERROR_NOT_SUPPORTED},
        {13, 128, 65536, TEE_ERROR_NOT_SUPPORTED},
        {12, 128, (1 << 20) + 1, TEE_ERROR_OUT_OF_MEMORY},
        {13, 32, 65535, TEE_SUCCESS},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        assert_int_equal(TEE_AEInit(op, "0123456789abcdef", cases[i].nonce_len, cases[i].tag_bits,
                                    0, cases[i].payload_len),
                         cases[i].result);
        TEE_ResetOperation(op);
    }
    RT_OK(TEE_AEInit(op, "0123456789ab", 12, 128, 4, 8));
    RT_PANICS(RT_BAD, TEE_AEUpdateAAD(op, "12345", 5));
    TEE_AEUpdateAAD(op, "123", 3);
    RT_PANICS(RT_STATE, (void)TEE_AEUpdate(op, "12345678", 8, out, &len));
    TEE_AEUpdateAAD(op, "4", 1);
    RT_OK(TEE_AEUpdate(op, "12345", 5, out, &len));
    assert_int_equal(len, 0);
    RT_PANICS(RT_STATE, TEE_AEUpdateAAD(op, "4", 1));
    len = 8;
    RT_PANICS(RT_BAD, (void)TEE_AEEncryptFinal(op, "6789", 4, out, &len, tag, &tag_len));
    RT_PANICS(RT_STATE, (void)TEE_AEEncryptFinal(op, "67", 2, out, &len, tag, &tag_len));
    TEE_ResetOperation(op);
    RT_OK(TEE_AEInit(op, "0123456789ab", 12, 128, 4, 8));
    TEE_AEUpdateAAD(op, "1234", 4);
    RT_OK(TEE_AEUpdate(op, "12345", 5, out, &len));
    TEE_CopyOperation(other, op);
    uint8_t results[2][24];
    TEE_OperationHandle both[] = {op, other};
    for (size_t i = 0; i < 2; i++) {
        len = 7;
        tag_len = 16;
        assert_int_equal(TEE_AEEncryptFinal(both[i], "678", 3, results[i], &len, tag, &tag_len),
                         TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(len, 8);
        RT_OK(TEE_AEEncryptFinal(both[i], "678", 3, results[i], &len, results[i] + 8, &tag_len));
    }
    assert_memory_equal(results[0], results[1], 24);
    /* nothing but a tag */
    RT_OK(TEE_AEInit(op, "0123456789ab", 12, 64, 0, 0));
    RT_OK(TEE_AEEncryptFinal(op, NULL, 0, NULL, NULL, tag, &tag_len));
    assert_int_equal(tag_len, 8);
    TEE_FreeOperation(op);
    op = keyed(TEE_ALG_AES_CCM, TEE_MODE_DECRYPT, 128, key);
    RT_OK(TEE_AEInit(op, "0123456789ab", 12, 64, 0, 0));
    RT_OK(TEE_AEDecryptFinal(op, NULL, 0, NULL, NULL, tag, 8));
    TEE_FreeOperation(op);
    TEE_FreeOperation(other);
    TEE_CloseObject(key);
}

/* A payload that comes whole is not collected: in its own place, apart and in two parts it makes the same. */
static void ccm_whole(void **state)
{
    (void)state;
    uint8_t bytes[16] = {5};
    uint8_t plain[200];
    uint8_t text[200];
    uint8_t parts[200];
    uint8_t tags[2][16];
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, bytes, 16);
    TEE_OperationHandle enc = keyed(TEE_ALG_AES_CCM, TEE_MODE_ENCRYPT, 128, key);
    TEE_OperationHandle dec = keyed(TEE_ALG_AES_CCM, TEE_MODE_DECRYPT, 128, key);
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)next_number();
    for (size_t len = 1; len <= sizeof(plain); len++) {
        size_t out_len = 0;
        size_t tag_len = 16;
        RT_OK(TEE_AEInit(enc, "0123456789ab", 12, 128, 3, len));
        TEE_AEUpdateAAD(enc, "abc", 3);
        RT_OK(TEE_AEUpdate(enc, plain, len / 2, NULL, &out_len));
        out_len = len;
        RT_OK(TEE_AEEncryptFinal(enc, plain + len / 2, len - len / 2, parts, &out_len, tags[0],
                                 &tag_len));
        copy(text, plain, len);
        RT_OK(TEE_AEInit(enc, "0123456789ab", 12, 128, 3, len));
        TEE_AEUpdateAAD(enc, "abc", 3);
        RT_OK(TEE_AEEncryptFinal(enc, text, len, text, &out_len, tags[1], &tag_len));
        assert_memory_equal(text, parts, len);
        assert_memory_equal(tags[0], tags[1], 16);
        RT_OK(TEE_AEInit(dec, "0123456789ab", 12, 128, 3, len));
        TEE_AEUpdateAAD(dec, "abc", 3);
        RT_OK(TEE_AEDecryptFinal(dec, text, len, text, &out_len, tags[0], 16));
        assert_memory_equal(text, plain, len);
        parts[len - 1] ^= 1;
        RT_OK(TEE_AEInit(dec, "0123456789ab", 12, 128, 3, len));
        TEE_AEUpdateAAD(dec, "abc", 3);
        assert_int_equal(TEE_AEDecryptFinal(dec, parts, len, parts, &out_len, tags[0], 16),
                         TEE_ERROR_MAC_INVALID);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(parts[i], 0);
    }
    /* whole, but before all of the additional data, or too much of it */
    size_t n = sizeof(text);
    size_t t = 16;
    RT_OK(TEE_AEInit(enc, "0123456789ab", 12, 128, 3, 8));
    TEE_AEUpdateAAD(enc, "ab", 2);
    RT_PANICS(RT_STATE, (void)TEE_AEEncryptFinal(enc, "12345678", 8, text, &n, tags[0], &t));
    n = sizeof(text);
    TEE_AEUpdateAAD(enc, "c", 1);
    RT_PANICS(RT_BAD, (void)TEE_AEEncryptFinal(enc, "123456789", 9, text, &n, tags[0], &t));
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(key);
}

static void chacha_rules(void **state)
{
    (void)state;
    uint8_t bytes[32] = {3};
    TEE_ObjectHandle key = secret_object(TEE_TYPE_CHACHA20, bytes, 32);
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_CHACHA20_POLY1305, TEE_MODE_ENCRYPT, 128),
                     TEE_ERROR_NOT_SUPPORTED);
    op = keyed(TEE_ALG_CHACHA20_POLY1305, TEE_MODE_ENCRYPT, 256, key);
    assert_int_equal(TEE_AEInit(op, "0123456789ab", 11, 128, 0, 0), TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AEInit(op, "0123456789ab", 12, 120, 0, 0), TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_AEInit(op, "0123456789ab", 12, 128, 0, 0));
    TEE_FreeOperation(op);
    TEE_CloseObject(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ae_known_answers, fixture_after),
        cmocka_unit_test_teardown(ccm_rules, fixture_after),
        cmocka_unit_test_teardown(ccm_whole, fixture_after),
        cmocka_unit_test_teardown(chacha_rules, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
