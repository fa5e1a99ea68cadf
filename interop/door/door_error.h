/* SPDX-License-Identifier: Apache-2.0 */
/* Failures at the doors: from ClrcResult to ours, and from ours to OpenSSL's reason numbers. */
#ifndef KM_DOOR_ERROR_H
#define KM_DOOR_ERROR_H

#include "clrc.h"
#include "common/km_status.h"

/* Reason numbers, the same in provider and engine; documented in docs/doors.md. Never renumber. */
enum km_door_reason {
    KM_DOOR_R_OTHER = 100,
    KM_DOOR_R_BAD_ARGUMENT,
    KM_DOOR_R_BAD_URI,
    KM_DOOR_R_TOO_LARGE,
    KM_DOOR_R_NO_MEMORY,
    KM_DOOR_R_NO_SPACE,
    KM_DOOR_R_NOT_FOUND,
    KM_DOOR_R_EXISTS,
    KM_DOOR_R_DENIED,
    KM_DOOR_R_PASSWORD,
    KM_DOOR_R_THROTTLED,
    KM_DOOR_R_NOT_EXPORTABLE,
    KM_DOOR_R_IMMUTABLE,
    KM_DOOR_R_EXPIRED,
    KM_DOOR_R_USED_UP,
    KM_DOOR_R_KEY_GONE,
    KM_DOOR_R_NOT_SUPPORTED,
    KM_DOOR_R_NO_SERVICE,
    KM_DOOR_R_SERVICE_DIED,
    KM_DOOR_R_CORRUPT,
    KM_DOOR_R_BUSY,
    KM_DOOR_R_BAD_SIGNATURE,
    KM_DOOR_R_NO_PRIVATE_PART,
    KM_DOOR_R_END, /* one past the last */
};

/* km_door_clrc: records a failed clrc call with what was attempted; KM_OK for CLRC_SUCCESS. */
km_status km_door_clrc(struct km_err *err, ClrcResult result, const char *what, const char *name);
/* km_door_reason: the reason number of a recorded failure. */
enum km_door_reason km_door_reason(const struct km_err *err);
/* km_door_reason_text: a short phrase; static storage. NULL for a number that is not ours. */
const char *km_door_reason_text(enum km_door_reason reason);

/* km_door_no_private: the failure of an operation that needs a private part we do not have. */
km_status km_door_no_private(struct km_err *err, const char *what);
/* km_door_not_exportable: the documented answer of every door to a wish for the private part. */
km_status km_door_not_exportable(struct km_err *err, const char *name);

#endif
