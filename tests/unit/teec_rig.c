/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/teec_rig.h"

const TEEC_UUID teec_rig_ta = {0x12345678, 0x9abc, 0xdef0, {1, 2, 3, 4, 5, 6, 7, 8}};

void teec_rig_open(struct teec_rig *rig)
{
    uint32_t origin = 0;
    fake_start(&rig->fake, FAKE_GOOD);
    assert_int_equal(TEEC_InitializeContext(rig->fake.path, &rig->context), TEEC_SUCCESS);
    assert_int_equal(TEEC_OpenSession(&rig->context, &rig->session, &teec_rig_ta, TEEC_LOGIN_PUBLIC,
                                      NULL, NULL, &origin),
                     TEEC_SUCCESS);
    assert_int_equal(origin, TEEC_ORIGIN_TRUSTED_APP);
}

void teec_rig_close(struct teec_rig *rig)
{
    TEEC_CloseSession(&rig->session);
    TEEC_FinalizeContext(&rig->context);
    fake_stop(&rig->fake);
}

TEEC_Result teec_rig_invoke(struct teec_rig *rig, uint32_t command, TEEC_Operation *operation,
                            uint32_t want_origin)
{
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InvokeCommand(&rig->session, command, operation, &origin);
    assert_int_equal(origin, want_origin);
    return result;
}

TEEC_Operation teec_rig_op(uint32_t types)
{
    TEEC_Operation operation;
    memset(&operation, 0xee, sizeof(operation));
    operation.started = 0;
    operation.paramTypes = types;
    return operation;
}
