/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a lane, with a forked instance. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/km_sock.h"
#include "tests/unit/lane_peer.h"

/* What should not sleep for ever: the alarm ends a test that does. */
#define PATIENCE_S 200

struct bench {
    struct km_lane_client *lane;
    pid_t pid;
};

static void begin(struct bench *b)
{
    int memory = -1;
    int sock = -1;
    b->pid = lane_peer_start(1, &memory, &sock);
    assert_int_equal(km_lane_client_new(NULL, memory, sock, &b->lane), KM_OK);
}

/* The instance ends by itself when its client goes. */
static void finish(struct bench *b)
{
    int status = 0;
    km_lane_client_free(b->lane);
    assert_int_equal(waitpid(b->pid, &status, 0), b->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static uint32_t invoke(struct bench *b, uint32_t command, struct km_lane_client_param *params)
{
    uint32_t result = 77;
    uint32_t origin = 77;
    assert_int_equal(
        km_lane_client_call(NULL, b->lane, KM_LANE_INVOKE, command, params, &result, &origin),
        KM_OK);
    assert_int_equal(origin, PEER_ORIGIN);
    return result;
}

static void test_values(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    struct km_lane_client_param params[4] = {
        {.type = KM_PARAM_VALUE_IN, .a = 1, .b = 2},
        {.type = KM_PARAM_VALUE_OUT, .a = 3, .b = 4},
        {.type = KM_PARAM_VALUE_INOUT, .a = 5, .b = 0xffffffff}};
    assert_int_equal(invoke(&b, PEER_ECHO, params), 0);
    assert_int_equal(params[0].a, 1);
    assert_int_equal(params[1].a, 1);
    assert_int_equal(params[1].b, 1);
    assert_int_equal(params[2].a, 6);
    assert_int_equal(params[2].b, 0);
    finish(&b);
}

/* A lone lane, its instance asleep: waits go to the kernel and come back. */
static void test_slow_client(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    for (unsigned i = 0; i < 20; i++) {
        usleep(5000);
        assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    }
    finish(&b);
}

static void test_parameters_that_do_not_fit(void **state)
{
    (void)state;
    struct bench b = {0};
    uint32_t result = 0;
    uint32_t origin = 0;
    uint8_t octet = 0;
    struct km_lane_shared shared = {.fd = -1, .id = 1, .size = 10, .at = &octet};
    const struct {
        struct km_lane_client_param param;
        km_status want;
    } rows[] = {
        {{.type = 4}, KM_E_ARG},
        {{.type = 8}, KM_E_ARG},
        {{.type = KM_PARAM_MEM_IN, .buffer = &octet, .size = SIZE_MAX}, KM_E_LIMIT},
        {{.type = KM_PARAM_MEM_IN, .buffer = &octet, .size = 0x10000001u}, KM_E_LIMIT},
        {{.type = KM_PARAM_MEM_IN, .shared = &shared, .size = 11}, KM_E_ARG},
        {{.type = KM_PARAM_MEM_IN, .shared = &shared, .size = 1, .offset = SIZE_MAX}, KM_E_ARG},
        {{.type = KM_PARAM_MEM_IN, .shared = &shared, .size = 1, .offset = 10}, KM_E_ARG},
    };
    begin(&b);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_lane_client_param params[4] = {rows[i].param};
        assert_int_equal(
            km_lane_client_call(NULL, b.lane, KM_LANE_INVOKE, 0, params, &result, &origin),
            rows[i].want);
    }
    assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    finish(&b);
}

/* What an instance says that it wrote is believed only as far as there was room. */
static void test_lying_instance(void **state)
{
    (void)state;
    static uint8_t large[200000];
    struct bench b = {0};
    uint8_t small[16] = {0};
    const struct {
        uint8_t type;
        void *buffer;
        size_t size;
    } rows[] = {
        {KM_PARAM_MEM_OUT, small, 16},   {KM_PARAM_MEM_INOUT, small, 16},
        {KM_PARAM_MEM_OUT, small, 0},    {KM_PARAM_MEM_OUT, NULL, 0},
        {KM_PARAM_MEM_OUT, large, 9000}, {KM_PARAM_MEM_INOUT, large, sizeof(large)},
    };
    begin(&b);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint32_t result = 77;
        uint32_t origin = 77;
        struct km_lane_client_param params[4] = {
            {.type = KM_PARAM_MEM_IN, .buffer = small, .size = sizeof(small)},
            {.type = rows[i].type, .buffer = rows[i].buffer, .size = rows[i].size}};
        assert_int_equal(
            km_lane_client_call(NULL, b.lane, KM_LANE_INVOKE, PEER_LIES, params, &result, &origin),
            KM_E_MALFORMED);
        assert_int_equal(result, 77);
        params[1].size = rows[i].size;
        assert_int_equal(invoke(&b, PEER_SIZES, params), PEER_SHORT);
        assert_int_equal(params[1].size, rows[i].size + 1);
    }
    finish(&b);
}

/* Memory that is not what it should be. */
static void test_lane_memory(void **state)
{
    (void)state;
    struct km_lane_client *client = NULL;
    struct km_lane_server *server = NULL;
    int pair[2] = {-1, -1};
    const char *const kinds[] = {"unsealed", "grow only", "short", "a file", "a socket"};
    assert_int_equal(km_sock_pair(NULL, pair), KM_OK);
    for (size_t i = 0; i < KM_ARRAY_LEN(kinds); i++) {
        int fd = i == 3   ? open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
                 : i == 4 ? fcntl(pair[0], F_DUPFD_CLOEXEC, 0)
                          : memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (i < 3)
            assert_int_equal(ftruncate(fd, i == 2 ? 65535 : 65536), 0);
        if (i == 1)
            assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
        if (i == 2)
            assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
        assert_int_equal(km_lane_client_new(NULL, fd, pair[0], &client), KM_E_MALFORMED);
        assert_int_equal(km_lane_server_new(NULL, fd, pair[1], &server), KM_E_MALFORMED);
        assert_true(fcntl(fd, F_GETFD) >= 0); /* still the caller's */
        close(fd);
    }
    close(pair[0]);
    close(pair[1]);
}

static struct km_lane_shared shared_new(uint64_t id, size_t size, bool sealed)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    if (sealed)
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    return (struct km_lane_shared){.fd = fd, .id = id, .size = size, .at = (uint8_t *)at};
}

static void shared_free(struct km_lane_shared *shared)
{
    munmap(shared->at, shared->size);
    close(shared->fd);
}

static void test_shared(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    struct km_lane_shared good = shared_new(1, 100000, true);
    struct km_lane_shared bad = shared_new(2, 100000, false);
    memset(good.at, 1, good.size);
    struct km_lane_client_param params[4] = {
        {.type = KM_PARAM_MEM_IN, .shared = &good, .size = 99000, .offset = 1000},
        {.type = KM_PARAM_VALUE_OUT}};
    assert_int_equal(invoke(&b, PEER_SUM, params), 99000);
    /* The instance refuses what its client could truncate under its feet, and goes on. */
    params[0].shared = &bad;
    assert_int_equal(invoke(&b, PEER_SUM, params), PEER_BAD_PARAMETERS);
    params[0].shared = &good;
    assert_int_equal(invoke(&b, PEER_SUM, params), 99000);
    /* Forgotten and named again: told again. */
    km_lane_client_forget(b.lane, 1);
    km_lane_client_forget(b.lane, 1);
    km_lane_client_forget(b.lane, 77);
    assert_int_equal(invoke(&b, PEER_SUM, params), 99000);
    shared_free(&good);
    shared_free(&bad);
    finish(&b);
}

/* More messages than a socket holds, the instance stopped meanwhile. */
static void test_mail_flood(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    struct km_lane_shared shared[100];
    for (size_t i = 0; i < KM_ARRAY_LEN(shared); i++) {
        shared[i] = shared_new(i + 1, 8192, true);
        memset(shared[i].at, (int)i, 8192);
    }
    for (size_t round = 0; round < 30; round++) {
        for (size_t i = 0; i < KM_ARRAY_LEN(shared); i++) {
            struct km_lane_client_param params[4] = {
                {.type = KM_PARAM_MEM_IN, .shared = &shared[i], .size = 8192},
                {.type = KM_PARAM_VALUE_OUT}};
            assert_int_equal(invoke(&b, PEER_SUM, params), i * 8192);
        }
        kill(b.pid, SIGSTOP);
        for (size_t i = 0; i < KM_ARRAY_LEN(shared); i++)
            km_lane_client_forget(b.lane, shared[i].id);
        kill(b.pid, SIGCONT);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(shared); i++)
        shared_free(&shared[i]);
    finish(&b);
}

static void test_instance_dies(void **state)
{
    (void)state;
    struct bench b = {0};
    uint32_t result = 0;
    uint32_t origin = 0;
    begin(&b);
    assert_true(km_lane_client_alive(b.lane));
    assert_int_equal(
        km_lane_client_call(NULL, b.lane, KM_LANE_INVOKE, PEER_DIE, NULL, &result, &origin),
        KM_E_DEAD);
    assert_false(km_lane_client_alive(b.lane));
    assert_int_equal(km_lane_client_call(NULL, b.lane, KM_LANE_INVOKE, 0, NULL, &result, &origin),
                     KM_E_DEAD);
    km_lane_client_forget(b.lane, 1);
    km_lane_client_cancel(b.lane);
    km_lane_client_free(b.lane);
    waitpid(b.pid, NULL, 0);
    /* Dead before the call is posted. */
    begin(&b);
    assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    kill(b.pid, SIGKILL);
    waitpid(b.pid, NULL, 0);
    assert_int_equal(km_lane_client_call(NULL, b.lane, KM_LANE_INVOKE, 0, NULL, &result, &origin),
                     KM_E_DEAD);
    km_lane_client_free(b.lane);
}

/* However the client goes, an idle or busy instance ends. */
static void test_client_dies(void **state)
{
    (void)state;
    for (unsigned in_call = 0; in_call < 2; in_call++) {
        int memory = -1;
        int sock = -1;
        int status = 0;
        pid_t instance = lane_peer_start(1, &memory, &sock);
        pid_t client = fork();
        if (client == 0) {
            struct bench b = {0};
            struct km_lane_client_param params[4] = {{.type = KM_PARAM_VALUE_IN, .a = 60000}};
            if (km_lane_client_new(NULL, memory, sock, &b.lane) != KM_OK)
                _exit(1);
            if (in_call)
                invoke(&b, PEER_WAIT, params);
            for (;;)
                pause();
        }
        close(memory);
        close(sock);
        usleep(50000);
        kill(client, SIGKILL);
        waitpid(client, NULL, 0);
        assert_int_equal(waitpid(instance, &status, 0), instance);
        assert_true(WIFEXITED(status));
    }
}

static void test_nudge(void **state)
{
    (void)state;
    struct km_lane_server *server = NULL;
    int memory = -1;
    int pair[2] = {-1, -1};
    size_t at = 77;
    assert_int_equal(km_lane_memory_new(NULL, &memory), KM_OK);
    assert_int_equal(km_sock_pair(NULL, pair), KM_OK);
    assert_int_equal(km_lane_server_new(NULL, memory, pair[1], &server), KM_OK);
    km_lane_server_nudge();
    assert_int_equal(km_lane_server_wait(NULL, &server, 1, &at), KM_E_CANCELLED);
    assert_int_equal(at, 77);
    assert_int_equal(km_lane_server_wait(NULL, &server, 0, &at), KM_E_LIMIT);
    km_lane_server_nudge();
    assert_int_equal(km_lane_server_wait(NULL, &server, 1, &at), KM_E_CANCELLED);
    close(pair[0]);
    assert_int_equal(km_lane_server_wait(NULL, &server, 1, &at), KM_E_DEAD);
    assert_int_equal(at, 0);
    km_lane_server_free(server);
    km_lane_server_free(NULL);
    km_lane_client_free(NULL);
}

/* A lane that only this process holds: its server, the client's socket and, if wanted, its memory. */
static struct km_lane_server *server_new(int *ret_sock, int *ret_memory)
{
    struct km_lane_server *server = NULL;
    int memory = -1;
    int pair[2] = {-1, -1};
    assert_int_equal(km_lane_memory_new(NULL, &memory), KM_OK);
    assert_int_equal(km_sock_pair(NULL, pair), KM_OK);
    if (ret_memory != NULL)
        *ret_memory = fcntl(memory, F_DUPFD_CLOEXEC, 0);
    assert_int_equal(km_lane_server_new(NULL, memory, pair[1], &server), KM_OK);
    *ret_sock = pair[0];
    return server;
}

#define GONE 4

/* Clients that go together are all told of, although one signal may have told of them. */
static void test_all_go_at_once(void **state)
{
    (void)state;
    struct km_lane_server *servers[GONE];
    int socks[GONE];
    for (size_t i = 0; i < GONE; i++)
        servers[i] = server_new(&socks[i], NULL);
    /* What the making of the lanes left to be looked at is looked at. */
    size_t at = 77;
    km_lane_server_nudge();
    assert_int_equal(km_lane_server_wait(NULL, servers, GONE, &at), KM_E_CANCELLED);
    for (size_t i = 0; i < GONE; i++)
        close(socks[i]);
    alarm(PATIENCE_S);
    for (size_t n = GONE; n > 0; n--) {
        assert_int_equal(km_lane_server_wait(NULL, servers, n, &at), KM_E_DEAD);
        assert_true(at < n);
        km_lane_server_free(servers[at]);
        servers[at] = servers[n - 1];
    }
    alarm(0);
}

/* The end of a socket is found behind more messages than are taken at once. */
static void test_death_behind_mail(void **state)
{
    (void)state;
    int sock = -1;
    unsigned n_sent = 0;
    size_t at = 77;
    const int room = 1 << 20;
    struct km_lane_server *server = server_new(&sock, NULL);
    assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
    while (n_sent < 1000 && send(sock, "x", 1, MSG_DONTWAIT) == 1)
        n_sent++;
    assert_true(n_sent > 256);
    close(sock);
    alarm(PATIENCE_S);
    assert_int_equal(km_lane_server_wait(NULL, &server, 1, &at), KM_E_DEAD);
    alarm(0);
    km_lane_server_free(server);
}

/* Again and again, for the call may not have begun; until it has ended. */
struct canceller {
    pthread_t thread;
    struct km_lane_client *lane;
    _Atomic bool is_over;
};

static void *cancel_soon(void *arg)
{
    struct canceller *canceller = (struct canceller *)arg;
    while (!atomic_load(&canceller->is_over)) {
        usleep(50000);
        km_lane_client_cancel(canceller->lane);
    }
    return NULL;
}

static void expect_cancelled(struct bench *b, struct km_lane_client_param params[4])
{
    struct canceller canceller = {.lane = b->lane};
    pthread_create(&canceller.thread, NULL, cancel_soon, &canceller);
    assert_int_equal(invoke(b, PEER_WAIT, params), PEER_CANCEL);
    atomic_store(&canceller.is_over, true);
    pthread_join(canceller.thread, NULL);
}

static void test_cancel(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    struct km_lane_client_param params[4] = {{.type = KM_PARAM_VALUE_IN, .a = 60000}};
    expect_cancelled(&b, params);
    km_lane_client_cancel(b.lane); /* nothing in flight: nothing happens to the next */
    params[0].a = 1;
    assert_int_equal(invoke(&b, PEER_WAIT, params), 0);
    _Atomic bool flag = true;
    params[0].a = 60000;
    km_lane_client_watch(b.lane, &flag);
    assert_int_equal(invoke(&b, PEER_WAIT, params), PEER_CANCEL);
    km_lane_client_watch(b.lane, NULL);
    finish(&b);
}

static bool third_time(void *arg)
{
    return ++*(unsigned *)arg == 3;
}

static bool never(void *arg)
{
    ++*(unsigned *)arg;
    return false;
}

/* The waiting thread itself is asked; once it wants to cancel, no more in that call. */
static void test_ask(void **state)
{
    (void)state;
    struct bench b = {0};
    unsigned n_asked = 0;
    begin(&b);
    struct km_lane_client_param params[4] = {{.type = KM_PARAM_VALUE_IN, .a = 60000}};
    km_lane_client_ask(b.lane, third_time, &n_asked);
    assert_int_equal(invoke(&b, PEER_WAIT, params), PEER_CANCEL);
    assert_int_equal(n_asked, 3);
    n_asked = 0;
    params[0].a = 120;
    km_lane_client_ask(b.lane, never, &n_asked);
    assert_int_equal(invoke(&b, PEER_WAIT, params), 0);
    assert_true(n_asked >= 1);
    km_lane_client_ask(b.lane, NULL, NULL);
    n_asked = 0;
    assert_int_equal(invoke(&b, PEER_WAIT, params), 0);
    assert_int_equal(n_asked, 0);
    finish(&b);
}

/* Calls that take as long as each other, then one that ends before it is due, one that is late, one cancelled. */
static void test_steady_long_calls(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    struct km_lane_client_param params[4] = {{.type = KM_PARAM_VALUE_IN, .a = 2}};
    for (unsigned i = 0; i < 40; i++) {
        params[0].a = i % 13 == 12 ? 5 : 2;
        assert_int_equal(invoke(&b, PEER_WAIT, params), 0);
        if (i % 11 == 10)
            assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        params[0].a = i % 6 == 5 ? 12 : i % 10 == 9 ? 7 : 9;
        assert_int_equal(invoke(&b, PEER_WAIT, params), 0);
    }
    params[0].a = 60000;
    expect_cancelled(&b, params);
    finish(&b);
}

static void *nudge_soon(void *arg)
{
    for (unsigned i = 0; i < 5; i++) {
        usleep(10000);
        km_lane_server_nudge();
    }
    return arg;
}

/* A new lane or an answer for another client does not end this one's wait, and is not forgotten. */
static void test_nudge_cancels_nobody(void **state)
{
    (void)state;
    pthread_t thread = 0;
    int sock = -1;
    size_t at = 77;
    struct km_lane_server *server = server_new(&sock, NULL);
    alarm(PATIENCE_S);
    km_lane_server_nudge();
    assert_false(km_lane_server_wait_cancel(server, 20));
    pthread_create(&thread, NULL, nudge_soon, NULL);
    assert_false(km_lane_server_wait_cancel(server, 100));
    pthread_join(thread, NULL);
    assert_int_equal(km_lane_server_wait(NULL, &server, 1, &at), KM_E_CANCELLED);
    close(sock);
    assert_true(km_lane_server_wait_cancel(server, UINT32_MAX));
    alarm(0);
    km_lane_server_free(server);
}

#define LANES 64

static void *one_of_many(void *arg)
{
    struct bench b = {.lane = (struct km_lane_client *)arg};
    for (uint32_t i = 0; i < 200; i++) {
        struct km_lane_client_param params[4] = {{.type = KM_PARAM_VALUE_INOUT, .a = i, .b = i}};
        if (invoke(&b, PEER_ECHO, params) != 0 || params[0].a != i + 1)
            return arg;
    }
    return NULL;
}

/* One instance with 64 sessions, each from a thread of its own; then they go one by one. */
static void test_many_lanes(void **state)
{
    (void)state;
    int memory[LANES];
    int socks[LANES];
    struct km_lane_client *lanes[LANES];
    pthread_t threads[LANES];
    int status = 0;
    pid_t pid = lane_peer_start(LANES, memory, socks);
    for (size_t i = 0; i < LANES; i++)
        assert_int_equal(km_lane_client_new(NULL, memory[i], socks[i], &lanes[i]), KM_OK);
    for (size_t i = 0; i < LANES; i++)
        pthread_create(&threads[i], NULL, one_of_many, lanes[i]);
    for (size_t i = 0; i < LANES; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (size_t i = 0; i < LANES; i++) {
        struct bench b = {.lane = lanes[i]};
        uint32_t result = 0;
        uint32_t origin = 0;
        assert_int_equal(invoke(&b, PEER_CLOSED, NULL), i);
        assert_int_equal(
            km_lane_client_call(NULL, lanes[i], KM_LANE_CLOSE, 0, NULL, &result, &origin), KM_OK);
        km_lane_client_free(lanes[i]);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The child has no part in its parent's lanes, and makes its own. */
static void test_fork(void **state)
{
    (void)state;
    struct bench b = {0};
    int status = 0;
    begin(&b);
    uint32_t generation = km_lane_generation();
    pid_t pid = fork();
    if (pid == 0) {
        struct bench own = {0};
        uint32_t result = 0;
        uint32_t origin = 0;
        if (km_lane_client_alive(b.lane) || km_lane_generation() == generation ||
            km_lane_client_call(NULL, b.lane, KM_LANE_INVOKE, 0, NULL, &result, &origin) !=
                KM_E_DEAD)
            _exit(1);
        km_lane_client_free(b.lane);
        begin(&own);
        invoke(&own, PEER_NOTHING, NULL);
        finish(&own);
        for (;;)
            pause(); /* outlives its parent's lane */
    }
    usleep(20000);
    assert_int_equal(km_lane_generation(), generation);
    assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    finish(&b); /* the instance notices although the child lives */
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_slow_client),
        cmocka_unit_test(test_parameters_that_do_not_fit),
        cmocka_unit_test(test_lying_instance),
        cmocka_unit_test(test_lane_memory),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_mail_flood),
        cmocka_unit_test(test_instance_dies),
        cmocka_unit_test(test_client_dies),
        cmocka_unit_test(test_nudge),
        cmocka_unit_test(test_all_go_at_once),
        cmocka_unit_test(test_death_behind_mail),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_steady_long_calls),
        cmocka_unit_test(test_nudge_cancels_nobody),
        cmocka_unit_test(test_many_lanes),
        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
