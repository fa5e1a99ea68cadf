/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/km_file.h"

#define HEAD_LEN 4
#define FIRST_CAP 4096

/* Bytes that come or go; counted among the door's. */
struct pile {
    uint8_t *bytes;
    size_t len, at, cap;
};

struct guest {
    struct guest *next, **back;
    struct km_watch watch;
    struct door *door;
    struct pile in, out;
    uint64_t ticket; /* 0: nothing runs for it */
    bool is_asking;  /* its request is with the runner, which may answer at once */
    bool is_answered;
};

struct door {
    struct km_loop *loop;
    struct km_runner *runner;
    struct km_listen listener;
    struct km_watch watch;
    struct guest *guests;
    size_t n_guests;
    size_t n_bytes;
};

static void pile_clear(struct door *door, struct pile *pile)
{
    door->n_bytes -= pile->cap;
    free(pile->bytes);
    *pile = (struct pile){.bytes = NULL};
}

/* Grows with what has come, not with what was announced. */
static bool pile_grow(struct door *door, struct pile *pile, size_t need, size_t max)
{
    size_t cap = pile->cap > 0 ? 2 * pile->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    if (cap > max)
        cap = max;
    if (cap < need || door->n_bytes - pile->cap + cap > DOOR_BYTES_MAX)
        return false;
    uint8_t *bytes = realloc(pile->bytes, cap);
    if (bytes == NULL)
        return false;
    door->n_bytes += cap - pile->cap;
    pile->bytes = bytes;
    pile->cap = cap;
    return true;
}

static void guest_leaves(struct guest *guest)
{
    struct door *door = guest->door;
    if (guest->ticket != 0)
        km_runner_forget(door->runner, guest->ticket);
    km_loop_remove(door->loop, &guest->watch);
    pile_clear(door, &guest->in);
    pile_clear(door, &guest->out);
    *guest->back = guest->next;
    if (guest->next != NULL)
        guest->next->back = guest->back;
    door->n_guests--;
    free(guest);
}

/* ---- the answer ---- */

static bool write_reply(struct guest *guest, const struct km_err *failure,
                        const struct km_invoke_answer *answer)
{
    size_t need = HEAD_LEN + 4096 + (answer != NULL ? answer->payload_len + answer->log_len : 0);
    struct km_slice out = {0};
    if (!pile_grow(guest->door, &guest->out, need, KM_INVOKE_REPLY_MAX + HEAD_LEN))
        return false;
    struct km_wr body = km_wr_init(guest->out.bytes + HEAD_LEN, guest->out.cap - HEAD_LEN);
    struct km_wr head = km_wr_init(guest->out.bytes, HEAD_LEN);
    km_invoke_reply_write(&body, failure, answer);
    if (!km_wr_finish(&body, &out))
        return false;
    km_wr_u32le(&head, (uint32_t)out.len);
    guest->out.len = HEAD_LEN + out.len;
    return true;
}

/* In any case the guest hears something, or is hung up on at the next turn. */
static void answered(void *ctx, const struct km_err *failure, const struct km_invoke_answer *answer)
{
    struct guest *guest = ctx;
    struct km_err no_room = {.status = KM_OK};
    guest->ticket = 0;
    guest->is_asking = false;
    guest->is_answered = true;
    if (!write_reply(guest, failure, answer)) {
        (void)KM_FAIL(&no_room, KM_E_BUSY, "no room for the answer just now");
        (void)write_reply(guest, &no_room, NULL);
    }
    (void)km_loop_want(NULL, guest->door->loop, &guest->watch, EPOLLOUT);
}

/* false: the guest is done with. */
static bool give(struct guest *guest)
{
    ssize_t n = send(guest->watch.fd, guest->out.bytes + guest->out.at,
                     guest->out.len - guest->out.at, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    guest->out.at += (size_t)n;
    return guest->out.at < guest->out.len;
}

/* ---- the request ---- */

static void ask(struct guest *guest, struct km_slice bytes)
{
    struct km_invoke_strings strings = {.account = ""};
    struct km_invoke invoke = {.kind = KM_INVOKE_DRY};
    struct km_err err = {.status = KM_OK};
    if (km_invoke_read(&err, bytes, &strings, &invoke) != KM_OK) {
        answered(guest, &err, NULL);
        return;
    }
    guest->is_asking = true;
    uint64_t ticket = km_runner_invoke(guest->door->runner, &invoke, answered, guest);
    if (guest->is_asking)
        guest->ticket = ticket;
    guest->is_asking = false;
    pile_clear(guest->door, &guest->in);
}

static bool announced(const struct guest *guest, size_t *ret_len)
{
    struct km_rd rd = km_rd_init(KM_SLICE(guest->in.bytes, guest->in.len));
    uint32_t len = 0;
    if (!km_rd_u32le(&rd, &len))
        return false;
    *ret_len = len;
    return true;
}

/* Another octet than was announced, or the end, from one who waits: it is hung up on. */
static bool take(struct guest *guest)
{
    struct pile *in = &guest->in;
    size_t len = 0;
    if (in->len == in->cap &&
        !pile_grow(guest->door, in, in->len + 1, KM_INVOKE_REQUEST_MAX + HEAD_LEN + 1))
        return false;
    ssize_t n = recv(guest->watch.fd, in->bytes + in->len, in->cap - in->len, 0);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    in->len += (size_t)n;
    if (guest->ticket != 0)
        return false;
    if (!announced(guest, &len))
        return true;
    if (len > KM_INVOKE_REQUEST_MAX || in->len > HEAD_LEN + len)
        return false;
    if (in->len == HEAD_LEN + len)
        ask(guest, KM_SLICE(in->bytes + HEAD_LEN, len));
    return true;
}

static void guest_ready(struct km_watch *watch, uint32_t events)
{
    struct guest *guest = (struct guest *)(void *)((char *)watch - offsetof(struct guest, watch));
    bool stays = guest->is_answered ? (events & EPOLLERR) == 0 && give(guest) : take(guest);
    if (!stays)
        guest_leaves(guest);
}

/* ---- coming in ---- */

static void greet(struct door *door, int fd)
{
    struct guest *guest = door->n_guests < DOOR_GUESTS_MAX ? calloc(1, sizeof *guest) : NULL;
    if (guest == NULL || km_loop_add(NULL, door->loop, &guest->watch, fd, guest_ready) != KM_OK) {
        free(guest);
        close(fd);
        return;
    }
    guest->door = door;
    guest->next = door->guests;
    guest->back = &door->guests;
    if (guest->next != NULL)
        guest->next->back = &guest->next;
    door->guests = guest;
    door->n_guests++;
}

static void knock(struct km_watch *watch, uint32_t events)
{
    struct door *door = (struct door *)(void *)((char *)watch - offsetof(struct door, watch));
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        greet(door, fd);
}

km_status door_open(struct km_err *err, struct km_loop *loop, struct km_runner *runner,
                    const struct km_listen_wish *wish, struct door **ret)
{
    KM_AUTO(km_freep) struct door *door = calloc(1, sizeof *door);
    if (door == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the socket of functions");
    door->loop = loop;
    door->runner = runner;
    KM_TRY(km_listen_open(err, wish, &door->listener));
    km_status status = km_loop_add(err, loop, &door->watch, door->listener.fd, knock);
    if (status != KM_OK) {
        km_listen_close(&door->listener);
        return status;
    }
    *ret = km_steal(&door);
    return KM_OK;
}

void door_closep(struct door **door)
{
    if (*door == NULL)
        return;
    while ((*door)->guests != NULL)
        guest_leaves((*door)->guests);
    /* The loop closes the descriptor, the listener takes its name away. */
    km_loop_remove((*door)->loop, &(*door)->watch);
    (*door)->listener.fd = -1;
    km_listen_close(&(*door)->listener);
    free(*door);
    *door = NULL;
}
