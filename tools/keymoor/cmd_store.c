/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor cert store, verify, command, crl: whom the device trusts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "clrsc.h"
#include "common/km_bytes.h"
#include "common/km_file.h"
#include "der_file.h"
#include "format/cert_command.h"
#include "keymoor.h"

#define HEX_LEN (2 * CLRSC_DIGEST_LENGTH)
#define BUNDLE_MAX 131072u

/* ---- what is there ---- */

static const char *kind_name(ClrscEntryKind kind)
{
    static const char *const names[] = {"", "authority", "certificate", "revoked", "crl"};
    return names[kind];
}

static int entry_row(void *arg, const ClrscEntry *entry)
{
    cJSON *json = arg;
    char digest[HEX_LEN + 1] = "";
    km_hex(KM_SLICE(entry->digest, sizeof(entry->digest)), digest, sizeof(digest));
    if (json == NULL) {
        printf("%-11s %s %s\n", kind_name(entry->kind), digest, entry->subject);
        return 1;
    }
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "kind", kind_name(entry->kind));
    cJSON_AddStringToObject(row, "sha256", digest);
    cJSON_AddStringToObject(row, "subject", entry->subject);
    cJSON_AddNumberToObject(row, "octets", entry->length);
    cJSON_AddItemToArray(json, row);
    return 1;
}

static int list_store(const struct km_options *options)
{
    cJSON *rows = options->json ? cJSON_CreateArray() : NULL;
    uint64_t sequence = 0;
    int unnumbered = 0;
    ClrcResult result = clrscListCertificates(entry_row, rows);
    if (result == CLRC_SUCCESS)
        result = clrscCommandState(&sequence, &unnumbered);
    if (result != CLRC_SUCCESS) {
        cJSON_Delete(rows);
        return fail_certs(result, "cert store", NULL);
    }
    if (!options->json) {
        printf("Last sequence of a command: %llu. Commands without one are %s.\n",
               (unsigned long long)sequence, unnumbered != 0 ? "obeyed" : "refused");
        return EXIT_SUCCESS;
    }
    cJSON *json = cJSON_CreateObject();
    char text[32] = "";
    /* As text: a number of JSON may lose what is beyond 2^53. */
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)sequence);
    cJSON_AddStringToObject(json, "sequence", text);
    cJSON_AddBoolToObject(json, "unnumbered", unnumbered);
    cJSON_AddItemToObject(json, "entries", rows);
    print_json(json);
    return EXIT_SUCCESS;
}

/* A revocation list is told from a certificate by how it parses. */
static const char *label_of(const uint8_t *der, uint32_t length)
{
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)length);
    const char *label = certificate != NULL ? "CERTIFICATE" : "X509 CRL";
    X509_free(certificate);
    ERR_clear_error();
    return label;
}

static int show_entry(const struct km_options *options, const uint8_t digest[CLRSC_DIGEST_LENGTH],
                      const char *operand)
{
    KM_AUTO(km_freep) uint8_t *der = malloc(CLRSC_CRL_MAX);
    uint32_t length = CLRSC_CRL_MAX;
    if (der == NULL)
        return fail_certs(CLRC_ERROR_OUT_OF_MEMORY, "cert store", operand);
    ClrcResult result = clrscGetCertificate(digest, der, &length);
    if (result != CLRC_SUCCESS)
        return fail_certs(result, "cert store", operand);
    return write_output(options, label_of(der, length), der, length);
}

int cmd_cert_store(const struct km_options *options, const char *operand)
{
    uint8_t digest[CLRSC_DIGEST_LENGTH] = {0};
    if (strcmp(operand, "list") == 0)
        return list_store(options);
    if (!km_unhex(operand, digest, sizeof(digest)))
        return complain("cert store takes list, or the SHA-256 of an entry");
    return show_entry(options, digest, operand);
}

/* ---- verification ---- */

/* All certificates of a bundle in PEM, or the one of a file in DER; each is libcrypto's to free. */
static uint32_t split_bundle(const uint8_t *bytes, size_t len,
                             ClrscCertificate chain[CLRSC_CHAIN_MAX + 1])
{
    uint32_t n = 0;
    BIO *in = BIO_new_mem_buf(bytes, (int)len);
    while (in != NULL && n <= CLRSC_CHAIN_MAX) {
        X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
        if (certificate == NULL && n == 0 && BIO_reset(in) >= 0)
            certificate = d2i_X509_bio(in, NULL);
        unsigned char *der = NULL;
        int der_len = certificate != NULL ? i2d_X509(certificate, &der) : 0;
        X509_free(certificate);
        if (der_len <= 0)
            break;
        chain[n++] = (ClrscCertificate){der, (uint32_t)der_len};
    }
    BIO_free(in);
    ERR_clear_error();
    return n;
}

static bool parse_purpose(const char *text, ClrscPurpose *ret)
{
    static const struct {
        const char *name;
        ClrscPurpose purpose;
    } purposes[] = {{"any", CLRSC_PURPOSE_ANY},
                    {"server", CLRSC_PURPOSE_TLS_SERVER},
                    {"client", CLRSC_PURPOSE_TLS_CLIENT}};
    for (size_t i = 0; i < KM_ARRAY_LEN(purposes); i++) {
        if (strcmp(text, purposes[i].name) == 0) {
            *ret = purposes[i].purpose;
            return true;
        }
    }
    return false;
}

static int tell_verdict(const struct km_options *options, const char *operand, ClrscVerdict verdict,
                        uint32_t depth)
{
    if (options->json) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddBoolToObject(json, "good", verdict == CLRSC_GOOD);
        cJSON_AddNumberToObject(json, "verdict", verdict);
        cJSON_AddStringToObject(json, "text", clrscVerdictText(verdict));
        cJSON_AddNumberToObject(json, "depth", depth);
        print_json(json);
    } else if (verdict == CLRSC_GOOD) {
        printf("%s: %s\n", operand, clrscVerdictText(verdict));
    } else {
        refuse("cert verify: %s: %s (at depth %u)", operand, clrscVerdictText(verdict), depth);
    }
    return verdict == CLRSC_GOOD ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_cert_verify(const struct km_options *options, const char *operand)
{
    struct km_err err = {0};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    ClrscCertificate chain[CLRSC_CHAIN_MAX + 1] = {{0}};
    ClrscVerifyWish wish = {.host = options->host};
    ClrscVerdict verdict = CLRSC_UNTRUSTED;
    uint32_t depth = 0;
    if (options->purpose != NULL && !parse_purpose(options->purpose, &wish.purpose))
        return complain("cert verify: --purpose is any, server or client");
    if (km_file_read(&err, AT_FDCWD, operand, BUNDLE_MAX, &bytes, &len) != KM_OK)
        return fail_err(&err, "cert verify");
    uint32_t n = split_bundle(bytes, len, chain);
    if (n == 0)
        return refuse("cert verify: %s holds no certificate in PEM or DER", operand);
    ClrcResult result = clrscVerifyCertificate(chain, n, &wish, &verdict, &depth);
    for (uint32_t i = 0; i < n; i++)
        OPENSSL_free((void *)(uintptr_t)chain[i].der);
    return result != CLRC_SUCCESS ? fail_certs(result, "cert verify", operand)
                                  : tell_verdict(options, operand, verdict, depth);
}

/* ---- what the command key's owner sends ---- */

int cmd_cert_command(const struct km_options *options, const char *operand)
{
    (void)options;
    struct km_err err = {0};
    KM_AUTO(km_freep) uint8_t *command = NULL;
    size_t len = 0;
    ClrscOperation operation = CLRSC_ADD_AUTHORITY;
    if (km_file_read(&err, AT_FDCWD, operand, CLRSC_COMMAND_MAX, &command, &len) != KM_OK)
        return fail_err(&err, "cert command");
    ClrcResult result = clrscRunCommand(command, (uint32_t)len, &operation);
    if (result != CLRC_SUCCESS)
        return fail_certs(result, "cert command", operand);
    printf("%s is done.\n", km_cert_operation_find((uint64_t)operation)->name);
    return EXIT_SUCCESS;
}

int cmd_cert_crl(const struct km_options *options, const char *operand)
{
    (void)options;
    unsigned char *der = NULL;
    int len = read_der(operand, der_crl, "cert crl", "revocation list", &der);
    if (len <= 0)
        return EXIT_FAILURE;
    ClrcResult result = clrscAddCrl(der, (uint32_t)len);
    OPENSSL_free(der);
    return result == CLRC_SUCCESS ? EXIT_SUCCESS : fail_certs(result, "cert crl", operand);
}
