/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include <sys/socket.h>

#include "cloud/common/bus.h"
#include "common/km_listen.h"
#include "common/km_sock.h"

#define CERTIFICATE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* One of each kind, with everything that it may have. */
static const struct km_bus_frame good[] = {
    {.kind = KM_BUS_HELLO, .number = KM_BUS_VERSION, .client_id = OCTETS("rules")},
    {.kind = KM_BUS_WATCH, .topic = OCTETS("a/+/#")},
    {.kind = KM_BUS_UNWATCH, .topic = OCTETS("a/+/#")},
    {.kind = KM_BUS_PUBLISH,
     .topic = OCTETS("a/b"),
     .payload = OCTETS("x\0y"),
     .qos = 1,
     .retain = true,
     .hops = 3},
    {.kind = KM_BUS_KICK, .client_id = OCTETS("thing-1")},
    {.kind = KM_BUS_KICK, .principal = OCTETS(CERTIFICATE)},
    {.kind = KM_BUS_CHANGED, .number = UINT64_MAX},
    {.kind = KM_BUS_MESSAGE,
     .topic = OCTETS("a/b"),
     .payload = OCTETS("{}"),
     .qos = 2,
     .retain = true,
     .hops = 255,
     .time_ms = 1552061705277,
     .client_id = OCTETS("thing-1"),
     .principal = OCTETS(CERTIFICATE),
     .address = OCTETS("127.0.0.1")},
    {.kind = KM_BUS_MESSAGE, .topic = OCTETS("t"), .time_ms = 1},
    {.kind = KM_BUS_LOST, .number = 7},
    {.kind = KM_BUS_SERVE, .topic = OCTETS("$aws/certificates/create/+")},
    {.kind = KM_BUS_PUBLISH,
     .topic = OCTETS("a/b"),
     .client_id = OCTETS("thing-1"),
     .principal = OCTETS(CERTIFICATE)},
    {.kind = KM_BUS_PUBLISH, .topic = OCTETS("a/b"), .hops = 1, .number = 0x123456780001},
    {.kind = KM_BUS_MESSAGE, .topic = OCTETS("t"), .time_ms = 1, .hops = 1, .number = UINT64_MAX},
    {.kind = KM_BUS_COPY, .topic = OCTETS("a/b"), .payload = OCTETS("x"), .qos = 1, .retain = true},
    {.kind = KM_BUS_ANSWER, .topic = OCTETS("a/b"), .payload = OCTETS("x"), .qos = 1},
};

static bool same_frame(const struct km_bus_frame *a, const struct km_bus_frame *b)
{
    return a->kind == b->kind && a->qos == b->qos && a->retain == b->retain && a->hops == b->hops &&
           a->number == b->number && a->time_ms == b->time_ms &&
           km_slice_equal(a->topic, b->topic) && km_slice_equal(a->client_id, b->client_id) &&
           km_slice_equal(a->principal, b->principal) && km_slice_equal(a->address, b->address) &&
           km_slice_equal(a->payload, b->payload);
}

static struct km_slice printed(const struct km_bus_frame *frame, uint8_t *buf, size_t cap)
{
    struct km_slice out = {0};
    struct km_wr wr = km_wr_init(buf, cap);
    assert_true(km_bus_put(&wr, frame));
    assert_true(km_wr_finish(&wr, &out));
    return out;
}

static void test_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        uint8_t buf[512] = {0};
        struct km_bus_frame back = {0};
        struct km_slice out = printed(&good[i], buf, sizeof(buf));
        assert_int_equal(out.len, km_bus_size(&good[i]));
        assert_true(km_bus_parse(out, &back));
        assert_true(same_frame(&back, &good[i]));
        for (size_t len = 0; len < out.len; len++)
            assert_false(km_bus_parse(KM_SLICE(out.ptr, len), &back));
        assert_false(km_bus_parse(KM_SLICE(out.ptr, out.len + 1), &back));
        assert_true(same_frame(&back, &good[i]));
    }
}

static void test_octets(void **state)
{
    (void)state;
    static const uint8_t want[] = {4, 1, 1, 3, 0, 0, 0, 0, 0,   0,   0,   0,   0, 0,  0, 0,
                                   0, 0, 0, 0, 3, 0, 0, 0, 'a', '/', 'b', 0,   0, 0,  0, 0,
                                   0, 0, 0, 0, 0, 0, 0, 3, 0,   0,   0,   'x', 0, 'y'};
    uint8_t buf[64] = {0};
    struct km_slice out = printed(&good[3], buf, sizeof(buf));
    assert_int_equal(out.len, sizeof(want));
    assert_memory_equal(buf, want, sizeof(want));
}

/* Each flipped bit either breaks the frame or is part of what comes back. */
static void test_flipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        uint8_t buf[512] = {0};
        struct km_slice out = printed(&good[i], buf, sizeof(buf));
        for (size_t bit = 0; bit < 8 * out.len; bit++) {
            uint8_t again[512] = {0};
            struct km_bus_frame back = {0};
            buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (km_bus_parse(out, &back)) {
                assert_false(same_frame(&back, &good[i]));
                assert_true(km_slice_equal(printed(&back, again, sizeof(again)), out));
            }
            buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

/* What breaks the rules of its kind is neither written nor read. */
static void test_rules(void **state)
{
    (void)state;
    static uint8_t large[KM_BUS_PAYLOAD_MAX + 1];
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = 'x';
    const struct km_bus_frame bad[] = {
        {.kind = 0, .topic = OCTETS("t")},
        {.kind = KM_BUS_ANSWER + 1, .number = 1},
        {.kind = KM_BUS_HELLO, .number = 1},
        {.kind = KM_BUS_HELLO, .client_id = OCTETS("rules")},
        {.kind = KM_BUS_WATCH},
        {.kind = KM_BUS_WATCH, .topic = OCTETS("t"), .qos = 1},
        {.kind = KM_BUS_WATCH, .topic = OCTETS("a\0b")},
        {.kind = KM_BUS_WATCH, .topic = OCTETS("a\xff")},
        {.kind = KM_BUS_WATCH, .topic = KM_SLICE(large, KM_BUS_TOPIC_MAX + 1)},
        {.kind = KM_BUS_PUBLISH, .payload = OCTETS("x")},
        {.kind = KM_BUS_PUBLISH, .topic = OCTETS("t"), .qos = 2},
        {.kind = KM_BUS_PUBLISH, .topic = OCTETS("t"), .client_id = OCTETS("c")},
        {.kind = KM_BUS_PUBLISH, .topic = OCTETS("t"), .principal = OCTETS(CERTIFICATE)},
        {.kind = KM_BUS_SERVE},
        {.kind = KM_BUS_SERVE, .topic = OCTETS("t"), .number = 1},
        {.kind = KM_BUS_PUBLISH,
         .topic = OCTETS("t"),
         .payload = KM_SLICE(large, KM_BUS_PAYLOAD_MAX + 1)},
        {.kind = KM_BUS_COPY},
        {.kind = KM_BUS_COPY, .topic = OCTETS("t"), .qos = 2},
        {.kind = KM_BUS_COPY, .topic = OCTETS("t"), .hops = 1},
        {.kind = KM_BUS_COPY, .topic = OCTETS("t"), .number = 1},
        {.kind = KM_BUS_COPY,
         .topic = OCTETS("t"),
         .client_id = OCTETS("c"),
         .principal = OCTETS(CERTIFICATE)},
        {.kind = KM_BUS_ANSWER},
        {.kind = KM_BUS_ANSWER, .topic = OCTETS("t"), .qos = 2},
        {.kind = KM_BUS_ANSWER, .topic = OCTETS("t"), .retain = true},
        {.kind = KM_BUS_ANSWER, .topic = OCTETS("t"), .hops = 1},
        {.kind = KM_BUS_KICK},
        {.kind = KM_BUS_KICK, .client_id = OCTETS("c"), .principal = OCTETS(CERTIFICATE)},
        {.kind = KM_BUS_KICK, .principal = OCTETS("ABC")},
        {.kind = KM_BUS_KICK, .client_id = KM_SLICE(large, KM_BUS_CLIENT_MAX + 1)},
        {.kind = KM_BUS_CHANGED},
        {.kind = KM_BUS_MESSAGE, .topic = OCTETS("t")},
        {.kind = KM_BUS_MESSAGE, .topic = OCTETS("t"), .time_ms = 1, .qos = 3},
        {.kind = KM_BUS_MESSAGE,
         .topic = OCTETS("t"),
         .time_ms = 1,
         .address = KM_SLICE(large, KM_BUS_ADDRESS_MAX + 1)},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        uint8_t *buf = malloc(KM_BUS_FRAME_MAX + 8);
        assert_non_null(buf);
        struct km_wr wr = km_wr_init(buf, KM_BUS_FRAME_MAX + 8);
        assert_false(km_bus_put(&wr, &bad[i]));
        assert_int_equal(wr.len, 0);
        free(buf);
        assert_int_equal(km_bus_send(NULL, -1, &bad[i]), KM_E_ARG);
    }
}

static void test_largest(void **state)
{
    (void)state;
    uint8_t *payload = calloc(1, KM_BUS_PAYLOAD_MAX);
    uint8_t *room = malloc(KM_BUS_FRAME_MAX);
    assert_true(payload != NULL && room != NULL);
    const struct km_bus_frame frame = {.kind = KM_BUS_PUBLISH,
                                       .topic = OCTETS("t"),
                                       .payload = KM_SLICE(payload, KM_BUS_PAYLOAD_MAX)};
    struct km_bus_frame back = {0};
    int fds[2] = {-1, -1};
    assert_int_equal(km_sock_pair(NULL, fds), KM_OK);
    assert_int_equal(km_bus_send(NULL, fds[0], &frame), KM_OK);
    assert_int_equal(km_bus_recv(NULL, fds[1], KM_SPAN(room, KM_BUS_FRAME_MAX - 1), &back),
                     KM_E_ARG);
    assert_int_equal(km_bus_recv(NULL, fds[1], KM_SPAN(room, KM_BUS_FRAME_MAX), &back), KM_OK);
    assert_true(same_frame(&back, &frame));
    assert_int_equal(km_sock_send(NULL, fds[0], OCTETS_OF("no frame"), NULL, 0), KM_OK);
    assert_int_equal(km_bus_recv(NULL, fds[1], KM_SPAN(room, KM_BUS_FRAME_MAX), &back),
                     KM_E_MALFORMED);
    km_fd_closep(&fds[0]);
    assert_int_equal(km_bus_recv(NULL, fds[1], KM_SPAN(room, KM_BUS_FRAME_MAX), &back), KM_E_DEAD);
    km_fd_closep(&fds[1]);
    free(room);
    free(payload);
}

static void test_connect(void **state)
{
    (void)state;
    char dir[] = "/tmp/keymoor-bus-XXXXXX";
    char path[64] = "";
    struct km_listen listener = {0};
    uint8_t *room = malloc(KM_BUS_FRAME_MAX);
    struct km_bus_frame hello = {0};
    int fd = -1;
    assert_true(room != NULL && mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof(path), "%s/bus", dir);
    assert_int_equal(km_bus_connect(NULL, path, "rules", &fd), KM_E_NOTFOUND);
    const struct km_listen_wish wish = {
        .path = path, .type = SOCK_SEQPACKET, .mode = 0600, .gid = (gid_t)-1, .backlog = 4};
    assert_int_equal(km_listen_open(NULL, &wish, &listener), KM_OK);
    assert_int_equal(km_bus_connect(NULL, path, "rules", &fd), KM_OK);
    int peer = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    assert_int_equal(km_bus_recv(NULL, peer, KM_SPAN(room, KM_BUS_FRAME_MAX), &hello), KM_OK);
    assert_true(same_frame(&hello, &good[0]));
    km_fd_closep(&peer);
    km_fd_closep(&fd);
    km_listen_close(&listener);
    assert_int_equal(rmdir(dir), 0);
    free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),   cmocka_unit_test(test_octets),
        cmocka_unit_test(test_flipped), cmocka_unit_test(test_rules),
        cmocka_unit_test(test_largest), cmocka_unit_test(test_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
