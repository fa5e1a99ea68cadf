/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations of functions share. */
#ifndef KM_LAMBDA_H
#define KM_LAMBDA_H

#include "cloud/control/call.h"
#include "cloud/functions/function.h"
#include "cloud/registry/registry_function.h"

/*
 * km_lambda_name: which function the path means (name, ARN or parts of one, of this account and region), and the qualifier from it or the
 * query; two that differ are an invalid request.
 */
km_status km_lambda_name(struct km_call *call, struct km_function_name *ret);
/* km_lambda_version: the qualifier's version. */
km_status km_lambda_version(struct km_call *call, const struct km_function_name *name,
                            int64_t *ret);
/* km_lambda_json: the FunctionConfiguration of a version; its ARN ends in qualifier unless that is "". Returns owned; NULL on a failure. */
json_t *km_lambda_json(struct km_call *call, const struct km_registry_function *function,
                       const char *qualifier);
/* km_lambda_version_text: "$LATEST" or the number, in the arena. */
const char *km_lambda_version_text(struct km_call *call, int64_t version);
/* km_lambda_arn: in the arena. */
const char *km_lambda_arn(struct km_call *call, const char *name, const char *qualifier);
/* km_lambda_tags: of a function, as an object. Returned owned. */
km_status km_lambda_tags(struct km_call *call, const char *name, json_t **ret);
/* km_lambda_page: from Marker and MaxItems, which beyond KM_REGISTRY_PAGE_MAX means that. */
km_status km_lambda_page(struct km_call *call, struct km_registry_page *ret);

#endif
