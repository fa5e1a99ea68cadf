/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus between a broker and the programs beside it: the rules, the control plane.
 *
 * The broker listens on a Unix SEQPACKET socket; each program connects to the bus of every broker that it serves. One frame
 * is one packet, both ways. Who may connect is a matter of the socket's mode and folder.
 *
 * A program begins with HELLO (km_bus_connect does) and is answered with HELLO. Then it says which messages it wants (WATCH, one
 * a topic filter, '+' and '#' as in MQTT; a filter that begins with a wildcard does not see topics that begin with '$'), and may
 * send PUBLISH, KICK and CHANGED at any time. Nothing is answered: what was sent is done, in order, at the broker's next turn.
 * The broker sends a MESSAGE for each publish of a device, of another program or of its own (presence, registrations) whose
 * topic a WATCH matches, once, however many match. It never waits for a slow program: what does not fit the program's queue is lost,
 * and LOST says how many were, as soon as there is room. A frame that breaks these rules ends the connection.
 *
 * What devices ask for one program has to answer, however many could: each publish of a device whose topic a SERVE matches goes to one of the
 * programs that serve it, once, watched or not. Its answer is a PUBLISH for that client alone, which gets it if it is still
 * the one with that certificate and may receive it.
 *
 * A program that publishes because of a message passes its hops on with one added; above KM_BUS_HOPS_MAX the broker drops the
 * publish, so that rules that feed each other end. Its number is the program's own: whatever comes of the publish has it too, the MESSAGE
 * and those of a shadow's answers. A request to a shadow that a program publishes because of a message the broker serves, as it does a
 * device's own; one with no hops it passes on and no more: who publishes unasked has served it.
 *
 * With several brokers a message that is meant for the clients of all is one PUBLISH and a COPY for each other broker: so it is seen by
 * rules once, and a request is served once. What the broker that serves it answers goes to its own clients and, as ANSWER, to the program
 * that has published the request, which hands COPYs to the others. cloud/common/link.h does both.
 *
 * On the wire: kind, qos, retain, hops (one octet each), number and time_ms (u64le), then topic, client_id, principal, address and
 * payload, each a u32le length and octets. What a kind has no use for is zero or empty; anything else is malformed.
 */
#ifndef KM_CLOUD_BUS_H
#define KM_CLOUD_BUS_H

#include "cloud/common/limits.h"
#include "common/km_bytes.h"

#define KM_BUS_VERSION 2
#define KM_BUS_TOPIC_MAX 1024  /* octets; also of a filter. AWS's 256 are the broker's to enforce */
#define KM_BUS_CLIENT_MAX 1024 /* octets of a client id */
#define KM_BUS_PRINCIPAL_LEN KM_CERTIFICATE_ID_LEN
#define KM_BUS_ADDRESS_MAX 108 /* octets: an IP address, or the path of a socket */
#define KM_BUS_PAYLOAD_MAX KM_PAYLOAD_OCTETS_MAX
#define KM_BUS_HEAD_LEN (4 + 8 + 8 + 5 * 4)
#define KM_BUS_FRAME_MAX                                                                           \
    (KM_BUS_HEAD_LEN + KM_BUS_TOPIC_MAX + KM_BUS_CLIENT_MAX + KM_BUS_PRINCIPAL_LEN +               \
     KM_BUS_ADDRESS_MAX + KM_BUS_PAYLOAD_MAX)
#define KM_BUS_HOPS_MAX 8
#define KM_BUS_WATCHES_MAX 2048 /* filters of one connection */

enum km_bus_kind {
    KM_BUS_HELLO = 1, /* both ways, first: number is KM_BUS_VERSION, client_id the program's name */
    /* To the broker. */
    KM_BUS_WATCH,   /* topic is a filter; one that is watched already changes nothing */
    KM_BUS_UNWATCH, /* topic is a filter; one that isn't watched changes nothing */
    KM_BUS_PUBLISH, /* topic, payload, qos 0 or 1, retain, hops, number. No policy is asked: the sender has done that. With
                       client_id and principal, both or neither: for that device alone */
    KM_BUS_KICK, /* ends the connection of client_id, or all of the certificate principal: exactly one of them */
    KM_BUS_CHANGED, /* number: the registry's change feed has come so far. Only a hint: the broker reads the feed itself */
    /* From the broker. */
    KM_BUS_MESSAGE, /* topic, payload, qos, retain, hops, number, time_ms (since 1970); client_id, principal and address of the
                       device, empty when it was none */
    KM_BUS_LOST,    /* number: of messages lost since the last LOST */
    /* To the broker. */
    KM_BUS_SERVE, /* topic is a filter, as of WATCH, for as long as the connection lasts */
    KM_BUS_COPY, /* topic, payload, qos 0 or 1, retain: for the broker's clients, and nobody and nothing else */
    /* From the broker. */
    KM_BUS_ANSWER, /* topic, payload, qos 0 or 1: what came of a request that this program has published */
};

struct km_bus_frame {
    enum km_bus_kind kind;
    uint8_t qos;
    bool retain;
    uint8_t hops;
    uint64_t number;
    uint64_t time_ms;
    struct km_slice topic;
    struct km_slice client_id;
    struct km_slice principal;
    struct km_slice address;
    struct km_slice payload;
};

/* km_bus_size: the octets that km_bus_put writes for this frame. */
size_t km_bus_size(const struct km_bus_frame *frame);
/*
 * km_bus_put: appends the frame; wr latches an overflow. False, with nothing written, when the frame breaks the rules of its
 * kind or a bound.
 */
KM_MUST_USE bool km_bus_put(struct km_wr *wr, const struct km_bus_frame *frame);
/*
 * km_bus_parse: the frame that these octets are, to the last one. *ret holds views of in. Topics, filters, names and addresses are
 * UTF-8 without NUL; whether a topic is a good one is not looked at.
 */
KM_MUST_USE bool km_bus_parse(struct km_slice in, struct km_bus_frame *ret);

/*
 * km_bus_connect: connects to the broker whose bus is at path and says HELLO as name. The descriptor is blocking,
 * close-on-exec and the caller's to close. KM_E_NOTFOUND or KM_E_DEAD when no broker listens.
 */
km_status km_bus_connect(struct km_err *err, const char *path, const char *name, int *ret_fd);
/*
 * km_bus_send: one frame. KM_E_ARG when it breaks the rules, KM_E_DEAD when the peer is gone, KM_E_BUSY when the descriptor
 * does not block and its queue is full. Threads may send on one descriptor: frames don't mix.
 */
km_status km_bus_send(struct km_err *err, int fd, const struct km_bus_frame *frame);
/*
 * km_bus_recv: one frame into room, which must have KM_BUS_FRAME_MAX octets; *ret holds views of room. KM_E_MALFORMED or
 * KM_E_LIMIT: the peer speaks something else, hang up. KM_E_DEAD at the end, KM_E_BUSY when there is nothing and the
 * descriptor does not block.
 */
km_status km_bus_recv(struct km_err *err, int fd, struct km_span room, struct km_bus_frame *ret);

#endif
