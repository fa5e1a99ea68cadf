/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clrsc_ta_commands.h"
#include "say.h"

#define OPEN_MS 10000

static int fail_tls(const struct wire *wire)
{
    return say_error("%s port %s: %s", wire->host, wire->port, clrtlsLastError());
}

/* ---- to the broker ---- */

static int connect_one(const struct addrinfo *to)
{
    static const struct timeval limit = {.tv_sec = OPEN_MS / 1000};
    static const int on = 1;
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);
    if (fd < 0)
        return -1;
    /* It limits connect, too. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    int native = errno == EINPROGRESS ? ETIMEDOUT : errno;
    (void)close(fd);
    errno = native;
    return -1;
}

static int connect_any(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int failure = getaddrinfo(host, port, &hints, &addresses);
    if (failure != 0)
        return say_error("%s port %s: %s", host, port, gai_strerror(failure));
    int fd = -1;
    for (const struct addrinfo *to = addresses; to != NULL && fd < 0; to = to->ai_next)
        fd = connect_one(to);
    if (fd < 0)
        (void)say_error("%s port %s: %s", host, port, strerror(errno));
    freeaddrinfo(addresses);
    return fd;
}

static int set_up(struct wire *wire, const struct identity *own)
{
    if (clrtlsContextNew(CLRTLS_CLIENT, &wire->context) != CLRC_SUCCESS ||
        clrtlsSetAuthority(wire->context, CLRSC_OEM_CLOUD_CERT) != CLRC_SUCCESS ||
        clrtlsSetIdentityChain(wire->context, CLRC_OEM_DEVICE_PRIVATE_KEY, own->chain,
                               own->chain_length) != CLRC_SUCCESS)
        return fail_tls(wire);
    wire->fd = connect_any(wire->host, wire->port);
    if (wire->fd < 0)
        return -1;
    return clrtlsConnectionNew(wire->context, wire->fd, wire->fd, wire->host, &wire->tls) ==
                   CLRC_SUCCESS
               ? 0
               : fail_tls(wire);
}

static int is_waiting(ClrcResult result)
{
    return result == CLRTLS_ERROR_WANT_READ || result == CLRTLS_ERROR_WANT_WRITE;
}

static int shake_hands(struct wire *wire)
{
    int64_t deadline = now_ms() + OPEN_MS;
    ClrcResult result = clrtlsHandshake(wire->tls);
    while (is_waiting(result)) {
        struct pollfd poller = {.fd = wire->fd, .events = clrtlsEvents(wire->tls)};
        int64_t left = deadline - now_ms();
        if (left <= 0)
            return say_error("%s port %s: the handshake takes too long", wire->host, wire->port);
        if (poll(&poller, 1, (int)left) < 0 && errno == EINTR)
            return say_error("interrupted");
        result = clrtlsHandshake(wire->tls);
    }
    return result == CLRC_SUCCESS ? 0 : fail_tls(wire);
}

int wire_open(struct wire *wire, const struct identity *own, const char *host, const char *port)
{
    *wire = (struct wire){.fd = -1, .plain = -1, .host = host, .port = port};
    return set_up(wire, own) == 0 ? shake_hands(wire) : -1;
}

/* ---- to the library ---- */

/* Nobody else can get into the directory; the socket in it is looked at once more all the same. */
static int is_own(int fd)
{
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid();
}

static int accept_own(int door)
{
    int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && is_own(fd))
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static int open_door(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (door >= 0 && bind(door, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(door, 1) == 0)
        return door;
    if (door >= 0)
        (void)close(door);
    return -1;
}

int wire_join(struct wire *wire, int (*connect_to)(void *arg, const char *path), void *arg)
{
    const char *base = getenv("TMPDIR");
    char directory[WIRE_PATH_MAX - 2] = "", path[WIRE_PATH_MAX] = "";
    int length = snprintf(directory, sizeof(directory), "%s/sli_test.XXXXXX",
                          base != NULL && base[0] != '\0' ? base : "/tmp");
    if (length >= (int)sizeof(directory))
        return say_error("TMPDIR is too long for a socket in it");
    if (mkdtemp(directory) == NULL)
        return say_error("no directory for a socket: %s: %s", directory, strerror(errno));
    (void)snprintf(path, sizeof(path), "%s/s", directory);
    int door = open_door(path);
    if (door >= 0 && connect_to(arg, path) == 0)
        wire->plain = accept_own(door);
    if (door >= 0)
        (void)close(door);
    (void)unlink(path);
    (void)rmdir(directory);
    return wire->plain >= 0 ? 0 : say_error("the MQTT library can't be connected with TLS");
}

/* ---- moving ---- */

static int is_empty(const struct wire_buffer *buffer)
{
    return buffer->at == buffer->end;
}

static void close_plain(struct wire *wire)
{
    (void)close(wire->plain);
    wire->plain = -1;
}

static void take_plain(struct wire *wire)
{
    ssize_t n = recv(wire->plain, wire->up.octets, sizeof(wire->up.octets), MSG_DONTWAIT);
    wire->up.at = 0;
    wire->up.end = n > 0 ? (uint32_t)n : 0;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_plain(wire);
}

static void give_plain(struct wire *wire)
{
    struct wire_buffer *down = &wire->down;
    ssize_t n = send(wire->plain, down->octets + down->at, down->end - down->at,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        down->at += (uint32_t)n;
    else if (errno != EAGAIN && errno != EINTR)
        close_plain(wire);
}

static void note_end(struct wire *wire, ClrcResult result)
{
    if (result == CLRC_SUCCESS || is_waiting(result))
        return;
    wire->end = result;
    (void)snprintf(wire->end_text, sizeof(wire->end_text), "%s", clrtlsLastError());
}

static void take_tls(struct wire *wire)
{
    uint32_t length = sizeof(wire->down.octets);
    ClrcResult result = clrtlsRead(wire->tls, wire->down.octets, &length);
    wire->down.at = 0;
    wire->down.end = result == CLRC_SUCCESS ? length : 0;
    note_end(wire, result);
}

/* Who can't be told any more may have left word why. */
static void end_up(struct wire *wire, ClrcResult result)
{
    wire->up.at = wire->up.end;
    if (is_empty(&wire->down))
        take_tls(wire);
    if (wire->end == CLRC_SUCCESS)
        note_end(wire, result);
}

static void move_up(struct wire *wire)
{
    struct wire_buffer *up = &wire->up;
    if (is_empty(up) && wire->plain >= 0)
        take_plain(wire);
    if (is_empty(up))
        return;
    uint32_t length = up->end - up->at;
    ClrcResult result = clrtlsWrite(wire->tls, up->octets + up->at, &length);
    if (result == CLRC_SUCCESS)
        up->at += length;
    else if (!is_waiting(result))
        end_up(wire, result);
}

/* What the connection has read already makes no descriptor readable: it is taken until there is none. */
static void move_down(struct wire *wire)
{
    do {
        if (is_empty(&wire->down))
            take_tls(wire);
        if (!is_empty(&wire->down) && wire->plain >= 0)
            give_plain(wire);
    } while (wire->end == CLRC_SUCCESS && is_empty(&wire->down) && clrtlsPending(wire->tls) != 0);
}

void wire_wants(const struct wire *wire, struct pollfd polls[2])
{
    polls[0] = polls[1] = (struct pollfd){.fd = -1};
    if (is_empty(&wire->up))
        polls[0].events |= POLLIN;
    if (!is_empty(&wire->down))
        polls[0].events |= POLLOUT;
    /* Without a wish poll would still tell of a closed end, again and again. */
    if (polls[0].events != 0)
        polls[0].fd = wire->plain;
    if (wire->end != CLRC_SUCCESS)
        return;
    polls[1] = (struct pollfd){.fd = wire->fd, .events = clrtlsEvents(wire->tls)};
    if (!is_empty(&wire->down))
        polls[1].events &= ~POLLIN;
    if (!is_empty(&wire->up))
        polls[1].events |= POLLOUT;
}

void wire_move(struct wire *wire)
{
    if (wire->end == CLRC_SUCCESS)
        move_up(wire);
    /* What came before the end is handed on before the library hears of the end. */
    if (wire->end == CLRC_SUCCESS || !is_empty(&wire->down))
        move_down(wire);
    if (wire->end != CLRC_SUCCESS && is_empty(&wire->down) && wire->plain >= 0)
        (void)shutdown(wire->plain, SHUT_RDWR);
}

int wire_is_empty(const struct wire *wire)
{
    return wire->plain < 0 && is_empty(&wire->up);
}

int wire_was_dropped(const struct wire *wire)
{
    return wire->end == CLRTLS_ERROR_CLOSED || wire->end == CLRTLS_ERROR_TRUNCATED ||
           wire->end == CLRTLS_ERROR_IO;
}

void wire_close(struct wire *wire)
{
    if (wire->tls != NULL && wire->end == CLRC_SUCCESS)
        (void)clrtlsShutdown(wire->tls);
    clrtlsContextFree(wire->context);
    if (wire->plain >= 0)
        (void)close(wire->plain);
    if (wire->fd >= 0)
        (void)close(wire->fd);
    *wire = (struct wire){.fd = -1, .plain = -1};
}
