/* SPDX-License-Identifier: Apache-2.0 */
/* Instances as the service sees them: a line, sessions, and how each ended. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/km_file.h"
#include "common/km_sock.h"
#include "tee/channel/lane.h"
#include "tee/keymoord/exe_digest.h"
#include "tee/keymoord/service.h"

#define STORE_ROOM_MIN (256u << 10) /* what an empty store takes, and a little more */
#define LEAVE_MS 10000              /* an instance that was told to end gets this long for it */
#define STUCK_MS 3000 /* an instance that computes this long for clients that are gone is ended */

static struct km_session *session_of(const struct km_instance *instance, uint64_t id)
{
    for (struct km_session *s = instance->sessions; s != NULL; s = s->next) {
        if (s->id == id)
            return s;
    }
    return NULL;
}

size_t km_instance_n_sessions(const struct km_instance *instance)
{
    size_t n = 0;
    for (const struct km_session *s = instance->sessions; s != NULL; s = s->next)
        n++;
    return n;
}

/* One that has ended may not have been noticed yet. */
static bool line_stands(const struct km_instance *instance)
{
    struct pollfd poller = {.fd = instance->watch.fd, .events = POLLRDHUP};
    return instance->watch.fd >= 0 && poll(&poller, 1, 0) == 0;
}

bool km_instance_takes(const struct km_instance *instance)
{
    return instance->state != KM_INSTANCE_LEAVING && instance->state != KM_INSTANCE_ENDED &&
           !instance->panicked && line_stands(instance);
}

/* The record of something that happened in a session, if it is known which. */
static void audit_session(struct km_instance *instance, struct km_audit_record *record,
                          const struct km_session *session)
{
    char via[KM_UUID_TEXT_LEN] = {0};
    if (session != NULL && session->caller_instance != 0) {
        km_uuid_format(&session->caller, via);
        record->via = via;
    }
    record->session = session == NULL ? 0 : session->id;
    km_service_audit(instance->service, record, session == NULL ? NULL : session->peer,
                     instance->app);
}

static void session_closed(struct km_instance *instance, struct km_session *session)
{
    struct km_audit_record record = {.event = "session-closed"};
    for (struct km_session **at = &instance->sessions; *at != NULL; at = &(*at)->next) {
        if (*at == session) {
            *at = session->next;
            break;
        }
    }
    audit_session(instance, &record, session);
    instance->service->n_sessions--;
    km_peer_unref(session->peer);
    free(session);
}

/* ---- questions ---- */

static void reply(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    if (instance->watch.fd < 0)
        return;
    /* It does not read its line: then it can't be helped. */
    if (km_ctl_send(NULL, instance->watch.fd, msg, NULL, 0) != KM_OK)
        km_instance_end(instance);
}

static void reply_text(struct km_instance *instance, uint32_t serial, km_status status,
                       const char *text)
{
    struct km_ctl_msg msg = {.type = KM_CTL_TEXT_IS,
                             .serial = serial,
                             .code = (uint32_t)status,
                             .text = KM_SLICE_STR(status == KM_OK ? text : "")};
    reply(instance, &msg);
}

/* Who waits for a digest: by number, since the instance may end meanwhile. */
struct asked {
    struct km_service *service;
    uint32_t instance_id;
    uint32_t serial;
};

static void digest_done(void *arg, struct km_peer *peer, km_status status)
{
    struct asked *asked = arg;
    struct km_instance *instance = km_app_find_instance(asked->service, asked->instance_id);
    if (status == KM_OK && peer->exe_unknown)
        status = KM_E_NOTFOUND;
    if (instance != NULL)
        reply_text(instance, asked->serial, status, peer->exe_sha256);
    free(asked);
}

static void ask_digest(struct km_instance *instance, struct km_peer *peer, uint32_t serial)
{
    struct asked *asked = calloc(1, sizeof(*asked));
    if (asked == NULL) {
        reply_text(instance, serial, KM_E_NOMEM, "");
        return;
    }
    *asked = (struct asked){instance->service, instance->id, serial};
    km_exe_digest_ask(&instance->service->loop, instance->service->trust, peer, digest_done, asked);
}

static void on_text(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    char unit[256] = {0};
    const struct km_session *session = session_of(instance, msg->session);
    struct km_peer *peer = session == NULL ? NULL : session->peer;
    if (peer == NULL)
        reply_text(instance, msg->serial, KM_E_NOTFOUND, "");
    else if (km_slice_equal(msg->name, KM_SLICE_STR("org.keymoor.client.exe.sha256")))
        ask_digest(instance, peer, msg->serial);
    else if (km_slice_equal(msg->name, KM_SLICE_STR("org.keymoor.client.unit")))
        reply_text(instance, msg->serial, km_peer_unit(peer, unit, sizeof(unit)), unit);
    else if (km_slice_equal(msg->name, KM_SLICE_STR("org.keymoor.client.exe")) &&
             peer->exe[0] != '\0' && km_utf8_valid(KM_SLICE_STR(peer->exe)))
        reply_text(instance, msg->serial, KM_OK, peer->exe);
    else
        reply_text(instance, msg->serial, KM_E_NOTFOUND, "");
}

/*
 * Whom an instance acts for when it opens a session to another TA: its client, when it has that one alone for all its
 * life and when that is no TA. An instance that several may share could use the session for the next one, and through
 * a second hop a TA that nobody trusts to speak for its client would do so with the voice of one that is trusted.
 */
static struct km_peer *acts_for(const struct km_instance *instance)
{
    const struct km_session *session = instance->sessions;
    if (instance->app->single || instance->shared || session == NULL || session->next != NULL ||
        session->caller_instance != 0)
        return NULL;
    return session->peer;
}

static void who_opens(const struct km_instance *instance, const struct km_peer *peer,
                      struct km_ctl_client *ret)
{
    *ret = (struct km_ctl_client){.login = KM_LOGIN_TRUSTED_APP,
                                  .uuid = instance->app->uuid,
                                  .uid = UINT32_MAX,
                                  .gid = UINT32_MAX,
                                  .pid = UINT32_MAX};
    if (peer == NULL)
        return;
    ret->uid = peer->uid;
    ret->gid = peer->gid;
    ret->pid = (uint32_t)peer->pid;
    ret->is_admin = peer->is_admin;
}

static void on_session(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    struct km_service *service = instance->service;
    struct km_peer *peer = acts_for(instance);
    struct km_opening *opening = calloc(1, sizeof(*opening));
    if (opening == NULL) {
        struct km_ctl_msg answer = {.type = KM_CTL_SESSION_IS,
                                    .serial = msg->serial,
                                    .code = KM_TEE_OUT_OF_MEMORY,
                                    .id = KM_TEE_ORIGIN_TEE};
        reply(instance, &answer);
        return;
    }
    *opening = (struct km_opening){.instance_id = instance->id,
                                   .serial = msg->serial,
                                   .peer = peer == NULL ? NULL : km_peer_ref(peer)};
    who_opens(instance, peer, &opening->who);
    if (peer != NULL &&
        km_client_sessions(service, peer->uid) >= service->options.max_sessions_per_uid)
        km_opening_answer(service, opening, KM_TEE_BUSY, KM_TEE_ORIGIN_TEE, 0, NULL);
    else
        km_app_open_session(service, &msg->uuid, opening);
}

static void on_advance(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    const struct km_root *root = &instance->service->root;
    uint64_t now = 0;
    km_status status = KM_E_UNSUPPORTED;
    if (km_root_has_counter(root))
        status = root->driver->counter_read(NULL, root->state, &now);
    if (status == KM_OK && !km_ctl_advance_fits(now, msg->count))
        status = KM_E_LIMIT;
    if (status == KM_OK)
        status = root->driver->counter_advance(NULL, root->state, msg->count);
    struct km_ctl_msg answer = {
        .type = KM_CTL_ADVANCED, .serial = msg->serial, .code = (uint32_t)status};
    reply(instance, &answer);
}

static void on_audit(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    char operation[KM_CTL_NAME_MAX + 1] = {0};
    km_copy(operation, KM_CTL_NAME_MAX, msg->name.ptr, msg->name.len);
    struct km_audit_record record = {.event = "ta",
                                     .operation = operation,
                                     .subject = msg->text,
                                     .has_result = true,
                                     .result = msg->code};
    audit_session(instance, &record, session_of(instance, msg->session));
}

static void on_failed(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    char text[KM_ERR_TEXT_MAX] = {0};
    uint32_t result =
        msg->code < KM_E_INTERNAL ? km_tee_result((km_status)msg->code) : KM_TEE_GENERIC;
    (void)snprintf(text, sizeof(text), "%.*s", (int)msg->text.len, (const char *)msg->text.ptr);
    if (instance->verifies && msg->code == KM_E_NOTFOUND) {
        km_app_fail(instance->app, KM_TEE_CORRUPT_OBJECT,
                    "its store is gone: somebody removed it, or put an older state back");
        return;
    }
    if (instance->verifies) {
        km_app_fail(instance->app, result, text);
        return;
    }
    struct km_audit_record record = {
        .event = "instance-failed", .has_result = true, .result = result, .detail = text};
    km_log(KM_LOG_ERROR, "an instance of %s could not be set up: %s", instance->app->text, text);
    km_service_audit(instance->service, &record, NULL, instance->app);
}

static void on_panic(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    instance->panicked = true;
    instance->panic_code = msg->code;
    instance->panic_session = msg->session;
    (void)snprintf(instance->panic_text, sizeof(instance->panic_text), "%.*s", (int)msg->text.len,
                   (const char *)msg->text.ptr);
}

/* One that could not be created is of no use to the next either. */
static bool stays(const struct km_instance *instance)
{
    return instance->app->single && instance->app->keep_alive &&
           instance->state == KM_INSTANCE_RUNNING;
}

/* The last session is closed and no other is on its way: from now on none is sent there, so that none gets lost in the end. */
static void leave_if_idle(struct km_instance *instance)
{
    const struct km_ctl_msg leave = {.type = KM_CTL_LEAVE};
    if (instance->sessions != NULL || instance->verifies || stays(instance) ||
        instance->state == KM_INSTANCE_LEAVING)
        return;
    instance->state = KM_INSTANCE_LEAVING;
    instance->leaves_ms = km_loop_now_ms();
    reply(instance, &leave);
}

static void on_message(struct km_instance *instance, const struct km_ctl_msg *msg)
{
    struct km_session *session = session_of(instance, msg->session);
    switch ((int)msg->type) {
    case KM_CTL_STARTED:
        instance->mask = msg->mask;
        instance->app->instance_mask = msg->mask;
        if (instance->state == KM_INSTANCE_NEW)
            instance->state = KM_INSTANCE_RUNNING;
        break;
    case KM_CTL_VERIFIED:
        if (instance->verifies)
            km_app_verified(instance->app, msg->count);
        break;
    case KM_CTL_CLOSED:
        if (session != NULL)
            session_closed(instance, session);
        leave_if_idle(instance);
        break;
    case KM_CTL_PANIC:
        on_panic(instance, msg);
        break;
    case KM_CTL_FAILED:
        on_failed(instance, msg);
        break;
    case KM_CTL_AUDIT:
        on_audit(instance, msg);
        break;
    case KM_CTL_TEXT:
        on_text(instance, msg);
        break;
    case KM_CTL_SESSION:
        on_session(instance, msg);
        break;
    case KM_CTL_ADVANCE:
        on_advance(instance, msg);
        break;
    default: /* nothing that an instance may say */
        km_instance_end(instance);
        break;
    }
}

/* line_read: one message; false when there is none (any more). */
static bool line_read(struct km_instance *instance)
{
    uint8_t buf[4096] = {0};
    struct km_ctl_msg msg = {0};
    int fds[2] = {-1, -1};
    struct km_service *service = instance->service;
    uint32_t id = instance->id;
    km_status status = km_ctl_recv(NULL, instance->watch.fd, KM_SPAN(buf, sizeof(buf)), &msg, fds);
    if (status == KM_E_BUSY)
        return false;
    if (status != KM_OK) {
        if (status != KM_E_DEAD)
            km_instance_end(instance);
        km_loop_remove(&service->loop, &instance->watch);
        instance->leaves_ms = km_loop_now_ms();
        return false;
    }
    km_fd_closep(&fds[0]);
    km_fd_closep(&fds[1]);
    on_message(instance, &msg);
    /* What it said may have ended its application, and the instance with it. */
    instance = km_app_find_instance(service, id);
    return instance != NULL && instance->watch.fd >= 0;
}

static void line_ready(struct km_watch *watch, uint32_t events)
{
    struct km_instance *instance = (struct km_instance *)watch;
    (void)events;
    (void)line_read(instance);
}

/* ---- life ---- */

static void instance_add(struct km_app *app, struct km_instance *instance)
{
    instance->next = app->instances;
    app->instances = instance;
}

void km_instance_free(struct km_instance *instance)
{
    struct km_app *app = instance->app;
    for (struct km_instance **at = &app->instances; *at != NULL; at = &(*at)->next) {
        if (*at == instance) {
            *at = instance->next;
            break;
        }
    }
    while (instance->sessions != NULL)
        session_closed(instance, instance->sessions);
    km_loop_remove(&instance->service->loop, &instance->watch);
    km_fd_closep(&instance->bell_fd);
    free(instance);
}

static km_status send_start(struct km_err *err, struct km_instance *instance)
{
    struct km_ctl_msg start = {
        .type = KM_CTL_START,
        .flags = instance->shared            ? KM_CTL_SHARED
                 : !instance->verifies       ? 0
                 : instance->app->ran_before ? KM_CTL_VERIFY
                                             : KM_CTL_VERIFY | KM_CTL_CREATE,
        .key = km_secret_expose(instance->app->store_key),
    };
    return km_ctl_send(err, instance->watch.fd, &start, &instance->bell_fd,
                       instance->shared ? 1 : 0);
}

km_status km_instance_new(struct km_err *err, struct km_app *app, const struct km_opening *opening,
                          struct km_instance **ret_instance)
{
    struct km_service *service = app->service;
    int line[2] = {-1, -1};
    struct km_instance *instance = calloc(1, sizeof(*instance));
    if (instance == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for an instance");
    *instance = (struct km_instance){.watch = {.fd = -1},
                                     .service = service,
                                     .app = app,
                                     .id = ++service->last_instance,
                                     .verifies = opening == NULL,
                                     .bell_fd = -1};
    instance_add(app, instance);
    if (opening != NULL && km_share_may(app, opening)) {
        instance->shared = true;
        instance->who = opening->who;
        instance->group = opening->group;
    }
    km_status status = instance->shared ? km_lane_bell_new(err, &instance->bell_fd) : KM_OK;
    if (status == KM_OK)
        status = km_line_pair(err, line);
    if (status == KM_OK) {
        status = km_loop_add(err, &service->loop, &instance->watch, line[0], line_ready);
        if (status != KM_OK)
            close(line[0]);
    }
    if (status == KM_OK)
        status = send_start(err, instance);
    if (status == KM_OK) {
        struct km_ctl_msg spawn = {.type = KM_CTL_SPAWN, .id = instance->id};
        status = km_ctl_send(err, app->watch.fd, &spawn, &line[1], 1);
    }
    km_fd_closep(&line[1]);
    if (status != KM_OK) {
        km_instance_free(instance);
        return status;
    }
    *ret_instance = instance;
    return KM_OK;
}

static struct km_session *session_new(struct km_instance *instance,
                                      const struct km_opening *opening)
{
    struct km_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    *session = (struct km_session){
        .id = ++instance->service->last_session,
        .peer = opening->peer == NULL ? NULL : km_peer_ref(opening->peer),
        .caller_instance = opening->instance_id,
        .caller = opening->who.uuid,
        .uid = opening->who.uid,
        .next = instance->sessions,
    };
    instance->sessions = session;
    instance->service->n_sessions++;
    instance->service->n_opened++;
    return session;
}

km_status km_instance_lane(struct km_err *err, struct km_instance *instance,
                           const struct km_opening *opening, uint64_t *ret_session, int ret_fds[3])
{
    KM_AUTO(km_fd_closep) int memory = -1;
    KM_AUTO(km_fd_closep) int bell = -1;
    int ends[2] = {-1, -1};
    KM_TRY(km_lane_memory_new(err, &memory));
    KM_TRY(km_sock_pair(err, ends));
    KM_AUTO(km_fd_closep) int theirs = ends[1];
    KM_AUTO(km_fd_closep) int ours = ends[0];
    if (instance->shared && (bell = fcntl(instance->bell_fd, F_DUPFD_CLOEXEC, 3)) < 0)
        return KM_FAIL_ERRNO(err, "hand on a bell");
    struct km_session *session = session_new(instance, opening);
    if (session == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a session");
    struct km_ctl_msg lane = {.type = KM_CTL_LANE, .session = session->id, .client = opening->who};
    const int fds[2] = {memory, theirs};
    km_status status = km_ctl_send(err, instance->watch.fd, &lane, fds, 2);
    if (status != KM_OK) {
        km_instance_end(instance);
        session_closed(instance, session);
        return status;
    }
    struct km_audit_record record = {.event = "session-opened"};
    audit_session(instance, &record, session);
    *ret_session = session->id;
    ret_fds[0] = km_fd_steal(&memory);
    ret_fds[1] = km_fd_steal(&ours);
    ret_fds[2] = km_fd_steal(&bell);
    return KM_OK;
}

struct process_stat {
    long parent;
    int64_t cpu_ms;
};

/* "PID (NAME) S PPID ...", and the name may hold anything. */
static bool read_stat(pid_t pid, struct process_stat *ret)
{
    char path[48] = {0};
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    unsigned long user = 0, kernel = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (km_file_read(NULL, AT_FDCWD, path, 4096, &text, &len) != KM_OK || len == 0)
        return false;
    text[len - 1] = '\0'; /* a newline */
    const char *at = strrchr((const char *)text, ')');
    if (at == NULL || sscanf(at + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                             &ret->parent, &user, &kernel) != 3)
        return false;
    ret->cpu_ms = (int64_t)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
    return true;
}

/* Is this process a child of the template? Only then a number from there may be used to kill. */
static bool is_child_of(pid_t pid, pid_t parent)
{
    struct process_stat stat = {0};
    return parent > 1 && read_stat(pid, &stat) && stat.parent == parent;
}

void km_instance_end(struct km_instance *instance)
{
    instance->state = KM_INSTANCE_ENDED;
    km_loop_remove(&instance->service->loop, &instance->watch);
    if (instance->pid <= 1)
        return;
    /* The handle is taken first, so that what is checked and what is killed is one process. */
    KM_AUTO(km_fd_closep) int fd = (int)syscall(SYS_pidfd_open, instance->pid, 0);
    if (fd >= 0 && is_child_of(instance->pid, instance->app->template_pid))
        (void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

/* The session in which it ended is known of a panic, and where there is only one. Nobody is named for another's doings. */
static void audit_whose_end(struct km_instance *instance, struct km_audit_record *record)
{
    const struct km_session *first = instance->sessions;
    const struct km_session *named =
        instance->panicked ? session_of(instance, instance->panic_session) : NULL;
    if (named == NULL && first != NULL && first->next == NULL)
        named = first;
    if (named == NULL && first != NULL && instance->shared)
        km_service_audit(instance->service, record, first->peer, instance->app);
    else
        audit_session(instance, record, named);
}

static void audit_end(struct km_instance *instance, int how)
{
    char detail[192] = {0};
    struct km_audit_record record = {.detail = detail};
    if (instance->panicked) {
        record.event = "panic";
        record.has_result = true;
        record.result = instance->panic_code;
        (void)snprintf(detail, sizeof(detail), "the trusted application panicked%s%s",
                       instance->panic_text[0] == '\0' ? "" : ": ", instance->panic_text);
    } else if (WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS) {
        record.event = "denied";
        (void)snprintf(detail, sizeof(detail), "killed for a system call that is not allowed");
    } else if (WIFSIGNALED(how)) {
        record.event = "killed";
        (void)snprintf(detail, sizeof(detail), "ended by signal %d (%s)", WTERMSIG(how),
                       strsignal(WTERMSIG(how)));
    } else if (WEXITSTATUS(how) != 0) {
        record.event = "ended";
        (void)snprintf(detail, sizeof(detail), "ended with status %d", WEXITSTATUS(how));
    } else {
        return;
    }
    km_log(KM_LOG_WARNING, "an instance of %s: %s (%s)", instance->app->text, record.event, detail);
    audit_whose_end(instance, &record);
}

/* A file that is mapped and finds no room when it is written to ends its process. */
static bool disk_is_full(const struct km_service *service)
{
    struct statvfs fs = {0};
    return fstatvfs(service->state.ta_fd, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < STORE_ROOM_MIN;
}

void km_instance_reaped(struct km_instance *instance, int how)
{
    struct km_app *app = instance->app;
    struct km_service *service = instance->service;
    bool verifies = instance->verifies;
    uint32_t id = instance->id;
    instance->pid = 0; /* another process may have the number by now */
    while (instance->watch.fd >= 0 && line_read(instance))
        ;
    instance = km_app_find_instance(service, id);
    if (instance != NULL) {
        audit_end(instance, how);
        km_instance_free(instance);
    }
    km_app_serve_waiting(app);
    /* It said nothing: mostly, the store brought it down. */
    if (!verifies || app->state != KM_APP_VERIFYING)
        return;
    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS) {
        km_app_fail(app, KM_TEE_SECURITY,
                    "its process was killed for a system call that is not allowed");
    } else if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL) {
        /* No store does that: somebody else did, and the next client may try at once. */
        km_app_fail(app, KM_TEE_TARGET_DEAD, "its process was killed while it looked at the store");
        app->failure_until_ms = 0;
    } else if (disk_is_full(service)) {
        km_app_fail(app, KM_TEE_STORAGE_NO_SPACE, "its store can't be opened: the disk is full");
    } else {
        km_app_fail(app, KM_TEE_CORRUPT_OBJECT,
                    "its store is damaged so badly that it can't be read");
    }
}

static bool client_gone(const struct km_instance *instance, const struct km_session *session)
{
    if (session->caller_instance == 0)
        return session->peer->gone;
    return km_app_find_instance(instance->service, session->caller_instance) == NULL;
}

bool km_instance_has_stuck(struct km_instance *instance, int64_t now_ms, bool *ret_waiting)
{
    struct process_stat stat = {0};
    if (instance->leaves_ms != 0 && instance->state != KM_INSTANCE_ENDED) {
        *ret_waiting = true;
        return now_ms - instance->leaves_ms >= LEAVE_MS;
    }
    if (instance->sessions == NULL || instance->pid <= 1)
        return false;
    for (const struct km_session *s = instance->sessions; s != NULL; s = s->next) {
        if (!client_gone(instance, s))
            return false;
    }
    /* One that sleeps has a lane that somebody still holds open; one that computes does not come
     * to see that it is closed. */
    *ret_waiting = true;
    if (instance->looked_ms != 0 && now_ms - instance->looked_ms < STUCK_MS)
        return false;
    if (!read_stat(instance->pid, &stat))
        return false;
    bool stuck = instance->looked_ms != 0 && stat.cpu_ms - instance->looked_cpu_ms >= STUCK_MS / 10;
    instance->looked_ms = now_ms;
    instance->looked_cpu_ms = stat.cpu_ms;
    return stuck;
}
