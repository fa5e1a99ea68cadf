/* SPDX-License-Identifier: Apache-2.0 */
#include "signing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

static const char *const KEY_FILES[] = {"clrsc_command_signing_key.pem",
                                        "certs/clrsc_example_command_key.pem"};
#define N_KEY_FILES (sizeof(KEY_FILES) / sizeof(KEY_FILES[0]))

/* The first of the two files that is there decides. */
static int find_key(const char *folder, char path[PATH_MAX])
{
    for (size_t i = 0; i < N_KEY_FILES; i++) {
        if (snprintf(path, PATH_MAX, "%s%s", folder, KEY_FILES[i]) < PATH_MAX &&
            access(path, F_OK) == 0)
            return 1;
    }
    return 0;
}

static int find_key_beside_program(char path[PATH_MAX])
{
    char folder[PATH_MAX] = "";
    if (readlink("/proc/self/exe", folder, sizeof(folder) - 1) <= 0)
        return 0;
    strrchr(folder, '/')[1] = '\0';
    return find_key(folder, path);
}

static EVP_PKEY *open_key(void)
{
    char path[PATH_MAX] = "";
    if (!find_key("", path) && !find_key_beside_program(path)) {
        fprintf(stderr, "clrsc_example: no command key: %s or %s\n", KEY_FILES[0], KEY_FILES[1]);
        return NULL;
    }
    FILE *in = fopen(path, "re");
    EVP_PKEY *key = in != NULL ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
    if (in != NULL)
        fclose(in);
    if (key == NULL)
        fprintf(stderr, "clrsc_example: %s holds no private key in PEM\n", path);
    return key;
}

/* The digest that goes with the key's strength. */
static const EVP_MD *choose(const EVP_PKEY *key, ClrscSignature *ret)
{
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA")) {
        *ret = CLRSC_RSA_SHA256;
        return EVP_sha256();
    }
    *ret = bits <= 256 ? CLRSC_ECDSA_SHA256 : bits <= 384 ? CLRSC_ECDSA_SHA384 : CLRSC_ECDSA_SHA512;
    return bits <= 256 ? EVP_sha256() : bits <= 384 ? EVP_sha384() : EVP_sha512();
}

static int sign(EVP_PKEY *key, const EVP_MD *digest, const uint8_t *content,
                uint32_t content_length, uint8_t signature[CLRSC_SIGNATURE_MAX],
                uint32_t *ret_length)
{
    size_t length = CLRSC_SIGNATURE_MAX;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, digest, NULL, key) == 1 &&
             EVP_DigestSign(ctx, signature, &length, content, content_length) == 1;
    EVP_MD_CTX_free(ctx);
    *ret_length = (uint32_t)length;
    if (!ok)
        fprintf(stderr, "clrsc_example: the command key could not sign\n");
    return ok;
}

int sign_command(ClrscCommand *command, uint8_t *package, uint32_t *length)
{
    static uint8_t content[CLRSC_COMMAND_MAX];
    uint8_t signature[CLRSC_SIGNATURE_MAX];
    uint32_t content_length = sizeof(content);
    uint32_t signature_length = 0;
    EVP_PKEY *key = open_key();
    if (key == NULL)
        return 0;
    const EVP_MD *digest = choose(key, &command->signature);
    ClrcResult result = clrscCommandPrepare(command, content, &content_length);
    int ok = result == CLRC_SUCCESS &&
             sign(key, digest, content, content_length, signature, &signature_length);
    EVP_PKEY_free(key);
    if (ok)
        result = clrscCommandFinish(content, content_length, signature, signature_length, package,
                                    length);
    if (result != CLRC_SUCCESS)
        fprintf(stderr, "clrsc_example: %s\n", clrscLastError());
    return ok && result == CLRC_SUCCESS;
}
