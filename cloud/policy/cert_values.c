/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/cert_values.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "cloud/common/arena.h"
#include "cloud/policy/key.h"

#define VALUES_MAX 262144u
#define FIRST_CERT_KEY KM_POLICY_SUBJECT

struct one_key {
    struct km_slice at[KM_CERT_VALUES_EACH_MAX];
    size_t n;
};

struct km_cert_values {
    struct km_arena *arena;
    struct one_key keys[KM_POLICY_N_KEYS - FIRST_CERT_KEY];
    struct km_slice serial_number;
    struct km_slice available[KM_POLICY_VALUES_MAX];
    size_t n_available;
};

/* ---- keeping values ---- */

static km_status keep(struct km_err *err, struct km_cert_values *values, struct km_slice text,
                      struct km_slice *ret)
{
    char *copy = km_arena_text(values->arena, text);
    if (copy == NULL)
        return KM_FAIL(err, km_arena_status(values->arena), "names of a certificate");
    *ret = KM_SLICE(copy, text.len);
    return KM_OK;
}

static km_status add(struct km_err *err, struct km_cert_values *values, unsigned key,
                     struct km_slice text)
{
    struct one_key *one = &values->keys[key - FIRST_CERT_KEY];
    if (one->n == KM_CERT_VALUES_EACH_MAX || !km_utf8_valid(text))
        return KM_OK;
    KM_TRY(keep(err, values, text, &one->at[one->n]));
    one->n++;
    return KM_OK;
}

/* ---- attributes of a name ---- */

static const int nids[] = {
    [KM_POLICY_DN_QUALIFIER] = NID_dnQualifier,
    [KM_POLICY_COUNTRY] = NID_countryName,
    [KM_POLICY_ORGANIZATION] = NID_organizationName,
    [KM_POLICY_ORGANIZATIONAL_UNIT] = NID_organizationalUnitName,
    [KM_POLICY_STATE] = NID_stateOrProvinceName,
    [KM_POLICY_COMMON_NAME] = NID_commonName,
    [KM_POLICY_NAME_SERIAL_NUMBER] = NID_serialNumber,
    [KM_POLICY_TITLE] = NID_title,
    [KM_POLICY_SURNAME] = NID_surname,
    [KM_POLICY_GIVEN_NAME] = NID_givenName,
    [KM_POLICY_INITIALS] = NID_initials,
    [KM_POLICY_PSEUDONYM] = NID_pseudonym,
    [KM_POLICY_GENERATION_QUALIFIER] = NID_generationQualifier,
};

static km_status add_escaped(struct km_err *err, struct km_cert_values *values, unsigned key,
                             struct km_slice text)
{
    uint8_t *escaped = km_arena_array(values->arena, text.len, 2);
    size_t len = 0;
    if (escaped == NULL)
        return KM_FAIL(err, km_arena_status(values->arena), "names of a certificate");
    for (size_t i = 0; i < text.len; i++) {
        if (km_octet_is_one_of(text.ptr[i], ",\"\\+=<>;"))
            escaped[len++] = '\\';
        escaped[len++] = text.ptr[i];
    }
    return add(err, values, key, KM_SLICE(escaped, len));
}

static km_status add_attribute(struct km_err *err, struct km_cert_values *values, unsigned key,
                               const X509_NAME_ENTRY *entry)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (len < 0)
        return KM_OK;
    km_status status = add_escaped(err, values, key, KM_SLICE(utf8, (size_t)len));
    OPENSSL_free(utf8);
    return status;
}

static km_status add_name(struct km_err *err, struct km_cert_values *values, unsigned first_key,
                          const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        for (unsigned n = 0; n < KM_ARRAY_LEN(nids); n++) {
            if (nids[n] == nid)
                KM_TRY(add_attribute(err, values, first_key + n, entry));
        }
    }
    return KM_OK;
}

/* ---- alternative names ---- */

static km_status add_string(struct km_err *err, struct km_cert_values *values, unsigned key,
                            const ASN1_STRING *string)
{
    return add(err, values, key,
               KM_SLICE(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)));
}

static km_status add_directory(struct km_err *err, struct km_cert_values *values, unsigned key,
                               const X509_NAME *name)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "names of a certificate");
    km_status status = KM_OK;
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(bio, &text);
        status = add(err, values, key, KM_SLICE(text, len > 0 ? (size_t)len : 0));
    }
    BIO_free(bio);
    return status;
}

static km_status add_address(struct km_err *err, struct km_cert_values *values, unsigned key,
                             const ASN1_STRING *octets)
{
    char text[INET6_ADDRSTRLEN] = {0};
    int len = ASN1_STRING_length(octets);
    if ((len != 4 && len != 16) ||
        inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text,
                  sizeof(text)) == NULL)
        return KM_OK;
    return add(err, values, key, KM_SLICE_STR(text));
}

static km_status add_general_name(struct km_err *err, struct km_cert_values *values,
                                  unsigned first_key, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_EMAIL:
        return add_string(err, values, first_key + KM_POLICY_ALT_RFC822_NAME, name->d.ia5);
    case GEN_DNS:
        return add_string(err, values, first_key + KM_POLICY_ALT_DNS_NAME, name->d.ia5);
    case GEN_URI:
        return add_string(err, values, first_key + KM_POLICY_ALT_URI, name->d.ia5);
    case GEN_DIRNAME:
        return add_directory(err, values, first_key + KM_POLICY_ALT_DIRECTORY_NAME, name->d.dirn);
    case GEN_IPADD:
        return add_address(err, values, first_key + KM_POLICY_ALT_IP_ADDRESS, name->d.ip);
    default: /* policies have no key for the others */
        return KM_OK;
    }
}

static km_status add_alternatives(struct km_err *err, struct km_cert_values *values,
                                  unsigned first_key, const X509 *certificate, int nid)
{
    km_status status = KM_OK;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, nid, NULL, NULL);
    for (int i = 0; status == KM_OK && i < sk_GENERAL_NAME_num(names); i++)
        status = add_general_name(err, values, first_key, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    return status;
}

/* ---- the rest ---- */

static km_status add_serial_number(struct km_err *err, struct km_cert_values *values,
                                   const X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *decimal = number != NULL ? BN_bn2dec(number) : NULL;
    BN_free(number);
    if (decimal == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "serial number of a certificate");
    km_status status = keep(err, values, KM_SLICE_STR(decimal), &values->serial_number);
    OPENSSL_free(decimal);
    return status;
}

static void list_available(struct km_cert_values *values)
{
    values->available[values->n_available++] =
        KM_SLICE_STR(km_key_text(KM_POLICY_CERT_SERIAL_NUMBER));
    for (unsigned key = FIRST_CERT_KEY; key < KM_POLICY_N_KEYS; key++) {
        if (values->keys[key - FIRST_CERT_KEY].n > 0)
            values->available[values->n_available++] =
                KM_SLICE_STR(km_key_text((enum km_policy_key)key));
    }
}

static km_status read_all(struct km_err *err, const X509 *certificate,
                          struct km_cert_values *values)
{
    KM_TRY(add_serial_number(err, values, certificate));
    KM_TRY(add_name(err, values, KM_POLICY_SUBJECT, X509_get_subject_name(certificate)));
    KM_TRY(add_name(err, values, KM_POLICY_ISSUER, X509_get_issuer_name(certificate)));
    KM_TRY(add_alternatives(err, values, KM_POLICY_SUBJECT, certificate, NID_subject_alt_name));
    KM_TRY(add_alternatives(err, values, KM_POLICY_ISSUER, certificate, NID_issuer_alt_name));
    list_available(values);
    return KM_OK;
}

km_status km_cert_values_of(struct km_err *err, const struct x509_st *certificate,
                            struct km_cert_values **ret)
{
    KM_AUTO(km_cert_values_freep) struct km_cert_values *values = calloc(1, sizeof(*values));
    if (values == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "values of a certificate");
    values->arena = km_arena_new(VALUES_MAX);
    if (values->arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory of a certificate's values");
    ERR_set_mark();
    km_status status = read_all(err, certificate, values);
    ERR_pop_to_mark();
    if (status == KM_OK)
        *ret = km_steal(&values);
    return status;
}

km_status km_cert_values_read(struct km_err *err, struct km_slice certificate,
                              struct km_cert_values **ret)
{
    const unsigned char *at = certificate.ptr;
    if (certificate.len > KM_CERT_VALUES_DER_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "certificate of %zu octets, more than %u", certificate.len,
                       KM_CERT_VALUES_DER_MAX);
    ERR_set_mark();
    X509 *x509 = d2i_X509(NULL, &at, (long)certificate.len);
    ERR_pop_to_mark();
    bool is_whole = x509 != NULL && at == certificate.ptr + certificate.len;
    km_status status =
        is_whole ? km_cert_values_of(err, x509, ret)
                 : KM_FAIL(err, KM_E_MALFORMED, "%zu octets are no certificate", certificate.len);
    X509_free(x509);
    return status;
}

void km_cert_values_free(struct km_cert_values *values)
{
    if (values == NULL)
        return;
    km_arena_free(values->arena);
    free(values);
}

void km_cert_values_freep(struct km_cert_values **values)
{
    km_cert_values_free(*values);
    *values = NULL;
}

void km_cert_values_put(const struct km_cert_values *values, struct km_policy_context *context)
{
    context->values[KM_POLICY_CERT_SERIAL_NUMBER] =
        (struct km_policy_values){.at = &values->serial_number, .n = 1};
    context->values[KM_POLICY_CERT_KEYS] =
        (struct km_policy_values){.at = values->available, .n = values->n_available};
    for (unsigned key = FIRST_CERT_KEY; key < KM_POLICY_N_KEYS; key++) {
        const struct one_key *one = &values->keys[key - FIRST_CERT_KEY];
        context->values[key] = (struct km_policy_values){.at = one->at, .n = one->n};
    }
}
