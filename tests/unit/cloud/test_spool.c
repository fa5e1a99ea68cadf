/* SPDX-License-Identifier: Apache-2.0 */
/* Events on disk: none is lost between a start and the next, and a function that has many leaves room and turns to the others. */
#include "tests/unit/km_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cloud/functions/spool.h"

static char dir[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/km-spool-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *files = fdopendir(fd);
    for (const struct dirent *file = readdir(files); file != NULL; file = readdir(files))
        if (file->d_name[0] != '.')
            (void)unlinkat(fd, file->d_name, 0);
    (void)closedir(files);
    return rmdir(dir);
}

static km_status add(struct km_spool *spool, const char *function, const char *payload)
{
    const struct km_invoke invoke = {.kind = KM_INVOKE_EVENT,
                                     .account = "123456789012",
                                     .region = "eu-central-1",
                                     .function = function,
                                     .qualifier = "",
                                     .request_id = "01234567-89ab-cdef-0123-456789abcdef",
                                     .payload = KM_SLICE_STR(payload)};
    struct km_err err = {.status = KM_OK};
    km_status status = km_spool_add(&err, spool, &invoke, 1000);
    assert_int_equal(status != KM_OK, err.text[0] != '\0');
    return status;
}

static struct km_spool *open_spool(unsigned max)
{
    struct km_spool *spool = NULL;
    assert_int_equal(km_spool_open(NULL, dir, max, &spool), KM_OK);
    return spool;
}

/* The payloads of what is due, in order, each done with. */
static void assert_due(struct km_spool *spool, const char *expected)
{
    char got[256] = {0};
    for (struct km_spool_entry *entry = km_spool_take(spool, 2000); entry != NULL;
         entry = km_spool_take(spool, 2000)) {
        uint8_t *bytes = NULL;
        struct km_invoke_strings strings = {.account = ""};
        struct km_invoke invoke = {.kind = KM_INVOKE_EVENT};
        assert_int_equal(km_spool_read(NULL, spool, entry, &bytes, &strings, &invoke), KM_OK);
        size_t len = strlen(got);
        snprintf(got + len, sizeof got - len, "%.*s ", (int)invoke.payload.len,
                 (const char *)invoke.payload.ptr);
        free(bytes);
        km_spool_remove(spool, entry);
    }
    assert_string_equal(got, expected);
    assert_int_equal(km_spool_count(spool), 0);
    assert_int_equal(km_spool_next_ms(spool), INT64_MAX);
}

/* Whichever function begins, each has its turn; those of one stay in order. */
static void functions_take_turns(void **state)
{
    (void)state;
    for (unsigned again = 0; again < 2; again++) {
        struct km_spool *spool = open_spool(100);
        for (unsigned i = 0; i < 5; i++) {
            char payload[8] = {0};
            snprintf(payload, sizeof payload, "%u", i);
            assert_int_equal(add(spool, "many", payload), KM_OK);
        }
        assert_int_equal(add(spool, "few", "10"), KM_OK);
        assert_int_equal(add(spool, "few", "11"), KM_OK);
        assert_int_equal(km_spool_next_ms(spool), 0);
        if (again == 1) { /* and the same after a start */
            km_spool_freep(&spool);
            spool = open_spool(100);
            assert_int_equal(km_spool_count(spool), 7);
        }
        struct km_spool_entry *first = km_spool_take(spool, 2000);
        struct km_spool_entry *second = km_spool_take(spool, 2000);
        assert_true(first->share != second->share);
        km_spool_postpone(spool, second, 2000);
        km_spool_postpone(spool, first, 1500);
        assert_int_equal(km_spool_count(spool), 7);
        bool many_first = first->id < second->id;
        assert_due(spool, many_first ? "1 11 2 10 3 4 0 " : "11 1 10 2 3 4 0 ");
        km_spool_freep(&spool);
    }
}

/* One function can take half; the rest is for others, as long as there is any. */
static void one_function_leaves_room(void **state)
{
    (void)state;
    struct km_spool *spool = open_spool(20);
    unsigned n = 0;
    while (add(spool, "hot", "1") == KM_OK)
        n++;
    assert_int_equal(n, 11); /* the one that found ten and room for ten */
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(add(spool, "calm", "2"), KM_OK);
    assert_int_equal(add(spool, "calm", "2"), KM_E_BUSY);
    assert_int_equal(add(spool, "third", "3"), KM_OK);
    assert_int_equal(add(spool, "hot", "1"), KM_E_BUSY);
    /* A start does not forget whose they are. */
    km_spool_freep(&spool);
    spool = open_spool(20);
    assert_int_equal(add(spool, "hot", "1"), KM_E_BUSY);
    assert_int_equal(add(spool, "fourth", "4"), KM_OK);
    /* What is done with makes room. */
    for (unsigned i = 0; i < 18; i++)
        km_spool_remove(spool, km_spool_take(spool, 2000));
    assert_null(km_spool_take(spool, 2000));
    assert_int_equal(add(spool, "hot", "1"), KM_OK);
    km_spool_freep(&spool);
}

static void one_that_cannot_be_read_counts_no_more(void **state)
{
    (void)state;
    struct km_spool *spool = open_spool(2);
    assert_int_equal(add(spool, "f", "1"), KM_OK);
    km_spool_set_aside(spool, km_spool_take(spool, 2000));
    assert_int_equal(km_spool_count(spool), 0);
    assert_int_equal(add(spool, "f", "1"), KM_OK);
    km_spool_freep(&spool);
    spool = open_spool(2);
    assert_int_equal(km_spool_count(spool), 1);
    km_spool_freep(&spool);
}

#define SPOOL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(functions_take_turns),
        SPOOL_TEST(one_function_leaves_room),
        SPOOL_TEST(one_that_cannot_be_read_counts_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
