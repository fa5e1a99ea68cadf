/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keymoor init: makes a device of this machine. The device keys are made inside the service; what
 * comes from outside is a directory of certificates.
 *
 * The OEM's manifest can bring the owner's certificates and keys instead; then the directory is for requests and
 * device certificates alone.
 *
 * It can be run in two steps, as a factory does: the first run leaves signing requests in the
 * directory and stops, the second finds the certificates made from them and ends provisioning.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "clrsc.h"
#include "common/km_file.h"
#include "csr.h"
#include "keymoor.h"

/* Keys made here, with their request and certificate. */
static const struct {
    const char *key;
    const char *public_key;
    const char *csr_name;
    const char *csr_file;
    const char *subject;
    const char *certificate;
    const char *certificate_file;
} device_keys[] = {
    {CLRC_OEM_DEVICE_PRIVATE_KEY, CLRC_OEM_DEVICE_PUBLIC_KEY, CLRSC_OEM_DEVICE_CSR,
     "oem_device.csr.pem", "/CN=Device Certificate", CLRSC_OEM_DEVICE_CERT, "oem_device_cert.pem"},
    {CLRC_EMPOWER_DEVICE_PRIVATE_KEY, CLRC_EMPOWER_DEVICE_PUBLIC_KEY, CLRSC_EMPOWER_DEVICE_CSR,
     "emp_device.csr.pem", "/CN=Fleet Device Certificate", CLRSC_EMPOWER_DEVICE_CERT,
     "emp_device_cert.pem"},
};

/* Certificates that come from outside, and the name their public key is kept under. */
static const struct {
    const char *certificate;
    const char *file;
    const char *public_key;
} authorities[] = {
    {CLRSC_OEM_ROOT_CERT, "oem_root_cert.pem", CLRC_OEM_PUBLIC_KEY},
    {CLRSC_OEM_CLOUD_CERT, "oem_cloud_cert.pem", CLRC_OEM_CLOUD_PUBLIC_KEY},
    {CLRSC_OEM_PAYLOAD_CERT, "oem_payload_cert.pem", CLRC_OEM_PAYLOAD_PUBLIC_KEY},
    {CLRSC_OEM_COMMAND_CERT, "oem_command_cert.pem", CLRC_OEM_COMMAND_PUBLIC_KEY},
    {CLRSC_EMPOWER_ROOT_CERT, "emp_root_cert.pem", CLRC_EMPOWER_PUBLIC_KEY},
    {CLRSC_EMPOWER_CLOUD_CERT, "emp_cloud_cert.pem", CLRC_EMPOWER_CLOUD_PUBLIC_KEY},
};

static bool path_in(const char *dir, const char *file, char ret[PATH_MAX])
{
    int len = snprintf(ret, PATH_MAX, "%s/%s", dir, file);
    return len > 0 && len < PATH_MAX;
}

static X509 *read_certificate(const char *dir, const char *file)
{
    char path[PATH_MAX] = {0};
    if (!path_in(dir, file, path))
        return NULL;
    BIO *in = BIO_new_file(path, "r");
    X509 *certificate = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    if (certificate == NULL)
        fprintf(stderr, "keymoor: init: %s is missing or holds no certificate in PEM\n", path);
    return certificate;
}

static bool is_stored(const char *name, struct km_slice der)
{
    uint8_t there[CLRSC_CERTIFICATE_MAX] = {0};
    uint32_t length = sizeof(there);
    return clrscGetNamedCertificate(name, there, &length) == CLRC_SUCCESS &&
           km_slice_equal(KM_SLICE(there, length), der);
}

/* A run that was killed between the two seals is ended by the next one: what it stored counts as stored. */
static ClrcResult store_certificate(const char *name, X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    if (len <= 0)
        return CLRC_ERROR_BAD_FORMAT;
    ClrcResult result = clrscProvisionCertificate(name, der, (uint32_t)len);
    if (result == CLRC_ERROR_STATE && is_stored(name, KM_SLICE(der, (size_t)len)))
        result = CLRC_ERROR_EXISTS;
    OPENSSL_free(der);
    return result;
}

static ClrcResult store_public_key(const char *name, X509 *certificate)
{
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);
    unsigned char *der = NULL;
    int len = public_key != NULL ? i2d_PUBKEY(public_key, &der) : 0;
    if (len <= 0)
        return CLRC_ERROR_BAD_FORMAT;
    ClrcKeyTemplate wish = {.type = EVP_PKEY_is_a(public_key, "RSA") ? KEY_RSA_PUBLIC
                                                                     : KEY_EC_DUAL_PUBLIC};
    ClrcKeyHandle key = NULL;
    ClrcResult result = clrcImportKeyDer(&wish, der, (uint32_t)len, &key);
    OPENSSL_free(der);
    if (result == CLRC_SUCCESS)
        result = clrcProvisionKey(key, name, NULL);
    clrcFreeKey(key);
    return result;
}

/* A step that an earlier run has done already is not an error. */
static bool done_or_there(ClrcResult result)
{
    return result == CLRC_SUCCESS || result == CLRC_ERROR_EXISTS;
}

static int install_authorities(const char *pki)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(authorities); i++) {
        X509 *certificate = read_certificate(pki, authorities[i].file);
        if (certificate == NULL)
            return EXIT_FAILURE;
        ClrcResult result = store_certificate(authorities[i].certificate, certificate);
        if (done_or_there(result))
            result = store_public_key(authorities[i].public_key, certificate);
        X509_free(certificate);
        if (!done_or_there(result))
            return fail(result, "init", authorities[i].certificate);
    }
    return EXIT_SUCCESS;
}

static ClrcResult device_key(const char *name, const char *public_name, ClrcKeyHandle *ret)
{
    ClrcResult result = clrcLoadNamedKey(name, NULL, ret);
    if (result != CLRC_ERROR_NOT_FOUND)
        return result;
    ClrcKeyTemplate wish = {.type = KEY_EC_DUAL_KEYPAIR, .bits = 256};
    ClrcKeyHandle key = NULL;
    result = clrcCreateKey(&wish, &key);
    if (result == CLRC_SUCCESS)
        result = clrcProvisionKey(key, name, public_name);
    if (result == CLRC_SUCCESS)
        *ret = key;
    else
        clrcFreeKey(key);
    return result;
}

static int make_device_key(const char *pki, size_t i)
{
    ClrcKeyHandle key = NULL;
    ClrcResult result = device_key(device_keys[i].key, device_keys[i].public_key, &key);
    uint8_t der[CSR_MAX] = {0};
    uint32_t length = sizeof der;
    if (result == CLRC_SUCCESS) {
        /* The request is kept: an ECDSA signature made again would differ. */
        result = clrscGetNamedCertificate(device_keys[i].csr_name, der, &length);
        if (result == CLRC_ERROR_NOT_FOUND) {
            result = csr_make(key, device_keys[i].subject, KM_SPAN(der, sizeof der), &length);
            if (result == CLRC_SUCCESS)
                result = clrscProvisionCertificate(device_keys[i].csr_name, der, length);
        }
    }
    clrcFreeKey(key);
    if (result != CLRC_SUCCESS)
        return fail(result, "init", device_keys[i].key);
    char path[PATH_MAX] = {0};
    if (!path_in(pki, device_keys[i].csr_file, path))
        return complain("init: the path of %s is too long", pki);
    struct km_options as_pem = {.pem = true, .out = path};
    return write_output(&as_pem, "CERTIFICATE REQUEST", der, length);
}

/* The certificate must be for the key that lives here, or the device could never prove itself. */
static ClrcResult check_device_certificate(size_t i, X509 *certificate)
{
    ClrcKeyHandle key = NULL;
    uint8_t spki[1024] = {0};
    uint32_t length = sizeof spki;
    ClrcResult result = clrcLoadNamedKey(device_keys[i].public_key, NULL, &key);
    if (result == CLRC_SUCCESS)
        result = clrcExportPublicKey(key, spki, &length);
    clrcFreeKey(key);
    if (result != CLRC_SUCCESS)
        return result;
    const unsigned char *at = spki;
    EVP_PKEY *ours = d2i_PUBKEY(NULL, &at, (long)length);
    bool same = ours != NULL && EVP_PKEY_eq(ours, X509_get0_pubkey(certificate)) == 1;
    EVP_PKEY_free(ours);
    return same ? CLRC_SUCCESS : CLRC_ERROR_BAD_FORMAT;
}

static int install_device_certificate(const char *pki, size_t i)
{
    X509 *certificate = read_certificate(pki, device_keys[i].certificate_file);
    if (certificate == NULL)
        return EXIT_FAILURE;
    ClrcResult result = check_device_certificate(i, certificate);
    if (result == CLRC_ERROR_BAD_FORMAT)
        fprintf(stderr, "keymoor: init: %s is not for the key %s of this device\n",
                device_keys[i].certificate_file, device_keys[i].key);
    if (result == CLRC_SUCCESS)
        result = store_certificate(device_keys[i].certificate, certificate);
    X509_free(certificate);
    return done_or_there(result) ? EXIT_SUCCESS : fail(result, "init", device_keys[i].certificate);
}

static bool have_device_certificates(const char *pki)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(device_keys); i++) {
        char path[PATH_MAX] = {0};
        if (!path_in(pki, device_keys[i].certificate_file, path) || access(path, R_OK) != 0)
            return false;
    }
    return true;
}

/*
 * A command without a sequence can be repeated by whoever kept it: with the owner's manifest such commands are obeyed only where
 * he says so; without one it is an evaluation, where the user guide's commands have to work as they are printed.
 */
static ClrcResult choose_numbers(const struct km_options *options, bool has_manifest)
{
    int unnumbered = !has_manifest || options->allow_unnumbered ? 1 : 0;
    int chosen = 0;
    ClrcResult result = clrscProvisionNumbers(unnumbered);
    if (result == CLRC_ERROR_STATE && clrscCommandState(NULL, &chosen) == CLRC_SUCCESS &&
        chosen == unnumbered)
        result = CLRC_SUCCESS;
    if (result == CLRC_SUCCESS && unnumbered != 0)
        printf(
            "Certificate commands without a sequence are obeyed, until a signed numbersOnly ends "
            "that.\n");
    return result;
}

int cmd_init(const struct km_options *options, const char *operand)
{
    (void)operand;
    bool has_class_key = options->class_key != NULL || options->class_key_out != NULL;
    if (options->pki == NULL && options->manifest == NULL && !has_class_key)
        return complain("init needs --pki DIR with the certificates of this device's owner, or "
                        "--manifest FILE, or --class-key");
    int status = has_class_key ? init_class_key(options) : EXIT_SUCCESS;
    if (status == EXIT_SUCCESS && options->manifest != NULL)
        status = init_manifest(options);
    if (status != EXIT_SUCCESS || options->pki == NULL)
        return status;
    ClrcManifestInfo manifest = {0};
    bool has_manifest = clrcDescribeManifest(&manifest) == CLRC_SUCCESS;
    if (!has_manifest)
        status = install_authorities(options->pki);
    for (size_t i = 0; status == EXIT_SUCCESS && i < KM_ARRAY_LEN(device_keys); i++)
        status = make_device_key(options->pki, i);
    if (status != EXIT_SUCCESS)
        return status;
    if (!have_device_certificates(options->pki)) {
        printf(
            "Device keys are made. Have %s/%s and %s signed, put the certificates beside them as\n"
            "%s and %s, and run this again.\n",
            options->pki, device_keys[0].csr_file, device_keys[1].csr_file,
            device_keys[0].certificate_file, device_keys[1].certificate_file);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; status == EXIT_SUCCESS && i < KM_ARRAY_LEN(device_keys); i++)
        status = install_device_certificate(options->pki, i);
    if (status != EXIT_SUCCESS)
        return status;
    ClrcResult result = choose_numbers(options, has_manifest);
    if (result == CLRC_SUCCESS)
        result = clrscProvisionSeal();
    if (result == CLRC_SUCCESS)
        result = clrcProvisionSeal();
    if (result != CLRC_SUCCESS)
        return fail(result, "init", "seal");
    printf("This device is provisioned; what it holds can no longer be replaced from outside.\n");
    return EXIT_SUCCESS;
}
