/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor cert ..., keymoor csr: certificates kept in the service, and requests for new ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/x509.h>

#include "clrsc.h"
#include "csr.h"
#include "keymoor.h"

static int list_row(void *arg, const char *name, uint32_t length)
{
    cJSON *json = arg;
    if (json != NULL) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", name);
        cJSON_AddNumberToObject(row, "octets", length);
        cJSON_AddItemToArray(json, row);
    } else {
        printf("%-36s %6u octets\n", name, length);
    }
    return 1;
}

int cmd_cert_list(const struct km_options *options, const char *operand)
{
    (void)operand;
    cJSON *json = options->json ? cJSON_CreateArray() : NULL;
    ClrcResult result = clrscListNamedCertificates(list_row, json);
    if (result != CLRC_SUCCESS) {
        cJSON_Delete(json);
        return fail_certs(result, "cert list", NULL);
    }
    if (options->json)
        print_json(json);
    return EXIT_SUCCESS;
}

/* Requests are kept beside certificates; the document's names tell them apart. */
static bool is_request(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, "_csr") == 0;
}

static bool print_readable(const char *name, const uint8_t *der, uint32_t length)
{
    const unsigned char *at = der;
    BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);
    bool done = false;
    if (is_request(name)) {
        X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)length);
        done = out != NULL && request != NULL && X509_REQ_print(out, request) == 1;
        X509_REQ_free(request);
    } else {
        X509 *certificate = d2i_X509(NULL, &at, (long)length);
        done = out != NULL && certificate != NULL && X509_print(out, certificate) == 1;
        X509_free(certificate);
    }
    BIO_free(out);
    return done;
}

static cJSON *certificate_to_json(const char *name, const uint8_t *der, uint32_t length)
{
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)length);
    if (certificate == NULL)
        return NULL;
    char subject[256] = {0};
    char issuer[256] = {0};
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    X509_NAME_oneline(X509_get_issuer_name(certificate), issuer, sizeof issuer);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddStringToObject(json, "subject", subject);
    cJSON_AddStringToObject(json, "issuer", issuer);
    cJSON_AddNumberToObject(json, "octets", length);
    X509_free(certificate);
    return json;
}

int cmd_cert_show(const struct km_options *options, const char *operand)
{
    uint8_t der[CLRSC_CERTIFICATE_MAX] = {0};
    uint32_t length = sizeof der;
    ClrcResult result = clrscGetNamedCertificate(operand, der, &length);
    if (result != CLRC_SUCCESS)
        return fail_certs(result, "cert show", operand);
    if (options->pem || options->out != NULL)
        return write_output(options, is_request(operand) ? "CERTIFICATE REQUEST" : "CERTIFICATE",
                            der, length);
    if (options->json && !is_request(operand)) {
        cJSON *json = certificate_to_json(operand, der, length);
        if (json == NULL)
            return refuse("cert show: '%s' is not a certificate that can be read", operand);
        print_json(json);
        return EXIT_SUCCESS;
    }
    if (options->json)
        return complain("cert show: --json is for certificates, '%s' is a request", operand);
    return print_readable(operand, der, length)
               ? EXIT_SUCCESS
               : refuse("cert show: '%s' is not a certificate that can be read", operand);
}

int cmd_csr(const struct km_options *options, const char *operand)
{
    if (options->subject == NULL)
        return complain("csr needs --subject, for example --subject '/CN=door 7/O=Example'");
    ClrcPasswordHandle password = NULL;
    ClrcKeyHandle key = NULL;
    ClrcResult result = open_password(options, &password);
    if (result == CLRC_SUCCESS)
        result = clrcLoadNamedKey(operand, password, &key);
    uint8_t der[CSR_MAX] = {0};
    uint32_t length = 0;
    if (result == CLRC_SUCCESS)
        result = csr_make(key, options->subject, KM_SPAN(der, sizeof der), &length);
    clrcFreeKey(key);
    clrcFreePassword(password);
    if (result == CLRC_ERROR_BAD_NAME)
        return complain("csr: '%s' is not a subject like '/CN=door 7/O=Example'", options->subject);
    if (result != CLRC_SUCCESS)
        return fail(result, "csr", operand);
    return write_output(options, "CERTIFICATE REQUEST", der, length);
}
