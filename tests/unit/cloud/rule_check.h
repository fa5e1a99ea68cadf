/* SPDX-License-Identifier: Apache-2.0 */
/* Statements against what they are to put out, for tests of rules. */
#ifndef KM_RULE_CHECK_H
#define KM_RULE_CHECK_H

#include "tests/unit/cloud/rule_rig.h"
#include "tests/unit/km_test.h"

/* rule_check_compile: it has to be a good one. Returns owned. */
static inline struct km_rule *rule_check_compile(const char *sql)
{
    struct km_err err = {0};
    struct km_rule *rule = NULL;
    if (km_rule_parse(&err, KM_SLICE_STR(sql), "2016-03-23", &rule) != KM_OK)
        fail_msg("%s: %s", sql, err.text);
    return rule;
}

/* rule_check_run: the output of a statement; NULL when it does not fire. Returns owned. */
static inline char *rule_check_run(const char *sql, struct km_slice message)
{
    struct km_rule *rule = rule_check_compile(sql);
    const struct km_rule_message from = rule_rig_message(message);
    struct km_rule_output output = {0};
    assert_int_equal(km_rule_eval(NULL, rule, &from, &rule_rig_host, &output), KM_OK);
    km_rule_free(rule);
    assert_int_equal(output.fires, output.bytes != NULL);
    if (!output.fires)
        return NULL;
    char *text = calloc(1, output.len + 1);
    km_copy(text, output.len, output.bytes, output.len);
    km_rule_output_clear(&output);
    return text;
}

/* rule_check_output: NULL: it does not fire. */
static inline void rule_check_output(const char *sql, struct km_slice message, const char *expected)
{
    char *text = rule_check_run(sql, message);
    if (expected == NULL && text != NULL)
        fail_msg("%s gives %s, expected nothing", sql, text);
    if (expected != NULL && (text == NULL || strcmp(text, expected) != 0))
        fail_msg("%s gives %s, expected %s", sql, text == NULL ? "nothing" : text, expected);
    free(text);
}

/* rule_check_value: of an expression over that message; NULL: Undefined. */
static inline void rule_check_value(const char *expr, struct km_slice message, const char *expected)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "SELECT VALUE (%s) FROM 't'", expr);
    rule_check_output(sql, message, expected);
}

#endif
