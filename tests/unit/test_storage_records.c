/* SPDX-License-Identifier: Apache-2.0 */
/* The storage application's records and its commands' structures: what is printed is parsed, and nothing else is. */
#include "ta/storage/head.h"
#include "tests/unit/km_test.h"

#define ROOM 1024u

static struct km_storage_grants two_grants(void)
{
    return (struct km_storage_grants){
        .n = 2,
        .at = {{KM_STORAGE_GRANT_UID, KM_STORAGE_READ, 1001},
               {KM_STORAGE_GRANT_GID, KM_STORAGE_READ | KM_STORAGE_WRITE, 7}}};
}

static struct km_file_head sample_head(void)
{
    struct km_file_head head = {
        .slot = 1,
        .made = 1700000000,
        .id = {1, 2, 3},
        .salt = {4, 5},
        .grants = two_grants(),
        .lock = {.iterations = 1000, .salt = {6}, .nonce = {7}, .tag = {8}}};
    assert_true(km_storage_name_set(KM_SLICE_STR("a name"), &head.name));
    head.counts.owner.failures = 3;
    head.counts.others[7].guesses.failures = 2;
    head.counts.others[7].who = (struct km_owner){.kind = KM_OWNER_UID, .uid = 9};
    return head;
}

/* Each answers whether the octets are one, and then prints what it found to `again`. */
static bool head_again(struct km_slice in, struct km_wr *again)
{
    struct km_file_head head = {0};
    uint8_t octets[KM_FILE_HEAD_LEN] = {0};
    if (!km_file_head_parse(in, &head))
        return false;
    km_file_head_put(&head, octets);
    km_wr_bytes(again, KM_SLICE(octets, sizeof(octets)));
    return true;
}

static bool wish_again(struct km_slice in, struct km_wr *again)
{
    struct km_storage_wish wish = {0};
    bool is_bad_name = false;
    if (!km_storage_wish_parse(in, &wish, &is_bad_name))
        return false;
    assert_false(is_bad_name);
    km_storage_wish_write(again, &wish);
    return true;
}

static bool info_again(struct km_slice in, struct km_wr *again)
{
    struct km_storage_info info = {0};
    if (!km_storage_info_parse(in, &info))
        return false;
    km_storage_info_write(again, &info);
    return true;
}

static bool usage_again(struct km_slice in, struct km_wr *again)
{
    struct km_storage_usage usage = {0};
    if (!km_storage_usage_parse(in, &usage))
        return false;
    km_storage_usage_write(again, &usage);
    return true;
}

typedef bool (*again_fn)(struct km_slice in, struct km_wr *again);

static void attack(again_fn fn, struct km_slice good)
{
    uint8_t octets[ROOM] = {0};
    uint8_t again[ROOM] = {0};
    km_copy(octets, sizeof(octets), good.ptr, good.len);
    for (size_t len = 0; len <= good.len + 1; len++) {
        struct km_wr wr = km_wr_init(again, sizeof(again));
        assert_int_equal(fn(KM_SLICE(octets, len), &wr), len == good.len);
    }
    /* What is taken with a bit changed is printed as it came. */
    for (size_t bit = 0; bit < 8 * good.len; bit++) {
        struct km_wr wr = km_wr_init(again, sizeof(again));
        octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (fn(KM_SLICE(octets, good.len), &wr)) {
            assert_int_equal(wr.len, good.len);
            assert_memory_equal(again, octets, good.len);
        }
        octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void test_head(void **state)
{
    (void)state;
    struct km_file_head head = sample_head();
    uint8_t octets[KM_FILE_HEAD_LEN] = {0};
    km_file_head_put(&head, octets);
    attack(head_again, KM_SLICE(octets, sizeof(octets)));
    /* Where the lock and the guesses stand, as they are written alone. */
    struct km_rd rd = km_rd_init(KM_SLICE(octets + KM_FILE_HEAD_LOCK_AT, 4));
    uint32_t iterations = 0;
    assert_true(km_rd_u32le(&rd, &iterations));
    assert_int_equal(iterations, 1000);
    rd = km_rd_init(KM_SLICE(octets + KM_FILE_HEAD_GUESSES_AT, KM_GUESSES_LEN));
    struct km_guess_counts counts = {0};
    assert_true(km_guess_counts_read(&rd, &counts) && km_rd_done(&rd));
    assert_int_equal(counts.owner.failures, 3);
}

/* All heads have one length, which the store pads to one size. */
static void test_head_length(void **state)
{
    (void)state;
    struct km_file_head head = {0};
    uint8_t octets[KM_FILE_HEAD_LEN] = {0};
    assert_true(km_storage_name_set(KM_SLICE_STR("x"), &head.name));
    km_file_head_put(&head, octets);
    assert_true(km_file_head_parse(KM_SLICE(octets, sizeof(octets)), &head));
    assert_true(KM_FILE_HEAD_LEN > 512 && KM_FILE_HEAD_LEN <= 1024);
}

static void test_wish(void **state)
{
    (void)state;
    uint8_t octets[ROOM] = {0};
    struct km_storage_wish wish = {
        .flags = KM_STORAGE_WRITE | KM_STORAGE_OF_OWNER, .owner_uid = 5, .grants = two_grants()};
    assert_true(km_storage_name_set(KM_SLICE_STR("a name"), &wish.name));
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_storage_wish_write(&wr, &wish);
    attack(wish_again, KM_SLICE(octets, wr.len));

    wish.flags = KM_STORAGE_WRITE;
    wr = km_wr_init(octets, sizeof(octets));
    km_storage_wish_write(&wr, &wish);
    bool is_bad_name = true;
    assert_false(km_storage_wish_parse(KM_SLICE(octets, wr.len), &wish, &is_bad_name));
    assert_false(is_bad_name);
}

static void test_wish_names(void **state)
{
    (void)state;
    static const struct km_slice bad[] = {OCTETS(""), OCTETS("a\0b"), OCTETS("\xff"),
                                          OCTETS("0123456789012345678901234567890123456789"
                                                 "012345678901234567890123")};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        uint8_t octets[ROOM] = {0};
        struct km_wr wr = km_wr_init(octets, sizeof(octets));
        struct km_storage_wish wish = {0};
        bool is_bad_name = false;
        km_wr_u32le(&wr, KM_STORAGE_READ);
        km_wr_u32le(&wr, 0);
        km_wr_blob32le(&wr, bad[i]);
        km_wr_u32le(&wr, 0);
        assert_false(km_storage_wish_parse(KM_SLICE(octets, wr.len), &wish, &is_bad_name));
        assert_true(is_bad_name);
    }
}

static void test_info_and_usage(void **state)
{
    (void)state;
    uint8_t octets[ROOM] = {0};
    struct km_storage_info info = {.flags = KM_STORAGE_SHARED | KM_STORAGE_HAS_PASSWORD,
                                   .size = UINT64_MAX,
                                   .made = 1,
                                   .grants = two_grants()};
    assert_true(km_storage_name_set(KM_SLICE_STR("a name"), &info.name));
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_storage_info_write(&wr, &info);
    attack(info_again, KM_SLICE(octets, wr.len));
    struct km_storage_usage usage = {.n = 1, .n_max = 2, .octets = 3, .octets_max = 4};
    wr = km_wr_init(octets, sizeof(octets));
    km_storage_usage_write(&wr, &usage);
    assert_int_equal(wr.len, KM_STORAGE_USAGE_LEN);
    attack(usage_again, KM_SLICE(octets, wr.len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),           cmocka_unit_test(test_head_length),
        cmocka_unit_test(test_wish),           cmocka_unit_test(test_wish_names),
        cmocka_unit_test(test_info_and_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
