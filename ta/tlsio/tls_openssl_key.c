/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEYMGMT of a small provider: a key whose private part is somewhere else. Its public part is a key of the standard provider, which
 * answers all questions about it. It comes in by the address of a struct tls_key, or as a public key that is compared with one.
 */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "ta/tlsio/tls_openssl.h"

#define PARAM_KEY "keymoor-key"

static void *key_new_empty(void *provctx)
{
    struct tls_key *key = OPENSSL_zalloc(sizeof(*key));
    if (key != NULL)
        key->libctx = provctx;
    return key;
}

static void key_free(void *keydata)
{
    struct tls_key *key = keydata;
    if (key == NULL)
        return;
    EVP_PKEY_free(key->public_part);
    OPENSSL_free(key);
}

static int key_has(const void *keydata, int selection)
{
    const struct tls_key *key = keydata;
    if (key == NULL || key->public_part == NULL)
        return 0;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key->tls != NULL;
}

static int key_match(const void *keydata1, const void *keydata2, int selection)
{
    const struct tls_key *a = keydata1;
    const struct tls_key *b = keydata2;
    (void)selection;
    return a->public_part != NULL && b->public_part != NULL &&
           EVP_PKEY_eq(a->public_part, b->public_part) == 1;
}

static int key_get_params(void *keydata, OSSL_PARAM params[])
{
    const struct tls_key *key = keydata;
    return key->public_part != NULL && EVP_PKEY_get_params(key->public_part, params);
}

static const OSSL_PARAM *key_gettable(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static int import_public(struct tls_key *key, const char *type, const OSSL_PARAM params[])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(key->libctx, type, TLS_PREFER_DEFAULT);
    bool done = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                EVP_PKEY_fromdata(ctx, &key->public_part, EVP_PKEY_PUBLIC_KEY,
                                  (OSSL_PARAM *)(uintptr_t)params) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

static int import(void *keydata, const char *type, const OSSL_PARAM params[])
{
    struct tls_key *key = keydata;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, PARAM_KEY);
    const void *octets = NULL;
    size_t len = 0;
    if (p == NULL)
        return import_public(key, type, params);
    if (!OSSL_PARAM_get_octet_string_ptr(p, &octets, &len) || len != sizeof(*key))
        return 0;
    const struct tls_key *from = octets;
    if (!EVP_PKEY_up_ref(from->public_part))
        return 0;
    *key = *from;
    return 1;
}

static int import_ec(void *keydata, int selection, const OSSL_PARAM params[])
{
    (void)selection;
    return import(keydata, "EC", params);
}

static int import_rsa(void *keydata, int selection, const OSSL_PARAM params[])
{
    (void)selection;
    return import(keydata, "RSA", params);
}

static const OSSL_PARAM *import_types(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(PARAM_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

static const char *operation_ec(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : "EC";
}

static const char *operation_rsa(int operation)
{
    (void)operation;
    return "RSA";
}

/* There is no export: whatever else signs for TLS would do it without the private part. */
#define KEYMGMT_FUNCTIONS(family)                                                                  \
    {OSSL_FUNC_KEYMGMT_NEW, TLS_PROVIDER_FN(key_new_empty)},                                       \
        {OSSL_FUNC_KEYMGMT_FREE, TLS_PROVIDER_FN(key_free)},                                       \
        {OSSL_FUNC_KEYMGMT_HAS, TLS_PROVIDER_FN(key_has)},                                         \
        {OSSL_FUNC_KEYMGMT_MATCH, TLS_PROVIDER_FN(key_match)},                                     \
        {OSSL_FUNC_KEYMGMT_IMPORT, TLS_PROVIDER_FN(import_##family)},                              \
        {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, TLS_PROVIDER_FN(import_types)},                           \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, TLS_PROVIDER_FN(key_get_params)},                           \
        {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, TLS_PROVIDER_FN(key_gettable)},                        \
        {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, TLS_PROVIDER_FN(operation_##family)},             \
    {                                                                                              \
        0, NULL                                                                                    \
    }

static const OSSL_DISPATCH ec_functions[] = {KEYMGMT_FUNCTIONS(ec)};
static const OSSL_DISPATCH rsa_functions[] = {KEYMGMT_FUNCTIONS(rsa)};

static const OSSL_ALGORITHM keymgmt_algorithms[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", TLS_PROPERTIES, ec_functions, "named EC keys"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", TLS_PROPERTIES, rsa_functions, "named RSA keys"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *ret_no_cache)
{
    (void)provctx;
    *ret_no_cache = 0;
    if (operation == OSSL_OP_KEYMGMT)
        return keymgmt_algorithms;
    return operation == OSSL_OP_SIGNATURE ? tls_signature_algorithms : NULL;
}

int tls_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                      const OSSL_DISPATCH **out, void **provctx)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, TLS_PROVIDER_FN(query)},
        {0, NULL},
    };
    OSSL_FUNC_core_get_libctx_fn *get_libctx = NULL;
    for (; in->function_id != 0; in++) {
        if (in->function_id == OSSL_FUNC_CORE_GET_LIBCTX)
            get_libctx = OSSL_FUNC_core_get_libctx(in);
    }
    if (get_libctx == NULL)
        return 0;
    *out = functions;
    *provctx = get_libctx(handle); /* of a provider that is built in this is the OSSL_LIB_CTX */
    return *provctx != NULL;
}

static EVP_PKEY *public_of(struct km_tls *tls, struct km_slice spki)
{
    const unsigned char *at = spki.ptr;
    EVP_PKEY *key = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, tls->libctx, TLS_PREFER_DEFAULT);
    if (key != NULL && (EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "RSA")))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

EVP_PKEY *tls_key_new(struct km_tls *tls, struct km_slice spki)
{
    struct tls_key key = {.libctx = tls->libctx, .tls = tls, .public_part = public_of(tls, spki)};
    EVP_PKEY *made = NULL;
    if (key.public_part == NULL)
        return NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(PARAM_KEY, &key, sizeof(key)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(
        tls->libctx, EVP_PKEY_is_a(key.public_part, "EC") ? "EC" : "RSA", TLS_PROPERTIES);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params) != 1)
        made = NULL;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key.public_part);
    return made;
}
