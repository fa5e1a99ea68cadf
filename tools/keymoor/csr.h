/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#10 requests (RFC 2986) for a key in the service. */
#ifndef KEYMOOR_CSR_H
#define KEYMOOR_CSR_H

#include "clrc.h"
#include "common/km_bytes.h"

#define CSR_MAX 4096u

/*
 * csr_make: a request for the key with this subject ("/CN=door 7/O=Example"), signed in the service
 * with the digest that fits the key's size. Writes DER to der; *ret_length its octets.
 */
ClrcResult csr_make(ClrcKeyHandle key, const char *subject, struct km_span der,
                    uint32_t *ret_length);

#endif
