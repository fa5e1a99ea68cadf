/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the Internal Core API, under the name that other kits have for that part. */
#ifndef TEE_API_H
#define TEE_API_H

#include "tee_internal_api.h"

#endif
