/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVP_PKEY_METHODs. OpenSSL's own for EC, DSA and DH do what is asked by way of the key object's method; but they
 * would give a new key the default method, so generation by a context that names the engine is here.
 */
#include <pthread.h>

#include <openssl/evp.h>
#include <openssl/objects.h>

#include "interop/engine/engine_ec.h"
#include "interop/engine/engine_pkey.h"
#include "interop/engine/engine_rsa.h"

enum { EC, DSA_KEYS, DH_KEYS, N_METHODS };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_PKEY_METHOD *methods[N_METHODS];
static int (*next_paramgen[N_METHODS])(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey);

/* The parameters of the key to be made: those of the context's key, or what was set in the context. Returns owned. */
static EVP_PKEY *parameters(EVP_PKEY_CTX *ctx, int which)
{
    EVP_PKEY *given = EVP_PKEY_CTX_get0_pkey(ctx);
    if (given != NULL)
        return EVP_PKEY_up_ref(given) ? given : NULL;
    EVP_PKEY *made = EVP_PKEY_new();
    if (made == NULL || next_paramgen[which] == NULL || next_paramgen[which](ctx, made) <= 0) {
        EVP_PKEY_free(made);
        return NULL;
    }
    return made;
}

static int ec_keygen(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey)
{
    EVP_PKEY *from = parameters(ctx, EC);
    EC_KEY *with = from == NULL ? NULL : EVP_PKEY_get1_EC_KEY(from);
    EC_KEY *ec = EC_KEY_new();
    int done = with != NULL && ec != NULL && EC_KEY_set_method(ec, engine_ec_method()) &&
               EC_KEY_set_group(ec, EC_KEY_get0_group(with)) && EC_KEY_generate_key(ec) &&
               EVP_PKEY_assign_EC_KEY(pkey, ec);
    if (!done)
        EC_KEY_free(ec);
    EC_KEY_free(with);
    EVP_PKEY_free(from);
    return done;
}

static int dsa_keygen(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey)
{
    EVP_PKEY *from = parameters(ctx, DSA_KEYS);
    DSA *with = from == NULL ? NULL : EVP_PKEY_get1_DSA(from);
    DSA *dsa = with == NULL ? NULL : DSAparams_dup(with);
    int done = dsa != NULL && DSA_set_method(dsa, engine_dsa_method()) && DSA_generate_key(dsa) &&
               EVP_PKEY_assign_DSA(pkey, dsa);
    if (!done)
        DSA_free(dsa);
    DSA_free(with);
    EVP_PKEY_free(from);
    return done;
}

static int dh_keygen(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey)
{
    EVP_PKEY *from = parameters(ctx, DH_KEYS);
    DH *with = from == NULL ? NULL : EVP_PKEY_get1_DH(from);
    DH *dh = with == NULL ? NULL : DHparams_dup(with);
    int done = dh != NULL && DH_set_method(dh, engine_dh_method()) && DH_generate_key(dh) &&
               EVP_PKEY_assign_DH(pkey, dh);
    if (!done)
        DH_free(dh);
    DH_free(with);
    EVP_PKEY_free(from);
    return done;
}

static EVP_PKEY_METHOD *make(int type, int which, int (*keygen)(EVP_PKEY_CTX *ctx, EVP_PKEY *pkey))
{
    int (*init)(EVP_PKEY_CTX *) = NULL;
    int (*paramgen_init)(EVP_PKEY_CTX *) = NULL;
    int (*next_keygen)(EVP_PKEY_CTX *, EVP_PKEY *) = NULL;
    const EVP_PKEY_METHOD *builtin = EVP_PKEY_meth_find(type);
    EVP_PKEY_METHOD *made = EVP_PKEY_meth_new(type, 0);
    if (builtin == NULL || made == NULL)
        return NULL;
    EVP_PKEY_meth_copy(made, builtin);
    EVP_PKEY_meth_get_paramgen(builtin, &paramgen_init, &next_paramgen[which]);
    EVP_PKEY_meth_get_keygen(builtin, &init, &next_keygen);
    EVP_PKEY_meth_set_keygen(made, init, keygen);
    return made;
}

static void make_all(void)
{
    if (engine_ec_method() != NULL)
        methods[EC] = make(EVP_PKEY_EC, EC, ec_keygen);
    if (engine_dsa_method() != NULL)
        methods[DSA_KEYS] = make(EVP_PKEY_DSA, DSA_KEYS, dsa_keygen);
    if (engine_dh_method() != NULL)
        methods[DH_KEYS] = make(EVP_PKEY_DH, DH_KEYS, dh_keygen);
}

static EVP_PKEY_METHOD *method_of(int nid)
{
    if (nid == EVP_PKEY_CMAC)
        return engine_cmac();
    if (nid == EVP_PKEY_RSA)
        return engine_rsa_pkey_method();
    (void)pthread_once(&once, make_all);
    switch (nid) {
    case EVP_PKEY_EC:
        return methods[EC];
    case EVP_PKEY_DSA:
        return methods[DSA_KEYS];
    case EVP_PKEY_DH:
        return methods[DH_KEYS];
    default:
        return NULL;
    }
}

/*
 * A list, which ENGINE_set_default goes by, has CMAC alone: keys of the other kinds find the service by their own
 * methods (ENGINE_METHOD_RSA and so on), also where OpenSSL 3 works with them in its provider.
 */
static const int listed[] = {EVP_PKEY_CMAC};

int engine_pkey_meths(ENGINE *engine, EVP_PKEY_METHOD **ret, const int **ret_nids, int nid)
{
    (void)engine;
    if (ret == NULL) {
        *ret_nids = listed;
        return engine_offers(ENGINE_METHOD_PKEY_METHS) ? 1 : 0;
    }
    *ret = method_of(nid);
    return *ret != NULL;
}

int engine_pkey_asn1_meths(ENGINE *engine, EVP_PKEY_ASN1_METHOD **ret, const int **ret_nids,
                           int nid)
{
    (void)engine;
    if (ret == NULL) {
        *ret_nids = listed;
        return engine_offers(ENGINE_METHOD_PKEY_ASN1_METHS) ? 1 : 0;
    }
    *ret = nid == EVP_PKEY_CMAC ? engine_cmac_asn1() : NULL;
    return *ret != NULL;
}
