/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "interop/provider/keymgmt.h"
#include "interop/provider/rsa_ids.h"

#define RSA_BITS_DEFAULT 2048u
#define RSA_F4 65537u

struct gen {
    struct prov *prov;
    enum prov_kind kind;
    bool is_parameters; /* of EC: no key is wanted, but a curve to make some on */
    ClrcKeyTemplate wish;
    enum km_door_pss pss;
    char mgf1[16];                /* of RSA-PSS, "" for the digest's own */
    int salt_len;                 /* of RSA-PSS, -1 for the digest's own */
    char name[CLRC_NAME_MAX + 1]; /* "" for a key that is not saved */
};

void *keymgmt_gen_init(struct prov *prov, enum prov_kind kind, int selection,
                       const OSSL_PARAM params[])
{
    static const ClrcKeyTemplate wishes[PROV_KINDS] = {
        [PROV_EC] = {.type = KEY_ECDSA_KEYPAIR},
        [PROV_RSA] = {.type = KEY_RSA_KEYPAIR, .bits = RSA_BITS_DEFAULT},
        [PROV_RSA_PSS] = {.type = KEY_RSA_KEYPAIR,
                          .bits = RSA_BITS_DEFAULT,
                          .usage = CLRC_USAGE_SIGN | CLRC_USAGE_VERIFY},
        [PROV_ED25519] = {.type = KEY_ED25519_KEYPAIR, .bits = 256},
        [PROV_X25519] = {.type = KEY_X25519_KEYPAIR, .bits = 256},
    };
    bool is_parameters = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0;
    if (is_parameters && kind != PROV_EC)
        return NULL;
    struct gen *gen = calloc(1, sizeof(*gen));
    if (gen == NULL)
        return NULL;
    gen->prov = prov;
    gen->kind = kind;
    gen->is_parameters = is_parameters;
    gen->wish = wishes[kind];
    gen->pss = kind == PROV_RSA_PSS ? KM_DOOR_PSS_ANY : KM_DOOR_PSS_NONE;
    gen->salt_len = -1;
    if (!keymgmt_gen_set_params(gen, params)) {
        free(gen);
        return NULL;
    }
    return gen;
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

/* Like another key: on its curve. The other kinds have no parameters. */
int keymgmt_gen_set_template(void *genctx, void *like)
{
    struct gen *gen = genctx;
    const struct km_door_curve *curve = keymgmt_curve(like);
    if (gen->kind == PROV_EC && curve != NULL)
        gen->wish.bits = curve->bits;
    return 1;
}

/* ---- what a key for PSS alone is bound to ---- */

static bool set_pss_digest(struct gen *gen, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    gen->pss = rsa_pss_by_digest(name);
    return gen->pss != KM_DOOR_PSS_NONE ||
           PROV_FAIL(gen->prov, KM_E_UNSUPPORTED,
                     "RSA-PSS keys are bound to SHA-256, SHA-384 or SHA-512, not to '%.40s'", name);
}

static bool set_pss_mgf1(struct gen *gen, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    if (strlen(name) >= sizeof(gen->mgf1))
        return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED, "digest '%.40s' is not offered", name);
    km_copy(gen->mgf1, sizeof(gen->mgf1), name, strlen(name) + 1);
    return true;
}

static bool set_pss_salt(struct gen *gen, const OSSL_PARAM *p)
{
    return OSSL_PARAM_get_int(p, &gen->salt_len);
}

/* Asked at the end, as the parts of it come in any order. */
static bool pss_fits(const struct gen *gen)
{
    const struct rsa_pss_bounds *bounds = rsa_pss_bounds(gen->pss);
    if (bounds->digest == NULL && (gen->mgf1[0] != '\0' || gen->salt_len >= 0))
        return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED,
                         "RSA-PSS keys are bound to a digest or to nothing at all");
    if (gen->mgf1[0] != '\0' && rsa_pss_by_digest(gen->mgf1) != gen->pss)
        return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED, "MGF1 goes with the digest of the message");
    if (gen->salt_len >= 0 && gen->salt_len != bounds->digest_len)
        return PROV_FAIL(gen->prov, KM_E_UNSUPPORTED,
                         "the shortest salt of an RSA-PSS key has the digest's length");
    return true;
}

#define FOR(kind) (1u << (kind))
#define FOR_RSA (FOR(PROV_RSA) | FOR(PROV_RSA_PSS))
#define FOR_ALL (FOR(PROV_KINDS) - 1u)

int keymgmt_gen_set_params(void *genctx, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        unsigned kinds;
        bool (*set)(struct gen *gen, const OSSL_PARAM *p);
    } known[] = {
        {PROV_PARAM_NAME, FOR_ALL, set_name},
        {PROV_PARAM_USE, FOR(PROV_EC), set_use},
        {OSSL_PKEY_PARAM_GROUP_NAME, FOR(PROV_EC), set_group},
        {OSSL_PKEY_PARAM_EC_ENCODING, FOR(PROV_EC), set_encoding},
        {OSSL_PKEY_PARAM_RSA_BITS, FOR_RSA, set_bits},
        {OSSL_PKEY_PARAM_RSA_E, FOR_RSA, set_exponent},
        {OSSL_PKEY_PARAM_RSA_PRIMES, FOR_RSA, set_primes},
        {OSSL_PKEY_PARAM_RSA_DIGEST, FOR(PROV_RSA_PSS), set_pss_digest},
        {OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, FOR(PROV_RSA_PSS), set_pss_mgf1},
        {OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, FOR(PROV_RSA_PSS), set_pss_salt},
    };
    struct gen *gen = genctx;
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && (known[i].kinds & FOR(gen->kind)) != 0 && !known[i].set(gen, p))
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

#define SETTABLE_RSA                                                                               \
    OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_BITS, NULL),                                             \
        OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_PRIMES, NULL),                                       \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),                                             \
        OSSL_PARAM_utf8_string(PROV_PARAM_NAME, NULL, 0)

const OSSL_PARAM *keymgmt_gen_settable_rsa(void *genctx, void *provctx)
{
    static const OSSL_PARAM known[] = {SETTABLE_RSA, OSSL_PARAM_END};
    (void)genctx;
    (void)provctx;
    return known;
}

const OSSL_PARAM *keymgmt_gen_settable_rsa_pss(void *genctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        SETTABLE_RSA,
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, NULL),
        OSSL_PARAM_END,
    };
    (void)genctx;
    (void)provctx;
    return known;
}

const OSSL_PARAM *keymgmt_gen_settable_ecx(void *genctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
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
    const char *name = gen->name[0] == '\0' ? NULL : gen->name;
    (void)progress; /* made elsewhere in one call: there is no progress to tell */
    (void)cbarg;
    if (gen->wish.bits == 0) {
        PROV_FAIL(gen->prov, KM_E_ARG, "no curve was chosen for the new EC key");
        return NULL;
    }
    if (!pss_fits(gen))
        return NULL;
    KM_AUTO(prov_key_unrefp) struct prov_key *made = prov_key_new(gen->prov, gen->kind);
    if (made == NULL)
        return NULL;
    if (gen->is_parameters) {
        made->curve = km_door_curve_by_bits(gen->wish.bits);
        return km_steal(&made);
    }
    made->pss = gen->pss;
    made->is_new = name != NULL;
    if (km_door_key_generate(&err, &gen->wish, name, &made->key) != KM_OK) {
        prov_raise(gen->prov, &err, __func__);
        return NULL;
    }
    return km_steal(&made);
}

void keymgmt_gen_cleanup(void *genctx)
{
    free(genctx);
}
