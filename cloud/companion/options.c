/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cloud/functions/runner.h"
#include "common/km_option.h"

enum option_id {
    OPTION_REGISTRY = 256,
    OPTION_KEY_FILE,
    OPTION_ACCOUNT,
    OPTION_REGION,
    OPTION_STATE,
    OPTION_SOCKET,
    OPTION_SOCKET_MODE,
    OPTION_SOCKET_GROUP,
    OPTION_BUS,
    OPTION_ENDPOINT,
    OPTION_CA_FILE,
    OPTION_HOST,
    OPTION_RUNTIME,
    OPTION_PARALLEL,
    OPTION_FIRST_UID,
    OPTION_TMP_MB,
    OPTION_RETRY_MS,
    OPTION_JOURNAL,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option long_options[] = {
    {"registry", required_argument, NULL, OPTION_REGISTRY},
    {"key-file", required_argument, NULL, OPTION_KEY_FILE},
    {"account", required_argument, NULL, OPTION_ACCOUNT},
    {"region", required_argument, NULL, OPTION_REGION},
    {"state", required_argument, NULL, OPTION_STATE},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"socket-mode", required_argument, NULL, OPTION_SOCKET_MODE},
    {"socket-group", required_argument, NULL, OPTION_SOCKET_GROUP},
    {"bus", required_argument, NULL, OPTION_BUS},
    {"endpoint", required_argument, NULL, OPTION_ENDPOINT},
    {"ca-file", required_argument, NULL, OPTION_CA_FILE},
    {"function-host", required_argument, NULL, OPTION_HOST},
    {"function-runtime", required_argument, NULL, OPTION_RUNTIME},
    {"parallel", required_argument, NULL, OPTION_PARALLEL},
    {"first-uid", required_argument, NULL, OPTION_FIRST_UID},
    {"tmp-mb", required_argument, NULL, OPTION_TMP_MB},
    {"retry-ms", required_argument, NULL, OPTION_RETRY_MS},
    {"journal", no_argument, NULL, OPTION_JOURNAL},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

void options_help(void)
{
    (void)printf(
        "Usage: keymoor-cloud-rules --registry URL --key-file FILE --account N --region NAME --state DIR [OPTION ...]\n\n"
        "Runs the rules of an account on the messages of its brokers, and functions for rules and the control plane.\n\n"
        "  --registry URL          sqlite:PATH or postgresql:CONNINFO\n"
        "  --key-file FILE         the key that seals access keys; functions get temporary ones\n"
        "  --account N             12 digits\n"
        "  --region NAME           of all ARNs\n"
        "  --state DIR             events that wait, unpacked code, logs of functions\n"
        "  --bus PATH              a broker's bus; once for each broker\n"
        "  --socket PATH           where requests for runs come in\n"
        "  --socket-mode MODE      its permissions, default 0600\n"
        "  --socket-group GROUP    its group\n"
        "  --endpoint URL          the control plane, the one place that functions reach\n"
        "  --ca-file FILE          whom they trust there, PEM\n"
        "  --parallel N            functions at a time, 1 to %u, default 4\n"
        "  --first-uid N           as root: functions are users N, N+1, ...; default 64000\n"
        "  --tmp-mb N              size of a function's /tmp, default 64\n"
        "  --retry-ms N            before an event's second attempt, default 60000; twice that before the third\n"
        "  --function-host PATH, --function-runtime DIR   their parts, found beside this program by default\n"
        "  --journal               log lines as journald reads them\n"
        "  --help, --version\n\n"
        "Example:\n"
        "  keymoor-cloud-rules --registry sqlite:/var/lib/keymoor-cloud/registry.db --key-file /etc/keymoor-cloud/key \\\n"
        "      --account 123456789012 --region us-west-1 --state /var/lib/keymoor-cloud/functions \\\n"
        "      --bus /run/keymoor-cloud/bus --socket /run/keymoor-cloud/functions --endpoint http://127.0.0.1:8100\n",
        KM_RUNNER_PARALLEL_MAX);
}

static km_status add_bus(struct km_err *err, struct options *options, const char *path)
{
    if (options->n_buses == LINKS_MAX)
        return KM_FAIL(err, KM_E_ARG, "--bus: more than %d", LINKS_MAX);
    options->buses[options->n_buses++] = path;
    return KM_OK;
}

/* Texts: where each goes. */
static const char **text_place(struct options *options, int id)
{
    switch (id) {
    case OPTION_REGISTRY:
        return &options->registry;
    case OPTION_KEY_FILE:
        return &options->key_file;
    case OPTION_ACCOUNT:
        return &options->account;
    case OPTION_REGION:
        return &options->region;
    case OPTION_STATE:
        return &options->state_dir;
    case OPTION_SOCKET:
        return &options->socket;
    case OPTION_ENDPOINT:
        return &options->endpoint;
    case OPTION_CA_FILE:
        return &options->ca_file;
    case OPTION_HOST:
        return &options->host_path;
    case OPTION_RUNTIME:
        return &options->runtime_dir;
    default:
        return NULL;
    }
}

static km_status read_value(struct km_err *err, struct options *options, int id)
{
    switch (id) {
    case OPTION_BUS:
        return add_bus(err, options, optarg);
    case OPTION_SOCKET_MODE:
        return km_option_mode(err, "--socket-mode", optarg, &options->socket_mode);
    case OPTION_SOCKET_GROUP:
        return km_option_group(err, "--socket-group", optarg, &options->socket_group);
    case OPTION_PARALLEL:
        return km_option_number(err, "--parallel", optarg, KM_RUNNER_PARALLEL_MAX,
                                &options->parallel);
    case OPTION_FIRST_UID:
        return km_option_number(err, "--first-uid", optarg, INT32_MAX, &options->first_uid);
    case OPTION_TMP_MB:
        return km_option_number(err, "--tmp-mb", optarg, 10240, &options->tmp_mb);
    case OPTION_RETRY_MS:
        return km_option_number(err, "--retry-ms", optarg, 3600000, &options->retry_ms);
    case OPTION_JOURNAL:
        options->logs_to_journal = true;
        return KM_OK;
    case OPTION_HELP:
        options->wants_help = true;
        return KM_OK;
    case OPTION_VERSION:
        options->wants_version = true;
        return KM_OK;
    default:
        return KM_FAIL(err, KM_E_ARG, "see --help");
    }
}

static km_status check(struct km_err *err, const struct options *options)
{
    const struct {
        const char *name, *value;
    } needed[] = {{"--registry", options->registry},
                  {"--key-file", options->key_file},
                  {"--account", options->account},
                  {"--region", options->region},
                  {"--state", options->state_dir}};
    for (size_t i = 0; i < KM_ARRAY_LEN(needed); i++)
        if (needed[i].value == NULL)
            return KM_FAIL(err, KM_E_ARG, "%s is missing", needed[i].name);
    if (strlen(options->account) != 12 || strspn(options->account, "0123456789") != 12)
        return KM_FAIL(err, KM_E_ARG, "--account: not 12 digits");
    if (options->parallel == 0)
        return KM_FAIL(err, KM_E_ARG, "--parallel: not within 1 to %u", KM_RUNNER_PARALLEL_MAX);
    if (options->tmp_mb == 0)
        return KM_FAIL(err, KM_E_ARG, "--tmp-mb: not within 1 to 10240");
    return KM_OK;
}

km_status options_read(struct km_err *err, int argc, char **argv, struct options *ret)
{
    *ret = (struct options){.socket_mode = 0600,
                            .socket_group = (gid_t)-1,
                            .host_path = "",
                            .runtime_dir = "",
                            .parallel = 4,
                            .first_uid = geteuid() == 0 ? 64000 : 0,
                            .tmp_mb = 64,
                            .retry_ms = 60000};
    for (int id = getopt_long(argc, argv, "", long_options, NULL); id >= 0;
         id = getopt_long(argc, argv, "", long_options, NULL)) {
        const char **place = text_place(ret, id);
        if (place != NULL)
            *place = optarg;
        else
            KM_TRY(read_value(err, ret, id));
    }
    if (ret->wants_help || ret->wants_version)
        return KM_OK;
    if (optind < argc)
        return KM_FAIL(err, KM_E_ARG, "%.64s is not an option", argv[optind]);
    return check(err, ret);
}
