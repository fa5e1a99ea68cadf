/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far two kinds of input can be told apart by the time that the Internal Core API takes: Welch's t over
 * interleaved calls in random order, the slowest tenth left out (as dudect does it). |t| below 4.5: not to be told apart with so
 * many calls. The first row is a control that leaks on purpose: memcmp that stops at the first difference.
 * Usage: bench_timing [CALLS]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_fixture.h"

#include "bench/bench.h"

#define DEFAULT_CALLS 20000u
#define RSA_LEN 256u
#define DATA_LEN 4096u
#define SUSPICIOUS 4.5

static struct {
    TEE_OperationHandle mac, gcm, oaep, es;
    uint8_t right[DATA_LEN], wrong[2][DATA_LEN]; /* wrong[0] early, wrong[1] late */
    uint8_t data[DATA_LEN], out[DATA_LEN];
    volatile int sink;
} at;

struct contest {
    const char *name;
    void (*prepare)(void);
    void (*once)(unsigned kind); /* kind 0 or 1 */
    unsigned divisor;            /* slow calls: fewer of them */
};

/* ---- control and MACs ---- */

static void differ_at_both_ends(size_t len)
{
    TEE_GenerateRandom(at.right, len);
    for (unsigned kind = 0; kind < 2; kind++) {
        copy(at.wrong[kind], at.right, len);
        at.wrong[kind][kind == 0 ? 0 : len - 1] ^= 1;
    }
}

static void prepare_compare(void)
{
    differ_at_both_ends(DATA_LEN);
}

/* An early exit, which the compiler's own memcmp may hide behind wide loads. */
static void once_control(unsigned kind)
{
    int differs = 0;
    for (size_t i = 0; i < DATA_LEN && differs == 0; i++)
        differs = at.right[i] ^ at.wrong[kind][i];
    at.sink = differs;
}

static void once_compare(unsigned kind)
{
    at.sink = TEE_MemCompare(at.right, at.wrong[kind], DATA_LEN);
}

static void prepare_mac(void)
{
    uint8_t key[32];
    size_t len = 32;
    TEE_GenerateRandom(key, sizeof(key));
    TEE_ObjectHandle object = secret_object(TEE_TYPE_HMAC_SHA256, key, sizeof(key));
    at.mac = keyed(TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, 256, object);
    TEE_FreeTransientObject(object);
    TEE_MACInit(at.mac, NULL, 0);
    RT_OK(TEE_MACComputeFinal(at.mac, at.data, 64, at.right, &len));
    for (unsigned kind = 0; kind < 2; kind++) {
        copy(at.wrong[kind], at.right, len);
        at.wrong[kind][kind == 0 ? 0 : len - 1] ^= 1;
    }
}

static void once_mac(unsigned kind)
{
    TEE_MACInit(at.mac, NULL, 0);
    at.sink = (int)TEE_MACCompareFinal(at.mac, at.data, 64, at.wrong[kind], 32);
}

/* ---- tags ---- */

static void prepare_gcm(void)
{
    uint8_t key[32];
    TEE_GenerateRandom(key, sizeof(key));
    TEE_ObjectHandle object = secret_object(TEE_TYPE_AES, key, sizeof(key));
    TEE_OperationHandle seal = keyed(TEE_ALG_AES_GCM, TEE_MODE_ENCRYPT, 256, object);
    size_t len = 64;
    size_t tag_len = 16;
    at.gcm = keyed(TEE_ALG_AES_GCM, TEE_MODE_DECRYPT, 256, object);
    RT_OK(TEE_AEInit(seal, "twelve octet", 12, 128, 0, 0));
    RT_OK(TEE_AEEncryptFinal(seal, at.out, 64, at.data, &len, at.right, &tag_len));
    TEE_FreeOperation(seal);
    TEE_FreeTransientObject(object);
    for (unsigned kind = 0; kind < 2; kind++) {
        copy(at.wrong[kind], at.right, tag_len);
        at.wrong[kind][kind == 0 ? 0 : 15] ^= 1;
    }
}

static void once_gcm(unsigned kind)
{
    size_t len = 64;
    RT_OK(TEE_AEInit(at.gcm, "twelve octet", 12, 128, 0, 0));
    at.sink = (int)TEE_AEDecryptFinal(at.gcm, at.data, 64, at.out, &len, at.wrong[kind], 16);
    TEE_ResetOperation(at.gcm);
}

/* ---- RSA: ciphertexts over blocks of our own ---- */

static TEE_ObjectHandle rsa_key(void)
{
    static TEE_ObjectHandle key;
    if (key != TEE_HANDLE_NULL)
        return key;
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_RSA_KEYPAIR, RSA_LEN * 8, &key));
    RT_OK(TEE_GenerateKey(key, RSA_LEN * 8, NULL, 0));
    return key;
}

static void encrypt_block(const uint8_t block[RSA_LEN], uint8_t out[RSA_LEN])
{
    size_t len = RSA_LEN;
    TEE_OperationHandle raw = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, RSA_LEN * 8, rsa_key());
    RT_OK(TEE_AsymmetricEncrypt(raw, NULL, 0, block, RSA_LEN, out, &len));
    TEE_FreeOperation(raw);
}

static void fill_block(uint8_t block[RSA_LEN])
{
    TEE_GenerateRandom(block, RSA_LEN);
    for (size_t i = 0; i < RSA_LEN; i++)
        block[i] |= 1;
    block[0] = 0;
}

/* A right padding, and one whose first octet is wrong. */
static void prepare_es(void)
{
    uint8_t block[RSA_LEN];
    at.es = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, RSA_LEN * 8, rsa_key());
    for (unsigned kind = 0; kind < 2; kind++) {
        fill_block(block);
        block[1] = kind == 0 ? 2 : 3;
        block[RSA_LEN - 49] = 0;
        encrypt_block(block, at.wrong[kind]);
    }
}

static void once_es(unsigned kind)
{
    size_t len = RSA_LEN;
    at.sink = (int)TEE_AsymmetricDecrypt(at.es, NULL, 0, at.wrong[kind], RSA_LEN, at.out, &len);
}

/* Manger: the first octet is wrong, or it is right and the rest is not. */
static void prepare_oaep(void)
{
    uint8_t block[RSA_LEN];
    at.oaep = keyed(TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA256, TEE_MODE_DECRYPT, RSA_LEN * 8, rsa_key());
    for (unsigned kind = 0; kind < 2; kind++) {
        fill_block(block);
        block[0] = (uint8_t)kind;
        encrypt_block(block, at.wrong[kind]);
    }
}

static void once_oaep(unsigned kind)
{
    size_t len = RSA_LEN;
    at.sink = (int)TEE_AsymmetricDecrypt(at.oaep, NULL, 0, at.wrong[kind], RSA_LEN, at.out, &len);
}

static const struct contest CONTESTS[] = {
    {"control: leaves at the first difference", prepare_compare, once_control, 1},
    {"TEE_MemCompare: first or last octet", prepare_compare, once_compare, 1},
    {"HMAC-SHA256: first or last octet wrong", prepare_mac, once_mac, 1},
    {"AES-GCM: first or last octet of the tag wrong", prepare_gcm, once_gcm, 1},
    {"RSAES-PKCS1-v1_5: right or wrong padding", prepare_es, once_es, 5},
    {"RSAES-OAEP: first octet or the rest wrong", prepare_oaep, once_oaep, 5},
};

/* ---- statistics ---- */

struct sample {
    double ns;
    unsigned kind;
};

static int by_time(const void *a, const void *b)
{
    double x = ((const struct sample *)a)->ns;
    double y = ((const struct sample *)b)->ns;
    return x < y ? -1 : x > y;
}

/* Welch's t of the two kinds over the fastest nine tenths; *ret_diff is the difference of the means in ns. */
static double welch(struct sample *samples, size_t n, double *ret_diff)
{
    double sum[2] = {0}, squares[2] = {0}, count[2] = {0};
    qsort(samples, n, sizeof(*samples), by_time);
    n -= n / 10;
    for (size_t i = 0; i < n; i++) {
        sum[samples[i].kind] += samples[i].ns;
        squares[samples[i].kind] += samples[i].ns * samples[i].ns;
        count[samples[i].kind] += 1;
    }
    double mean[2], error = 0;
    for (unsigned kind = 0; kind < 2; kind++) {
        mean[kind] = sum[kind] / count[kind];
        double variance =
            (squares[kind] - count[kind] * mean[kind] * mean[kind]) / (count[kind] - 1);
        error += variance / count[kind];
    }
    *ret_diff = mean[1] - mean[0];
    return *ret_diff / sqrt(error);
}

static void measure(const struct contest *contest, size_t n_calls)
{
    size_t n = n_calls / contest->divisor;
    struct sample *samples = calloc(n, sizeof(*samples));
    double diff = 0;
    if (samples == NULL)
        bench_die("no memory for %zu calls", n);
    contest->prepare();
    for (size_t i = 0; i < n; i++) {
        unsigned kind = (unsigned)next_number() & 1;
        uint64_t begun = bench_now_ns();
        contest->once(kind);
        samples[i] = (struct sample){.ns = (double)(bench_now_ns() - begun), .kind = kind};
    }
    double t = welch(samples, n, &diff);
    printf("%-48s %7zu calls  %+9.1f ns  t = %+8.2f%s\n", contest->name, n, diff, t,
           fabs(t) < SUSPICIOUS ? "" : "  told apart");
    free(samples);
}

int main(int argc, char **argv)
{
    size_t n_calls = argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_CALLS;
    if (n_calls < 1000 || n_calls > 100000000)
        bench_die("usage: bench_timing [CALLS], 1000 or more");
    if (fixture_start(NULL) != 0)
        bench_die("the runtime did not start");
    for (size_t i = 0; i < KM_ARRAY_LEN(CONTESTS); i++)
        measure(&CONTESTS[i], n_calls);
    return fixture_stop(NULL) == 0 ? 0 : 1;
}
