/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls the processes of a trusted application may make. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tee/host/confine.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif

/*
 * An instance: memory, waiting, the descriptors it already has, its own end. What is not here kills
 * it: above all open, socket, execve, clone, ptrace, kill, prctl, process_vm_*, mount, keyctl, bpf.
 */
static const int instance_calls[] = {
    /* memory; mmap and mprotect stand below, without PROT_EXEC */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(munlock),
    SCMP_SYS(msync),
    /* waiting, time, where we run */
    SCMP_SYS(futex),
    SCMP_SYS(futex_waitv),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrusage),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(restart_syscall),
    /* descriptors that are open already; nothing here makes a new one but recvmsg */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(memfd_create), /* a large parameter to another TA goes through one */
    SCMP_SYS(fallocate),
    SCMP_SYS(fstat),
    SCMP_SYS(fstatfs),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    /* random, who am I, the end */
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
#if KM_SANITIZED
    SCMP_SYS(sigaltstack),
    SCMP_SYS(prlimit64),
    SCMP_SYS(readlink),
    SCMP_SYS(prctl),
#endif
#if KM_SANITIZED_THREADS
    /* The run-time's own thread may not have begun yet when the filter comes down on all. */
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
#endif
};

/* The template on top: it loads the TA, opens stores, forks and builds walls. Still no network, no
 * program, no other process. */
static const int template_calls[] = {
    SCMP_SYS(openat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(fchmod),
    SCMP_SYS(flock),
    SCMP_SYS(fcntl),
    SCMP_SYS(getcwd),
    SCMP_SYS(open),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(close_range),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mlockall),
    SCMP_SYS(fork), /* clone stands below */
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(prctl),
    SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit),
    SCMP_SYS(seccomp),
    SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(membarrier),
    SCMP_SYS(capget),
    SCMP_SYS(umask),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
};

/* F_SETOWN: see km_filter_install_own. */
static const int instance_fcntls[] = {
    F_GETFD,     F_SETFD,     F_GETFL,      F_SETFL,     F_GETLK,     F_SETLK,  F_SETLKW,
    F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GET_SEALS, F_ADD_SEALS, F_SETOWN,
};

static int allow_list(scmp_filter_ctx ctx, const int *calls, size_t n_calls)
{
    int rc = 0;
    for (size_t i = 0; i < n_calls && rc == 0; i++) {
        /* A call that this architecture never had needs no rule. */
        if (calls[i] >= 0)
            rc = seccomp_rule_add_exact(ctx, SCMP_ACT_ALLOW, calls[i], 0);
    }
    return rc;
}

/* A rule on the lower half of one argument: the kernel looks at no more of these. */
struct argument_rule {
    uint32_t action;
    int call;
    unsigned argument;
    enum scmp_compare compare;
    uint64_t a, b;
};

#define ONLY_SELF(call)                                                                            \
    {                                                                                              \
        SCMP_ACT_ALLOW, SCMP_SYS(call), 0, SCMP_CMP_EQ, 0, 0                                       \
    }
#define LOW 0xffffffffu

static int add_rules(scmp_filter_ctx ctx, const struct argument_rule *rules, size_t n_rules)
{
    int rc = 0;
    for (size_t i = 0; i < n_rules && rc == 0; i++) {
        const struct argument_rule *rule = &rules[i];
        const struct scmp_arg_cmp compare = {rule->argument, rule->compare, rule->a, rule->b};
        if (rule->call >= 0)
            rc = seccomp_rule_add_array(ctx, rule->action, rule->call, 1, &compare);
    }
    return rc;
}

/* stdio asks whether it writes to a terminal: it does not. */
static int add_common(scmp_filter_ctx ctx)
{
    static const struct argument_rule rules[] = {ONLY_SELF(sched_setaffinity)};
    int rc = add_rules(ctx, rules, KM_ARRAY_LEN(rules));
    return rc != 0 ? rc : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
}

static int allow_instance_only(scmp_filter_ctx ctx)
{
    static const struct argument_rule rules[] = {
        {SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        {SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
    };
    int rc = add_rules(ctx, rules, KM_ARRAY_LEN(rules));
    for (size_t i = 0; i < KM_ARRAY_LEN(instance_fcntls) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)instance_fcntls[i], 0));
    /* Which process: see km_filter_install_own. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0);
    /* fstat of some C libraries. A filter can't see whether there is a path, and paths are none of
     * an instance's business, so whoever asks is told no. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, KM_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES),
                              SCMP_SYS(newfstatat), 0);
    return rc;
}

/*
 * Processes, but neither threads (they would go on without the walls that are built later, beside
 * the keys that come later) nor namespaces nor children of somebody else. The C library falls back
 * from clone3, whose flags a filter can't see. No signal reaches anybody: who sends one to the
 * service ends here, and what is left of abort() is the fault behind it.
 */
static int allow_template_only(scmp_filter_ctx ctx, pid_t service)
{
    const struct argument_rule rules[] = {
        ONLY_SELF(prlimit64),
        ONLY_SELF(sched_getattr),
        ONLY_SELF(sched_setattr),
        {SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 0, SCMP_CMP_NE, (uint32_t)service, 0},
#if KM_SANITIZED_THREADS
        {SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, SCMP_CMP_GE, 0, 0},
#else
        {SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, SCMP_CMP_MASKED_EQ,
         LOW & ~(uint32_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID),
         SIGCHLD},
#endif
    };
    int rc = add_rules(ctx, rules, KM_ARRAY_LEN(rules));
    return rc != 0 ? rc : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* libseccomp 2.5 writes a program to a descriptor only. */
static km_status export_code(struct km_err *err, scmp_filter_ctx ctx, struct km_filter *ret)
{
    KM_AUTO(km_fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "no memory for the system call filter");
    struct stat st = {0};
    if (seccomp_export_bpf(ctx, fd) != 0 || fstat(fd, &st) != 0)
        return KM_FAIL(err, KM_E_INTERNAL, "can't export the system call filter");
    size_t len = (size_t)st.st_size;
    if (len == 0 || len % sizeof(struct sock_filter) != 0 ||
        len / sizeof(struct sock_filter) > BPF_MAXINSNS)
        return KM_FAIL(err, KM_E_INTERNAL, "system call filter of %zu bytes", len);
    struct sock_filter *code = malloc(len);
    if (code == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the system call filter");
    if (pread(fd, code, len, 0) != (ssize_t)len) {
        free(code);
        return KM_FAIL(err, KM_E_IO, "can't read the system call filter back");
    }
    *ret = (struct km_filter){.code = code,
                              .n_code = (unsigned short)(len / sizeof(struct sock_filter))};
    return KM_OK;
}

km_status km_filter_new(struct km_err *err, enum km_filter_kind kind, pid_t service,
                        struct km_filter *ret)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the system call filter");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = allow_list(ctx, instance_calls, KM_ARRAY_LEN(instance_calls));
    if (rc == 0)
        rc = add_common(ctx);
    if (rc == 0 && kind == KM_FILTER_INSTANCE)
        rc = allow_instance_only(ctx);
    if (rc == 0 && kind == KM_FILTER_TEMPLATE)
        rc = allow_list(ctx, template_calls, KM_ARRAY_LEN(template_calls));
    if (rc == 0 && kind == KM_FILTER_TEMPLATE)
        rc = allow_template_only(ctx, service);
    km_status status = KM_OK;
    if (rc != 0)
        status = KM_FAIL_NATIVE(err, KM_E_INTERNAL, KM_LAYER_ERRNO, -rc,
                                "can't build the system call filter");
    else
        status = export_code(err, ctx, ret);
    seccomp_release(ctx);
    return status;
}

void km_filter_clear(struct km_filter *filter)
{
    free(filter->code);
    *filter = (struct km_filter){0};
}
