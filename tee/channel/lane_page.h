/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a lane's memory, and the few primitives both sides wait with. Private to this
 * room; docs/channel.md explains the layout.
 *
 * Everything in the page may change at any moment and hold anything: it is read word by word with
 * the helpers below, once, into private memory.
 */
#ifndef KM_LANE_PAGE_H
#define KM_LANE_PAGE_H

#include <stdatomic.h>
#include <time.h>

#include "tee/channel/lane.h"

#define KM_LANE_SIZE 65536u
#define KM_LANE_ARENA_AT 192u
#define KM_LANE_ARENA_LEN (KM_LANE_SIZE - KM_LANE_ARENA_AT)

/* Areas a call can name: the arena, nothing (a null reference), or shared memory by number. */
#define KM_LANE_AREA_ARENA 0u
#define KM_LANE_AREA_SCRATCH 1u
#define KM_LANE_AREAS 128u
#define KM_LANE_AREA_NULL 0xffffffffu
/* The largest area; four of them must still have a sum that fits 32 bits. */
#define KM_LANE_AREA_MAX 0x10000000u
/* All areas of one lane together. */
#define KM_LANE_AREAS_SUM_MAX 0x40000000u

/*
 * page->turn: one word says whose turn it is and carries the whole of a call, or of an answer, without
 * parameters. Bits of both:
 */
#define KM_TURN_INSTANCE 0x01u /* a call: the instance's turn; else an answer: the client's */
#define KM_TURN_SLEEPS 0x02u   /* who waits sleeps; handing over clears it */
#define KM_TURN_AT_BELL 0x10u  /* a client that sleeps: at the bell, not at this word */
#define KM_TURN_DISTURBED                                                                          \
    0x80u /* set by a signal of the instance, so that it does not fall asleep */
/* Of a call: flags here, op in bits 8-15, four parameter types in 16-31, command in 32-63. */
#define KM_LANE_F_SPIN 0x04u  /* the client spins, so the instance may */
#define KM_LANE_F_MAIL 0x08u  /* messages wait on the lane's socket */
#define KM_LANE_OP_MAIL 0x7fu /* no call: fetch the messages */
/* Of an answer: the hint here, origin in bits 8-15, result in 32-63. */
#define KM_LANE_CROWDED 0x04u /* somebody else wants the instance's CPU */

/* One parameter: a value is in a and b; a reference is area, offset a and size b. */
struct km_lane_slot {
    _Atomic uint32_t area;
    _Atomic uint32_t a;
    _Atomic uint32_t b;
    uint32_t zero;
};

struct km_lane_page {
    /* First cache line: all that a call without parameters needs, in one word. */
    _Atomic uint64_t turn;
    _Atomic uint32_t client_cpu; /* where the client ran when it woke the instance */
    _Atomic uint32_t bell_bits;  /* what wakes the client at the bell; any bits, not 0 */
    uint32_t zero[12];
    /* Second. */
    struct km_lane_slot slots[KM_LANE_PARAMS];
    /* Third: of no interest unless a call is cancelled. */
    _Atomic uint32_t serial; /* of the call */
    _Atomic uint32_t cancel; /* serial of the call to cancel */
    uint32_t zero_too[14];
    /* Fourth and on. */
    uint8_t arena[KM_LANE_ARENA_LEN];
};
_Static_assert(sizeof(struct km_lane_page) == KM_LANE_SIZE, "the lane's layout is a contract");
_Static_assert(offsetof(struct km_lane_page, slots) == 64, "slots are the second line");

/*
 * What the lanes of an instance that one client process shares have in common: a page of its own. Several clients sleep at one
 * word of it, each for bits of its own, so one system call wakes all that were answered.
 */
#define KM_LANE_BELL_SIZE 4096u
struct km_lane_bell {
    _Atomic uint32_t wish; /* the CPU that its clients want the instance on, plus 1; 0: none */
    _Atomic uint32_t at;   /* the CPU that it stays on for them, plus 1; 0: it follows or roams */
    uint32_t zero[14];
    /* Second cache line. */
    _Atomic uint32_t rung; /* how often it was */
};

/* The head of a call as copied out of the page. */
struct km_lane_post {
    uint64_t turn;
    struct {
        uint32_t area, a, b;
    } slots[KM_LANE_PARAMS];
};

/* km_lane_post_check: whether it is a legal call so far as its own bytes and the arena go. Pure. */
KM_MUST_USE bool km_lane_post_check(const struct km_lane_post *post);

static inline uint64_t km_lane_call_word(uint32_t op, uint32_t types, uint32_t command)
{
    return (uint64_t)command << 32 | (uint64_t)types << 16 | (uint64_t)op << 8 | KM_TURN_INSTANCE;
}

static inline uint32_t km_lane_word_op(uint64_t turn)
{
    return (uint32_t)(turn >> 8) & 0xffu;
}

static inline uint32_t km_lane_word_types(uint64_t turn)
{
    return (uint32_t)(turn >> 16) & 0xffffu;
}

static inline uint8_t km_lane_word_type(uint64_t turn, size_t at)
{
    return (uint8_t)((turn >> (16 + 4 * at)) & 0xfu);
}

/* The half of the turn that the kernel can wait on. */
static inline _Atomic uint32_t *km_turn_half(_Atomic uint64_t *turn)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (_Atomic uint32_t *)turn + 1;
#else
    return (_Atomic uint32_t *)turn;
#endif
}

static inline bool km_lane_type_is_mem(uint8_t type)
{
    return type >= KM_PARAM_MEM_IN && type <= KM_PARAM_MEM_INOUT;
}

static inline uint32_t km_word_get(const _Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void km_word_put(_Atomic uint32_t *word, uint32_t v)
{
    atomic_store_explicit(word, v, memory_order_relaxed);
}

static inline void km_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#elif defined(__arm__)
    __asm__ volatile("yield" ::: "memory");
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* Messages on the lane's socket, client to instance: u32le kind, u32le area, u64le size. */
#define KM_LANE_MAIL_LEN 16u
enum km_lane_mail_kind {
    KM_LANE_MAIL_SHARE = 1,  /* with one descriptor */
    KM_LANE_MAIL_FORGET = 2, /* size is 0 */
};
struct km_lane_mail {
    uint32_t kind;
    uint32_t area;
    uint64_t size;
};
KM_MUST_USE bool km_lane_mail_parse(struct km_slice in, struct km_lane_mail *ret);
void km_lane_mail_put(const struct km_lane_mail *mail, uint8_t ret[KM_LANE_MAIL_LEN]);

/*
 * km_lane_map: maps size octets of a memfd that nobody can shrink any more. KM_E_MALFORMED when it is
 * anything else. The descriptor stays the caller's.
 */
km_status km_lane_map(struct km_err *err, int fd, size_t size, uint8_t **ret_at);
/* km_lane_memfd_new: a memfd of size octets, sealed in its size. */
km_status km_lane_memfd_new(struct km_err *err, const char *name, size_t size, int *ret_fd);

/* km_now_ns: the monotonic clock. */
static inline uint64_t km_now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define KM_NS_PER_MS 1000000u
#define KM_FOREVER UINT64_MAX
/* km_futex_wait: sleeps while *word is value, at most ns (KM_FOREVER). False when the time is over. */
bool km_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t ns);
/* km_futex_wake: wakes at most n of those that sleep on it. */
void km_futex_wake(_Atomic uint32_t *word, int n);
/* The same for those whose bits are among bits (not 0). */
bool km_futex_wait_bits(_Atomic uint32_t *word, uint32_t value, uint64_t ns, uint32_t bits);
void km_futex_wake_bits(_Atomic uint32_t *word, uint32_t bits);

#define KM_FUTEX_WORDS 128u
struct km_futex_words {
    _Atomic uint32_t *word[KM_FUTEX_WORDS];
    uint32_t value[KM_FUTEX_WORDS];
    size_t n;
};
/*
 * km_futex_wait_any: sleeps while each word has its value. On kernels without futex_waitv it looks
 * at them every few milliseconds instead. False when the time is over.
 */
bool km_futex_wait_any(const struct km_futex_words *words, int64_t ms);

/* Watching for somebody else on the CPU while spinning: a step of the clock that is too long. */
#define KM_SPIN_GAP_NS 500000u

/* Looks before the clock is read for the first time: an empty call's hand-over takes less. */
#define KM_QUICK_LOOKS 96u
/* The first of them without a pause, which can take as long as a whole hand-over. */
#define KM_EAGER_LOOKS 32u

static inline bool km_turn_is(const _Atomic uint64_t *turn, uint32_t want)
{
    return (atomic_load_explicit(turn, memory_order_acquire) & KM_TURN_INSTANCE) == want;
}

/* km_spin_quick: whether (*turn & KM_TURN_INSTANCE) becomes want within those looks; the word seen. */
static inline bool km_spin_quick(const _Atomic uint64_t *turn, uint32_t want, uint64_t *ret_word)
{
    for (unsigned i = 0; i < KM_QUICK_LOOKS; i++) {
        *ret_word = atomic_load_explicit(turn, memory_order_acquire);
        if ((*ret_word & KM_TURN_INSTANCE) == want)
            return true;
        if (i >= KM_EAGER_LOOKS)
            km_cpu_relax();
    }
    return false;
}

enum km_spin_end { KM_SPIN_CHANGED, KM_SPIN_OVER, KM_SPIN_CROWDED };
/* km_spin: until (turn & KM_TURN_INSTANCE) == want for one of these, at most limit_ns. */
enum km_spin_end km_spin(const _Atomic uint64_t *const *turns, size_t n_turns, uint32_t want,
                         uint64_t limit_ns);

#endif
