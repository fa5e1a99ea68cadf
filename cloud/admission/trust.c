/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/trust.h"

#include <limits.h>

#include <openssl/x509v3.h>

#define SECURITY_BITS_MIN 112 /* RSA of 2048 bits, P-224 */

X509 *km_trust_parse(struct km_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *x509 = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (x509 != NULL && at != der.ptr + der.len) {
        X509_free(x509);
        return NULL;
    }
    return x509;
}

void km_trust_freep(X509 **certificate)
{
    X509_free(*certificate);
}

const char *km_trust_look(X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key == NULL)
        return "the key of its certificate can't be read";
    if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN)
        return "the key of its certificate is too weak";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) >= 0)
        return "its certificate is not valid yet";
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
        return "its certificate has expired";
    if (X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) != 1)
        return "its certificate is not for clients";
    return NULL;
}

bool km_trust_issued(X509 *ca, X509 *certificate, const char **ret_why)
{
    *ret_why = NULL;
    if (X509_check_issued(ca, certificate) != X509_V_OK ||
        X509_verify(certificate, X509_get0_pubkey(ca)) != 1)
        return false;
    if (X509_cmp_current_time(X509_get0_notBefore(ca)) >= 0)
        *ret_why = "its CA's certificate is not valid yet";
    else if (X509_cmp_current_time(X509_get0_notAfter(ca)) <= 0)
        *ret_why = "its CA's certificate has expired";
    return true;
}
