/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consistent copy of a cloud's folder, taken while it runs: the registry by SQLite's own means, and the keys and certificates beside it. For PostgreSQL
 * there are pg_dump and pg_restore.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cli/cli.h"
#include "common/km_file.h"

#define PAGES_AT_ONCE 1024
#define BUSY_MS 50
#define FILE_MAX ((size_t)1 << 20)
#define REGISTRY_FILE "registry.db"

/* What stands beside the registry. Without the key access keys are lost, without the certificates devices don't find their broker again. */
static const char *const files[] = {"registry.key", "server_ca.pem", "server_ca.key", "server.pem",
                                    "server.key",   "settings",      "issuer.pem",    "access_key"};

static const char *join(const char *dir, const char *name, char ret[CLI_PATH_CAP])
{
    snprintf(ret, CLI_PATH_CAP, "%s/%s", dir, name);
    return ret;
}

static int copy_file(const char *from_dir, const char *to_dir, const char *name)
{
    char from[CLI_PATH_CAP] = {0}, to[CLI_PATH_CAP] = {0};
    struct km_err err = {.status = KM_OK};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    km_status status =
        km_file_read(&err, AT_FDCWD, join(from_dir, name, from), FILE_MAX, &bytes, &len);
    if (status == KM_E_NOTFOUND)
        return EXIT_SUCCESS;
    if (status == KM_OK)
        status = km_file_write(&err, AT_FDCWD, join(to_dir, name, to), KM_SLICE(bytes, len), 0600);
    if (bytes != NULL)
        km_wipe(bytes, len);
    return status == KM_OK ? EXIT_SUCCESS : fail(&err, name);
}

/* Writers go on meanwhile; what they write during the copy is in it or not, as a whole. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int rc = SQLITE_OK;
    if (backup == NULL)
        return sqlite3_errcode(to);
    do {
        rc = sqlite3_backup_step(backup, PAGES_AT_ONCE);
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
            (void)sqlite3_sleep(BUSY_MS);
    } while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
    int finished = sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? finished : rc;
}

static int copy_registry(const char *from_dir, const char *to_dir)
{
    char from[CLI_PATH_CAP] = {0}, to[CLI_PATH_CAP] = {0};
    sqlite3 *source = NULL, *target = NULL;
    int rc =
        sqlite3_open_v2(join(from_dir, REGISTRY_FILE, from), &source, SQLITE_OPEN_READWRITE, NULL);
    /* Nobody else is to read it, not even while it is written. */
    mode_t mask = umask(077);
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2(join(to_dir, REGISTRY_FILE, to), &target,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK)
        rc = copy_pages(source, target);
    (void)umask(mask);
    (void)sqlite3_close(source);
    (void)sqlite3_close(target);
    return rc == SQLITE_OK
               ? EXIT_SUCCESS
               : refuse("%s: %s", join(from_dir, REGISTRY_FILE, from), sqlite3_errstr(rc));
}

static int copy_all(const char *from, const char *to)
{
    int status = copy_registry(from, to);
    for (size_t i = 0; i < KM_ARRAY_LEN(files) && status == EXIT_SUCCESS; i++)
        status = copy_file(from, to, files[i]);
    return status;
}

/* The new folder must not be there: nothing is ever written over. */
static int copy_cloud(const char *from, const char *to)
{
    char path[CLI_PATH_CAP] = {0};
    if (access(join(from, REGISTRY_FILE, path), R_OK) != 0)
        return refuse("%s: there is no registry in it", from);
    if (mkdir(to, 0700) != 0)
        return refuse("%s: %s", to, strerror(errno));
    return copy_all(from, to);
}

int cmd_backup(const struct cli_options *options, const char *operand)
{
    const char *dir = cloud_dir(options);
    if (dir == NULL)
        return complain("which cloud? Name its folder with --dir or " CLI_DIR_ENV
                        ". A registry in PostgreSQL is backed up by pg_dump");
    return copy_cloud(dir, operand);
}

int cmd_restore(const struct cli_options *options, const char *operand)
{
    const char *dir = cloud_dir(options);
    if (dir == NULL)
        return complain("where to? Name a new folder with --dir");
    return copy_cloud(operand, dir);
}
