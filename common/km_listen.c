/* SPDX-License-Identifier: Apache-2.0 */
/* Both protocols of systemd are a few lines each; its library would bring far more into this process. */
#include "common/km_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/km_bytes.h"

#define PASSED_FD 3
#define NEW ".new"

static bool option_is(int fd, int option, int wanted)
{
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == wanted;
}

static km_status take_passed(struct km_err *err, const struct km_listen_wish *wish,
                             struct km_listen *ret, bool *ret_taken)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    char own[16] = {0};
    (void)snprintf(own, sizeof(own), "%d", (int)getpid());
    if (pid == NULL || count == NULL || strcmp(pid, own) != 0)
        return KM_OK;
    bool is_one = strcmp(count, "1") == 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (!is_one || (wish->path != NULL && !option_is(PASSED_FD, SO_DOMAIN, AF_UNIX)) ||
        !option_is(PASSED_FD, SO_TYPE, wish->type) || !option_is(PASSED_FD, SO_ACCEPTCONN, 1))
        return KM_FAIL(err, KM_E_ARG, "systemd has to pass one listening socket: %s",
                       wish->type == SOCK_STREAM ? "ListenStream=" : "ListenSequentialPacket=");
    /* Out of the way of the descriptor that children get as their line. */
    int fd = fcntl(PASSED_FD, F_DUPFD_CLOEXEC, PASSED_FD + 1);
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return KM_FAIL_ERRNO(err, "can't take over the socket from systemd");
    close(PASSED_FD);
    *ret = (struct km_listen){.fd = fd};
    *ret_taken = true;
    return KM_OK;
}

/* Connections inherit it before anything can be sent to them, so no message lacks its sender. */
static km_status ask_for_senders(struct km_err *err, int fd)
{
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
        return KM_FAIL_ERRNO(err, "can't ask who sends on the socket");
    return KM_OK;
}

static bool is_alive(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    KM_AUTO(km_fd_closep) int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    /* One with a full queue is alive, too. */
    return fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
                       errno == EAGAIN);
}

static km_status clear_place(struct km_err *err, const char *path, int type)
{
    struct stat st = {0};
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? KM_OK : KM_FAIL_ERRNO(err, "can't look at the socket %s", path);
    if (!S_ISSOCK(st.st_mode))
        return KM_FAIL(err, KM_E_EXISTS, "%s is there and is not a socket", path);
    if (st.st_uid != geteuid())
        return KM_FAIL(err, KM_E_DENIED, "the socket %s belongs to uid %u", path, st.st_uid);
    if (is_alive(path, type))
        return KM_FAIL(err, KM_E_BUSY, "a service is already listening on %s", path);
    if (unlink(path) != 0)
        return KM_FAIL_ERRNO(err, "can't remove the stale socket %s", path);
    return KM_OK;
}

/* The last directory of the path, e.g. /run/keymoor, which is gone after each boot. */
static void make_parent(const char *path)
{
    char parent[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = {0};
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof(parent))
        return;
    km_copy(parent, sizeof(parent) - 1, path, (size_t)(slash - path));
    (void)mkdir(parent, 0755); /* binding tells what is wrong */
}

/*
 * Never through a link: who owns the directory could put one to somebody else's file in the socket's place. libc's fchmodat goes by
 * /proc/self for that, where a thread with open files of its own finds those of the first thread.
 */
static bool set_mode(const char *path, mode_t mode)
{
    char name[64] = "";
    struct stat st = {0};
    KM_AUTO(km_fd_closep) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    if (!S_ISSOCK(st.st_mode)) {
        errno = ENOTSOCK;
        return false;
    }
    (void)snprintf(name, sizeof(name), "/proc/thread-self/fd/%d", fd);
    return chmod(name, mode) == 0;
}

static km_status open_to_clients(struct km_err *err, int fd, const char *path,
                                 const struct km_listen_wish *wish)
{
    if ((wish->gid != (gid_t)-1 && lchown(path, (uid_t)-1, wish->gid) != 0) ||
        !set_mode(path, wish->mode) || listen(fd, wish->backlog) != 0)
        return KM_FAIL_ERRNO(err, "can't open the socket %s to clients", path);
    return KM_OK;
}

/* Under another name until it listens: who sees the socket's own name can connect. */
static km_status bind_and_show(struct km_err *err, int fd, const struct km_listen_wish *wish)
{
    const char *path = wish->path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", path, NEW);
    if (path[0] == '\0' || len < 0 || (size_t)len >= sizeof(address.sun_path))
        return KM_FAIL(err, KM_E_LIMIT, "socket path of %zu octets, at most %zu", strlen(path),
                       sizeof(address.sun_path) - sizeof(NEW));
    make_parent(path);
    KM_TRY(clear_place(err, path, wish->type));
    KM_TRY(clear_place(err, address.sun_path, wish->type));
    mode_t old = umask(0777);
    int rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (rc != 0)
        return KM_FAIL_ERRNO(err, "can't make the socket %s", path);
    km_status status = open_to_clients(err, fd, address.sun_path, wish);
    if (status == KM_OK && rename(address.sun_path, path) != 0)
        status = KM_FAIL_ERRNO(err, "can't make the socket %s", path);
    if (status != KM_OK)
        (void)unlink(address.sun_path);
    return status;
}

km_status km_listen_open(struct km_err *err, const struct km_listen_wish *wish,
                         struct km_listen *ret)
{
    struct stat st = {0};
    bool taken = false;
    KM_TRY(take_passed(err, wish, ret, &taken));
    if (taken)
        return wish->names_senders ? ask_for_senders(err, ret->fd) : KM_OK;
    if (wish->path == NULL)
        return KM_FAIL(err, KM_E_ARG, "systemd passed no socket");
    KM_AUTO(km_fd_closep) int fd = socket(AF_UNIX, wish->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't make the socket");
    if (wish->names_senders)
        KM_TRY(ask_for_senders(err, fd));
    KM_TRY(bind_and_show(err, fd, wish));
    if (lstat(wish->path, &st) != 0)
        return KM_FAIL_ERRNO(err, "can't look at the socket %s", wish->path);
    *ret = (struct km_listen){.path = wish->path, .dev = st.st_dev, .ino = st.st_ino};
    ret->fd = km_fd_steal(&fd);
    return KM_OK;
}

void km_listen_close(struct km_listen *listener)
{
    struct stat st = {0};
    if (listener->path != NULL && lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
        st.st_ino == listener->ino)
        (void)unlink(listener->path);
    listener->path = NULL;
    km_fd_closep(&listener->fd);
}

void km_notify(const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path == NULL ? 0 : strlen(path);
    if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    km_copy(address.sun_path, sizeof(address.sun_path), path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    KM_AUTO(km_fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
}
