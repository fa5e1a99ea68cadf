/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_secret.h"
#include "common/km_sock.h"

#define READS_MAX 256 /* frames of one broker at a turn */

/* A frame that waits; the octets stand behind it. */
struct waiting {
    struct waiting *next;
    size_t len;
    uint8_t octets[];
};

struct link {
    struct km_watch watch;
    struct links *links;
    const char *path;
    bool is_up, was_told;
    bool told_stall;
    int64_t next_ms;
    struct waiting *first, *last;
    size_t queued;    /* octets */
    int64_t taken_ms; /* when the broker last took something */
};

struct links {
    struct km_loop *loop;
    const char *name;
    struct links_host host;
    struct link link[LINKS_MAX];
    size_t n_links;
    char **filters;
    size_t n_filters;
    const char *const *served;
    size_t n_served;
    struct link *asking; /* whose message is being looked at */
    uint8_t room[KM_BUS_FRAME_MAX];
};

static void filters_free(char **filters, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(filters[i]);
    free(filters);
}

/* ---- one link ---- */

static void forget_waiting(struct link *link)
{
    while (link->first != NULL) {
        struct waiting *next = link->first->next;
        km_wipe(link->first->octets,
                link->first->len); /* an answer may hold a device's private key */
        free(link->first);
        link->first = next;
    }
    link->last = NULL;
    link->queued = 0;
}

static void take_down(struct link *link, const struct km_err *failure)
{
    forget_waiting(link);
    if (link->is_up)
        km_loop_remove(link->links->loop, &link->watch);
    /* Once, not every time that it is tried again. */
    if (link->is_up || !link->was_told)
        link->links->host.note(link->links->host.ctx, link->path, failure, 0);
    link->is_up = false;
    link->was_told = true;
    link->next_ms = km_loop_now_ms() + LINK_RETRY_MS;
}

static km_status want(struct km_err *err, struct link *link)
{
    uint32_t events = EPOLLIN | (link->first != NULL ? (uint32_t)EPOLLOUT : 0u);
    return km_loop_want(err, link->links->loop, &link->watch, events);
}

/* Once for each time that a broker takes nothing. */
static km_status too_much(struct link *link, struct km_err *err)
{
    (void)KM_FAIL(err, KM_E_BUSY, "the broker at %s does not take what is sent to it", link->path);
    if (!link->told_stall)
        link->links->host.note(link->links->host.ctx, link->path, err, 0);
    link->told_stall = true;
    return KM_E_BUSY;
}

static km_status enqueue(struct link *link, const struct km_bus_frame *frame, struct km_err *err)
{
    size_t size = km_bus_size(frame);
    struct km_slice out = {0};
    if (size > LINK_QUEUE_MAX - link->queued)
        return too_much(link, err);
    struct waiting *made = calloc(1, sizeof(*made) + size);
    if (made == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "frame of %zu octets on the bus", size);
    struct km_wr wr = km_wr_init(made->octets, size);
    if (!km_bus_put(&wr, frame) || !km_wr_finish(&wr, &out)) {
        free(made);
        return KM_FAIL(err, KM_E_ARG, "a frame that breaks the rules of the bus");
    }
    made->len = size;
    if (link->last != NULL)
        link->last->next = made;
    else
        link->first = made;
    link->last = made;
    link->queued += size;
    return want(err, link);
}

/* At once, or when the broker takes it. */
static km_status send_frame(struct link *link, const struct km_bus_frame *frame, struct km_err *err)
{
    km_status status = KM_E_BUSY;
    if (link->first == NULL) {
        status = km_bus_send(err, link->watch.fd, frame);
        link->taken_ms = km_loop_now_ms();
    }
    if (status == KM_E_BUSY) {
        km_err_clear(err);
        status = enqueue(link, frame, err);
    }
    if (status != KM_OK && status != KM_E_ARG && status != KM_E_BUSY)
        take_down(link, err);
    return status;
}

/* What waits, as far as the broker takes it. */
static void flush(struct link *link)
{
    struct km_err err = {.status = KM_OK};
    km_status status = KM_OK;
    while (status == KM_OK && link->first != NULL) {
        struct waiting *frame = link->first;
        status = km_sock_send(&err, link->watch.fd, KM_SLICE(frame->octets, frame->len), NULL, 0);
        if (status != KM_OK)
            break;
        link->first = frame->next;
        if (link->first == NULL)
            link->last = NULL;
        link->queued -= frame->len;
        link->taken_ms = km_loop_now_ms();
        link->told_stall = false;
        km_wipe(frame->octets, frame->len);
        free(frame);
    }
    if (status == KM_OK)
        status = want(&err, link);
    if (status != KM_OK && status != KM_E_BUSY)
        take_down(link, &err);
}

/* A broker's answer to what was published there, for the clients of the others. */
static void hand_on(struct link *from, const struct km_bus_frame *answer)
{
    struct links *links = from->links;
    struct km_bus_frame copy = *answer;
    copy.kind = KM_BUS_COPY;
    for (size_t i = 0; i < links->n_links; i++) {
        struct km_err err = {.status = KM_OK};
        if (&links->link[i] != from && links->link[i].is_up)
            (void)send_frame(&links->link[i], &copy, &err);
    }
}

static void heard(struct link *link, const struct km_bus_frame *frame)
{
    const struct links_host *host = &link->links->host;
    if (frame->kind == KM_BUS_MESSAGE) {
        link->links->asking = link;
        host->message(host->ctx, frame);
        link->links->asking = NULL;
    } else if (frame->kind == KM_BUS_LOST) {
        host->note(host->ctx, link->path, NULL, frame->number);
    } else if (frame->kind == KM_BUS_ANSWER) {
        hand_on(link, frame);
    }
}

/* Whatever has come, up to a bound: what is left with the broker it loses when that gets too much. */
static void hear(struct link *link)
{
    struct links *links = link->links;
    for (size_t i = 0; i < READS_MAX && link->is_up; i++) {
        struct km_err err = {.status = KM_OK};
        struct km_bus_frame frame = {.kind = KM_BUS_HELLO};
        km_status status =
            km_bus_recv(&err, link->watch.fd, KM_SPAN(links->room, sizeof links->room), &frame);
        if (status == KM_E_BUSY)
            return;
        if (status == KM_OK)
            heard(link, &frame);
        else
            take_down(link, &err);
    }
}

static void ready(struct km_watch *watch, uint32_t events)
{
    struct link *link = (struct link *)(void *)((char *)watch - offsetof(struct link, watch));
    if ((events & EPOLLOUT) != 0)
        flush(link);
    if (link->is_up && (events & ~(uint32_t)EPOLLOUT) != 0)
        hear(link);
}

static km_status watch_filter(struct link *link, enum km_bus_kind kind, const char *filter,
                              struct km_err *err)
{
    const struct km_bus_frame frame = {.kind = kind, .topic = KM_SLICE_STR(filter)};
    return send_frame(link, &frame, err);
}

static km_status connect_link(struct km_err *err, struct link *link)
{
    KM_AUTO(km_fd_closep) int fd = -1;
    KM_TRY(km_bus_connect(err, link->path, link->links->name, &fd));
    KM_TRY(km_loop_add(err, link->links->loop, &link->watch, fd, ready));
    (void)km_fd_steal(&fd);
    link->is_up = true;
    link->told_stall = false;
    link->taken_ms = km_loop_now_ms();
    /* Blocking so far: what is wanted has to arrive whole. */
    for (size_t i = 0; i < link->links->n_filters; i++)
        KM_TRY(watch_filter(link, KM_BUS_WATCH, link->links->filters[i], err));
    for (size_t i = 0; i < link->links->n_served; i++)
        KM_TRY(watch_filter(link, KM_BUS_SERVE, link->links->served[i], err));
    if (fcntl(link->watch.fd, F_SETFL, O_NONBLOCK) != 0)
        return KM_FAIL_ERRNO(err, "can't have a link that does not block");
    link->was_told = false;
    link->links->host.note(link->links->host.ctx, link->path, NULL, 0);
    return KM_OK;
}

/* ---- all of them ---- */

km_status links_new(struct km_err *err, struct km_loop *loop, const char *name,
                    const char *const *paths, size_t n_paths, const struct links_host *host,
                    struct links **ret)
{
    if (n_paths > LINKS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu buses, at most %d", n_paths, LINKS_MAX);
    struct links *links = calloc(1, sizeof *links);
    if (links == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for links to brokers");
    links->loop = loop;
    links->name = name;
    links->host = *host;
    links->n_links = n_paths;
    for (size_t i = 0; i < n_paths; i++)
        links->link[i] = (struct link){.watch = {.fd = -1}, .links = links, .path = paths[i]};
    *ret = links;
    return KM_OK;
}

void links_freep(struct links **links)
{
    if (*links == NULL)
        return;
    for (size_t i = 0; i < (*links)->n_links; i++) {
        forget_waiting(&(*links)->link[i]);
        if ((*links)->link[i].is_up)
            km_loop_remove((*links)->loop, &(*links)->link[i].watch);
    }
    filters_free((*links)->filters, (*links)->n_filters);
    free(*links);
    *links = NULL;
}

static bool is_among(const char *filter, char *const *filters, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(filters[i], filter) == 0)
            return true;
    return false;
}

/* tell: kind for each of `these` that is not among `those`. */
static void tell(struct links *links, enum km_bus_kind kind, char *const *these, size_t n_these,
                 char *const *those, size_t n_those)
{
    for (size_t i = 0; i < n_these; i++) {
        if (is_among(these[i], those, n_those))
            continue;
        for (size_t j = 0; j < links->n_links; j++) {
            struct km_err err = {.status = KM_OK};
            /* One that is full is begun again, and then told all of it. */
            if (links->link[j].is_up &&
                watch_filter(&links->link[j], kind, these[i], &err) == KM_E_BUSY)
                take_down(&links->link[j], &err);
        }
    }
}

km_status links_watch(struct km_err *err, struct links *links, const char *const *filters,
                      size_t n_filters)
{
    char **copy = calloc(n_filters + 1, sizeof *copy);
    if (copy == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for topic filters");
    size_t n = 0;
    for (size_t i = 0; i < n_filters; i++) {
        if (is_among(filters[i], copy, n))
            continue;
        copy[n] = strdup(filters[i]);
        if (copy[n++] == NULL) {
            filters_free(copy, n);
            return KM_FAIL(err, KM_E_NOMEM, "no memory for topic filters");
        }
    }
    char **old = links->filters;
    size_t n_old = links->n_filters;
    links->filters = copy;
    links->n_filters = n;
    tell(links, KM_BUS_WATCH, copy, n, old, n_old);
    tell(links, KM_BUS_UNWATCH, old, n_old, copy, n);
    filters_free(old, n_old);
    return KM_OK;
}

void links_serve(struct links *links, const char *const *filters, size_t n_filters)
{
    links->served = filters;
    links->n_served = n_filters;
}

km_status links_answer(struct km_err *err, struct links *links, const struct km_bus_frame *frame)
{
    struct link *link = links->asking;
    if (link == NULL || !link->is_up)
        return KM_FAIL(err, KM_E_DEAD, "the broker that asked is gone");
    return send_frame(link, frame, err);
}

size_t links_asking(const struct links *links)
{
    return links->asking == NULL ? LINK_ANY : (size_t)(links->asking - links->link);
}

static bool takes(struct links *links, size_t at, const struct km_bus_frame *frame,
                  struct km_err *first)
{
    struct km_err err = {.status = KM_OK};
    if (at >= links->n_links || !links->link[at].is_up)
        return false;
    km_status status = send_frame(&links->link[at], frame, &err);
    if (status != KM_OK && first->status == KM_OK)
        *first = err;
    return status == KM_OK;
}

km_status links_publish(struct km_err *err, struct links *links, size_t first,
                        const struct km_bus_frame *frame)
{
    struct km_err why = {.status = KM_OK};
    struct km_bus_frame copy = *frame;
    copy.kind = KM_BUS_COPY;
    copy.hops = 0;
    copy.number = 0;
    bool is_taken = takes(links, first, frame, &why);
    for (size_t i = 0; i < links->n_links; i++)
        if (i != first)
            is_taken = takes(links, i, is_taken ? &copy : frame, &why) || is_taken;
    if (is_taken)
        return KM_OK;
    if (why.status != KM_OK)
        return KM_FAIL(err, why.status, "%s", why.text);
    return KM_FAIL(err, KM_E_DEAD, "no broker is connected");
}

bool links_are_full(const struct links *links)
{
    int64_t now = km_loop_now_ms();
    for (size_t i = 0; i < links->n_links; i++) {
        const struct link *link = &links->link[i];
        if (link->is_up && link->queued > LINK_QUEUE_MAX / 2 &&
            now - link->taken_ms < LINK_STALL_MS)
            return true;
    }
    return false;
}

void links_tick(struct links *links)
{
    int64_t now = km_loop_now_ms();
    for (size_t i = 0; i < links->n_links; i++) {
        struct km_err err = {.status = KM_OK};
        if (!links->link[i].is_up && links->link[i].next_ms <= now &&
            connect_link(&err, &links->link[i]) != KM_OK)
            take_down(&links->link[i], &err);
    }
}

int links_next_ms(const struct links *links)
{
    int64_t now = km_loop_now_ms();
    int next = -1;
    for (size_t i = 0; i < links->n_links; i++) {
        int64_t left = links->link[i].next_ms - now;
        if (!links->link[i].is_up && (next < 0 || left < next))
            next = left < 0 ? 0 : (int)left;
    }
    return next;
}

unsigned links_n_up(const struct links *links)
{
    unsigned n = 0;
    for (size_t i = 0; i < links->n_links; i++)
        n += links->link[i].is_up ? 1 : 0;
    return n;
}
