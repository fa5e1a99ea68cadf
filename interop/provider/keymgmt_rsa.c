/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT: RSA keys, and those for PSS alone. */
#include "interop/provider/keymgmt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "interop/provider/rsa_ids.h"

#define EXPONENT_MAX 64u /* octets */

KEYMGMT_KIND(rsa, PROV_RSA)
KEYMGMT_KIND(rsa_pss, PROV_RSA_PSS)

/* NIST SP 800-57 part 1, table 2. */
static int security_bits(unsigned bits)
{
    return bits >= 7680 ? 192 : bits >= 4096 ? 152 : bits >= 3072 ? 128 : bits >= 2048 ? 112 : 80;
}

/* A key that is bound to a digest has no default but that one. */
static bool get_digest(const struct prov_key *key, OSSL_PARAM params[])
{
    const struct rsa_pss_bounds *bounds = rsa_pss_bounds(key->pss);
    if (bounds->digest == NULL)
        return keymgmt_set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256");
    return keymgmt_set_text(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST, bounds->digest) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_RSA_DIGEST, bounds->digest) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, bounds->digest) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_RSA_MASKGENFUNC, "MGF1") &&
           keymgmt_set_int(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, bounds->digest_len);
}

static int get_rsa(void *keydata, OSSL_PARAM params[])
{
    const struct prov_key *key = keydata;
    if (key->key == NULL)
        return 0;
    const struct km_door_public *public = km_door_key_public(key->key);
    return keymgmt_set_int(params, OSSL_PKEY_PARAM_BITS, (int)public->bits) &&
           keymgmt_set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, security_bits(public->bits)) &&
           keymgmt_set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, (int)public->n.len) &&
           keymgmt_set_number(params, OSSL_PKEY_PARAM_RSA_N, public->n) &&
           keymgmt_set_number(params, OSSL_PKEY_PARAM_RSA_E, public->e) && get_digest(key, params);
}

#define GETTABLE_RSA                                                                               \
    OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),                                                    \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),                                       \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),                                            \
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),                           \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),                                             \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0)

#define TYPES_PSS                                                                                  \
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, NULL, 0),                                   \
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, NULL, 0),                          \
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MASKGENFUNC, NULL, 0),                          \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, NULL)

static const OSSL_PARAM *gettable_rsa(void *provctx)
{
    static const OSSL_PARAM known[] = {GETTABLE_RSA, OSSL_PARAM_END};
    (void)provctx;
    return known;
}

static const OSSL_PARAM *gettable_rsa_pss(void *provctx)
{
    static const OSSL_PARAM known[] = {
        GETTABLE_RSA, OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0), TYPES_PSS,
        OSSL_PARAM_END};
    (void)provctx;
    return known;
}

/* ---- to other providers ---- */

static bool push_bounds(OSSL_PARAM_BLD *bld, const struct rsa_pss_bounds *bounds)
{
    return bounds->digest == NULL ||
           (OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_RSA_DIGEST, bounds->digest, 0) &&
            OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_RSA_MASKGENFUNC, "MGF1", 0) &&
            OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, bounds->digest,
                                            0) &&
            OSSL_PARAM_BLD_push_int(bld, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, bounds->digest_len));
}

/* The builder borrows the numbers until it has made its array. */
OSSL_PARAM *keymgmt_build_rsa(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection)
{
    const struct km_door_public *public = km_door_key_public(key->key);
    BIGNUM *n = BN_bin2bn(public->n.ptr, (int)public->n.len, NULL);
    BIGNUM *e = BN_bin2bn(public->e.ptr, (int)public->e.len, NULL);
    OSSL_PARAM *params = NULL;
    (void)selection;
    if (n != NULL && e != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) &&
        push_bounds(bld, rsa_pss_bounds(key->pss)))
        params = OSSL_PARAM_BLD_to_param(bld);
    BN_free(n);
    BN_free(e);
    return params;
}

/* ---- taking in ---- */

/* Bounds that ours can't have make the key a stranger, which is left where it is. */
static bool import_bounds(struct prov_key *key, const OSSL_PARAM params[])
{
    const OSSL_PARAM *digest = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_DIGEST);
    const OSSL_PARAM *mgf1 = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_MGF1_DIGEST);
    const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN);
    const char *digest_name = NULL;
    const char *mgf1_name = NULL;
    int salt_len = 0;
    if (key->kind != PROV_RSA_PSS)
        return true;
    key->pss = KM_DOOR_PSS_ANY;
    if (digest == NULL && mgf1 == NULL && salt == NULL)
        return true;
    if (digest == NULL || mgf1 == NULL || salt == NULL ||
        !OSSL_PARAM_get_utf8_string_ptr(digest, &digest_name) ||
        !OSSL_PARAM_get_utf8_string_ptr(mgf1, &mgf1_name) || !OSSL_PARAM_get_int(salt, &salt_len))
        return false;
    key->pss = rsa_pss_by_digest(digest_name);
    return key->pss != KM_DOOR_PSS_NONE && rsa_pss_by_digest(mgf1_name) == key->pss &&
           salt_len == rsa_pss_bounds(key->pss)->digest_len;
}

static int import_private(struct prov_key *key, const OSSL_PARAM params[])
{
    static const struct keymgmt_component components[] = {
        {OSSL_PKEY_PARAM_RSA_N, CLRC_ATTR_RSA_MODULUS},
        {OSSL_PKEY_PARAM_RSA_E, CLRC_ATTR_RSA_PUBLIC_EXPONENT},
        {OSSL_PKEY_PARAM_RSA_D, CLRC_ATTR_RSA_PRIVATE_EXPONENT},
        {OSSL_PKEY_PARAM_RSA_FACTOR1, CLRC_ATTR_RSA_PRIME1},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, CLRC_ATTR_RSA_PRIME2},
        {OSSL_PKEY_PARAM_RSA_EXPONENT1, CLRC_ATTR_RSA_EXPONENT1},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, CLRC_ATTR_RSA_EXPONENT2},
        {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CLRC_ATTR_RSA_COEFFICIENT},
    };
    const ClrcKeyTemplate wish = {.type = KEY_RSA_KEYPAIR};
    return keymgmt_transfer(key, &wish, params, components, KM_ARRAY_LEN(components));
}

static int import_rsa(void *keydata, int selection, const OSSL_PARAM params[])
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    uint8_t n_buf[KM_DOOR_SIGNATURE_MAX] = {0};
    uint8_t e_buf[EXPONENT_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    const OSSL_PARAM *n = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_N);
    const OSSL_PARAM *e = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E);
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || n == NULL || e == NULL ||
        !import_bounds(keydata, params))
        return 0;
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != NULL)
        return import_private(keydata, params);
    km_door_public_write_rsa(&wr, keymgmt_number(n, KM_SPAN(n_buf, sizeof(n_buf))),
                             keymgmt_number(e, KM_SPAN(e_buf, sizeof(e_buf))));
    return keymgmt_import_spki(keydata, &wr);
}

#define TYPES_PUBLIC                                                                               \
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0), OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0)

#define TYPES_PRIVATE                                                                              \
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_D, NULL, 0),                                                 \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR1, NULL, 0),                                       \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR2, NULL, 0),                                       \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT1, NULL, 0),                                     \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT2, NULL, 0),                                     \
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, NULL, 0),                                  \
        OSSL_PARAM_utf8_string(PROV_PARAM_NAME, NULL, 0)

static const OSSL_PARAM *import_types_rsa(int selection)
{
    static const OSSL_PARAM known[] = {TYPES_PUBLIC, TYPES_PRIVATE, OSSL_PARAM_END};
    (void)selection;
    return known;
}

static const OSSL_PARAM *import_types_rsa_pss(int selection)
{
    static const OSSL_PARAM known[] = {TYPES_PUBLIC, TYPES_PRIVATE, TYPES_PSS, OSSL_PARAM_END};
    (void)selection;
    return known;
}

static const OSSL_PARAM *export_types_rsa(int selection)
{
    static const OSSL_PARAM known[] = {TYPES_PUBLIC, OSSL_PARAM_END};
    (void)selection;
    return known;
}

static const OSSL_PARAM *export_types_rsa_pss(int selection)
{
    static const OSSL_PARAM known[] = {TYPES_PUBLIC, TYPES_PSS, OSSL_PARAM_END};
    (void)selection;
    return known;
}

static const char *name_of_rsa(int operation)
{
    (void)operation;
    return "RSA";
}

static const char *name_of_rsa_pss(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "RSA" : "RSA-PSS";
}

#define RSA_FUNCTIONS(kind)                                                                        \
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, PROV_FN(export_types_##kind)},                                \
        {OSSL_FUNC_KEYMGMT_IMPORT, PROV_FN(import_rsa)},                                           \
        {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, PROV_FN(import_types_##kind)},                            \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, PROV_FN(get_rsa)},                                          \
        {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, PROV_FN(gettable_##kind)},                             \
        {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, PROV_FN(name_of_##kind)},                         \
    {                                                                                              \
        0, NULL                                                                                    \
    }

const OSSL_DISPATCH keymgmt_rsa_functions[] = {KEYMGMT_FUNCTIONS(rsa), RSA_FUNCTIONS(rsa)};
const OSSL_DISPATCH keymgmt_rsa_pss_functions[] = {KEYMGMT_FUNCTIONS(rsa_pss),
                                                   RSA_FUNCTIONS(rsa_pss)};
