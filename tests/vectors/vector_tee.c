/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors through the Internal Core API: passes each line on to ta_vectors of a running keymoord. */
#include "tests/vectors/vector_ops.h"
#include "tests/vectors/vector_ta_protocol.h"

#include <stdio.h>
#include <string.h>
#include <tee_client_api.h>

static TEEC_Context context;
static TEEC_Session session;
static bool is_open;

static TEEC_Result open_session(void)
{
    static const TEEC_UUID uuid = VECTOR_TA_UUID;
    uint32_t origin = 0;
    TEEC_Result result =
        TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    is_open = result == TEEC_SUCCESS;
    return result;
}

static TEEC_Result ask(char *line, struct vec_reply *reply)
{
    uint32_t origin = 0;
    TEEC_Operation operation = {0};
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = line;
    operation.params[0].tmpref.size = strlen(line);
    operation.params[1].tmpref.buffer = reply->text;
    operation.params[1].tmpref.size = reply->cap - 1;
    TEEC_Result result = TEEC_InvokeCommand(&session, VECTOR_TA_LINE, &operation, &origin);
    if (result == TEEC_SUCCESS)
        reply->text[operation.params[1].tmpref.size] = '\0';
    return result;
}

static void answer(char *line, struct vec_reply *reply)
{
    TEEC_Result result = is_open ? TEEC_SUCCESS : open_session();
    if (result == TEEC_SUCCESS)
        result = ask(line, reply);
    if (result == TEEC_SUCCESS)
        return;
    vec_reply_code(reply, result == TEEC_ERROR_TARGET_DEAD ? "panic" : "service", result);
    if (is_open)
        TEEC_CloseSession(&session);
    is_open = false;
}

int main(void)
{
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS) {
        (void)fprintf(stderr, "no service: %08x\n", (unsigned)result);
        return 1;
    }
    int status = vec_loop(answer);
    if (is_open)
        TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return status;
}
