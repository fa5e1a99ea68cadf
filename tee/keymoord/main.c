/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/km_file.h"
#include "tee/keymoord/service.h"

#define BACKLOG 128

static struct km_service service = {
    .loop = {.epoll_fd = -1},
    .listener = {.fd = -1},
    .listen_watch = {.fd = -1},
    .signal_watch = {.fd = -1},
    .state = {.fd = -1, .lock_fd = -1, .ta_fd = -1},
    .audit = {.fd = -1},
    .host_fd = -1,
};

/* ---- signals ---- */

static km_status load_trust(struct km_err *err, struct km_trust **ret_trust)
{
    KM_AUTO(km_trust_freep) struct km_trust *trust = km_trust_new();
    if (trust == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the trusted keys");
    for (size_t i = 0; i < service.options.n_ta_keys; i++)
        KM_TRY(km_trust_add(err, trust, service.options.ta_keys[i]));
    if (km_trust_count(trust) == 0)
        km_log(KM_LOG_WARNING, "no key is trusted to sign trusted applications (--ta-key)");
    *ret_trust = km_steal(&trust);
    return KM_OK;
}

static void on_hup(void)
{
    struct km_err err = {0};
    struct km_trust *trust = NULL;
    if (load_trust(&err, &trust) == KM_OK) {
        km_trust_free(service.trust);
        service.trust = trust;
    } else {
        km_log_err(KM_LOG_ERROR, &err, "the trusted keys stay as they were");
    }
    km_err_clear(&err);
    if (km_audit_reopen(&err, &service.audit) != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "audit");
}

static void on_signal(struct km_watch *watch, uint32_t events)
{
    struct signalfd_siginfo info = {0};
    int how = 0;
    (void)events;
    if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
        service.stop = true;
    else if (info.ssi_signo == SIGHUP)
        on_hup();
    /* Signals of one kind merge, so every child that ended is looked for each time. */
    for (pid_t pid = waitpid(-1, &how, WNOHANG); pid > 0; pid = waitpid(-1, &how, WNOHANG))
        km_app_child(&service, pid, how);
}

static km_status watch_signals(struct km_err *err)
{
    sigset_t set = {0};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return KM_FAIL_ERRNO(err, "can't block signals");
    KM_AUTO(km_fd_closep) int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't watch signals");
    KM_TRY(km_loop_add(err, &service.loop, &service.signal_watch, fd, on_signal));
    (void)km_fd_steal(&fd);
    return KM_OK;
}

/* ---- starting ---- */

/* In a user namespace with few ids the users for TAs may not exist. */
static bool users_exist(uint32_t base)
{
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    unsigned long first = 0, outside = 0, count = 0;
    char line[64] = {0};
    if (km_file_read(NULL, AT_FDCWD, "/proc/self/uid_map", 4096, &text, &len) != KM_OK)
        return true;
    km_copy(line, sizeof(line) - 1, text, len < sizeof(line) - 1 ? len : sizeof(line) - 1);
    return sscanf(line, "%lu %lu %lu", &first, &outside, &count) != 3 ||
           (base >= first && base - first + KM_STATEDIR_TAS_MAX <= count);
}

static km_status check_confinement(struct km_err *err)
{
    char text[160] = {0};
    service.confine_available = km_confine_available();
    if (service.options.uid_base == 0 || !users_exist(service.options.uid_base))
        service.confine_available &= ~(uint32_t)KM_CONFINE_UID;
    uint32_t missing = service.options.confine_demanded & ~service.confine_available;
    if (missing == 0)
        return KM_OK;
    km_confine_text(missing, text, sizeof(text));
    return KM_FAIL(err, KM_E_UNSUPPORTED,
                   "this confinement is demanded and can't be had here: %s (--confine)", text);
}

static km_status open_host(struct km_err *err)
{
    char path[4096] = {0};
    const char *host = service.options.host;
    if (host == NULL) {
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/keymoor-host"));
        path[n > 0 ? n : 0] = '\0';
        char *slash = strrchr(path, '/');
        if (slash != NULL) {
            size_t at = (size_t)(slash - path);
            km_copy(path + at, sizeof(path) - at, "/keymoor-host", sizeof("/keymoor-host"));
        }
        host = access(path, X_OK) == 0 ? path : KM_HOST_PATH;
    }
    service.host_fd = open(host, O_RDONLY | O_CLOEXEC);
    if (service.host_fd < 0)
        return KM_FAIL_ERRNO(err, "can't open the program around trusted applications %s", host);
    return KM_OK;
}

static km_status derive_own(struct km_err *err, const char *label, struct km_secret **ret_secret)
{
    return service.root.driver->derive(err, service.root.state, KM_SLICE_STR(label), ret_secret);
}

static km_status open_root(struct km_err *err)
{
    char spec[4096] = {0};
    const char *root = service.options.root;
    if (root == NULL) {
        int n = snprintf(spec, sizeof(spec), "soft:%s/root.secret", service.options.state_dir);
        if (n < 0 || (size_t)n >= sizeof(spec))
            return KM_FAIL(err, KM_E_LIMIT, "the path of the state directory is too long");
        root = spec;
    }
    KM_TRY(km_root_open(err, root, &service.root));
    KM_AUTO(km_secret_freep) struct km_secret *key = NULL;
    KM_TRY(derive_own(err, "keymoor service store", &key));
    KM_TRY(km_statedir_open_versions(err, &service.state, key));
    /* A number for the device that tells nothing of the secret behind it. */
    KM_AUTO(km_secret_freep) struct km_secret *id = NULL;
    char hex[65] = {0};
    struct km_uuid uuid = {{0}};
    KM_TRY(derive_own(err, "keymoor device id", &id));
    km_hex(KM_SLICE(km_secret_expose(id).ptr, 16), hex, sizeof(hex));
    KM_TRY(km_uuid_v5(err, service.trust, hex, &uuid));
    km_uuid_format(&uuid, service.device_id);
    return KM_OK;
}

/* Read once: what runs keeps to what it began with. A file that was asked for must be there. */
static km_status read_crypto_policy(struct km_err *err)
{
    const char *asked = service.options.crypto_policy;
    const char *path = asked != NULL ? asked : KM_CRYPTO_POLICY_FILE;
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    struct km_err inner = {0};
    if (asked == NULL && access(path, F_OK) != 0 && errno == ENOENT)
        return KM_OK;
    KM_TRY(km_file_read(err, AT_FDCWD, path, KM_CRYPTO_POLICY_MAX, &text, &len));
    if (km_crypto_policy_parse(&inner, KM_SLICE(text, len), &service.crypto_policy) != KM_OK) {
        km_status status = KM_FAIL(err, KM_E_MALFORMED, "%s: %.160s", path, inner.text);
        km_err_clear(&inner);
        return status;
    }
    service.crypto_policy_file = path;
    return KM_OK;
}

static km_status open_audit(struct km_err *err)
{
    static char path[4096];
    const char *target = service.options.audit;
    if (target == NULL) {
        (void)snprintf(path, sizeof(path), "%s/audit.jsonl", service.options.state_dir);
        target = path;
    }
    return km_audit_open(err, &service.audit, target);
}

/* A client may have many descriptors' worth of sessions: three each. */
static void raise_limits(void)
{
    struct rlimit files = {0};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        rlim_t wanted = 65536;
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static km_status start(struct km_err *err)
{
    service.started_ms = km_loop_now_ms();
    umask(077);
    raise_limits();
    /* Holds what opens the stores: nobody looks into it. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return KM_FAIL_ERRNO(err, "can't close this process to others");
    KM_TRY(check_confinement(err));
    KM_TRY(read_crypto_policy(err));
    KM_TRY(km_statedir_open(err, service.options.state_dir, &service.state));
    KM_TRY(open_host(err));
    KM_TRY(load_trust(err, &service.trust));
    KM_TRY(open_root(err));
    KM_TRY(open_audit(err));
    KM_TRY(km_loop_init(err, &service.loop));
    KM_TRY(watch_signals(err));
    const struct km_listen_wish wish = {.path = service.options.socket_path,
                                        .type = SOCK_SEQPACKET,
                                        .mode = service.options.socket_mode,
                                        .gid = service.options.socket_gid,
                                        .backlog = BACKLOG,
                                        .names_senders = true};
    KM_TRY(km_listen_open(err, &wish, &service.listener));
    int fd = service.listener.fd;
    return km_loop_add(err, &service.loop, &service.listen_watch, fd, km_client_accept);
}

static void stop(void)
{
    km_notify("STOPPING=1");
    service.listen_watch.fd = -1; /* the same descriptor */
    km_listen_close(&service.listener);
    km_app_end_all(&service);
    while (service.clients != NULL)
        km_client_free(service.clients);
    struct km_audit_record record = {.event = "service-stopped"};
    if (service.loop.epoll_fd >= 0 && service.signal_watch.fd >= 0)
        km_service_audit(&service, &record, NULL, NULL);
    km_loop_remove(&service.loop, &service.signal_watch);
    km_loop_clear(&service.loop);
    km_audit_close(&service.audit);
    km_statedir_close(&service.state);
    km_root_close(&service.root);
    km_trust_free(service.trust);
    km_fd_closep(&service.host_fd);
}

static km_status run(struct km_err *err)
{
    char walls[160] = {0};
    struct km_audit_record record = {.event = "service-started", .detail = KM_VERSION};
    km_confine_text(service.confine_available, walls, sizeof(walls));
    km_log(KM_LOG_INFO, "ready on %s; root %s; confinement %s",
           service.listener.path == NULL ? "the socket from systemd" : service.listener.path,
           service.root.driver->name, walls);
    km_service_audit(&service, &record, NULL, NULL);
    km_notify("READY=1\nSTATUS=serving");
    while (!service.stop) {
        int timeout = km_app_tick(&service);
        int audit_timeout = km_audit_tick(&service.audit);
        if (timeout < 0 || (audit_timeout >= 0 && audit_timeout < timeout))
            timeout = audit_timeout;
        KM_TRY(km_loop_once(err, &service.loop, timeout));
    }
    return KM_OK;
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    km_log_init("keymoord", getenv("JOURNAL_STREAM") != NULL, KM_LOG_INFO);
    if (km_options_parse(&err, argc, argv, &service.options) != KM_OK) {
        km_log(KM_LOG_ERROR, "%s", err.text);
        return 2;
    }
    if (service.options.help) {
        km_options_usage(stdout);
        return 0;
    }
    if (service.options.version) {
        puts("keymoord " KM_VERSION);
        return 0;
    }
    km_status status = start(&err);
    if (status == KM_OK)
        status = run(&err);
    stop();
    if (status != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "can't run");
    return status == KM_OK ? 0 : 1;
}
