/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/x509_openssl.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

struct km_x509_trust {
    X509_STORE *store;
    bool has_crls;
};

/*
 * Of several anchors of one name it is the one whose key fits: libcrypto takes the first and does not come back, so that two keys of
 * an authority could not be trusted at a time unless certificates have key identifiers.
 */
static int find_anchor(X509 **ret, X509_STORE_CTX *ctx, X509 *x509)
{
    STACK_OF(X509) *all = X509_STORE_CTX_get1_certs(ctx, X509_get_issuer_name(x509));
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    bool is_found = false;
    for (int i = 0; !is_found && sk_X509_num(all) > 1 && i < sk_X509_num(all); i++) {
        X509 *one = sk_X509_value(all, i);
        is_found =
            X509_check_issued(one, x509) == X509_V_OK &&
            X509_cmp_timeframe(param, X509_get0_notBefore(one), X509_get0_notAfter(one)) == 0 &&
            X509_verify(x509, X509_get0_pubkey(one)) == 1 && X509_up_ref(one) == 1;
        if (is_found)
            *ret = one;
    }
    sk_X509_pop_free(all, X509_free);
    return is_found ? 1 : X509_STORE_CTX_get1_issuer(ret, ctx, x509);
}

struct km_x509_trust *km_x509_trust_new(void)
{
    struct km_x509_trust *trust = OPENSSL_zalloc(sizeof(*trust));
    if (trust == NULL)
        return NULL;
    trust->store = X509_STORE_new();
    if (trust->store == NULL) {
        OPENSSL_free(trust);
        return NULL;
    }
    X509_STORE_set_get_issuer(trust->store, find_anchor);
    return trust;
}

void km_x509_trust_free(struct km_x509_trust *trust)
{
    if (trust == NULL)
        return;
    X509_STORE_free(trust->store);
    OPENSSL_free(trust);
}

void km_x509_trust_freep(struct km_x509_trust **trust)
{
    km_x509_trust_free(*trust);
    *trust = NULL;
}

bool km_x509_trust_anchor(struct km_x509_trust *trust, struct km_slice der)
{
    KM_AUTO(km_x509_freep) X509 *x509 = km_x509_parse(der);
    bool ok = x509 != NULL && X509_STORE_add_cert(trust->store, x509) == 1;
    ERR_clear_error();
    return ok;
}

bool km_x509_trust_crl(struct km_x509_trust *trust, struct km_slice der)
{
    const uint8_t *at = der.ptr;
    X509_CRL *crl = X509_CRL_new_ex(km_x509_libctx(), NULL);
    bool ok = crl != NULL && d2i_X509_CRL(&crl, &at, (long)der.len) != NULL &&
              X509_STORE_add_crl(trust->store, crl) == 1;
    trust->has_crls = trust->has_crls || ok;
    X509_CRL_free(crl);
    ERR_clear_error();
    return ok;
}

/* ---- what libcrypto says, in our words ---- */

static const struct {
    int error;
    enum km_certs_verdict verdict;
} VERDICTS[] = {
    {X509_V_OK, KM_CERTS_GOOD},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_CERT_UNTRUSTED, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_CERT_REJECTED, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_SUBJECT_ISSUER_MISMATCH, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_AKID_SKID_MISMATCH, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, KM_CERTS_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_EE_KEY_TOO_SMALL, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_CA_KEY_TOO_SMALL, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_CA_MD_TOO_WEAK, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, KM_CERTS_BAD_SIGNATURE},
    {X509_V_ERR_CERT_NOT_YET_VALID, KM_CERTS_NOT_YET_VALID},
    {X509_V_ERR_CERT_HAS_EXPIRED, KM_CERTS_EXPIRED},
    {X509_V_ERR_CERT_REVOKED, KM_CERTS_REVOKED},
    {X509_V_ERR_CRL_NOT_YET_VALID, KM_CERTS_CRL_STALE},
    {X509_V_ERR_CRL_HAS_EXPIRED, KM_CERTS_CRL_STALE},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, KM_CERTS_CRL_STALE},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, KM_CERTS_CRL_STALE},
    {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, KM_CERTS_CRL_STALE},
    {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, KM_CERTS_CRL_STALE},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, KM_CERTS_CRL_STALE},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, KM_CERTS_CRL_STALE},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, KM_CERTS_CRL_STALE},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, KM_CERTS_CRL_STALE},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, KM_CERTS_CRL_STALE},
    {X509_V_ERR_INVALID_CA, KM_CERTS_NOT_AUTHORITY},
    {X509_V_ERR_INVALID_NON_CA, KM_CERTS_NOT_AUTHORITY},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, KM_CERTS_NOT_AUTHORITY},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, KM_CERTS_NOT_AUTHORITY},
    {X509_V_ERR_PERMITTED_VIOLATION, KM_CERTS_NAME_CONSTRAINT},
    {X509_V_ERR_EXCLUDED_VIOLATION, KM_CERTS_NAME_CONSTRAINT},
    {X509_V_ERR_SUBTREE_MINMAX, KM_CERTS_NAME_CONSTRAINT},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, KM_CERTS_NAME_CONSTRAINT},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, KM_CERTS_NAME_CONSTRAINT},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, KM_CERTS_NAME_CONSTRAINT},
    {X509_V_ERR_INVALID_PURPOSE, KM_CERTS_WRONG_PURPOSE},
    {X509_V_ERR_HOSTNAME_MISMATCH, KM_CERTS_WRONG_HOST},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, KM_CERTS_WRONG_HOST},
};

/* What is not in the table is something in the certificate that is not understood. */
static enum km_certs_verdict verdict_of(int error)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(VERDICTS); i++) {
        if (VERDICTS[i].error == error)
            return VERDICTS[i].verdict;
    }
    return KM_CERTS_MALFORMED;
}

/* ---- asking ---- */

static void ctx_freep(X509_STORE_CTX **ctx)
{
    X509_STORE_CTX_free(*ctx);
    *ctx = NULL;
}

static void certificates_freep(STACK_OF(X509) * *list)
{
    sk_X509_pop_free(*list, X509_free);
    *list = NULL;
}

static bool is_about_crl(int error)
{
    return verdict_of(error) == KM_CERTS_CRL_STALE || error == X509_V_ERR_CERT_REVOKED ||
           error == X509_V_ERR_UNABLE_TO_GET_CRL;
}

/* Lists are asked of those issuers alone that have one here; whether an anchor's issuer is here at all is asked by km_x509_anchor_is_revoked. */
static int look_over(int ok, X509_STORE_CTX *ctx)
{
    int error = X509_STORE_CTX_get_error(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    bool is_anchor = depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1;
    if (ok != 0 || (error != X509_V_ERR_UNABLE_TO_GET_CRL && !(is_anchor && is_about_crl(error))))
        return ok;
    error = is_anchor ? X509_V_OK : km_x509_crl_passed_over(ctx, depth);
    X509_STORE_CTX_set_error(ctx, error);
    return error == X509_V_OK;
}

static bool set_up(X509_STORE_CTX *ctx, const struct km_x509_trust *trust,
                   const struct km_x509_wish *wish)
{
    static const int PURPOSES[] = {
        [KM_CERTS_PURPOSE_ANY] = 0,
        [KM_CERTS_PURPOSE_TLS_SERVER] = X509_PURPOSE_SSL_SERVER,
        [KM_CERTS_PURPOSE_TLS_CLIENT] = X509_PURPOSE_SSL_CLIENT,
    };
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    int purpose = PURPOSES[wish->purpose];
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    if (trust->has_crls)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_auth_level(param, KM_X509_AUTH_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, (int)KM_CERTS_CHAIN_MAX);
    X509_VERIFY_PARAM_set_time(param, (time_t)wish->now);
    X509_STORE_CTX_set_verify_cb(ctx, look_over);
    return X509_VERIFY_PARAM_set_flags(param, flags) == 1 && km_x509_host_set(param, wish->host) &&
           (purpose == 0 || X509_VERIFY_PARAM_set_purpose(param, purpose) == 1);
}

/* Keys and hashes that this service has, and that its administrator allows. */
static bool is_usual(X509 *x509, bool is_anchor, const struct km_x509_wish *wish)
{
    EVP_PKEY *key = X509_get0_pubkey(x509);
    int hash = NID_undef;
    int kind = NID_undef;
    bool is_ed25519 = key != NULL && EVP_PKEY_is_a(key, "ED25519");
    if (!km_x509_key_is_usual(key) && !(is_ed25519 && wish->allows_ed25519))
        return false;
    /* Who signed an anchor, and how, is nobody's business. */
    if (is_anchor)
        return true;
    return X509_get_signature_info(x509, &hash, &kind, NULL, NULL) == 1 &&
           (km_x509_hash_is_usual(hash) || (kind == NID_ED25519 && wish->allows_ed25519));
}

/*
 * libcrypto takes an issuer without basicConstraints for an authority when keyUsage or an old Netscape extension says so: not
 * so here (RFC 5280, 6.1.4 k).
 */
static enum km_certs_verdict check_path(X509_STORE_CTX *ctx, const struct km_x509_wish *wish,
                                        uint32_t *ret_depth)
{
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    int last = sk_X509_num(path) - 1;
    for (int i = 0; i <= last; i++) {
        *ret_depth = (uint32_t)i;
        if (!is_usual(sk_X509_value(path, i), i == last, wish))
            return KM_CERTS_BAD_SIGNATURE;
        if (i > 0 && X509_check_ca(sk_X509_value(path, i)) != 1)
            return KM_CERTS_NOT_AUTHORITY;
    }
    if (km_x509_anchor_is_revoked(ctx, sk_X509_value(path, last)))
        return KM_CERTS_REVOKED;
    *ret_depth = 0;
    return km_x509_host_check(path, wish->host);
}

static enum km_certs_verdict verify(const struct km_x509_trust *trust, X509 *leaf,
                                    STACK_OF(X509) * others, const struct km_x509_wish *wish,
                                    uint32_t *ret_depth)
{
    KM_AUTO(ctx_freep)
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(km_x509_libctx(), NULL);
    if (ctx == NULL || X509_STORE_CTX_init(ctx, trust->store, leaf, others) != 1 ||
        !set_up(ctx, trust, wish))
        return KM_CERTS_MALFORMED;
    if (X509_verify_cert(ctx) == 1)
        return check_path(ctx, wish, ret_depth);
    int error = X509_STORE_CTX_get_error(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    *ret_depth = depth > 0 ? (uint32_t)depth : 0;
    return error == X509_V_OK ? KM_CERTS_MALFORMED : verdict_of(error);
}

enum km_certs_verdict km_x509_verify(const struct km_x509_trust *trust,
                                     const struct km_slice *chain, size_t n,
                                     const struct km_x509_wish *wish, uint32_t *ret_depth)
{
    KM_AUTO(certificates_freep) STACK_OF(X509) *others = sk_X509_new_null();
    KM_AUTO(km_x509_freep) X509 *leaf = km_x509_parse(chain[0]);
    bool ok = leaf != NULL && others != NULL;
    *ret_depth = 0;
    for (size_t i = 1; ok && i < n; i++) {
        KM_AUTO(km_x509_freep) X509 *one = km_x509_parse(chain[i]);
        *ret_depth = (uint32_t)i;
        ok = one != NULL && sk_X509_push(others, one) > 0;
        if (ok)
            one = NULL;
    }
    enum km_certs_verdict verdict =
        ok ? verify(trust, leaf, others, wish, ret_depth) : KM_CERTS_MALFORMED;
    ERR_clear_error();
    return verdict;
}
