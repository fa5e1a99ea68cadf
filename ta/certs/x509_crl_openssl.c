/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/x509_openssl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/km_der.h"

static void crl_freep(X509_CRL **crl)
{
    X509_CRL_free(*crl);
    *crl = NULL;
}

static X509_CRL *parse(struct km_slice der)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd inner = {0};
    const uint8_t *at = der.ptr;
    /* libcrypto also takes what is not DER; the outer frame at least has to be. */
    if (der.len > KM_CERTS_CRL_MAX || !km_der_enter(&rd, KM_DER_SEQUENCE, &inner) ||
        !km_rd_done(&rd))
        return NULL;
    KM_AUTO(crl_freep) X509_CRL *crl = X509_CRL_new_ex(km_x509_libctx(), NULL);
    if (crl == NULL || d2i_X509_CRL(&crl, &at, (long)der.len) == NULL || at != der.ptr + der.len)
        return NULL;
    return km_steal(&crl);
}

/* ---- its form ---- */

/* What may be marked critical because it is understood. */
static bool is_known(const X509_EXTENSION *extension)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)extension));
    return nid == NID_authority_key_identifier || nid == NID_crl_number || nid == NID_crl_reason ||
           nid == NID_invalidity_date;
}

static bool extensions_are_known(const STACK_OF(X509_EXTENSION) * extensions)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
        const X509_EXTENSION *one = sk_X509_EXTENSION_value(extensions, i);
        if (X509_EXTENSION_get_critical(one) != 0 && !is_known(one))
            return false;
    }
    return true;
}

/* A list that covers a part, or others' certificates, would be taken for one that covers all of its issuer's. */
static bool is_full(const X509_CRL *crl)
{
    return X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) < 0 &&
           X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) < 0;
}

static bool entries_are_known(X509_CRL *crl)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *one = sk_X509_REVOKED_value(entries, i);
        if (X509_REVOKED_get_ext_by_NID(one, NID_certificate_issuer, -1) >= 0 ||
            !extensions_are_known(X509_REVOKED_get0_extensions(one)))
            return false;
    }
    return true;
}

/* The number is there once and is one, or is not there. */
static bool number_of(const X509_CRL *crl, ASN1_INTEGER **ret)
{
    int critical = 0;
    *ret = X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, NULL);
    return *ret != NULL ? ASN1_STRING_type(*ret) != V_ASN1_NEG_INTEGER : critical == -1;
}

static bool is_sound(const X509_CRL *crl)
{
    ASN1_INTEGER *number = NULL;
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    bool ok = number_of(crl, &number) && next != NULL && ASN1_TIME_check(next) == 1 &&
              ASN1_TIME_check(X509_CRL_get0_lastUpdate(crl)) == 1 &&
              ASN1_TIME_compare(X509_CRL_get0_lastUpdate(crl), next) <= 0;
    ASN1_INTEGER_free(number);
    return ok;
}

enum km_x509_crl_form km_x509_crl_read(struct km_slice der,
                                       char ret_issuer[KM_CERTS_SUBJECT_MAX + 1u])
{
    KM_AUTO(crl_freep) X509_CRL *crl = parse(der);
    enum km_x509_crl_form form = KM_X509_CRL_MALFORMED;
    if (crl != NULL && is_sound(crl)) {
        bool is_usable = is_full(crl) && extensions_are_known(X509_CRL_get0_extensions(crl)) &&
                         entries_are_known(crl);
        form = is_usable ? KM_X509_CRL_GOOD : KM_X509_CRL_UNSUPPORTED;
        km_x509_name_text(X509_CRL_get_issuer(crl), ret_issuer);
    }
    ERR_clear_error();
    return form;
}

/* ---- its signer ---- */

static bool hash_is_usual(const X509_CRL *crl)
{
    int hash = NID_undef;
    return OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &hash, NULL) == 1 &&
           km_x509_hash_is_usual(hash);
}

enum km_x509_crl_signer km_x509_crl_by(struct km_slice der, struct km_slice authority)
{
    KM_AUTO(crl_freep) X509_CRL *crl = parse(der);
    KM_AUTO(km_x509_freep) X509 *by = km_x509_parse(authority);
    enum km_x509_crl_signer answer = KM_X509_CRL_BAD_SIGNATURE;
    if (crl == NULL || by == NULL ||
        X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(by)) != 0)
        answer = KM_X509_CRL_OTHER_NAME;
    else if (hash_is_usual(crl) && km_x509_key_is_usual(X509_get0_pubkey(by)) &&
             X509_CRL_verify(crl, X509_get0_pubkey(by)) == 1)
        answer =
            (X509_get_key_usage(by) & KU_CRL_SIGN) != 0 ? KM_X509_CRL_SIGNED : KM_X509_CRL_MAY_NOT;
    ERR_clear_error();
    return answer;
}

/* ---- against others ---- */

static bool number_follows(const X509_CRL *later, const X509_CRL *earlier)
{
    ASN1_INTEGER *was = NULL;
    ASN1_INTEGER *is = NULL;
    bool ok = number_of(earlier, &was) && number_of(later, &is);
    if (ok && was != NULL)
        ok = is != NULL && ASN1_INTEGER_cmp(is, was) >= 0;
    ASN1_INTEGER_free(was);
    ASN1_INTEGER_free(is);
    return ok;
}

bool km_x509_crl_follows(struct km_slice later, struct km_slice earlier)
{
    KM_AUTO(crl_freep) X509_CRL *is = parse(later);
    KM_AUTO(crl_freep) X509_CRL *was = parse(earlier);
    bool ok = is != NULL && was != NULL && number_follows(is, was) &&
              ASN1_TIME_compare(X509_CRL_get0_lastUpdate(is), X509_CRL_get0_lastUpdate(was)) >= 0;
    ERR_clear_error();
    return ok;
}

bool km_x509_crl_lists(struct km_slice der, struct km_slice certificate)
{
    KM_AUTO(crl_freep) X509_CRL *crl = parse(der);
    KM_AUTO(km_x509_freep) X509 *x509 = km_x509_parse(certificate);
    X509_REVOKED *entry = NULL;
    /* 2: it was on hold and is no longer. */
    bool is_listed = crl != NULL && x509 != NULL &&
                     X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(x509)) == 0 &&
                     X509_CRL_get0_by_cert(crl, &entry, x509) == 1;
    ERR_clear_error();
    return is_listed;
}

/* ---- what libcrypto does not ask of them ---- */

/* What this issuer's lists say of a certificate: revoked, V_OK when there is none of its key, else that there is one. */
static int ask_lists(const STACK_OF(X509_CRL) * lists, const X509 *issuer, X509 *x509)
{
    int error = X509_V_OK;
    for (int i = 0; i < sk_X509_CRL_num(lists) && error != X509_V_ERR_CERT_REVOKED; i++) {
        X509_CRL *list = sk_X509_CRL_value(lists, i);
        X509_REVOKED *entry = NULL;
        if (X509_CRL_verify(list, X509_get0_pubkey(issuer)) != 1)
            continue;
        error = X509_CRL_get0_by_cert(list, &entry, x509) == 1 ? X509_V_ERR_CERT_REVOKED
                                                               : X509_V_ERR_DIFFERENT_CRL_SCOPE;
    }
    return error;
}

int km_x509_crl_passed_over(X509_STORE_CTX *ctx, int depth)
{
    X509 *x509 = sk_X509_value(X509_STORE_CTX_get0_chain(ctx), depth);
    const X509 *issuer = sk_X509_value(X509_STORE_CTX_get0_chain(ctx), depth + 1);
    STACK_OF(X509_CRL) *lists = X509_STORE_CTX_get1_crls(ctx, X509_get_issuer_name(x509));
    int error = ask_lists(lists, issuer, x509);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return error;
}

bool km_x509_anchor_is_revoked(X509_STORE_CTX *ctx, X509 *anchor)
{
    const X509_NAME *name = X509_get_issuer_name(anchor);
    if (X509_NAME_cmp(name, X509_get_subject_name(anchor)) == 0)
        return false;
    STACK_OF(X509_CRL) *lists = X509_STORE_CTX_get1_crls(ctx, name);
    STACK_OF(X509) *issuers = lists != NULL ? X509_STORE_CTX_get1_certs(ctx, name) : NULL;
    bool is_listed = false;
    for (int i = 0; i < sk_X509_num(issuers) && !is_listed; i++) {
        const X509 *issuer = sk_X509_value(issuers, i);
        is_listed = X509_verify(anchor, X509_get0_pubkey(issuer)) == 1 &&
                    ask_lists(lists, issuer, anchor) == X509_V_ERR_CERT_REVOKED;
    }
    sk_X509_pop_free(issuers, X509_free);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return is_listed;
}
