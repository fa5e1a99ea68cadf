/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed object store of one trusted application.
 *
 * One directory, one LMDB environment, any number of processes; each process opens it once (LMDB
 * forbids an open environment across fork). Nothing readable reaches the disk: names are looked up
 * by a keyed hash, contents are AES-256-GCM. Deleted, swapped or restored single objects are
 * noticed by km_store_verify. GlobalPlatform's persistent objects map onto it one to one.
 *
 * Thread safety: one handle, one thread. A process opens one directory at most once at a time, and
 * forgets an open store after fork (LMDB; the child must neither use nor close it).
 *
 * Sandboxes: all files (data.mdb, lock.mdb, claims) are opened by km_store_open. After it the store needs pread64,
 * pwrite64, writev, lseek, fdatasync, fcntl (record locks), futex, getrandom, getpid and what malloc and km_secret need
 * (mmap, munmap, mprotect, mremap, madvise, mlock, brk); close at the end. Every process that has a store open must be in
 * one PID namespace: LMDB tells readers and dead writers apart by process and thread number.
 */
#ifndef KM_STORE_H
#define KM_STORE_H

#include "common/km_bytes.h"
#include "common/km_secret.h"
#include "common/km_uuid.h"

#define KM_STORE_NAME_MAX 64          /* TEE_OBJECT_ID_MAX_LEN */
#define KM_STORE_META_MAX 65536       /* the part written whole: type, usage, attributes */
#define KM_STORE_DATA_MAX 0xffffffffu /* octets of data: GlobalPlatform's TEE_DATA_MAX_POSITION */

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

/* km_store_warm: what is costly and holds no key (libcrypto's algorithms), so that it can stand before a fork. */
km_status km_store_warm(struct km_err *err);

/*
 * km_store_open: checks the header and the pages that lead to it, nothing that grows with the store. KM_E_NOTFOUND:
 * no store there and not may_create; KM_E_CORRUPT: the header's seal does not fit, or the store was sealed under another root or
 * for another owner (the text says which); KM_E_STALE: rolled back; KM_E_DENIED, KM_E_NOSPACE, KM_E_IO from the system.
 */
km_status km_store_open(struct km_err *err, const struct km_store_config *config,
                        struct km_store **ret_store);
void km_store_close(struct km_store *store);

/*
 * km_store_settle: asks the root's counter to catch up with the last commit. By itself the store asks after every
 * 16th commit, after a good km_store_verify and in km_store_close; until then a whole store put back from a copy that is younger
 * than the counter is not noticed. Call it after what must not be undone. Without a counter: KM_OK.
 */
km_status km_store_settle(struct km_err *err, struct km_store *store);

#define KM_STORE_STATE_LEN 16

/*
 * km_store_state: which commit the store is at, whoever made it: how many there were, and a name that no other commit of any store has. The
 * same name twice: nothing was committed in between.
 */
km_status km_store_state(struct km_err *err, struct km_store *store, uint64_t *ret_count,
                         uint8_t ret_name[KM_STORE_STATE_LEN]);

/*
 * km_store_queue: first come, first served, among processes that wait for one object, whether it is there or not. *ret_ahead: how many are before
 * this one, which enters the queue or only looks (km_claims_queue). KM_E_BUSY: too many wait. Ends with km_store_unqueue.
 */
km_status km_store_queue(struct km_err *err, struct km_store *store, struct km_slice name,
                         bool enters, uint32_t *ret_ahead);
void km_store_unqueue(struct km_store *store);

/* What a store looks like as a whole. */
struct km_store_report {
    uint64_t count; /* commits since creation */
    uint64_t n_objects;
    uint64_t n_damaged; /* objects whose seal does not fit */
    bool set_matches;   /* nothing missing, swapped or put back */
};
/*
 * km_store_verify: checks every page of the file before LMDB follows it, then opens everything; KM_E_CORRUPT when
 * something does not fit (report is filled). Takes time with the size of the store: once per start of the service, before
 * anybody else opens it, in a process that may die: a disk that answers differently each time can still hurt LMDB.
 */
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
/* km_store_object_open: KM_E_NOTFOUND, KM_E_BUSY by the sharing rules (across processes and within one), KM_E_CORRUPT. */
km_status km_store_object_open(struct km_err *err, struct km_store *store, struct km_slice name,
                               uint32_t flags, struct km_store_object **ret);
void km_store_object_close(struct km_store_object *object);
/* km_store_object_meta: returns a view, valid until the object is closed or its metadata replaced. */
struct km_slice km_store_object_meta(const struct km_store_object *object);
/* km_store_object_name: the same for its present name. */
struct km_slice km_store_object_name(const struct km_store_object *object);
uint32_t km_store_object_flags(const struct km_store_object *object);
/* km_store_object_set_meta: replaces the metadata, committed when it returns. Other open handles keep what they read. */
km_status km_store_object_set_meta(struct km_err *err, struct km_store_object *object,
                                   struct km_slice meta);
km_status km_store_object_size(struct km_err *err, struct km_store_object *object,
                               uint64_t *ret_size);
/* km_store_object_read: from offset; *ret_len may be shorter at the end of the data. Needs KM_STORE_READ (KM_E_DENIED). */
km_status km_store_object_read(struct km_err *err, struct km_store_object *object, uint64_t offset,
                               struct km_span out, size_t *ret_len);
/*
 * km_store_object_write: at offset, a gap is filled with zeros; all of it is committed or nothing. Needs
 * KM_STORE_WRITE. KM_E_LIMIT when it would end beyond KM_STORE_DATA_MAX, KM_E_NOSPACE. A few octets that replace others
 * (within the data and one chunk of 16328, not in a hole) can be written in a full store too.
 */
km_status km_store_object_write(struct km_err *err, struct km_store_object *object, uint64_t offset,
                                struct km_slice data);
km_status km_store_object_truncate(struct km_err *err, struct km_store_object *object,
                                   uint64_t size);
/* km_store_object_rename: KM_E_EXISTS when the new name is taken. Needs KM_STORE_WRITE_META. */
km_status km_store_object_rename(struct km_err *err, struct km_store_object *object,
                                 struct km_slice name);
/* km_store_object_delete: closes it as well, whatever the outcome. Needs KM_STORE_WRITE_META. */
km_status km_store_object_delete(struct km_err *err, struct km_store_object *object);

/*
 * km_store_cursor_open: goes over the objects that exist now, each once: later ones are not seen, deleted ones are
 * passed over, changed ones are seen as they are then. Pins nothing, so it may stay open as long as it likes.
 */
km_status km_store_cursor_open(struct km_err *err, struct km_store *store,
                               struct km_store_cursor **ret);
/* km_store_cursor_next: KM_E_NOTFOUND at the end, KM_E_CORRUPT for a damaged object (the next call goes on); views valid until the next call. */
km_status km_store_cursor_next(struct km_err *err, struct km_store_cursor *cursor,
                               struct km_slice *ret_name, struct km_slice *ret_meta,
                               uint64_t *ret_size);
/*
 * km_store_cursor_read: as km_store_cursor_next for the next object whose name begins with one of these octets, and its data in the place of
 * its metadata: as many as out has room for, *ret_size how many there are. Both are of one commit, and nobody who has the object open is asked.
 */
km_status km_store_cursor_read(struct km_err *err, struct km_store_cursor *cursor,
                               struct km_slice firsts, struct km_span out,
                               struct km_slice *ret_name, uint64_t *ret_size);
/* km_store_cursor_back: what the last call told of will be told once more. */
void km_store_cursor_back(struct km_store_cursor *cursor);
void km_store_cursor_close(struct km_store_cursor *cursor);

#endif
