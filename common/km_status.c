/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

km_status km_err_set(struct km_err *err, km_status status, enum km_layer layer, int64_t native,
                     const char *file, int line, const char *fmt, ...)
{
    /* A failure can't be "ok": a caller that passes it on would go on as if nothing had happened. */
    if (status == KM_OK)
        status = KM_E_INTERNAL;
    if (err == NULL || err->status != KM_OK)
        return status;

    int saved_errno = errno;
    err->status = status;
    err->layer = layer;
    err->native = native;
    err->file = file;
    err->line = line;
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(err->text, sizeof(err->text), fmt, args) < 0)
        err->text[0] = '\0';
    va_end(args);
    errno = saved_errno;
    return status;
}

void km_err_clear(struct km_err *err)
{
    if (err != NULL)
        *err = (struct km_err){0};
}

const char *km_status_name(km_status status)
{
    switch (status) {
    case KM_OK:
        return "ok";
    case KM_E_ARG:
        return "argument";
    case KM_E_MALFORMED:
        return "malformed";
    case KM_E_LIMIT:
        return "limit";
    case KM_E_NOMEM:
        return "no-memory";
    case KM_E_NOSPACE:
        return "no-space";
    case KM_E_NOTFOUND:
        return "not-found";
    case KM_E_EXISTS:
        return "exists";
    case KM_E_DENIED:
        return "denied";
    case KM_E_AUTH:
        return "not-authentic";
    case KM_E_BUSY:
        return "busy";
    case KM_E_TIMEOUT:
        return "timeout";
    case KM_E_CANCELLED:
        return "cancelled";
    case KM_E_STATE:
        return "wrong-state";
    case KM_E_STALE:
        return "stale";
    case KM_E_CORRUPT:
        return "corrupt";
    case KM_E_UNSUPPORTED:
        return "unsupported";
    case KM_E_DEAD:
        return "peer-gone";
    case KM_E_IO:
        return "io";
    case KM_E_INTERNAL:
        return "internal";
    }
    return "unknown";
}

km_status km_status_from_errno(int native)
{
    static const struct {
        int native;
        km_status status;
    } map[] = {
        {ENOMEM, KM_E_NOMEM},
        {ENOBUFS, KM_E_NOMEM},
        {ENOSPC, KM_E_NOSPACE},
        {EDQUOT, KM_E_NOSPACE},
        {EFBIG, KM_E_LIMIT},
        {E2BIG, KM_E_LIMIT},
        {EMFILE, KM_E_LIMIT},
        {ENFILE, KM_E_LIMIT},
        {EMSGSIZE, KM_E_LIMIT},
        {ENAMETOOLONG, KM_E_LIMIT},
        {ETOOMANYREFS, KM_E_LIMIT},
        {ENOENT, KM_E_NOTFOUND},
        {ENOTDIR, KM_E_NOTFOUND},
        {ENODEV, KM_E_NOTFOUND},
        {ENXIO, KM_E_NOTFOUND},
        {EEXIST, KM_E_EXISTS},
        {ENOTEMPTY, KM_E_EXISTS},
        {EACCES, KM_E_DENIED},
        {EPERM, KM_E_DENIED},
        {EROFS, KM_E_DENIED},
        {EAGAIN, KM_E_BUSY},
        {EBUSY, KM_E_BUSY},
        {ETXTBSY, KM_E_BUSY},
        {EADDRINUSE, KM_E_BUSY},
        {ETIMEDOUT, KM_E_TIMEOUT},
        {ECANCELED, KM_E_CANCELLED},
        {EPIPE, KM_E_DEAD},
        {ECONNRESET, KM_E_DEAD},
        {ECONNREFUSED, KM_E_DEAD},
        {ECONNABORTED, KM_E_DEAD},
        {ENOTCONN, KM_E_DEAD},
        {ESRCH, KM_E_DEAD},
        {ENOSYS, KM_E_UNSUPPORTED},
        {EOPNOTSUPP, KM_E_UNSUPPORTED},
        {EAFNOSUPPORT, KM_E_UNSUPPORTED},
        {EPROTONOSUPPORT, KM_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(map); i++) {
        if (map[i].native == native)
            return map[i].status;
    }
    return KM_E_IO;
}

void km_fd_closep(int *fd)
{
    if (*fd < 0)
        return;
    int saved_errno = errno;
    /* Linux frees the number even when close is interrupted: a second try could hit another's. */
    (void)close(*fd);
    *fd = -1;
    errno = saved_errno;
}

int km_fd_steal(int *fd)
{
    int value = *fd;
    *fd = -1;
    return value;
}
