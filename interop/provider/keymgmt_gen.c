/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "interop/provider/keymgmt.h"

#define RSA_BITS_DEFAULT 2048u
#define RSA_F4 65537u

struct gen {
    struct prov *prov;
    ClrcKeyTemplate wish;
    char name[CLRC_NAME_MAX + 1]; /* "" for a key that is not saved */
};

static void *gen_init(struct prov *prov, int selection, ClrcKeyType type, uint32_t bits,
                      const OSSL_PARAM params[])
{
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0)
        return NULL;
    struct gen *gen = calloc(1, sizeof(*gen));
    if (gen == NULL)
        return NULL;
    gen->prov = prov;
    gen->wish.type = type;
    gen->wish.bits = bits;
    if (!keymgmt_gen_set_params(gen, params)) {
        free(gen);
        return NULL;
    }
    return gen;
}

void *keymgmt_gen_init_ec(void *provctx, int selection, const OSSL_PARAM params[])
{
    return gen_init(provctx, selection, KEY_ECDSA_KEYPAIR, 0, params);
}

void *keymgmt_gen_init_rsa(void *provctx, int selection, const OSSL_PARAM params[])
{
    return gen_init(provctx, selection, KEY_RSA_KEYPAIR, RSA_BITS_DEFAULT, params);
}

static bool set_group(struct gen *gen, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    const struct km_door_curve *curve = km_door_curve_by_name(name);
    if (curve == NULL)
        return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED,
                         "curve '%.40s' is not offered (P-256, P-384, P-521 are)", name);
    gen->wish.bits = curve->bits;
    return true;
}

static bool set_use(struct gen *gen, const OSSL_PARAM *p)
{
    const char *use = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &use))
        return false;
    if (strcmp(use, "sign") == 0)
        gen->wish.type = KEY_ECDSA_KEYPAIR;
    else if (strcmp(use, "agree") == 0)
        gen->wish.type = KEY_ECDH_KEYPAIR;
    else if (strcmp(use, "both") == 0)
        gen->wish.type = KEY_EC_DUAL_KEYPAIR;
    else
        return PROV_FAIL(gen->prov, KM_E_ARG, PROV_PARAM_USE " is sign, agree or both");
    return true;
}

static bool set_name(struct gen *gen, const OSSL_PARAM *p)
{
    struct km_err err = {0};
    struct km_door_uri uri = {0};
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    if (km_door_uri_of_name(&err, name, &uri) != KM_OK)
        return prov_raise(gen->prov, &err, __func__);
    km_copy(gen->name, sizeof(gen->name), uri.name, sizeof(uri.name));
    return true;
}

static bool set_encoding(struct gen *gen, const OSSL_PARAM *p)
{
    const char *encoding = NULL;
    if (OSSL_PARAM_get_utf8_string_ptr(p, &encoding) &&
        strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) == 0)
        return true;
    return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED, "curves go by name only");
}

static bool set_bits(struct gen *gen, const OSSL_PARAM *p)
{
    size_t bits = 0;
    if (!OSSL_PARAM_get_size_t(p, &bits) || bits < 2048 || bits > 4096 || bits % 8 != 0)
        return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED, "RSA keys have 2048 to 4096 bits");
    gen->wish.bits = (uint32_t)bits;
    return true;
}

static bool set_exponent(struct gen *gen, const OSSL_PARAM *p)
{
    BIGNUM *e = NULL;
    bool fits = OSSL_PARAM_get_BN(p, &e) && BN_is_word(e, RSA_F4);
    BN_free(e);
    return fits || PROV_FAIL(gen->prov, KM_E_UNSUPPORTED, "the public exponent is 65537");
}

static bool set_primes(struct gen *gen, const OSSL_PARAM *p)
{
    size_t primes = 0;
    bool fits = OSSL_PARAM_get_size_t(p, &primes) && primes == 2;
    return fits || PROV_FAIL(gen->prov, KM_E_UNSUPPORTED, "RSA keys have two primes");
}

int keymgmt_gen_set_params(void *genctx, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        bool is_ec;
        bool is_rsa;
        bool (*set)(struct gen *gen, const OSSL_PARAM *p);
    } known[] = {
        {PROV_PARAM_NAME, true, true, set_name},
        {PROV_PARAM_USE, true, false, set_use},
        {OSSL_PKEY_PARAM_GROUP_NAME, true, false, set_group},
        {OSSL_PKEY_PARAM_EC_ENCODING, true, false, set_encoding},
        {OSSL_PKEY_PARAM_RSA_BITS, false, true, set_bits},
        {OSSL_PKEY_PARAM_RSA_E, false, true, set_exponent},
        {OSSL_PKEY_PARAM_RSA_PRIMES, false, true, set_primes},
    };
    struct gen *gen = genctx;
    bool is_rsa = gen->wish.type == KEY_RSA_KEYPAIR;
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && (is_rsa ? known[i].is_rsa : known[i].is_ec) && !known[i].set(gen, p))
            return 0;
    }
    return 1;
}

const OSSL_PARAM *keymgmt_gen_settable_ec(void *genctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_USE, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)genctx;
    (void)provctx;
    return known;
}

const OSSL_PARAM *keymgmt_gen_settable_rsa(void *genctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_BITS, NULL),
        OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_PRIMES, NULL),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)genctx;
    (void)provctx;
    return known;
}

void *keymgmt_gen(void *genctx, OSSL_CALLBACK *progress, void *cbarg)
{
    struct gen *gen = genctx;
    struct km_err err = {0};
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = NULL;
    const char *name = gen->name[0] == '\0' ? NULL : gen->name;
    (void)progress; /* made elsewhere in one call: there is no progress to tell */
    (void)cbarg;
    if (gen->wish.bits == 0) {
        PROV_FAIL(gen->prov, KM_E_ARG, "no curve was chosen for the new EC key");
        return NULL;
    }
    if (km_door_key_generate(&err, &gen->wish, name, &key) != KM_OK) {
        prov_raise(gen->prov, &err, __func__);
        return NULL;
    }
    struct prov_key *made = prov_key_new(gen->prov, key);
    if (made != NULL)
        (void)km_steal(&key);
    return made;
}

void keymgmt_gen_cleanup(void *genctx)
{
    free(genctx);
}
