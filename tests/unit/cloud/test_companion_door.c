/* SPDX-License-Identifier: Apache-2.0 */
/* The socket for runs: good guests, guests that leave, and guests that talk nonsense. */
#include <sys/socket.h>
#include <sys/un.h>

#include "cloud/companion/door.h"
#include "tests/unit/cloud/runner_rig.h"

static const struct rig_function functions[] = {
    {.name = "echo", .source = "def handler(event, context):\n    return event\n"},
    {.name = "sleeps",
     .source = "import time\ndef handler(e, c):\n    time.sleep(300)\n",
     .timeout_s = 300},
};

static struct rig *rig;
static struct door *door;
static char path[128];

static int set_up(void **state)
{
    (void)state;
    rig = rig_new(functions, KM_ARRAY_LEN(functions));
    rig_start(rig);
    snprintf(path, sizeof path, "%s/door", rig->dir);
    const struct km_listen_wish wish = {
        .path = path, .type = SOCK_STREAM, .mode = 0600, .gid = (gid_t)-1, .backlog = 16};
    assert_int_equal(door_open(NULL, &rig->loop, rig->runner, &wish, &door), KM_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_closep(&door);
    assert_int_equal(access(path, F_OK), -1);
    rig_free(rig);
    return 0;
}

static void turn(void)
{
    assert_int_equal(km_loop_once(NULL, &rig->loop, 100), KM_OK);
    km_runner_tick(rig->runner);
}

static struct km_invoke request_of(const char *function, const char *payload)
{
    return (struct km_invoke){.kind = KM_INVOKE_WAIT,
                              .account = RIG_ACCOUNT,
                              .region = "us-west-1",
                              .function = function,
                              .payload = KM_SLICE_STR(payload)};
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    km_copy(address.sun_path, sizeof address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static bool is_readable(int fd)
{
    uint8_t octet = 0;
    return recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void a_request_is_answered(void **state)
{
    (void)state;
    int fd = -1;
    struct km_invoke_answer answer = {.payload = NULL};
    const struct km_invoke good = request_of("echo", "[1]"), bad = request_of("nobody", "[1]");
    struct km_err err = {.status = KM_OK};
    assert_int_equal(km_invoke_begin(NULL, path, &good, &fd), KM_OK);
    while (!is_readable(fd))
        turn();
    assert_int_equal(km_invoke_finish(NULL, fd, &answer), KM_OK);
    assert_string_equal((const char *)answer.payload, "[1]");
    km_invoke_answer_clear(&answer);
    close(fd);
    assert_int_equal(km_invoke_begin(NULL, path, &bad, &fd), KM_OK);
    while (!is_readable(fd))
        turn();
    assert_int_equal(km_invoke_finish(&err, fd, &answer), KM_E_NOTFOUND);
    assert_string_equal(err.text, "there is no function nobody");
    close(fd);
}

static void who_leaves_needs_no_answer(void **state)
{
    (void)state;
    int fd = -1;
    const struct km_invoke request = request_of("sleeps", "1");
    assert_int_equal(km_invoke_begin(NULL, path, &request, &fd), KM_OK);
    while (km_runner_count(rig->runner).running == 0)
        turn();
    close(fd);
    while (km_runner_count(rig->runner).running > 0)
        turn();
}

static void a_request_may_come_in_pieces(void **state)
{
    (void)state;
    uint8_t bytes[512] = {0};
    struct km_wr wr = km_wr_init(bytes + 4, sizeof bytes - 4), head = km_wr_init(bytes, 4);
    struct km_slice out = {0};
    struct km_invoke_answer answer = {.payload = NULL};
    const struct km_invoke request = request_of("echo", "[2]");
    km_invoke_write(&wr, &request);
    assert_true(km_wr_finish(&wr, &out));
    km_wr_u32le(&head, (uint32_t)out.len);
    int fd = dial();
    for (size_t i = 0; i < out.len + 4; i++) {
        assert_int_equal(send(fd, bytes + i, 1, MSG_NOSIGNAL), 1);
        turn();
    }
    while (!is_readable(fd))
        turn();
    assert_int_equal(km_invoke_finish(NULL, fd, &answer), KM_OK);
    assert_string_equal((const char *)answer.payload, "[2]");
    km_invoke_answer_clear(&answer);
    close(fd);
}

/* hung_up: nothing is answered, the connection ends. */
static void is_hung_up_on(const char *bytes, size_t len)
{
    uint8_t octet = 0;
    int fd = dial();
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
    ssize_t n = -1;
    while ((n = recv(fd, &octet, 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        turn();
    assert_true(n <= 0);
    close(fd);
}

static void nonsense_is_hung_up_on(void **state)
{
    (void)state;
    is_hung_up_on("\xff\xff\xff\xff", 4);
    is_hung_up_on("\x01\0\0\0ab", 6);
    int fd = dial();
    struct km_invoke_answer answer = {.payload = NULL};
    assert_int_equal(send(fd, "\x03\0\0\0abc", 7, MSG_NOSIGNAL), 7);
    while (!is_readable(fd))
        turn();
    assert_int_equal(km_invoke_finish(NULL, fd, &answer), KM_E_MALFORMED);
    close(fd);
}

static void guests_are_bounded(void **state)
{
    (void)state;
    int fds[DOOR_GUESTS_MAX + 1];
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++) {
        fds[i] = dial();
        turn();
    }
    uint8_t octet = 0;
    assert_int_equal(recv(fds[DOOR_GUESTS_MAX], &octet, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(fds[0], &octet, 1, MSG_DONTWAIT), -1);
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++)
        close(fds[i]);
}

#define DOOR_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST(a_request_is_answered),        DOOR_TEST(who_leaves_needs_no_answer),
        DOOR_TEST(a_request_may_come_in_pieces), DOOR_TEST(nonsense_is_hung_up_on),
        DOOR_TEST(guests_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
