/* SPDX-License-Identifier: Apache-2.0 */
/* The program beside the trusted application: GlobalPlatform TEE Client API, nothing else. */
#include <stdio.h>
#include <string.h>
#include <tee_client_api.h>

#include "hello_protocol.h"

static int fail(const char *what, TEEC_Result result, uint32_t origin)
{
    fprintf(stderr, "hello: %s failed: 0x%08x (origin %u)\n", what, (unsigned)result,
            (unsigned)origin);
    return 1;
}

static int greet(TEEC_Session *session, const char *name)
{
    char answer[128] = {0};
    uint32_t origin = 0;
    TEEC_Operation operation = {0};
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = (void *)name;
    operation.params[0].tmpref.size = strlen(name);
    operation.params[1].tmpref.buffer = answer;
    operation.params[1].tmpref.size = sizeof(answer) - 1;
    TEEC_Result result = TEEC_InvokeCommand(session, HELLO_GREET, &operation, &origin);
    if (result != TEEC_SUCCESS)
        return fail("greeting", result, origin);
    puts(answer);
    return 0;
}

static int count(TEEC_Session *session)
{
    uint32_t origin = 0;
    TEEC_Operation operation = {0};
    operation.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    TEEC_Result result = TEEC_InvokeCommand(session, HELLO_COUNT, &operation, &origin);
    if (result != TEEC_SUCCESS)
        return fail("counting", result, origin);
    printf("greeted %u times\n", (unsigned)operation.params[0].value.a);
    return 0;
}

static int seal(TEEC_Session *session, const char *text)
{
    unsigned char mac[32] = {0};
    uint32_t origin = 0;
    TEEC_Operation operation = {0};
    operation.paramTypes =
        TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    operation.params[0].tmpref.buffer = (void *)text;
    operation.params[0].tmpref.size = strlen(text);
    operation.params[1].tmpref.buffer = mac;
    operation.params[1].tmpref.size = sizeof(mac);
    TEEC_Result result = TEEC_InvokeCommand(session, HELLO_SEAL, &operation, &origin);
    if (result != TEEC_SUCCESS)
        return fail("sealing", result, origin);
    for (size_t i = 0; i < sizeof(mac); i++)
        printf("%02x", mac[i]);
    printf("  HMAC-SHA256 of \"%s\" under a key that never leaves\n", text);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "world";
    const TEEC_UUID uuid = HELLO_UUID;
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS)
        return fail("reaching the service", result, origin);
    result = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
    if (result != TEEC_SUCCESS) {
        TEEC_FinalizeContext(&context);
        return fail("opening a session", result, origin);
    }
    int status = greet(&session, name) || count(&session) || seal(&session, name);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return status;
}
