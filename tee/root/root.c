/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/root/root.h"

#include <string.h>

/* A further driver is one line here; one that talks to a device is a table whose functions ask its helper process. */
static const struct km_root_driver *const drivers[] = {
    &km_root_soft,
};

static const struct km_root_driver *driver_named(const char *name, size_t name_len)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(drivers); i++)
        if (strlen(drivers[i]->name) == name_len && strncmp(drivers[i]->name, name, name_len) == 0)
            return drivers[i];
    return NULL;
}

km_status km_root_open(struct km_err *err, const char *spec, struct km_root *ret_root)
{
    if (spec == NULL || ret_root == NULL)
        return KM_FAIL(err, KM_E_ARG, "a root of trust is opened by a specification NAME:ARGUMENT");
    const char *colon = strchr(spec, ':');
    if (colon == NULL)
        return KM_FAIL(err, KM_E_ARG, "root of trust '%.32s' has no colon: NAME:ARGUMENT is meant",
                       spec);
    size_t name_len = (size_t)(colon - spec);
    const struct km_root_driver *driver = driver_named(spec, name_len);
    if (driver == NULL)
        return KM_FAIL(err, KM_E_NOTFOUND, "this build has no root of trust '%.*s'",
                       (int)(name_len < 32 ? name_len : 32), spec);
    void *state = NULL;
    KM_TRY(driver->open(err, colon + 1, &state));
    *ret_root = (struct km_root){.driver = driver, .state = state};
    return KM_OK;
}

void km_root_close(struct km_root *root)
{
    if (root == NULL || root->driver == NULL)
        return;
    root->driver->close(root->state);
    *root = (struct km_root){0};
}

bool km_root_has_counter(const struct km_root *root)
{
    return root != NULL && root->driver != NULL && root->driver->counter_read != NULL &&
           root->driver->counter_advance != NULL;
}
