/* SPDX-License-Identifier: Apache-2.0 */
/* The form check of certificates and requests, on real ones and on everything near them. */
#include "tests/unit/km_test.h"

#include "format/cert_form.h"

#define OCTETS_MAX 4096u

struct sample {
    const char *file;
    enum km_cert_form form;
};

static const struct sample samples[] = {
    {"v3_ec.der", KM_CERT_CERTIFICATE},
    {"v1_rsa.der", KM_CERT_CERTIFICATE},
    {"v3_ed25519_empty_subject.der", KM_CERT_CERTIFICATE},
    {"rsa_csr.der", KM_CERT_REQUEST},
    {"ec_csr.der", KM_CERT_REQUEST},
};

/* Into the heap and of exactly that length, so that a sanitizer sees a read beyond it. */
static uint8_t *load(const char *file, size_t extra, size_t *ret_len)
{
    char path[512];
    uint8_t octets[OCTETS_MAX] = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", SAMPLES, file);
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    size_t len = fread(octets, 1, sizeof(octets), in);
    (void)fclose(in);
    assert_in_range(len, 64, OCTETS_MAX - 1);
    uint8_t *copy = calloc(1, len + extra);
    assert_non_null(copy);
    km_copy(copy, len + extra, octets, len);
    *ret_len = len;
    return copy;
}

static enum km_cert_form other(enum km_cert_form form)
{
    return form == KM_CERT_REQUEST ? KM_CERT_CERTIFICATE : KM_CERT_REQUEST;
}

static void test_real_ones_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        size_t len = 0;
        uint8_t *der = load(samples[i].file, 0, &len);
        assert_true(km_cert_form_is(samples[i].form, KM_SLICE(der, len)));
        assert_false(km_cert_form_is(other(samples[i].form), KM_SLICE(der, len)));
        free(der);
    }
}

static void test_cut_at_every_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        size_t len = 0;
        uint8_t *der = load(samples[i].file, 0, &len);
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *part = malloc(cut + 1);
            assert_non_null(part);
            km_copy(part, cut + 1, der, cut);
            assert_false(km_cert_form_is(samples[i].form, KM_SLICE(part, cut)));
            free(part);
        }
        free(der);
    }
}

static void test_one_octet_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        size_t len = 0;
        uint8_t *der = load(samples[i].file, 1, &len);
        assert_false(km_cert_form_is(samples[i].form, KM_SLICE(der, len + 1)));
        free(der);
    }
}

/* No flip may crash or make a certificate a request; one in a tag or length near the start must not pass. */
static void test_flip_every_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(samples); i++) {
        size_t len = 0;
        uint8_t *der = load(samples[i].file, 0, &len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            der[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            bool passed = km_cert_form_is(samples[i].form, KM_SLICE(der, len));
            assert_false(km_cert_form_is(other(samples[i].form), KM_SLICE(der, len)));
            if (bit < 8 * 5)
                assert_false(passed);
            der[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
        free(der);
    }
}

static void test_too_deep(void **state)
{
    (void)state;
    uint8_t der[200] = {0};
    for (size_t depth = 1; depth <= 60; depth++) {
        for (size_t i = 0; i < depth; i++) {
            der[2 * i] = 0x30;
            der[2 * i + 1] = (uint8_t)(2 * (depth - i - 1));
        }
        assert_false(km_cert_form_is(KM_CERT_CERTIFICATE, KM_SLICE(der, 2 * depth)));
    }
    assert_false(km_cert_form_is(KM_CERT_CERTIFICATE, KM_SLICE(NULL, 0)));
}

/* The algorithm named outside the signature must be the one inside. */
static void test_two_algorithms(void **state)
{
    (void)state;
    static const uint8_t ecdsa_sha256[] = {0x06, 0x08, 0x2a, 0x86, 0x48,
                                           0xce, 0x3d, 0x04, 0x03, 0x02};
    size_t len = 0;
    uint8_t *der = load("v3_ec.der", 0, &len);
    size_t last = 0;
    for (size_t i = 0; i + sizeof(ecdsa_sha256) <= len; i++) {
        if (memcmp(der + i, ecdsa_sha256, sizeof(ecdsa_sha256)) == 0)
            last = i;
    }
    assert_int_not_equal(last, 0);
    der[last + sizeof(ecdsa_sha256) - 1] = 0x03; /* SHA-384 outside only */
    assert_false(km_cert_form_is(KM_CERT_CERTIFICATE, KM_SLICE(der, len)));
    free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_ones_pass), cmocka_unit_test(test_cut_at_every_octet),
        cmocka_unit_test(test_one_octet_more), cmocka_unit_test(test_flip_every_bit),
        cmocka_unit_test(test_too_deep),       cmocka_unit_test(test_two_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
