/* SPDX-License-Identifier: Apache-2.0 */
/* For every algorithm that the library names: what it does is what libcrypto does. */
#include "tests/vectors/property.h"

#include <inttypes.h>
#include <sys/random.h>

#define FIRST_ALGORITHM 0x100u
#define LAST_ALGORITHM 0x7ffu
#define DEFAULT_ROUNDS 40u

static struct {
    uint64_t seed, state;
    unsigned round, rounds;
    ClrcAlgorithm alg;
} now;

/* clang-format off */
#define HASHED(h, name)                                                                            \
    {CLRC_##h, property_digest, name, 0, 0, 0}, {CLRC_HMAC_##h, property_hmac, name, 0, 0, 0}
#define RSA_HASHED(h)                                                                              \
    {CLRC_RSASSA_PKCS1_V1_5_##h, property_rsa_pkcs1, #h, 0, 0, 0},                                 \
    {CLRC_RSASSA_PKCS1_PSS_MGF1_##h, property_rsa_pss, #h, 0, 0, 0},                               \
    {CLRC_RSAES_PKCS1_OAEP_MGF1_##h, property_rsa_oaep, #h, 0, 0, 0}
#define RSA_SIGNED(h, name)                                                                        \
    {CLRC_RSASSA_PKCS1_V1_5_##h, property_rsa_pkcs1, name, 0, 0, 0},                               \
    {CLRC_RSASSA_PKCS1_PSS_MGF1_##h, property_rsa_pss, name, 0, 0, 0}
#define DERIVED(h)                                                                                 \
    {CLRC_HKDF_##h, property_hkdf, #h, 0, 0, 0},                                                   \
    {CLRC_CONCAT_KDF_##h, property_concat, #h, 0, 0, 0},                                           \
    {CLRC_PBKDF2_HMAC_##h, property_pbkdf2, #h, 0, 0, 0},                                          \
    {CLRC_HKDF_EXTRACT_##h, property_hkdf_extract, #h, 0, 0, 0},                                   \
    {CLRC_HKDF_EXPAND_##h, property_hkdf_expand, #h, 0, 0, 0}

static const struct property PROPERTIES[] = {
    HASHED(MD5, "MD5"), HASHED(SHA1, "SHA1"), HASHED(SHA224, "SHA224"), HASHED(SHA256, "SHA256"),
    HASHED(SHA384, "SHA384"), HASHED(SHA512, "SHA512"), HASHED(SHA3_224, "SHA3-224"),
    HASHED(SHA3_256, "SHA3-256"), HASHED(SHA3_384, "SHA3-384"), HASHED(SHA3_512, "SHA3-512"),
    {CLRC_SHAKE128, property_xof, "SHAKE128", 0, 0, 0}, {CLRC_SHAKE256, property_xof, "SHAKE256", 0, 0, 0},
    {CLRC_AES_CMAC, property_cmac, "AES-%u-CBC", 0, 0, 0}, {CLRC_DES3_CMAC, property_cmac, "DES", 0, 0, 0},
    {CLRC_AES_ECB_NOPAD, property_cipher, "AES-%u-ECB", 16, 0, 0},
    {CLRC_AES_CBC_NOPAD, property_cipher, "AES-%u-CBC", 16, 0, 16},
    {CLRC_AES_CTR, property_cipher, "AES-%u-CTR", 1, 0, 16},
    {CLRC_AES_OFB, property_cipher, "AES-%u-OFB", 1, 0, 16},
    {CLRC_AES_CFB_128, property_cipher, "AES-%u-CFB", 1, 0, 16},
    {CLRC_AES_XTS_NOPAD, property_cipher, "AES-%u-XTS", 1, 16, 16},
    {CLRC_AES_CTS, property_cipher, "AES-%u-CBC-CTS", 1, 17, 16},
    {CLRC_DES3_ECB_NOPAD, property_cipher, "DES-ECB", 8, 0, 0},
    {CLRC_DES3_CBC_NOPAD, property_cipher, "DES-CBC", 8, 0, 8},
    {CLRC_DES3_OFB, property_cipher, "DES-OFB", 1, 0, 8},
    {CLRC_DES3_CFB_64, property_cipher, "DES-CFB", 1, 0, 8},
    {CLRC_AES_GCM, property_aead, "AES-%u-GCM", 0, 1, 64},
    {CLRC_AES_CCM, property_aead, "AES-%u-CCM", 0, 7, 13},
    {CLRC_CHACHA20_POLY1305, property_aead, "ChaCha20-Poly1305", 0, 12, 12},
    {CLRC_AES_KW, property_wrap, "AES-%u-WRAP", 8, 16, 0},
    {CLRC_AES_KWP, property_wrap, "AES-%u-WRAP-PAD", 1, 1, 0},
    RSA_HASHED(SHA1), RSA_HASHED(SHA224), RSA_HASHED(SHA256), RSA_HASHED(SHA384), RSA_HASHED(SHA512),
    RSA_SIGNED(SHA3_224, "SHA3-224"), RSA_SIGNED(SHA3_256, "SHA3-256"),
    RSA_SIGNED(SHA3_384, "SHA3-384"), RSA_SIGNED(SHA3_512, "SHA3-512"),
    {CLRC_RSASSA_PKCS1_V1_5_MD5, property_rsa_pkcs1, "MD5", 0, 0, 0},
    {CLRC_RSAES_PKCS1_V1_5, property_rsa_es, NULL, 0, 0, 0}, {CLRC_RSA_NOPAD, property_rsa_raw, NULL, 0, 0, 0},
    {CLRC_DSA_SHA1, property_dsa, "SHA1", 0, 0, 0}, {CLRC_DSA_SHA224, property_dsa, "SHA224", 0, 0, 0},
    {CLRC_DSA_SHA256, property_dsa, "SHA256", 0, 0, 0},
    {CLRC_ECDSA, property_ecdsa, NULL, 0, 0, 0},
    {CLRC_ECDSA_DETERMINISTIC, property_ecdsa_fixed, NULL, 0, 0, 0},
    {CLRC_ED25519, property_eddsa, NULL, 0, 0, 0}, {CLRC_ED448, property_eddsa, NULL, 0, 0, 0},
    {CLRC_ECDH, property_agree, "EC", 0, 0, 0}, {CLRC_X25519, property_agree, "X25519", 0, 0, 0},
    {CLRC_X448, property_agree, "X448", 0, 0, 0},
    {CLRC_DH_DERIVE_SHARED_SECRET, property_agree, "DH", 0, 0, 0},
    DERIVED(SHA1), DERIVED(SHA224), DERIVED(SHA256), DERIVED(SHA384), DERIVED(SHA512),
    {CLRC_HKDF_MD5, property_hkdf, "MD5", 0, 0, 0},
};
/* clang-format on */

/* ---- random inputs ---- */

static uint64_t next_word(void)
{
    uint64_t z = (now.state += 0x9e3779b97f4a7c15u); /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t property_next(size_t bound)
{
    return (size_t)(next_word() % bound);
}

void property_fill(uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        octets[i] = (uint8_t)next_word();
}

size_t property_length(size_t max)
{
    size_t bound = (size_t[]){70, 70, 300, 5000, PROPERTY_DATA_MAX}[property_next(5)];
    size_t len =
        bound == 5000 && property_next(2) == 0 ? 4094 + property_next(5) : property_next(bound + 1);
    return len < max ? len : max;
}

size_t property_chunk(size_t left)
{
    size_t bound = (size_t[]){3, 20, 40, 5000, PROPERTY_DATA_MAX}[property_next(5)];
    size_t len = 1 + property_next(bound);
    return len < left ? len : left;
}

uint8_t *property_buffer(unsigned n)
{
    static uint8_t buffers[4][PROPERTY_DATA_MAX + 64];
    return buffers[n];
}

/* ---- telling ---- */

void property_must(int condition, const char *text, const char *file, int line)
{
    if (condition)
        return;
    fprintf(stderr, "%s, round %u: not so: %s (%s:%d); KM_PROPERTY_SEED=%" PRIu64 "\n",
            clrcAlgorithmName(now.alg), now.round, text, file, line, now.seed);
    fail();
}

void property_must_be(ClrcResult got, ClrcResult expected, const char *text, const char *file,
                      int line)
{
    if (got != expected)
        fprintf(stderr, "0x%08x, 0x%08x expected: %s\n", got, expected, clrcLastError());
    property_must(got == expected, text, file, line);
}

/* ---- operations of several parts ---- */

size_t property_parts(ClrcOperationHandle op, const uint8_t *in, size_t len, uint8_t *out,
                      size_t room)
{
    size_t done = 0;
    for (size_t at = 0; at < len;) {
        size_t piece = property_chunk(len - at);
        size_t n = room - done;
        must_do(clrcOperationUpdate(op, in + at, piece, out == NULL ? NULL : out + done,
                                    out == NULL ? NULL : &n));
        done += out == NULL ? 0 : n;
        at += piece;
    }
    return done;
}

ClrcOperationHandle property_operation(ClrcKeyHandle key, const ClrcOperationWish *wish)
{
    ClrcOperationHandle op = NULL;
    must_do(clrcOperationNew(key, wish, &op));
    return op;
}

/* ---- the tests ---- */

static const struct property *property_of(ClrcAlgorithm alg)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(PROPERTIES); i++) {
        if (PROPERTIES[i].alg == alg)
            return &PROPERTIES[i];
    }
    return NULL;
}

/* A new algorithm without a property does not pass; neither does a property of none. */
static void every_algorithm_has_one(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint32_t alg = FIRST_ALGORITHM; alg <= LAST_ALGORITHM; alg++) {
        const char *name = clrcAlgorithmName((ClrcAlgorithm)alg);
        if (name == NULL)
            continue;
        n++;
        now.alg = (ClrcAlgorithm)alg;
        must_do(clrcAlgorithmSupported((ClrcAlgorithm)alg, 0));
        must(property_of((ClrcAlgorithm)alg) != NULL);
    }
    assert_int_equal(n, KM_ARRAY_LEN(PROPERTIES));
}

static void all_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(PROPERTIES); i++) {
        now.alg = PROPERTIES[i].alg;
        /* Each algorithm has a sequence of its own, whatever comes before it. */
        now.state = now.seed ^ ((uint64_t)now.alg << 32);
        for (now.round = 0; now.round < now.rounds; now.round++)
            PROPERTIES[i].holds(&PROPERTIES[i]);
    }
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static int setup(void **state)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -1;
    now.seed = number_of("KM_PROPERTY_SEED", random);
    now.rounds = (unsigned)number_of("KM_PROPERTY_ROUNDS", DEFAULT_ROUNDS);
    *state = km_service_start(NULL);
    return 0;
}

static int teardown(void **state)
{
    clrcShutdown();
    km_service_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_has_one),
        cmocka_unit_test(all_hold),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
