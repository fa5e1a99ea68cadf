/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scenarios call of the library, a call a run. Prints the result as 0x%08x, and what else there is to tell:
 *   opaque_client save PACKAGE [-p OBJECT:PASSWORD] [-d DEVICE_KEY]
 *   opaque_client show NAME [-p OBJECT:PASSWORD]         type, bits, usage, attributes, uses, last day; public key in hex
 *   opaque_client public FILE NAME                       saves a SubjectPublicKeyInfo: KEY_ECDSA_, RSA_ or DSA_PUBLIC
 *   opaque_client create NAME                            makes and saves a key pair for ECDH
 *   opaque_client password OBJECT:PASSWORD               creates a password object
 *   opaque_client open IDENTIFIER IN OUT [-v KEY] [-d DEVICE_KEY]
 *   opaque_client hold IDENTIFIER                        opens, says so, and waits to be killed
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrc.h"
#include "common/km_file.h"

struct words {
    const char *at[4];
    const char *password, *verify, *device;
};

static uint8_t octets[16384];
static size_t octets_len;

static ClrcResult read_file(const char *path)
{
    uint8_t *bytes = NULL;
    if (path == NULL ||
        km_file_read(NULL, AT_FDCWD, path, sizeof(octets), &bytes, &octets_len) != KM_OK)
        return CLRC_ERROR_FILE;
    km_copy(octets, sizeof(octets), bytes, octets_len);
    free(bytes);
    return CLRC_SUCCESS;
}

/* "OBJECT:PASSWORD", taken apart. */
static ClrcResult password(const char *given, bool is_new, ClrcPasswordHandle *ret)
{
    char name[CLRC_NAME_MAX + 1] = {0};
    const char *colon = given == NULL ? NULL : strchr(given, ':');
    if (given == NULL)
        return CLRC_SUCCESS;
    if (colon == NULL || (size_t)(colon - given) > CLRC_NAME_MAX)
        return CLRC_ERROR_BAD_NAME;
    km_copy(name, sizeof(name), given, (size_t)(colon - given));
    const uint8_t *text = (const uint8_t *)colon + 1;
    uint32_t len = (uint32_t)strlen(colon + 1);
    return is_new ? clrcCreatePassword(name, text, len) : clrcLoadPassword(name, text, len, ret);
}

static ClrcResult key(const char *name, ClrcPasswordHandle with, ClrcKeyHandle *ret)
{
    return name == NULL ? CLRC_SUCCESS : clrcLoadNamedKey(name, with, ret);
}

static ClrcResult save(const struct words *words)
{
    ClrcPasswordHandle with = NULL;
    ClrcKeyHandle device = NULL;
    ClrcResult result = read_file(words->at[0]);
    if (result == CLRC_SUCCESS)
        result = password(words->password, false, &with);
    if (result == CLRC_SUCCESS)
        result = key(words->device, NULL, &device);
    if (result == CLRC_SUCCESS)
        result = clrcSaveOpaqueKeyEx(octets, (uint32_t)octets_len, device, with);
    clrcFreeKey(device);
    clrcFreePassword(with);
    return result;
}

static void print_info(ClrcKeyHandle hKey)
{
    ClrcKeyInfo info = {0};
    uint8_t spki[1024] = {0};
    uint32_t len = sizeof(spki);
    if (clrcGetKeyInfo(hKey, &info) != CLRC_SUCCESS)
        return;
    printf("%s %u usage=%u attributes=%u maxUses=%llu notAfter=%llu\n", clrcKeyTypeName(info.type),
           info.bits, info.usage, info.attributes, (unsigned long long)info.max_uses,
           (unsigned long long)info.not_after);
    if (clrcExportPublicKey(hKey, spki, &len) != CLRC_SUCCESS)
        return;
    for (uint32_t i = 0; i < len; i++)
        printf("%02x", spki[i]);
    printf("\n");
}

static ClrcResult show(const struct words *words)
{
    ClrcPasswordHandle with = NULL;
    ClrcKeyHandle hKey = NULL;
    ClrcResult result = password(words->password, false, &with);
    if (result == CLRC_SUCCESS)
        result = key(words->at[0], with, &hKey);
    if (result == CLRC_SUCCESS)
        print_info(hKey);
    clrcFreeKey(hKey);
    clrcFreePassword(with);
    return result;
}

static ClrcResult save_public(const struct words *words)
{
    static const ClrcKeyType TYPES[] = {KEY_ECDSA_PUBLIC, KEY_RSA_PUBLIC, KEY_DSA_PUBLIC};
    ClrcResult result = read_file(words->at[0]);
    if (result != CLRC_SUCCESS)
        return result;
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        ClrcKeyTemplate wish = {.type = TYPES[i]};
        ClrcKeyHandle hKey = NULL;
        result = clrcImportKeyDer(&wish, octets, (uint32_t)octets_len, &hKey);
        if (result != CLRC_SUCCESS)
            continue;
        result = clrcSaveNamedKey(hKey, words->at[1], NULL);
        clrcFreeKey(hKey);
        return result;
    }
    return result;
}

static ClrcResult create(const struct words *words)
{
    ClrcKeyTemplate wish = {.type = KEY_ECDH_KEYPAIR, .bits = 384};
    ClrcKeyHandle hKey = NULL;
    ClrcResult result = clrcCreateKey(&wish, &hKey);
    if (result == CLRC_SUCCESS)
        result = clrcSaveNamedKey(hKey, words->at[0], NULL);
    clrcFreeKey(hKey);
    return result;
}

static ClrcResult create_password(const struct words *words)
{
    ClrcPasswordHandle none = NULL;
    return password(words->at[0], true, &none);
}

static ClrcResult open_file(const struct words *words)
{
    ClrcKeyHandle verify = NULL;
    ClrcKeyHandle device = NULL;
    ClrcResult result = read_file(words->at[0]);
    if (result == CLRC_SUCCESS)
        result = key(words->verify, NULL, &verify);
    if (result == CLRC_SUCCESS)
        result = key(words->device, NULL, &device);
    if (result == CLRC_SUCCESS)
        result = clrcDecryptOpaqueObjectFile(octets, (uint32_t)octets_len, verify, device,
                                             words->at[1], words->at[2]);
    clrcFreeKey(verify);
    clrcFreeKey(device);
    return result;
}

static ClrcResult hold(const struct words *words)
{
    ClrcOpaqueObjectHandle object = NULL;
    ClrcResult result = read_file(words->at[0]);
    if (result == CLRC_SUCCESS)
        result = clrcOpenOpaqueObject(octets, (uint32_t)octets_len, NULL, NULL, &object, NULL);
    printf("0x%08x\n", result);
    (void)fflush(stdout);
    (void)pause();
    return result;
}

static const struct {
    const char *name;
    ClrcResult (*run)(const struct words *words);
} COMMANDS[] = {{"save", save},     {"show", show},      {"public", save_public},
                {"create", create}, {"open", open_file}, {"password", create_password},
                {"hold", hold}};

static bool take_words(int argc, char **argv, struct words *ret)
{
    unsigned n = 0;
    for (int i = 2; i < argc; i++) {
        const char **into = strcmp(argv[i], "-p") == 0   ? &ret->password
                            : strcmp(argv[i], "-v") == 0 ? &ret->verify
                            : strcmp(argv[i], "-d") == 0 ? &ret->device
                                                         : NULL;
        if (into != NULL && i + 1 < argc)
            *into = argv[++i];
        else if (into == NULL && n < KM_ARRAY_LEN(ret->at))
            ret->at[n++] = argv[i];
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct words words = {0};
    if (argc < 2 || !take_words(argc, argv, &words))
        return 2;
    for (size_t i = 0; i < KM_ARRAY_LEN(COMMANDS); i++) {
        if (strcmp(COMMANDS[i].name, argv[1]) != 0)
            continue;
        ClrcResult result = COMMANDS[i].run(&words);
        printf("0x%08x\n", result);
        if (result != CLRC_SUCCESS)
            (void)fprintf(stderr, "%s\n", clrcLastError());
        return EXIT_SUCCESS;
    }
    return 2;
}
