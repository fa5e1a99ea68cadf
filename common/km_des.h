/* SPDX-License-Identifier: Apache-2.0 */
/* The form of triple DES keys: 16 or 24 octets, parts of eight. Nothing here encrypts. */
#ifndef KM_DES_H
#define KM_DES_H

#include "common/km_bytes.h"

#define KM_DES_PART_LEN 8u

/* km_des_set_parity: sets the lowest bit of each octet so that its number of ones is odd (FIPS 46-3). */
void km_des_set_parity(struct km_span key);
/* km_des_has_parity: whether each octet has an odd number of ones. Takes as long whatever the octets are. */
KM_MUST_USE bool km_des_has_parity(struct km_slice key);
/*
 * km_des_parts_differ: whether no two parts are alike, parity aside. With two alike triple DES is DES, or is less than was asked for
 * (SP 800-67, 3.1). key: whole parts.
 */
KM_MUST_USE bool km_des_parts_differ(struct km_slice key);

#endif
