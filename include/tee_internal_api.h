/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GlobalPlatform TEE Internal Core API v1.3.1 (GPD_SPE_010), as Keymoor implements it. Names,
 * values and clause numbers are the specification's; all sizes are octets, key sizes are bits.
 *
 * Said once for every function below:
 * - A *panic* ends this instance of the TA: its sessions answer TEE_ERROR_TARGET_DEAD, nothing else
 *   is harmed. Every function panics when it gets a handle that was not returned by this API, or
 *   was closed or freed since, or a NULL pointer where a value is needed, and when the specification
 *   knows no other answer to what happened (an algorithm or the hardware failed).
 * - Pointers are borrowed for the call. An [out] value is written only on success, except where
 *   TEE_ERROR_SHORT_BUFFER tells the size needed in *size.
 * - A length pointer gives the room at entry and the octets written, or needed, at return.
 * - A NULL handle given to a Free, Close or Reset function for objects and operations is ignored.
 * - Buffers may lie in memory shared with the client. It can change at any moment: copy what you
 *   check. Keys, attributes, handles and lengths must be in the TA's own memory.
 * - One instance, one thread: no function is called from two threads.
 *
 * Clause 9 (peripherals and events) is optional in the specification and not offered.
 */
#ifndef TEE_INTERNAL_API_H
#define TEE_INTERNAL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- 3: version, basic types, return codes ---- */

#define TEE_CORE_API_MAJOR_VERSION 1u
#define TEE_CORE_API_MINOR_VERSION 3u
#define TEE_CORE_API_MAINTENANCE_VERSION 1u
#define TEE_CORE_API_VERSION                                                                       \
    ((TEE_CORE_API_MAJOR_VERSION << 24) | (TEE_CORE_API_MINOR_VERSION << 16) |                     \
     (TEE_CORE_API_MAINTENANCE_VERSION << 8))
#define TEE_CORE_API_1_3_1

typedef uint32_t TEE_Result;

#define TEE_SUCCESS 0x00000000u
#define TEE_ERROR_CORRUPT_OBJECT 0xF0100001u
#define TEE_ERROR_CORRUPT_OBJECT_2 0xF0100002u
#define TEE_ERROR_STORAGE_NOT_AVAILABLE 0xF0100003u
#define TEE_ERROR_STORAGE_NOT_AVAILABLE_2 0xF0100004u
#define TEE_ERROR_UNSUPPORTED_VERSION 0xF0100005u
#define TEE_ERROR_CIPHERTEXT_INVALID 0xF0100006u
#define TEE_ERROR_GENERIC 0xFFFF0000u
#define TEE_ERROR_ACCESS_DENIED 0xFFFF0001u
#define TEE_ERROR_CANCEL 0xFFFF0002u
#define TEE_ERROR_ACCESS_CONFLICT 0xFFFF0003u
#define TEE_ERROR_EXCESS_DATA 0xFFFF0004u
#define TEE_ERROR_BAD_FORMAT 0xFFFF0005u
#define TEE_ERROR_BAD_PARAMETERS 0xFFFF0006u
#define TEE_ERROR_BAD_STATE 0xFFFF0007u
#define TEE_ERROR_ITEM_NOT_FOUND 0xFFFF0008u
#define TEE_ERROR_NOT_IMPLEMENTED 0xFFFF0009u
#define TEE_ERROR_NOT_SUPPORTED 0xFFFF000Au
#define TEE_ERROR_NO_DATA 0xFFFF000Bu
#define TEE_ERROR_OUT_OF_MEMORY 0xFFFF000Cu
#define TEE_ERROR_BUSY 0xFFFF000Du
#define TEE_ERROR_COMMUNICATION 0xFFFF000Eu
#define TEE_ERROR_SECURITY 0xFFFF000Fu
#define TEE_ERROR_SHORT_BUFFER 0xFFFF0010u
#define TEE_ERROR_EXTERNAL_CANCEL 0xFFFF0011u
#define TEE_ERROR_TIMEOUT 0xFFFF3001u
#define TEE_ERROR_OVERFLOW 0xFFFF300Fu
#define TEE_ERROR_TARGET_DEAD 0xFFFF3024u
#define TEE_ERROR_STORAGE_NO_SPACE 0xFFFF3041u
#define TEE_ERROR_MAC_INVALID 0xFFFF3071u
#define TEE_ERROR_SIGNATURE_INVALID 0xFFFF3072u
#define TEE_ERROR_TIME_NOT_SET 0xFFFF5000u
#define TEE_ERROR_TIME_NEEDS_RESET 0xFFFF5001u

/* RFC 4122; the first three fields are numbers in host order. */
typedef struct {
    uint32_t timeLow;
    uint16_t timeMid;
    uint16_t timeHiAndVersion;
    uint8_t clockSeqAndNode[8];
} TEE_UUID;

/* ---- 4.1, 4.2: core types and constants ---- */

#define TEE_HANDLE_NULL 0
#define TEE_TIMEOUT_INFINITE 0xFFFFFFFFu
#define TEE_NUM_PARAMS 4

typedef struct {
    uint32_t login; /* TEE_LOGIN_... */
    TEE_UUID uuid;  /* of the client; nil where the login gives none */
} TEE_Identity;

typedef union {
    struct {
        void *buffer;
        size_t size;
    } memref;
    struct {
        uint32_t a;
        uint32_t b;
    } value;
} TEE_Param;

typedef struct __TEE_TASessionHandle *TEE_TASessionHandle;
typedef struct __TEE_PropSetHandle *TEE_PropSetHandle;
typedef struct __TEE_ObjectHandle *TEE_ObjectHandle;
typedef struct __TEE_ObjectEnumHandle *TEE_ObjectEnumHandle;
typedef struct __TEE_OperationHandle *TEE_OperationHandle;

#define TEE_PARAM_TYPE_NONE 0u
#define TEE_PARAM_TYPE_VALUE_INPUT 1u
#define TEE_PARAM_TYPE_VALUE_OUTPUT 2u
#define TEE_PARAM_TYPE_VALUE_INOUT 3u
#define TEE_PARAM_TYPE_MEMREF_INPUT 5u
#define TEE_PARAM_TYPE_MEMREF_OUTPUT 6u
#define TEE_PARAM_TYPE_MEMREF_INOUT 7u
#define TEE_PARAM_TYPES(t0, t1, t2, t3)                                                            \
    ((uint32_t)(t0) | ((uint32_t)(t1) << 4) | ((uint32_t)(t2) << 8) | ((uint32_t)(t3) << 12))
#define TEE_PARAM_TYPE_GET(t, i) ((((uint32_t)(t)) >> ((i)*4)) & 0xFu)
#define TEE_PARAM_TYPE_SET(t, i) (((uint32_t)(t)&0xFu) << ((i)*4))

#define TEE_LOGIN_PUBLIC 0x00000000u
#define TEE_LOGIN_USER 0x00000001u
#define TEE_LOGIN_GROUP 0x00000002u
#define TEE_LOGIN_APPLICATION 0x00000004u
#define TEE_LOGIN_APPLICATION_USER 0x00000005u
#define TEE_LOGIN_APPLICATION_GROUP 0x00000006u
#define TEE_LOGIN_TRUSTED_APP 0xF0000000u

#define TEE_ORIGIN_API 0x00000001u
#define TEE_ORIGIN_COMMS 0x00000002u
#define TEE_ORIGIN_TEE 0x00000003u
#define TEE_ORIGIN_TRUSTED_APP 0x00000004u

#define TEE_PROPSET_TEE_IMPLEMENTATION ((TEE_PropSetHandle)(uintptr_t)0xFFFFFFFDu)
#define TEE_PROPSET_CURRENT_CLIENT ((TEE_PropSetHandle)(uintptr_t)0xFFFFFFFEu)
#define TEE_PROPSET_CURRENT_TA ((TEE_PropSetHandle)(uintptr_t)0xFFFFFFFFu)

#define TEE_MEMORY_ACCESS_READ 0x00000001u
#define TEE_MEMORY_ACCESS_WRITE 0x00000002u
#define TEE_MEMORY_ACCESS_ANY_OWNER 0x00000004u

#define TEE_MALLOC_FILL_ZERO 0x00000000u
#define TEE_MALLOC_NO_FILL 0x00000001u
#define TEE_MALLOC_NO_SHARE 0x00000002u

/* ---- 4.3: what a TA provides ---- */

/*
 * TA_CreateEntryPoint (4.3.1): once, before anything else. Any result but TEE_SUCCESS undoes the
 * instance and is what the client gets.
 */
TEE_Result TA_CreateEntryPoint(void);
/* TA_DestroyEntryPoint (4.3.2): last call; no session is open. What the TA left open is closed afterwards. */
void TA_DestroyEntryPoint(void);
/*
 * TA_OpenSessionEntryPoint (4.3.3): *sessionContext is handed back in each call of the session.
 * Output parameters travel back even when the result is an error.
 */
TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                                    void **sessionContext);
/* TA_CloseSessionEntryPoint (4.3.4): can't refuse; frees what the session holds. */
void TA_CloseSessionEntryPoint(void *sessionContext);
/*
 * TA_InvokeCommandEntryPoint (4.3.5): one command of a session. paramTypes is the client's word:
 * check it before touching params. A memref output larger than its room: set size to what is
 * needed and return TEE_ERROR_SHORT_BUFFER.
 */
TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS]);

/* ---- 4.4: properties ---- */
/*
 * propsetOrEnumerator is one of the TEE_PROPSET_ pseudo handles together with a name, or an
 * enumerator that stands on a property (name is then ignored). All getters: TEE_ERROR_ITEM_NOT_FOUND
 * when there is no such property or the enumerator is not started or past the end,
 * TEE_ERROR_BAD_FORMAT when its value is not of the type asked for.
 */

/* TEE_GetPropertyAsString (4.4.1): text with its NUL, which *valueBufferLen counts. TEE_ERROR_SHORT_BUFFER. */
TEE_Result TEE_GetPropertyAsString(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                   char *valueBuffer, size_t *valueBufferLen);
/* TEE_GetPropertyAsBool (4.4.2): "true" or "false". */
TEE_Result TEE_GetPropertyAsBool(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 bool *value);
/* TEE_GetPropertyAsU32 (4.4.3): decimal, 0x hexadecimal, 0b binary, or with a K, M, G suffix (clause 4.4). */
TEE_Result TEE_GetPropertyAsU32(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint32_t *value);
/* TEE_GetPropertyAsU64 (4.4.3): the same to 64 bits. */
TEE_Result TEE_GetPropertyAsU64(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                uint64_t *value);
/* TEE_GetPropertyAsBinaryBlock (4.4.4): what the base64 text stands for. TEE_ERROR_SHORT_BUFFER. */
TEE_Result TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                        void *valueBuffer, size_t *valueBufferLen);
/* TEE_GetPropertyAsUUID (4.4.5). */
TEE_Result TEE_GetPropertyAsUUID(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                 TEE_UUID *value);
/* TEE_GetPropertyAsIdentity (4.4.6): gpd.client.identity, written "login:uuid". */
TEE_Result TEE_GetPropertyAsIdentity(TEE_PropSetHandle propsetOrEnumerator, const char *name,
                                     TEE_Identity *value);
/* TEE_AllocatePropertyEnumerator (4.4.7): not started yet. TEE_ERROR_OUT_OF_MEMORY. */
TEE_Result TEE_AllocatePropertyEnumerator(TEE_PropSetHandle *enumerator);
/* TEE_FreePropertyEnumerator (4.4.8). */
void TEE_FreePropertyEnumerator(TEE_PropSetHandle enumerator);
/* TEE_StartPropertyEnumerator (4.4.9): stands on the first property. Panics when propSet is no pseudo handle. */
void TEE_StartPropertyEnumerator(TEE_PropSetHandle enumerator, TEE_PropSetHandle propSet);
/* TEE_ResetPropertyEnumerator (4.4.10): as right after allocation. */
void TEE_ResetPropertyEnumerator(TEE_PropSetHandle enumerator);
/* TEE_GetPropertyName (4.4.11): with its NUL. TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_SHORT_BUFFER. */
TEE_Result TEE_GetPropertyName(TEE_PropSetHandle enumerator, void *nameBuffer,
                               size_t *nameBufferLen);
/* TEE_GetNextProperty (4.4.12): TEE_ERROR_ITEM_NOT_FOUND at the end, or when not started. */
TEE_Result TEE_GetNextProperty(TEE_PropSetHandle enumerator);

/* ---- 4.8: panic ---- */

/* TEE_Panic (4.8.1): ends this instance and tells panicCode to the log. Does not return. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void TEE_Panic(TEE_Result panicCode);

/* ---- 4.9: being a client of another TA ---- */

/*
 * TEE_OpenTASession (4.9.1): cancellationRequestTimeout in ms, TEE_TIMEOUT_INFINITE or 0 for none.
 * returnOrigin may be NULL. TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_ACCESS_DENIED, TEE_ERROR_BUSY,
 * TEE_ERROR_CANCEL, TEE_ERROR_OUT_OF_MEMORY, or the TA's own. Panics on a parameter type that does not exist and on a
 * memory reference that the TA itself may not read or write.
 */
TEE_Result TEE_OpenTASession(const TEE_UUID *destination, uint32_t cancellationRequestTimeout,
                             uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                             TEE_TASessionHandle *session, uint32_t *returnOrigin);
/* TEE_CloseTASession (4.9.2). */
void TEE_CloseTASession(TEE_TASessionHandle session);
/*
 * TEE_InvokeTACommand (4.9.3): the other TA is asked to cancel when the time (as in TEE_OpenTASession) is over, or when this call
 * is cancelled and that is not masked. TEE_ERROR_TARGET_DEAD when the other instance is gone; panics as TEE_OpenTASession.
 */
TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle session, uint32_t cancellationRequestTimeout,
                               uint32_t commandID, uint32_t paramTypes,
                               TEE_Param params[TEE_NUM_PARAMS], uint32_t *returnOrigin);

/* ---- 4.10: cancellation ---- */

/*
 * TEE_GetCancellationFlag (4.10.1): whether the client asked to stop or is gone; false while masked, as it is at the start of each call, except
 * in a session that was opened by an entry point that unmasked it.
 */
bool TEE_GetCancellationFlag(void);
/* TEE_UnmaskCancellation, TEE_MaskCancellation (4.10.2, 4.10.3): answer whether it was masked before. */
bool TEE_UnmaskCancellation(void);
bool TEE_MaskCancellation(void);

/* ---- 4.11: memory ---- */

/*
 * TEE_CheckMemoryAccessRights (4.11.1): TEE_ERROR_ACCESS_DENIED unless all of the buffer has the
 * rights in accessFlags: READ, WRITE; without ANY_OWNER it must be the TA's alone, so not shared with
 * the client. A size of 0 always passes. Does not panic.
 */
TEE_Result TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, size_t size);
/* TEE_SetInstanceData, TEE_GetInstanceData (4.11.2, 4.11.3): one pointer of the instance's own. */
void TEE_SetInstanceData(const void *instanceData);
const void *TEE_GetInstanceData(void);
/*
 * TEE_Malloc (4.11.4): zero-filled unless the hint is TEE_MALLOC_NO_FILL together with
 * TEE_MALLOC_NO_SHARE; NULL when the TA's bound (gpd.ta.dataSize) is reached or for an unknown hint.
 * A size of 0 gives a pointer that is not NULL and must not be read.
 */
void *TEE_Malloc(size_t size, uint32_t hint);
/* TEE_Realloc (4.11.5): keeps the old block when it answers NULL. What is left behind is wiped. */
void *TEE_Realloc(void *buffer, size_t newSize);
/* TEE_Free (4.11.6): wipes; NULL is allowed. Panics on what TEE_Malloc did not give or that was freed. */
void TEE_Free(void *buffer);
/* TEE_MemMove (4.11.7): the areas may overlap. */
void *TEE_MemMove(void *dest, const void *src, size_t size);
/* TEE_MemCompare (4.11.8): <0, 0, >0 as octets; its time depends on size alone. */
int32_t TEE_MemCompare(const void *buffer1, const void *buffer2, size_t size);
/* TEE_MemFill (4.11.9): with the low octet of x; never left out by the compiler. */
void TEE_MemFill(void *buffer, uint32_t x, size_t size);

/* ---- 5: trusted storage ---- */

typedef uint32_t TEE_ObjectType;
typedef uint32_t TEE_Whence;

typedef struct {
    uint32_t attributeID;
    union {
        struct {
            void *buffer;
            size_t length;
        } ref;
        struct {
            uint32_t a, b;
        } value;
    } content;
} TEE_Attribute;

typedef struct {
    TEE_ObjectType objectType;
    uint32_t objectSize;    /* bits of the key now set, 0 while uninitialized */
    uint32_t maxObjectSize; /* bits it may have */
    uint32_t objectUsage;   /* TEE_USAGE_... */
    size_t dataSize;        /* of the data stream; 0 for transient objects */
    size_t dataPosition;
    uint32_t handleFlags; /* TEE_HANDLE_FLAG_... and the TEE_DATA_FLAG_... it was opened with */
} TEE_ObjectInfo;

#define TEE_DATA_SEEK_SET 0x00000000u
#define TEE_DATA_SEEK_CUR 0x00000001u
#define TEE_DATA_SEEK_END 0x00000002u
#define TEE_WHENCE_ILLEGAL_VALUE 0x7FFFFFFFu

#define TEE_STORAGE_ILLEGAL_VALUE 0x00000000u
#define TEE_STORAGE_PRIVATE 0x00000001u
#define TEE_STORAGE_PERSO 0x00000002u
#define TEE_STORAGE_PROTECTED 0x00000003u

#define TEE_DATA_FLAG_ACCESS_READ 0x00000001u
#define TEE_DATA_FLAG_ACCESS_WRITE 0x00000002u
#define TEE_DATA_FLAG_ACCESS_WRITE_META 0x00000004u
#define TEE_DATA_FLAG_SHARE_READ 0x00000010u
#define TEE_DATA_FLAG_SHARE_WRITE 0x00000020u
#define TEE_DATA_FLAG_OVERWRITE 0x00000400u
#define TEE_DATA_MAX_POSITION 0xFFFFFFFFu
#define TEE_OBJECT_ID_MAX_LEN 64

#define TEE_USAGE_EXTRACTABLE 0x00000001u
#define TEE_USAGE_ENCRYPT 0x00000002u
#define TEE_USAGE_DECRYPT 0x00000004u
#define TEE_USAGE_MAC 0x00000008u
#define TEE_USAGE_SIGN 0x00000010u
#define TEE_USAGE_VERIFY 0x00000020u
#define TEE_USAGE_DERIVE 0x00000040u

#define TEE_HANDLE_FLAG_PERSISTENT 0x00010000u
#define TEE_HANDLE_FLAG_INITIALIZED 0x00020000u
#define TEE_HANDLE_FLAG_KEY_SET 0x00040000u
#define TEE_HANDLE_FLAG_EXPECT_TWO_KEYS 0x00080000u
#define TEE_HANDLE_FLAG_EXTRACTING 0x00100000u

/* -- 5.5: any object -- */
/*
 * Where an object is persistent, TEE_ERROR_CORRUPT_OBJECT and TEE_ERROR_STORAGE_NOT_AVAILABLE can
 * come from each of these: the handle is closed by the first, and stays by the second.
 */

/* TEE_GetObjectInfo1 (5.5.1). */
TEE_Result TEE_GetObjectInfo1(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo);
/* TEE_GetObjectInfo: deprecated; as above but panics on an error. */
void TEE_GetObjectInfo(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo);
/* TEE_RestrictObjectUsage1 (5.5.2): takes away the bits that objectUsage lacks; persistent objects change on disk. */
TEE_Result TEE_RestrictObjectUsage1(TEE_ObjectHandle object, uint32_t objectUsage);
/* TEE_RestrictObjectUsage: deprecated; as above but panics on an error. */
void TEE_RestrictObjectUsage(TEE_ObjectHandle object, uint32_t objectUsage);
/*
 * TEE_GetObjectBufferAttribute (5.5.3): TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_SHORT_BUFFER. Panics on
 * an uninitialized object, a value attribute, and on a protected attribute (no TEE_ATTR_FLAG_PUBLIC)
 * of an object without TEE_USAGE_EXTRACTABLE. Asked by a NULL buffer with *size 0: the size.
 */
TEE_Result TEE_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t attributeID, void *buffer,
                                        size_t *size);
/* TEE_GetObjectValueAttribute (5.5.4): as above; a and b may be NULL. Panics on a buffer attribute. */
TEE_Result TEE_GetObjectValueAttribute(TEE_ObjectHandle object, uint32_t attributeID, uint32_t *a,
                                       uint32_t *b);
/* TEE_CloseObject (5.5.5): either kind of object; TEE_HANDLE_NULL is ignored. */
void TEE_CloseObject(TEE_ObjectHandle object);

/* -- 5.6: transient objects -- */

/*
 * TEE_AllocateTransientObject (5.6.1): maxObjectSize in bits, one that the type allows (6.11).
 * TEE_ERROR_NOT_SUPPORTED for a type or size that is not, TEE_ERROR_OUT_OF_MEMORY.
 */
TEE_Result TEE_AllocateTransientObject(TEE_ObjectType objectType, uint32_t maxObjectSize,
                                       TEE_ObjectHandle *object);
/* TEE_FreeTransientObject (5.6.2): wipes. Panics on a persistent object. */
void TEE_FreeTransientObject(TEE_ObjectHandle object);
/* TEE_ResetTransientObject (5.6.3): wipes; usage is full again. Panics on a persistent object. */
void TEE_ResetTransientObject(TEE_ObjectHandle object);
/*
 * TEE_PopulateTransientObject (5.6.4): copies the attributes; big-endian numbers. TEE_ERROR_BAD_PARAMETERS when a
 * value is wrong for the type: a point off its curve, a size not allowed, an even RSA modulus, parts of
 * a key that don't belong together, a DSA or DH value outside its group, an X25519 or X448 value of low order,
 * a DES or triple DES key of wrong parity (unless the TA's package has the property org.keymoor.des.parity = ignore).
 * A TA whose package has org.keymoor.lenient = true may have shorter keys, DES, and some that don't belong together.
 * Panics on an initialized or persistent object, on a mandatory attribute that is missing and on one that the
 * type doesn't have or that comes twice, and on more bits than maxObjectSize.
 */
TEE_Result TEE_PopulateTransientObject(TEE_ObjectHandle object, const TEE_Attribute *attrs,
                                       uint32_t attrCount);
/* TEE_InitRefAttribute, TEE_InitValueAttribute (5.6.5): panic when attributeID is of the other kind. */
void TEE_InitRefAttribute(TEE_Attribute *attr, uint32_t attributeID, const void *buffer,
                          size_t length);
void TEE_InitValueAttribute(TEE_Attribute *attr, uint32_t attributeID, uint32_t a, uint32_t b);
/*
 * TEE_CopyObjectAttributes1 (5.6.6): into an uninitialized transient object of the same type, or
 * of the public type from a key pair; usage becomes the common part. Panics on any other pair, and
 * when the source does not fit.
 */
TEE_Result TEE_CopyObjectAttributes1(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject);
/* TEE_CopyObjectAttributes: deprecated; as above but panics on an error. */
void TEE_CopyObjectAttributes(TEE_ObjectHandle destObject, TEE_ObjectHandle srcObject);
/*
 * TEE_GenerateKey (5.6.7): blocks (RSA: up to seconds). params: TEE_ATTR_RSA_PUBLIC_EXPONENT may, TEE_ATTR_ECC_CURVE
 * must be given; of DSA prime, subprime and base must, of DH prime and base must and subprime and X_BITS may. TEE_ERROR_BAD_PARAMETERS for a value that is not allowed. Panics on an initialized or persistent
 * object, a public-key type, a keySize not allowed or above maxObjectSize, and on a missing parameter.
 */
TEE_Result TEE_GenerateKey(TEE_ObjectHandle object, uint32_t keySize, const TEE_Attribute *params,
                           uint32_t paramCount);

/* -- 5.7: persistent objects -- */
/*
 * objectID: any octets, at most TEE_OBJECT_ID_MAX_LEN, in the TA's own memory (both panic). Common
 * errors: TEE_ERROR_ITEM_NOT_FOUND (object, or a storageID that does not exist here), TEE_ERROR_ACCESS_CONFLICT by the
 * sharing rules of 5.7.3, TEE_ERROR_OUT_OF_MEMORY, TEE_ERROR_STORAGE_NO_SPACE,
 * TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_UNSUPPORTED_VERSION (written by a later build), TEE_ERROR_STORAGE_NOT_AVAILABLE. On an
 * error *object is TEE_HANDLE_NULL. An unknown flag: TEE_ERROR_BAD_PARAMETERS.
 */

/* TEE_OpenPersistentObject (5.7.1): flags are TEE_DATA_FLAG_...; the data position starts at 0. */
TEE_Result TEE_OpenPersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
                                    uint32_t flags, TEE_ObjectHandle *object);
/*
 * TEE_CreatePersistentObject (5.7.2): all or nothing on disk. attributes: an initialized object whose
 * type, usage and attributes are copied; TEE_HANDLE_NULL for pure data. object may be NULL. An
 * object of that name: TEE_ERROR_ACCESS_CONFLICT unless TEE_DATA_FLAG_OVERWRITE. Panics when attributes is
 * not initialized.
 */
TEE_Result TEE_CreatePersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
                                      uint32_t flags, TEE_ObjectHandle attributes,
                                      const void *initialData, size_t initialDataLen,
                                      TEE_ObjectHandle *object);
/*
 * TEE_CloseAndDeletePersistentObject1 (5.7.4): the handle is gone whatever the result. Panics on a
 * transient object or without TEE_DATA_FLAG_ACCESS_WRITE_META. TEE_HANDLE_NULL is ignored.
 */
TEE_Result TEE_CloseAndDeletePersistentObject1(TEE_ObjectHandle object);
/* TEE_CloseAndDeletePersistentObject: deprecated; as above but panics on an error. */
void TEE_CloseAndDeletePersistentObject(TEE_ObjectHandle object);
/* TEE_RenamePersistentObject (5.7.5): TEE_ERROR_ACCESS_CONFLICT when the new name exists; panics as TEE_CloseAndDelete... */
TEE_Result TEE_RenamePersistentObject(TEE_ObjectHandle object, const void *newObjectID,
                                      size_t newObjectIDLen);

/* -- 5.8: listing persistent objects -- */

/* TEE_AllocatePersistentObjectEnumerator (5.8.1): TEE_ERROR_OUT_OF_MEMORY. */
TEE_Result TEE_AllocatePersistentObjectEnumerator(TEE_ObjectEnumHandle *objectEnumerator);
/* TEE_FreePersistentObjectEnumerator (5.8.2): TEE_HANDLE_NULL is ignored. */
void TEE_FreePersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator);
/* TEE_ResetPersistentObjectEnumerator (5.8.3): as right after allocation; TEE_HANDLE_NULL is ignored. */
void TEE_ResetPersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator);
/*
 * TEE_StartPersistentObjectEnumerator (5.8.4): lists what the storage holds at this moment.
 * TEE_ERROR_ITEM_NOT_FOUND: there is no such storage, or nothing in it.
 */
TEE_Result TEE_StartPersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator,
                                               uint32_t storageID);
/*
 * TEE_GetNextPersistentObject (5.8.5): objectID must have room for TEE_OBJECT_ID_MAX_LEN octets;
 * objectInfo may be NULL. TEE_ERROR_ITEM_NOT_FOUND at the end or when not started,
 * TEE_ERROR_CORRUPT_OBJECT for one that is damaged (the next call goes on behind it).
 */
TEE_Result TEE_GetNextPersistentObject(TEE_ObjectEnumHandle objectEnumerator,
                                       TEE_ObjectInfo *objectInfo, void *objectID,
                                       size_t *objectIDLen);

/* -- 5.9: the data stream of a persistent object -- */
/* All panic on a transient object and without the access right that they need. */

/* TEE_ReadObjectData (5.9.1): from the data position on, which it moves; *count is 0 at the end. */
TEE_Result TEE_ReadObjectData(TEE_ObjectHandle object, void *buffer, size_t size, size_t *count);
/*
 * TEE_WriteObjectData (5.9.2): all of it, committed when it returns, or nothing; a gap before the
 * position becomes zeros. TEE_ERROR_STORAGE_NO_SPACE, TEE_ERROR_OVERFLOW past TEE_DATA_MAX_POSITION.
 */
TEE_Result TEE_WriteObjectData(TEE_ObjectHandle object, const void *buffer, size_t size);
/* TEE_TruncateObjectData (5.9.3): or grows with zeros; the position stays. */
TEE_Result TEE_TruncateObjectData(TEE_ObjectHandle object, size_t size);
/*
 * TEE_SeekObjectData (5.9.4): below 0 it stays at 0; past TEE_DATA_MAX_POSITION: TEE_ERROR_OVERFLOW.
 * May stand beyond the end. Panics on an unknown whence.
 */
TEE_Result TEE_SeekObjectData(TEE_ObjectHandle object, intmax_t offset, TEE_Whence whence);

/* ---- 6: cryptographic operations ---- */

typedef uint32_t TEE_OperationMode;

#define TEE_MODE_ENCRYPT 0x00000000u
#define TEE_MODE_DECRYPT 0x00000001u
#define TEE_MODE_SIGN 0x00000002u
#define TEE_MODE_VERIFY 0x00000003u
#define TEE_MODE_MAC 0x00000004u
#define TEE_MODE_DIGEST 0x00000005u
#define TEE_MODE_DERIVE 0x00000006u
#define TEE_MODE_ILLEGAL_VALUE 0x7FFFFFFFu

#define TEE_OPERATION_CIPHER 1u
#define TEE_OPERATION_MAC 3u
#define TEE_OPERATION_AE 4u
#define TEE_OPERATION_DIGEST 5u
#define TEE_OPERATION_ASYMMETRIC_CIPHER 6u
#define TEE_OPERATION_ASYMMETRIC_SIGNATURE 7u
#define TEE_OPERATION_KEY_DERIVATION 8u

#define TEE_OPERATION_STATE_INITIAL 0x00000000u
#define TEE_OPERATION_STATE_ACTIVE 0x00000001u
#define TEE_OPERATION_STATE_EXTRACTING 0x00000002u

typedef struct {
    uint32_t algorithm;
    uint32_t operationClass;
    uint32_t mode;
    uint32_t digestLength; /* octets; 0 where there is none */
    uint32_t maxKeySize;   /* bits */
    uint32_t keySize;      /* bits of the key set; 0 for none, and for operations with two keys */
    uint32_t requiredKeyUsage;
    uint32_t handleState; /* TEE_HANDLE_FLAG_... */
} TEE_OperationInfo;

typedef struct {
    uint32_t keySize;
    uint32_t requiredKeyUsage;
} TEE_OperationInfoKey;

typedef struct {
    uint32_t algorithm;
    uint32_t operationClass;
    uint32_t mode;
    uint32_t digestLength;
    uint32_t maxKeySize;
    uint32_t handleState;
    uint32_t operationState; /* TEE_OPERATION_STATE_... */
    uint32_t numberOfKeys;
    TEE_OperationInfoKey keyInformation[];
} TEE_OperationInfoMultiple;

/* -- 6.2: any operation -- */

/*
 * TEE_AllocateOperation (6.2.1): maxKeySize in bits; 0 for digests, and for two keys (AES XTS) their sum or the
 * size of one. TEE_ERROR_NOT_SUPPORTED when the algorithm, the mode for it or the size is not, or this device does
 * not allow it (TEE_IsAlgorithmSupported tells), TEE_ERROR_OUT_OF_MEMORY.
 */
TEE_Result TEE_AllocateOperation(TEE_OperationHandle *operation, uint32_t algorithm, uint32_t mode,
                                 uint32_t maxKeySize);
/* TEE_FreeOperation (6.2.2): wipes; TEE_HANDLE_NULL is ignored. */
void TEE_FreeOperation(TEE_OperationHandle operation);
/* TEE_GetOperationInfo (6.2.3). */
void TEE_GetOperationInfo(TEE_OperationHandle operation, TEE_OperationInfo *operationInfo);
/* TEE_GetOperationInfoMultiple (6.2.4): *operationSize in octets. TEE_ERROR_SHORT_BUFFER. */
TEE_Result TEE_GetOperationInfoMultiple(TEE_OperationHandle operation,
                                        TEE_OperationInfoMultiple *operationInfoMultiple,
                                        size_t *operationSize);
/* TEE_ResetOperation (6.2.5): back to the initial state, the key stays. Panics when a key is needed and none is set. */
void TEE_ResetOperation(TEE_OperationHandle operation);
/*
 * TEE_SetOperationKey (6.2.6): copies the key; TEE_HANDLE_NULL takes it away. Panics when the operation is a digest,
 * is not in its initial state or wants two keys, when the key is uninitialized, of a wrong type, too large, or
 * lacks a usage. TEE_ERROR_CORRUPT_OBJECT and TEE_ERROR_STORAGE_NOT_AVAILABLE of a persistent key;
 * TEE_ERROR_NOT_SUPPORTED when this device does not allow the algorithm with a key of that size.
 */
TEE_Result TEE_SetOperationKey(TEE_OperationHandle operation, TEE_ObjectHandle key);
/* TEE_SetOperationKey2 (6.2.7): for algorithms with two keys; as above. TEE_ERROR_SECURITY when both are the same. */
TEE_Result TEE_SetOperationKey2(TEE_OperationHandle operation, TEE_ObjectHandle key1,
                                TEE_ObjectHandle key2);
/* TEE_CopyOperation (6.2.8): state and key. Panics unless mode and algorithm are the same and the key fits. */
void TEE_CopyOperation(TEE_OperationHandle dstOperation, TEE_OperationHandle srcOperation);
/*
 * TEE_IsAlgorithmSupported (6.2.9): element is a TEE_ECC_CURVE_, TEE_CRYPTO_ELEMENT_NONE for
 * other algorithms. TEE_SUCCESS or TEE_ERROR_NOT_SUPPORTED. Does not panic.
 */
TEE_Result TEE_IsAlgorithmSupported(uint32_t algId, uint32_t element);

/* -- 6.3: digests -- */
/*
 * All panic on an operation of another class. A digest without an end (SHAKE) gives as many octets as *hashLen asks
 * for, 1 MiB in all at most (else TEE_ERROR_OUT_OF_MEMORY).
 */

/* TEE_DigestUpdate (6.3.1): panics while extracting. */
void TEE_DigestUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize);
/* TEE_DigestDoFinal (6.3.2): back to the initial state; TEE_ERROR_SHORT_BUFFER changes nothing. Panics with a chunk while extracting. */
TEE_Result TEE_DigestDoFinal(TEE_OperationHandle operation, const void *chunk, size_t chunkLen,
                             void *hash, size_t *hashLen);
/* TEE_DigestExtract (6.3.3): the next *hashLen octets of the digest, as many as there still are. */
TEE_Result TEE_DigestExtract(TEE_OperationHandle operation, void *hash, size_t *hashLen);

/* -- 6.4: symmetric ciphers -- */
/*
 * All panic on another class and without a key; update and final panic before TEE_CipherInit.
 * srcData and destData are the same or do not overlap (panics).
 */

/* TEE_CipherInit (6.4.1): IV of one block (16 octets for AES, 8 for triple DES), none for ECB (panics otherwise). Starts over when active. */
void TEE_CipherInit(TEE_OperationHandle operation, const void *IV, size_t IVLen);
/* TEE_CipherUpdate (6.4.2): writes whole blocks and keeps the rest; CTS and XTS keep 17 to 32 octets. TEE_ERROR_SHORT_BUFFER changes nothing. */
TEE_Result TEE_CipherUpdate(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                            void *destData, size_t *destLen);
/* TEE_CipherDoFinal (6.4.3): initial state afterwards. Panics when the total is no multiple of the block (ECB, CBC) or less than one (CTS, XTS). */
TEE_Result TEE_CipherDoFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                             void *destData, size_t *destLen);

/* -- 6.5: message authentication codes -- */
/* All panic on another class and without a key; all but the first panic before TEE_MACInit. */

/* TEE_MACInit (6.5.1): IV is ignored: HMAC and CMAC have none, that of CBC-MAC is zero. Starts over when active. */
void TEE_MACInit(TEE_OperationHandle operation, const void *IV, size_t IVLen);
/* TEE_MACUpdate (6.5.2). */
void TEE_MACUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize);
/* TEE_MACComputeFinal (6.5.3): initial state afterwards; TEE_ERROR_SHORT_BUFFER changes nothing. */
TEE_Result TEE_MACComputeFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, void *mac, size_t *macLen);
/* TEE_MACCompareFinal (6.5.4): in constant time; TEE_ERROR_MAC_INVALID, also for another length. Initial state afterwards. */
TEE_Result TEE_MACCompareFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, const void *mac, size_t macLen);

/* -- 6.6: authenticated encryption -- */
/* All panic on another class and without a key; all but the first panic before TEE_AEInit. */

/*
 * TEE_AEInit (6.6.1): tagLen in bits, for GCM 128, 120, 112, 104 or 96, for CCM 32 to 128 in steps of 16 (else
 * TEE_ERROR_NOT_SUPPORTED). AADLen and payloadLen are ignored by GCM. CCM gets exactly as much as they announce, 1 MiB
 * together at most (TEE_ERROR_OUT_OF_MEMORY), and its nonce has 7 to 13 octets. Panics on a nonce without octets and when active.
 */
TEE_Result TEE_AEInit(TEE_OperationHandle operation, const void *nonce, size_t nonceLen,
                      uint32_t tagLen, size_t AADLen, size_t payloadLen);
/* TEE_AEUpdateAAD (6.6.2): panics once payload was given, and on more than was announced (CCM). */
void TEE_AEUpdateAAD(TEE_OperationHandle operation, const void *AADdata, size_t AADdataLen);
/* TEE_AEUpdate (6.6.3): GCM writes as much as it gets, CCM nothing before the end. TEE_ERROR_SHORT_BUFFER changes nothing. */
TEE_Result TEE_AEUpdate(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                        void *destData, size_t *destLen);
/* TEE_AEEncryptFinal (6.6.4): *tagLen in octets. TEE_ERROR_SHORT_BUFFER for either changes nothing. Panics on less than was announced (CCM). */
TEE_Result TEE_AEEncryptFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                              void *destData, size_t *destLen, void *tag, size_t *tagLen);
/*
 * TEE_AEDecryptFinal (6.6.5): TEE_ERROR_MAC_INVALID when the tag does not fit; destData of this call is then
 * wiped, and what TEE_AEUpdate gave must not be used.
 */
TEE_Result TEE_AEDecryptFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                              void *destData, size_t *destLen, void *tag, size_t tagLen);

/* -- 6.7: asymmetric operations -- */
/* All panic on another class or mode and without a key. */

/*
 * TEE_AsymmetricEncrypt, TEE_AsymmetricDecrypt (6.7.1): params may hold TEE_ATTR_RSA_OAEP_LABEL and
 * TEE_ATTR_RSA_OAEP_MGF_HASH. TEE_ERROR_SHORT_BUFFER, TEE_ERROR_BAD_PARAMETERS for a text that is too long or
 * a ciphertext of the wrong length, TEE_ERROR_CIPHERTEXT_INVALID when it can't be undone (never more precise).
 * TEE_ALG_RSAES_PKCS1_V1_5 never says that: a text is made up from a wrong padding, the same each time for key and ciphertext.
 * TEE_ALG_RSA_NOPAD gives and takes numbers as wide as the modulus; a shorter one is taken too.
 */
TEE_Result TEE_AsymmetricEncrypt(TEE_OperationHandle operation, const TEE_Attribute *params,
                                 uint32_t paramCount, const void *srcData, size_t srcLen,
                                 void *destData, size_t *destLen);
TEE_Result TEE_AsymmetricDecrypt(TEE_OperationHandle operation, const TEE_Attribute *params,
                                 uint32_t paramCount, const void *srcData, size_t srcLen,
                                 void *destData, size_t *destLen);
/*
 * TEE_AsymmetricSignDigest (6.7.2): params may hold TEE_ATTR_RSA_PSS_SALT_LENGTH (octets; the digest's length
 * otherwise). ECDSA and DSA: r and s one after the other, each as long as the order. TEE_ERROR_SHORT_BUFFER. Panics
 * when digestLen is not the algorithm's (RSA, DSA); for ECDSA any digest is taken, cut to the order's bits. For
 * TEE_ALG_ED25519 and TEE_ALG_ED448 digest is the message, of any length; TEE_ATTR_EDDSA_CTX and TEE_ATTR_EDDSA_PREHASH are TEE_ERROR_NOT_SUPPORTED.
 */
TEE_Result TEE_AsymmetricSignDigest(TEE_OperationHandle operation, const TEE_Attribute *params,
                                    uint32_t paramCount, const void *digest, size_t digestLen,
                                    void *signature, size_t *signatureLen);
/* TEE_AsymmetricVerifyDigest (6.7.3): TEE_ERROR_SIGNATURE_INVALID; for the rest as signing. */
TEE_Result TEE_AsymmetricVerifyDigest(TEE_OperationHandle operation, const TEE_Attribute *params,
                                      uint32_t paramCount, const void *digest, size_t digestLen,
                                      const void *signature, size_t signatureLen);

/* -- 6.8, 6.9: derivation and random -- */

/*
 * TEE_DeriveKey (6.8.1): into an uninitialized transient object, TEE_TYPE_GENERIC_SECRET or a symmetric type.
 * ECDH: params hold the peer's TEE_ATTR_ECC_PUBLIC_VALUE_X and _Y; X25519, X448 their public value; DH its
 * TEE_ATTR_DH_PUBLIC_VALUE (the secret is as wide as the prime). HKDF: TEE_ATTR_HKDF_HASH_ALGORITHM, _SALT,
 * _INFO, TEE_ATTR_KDF_KEY_SIZE (octets). Knows no error: panics on a missing or wrong parameter, a point off
 * the curve, a result that does not fit the object. Check a peer's point first by populating a public key with it.
 */
void TEE_DeriveKey(TEE_OperationHandle operation, const TEE_Attribute *params, uint32_t paramCount,
                   TEE_ObjectHandle derivedKey);
/* TEE_GenerateRandom (6.9.1). */
void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen);

/* -- 6.10: algorithm identifiers (table 6-11) -- */

#define TEE_ALG_AES_ECB_NOPAD 0x10000010u
#define TEE_ALG_AES_CBC_NOPAD 0x10000110u
#define TEE_ALG_AES_CTR 0x10000210u
#define TEE_ALG_AES_CTS 0x10000310u
#define TEE_ALG_AES_XTS 0x10000410u
#define TEE_ALG_AES_CBC_MAC_NOPAD 0x30000110u
#define TEE_ALG_AES_CBC_MAC_PKCS5 0x30000510u
#define TEE_ALG_AES_CMAC 0x30000610u
#define TEE_ALG_AES_CCM 0x40000710u
#define TEE_ALG_AES_GCM 0x40000810u
#define TEE_ALG_DES_ECB_NOPAD 0x10000011u
#define TEE_ALG_DES_CBC_NOPAD 0x10000111u
#define TEE_ALG_DES_CBC_MAC_NOPAD 0x30000111u
#define TEE_ALG_DES_CBC_MAC_PKCS5 0x30000511u
#define TEE_ALG_DES3_ECB_NOPAD 0x10000013u
#define TEE_ALG_DES3_CBC_NOPAD 0x10000113u
#define TEE_ALG_DES3_CBC_MAC_NOPAD 0x30000113u
#define TEE_ALG_DES3_CBC_MAC_PKCS5 0x30000513u
#define TEE_ALG_SM4_ECB_NOPAD 0x10000014u
#define TEE_ALG_SM4_ECB_PKCS5 0x10000015u
#define TEE_ALG_SM4_CBC_NOPAD 0x10000114u
#define TEE_ALG_SM4_CBC_PKCS5 0x10000115u
#define TEE_ALG_SM4_CTR 0x10000214u
#define TEE_ALG_RSASSA_PKCS1_V1_5_MD5 0x70001830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA1 0x70002830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA224 0x70003830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA256 0x70004830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA384 0x70005830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA512 0x70006830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_224 0x70008830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_256 0x70009830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_384 0x7000A830u
#define TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_512 0x7000B830u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1 0x70212930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA224 0x70313930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256 0x70414930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA384 0x70515930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA512 0x70616930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_224 0x70818930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_256 0x70919930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_384 0x70A1A930u
#define TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_512 0x70B1B930u
#define TEE_ALG_RSAES_PKCS1_V1_5 0x60000130u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1 0x60210230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA224 0x60310230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA256 0x60410230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA384 0x60510230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA512 0x60610230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_224 0x60810230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_256 0x60910230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_384 0x60A10230u
#define TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_512 0x60B10230u
#define TEE_ALG_RSA_NOPAD 0x60000030u
#define TEE_ALG_DSA_SHA1 0x70002131u
#define TEE_ALG_DSA_SHA224 0x70003131u
#define TEE_ALG_DSA_SHA256 0x70004131u
#define TEE_ALG_DSA_SHA3_224 0x70008131u
#define TEE_ALG_DSA_SHA3_256 0x70009131u
#define TEE_ALG_DSA_SHA3_384 0x7000A131u
#define TEE_ALG_DSA_SHA3_512 0x7000B131u
#define TEE_ALG_DH_DERIVE_SHARED_SECRET 0x80000032u
#define TEE_ALG_MD5 0x50000001u
#define TEE_ALG_SHA1 0x50000002u
#define TEE_ALG_SHA224 0x50000003u
#define TEE_ALG_SHA256 0x50000004u
#define TEE_ALG_SHA384 0x50000005u
#define TEE_ALG_SHA512 0x50000006u
#define TEE_ALG_SM3 0x50000007u
#define TEE_ALG_SHA3_224 0x50000008u
#define TEE_ALG_SHA3_256 0x50000009u
#define TEE_ALG_SHA3_384 0x5000000Au
#define TEE_ALG_SHA3_512 0x5000000Bu
#define TEE_ALG_SHAKE128 0x50000101u
#define TEE_ALG_SHAKE256 0x50000102u
#define TEE_ALG_HMAC_MD5 0x30000001u
#define TEE_ALG_HMAC_SHA1 0x30000002u
#define TEE_ALG_HMAC_SHA224 0x30000003u
#define TEE_ALG_HMAC_SHA256 0x30000004u
#define TEE_ALG_HMAC_SHA384 0x30000005u
#define TEE_ALG_HMAC_SHA512 0x30000006u
#define TEE_ALG_HMAC_SM3 0x30000007u
#define TEE_ALG_HMAC_SHA3_224 0x30000008u
#define TEE_ALG_HMAC_SHA3_256 0x30000009u
#define TEE_ALG_HMAC_SHA3_384 0x3000000Au
#define TEE_ALG_HMAC_SHA3_512 0x3000000Bu
#define TEE_ALG_ECDSA_SHA1 0x70001042u
#define TEE_ALG_ECDSA_SHA224 0x70002042u
#define TEE_ALG_ECDSA_SHA256 0x70003042u
#define TEE_ALG_ECDSA_SHA384 0x70004042u
#define TEE_ALG_ECDSA_SHA512 0x70005042u
#define TEE_ALG_ECDSA_SHA3_224 0x70006042u
#define TEE_ALG_ECDSA_SHA3_256 0x70007042u
#define TEE_ALG_ECDSA_SHA3_384 0x70008042u
#define TEE_ALG_ECDSA_SHA3_512 0x70009042u
#define TEE_ALG_ED25519 0x70006043u
#define TEE_ALG_ED448 0x70006044u
#define TEE_ALG_SM2_DSA_SM3 0x70006045u
#define TEE_ALG_SM2_KEP 0x60000045u
#define TEE_ALG_SM2_PKE 0x80000046u
#define TEE_ALG_ECDH_DERIVE_SHARED_SECRET 0x80000042u
#define TEE_ALG_X25519 0x80000044u
#define TEE_ALG_X448 0x80000045u
#define TEE_ALG_HKDF 0x80000047u
#define TEE_ALG_ILLEGAL_VALUE 0xEFFFFFFFu
/* Names of versions before 1.2; deprecated. */
#define TEE_ALG_ECDSA_P192 TEE_ALG_ECDSA_SHA1
#define TEE_ALG_ECDSA_P224 TEE_ALG_ECDSA_SHA224
#define TEE_ALG_ECDSA_P256 TEE_ALG_ECDSA_SHA256
#define TEE_ALG_ECDSA_P384 TEE_ALG_ECDSA_SHA384
#define TEE_ALG_ECDSA_P521 TEE_ALG_ECDSA_SHA512
#define TEE_ALG_ECDH_P192 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define TEE_ALG_ECDH_P224 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define TEE_ALG_ECDH_P256 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define TEE_ALG_ECDH_P384 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define TEE_ALG_ECDH_P521 TEE_ALG_ECDH_DERIVE_SHARED_SECRET

/* Curves and other elements (table 6-14). */
#define TEE_CRYPTO_ELEMENT_NONE 0x00000000u
#define TEE_ECC_CURVE_NIST_P192 0x00000001u
#define TEE_ECC_CURVE_NIST_P224 0x00000002u
#define TEE_ECC_CURVE_NIST_P256 0x00000003u
#define TEE_ECC_CURVE_NIST_P384 0x00000004u
#define TEE_ECC_CURVE_NIST_P521 0x00000005u
#define TEE_ECC_CURVE_BSI_P160r1 0x00000101u
#define TEE_ECC_CURVE_BSI_P192r1 0x00000102u
#define TEE_ECC_CURVE_BSI_P224r1 0x00000103u
#define TEE_ECC_CURVE_BSI_P256r1 0x00000104u
#define TEE_ECC_CURVE_BSI_P320r1 0x00000105u
#define TEE_ECC_CURVE_BSI_P384r1 0x00000106u
#define TEE_ECC_CURVE_BSI_P512r1 0x00000107u
#define TEE_ECC_CURVE_BSI_P160t1 0x00000201u
#define TEE_ECC_CURVE_BSI_P192t1 0x00000202u
#define TEE_ECC_CURVE_BSI_P224t1 0x00000203u
#define TEE_ECC_CURVE_BSI_P256t1 0x00000204u
#define TEE_ECC_CURVE_BSI_P320t1 0x00000205u
#define TEE_ECC_CURVE_BSI_P384t1 0x00000206u
#define TEE_ECC_CURVE_BSI_P512t1 0x00000207u
#define TEE_ECC_CURVE_25519 0x00000300u
#define TEE_ECC_CURVE_448 0x00000301u
#define TEE_ECC_CURVE_SM2 0x00000400u

/* Object types (table 6-13). */
#define TEE_TYPE_AES 0xA0000010u
#define TEE_TYPE_DES 0xA0000011u
#define TEE_TYPE_DES3 0xA0000013u
#define TEE_TYPE_SM4 0xA0000014u
#define TEE_TYPE_HMAC_MD5 0xA0000001u
#define TEE_TYPE_HMAC_SHA1 0xA0000002u
#define TEE_TYPE_HMAC_SHA224 0xA0000003u
#define TEE_TYPE_HMAC_SHA256 0xA0000004u
#define TEE_TYPE_HMAC_SHA384 0xA0000005u
#define TEE_TYPE_HMAC_SHA512 0xA0000006u
#define TEE_TYPE_HMAC_SM3 0xA0000007u
#define TEE_TYPE_HMAC_SHA3_224 0xA0000008u
#define TEE_TYPE_HMAC_SHA3_256 0xA0000009u
#define TEE_TYPE_HMAC_SHA3_384 0xA000000Au
#define TEE_TYPE_HMAC_SHA3_512 0xA000000Bu
#define TEE_TYPE_RSA_PUBLIC_KEY 0xA0000030u
#define TEE_TYPE_RSA_KEYPAIR 0xA1000030u
#define TEE_TYPE_DSA_PUBLIC_KEY 0xA0000031u
#define TEE_TYPE_DSA_KEYPAIR 0xA1000031u
#define TEE_TYPE_DH_KEYPAIR 0xA1000032u
#define TEE_TYPE_ECDSA_PUBLIC_KEY 0xA0000041u
#define TEE_TYPE_ECDSA_KEYPAIR 0xA1000041u
#define TEE_TYPE_ECDH_PUBLIC_KEY 0xA0000042u
#define TEE_TYPE_ECDH_KEYPAIR 0xA1000042u
#define TEE_TYPE_ED25519_PUBLIC_KEY 0xA0000043u
#define TEE_TYPE_ED25519_KEYPAIR 0xA1000043u
#define TEE_TYPE_X25519_PUBLIC_KEY 0xA0000044u
#define TEE_TYPE_X25519_KEYPAIR 0xA1000044u
#define TEE_TYPE_SM2_DSA_PUBLIC_KEY 0xA0000045u
#define TEE_TYPE_SM2_DSA_KEYPAIR 0xA1000045u
#define TEE_TYPE_SM2_KEP_PUBLIC_KEY 0xA0000046u
#define TEE_TYPE_SM2_KEP_KEYPAIR 0xA1000046u
#define TEE_TYPE_SM2_PKE_PUBLIC_KEY 0xA0000047u
#define TEE_TYPE_SM2_PKE_KEYPAIR 0xA1000047u
#define TEE_TYPE_ED448_PUBLIC_KEY 0xA0000048u
#define TEE_TYPE_ED448_KEYPAIR 0xA1000048u
#define TEE_TYPE_X448_PUBLIC_KEY 0xA0000049u
#define TEE_TYPE_X448_KEYPAIR 0xA1000049u
#define TEE_TYPE_HKDF 0xA000004Au
#define TEE_TYPE_GENERIC_SECRET 0xA0000000u
#define TEE_TYPE_CORRUPTED_OBJECT 0xA00000BEu
#define TEE_TYPE_DATA 0xA00000BFu
#define TEE_TYPE_ILLEGAL_VALUE 0xEFFFFFFFu

/* Attributes (tables 6-15, 6-16). */
#define TEE_ATTR_FLAG_PUBLIC (1u << 28)
#define TEE_ATTR_FLAG_VALUE (1u << 29)
#define TEE_ATTR_SECRET_VALUE 0xC0000000u
#define TEE_ATTR_RSA_MODULUS 0xD0000130u
#define TEE_ATTR_RSA_PUBLIC_EXPONENT 0xD0000230u
#define TEE_ATTR_RSA_PRIVATE_EXPONENT 0xC0000330u
#define TEE_ATTR_RSA_PRIME1 0xC0000430u
#define TEE_ATTR_RSA_PRIME2 0xC0000530u
#define TEE_ATTR_RSA_EXPONENT1 0xC0000630u
#define TEE_ATTR_RSA_EXPONENT2 0xC0000730u
#define TEE_ATTR_RSA_COEFFICIENT 0xC0000830u
#define TEE_ATTR_DSA_PRIME 0xD0001031u
#define TEE_ATTR_DSA_SUBPRIME 0xD0001131u
#define TEE_ATTR_DSA_BASE 0xD0001231u
#define TEE_ATTR_DSA_PUBLIC_VALUE 0xD0000131u
#define TEE_ATTR_DSA_PRIVATE_VALUE 0xC0000231u
#define TEE_ATTR_DH_PRIME 0xD0001032u
#define TEE_ATTR_DH_SUBPRIME 0xD0001132u
#define TEE_ATTR_DH_BASE 0xD0001232u
#define TEE_ATTR_DH_X_BITS 0xF0001332u
#define TEE_ATTR_DH_PUBLIC_VALUE 0xD0000132u
#define TEE_ATTR_DH_PRIVATE_VALUE 0xC0000232u
#define TEE_ATTR_RSA_OAEP_LABEL 0xD0000930u
#define TEE_ATTR_RSA_OAEP_MGF_HASH 0xD0000931u
#define TEE_ATTR_RSA_PSS_SALT_LENGTH 0xF0000A30u
#define TEE_ATTR_ECC_PUBLIC_VALUE_X 0xD0000141u
#define TEE_ATTR_ECC_PUBLIC_VALUE_Y 0xD0000241u
#define TEE_ATTR_ECC_PRIVATE_VALUE 0xC0000341u
#define TEE_ATTR_ECC_CURVE 0xF0000441u
#define TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_X 0xD0000146u
#define TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_Y 0xD0000246u
#define TEE_ATTR_SM2_ID_INITIATOR 0xD0000446u
#define TEE_ATTR_SM2_ID_RESPONDER 0xD0000546u
#define TEE_ATTR_SM2_KEP_USER 0xF0000646u
#define TEE_ATTR_SM2_KEP_CONFIRMATION_IN 0xD0000746u
#define TEE_ATTR_SM2_KEP_CONFIRMATION_OUT 0xD0000846u
#define TEE_ATTR_EDDSA_PREHASH 0xF0000004u
#define TEE_ATTR_EDDSA_CTX 0xD0000643u
#define TEE_ATTR_ED25519_PUBLIC_VALUE 0xD0000743u
#define TEE_ATTR_ED25519_PRIVATE_VALUE 0xC0000843u
#define TEE_ATTR_X25519_PUBLIC_VALUE 0xD0000944u
#define TEE_ATTR_X25519_PRIVATE_VALUE 0xC0000A44u
#define TEE_ATTR_ED448_PUBLIC_VALUE 0xD0000002u
#define TEE_ATTR_ED448_PRIVATE_VALUE 0xC0000003u
#define TEE_ATTR_X448_PUBLIC_VALUE 0xD0000A45u
#define TEE_ATTR_X448_PRIVATE_VALUE 0xC0000A46u
#define TEE_ATTR_HKDF_SALT 0xD0000946u
#define TEE_ATTR_HKDF_INFO 0xD0000A46u
#define TEE_ATTR_HKDF_HASH_ALGORITHM 0xF0000B46u
#define TEE_ATTR_KDF_KEY_SIZE 0xF0000C46u

/* ---- 7: time ---- */

typedef struct {
    uint32_t seconds;
    uint32_t millis;
} TEE_Time;

/* TEE_GetSystemTime (7.2.1): never goes back while the instance lives; its origin is arbitrary. */
void TEE_GetSystemTime(TEE_Time *time);
/* TEE_Wait (7.2.2): timeout in ms; blocks. TEE_ERROR_CANCEL when cancelled and not masked. */
TEE_Result TEE_Wait(uint32_t timeout);
/*
 * TEE_GetTAPersistentTime (7.2.3): since the TA's own origin. TEE_ERROR_TIME_NOT_SET,
 * TEE_ERROR_TIME_NEEDS_RESET when the clock below was set back since, TEE_ERROR_OVERFLOW,
 * TEE_ERROR_STORAGE_NOT_AVAILABLE. *time is written with an overflow too, zero with the other errors.
 */
TEE_Result TEE_GetTAPersistentTime(TEE_Time *time);
/* TEE_SetTAPersistentTime (7.2.4): kept in the TA's store. TEE_ERROR_STORAGE_NO_SPACE, TEE_ERROR_STORAGE_NOT_AVAILABLE. */
TEE_Result TEE_SetTAPersistentTime(const TEE_Time *time);
/* TEE_GetREETime (7.2.5): since 1970; as trustworthy as the operating system. */
void TEE_GetREETime(TEE_Time *time);

/* ---- 8: big numbers ---- */
/*
 * Numbers live in arrays of the TA's own that the Init functions prepare; all panic on one that
 * was not prepared. A result that does not fit its destination panics. dest may be an operand.
 */

typedef uint32_t TEE_BigInt;
typedef uint32_t TEE_BigIntFMM;
typedef uint32_t TEE_BigIntFMMContext;

/* TEE_BigIntSizeInU32 (8.4.1): words for a number of n bits. */
#define TEE_BigIntSizeInU32(n) ((((n) + 31) / 32) + 2)
/* TEE_BigIntFMMContextSizeInU32, TEE_BigIntFMMSizeInU32 (8.4.2, 8.4.3). */
size_t TEE_BigIntFMMContextSizeInU32(size_t modulusSizeInBits);
size_t TEE_BigIntFMMSizeInU32(size_t modulusSizeInBits);
/* TEE_BigIntInit (8.5.1): becomes 0; len in words. Panics when len is below 2, which has room for 0 alone, or too large (gpd.tee.arith.maxBigIntSize). */
void TEE_BigIntInit(TEE_BigInt *bigInt, size_t len);
/* TEE_BigIntInitFMMContext1 (8.5.2): TEE_ERROR_NOT_SUPPORTED for an even modulus. Panics on a negative one or 0. */
TEE_Result TEE_BigIntInitFMMContext1(TEE_BigIntFMMContext *context, size_t len,
                                     const TEE_BigInt *modulus);
/* TEE_BigIntInitFMMContext: deprecated; as above but panics on an error. */
void TEE_BigIntInitFMMContext(TEE_BigIntFMMContext *context, size_t len, const TEE_BigInt *modulus);
/* TEE_BigIntInitFMM (8.5.3). */
void TEE_BigIntInitFMM(TEE_BigIntFMM *bigIntFMM, size_t len);
/* TEE_BigIntConvertFromOctetString (8.6.1): big-endian; negative when sign is. TEE_ERROR_OVERFLOW. */
TEE_Result TEE_BigIntConvertFromOctetString(TEE_BigInt *dest, const uint8_t *buffer,
                                            size_t bufferLen, int32_t sign);
/* TEE_BigIntConvertToOctetString (8.6.2): the absolute value, no leading zeros. TEE_ERROR_SHORT_BUFFER. */
TEE_Result TEE_BigIntConvertToOctetString(void *buffer, size_t *bufferLen,
                                          const TEE_BigInt *bigInt);
/* TEE_BigIntConvertFromS32 (8.6.3). */
void TEE_BigIntConvertFromS32(TEE_BigInt *dest, int32_t shortVal);
/* TEE_BigIntConvertToS32 (8.6.4): TEE_ERROR_OVERFLOW. */
TEE_Result TEE_BigIntConvertToS32(int32_t *dest, const TEE_BigInt *src);
/* TEE_BigIntCmp, TEE_BigIntCmpS32 (8.7.1, 8.7.2): <0, 0, >0. */
int32_t TEE_BigIntCmp(const TEE_BigInt *op1, const TEE_BigInt *op2);
int32_t TEE_BigIntCmpS32(const TEE_BigInt *op, int32_t shortVal);
/* TEE_BigIntShiftRight (8.7.3): of the absolute value; the sign stays. */
void TEE_BigIntShiftRight(TEE_BigInt *dest, const TEE_BigInt *op, size_t bits);
/* TEE_BigIntGetBit, TEE_BigIntGetBitCount (8.7.4, 8.7.5): of the absolute value; 0 has no bits. */
bool TEE_BigIntGetBit(const TEE_BigInt *src, uint32_t bitIndex);
uint32_t TEE_BigIntGetBitCount(const TEE_BigInt *src);
/* TEE_BigIntSetBit, TEE_BigIntAssign, TEE_BigIntAbs (8.7.6-8.7.8): TEE_ERROR_OVERFLOW when it does not fit. */
TEE_Result TEE_BigIntSetBit(TEE_BigInt *op, uint32_t bitIndex, bool value);
TEE_Result TEE_BigIntAssign(TEE_BigInt *dest, const TEE_BigInt *src);
TEE_Result TEE_BigIntAbs(TEE_BigInt *dest, const TEE_BigInt *src);
/* 8.8: sum, difference, negation, product, square. */
void TEE_BigIntAdd(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2);
void TEE_BigIntSub(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2);
void TEE_BigIntNeg(TEE_BigInt *dest, const TEE_BigInt *op);
void TEE_BigIntMul(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2);
void TEE_BigIntSquare(TEE_BigInt *dest, const TEE_BigInt *op);
/* TEE_BigIntDiv (8.8.6): rounds towards 0; either result may be NULL. Panics on division by 0. */
void TEE_BigIntDiv(TEE_BigInt *dest_q, TEE_BigInt *dest_r, const TEE_BigInt *op1,
                   const TEE_BigInt *op2);
/* 8.9: results are 0 <= r < n; operands of all but TEE_BigIntMod must be too. Panic when n is below 2. */
void TEE_BigIntMod(TEE_BigInt *dest, const TEE_BigInt *op, const TEE_BigInt *n);
void TEE_BigIntAddMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                      const TEE_BigInt *n);
void TEE_BigIntSubMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                      const TEE_BigInt *n);
void TEE_BigIntMulMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                      const TEE_BigInt *n);
void TEE_BigIntSquareMod(TEE_BigInt *dest, const TEE_BigInt *op, const TEE_BigInt *n);
/* TEE_BigIntInvMod (8.9.6): panics when op is 0 or has a factor in common with n. */
void TEE_BigIntInvMod(TEE_BigInt *dest, const TEE_BigInt *op, const TEE_BigInt *n);
/* TEE_BigIntExpMod (8.9.7): context may be NULL. TEE_ERROR_NOT_SUPPORTED for an even n. */
TEE_Result TEE_BigIntExpMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                            const TEE_BigInt *n, const TEE_BigIntFMMContext *context);
/* TEE_BigIntRelativePrime (8.10.1). */
bool TEE_BigIntRelativePrime(const TEE_BigInt *op1, const TEE_BigInt *op2);
/* TEE_BigIntComputeExtendedGcd (8.10.2): gcd = u*op1 + v*op2; u and v may be NULL. Panics when both operands are 0. */
void TEE_BigIntComputeExtendedGcd(TEE_BigInt *gcd, TEE_BigInt *u, TEE_BigInt *v,
                                  const TEE_BigInt *op1, const TEE_BigInt *op2);
/* TEE_BigIntIsProbablePrime (8.10.3): 0 composite, 1 certainly prime, -1 prime but for a chance below 2^-confidenceLevel (at least 80). */
int32_t TEE_BigIntIsProbablePrime(const TEE_BigInt *op, uint32_t confidenceLevel);
/* 8.11: fast modular multiplication. Operands belong to the modulus n that context was made for. */
void TEE_BigIntConvertToFMM(TEE_BigIntFMM *dest, const TEE_BigInt *src, const TEE_BigInt *n,
                            const TEE_BigIntFMMContext *context);
void TEE_BigIntConvertFromFMM(TEE_BigInt *dest, const TEE_BigIntFMM *src, const TEE_BigInt *n,
                              const TEE_BigIntFMMContext *context);
void TEE_BigIntComputeFMM(TEE_BigIntFMM *dest, const TEE_BigIntFMM *op1, const TEE_BigIntFMM *op2,
                          const TEE_BigInt *n, const TEE_BigIntFMMContext *context);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#if defined(__OPTEE_CORE_API_COMPAT_1_1) && __OPTEE_CORE_API_COMPAT_1_1
#include "tee_api_compat.h"
#endif

#endif
