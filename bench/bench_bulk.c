/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM and SHA-256 over 1 MiB: clrc from registered and from ordinary memory, beside libcrypto. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "bench/bench.h"
#include "clrc.h"

#define BULK (1024u * 1024u)

static ClrcKeyHandle aes;
static uint8_t *shared;
static uint8_t *ordinary;
static const uint8_t nonce[12];

static void must(ClrcResult result)
{
    if (result != CLRC_SUCCESS)
        bench_die("clrc: %s: %s", clrcResultText(result), clrcLastError());
}

static void *no_begin(unsigned thread)
{
    (void)thread;
    return shared;
}

static void *ordinary_begin(unsigned thread)
{
    (void)thread;
    return ordinary;
}

static void no_end(void *state)
{
    (void)state;
}

static void gcm_once(void *buffer)
{
    ClrcAead aead = {.nonce = nonce, .nonce_length = sizeof nonce};
    uint8_t tag[16];
    must(clrcAeadEncrypt(aes, CLRC_AES_GCM, &aead, buffer, BULK, buffer, tag, sizeof tag));
}

static void sha_once(void *buffer)
{
    uint8_t hash[32];
    uint32_t length = sizeof hash;
    must(clrcDigest(CLRC_SHA256, buffer, BULK, hash, &length));
}

static void *crypto_gcm_begin(unsigned thread)
{
    (void)thread;
    static const uint8_t key[32] = {9};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL || EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, nonce, NULL) != 1)
        bench_die("libcrypto: no cipher");
    return context;
}

static void crypto_gcm_once(void *context)
{
    uint8_t tag[16];
    int length = 0;
    if (EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(context, ordinary, &length, ordinary, (int)BULK) != 1 ||
        EVP_EncryptFinal_ex(context, ordinary, &length) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) != 1)
        bench_die("libcrypto: no encryption");
}

static void crypto_gcm_end(void *context)
{
    EVP_CIPHER_CTX_free(context);
}

static void *crypto_sha_begin(unsigned thread)
{
    (void)thread;
    return EVP_MD_CTX_new();
}

static void crypto_sha_once(void *context)
{
    uint8_t hash[32];
    if (EVP_DigestInit_ex2(context, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(context, ordinary, BULK) != 1 ||
        EVP_DigestFinal_ex(context, hash, NULL) != 1)
        bench_die("libcrypto: no digest");
}

static void crypto_sha_end(void *context)
{
    EVP_MD_CTX_free(context);
}

static void compare(const char *name, const struct bench_contender contenders[3])
{
    struct bench_result results[3] = {0};
    char id[64] = {0};
    bench_run(contenders, 3, 1, 0.4, results);
    snprintf(id, sizeof id, "%s 1 MiB, registered memory", name);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "MiB/s",
                                    .value = results[1].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.90});
    snprintf(id, sizeof id, "%s 1 MiB, ordinary memory", name);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "MiB/s",
                                    .value = results[2].rate,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate,
                                    .target = 0.60});
}

int main(void)
{
    ClrcKeyTemplate wish = {.type = KEY_AES, .bits = 256};
    shared = clrcSharedAlloc(BULK);
    ordinary = calloc(1, BULK);
    if (shared == NULL || ordinary == NULL)
        bench_die("memory is short");
    must(clrcCreateKey(&wish, &aes));
    static const struct bench_contender gcm[] = {
        {"libcrypto in process", crypto_gcm_begin, crypto_gcm_once, crypto_gcm_end},
        {"clrc, registered", no_begin, gcm_once, no_end},
        {"clrc, ordinary", ordinary_begin, gcm_once, no_end},
    };
    static const struct bench_contender sha[] = {
        {"libcrypto in process", crypto_sha_begin, crypto_sha_once, crypto_sha_end},
        {"clrc, registered", no_begin, sha_once, no_end},
        {"clrc, ordinary", ordinary_begin, sha_once, no_end},
    };
    compare("AES-256-GCM", gcm);
    compare("SHA-256", sha);
    clrcFreeKey(aes);
    clrcSharedFree(shared);
    free(ordinary);
    return EXIT_SUCCESS;
}
