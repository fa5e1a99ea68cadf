/* SPDX-License-Identifier: Apache-2.0 */
/* One hand-over to the instance and back: how the answer is waited for, spinning or asleep, and how a call is cancelled meanwhile. */
#include <poll.h>
#include <sched.h>

#include "tee/channel/lane_client.h"

/* Beyond this a cold round trip costs less than the waiting. */
#define SPIN_NS 150000u
/* After so many fruitless spins in a row only every RETRY-th wait spins. */
#define MISSES_MAX 8u
#define RETRY 16u
/*
 * Calls that take longer, and alike, are slept through until shortly before their answer is due: then
 * the wake, which takes as long as a signature or two, is over when it comes. What takes long varies by more, so the lead is a
 * part of it. Beyond DUE_MAX_NS a late wake does not matter.
 */
#define DUE_LEAD_NS 100000u
#define DUE_LEAD_PART 64u
#define DUE_MAX_NS 50000000u
#define ALIKE_MIN 3u
/* While a call is in flight: how often to look whether the instance still lives. */
#define LOOK_ALIVE_MS 50
#define LOOK_AFTER_WAKES 16u
/* So many calls in a row must find it on another CPU than its instance before the client's thread is moved. */
#define ASTRAY_MAX 8u

static bool spin_pays(struct km_lane_client *lane)
{
    if (!lane->spin)
        return false;
    if (lane->misses < MISSES_MAX)
        return true;
    lane->misses++;
    return lane->misses % RETRY == 0;
}

static __attribute__((noinline)) void spin(struct km_lane_client *lane, uint64_t limit_ns)
{
    const _Atomic uint64_t *turn = &lane->page->turn;
    enum km_spin_end end = km_spin(&turn, 1, 0, limit_ns);
    if (end == KM_SPIN_CHANGED)
        lane->misses = 0;
    else if (lane->misses < MISSES_MAX)
        lane->misses++;
    if (end == KM_SPIN_CROWDED) {
        km_lane_crowded();
        lane->spin = false;
    }
}

static bool answered(const struct km_lane_client *lane)
{
    return km_turn_is(&lane->page->turn, 0);
}

static bool hung_up(const struct km_lane_client *lane)
{
    struct pollfd fd = {.fd = lane->sock, .events = POLLRDHUP};
    if (!km_lane_has_socket(lane))
        return true;
    return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

/* Says in the turn that this side sleeps, and how; false when the answer is there. */
static bool announce_sleep(struct km_lane_client *lane, uint32_t how, uint32_t *ret_value)
{
    uint64_t was = atomic_fetch_or(&lane->page->turn, how);
    *ret_value = (uint32_t)was | how;
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

/* Sleeps until the answer is nearly due, then spins for it, half as long beyond that moment as before it. */
static void wait_until_due(struct km_lane_client *lane)
{
    uint32_t value = 0;
    uint64_t part = lane->due_ns / DUE_LEAD_PART;
    uint64_t lead = part > DUE_LEAD_NS ? part : DUE_LEAD_NS;
    if (announce_sleep(lane, KM_TURN_SLEEPS, &value))
        km_futex_wait(km_turn_half(&lane->page->turn), value, lane->due_ns - lead);
    awake(lane);
    if (!answered(lane))
        spin(lane, lead + lead / 2);
}

/* What a call took that outlasted a spin; the estimate for the next one. */
static void note_long_call(struct km_lane_client *lane, uint64_t took)
{
    uint64_t apart = took > lane->due_ns ? took - lane->due_ns : lane->due_ns - took;
    bool alike = took >= SPIN_NS && took < DUE_MAX_NS && apart <= took / 4;
    lane->n_alike = alike ? lane->n_alike + 1 : 0;
    lane->due_ns = took;
}

/* Sleeps until somebody wakes it; false when the time to look whether the instance still lives is there. */
static bool sleep_a_while(struct km_lane_client *lane, bool at_bell)
{
    uint32_t value = 0;
    const uint64_t ns = (uint64_t)LOOK_ALIVE_MS * KM_NS_PER_MS;
    if (!at_bell)
        return !announce_sleep(lane, KM_TURN_SLEEPS, &value) ||
               km_futex_wait(km_turn_half(&lane->page->turn), value, ns);
    /* Read before the turn: a ring for the answer that is not there yet changes it. */
    uint32_t rung = atomic_load(&lane->bell->rung);
    return !announce_sleep(lane, KM_TURN_SLEEPS | KM_TURN_AT_BELL, &value) ||
           km_futex_wait_bits(&lane->bell->rung, rung, ns, lane->bell_bits);
}

/* Where other lanes keep the instance on a CPU, this one's client comes there, and sleeps where one ring wakes them all. */
static bool goes_to_bell(struct km_lane_client *lane)
{
    uint32_t at = lane->bell == NULL || lane->spin ? 0 : km_word_get(&lane->bell->at);
    if (at == 0)
        return false;
    lane->n_astray = sched_getcpu() == (int)at - 1 ? 0 : lane->n_astray + 1;
    if (lane->n_astray >= ASTRAY_MAX) {
        lane->n_astray = 0;
        km_lane_go_to(lane, (int)at - 1);
    }
    return true;
}

/* Asks whoever wants to be asked; true once the call has been cancelled, after which nobody is asked again. */
static bool was_cancelled(struct km_lane_client *lane)
{
    if (lane->wants_cancel == NULL || !lane->wants_cancel(lane->wants_cancel_arg))
        return false;
    km_lane_client_cancel(lane);
    return true;
}

static km_status sleep_for_answer(struct km_err *err, struct km_lane_client *lane)
{
    if (answered(lane))
        return KM_OK;
    bool at_bell = goes_to_bell(lane);
    bool cancelled = false;
    for (unsigned wakes = 1; !answered(lane); wakes++) {
        cancelled = cancelled || was_cancelled(lane);
        /* A program that is full of signals never sleeps to the end. */
        if (sleep_a_while(lane, at_bell) && wakes % LOOK_AFTER_WAKES != 0)
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
    /* A look at the clock costs, and only who spins learns from it. */
    bool times = lane->spin;
    uint64_t began = times ? km_now_ns() : 0;
    if (is_due_later(lane)) {
        wait_until_due(lane);
    } else if (spin_pays(lane)) {
        spin(lane, SPIN_NS);
    }
    KM_TRY(sleep_for_answer(err, lane));
    if (times && lane->spin)
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

km_status km_lane_hand_over(struct km_err *err, struct km_lane_client *lane, uint64_t word,
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
        km_lane_crowded();
        lane->spin = false;
    }
    return status;
}

void km_lane_client_watch(struct km_lane_client *lane, const _Atomic bool *cancelled)
{
    lane->watch = cancelled;
}

void km_lane_client_ask(struct km_lane_client *lane, bool (*wants_cancel)(void *arg), void *arg)
{
    lane->wants_cancel = wants_cancel;
    lane->wants_cancel_arg = arg;
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
