/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at in a client's certificate instead of TLS. */
#include "tests/unit/km_test.h"

#include "cloud/admission/trust.h"
#include "tests/unit/cert_maker.h"

static void test_look(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        const char *says; /* NULL: all is well */
    } rows[] = {
        {"cn=a|na=20991231235959Z", NULL},
        {"cn=a|na=20991231235959Z|v1", NULL},
        {"cn=a|na=20991231235959Z|key=RSA2048", NULL},
        {"cn=a|na=20991231235959Z|eku=clientAuth", NULL},
        {"cn=a|na=20991231235959Z|eku=serverAuth", "its certificate is not for clients"},
        {"cn=a|na=20991231235959Z|key=RSA1024", "the key of its certificate is too weak"},
        {"cn=a|na=20240101000000Z", "its certificate has expired"},
        {"cn=a|nb=20981231235959Z|na=20991231235959Z", "its certificate is not valid yet"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct made_cert cert = {0};
        cert_make(rows[i].how, NULL, &cert);
        const char *why = km_trust_look(cert.x509);
        if (why == NULL || rows[i].says == NULL)
            assert_true(why == rows[i].says);
        else
            assert_string_equal(why, rows[i].says);
        cert_free(&cert);
    }
}

static void test_issued(void **state)
{
    (void)state;
    struct made_cert ca = {0};
    struct made_cert sibling = {0};
    struct made_cert old = {0};
    struct made_cert device = {0};
    struct made_cert damaged = {0};
    struct made_cert of_old = {0};
    const char *why = "?";
    cert_make("ca|cn=ca|na=20991231235959Z", NULL, &ca);
    cert_make("ca|cn=ca|na=20991231235959Z|key=P-384", NULL, &sibling);
    cert_make("ca|cn=old|na=20240101000000Z", NULL, &old);
    cert_make("cn=device", &ca, &device);
    cert_make("cn=device|flip", &ca, &damaged);
    cert_make("cn=device", &old, &of_old);
    assert_true(km_trust_issued(ca.x509, device.x509, &why));
    assert_null(why);
    assert_false(km_trust_issued(sibling.x509, device.x509, &why)); /* the same name */
    assert_false(km_trust_issued(ca.x509, damaged.x509, &why));
    assert_false(km_trust_issued(old.x509, device.x509, &why));
    assert_false(km_trust_issued(device.x509, device.x509, &why));
    assert_true(km_trust_issued(old.x509, of_old.x509, &why));
    assert_string_equal(why, "its CA's certificate has expired");
    struct made_cert *const all[] = {&ca, &sibling, &old, &device, &damaged, &of_old};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        cert_free(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_issued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
