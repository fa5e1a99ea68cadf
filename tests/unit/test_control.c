/* SPDX-License-Identifier: Apache-2.0 */
/* The line between keymoord and the processes of a trusted application; and names of its walls. */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/km_sock.h"
#include "tee/host/confine.h"
#include "tee/host/control.h"
#include "tests/unit/km_test.h"

static uint8_t properties[256];

static struct km_ctl_msg full(uint16_t type)
{
    struct km_wr wr = km_wr_init(properties, sizeof(properties));
    km_ctl_property_put(&wr, 'a', KM_SLICE_STR("gpd.ta.x"), KM_SLICE_STR("true"));
    km_ctl_property_put(&wr, 'e', KM_SLICE_STR("gpd.tee.y"), KM_SLICE_STR(""));
    return (struct km_ctl_msg){
        .type = type,
        .serial = 9,
        .id = 1,
        .code = 2,
        .mask = 3,
        .flags = 4,
        .session = 5,
        .count = 1ull << 40,
        .uuid = {{1, 2, 3}},
        .client = {.login = 1, .uuid = {{4}}, .uid = 1000, .gid = 100, .pid = 77, .is_admin = 1},
        .name = KM_SLICE_STR("sign"),
        .text = KM_SLICE_STR("com.example.key"),
        .key = KM_SLICE("0123456789abcdef0123456789abcdef", 32),
        .properties = KM_SLICE(properties, wr.len),
    };
}

static struct km_slice print(const struct km_ctl_msg *msg, uint8_t *buf, size_t cap)
{
    struct km_wr wr = km_wr_init(buf, cap);
    struct km_slice out = {0};
    km_ctl_put(&wr, msg);
    assert_true(km_wr_finish(&wr, &out));
    return out;
}

static const uint16_t types[] = {
    KM_CTL_SETUP,    KM_CTL_SPAWN,   KM_CTL_READY,    KM_CTL_FAILED,  KM_CTL_SPAWNED,
    KM_CTL_REAPED,   KM_CTL_START,   KM_CTL_LANE,     KM_CTL_TEXT_IS, KM_CTL_SESSION_IS,
    KM_CTL_ADVANCED, KM_CTL_STARTED, KM_CTL_VERIFIED, KM_CTL_CLOSED,  KM_CTL_PANIC,
    KM_CTL_AUDIT,    KM_CTL_TEXT,    KM_CTL_SESSION,  KM_CTL_ADVANCE, KM_CTL_LEAVE,
};

static void every_message_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++) {
        uint8_t one[1024] = {0}, two[1024] = {0};
        struct km_ctl_msg msg = full(types[i]), parsed = {0};
        struct km_slice out = print(&msg, one, sizeof(one));
        assert_true(km_ctl_parse(out, &parsed));
        assert_int_equal(parsed.type, types[i]);
        assert_int_equal(parsed.serial, 9);
        assert_true(km_slice_equal(print(&parsed, two, sizeof(two)), out));
        for (size_t len = 0; len < out.len; len++) {
            uint8_t *exact = malloc(len + 1);
            km_copy(exact, len, out.ptr, len);
            assert_false(km_ctl_parse(KM_SLICE(exact, len), &parsed));
            free(exact);
        }
        assert_false(km_ctl_parse(KM_SLICE(one, out.len + 1), &parsed));
    }
}

static void malformed_ones_are_refused(void **state)
{
    (void)state;
    uint8_t buf[1024] = {0};
    struct km_ctl_msg msg = full(KM_CTL_LANE), parsed = {0};
    struct km_slice out = print(&msg, buf, sizeof(buf));
    buf[2] = 1; /* the zero after the type */
    assert_false(km_ctl_parse(out, &parsed));
    buf[2] = 0;
    buf[0] = 99;
    assert_false(km_ctl_parse(out, &parsed));
    msg.client.is_admin = 2;
    assert_false(km_ctl_parse(print(&msg, buf, sizeof(buf)), &parsed));
    msg = full(KM_CTL_START);
    msg.key.len = 31;
    assert_false(km_ctl_parse(print(&msg, buf, sizeof(buf)), &parsed));
    msg = full(KM_CTL_AUDIT);
    msg.text = KM_SLICE("\xc0\x80", 2);
    assert_false(km_ctl_parse(print(&msg, buf, sizeof(buf)), &parsed));
    msg = full(KM_CTL_SETUP);
    properties[0] = 'z';
    assert_false(km_ctl_parse(print(&msg, buf, sizeof(buf)), &parsed));
}

static int open_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return n;
}

/* Descriptors that a type does not have, or lacks, are not left open. */
static void descriptors_have_to_fit(void **state)
{
    (void)state;
    int ends[2] = {-1, -1}, fds[2] = {-1, -1};
    uint8_t buf[KM_CTL_MAX] = {0};
    struct km_ctl_msg got = {0};
    const int two[2] = {0, 1};
    assert_int_equal(km_sock_pair(NULL, ends), KM_OK);
    int before = open_fds();
    struct km_ctl_msg spawn = full(KM_CTL_SPAWN), lane = full(KM_CTL_LANE);
    struct km_ctl_msg refused = full(KM_CTL_SESSION_IS);
    assert_int_equal(km_ctl_send(NULL, ends[0], &spawn, two, 2), KM_OK);
    assert_int_equal(km_ctl_recv(NULL, ends[1], KM_SPAN(buf, sizeof(buf)), &got, fds),
                     KM_E_MALFORMED);
    assert_int_equal(km_ctl_send(NULL, ends[0], &lane, two, 1), KM_OK);
    assert_int_equal(km_ctl_recv(NULL, ends[1], KM_SPAN(buf, sizeof(buf)), &got, fds),
                     KM_E_MALFORMED);
    assert_int_equal(km_ctl_send(NULL, ends[0], &refused, two, 2), KM_OK);
    assert_int_equal(km_ctl_recv(NULL, ends[1], KM_SPAN(buf, sizeof(buf)), &got, fds),
                     KM_E_MALFORMED);
    assert_int_equal(open_fds(), before);
    assert_int_equal(km_ctl_send(NULL, ends[0], &refused, NULL, 0), KM_OK);
    assert_int_equal(km_ctl_recv(NULL, ends[1], KM_SPAN(buf, sizeof(buf)), &got, fds), KM_OK);
    assert_int_equal(km_ctl_send(NULL, ends[0], &lane, two, 2), KM_OK);
    assert_int_equal(km_ctl_recv(NULL, ends[1], KM_SPAN(buf, sizeof(buf)), &got, fds), KM_OK);
    assert_true(fds[0] >= 0 && fds[1] >= 0);
    close(fds[0]);
    close(fds[1]);
    close(ends[0]);
    assert_int_equal(km_ctl_recv(NULL, ends[1], KM_SPAN(buf, sizeof(buf)), &got, fds), KM_E_DEAD);
    close(ends[1]);
}

static void walls_have_names(void **state)
{
    (void)state;
    uint32_t mask = 0;
    char text[256] = {0};
    km_confine_text(KM_CONFINE_ALL, text, sizeof(text));
    assert_true(km_confine_parse(text, &mask));
    assert_int_equal(mask, KM_CONFINE_ALL);
    assert_true(km_confine_parse("seccomp", &mask));
    assert_int_equal(mask, KM_CONFINE_SECCOMP);
    static const char *const bad[] = {"", ",", "seccomp,", "secc", "seccomp,,uid", "everything"};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_false(km_confine_parse(bad[i], &mask));
    km_confine_text(KM_CONFINE_ALL, text, 8); /* cut, not run over */
    assert_string_equal(text, "uid");
}

static void counters_do_not_jump(void **state)
{
    (void)state;
    assert_true(km_ctl_advance_fits(5, 0));
    assert_true(km_ctl_advance_fits(5, 5));
    assert_true(km_ctl_advance_fits(5, 6));
    assert_true(km_ctl_advance_fits(5, 5 + KM_CTL_ADVANCE_MAX));
    assert_false(km_ctl_advance_fits(5, 6 + KM_CTL_ADVANCE_MAX));
    assert_false(km_ctl_advance_fits(0, UINT64_MAX));
    assert_true(km_ctl_advance_fits(UINT64_MAX - 1, UINT64_MAX));
}

static void *wait_for_end(void *arg)
{
    char octet = 0;
    (void)!read(*(int *)arg, &octet, 1);
    return NULL;
}

static void threads_are_counted(void **state)
{
    (void)state;
    int ends[2] = {-1, -1};
    pthread_t thread = 0;
    struct km_err err = {0};
    if (!KM_SANITIZED_THREADS)
        assert_int_equal(km_confine_single_thread(&err), KM_OK);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &ends[0]), 0);
    assert_int_equal(km_confine_single_thread(&err), KM_E_STATE);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
}

static void *ask_for_parent(void *arg)
{
    int *pipes = arg;
    char octet = 0;
    (void)!read(pipes[0], &octet, 1);
    errno = 0;
    bool denied = syscall(SYS_getppid) < 0 && errno == EPERM;
    _exit(denied ? 0 : 2);
}

/* In a process of its own: filters are for good. */
static __attribute__((noreturn)) void filter_with_a_thread(void)
{
    int pipes[2] = {-1, -1};
    pthread_t thread = 0;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct km_filter filter = {.code = code, .n_code = KM_ARRAY_LEN(code)};
    uint32_t mask = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0 || pthread_create(&thread, NULL, ask_for_parent, pipes) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        km_filter_install(NULL, &filter, &mask) != KM_OK || mask != KM_CONFINE_SECCOMP)
        _exit(3);
    close(pipes[1]);
    pthread_join(thread, NULL);
    _exit(4);
}

static void filters_are_for_all_threads(void **state)
{
    (void)state;
    int how = 0;
    pid_t pid = fork();
    if (pid == 0)
        filter_with_a_thread();
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back),    cmocka_unit_test(malformed_ones_are_refused),
        cmocka_unit_test(descriptors_have_to_fit),     cmocka_unit_test(walls_have_names),
        cmocka_unit_test(counters_do_not_jump),        cmocka_unit_test(threads_are_counted),
        cmocka_unit_test(filters_are_for_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
