/* SPDX-License-Identifier: Apache-2.0 */
/* What policies see of a certificate. */
#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "cloud/policy/cert_values.h"
#include "tests/unit/cloud/policy_rig.h"

struct attribute {
    const char *name;
    int type;
    struct km_slice value;
};

#define TEXT(name, value)                                                                          \
    {                                                                                              \
        name, MBSTRING_UTF8, OCTETS(value)                                                         \
    }

static const struct attribute subject[] = {
    TEXT("C", "US"),
    TEXT("O", "IoT Devices"),
    TEXT("OU", "LightBulb"),
    TEXT("ST", "NY"),
    TEXT("CN", "Lamp, \"left\" \\ +1=<a>;"),
    TEXT("CN", "second"),
    TEXT("GN", "Bulb"),
    TEXT("initials", "ZZ"),
    TEXT("dnQualifier", "Bulb001"),
    TEXT("SN", "Multi Color"),
    TEXT("title", "RGB"),
    TEXT("pseudonym", "RGB Device"),
    TEXT("generationQualifier", "4"),
    TEXT("serialNumber", "123"),
    TEXT("L", "nobody asks"),
};

static const struct attribute issuer[] = {
    TEXT("O", "a"),
    TEXT("O", "b"),
    TEXT("O", "c"),
    TEXT("O", "d"),
    TEXT("O", "e"),
    TEXT("O", "f"),
    TEXT("CN", "Z\xc3\xbcrich CA"),
    {"OU", V_ASN1_BMPSTRING, OCTETS("\0Z\0\xfc")},
    {"ST", V_ASN1_T61STRING, OCTETS("Z\xfc")},
    {"SN", V_ASN1_UTF8STRING, OCTETS("nul\0here")},
};

static const char extensions[] =
    "[alt]\nsubjectAltName=DNS:example.com,DNS:b.example.com,IP:1.2.3.4,IP:2001:db8::1,"
    "URI:ResourceIdentifier001,email:device1@example.com,RID:1.2.3,dirName:dir\n"
    "issuerAltName=DNS:issuer.com,IP:5.6.7.8,URI:PrimarySignerCA,email:primary@issuer.com\n"
    "[dir]\nC=US\nO=IoT\nCN=Lamp, left\n";

static void put_name(X509_NAME *name, const struct attribute *attributes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, OBJ_txt2nid(attributes[i].name),
                                                    attributes[i].type, attributes[i].value.ptr,
                                                    (int)attributes[i].value.len, -1, 0),
                         1);
}

static void put_extensions(X509 *x509)
{
    BIO *text = BIO_new_mem_buf(extensions, -1);
    CONF *conf = NCONF_new(NULL);
    X509V3_CTX context = {0};
    long line = 0;
    assert_int_equal(NCONF_load_bio(conf, text, &line), 1);
    X509V3_set_ctx(&context, NULL, x509, NULL, NULL, 0);
    X509V3_set_nconf(&context, conf);
    assert_int_equal(X509V3_EXT_add_nconf(conf, &context, "alt", x509), 1);
    NCONF_free(conf);
    BIO_free(text);
}

/* The serial number is 0x921285cbb7a5e086. */
static struct km_slice make(bool has_names)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    BIGNUM *serial = NULL;
    unsigned char *der = NULL;
    assert_int_equal(X509_set_version(x509, 2), 1);
    assert_true(BN_hex2bn(&serial, "921285cbb7a5e086") > 0);
    assert_non_null(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)));
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    if (has_names) {
        put_name(X509_get_subject_name(x509), subject, KM_ARRAY_LEN(subject));
        put_name(X509_get_issuer_name(x509), issuer, KM_ARRAY_LEN(issuer));
        put_extensions(x509);
    }
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    BN_free(serial);
    X509_free(x509);
    EVP_PKEY_free(key);
    return KM_SLICE(der, (size_t)len);
}

static struct km_cert_values *read_good(struct km_slice der)
{
    struct km_err err = {0};
    struct km_cert_values *values = NULL;
    if (km_cert_values_read(&err, der, &values) != KM_OK)
        fail_msg("%s", err.text);
    return values;
}

static const struct {
    unsigned key;
    const char *values[6];
} expected[] = {
    {KM_POLICY_CERT_SERIAL_NUMBER, {"10525622389124227206"}},
    {KM_POLICY_SUBJECT + KM_POLICY_COUNTRY, {"US"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ORGANIZATION, {"IoT Devices"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ORGANIZATIONAL_UNIT, {"LightBulb"}},
    {KM_POLICY_SUBJECT + KM_POLICY_STATE, {"NY"}},
    {KM_POLICY_SUBJECT + KM_POLICY_COMMON_NAME,
     {"Lamp\\, \\\"left\\\" \\\\ \\+1\\=\\<a\\>\\;", "second"}},
    {KM_POLICY_SUBJECT + KM_POLICY_GIVEN_NAME, {"Bulb"}},
    {KM_POLICY_SUBJECT + KM_POLICY_INITIALS, {"ZZ"}},
    {KM_POLICY_SUBJECT + KM_POLICY_DN_QUALIFIER, {"Bulb001"}},
    {KM_POLICY_SUBJECT + KM_POLICY_SURNAME, {"Multi Color"}},
    {KM_POLICY_SUBJECT + KM_POLICY_TITLE, {"RGB"}},
    {KM_POLICY_SUBJECT + KM_POLICY_PSEUDONYM, {"RGB Device"}},
    {KM_POLICY_SUBJECT + KM_POLICY_GENERATION_QUALIFIER, {"4"}},
    {KM_POLICY_SUBJECT + KM_POLICY_NAME_SERIAL_NUMBER, {"123"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ALT_DNS_NAME, {"example.com", "b.example.com"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ALT_IP_ADDRESS, {"1.2.3.4", "2001:db8::1"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ALT_URI, {"ResourceIdentifier001"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ALT_RFC822_NAME, {"device1@example.com"}},
    {KM_POLICY_SUBJECT + KM_POLICY_ALT_DIRECTORY_NAME, {"CN=Lamp\\, left,O=IoT,C=US"}},
    {KM_POLICY_ISSUER + KM_POLICY_ORGANIZATION, {"a", "b", "c", "d", "e"}}, /* five at most */
    {KM_POLICY_ISSUER + KM_POLICY_COMMON_NAME, {"Z\xc3\xbcrich CA"}},
    {KM_POLICY_ISSUER + KM_POLICY_ORGANIZATIONAL_UNIT, {"Z\xc3\xbc"}},
    {KM_POLICY_ISSUER + KM_POLICY_STATE, {"Z\xc3\xbc"}},
    {KM_POLICY_ISSUER + KM_POLICY_ALT_DNS_NAME, {"issuer.com"}},
    {KM_POLICY_ISSUER + KM_POLICY_ALT_IP_ADDRESS, {"5.6.7.8"}},
    {KM_POLICY_ISSUER + KM_POLICY_ALT_URI, {"PrimarySignerCA"}},
    {KM_POLICY_ISSUER + KM_POLICY_ALT_RFC822_NAME, {"primary@issuer.com"}},
};

static void every_attribute_is_found(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig);
    struct km_slice der = make(true);
    KM_AUTO(km_cert_values_freep) struct km_cert_values *values = read_good(der);
    km_cert_values_put(values, &rig.context);
    size_t n_keys = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(expected); i++) {
        const struct km_policy_values *have = &rig.context.values[expected[i].key];
        size_t n = 0;
        for (; expected[i].values[n] != NULL; n++) {
            assert_true(n < have->n);
            if (!km_slice_equal(have->at[n], KM_SLICE_STR(expected[i].values[n])))
                fail_msg("%.*s is not %s", (int)have->at[n].len, (const char *)have->at[n].ptr,
                         expected[i].values[n]);
        }
        assert_int_equal(have->n, n);
    }
    for (unsigned key = 0; key < KM_POLICY_N_KEYS; key++)
        n_keys += key != KM_POLICY_CERT_KEYS && rig.context.values[key].n > 0;
    assert_int_equal(n_keys, KM_ARRAY_LEN(expected));
    assert_int_equal(rig.context.values[KM_POLICY_CERT_KEYS].n, KM_ARRAY_LEN(expected));
    OPENSSL_free((void *)der.ptr);
}

/* As policies would ask. */
static void policies_ask_for_them(void **state)
{
    static const char document[] = RIG_POLICY(RIG_STATEMENT(
        "Allow", "iot:Connect", "client/${iot:Certificate.SerialNumber}",
        ",\"Condition\":{\"ForAllValues:StringEquals\":{"
        "\"iot:Certificate.Issuer.Organization.List\":[\"a\",\"b\",\"c\",\"d\",\"e\"]},"
        "\"StringLike\":{\"iot:Certificate.Subject.CommonName\":\"Lamp\\\\,*\"},"
        "\"ForAnyValue:StringEquals\":{\"iot:Certificate.AvailableKeys\":"
        "\"iot:Certificate.Subject.AlternativeName.DNSName\"}}"));
    struct rig rig;
    (void)state;
    rig_init(&rig);
    struct km_slice der = make(true);
    KM_AUTO(km_cert_values_freep) struct km_cert_values *values = read_good(der);
    km_cert_values_put(values, &rig.context);
    OPENSSL_free((void *)der.ptr); /* values are copies */
    assert_int_equal(
        rig_decide(&rig, document, KM_POLICY_CONNECT, KM_POLICY_CLIENT, "10525622389124227206"),
        KM_POLICY_ALLOWED);
    assert_int_equal(rig_decide(&rig, document, KM_POLICY_CONNECT, KM_POLICY_CLIENT, "1"),
                     KM_POLICY_IMPLICIT_DENY);
}

static void a_certificate_without_names_has_a_number(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig);
    struct km_slice der = make(false);
    KM_AUTO(km_cert_values_freep) struct km_cert_values *values = read_good(der);
    km_cert_values_put(values, &rig.context);
    for (unsigned key = KM_POLICY_SUBJECT; key < KM_POLICY_N_KEYS; key++)
        assert_int_equal(rig.context.values[key].n, 0);
    assert_int_equal(rig.context.values[KM_POLICY_CERT_KEYS].n, 1);
    assert_true(km_slice_equal(rig.context.values[KM_POLICY_CERT_KEYS].at[0],
                               KM_SLICE_STR("iot:Certificate.SerialNumber")));
    OPENSSL_free((void *)der.ptr);
}

static void what_is_no_certificate_is_refused(void **state)
{
    static uint8_t large[KM_CERT_VALUES_DER_MAX + 1];
    struct km_cert_values *values = NULL;
    struct km_slice der = make(true);
    (void)state;
    ERR_clear_error();
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        km_copy(copy, len + 1, der.ptr, len);
        assert_int_equal(km_cert_values_read(NULL, KM_SLICE(copy, len), &values), KM_E_MALFORMED);
        free(copy);
    }
    km_copy(large, sizeof(large), der.ptr, der.len);
    assert_int_equal(km_cert_values_read(NULL, KM_SLICE(large, der.len + 1), &values),
                     KM_E_MALFORMED);
    assert_int_equal(km_cert_values_read(NULL, KM_SLICE(large, sizeof(large)), &values),
                     KM_E_LIMIT);
    assert_null(values);
    assert_int_equal(ERR_peek_error(), 0);
    OPENSSL_free((void *)der.ptr);
}

static void flipped_certificates_do_no_harm(void **state)
{
    struct km_slice der = make(true);
    uint8_t *copy = malloc(der.len);
    (void)state;
    assert_non_null(copy);
    for (size_t at = 0; at < der.len; at++) {
        KM_AUTO(km_cert_values_freep) struct km_cert_values *values = NULL;
        km_copy(copy, der.len, der.ptr, der.len);
        copy[at] ^= (uint8_t)(1u << (at % 8));
        km_status status = km_cert_values_read(NULL, KM_SLICE(copy, der.len), &values);
        assert_int_equal(status == KM_OK, values != NULL);
    }
    assert_int_equal(ERR_peek_error(), 0);
    free(copy);
    OPENSSL_free((void *)der.ptr);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attribute_is_found),
        cmocka_unit_test(policies_ask_for_them),
        cmocka_unit_test(a_certificate_without_names_has_a_number),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(flipped_certificates_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
