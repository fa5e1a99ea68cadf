/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor bench: a quick look at this device. bench/ in the sources compares with the peers. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "keymoor.h"

#define BULK (1024u * 1024u)
#define SECONDS_EACH 1.0

struct subject {
    ClrcKeyHandle ec;
    ClrcKeyHandle aes;
    uint8_t *bulk;
};

static ClrcResult sign_once(const struct subject *s)
{
    static const uint8_t digest[32] = {1};
    uint8_t signature[160] = {0};
    uint32_t length = sizeof signature;
    return clrcSignDigest(s->ec, CLRC_ECDSA, digest, sizeof digest, signature, &length);
}

static ClrcResult hash_once(const struct subject *s)
{
    uint8_t digest[32] = {0};
    uint32_t length = sizeof digest;
    return clrcDigest(CLRC_SHA256, s->bulk, BULK, digest, &length);
}

static ClrcResult encrypt_once(const struct subject *s)
{
    /* The same nonce each time: the output is thrown away and the key with it. */
    static const uint8_t nonce[12] = {0};
    ClrcAead aead = {.nonce = nonce, .nonce_length = sizeof nonce};
    uint8_t tag[16] = {0};
    return clrcAeadEncrypt(s->aes, CLRC_AES_GCM, &aead, s->bulk, BULK, s->bulk, tag, sizeof tag);
}

static const struct {
    const char *id;
    const char *unit;
    double per_call;
    ClrcResult (*once)(const struct subject *);
} rows[] = {
    {"ECDSA P-256 sign", "signatures/s", 1, sign_once},
    {"SHA-256, 1 MiB", "MiB/s", 1, hash_once},
    {"AES-256-GCM, 1 MiB", "MiB/s", 1, encrypt_once},
};

static double now_s(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static ClrcResult measure(size_t row, const struct subject *s, double seconds, double *ret_rate)
{
    double start = now_s();
    double elapsed = 0;
    unsigned long n = 0;
    while (elapsed < seconds) {
        ClrcResult result = rows[row].once(s);
        if (result != CLRC_SUCCESS)
            return result;
        n++;
        elapsed = now_s() - start;
    }
    *ret_rate = (double)n * rows[row].per_call / elapsed;
    return CLRC_SUCCESS;
}

static ClrcResult prepare(struct subject *s)
{
    ClrcKeyTemplate ec = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    ClrcKeyTemplate aes = {.type = KEY_AES, .bits = 256};
    s->bulk = clrcSharedAlloc(BULK);
    if (s->bulk == NULL)
        return CLRC_ERROR_OUT_OF_MEMORY;
    ClrcResult result = clrcCreateKey(&ec, &s->ec);
    return result == CLRC_SUCCESS ? clrcCreateKey(&aes, &s->aes) : result;
}

int cmd_bench(const struct km_options *options, const char *operand)
{
    (void)operand;
    uint64_t count = 0;
    if (!parse_number(options->count, 1, 60, 1, &count))
        return complain("--count takes the seconds a row may run, 1 to 60");
    struct subject subject = {0};
    cJSON *json = options->json ? cJSON_CreateArray() : NULL;
    ClrcResult result = prepare(&subject);
    for (size_t i = 0; result == CLRC_SUCCESS && i < KM_ARRAY_LEN(rows); i++) {
        double rate = 0;
        result = measure(i, &subject, SECONDS_EACH * (double)count, &rate);
        if (result == CLRC_SUCCESS && json == NULL)
            printf("%-22s %10.0f %s\n", rows[i].id, rate, rows[i].unit);
        if (result == CLRC_SUCCESS && json != NULL) {
            cJSON *row = cJSON_CreateObject();
            cJSON_AddStringToObject(row, "id", rows[i].id);
            cJSON_AddNumberToObject(row, "value", rate);
            cJSON_AddStringToObject(row, "unit", rows[i].unit);
            cJSON_AddItemToArray(json, row);
        }
    }
    clrcFreeKey(subject.ec);
    clrcFreeKey(subject.aes);
    clrcSharedFree(subject.bulk);
    if (result != CLRC_SUCCESS) {
        cJSON_Delete(json);
        return fail(result, "bench", NULL);
    }
    if (json != NULL)
        print_json(json);
    return EXIT_SUCCESS;
}
