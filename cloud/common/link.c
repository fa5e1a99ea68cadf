/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct link {
    struct km_watch watch;
    struct links *links;
    const char *path;
    bool is_up, was_told;
    int64_t next_ms;
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

static void take_down(struct link *link, const struct km_err *failure)
{
    if (link->is_up)
        km_loop_remove(link->links->loop, &link->watch);
    /* Once, not every time that it is tried again. */
    if (link->is_up || !link->was_told)
        link->links->host.note(link->links->host.ctx, link->path, failure, 0);
    link->is_up = false;
    link->was_told = true;
    link->next_ms = km_loop_now_ms() + LINK_RETRY_MS;
}

/* A broker that does not take what is sent to it is not waited for: the link is made anew, and then takes up from scratch. */
static km_status send_frame(struct link *link, const struct km_bus_frame *frame, struct km_err *err)
{
    km_status status = km_bus_send(err, link->watch.fd, frame);
    if (status != KM_OK && status != KM_E_ARG && status != KM_E_BUSY)
        take_down(link, err);
    return status;
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
    }
}

static void ready(struct km_watch *watch, uint32_t events)
{
    struct link *link = (struct link *)(void *)((char *)watch - offsetof(struct link, watch));
    struct km_err err = {.status = KM_OK};
    struct km_bus_frame frame = {.kind = KM_BUS_HELLO};
    (void)events;
    km_status status =
        km_bus_recv(&err, watch->fd, KM_SPAN(link->links->room, sizeof link->links->room), &frame);
    if (status == KM_OK)
        heard(link, &frame);
    else if (status != KM_E_BUSY)
        take_down(link, &err);
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
    for (size_t i = 0; i < (*links)->n_links; i++)
        if ((*links)->link[i].is_up)
            km_loop_remove((*links)->loop, &(*links)->link[i].watch);
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

km_status links_publish(struct km_err *err, struct links *links, const struct km_bus_frame *frame)
{
    size_t n_taken = 0;
    struct km_err first = {.status = KM_OK};
    for (size_t i = 0; i < links->n_links; i++)
        if (links->link[i].is_up && send_frame(&links->link[i], frame, &first) == KM_OK)
            n_taken++;
    if (n_taken > 0)
        return KM_OK;
    if (first.status != KM_OK)
        return KM_FAIL(err, first.status, "%s", first.text);
    return KM_FAIL(err, KM_E_DEAD, "no broker is connected");
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
