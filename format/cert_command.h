/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate commands (docs/formats.md, "Certificate command"): what the owner of the command key tells the certificate
 * application. A named-certificate STP file is one of them, with the operation updateNamed.
 *
 *   CommandContent ::= SEQUENCE { kind, formatVersion, signatureAlgorithm,
 *       operation ENUMERATED,
 *       sequence  [0] IMPLICIT INTEGER (1..2^63-1) OPTIONAL,
 *       device    [1] IMPLICIT OCTET STRING (SIZE (32)) OPTIONAL,
 *       name      [2] IMPLICIT UTF8String (SIZE (1..63)) OPTIONAL,    -- none that ends in "_csr"
 *       time      [3] IMPLICIT INTEGER (1..2^63-1) OPTIONAL,
 *       body      OCTET STRING (SIZE (0..65536)) }
 *
 * Which fields an operation has: the table in cert_command.c; others must be missing. Strict DER; pure functions:
 * nothing here checks a signature.
 */
#ifndef KM_FORMAT_CERT_COMMAND_H
#define KM_FORMAT_CERT_COMMAND_H

#include "format/envelope.h"

#define KM_CERT_COMMAND_KIND "keymoor-certificate-command"
#define KM_CERT_COMMAND_DEVICE_LEN 32u
#define KM_CERT_COMMAND_NAME_MAX 63u
#define KM_CERT_COMMAND_BODY_MAX 65536u
#define KM_CERT_COMMAND_NUMBER_MAX ((uint64_t)INT64_MAX)       /* of sequence and time */
#define KM_CERT_COMMAND_MAX (KM_CERT_COMMAND_BODY_MAX + 2048u) /* octets of a whole command */

enum km_cert_operation {
    KM_CERT_ADD_AUTHORITY = 1,    /* body: Certificate */
    KM_CERT_UPDATE_AUTHORITY = 2, /* body: Certificate */
    KM_CERT_DELETE_AUTHORITY = 3, /* body: Certificate */
    KM_CERT_ADD_REVOCATION = 4,   /* body: Certificate */
    KM_CERT_ADD_CRL = 5,          /* body: CertificateList (RFC 5280, 5) */
    KM_CERT_UPDATE_NAMED = 6,     /* name; body: Certificate */
    KM_CERT_NUMBERS_ONLY =
        7, /* no body: from now on only commands with a sequence; must have one itself */
    KM_CERT_SET_TIME = 8, /* time, seconds since 1970; no body; must have a sequence and a device */
};

/* Views, valid as long as the input. A field that is 0 or empty is not there. */
struct km_cert_command {
    enum km_cert_operation operation;
    uint64_t sequence;
    struct km_slice device; /* SHA-256 of the SubjectPublicKeyInfo of the OEM device key */
    struct km_slice name;   /* of a provisioned certificate */
    uint64_t time;
    struct km_slice body;
};

/* Which fields an operation has. */
enum km_cert_field { KM_CERT_FIELD_NONE = 0, KM_CERT_FIELD_MAY, KM_CERT_FIELD_MUST };

/* A row of the table of operations. */
struct km_cert_operation_info {
    const char *name; /* as factory/make_certificate_command.sh writes it, e.g. "addAuthority" */
    enum km_cert_operation operation;
    enum km_cert_field sequence, device, named, time, body;
};

/* km_cert_operation_find: by number, or NULL. km_cert_operation_by_name: by name, or NULL. */
const struct km_cert_operation_info *km_cert_operation_find(uint64_t operation);
const struct km_cert_operation_info *km_cert_operation_by_name(const char *name);

/*
 * km_cert_command_fits: whether it has all fields that its operation needs and no other, each within its limits; what the parser
 * asks too.
 */
KM_MUST_USE bool km_cert_command_fits(const struct km_cert_command *command);
/* km_cert_command_parse: the body of an envelope of this kind, to its last octet; false: malformed, or fields that the operation does not have. */
KM_MUST_USE bool km_cert_command_parse(struct km_rd body, struct km_cert_command *ret);
/* km_cert_command_content: the whole content element, which is what gets signed; km_envelope_put makes the package. */
void km_cert_command_content(struct km_wr *wr, const struct km_sign_alg *alg,
                             const struct km_cert_command *command);

#endif
