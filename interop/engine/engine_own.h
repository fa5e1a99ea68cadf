/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys of the program's own, of whatever kind: which key of the service stands for an RSA, EC_KEY,
 * DSA or DH object. It is taken in when it is first used, and anew in a forked child and when its
 * session is over, as long as the program has its private part itself.
 */
#ifndef KM_ENGINE_OWN_H
#define KM_ENGINE_OWN_H

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "interop/engine/engine_key.h"

struct engine_kind {
    void *(*get)(const void *object); /* what engine_own put into its extra data */
    int (*set)(void *object, void *own);
    struct engine_key *(*import)(const void *object); /* returns owned; NULL after raising */
    /* a number of the public part, by which another key in the object is noticed; NULL where OpenSSL tells of one */
    const BIGNUM *(*public_number)(const void *object);
};

/* engine_own_attach: a key that was made for the object; takes it. has_private: the object has its private part, too. */
int engine_own_attach(const struct engine_kind *kind, void *object, struct engine_key *key,
                      bool has_private);
/* engine_own_is: whether a key of the service stands for the object already. */
bool engine_own_is(const struct engine_kind *kind, const void *object);

/* engine_own_forget: the object is given another private part: what stood for the one before is let go. */
void engine_own_forget(const struct engine_kind *kind, void *object);

/* One operation with a key. */
typedef ClrcResult (*engine_own_call)(ClrcKeyHandle key, void *arg);
/* engine_own_run: the operation with the object's key; 0 after raising. Any number of threads. */
int engine_own_run(const struct engine_kind *kind, void *object, engine_own_call call, void *arg,
                   const char *what);

/* engine_own_free, engine_own_dup: CRYPTO_EX_free, and what CRYPTO_EX_dup does, of the extra data. */
void engine_own_free(void *parent, void *own, CRYPTO_EX_DATA *data, int index, long argl,
                     void *argp);
void *engine_own_dup(void *own);

#endif
