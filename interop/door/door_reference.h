/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key reference files: a PEM file that stands where a program wants a private key file and holds
 * nothing but a clrc URI. The format is in docs/formats.md, "Key reference".
 *
 *   KeyReference ::= SEQUENCE {
 *       marker  UTF8String,   -- "Keymoor key reference"
 *       version INTEGER,      -- 1
 *       uri     UTF8String }  -- 1 to 4096 octets
 */
#ifndef KM_DOOR_REFERENCE_H
#define KM_DOOR_REFERENCE_H

#include "common/km_bytes.h"

#define KM_DOOR_REFERENCE_LABEL "KEYMOOR KEY REFERENCE"
#define KM_DOOR_REFERENCE_MARKER "Keymoor key reference"
#define KM_DOOR_REFERENCE_MAX 4352u /* octets of DER */

/* km_door_reference_looks_so: whether DER starts as a key reference does; pure, cheap. */
bool km_door_reference_looks_so(struct km_slice der);
/* km_door_reference_parse: *ret_uri is a view into der. KM_E_MALFORMED or KM_E_UNSUPPORTED (version). */
km_status km_door_reference_parse(struct km_err *err, struct km_slice der,
                                  struct km_slice *ret_uri);
/* km_door_reference_write: the reference to a URI, in DER; KM_DOOR_REFERENCE_MAX octets always suffice. */
void km_door_reference_write(struct km_wr *wr, struct km_slice uri);
/*
 * km_door_reference_from_pem: the first block with our label in a text. KM_E_NOTFOUND when there is
 * none, KM_E_MALFORMED when it is damaged, KM_E_LIMIT when der is too small.
 */
km_status km_door_reference_from_pem(struct km_err *err, struct km_slice text, struct km_span der,
                                     size_t *ret_len);

#endif
