/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trusted application whose constructor misuses the moment it is loaded, before there is a key
 * and before the walls of an instance. LOADING says how. Each command answers with errno of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <tee_internal_api.h>
#include <unistd.h>

#define LOADING_THREAD 1      /* a thread in the template */
#define LOADING_FORK_THREAD 2 /* a thread in each instance, by a handler of the fork */
#define LOADING_ROOT 3        /* reads the secret of the root, beside the stores */
#define LOADING_KILL 4        /* ends the service */

static uint32_t outcome;

static void *stay(void *arg)
{
    for (;;)
        (void)pause();
    return arg;
}

static void start_thread(void)
{
    pthread_t thread = 0;
    outcome = (uint32_t)pthread_create(&thread, NULL, stay, NULL);
}

static void read_root(void)
{
    static const char *const paths[] = {"../../root.secret", "../../audit.jsonl", "../..", ".."};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (syscall(SYS_openat, AT_FDCWD, paths[i], O_RDONLY, 0) >= 0)
            return;
    }
    outcome = (uint32_t)errno;
}

__attribute__((constructor)) static void load(void)
{
    switch (LOADING) {
    case LOADING_THREAD:
        start_thread();
        break;
    case LOADING_FORK_THREAD:
        (void)pthread_atfork(NULL, NULL, start_thread);
        break;
    case LOADING_ROOT:
        read_root();
        break;
    case LOADING_KILL:
        (void)syscall(SYS_tgkill, getppid(), getppid(), SIGKILL);
        break;
    default:
        break;
    }
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4], void **sessionContext)
{
    (void)paramTypes;
    (void)params;
    (void)sessionContext;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    (void)sessionContext;
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[4])
{
    (void)sessionContext;
    (void)commandID;
    if (TEE_PARAM_TYPE_GET(paramTypes, 0) != TEE_PARAM_TYPE_VALUE_OUTPUT)
        return TEE_ERROR_BAD_PARAMETERS;
    params[0].value.a = outcome;
    return TEE_SUCCESS;
}
