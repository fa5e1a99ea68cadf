/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file system of a function: the system's programs and libraries, its code, a /tmp of bounded size; all but the last read-only,
 * and nothing else of the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cloud/functions/host/host.h"

/* Where the new root is put together: everything below is out of sight there, so what is needed is opened before. */
#define STAGE "/tmp"
#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static const char *const folders[] = {"usr", "bin", "sbin", "lib", "lib64", "lib32", "libx32"};
static const char *const settings[] = {
    "etc/alternatives", "etc/ld.so.cache", "etc/localtime",  "etc/mime.types", "etc/python3",
    "etc/python3.11",   "etc/python3.12",  "etc/python3.13", "etc/ssl",
};
static const char *const devices[] = {"dev/null", "dev/zero", "dev/full", "dev/random",
                                      "dev/urandom"};
static const struct {
    const char *path, *text;
} files[] = {
    {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
    {"etc/passwd", "root:x:0:0::/:/usr/sbin/nologin\n"},
    {"etc/group", "root:x:0:\n"},
};

/* open_tree: the place and what is mounted below it, to be put somewhere else. */
static int take_tree(const char *path)
{
    return open_tree(AT_FDCWD, path,
                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_NO_AUTOMOUNT);
}

static km_status put_tree(struct km_err *err, int tree, const char *path, uint64_t attributes)
{
    struct mount_attr attr = {.attr_set = attributes};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) != 0)
        return KM_FAIL_ERRNO(err, "can't make %.64s read-only", path);
    if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return KM_FAIL_ERRNO(err, "can't mount %.64s", path);
    return KM_OK;
}

static km_status make_file(struct km_err *err, const char *path, struct km_slice bytes)
{
    KM_AUTO(km_fd_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len)
        return KM_FAIL_ERRNO(err, "can't write %.64s", path);
    return KM_OK;
}

/* A place like that of the machine's root: the same link, or the same tree. Nothing when the machine has none. */
static km_status same_as_root(struct km_err *err, const char *path, uint64_t attributes)
{
    char outside[64] = {0};
    char link[256] = {0};
    struct stat st = {0};
    snprintf(outside, sizeof outside, "/%s", path);
    if (lstat(outside, &st) != 0)
        return KM_OK;
    if (S_ISLNK(st.st_mode)) {
        ssize_t len = readlink(outside, link, sizeof link - 1);
        if (len < 0 || symlink(link, path) != 0)
            return KM_FAIL_ERRNO(err, "can't make the link %.64s", path);
        return KM_OK;
    }
    KM_AUTO(km_fd_closep) int tree = take_tree(outside);
    if (tree < 0)
        return KM_FAIL_ERRNO(err, "can't take %.64s along", outside);
    if (S_ISDIR(st.st_mode) && mkdir(path, 0755) != 0)
        return KM_FAIL_ERRNO(err, "can't make %.64s", path);
    if (!S_ISDIR(st.st_mode))
        KM_TRY(make_file(err, path, KM_SLICE(NULL, 0)));
    return put_tree(err, tree, path, attributes);
}

static km_status system_part(struct km_err *err)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(folders); i++)
        KM_TRY(same_as_root(err, folders[i], READ_ONLY));
    if (mkdir("etc", 0755) != 0 || mkdir("dev", 0755) != 0)
        return KM_FAIL_ERRNO(err, "can't make etc and dev");
    for (size_t i = 0; i < KM_ARRAY_LEN(settings); i++)
        KM_TRY(same_as_root(err, settings[i], READ_ONLY));
    for (size_t i = 0; i < KM_ARRAY_LEN(files); i++)
        KM_TRY(make_file(err, files[i].path, KM_SLICE_STR(files[i].text)));
    for (size_t i = 0; i < KM_ARRAY_LEN(devices); i++)
        KM_TRY(same_as_root(err, devices[i], MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    if (symlink("/proc/self/fd", "dev/fd") != 0 || symlink("/tmp", "dev/shm") != 0)
        return KM_FAIL_ERRNO(err, "can't make the links in dev");
    return KM_OK;
}

/* The control plane keeps its name, which stands in its certificate, at the address that leads to it from here. */
static km_status make_hosts(struct km_err *err, struct km_slice name)
{
    char text[KM_HOST_NAME_MAX + 32] = {0};
    int len = snprintf(text, sizeof text, "127.0.0.1 localhost %.*s\n", (int)name.len,
                       (const char *)name.ptr);
    return make_file(err, "etc/hosts", KM_SLICE(text, (size_t)len));
}

static km_status own_part(struct km_err *err, const struct km_host_order *order, int code,
                          int runtime)
{
    char size[64] = {0};
    if (mkdir("var", 0755) != 0 || mkdir("tmp", 0755) != 0 || mkdir("proc", 0755) != 0 ||
        mkdir("opt", 0755) != 0 || mkdir("." KM_HOST_TASK, 0755) != 0 ||
        mkdir("." KM_HOST_RUNTIME, 0755) != 0)
        return KM_FAIL_ERRNO(err, "can't make the folders of the function");
    snprintf(size, sizeof size, "size=%um,nr_inodes=16384,mode=1777", order->tmp_mb);
    if (mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, size) != 0)
        return KM_FAIL_ERRNO(err, "can't mount a /tmp of %u MB", order->tmp_mb);
    /* Some containers don't let it be mounted: the function then goes without. */
    (void)mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    KM_TRY(make_hosts(err, order->endpoint_name));
    if (order->ca.len > 0)
        KM_TRY(make_file(err, "." KM_HOST_CA, order->ca));
    if (code >= 0)
        KM_TRY(put_tree(err, code, "." KM_HOST_TASK, READ_ONLY));
    return runtime < 0 ? KM_OK : put_tree(err, runtime, "." KM_HOST_RUNTIME, READ_ONLY);
}

/* The old root is put on top of the new one, and taken away: nothing leads back to it. */
static km_status enter(struct km_err *err)
{
    if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) != 0)
        return KM_FAIL_ERRNO(err, "can't make the root read-only");
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return KM_FAIL_ERRNO(err, "can't leave the machine's root");
    return KM_OK;
}

static km_status take_path(struct km_err *err, struct km_slice path, int *ret_tree)
{
    char text[KM_HOST_PATH_MAX + 1] = {0};
    if (path.len == 0)
        return KM_OK;
    km_copy(text, sizeof text - 1, path.ptr, path.len);
    *ret_tree = take_tree(text);
    return *ret_tree >= 0 ? KM_OK : KM_FAIL_ERRNO(err, "can't take %.128s along", text);
}

km_status km_host_files(struct km_err *err, const struct km_host_order *order)
{
    KM_AUTO(km_fd_closep) int code = -1;
    KM_AUTO(km_fd_closep) int runtime = -1;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return KM_FAIL_ERRNO(err, "can't have mounts of one's own");
    KM_TRY(take_path(err, order->code_dir, &code));
    KM_TRY(take_path(err, order->runtime_dir, &runtime));
    if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=755") != 0 ||
        chdir(STAGE) != 0)
        return KM_FAIL_ERRNO(err, "can't mount a root");
    (void)umask(022);
    KM_TRY(system_part(err));
    KM_TRY(own_part(err, order, code, runtime));
    return enter(err);
}
