/* SPDX-License-Identifier: Apache-2.0 */
/* RSA without OAEP: PKCS#1 v1.5 that never tells, bare RSA, SHA-3 under signatures. */
#include "tests/unit/runtime_keys.h"

#include <string.h>

/* Texts of draft-irtf-cfrg-rsa-guidance, B.1, for rsa_pair. */
static const struct {
    const char *ciphertext, *text;
} guidance[] = {
    /* valid */
    {"8bfe264e85d3bdeaa6b8851b8e3b956ee3d226fd3f69063a86880173a273d9f283b2eebdd1ed35f7"
     "e02d91c571981b6737d5320bd8396b0f3ad5b019daec1b0aab3cbbc026395f4fd14f13673f2dfc81"
     "f9b660ec26ac381e6db3299b4e460b43fab9955df2b3cfaa20e900e19c856238fd371899c2bf2ce8"
     "c868b76754e5db3b036533fd603746be13c10d4e3e6022ebc905d20c2a7f32b215a4cd53b3f44ca1"
     "c327d2c2b651145821c08396c89071f665349c25e44d2733cd9305985ceef6430c3cf57af5fa2240"
     "89221218fa34737c79c446d28a94c41c96e4e92ac53fbcf384dea8419ea089f8784445a492c812eb"
     "0d409467f75afd7d4d1078886205a066",
     "6c6f72656d20697073756d20646f6c6f722073697420616d6574"},
    /* empty */
    {"20aaa8adbbc593a924ba1c5c7990b5c2242ae4b99d0fe636a19a4cf754edbcee774e472fe028160e"
     "d42634f8864900cb514006da642cae6ae8c7d087caebcfa6dad1551301e130344989a1d462d41645"
     "05f6393933450c67bc6d39d8f5160907cabc251b737925a1cf21e5c6aa5781b7769f6a2a583d97cc"
     "e008c0f8b6add5f0b2bd80bee60237aa39bb20719fe75749f4bc4e42466ef5a861ae3a92395c7d85"
     "8d430bfe38040f445ea93fa2958b503539800ffa5ce5f8cf51fa8171a91f36cb4f4575e8de6b4d3f"
     "096ee140b938fd2f50ee13f0d050222e2a72b0a3069ff3a6738e82c87090caa5aed4fcbe882c4964"
     "6aa250b98f12f83c8d528113614a29e7",
     ""},
    /* max */
    {"48cceab10f39a4db32f60074feea473cbcdb7accf92e150417f76b44756b190e843e79ec12aa8508"
     "3a21f5437e7bad0a60482e601198f9d86923239c8786ee728285afd0937f7dde12717f28389843d7"
     "375912b07b991f4fdb0190fced8ba665314367e8c5f9d2981d0f5128feeb46cb50fc237e64438a86"
     "df198dd0209364ae3a842d77532b66b7ef263b83b1541ed671b120dfd660462e2107a4ee7b964e73"
     "4a7bd68d90dda61770658a3c242948532da32648687e0318286473f675b412d6468f013f14d760a3"
     "58dfcad3cda2afeec5e268a37d250c37f722f468a70dfd92d7294c3c1ee1e7f8843b7d16f9f37ef3"
     "5748c3ae93aa155cdcdfeb4e78567303",
     "22d850137b9eebe092b24f602dc5bb7918c16bd89ddbf20467b119d205f9c2e4bd7d2592cf1e5321"
     "06e0f33557565923c73a02d4f09c0c22bea89148183e60317f7028b3aa1f261f91c979393101d7e1"
     "5f4067e63979b32751658ef769610fe97cf9cef3278b3117d384051c3b1d82c251c2305418c8f684"
     "0530e631aad63e70e20e025bcd8efb54c92ec6d3b106a2f8e64eeff7d38495b0fc50c97138af4b1c"
     "0a67a1c4e27b077b8439332edfa8608dfeae653cd6a628ac550395f7e74390e42c11682234870925"
     "eeaa1fa71b76cf1f2ee3bda69f6717033ff8b7c95c9799e7a3bea5e7e4a1c359772fb6b1c6e6c516"
     "661dfe30c3"},
    /* third */
    {"1690ebcceece2ce024f382e467cf8510e74514120937978576caf684d4a02ad569e8d76cbe365a06"
     "0e00779de2f0865ccf0d923de3b4783a4e2c74f422e2f326086c390b658ba47f31ab013aa80f468c"
     "71256e5fa5679b24e83cd82c3d1e05e398208155de2212993cd2b8bab6987cf4cc1293f199092194"
     "39d74127545e9ed8a706961b8ee2119f6bfacafbef91b75a789ba65b8b833bc6149cf49b5c4d2c63"
     "59f62808659ba6541e1cd24bf7f7410486b5103f6c0ea29334ea6f4975b17387474fe920710ea615"
     "68d7b7c0a7916acf21665ad5a31c4eabcde44f8fb6120d8457afa1f3c85d517cda364af620113ae5"
     "a3c52a048821731922737307f77a1081",
     "4f02"},
    /* first octet */
    {"9b2ec9c0c917c98f1ad3d0119aec6be51ae3106e9af1914d48600ab6a2c0c0c8ae02a2dc3039906f"
     "f3aac904af32ec798fd65f3ad1afa2e69400e7c1de81f5728f3b3291f38263bc7a90a0563e43ce7a"
     "0d4ee9c0d8a716621ca5d3d081188769ce1b131af7d35b13dea99153579c86db31fe07d5a2c14d62"
     "1b77854e48a8df41b5798563af489a291e417b6a334c63222627376118c02c53b6e86310f728734f"
     "fc86ef9d7c8bf56c0c841b24b82b59f51aee4526ba1c4268506d301e4ebc498c6aebb6fd5258c876"
     "bf900bac8ca4d309dd522f6a6343599a8bc3760f422c10c72d0ad527ce4af1874124ace3d99bb74d"
     "b8d69d2528db22c3a37644640f95c05f",
     "a1f8c9255c35cfba403ccc"},
    /* zero first */
    {"0096136621faf36d5290b16bd26295de27f895d1faa51c800dafce73d001d60796cd4e2ac3fa2162"
     "131d859cd9da5a0c8a42281d9a63e5f353971b72e36b5722e4ac444d77f892a5443deb3dca49fa73"
     "2fe855727196e23c26eeac55eeced8267a209ebc0f92f4656d64a6c13f7f7ce544ebeb0f668fe3a6"
     "c0f189e4bcd5ea12b73cf63e0c8350ee130dd62f01e5c97a1e13f52fde96a9a1bc9936ce734fdd61"
     "f27b18216f1d6de87f49cf4f2ea821fb8efd1f92cdad529baf7e31aff9bff4074f2cad2b4243dd15"
     "a711adcf7de900851fbd6bcb53dac399d7c880531d06f25f7002e1aaf1722765865d2c2b902c7736"
     "acd27bc6cbd3e38b560e2eecf7d4b576",
     "ba27b1842e7c21c0e7ef6a"},
};

static void rsaes_known_answers(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle first = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048, pair);
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateOperation(&op, TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048));
    TEE_CopyOperation(op, first);
    TEE_FreeOperation(first);
    for (size_t i = 0; i < KM_ARRAY_LEN(guidance); i++) {
        size_t len = 0;
        size_t want_len = 0;
        const uint8_t *ciphertext = unhex(guidance[i].ciphertext, &len);
        const uint8_t *want = unhex(guidance[i].text, &want_len);
        uint8_t out[256];
        size_t out_len = want_len == 0 ? 0 : want_len - 1;
        if (want_len != 0)
            assert_int_equal(TEE_AsymmetricDecrypt(op, NULL, 0, ciphertext, len, out, &out_len),
                             TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(out_len, want_len);
        RT_OK(TEE_AsymmetricDecrypt(op, NULL, 0, ciphertext, len, out, &out_len));
        assert_int_equal(out_len, want_len);
        if (want_len != 0)
            assert_memory_equal(out, want, want_len);
    }
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
}

/* Of any ciphertext something comes out, the same each time, that no right one would not give too. */
static void rsaes_never_tells(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle enc = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_ENCRYPT, 2048, pair);
    TEE_OperationHandle dec = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048, pair);
    uint8_t text[245];
    uint8_t ciphertext[256];
    uint8_t out[2][256];
    for (size_t i = 0; i < 24; i++) {
        size_t len = i == 0 ? 0 : i == 1 ? 245 : next_number() % 246;
        size_t size = sizeof(ciphertext);
        for (size_t k = 0; k < len; k++)
            text[k] = (uint8_t)next_number();
        RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, text, len, ciphertext, &size));
        size = sizeof(out[0]);
        RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out[0], &size));
        assert_int_equal(size, len);
        if (len != 0)
            assert_memory_equal(out[0], text, len);
        ciphertext[255] ^= 1;
        size_t sizes[2] = {256, 256};
        for (size_t k = 0; k < 2; k++)
            RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out[k], &sizes[k]));
        assert_true(sizes[0] == sizes[1] && sizes[0] <= 245);
        if (sizes[0] != 0)
            assert_memory_equal(out[0], out[1], sizes[0]);
    }
    size_t size = sizeof(out[0]);
    assert_int_equal(TEE_AsymmetricEncrypt(enc, NULL, 0, out, 246, ciphertext, &size),
                     TEE_ERROR_BAD_PARAMETERS);
    size = sizeof(out[0]);
    assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 255, out[0], &size),
                     TEE_ERROR_BAD_PARAMETERS);
    TEE_Attribute label = ref(TEE_ATTR_RSA_OAEP_LABEL, "x", 1);
    assert_int_equal(TEE_AsymmetricDecrypt(dec, &label, 1, ciphertext, 256, out[0], &size),
                     TEE_ERROR_BAD_PARAMETERS);
    memset(ciphertext, 0xff, sizeof(ciphertext)); /* above the modulus, as everybody can see */
    assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out[0], &size),
                     TEE_ERROR_CIPHERTEXT_INVALID);
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(pair);
}

/* Blocks by hand, at the borders of what is a padding; each goes through bare RSA. */
static void rsaes_borders(void **state)
{
    (void)state;
    static const struct {
        uint8_t first, second;
        size_t zero_at; /* 0: none */
        bool is_right;
    } cases[] = {
        {0, 2, 10, true},  {0, 2, 11, true},   {0, 2, 128, true}, {0, 2, 255, true},
        {0, 2, 9, false},  {0, 2, 2, false},   {0, 2, 0, false},  {0, 1, 10, false},
        {0, 3, 10, false}, {0, 0, 128, false}, {1, 2, 10, false}, {0x80, 2, 255, false},
    };
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle enc = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, 2048, pair);
    TEE_OperationHandle dec = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048, pair);
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        uint8_t block[256];
        uint8_t ciphertext[256];
        uint8_t out[256];
        size_t len = sizeof(ciphertext);
        for (size_t k = 0; k < sizeof(block); k++)
            block[k] = (uint8_t)(1 + next_number() % 255);
        block[0] = cases[i].first;
        block[1] = cases[i].second;
        if (cases[i].zero_at != 0)
            block[cases[i].zero_at] = 0;
        if (cases[i].is_right && cases[i].zero_at < 200)
            block[220] = 0; /* only the first one ends the padding */
        RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, block, 256, ciphertext, &len));
        RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len));
        size_t want = 256 - (cases[i].zero_at + 1);
        bool is_text = len == want && (want == 0 || memcmp(out, block + 256 - want, want) == 0);
        assert_true(len <= 245);
        assert_int_equal(is_text, cases[i].is_right);
    }
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(pair);
}

static void rsa_raw(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle enc = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, 2048, pair);
    TEE_OperationHandle dec = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_DECRYPT, 2048, pair);
    uint8_t text[256] = {0};
    uint8_t ciphertext[256];
    uint8_t out[256];
    size_t len = sizeof(ciphertext);
    memset(text + 200, 7, 56);
    RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, text + 200, 56, ciphertext, &len));
    assert_int_equal(len, 256);
    RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len));
    assert_int_equal(len, 256);
    assert_memory_equal(out, text, 256);
    memset(text, 0xff, sizeof(text));
    assert_int_equal(TEE_AsymmetricEncrypt(enc, NULL, 0, text, 256, ciphertext, &len),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, text, 256, out, &len),
                     TEE_ERROR_CIPHERTEXT_INVALID);
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(pair);
}

static void rsa_sha3(void **state)
{
    (void)state;
    static const struct {
        uint32_t pkcs1, pss, oaep, hash;
    } rows[] = {
        {TEE_ALG_RSASSA_PKCS1_V1_5_MD5, 0, 0, TEE_ALG_MD5},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_224, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_224,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_224, TEE_ALG_SHA3_224},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_256, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_256,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_256, TEE_ALG_SHA3_256},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_384, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_384,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_384, TEE_ALG_SHA3_384},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_512, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_512,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_512, TEE_ALG_SHA3_512},
    };
    TEE_ObjectHandle pair = rsa_pair();
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t hash[64];
        uint8_t ciphertext[256];
        uint8_t out[256];
        size_t hash_len = digest(rows[i].hash, "text", 4, hash);
        size_t len = sizeof(ciphertext);
        sign_and_verify(rows[i].pkcs1, 2048, pair, pair, hash, hash_len);
        if (rows[i].pss == 0)
            continue;
        sign_and_verify(rows[i].pss, 2048, pair, pair, hash, hash_len);
        TEE_OperationHandle enc = keyed(rows[i].oaep, TEE_MODE_ENCRYPT, 2048, pair);
        TEE_OperationHandle dec = keyed(rows[i].oaep, TEE_MODE_DECRYPT, 2048, pair);
        RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, "text", 4, ciphertext, &len));
        len = sizeof(out);
        RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len));
        assert_int_equal(len, 4);
        assert_memory_equal(out, "text", 4);
        ciphertext[0] ^= 1;
        len = sizeof(out);
        assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len),
                         TEE_ERROR_CIPHERTEXT_INVALID);
        TEE_FreeOperation(enc);
        TEE_FreeOperation(dec);
    }
    TEE_CloseObject(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(rsaes_known_answers, fixture_after),
        cmocka_unit_test_teardown(rsaes_never_tells, fixture_after),
        cmocka_unit_test_teardown(rsaes_borders, fixture_after),
        cmocka_unit_test_teardown(rsa_raw, fixture_after),
        cmocka_unit_test_teardown(rsa_sha3, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
