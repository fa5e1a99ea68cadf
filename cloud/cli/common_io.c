/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cloud/cli/cli.h"
#include "common/km_option.h"

int fail(const struct km_err *err, const char *what)
{
    return refuse("%s: %s (%s)", what, err->text, km_status_name(err->status));
}

int fail_registry(const struct cloud *cloud, const char *what)
{
    return fail(km_registry_err(cloud->registry), what);
}

void print_json(json_t *json)
{
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(json);
}

const char *time_text(int64_t ms, char ret[TIME_CAP])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm = {0};
    ret[0] = '\0';
    if (gmtime_r(&seconds, &tm) != NULL && strftime(ret, TIME_CAP, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        ret[0] = '\0';
    return ret;
}

static const char *name_text(struct km_slice der, const X509_NAME *(*get)(const X509 *),
                             char ret[SUBJECT_CAP])
{
    const unsigned char *at = der.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    BIO *out = BIO_new(BIO_s_mem());
    ret[0] = '\0';
    if (cert != NULL && out != NULL &&
        X509_NAME_print_ex(out, get(cert), 0,
                           XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        int n = BIO_read(out, ret, SUBJECT_CAP - 1);
        ret[n > 0 ? n : 0] = '\0';
    }
    BIO_free(out);
    X509_free(cert);
    return ret;
}

static const X509_NAME *subject_of(const X509 *cert)
{
    return X509_get_subject_name(cert);
}

static const X509_NAME *issuer_of(const X509 *cert)
{
    return X509_get_issuer_name(cert);
}

const char *subject_text(struct km_slice der, char ret[SUBJECT_CAP])
{
    return name_text(der, subject_of, ret);
}

const char *issuer_text(struct km_slice der, char ret[SUBJECT_CAP])
{
    return name_text(der, issuer_of, ret);
}

unsigned read_count(const struct cli_options *options, unsigned fallback)
{
    unsigned count = 0;
    struct km_err err = {.status = KM_OK};
    if (options->count == NULL)
        return fallback;
    if (km_option_number(&err, "--count", options->count, 1000000, &count) != KM_OK || count == 0) {
        (void)complain("%s", err.text[0] != '\0' ? err.text : "--count: not 0");
        return 0;
    }
    return count;
}
