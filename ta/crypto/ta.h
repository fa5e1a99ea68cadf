/* SPDX-License-Identifier: Apache-2.0 */
/* What every file of this application leans on: the Core API, releases for KM_AUTO, and TRY. */
#ifndef KM_CRYPTO_TA_H
#define KM_CRYPTO_TA_H

#include <string.h>

#include "common/km_bytes.h"
#include "include/tee_internal_api.h"
#include "include/tee_internal_api_extensions.h"
#include "ta/crypto/crypto_protocol.h"
#include "ta/crypto/crypto_wire.h"

/* KM_TRY_TEE: KM_TRY for functions that answer with a TEE_Result. */
#define KM_TRY_TEE(expr)                                                                           \
    do {                                                                                           \
        TEE_Result km_try_result_ = (expr);                                                        \
        if (km_try_result_ != TEE_SUCCESS)                                                         \
            return km_try_result_;                                                                 \
    } while (0)

/* For KM_AUTO; all of them take NULL, and TEE_Free wipes. */
void km_ta_freep(void *p);
void km_ta_objectp(TEE_ObjectHandle *object);
void km_ta_operationp(TEE_OperationHandle *operation);

/* km_ta_unreached: ends the instance: something happened that our own checks rule out. */
void km_ta_unreached(void) __attribute__((noreturn));

/* km_ta_give: copies bytes to a memref output; SHORT_BUFFER sets the size needed. */
TEE_Result km_ta_give(TEE_Param *out, struct km_slice bytes);
/* km_ta_room: TEE_SUCCESS when a memref output has room for len, else SHORT_BUFFER with the size set. */
TEE_Result km_ta_room(TEE_Param *out, size_t len);

#endif
