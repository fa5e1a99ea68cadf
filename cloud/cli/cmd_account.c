/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and the access keys with which programs sign their requests. */
#include <stdio.h>
#include <stdlib.h>

#include "cloud/cli/cli.h"
#include "cloud/registry/registry_account.h"

int cmd_account_create(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    if (!cloud_open(options, CLOUD_NO_ACCOUNT, &cloud))
        return EXIT_FAILURE;
    if (km_registry_account_create(cloud.registry, operand,
                                   options->name != NULL ? options->name : operand) != KM_OK)
        return fail_registry(&cloud, operand);
    return EXIT_SUCCESS;
}

int cmd_account_list(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_registry_page page = {.marker = NULL};
    struct km_registry_account_list list = {.items = NULL};
    json_t *json = json_array();
    char when[TIME_CAP] = {0};
    (void)operand;
    if (!cloud_open(options, CLOUD_NO_ACCOUNT, &cloud))
        return EXIT_FAILURE;
    do {
        if (km_registry_account_list(cloud.registry, cloud.arena, &page, &list) != KM_OK)
            return fail_registry(&cloud, "accounts");
        for (size_t i = 0; i < list.n_items; i++) {
            (void)json_array_append_new(json, json_pack("{s:s,s:s,s:s}", "id", list.items[i].id,
                                                        "name", list.items[i].name, "created",
                                                        time_text(list.items[i].created_ms, when)));
            if (!options->json)
                (void)printf("%s  %s  %s\n", list.items[i].id, when, list.items[i].name);
        }
        page.marker = list.next;
    } while (page.marker != NULL);
    if (options->json)
        print_json(json_incref(json));
    json_decref(json);
    return EXIT_SUCCESS;
}

/* The secret goes to standard output, once, and nowhere else. */
static void print_key(const struct cli_options *options, const struct km_registry_new_key *key)
{
    struct km_slice secret = km_secret_expose(key->secret);
    if (options->json)
        (void)printf("{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%.*s\"}\n", key->id,
                     (int)secret.len, (const char *)secret.ptr);
    else
        (void)printf("AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%.*s\n", key->id, (int)secret.len,
                     (const char *)secret.ptr);
}

int cmd_key_create(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_registry_new_key key = {.id = ""};
    char principal[KM_PRINCIPAL_NAME_MAX + 1] = {0};
    if (!cloud_open(options, CLOUD_WRITE, &cloud))
        return EXIT_FAILURE;
    snprintf(principal, sizeof principal, "user/%s", operand);
    if (km_registry_access_key_new(cloud.registry, cloud.account, principal, &key) != KM_OK)
        return fail_registry(&cloud, "access key");
    print_key(options, &key);
    km_registry_new_key_clear(&key);
    return EXIT_SUCCESS;
}

static json_t *key_json(const struct km_registry_access_key *key)
{
    char when[TIME_CAP] = {0};
    return json_pack("{s:s,s:s,s:b,s:b,s:s}", "id", key->id, "principal", key->principal, "active",
                     key->is_active, "session", key->is_session, "created",
                     time_text(key->created_ms, when));
}

int cmd_key_list(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    struct km_registry_page page = {.marker = NULL};
    struct km_registry_access_key_list list = {.items = NULL};
    char when[TIME_CAP] = {0};
    json_t *json = json_array();
    (void)operand;
    if (!cloud_open(options, CLOUD_READ, &cloud))
        return EXIT_FAILURE;
    do {
        if (km_registry_access_key_list(cloud.registry, cloud.arena, cloud.account, &page, &list) !=
            KM_OK)
            return fail_registry(&cloud, "access keys");
        for (size_t i = 0; i < list.n_items; i++) {
            (void)json_array_append_new(json, key_json(&list.items[i]));
            if (!options->json)
                (void)printf("%s  %s  %-8s  %s\n", list.items[i].id,
                             time_text(list.items[i].created_ms, when),
                             list.items[i].is_active ? "active" : "inactive",
                             list.items[i].principal);
        }
        page.marker = list.next;
    } while (page.marker != NULL);
    if (options->json)
        print_json(json_incref(json));
    json_decref(json);
    return EXIT_SUCCESS;
}

int cmd_key_delete(const struct cli_options *options, const char *operand)
{
    KM_AUTO(cloud_clear) struct cloud cloud = {.registry = NULL};
    if (!cloud_open(options, CLOUD_WRITE, &cloud))
        return EXIT_FAILURE;
    if (km_registry_access_key_delete(cloud.registry, cloud.account, operand) != KM_OK)
        return fail_registry(&cloud, operand);
    return EXIT_SUCCESS;
}
