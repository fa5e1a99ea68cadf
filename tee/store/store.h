/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed object store of one trusted application.
 *
 * One directory, one LMDB environment, any number of processes; each process opens it once (LMDB
 * forbids an open environment across fork). Nothing readable reaches the disk: names are looked up
 * by a keyed hash, contents are AES-256-GCM. Deleted, swapped or restored single objects are
 * noticed by km_store_verify. GlobalPlatform's persistent objects map onto it one to one.
 *
 * Thread safety: one handle, one thread.
 */
#ifndef KM_STORE_H
#define KM_STORE_H

#include "common/km_bytes.h"
#include "common/km_secret.h"
#include "common/km_uuid.h"

#define KM_STORE_NAME_MAX 64    /* TEE_OBJECT_ID_MAX_LEN */
#define KM_STORE_META_MAX 65536 /* the part written whole: type, usage, attributes */

/* GlobalPlatform's data flags, same values (Internal Core API 1.3.1, table 5-6). */
#define KM_STORE_READ 0x00000001u
#define KM_STORE_WRITE 0x00000002u
#define KM_STORE_WRITE_META 0x00000004u
#define KM_STORE_SHARE_READ 0x00000010u
#define KM_STORE_SHARE_WRITE 0x00000020u
#define KM_STORE_OVERWRITE 0x00000400u

struct km_store;
struct km_store_object;
struct km_store_cursor;

struct km_store_config {
    const char *dir; /* made with mode 0700 when missing and may_create */
    bool may_create;
    struct km_uuid owner;        /* the TA; part of every seal */
    const struct km_secret *key; /* 32 octets derived root -> store -> TA; borrowed */
    size_t map_size;             /* upper bound of the file; 0 means 1 GiB */
    /*
     * The root's counter when it has one. anchor is its value at open: a store whose count is lower was rolled
     * back (KM_E_STALE). advance is asked to raise it after commits; NULL when there is none.
     */
    bool has_anchor;
    uint64_t anchor;
    km_status (*advance)(struct km_err *err, void *arg, uint64_t count);
    void *advance_arg;
};

/* km_store_open: KM_E_CORRUPT when the header's seal does not fit, KM_E_STALE on rollback. */
km_status km_store_open(struct km_err *err, const struct km_store_config *config,
                        struct km_store **ret_store);
void km_store_close(struct km_store *store);

/* What a store looks like as a whole. */
struct km_store_report {
    uint64_t count; /* commits since creation */
    uint64_t n_objects;
    uint64_t n_damaged; /* objects whose seal does not fit */
    bool set_matches;   /* nothing missing, swapped or put back */
};
/* km_store_verify: reads every record; KM_E_CORRUPT when something does not fit (report is filled). */
km_status km_store_verify(struct km_err *err, struct km_store *store,
                          struct km_store_report *ret_report);

/*
 * km_store_create: a new object with its metadata and first data, committed as one; open in *ret
 * with flags. KM_E_EXISTS without KM_STORE_OVERWRITE, KM_E_BUSY (ACCESS_CONFLICT) when somebody has it open in
 * a way that forbids this. ret may be NULL.
 */
km_status km_store_create(struct km_err *err, struct km_store *store, struct km_slice name,
                          uint32_t flags, struct km_slice meta, struct km_slice data,
                          struct km_store_object **ret);
/* km_store_object_open: KM_E_NOTFOUND, KM_E_BUSY by the sharing rules (across processes), KM_E_CORRUPT. */
km_status km_store_object_open(struct km_err *err, struct km_store *store, struct km_slice name,
                               uint32_t flags, struct km_store_object **ret);
void km_store_object_close(struct km_store_object *object);
/* km_store_object_meta: returns a view, valid until the object is closed or its metadata replaced. */
struct km_slice km_store_object_meta(const struct km_store_object *object);
/* km_store_object_name: the same for its present name. */
struct km_slice km_store_object_name(const struct km_store_object *object);
uint32_t km_store_object_flags(const struct km_store_object *object);
/* km_store_object_set_meta: replaces the metadata, committed when it returns. */
km_status km_store_object_set_meta(struct km_err *err, struct km_store_object *object,
                                   struct km_slice meta);
km_status km_store_object_size(struct km_err *err, struct km_store_object *object,
                               uint64_t *ret_size);
/* km_store_object_read: from offset; *ret_len may be shorter at the end of the data. */
km_status km_store_object_read(struct km_err *err, struct km_store_object *object, uint64_t offset,
                               struct km_span out, size_t *ret_len);
/* km_store_object_write: at offset, a gap is filled with zeros; all of it is committed or nothing. */
km_status km_store_object_write(struct km_err *err, struct km_store_object *object, uint64_t offset,
                                struct km_slice data);
km_status km_store_object_truncate(struct km_err *err, struct km_store_object *object,
                                   uint64_t size);
/* km_store_object_rename: KM_E_EXISTS when the new name is taken. Needs KM_STORE_WRITE_META. */
km_status km_store_object_rename(struct km_err *err, struct km_store_object *object,
                                 struct km_slice name);
/* km_store_object_delete: closes it as well, whatever the outcome. Needs KM_STORE_WRITE_META. */
km_status km_store_object_delete(struct km_err *err, struct km_store_object *object);

/* km_store_cursor_open: a snapshot of the objects; later changes do not disturb it. */
km_status km_store_cursor_open(struct km_err *err, struct km_store *store,
                               struct km_store_cursor **ret);
/* km_store_cursor_next: KM_E_NOTFOUND at the end; views valid until the next call. */
km_status km_store_cursor_next(struct km_err *err, struct km_store_cursor *cursor,
                               struct km_slice *ret_name, struct km_slice *ret_meta,
                               uint64_t *ret_size);
void km_store_cursor_close(struct km_store_cursor *cursor);

#endif
