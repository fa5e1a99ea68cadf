/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process around a trusted application (tee/host) and the Internal Core API (this room)
 * know of each other. The host owns process, sandbox, lanes and the line to keymoord; the runtime
 * owns everything that a TA can call.
 *
 * One TA and one process-wide runtime; one thread.
 */
#ifndef KM_RUNTIME_H
#define KM_RUNTIME_H

#include "common/km_bytes.h"
#include "common/km_uuid.h"
#include "include/tee_internal_api.h"
#include "tee/channel/lane.h"
#include "tee/store/store.h"

/* A property that a TA reads by name (Internal Core API 1.3.1, 4.4); both strings stay. */
struct km_rt_property {
    const char *name;
    const char *
        value; /* text form: strings as they are, booleans true/false, numbers decimal, UUIDs canonical */
};

/* Who called (TEE_PROPSET_CURRENT_CLIENT). */
struct km_rt_client {
    uint32_t login;      /* TEE_LOGIN_... */
    struct km_uuid uuid; /* as Linux derives it for that login, or the calling TA's */
    uint32_t uid, gid;   /* of the peer, from the socket; 0xffffffff for a TA */
    uint32_t pid;
    bool is_admin; /* root, or the user that keymoord runs as */
    bool
        unmasked; /* set by km_rt_open_session: the TA unmasked cancellation for all of the session */
};

/* What the host does for the runtime. */
struct km_rt_host {
    /* panic: reports the code and ends this instance; does not return. */
    void (*panic)(void *arg, uint32_t code) __attribute__((noreturn));
    /* client_text: a property of the present client that has to be asked for (executable digest, unit). KM_E_NOTFOUND. */
    km_status (*client_text)(void *arg, const char *name, char *ret, size_t cap);
    /* audit: one record "what key result" about the present client; never data. */
    void (*audit)(void *arg, const char *operation, struct km_slice subject, uint32_t result);
    /* Sessions to other TAs. params in and out as TEE_Param with TEE types. */
    TEE_Result (*session_open)(void *arg, const TEE_UUID *ta, uint32_t timeout_ms, uint32_t types,
                               TEE_Param params[4], void **ret_session, uint32_t *ret_origin);
    TEE_Result (*session_invoke)(void *arg, void *session, uint32_t timeout_ms, uint32_t command,
                                 uint32_t types, TEE_Param params[4], uint32_t *ret_origin);
    void (*session_close)(void *arg, void *session);
    /* Whether the call being served was cancelled; and a sleep that ends then (true). */
    bool (*cancelled)(void *arg);
    bool (*wait_cancel)(void *arg, uint32_t ms);
    void *arg;
    /*
     * alg_allowed: whether the TA may use the algorithm (TEE_ALG_...) with a key of that many bits: the curve's for EC; 0
     * asks for the algorithm as such, whatever the key. One that is not allowed is TEE_ERROR_NOT_SUPPORTED. A hash inside
     * another algorithm that comes as a parameter (HKDF, OAEP) is asked for by its digest's identifier. NULL: all are allowed.
     */
    bool (*alg_allowed)(void *arg, uint32_t alg, uint32_t key_bits);
};

/* The TA's entry points as found in its ELF. */
struct km_rt_entry {
    TEE_Result (*create)(void);
    void (*destroy)(void);
    TEE_Result (*open_session)(uint32_t types, TEE_Param params[4], void **session);
    void (*close_session)(void *session);
    TEE_Result (*invoke)(void *session, uint32_t command, uint32_t types, TEE_Param params[4]);
};

struct km_rt_config {
    struct km_uuid ta;
    struct km_rt_entry entry;
    const struct km_rt_property *ta_properties; /* from the package: gpd.ta.*, and its own */
    size_t n_ta_properties;
    const struct km_rt_property
        *tee_properties; /* gpd.tee.* that depend on root and configuration */
    size_t n_tee_properties;
    struct km_store *store; /* NULL: TEE_ERROR_STORAGE_NOT_AVAILABLE; borrowed */
    struct km_rt_host host;
    size_t heap_max; /* octets the TA may hold by TEE_Malloc; 0 means 8 MiB */
};

/* km_rt_warm: before the template forks: libcrypto context and what is costly to fetch. Holds no key. */
km_status km_rt_warm(struct km_err *err);
/* km_rt_start: in the instance, after fork and before the sandbox closes (it may still open, lock and allocate). */
km_status km_rt_start(struct km_err *err, const struct km_rt_config *config);
/* The calls of the host's loop. Panics inside end the process through host.panic. */
TEE_Result km_rt_create(void);
TEE_Result km_rt_open_session(struct km_rt_client *client, struct km_lane_call *call,
                              void **ret_session);
TEE_Result km_rt_invoke(const struct km_rt_client *client, void *session,
                        struct km_lane_call *call);
void km_rt_close_session(const struct km_rt_client *client, void *session);
void km_rt_destroy(void);
/* km_rt_panic_reason: in host.panic, what was misused, as one sentence; static storage. */
const char *km_rt_panic_reason(void);

#endif
