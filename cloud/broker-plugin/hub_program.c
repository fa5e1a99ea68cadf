/* SPDX-License-Identifier: Apache-2.0 */
/* One program on the bus: what it says, and what waits for it. */
#include "cloud/broker-plugin/hub_private.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/common/topic.h"
#include "common/km_sock.h"

#define READS_MAX 64 /* frames of one program at a turn */

static size_t find_filter(const struct filters *filters, struct km_slice filter)
{
    size_t at = 0;
    while (at < filters->n && !km_slice_equal(KM_SLICE_STR(filters->texts[at]), filter))
        at++;
    return at;
}

static void forget_filters(struct filters *filters)
{
    for (size_t i = 0; i < filters->n; i++)
        free(filters->texts[i]);
    free(filters->texts);
    *filters = (struct filters){0};
}

static void forget_frames(struct program *program)
{
    while (program->first != NULL) {
        struct frame *next = program->first->next;
        free(program->first);
        program->first = next;
    }
    program->last = NULL;
    program->queued = 0;
}

void program_end(struct program *program, const char *why)
{
    struct hub *hub = program->hub;
    if (program->watch.fd < 0)
        return;
    hub_log(hub, MOSQ_LOG_NOTICE, "the program '%s' leaves the bus: %s", program->name, why);
    km_loop_remove(&hub->loop, &program->watch);
    forget_filters(&program->watched);
    forget_filters(&program->served);
    forget_frames(program);
    letter_free(program->waiting);
    program->waiting = NULL;
    hub->watches_moved = true;
}

/* What the descriptor is watched for follows from what waits in either direction. */
static void want(struct program *program)
{
    uint32_t events = (program->waiting == NULL ? EPOLLIN : 0u) |
                      (program->first != NULL ? (uint32_t)EPOLLOUT : 0u);
    if (km_loop_want(NULL, &program->hub->loop, &program->watch, events) != KM_OK)
        program_end(program, "it can't be watched");
}

static bool enqueue(struct program *program, const struct km_bus_frame *frame)
{
    size_t size = km_bus_size(frame);
    struct km_slice out = {0};
    struct frame *made = calloc(1, sizeof(*made) + size);
    if (made == NULL)
        return false;
    struct km_wr wr = km_wr_init(made->octets, size);
    if (!km_bus_put(&wr, frame) || !km_wr_finish(&wr, &out)) {
        free(made);
        return false;
    }
    made->len = size;
    if (program->last != NULL)
        program->last->next = made;
    else
        program->first = made;
    program->last = made;
    program->queued += size;
    return true;
}

void program_send(struct program *program, const struct km_bus_frame *frame)
{
    /* The count goes ahead of the next frame that fits, in its place in the order. */
    const struct km_bus_frame lost = {.kind = KM_BUS_LOST, .number = program->n_lost};
    size_t size = km_bus_size(frame) + (program->n_lost > 0 ? km_bus_size(&lost) : 0);
    bool fits = size <= HUB_QUEUE_MAX - program->queued;
    if (fits && program->n_lost > 0 && enqueue(program, &lost))
        program->n_lost = 0;
    if (!fits || program->n_lost > 0 || !enqueue(program, frame))
        program->n_lost++;
}

void program_flush(struct program *program)
{
    while (program->first != NULL) {
        struct frame *frame = program->first;
        km_status status =
            km_sock_send(NULL, program->watch.fd, KM_SLICE(frame->octets, frame->len), NULL, 0);
        if (status == KM_E_BUSY)
            break;
        if (status != KM_OK) {
            program_end(program, "it is gone");
            return;
        }
        program->first = frame->next;
        if (program->first == NULL)
            program->last = NULL;
        program->queued -= frame->len;
        free(frame);
    }
    want(program);
}

/* Into a list of the program's. */
static bool add_filter(struct program *program, struct filters *filters, struct km_slice filter)
{
    if (km_topic_filter_check(filter) != KM_TOPIC_OK)
        return false;
    if (find_filter(filters, filter) < filters->n)
        return true;
    if (filters->n >= KM_BUS_WATCHES_MAX)
        return false;
    char **longer = reallocarray(filters->texts, filters->n + 1, sizeof(*longer));
    if (longer == NULL)
        return false;
    filters->texts = longer;
    char *text = strndup((const char *)filter.ptr, filter.len);
    if (text == NULL)
        return false;
    filters->texts[filters->n++] = text;
    program->hub->watches_moved = true;
    return true;
}

static void unwatch(struct program *program, struct km_slice filter)
{
    struct filters *filters = &program->watched;
    size_t at = find_filter(filters, filter);
    if (at == filters->n)
        return;
    free(filters->texts[at]);
    filters->texts[at] = filters->texts[--filters->n];
    program->hub->watches_moved = true;
}

/* Something for the broker's thread, after the filters that came before it. Without room there the program has to wait. */
static bool pass_on(struct program *program, const struct letter *like)
{
    program->waiting = letter_new(like);
    if (program->waiting == NULL)
        return false;
    (void)program_retry(program);
    return true;
}

bool program_retry(struct program *program)
{
    if (program->waiting != NULL && program->hub->watches_moved)
        hub_tell_watches(program->hub);
    if (program->waiting != NULL && !program->hub->watches_moved &&
        letterbox_put(program->hub->config.inbox, program->waiting))
        program->waiting = NULL;
    return program->waiting == NULL;
}

static bool greet(struct program *program, const struct km_bus_frame *frame)
{
    const struct km_bus_frame answer = {
        .kind = KM_BUS_HELLO, .number = KM_BUS_VERSION, .client_id = KM_SLICE_STR("broker")};
    if (frame->kind != KM_BUS_HELLO || frame->number != KM_BUS_VERSION)
        return false;
    (void)snprintf(program->name, sizeof(program->name), "%.*s", (int)frame->client_id.len,
                   (const char *)frame->client_id.ptr);
    program->is_greeted = true;
    hub_log(program->hub, MOSQ_LOG_NOTICE, "the program '%s' is on the bus", program->name);
    program_send(program, &answer);
    return true;
}

static bool obey(struct program *program, const struct km_bus_frame *frame)
{
    if (!program->is_greeted)
        return greet(program, frame);
    switch (frame->kind) {
    case KM_BUS_WATCH:
        return add_filter(program, &program->watched, frame->topic);
    case KM_BUS_SERVE:
        return add_filter(program, &program->served, frame->topic);
    case KM_BUS_UNWATCH:
        unwatch(program, frame->topic);
        return true;
    case KM_BUS_PUBLISH:
        if (km_topic_name_check(frame->topic) != KM_TOPIC_OK)
            return false;
        return pass_on(program, &(struct letter){.kind = LETTER_PUBLISH,
                                                 .topic = frame->topic,
                                                 .payload = frame->payload,
                                                 .client = frame->client_id,
                                                 .certificate = frame->principal,
                                                 .qos = frame->qos,
                                                 .retain = frame->retain,
                                                 .hops = frame->hops,
                                                 .number = frame->number,
                                                 .program = program->number});
    case KM_BUS_COPY:
        if (km_topic_name_check(frame->topic) != KM_TOPIC_OK)
            return false;
        return pass_on(program, &(struct letter){.kind = LETTER_COPY,
                                                 .topic = frame->topic,
                                                 .payload = frame->payload,
                                                 .qos = frame->qos,
                                                 .retain = frame->retain});
    case KM_BUS_KICK:
        return pass_on(program, &(struct letter){.kind = LETTER_KICK,
                                                 .client = frame->client_id,
                                                 .certificate = frame->principal});
    case KM_BUS_CHANGED:
        program->hub->config.changed(program->hub->config.arg);
        return true;
    case KM_BUS_HELLO:
    case KM_BUS_MESSAGE:
    case KM_BUS_LOST:
    case KM_BUS_ANSWER:
        break;
    }
    return false;
}

static void hear(struct program *program)
{
    struct hub *hub = program->hub;
    for (size_t i = 0; i < READS_MAX && program->waiting == NULL; i++) {
        struct km_bus_frame frame = {0};
        km_status status =
            km_bus_recv(NULL, program->watch.fd, KM_SPAN(hub->room, KM_BUS_FRAME_MAX), &frame);
        if (status == KM_E_BUSY)
            break;
        if (status == KM_E_DEAD || status == KM_E_IO) {
            program_end(program, "it has closed its end");
            return;
        }
        if (status != KM_OK || !obey(program, &frame)) {
            program_end(program, "it breaks the rules of the bus");
            return;
        }
    }
    program_flush(program);
}

static void ready(struct km_watch *seen, uint32_t events)
{
    struct program *program = (struct program *)seen;
    if ((events & EPOLLIN) != 0)
        hear(program);
    else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
        program_end(program, "it is gone");
    else
        program_flush(program);
}

void program_start(struct hub *hub, int fd)
{
    KM_AUTO(km_fd_closep) int owned = fd;
    struct program *program = NULL;
    for (size_t i = 0; i < HUB_PROGRAMS_MAX && program == NULL; i++)
        if (hub->programs[i].watch.fd < 0)
            program = &hub->programs[i];
    if (program == NULL) {
        hub_log(hub, MOSQ_LOG_WARNING, "more than %d programs on the bus", HUB_PROGRAMS_MAX);
        return;
    }
    *program = (struct program){.hub = hub, .number = ++hub->last_number, .watch = {.fd = -1}};
    (void)snprintf(program->name, sizeof(program->name), "?");
    if (km_loop_add(NULL, &hub->loop, &program->watch, owned, ready) != KM_OK) {
        program->watch.fd = -1;
        return;
    }
    (void)km_fd_steal(&owned);
}
