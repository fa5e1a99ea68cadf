/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that do not behave. What each may do at most is looked at from inside and from outside. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cloud/functions/run.h"
#include "tests/unit/cloud/runner_rig.h"

#define HANDLER "def handler(e, c):\n"

static const struct km_function_variable secrets[] = {{"PASSWORD", "correct horse battery"},
                                                      {"SHORT", "abc"},
                                                      {"LONGER", "correct horse battery staple"}};

static const struct rig_function functions[] = {
    {.name = "hangs", .source = HANDLER "    while True: pass\n", .timeout_s = 1},
    {.name = "leaves_children",
     .source = "import os, subprocess\n" HANDLER
               "    subprocess.Popen(['setsid', 'sleep', str(e)], close_fds=False)\n"
               "    if os.fork() == 0:\n        os.setsid()\n"
               "        os.execv('/bin/sleep', ['sleep', str(e)])\n    return 'left'\n"},
    {.name = "forks",
     .source = "import os\n" HANDLER "    n = 0\n    try:\n        while True:\n"
               "            os.posix_spawn('/bin/sleep', ['sleep', str(e)], {})\n"
               "            n += 1\n    except OSError as error:\n"
               "        return [n, error.errno]\n"},
    {.name = "fills_tmp",
     .source = "import os\n" HANDLER "    n = 0\n    try:\n        for i in range(100):\n"
               "            with open('/tmp/%d' % i, 'wb') as f: n += f.write(b'x' * 1048576)\n"
               "    except OSError as error:\n        return [n >> 20, error.errno]\n"},
    {.name = "writes_elsewhere",
     .source =
         "import os\n" HANDLER "    said = []\n"
         "    for path in ['/x', '/usr/x', '/var/task/x', '/var/runtime/x', '/etc/x', '/dev/x']:\n"
         "        try:\n            open(path, 'w')\n            said.append(path)\n"
         "        except OSError as error: said.append(error.errno)\n    return said\n"},
    {.name = "looks_around",
     .source = "import os\n" HANDLER
               "    return [sorted(os.listdir('/')), os.listdir('/var'), os.listdir('/tmp'),\n"
               "            [p for p in os.listdir('/proc') if p.isdigit()], os.getpid(),\n"
               "            os.path.exists('/root'), os.path.exists('/home'), os.path.exists(e),\n"
               "            sorted(os.listdir('/proc/self/fd'))]\n"},
    {.name = "who",
     .source =
         "import os\n" HANDLER
         "    status = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
         "    return [os.getuid(), os.getgid(), len(os.getgroups()) if os.getuid() != e else 0,\n"
         "            status['CapEff'].strip(), status['CapBnd'].strip(), status['NoNewPrivs'].strip(),\n"
         "            status['Seccomp'].strip()]\n"},
    {.name = "asks_the_kernel",
     .source =
         "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
         "def call(*a):\n    ctypes.set_errno(0)\n    r = libc.syscall(*a)\n"
         "    return r if r >= 0 else -ctypes.get_errno()\n" HANDLER
         "    return [call(272, 0x10000000), call(165, 0, 0, 0, 0, 0), call(101, 16, 1, 0, 0),\n"
         "            call(250, 0, 0), call(321, 0, 0, 0), call(41, 16, 3, 0), call(41, 17, 3, 0),\n"
         "            call(425, 1, 0), call(56, 0x10000011, 0, 0, 0, 0)]\n"},
    {.name = "takes_memory",
     .source =
         HANDLER "    blocks = []\n    while True: blocks.append(bytearray(b'x' * 1048576))\n"},
    {.name = "takes_memory_by_many",
     .source = "import os, time\n" HANDLER "    for i in range(8):\n        if os.fork() == 0:\n"
               "            block = bytearray(b'x' * (50 << 20))\n            time.sleep(1000)\n"
               "    time.sleep(1000)\n",
     .timeout_s = 300},
    {.name = "takes_memory_to_share",
     .source = "import mmap, time\n" HANDLER "    blocks = []\n    for i in range(300):\n"
               "        block = mmap.mmap(-1, 1 << 20)\n        block.write(b'x' * (1 << 20))\n"
               "        blocks.append(block)\n    time.sleep(1000)\n",
     .timeout_s = 300},
    {.name = "takes_memory_of_nobody",
     .source =
         "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n" HANDLER
         "    said = []\n    for call in ((319, b'x', 0), (447, 0), (29, 0, 1 << 20, 0o1600)):\n"
         "        r = libc.syscall(*call)\n"
         "        said.append(r if r >= 0 else -ctypes.get_errno())\n    return said\n"},
    {.name = "answers_too_much", .source = HANDLER "    return 'x' * (7 << 20)\n"},
    {.name = "logs_too_much",
     .source = "import os\n" HANDLER "    print('x' * (4 << 20) + os.environ['PASSWORD'])\n"
               "    return len(os.environ['PASSWORD'])\n",
     .variables = secrets,
     .n_variables = 3},
    {.name = "prints_secrets",
     .source = "import os, sys\n" HANDLER "    for name in ('PASSWORD', 'LONGER', 'SHORT',\n"
               "                 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'):\n"
               "        print(name, os.environ[name] * 2)\n"
               "    raise ValueError(os.environ['PASSWORD'])\n",
     .variables = secrets,
     .n_variables = 3},
    {.name = "connects",
     .source = "import os, socket\ndef to(host, port):\n    try:\n"
               "        with socket.create_connection((host, port), 5) as s:\n"
               "            s.sendall(b'ping')\n            s.shutdown(socket.SHUT_WR)\n"
               "            return s.recv(9).decode()\n"
               "    except OSError as error: return error.errno\n" HANDLER
               "    url = os.environ.get('AWS_ENDPOINT_URL', 'http://127.0.0.1:0')\n"
               "    host, port = url.split('/')[2].split(':')\n"
               "    return [to(host, int(port)), to('127.0.0.1', e)]\n"},
    {.name = "tells_endpoint",
     .source =
         "import os\n" HANDLER "    return os.environ['AWS_ENDPOINT_URL'].rsplit(':', 1)[0] + ' ' +"
         " open('/etc/hosts').read()\n"},
    {.name = "goes_on_after_its_answer",
     .source = "import os, threading, time\n"
               "def later():\n    time.sleep(1000)\n" HANDLER
               "    threading.Thread(target=later).start()\n    return 1\n",
     .timeout_s = 300},
    {.name = "writes_marks",
     .source = "import os\nos.write(4, b'R\"forged\"')\n" HANDLER "    return 'mine'\n"},
};

static int set_up(void **state)
{
    struct rig *rig = rig_new(functions, KM_ARRAY_LEN(functions));
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static void what_hangs_is_ended(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    assert_non_null(strstr(rig_call(rig, "hangs", ""), "Task timed out after 1.00 seconds"));
    assert_true(rig->answer.is_function_error);
    assert_int_equal(km_runner_count(rig->runner).n_timeouts, 1);
    assert_non_null(strstr(rig->answer.log, "Task timed out"));
}

/* How long children sleep: by that one run's of this test are told from another's. */
static const char *own_seconds(void)
{
    static char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", 1000000000 + (int)getpid());
    return seconds;
}

static void what_was_left_behind_ends_with_the_run(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    assert_string_equal(rig_call(rig, "leaves_children", own_seconds()), "\"left\"");
    char sleeper[32] = {0};
    snprintf(sleeper, sizeof sleeper, "sleep %s", own_seconds());
    assert_int_equal(rig_n_processes(sleeper), 0);
    assert_string_equal(rig_call(rig, "goes_on_after_its_answer", ""), "1");
}

static void forks_are_bounded(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    int n = 0, number = 0;
    assert_int_equal(sscanf(rig_call(rig, "forks", own_seconds()), "[%d, %d]", &n, &number), 2);
    assert_int_equal(number, EAGAIN);
    assert_in_range(n, 1, 128);
}

static void files_are_bounded(void **state)
{
    struct rig *rig = *state;
    int n = 0, number = 0;
    rig_start(rig);
    assert_int_equal(sscanf(rig_call(rig, "fills_tmp", ""), "[%d, %d]", &n, &number), 2);
    assert_int_equal(number, ENOSPC);
    assert_in_range(n, 6, 8);
    const char *said = rig_call(rig, "writes_elsewhere", "");
    assert_null(strchr(said, '/'));
}

static void nothing_of_the_machine_is_seen(void **state)
{
    struct rig *rig = *state;
    char state_dir[128] = {0};
    rig_start(rig);
    snprintf(state_dir, sizeof state_dir, "\"%s\"", rig->dir);
    const char *said = rig_call(rig, "looks_around", state_dir);
    assert_non_null(strstr(said, "[\"runtime\", \"task\"]") != NULL
                        ? said
                        : strstr(said, "[\"task\", \"runtime\"]"));
    /* An empty /tmp, one process, which is the first; no root, home or state; descriptors 0 to 2, 4 for the answer, and the listing itself. */
    assert_non_null(strstr(said, "[], [\"1\"], 1, false, false, false, "
                                 "[\"0\", \"1\", \"2\", \"3\", \"4\"]"));
}

static void rights_are_none(void **state)
{
    struct rig *rig = *state;
    char expected[160] = {0}, own[16] = {0};
    bool is_root = geteuid() == 0;
    unsigned uid = is_root ? rig_first_uid() : geteuid(),
             gid = is_root ? rig_first_uid() : getegid();
    rig_start(rig);
    snprintf(own, sizeof own, "%u", is_root ? 0 : uid);
    snprintf(expected, sizeof expected,
             "[%u, %u, 0, \"0000000000000000\", \"0000000000000000\", \"1\", \"2\"]", uid, gid);
    assert_string_equal(rig_call(rig, "who", own), expected);
}

static void the_kernel_says_no(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    /* unshare, mount, ptrace, keyctl, bpf; netlink, packets; io_uring; clone with a namespace */
    assert_string_equal(rig_call(rig, "asks_the_kernel", ""),
                        "[-1, -1, -1, -1, -1, -97, -97, -1, -1]");
}

static void memory_is_bounded(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    const char *alone = rig_call(rig, "takes_memory", "");
    if (strstr(alone, "MemoryError") == NULL && strstr(alone, "signal: killed") == NULL)
        fail_msg("%s", alone);
    assert_non_null(strstr(rig_call(rig, "takes_memory_by_many", ""), "signal: killed"));
    assert_non_null(strstr(rig_call(rig, "takes_memory_to_share", ""), "signal: killed"));
    assert_string_equal(rig_call(rig, "takes_memory_of_nobody", ""), "[-1, -1, -1]");
}

static void what_it_says_is_bounded(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    assert_non_null(strstr(rig_call(rig, "answers_too_much", ""), "Function.ResponseSizeTooLarge"));
    assert_string_equal(rig_call(rig, "logs_too_much", ""), "21");
    char *log = rig_log(rig, "logs_too_much");
    assert_in_range(strlen(log), 200000, 270000);
    assert_non_null(strstr(log, "the rest of the log was dropped"));
    free(log);
    for (int i = 0; i < 5; i++)
        rig_call(rig, "logs_too_much", "");
    log = rig_log(rig, "logs_too_much");
    assert_true(strlen(log) <= KM_RUNNER_LOG_FILE_MAX);
    free(log);
}

static void secrets_are_blotted_out(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    rig_call(rig, "prints_secrets", "");
    char *log = rig_log(rig, "prints_secrets");
    assert_non_null(strstr(log, "\nPASSWORD ********\nLONGER ********\nSHORT abcabc\n"
                                "AWS_SECRET_ACCESS_KEY ********\nAWS_SESSION_TOKEN ********\n"));
    assert_null(strstr(log, "horse"));
    assert_null(strstr(log, RIG_SECRET));
    assert_null(strstr(rig->answer.log, "horse"));
    free(log);
}

static int listen_on(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* A control plane that answers one connection. */
static int pong(void *arg)
{
    char got[8] = {0};
    int fd = accept4(*(const int *)arg, NULL, NULL, SOCK_CLOEXEC);
    ssize_t n = recv(fd, got, sizeof got, 0);
    CHILD_CHECK(n == 4 && strcmp(got, "ping") == 0);
    CHILD_CHECK(send(fd, "pong", 4, 0) == 4);
    return 0;
}

static void only_the_control_plane_is_reached(void **state)
{
    struct rig *rig = *state;
    uint16_t port = 0, other_port = 0;
    int server = listen_on(&port), other = listen_on(&other_port);
    char endpoint[64] = {0}, event[16] = {0};
    int status = 0;
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", port);
    snprintf(event, sizeof event, "%u", other_port);
    rig->config.endpoint = endpoint;
    rig_start(rig);
    pid_t pid = fork();
    if (pid == 0)
        _exit(pong(&server));
    assert_string_equal(rig_call(rig, "connects", event), "[\"pong\", 111]");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(other);
    /* Nobody there: the connection is refused or cut, and the function goes on. */
    close(server);
    const char *said = rig_call(rig, "connects", event);
    assert_null(strstr(said, "pong"));
    rig_stop(rig);
    rig->config.endpoint = NULL;
    rig_start(rig);
    assert_string_equal(rig_call(rig, "connects", event), "[111, 111]");
}

/* TLS compares the name with the one in the certificate. */
static void the_control_plane_keeps_its_name(void **state)
{
    static const struct {
        const char *endpoint, *told; /* NULL: refused */
    } cases[] = {
        {"http://localhost:9", "\"http://localhost 127.0.0.1 localhost localhost\\n\""},
        {"https://localhost:9/", "\"https://localhost 127.0.0.1 localhost localhost\\n\""},
        {"http://127.0.0.2:9", "\"http://127.0.0.1 127.0.0.1 localhost \\n\""},
        {"https://127.0.0.1:9", "\"https://127.0.0.1 127.0.0.1 localhost \\n\""},
        {"https://127.0.0.2:9", NULL},
        {"https://[::1]:9", NULL},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        rig->config.endpoint = cases[i].endpoint;
        if (cases[i].told != NULL) {
            rig_start(rig);
            assert_string_equal(rig_call(rig, "tells_endpoint", ""), cases[i].told);
            rig_stop(rig);
        } else {
            struct km_err err = {.status = KM_OK};
            struct km_run_place place = {.endpoint_len = 0};
            assert_int_equal(km_run_place_init(&err, &rig->config, &place), KM_E_ARG);
            assert_non_null(strstr(err.text, "name"));
        }
    }
}

/* A function can only spoil its own answer. */
static void marks_of_its_own_are_its_own_affair(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    const char *said = rig_call(rig, "writes_marks", "");
    assert_true(rig->answer.is_function_error);
    assert_null(strstr(said, "forged"));
}

/* As a user without rights, where the tree lets that user at it. */
static int run_as_nobody(void *arg)
{
    struct rig *rig = arg;
    CHILD_CHECK(chmod(rig->dir, 0755) == 0 &&
                chown(rig->dir, rig_first_uid(), rig_first_uid()) == 0);
    CHILD_CHECK(setresgid(rig_first_uid(), rig_first_uid(), rig_first_uid()) == 0);
    CHILD_CHECK(setresuid(rig_first_uid(), rig_first_uid(), rig_first_uid()) == 0);
    if (access(rig->config.host_path, X_OK) != 0)
        return 77;
    rig->config.first_uid = 0;
    rig_start(rig);
    CHILD_CHECK(strstr(rig_call(rig, "hangs", ""), "timed out") != NULL);
    CHILD_CHECK(strcmp(rig_call(rig, "asks_the_kernel", ""),
                       "[-1, -1, -1, -1, -1, -97, -97, -1, -1]") == 0);
    CHILD_CHECK(strstr(rig_call(rig, "looks_around", "\"/tmp/test_runner\""),
                       "[], [\"1\"], 1, false, false, false, ") != NULL);
    CHILD_CHECK(strcmp(rig_call(rig, "leaves_children", own_seconds()), "\"left\"") == 0);
    CHILD_CHECK(strcmp(rig_call(rig, "connects", "1"), "[111, 111]") == 0);
    rig_stop(rig);
    return 0;
}

static void the_walls_stand_without_root_too(void **state)
{
    if (geteuid() != 0)
        return; /* the others are this test */
    int status = km_test_in_child(run_as_nobody, *state);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define WALL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WALL_TEST(what_hangs_is_ended),
        WALL_TEST(what_was_left_behind_ends_with_the_run),
        WALL_TEST(forks_are_bounded),
        WALL_TEST(files_are_bounded),
        WALL_TEST(nothing_of_the_machine_is_seen),
        WALL_TEST(rights_are_none),
        WALL_TEST(the_kernel_says_no),
        WALL_TEST(memory_is_bounded),
        WALL_TEST(what_it_says_is_bounded),
        WALL_TEST(secrets_are_blotted_out),
        WALL_TEST(only_the_control_plane_is_reached),
        WALL_TEST(the_control_plane_keeps_its_name),
        WALL_TEST(marks_of_its_own_are_its_own_affair),
        WALL_TEST(the_walls_stand_without_root_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
