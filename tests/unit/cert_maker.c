/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cert_maker.h"

#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/unit/km_test.h"

#define WORDS_MAX 24u
#define KEYS_MAX 64u

/* ---- words ---- */

struct words {
    char text[1024];
    char *at[WORDS_MAX];
    unsigned n;
};

static void split(const char *how, struct words *ret)
{
    char *rest = NULL;
    (void)snprintf(ret->text, sizeof(ret->text), "%s", how);
    ret->n = 0;
    for (char *word = strtok_r(ret->text, "|", &rest); word != NULL;
         word = strtok_r(NULL, "|", &rest)) {
        assert_in_range(ret->n, 0, WORDS_MAX - 1);
        ret->at[ret->n++] = word;
    }
}

/* What stands after NAME=, the last one; NULL: it is not there. */
static const char *value(const struct words *words, const char *name)
{
    size_t len = strlen(name);
    for (unsigned i = words->n; i-- > 0;) {
        if (strncmp(words->at[i], name, len) == 0 && words->at[i][len] == '=')
            return words->at[i] + len + 1;
    }
    return NULL;
}

static const char *value_or(const struct words *words, const char *name, const char *otherwise)
{
    const char *found = value(words, name);
    return found != NULL ? found : otherwise;
}

static bool has(const struct words *words, const char *word)
{
    for (unsigned i = 0; i < words->n; i++) {
        if (strcmp(words->at[i], word) == 0)
            return true;
    }
    return false;
}

/* ---- keys: making RSA keys takes long ---- */

static EVP_PKEY *new_key(const char *kind)
{
    if (strncmp(kind, "RSA", 3) == 0)
        return EVP_RSA_gen((unsigned)strtoul(kind + 3, NULL, 10));
    if (strncmp(kind, "ED25519", 7) == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    char group[16] = {0};
    (void)snprintf(group, sizeof(group), "%.*s", (int)strcspn(kind, "/"), kind);
    return EVP_EC_gen(group);
}

static EVP_PKEY *key_of(const char *kind)
{
    static struct {
        char kind[32];
        EVP_PKEY *key;
    } known[KEYS_MAX];
    static unsigned n_known;
    unsigned i = 0;
    while (i < n_known && strcmp(known[i].kind, kind) != 0)
        i++;
    if (i == n_known) {
        assert_in_range(n_known, 0, KEYS_MAX - 1);
        (void)snprintf(known[i].kind, sizeof(known[i].kind), "%s", kind);
        known[i].key = new_key(kind);
        assert_non_null(known[i].key);
        n_known++;
    }
    assert_int_equal(EVP_PKEY_up_ref(known[i].key), 1);
    return known[i].key;
}

/* ---- parts ---- */

static X509_NAME *name_of(const char *cn, const char *organization)
{
    X509_NAME *name = X509_NAME_new();
    if (organization != NULL)
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                                                    (const uint8_t *)organization, -1, -1, 0),
                         1);
    if (cn[0] != 0)
        assert_int_equal(
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0),
            1);
    return name;
}

static void set_time(ASN1_TIME *time, const char *text, long otherwise)
{
    if (text != NULL)
        assert_int_equal(ASN1_TIME_set_string(time, text), 1);
    else
        assert_non_null(ASN1_TIME_adj(time, CERT_MAKER_NOW, 0, otherwise));
}

/* Names that stand in name constraints. */
static CONF *sections(void)
{
    static const char TEXT[] = "[example]\nO=Example\n[other]\nO=Other\n";
    static CONF *conf;
    if (conf != NULL)
        return conf;
    BIO *in = BIO_new_mem_buf(TEXT, -1);
    long line = 0;
    conf = NCONF_new(NULL);
    assert_int_equal(NCONF_load_bio(conf, in, &line), 1);
    BIO_free(in);
    return conf;
}

static void add_known(X509 *x509, X509 *issuer, int nid, const char *text)
{
    X509V3_CTX ctx = {0};
    if (text == NULL || text[0] == 0)
        return;
    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
    X509V3_set_nconf(&ctx, sections());
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(sections(), &ctx, nid, text);
    if (extension == NULL)
        fail_msg("extension %s: %s", OBJ_nid2sn(nid), text);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509_EXTENSION *odd_extension(const char *oid, bool is_critical)
{
    static const uint8_t null[] = {0x05, 0x00};
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(octets, null, sizeof(null)), 1);
    X509_EXTENSION *extension =
        X509_EXTENSION_create_by_OBJ(NULL, object, is_critical ? 1 : 0, octets);
    assert_non_null(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
    return extension;
}

static void add_odd(X509 *x509, const char *oid, bool is_critical)
{
    if (oid == NULL)
        return;
    X509_EXTENSION *extension = odd_extension(oid, is_critical);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_extensions(X509 *x509, X509 *issuer, const struct words *words)
{
    bool is_ca = has(words, "ca");
    add_known(x509, issuer, NID_basic_constraints,
              value_or(words, "bc", is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE"));
    add_known(x509, issuer, NID_key_usage,
              value_or(words, "ku", is_ca ? "critical,keyCertSign,cRLSign" : "digitalSignature"));
    add_known(x509, issuer, NID_ext_key_usage, value(words, "eku"));
    add_known(x509, issuer, NID_subject_alt_name,
              value_or(words, "san", is_ca ? "" : "DNS:leaf.example,IP:10.1.2.3"));
    add_known(x509, issuer, NID_name_constraints, value(words, "nc"));
    add_known(x509, issuer, NID_certificate_policies, value(words, "policies"));
    add_known(x509, issuer, NID_netscape_cert_type, value(words, "nscert"));
    add_known(x509, issuer, NID_subject_key_identifier, value_or(words, "ski", "hash"));
    if (X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0)
        add_known(x509, issuer, NID_authority_key_identifier, value_or(words, "aki", "keyid"));
    add_odd(x509, value(words, "critical"), true);
    add_odd(x509, value(words, "odd"), false);
}

/* ---- certificates ---- */

static void sign(X509 *x509, EVP_PKEY *with, const struct words *words)
{
    const char *md = value_or(words, "md", "SHA256");
    bool is_pure = EVP_PKEY_is_a(with, "ED25519") == 1;
    assert_true(X509_sign(x509, with, is_pure ? NULL : EVP_get_digestbyname(md)) > 0);
}

/* The last octet but some of the whole: inside the signature's second number. */
static void flip(uint8_t *der, size_t len)
{
    der[len - 5] ^= 0x10;
}

static void encode(struct made_cert *cert, bool is_flipped)
{
    cert->der = NULL;
    int len = i2d_X509(cert->x509, &cert->der);
    assert_true(len > 0);
    cert->len = (size_t)len;
    if (!is_flipped)
        return;
    const uint8_t *at = cert->der;
    flip(cert->der, cert->len);
    X509_free(cert->x509);
    cert->x509 = d2i_X509(NULL, &at, len);
    assert_non_null(cert->x509);
}

static void set_fields(X509 *x509, const struct made_cert *issuer, const struct words *words)
{
    X509_NAME *subject = name_of(value_or(words, "cn", "leaf"), value(words, "dn"));
    X509_NAME *other =
        value(words, "issuer") != NULL
            ? name_of(value(words, "issuer"), NULL)
            : X509_NAME_dup(issuer != NULL ? X509_get_subject_name(issuer->x509) : subject);
    assert_int_equal(X509_set_version(x509, has(words, "v1") ? 0 : 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509),
                                      strtol(value_or(words, "serial", "7"), NULL, 10)),
                     1);
    assert_int_equal(X509_set_subject_name(x509, subject), 1);
    assert_int_equal(X509_set_issuer_name(x509, other), 1);
    set_time(X509_getm_notBefore(x509), value(words, "nb"), -100000000);
    set_time(X509_getm_notAfter(x509), value(words, "na"), 100000000);
    X509_NAME_free(subject);
    X509_NAME_free(other);
}

void cert_make(const char *how, const struct made_cert *issuer, struct made_cert *ret)
{
    struct words words = {.n = 0};
    split(how, &words);
    *ret = (struct made_cert){.x509 = X509_new(), .key = key_of(value_or(&words, "key", "P-256"))};
    set_fields(ret->x509, issuer, &words);
    assert_int_equal(X509_set_pubkey(ret->x509, ret->key), 1);
    if (!has(&words, "v1"))
        add_extensions(ret->x509, issuer != NULL ? issuer->x509 : ret->x509, &words);
    sign(ret->x509, issuer != NULL ? issuer->key : ret->key, &words);
    encode(ret, has(&words, "flip"));
}

void cert_free(struct made_cert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    OPENSSL_free(cert->der);
    *cert = (struct made_cert){0};
}

struct km_slice cert_der(const struct made_cert *cert)
{
    return KM_SLICE(cert->der, cert->len);
}

/* ---- revocation lists ---- */

static void add_entries(X509_CRL *crl, const struct words *words)
{
    char text[256] = {0};
    char *rest = NULL;
    (void)snprintf(text, sizeof(text), "%s", value_or(words, "serials", ""));
    for (char *one = strtok_r(text, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        ASN1_TIME *when = ASN1_TIME_adj(NULL, CERT_MAKER_NOW, 0, -1000);
        assert_int_equal(ASN1_INTEGER_set(serial, strtol(one, NULL, 10)), 1);
        assert_int_equal(X509_REVOKED_set_serialNumber(entry, serial), 1);
        assert_int_equal(X509_REVOKED_set_revocationDate(entry, when), 1);
        if (has(words, "entry")) {
            X509_EXTENSION *odd = odd_extension("1.2.3.4", true);
            assert_int_equal(X509_REVOKED_add_ext(entry, odd, -1), 1);
            X509_EXTENSION_free(odd);
        }
        assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
        ASN1_INTEGER_free(serial);
        ASN1_TIME_free(when);
    }
}

static void add_crl_known(X509_CRL *crl, X509 *by, int nid, const char *text)
{
    X509V3_CTX ctx = {0};
    X509V3_set_ctx(&ctx, by, NULL, NULL, crl, 0);
    X509V3_set_nconf(&ctx, sections());
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(sections(), &ctx, nid, text);
    assert_non_null(extension);
    assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_number(X509_CRL *crl, int nid, long number, bool is_critical)
{
    ASN1_INTEGER *integer = ASN1_INTEGER_new();
    assert_int_equal(ASN1_INTEGER_set(integer, number), 1);
    assert_int_equal(X509_CRL_add1_ext_i2d(crl, nid, integer, is_critical ? 1 : 0, 0), 1);
    ASN1_INTEGER_free(integer);
}

static void add_crl_extensions(X509_CRL *crl, X509 *by, const struct words *words)
{
    const char *number = value_or(words, "number", "1");
    if (X509_get_ext_by_NID(by, NID_subject_key_identifier, -1) >= 0 && !has(words, "noaki"))
        add_crl_known(crl, by, NID_authority_key_identifier, "keyid");
    if (number[0] != 0)
        add_number(crl, NID_crl_number, strtol(number, NULL, 10), false);
    if (has(words, "delta"))
        add_number(crl, NID_delta_crl, 1, true);
    if (has(words, "idp"))
        add_crl_known(crl, by, NID_issuing_distribution_point, "critical,onlyuser:TRUE");
    if (has(words, "critical")) {
        X509_EXTENSION *odd = odd_extension("1.2.3.4", true);
        assert_int_equal(X509_CRL_add_ext(crl, odd, -1), 1);
        X509_EXTENSION_free(odd);
    }
}

uint8_t *crl_make(const char *how, const struct made_cert *by, size_t *ret_len)
{
    struct words words = {.n = 0};
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    uint8_t *der = NULL;
    split(how, &words);
    assert_int_equal(X509_CRL_set_version(crl, has(&words, "v1") ? 0 : 1), 1);
    assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->x509)), 1);
    set_time(time, value(&words, "this"), -1000);
    assert_int_equal(X509_CRL_set1_lastUpdate(crl, time), 1);
    set_time(time, value(&words, "next"), 1000000);
    if (!has(&words, "endless"))
        assert_int_equal(X509_CRL_set1_nextUpdate(crl, time), 1);
    ASN1_TIME_free(time);
    add_entries(crl, &words);
    if (!has(&words, "v1"))
        add_crl_extensions(crl, by->x509, &words);
    assert_int_equal(X509_CRL_sort(crl), 1);
    assert_true(
        X509_CRL_sign(crl, by->key, EVP_get_digestbyname(value_or(&words, "md", "SHA256"))) > 0);
    int len = i2d_X509_CRL(crl, &der);
    assert_true(len > 0);
    X509_CRL_free(crl);
    *ret_len = (size_t)len;
    if (has(&words, "flip"))
        flip(der, *ret_len);
    return der;
}
