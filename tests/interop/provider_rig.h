/* SPDX-License-Identifier: Apache-2.0 */
/* Keys through the provider that OPENSSL_CONF loads. */
#ifndef PROVIDER_RIG_H
#define PROVIDER_RIG_H

#include <openssl/evp.h>

#include "tests/unit/km_test.h"

/* prig_load: NULL when the key can't be had; prig_must_load: it can. prig_load_expecting: of one of OSSL_STORE_INFO_'s kinds. */
EVP_PKEY *prig_load(const char *uri);
EVP_PKEY *prig_must_load(const char *uri);
EVP_PKEY *prig_load_expecting(const char *uri, int expect);
/* prig_generate: a new key in the service; name NULL: unsaved. */
EVP_PKEY *prig_generate(const char *type, const char *group, const char *name);
/* prig_sign_and_verify: without cmocka's assertions, for other threads and children. */
bool prig_sign_and_verify(EVP_PKEY *key, EVP_PKEY *public, bool pss);
/* prig_public_of: the public part as a key of the default provider. */
EVP_PKEY *prig_public_of(EVP_PKEY *key);
/* prig_no_private: asserts that no way known to OpenSSL gives out the private part. */
void prig_no_private(EVP_PKEY *key);
/* prig_last_reason: the one that our provider gave last; takes all entries of the error queue. */
int prig_last_reason(void);

#endif
