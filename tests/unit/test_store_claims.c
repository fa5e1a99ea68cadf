/* SPDX-License-Identifier: Apache-2.0 */
/* Queues for objects: every claims of one file is a process of its own to the kernel. */
#include <fcntl.h>

#include "tee/store/claims.h"
#include "tee/store/store.h"
#include "tests/unit/km_test.h"

#define N_PARTIES (KM_CLAIMS_PLACES + 1)

static struct km_claims *party[N_PARTIES];
static uint8_t key[KM_NAME_KEY_LEN] = "some name's key";
static uint8_t other_key[KM_NAME_KEY_LEN] = "another one's";

static int set_up(void **state)
{
    char path[] = "/tmp/test_claims.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    (void)state;
    for (size_t i = 0; i < N_PARTIES; i++) {
        int own = open(path, O_RDWR | O_CLOEXEC);
        if (own < 0 || km_claims_new(NULL, own, &party[i]) != KM_OK)
            return -1;
    }
    (void)close(fd);
    (void)unlink(path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_PARTIES; i++) {
        km_claims_free(party[i]);
        party[i] = NULL;
    }
    return 0;
}

static uint32_t enter(size_t who)
{
    uint32_t ahead = UINT32_MAX;
    assert_int_equal(km_claims_queue(NULL, party[who], key, true, &ahead), KM_OK);
    return ahead;
}

static uint32_t look(size_t who)
{
    uint32_t ahead = UINT32_MAX;
    assert_int_equal(km_claims_queue(NULL, party[who], key, false, &ahead), KM_OK);
    return ahead;
}

/* Every octet of a key that counts for the queue makes it another one. */
static void queues_are_apart(void **state)
{
    uint32_t ahead = UINT32_MAX;
    (void)state;
    assert_int_equal(enter(0), 0);
    for (size_t i = 0; i < 7; i++) {
        uint8_t near[KM_NAME_KEY_LEN] = {0};
        km_copy(near, sizeof(near), key, sizeof(key));
        near[i] ^= 1;
        assert_int_equal(km_claims_queue(NULL, party[1], near, false, &ahead), KM_OK);
        assert_int_equal(ahead, 0);
    }
    assert_int_equal(look(1), 1);
}

static void first_come_first_served(void **state)
{
    (void)state;
    assert_int_equal(look(0), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(enter(i), i);
    /* Asking again moves nobody, and who only looks is behind all. */
    assert_int_equal(enter(4), 4);
    assert_int_equal(enter(0), 0);
    assert_int_equal(look(9), 5);
    for (size_t gone = 0; gone < 4; gone++) {
        km_claims_unqueue(party[gone]);
        assert_int_equal(enter(5 + gone), 5);
        for (size_t i = gone + 1; i <= 5 + gone; i++)
            assert_int_equal(enter(i), i - gone - 1);
    }
}

/* One in the middle goes, or its process dies; whoever comes meanwhile does not get into the gap. */
static void gaps_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(enter(i), i);
    km_claims_unqueue(party[1]);
    km_claims_free(party[2]);
    party[2] = NULL;
    assert_int_equal(enter(5), 4);
    assert_int_equal(enter(3), 1);
    assert_int_equal(enter(5), 2);
    assert_int_equal(look(6), 3);
}

static void one_queue_at_a_time(void **state)
{
    uint32_t ahead = UINT32_MAX;
    (void)state;
    assert_int_equal(enter(0), 0);
    assert_int_equal(enter(1), 1);
    assert_int_equal(km_claims_queue(NULL, party[0], other_key, true, &ahead), KM_OK);
    assert_int_equal(enter(1), 0);
    km_claims_unqueue(party[0]);
    km_claims_unqueue(party[0]);
    assert_int_equal(enter(0), 1);
}

/* Else two could wait for each other: one for what is held, one behind who waits for that. */
static void who_holds_something_does_not_queue(void **state)
{
    struct km_claim claim = {0};
    (void)state;
    assert_int_equal(enter(0), 0);
    assert_int_equal(km_claim_take(NULL, party[1], &claim, other_key,
                                   KM_STORE_READ | KM_STORE_SHARE_READ, false),
                     KM_OK);
    assert_int_equal(look(1), 0);
    assert_int_equal(enter(1), 0);
    assert_int_equal(look(2), 1);
    km_claim_drop(party[1], &claim);
    assert_int_equal(enter(1), 1);
}

/* A queue is no claim: it is in nobody's way who does not ask. */
static void queues_claim_nothing(void **state)
{
    struct km_claim claim = {0};
    (void)state;
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(enter(i), i);
    assert_int_equal(km_claim_take(NULL, party[9], &claim, key, KM_STORE_READ, true), KM_OK);
    km_claim_drop(party[9], &claim);
}

static void too_many(void **state)
{
    uint32_t ahead = 7;
    (void)state;
    for (size_t i = 0; i < KM_CLAIMS_PLACES; i++)
        assert_int_equal(enter(i), i);
    assert_int_equal(km_claims_queue(NULL, party[KM_CLAIMS_PLACES], key, true, &ahead), KM_E_BUSY);
    km_claims_unqueue(party[0]);
    /* The last place is free when its holder has moved up. */
    for (size_t i = 1; i < KM_CLAIMS_PLACES; i++)
        assert_int_equal(enter(i), i - 1);
    assert_int_equal(enter(KM_CLAIMS_PLACES), KM_CLAIMS_PLACES - 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(queues_are_apart),
        T(first_come_first_served),
        T(gaps_close),
        T(one_queue_at_a_time),
        T(who_holds_something_does_not_queue),
        T(queues_claim_nothing),
        T(too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
