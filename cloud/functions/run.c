/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/km_file.h"
#include "common/km_secret.h"

#define ENV_CAP 4096 /* octets of what is not the function's own */

/* ---- the place ---- */

/* http://HOST:PORT with nothing behind but perhaps a slash. */
static bool split_url(const char *url, bool *ret_is_tls, char *host, size_t cap,
                      const char **ret_port)
{
    static const char plain[] = "http://", tls[] = "https://";
    *ret_is_tls = strncmp(url, tls, sizeof tls - 1) == 0;
    if (!*ret_is_tls && strncmp(url, plain, sizeof plain - 1) != 0)
        return false;
    url += *ret_is_tls ? sizeof tls - 1 : sizeof plain - 1;
    bool is_v6 = url[0] == '[';
    const char *start = is_v6 ? url + 1 : url;
    size_t len = strcspn(start, is_v6 ? "]" : ":/");
    const char *colon = start + len + (is_v6 ? 1 : 0);
    if (len == 0 || len >= cap || *colon != ':')
        return false;
    km_copy(host, cap, start, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return true;
}

/* What a function looks for in the endpoint's certificate is the name by which it knows it. */
static km_status name_endpoint(struct km_err *err, const char *host, struct km_run_place *place)
{
    struct in6_addr address = {0};
    bool is_address =
        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    if (is_address && place->is_tls && strcmp(host, "127.0.0.1") != 0)
        return KM_FAIL(err, KM_E_ARG,
                       "functions need the name of https://%.64s that is in its certificate", host);
    if (is_address)
        return KM_OK;
    if (!km_host_name_is_good(KM_SLICE_STR(host)))
        return KM_FAIL(err, KM_E_ARG, "%.64s is no name of a machine", host);
    km_copy(place->endpoint_name, sizeof place->endpoint_name, host, strlen(host) + 1);
    return KM_OK;
}

static km_status find_endpoint(struct km_err *err, const char *url, struct km_run_place *place)
{
    const struct addrinfo wish = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[KM_HOST_NAME_MAX + 1] = {0}, number[8] = {0};
    const char *port = NULL;
    if (!split_url(url, &place->is_tls, host, sizeof host, &port))
        return KM_FAIL(err, KM_E_ARG, "endpoint %.64s is not of the form http://HOST:PORT", url);
    size_t len = strcspn(port, "/");
    if (len == 0 || len >= sizeof number || (port[len] == '/' && port[len + 1] != '\0'))
        return KM_FAIL(err, KM_E_ARG, "endpoint %.64s is not of the form http://HOST:PORT", url);
    km_copy(number, sizeof number, port, len);
    if (getaddrinfo(host, number, &wish, &found) != 0)
        return KM_FAIL(err, KM_E_NOTFOUND, "endpoint %.64s has no address", url);
    km_copy(&place->endpoint, sizeof place->endpoint, found->ai_addr, found->ai_addrlen);
    place->endpoint_len = found->ai_addrlen;
    freeaddrinfo(found);
    return name_endpoint(err, host, place);
}

km_status km_run_place_init(struct km_err *err, const struct km_runner_config *config,
                            struct km_run_place *ret)
{
    *ret = (struct km_run_place){.host_path = config->host_path,
                                 .runtime_dir = config->runtime_dir,
                                 .first_uid = config->first_uid,
                                 .tmp_mb = config->tmp_mb};
    if (geteuid() == 0 && config->first_uid == 0)
        return KM_FAIL(err, KM_E_ARG, "as root, functions need users of their own");
    if (geteuid() != 0 && config->first_uid != 0)
        return KM_FAIL(err, KM_E_ARG, "without root, functions can't have users of their own");
    if (config->endpoint != NULL)
        KM_TRY(find_endpoint(err, config->endpoint, ret));
    if (config->ca_file == NULL)
        return KM_OK;
    return km_file_read(err, AT_FDCWD, config->ca_file, KM_HOST_CA_MAX, &ret->ca, &ret->ca_len);
}

void km_run_place_clear(struct km_run_place *place)
{
    free(place->ca);
    place->ca = NULL;
}

/* ---- the order ---- */

struct env {
    struct km_host_order *order;
    struct km_wr text; /* what names and values are put together in */
};

static void add(struct env *env, const char *name, const char *value)
{
    size_t at = env->text.len;
    km_wr_bytes(&env->text, KM_SLICE_STR(name));
    km_wr_u8(&env->text, '=');
    km_wr_bytes(&env->text, KM_SLICE_STR(value));
    if (!env->text.overflow && env->order->n_env < KM_HOST_N_ENV_MAX)
        env->order->env[env->order->n_env++] = KM_SLICE(env->text.buf + at, env->text.len - at);
    else
        env->text.overflow = true;
}

static void add_number(struct env *env, const char *name, unsigned number)
{
    char text[16] = {0};
    snprintf(text, sizeof text, "%u", number);
    add(env, name, text);
}

static void add_about_run(struct env *env, const struct km_run_task *task)
{
    const struct km_function *function = task->function;
    char text[KM_FUNCTION_ARN_MAX + 1] = {0};
    km_function_arn(task->region, function->account, function->name, task->invoke->qualifier, text,
                    sizeof text);
    add(env, "KEYMOOR_FUNCTION_ARN", text);
    add(env, "KEYMOOR_REQUEST_ID", task->invoke->request_id);
    add_number(env, "KEYMOOR_TIMEOUT_MS", function->timeout_s * 1000);
    if (task->invoke->client_context != NULL && task->invoke->client_context[0] != '\0')
        add(env, "KEYMOOR_CLIENT_CONTEXT", task->invoke->client_context);
    add(env, "AWS_LAMBDA_FUNCTION_NAME", function->name);
    add(env, "AWS_LAMBDA_FUNCTION_VERSION", function->version);
    add_number(env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function->memory_mb);
    snprintf(text, sizeof text, "/aws/lambda/%s", function->name);
    add(env, "AWS_LAMBDA_LOG_GROUP_NAME", text);
    time_t seconds = (time_t)(task->now_ms / 1000);
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm);
    size_t len = strftime(text, sizeof text, "%Y/%m/%d/", &tm);
    snprintf(text + len, sizeof text - len, "[%s]%s", function->version, task->invoke->request_id);
    add(env, "AWS_LAMBDA_LOG_STREAM_NAME", text);
    snprintf(text, sizeof text, "AWS_Lambda_%s", function->runtime);
    add(env, "AWS_EXECUTION_ENV", text);
    add(env, "_HANDLER", function->handler);
}

static void add_all(struct env *env, const struct km_run_task *task)
{
    add_about_run(env, task);
    add(env, "AWS_REGION", task->region);
    add(env, "AWS_DEFAULT_REGION", task->region);
    add(env, "AWS_ACCESS_KEY_ID", task->credentials->key_id);
    add(env, "AWS_SECRET_ACCESS_KEY", task->credentials->secret);
    if (task->credentials->token[0] != '\0')
        add(env, "AWS_SESSION_TOKEN", task->credentials->token);
    /* There is no such service here: nobody is to wait for it. */
    add(env, "AWS_EC2_METADATA_DISABLED", "true");
    add(env, "LAMBDA_TASK_ROOT", "/var/task");
    add(env, "LAMBDA_RUNTIME_DIR", "/var/runtime");
    add(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
    add(env, "LANG", "C.UTF-8");
    add(env, "TZ", ":UTC");
    add(env, "HOME", "/tmp");
    for (size_t i = 0; i < task->function->n_variables; i++)
        add(env, task->function->variables[i].name, task->function->variables[i].value);
}

static void fill_place(const struct km_run_place *place, unsigned slot, struct km_host_order *order)
{
    order->has_uid = place->first_uid != 0;
    order->uid = (uint32_t)place->first_uid + slot;
    order->tmp_mb = place->tmp_mb;
    order->is_tls = place->is_tls;
    order->endpoint = KM_SLICE(&place->endpoint, place->endpoint_len);
    order->endpoint_name = KM_SLICE_STR(place->endpoint_name);
    order->ca = KM_SLICE(place->ca, place->ca_len);
    order->runtime_dir = KM_SLICE_STR(place->runtime_dir);
}

/* ---- the process ---- */

/* Files in memory out of the way of the numbers that they get in the host. */
static km_status memory_file(struct km_err *err, const char *name, int *ret_fd)
{
    KM_AUTO(km_fd_closep) int low = memfd_create(name, MFD_CLOEXEC);
    if (low < 0)
        return KM_FAIL_ERRNO(err, "no memory for a run's %s", name);
    *ret_fd = fcntl(low, F_DUPFD_CLOEXEC, 10);
    return *ret_fd >= 0 ? KM_OK : KM_FAIL_ERRNO(err, "no descriptor for a run's %s", name);
}

/* The credentials in it are wiped; the host's copy ends with the host. */
static km_status write_order(struct km_err *err, const struct km_host_order *order, int *ret_fd)
{
    size_t cap = order->event.len + order->ca.len +
                 (KM_HOST_ORDER_MAX - KM_FUNCTION_PAYLOAD_MAX - KM_HOST_CA_MAX);
    struct km_slice out = {0};
    KM_AUTO(km_fd_closep) int fd = -1;
    KM_TRY(memory_file(err, "order", &fd));
    KM_AUTO(km_freep) uint8_t *bytes = malloc(cap);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for an order");
    struct km_wr wr = km_wr_init(bytes, cap);
    km_host_order_write(&wr, order);
    bool fits = km_wr_finish(&wr, &out);
    bool is_written = fits && write(fd, out.ptr, out.len) == (ssize_t)out.len;
    km_wipe(bytes, wr.len);
    if (!is_written)
        return KM_FAIL(err, KM_E_LIMIT, "the order for a run can't be written");
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

static int add_actions(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int order,
                       int outcome)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, order, KM_HOST_ORDER_FD);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, outcome, KM_HOST_OUTCOME_FD);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

static km_status spawn(struct km_err *err, const char *path, int order, int outcome, pid_t *ret_pid)
{
    char self[16] = {0};
    char *argv[] = {(char *)(uintptr_t) "keymoor-function-host", self, NULL};
    char *env[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    snprintf(self, sizeof self, "%d", getpid());
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    int rc = add_actions(&actions, &attr, order, outcome);
    if (rc == 0)
        rc = posix_spawn(ret_pid, path, &actions, &attr, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    if (rc != 0) {
        errno = rc;
        return KM_FAIL_ERRNO(err, "can't start %.128s", path);
    }
    return KM_OK;
}

static km_status start(struct km_err *err, const struct km_run_place *place,
                       const struct km_host_order *order, struct km_run *ret)
{
    KM_AUTO(km_fd_closep) int order_fd = -1;
    KM_AUTO(km_fd_closep) int outcome = -1;
    pid_t pid = 0;
    KM_TRY(write_order(err, order, &order_fd));
    KM_TRY(memory_file(err, "outcome", &outcome));
    KM_TRY(spawn(err, place->host_path, order_fd, outcome, &pid));
    /* Close-on-exec from the start. */
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return KM_FAIL_ERRNO(err, "can't watch a run");
    }
    *ret = (struct km_run){pid, pidfd, km_fd_steal(&outcome)};
    return KM_OK;
}

km_status km_run_start(struct km_err *err, const struct km_run_place *place,
                       const struct km_run_task *task, struct km_run *ret)
{
    const struct km_function *function = task->function;
    uint8_t text[ENV_CAP + KM_FUNCTION_ENV_MAX + 2 * KM_FUNCTION_N_ENV_MAX];
    struct km_host_order order = {
        .is_python = km_function_kind(function->runtime) == KM_FUNCTION_PYTHON,
        .timeout_ms = function->timeout_s * 1000,
        .memory_mb = function->memory_mb,
        .code_dir = KM_SLICE_STR(task->code->path),
        .handler = KM_SLICE_STR(task->code->is_program ? KM_CODE_PROGRAM : function->handler),
        .event = task->invoke->payload};
    struct env env = {&order, km_wr_init(text, sizeof text)};
    fill_place(place, task->slot, &order);
    add_all(&env, task);
    km_status status =
        env.text.overflow
            ? KM_FAIL(err, KM_E_LIMIT, "the environment of %.64s is too large", function->name)
            : start(err, place, &order, ret);
    km_wipe(text, sizeof text);
    return status;
}

km_status km_run_finish(struct km_err *err, struct km_run *run, uint8_t **ret_bytes,
                        struct km_host_outcome *ret)
{
    struct stat st = {0};
    KM_AUTO(km_fd_closep) int outcome = run->outcome;
    run->outcome = -1;
    (void)waitpid(run->pid, NULL, 0);
    run->pid = 0;
    if (fstat(outcome, &st) != 0 || st.st_size <= 0 || (size_t)st.st_size > KM_HOST_OUTCOME_MAX)
        return KM_FAIL(err, KM_E_DEAD, "the process around a run ended without a word");
    size_t len = (size_t)st.st_size;
    KM_AUTO(km_freep) uint8_t *bytes = malloc(len);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for what a run left");
    if (pread(outcome, bytes, len, 0) != (ssize_t)len ||
        !km_host_outcome_read(KM_SLICE(bytes, len), ret))
        return KM_FAIL(err, KM_E_DEAD, "the process around a run left half a word");
    *ret_bytes = km_steal(&bytes);
    return KM_OK;
}

void km_run_kill(struct km_run *run)
{
    if (run->pid > 0) {
        (void)kill(run->pid, SIGKILL);
        (void)waitpid(run->pid, NULL, 0);
    }
    run->pid = 0;
    km_fd_closep(&run->outcome);
}

km_status km_run_check(struct km_err *err, const struct km_run_place *place)
{
    struct km_host_order order = {.is_check = true, .timeout_ms = 10000, .memory_mb = 128};
    struct km_host_outcome outcome = {.end = KM_HOST_NO_WALL};
    struct km_run run = {0, -1, -1};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    fill_place(place, 0, &order);
    KM_TRY(start(err, place, &order, &run));
    km_fd_closep(&run.pidfd);
    KM_TRY(km_run_finish(err, &run, &bytes, &outcome));
    if (outcome.end == KM_HOST_EXITED && outcome.code == 0)
        return KM_OK;
    return KM_FAIL(err, KM_E_UNSUPPORTED, "functions can't be confined here: %.*s",
                   (int)outcome.text.len, (const char *)outcome.text.ptr);
}
