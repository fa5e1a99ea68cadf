/* SPDX-License-Identifier: Apache-2.0 */
/* A client that means harm: parameter types no command has, odd sizes, ids of nothing, memory that changes during a call. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/storage_rig.h"

#define COMMANDS 0x40u

RIG_FIXTURE

/* Every command with every combination of parameter types: one at most is let in. */
static void test_every_type_signature(void **state)
{
    static uint8_t memory[4][64];
    (void)state;
    for (uint32_t command = 0; command < COMMANDS; command++) {
        unsigned n_let_in = 0;
        for (unsigned types = 0; types < 8 * 8 * 8 * 8; types++) {
            struct km_lane_param p[4] = {P_NONE, P_NONE, P_NONE, P_NONE};
            bool is_type = true;
            for (unsigned i = 0; i < 4; i++) {
                p[i].type = (uint8_t)((types >> (3 * i)) & 7u);
                is_type = is_type && p[i].type != 4;
                if (p[i].type >= KM_PARAM_MEM_IN) {
                    p[i].buffer = memory[i];
                    p[i].size = 16;
                }
            }
            if (is_type)
                n_let_in += rig_call(&s, command, p) != TEE_ERROR_BAD_PARAMETERS;
        }
        assert_true(n_let_in <= 1);
    }
}

static void test_wish_cut_and_flipped(void **state)
{
    (void)state;
    struct km_storage_wish wish = srig_wish("name", KM_STORAGE_WRITE | KM_STORAGE_CREATE);
    uint8_t octets[KM_STORAGE_WISH_MAX + 200] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_storage_wish_write(&wr, &wish);
    for (size_t len = 0; len < sizeof(octets); len++) {
        struct km_lane_param p[4] = {P_MI(octets, (uint32_t)len), P_MI(NULL, 0), P_VO, P_VO};
        uint32_t result = rig_call(&s, KM_STORAGE_CMD_OPEN, p);
        assert_int_equal(result == TEE_SUCCESS, len == wr.len);
        assert_true(result == TEE_SUCCESS || result == TEE_ERROR_BAD_PARAMETERS ||
                    result == KM_STORAGE_E_TOO_LARGE);
        if (result == TEE_SUCCESS)
            assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, p[2].a), TEE_SUCCESS);
    }
    for (size_t bit = 0; bit < 8 * wr.len; bit++) {
        octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct km_lane_param p[4] = {P_MI(octets, (uint32_t)wr.len), P_MI(NULL, 0), P_VO, P_VO};
        if (rig_call(&s, KM_STORAGE_CMD_OPEN, p) == TEE_SUCCESS)
            assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, p[2].a), TEE_SUCCESS);
        octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void test_odd_ids_and_passwords(void **state)
{
    (void)state;
    static char long_password[KM_STORAGE_PASSWORD_MAX + 2];
    static const uint32_t commands[] = {KM_STORAGE_CMD_CLOSE, KM_STORAGE_CMD_COMMIT};
    struct km_storage_wish wish = srig_wish("n", KM_STORAGE_WRITE | KM_STORAGE_CREATE);
    uint32_t id = 0;
    memset(long_password, 'p', sizeof(long_password) - 1);
    assert_int_equal(srig_open(&s, &wish, long_password, &id), KM_STORAGE_E_TOO_LARGE);
    long_password[KM_STORAGE_PASSWORD_MAX] = '\0';
    assert_int_equal(srig_open(&s, &wish, long_password, &id), TEE_SUCCESS);
    for (size_t i = 0; i < KM_ARRAY_LEN(commands); i++) {
        struct km_lane_param p[4] = {P_VI(id, 1), P_NONE, P_NONE, P_NONE};
        assert_int_equal(rig_call(&s, commands[i], p), TEE_ERROR_BAD_PARAMETERS);
        assert_int_equal(srig_id(&s, commands[i], 0), KM_STORAGE_E_STALE_ID);
        assert_int_equal(srig_id(&s, commands[i], UINT32_MAX), KM_STORAGE_E_STALE_ID);
        assert_int_equal(srig_id(&s, commands[i], id + 1), KM_STORAGE_E_STALE_ID);
    }
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, id), TEE_SUCCESS);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, id), KM_STORAGE_E_STALE_ID);
}

static void test_too_many_open(void **state)
{
    (void)state;
    uint32_t ids[KM_STORAGE_FILES_MAX + 1] = {0};
    assert_int_equal(srig_put(&s, "f", NULL, "1", 1), TEE_SUCCESS);
    struct km_storage_wish wish = srig_wish("f", KM_STORAGE_READ);
    for (unsigned i = 0; i < KM_STORAGE_FILES_MAX; i++)
        assert_int_equal(srig_open(&s, &wish, NULL, &ids[i]), TEE_SUCCESS);
    assert_int_equal(srig_open(&s, &wish, NULL, &ids[KM_STORAGE_FILES_MAX]), KM_STORAGE_E_FULL);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, ids[5]), TEE_SUCCESS);
    assert_int_equal(srig_open(&s, &wish, NULL, &ids[5]), TEE_SUCCESS);
}

static uint8_t moving[KM_STORAGE_TRANSFER_MAX];
static atomic_bool is_over;

static void *change_all_the_time(void *arg)
{
    (void)arg;
    for (uint8_t value = 0; !atomic_load(&is_over); value++)
        memset(moving, value, sizeof(moving));
    return NULL;
}

/* What is sealed is what was copied: it can always be read again. */
static void test_memory_that_changes(void **state)
{
    (void)state;
    static uint8_t back[sizeof(moving)];
    pthread_t thread = {0};
    struct km_storage_wish wish =
        srig_wish("f", KM_STORAGE_READ | KM_STORAGE_WRITE | KM_STORAGE_CREATE);
    uint32_t id = 0;
    assert_int_equal(srig_open(&s, &wish, "pw", &id), TEE_SUCCESS);
    assert_int_equal(pthread_create(&thread, NULL, change_all_the_time, NULL), 0);
    for (unsigned i = 0; i < 10; i++) {
        size_t len = sizeof(back);
        assert_int_equal(srig_write(&s, id, i, moving, sizeof(moving)), TEE_SUCCESS);
        assert_int_equal(srig_read(&s, id, i, back, &len), TEE_SUCCESS);
        assert_int_equal(len, sizeof(back));
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_type_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wish_cut_and_flipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_ids_and_passwords, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_that_changes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
