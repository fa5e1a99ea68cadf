/* SPDX-License-Identifier: Apache-2.0 */
/* From a name to a connection that has shaken hands. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clrtls/clrtls_internal.h"

static void addresses_freep(struct addrinfo **addresses)
{
    if (*addresses != NULL)
        freeaddrinfo(*addresses);
}

static ClrcResult wait_connected(const char *function, int fd, uint64_t deadline)
{
    /* A connection that is none yet: enough of one to be waited for. */
    ClrtlsConnection waiting = {.fd_out = fd, .is_blocking = true, .cancel_fd = -1};
    ClrcResult result = clrtls_wait(function, &waiting, POLLOUT, deadline);
    if (result != CLRC_SUCCESS)
        return result;
    int failure = 0;
    socklen_t len = sizeof(failure);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        failure = errno;
    errno = failure;
    return failure == 0 ? CLRC_SUCCESS : clrtls_fail_errno(function, "can't connect");
}

static ClrcResult connect_one(const char *function, const struct addrinfo *to, uint64_t deadline,
                              int *ret_fd)
{
    static const int on = 1;
    KM_AUTO(km_fd_closep)
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
    if (fd < 0)
        return clrtls_fail_errno(function, "can't make a socket");
    ClrcResult result = CLRC_SUCCESS;
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0)
        result = errno == EINPROGRESS || errno == EINTR
                     ? wait_connected(function, fd, deadline)
                     : clrtls_fail_errno(function, "can't connect");
    if (result != CLRC_SUCCESS)
        return result == CLRTLS_ERROR_IO && errno == ECONNREFUSED
                   ? clrtls_fail(function, CLRTLS_ERROR_REFUSED, NULL)
                   : result;
    /* Handshake messages and answers are small and waited for. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fcntl(fd, F_SETFL, 0) != 0)
        return clrtls_fail_errno(function, "can't make a socket block");
    *ret_fd = km_fd_steal(&fd);
    return CLRC_SUCCESS;
}

static ClrcResult connect_any(const char *function, const char *host, const char *port,
                              uint64_t deadline, int *ret_fd)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    KM_AUTO(addresses_freep) struct addrinfo *addresses = NULL;
    if (getaddrinfo(host, port, &hints, &addresses) != 0 || addresses == NULL)
        return clrtls_fail(function, CLRTLS_ERROR_UNRESOLVED, NULL);
    ClrcResult result = CLRTLS_ERROR_UNRESOLVED;
    for (const struct addrinfo *to = addresses; to != NULL; to = to->ai_next) {
        result = connect_one(function, to, deadline, ret_fd);
        if (result == CLRC_SUCCESS || result == CLRTLS_ERROR_TIMEOUT)
            return result;
    }
    return result;
}

static ClrcResult start(const char *function, ClrtlsContext *context, const char *host, int fd,
                        uint64_t deadline, ClrtlsConnection **ret_connection)
{
    ClrtlsConnection *c = NULL;
    ClrcResult result = clrtls_connection_make(function, context, fd, fd, host, &c);
    if (result != CLRC_SUCCESS)
        return result;
    result = clrtls_shake_hands(function, c, deadline);
    if (result != CLRC_SUCCESS) {
        clrtlsConnectionFree(c);
        return result;
    }
    c->owns_fd = true;
    *ret_connection = c;
    return CLRC_SUCCESS;
}

ClrcResult clrtlsConnect(ClrtlsContext *context, const char *host, const char *port,
                         uint32_t timeout_ms, ClrtlsConnection **ret_connection)
{
    static const char function[] = "clrtlsConnect";
    ClrcResult result = clrtls_context_check(function, context);
    if (result != CLRC_SUCCESS)
        return result;
    if (host == NULL || port == NULL || ret_connection == NULL)
        return clrtls_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL);
    if (context->settings.role != CLRTLS_CLIENT)
        return clrtls_fail(function, CLRC_ERROR_STATE, "a server does not connect");
    uint64_t deadline = clrtls_deadline(timeout_ms);
    /* What is wrong with the settings is told before anybody is bothered. */
    result = clrtls_context_start(function, context);
    KM_AUTO(km_fd_closep) int fd = -1;
    if (result == CLRC_SUCCESS)
        result = connect_any(function, host, port, deadline, &fd);
    if (result == CLRC_SUCCESS)
        result = start(function, context, host, fd, deadline, ret_connection);
    if (result == CLRC_SUCCESS)
        (void)km_fd_steal(&fd);
    return result;
}
