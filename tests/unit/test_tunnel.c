/* SPDX-License-Identifier: Apache-2.0 */
/* The tunnel's parts that need no service: places, options, who connects, addresses, the PROXY header. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clrtls.h"
#include "tests/unit/km_test.h"
#include "tools/tunnel/options.h"
#include "tools/tunnel/proxy2.h"
#include "tools/tunnel/resolve.h"
#include "tools/tunnel/who.h"

/* ---- places ---- */

static void places(void **state)
{
    static const struct {
        const char *text;
        enum place_kind kind;
        const char *host, *port, *path;
    } good[] = {
        {"-", PLACE_STDIO, "", "", ""},
        {"systemd", PLACE_SYSTEMD, "", "", ""},
        {"unix:mqtt.sock", PLACE_UNIX, "", "", "mqtt.sock"},
        {"/run/mqtt:1.sock", PLACE_UNIX, "", "", "/run/mqtt:1.sock"},
        {"./-", PLACE_UNIX, "", "", "./-"},
        {"8883", PLACE_TCP, "", "8883", ""},
        {"cloud.example:8883", PLACE_TCP, "cloud.example", "8883", ""},
        {"cloud.example:mqtts", PLACE_TCP, "cloud.example", "mqtts", ""},
        {"127.0.0.1:0", PLACE_TCP, "127.0.0.1", "0", ""},
        {"[::1]:443", PLACE_TCP, "::1", "443", ""},
    };
    static const char *const bad[] = {"",        ":",     ":443",   "host:", "::1",
                                      "::1:443", "[::1]", "[]:443", "unix:", "[::1]:"};
    char long_path[256] = "/";
    char long_host[512] = {0};
    struct place place = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        assert_int_equal(place_parse(NULL, good[i].text, &place), KM_OK);
        assert_int_equal(place.kind, good[i].kind);
        assert_string_equal(place.host, good[i].host);
        assert_string_equal(place.port, good[i].port);
        assert_string_equal(place.path, good[i].path);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        struct km_err err = {0};
        assert_int_equal(place_parse(&err, bad[i], &place), KM_E_ARG);
        assert_string_not_equal(err.text, "");
    }
    for (size_t len = 2; len < sizeof(long_path) - 1; len++) {
        long_path[len - 1] = 'x';
        assert_int_equal(place_parse(NULL, long_path, &place),
                         len < sizeof(place.path) ? KM_OK : KM_E_ARG);
    }
    for (size_t len = 1; len < sizeof(long_host) - 3; len++) {
        (void)snprintf(long_host + len - 1, 4, "x:1");
        assert_int_equal(place_parse(NULL, long_host, &place),
                         len < sizeof(place.host) ? KM_OK : KM_E_ARG);
        long_host[len] = '\0';
    }
}

/* ---- options ---- */

#define WORDS_MAX 24
static km_status parse(struct km_err *err, const char *line, struct tunnel_options *ret)
{
    static char text[512];
    char *argv[WORDS_MAX] = {(char *)(uintptr_t) "keymoor-tunnel"};
    int argc = 1;
    (void)snprintf(text, sizeof(text), "%s", line);
    for (char *word = strtok(text, " "); word != NULL && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    return tunnel_options_parse(err, argc, argv, ret);
}

static void options(void **state)
{
    static const struct {
        const char *line, *sentence;
    } bad[] = {
        {"a:1", "two words"},
        {"a:1 b:2 c:3 --cert x_cert", "two words"},
        {"1 b:2", "--cert is needed"},
        {"1 b:2 --cert device", "--key is needed"},
        {"1 b:2 --cert _cert", "--key is needed"},
        {"1 2 --cert x_cert", "CONNECT lacks a host"},
        {"1 /run/x --cert x_cert", "CONNECT has to be HOST:PORT"},
        {"1 - --cert x_cert", "CONNECT has to be HOST:PORT"},
        {"- b:2 --server --cert x_cert", "can't listen on standard input"},
        {"1 b:2 --server --cert x_cert --allow-uid 0", "clients' tunnels"},
        {"1 b:2 --server --cert x_cert --server-name c", "clients' tunnels"},
        {"1 b:2 --cert x_cert --allow-gid 0", "needs a Unix socket"},
        {"1 b:2 --cert x_cert --allow-uid 0 --any-address", "lets everybody in"},
        {"1 b:2 --cert x_cert --verify none", "go with --server"},
        {"1 b:2 --cert x_cert --proxy-protocol", "go with --server"},
        {"1 b:2 --cert x_cert --max-connections 0", "at least 1"},
        {"1 b:2 --cert x_cert --max-connections x", "takes a number"},
        {"1 b:2 --cert x_cert --idle-timeout -1", "takes a number"},
        {"1 b:2 --cert x_cert --socket-mode 888", "octal mode"},
        {"1 b:2 --cert x_cert --verify maybe", "required, optional or none"},
        {"1 b:2 --cert x_cert --allow-uid no-such-user", "no user"},
        {"/x b:2 --cert x_cert --allow-gid no-such-group", "no group"},
    };
    struct tunnel_options opt = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        struct km_err err = {0};
        assert_int_equal(parse(&err, bad[i].line, &opt), KM_E_ARG);
        if (strstr(err.text, bad[i].sentence) == NULL)
            fail_msg("'%s': %s", bad[i].line, err.text);
    }
    assert_int_equal(parse(NULL, "/run/s cloud:1 --cert com.seqlabs.oem_device_cert", &opt), KM_OK);
    assert_string_equal(opt.key, "com.seqlabs.oem_device_key");
    assert_string_equal(opt.server_name, "cloud");
    assert_int_equal(opt.verify, CLRTLS_VERIFY_REQUIRED);
    assert_int_equal(opt.socket_mode, 0600);
    assert_int_equal(
        parse(
            NULL,
            "/run/s cloud:1 --cert a --key b --server-name c --alpn x --alpn y --allow-gid 4 --allow-uid 5",
            &opt),
        KM_OK);
    assert_string_equal(opt.key, "b");
    assert_string_equal(opt.server_name, "c");
    assert_int_equal(opt.n_alpn, 2);
    assert_int_equal(opt.socket_mode, 0666);
    assert_int_equal(opt.allow_gids[0], 4);
    assert_int_equal(opt.allow_uids[0], 5);
    assert_int_equal(
        parse(NULL, "--server 1 unix:/run/db --cert a_cert --verify optional --proxy-protocol",
              &opt),
        KM_OK);
    assert_int_equal(opt.verify, CLRTLS_VERIFY_OPTIONAL);
    assert_true(opt.is_server && opt.proxy_protocol);
}

/* ---- who ---- */

static int listen_loopback(int family, struct sockaddr_storage *ret, socklen_t *ret_len)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const void *at = family == AF_INET ? (const void *)&four : (const void *)&six;
    socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);
    *ret_len = sizeof(*ret);
    if (fd < 0 || bind(fd, at, len) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)ret, ret_len) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void tcp_peer(int family)
{
    struct sockaddr_storage at = {0};
    socklen_t len = 0;
    struct who who = {0};
    int listener = listen_loopback(family, &at, &len);
    if (listener < 0)
        return; /* a machine without this family */
    int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&at, len), 0);
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(who_ask(NULL, server, &who), KM_OK);
    assert_true(who.is_local);
    assert_int_equal(who.uid, geteuid());
    assert_non_null(strstr(who.text, "uid"));
    /* One that has only finished sending is there still; one that is gone is nobody's, not root's. */
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_int_equal(who_ask(NULL, server, &who), KM_OK);
    assert_true(who.is_local);
    (void)close(client);
    if (who_ask(NULL, server, &who) == KM_OK)
        assert_false(who.is_local);
    (void)close(server);
    (void)close(listener);
}

static void peers(void **state)
{
    int pair[2] = {-1, -1};
    struct who who = {0};
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(who_ask(NULL, pair[0], &who), KM_OK);
    assert_true(who.is_local);
    assert_int_equal(who.uid, geteuid());
    assert_int_equal(who.groups[0], getegid());
    (void)close(pair[0]);
    (void)close(pair[1]);
    tcp_peer(AF_INET);
    tcp_peer(AF_INET6);
}

static void kernel_answers(void **state)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg msg;
    } answer = {.header = {.nlmsg_type = SOCK_DIAG_BY_FAMILY},
                .msg = {.idiag_state = TCP_ESTABLISHED, .idiag_inode = 7, .idiag_uid = 1000}};
    uid_t uid = 0;
    (void)state;
    for (size_t len = 0; len < sizeof(answer); len++)
        assert_false(who_diag_parse(KM_SLICE(&answer, len), &uid));
    assert_true(who_diag_parse(KM_SLICE(&answer, sizeof(answer)), &uid));
    assert_int_equal(uid, 1000);
    answer.msg.idiag_inode = 0;
    assert_false(who_diag_parse(KM_SLICE(&answer, sizeof(answer)), &uid));
    answer.msg.idiag_inode = 7;
    answer.msg.idiag_state = TCP_TIME_WAIT;
    assert_false(who_diag_parse(KM_SLICE(&answer, sizeof(answer)), &uid));
    answer.msg.idiag_state = TCP_ESTABLISHED;
    answer.header.nlmsg_type = NLMSG_ERROR;
    assert_false(who_diag_parse(KM_SLICE(&answer, sizeof(answer)), &uid));
}

static void rights(void **state)
{
    struct tunnel_options opt = {
        .allow_uids = {5000}, .n_allow_uids = 1, .allow_gids = {60}, .n_allow_gids = 1};
    struct who who = {.is_local = true, .uid = geteuid(), .groups = {100, 50}, .n_groups = 2};
    (void)state;
    assert_true(who_may(&opt, &who));
    who.uid = 0;
    assert_true(who_may(&opt, &who));
    who.is_local = false;
    assert_false(who_may(&opt, &who));
    who.is_local = true;
    who.uid = 5001;
    assert_false(who_may(&opt, &who));
    who.uid = 5000;
    assert_true(who_may(&opt, &who));
    who.uid = 5001;
    who.groups[1] = 60;
    assert_true(who_may(&opt, &who));
    who.n_groups = 1;
    assert_false(who_may(&opt, &who));
    opt.any_address = true;
    assert_true(who_may(&opt, &who));
}

/* ---- addresses ---- */

static bool answered;
static void on_answer(void *arg)
{
    (void)arg;
    answered = true;
}

static void addresses(void **state)
{
    struct km_loop loop = {.epoll_fd = -1};
    struct resolver resolver = {.watch = {.fd = -1}};
    struct place place = {0};
    bool is_there = false;
    (void)state;
    assert_int_equal(km_loop_init(NULL, &loop), KM_OK);
    assert_int_equal(place_parse(NULL, "127.0.0.1:443", &place), KM_OK);
    resolver_init(&resolver, &loop, &place, on_answer, NULL);
    assert_int_equal(resolver_ask(NULL, &resolver, &is_there), KM_OK);
    assert_true(is_there);
    assert_int_equal(resolver.answer.n, 1);

    static const struct {
        const char *text;
        bool is_known;
    } names[] = {{"localhost:443", true}, {"no-such-host.invalid:443", false}};
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        assert_int_equal(place_parse(NULL, names[i].text, &place), KM_OK);
        resolver_init(&resolver, &loop, &place, on_answer, NULL);
        assert_int_equal(resolver_ask(NULL, &resolver, &is_there), KM_OK);
        assert_false(is_there);
        /* A second one waits for the same answer. */
        assert_int_equal(resolver_ask(NULL, &resolver, &is_there), KM_OK);
        assert_false(is_there);
        for (answered = false; !answered;)
            assert_int_equal(km_loop_once(NULL, &loop, 60000), KM_OK);
        assert_int_equal(resolver_ask(NULL, &resolver, &is_there), KM_OK);
        assert_true(is_there);
        assert_int_equal(resolver.answer.n > 0, names[i].is_known);
        if (!names[i].is_known)
            assert_int_not_equal(resolver.answer.gai_error, 0);
    }
    /* One that nobody waits for any more. */
    resolver_init(&resolver, &loop, &place, on_answer, NULL);
    assert_int_equal(resolver_ask(NULL, &resolver, &is_there), KM_OK);
    resolver_clear(&resolver);
    km_loop_clear(&loop);
}

/* ---- the PROXY header ---- */

static void expect_header(const struct proxy2 *about, const uint8_t *expected, size_t len)
{
    uint8_t buf[PROXY2_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice out = {0};
    proxy2_put(&wr, about);
    assert_true(km_wr_finish(&wr, &out));
    assert_int_equal(out.len, len);
    assert_memory_equal(out.ptr, expected, len);
    for (size_t cap = 0; cap < len; cap++) {
        wr = km_wr_init(buf, cap);
        proxy2_put(&wr, about);
        assert_false(km_wr_finish(&wr, &out));
    }
}

#define SIGNATURE 0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a

static void header_of_a_client(void **state)
{
    static const uint8_t expected[] = {
        SIGNATURE, 0x21, 0x11, 0,    61,   192, 0,    2,   1,   127, 0,    0,
        1,         0x30, 0x39, 0x22, 0xb3,               /* addresses */
        0x01,      0,    4,    'm',  'q',  't', 't',     /* ALPN */
        0x20,      0,    39,   0x07, 0,    0,   0,    0, /* SSL */
        0x21,      0,    7,    'T',  'L',  'S', 'v',  '1', '.', '3', 0x22, 0,
        5,         'd',  'o',  'o',  'r',  '7', 0x23, 0,   13,  'T', 'L',  'S',
        '_',       'A',  'E',  'S',  '_',  '1', '2',  '8', '_', 'X'};
    struct proxy2 about = {.alpn = "mqtt",
                           .version = "TLSv1.3",
                           .suite = "TLS_AES_128_X",
                           .peer_name = "door7",
                           .has_certificate = true};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(12345)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(8883)};
    (void)state;
    from.sin_addr.s_addr = inet_addr("192.0.2.1");
    to.sin_addr.s_addr = inet_addr("127.0.0.1");
    km_copy(&about.from, sizeof(about.from), &from, sizeof(from));
    km_copy(&about.to, sizeof(about.to), &to, sizeof(to));
    expect_header(&about, expected, sizeof(expected));
}

static void header_of_others(void **state)
{
    static const uint8_t six[] = {SIGNATURE, 0x21, 0x21, 0, 54,  0,    0,   0,   0,    0,   0,  0,
                                  0,         0,    0,    0, 0,   0,    0,   0,   1,    0,   0,  0,
                                  0,         0,    0,    0, 0,   0,    0,   0,   0,    0,   0,  0,
                                  1,         0,    1,    0, 2,   0x20, 0,   15,  0x01, 0,   0,  0,
                                  1,         0x21, 0,    7, 'T', 'L',  'S', 'v', '1',  '.', '2'};
    static const uint8_t none[] = {SIGNATURE, 0x21, 0x00, 0, 18,  0x20, 0,   15,  0x05, 0,   0,  0,
                                   0,         0x21, 0,    7, 'T', 'L',  'S', 'v', '1',  '.', '2'};
    struct proxy2 about = {.alpn = "", .version = "TLSv1.2", .suite = "", .peer_name = ""};
    struct sockaddr_in6 end = {
        .sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    (void)state;
    km_copy(&about.from, sizeof(about.from), &end, sizeof(end));
    end.sin6_port = htons(2);
    km_copy(&about.to, sizeof(about.to), &end, sizeof(end));
    expect_header(&about, six, sizeof(six));
    /* A Unix socket has no address to tell; a certificate that was shown when the session began. */
    about.from.ss_family = AF_UNIX;
    about.to.ss_family = AF_UNIX;
    about.has_certificate = true;
    about.is_resumed = true;
    expect_header(&about, none, sizeof(none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(options),
        cmocka_unit_test(peers),
        cmocka_unit_test(kernel_answers),
        cmocka_unit_test(rights),
        cmocka_unit_test(addresses),
        cmocka_unit_test(header_of_a_client),
        cmocka_unit_test(header_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
