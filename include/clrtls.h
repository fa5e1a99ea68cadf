/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrtls: TLS inside the trusted service. Handshake, keys and session secrets stay in a confined instance; this library
 * only carries ciphertext between it and a file descriptor.
 *
 * A context is one instance with its settings; connections of a context share it. The conventions are those of clrc.h:
 * ClrcResult codes, outputs only on success, lengths as room in and octets out. Contexts and connections belong to one
 * thread at a time (different ones to different threads), except clrtlsCancel. After fork a child has none of them.
 */
#ifndef CLRTLS_H
#define CLRTLS_H

#include "clrc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Results beside those of clrc.h. */
#define CLRTLS_ERROR_WANT_READ                                                                     \
    0xffff0301u /* not an error: wait until the descriptor is readable (clrtlsEvents) */
#define CLRTLS_ERROR_WANT_WRITE 0xffff0302u /* not an error: wait until it is writable */
#define CLRTLS_ERROR_CLOSED 0xffff0303u /* the peer closed the connection properly (close_notify) */
#define CLRTLS_ERROR_TRUNCATED 0xffff0304u /* the stream ended without close_notify */
#define CLRTLS_ERROR_TIMEOUT 0xffff0305u
#define CLRTLS_ERROR_IO 0xffff0306u       /* the descriptor failed; errno tells */
#define CLRTLS_ERROR_PROTOCOL 0xffff0307u /* the peer does not speak TLS as it should */
#define CLRTLS_ERROR_ALERT 0xffff0308u /* the peer refused with an alert (clrtlsInfo tells which) */
#define CLRTLS_ERROR_NO_COMMON 0xffff0309u /* no version, suite, group or protocol in common */
#define CLRTLS_ERROR_CERT_UNTRUSTED                                                                \
    0xffff0310u                            /* no known authority issued the peer's certificate */
#define CLRTLS_ERROR_CERT_NAME 0xffff0311u /* it is for another host */
#define CLRTLS_ERROR_CERT_EXPIRED 0xffff0312u
#define CLRTLS_ERROR_CERT_NOT_YET_VALID 0xffff0313u
#define CLRTLS_ERROR_CERT_REVOKED 0xffff0314u
#define CLRTLS_ERROR_CERT_PURPOSE                                                                  \
    0xffff0315u /* key usage, basic or name constraints do not allow it */
#define CLRTLS_ERROR_CERT_MISSING 0xffff0316u /* the peer shows none, and one is required */
#define CLRTLS_ERROR_CERT_INVALID 0xffff0317u /* malformed or badly signed, or its CRL is stale */
#define CLRTLS_ERROR_UNRESOLVED 0xffff0318u   /* the host name has no address */
#define CLRTLS_ERROR_REFUSED 0xffff0319u      /* nobody listens there */

typedef struct ClrtlsContext ClrtlsContext;
typedef struct ClrtlsConnection ClrtlsConnection;

#define CLRTLS_CLIENT 1u
#define CLRTLS_SERVER 2u

#define CLRTLS_VERSION_1_2 0x0303u
#define CLRTLS_VERSION_1_3 0x0304u

/* clrtlsSetVerify. The client's default is REQUIRED, the server's NONE. */
#define CLRTLS_VERIFY_NONE 0u     /* server: asks for no certificate. A client can't have it */
#define CLRTLS_VERIFY_OPTIONAL 1u /* server: a certificate that is shown must be good */
#define CLRTLS_VERIFY_REQUIRED 2u

#define CLRTLS_CONNECTIONS_MAX 1024u /* of one context */
#define CLRTLS_RECORD_MAX 16384u     /* octets of plaintext in one record */

/* clrtlsLastError: what the calling thread's last failed call of this library attempted; valid until its next call. */
CLRC_API const char *clrtlsLastError(void);
/* clrtlsSetSocket: where keymoord listens, instead of $KEYMOOR_SOCKET or the default; before the first call. */
CLRC_API ClrcResult clrtlsSetSocket(const char *path);

/* clrtlsContextNew: role CLRTLS_CLIENT or CLRTLS_SERVER. Returns owned. */
CLRC_API ClrcResult clrtlsContextNew(uint32_t role, ClrtlsContext **ret_context);
/* clrtlsContextFree: with all its connections; descriptors stay the caller's. */
CLRC_API void clrtlsContextFree(ClrtlsContext *context);

/* Settings: before the first connection of a context (CLRC_ERROR_STATE afterwards). All copy their arguments. */

/* clrtlsSetIdentity: a key of the key store and the provisioned certificate that goes with it, by their names. The key stays where it is. */
CLRC_API ClrcResult clrtlsSetIdentity(ClrtlsContext *context, const char *key_name,
                                      const char *cert_name);
/* clrtlsSetIdentityChain: a stored key with certificates from outside: PEM, the key's own certificate first. */
CLRC_API ClrcResult clrtlsSetIdentityChain(ClrtlsContext *context, const char *key_name,
                                           const char *pem, uint32_t length);
/* clrtlsSetIdentityPem: key (PKCS#8 or SEC1/PKCS#1, not encrypted) and certificates as PEM from outside. */
CLRC_API ClrcResult clrtlsSetIdentityPem(ClrtlsContext *context, const char *key_pem,
                                         uint32_t key_length, const char *cert_pem,
                                         uint32_t cert_length);
/* clrtlsSetPsk: identity and a key of 16 to 64 octets; PSK and ECDHE-PSK suites of TLS 1.2, external PSK of 1.3. */
CLRC_API ClrcResult clrtlsSetPsk(ClrtlsContext *context, const char *identity, const uint8_t *psk,
                                 uint32_t length);
/* clrtlsSetAuthority: trust this one provisioned certificate (by name) instead of all that the certificate application knows. */
CLRC_API ClrcResult clrtlsSetAuthority(ClrtlsContext *context, const char *cert_name);
/* clrtlsSetAlpn: n protocol names in order of preference (RFC 7301), each 1 to 255 octets. */
CLRC_API ClrcResult clrtlsSetAlpn(ClrtlsContext *context, const char *const *protocols, uint32_t n);
CLRC_API ClrcResult clrtlsSetVersions(ClrtlsContext *context, uint32_t min, uint32_t max);
CLRC_API ClrcResult clrtlsSetVerify(ClrtlsContext *context, uint32_t verify);
/* clrtlsSetResumption: on (1, default) or off (0). Tickets and session keys never leave the instance. */
CLRC_API ClrcResult clrtlsSetResumption(ClrtlsContext *context, uint32_t on);

/*
 * clrtlsConnectionNew: a connection over descriptors that are already connected; fd_in and fd_out may be the same. Borrows
 * them until clrtlsConnectionFree. Blocking descriptors make blocking calls, non-blocking ones answer WANT_READ/WANT_WRITE.
 * server_name (client): host name or address that the peer's certificate must have; required for a client.
 */
CLRC_API ClrcResult clrtlsConnectionNew(ClrtlsContext *context, int fd_in, int fd_out,
                                        const char *server_name, ClrtlsConnection **ret_connection);
/* clrtlsConnect: resolves, connects and shakes hands within timeout_ms (0: no limit); the descriptor is the connection's. Blocking. */
CLRC_API ClrcResult clrtlsConnect(ClrtlsContext *context, const char *host, const char *port,
                                  uint32_t timeout_ms, ClrtlsConnection **ret_connection);
/* clrtlsConnectionFree: without close_notify (clrtlsShutdown sends it). Accepts NULL. */
CLRC_API void clrtlsConnectionFree(ClrtlsConnection *connection);
/* clrtlsSetTimeout: of each blocking call; 0: none. CLRTLS_ERROR_TIMEOUT leaves the connection as it is. */
CLRC_API ClrcResult clrtlsSetTimeout(ClrtlsConnection *connection, uint32_t timeout_ms);
/* clrtlsCancel: from another thread or a signal handler: a blocking call answers CLRC_ERROR_CANCELLED soon, now or when it comes. */
CLRC_API ClrcResult clrtlsCancel(ClrtlsConnection *connection);

CLRC_API ClrcResult clrtlsHandshake(ClrtlsConnection *connection);
/* clrtlsRead: at least one octet, at most *length. Shakes hands first when that was not done. */
CLRC_API ClrcResult clrtlsRead(ClrtlsConnection *connection, void *buf, uint32_t *length);
/*
 * clrtlsWrite: blocking: all of *length. Non-blocking: *length becomes what was taken (1 or more); what the peer's
 * window does not take at once is kept and sent by the next call (clrtlsEvents shows POLLOUT meanwhile). After
 * CLRTLS_ERROR_TIMEOUT and CLRC_ERROR_CANCELLED *length says what was taken, too; the rest is to be written again.
 */
CLRC_API ClrcResult clrtlsWrite(ClrtlsConnection *connection, const void *buf, uint32_t *length);
/* clrtlsShutdown: sends close_notify; reading goes on until the peer's. */
CLRC_API ClrcResult clrtlsShutdown(ClrtlsConnection *connection);
/* clrtlsFd: the descriptor that is read. */
CLRC_API int clrtlsFd(const ClrtlsConnection *connection);
/* clrtlsEvents: what to poll for now: POLLIN, POLLOUT, both. */
CLRC_API short clrtlsEvents(const ClrtlsConnection *connection);
/* clrtlsPending: whether a read gives something without the descriptor becoming readable. */
CLRC_API int clrtlsPending(const ClrtlsConnection *connection);

struct ClrtlsInfo {
    uint32_t version;    /* CLRTLS_VERSION_... */
    char suite[64];      /* IANA's name */
    char group[32];      /* of the key exchange, "" without one */
    char alpn[256];      /* "" when none was agreed */
    char peer_name[256]; /* common name of the peer's certificate, "" without one */
    uint32_t is_resumed;
    uint32_t alert; /* of the peer or ours, 0: none (RFC 8446, 6) */
};
CLRC_API ClrcResult clrtlsInfo(ClrtlsConnection *connection, struct ClrtlsInfo *ret_info);
/* clrtlsPeerCertificate: DER; CLRC_ERROR_NOT_FOUND when the peer showed none. */
CLRC_API ClrcResult clrtlsPeerCertificate(ClrtlsConnection *connection, uint8_t *der,
                                          uint32_t *length);

#ifdef __cplusplus
}
#endif

#endif
