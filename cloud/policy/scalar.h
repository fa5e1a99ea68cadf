/* SPDX-License-Identifier: Apache-2.0 */
/* Values that conditions compare otherwise than as text: numbers, dates, addresses. Pure. */
#ifndef KM_CLOUD_POLICY_SCALAR_H
#define KM_CLOUD_POLICY_SCALAR_H

#include "common/km_bytes.h"

/* whole + billionths / 10^9, billionths from 0 to 999999999 */
struct km_number {
    int64_t whole;
    int32_t billionths;
};

/* km_number_parse: [-]digits[.digits], at most 18 before and 9 behind the point. */
KM_MUST_USE bool km_number_parse(struct km_slice text, struct km_number *ret);
/*
 * km_date_parse: seconds since 1970 from an ISO 8601 date as W3C profiles it (YYYY, YYYY-MM, YYYY-MM-DD, or that with Thh:mm[:ss[.s]]
 * and Z or +hh:mm or -hh:mm), or from a number of seconds, which four digits are not: they are a year.
 */
KM_MUST_USE bool km_date_parse(struct km_slice text, struct km_number *ret);
/* km_number_compare: below 0, 0 or above 0, as a is less than, equal to or greater than b. */
int km_number_compare(struct km_number a, struct km_number b);

struct km_network {
    bool is_v6;
    uint8_t octet[16]; /* four of them for IPv4 */
    unsigned n_bits;
};

/*
 * km_network_parse: an address, or one with /bits. What is written as IPv4 inside IPv6 (::ffff:192.0.2.1) is IPv4, as servers that
 * listen for both have it.
 */
KM_MUST_USE bool km_network_parse(struct km_slice text, struct km_network *ret);
/* km_network_holds: whether address, which is one without /bits, lies in the network. */
KM_MUST_USE bool km_network_holds(const struct km_network *network,
                                  const struct km_network *address);

#endif
