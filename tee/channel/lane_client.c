/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a lane. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/km_secret.h"
#include "common/km_sock.h"
#include "tee/channel/lane_page.h"

/* Beyond this a cold round trip costs less than the waiting. */
#define SPIN_NS 150000u
/* After so many fruitless spins in a row only every RETRY-th wait spins. */
#define MISSES_MAX 8u
#define RETRY 16u
/*
 * Calls that take longer, and alike, are slept through until shortly before their answer is due: then
 * the wake, which takes as long as a signature or two, is over when it comes. Beyond DUE_MAX_NS a late wake does not matter.
 */
#define DUE_LEAD_NS 100000u
#define DUE_MAX_NS 5000000u
#define ALIKE_MIN 3u
/* How many calls pass between two looks at what else runs. */
#define LOOK_EVERY 32u
/* A lane without a call for so long does not count as active. */
#define ACTIVE_NS 2000000u
/* How long nobody spins after somebody else wanted the CPU: doubles from MIN to MAX. */
#define CROWDED_MIN_NS 10000000u
#define CROWDED_MAX_NS 640000000u
/* One lane is moved at a time, and only briefly asked to: all at once would chase each other. */
#define SETTLE_NS 5000000u
/* While a call is in flight: how often to look whether the instance still lives. */
#define LOOK_ALIVE_MS 50
#define LOOK_AFTER_WAKES 16u
#define ALIGN 64u
#define SCRATCH_MIN 131072u
/* A larger scratch area is not kept for the next call. */
#define SCRATCH_KEEP 8388608u

struct shared_entry {
    uint64_t id; /* 0: free */
    uint64_t used;
    bool forget; /* the message that says so did not go through yet */
};

struct km_lane_client {
    /* Written at each call by the one thread that calls. */
    struct km_lane_page *page;
    uint32_t generation;
    uint32_t serial;
    uint32_t misses;
    uint32_t n_alike; /* long calls in a row that took about as long as the one before */
    uint64_t due_ns;  /* what the last long call took */
    bool spin;
    const _Atomic bool *watch;
    _Atomic bool busy;
    _Atomic bool dead;
    _Atomic bool mail;
    _Atomic uint32_t n_calls;
    _Atomic int cpu;          /* where its client ran when it last woke the instance; -1 at first */
    int wish;                 /* where client and instance had better be, or -1 */
    _Atomic uint32_t current; /* serial of the call in flight, 0 between calls */
    int sock;
    uint8_t *scratch;
    size_t scratch_len;
    /* For whoever looks what else runs; under the process's lock. */
    uint32_t seen_calls;
    uint64_t moved_at;
    struct km_lane_client *next;
    pthread_mutex_t table_lock;
    struct shared_entry table[KM_LANE_AREAS]; /* 0 and 1 are never used */
};

/* What the lanes of this process know of each other; no page is shared with other processes for it. */
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
        close(lane->sock);
        lane->sock = -1;
        lane->page = NULL;
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

static bool inherited(const struct km_lane_client *lane)
{
    return atomic_load_explicit(process.mark, memory_order_relaxed) != lane->generation;
}

static km_status enlist(struct km_err *err, struct km_lane_client *lane)
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

static void delist(struct km_lane_client *lane)
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

km_status km_lane_memory_new(struct km_err *err, int *ret_fd)
{
    return km_lane_memfd_new(err, "keymoor-lane", KM_LANE_SIZE, ret_fd);
}

static km_status set_up(struct km_err *err, struct km_lane_client *lane, int socket_fd)
{
    int flags = fcntl(socket_fd, F_GETFL);
    if (flags < 0 || fcntl(socket_fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        madvise(lane->page, KM_LANE_SIZE, MADV_DONTFORK) != 0)
        return KM_FAIL_ERRNO(err, "set up a lane");
    if (pthread_mutex_init(&lane->table_lock, NULL) != 0)
        return KM_FAIL(err, KM_E_NOMEM, "a lane's lock");
    return enlist(err, lane);
}

km_status km_lane_client_new(struct km_err *err, int memory_fd, int socket_fd,
                             struct km_lane_client **ret_lane)
{
    uint8_t *at = NULL;
    KM_TRY(km_lane_map(err, memory_fd, KM_LANE_SIZE, &at));
    struct km_lane_client *lane = aligned_alloc(ALIGN, (sizeof(*lane) + ALIGN - 1) / ALIGN * ALIGN);
    if (lane != NULL) {
        *lane = (struct km_lane_client){
            .page = (struct km_lane_page *)(void *)at, .cpu = -1, .wish = -1, .sock = socket_fd};
        km_status status = set_up(err, lane, socket_fd);
        if (status == KM_OK) {
            close(memory_fd);
            *ret_lane = lane;
            return KM_OK;
        }
        free(lane);
    }
    munmap(at, KM_LANE_SIZE);
    return lane == NULL ? KM_FAIL(err, KM_E_NOMEM, "a lane") : KM_E_IO;
}

void km_lane_client_free(struct km_lane_client *lane)
{
    if (lane == NULL)
        return;
    if (lane->page != NULL && !inherited(lane)) {
        delist(lane);
        munmap(lane->page, KM_LANE_SIZE);
        if (lane->scratch != NULL)
            munmap(lane->scratch, lane->scratch_len);
    }
    if (lane->sock >= 0)
        close(lane->sock);
    pthread_mutex_destroy(&lane->table_lock);
    free(lane);
}

bool km_lane_client_alive(const struct km_lane_client *lane)
{
    return !inherited(lane) && !atomic_load_explicit(&lane->dead, memory_order_relaxed);
}

/* ---- whether to spin ---- */

static void crowded(void)
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
static void look_around(struct km_lane_client *lane)
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
    lane->wish = lane->spin || now < process.settled_at ? -1 : better_cpu(lane, n_lanes);
    if (lane->wish >= 0)
        process.settled_at = now + SETTLE_NS;
    pthread_mutex_unlock(&process.lock);
}

static bool spin_pays(struct km_lane_client *lane)
{
    if (!lane->spin)
        return false;
    if (lane->misses < MISSES_MAX)
        return true;
    lane->misses++;
    return lane->misses % RETRY == 0;
}

static __attribute__((noinline)) void spin(struct km_lane_client *lane)
{
    enum km_spin_end end = km_spin(&lane->page->turn, 0, SPIN_NS);
    if (end == KM_SPIN_CHANGED)
        lane->misses = 0;
    else if (lane->misses < MISSES_MAX)
        lane->misses++;
    if (end == KM_SPIN_CROWDED) {
        crowded();
        lane->spin = false;
    }
}

/* ---- one hand-over and back ---- */

static bool answered(const struct km_lane_client *lane)
{
    return km_turn_is(&lane->page->turn, 0);
}

static bool hung_up(const struct km_lane_client *lane)
{
    struct pollfd fd = {.fd = lane->sock, .events = POLLRDHUP};
    return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

/* Says in the turn that this side sleeps; false when the answer is there. */
static bool announce_sleep(struct km_lane_client *lane, uint32_t *ret_value)
{
    uint64_t was = atomic_fetch_or(&lane->page->turn, KM_TURN_SLEEPS);
    *ret_value = (uint32_t)was | KM_TURN_SLEEPS;
    return (was & KM_TURN_INSTANCE) != 0;
}

/* Takes it back, so that the answer comes without a wake. The bit of an instance that answered stays. */
static void awake(struct km_lane_client *lane)
{
    uint64_t was = atomic_load_explicit(&lane->page->turn, memory_order_relaxed);
    while ((was & KM_TURN_INSTANCE) != 0 && (was & KM_TURN_SLEEPS) != 0 &&
           !atomic_compare_exchange_weak(&lane->page->turn, &was, was & ~(uint64_t)KM_TURN_SLEEPS))
        continue;
}

static bool is_due_later(const struct km_lane_client *lane)
{
    return lane->spin && lane->n_alike >= ALIKE_MIN;
}

static void sleep_until_due(struct km_lane_client *lane)
{
    uint32_t value = 0;
    if (announce_sleep(lane, &value))
        km_futex_wait(km_turn_half(&lane->page->turn), value, lane->due_ns - DUE_LEAD_NS);
    awake(lane);
}

/* What a call took that outlasted a spin; the estimate for the next one. */
static void note_long_call(struct km_lane_client *lane, uint64_t took)
{
    uint64_t apart = took > lane->due_ns ? took - lane->due_ns : lane->due_ns - took;
    bool alike = took >= SPIN_NS && took < DUE_MAX_NS && apart <= took / 4;
    lane->n_alike = alike ? lane->n_alike + 1 : 0;
    lane->due_ns = took;
}

static km_status sleep_for_answer(struct km_err *err, struct km_lane_client *lane)
{
    uint32_t value = 0;
    for (unsigned wakes = 1; !answered(lane); wakes++) {
        if (!announce_sleep(lane, &value))
            break;
        /* A program that is full of signals never sleeps to the end. */
        if (km_futex_wait(km_turn_half(&lane->page->turn), value, LOOK_ALIVE_MS * KM_NS_PER_MS) &&
            wakes % LOOK_AFTER_WAKES != 0)
            continue;
        /* The answer may have come just before the end. */
        if (hung_up(lane) && !answered(lane)) {
            atomic_store_explicit(&lane->dead, true, memory_order_relaxed);
            return KM_FAIL(err, KM_E_DEAD, "the instance ended during the call");
        }
    }
    return KM_OK;
}

static __attribute__((noinline)) km_status wait_long(struct km_err *err,
                                                     struct km_lane_client *lane)
{
    uint64_t began = km_now_ns();
    if (is_due_later(lane)) {
        sleep_until_due(lane);
        if (!answered(lane))
            spin(lane);
    } else if (spin_pays(lane)) {
        spin(lane);
    }
    KM_TRY(sleep_for_answer(err, lane));
    if (lane->spin)
        note_long_call(lane, km_now_ns() - began);
    return KM_OK;
}

static km_status wait_answer(struct km_err *err, struct km_lane_client *lane, uint64_t *ret_answer)
{
    if (lane->spin && !is_due_later(lane) && km_spin_quick(&lane->page->turn, 0, ret_answer)) {
        lane->misses = 0;
        lane->n_alike = 0;
        return KM_OK;
    }
    KM_TRY(wait_long(err, lane));
    *ret_answer = atomic_load_explicit(&lane->page->turn, memory_order_relaxed);
    return KM_OK;
}

static void tell_cpu(struct km_lane_client *lane)
{
    int cpu = sched_getcpu();
    atomic_store_explicit(&lane->cpu, cpu, memory_order_relaxed);
    km_word_put(&lane->page->client_cpu, (uint32_t)(lane->wish >= 0 ? lane->wish : cpu));
}

/* Hands the page over with a call's word and waits until it comes back with the answer's. */
static km_status hand_over(struct km_err *err, struct km_lane_client *lane, uint64_t word,
                           uint64_t *ret_answer)
{
    struct km_lane_page *page = lane->page;
    if (lane->spin)
        word |= KM_LANE_F_SPIN;
    if (atomic_load_explicit(&lane->mail, memory_order_relaxed) &&
        atomic_exchange(&lane->mail, false))
        word |= KM_LANE_F_MAIL;
    if (++lane->serial == 0)
        lane->serial = 1;
    km_word_put(&page->serial, lane->serial);
    atomic_store_explicit(&lane->current, lane->serial, memory_order_relaxed);
    if ((atomic_load_explicit(&page->turn, memory_order_relaxed) & KM_TURN_SLEEPS) != 0)
        tell_cpu(lane);
    uint64_t was = atomic_exchange(&page->turn, word);
    if ((was & KM_TURN_SLEEPS) != 0)
        km_futex_wake(km_turn_half(&page->turn), 1);
    if (lane->watch != NULL && atomic_load(lane->watch))
        km_lane_client_cancel(lane);
    km_status status = wait_answer(err, lane, ret_answer);
    atomic_store_explicit(&lane->current, 0, memory_order_relaxed);
    if (status == KM_OK && (*ret_answer & KM_LANE_CROWDED) != 0) {
        crowded();
        lane->spin = false;
    }
    return status;
}

/* ---- shared memory ---- */

static km_status send_mail(struct km_lane_client *lane, const struct km_lane_mail *mail, int fd)
{
    uint8_t msg[KM_LANE_MAIL_LEN] = {0};
    km_lane_mail_put(mail, msg);
    km_status status = km_sock_send(NULL, lane->sock, KM_SLICE(msg, sizeof(msg)), &fd, fd >= 0);
    if (status == KM_OK)
        atomic_store(&lane->mail, true);
    return status;
}

/* As send_mail, and when the socket is full the instance is asked to empty it. Only by the calling thread. */
static km_status send_surely(struct km_err *err, struct km_lane_client *lane,
                             const struct km_lane_mail *mail, int fd)
{
    km_status status = send_mail(lane, mail, fd);
    if (status == KM_E_BUSY) {
        atomic_store(&lane->mail, true);
        uint64_t answer = 0;
        KM_TRY(hand_over(err, lane, km_lane_call_word(KM_LANE_OP_MAIL, 0, 0), &answer));
        status = send_mail(lane, mail, fd);
    }
    if (status == KM_E_DEAD)
        atomic_store_explicit(&lane->dead, true, memory_order_relaxed);
    return status == KM_OK ? KM_OK
                           : KM_FAIL(err, status, "tell the instance of shared memory (%s)",
                                     km_status_name(status));
}

static bool table_find(const struct km_lane_client *lane, uint64_t id, uint32_t *ret_area)
{
    for (uint32_t i = KM_LANE_AREA_SCRATCH + 1; i < KM_LANE_AREAS; i++) {
        if (lane->table[i].id == id) {
            *ret_area = i;
            return true;
        }
    }
    return false;
}

/* A free place, else the one not used for the longest time. */
static uint32_t table_place(const struct km_lane_client *lane, uint64_t now)
{
    uint32_t best = KM_LANE_AREA_SCRATCH + 1;
    for (uint32_t i = best; i < KM_LANE_AREAS; i++) {
        if (lane->table[i].id == 0)
            return i;
        if (lane->table[best].used == now || lane->table[i].used < lane->table[best].used)
            best = i;
    }
    return best;
}

/* The number of shared memory in this lane; tells the instance when it is new. */
static km_status share(struct km_err *err, struct km_lane_client *lane,
                       const struct km_lane_shared *shared, uint32_t *ret_area)
{
    uint64_t now = lane->serial + 1u; /* this call: what it uses already is not given up for it */
    uint32_t area = 0;
    pthread_mutex_lock(&lane->table_lock);
    bool found = table_find(lane, shared->id, &area);
    if (!found)
        area = table_place(lane, now);
    lane->table[area].used = now;
    if (!found)
        lane->table[area] = (struct shared_entry){.id = shared->id, .used = now};
    pthread_mutex_unlock(&lane->table_lock);
    *ret_area = area;
    if (found)
        return KM_OK;
    struct km_lane_mail mail = {
        .kind = KM_LANE_MAIL_SHARE, .area = area, .size = (uint64_t)shared->offset + shared->size};
    if (mail.size == 0 || mail.size > KM_LANE_AREA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "shared memory of %zu octets", shared->size);
    km_status status = send_surely(err, lane, &mail, shared->fd);
    if (status != KM_OK) {
        pthread_mutex_lock(&lane->table_lock);
        lane->table[area] = (struct shared_entry){0};
        pthread_mutex_unlock(&lane->table_lock);
    }
    return status;
}

void km_lane_client_forget(struct km_lane_client *lane, uint64_t shared_id)
{
    uint32_t area = 0;
    if (shared_id == 0 || !km_lane_client_alive(lane))
        return;
    pthread_mutex_lock(&lane->table_lock);
    if (table_find(lane, shared_id, &area)) {
        struct km_lane_mail mail = {.kind = KM_LANE_MAIL_FORGET, .area = area};
        /* When the socket is full the place stays taken until another memory needs it. */
        if (send_mail(lane, &mail, -1) == KM_OK)
            lane->table[area] = (struct shared_entry){0};
        else
            lane->table[area].used = 0;
    }
    pthread_mutex_unlock(&lane->table_lock);
}

static void scratch_drop(struct km_lane_client *lane)
{
    struct km_lane_mail mail = {.kind = KM_LANE_MAIL_FORGET, .area = KM_LANE_AREA_SCRATCH};
    if (lane->scratch == NULL)
        return;
    munmap(lane->scratch, lane->scratch_len);
    lane->scratch = NULL;
    lane->scratch_len = 0;
    (void)send_mail(lane, &mail, -1); /* unsent, the next scratch area takes its place */
}

/* The scratch area is the lane's own: what one application was given never lies before another. */
static km_status scratch_grow(struct km_err *err, struct km_lane_client *lane, size_t need)
{
    if (need <= lane->scratch_len)
        return KM_OK;
    if (need > KM_LANE_AREA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu octets of parameters", need);
    size_t len = SCRATCH_MIN;
    while (len < need)
        len *= 2;
    KM_AUTO(km_fd_closep) int fd = -1;
    uint8_t *at = NULL;
    struct km_lane_mail mail = {
        .kind = KM_LANE_MAIL_SHARE, .area = KM_LANE_AREA_SCRATCH, .size = len};
    KM_TRY(km_lane_memfd_new(err, "keymoor-scratch", len, &fd));
    KM_TRY(km_lane_map(err, fd, len, &at));
    km_status status = madvise(at, len, MADV_DONTFORK) != 0 ? KM_FAIL_ERRNO(err, "scratch memory")
                                                            : send_surely(err, lane, &mail, fd);
    if (status != KM_OK) {
        munmap(at, len);
        return status;
    }
    if (lane->scratch != NULL)
        munmap(lane->scratch, lane->scratch_len);
    lane->scratch = at;
    lane->scratch_len = len;
    return KM_OK;
}

/* ---- parameters ---- */

/* Where one reference of the call lies: in the page's terms and in ours. */
struct placed {
    uint32_t area;
    uint32_t offset;
    uint8_t *at; /* NULL: nothing to copy */
    uint32_t size;
};

static bool is_copied(const struct km_lane_client_param *param)
{
    return km_lane_type_is_mem(param->type) && param->shared == NULL && param->buffer != NULL;
}

static km_status check_param(struct km_err *err, const struct km_lane_client_param *param)
{
    size_t end = 0;
    if (param->type > KM_PARAM_VALUE_INOUT && !km_lane_type_is_mem(param->type))
        return KM_FAIL(err, KM_E_ARG, "parameter of type %u", param->type);
    if (!km_lane_type_is_mem(param->type))
        return KM_OK;
    if (param->size > KM_LANE_AREA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "parameter of %zu octets", param->size);
    if (param->shared != NULL &&
        (__builtin_add_overflow(param->offset, param->size, &end) || end > param->shared->size))
        return KM_FAIL(err, KM_E_ARG, "parameter beyond its shared memory");
    return KM_OK;
}

/* Small references into the arena while they fit, the others into the scratch area. */
static km_status place(struct km_err *err, struct km_lane_client *lane,
                       const struct km_lane_client_param *params, struct placed *ret)
{
    size_t arena = 0;
    size_t scratch = 0;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        KM_TRY(check_param(err, &params[i]));
        if (!is_copied(&params[i]))
            continue;
        size_t room = (params[i].size + ALIGN - 1) / ALIGN * ALIGN;
        bool in_arena = room <= KM_LANE_ARENA_LEN - arena;
        size_t *used = in_arena ? &arena : &scratch;
        ret[i] = (struct placed){.area = in_arena ? KM_LANE_AREA_ARENA : KM_LANE_AREA_SCRATCH,
                                 .offset = (uint32_t)*used,
                                 .size = (uint32_t)params[i].size};
        *used += room;
    }
    KM_TRY(scratch_grow(err, lane, scratch));
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (is_copied(&params[i]))
            ret[i].at = (ret[i].area == KM_LANE_AREA_ARENA ? lane->page->arena : lane->scratch) +
                        ret[i].offset;
    }
    return KM_OK;
}

static km_status put_memory(struct km_err *err, struct km_lane_client *lane,
                            const struct km_lane_client_param *param, struct placed *placed,
                            struct km_lane_slot *slot)
{
    if (param->shared != NULL) {
        KM_TRY(share(err, lane, param->shared, &placed->area));
        placed->offset = (uint32_t)(param->shared->offset + param->offset);
        placed->size = (uint32_t)param->size;
    } else if (param->buffer == NULL) {
        placed->area = KM_LANE_AREA_NULL;
    } else if (param->type != KM_PARAM_MEM_OUT) {
        km_copy(placed->at, placed->size, param->buffer, param->size);
    }
    km_word_put(&slot->area, placed->area);
    km_word_put(&slot->a, placed->offset);
    km_word_put(&slot->b, placed->size);
    return KM_OK;
}

static km_status put_params(struct km_err *err, struct km_lane_client *lane,
                            const struct km_lane_client_param *params, struct placed *placed)
{
    KM_TRY(place(err, lane, params, placed));
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        struct km_lane_slot *slot = &lane->page->slots[i];
        if (km_lane_type_is_mem(params[i].type)) {
            KM_TRY(put_memory(err, lane, &params[i], &placed[i], slot));
        } else if (params[i].type != KM_PARAM_NONE) {
            km_word_put(&slot->a, params[i].a);
            km_word_put(&slot->b, params[i].b);
        }
    }
    return KM_OK;
}

static bool is_output(const struct km_lane_client_param *param)
{
    return param->type == KM_PARAM_MEM_OUT || param->type == KM_PARAM_MEM_INOUT;
}

/* The sizes that come back, read once; false when a success has more than there is room for. */
static bool get_sizes(const struct km_lane_client *lane, struct km_lane_client_param *params,
                      const struct placed *placed, bool success)
{
    bool fit = true;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (!is_output(&params[i]))
            continue;
        params[i].size = km_word_get(&lane->page->slots[i].b);
        fit = fit && params[i].size <= placed[i].size;
    }
    return fit || !success;
}

static void get_memory(const struct km_lane_client_param *param, const struct placed *placed)
{
    size_t room = placed->size;
    if (placed->at == NULL)
        return;
    if (is_output(param) && param->size <= room)
        km_copy(param->buffer, room, placed->at, param->size);
    /* The scratch area would take too long to wipe; it goes with the lane. */
    if (placed->area == KM_LANE_AREA_ARENA)
        km_wipe(placed->at, room);
}

static void get_params(struct km_lane_client *lane, struct km_lane_client_param *params,
                       const struct placed *placed)
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        const struct km_lane_slot *slot = &lane->page->slots[i];
        if (km_lane_type_is_mem(params[i].type)) {
            get_memory(&params[i], &placed[i]);
        } else if (params[i].type == KM_PARAM_VALUE_OUT || params[i].type == KM_PARAM_VALUE_INOUT) {
            params[i].a = km_word_get(&slot->a);
            params[i].b = km_word_get(&slot->b);
        }
    }
    if (lane->scratch_len > SCRATCH_KEEP)
        scratch_drop(lane);
}

static uint32_t types_of(const struct km_lane_client_param *params)
{
    uint32_t types = 0;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++)
        types |= (uint32_t)(params[i].type & 0xfu) << (4 * i);
    return types;
}

static km_status call(struct km_err *err, struct km_lane_client *lane, uint64_t word,
                      struct km_lane_client_param *params, uint64_t *ret_answer)
{
    struct placed placed[KM_LANE_PARAMS] = {0};
    KM_TRY(put_params(err, lane, params, placed));
    KM_TRY(hand_over(err, lane, word, ret_answer));
    bool honest = get_sizes(lane, params, placed, *ret_answer >> 32 == 0);
    get_params(lane, params, placed);
    return honest
               ? KM_OK
               : KM_FAIL(err, KM_E_MALFORMED, "the instance answered more than there is room for");
}

km_status km_lane_client_call(struct km_err *err, struct km_lane_client *lane, uint32_t op,
                              uint32_t command, struct km_lane_client_param params[KM_LANE_PARAMS],
                              uint32_t *ret_result, uint32_t *ret_origin)
{
    if (!km_lane_client_alive(lane))
        return KM_FAIL(err, KM_E_DEAD, "the instance is gone");
    uint32_t n_calls = atomic_load_explicit(&lane->n_calls, memory_order_relaxed);
    atomic_store_explicit(&lane->n_calls, n_calls + 1, memory_order_relaxed);
    atomic_store_explicit(&lane->busy, true, memory_order_relaxed);
    if (n_calls % LOOK_EVERY == 0)
        look_around(lane);
    uint32_t types = params == NULL ? 0 : types_of(params);
    uint64_t word = km_lane_call_word(op, types, command);
    uint64_t answer = 0;
    km_status status =
        types == 0 ? hand_over(err, lane, word, &answer) : call(err, lane, word, params, &answer);
    atomic_store_explicit(&lane->busy, false, memory_order_relaxed);
    if (status != KM_OK)
        return status;
    *ret_result = (uint32_t)(answer >> 32);
    *ret_origin = (uint32_t)(answer >> 8) & 0xffu;
    return KM_OK;
}

void km_lane_client_watch(struct km_lane_client *lane, const _Atomic bool *cancelled)
{
    lane->watch = cancelled;
}

void km_lane_client_cancel(struct km_lane_client *lane)
{
    if (!km_lane_client_alive(lane))
        return;
    uint32_t serial = atomic_load(&lane->current);
    if (serial == 0)
        return;
    km_word_put(&lane->page->cancel, serial);
    km_futex_wake(&lane->page->cancel, 1);
}
