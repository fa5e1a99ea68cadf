/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrong guesses of a password, and how long the next has to wait. A guess is counted, and the count stored, before it is
 * looked at; who stores it holds the object alone meanwhile.
 */
#ifndef KM_TA_GUESSES_H
#define KM_TA_GUESSES_H

#include "ta/common/owner.h"

#define KM_GUESSERS 8u
#define KM_GUESSES_LEN (20u + KM_GUESSERS * 44u) /* octets of the counts in a record */
#define KM_GUESSES_FREE 5u                       /* wrong ones before the first wait */
#define KM_GUESSES_WAIT_MAX_S 3600u

/* Wrong guesses since the last right one; seconds since 1970. */
struct km_guesses {
    uint32_t failures;
    uint64_t seen; /* when the last was taken */
    uint64_t not_before;
};

/* What one caller guessed. Free while nothing is counted in it. */
struct km_guesser {
    struct km_owner
        who; /* of the last one of them: whoever counted first; it is everybody's who finds no other */
    struct km_guesses guesses;
};

/* Everybody's wrong guesses, apart, so that nobody locks out others. */
struct km_guess_counts {
    struct km_guesses owner;
    struct km_guesser others[KM_GUESSERS];
};

enum km_guess_verdict {
    KM_GUESS_TAKEN = 1,      /* counted as wrong: store the counts, then look at the password */
    KM_GUESS_WAIT = 2,       /* nothing changed */
    KM_GUESS_WAIT_AGAIN = 3, /* the clock was set back: the wait began again; store the counts */
};

/* km_guesses_of: the count that this caller's guesses at an object of that owner go into. A view into counts. */
struct km_guesses *km_guesses_of(struct km_guess_counts *counts, const struct km_owner *owner,
                                 const struct km_owner *caller);
/* km_guesses_wait: seconds until the next guess is taken. */
uint64_t km_guesses_wait(const struct km_guesses *guesses, uint64_t now);
enum km_guess_verdict km_guesses_take(struct km_guesses *guesses, uint64_t now);

KM_MUST_USE bool km_guess_counts_read(struct km_rd *rd, struct km_guess_counts *ret);
/* km_guess_counts_write: KM_GUESSES_LEN octets. */
void km_guess_counts_write(struct km_wr *wr, const struct km_guess_counts *counts);

#endif
