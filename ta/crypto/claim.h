/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a payload package claims, and the highest version ever seen. An operation that verifies a package keeps its claim
 * until the signature is known to hold; only then is it looked at, and the version remembered: one small object for
 * each pair of key and target, whose value only grows and which nobody can delete.
 */
#ifndef KM_CRYPTO_CLAIM_H
#define KM_CRYPTO_CLAIM_H

#include "format/payload.h"
#include "ta/crypto/key.h"

struct km_claim;

struct km_claim_wish {
    const struct km_payload *payload; /* parsed from its content_head */
    struct km_payload_wish wish;
};

/*
 * km_claim_begin: feeds the content head to the digest of the operation and notes what is claimed. *ret is freed with TEE_Free.
 */
TEE_Result km_claim_begin(const struct km_key *key, const struct km_claim_wish *wish,
                          TEE_OperationHandle digest, struct km_claim **ret);
/*
 * km_claim_settle: after a good signature: KM_CRYPTO_E_TARGET, KM_CRYPTO_E_DOWNGRADE, or the version is stored by the time
 * it answers TEE_SUCCESS. The audit is told of refusals.
 */
TEE_Result km_claim_settle(const struct km_claim *claim);

#endif
