/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT: what a key is and what is the same for all kinds of them. */
#include "interop/provider/keymgmt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

void keymgmt_free(void *keydata)
{
    prov_key_unref(keydata);
}

/* The reference is the address of a pointer whose key we hand over. */
void *keymgmt_load(const void *reference, size_t reference_len)
{
    struct prov_key **place = (struct prov_key **)(uintptr_t)reference;
    return reference_len == sizeof(*place) ? km_steal(place) : NULL;
}

const struct km_door_curve *keymgmt_curve(const struct prov_key *key)
{
    return key->key == NULL ? key->curve : km_door_key_public(key->key)->curve;
}

/* The copy may be the same object, as filled keys never change. */
void *keymgmt_dup(const void *keydata, int selection)
{
    struct prov_key *key = (struct prov_key *)(uintptr_t)keydata;
    if (key->key != NULL &&
        ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ||
         ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && !km_door_key_has_private(key->key))))
        return prov_key_ref(key);
    struct prov_key *made = prov_key_new(key->prov, key->kind);
    if (made == NULL)
        return NULL;
    made->curve = keymgmt_curve(key);
    made->pss = key->pss;
    if (key->key != NULL && (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 &&
        km_door_key_of_public(NULL, km_door_key_public(key->key)->spki, &made->key) != KM_OK) {
        prov_key_unref(made);
        return NULL;
    }
    return made;
}

/* Only EC keys have parameters that may be missing: their curve. */
int keymgmt_has(const void *keydata, int selection)
{
    const struct prov_key *key = keydata;
    if (key == NULL || (key->kind == PROV_EC && keymgmt_curve(key) == NULL))
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    return key->key != NULL && ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ||
                                km_door_key_has_private(key->key));
}

int keymgmt_match(const void *keydata1, const void *keydata2, int selection)
{
    const struct prov_key *a = keydata1;
    const struct prov_key *b = keydata2;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return keymgmt_curve(a) == keymgmt_curve(b);
    /* Equal public parts mean equal private parts. */
    return a->key != NULL && b->key != NULL &&
           km_door_public_equal(km_door_key_public(a->key), km_door_key_public(b->key));
}

/*
 * The public part is checked here; the service has checked the private one against it when it took
 * it in, and shows it to nobody.
 */
int keymgmt_validate(const void *keydata, int selection, int how)
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

bool keymgmt_set_int(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_int(p, value);
}

bool keymgmt_set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_utf8_string(p, value);
}

bool keymgmt_set_octets(OSSL_PARAM params[], const char *name, struct km_slice value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_octet_string(p, value.ptr, value.len);
}

bool keymgmt_set_number(OSSL_PARAM params[], const char *name, struct km_slice value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    if (p == NULL)
        return true;
    BIGNUM *number = BN_bin2bn(value.ptr, (int)value.len, NULL);
    bool done = number != NULL && OSSL_PARAM_set_BN(p, number);
    BN_free(number);
    return done;
}

/* ---- public part to other providers ---- */

static void free_bldp(OSSL_PARAM_BLD **bld)
{
    OSSL_PARAM_BLD_free(*bld);
}

int keymgmt_export(void *keydata, int selection, OSSL_CALLBACK *param_cb, void *cbarg)
{
    static OSSL_PARAM *(*const build[PROV_KINDS])(OSSL_PARAM_BLD *, const struct prov_key *,
                                                  int) = {
        [PROV_EC] = keymgmt_build_ec,       [PROV_RSA] = keymgmt_build_rsa,
        [PROV_RSA_PSS] = keymgmt_build_rsa, [PROV_ED25519] = keymgmt_build_ecx,
        [PROV_X25519] = keymgmt_build_ecx,
    };
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
    OSSL_PARAM *params = bld == NULL ? NULL : build[key->kind](bld, key, selection);
    if (params == NULL)
        return PROV_FAIL(key->prov, KM_E_NOMEM, "public part for another provider");
    int answer = param_cb(params, cbarg);
    OSSL_PARAM_free(params);
    return answer;
}

const OSSL_ALGORITHM prov_keymgmt[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROV_PROPERTIES, keymgmt_ec_functions,
     "EC keys in the trusted service"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROV_PROPERTIES, keymgmt_rsa_functions,
     "RSA keys in the trusted service"},
    {"RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", PROV_PROPERTIES, keymgmt_rsa_pss_functions,
     "RSA keys in the trusted service, for PSS alone"},
    {"ED25519:1.3.101.112", PROV_PROPERTIES, keymgmt_ed25519_functions,
     "Ed25519 keys in the trusted service"},
    {"X25519:1.3.101.110", PROV_PROPERTIES, keymgmt_x25519_functions,
     "X25519 keys in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
