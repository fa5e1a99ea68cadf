/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls the processes of a trusted application may make. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tee/host/confine.h"

/* Sanitizers' own run-time needs a little more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

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
    SCMP_SYS(sched_setaffinity),
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
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
#if SANITIZED
    SCMP_SYS(sigaltstack),
    SCMP_SYS(prlimit64),
    SCMP_SYS(readlink),
    SCMP_SYS(prctl),
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
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit),
    SCMP_SYS(seccomp),
    SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(ioctl),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_getattr),
    SCMP_SYS(sched_setattr),
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

static int allow_instance_only(scmp_filter_ctx ctx)
{
    int rc = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(instance_fcntls) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)instance_fcntls[i], 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* fstat of a descriptor is this call in newer libraries; a path with it names nothing new that
     * Landlock would let through. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                              SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    /* stdio asks whether it writes to a terminal: it does not. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    return rc;
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

km_status km_filter_new(struct km_err *err, enum km_filter_kind kind, struct km_filter *ret)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the system call filter");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = allow_list(ctx, instance_calls, KM_ARRAY_LEN(instance_calls));
    if (rc == 0 && kind == KM_FILTER_INSTANCE)
        rc = allow_instance_only(ctx);
    if (rc == 0 && kind == KM_FILTER_TEMPLATE)
        rc = allow_list(ctx, template_calls, KM_ARRAY_LEN(template_calls));
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
