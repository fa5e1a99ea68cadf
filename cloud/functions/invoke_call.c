/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's side of a request for a run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cloud/functions/invoke.h"
#include "common/km_file.h"

static km_status connect_to(struct km_err *err, const char *path, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path)
        return KM_FAIL(err, KM_E_LIMIT, "socket path of %zu octets", len);
    km_copy(address.sun_path, sizeof address.sun_path, path, len);
    KM_AUTO(km_fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't make a socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return KM_FAIL_NATIVE(err, KM_E_DEAD, KM_LAYER_ERRNO, errno,
                              "nobody who runs functions listens at %.100s", path);
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

static km_status send_all(struct km_err *err, int fd, struct km_slice bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = send(fd, bytes.ptr + at, bytes.len - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return KM_FAIL_NATIVE(err, KM_E_DEAD, KM_LAYER_ERRNO, errno,
                                  "who runs functions went away");
        at += n > 0 ? (size_t)n : 0;
    }
    return KM_OK;
}

static km_status recv_all(struct km_err *err, int fd, struct km_span bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = recv(fd, bytes.ptr + at, bytes.len - at, 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            return KM_FAIL_NATIVE(err, KM_E_DEAD, KM_LAYER_ERRNO, n == 0 ? 0 : errno,
                                  "who runs functions went away before it answered");
        at += n > 0 ? (size_t)n : 0;
    }
    return KM_OK;
}

static km_status check(struct km_err *err, const struct km_invoke *invoke)
{
    size_t max = invoke->kind == KM_INVOKE_EVENT ? KM_FUNCTION_EVENT_MAX : KM_FUNCTION_PAYLOAD_MAX;
    if (invoke->payload.len > max)
        return KM_FAIL(err, KM_E_LIMIT, "payload of %zu octets, at most %zu", invoke->payload.len,
                       max);
    return KM_OK;
}

km_status km_invoke_begin(struct km_err *err, const char *socket_path,
                          const struct km_invoke *invoke, int *ret_fd)
{
    KM_TRY(check(err, invoke));
    size_t cap = invoke->payload.len + (KM_INVOKE_REQUEST_MAX - KM_FUNCTION_PAYLOAD_MAX);
    KM_AUTO(km_freep) uint8_t *bytes = malloc(cap);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a request of %zu octets", cap);
    struct km_wr wr = km_wr_init(bytes, cap);
    struct km_slice request = {0};
    uint8_t length[4] = {0};
    km_invoke_write(&wr, invoke);
    if (!km_wr_finish(&wr, &request))
        return KM_FAIL(err, KM_E_LIMIT, "the names in a request for a run are too long");
    struct km_wr head = km_wr_init(length, sizeof length);
    km_wr_u32le(&head, (uint32_t)request.len);
    KM_AUTO(km_fd_closep) int fd = -1;
    KM_TRY(connect_to(err, socket_path, &fd));
    KM_TRY(send_all(err, fd, KM_SLICE(length, sizeof length)));
    KM_TRY(send_all(err, fd, request));
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

km_status km_invoke_finish(struct km_err *err, int fd, struct km_invoke_answer *ret)
{
    uint8_t head[4] = {0};
    uint32_t len = 0;
    KM_TRY(recv_all(err, fd, KM_SPAN(head, sizeof head)));
    struct km_rd rd = km_rd_init(KM_SLICE(head, sizeof head));
    if (!km_rd_u32le(&rd, &len) || len > KM_INVOKE_REPLY_MAX)
        return KM_FAIL(err, KM_E_MALFORMED, "answer of %u octets to a request for a run", len);
    KM_AUTO(km_freep) uint8_t *bytes = malloc(len > 0 ? len : 1);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for an answer of %u octets", len);
    KM_TRY(recv_all(err, fd, KM_SPAN(bytes, len)));
    return km_invoke_reply_read(err, KM_SLICE(bytes, len), ret);
}

km_status km_invoke_call(struct km_err *err, const char *socket_path,
                         const struct km_invoke *invoke, struct km_invoke_answer *ret)
{
    KM_AUTO(km_fd_closep) int fd = -1;
    KM_TRY(km_invoke_begin(err, socket_path, invoke, &fd));
    return km_invoke_finish(err, fd, ret);
}
