/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of keymoor init that concern the OEM's manifest. All checks are the service's; here files are read. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/km_file.h"
#include "der_file.h"
#include "keymoor.h"

#define SPKI_MAX 512u

int init_class_key(const struct km_options *options)
{
    unsigned char *der = NULL;
    int len = 0;
    if (options->class_key != NULL) {
        len = read_der(options->class_key, der_private_key, "init", "private key", &der);
        if (len <= 0)
            return EXIT_FAILURE;
    }
    uint8_t spki[SPKI_MAX] = {0};
    uint32_t spki_len = sizeof(spki);
    ClrcResult result = clrcProvisionClassKey(der, (uint32_t)len, spki, &spki_len);
    OPENSSL_clear_free(der, (size_t)len);
    if (result != CLRC_SUCCESS)
        return fail(result, "init", "org.keymoor.class_key");
    if (options->class_key != NULL)
        fprintf(
            stderr,
            "keymoor: init: the class key is in the service now; destroy %s and every copy of it, or "
            "whoever finds one can read the manifests of this class\n",
            options->class_key);
    if (options->class_key_out == NULL)
        return EXIT_SUCCESS;
    struct km_options as_pem = {.pem = true, .out = options->class_key_out};
    return write_output(&as_pem, "PUBLIC KEY", spki, spki_len);
}

/* One sentence more where the code alone leaves it open what to do. */
static void advise(ClrcResult result)
{
    ClrcManifestInfo there = {0};
    if (result == CLRC_ERROR_BAD_PARAMETERS)
        refuse("init: say whose first manifest to trust: --oem-root CERT (or --trust-first)");
    if (result == CLRC_ERROR_NOT_FOUND)
        refuse("init: there is no class key yet: --class-key FILE or --class-key-out FILE");
    if (result == CLRC_ERROR_STATE && clrcDescribeManifest(&there) == CLRC_SUCCESS &&
        there.is_complete == 0)
        refuse("init: the installation of manifest %llu was interrupted; give that very file again",
               (unsigned long long)there.sequence);
    if ((result == CLRC_ERROR_ROLLBACK || result == CLRC_ERROR_EXISTS) &&
        clrcDescribeManifest(&there) == CLRC_SUCCESS)
        refuse(
            "init: this device has the manifest %llu of class %s; an update needs a higher number",
            (unsigned long long)there.sequence, there.device_class);
}

int init_manifest(const struct km_options *options)
{
    struct km_err err = {0};
    KM_AUTO(km_freep) uint8_t *manifest = NULL;
    size_t len = 0;
    if (km_file_read(&err, AT_FDCWD, options->manifest, CLRC_MANIFEST_MAX, &manifest, &len) !=
        KM_OK)
        return fail_err(&err, "init");
    unsigned char *root = NULL;
    int root_len = 0;
    if (options->oem_root != NULL) {
        root_len = read_der(options->oem_root, der_certificate, "init", "certificate", &root);
        if (root_len <= 0)
            return EXIT_FAILURE;
    }
    uint32_t is_new = 0;
    ClrcResult result =
        clrcInstallManifest(manifest, (uint32_t)len, root, (uint32_t)root_len,
                            options->trust_first ? CLRC_MANIFEST_TRUST_FIRST : 0, &is_new);
    OPENSSL_free(root);
    if (result != CLRC_SUCCESS) {
        fail(result, "init", options->manifest);
        advise(result);
        return EXIT_FAILURE;
    }
    ClrcManifestInfo there = {0};
    result = clrcDescribeManifest(&there);
    if (result != CLRC_SUCCESS)
        return fail(result, "init", options->manifest);
    printf("The manifest %llu of class %s is %s.\n", (unsigned long long)there.sequence,
           there.device_class, is_new != 0 ? "installed" : "there already; nothing was changed");
    return EXIT_SUCCESS;
}
