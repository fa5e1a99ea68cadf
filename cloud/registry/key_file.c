/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry.h"
#include "common/km_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static km_status make(struct km_err *err, const char *path)
{
    KM_AUTO(km_secret_freep) struct km_secret *key = km_secret_new(KM_REGISTRY_KEY_LEN);
    if (key == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a key of %d octets", KM_REGISTRY_KEY_LEN);
    struct km_span room = km_secret_fill(key);
    if (getentropy(room.ptr, room.len) != 0)
        return KM_FAIL_ERRNO(err, "the system gives no random octets");
    /* Two that start at once would make two keys: the first one's stands. It comes whole, whoever is killed meanwhile. */
    char temporary[PATH_MAX] = "";
    int len = snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof(temporary))
        return KM_FAIL(err, KM_E_LIMIT, "the path of the key file is too long");
    KM_TRY(km_file_write(err, AT_FDCWD, temporary, KM_SLICE(room.ptr, room.len), 0600));
    km_status status = KM_OK;
    if (link(temporary, path) != 0 && errno != EEXIST)
        status = KM_FAIL_ERRNO(err, "key file %s can't be made", path);
    (void)unlink(temporary);
    return status;
}

static km_status check_owner(struct km_err *err, int fd, const char *path)
{
    struct stat st = {0};
    if (fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "key file %s", path);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077u) != 0)
        return KM_FAIL(err, KM_E_DENIED, "key file %s must be its owner's alone (mode 0600)", path);
    if (st.st_size != KM_REGISTRY_KEY_LEN)
        return KM_FAIL(err, KM_E_MALFORMED, "key file %s has not %d octets", path,
                       KM_REGISTRY_KEY_LEN);
    return KM_OK;
}

km_status km_registry_key_load(struct km_err *err, const char *path, bool may_create,
                               struct km_secret **ret)
{
    if (may_create && access(path, F_OK) != 0)
        KM_TRY(make(err, path));
    KM_AUTO(km_fd_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "key file %s", path);
    KM_TRY(check_owner(err, fd, path));
    KM_AUTO(km_secret_freep) struct km_secret *key = km_secret_new(KM_REGISTRY_KEY_LEN);
    if (key == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a key of %d octets", KM_REGISTRY_KEY_LEN);
    struct km_span room = km_secret_fill(key);
    if (read(fd, room.ptr, room.len) != (ssize_t)room.len)
        return KM_FAIL(err, KM_E_MALFORMED, "key file %s has not %d octets", path,
                       KM_REGISTRY_KEY_LEN);
    *ret = km_steal(&key);
    return KM_OK;
}
