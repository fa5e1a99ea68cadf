/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store keeps of the manifest: which one, whose, and how far its installation went. Pure, as record.h.
 *
 *   "KMM1", u32 phase, u64 sequence, u8[32] SHA-256 of the signed content, u8[32] SHA-256 of the signer's
 *   SubjectPublicKeyInfo, blob device class; little-endian
 */
#ifndef KM_CRYPTO_MANIFEST_RECORD_H
#define KM_CRYPTO_MANIFEST_RECORD_H

#include "ta/crypto/crypto_wire.h"

#define KM_MANIFEST_RECORD_MAGIC 0x314d4d4bu /* "KMM1" */
#define KM_MANIFEST_RECORD_MAX (84u + KM_CRYPTO_NAME_MAX)
#define KM_MANIFEST_DIGEST_LEN 32u

struct km_manifest_record {
    uint32_t phase; /* enum km_crypto_manifest_phase, never NONE */
    uint64_t sequence;
    uint8_t digest[KM_MANIFEST_DIGEST_LEN];
    uint8_t signer[KM_MANIFEST_DIGEST_LEN];
    struct km_crypto_name device_class;
};

KM_MUST_USE bool km_manifest_record_parse(struct km_slice in, struct km_manifest_record *ret);
KM_MUST_USE bool km_manifest_record_put(const struct km_manifest_record *record, struct km_span out,
                                        size_t *ret_len);

#endif
