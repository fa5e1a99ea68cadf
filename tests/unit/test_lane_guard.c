/* SPDX-License-Identifier: Apache-2.0 */
/* Clients in bed hear of their instance's end from the kernel alone: here the lane's socket never tells, for this process keeps its far end. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/km_sock.h"
#include "tee/channel/lane_guard.h"
#include "tests/unit/lane_peer.h"

/* What should not sleep for ever: the alarm ends a test that does. */
#define PATIENCE_S 120
#define N_KILLS 300
#define N_LANES 2

struct bench {
    struct km_lane_client *lanes[N_LANES];
    struct km_lane_page *pages[N_LANES]; /* this process's own view */
    int far[N_LANES];
    pid_t pid;
};

static void serve(const int *memory, const int *far, const int *near)
{
    static struct km_lane_server *lanes[N_LANES];
    km_lane_server_prepare();
    for (size_t i = 0; i < N_LANES; i++) {
        close(near[i]);
        if (km_lane_server_new(NULL, memory[i], far[i], &lanes[i]) != KM_OK)
            _exit(2);
    }
    lane_peer_serve(lanes, N_LANES);
    _exit(0);
}

static void begin(struct bench *b)
{
    int memory[N_LANES] = {-1, -1};
    int near[N_LANES] = {-1, -1};
    for (size_t i = 0; i < N_LANES; i++) {
        int pair[2] = {-1, -1};
        uint8_t *at = NULL;
        assert_int_equal(km_lane_memory_new(NULL, &memory[i]), KM_OK);
        assert_int_equal(km_sock_pair(NULL, pair), KM_OK);
        assert_int_equal(km_lane_map(NULL, memory[i], KM_LANE_SIZE, &at), KM_OK);
        b->pages[i] = (struct km_lane_page *)(void *)at;
        near[i] = pair[0];
        b->far[i] = pair[1];
    }
    b->pid = fork();
    assert_true(b->pid >= 0);
    if (b->pid == 0)
        serve(memory, b->far, near);
    for (size_t i = 0; i < N_LANES; i++)
        assert_int_equal(km_lane_client_new(NULL, memory[i], near[i], &b->lanes[i]), KM_OK);
}

static void finish(struct bench *b)
{
    for (size_t i = 0; i < N_LANES; i++) {
        km_lane_client_free(b->lanes[i]);
        munmap(b->pages[i], KM_LANE_SIZE);
        close(b->far[i]);
    }
    waitpid(b->pid, NULL, 0);
}

static km_status call(struct bench *b, size_t lane, uint32_t command, uint32_t ms)
{
    struct km_lane_client_param params[KM_LANE_PARAMS] = {{.type = KM_PARAM_VALUE_IN, .a = ms}};
    uint32_t result = 0;
    uint32_t origin = 0;
    return km_lane_client_call(NULL, b->lanes[lane], KM_LANE_INVOKE, command, params, &result,
                               &origin);
}

struct caller {
    pthread_t thread;
    struct bench *bench;
    size_t lane;
    uint32_t command;
    uint32_t ms;
    km_status status;
};

/* Calls until something is wrong. */
static void *keep_calling(void *arg)
{
    struct caller *caller = arg;
    do {
        caller->status = call(caller->bench, caller->lane, caller->command, caller->ms);
    } while (caller->status == KM_OK);
    return NULL;
}

static void doze(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static void test_killed_in_a_long_call(void **state)
{
    (void)state;
    struct bench b = {0};
    alarm(PATIENCE_S);
    begin(&b);
    assert_int_equal(call(&b, 0, PEER_NOTHING, 0), KM_OK);
    assert_int_equal(km_word_get(&b.pages[0]->alive), (uint32_t)b.pid);
    struct caller caller = {.bench = &b, .command = PEER_WAIT, .ms = 3600000};
    assert_int_equal(pthread_create(&caller.thread, NULL, keep_calling, &caller), 0);
    while ((atomic_load(&b.pages[0]->turn) & KM_TURN_SLEEPS) == 0)
        doze(100);
    assert_int_equal(km_word_get(&b.pages[0]->bed), (uint32_t)b.pid | KM_GUARD_SLEEPS);
    kill(b.pid, SIGKILL);
    pthread_join(caller.thread, NULL);
    assert_int_equal(caller.status, KM_E_DEAD);
    assert_int_equal(km_word_get(&b.pages[0]->alive), KM_GUARD_DIED);
    /* Its other lane, which nobody slept at, is marked as well. */
    assert_int_equal(call(&b, 1, PEER_NOTHING, 0), KM_E_DEAD);
    finish(&b);
}

/* Death finds each instruction of wakes, beds and lists sooner or later; a client that it misses sleeps until the alarm. */
static void test_killed_at_random_moments(void **state)
{
    (void)state;
    unsigned seed = 3;
    alarm(PATIENCE_S);
    for (unsigned round = 0; round < N_KILLS; round++) {
        struct bench b = {0};
        struct caller callers[N_LANES] = {{0}};
        begin(&b);
        for (size_t i = 0; i < N_LANES; i++) {
            callers[i] = (struct caller){.bench = &b, .lane = i, .command = PEER_NOTHING};
            /* Before the other begins: the instance serves both by then. */
            assert_int_equal(call(&b, i, PEER_NOTHING, 0), KM_OK);
        }
        for (size_t i = 0; i < N_LANES; i++)
            assert_int_equal(pthread_create(&callers[i].thread, NULL, keep_calling, &callers[i]),
                             0);
        doze(rand_r(&seed) % 3000);
        kill(b.pid, SIGKILL);
        for (size_t i = 0; i < N_LANES; i++) {
            pthread_join(callers[i].thread, NULL);
            assert_int_equal(callers[i].status, KM_E_DEAD);
        }
        finish(&b);
    }
}

/* A client that writes into these words harms its own lane at most. */
static void test_wild_words(void **state)
{
    (void)state;
    struct bench b = {0};
    unsigned seed = 5;
    alarm(PATIENCE_S);
    begin(&b);
    assert_int_equal(call(&b, 0, PEER_NOTHING, 0), KM_OK);
    for (unsigned i = 0; i < 2000; i++) {
        km_word_put(&b.pages[1]->alive, (uint32_t)rand_r(&seed) & ~KM_GUARD_DIED);
        km_word_put(&b.pages[1]->bed, (uint32_t)rand_r(&seed));
        km_word_put(&b.pages[1]->alive, (uint32_t)b.pid);
        assert_int_equal(call(&b, 1, PEER_NOTHING, 0), KM_OK);
        assert_int_equal(call(&b, 0, PEER_NOTHING, 0), KM_OK);
    }
    km_word_put(&b.pages[1]->alive, KM_GUARD_DIED);
    atomic_store(&b.pages[1]->bed, (uint32_t)b.pid);
    assert_int_equal(call(&b, 0, PEER_NOTHING, 0), KM_OK);
    finish(&b);
}

/* Without a number in the lane, as on a kernel that gives no list, the alarm stays: here the instance's end shows by the socket. */
static void test_without_a_list(void **state)
{
    (void)state;
    struct bench b = {0};
    alarm(PATIENCE_S);
    begin(&b);
    assert_int_equal(call(&b, 0, PEER_NOTHING, 0), KM_OK);
    km_word_put(&b.pages[0]->alive, 0);
    struct caller caller = {.bench = &b, .command = PEER_WAIT, .ms = 3600000};
    assert_int_equal(pthread_create(&caller.thread, NULL, keep_calling, &caller), 0);
    while ((atomic_load(&b.pages[0]->turn) & KM_TURN_SLEEPS) == 0)
        doze(100);
    close(b.far[0]);
    b.far[0] = -1;
    kill(b.pid, SIGKILL);
    pthread_join(caller.thread, NULL);
    assert_int_equal(caller.status, KM_E_DEAD);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_in_a_long_call),
        cmocka_unit_test(test_killed_at_random_moments),
        cmocka_unit_test(test_wild_words),
        cmocka_unit_test(test_without_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
