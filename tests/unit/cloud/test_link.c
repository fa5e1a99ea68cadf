/* SPDX-License-Identifier: Apache-2.0 */
/* Links to two brokers: who gets a message and who a copy, answers, and brokers that are slow or gone. */
#include "tests/unit/km_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/common/link.h"
#include "common/km_listen.h"

static struct rig {
    char dir[64], paths[2][80];
    struct km_listen listeners[2];
    int peers[2];
    struct km_loop loop;
    struct links *links;
    uint8_t *room;
    unsigned n_up, n_down;
    size_t asking; /* the link of the last message */
} rig;

static void message(void *ctx, const struct km_bus_frame *frame)
{
    (void)ctx;
    assert_int_equal(frame->kind, KM_BUS_MESSAGE);
    rig.asking = links_asking(rig.links);
}

static void note(void *ctx, const char *path, const struct km_err *failure, uint64_t n_lost)
{
    (void)ctx;
    (void)path;
    assert_int_equal(n_lost, 0);
    rig.n_up += failure == NULL ? 1 : 0;
    rig.n_down += failure != NULL ? 1 : 0;
}

static struct km_bus_frame hear(int broker)
{
    struct km_bus_frame frame = {.kind = KM_BUS_HELLO};
    assert_int_equal(
        km_bus_recv(NULL, rig.peers[broker], KM_SPAN(rig.room, KM_BUS_FRAME_MAX), &frame), KM_OK);
    return frame;
}

static void expect(int broker, enum km_bus_kind kind, const char *topic)
{
    struct km_bus_frame frame = hear(broker);
    assert_int_equal(frame.kind, kind);
    assert_true(km_slice_equal(frame.topic, KM_SLICE_STR(topic)));
}

static int set_up(void **state)
{
    (void)state;
    static const char *paths[2];
    static const struct links_host host = {.message = message, .note = note};
    rig = (struct rig){.peers = {-1, -1}, .loop = {.epoll_fd = -1}, .asking = 99};
    snprintf(rig.dir, sizeof rig.dir, "/tmp/km-link-XXXXXX");
    assert_non_null(mkdtemp(rig.dir));
    rig.room = malloc(KM_BUS_FRAME_MAX);
    assert_non_null(rig.room);
    assert_int_equal(km_loop_init(NULL, &rig.loop), KM_OK);
    for (int i = 0; i < 2; i++) {
        snprintf(rig.paths[i], sizeof rig.paths[i], "%s/%d", rig.dir, i);
        paths[i] = rig.paths[i];
        const struct km_listen_wish wish = {.path = rig.paths[i],
                                            .type = SOCK_SEQPACKET,
                                            .mode = 0600,
                                            .gid = (gid_t)-1,
                                            .backlog = 4};
        assert_int_equal(km_listen_open(NULL, &wish, &rig.listeners[i]), KM_OK);
    }
    assert_int_equal(links_new(NULL, &rig.loop, "test", paths, 2, &host, &rig.links), KM_OK);
    links_tick(rig.links);
    assert_int_equal(links_n_up(rig.links), 2);
    for (int i = 0; i < 2; i++) {
        rig.peers[i] = accept4(rig.listeners[i].fd, NULL, NULL, SOCK_CLOEXEC);
        assert_true(rig.peers[i] >= 0);
        assert_int_equal(hear(i).kind, KM_BUS_HELLO);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    links_freep(&rig.links);
    for (int i = 0; i < 2; i++) {
        km_fd_closep(&rig.peers[i]);
        km_listen_close(&rig.listeners[i]);
    }
    km_loop_clear(&rig.loop);
    free(rig.room);
    return rmdir(rig.dir);
}

static km_status publish(size_t first, const char *topic)
{
    const struct km_bus_frame frame = {
        .kind = KM_BUS_PUBLISH, .topic = KM_SLICE_STR(topic), .qos = 1, .hops = 2, .number = 7};
    return links_publish(NULL, rig.links, first, &frame);
}

static void one_message_and_copies(void **state)
{
    (void)state;
    assert_int_equal(publish(LINK_ANY, "a"), KM_OK);
    struct km_bus_frame got = hear(0);
    assert_true(got.kind == KM_BUS_PUBLISH && got.hops == 2 && got.number == 7);
    got = hear(1);
    assert_true(got.kind == KM_BUS_COPY && got.hops == 0 && got.number == 0 && got.qos == 1);
    assert_int_equal(publish(1, "b"), KM_OK);
    expect(0, KM_BUS_COPY, "b");
    expect(1, KM_BUS_PUBLISH, "b");
}

static void say(int broker, const struct km_bus_frame *frame)
{
    assert_int_equal(km_bus_send(NULL, rig.peers[broker], frame), KM_OK);
}

static void who_asks_is_known(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        say(i, &(struct km_bus_frame){
                   .kind = KM_BUS_MESSAGE, .topic = KM_SLICE_STR("t"), .time_ms = 1});
        while (rig.asking != (size_t)i)
            assert_int_equal(km_loop_once(NULL, &rig.loop, -1), KM_OK);
        assert_int_equal(links_asking(rig.links), LINK_ANY);
    }
}

static void answers_are_handed_on(void **state)
{
    (void)state;
    say(1, &(struct km_bus_frame){.kind = KM_BUS_ANSWER, .topic = KM_SLICE_STR("x"), .qos = 1});
    assert_int_equal(km_loop_once(NULL, &rig.loop, -1), KM_OK);
    expect(0, KM_BUS_COPY, "x");
    assert_int_equal(publish(0, "then"), KM_OK);
    expect(1, KM_BUS_COPY, "then"); /* and not handed back */
}

/* One that is gone is no longer the first; the other gets the message itself. */
static void a_broker_that_is_gone(void **state)
{
    (void)state;
    km_fd_closep(&rig.peers[0]);
    assert_int_equal(publish(0, "a"), KM_OK);
    expect(1, KM_BUS_PUBLISH, "a");
    assert_int_equal(links_n_up(rig.links), 1);
    km_fd_closep(&rig.peers[1]);
    assert_int_equal(publish(0, "b"), KM_E_DEAD);
    assert_int_equal(publish(0, "c"), KM_E_DEAD);
}

/*
 * One that does not read for a while loses nothing as long as it fits, in order; then it is told that there is too much, and the
 * other has it all.
 */
static void a_broker_that_is_slow(void **state)
{
    (void)state;
    unsigned n = 0;
    char topic[1000] = {0};
    assert_false(links_are_full(rig.links));
    while (rig.n_down == 0) {
        snprintf(topic, sizeof topic, "%u/%0900d", n++, 0);
        assert_int_equal(publish(0, topic), KM_OK);
        expect(1, rig.n_down == 0 ? KM_BUS_COPY : KM_BUS_PUBLISH, topic);
    }
    assert_true(n > LINK_QUEUE_MAX / 1200);
    for (unsigned i = 0; i < 3; i++) { /* told once */
        assert_int_equal(publish(0, "more"), KM_OK);
        struct km_bus_frame got = hear(1);
        assert_true(got.kind == KM_BUS_COPY || got.kind == KM_BUS_PUBLISH);
    }
    assert_int_equal(rig.n_down, 1);
    /* It reads again, and takes what waited. */
    unsigned next = 0;
    assert_int_equal(fcntl(rig.peers[0], F_SETFL, O_NONBLOCK), 0);
    while (next < n - 1) {
        struct km_bus_frame frame = {.kind = KM_BUS_HELLO};
        km_status status =
            km_bus_recv(NULL, rig.peers[0], KM_SPAN(rig.room, KM_BUS_FRAME_MAX), &frame);
        if (status == KM_E_BUSY) {
            assert_int_equal(km_loop_once(NULL, &rig.loop, -1), KM_OK);
            continue;
        }
        assert_int_equal(status, KM_OK);
        snprintf(topic, sizeof topic, "%u/%0900d", next++, 0);
        assert_true(km_slice_equal(frame.topic, KM_SLICE_STR(topic)));
        assert_int_equal(frame.kind, KM_BUS_PUBLISH);
    }
    assert_false(links_are_full(rig.links));
    assert_int_equal(rig.n_down, 1);
}

/* Whoever publishes is told to wait, and not for ever. */
static void waiting_for_a_broker_ends(void **state)
{
    (void)state;
    static uint8_t large[KM_BUS_PAYLOAD_MAX];
    const struct km_bus_frame frame = {.kind = KM_BUS_PUBLISH,
                                       .topic = KM_SLICE_STR("t"),
                                       .payload = KM_SLICE(large, sizeof large)};
    int64_t begun_ms = km_loop_now_ms();
    bool was_full = false;
    while (rig.n_down == 0) {
        assert_int_equal(links_publish(NULL, rig.links, 1, &frame), KM_OK);
        (void)hear(1);
        was_full = was_full || links_are_full(rig.links);
    }
    /* A machine that takes longer than that for the above has waited by itself. */
    assert_true(was_full || km_loop_now_ms() - begun_ms >= LINK_STALL_MS);
    while (links_are_full(rig.links))
        assert_int_equal(km_loop_once(NULL, &rig.loop, 50), KM_OK);
    assert_int_equal(links_n_up(rig.links), 2);
}

#define LINK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(one_message_and_copies), LINK_TEST(who_asks_is_known),
        LINK_TEST(answers_are_handed_on),  LINK_TEST(a_broker_that_is_gone),
        LINK_TEST(a_broker_that_is_slow),  LINK_TEST(waiting_for_a_broker_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
