/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate as PEM: what is read is written the same, and every question about it has an answer. */
#include <string.h>

#include "cloud/control/x509.h"
#include "fuzz/km_fuzz.h"

static struct km_crypto crypto;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_x509 read = {0};
    struct km_x509 again = {0};
    char name[KM_X509_NAME_MAX + 1] = {0};
    if (crypto.lib == NULL)
        KM_FUZZ_CHECK(km_crypto_init(NULL, &crypto) == KM_OK);
    if (km_x509_read(NULL, &crypto, KM_SLICE(data, size), &read) != KM_OK)
        return 0;
    (void)km_x509_check_ca(NULL, &read);
    (void)km_x509_check_key(NULL, &read);
    (void)km_x509_check_time(NULL, &read, 0);
    (void)km_x509_check_issuer(NULL, &read, &read);
    if (km_x509_common_name(&read, name))
        KM_FUZZ_CHECK(strlen(name) <= KM_X509_NAME_MAX);
    char *pem = km_x509_pem(read.der);
    KM_FUZZ_CHECK(pem != NULL);
    KM_FUZZ_CHECK(km_x509_read(NULL, &crypto, KM_SLICE_STR(pem), &again) == KM_OK);
    KM_FUZZ_CHECK(km_slice_equal(read.der, again.der));
    free(pem);
    km_x509_clear(&again);
    km_x509_clear(&read);
    return 0;
}
