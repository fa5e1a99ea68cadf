/* SPDX-License-Identifier: Apache-2.0 */
/* From the fork to the function's own first instruction. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cloud/functions/host/host.h"
#include "common/km_sock.h"

#define PYTHON "/usr/bin/python3"
#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* Two names of ours on top of the order's: where the control plane is, and whom to trust there. */
#define N_OWN_ENV 2

static km_status write_file(struct km_err *err, const char *path, const char *text)
{
    KM_AUTO(km_fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return KM_FAIL_ERRNO(err, "can't write %s", path);
    return KM_OK;
}

/* In user namespaces of one's own one is oneself. */
static km_status map_user(struct km_err *err, uid_t uid, gid_t gid)
{
    char map[64] = {0};
    KM_TRY(write_file(err, "/proc/self/setgroups", "deny"));
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    KM_TRY(write_file(err, "/proc/self/uid_map", map));
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return write_file(err, "/proc/self/gid_map", map);
}

km_status km_host_loopback(struct km_err *err, int *ret_fd, uint16_t *ret_port)
{
    struct ifreq up = {.ifr_name = "lo"};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    up.ifr_flags = IFF_UP;
    KM_AUTO(km_fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &up) != 0)
        return KM_FAIL_ERRNO(err, "can't bring the loopback up");
    if (bind(fd, (const struct sockaddr *)&address, len) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return KM_FAIL_ERRNO(err, "can't listen on the loopback");
    *ret_port = ntohs(address.sin_port);
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

/* The listener lives in this network, and who accepts from it need not. */
static km_status open_way(struct km_err *err, const struct km_host_child *child, uint16_t *ret_port)
{
    KM_AUTO(km_fd_closep) int listener = -1;
    KM_TRY(km_host_loopback(err, &listener, ret_port));
    return km_sock_send(err, child->line, KM_SLICE("L", 1), &listener, 1);
}

struct image {
    char handler[sizeof KM_HOST_TASK + KM_FUNCTION_HANDLER_MAX + 1];
    char endpoint[64 + KM_HOST_NAME_MAX];
    char *argv[5];
    char *env[KM_HOST_N_ENV_MAX + N_OWN_ENV + 1];
};

static km_status make_env(struct km_err *err, const struct km_host_order *order, uint16_t port,
                          struct image *image)
{
    const struct km_slice nameless = KM_SLICE_STR("127.0.0.1");
    size_t n = 0;
    for (uint32_t i = 0; i < order->n_env; i++) {
        image->env[n] = strndup((const char *)order->env[i].ptr, order->env[i].len);
        if (image->env[n++] == NULL)
            return KM_FAIL(err, KM_E_NOMEM, "no memory for the environment");
    }
    if (order->endpoint.len > 0) {
        struct km_slice name = order->endpoint_name.len > 0 ? order->endpoint_name : nameless;
        snprintf(image->endpoint, sizeof image->endpoint, "AWS_ENDPOINT_URL=%s://%.*s:%u",
                 order->is_tls ? "https" : "http", (int)name.len, (const char *)name.ptr, port);
        image->env[n++] = image->endpoint;
    }
    if (order->ca.len > 0)
        image->env[n++] = (char *)(uintptr_t) "AWS_CA_BUNDLE=" KM_HOST_CA;
    return KM_OK;
}

static void make_argv(const struct km_host_order *order, struct image *image)
{
    static char *const python[] = {(char *)(uintptr_t)PYTHON, (char *)(uintptr_t) "-Bs",
                                   (char *)(uintptr_t)KM_HOST_RUNTIME "/bootstrap.py", NULL};
    snprintf(image->handler, sizeof image->handler, KM_HOST_TASK "/%.*s", (int)order->handler.len,
             (const char *)order->handler.ptr);
    if (order->is_python)
        km_copy(image->argv, sizeof image->argv, python, sizeof python);
    else
        image->argv[0] = image->handler;
}

/* put: fd becomes number, open across exec. */
static bool put(int fd, int number)
{
    return fd == number ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, number) == number;
}

/* First out of the way of each other, then where they belong. */
static km_status put_files(struct km_err *err, const struct km_host_child *child)
{
    KM_AUTO(km_fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int event = fcntl(child->event, F_DUPFD_CLOEXEC, 10);
    int answer = fcntl(child->answer, F_DUPFD_CLOEXEC, 10);
    int log = fcntl(child->log, F_DUPFD_CLOEXEC, 10);
    bool is_python = child->order->is_python;
    if (null < 0 || event < 0 || answer < 0 || log < 0 ||
        !put(is_python ? null : event, STDIN_FILENO) ||
        !put(is_python ? log : answer, STDOUT_FILENO) || !put(log, STDERR_FILENO) ||
        (is_python && (!put(event, KM_HOST_EVENT_FD) || !put(answer, KM_HOST_ANSWER_FD))))
        return KM_FAIL_ERRNO(err, "can't put the descriptors in their places");
    return KM_OK;
}

static km_status become_function(struct km_err *err, const struct km_host_child *child,
                                 bool has_user_namespace, uid_t uid, gid_t gid)
{
    const struct km_host_order *order = child->order;
    struct image image = {.argv = {NULL}};
    uint16_t port = 0;
    close(child->other_end);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setsid() < 0)
        return KM_FAIL_ERRNO(err, "can't have a session of one's own");
    if (has_user_namespace)
        KM_TRY(map_user(err, uid, gid));
    KM_TRY(open_way(err, child, &port));
    KM_TRY(km_host_files(err, order));
    if (sethostname("function", 8) != 0 || chdir(KM_HOST_TASK) != 0)
        return KM_FAIL_ERRNO(err, "can't enter the folder of the code");
    KM_TRY(make_env(err, order, port, &image));
    make_argv(order, &image);
    KM_AUTO(km_fd_closep) int line = fcntl(child->line, F_DUPFD_CLOEXEC, 20);
    KM_TRY(put_files(err, child));
    KM_TRY(km_host_limits(err, order));
    /* Who watches may have gone while the kernel was not told to end this process with it. */
    KM_TRY(km_sock_send(err, line, KM_SLICE("G", 1), NULL, 0));
    if (order->is_check)
        _exit(0);
    /* What is left open closes here: all of it was made close-on-exec. */
    execve(image.argv[0], image.argv, image.env);
    struct km_err failure = {.status = KM_OK};
    (void)KM_FAIL_ERRNO(&failure, "can't start %.100s", image.argv[0]);
    *err = failure;
    (void)km_sock_send(NULL, line, KM_SLICE_STR(err->text), NULL, 0);
    _exit(127);
}

km_status km_host_spawn(struct km_err *err, const struct km_host_child *child, pid_t *ret_pid)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    bool has_user_namespace = uid != 0;
    unsigned long flags = NAMESPACES | SIGCHLD | (has_user_namespace ? CLONE_NEWUSER : 0);
    long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (pid < 0)
        return KM_FAIL_ERRNO(err, "can't have namespaces (processes, files, network)");
    if (pid == 0) {
        struct km_err failure = {.status = KM_OK};
        (void)become_function(&failure, child, has_user_namespace, uid, gid);
        (void)km_sock_send(NULL, child->line, KM_SLICE_STR(failure.text), NULL, 0);
        _exit(127);
    }
    *ret_pid = (pid_t)pid;
    return KM_OK;
}
