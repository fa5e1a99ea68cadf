/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes of one client process in one instance: one ring wakes those who were answered, and nobody waits for a long call. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/km_sock.h"
#include "tee/channel/lane_page.h"
#include "tests/unit/km_test.h"
#include "tests/unit/lane_peer.h"

/* What should not sleep for ever: the alarm ends a test that does. */
#define PATIENCE_S 200
#define LANES_MAX 32

/* ---- an instance in a process of its own ---- */

struct shared {
    size_t n_lanes;
    struct km_lane_client *lanes[LANES_MAX];
    struct km_lane_bell *bell;
    pid_t pid;
};

/* As many threads as can't all spin, so that they sleep. */
static size_t enough_lanes(void)
{
    cpu_set_t set = {0};
    size_t n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
    return n / 2 + 3 > LANES_MAX ? LANES_MAX : n / 2 + 3;
}

static void shared_open(struct shared *shared)
{
    int memory[LANES_MAX], socks[LANES_MAX];
    int bell = -1;
    *shared = (struct shared){.n_lanes = enough_lanes()};
    assert_int_equal(km_lane_bell_new(NULL, &bell), KM_OK);
    shared->bell = mmap(NULL, KM_LANE_BELL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bell, 0);
    assert_true(shared->bell != MAP_FAILED);
    shared->pid = lane_peer_start_shared(shared->n_lanes, bell, memory, socks);
    for (size_t i = 0; i < shared->n_lanes; i++) {
        assert_int_equal(km_lane_client_new(NULL, memory[i], socks[i], &shared->lanes[i]), KM_OK);
        assert_int_equal(
            km_lane_client_join(NULL, shared->lanes[i], fcntl(bell, F_DUPFD_CLOEXEC, 3)), KM_OK);
    }
    close(bell);
}

/* A call for each lane that goes: ThreadSanitizer keeps signals back while an instance sleeps for several. */
static int shared_close(struct shared *shared)
{
    int status = 0;
    for (size_t i = 0; i < shared->n_lanes; i++) {
        uint32_t result = 0, origin = 0;
        (void)km_lane_client_call(NULL, shared->lanes[i], KM_LANE_CLOSE, 0, NULL, &result, &origin);
        km_lane_client_free(shared->lanes[i]);
    }
    assert_int_equal(waitpid(shared->pid, &status, 0), shared->pid);
    munmap(shared->bell, KM_LANE_BELL_SIZE);
    return status;
}

struct caller {
    pthread_t thread;
    struct km_lane_client *lane;
    _Atomic bool *stop;
    _Atomic unsigned n;
    km_status status; /* how the last call ended */
    unsigned n_wrong;
};

static km_status echo(struct caller *caller, uint32_t i)
{
    struct km_lane_client_param params[4] = {{.type = KM_PARAM_VALUE_INOUT, .a = i, .b = i}};
    uint32_t result = 0, origin = 0;
    km_status status = km_lane_client_call(NULL, caller->lane, KM_LANE_INVOKE, PEER_ECHO, params,
                                           &result, &origin);
    caller->n_wrong += status == KM_OK && (result != 0 || params[0].a != i + 1);
    return status;
}

static void *call_on(void *arg)
{
    struct caller *caller = (struct caller *)arg;
    while (caller->status == KM_OK && !atomic_load(caller->stop)) {
        caller->status = echo(caller, atomic_load(&caller->n));
        atomic_fetch_add(&caller->n, 1);
    }
    return NULL;
}

static void start(struct shared *shared, struct caller *callers, _Atomic bool *stop)
{
    for (size_t i = 0; i < shared->n_lanes; i++) {
        callers[i] = (struct caller){.lane = shared->lanes[i], .stop = stop};
        pthread_create(&callers[i].thread, NULL, call_on, &callers[i]);
    }
}

static void join(const struct shared *shared, struct caller *callers, km_status expected)
{
    for (size_t i = 0; i < shared->n_lanes; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].status, expected);
        assert_int_equal(callers[i].n_wrong, 0);
    }
}

static void test_rings(void **state)
{
    (void)state;
    struct shared shared = {0};
    struct caller callers[LANES_MAX] = {0};
    _Atomic bool stop = false;
    shared_open(&shared);
    alarm(PATIENCE_S);
    start(&shared, callers, &stop);
    while (km_word_get(&shared.bell->rung) < 100)
        usleep(1000);
    atomic_store(&stop, true);
    join(&shared, callers, KM_OK);
    alarm(0);
    /* It stays where its clients wanted it. */
    assert_int_not_equal(km_word_get(&shared.bell->wish), 0);
    int status = shared_close(&shared);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* All sessions of the instance end, also those that sleep at the bell. */
static void test_death(void **state)
{
    (void)state;
    struct shared shared = {0};
    struct caller callers[LANES_MAX] = {0};
    _Atomic bool stop = false;
    shared_open(&shared);
    alarm(PATIENCE_S);
    start(&shared, callers, &stop);
    while (km_word_get(&shared.bell->rung) < 10)
        usleep(1000);
    kill(shared.pid, SIGKILL);
    join(&shared, callers, KM_E_DEAD);
    alarm(0);
    assert_true(WIFSIGNALED(shared_close(&shared)));
}

/* The page of the bell is the clients': whatever they write there, calls go on, if late. */
static void test_scribbled_bell(void **state)
{
    (void)state;
    struct shared shared = {0};
    struct caller callers[LANES_MAX] = {0};
    _Atomic bool stop = false;
    uint32_t seed = 1;
    shared_open(&shared);
    alarm(PATIENCE_S);
    start(&shared, callers, &stop);
    for (unsigned i = 0; i < 2000; i++) {
        seed = seed * 1664525u + 1013904223u;
        km_word_put(&shared.bell->wish, i % 3 == 0 ? seed : seed % 4);
        km_word_put(&shared.bell->at, i % 5 == 0 ? seed : seed % 4);
        km_word_put(&shared.bell->rung, seed);
        usleep(50);
    }
    for (size_t i = 0; i < shared.n_lanes; i++) {
        unsigned before = atomic_load(&callers[i].n);
        while (atomic_load(&callers[i].n) == before)
            usleep(1000);
    }
    atomic_store(&stop, true);
    join(&shared, callers, KM_OK);
    alarm(0);
    int status = shared_close(&shared);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- an instance in this process, whose clients are words that the test writes ---- */

#define A 0
#define B 1
#define KNOWN 5u
#define OTHER 6u

struct own {
    struct km_lane_server *servers[2];
    struct km_lane_page *pages[2];
    int socks[2];
    struct km_lane_bell *bell;
};

static void own_open(struct own *own)
{
    int bell = -1;
    assert_int_equal(km_lane_bell_new(NULL, &bell), KM_OK);
    own->bell = mmap(NULL, KM_LANE_BELL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bell, 0);
    assert_int_equal(km_lane_server_bell(NULL, bell), KM_OK);
    for (size_t i = 0; i < 2; i++) {
        int memory = -1;
        int pair[2] = {-1, -1};
        assert_int_equal(km_lane_memory_new(NULL, &memory), KM_OK);
        assert_int_equal(km_sock_pair(NULL, pair), KM_OK);
        own->pages[i] = mmap(NULL, KM_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        assert_int_equal(km_lane_server_new(NULL, memory, pair[1], &own->servers[i]), KM_OK);
        own->socks[i] = pair[0];
        km_word_put(&own->pages[i]->bell_bits, 1u << i);
    }
}

static void own_close(struct own *own)
{
    for (size_t i = 0; i < 2; i++) {
        km_lane_server_free(own->servers[i]);
        munmap(own->pages[i], KM_LANE_SIZE);
        close(own->socks[i]);
    }
    munmap(own->bell, KM_LANE_BELL_SIZE);
}

/* A client that has called and sleeps at the bell. */
static void post(struct own *own, size_t at, uint32_t op, uint32_t command)
{
    atomic_store(&own->pages[at]->turn,
                 km_lane_call_word(op, 0, command) | KM_TURN_SLEEPS | KM_TURN_AT_BELL);
}

static void find(struct own *own, size_t expected)
{
    size_t at = 77;
    assert_int_equal(km_lane_server_wait(NULL, own->servers, 2, &at), KM_OK);
    assert_int_equal(at, expected);
}

static void answer(struct own *own, size_t at)
{
    struct km_lane_call call = {0};
    assert_int_equal(km_lane_server_take(NULL, own->servers[at], &call), KM_OK);
    km_lane_server_reply(own->servers[at], &call, 0, 0);
    assert_int_equal(atomic_load(&own->pages[at]->turn) & KM_TURN_INSTANCE, 0);
}

static uint32_t rung(const struct own *own)
{
    return km_word_get(&own->bell->rung);
}

/* Both lanes' last call was this one, and short as far as the machine let it. */
static void get_known(struct own *own)
{
    post(own, A, KM_LANE_INVOKE, KNOWN);
    find(own, A);
    answer(own, A);
    post(own, B, KM_LANE_INVOKE, KNOWN);
    find(own, B);
    answer(own, B);
}

/* A is answered and B's known, short call comes next: mostly there is one ring for both. True when there was. */
static bool one_ring(struct own *own)
{
    get_known(own);
    post(own, A, KM_LANE_INVOKE, KNOWN);
    find(own, A);
    uint32_t before = rung(own);
    answer(own, A);
    post(own, B, KM_LANE_INVOKE, KNOWN);
    find(own, B);
    bool together = rung(own) == before;
    answer(own, B);
    return together;
}

static void test_short_calls_share_a_ring(void **state)
{
    (void)state;
    struct own own = {0};
    own_open(&own);
    alarm(PATIENCE_S);
    /* A call that was interrupted counts as long. */
    while (!one_ring(&own))
        continue;
    alarm(0);
    own_close(&own);
}

/* Who was answered is woken before a call begins of which nobody knows that it is short. */
static void test_nobody_waits_for_a_long_call(void **state)
{
    (void)state;
    struct own own = {0};
    own_open(&own);
    alarm(PATIENCE_S);
    get_known(&own);
    post(&own, A, KM_LANE_INVOKE, KNOWN);
    find(&own, A);
    uint32_t before = rung(&own);
    answer(&own, A);
    post(&own, B, KM_LANE_INVOKE, OTHER);
    find(&own, B);
    assert_int_equal(rung(&own), before + 1);
    usleep(2000);
    answer(&own, B);
    /* The same again: it took long the last time. */
    post(&own, A, KM_LANE_INVOKE, KNOWN);
    find(&own, A);
    answer(&own, A);
    before = rung(&own);
    post(&own, B, KM_LANE_INVOKE, OTHER);
    find(&own, B);
    assert_int_equal(rung(&own), before + 1);
    answer(&own, B);
    alarm(0);
    own_close(&own);
}

/* A call that was short so far sleeps this time. */
static void test_nobody_waits_for_a_call_that_sleeps(void **state)
{
    (void)state;
    struct own own = {0};
    uint32_t before = 0;
    own_open(&own);
    alarm(PATIENCE_S);
    for (bool together = false; !together;) {
        get_known(&own);
        post(&own, A, KM_LANE_INVOKE, KNOWN);
        find(&own, A);
        before = rung(&own);
        answer(&own, A);
        post(&own, B, KM_LANE_INVOKE, KNOWN);
        find(&own, B);
        together = rung(&own) == before;
        if (!together)
            answer(&own, B);
    }
    assert_false(km_lane_server_wait_cancel(own.servers[B], 1));
    assert_int_equal(rung(&own), before + 1);
    answer(&own, B);
    alarm(0);
    own_close(&own);
}

static _Atomic pid_t sleeper;

static void *sleep_at_bell(void *arg)
{
    struct own *own = (struct own *)arg;
    sleeper = gettid();
    const uint64_t an_hour = 3600u * 1000u * (uint64_t)KM_NS_PER_MS;
    return km_futex_wait_bits(&own->bell->rung, rung(own), an_hour, 1u << A) ? arg : NULL;
}

/* Not left to the look that a client takes now and then. */
static void test_ring_wakes(void **state)
{
    (void)state;
    struct own own = {0};
    pthread_t thread = 0;
    void *woken = NULL;
    own_open(&own);
    alarm(PATIENCE_S);
    pthread_create(&thread, NULL, sleep_at_bell, &own);
    km_test_await_sleep(&sleeper);
    post(&own, A, KM_LANE_INVOKE, KNOWN);
    find(&own, A);
    answer(&own, A);
    post(&own, B, KM_LANE_INVOKE, OTHER);
    find(&own, B);
    pthread_join(thread, &woken);
    assert_ptr_equal(woken, &own);
    answer(&own, B);
    alarm(0);
    own_close(&own);
}

/* After the end of a session the instance may never come to a next call. */
static void test_closing_waits_for_nobody(void **state)
{
    (void)state;
    struct own own = {0};
    own_open(&own);
    alarm(PATIENCE_S);
    get_known(&own);
    post(&own, A, KM_LANE_CLOSE, 0);
    find(&own, A);
    uint32_t before = rung(&own);
    answer(&own, A);
    assert_int_equal(rung(&own), before + 1);
    alarm(0);
    own_close(&own);
}

/* Each with a lane and a bell of its own, again and again: what they know of each other is read meanwhile. */
static void *join_and_leave(void *arg)
{
    for (unsigned i = 0; i < 200; i++) {
        struct km_lane_client *lane = NULL;
        int memory = -1, bell = -1;
        int pair[2] = {-1, -1};
        if (km_lane_memory_new(NULL, &memory) != KM_OK || km_lane_bell_new(NULL, &bell) != KM_OK ||
            km_sock_pair(NULL, pair) != KM_OK ||
            km_lane_client_new(NULL, memory, pair[0], &lane) != KM_OK ||
            km_lane_client_join(NULL, lane, bell) != KM_OK)
            return NULL;
        km_lane_client_free(lane);
        close(pair[1]);
    }
    return arg;
}

/* For ThreadSanitizer, above all. */
static void test_sessions_are_opened_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < KM_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, join_and_leave, threads), 0);
    for (size_t i = 0; i < KM_ARRAY_LEN(threads); i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_ptr_equal(done, threads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_scribbled_bell),
        cmocka_unit_test(test_short_calls_share_a_ring),
        cmocka_unit_test(test_nobody_waits_for_a_long_call),
        cmocka_unit_test(test_nobody_waits_for_a_call_that_sleeps),
        cmocka_unit_test(test_ring_wakes),
        cmocka_unit_test(test_closing_waits_for_nobody),
        cmocka_unit_test(test_sessions_are_opened_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
