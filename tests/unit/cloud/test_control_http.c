/* SPDX-License-Identifier: Apache-2.0 */
/* The server below the operations: its bounds in time and number, and answers that come later. */
#include "cloud/control/http.h"
#include "tests/unit/km_test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define REQUEST_MS 1000
#define BODY_MAX 1000
#define LATER_MAX 8

struct rig {
    struct km_loop loop;
    struct km_http *http;
    struct km_http_exchange *later[LATER_MAX];
    size_t n_later;
    size_t n_served;
    enum km_http_fault fault;
    size_t body_len;
};

static size_t body_max(void *arg, struct km_slice method, struct km_slice target)
{
    (void)arg;
    (void)method;
    (void)target;
    return BODY_MAX;
}

static void answer(struct km_http_exchange *exchange, const char *text)
{
    struct km_http_reply reply = {.status = 200,
                                  .content_type = "text/plain",
                                  .body = strdup(text),
                                  .body_len = strlen(text)};
    reply.headers[reply.n_headers++] = (struct km_http_reply_header){"X-Test", "yes"};
    km_http_answer(exchange, &reply);
}

static void serve(void *arg, struct km_http_exchange *exchange,
                  const struct km_http_request *request)
{
    struct rig *rig = arg;
    rig->n_served++;
    rig->fault = request->fault;
    rig->body_len = request->body.len;
    assert_string_equal(request->address, "127.0.0.1");
    if (km_slice_equal(request->target, KM_SLICE_STR("/later")) && rig->n_later < LATER_MAX)
        rig->later[rig->n_later++] = exchange;
    else
        answer(exchange, "now");
}

static int setup(void **state)
{
    struct km_err err = {0};
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    assert_int_equal(km_loop_init(&err, &rig->loop), KM_OK);
    const struct km_http_config config = {.address = "127.0.0.1", .request_ms = REQUEST_MS};
    const struct km_http_service service = {.body_max = body_max, .serve = serve, .arg = rig};
    assert_int_equal(km_http_new(&err, &rig->loop, &config, &service, &rig->http), KM_OK);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    km_http_free(rig->http);
    km_loop_clear(&rig->loop);
    free(rig);
    return 0;
}

/* ---- a client in the same thread ---- */

static void turn(struct rig *rig)
{
    int wait_ms = km_http_next_ms(rig->http);
    assert_int_equal(km_loop_once(NULL, &rig->loop, wait_ms < 20 ? wait_ms : 20), KM_OK);
    km_http_tick(rig->http);
}

static int connected(const struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)km_http_port(rig->http)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int sent(const struct rig *rig, const char *text)
{
    int fd = connected(rig);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

/* Turns until the server has closed the connection; what came is in text. */
static void until_closed(struct rig *rig, int fd, char *text, size_t cap)
{
    size_t len = 0;
    for (;;) {
        turn(rig);
        ssize_t n = recv(fd, text + len, cap - len - 1, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    (void)close(fd);
}

/* Turns until something has come. */
static void until_heard(struct rig *rig, int fd, char *text, size_t cap)
{
    ssize_t n = -1;
    while (n < 0) {
        turn(rig);
        n = recv(fd, text, cap - 1, MSG_DONTWAIT);
        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
    }
    text[n] = '\0';
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

/* ---- the tests ---- */

static void connections_are_kept(void **state)
{
    struct rig *rig = *state;
    char text[512] = {0};
    int fd = sent(rig, GET("/"));
    for (size_t i = 1; i <= 3; i++) {
        until_heard(rig, fd, text, sizeof(text));
        assert_non_null(strstr(text, "HTTP/1.1 200 OK"));
        assert_non_null(strstr(text, "X-Test: yes"));
        assert_non_null(strstr(text, "now"));
        assert_int_equal(rig->n_served, i);
        if (i < 3)
            assert_true(send(fd, GET("/"), strlen(GET("/")), MSG_NOSIGNAL) > 0);
    }
    until_closed(rig, fd, text, sizeof(text)); /* after a while without a request */
}

static void who_is_slow_is_left(void **state)
{
    struct rig *rig = *state;
    static const char *const rows[] = {
        "",
        "G",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n",
        "\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
    };
    char text[512] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        until_closed(rig, sent(rig, rows[i]), text, sizeof(text));
    assert_int_equal(rig->n_served, 0);
}

/* An octet now and then keeps no connection open. */
static void who_drips_is_left(void **state)
{
    struct rig *rig = *state;
    char text[64] = {0};
    int fd = sent(rig, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    ssize_t n = -1;
    while (n != 0 && (n > 0 || errno == EAGAIN)) {
        (void)send(fd, "x", 1, MSG_NOSIGNAL);
        turn(rig);
        n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
    }
    (void)close(fd);
    assert_int_equal(rig->n_served, 0);
}

static void more_than_there_is_room_for(void **state)
{
    struct rig *rig = *state;
    static int fds[KM_HTTP_CONNECTIONS_MAX + 40];
    char text[512] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++) {
        fds[i] = connected(rig);
        turn(rig);
    }
    /* The idle ones end in time, and then there is room again. */
    int fd = sent(rig, GET("/"));
    until_heard(rig, fd, text, sizeof(text));
    assert_non_null(strstr(text, "200 OK"));
    (void)close(fd);
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++)
        (void)close(fds[i]);
}

static void bodies_are_bounded(void **state)
{
    struct rig *rig = *state;
    char request[4096] = {0};
    char text[512] = {0};
    static const struct {
        size_t len;
        enum km_http_fault fault;
    } rows[] = {{0, KM_HTTP_OK},
                {BODY_MAX, KM_HTTP_OK},
                {BODY_MAX + 1, KM_HTTP_TOO_LARGE},
                {3000, KM_HTTP_TOO_LARGE}};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        int n = snprintf(request, sizeof(request),
                         "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", rows[i].len);
        (void)memset(request + n, 'x', rows[i].len);
        request[(size_t)n + rows[i].len] = '\0';
        int fd = sent(rig, request);
        until_heard(rig, fd, text, sizeof(text));
        (void)close(fd);
        assert_int_equal(rig->fault, rows[i].fault);
        assert_int_equal(rig->body_len, rows[i].fault == KM_HTTP_OK ? rows[i].len : 0);
    }
}

static void answers_may_come_later(void **state)
{
    struct rig *rig = *state;
    char text[512] = {0};
    int fds[3] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++)
        fds[i] = sent(rig, GET("/later"));
    while (rig->n_later < KM_ARRAY_LEN(fds))
        turn(rig);
    /* Nobody who waits is in the way, nor is left for being slow. */
    int64_t until_ms = km_loop_now_ms() + 2 * REQUEST_MS;
    while (km_loop_now_ms() < until_ms)
        turn(rig);
    int other = sent(rig, GET("/"));
    until_heard(rig, other, text, sizeof(text));
    (void)close(other);
    for (size_t i = KM_ARRAY_LEN(fds); i > 0; i--)
        answer(rig->later[i - 1], "then");
    for (size_t i = 0; i < KM_ARRAY_LEN(fds); i++) {
        until_heard(rig, fds[i], text, sizeof(text));
        assert_non_null(strstr(text, "then"));
        (void)close(fds[i]);
    }
}

/* The teardown has to end what waits. */
static void it_may_end_meanwhile(void **state)
{
    struct rig *rig = *state;
    int fd = sent(rig, GET("/later"));
    while (rig->n_later < 1)
        turn(rig);
    (void)close(fd);
    fd = sent(rig, GET("/later"));
    while (rig->n_later < 2)
        turn(rig);
    (void)close(fd);
}

static void addresses(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_http *http = NULL;
    const struct km_http_service service = {.body_max = body_max, .serve = serve, .arg = rig};
    struct km_http_config config = {.address = "127.0.0.1", .port = km_http_port(rig->http)};
    assert_int_equal(km_http_new(&err, &rig->loop, &config, &service, &http), KM_E_BUSY);
    config = (struct km_http_config){.address = "localhost"};
    km_err_clear(&err);
    assert_int_equal(km_http_new(&err, &rig->loop, &config, &service, &http), KM_E_ARG);
    config = (struct km_http_config){.address = "127.0.0.1", .port = 65536};
    km_err_clear(&err);
    assert_int_equal(km_http_new(&err, &rig->loop, &config, &service, &http), KM_E_ARG);
    assert_null(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connections_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_slow_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(who_drips_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_there_is_room_for, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_may_come_later, setup, teardown),
        cmocka_unit_test_setup_teardown(it_may_end_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
