/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc_demo: random numbers, HMAC, AES and ECDSA in the trusted service, and a key that was put
 * there before. README.txt walks through it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrc.h"
#include "key_file.h"

#define RANDOM_LEN 32
#define SIGNATURE_MAX 160

static const char message[] = "What is signed here is verified with a key that never left.";

/* Says what went wrong; every step ends with it or with success. */
static int failed(void)
{
    fprintf(stderr, "clrc_demo: %s\n", clrcLastError());
    return -1;
}

static void print_octets(const char *what, const uint8_t *octets, size_t len)
{
    printf("    %s: ", what);
    for (size_t i = 0; i < len; i++)
        printf("%02x", octets[i]);
    printf("\n");
}

/* ---- 1: random numbers ---- */

static int show_random(void)
{
    uint8_t octets[RANDOM_LEN] = {0};
    printf("Computing a random number\n");
    if (clrcRandom(octets, sizeof(octets)) != CLRC_SUCCESS)
        return failed();
    print_octets("random", octets, sizeof(octets));
    return 0;
}

/* ---- 2: an HMAC with an imported key (RFC 4231, test case 2) ---- */

static int show_hmac(void)
{
    static const char key[] = "Jefe";
    static const char data[] = "what do ya want for nothing?";
    static const uint8_t expected[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
                                       0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
                                       0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83,
                                       0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    printf("Computing an HMAC with an imported key\n");
    /* RFC 2104 fills a short key up with zeros: the service takes 64 bits and more. */
    uint8_t padded[8] = {0};
    for (size_t i = 0; i < sizeof(key) - 1; i++)
        padded[i] = (uint8_t)key[i];
    const ClrcKeyTemplate wish = {.type = KEY_HMAC, .bits = 8 * sizeof(padded)};
    ClrcKeyHandle hKey = NULL;
    if (clrcImportKeyRaw(&wish, padded, sizeof(padded), &hKey) != CLRC_SUCCESS)
        return failed();
    uint8_t mac[32] = {0};
    uint32_t mac_len = sizeof(mac);
    ClrcResult result =
        clrcMac(hKey, CLRC_HMAC_SHA256, (const uint8_t *)data, sizeof(data) - 1, mac, &mac_len);
    clrcFreeKey(hKey);
    if (result != CLRC_SUCCESS)
        return failed();
    print_octets("HMAC-SHA-256", mac, mac_len);
    if (mac_len != sizeof(expected) || memcmp(mac, expected, sizeof(expected)) != 0) {
        fprintf(stderr, "clrc_demo: the HMAC is not that of RFC 4231\n");
        return -1;
    }
    return 0;
}

/* ---- 3: AES-128-CBC there and back (NIST SP 800-38A, F.2.1) ---- */

static const uint8_t aes_key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const uint8_t aes_iv[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t aes_plain[32] = {
    0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
    0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51};
static const uint8_t aes_cipher[32] = {
    0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46, 0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d,
    0x50, 0x86, 0xcb, 0x9b, 0x50, 0x72, 0x19, 0xee, 0x95, 0xdb, 0x11, 0x3a, 0x91, 0x76, 0x78, 0xb2};

static ClrcResult aes(ClrcKeyHandle hKey, ClrcMode mode, const uint8_t *in, uint8_t *out)
{
    size_t len = sizeof(aes_plain);
    return clrcCipher(hKey, CLRC_AES_CBC_NOPAD, mode, aes_iv, sizeof(aes_iv), in, sizeof(aes_plain),
                      out, &len);
}

static int show_aes(void)
{
    const ClrcKeyTemplate wish = {.type = KEY_AES, .bits = 128};
    ClrcKeyHandle hKey = NULL;
    uint8_t encrypted[sizeof(aes_plain)] = {0};
    uint8_t decrypted[sizeof(aes_plain)] = {0};
    printf("Encrypting and decrypting with AES-128-CBC\n");
    if (clrcImportKeyRaw(&wish, aes_key, sizeof(aes_key), &hKey) != CLRC_SUCCESS)
        return failed();
    ClrcResult result = aes(hKey, CLRC_MODE_ENCRYPT, aes_plain, encrypted);
    if (result == CLRC_SUCCESS)
        result = aes(hKey, CLRC_MODE_DECRYPT, encrypted, decrypted);
    clrcFreeKey(hKey);
    if (result != CLRC_SUCCESS)
        return failed();
    print_octets("plaintext", aes_plain, sizeof(aes_plain));
    print_octets("ciphertext", encrypted, sizeof(encrypted));
    print_octets("decrypted", decrypted, sizeof(decrypted));
    if (memcmp(encrypted, aes_cipher, sizeof(aes_cipher)) != 0 ||
        memcmp(decrypted, aes_plain, sizeof(aes_plain)) != 0) {
        fprintf(stderr, "clrc_demo: the ciphertext is not that of NIST SP 800-38A\n");
        return -1;
    }
    return 0;
}

/* ---- 4: sign with the key file, verify with it or with the preinstalled key ---- */

static int import_key(const char *path, ClrcKeyHandle *hKey)
{
    uint8_t der[KEY_FILE_MAX] = {0};
    size_t len = 0;
    if (key_file_read(path, der, &len) != 0)
        return -1;
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR};
    ClrcResult result = clrcImportKeyDer(&wish, der, (uint32_t)len, hKey);
    key_file_wipe(der, sizeof(der));
    return result == CLRC_SUCCESS ? 0 : failed();
}

static int show_signature(ClrcKeyHandle hSigner, ClrcKeyHandle hVerifier)
{
    uint8_t digest[32] = {0};
    uint32_t digest_len = sizeof(digest);
    uint8_t signature[SIGNATURE_MAX] = {0};
    uint32_t signature_len = sizeof(signature);
    printf("Signing with the ECC private key\n");
    if (clrcDigest(CLRC_SHA256, (const uint8_t *)message, sizeof(message) - 1, digest,
                   &digest_len) != CLRC_SUCCESS)
        return failed();
    print_octets("SHA-256", digest, digest_len);
    if (clrcSignDigest(hSigner, CLRC_ECDSA, digest, digest_len, signature, &signature_len) !=
        CLRC_SUCCESS)
        return failed();
    print_octets("signature", signature, signature_len);

    printf("Verifying the signature\n");
    ClrcResult result =
        clrcVerifyDigest(hVerifier, CLRC_ECDSA, digest, digest_len, signature, signature_len);
    if (result == CLRC_ERROR_SIGNATURE)
        fprintf(stderr, "clrc_demo: the two keys do not belong together\n");
    if (result != CLRC_SUCCESS)
        return failed();
    printf("    the signature is right\n");

    /* And it is noticed when one bit is not. */
    digest[0] ^= 1;
    result = clrcVerifyDigest(hVerifier, CLRC_ECDSA, digest, digest_len, signature, signature_len);
    if (result != CLRC_ERROR_SIGNATURE) {
        fprintf(stderr, "clrc_demo: a signature over other data was not refused\n");
        return -1;
    }
    printf("    over changed data it is refused\n");
    return 0;
}

static int show_ecc(const char *path, const char *name)
{
    ClrcKeyHandle hSigner = NULL;
    ClrcKeyHandle hVerifier = NULL;
    printf("Importing the ECC private key from %s\n", path);
    if (import_key(path, &hSigner) != 0)
        return -1;
    int status = 0;
    if (name != NULL) {
        printf("Loading the preinstalled key %s\n", name);
        if (clrcLoadNamedKey(name, NULL, &hVerifier) != CLRC_SUCCESS)
            status = failed();
    }
    if (status == 0)
        status = show_signature(hSigner, name == NULL ? hSigner : hVerifier);
    clrcFreeKey(hVerifier);
    clrcFreeKey(hSigner);
    return status;
}

static void usage(FILE *out)
{
    fprintf(out,
            "Usage: clrc_demo -k FILE [-p NAME]\n"
            "  -k FILE  ECC private key, DER or PEM (required)\n"
            "  -p NAME  preloaded ECC public key to verify with; without it the key in FILE\n");
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    const char *name = NULL;
    int option = 0;
    while ((option = getopt(argc, argv, "k:p:h")) != -1) {
        switch (option) {
        case 'k':
            path = optarg;
            break;
        case 'p':
            name = optarg;
            break;
        case 'h':
            usage(stdout);
            return EXIT_SUCCESS;
        default:
            usage(stderr);
            return 2;
        }
    }
    if (path == NULL || optind != argc) {
        usage(stderr);
        return 2;
    }
    if (show_random() != 0 || show_hmac() != 0 || show_aes() != 0 || show_ecc(path, name) != 0)
        return EXIT_FAILURE;
    printf("All done\n");
    return EXIT_SUCCESS;
}
