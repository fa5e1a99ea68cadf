/* SPDX-License-Identifier: Apache-2.0 */
/* The TEE Client API in programs with threads and forks, and calls that are cancelled, against a small service of the test. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/teec_rig.h"

/* What should not sleep for ever: the alarm ends a process that does. */
#define PATIENCE_S 200

/* ---- cancelling ---- */

struct cancelled_call {
    struct teec_rig *rig;
    TEEC_Operation op;
    TEEC_Result result;
    uint32_t origin;
    bool open;
    _Atomic pid_t tid; /* of who calls, when he is about to */
};

static void *run_call(void *arg)
{
    struct cancelled_call *call = (struct cancelled_call *)arg;
    TEEC_Session session = {0};
    call->tid = gettid();
    if (call->open)
        call->result = TEEC_OpenSession(&call->rig->context, &session, &teec_rig_ta,
                                        TEEC_LOGIN_PUBLIC, NULL, &call->op, &call->origin);
    else
        call->result = TEEC_InvokeCommand(&call->rig->session, PEER_WAIT, &call->op, &call->origin);
    TEEC_CloseSession(&session);
    return NULL;
}

static struct cancelled_call wait_call(struct teec_rig *rig, uint32_t ms)
{
    struct cancelled_call call = {.rig = rig, .op = teec_rig_op(TEEC_VALUE_INPUT)};
    call.op.params[0].value.a = ms;
    return call;
}

static void test_cancel(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    pthread_t threads[2];
    teec_rig_open(&rig);
    /* One runs, one queues behind it; the queued one goes first. */
    struct cancelled_call running = wait_call(&rig, 60000);
    struct cancelled_call queued = wait_call(&rig, 60000);
    pthread_create(&threads[0], NULL, run_call, &running);
    km_test_await_sleep(&running.tid);
    pthread_create(&threads[1], NULL, run_call, &queued);
    km_test_await_sleep(&queued.tid);
    TEEC_RequestCancellation(&queued.op);
    pthread_join(threads[1], NULL);
    assert_int_equal(queued.result, TEEC_ERROR_CANCEL);
    assert_int_equal(queued.origin, TEEC_ORIGIN_API);
    TEEC_RequestCancellation(&running.op);
    pthread_join(threads[0], NULL);
    assert_int_equal(running.result, TEEC_ERROR_CANCEL);
    assert_int_equal(running.origin, TEEC_ORIGIN_TRUSTED_APP);
    /* Too late: nothing. Too early: the call does not happen. The next is not touched. */
    TEEC_RequestCancellation(&running.op);
    struct cancelled_call early = wait_call(&rig, 60000);
    TEEC_RequestCancellation(&early.op);
    run_call(&early);
    assert_int_equal(early.result, TEEC_ERROR_CANCEL);
    assert_int_equal(early.origin, TEEC_ORIGIN_API);
    early.op.params[0].value.a = 1;
    run_call(&early);
    assert_int_equal(early.result, TEEC_SUCCESS);
    teec_rig_close(&rig);
}

/* A cancellation at any moment is neither lost nor lands on another call. */
static void test_cancel_any_time(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    for (unsigned i = 0; i < 300; i++) {
        pthread_t thread = 0;
        struct cancelled_call call = wait_call(&rig, 60000);
        pthread_create(&thread, NULL, run_call, &call);
        for (volatile unsigned k = 0; k < i * 997 % 60000; k++)
            continue;
        TEEC_RequestCancellation(&call.op);
        pthread_join(thread, NULL);
        assert_int_equal(call.result, TEEC_ERROR_CANCEL);
        struct cancelled_call quiet = wait_call(&rig, 0);
        run_call(&quiet);
        assert_int_equal(quiet.result, TEEC_SUCCESS);
    }
    teec_rig_close(&rig);
}

static void test_cancel_opening(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    pthread_t thread = 0;
    fake_start(&rig.fake, FAKE_SILENT);
    assert_int_equal(TEEC_InitializeContext(rig.fake.path, &rig.context), TEEC_SUCCESS);
    struct cancelled_call call = {.rig = &rig, .op = teec_rig_op(0), .open = true};
    pthread_create(&thread, NULL, run_call, &call);
    km_test_await_sleep(&call.tid);
    TEEC_RequestCancellation(&call.op);
    pthread_join(thread, NULL);
    assert_int_equal(call.result, TEEC_ERROR_CANCEL);
    assert_int_equal(call.origin, TEEC_ORIGIN_API);
    teec_rig_close(&rig);
}

/* ---- threads and fork ---- */

static void *many_calls(void *arg)
{
    struct teec_rig *rig = (struct teec_rig *)arg;
    for (uint32_t i = 0; i < 500; i++) {
        uint8_t octets[300];
        memset(octets, (int)i, sizeof(octets));
        TEEC_Operation op = teec_rig_op(
            TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_TEMP_INOUT, TEEC_NONE, TEEC_NONE));
        op.params[0].value = (TEEC_Value){i, i};
        op.params[1].tmpref = (TEEC_TempMemoryReference){octets, sizeof(octets)};
        if (TEEC_InvokeCommand(&rig->session, PEER_ECHO, &op, NULL) != TEEC_SUCCESS ||
            op.params[0].value.a != i + 1 || octets[299] != ((uint8_t)i ^ 0x5a))
            return rig;
    }
    return NULL;
}

static void test_threads_share_a_session(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    pthread_t threads[6];
    teec_rig_open(&rig);
    for (size_t i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, many_calls, &rig);
    for (size_t i = 0; i < 6; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    teec_rig_close(&rig);
}

/* In the child: 0, or the number of the line that went wrong. */
static int in_child(struct teec_rig *rig, TEEC_SharedMemory *allocated,
                    TEEC_SharedMemory *registered)
{
    uint32_t origin = 0;
    TEEC_Context own = {0};
    TEEC_Session session = {0};
    TEEC_SharedMemory more = {.size = 10, .flags = TEEC_MEM_INPUT};
    if (TEEC_InvokeCommand(&rig->session, 0, NULL, &origin) != TEEC_ERROR_COMMUNICATION ||
        origin != TEEC_ORIGIN_API)
        return __LINE__;
    TEEC_Operation op = teec_rig_op(TEEC_VALUE_INPUT);
    if (TEEC_InvokeCommand(&rig->session, 0, &op, &origin) != TEEC_ERROR_COMMUNICATION)
        return __LINE__;
    if (TEEC_OpenSession(&rig->context, &session, &teec_rig_ta, 0, NULL, NULL, NULL) !=
            TEEC_ERROR_COMMUNICATION ||
        TEEC_AllocateSharedMemory(&rig->context, &more) != TEEC_ERROR_COMMUNICATION)
        return __LINE__;
    /* What the parent writes after the fork is not seen, and what is written here is private. */
    usleep(100000);
    if (((uint8_t *)allocated->buffer)[5000] != 1 || ((uint8_t *)registered->buffer)[50000] != 1)
        return __LINE__;
    memset(allocated->buffer, 3, allocated->size);
    memset(registered->buffer, 3, registered->size);
    TEEC_ReleaseSharedMemory(allocated);
    TEEC_ReleaseSharedMemory(registered);
    if (((uint8_t *)registered->buffer)[50000] != 3)
        return __LINE__;
    TEEC_CloseSession(&rig->session);
    TEEC_FinalizeContext(&rig->context);
    if (TEEC_InitializeContext(rig->fake.path, &own) != TEEC_SUCCESS ||
        TEEC_OpenSession(&own, &session, &teec_rig_ta, 0, NULL, NULL, NULL) != TEEC_SUCCESS ||
        TEEC_InvokeCommand(&session, PEER_NOTHING, NULL, NULL) != TEEC_SUCCESS)
        return __LINE__;
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&own);
    return 0;
}

static void test_fork(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    teec_rig_open(&rig);
    TEEC_SharedMemory allocated = {.size = 20000, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    TEEC_SharedMemory registered = {.size = 100000, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    registered.buffer = malloc(registered.size);
    memset(registered.buffer, 1, registered.size);
    assert_int_equal(TEEC_AllocateSharedMemory(&rig.context, &allocated), TEEC_SUCCESS);
    memset(allocated.buffer, 1, allocated.size);
    assert_int_equal(TEEC_RegisterSharedMemory(&rig.context, &registered), TEEC_SUCCESS);
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_child(&rig, &allocated, &registered) % 256);
    memset(allocated.buffer, 2, allocated.size);
    memset(registered.buffer, 2, registered.size);
    int status = 0;
    waitpid(pid, &status, 0);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : 255, 0);
    assert_int_equal(((uint8_t *)allocated.buffer)[5000], 2);
    assert_int_equal(((uint8_t *)registered.buffer)[50000], 2);
    TEEC_Operation op = teec_rig_op(TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, 0, 0));
    op.params[0].memref.parent = &registered;
    assert_int_equal(teec_rig_invoke(&rig, PEER_SUM, &op, TEEC_ORIGIN_TRUSTED_APP), 200000);
    TEEC_ReleaseSharedMemory(&allocated);
    TEEC_ReleaseSharedMemory(&registered);
    free(registered.buffer);
    teec_rig_close(&rig);
}

static int in_child_of_caller(struct teec_rig *rig, TEEC_Operation *running)
{
    uint32_t origin = 0;
    TEEC_Operation op = teec_rig_op(TEEC_VALUE_INPUT);
    alarm(PATIENCE_S);
    TEEC_RequestCancellation(running);
    if (TEEC_InvokeCommand(&rig->session, 0, NULL, &origin) != TEEC_ERROR_COMMUNICATION ||
        origin != TEEC_ORIGIN_API)
        return __LINE__;
    if (TEEC_InvokeCommand(&rig->session, 0, &op, &origin) != TEEC_ERROR_COMMUNICATION ||
        origin != TEEC_ORIGIN_API)
        return __LINE__;
    TEEC_CloseSession(&rig->session);
    TEEC_FinalizeContext(&rig->context);
    return 0;
}

/* A fork in the middle of another thread's call: its child is told so at once, the call goes on. */
static void test_fork_during_call(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    pthread_t thread = 0;
    int status = 0;
    teec_rig_open(&rig);
    struct cancelled_call call = wait_call(&rig, 60000);
    pthread_create(&thread, NULL, run_call, &call);
    km_test_await_sleep(&call.tid);
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_child_of_caller(&rig, &call.op) % 256);
    waitpid(pid, &status, 0);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : 255, 0);
    TEEC_RequestCancellation(&call.op);
    pthread_join(thread, NULL);
    assert_int_equal(call.result, TEEC_ERROR_CANCEL);
    assert_int_equal(call.origin, TEEC_ORIGIN_TRUSTED_APP);
    teec_rig_close(&rig);
}

#define SHARED_LEN 1048576u

struct registrar {
    struct teec_rig *rig;
    uint8_t *buffer;
    _Atomic bool stop;
    _Atomic unsigned n_rounds;
};

static void *register_on_and_on(void *arg)
{
    struct registrar *r = (struct registrar *)arg;
    while (!atomic_load(&r->stop)) {
        TEEC_SharedMemory memory = {
            .buffer = r->buffer, .size = SHARED_LEN, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
        if (TEEC_RegisterSharedMemory(&r->rig->context, &memory) != TEEC_SUCCESS)
            return arg;
        TEEC_ReleaseSharedMemory(&memory);
        atomic_fetch_add(&r->n_rounds, 1);
    }
    return NULL;
}

/* The other thread replaces the pages meanwhile, always by the same octets: no race to be told of. */
static __attribute__((no_sanitize("thread"), noinline)) bool
is_untouched(const volatile uint8_t *at)
{
    for (size_t k = 0; k < SHARED_LEN; k += 1024) {
        if (at[k] != 1)
            return false;
    }
    return true;
}

/* At whatever moment of another thread's registration a fork comes, the child writes only to itself. */
static void test_fork_during_registration(void **state)
{
    (void)state;
    struct teec_rig rig = {0};
    struct registrar r = {.rig = &rig};
    pthread_t thread = 0;
    void *failed = NULL;
    teec_rig_open(&rig);
    r.buffer = mmap(NULL, SHARED_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(r.buffer, MAP_FAILED);
    memset(r.buffer, 1, SHARED_LEN);
    pthread_create(&thread, NULL, register_on_and_on, &r);
    while (atomic_load(&r.n_rounds) == 0)
        usleep(1000);
    bool clean = true;
    for (unsigned i = 0; i < 200 && clean; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (size_t k = 0; k < SHARED_LEN; k += 1024)
                ((volatile uint8_t *)r.buffer)[k] = 0xee;
            _exit(0);
        }
        waitpid(pid, NULL, 0);
        clean = is_untouched(r.buffer);
        usleep(i * 37 % 1000);
    }
    atomic_store(&r.stop, true);
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_true(clean);
    munmap(r.buffer, SHARED_LEN);
    teec_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_any_time),
        cmocka_unit_test(test_cancel_opening),
        cmocka_unit_test(test_threads_share_a_session),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_during_call),
        cmocka_unit_test(test_fork_during_registration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
