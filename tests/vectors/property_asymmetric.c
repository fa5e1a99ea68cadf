/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and encryption with key pairs that libcrypto made: each side takes what the other one gives. */
#include "tests/vectors/property.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define SIGNATURE_MAX 512u
#define RSA_LEN 256u
#define MESSAGE_MAX ((size_t)20000)

static const char *const HASHES[] = {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"};
static const ClrcAlgorithm DIGESTS[] = {CLRC_SHA1, CLRC_SHA224, CLRC_SHA256, CLRC_SHA384,
                                        CLRC_SHA512};

/* ---- keys: made once, on both sides ---- */

struct pair {
    EVP_PKEY *pkey;
    ClrcKeyHandle key;
};

static ClrcKeyHandle import_pair(ClrcKeyType type, EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    const ClrcKeyTemplate wish = {.type = type};
    ClrcKeyHandle key = NULL;
    PKCS8_PRIV_KEY_INFO_free(p8);
    must(len > 0);
    must_do(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    OPENSSL_free(der);
    return key;
}

static const struct pair *pair_of(struct pair *pair, ClrcKeyType type, EVP_PKEY *(*make)(void))
{
    if (pair->pkey == NULL) {
        pair->pkey = make();
        must(pair->pkey != NULL);
        pair->key = import_pair(type, pair->pkey);
    }
    return pair;
}

static EVP_PKEY *make_rsa(void)
{
    return EVP_RSA_gen(RSA_LEN * 8);
}

static EVP_PKEY *make_dsa(void)
{
    EVP_PKEY *domain = NULL;
    EVP_PKEY *pkey = NULL;
    unsigned p_bits = 2048;
    unsigned q_bits = 256;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_FFC_PBITS, &p_bits),
                           OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_FFC_QBITS, &q_bits),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    must(EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1);
    must(EVP_PKEY_paramgen(ctx, &domain) == 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL);
    must(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &pkey) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(domain);
    return pkey;
}

static EVP_PKEY *make_ed25519(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}
static EVP_PKEY *make_ed448(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
}

static EVP_PKEY *make_p224(void)
{
    return EVP_EC_gen("P-224");
}
static EVP_PKEY *make_p256(void)
{
    return EVP_EC_gen("P-256");
}
static EVP_PKEY *make_p384(void)
{
    return EVP_EC_gen("P-384");
}
static EVP_PKEY *make_p521(void)
{
    return EVP_EC_gen("P-521");
}

static const struct pair *rsa_pair(void)
{
    static struct pair pair;
    return pair_of(&pair, KEY_RSA_KEYPAIR, make_rsa);
}

static const struct pair *dsa_pair(void)
{
    static struct pair pair;
    return pair_of(&pair, KEY_DSA_KEYPAIR, make_dsa);
}

static const struct pair *ec_pair(void)
{
    static struct pair pairs[4];
    static EVP_PKEY *(*const make[])(void) = {make_p224, make_p256, make_p384, make_p521};
    size_t i = property_next(KM_ARRAY_LEN(pairs));
    return pair_of(&pairs[i], KEY_ECDSA_KEYPAIR, make[i]);
}

static const struct pair *eddsa_pair(ClrcAlgorithm alg)
{
    static struct pair ed25519;
    static struct pair ed448;
    return alg == CLRC_ED448 ? pair_of(&ed448, KEY_ED448_KEYPAIR, make_ed448)
                             : pair_of(&ed25519, KEY_ED25519_KEYPAIR, make_ed25519);
}

/* ---- signatures ---- */

struct scheme {
    const struct pair *pair;
    ClrcAlgorithm alg, digest; /* digest: told to an operation of parts, or CLRC_ALG_NONE */
    const char *hash;
    int padding;   /* RSA; 0 for others */
    int salt_len;  /* PSS */
    bool own_salt; /* PSS with the salt's length said */
};

struct signature {
    uint8_t octets[SIGNATURE_MAX];
    uint32_t len;
};

static EVP_PKEY_CTX *ref_ctx(const struct scheme *scheme, bool sign)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, scheme->pair->pkey, NULL);
    must((sign ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) == 1);
    must(scheme->padding == 0 || EVP_PKEY_CTX_set_rsa_padding(ctx, scheme->padding) == 1);
    must(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(scheme->hash)) == 1);
    must(scheme->padding != RSA_PKCS1_PSS_PADDING ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, scheme->salt_len) == 1);
    return ctx;
}

static bool ref_verifies(const struct scheme *scheme, const uint8_t *digest, size_t len,
                         const struct signature *signature)
{
    EVP_PKEY_CTX *ctx = ref_ctx(scheme, false);
    int result = EVP_PKEY_verify(ctx, signature->octets, signature->len, digest, len);
    EVP_PKEY_CTX_free(ctx);
    return result == 1;
}

static void ref_sign(const struct scheme *scheme, const uint8_t *digest, size_t len,
                     struct signature *ret)
{
    size_t n = sizeof(ret->octets);
    EVP_PKEY_CTX *ctx = ref_ctx(scheme, true);
    must(EVP_PKEY_sign(ctx, ret->octets, &n, digest, len) == 1);
    ret->len = (uint32_t)n;
    EVP_PKEY_CTX_free(ctx);
}

static void sign(const struct scheme *scheme, const uint8_t *digest, uint32_t len,
                 struct signature *ret)
{
    ret->len = sizeof(ret->octets);
    must_do(
        scheme->own_salt
            ? clrcSignDigestPss(scheme->pair->key, scheme->alg, (uint32_t)scheme->salt_len, digest,
                                len, ret->octets, &ret->len)
            : clrcSignDigest(scheme->pair->key, scheme->alg, digest, len, ret->octets, &ret->len));
}

static ClrcResult verify(const struct scheme *scheme, const uint8_t *digest, uint32_t len,
                         const struct signature *s)
{
    return scheme->own_salt
               ? clrcVerifyDigestPss(scheme->pair->key, scheme->alg, (uint32_t)scheme->salt_len,
                                     digest, len, s->octets, s->len)
               : clrcVerifyDigest(scheme->pair->key, scheme->alg, digest, len, s->octets, s->len);
}

/* The message through an operation that hashes it inside. */
static void sign_parts(const struct scheme *scheme, const uint8_t *message, size_t message_len,
                       const uint8_t *digest, size_t digest_len)
{
    struct signature s = {.len = SIGNATURE_MAX};
    ClrcOperationWish wish = {
        .algorithm = scheme->alg, .mode = CLRC_MODE_SIGN, .digest = scheme->digest};
    ClrcOperationHandle op = property_operation(scheme->pair->key, &wish);
    (void)property_parts(op, message, message_len, NULL, 0);
    must_do(clrcOperationFinal(op, NULL, NULL, s.octets, &s.len));
    clrcOperationFree(op);
    must(ref_verifies(scheme, digest, digest_len, &s));
    wish.mode = CLRC_MODE_VERIFY;
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        op = property_operation(scheme->pair->key, &wish);
        (void)property_parts(op, message, message_len, NULL, 0);
        s.octets[s.len - 1] ^= (uint8_t)wrong;
        must_be(clrcOperationFinalVerify(op, NULL, NULL, s.octets, s.len),
                wrong != 0 ? CLRC_ERROR_SIGNATURE : CLRC_SUCCESS);
        clrcOperationFree(op);
    }
}

static void signature_holds(const struct scheme *scheme)
{
    uint8_t *message = property_buffer(0);
    uint8_t digest[64];
    size_t len = property_length(MESSAGE_MAX);
    size_t digest_len = 0;
    struct signature s = {.len = 0};
    property_fill(message, len);
    must(EVP_Q_digest(NULL, scheme->hash, NULL, message, len, digest, &digest_len) == 1);
    sign(scheme, digest, (uint32_t)digest_len, &s);
    must(ref_verifies(scheme, digest, digest_len, &s));
    must_do(verify(scheme, digest, (uint32_t)digest_len, &s));
    ref_sign(scheme, digest, digest_len, &s);
    must_do(verify(scheme, digest, (uint32_t)digest_len, &s));
    digest[0] ^= 1;
    must_be(verify(scheme, digest, (uint32_t)digest_len, &s), CLRC_ERROR_SIGNATURE);
    digest[0] ^= 1;
    s.octets[s.len / 2 + property_next(s.len / 2)] ^= (uint8_t)(1u << property_next(8));
    must_be(verify(scheme, digest, (uint32_t)digest_len, &s), CLRC_ERROR_SIGNATURE);
    if (!scheme->own_salt)
        sign_parts(scheme, message, len, digest, digest_len);
}

void property_rsa_pkcs1(const struct property *property)
{
    const struct scheme scheme = {.pair = rsa_pair(),
                                  .alg = property->alg,
                                  .hash = property->ref,
                                  .padding = RSA_PKCS1_PADDING};
    signature_holds(&scheme);
}

void property_rsa_pss(const struct property *property)
{
    struct scheme scheme = {.pair = rsa_pair(),
                            .alg = property->alg,
                            .hash = property->ref,
                            .padding = RSA_PKCS1_PSS_PADDING,
                            .own_salt = property_next(2) == 0};
    scheme.salt_len = scheme.own_salt ? (int)property_next(65)
                                      : EVP_MD_get_size(EVP_get_digestbyname(property->ref));
    signature_holds(&scheme);
}

void property_dsa(const struct property *property)
{
    const struct scheme scheme = {.pair = dsa_pair(), .alg = property->alg, .hash = property->ref};
    signature_holds(&scheme);
}

void property_ecdsa(const struct property *property)
{
    size_t i = property_next(KM_ARRAY_LEN(HASHES));
    const struct scheme scheme = {
        .pair = ec_pair(), .alg = property->alg, .hash = HASHES[i], .digest = DIGESTS[i]};
    signature_holds(&scheme);
}

void property_ecdsa_fixed(const struct property *property)
{
    size_t i = property_next(KM_ARRAY_LEN(HASHES));
    const struct scheme scheme = {
        .pair = ec_pair(), .alg = property->alg, .hash = HASHES[i], .digest = DIGESTS[i]};
    uint8_t digest[64];
    struct signature first = {.len = 0};
    struct signature second = {.len = 0};
    uint32_t len = (uint32_t)EVP_MD_get_size(EVP_get_digestbyname(HASHES[i]));
    property_fill(digest, len);
    sign(&scheme, digest, len, &first);
    sign(&scheme, digest, len, &second);
    must_equal(first.octets, first.len, second.octets, second.len);
    digest[0] ^= 1; /* its last octets are beyond the order of P-224 */
    sign(&scheme, digest, len, &second);
    must(first.len != second.len || memcmp(first.octets, second.octets, first.len) != 0);
    signature_holds(&scheme);
}

static void eddsa_parts(const struct pair *pair, ClrcAlgorithm alg, const uint8_t *message,
                        size_t len, const struct signature *want)
{
    struct signature got = {.len = SIGNATURE_MAX};
    ClrcOperationWish wish = {.algorithm = alg, .mode = CLRC_MODE_SIGN};
    ClrcOperationHandle op = property_operation(pair->key, &wish);
    (void)property_parts(op, message, len, NULL, 0);
    must_do(clrcOperationFinal(op, NULL, NULL, got.octets, &got.len));
    must_equal(got.octets, got.len, want->octets, want->len);
    clrcOperationFree(op);
    wish.mode = CLRC_MODE_VERIFY;
    op = property_operation(pair->key, &wish);
    (void)property_parts(op, message, len, NULL, 0);
    must_do(clrcOperationFinalVerify(op, NULL, NULL, want->octets, want->len));
    clrcOperationFree(op);
}

void property_eddsa(const struct property *property)
{
    const struct pair *pair = eddsa_pair(property->alg);
    uint8_t *message = property_buffer(0);
    size_t len = property_length(4096);
    size_t want_len = SIGNATURE_MAX;
    struct signature want;
    struct signature got = {.len = SIGNATURE_MAX};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    property_fill(message, len);
    must(EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, pair->pkey, NULL) == 1);
    must(EVP_DigestSign(ctx, want.octets, &want_len, message, len) == 1);
    EVP_MD_CTX_free(ctx);
    want.len = (uint32_t)want_len;
    must_do(clrcSignDigest(pair->key, property->alg, message, (uint32_t)len, got.octets, &got.len));
    must_equal(got.octets, got.len, want.octets, want.len);
    must_do(
        clrcVerifyDigest(pair->key, property->alg, message, (uint32_t)len, want.octets, want.len));
    eddsa_parts(pair, property->alg, message, len, &want);
    got.octets[property_next(got.len)] ^= (uint8_t)(1u << property_next(8));
    must_be(clrcVerifyDigest(pair->key, property->alg, message, (uint32_t)len, got.octets, got.len),
            CLRC_ERROR_SIGNATURE);
}

/* ---- encryption ---- */

struct oaep {
    const char *hash;
    const uint8_t *label;
    size_t label_len;
    int padding;
};

static void set_oaep(EVP_PKEY_CTX *ctx, const struct oaep *oaep)
{
    must(EVP_PKEY_CTX_set_rsa_padding(ctx, oaep->padding) == 1);
    if (oaep->padding != RSA_PKCS1_OAEP_PADDING)
        return;
    const EVP_MD *md = EVP_get_digestbyname(oaep->hash);
    must(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1);
    if (oaep->label_len > 0)
        must(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(oaep->label, oaep->label_len),
                                              (int)oaep->label_len) == 1);
}

/* libcrypto's encryption or decryption; answers the length. */
static size_t ref_crypt(const struct pair *pair, const struct oaep *oaep, bool encrypt,
                        const uint8_t *in, size_t len, uint8_t out[RSA_LEN])
{
    size_t n = RSA_LEN;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pair->pkey, NULL);
    must((encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1);
    set_oaep(ctx, oaep);
    must((encrypt ? EVP_PKEY_encrypt(ctx, out, &n, in, len)
                  : EVP_PKEY_decrypt(ctx, out, &n, in, len)) == 1);
    EVP_PKEY_CTX_free(ctx);
    return n;
}

static void crypt_both(const struct property *property, const struct oaep *oaep, size_t longest)
{
    const struct pair *pair = rsa_pair();
    uint8_t text[RSA_LEN];
    uint8_t secret[RSA_LEN];
    uint8_t got[RSA_LEN];
    uint32_t n = sizeof(secret);
    size_t len = property_next(longest + 1);
    property_fill(text, len);
    must_do(clrcAsymmetricEncrypt(pair->key, property->alg, oaep->label, (uint32_t)oaep->label_len,
                                  text, (uint32_t)len, secret, &n));
    must(n == RSA_LEN);
    size_t got_len = ref_crypt(pair, oaep, false, secret, n, got);
    must_equal(got, got_len, text, len);
    must(ref_crypt(pair, oaep, true, text, len, secret) == RSA_LEN);
    n = sizeof(got);
    must_do(clrcAsymmetricDecrypt(pair->key, property->alg, oaep->label, (uint32_t)oaep->label_len,
                                  secret, RSA_LEN, got, &n));
    must_equal(got, n, text, len);
}

void property_rsa_oaep(const struct property *property)
{
    uint8_t label[64];
    const struct oaep oaep = {.hash = property->ref,
                              .label = label,
                              .label_len = property_next(2) == 0 ? 0 : property_next(sizeof(label)),
                              .padding = RSA_PKCS1_OAEP_PADDING};
    property_fill(label, sizeof(label));
    size_t hash = (size_t)EVP_MD_get_size(EVP_get_digestbyname(property->ref));
    crypt_both(property, &oaep, RSA_LEN - 2 * hash - 2);
}

void property_rsa_es(const struct property *property)
{
    const struct oaep oaep = {.padding = RSA_PKCS1_PADDING};
    crypt_both(property, &oaep, RSA_LEN - 11);
}

void property_rsa_raw(const struct property *property)
{
    const struct pair *pair = rsa_pair();
    const struct oaep raw = {.padding = RSA_NO_PADDING};
    uint8_t text[RSA_LEN];
    uint8_t want[RSA_LEN];
    uint8_t got[RSA_LEN];
    uint32_t n = sizeof(got);
    property_fill(text, sizeof(text));
    text[0] = 0; /* below the modulus */
    must(ref_crypt(pair, &raw, true, text, RSA_LEN, want) == RSA_LEN);
    must_do(clrcAsymmetricEncrypt(pair->key, property->alg, NULL, 0, text, RSA_LEN, got, &n));
    must_equal(got, n, want, RSA_LEN);
    n = sizeof(got);
    must_do(clrcAsymmetricDecrypt(pair->key, property->alg, NULL, 0, want, RSA_LEN, got, &n));
    must_equal(got, n, text, RSA_LEN);
}
