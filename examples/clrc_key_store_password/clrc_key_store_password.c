/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc_key_store_password: a key that is saved under a password, loaded again and used. README.txt
 * walks through it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clrc.h"

#define KEY_NAME "ecc-256-key"
#define PASSWORD_NAME "ecc-256-pw"
#define PASSWORD "correct horse battery staple"
#define COORDINATE_LEN 32
#define SIGNATURE_MAX 72 /* DER, P-256 */

static const char input[] = "A string to be signed";

/* What exists so far, so that a run that fails leaves nothing behind. */
struct example {
    ClrcKeyHandle hKey;
    ClrcPasswordHandle hPassword;
    int has_password_object;
    int has_named_key;
    uint8_t digest[32];
    uint32_t digest_len;
    uint8_t signature[SIGNATURE_MAX];
    uint32_t signature_len;
};

static int failed(void)
{
    fflush(stdout);
    fprintf(stderr, "clrc_key_store_password: %s\n", clrcLastError());
    return -1;
}

static void print_octets(const char *what, const uint8_t *octets, size_t len)
{
    printf("    %s: ", what);
    for (size_t i = 0; i < len; i++)
        printf("%02x", octets[i]);
    printf("\n");
}

static int create_key(struct example *example)
{
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    printf("Creating ECDSA key\n");
    return clrcCreateKey(&wish, &example->hKey) == CLRC_SUCCESS ? 0 : failed();
}

static int print_attributes(const struct example *example)
{
    uint32_t curve = 0;
    uint8_t x[COORDINATE_LEN] = {0};
    uint8_t y[COORDINATE_LEN] = {0};
    uint32_t curve_len = sizeof(curve);
    uint32_t x_len = sizeof(x);
    uint32_t y_len = sizeof(y);
    printf("Printing out ECDSA key attributes\n");
    if (clrcGetKeyAttribute(example->hKey, CLRC_ATTR_ECC_CURVE, &curve, &curve_len) !=
            CLRC_SUCCESS ||
        clrcGetKeyAttribute(example->hKey, CLRC_ATTR_ECC_PUBLIC_VALUE_X, x, &x_len) !=
            CLRC_SUCCESS ||
        clrcGetKeyAttribute(example->hKey, CLRC_ATTR_ECC_PUBLIC_VALUE_Y, y, &y_len) != CLRC_SUCCESS)
        return failed();
    printf("    curve: P-%u\n", (unsigned)curve);
    print_octets("public X", x, x_len);
    print_octets("public Y", y, y_len);

    /* The private part has no way out. */
    uint8_t secret[COORDINATE_LEN] = {0};
    uint32_t secret_len = sizeof(secret);
    ClrcResult result =
        clrcGetKeyAttribute(example->hKey, CLRC_ATTR_ECC_PRIVATE_VALUE, secret, &secret_len);
    if (result != CLRC_ERROR_NOT_EXPORTABLE) {
        fprintf(stderr, "clrc_key_store_password: the private value was not refused\n");
        return -1;
    }
    printf("    private value: %s\n", clrcResultText(result));
    return 0;
}

static int sign(struct example *example)
{
    printf("Signing with the created key\n");
    example->digest_len = sizeof(example->digest);
    if (clrcDigest(CLRC_SHA256, (const uint8_t *)input, sizeof(input) - 1, example->digest,
                   &example->digest_len) != CLRC_SUCCESS)
        return failed();
    example->signature_len = sizeof(example->signature);
    if (clrcSignDigest(example->hKey, CLRC_ECDSA, example->digest, example->digest_len,
                       example->signature, &example->signature_len) != CLRC_SUCCESS)
        return failed();
    print_octets("signature", example->signature, example->signature_len);
    return 0;
}

static int save(struct example *example)
{
    printf("Creating password object \"%s\" in the store\n", PASSWORD_NAME);
    if (clrcCreatePassword(PASSWORD_NAME, (const uint8_t *)PASSWORD, sizeof(PASSWORD) - 1) !=
        CLRC_SUCCESS)
        return failed();
    example->has_password_object = 1;
    if (clrcLoadPassword(PASSWORD_NAME, (const uint8_t *)PASSWORD, sizeof(PASSWORD) - 1,
                         &example->hPassword) != CLRC_SUCCESS)
        return failed();

    printf("Saving key in the key store\n");
    if (clrcSaveNamedKey(example->hKey, KEY_NAME, example->hPassword) != CLRC_SUCCESS)
        return failed();
    example->has_named_key = 1;
    printf("    Saved named key \"%s\" in the key store,\n", KEY_NAME);
    printf("    with associated password object \"%s\"\n", PASSWORD_NAME);
    return 0;
}

static int load_and_verify(struct example *example)
{
    /* As another program would come to it: by name and password. */
    clrcFreeKey(example->hKey);
    example->hKey = NULL;
    printf("ECDSA verifying using key loaded from the key store\n");
    if (clrcLoadNamedKey(KEY_NAME, example->hPassword, &example->hKey) != CLRC_SUCCESS)
        return failed();
    if (clrcVerifyDigest(example->hKey, CLRC_ECDSA, example->digest, example->digest_len,
                         example->signature, example->signature_len) != CLRC_SUCCESS)
        return failed();
    printf("    the signature is right\n");
    return 0;
}

static int clean_up(struct example *example)
{
    int status = 0;
    clrcFreeKey(example->hKey);
    if (example->has_named_key) {
        printf("Deleting \"%s\" from the key store\n", KEY_NAME);
        if (clrcDeleteNamedKey(KEY_NAME, example->hPassword) != CLRC_SUCCESS)
            status = failed();
    }
    clrcFreePassword(example->hPassword);
    if (example->has_password_object) {
        printf("Deleting password object \"%s\" from the store\n", PASSWORD_NAME);
        if (clrcDeletePassword(PASSWORD_NAME, (const uint8_t *)PASSWORD, sizeof(PASSWORD) - 1) !=
            CLRC_SUCCESS)
            status = failed();
    }
    return status;
}

int main(void)
{
    struct example example = {0};
    int status = create_key(&example);
    if (status == 0)
        status = print_attributes(&example);
    if (status == 0)
        status = sign(&example);
    if (status == 0)
        status = save(&example);
    if (status == 0)
        status = load_and_verify(&example);
    if (clean_up(&example) != 0)
        status = -1;
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
