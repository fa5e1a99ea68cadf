/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include <openssl/rand.h>

void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen)
{
    km_rt_readable(randomBuffer, randomBufferLen);
    if (randomBufferLen == 0)
        return;
    bool ok = RAND_bytes_ex(km_rt_libctx(), randomBuffer, randomBufferLen, 0) == 1;
    km_rt_ssl_need(ok, "the random generator failed");
}
