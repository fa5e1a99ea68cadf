/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line between keymoord and the processes of a trusted application: one message a packet on a
 * SEQPACKET pair. Neither side trusts what the other sends further than its parser.
 *
 * A message: u16le type, u16le zero, u32le serial, then the fields of its type in the order that
 * the table in control.c gives; integers little-endian, texts as u32le length and octets. The
 * descriptors that travel beside it are named at each type.
 */
#ifndef KM_CONTROL_H
#define KM_CONTROL_H

#include "common/km_bytes.h"
#include "common/km_uuid.h"

#define KM_CTL_MAX 32768u
#define KM_CTL_TEXT_MAX 1024u
#define KM_CTL_NAME_MAX 256u
#define KM_CTL_PROPERTIES_MAX 24576u /* encoded */
#define KM_CTL_KEY_LEN 32u
#define KM_CTL_FD 3 /* where a template finds its line */

enum km_ctl_type {
    /* keymoord to the template. SETUP: uuid, mask = confinements demanded, flags, count = heap,
     * key of nothing; properties. Descriptors: the ELF, the store's directory. */
    KM_CTL_SETUP = 1,
    /* SPAWN: id of the new instance. Descriptor: its end of a line of its own. */
    KM_CTL_SPAWN = 2,

    /* The template to keymoord. READY: mask = confinements in force. FAILED: code = km_status,
     * text; the sender ends. SPAWNED: id, code = pid. REAPED: id, code = wait status. */
    KM_CTL_READY = 10,
    KM_CTL_FAILED = 11,
    KM_CTL_SPAWNED = 12,
    KM_CTL_REAPED = 13,

    /* keymoord to an instance. START: flags, count = anchor, key of the store; with SHARED the
     * lanes' bell. LANE: session, client; descriptors: the lane's memory and socket.
     * LEAVE: all its sessions are closed and no more will come; nothing else does after it but answers. */
    KM_CTL_START = 20,
    KM_CTL_LANE = 21,
    /* Answers, with the serial of the question. TEXT_IS: code = km_status, text. SESSION_IS:
     * code = TEE result, id = origin; on success the lane's memory and socket. ADVANCED: code = km_status. */
    KM_CTL_TEXT_IS = 22,
    KM_CTL_SESSION_IS = 23,
    KM_CTL_ADVANCED = 24,
    KM_CTL_LEAVE = 25,

    /* An instance to keymoord. STARTED: it was created; mask = confinements in force. CLOSED: session.
     * PANIC: session (0: in none), code, text = what was misused; AUDIT: session, name = operation, text = subject, code = TEE result. */
    KM_CTL_STARTED = 30,
    KM_CTL_VERIFIED = 31, /* count = objects in the store; the sender ends */
    KM_CTL_CLOSED = 32,
    KM_CTL_PANIC = 33,
    KM_CTL_AUDIT = 34,
    /* Questions. TEXT: session, name. SESSION: uuid of the other TA. ADVANCE: count. */
    KM_CTL_TEXT = 35,
    KM_CTL_SESSION = 36,
    KM_CTL_ADVANCE = 37,
};

/* flags */
#define KM_CTL_VERIFY 0x1u  /* START: verify the store, report and end */
#define KM_CTL_ANCHOR 0x2u  /* START: the root has a counter, its value is count */
#define KM_CTL_MULTI 0x8u   /* SETUP: more than one lane may come */
#define KM_CTL_CREATE 0x10u /* START: there need not be a store yet */
#define KM_CTL_SHARED 0x20u /* START: for lanes of one client process */

/* What an instance serves at once. */
#define KM_CTL_SESSIONS_MAX 64

/*
 * km_ctl_advance_fits: whether an instance may have the root's counter raised from now to wanted. It counts its
 * store's commits and asks long before KM_CTL_ADVANCE_MAX of them: who wants more would wear the counter out, or use it
 * up.
 */
#define KM_CTL_ADVANCE_MAX 1024u
bool km_ctl_advance_fits(uint64_t now, uint64_t wanted);

/* Who is at the other end of a lane. */
struct km_ctl_client {
    uint32_t login;
    struct km_uuid uuid;
    uint32_t uid, gid, pid;
    uint32_t is_admin; /* 0 or 1 */
};

struct km_ctl_msg {
    uint16_t type;
    uint32_t serial;
    uint32_t id;
    uint32_t code;
    uint32_t mask;
    uint32_t flags;
    uint64_t session;
    uint64_t count;
    struct km_uuid uuid;
    struct km_ctl_client client;
    struct km_slice name;       /* UTF-8, at most KM_CTL_NAME_MAX */
    struct km_slice text;       /* UTF-8, at most KM_CTL_TEXT_MAX */
    struct km_slice key;        /* nothing or KM_CTL_KEY_LEN octets; a secret */
    struct km_slice properties; /* pairs as km_ctl_property_next reads them */
};

/* km_ctl_parse: a whole message; *ret views `in` and is written only on success. A pure function. */
KM_MUST_USE bool km_ctl_parse(struct km_slice in, struct km_ctl_msg *ret);
/* km_ctl_put: prints it; print(parse(x)) is x. Fields that its type does not have are left out. */
void km_ctl_put(struct km_wr *wr, const struct km_ctl_msg *msg);
/* km_ctl_n_fds: how many descriptors a message of this type carries when its code says success. */
size_t km_ctl_n_fds(const struct km_ctl_msg *msg);

/* Properties in a SETUP: which set ('a' of the TA, 'e' of the service), name, value. */
void km_ctl_property_put(struct km_wr *wr, char set, struct km_slice name, struct km_slice value);
KM_MUST_USE bool km_ctl_property_next(struct km_rd *rd, char *ret_set, struct km_slice *ret_name,
                                      struct km_slice *ret_value);

/* km_ctl_send: prints and sends in one step, wiping what it printed. Errors as km_sock_send. */
km_status km_ctl_send(struct km_err *err, int sock, const struct km_ctl_msg *msg, const int *fds,
                      size_t n_fds);
/*
 * km_ctl_recv: one message into buf, checked to be well-formed and to carry the descriptors of its
 * type (the caller's to close). *ret_msg views buf. Errors as km_sock_recv.
 */
km_status km_ctl_recv(struct km_err *err, int sock, struct km_span buf, struct km_ctl_msg *ret_msg,
                      int ret_fds[2]);

#endif
