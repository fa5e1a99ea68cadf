/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of ta_kit.c; prints "command result line" for what went wrong. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <ta_kit.h>
#include <tee_api_defines.h>
#include <tee_api_types.h>
#include <tee_client_api.h>
#include <utee_defines.h>

static TEEC_Result run(TEEC_Session *session, uint32_t command, size_t room)
{
    uint8_t hash[TEE_SHA256_HASH_SIZE] = {0};
    char text[] = "abc";
    uint32_t origin = 0;
    TEEC_Operation op;
    memset(&op, 0, sizeof(op));
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE,
                                     TEEC_VALUE_OUTPUT);
    op.params[0].tmpref.buffer = text;
    op.params[0].tmpref.size = 3;
    op.params[1].tmpref.buffer = hash;
    op.params[1].tmpref.size = room;
    TEEC_Result result = TEEC_InvokeCommand(session, command, &op, &origin);
    if (result != TEEC_SUCCESS && op.params[3].value.a != 0)
        printf("command %u: %08x, line %u\n", command, result, op.params[3].value.a);
    if (result == TEEC_SUCCESS && command == TA_KIT_CMD_DIGEST &&
        (hash[0] != 0xba || hash[31] != 0xad))
        result = TEEC_ERROR_GENERIC;
    return result;
}

/* Whether a handle comes back as the TA gave it, time and again in the same slots. */
static bool handles_work(TEEC_Session *session)
{
    for (int i = 0; i < 1000; i++) {
        TEEC_Operation op;
        memset(&op, 0, sizeof(op));
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        TEEC_Result result = TEEC_InvokeCommand(session, TA_KIT_CMD_HANDLE_NEW, &op, NULL);
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
        if (result == TEEC_SUCCESS)
            result = TEEC_InvokeCommand(session, TA_KIT_CMD_HANDLE_FREE, &op, NULL);
        if (result != TEEC_SUCCESS) {
            printf("handle %08x of round %d: %08x\n", op.params[0].value.a, i, result);
            return false;
        }
    }
    return true;
}

int main(void)
{
    static const TEEC_UUID uuid = TA_KIT_UUID;
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    int n_failed = 0;
    if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS)
        return 2;
    TEEC_Result result =
        TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        printf("open: %08x from %u\n", result, origin);
        return 2;
    }
    for (uint32_t command = TA_KIT_CMD_PROPERTIES; command <= TA_KIT_CMD_TOOLS; command++)
        n_failed += run(&session, command, TEE_SHA256_HASH_SIZE) != TEEC_SUCCESS;
    n_failed += run(&session, TA_KIT_CMD_DIGEST, 31) != TEEC_ERROR_SHORT_BUFFER;
    n_failed += !handles_work(&session);
    n_failed += run(&session, 99, 0) != TEEC_ERROR_NOT_SUPPORTED;
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    printf("%d commands failed\n", n_failed);
    return n_failed != 0;
}
