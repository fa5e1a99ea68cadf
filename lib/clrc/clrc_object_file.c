/* SPDX-License-Identifier: Apache-2.0 */
/* A whole opaque object from file to file: the result shows under its name only once the service says that it is right. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/km_file.h"
#include "lib/clrc/clrc_handle.h"

#define PIECE ((size_t)1 << 20)
#define BLOCK 16u /* what a part may give more than it takes */

static const char FUNCTION[] = "clrcDecryptOpaqueObjectFile";

static void shared_freep(uint8_t **buffer)
{
    clrcSharedFree(*buffer);
    *buffer = NULL;
}

static void object_freep(ClrcOpaqueObjectHandle *object)
{
    clrcFreeOpaqueObject(*object);
    *object = NULL;
}

static ClrcResult file_failed(const char *path)
{
    return clrc_fail(FUNCTION, CLRC_ERROR_FILE, path, strerror(errno));
}

/* As much as there is, up to PIECE; 0 at the end. */
static bool read_piece(int fd, uint8_t *to, size_t *ret_len)
{
    size_t len = 0;
    while (len < PIECE) {
        ssize_t n = read(fd, to + len, PIECE - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return true;
}

static ClrcResult pump(ClrcOpaqueObjectHandle object, int fd, const char *in,
                       struct km_file_new *out)
{
    KM_AUTO(shared_freep) uint8_t *buffer = clrcSharedAlloc(PIECE + BLOCK);
    if (buffer == NULL)
        return clrc_fail(FUNCTION, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    for (;;) {
        size_t len = 0;
        size_t clear = PIECE + BLOCK;
        if (!read_piece(fd, buffer, &len))
            return file_failed(in);
        if (len == 0)
            return clrcFinishOpaqueObject(object);
        ClrcResult result = clrcUpdateOpaqueObject(object, buffer, len, buffer, &clear);
        if (result != CLRC_SUCCESS)
            return result;
        if (km_file_new_write(NULL, out, KM_SLICE(buffer, clear)) != KM_OK)
            return file_failed(out->path);
    }
}

ClrcResult clrcDecryptOpaqueObjectFile(const uint8_t *identifier, uint32_t length,
                                       ClrcKeyHandle hVerifyKey, ClrcKeyHandle hDeviceKey,
                                       const char *in, const char *out)
{
    KM_AUTO(object_freep) ClrcOpaqueObjectHandle object = NULL;
    KM_AUTO(km_file_new_clear) struct km_file_new file = {0};
    if (in == NULL || out == NULL)
        return clrc_bad(FUNCTION, "a pointer is NULL");
    KM_AUTO(km_fd_closep) int fd = open(in, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return file_failed(in);
    /* Both files first: an opening that is counted should not be lost to a mistyped name. */
    if (km_file_new_begin(NULL, AT_FDCWD, out, &file) != KM_OK)
        return file_failed(out);
    ClrcResult result =
        clrcOpenOpaqueObject(identifier, length, hVerifyKey, hDeviceKey, &object, NULL);
    if (result == CLRC_SUCCESS)
        result = pump(object, fd, in, &file);
    if (result != CLRC_SUCCESS)
        return result;
    return km_file_new_commit(NULL, &file, 0600) == KM_OK ? CLRC_SUCCESS : file_failed(out);
}
