/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted applications: their templates, and the openings that wait for one to get ready. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/keymoord/service.h"

#define FAILURE_KEPT_MS                                                                            \
    1000 /* so that a broken package costs little, however often it is asked for */
#define STUCK_LOOK_MS 500

uint32_t km_tee_result(km_status status)
{
    switch (status) {
    case KM_OK:
        return 0;
    case KM_E_NOTFOUND:
        return KM_TEE_ITEM_NOT_FOUND;
    case KM_E_MALFORMED:
    case KM_E_LIMIT:
        return KM_TEE_BAD_FORMAT;
    case KM_E_AUTH:
    case KM_E_STALE:
        return KM_TEE_SECURITY;
    case KM_E_DENIED:
        return KM_TEE_ACCESS_DENIED;
    case KM_E_NOMEM:
        return KM_TEE_OUT_OF_MEMORY;
    case KM_E_NOSPACE:
        return KM_TEE_STORAGE_NO_SPACE;
    case KM_E_CORRUPT:
        return KM_TEE_CORRUPT_OBJECT;
    case KM_E_BUSY:
        return KM_TEE_BUSY;
    case KM_E_UNSUPPORTED:
        return KM_TEE_NOT_SUPPORTED;
    case KM_E_DEAD:
        return KM_TEE_TARGET_DEAD;
    case KM_E_ARG:
    case KM_E_EXISTS:
    case KM_E_TIMEOUT:
    case KM_E_CANCELLED:
    case KM_E_STATE:
    case KM_E_IO:
    case KM_E_INTERNAL:
        break;
    }
    return KM_TEE_GENERIC;
}

const char *km_app_state_name(const struct km_app *app)
{
    static const char *const names[] = {"idle", "starting", "verifying", "ready"};
    return app->failure != 0 && app->state == KM_APP_IDLE ? "failed" : names[app->state];
}

size_t km_app_sessions(const struct km_app *app)
{
    size_t n = 0;
    for (const struct km_instance *i = app->instances; i != NULL; i = i->next)
        for (const struct km_session *s = i->sessions; s != NULL; s = s->next)
            n++;
    return n;
}

static struct km_app *app_of(struct km_service *service, const struct km_uuid *ta)
{
    for (struct km_app *app = service->apps; app != NULL; app = app->next) {
        if (km_uuid_equal(&app->uuid, ta))
            return app;
    }
    return NULL;
}

static void app_forget(struct km_app *app)
{
    struct km_service *service = app->service;
    for (struct km_app **at = &service->apps; *at != NULL; at = &(*at)->next) {
        if (*at == app) {
            *at = app->next;
            break;
        }
    }
    service->n_apps--;
    km_secret_free(app->store_key);
    free(app);
}

static struct km_app *app_new(struct km_service *service, const struct km_uuid *ta)
{
    struct km_app *app = service->n_apps < KM_APPS_MAX ? calloc(1, sizeof(*app)) : NULL;
    if (app == NULL)
        return NULL;
    app->watch.fd = -1;
    app->service = service;
    app->uuid = *ta;
    km_uuid_format(ta, app->text);
    app->next = service->apps;
    service->apps = app;
    service->n_apps++;
    return app;
}

/* ---- the template ---- */

static void instances_gone(struct km_app *app)
{
    while (app->instances != NULL)
        km_instance_free(app->instances);
}

/* Its instances go with it: the kernel ends them, and here nothing of them is left either. */
static void template_stop(struct km_app *app)
{
    km_loop_remove(&app->service->loop, &app->watch);
    if (app->template_pid > 0) {
        (void)kill(app->template_pid, SIGKILL);
        (void)waitpid(app->template_pid, NULL, 0);
    }
    app->template_pid = 0;
    app->state = KM_APP_IDLE;
    instances_gone(app);
}

static void fail_waiting(struct km_app *app, uint32_t result)
{
    while (app->waiting != NULL) {
        struct km_opening *opening = app->waiting;
        app->waiting = opening->next;
        app->n_waiting--;
        km_opening_answer(app->service, opening, result, KM_TEE_ORIGIN_TEE, 0, NULL);
    }
}

void km_app_fail(struct km_app *app, uint32_t result, const char *text)
{
    struct km_audit_record record = {
        .event = "ta-refused", .has_result = true, .result = result, .detail = text};
    km_log(KM_LOG_ERROR, "trusted application %s: %s", app->text, text);
    km_service_audit(app->service, &record, NULL, app);
    (void)snprintf(app->failure_text, sizeof(app->failure_text), "%s", text);
    app->failure = result;
    app->failure_until_ms = km_loop_now_ms() + FAILURE_KEPT_MS;
    template_stop(app);
    fail_waiting(app, result);
}

static void app_message(struct km_app *app, const struct km_ctl_msg *msg);

/* line_read: one message of the template. KM_E_BUSY when there is none now, else it is over. */
static km_status line_read(struct km_app *app)
{
    static uint8_t buf[KM_CTL_MAX];
    struct km_ctl_msg msg = {0};
    int fds[2] = {-1, -1};
    if (app->watch.fd < 0)
        return KM_E_DEAD;
    KM_TRY(km_ctl_recv(NULL, app->watch.fd, KM_SPAN(buf, sizeof(buf)), &msg, fds));
    km_fd_closep(&fds[0]);
    km_fd_closep(&fds[1]);
    app_message(app, &msg);
    return KM_OK;
}

static void template_ready(struct km_watch *watch, uint32_t events)
{
    struct km_app *app = (struct km_app *)watch;
    pid_t pid = app->template_pid;
    int how = 0;
    (void)events;
    km_status status = line_read(app);
    if (status == KM_OK || status == KM_E_BUSY)
        return;
    /* It has ended, or says what nobody understands: either way it is over, and how it ended is
     * known at once. */
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        if (waitpid(pid, &how, 0) == pid)
            km_app_child(app->service, pid, how);
    }
    template_stop(app);
}

/* Nobody else runs as a TA's user: a process for each session there may be, and some that end. */
static bool limit_processes(rlim_t n)
{
    struct rlimit now = {0};
    if (getrlimit(RLIMIT_NPROC, &now) != 0)
        return false;
    n = now.rlim_max < n ? now.rlim_max : n;
    return setrlimit(RLIMIT_NPROC, &(struct rlimit){n, n}) == 0;
}

/* After the fork: only what may be called there. The program is run by its descriptor, since its
 * new user need not be able to walk to it. */
static void child(const struct km_service *service, int line, uid_t uid)
{
    static char *const args[] = {(char *)"keymoor-host", (char *)"--serve", NULL};
    static char *const env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C", NULL};
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    sigset_t none = {0};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setrlimit(RLIMIT_MEMLOCK, &unlimited); /* where it is allowed */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int program = fcntl(service->host_fd, F_DUPFD_CLOEXEC, 64);
    int line_far = fcntl(line, F_DUPFD_CLOEXEC, 64);
    if (null < 0 || program < 0 || line_far < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
        (!service->options.ta_stderr && dup2(null, 2) < 0) || dup2(line_far, KM_CTL_FD) < 0)
        _exit(126);
    if (syscall(SYS_close_range, KM_CTL_FD + 1, 63, 0) != 0 ||
        syscall(SYS_close_range, 64, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */) != 0)
        _exit(126);
    if (uid != geteuid() &&
        (!limit_processes(service->options.max_sessions + 64) || setgroups(0, NULL) != 0 ||
         setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
        _exit(126);
    (void)syscall(SYS_execveat, program, "", args, env, 0x1000 /* AT_EMPTY_PATH */);
    _exit(127);
}

static km_status send_setup(struct km_err *err, struct km_app *app, const struct km_loaded *loaded,
                            int store_fd)
{
    const struct km_service *service = app->service;
    struct km_ctl_msg msg = {
        .type = KM_CTL_SETUP,
        .uuid = app->uuid,
        .mask = service->options.confine_demanded,
        .count = loaded->heap,
        .flags = loaded->single && loaded->multi ? KM_CTL_MULTI : 0,
        .properties = KM_SLICE(loaded->properties, loaded->properties_len),
    };
    const int fds[2] = {loaded->elf_fd, store_fd};
    return km_ctl_send(err, app->watch.fd, &msg, fds, 2);
}

static km_status derive_key(struct km_err *err, struct km_app *app)
{
    char label[64] = {0};
    if (app->store_key != NULL)
        return KM_OK;
    (void)snprintf(label, sizeof(label), "keymoor store %s", app->text);
    const struct km_root *root = &app->service->root;
    return root->driver->derive(err, root->state, KM_SLICE_STR(label), &app->store_key);
}

km_status km_line_pair(struct km_err *err, int ret_fds[2])
{
    int fds[2] = {-1, -1};
    KM_TRY(km_sock_pair(err, fds));
    /* Whoever is at the other end, we never wait for him. */
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
        close(fds[0]);
        close(fds[1]);
        return KM_FAIL_ERRNO(err, "can't make a line to a process");
    }
    ret_fds[0] = fds[0];
    ret_fds[1] = fds[1];
    return KM_OK;
}

static km_status template_spawn(struct km_err *err, struct km_app *app,
                                const struct km_loaded *loaded)
{
    struct km_service *service = app->service;
    KM_AUTO(km_fd_closep) int store_fd = -1;
    int line[2] = {-1, -1};
    KM_TRY(derive_key(err, app));
    bool own_user = (service->confine_available & KM_CONFINE_UID) != 0;
    KM_TRY(km_statedir_ta(err, &service->state, &app->uuid,
                          own_user ? service->options.uid_base : 0, &store_fd, &app->uid));
    KM_TRY(km_line_pair(err, line));
    km_status status = km_loop_add(err, &service->loop, &app->watch, line[0], template_ready);
    if (status != KM_OK) {
        close(line[0]);
        close(line[1]);
        return status;
    }
    pid_t pid = fork();
    if (pid == 0)
        child(service, line[1], app->uid);
    close(line[1]);
    if (pid < 0)
        return KM_FAIL_ERRNO(err, "can't make a process");
    app->template_pid = pid;
    app->state = KM_APP_STARTING;
    return send_setup(err, app, loaded, store_fd);
}

static void template_start(struct km_app *app)
{
    struct km_err err = {0};
    struct km_loaded loaded = {.elf_fd = -1};
    app->failure = 0;
    km_status status = km_app_load(&err, app, &loaded);
    if (status == KM_OK) {
        app->version = loaded.version;
        app->single = loaded.single;
        app->multi = loaded.multi;
        app->keep_alive = loaded.keep_alive;
        app->shares = loaded.shares && !loaded.single;
        status = template_spawn(&err, app, &loaded);
        km_fd_closep(&loaded.elf_fd);
        free(loaded.properties);
    }
    if (status != KM_OK)
        km_app_fail(app, km_tee_result(status), err.text);
}

/* Its program is in place; now somebody looks at the store before anybody uses it. */
static void app_loaded(struct km_app *app, uint32_t mask)
{
    struct km_err err = {0};
    struct km_instance *verifier = NULL;
    app->mask = mask;
    app->state = KM_APP_VERIFYING;
    km_status status = km_instance_new(&err, app, NULL, &verifier);
    if (status != KM_OK)
        km_app_fail(app, km_tee_result(status), err.text);
}

void km_app_verified(struct km_app *app, uint64_t n_objects)
{
    struct km_err err = {0};
    if (app->state != KM_APP_VERIFYING)
        return;
    app->n_objects = n_objects;
    /* Only now, so that a version that can't be loaded does not shut out the one before. */
    km_status status = km_version_raise(&err, &app->service->state, &app->uuid, app->version);
    if (status != KM_OK) {
        km_app_fail(app, km_tee_result(status), err.text);
        return;
    }
    app->state = KM_APP_READY;
    km_log(KM_LOG_INFO, "trusted application %s version %u is ready (store: %llu objects)",
           app->text, app->version, (unsigned long long)n_objects);
    km_app_serve_waiting(app);
}

static struct km_instance *instance_of(struct km_app *app, uint32_t id)
{
    for (struct km_instance *i = app->instances; i != NULL; i = i->next) {
        if (i->id == id)
            return i;
    }
    return NULL;
}

static void app_message(struct km_app *app, const struct km_ctl_msg *msg)
{
    char text[KM_ERR_TEXT_MAX] = {0};
    struct km_instance *instance = instance_of(app, msg->id);
    if (msg->type == KM_CTL_READY && app->state == KM_APP_STARTING) {
        app_loaded(app, msg->mask);
    } else if (msg->type == KM_CTL_FAILED) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)msg->text.len, (const char *)msg->text.ptr);
        km_app_fail(
            app, msg->code < KM_E_INTERNAL ? km_tee_result((km_status)msg->code) : KM_TEE_GENERIC,
            text);
    } else if (msg->type == KM_CTL_SPAWNED && instance != NULL) {
        instance->pid = (pid_t)msg->code;
        if (instance->state == KM_INSTANCE_ENDED)
            km_instance_end(instance);
    } else if (msg->type == KM_CTL_REAPED && instance != NULL) {
        km_instance_reaped(instance, (int)msg->code);
    }
}

/* ---- openings ---- */

static struct km_instance *single_instance(struct km_app *app)
{
    for (struct km_instance *i = app->instances; i != NULL; i = i->next) {
        if (!i->verifies)
            return i;
    }
    return NULL;
}

/* Sessions that one application holds to others or to itself: no client is counted for them. */
static size_t sessions_by(const struct km_service *service, const struct km_uuid *caller)
{
    size_t n = 0;
    for (const struct km_app *app = service->apps; app != NULL; app = app->next) {
        for (const struct km_instance *i = app->instances; i != NULL; i = i->next)
            for (const struct km_session *s = i->sessions; s != NULL; s = s->next)
                n += s->caller_instance != 0 && km_uuid_equal(&s->caller, caller) ? 1 : 0;
    }
    return n;
}

static void serve_one(struct km_app *app, struct km_opening *opening)
{
    struct km_err err = {0};
    struct km_instance *instance = app->single ? single_instance(app) : km_share_find(app, opening);
    uint64_t session = 0;
    int fds[3] = {-1, -1, -1};
    km_status status = KM_OK;
    if (app->service->n_sessions >= app->service->options.max_sessions)
        status = KM_FAIL(&err, KM_E_BUSY, "as many sessions as there may be are open");
    else if (opening->instance_id != 0 && sessions_by(app->service, &opening->who.uuid) >=
                                              app->service->options.max_sessions / 2)
        status = KM_FAIL(&err, KM_E_BUSY, "the calling application has half of all sessions");
    else if (app->single && instance != NULL && instance->sessions != NULL && !app->multi)
        status = KM_FAIL(&err, KM_E_BUSY, "it takes one session at a time");
    else if (instance != NULL && instance->id == opening->instance_id)
        status = KM_FAIL(&err, KM_E_BUSY, "its only instance can't open a session to itself");
    else if (instance != NULL && km_instance_n_sessions(instance) >= KM_CTL_SESSIONS_MAX)
        status = KM_FAIL(&err, KM_E_BUSY, "its only instance has as many sessions as it serves");
    else if (instance == NULL)
        status = km_instance_new(&err, app, opening, &instance);
    if (status == KM_OK)
        status = km_instance_lane(&err, instance, opening, &session, fds);
    if (status != KM_OK && app->service->options.verbose)
        km_log_err(KM_LOG_INFO, &err, "no session");
    km_opening_answer(app->service, opening, km_tee_result(status), KM_TEE_ORIGIN_TEE, session,
                      fds);
    km_fd_closep(&fds[0]);
    km_fd_closep(&fds[1]);
    km_fd_closep(&fds[2]);
}

/* Its only instance ends: the next must not run beside it. It itself is refused rather than kept waiting for its own end. */
static bool has_to_wait(struct km_app *app, const struct km_opening *opening)
{
    const struct km_instance *instance = app->single ? single_instance(app) : NULL;
    return instance != NULL && instance->id != opening->instance_id && !km_instance_takes(instance);
}

void km_app_serve_waiting(struct km_app *app)
{
    while (app->state == KM_APP_READY && app->waiting != NULL && !has_to_wait(app, app->waiting)) {
        struct km_opening *opening = app->waiting;
        app->waiting = opening->next;
        app->n_waiting--;
        serve_one(app, opening);
    }
}

static bool same_file(const struct km_file_id *a, const struct km_file_id *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
           a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

/* A package that was replaced or removed counts as soon as nobody uses the old one. */
static void notice_new_package(struct km_app *app)
{
    struct km_file_id now = {0};
    if (app->state != KM_APP_READY || km_app_sessions(app) != 0)
        return;
    if (km_app_find_file(NULL, app, &now) == KM_OK && same_file(&now, &app->file))
        return;
    km_log(KM_LOG_INFO, "the package of trusted application %s has changed", app->text);
    template_stop(app);
}

static void wait_for(struct km_app *app, struct km_opening *opening)
{
    struct km_opening **end = &app->waiting;
    while (*end != NULL)
        end = &(*end)->next;
    opening->next = NULL;
    opening->app = app;
    *end = opening;
    app->n_waiting++;
}

/* Without a package there is no application: a client can't fill the table with names. */
static struct km_app *installed_app(struct km_service *service, const struct km_uuid *ta)
{
    struct km_file_id file = {0};
    struct km_app *app = app_of(service, ta);
    if (app != NULL)
        return app;
    app = app_new(service, ta);
    if (app != NULL && km_app_find_file(NULL, app, &file) != KM_OK) {
        app_forget(app);
        app = NULL;
    }
    return app;
}

void km_app_open_session(struct km_service *service, const struct km_uuid *ta,
                         struct km_opening *opening)
{
    uint32_t refuse = 0;
    struct km_app *app = installed_app(service, ta);
    if (app == NULL)
        refuse = KM_TEE_ITEM_NOT_FOUND;
    else if (app->n_waiting >= KM_APP_WAITING_MAX)
        refuse = KM_TEE_BUSY;
    else if (app->failure != 0 && km_loop_now_ms() < app->failure_until_ms)
        refuse = app->failure;
    if (refuse != 0) {
        km_opening_answer(service, opening, refuse, KM_TEE_ORIGIN_TEE, 0, NULL);
        return;
    }
    notice_new_package(app);
    wait_for(app, opening);
    if (app->state == KM_APP_READY)
        km_app_serve_waiting(app);
    else if (app->state == KM_APP_IDLE)
        template_start(app);
}

void km_app_forget_client(struct km_service *service, const struct km_client *client)
{
    for (struct km_app *app = service->apps; app != NULL; app = app->next) {
        struct km_opening **at = &app->waiting;
        while (*at != NULL) {
            struct km_opening *opening = *at;
            if (opening->client != client) {
                at = &opening->next;
                continue;
            }
            *at = opening->next;
            app->n_waiting--;
            km_peer_unref(opening->peer);
            free(opening);
        }
    }
}

struct km_instance *km_app_find_instance(const struct km_service *service, uint32_t id)
{
    for (struct km_app *app = service->apps; app != NULL; app = app->next) {
        struct km_instance *instance = instance_of(app, id);
        if (instance != NULL)
            return instance;
    }
    return NULL;
}

/* ---- ends ---- */

/* What runs when the program is loaded tried something that only its walls kept it from. */
static void app_denied(struct km_app *app, char *text, size_t cap)
{
    struct km_audit_record record = {
        .event = "denied",
        .detail = "its process was killed for a system call that is not allowed"};
    km_service_audit(app->service, &record, NULL, app);
    (void)snprintf(text, cap, "%s", record.detail);
}

void km_app_child(struct km_service *service, pid_t pid, int how)
{
    char text[96] = {0};
    for (struct km_app *app = service->apps; app != NULL; app = app->next) {
        if (app->template_pid != pid)
            continue;
        app->template_pid = 0;
        if (WIFEXITED(how) && WEXITSTATUS(how) == 126)
            (void)snprintf(text, sizeof(text), "its process could not take user %u", app->uid);
        else if (WIFEXITED(how))
            (void)snprintf(text, sizeof(text), "its process ended with status %d",
                           WEXITSTATUS(how));
        else if (WTERMSIG(how) == SIGSYS)
            app_denied(app, text, sizeof(text));
        else
            (void)snprintf(text, sizeof(text), "its process was ended by signal %d", WTERMSIG(how));
        /* What it had to say stands in its line still, and says more. */
        while (line_read(app) == KM_OK)
            ;
        bool was_ready = app->state == KM_APP_READY;
        bool denied = WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS;
        if (app->state != KM_APP_IDLE)
            km_app_fail(app, denied ? KM_TEE_SECURITY : KM_TEE_TARGET_DEAD, text);
        if (was_ready)
            app->failure_until_ms = 0; /* it did work: the next client may try at once */
        instances_gone(app);
        return;
    }
}

int km_app_tick(struct km_service *service)
{
    bool waiting = false;
    int64_t now = km_loop_now_ms();
    for (struct km_app *app = service->apps; app != NULL; app = app->next) {
        for (struct km_instance *i = app->instances; i != NULL; i = i->next) {
            if (km_instance_has_stuck(i, now, &waiting))
                km_instance_end(i);
        }
    }
    return waiting ? STUCK_LOOK_MS : -1;
}

void km_app_end_all(struct km_service *service)
{
    for (struct km_app *app = service->apps; app != NULL; app = app->next) {
        template_stop(app);
        fail_waiting(app, KM_TEE_TARGET_DEAD);
    }
    while (service->apps != NULL)
        app_forget(service->apps);
}
