/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/km_log.h"
#include "tools/tunnel/who.h"

#define BACKLOG 1024 /* a client that does not block would be turned away at once */

static km_status bind_and_listen(struct km_err *err, int fd, const struct addrinfo *at)
{
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        (at->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
        bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        return KM_FAIL_ERRNO(err, "can't listen there");
    return KM_OK;
}

static km_status listen_tcp(struct km_err *err, const struct tunnel_options *opt,
                            const struct addrinfo *at, int *ret_fd)
{
    struct sockaddr_storage address = {0};
    km_copy(&address, sizeof(address), at->ai_addr, at->ai_addrlen);
    if (!opt->any_address && !who_is_loopback(&address))
        return KM_FAIL(err, KM_E_DENIED, "%.100s is no loopback address (--any-address)",
                       opt->listen.host);
    KM_AUTO(km_fd_closep)
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't make a socket");
    KM_TRY(bind_and_listen(err, fd, at));
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

static km_status open_tcp(struct km_err *err, const struct tunnel_options *opt, int *ret_fd)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const char *host = opt->listen.host[0] != '\0' ? opt->listen.host : "127.0.0.1";
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, opt->listen.port, &hints, &found);
    if (rc != 0)
        return KM_FAIL(err, KM_E_NOTFOUND, "%.100s port %s: %s", host, opt->listen.port,
                       gai_strerror(rc));
    km_status status = listen_tcp(err, opt, found, ret_fd);
    freeaddrinfo(found);
    return status;
}

static void tell_port(int fd)
{
    struct sockaddr_storage address = {0};
    char host[64] = {0}, port[16] = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
        getnameinfo((const struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        km_log(KM_LOG_INFO, "listening on %s port %s", host, port);
}

/* From systemd, too, only what its place allows is taken. */
static km_status check_passed(struct km_err *err, const struct tunnel_options *opt, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return KM_FAIL_ERRNO(err, "can't tell where systemd listens");
    if (address.ss_family != AF_UNIX && !opt->any_address && !who_is_loopback(&address))
        return KM_FAIL(err, KM_E_DENIED, "systemd listens on no loopback address (--any-address)");
    if (address.ss_family != AF_UNIX && opt->n_allow_gids > 0)
        return KM_FAIL(err, KM_E_ARG,
                       "--allow-gid needs a Unix socket: a TCP port tells users only");
    return KM_OK;
}

km_status tunnel_listen(struct km_err *err, const struct tunnel_options *opt, struct km_listen *ret)
{
    const struct km_listen_wish wish = {.path = opt->listen.kind == PLACE_UNIX ? opt->listen.path
                                                                               : NULL,
                                        .type = SOCK_STREAM,
                                        .mode = opt->socket_mode,
                                        .gid = opt->socket_gid,
                                        .backlog = BACKLOG};
    if (opt->listen.kind == PLACE_TCP) {
        *ret = (struct km_listen){.fd = -1};
        KM_TRY(open_tcp(err, opt, &ret->fd));
        tell_port(ret->fd);
        return KM_OK;
    }
    KM_TRY(km_listen_open(err, &wish, ret));
    if (opt->listen.kind == PLACE_SYSTEMD)
        KM_TRY(check_passed(err, opt, ret->fd));
    km_log(KM_LOG_INFO, "listening on %s",
           ret->path != NULL ? ret->path : "the socket from systemd");
    return KM_OK;
}
