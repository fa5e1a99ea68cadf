/* SPDX-License-Identifier: Apache-2.0 */
/* The Cookie header (RFC 6265, 5.4), as far as one name is looked for in it. Pure. */
#ifndef KM_CONSOLE_COOKIE_H
#define KM_CONSOLE_COOKIE_H

#include "common/km_bytes.h"

/*
 * km_console_cookie: the value of the cookie with that name, a view of header. false when there is none, or more than one: who else may set
 * cookies for this host must not get to choose.
 */
KM_MUST_USE bool km_console_cookie(struct km_slice header, const char *name, struct km_slice *ret);

#endif
