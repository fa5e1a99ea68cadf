/* SPDX-License-Identifier: Apache-2.0 */
/* The host that is asked for: what libcrypto is told of it, and what it does not ask. */
#include "ta/certs/x509_openssl.h"

#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

bool km_x509_host_is_sound(struct km_slice host)
{
    static const char ALLOWED[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == 0 || strchr(ALLOWED, host.ptr[i]) == NULL)
            return false;
    }
    /* libcrypto takes a leading dot for "any below": nobody is to ask for that. */
    return host.len <= KM_CERTS_HOST_MAX && (host.len == 0 || host.ptr[0] != '.');
}

/* With its NUL, as libcrypto wants it. */
struct text {
    char at[KM_CERTS_HOST_MAX + 1];
    size_t len;
};

static struct text text_of(struct km_slice host)
{
    struct text text = {.len = host.len};
    km_copy(text.at, KM_CERTS_HOST_MAX, host.ptr, host.len);
    return text;
}

bool km_x509_host_set(X509_VERIFY_PARAM *param, struct km_slice host)
{
    if (host.len == 0)
        return true;
    struct text text = text_of(host);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, text.at) == 1)
        return true;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, text.at, text.len) == 1;
}

/* ---- below name constraints ---- */

/* Whether a host is the base of a subtree or below it; a base with a leading dot: below it (RFC 5280, 4.2.1.10). */
static bool is_within(const struct text *host, const ASN1_STRING *base)
{
    const char *at = (const char *)ASN1_STRING_get0_data(base);
    size_t len = (size_t)ASN1_STRING_length(base);
    if (len == 0)
        return true;
    if (len > host->len || strncasecmp(host->at + host->len - len, at, len) != 0)
        return false;
    return len == host->len || at[0] == '.' || host->at[host->len - len - 1] == '.';
}

static bool excludes(const X509 *authority, const struct text *host)
{
    NAME_CONSTRAINTS *names = X509_get_ext_d2i(authority, NID_name_constraints, NULL, NULL);
    bool is_excluded = names == NULL;
    for (int i = 0; names != NULL && i < sk_GENERAL_SUBTREE_num(names->excludedSubtrees); i++) {
        int type = 0;
        const GENERAL_SUBTREE *subtree = sk_GENERAL_SUBTREE_value(names->excludedSubtrees, i);
        const void *base = GENERAL_NAME_get0_value(subtree->base, &type);
        is_excluded = is_excluded || (type == GEN_DNS && is_within(host, base));
    }
    NAME_CONSTRAINTS_free(names);
    return is_excluded;
}

/* Whether an alternative name is the host: the common name is not asked. */
static bool is_named(X509 *leaf, const struct text *host)
{
    const unsigned flags =
        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    return X509_check_host(leaf, host->at, host->len, flags, NULL) == 1;
}

enum km_certs_verdict km_x509_host_check(const STACK_OF(X509) * path, struct km_slice host)
{
    X509 *leaf = sk_X509_value(path, 0);
    struct text text = text_of(host);
    bool is_constrained = false;
    if (host.len == 0 || X509_check_ip_asc(leaf, text.at, 0) == 1)
        return KM_CERTS_GOOD;
    for (int i = 1; i < sk_X509_num(path); i++) {
        const X509 *authority = sk_X509_value(path, i);
        if (X509_get_ext_by_NID(authority, NID_name_constraints, -1) < 0)
            continue;
        is_constrained = true;
        if (excludes(authority, &text))
            return KM_CERTS_NAME_CONSTRAINT;
    }
    return is_constrained && !is_named(leaf, &text) ? KM_CERTS_WRONG_HOST : KM_CERTS_GOOD;
}
