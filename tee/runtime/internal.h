/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the runtime share: the instance's state, panics, handles, memory, libcrypto. */
#ifndef KM_RT_INTERNAL_H
#define KM_RT_INTERNAL_H

#include "include/tee_internal_api_extensions.h"
#include "tee/runtime/runtime.h"

#include <openssl/evp.h>

/* A memory reference of the call being served. */
struct km_rt_window {
    uintptr_t from;
    size_t len;
    bool may_write;
};

/* One TA, one process: one state. */
struct km_rt_state {
    struct km_rt_config config;
    bool started;
    struct km_rt_client client; /* whose call is being served */
    bool has_client;
    struct km_rt_window windows[KM_LANE_PARAMS];
    size_t n_windows;
    bool cancel_masked;
    const void *instance_data;
};
extern struct km_rt_state km_rt;

/* ---- panic.c ---- */

/* km_rt_panic: why is a sentence for km_rt_panic_reason, static storage. */
void km_rt_panic(TEE_Result code, const char *why) __attribute__((noreturn));
/* km_rt_need: panics with TEE_ERROR_BAD_PARAMETERS unless ok. */
static inline void km_rt_need(bool ok, const char *why)
{
    if (__builtin_expect(!ok, 0))
        km_rt_panic(TEE_ERROR_BAD_PARAMETERS, why);
}
/* km_rt_need_state: the same with TEE_ERROR_BAD_STATE. */
static inline void km_rt_need_state(bool ok, const char *why)
{
    if (__builtin_expect(!ok, 0))
        km_rt_panic(TEE_ERROR_BAD_STATE, why);
}

/* ---- handle.c ---- */

enum km_rt_kind {
    KM_RT_OBJECT = 1,
    KM_RT_OPERATION,
    KM_RT_OBJECT_ENUM,
    KM_RT_PROPERTY_ENUM,
    KM_RT_SESSION,
};
/*
 * A handle is a number, never an address: kind, slot and the slot's generation, so that a closed
 * handle stays dead when its slot is used again.
 */
/* km_rt_handle_new: NULL when the table is full or memory is short. what is borrowed. */
void *km_rt_handle_new(enum km_rt_kind kind, void *what);
/* km_rt_handle_get: what stands behind it; panics when it is not a live handle of that kind. */
void *km_rt_handle_get(enum km_rt_kind kind, const void *handle);
/* km_rt_handle_drop: forgets it; panics as km_rt_handle_get. Returns what stood behind it. */
void *km_rt_handle_drop(enum km_rt_kind kind, const void *handle);
/* km_rt_handle_each: drops every live handle of a kind and gives what stood behind it to drop. */
void km_rt_handle_each(enum km_rt_kind kind, void (*drop)(void *what));

/* ---- memory.c ---- */

/* km_rt_own: panics when some of it is NULL or shared with the client; a size of 0 passes. */
void km_rt_own(const void *ptr, size_t size, const char *why);
/* km_rt_own_handle: the same for a place that a handle is to be written to. */
static inline void km_rt_own_handle(const void *at)
{
    km_rt_own(at, sizeof(void *), "a handle outside the TA's own memory");
}
/* km_rt_readable: panics when ptr is NULL and size is not 0. */
static inline void km_rt_readable(const void *ptr, size_t size)
{
    km_rt_need(ptr != NULL || size == 0, "a NULL buffer with a size");
}
/* km_rt_memory_clear: wipes and frees every block the TA still holds. */
void km_rt_memory_clear(void);
/* km_rt_memory_start: where the stack ends; before the sandbox closes. */
void km_rt_memory_start(void);

/*
 * Secret bytes in libcrypto's locked heap, zero. It is small and shared with libcrypto's own keys; when it is
 * full km_rt_secret_new answers NULL.
 */
uint8_t *km_rt_secret_new(size_t len);
void km_rt_secret_free(uint8_t *secret, size_t len);

/* km_rt_give: *size octets of room at buffer; copies len octets there or says TEE_ERROR_SHORT_BUFFER. */
TEE_Result km_rt_give(void *buffer, size_t *size, const void *bytes, size_t len);

/* ---- crypto.c ---- */

OSSL_LIB_CTX *km_rt_libctx(void);
/* km_rt_crypto_start: locked heap and fresh random generators for this process. */
km_status km_rt_crypto_start(struct km_err *err);
/* km_rt_crypto_stop: undoes km_rt_warm; no key may be left. */
void km_rt_crypto_stop(void);
/* km_rt_ssl_need: panics with TEE_ERROR_GENERIC unless libcrypto was able to. */
void km_rt_ssl_need(bool ok, const char *why);
/* km_rt_ssl_short: empties the error queue; whether memory was short, the locked heap's above all. */
bool km_rt_ssl_short(void);
/* km_rt_ssl_result: OUT_OF_MEMORY when libcrypto was short of memory; panics as km_rt_ssl_need when it failed otherwise. */
TEE_Result km_rt_ssl_result(bool ok, const char *why);
/* km_rt_ssl_quiet: empties the error queue. */
void km_rt_ssl_quiet(void);

/* ---- others ---- */

/* km_rt_result: what a TA is told about a failure of the store. */
TEE_Result km_rt_result(km_status status);
/* Drops for km_rt_handle_each. */
void km_rt_object_free(void *object);
void km_rt_operation_free(void *operation);
void km_rt_object_enum_free(void *enumerator);
void km_rt_property_enum_free(void *enumerator);
/* Whether triple DES keys that a TA brings have to have odd parity: "check" unless its package says "ignore". */
#define KM_RT_DES_PARITY "org.keymoor.des.parity"
/* Whether the TA may do what the specification or this kit refuses and other kits let it do: docs/core-api.md has the list. */
#define KM_RT_LENIENT "org.keymoor.lenient"
bool km_rt_is_lenient(void);
/* km_rt_property_is: whether the TA's own property of that name, given or built in, has that value. */
bool km_rt_property_is(const char *name, const char *value);
void km_rt_session_free(void *session);

#endif
