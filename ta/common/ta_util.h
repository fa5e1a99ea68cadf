/* SPDX-License-Identifier: Apache-2.0 */
/* What every trusted application of ours leans on: the Core API, releases for KM_AUTO, and TRY. */
#ifndef KM_TA_UTIL_H
#define KM_TA_UTIL_H

#include <string.h>

#include "common/km_bytes.h"
#include "include/tee_internal_api.h"
#include "include/tee_internal_api_extensions.h"

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
void km_ta_enumeratorp(TEE_ObjectEnumHandle *enumerator);
void km_ta_sessionp(TEE_TASessionHandle *session);

/* km_ta_unreached: ends the instance: something happened that our own checks rule out. */
void km_ta_unreached(void) __attribute__((noreturn));

/* km_ta_give: copies bytes to a memref output; SHORT_BUFFER sets the size needed. */
TEE_Result km_ta_give(TEE_Param *out, struct km_slice bytes);
/* km_ta_room: TEE_SUCCESS when a memref output has room for len, else SHORT_BUFFER with the size set. */
TEE_Result km_ta_room(TEE_Param *out, size_t len);

/* km_ta_settle: what a call on a stored object answered; the Core API closes the handle of one that it finds damaged, so it is forgotten. */
TEE_Result km_ta_settle(TEE_ObjectHandle *object, TEE_Result result);

/* km_sha256: of octets in memory of this application. */
TEE_Result km_sha256(struct km_slice octets, uint8_t ret[32]);
/* km_object_new: an initialized transient object from attributes; usage as given. Returns owned. */
TEE_Result km_object_new(uint32_t tee_type, uint32_t bits, const TEE_Attribute *attrs,
                         uint32_t n_attrs, uint32_t usage, TEE_ObjectHandle *ret_object);

#define KM_STORAGE_STATE_LEN                                                                       \
    24u /* u64 commits, little-endian, and 16 octets that name the last one */
/* km_storage_state: which state the application's own storage is in; NOT_SUPPORTED where the TEE does not tell. */
TEE_Result km_storage_state(uint8_t ret[KM_STORAGE_STATE_LEN]);

/* km_now: seconds since 1970, as trustworthy as the operating system's clock. */
uint64_t km_now(void);
/* km_audit_name: one audit record; the subject is a name, never data. Nothing where the TEE has no audit. */
void km_audit_name(const char *operation, struct km_slice subject, TEE_Result result);

#endif
