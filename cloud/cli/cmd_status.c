/* SPDX-License-Identifier: Apache-2.0 */
/* What runs, and where. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cli/cli.h"
#include "cloud/registry/registry_change.h"
#include "common/km_file.h"
#include "common/km_option.h"

#define SMALL_FILE_MAX 256

/* A small file of the folder, without its line's end; "" when there is none. */
static const char *read_small(const char *dir, const char *name, char ret[SMALL_FILE_MAX])
{
    char path[CLI_PATH_CAP] = {0};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    ret[0] = '\0';
    snprintf(path, sizeof path, "%s/run/%s", dir, name);
    if (km_file_read(NULL, AT_FDCWD, path, SMALL_FILE_MAX - 1, &bytes, &len) != KM_OK)
        return ret;
    km_copy(ret, SMALL_FILE_MAX, bytes, len);
    ret[len] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
    return ret;
}

static bool runs(const char *dir, const char *name)
{
    char file[64] = {0}, text[SMALL_FILE_MAX] = {0};
    unsigned long pid = 0;
    snprintf(file, sizeof file, "%s.pid", name);
    return km_option_digits(read_small(dir, file, text), 10, INT32_MAX, &pid) && pid > 0 &&
           (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static json_t *folder_json(const char *dir)
{
    char endpoint[SMALL_FILE_MAX] = {0}, broker[SMALL_FILE_MAX] = {0};
    char devices[SMALL_FILE_MAX] = {0};
    return json_pack("{s:s,s:b,s:b,s:b,s:s,s:s,s:s}", "dir", dir, "broker", runs(dir, "broker"),
                     "control", runs(dir, "control"), "rules", runs(dir, "rules"), "endpoint",
                     read_small(dir, "endpoint", endpoint), "brokerAddress",
                     read_small(dir, "broker", broker), "deviceEndpoint",
                     read_small(dir, "devices", devices));
}

static void print_folder(const char *dir)
{
    static const char *const programs[] = {"broker", "control", "rules"};
    static const char *const words[] = {"broker        ", "control plane ", "rules         "};
    char text[SMALL_FILE_MAX] = {0};
    (void)printf("folder         %s\n", dir);
    for (size_t i = 0; i < KM_ARRAY_LEN(programs); i++)
        (void)printf("%s %s\n", words[i], runs(dir, programs[i]) ? "runs" : "does not run");
    (void)printf("endpoint       %s\n", read_small(dir, "endpoint", text));
    (void)printf("devices go to  %s\n", read_small(dir, "broker", text));
    (void)printf("over HTTPS to  %s\n", read_small(dir, "devices", text));
}

static bool all_run(const char *dir)
{
    return runs(dir, "broker") && runs(dir, "control") && runs(dir, "rules");
}

int cmd_status(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    const char *dir = options->registry == NULL ? cloud_dir(options) : NULL;
    int64_t generation = 0;
    (void)operand;
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    if (km_registry_generation(cloud.registry, &generation) != KM_OK)
        return fail_registry(&cloud, "the registry");
    if (options->json) {
        json_t *json = dir != NULL ? folder_json(dir) : json_object();
        (void)json_object_set_new(json, "account", json_string(cloud.account));
        (void)json_object_set_new(json, "changes", json_integer(generation));
        print_json(json);
    } else {
        if (dir != NULL)
            print_folder(dir);
        (void)printf("account        %s\nregistry       answers, %" PRId64 " changes\n",
                     cloud.account, generation);
    }
    return dir == NULL || all_run(dir) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- logs of functions ---- */

static bool print_file(const char *path)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    if (km_file_read(NULL, AT_FDCWD, path, (size_t)16 << 20, &bytes, &len) != KM_OK)
        return false;
    (void)fwrite(bytes, 1, len, stdout);
    return true;
}

int cmd_function_log(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    char path[CLI_PATH_CAP] = {0};
    const char *dir = cloud_dir(options);
    if (dir == NULL)
        return complain("which cloud? Name its folder with --dir or " CLI_DIR_ENV);
    if (strchr(operand, '/') != NULL)
        return complain("%s: not a function's name", operand);
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    /* The older part first, where there is one. */
    snprintf(path, sizeof path, "%s/functions/log/%s/%s.log.1", dir, cloud.account, operand);
    (void)print_file(path);
    snprintf(path, sizeof path, "%s/functions/log/%s/%s.log", dir, cloud.account, operand);
    return print_file(path) ? EXIT_SUCCESS : refuse("%s: it has not run yet", operand);
}
