/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrsc: certificates in the trusted service: the provisioned ones, by name.
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

/* clrscLastError: what the calling thread's last failed call of this library attempted; valid until its next call. */
CLRC_API const char *clrscLastError(void);
/* clrscSetSocket: where keymoord listens, instead of $KEYMOOR_SOCKET or the default; before the first call. */
CLRC_API ClrcResult clrscSetSocket(const char *path);
/* clrscGetNamedCertificate: DER of a provisioned certificate or certificate signing request. */
CLRC_API ClrcResult clrscGetNamedCertificate(const char *name, uint8_t *der, uint32_t *length);
/* clrscListNamedCertificates: calls seen once per name until it answers 0. */
CLRC_API ClrcResult clrscListNamedCertificates(int (*seen)(void *arg, const char *name,
                                                           uint32_t length),
                                               void *arg);
/*
 * clrscProvisionCertificate: stores DER under a name, replacing what is there; administrator only, until
 * clrscProvisionSeal (CLRC_ERROR_STATE). CLRC_ERROR_BAD_FORMAT unless it is a certificate, or a certificate signing
 * request where the name ends in "_csr".
 */
CLRC_API ClrcResult clrscProvisionCertificate(const char *name, const uint8_t *der,
                                              uint32_t length);
/* clrscProvisionSeal: ends the provisioning of certificates for good; that of keys is clrcProvisionSeal. */
CLRC_API ClrcResult clrscProvisionSeal(void);

#ifdef __cplusplus
}
#endif

#endif
