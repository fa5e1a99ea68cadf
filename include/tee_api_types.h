/* SPDX-License-Identifier: Apache-2.0 */
/* The types of the Internal Core API, under the name that other kits have for that part. */
#ifndef TEE_API_TYPES_H
#define TEE_API_TYPES_H

#include "tee_internal_api.h"

#endif
