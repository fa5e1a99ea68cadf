/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_BUCKETS 64u

enum {
    BYTE_OPEN,
    BYTE_READS,
    BYTE_DENY_WRITE,
    BYTE_DENY_READ,
    BYTE_WRITES,
    N_STATE,
    BYTE_GUARD = 5
};
enum { MAKING_AT = 6 }; /* in the eight bytes of key zero, which no object's claim uses */

struct km_claims {
    int fd;
    struct km_claim *bucket[N_BUCKETS];
    size_t n_held;
    off_t queue; /* which this process is in; 0: none */
    uint32_t place;
};

km_status km_claims_new(struct km_err *err, int fd, struct km_claims **ret)
{
    struct km_claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "claims of a store");
    claims->fd = fd;
    *ret = claims;
    return KM_OK;
}

void km_claims_free(struct km_claims *claims)
{
    if (claims == NULL)
        return;
    (void)close(claims->fd);
    free(claims);
}

/* ---- the file ---- */

/* 59 bits of the key: two objects that meet there only get KM_E_BUSY where none was needed. */
static off_t place_of(const uint8_t key[KM_NAME_KEY_LEN])
{
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++)
        word = word << 8 | key[i];
    return (off_t)(word >> 5 << 3);
}

static int lock_bytes(int fd, int command, short type, off_t start, off_t len)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    int code = 0;
    do {
        code = fcntl(fd, command, &range);
    } while (code != 0 && errno == EINTR);
    return code;
}

/* Whether another process has the byte locked in any way. */
static km_status ask(struct km_err *err, int fd, off_t at)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    if (fcntl(fd, F_OFD_GETLK, &range) != 0)
        return KM_FAIL_ERRNO(err, "could not ask who has an object open");
    if (range.l_type != F_UNLCK)
        return KM_FAIL(err, KM_E_BUSY, "the object is open elsewhere in a way that forbids this");
    return KM_OK;
}

static km_status lock_failed(struct km_err *err)
{
    if (errno == EAGAIN || errno == EACCES)
        return KM_FAIL(err, KM_E_BUSY, "the object is open elsewhere in a way that forbids this");
    return KM_FAIL_ERRNO(err, "could not lock an object");
}

/* ---- the rules ---- */

static void bytes_of(uint32_t flags, bool alone, short ret[N_STATE])
{
    ret[BYTE_OPEN] = alone ? F_WRLCK : F_RDLCK;
    ret[BYTE_READS] = (flags & KM_STORE_READ) != 0 ? F_RDLCK : F_UNLCK;
    ret[BYTE_WRITES] = (flags & KM_STORE_WRITE) != 0 ? F_RDLCK : F_UNLCK;
    ret[BYTE_DENY_READ] = (flags & KM_STORE_SHARE_READ) == 0 ? F_RDLCK : F_UNLCK;
    ret[BYTE_DENY_WRITE] = (flags & KM_STORE_SHARE_WRITE) == 0 ? F_RDLCK : F_UNLCK;
}

/* What the holders in this process need together; all unlocked when there is none. */
static bool union_of(const struct km_claims *claims, const uint8_t key[KM_NAME_KEY_LEN],
                     short ret[N_STATE])
{
    bool any = false;
    for (size_t i = 0; i < N_STATE; i++)
        ret[i] = F_UNLCK;
    for (const struct km_claim *c = claims->bucket[key[0] % N_BUCKETS]; c != NULL; c = c->next) {
        if (!km_slice_equal(KM_SLICE(c->key, sizeof c->key), KM_SLICE(key, KM_NAME_KEY_LEN)))
            continue;
        short one[N_STATE] = {0};
        bytes_of(c->flags, c->alone, one);
        for (size_t i = 0; i < N_STATE; i++)
            if (one[i] != F_UNLCK)
                ret[i] = one[i];
        any = true;
    }
    return any;
}

/* Runs of bytes with one state go in one call. */
static int apply(int fd, off_t at, const short state[N_STATE])
{
    size_t begin = 0;
    for (size_t i = 1; i <= N_STATE; i++) {
        if (i < N_STATE && state[i] == state[begin])
            continue;
        if (lock_bytes(fd, F_OFD_SETLK, state[begin], at + (off_t)begin, (off_t)(i - begin)) != 0)
            return -1;
        begin = i;
    }
    return 0;
}

/* The same rules among the holders in this process, whose locks don't see each other. */
static bool fits_here(const short have[N_STATE], const short want[N_STATE])
{
    if (have[BYTE_OPEN] == F_WRLCK || want[BYTE_OPEN] == F_WRLCK)
        return false;
    bool reads = have[BYTE_READS] != F_UNLCK || want[BYTE_READS] != F_UNLCK;
    bool writes = have[BYTE_WRITES] != F_UNLCK || want[BYTE_WRITES] != F_UNLCK;
    bool denies_read = have[BYTE_DENY_READ] != F_UNLCK || want[BYTE_DENY_READ] != F_UNLCK;
    bool denies_write = have[BYTE_DENY_WRITE] != F_UNLCK || want[BYTE_DENY_WRITE] != F_UNLCK;
    return !(reads && denies_read) && !(writes && denies_write);
}

/* With the guard held: nobody else's claim may stand against ours. */
static km_status ask_others(struct km_err *err, int fd, off_t at, const short want[N_STATE])
{
    static const uint8_t against[][2] = {
        {BYTE_READS, BYTE_DENY_READ},
        {BYTE_DENY_READ, BYTE_READS},
        {BYTE_WRITES, BYTE_DENY_WRITE},
        {BYTE_DENY_WRITE, BYTE_WRITES},
    };
    if (lock_bytes(fd, F_OFD_SETLK, F_RDLCK, at + BYTE_OPEN, 1) != 0)
        return lock_failed(err);
    for (size_t i = 0; i < KM_ARRAY_LEN(against); i++)
        if (want[against[i][0]] != F_UNLCK)
            KM_TRY(ask(err, fd, at + against[i][1]));
    return KM_OK;
}

static km_status take_shared(struct km_err *err, struct km_claims *claims, off_t at,
                             const short have[N_STATE], const short want[N_STATE])
{
    if (lock_bytes(claims->fd, F_OFD_SETLKW, F_WRLCK, at + BYTE_GUARD, 1) != 0)
        return lock_failed(err);
    km_status status = ask_others(err, claims->fd, at, want);
    short both[N_STATE] = {0};
    for (size_t i = 0; i < N_STATE; i++)
        both[i] = want[i] != F_UNLCK ? want[i] : have[i];
    if (status == KM_OK && apply(claims->fd, at, both) != 0)
        status = lock_failed(err);
    if (status != KM_OK)
        (void)apply(claims->fd, at, have);
    (void)lock_bytes(claims->fd, F_OFD_SETLK, F_UNLCK, at + BYTE_GUARD, 1);
    return status;
}

/* ---- taking and dropping ---- */

km_status km_claim_take(struct km_err *err, struct km_claims *claims, struct km_claim *claim,
                        const uint8_t key[KM_NAME_KEY_LEN], uint32_t flags, bool alone)
{
    alone = alone || (flags & KM_STORE_WRITE_META) != 0;
    short have[N_STATE] = {0};
    short want[N_STATE] = {0};
    bytes_of(flags, alone, want);
    if (union_of(claims, key, have) && !fits_here(have, want))
        return KM_FAIL(err, KM_E_BUSY, "the object is open here in a way that forbids this");
    off_t at = place_of(key);
    if (!alone)
        KM_TRY(take_shared(err, claims, at, have, want));
    else if (lock_bytes(claims->fd, F_OFD_SETLK, F_WRLCK, at + BYTE_OPEN, 1) != 0)
        return lock_failed(err);
    *claim = (struct km_claim){.flags = flags, .alone = alone};
    km_copy(claim->key, sizeof claim->key, key, KM_NAME_KEY_LEN);
    struct km_claim **bucket = &claims->bucket[key[0] % N_BUCKETS];
    claim->next = *bucket;
    *bucket = claim;
    claims->n_held++;
    return KM_OK;
}

void km_claim_share(struct km_claims *claims, struct km_claim *claim)
{
    if ((claim->flags & KM_STORE_WRITE_META) != 0)
        return;
    claim->alone = false;
    /* The bytes first, the downgrade of the first one last: nobody slips in between. */
    short state[N_STATE] = {0};
    off_t at = place_of(claim->key);
    bytes_of(claim->flags, true, state);
    (void)apply(claims->fd, at, state);
    (void)lock_bytes(claims->fd, F_OFD_SETLK, F_RDLCK, at + BYTE_OPEN, 1);
}

void km_claim_move(struct km_claims *claims, struct km_claim *from, struct km_claim *to)
{
    struct km_claim **link = &claims->bucket[from->key[0] % N_BUCKETS];
    while (*link != NULL && *link != from)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *to = *from;
    *link = to;
}

void km_claim_drop(struct km_claims *claims, struct km_claim *claim)
{
    struct km_claim **link = &claims->bucket[claim->key[0] % N_BUCKETS];
    while (*link != NULL && *link != claim)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *link = claim->next;
    claims->n_held--;
    short state[N_STATE] = {0};
    (void)union_of(claims, claim->key, state);
    (void)apply(claims->fd, place_of(claim->key), state);
}

/* ---- queues ---- */

/* Behind all places of objects. 56 bits of the key: two objects that meet there have one queue. */
static off_t queue_of(const uint8_t key[KM_NAME_KEY_LEN])
{
    _Static_assert(KM_CLAIMS_PLACES == 1u << 6, "as many places as the low bits count");
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++)
        word = word << 8 | key[i];
    return (off_t)((uint64_t)1 << 62 | word >> 8 << 6);
}

/* How many places there are to the end of the last that somebody else has; 0: nobody is there. */
static km_status queue_len(struct km_err *err, int fd, off_t queue, uint32_t *ret)
{
    uint32_t len = 0;
    while (len < KM_CLAIMS_PLACES) {
        struct flock range = {.l_type = F_WRLCK,
                              .l_whence = SEEK_SET,
                              .l_start = queue + len,
                              .l_len = KM_CLAIMS_PLACES - len};
        if (fcntl(fd, F_OFD_GETLK, &range) != 0)
            return KM_FAIL_ERRNO(err, "could not ask who waits for an object");
        if (range.l_type == F_UNLCK)
            break;
        len = (uint32_t)(range.l_start - queue + range.l_len);
    }
    *ret = len;
    return KM_OK;
}

static bool take_place(const struct km_claims *claims, off_t queue, uint32_t place)
{
    return lock_bytes(claims->fd, F_OFD_SETLK, F_WRLCK, queue + place, 1) == 0;
}

/* Who comes at the same moment may be quicker; then it is the place behind his. */
static km_status queue_enter(struct km_err *err, struct km_claims *claims, off_t queue)
{
    uint32_t place = 0;
    KM_TRY(queue_len(err, claims->fd, queue, &place));
    while (place < KM_CLAIMS_PLACES && !take_place(claims, queue, place))
        place++;
    if (place >= KM_CLAIMS_PLACES)
        return KM_FAIL(err, KM_E_BUSY, "%u wait for the object already", KM_CLAIMS_PLACES);
    claims->queue = queue;
    claims->place = place;
    return KM_OK;
}

static void queue_move_up(struct km_claims *claims)
{
    while (claims->place > 0 && take_place(claims, claims->queue, claims->place - 1)) {
        (void)lock_bytes(claims->fd, F_OFD_SETLK, F_UNLCK, claims->queue + claims->place, 1);
        claims->place--;
    }
}

km_status km_claims_queue(struct km_err *err, struct km_claims *claims,
                          const uint8_t key[KM_NAME_KEY_LEN], bool enters, uint32_t *ret_ahead)
{
    off_t queue = queue_of(key);
    if (claims->queue != queue)
        km_claims_unqueue(claims);
    *ret_ahead = 0;
    if (claims->n_held > 0)
        return KM_OK;
    if (claims->queue == 0 && !enters)
        return queue_len(err, claims->fd, queue, ret_ahead);
    if (claims->queue == 0)
        KM_TRY(queue_enter(err, claims, queue));
    queue_move_up(claims);
    *ret_ahead = claims->place;
    return KM_OK;
}

void km_claims_unqueue(struct km_claims *claims)
{
    if (claims->queue == 0)
        return;
    (void)lock_bytes(claims->fd, F_OFD_SETLK, F_UNLCK, claims->queue + claims->place, 1);
    claims->queue = 0;
}

km_status km_claims_making(struct km_err *err, struct km_claims *claims)
{
    if (lock_bytes(claims->fd, F_OFD_SETLKW, F_WRLCK, MAKING_AT, 1) != 0)
        return KM_FAIL_ERRNO(err, "could not wait for the store to be made");
    return KM_OK;
}

void km_claims_made(struct km_claims *claims)
{
    (void)lock_bytes(claims->fd, F_OFD_SETLK, F_UNLCK, MAKING_AT, 1);
}
