/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's objects in the store: its head, and one for each of two slots, one of which holds the contents. Their ids begin with role,
 * space and owner, so that what belongs to one owner is told by its id alone.
 *
 * Who may do what when, so that no contents in use are ever destroyed:
 *   - the slot that a head names changes only by whoever holds the head alone;
 *   - a slot is destroyed only by whoever holds it alone, and only after seeing, with it held, that no head names it.
 */
#ifndef KM_STORAGE_FILE_H
#define KM_STORAGE_FILE_H

#include "ta/common/ta_util.h"
#include "ta/storage/head.h"

#define KM_ROLE_HEAD 'h'
#define KM_ROLE_SLOT '0' /* and the number of the slot */
#define KM_SPACE_PRIVATE 'p'
#define KM_SPACE_SHARED 's'
#define KM_FILE_HASH_LEN 32u
#define KM_FILE_ID_LEN (2u + KM_OWNER_LEN + KM_FILE_HASH_LEN)

/* For TEE_OpenPersistentObject: to look only; to read beside readers; alone; alone and to delete. */
#define KM_PEEK (TEE_DATA_FLAG_SHARE_READ | TEE_DATA_FLAG_SHARE_WRITE)
#define KM_TOGETHER (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ)
#define KM_ALONE (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE)
#define KM_LAST (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE_META)

/* Which file. */
struct km_file {
    char space;
    struct km_owner owner;
    struct km_storage_name name;
    uint8_t hash[KM_FILE_HASH_LEN]; /* SHA-256 of the name */
};

/* What an id of the store tells. */
struct km_file_id {
    char role, space;
    struct km_owner owner;
    uint8_t hash[KM_FILE_HASH_LEN];
};

/* Waiting for somebody else, in steps that grow. Starts as {.max_ms}. */
struct km_wait {
    uint32_t max_ms, waited_ms, step_ms;
};
#define KM_WAIT_FILE ((struct km_wait){.max_ms = 1000})
/* km_wait_more: sleeps and answers TEE_SUCCESS, or ACCESS_CONFLICT when it was enough. */
TEE_Result km_wait_more(struct km_wait *wait);

TEE_Result km_file_set(struct km_file *ret, char space, const struct km_owner *owner,
                       const struct km_storage_name *name);
bool km_file_equal(const struct km_file *a, const struct km_file *b);
/* km_file_id_parse: false when it is none of this application's. */
KM_MUST_USE bool km_file_id_parse(struct km_slice id, struct km_file_id *ret);

/* km_file_open: one of its objects, without waiting; ACCESS_CONFLICT, ITEM_NOT_FOUND. Returns owned. */
TEE_Result km_file_open(const struct km_file *file, char role, uint32_t flags,
                        TEE_ObjectHandle *ret);
/* km_file_create: a new object; ACCESS_CONFLICT when it is there (and, with OVERWRITE, held). ret may be NULL. */
TEE_Result km_file_create(const struct km_file *file, char role, uint32_t flags,
                          struct km_slice data, TEE_ObjectHandle *ret);
/* km_file_delete: deletes an object open with KM_LAST and closes it whatever comes of it. */
TEE_Result km_file_delete(TEE_ObjectHandle *object);
/* km_file_wipe: deletes an object that is damaged. ACCESS_CONFLICT. */
TEE_Result km_file_wipe(const struct km_file *file, char role);
/* km_settle: the Core API has closed an object that it found damaged: so *object is cleared. */
TEE_Result km_settle(TEE_ObjectHandle *object, TEE_Result result);

/* km_file_head_read: of an open head object. */
TEE_Result km_file_head_read(TEE_ObjectHandle *object, struct km_file_head *ret);
/* km_file_head_write: part of a head in its place, in one step. */
TEE_Result km_file_head_write(TEE_ObjectHandle *object, size_t at, struct km_slice data);
/* km_file_head_open: with KM_TOGETHER, KM_ALONE or KM_LAST, waiting for others; ITEM_NOT_FOUND. Reads it as well. */
TEE_Result km_file_head_open(const struct km_file *file, uint32_t flags,
                             TEE_ObjectHandle *ret_object, struct km_file_head *ret);

#endif
