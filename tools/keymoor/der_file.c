/* SPDX-License-Identifier: Apache-2.0 */
#include "der_file.h"

#include <fcntl.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "keymoor.h"

#define FILE_MAX 131072u /* a revocation list in PEM is the longest */

int der_private_key(BIO *in, unsigned char **ret_der)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    if (key == NULL && BIO_reset(in) >= 0)
        key = d2i_PrivateKey_bio(in, NULL);
    PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
    int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, ret_der) : 0;
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    return len;
}

int der_certificate(BIO *in, unsigned char **ret_der)
{
    X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
    if (certificate == NULL && BIO_reset(in) >= 0)
        certificate = d2i_X509_bio(in, NULL);
    int len = certificate != NULL ? i2d_X509(certificate, ret_der) : 0;
    X509_free(certificate);
    return len;
}

int der_crl(BIO *in, unsigned char **ret_der)
{
    X509_CRL *list = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);
    if (list == NULL && BIO_reset(in) >= 0)
        list = d2i_X509_CRL_bio(in, NULL);
    int len = list != NULL ? i2d_X509_CRL(list, ret_der) : 0;
    X509_CRL_free(list);
    return len;
}

int read_der(const char *path, der_kind kind, const char *command, const char *what,
             unsigned char **ret_der)
{
    struct km_err err = {0};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    if (km_file_read(&err, AT_FDCWD, path, FILE_MAX, &bytes, &len) != KM_OK) {
        fail_err(&err, command);
        return 0;
    }
    BIO *in = BIO_new_mem_buf(bytes, (int)len);
    int der_len = in != NULL ? kind(in, ret_der) : 0;
    BIO_free(in);
    km_wipe(bytes, len);
    if (der_len > 0)
        return der_len;
    refuse("%s: %s holds no %s in PEM or DER", command, path, what);
    return 0;
}
