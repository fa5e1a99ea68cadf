/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/buses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_log.h"

struct bus {
    struct km_watch watch; /* first: ready gets at the bus by it */
    struct km_buses *buses;
    const char *path;
    int64_t next_try_ms;
};

struct km_buses {
    struct km_loop *loop;
    struct bus items[KM_BUSES_MAX];
    size_t n;
    uint8_t room[KM_BUS_FRAME_MAX];
};

static void hang_up(struct bus *bus)
{
    if (bus->watch.fd >= 0)
        km_loop_remove(bus->buses->loop, &bus->watch);
    bus->watch.fd = -1;
}

/* All that a broker says unasked is HELLO; what is read for is its end. */
static void on_ready(struct km_watch *watch, uint32_t events)
{
    struct bus *bus = (struct bus *)watch;
    struct km_bus_frame frame = {0};
    (void)events;
    km_status status =
        km_bus_recv(NULL, watch->fd, KM_SPAN(bus->buses->room, sizeof(bus->buses->room)), &frame);
    if (status == KM_OK || status == KM_E_BUSY)
        return;
    km_log(KM_LOG_WARNING, "the broker at %s is gone", bus->path);
    hang_up(bus);
}

static km_status connect_to(struct km_err *err, struct bus *bus)
{
    KM_AUTO(km_fd_closep) int fd = -1;
    KM_TRY(km_bus_connect(err, bus->path, KM_BUSES_NAME, &fd));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return KM_FAIL_ERRNO(err, "bus %s", bus->path);
    KM_TRY(km_loop_add(err, bus->buses->loop, &bus->watch, fd, on_ready));
    (void)km_fd_steal(&fd);
    return KM_OK;
}

static bool is_there(struct bus *bus)
{
    struct km_err err = {0};
    int64_t now_ms = km_loop_now_ms();
    if (bus->watch.fd >= 0)
        return true;
    if (now_ms < bus->next_try_ms)
        return false;
    bus->next_try_ms = now_ms + KM_BUSES_RETRY_MS;
    if (connect_to(&err, bus) == KM_OK)
        return true;
    bus->watch.fd = -1;
    km_log_err(KM_LOG_WARNING, &err, "no broker");
    return false;
}

km_status km_buses_new(struct km_err *err, struct km_loop *loop, const char *const *paths,
                       size_t n_paths, struct km_buses **ret)
{
    if (n_paths > KM_BUSES_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "more than %d brokers", KM_BUSES_MAX);
    struct km_buses *buses = calloc(1, sizeof(*buses));
    if (buses == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "buses");
    buses->loop = loop;
    buses->n = n_paths;
    for (size_t i = 0; i < n_paths; i++)
        buses->items[i] = (struct bus){.watch = {.fd = -1}, .buses = buses, .path = paths[i]};
    *ret = buses;
    return KM_OK;
}

void km_buses_free(struct km_buses *buses)
{
    for (size_t i = 0; buses != NULL && i < buses->n; i++)
        hang_up(&buses->items[i]);
    free(buses);
}

void km_buses_freep(struct km_buses **buses)
{
    km_buses_free(*buses);
    *buses = NULL;
}

/* One that went away is tried once more at once: a broker that was started again is a new one. */
static km_status send_to(struct km_err *err, struct bus *bus, const struct km_bus_frame *frame)
{
    km_status status = KM_E_DEAD;
    for (int i = 0; i < 2 && status == KM_E_DEAD && is_there(bus); i++) {
        km_err_clear(err);
        status = km_bus_send(err, bus->watch.fd, frame);
        if (status == KM_E_DEAD) {
            hang_up(bus);
            bus->next_try_ms = 0;
        }
    }
    return status;
}

/* What was published at one broker the others only hand on. */
static struct km_bus_frame copy_of(const struct km_bus_frame *frame)
{
    struct km_bus_frame copy = *frame;
    if (frame->kind == KM_BUS_PUBLISH) {
        copy.kind = KM_BUS_COPY;
        copy.hops = 0;
        copy.number = 0;
    }
    return copy;
}

km_status km_buses_send(struct km_err *err, struct km_buses *buses,
                        const struct km_bus_frame *frame)
{
    const struct km_bus_frame copy = copy_of(frame);
    size_t n_sent = 0;
    for (size_t i = 0; buses != NULL && i < buses->n; i++) {
        struct km_err inner = {0};
        km_status status = send_to(&inner, &buses->items[i], n_sent == 0 ? frame : &copy);
        if (status == KM_E_ARG)
            return KM_FAIL(err, status, "%s", inner.text);
        n_sent += status == KM_OK ? 1 : 0;
    }
    if (n_sent == 0)
        return KM_FAIL(err, KM_E_DEAD, "no broker took the message");
    return KM_OK;
}

void km_buses_changed(struct km_buses *buses, int64_t generation)
{
    const struct km_bus_frame frame = {.kind = KM_BUS_CHANGED, .number = (uint64_t)generation};
    /* Only a hint: brokers look at the feed by themselves too. */
    (void)km_buses_send(NULL, buses, &frame);
}
