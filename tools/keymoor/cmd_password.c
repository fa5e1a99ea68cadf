/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor password ...: the objects that keys can be wrapped under. */
#include <stdio.h>
#include <stdlib.h>

#include "common/km_secret.h"
#include "keymoor.h"

typedef ClrcResult (*password_fn)(const char *name, const uint8_t *password, uint32_t length);

static int with_password(const struct km_options *options, const char *name, const char *what,
                         password_fn act)
{
    uint8_t password[CLRC_PASSWORD_MAX + 2] = {0};
    uint32_t length = 0;
    if (!read_password(options, name, password, sizeof password, &length))
        return EXIT_USAGE;
    ClrcResult result = act(name, password, length);
    km_wipe(password, sizeof password);
    return result == CLRC_SUCCESS ? EXIT_SUCCESS : fail(result, what, name);
}

int cmd_password_create(const struct km_options *options, const char *operand)
{
    return with_password(options, operand, "password create", clrcCreatePassword);
}

int cmd_password_delete(const struct km_options *options, const char *operand)
{
    return with_password(options, operand, "password delete", clrcDeletePassword);
}

static int list_row(void *arg, const char *name)
{
    cJSON *json = arg;
    if (json != NULL)
        cJSON_AddItemToArray(json, cJSON_CreateString(name));
    else
        printf("%s\n", name);
    return 1;
}

int cmd_password_list(const struct km_options *options, const char *operand)
{
    (void)operand;
    cJSON *json = options->json ? cJSON_CreateArray() : NULL;
    ClrcResult result = clrcListPasswords(list_row, json);
    if (result != CLRC_SUCCESS) {
        cJSON_Delete(json);
        return fail(result, "password list", NULL);
    }
    if (options->json)
        print_json(json);
    return EXIT_SUCCESS;
}
