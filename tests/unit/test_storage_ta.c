/* SPDX-License-Identifier: Apache-2.0 */
/* The storage application: contents, replacing, whose is what, passwords, how much. */
#include "ta/common/guesses.h"
#include "tests/unit/storage_rig.h"

#define R KM_STORAGE_READ
#define W KM_STORAGE_WRITE
#define RW (R | W)
#define REPLACE (W | KM_STORAGE_REPLACE)
#define SHARED KM_STORAGE_SHARED
#define BIG ((size_t)3 << 20)

static char dir[64];
static struct rig_session s;
static uint8_t big[BIG], back[BIG];

static int set_up(void **state)
{
    (void)state;
    rig_fresh(dir, &s);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_gone(dir, &s);
    return 0;
}

static uint32_t open_as(struct rig_session *who, const char *name, uint32_t flags,
                        const char *password, uint32_t *ret_id)
{
    struct km_storage_wish wish = srig_wish(name, flags);
    return srig_open(who, &wish, password, ret_id);
}

static uint32_t must_open(const char *name, uint32_t flags, const char *password)
{
    uint32_t id = 0;
    assert_int_equal(open_as(&s, name, flags, password, &id), TEE_SUCCESS);
    return id;
}

static void close_id(uint32_t id)
{
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, id), TEE_SUCCESS);
}

static void holds(const char *name, const char *password, const void *data, size_t len)
{
    size_t got = BIG;
    assert_int_equal(srig_get(&s, name, password, back, &got), TEE_SUCCESS);
    assert_int_equal(got, len);
    assert_memory_equal(back, data, len);
}

/* ---- contents ---- */

/* The same calls on a file and on octets in memory, at lengths around the edges of chunks. */
static void check_against_model(const char *password)
{
    static const uint32_t places[] = {0,     1,     27,    28,    29,    16299, 16300, 16301,
                                      16327, 16328, 16329, 32599, 32600, 32601, 48900, 70000};
    static uint8_t model[200000];
    size_t size = 0;
    uint32_t id = must_open("file", RW | KM_STORAGE_CREATE, password);
    for (unsigned i = 0; i < 300; i++) {
        size_t at = places[(i * 7u) % KM_ARRAY_LEN(places)];
        size_t len = places[(i * 5u + i / 16u) % KM_ARRAY_LEN(places)];
        if (i % 11 == 10) {
            bool longer = at > size;
            assert_int_equal(srig_truncate(&s, id, at),
                             longer ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS);
            size = longer ? size : at;
        } else {
            bool gap = at > size;
            assert_int_equal(srig_write(&s, id, at, big + i, len),
                             gap ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS);
            if (!gap) {
                km_copy(model + at, sizeof(model) - at, big + i, len);
                size = at + len > size ? at + len : size;
            }
        }
        size_t got = sizeof(model);
        assert_int_equal(srig_read(&s, id, at / 2, back, &got), TEE_SUCCESS);
        assert_int_equal(got, size > at / 2 ? size - at / 2 : 0);
        assert_memory_equal(back, model + at / 2, got);
        uint64_t told = 0;
        assert_int_equal(srig_size(&s, id, &told), TEE_SUCCESS);
        assert_int_equal(told, size);
    }
    close_id(id);
    holds("file", password, model, size);
    rig_stop();
    rig_start(dir);
    rig_open(&s, 1000, false);
    holds("file", password, model, size);
}

static void test_plain(void **state)
{
    (void)state;
    check_against_model(NULL);
}

static void test_sealed(void **state)
{
    (void)state;
    check_against_model("secret");
}

static void test_transfer_limits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const char *password = i == 0 ? NULL : "pw";
        uint32_t id = must_open("x", RW | KM_STORAGE_CREATE | KM_STORAGE_EXCLUSIVE, password);
        size_t len = KM_STORAGE_TRANSFER_MAX;
        assert_int_equal(srig_write(&s, id, 0, big, len), TEE_SUCCESS);
        assert_int_equal(srig_write(&s, id, 5, big, len), TEE_SUCCESS);
        assert_int_equal(srig_read(&s, id, 5, back, &len), TEE_SUCCESS);
        assert_memory_equal(back, big, len);
        assert_int_equal(srig_write(&s, id, 0, big, len + 1), KM_STORAGE_E_TOO_LARGE);
        len++;
        assert_int_equal(srig_read(&s, id, 0, back, &len), KM_STORAGE_E_TOO_LARGE);
        assert_int_equal(srig_write(&s, id, UINT64_MAX, big, 1), KM_STORAGE_E_TOO_LARGE);
        assert_int_equal(srig_write(&s, id, UINT32_MAX, big, 1), TEE_ERROR_BAD_PARAMETERS);
        len = 10;
        assert_int_equal(srig_read(&s, id, UINT64_MAX, back, &len), TEE_SUCCESS);
        assert_int_equal(len, 0);
        close_id(id);
        struct km_storage_wish wish = srig_wish("x", 0);
        assert_int_equal(srig_delete(&s, &wish, password), TEE_SUCCESS);
    }
}

static void test_big_replace(void **state)
{
    (void)state;
    assert_int_equal(srig_put(&s, "big", "pw", big, BIG), TEE_SUCCESS);
    holds("big", "pw", big, BIG);
    assert_int_equal(srig_put(&s, "big", "pw", big + 1, BIG - 1), TEE_SUCCESS);
    holds("big", "pw", big + 1, BIG - 1);
    assert_int_equal(srig_put(&s, "big", "pw", NULL, 0), TEE_SUCCESS);
    holds("big", "pw", big, 0);
}

/* Until it is committed others see what was; not committed, it never was. */
static void test_replace_is_at_once(void **state)
{
    (void)state;
    assert_int_equal(srig_put(&s, "a", NULL, "old", 3), TEE_SUCCESS);
    uint32_t reader = must_open("a", R, NULL);
    uint32_t id = must_open("a", REPLACE, NULL);
    assert_int_equal(srig_write(&s, id, 0, "newer", 5), TEE_SUCCESS);
    holds("a", NULL, "old", 3);
    assert_int_equal(srig_truncate(&s, id, 1), TEE_ERROR_BAD_STATE);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_COMMIT, id), TEE_SUCCESS);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_COMMIT, id), KM_STORAGE_E_STALE_ID);
    holds("a", NULL, "newer", 5);
    /* Who was reading goes on reading what was there. */
    size_t len = 10;
    assert_int_equal(srig_read(&s, reader, 0, back, &len), TEE_SUCCESS);
    assert_int_equal(len, 3);
    assert_memory_equal(back, "old", 3);
    /* And no third contents fit in beside them. */
    assert_int_equal(open_as(&s, "a", REPLACE, NULL, &id), TEE_ERROR_ACCESS_CONFLICT);
    close_id(reader);
    id = must_open("a", REPLACE, NULL);
    assert_int_equal(srig_write(&s, id, 0, "never", 5), TEE_SUCCESS);
    close_id(id);
    holds("a", NULL, "newer", 5);
    struct km_storage_usage usage = {0};
    assert_int_equal(srig_usage(&s, &usage), TEE_SUCCESS);
    assert_int_equal(usage.n, 1);
    assert_int_equal(usage.octets, 5);

    id = must_open("fresh", REPLACE, NULL);
    assert_int_equal(open_as(&s, "fresh", R, NULL, &reader), TEE_ERROR_ITEM_NOT_FOUND);
    close_id(id);
    assert_int_equal(open_as(&s, "fresh", R, NULL, &reader), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_usage(&s, &usage), TEE_SUCCESS);
    assert_int_equal(usage.n, 1);
}

static void test_flags(void **state)
{
    (void)state;
    uint32_t id = 0;
    static const uint32_t wrong[] = {0,
                                     KM_STORAGE_CREATE,
                                     R | KM_STORAGE_CREATE,
                                     R | KM_STORAGE_REPLACE,
                                     RW | KM_STORAGE_REPLACE,
                                     W | KM_STORAGE_EXCLUSIVE};
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++)
        assert_int_equal(open_as(&s, "n", wrong[i], NULL, &id), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(open_as(&s, "n", W, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    close_id(must_open("n", W | KM_STORAGE_CREATE, NULL));
    assert_int_equal(open_as(&s, "n", W | KM_STORAGE_CREATE | KM_STORAGE_EXCLUSIVE, NULL, &id),
                     KM_STORAGE_E_EXISTS);
    assert_int_equal(open_as(&s, "n", REPLACE | KM_STORAGE_EXCLUSIVE, NULL, &id),
                     KM_STORAGE_E_EXISTS);
    id = must_open("n", W, NULL);
    size_t len = 1;
    assert_int_equal(srig_read(&s, id, 0, back, &len), TEE_ERROR_BAD_STATE);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_COMMIT, id), TEE_ERROR_BAD_STATE);
    close_id(id);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_CLOSE, id), KM_STORAGE_E_STALE_ID);
    id = must_open("n", R, NULL);
    assert_int_equal(srig_write(&s, id, 0, "x", 1), TEE_ERROR_BAD_STATE);
    assert_int_equal(srig_truncate(&s, id, 0), TEE_ERROR_BAD_STATE);
    close_id(id);
}

/* Readers share, a writer is alone; within a session at once, between sessions after a wait. */
static void test_sharing_rules(void **state)
{
    (void)state;
    struct rig_session other = {0};
    uint32_t id = 0;
    assert_int_equal(srig_put(&s, "f", NULL, "1", 1), TEE_SUCCESS);
    rig_open(&other, 1000, false);
    uint32_t reader = must_open("f", R, NULL);
    assert_int_equal(open_as(&other, "f", R, NULL, &id), TEE_SUCCESS);
    assert_int_equal(open_as(&other, "f", W, NULL, &id), TEE_ERROR_ACCESS_CONFLICT);
    struct km_storage_wish wish = srig_wish("f", 0);
    assert_int_equal(srig_delete(&other, &wish, NULL), TEE_ERROR_ACCESS_CONFLICT);
    rig_close(&other);
    rig_open(&other, 1000, false);
    close_id(reader);
    uint32_t writer = must_open("f", RW, NULL);
    assert_int_equal(open_as(&other, "f", R, NULL, &id), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(open_as(&other, "f", W, NULL, &id), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(open_as(&other, "f", REPLACE, NULL, &id), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(open_as(&s, "f", R, NULL, &id), TEE_ERROR_ACCESS_CONFLICT);
    /* Looking is no reading. */
    struct km_storage_info info = {0};
    assert_int_equal(srig_write(&s, writer, 0, big, 777), TEE_SUCCESS);
    assert_int_equal(srig_stat(&other, &wish, &info), TEE_SUCCESS);
    assert_int_equal(info.size, 777);
    close_id(writer);
    assert_int_equal(srig_delete(&other, &wish, NULL), TEE_SUCCESS);
    assert_int_equal(srig_stat(&other, &wish, &info), TEE_ERROR_ITEM_NOT_FOUND);
    rig_close(&other);
}

static struct rig_session *blocker;
static uint32_t blocker_id;

static void let_go(void)
{
    if (blocker_id != 0)
        assert_int_equal(srig_id(blocker, KM_STORAGE_CMD_CLOSE, blocker_id), TEE_SUCCESS);
    blocker_id = 0;
}

static void test_waits_for_others(void **state)
{
    (void)state;
    struct rig_session other = {0};
    uint32_t id = 0;
    assert_int_equal(srig_put(&s, "f", NULL, "1", 1), TEE_SUCCESS);
    rig_open(&other, 1000, false);
    blocker = &other;
    static const uint32_t holding[] = {RW, R, REPLACE, RW};
    static const uint32_t wanting[] = {R, W, REPLACE, REPLACE};
    for (size_t i = 0; i < KM_ARRAY_LEN(holding); i++) {
        assert_int_equal(open_as(&other, "f", holding[i], NULL, &blocker_id), TEE_SUCCESS);
        rig_host.waited = let_go;
        assert_int_equal(open_as(&s, "f", wanting[i], NULL, &id), TEE_SUCCESS);
        rig_host.waited = NULL;
        assert_int_equal(blocker_id, 0);
        close_id(id);
    }
    rig_close(&other);
}

/* ---- whose is what ---- */

static void test_each_uid_has_its_names(void **state)
{
    (void)state;
    struct rig_session other = {0};
    struct km_storage_info infos[4];
    size_t n = 0;
    size_t len = 10;
    uint32_t id = 0;
    rig_open(&other, 1001, false);
    assert_int_equal(srig_put(&s, "same", NULL, "mine", 4), TEE_SUCCESS);
    assert_int_equal(srig_get(&other, "same", NULL, back, &len), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(
        open_as(&other, "same", W | KM_STORAGE_CREATE | KM_STORAGE_EXCLUSIVE, NULL, &id),
        TEE_SUCCESS);
    assert_int_equal(srig_write(&other, id, 0, "other's", 7), TEE_SUCCESS);
    assert_int_equal(srig_id(&other, KM_STORAGE_CMD_CLOSE, id), TEE_SUCCESS);
    holds("same", NULL, "mine", 4);
    assert_int_equal(srig_list(&other, 0, 0, infos, 4, &n), TEE_SUCCESS);
    assert_int_equal(n, 1);
    assert_int_equal(infos[0].size, 7);

    /* Nor by saying whose; existing or not, the answer is the same. */
    struct km_storage_wish wish = srig_wish("same", R | KM_STORAGE_OF_OWNER);
    wish.owner_uid = 1000;
    assert_int_equal(srig_open(&other, &wish, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    wish.flags |= SHARED;
    assert_int_equal(srig_open(&other, &wish, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    wish.flags = W | KM_STORAGE_CREATE | KM_STORAGE_OF_OWNER;
    assert_int_equal(srig_open(&other, &wish, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_stat(&other, &wish, &infos[0]), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_delete(&other, &wish, NULL), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_set_password(&other, &wish, NULL, "x"), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_list(&other, KM_STORAGE_OF_OWNER, 1000, infos, 4, &n), TEE_SUCCESS);
    assert_int_equal(n, 0);
    assert_int_equal(srig_purge(&other, 1000), TEE_ERROR_ACCESS_DENIED);
    rig_close(&other);
}

static void test_administrator(void **state)
{
    (void)state;
    struct rig_session admin = {0};
    struct km_storage_info infos[4];
    size_t n = 0;
    uint32_t id = 0;
    rig_open(&admin, 0, true);
    assert_int_equal(srig_put(&s, "a", "pw", "1", 1), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, "b", NULL, "2", 1), TEE_SUCCESS);
    struct km_storage_wish wish = srig_wish("a", R | KM_STORAGE_OF_OWNER);
    wish.owner_uid = 1000;
    /* It sees and deletes, and reads nothing. */
    assert_int_equal(srig_open(&admin, &wish, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_list(&admin, KM_STORAGE_OF_OWNER, 1000, infos, 4, &n), TEE_SUCCESS);
    assert_int_equal(n, 2);
    assert_int_equal(srig_delete(&admin, &wish, NULL), TEE_SUCCESS);
    assert_int_equal(srig_purge(&admin, 1000), TEE_SUCCESS);
    assert_int_equal(srig_list(&s, 0, 0, infos, 4, &n), TEE_SUCCESS);
    assert_int_equal(n, 0);
    rig_close(&admin);
}

static struct km_storage_wish shared_wish(const char *name, uint32_t flags)
{
    struct km_storage_wish wish = srig_wish(name, flags | SHARED | KM_STORAGE_OF_OWNER);
    wish.owner_uid = 1000;
    return wish;
}

static void test_shared_on_purpose(void **state)
{
    (void)state;
    struct rig_session reader = {0}, writer = {0}, stranger = {0};
    uint32_t id = 0;
    size_t len = 10;
    struct km_storage_info info = {0};
    size_t n = 0;
    rig_open(&reader, 1001, false);
    rig_open(&writer, 1002, false);
    rig_open(&stranger, 1003, false);
    struct km_storage_wish wish = srig_wish("s", REPLACE | SHARED);
    wish.grants = (struct km_storage_grants){
        .n = 2, .at = {{KM_STORAGE_GRANT_UID, R, 1001}, {KM_STORAGE_GRANT_GID, RW, 1002}}};
    assert_int_equal(srig_open(&s, &wish, NULL, &id), TEE_SUCCESS);
    assert_int_equal(srig_write(&s, id, 0, "hello", 5), TEE_SUCCESS);
    assert_int_equal(srig_id(&s, KM_STORAGE_CMD_COMMIT, id), TEE_SUCCESS);

    struct km_storage_wish read = shared_wish("s", R);
    struct km_storage_wish write = shared_wish("s", W);
    struct km_storage_wish replace = shared_wish("s", REPLACE);
    assert_int_equal(srig_open(&reader, &read, NULL, &id), TEE_SUCCESS);
    assert_int_equal(srig_read(&reader, id, 0, back, &len), TEE_SUCCESS);
    assert_memory_equal(back, "hello", 5);
    assert_int_equal(srig_id(&reader, KM_STORAGE_CMD_CLOSE, id), TEE_SUCCESS);
    assert_int_equal(srig_open(&reader, &write, NULL, &id), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(srig_open(&reader, &replace, NULL, &id), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(srig_delete(&reader, &read, NULL), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(srig_delete(&writer, &read, NULL), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(srig_set_grants(&writer, &read), TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(srig_stat(&reader, &read, &info), TEE_SUCCESS);
    assert_int_equal(info.grants.n, 0);
    assert_int_equal(srig_list(&reader, SHARED | KM_STORAGE_OF_OWNER, 1000, &info, 1, &n),
                     TEE_SUCCESS);
    assert_int_equal(n, 1);

    assert_int_equal(srig_open(&writer, &replace, NULL, &id), TEE_SUCCESS);
    assert_int_equal(srig_write(&writer, id, 0, "changed", 7), TEE_SUCCESS);
    assert_int_equal(srig_id(&writer, KM_STORAGE_CMD_COMMIT, id), TEE_SUCCESS);
    /* Neither whose it is to change nor a password is for others to say. */
    assert_int_equal(srig_open(&writer, &replace, "pw", &id), KM_STORAGE_E_PASSWORD);
    replace.grants = wish.grants;
    assert_int_equal(srig_open(&writer, &replace, NULL, &id), TEE_ERROR_ACCESS_DENIED);

    assert_int_equal(srig_open(&stranger, &read, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_open(&stranger, &write, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_stat(&stranger, &read, &info), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(srig_list(&stranger, SHARED | KM_STORAGE_OF_OWNER, 1000, &info, 1, &n),
                     TEE_SUCCESS);
    assert_int_equal(n, 0);

    /* The owner sees who may, and takes it back; a replacement by somebody else kept it. */
    struct km_storage_wish own = srig_wish("s", SHARED);
    assert_int_equal(srig_stat(&s, &own, &info), TEE_SUCCESS);
    assert_int_equal(info.grants.n, 2);
    assert_int_equal(info.size, 7);
    assert_int_equal(srig_set_grants(&s, &own), TEE_SUCCESS);
    assert_int_equal(srig_open(&reader, &read, NULL, &id), TEE_ERROR_ITEM_NOT_FOUND);
    /* A private file of the same name is another one. */
    len = 10;
    assert_int_equal(srig_get(&s, "s", NULL, back, &len), TEE_ERROR_ITEM_NOT_FOUND);
    struct km_storage_wish private = srig_wish("p", REPLACE);
    private.grants = wish.grants;
    assert_int_equal(srig_open(&s, &private, NULL, &id), TEE_ERROR_BAD_PARAMETERS);
    rig_close(&reader);
    rig_close(&writer);
    rig_close(&stranger);
}

static void test_list_of_many(void **state)
{
    (void)state;
    static struct km_storage_info infos[128];
    size_t n = 0;
    for (unsigned i = 0; i < 100; i++) {
        char name[64] = {0};
        (void)snprintf(name, sizeof(name), "a name that takes some room in the page, number %u", i);
        assert_int_equal(srig_put(&s, name, NULL, big, i), TEE_SUCCESS);
    }
    assert_int_equal(srig_list(&s, 0, 0, infos, 128, &n), TEE_SUCCESS);
    assert_int_equal(n, 100);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(infos[i].size, strtoul(strrchr(infos[i].name.at, ' '), NULL, 10));
    uint8_t small[8] = {0};
    struct km_lane_param p[4] = {P_VIO(0), P_VI(0, 0), P_MO(small, sizeof(small)), P_NONE};
    assert_int_equal(rig_call(&s, KM_STORAGE_CMD_LIST, p), TEE_ERROR_SHORT_BUFFER);
    assert_true(p[2].size > sizeof(small));
    struct km_lane_param stale[4] = {P_VIO(77), P_VI(0, 0), P_MO(small, sizeof(small)), P_NONE};
    assert_int_equal(rig_call(&s, KM_STORAGE_CMD_LIST, stale), TEE_ERROR_BAD_STATE);
}

/* ---- passwords ---- */

static void test_password(void **state)
{
    (void)state;
    size_t len = 10;
    struct km_storage_wish wish = srig_wish("p", 0);
    assert_int_equal(srig_put(&s, "p", "pw", "secret", 6), TEE_SUCCESS);
    assert_int_equal(srig_get(&s, "p", NULL, back, &len), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_get(&s, "p", "no", back, &len), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_put(&s, "p", NULL, "x", 1), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_put(&s, "p", "no", "x", 1), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_delete(&s, &wish, NULL), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_delete(&s, &wish, "no"), KM_STORAGE_E_PASSWORD);
    holds("p", "pw", "secret", 6);
    assert_string_equal(rig_host.last_audit, "storage password");

    assert_int_equal(srig_set_password(&s, &wish, "no", "new"), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_set_password(&s, &wish, "pw", "new"), TEE_SUCCESS);
    assert_int_equal(srig_get(&s, "p", "pw", back, &len), KM_STORAGE_E_PASSWORD);
    holds("p", "new", "secret", 6);
    assert_int_equal(srig_put(&s, "p", "new", "other", 5), TEE_SUCCESS);
    holds("p", "new", "other", 5);
    /* Away, and there again. */
    assert_int_equal(srig_set_password(&s, &wish, "new", NULL), TEE_SUCCESS);
    holds("p", NULL, "other", 5);
    assert_int_equal(srig_get(&s, "p", "new", back, &len), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_set_password(&s, &wish, "x", "y"), KM_STORAGE_E_PASSWORD);
    assert_int_equal(srig_set_password(&s, &wish, NULL, NULL), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(srig_set_password(&s, &wish, NULL, "again"), TEE_SUCCESS);
    holds("p", "again", "other", 5);
    assert_int_equal(srig_delete(&s, &wish, "again"), TEE_SUCCESS);

    /* Replacing a file without one is a way to give it one. */
    assert_int_equal(srig_put(&s, "q", NULL, "plain", 5), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, "q", "pw", "sealed", 6), TEE_SUCCESS);
    assert_int_equal(srig_get(&s, "q", NULL, back, &len), KM_STORAGE_E_PASSWORD);
    holds("q", "pw", "sealed", 6);
    struct km_storage_usage usage = {0};
    assert_int_equal(srig_usage(&s, &usage), TEE_SUCCESS);
    assert_int_equal(usage.n, 1);
    assert_int_equal(usage.octets, 6 + 28);
}

static void test_guesses_are_slowed(void **state)
{
    (void)state;
    size_t len = 10;
    uint32_t seconds = 0;
    struct km_storage_wish wish = srig_wish("p", 0);
    assert_int_equal(srig_put(&s, "p", "pw", "secret", 6), TEE_SUCCESS);
    uint32_t result = KM_STORAGE_E_PASSWORD;
    unsigned n = 0;
    for (; result == KM_STORAGE_E_PASSWORD && n < 20; n++)
        result = srig_get(&s, "p", "no", back, &len);
    assert_int_equal(result, KM_STORAGE_E_THROTTLED);
    assert_int_equal(n, KM_GUESSES_FREE + 2u);
    assert_int_equal(srig_get(&s, "p", "pw", back, &len), KM_STORAGE_E_THROTTLED);
    assert_int_equal(srig_wait(&s, &wish, &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 1);
    /* Not forgotten with the instance. */
    rig_stop();
    rig_start(dir);
    rig_open(&s, 1000, false);
    assert_int_equal(srig_get(&s, "p", "pw", back, &len), KM_STORAGE_E_THROTTLED);
    rig_host.now += 1;
    holds("p", "pw", "secret", 6);
    assert_int_equal(srig_wait(&s, &wish, &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
}

static int guess_and_die(void *arg)
{
    (void)arg;
    size_t len = 10;
    rig_host.deriving = rig_die;
    rig_start(dir);
    rig_open(&s, 1000, false);
    (void)srig_get(&s, "p", "no", back, &len);
    return 1;
}

/* Killing the instance while it looks at a guess gives no free one. */
static void test_guess_counts_before_it_is_checked(void **state)
{
    (void)state;
    size_t len = 10;
    assert_int_equal(srig_put(&s, "p", "pw", "secret", 6), TEE_SUCCESS);
    rig_close(&s);
    rig_stop();
    for (unsigned i = 0; i < KM_GUESSES_FREE + 1u; i++)
        assert_child_killed_by(SIGKILL, guess_and_die, NULL);
    rig_start(dir);
    rig_open(&s, 1000, false);
    assert_int_equal(srig_get(&s, "p", "pw", back, &len), KM_STORAGE_E_THROTTLED);
}

/* ---- how much ---- */

static void test_quota(void **state)
{
    (void)state;
    uint32_t result = TEE_SUCCESS;
    unsigned n = 0;
    char name[16] = "";
    for (; result == TEE_SUCCESS && n < 200; n++) {
        (void)snprintf(name, sizeof(name), "%u", n);
        result = srig_put(&s, name, NULL, "x", 1);
    }
    assert_int_equal(result, KM_STORAGE_E_QUOTA);
    assert_int_equal(n, KM_QUOTA_FILES + 1u);
    /* Another's is another's. */
    struct rig_session other = {0};
    rig_open(&other, 1001, false);
    assert_int_equal(srig_put(&other, "0", NULL, "x", 1), TEE_SUCCESS);
    rig_close(&other);
    struct km_storage_wish wish = srig_wish("0", 0);
    assert_int_equal(srig_delete(&s, &wish, NULL), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, name, NULL, "x", 1), TEE_SUCCESS);
    assert_int_equal(srig_purge(&s, 1000), TEE_ERROR_ACCESS_DENIED);
}

static void test_quota_of_octets(void **state)
{
    (void)state;
    uint32_t id = must_open("f", RW | KM_STORAGE_CREATE, "pw");
    uint64_t at = 0;
    uint32_t result = TEE_SUCCESS;
    while (result == TEE_SUCCESS && at < (uint64_t)64 << 20) {
        result = srig_write(&s, id, at, big, KM_STORAGE_TRANSFER_MAX);
        at += result == TEE_SUCCESS ? KM_STORAGE_TRANSFER_MAX : 0;
    }
    assert_int_equal(result, KM_STORAGE_E_QUOTA);
    assert_int_equal(at, (uint64_t)(KM_QUOTA_MIB - 1) << 20);
    /* In its place it can be written still, and shortened where the store does it. */
    assert_int_equal(srig_write(&s, id, 0, big, KM_STORAGE_TRANSFER_MAX), TEE_SUCCESS);
    assert_int_equal(srig_truncate(&s, id, 1), TEE_SUCCESS);
    assert_int_equal(srig_write(&s, id, 1, big, KM_STORAGE_TRANSFER_MAX), TEE_SUCCESS);
    close_id(id);
}

static int die_replacing(void *arg)
{
    uint32_t id = 0;
    rig_start(dir);
    rig_open(&s, 1000, false);
    CHILD_CHECK(open_as(&s, arg, REPLACE, NULL, &id) == TEE_SUCCESS);
    for (unsigned i = 0; i < 4; i++)
        CHILD_CHECK(srig_write(&s, id, (uint64_t)i << 20, big, KM_STORAGE_TRANSFER_MAX) ==
                    TEE_SUCCESS);
    (void)kill(getpid(), SIGKILL);
    return 1;
}

/* What a killed writer left is found by the next one of the name, or when room is short. */
static void test_leftovers_go(void **state)
{
    (void)state;
    struct km_storage_usage usage = {0};
    assert_int_equal(srig_put(&s, "old", NULL, "old", 3), TEE_SUCCESS);
    rig_close(&s);
    rig_stop();
    assert_child_killed_by(SIGKILL, die_replacing, (void *)(uintptr_t) "old");
    assert_child_killed_by(SIGKILL, die_replacing, (void *)(uintptr_t) "new");
    rig_start(dir);
    rig_open(&s, 1000, false);
    holds("old", NULL, "old", 3);
    assert_int_equal(srig_usage(&s, &usage), TEE_SUCCESS);
    assert_int_equal(usage.octets, 3 + (8u << 20));
    assert_int_equal(usage.n, 1);
    assert_int_equal(srig_put(&s, "new", NULL, "1", 1), TEE_SUCCESS);
    assert_int_equal(srig_put(&s, "old", NULL, "2", 1), TEE_SUCCESS);
    assert_int_equal(srig_usage(&s, &usage), TEE_SUCCESS);
    assert_int_equal(usage.octets, 2);
    rig_close(&s);
    rig_stop();
    assert_child_killed_by(SIGKILL, die_replacing, (void *)(uintptr_t) "third");
    rig_start(dir);
    rig_open(&s, 1000, false);
    /* As much as there may be needs what was left to go. */
    uint32_t id = must_open("all", W | KM_STORAGE_CREATE, NULL);
    for (unsigned i = 0; i + 1 < KM_QUOTA_MIB; i++)
        assert_int_equal(srig_write(&s, id, (uint64_t)i << 20, big, KM_STORAGE_TRANSFER_MAX),
                         TEE_SUCCESS);
    close_id(id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transfer_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_big_replace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replace_is_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sharing_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waits_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_uid_has_its_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_administrator, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared_on_purpose, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_of_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_guesses_are_slowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_guess_counts_before_it_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quota, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quota_of_octets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leftovers_go, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
