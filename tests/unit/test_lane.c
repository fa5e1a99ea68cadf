/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a lane, with a forked instance. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/lane_peer.h"

struct bench {
    struct km_lane_client *lane;
    pid_t pid;
};

static void begin(struct bench *b)
{
    int memory = -1;
    int sock = -1;
    b->pid = lane_peer_start(1, &memory, &sock);
    assert_int_equal(km_lane_client_new(NULL, memory, sock, &b->lane), KM_OK);
}

/* The instance ends by itself when its client goes. */
static void finish(struct bench *b)
{
    int status = 0;
    km_lane_client_free(b->lane);
    assert_int_equal(waitpid(b->pid, &status, 0), b->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static uint32_t invoke(struct bench *b, uint32_t command, struct km_lane_client_param *params)
{
    uint32_t result = 77;
    uint32_t origin = 77;
    assert_int_equal(
        km_lane_client_call(NULL, b->lane, KM_LANE_INVOKE, command, params, &result, &origin),
        KM_OK);
    assert_int_equal(origin, PEER_ORIGIN);
    return result;
}

static void test_values(void **state)
{
    (void)state;
    struct bench b = {0};
    begin(&b);
    assert_int_equal(invoke(&b, PEER_NOTHING, NULL), 0);
    struct km_lane_client_param params[4] = {
        {.type = KM_PARAM_VALUE_IN, .a = 1, .b = 2},
        {.type = KM_PARAM_VALUE_OUT, .a = 3, .b = 4},
        {.type = KM_PARAM_VALUE_INOUT, .a = 5, .b = 0xffffffff}};
    assert_int_equal(invoke(&b, PEER_ECHO, params), 0);
    assert_int_equal(params[0].a, 1);
    assert_int_equal(params[1].a, 1);
    assert_int_equal(params[1].b, 1);
    assert_int_equal(params[2].a, 6);
    assert_int_equal(params[2].b, 0);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
