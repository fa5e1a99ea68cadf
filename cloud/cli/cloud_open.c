/* SPDX-License-Identifier: Apache-2.0 */
/* Which registry and which account are meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cli/cli.h"
#include "cloud/registry/registry_account.h"

#define ARENA_MAX ((size_t)64 << 20)

const char *cloud_dir(const struct cli_options *options)
{
    return options->dir != NULL ? options->dir : getenv(CLI_DIR_ENV);
}

/* The registry of a folder that `up` filled, unless another is named. */
static bool find_registry(const struct cli_options *options, char url[CLI_PATH_CAP],
                          char key[CLI_PATH_CAP])
{
    const char *dir = cloud_dir(options);
    if (options->registry == NULL && dir == NULL) {
        (void)complain("which cloud? Name its folder with --dir or " CLI_DIR_ENV
                       ", or a registry with --registry");
        return false;
    }
    if (options->registry != NULL)
        snprintf(url, CLI_PATH_CAP, "%s", options->registry);
    else
        snprintf(url, CLI_PATH_CAP, "sqlite:%s/registry.db", dir);
    if (options->key_file != NULL)
        snprintf(key, CLI_PATH_CAP, "%s", options->key_file);
    else if (dir != NULL)
        snprintf(key, CLI_PATH_CAP, "%s/registry.key", dir);
    return true;
}

static bool find_account(const struct cli_options *options, struct cloud *cloud)
{
    const struct km_registry_page page = {.limit = 2};
    struct km_registry_account_list list = {.items = NULL};
    if (options->account != NULL) {
        snprintf(cloud->account, sizeof cloud->account, "%s", options->account);
        return true;
    }
    if (km_registry_account_list(cloud->registry, cloud->arena, &page, &list) != KM_OK) {
        (void)fail_registry(cloud, "accounts");
        return false;
    }
    if (list.n_items != 1) {
        (void)complain(list.n_items == 0 ? "there is no account yet: keymoor-cloud account create"
                                         : "there are several accounts: say which with --account");
        return false;
    }
    snprintf(cloud->account, sizeof cloud->account, "%s", list.items[0].id);
    km_arena_reset(cloud->arena);
    return true;
}

/* Reading needs no key, and works for who may not read it. */
static bool open_key(enum cloud_use use, const char *path, struct cloud *cloud)
{
    struct km_err err = {.status = KM_OK};
    if (use == CLOUD_READ || path[0] == '\0')
        return true;
    if (km_registry_key_load(&err, path, use == CLOUD_NO_ACCOUNT, &cloud->key) == KM_OK)
        return true;
    (void)fail(&err, path);
    return false;
}

bool cloud_open(const struct cli_options *options, enum cloud_use use, struct cloud *ret)
{
    char url[CLI_PATH_CAP] = {0}, key[CLI_PATH_CAP] = {0};
    struct km_err err = {.status = KM_OK};
    *ret = (struct cloud){.registry = NULL};
    if (!find_registry(options, url, key) || !open_key(use, key, ret))
        return false;
    const struct km_registry_config config = {.url = url,
                                              .may_create = use == CLOUD_NO_ACCOUNT,
                                              .is_read_only = use == CLOUD_READ,
                                              .key = ret->key};
    ret->arena = km_arena_new(ARENA_MAX);
    if (ret->arena == NULL || km_registry_open(&err, &config, &ret->registry) != KM_OK) {
        (void)fail(&err, "the registry");
        cloud_clear(ret);
        return false;
    }
    if (use != CLOUD_NO_ACCOUNT && !find_account(options, ret)) {
        cloud_clear(ret);
        return false;
    }
    return true;
}

void cloud_clear(struct cloud *cloud)
{
    km_registry_closep(&cloud->registry);
    km_arena_free(cloud->arena);
    km_secret_free(cloud->key);
    *cloud = (struct cloud){.registry = NULL};
}
