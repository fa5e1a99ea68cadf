/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this library share: a call to the certificate application, and what went wrong with it. */
#ifndef CLRSC_INTERNAL_H
#define CLRSC_INTERNAL_H

#include "common/km_bytes.h"
#include "include/clrsc.h"
#include "lib/session/km_call.h"
#include "lib/session/km_result.h"
#include "ta/certs/certs_protocol.h"

#define CLRSC_NULL_POINTER "a pointer is NULL"

struct clrsc_call {
    const char *function;
    const char *subject;
    struct km_call sent;
    bool is_once; /* not repeated when the session dies under it */
    /* What three results mean here; NULL: what they mean in provisioning. */
    const char *bad_format, *too_large, *bad_state;
};

/* clrsc_fail: notes the sentence for clrscLastError and gives the result back. subject may be NULL; text NULL: the result's own. */
ClrcResult clrsc_fail(const char *function, ClrcResult result, const char *subject,
                      const char *text);
/* clrsc_run: the call, and once more in a new session when the one that it had died, unless it is_once. Notes a failure. */
ClrcResult clrsc_run(struct clrsc_call *call);

bool clrsc_name_is(const char *name);

/*
 * clrsc_list: fetches a list whole, page by page, before the caller sees the first entry; then show reads one entry after the other
 * and passes it on, as long as *ret_goes_on. It answers false when the entry is malformed.
 */
ClrcResult clrsc_list(const char *function, enum km_certs_command command,
                      bool (*show)(struct km_rd *rd, void *to, bool *ret_goes_on), void *to);

#endif
