/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the storage trusted application: the one header that both worlds include.
 *
 * UUID 5840ee82-131e-4259-bb1f-2a9286da48a8. A session opens without parameters; open files live in it and end with it.
 *
 * Every command has exactly one parameter signature, given below as four words:
 *   -    NONE               vi   VALUE_INPUT     vo   VALUE_OUTPUT    vio  VALUE_INOUT
 *   mi   MEMREF_INPUT       mo   MEMREF_OUTPUT
 * Another signature is TEE_ERROR_BAD_PARAMETERS before anything else is looked at. Members of a value that are not
 * named must be 0. `u64` as a value: a is the low half, b the high one. Memref outputs: size on entry is the room; on
 * success the octets written; with TEE_ERROR_SHORT_BUFFER the octets needed. Nothing else is written on a failure.
 *
 * Integers in octets are little-endian; `blob` means a u32 length and that many octets. Parsed and printed by
 * storage_wire.h.
 *
 *   WISH    u32 flags (KM_STORAGE_...), u32 owner's uid (0 without OF_OWNER), blob name (UTF-8 without a NUL, 1 to
 *           KM_STORAGE_NAME_MAX octets), u32 number of grants, GRANT after GRANT
 *   GRANT   u32 kind, u32 rights, u32 uid or gid
 *   INFO    u32 flags, u64 size, u64 when it was made or last replaced (seconds since 1970), blob name, u32 number of grants,
 *           GRANT after GRANT (the owner and the administrator see them, others see none)
 *   USAGE   u32 files, u32 files at most, u64 octets, u64 octets at most
 */
#ifndef KM_STORAGE_PROTOCOL_H
#define KM_STORAGE_PROTOCOL_H

#define KM_STORAGE_TA_UUID                                                                         \
    {                                                                                              \
        0x5840ee82, 0x131e, 0x4259,                                                                \
        {                                                                                          \
            0xbb, 0x1f, 0x2a, 0x92, 0x86, 0xda, 0x48, 0xa8                                         \
        }                                                                                          \
    }

#define KM_STORAGE_VERSION 1u

#define KM_STORAGE_NAME_MAX 63u
#define KM_STORAGE_PASSWORD_MAX 256u
#define KM_STORAGE_GRANTS_MAX 8u
#define KM_STORAGE_FILES_MAX 64u          /* open in one session */
#define KM_STORAGE_TRANSFER_MAX 0x100000u /* octets of one READ or WRITE */
#define KM_STORAGE_SIZE_MAX 0xffffffffull /* octets of a file as stored */
#define KM_STORAGE_LIST_MAX 4096u         /* room for one page of a LIST */
#define KM_STORAGE_GRANT_LEN 12u
#define KM_STORAGE_WISH_MAX                                                                        \
    (16u + KM_STORAGE_NAME_MAX + KM_STORAGE_GRANTS_MAX * KM_STORAGE_GRANT_LEN)
#define KM_STORAGE_INFO_MAX                                                                        \
    (28u + KM_STORAGE_NAME_MAX + KM_STORAGE_GRANTS_MAX * KM_STORAGE_GRANT_LEN)
#define KM_STORAGE_USAGE_LEN 24u

#define KM_STORAGE_E_BAD_NAME 0x80c90001u
#define KM_STORAGE_E_TOO_LARGE 0x80c90002u
#define KM_STORAGE_E_EXISTS 0x80c90003u
#define KM_STORAGE_E_PASSWORD 0x80c90004u  /* needed, wrong, or given for a file that has none */
#define KM_STORAGE_E_THROTTLED 0x80c90005u /* too many wrong passwords: PASSWORD_WAIT */
#define KM_STORAGE_E_STALE_ID 0x80c90006u  /* no such open file */
#define KM_STORAGE_E_QUOTA                                                                         \
    0x80c90007u                       /* the owner's files are as many or as large as they may be */
#define KM_STORAGE_E_FULL 0x80c90008u /* KM_STORAGE_FILES_MAX are open */

/* Flags of a WISH; in an INFO SHARED and HAS_PASSWORD. */
#define KM_STORAGE_READ 0x01u
#define KM_STORAGE_WRITE 0x02u
#define KM_STORAGE_CREATE 0x04u    /* make it when it is missing */
#define KM_STORAGE_EXCLUSIVE 0x08u /* it must be missing; with CREATE or REPLACE */
#define KM_STORAGE_REPLACE 0x10u   /* new contents that appear at COMMIT; with WRITE alone */
#define KM_STORAGE_SHARED 0x20u    /* a file of the owner's shared space */
#define KM_STORAGE_OF_OWNER 0x40u  /* of the uid that is named, not the caller's own */
#define KM_STORAGE_HAS_PASSWORD 0x80u
#define KM_STORAGE_OPEN_FLAGS 0x7fu

enum km_storage_grant_kind {
    KM_STORAGE_GRANT_UID = 1,
    KM_STORAGE_GRANT_GID = 2,
};

/*
 * The results of this application that a command may end with, beside GlobalPlatform's: X(what the TA answers, what the library
 * makes of it).
 */
#define KM_STORAGE_RESULTS(X)                                                                      \
    X(KM_STORAGE_E_BAD_NAME, CLRC_ERROR_BAD_NAME)                                                  \
    X(KM_STORAGE_E_TOO_LARGE, CLRC_ERROR_TOO_LARGE)                                                \
    X(KM_STORAGE_E_EXISTS, CLRC_ERROR_EXISTS)                                                      \
    X(KM_STORAGE_E_PASSWORD, CLRC_ERROR_PASSWORD)                                                  \
    X(KM_STORAGE_E_THROTTLED, CLRC_ERROR_THROTTLED)                                                \
    X(KM_STORAGE_E_STALE_ID, CLRC_ERROR_STATE)                                                     \
    X(KM_STORAGE_E_QUOTA, CLRC_ERROR_TOO_LARGE)                                                    \
    X(KM_STORAGE_E_FULL, CLRC_ERROR_TOO_LARGE)

/*
 * Any command may also end with OUT_OF_MEMORY, ACCESS_CONFLICT (in use; short waits are waited for), CORRUPT_OBJECT or
 * STORAGE_NOT_AVAILABLE. Those with a WISH: BAD_PARAMETERS when it is malformed, BAD_NAME; ITEM_NOT_FOUND also for what
 * the caller may not see; where they take a password: PASSWORD THROTTLED.
 */
enum km_storage_command {
    /* VERSION        vo(a version) - - - */
    KM_STORAGE_CMD_VERSION = 0x00,
    /* OPEN           mi(WISH) mi(password, may be empty) vo(a id of the open file) vo(u64 size)
     *                grants only with SHARED and CREATE or REPLACE, by the owner. EXISTS QUOTA FULL STORAGE_NO_SPACE
     *                ACCESS_DENIED: a grant that only reads */
    KM_STORAGE_CMD_OPEN = 0x01,
    /* CLOSE          vi(a id) - - -                       a replacement that was not committed is gone. STALE_ID */
    KM_STORAGE_CMD_CLOSE = 0x02,
    /* COMMIT         vi(a id) - - -                       shows the replacement, and closes; on a failure it stays open and
     *                nothing has changed. STALE_ID. BAD_STATE: not a replacement */
    KM_STORAGE_CMD_COMMIT = 0x03,
    /* READ           vi(a id) vi(u64 offset) mo(data) -   fewer octets only at the end. STALE_ID. BAD_STATE: not for reading */
    KM_STORAGE_CMD_READ = 0x04,
    /* WRITE          vi(a id) vi(u64 offset) mi(data) -   all or nothing, at most TRANSFER_MAX octets, beginning within the
     *                file or at its end (BAD_PARAMETERS). STALE_ID TOO_LARGE QUOTA STORAGE_NO_SPACE. BAD_STATE: not for writing */
    KM_STORAGE_CMD_WRITE = 0x05,
    /* TRUNCATE       vi(a id) vi(u64 size) - -            all or nothing; shortens (BAD_PARAMETERS). STALE_ID QUOTA
     *                STORAGE_NO_SPACE. BAD_STATE: not for writing, or a replacement */
    KM_STORAGE_CMD_TRUNCATE = 0x06,
    /* SIZE           vi(a id) vo(u64 size) - -            STALE_ID */
    KM_STORAGE_CMD_SIZE = 0x07,
    /* STAT           mi(WISH) mo(INFO) - -                SHORT_BUFFER */
    KM_STORAGE_CMD_STAT = 0x10,
    /* LIST           vio(a cursor) vi(a flags SHARED OF_OWNER, b uid) mo(blob INFO after blob INFO) -
     *                cursor 0 begins; the answer's cursor goes into the session's next LIST, until it is 0 (BAD_STATE: another
     *                has begun meanwhile). What is passed over is damaged or gone. SHORT_BUFFER: not even one fits */
    KM_STORAGE_CMD_LIST = 0x11,
    /* USAGE          mo(USAGE) - - -                      of the caller */
    KM_STORAGE_CMD_USAGE = 0x12,
    /* DELETE         mi(WISH) mi(password, may be empty) - -
     *                the owner, with the password if there is one; or the administrator, of anybody and without */
    KM_STORAGE_CMD_DELETE = 0x13,
    /* SET_PASSWORD   mi(WISH) mi(password until now, may be empty) mi(new one, may be empty) -
     *                the owner. BAD_PARAMETERS: both empty. STORAGE_NO_SPACE QUOTA: contents are sealed anew where there was
     *                none or will be none */
    KM_STORAGE_CMD_SET_PASSWORD = 0x14,
    /* SET_GRANTS     mi(WISH with the new grants) - - -   the owner, of a file in the shared space */
    KM_STORAGE_CMD_SET_GRANTS = 0x15,
    /* PASSWORD_WAIT  mi(WISH) vo(a seconds until the next guess) - - */
    KM_STORAGE_CMD_PASSWORD_WAIT = 0x16,
    /* PURGE          vi(a uid) - - -                      administrator (ACCESS_DENIED): all files of a uid */
    KM_STORAGE_CMD_PURGE = 0x20,
};

#endif
