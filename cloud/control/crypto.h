/* SPDX-License-Identifier: Apache-2.0 */
/* The library context that everything here works in: no configuration of the machine's is loaded. */
#ifndef KM_CONTROL_CRYPTO_H
#define KM_CONTROL_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "cloud/common/limits.h"
#include "common/km_bytes.h"

/* Of one thread. What it holds is read only once it is made. */
struct km_crypto {
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *provider;
    EVP_MD *sha256;
    EVP_MAC *hmac;
};

/* km_crypto_init / _clear */
km_status km_crypto_init(struct km_err *err, struct km_crypto *ret);
void km_crypto_clear(struct km_crypto *crypto);
/* km_crypto_sha256 / _hmac: SHA-256, and HMAC with it. */
km_status km_crypto_sha256(struct km_err *err, const struct km_crypto *crypto,
                           struct km_slice bytes, uint8_t ret[KM_SHA256_LEN]);
km_status km_crypto_hmac(struct km_err *err, const struct km_crypto *crypto, struct km_slice key,
                         struct km_slice message, uint8_t ret[KM_SHA256_LEN]);
/* km_crypto_was_short: whether the first that libcrypto said is that memory was short. */
bool km_crypto_was_short(void);
/* km_crypto_fail: records that libcrypto refused `what`, with its first reason, and empties its queue of errors. */
km_status km_crypto_fail(struct km_err *err, km_status status, const char *what);
/* km_md_ctx_freep: for KM_AUTO. */
void km_md_ctx_freep(EVP_MD_CTX **ctx);

#endif
