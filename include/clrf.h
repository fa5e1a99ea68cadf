/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrf: encrypted files in the trusted service's storage.
 *
 * A file has a name, contents of up to 4 GiB, and perhaps a password without which nobody can read it, not even with the keys of
 * the storage. Each user has names of its own: nobody sees, opens or lists another's. What is to be shared lies in the
 * owner's shared space (CLRF_SHARED), with grants that say who may read or write it; a private and a shared file may have one
 * name and are two files.
 *
 * The same conventions as clrc.h: ClrcResult codes, outputs only on success, buffers borrowed for the call. Any number of
 * readers may have a file open, or one writer: who comes too early waits a second, then it is CLRC_ERROR_BUSY. A handle is
 * one thread's at a time and does not survive fork or the end of the service's instance (CLRC_ERROR_SERVICE_DIED: close and open
 * again). At most 64 files are open in one session, so by one thread.
 *
 * Whole at any instant, whatever is killed or loses power: one clrfWrite of up to CLRF_ATOM octets, clrfTruncate, and clrfCommit
 * happen as a whole or not at all. With CLRF_REPLACE new contents of any length appear at once at clrfCommit; until then, and for
 * good without it, everybody sees what was there before.
 */
#ifndef CLRF_H
#define CLRF_H

#include "clrc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clrf_file *ClrfHandle;

#define CLRF_NAME_MAX 63u /* octets of a file's name, NUL not counted */
#define CLRF_PASSWORD_MAX 256u
#define CLRF_ATOM                                                                                  \
    0x100000u /* octets that one clrfWrite stores as a whole; a longer one is several */
#define CLRF_GRANTS_MAX 8u

/* How to open. */
#define CLRF_READ 0x01u
#define CLRF_WRITE 0x02u
#define CLRF_CREATE 0x04u /* with CLRF_WRITE: an empty file where there is none */
#define CLRF_EXCLUSIVE                                                                             \
    0x08u /* with CLRF_CREATE or CLRF_REPLACE: CLRC_ERROR_EXISTS where there is one */
#define CLRF_REPLACE                                                                               \
    0x10u /* with CLRF_WRITE alone: new contents, empty at first, that appear at clrfCommit */
/* Which file is meant, in every call with a name. */
#define CLRF_SHARED 0x20u   /* one of the shared space */
#define CLRF_OF_OWNER 0x40u /* one of the user in options->owner_uid instead of the caller's own */
/* In ClrfInfo. */
#define CLRF_HAS_PASSWORD 0x80u

#define CLRF_GRANT_UID 1u /* id is a uid */
#define CLRF_GRANT_GID 2u /* id is the primary group of a caller */

/* Who may use a shared file besides its owner. */
typedef struct ClrfGrant {
    uint32_t kind;
    uint32_t rights; /* CLRF_READ, or CLRF_READ | CLRF_WRITE */
    uint32_t id;
} ClrfGrant;

/* What few calls need; NULL or all zero for the others. Borrowed for the call. */
typedef struct ClrfOptions {
    const uint8_t *password;
    uint32_t password_length; /* at most CLRF_PASSWORD_MAX; 0: none */
    uint32_t owner_uid;       /* with CLRF_OF_OWNER */
    const ClrfGrant *grants;  /* of a file that is made or replaced in the shared space */
    uint32_t n_grants;
} ClrfOptions;

typedef struct ClrfInfo {
    uint32_t flags; /* CLRF_SHARED, CLRF_HAS_PASSWORD */
    uint64_t size;
    uint64_t made; /* or last replaced: seconds since 1970 */
    char name[CLRF_NAME_MAX + 1];
    uint32_t n_grants; /* what the owner and the administrator see */
    ClrfGrant grants[CLRF_GRANTS_MAX];
} ClrfInfo;

typedef struct ClrfUsage {
    uint32_t files, files_max;
    uint64_t octets, octets_max;
} ClrfUsage;

/* clrfLastError: what the calling thread's last failed call of this library attempted; valid until its next call. */
CLRC_API const char *clrfLastError(void);
/* clrfSetSocket: where keymoord listens, instead of $KEYMOOR_SOCKET or the default; before the first call. */
CLRC_API ClrcResult clrfSetSocket(const char *path);

/*
 * clrfOpen: opens a file. CLRC_ERROR_NOT_FOUND, also for what the caller may not see; CLRC_ERROR_PASSWORD: it has one and it was
 * not given, is wrong, or was given for a file that has none (but a replacement gives it one); CLRC_ERROR_THROTTLED: too many
 * wrong ones, see clrfPasswordWait; CLRC_ERROR_TOO_LARGE: the owner's quota is used up; CLRC_ERROR_ACCESS_DENIED: a
 * grant that only reads. *file is freed with clrfClose or clrfCommit.
 */
CLRC_API ClrcResult clrfOpen(const char *name, uint32_t flags, const ClrfOptions *options,
                             ClrfHandle *file);
/* clrfClose: closes and frees; a replacement that was not committed is gone. NULL is allowed. */
CLRC_API void clrfClose(ClrfHandle file);
/* clrfCommit: shows the replacement, closes and frees. On a failure nothing has changed and the handle stays. */
CLRC_API ClrcResult clrfCommit(ClrfHandle file);
/* clrfRead: from the position on, which moves; *length: room, then octets read: fewer only at the end, where they are 0. */
CLRC_API ClrcResult clrfRead(ClrfHandle file, void *data, size_t *length);
/*
 * clrfWrite: at the position, which moves. All or nothing of up to CLRF_ATOM octets; of more, those before the position have
 * been written when it fails. CLRC_ERROR_NO_SPACE, CLRC_ERROR_TOO_LARGE (4 GiB, or the quota): nothing of that piece was.
 */
CLRC_API ClrcResult clrfWrite(ClrfHandle file, const void *data, size_t length);

typedef enum ClrfWhence {
    CLRF_FROM_START = 0,
    CLRF_FROM_POSITION = 1,
    CLRF_FROM_END = 2,
} ClrfWhence;

/* clrfSeek: moves the position, not beyond the end (CLRC_ERROR_BAD_PARAMETERS): files have no holes. position may be NULL. */
CLRC_API ClrcResult clrfSeek(ClrfHandle file, int64_t offset, ClrfWhence whence,
                             uint64_t *position);
/* clrfTruncate: shortens; the position moves to the end if it was behind it. Not of a replacement (CLRC_ERROR_STATE). */
CLRC_API ClrcResult clrfTruncate(ClrfHandle file, uint64_t size);
CLRC_API ClrcResult clrfSize(ClrfHandle file, uint64_t *size);

/* clrfStat: about a file, open or not; flags: CLRF_SHARED, CLRF_OF_OWNER. Needs no password. */
CLRC_API ClrcResult clrfStat(const char *name, uint32_t flags, const ClrfOptions *options,
                             ClrfInfo *info);
/*
 * clrfList: calls seen for each file of the private or (flags: CLRF_SHARED) the shared space until it answers 0; of another user's
 * (CLRF_OF_OWNER) those with a grant for the caller.
 */
CLRC_API ClrcResult clrfList(uint32_t flags, const ClrfOptions *options,
                             int (*seen)(void *arg, const ClrfInfo *info), void *arg);
/* clrfUsage: how much the caller has stored and may. */
CLRC_API ClrcResult clrfUsage(ClrfUsage *usage);
/* clrfDelete: by the owner, with the password if there is one; or by the administrator. */
CLRC_API ClrcResult clrfDelete(const char *name, uint32_t flags, const ClrfOptions *options);
/*
 * clrfSetPassword: from the one in options (none: it has none) to another (length 0: none). Changing it takes one small write;
 * giving the first or taking the last seals the contents anew, which needs room for both.
 */
CLRC_API ClrcResult clrfSetPassword(const char *name, uint32_t flags, const ClrfOptions *options,
                                    const uint8_t *password, uint32_t length);
/* clrfSetGrants: the owner's shared file has options->grants from now on; who has it open keeps it open. */
CLRC_API ClrcResult clrfSetGrants(const char *name, uint32_t flags, const ClrfOptions *options);
/* clrfPasswordWait: seconds until the next guess of the password is taken. */
CLRC_API ClrcResult clrfPasswordWait(const char *name, uint32_t flags, const ClrfOptions *options,
                                     uint32_t *seconds);
/* clrfPurge: deletes all files of a uid that is no longer used; administrator only. */
CLRC_API ClrcResult clrfPurge(uint32_t uid);

#ifdef __cplusplus
}
#endif

#endif
