/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/km_secret.h"
#include "tee/host/host.h"
#include "tee/store/store.h"

struct session {
    uint64_t id;
    struct km_rt_client client;
    void *ta_session;
    bool open;
    bool told; /* the service knows that it is closed */
};

/* One instance a process, so its state may stand here: the runtime's callbacks and a signal need it. */
static struct {
    const struct km_host *host;
    struct km_line line;
    struct km_store *store;
    struct km_lane_server *lanes[KM_CTL_SESSIONS_MAX]; /* side by side with sessions */
    struct session sessions[KM_CTL_SESSIONS_MAX];
    size_t n_sessions;
    size_t current;    /* whose call is being served */
    uint32_t mask;     /* confinements in force */
    TEE_Result refuse; /* what the first opening is answered with when the instance is no good */
    bool created;
    bool shared; /* by the sessions of one client process */
    bool has_anchor;
    uint64_t anchor;
} self;

static __attribute__((noreturn)) void quit(int status)
{
    /* Nothing is to run in the copied process that the template registered. */
    _exit(status);
}

static TEE_Result result_of(km_status status)
{
    switch ((int)status) {
    case KM_E_CORRUPT:
    case KM_E_STALE:
    case KM_E_AUTH:
        return TEE_ERROR_CORRUPT_OBJECT;
    case KM_E_NOMEM:
        return TEE_ERROR_OUT_OF_MEMORY;
    case KM_E_NOSPACE:
        return TEE_ERROR_STORAGE_NO_SPACE;
    case KM_E_BUSY:
        return TEE_ERROR_BUSY;
    default:
        return TEE_ERROR_STORAGE_NOT_AVAILABLE;
    }
}

/* ---- what the runtime asks of us ---- */

static uint64_t current_session(void)
{
    return self.current < self.n_sessions ? self.sessions[self.current].id : 0;
}

static __attribute__((noreturn)) void host_panic(void *arg, uint32_t code)
{
    (void)arg;
    struct km_ctl_msg msg = {.type = KM_CTL_PANIC,
                             .session = current_session(),
                             .code = code,
                             .text = KM_SLICE_STR(km_rt_panic_reason())};
    (void)km_ctl_send(NULL, self.line.sock, &msg, NULL, 0);
    quit(KM_HOST_EXIT_PANIC);
}

static km_status host_client_text(void *arg, const char *name, char *ret, size_t cap)
{
    (void)arg;
    struct km_ctl_msg question = {
        .type = KM_CTL_TEXT, .session = current_session(), .name = KM_SLICE_STR(name)};
    struct km_ctl_msg answer = {0};
    int fds[2] = {-1, -1};
    KM_TRY(km_line_ask(NULL, &self.line, &question, KM_CTL_TEXT_IS, -1, &answer, fds));
    if (answer.code != KM_OK)
        return KM_E_NOTFOUND;
    if (answer.text.len >= cap)
        return KM_E_LIMIT;
    km_copy(ret, cap, answer.text.ptr, answer.text.len);
    ret[answer.text.len] = '\0';
    return KM_OK;
}

static void host_audit(void *arg, const char *operation, struct km_slice subject, uint32_t result)
{
    (void)arg;
    char hex[2 * KM_STORE_NAME_MAX + 1] = {0};
    struct km_ctl_msg msg = {.type = KM_CTL_AUDIT,
                             .session = current_session(),
                             .name = KM_SLICE_STR(operation),
                             .code = result};
    /* A name that is no text is told in hex; one that is too long for a name, by its beginning. */
    if (km_utf8_valid(subject) && subject.len <= KM_CTL_NAME_MAX) {
        msg.text = subject;
    } else {
        size_t len = subject.len > KM_STORE_NAME_MAX ? KM_STORE_NAME_MAX : subject.len;
        km_hex(KM_SLICE(subject.ptr, len), hex, sizeof(hex));
        msg.text = KM_SLICE_STR(hex);
    }
    (void)km_ctl_send(NULL, self.line.sock, &msg, NULL, 0);
}

static TEE_Result host_session_open(void *arg, const TEE_UUID *ta, uint32_t timeout_ms,
                                    uint32_t types, TEE_Param params[4], void **ret_session,
                                    uint32_t *ret_origin)
{
    (void)arg;
    return km_peer_open(&self.line, ta, timeout_ms, types, params, ret_session, ret_origin);
}

static TEE_Result host_session_invoke(void *arg, void *session, uint32_t timeout_ms,
                                      uint32_t command, uint32_t types, TEE_Param params[4],
                                      uint32_t *ret_origin)
{
    (void)arg;
    return km_peer_invoke(session, timeout_ms, command, types, params, ret_origin);
}

static void host_session_close(void *arg, void *session)
{
    (void)arg;
    km_peer_close(session);
}

static bool host_cancelled(void *arg)
{
    (void)arg;
    return self.current < self.n_sessions && km_lane_server_cancelled(self.lanes[self.current]);
}

static bool host_wait_cancel(void *arg, uint32_t ms)
{
    (void)arg;
    if (self.current < self.n_sessions)
        return km_lane_server_wait_cancel(self.lanes[self.current], ms);
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
        ;
    return false;
}

static bool host_alg_allowed(void *arg, uint32_t algorithm, uint32_t bits)
{
    (void)arg;
    return km_crypto_policy_allows(&self.host->crypto_policy, algorithm, bits);
}

static km_status store_advance(struct km_err *err, void *arg, uint64_t count)
{
    (void)arg;
    struct km_ctl_msg question = {.type = KM_CTL_ADVANCE, .count = count}, answer = {0};
    int fds[2] = {-1, -1};
    KM_TRY(km_line_ask(err, &self.line, &question, KM_CTL_ADVANCED, -1, &answer, fds));
    if (answer.code != KM_OK)
        return KM_FAIL(err, KM_E_IO, "the root of trust could not raise its counter");
    return KM_OK;
}

/* ---- setting up ---- */

static km_status open_store(struct km_err *err, const struct km_ctl_msg *start)
{
    KM_AUTO(km_secret_freep) struct km_secret *key = km_secret_from(start->key);
    if (key == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the key of the store");
    /* The template went into the store's directory as long as it could. */
    struct km_store_config config = {
        .dir = ".",
        .may_create = (start->flags & KM_CTL_CREATE) != 0,
        .owner = self.host->ta,
        .key = key,
        .has_anchor = (start->flags & KM_CTL_ANCHOR) != 0,
        .anchor = start->count,
    };
    if (config.has_anchor)
        config.advance = store_advance;
    return km_store_open(err, &config, &self.store);
}

static km_status start_runtime(struct km_err *err)
{
    const struct km_host *host = self.host;
    struct km_rt_config config = {
        .ta = host->ta,
        .entry = host->entry,
        .ta_properties = host->properties,
        .n_ta_properties = host->n_ta_properties,
        .tee_properties = host->properties + host->n_ta_properties,
        .n_tee_properties = host->n_tee_properties,
        .store = self.store,
        .heap_max = host->heap_max,
        .host = {.panic = host_panic,
                 .client_text = host_client_text,
                 .audit = host_audit,
                 .alg_allowed = host_alg_allowed,
                 .session_open = host_session_open,
                 .session_invoke = host_session_invoke,
                 .session_close = host_session_close,
                 .cancelled = host_cancelled,
                 .wait_cancel = host_wait_cancel},
    };
    return km_rt_start(err, &config);
}

static km_status close_sandbox(struct km_err *err)
{
    km_confine_memory(&self.mask);
    KM_TRY(km_confine_files_none(err, &self.mask));
    KM_TRY(km_filter_install_own(err));
    KM_TRY(km_filter_install(err, &self.host->filter, &self.mask));
    return km_host_missing(err, self.host->demanded, self.mask);
}

static void report_failure(km_status status, const struct km_err *err)
{
    struct km_ctl_msg msg = {
        .type = KM_CTL_FAILED, .code = (uint32_t)status, .text = KM_SLICE_STR(err->text)};
    (void)km_ctl_send(NULL, self.line.sock, &msg, NULL, 0);
}

/* A store that was tampered with may bring the engine down: this process is there to be lost. */
static void verify_and_quit(const struct km_ctl_msg *start)
{
    struct km_err err = {0};
    struct km_store_report report = {0};
    km_status status = open_store(&err, start);
    if (status == KM_OK)
        status = km_store_verify(&err, self.store, &report);
    if (status != KM_OK) {
        report_failure(status, &err);
        quit(KM_HOST_EXIT_FAILED);
    }
    struct km_ctl_msg msg = {.type = KM_CTL_VERIFIED, .count = report.n_objects};
    (void)km_ctl_send(NULL, self.line.sock, &msg, NULL, 0);
    km_store_close(self.store);
    quit(0);
}

static void on_line_signal(int number)
{
    (void)number;
    km_lane_server_nudge();
}

/* More lanes come over the line while calls are served: have a signal end the waiting. */
static km_status watch_line(struct km_err *err)
{
    struct sigaction action = {.sa_handler = on_line_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    /* A signal of its own: SIGIO belongs to the lanes. */
    if (sigaction(SIGUSR1, &action, NULL) != 0 || fcntl(self.line.sock, F_SETSIG, SIGUSR1) != 0 ||
        fcntl(self.line.sock, F_SETOWN, getpid()) != 0 ||
        fcntl(self.line.sock, F_SETFL, O_ASYNC) != 0)
        return KM_FAIL_ERRNO(err, "can't watch the line to the service");
    return KM_OK;
}

static km_status set_up(struct km_err *err, const struct km_ctl_msg *start)
{
    KM_TRY(open_store(err, start));
    KM_TRY(start_runtime(err));
    if (self.shared || (self.host->flags & KM_CTL_MULTI) != 0)
        KM_TRY(watch_line(err));
    km_lane_server_prepare();
    return close_sandbox(err);
}

static void begin(pid_t template_pid)
{
    struct km_err err = {0};
    struct km_ctl_msg start = {0};
    int fds[2] = {-1, -1};
    self.mask = self.host->mask &
                (KM_CONFINE_UID | KM_CONFINE_LANDLOCK | KM_CONFINE_NET | KM_CONFINE_SCOPE);
    km_confine_process(template_pid, false, &self.mask);
    km_confine_heap(self.host->heap_max, &self.mask);
    /* Handlers of the program ran in the fork. Before there is a key, nobody may be here who keeps
     * outside the walls that follow. */
    if (!KM_SANITIZED_THREADS && km_confine_single_thread(&err) != KM_OK) {
        report_failure(err.status, &err);
        quit(KM_HOST_EXIT_FAILED);
    }
    if (km_ctl_recv(&err, self.line.sock, KM_SPAN(self.line.buf, sizeof(self.line.buf)), &start,
                    fds) != KM_OK ||
        start.type != KM_CTL_START)
        quit(KM_HOST_EXIT_FAILED);
    if ((start.flags & KM_CTL_VERIFY) != 0)
        verify_and_quit(&start);
    self.shared = (start.flags & KM_CTL_SHARED) != 0;
    if (self.shared && km_lane_server_bell(NULL, fds[0]) != KM_OK)
        quit(KM_HOST_EXIT_FAILED);
    km_status status = set_up(&err, &start);
    km_wipe(self.line.buf, sizeof(self.line.buf));
    if (status != KM_OK) {
        report_failure(status, &err);
        self.refuse = result_of(status);
        /* Not confined as demanded: the TA must not run at all, and there is nothing to serve. */
        if ((self.mask & KM_CONFINE_SECCOMP) == 0 || status == KM_E_UNSUPPORTED)
            quit(KM_HOST_EXIT_FAILED);
        return;
    }
    self.refuse = km_rt_create();
    self.created = self.refuse == TEE_SUCCESS;
    struct km_ctl_msg started = {.type = KM_CTL_STARTED, .mask = self.mask};
    if (self.created)
        (void)km_ctl_send(NULL, self.line.sock, &started, NULL, 0);
}

/* ---- serving ---- */

static void add_session(struct km_line_lane *new_lane)
{
    const struct km_ctl_client *client = &new_lane->client;
    struct km_lane_server *lane = NULL;
    if (self.n_sessions == KM_CTL_SESSIONS_MAX ||
        km_lane_server_new(NULL, new_lane->fds[0], new_lane->fds[1], &lane) != KM_OK) {
        close(new_lane->fds[0]);
        close(new_lane->fds[1]);
        struct km_ctl_msg closed = {.type = KM_CTL_CLOSED, .session = new_lane->session};
        (void)km_ctl_send(NULL, self.line.sock, &closed, NULL, 0);
        return;
    }
    self.lanes[self.n_sessions] = lane;
    self.sessions[self.n_sessions] = (struct session){
        .id = new_lane->session,
        .client = {.login = client->login,
                   .uuid = client->uuid,
                   .uid = client->uid,
                   .gid = client->gid,
                   .pid = client->pid,
                   .is_admin = client->is_admin != 0},
    };
    self.n_sessions++;
}

/* Before its client has the answer: who opens the next one then is not told that there are too many. */
static void tell_closed(struct session *session)
{
    struct km_ctl_msg closed = {.type = KM_CTL_CLOSED, .session = session->id};
    if (!session->told)
        (void)km_ctl_send(NULL, self.line.sock, &closed, NULL, 0);
    session->told = true;
}

static void drop_session(size_t i)
{
    struct session *session = &self.sessions[i];
    self.current = i;
    if (session->open) {
        session->open = false;
        km_rt_close_session(&session->client, session->ta_session);
    }
    tell_closed(session);
    km_lane_server_free(self.lanes[i]);
    self.n_sessions--;
    self.lanes[i] = self.lanes[self.n_sessions];
    self.sessions[i] = self.sessions[self.n_sessions];
    self.current = self.n_sessions;
}

static TEE_Result open_session(struct session *session, struct km_lane_call *call,
                               uint32_t *ret_origin)
{
    if (self.refuse != TEE_SUCCESS) {
        if (!self.created && self.store == NULL)
            *ret_origin = TEE_ORIGIN_TEE;
        return self.refuse;
    }
    TEE_Result result = km_rt_open_session(&session->client, call, &session->ta_session);
    session->open = result == TEE_SUCCESS;
    return result;
}

/* serve: answers one call; false when the session is over with it. */
static bool serve(size_t i)
{
    struct session *session = &self.sessions[i];
    struct km_lane_call call = {0};
    uint32_t origin = TEE_ORIGIN_TRUSTED_APP;
    TEE_Result result = TEE_ERROR_BAD_STATE;
    self.current = i;
    if (km_lane_server_take(NULL, self.lanes[i], &call) != KM_OK) {
        km_lane_server_reply(self.lanes[i], &call, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
        return true;
    }
    if (call.op == KM_LANE_OPEN && !session->open) {
        result = open_session(session, &call, &origin);
    } else if (call.op == KM_LANE_INVOKE && session->open) {
        result = km_rt_invoke(&session->client, session->ta_session, &call);
    } else if (call.op == KM_LANE_CLOSE && session->open) {
        session->open = false;
        km_rt_close_session(&session->client, session->ta_session);
        result = TEE_SUCCESS;
    } else {
        origin = TEE_ORIGIN_TEE;
    }
    if (!session->open)
        tell_closed(session);
    km_lane_server_reply(self.lanes[i], &call, result, origin);
    return session->open;
}

static __attribute__((noreturn)) void finish(void)
{
    if (self.created)
        km_rt_destroy();
    km_store_close(self.store);
    quit(0);
}

static void take_new_lanes(bool wait)
{
    struct km_line_lane lane = {0};
    struct km_err err = {0};
    km_status status = km_line_take(&err, &self.line, wait, &lane);
    while (status == KM_OK) {
        add_session(&lane);
        status = km_line_take(&err, &self.line, false, &lane);
    }
    if (status == KM_E_STATE && self.n_sessions == 0)
        finish();
    if (status != KM_E_BUSY)
        quit(0); /* the service is gone, and with it the right to be here */
}

static void step(void)
{
    size_t i = 0;
    km_status status = km_lane_server_wait(NULL, self.lanes, self.n_sessions, &i);
    if (status == KM_E_CANCELLED) {
        take_new_lanes(false);
    } else if (status == KM_E_DEAD && i < self.n_sessions) {
        drop_session(i);
    } else if (status == KM_OK && i < self.n_sessions) {
        if (!serve(i))
            drop_session(i);
    } else {
        quit(KM_HOST_EXIT_FAILED);
    }
}

void km_host_serve(const struct km_host *host, int control, pid_t template_pid)
{
    self.host = host;
    self.line.sock = control;
    begin(template_pid);
    /* Only the service knows whether somebody is on the way here, so it says when this ends. */
    for (;;) {
        take_new_lanes(true);
        while (self.n_sessions > 0)
            step();
    }
}
