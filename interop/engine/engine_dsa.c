/* SPDX-License-Identifier: Apache-2.0 */
/* DSA: the program's own keys, and named ones. Verification is OpenSSL's own, and so are sizes that the service has not. */
#include <pthread.h>

#include <openssl/bn.h>
#include <openssl/dsa.h>

#include "common/km_secret.h"
#include "interop/engine/engine_number.h"
#include "interop/engine/engine_own.h"
#include "interop/engine/engine_pkey.h"

#define SIGNATURE_MAX 80u /* two numbers of 256 bits in DER */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static DSA_METHOD *method;
static int slot = -1;

static void *get(const void *object)
{
    return DSA_get_ex_data(object, slot);
}

static int set(void *object, void *own)
{
    return DSA_set_ex_data(object, slot, own);
}

static void add_group(struct engine_numbers *numbers, const DSA *dsa)
{
    const BIGNUM *p = NULL;
    const BIGNUM *q = NULL;
    const BIGNUM *g = NULL;
    DSA_get0_pqg(dsa, &p, &q, &g);
    engine_numbers_add(numbers, CLRC_ATTR_DSA_PRIME, p, 0);
    engine_numbers_add(numbers, CLRC_ATTR_DSA_SUBPRIME, q, 0);
    engine_numbers_add(numbers, CLRC_ATTR_DSA_BASE, g, 0);
}

static unsigned bits_of(const DSA *dsa)
{
    const BIGNUM *p = NULL;
    DSA_get0_pqg(dsa, &p, NULL, NULL);
    return p == NULL ? 0 : (unsigned)BN_num_bits(p);
}

static unsigned q_octets(const DSA *dsa)
{
    const BIGNUM *q = NULL;
    DSA_get0_pqg(dsa, NULL, &q, NULL);
    return q == NULL ? 0 : (unsigned)BN_num_bytes(q);
}

static struct engine_key *import(const void *object)
{
    struct engine_numbers numbers = {.n = 0};
    const BIGNUM *public = NULL;
    const BIGNUM *private = NULL;
    DSA_get0_key(object, &public, &private);
    add_group(&numbers, object);
    engine_numbers_add(&numbers, CLRC_ATTR_DSA_PUBLIC_VALUE, public, 0);
    engine_numbers_add(&numbers, CLRC_ATTR_DSA_PRIVATE_VALUE, private, 0);
    struct engine_key *key = engine_numbers_import(&numbers, KEY_DSA_KEYPAIR, bits_of(object));
    engine_numbers_wipe(&numbers);
    return key;
}

static const BIGNUM *public_number(const void *object)
{
    const BIGNUM *y = NULL;
    DSA_get0_key(object, &y, NULL);
    return y;
}

static const struct engine_kind kind = {
    .get = get, .set = set, .import = import, .public_number = public_number};

static bool has_group(const DSA *dsa)
{
    unsigned bits = bits_of(dsa);
    unsigned q = q_octets(dsa);
    return (bits == 2048 || bits == 3072) && (q == 28 || q == 32);
}

static bool is_offered(const DSA *dsa)
{
    const BIGNUM *public = NULL;
    const BIGNUM *private = NULL;
    DSA_get0_key(dsa, &public, &private);
    return has_group(dsa) && (engine_own_is(&kind, dsa) || (public != NULL && private != NULL));
}

struct use {
    ClrcAlgorithm algorithm;
    struct km_slice digest;
    uint8_t sig[SIGNATURE_MAX];
    uint32_t len;
};

static ClrcResult call_sign(ClrcKeyHandle key, void *arg)
{
    struct use *use = arg;
    use->len = sizeof(use->sig);
    return clrcSignDigest(key, use->algorithm, use->digest.ptr, (uint32_t)use->digest.len, use->sig,
                          &use->len);
}

/* DSA takes the leftmost octets of a digest, as many as the subgroup's order has. */
static ClrcAlgorithm algorithm_of(size_t len)
{
    return len == 20   ? CLRC_DSA_SHA1
           : len == 28 ? CLRC_DSA_SHA224
           : len == 32 ? CLRC_DSA_SHA256
                       : CLRC_ALG_NONE;
}

static DSA_SIG *sign(const unsigned char *digest, int digest_len, DSA *dsa)
{
    if (digest_len < 0 || !is_offered(dsa))
        return DSA_meth_get_sign(DSA_OpenSSL())(digest, digest_len, dsa);
    size_t len = (size_t)digest_len < q_octets(dsa) ? (size_t)digest_len : q_octets(dsa);
    struct use use = {.algorithm = algorithm_of(len), .digest = KM_SLICE(digest, len)};
    const unsigned char *at = use.sig;
    if (use.algorithm == CLRC_ALG_NONE) {
        (void)engine_clrc(CLRC_ERROR_NOT_SUPPORTED, "sign a digest of that length", __func__);
        return NULL;
    }
    if (!engine_own_run(&kind, dsa, call_sign, &use, "sign"))
        return NULL;
    return d2i_DSA_SIG(NULL, &at, (long)use.len);
}

static bool show(DSA *dsa, const struct engine_key *key)
{
    BIGNUM *public = engine_number_of(key, CLRC_ATTR_DSA_PUBLIC_VALUE);
    BIGNUM *private =
        engine_hides_private() ? NULL : engine_number_of(key, CLRC_ATTR_DSA_PRIVATE_VALUE);
    if (public != NULL && DSA_set0_key(dsa, public, private))
        return true;
    BN_free(public);
    BN_clear_free(private);
    return false;
}

static int generate(DSA *dsa)
{
    struct engine_numbers numbers = {.n = 0};
    if (!has_group(dsa))
        return DSA_meth_get_keygen(DSA_OpenSSL())(dsa);
    add_group(&numbers, dsa);
    KM_AUTO(engine_key_unrefp)
    struct engine_key *key = engine_numbers_create(&numbers, KEY_DSA_KEYPAIR, bits_of(dsa));
    if (key == NULL || !show(dsa, key))
        return 0;
    const BIGNUM *private = NULL;
    DSA_get0_key(dsa, NULL, &private);
    return engine_own_attach(&kind, dsa, km_steal(&key), private != NULL);
}

static void make_method(void)
{
    slot = DSA_get_ex_new_index(0, NULL, NULL, NULL, engine_own_free);
    DSA_METHOD *made = DSA_meth_dup(DSA_OpenSSL());
    if (made == NULL || slot < 0)
        return;
    if (DSA_meth_set1_name(made, "Keymoor DSA") && DSA_meth_set_sign(made, sign) &&
        DSA_meth_set_keygen(made, generate))
        method = made;
}

const DSA_METHOD *engine_dsa_method(void)
{
    (void)pthread_once(&once, make_method);
    return method;
}

EVP_PKEY *engine_dsa_make(EVP_PKEY *public, struct engine_key *key)
{
    DSA *dsa = EVP_PKEY_get1_DSA(public);
    EVP_PKEY *pkey = EVP_PKEY_new();
    if (dsa == NULL || pkey == NULL || engine_dsa_method() == NULL ||
        !DSA_set_method(dsa, engine_dsa_method()) || !show(dsa, key) ||
        !engine_own_attach(&kind, dsa, engine_key_ref(key), false) ||
        !EVP_PKEY_assign_DSA(pkey, dsa)) {
        DSA_free(dsa);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}
