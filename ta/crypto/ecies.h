/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what was sealed to a key of this device (docs/formats.md, "Sealed"). */
#ifndef KM_CRYPTO_ECIES_H
#define KM_CRYPTO_ECIES_H

#include "format/sealed.h"
#include "ta/crypto/key.h"

/* Octets in memory of this application, wiped when freed. All zero is none. */
struct km_plain {
    uint8_t *at;
    size_t len;
};
/* km_plain_clear: for KM_AUTO. */
void km_plain_clear(struct km_plain *plain);

/*
 * km_ecies_open: device is an EC key pair with the usage DERIVE; a use of it is counted once it is known that the octets are for it.
 * NOT_SUPPORTED: no such key, or a cipher or MAC that this service does not offer; OTHER_DEVICE: sealed for another key;
 * BAD_FORMAT: a point that is not on the curve, or lengths that can't be; MAC_INVALID: changed on the way, before anything is
 * decrypted; and what km_key_permits answers. ret is the caller's to clear.
 */
TEE_Result km_ecies_open(struct km_key *device, const struct km_sealed *sealed,
                         struct km_plain *ret);
/* km_pack_cipher_alg: KM_CRYPTO_AES_... of a package's cipher. */
uint32_t km_pack_cipher_alg(enum km_pack_cipher cipher);

#endif
