/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls a trusted application, for scenario tests. Prints one line a call, "result origin value text",
 * and exits 0 when the last result was success.
 * Usage: ta_call [-l LOGIN[:DATA]] [-n SESSIONS] [-c CANCEL_AFTER_MS] [-w] UUID COMMAND...
 *   -n  open so many sessions at once before calling in each; prints how many could be opened
 *   -w  after the calls wait for the end of standard input with the sessions open
 * A command with a final t takes text back instead of a value; "-" opens only.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <unistd.h>

#define SESSIONS_MAX 512

static struct {
    uint32_t login, data;
    unsigned n_sessions, cancel_ms;
    int wait;
} options = {.n_sessions = 1};

static TEEC_Context context;
static TEEC_Session sessions[SESSIONS_MAX];

static int parse_uuid(const char *text, TEEC_UUID *ret)
{
    unsigned part[10] = {0};
    char rest = 0;
    unsigned low = 0;
    if (sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x%c", &low, &part[0], &part[1], &part[2],
               &part[3], &part[4], &part[5], &part[6], &part[7], &part[8], &part[9], &rest) != 11)
        return -1;
    ret->timeLow = low;
    ret->timeMid = (uint16_t)part[0];
    ret->timeHiAndVersion = (uint16_t)part[1];
    for (int i = 0; i < 8; i++)
        ret->clockSeqAndNode[i] = (uint8_t)part[2 + i];
    return 0;
}

static void *cancel_later(void *operation)
{
    usleep(options.cancel_ms * 1000);
    TEEC_RequestCancellation(operation);
    return NULL;
}

static TEEC_Result call(TEEC_Session *session, const char *word)
{
    char text[256] = {0};
    uint32_t origin = 0;
    pthread_t canceller = 0;
    int wants_text = word[strlen(word) - 1] == 't';
    TEEC_Operation operation = {0};
    operation.paramTypes =
        wants_text ? TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE)
                   : TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    if (wants_text) {
        operation.params[0].tmpref.buffer = text;
        operation.params[0].tmpref.size = sizeof(text) - 1;
    }
    if (options.cancel_ms != 0)
        pthread_create(&canceller, NULL, cancel_later, &operation);
    TEEC_Result result =
        TEEC_InvokeCommand(session, (uint32_t)strtoul(word, NULL, 10), &operation, &origin);
    if (options.cancel_ms != 0)
        pthread_join(canceller, NULL);
    printf("%08x %u %u%s%s\n", (unsigned)result, (unsigned)origin,
           wants_text ? 0 : (unsigned)operation.params[0].value.a, text[0] != '\0' ? " " : "",
           text);
    fflush(stdout);
    return result;
}

static unsigned open_all(const TEEC_UUID *uuid, TEEC_Result *ret_result)
{
    uint32_t origin = 0;
    for (unsigned i = 0; i < options.n_sessions; i++) {
        *ret_result = TEEC_OpenSession(
            &context, &sessions[i], uuid, options.login,
            (options.login & TEEC_LOGIN_GROUP) != 0 ? &options.data : NULL, NULL, &origin);
        if (*ret_result != TEEC_SUCCESS) {
            printf("%08x %u open\n", (unsigned)*ret_result, (unsigned)origin);
            return i;
        }
    }
    return options.n_sessions;
}

static int parse_options(int argc, char **argv)
{
    for (int option = 0; (option = getopt(argc, argv, "l:n:c:w")) != -1;) {
        if (option == 'l' && sscanf(optarg, "%x:%u", &options.login, &options.data) < 1)
            return -1;
        if (option == 'n')
            options.n_sessions = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 'c')
            options.cancel_ms = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 'w')
            options.wait = 1;
        if (option == '?')
            return -1;
    }
    return argc - optind >= 2 && options.n_sessions <= SESSIONS_MAX ? 0 : -1;
}

int main(int argc, char **argv)
{
    TEEC_UUID uuid = {0};
    if (parse_options(argc, argv) != 0 || parse_uuid(argv[optind], &uuid) != 0) {
        fputs("usage: ta_call [-l LOGIN[:DATA]] [-n SESSIONS] [-c MS] [-w] UUID COMMAND...\n",
              stderr);
        return 2;
    }
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result != TEEC_SUCCESS) {
        printf("%08x 0 context\n", (unsigned)result);
        return 1;
    }
    unsigned n = open_all(&uuid, &result);
    if (options.n_sessions > 1)
        printf("%u sessions\n", n);
    for (unsigned i = 0; i < n; i++) {
        for (int at = optind + 1; at < argc && strcmp(argv[at], "-") != 0; at++)
            result = call(&sessions[i], argv[at]);
    }
    fflush(stdout);
    if (options.wait)
        while (getchar() != EOF)
            ;
    for (unsigned i = 0; i < n; i++)
        TEEC_CloseSession(&sessions[i]);
    TEEC_FinalizeContext(&context);
    return result == TEEC_SUCCESS ? 0 : 1;
}
