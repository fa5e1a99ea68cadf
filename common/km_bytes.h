/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reader and one writer for every wire format: frames, DER, TLV, packages.
 *
 * Reader: each read answers whether it could; when it could not, nothing moved and no output was
 * written. A message is finished with km_rd_done, so trailing bytes are noticed. Writer: fixed
 * capacity, remembers an overflow, and is asked once, at km_wr_finish. Neither allocates.
 */
#ifndef KM_BYTES_H
#define KM_BYTES_H

#include "common/km_status.h"

/* A view of bytes that somebody else owns. */
struct km_slice {
    const uint8_t *ptr;
    size_t len;
};
/* A view of bytes that may be written. */
struct km_span {
    uint8_t *ptr;
    size_t len;
};

#define KM_SLICE(p, n) ((struct km_slice){.ptr = (const uint8_t *)(p), .len = (n)})
#define KM_SLICE_STR(s) ((struct km_slice){.ptr = (const uint8_t *)(s), .len = strlen(s)})
#define KM_SPAN(p, n) ((struct km_span){.ptr = (uint8_t *)(p), .len = (n)})

#define KM_RD_DEPTH 16 /* how deep nested parts may go */

struct km_rd {
    const uint8_t *pos;
    const uint8_t *end;
    unsigned depth; /* levels that may still be entered */
};

struct km_rd km_rd_init(struct km_slice in);
size_t km_rd_left(const struct km_rd *rd);
KM_MUST_USE bool km_rd_u8(struct km_rd *rd, uint8_t *ret);
KM_MUST_USE bool km_rd_u16le(struct km_rd *rd, uint16_t *ret);
KM_MUST_USE bool km_rd_u32le(struct km_rd *rd, uint32_t *ret);
KM_MUST_USE bool km_rd_u64le(struct km_rd *rd, uint64_t *ret);
KM_MUST_USE bool km_rd_u16be(struct km_rd *rd, uint16_t *ret);
KM_MUST_USE bool km_rd_u32be(struct km_rd *rd, uint32_t *ret);
KM_MUST_USE bool km_rd_u64be(struct km_rd *rd, uint64_t *ret);
/* km_rd_bytes: returns a view of the next len bytes, valid as long as the input. */
KM_MUST_USE bool km_rd_bytes(struct km_rd *rd, size_t len, struct km_slice *ret);
/* km_rd_copy: copies exactly len bytes to dst. */
KM_MUST_USE bool km_rd_copy(struct km_rd *rd, void *dst, size_t len);
/* km_rd_sub: a reader over the next len bytes, one level deeper. */
KM_MUST_USE bool km_rd_sub(struct km_rd *rd, size_t len, struct km_rd *ret);
/* km_rd_blob32le: a u32le length followed by that many bytes, at most max. */
KM_MUST_USE bool km_rd_blob32le(struct km_rd *rd, size_t max, struct km_slice *ret);
/* km_rd_done: true when every byte was read. */
KM_MUST_USE bool km_rd_done(const struct km_rd *rd);

struct km_wr {
    uint8_t *buf;
    size_t cap;
    size_t len;
    bool overflow;
};

struct km_wr km_wr_init(void *buf, size_t cap);
void km_wr_u8(struct km_wr *wr, uint8_t v);
void km_wr_u16le(struct km_wr *wr, uint16_t v);
void km_wr_u32le(struct km_wr *wr, uint32_t v);
void km_wr_u64le(struct km_wr *wr, uint64_t v);
void km_wr_u16be(struct km_wr *wr, uint16_t v);
void km_wr_u32be(struct km_wr *wr, uint32_t v);
void km_wr_u64be(struct km_wr *wr, uint64_t v);
void km_wr_bytes(struct km_wr *wr, struct km_slice bytes);
void km_wr_blob32le(struct km_wr *wr, struct km_slice bytes);
/* km_wr_insert: shifts what stands from `at` on and puts bytes there (lengths known late). */
void km_wr_insert(struct km_wr *wr, size_t at, struct km_slice bytes);
/* km_wr_finish: false when anything did not fit; *ret views the buffer. */
KM_MUST_USE bool km_wr_finish(const struct km_wr *wr, struct km_slice *ret);

/* km_copy: memcpy that aborts rather than run past cap (our own bug, never a peer's). */
void km_copy(void *dst, size_t cap, const void *src, size_t len);
/* km_slice_equal: not for secrets. */
bool km_slice_equal(struct km_slice a, struct km_slice b);
/* km_utf8_valid: strict UTF-8 (no overlong forms, surrogates or NUL). */
KM_MUST_USE bool km_utf8_valid(struct km_slice text);
/* km_hex: lower-case hex of bytes with a final NUL; cap must be at least 2 * len + 1. */
void km_hex(struct km_slice bytes, char *ret, size_t cap);
/* km_unhex: the reverse; exact length or false. */
KM_MUST_USE bool km_unhex(const char *text, uint8_t *ret, size_t len);

#endif
