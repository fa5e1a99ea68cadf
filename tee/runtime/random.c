/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include <openssl/rand.h>

#define INPUT_MAX ((size_t)1 << 20)

void TEE_KmAddRandomInput(const void *input, size_t len)
{
    EVP_RAND_CTX *generators[] = {RAND_get0_public(km_rt_libctx()),
                                  RAND_get0_private(km_rt_libctx())};
    bool ok = true;
    km_rt_readable(input, len);
    km_rt_need(len <= INPUT_MAX, "more than 1 MiB of random input");
    for (size_t i = 0; i < KM_ARRAY_LEN(generators); i++)
        ok = generators[i] != NULL && EVP_RAND_reseed(generators[i], 0, NULL, 0, input, len) == 1 &&
             ok;
    km_rt_ssl_need(ok, "the random generator failed");
}

void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen)
{
    km_rt_readable(randomBuffer, randomBufferLen);
    if (randomBufferLen == 0)
        return;
    bool ok = RAND_bytes_ex(km_rt_libctx(), randomBuffer, randomBufferLen, 0) == 1;
    km_rt_ssl_need(ok, "the random generator failed");
}
