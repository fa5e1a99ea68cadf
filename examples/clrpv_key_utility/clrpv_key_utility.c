/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrpv_key_utility: stores, prints, extracts, lists and deletes keys and password objects, and takes keys out of opaque
 * packages. README.txt walks through it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrpv.h"
#include "password_source.h"

#define PACKAGE_MAX 65536

struct wishes {
    int action; /* one of S P E L D O */
    const char *name;
    const char *type;
    const char *file;
    const char *password_file;
    int has_password;
    struct password password;
    ClrcPasswordHandle hPassword;
};

static void usage(FILE *out)
{
    fprintf(
        out,
        "Usage: clrpv_key_utility ACTION [-n NAME] [-t TYPE] [-k FILE] [-p NAME[:PASSWORD]] [-w FILE]\n"
        "  -S -p PW                          store a password object\n"
        "  -S -n NAME -t TYPE -k FILE [-p PW]  store a key from a DER or PEM file, or raw octets\n"
        "  -P -n NAME [-p PW]                print the public attributes of a stored key\n"
        "  -P -k FILE [-t TYPE]              the same of a key in a file\n"
        "  -E -n NAME [-p PW] -k FILE        write its public part, DER\n"
        "  -L -n NAME                        list the password that a stored key needs\n"
        "  -L -p NAME                        list the keys that need a password\n"
        "  -L                                list all keys and passwords\n"
        "  -D -n NAME [-p PW]                delete a stored key\n"
        "  -D -p PW                          delete a password object\n"
        "  -O -k FILE [-p PW]                store the key that is in an opaque key package\n"
        "  PW is NAME, and the password is asked for; or NAME with -w FILE (- is standard input), whose\n"
        "  first line is the password; or NAME:PASSWORD, which others can read meanwhile.\n"
        "  TYPE is KEY_AES, KEY_DES3, KEY_CHACHA20, KEY_HMAC, KEY_GENERIC_SECRET, or KEY_RSA_, KEY_ECDSA_,\n"
        "  KEY_ECDH_, KEY_EC_DUAL_, KEY_DSA_, KEY_DH_, KEY_ED25519_, KEY_X25519_, KEY_ED448_, KEY_X448_ with PUBLIC or KEYPAIR.\n");
}

static int failed_clrc(void)
{
    fprintf(stderr, "clrpv_key_utility: %s\n", clrcLastError());
    return EXIT_FAILURE;
}

static int failed_clrpv(void)
{
    fprintf(stderr, "clrpv_key_utility: %s\n", clrpvLastError());
    return EXIT_FAILURE;
}

/* The password as a handle, when one was named. */
static int load_password(struct wishes *wishes)
{
    if (!wishes->has_password)
        return EXIT_SUCCESS;
    if (password_get(&wishes->password, wishes->password_file) != 0)
        return EXIT_FAILURE;
    if (clrcLoadPassword(wishes->password.name, wishes->password.octets, wishes->password.len,
                         &wishes->hPassword) != CLRC_SUCCESS)
        return failed_clrc();
    return EXIT_SUCCESS;
}

/* ---- -S ---- */

static int store_password(struct wishes *wishes)
{
    if (password_get(&wishes->password, wishes->password_file) != 0)
        return EXIT_FAILURE;
    if (clrcCreatePassword(wishes->password.name, wishes->password.octets, wishes->password.len) !=
        CLRC_SUCCESS)
        return failed_clrc();
    printf("Stored password object \"%s\"\n", wishes->password.name);
    return EXIT_SUCCESS;
}

/* KEY_NONE when there is no -t; a type that does not exist is an error. */
static int type_of(const struct wishes *wishes, ClrcKeyType *ret)
{
    *ret = KEY_NONE;
    if (wishes->type == NULL)
        return EXIT_SUCCESS;
    *ret = clrcKeyTypeByName(wishes->type);
    if (*ret != KEY_NONE)
        return EXIT_SUCCESS;
    fprintf(stderr, "clrpv_key_utility: there is no key type %s (-h lists them)\n", wishes->type);
    return EXIT_FAILURE;
}

static int store_key(struct wishes *wishes)
{
    const ClrpvKey key = {.file = wishes->file};
    ClrcKeyType type = KEY_NONE;
    ClrcKeyHandle hKey = NULL;
    if (type_of(wishes, &type) != EXIT_SUCCESS || load_password(wishes) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    if (clrpvLoadKey(&key, type, &hKey) != CLRPV_SUCCESS)
        return failed_clrpv();
    ClrcResult result = clrcSaveNamedKey(hKey, wishes->name, wishes->hPassword);
    clrcFreeKey(hKey);
    if (result != CLRC_SUCCESS)
        return failed_clrc();
    printf("Stored key \"%s\"", wishes->name);
    if (wishes->has_password)
        printf(" with password \"%s\"", wishes->password.name);
    printf("\n");
    return EXIT_SUCCESS;
}

static int store(struct wishes *wishes)
{
    if (wishes->name == NULL && wishes->file == NULL && wishes->type == NULL &&
        wishes->has_password)
        return store_password(wishes);
    if (wishes->name == NULL || wishes->file == NULL || wishes->type == NULL)
        return 2;
    return store_key(wishes);
}

/* ---- -P, -E ---- */

/* The key of -n, or of the file. */
static int load_key(struct wishes *wishes, const char *file, ClrcKeyHandle *hKey)
{
    ClrcKeyType type = KEY_NONE;
    if (load_password(wishes) != EXIT_SUCCESS || type_of(wishes, &type) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    const ClrpvKey key = {.name = wishes->name, .password = wishes->hPassword, .file = file};
    return clrpvLoadKey(&key, type, hKey) == CLRPV_SUCCESS ? EXIT_SUCCESS : failed_clrpv();
}

static int print_key(struct wishes *wishes)
{
    ClrcKeyHandle hKey = NULL;
    if ((wishes->name == NULL) == (wishes->file == NULL))
        return 2;
    if (load_key(wishes, wishes->file, &hKey) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    int status = clrpvPrintKey(hKey, stdout) == CLRPV_SUCCESS ? EXIT_SUCCESS : failed_clrpv();
    clrcFreeKey(hKey);
    return status;
}

static int extract_key(struct wishes *wishes)
{
    ClrcKeyHandle hKey = NULL;
    if (wishes->name == NULL || wishes->file == NULL)
        return 2;
    if (load_key(wishes, NULL, &hKey) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    int status =
        clrpvSavePublicKey(hKey, wishes->file) == CLRPV_SUCCESS ? EXIT_SUCCESS : failed_clrpv();
    clrcFreeKey(hKey);
    if (status == EXIT_SUCCESS)
        printf("Wrote the public key of \"%s\" to %s\n", wishes->name, wishes->file);
    return status;
}

/* ---- -L ---- */

static int list_password_of(const char *name)
{
    ClrcKeyInfo info = {.type = KEY_NONE};
    if (clrcDescribeNamedKey(name, &info) != CLRC_SUCCESS)
        return failed_clrc();
    if (info.password_name[0] == '\0')
        printf("Key \"%s\" needs no password\n", name);
    else
        printf("Key \"%s\" needs password \"%s\"\n", name, info.password_name);
    return EXIT_SUCCESS;
}

static int seen_key(void *arg, const ClrcKeyInfo *info)
{
    const char *type = clrcKeyTypeName(info->type);
    ++*(unsigned *)arg;
    printf("    %s (%s, %u bits)\n", info->name, type == NULL ? "unknown" : type, info->bits);
    return 1;
}

static int seen_password(void *arg, const char *name)
{
    (void)arg;
    printf("    %s\n", name);
    return 1;
}

static int list_keys_of(const char *password_name)
{
    unsigned n = 0;
    printf("Keys with password \"%s\":\n", password_name);
    if (clrcListNamedKeys(password_name, seen_key, &n) != CLRC_SUCCESS)
        return failed_clrc();
    if (n == 0)
        printf("    none\n");
    return EXIT_SUCCESS;
}

static int list(struct wishes *wishes)
{
    unsigned n = 0;
    if (wishes->name != NULL)
        return list_password_of(wishes->name);
    if (wishes->has_password)
        return list_keys_of(wishes->password.name);
    printf("Keys:\n");
    if (clrcListNamedKeys(NULL, seen_key, &n) != CLRC_SUCCESS)
        return failed_clrc();
    printf("Passwords:\n");
    return clrcListPasswords(seen_password, NULL) == CLRC_SUCCESS ? EXIT_SUCCESS : failed_clrc();
}

/* ---- -D ---- */

static int delete (struct wishes *wishes)
{
    if (wishes->name != NULL) {
        if (load_password(wishes) != EXIT_SUCCESS)
            return EXIT_FAILURE;
        if (clrcDeleteNamedKey(wishes->name, wishes->hPassword) != CLRC_SUCCESS)
            return failed_clrc();
        printf("Deleted key \"%s\"\n", wishes->name);
        return EXIT_SUCCESS;
    }
    if (!wishes->has_password)
        return 2;
    if (password_get(&wishes->password, wishes->password_file) != 0)
        return EXIT_FAILURE;
    if (clrcDeletePassword(wishes->password.name, wishes->password.octets, wishes->password.len) !=
        CLRC_SUCCESS)
        return failed_clrc();
    printf("Deleted password object \"%s\"\n", wishes->password.name);
    return EXIT_SUCCESS;
}

/* ---- -O ---- */

static int read_package(const char *path, uint8_t *package, size_t *ret_len)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        fprintf(stderr, "clrpv_key_utility: can't open %s: %s\n", path, strerror(errno));
        return EXIT_FAILURE;
    }
    *ret_len = fread(package, 1, PACKAGE_MAX, file);
    int is_longer = fgetc(file) != EOF;
    int is_bad = ferror(file);
    (void)fclose(file);
    if (*ret_len != 0 && !is_longer && !is_bad)
        return EXIT_SUCCESS;
    fprintf(stderr, "clrpv_key_utility: %s is empty, can't be read, or has more than %d octets\n",
            path, PACKAGE_MAX);
    return EXIT_FAILURE;
}

static int store_opaque(struct wishes *wishes)
{
    static uint8_t package[PACKAGE_MAX];
    size_t len = 0;
    if (wishes->file == NULL || wishes->name != NULL)
        return 2;
    if (read_package(wishes->file, package, &len) != EXIT_SUCCESS ||
        load_password(wishes) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    /* No device key named: the OEM device key, which the package was made for. */
    if (clrcSaveOpaqueKeyEx(package, (uint32_t)len, NULL, wishes->hPassword) != CLRC_SUCCESS)
        return failed_clrc();
    printf("Stored the key of opaque package %s\n", wishes->file);
    return EXIT_SUCCESS;
}

static int take_option(int option, struct wishes *wishes)
{
    switch (option) {
    case 'n':
        wishes->name = optarg;
        return 0;
    case 't':
        wishes->type = optarg;
        return 0;
    case 'k':
        wishes->file = optarg;
        return 0;
    case 'w':
        wishes->password_file = optarg;
        return 0;
    case 'p':
        wishes->has_password = 1;
        return password_name(optarg, &wishes->password) == 0 ? 0 : EXIT_FAILURE;
    default:
        if (option == '?' || wishes->action != 0)
            return 2;
        wishes->action = option;
        return 0;
    }
}

static int act(struct wishes *wishes)
{
    switch (wishes->action) {
    case 'S':
        return store(wishes);
    case 'P':
        return print_key(wishes);
    case 'E':
        return extract_key(wishes);
    case 'L':
        return list(wishes);
    case 'D':
        return delete (wishes);
    case 'O':
        return store_opaque(wishes);
    default:
        return 2;
    }
}

int main(int argc, char **argv)
{
    struct wishes wishes = {.action = 0};
    int status = 0;
    int option = 0;
    while (status == 0 && (option = getopt(argc, argv, "SPELDOn:t:k:p:w:h")) != -1) {
        if (option == 'h') {
            usage(stdout);
            return EXIT_SUCCESS;
        }
        status = take_option(option, &wishes);
    }
    if (status == 0)
        status = optind == argc ? act(&wishes) : 2;
    if (status == 2)
        usage(stderr);
    clrcFreePassword(wishes.hPassword);
    password_wipe(&wishes.password);
    return status;
}
