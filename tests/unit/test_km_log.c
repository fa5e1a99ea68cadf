/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_log.h"
#include "tests/unit/km_test.h"

/* stderr goes into a packet pipe meanwhile: one read gives back one write, as the journal sees it. */
struct capture {
    int read_fd;
    int saved_fd;
};

static struct capture capture_start(void)
{
    int fds[2] = {-1, -1};
    struct capture capture = {.read_fd = -1, .saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};
    assert_true(capture.saved_fd >= 0);
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
    assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(fds[1]);
    capture.read_fd = fds[0];
    return capture;
}

/* The first line written, or an empty text; fails when there was a second. */
static void capture_end(struct capture *capture, char *ret, size_t cap)
{
    (void)dup2(capture->saved_fd, STDERR_FILENO);
    km_fd_closep(&capture->saved_fd);
    char more[8] = {0};
    ssize_t n = read(capture->read_fd, ret, cap - 1);
    ret[n > 0 ? n : 0] = '\0';
    ssize_t n_more = read(capture->read_fd, more, sizeof(more));
    km_fd_closep(&capture->read_fd);
    assert_true(n_more <= 0);
}

static void lines(void **state)
{
    static const struct {
        bool journal;
        enum km_log_level up_to, level;
        const char *text;
        const char *expected;
    } rows[] = {
        {false, KM_LOG_INFO, KM_LOG_INFO, "started", "prog: started\n"},
        {true, KM_LOG_INFO, KM_LOG_INFO, "started", "<6>started\n"},
        {true, KM_LOG_DEBUG, KM_LOG_ERROR, "bad", "<3>bad\n"},
        {false, KM_LOG_INFO, KM_LOG_DEBUG, "detail", ""},
        {false, KM_LOG_ERROR, KM_LOG_WARNING, "odd", ""},
        {false, KM_LOG_INFO, KM_LOG_INFO, "", "prog: \n"},
        {true, KM_LOG_INFO, KM_LOG_INFO, "a\nb: forged\r\t\x1b[31m\x7f",
         "<6>a?b: forged???[31m?\n"},
        {true, KM_LOG_INFO, KM_LOG_INFO, "caf\xc3\xa9", "<6>caf\xc3\xa9\n"},
        {true, KM_LOG_INFO, KM_LOG_INFO, "csi \xc2\x9b end", "<6>csi ?? end\n"},
        {true, KM_LOG_INFO, KM_LOG_INFO, "raw \x9b\xff", "<6>raw ??\n"},
        {true, KM_LOG_INFO, KM_LOG_INFO, "100%s", "<6>100%s\n"},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char line[2048] = {0};
        km_log_init("prog", rows[i].journal, rows[i].up_to);
        struct capture capture = capture_start();
        errno = EDOM;
        km_log(rows[i].level, "%s", rows[i].text);
        int errno_after = errno;
        capture_end(&capture, line, sizeof(line));
        assert_string_equal(line, rows[i].expected);
        assert_int_equal(errno_after, EDOM);
    }
}

static void long_lines_are_cut_at_a_character(void **state)
{
    static const char *const units[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x90\x80\x80"};
    (void)state;
    km_log_init("prog", false, KM_LOG_INFO);
    for (size_t i = 0; i < KM_ARRAY_LEN(units); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[8192] = {0};
            struct km_wr wr = km_wr_init(text, sizeof(text) - 1);
            km_wr_bytes(&wr, KM_SLICE("....", shift));
            for (size_t k = 0; k < 2000; k++)
                km_wr_bytes(&wr, KM_SLICE_STR(units[i]));
            char line[4096] = {0};
            struct capture capture = capture_start();
            km_log(KM_LOG_INFO, "%s", text);
            capture_end(&capture, line, sizeof(line));
            size_t len = strlen(line);
            assert_true(len > 1000 && len <= 1024);
            assert_string_equal(line + len - 5, " ...\n");
            assert_true(km_utf8_valid(KM_SLICE(line, len)));
            assert_null(strchr(line, '?'));
        }
    }
}

static void failures_are_one_sentence(void **state)
{
    static const struct {
        struct km_err err;
        const char *expected;
    } rows[] = {
        {{.status = KM_E_LIMIT, .text = "name of 300 octets"},
         "<3>key: name of 300 octets (limit)\n"},
        {{.status = KM_E_DENIED, .layer = KM_LAYER_ERRNO, .native = EACCES, .text = "can't open"},
         "<3>key: can't open (denied, errno 13 Permission denied)\n"},
        {{.status = KM_E_IO, .layer = KM_LAYER_ERRNO, .native = 12345, .text = "can't"},
         "<3>key: can't (io, errno 12345 unknown)\n"},
        {{.status = KM_E_CORRUPT, .layer = KM_LAYER_TEE, .native = 0xffff3024, .text = "odd"},
         "<3>key: odd (corrupt, tee 0xffff3024)\n"},
        {{.status = KM_E_AUTH, .layer = KM_LAYER_OPENSSL, .native = 0x1c800064, .text = "odd"},
         "<3>key: odd (not-authentic, openssl 0x1c800064)\n"},
    };
    (void)state;
    km_log_init("prog", true, KM_LOG_INFO);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char line[2048] = {0};
        struct capture capture = capture_start();
        km_log_err(KM_LOG_ERROR, &rows[i].err, "key");
        capture_end(&capture, line, sizeof(line));
        assert_string_equal(line, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(long_lines_are_cut_at_a_character),
        cmocka_unit_test(failures_are_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
