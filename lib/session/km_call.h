/* SPDX-License-Identifier: Apache-2.0 */
/* One command to a trusted application: its parameters, and a lane of the pool that is connected. */
#ifndef KM_CALL_H
#define KM_CALL_H

#include "lib/session/km_pool.h"

struct km_call {
    uint32_t command;
    TEEC_Operation op;
};

/* Parameters; memory is borrowed until the call is over. */
void km_call_value(struct km_call *call, unsigned at, uint32_t a, uint32_t b);
void km_call_value_out(struct km_call *call, unsigned at);
void km_call_value_inout(struct km_call *call, unsigned at, uint32_t a);
void km_call_in(struct km_call *call, unsigned at, const void *buffer, size_t size);
void km_call_out(struct km_call *call, unsigned at, void *buffer, size_t size);
void km_call_inout(struct km_call *call, unsigned at, void *buffer, size_t size);
/* km_call_shared: a part of shared memory; type is one of TEEC_MEMREF_PARTIAL_. */
void km_call_shared(struct km_call *call, unsigned at, uint32_t type,
                    TEEC_RegisteredMemoryReference part);

/*
 * km_call_lane: takes a lane (hint as for km_pool_take) and connects it; *ret_lane is the caller's to give back on success. The
 * Client API's result and origin otherwise.
 */
TEEC_Result km_call_lane(struct km_pool *pool, uint32_t hint, struct km_pool_lane **ret_lane,
                         uint32_t *ret_origin);

#endif
