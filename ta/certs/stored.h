/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistent objects of this application: one octet of kind, then a name or a digest. Another process may hold an object for a
 * moment: each of these waits for it, some seconds at most (ACCESS_CONFLICT then).
 */
#ifndef KM_CERTS_STORED_H
#define KM_CERTS_STORED_H

#include "ta/certs/certs.h"

#define KM_STORED_NAMED 'p'   /* a provisioned certificate or request, by name; its DER */
#define KM_STORED_ADDED 'a'   /* added by command, by its identity (x509.h); its DER */
#define KM_STORED_REVOKED 'r' /* one revoked certificate, by its content (x509.h); what to list */
#define KM_STORED_CRL 'l'     /* a revocation list, by its signer's identity; its DER */

struct km_stored_id {
    uint8_t at[1 + KM_CERTS_NAME_MAX];
    size_t len;
};

/* km_stored_id: of a kind; rest is at most KM_CERTS_NAME_MAX octets. */
struct km_stored_id km_stored_id(char kind, struct km_slice rest);
/* km_stored_is: whether an object is of this kind. */
bool km_stored_is(const struct km_stored_id *id, char kind);

/* km_stored_read: all its data, at most cap octets (CORRUPT_OBJECT otherwise). ITEM_NOT_FOUND. */
TEE_Result km_stored_read(const struct km_stored_id *id, struct km_span out, size_t *ret_len);
/* km_stored_give: all its data to a memref output. ITEM_NOT_FOUND SHORT_BUFFER. */
TEE_Result km_stored_give(const struct km_stored_id *id, TEE_Param *out);
TEE_Result km_stored_exists(const struct km_stored_id *id, bool *ret_exists);
/* km_stored_put: makes it, or replaces what is there; committed when it returns. */
TEE_Result km_stored_put(const struct km_stored_id *id, struct km_slice data);
/* km_stored_drop: TEE_SUCCESS also when it is gone. */
TEE_Result km_stored_drop(const struct km_stored_id *id);

/* km_stored_walk: calls each(arg, id, octets of its data) for every object until one answer is not TEE_SUCCESS. */
typedef TEE_Result (*km_stored_each)(void *arg, const struct km_stored_id *id, size_t len);
TEE_Result km_stored_walk(km_stored_each each, void *arg);

/* km_stored_room: STORAGE_NO_SPACE when there are max of a kind or more. */
TEE_Result km_stored_room(char kind, uint32_t max);

/* km_stored_wait: before trying again what was ACCESS_CONFLICT; false: for too long. *waited_ms begins with 0. */
bool km_stored_wait(uint32_t *waited_ms);

#endif
