/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkcs11 URIs (RFC 7512) of keys and certificates that the trusted service keeps, for programs that name them so:
 *
 *   pkcs11:[...;]object=NAME[;type=private|public|cert][;...][?pin-source=file:PATH[&...]]
 *
 * What says which token it is (token, model, serial, ...) is not looked at: there is one service. A PIN itself
 * (pin-value) is refused, as others can read command lines; so is an object that is named by id alone.
 */
#ifndef KM_DOOR_PKCS11_URI_H
#define KM_DOOR_PKCS11_URI_H

#include "interop/door/door_uri.h"

#define KM_DOOR_PKCS11_SCHEME "pkcs11:"

/* km_door_uri_of_pkcs11: pure. KM_E_MALFORMED, KM_E_LIMIT, KM_E_UNSUPPORTED with one sentence. */
km_status km_door_uri_of_pkcs11(struct km_err *err, struct km_slice uri, struct km_door_uri *ret);

#endif
