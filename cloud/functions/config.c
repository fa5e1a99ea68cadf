/* SPDX-License-Identifier: Apache-2.0 */
/* A function's configuration as JSON. */
#include <stdlib.h>
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/functions/function.h"

#define CONFIG_DEPTH_MAX 16

struct km_function_config {
    json_t *json; /* what the members below view */
    const char *runtime, *handler;
    unsigned timeout_s, memory_mb;
    struct km_function_variable variables[KM_FUNCTION_N_ENV_MAX];
    size_t n_variables;
};

void km_function_config_free(struct km_function_config *config)
{
    if (config == NULL)
        return;
    json_decref(config->json);
    free(config);
}

void km_function_config_freep(struct km_function_config **config)
{
    km_function_config_free(*config);
}

/* A text without a NUL inside, or NULL. */
static const char *text_of(const json_t *json)
{
    const char *text = json_string_value(json);
    return text != NULL && strlen(text) == json_string_length(json) ? text : NULL;
}

static km_status get_text(struct km_err *err, const json_t *json, const char *member,
                          const char **ret)
{
    *ret = text_of(json_object_get(json, member));
    return *ret != NULL ? KM_OK : KM_FAIL(err, KM_E_ARG, "%s is missing or no text", member);
}

static km_status get_number(struct km_err *err, const json_t *json, const char *member,
                            unsigned fallback, unsigned *ret)
{
    const json_t *number = json_object_get(json, member);
    *ret = fallback;
    if (number == NULL || json_is_null(number))
        return KM_OK;
    json_int_t value = json_integer_value(number);
    if (!json_is_integer(number) || value < 0 || value > INT32_MAX)
        return KM_FAIL(err, KM_E_ARG, "%s is no number that can be used", member);
    *ret = (unsigned)value;
    return KM_OK;
}

static km_status get_variables(struct km_err *err, struct km_function_config *config)
{
    const json_t *environment = json_object_get(config->json, "Environment");
    json_t *variables = json_object_get(environment, "Variables");
    const char *name = NULL;
    json_t *value = NULL;
    if (variables == NULL || json_is_null(variables))
        return KM_OK;
    if (!json_is_object(variables) || json_object_size(variables) > KM_FUNCTION_N_ENV_MAX)
        return KM_FAIL(err, KM_E_ARG, "Environment has to hold at most %d Variables",
                       KM_FUNCTION_N_ENV_MAX);
    json_object_foreach(variables, name, value)
    {
        const char *text = text_of(value);
        if (text == NULL)
            return KM_FAIL(err, KM_E_ARG, "Environment variable %.64s is no text", name);
        config->variables[config->n_variables++] = (struct km_function_variable){name, text};
    }
    return KM_OK;
}

km_status km_function_config_parse(struct km_err *err, const char *json,
                                   struct km_function_config **ret)
{
    KM_AUTO(km_function_config_freep)
    struct km_function_config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a function's configuration");
    km_status status = km_json_object(NULL, KM_SLICE_STR(json), CONFIG_DEPTH_MAX, &config->json);
    if (status == KM_E_NOMEM)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a function's configuration");
    if (status != KM_OK)
        return KM_FAIL(err, KM_E_ARG, "the configuration of a function is no JSON object");
    KM_TRY(get_text(err, config->json, "Runtime", &config->runtime));
    KM_TRY(get_text(err, config->json, "Handler", &config->handler));
    KM_TRY(get_number(err, config->json, "Timeout", KM_FUNCTION_TIMEOUT_DEFAULT_S,
                      &config->timeout_s));
    KM_TRY(get_number(err, config->json, "MemorySize", KM_FUNCTION_MEMORY_DEFAULT_MB,
                      &config->memory_mb));
    KM_TRY(get_variables(err, config));
    *ret = km_steal(&config);
    return KM_OK;
}

void km_function_config_fill(const struct km_function_config *config, struct km_function *ret)
{
    ret->runtime = config->runtime;
    ret->handler = config->handler;
    ret->timeout_s = config->timeout_s;
    ret->memory_mb = config->memory_mb;
    ret->variables = config->variables;
    ret->n_variables = config->n_variables;
}
