/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys of the program's own: taken in when they are first used, or made in the service. The program has
 * them or made them, so raw RSA is no new power here, and all of OpenSSL's paddings work.
 */
#include <pthread.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "common/km_secret.h"
#include "interop/engine/engine_number.h"
#include "interop/engine/engine_own.h"
#include "interop/engine/engine_rsa.h"

#define BITS_MIN 2048
#define BITS_MAX 4096
#define SIZE_MAX_RSA 512u

static pthread_once_t once = PTHREAD_ONCE_INIT;
static RSA_METHOD *method;
static int slot = -1;

static void *get(const void *object)
{
    return RSA_get_ex_data(object, slot);
}

static int set(void *object, void *own)
{
    return RSA_set_ex_data(object, slot, own);
}

static struct engine_key *import(const void *object)
{
    unsigned char *der = NULL;
    int len = i2d_RSAPrivateKey(object, &der);
    if (len <= 0)
        return NULL;
    const ClrcKeyTemplate wish = engine_key_wish(KEY_RSA_KEYPAIR, 0);
    ClrcKeyHandle handle = NULL;
    ClrcResult result = clrcImportKeyDer(&wish, der, (uint32_t)len, &handle);
    OPENSSL_clear_free(der, (size_t)len);
    if (!engine_clrc(result, "take in a key", __func__))
        return NULL;
    return engine_key_take(handle, false);
}

static const BIGNUM *public_number(const void *object)
{
    const BIGNUM *n = NULL;
    RSA_get0_key(object, &n, NULL, NULL);
    return n;
}

static const struct engine_kind kind = {
    .get = get, .set = set, .import = import, .public_number = public_number};

static bool is_good_size(int bits, const BIGNUM *e)
{
    return bits >= BITS_MIN && bits <= BITS_MAX && bits % 8 == 0 && BN_is_word(e, RSA_F4);
}

static bool is_offered(const RSA *rsa)
{
    const BIGNUM *e = NULL;
    const BIGNUM *p = NULL;
    const BIGNUM *q = NULL;
    RSA_get0_key(rsa, NULL, &e, NULL);
    RSA_get0_factors(rsa, &p, &q);
    if (e == NULL || !is_good_size(RSA_bits(rsa), e))
        return false;
    return engine_own_is(&kind, rsa) ||
           (p != NULL && q != NULL && RSA_get_multi_prime_extra_count(rsa) == 0);
}

/* ---- operations ---- */

struct use {
    ClrcAlgorithm algorithm;
    const uint8_t *in;
    uint32_t in_len;
    uint8_t out[SIZE_MAX_RSA];
    uint32_t out_len;
};

static ClrcResult call_decrypt(ClrcKeyHandle key, void *arg)
{
    struct use *use = arg;
    use->out_len = sizeof(use->out);
    return clrcAsymmetricDecrypt(key, use->algorithm, NULL, 0, use->in, use->in_len, use->out,
                                 &use->out_len);
}

/* The private operation; octets written, -1 after raising. */
static int run(RSA *rsa, ClrcAlgorithm algorithm, struct km_slice in, unsigned char *out)
{
    struct use use = {.algorithm = algorithm, .in = in.ptr, .in_len = (uint32_t)in.len};
    int len = -1;
    if (engine_own_run(&kind, rsa, call_decrypt, &use, "RSA")) {
        len = (int)use.out_len;
        km_copy(out, (size_t)RSA_size(rsa), use.out, use.out_len);
    }
    km_wipe(&use, sizeof(use));
    return len;
}

static int priv_enc(int in_len, const unsigned char *in, unsigned char *out, RSA *rsa, int padding)
{
    uint8_t block[SIZE_MAX_RSA] = {0};
    int size = RSA_size(rsa);
    if (!is_offered(rsa) || (padding != RSA_PKCS1_PADDING && padding != RSA_NO_PADDING))
        return RSA_meth_get_priv_enc(RSA_PKCS1_OpenSSL())(in_len, in, out, rsa, padding);
    int done = padding == RSA_PKCS1_PADDING ? RSA_padding_add_PKCS1_type_1(block, size, in, in_len)
                                            : RSA_padding_add_none(block, size, in, in_len);
    if (done <= 0)
        return -1;
    int len = run(rsa, CLRC_RSA_NOPAD, KM_SLICE(block, (size_t)size), out);
    km_wipe(block, sizeof(block));
    return len;
}

static ClrcAlgorithm decryption(int padding)
{
    switch (padding) {
    case RSA_NO_PADDING:
        return CLRC_RSA_NOPAD;
    case RSA_PKCS1_PADDING:
        return CLRC_RSAES_PKCS1_V1_5;
    case RSA_PKCS1_OAEP_PADDING: /* the standard's default, SHA-1 without a label */
        return CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1;
    default:
        return CLRC_ALG_NONE;
    }
}

static int priv_dec(int in_len, const unsigned char *in, unsigned char *out, RSA *rsa, int padding)
{
    ClrcAlgorithm algorithm = decryption(padding);
    if (!is_offered(rsa) || algorithm == CLRC_ALG_NONE || in_len < 0)
        return RSA_meth_get_priv_dec(RSA_PKCS1_OpenSSL())(in_len, in, out, rsa, padding);
    return run(rsa, algorithm, KM_SLICE(in, (size_t)in_len), out);
}

/* ---- making ---- */

bool engine_rsa_set_private(RSA *rsa, BIGNUM *numbers[6])
{
    bool has_d = numbers[0] != NULL;
    bool has_factors = numbers[1] != NULL && numbers[2] != NULL;
    bool has_crt = numbers[3] != NULL && numbers[4] != NULL && numbers[5] != NULL;
    bool took[6] = {false};
    took[0] = has_d && RSA_set0_key(rsa, NULL, NULL, numbers[0]);
    took[1] = took[2] = has_d && has_factors && RSA_set0_factors(rsa, numbers[1], numbers[2]);
    took[3] = took[4] = took[5] =
        took[1] && has_crt && RSA_set0_crt_params(rsa, numbers[3], numbers[4], numbers[5]);
    for (size_t i = 0; i < 6; i++)
        if (!took[i])
            BN_clear_free(numbers[i]);
    return took[0] == has_d;
}

static bool show_private(RSA *rsa, const struct engine_key *key)
{
    static const ClrcAttribute parts[] = {
        CLRC_ATTR_RSA_PRIVATE_EXPONENT, CLRC_ATTR_RSA_PRIME1,    CLRC_ATTR_RSA_PRIME2,
        CLRC_ATTR_RSA_EXPONENT1,        CLRC_ATTR_RSA_EXPONENT2, CLRC_ATTR_RSA_COEFFICIENT};
    BIGNUM *numbers[KM_ARRAY_LEN(parts)] = {NULL};
    for (size_t i = 0; i < KM_ARRAY_LEN(parts) && !engine_hides_private(); i++)
        numbers[i] = engine_number_of(key, parts[i]);
    return engine_rsa_set_private(rsa, numbers);
}

static bool show(RSA *rsa, const struct engine_key *key)
{
    BIGNUM *n = engine_number_of(key, CLRC_ATTR_RSA_MODULUS);
    BIGNUM *e = engine_number_of(key, CLRC_ATTR_RSA_PUBLIC_EXPONENT);
    if (n == NULL || e == NULL || !RSA_set0_key(rsa, n, e, NULL)) {
        BN_free(n);
        BN_free(e);
        return false;
    }
    return show_private(rsa, key);
}

/* A key as OpenSSL makes it, where the service makes none: taken over from a key with OpenSSL's own method. */
static int generate_soft(RSA *rsa, int bits, BIGNUM *e, BN_GENCB *progress)
{
    RSA *soft = RSA_new();
    const BIGNUM *from[8] = {NULL};
    BIGNUM *own[8] = {NULL};
    if (soft == NULL || !RSA_set_method(soft, RSA_PKCS1_OpenSSL()) ||
        !RSA_generate_key_ex(soft, bits, e, progress)) {
        RSA_free(soft);
        return 0;
    }
    RSA_get0_key(soft, &from[0], &from[1], &from[2]);
    RSA_get0_factors(soft, &from[3], &from[4]);
    RSA_get0_crt_params(soft, &from[5], &from[6], &from[7]);
    for (size_t i = 0; i < 8; i++)
        own[i] = BN_dup(from[i]);
    int done = RSA_set0_key(rsa, own[0], own[1], NULL) && engine_rsa_set_private(rsa, own + 2);
    RSA_free(soft);
    return done;
}

static int generate(RSA *rsa, int bits, BIGNUM *e, BN_GENCB *progress)
{
    struct engine_numbers none = {0};
    if (!is_good_size(bits, e))
        return generate_soft(rsa, bits, e, progress);
    KM_AUTO(engine_key_unrefp)
    struct engine_key *key = engine_numbers_create(&none, KEY_RSA_KEYPAIR, (unsigned)bits);
    if (key == NULL || !show(rsa, key))
        return 0;
    const BIGNUM *d = NULL;
    RSA_get0_key(rsa, NULL, NULL, &d);
    return engine_own_attach(&kind, rsa, km_steal(&key), d != NULL);
}

static void make_method(void)
{
    slot = RSA_get_ex_new_index(0, NULL, NULL, NULL, engine_own_free);
    RSA_METHOD *made = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    if (made == NULL || slot < 0)
        return;
    if (RSA_meth_set1_name(made, "Keymoor RSA, own keys") &&
        RSA_meth_set_priv_enc(made, priv_enc) && RSA_meth_set_priv_dec(made, priv_dec) &&
        RSA_meth_set_keygen(made, generate) && RSA_meth_set_multi_prime_keygen(made, NULL) &&
        RSA_meth_set_flags(made, RSA_FLAG_EXT_PKEY | RSA_METHOD_FLAG_NO_CHECK))
        method = made;
}

const RSA_METHOD *engine_rsa_own_method(void)
{
    (void)pthread_once(&once, make_method);
    return method;
}
