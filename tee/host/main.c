/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/km_log.h"
#include "common/km_sock.h"
#include "tee/host/host.h"

#define CHILDREN_MAX 4096

struct child {
    pid_t pid;
    uint32_t id;
};

static struct km_host host;
static uint8_t control_buf[KM_CTL_MAX];
static struct child children[CHILDREN_MAX];
static size_t n_children;

km_status km_host_missing(struct km_err *err, uint32_t demanded, uint32_t mask)
{
    uint32_t missing = demanded & ~mask;
    if (missing == 0)
        return KM_OK;
    char text[128] = {0};
    km_confine_text(missing, text, sizeof(text));
    return KM_FAIL(err, KM_E_UNSUPPORTED, "this confinement is demanded and can't be had: %s",
                   text);
}

static char *text_new(struct km_slice text)
{
    char *copy = malloc(text.len + 1);
    if (copy != NULL) {
        km_copy(copy, text.len + 1, text.ptr, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

static km_status read_set(struct km_err *err, struct km_slice all, char wanted, size_t *n)
{
    struct km_rd rd = km_rd_init(all);
    char set = 0;
    struct km_slice name = {0}, value = {0};
    while (km_ctl_property_next(&rd, &set, &name, &value)) {
        if (set != wanted)
            continue;
        struct km_rt_property *property =
            &host.properties[host.n_ta_properties + host.n_tee_properties];
        property->name = text_new(name);
        property->value = text_new(value);
        if (property->name == NULL || property->value == NULL)
            return KM_FAIL(err, KM_E_NOMEM, "no memory for the properties");
        (*n)++;
    }
    return KM_OK;
}

static km_status read_properties(struct km_err *err, struct km_slice all)
{
    struct km_rd rd = km_rd_init(all);
    size_t n = 0;
    char set = 0;
    struct km_slice name = {0}, value = {0};
    while (km_ctl_property_next(&rd, &set, &name, &value))
        n++;
    host.properties = calloc(n + 1, sizeof(*host.properties));
    if (host.properties == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the properties");
    KM_TRY(read_set(err, all, 'a', &host.n_ta_properties));
    return read_set(err, all, 'e', &host.n_tee_properties);
}

/* Told by the service, so a service that is too old for it, or a text that is damaged, is noticed. */
static km_status read_crypto_policy(struct km_err *err)
{
    for (size_t i = host.n_ta_properties; i < host.n_ta_properties + host.n_tee_properties; i++) {
        const struct km_rt_property *property = &host.properties[i];
        if (strcmp(property->name, KM_CRYPTO_POLICY_PROPERTY) == 0 &&
            km_crypto_policy_from_text(property->value, &host.crypto_policy))
            return KM_OK;
    }
    return KM_FAIL(err, KM_E_MALFORMED, "the service does not say which algorithms are forbidden");
}

/* An object pointer from dlsym is a function by POSIX's word only; the union says so once. */
static void *symbol(void *library, const char *name)
{
    return dlsym(library, name);
}

static km_status load_ta(struct km_err *err, int elf_fd)
{
    char path[32] = {0};
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", elf_fd);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return KM_FAIL(err, KM_E_MALFORMED, "the program can't be loaded: %.120s", dlerror());
    struct km_rt_entry *entry = &host.entry;
    *(void **)&entry->create = symbol(library, "TA_CreateEntryPoint");
    *(void **)&entry->destroy = symbol(library, "TA_DestroyEntryPoint");
    *(void **)&entry->open_session = symbol(library, "TA_OpenSessionEntryPoint");
    *(void **)&entry->close_session = symbol(library, "TA_CloseSessionEntryPoint");
    *(void **)&entry->invoke = symbol(library, "TA_InvokeCommandEntryPoint");
    if (entry->create == NULL || entry->destroy == NULL || entry->open_session == NULL ||
        entry->close_session == NULL || entry->invoke == NULL)
        return KM_FAIL(err, KM_E_MALFORMED,
                       "the program lacks one of the five entry points of a TA");
    return KM_OK;
}

static int same(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return 0;
}

/*
 * What libc asks the system for at the first need, asked while it may still: gmtime_r reads /etc/localtime, and qsort wants to know
 * the size of the memory before it sorts more than 1024 octets. libcrypto needs both for certificates and revocation lists.
 */
static void warm_libc(void)
{
    uint64_t many[256] = {0};
    tzset();
    qsort(many, KM_ARRAY_LEN(many), sizeof(many[0]), same);
}

/* The walls of the template, before a byte of the TA's program is mapped. */
static km_status confine(struct km_err *err, pid_t parent, int store_fd)
{
    struct km_filter filter = {0};
    warm_libc();
    km_confine_process(parent, true, &host.mask);
    KM_TRY(km_filter_new(err, KM_FILTER_INSTANCE, parent, &host.filter));
    KM_TRY(km_filter_new(err, KM_FILTER_TEMPLATE, parent, &filter));
    KM_TRY(km_confine_files_template(err, store_fd, &host.mask));
    km_status status = km_filter_install(err, &filter, &host.mask);
    km_filter_clear(&filter);
    KM_TRY(status);
    /* Memory is locked in the instances: the lock does not outlive a fork. */
    return km_host_missing(err, host.demanded & ~(uint32_t)KM_CONFINE_MEMLOCK, host.mask);
}

static km_status set_up(struct km_err *err, const struct km_ctl_msg *msg, pid_t parent, int fds[2])
{
    host.ta = msg->uuid;
    host.demanded = msg->mask;
    host.flags = msg->flags;
    host.heap_max = (size_t)msg->count;
    if (geteuid() == getuid() && geteuid() != 0 && (host.demanded & KM_CONFINE_UID) != 0)
        host.mask |= KM_CONFINE_UID; /* the service changed it before it started us */
    KM_TRY(read_properties(err, msg->properties));
    KM_TRY(read_crypto_policy(err));
    if (fchdir(fds[1]) != 0)
        return KM_FAIL_ERRNO(err, "can't enter the directory of the store");
    KM_TRY(confine(err, parent, fds[1]));
    KM_TRY(km_store_warm(err));
    KM_TRY(km_rt_warm(err));
    KM_TRY(load_ta(err, fds[0]));
    close(fds[0]);
    close(fds[1]);
    return KM_OK;
}

static void reap(void)
{
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        for (size_t i = 0; i < n_children; i++) {
            if (children[i].pid != pid)
                continue;
            struct km_ctl_msg msg = {
                .type = KM_CTL_REAPED, .id = children[i].id, .code = (uint32_t)status};
            children[i] = children[--n_children];
            if (km_ctl_send(NULL, host.control, &msg, NULL, 0) != KM_OK)
                _exit(0);
            break;
        }
    }
}

static void spawn(uint32_t id, int line)
{
    struct km_ctl_msg msg = {.type = KM_CTL_SPAWNED, .id = id};
    pid_t self = getpid();
    pid_t pid = n_children < CHILDREN_MAX ? fork() : -1;
    if (pid == 0) {
        close(host.control);
        sigprocmask(SIG_SETMASK, &host.sigmask, NULL);
        km_host_serve(&host, line, self);
    }
    close(line);
    if (pid < 0) { /* the end of its line tells the service */
        msg = (struct km_ctl_msg){.type = KM_CTL_REAPED, .id = id, .code = SIGKILL};
    } else {
        children[n_children++] = (struct child){.pid = pid, .id = id};
        msg.code = (uint32_t)pid;
    }
    if (km_ctl_send(NULL, host.control, &msg, NULL, 0) != KM_OK)
        _exit(0);
}

static void on_child(int number)
{
    (void)number; /* only there to end the waiting */
}

/* SIGCHLD stays blocked but while we wait, so none is missed. */
static void serve(void)
{
    for (;;) {
        struct pollfd poller = {.fd = host.control, .events = POLLIN};
        int n = ppoll(&poller, 1, NULL, &host.sigmask);
        reap();
        if (n <= 0)
            continue;
        struct km_ctl_msg msg = {0};
        int fds[2] = {-1, -1};
        if (km_ctl_recv(NULL, host.control, KM_SPAN(control_buf, sizeof(control_buf)), &msg, fds) !=
            KM_OK)
            _exit(0);
        if (msg.type == KM_CTL_SPAWN) {
            spawn(msg.id, fds[0]);
        } else {
            km_fd_closep(&fds[0]);
            km_fd_closep(&fds[1]);
        }
    }
}

static void block_children(void)
{
    struct sigaction action = {.sa_handler = on_child};
    sigset_t block = {0};
    sigemptyset(&action.sa_mask);
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigaction(SIGCHLD, &action, NULL);
    sigprocmask(SIG_BLOCK, &block, &host.sigmask);
    sigdelset(&host.sigmask, SIGCHLD);
}

static void usage(FILE *out)
{
    fputs("keymoor-host is the process around one trusted application. keymoord starts it;\n"
          "it does nothing on its own.\n",
          out);
}

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    if (argc != 2 || strcmp(argv[1], "--serve") != 0) {
        bool help = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
        usage(help ? stdout : stderr);
        return help ? 0 : 2;
    }
    struct km_err err = {0};
    struct km_ctl_msg msg = {0};
    int fds[2] = {-1, -1};
    km_log_init("keymoor-host", false, KM_LOG_WARNING);
    host.control = KM_CTL_FD;
    block_children();
    km_status status =
        km_ctl_recv(&err, host.control, KM_SPAN(control_buf, sizeof(control_buf)), &msg, fds);
    if (status != KM_OK || msg.type != KM_CTL_SETUP) {
        usage(stderr);
        return 2;
    }
    status = set_up(&err, &msg, parent, fds);
    if (status != KM_OK) {
        msg = (struct km_ctl_msg){
            .type = KM_CTL_FAILED, .code = (uint32_t)status, .text = KM_SLICE_STR(err.text)};
        (void)km_ctl_send(NULL, host.control, &msg, NULL, 0);
        /* Behind the walls nothing that was registered for the exit may run: a sanitizer's leak
         * check would be killed half-way and leave this process waiting for it. */
        _exit(1);
    }
    msg = (struct km_ctl_msg){.type = KM_CTL_READY, .mask = host.mask};
    if (km_ctl_send(&err, host.control, &msg, NULL, 0) != KM_OK)
        _exit(1);
    serve();
}
