/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include <pthread.h>

#include "cloud/broker-plugin/overheard.h"

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *line, *client;
        enum ending says;
    } rows[] = {
        {"1795705154: Client dev disconnected.", "dev", ENDING_CLIENT},
        {"Client dev disconnected.", "dev", ENDING_CLIENT},
        {"2026-11-26 14:59:17: Client dev closed its connection.", "dev", ENDING_LOST},
        {"1: Client dev disconnected: Connection reset by peer.", "dev", ENDING_LOST},
        {"1: Bad socket read/write on client dev: Success", "dev", ENDING_LOST},
        {"1: Client dev has exceeded timeout, disconnecting.", "dev", ENDING_KEEP_ALIVE},
        {"1: Client dev disconnected due to malformed packet.", "dev", ENDING_CLIENT_ERROR},
        {"1: Client dev disconnected due to protocol error.", "dev", ENDING_CLIENT_ERROR},
        {"1: Client dev disconnected due to oversize packet.", "dev", ENDING_CLIENT_ERROR},
        {"1: Client dev disconnected, not authorised.", "dev", ENDING_FORBIDDEN},
        {"1: Client dev disconnected due to out of memory.", "dev", ENDING_SERVER_ERROR},
        {"1: Client dev been disconnected by administrative action.", "dev", ENDING_SERVER},
        /* a name that holds the words */
        {"1: Client a: Client b disconnected.", "a: Client b", ENDING_CLIENT},
        {"1: Client a: Client b disconnected.", "b", ENDING_UNKNOWN},
        {"1: Client a disconnected. closed its connection.", "a disconnected.", ENDING_LOST},
        {"1: Client a disconnected. closed its connection.", "a", ENDING_UNKNOWN},
        /* of somebody else, or nothing of the kind */
        {"1: Client device disconnected.", "dev", ENDING_UNKNOWN},
        {"1: New client connected from ::1:1 as dev (p2, c1, k60).", "dev", ENDING_UNKNOWN},
        {"1: Client dev disconnected. And more", "dev", ENDING_UNKNOWN},
        {"", "dev", ENDING_UNKNOWN},
        {": ", "", ENDING_UNKNOWN},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        if (ending_told(rows[i].line, rows[i].client) != rows[i].says)
            fail_msg("%s of %s", rows[i].line, rows[i].client);
}

static void *say_something_else(void *arg)
{
    (void)fputs("1: Client b closed its connection.\n", stderr);
    return arg;
}

static void test_listening(void **state)
{
    (void)state;
    char long_line[4000] = "";
    pthread_t other = 0;
    FILE *before = stderr;
    overheard_start();
    (void)fprintf(stderr, "%d: Client %s closed its connection.\n", 1, "a");
    assert_int_equal(overheard_ending("a"), ENDING_LOST);
    assert_int_equal(overheard_ending("a"), ENDING_UNKNOWN); /* it was asked for */
    (void)fputs("1: Client a has exceeded", stderr);         /* in two pieces */
    (void)fputs(" timeout, disconnecting.\n", stderr);
    assert_int_equal(pthread_create(&other, NULL, say_something_else, NULL), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(overheard_ending("a"), ENDING_KEEP_ALIVE);
    memset(long_line, 'x', sizeof(long_line) - 1);
    (void)fprintf(stderr, "%s\n1: Client a disconnected.\n", long_line);
    assert_int_equal(overheard_ending("a"), ENDING_CLIENT);
    overheard_stop();
    assert_ptr_equal(stderr, before);
    overheard_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_listening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
