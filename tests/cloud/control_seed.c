/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account with an access key in a registry, for the control plane's tests. Usage:
 *   control_seed REGISTRY KEY_FILE ACCOUNT KEY_ID SECRET   a lasting key
 *   control_seed REGISTRY KEY_FILE ACCOUNT SECONDS         a session's: prints its id, secret and token
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/registry/registry_account.h"

#define PRINCIPAL "user/tester"

static km_status lasting(struct km_registry *reg, const char *account, const char *id,
                         const char *text)
{
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_from(KM_SLICE_STR(text));
    km_status status = km_registry_account_create(reg, account, "tests");
    if (secret == NULL)
        return KM_E_NOMEM;
    if (status != KM_OK && status != KM_E_EXISTS)
        return status;
    return km_registry_access_key_put(reg, account, PRINCIPAL, id, secret);
}

static km_status session(struct km_registry *reg, const char *account, const char *seconds)
{
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = {0};
    KM_TRY(km_registry_session_new(reg, account, PRINCIPAL, (unsigned)strtoul(seconds, NULL, 10),
                                   &key));
    struct km_slice secret = km_secret_expose(key.secret);
    struct km_slice token = km_secret_expose(key.token);
    (void)printf("%s %.*s %.*s\n", key.id, (int)secret.len, (const char *)secret.ptr,
                 (int)token.len, (const char *)token.ptr);
    return KM_OK;
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    KM_AUTO(km_secret_freep) struct km_secret *key = NULL;
    KM_AUTO(km_registry_closep) struct km_registry *reg = NULL;
    if (argc != 5 && argc != 6)
        return EXIT_FAILURE;
    km_status status = km_registry_key_load(&err, argv[2], true, &key);
    const struct km_registry_config config = {.url = argv[1], .may_create = true, .key = key};
    if (status == KM_OK)
        status = km_registry_open(&err, &config, &reg);
    if (status == KM_OK)
        status =
            argc == 6 ? lasting(reg, argv[3], argv[4], argv[5]) : session(reg, argv[3], argv[4]);
    if (status != KM_OK)
        (void)fprintf(stderr, "control_seed: %s: %s\n", km_status_name(status),
                      err.text[0] != '\0' || reg == NULL ? err.text : km_registry_err(reg)->text);
    return status == KM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
