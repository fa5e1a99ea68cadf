/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PAYLOAD_NEW is told beside the package's head, and which algorithms of ours a package's signature means. Pure, for
 * both worlds, like crypto_wire.h.
 */
#ifndef KM_CRYPTO_PAYLOAD_WIRE_H
#define KM_CRYPTO_PAYLOAD_WIRE_H

#include "format/payload.h"
#include "ta/crypto/crypto_protocol.h"

#define KM_CRYPTO_PAYLOAD_WISH_MAX (16u + KM_PAYLOAD_TARGET_MAX)

/* km_payload_wish_parse: PAYLOAD_WISH of crypto_protocol.h; views into the input. */
KM_MUST_USE bool km_payload_wish_parse(struct km_slice in, struct km_payload_wish *ret);
KM_MUST_USE bool km_payload_wish_put(const struct km_payload_wish *wish, struct km_span out,
                                     size_t *ret_len);

/* The numbers of crypto_protocol.h for a package's signature. digest is of the message; sign with it is `algorithm`, in parts with `op_digest`. */
struct km_crypto_signing {
    uint32_t algorithm;
    uint32_t digest;
    uint32_t op_digest; /* what OP_NEW is told: 0 unless the algorithm leaves the digest open */
};
struct km_crypto_signing km_crypto_signing_of(const struct km_sign_alg *alg);

#endif
