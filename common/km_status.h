/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes, and the record of a failure.
 *
 * Every function of Keymoor's own that can fail returns km_status. Detail travels beside it in a
 * struct km_err that the caller owns: the first failure wins, later ones leave it alone.
 */
#ifndef KM_STATUS_H
#define KM_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KM_MUST_USE __attribute__((warn_unused_result))
#define KM_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define KM_EXPORT __attribute__((visibility("default")))
#define KM_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* By what the caller can do about it. */
typedef enum km_status {
    KM_OK = 0,
    KM_E_ARG,         /* the caller broke the contract of the call: mend the caller */
    KM_E_MALFORMED,   /* bytes from outside do not have the promised form */
    KM_E_LIMIT,       /* too long, too many, too large: use less */
    KM_E_NOMEM,       /* memory is short */
    KM_E_NOSPACE,     /* the disk is full */
    KM_E_NOTFOUND,    /* no such thing */
    KM_E_EXISTS,      /* there is one already */
    KM_E_DENIED,      /* not allowed for this caller or this key */
    KM_E_AUTH,        /* signature, tag or password does not fit */
    KM_E_BUSY,        /* somebody else holds it: try again later */
    KM_E_TIMEOUT,     /* did not happen in time */
    KM_E_CANCELLED,   /* the caller asked to stop */
    KM_E_STATE,       /* not now: the object is in another state */
    KM_E_STALE,       /* older than what was seen before: a rollback */
    KM_E_CORRUPT,     /* stored data are damaged */
    KM_E_UNSUPPORTED, /* this build or this root of trust can't do that */
    KM_E_DEAD,        /* the peer is gone */
    KM_E_IO,          /* the system refused: see native */
    KM_E_INTERNAL,    /* our own bug */
} km_status;

/* Which layer the native number of a failure comes from. */
enum km_layer {
    KM_LAYER_NONE = 0,
    KM_LAYER_ERRNO,
    KM_LAYER_OPENSSL,
    KM_LAYER_LMDB,
    KM_LAYER_TEE,
    KM_LAYER_TSS,
    KM_LAYER_SE,
    KM_LAYER_SQLITE,
};

#define KM_ERR_TEXT_MAX 192

/* Fixed size, no heap; never holds bytes of a request or a secret. Starts as all zero. */
struct km_err {
    km_status status;
    enum km_layer layer;
    int64_t native; /* errno, OpenSSL code, ... of that layer */
    const char *file;
    int line;
    char text[KM_ERR_TEXT_MAX]; /* one sentence in lower case, no full stop */
};

/*
 * km_err_set: records a failure and returns its status, so that it can stand behind `return`. err
 * may be NULL; a failure already recorded is kept.
 */
km_status km_err_set(struct km_err *err, km_status status, enum km_layer layer, int64_t native,
                     const char *file, int line, const char *fmt, ...) KM_PRINTF(7, 8);

/* km_err_clear: forgets what was recorded. NULL is allowed. */
void km_err_clear(struct km_err *err);

/* km_status_name: the code's short name, e.g. "not-found"; static storage. */
const char *km_status_name(km_status status);

#ifdef __clang_analyzer__ /* which can't look inside: what is set here comes back, so never KM_OK */
#define KM_ERR_SET(err, status, ...) ((void)km_err_set((err), (status), __VA_ARGS__), (status))
#else
#define KM_ERR_SET km_err_set
#endif
#define KM_FAIL(err, status, ...)                                                                  \
    KM_ERR_SET((err), (status), KM_LAYER_NONE, 0, __FILE__, __LINE__, __VA_ARGS__)
#define KM_FAIL_NATIVE(err, status, layer, native, ...)                                            \
    KM_ERR_SET((err), (status), (layer), (int64_t)(native), __FILE__, __LINE__, __VA_ARGS__)
/* KM_FAIL_ERRNO: picks the status from errno (ENOSPC, ENOENT, EACCES, ...). */
#define KM_FAIL_ERRNO(err, ...)                                                                    \
    km_err_set((err), km_status_from_errno(errno), KM_LAYER_ERRNO, (int64_t)errno, __FILE__,       \
               __LINE__, __VA_ARGS__)
km_status km_status_from_errno(int native);

/* KM_TRY: the only macro that hides a return. */
#define KM_TRY(expr)                                                                               \
    do {                                                                                           \
        km_status km_try_status_ = (expr);                                                         \
        if (km_try_status_ != KM_OK)                                                               \
            return km_try_status_;                                                                 \
    } while (0)

/* KM_AUTO(fn) type x = ...: fn(&x) runs when x goes out of scope. */
#define KM_AUTO(fn) __attribute__((cleanup(fn)))
/* km_steal(&p): hands the pointer over and leaves NULL behind. */
#define km_steal(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(*(p)) km_steal_value_ = *(p);                                                   \
        *(p) = NULL;                                                                               \
        km_steal_value_;                                                                           \
    })

/* km_fd_closep: for KM_AUTO on an int descriptor; -1 is left alone, errno kept. */
void km_fd_closep(int *fd);
/* km_fd_steal: hands the descriptor over and leaves -1 behind. */
int km_fd_steal(int *fd);

#endif
