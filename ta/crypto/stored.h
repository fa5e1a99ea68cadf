/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistent objects of this application: one octet of kind, then the name. Another process may hold an
 * object for a moment: opening waits for its turn, as ta/common/turn.h has it (ACCESS_CONFLICT when that does not come).
 */
#ifndef KM_CRYPTO_STORED_H
#define KM_CRYPTO_STORED_H

#include "ta/crypto/record.h"

#define KM_STORED_KEY 'k'
#define KM_STORED_PASSWORD 'p'
#define KM_STORED_DATA 'd'
#define KM_STORED_STATE 's'
#define KM_STORED_VERSION 'v' /* the highest version of payloads: claim.c */
#define KM_STORED_OPENS 'o'   /* how often an opaque object was opened */

/* km_stored_open: TEE_DATA_FLAG_...; without share flags nobody else has it open. ITEM_NOT_FOUND. Returns owned. */
TEE_Result km_stored_open(char kind, const struct km_crypto_name *name, uint32_t flags,
                          TEE_ObjectHandle *ret_object);
/* km_stored_create: a new object whose data are these. EXISTS. */
TEE_Result km_stored_create(char kind, const struct km_crypto_name *name, struct km_slice data);
/* km_stored_replace: data in the place of an object that is there, in one step. Whoever has it open is waited for. */
TEE_Result km_stored_replace(char kind, const struct km_crypto_name *name, struct km_slice data);
/*
 * km_stored_open_or_create: opens it, made with these data where it is missing; another instance may be making it at the same
 * moment, then its is as good.
 */
TEE_Result km_stored_open_or_create(char kind, const struct km_crypto_name *name,
                                    struct km_slice initial, uint32_t flags,
                                    TEE_ObjectHandle *ret_object);
/* km_stored_read: all data, at most KM_RECORD_MAX octets; *ret_data views buf. CORRUPT_OBJECT closes and clears *object. */
TEE_Result km_stored_read(TEE_ObjectHandle *object, uint8_t buf[KM_RECORD_MAX],
                          struct km_slice *ret_data);
/* km_stored_write: at an offset; committed when it returns. */
TEE_Result km_stored_write(TEE_ObjectHandle *object, size_t at, struct km_slice data);
/* km_stored_delete: closes it as well. */
TEE_Result km_stored_delete(TEE_ObjectHandle *object);
/* km_stored_exists: whether there is one, readable or not. */
TEE_Result km_stored_exists(char kind, const struct km_crypto_name *name, bool *ret_exists);

/* A walk over the names of one kind or two. All zero is one that has not begun. */
struct km_stored_walk {
    TEE_ObjectEnumHandle enumerator;
    char kinds[2];
    char kind; /* of the object that was last told of */
};
/* km_stored_walk_begin: `also` is another kind, or the same again. */
TEE_Result km_stored_walk_begin(struct km_stored_walk *walk, char kind, char also);
/* km_stored_walk_next: ITEM_NOT_FOUND at the end. Damaged objects are passed over. */
TEE_Result km_stored_walk_next(struct km_stored_walk *walk, struct km_crypto_name *ret_name);
/*
 * km_stored_walk_read: the same with all data, as they stand in the store: nobody who has the object open is waited for. *ret_data views
 * buf. CORRUPT_OBJECT: more than KM_RECORD_MAX; the walk goes on.
 */
TEE_Result km_stored_walk_read(struct km_stored_walk *walk, struct km_crypto_name *ret_name,
                               uint8_t buf[KM_RECORD_MAX], struct km_slice *ret_data);
void km_stored_walk_end(struct km_stored_walk *walk);

#endif
