/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of keymoor-fleet share: one row of the production run, and what is made of it. */
#ifndef KM_FLEET_H
#define KM_FLEET_H

#include <openssl/evp.h>

#include "common/km_bytes.h"
#include "factory/fleet/csv.h"
#include "format/envelope.h"
#include "format/sealed.h"

#define KM_FLEET_PACKAGE_MAX 262144u
#define KM_FLEET_SPKI_MAX 1024u

/* Who signs: a key in a file, in a PKCS#11 token, or in Keymoor. */
struct km_fleet_signer;
/*
 * km_fleet_signer_open: where is a file (PEM or DER), "pkcs11:..." (RFC 7512, with module-path unless p11-kit knows the
 * token's module, and pin-source=file:...) or "clrc:NAME". modules: where the provider for the latter lies, NULL for
 * OpenSSL's default. digest: "sha256", ... or NULL for as strong as the key. Returns owned.
 */
km_status km_fleet_signer_open(struct km_err *err, const char *where, const char *digest,
                               const char *modules, struct km_fleet_signer **ret);
void km_fleet_signer_free(struct km_fleet_signer *signer);
const struct km_sign_alg *km_fleet_signer_alg(const struct km_fleet_signer *signer);
/* km_fleet_signer_spki: its public half; a view, valid as long as the signer. */
struct km_slice km_fleet_signer_spki(const struct km_fleet_signer *signer);
km_status km_fleet_sign(struct km_err *err, struct km_fleet_signer *signer, struct km_slice content,
                        uint8_t ret[KM_ENVELOPE_SIGNATURE_MAX], size_t *ret_len);

/* How packages are sealed, and libcrypto's objects for it, fetched once. */
struct km_fleet_seal;
km_status km_fleet_seal_new(struct km_err *err, const char *cipher, const char *mac,
                            struct km_fleet_seal **ret);
void km_fleet_seal_free(struct km_fleet_seal *seal);
/* What is drawn by lot for one sealing. */
struct km_fleet_lot {
    struct km_slice z;         /* the shared secret */
    struct km_slice ephemeral; /* SubjectPublicKeyInfo */
    struct km_slice random;
};
/* km_fleet_sealed_put: writes a Sealed element for the holder of this public key. */
km_status km_fleet_sealed_put(struct km_err *err, struct km_fleet_seal *seal, EVP_PKEY *recipient,
                              struct km_slice plain, struct km_wr *wr);
/* km_fleet_sealed_put_with: the same with a given lot; recipient is its SubjectPublicKeyInfo. For proofs. */
km_status km_fleet_sealed_put_with(struct km_err *err, struct km_fleet_seal *seal,
                                   struct km_slice recipient, const struct km_fleet_lot *lot,
                                   struct km_slice plain, struct km_wr *wr);

/* km_fleet_public_key: a public key from a file, PEM or DER. Returns owned. */
km_status km_fleet_public_key(struct km_err *err, const char *path, EVP_PKEY **ret);
/* km_fleet_private_key: the same for a private one. */
km_status km_fleet_private_key(struct km_err *err, const char *path, EVP_PKEY **ret);
/* km_fleet_certificate: DER of the certificate in a file, PEM or DER; free with OPENSSL_free. */
km_status km_fleet_certificate(struct km_err *err, const char *path, uint8_t **ret_der,
                               size_t *ret_len);
/* km_fleet_crl: the same for a certificate revocation list. */
km_status km_fleet_crl(struct km_err *err, const char *path, uint8_t **ret_der, size_t *ret_len);
/* km_fleet_spki: SubjectPublicKeyInfo, uncompressed and with a named curve, into buf. */
km_status km_fleet_spki(struct km_err *err, EVP_PKEY *key, struct km_span buf,
                        struct km_slice *ret);

/* One row. All strings are the row's, "" where a column is empty or missing. */
struct km_fleet_job {
    uint32_t line;
    uint8_t digest[32]; /* SHA-256 of the row: what the journal knows it by */
#define KM_FLEET_COLUMNS(X)                                                                        \
    X(device)                                                                                      \
    X(device_key)                                                                                  \
    X(make)                                                                                        \
    X(name)                                                                                        \
    X(type)                                                                                        \
    X(key)                                                                                         \
    X(rules)                                                                                       \
    X(public_out)                                                                                  \
    X(object)                                                                                      \
    X(device_class)                                                                                \
    X(sequence)                                                                                    \
    X(update)                                                                                      \
    X(certificates)                                                                                \
    X(keys)                                                                                        \
    X(operation)                                                                                   \
    X(certificate)                                                                                 \
    X(time)                                                                                        \
    X(output)
#define KM_FLEET_FIELD(name) const char *name;
    KM_FLEET_COLUMNS(KM_FLEET_FIELD)
#undef KM_FLEET_FIELD
};

/* What every row is made with. */
struct km_fleet {
    struct km_fleet_signer *signer;
    struct km_fleet_seal *seal;
    const char *oem_root; /* certificate file, NULL unless manifests are made */
};

/* Made octets; public_spki is that of a key that was generated, empty otherwise. */
struct km_fleet_made {
    uint8_t octets[KM_FLEET_PACKAGE_MAX];
    struct km_slice package;
    uint8_t spki[KM_FLEET_SPKI_MAX];
    struct km_slice public_spki;
};
/* km_fleet_make: the package of a row; err has the sentence for who wrote the row. */
km_status km_fleet_make(struct km_err *err, const struct km_fleet *fleet,
                        const struct km_fleet_job *job, struct km_fleet_made *ret);
/* km_fleet_manifest: the manifest's part of it. */
km_status km_fleet_manifest(struct km_err *err, const struct km_fleet *fleet,
                            const struct km_fleet_job *job, struct km_fleet_made *ret);
/* km_fleet_command: the certificate command's. */
km_status km_fleet_command(struct km_err *err, const struct km_fleet *fleet,
                           const struct km_fleet_job *job, struct km_fleet_made *ret);
/* km_fleet_package_put: content between begin and end of an envelope, signed, as ret->package. */
km_status km_fleet_package(struct km_err *err, const struct km_fleet *fleet,
                           struct km_slice content, struct km_fleet_made *ret);

#endif
