/* SPDX-License-Identifier: Apache-2.0 */
/* DH: the program's own keys, and named ones. Groups that the service has not are OpenSSL's own matter. */
#include <pthread.h>

#include <openssl/bn.h>
#include <openssl/dh.h>
#include <openssl/objects.h>

#include "common/km_secret.h"
#include "interop/engine/engine_number.h"
#include "interop/engine/engine_own.h"
#include "interop/engine/engine_pkey.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static DH_METHOD *method;
static int slot = -1;

static void *get(const void *object)
{
    return DH_get_ex_data(object, slot);
}

static int set(void *object, void *own)
{
    return DH_set_ex_data(object, slot, own);
}

/* The named groups of RFC 7919 go without their order, which OpenSSL 1.1 does not know. */
static void add_group(struct engine_numbers *numbers, const DH *dh)
{
    const BIGNUM *p = NULL;
    const BIGNUM *q = NULL;
    const BIGNUM *g = NULL;
    DH_get0_pqg(dh, &p, &q, &g);
    engine_numbers_add(numbers, CLRC_ATTR_DH_PRIME, p, 0);
    if (DH_get_nid(dh) == NID_undef)
        engine_numbers_add(numbers, CLRC_ATTR_DH_SUBPRIME, q, 0);
    engine_numbers_add(numbers, CLRC_ATTR_DH_BASE, g, 0);
}

static bool has_group(const DH *dh)
{
    const BIGNUM *p = NULL;
    const BIGNUM *q = NULL;
    DH_get0_pqg(dh, &p, &q, NULL);
    int bits = p == NULL ? 0 : BN_num_bits(p);
    if (bits != 2048 && bits != 3072 && bits != 4096)
        return false;
    /* The order of a group of one's own has to be told, and the service takes 160 to 512 bits. */
    return DH_get_nid(dh) != NID_undef ||
           (q != NULL && BN_num_bits(q) >= 160 && BN_num_bits(q) <= 512);
}

static unsigned bits_of(const DH *dh)
{
    return (unsigned)BN_num_bits(DH_get0_p(dh));
}

static struct engine_key *import(const void *object)
{
    struct engine_numbers numbers = {.n = 0};
    const BIGNUM *public = NULL;
    const BIGNUM *private = NULL;
    DH_get0_key(object, &public, &private);
    add_group(&numbers, object);
    engine_numbers_add(&numbers, CLRC_ATTR_DH_PUBLIC_VALUE, public, 0);
    engine_numbers_add(&numbers, CLRC_ATTR_DH_PRIVATE_VALUE, private, 0);
    struct engine_key *key = engine_numbers_import(&numbers, KEY_DH_KEYPAIR, bits_of(object));
    engine_numbers_wipe(&numbers);
    return key;
}

static const BIGNUM *public_number(const void *object)
{
    const BIGNUM *y = NULL;
    DH_get0_key(object, &y, NULL);
    return y;
}

static const struct engine_kind kind = {
    .get = get, .set = set, .import = import, .public_number = public_number};

static bool is_offered(const DH *dh)
{
    const BIGNUM *public = NULL;
    const BIGNUM *private = NULL;
    DH_get0_key(dh, &public, &private);
    return has_group(dh) && (engine_own_is(&kind, dh) || (public != NULL && private != NULL));
}

struct use {
    uint8_t peer[ENGINE_COMPONENT_MAX];
    uint32_t peer_len;
    uint8_t secret[ENGINE_COMPONENT_MAX];
    uint32_t len;
};

static ClrcResult call_agree(ClrcKeyHandle key, void *arg)
{
    struct use *use = arg;
    use->len = sizeof(use->secret);
    return clrcAgreeRaw(key, use->peer, use->peer_len, use->secret, &use->len);
}

/* OpenSSL 1.1 wants the number without leading zeros, OpenSSL 3 at its full length. */
static int give(const struct use *use, size_t size, unsigned char *secret)
{
    size_t skip = 0;
#if OPENSSL_VERSION_NUMBER < 0x30000000L
    while (skip + 1 < use->len && use->secret[skip] == 0)
        skip++;
#endif
    km_copy(secret, size, use->secret + skip, use->len - skip);
    return (int)(use->len - skip);
}

static int compute_key(unsigned char *secret, const BIGNUM *peer, DH *dh)
{
    struct use use = {.peer_len = (uint32_t)DH_size(dh)};
    int len = -1;
    if (!is_offered(dh))
        return DH_meth_get_compute_key(DH_OpenSSL())(secret, peer, dh);
    if (BN_is_negative(peer) || BN_bn2binpad(peer, use.peer, DH_size(dh)) < 0)
        (void)engine_clrc(CLRC_ERROR_BAD_FORMAT, "agree with the peer's value", __func__);
    else if (engine_own_run(&kind, dh, call_agree, &use, "agree"))
        len = give(&use, (size_t)DH_size(dh), secret);
    km_wipe(&use, sizeof(use));
    return len;
}

static bool show(DH *dh, const struct engine_key *key)
{
    BIGNUM *public = engine_number_of(key, CLRC_ATTR_DH_PUBLIC_VALUE);
    BIGNUM *private =
        engine_hides_private() ? NULL : engine_number_of(key, CLRC_ATTR_DH_PRIVATE_VALUE);
    if (public != NULL && DH_set0_key(dh, public, private))
        return true;
    BN_free(public);
    BN_clear_free(private);
    return false;
}

static int generate(DH *dh)
{
    struct engine_numbers numbers = {.n = 0};
    const BIGNUM *given = NULL;
    DH_get0_key(dh, NULL, &given);
    if (!has_group(dh) ||
        given != NULL) /* OpenSSL's also computes what goes with a given private part */
        return DH_meth_get_generate_key(DH_OpenSSL())(dh);
    add_group(&numbers, dh);
    KM_AUTO(engine_key_unrefp)
    struct engine_key *key = engine_numbers_create(&numbers, KEY_DH_KEYPAIR, bits_of(dh));
    if (key == NULL || !show(dh, key))
        return 0;
    const BIGNUM *private = NULL;
    DH_get0_key(dh, NULL, &private);
    return engine_own_attach(&kind, dh, km_steal(&key), private != NULL);
}

static void make_method(void)
{
    slot = DH_get_ex_new_index(0, NULL, NULL, NULL, engine_own_free);
    DH_METHOD *made = DH_meth_dup(DH_OpenSSL());
    if (made == NULL || slot < 0)
        return;
    if (DH_meth_set1_name(made, "Keymoor DH") && DH_meth_set_generate_key(made, generate) &&
        DH_meth_set_compute_key(made, compute_key))
        method = made;
}

const DH_METHOD *engine_dh_method(void)
{
    (void)pthread_once(&once, make_method);
    return method;
}

EVP_PKEY *engine_dh_make(EVP_PKEY *public, struct engine_key *key)
{
    DH *dh = EVP_PKEY_get1_DH(public);
    EVP_PKEY *pkey = EVP_PKEY_new();
    if (dh == NULL || pkey == NULL || engine_dh_method() == NULL ||
        !DH_set_method(dh, engine_dh_method()) || !show(dh, key) ||
        !engine_own_attach(&kind, dh, engine_key_ref(key), false) ||
        !EVP_PKEY_assign(pkey, EVP_PKEY_base_id(public), dh)) {
        DH_free(dh);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}
