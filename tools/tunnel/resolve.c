/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/km_bytes.h"

#define FRESH_MS 30000
#define FAILED_FRESH_MS 1000
#define CHILD_PATIENCE_S 30

static void look_up(const struct place *place, int flags, struct resolve_answer *ret)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    *ret = (struct resolve_answer){0};
    ret->gai_error = getaddrinfo(place->host, place->port, &hints, &found);
    if (ret->gai_error != 0)
        return;
    for (const struct addrinfo *at = found; at != NULL && ret->n < RESOLVE_MAX; at = at->ai_next) {
        struct resolve_address *address = &ret->list[ret->n++];
        km_copy(&address->at, sizeof(address->at), at->ai_addr, at->ai_addrlen);
        address->len = at->ai_addrlen;
    }
    freeaddrinfo(found);
}

static void set_unix(const struct place *place, struct resolve_answer *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    km_copy(address.sun_path, sizeof(address.sun_path), place->path, strlen(place->path));
    *ret = (struct resolve_answer){.n = 1};
    km_copy(&ret->list[0].at, sizeof(ret->list[0].at), &address, sizeof(address));
    ret->list[0].len = sizeof(address);
}

/* Nothing of the tunnel's may stay open in it: a connection that it held would not end. */
__attribute__((noreturn)) static void run_child(const struct place *place, int out)
{
    struct resolve_answer answer = {0};
    sigset_t none = {0};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(out, STDIN_FILENO) < 0 || syscall(SYS_close_range, 3, ~0u, 0) != 0)
        _exit(1);
    alarm(CHILD_PATIENCE_S);
    look_up(place, AI_ADDRCONFIG, &answer);
    ssize_t n = write(STDIN_FILENO, &answer, sizeof(answer)); /* less than a pipe holds */
    _exit(n == (ssize_t)sizeof(answer) ? 0 : 1);
}

static void answer_over(struct resolver *self)
{
    km_loop_remove(self->loop, &self->watch);
    if (self->child > 0)
        (void)waitpid(self->child, NULL, 0);
    self->child = 0;
    self->answer = self->incoming;
    if (self->n_read < sizeof(self->incoming) || self->incoming.n > RESOLVE_MAX)
        self->answer = (struct resolve_answer){.gai_error = EAI_AGAIN};
    self->fresh_until_ms = km_loop_now_ms() + (self->answer.n > 0 ? FRESH_MS : FAILED_FRESH_MS);
    self->done(self->arg);
}

static void answer_ready(struct km_watch *watch, uint32_t events)
{
    struct resolver *self = (struct resolver *)watch;
    (void)events;
    size_t left = sizeof(self->incoming) - self->n_read;
    ssize_t n = read(watch->fd, (uint8_t *)&self->incoming + self->n_read, left);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    self->n_read += n > 0 ? (size_t)n : 0;
    if (n <= 0 || self->n_read == sizeof(self->incoming))
        answer_over(self);
}

static km_status start_child(struct km_err *err, struct resolver *self)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return KM_FAIL_ERRNO(err, "can't make a pipe");
    self->n_read = 0;
    km_status status = km_loop_add(err, self->loop, &self->watch, ends[0], answer_ready);
    if (status != KM_OK) {
        close(ends[0]);
        close(ends[1]);
        return status;
    }
    pid_t pid = fork();
    if (pid == 0)
        run_child(self->place, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        status = KM_FAIL_ERRNO(err, "can't make a process to look up %.100s", self->place->host);
        km_loop_remove(self->loop, &self->watch);
        return status;
    }
    self->child = pid;
    return KM_OK;
}

void resolver_init(struct resolver *self, struct km_loop *loop, const struct place *place,
                   void (*done)(void *arg), void *arg)
{
    *self = (struct resolver){
        .watch = {.fd = -1}, .loop = loop, .place = place, .done = done, .arg = arg};
    if (place->kind == PLACE_UNIX)
        set_unix(place, &self->answer);
    else
        look_up(place, AI_NUMERICHOST, &self->answer);
    if (self->answer.n > 0)
        self->fresh_until_ms = INT64_MAX;
}

km_status resolver_ask(struct km_err *err, struct resolver *self, bool *ret_is_there)
{
    *ret_is_there = self->child == 0 && km_loop_now_ms() < self->fresh_until_ms;
    if (*ret_is_there || self->child != 0)
        return KM_OK;
    return start_child(err, self);
}

void resolver_clear(struct resolver *self)
{
    km_loop_remove(self->loop, &self->watch);
    if (self->child > 0) {
        (void)kill(self->child, SIGKILL);
        (void)waitpid(self->child, NULL, 0);
    }
    self->child = 0;
}

km_status resolve_dial(struct km_err *err, const struct resolve_address *address, int *ret_fd)
{
    const int on = 1;
    KM_AUTO(km_fd_closep)
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't make a socket");
    if (address->at.ss_family != AF_UNIX) {
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (connect(fd, (const struct sockaddr *)&address->at, address->len) != 0 &&
        errno != EINPROGRESS)
        return KM_FAIL_ERRNO(err, "can't connect");
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}
