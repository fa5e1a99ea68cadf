/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/km_file.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define LOGIN_PUBLIC 0u
#define LOGIN_USER 1u
#define LOGIN_GROUP 2u
#define LOGIN_APPLICATION 4u
#define LOGIN_APPLICATION_USER 5u
#define LOGIN_APPLICATION_GROUP 6u

/* What the Linux TEE subsystem derives client UUIDs under. */
static const uint8_t name_space[16] = {0x58, 0xac, 0x9c, 0xa0, 0x20, 0x86, 0x46, 0x83,
                                       0xa1, 0xb8, 0xec, 0x4b, 0xc0, 0x8e, 0x01, 0xb6};

static void read_groups(struct km_peer *peer, int sock)
{
    socklen_t len = sizeof(peer->groups);
    if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len) == 0)
        peer->n_groups = len / sizeof(gid_t);
}

static void process_ended(struct km_watch *watch, uint32_t events)
{
    struct km_peer *peer = (struct km_peer *)watch;
    (void)events;
    peer->gone = true;
    km_loop_remove(peer->loop, watch);
}

/* A newer kernel hands over the very process that connected; an older one only its number, which
 * then has to be the same process still. */
static void watch_process(struct km_peer *peer, int sock)
{
    int fd = -1;
    socklen_t len = sizeof(fd);
    if (getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) != 0)
        fd = (int)syscall(SYS_pidfd_open, peer->pid, 0);
    if (fd < 0) {
        peer->gone = errno == ESRCH;
        return;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (km_loop_add(NULL, peer->loop, &peer->gone_watch, fd, process_ended) != KM_OK)
        close(fd);
}

/* A process that can't be watched may be another one by now: then nothing is known of it. */
static bool process_alive(const struct km_peer *peer)
{
    struct pollfd poller = {.fd = peer->gone_watch.fd, .events = POLLIN};
    return !peer->gone && poller.fd >= 0 && poll(&poller, 1, 0) == 0;
}

static void open_exe(struct km_peer *peer)
{
    char link[48] = {0};
    (void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)peer->pid);
    ssize_t n = readlink(link, peer->exe, sizeof(peer->exe) - 1);
    peer->exe[n > 0 ? n : 0] = '\0';
    peer->exe_fd = open(link, O_PATH | O_CLOEXEC);
    /* The number was this process's all along only if the process is still there. */
    if (!process_alive(peer)) {
        km_fd_closep(&peer->exe_fd);
        peer->exe[0] = '\0';
    }
}

km_status km_peer_new(struct km_err *err, struct km_loop *loop, int sock, struct km_peer **ret_peer)
{
    struct ucred cred = {0};
    socklen_t len = sizeof(cred);
    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
        return KM_FAIL_ERRNO(err, "can't tell who connected");
    struct km_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a client");
    *peer = (struct km_peer){.gone_watch = {.fd = -1},
                             .loop = loop,
                             .refs = 1,
                             .uid = cred.uid,
                             .gid = cred.gid,
                             .pid = cred.pid,
                             .is_admin = cred.uid == 0 || cred.uid == geteuid(),
                             .exe_fd = -1};
    read_groups(peer, sock);
    watch_process(peer, sock);
    open_exe(peer);
    *ret_peer = peer;
    return KM_OK;
}

struct km_peer *km_peer_ref(struct km_peer *peer)
{
    peer->refs++;
    return peer;
}

void km_peer_unref(struct km_peer *peer)
{
    if (peer == NULL || --peer->refs > 0)
        return;
    km_fd_closep(&peer->exe_fd);
    km_loop_remove(peer->loop, &peer->gone_watch);
    free(peer);
}

static bool same_exe(const struct km_peer *a, const struct km_peer *b)
{
    struct stat x = {0}, y = {0};
    return a->exe_fd >= 0 && b->exe_fd >= 0 && fstat(a->exe_fd, &x) == 0 &&
           fstat(b->exe_fd, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool same_groups(const struct km_peer *a, const struct km_peer *b)
{
    if (a->n_groups != b->n_groups)
        return false;
    for (size_t i = 0; i < a->n_groups; i++) {
        if (a->groups[i] != b->groups[i])
            return false;
    }
    return true;
}

/* As long as the first lives nobody else can have its number. */
bool km_peer_same(const struct km_peer *a, const struct km_peer *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid && a->is_admin == b->is_admin &&
           same_groups(a, b) && same_exe(a, b) && process_alive(a) && process_alive(b);
}

bool km_peer_in_group(const struct km_peer *peer, gid_t gid)
{
    if (peer->gid == gid)
        return true;
    for (size_t i = 0; i < peer->n_groups; i++) {
        if (peer->groups[i] == gid)
            return true;
    }
    return false;
}

static bool ends_with(struct km_slice text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len &&
           km_slice_equal(KM_SLICE(text.ptr + text.len - len, len), KM_SLICE(end, len));
}

/* /system.slice[/more.slice]/NAME.service[/...] */
static bool unit_of_path(struct km_slice path, char *ret, size_t cap)
{
    static const char top[] = "/system.slice/";
    if (path.len < sizeof(top) - 1 ||
        !km_slice_equal(KM_SLICE(path.ptr, sizeof(top) - 1), KM_SLICE_STR(top)))
        return false;
    size_t at = sizeof(top) - 1;
    while (at < path.len) {
        const uint8_t *slash = memchr(path.ptr + at, '/', path.len - at);
        size_t len = slash == NULL ? path.len - at : (size_t)(slash - path.ptr) - at;
        struct km_slice part = KM_SLICE(path.ptr + at, len);
        if (!ends_with(part, ".slice")) {
            if (part.len == 0 || part.len >= cap || !km_utf8_valid(part))
                return false;
            km_copy(ret, cap, part.ptr, part.len);
            ret[part.len] = '\0';
            return true;
        }
        at += len + 1;
    }
    return false;
}

bool km_peer_unit_parse(struct km_slice text, char *ret, size_t cap)
{
    static const char *const starts[] = {"0::", "1:name=systemd:"};
    size_t at = 0;
    while (at < text.len) {
        const uint8_t *newline = memchr(text.ptr + at, '\n', text.len - at);
        size_t len = newline == NULL ? text.len - at : (size_t)(newline - text.ptr) - at;
        for (size_t i = 0; i < KM_ARRAY_LEN(starts); i++) {
            size_t start = strlen(starts[i]);
            if (len > start &&
                km_slice_equal(KM_SLICE(text.ptr + at, start), KM_SLICE_STR(starts[i])) &&
                unit_of_path(KM_SLICE(text.ptr + at + start, len - start), ret, cap))
                return true;
        }
        at += len + 1;
    }
    return false;
}

km_status km_peer_unit(const struct km_peer *peer, char *ret, size_t cap)
{
    char path[48] = {0};
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)peer->pid);
    KM_TRY(km_file_read(NULL, AT_FDCWD, path, 8192, &text, &len));
    if (!process_alive(peer) || !km_peer_unit_parse(KM_SLICE(text, len), ret, cap))
        return KM_E_NOTFOUND;
    return KM_OK;
}

km_status km_uuid_v5(struct km_err *err, const struct km_trust *trust, const char *name,
                     struct km_uuid *ret_uuid)
{
    uint8_t buf[192] = {0}, digest[20] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice input = {0};
    km_wr_bytes(&wr, KM_SLICE(name_space, sizeof(name_space)));
    km_wr_bytes(&wr, KM_SLICE_STR(name));
    if (!km_wr_finish(&wr, &input))
        return KM_FAIL(err, KM_E_LIMIT, "name of %zu octets for a UUID", strlen(name));
    KM_TRY(km_trust_digest(err, trust, "SHA1", input, digest, sizeof(digest)));
    km_copy(ret_uuid->octet, sizeof(ret_uuid->octet), digest, sizeof(ret_uuid->octet));
    ret_uuid->octet[6] = (uint8_t)((ret_uuid->octet[6] & 0x0f) | 0x50);
    ret_uuid->octet[8] = (uint8_t)((ret_uuid->octet[8] & 0x3f) | 0x80);
    return KM_OK;
}

km_status km_peer_login(struct km_err *err, const struct km_peer *peer,
                        const struct km_trust *trust, uint32_t login, uint32_t data,
                        struct km_uuid *ret_uuid)
{
    char name[128] = {0};
    bool app = login == LOGIN_APPLICATION || login == LOGIN_APPLICATION_USER ||
               login == LOGIN_APPLICATION_GROUP;
    bool group = login == LOGIN_GROUP || login == LOGIN_APPLICATION_GROUP;
    bool user = login == LOGIN_USER || login == LOGIN_APPLICATION_USER;
    if (login == LOGIN_PUBLIC) {
        *ret_uuid = (struct km_uuid){{0}};
        return KM_OK;
    }
    if (!app && !group && !user)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "login method 0x%08x is not known", login);
    if (group && !km_peer_in_group(peer, data))
        return KM_FAIL(err, KM_E_DENIED, "uid %u is not in group %u", peer->uid, data);
    if (app && peer->exe_unknown)
        return KM_FAIL(err, KM_E_DENIED, "the executable of process %d can't be told", peer->pid);
    if (app && peer->exe_sha256[0] == '\0')
        return KM_E_STATE;
    int n = 0;
    if (user)
        n = snprintf(name, sizeof(name), "uid=%x", (unsigned)peer->uid);
    else if (group)
        n = snprintf(name, sizeof(name), "gid=%x", (unsigned)data);
    if (app)
        (void)snprintf(name + n, sizeof(name) - (size_t)n, "%sexe=%s", n > 0 ? ":" : "",
                       peer->exe_sha256);
    return km_uuid_v5(err, trust, name, ret_uuid);
}
