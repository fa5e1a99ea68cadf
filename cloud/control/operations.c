/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/operations.h"

#include <string.h>

/* Where two templates fit one path, the one without a placeholder there comes first. */
static const struct km_operations *const tables[] = {
    &km_iot_ca,
    &km_iot_certificate,
    &km_iot_transfer,
    &km_iot_issue,
    &km_iot_policy,
    &km_iot_attachment,
    &km_iot_authorize,
    &km_iot_thing,
    &km_iot_thing_type,
    &km_iot_group,
    &km_iot_rule,
    &km_iot_template,
    &km_iot_template_version,
    &km_iot_register,
    &km_iot_account,
    &km_iot_logging,
    &km_iot_retained,
    &km_iot_role_alias,
    &km_iot_credentials,
    &km_iot_tag,
    &km_iot_data,
    &km_iot_websocket,
    &km_iot_job,
    &km_iot_job_template,
    &km_iot_execution,
    &km_iot_jobs_data,
    &km_lambda_function,
    &km_lambda_version_rows,
    &km_lambda_permission,
    &km_lambda_invoke,
    &km_lambda_tag,
    &km_sts,
};

const struct km_operation *km_operation_find(struct km_slice method, struct km_slice path,
                                             const struct km_operation *after,
                                             struct km_slice ret_parts[KM_TARGET_PARTS_MAX])
{
    bool is_behind = after == NULL;
    for (size_t t = 0; t < KM_ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < tables[t]->n; i++) {
            const struct km_operation *row = &tables[t]->rows[i];
            if (is_behind && km_slice_equal(method, KM_SLICE_STR(row->method)) &&
                km_target_match(row->path, path, ret_parts))
                return row;
            is_behind = is_behind || row == after;
        }
    }
    return NULL;
}
