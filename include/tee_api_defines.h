/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of the Internal Core API, under the name that other kits have for that part. */
#ifndef TEE_API_DEFINES_H
#define TEE_API_DEFINES_H

#include "tee_internal_api.h"

#endif
