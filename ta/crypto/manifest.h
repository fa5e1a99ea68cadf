/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest: what the OEM gives a class of devices, opened here. Keys go to this application's store, certificates
 * to the certificate application. Rules are docs/formats.md's, "Manifest".
 */
#ifndef KM_CRYPTO_MANIFEST_H
#define KM_CRYPTO_MANIFEST_H

#include "ta/crypto/manifest_record.h"
#include "ta/crypto/session.h"

/* Whom the first manifest is believed to come from. */
struct km_manifest_trust {
    struct km_slice root; /* the OEM root certificate in DER; may be empty */
    bool first;           /* whoever signed it, when there is no root */
};

/*
 * km_manifest_install: checks and installs a package; results as MANIFEST_INSTALL has them. The package lies in
 * memory that the client can't reach. When it is interrupted, the same package again ends it.
 */
TEE_Result km_manifest_install(struct km_session *session, struct km_slice package,
                               const struct km_manifest_trust *trust, bool *ret_is_new);
/* km_manifest_state: the record; ITEM_NOT_FOUND when there was no manifest yet. */
TEE_Result km_manifest_state(struct km_manifest_record *ret);
/* km_manifest_settled: BAD_STATE while a manifest is installed in part. */
TEE_Result km_manifest_settled(void);
/* km_manifest_is_paired: whether this is the name of a public key that belongs to a certificate. */
bool km_manifest_is_paired(struct km_slice name);
/*
 * km_manifest_lock: keeps every manifest out, and provisioning as long as there was none, until the object is closed. BAD_STATE: one
 * is installed in part. Returns owned.
 */
TEE_Result km_manifest_lock(TEE_ObjectHandle *ret_object);
/*
 * km_manifest_class_key: keeps the private key in DER as the class key, or makes one when it is empty. Returns owned; EXISTS: there
 * is another one. BAD_STATE: sealed, and there is none.
 */
TEE_Result km_manifest_class_key(struct km_session *session, struct km_slice der,
                                 struct km_key **ret_key);

#endif
