/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trusted application that tries to get out, each time in another way and with the bare system
 * call, so that nothing but the walls stands between.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <tee_internal_api.h>
#include <unistd.h>

#include "hostile_protocol.h"

#define SHARED_UUID                                                                                \
    {                                                                                              \
        0x0b1d5e60, 0x8f0a, 0x4c1e,                                                                \
        {                                                                                          \
            0x9d, 0x1c, 0x5a, 0x3b, 0x7e, 0x2f, 0x4a, 0x02                                         \
        }                                                                                          \
    }

#define HOSTILE_UUID                                                                               \
    {                                                                                              \
        0x0b1d5e60, 0x8f0a, 0x4c1e,                                                                \
        {                                                                                          \
            0x9d, 0x1c, 0x5a, 0x3b, 0x7e, 0x2f, 0x4a, 0x01                                         \
        }                                                                                          \
    }

static uint32_t n_calls;
static uint32_t ends_by;           /* HOSTILE_LINGER, HOSTILE_STAY or 0 */
static volatile uintptr_t nowhere; /* the compiler does not know it */

/* What comes back tells whether something was let through; most of these never come back. */
static long try_to_escape(uint32_t command)
{
    static const char store[] = "../7d6a1f0e-3c52-4b8f-9a61-0d5b2f8c4e17/data.mdb";
    static char *const no_args[] = {NULL};
    long parent = syscall(SYS_getppid);
    uint8_t byte = 0;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    switch (command) {
    case HOSTILE_OPEN_FILE:
        return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
    case HOSTILE_SOCKET:
        return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    case HOSTILE_OPEN_STORE:
        return syscall(SYS_openat, AT_FDCWD, store, O_RDWR, 0);
    case HOSTILE_PTRACE:
        return syscall(SYS_ptrace, PTRACE_ATTACH, parent, NULL, NULL);
    case HOSTILE_EXEC:
        return syscall(SYS_execve, "/bin/true", no_args, no_args);
    case HOSTILE_FORK:
        return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    case HOSTILE_MMAP_EXEC:
        return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0);
    case HOSTILE_KILL:
        return syscall(SYS_kill, parent, SIGKILL);
    case HOSTILE_READ_MEMORY:
        return syscall(SYS_process_vm_readv, parent, &here, 1, &there, 1, 0);
    case HOSTILE_MPROTECT_EXEC:
        return syscall(SYS_mprotect, (uintptr_t)&n_calls & ~(uintptr_t)4095, 4096,
                       PROT_READ | PROT_WRITE | PROT_EXEC);
    case HOSTILE_SIGNAL_OWNER:
        return syscall(SYS_fcntl, 0, F_SETOWN, parent);
    case HOSTILE_IO_URING:
        return syscall(SYS_io_uring_setup, 1, NULL);
    case HOSTILE_BPF:
        return syscall(SYS_bpf, 0, NULL, 0);
    case HOSTILE_UNSHARE:
        return syscall(SYS_unshare, 0x10000000);
    case HOSTILE_TGKILL:
        return syscall(SYS_tgkill, parent, parent, SIGKILL);
    case HOSTILE_THREAD:
        return syscall(SYS_clone, 0x10f00 /* CLONE_VM, FS, FILES, SIGHAND, THREAD */, 0, 0, 0, 0);
    case HOSTILE_AFFINITY:
        return syscall(SYS_sched_setaffinity, parent, sizeof(here), &here);
    default:
        return 0;
    }
}

static void loop(void)
{
    volatile uint32_t turns = 0;
    for (;;)
        turns++;
}

static TEE_Result hoard(uint32_t *ret_refused)
{
    for (int i = 0; i < 100000; i++) {
        if (TEE_Malloc(1 << 20, TEE_MALLOC_FILL_ZERO) == NULL) {
            *ret_refused = 1;
            return TEE_SUCCESS;
        }
    }
    return TEE_SUCCESS;
}

static uint32_t map_memory(void)
{
    for (int i = 0; i < 64; i++) {
        if (syscall(SYS_mmap, NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0) == -1)
            return (uint32_t)errno;
    }
    return 0;
}

static TEE_Result peer(uint32_t *ret_value)
{
    const TEE_UUID shared = SHARED_UUID;
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    TEE_Param params[4] = {{{0}}};
    TEE_Result result = TEE_OpenTASession(&shared, TEE_TIMEOUT_INFINITE, 0, NULL, &session, NULL);
    if (result != TEE_SUCCESS)
        return result;
    result = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, HOSTILE_NOTHING,
                                 TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE,
                                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE),
                                 params, NULL);
    *ret_value = params[0].value.a;
    TEE_CloseTASession(session);
    return result;
}

/* say: a message of its own making on its line to the service, which is its first socket. */
static bool say(const uint8_t *msg, size_t len)
{
    for (int fd = 0; fd < 64; fd++) {
        long rc = syscall(SYS_sendto, fd, msg, len, MSG_NOSIGNAL, NULL, 0);
        if (rc >= 0)
            return true;
        if (errno != ENOTSOCK && errno != EBADF)
            return false;
    }
    return false;
}

static TEE_Result flood_audit(void)
{
    /* type 34, serial, session, "x", "y", result */
    static const uint8_t msg[] = {34, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0,   0, 0, 0, 0,
                                  0,  1, 0, 0, 0, 'x', 1, 0, 0, 0, 'y', 0, 0, 0, 0};
    for (int i = 0; i < 5000; i++) {
        if (!say(msg, sizeof(msg)))
            return TEE_ERROR_GENERIC;
    }
    return TEE_SUCCESS;
}

static TEE_Result flood_text(void)
{
    /* type 35, serial, session, "x" */
    static const uint8_t msg[] = {35, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'x'};
    /* The line may be gone a moment before the process is. */
    for (int i = 0; i < 10000000; i++)
        (void)say(msg, sizeof(msg));
    return TEE_SUCCESS;
}

static uint32_t open_many(void)
{
    const TEE_UUID like = HOSTILE_UUID;
    uint32_t n = 0;
    TEE_TASessionHandle sessions[64] = {TEE_HANDLE_NULL};
    while (n < 64 && TEE_OpenTASession(&like, TEE_TIMEOUT_INFINITE, 0, NULL, &sessions[n], NULL) ==
                         TEE_SUCCESS)
        n++;
    for (uint32_t i = 0; i < n; i++)
        TEE_CloseTASession(sessions[i]);
    return n;
}

static TEE_Result who(TEE_Param *out)
{
    TEE_Identity client = {0};
    TEE_Result result =
        TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &client);
    if (result != TEE_SUCCESS)
        return result;
    const uint8_t *node = client.uuid.clockSeqAndNode;
    int n = snprintf(out->memref.buffer, out->memref.size,
                     "%08x %08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", client.login,
                     client.uuid.timeLow, client.uuid.timeMid, client.uuid.timeHiAndVersion,
                     node[0], node[1], node[2], node[3], node[4], node[5], node[6], node[7]);
    out->memref.size = (size_t)n + 1;
    return TEE_SUCCESS;
}

static TEE_Result describe_client(TEE_Param *out)
{
    TEE_PropSetHandle set = TEE_PROPSET_CURRENT_CLIENT;
    TEE_Identity client = {0};
    uint32_t uid = 0, gid = 0;
    bool is_admin = false;
    char exe[65] = "-";
    size_t len = sizeof(exe);
    if (TEE_GetPropertyAsIdentity(set, "gpd.client.identity", &client) != TEE_SUCCESS ||
        TEE_GetPropertyAsU32(set, "org.keymoor.client.uid", &uid) != TEE_SUCCESS ||
        TEE_GetPropertyAsU32(set, "org.keymoor.client.gid", &gid) != TEE_SUCCESS ||
        TEE_GetPropertyAsBool(set, "org.keymoor.client.admin", &is_admin) != TEE_SUCCESS)
        return TEE_ERROR_GENERIC;
    (void)TEE_GetPropertyAsString(set, "org.keymoor.client.exe.sha256", exe, &len);
    int n = snprintf(out->memref.buffer, out->memref.size, "%08x %u %u %s %s", client.login, uid,
                     gid, is_admin ? "admin" : "user", exe);
    out->memref.size = (size_t)n + 1;
    return TEE_SUCCESS;
}

/* What its like says to a command that gives text. */
static TEE_Result ask_like(uint32_t command, TEE_Param *out)
{
    const TEE_UUID like = HOSTILE_UUID;
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    char text[256] = {0};
    TEE_Param params[4] = {{.memref = {text, sizeof(text) - 1}}};
    TEE_Result result = TEE_OpenTASession(&like, TEE_TIMEOUT_INFINITE, 0, NULL, &session, NULL);
    if (result != TEE_SUCCESS)
        return result;
    result = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, command,
                                 TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_NONE,
                                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE),
                                 params, NULL);
    TEE_CloseTASession(session);
    int n = snprintf(out->memref.buffer, out->memref.size, "%s", text);
    out->memref.size = (size_t)n + 1;
    return result;
}

/* wait_for_like: what its like's HOSTILE_WAIT answers, which is asked to end after that time. */
static TEE_Result wait_for_like(uint32_t timeout_ms)
{
    const TEE_UUID like = HOSTILE_UUID;
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    TEE_Param params[4] = {{{0}}};
    uint32_t origin = 0;
    TEE_Result result = TEE_OpenTASession(&like, TEE_TIMEOUT_INFINITE, 0, NULL, &session, NULL);
    if (result != TEE_SUCCESS)
        return result;
    result = TEE_InvokeTACommand(session, timeout_ms, HOSTILE_WAIT,
                                 TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE,
                                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE),
                                 params, &origin);
    TEE_CloseTASession(session);
    return origin == TEE_ORIGIN_TRUSTED_APP ? result : TEE_ERROR_GENERIC;
}

static bool gives_text(uint32_t command)
{
    return command == HOSTILE_WHO || command == HOSTILE_EXE || command == HOSTILE_CLIENT ||
           command == HOSTILE_THEIRS || command == HOSTILE_NESTED;
}

static TEE_Result fill(void)
{
    static uint8_t block[32768];
    TEE_Result result = TEE_SUCCESS;
    for (uint32_t i = 0; i < 100000 && result == TEE_SUCCESS; i++)
        result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, &i, sizeof(i), 0, TEE_HANDLE_NULL,
                                            block, sizeof(block), NULL);
    return result;
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
    if (ends_by == HOSTILE_LINGER)
        (void)TEE_Wait(1000);
    if (ends_by == HOSTILE_STAY)
        loop();
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4], void **sessionContext)
{
    (void)paramTypes;
    (void)params;
    *sessionContext = NULL;
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
    uint32_t type = TEE_PARAM_TYPE_GET(paramTypes, 0);
    n_calls++;
    if (commandID != HOSTILE_NOTHING && commandID <= HOSTILE_LAST_DENIED) {
        params[0].value.a = (uint32_t)try_to_escape(commandID);
        return TEE_SUCCESS;
    }
    if (type !=
        (gives_text(commandID) ? TEE_PARAM_TYPE_MEMREF_OUTPUT : TEE_PARAM_TYPE_VALUE_OUTPUT))
        return TEE_ERROR_BAD_PARAMETERS;
    switch (commandID) {
    case HOSTILE_NOTHING:
        params[0].value.a = 42;
        return TEE_SUCCESS;
    case HOSTILE_PANIC:
        TEE_Panic(0x1234);
        return TEE_SUCCESS;
    case HOSTILE_LOOP:
        loop();
        return TEE_SUCCESS;
    case HOSTILE_CRASH:
        *(volatile uint32_t *)(uintptr_t)nowhere = 1;
        return TEE_SUCCESS;
    case HOSTILE_ABORT:
        abort();
    case HOSTILE_WAIT:
        TEE_UnmaskCancellation();
        return TEE_Wait(TEE_TIMEOUT_INFINITE);
    case HOSTILE_HOARD:
        return hoard(&params[0].value.a);
    case HOSTILE_PEER:
        return peer(&params[0].value.a);
    case HOSTILE_WHO:
        return who(&params[0]);
    case HOSTILE_EXE:
        return TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_CLIENT, "org.keymoor.client.exe.sha256",
                                       params[0].memref.buffer, &params[0].memref.size);
    case HOSTILE_CLIENT:
        return describe_client(&params[0]);
    case HOSTILE_THEIRS:
    case HOSTILE_NESTED:
        return ask_like(commandID - 1, &params[0]);
    case HOSTILE_PATIENT:
        params[0].value.a = wait_for_like(100);
        return TEE_SUCCESS;
    case HOSTILE_PASS_ON:
        TEE_UnmaskCancellation();
        return wait_for_like(TEE_TIMEOUT_INFINITE);
    case HOSTILE_SELF:
        params[0].value.a = peer(&params[0].value.b);
        return TEE_SUCCESS;
    case HOSTILE_COUNT:
        params[0].value.a = n_calls;
        return TEE_SUCCESS;
    case HOSTILE_MAP:
        params[0].value.a = map_memory();
        return TEE_SUCCESS;
    case HOSTILE_AUDIT:
        return flood_audit();
    case HOSTILE_TEXT:
        return flood_text();
    case HOSTILE_MANY:
        params[0].value.a = open_many();
        return TEE_SUCCESS;
    case HOSTILE_FILL:
        return fill();
    case HOSTILE_LINGER:
    case HOSTILE_STAY:
        ends_by = commandID;
        return TEE_SUCCESS;
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
