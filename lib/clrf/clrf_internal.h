/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this library share: failures, wishes, and commands to the storage application. */
#ifndef CLRF_INTERNAL_H
#define CLRF_INTERNAL_H

#include "include/clrf.h"
#include "lib/session/km_call.h"
#include "lib/session/km_result.h"
#include "ta/storage/storage_wire.h"

/* clrf_fail: notes "function: subject: text" for clrfLastError; answers result. subject and text may be NULL. */
ClrcResult clrf_fail(const char *function, ClrcResult result, const char *subject,
                     const char *text);
/* clrf_map: the service's answer as this library's result. */
ClrcResult clrf_map(TEEC_Result answer);
/* clrf_answered: an answer as this call's result, noted when it is a failure. */
ClrcResult clrf_answered(const char *function, TEEC_Result answer, const char *subject);

/* A file that is meant by name, ready to be sent. */
struct clrf_wish {
    const char *function;
    const char *name;
    uint8_t octets[KM_STORAGE_WISH_MAX];
    size_t len;
    const uint8_t *password; /* borrowed */
    size_t password_len;
};

/* clrf_wish_set: checks what the caller gave; notes what is wrong. options may be NULL. */
ClrcResult clrf_wish_set(struct clrf_wish *ret, const char *function, const char *name,
                         uint32_t flags, const ClrfOptions *options);

extern struct km_pool clrf_pool;
/* clrf_lane: a connected lane, for calls that have to be in one session; km_pool_give returns it. */
ClrcResult clrf_lane(const char *function, const char *subject, struct km_pool_lane **ret_lane);
/*
 * clrf_run: one command in any session. A session that died meanwhile is opened anew and the command done once more if it does no
 * harm twice (is_repeatable).
 */
ClrcResult clrf_run(const char *function, const char *subject, struct km_call *call,
                    bool is_repeatable);
/* clrf_in_lane: one command in a held lane. */
ClrcResult clrf_in_lane(const char *function, const char *subject, struct km_pool_lane *lane,
                        struct km_call *call);

#endif
