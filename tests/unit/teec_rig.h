/* SPDX-License-Identifier: Apache-2.0 */
/* A session of the TEE Client API with a small service of the test. */
#ifndef TEEC_RIG_H
#define TEEC_RIG_H

#include "include/tee_client_api.h"
#include "tests/unit/fake_keymoord.h"
#include "tests/unit/km_test.h"
#include "tests/unit/lane_peer.h"

extern const TEEC_UUID teec_rig_ta;

struct teec_rig {
    struct fake_keymoord fake;
    TEEC_Context context;
    TEEC_Session session;
};

/* teec_rig_open: a good service, and a session with it; teec_rig_close ends both. */
void teec_rig_open(struct teec_rig *rig);
void teec_rig_close(struct teec_rig *rig);
/* teec_rig_invoke: the command's result, which must come from want_origin. */
TEEC_Result teec_rig_invoke(struct teec_rig *rig, uint32_t command, TEEC_Operation *operation,
                            uint32_t want_origin);
/* teec_rig_op: an operation in which only what the standard asks for is set. */
TEEC_Operation teec_rig_op(uint32_t types);

#endif
