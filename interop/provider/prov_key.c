/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "interop/provider/provider.h"

static const struct {
    const char *name;
    enum km_door_family family;
} kinds[PROV_KINDS] = {
    [PROV_EC] = {"EC", KM_DOOR_EC},
    [PROV_RSA] = {"RSA", KM_DOOR_RSA},
    [PROV_RSA_PSS] = {"RSA-PSS", KM_DOOR_RSA},
    [PROV_ED25519] = {"ED25519", KM_DOOR_ED25519},
    [PROV_X25519] = {"X25519", KM_DOOR_X25519},
};

const char *prov_kind_name(enum prov_kind kind)
{
    return kinds[kind].name;
}

enum km_door_family prov_kind_family(enum prov_kind kind)
{
    return kinds[kind].family;
}

struct prov_key *prov_key_new(struct prov *prov, enum prov_kind kind)
{
    struct prov_key *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    atomic_init(&made->refs, 1);
    atomic_init(&made->local, NULL);
    made->prov = prov;
    made->kind = kind;
    return made;
}

/* The first kind of the family, unless the URI wants the other one. */
static enum prov_kind kind_of(const struct km_door_key *key)
{
    enum prov_kind kind = PROV_EC;
    if (km_door_key_uri(key)->pss != KM_DOOR_PSS_NONE)
        return PROV_RSA_PSS;
    while (kinds[kind].family != km_door_key_public(key)->family)
        kind++;
    return kind;
}

struct prov_key *prov_key_of(struct prov *prov, struct km_door_key *key)
{
    enum prov_kind kind = kind_of(key);
    if (kinds[kind].family != km_door_key_public(key)->family) {
        PROV_FAIL(prov, KM_E_ARG, "key '%s' is no RSA key: pss is of no meaning for it",
                  km_door_key_name(key));
        return NULL;
    }
    struct prov_key *made = prov_key_new(prov, kind);
    if (made == NULL)
        return NULL;
    made->pss = km_door_key_uri(key)->pss;
    made->key = key;
    return made;
}

struct prov_key *prov_key_ref(struct prov_key *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void prov_key_unref(struct prov_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
        return;
    EVP_PKEY_free(atomic_load(&key->local));
    km_door_key_unref(key->key);
    free(key);
}

void prov_key_unrefp(struct prov_key **key)
{
    prov_key_unref(*key);
}

EVP_PKEY *prov_key_local(struct prov_key *key)
{
    EVP_PKEY *local = atomic_load_explicit(&key->local, memory_order_acquire);
    if (local != NULL)
        return local;
    struct km_slice spki = km_door_key_public(key->key)->spki;
    const unsigned char *at = spki.ptr;
    ERR_set_mark();
    EVP_PKEY *made = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, key->prov->libctx, PROV_NOT_OURS);
    ERR_pop_to_mark();
    if (made == NULL) {
        PROV_FAIL(key->prov, KM_E_UNSUPPORTED,
                  "no other provider takes this public key; is the default provider loaded?");
        return NULL;
    }
    EVP_PKEY *empty = NULL;
    if (atomic_compare_exchange_strong(&key->local, &empty, made))
        return made;
    EVP_PKEY_free(made); /* another thread was first */
    return empty;
}

int prov_key_offer(struct prov_key *key, OSSL_CALLBACK *object_cb, void *object_arg)
{
    int type = OSSL_OBJECT_PKEY;
    char *name = (char *)(uintptr_t)prov_kind_name(key->kind);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, (void *)&key, sizeof(key)),
        OSSL_PARAM_construct_end(),
    };
    int answer = object_cb(params, object_arg);
    prov_key_unref(key); /* keymgmt's load has left NULL here when it took the key */
    return answer;
}
