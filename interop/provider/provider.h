/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the OpenSSL provider "clrc". One file per OpenSSL operation; each gives its table of
 * algorithms to provider.c. OpenSSL's contracts are in provider-<operation>(7).
 *
 * Loading costs no connection, thread or file: the service is first called when a key is opened.
 * Only work with a private part goes there. Work with public parts and hashing is done by the other
 * providers of the program, in a child of the program's library context.
 */
#ifndef KM_PROVIDER_H
#define KM_PROVIDER_H

#include <stdatomic.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/evp.h>

#include "interop/door/door_error.h"
#include "interop/door/door_key.h"

#define PROV_PROPERTIES "provider=clrc"
/* Fetches from everybody but ourselves. */
#define PROV_NOT_OURS "provider!=clrc"
#define PROV_REFERENCE_STRUCTURE "KeymoorKeyReference"

/* In the provider's section of the configuration: refuse (the default) or transfer. */
#define PROV_CONFIG_IMPORT "import"

/* Parameters of our own. */
#define PROV_PARAM_NAME "clrc-name" /* key generation: save under this name */
#define PROV_PARAM_USE "clrc-use"   /* EC key generation: "sign" (default), "agree" or "both" */
#define PROV_PARAM_KEY "clrc-key"   /* ciphers and MACs: a stored key, by name or clrc URI */

struct prov {
    const OSSL_CORE_HANDLE *core;
    OSSL_LIB_CTX *libctx;  /* child of the program's */
    OSSL_LIB_CTX *program; /* the program's own, to be used only when shares_libcrypto */
    bool shares_libcrypto; /* with the program, so that program is what our functions take */
    bool takes_keys;       /* private keys of the program's own, by configuration */
    atomic_uint served;    /* operations, as bits, in which the others have gone first */
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
    OSSL_FUNC_BIO_read_ex_fn *bio_read_ex;
    OSSL_FUNC_BIO_write_ex_fn *bio_write_ex;
    OSSL_FUNC_BIO_gets_fn *bio_gets;
};

/* The types of keys as OpenSSL tells them apart. */
enum prov_kind { PROV_EC, PROV_RSA, PROV_RSA_PSS, PROV_ED25519, PROV_X25519, PROV_KINDS };

/*
 * A key as OpenSSL holds it. It is empty (key NULL) between new and import; an EC one may stay so
 * with nothing but a curve, until a public point is set. A filled one never changes.
 */
struct prov_key {
    atomic_uint refs;
    struct prov *prov;
    enum prov_kind kind;
    struct km_door_key *key;
    const struct km_door_curve *curve; /* EC, when key is NULL */
    enum km_door_pss pss;              /* RSA-PSS: what it is bound to; NONE for the other kinds */
    bool is_new;                       /* was made and saved through this object */
    _Atomic(EVP_PKEY *) local;         /* the public part in libctx, made when first needed */
};

/* prov_key_new: an empty one. Returns owned or NULL. */
struct prov_key *prov_key_new(struct prov *prov, enum prov_kind kind);
/*
 * prov_key_of: a key of the kind that its public part and URI say; takes key on success. Returns owned;
 * raises and NULL otherwise.
 */
struct prov_key *prov_key_of(struct prov *prov, struct km_door_key *key);
struct prov_key *prov_key_ref(struct prov_key *key);
void prov_key_unref(struct prov_key *key);
void prov_key_unrefp(struct prov_key **key);
/* prov_key_local: the public part as a key of the other providers; a view; NULL on failure. */
EVP_PKEY *prov_key_local(struct prov_key *key);
/* prov_kind_name: "EC", "RSA", "RSA-PSS", "ED25519", "X25519". */
const char *prov_kind_name(enum prov_kind kind);
/* prov_kind_family: which public keys are of this kind. */
enum km_door_family prov_kind_family(enum prov_kind kind);
/*
 * prov_key_offer: hands the key to OpenSSL as a reference through an object callback, whose answer
 * it returns. Takes key.
 */
int prov_key_offer(struct prov_key *key, OSSL_CALLBACK *object_cb, void *object_arg);

/* prov_ask: a km_door_ask over OpenSSL's pass phrase callback. */
struct prov_ask {
    OSSL_PASSPHRASE_CALLBACK *callback;
    void *arg;
};
struct km_door_ask prov_ask_init(struct prov_ask *ask);

/* prov_raise: puts a recorded failure into OpenSSL's queue, once. Always 0, to stand behind return. */
int prov_raise(struct prov *prov, const struct km_err *err, const char *func);
/* PROV_FAIL: records and raises in one. */
#define PROV_FAIL(prov, status, ...)                                                               \
    prov_fail((prov), (status), __FILE__, __LINE__, __func__, __VA_ARGS__)
int prov_fail(struct prov *prov, km_status status, const char *file, int line, const char *func,
              const char *fmt, ...) KM_PRINTF(6, 7);
const OSSL_ITEM *prov_reason_strings(void *provctx);

/* prov_write: everything or false. */
bool prov_write(struct prov *prov, OSSL_CORE_BIO *out, struct km_slice bytes);
/* prov_read: up to the end of input; false when there is more than ret.len. */
bool prov_read(struct prov *prov, OSSL_CORE_BIO *in, struct km_span ret, size_t *ret_len);

/* prov_digest: fetches a digest by name from the other providers; owned; raises and NULL otherwise. */
EVP_MD *prov_digest(struct prov *prov, const char *name, const char *properties);

#define PROV_FN(f) ((void (*)(void))(f))

/* On request alone: a query has to name the provider. */
extern const OSSL_ALGORITHM prov_digests[];
extern const OSSL_ALGORITHM prov_ciphers[];
extern const OSSL_ALGORITHM prov_macs[];
extern const OSSL_ALGORITHM prov_kdfs[];
extern const OSSL_ALGORITHM prov_rands[];

extern const OSSL_ALGORITHM prov_keymgmt[];
extern const OSSL_ALGORITHM prov_signature[];
extern const OSSL_ALGORITHM prov_keyexch[];
extern const OSSL_ALGORITHM prov_asym_cipher[];
extern const OSSL_ALGORITHM prov_store[];
extern const OSSL_ALGORITHM prov_decoder[];
extern const OSSL_ALGORITHM prov_encoder[];

#endif
