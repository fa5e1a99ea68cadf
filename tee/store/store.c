/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tee/store/pages.h"
#include "tee/store/txn.h"

#define MAP_DEFAULT (UINT64_C(1) << 30)
#define MAP_MIN (UINT64_C(1) << 18)
#define RESERVE_MIN (UINT64_C(1) << 20)
#define READERS_MAX 1022
#define LOCK_FILE_LEN 65536 /* LMDB's: 128 octets and 64 for each reader */
#define SNAPSHOT_TRIES 8

km_status km_store_warm(struct km_err *err)
{
    return km_seal_warm(err);
}

void km_store_close(struct km_store *store)
{
    if (store == NULL)
        return;
    (void)km_store_settle(NULL, store);
    if (store->reader != NULL)
        mdb_txn_abort(store->reader);
    if (store->env != NULL)
        mdb_env_close(store->env);
    km_secret_free(store->chunk);
    km_seal_free(store->seal);
    km_claims_free(store->claims);
    free(store);
}

static void store_closep(struct km_store **store)
{
    km_store_close(*store);
}

/* Hands on a failure that was first looked at here. */
static km_status keep(struct km_err *err, const struct km_err *found)
{
    if (err != NULL && err->status == KM_OK)
        *err = *found;
    return found->status;
}

/* ---- the directory ---- */

static km_status open_dir(struct km_err *err, const struct km_store_config *config, int *ret_fd)
{
    if (config->may_create && mkdir(config->dir, 0700) != 0 && errno != EEXIST)
        return KM_FAIL_ERRNO(err, "could not make the store's folder %s", config->dir);
    int fd = open(config->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "could not open the store's folder %s", config->dir);
    *ret_fd = fd;
    return KM_OK;
}

static km_status open_claims(struct km_err *err, const struct km_store_config *config, int dir_fd,
                             struct km_claims **ret)
{
    int create = config->may_create ? O_CREAT : 0;
    KM_AUTO(km_fd_closep)
    int fd = openat(dir_fd, "claims", O_RDWR | O_CLOEXEC | O_NOFOLLOW | create, 0600);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "could not open the file 'claims' of the store in %s",
                             config->dir);
    KM_TRY(km_claims_new(err, fd, ret));
    (void)km_fd_steal(&fd);
    return KM_OK;
}

/* KM_E_NOTFOUND: there is none, or one whose making was cut short before anything was in it. */
static km_status check_data_file(struct km_err *err, int dir_fd)
{
    KM_AUTO(km_fd_closep)
    int fd = openat(dir_fd, "data.mdb", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "could not open the store's file");
    return km_pages_check_metas(err, fd);
}

/* ---- LMDB ---- */

/* A limit on file sizes counts as well: LMDB could not tell a write cut short by it from a broken disk. */
static uint64_t limit_of(const struct km_store_config *config)
{
    uint64_t limit = config->map_size == 0 ? MAP_DEFAULT : config->map_size;
    if (limit < MAP_MIN)
        limit = MAP_MIN;
    struct rlimit file = {.rlim_cur = RLIM_INFINITY};
    (void)getrlimit(RLIMIT_FSIZE, &file);
    uint64_t most = file.rlim_cur == RLIM_INFINITY ? limit : file.rlim_cur - file.rlim_cur / 4;
    return limit < most ? limit : most;
}

static km_status open_env(struct km_err *err, const struct km_store_config *config,
                          struct km_store *store)
{
    uint64_t limit = limit_of(config);
    /* What growing operations may not touch, so that deleting works when they no longer do. */
    uint64_t reserve = limit / 32 > RESERVE_MIN ? limit / 32 : RESERVE_MIN;
    uint64_t page_len = (uint64_t)sysconf(_SC_PAGESIZE);
    int code = mdb_env_create(&store->env);
    if (code == 0)
        code = mdb_env_set_mapsize(store->env, (limit + reserve) / page_len * page_len);
    if (code == 0)
        code = mdb_env_set_maxreaders(store->env, READERS_MAX);
    if (code == 0)
        code = mdb_env_open(store->env, config->dir, MDB_NOTLS, 0600);
    if (code != 0)
        return km_lmdb_fail(err, code, "open the store's file");
    MDB_stat stat = {0};
    (void)mdb_env_stat(store->env, &stat);
    store->page_len = stat.ms_psize;
    store->limit_pages = limit / stat.ms_psize;
    int n_dead = 0;
    MDB_dbi dbi = 0;
    (void)mdb_reader_check(store->env, &n_dead);
    /* Opening the unnamed database once gives it its order; the handle's number is fixed. */
    code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->reader);
    if (code == 0)
        code = mdb_dbi_open(store->reader, NULL, 0, &dbi);
    if (code != 0 || dbi != KM_MAIN_DBI)
        return km_lmdb_fail(err, code, "begin to read the store");
    mdb_txn_reset(store->reader);
    return KM_OK;
}

/* A first transaction that holds nothing but the header. */
static km_status make_head(struct km_err *err, struct km_store *store)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {.store = store, .writing = true};
    int code = mdb_txn_begin(store->env, NULL, 0, &txn.txn);
    if (code != 0)
        return km_lmdb_fail(err, code, "begin to write the new store");
    MDB_stat stat = {0};
    code = mdb_stat(txn.txn, KM_MAIN_DBI, &stat);
    if (code != 0)
        return km_lmdb_fail(err, code, "examine the new store");
    if (stat.ms_entries != 0)
        return KM_OK; /* another process was faster */
    txn.head = (struct km_head){.count = 1, .next_id = 1};
    return km_txn_commit(err, &txn);
}

/*
 * LMDB writes its lock file through a mapping, where a full disk is a signal and not an error: so its octets are
 * allocated before LMDB sees it.
 */
static km_status make_lock_file(struct km_err *err, int dir_fd)
{
    KM_AUTO(km_fd_closep)
    int fd = openat(dir_fd, "lock.mdb", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "could not make the store's lock file");
    errno = posix_fallocate(fd, 0, LOCK_FILE_LEN);
    if (errno != 0)
        return KM_FAIL_ERRNO(err, "could not allocate the store's lock file");
    return KM_OK;
}

/* Two processes may start on an empty folder at once, and one may be killed half-way. */
static km_status make_store(struct km_err *err, const struct km_store_config *config, int dir_fd,
                            struct km_store *store)
{
    KM_TRY(km_claims_making(err, store->claims));
    struct km_err absent = {0};
    km_status status = check_data_file(&absent, dir_fd);
    if (status == KM_E_NOTFOUND && unlinkat(dir_fd, "data.mdb", 0) != 0 && errno != ENOENT)
        return KM_FAIL_ERRNO(err, "could not remove the unfinished file of a store");
    if (status != KM_OK && status != KM_E_NOTFOUND)
        return keep(err, &absent);
    KM_TRY(make_lock_file(err, dir_fd));
    KM_TRY(open_env(err, config, store));
    KM_TRY(make_head(err, store));
    if (fsync(dir_fd) != 0)
        return KM_FAIL_ERRNO(err, "could not bring the store's folder to disk");
    km_claims_made(store->claims);
    return KM_OK;
}

static km_status open_or_make(struct km_err *err, const struct km_store_config *config, int dir_fd,
                              struct km_store *store)
{
    struct km_err found = {0};
    km_status status = check_data_file(&found, dir_fd);
    if (status == KM_OK)
        return open_env(err, config, store);
    if (status == KM_E_NOTFOUND && config->may_create)
        return make_store(err, config, dir_fd, store);
    return keep(err, &found);
}

/* ---- opening ---- */

/* Reads the header from pages that were looked at first; LMDB trusts what it is pointed to. */
static km_status look_at_head(struct km_err *err, struct km_store *store, struct km_head *ret)
{
    int fd = -1;
    (void)mdb_env_get_fd(store->env, &fd);
    for (int i = 0; i < SNAPSHOT_TRIES; i++) {
        KM_AUTO(km_txn_end) struct km_txn txn = {0};
        struct km_err why = {0};
        KM_TRY(km_txn_read(err, store, &txn));
        km_status status = km_pages_check_path(&why, fd, mdb_txn_id(txn.txn));
        if (status == KM_OK)
            return km_txn_head(err, &txn, ret);
        /* Two commits went by between the snapshot and the look at it: take a newer one. */
        if (status != KM_E_STATE)
            return keep(err, &why);
    }
    return KM_FAIL(err, KM_E_BUSY, "the store is being written too fast to be examined");
}

static km_status check_head(struct km_err *err, const struct km_store_config *config,
                            struct km_store *store)
{
    struct km_head head = {0};
    struct km_err found = {0};
    km_status status = look_at_head(&found, store, &head);
    if (status == KM_E_NOTFOUND && config->may_create) {
        /* Its maker was killed before the first commit. */
        km_err_clear(&found);
        KM_TRY(make_head(err, store));
        status = look_at_head(&found, store, &head);
    }
    if (status != KM_OK)
        return keep(err, &found);
    store->seen_count = head.count;
    if (config->has_anchor && head.count < config->anchor)
        return KM_FAIL(err, KM_E_STALE,
                       "the store is at commit %llu, but the root's counter has seen %llu",
                       (unsigned long long)head.count, (unsigned long long)config->anchor);
    return KM_OK;
}

km_status km_store_open(struct km_err *err, const struct km_store_config *config,
                        struct km_store **ret_store)
{
    if (config == NULL || config->dir == NULL || config->key == NULL || ret_store == NULL)
        return KM_FAIL(err, KM_E_ARG, "a store needs a folder and a key");
    KM_AUTO(store_closep) struct km_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "store");
    KM_TRY(km_seal_new(err, config->key, &config->owner, &store->seal));
    KM_AUTO(km_fd_closep) int dir_fd = -1;
    KM_TRY(open_dir(err, config, &dir_fd));
    KM_TRY(open_claims(err, config, dir_fd, &store->claims));
    KM_TRY(open_or_make(err, config, dir_fd, store));
    KM_TRY(check_head(err, config, store));
    store->has_anchor = config->has_anchor;
    store->anchored = config->anchor;
    store->advance = config->has_anchor ? config->advance : NULL;
    store->advance_arg = config->advance_arg;
    *ret_store = km_steal(&store);
    return KM_OK;
}

km_status km_store_state(struct km_err *err, struct km_store *store, uint64_t *ret_count,
                         uint8_t ret_name[KM_STORE_STATE_LEN])
{
    _Static_assert(KM_STORE_STATE_LEN == KM_TAG_LEN, "a commit's name is the tag of its header");
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    KM_TRY(km_txn_read(err, store, &txn));
    uint64_t number = mdb_txn_id(txn.txn);
    if (number != store->state_txn) {
        struct km_head head = {0};
        KM_TRY(km_txn_head(err, &txn, &head));
        KM_TRY(km_txn_head_tag(err, &txn, store->state));
        store->state_count = head.count;
        store->state_txn = number;
    }
    *ret_count = store->state_count;
    km_copy(ret_name, KM_STORE_STATE_LEN, store->state, sizeof store->state);
    return KM_OK;
}

km_status km_store_settle(struct km_err *err, struct km_store *store)
{
    if (store->advance == NULL || store->seen_count <= store->anchored)
        return KM_OK;
    KM_TRY(store->advance(err, store->advance_arg, store->seen_count));
    store->anchored = store->seen_count;
    return KM_OK;
}
