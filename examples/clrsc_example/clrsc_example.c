/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrsc_example: manages the certificates that the device trusts, verifies others against them, reads and replaces the
 * provisioned ones. README.txt walks through it.
 *
 * On a real device the commands come signed from a server; here the command key is a file, so that everything can be tried
 * in one place.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "clrsc.h"
#include "signing.h"

static int usage(FILE *out)
{
    fprintf(
        out,
        "Usage: clrsc_example a CERT    add the certificate of an authority\n"
        "       clrsc_example u CERT    update a certificate\n"
        "       clrsc_example d CERT    delete the certificate of an authority\n"
        "       clrsc_example r CERT    add a certificate to the revocation list\n"
        "       clrsc_example v CERT    verify a certificate; others in the file may lead to an authority\n"
        "       clrsc_example n FILE    update a provisioned certificate from an STP file\n"
        "       clrsc_example g ID      get a provisioned certificate:\n"
        "         0 OEM Cloud Certificate     5 OEM Device CSR\n"
        "         1 OEM Root Certificate      6 EmPower Cloud Certificate\n"
        "         2 OEM Payload Certificate   7 EmPower Root Certificate\n"
        "         3 OEM Command Certificate   8 EmPower Device Certificate\n"
        "         4 OEM Device Certificate    9 EmPower Device CSR\n");
    return 2;
}

static int fail(const char *what, ClrcResult result)
{
    fprintf(stderr, "clrsc_example: %s: %s (0x%08x)\n", what, clrscLastError(), result);
    return EXIT_FAILURE;
}

/* ---- certificates from files ---- */

/* The next certificate of a file in PEM, or the only one of a file in DER; NULL: there is no more. */
static X509 *next_certificate(BIO *in, int is_first)
{
    X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
    if (certificate == NULL && is_first && BIO_reset(in) == 0)
        certificate = d2i_X509_bio(in, NULL);
    return certificate;
}

/* At most max of the file's certificates as DER, each to be freed with OPENSSL_free; 0 when there is none. */
static uint32_t read_certificates(const char *path, ClrscCertificate *ret, uint32_t max)
{
    uint32_t n = 0;
    BIO *in = BIO_new_file(path, "rb");
    while (in != NULL && n < max) {
        X509 *certificate = next_certificate(in, n == 0);
        if (certificate == NULL)
            break;
        unsigned char *der = NULL;
        int length = i2d_X509(certificate, &der);
        X509_free(certificate);
        if (length <= 0)
            break;
        ret[n].der = der;
        ret[n++].length = (uint32_t)length;
    }
    BIO_free(in);
    if (n == 0)
        fprintf(stderr, "clrsc_example: %s holds no certificate in PEM or DER\n", path);
    return n;
}

static void free_certificates(ClrscCertificate *certificates, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        OPENSSL_free((void *)(uintptr_t)certificates[i].der);
}

/* ---- commands that change what is trusted ---- */

static const struct {
    char letter;
    ClrscOperation operation;
    ClrcResult (*hand_in)(const uint8_t *command, uint32_t length);
    const char *success;
} CHANGES[] = {
    {'a', CLRSC_ADD_AUTHORITY, clrscAddCertificateAuthority,
     "Successfully saved certificate to TEE"},
    {'u', CLRSC_UPDATE_AUTHORITY, clrscUpdateCertificateAuthority,
     "Successfully updated certificate in TEE"},
    {'d', CLRSC_DELETE_AUTHORITY, clrscDeleteCertificateAuthority,
     "Successfully deleted certificate from TEE"},
    {'r', CLRSC_ADD_REVOCATION, clrscAddCertificateRevocation,
     "Successfully add certificate to CRL in TEE"},
};
#define N_CHANGES (sizeof(CHANGES) / sizeof(CHANGES[0]))

/* A numbered command works once: the device tells the last number, and the next one is signed along. */
static int change(size_t which, const char *path)
{
    static uint8_t package[CLRSC_COMMAND_MAX];
    ClrscCertificate certificate = {0};
    uint64_t last = 0;
    uint32_t length = sizeof(package);
    if (read_certificates(path, &certificate, 1) == 0)
        return EXIT_FAILURE;
    ClrcResult result = clrscCommandState(&last, NULL);
    if (result != CLRC_SUCCESS) {
        free_certificates(&certificate, 1);
        return fail(path, result);
    }
    ClrscCommand command = {.operation = CHANGES[which].operation,
                            .sequence = last + 1,
                            .body = certificate.der,
                            .body_length = certificate.length};
    int is_signed = sign_command(&command, package, &length);
    free_certificates(&certificate, 1);
    if (!is_signed)
        return EXIT_FAILURE;
    result = CHANGES[which].hand_in(package, length);
    if (result != CLRC_SUCCESS)
        return fail(path, result);
    printf("%s\n", CHANGES[which].success);
    return EXIT_SUCCESS;
}

/* An STP file is signed already. */
static int update_named(const char *path)
{
    static uint8_t package[CLRSC_COMMAND_MAX + 1];
    FILE *in = fopen(path, "rbe");
    if (in == NULL) {
        fprintf(stderr, "clrsc_example: can't read %s: %s\n", path, strerror(errno));
        return EXIT_FAILURE;
    }
    size_t length = fread(package, 1, sizeof(package), in);
    fclose(in);
    ClrcResult result = clrscUpdateNamedCertificate(package, (uint32_t)length);
    if (result != CLRC_SUCCESS)
        return fail(path, result);
    printf("Successfully updated the named certificate\n");
    return EXIT_SUCCESS;
}

/* ---- reading ---- */

static int verify(const char *path)
{
    ClrscCertificate chain[CLRSC_CHAIN_MAX] = {{0}};
    ClrscVerdict verdict = CLRSC_UNTRUSTED;
    uint32_t n = read_certificates(path, chain, CLRSC_CHAIN_MAX);
    if (n == 0)
        return EXIT_FAILURE;
    ClrcResult result = clrscVerifyCertificate(chain, n, NULL, &verdict, NULL);
    free_certificates(chain, n);
    if (result != CLRC_SUCCESS)
        return fail(path, result);
    int is_good = verdict == CLRSC_GOOD;
    printf("Result of CLRSC verify function is: %d. Certificate is: %s\n", is_good,
           is_good ? "VERIFIED" : "NOT VERIFIED");
    if (!is_good)
        fprintf(stderr, "clrsc_example: %s: %s\n", path, clrscVerdictText(verdict));
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct {
    const char *name;
    const char *file;
} PROVISIONED[] = {
    {CLRSC_OEM_CLOUD_CERT, "clrsc_oem_cloud_cert.pem"},
    {CLRSC_OEM_ROOT_CERT, "clrsc_oem_cert.pem"},
    {CLRSC_OEM_PAYLOAD_CERT, "clrsc_oem_payload_cert.pem"},
    {CLRSC_OEM_COMMAND_CERT, "clrsc_oem_command_cert.pem"},
    {CLRSC_OEM_DEVICE_CERT, "clrsc_device_cert.pem"},
    {CLRSC_OEM_DEVICE_CSR, "clrsc_oem_device_csr.der"},
    {CLRSC_EMPOWER_CLOUD_CERT, "clrsc_emp_cloud_cert.pem"},
    {CLRSC_EMPOWER_ROOT_CERT, "clrsc_emp_root_cert.pem"},
    {CLRSC_EMPOWER_DEVICE_CERT, "clrsc_emp_device_cert.pem"},
    {CLRSC_EMPOWER_DEVICE_CSR, "clrsc_emp_device_csr.der"},
};

/* Requests stay DER, certificates become PEM. */
static int write_provisioned(const char *file, const uint8_t *der, uint32_t length)
{
    const unsigned char *at = der;
    int is_written = 0;
    FILE *out = fopen(file, "wbe");
    if (out != NULL && strstr(file, ".der") != NULL) {
        is_written = fwrite(der, 1, length, out) == length;
    } else if (out != NULL) {
        X509 *certificate = d2i_X509(NULL, &at, (long)length);
        is_written = certificate != NULL && PEM_write_X509(out, certificate) == 1;
        X509_free(certificate);
    }
    if (out == NULL || fclose(out) != 0 || !is_written) {
        fprintf(stderr, "clrsc_example: can't write %s\n", file);
        return EXIT_FAILURE;
    }
    printf("Wrote %s\n", file);
    return EXIT_SUCCESS;
}

static int get(const char *id)
{
    uint8_t der[CLRSC_CERTIFICATE_MAX];
    uint32_t length = sizeof(der);
    if (id[0] < '0' || id[0] > '9' || id[1] != '\0')
        return usage(stderr);
    int which = id[0] - '0';
    ClrcResult result = clrscGetNamedCertificate(PROVISIONED[which].name, der, &length);
    if (result != CLRC_SUCCESS)
        return fail(PROVISIONED[which].name, result);
    return write_provisioned(PROVISIONED[which].file, der, length);
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        (void)usage(stdout);
        return EXIT_SUCCESS;
    }
    if (argc != 3 || strlen(argv[1]) != 1)
        return usage(stderr);
    for (size_t i = 0; i < N_CHANGES; i++) {
        if (argv[1][0] == CHANGES[i].letter)
            return change(i, argv[2]);
    }
    switch (argv[1][0]) {
    case 'v':
        return verify(argv[2]);
    case 'n':
        return update_named(argv[2]);
    case 'g':
        return get(argv[2]);
    default:
        return usage(stderr);
    }
}
