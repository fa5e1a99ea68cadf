/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of DSA and DH, and generation by contexts that name the engine. */
#ifndef KM_ENGINE_PKEY_H
#define KM_ENGINE_PKEY_H

#include <openssl/dh.h>
#include <openssl/dsa.h>

#include "interop/engine/engine.h"
#include "interop/engine/engine_key.h"

/* Made once; NULL when memory is short. OpenSSL's own for what is not offered. */
const DSA_METHOD *engine_dsa_method(void);
const DH_METHOD *engine_dh_method(void);

/* engine_dsa_make, engine_dh_make: an EVP_PKEY around a named key; public is its public part. NULL after raising. */
EVP_PKEY *engine_dsa_make(EVP_PKEY *public, struct engine_key *key);
EVP_PKEY *engine_dh_make(EVP_PKEY *public, struct engine_key *key);

#endif
