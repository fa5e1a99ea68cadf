/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory is short at the first, second, ... allocation, until a run needs no more, our own or the JSON parser's. Nothing is left
 * over (a sanitizer looks).
 */
#include <jansson.h>

#include "tests/unit/cloud/policy_rig.h"

static unsigned fail_at; /* 0: none */
static unsigned count;

static bool strikes(void)
{
    return fail_at != 0 && ++count == fail_at;
}

/* The linker sends the calls of the code under test here (--wrap). */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
    return strikes() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return strikes() ? NULL : __real_calloc(n, size);
}

static void *json_malloc(size_t size)
{
    return strikes() ? NULL : __real_malloc(size);
}

static void plan(unsigned at)
{
    fail_at = at;
    count = 0;
}

/* Whether the failure happened; from here on none does. */
static bool plan_end(void)
{
    bool was_hit = fail_at != 0 && count >= fail_at;
    fail_at = 0;
    return was_hit;
}

static const char document[] = RIG_POLICY(
    "{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Action\":[\"iot:*\"],\"Resource\":[\"*\",\"" RIG_ARN
    "topic/${iot:ClientId}/${iot:DomainName}\"],\"Condition\":{\"ArnLike\":{\"iot:ClientId\":"
    "\"arn:*:*:*:*:${iot:ClientId}\"},\"DateLessThan\":{\"aws:CurrentTime\":\"2030\"},"
    "\"NumericLessThan\":{\"aws:EpochTime\":2000000000}}},"
    "{\"Effect\":\"Deny\",\"Action\":\"*\",\"NotResource\":\"*\",\"Condition\":{}}");

/*
 * Jansson takes some of its own failures for a fault of the text, and at some goes on with a character less, so what it says
 * then is not looked at: only that the answer is one, and nothing is left over.
 */
static unsigned compile_until_it_works(bool parser_too)
{
    unsigned at = 1;
    json_set_alloc_funcs(parser_too ? json_malloc : __real_malloc, free);
    for (bool was_hit = true; was_hit; at++) {
        struct km_err err = {0};
        struct km_policy *policy = NULL;
        plan(at);
        km_status status = km_policy_compile(&err, OCTETS_OF(document), &policy);
        was_hit = plan_end();
        if (!parser_too)
            assert_int_equal(status, was_hit ? KM_E_NOMEM : KM_OK);
        assert_int_equal(policy == NULL, status != KM_OK);
        assert_int_equal(err.text[0] != '\0', status != KM_OK);
        km_policy_free(policy);
    }
    return at;
}

static void compiling_says_that_memory_is_short(void **state)
{
    (void)state;
    unsigned own = compile_until_it_works(false);
    unsigned all = compile_until_it_works(true);
    assert_true(own > 3);
    assert_true(all > own + 20);
}

static void binding_says_that_memory_is_short(void **state)
{
    struct rig rig;
    unsigned at = 1;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "arn:a:b:c:d:e");
    KM_AUTO(km_policy_freep) struct km_policy *policy = rig_compile(document);
    const struct km_policy_source source = {KM_SLICE_STR("p"), policy};
    for (bool was_hit = true; was_hit; at++) {
        struct km_policy_bound *bound = NULL;
        plan(at);
        km_status status = km_policy_bind(NULL, &source, 1, &rig.context, &bound);
        was_hit = plan_end();
        assert_int_equal(status, was_hit ? KM_E_NOMEM : KM_OK);
        assert_int_equal(bound == NULL, was_hit);
        km_policy_bound_free(bound);
    }
    assert_true(at > 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiling_says_that_memory_is_short),
        cmocka_unit_test(binding_says_that_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
