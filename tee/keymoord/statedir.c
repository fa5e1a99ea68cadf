/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/statedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Owner of the service's own store; drawn at random once. */
static const struct km_uuid service_uuid = {{0x5b, 0x0e, 0x0c, 0x37, 0x8f, 0x4a, 0x4d, 0x1c, 0x9b,
                                             0x62, 0x31, 0xd0, 0x7a, 0x4e, 0x86, 0xc5}};

static km_status check_directory(struct km_err *err, int fd, const char *path)
{
    struct stat st = {0};
    if (fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "can't look at the state directory %s", path);
    if (st.st_uid != geteuid())
        return KM_FAIL(err, KM_E_DENIED,
                       "the state directory %s belongs to uid %u, the service runs as uid %u", path,
                       st.st_uid, geteuid());
    if ((st.st_mode & 077) != 0)
        return KM_FAIL(
            err, KM_E_DENIED,
            "the state directory %s has mode %03o, others must not enter it: make it 0700", path,
            st.st_mode & 0777);
    return KM_OK;
}

static km_status take_lock(struct km_err *err, struct km_statedir *state)
{
    char text[16] = {0};
    state->lock_fd = openat(state->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock_fd < 0)
        return KM_FAIL_ERRNO(err, "can't make the lock in the state directory %s", state->path);
    if (flock(state->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = pread(state->lock_fd, text, sizeof(text) - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        return KM_FAIL(err, KM_E_BUSY, "another service (pid %.10s) uses the state directory %s",
                       n > 0 ? text : "unknown", state->path);
    }
    int n = snprintf(text, sizeof(text), "%d", (int)getpid());
    /* Only told to people; a full disk is no reason to stay away. */
    if (ftruncate(state->lock_fd, 0) != 0 || pwrite(state->lock_fd, text, (size_t)n, 0) != n)
        return KM_OK;
    return KM_OK;
}

km_status km_statedir_open(struct km_err *err, const char *path, struct km_statedir *ret)
{
    struct km_statedir state = {.path = path, .fd = -1, .lock_fd = -1, .ta_fd = -1};
    *ret = state;
    ret->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->fd < 0 && errno == ENOENT)
        return KM_FAIL(err, KM_E_NOTFOUND,
                       "the state directory %s does not exist: make it with install -d -m 0700",
                       path);
    if (ret->fd < 0)
        return KM_FAIL_ERRNO(err, "can't open the state directory %s", path);
    KM_TRY(check_directory(err, ret->fd, path));
    KM_TRY(take_lock(err, ret));
    if (mkdirat(ret->fd, "ta", 0700) != 0 && errno != EEXIST)
        return KM_FAIL_ERRNO(err, "can't make the directory of stores in %s", path);
    ret->ta_fd = openat(ret->fd, "ta", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (ret->ta_fd < 0)
        return KM_FAIL_ERRNO(err, "can't open the directory of stores in %s", path);
    return KM_OK;
}

void km_statedir_close(struct km_statedir *state)
{
    km_store_close(state->versions);
    state->versions = NULL;
    km_fd_closep(&state->ta_fd);
    km_fd_closep(&state->lock_fd);
    km_fd_closep(&state->fd);
}

/* ---- the stores of TAs and their users ---- */

static void dir_closep(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static DIR *dir_of(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (dir == NULL)
        km_fd_closep(&copy);
    return dir;
}

static bool is_set_aside(uid_t uid, uint32_t base)
{
    return uid >= base && uid - base < KM_STATEDIR_TAS_MAX;
}

/* The first user that owns no store: who owns one is known from the directories alone. */
static km_status free_uid(struct km_err *err, const struct km_statedir *state, uint32_t base,
                          uid_t *ret_uid)
{
    bool taken[KM_STATEDIR_TAS_MAX] = {false};
    KM_AUTO(dir_closep) DIR *dir = dir_of(state->ta_fd);
    if (dir == NULL)
        return KM_FAIL_ERRNO(err, "can't read the directory of stores");
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct stat st = {0};
        if (fstatat(state->ta_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            is_set_aside(st.st_uid, base))
            taken[st.st_uid - base] = true;
    }
    for (uint32_t i = 0; i < KM_STATEDIR_TAS_MAX; i++) {
        if (!taken[i]) {
            *ret_uid = base + i;
            return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_LIMIT, "all %d users for TAs are taken", KM_STATEDIR_TAS_MAX);
}

/* Files first: until the directory itself changes hands, this is done again at the next start. */
static km_status give(struct km_err *err, int dir_fd, uid_t uid)
{
    KM_AUTO(dir_closep) DIR *dir = dir_of(dir_fd);
    if (dir == NULL)
        return KM_FAIL_ERRNO(err, "can't read the directory of a store");
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fchownat(dir_fd, entry->d_name, uid, (gid_t)uid, AT_SYMLINK_NOFOLLOW) != 0)
            return KM_FAIL_ERRNO(err, "can't give a store to uid %u", uid);
    }
    if (fchown(dir_fd, uid, (gid_t)uid) != 0)
        return KM_FAIL_ERRNO(err, "can't give a store to uid %u", uid);
    return KM_OK;
}

km_status km_statedir_ta(struct km_err *err, const struct km_statedir *state,
                         const struct km_uuid *ta, uint32_t uid_base, int *ret_fd, uid_t *ret_uid)
{
    char name[KM_UUID_TEXT_LEN] = {0};
    struct stat st = {0};
    uid_t uid = geteuid();
    km_uuid_format(ta, name);
    if (mkdirat(state->ta_fd, name, 0700) != 0 && errno != EEXIST)
        return KM_FAIL_ERRNO(err, "can't make the store directory of %s", name);
    KM_AUTO(km_fd_closep)
    int fd = openat(state->ta_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "can't open the store directory of %s", name);
    if (uid_base != 0 && is_set_aside(st.st_uid, uid_base))
        uid = st.st_uid;
    else if (uid_base != 0)
        KM_TRY(free_uid(err, state, uid_base, &uid));
    if (st.st_uid != uid)
        KM_TRY(give(err, fd, uid));
    *ret_uid = uid;
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

/* ---- versions ---- */

static int look_at_versions(const struct km_store_config *config, uint8_t key_copy[32])
{
    /* The secret is empty in a forked child, so this one needs a key of its own. */
    KM_AUTO(km_secret_freep) struct km_secret *key = km_secret_from(KM_SLICE(key_copy, 32));
    struct km_store_config own = *config;
    struct km_store *store = NULL;
    struct km_store_report report = {0};
    km_wipe(key_copy, 32);
    own.key = key;
    km_status status = key == NULL ? KM_E_NOMEM : km_store_open(NULL, &own, &store);
    if (status == KM_OK)
        status = km_store_verify(NULL, store, &report);
    return (int)status;
}

/* A damaged file can bring the store's engine down: let a child find out. */
static km_status try_in_child(struct km_err *err, const struct km_store_config *config)
{
    uint8_t key_copy[32] = {0};
    struct km_slice key = km_secret_expose(config->key);
    km_copy(key_copy, sizeof(key_copy), key.ptr, key.len);
    pid_t pid = fork();
    if (pid == 0)
        _exit(look_at_versions(config, key_copy));
    km_wipe(key_copy, sizeof(key_copy));
    if (pid < 0)
        return KM_FAIL_ERRNO(err, "can't check the record of TA versions");
    int how = 0;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(how))
        return KM_FAIL(err, KM_E_CORRUPT, "the record of TA versions is damaged");
    if (WEXITSTATUS(how) != KM_OK)
        return KM_FAIL(err, (km_status)WEXITSTATUS(how),
                       "the record of TA versions can't be used (%s)",
                       km_status_name((km_status)WEXITSTATUS(how)));
    return KM_OK;
}

km_status km_statedir_open_versions(struct km_err *err, struct km_statedir *state,
                                    const struct km_secret *key)
{
    char dir[4096] = {0};
    struct stat st = {0};
    int n = snprintf(dir, sizeof(dir), "%s/service", state->path);
    if (n < 0 || (size_t)n >= sizeof(dir))
        return KM_FAIL(err, KM_E_LIMIT, "the path of the state directory is too long");
    struct km_store_config config = {
        .dir = dir, .may_create = true, .owner = service_uuid, .key = key, .map_size = 8u << 20};
    if (fstatat(state->fd, "service/data.mdb", &st, AT_SYMLINK_NOFOLLOW) == 0)
        KM_TRY(try_in_child(err, &config));
    return km_store_open(err, &config, &state->versions);
}

static struct km_slice version_name(const struct km_uuid *ta, char text[KM_UUID_TEXT_LEN])
{
    km_uuid_format(ta, text);
    return KM_SLICE(text, KM_UUID_TEXT_LEN - 1);
}

km_status km_version_read(struct km_err *err, const struct km_statedir *state,
                          const struct km_uuid *ta, uint32_t *ret_version)
{
    char text[KM_UUID_TEXT_LEN] = {0};
    struct km_store_object *object = NULL;
    km_status status =
        km_store_object_open(NULL, state->versions, version_name(ta, text), KM_STORE_READ, &object);
    if (status == KM_E_NOTFOUND)
        return status;
    if (status != KM_OK)
        return KM_FAIL(err, status, "can't read the recorded version of %s", text);
    struct km_slice meta = km_store_object_meta(object);
    struct km_rd rd = km_rd_init(meta);
    uint32_t version = 0;
    bool good = km_rd_u32le(&rd, &version) && km_rd_done(&rd);
    km_store_object_close(object);
    if (!good)
        return KM_FAIL(err, KM_E_CORRUPT, "the recorded version of %s is malformed", text);
    *ret_version = version;
    return KM_OK;
}

km_status km_version_raise(struct km_err *err, const struct km_statedir *state,
                           const struct km_uuid *ta, uint32_t version)
{
    char text[KM_UUID_TEXT_LEN] = {0};
    uint32_t recorded = 0;
    km_status status = km_version_read(err, state, ta, &recorded);
    if (status == KM_OK && version <= recorded)
        return KM_OK;
    if (status != KM_OK && status != KM_E_NOTFOUND)
        return status;
    uint8_t buf[4] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_wr_u32le(&wr, version);
    return km_store_create(err, state->versions, version_name(ta, text),
                           KM_STORE_WRITE_META | KM_STORE_OVERWRITE, KM_SLICE(buf, sizeof(buf)),
                           (struct km_slice){0}, NULL);
}
