/* SPDX-License-Identifier: Apache-2.0 */
/* Named keys, their rules, passwords, counts and provisioning, across instances of the application. */
#include "ta/common/guesses.h"
#include "tests/unit/crypto_rig.h"

#define OWNER 1000u
#define STRANGER 1001u

static char dir[64];
static struct rig_session owner, stranger, admin;

static void start(void)
{
    rig_start(dir);
    rig_open(&owner, OWNER, false);
    rig_open(&stranger, STRANGER, false);
    rig_open(&admin, 0, true);
}

static void stop(void)
{
    rig_close(&owner);
    rig_close(&stranger);
    rig_close(&admin);
    rig_stop();
}

/* All that lives in memory only is gone afterwards. */
static void restart(void)
{
    stop();
    start();
}

static int set_up(void **state)
{
    (void)state;
    rig_host = (struct rig_host){.now = 1000000000};
    rig_dir(dir);
    start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop();
    rig_dir_remove(dir);
    return 0;
}

static uint32_t new_key(struct rig_session *s)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t id = 0;
    assert_int_equal(rig_create(s, &wish, &id), TEE_SUCCESS);
    return id;
}

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
    uint32_t id = new_key(&owner);
    assert_int_equal(rig_out(&owner, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, spki[0], &len[0]),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, id, "a key", 0), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, id, &before), TEE_SUCCESS);
    assert_int_equal(before.flags, KM_CRYPTO_INFO_SAVED);
    assert_string_equal(before.name.at, "a key");
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, id, "again", 0), TEE_ERROR_BAD_STATE);
    assert_int_equal(rig_save(&owner, new_key(&owner), "a key", 0), KM_CRYPTO_E_EXISTS);
    restart();
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
    assert_int_equal(rig_save(&owner, new_key(&owner), "a key", 0), TEE_SUCCESS);
}

static void expected_id(void **state)
{
    struct km_crypto_info info = {0};
    (void)state;
    uint32_t id = new_key(&owner);
    assert_int_equal(rig_save(&owner, id, "k", 0), TEE_SUCCESS);
    assert_int_equal(rig_info(&owner, id, &info), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_STR("k"), P_VI(0, 0), P_MI(info.id, 16), P_VO};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), TEE_SUCCESS);
    assert_int_equal(rig_delete(&owner, "k", 0), TEE_SUCCESS);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), KM_CRYPTO_E_KEY_GONE);
    assert_int_equal(rig_save(&owner, new_key(&owner), "k", 0), TEE_SUCCESS);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), KM_CRYPTO_E_KEY_GONE);
    p[2].size = 15;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_LOAD_KEY, p), TEE_ERROR_BAD_PARAMETERS);
}

static void bad_names(void **state)
{
    static const char *const NAMES[] = {
        "", "\xff", "1234567890123456789012345678901234567890123456789012345678901234"};
    (void)state;
    uint32_t id = new_key(&owner);
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
    restart();
    assert_int_equal(rig_load(&owner, "k", 0, &mine), TEE_SUCCESS);
    assert_int_equal(rig_load(&stranger, "k", 0, &theirs), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, theirs), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, mine), TEE_SUCCESS);
    assert_int_equal(rig_sign(&stranger, theirs), KM_CRYPTO_E_USED_UP);
    assert_int_equal(rig_sign(&owner, mine), KM_CRYPTO_E_USED_UP);
    restart();
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
        assert_int_equal(rig_save(&owner, new_key(&owner), rows[i].name, 0), rows[i].result);
    assert_int_equal(rig_save(&owner, new_key(&owner), "com.seqlabs.x", 0),
                     TEE_ERROR_ACCESS_DENIED);
    assert_string_equal(rig_host.last_audit, "denied");
    assert_int_equal(rig_save(&admin, new_key(&admin), "com.seqlabs.x", 0), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, new_key(&owner), "com.seqlabs.x", 0),
                     TEE_ERROR_ACCESS_DENIED);
}

/* Processes at once: as many uses as there are, whoever gets them. */
static int sign_until_used_up(void *arg)
{
    uint32_t id = 0;
    int n = 0;
    (void)arg;
    rig_start(dir);
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
    stop();
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
    start();
    assert_int_equal(total, 30);
}

/* ---- passwords ---- */

static void under_a_password(void **state)
{
    struct km_crypto_info info = {0};
    uint32_t pw = 0;
    uint32_t other = 0;
    uint32_t id = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "x", NULL),
                     KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw2", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, new_key(&owner), "k", pw), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", 0, &id), KM_CRYPTO_E_PASSWORD);
    restart();
    assert_int_equal(rig_load(&owner, "k", pw, &id), KM_CRYPTO_E_STALE_ID);
    assert_int_equal(rig_load(&owner, "k", 0, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_load(&admin, "k", 0, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                     KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw2", "secret", &other),
                     TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", other, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_delete(&owner, "k", 0), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_delete(&owner, "k", other), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", pw, &id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    assert_int_equal(rig_describe(&owner, "k", &info), TEE_SUCCESS);
    assert_string_equal(info.password_name.at, "pw");
    assert_true((info.flags & KM_CRYPTO_INFO_PASSWORD) != 0);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_ERROR_BUSY);
    assert_int_equal(rig_delete(&owner, "k", pw), TEE_SUCCESS);
    assert_int_equal(rig_password(&stranger, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "wrong", NULL),
                     KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "", NULL),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, new_key(&owner), "k", pw), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(rig_password(&admin, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw2", "", NULL),
                     TEE_SUCCESS);
    /* The same name and password again is another object. */
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, new_key(&owner), "k", pw), TEE_ERROR_ITEM_NOT_FOUND);
}

/* Five wrong ones are free; then waits that double, and neither a restart nor the clock helps. */
static void throttle(void **state)
{
    uint32_t pw = 0;
    uint32_t seconds = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                         KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
    for (unsigned wait = 1; wait <= 4; wait *= 2) {
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                         KM_CRYPTO_E_PASSWORD);
        assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
        assert_int_equal(seconds, wait);
        /* Even the right one is not looked at. */
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                         KM_CRYPTO_E_THROTTLED);
        restart();
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                         KM_CRYPTO_E_THROTTLED);
        rig_host.now += wait;
    }
    /* Set back, the clock begins the wait again. */
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                     KM_CRYPTO_E_PASSWORD);
    rig_host.now -= 1000000;
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 8);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     KM_CRYPTO_E_THROTTLED);
    rig_host.now += 7;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     KM_CRYPTO_E_THROTTLED);
    /* A stranger's count is another one. */
    assert_int_equal(rig_wait(&stranger, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
    assert_int_equal(rig_password(&stranger, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                     KM_CRYPTO_E_PASSWORD);
    rig_host.now += 1;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    /* The right one forgives all. */
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                         KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
}

static uint32_t guess(struct rig_session *s, const char *text)
{
    uint32_t pw = 0;
    return rig_password(s, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", text, &pw);
}

static void guess_until_throttled(struct rig_session *s)
{
    uint32_t result = KM_CRYPTO_E_PASSWORD;
    for (unsigned i = 0; i < 10 && result == KM_CRYPTO_E_PASSWORD; i++)
        result = guess(s, "wrong");
    assert_int_equal(result, KM_CRYPTO_E_THROTTLED);
}

/* Nobody's wrong guesses are in another's way, as long as there are places; and no place is given up for a newcomer. */
static void guesses_apart(void **state)
{
    struct rig_session many[10] = {0};
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    for (uint32_t i = 0; i < KM_ARRAY_LEN(many); i++)
        rig_open(&many[i], 2000 + i, false);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(guess(&many[i], "secret"), TEE_SUCCESS);
        guess_until_throttled(&many[i]);
        assert_int_equal(guess(&many[7], "secret"), TEE_SUCCESS);
        assert_int_equal(guess(&owner, "secret"), TEE_SUCCESS);
    }
    /* The eighth place: its user shares it with all who come later. */
    guess_until_throttled(&many[7]);
    assert_int_equal(guess(&many[8], "secret"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(guess(&many[9], "secret"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(guess(&owner, "secret"), TEE_SUCCESS);
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++)
        rig_close(&many[i]);
    restart();
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++) {
        rig_open(&many[i], 2000 + i, false);
        assert_int_equal(guess(&many[i], "secret"), KM_CRYPTO_E_THROTTLED);
    }
    /* Who knows it frees his place, which the next one takes with a count of its own. */
    rig_host.now += 2;
    assert_int_equal(guess(&many[3], "secret"), TEE_SUCCESS);
    assert_int_equal(guess(&many[9], "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(guess(&many[9], "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(guess(&many[8], "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(guess(&many[7], "secret"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(guess(&owner, "secret"), TEE_SUCCESS);
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++)
        rig_close(&many[i]);
}

/* A process that is killed while it tries a password has used up that guess. */
static int guess_and_die(void *arg)
{
    uint32_t pw = 0;
    (void)arg;
    rig_start(dir);
    rig_open(&owner, OWNER, false);
    rig_host.dies_in_derivation = true;
    (void)rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw);
    return 0;
}

static void killed_guesses_count(void **state)
{
    uint32_t seconds = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    stop();
    for (unsigned i = 0; i < 7; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(guess_and_die(NULL));
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        rig_host.now += 2;
    }
    start();
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    rig_host.now -= 2;
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 2);
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

/* ---- a password that was forgotten ---- */

static uint32_t check_password(struct rig_session *s, uint32_t which, const char *text)
{
    struct km_lane_param p[4] = {P_STR("pw"), P_VI(which, 0), P_STR(text), P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_CHECK_PASSWORD, p);
}

static uint32_t change(struct rig_session *s, uint32_t by, const char *given, uint32_t which,
                       const char *to)
{
    struct km_lane_param p[4] = {P_STR("pw"), P_VI(by, which), P_STR(given), P_STR(to)};
    return rig_call(s, KM_CRYPTO_CMD_CHANGE_PASSWORD, p);
}

static uint32_t load_pw(const char *text, uint32_t *ret_id)
{
    return rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", text, ret_id);
}

static void recovery(void **state)
{
    enum { OWN = 0, RECOVERY = 1 };
    struct km_lane_param p[4] = {P_STR("pw"), P_MI("", 0), P_STR("so"), P_NONE};
    uint32_t pw = 0;
    uint32_t key = 0;
    (void)state;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CREATE_RECOVERABLE, p), TEE_SUCCESS);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CREATE_RECOVERABLE, p), KM_CRYPTO_E_EXISTS);
    assert_int_equal(load_pw("so", &pw), KM_CRYPTO_E_PASSWORD); /* it opens nothing */
    assert_int_equal(check_password(&owner, RECOVERY, "so"), TEE_SUCCESS);
    assert_int_equal(check_password(&owner, RECOVERY, "os"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(check_password(&owner, 2, "so"), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(change(&owner, RECOVERY, "so", OWN, "user"), TEE_SUCCESS);
    assert_int_equal(load_pw("user", &pw), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, new_key(&owner), "k", pw), TEE_SUCCESS);
    assert_int_equal(change(&owner, OWN, "user", OWN, "mine"), TEE_SUCCESS);
    assert_int_equal(change(&owner, RECOVERY, "so", RECOVERY, "new so"), TEE_SUCCESS);
    restart();
    assert_int_equal(change(&owner, RECOVERY, "so", OWN, "x"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(change(&owner, OWN, "user", OWN, "x"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(load_pw("mine", &pw), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", pw, &key), TEE_SUCCESS);
    /* Forgotten, and found again: what is under it opens as before. */
    assert_int_equal(change(&owner, RECOVERY, "new so", OWN, ""), TEE_SUCCESS);
    restart();
    assert_int_equal(load_pw("mine", &pw), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(change(&owner, RECOVERY, "new so", OWN, "again"), TEE_SUCCESS);
    assert_int_equal(load_pw("again", &pw), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", pw, &key), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, key), TEE_SUCCESS);
}

static void recovery_is_throttled_apart(void **state)
{
    struct km_lane_param p[4] = {P_STR("pw"), P_STR("user"), P_STR("so"), P_NONE};
    (void)state;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CREATE_RECOVERABLE, p), TEE_SUCCESS);
    for (unsigned i = 0; i < KM_GUESSES_FREE + 1; i++)
        assert_int_equal(check_password(&owner, 1, "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(check_password(&owner, 1, "so"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(check_password(&owner, 0, "user"), TEE_SUCCESS);
    restart();
    assert_int_equal(change(&owner, 1, "so", 0, "x"), KM_CRYPTO_E_THROTTLED);
    rig_host.now += KM_GUESSES_WAIT_MAX_S;
    assert_int_equal(check_password(&owner, 1, "so"), TEE_SUCCESS);
    /* An ordinary one has none, but its owner may change it. */
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "plain", "secret", NULL),
                     TEE_SUCCESS);
    struct km_lane_param q[4] = {P_STR("plain"), P_VI(1, 0), P_STR("secret"), P_STR("other")};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CHANGE_PASSWORD, q), TEE_ERROR_BAD_STATE);
    q[1] = (struct km_lane_param)P_VI(0, 1);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CHANGE_PASSWORD, q), TEE_ERROR_BAD_STATE);
    q[1] = (struct km_lane_param)P_VI(0, 0);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CHANGE_PASSWORD, q), TEE_SUCCESS);
    assert_int_equal(
        rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "plain", "other", &(uint32_t){0}),
        TEE_SUCCESS);
}

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
        restart();
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
    uint32_t id = new_key(&owner);
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
    restart();
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
    assert_int_equal(provision(&owner, new_key(&owner), "dev", "pub"), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(seal(&owner), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(provision(&admin, open, "dev", "pub"), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(provision(&admin, id, "dev", "dev"), KM_CRYPTO_E_EXISTS);
    assert_int_equal(provision(&admin, id, "dev", "pub"), TEE_SUCCESS);
    assert_int_equal(provision(&admin, id, "dev2", "pub2"), TEE_ERROR_BAD_STATE);
    /* Taken names leave nothing behind. */
    assert_int_equal(provision(&admin, new_key(&admin), "dev", "pub2"), KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_describe(&admin, "pub2", &info), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(provision(&admin, new_key(&admin), "dev2", "pub"), KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_describe(&admin, "dev2", &info), TEE_ERROR_ITEM_NOT_FOUND);
    /* Until the seal, and by the administrator alone, it can be begun again. */
    assert_int_equal(rig_delete(&owner, "dev", 0), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_delete(&admin, "dev", 0), TEE_SUCCESS);
    assert_int_equal(rig_delete(&admin, "pub", 0), TEE_SUCCESS);
    assert_int_equal(provision(&admin, new_key(&admin), "dev", "pub"), TEE_SUCCESS);
    assert_int_equal(seal(&admin), TEE_SUCCESS);
    assert_int_equal(seal(&admin), TEE_SUCCESS);
    restart();
    assert_int_equal(provision(&admin, new_key(&admin), "dev3", ""), TEE_ERROR_BAD_STATE);
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
    uint32_t id = new_key(&admin); /* its record is told with the gate free */
    assert_int_equal(n_gate_free, 1);
    n_gate_free = 0;
    unsigned n_before = rig_host.n_audited;
    assert_int_equal(provision(&admin, id, "dev", "pub"), TEE_SUCCESS);
    rig_host.audited = NULL;
    assert_int_equal(rig_host.n_audited, n_before + 3); /* two keys and the provisioning */
    assert_int_equal(n_gate_free, 0);

    hold_gate(0, let_go_at_the_third); /* as who seals holds it */
    assert_int_equal(provision(&admin, new_key(&admin), "dev2", ""), TEE_SUCCESS);
    assert_int_equal(n_waits, 3);
    hold_gate(0, let_go_at_the_third);
    assert_int_equal(rig_delete(&admin, "dev2", 0), TEE_SUCCESS);
    assert_int_equal(n_waits, 3);
    hold_gate(TEE_DATA_FLAG_SHARE_READ, never_let_go); /* as who provisions holds it */
    assert_int_equal(seal(&admin), TEE_ERROR_ACCESS_CONFLICT);
    TEE_CloseObject(gate_held);
    hold_gate(TEE_DATA_FLAG_SHARE_READ, let_go_at_the_third);
    assert_int_equal(provision(&admin, new_key(&admin), "dev3", ""), TEE_SUCCESS);
    assert_int_equal(n_waits, 0);
    assert_int_equal(seal(&admin), TEE_SUCCESS);
    assert_int_equal(n_waits, 3);
    rig_host.waited = NULL;
    assert_int_equal(rig_delete(&admin, "dev", 0), KM_CRYPTO_E_IMMUTABLE);
    assert_int_equal(rig_describe(&admin, "dev", &info), TEE_SUCCESS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
        T(under_a_password),
        T(throttle),
        T(guesses_apart),
        T(killed_guesses_count),
        T(listings),
        T(recovery),
        T(recovery_is_throttled_apart),
        T(notes),
        T(note_under_a_password),
        T(data_objects),
        T(data_under_a_password),
        T(provisioning),
        T(the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
