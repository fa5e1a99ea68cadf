/* SPDX-License-Identifier: Apache-2.0 */
/* The storage library against a keymoord of this build. */
#include <pthread.h>

#include "tests/integration/service.h"
#include "tests/unit/km_test.h"

#include "include/clrf.h"

#define BIG ((size_t)24 << 20) /* more than the application may hold at once */
#define CLIENTS 6u
#define TURNS 12u

#define expect(call, expected)                                                                     \
    do {                                                                                           \
        ClrcResult got_ = (call);                                                                  \
        if (got_ != (expected))                                                                    \
            fprintf(stderr, "%s: 0x%08x, %s\n", #call, got_, clrfLastError());                     \
        assert_int_equal(got_, (expected));                                                        \
    } while (0)
#define ok(call) expect(call, CLRC_SUCCESS)
#define REPLACE (CLRF_WRITE | CLRF_REPLACE)

static struct km_service *service;

static int setup(void **state)
{
    (void)state;
    service = km_service_start(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_service_stop(service);
    return 0;
}

static const ClrfOptions with_pw = {.password = (const uint8_t *)"pw", .password_length = 2};

static ClrcResult put(const char *name, const ClrfOptions *options, const void *data, size_t len)
{
    ClrfHandle file = NULL;
    ClrcResult result = clrfOpen(name, REPLACE, options, &file);
    if (result != CLRC_SUCCESS)
        return result;
    result = clrfWrite(file, data, len);
    if (result == CLRC_SUCCESS)
        result = clrfCommit(file);
    if (result != CLRC_SUCCESS)
        clrfClose(file);
    return result;
}

static ClrcResult get(const char *name, const ClrfOptions *options, void *data, size_t *len)
{
    ClrfHandle file = NULL;
    ClrcResult result = clrfOpen(name, CLRF_READ, options, &file);
    if (result == CLRC_SUCCESS)
        result = clrfRead(file, data, len);
    clrfClose(file);
    return result;
}

/* Contents that are longer than what the application may hold, and one call for all of them. */
static void test_stream(void **state)
{
    (void)state;
    uint8_t *data = malloc(BIG);
    uint8_t *back = malloc(BIG + 1);
    size_t len = BIG + 1;
    assert_non_null(data);
    assert_non_null(back);
    for (size_t i = 0; i < BIG; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 15);
    ok(put("big", &with_pw, data, BIG));
    ok(get("big", &with_pw, back, &len));
    assert_int_equal(len, BIG);
    assert_memory_equal(back, data, BIG);
    ok(clrfDelete("big", 0, &with_pw));
    free(data);
    free(back);
}

static void test_position(void **state)
{
    (void)state;
    ClrfHandle file = NULL;
    char text[16] = "";
    uint64_t at = 0;
    size_t len = 4;
    ok(clrfOpen("pos", CLRF_READ | CLRF_WRITE | CLRF_CREATE | CLRF_EXCLUSIVE, NULL, &file));
    ok(clrfWrite(file, "0123456789", 10));
    ok(clrfSeek(file, -7, CLRF_FROM_END, &at));
    assert_int_equal(at, 3);
    ok(clrfRead(file, text, &len));
    assert_memory_equal(text, "3456", 4);
    ok(clrfSeek(file, -2, CLRF_FROM_POSITION, &at));
    assert_int_equal(at, 5);
    ok(clrfWrite(file, "x", 1));
    expect(clrfSeek(file, 11, CLRF_FROM_START, NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrfSeek(file, -1, CLRF_FROM_START, NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrfSeek(file, INT64_MAX, CLRF_FROM_END, NULL), CLRC_ERROR_BAD_PARAMETERS);
    ok(clrfTruncate(file, 4));
    ok(clrfSize(file, &at));
    assert_int_equal(at, 4);
    len = 4;
    ok(clrfRead(file, text, &len));
    assert_int_equal(len, 0);
    expect(clrfCommit(file), CLRC_ERROR_STATE);
    expect(clrfTruncate(file, 5), CLRC_ERROR_BAD_PARAMETERS);
    clrfClose(file);
    clrfClose(NULL);
    expect(clrfSize(NULL, &at), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrfOpen("pos", REPLACE | CLRF_EXCLUSIVE, NULL, &file), CLRC_ERROR_EXISTS);
    ok(clrfDelete("pos", 0, NULL));
}

static int count_one(void *arg, const ClrfInfo *info)
{
    unsigned *n = arg;
    assert_true(strcmp(info->name, "a") == 0 || strcmp(info->name, "b") == 0);
    (*n)++;
    return 1;
}

static int stop_at_once(void *arg, const ClrfInfo *info)
{
    (void)info;
    (*(unsigned *)arg)++;
    return 0;
}

static void test_names(void **state)
{
    (void)state;
    unsigned n = 0;
    ClrfInfo info = {0};
    ClrfUsage usage = {0};
    uint32_t seconds = 9;
    char text[16] = "";
    size_t len = sizeof(text);
    ok(put("a", NULL, "1", 1));
    ok(put("b", &with_pw, "22", 2));
    ok(clrfList(0, NULL, count_one, &n));
    assert_int_equal(n, 2);
    n = 0;
    ok(clrfList(0, NULL, stop_at_once, &n));
    assert_int_equal(n, 1);
    ok(clrfStat("b", 0, NULL, &info));
    assert_int_equal(info.size, 2);
    assert_int_equal(info.flags, CLRF_HAS_PASSWORD);
    assert_true(info.made > 1600000000);
    ok(clrfUsage(&usage));
    assert_int_equal(usage.files, 2);
    assert_int_equal(usage.files_max, 1024);
    assert_int_equal(usage.octets_max, (uint64_t)256 << 20);
    expect(get("b", NULL, text, &len), CLRC_ERROR_PASSWORD);
    assert_int_equal(CLRC_ERROR_PASSWORD, 0xffff0102);
    ok(clrfPasswordWait("b", 0, NULL, &seconds));
    assert_int_equal(seconds, 0);
    ok(clrfSetPassword("b", 0, &with_pw, (const uint8_t *)"other", 5));
    expect(get("b", &with_pw, text, &len), CLRC_ERROR_PASSWORD);
    const ClrfOptions other = {.password = (const uint8_t *)"other", .password_length = 5};
    ok(clrfSetPassword("b", 0, &other, NULL, 0));
    ok(get("b", NULL, text, &len));
    assert_int_equal(len, 2);
    ok(clrfDelete("a", 0, NULL));
    expect(clrfDelete("a", 0, NULL), CLRC_ERROR_NOT_FOUND);
    expect(clrfStat("a", 0, NULL, &info), CLRC_ERROR_NOT_FOUND);
    expect(clrfStat("", 0, NULL, &info), CLRC_ERROR_BAD_NAME);
    expect(clrfStat("\xff", 0, NULL, &info), CLRC_ERROR_BAD_NAME);
    expect(clrfStat("a", 0x100, NULL, &info), CLRC_ERROR_BAD_PARAMETERS);
    ok(clrfPurge(getuid()));
    expect(clrfStat("b", 0, NULL, &info), CLRC_ERROR_NOT_FOUND);
}

static void test_shared(void **state)
{
    (void)state;
    const ClrfGrant grants[] = {{CLRF_GRANT_UID, CLRF_READ, 12345}};
    ClrfOptions options = {.grants = grants, .n_grants = 1};
    ClrfHandle file = NULL;
    ClrfInfo info = {0};
    expect(clrfOpen("s", REPLACE, &options, &file), CLRC_ERROR_BAD_PARAMETERS);
    ok(clrfOpen("s", REPLACE | CLRF_SHARED, &options, &file));
    ok(clrfWrite(file, "x", 1));
    ok(clrfCommit(file));
    expect(clrfStat("s", 0, NULL, &info), CLRC_ERROR_NOT_FOUND);
    options.owner_uid = getuid();
    ok(clrfStat("s", CLRF_SHARED | CLRF_OF_OWNER, &options, &info));
    assert_int_equal(info.n_grants, 1);
    assert_int_equal(info.grants[0].id, 12345);
    options.n_grants = 0;
    ok(clrfSetGrants("s", CLRF_SHARED, &options));
    ok(clrfStat("s", CLRF_SHARED, NULL, &info));
    assert_int_equal(info.n_grants, 0);
    ok(clrfDelete("s", CLRF_SHARED, NULL));
}

/* ---- several at once ---- */

static bool is_busy(ClrcResult result)
{
    return result == CLRC_ERROR_BUSY;
}

/* One version as a whole, whoever's. */
static bool is_uniform(const uint8_t *data, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if (data[i] != data[0])
            return false;
    }
    return len == 50000;
}

static int be_a_client(void *arg)
{
    static uint8_t data[50000], back[60000];
    const unsigned who = *(const unsigned *)arg;
    char own[16] = "";
    (void)snprintf(own, sizeof(own), "own %u", who);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        size_t len = sizeof(back);
        memset(data, (int)(who * TURNS + turn), sizeof(data));
        ClrcResult result = put("common", NULL, data, sizeof(data));
        CHILD_CHECK(result == CLRC_SUCCESS || is_busy(result));
        result = get("common", NULL, back, &len);
        CHILD_CHECK(is_busy(result) || (result == CLRC_SUCCESS && is_uniform(back, len)));
        CHILD_CHECK(put(own, NULL, data, sizeof(data)) == CLRC_SUCCESS);
        len = sizeof(back);
        CHILD_CHECK(get(own, NULL, back, &len) == CLRC_SUCCESS && len == sizeof(data));
        CHILD_CHECK(memcmp(back, data, len) == 0);
    }
    return clrfDelete(own, 0, NULL) == CLRC_SUCCESS ? 0 : 1;
}

static void test_many_clients(void **state)
{
    (void)state;
    static uint8_t data[50000];
    pid_t pids[CLIENTS] = {0};
    ok(put("common", NULL, data, sizeof(data)));
    for (unsigned who = 0; who < CLIENTS; who++) {
        pids[who] = fork();
        if (pids[who] == 0)
            _exit(be_a_client(&who));
    }
    for (unsigned who = 0; who < CLIENTS; who++) {
        int status = -1;
        assert_int_equal(waitpid(pids[who], &status, 0), pids[who]);
        assert_int_equal(status, 0);
    }
    ok(clrfDelete("common", 0, NULL));
}

static void *read_all_the_time(void *arg)
{
    char text[8] = "";
    for (unsigned turn = 0; turn < 100; turn++) {
        size_t len = sizeof(text);
        if (get(arg, NULL, text, &len) != CLRC_SUCCESS || len != 4)
            return arg;
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static char name[] = "threads";
    pthread_t threads[4] = {0};
    ok(put(name, NULL, "text", 4));
    for (size_t i = 0; i < KM_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, name), 0);
    for (size_t i = 0; i < KM_ARRAY_LEN(threads); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    ok(clrfDelete(name, 0, NULL));
}

/* ---- forks and deaths ---- */

static ClrfHandle inherited;

static int use_inherited(void *arg)
{
    char text[8] = "";
    size_t len = sizeof(text);
    (void)arg;
    CHILD_CHECK(clrfRead(inherited, text, &len) == CLRC_ERROR_SERVICE_DIED);
    CHILD_CHECK(get("fork", NULL, text, &len) == CLRC_SUCCESS && len == 4);
    clrfClose(inherited);
    return 0;
}

static void test_fork(void **state)
{
    (void)state;
    char text[8] = "";
    size_t len = sizeof(text);
    ok(put("fork", NULL, "text", 4));
    ok(clrfOpen("fork", CLRF_READ, NULL, &inherited));
    assert_child_succeeds(use_inherited, NULL);
    ok(clrfRead(inherited, text, &len));
    assert_int_equal(len, 4);
    clrfClose(inherited);
    ok(clrfDelete("fork", 0, NULL));
}

static void test_service_dies(void **state)
{
    (void)state;
    ClrfHandle reader = NULL, writer = NULL;
    char text[8] = "";
    size_t len = sizeof(text);
    ok(put("f", NULL, "old", 3));
    ok(clrfOpen("f", CLRF_READ, NULL, &reader));
    ok(clrfOpen("f", REPLACE, NULL, &writer));
    ok(clrfWrite(writer, "new", 3));
    km_service_signal(service, SIGKILL);
    km_service_resume(service);
    expect(clrfCommit(writer), CLRC_ERROR_SERVICE_DIED);
    expect(clrfRead(reader, text, &len), CLRC_ERROR_SERVICE_DIED);
    clrfClose(writer);
    clrfClose(reader);
    ok(get("f", NULL, text, &len));
    assert_memory_equal(text, "old", 3);
    ok(clrfDelete("f", 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),       cmocka_unit_test(test_position),
        cmocka_unit_test(test_names),        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_many_clients), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fork),         cmocka_unit_test(test_service_dies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
