/* SPDX-License-Identifier: Apache-2.0 */
/* clrc_use_named_key: a key in the trusted service, used by OpenSSL's EVP functions. README.txt walks through it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "clrc_util.h"

#define KEY_NAME "ECC-256-KEY"
#define SIGNATURE_MAX 72 /* DER, P-256 */

static const char message[] = "A message to be signed";

struct signature {
    unsigned char octets[SIGNATURE_MAX];
    size_t len;
};

static int failed(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "clrc_use_named_key: %s failed\n", what);
    ERR_print_errors_fp(stderr);
    return -1;
}

/* Returns owned; NULL when there is no engine. */
static ENGINE *load_engine(const char *path)
{
    printf("Load CoreLockr Cryptographic Engine\n");
    if (clrcLoadEngine(path, ENGINE_METHOD_ALL, 1) != 1)
        return NULL;
    ENGINE *engine = ENGINE_by_id("clrc");
    if (engine != NULL && ENGINE_init(engine) != 1) {
        ENGINE_free(engine);
        return NULL;
    }
    return engine;
}

static int sign(ENGINE *engine, struct signature *signature)
{
    EVP_PKEY *key = ENGINE_load_private_key(engine, KEY_NAME, NULL, NULL);
    if (key == NULL)
        return failed("loading the private key " KEY_NAME);
    printf("Successfully loaded private key: %s\n", KEY_NAME);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    signature->len = sizeof(signature->octets);
    int done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestSignUpdate(ctx, message, strlen(message)) == 1 &&
               EVP_DigestSignFinal(ctx, signature->octets, &signature->len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!done)
        return failed("signing");
    printf("Computed signature using loaded private key\n");
    return 0;
}

static int verify(ENGINE *engine, const struct signature *signature)
{
    EVP_PKEY *key = ENGINE_load_public_key(engine, KEY_NAME, NULL, NULL);
    if (key == NULL)
        return failed("loading the public key " KEY_NAME);
    printf("Successfully loaded public key: %s\n", KEY_NAME);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int done = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerifyUpdate(ctx, message, strlen(message)) == 1 &&
               EVP_DigestVerifyFinal(ctx, signature->octets, signature->len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!done)
        return failed("verification");
    printf("Successful signature verification\n");
    return 0;
}

int main(int argc, char **argv)
{
    const char *path = "./libclrc.so";
    struct signature signature = {.len = 0};
    for (int option = 0; (option = getopt(argc, argv, "e:h")) != -1;) {
        if (option != 'e') {
            fprintf(option == 'h' ? stdout : stderr,
                    "Usage: clrc_use_named_key [-e PATH]   (./libclrc.so)\n");
            return option == 'h' ? EXIT_SUCCESS : 2;
        }
        path = optarg;
    }
    ENGINE *engine = load_engine(path);
    if (engine == NULL) {
        failed("loading the engine");
        return EXIT_FAILURE;
    }
    int status = sign(engine, &signature);
    if (status == 0)
        status = verify(engine, &signature);
    ENGINE_finish(engine);
    ENGINE_free(engine);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
