/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrsc: certificates in the trusted service: the provisioned ones by name, and the Certificate Store: authorities, certificates
 * and revocations that the owner of the OEM command key manages, against which certificates are verified.
 *
 * The same conventions as clrc.h: outputs only on success, lengths as room in and octets out, a
 * NULL buffer with room 0 asks for the length. Results are ClrcResult codes. Thread-safe.
 */
#ifndef CLRSC_H
#define CLRSC_H

#include "clrc.h"
#include "clrsc_ta_commands.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLRSC_CERTIFICATE_MAX 8192u /* octets of DER */
#define CLRSC_CRL_MAX 65536u        /* octets of DER */
#define CLRSC_COMMAND_MAX 67584u    /* octets of a signed command */
#define CLRSC_SIGNATURE_MAX 1024u   /* octets of its signature */
#define CLRSC_CHAIN_MAX 10u         /* certificates in one verification */
#define CLRSC_CHAIN_LENGTH_MAX 65536u
#define CLRSC_HOST_MAX 255u
#define CLRSC_DIGEST_LENGTH 32u
#define CLRSC_SUBJECT_MAX 255u

/* clrscLastError: what the calling thread's last failed call of this library attempted; valid until its next call. */
CLRC_API const char *clrscLastError(void);
/* clrscSetSocket: where keymoord listens, instead of $KEYMOOR_SOCKET or the default; before the first call. */
CLRC_API ClrcResult clrscSetSocket(const char *path);

/* ---- provisioned certificates ---- */

/* clrscGetNamedCertificate: DER of a provisioned certificate or certificate signing request. */
CLRC_API ClrcResult clrscGetNamedCertificate(const char *name, uint8_t *der, uint32_t *length);
/* clrscListNamedCertificates: calls seen once per name until it answers 0. */
CLRC_API ClrcResult clrscListNamedCertificates(int (*seen)(void *arg, const char *name,
                                                           uint32_t length),
                                               void *arg);
/* clrscStorageState: clrcStorageState of the store of certificates. */
CLRC_API ClrcResult clrscStorageState(ClrcStorageState *state);
/*
 * clrscProvisionCertificate: stores DER under a name, replacing what is there; administrator only, until
 * clrscProvisionSeal (CLRC_ERROR_STATE). CLRC_ERROR_BAD_FORMAT unless it is a certificate, or a certificate signing
 * request where the name ends in "_csr".
 */
CLRC_API ClrcResult clrscProvisionCertificate(const char *name, const uint8_t *der,
                                              uint32_t length);
/*
 * clrscProvisionNumbers: whether this device obeys commands without a sequence (not 0), which can be repeated by whoever kept
 * one; at first it does not. Administrator only, until clrscProvisionSeal (CLRC_ERROR_STATE).
 */
CLRC_API ClrcResult clrscProvisionNumbers(int unnumbered);
/* clrscProvisionSeal: ends the provisioning of certificates for good; that of keys is clrcProvisionSeal. */
CLRC_API ClrcResult clrscProvisionSeal(void);

/* ---- signed commands (docs/formats.md, "Certificate command") ---- */

typedef enum ClrscOperation {
    CLRSC_ADD_AUTHORITY = 1,
    CLRSC_UPDATE_AUTHORITY = 2,
    CLRSC_DELETE_AUTHORITY = 3,
    CLRSC_ADD_REVOCATION = 4,
    CLRSC_ADD_CRL = 5,
    CLRSC_UPDATE_NAMED = 6,
    CLRSC_NUMBERS_ONLY = 7,
    CLRSC_SET_TIME = 8,
} ClrscOperation;

/*
 * The next six hand a whole signed command to the service, which checks and obeys it. Anybody may hand one in, but for updateNamed: administrator
 * only (CLRC_ERROR_ACCESS_DENIED). After any refusal nothing has changed:
 *   BAD_PARAMETERS        a command with another operation than the function's
 *   TOO_LARGE, BAD_FORMAT not a command, or what it brings is not what it should be
 *   NOT_SUPPORTED         another format version, or an algorithm below SHA-256
 *   STATE                 this device has no command certificate, or (updateNamed) a manifest is installed in part
 *   SIGNATURE             not signed by the key of the OEM command certificate
 *   OTHER_DEVICE          bound to another device
 *   NUMBER, REPLAYED      without a sequence where one is needed; the sequence is not above the last
 * and as the function says. A command is never repeated by itself: after CLRC_ERROR_SERVICE_DIED clrscCommandState tells whether a
 * numbered one was obeyed.
 */
/* clrscAddCertificateAuthority: CLRC_ERROR_EXISTS (one with this subject and key is there), _REVOKED. */
CLRC_API ClrcResult clrscAddCertificateAuthority(const uint8_t *command, uint32_t length);
/*
 * clrscUpdateCertificateAuthority: takes the place of the certificate with the same subject and key, or is added. A certificate of no
 * authority may be stored so, too; no other is trusted for its sake. CLRC_ERROR_REVOKED.
 */
CLRC_API ClrcResult clrscUpdateCertificateAuthority(const uint8_t *command, uint32_t length);
/* clrscDeleteCertificateAuthority: what it issued no longer verifies. CLRC_ERROR_NOT_FOUND. */
CLRC_API ClrcResult clrscDeleteCertificateAuthority(const uint8_t *command, uint32_t length);
/*
 * clrscAddCertificateRevocation: this certificate no longer verifies. One of an authority is refused itself, while what it issued still
 * verifies: for that, delete it. CLRC_ERROR_EXISTS; _LOCKOUT: the command certificate, which can only be replaced.
 */
CLRC_API ClrcResult clrscAddCertificateRevocation(const uint8_t *command, uint32_t length);
/*
 * clrscUpdateNamedCertificate: an STP file: replaces a provisioned certificate, and the public key that it carries in the key store. Of a device
 * certificate only the certificate is replaced, and it has to be for the device's key (CLRC_ERROR_KEY_MISMATCH).
 * CLRC_ERROR_NOT_FOUND (no such name), _LOCKOUT (a command certificate after which no command could be verified).
 */
CLRC_API ClrcResult clrscUpdateNamedCertificate(const uint8_t *command, uint32_t length);
/* clrscRunCommand: a command with any operation; it is set in *operation unless that is NULL. */
CLRC_API ClrcResult clrscRunCommand(const uint8_t *command, uint32_t length,
                                    ClrscOperation *operation);

/*
 * clrscAddCrl: a CertificateList in DER, signed by a known authority; it replaces an older one of the same issuer. Administrator only, no command
 * needed. CLRC_ERROR_SIGNATURE, _NOT_AUTHORITY (its issuer is not known), _ROLLBACK (older than the stored one), _NOT_SUPPORTED
 * (indirect, delta, or with a critical extension that is not understood).
 */
CLRC_API ClrcResult clrscAddCrl(const uint8_t *crl, uint32_t length);

/* clrscCommandState: the last sequence that was obeyed (0: none yet), and whether commands without one are obeyed. Either may be NULL. */
CLRC_API ClrcResult clrscCommandState(uint64_t *sequence, int *unnumbered);

/* ---- making commands: needs no service; the caller's key signs ---- */

typedef enum ClrscSignature {
    CLRSC_ECDSA_SHA256 = 1, /* DER, as openssl writes it */
    CLRSC_ECDSA_SHA384,
    CLRSC_ECDSA_SHA512,
    CLRSC_RSA_SHA256, /* PKCS#1 v1.5 */
    CLRSC_RSA_SHA384,
    CLRSC_RSA_SHA512,
} ClrscSignature;

typedef struct ClrscCommand {
    ClrscOperation operation;
    ClrscSignature signature; /* who signs, and over which digest */
    uint64_t sequence;        /* 0: none */
    const uint8_t *
        device; /* CLRSC_DIGEST_LENGTH octets: SHA-256 of the SubjectPublicKeyInfo of the OEM device key. NULL: any device */
    const char *name;    /* of the provisioned certificate, for CLRSC_UPDATE_NAMED; else NULL */
    uint64_t time;       /* seconds since 1970, for CLRSC_SET_TIME; else 0 */
    const uint8_t *body; /* DER of the certificate or revocation list; else NULL */
    uint32_t body_length;
} ClrscCommand;

/*
 * clrscCommandPrepare: the content of a command: what has to be signed, digest and all, as *command says. CLRC_ERROR_BAD_PARAMETERS: a
 * field that the operation does not have, or lacks, or that is out of bounds.
 */
CLRC_API ClrcResult clrscCommandPrepare(const ClrscCommand *command, uint8_t *content,
                                        uint32_t *length);
/* clrscCommandFinish: the signed command. CLRC_ERROR_BAD_FORMAT: content is not from clrscCommandPrepare. The signature is not checked. */
CLRC_API ClrcResult clrscCommandFinish(const uint8_t *content, uint32_t content_length,
                                       const uint8_t *signature, uint32_t signature_length,
                                       uint8_t *package, uint32_t *length);

/* ---- verification ---- */

typedef enum ClrscPurpose {
    CLRSC_PURPOSE_ANY = 0,
    CLRSC_PURPOSE_TLS_SERVER = 1,
    CLRSC_PURPOSE_TLS_CLIENT = 2,
} ClrscPurpose;

typedef enum ClrscVerdict {
    CLRSC_GOOD = 0, /* anything else: don't trust it */
    CLRSC_MALFORMED = 1,
    CLRSC_UNTRUSTED = 2, /* no path to a known authority */
    CLRSC_BAD_SIGNATURE = 3,
    CLRSC_NOT_YET_VALID = 4,
    CLRSC_EXPIRED = 5,
    CLRSC_REVOKED = 6,
    CLRSC_CRL_STALE = 7, /* its issuer's revocation list is past its day, or can't be used */
    CLRSC_NOT_AUTHORITY = 8,
    CLRSC_NAME_CONSTRAINT = 9,
    CLRSC_WRONG_PURPOSE = 10,
    CLRSC_WRONG_HOST = 11,
    CLRSC_CLOCK =
        12, /* good, but the device's clock was set back: not trusted until it is right again */
} ClrscVerdict;

typedef struct ClrscCertificate {
    const uint8_t *der;
    uint32_t length;
} ClrscCertificate;

typedef struct ClrscVerifyWish {
    ClrscPurpose purpose;
    const char *host; /* a DNS name, or an address as text, that it has to be for; NULL: any */
    const char *
        anchor; /* name of the only provisioned certificate to trust; NULL: all known authorities */
} ClrscVerifyWish;

/*
 * clrscVerifyCertificate: whether chain[0] can be trusted now; the others, n - 1 of them in any order, are what its sender adds to lead to an authority.
 * wish NULL: for anything. *depth (may be NULL) is the place in the path, 0 for chain[0], where the fault was found. CLRC_SUCCESS
 * says that there is a verdict, not that it is a good one; with any other result *verdict is CLRSC_UNTRUSTED, so that it alone may be looked at.
 * CLRC_ERROR_NOT_FOUND: no such anchor. CLRC_ERROR_TOO_LARGE: see the limits above.
 */
CLRC_API ClrcResult clrscVerifyCertificate(const ClrscCertificate *chain, uint32_t n,
                                           const ClrscVerifyWish *wish, ClrscVerdict *verdict,
                                           uint32_t *depth);
/* clrscVerdictText: a short sentence; static storage, never NULL. */
CLRC_API const char *clrscVerdictText(ClrscVerdict verdict);

/* ---- what is in the Certificate Store ---- */

typedef enum ClrscEntryKind {
    CLRSC_ENTRY_AUTHORITY = 1,
    CLRSC_ENTRY_CERTIFICATE = 2, /* of no authority */
    CLRSC_ENTRY_REVOKED = 3,
    CLRSC_ENTRY_CRL = 4,
} ClrscEntryKind;

typedef struct ClrscEntry {
    ClrscEntryKind kind;
    uint8_t digest
        [CLRSC_DIGEST_LENGTH]; /* SHA-256 of its DER; CLRSC_ENTRY_REVOKED: of the revoked certificate */
    uint32_t length;           /* octets of DER; CLRSC_ENTRY_REVOKED: 0 */
    char subject[CLRSC_SUBJECT_MAX + 1]; /* RFC 2253; CLRSC_ENTRY_CRL: the issuer */
} ClrscEntry;

/* clrscListCertificates: calls seen once per entry until it answers 0. */
CLRC_API ClrcResult clrscListCertificates(int (*seen)(void *arg, const ClrscEntry *entry),
                                          void *arg);
/* clrscGetCertificate: DER of an entry of the Certificate Store. CLRC_ERROR_NOT_FOUND. */
CLRC_API ClrcResult clrscGetCertificate(const uint8_t digest[CLRSC_DIGEST_LENGTH], uint8_t *der,
                                        uint32_t *length);

#ifdef __cplusplus
}
#endif

#endif
