/* SPDX-License-Identifier: Apache-2.0 */
/* Named keys, their rules, counts and provisioning, across instances of the application. */
#include "tests/unit/crypto_users.h"

static void save_as(const struct km_crypto_template *wish, const char *name)
{
    uint32_t id = 0;
    assert_int_equal(rig_create(&owner, wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, id, name, 0), TEE_SUCCESS);
}

/* ---- a named key's life ---- */

static void saved_loaded_deleted(void **state)
{
    struct km_crypto_info before = {0};
    struct km_crypto_info after = {0};
    uint8_t spki[2][512] = {{0}};
    size_t len[2] = {512, 512};
    uint32_t loaded = 0;
    (void)state;
    uint32_t id = users_key(&owner);
    assert_int_equal(rig_out(&owner, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, spki[0], &len[0]),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, id, "a key", 0), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, id, &before), TEE_SUCCESS);
    assert_int_equal(before.flags, KM_CRYPTO_INFO_SAVED);
    assert_string_equal(before.name.at, "a key");
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, id, "again", 0), TEE_ERROR_BAD_STATE);
    assert_int_equal(rig_save(&owner, users_key(&owner), "a key", 0), KM_CRYPTO_E_EXISTS);
    users_restart();
    assert_int_equal(rig_sign(&owner, id), KM_CRYPTO_E_STALE_ID);
    assert_int_equal(rig_load(&owner, "a key", 0, &loaded), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, loaded, &after), TEE_SUCCESS);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(rig_out(&owner, KM_CRYPTO_CMD_EXPORT_PUBLIC, loaded, 0, spki[1], &len[1]),
                     TEE_SUCCESS);
    assert_true(km_slice_equal(KM_SLICE(spki[0], len[0]), KM_SLICE(spki[1], len[1])));
    assert_int_equal(rig_sign(&owner, loaded), TEE_SUCCESS);
    assert_int_equal(rig_delete(&owner, "a key", 0), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "a key", 0, &loaded), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(rig_delete(&owner, "a key", 0), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(rig_save(&owner, users_key(&owner), "a key", 0), TEE_SUCCESS);
}

static void expected_id(void **state)
{
    struct km_crypto_info info = {0};
    (void)state;
    uint32_t id = users_key(&owner);
    assert_int_equal(rig_save(&owner, id, "k", 0), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, id, &info), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_STR("k"), P_VI(0, 0), P_MI(info.id, 16), P_VO};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), TEE_SUCCESS);
    assert_int_equal(rig_delete(&owner, "k", 0), TEE_SUCCESS);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), KM_CRYPTO_E_KEY_GONE);
    assert_int_equal(rig_save(&owner, users_key(&owner), "k", 0), TEE_SUCCESS);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), KM_CRYPTO_E_KEY_GONE);
    p[2].size = 15;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), TEE_ERROR_BAD_PARAMETERS);
}

static void bad_names(void **state)
{
    static const char *const NAMES[] = {
        "", "\xff", "1234567890123456789012345678901234567890123456789012345678901234"};
    (void)state;
    uint32_t id = users_key(&owner);
    uint32_t loaded = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(NAMES); i++) {
        struct km_crypto_info info = {0};
        assert_int_equal(rig_save(&owner, id, NAMES[i], 0), KM_CRYPTO_E_BAD_NAME);
        assert_int_equal(rig_load(&owner, NAMES[i], 0, &loaded), KM_CRYPTO_E_BAD_NAME);
        assert_int_equal(rig_delete(&owner, NAMES[i], 0), KM_CRYPTO_E_BAD_NAME);
        assert_int_equal(rig_describe(&owner, NAMES[i], &info), KM_CRYPTO_E_BAD_NAME);
    }
}

/* ---- who may ---- */

static const char EXE[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/* Load, describe and delete by a stranger; the key is made anew for each row. */
static void policy(void **state)
{
    static const struct {
        const char *exe, *unit; /* what the host says */
        uint32_t attributes;
        uint32_t fields;
        uint32_t uid, gid;
        bool right_exe, right_unit; /* what the grant says */
        bool may;
    } rows[] = {
        {NULL, NULL, 0, 0, 0, 0, false, false, false},
        {NULL, NULL, KM_CRYPTO_ATTR_SHARED, 0, 0, 0, false, false, true},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_UID, STRANGER, 0, false, false, true},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_UID, 77, 0, false, false, false},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_GID, 0, STRANGER, false, false, true},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_GID, 0, 77, false, false, false},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_UID | KM_CRYPTO_GRANT_GID, STRANGER, 77, false, false,
         false},
        {EXE, NULL, 0, KM_CRYPTO_GRANT_EXE, 0, 0, true, false, true},
        {EXE, NULL, 0, KM_CRYPTO_GRANT_EXE, 0, 0, false, false, false},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_EXE, 0, 0, true, false, false},
        {"not hexadecimal", NULL, 0, KM_CRYPTO_GRANT_EXE, 0, 0, true, false, false},
        {NULL, "app.service", 0, KM_CRYPTO_GRANT_UNIT, 0, 0, false, true, true},
        {NULL, "app.service2", 0, KM_CRYPTO_GRANT_UNIT, 0, 0, false, true, false},
        {NULL, NULL, 0, KM_CRYPTO_GRANT_UNIT, 0, 0, false, true, false},
        {EXE, NULL, 0, KM_CRYPTO_GRANT_UID | KM_CRYPTO_GRANT_EXE, STRANGER, 0, true, false, true},
        {EXE, NULL, 0, KM_CRYPTO_GRANT_UID | KM_CRYPTO_GRANT_EXE, 77, 0, true, false, false},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
        struct km_crypto_info info = {0};
        uint32_t id = 0;
        wish.attributes = rows[i].attributes;
        wish.n_grants = rows[i].fields != 0;
        wish.grants[0] = (struct km_crypto_grant){
            .fields = rows[i].fields, .uid = rows[i].uid, .gid = rows[i].gid};
        if ((rows[i].fields & KM_CRYPTO_GRANT_EXE) != 0)
            assert_true(km_unhex(EXE, wish.grants[0].exe_sha256, 32));
        if ((rows[i].fields & KM_CRYPTO_GRANT_EXE) != 0 && !rows[i].right_exe)
            wish.grants[0].exe_sha256[31] ^= 1;
        if (rows[i].right_unit)
            assert_true(km_crypto_name_parse(KM_SLICE_STR("app.service"), &wish.grants[0].unit));
        rig_host.exe_sha256 = rows[i].exe;
        rig_host.unit = rows[i].unit;
        rig_close(&stranger);
        rig_open(&stranger, STRANGER, false);
        save_as(&wish, "k");
        uint32_t wanted = rows[i].may ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
        assert_int_equal(rig_load(&stranger, "k", 0, &id), wanted);
        if (rows[i].may)
            assert_int_equal(rig_sign(&stranger, id), TEE_SUCCESS);
        assert_int_equal(rig_describe(&stranger, "k", &info), wanted);
        assert_int_equal(rig_delete(&stranger, "k", 0), TEE_ERROR_ACCESS_DENIED);
        assert_int_equal(rig_load(&owner, "k", 0, &id), TEE_SUCCESS);
        assert_int_equal(rig_load(&admin, "k", 0, &id), TEE_SUCCESS);
        assert_int_equal(rig_delete(i % 2 == 0 ? &owner : &admin, "k", 0), TEE_SUCCESS);
    }
}

static void usage_and_expiry(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t id = 0;
    (void)state;
    wish.usage = KM_CRYPTO_USAGE_VERIFY;
    assert_int_equal(rig_create(&owner, &wish, &id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), TEE_ERROR_ACCESS_DENIED);
    assert_string_equal(rig_host.last_audit, "denied");
    wish.usage = KM_CRYPTO_USAGE_ENCRYPT;
    assert_int_equal(rig_create(&owner, &wish, &id), TEE_ERROR_BAD_PARAMETERS);
    wish.usage = 0;
    wish.not_after = rig_host.now + 10;
    save_as(&wish, "k");
    assert_int_equal(rig_load(&owner, "k", 0, &id), TEE_SUCCESS);
    rig_host.now += 10;
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    rig_host.now += 1;
    assert_int_equal(rig_sign(&owner, id), KM_CRYPTO_E_EXPIRED);
}

/* ---- counted keys ---- */

static void ephemeral_count(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint8_t small[8] = {0};
    uint32_t id = 0;
    (void)state;
    wish.max_uses = 2;
    assert_int_equal(rig_create(&owner, &wish, &id), TEE_SUCCESS);
    /* What can't work is not counted. */
    struct km_lane_param p[4] = {P_VI(id, KM_CRYPTO_ECDSA), P_MI(small, 8), P_MO(small, 8), P_NONE};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_SIGN_DIGEST, p), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(p[2].size, 72);
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), KM_CRYPTO_E_USED_UP);
}

/* Two sessions with the same key draw from one count, and a restart gives nothing back. */
static void saved_count(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    struct km_crypto_info info = {0};
    uint32_t mine = 0;
    uint32_t theirs = 0;
    (void)state;
    wish.max_uses = 5;
    wish.attributes = KM_CRYPTO_ATTR_SHARED;
    save_as(&wish, "k");
    assert_int_equal(rig_load(&owner, "k", 0, &mine), TEE_SUCCESS);
    assert_int_equal(rig_load(&stranger, "k", 0, &theirs), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, theirs), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, mine, &info), TEE_SUCCESS);
    assert_int_equal(info.uses_left, 3);
    users_restart();
    assert_int_equal(rig_load(&owner, "k", 0, &mine), TEE_SUCCESS);
    assert_int_equal(rig_load(&stranger, "k", 0, &theirs), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, theirs), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, theirs), KM_CRYPTO_E_USED_UP);
    assert_int_equal(rig_sign(&owner, mine), KM_CRYPTO_E_USED_UP);
    users_restart();
    assert_int_equal(rig_load(&owner, "k", 0, &mine), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), KM_CRYPTO_E_USED_UP);
    wish.max_uses = 9;
    save_as(&wish, "other");
    assert_int_equal(rig_load(&owner, "other", 0, &mine), TEE_SUCCESS);
    assert_int_equal(rig_delete(&owner, "other", 0), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), KM_CRYPTO_E_KEY_GONE);
}

static uint32_t export_both(struct rig_session *s, uint32_t id)
{
    uint8_t out[512] = {0};
    size_t len = sizeof(out);
    uint32_t result = rig_out(s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len);
    len = sizeof(out);
    assert_int_equal(
        rig_out(s, KM_CRYPTO_CMD_GET_ATTRIBUTE, id, KM_CRYPTO_ECC_PRIVATE_VALUE, out, &len),
        result);
    return result;
}

/* What may not be used any more is not given out either, wherever its uses went. */
static void exports_end_with_the_key(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t here = 0;
    uint32_t there = 0;
    (void)state;
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN | KM_CRYPTO_ATTR_SHARED;
    wish.max_uses = 1;
    assert_int_equal(rig_create(&owner, &wish, &here), TEE_SUCCESS);
    assert_int_equal(export_both(&owner, here), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, here), TEE_SUCCESS);
    assert_int_equal(export_both(&owner, here), KM_CRYPTO_E_USED_UP);
    save_as(&wish, "counted");
    assert_int_equal(rig_load(&owner, "counted", 0, &here), TEE_SUCCESS);
    assert_int_equal(rig_load(&stranger, "counted", 0, &there), TEE_SUCCESS);
    assert_int_equal(export_both(&owner, here), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, there), TEE_SUCCESS);
    assert_int_equal(export_both(&owner, here), KM_CRYPTO_E_USED_UP);
    assert_int_equal(rig_delete(&owner, "counted", 0), TEE_SUCCESS);
    assert_int_equal(export_both(&owner, here), KM_CRYPTO_E_KEY_GONE);
    wish.max_uses = 0;
    wish.not_after = rig_host.now + 10;
    assert_int_equal(rig_create(&owner, &wish, &here), TEE_SUCCESS);
    rig_host.now += 10;
    assert_int_equal(export_both(&owner, here), TEE_SUCCESS);
    rig_host.now += 1;
    assert_int_equal(export_both(&owner, here), KM_CRYPTO_E_EXPIRED);
}

/* While it is found out who asks, which takes long for a large program, the key is in nobody's way. */
static struct {
    unsigned n_free, n_held;
} while_asked;

static void try_alone(void)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Result result =
        TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, "kk", 2,
                                 TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE, &object);
    TEE_CloseObject(object);
    while_asked.n_free += result == TEE_SUCCESS;
    while_asked.n_held += result != TEE_SUCCESS;
}

static void asking_holds_nothing(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    struct rig_session second = {0};
    struct km_crypto_info info = {0};
    uint32_t id = 0;
    (void)state;
    wish.n_grants = 1;
    wish.grants[0] = (struct km_crypto_grant){.fields = KM_CRYPTO_GRANT_EXE};
    save_as(&wish, "k");
    while_asked.n_free = 0;
    while_asked.n_held = 0;
    rig_open(&second, STRANGER, false);
    rig_host.asked = try_alone;
    assert_int_equal(rig_load(&stranger, "k", 0, &id), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_describe(&second, "k", &info), TEE_ERROR_ACCESS_DENIED);
    rig_host.asked = NULL;
    rig_close(&second);
    assert_int_equal(while_asked.n_held, 0);
    assert_int_equal(while_asked.n_free, 2);
}

/* The names of provisioned keys can't be taken beforehand. */
static void reserved_names(void **state)
{
    static const struct {
        const char *name;
        uint32_t result;
    } rows[] = {
        {"com.seqlabs.", TEE_ERROR_ACCESS_DENIED},
        {"com.seqlabs.oem_device_key", TEE_ERROR_ACCESS_DENIED},
        {"com.seqlabs.anything else", TEE_ERROR_ACCESS_DENIED},
        {"com.seqlabs", TEE_SUCCESS},
        {"com.seqlabsx", TEE_SUCCESS},
        {"Com.seqlabs.x", TEE_SUCCESS},
        {"x.com.seqlabs.x", TEE_SUCCESS},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(rig_save(&owner, users_key(&owner), rows[i].name, 0), rows[i].result);
    assert_int_equal(rig_save(&owner, users_key(&owner), "com.seqlabs.x", 0),
                     TEE_ERROR_ACCESS_DENIED);
    assert_string_equal(rig_host.last_audit, "denied");
    assert_int_equal(rig_save(&admin, users_key(&admin), "com.seqlabs.x", 0), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, users_key(&owner), "com.seqlabs.x", 0),
                     TEE_ERROR_ACCESS_DENIED);
}

/* Processes at once: as many uses as there are, whoever gets them. */
static int sign_until_used_up(void *arg)
{
    uint32_t id = 0;
    int n = 0;
    (void)arg;
    rig_start(users_dir);
    rig_open(&owner, OWNER, false);
    CHILD_CHECK(rig_load(&owner, "k", 0, &id) == TEE_SUCCESS);
    uint32_t result = rig_sign(&owner, id);
    for (; result == TEE_SUCCESS && n < 100; result = rig_sign(&owner, id))
        n++;
    rig_close(&owner);
    rig_stop();
    return result == KM_CRYPTO_E_USED_UP ? n : 255;
}

static void count_across_processes(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    pid_t pids[3] = {0};
    int total = 0;
    (void)state;
    wish.max_uses = 30;
    save_as(&wish, "k");
    users_stop();
    for (size_t i = 0; i < KM_ARRAY_LEN(pids); i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(sign_until_used_up(NULL));
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(pids); i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_not_equal(WEXITSTATUS(status), 255);
        total += WEXITSTATUS(status);
    }
    users_start();
    assert_int_equal(total, 30);
}

/* ---- listings ---- */

struct listed {
    unsigned n;
    uint32_t pages;
    bool seen[32];
};

static void list(struct rig_session *s, const char *filter, size_t room, struct listed *ret)
{
    *ret = (struct listed){0};
    for (uint32_t cursor = 0;;) {
        uint8_t page[4096] = {0};
        struct km_lane_param p[4] = {P_VIO(cursor), P_STR(filter), P_MO(page, room), P_NONE};
        assert_int_equal(rig_call(s, KM_CRYPTO_CMD_LIST_KEYS, p), TEE_SUCCESS);
        struct km_rd rd = km_rd_init(KM_SLICE(page, p[2].size));
        while (!km_rd_done(&rd)) {
            struct km_slice entry = {0};
            struct km_crypto_info info = {0};
            assert_true(km_crypto_list_next(&rd, KM_CRYPTO_INFO_WIRE_MAX, &entry));
            assert_true(km_crypto_info_parse(entry, &info));
            unsigned at = (unsigned)strtoul(info.name.at + 1, NULL, 10);
            assert_true(at < 32 && !ret->seen[at]);
            ret->seen[at] = true;
            ret->n++;
        }
        ret->pages++;
        cursor = p[0].a;
        if (cursor == 0)
            return;
    }
}

static void listings(void **state)
{
    struct listed all = {0};
    uint32_t pw = 0;
    uint8_t page[64] = {0};
    (void)state;
    list(&owner, "", 4096, &all);
    assert_int_equal(all.n, 0);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    for (unsigned i = 0; i < 20; i++) {
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
        char name[8] = {0};
        uint32_t id = 0;
        wish.attributes = i < 3 ? KM_CRYPTO_ATTR_SHARED : 0;
        (void)snprintf(name, sizeof(name), "k%u", i);
        assert_int_equal(rig_create(&owner, &wish, &id), TEE_SUCCESS);
        assert_int_equal(rig_save(&owner, id, name, i >= 15 ? pw : 0), TEE_SUCCESS);
    }
    list(&owner, "", 4096, &all);
    assert_int_equal(all.n, 20);
    list(&owner, "", 220, &all);
    assert_int_equal(all.n, 20);
    assert_true(all.pages >= 10);
    list(&owner, "pw", 4096, &all);
    assert_int_equal(all.n, 5);
    list(&owner, "no such", 4096, &all);
    assert_int_equal(all.n, 0);
    list(&stranger, "", 4096, &all);
    assert_int_equal(all.n, 3);
    list(&admin, "", 300, &all);
    assert_int_equal(all.n, 20);
    struct km_lane_param p[4] = {P_VIO(77), P_MI("", 0), P_MO(page, 64), P_NONE};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LIST_KEYS, p), TEE_ERROR_BAD_STATE);
    p[0].a = 0;
    p[2].size = 64;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LIST_KEYS, p), TEE_ERROR_SHORT_BUFFER);
    assert_true(p[2].size > 64);
    struct km_lane_param q[4] = {P_VIO(0), P_MO(page, 64), P_NONE, P_NONE};
    assert_int_equal(rig_call(&stranger, KM_CRYPTO_CMD_LIST_PASSWORDS, q), TEE_SUCCESS);
    assert_int_equal(q[0].a, 0);
    assert_true(km_slice_equal(KM_SLICE(page, q[1].size), OCTETS_OF("\2\0\0\0pw")));
}

/* ---- provisioning ---- */

static uint32_t provision(struct rig_session *s, uint32_t id, const char *name,
                          const char *public_name)
{
    struct km_lane_param p[4] = {P_VI(id, 0), P_STR(name), P_STR(public_name), P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_PROVISION_KEY, p);
}

static uint32_t seal(struct rig_session *s)
{
    struct km_lane_param p[4] = {P_NONE, P_NONE, P_NONE, P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_PROVISION_SEAL, p);
}

static void provisioning(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256);
    struct km_crypto_info info = {0};
    uint8_t out[512] = {0};
    size_t len = sizeof(out);
    uint32_t id = 0;
    uint32_t open = 0;
    (void)state;
    assert_int_equal(rig_create(&admin, &wish, &id), TEE_SUCCESS);
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    assert_int_equal(rig_create(&admin, &wish, &open), TEE_SUCCESS);
    assert_int_equal(provision(&owner, users_key(&owner), "dev", "pub"), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(seal(&owner), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(provision(&admin, open, "dev", "pub"), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(provision(&admin, id, "dev", "dev"), KM_CRYPTO_E_EXISTS);
    assert_int_equal(provision(&admin, id, "dev", "pub"), TEE_SUCCESS);
    assert_int_equal(provision(&admin, id, "dev2", "pub2"), TEE_ERROR_BAD_STATE);
    /* Taken names leave nothing behind. */
    assert_int_equal(provision(&admin, users_key(&admin), "dev", "pub2"), KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_describe(&admin, "pub2", &info), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(provision(&admin, users_key(&admin), "dev2", "pub"), KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_describe(&admin, "dev2", &info), TEE_ERROR_ITEM_NOT_FOUND);
    /* Until the seal, and by the administrator alone, it can be begun again. */
    assert_int_equal(rig_delete(&owner, "dev", 0), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_delete(&admin, "dev", 0), TEE_SUCCESS);
    assert_int_equal(rig_delete(&admin, "pub", 0), TEE_SUCCESS);
    assert_int_equal(provision(&admin, users_key(&admin), "dev", "pub"), TEE_SUCCESS);
    assert_int_equal(seal(&admin), TEE_SUCCESS);
    assert_int_equal(seal(&admin), TEE_SUCCESS);
    users_restart();
    assert_int_equal(provision(&admin, users_key(&admin), "dev3", ""), TEE_ERROR_BAD_STATE);
    assert_int_equal(rig_delete(&admin, "dev", 0), KM_CRYPTO_E_IMMUTABLE);
    assert_int_equal(rig_delete(&admin, "pub", 0), KM_CRYPTO_E_IMMUTABLE);
    assert_int_equal(rig_load(&stranger, "dev", 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, id), TEE_SUCCESS);
    assert_int_equal(rig_info(&stranger, id, &info), TEE_SUCCESS);
    assert_int_equal(info.flags,
                     KM_CRYPTO_INFO_SAVED | KM_CRYPTO_INFO_PROVISIONED | KM_CRYPTO_INFO_IMMUTABLE);
    assert_int_equal(rig_out(&stranger, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len),
                     KM_CRYPTO_E_NOT_EXPORTABLE);
    assert_int_equal(rig_load(&stranger, "pub", 0, &id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, id), TEE_ERROR_ACCESS_DENIED);
}

/* ---- the gate: nothing is provisioned, or taken back, while the seal is put on ---- */

static TEE_ObjectHandle gate_held;
static unsigned n_waits;
static unsigned n_gate_free;

static uint32_t gate_open(uint32_t flags, TEE_ObjectHandle *ret_gate)
{
    return TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, "sgate", 5, flags, ret_gate);
}

static void look_at_gate(void)
{
    TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    n_gate_free += gate_open(TEE_DATA_FLAG_ACCESS_READ, &gate) != TEE_ERROR_ACCESS_CONFLICT;
    TEE_CloseObject(gate);
}

static void let_go_at_the_third(void)
{
    if (++n_waits == 3) {
        TEE_CloseObject(gate_held);
        gate_held = TEE_HANDLE_NULL;
    }
}

static void never_let_go(void)
{
    n_waits++;
}

static void hold_gate(uint32_t flags, void (*waited)(void))
{
    n_waits = 0;
    assert_int_equal(gate_open(TEE_DATA_FLAG_ACCESS_READ | flags, &gate_held), TEE_SUCCESS);
    rig_host.waited = waited;
}

static void the_gate(void **state)
{
    struct km_crypto_info info = {0};
    (void)state;
    n_gate_free = 0;
    rig_host.audited = look_at_gate;
    uint32_t id = users_key(&admin); /* its record is told with the gate free */
    assert_int_equal(n_gate_free, 1);
    n_gate_free = 0;
    unsigned n_before = rig_host.n_audited;
    assert_int_equal(provision(&admin, id, "dev", "pub"), TEE_SUCCESS);
    rig_host.audited = NULL;
    assert_int_equal(rig_host.n_audited, n_before + 3); /* two keys and the provisioning */
    assert_int_equal(n_gate_free, 0);

    hold_gate(0, let_go_at_the_third); /* as who seals holds it */
    assert_int_equal(provision(&admin, users_key(&admin), "dev2", ""), TEE_SUCCESS);
    assert_int_equal(n_waits, 3);
    hold_gate(0, let_go_at_the_third);
    assert_int_equal(rig_delete(&admin, "dev2", 0), TEE_SUCCESS);
    assert_int_equal(n_waits, 3);
    hold_gate(TEE_DATA_FLAG_SHARE_READ, never_let_go); /* as who provisions holds it */
    assert_int_equal(seal(&admin), TEE_ERROR_ACCESS_CONFLICT);
    TEE_CloseObject(gate_held);
    hold_gate(TEE_DATA_FLAG_SHARE_READ, let_go_at_the_third);
    assert_int_equal(provision(&admin, users_key(&admin), "dev3", ""), TEE_SUCCESS);
    assert_int_equal(n_waits, 0);
    assert_int_equal(seal(&admin), TEE_SUCCESS);
    assert_int_equal(n_waits, 3);
    rig_host.waited = NULL;
    assert_int_equal(rig_delete(&admin, "dev", 0), KM_CRYPTO_E_IMMUTABLE);
    assert_int_equal(rig_describe(&admin, "dev", &info), TEE_SUCCESS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, users_set_up, users_tear_down)
    const struct CMUnitTest tests[] = {
        T(saved_loaded_deleted),
        T(expected_id),
        T(bad_names),
        T(policy),
        T(usage_and_expiry),
        T(ephemeral_count),
        T(saved_count),
        T(exports_end_with_the_key),
        T(asking_holds_nothing),
        T(reserved_names),
        T(count_across_processes),
        T(listings),
        T(provisioning),
        T(the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
