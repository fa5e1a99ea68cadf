/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service says of itself, for tools. Beside the GlobalPlatform Client API, and in the same
 * library; over another TEE these functions answer TEEC_ERROR_COMMUNICATION.
 *
 * Each call connects, asks, and blocks at most KEYMOOR_SERVICE_WAIT_S seconds. Thread-safe.
 */
#ifndef KEYMOOR_SERVICE_H
#define KEYMOOR_SERVICE_H

#include "tee_client_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KEYMOOR_SERVICE_WAIT_S 5

/*
 * keymoorServiceStatus: JSON text of what runs and what protects it. Returns owned through *ret_json
 * (free with free()). TEEC_ERROR_COMMUNICATION: nobody answers; TEEC_ERROR_BAD_FORMAT: not keymoord.
 */
TEEC_Result keymoorServiceStatus(char **ret_json);

/*
 * keymoorServiceAudit: the last n_records audit records, one JSON object a line, oldest first, fewer when the
 * service remembers no more. TEEC_ERROR_ACCESS_DENIED when the caller is not the administrator.
 */
TEEC_Result keymoorServiceAudit(uint32_t n_records, char **ret_lines);

#ifdef __cplusplus
}
#endif

#endif
