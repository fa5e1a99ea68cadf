/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which clients' certificates TLS lets through: all of them, as the cloud does it. TLS proves that the client has the key of its
 * certificate; whether that certificate counts the registry knows, and the plugin asks it at each connect. So a CA that is
 * registered, set inactive or removed counts at once, intermediate ones need no root, and an unknown certificate is refused in
 * the same way as a revoked one, with a record of why.
 */
#ifndef BROKER_TRUST_H
#define BROKER_TRUST_H

#include <openssl/types.h>

#include "common/km_status.h"

/*
 * trust_init: TLS servers of this process that are made from now on verify no chains. It has to be called before the listeners are
 * made, which is when a broker loads its plugins. TLS clients (bridges, a database's) verify as before.
 */
km_status trust_init(struct km_err *err);

/*
 * trust_look: what TLS no longer looks at: dates, the strength of the key, and whether it may be a client's. NULL when all is well,
 * otherwise why not, e.g. "its certificate has expired".
 */
const char *trust_look(X509 *certificate);
/*
 * trust_issued: whether this CA, now valid, issued the certificate: by its name and identifier, and by the signature.
 * *ret_why: NULL, or why a CA that did issue it does not count.
 */
bool trust_issued(X509 *ca, X509 *certificate, const char **ret_why);

#endif
