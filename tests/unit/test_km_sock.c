/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_sock.h"
#include "tests/unit/km_test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct fixture {
    int ends[2];
    int n_fds_before;
};

static int setup(void **state)
{
    static struct fixture fx;
    fx.n_fds_before = km_test_count_fds();
    *state = &fx;
    return km_sock_pair(NULL, fx.ends) == KM_OK ? 0 : -1;
}

/* Every test must close what it received: a descriptor left over fails it. */
static int teardown(void **state)
{
    struct fixture *fx = *state;
    km_fd_closep(&fx->ends[0]);
    km_fd_closep(&fx->ends[1]);
    return km_test_count_fds() == fx->n_fds_before ? 0 : -1;
}

static bool is_cloexec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static km_status recv_text(int sock, char *ret, size_t cap)
{
    size_t len = 0;
    km_status status = km_sock_recv(NULL, sock, KM_SPAN(ret, cap - 1), &len, NULL, 0, NULL);
    if (status == KM_OK)
        ret[len] = '\0';
    return status;
}

static void messages_keep_their_borders(void **state)
{
    const struct fixture *fx = *state;
    char text[16] = {0};
    assert_true(is_cloexec(fx->ends[0]) && is_cloexec(fx->ends[1]));
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("one"), NULL, 0), KM_OK);
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("second"), NULL, 0), KM_OK);
    assert_int_equal(recv_text(fx->ends[1], text, sizeof(text)), KM_OK);
    assert_string_equal(text, "one");
    assert_int_equal(recv_text(fx->ends[1], text, sizeof(text)), KM_OK);
    assert_string_equal(text, "second");
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF(""), NULL, 0), KM_E_ARG);
}

static void too_long_is_dropped_whole(void **state)
{
    const struct fixture *fx = *state;
    char text[5] = {0};
    struct km_err err = {0};
    int fd = fx->ends[0];
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("12345"), &fd, 1), KM_OK);
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("1234"), NULL, 0), KM_OK);
    size_t len = 77;
    int got[1] = {-7};
    size_t n_got = 77;
    assert_int_equal(km_sock_recv(&err, fx->ends[1], KM_SPAN(text, 4), &len, got, 1, &n_got),
                     KM_E_LIMIT);
    assert_int_equal(err.status, KM_E_LIMIT);
    assert_true(len == 77 && n_got == 77 && got[0] == -7);
    assert_int_equal(recv_text(fx->ends[1], text, sizeof(text)), KM_OK);
    assert_string_equal(text, "1234");
}

static bool same_file(int a, int b)
{
    struct stat sa = {0};
    struct stat sb = {0};
    return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

static void descriptors_pass(void **state)
{
    const struct fixture *fx = *state;
    for (size_t n = 0; n <= KM_SOCK_FDS_MAX; n++) {
        int sent[KM_SOCK_FDS_MAX] = {0};
        for (size_t i = 0; i < n; i++)
            sent[i] = fx->ends[i % 2];
        assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("x"), sent, n), KM_OK);
        int got[KM_SOCK_FDS_MAX] = {0};
        size_t n_got = 77;
        uint8_t octet = 0;
        size_t len = 0;
        assert_int_equal(
            km_sock_recv(NULL, fx->ends[1], KM_SPAN(&octet, 1), &len, got, KM_SOCK_FDS_MAX, &n_got),
            KM_OK);
        assert_int_equal(n_got, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(is_cloexec(got[i]));
            assert_true(same_file(got[i], sent[i]));
            km_fd_closep(&got[i]);
        }
    }
    int many[KM_SOCK_FDS_MAX + 1] = {0};
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("x"), many, KM_SOCK_FDS_MAX + 1),
                     KM_E_LIMIT);
}

/* What a hostile peer sends: n descriptors in one message, without our limit. */
static void send_raw(int sock, int fd, size_t n, size_t len)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(64 * sizeof(int))] = {0};
    int fds[64] = {0};
    for (size_t i = 0; i < n; i++)
        fds[i] = fd;
    struct iovec iov = {.iov_base = "x", .iov_len = len};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(n * sizeof(int));
    km_copy(CMSG_DATA(part), sizeof(control) - CMSG_LEN(0), fds, n * sizeof(int));
    assert_int_equal(sendmsg(sock, &header, MSG_NOSIGNAL), (ssize_t)len);
}

static void too_many_descriptors_are_all_closed(void **state)
{
    const struct fixture *fx = *state;
    static const struct {
        size_t n_sent, max;
        bool ok;
    } rows[] = {{1, 0, false},  {2, 1, false},  {8, 7, false},  {9, 8, false}, {10, 8, false},
                {11, 8, false}, {64, 8, false}, {64, 0, false}, {8, 8, true}};
    int before = km_test_count_fds();
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        send_raw(fx->ends[0], fx->ends[0], rows[i].n_sent, 1);
        int got[KM_SOCK_FDS_MAX] = {-7, -7, -7, -7, -7, -7, -7, -7};
        size_t n_got = 77;
        size_t len = 77;
        uint8_t octet = 0;
        km_status status =
            km_sock_recv(NULL, fx->ends[1], KM_SPAN(&octet, 1), &len, got, rows[i].max, &n_got);
        assert_int_equal(status, rows[i].ok ? KM_OK : KM_E_MALFORMED);
        if (rows[i].ok) {
            for (size_t k = 0; k < n_got; k++)
                km_fd_closep(&got[k]);
        } else {
            assert_true(got[0] == -7 && n_got == 77 && len == 77);
        }
        assert_int_equal(km_test_count_fds(), before);
    }
}

static void credentials_beside_descriptors_do_no_harm(void **state)
{
    const struct fixture *fx = *state;
    int on = 1;
    assert_int_equal(setsockopt(fx->ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
    send_raw(fx->ends[0], fx->ends[0], KM_SOCK_FDS_MAX, 1);
    int got[KM_SOCK_FDS_MAX] = {0};
    size_t n_got = 0;
    size_t len = 0;
    uint8_t octet = 0;
    assert_int_equal(
        km_sock_recv(NULL, fx->ends[1], KM_SPAN(&octet, 1), &len, got, KM_SOCK_FDS_MAX, &n_got),
        KM_OK);
    assert_int_equal(n_got, KM_SOCK_FDS_MAX);
    for (size_t k = 0; k < n_got; k++)
        km_fd_closep(&got[k]);
    send_raw(fx->ends[0], fx->ends[0], KM_SOCK_FDS_MAX + 1, 1);
    assert_int_equal(
        km_sock_recv(NULL, fx->ends[1], KM_SPAN(&octet, 1), &len, got, KM_SOCK_FDS_MAX, &n_got),
        KM_E_MALFORMED);
}

static int recv_with_full_table(void *arg)
{
    const struct fixture *fx = arg;
    int n_fds = km_test_count_fds() - 1; /* the listing itself needed one */
    const struct rlimit limit = {.rlim_cur = (rlim_t)n_fds + 1, .rlim_max = (rlim_t)n_fds + 1};
    CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    int got[4] = {-7, -7, -7, -7};
    size_t n_got = 77;
    size_t len = 77;
    uint8_t octet = 0;
    CHILD_CHECK(km_sock_recv(NULL, fx->ends[1], KM_SPAN(&octet, 1), &len, got, 4, &n_got) ==
                KM_E_LIMIT);
    CHILD_CHECK(got[0] == -7 && n_got == 77 && len == 77);
    /* The one that did fit was closed again. */
    int fd = fcntl(fx->ends[0], F_DUPFD_CLOEXEC, 0);
    CHILD_CHECK(fd >= 0);
    return 0;
}

static void our_own_full_table_is_told(void **state)
{
    struct fixture *fx = *state;
    send_raw(fx->ends[0], fx->ends[0], 4, 1);
    assert_child_succeeds(recv_with_full_table, fx);
}

static void dead_peer_is_told_without_a_signal(void **state)
{
    struct fixture *fx = *state;
    char text[8] = {0};
    struct km_err err = {0};
    int fd = fx->ends[0];
    assert_int_equal(km_sock_send(NULL, fx->ends[1], OCTETS_OF("last"), NULL, 0), KM_OK);
    km_fd_closep(&fx->ends[1]);
    /* SIGPIPE stands at its default: had it come, the test would be dead. */
    assert_int_equal(km_sock_send(&err, fx->ends[0], OCTETS_OF("x"), NULL, 0), KM_E_DEAD);
    assert_int_equal(err.status, KM_E_DEAD);
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("x"), &fd, 1), KM_E_DEAD);
    assert_int_equal(recv_text(fx->ends[0], text, sizeof(text)), KM_OK);
    assert_string_equal(text, "last");
    assert_int_equal(recv_text(fx->ends[0], text, sizeof(text)), KM_E_DEAD);
    assert_int_equal(recv_text(fx->ends[0], text, sizeof(text)), KM_E_DEAD);
}

static void peer_that_died_with_mail_unread(void **state)
{
    struct fixture *fx = *state;
    char text[8] = {0};
    assert_int_equal(km_sock_send(NULL, fx->ends[0], OCTETS_OF("unread"), NULL, 0), KM_OK);
    km_fd_closep(&fx->ends[1]);
    assert_int_equal(recv_text(fx->ends[0], text, sizeof(text)), KM_E_DEAD);
}

static void empty_message_with_descriptors_leaks_none(void **state)
{
    const struct fixture *fx = *state;
    char text[8] = {0};
    int before = km_test_count_fds();
    send_raw(fx->ends[0], fx->ends[0], 3, 0);
    assert_int_equal(recv_text(fx->ends[1], text, sizeof(text)), KM_E_DEAD);
    assert_int_equal(km_test_count_fds(), before);
}

static void non_blocking_is_busy(void **state)
{
    const struct fixture *fx = *state;
    char text[8] = {0};
    static uint8_t page[4096];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(fcntl(fx->ends[i], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(recv_text(fx->ends[1], text, sizeof(text)), KM_E_BUSY);
    km_status status = KM_OK;
    for (int i = 0; i < 100000 && status == KM_OK; i++)
        status = km_sock_send(NULL, fx->ends[0], KM_SLICE(page, sizeof(page)), NULL, 0);
    assert_int_equal(status, KM_E_BUSY);
}

static void broken_calls_are_refused(void **state)
{
    const struct fixture *fx = *state;
    size_t len = 0;
    uint8_t octet = 0;
    int got[1] = {-1};
    assert_int_equal(km_sock_recv(NULL, fx->ends[0], KM_SPAN(&octet, 0), &len, NULL, 0, NULL),
                     KM_E_ARG);
    assert_int_equal(
        km_sock_recv(NULL, fx->ends[0], KM_SPAN(&octet, 1), &len, got, KM_SOCK_FDS_MAX + 1, &len),
        KM_E_ARG);
    assert_int_equal(km_sock_send(NULL, -1, OCTETS_OF("x"), NULL, 0), KM_E_IO);
    assert_int_equal(km_sock_recv(NULL, -1, KM_SPAN(&octet, 1), &len, NULL, 0, NULL), KM_E_IO);
    size_t huge = (size_t)64 << 20;
    uint8_t *zeroes = calloc(1, huge);
    assert_non_null(zeroes);
    assert_int_equal(km_sock_send(NULL, fx->ends[0], KM_SLICE(zeroes, huge), NULL, 0), KM_E_LIMIT);
    free(zeroes);
}

static void on_signal(int signo)
{
    (void)signo;
}

static void signals_do_not_end_a_wait(void **state)
{
    const struct fixture *fx = *state;
    const struct sigaction quiet = {.sa_handler = on_signal}; /* no SA_RESTART */
    struct sigaction before = {0};
    assert_int_equal(sigaction(SIGUSR1, &quiet, &before), 0);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 20; i++) {
            (void)kill(parent, SIGUSR1);
            (void)usleep(1000);
        }
        _exit(km_sock_send(NULL, fx->ends[0], OCTETS_OF("done"), NULL, 0) == KM_OK ? 0 : 1);
    }
    assert_true(pid > 0);
    char text[8] = {0};
    assert_int_equal(recv_text(fx->ends[1], text, sizeof(text)), KM_OK);
    assert_string_equal(text, "done");
    int wait_status = 0;
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_int_equal(wait_status, 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static int listen_at(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void connecting(void **state)
{
    (void)state;
    char dir[] = "/tmp/km-sock-XXXXXX";
    char path[64] = {0};
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/s", dir);

    int fd = -7;
    struct km_err err = {0};
    assert_int_equal(km_sock_connect(&err, path, &fd), KM_E_NOTFOUND);
    assert_int_equal(err.status, KM_E_NOTFOUND);
    int listener = listen_at(path, SOCK_SEQPACKET);
    assert_int_equal(km_sock_connect(NULL, path, &fd), KM_OK);
    assert_true(is_cloexec(fd));
    km_fd_closep(&fd);
    km_fd_closep(&listener);
    fd = -7;
    assert_int_equal(km_sock_connect(NULL, path, &fd), KM_E_DEAD); /* nobody listens any more */
    assert_int_equal(unlink(path), 0);
    listener = listen_at(path, SOCK_STREAM); /* a socket of another kind */
    assert_int_equal(km_sock_connect(NULL, path, &fd), KM_E_IO);
    km_fd_closep(&listener);

    assert_int_equal(km_sock_connect(NULL, "", &fd), KM_E_ARG);
    char longest[109] = {0};
    memset(longest, 'p', 108);
    assert_int_equal(km_sock_connect(NULL, longest, &fd), KM_E_LIMIT);
    longest[107] = '\0';
    assert_int_equal(km_sock_connect(NULL, longest, &fd), KM_E_NOTFOUND);
    assert_int_equal(fd, -7);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void where_the_service_listens(void **state)
{
    static const struct {
        const char *said, *path;
    } ROWS[] = {{NULL, KM_SOCKET_DEFAULT}, {"", KM_SOCKET_DEFAULT}, {"/tmp/a", "/tmp/a"}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        int rc =
            ROWS[i].said == NULL ? unsetenv(KM_SOCKET_ENV) : setenv(KM_SOCKET_ENV, ROWS[i].said, 1);
        assert_int_equal(rc, 0);
        assert_string_equal(km_sock_service_path(), ROWS[i].path);
    }
}

#define WITH_PAIR(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAIR(messages_keep_their_borders),
        WITH_PAIR(too_long_is_dropped_whole),
        WITH_PAIR(descriptors_pass),
        WITH_PAIR(too_many_descriptors_are_all_closed),
        WITH_PAIR(credentials_beside_descriptors_do_no_harm),
        WITH_PAIR(our_own_full_table_is_told),
        WITH_PAIR(dead_peer_is_told_without_a_signal),
        WITH_PAIR(peer_that_died_with_mail_unread),
        WITH_PAIR(empty_message_with_descriptors_leaks_none),
        WITH_PAIR(non_blocking_is_busy),
        WITH_PAIR(broken_calls_are_refused),
        WITH_PAIR(signals_do_not_end_a_wait),
        WITH_PAIR(connecting),
        cmocka_unit_test(where_the_service_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
