/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/settings.h"

#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stddef.h>
#include <string.h>

#include "common/km_option.h"

#define ACCOUNT_LEN 12

enum form { TEXT, NUMBER, GROUP, WORD };

/* The rows of the table: where a value goes and what it may be. WORD: one of two words, the second means true. */
static const struct row {
    const char *name;
    enum form form;
    size_t offset;
    unsigned long max;
    const char *no, *yes;
} rows[] = {
    {"registry", TEXT, offsetof(struct settings, registry), 0, NULL, NULL},
    {"account", TEXT, offsetof(struct settings, account), 0, NULL, NULL},
    {"region", TEXT, offsetof(struct settings, region), 0, NULL, NULL},
    {"partition", TEXT, offsetof(struct settings, partition), 0, NULL, NULL},
    {"bus", TEXT, offsetof(struct settings, bus), 0, NULL, NULL},
    {"local", TEXT, offsetof(struct settings, local), 0, NULL, NULL},
    {"websocket", TEXT, offsetof(struct settings, websocket), 0, NULL, NULL},
    {"bus_group", GROUP, offsetof(struct settings, bus_group), 0, NULL, NULL},
    {"read_timeout_ms", NUMBER, offsetof(struct settings, read_timeout_ms), 10000, NULL, NULL},
    {"write_timeout_ms", NUMBER, offsetof(struct settings, write_timeout_ms), 600000, NULL, NULL},
    {"feed_ms", NUMBER, offsetof(struct settings, feed_ms), 60000, NULL, NULL},
    {"session_s", NUMBER, offsetof(struct settings, session_s), 31536000, NULL, NULL},
    {"remembered", NUMBER, offsetof(struct settings, remembered), 10000000, NULL, NULL},
    {"connects_per_s", NUMBER, offsetof(struct settings, limits.connects_per_s), 1000000, NULL,
     NULL},
    {"client_connects_per_s", NUMBER, offsetof(struct settings, limits.client_connects_per_s), 1000,
     NULL, NULL},
    {"publishes_per_s", NUMBER, offsetof(struct settings, limits.publishes_per_s), 1000000, NULL,
     NULL},
    {"octets_per_s", NUMBER, offsetof(struct settings, limits.octets_per_s), 1000000000, NULL,
     NULL},
    {"subscriptions", NUMBER, offsetof(struct settings, limits.subscriptions), 1000000, NULL, NULL},
    {"subscribes_per_s", NUMBER, offsetof(struct settings, limits.subscribes_per_s), 1000000, NULL,
     NULL},
    {"qos2", WORD, offsetof(struct settings, allows_qos2), 0, "refuse", "allow"},
    {"wildcard_retained", WORD, offsetof(struct settings, hands_out), 0, "withhold", "deliver"},
    {"denied_connect", WORD, offsetof(struct settings, tells_denied), 0, "close", "connack"},
    {"record", WORD, offsetof(struct settings, records_all), 0, "refusals", "all"},
};

static const struct settings defaults = {
    .partition = "aws",
    .bus_group = (gid_t)-1,
    .read_timeout_ms = 200,
    .write_timeout_ms = 5000,
    .feed_ms = 100,
    .session_s = 3600,
    .remembered = 10000,
    .limits = {.publishes_per_s = 100,
               .octets_per_s = 512 * 1024,
               .subscriptions = 50,
               .subscribes_per_s = 100},
    .records_all = true,
};

static km_status set_word(struct km_err *err, const struct row *row, const char *text, bool *ret)
{
    if (strcmp(text, row->yes) != 0 && strcmp(text, row->no) != 0)
        return KM_FAIL(err, KM_E_ARG, "plugin_opt_%s is '%s' or '%s'", row->name, row->no,
                       row->yes);
    *ret = strcmp(text, row->yes) == 0;
    return KM_OK;
}

static km_status set(struct km_err *err, struct settings *settings, const struct row *row,
                     const char *text)
{
    void *at = (uint8_t *)settings + row->offset;
    if (text == NULL || text[0] == '\0')
        return KM_FAIL(err, KM_E_ARG, "plugin_opt_%s has no value", row->name);
    switch (row->form) {
    case TEXT:
        *(const char **)at = text;
        return KM_OK;
    case NUMBER:
        return km_option_number(err, row->name, text, row->max, at);
    case GROUP:
        return km_option_group(err, row->name, text, at);
    case WORD:
        return set_word(err, row, text, at);
    }
    return KM_FAIL(err, KM_E_INTERNAL, "a form of option that is none");
}

static km_status check(struct km_err *err, const struct settings *settings)
{
    unsigned long number = 0;
    if (settings->registry == NULL || settings->account == NULL || settings->region == NULL)
        return KM_FAIL(err, KM_E_ARG,
                       "plugin_opt_registry, plugin_opt_account and plugin_opt_region are needed");
    if (strlen(settings->account) != ACCOUNT_LEN ||
        !km_option_digits(settings->account, 10, 999999999999UL, &number))
        return KM_FAIL(err, KM_E_ARG, "plugin_opt_account has to be %d digits", ACCOUNT_LEN);
    if (settings->read_timeout_ms == 0 || settings->write_timeout_ms == 0 || settings->feed_ms == 0)
        return KM_FAIL(err, KM_E_ARG, "a time of plugin_opt_..._ms can't be 0");
    return KM_OK;
}

km_status settings_read(struct km_err *err, const struct mosquitto_opt *opts, int n_opts,
                        struct settings *ret)
{
    struct settings settings = defaults;
    for (int i = 0; i < n_opts; i++) {
        const struct row *row = NULL;
        for (size_t at = 0; at < KM_ARRAY_LEN(rows) && row == NULL; at++)
            if (strcmp(opts[i].key, rows[at].name) == 0)
                row = &rows[at];
        if (row == NULL)
            return KM_FAIL(err, KM_E_ARG, "no such option: plugin_opt_%s", opts[i].key);
        KM_TRY(set(err, &settings, row, opts[i].value));
    }
    KM_TRY(check(err, &settings));
    *ret = settings;
    return KM_OK;
}
