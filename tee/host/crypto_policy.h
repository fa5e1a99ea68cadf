/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which algorithms trusted applications may use. keymoord reads the administrator's file, hands what is forbidden to each TA's
 * processes as a property, and the runtime asks here before it makes an operation, so that no TA gets around it.
 */
#ifndef KM_CRYPTO_POLICY_H
#define KM_CRYPTO_POLICY_H

#include "common/km_bytes.h"

#define KM_CRYPTO_POLICY_MAX 8192u /* octets of a file */
/* What the host is told, as km_crypto_policy_text writes it. */
#define KM_CRYPTO_POLICY_PROPERTY "org.keymoor.crypto.forbidden"
#define KM_CRYPTO_POLICY_TEXT_MAX 512u

/* Starts as {0}: everything is allowed. */
struct km_crypto_policy {
    uint32_t forbidden; /* a bit for each name */
};

/*
 * km_crypto_policy_parse: a file: lines of `allow NAME` or `forbid NAME`, each name once; `#` begins a comment, empty lines are
 * skipped. What is not named is allowed. *ret is written only on success. KM_E_MALFORMED names the line.
 */
km_status km_crypto_policy_parse(struct km_err *err, struct km_slice text,
                                 struct km_crypto_policy *ret);
/* km_crypto_policy_text: names of what is forbidden, with commas; "none" for nothing. */
void km_crypto_policy_text(const struct km_crypto_policy *policy,
                           char ret[KM_CRYPTO_POLICY_TEXT_MAX]);
/* km_crypto_policy_from_text: the reverse; false when it is not exactly that. */
KM_MUST_USE bool km_crypto_policy_from_text(const char *text, struct km_crypto_policy *ret);

/* km_crypto_policy_name: of entry i, NULL behind the last; whether it is weak and what it stands for. Static storage. */
const char *km_crypto_policy_name(size_t i, bool *ret_is_weak, const char **ret_about);
bool km_crypto_policy_forbids(const struct km_crypto_policy *policy, size_t i);

/*
 * km_crypto_policy_allows: whether an algorithm (TEE_ALG_...) may be used with a key of that many bits: the curve's for EC, 0 for
 * the algorithm as such.
 */
bool km_crypto_policy_allows(const struct km_crypto_policy *policy, uint32_t algorithm,
                             uint32_t bits);

#endif
