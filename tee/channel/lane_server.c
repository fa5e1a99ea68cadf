/* SPDX-License-Identifier: Apache-2.0 */
/* The instance's side of a lane. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/km_secret.h"
#include "common/km_sock.h"
#include "tee/channel/lane_bell.h"

/* How long an instance looks out for the next call of a spinning client. */
#define SPIN_NS 100000u
#define SLICE_NS 50000000u
/* After so many fruitless spins in a row only every RETRY-th wait spins. */
#define MISSES_MAX 8u
#define RETRY 16u
/* So many wakes in a row must ask for another CPU before the instance moves. */
#define MOVE_AFTER 3u
/* A drain ends after so many messages, so that a flood can't keep the instance from its calls. */
#define MAIL_BATCH 256u
/* The longest that a client can hide a nudge from the instance that sleeps on its page. */
#define SLEEP_MS 500
/* An answer may wait for the next call when that will be as short: its lane's last one was the same and took less. */
#define SHORT_NS 200000u

struct area {
    uint8_t *at;
    size_t size;
};

struct km_lane_server {
    struct km_lane_page *page;
    int sock;
    bool gone;
    bool spin; /* what the client said with its last call */
    bool crowded;
    uint32_t misses;
    bool in_call;
    bool was_short;        /* its last call; known only where lanes share the instance */
    uint32_t last_command; /* that one's, */
    uint64_t began_ns;     /* and when it or the present one was found */
    size_t areas_sum;
    struct area areas[KM_LANE_AREAS]; /* 0, the arena, stays empty */
    struct km_lane_post post;
    uint8_t *room[KM_LANE_PARAMS]; /* where each reference really is */
    uint8_t copy[KM_LANE_PARAMS][KM_LANE_COPY_MAX];
};

/* Rises with each nudge (by 2) and each signal from a socket (sets bit 0 through mail). */
static _Atomic uint32_t nudge_word;
static _Atomic bool nudged;
static _Atomic bool mail_came;

/* Where this process may run, and where it was put: one thread, so plain variables do. */
static struct {
    bool known;
    cpu_set_t allowed;
    int at; /* the CPU it was put on, or -(cpu + 2) for all but that one, or -1 */
    uint32_t asked;
} place = {.at = -1};

/* Whose call was served last: what its client does, the instance goes along with. */
static const struct km_lane_server *last_served;

/* Where a lone lane's instance sleeps: a plain wait on its turn costs less than one on two words. */
static _Atomic(struct km_lane_page *) asleep_at;

/* Whichever word the instance waits on, it changes: also when the sleep has not begun yet. */
static void disturb(void)
{
    atomic_fetch_add(&nudge_word, 1);
    struct km_lane_page *page = atomic_load(&asleep_at);
    if (page != NULL) {
        atomic_fetch_or(&page->turn, KM_TURN_DISTURBED);
        km_futex_wake(km_turn_half(&page->turn), 1);
    }
    km_futex_wake(&nudge_word, 1);
}

void km_lane_server_nudge(void)
{
    nudged = true;
    disturb();
}

static void on_sigio(int signo)
{
    (void)signo;
    mail_came = true;
    disturb();
}

/*
 * A longer slice than its client's: when the answer wakes the client on the same CPU, the client runs
 * at once, has often posted its next call before the instance goes to sleep, and two of four system
 * calls are saved. Kernels before 6.12 take no notice. What else was set for the process stays.
 */
void km_lane_server_prepare(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {.size = sizeof(attr)};
    int saved = errno;
    if (syscall(SYS_sched_getattr, 0, &attr, (unsigned)sizeof(attr), 0) == 0 &&
        attr.policy == SCHED_OTHER) {
        attr.runtime = SLICE_NS;
        syscall(SYS_sched_setattr, 0, &attr, 0);
    }
    errno = saved;
}

/* The handler stays out of the way of the TA: system calls that it interrupts go on. */
static void install_sigio(void)
{
    struct sigaction action = {.sa_handler = on_sigio, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGIO, &action, NULL);
    place.known = sched_getaffinity(0, sizeof(place.allowed), &place.allowed) == 0;
}

static km_status arm_socket(struct km_err *err, int sock)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_sigio);
    int flags = fcntl(sock, F_GETFL);
    if (flags < 0 || fcntl(sock, F_SETOWN, getpid()) != 0 ||
        fcntl(sock, F_SETFL, flags | O_NONBLOCK | O_ASYNC) != 0)
        return KM_FAIL_ERRNO(err, "ask for a signal from the lane's socket");
    return KM_OK;
}

km_status km_lane_server_new(struct km_err *err, int memory_fd, int socket_fd,
                             struct km_lane_server **ret_lane)
{
    uint8_t *at = NULL;
    KM_TRY(km_lane_map(err, memory_fd, KM_LANE_SIZE, &at));
    struct km_lane_server *lane = calloc(1, sizeof(*lane));
    km_status status =
        lane == NULL ? KM_FAIL(err, KM_E_NOMEM, "a lane") : arm_socket(err, socket_fd);
    if (status != KM_OK) {
        munmap(at, KM_LANE_SIZE);
        free(lane);
        return status;
    }
    close(memory_fd);
    lane->page = (struct km_lane_page *)(void *)at;
    lane->sock = socket_fd;
    /* The client may have sent something, or be gone, before the signal was asked for. */
    mail_came = true;
    *ret_lane = lane;
    return KM_OK;
}

static void forget(struct km_lane_server *lane, uint32_t area)
{
    struct area *was = &lane->areas[area];
    if (was->at == NULL)
        return;
    munmap(was->at, was->size);
    lane->areas_sum -= was->size;
    *was = (struct area){0};
}

void km_lane_server_free(struct km_lane_server *lane)
{
    if (lane == NULL)
        return;
    for (uint32_t i = 0; i < KM_LANE_AREAS; i++)
        forget(lane, i);
    if (last_served == lane)
        last_served = NULL;
    munmap(lane->page, KM_LANE_SIZE);
    close(lane->sock);
    km_wipe(lane->copy, sizeof(lane->copy));
    free(lane);
}

/* A message that makes no sense is dropped: the call that counts on it will fail. */
static void take_mail(struct km_lane_server *lane, struct km_slice msg, int fd)
{
    struct km_lane_mail mail = {0};
    uint8_t *at = NULL;
    if (!km_lane_mail_parse(msg, &mail))
        return;
    forget(lane, mail.area);
    if (mail.kind != KM_LANE_MAIL_SHARE || fd < 0 ||
        mail.size > KM_LANE_AREAS_SUM_MAX - lane->areas_sum ||
        km_lane_map(NULL, fd, (size_t)mail.size, &at) != KM_OK)
        return;
    lane->areas[mail.area] = (struct area){.at = at, .size = (size_t)mail.size};
    lane->areas_sum += (size_t)mail.size;
}

/* A batch that was not the end of it: no signal will tell of the rest. */
static void come_again(void)
{
    mail_came = true;
    atomic_fetch_add(&nudge_word, 1);
}

static void drain(struct km_lane_server *lane)
{
    for (unsigned i = 0; i < MAIL_BATCH && !lane->gone; i++) {
        uint8_t buf[KM_LANE_MAIL_LEN] = {0};
        size_t len = 0;
        size_t n_fds = 0;
        KM_AUTO(km_fd_closep) int fd = -1;
        km_status status =
            km_sock_recv(NULL, lane->sock, KM_SPAN(buf, sizeof(buf)), &len, &fd, 1, &n_fds);
        if (status == KM_E_BUSY)
            return;
        if (status == KM_OK)
            take_mail(lane, KM_SLICE(buf, len), n_fds == 1 ? fd : -1);
        else if (status != KM_E_LIMIT && status != KM_E_MALFORMED)
            lane->gone = true;
    }
    if (!lane->gone)
        come_again();
}

/* What a signal was about: mail of some lane, a client that is gone, or a nudge. */
static km_status look_up(struct km_err *err, struct km_lane_server *const *lanes, size_t n_lanes,
                         size_t *ret_index)
{
    if (mail_came) {
        mail_came = false;
        for (size_t i = 0; i < n_lanes; i++)
            drain(lanes[i]);
    }
    for (size_t i = 0; i < n_lanes; i++) {
        if (lanes[i]->gone) {
            /* Others may have gone with it, and no signal will tell of them again. */
            mail_came = true;
            *ret_index = i;
            return KM_FAIL(err, KM_E_DEAD, "the client is gone");
        }
    }
    if (nudged) {
        nudged = false;
        return KM_FAIL(err, KM_E_CANCELLED, "nudged");
    }
    return KM_OK;
}

static void put_on(const cpu_set_t *set, int at)
{
    if (CPU_COUNT(set) > 0 && sched_setaffinity(0, sizeof(*set), set) == 0)
        place.at = at;
    place.asked = 0;
}

/*
 * Where two processes that wake each other run costs more than anything else here: with sleeping,
 * on one CPU; with spinning, on two. Only after a few wakes that agree, since the kernel's own
 * moves of the client would otherwise be chased.
 */
static void follow(const struct km_lane_server *lane)
{
    uint32_t cpu = km_word_get(&lane->page->client_cpu);
    if (!place.known || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &place.allowed))
        return;
    int want = lane->spin ? -((int)cpu + 2) : (int)cpu;
    if (want == place.at) {
        place.asked = 0;
        return;
    }
    if (++place.asked < MOVE_AFTER)
        return;
    cpu_set_t set = place.allowed;
    if (lane->spin) {
        CPU_CLR(cpu, &set);
    } else {
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
    }
    put_on(&set, want);
}

/* Several lanes, several clients: no CPU is right for all. */
static void roam(void)
{
    km_bell_stay(-1);
    if (place.at != -1 && place.known)
        put_on(&place.allowed, -1);
}

/*
 * Lanes of one client process: they come to the CPU that they wish their instance on. Following one of them would take it away
 * from the others.
 */
static void stay_home(int home)
{
    if (!place.known || home >= CPU_SETSIZE || !CPU_ISSET((size_t)home, &place.allowed))
        return;
    if (home != place.at && ++place.asked >= MOVE_AFTER) {
        cpu_set_t set = {0};
        CPU_SET((size_t)home, &set);
        put_on(&set, home);
    }
    if (home == place.at)
        km_bell_stay(home);
}

static void find_place(const struct km_lane_server *lane, size_t n_lanes)
{
    int home = n_lanes == 1 || lane->spin ? -1 : km_bell_wish();
    if (home < 0)
        km_bell_stay(-1);
    if (home >= 0)
        stay_home(home);
    else if (n_lanes == 1 || lane->spin)
        follow(lane);
    else
        roam();
}

static bool spin_pays(struct km_lane_server *lane)
{
    if (!lane->spin)
        return false;
    if (lane->misses < MISSES_MAX)
        return true;
    lane->misses++;
    return lane->misses % RETRY == 0;
}

static __attribute__((noinline)) void spin(struct km_lane_server *lane,
                                           struct km_lane_server *const *lanes, size_t n_lanes)
{
    const _Atomic uint64_t *turns[KM_FUTEX_WORDS];
    for (size_t i = 0; i < n_lanes; i++)
        turns[i] = &lanes[i]->page->turn;
    enum km_spin_end end = km_spin(turns, n_lanes, KM_TURN_INSTANCE, SPIN_NS);
    if (end == KM_SPIN_CHANGED)
        lane->misses = 0;
    else if (lane->misses < MISSES_MAX)
        lane->misses++;
    if (end == KM_SPIN_CROWDED)
        lane->crowded = true;
}

static uint64_t turn_of(const struct km_lane_server *lane)
{
    return atomic_load_explicit(&lane->page->turn, memory_order_acquire);
}

/* Says so in the turn; false when a call is there already. */
static bool announce_sleep(struct km_lane_server *lane, uint32_t *ret_value)
{
    uint64_t was = atomic_fetch_or(&lane->page->turn, KM_TURN_SLEEPS);
    *ret_value = (uint32_t)was | KM_TURN_SLEEPS;
    return (was & KM_TURN_INSTANCE) == 0;
}

/*
 * The client can write the turn back while it is slept on. A wait with a time-out ends with any signal
 * (one without would go on where the turn looks untouched), and the time-out bounds the moment before it.
 */
static void sleep_alone(struct km_lane_server *lane, uint32_t nudge)
{
    uint32_t value = 0;
    atomic_store(&asleep_at, lane->page);
    /* An old disturbance must go, or a new one would change nothing. */
    if ((turn_of(lane) & KM_TURN_DISTURBED) != 0)
        atomic_fetch_and(&lane->page->turn, ~(uint64_t)KM_TURN_DISTURBED);
    if (announce_sleep(lane, &value) && atomic_load(&nudge_word) == nudge)
        km_futex_wait(km_turn_half(&lane->page->turn), value, SLEEP_MS * KM_NS_PER_MS);
    atomic_store(&asleep_at, NULL);
}

/* Sleeps until a turn or the nudge word changes. */
static __attribute__((noinline)) void sleep_on(struct km_lane_server *const *lanes, size_t n_lanes,
                                               uint32_t nudge)
{
    struct km_futex_words words = {.word = {&nudge_word}, .value = {nudge}, .n = 1};
    for (size_t i = 0; i < n_lanes; i++) {
        words.word[words.n] = km_turn_half(&lanes[i]->page->turn);
        if (!announce_sleep(lanes[i], &words.value[words.n]))
            return;
        words.n++;
    }
    km_futex_wait_any(&words, -1);
}

static bool find_call(struct km_lane_server *const *lanes, size_t n_lanes, size_t *ret_index)
{
    static size_t turn; /* each lane gets its turn */
    size_t first = n_lanes == 1 ? 0 : turn % n_lanes;
    for (size_t i = 0; i < n_lanes; i++) {
        size_t at = first + i < n_lanes ? first + i : first + i - n_lanes;
        uint64_t word = turn_of(lanes[at]);
        if ((word & KM_TURN_INSTANCE) == 0)
            continue;
        if (km_lane_word_op(word) == KM_LANE_OP_MAIL) {
            drain(lanes[at]);
            struct km_lane_call none = {0};
            km_lane_server_reply(lanes[at], &none, 0, 0);
            continue;
        }
        lanes[at]->post.turn = word;
        turn = at + 1;
        *ret_index = at;
        return true;
    }
    return false;
}

/* Whose client may spin: the only one, or whose call was the last; n_lanes when that one is gone. */
static size_t spinner(struct km_lane_server *const *lanes, size_t n_lanes)
{
    size_t at = 0;
    while (n_lanes > 1 && at < n_lanes && lanes[at] != last_served)
        at++;
    return at;
}

/* A call beside others: those who were answered wait for it only when it is as good as over. */
static void begin_beside(struct km_lane_server *lane)
{
    uint32_t command = (uint32_t)(lane->post.turn >> 32);
    if (!lane->was_short || command != lane->last_command)
        km_bell_ring();
    lane->last_command = command;
    lane->began_ns = km_now_ns();
}

static bool find_and_begin(struct km_lane_server *const *lanes, size_t n_lanes, bool slept,
                           size_t *ret_index)
{
    if (!find_call(lanes, n_lanes, ret_index))
        return false;
    struct km_lane_server *lane = lanes[*ret_index];
    last_served = lane;
    if (n_lanes > 1)
        begin_beside(lane);
    /* One that serves many seldom sleeps. */
    if (slept || (n_lanes > 1 && !lane->spin))
        find_place(lane, n_lanes);
    return true;
}

static void sleep_any(struct km_lane_server *const *lanes, size_t n_lanes, uint32_t nudge)
{
    if (n_lanes == 1)
        sleep_alone(lanes[0], nudge);
    else
        sleep_on(lanes, n_lanes, nudge);
}

km_status km_lane_server_wait(struct km_err *err, struct km_lane_server *const *lanes,
                              size_t n_lanes, size_t *ret_index)
{
    if (n_lanes == 0 || n_lanes >= KM_FUTEX_WORDS)
        return KM_FAIL(err, KM_E_LIMIT, "wait for %zu lanes", n_lanes);
    /* The hot path: one lane, its client at it. Messages and signals wait for a quieter moment. */
    uint64_t word = 0;
    if (n_lanes == 1 && lanes[0]->spin && !nudged && !mail_came &&
        km_spin_quick(&lanes[0]->page->turn, KM_TURN_INSTANCE, &word) &&
        km_lane_word_op(word) != KM_LANE_OP_MAIL) {
        lanes[0]->post.turn = word;
        lanes[0]->misses = 0;
        *ret_index = 0;
        return KM_OK;
    }
    for (bool slept = false;; slept = true) {
        uint32_t nudge = atomic_load(&nudge_word);
        if (nudged || mail_came) {
            km_bell_ring();
            KM_TRY(look_up(err, lanes, n_lanes, ret_index));
        }
        if (find_and_begin(lanes, n_lanes, slept, ret_index))
            return KM_OK;
        km_bell_ring();
        size_t spins = slept ? n_lanes : spinner(lanes, n_lanes);
        if (spins < n_lanes && spin_pays(lanes[spins])) {
            spin(lanes[spins], lanes, n_lanes);
            if (find_and_begin(lanes, n_lanes, false, ret_index))
                return KM_OK;
        }
        sleep_any(lanes, n_lanes, nudge);
    }
}

/* Every word of the page is read here, once. */
static void post_copy(const struct km_lane_server *lane, struct km_lane_post *ret)
{
    /* As km_lane_server_wait saw it; or there was none. */
    if ((ret->turn & KM_TURN_INSTANCE) == 0)
        ret->turn = turn_of(lane);
    if (km_lane_word_types(ret->turn) == 0)
        return;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        ret->slots[i].area = km_word_get(&lane->page->slots[i].area);
        ret->slots[i].a = km_word_get(&lane->page->slots[i].a);
        ret->slots[i].b = km_word_get(&lane->page->slots[i].b);
    }
}

/* Where the reference lies, or false when its area is unknown or too small. */
static bool resolve(struct km_lane_server *lane, size_t at)
{
    uint32_t area = lane->post.slots[at].area;
    size_t offset = lane->post.slots[at].a;
    size_t size = lane->post.slots[at].b;
    if (area == KM_LANE_AREA_ARENA) {
        lane->room[at] = lane->page->arena + offset;
        return true;
    }
    const struct area *where = &lane->areas[area];
    if (where->at == NULL || offset > where->size || size > where->size - offset)
        return false;
    lane->room[at] = where->at + offset;
    return true;
}

static bool take_memory(struct km_lane_server *lane, size_t at, struct km_lane_param *ret)
{
    ret->size = lane->post.slots[at].b;
    if (lane->post.slots[at].area == KM_LANE_AREA_NULL)
        return true;
    if (!resolve(lane, at))
        return false;
    ret->in_place = ret->size > KM_LANE_COPY_MAX;
    ret->buffer = ret->in_place ? lane->room[at] : lane->copy[at];
    if (!ret->in_place && ret->type != KM_PARAM_MEM_OUT)
        km_copy(lane->copy[at], KM_LANE_COPY_MAX, lane->room[at], ret->size);
    return true;
}

static bool take_param(struct km_lane_server *lane, size_t at, struct km_lane_param *ret)
{
    ret->type = km_lane_word_type(lane->post.turn, at);
    if (km_lane_type_is_mem(ret->type))
        return take_memory(lane, at, ret);
    if (ret->type == KM_PARAM_VALUE_IN || ret->type == KM_PARAM_VALUE_INOUT) {
        ret->a = lane->post.slots[at].a;
        ret->b = lane->post.slots[at].b;
    }
    return true;
}

km_status km_lane_server_take(struct km_err *err, struct km_lane_server *lane,
                              struct km_lane_call *ret_call)
{
    /* One by one: the whole at once makes compilers use an instruction that is slow to start. */
    for (size_t i = 0; i < KM_LANE_PARAMS; i++)
        ret_call->params[i] = (struct km_lane_param){0};
    post_copy(lane, &lane->post);
    lane->in_call = true;
    lane->spin = (lane->post.turn & KM_LANE_F_SPIN) != 0;
    if ((lane->post.turn & KM_LANE_F_MAIL) != 0)
        drain(lane);
    ret_call->op = km_lane_word_op(lane->post.turn);
    ret_call->command = (uint32_t)(lane->post.turn >> 32);
    if (!km_lane_post_check(&lane->post)) {
        lane->post.turn = 0;
        return KM_FAIL(err, KM_E_MALFORMED, "call with op %u does not have a legal form",
                       ret_call->op);
    }
    if (km_lane_word_types(lane->post.turn) == 0)
        return KM_OK;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (take_param(lane, i, &ret_call->params[i]))
            continue;
        lane->post.turn = 0;
        km_wipe(lane->copy, sizeof(lane->copy));
        *ret_call = (struct km_lane_call){.op = ret_call->op};
        return KM_FAIL(err, KM_E_MALFORMED, "parameter %zu names memory that is not shared", i);
    }
    return KM_OK;
}

/* Copies go back and are wiped, so that the next call finds zeros where it writes. */
static void reply_memory(struct km_lane_server *lane, size_t at, const struct km_lane_param *param)
{
    size_t room = lane->post.slots[at].b;
    if (lane->post.slots[at].area != KM_LANE_AREA_NULL && room <= KM_LANE_COPY_MAX) {
        if (param->type != KM_PARAM_MEM_IN && param->size <= room)
            km_copy(lane->room[at], room, lane->copy[at], param->size);
        km_wipe(lane->copy[at], room);
    }
    if (param->type != KM_PARAM_MEM_IN)
        km_word_put(&lane->page->slots[at].b,
                    param->size > UINT32_MAX ? UINT32_MAX : (uint32_t)param->size);
}

static void reply_params(struct km_lane_server *lane, struct km_lane_call *call)
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        /* The type as it was taken: what the TA holds in call is its own copy. */
        uint8_t type = km_lane_word_type(lane->post.turn, i);
        if (km_lane_type_is_mem(type)) {
            call->params[i].type = type;
            reply_memory(lane, i, &call->params[i]);
        } else if (type == KM_PARAM_VALUE_OUT || type == KM_PARAM_VALUE_INOUT) {
            km_word_put(&lane->page->slots[i].a, call->params[i].a);
            km_word_put(&lane->page->slots[i].b, call->params[i].b);
        }
    }
}

/* At the bell it may wait a little for company; what ends a session never does: nobody may come after it. */
static void wake_client(const struct km_lane_server *lane, uint64_t was, bool may_wait)
{
    if ((was & KM_TURN_AT_BELL) == 0) {
        km_futex_wake(km_turn_half(&lane->page->turn), 1);
        return;
    }
    km_bell_note(km_word_get(&lane->page->bell_bits));
    if (!may_wait)
        km_bell_ring();
}

void km_lane_server_reply(struct km_lane_server *lane, struct km_lane_call *call, uint32_t result,
                          uint32_t origin)
{
    if (km_lane_word_types(lane->post.turn) != 0)
        reply_params(lane, call);
    uint64_t word = (uint64_t)result << 32 | (uint64_t)(origin & 0xffu) << 8 |
                    (lane->crowded ? KM_LANE_CROWDED : 0u);
    bool may_wait = call->op == KM_LANE_INVOKE && lane->began_ns != 0;
    lane->post.turn = 0;
    lane->in_call = false;
    lane->crowded = false;
    lane->was_short = may_wait && km_now_ns() - lane->began_ns < SHORT_NS;
    lane->began_ns = 0;
    uint64_t was = atomic_exchange(&lane->page->turn, word);
    if ((was & KM_TURN_SLEEPS) != 0)
        wake_client(lane, was, may_wait);
}

static bool client_gone(const struct km_lane_server *lane)
{
    struct pollfd fd = {.fd = lane->sock, .events = POLLRDHUP};
    return lane->gone || (poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLRDHUP)) != 0);
}

bool km_lane_server_cancelled(const struct km_lane_server *lane)
{
    uint32_t serial = km_word_get(&lane->page->serial);
    if (!lane->in_call)
        return false;
    if (serial != 0 && km_word_get(&lane->page->cancel) == serial)
        return true;
    /* Without a signal since the call began nobody has gone, and a TA that asks often need not enter the kernel. */
    return lane->gone || (mail_came && client_gone(lane));
}

bool km_lane_server_wait_cancel(const struct km_lane_server *lane, uint32_t ms)
{
    uint64_t until = km_now_ns() + (uint64_t)ms * 1000000u;
    km_bell_ring();
    for (;;) {
        uint32_t nudge = atomic_load(&nudge_word);
        uint32_t cancel = km_word_get(&lane->page->cancel);
        /* Who waits for a client that is gone waits for nobody. A nudge keeps until the next wait. */
        if (km_lane_server_cancelled(lane) || client_gone(lane))
            return true;
        uint64_t now = km_now_ns();
        if (now >= until)
            return false;
        struct km_futex_words words = {
            .word = {&nudge_word, &lane->page->cancel}, .value = {nudge, cancel}, .n = 2};
        km_futex_wait_any(&words, (int64_t)((until - now + 999999u) / 1000000u));
    }
}
