/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/alg_table.h"
#include "tee/runtime/internal.h"

#include <openssl/crypto.h>
#include <openssl/cryptoerr.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

/*
 * Room for what one session of the crypto application may hold, keys and operations, were they all RSA-4096. Its pages are locked
 * when they are first touched, but all of it counts against RLIMIT_MEMLOCK: where that is small a quarter has to do.
 */
static const size_t SECURE_HEAPS[] = {(size_t)2 << 20, (size_t)512 << 10};
#define SECURE_HEAP_MIN 32

static OSSL_LIB_CTX *libctx;
static OSSL_PROVIDER *provider;

OSSL_LIB_CTX *km_rt_libctx(void)
{
    return libctx;
}

void km_rt_ssl_quiet(void)
{
    ERR_clear_error();
}

void km_rt_ssl_need(bool ok, const char *why)
{
    if (__builtin_expect(!ok, 0))
        km_rt_panic(TEE_ERROR_GENERIC, why);
}

bool km_rt_ssl_short(void)
{
    bool is_short = false;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error())
        is_short = is_short || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ||
                   (ERR_GET_LIB(code) == ERR_LIB_CRYPTO &&
                    ERR_GET_REASON(code) == CRYPTO_R_SECURE_MALLOC_FAILURE);
    return is_short;
}

TEE_Result km_rt_ssl_result(bool ok, const char *why)
{
    if (__builtin_expect(ok, 1))
        return TEE_SUCCESS;
    km_rt_ssl_need(km_rt_ssl_short(), why);
    return TEE_ERROR_OUT_OF_MEMORY;
}

static km_status warm(struct km_err *err)
{
    /* Without this libcrypto would read openssl.cnf and could load what it names. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return KM_FAIL(err, KM_E_INTERNAL, "start libcrypto");
    libctx = OSSL_LIB_CTX_new();
    if (libctx == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "library context");
    provider = OSSL_PROVIDER_load(libctx, "default");
    if (provider == NULL)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "load libcrypto's default provider");
    return km_rt_alg_warm(err);
}

km_status km_rt_warm(struct km_err *err)
{
    if (libctx != NULL)
        return KM_OK;
    km_status status = warm(err);
    km_rt_ssl_quiet();
    return status;
}

/*
 * libcrypto notices a fork by the process id, which repeats across pid namespaces. Two instances that
 * go on from the same state would repeat ECDSA nonces, so each one draws fresh seed by itself.
 */
static bool reseed(void)
{
    EVP_RAND_CTX *generators[] = {RAND_get0_primary(libctx), RAND_get0_public(libctx),
                                  RAND_get0_private(libctx)};
    bool ok = true;
    for (size_t i = 0; i < KM_ARRAY_LEN(generators); i++)
        ok =
            generators[i] != NULL && EVP_RAND_reseed(generators[i], 1, NULL, 0, NULL, 0) == 1 && ok;
    return ok;
}

/* libcrypto answers 2 when the pages can't be locked: still apart, guarded and wiped. */
static bool heap_start(void)
{
    int done = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(SECURE_HEAPS) && done != 1; i++) {
        if (done == 2)
            (void)CRYPTO_secure_malloc_done();
        done = CRYPTO_secure_malloc_init(SECURE_HEAPS[i], SECURE_HEAP_MIN);
    }
    return done != 0;
}

km_status km_rt_crypto_start(struct km_err *err)
{
    if (CRYPTO_secure_malloc_initialized() == 0 && !heap_start())
        return KM_FAIL(err, KM_E_NOMEM, "a locked heap");
    bool ok = reseed();
    km_rt_ssl_quiet();
    return ok ? KM_OK : KM_FAIL(err, KM_E_INTERNAL, "seed the random generator");
}

void km_rt_crypto_stop(void)
{
    if (libctx == NULL)
        return;
    km_rt_alg_forget();
    OSSL_PROVIDER_unload(provider);
    OPENSSL_thread_stop_ex(libctx); /* the random generators of this thread, with their state */
    OSSL_LIB_CTX_free(libctx);
    libctx = NULL;
    provider = NULL;
    km_rt_ssl_quiet();
}
