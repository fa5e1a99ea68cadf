/* SPDX-License-Identifier: Apache-2.0 */
/* How often opaque objects were opened: counts in the store that no command can take back. */
#ifndef KM_CRYPTO_OPENS_H
#define KM_CRYPTO_OPENS_H

#include "ta/crypto/ta.h"

/*
 * km_opens_take: counts one opening of the object that this signer calls object_id, at most max in all; committed when it
 * returns. USED_UP. Signers have counts of their own, so that nobody can use up somebody else's.
 */
TEE_Result km_opens_take(struct km_slice object_id, const uint8_t signer[32], uint64_t max,
                         uint64_t *ret_left);

#endif
