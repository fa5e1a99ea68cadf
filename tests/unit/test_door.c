/* SPDX-License-Identifier: Apache-2.0 */
/* URIs, key references and public keys at the doors: what is taken, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/km_der.h"
#include "interop/door/door_error.h"
#include "interop/door/door_key.h"
#include "interop/door/door_reference.h"
#include "interop/door/door_uri.h"

#define DIGEST_BUT_ONE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define DIGEST DIGEST_BUT_ONE "f"
#define UPPER_DIGEST DIGEST_BUT_ONE "F"
#define NAME_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void test_uri_taken(void **state)
{
    static const struct {
        const char *uri;
        enum km_door_kind kind;
        const char *name, *file, *password_name;
    } rows[] = {
        {"clrc:device", KM_DOOR_ANY, "device", "", ""},
        {"clrc:com.seqlabs.oem_device_key", KM_DOOR_ANY, "com.seqlabs.oem_device_key", "", ""},
        {"clrc:key=device", KM_DOOR_KEY, "device", "", ""},
        {"clrc:cert=device", KM_DOOR_CERT, "device", "", ""},
        {"clrc:cert%3ddevice", KM_DOOR_ANY, "cert=device", "", ""},
        {"clrc:a%20b%2Fc%3f", KM_DOOR_ANY, "a b/c?", "", ""},
        {"clrc:schl%C3%BCssel", KM_DOOR_ANY, "schl\xc3\xbcssel", "", ""},
        {"clrc:" NAME_63, KM_DOOR_ANY, NAME_63, "", ""},
        {"clrc:k?password=file:/etc/p%20w", KM_DOOR_ANY, "k", "/etc/p w", ""},
        {"clrc:k?password=file:pw&password-name=o", KM_DOOR_ANY, "k", "pw", "o"},
        {"clrc:k?password-name=o%26p", KM_DOOR_ANY, "k", "", "o&p"},
        {"clrc:k?", KM_DOOR_ANY, "k", "", ""},
        {"clrc:k?pss=any", KM_DOOR_ANY, "k", "", ""},
        {"clrc:key=k?password=file:a&pss=sha512", KM_DOOR_KEY, "k", "a", ""},
        {"clrc:cert-sha256=" DIGEST, KM_DOOR_STORED_CERT, "", "", ""},
        {"clrc:", KM_DOOR_ALL, "", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_door_uri uri = {0};
        struct km_door_uri again = {0};
        char text[1024] = {0};
        struct km_wr wr = km_wr_init(text, sizeof(text));
        struct km_slice printed = {0};
        assert_int_equal(km_door_uri_parse(NULL, KM_SLICE_STR(rows[i].uri), &uri), KM_OK);
        assert_int_equal(uri.kind, rows[i].kind);
        assert_string_equal(uri.name, rows[i].name);
        assert_string_equal(uri.password_file, rows[i].file);
        assert_string_equal(uri.password_name, rows[i].password_name);
        km_door_uri_write(&wr, &uri);
        assert_true(km_wr_finish(&wr, &printed));
        assert_int_equal(km_door_uri_parse(NULL, printed, &again), KM_OK);
        assert_memory_equal(&uri, &again, sizeof(uri));
    }
}

static void test_uri_refused(void **state)
{
    static const struct {
        const char *uri;
        km_status status;
    } rows[] = {
        {"", KM_E_MALFORMED},
        {"clrc", KM_E_MALFORMED},
        {"pkcs11:object=x", KM_E_MALFORMED},
        {"CLRC:x", KM_E_MALFORMED},
        {"clrc:key=", KM_E_MALFORMED},
        {"clrc:cert=", KM_E_MALFORMED},
        {"clrc:" NAME_63 "x", KM_E_LIMIT},
        {"clrc:a%", KM_E_MALFORMED},
        {"clrc:a%4", KM_E_MALFORMED},
        {"clrc:a%zz", KM_E_MALFORMED},
        {"clrc:a%00b", KM_E_MALFORMED},
        {"clrc:%ff", KM_E_MALFORMED},
        {"clrc:%c0%80", KM_E_MALFORMED},
        {"clrc:k?password=secret", KM_E_MALFORMED},
        {"clrc:k?password=file:", KM_E_MALFORMED},
        {"clrc:k?password=file:a&password=file:b", KM_E_MALFORMED},
        {"clrc:k?password-name=", KM_E_MALFORMED},
        {"clrc:k?pss=", KM_E_MALFORMED},
        {"clrc:k?pss=sha1", KM_E_MALFORMED},
        {"clrc:k?pss=any&pss=any", KM_E_MALFORMED},
        {"clrc:cert=k?pss=any", KM_E_MALFORMED},
        {"clrc:cert-sha256=", KM_E_MALFORMED},
        {"clrc:cert-sha256=" DIGEST "0", KM_E_MALFORMED},
        {"clrc:cert-sha256=" DIGEST "?", KM_E_MALFORMED},
        {"clrc:cert-sha256=" UPPER_DIGEST, KM_E_MALFORMED},
        {"clrc:k?pin-value=1", KM_E_MALFORMED},
        {"clrc:k?&", KM_E_MALFORMED},
        {"clrc:cert=k?password=file:a", KM_E_MALFORMED},
        {"clrc:?password=file:a", KM_E_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        struct km_door_uri uri = {.name = "untouched"};
        assert_int_equal(km_door_uri_parse(&err, KM_SLICE_STR(rows[i].uri), &uri), rows[i].status);
        assert_true(err.text[0] != '\0');
        assert_string_equal(uri.name, "untouched");
    }
}

static void test_uri_whole_size(void **state)
{
    static char text[KM_DOOR_URI_MAX + 2];
    struct km_door_uri uri = {0};
    (void)state;
    memset(text, 'p', sizeof(text) - 1);
    km_copy(text, sizeof(text), "clrc:k?password=file:", 21);
    assert_int_equal(km_door_uri_parse(NULL, KM_SLICE(text, KM_DOOR_URI_MAX + 1), &uri),
                     KM_E_LIMIT);
    assert_int_equal(km_door_uri_parse(NULL, KM_SLICE(text, 21 + KM_DOOR_PATH_MAX + 1), &uri),
                     KM_E_LIMIT);
    assert_int_equal(km_door_uri_parse(NULL, KM_SLICE(text, 21 + KM_DOOR_PATH_MAX), &uri), KM_OK);
}

static size_t write_reference(uint8_t *buf, size_t cap, const char *marker, uint64_t version,
                              const char *uri)
{
    struct km_wr wr = km_wr_init(buf, cap);
    struct km_slice der = {0};
    size_t seq = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put(&wr, KM_DER_UTF8_STRING, KM_SLICE_STR(marker));
    km_der_put_u64(&wr, KM_DER_INTEGER, version);
    km_der_put(&wr, KM_DER_UTF8_STRING, KM_SLICE_STR(uri));
    km_der_end(&wr, seq);
    assert_true(km_wr_finish(&wr, &der));
    return der.len;
}

static void test_reference_der(void **state)
{
    uint8_t der[300] = {0};
    struct km_slice uri = {0};
    (void)state;
    size_t len = write_reference(der, sizeof(der), KM_DOOR_REFERENCE_MARKER, 1, "clrc:device");
    assert_true(km_door_reference_looks_so(KM_SLICE(der, len)));
    assert_int_equal(km_door_reference_parse(NULL, KM_SLICE(der, len), &uri), KM_OK);
    assert_true(km_slice_equal(uri, KM_SLICE_STR("clrc:device")));
    uint8_t again[300] = {0};
    struct km_wr wr = km_wr_init(again, sizeof(again));
    struct km_slice written = {0};
    km_door_reference_write(&wr, KM_SLICE_STR("clrc:device"));
    assert_true(km_wr_finish(&wr, &written));
    assert_true(km_slice_equal(written, KM_SLICE(der, len)));
    /* trailing octet, cut anywhere, any bit of the structure flipped */
    der[len] = 0;
    assert_int_equal(km_door_reference_parse(NULL, KM_SLICE(der, len + 1), &uri), KM_E_MALFORMED);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(km_door_reference_parse(NULL, KM_SLICE(der, cut), &uri), KM_E_MALFORMED);
    size_t fixed = len - strlen("clrc:device");
    for (size_t bit = 0; bit < 8 * fixed; bit++) {
        der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(km_door_reference_parse(NULL, KM_SLICE(der, len), &uri), KM_OK);
        der[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    len = write_reference(der, sizeof(der), KM_DOOR_REFERENCE_MARKER, 2, "clrc:device");
    assert_int_equal(km_door_reference_parse(NULL, KM_SLICE(der, len), &uri), KM_E_UNSUPPORTED);
    len = write_reference(der, sizeof(der), "Keymoor key deference", 1, "clrc:device");
    assert_int_equal(km_door_reference_parse(NULL, KM_SLICE(der, len), &uri), KM_E_MALFORMED);
    assert_false(km_door_reference_looks_so(KM_SLICE(der, len)));
}

/* The example of docs/formats.md. */
static const char example[] = "-----BEGIN KEYMOOR KEY REFERENCE-----\n"
                              "MCcMFUtleW1vb3Iga2V5IHJlZmVyZW5jZQIBAQwLY2xyYzpkZXZpY2U=\n"
                              "-----END KEYMOOR KEY REFERENCE-----\n";

static void test_reference_pem(void **state)
{
    uint8_t der[300] = {0};
    uint8_t expected[300] = {0};
    size_t len = 0;
    (void)state;
    size_t expected_len =
        write_reference(expected, sizeof(expected), KM_DOOR_REFERENCE_MARKER, 1, "clrc:device");
    char text[600] = "a certificate may stand before\n-----BEGIN CERTIFICATE-----\nAAAA\n"
                     "-----END CERTIFICATE-----\r\n";
    size_t before = strlen(text);
    km_copy(text + before, sizeof(text) - before, example, sizeof(example));
    assert_int_equal(
        km_door_reference_from_pem(NULL, KM_SLICE_STR(text), KM_SPAN(der, sizeof(der)), &len),
        KM_OK);
    assert_int_equal(len, expected_len);
    assert_memory_equal(der, expected, len);
    assert_int_equal(km_door_reference_from_pem(NULL, KM_SLICE_STR(text), KM_SPAN(der, 8), &len),
                     KM_E_LIMIT);
    assert_int_equal(
        km_door_reference_from_pem(NULL, KM_SLICE(text, before), KM_SPAN(der, sizeof(der)), &len),
        KM_E_NOTFOUND);
    for (size_t cut = before + 40; cut < strlen(text) - 1; cut++)
        assert_int_equal(
            km_door_reference_from_pem(NULL, KM_SLICE(text, cut), KM_SPAN(der, sizeof(der)), &len),
            KM_E_MALFORMED);
    static const char *const damage[] = {"MC*M", "MC=M", "MCcMF", "===="};
    for (size_t i = 0; i < KM_ARRAY_LEN(damage); i++) {
        char broken[200] = {0};
        km_copy(broken, sizeof(broken), example, strlen(example));
        km_copy(broken + 38, sizeof(broken) - 38, damage[i], strlen(damage[i]));
        broken[38 + strlen(damage[i])] = '\n';
        km_status status =
            km_door_reference_from_pem(NULL, KM_SLICE_STR(broken), KM_SPAN(der, sizeof(der)), &len);
        assert_int_not_equal(status, KM_OK);
    }
}

static void test_public(void **state)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    uint8_t point[133] = {0x04, 1, 2, 3};
    uint8_t n[256] = {0xc1};
    uint8_t e[3] = {1, 0, 1};
    static const unsigned bits[] = {256, 384, 521};
    struct km_door_public parts = {0};
    struct km_slice spki = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bits); i++) {
        const struct km_door_curve *curve = km_door_curve_by_bits(bits[i]);
        size_t point_len = 1 + 2 * curve->coord_len;
        struct km_wr wr = km_wr_init(buf, sizeof(buf));
        km_door_public_write_ec(&wr, curve, KM_SLICE(point, point_len));
        assert_true(km_wr_finish(&wr, &spki));
        assert_int_equal(km_door_public_parse(NULL, spki, &parts), KM_OK);
        assert_ptr_equal(parts.curve, curve);
        assert_ptr_equal(km_door_curve_by_name(curve->nist_name), curve);
        assert_true(km_slice_equal(parts.point, KM_SLICE(point, point_len)));
        for (size_t cut = 0; cut < spki.len; cut++)
            assert_int_not_equal(km_door_public_parse(NULL, KM_SLICE(buf, cut), &parts), KM_OK);
        wr = km_wr_init(buf, sizeof(buf));
        km_door_public_write_ec(&wr, curve, KM_SLICE(point, point_len - 1));
        assert_true(km_wr_finish(&wr, &spki));
        assert_int_equal(km_door_public_parse(NULL, spki, &parts), KM_E_UNSUPPORTED);
    }
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_door_public_write_rsa(&wr, KM_SLICE(n, sizeof(n)), KM_SLICE(e, sizeof(e)));
    assert_true(km_wr_finish(&wr, &spki));
    assert_int_equal(km_door_public_parse(NULL, spki, &parts), KM_OK);
    assert_int_equal(parts.bits, 2048);
    assert_true(km_slice_equal(parts.n, KM_SLICE(n, sizeof(n))));
    for (size_t cut = 0; cut < spki.len; cut++)
        assert_int_not_equal(km_door_public_parse(NULL, KM_SLICE(buf, cut), &parts), KM_OK);
}

static void test_public_25519(void **state)
{
    static const enum km_door_family families[] = {KM_DOOR_ED25519, KM_DOOR_X25519};
    uint8_t point[KM_DOOR_POINT_25519 + 1] = {7, 8, 9};
    struct km_door_public parts[2] = {0};
    uint8_t buf[2][KM_DOOR_SPKI_MAX] = {0};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct km_wr wr = km_wr_init(buf[i], sizeof(buf[i]));
        struct km_slice spki = {0};
        km_door_public_write_25519(&wr, families[i], KM_SLICE(point, KM_DOOR_POINT_25519));
        assert_true(km_wr_finish(&wr, &spki));
        assert_int_equal(km_door_public_parse(NULL, spki, &parts[i]), KM_OK);
        assert_int_equal(parts[i].family, families[i]);
        assert_true(km_slice_equal(parts[i].point, KM_SLICE(point, KM_DOOR_POINT_25519)));
        assert_true(km_door_public_equal(&parts[i], &parts[i]));
        for (size_t cut = 0; cut < spki.len; cut++)
            assert_int_not_equal(km_door_public_parse(NULL, KM_SLICE(buf[i], cut), &parts[i]),
                                 KM_OK);
        for (size_t len = 0; len <= sizeof(point); len++) {
            uint8_t other[KM_DOOR_SPKI_MAX] = {0};
            struct km_door_public unused = {0};
            wr = km_wr_init(other, sizeof(other));
            km_door_public_write_25519(&wr, families[i], KM_SLICE(point, len));
            assert_true(km_wr_finish(&wr, &spki));
            assert_int_equal(km_door_public_parse(NULL, spki, &unused),
                             len == KM_DOOR_POINT_25519 ? KM_OK : KM_E_MALFORMED);
        }
    }
    assert_false(km_door_public_equal(&parts[0], &parts[1]));
}

/* OpenSSL's own figures for the longest ECDSA signature. */
static void test_signature_sizes(void **state)
{
    (void)state;
    assert_int_equal(km_door_curve_signature_max(km_door_curve_by_bits(256)), 72);
    assert_int_equal(km_door_curve_signature_max(km_door_curve_by_bits(384)), 104);
    assert_int_equal(km_door_curve_signature_max(km_door_curve_by_bits(521)), 139);
}

static void test_reasons(void **state)
{
    (void)state;
    for (int reason = KM_DOOR_R_OTHER; reason < KM_DOOR_R_END; reason++)
        assert_non_null(km_door_reason_text((enum km_door_reason)reason));
    assert_null(km_door_reason_text(KM_DOOR_R_END));
    struct km_err err = {0};
    assert_int_equal(km_door_not_exportable(&err, "k"), KM_E_DENIED);
    assert_int_equal(km_door_reason(&err), KM_DOOR_R_NOT_EXPORTABLE);
    km_err_clear(&err);
    (void)km_door_no_private(&err, "signing");
    assert_int_equal(km_door_reason(&err), KM_DOOR_R_NO_PRIVATE_PART);
    km_err_clear(&err);
    assert_int_equal(km_door_clrc(&err, CLRC_ERROR_THROTTLED, "load key", "k"), KM_E_BUSY);
    assert_int_equal(km_door_reason(&err), KM_DOOR_R_THROTTLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uri_taken),      cmocka_unit_test(test_uri_refused),
        cmocka_unit_test(test_uri_whole_size), cmocka_unit_test(test_reference_der),
        cmocka_unit_test(test_reference_pem),  cmocka_unit_test(test_public),
        cmocka_unit_test(test_public_25519),   cmocka_unit_test(test_signature_sizes),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
