/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: the service's. It is never short of them and takes no seed from a program. */
#include <openssl/rand.h>

#include "interop/engine/engine.h"

#define AT_ONCE_MAX 1048576u

static int bytes(unsigned char *out, int len)
{
    if (len < 0)
        return 0;
    for (size_t done = 0; done < (size_t)len;) {
        size_t now = (size_t)len - done < AT_ONCE_MAX ? (size_t)len - done : AT_ONCE_MAX;
        if (!engine_clrc(clrcRandom(out + done, (uint32_t)now), "random numbers", __func__))
            return 0;
        done += now;
    }
    return 1;
}

static int seed(const void *data, int len)
{
    (void)data;
    (void)len;
    return 1;
}

static int add(const void *data, int len, double entropy)
{
    (void)data;
    (void)len;
    (void)entropy;
    return 1;
}

static int status(void)
{
    return 1;
}

const RAND_METHOD *engine_rand(void)
{
    static const RAND_METHOD method = {
        .seed = seed, .bytes = bytes, .add = add, .pseudorand = bytes, .status = status};
    return &method;
}
