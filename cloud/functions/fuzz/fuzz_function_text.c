/* SPDX-License-Identifier: Apache-2.0 */
/* Names, configurations and statements as callers send them. The first octet chooses. */
#include <string.h>

#include "cloud/functions/function.h"
#include "fuzz/km_fuzz.h"

/* A name that is taken, written as an ARN, is read back as the same. */
static void name(const char *text)
{
    struct km_function_name got = {.account = ""}, again = {.account = ""};
    char arn[KM_FUNCTION_ARN_MAX + 1] = {0};
    if (km_function_name_parse(NULL, text, &got) != KM_OK)
        return;
    km_function_arn(got.region[0] != '\0' ? got.region : "r",
                    got.account[0] != '\0' ? got.account : "000000000000", got.name, got.qualifier,
                    arn, sizeof arn);
    KM_FUZZ_CHECK(km_function_name_parse(NULL, arn, &again) == KM_OK);
    KM_FUZZ_CHECK(strcmp(got.name, again.name) == 0 && strcmp(got.qualifier, again.qualifier) == 0);
}

/* Whether no part between slashes is "..": such a path stays below the folder that it starts in. */
static bool stays_below(const char *path)
{
    for (const char *part = path; part != NULL;) {
        size_t len = strcspn(part, "/");
        if (len == 2 && strncmp(part, "..", 2) == 0)
            return false;
        part = part[len] == '/' ? part + len + 1 : NULL;
    }
    return true;
}

static void config(const char *text)
{
    struct km_function_config *got = NULL;
    struct km_function function = {.name = "f"};
    if (km_function_config_parse(NULL, text, &got) != KM_OK)
        return;
    km_function_config_fill(got, &function);
    if (km_function_check(NULL, &function) == KM_OK)
        KM_FUZZ_CHECK(km_function_kind(function.runtime) != KM_FUNCTION_UNKNOWN &&
                      function.handler[0] != '/' && stays_below(function.handler));
    km_function_config_free(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);
    if (text == NULL)
        return 0;
    km_copy(text, size, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'n')
        name(text);
    else if (data[0] == 'c')
        config(text);
    else
        (void)km_function_permits(text, "iot.amazonaws.com", "arn:aws:iot:r:1:rule/x", "1");
    free(text);
    return 0;
}
