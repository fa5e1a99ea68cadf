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

/* A list that is fetched whole, page by page, before the caller sees the first entry. */
struct clrsc_listing {
    const char *function;
    enum km_certs_command command;
    uint8_t *octets;
    size_t len, room;
};
/* clrsc_list: fetches it; free(octets) in any case. */
ClrcResult clrsc_list(struct clrsc_listing *list);
/* clrsc_list_malformed: what is fetched is not what it should be. */
ClrcResult clrsc_list_malformed(const struct clrsc_listing *list);

#endif
