/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One more than we take, so that too many can be told from enough; and a peer's credentials. */
#define RECV_FDS_MAX (KM_SOCK_FDS_MAX + 1)
#define CONTROL_LEN (CMSG_SPACE(RECV_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)))

const char *km_sock_service_path(void)
{
    const char *path = secure_getenv(KM_SOCKET_ENV);
    return path == NULL || path[0] == '\0' ? KM_SOCKET_DEFAULT : path;
}

km_status km_sock_pair(struct km_err *err, int ret_fds[2])
{
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return KM_FAIL_ERRNO(err, "can't make a pair of sockets");
    ret_fds[0] = fds[0];
    ret_fds[1] = fds[1];
    return KM_OK;
}

static km_status connect_as(struct km_err *err, const char *path, int type, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0)
        return KM_FAIL(err, KM_E_ARG, "the path of the socket is empty");
    if (len >= sizeof(address.sun_path))
        return KM_FAIL(err, KM_E_LIMIT, "socket path of %zu octets, at most %zu", len,
                       sizeof(address.sun_path) - 1);
    km_copy(address.sun_path, sizeof(address.sun_path), path, len);

    KM_AUTO(km_fd_closep) int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't make a socket");
    int rc = 0;
    do {
        rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    } while (rc != 0 && errno == EINTR);
    if (rc != 0)
        return KM_FAIL_ERRNO(err, "can't connect to socket %s", path);
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

km_status km_sock_connect(struct km_err *err, const char *path, int *ret_fd)
{
    return connect_as(err, path, SOCK_SEQPACKET, ret_fd);
}

km_status km_sock_connect_stream(struct km_err *err, const char *path, int *ret_fd)
{
    return connect_as(err, path, SOCK_STREAM | SOCK_NONBLOCK, ret_fd);
}

km_status km_sock_send(struct km_err *err, int sock, struct km_slice msg, const int *fds,
                       size_t n_fds)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(KM_SOCK_FDS_MAX * sizeof(int))] = {0};
    if (msg.len == 0)
        return KM_FAIL(err, KM_E_ARG, "an empty message would read as the end");
    if (n_fds > KM_SOCK_FDS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "message with %zu descriptors, at most %d", n_fds,
                       KM_SOCK_FDS_MAX);

    struct iovec iov = {.iov_base = (void *)(uintptr_t)msg.ptr, .iov_len = msg.len};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n_fds > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        km_copy(CMSG_DATA(part), n_fds * sizeof(int), fds, n_fds * sizeof(int));
    }
    ssize_t n = 0;
    do {
        n = sendmsg(sock, &header, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return KM_FAIL_ERRNO(err, "can't send a message of %zu octets", msg.len);
    return KM_OK;
}

/* The descriptors that came with a message; all of them are ours to close until handed over. */
struct received {
    int fds[CONTROL_LEN / sizeof(int)];
    size_t n;
};

static void received_clear(struct received *received)
{
    for (size_t i = 0; i < received->n; i++)
        km_fd_closep(&received->fds[i]);
    received->n = 0;
}

static void received_collect(struct received *received, struct msghdr *header)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
         part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t len = part->cmsg_len - CMSG_LEN(0);
        size_t at = received->n * sizeof(int);
        km_copy((uint8_t *)received->fds + at, sizeof(received->fds) - at, CMSG_DATA(part), len);
        received->n += len / sizeof(int);
    }
}

km_status km_sock_recv(struct km_err *err, int sock, struct km_span buf, size_t *ret_len,
                       int *ret_fds, size_t max_fds, size_t *ret_n_fds)
{
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_LEN] = {0};
    if (buf.len == 0 || max_fds > KM_SOCK_FDS_MAX)
        return KM_FAIL(err, KM_E_ARG, "room for %zu octets and %zu descriptors", buf.len, max_fds);

    struct iovec iov = {.iov_base = buf.ptr, .iov_len = buf.len};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n = 0;
    do {
        header.msg_control = control;
        header.msg_controllen = sizeof(control);
        n = recvmsg(sock, &header, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return KM_FAIL_ERRNO(err, "can't receive a message");

    KM_AUTO(received_clear) struct received received = {0};
    received_collect(&received, &header);
    if (n == 0)
        return KM_FAIL(err, KM_E_DEAD, "the peer closed the connection");
    if ((header.msg_flags & MSG_TRUNC) != 0)
        return KM_FAIL(err, KM_E_LIMIT, "a message longer than %zu octets", buf.len);
    /* Cut before the room was full: our own table of descriptors was. */
    if ((header.msg_flags & MSG_CTRUNC) != 0 && received.n < RECV_FDS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "no room for the descriptors of a message");
    if ((header.msg_flags & MSG_CTRUNC) != 0 || received.n > max_fds)
        return KM_FAIL(err, KM_E_MALFORMED, "a message with more than %zu descriptors", max_fds);

    km_copy(ret_fds, max_fds * sizeof(int), received.fds, received.n * sizeof(int));
    if (ret_n_fds != NULL)
        *ret_n_fds = received.n;
    *ret_len = (size_t)n;
    received.n = 0;
    return KM_OK;
}
