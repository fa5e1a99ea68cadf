/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds that several rooms keep to: who decides over a text and who stores it have the same. */
#ifndef KM_CLOUD_LIMITS_H
#define KM_CLOUD_LIMITS_H

#define KM_CERTIFICATE_ID_LEN 64      /* lower-case hex of SHA-256 over the DER */
#define KM_PAYLOAD_OCTETS_MAX 131072u /* of one message */
#define KM_POLICY_OCTETS_MAX 65536u   /* of a policy document, white space included */
#define KM_RULE_SQL_MAX 65536         /* octets of a statement, or of a text with ${...} */
#define KM_SHA256_LEN 32              /* octets */
#define KM_SHADOW_KEEP_S (48 * 3600)  /* how long a deleted shadow's version is remembered */
#define KM_SHADOW_NAME_MAX 64         /* [$A-Za-z0-9:_-]; empty: the classic one */
#define KM_THING_NAME_MAX 128         /* [A-Za-z0-9:_-]; types and groups the same */

#endif
