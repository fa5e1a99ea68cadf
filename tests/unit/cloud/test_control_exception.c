/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/exception.h"
#include "cloud/shadow/shadow.h"
#include "tests/unit/km_test.h"

static void a_rejected_shadow_request_keeps_its_code(void **state)
{
    (void)state;
    for (enum km_shadow_reason reason = KM_SHADOW_BAD_JSON; reason <= KM_SHADOW_INTERNAL;
         reason++) {
        unsigned code = km_shadow_reason_code(reason);
        assert_int_equal(km_exception_form(km_exception_of_shadow(code))->status, code);
    }
}

static void every_exception_has_a_name_and_a_status(void **state)
{
    (void)state;
    for (enum km_exception exception = KM_X_NONE; exception < KM_N_EXCEPTIONS; exception++) {
        assert_non_null(km_exception_form(exception)->name);
        assert_in_range(km_exception_form(exception)->status, 400, 599);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rejected_shadow_request_keeps_its_code),
        cmocka_unit_test(every_exception_has_a_name_and_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
