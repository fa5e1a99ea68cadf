/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict DER (ITU-T X.690) on the one reader and writer: definite minimal lengths, minimal
 * integers, low tag numbers only; everything else is refused.
 */
#ifndef KM_DER_H
#define KM_DER_H

#include "common/km_bytes.h"

#define KM_DER_BOOLEAN 0x01u
#define KM_DER_INTEGER 0x02u
#define KM_DER_BIT_STRING 0x03u
#define KM_DER_OCTET_STRING 0x04u
#define KM_DER_NULL 0x05u
#define KM_DER_OID 0x06u
#define KM_DER_ENUMERATED 0x0au
#define KM_DER_UTF8_STRING 0x0cu
#define KM_DER_SEQUENCE 0x30u
#define KM_DER_SET 0x31u
#define KM_DER_PRINTABLE_STRING 0x13u
#define KM_DER_IA5_STRING 0x16u
#define KM_DER_UTC_TIME 0x17u
#define KM_DER_GENERALIZED_TIME 0x18u
#define KM_DER_CONTEXT(n) (0xa0u | (n))      /* constructed [n] */
#define KM_DER_CONTEXT_PRIM(n) (0x80u | (n)) /* primitive [n] */

/* km_der_peek: the next tag without moving; false at the end. */
KM_MUST_USE bool km_der_peek(const struct km_rd *rd, uint8_t *ret_tag);
/* km_der_enter: reads a header with this tag and gives a reader over its contents, one level deeper. */
KM_MUST_USE bool km_der_enter(struct km_rd *rd, uint8_t tag, struct km_rd *ret_inner);
/* km_der_any: reads any element; contents and whole element (header included) as views. */
KM_MUST_USE bool km_der_any(struct km_rd *rd, uint8_t *ret_tag, struct km_slice *ret_contents,
                            struct km_slice *ret_whole);
/*
 * km_der_header: tag and length alone, for elements whose contents do not lie in memory as a whole: lengths up to 2^64 - 1,
 * which the caller has to hold against what follows.
 */
KM_MUST_USE bool km_der_header(struct km_rd *rd, uint8_t tag, uint64_t *ret_len);
/* km_der_bytes: contents of one primitive element with this tag. */
KM_MUST_USE bool km_der_bytes(struct km_rd *rd, uint8_t tag, struct km_slice *ret);
/* km_der_u64: a non-negative INTEGER (or ENUMERATED by tag) below 2^64. */
KM_MUST_USE bool km_der_u64(struct km_rd *rd, uint8_t tag, uint64_t *ret);
/* km_der_uint: a non-negative INTEGER's magnitude, big-endian, no leading zero (0 is one zero byte). */
KM_MUST_USE bool km_der_uint(struct km_rd *rd, struct km_slice *ret);
KM_MUST_USE bool km_der_bool(struct km_rd *rd, bool *ret);
KM_MUST_USE bool km_der_null(struct km_rd *rd);
/* km_der_bit_string: whole octets only (no unused bits). */
KM_MUST_USE bool km_der_bit_string(struct km_rd *rd, struct km_slice *ret);
/* km_der_utf8: a UTF8String of at most max octets, checked to be UTF-8. */
KM_MUST_USE bool km_der_utf8(struct km_rd *rd, size_t max, struct km_slice *ret);
/* km_der_oid_is: reads an OID; true only when its contents are exactly these octets. */
KM_MUST_USE bool km_der_oid_is(struct km_rd *rd, struct km_slice contents);

/* km_der_put_header: the counterpart of km_der_header. */
void km_der_put_header(struct km_wr *wr, uint8_t tag, uint64_t len);
/* km_der_begin/km_der_end: everything written between becomes the contents of `tag`. */
size_t km_der_begin(struct km_wr *wr, uint8_t tag);
void km_der_end(struct km_wr *wr, size_t mark);
void km_der_put(struct km_wr *wr, uint8_t tag, struct km_slice contents);
void km_der_put_u64(struct km_wr *wr, uint8_t tag, uint64_t v);
/* km_der_put_uint: magnitude big-endian, leading zeros dropped, sign octet added when needed. */
void km_der_put_uint(struct km_wr *wr, struct km_slice magnitude);
void km_der_put_bool(struct km_wr *wr, bool v);
void km_der_put_null(struct km_wr *wr);
void km_der_put_bit_string(struct km_wr *wr, struct km_slice octets);

/*
 * ECDSA signatures: DER SEQUENCE of two INTEGERs <-> r and s side by side, coord_len octets each
 * (IEEE P1363, what GlobalPlatform uses). false when it does not fit or is not strict DER.
 */
KM_MUST_USE bool km_der_ecdsa_to_raw(struct km_slice der, size_t coord_len, uint8_t *ret_raw);
KM_MUST_USE bool km_der_ecdsa_from_raw(struct km_slice raw, struct km_span out, size_t *ret_len);

#endif
