/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT: what a key is, its public part, and making new ones in the service. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "common/km_der.h"
#include "interop/provider/keymgmt.h"

static void *keymgmt_new(void *provctx)
{
    return prov_key_new(provctx, NULL);
}

static void keymgmt_free(void *keydata)
{
    prov_key_unref(keydata);
}

/* The reference is the address of a pointer whose key we hand over. */
static void *keymgmt_load(const void *reference, size_t reference_len)
{
    struct prov_key **place = (struct prov_key **)(uintptr_t)reference;
    return reference_len == sizeof(*place) ? km_steal(place) : NULL;
}

static const struct km_door_curve *curve_of(const struct prov_key *key)
{
    return key->key == NULL ? key->curve : km_door_key_public(key->key)->curve;
}

/* The copy may be the same object, as filled keys never change. */
static void *keymgmt_dup(const void *keydata, int selection)
{
    struct prov_key *key = (struct prov_key *)(uintptr_t)keydata;
    if (key->key != NULL &&
        ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ||
         ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && !km_door_key_has_private(key->key))))
        return prov_key_ref(key);
    struct prov_key *made = prov_key_new(key->prov, NULL);
    if (made == NULL)
        return NULL;
    made->curve = curve_of(key);
    if (key->key != NULL && (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 &&
        km_door_key_of_public(NULL, km_door_key_public(key->key)->spki, &made->key) != KM_OK) {
        prov_key_unref(made);
        return NULL;
    }
    return made;
}

static int keymgmt_has(const void *keydata, int selection)
{
    const struct prov_key *key = keydata;
    if (key == NULL || (key->key == NULL && key->curve == NULL))
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    return key->key != NULL && ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ||
                                km_door_key_has_private(key->key));
}

static int keymgmt_match(const void *keydata1, const void *keydata2, int selection)
{
    const struct prov_key *a = keydata1;
    const struct prov_key *b = keydata2;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return curve_of(a) == curve_of(b);
    /* Equal public parts mean equal private parts. */
    return a->key != NULL && b->key != NULL &&
           km_door_public_equal(km_door_key_public(a->key), km_door_key_public(b->key));
}

/*
 * The public part is checked here; the service has checked the private one against it when it took
 * it in, and shows it to nobody.
 */
static int keymgmt_validate(const void *keydata, int selection, int how)
{
    struct prov_key *key = (struct prov_key *)(uintptr_t)keydata;
    (void)how;
    if (!keymgmt_has(key, selection))
        return 0;
    if (key->key == NULL)
        return 1;
    EVP_PKEY *public = prov_key_local(key);
    if (public == NULL)
        return 0;
    ERR_set_mark();
    EVP_PKEY_CTX *local = EVP_PKEY_CTX_new_from_pkey(key->prov->libctx, public, PROV_NOT_OURS);
    int answer = local != NULL && EVP_PKEY_public_check(local) == 1;
    EVP_PKEY_CTX_free(local);
    ERR_pop_to_mark();
    return answer;
}

/* ---- reading ---- */

static bool set_int(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_int(p, value);
}

static bool set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_utf8_string(p, value);
}

static bool set_octets(OSSL_PARAM params[], const char *name, struct km_slice value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_octet_string(p, value.ptr, value.len);
}

static bool set_number(OSSL_PARAM params[], const char *name, struct km_slice value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    if (p == NULL)
        return true;
    BIGNUM *number = BN_bin2bn(value.ptr, (int)value.len, NULL);
    bool done = number != NULL && OSSL_PARAM_set_BN(p, number);
    BN_free(number);
    return done;
}

/* NIST SP 800-57 part 1, table 2. */
static int rsa_security_bits(unsigned bits)
{
    return bits >= 7680 ? 192 : bits >= 4096 ? 152 : bits >= 3072 ? 128 : bits >= 2048 ? 112 : 80;
}

static bool get_curve(const struct km_door_curve *curve, OSSL_PARAM params[])
{
    return set_int(params, OSSL_PKEY_PARAM_BITS, (int)curve->bits) &&
           set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, (int)curve->security_bits) &&
           set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, (int)km_door_curve_signature_max(curve)) &&
           set_int(params, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, 0) &&
           set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256") &&
           set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, curve->name) &&
           set_text(params, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP) &&
           set_text(params, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                    OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) &&
           set_text(params, OSSL_PKEY_PARAM_EC_FIELD_TYPE, "prime-field");
}

static int keymgmt_get_ec(void *keydata, OSSL_PARAM params[])
{
    const struct prov_key *key = keydata;
    const struct km_door_curve *curve = curve_of(key);
    if (curve == NULL || !get_curve(curve, params))
        return 0;
    if (key->key == NULL)
        return 1;
    const struct km_door_public *public = km_door_key_public(key->key);
    return set_octets(params, OSSL_PKEY_PARAM_PUB_KEY, public->point) &&
           set_octets(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, public->point) &&
           set_number(params, OSSL_PKEY_PARAM_EC_PUB_X, public->x) &&
           set_number(params, OSSL_PKEY_PARAM_EC_PUB_Y, public->y);
}

static int keymgmt_get_rsa(void *keydata, OSSL_PARAM params[])
{
    const struct prov_key *key = keydata;
    if (key->key == NULL)
        return 0;
    const struct km_door_public *public = km_door_key_public(key->key);
    return set_int(params, OSSL_PKEY_PARAM_BITS, (int)public->bits) &&
           set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, rsa_security_bits(public->bits)) &&
           set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, (int)public->n.len) &&
           set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256") &&
           set_number(params, OSSL_PKEY_PARAM_RSA_N, public->n) &&
           set_number(params, OSSL_PKEY_PARAM_RSA_E, public->e);
}

static const OSSL_PARAM *keymgmt_gettable_ec(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_FIELD_TYPE, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_X, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_Y, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static const OSSL_PARAM *keymgmt_gettable_rsa(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

/* ---- public part to and from other providers ---- */

static void free_bldp(OSSL_PARAM_BLD **bld)
{
    OSSL_PARAM_BLD_free(*bld);
}

static bool push_ec(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection)
{
    bool done =
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curve_of(key)->name, 0) &&
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_EC_ENCODING,
                                        OSSL_PKEY_EC_ENCODING_GROUP, 0);
    if (key->key != NULL && (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) {
        struct km_slice point = km_door_key_public(key->key)->point;
        done = done &&
               OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len);
    }
    return done;
}

/* The builder borrows the numbers until it has made its array. */
static OSSL_PARAM *build_rsa(OSSL_PARAM_BLD *bld, const struct km_door_public *public)
{
    BIGNUM *n = BN_bin2bn(public->n.ptr, (int)public->n.len, NULL);
    BIGNUM *e = BN_bin2bn(public->e.ptr, (int)public->e.len, NULL);
    OSSL_PARAM *params = NULL;
    if (n != NULL && e != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
        params = OSSL_PARAM_BLD_to_param(bld);
    BN_free(n);
    BN_free(e);
    return params;
}

static int keymgmt_export(void *keydata, int selection, OSSL_CALLBACK *param_cb, void *cbarg)
{
    struct prov_key *key = keydata;
    if (key->key == NULL && key->curve == NULL)
        return 0;
    /*
     * Must not succeed with the public half: OpenSSL would then sign with a key that has no more.
     * Silent, because OpenSSL tries this before it comes to us, also where all ends well; the
     * encoders tell a person who wants to have the private part.
     */
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->key != NULL &&
        km_door_key_has_private(key->key))
        return 0;
    KM_AUTO(free_bldp) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (bld != NULL && curve_of(key) == NULL)
        params = build_rsa(bld, km_door_key_public(key->key));
    else if (bld != NULL && push_ec(bld, key, selection))
        params = OSSL_PARAM_BLD_to_param(bld);
    if (params == NULL)
        return PROV_FAIL(key->prov, KM_E_NOMEM, "public part for another provider");
    int answer = param_cb(params, cbarg);
    OSSL_PARAM_free(params);
    return answer;
}

static int import_spki(struct prov_key *key, const struct km_wr *wr)
{
    struct km_err err = {0};
    struct km_slice spki = {0};
    if (!km_wr_finish(wr, &spki))
        return 0;
    if (key->key != NULL || km_door_key_of_public(&err, spki, &key->key) != KM_OK)
        return 0;
    return 1;
}

/*
 * Public parts come in for two uses: comparing them with one of our keys, and being the peer of one
 * in a key agreement. A key with its private part is refused, so that OpenSSL leaves it where it is.
 * Refusals are silent, because OpenSSL tries this for many keys that are not meant for us.
 */
static int import_point(struct prov_key *key, const OSSL_PARAM *p)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    const void *octets = NULL;
    size_t len = 0;
    if (key->curve == NULL || !OSSL_PARAM_get_octet_string_ptr(p, &octets, &len))
        return 0;
    km_door_public_write_ec(&wr, key->curve, KM_SLICE(octets, len));
    return import_spki(key, &wr);
}

static int keymgmt_import_ec(void *keydata, int selection, const OSSL_PARAM params[])
{
    struct prov_key *key = keydata;
    const OSSL_PARAM *group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
    const char *name = NULL;
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != NULL || group == NULL ||
        !OSSL_PARAM_get_utf8_string_ptr(group, &name))
        return 0;
    key->curve = km_door_curve_by_name(name);
    if (key->curve == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    return point != NULL && import_point(key, point);
}

/* A public point for an object that has only a curve: how peers' keys are made for CMS. */
static int keymgmt_set_ec(void *keydata, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    return p == NULL || import_point(keydata, p);
}

static const OSSL_PARAM *keymgmt_settable_ec(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static struct km_slice number_of(const OSSL_PARAM *p, struct km_span buf)
{
    BIGNUM *number = NULL;
    struct km_slice made = {0};
    if (OSSL_PARAM_get_BN(p, &number) && (size_t)BN_num_bytes(number) <= buf.len)
        made = KM_SLICE(buf.ptr, (size_t)BN_bn2bin(number, buf.ptr));
    BN_free(number);
    return made;
}

static int keymgmt_import_rsa(void *keydata, int selection, const OSSL_PARAM params[])
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    uint8_t n_buf[KM_DOOR_SIGNATURE_MAX] = {0};
    uint8_t e_buf[64] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    const OSSL_PARAM *n = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_N);
    const OSSL_PARAM *e = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E);
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != NULL ||
        (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || n == NULL || e == NULL)
        return 0;
    km_door_public_write_rsa(&wr, number_of(n, KM_SPAN(n_buf, sizeof(n_buf))),
                             number_of(e, KM_SPAN(e_buf, sizeof(e_buf))));
    return import_spki(keydata, &wr);
}

static const OSSL_PARAM *keymgmt_types_ec(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

static const OSSL_PARAM *keymgmt_types_rsa(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

static const char *name_of_ec(int operation)
{
    return operation == OSSL_OP_KEYEXCH ? "ECDH" : operation == OSSL_OP_SIGNATURE ? "ECDSA" : "EC";
}

static const char *name_of_rsa(int operation)
{
    (void)operation;
    return "RSA";
}

#define KEYMGMT_FUNCTIONS(family)                                                                  \
    {OSSL_FUNC_KEYMGMT_NEW, PROV_FN(keymgmt_new)},                                                 \
        {OSSL_FUNC_KEYMGMT_FREE, PROV_FN(keymgmt_free)},                                           \
        {OSSL_FUNC_KEYMGMT_LOAD, PROV_FN(keymgmt_load)},                                           \
        {OSSL_FUNC_KEYMGMT_DUP, PROV_FN(keymgmt_dup)},                                             \
        {OSSL_FUNC_KEYMGMT_HAS, PROV_FN(keymgmt_has)},                                             \
        {OSSL_FUNC_KEYMGMT_MATCH, PROV_FN(keymgmt_match)},                                         \
        {OSSL_FUNC_KEYMGMT_VALIDATE, PROV_FN(keymgmt_validate)},                                   \
        {OSSL_FUNC_KEYMGMT_EXPORT, PROV_FN(keymgmt_export)},                                       \
        {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, PROV_FN(keymgmt_types_##family)},                         \
        {OSSL_FUNC_KEYMGMT_IMPORT, PROV_FN(keymgmt_import_##family)},                              \
        {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, PROV_FN(keymgmt_types_##family)},                         \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, PROV_FN(keymgmt_get_##family)},                             \
        {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, PROV_FN(keymgmt_gettable_##family)},                   \
        {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, PROV_FN(name_of_##family)},                       \
        {OSSL_FUNC_KEYMGMT_GEN_INIT, PROV_FN(keymgmt_gen_init_##family)},                          \
        {OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, PROV_FN(keymgmt_gen_set_params)},                       \
        {OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, PROV_FN(keymgmt_gen_settable_##family)},           \
        {OSSL_FUNC_KEYMGMT_GEN, PROV_FN(keymgmt_gen)},                                             \
        {OSSL_FUNC_KEYMGMT_GEN_CLEANUP, PROV_FN(keymgmt_gen_cleanup)},                             \
    {                                                                                              \
        0, NULL                                                                                    \
    }

static const OSSL_DISPATCH ec_functions[] = {
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, PROV_FN(keymgmt_set_ec)},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, PROV_FN(keymgmt_settable_ec)},
    KEYMGMT_FUNCTIONS(ec),
};
static const OSSL_DISPATCH rsa_functions[] = {KEYMGMT_FUNCTIONS(rsa)};

const OSSL_ALGORITHM prov_keymgmt[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROV_PROPERTIES, ec_functions,
     "EC keys in the trusted service"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROV_PROPERTIES, rsa_functions,
     "RSA keys in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
