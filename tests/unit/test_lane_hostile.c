/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that rewrites the lane's page, its arena and shared memory while its calls run. The
 * instance must neither crash nor look outside; build with sanitizers to see the latter.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/km_sock.h"
#include "tee/channel/lane_page.h"
#include "tests/unit/lane_peer.h"

#define ROUNDS 40000u
/* What should not sleep for ever: the alarm ends a test that does. */
#define PATIENCE_S 200

/* Raw ends: this client keeps to no rule. */
struct raw {
    struct km_lane_page *page;
    uint8_t *shared;
    size_t shared_len;
    int sock;
    pid_t pid;
    _Atomic bool stop;
    unsigned seed;
};

static uint32_t next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void send_mail(const struct raw *raw, const struct km_lane_mail *mail, int fd)
{
    uint8_t msg[KM_LANE_MAIL_LEN] = {0};
    km_lane_mail_put(mail, msg);
    (void)!km_sock_send(NULL, raw->sock, KM_SLICE(msg, sizeof(msg)), &fd, fd >= 0);
}

static void raw_open(struct raw *raw)
{
    int memory = -1;
    raw->pid = lane_peer_start(1, &memory, &raw->sock);
    raw->shared_len = 300000;
    raw->page = mmap(NULL, KM_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    int fd = -1;
    assert_int_equal(km_lane_memfd_new(NULL, "test", raw->shared_len, &fd), KM_OK);
    raw->shared = mmap(NULL, raw->shared_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_int_equal(fcntl(raw->sock, F_SETFL, O_NONBLOCK), 0);
    send_mail(raw, &(struct km_lane_mail){KM_LANE_MAIL_SHARE, 5, raw->shared_len}, fd);
    close(fd);
    close(memory);
}

static void raw_close(struct raw *raw)
{
    int status = 0;
    close(raw->sock);
    assert_int_equal(waitpid(raw->pid, &status, 0), raw->pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the instance ended with status 0x%x", status);
    munmap(raw->page, KM_LANE_SIZE);
    munmap(raw->shared, raw->shared_len);
}

/* Everything but the turn's bit changes all the time. */
static void *flip(void *arg)
{
    struct raw *raw = (struct raw *)arg;
    uint8_t *page = (uint8_t *)raw->page;
    unsigned seed = raw->seed;
    while (!atomic_load_explicit(&raw->stop, memory_order_relaxed)) {
        uint32_t r = next(&seed);
        size_t at = 1 + next(&seed) % (r % 4 == 0 ? KM_LANE_SIZE - 1 : KM_LANE_ARENA_AT - 1);
        __atomic_fetch_xor(&page[at], (uint8_t)(1u << (r >> 3) % 8), __ATOMIC_RELAXED);
        __atomic_fetch_xor(&raw->shared[next(&seed) % raw->shared_len], 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* A call that is near to a legal one. PEER_DIE and long waits are left out. */
static uint64_t fill(struct raw *raw, unsigned *seed)
{
    static const uint8_t types[] = {0, 1, 2, 3, 5, 6, 7, 7, 6, 5, 4, 8, 15};
    static const uint32_t commands[] = {PEER_NOTHING, PEER_ECHO, PEER_SIZES, PEER_SUM, PEER_NULLS};
    static const uint32_t areas[] = {0, 0, 0, 5, 5, 5, 1, 6, 127, 128, UINT32_MAX};
    uint32_t types_word = 0;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        uint32_t limit = next(seed) % 8 == 0 ? 0x00ffffff : next(seed) % 2 == 0 ? 5000 : 140000;
        types_word |= (uint32_t)types[next(seed) % sizeof(types)] << (4 * i);
        km_word_put(&raw->page->slots[i].area, areas[next(seed) % KM_ARRAY_LEN(areas)]);
        km_word_put(&raw->page->slots[i].a, next(seed) % limit);
        km_word_put(&raw->page->slots[i].b, next(seed) % limit);
    }
    return km_lane_call_word(1 + next(seed) % 3, types_word,
                             commands[next(seed) % KM_ARRAY_LEN(commands)]) |
           (next(seed) % 4 == 0 ? KM_LANE_F_MAIL : 0);
}

/* True when the turn came back; the instance may take its time under a sanitizer. */
static bool turn_back(struct raw *raw)
{
    for (unsigned i = 0; i < 20000; i++) {
        _Atomic uint32_t *turn = km_turn_half(&raw->page->turn);
        uint32_t word = km_word_get(turn);
        if ((word & KM_TURN_INSTANCE) == 0)
            return true;
        km_futex_wait(turn, word, KM_NS_PER_MS);
    }
    return false;
}

static void hand_over(struct raw *raw, uint64_t word)
{
    atomic_store(&raw->page->turn, word | KM_TURN_SLEEPS);
    km_futex_wake(km_turn_half(&raw->page->turn), 1);
    if (!turn_back(raw))
        fail_msg("the instance does not answer");
}

static void test_odd_calls(void **state)
{
    (void)state;
    struct raw raw = {.seed = 1};
    raw_open(&raw);
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        hand_over(&raw, fill(&raw, &raw.seed));
    }
    raw_close(&raw);
}

static void test_flipping_client(void **state)
{
    (void)state;
    struct raw raw = {.seed = 2};
    pthread_t threads[2];
    unsigned seed = 3;
    raw_open(&raw);
    for (size_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, flip, &raw);
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        hand_over(&raw, fill(&raw, &seed));
    }
    atomic_store(&raw.stop, true);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    raw_close(&raw);
}

/* Messages without descriptors, with wrong ones, too long, too short, too many. */
static void test_odd_mail(void **state)
{
    (void)state;
    struct raw raw = {.seed = 4};
    unsigned seed = 5;
    raw_open(&raw);
    int small = -1;
    int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(km_lane_memfd_new(NULL, "test", 4096, &small), KM_OK);
    const int fds[] = {-1, small, unsealed, raw.sock};
    for (unsigned i = 0; i < 3000; i++) {
        struct km_lane_mail mail = {.kind = next(&seed) % 4,
                                    .area = next(&seed) % 140,
                                    .size = next(&seed) % 3 == 0 ? 4096 : next(&seed) % 400000};
        uint8_t junk[40] = {0};
        send_mail(&raw, &mail, fds[next(&seed) % KM_ARRAY_LEN(fds)]);
        (void)!km_sock_send(NULL, raw.sock, KM_SLICE(junk, next(&seed) % sizeof(junk)), fds + 1,
                            next(&seed) % 3);
        if (i % 5 == 0) {
            hand_over(&raw, fill(&raw, &seed));
        }
    }
    close(small);
    close(unsealed);
    raw_close(&raw);
}

/* A turn word that goes wild costs this client its calls, never another one. */
static void test_wild_turn(void **state)
{
    (void)state;
    struct raw raw = {.seed = 6};
    unsigned seed = 7;
    raw_open(&raw);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t word = (uint64_t)next(&seed) << 8 | next(&seed);
        atomic_store(&raw.page->turn, i % 8 == 0 ? fill(&raw, &seed) : word);
        if (i % 16 == 0)
            km_futex_wake(km_turn_half(&raw.page->turn), 1);
    }
    raw_close(&raw);
}

/* ---- instances in this process ---- */

struct own {
    struct km_lane_server *server;
    struct km_lane_page *page;
    int sock;
};

static void own_open(struct own *own)
{
    int memory = -1;
    int pair[2] = {-1, -1};
    assert_int_equal(km_lane_memory_new(NULL, &memory), KM_OK);
    assert_int_equal(km_sock_pair(NULL, pair), KM_OK);
    own->page = mmap(NULL, KM_LANE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    assert_int_equal(km_lane_server_new(NULL, memory, pair[1], &own->server), KM_OK);
    own->sock = pair[0];
}

static void own_close(struct own *own)
{
    km_lane_server_free(own->server);
    close(own->sock);
    munmap(own->page, KM_LANE_SIZE);
}

/* When the instance has seen what came. */
static void *nudge_later(void *arg)
{
    struct km_lane_page *page = (struct km_lane_page *)arg;
    while ((atomic_load(&page->turn) & KM_TURN_INSTANCE) != 0)
        usleep(1000);
    km_lane_server_nudge();
    return arg;
}

/* Parameters of what is no call are not answered, however early it comes. */
static void test_mail_with_parameters(void **state)
{
    (void)state;
    struct own own = {0};
    struct km_lane_call call = {0};
    pthread_t thread = 0;
    size_t at = 77;
    own_open(&own);
    alarm(PATIENCE_S);
    atomic_store(&own.page->turn, km_lane_call_word(KM_LANE_INVOKE, 0, 0) | KM_LANE_F_SPIN);
    assert_int_equal(km_lane_server_wait(NULL, &own.server, 1, &at), KM_OK);
    assert_int_equal(km_lane_server_take(NULL, own.server, &call), KM_OK);
    km_lane_server_reply(own.server, &call, 0, 0);
    km_word_put(&own.page->slots[0].b, 1234);
    atomic_store(&own.page->turn, km_lane_call_word(KM_LANE_OP_MAIL, KM_PARAM_MEM_OUT, 0));
    pthread_create(&thread, NULL, nudge_later, own.page);
    assert_int_equal(km_lane_server_wait(NULL, &own.server, 1, &at), KM_E_CANCELLED);
    pthread_join(thread, NULL);
    alarm(0);
    assert_int_equal(km_word_get(&own.page->slots[0].b), 1234);
    assert_true((atomic_load(&own.page->turn) & KM_TURN_INSTANCE) == 0);
    own_close(&own);
}

static void on_signal(int signo)
{
    (void)signo;
    km_lane_server_nudge();
}

/* A client in a process of its own that lets no change of its turn stand. */
static pid_t hide_changes(struct km_lane_page *page)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        atomic_store_explicit(&page->turn, KM_TURN_SLEEPS, memory_order_relaxed);
}

/* One signal, a while after each octet: when the instance sleeps. */
static pid_t signal_when_told(int told)
{
    uint8_t octet = 0;
    pid_t instance = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(told, &octet, 1) == 1) {
        usleep(2000);
        kill(instance, SIGUSR1);
    }
    _exit(0);
}

/* What a lone client does to its page keeps no news from the instance, such as another client. */
static void test_nudges_behind_a_page(void **state)
{
    (void)state;
    struct own own = {0};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction was = {0};
    int told[2] = {-1, -1};
    size_t at = 77;
    own_open(&own);
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, &was), 0);
    alarm(PATIENCE_S);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    /* Two, so that one goes on where the instance takes the other's CPU. */
    const pid_t pids[] = {hide_changes(own.page), hide_changes(own.page),
                          signal_when_told(told[0])};
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(write(told[1], "n", 1), 1);
        assert_int_equal(km_lane_server_wait(NULL, &own.server, 1, &at), KM_E_CANCELLED);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(pids); i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    close(told[0]);
    close(told[1]);
    alarm(0);
    sigaction(SIGUSR1, &was, NULL);
    own_close(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_calls),
        cmocka_unit_test(test_flipping_client),
        cmocka_unit_test(test_odd_mail),
        cmocka_unit_test(test_wild_turn),
        cmocka_unit_test(test_mail_with_parameters),
        cmocka_unit_test(test_nudges_behind_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
