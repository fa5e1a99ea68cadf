/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/host/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock by number: the kernel's header of a stable distribution knows fewer than its kernel. */
#define LL_EXECUTE (1ull << 0)
#define LL_WRITE_FILE (1ull << 1)
#define LL_READ_FILE (1ull << 2)
#define LL_READ_DIR (1ull << 3)
#define LL_REMOVE_FILE (1ull << 5)
#define LL_MAKE_REG (1ull << 8)
#define LL_FS_ABI1 ((1ull << 13) - 1)
#define LL_REFER (1ull << 13)     /* ABI 2 */
#define LL_TRUNCATE (1ull << 14)  /* ABI 3 */
#define LL_NET_ALL 0x3ull         /* ABI 4 */
#define LL_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define LL_SCOPE_ALL 0x3ull       /* ABI 6 */
#define LL_RULE_PATH_BENEATH 1
#define LL_ASK_VERSION 1u

#define HEAP_BASE ((rlim_t)64 << 20) /* libcrypto, the store's dirty pages, secrets */

struct ll_ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scope;
};
struct ll_path {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed)); /* the kernel's own layout, not a wire's */

static const struct {
    uint32_t bit;
    const char *name;
} names[] = {
    {KM_CONFINE_UID, "uid"},
    {KM_CONFINE_NO_NEW_PRIVS, "no-new-privs"},
    {KM_CONFINE_NO_DUMP, "no-dump"},
    {KM_CONFINE_LIMITS, "limits"},
    {KM_CONFINE_PARENT, "parent"},
    {KM_CONFINE_MEMLOCK, "memlock"},
    {KM_CONFINE_LANDLOCK, "landlock"},
    {KM_CONFINE_NET, "landlock-net"},
    {KM_CONFINE_SCOPE, "landlock-scope"},
    {KM_CONFINE_SECCOMP, "seccomp"},
};

bool km_confine_parse(const char *list, uint32_t *ret_mask)
{
    uint32_t mask = 0;
    for (const char *at = list; *at != '\0';) {
        size_t len = strcspn(at, ",");
        uint32_t found = 0;
        for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
            if (strlen(names[i].name) == len && strncmp(names[i].name, at, len) == 0)
                found = names[i].bit;
        }
        if (found == 0)
            return false;
        mask |= found;
        at += len;
        if (*at == ',' && *++at == '\0')
            return false;
    }
    *ret_mask = mask;
    return mask != 0;
}

void km_confine_text(uint32_t mask, char *ret, size_t cap)
{
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        if ((mask & names[i].bit) == 0)
            continue;
        int n = snprintf(ret + len, cap - len, "%s%s", len == 0 ? "" : ",", names[i].name);
        if (n < 0 || (size_t)n >= cap - len) {
            ret[len] = '\0'; /* no half names */
            return;
        }
        len += (size_t)n;
    }
}

static int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_ASK_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static uint32_t landlock_bits(void)
{
    int abi = landlock_abi();
    uint32_t mask = 0;
    if (abi >= 1)
        mask |= KM_CONFINE_LANDLOCK;
    if (abi >= 4)
        mask |= KM_CONFINE_NET;
    if (abi >= 6)
        mask |= KM_CONFINE_SCOPE;
    return mask;
}

static bool has_capability(unsigned number)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    return (data[number / 32].effective & (1u << (number % 32))) != 0;
}

uint32_t km_confine_available(void)
{
    uint32_t mask = KM_CONFINE_NO_NEW_PRIVS | KM_CONFINE_NO_DUMP | KM_CONFINE_LIMITS |
                    KM_CONFINE_PARENT | landlock_bits();
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
        mask |= KM_CONFINE_SECCOMP;
    if (has_capability(CAP_SETUID) && has_capability(CAP_SETGID) && has_capability(CAP_CHOWN))
        mask |= KM_CONFINE_UID;
    /* A store's map is larger than any usual limit, and an instance has no right to go beyond it:
     * it takes no limit, or the right to lift it. */
    struct rlimit lock = {0};
    if (has_capability(CAP_SYS_RESOURCE) ||
        (getrlimit(RLIMIT_MEMLOCK, &lock) == 0 && lock.rlim_max == RLIM_INFINITY))
        mask |= KM_CONFINE_MEMLOCK;
    return mask;
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

void km_confine_process(pid_t parent, bool may_fork, uint32_t *mask)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        *mask |= KM_CONFINE_NO_NEW_PRIVS;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0))
        *mask |= KM_CONFINE_NO_DUMP;
    /* The file size stops a runaway store at twice the largest map. */
    if (limit(RLIMIT_NOFILE, 512) && limit(RLIMIT_FSIZE, (rlim_t)2 << 30) &&
        limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_RTPRIO, 0) &&
        (may_fork || limit(RLIMIT_NPROC, 0)))
        *mask |= KM_CONFINE_LIMITS;
    /* The parent may have gone before the kernel was told to watch it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent)
        *mask |= KM_CONFINE_PARENT;
}

void km_confine_heap(size_t max, uint32_t *mask)
{
    if (!KM_SANITIZED && !limit(RLIMIT_DATA, (rlim_t)max + HEAP_BASE))
        *mask &= ~(uint32_t)KM_CONFINE_LIMITS;
}

static void dir_closep(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

km_status km_confine_single_thread(struct km_err *err)
{
    size_t n = 0;
    KM_AUTO(dir_closep) DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        return KM_FAIL_ERRNO(err, "can't count the threads of this process");
    for (const struct dirent *at = readdir(tasks); at != NULL; at = readdir(tasks))
        n += at->d_name[0] != '.' ? 1 : 0;
    if (n != 1)
        return KM_FAIL(err, KM_E_STATE, "the program has %zu threads where one is allowed", n);
    return KM_OK;
}

void km_confine_memory(uint32_t *mask)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        *mask |= KM_CONFINE_MEMLOCK;
}

/* ---- Landlock ---- */

static uint64_t landlock_fs_rights(int abi)
{
    uint64_t rights = LL_FS_ABI1;
    if (abi >= 2)
        rights |= LL_REFER;
    if (abi >= 3)
        rights |= LL_TRUNCATE;
    if (abi >= 5)
        rights |= LL_IOCTL_DEV;
    return rights;
}

static int landlock_new(int abi)
{
    struct ll_ruleset ruleset = {.fs = landlock_fs_rights(abi),
                                 .net = abi >= 4 ? LL_NET_ALL : 0,
                                 .scope = abi >= 6 ? LL_SCOPE_ALL : 0};
    /* An older kernel refuses a longer structure unless what it does not know is zero: it is. */
    return (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
}

static km_status landlock_enter(struct km_err *err, int ruleset, uint32_t *mask)
{
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        return KM_FAIL_ERRNO(err, "can't enter the Landlock ruleset");
    *mask |= landlock_bits();
    return KM_OK;
}

static bool landlock_allow(int ruleset, int fd, uint64_t rights)
{
    struct ll_path rule = {.allowed = rights, .parent_fd = fd};
    return syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PATH_BENEATH, &rule, 0) == 0;
}

km_status km_confine_files_template(struct km_err *err, int store_dir_fd, uint32_t *mask)
{
    /* What the dynamic linker and the allocator may look at when a TA is loaded. */
    static const char *const readable[] = {
        "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/proc", "/sys/devices/system/cpu"};
    int abi = landlock_abi();
    if (abi < 1)
        return KM_OK;
    KM_AUTO(km_fd_closep) int ruleset = landlock_new(abi);
    if (ruleset < 0)
        return KM_FAIL_ERRNO(err, "can't make a Landlock ruleset");
    for (size_t i = 0; i < KM_ARRAY_LEN(readable); i++) {
        KM_AUTO(km_fd_closep) int fd = open(readable[i], O_PATH | O_CLOEXEC);
        struct stat st = {0};
        if (fd < 0 || fstat(fd, &st) != 0)
            continue; /* not on this machine */
        uint64_t rights = LL_READ_FILE | LL_EXECUTE | (S_ISDIR(st.st_mode) ? LL_READ_DIR : 0);
        if (!landlock_allow(ruleset, fd, rights))
            return KM_FAIL_ERRNO(err, "can't add %s to the Landlock ruleset", readable[i]);
    }
    uint64_t store = LL_READ_FILE | LL_WRITE_FILE | LL_READ_DIR | LL_MAKE_REG | LL_REMOVE_FILE |
                     (abi >= 3 ? LL_TRUNCATE : 0);
    if (store_dir_fd >= 0 && !landlock_allow(ruleset, store_dir_fd, store))
        return KM_FAIL_ERRNO(err, "can't add the store to the Landlock ruleset");
    return landlock_enter(err, ruleset, mask);
}

km_status km_confine_files_none(struct km_err *err, uint32_t *mask)
{
    int abi = landlock_abi();
    if (abi < 1)
        return KM_OK;
    KM_AUTO(km_fd_closep) int ruleset = landlock_new(abi);
    if (ruleset < 0)
        return KM_FAIL_ERRNO(err, "can't make a Landlock ruleset");
    return landlock_enter(err, ruleset, mask);
}

km_status km_filter_install(struct km_err *err, const struct km_filter *filter, uint32_t *mask)
{
    struct sock_fprog program = {.len = filter->n_code, .filter = filter->code};
    /* A number above 0 is a thread that could not be included. */
    long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (rc < 0)
        return KM_FAIL_ERRNO(err, "can't install the system call filter");
    if (rc > 0)
        return KM_FAIL(err, KM_E_INTERNAL, "thread %ld can't get the system call filter", rc);
    *mask |= KM_CONFINE_SECCOMP;
    return KM_OK;
}

km_status km_filter_install_own(struct km_err *err)
{
    uint32_t self = (uint32_t)getpid();
#define ARG_LOW(n) offsetof(struct seccomp_data, args[n]) /* little-endian */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 6),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(1)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETOWN, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(2)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 2, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct km_filter filter = {.code = code, .n_code = KM_ARRAY_LEN(code)};
    uint32_t mask = 0;
    return km_filter_install(err, &filter, &mask);
}
