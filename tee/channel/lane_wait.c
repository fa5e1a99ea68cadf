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
 * the wake, which takes as long as a signature or two, is over when it comes. Beyond DUE_MAX_NS a late wake does not matter.
 */
#define DUE_LEAD_NS 100000u
#define DUE_MAX_NS 5000000u
#define ALIKE_MIN 3u
/* While a call is in flight: how often to look whether the instance still lives. */
#define LOOK_ALIVE_MS 50
#define LOOK_AFTER_WAKES 16u

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
