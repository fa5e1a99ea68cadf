/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this library share: the handles, and a call to the crypto application.
 *
 * A key or operation lives in a session, so in one lane of the pool. A saved key's handle is not
 * bound to a lane: it notes under which id each lane knows the key and loads it where it is not
 * known yet. What is noted about a lane is only touched by the lane's holder, or under the lock of
 * the lane's state, so handles of saved keys can be used from several threads.
 */
#ifndef CLRC_INTERNAL_H
#define CLRC_INTERNAL_H

#include <stdatomic.h>

#include "common/km_bytes.h"
#include "common/km_secret.h"
#include "include/clrc.h"
#include "lib/session/km_call.h"
#include "lib/session/km_result.h"
#include "ta/crypto/crypto_protocol.h"
#include "ta/crypto/crypto_wire.h"

/* Under which id a session knows a key; serial 0: none. */
struct clrc_at {
    atomic_uint serial;
    uint32_t id;
};

struct clrc_password {
    uint32_t magic;
    atomic_uint n_refs; /* the caller's handle, and keys loaded with it */
    uint64_t number;    /* unique in this process */
    unsigned n_forks;   /* the secret is empty in a forked child */
    struct km_secret *secret;
    char name[CLRC_NAME_MAX + 1];
};

struct clrc_key {
    uint32_t magic;
    bool is_named;
    uint32_t home; /* lane of a key that is not saved */
    struct clrc_password *password;
    uint32_t id_len;              /* 0 until the id is known */
    uint8_t id[KM_CRYPTO_ID_LEN]; /* of a saved key: its name may stand for another one later */
    char name[CLRC_NAME_MAX + 1];
    struct clrc_at at[KM_POOL_LANES_MAX];
};

struct clrc_operation {
    uint32_t magic;
    uint32_t home;
    uint32_t serial;
    uint32_t id;
    uint32_t free_command; /* OP_FREE or OBJECT_FREE */
};

/* An opaque object lives in a session as an operation does. */
struct clrc_object {
    uint32_t magic;
    struct clrc_operation in;
};

/* ---- results (clrc_result.c) ---- */

/* clrc_map: the one table from the service's results to the library's. */
ClrcResult clrc_map(TEEC_Result result);
/* clrc_reason: a sentence that says more than the result it is mapped to, or NULL: then the result's own does. */
const char *clrc_reason(TEEC_Result result);
/* clrc_fail: notes "function: subject: text" for clrcLastError; answers result. subject may be NULL, as may text. */
ClrcResult clrc_fail(const char *function, ClrcResult result, const char *subject,
                     const char *text);

/* ---- calls (clrc_call.c) ---- */

struct clrc_call {
    const char *function; /* for clrcLastError */
    const char *subject;  /* the same: a name, or NULL */
    struct km_call sent;
    bool is_repeatable;         /* harmless when the service does it twice */
    bool makes_key;             /* wants a session with room for one more */
    bool is_new_key;            /* makes a key of the caller's, not saved yet */
    bool seeks_primes;          /* makes a key that takes long to find */
    struct clrc_key *key;       /* NULL: none */
    uint32_t *key_value;        /* where its id goes: here, */
    uint8_t *key_octets;        /* or here, little-endian */
    struct clrc_key *other_key; /* a second one that has to be in the same session, or NULL */
    uint32_t *other_value;
    struct clrc_password *password;
    uint32_t *password_value;
    const struct clrc_operation *operation; /* NULL: none; its id is set by the caller */
    enum km_pool_kind kind;                 /* of the lane that it wants */
    struct km_pool_lane *lane;              /* held between begin and end */
    uint32_t ran_in, serial;                /* lane and session of the last attempt */
    bool was_sent;                          /* the service may have done it */
};

/* Parameters of a call, beside those of km_call.h. Lengths are checked by whoever calls these. */
/* clrc_small_out: room beyond what the protocol has for small outputs is of no use and left out. */
void clrc_small_out(struct clrc_call *call, unsigned at, void *buffer, size_t size);
/* clrc_bulk_in, clrc_bulk_out: the same, and used in place when it lies in shared memory. */
void clrc_bulk_in(struct clrc_call *call, unsigned at, const void *buffer, size_t size);
void clrc_bulk_out(struct clrc_call *call, unsigned at, void *buffer, size_t size);
/* clrc_size: what came back in an output's size. */
size_t clrc_size(const struct clrc_call *call, unsigned at);

/*
 * clrc_run: takes a lane, brings the session, key and password there, invokes, gives the lane back.
 * A session that turns out dead is opened anew and a repeatable command tried once more. What fails is noted for
 * clrcLastError.
 */
ClrcResult clrc_run(struct clrc_call *call);
/* clrc_begin, clrc_invoke, clrc_end: the parts of it, for several commands in one session. */
ClrcResult clrc_begin(struct clrc_call *call);
ClrcResult clrc_invoke(struct clrc_call *call);
void clrc_end(struct clrc_call *call);
/* clrc_run_sized: clrc_run for one output whose size is the caller's *length: written on success and for a short buffer. */
ClrcResult clrc_run_sized(struct clrc_call *call, unsigned at, uint32_t *length);

/* clrc_key_made: a session's new key into a handle; clrc_key_saved: it stands for a saved key from now on. */
void clrc_key_made(const struct clrc_call *call, struct clrc_key *key, uint32_t id);
void clrc_key_saved(const struct clrc_call *call, struct clrc_key *key);
/* clrc_forget_key, _operation, _password: the sessions free it when they are next used. */
void clrc_forget_key(struct clrc_key *key);
void clrc_forget_operation(const struct clrc_operation *operation);
void clrc_forget_password(const struct clrc_password *password);
/* clrc_operation_made: counts it as living in its session. */
void clrc_operation_made(const struct clrc_call *call, struct clrc_operation *operation,
                         uint32_t id);

/* clrc_n_forks: changes in a forked child. */
unsigned clrc_n_forks(void);
TEEC_Result clrc_context(TEEC_Context **ret_context);

/* ---- memory (clrc_shared.c) ---- */

/* clrc_shared_find: the block that all of the buffer lies in, and where; NULL when it is ordinary memory. */
TEEC_SharedMemory *clrc_shared_find(const void *buffer, size_t size, size_t *ret_offset);
void clrc_shared_fork_prepare(void);
void clrc_shared_fork_done(void); /* in both */

#endif
