/* SPDX-License-Identifier: Apache-2.0 */
/* A host for the runtime that lives in the test: its panics come back as values, its store is real. */
#ifndef RUNTIME_FIXTURE_H
#define RUNTIME_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "include/tee_internal_api_extensions.h"
#include "tee/runtime/runtime.h"

struct fake_host {
    jmp_buf on_panic;
    bool expects_panic;
    uint32_t panic_code;
    bool cancelled;
    unsigned n_sessions; /* open at the fake other TA */
    char audited[160];
    uint64_t anchor;                                           /* the root's counter */
    unsigned n_advanced;                                       /* how often it was raised */
    TEE_Result (*invoke)(uint32_t types, TEE_Param params[4]); /* what the TA does */
};
extern struct fake_host fake;

/* Group setup and teardown: a started runtime with a store in a directory of its own. */
int fixture_start(void **state);
int fixture_stop(void **state);
/* Per test: libcrypto's error queue is empty at the end. */
int fixture_after(void **state);
/* fixture_reopen_store: closes the store and opens it again, as another run of the TA would. */
void fixture_reopen_store(void);
/* fixture_allow: what the host answers about algorithms from now on; NULL allows all. */
void fixture_allow(bool (*alg_allowed)(void *arg, uint32_t alg, uint32_t key_bits));
/* fixture_des_parity: the TA's property org.keymoor.des.parity from now on; NULL: its package does not have it. */
void fixture_des_parity(const char *value);
/* fixture_lenient: the same for org.keymoor.lenient, in place of it. */
void fixture_lenient(const char *value);
const char *fixture_dir(void);
struct km_store *fixture_store(void);

/* Nothing local changes between the setjmp and the longjmp of RT_PANICS, so what gcc fears can't happen. */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif
/* RT_PANICS: the statement panics with that code. */
#define RT_PANICS(code, ...)                                                                       \
    do {                                                                                           \
        fake.expects_panic = true;                                                                 \
        fake.panic_code = 0;                                                                       \
        if (setjmp(fake.on_panic) == 0) {                                                          \
            __VA_ARGS__;                                                                           \
            fake.expects_panic = false;                                                            \
            fail_msg("no panic: %s", #__VA_ARGS__);                                                \
        }                                                                                          \
        fake.expects_panic = false;                                                                \
        assert_int_equal(fake.panic_code, code);                                                   \
        assert_true(km_rt_panic_reason()[0] != '\0');                                              \
    } while (0)
#define RT_BAD TEE_ERROR_BAD_PARAMETERS
#define RT_STATE TEE_ERROR_BAD_STATE
#define RT_DENIED TEE_ERROR_ACCESS_DENIED
#define RT_OK(expr) assert_int_equal((expr), TEE_SUCCESS)

static inline void copy(void *dst, const void *src, size_t len)
{
    if (len != 0)
        km_copy(dst, len, src, len);
}
/* next_number: the same sequence in each run. */
size_t next_number(void);
/* unhex: bytes of a hex string in one of a few static buffers; *ret_len may be NULL. */
const uint8_t *unhex(const char *text, size_t *ret_len);
TEE_Attribute ref(uint32_t id, const void *bytes, size_t len);
TEE_Attribute ref_hex(uint32_t id, const char *text);
TEE_Attribute val(uint32_t id, uint32_t a);
/* secret_object: a transient object of a symmetric type that holds the secret. */
TEE_ObjectHandle secret_object(uint32_t type, const void *bytes, size_t len);
/* keyed: an operation with that key. */
TEE_OperationHandle keyed(uint32_t alg, uint32_t mode, uint32_t bits, TEE_ObjectHandle key);
TEE_ObjectHandle ec_generate(uint32_t type, uint32_t curve, uint32_t bits);

/* fill_locked_heap: takes all of it. give_one_back: frees a piece, the large ones first; false when all are free. */
void fill_locked_heap(void);
bool give_one_back(void);

#endif
