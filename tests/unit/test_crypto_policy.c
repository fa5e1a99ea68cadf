/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's file, and which algorithm falls under which of its names. */
#include "tee/host/crypto_policy.h"

#include "include/tee_internal_api.h"
#include "include/tee_internal_api_extensions.h"
#include "tests/unit/km_test.h"

static struct km_crypto_policy policy_of(const char *text)
{
    struct km_crypto_policy policy = {0};
    assert_int_equal(km_crypto_policy_parse(NULL, KM_SLICE_STR(text), &policy), KM_OK);
    return policy;
}

static void files(void **state)
{
    static const char *const GOOD[] = {"",
                                       "\n\n",
                                       "# nothing\n",
                                       "forbid md5",
                                       "forbid md5\n",
                                       "  forbid\tmd5 # old\r\n",
                                       "allow des3\nforbid md5\n# end"};
    static const struct {
        const char *text, *told;
    } BAD[] = {
        {"forbid md4\n", "line 1: there is no algorithm"},
        {"forbid md5\n\nforbid md5\n", "line 3: this name stands"},
        {"forbid md5\nallow md5\n", "line 2: this name stands"},
        {"# a\nallow\n", "line 2: there is no name"},
        {"Forbid md5", "line 1: a line begins with"},
        {"forbid md5 des3", "line 1: one name"},
        {"md5 = no", "line 1: a line begins with"},
        {"forbid md5\xff", "a policy is text"},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(GOOD); i++) {
        struct km_crypto_policy policy = policy_of(GOOD[i]);
        assert_int_equal(km_crypto_policy_allows(&policy, TEE_ALG_MD5, 0), i < 3);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(BAD); i++) {
        struct km_crypto_policy policy = {.forbidden = 0x5a};
        struct km_err err = {0};
        assert_int_equal(km_crypto_policy_parse(&err, KM_SLICE_STR(BAD[i].text), &policy),
                         KM_E_MALFORMED);
        assert_non_null(strstr(err.text, BAD[i].told));
        assert_int_equal(policy.forbidden, 0x5a);
        km_err_clear(&err);
    }
    uint8_t long_text[KM_CRYPTO_POLICY_MAX + 1];
    struct km_crypto_policy policy = {0};
    memset(long_text, '\n', sizeof(long_text));
    assert_int_equal(km_crypto_policy_parse(NULL, KM_SLICE(long_text, sizeof(long_text)), &policy),
                     KM_E_LIMIT);
    assert_int_equal(
        km_crypto_policy_parse(NULL, KM_SLICE(long_text, sizeof(long_text) - 1), &policy), KM_OK);
}

/* Cut at every octet a file is another good one, or refused; never anything else. */
static void cut(void **state)
{
    static const char TEXT[] = "# c\nforbid md5\nallow des3\n\nforbid p192 # x\n";
    (void)state;
    for (size_t len = 0; len < sizeof(TEXT); len++) {
        struct km_crypto_policy policy = {0};
        km_status status = km_crypto_policy_parse(NULL, KM_SLICE(TEXT, len), &policy);
        assert_true(status == KM_OK || status == KM_E_MALFORMED);
        if (status != KM_OK)
            assert_int_equal(policy.forbidden, 0);
    }
}

static void algorithms(void **state)
{
    static const struct {
        const char *name;
        uint32_t algorithm, bits;
        bool is_forbidden;
    } ROWS[] = {
        {"md5", TEE_ALG_MD5, 0, true},
        {"md5", TEE_ALG_HMAC_MD5, 512, true},
        {"md5", TEE_ALG_RSASSA_PKCS1_V1_5_MD5, 2048, true},
        {"md5", TEE_ALG_HKDF_MD5_DERIVE_KEY, 128, true},
        {"md5", TEE_ALG_SHA1, 0, false},
        {"sha1-signatures", TEE_ALG_RSASSA_PKCS1_V1_5_SHA1, 0, true},
        {"sha1-signatures", TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1, 4096, true},
        {"sha1-signatures", TEE_ALG_DSA_SHA1, 1024, true},
        {"sha1-signatures", TEE_ALG_ECDSA_SHA1, 256, true},
        {"sha1-signatures", TEE_ALG_ECDSA_SHA1, 192, false},
        {"sha1-signatures", TEE_ALG_SHA1, 0, false},
        {"sha1-signatures", TEE_ALG_HMAC_SHA1, 160, false},
        {"sha1-signatures", TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1, 2048, false},
        {"des3", TEE_ALG_DES3_ECB_NOPAD, 128, true},
        {"des3", TEE_ALG_DES3_CBC_NOPAD, 192, true},
        {"des3", TEE_ALG_DES3_OFB, 192, true},
        {"des3", TEE_ALG_DES3_CFB64, 192, true},
        {"des3", TEE_ALG_DES3_CMAC, 192, true},
        {"des3", TEE_ALG_DES3_CBC_MAC_PKCS5, 192, true},
        {"des3", TEE_ALG_DES_ECB_NOPAD, 64, true},
        {"des3", TEE_ALG_DES_CBC_MAC_NOPAD, 64, true},
        {"des3", TEE_ALG_AES_CBC_NOPAD, 192, false},
        {"dsa", TEE_ALG_DSA_SHA256, 2048, true},
        {"dsa", TEE_ALG_ECDSA_SHA256, 256, false},
        {"p192", TEE_ALG_ECDSA_P192, 192, true},
        {"p192", TEE_ALG_ECDH_DERIVE_SHARED_SECRET, 192, true},
        {"p192", TEE_ALG_ECDSA_RFC6979_SHA256, 192, true},
        {"p192", TEE_ALG_ECDH_DERIVE_SHARED_SECRET, 256, false},
        {"p192", TEE_ALG_AES_CTR, 192, false},
        {"p192", TEE_ALG_DES3_ECB_NOPAD, 192, false},
        {"p224", TEE_ALG_ECDSA_P224, 224, true},
        {"p224", TEE_ALG_HMAC_SHA224, 224, false},
        {"rsaes-pkcs1", TEE_ALG_RSAES_PKCS1_V1_5, 2048, true},
        {"rsaes-pkcs1", TEE_ALG_RSASSA_PKCS1_V1_5_SHA256, 2048, false},
        {"rsa-nopad", TEE_ALG_RSA_NOPAD, 2048, true},
        {"aes-ecb", TEE_ALG_AES_ECB_NOPAD, 128, true},
        {"dh", TEE_ALG_DH_DERIVE_SHARED_SECRET, 2048, true},
        {"25519", TEE_ALG_X25519, 256, true},
        {"25519", TEE_ALG_ED25519, 256, true},
        {"chacha20", TEE_ALG_CHACHA20_POLY1305, 256, true},
        {"sha3", TEE_ALG_SHAKE256, 0, true},
        {"sha3", TEE_ALG_HMAC_SHA3_384, 512, true},
        {"sha3", TEE_ALG_SHA384, 0, false},
        {"448", TEE_ALG_X448, 448, true},
        {"448", TEE_ALG_X25519, 256, false},
        {"sm", TEE_ALG_SM3, 0, true},
        {"sm", TEE_ALG_SM4_CTR, 128, true},
        {"key-wrap", TEE_ALG_AES_KWP, 256, true},
        {"key-wrap", TEE_ALG_AES_GCM, 256, false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        char text[64] = {0};
        (void)snprintf(text, sizeof(text), "forbid %s", ROWS[i].name);
        struct km_crypto_policy policy = policy_of(text);
        struct km_crypto_policy none = {0};
        assert_int_equal(km_crypto_policy_allows(&policy, ROWS[i].algorithm, ROWS[i].bits),
                         !ROWS[i].is_forbidden);
        assert_true(km_crypto_policy_allows(&none, ROWS[i].algorithm, ROWS[i].bits));
    }
}

/* Everything forbidden, as the host is told and reads it; and texts that it was never told. */
static void texts(void **state)
{
    char text[KM_CRYPTO_POLICY_TEXT_MAX] = {0};
    char file[KM_CRYPTO_POLICY_MAX] = {0};
    struct km_crypto_policy again = {0};
    bool is_weak = false;
    const char *about = NULL;
    size_t n = 0;
    (void)state;
    for (; km_crypto_policy_name(n, &is_weak, &about) != NULL; n++) {
        size_t at = strlen(file);
        assert_true(about[0] != '\0');
        (void)snprintf(file + at, sizeof(file) - at, "forbid %s\n",
                       km_crypto_policy_name(n, &is_weak, &about));
    }
    struct km_crypto_policy all = policy_of(file);
    for (size_t i = 0; i < n; i++)
        assert_true(km_crypto_policy_forbids(&all, i));
    assert_false(km_crypto_policy_forbids(&all, n));
    km_crypto_policy_text(&all, text);
    assert_true(km_crypto_policy_from_text(text, &again));
    assert_int_equal(again.forbidden, all.forbidden);
    assert_true(km_crypto_policy_from_text("none", &again));
    assert_int_equal(again.forbidden, 0);
    km_crypto_policy_text(&again, text);
    assert_string_equal(text, "none");
    static const char *const BAD[] = {"",     "none,", "none,md5", "md5,none", "md4",
                                      "md5,", ",md5",  "des3,md5", "md5,md5",  "md5 "};
    for (size_t i = 0; i < KM_ARRAY_LEN(BAD); i++)
        assert_false(km_crypto_policy_from_text(BAD[i], &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(cut),
        cmocka_unit_test(algorithms),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
