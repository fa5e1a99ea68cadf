/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make keys share: key.c has RSA and EC, key_raw.c and key_ffc.c the other families. */
#ifndef KM_RT_KEY_H
#define KM_RT_KEY_H

#include "tee/runtime/object.h"

#include <openssl/bn.h>
#include <openssl/param_build.h>

/* Releases for KM_AUTO. */
static inline void km_rt_bld_freep(OSSL_PARAM_BLD **bld)
{
    OSSL_PARAM_BLD_free(*bld);
}
static inline void km_rt_ctx_freep(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}
static inline void km_rt_pkey_freep(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}
static inline void km_rt_bn_freep(BIGNUM **bn)
{
    BN_clear_free(*bn);
}
static inline void km_rt_bn_ctx_freep(BN_CTX **ctx)
{
    BN_CTX_free(*ctx);
}

/* km_rt_key_from: a key of libcrypto's type name. Returns owned or NULL. */
EVP_PKEY *km_rt_key_from(const char *name, OSSL_PARAM_BLD *bld, int selection);
/* km_rt_key_from_numbers: the same from all of the object's attributes that are numbers of libcrypto's. */
EVP_PKEY *km_rt_key_from_numbers(const struct km_rt_object *object, const char *name,
                                 int selection);
/* km_rt_number: an attribute as a number, in the locked heap when it is protected. Returns owned or NULL. */
BIGNUM *km_rt_number(const struct km_rt_attr *attr);
/* km_rt_key_extract: the attributes of a type from a generated key, except those that are there. */
bool km_rt_key_extract(struct km_rt_object *object);

/* km_rt_key_may_be_mixed: whether the public value need not belong to the private one. */
bool km_rt_key_may_be_mixed(const struct km_rt_object *object);

/* ---- key_raw.c ---- */

EVP_PKEY *km_rt_raw_build(const struct km_rt_object *object);
bool km_rt_raw_consistent(const struct km_rt_object *object);
bool km_rt_raw_generate(struct km_rt_object *object);

/* ---- key_ffc.c: DSA and DH ---- */

EVP_PKEY *km_rt_ffc_build(const struct km_rt_object *object);
bool km_rt_ffc_consistent(const struct km_rt_object *object);
/* km_rt_ffc_generate: the domain's attributes are there already and were found sound. */
bool km_rt_ffc_generate(struct km_rt_object *object);
/* km_rt_ffc_domain_ok: whether the prime, the base and the order that may be there can be those of a group. */
bool km_rt_ffc_domain_ok(const struct km_rt_object *object);

#endif
