/* SPDX-License-Identifier: Apache-2.0 */
/* Who may log in to the console. */
#include <stdio.h>
#include <stdlib.h>

#include "cloud/cli/cli.h"
#include "cloud/console/users.h"

/* The password goes to standard output, once, and nowhere else. */
static void print_password(const struct cli_options *options, const char *name,
                           const struct km_secret *password)
{
    struct km_slice text = km_secret_expose(password);
    if (options->json)
        (void)printf("{\"name\":\"%s\",\"password\":\"%.*s\"}\n", name, (int)text.len,
                     (const char *)text.ptr);
    else
        (void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
}

int cmd_user_create(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    KM_AUTO(km_secret_freep) struct km_secret *password = NULL;
    struct km_crypto crypto = {.lib = NULL};
    struct km_err err = {.status = KM_OK};
    if (!cloud_open(options, CLOUD_WRITE, &cloud))
        return EXIT_FAILURE;
    km_status status = km_crypto_init(&err, &crypto);
    if (status == KM_OK)
        status = km_console_user_create(&err, &crypto, cloud.registry, cloud.arena, cloud.account,
                                        operand, &password);
    km_crypto_clear(&crypto);
    if (status != KM_OK)
        return fail(&err, operand);
    print_password(options, operand, password);
    return EXIT_SUCCESS;
}

int cmd_user_list(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_registry_names names = {.names = NULL};
    struct km_err err = {.status = KM_OK};
    (void)operand;
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    if (km_console_user_list(&err, cloud.registry, cloud.arena, cloud.account, &names) != KM_OK)
        return fail(&err, "console users");
    json_t *json = json_array();
    for (size_t i = 0; i < names.n_names; i++) {
        (void)json_array_append_new(json, json_pack("{s:s}", "name", names.names[i]));
        if (!options->json)
            (void)printf("%s\n", names.names[i]);
    }
    if (options->json)
        print_json(json_incref(json));
    json_decref(json);
    return EXIT_SUCCESS;
}

int cmd_user_delete(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_err err = {.status = KM_OK};
    if (!cloud_open(options, CLOUD_WRITE, &cloud))
        return EXIT_FAILURE;
    if (km_console_user_delete(&err, cloud.registry, cloud.arena, cloud.account, operand) != KM_OK)
        return fail(&err, operand);
    return EXIT_SUCCESS;
}
