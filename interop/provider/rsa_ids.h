/* SPDX-License-Identifier: Apache-2.0 */
/* Algorithm identifiers of RSA in DER (RFC 8017, appendix A; RFC 4055), and what an RSA-PSS key is bound to. */
#ifndef KM_PROVIDER_RSA_IDS_H
#define KM_PROVIDER_RSA_IDS_H

#include "interop/provider/provider.h"

/* What pss=... of a URI means; digest NULL: any. */
struct rsa_pss_bounds {
    const char *digest; /* of message and MGF1 */
    int digest_len;     /* and the shortest salt */
};
const struct rsa_pss_bounds *rsa_pss_bounds(enum km_door_pss pss);
/* rsa_pss_by_digest: KM_DOOR_PSS_NONE when keys can't be bound to this one. */
enum km_door_pss rsa_pss_by_digest(const char *name);

/* rsa_ids_put_pkcs1: PKCS#1 v1.5 with a SHA-1 or SHA-2 digest of this length; false when there is none. */
bool rsa_ids_put_pkcs1(struct km_wr *wr, size_t digest_len);
/* rsa_ids_put_pss: PSS with this digest for message and MGF1. */
bool rsa_ids_put_pss(struct km_wr *wr, size_t digest_len, uint64_t salt_len);
/* rsa_ids_put_spki: the public key as one for PSS alone. */
void rsa_ids_put_spki(struct km_wr *wr, enum km_door_pss pss, struct km_slice n, struct km_slice e);

#endif
