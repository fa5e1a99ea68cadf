/* SPDX-License-Identifier: Apache-2.0 */
/* What a function may not do, beside what it can't see. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cloud/functions/host/host.h"

#define N_FILES 1024
#define N_PROCESSES 128 /* threads count */
#define HEAP_BASE                                                                                  \
    ((rlim_t)64 << 20) /* what the interpreter sets aside and hardly uses: thread stacks, arenas */
#define N_CAPABILITIES 64

/*
 * No other namespaces, mounts, keys, traces, modules, clocks; no memory that is nobody's and so counted nowhere; nothing that asks the kernel for its less trodden ways. The function gets
 * EPERM and may go on.
 */
static const int refused[] = {
    SCMP_SYS(acct),
    SCMP_SYS(add_key),
    SCMP_SYS(adjtimex),
    SCMP_SYS(bpf),
    SCMP_SYS(chroot),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_settime),
    SCMP_SYS(delete_module),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(finit_module),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fspick),
    SCMP_SYS(init_module),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(ioperm),
    SCMP_SYS(iopl),
    SCMP_SYS(kcmp),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(kexec_load),
    SCMP_SYS(keyctl),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(memfd_create),
    SCMP_SYS(memfd_secret),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(mount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(move_mount),
    SCMP_SYS(move_pages),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(open_tree),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(personality),
    SCMP_SYS(pivot_root),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(ptrace),
    SCMP_SYS(quotactl),
    SCMP_SYS(reboot),
    SCMP_SYS(request_key),
    SCMP_SYS(setdomainname),
    SCMP_SYS(sethostname),
    SCMP_SYS(setns),
    SCMP_SYS(settimeofday),
    SCMP_SYS(shmget),
    SCMP_SYS(swapoff),
    SCMP_SYS(swapon),
    SCMP_SYS(syslog),
    SCMP_SYS(umount2),
    SCMP_SYS(unshare),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(vhangup),
    SCMP_SYS(vmsplice),
};

static int refuse_calls(scmp_filter_ctx ctx)
{
    int rc = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(refused) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
    return rc;
}

/* Sockets only of the kinds that a program has a use for in a network of its own. */
static int refuse_sockets(scmp_filter_ctx ctx)
{
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_GT, AF_INET6, 0));
    for (int family = 3; family < AF_INET6 && rc == 0; family++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
    return rc;
}

/* Namespaces again; the C library falls back from clone3, whose flags a filter can't see. */
static int refuse_clones(scmp_filter_ctx ctx)
{
    static const unsigned long flags[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                          CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                          CLONE_NEWNET};
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    for (size_t i = 0; i < KM_ARRAY_LEN(flags) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
    return rc;
}

static km_status filter(struct km_err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    if (ctx == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the system call filter");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = refuse_calls(ctx);
    if (rc == 0)
        rc = refuse_sockets(ctx);
    if (rc == 0)
        rc = refuse_clones(ctx);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc != 0)
        return KM_FAIL_NATIVE(err, KM_E_UNSUPPORTED, KM_LAYER_ERRNO, -rc,
                              "can't have the system call filter");
    return KM_OK;
}

static bool limit(__rlimit_resource_t what, rlim_t value)
{
    struct rlimit now = {0};
    if (getrlimit(what, &now) != 0)
        return false;
    if (now.rlim_max < value)
        value = now.rlim_max;
    return setrlimit(what, &(struct rlimit){.rlim_cur = value, .rlim_max = value}) == 0;
}

static km_status set_limits(struct km_err *err, const struct km_host_order *order)
{
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, N_FILES) ||
        !limit(RLIMIT_NPROC, N_PROCESSES) || !limit(RLIMIT_MSGQUEUE, 0) ||
        !limit(RLIMIT_MEMLOCK, (rlim_t)64 << 10) || !limit(RLIMIT_RTPRIO, 0) ||
        !limit(RLIMIT_FSIZE, (rlim_t)order->tmp_mb << 20) ||
        !limit(RLIMIT_CPU, order->timeout_ms / 1000 + KM_HOST_INIT_MAX_S + 1))
        return KM_FAIL_ERRNO(err, "can't set the limits");
    return KM_OK;
}

km_status km_host_user(struct km_err *err, const struct km_host_order *order)
{
    if (!order->has_uid)
        return KM_OK;
    if (setgroups(0, NULL) != 0 || setresgid(order->uid, order->uid, order->uid) != 0 ||
        setresuid(order->uid, order->uid, order->uid) != 0)
        return KM_FAIL_ERRNO(err, "can't become user %u", order->uid);
    return KM_OK;
}

/* The bounding set takes a right to be dropped, and becoming another user takes all away: so in this order. */
static km_status become(struct km_err *err, const struct km_host_order *order)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    for (unsigned long each = 0; each < N_CAPABILITIES; each++)
        if (prctl(PR_CAPBSET_DROP, each, 0, 0, 0) != 0 && errno != EINVAL)
            return KM_FAIL_ERRNO(err, "can't drop right %lu", each);
    KM_TRY(km_host_user(err, order));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &header, none) != 0)
        return KM_FAIL_ERRNO(err, "can't drop all rights");
    return KM_OK;
}

km_status km_host_limits(struct km_err *err, const struct km_host_order *order)
{
    KM_TRY(set_limits(err, order));
    KM_TRY(become(err, order));
    /* Becoming another user forgets whose end is one's own. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return KM_FAIL_ERRNO(err, "can't refuse new privileges");
    KM_TRY(filter(err));
    /* Last: what this program itself has counts until it is replaced. */
    if (!limit(RLIMIT_DATA, ((rlim_t)order->memory_mb << 20) + HEAP_BASE))
        return KM_FAIL_ERRNO(err, "can't limit the memory");
    return KM_OK;
}
