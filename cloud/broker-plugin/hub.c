/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/hub.h"

#include <errno.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/broker-plugin/hub_private.h"
#include "cloud/common/topic.h"

#define MODE 0660
#define BACKLOG 16
#define RETRY_MS 10 /* how soon the broker's inbox is tried again */
#define LETTERS_MAX 65536
#define LINE_MAX_LEN 256

void watches_free(void *watches)
{
    struct watches *list = watches;
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->n; i++)
        free(list->filters[i]);
    for (size_t i = 0; i < list->n_served; i++)
        free(list->served[i]);
    free(list->filters);
    free(list->served);
    free(list);
}

static bool one_matches(char *const *filters, size_t n, struct km_slice topic)
{
    for (size_t i = 0; i < n; i++)
        if (km_topic_filter_matches(KM_SLICE_STR(filters[i]), topic))
            return true;
    return false;
}

bool watches_match(const struct watches *watches, struct km_slice topic)
{
    return watches != NULL && one_matches(watches->filters, watches->n, topic);
}

bool watches_serve(const struct watches *watches, struct km_slice topic)
{
    return watches != NULL && one_matches(watches->served, watches->n_served, topic);
}

bool filters_match(const struct filters *filters, struct km_slice topic)
{
    return one_matches(filters->texts, filters->n, topic);
}

void hub_log(struct hub *hub, int level, const char *fmt, ...)
{
    char line[LINE_MAX_LEN] = "";
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    struct letter *letter = letter_new(
        &(struct letter){.kind = LETTER_LOG, .payload = KM_SLICE_STR(line), .qos = (uint8_t)level});
    if (letter != NULL && !letterbox_put(hub->config.inbox, letter))
        letter_free(letter);
}

static void wake(void *arg)
{
    const struct hub *hub = arg;
    const uint64_t one = 1;
    (void)!write(hub->config.bell, &one, sizeof(one));
}

void hub_tell(struct hub *hub, struct letter *message)
{
    if (letterbox_put(&hub->box, message))
        return;
    letter_free(message);
    (void)atomic_fetch_add(&hub->n_lost, 1);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends those of one list. */
static size_t append(char **all, size_t n, const struct filters *filters)
{
    for (size_t i = 0; i < filters->n; i++)
        all[n++] = filters->texts[i];
    return n;
}

/* The programs' filters in one list, without doubles. false when memory is short; what is there so far is in the list. */
static bool gather(const struct hub *hub, bool served_only, char ***ret, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++)
        n += hub->programs[i].served.n + (served_only ? 0 : hub->programs[i].watched.n);
    char **all = calloc(n + 1, sizeof(*all));
    if (all == NULL)
        return false;
    *ret = all;
    n = 0;
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++) {
        n = append(all, n, &hub->programs[i].served);
        n = served_only ? n : append(all, n, &hub->programs[i].watched);
    }
    qsort(all, n, sizeof(*all), compare_texts);
    for (size_t i = 0; i < n; i++) {
        if (*ret_n > 0 && strcmp(all[*ret_n - 1], all[i]) == 0)
            continue;
        char *text = strdup(all[i]);
        if (text == NULL)
            return false;
        all[(*ret_n)++] = text;
    }
    return true;
}

static struct watches *collect(const struct hub *hub)
{
    struct watches *watches = calloc(1, sizeof(*watches));
    if (watches != NULL && gather(hub, false, &watches->filters, &watches->n) &&
        gather(hub, true, &watches->served, &watches->n_served))
        return watches;
    watches_free(watches);
    return NULL;
}

void hub_tell_watches(struct hub *hub)
{
    struct watches *watches = collect(hub);
    if (watches == NULL)
        return;
    struct letter *letter = letter_new(
        &(struct letter){.kind = LETTER_WATCHES, .object = watches, .object_free = watches_free});
    if (letter == NULL) {
        watches_free(watches);
        return;
    }
    if (letterbox_put(hub->config.inbox, letter))
        hub->watches_moved = false;
    else
        letter_free(letter);
}

static void deliver(struct hub *hub, const struct letter *letter)
{
    const struct km_bus_frame frame = {.kind = KM_BUS_MESSAGE,
                                       .topic = letter->topic,
                                       .payload = letter->payload,
                                       .qos = letter->qos,
                                       .retain = letter->retain,
                                       .hops = letter->hops,
                                       .number = letter->number,
                                       .time_ms = (uint64_t)letter->time_ms,
                                       .client_id = letter->client,
                                       .principal = letter->certificate,
                                       .address = letter->address};
    bool is_served = letter->certificate.len == 0; /* who is no device is answered by nobody */
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++) {
        struct program *program = &hub->programs[i];
        bool serves = !is_served && filters_match(&program->served, letter->topic);
        if (program->watch.fd < 0 || (!serves && !filters_match(&program->watched, letter->topic)))
            continue;
        program_send(program, &frame);
        is_served = is_served || serves;
    }
}

/* A program that has gone meanwhile needs none. */
static void deliver_answer(struct hub *hub, const struct letter *letter)
{
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++)
        if (hub->programs[i].watch.fd >= 0 && hub->programs[i].number == letter->program)
            program_send(&hub->programs[i], &(struct km_bus_frame){.kind = KM_BUS_ANSWER,
                                                                   .topic = letter->topic,
                                                                   .payload = letter->payload,
                                                                   .qos = letter->qos});
}

/* What did not fit into the box nobody looked at; so each program that watches anything is told. */
static void spread_loss(struct hub *hub)
{
    uint64_t n = atomic_exchange(&hub->n_lost, 0);
    if (n == 0)
        return;
    hub_log(hub, MOSQ_LOG_WARNING, "%llu messages for the bus are lost, its queue is full",
            (unsigned long long)n);
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++)
        if (hub->programs[i].watched.n > 0)
            hub->programs[i].n_lost += n;
}

static void woken(struct km_watch *seen, uint32_t events)
{
    (void)events;
    struct hub *hub = (struct hub *)((uint8_t *)seen - offsetof(struct hub, wakes));
    uint64_t count = 0;
    (void)!read(seen->fd, &count, sizeof(count));
    struct letter *letter = letterbox_take(&hub->box);
    while (letter != NULL) {
        struct letter *next = letter->next;
        if (letter->kind == LETTER_ANSWER)
            deliver_answer(hub, letter);
        else
            deliver(hub, letter);
        letter_free(letter);
        letter = next;
    }
    spread_loss(hub);
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++)
        if (hub->programs[i].watch.fd >= 0)
            program_flush(&hub->programs[i]);
}

static void arrived(struct km_watch *seen, uint32_t events)
{
    (void)events;
    struct hub *hub = (struct hub *)((uint8_t *)seen - offsetof(struct hub, accepts));
    int fd = accept4(seen->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        program_start(hub, fd);
}

static void *run(void *arg)
{
    struct hub *hub = arg;
    while (!atomic_load(&hub->is_over)) {
        bool is_waiting = hub->watches_moved;
        for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++) {
            struct program *program = &hub->programs[i];
            if (program->watch.fd < 0 || program->waiting == NULL)
                continue;
            if (program_retry(program))
                program_flush(program);
            else
                is_waiting = true;
        }
        if (km_loop_once(NULL, &hub->loop, is_waiting ? RETRY_MS : -1) != KM_OK)
            break;
        if (hub->watches_moved)
            hub_tell_watches(hub);
    }
    return NULL;
}

static km_status start(struct km_err *err, struct hub *hub)
{
    const struct km_listen_wish wish = {.path = hub->config.path,
                                        .type = SOCK_SEQPACKET,
                                        .mode = MODE,
                                        .gid = hub->config.group,
                                        .backlog = BACKLOG};
    sigset_t all, before;
    KM_TRY(km_loop_init(err, &hub->loop));
    KM_TRY(km_listen_open(err, &wish, &hub->listener));
    KM_TRY(km_loop_add(err, &hub->loop, &hub->accepts, hub->listener.fd, arrived));
    KM_TRY(km_loop_add(err, &hub->loop, &hub->wakes, hub->config.bell, woken));
    /* Signals are the broker's own. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&hub->thread, NULL, run, hub);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return KM_FAIL_NATIVE(err, KM_E_IO, KM_LAYER_ERRNO, rc, "can't start the bus");
    hub->is_started = true;
    return KM_OK;
}

km_status hub_new(struct km_err *err, const struct hub_config *config, struct hub **ret)
{
    struct hub *hub = calloc(1, sizeof(*hub));
    if (hub == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "the bus");
    hub->config = *config;
    hub->loop.epoll_fd = -1;
    hub->listener.fd = -1;
    hub->accepts.fd = -1;
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++)
        hub->programs[i].watch.fd = -1;
    letterbox_init(&hub->box, LETTERS_MAX, HUB_QUEUE_MAX, wake, hub);
    hub->room = malloc(KM_BUS_FRAME_MAX);
    km_status status = hub->room == NULL ? KM_FAIL(err, KM_E_NOMEM, "the bus") : start(err, hub);
    if (status != KM_OK) {
        hub_free(hub);
        return status;
    }
    *ret = hub;
    return KM_OK;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL)
        return;
    if (hub->is_started) {
        atomic_store(&hub->is_over, true);
        wake(hub);
        (void)pthread_join(hub->thread, NULL);
    }
    for (size_t i = 0; i < HUB_PROGRAMS_MAX; i++)
        program_end(&hub->programs[i], "the broker ends");
    letterbox_clear(&hub->box);
    km_loop_clear(&hub->loop);
    km_listen_close(&hub->listener);
    free(hub->room);
    free(hub);
}
