/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the TLS trusted application: the one header that both worlds include.
 *
 * UUID a37f954e-303f-6d5d-b816-85157929ada2. A session opens without parameters and is one context: settings, then
 * connections. The application opens no socket: its client moves ciphertext between a descriptor and STEP. Keys and certificates
 * that are named stay where they are: signatures come from the crypto application, verdicts on certificates from the certificate
 * application.
 *
 * Every command has exactly one parameter signature, given below as four words:
 *   -    NONE               vi   VALUE_INPUT    vo   VALUE_OUTPUT
 *   mi   MEMREF_INPUT       mo   MEMREF_OUTPUT  mio  MEMREF_INOUT
 * Another signature is TEE_ERROR_BAD_PARAMETERS before anything else is looked at. Members of a value that are not named must
 * be 0. Memref outputs: size on entry is the room; on success the octets written; with TEE_ERROR_SHORT_BUFFER the octets needed.
 * Inputs are copied in before they are looked at, but for the octets that STEP moves (marked *), which are used in place, each
 * read once. Registered memory is meant for them; they must not overlap with one another.
 *
 * All structures are little-endian without padding; each is read to its last octet. `blob` means a u32 length and that many
 * octets. Names are UTF-8 without a NUL, 1 to 63 octets; where a name may be missing its blob is empty.
 *
 *   SETTINGS  u32 role, u32 lowest version, u32 highest version, u32 verify, u32 flags, blob key name, blob certificate name,
 *             blob anchor's name, blob protocols (RFC 7301, 3.1: each with its length in one octet), blob PSK identity,
 *             blob PSK
 *   STEP_IN   u32 connection, u32 flags, u32 octets of ciphertext at the beginning of IN (what follows is plaintext), two u32 0
 *   STEP_OUT  u32 state, u32 octets of ciphertext taken, u32 octets of plaintext taken, u32 failure, u32 alert
 *   INFO      u32 version, u32 is resumed, u32 alert, u32 failure, blob suite, blob group, blob protocol, blob peer's common
 *             name, blob detail of the failure
 *
 * tlsio_wire.h has a parser and a printer for each.
 */
#ifndef KM_TLSIO_PROTOCOL_H
#define KM_TLSIO_PROTOCOL_H

#define KM_TLSIO_TA_UUID                                                                           \
    {                                                                                              \
        0xa37f954e, 0x303f, 0x6d5d,                                                                \
        {                                                                                          \
            0xb8, 0x16, 0x85, 0x15, 0x79, 0x29, 0xad, 0xa2                                         \
        }                                                                                          \
    }

#define KM_TLSIO_VERSION 1u

/* ---- limits ---- */

#define KM_TLSIO_NAME_MAX 63u
#define KM_TLSIO_HOST_MAX 255u
#define KM_TLSIO_ALPN_MAX 1024u /* octets of the whole list */
#define KM_TLSIO_PSK_IDENTITY_MAX 127u
#define KM_TLSIO_PSK_MIN 16u
#define KM_TLSIO_PSK_MAX 64u
#define KM_TLSIO_KEY_PEM_MAX 16384u
#define KM_TLSIO_CHAIN_PEM_MAX 65536u
#define KM_TLSIO_CONNECTIONS_MAX 1024u
#define KM_TLSIO_RECORD_MAX 16384u
/* Ciphertext that a record of plaintext may become: header, type, tag, and room for what goes before it. */
#define KM_TLSIO_RECORD_ROOM (KM_TLSIO_RECORD_MAX + 512u)
#define KM_TLSIO_DER_MAX 65536u
/* Ciphertext that a peer may send before its handshake is complete. */
#define KM_TLSIO_HANDSHAKE_MAX 262144u

#define KM_TLSIO_SETTINGS_MAX                                                                      \
    (44u + 3u * KM_TLSIO_NAME_MAX + KM_TLSIO_ALPN_MAX + KM_TLSIO_PSK_IDENTITY_MAX +                \
     KM_TLSIO_PSK_MAX)
#define KM_TLSIO_STEP_LEN 20u
#define KM_TLSIO_SUITE_MAX 63u
#define KM_TLSIO_GROUP_MAX 31u
#define KM_TLSIO_PROTOCOL_MAX 255u
#define KM_TLSIO_PEER_MAX 255u
#define KM_TLSIO_DETAIL_MAX 95u
#define KM_TLSIO_INFO_MAX                                                                          \
    (36u + KM_TLSIO_SUITE_MAX + KM_TLSIO_GROUP_MAX + KM_TLSIO_PROTOCOL_MAX + KM_TLSIO_PEER_MAX +   \
     KM_TLSIO_DETAIL_MAX)

/* ---- numbers; roles, versions and verify are those of clrtls.h (the library asserts it) ---- */

#define KM_TLSIO_CLIENT 1u
#define KM_TLSIO_SERVER 2u
#define KM_TLSIO_VERSION_1_2 0x0303u
#define KM_TLSIO_VERSION_1_3 0x0304u
#define KM_TLSIO_VERIFY_NONE 0u
#define KM_TLSIO_VERIFY_OPTIONAL 1u
#define KM_TLSIO_VERIFY_REQUIRED 2u

/* SETTINGS, flags */
#define KM_TLSIO_RESUME 0x1u
/* STEP_IN, flags */
#define KM_TLSIO_READ 0x1u  /* give plaintext; without it only a handshake takes ciphertext */
#define KM_TLSIO_CLOSE 0x2u /* send close_notify after the plaintext */
/* STEP_OUT, state */
#define KM_TLSIO_READY 0x1u       /* the handshake is complete */
#define KM_TLSIO_PEER_CLOSED 0x2u /* the peer's close_notify came */
#define KM_TLSIO_CLOSED 0x4u      /* ours was sent */
#define KM_TLSIO_FAILED                                                                            \
    0x8u /* for good, see failure; the ciphertext that comes along is the alert */
#define KM_TLSIO_MORE 0x10u /* room was short: call again when this is moved */

/*
 * Why a connection failed: X(name, number, what the library makes of it). Expand it where the library's results are known.
 */
#define KM_TLSIO_FAILURES(X)                                                                       \
    X(NONE, 0, CLRC_SUCCESS)                                                                       \
    X(PROTOCOL, 1, CLRTLS_ERROR_PROTOCOL)                                                          \
    X(ALERT, 2, CLRTLS_ERROR_ALERT)                                                                \
    X(NO_COMMON, 3, CLRTLS_ERROR_NO_COMMON)                                                        \
    X(CERT_UNTRUSTED, 4, CLRTLS_ERROR_CERT_UNTRUSTED)                                              \
    X(CERT_NAME, 5, CLRTLS_ERROR_CERT_NAME)                                                        \
    X(CERT_EXPIRED, 6, CLRTLS_ERROR_CERT_EXPIRED)                                                  \
    X(CERT_NOT_YET_VALID, 7, CLRTLS_ERROR_CERT_NOT_YET_VALID)                                      \
    X(CERT_REVOKED, 8, CLRTLS_ERROR_CERT_REVOKED)                                                  \
    X(CERT_PURPOSE, 9, CLRTLS_ERROR_CERT_PURPOSE)                                                  \
    X(CERT_MISSING, 10, CLRTLS_ERROR_CERT_MISSING)                                                 \
    X(CERT_INVALID, 11, CLRTLS_ERROR_CERT_INVALID)                                                 \
    X(KEY_DENIED, 12, CLRC_ERROR_ACCESS_DENIED)                                                    \
    X(KEY_GONE, 13, CLRC_ERROR_KEY_GONE)                                                           \
    X(KEY_EXPIRED, 14, CLRC_ERROR_EXPIRED)                                                         \
    X(KEY_USED_UP, 15, CLRC_ERROR_USED_UP)                                                         \
    X(NO_MEMORY, 16, CLRC_ERROR_OUT_OF_MEMORY)                                                     \
    X(INTERNAL, 17, CLRC_ERROR_GENERIC)

#define KM_TLSIO_FAILURE_NAME_(name, number, result) KM_TLSIO_FAIL_##name = (number),
enum km_tlsio_failure { KM_TLSIO_FAILURES(KM_TLSIO_FAILURE_NAME_) };

/* ---- results ---- */

#define KM_TLSIO_E_BAD_NAME 0x80c90001u
#define KM_TLSIO_E_TOO_LARGE 0x80c90002u /* or too many connections */
#define KM_TLSIO_E_STALE_ID 0x80c90003u
#define KM_TLSIO_E_MISMATCH 0x80c90004u /* key and certificate do not belong together */

#define KM_TLSIO_RESULTS(X)                                                                        \
    X(KM_TLSIO_E_BAD_NAME, CLRC_ERROR_BAD_NAME)                                                    \
    X(KM_TLSIO_E_TOO_LARGE, CLRC_ERROR_TOO_LARGE)                                                  \
    X(KM_TLSIO_E_STALE_ID, CLRC_ERROR_STATE)                                                       \
    X(KM_TLSIO_E_MISMATCH, CLRC_ERROR_BAD_FORMAT)

/* Any command may also end with OUT_OF_MEMORY. */
enum km_tlsio_command {
    /* VERSION  vo(a version, b 0) - - - */
    KM_TLSIO_CMD_VERSION = 0x00,
    /* SETUP    mi(SETTINGS) mi(private key in PEM, may be empty) mi(certificates in PEM, may be empty) -
     *          once a session (BAD_STATE). Identity: key name and certificate name, key name and PEM certificates, PEM key and
     *          certificates, or none. BAD_FORMAT: SETTINGS or PEM. NOT_SUPPORTED: a key that can't sign for TLS. MISMATCH.
     *          Of a named key ITEM_NOT_FOUND, ACCESS_DENIED and what else LOAD_KEY answers */
    KM_TLSIO_CMD_SETUP = 0x01,
    /* OPEN     mi(name of the peer, empty for a server alone) vo(a connection) - -
     *          BAD_STATE: no settings. TOO_LARGE: too many. BAD_NAME */
    KM_TLSIO_CMD_OPEN = 0x10,
    /* STEP     mio(STEP_IN; STEP_OUT) mi*(IN: ciphertext, plaintext) mo*(ciphertext) mo*(plaintext)
     *          everything that the octets given allow: handshake, then plaintext to ciphertext, then, with READ, ciphertext to
     *          plaintext. Success also when the connection failed: STEP_OUT says so, and the alert is to be sent. STALE_ID */
    KM_TLSIO_CMD_STEP = 0x11,
    /* INFO     vi(a connection) mo(INFO) - -                    STALE_ID SHORT_BUFFER */
    KM_TLSIO_CMD_INFO = 0x12,
    /* PEER     vi(a connection) mo(DER) - -                     STALE_ID SHORT_BUFFER; ITEM_NOT_FOUND: it showed none */
    KM_TLSIO_CMD_PEER = 0x13,
    /* FREE     vi(a connection) - - -                           STALE_ID; sends nothing */
    KM_TLSIO_CMD_FREE = 0x14,
};

#endif
