/* SPDX-License-Identifier: Apache-2.0 */
/* What a TA provides of the Internal Core API, under the name that other kits have for that part. */
#ifndef TEE_TA_API_H
#define TEE_TA_API_H

#include "tee_internal_api.h"

#endif
