/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/bus.h"

#include <stdlib.h>
#include <string.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "common/km_sock.h"

/* The parts of a frame that not every kind has. */
enum part {
    TOPIC = 1u << 0,
    CLIENT = 1u << 1,
    PRINCIPAL = 1u << 2,
    ADDRESS = 1u << 3,
    PAYLOAD = 1u << 4,
    NUMBER = 1u << 5,
    DELIVERY = 1u << 6, /* qos, retain, hops */
    TIME = 1u << 7,
};

/* What a kind must have, and what it may have beside that. */
static const struct rule {
    unsigned must;
    unsigned may;
} rules[] = {
    [KM_BUS_HELLO] = {NUMBER | CLIENT, 0},
    [KM_BUS_WATCH] = {TOPIC, 0},
    [KM_BUS_UNWATCH] = {TOPIC, 0},
    [KM_BUS_PUBLISH] = {TOPIC, PAYLOAD | DELIVERY | NUMBER | CLIENT | PRINCIPAL},
    [KM_BUS_KICK] = {0, CLIENT | PRINCIPAL},
    [KM_BUS_CHANGED] = {NUMBER, 0},
    [KM_BUS_MESSAGE] = {TOPIC | TIME, PAYLOAD | DELIVERY | NUMBER | CLIENT | PRINCIPAL | ADDRESS},
    [KM_BUS_LOST] = {NUMBER, 0},
    [KM_BUS_SERVE] = {TOPIC, 0},
    [KM_BUS_COPY] = {TOPIC, PAYLOAD | DELIVERY},
    [KM_BUS_ANSWER] = {TOPIC, PAYLOAD | DELIVERY},
};

static unsigned parts_of(const struct km_bus_frame *frame)
{
    return (frame->topic.len > 0 ? TOPIC : 0u) | (frame->client_id.len > 0 ? CLIENT : 0u) |
           (frame->principal.len > 0 ? PRINCIPAL : 0u) | (frame->address.len > 0 ? ADDRESS : 0u) |
           (frame->payload.len > 0 ? PAYLOAD : 0u) | (frame->number != 0 ? NUMBER : 0u) |
           (frame->qos != 0 || frame->retain || frame->hops != 0 ? DELIVERY : 0u) |
           (frame->time_ms != 0 ? TIME : 0u);
}

static bool is_text(struct km_slice text, size_t max)
{
    return text.len <= max && km_utf8_valid(text);
}

static bool is_certificate_id(struct km_slice id)
{
    if (id.len != KM_BUS_PRINCIPAL_LEN)
        return id.len == 0;
    for (size_t i = 0; i < id.len; i++)
        if (strchr("0123456789abcdef", id.ptr[i]) == NULL || id.ptr[i] == '\0')
            return false;
    return true;
}

static bool is_sound(const struct km_bus_frame *frame)
{
    unsigned parts = parts_of(frame);
    if ((unsigned)frame->kind >= KM_ARRAY_LEN(rules) || frame->kind < KM_BUS_HELLO)
        return false;
    const struct rule *rule = &rules[frame->kind];
    if ((parts & rule->must) != rule->must || (parts & ~(rule->must | rule->may)) != 0)
        return false;
    /* Whom to kick is told once. */
    if (frame->kind == KM_BUS_KICK && parts != CLIENT && parts != PRINCIPAL)
        return false;
    /* An answer is for one certificate, whoever may have its client's id by now. */
    if (frame->kind == KM_BUS_PUBLISH && ((parts & CLIENT) != 0) != ((parts & PRINCIPAL) != 0))
        return false;
    bool is_end = frame->kind == KM_BUS_COPY || frame->kind == KM_BUS_ANSWER; /* nothing follows */
    if (is_end && (frame->hops != 0 || (frame->kind == KM_BUS_ANSWER && frame->retain)))
        return false;
    return frame->qos <= (frame->kind == KM_BUS_MESSAGE ? 2 : 1) &&
           is_text(frame->topic, KM_BUS_TOPIC_MAX) &&
           is_text(frame->client_id, KM_BUS_CLIENT_MAX) &&
           is_text(frame->address, KM_BUS_ADDRESS_MAX) && is_certificate_id(frame->principal) &&
           frame->payload.len <= KM_BUS_PAYLOAD_MAX;
}

size_t km_bus_size(const struct km_bus_frame *frame)
{
    return KM_BUS_HEAD_LEN + frame->topic.len + frame->client_id.len + frame->principal.len +
           frame->address.len + frame->payload.len;
}

bool km_bus_put(struct km_wr *wr, const struct km_bus_frame *frame)
{
    if (!is_sound(frame))
        return false;
    km_wr_u8(wr, (uint8_t)frame->kind);
    km_wr_u8(wr, frame->qos);
    km_wr_u8(wr, frame->retain ? 1 : 0);
    km_wr_u8(wr, frame->hops);
    km_wr_u64le(wr, frame->number);
    km_wr_u64le(wr, frame->time_ms);
    km_wr_blob32le(wr, frame->topic);
    km_wr_blob32le(wr, frame->client_id);
    km_wr_blob32le(wr, frame->principal);
    km_wr_blob32le(wr, frame->address);
    km_wr_blob32le(wr, frame->payload);
    return true;
}

bool km_bus_parse(struct km_slice in, struct km_bus_frame *ret)
{
    struct km_bus_frame frame = {0};
    uint8_t kind = 0;
    uint8_t retain = 0;
    struct km_rd rd = km_rd_init(in);
    if (!km_rd_u8(&rd, &kind) || !km_rd_u8(&rd, &frame.qos) || !km_rd_u8(&rd, &retain) ||
        !km_rd_u8(&rd, &frame.hops) || !km_rd_u64le(&rd, &frame.number) ||
        !km_rd_u64le(&rd, &frame.time_ms) || !km_rd_blob32le(&rd, KM_BUS_TOPIC_MAX, &frame.topic) ||
        !km_rd_blob32le(&rd, KM_BUS_CLIENT_MAX, &frame.client_id) ||
        !km_rd_blob32le(&rd, KM_BUS_PRINCIPAL_LEN, &frame.principal) ||
        !km_rd_blob32le(&rd, KM_BUS_ADDRESS_MAX, &frame.address) ||
        !km_rd_blob32le(&rd, KM_BUS_PAYLOAD_MAX, &frame.payload) || !km_rd_done(&rd) || retain > 1)
        return false;
    frame.kind = kind;
    frame.retain = retain == 1;
    if (!is_sound(&frame))
        return false;
    *ret = frame;
    return true;
}

km_status km_bus_send(struct km_err *err, int fd, const struct km_bus_frame *frame)
{
    size_t size = km_bus_size(frame);
    struct km_slice bytes = {0};
    if (size > KM_BUS_FRAME_MAX)
        return KM_FAIL(err, KM_E_ARG, "frame of %zu octets on the bus, at most %d", size,
                       KM_BUS_FRAME_MAX);
    KM_AUTO(km_freep) uint8_t *buf = malloc(size);
    if (buf == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "frame of %zu octets on the bus", size);
    struct km_wr wr = km_wr_init(buf, size);
    if (!km_bus_put(&wr, frame) || !km_wr_finish(&wr, &bytes))
        return KM_FAIL(err, KM_E_ARG, "a frame of kind %d that breaks the rules of the bus",
                       (int)frame->kind);
    km_status status = km_sock_send(err, fd, bytes, NULL, 0);
    if (frame->client_id.len > 0)
        km_wipe(buf, size); /* an answer may hold a device's private key */
    return status;
}

km_status km_bus_recv(struct km_err *err, int fd, struct km_span room, struct km_bus_frame *ret)
{
    size_t len = 0;
    if (room.len < KM_BUS_FRAME_MAX)
        return KM_FAIL(err, KM_E_ARG, "room for %zu octets of a frame, at least %d", room.len,
                       KM_BUS_FRAME_MAX);
    KM_TRY(km_sock_recv(err, fd, room, &len, NULL, 0, NULL));
    if (!km_bus_parse(KM_SLICE(room.ptr, len), ret))
        return KM_FAIL(err, KM_E_MALFORMED, "%zu octets on the bus that are no frame", len);
    return KM_OK;
}

km_status km_bus_connect(struct km_err *err, const char *path, const char *name, int *ret_fd)
{
    KM_AUTO(km_fd_closep) int fd = -1;
    struct km_bus_frame hello = {
        .kind = KM_BUS_HELLO, .number = KM_BUS_VERSION, .client_id = KM_SLICE_STR(name)};
    KM_TRY(km_sock_connect(err, path, &fd));
    KM_TRY(km_bus_send(err, fd, &hello));
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}
