/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11 URIs at the doors: what is taken, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "interop/door/door_pkcs11_uri.h"

#define NAME_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void test_taken(void **state)
{
    static const struct {
        const char *uri;
        enum km_door_kind kind;
        const char *name, *file;
    } rows[] = {
        {"pkcs11:object=door", KM_DOOR_KEY, "door", ""},
        {"pkcs11:token=greengrass;object=greenkey;type=private", KM_DOOR_KEY, "greenkey", ""},
        {"pkcs11:type=public;object=k", KM_DOOR_KEY, "k", ""},
        {"pkcs11:object=c;type=cert", KM_DOOR_CERT, "c", ""},
        {"pkcs11:id=%01%02;object=a%20b;manufacturer=Infineon", KM_DOOR_KEY, "a b", ""},
        {"pkcs11:object=a&b=c", KM_DOOR_KEY, "a&b=c", ""},
        {"pkcs11:object=k?pin-source=file:/etc/p%20w", KM_DOOR_KEY, "k", "/etc/p w"},
        {"pkcs11:object=k?module-name=x&pin-source=file:pw", KM_DOOR_KEY, "k", "pw"},
        {"pkcs11:object=" NAME_63 ";", KM_DOOR_KEY, NAME_63, ""},
        {"pkcs11:object=k?", KM_DOOR_KEY, "k", ""},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_door_uri uri = {0};
        assert_int_equal(km_door_uri_of_pkcs11(NULL, KM_SLICE_STR(rows[i].uri), &uri), KM_OK);
        assert_int_equal(uri.kind, rows[i].kind);
        assert_string_equal(uri.name, rows[i].name);
        assert_string_equal(uri.password_file, rows[i].file);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *uri;
        km_status status;
    } rows[] = {
        {"", KM_E_MALFORMED},
        {"pkcs11", KM_E_MALFORMED},
        {"clrc:k", KM_E_MALFORMED},
        {"PKCS11:object=k", KM_E_MALFORMED},
        {"pkcs11:", KM_E_MALFORMED},
        {"pkcs11:token=x;id=%01", KM_E_MALFORMED},
        {"pkcs11:object=", KM_E_MALFORMED},
        {"pkcs11:object", KM_E_MALFORMED},
        {"pkcs11:object=a;object=b", KM_E_MALFORMED},
        {"pkcs11:object=a;type=private;type=cert", KM_E_MALFORMED},
        {"pkcs11:object=a;type=secret-key", KM_E_UNSUPPORTED},
        {"pkcs11:object=a;type=data", KM_E_UNSUPPORTED},
        {"pkcs11:object=a%", KM_E_MALFORMED},
        {"pkcs11:object=a%0", KM_E_MALFORMED},
        {"pkcs11:object=a%00", KM_E_MALFORMED},
        {"pkcs11:object=%ff", KM_E_MALFORMED},
        {"pkcs11:object=" NAME_63 "x", KM_E_LIMIT},
        {"pkcs11:object=a?pin-value=1234", KM_E_MALFORMED},
        {"pkcs11:object=a?pin-source=pw", KM_E_MALFORMED},
        {"pkcs11:object=a?pin-source=file:", KM_E_MALFORMED},
        {"pkcs11:object=a?pin-source=file:p&pin-source=file:q", KM_E_MALFORMED},
        {"pkcs11:object=a;type=cert?pin-source=file:p", KM_E_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        struct km_door_uri uri = {.name = "untouched"};
        assert_int_equal(km_door_uri_of_pkcs11(&err, KM_SLICE_STR(rows[i].uri), &uri),
                         rows[i].status);
        assert_string_equal(uri.name, "untouched");
        assert_int_not_equal(err.text[0], '\0');
        assert_null(strstr(err.text, "1234"));
    }
}

/* Cut at every octet, and each octet flipped: it reads on or says no, and never further than there is. */
static void test_damaged(void **state)
{
    static const char whole[] = "pkcs11:token=t;object=a%20b;type=cert?module-name=m";
    (void)state;
    for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
        struct km_door_uri uri = {0};
        char *text = test_malloc(cut);
        km_copy(text, cut, whole, cut);
        km_status status = km_door_uri_of_pkcs11(NULL, KM_SLICE(text, cut), &uri);
        /* The name is there from its first octet on, but for a begun percent sign or type. */
        if (cut < strlen("pkcs11:token=t;object=a"))
            assert_int_not_equal(status, KM_OK);
        if (cut > strlen("pkcs11:token=t;object=a%20b;type=cert"))
            assert_int_equal(status, KM_OK);
        test_free(text);
    }
    for (size_t at = 0; at < sizeof(whole) - 1; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct km_door_uri uri = {0};
            char text[sizeof(whole)] = "";
            km_copy(text, sizeof(text), whole, sizeof(whole));
            text[at] = (char)(text[at] ^ (1 << bit));
            if (km_door_uri_of_pkcs11(NULL, KM_SLICE(text, sizeof(whole) - 1), &uri) == KM_OK)
                assert_int_not_equal(uri.name[0], '\0');
        }
    }
}

/* As long as a URI may be, and one octet more. */
static void test_whole_size(void **state)
{
    static const char start[] = "pkcs11:object=k?pin-source=file:";
    static char text[2 * KM_DOOR_URI_MAX];
    (void)state;
    memset(text, 'p', sizeof(text));
    km_copy(text, sizeof(text), start, sizeof(start) - 1);
    struct km_door_uri uri = {0};
    size_t most = sizeof(start) - 1 + KM_DOOR_PATH_MAX;
    assert_int_equal(km_door_uri_of_pkcs11(NULL, KM_SLICE(text, most), &uri), KM_OK);
    assert_int_equal(km_door_uri_of_pkcs11(NULL, KM_SLICE(text, most + 1), &uri), KM_E_LIMIT);
    assert_int_equal(km_door_uri_of_pkcs11(NULL, KM_SLICE(text, sizeof(text)), &uri), KM_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_whole_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
