/* SPDX-License-Identifier: Apache-2.0 */
/* What clients keep beside keys: notes with them, and data objects. */
#include "tests/unit/crypto_users.h"

/* ---- notes ---- */

static uint32_t set_note(struct rig_session *s, const char *name, const uint8_t id[16],
                         struct km_slice note)
{
    struct km_lane_param p[4] = {P_STR(name), P_MI(id, 16), P_MI(note.ptr, note.len), P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_SET_NOTE, p);
}

/* The first entry of the listing with notes; false when there is none. */
static bool noted(struct rig_session *s, uint8_t page[4096], struct km_crypto_noted *ret)
{
    struct km_lane_param p[4] = {P_VIO(0), P_MO(page, 4096), P_NONE, P_NONE};
    assert_int_equal(rig_call(s, KM_CRYPTO_CMD_LIST_NOTED, p), TEE_SUCCESS);
    struct km_rd rd = km_rd_init(KM_SLICE(page, p[1].size));
    struct km_slice entry = {0};
    if (km_rd_done(&rd))
        return false;
    assert_true(km_crypto_list_next(&rd, KM_CRYPTO_NOTED_WIRE_MAX, &entry));
    assert_true(km_crypto_noted_parse(entry, ret));
    return true;
}

static void assert_note(struct km_slice expected)
{
    uint8_t page[4096] = {0};
    struct km_crypto_noted seen = {0};
    assert_true(noted(&owner, page, &seen));
    assert_true(km_slice_equal(seen.note, expected));
}

static void notes(void **state)
{
    static const uint8_t LONG[KM_CRYPTO_NOTE_MAX + 1] = {[0] = 1, [KM_CRYPTO_NOTE_MAX - 1] = 2};
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    struct km_crypto_info info = {0};
    uint8_t page[4096] = {0};
    struct km_crypto_noted seen = {0};
    uint32_t id = 0;
    (void)state;
    wish.max_uses = 3;
    assert_int_equal(rig_create(&owner, &wish, &id), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_VI(id, 0), P_STR("k"), P_MI("first", 5), P_NONE};
    p[2].size = sizeof(LONG);
    p[2].buffer = (void *)(uintptr_t)LONG;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_SAVE_KEY_NOTED, p), KM_CRYPTO_E_TOO_LARGE);
    p[2] = (struct km_lane_param)P_MI("first", 5);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_SAVE_KEY_NOTED, p), TEE_SUCCESS);
    assert_note(OCTETS_OF("first"));
    assert_false(noted(&stranger, page, &seen));
    assert_int_equal(rig_info(&owner, id, &info), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    static const size_t LENGTHS[] = {1, 0, 7, KM_CRYPTO_NOTE_MAX, 0, 3};
    for (size_t i = 0; i < KM_ARRAY_LEN(LENGTHS); i++) {
        assert_int_equal(set_note(&owner, "k", info.id, KM_SLICE(LONG, LENGTHS[i])), TEE_SUCCESS);
        users_restart();
        assert_note(KM_SLICE(LONG, LENGTHS[i]));
    }
    assert_int_equal(set_note(&owner, "k", info.id, KM_SLICE(LONG, sizeof(LONG))),
                     KM_CRYPTO_E_TOO_LARGE);
    assert_int_equal(set_note(&owner, "k", LONG, OCTETS_OF("x")), KM_CRYPTO_E_KEY_GONE);
    assert_int_equal(set_note(&stranger, "k", info.id, OCTETS_OF("x")), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(set_note(&owner, "no", info.id, OCTETS_OF("x")), TEE_ERROR_ITEM_NOT_FOUND);
    assert_note(KM_SLICE(LONG, 3));
    assert_int_equal(rig_load(&owner, "k", 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, id, &info), TEE_SUCCESS);
    assert_int_equal(info.uses_left, 2); /* what was counted is not undone by a note */
}

static void note_under_a_password(void **state)
{
    struct km_crypto_info info = {0};
    uint32_t pw = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    uint32_t id = users_key(&owner);
    assert_int_equal(rig_save(&owner, id, "k", pw), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, id, &info), TEE_SUCCESS);
    assert_int_equal(set_note(&owner, "k", info.id, OCTETS_OF("a label")), TEE_SUCCESS);
    assert_note(OCTETS_OF("a label"));
    assert_int_equal(rig_load(&owner, "k", pw, &id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
}

/* ---- data objects ---- */

static uint32_t save_data(struct rig_session *s, uint32_t password, uint32_t replace,
                          struct km_slice content)
{
    struct km_lane_param p[4] = {P_VI(password, replace), P_STR("d"), P_STR("note"),
                                 P_MI(content.ptr, content.len)};
    return rig_call(s, KM_CRYPTO_CMD_SAVE_DATA, p);
}

static uint32_t load_data(struct rig_session *s, uint32_t password, struct km_slice expected)
{
    uint8_t out[KM_CRYPTO_DATA_MAX] = {0};
    struct km_lane_param p[4] = {P_STR("d"), P_VI(password, 0), P_MO(out, sizeof(out)), P_NONE};
    uint32_t result = rig_call(s, KM_CRYPTO_CMD_LOAD_DATA, p);
    if (result == TEE_SUCCESS)
        assert_true(km_slice_equal(KM_SLICE(out, p[2].size), expected));
    return result;
}

static uint32_t delete_data(struct rig_session *s, uint32_t password)
{
    struct km_lane_param p[4] = {P_STR("d"), P_VI(password, 0), P_NONE, P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_DELETE_DATA, p);
}

static unsigned count_data(struct rig_session *s)
{
    uint8_t page[4096] = {0};
    unsigned n = 0;
    struct km_lane_param p[4] = {P_VIO(0), P_MO(page, sizeof(page)), P_NONE, P_NONE};
    assert_int_equal(rig_call(s, KM_CRYPTO_CMD_LIST_DATA, p), TEE_SUCCESS);
    struct km_rd rd = km_rd_init(KM_SLICE(page, p[1].size));
    for (struct km_slice entry = {0}; !km_rd_done(&rd); n++) {
        struct km_crypto_noted seen = {0};
        assert_true(km_crypto_list_next(&rd, KM_CRYPTO_NOTED_WIRE_MAX, &entry));
        assert_true(km_crypto_noted_parse(entry, &seen));
        assert_string_equal(seen.info.name.at, "d");
        assert_true(km_slice_equal(seen.note, OCTETS_OF("note")));
    }
    return n;
}

static void data_objects(void **state)
{
    static const uint8_t LONG[KM_CRYPTO_DATA_MAX + 1] = {[0] = 1, [KM_CRYPTO_DATA_MAX - 1] = 2};
    (void)state;
    assert_int_equal(load_data(&owner, 0, OCTETS_OF("")), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(save_data(&owner, 0, 0, OCTETS_OF("first")), TEE_SUCCESS);
    assert_int_equal(save_data(&owner, 0, 0, OCTETS_OF("again")), KM_CRYPTO_E_EXISTS);
    assert_int_equal(save_data(&owner, 0, 2, OCTETS_OF("again")), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(save_data(&stranger, 0, 1, OCTETS_OF("x")), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(load_data(&stranger, 0, OCTETS_OF("")), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(delete_data(&stranger, 0), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(load_data(&owner, 0, OCTETS_OF("first")), TEE_SUCCESS);
    assert_int_equal(save_data(&owner, 0, 1, KM_SLICE(LONG, KM_CRYPTO_DATA_MAX)), TEE_SUCCESS);
    assert_int_equal(save_data(&owner, 0, 1, KM_SLICE(LONG, sizeof(LONG))), KM_CRYPTO_E_TOO_LARGE);
    users_restart();
    assert_int_equal(load_data(&owner, 0, KM_SLICE(LONG, KM_CRYPTO_DATA_MAX)), TEE_SUCCESS);
    assert_int_equal(load_data(&admin, 0, KM_SLICE(LONG, KM_CRYPTO_DATA_MAX)), TEE_SUCCESS);
    assert_int_equal(count_data(&owner), 1);
    assert_int_equal(count_data(&stranger), 0);
    assert_int_equal(delete_data(&owner, 0), TEE_SUCCESS);
    assert_int_equal(count_data(&owner), 0);
}

static void data_under_a_password(void **state)
{
    uint32_t pw = 0;
    uint32_t other = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw2", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw2", "secret", &other),
                     TEE_SUCCESS);
    assert_int_equal(save_data(&owner, pw, 0, OCTETS_OF("hidden")), TEE_SUCCESS);
    assert_int_equal(load_data(&owner, 0, OCTETS_OF("")), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(load_data(&owner, other, OCTETS_OF("")), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(load_data(&owner, pw, OCTETS_OF("hidden")), TEE_SUCCESS);
    assert_int_equal(load_data(&admin, 0, OCTETS_OF("")), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_ERROR_BUSY);
    assert_int_equal(delete_data(&owner, 0), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(delete_data(&owner, pw), TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
}

/* ---- what there is, and whether it has changed ---- */

#define STATE_LEN KM_CRYPTO_STORAGE_STATE_LEN

static uint32_t storage_state(struct rig_session *s, uint8_t ret[STATE_LEN])
{
    struct km_lane_param p[4] = {P_MO(ret, STATE_LEN), P_NONE, P_NONE, P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_STORAGE_STATE, p);
}

static bool has_changed(uint8_t state[STATE_LEN])
{
    uint8_t now[STATE_LEN] = {0};
    assert_int_equal(storage_state(&owner, now), TEE_SUCCESS);
    bool has = memcmp(state, now, sizeof(now)) != 0;
    km_copy(state, STATE_LEN, now, sizeof(now));
    return has;
}

static void state_of_the_storage(void **state)
{
    uint8_t known[STATE_LEN] = {0};
    uint8_t page[4096] = {0};
    struct km_crypto_noted seen = {0};
    struct km_crypto_info info = {0};
    (void)state;
    struct km_lane_param small[4] = {P_MO(page, STATE_LEN - 1), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_STORAGE_STATE, small), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(small[0].size, STATE_LEN);
    assert_true(has_changed(known)); /* from nothing known */
    assert_false(has_changed(known));
    uint32_t id = users_key(&owner);
    assert_false(has_changed(known)); /* an ephemeral one is not kept */
    assert_int_equal(rig_save(&owner, id, "k", 0), TEE_SUCCESS);
    assert_true(has_changed(known));
    assert_false(noted(&stranger, page, &seen)); /* who looks changes nothing */
    assert_false(has_changed(known));
    assert_int_equal(rig_save(&owner, users_key(&owner), "k", 0), KM_CRYPTO_E_EXISTS);
    assert_false(has_changed(known)); /* nor does what failed */
    assert_int_equal(rig_info(&owner, id, &info), TEE_SUCCESS);
    assert_int_equal(set_note(&owner, "k", info.id, OCTETS_OF("note")), TEE_SUCCESS);
    assert_true(has_changed(known));
    assert_int_equal(save_data(&owner, 0, 0, OCTETS_OF("content")), TEE_SUCCESS);
    assert_true(has_changed(known));
    users_restart();
    assert_false(has_changed(known));
}

static unsigned count_objects(struct rig_session *s, unsigned *ret_n_data)
{
    uint8_t page[KM_CRYPTO_NOTED_WIRE_MAX + 4] = {0};
    unsigned n = 0;
    struct km_lane_param p[4] = {P_VIO(0), P_MO(page, sizeof(page)), P_NONE, P_NONE};
    *ret_n_data = 0;
    do {
        p[1].size = sizeof(page);
        assert_int_equal(rig_call(s, KM_CRYPTO_CMD_LIST_OBJECTS, p), TEE_SUCCESS);
        struct km_rd rd = km_rd_init(KM_SLICE(page, p[1].size));
        for (struct km_slice entry = {0}; !km_rd_done(&rd); n++) {
            struct km_crypto_noted seen = {0};
            assert_true(km_crypto_list_next(&rd, KM_CRYPTO_NOTED_WIRE_MAX, &entry));
            assert_true(km_crypto_noted_parse(entry, &seen));
            *ret_n_data += seen.info.type == KM_CRYPTO_KEY_NONE;
        }
    } while (p[0].a != 0);
    return n;
}

static void objects_in_one_listing(void **state)
{
    unsigned n_data = 0;
    (void)state;
    assert_int_equal(count_objects(&owner, &n_data), 0);
    for (unsigned i = 0; i < 30; i++) {
        char name[2] = {(char)('A' + i), 0};
        assert_int_equal(rig_save(&owner, users_key(&owner), name, 0), TEE_SUCCESS);
    }
    assert_int_equal(save_data(&owner, 0, 0, OCTETS_OF("content")), TEE_SUCCESS);
    assert_int_equal(count_objects(&owner, &n_data), 31); /* in pages with room for a few */
    assert_int_equal(n_data, 1);
    assert_int_equal(count_objects(&stranger, &n_data), 0);
    /* A data object that takes the place of another is the same one. */
    uint8_t page[4096] = {0};
    uint8_t id[KM_CRYPTO_ID_LEN] = {0};
    for (unsigned i = 0; i < 2; i++) {
        struct km_crypto_noted seen = {0};
        struct km_slice entry = {0};
        struct km_lane_param p[4] = {P_VIO(0), P_MO(page, sizeof(page)), P_NONE, P_NONE};
        assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LIST_DATA, p), TEE_SUCCESS);
        struct km_rd rd = km_rd_init(KM_SLICE(page, p[1].size));
        assert_true(km_crypto_list_next(&rd, KM_CRYPTO_NOTED_WIRE_MAX, &entry));
        assert_true(km_crypto_noted_parse(entry, &seen));
        if (i == 1)
            assert_memory_equal(seen.info.id, id, sizeof(id));
        km_copy(id, sizeof(id), seen.info.id, sizeof(id));
        assert_int_equal(save_data(&owner, 0, 1, OCTETS_OF("other")), TEE_SUCCESS);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, users_set_up, users_tear_down)
    const struct CMUnitTest tests[] = {
        T(notes),
        T(note_under_a_password),
        T(data_objects),
        T(data_under_a_password),
        T(state_of_the_storage),
        T(objects_in_one_listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
