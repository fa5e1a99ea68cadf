/* SPDX-License-Identifier: Apache-2.0 */
/* What the lanes of one process know of each other: which there are, across fork, how many are at work and where; so, which may spin. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tee/channel/lane_client.h"

/* A lane without a call for so long does not count as active. */
#define ACTIVE_NS 2000000u
/* How long nobody spins after somebody else wanted the CPU: doubles from MIN to MAX. */
#define CROWDED_MIN_NS 10000000u
#define CROWDED_MAX_NS 640000000u
/* One lane is moved at a time, and only briefly asked to: all at once would chase each other. */
#define SETTLE_NS 5000000u

/* No page is shared with other processes for it. */
static struct {
    pthread_mutex_t lock;
    struct km_lane_client *first;
    unsigned cpus;
    cpu_set_t allowed;
    _Atomic uint32_t generation;
    _Atomic uint32_t *mark; /* holds generation; the kernel clears it in every forked child */
    _Atomic uint64_t crowded_until;
    uint64_t crowded_for;
    uint64_t settled_at; /* until then no other lane is moved */
} process = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void before_fork(void)
{
    pthread_mutex_lock(&process.lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&process.lock);
}

/* The child lets go of the sockets, or its parent's death would go unnoticed; the pages it never had. */
static void after_fork_child(void)
{
    for (struct km_lane_client *lane = process.first; lane != NULL; lane = lane->next) {
        if (km_lane_has_socket(lane))
            close(lane->sock);
        lane->sock = -1;
        lane->page = NULL;
        lane->bell = NULL;
        lane->scratch = NULL;
        pthread_mutex_init(&lane->table_lock, NULL);
    }
    process.first = NULL;
    if (process.mark != NULL)
        atomic_store(process.mark, atomic_fetch_add(&process.generation, 1) + 1);
    pthread_mutex_unlock(&process.lock);
}

static void process_init(void)
{
    process.cpus = sched_getaffinity(0, sizeof(process.allowed), &process.allowed) == 0
                       ? (unsigned)CPU_COUNT(&process.allowed)
                       : 1;
    void *mark =
        mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mark != MAP_FAILED && madvise(mark, sizeof(uint32_t), MADV_WIPEONFORK) == 0)
        process.mark = (_Atomic uint32_t *)mark;
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static void init_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, process_init);
}

/* Takes no lock: a child made without the fork handlers may find any held; it finds the mark cleared. */
uint32_t km_lane_generation(void)
{
    init_once();
    if (process.mark == NULL)
        return 1;
    uint32_t marked = atomic_load_explicit(process.mark, memory_order_relaxed);
    if (marked != 0)
        return marked;
    uint32_t fresh = atomic_fetch_add(&process.generation, 1) + 1;
    return atomic_compare_exchange_strong(process.mark, &marked, fresh) ? fresh : marked;
}

bool km_lane_inherited(const struct km_lane_client *lane)
{
    return atomic_load_explicit(process.mark, memory_order_relaxed) != lane->generation;
}

km_status km_lane_enlist(struct km_err *err, struct km_lane_client *lane)
{
    init_once();
    if (process.mark == NULL)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "this kernel does not tell a forked child apart");
    pthread_mutex_lock(&process.lock);
    lane->generation = km_lane_generation();
    lane->next = process.first;
    process.first = lane;
    pthread_mutex_unlock(&process.lock);
    return KM_OK;
}

void km_lane_delist(struct km_lane_client *lane)
{
    pthread_mutex_lock(&process.lock);
    for (struct km_lane_client **at = &process.first; *at != NULL; at = &(*at)->next) {
        if (*at == lane) {
            *at = lane->next;
            break;
        }
    }
    pthread_mutex_unlock(&process.lock);
}

bool km_lane_client_alive(const struct km_lane_client *lane)
{
    return !km_lane_inherited(lane) && !atomic_load_explicit(&lane->dead, memory_order_relaxed);
}

void km_lane_crowded(void)
{
    uint64_t now = km_now_ns();
    uint64_t until = atomic_load_explicit(&process.crowded_until, memory_order_relaxed);
    if (now < until || pthread_mutex_trylock(&process.lock) != 0)
        return;
    /* A quiet time as long as the last pause and more: start over. */
    process.crowded_for = now - until > 2 * process.crowded_for + CROWDED_MAX_NS
                              ? CROWDED_MIN_NS
                              : process.crowded_for * 2;
    if (process.crowded_for < CROWDED_MIN_NS)
        process.crowded_for = CROWDED_MIN_NS;
    if (process.crowded_for > CROWDED_MAX_NS)
        process.crowded_for = CROWDED_MAX_NS;
    atomic_store_explicit(&process.crowded_until, now + process.crowded_for, memory_order_relaxed);
    pthread_mutex_unlock(&process.lock);
}

/*
 * Lanes whose two sides sleep are tied to one CPU each, and the scheduler can't even out what is tied: five of
 * eight lanes would stay on one of two CPUs. So the instance is asked to go where fewer are; its
 * next answer draws the client after it.
 */
static int better_cpu(const struct km_lane_client *lane, const uint16_t n_lanes[CPU_SETSIZE])
{
    int mine = atomic_load_explicit(&lane->cpu, memory_order_relaxed);
    if (mine < 0 || mine >= CPU_SETSIZE)
        return -1;
    int best = mine;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &process.allowed) && n_lanes[cpu] < n_lanes[best])
            best = cpu;
    }
    return n_lanes[mine] - n_lanes[best] > 1 ? best : -1;
}

/* Spinning takes two CPUs a lane: only while there are as many for all lanes that are at work. */
void km_lane_look_around(struct km_lane_client *lane)
{
    uint64_t now = km_now_ns();
    if (pthread_mutex_trylock(&process.lock) != 0)
        return;
    unsigned n_active = 0;
    uint16_t n_lanes[CPU_SETSIZE] = {0};
    for (struct km_lane_client *other = process.first; other != NULL; other = other->next) {
        uint32_t n_calls = atomic_load_explicit(&other->n_calls, memory_order_relaxed);
        if (n_calls != other->seen_calls) {
            other->seen_calls = n_calls;
            other->moved_at = now;
        }
        if (other != lane && !atomic_load_explicit(&other->busy, memory_order_relaxed) &&
            now - other->moved_at >= ACTIVE_NS)
            continue;
        n_active++;
        int cpu = atomic_load_explicit(&other->cpu, memory_order_relaxed);
        if (cpu >= 0 && cpu < CPU_SETSIZE)
            n_lanes[cpu]++;
    }
    lane->spin = 2 * n_active <= process.cpus &&
                 now >= atomic_load_explicit(&process.crowded_until, memory_order_relaxed);
    bool is_settled = lane->spin || now < process.settled_at ||
                      (lane->bell != NULL && km_word_get(&lane->bell->at) != 0);
    lane->wish = is_settled ? -1 : better_cpu(lane, n_lanes);
    if (lane->wish >= 0)
        process.settled_at = now + SETTLE_NS;
    pthread_mutex_unlock(&process.lock);
    /* An instance that calls another one has no bell: its filter ends it for less than a look into /proc. */
    if (lane->wish >= 0 && lane->bell != NULL)
        km_lane_go_to(lane, lane->wish);
}

static int home_of(const struct km_lane_client *lane)
{
    uint32_t wish = lane->bell == NULL ? 0 : km_word_get(&lane->bell->wish);
    return wish == 0 || wish > CPU_SETSIZE ? -1 : (int)wish - 1;
}

void km_lane_take_bell(struct km_lane_client *lane, struct km_lane_bell *bell)
{
    uint16_t n_lanes[CPU_SETSIZE] = {0};
    int best = -1;
    pthread_mutex_lock(&process.lock);
    lane->bell = bell;
    for (const struct km_lane_client *other = process.first; other != NULL; other = other->next) {
        if (home_of(other) >= 0)
            n_lanes[home_of(other)]++;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &process.allowed) && (best < 0 || n_lanes[cpu] < n_lanes[best]))
            best = cpu;
    }
    /* The first lane of an instance says it for all that follow. */
    if (home_of(lane) < 0 && best >= 0)
        km_word_put(&lane->bell->wish, (uint32_t)best + 1);
    pthread_mutex_unlock(&process.lock);
}

/*
 * Who filters the system calls of this thread may not have thought of sched_setaffinity, and could end the process for it. The
 * text of /proc/thread-self/status says so and can be read by whoever may open files.
 */
static bool is_filtered(void)
{
    char text[4096] = {0};
    KM_AUTO(km_fd_closep) int fd = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    return n <= 0 || strstr(text, "\nSeccomp:\t0\n") == NULL;
}

/* Tied and untied again: nothing of it stays but where the thread runs now. */
void km_lane_go_to(struct km_lane_client *lane, int cpu)
{
    cpu_set_t may = {0}, there = {0};
    uint64_t now = km_now_ns();
    if (cpu < 0 || cpu >= CPU_SETSIZE || now - lane->went_at < SETTLE_NS)
        return;
    lane->went_at = now;
    if (is_filtered() || sched_getaffinity(0, sizeof(may), &may) != 0 ||
        !CPU_ISSET((size_t)cpu, &may) || CPU_COUNT(&may) < 2)
        return;
    CPU_SET((size_t)cpu, &there);
    if (sched_setaffinity(0, sizeof(there), &there) == 0)
        (void)sched_setaffinity(0, sizeof(may), &may);
}
