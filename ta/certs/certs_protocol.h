/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the certificate trusted application: the one header that both worlds include.
 *
 * UUID 222a521c-62cb-0653-bce5-dd727660faf0. A session opens without parameters and keeps nothing.
 *
 * Every command has exactly one parameter signature, given below as four words:
 *   -    NONE               vo   VALUE_OUTPUT    vio  VALUE_INOUT    vi  VALUE_INPUT
 *   mi   MEMREF_INPUT       mo   MEMREF_OUTPUT
 * Another signature is TEE_ERROR_BAD_PARAMETERS before anything else is looked at. Members of a value
 * that are not named must be 0. Memref outputs: size on entry is the room; on success the octets
 * written; with TEE_ERROR_SHORT_BUFFER the octets needed. Nothing else is written on a failure.
 *
 * Names are UTF-8 without a NUL, 1 to KM_CERTS_NAME_MAX octets (otherwise BAD_NAME). Integers in
 * octets are little-endian; `blob` means a u32 length and that many octets.
 *
 *   LIST   entry after entry: blob name, u32 octets of its DER
 *
 *   CHAIN  blob after blob: DER of a certificate; the one to verify first, then what its sender adds
 *          (at most KM_CERTS_CHAIN_MAX in all)
 *   WISH   u32 purpose (enum km_certs_purpose), u32 flags (0), blob host (a DNS name or an address as text; empty: any),
 *          blob anchor (name of the only provisioned certificate to trust; empty: all authorities)
 *
 *   ENTRIES  of the Certificate Store, entry after entry: u32 kind (enum km_certs_entry_kind), 32 octets SHA-256 of the DER
 *          (revoked: of the revoked certificate), u32 octets of the DER (revoked: 0), blob subject (of a list: its issuer; RFC
 *          2253 text, at most KM_CERTS_SUBJECT_MAX octets)
 *
 * Two trusted applications take part in installing a manifest: the crypto application opens it and hands its
 * certificates over here, in a session of its own.
 *
 * Stored is a Certificate (RFC 5280, 4.1) or a CertificationRequest (RFC 2986, 4.2), each strict DER
 * to its last octet. A name that ends in "_csr" holds a request, any other a certificate. What is
 * inside is not judged here: trust is decided where a certificate is used.
 */
#ifndef KM_CERTS_PROTOCOL_H
#define KM_CERTS_PROTOCOL_H

#define KM_CERTS_TA_UUID                                                                           \
    {                                                                                              \
        0x222a521c, 0x62cb, 0x0653,                                                                \
        {                                                                                          \
            0xbc, 0xe5, 0xdd, 0x72, 0x76, 0x60, 0xfa, 0xf0                                         \
        }                                                                                          \
    }

#define KM_CERTS_VERSION 1u

#define KM_CERTS_NAME_MAX 63u
#define KM_CERTS_DER_MAX 8192u
#define KM_CERTS_LIST_MAX 4096u /* room for one page of a LIST */
#define KM_CERTS_CHAIN_MAX 10u
#define KM_CERTS_CHAIN_LEN_MAX 65536u
#define KM_CERTS_HOST_MAX 255u
#define KM_CERTS_ENTRY_MAX (8u + KM_CERTS_NAME_MAX)
#define KM_CERTS_DIGEST_LEN 32u
#define KM_CERTS_SUBJECT_MAX 255u
#define KM_CERTS_CRL_MAX 65536u
#define KM_CERTS_STORE_ENTRY_MAX (12u + KM_CERTS_DIGEST_LEN + KM_CERTS_SUBJECT_MAX)

#define KM_CERTS_E_BAD_NAME 0x80c80001u
#define KM_CERTS_E_TOO_LARGE 0x80c80002u
#define KM_CERTS_E_SIGNATURE 0x80c80010u    /* not by the command key */
#define KM_CERTS_E_REPLAYED 0x80c80011u     /* the sequence is not above the last */
#define KM_CERTS_E_NUMBER 0x80c80012u       /* no sequence, where one is needed */
#define KM_CERTS_E_OTHER_DEVICE 0x80c80013u /* bound to another device */
#define KM_CERTS_E_REVOKED 0x80c80014u      /* adding a revoked certificate */
#define KM_CERTS_E_EXISTS 0x80c80015u       /* added or revoked already */
#define KM_CERTS_E_LOCKOUT                                                                         \
    0x80c80016u /* a command certificate that can't verify commands, or revoking the one that does */
#define KM_CERTS_E_KEY_MISMATCH 0x80c80017u /* a device certificate for another key */
#define KM_CERTS_E_ROLLBACK 0x80c80018u     /* a revocation list older than the stored one */
#define KM_CERTS_E_NOT_AUTHORITY                                                                   \
    0x80c80019u /* no certificate of an authority, where one is needed */

/* What the certificate is to be good for. */
enum km_certs_purpose {
    KM_CERTS_PURPOSE_ANY = 0,
    KM_CERTS_PURPOSE_TLS_SERVER = 1,
    KM_CERTS_PURPOSE_TLS_CLIENT = 2,
};

/* What VERIFY finds; anything but GOOD means: don't trust it. */
enum km_certs_verdict {
    KM_CERTS_GOOD = 0,
    KM_CERTS_MALFORMED =
        1, /* not a certificate, or with what is not understood in a critical extension */
    KM_CERTS_UNTRUSTED = 2,     /* no path to a known authority */
    KM_CERTS_BAD_SIGNATURE = 3, /* or a key too weak */
    KM_CERTS_NOT_YET_VALID = 4,
    KM_CERTS_EXPIRED = 5,
    KM_CERTS_REVOKED = 6,
    KM_CERTS_CRL_STALE = 7, /* its issuer's revocation list is past nextUpdate, or can't be used */
    KM_CERTS_NOT_AUTHORITY = 8, /* an issuer is no authority, or too deep */
    KM_CERTS_NAME_CONSTRAINT = 9,
    KM_CERTS_WRONG_PURPOSE = 10, /* key usage or extended key usage */
    KM_CERTS_WRONG_HOST = 11,
    KM_CERTS_CLOCK =
        12, /* good, but the clock was set back behind what was seen before: not trusted until it is right again */
};

/* What an entry of the Certificate Store is. */
enum km_certs_entry_kind {
    KM_CERTS_ENTRY_AUTHORITY = 1,
    KM_CERTS_ENTRY_CERTIFICATE = 2, /* of no authority */
    KM_CERTS_ENTRY_REVOKED = 3,     /* one certificate */
    KM_CERTS_ENTRY_CRL = 4,         /* an issuer's CertificateList */
};

/*
 * The results of this application that a command may end with, beside GlobalPlatform's: X(what the TA answers, what the library
 * makes of it).
 */
#define KM_CERTS_RESULTS(X)                                                                        \
    X(KM_CERTS_E_BAD_NAME, CLRC_ERROR_BAD_NAME)                                                    \
    X(KM_CERTS_E_TOO_LARGE, CLRC_ERROR_TOO_LARGE)                                                  \
    X(KM_CERTS_E_SIGNATURE, CLRC_ERROR_SIGNATURE)                                                  \
    X(KM_CERTS_E_REPLAYED, CLRC_ERROR_REPLAYED)                                                    \
    X(KM_CERTS_E_NUMBER, CLRC_ERROR_NUMBER)                                                        \
    X(KM_CERTS_E_OTHER_DEVICE, CLRC_ERROR_OTHER_DEVICE)                                            \
    X(KM_CERTS_E_REVOKED, CLRC_ERROR_REVOKED)                                                      \
    X(KM_CERTS_E_EXISTS, CLRC_ERROR_EXISTS)                                                        \
    X(KM_CERTS_E_LOCKOUT, CLRC_ERROR_LOCKOUT)                                                      \
    X(KM_CERTS_E_KEY_MISMATCH, CLRC_ERROR_KEY_MISMATCH)                                            \
    X(KM_CERTS_E_ROLLBACK, CLRC_ERROR_ROLLBACK)                                                    \
    X(KM_CERTS_E_NOT_AUTHORITY, CLRC_ERROR_NOT_AUTHORITY)

/* Any command may also end with OUT_OF_MEMORY, ACCESS_CONFLICT, CORRUPT_OBJECT or STORAGE_NOT_AVAILABLE. */
enum km_certs_command {
    /* VERSION           vo(a version, b 0) - - - */
    KM_CERTS_CMD_VERSION = 0x00,
    /* GET               mi(name) mo(DER) - -          ITEM_NOT_FOUND SHORT_BUFFER */
    KM_CERTS_CMD_GET = 0x01,
    /* LIST              vio(a cursor) mo(LIST) - -
     *                   cursor 0 begins; the answer's cursor goes into the next call, until it is 0.
     *                   SHORT_BUFFER: not even one entry fits */
    KM_CERTS_CMD_LIST = 0x02,
    /* STORAGE_STATE     mo(24 octets: u64 commits to the store so far, 16 octets that name the last one) - - -
     *                   anybody; the same twice: nothing has changed in between. SHORT_BUFFER NOT_SUPPORTED */
    KM_CERTS_CMD_STORAGE_STATE = 0x03,
    /* VERIFY            mi(CHAIN) mi(WISH) vo(a enum km_certs_verdict, b depth at which it was found) -
     *                   anybody. ITEM_NOT_FOUND: no such anchor. BAD_FORMAT: CHAIN or WISH */
    KM_CERTS_CMD_VERIFY = 0x10,
    /* COMMAND           mi(signed command, format/cert_command.h) vo(a enum km_cert_operation, b 0) - -
     *                   anybody may hand one in; updateNamed: administrator only (ACCESS_DENIED).
     *                   Checked in this order: TOO_LARGE, BAD_FORMAT, NOT_SUPPORTED (version, or a weak algorithm), SIGNATURE,
     *                   OTHER_DEVICE, NUMBER, REPLAYED, then the operation: REVOKED EXISTS LOCKOUT KEY_MISMATCH ROLLBACK
     *                   NOT_AUTHORITY ITEM_NOT_FOUND BAD_FORMAT STORAGE_NO_SPACE. Nothing has changed after any of them */
    KM_CERTS_CMD_COMMAND = 0x20,
    /* CRL               mi(CertificateList, DER) - - -
     *                   administrator: a list that a known authority signed needs no command.
     *                   BAD_FORMAT SIGNATURE ROLLBACK NOT_AUTHORITY NOT_SUPPORTED TOO_LARGE STORAGE_NO_SPACE */
    KM_CERTS_CMD_CRL = 0x21,
    /* SEQUENCE          vo(a low, b high 32 bits of the last sequence) vo(a 1 when unnumbered commands are obeyed) - -
     *                   anybody */
    KM_CERTS_CMD_SEQUENCE = 0x22,
    /* STORE_LIST        vio(a cursor) mo(ENTRIES) - -     as LIST */
    KM_CERTS_CMD_STORE_LIST = 0x23,
    /* STORE_GET         mi(32 octets SHA-256 of the DER) mo(DER) - -     ITEM_NOT_FOUND SHORT_BUFFER */
    KM_CERTS_CMD_STORE_GET = 0x24,
    /* PROVISION         mi(name) mi(DER) - -
     *                   administrator, until sealed (BAD_STATE afterwards); replaces what is there.
     *                   BAD_FORMAT TOO_LARGE STORAGE_NO_SPACE */
    KM_CERTS_CMD_PROVISION = 0x70,
    /* PROVISION_SEAL    - - - -                       administrator; for good. Again: TEE_SUCCESS */
    KM_CERTS_CMD_PROVISION_SEAL = 0x71,
    /* PROVISION_STATE   vo(a 1 when sealed) - - - */
    KM_CERTS_CMD_PROVISION_STATE = 0x72,
    /* PROVISION_NUMBERS vi(a 1: unnumbered commands are obeyed, 0: not) - - -
     *                   administrator, until sealed (BAD_STATE afterwards). At first they are not */
    KM_CERTS_CMD_PROVISION_NUMBERS = 0x73,
    /* MANIFEST_PUT      mi(name) mi(DER) - -
     *                   the crypto application alone (ACCESS_DENIED), sealed or not; replaces what is there. BAD_NAME: a
     *                   request's name. BAD_FORMAT TOO_LARGE STORAGE_NO_SPACE */
    KM_CERTS_CMD_MANIFEST_PUT = 0x90,
};

#endif
