/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/guesses.h"

static uint64_t wait_after(uint32_t failures)
{
    if (failures <= KM_GUESSES_FREE)
        return 0;
    uint32_t doublings = failures - KM_GUESSES_FREE - 1u;
    return doublings >= 12 ? KM_GUESSES_WAIT_MAX_S : 1u << doublings;
}

/*
 * A count that holds failures is never given to somebody else: with all taken, whoever comes new shares the last.
 */
struct km_guesses *km_guesses_of(struct km_guess_counts *counts, const struct km_owner *owner,
                                 const struct km_owner *caller)
{
    struct km_guesser *others = counts->others;
    struct km_guesser *found = NULL;
    if (km_owner_equal(owner, caller))
        return &counts->owner;
    for (size_t i = 0; i < KM_GUESSERS; i++) {
        bool is_free = others[i].guesses.failures == 0;
        if (!is_free && km_owner_equal(&others[i].who, caller))
            return &others[i].guesses;
        if (is_free && found == NULL)
            found = &others[i];
    }
    if (found == NULL)
        return &others[KM_GUESSERS - 1].guesses;
    found->who = *caller;
    return &found->guesses;
}

uint64_t km_guesses_wait(const struct km_guesses *guesses, uint64_t now)
{
    /* The clock was set back: the wait can only begin again. */
    if (now < guesses->seen)
        return wait_after(guesses->failures);
    return guesses->not_before > now ? guesses->not_before - now : 0;
}

enum km_guess_verdict km_guesses_take(struct km_guesses *guesses, uint64_t now)
{
    bool was_set_back = now < guesses->seen;
    bool must_wait = km_guesses_wait(guesses, now) != 0;
    if (must_wait && !was_set_back)
        return KM_GUESS_WAIT;
    if (!must_wait && guesses->failures < UINT32_MAX)
        guesses->failures++;
    guesses->seen = now;
    guesses->not_before = now + wait_after(guesses->failures);
    return must_wait ? KM_GUESS_WAIT_AGAIN : KM_GUESS_TAKEN;
}

static bool guesses_read(struct km_rd *rd, struct km_guesses *ret)
{
    return km_rd_u32le(rd, &ret->failures) && km_rd_u64le(rd, &ret->seen) &&
           km_rd_u64le(rd, &ret->not_before);
}

static void guesses_write(struct km_wr *wr, const struct km_guesses *guesses)
{
    km_wr_u32le(wr, guesses->failures);
    km_wr_u64le(wr, guesses->seen);
    km_wr_u64le(wr, guesses->not_before);
}

bool km_guess_counts_read(struct km_rd *rd, struct km_guess_counts *ret)
{
    bool good = guesses_read(rd, &ret->owner);
    for (size_t i = 0; i < KM_GUESSERS && good; i++)
        good = km_owner_read(rd, &ret->others[i].who) && guesses_read(rd, &ret->others[i].guesses);
    return good;
}

void km_guess_counts_write(struct km_wr *wr, const struct km_guess_counts *counts)
{
    guesses_write(wr, &counts->owner);
    for (size_t i = 0; i < KM_GUESSERS; i++) {
        km_owner_write(wr, &counts->others[i].who);
        guesses_write(wr, &counts->others[i].guesses);
    }
}
