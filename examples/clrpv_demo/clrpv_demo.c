/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrpv_demo: makes a signed payload package, or verifies one and takes the payload out. README.txt walks through it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrpv.h"

struct wishes {
    int action; /* 'E' or 'V' */
    const char *key;
    const char *payload;
    const char *package;
    const char *hash;
    const char *target;
    int has_version;
    unsigned long long version;
    int is_strict;
};

static void usage(FILE *out)
{
    fprintf(
        out,
        "Usage: clrpv_demo -E -p PAYLOAD -k KEY -s PACKAGE [-d HASH] [-v VERSION] [-t TARGET]\n"
        "       clrpv_demo -V -k KEY -s PACKAGE -p PAYLOAD [-v VERSION] [-t TARGET] [-x]\n"
        "  -E          make a package of the payload\n"
        "  -V          verify the package and write its payload\n"
        "  -k KEY      a key file (.key or .pem: PEM, .der: DER), else the name of a stored key\n"
        "  -p PAYLOAD  the payload's file\n"
        "  -s PACKAGE  the package's file\n"
        "  -d HASH     md5, sha1, sha224, sha256, sha384, sha512; without it SHA1 and an EC key\n"
        "  -v VERSION  -E: the package's version; -V: the lowest that is taken\n"
        "  -t TARGET   -E: whom it is for; -V: whom it must be for\n"
        "  -x          -V: take no MD5 and no SHA1\n");
}

static int has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);
    return len > suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

/* By its form alone: whether a file of this name happens to be there must not decide whom to trust. */
static ClrpvKey key_of(const char *text)
{
    int is_file = strchr(text, '/') != NULL || has_suffix(text, ".key") ||
                  has_suffix(text, ".pem") || has_suffix(text, ".der");
    ClrpvKey key = {.name = is_file ? NULL : text, .file = is_file ? text : NULL};
    return key;
}

static void warn_if_weak(ClrpvHash hash)
{
    if (clrpvHashIsWeak(hash))
        fprintf(stderr, "clrpv_demo: warning: %s is weak; sign with -d sha256 where you can\n",
                clrpvHashName(hash));
}

static int report(const char *what, ClrpvResult result)
{
    printf("%s returned %d (0x%08x)\n", what, (int)result, (unsigned)result);
    if (result == CLRPV_SUCCESS)
        return EXIT_SUCCESS;
    fprintf(stderr, "clrpv_demo: %s\n", clrpvLastError());
    return EXIT_FAILURE;
}

static int make_package(const struct wishes *wishes)
{
    ClrpvCreateWish wish = {.key = key_of(wishes->key),
                            .hash = CLRPV_HASH_SHA1,
                            .flags = CLRPV_ALLOW_WEAK_HASH,
                            .has_version = (uint32_t)wishes->has_version,
                            .version = wishes->version,
                            .target = wishes->target};
    if (wishes->hash != NULL) {
        wish.hash = clrpvHashByName(wishes->hash);
        if (wish.hash == CLRPV_HASH_DEFAULT) {
            fprintf(stderr, "clrpv_demo: there is no hash %s\n", wishes->hash);
            return 2;
        }
    } else {
        ClrpvKeyFamily family = CLRPV_KEY_EC;
        ClrpvResult result = clrpvKeyKind(&wish.key, &family);
        if (result == CLRPV_SUCCESS && family != CLRPV_KEY_EC) {
            fprintf(stderr, "clrpv_demo: without -d this example takes EC keys only\n");
            return EXIT_FAILURE;
        }
    }
    warn_if_weak(wish.hash);
    return report("Package creation", clrpvCreatePackage(&wish, wishes->payload, wishes->package));
}

static int verify_package(const struct wishes *wishes)
{
    const ClrpvVerifyWish wish = {.key = key_of(wishes->key),
                                  .flags = wishes->is_strict ? 0 : CLRPV_ALLOW_WEAK_HASH,
                                  .target = wishes->target,
                                  .lowest_version = wishes->version};
    ClrpvPackageInfo info = {.hash = CLRPV_HASH_DEFAULT};
    ClrpvResult result = clrpvVerifyPackage(&wish, wishes->package, wishes->payload, &info);
    if (result == CLRPV_SUCCESS)
        warn_if_weak(info.hash);
    return report("Verification", result);
}

static int version_of(const char *text, struct wishes *wishes)
{
    char *end = NULL;
    wishes->version = strtoull(text, &end, 10);
    wishes->has_version = 1;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' ? 0 : -1;
}

/* One option; -1 when it is none. */
static int take_option(int option, struct wishes *wishes)
{
    switch (option) {
    case 'E':
    case 'V':
        if (wishes->action != 0)
            return -1;
        wishes->action = option;
        return 0;
    case 'k':
        wishes->key = optarg;
        return 0;
    case 'p':
        wishes->payload = optarg;
        return 0;
    case 's':
        wishes->package = optarg;
        return 0;
    case 'd':
        wishes->hash = optarg;
        return 0;
    case 't':
        wishes->target = optarg;
        return 0;
    case 'v':
        return version_of(optarg, wishes);
    case 'x':
        wishes->is_strict = 1;
        return 0;
    default:
        return -1;
    }
}

int main(int argc, char **argv)
{
    struct wishes wishes = {.action = 0};
    int option = 0;
    while ((option = getopt(argc, argv, "EVk:p:s:d:v:t:xh")) != -1) {
        if (option == 'h') {
            usage(stdout);
            return EXIT_SUCCESS;
        }
        if (take_option(option, &wishes) != 0) {
            usage(stderr);
            return 2;
        }
    }
    if (wishes.action == 0 || wishes.key == NULL || wishes.payload == NULL ||
        wishes.package == NULL || optind != argc) {
        usage(stderr);
        return 2;
    }
    return wishes.action == 'E' ? make_package(&wishes) : verify_package(&wishes);
}
