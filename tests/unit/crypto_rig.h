/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trusted application on the real runtime and a real store in this process: only the host around it is made up. The crypto
 * application's test build, or the one that certs_rig.h is about. Calls go through the command interface as a lane would bring them.
 */
#ifndef CRYPTO_RIG_H
#define CRYPTO_RIG_H

#include "ta/crypto/crypto_wire.h"
#include "tee/runtime/runtime.h"
#include "tests/unit/km_test.h"

/* What the host says of a client whose properties are asked for; NULL: it can't tell. */
struct rig_host {
    const char *exe_sha256;
    const char *unit;
    uint64_t now;        /* seconds that TEE_GetREETime tells */
    unsigned n_audited;  /* records since the start */
    char last_audit[64]; /* operation of the last one */
    size_t
        store_max; /* octets that the store may grow to, from the next start; 0: as many as it likes */
    void (*deriving)(void); /* called before a key is derived, as from a password; NULL: nothing */
    void (*audited)(void);  /* called with each audit record; NULL: nothing */
    void (*waited)(void);   /* called in the place of TEE_Wait; NULL: it waits */
    void (*asked)(void);    /* called while a client's property is asked for; NULL: nothing */
    /* The other trusted application that is called; NULL: there is none. */
    uint32_t (*peer)(uint32_t command, uint32_t types, TEE_Param params[4]);
};
extern struct rig_host rig_host;

/* rig_dir: a new empty directory; rig_dir_remove takes it away with what is in it. */
void rig_dir(char ret[64]);
void rig_dir_remove(const char *dir);
/* rig_start: opens store and runtime as a fresh instance does; rig_stop: the instance ends. */
void rig_start(const char *dir);
void rig_stop(void);

struct rig_session {
    void *at;
    struct km_rt_client client;
};
void rig_open(struct rig_session *session, uint32_t uid, bool is_admin);
/* rig_open_ta: another trusted application opens it for a client of its own. */
void rig_open_ta(struct rig_session *session, const struct km_uuid *ta, uint32_t uid,
                 bool is_admin);
void rig_close(struct rig_session *session);
/* rig_die: this process is killed. */
void rig_die(void);
/* rig_fresh: a host that knows nothing, a new directory, an instance and an ordinary user's session; rig_gone ends them. */
void rig_fresh(char ret_dir[64], struct rig_session *session);
void rig_gone(const char *dir, struct rig_session *session);
/* RIG_FIXTURE: a test's directory dir and session s, with set_up and tear_down for cmocka. */
#define RIG_FIXTURE                                                                                \
    static char dir[64];                                                                           \
    static struct rig_session s;                                                                   \
    static int set_up(void **state)                                                                \
    {                                                                                              \
        (void)state;                                                                               \
        rig_fresh(dir, &s);                                                                        \
        return 0;                                                                                  \
    }                                                                                              \
    static int tear_down(void **state)                                                             \
    {                                                                                              \
        (void)state;                                                                               \
        rig_gone(dir, &s);                                                                         \
        return 0;                                                                                  \
    }

/* rig_call: one command; parameters come back as the client would see them. */
uint32_t rig_call(struct rig_session *session, uint32_t command, struct km_lane_param params[4]);
/* rig_type_signatures: how many combinations of parameter types the command lets in; values are 0, memory is 16 octets. */
unsigned rig_type_signatures(struct rig_session *session, uint32_t command);

#define P_NONE                                                                                     \
    {                                                                                              \
        .type = KM_PARAM_NONE                                                                      \
    }
#define P_VI(x, y)                                                                                 \
    {                                                                                              \
        .type = KM_PARAM_VALUE_IN, .a = (x), .b = (y)                                              \
    }
#define P_VO                                                                                       \
    {                                                                                              \
        .type = KM_PARAM_VALUE_OUT                                                                 \
    }
#define P_VIO(x)                                                                                   \
    {                                                                                              \
        .type = KM_PARAM_VALUE_INOUT, .a = (x)                                                     \
    }
#define P_MI(p, n)                                                                                 \
    {                                                                                              \
        .type = KM_PARAM_MEM_IN, .buffer = (void *)(uintptr_t)(p), .size = (n),                    \
        .in_place = (n) > KM_LANE_COPY_MAX                                                         \
    }
#define P_MO(p, n)                                                                                 \
    {                                                                                              \
        .type = KM_PARAM_MEM_OUT, .buffer = (p), .size = (n), .in_place = (n) > KM_LANE_COPY_MAX   \
    }
#define P_MIO(p, n)                                                                                \
    {                                                                                              \
        .type = KM_PARAM_MEM_INOUT, .buffer = (p), .size = (n)                                     \
    }
#define P_STR(s) P_MI((s), strlen(s))

/* The commands that most tests need; each answers the command's result. */
struct km_crypto_template rig_wish(uint32_t type, uint32_t bits);
uint32_t rig_create(struct rig_session *s, const struct km_crypto_template *wish, uint32_t *ret_id);
uint32_t rig_import(struct rig_session *s, const struct km_crypto_template *wish, uint32_t form,
                    struct km_slice octets, uint32_t *ret_id);
/* rig_made, rig_raw: a new key, or one of these octets, that must come about. */
uint32_t rig_made(struct rig_session *s, uint32_t type, uint32_t bits);
uint32_t rig_raw(struct rig_session *s, uint32_t type, struct km_slice octets, uint32_t attributes);
/* rig_with_wish: a command that makes a key as wished of a key, an algorithm and octets: DERIVE, AGREE, UNWRAP_KEY, ... */
uint32_t rig_with_wish(struct rig_session *s, uint32_t command,
                       const struct km_crypto_template *wish, uint32_t key, uint32_t algorithm,
                       struct km_slice octets, uint32_t *ret_id);
uint32_t rig_wrap(struct rig_session *s, uint32_t by, uint32_t algorithm, uint32_t key,
                  uint8_t *out, size_t *len);
uint32_t rig_free_key(struct rig_session *s, uint32_t id);
uint32_t rig_info(struct rig_session *s, uint32_t id, struct km_crypto_info *ret);
uint32_t rig_describe(struct rig_session *s, const char *name, struct km_crypto_info *ret);
uint32_t rig_save(struct rig_session *s, uint32_t id, const char *name, uint32_t password);
uint32_t rig_load(struct rig_session *s, const char *name, uint32_t password, uint32_t *ret_id);
uint32_t rig_delete(struct rig_session *s, const char *name, uint32_t password);
uint32_t rig_password(struct rig_session *s, uint32_t command, const char *name, const char *text,
                      uint32_t *ret_id);
uint32_t rig_wait(struct rig_session *s, const char *name, uint32_t *ret_seconds);
uint32_t rig_op_new(struct rig_session *s, uint32_t key, uint32_t algorithm, uint32_t mode,
                    uint32_t digest, struct km_slice iv, uint32_t tag_len, uint32_t *ret_op);
/* rig_feed: feeds in to an operation cut at `at`; answers how much came out. */
size_t rig_feed(struct rig_session *s, uint32_t op, struct km_slice in, size_t at, uint8_t *out,
                size_t room);
/* rig_unhex: answers how many octets there were. */
size_t rig_unhex(const char *text, uint8_t *out);
/* rig_sign: ECDSA over 32 octets of zero; the signature is thrown away. */
uint32_t rig_sign(struct rig_session *s, uint32_t id);
/* rig_out: a command with one value input and one memref output. */
uint32_t rig_out(struct rig_session *s, uint32_t command, uint32_t a, uint32_t b, void *out,
                 size_t *len);

#endif
