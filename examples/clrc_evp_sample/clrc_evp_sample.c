/* SPDX-License-Identifier: Apache-2.0 */
/* clrc_evp_sample: OpenSSL's EVP functions, with the work done in the trusted service. README.txt walks through it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "clrc_util.h"

static struct {
    const char *dyn_lib;
} params = {.dyn_lib = "./libclrc.so"};

static int failed(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "clrc_evp_sample: %s failed\n", what);
    ERR_print_errors_fp(stderr);
    return -1;
}

static void print_octets(const unsigned char *octets, size_t len)
{
    printf("    ");
    for (size_t i = 0; i < len; i++)
        printf("%02x", octets[i]);
    printf("\n");
}

static int load_engine(void)
{
    int hide_private = 0;
    return clrcLoadEngine(params.dyn_lib, ENGINE_METHOD_ALL, hide_private) == 1
               ? 0
               : failed("loading the engine");
}

static int random_numbers(void)
{
    unsigned char octets[32] = {0};
    printf("RNG\n");
    if (RAND_bytes(octets, sizeof(octets)) != 1)
        return failed("RNG");
    print_octets(octets, sizeof(octets));
    return 0;
}

/* The example of FIPS 180-4 with one block. */
static int digest(void)
{
    static const unsigned char expected[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                               0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                               0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                               0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    unsigned char md[EVP_MAX_MD_SIZE] = {0};
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    printf("Message digests: SHA256\n");
    int done = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
               EVP_DigestUpdate(ctx, "abc", 3) == 1 && EVP_DigestFinal_ex(ctx, md, &len) == 1;
    EVP_MD_CTX_free(ctx);
    if (!done || len != sizeof(expected) || memcmp(md, expected, len) != 0)
        return failed("SHA256");
    print_octets(md, len);
    return 0;
}

/* One way through the cipher; the number of octets that came out, or -1. */
static int cipher_run(int encrypts, const unsigned char *key, const unsigned char *iv,
                      const unsigned char *in, int len, unsigned char *out)
{
    int n = 0, rest = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = ctx != NULL &&
               EVP_CipherInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, iv, encrypts) == 1 &&
               EVP_CipherUpdate(ctx, out, &n, in, len) == 1 &&
               EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return done ? n + rest : -1;
}

static int cipher(void)
{
    static const char text[] = "What is said here is read by nobody on the way.";
    unsigned char key[32], iv[16], secret[sizeof(text) + EVP_MAX_BLOCK_LENGTH],
        clear[sizeof(text) + EVP_MAX_BLOCK_LENGTH];
    if (RAND_bytes(key, sizeof(key)) != 1 || RAND_bytes(iv, sizeof(iv)) != 1)
        return failed("RNG");
    printf("Encrypt: AES-256-CTR\n");
    int len = cipher_run(1, key, iv, (const unsigned char *)text, sizeof(text) - 1, secret);
    if (len != (int)sizeof(text) - 1)
        return failed("Encrypt");
    print_octets(secret, (size_t)len);
    printf("Decrypt: AES-256-CTR\n");
    len = cipher_run(0, key, iv, secret, len, clear);
    OPENSSL_cleanse(key, sizeof(key));
    if (len != (int)sizeof(text) - 1 || memcmp(clear, text, sizeof(text) - 1) != 0)
        return failed("Decrypt");
    printf("    %.*s\n", len, (const char *)clear);
    return 0;
}

static EVP_PKEY *cmac_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_CMAC, NULL);
    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
        EVP_PKEY_CTX_ctrl_str(ctx, "cipher", "AES-128-CBC") != 1 ||
        EVP_PKEY_CTX_ctrl_str(ctx, "hexkey", "2b7e151628aed2a6abf7158809cf4f3c") != 1 ||
        EVP_PKEY_keygen(ctx, &key) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* The second example of RFC 4493, section 4. */
static int cmac(void)
{
    static const unsigned char text[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                           0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    static const unsigned char expected[16] = {0x07, 0x0a, 0x16, 0xb4, 0x6b, 0x4d, 0x41, 0x44,
                                               0xf7, 0x9b, 0xdd, 0x9d, 0xd0, 0x4a, 0x28, 0x7c};
    unsigned char mac[16] = {0};
    size_t len = sizeof(mac);
    printf("CMAC-AES-128-CBC\n");
    EVP_PKEY *key = cmac_key();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int done = key != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestSignUpdate(ctx, text, sizeof(text)) == 1 &&
               EVP_DigestSignFinal(ctx, mac, &len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!done || len != sizeof(expected) || memcmp(mac, expected, len) != 0)
        return failed("CMAC");
    print_octets(mac, len);
    return 0;
}

int main(int argc, char **argv)
{
    for (int option = 0; (option = getopt(argc, argv, "e:h")) != -1;) {
        if (option != 'e') {
            fprintf(option == 'h' ? stdout : stderr,
                    "Usage: clrc_evp_sample [-e PATH]   (./libclrc.so)\n");
            return option == 'h' ? EXIT_SUCCESS : 2;
        }
        params.dyn_lib = optarg;
    }
    int done = load_engine() == 0 && random_numbers() == 0 && digest() == 0 && cipher() == 0 &&
               cmac() == 0;
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
