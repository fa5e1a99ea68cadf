/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root of trust: where everything sealed on this machine comes from.
 *
 * One table of functions per kind; only keymoord opens one. A driver that talks to a device runs
 * in a helper process behind this same table. A function that a root can't offer is NULL, so what
 * it offers is seen before it is asked.
 *
 * Thread safety: one handle, one thread.
 */
#ifndef KM_ROOT_H
#define KM_ROOT_H

#include "common/km_bytes.h"
#include "common/km_secret.h"

#define KM_ROOT_SECRET_LEN 32
#define KM_ROOT_KEY_ID_MAX 64

struct km_root;

enum km_root_curve {
    KM_ROOT_P256 = 1,
    KM_ROOT_P384,
    KM_ROOT_P521,
    KM_ROOT_RSA2048,
    KM_ROOT_RSA3072,
    KM_ROOT_RSA4096
};
enum km_root_alg { KM_ROOT_ECDSA = 1, KM_ROOT_RSA_PKCS1, KM_ROOT_RSA_PSS };

/* What a key in the hardware is for and made of. */
struct km_root_key_spec {
    enum km_root_curve kind;
    bool may_sign;
    bool may_agree;
};

struct km_root_driver {
    const char *name; /* "soft", "tpm2", ... as in --root NAME:ARGUMENT */

    /* open: argument is what stood behind the colon (borrowed). */
    km_status (*open)(struct km_err *err, const char *argument, void **ret_state);
    void (*close)(void *state); /* NULL is allowed; wipes */

    /* derive: 32 octets bound to this root and the label; the same label gives the same secret. */
    km_status (*derive)(struct km_err *err, void *state, struct km_slice label,
                        struct km_secret **ret_secret);
    km_status (*random)(struct km_err *err, void *state, struct km_span out);

    /* A counter that nobody can turn back; NULL when there is none. */
    km_status (*counter_read)(struct km_err *err, void *state, uint64_t *ret_value);
    /* counter_advance: raises it to at least value. Such counters wear: ask at safe points only. */
    km_status (*counter_advance)(struct km_err *err, void *state, uint64_t value);

    /* Keys that live in the root. All NULL when it holds none. id: at most KM_ROOT_KEY_ID_MAX. */
    km_status (*key_generate)(struct km_err *err, void *state, struct km_slice id,
                              const struct km_root_key_spec *spec);
    km_status (*key_import)(struct km_err *err, void *state, struct km_slice id,
                            const struct km_root_key_spec *spec, struct km_slice pkcs8);
    km_status (*key_public)(struct km_err *err, void *state, struct km_slice id,
                            struct km_root_key_spec *ret_spec, struct km_span spki,
                            size_t *ret_len);
    km_status (*key_sign)(struct km_err *err, void *state, struct km_slice id, enum km_root_alg alg,
                          struct km_slice digest, struct km_span signature, size_t *ret_len);
    km_status (*key_agree)(struct km_err *err, void *state, struct km_slice id,
                           struct km_slice peer_point, struct km_secret **ret_shared);
    km_status (*key_delete)(struct km_err *err, void *state, struct km_slice id);
    /* key_list: calls seen once per key until it answers false. */
    km_status (*key_list)(struct km_err *err, void *state,
                          bool (*seen)(void *arg, struct km_slice id), void *arg);
};

struct km_root {
    const struct km_root_driver *driver;
    void *state;
};

/* km_root_open: spec is "NAME:ARGUMENT". KM_E_NOTFOUND for an unknown name. */
km_status km_root_open(struct km_err *err, const char *spec, struct km_root *ret_root);
void km_root_close(struct km_root *root);
/* km_root_has_counter: whether a whole store put back from a copy would be noticed. */
bool km_root_has_counter(const struct km_root *root);

/* The drivers of this build. */

/*
 * km_root_soft: a secret file. argument is its path: made with 32 random octets and mode 0600 on first use, whole or
 * not at all, and never over an existing file. KM_E_DENIED when it is no regular file, belongs to somebody else or
 * can be used by group or others; KM_E_CORRUPT when it does not have 32 to 1024 octets. Or "credential:NAME": a
 * systemd credential of the service ($CREDENTIALS_DIRECTORY/NAME), never made here; KM_E_NOTFOUND without one.
 * derive is HKDF-SHA256. No counter, no keys of its own.
 */
extern const struct km_root_driver km_root_soft;

#endif
