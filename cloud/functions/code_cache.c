/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/code_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/functions/zip.h"

#define NEW_PREFIX "new."
/* A folder's name ends in how it was made. */
#define FROM_ARCHIVE ".zip"
#define FROM_PROGRAM ".bin"

static int take_away(const char *path, const struct stat *st, int what, struct FTW *at)
{
    (void)st;
    (void)what;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)nftw(path, take_away, 16, FTW_DEPTH | FTW_PHYS);
}

static bool is_there(const struct km_code_cache *cache, const char *id, const char *how,
                     struct km_code *ret)
{
    struct stat st = {0};
    int len = snprintf(ret->path, sizeof ret->path, "%s/%s%s", cache->dir, id, how);
    if (len < 0 || (size_t)len >= sizeof ret->path || stat(ret->path, &st) != 0)
        return false;
    /* The one that was not used for longest has to go first. */
    (void)utimensat(AT_FDCWD, ret->path, NULL, 0);
    return true;
}

km_status km_code_find(struct km_err *err, const struct km_code_cache *cache, const char *id,
                       struct km_code *ret)
{
    ret->is_program = false;
    if (is_there(cache, id, FROM_ARCHIVE, ret))
        return KM_OK;
    ret->is_program = true;
    if (is_there(cache, id, FROM_PROGRAM, ret))
        return KM_OK;
    return KM_FAIL(err, KM_E_NOTFOUND, "the code %.64s is not unpacked", id);
}

static km_status fill(struct km_err *err, const struct km_function *function, const char *path,
                      bool is_program)
{
    KM_AUTO(km_fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return KM_FAIL_ERRNO(err, "can't open %.128s", path);
    if (!is_program)
        return km_zip_extract(err, function->code, KM_FUNCTION_UNPACKED_MAX, dir);
    KM_AUTO(km_fd_closep)
    int fd = openat(dir, KM_CODE_PROGRAM, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0555);
    if (fd < 0 ||
        write(fd, function->code.ptr, function->code.len) != (ssize_t)function->code.len ||
        fchmod(fd, 0555) != 0)
        return KM_FAIL_ERRNO(err, "can't write the program");
    return KM_OK;
}

/* ---- room ---- */

static int is_code(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strncmp(entry->d_name, NEW_PREFIX, 4) != 0;
}

static int is_new(const struct dirent *entry)
{
    return strncmp(entry->d_name, NEW_PREFIX, 4) == 0;
}

struct oldest {
    char path[KM_CODE_PATH_MAX];
    struct timespec used;
};

static void consider(const struct km_code_cache *cache, const char *name, struct oldest *oldest)
{
    char path[KM_CODE_PATH_MAX] = {0};
    struct stat st = {0};
    int len = snprintf(path, sizeof path, "%s/%s", cache->dir, name);
    if (len < 0 || (size_t)len >= sizeof path || stat(path, &st) != 0 ||
        cache->is_used(cache->ctx, path))
        return;
    bool is_older =
        st.st_mtim.tv_sec < oldest->used.tv_sec ||
        (st.st_mtim.tv_sec == oldest->used.tv_sec && st.st_mtim.tv_nsec < oldest->used.tv_nsec);
    if (oldest->path[0] != '\0' && !is_older)
        return;
    oldest->used = st.st_mtim;
    km_copy(oldest->path, sizeof oldest->path, path, sizeof path);
}

static void make_room(const struct km_code_cache *cache)
{
    struct dirent **names = NULL;
    struct oldest oldest = {.path = ""};
    int n = scandir(cache->dir, &names, is_code, NULL);
    for (int i = 0; i < n; i++) {
        if ((unsigned)n >= KM_CODE_CACHE_MAX)
            consider(cache, names[i]->d_name, &oldest);
        free(names[i]);
    }
    free(names);
    if (oldest.path[0] != '\0')
        remove_tree(oldest.path);
}

void km_code_sweep(const struct km_code_cache *cache)
{
    struct dirent **names = NULL;
    char path[KM_CODE_PATH_MAX] = {0};
    int n = scandir(cache->dir, &names, is_new, NULL);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", cache->dir, names[i]->d_name);
        remove_tree(path);
        free(names[i]);
    }
    free(names);
}

km_status km_code_unpack(struct km_err *err, const struct km_code_cache *cache,
                         const struct km_function *function, struct km_code *ret)
{
    char made[KM_CODE_PATH_MAX] = {0};
    KM_TRY(km_function_check_code(err, function));
    ret->is_program = !km_zip_is(function->code);
    int len = snprintf(made, sizeof made, "%s/" NEW_PREFIX "XXXXXX", cache->dir);
    int full = snprintf(ret->path, sizeof ret->path, "%s/%s%s", cache->dir, function->code_id,
                        ret->is_program ? FROM_PROGRAM : FROM_ARCHIVE);
    if (len < 0 || full < 0 || (size_t)len >= sizeof made || (size_t)full >= sizeof ret->path)
        return KM_FAIL(err, KM_E_LIMIT, "the path of the code is too long");
    make_room(cache);
    if (mkdtemp(made) == NULL)
        return KM_FAIL_ERRNO(err, "can't make a folder for the code");
    km_status status = fill(err, function, made, ret->is_program);
    if (status == KM_OK && (chmod(made, 0755) != 0 || rename(made, ret->path) != 0))
        status = KM_FAIL_ERRNO(err, "can't finish the folder of the code");
    if (status != KM_OK)
        remove_tree(made);
    return status;
}
