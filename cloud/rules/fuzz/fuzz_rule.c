/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement, a line break, and the message for it. What fires puts out JSON or the message itself,
 * within the bounds, and the same again when it is asked again.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cloud/rule_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_output(struct km_slice message, const struct km_rule_output *output)
{
    struct km_slice bytes = KM_SLICE(output->bytes, output->len);
    require(bytes.len <= KM_RULE_PAYLOAD_MAX);
    if (!output->is_json) {
        require(km_slice_equal(bytes, message));
        return;
    }
    json_t *value = NULL;
    require(km_json_value(NULL, bytes, 1000, &value) == KM_OK);
    json_decref(value);
}

static void evaluate(const struct km_rule *rule, struct km_slice payload)
{
    const struct km_rule_message message = rule_rig_message(payload);
    struct km_rule_output output = {0};
    struct km_rule_output again = {0};
    km_status status = km_rule_eval(NULL, rule, &message, &rule_rig_host, &output);
    require(status == KM_OK || status == KM_E_LIMIT);
    require(km_rule_eval(NULL, rule, &message, &rule_rig_host, &again) == status);
    require(output.fires == again.fires);
    require(km_slice_equal(KM_SLICE(output.bytes, output.len), KM_SLICE(again.bytes, again.len)));
    if (output.fires)
        check_output(payload, &output);
    km_rule_output_clear(&output);
    km_rule_output_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    size_t len = end == NULL ? size : (size_t)(end - data);
    struct km_slice payload = {0};
    if (end != NULL)
        payload = KM_SLICE(end + 1, size - len - 1);
    /* Of exactly that length, so that a read beyond it is seen. */
    uint8_t *sql = malloc(len);
    km_copy(sql, len, data, len);
    struct km_rule *rule = NULL;
    km_status status = km_rule_parse(NULL, KM_SLICE(sql, len), NULL, &rule);
    free(sql);
    require(status == KM_OK || status == KM_E_MALFORMED || status == KM_E_LIMIT);
    if (status == KM_OK)
        evaluate(rule, payload);
    km_rule_free(rule);
    return 0;
}
