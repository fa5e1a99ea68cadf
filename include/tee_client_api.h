/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GlobalPlatform TEE Client API, version 1.0 (GPD_SPE_007), with the error codes of its errata.
 *
 * Every name is the standard's; the numbers in brackets are its sections. Extensions of this
 * implementation stand in tee_client_ext.h.
 *
 * Conventions. Pointers are borrowed for the call unless said otherwise. A context, a session and a
 * shared memory block may be used by any number of threads at once; calls on one session queue and
 * run one after the other, so threads that should run in parallel open a session each. A session and
 * a shared memory block belong to the context they were made in. No call installs a signal handler or
 * raises SIGPIPE.
 *
 * fork. The child inherits no session: what it calls with a context, session or shared memory block
 * of its parent gives TEEC_ERROR_COMMUNICATION with origin TEEC_ORIGIN_API, and releasing them in the
 * child is allowed and touches nothing of the parent. The bytes of registered and allocated memory
 * stay readable in the child, as a private copy. The child starts with a TEEC_InitializeContext of
 * its own.
 *
 * A service that dies. The calls in flight and all later ones on its sessions give
 * TEEC_ERROR_TARGET_DEAD; such a session is still to be closed. TEEC_OpenSession connects anew by
 * itself as soon as the service is back; the context and its shared memory stay good.
 */
#ifndef TEE_CLIENT_API_H
#define TEE_CLIENT_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* [4.2] Limits. The largest shared memory block, in octets. */
#define TEEC_CONFIG_SHAREDMEM_MAX_SIZE 0x04000000u

/* [4.3.1] */
typedef uint32_t TEEC_Result;

/* [4.3.2] RFC 4122's fields, in the machine's byte order. */
typedef struct {
    uint32_t timeLow;
    uint16_t timeMid;
    uint16_t timeHiAndVersion;
    uint8_t clockSeqAndNode[8];
} TEEC_UUID;

/* [4.3.3] A connection to one TEE. The contents are this implementation's. */
typedef struct {
    struct {
        void *state;
    } imp;
} TEEC_Context;

/* [4.3.4] A connection to one trusted application. */
typedef struct {
    struct {
        void *state;
    } imp;
} TEEC_Session;

/*
 * [4.3.5] Memory that the client and a trusted application both see. buffer, size and flags are read
 * by the caller at any time and written by it only before registering or allocating.
 */
typedef struct {
    void *buffer;
    size_t size;
    uint32_t flags; /* TEEC_MEM_INPUT, TEEC_MEM_OUTPUT or both */
    struct {
        void *state;
    } imp;
} TEEC_SharedMemory;

/*
 * [4.3.6] Memory shared for one operation. A NULL buffer is a null reference: the trusted application
 * sees NULL and size 0, which for an output asks how much room is needed. For outputs size comes back
 * as the octets written, or, with TEEC_ERROR_SHORT_BUFFER, as the octets needed.
 */
typedef struct {
    void *buffer;
    size_t size;
} TEEC_TempMemoryReference;

/*
 * [4.3.7] A part of a shared memory block, or all of it: with TEEC_MEMREF_WHOLE offset is not read,
 * and neither is size on entry. Size comes back as for temporary references.
 */
typedef struct {
    TEEC_SharedMemory *parent;
    size_t size;
    size_t offset;
} TEEC_RegisteredMemoryReference;

/* [4.3.8] */
typedef struct {
    uint32_t a;
    uint32_t b;
} TEEC_Value;

/* [4.3.9] One parameter; which member counts stands in paramTypes. */
typedef union {
    TEEC_TempMemoryReference tmpref;
    TEEC_RegisteredMemoryReference memref;
    TEEC_Value value;
} TEEC_Parameter;

/*
 * [4.3.10] The parameters of one call. Set `started` to 0 before each use if the operation may be
 * cancelled; the implementation changes it. One operation is in use by one call at a time.
 */
typedef struct {
    uint32_t started;
    uint32_t paramTypes; /* TEEC_PARAM_TYPES(...) */
    TEEC_Parameter params[4];
    struct {
        void *session;
        uint32_t state;
    } imp;
} TEEC_Operation;

/* [4.4.2] Return codes. */
#define TEEC_SUCCESS 0x00000000u
#define TEEC_ERROR_GENERIC 0xFFFF0000u
#define TEEC_ERROR_ACCESS_DENIED 0xFFFF0001u
#define TEEC_ERROR_CANCEL 0xFFFF0002u
#define TEEC_ERROR_ACCESS_CONFLICT 0xFFFF0003u
#define TEEC_ERROR_EXCESS_DATA 0xFFFF0004u
#define TEEC_ERROR_BAD_FORMAT 0xFFFF0005u
#define TEEC_ERROR_BAD_PARAMETERS 0xFFFF0006u
#define TEEC_ERROR_BAD_STATE 0xFFFF0007u
#define TEEC_ERROR_ITEM_NOT_FOUND 0xFFFF0008u
#define TEEC_ERROR_NOT_IMPLEMENTED 0xFFFF0009u
#define TEEC_ERROR_NOT_SUPPORTED 0xFFFF000Au
#define TEEC_ERROR_NO_DATA 0xFFFF000Bu
#define TEEC_ERROR_OUT_OF_MEMORY 0xFFFF000Cu
#define TEEC_ERROR_BUSY 0xFFFF000Du
#define TEEC_ERROR_COMMUNICATION 0xFFFF000Eu
#define TEEC_ERROR_SECURITY 0xFFFF000Fu
#define TEEC_ERROR_SHORT_BUFFER 0xFFFF0010u
#define TEEC_ERROR_EXTERNAL_CANCEL 0xFFFF0011u
#define TEEC_ERROR_TARGET_DEAD 0xFFFF3024u

/* [4.4.3] Which layer a return code comes from. */
#define TEEC_ORIGIN_API 0x00000001u         /* this library */
#define TEEC_ORIGIN_COMMS 0x00000002u       /* the way between the library and the TEE */
#define TEEC_ORIGIN_TEE 0x00000003u         /* the TEE around the trusted application */
#define TEEC_ORIGIN_TRUSTED_APP 0x00000004u /* the trusted application's own word */

/* [4.4.4] Shared memory flags. */
#define TEEC_MEM_INPUT 0x00000001u  /* from the client to the trusted application */
#define TEEC_MEM_OUTPUT 0x00000002u /* from the trusted application to the client */

/* [4.4.5] Parameter types. */
#define TEEC_NONE 0x00000000u
#define TEEC_VALUE_INPUT 0x00000001u
#define TEEC_VALUE_OUTPUT 0x00000002u
#define TEEC_VALUE_INOUT 0x00000003u
#define TEEC_MEMREF_TEMP_INPUT 0x00000005u
#define TEEC_MEMREF_TEMP_OUTPUT 0x00000006u
#define TEEC_MEMREF_TEMP_INOUT 0x00000007u
#define TEEC_MEMREF_WHOLE 0x0000000Cu
#define TEEC_MEMREF_PARTIAL_INPUT 0x0000000Du
#define TEEC_MEMREF_PARTIAL_OUTPUT 0x0000000Eu
#define TEEC_MEMREF_PARTIAL_INOUT 0x0000000Fu

/* [4.4.6] How a session's client is identified. Linux supplies who it is; see TEEC_OpenSession. */
#define TEEC_LOGIN_PUBLIC 0x00000000u
#define TEEC_LOGIN_USER 0x00000001u
#define TEEC_LOGIN_GROUP 0x00000002u
#define TEEC_LOGIN_APPLICATION 0x00000004u
#define TEEC_LOGIN_USER_APPLICATION 0x00000005u
#define TEEC_LOGIN_GROUP_APPLICATION 0x00000006u

/*
 * [4.5.1] TEEC_PARAM_TYPES: the four types, for TEEC_Operation.paramTypes.
 */
#define TEEC_PARAM_TYPES(param0Type, param1Type, param2Type, param3Type)                           \
    ((uint32_t)(param0Type) | ((uint32_t)(param1Type) << 4) | ((uint32_t)(param2Type) << 8) |      \
     ((uint32_t)(param3Type) << 12))

/*
 * [4.5.2] TEEC_InitializeContext: connects to a TEE and fills *context, to be released with
 * TEEC_FinalizeContext. name NULL is the default: the socket path in the environment variable
 * KEYMOOR_SOCKET (not read in set-uid programs), else /run/keymoor/keymoord.sock. A name that starts
 * with '/' is the path of a service's socket; it is copied. TEEC_ERROR_BAD_PARAMETERS: context is
 * NULL or the path too long. TEEC_ERROR_ITEM_NOT_FOUND: any other name. TEEC_ERROR_COMMUNICATION: no
 * service answers there. TEEC_ERROR_ACCESS_DENIED: the socket does not let this user in. Does not wait
 * for an answer of the service.
 */
TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context);

/*
 * [4.5.3] TEEC_FinalizeContext: releases it. All its sessions must be closed and its shared memory
 * released before. NULL is allowed.
 */
void TEEC_FinalizeContext(TEEC_Context *context);

/*
 * [4.5.4] TEEC_RegisterSharedMemory: makes the caller's own buffer (buffer, size and flags set)
 * shareable. The caller keeps it and must not free, remap or move it before TEEC_ReleaseSharedMemory.
 * Where the buffer is ordinary memory its whole pages are used in place, without a copy per call; in
 * other memory (a stack, a file mapping, less than a page) a shadow is kept and copied for each call.
 * size 0 is allowed. TEEC_ERROR_BAD_PARAMETERS: flags are empty or unknown, or a pointer is NULL.
 * TEEC_ERROR_OUT_OF_MEMORY: beyond TEEC_CONFIG_SHAREDMEM_MAX_SIZE, or short of memory. No other
 * thread may write to the buffer meanwhile.
 */
TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem);

/*
 * [4.5.5] TEEC_AllocateSharedMemory: allocates size octets (size and flags set), zeroed and aligned
 * to a page, that every call uses in place; sets buffer. With size 0 buffer is a unique pointer that
 * must not be read. The memory goes with TEEC_ReleaseSharedMemory. Errors as for registering; buffer
 * is NULL then.
 */
TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem);

/*
 * [4.5.6] TEEC_ReleaseSharedMemory: ends the sharing; an allocated block is freed and its buffer set
 * to NULL, a registered buffer is the caller's alone again with its present contents. No operation
 * may be using it. NULL is allowed.
 */
void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem);

/*
 * [4.5.7] TEEC_OpenSession: opens a session with the trusted application and fills *session, to be
 * closed with TEEC_CloseSession. connectionMethod is TEEC_LOGIN_...; connectionData points to the
 * uint32_t group id for the two group methods and is NULL otherwise. Identities are those of the
 * peer of the socket as the kernel knows them. operation (may be NULL) carries parameters to the
 * trusted application; *returnOrigin (may be NULL) tells which layer answered. Blocks until then;
 * TEEC_RequestCancellation ends that with TEEC_ERROR_CANCEL. TEEC_ERROR_ITEM_NOT_FOUND: no such
 * trusted application. TEEC_ERROR_COMMUNICATION: the service is away. TEEC_ERROR_TARGET_DEAD: it or
 * the instance ended meanwhile. Else what the trusted application returns.
 */
TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
                             const TEEC_UUID *destination, uint32_t connectionMethod,
                             const void *connectionData, TEEC_Operation *operation,
                             uint32_t *returnOrigin);

/*
 * [4.5.8] TEEC_CloseSession: ends it; the trusted application is told and has finished when this
 * returns. No operation may be running in it. NULL is allowed.
 */
void TEEC_CloseSession(TEEC_Session *session);

/*
 * [4.5.9] TEEC_InvokeCommand: runs one command in the session and blocks until it is done. operation
 * may be NULL when there are no parameters. Outputs and sizes are written back as soon as the
 * trusted application answered, whatever it answered. TEEC_ERROR_BAD_PARAMETERS (origin API): types,
 * buffers or offsets do not fit, or flags of the memory forbid the direction.
 * TEEC_ERROR_OUT_OF_MEMORY: a memory reference beyond TEEC_CONFIG_SHAREDMEM_MAX_SIZE, or short of memory. TEEC_ERROR_CANCEL: cancelled
 * before it reached the trusted application. TEEC_ERROR_TARGET_DEAD: the instance is gone.
 */
TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID, TEEC_Operation *operation,
                               uint32_t *returnOrigin);

/*
 * [4.5.10] TEEC_RequestCancellation: asks, from another thread, to stop a running open or invoke with
 * this operation. Before it started: it ends with TEEC_ERROR_CANCEL when it does. Running in the
 * trusted application: that one decides. Finished: nothing happens. Does not block. NULL is allowed.
 */
void TEEC_RequestCancellation(TEEC_Operation *operation);

#ifdef __cplusplus
}
#endif

#endif
