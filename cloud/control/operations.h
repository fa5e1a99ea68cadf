/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of operations, one a file. */
#ifndef KM_OPERATIONS_H
#define KM_OPERATIONS_H

#include "cloud/control/call.h"

extern const struct km_operations km_iot_ca;
extern const struct km_operations km_iot_certificate;
extern const struct km_operations km_iot_transfer;
extern const struct km_operations km_iot_issue;
extern const struct km_operations km_iot_policy;
extern const struct km_operations km_iot_attachment;
extern const struct km_operations km_iot_authorize;
extern const struct km_operations km_iot_thing;
extern const struct km_operations km_iot_thing_type;
extern const struct km_operations km_iot_group;
extern const struct km_operations km_iot_rule;
extern const struct km_operations km_iot_template;
extern const struct km_operations km_iot_template_version;
extern const struct km_operations km_iot_register;
extern const struct km_operations km_iot_account;
extern const struct km_operations km_iot_logging;
extern const struct km_operations km_iot_retained;
extern const struct km_operations km_iot_role_alias;
extern const struct km_operations km_iot_credentials;
extern const struct km_operations km_iot_tag;
extern const struct km_operations km_iot_data;
extern const struct km_operations km_iot_websocket;
extern const struct km_operations km_iot_job;
extern const struct km_operations km_iot_job_template;
extern const struct km_operations km_iot_execution;
extern const struct km_operations km_iot_jobs_data;
extern const struct km_operations km_lambda_function;
extern const struct km_operations km_lambda_version_rows;
extern const struct km_operations km_lambda_permission;
extern const struct km_operations km_lambda_invoke;
extern const struct km_operations km_lambda_tag;
extern const struct km_operations km_sts;

/*
 * km_operation_find: the first row for a method and path behind `after` (NULL: of all), its parts into ret_parts; NULL: there is none.
 * Where services share a path each has a row.
 */
const struct km_operation *km_operation_find(struct km_slice method, struct km_slice path,
                                             const struct km_operation *after,
                                             struct km_slice ret_parts[KM_TARGET_PARTS_MAX]);

#endif
