/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc_opaque_objects_demo: decrypts an opaque object with the identifier that was made for this
 * device. README.txt walks through it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrc.h"

static const char usage[] =
    "Usage: clrc_opaque_objects_demo -k IDENTIFIER -i OBJECT -o FILE [-v NAME] [-d NAME]\n"
    "\n"
    "  -k FILE  the object's identifier for this device (make_opaque_object_identifier.sh)\n"
    "  -i FILE  the opaque object (make_opaque_object.sh)\n"
    "  -o FILE  where the decrypted object goes; it appears only when all of it is right\n"
    "  -v NAME  stored public key of who signed the identifier (default: the OEM's)\n"
    "  -d NAME  stored key that the identifier was made for (default: the OEM device key)\n"
    "  -h       this text\n";

struct options {
    const char *identifier, *object, *output, *verify, *device;
};

static int failed(void)
{
    fprintf(stderr, "clrc_opaque_objects_demo: %s\n", clrcLastError());
    return -1;
}

static int read_identifier(const char *path, uint8_t octets[CLRC_PACKAGE_MAX], uint32_t *length)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        fprintf(stderr, "clrc_opaque_objects_demo: %s: %s\n", path, strerror(errno));
        return -1;
    }
    *length = (uint32_t)fread(octets, 1, CLRC_PACKAGE_MAX, file);
    int is_longer = fgetc(file) != EOF;
    fclose(file);
    if (!is_longer && *length != 0)
        return 0;
    fprintf(stderr, "clrc_opaque_objects_demo: %s: an identifier has 1 to %u octets\n", path,
            CLRC_PACKAGE_MAX);
    return -1;
}

/* No name, no handle: then the service takes the device's own key. */
static int load(const char *name, ClrcKeyHandle *hKey)
{
    *hKey = NULL;
    if (name == NULL || clrcLoadNamedKey(name, NULL, hKey) == CLRC_SUCCESS)
        return 0;
    return failed();
}

static int decrypt(const struct options *options)
{
    uint8_t identifier[CLRC_PACKAGE_MAX] = {0};
    uint32_t length = 0;
    ClrcKeyHandle hVerify = NULL;
    ClrcKeyHandle hDevice = NULL;
    int status = read_identifier(options->identifier, identifier, &length);
    if (status == 0)
        status = load(options->verify, &hVerify);
    if (status == 0)
        status = load(options->device, &hDevice);
    if (status == 0 &&
        clrcDecryptOpaqueObjectFile(identifier, length, hVerify, hDevice, options->object,
                                    options->output) != CLRC_SUCCESS)
        status = failed();
    clrcFreeKey(hVerify);
    clrcFreeKey(hDevice);
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int option = 0;
    while ((option = getopt(argc, argv, "k:i:o:v:d:h")) != -1) {
        switch (option) {
        case 'k':
            options.identifier = optarg;
            break;
        case 'i':
            options.object = optarg;
            break;
        case 'o':
            options.output = optarg;
            break;
        case 'v':
            options.verify = optarg;
            break;
        case 'd':
            options.device = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (options.identifier == NULL || options.object == NULL || options.output == NULL ||
        optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    return decrypt(&options) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
