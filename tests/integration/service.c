/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/integration/service.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tests/unit/km_test.h"

#define PATH_LEN 256
#define ARGS_MAX 32
#define WAIT_MS 60000
#define STEP_MS 10
#define PROCESSES_MAX 4096

struct km_service {
    char dir[PATH_LEN / 2];
    char state[PATH_LEN];
    char socket[PATH_LEN];
    char log[PATH_LEN];
    const char *const *more_args;
    pid_t pid; /* 0: not running */
};

static void sleep_step(void)
{
    struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    while (nanosleep(&step, &step) != 0 && errno == EINTR)
        continue;
}

const char *km_service_program(const char *name)
{
    static char path[PATH_LEN];
    (void)snprintf(path, sizeof(path), "%s/%s", KM_TEST_BIN_DIR, name);
    return path;
}

const char *km_service_dir(const struct km_service *service)
{
    return service->dir;
}

const char *km_service_state_dir(const struct km_service *service)
{
    return service->state;
}

const char *km_service_socket(const struct km_service *service)
{
    return service->socket;
}

pid_t km_service_pid(const struct km_service *service)
{
    return service->pid;
}

/* ---- start and stop ---- */

static void print_log(const struct km_service *service)
{
    char line[512];
    FILE *log = fopen(service->log, "re");
    if (log == NULL)
        return;
    while (fgets(line, sizeof(line), log) != NULL)
        fprintf(stderr, "  | %s", line);
    (void)fclose(log);
}

/* As many processes as a user may have, services beside this one would take part of. */
static const char *uid_base(void)
{
    static char text[16];
    (void)snprintf(text, sizeof(text), "%d", 260016 + (int)getppid() % 4096 * 16);
    return text;
}

static void run_keymoord(const struct km_service *service)
{
    const char *args[ARGS_MAX] = {km_service_program("keymoord"),
                                  "--state-dir",
                                  service->state,
                                  "--socket",
                                  service->socket,
                                  "--ta-dir",
                                  KM_TEST_TA_DIR,
                                  "--ta-key",
                                  KM_TEST_TA_KEYS,
                                  "--uid-base",
                                  uid_base()};
    size_t n = 0;
    while (args[n] != NULL)
        n++;
    for (size_t i = 0; service->more_args != NULL && service->more_args[i] != NULL; i++) {
        if (n < ARGS_MAX - 1)
            args[n++] = service->more_args[i];
    }
    /* A test that is killed leaves no service behind. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(service->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(126);
    execv(args[0], (char *const *)(uintptr_t)args);
    fprintf(stderr, "%s: %s\n", args[0], strerror(errno));
    _exit(127);
}

static bool is_answering(const struct km_service *service)
{
    int sock = -1;
    if (km_sock_connect(NULL, service->socket, &sock) != KM_OK)
        return false;
    (void)close(sock);
    return true;
}

void km_service_resume(struct km_service *service)
{
    assert_int_equal(service->pid, 0);
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0)
        run_keymoord(service);
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        int status = 0;
        if (waitpid(pid, &status, WNOHANG) == pid)
            break;
        if (is_answering(service)) {
            service->pid = pid;
            return;
        }
        sleep_step();
    }
    print_log(service);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    fail_msg("keymoord did not start");
}

struct km_service *km_service_prepare(const char *const *more_args)
{
    struct km_service *service = calloc(1, sizeof(*service));
    assert_non_null(service);
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(service->dir, sizeof(service->dir), "%s/keymoor-test.XXXXXX",
                   tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(service->dir));
    /* Clients of other users must reach the socket; the state is the service's alone. */
    assert_int_equal(chmod(service->dir, 0711), 0);
    (void)snprintf(service->state, sizeof(service->state), "%s/state", service->dir);
    (void)snprintf(service->socket, sizeof(service->socket), "%s/sock", service->dir);
    (void)snprintf(service->log, sizeof(service->log), "%s/keymoord.log", service->dir);
    assert_int_equal(mkdir(service->state, 0700), 0);
    service->more_args = more_args;
    assert_int_equal(setenv("KEYMOOR_SOCKET", service->socket, 1), 0);
    return service;
}

struct km_service *km_service_start(const char *const *more_args)
{
    struct km_service *service = km_service_prepare(more_args);
    km_service_resume(service);
    return service;
}

static void wait_for_end(struct km_service *service)
{
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        if (waitpid(service->pid, NULL, WNOHANG) == service->pid) {
            service->pid = 0;
            return;
        }
        sleep_step();
    }
    (void)kill(service->pid, SIGKILL);
    (void)waitpid(service->pid, NULL, 0);
    service->pid = 0;
    print_log(service);
    fail_msg("keymoord did not end");
}

void km_service_signal(struct km_service *service, int signal)
{
    assert_int_not_equal(service->pid, 0);
    assert_int_equal(kill(service->pid, signal), 0);
    if (signal == SIGKILL || signal == SIGTERM)
        wait_for_end(service);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

void km_service_stop(struct km_service *service)
{
    if (service == NULL)
        return;
    if (service->pid != 0)
        km_service_signal(service, SIGTERM);
    if (getenv("KEYMOOR_TEST_KEEP") == NULL)
        (void)nftw(service->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(service);
}

/* ---- processes ---- */

struct process {
    pid_t pid, parent;
};

static pid_t parent_of(pid_t pid)
{
    char path[PATH_LEN];
    char line[512] = "";
    int parent = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof(line), file) == NULL)
        line[0] = '\0';
    (void)fclose(file);
    const char *behind_name = strrchr(line, ')');
    char state = 0;
    if (behind_name == NULL || sscanf(behind_name + 1, " %c %d", &state, &parent) != 2 ||
        state == 'Z')
        return 0;
    return parent;
}

static size_t list_processes(struct process *ret, size_t max)
{
    size_t n = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *at = readdir(proc); at != NULL && n < max; at = readdir(proc)) {
        if (!isdigit((unsigned char)at->d_name[0]))
            continue;
        pid_t pid = (pid_t)strtol(at->d_name, NULL, 10);
        ret[n++] = (struct process){.pid = pid, .parent = parent_of(pid)};
    }
    (void)closedir(proc);
    return n;
}

size_t km_service_instances(const struct km_service *service, pid_t *ret_pids, size_t max)
{
    static struct process all[PROCESSES_MAX];
    size_t n = list_processes(all, PROCESSES_MAX);
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (all[i].parent != service->pid)
            continue;
        /* A template; its children are the instances. */
        for (size_t j = 0; j < n && found < max; j++) {
            if (all[j].parent == all[i].pid)
                ret_pids[found++] = all[j].pid;
        }
    }
    return found;
}

void km_service_await_end(const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int waited = 0;
        for (; parent_of(pids[i]) != 0 && waited < WAIT_MS; waited += STEP_MS)
            sleep_step();
        assert_true(waited < WAIT_MS);
    }
}

int km_service_run(const char *const *argv, char *out, size_t cap)
{
    int ends[2] = {-1, -1};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (dup2(ends[1], STDOUT_FILENO) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
            _exit(126);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    (void)close(ends[1]);
    size_t len = 0;
    char rest[256];
    for (;;) {
        bool is_full = len + 1 >= cap;
        ssize_t got =
            read(ends[0], is_full ? rest : out + len, is_full ? sizeof(rest) : cap - 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        if (!is_full)
            len += (size_t)got;
    }
    out[len] = '\0';
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
