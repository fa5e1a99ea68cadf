/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/who.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

/* ---- a TCP peer's user ---- */

bool who_is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    if (address->ss_family == AF_INET)
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    return address->ss_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ||
            (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) && six->sin6_addr.s6_addr[12] == 127));
}

/* Port and address as the kernel wants them; a mapped address is one of version 4. */
static void put_end(const struct sockaddr_storage *address, __be16 *port, __be32 words[4],
                    uint8_t *family)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    *family = (uint8_t)address->ss_family;
    if (address->ss_family == AF_INET) {
        *port = four->sin_port;
        words[0] = four->sin_addr.s_addr;
        return;
    }
    *port = six->sin6_port;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        *family = AF_INET;
        km_copy(words, 16, six->sin6_addr.s6_addr + 12, 4);
    } else {
        km_copy(words, 16, six->sin6_addr.s6_addr, 16);
    }
}

bool who_diag_parse(struct km_slice answer, uid_t *ret_uid)
{
    struct km_rd rd = km_rd_init(answer);
    struct nlmsghdr header = {0};
    struct inet_diag_msg msg = {0};
    if (!km_rd_copy(&rd, &header, sizeof(header)) || header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        !km_rd_copy(&rd, &msg, sizeof(msg)))
        return false;
    /* What is left of a socket that was closed belongs to nobody, and the kernel calls nobody 0. */
    if (msg.idiag_inode == 0 ||
        (msg.idiag_state != TCP_ESTABLISHED && msg.idiag_state != TCP_FIN_WAIT1 &&
         msg.idiag_state != TCP_FIN_WAIT2 && msg.idiag_state != TCP_CLOSE_WAIT))
        return false;
    *ret_uid = msg.idiag_uid;
    return true;
}

static bool ask_kernel(const struct sockaddr_storage *peer, const struct sockaddr_storage *own,
                       uid_t *ret_uid)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = ~0u,
                 .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    uint8_t answer[1024] = {0};
    uint8_t family = 0;
    put_end(own, &request.body.id.idiag_dport, request.body.id.idiag_dst, &family);
    put_end(peer, &request.body.id.idiag_sport, request.body.id.idiag_src, &family);
    request.body.sdiag_family = family;
    KM_AUTO(km_fd_closep)
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0 || send(fd, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
        return false;
    ssize_t n = recv(fd, answer, sizeof(answer), 0);
    return n > 0 && who_diag_parse(KM_SLICE(answer, (size_t)n), ret_uid);
}

static void ask_tcp(struct who *who)
{
    char host[INET6_ADDRSTRLEN] = {0};
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&who->from;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&who->from;
    bool is_four = who->from.ss_family == AF_INET;
    (void)inet_ntop(who->from.ss_family,
                    is_four ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr, host,
                    sizeof(host));
    unsigned port = ntohs(is_four ? four->sin_port : six->sin6_port);
    who->is_local = who_is_loopback(&who->from) && ask_kernel(&who->from, &who->to, &who->uid);
    int n = snprintf(who->text, sizeof(who->text), "%s port %u", host, port);
    if (who->is_local)
        (void)snprintf(who->text + n, sizeof(who->text) - (size_t)n, " (uid %u)", who->uid);
}

/* ---- a Unix socket's peer ---- */

static km_status ask_unix(struct km_err *err, int fd, struct who *who)
{
    struct ucred cred = {0};
    socklen_t len = sizeof(cred);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
        return KM_FAIL_ERRNO(err, "can't tell who connected");
    who->is_local = true;
    who->uid = cred.uid;
    who->groups[0] = cred.gid;
    /* Whoever is in more groups than there is room for is known by the first alone. */
    len = sizeof(who->groups) - sizeof(who->groups[0]);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &who->groups[1], &len) != 0)
        len = 0;
    who->n_groups = 1 + len / sizeof(who->groups[0]);
    (void)snprintf(who->text, sizeof(who->text), "uid %u pid %d", cred.uid, (int)cred.pid);
    return KM_OK;
}

km_status who_ask(struct km_err *err, int fd, struct who *ret)
{
    struct who who = {0};
    socklen_t from_len = sizeof(who.from), to_len = sizeof(who.to);
    if (getpeername(fd, (struct sockaddr *)&who.from, &from_len) != 0 ||
        getsockname(fd, (struct sockaddr *)&who.to, &to_len) != 0)
        return KM_FAIL_ERRNO(err, "can't tell who connected");
    if (who.to.ss_family == AF_UNIX)
        KM_TRY(ask_unix(err, fd, &who));
    else
        ask_tcp(&who);
    *ret = who;
    return KM_OK;
}

static bool in_groups(const struct who *who, gid_t gid)
{
    for (size_t i = 0; i < who->n_groups; i++) {
        if (who->groups[i] == gid)
            return true;
    }
    return false;
}

bool who_may(const struct tunnel_options *opt, const struct who *who)
{
    if (opt->is_server || opt->any_address)
        return true;
    if (!who->is_local)
        return false;
    if (who->uid == 0 || who->uid == geteuid())
        return true;
    for (size_t i = 0; i < opt->n_allow_uids; i++) {
        if (opt->allow_uids[i] == who->uid)
            return true;
    }
    for (size_t i = 0; i < opt->n_allow_gids; i++) {
        if (in_groups(who, opt->allow_gids[i]))
            return true;
    }
    return false;
}
