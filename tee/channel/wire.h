/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between a client and keymoord on the listening SEQPACKET socket. docs/channel.md has
 * every byte. The socket opens and ends sessions; calls go through the lane and never come here.
 *
 * A message: u32le magic, u16le type, u16le zero, u32le serial (echoed in the answer), then the
 * body, all integers little-endian; at most KM_WIRE_MAX octets.
 */
#ifndef KM_WIRE_H
#define KM_WIRE_H

#include "common/km_bytes.h"
#include "common/km_uuid.h"

#define KM_WIRE_MAGIC 0x31434d4bu /* "KMC1" */
#define KM_WIRE_MAX 4096u
#define KM_WIRE_HEADER_LEN 12u

enum km_wire_type {
    /* OPEN: uuid[16], u32 login method, u32 login data (gid), u64 group.
     * Sessions of one process with the same group (not 0) may share instances of a TA that permits it.
     * Answer OPENED: u32 TEE result, u32 origin; on success u64 session id and descriptors: the
     * lane's memory, the lane's socket, and where instances are shared the bell. The TA's own opening runs as the lane's first call. */
    KM_WIRE_OPEN = 1,
    KM_WIRE_OPENED = 2,
    /* STATUS: no body. Answer: u32 length and UTF-8 JSON text. */
    KM_WIRE_STATUS = 3,
    KM_WIRE_STATUS_IS = 4,
    /* AUDIT: u32 how many of the last records (at most what fits), and optionally u32 how many of the
     * newest to leave out, to go back page by page; admin only. Answer as STATUS_IS, JSON lines. */
    KM_WIRE_AUDIT = 5,
    KM_WIRE_AUDIT_IS = 6,
    /* ERROR: u32 TEE result, u32 origin, u32 length and one sentence. */
    KM_WIRE_ERROR = 7,
};

struct km_wire_header {
    uint16_t type;
    uint32_t serial;
};

struct km_wire_open {
    struct km_uuid ta;
    uint32_t login_method;
    uint32_t login_data;
    uint64_t group;
};

struct km_wire_opened {
    uint32_t result;
    uint32_t origin;
    uint64_t session;
};

/* text: a view of the message. */
struct km_wire_error {
    uint32_t result;
    uint32_t origin;
    struct km_slice text;
};

/* Pure parsers and printers; a parser leaves its outputs alone when it answers false. */
KM_MUST_USE bool km_wire_header_parse(struct km_rd *rd, struct km_wire_header *ret);
void km_wire_header_put(struct km_wr *wr, const struct km_wire_header *header);
KM_MUST_USE bool km_wire_open_parse(struct km_rd *rd, struct km_wire_open *ret);
void km_wire_open_put(struct km_wr *wr, const struct km_wire_open *msg);
KM_MUST_USE bool km_wire_opened_parse(struct km_rd *rd, struct km_wire_opened *ret);
void km_wire_opened_put(struct km_wr *wr, const struct km_wire_opened *msg);
KM_MUST_USE bool km_wire_error_parse(struct km_rd *rd, struct km_wire_error *ret);
void km_wire_error_put(struct km_wr *wr, const struct km_wire_error *msg);
KM_MUST_USE bool km_wire_text_parse(struct km_rd *rd, struct km_slice *ret);
void km_wire_text_put(struct km_wr *wr, struct km_slice text);

#endif
