/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "clrsc.h"
#include "say.h"

/* ---- the names ---- */

/* What a thing's name may hold, and the space, which it has "_" for. */
static int may_stand_in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ' ';
}

/* The first common name; -1 unless there is one, of 1 to room - 1 octets that may all stand in a name. */
static int common_name(const X509 *certificate, char *ret, size_t room)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    if (at < 0)
        return say_error("the device's certificate has no common name");
    int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    int fits = length > 0 && (size_t)length < room;
    for (int i = 0; fits && i < length; i++) {
        ret[i] = (char)text[i];
        fits = may_stand_in_name(ret[i]);
    }
    OPENSSL_free(text);
    if (!fits)
        return say_error("the common name of the device's certificate can't be part of a thing's "
                         "name: letters, digits, '-', '_' and spaces can");
    ret[length] = '\0';
    return 0;
}

/* The octets that name the certificate's key: its own, or made in digest. NULL: libcrypto failed. */
static const unsigned char *key_identifier(X509 *certificate, unsigned char digest[EVP_MAX_MD_SIZE],
                                           int *ret_length)
{
    const ASN1_OCTET_STRING *named = X509_get0_subject_key_id(certificate);
    unsigned int length = 0;
    if (named == NULL && X509_pubkey_digest(certificate, EVP_sha1(), digest, &length) != 1)
        return NULL;
    *ret_length = named == NULL ? (int)length : ASN1_STRING_length(named);
    return named == NULL ? digest : ASN1_STRING_get0_data(named);
}

static int put_names(X509 *certificate, struct identity *ret)
{
    char name[IDENTITY_NAME_MAX + 1] = "";
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    int key_length = 0;
    if (common_name(certificate, name, sizeof(name)) != 0)
        return -1;
    const unsigned char *key = key_identifier(certificate, digest, &key_length);
    size_t at = strlen(name) + 1;
    if (key == NULL || key_length < 1)
        return say_error("the device's certificate has no key identifier");
    if ((size_t)key_length > (IDENTITY_NAME_MAX - at) / 2)
        return say_error("common name and key identifier of the device's certificate are more than "
                         "the %d octets of a thing's name",
                         IDENTITY_NAME_MAX);
    (void)snprintf(ret->device_id, sizeof(ret->device_id), "%s:", name);
    for (int i = 0; i < key_length; i++, at += 2)
        (void)snprintf(ret->device_id + at, 3, "%02x", key[i]);
    for (size_t i = 0; i <= at; i++)
        ret->thing[i] = ret->device_id[i] == ' ' ? '_' : ret->device_id[i];
    return 0;
}

int identity_name(const uint8_t *der, uint32_t length, struct identity *ret)
{
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)length);
    int rc = certificate != NULL && at == der + length
                 ? put_names(certificate, ret)
                 : say_error("the device's certificate is malformed");
    X509_free(certificate);
    return rc;
}

/* ---- the certificates ---- */

/* The provisioned certificate goes behind the chain. */
static int add_to_chain(const uint8_t *der, uint32_t length, struct identity *ret)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    long text_length = 0;
    if (out != NULL && PEM_write_bio(out, PEM_STRING_X509, "", der, (long)length) > 0)
        text_length = BIO_get_mem_data(out, &text);
    size_t room = sizeof(ret->chain) - ret->chain_length;
    int fits = text_length > 0 && (size_t)text_length < room;
    if (fits)
        ret->chain_length += (uint32_t)snprintf(ret->chain + ret->chain_length, room, "%.*s",
                                                (int)text_length, text);
    BIO_free(out);
    return fits ? 0 : say_error("a certificate of %u octets does not fit", length);
}

static int read_named(const char *name, uint8_t der[CLRSC_CERTIFICATE_MAX], uint32_t *ret_length)
{
    *ret_length = CLRSC_CERTIFICATE_MAX;
    ClrcResult result = clrscGetNamedCertificate(name, der, ret_length);
    return result == CLRC_SUCCESS
               ? 0
               : say_error("%s: %s (0x%08x)", name, clrscLastError(), (unsigned int)result);
}

int identity_load(struct identity *ret)
{
    uint8_t der[CLRSC_CERTIFICATE_MAX];
    uint32_t length = 0;
    ret->chain_length = 0;
    if (read_named(CLRSC_OEM_DEVICE_CERT, der, &length) != 0 ||
        identity_name(der, length, ret) != 0 || add_to_chain(der, length, ret) != 0)
        return -1;
    if (read_named(CLRSC_OEM_ROOT_CERT, der, &length) != 0)
        return -1;
    return add_to_chain(der, length, ret);
}
