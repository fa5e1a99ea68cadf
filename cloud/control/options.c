/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/options.h"

#include <getopt.h>
#include <stdint.h>

#include "common/km_option.h"

#define REQUEST_TIMEOUT_S 30
#define REQUEST_TIMEOUT_MAX_S 3600

#define CONSOLE_IDLE_MAX_S 86400u

enum {
    OPT_REGISTRY = 256,
    OPT_KEY,
    OPT_LISTEN,
    OPT_PORT,
    OPT_PORT_FILE,
    OPT_CERTIFICATE,
    OPT_TLS_KEY,
    OPT_DEVICE_LISTEN,
    OPT_DEVICE_PORT,
    OPT_DEVICE_PORT_FILE,
    OPT_DEVICE_CERTIFICATE,
    OPT_DEVICE_KEY,
    OPT_REGION,
    OPT_ENDPOINT,
    OPT_ISSUER,
    OPT_BUS,
    OPT_ACCOUNT,
    OPT_WEBSOCKET,
    OPT_FUNCTIONS,
    OPT_NO_CONSOLE,
    OPT_CONSOLE_IDLE,
    OPT_REQUEST_TIMEOUT,
};

static const struct option long_options[] = {
    {"registry", required_argument, NULL, OPT_REGISTRY},
    {"key", required_argument, NULL, OPT_KEY},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"port", required_argument, NULL, OPT_PORT},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"tls-certificate", required_argument, NULL, OPT_CERTIFICATE},
    {"tls-key", required_argument, NULL, OPT_TLS_KEY},
    {"device-listen", required_argument, NULL, OPT_DEVICE_LISTEN},
    {"device-port", required_argument, NULL, OPT_DEVICE_PORT},
    {"device-port-file", required_argument, NULL, OPT_DEVICE_PORT_FILE},
    {"device-certificate", required_argument, NULL, OPT_DEVICE_CERTIFICATE},
    {"device-key", required_argument, NULL, OPT_DEVICE_KEY},
    {"region", required_argument, NULL, OPT_REGION},
    {"endpoint", required_argument, NULL, OPT_ENDPOINT},
    {"issuer", required_argument, NULL, OPT_ISSUER},
    {"bus", required_argument, NULL, OPT_BUS},
    {"account", required_argument, NULL, OPT_ACCOUNT},
    {"websocket", required_argument, NULL, OPT_WEBSOCKET},
    {"functions", required_argument, NULL, OPT_FUNCTIONS},
    {"request-timeout", required_argument, NULL, OPT_REQUEST_TIMEOUT},
    {"console-idle", required_argument, NULL, OPT_CONSOLE_IDLE},
    {"no-console", no_argument, NULL, OPT_NO_CONSOLE},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

void km_control_options_usage(FILE *out)
{
    fputs(
        "Usage: keymoor-cloud-control --registry URL --key FILE [options]\n"
        "\n"
        "The control plane: serves the REST API of AWS IoT, Lambda and STS over the registry, and a\n"
        "web console.\n"
        "\n"
        "  --registry URL         sqlite:PATH or postgresql:CONNINFO\n"
        "  --key FILE             the key that seals access keys in the registry\n"
        "  --listen ADDRESS       numeric (127.0.0.1)\n"
        "  --port N               (8443; 0: a free one)\n"
        "  --port-file FILE       where to write the port\n"
        "  --tls-certificate FILE, --tls-key FILE  PEM; without them it is plain HTTP, for the\n"
        "                         loopback or behind a proxy\n"
        "  --device-port N        also HTTPS for devices, which show their certificate (0: a free port)\n"
        "  --device-listen ADDRESS, --device-port-file FILE, --device-certificate FILE,\n"
        "  --device-key FILE      as above, for that (its --listen, none, its --tls-certificate and\n"
        "                         --tls-key)\n"
        "  --region NAME          of all ARNs (us-east-1)\n"
        "  --endpoint HOST        what describe-endpoint answers (the address it listens at)\n"
        "  --issuer FILE          certificate and key of the CA for create-keys-and-certificate and\n"
        "                         create-certificate-from-csr; made when it is missing\n"
        "  --bus PATH             socket of a broker; may be repeated\n"
        "  --account ID           the account that these brokers serve; needed with --bus,\n"
        "                         --websocket and --device-port\n"
        "  --websocket PATH       socket of a broker for MQTT over WebSockets, which is then at /mqtt\n"
        "  --functions PATH       socket of the process that runs functions\n"
        "  --console-idle S       seconds without use until a session of the console ends (900)\n"
        "  --no-console           without the web console, which is at /console/\n"
        "  -q, --quiet            only what went wrong\n"
        "  -h, --help, -V, --version\n",
        out);
}

static km_status take_bus(struct km_err *err, struct km_control_options *options)
{
    if (options->n_buses == KM_BUSES_MAX)
        return KM_FAIL(err, KM_E_ARG, "--bus can be given %d times at most", KM_BUSES_MAX);
    options->buses[options->n_buses++] = optarg;
    return KM_OK;
}

/* The options that are a text and no more. NULL: it is another one. */
static const char **text_of(struct km_control_options *options, int option)
{
    switch (option) {
    case OPT_REGISTRY:
        return &options->registry;
    case OPT_KEY:
        return &options->key;
    case OPT_LISTEN:
        return &options->listen;
    case OPT_PORT_FILE:
        return &options->port_file;
    case OPT_CERTIFICATE:
        return &options->certificate;
    case OPT_TLS_KEY:
        return &options->tls_key;
    case OPT_DEVICE_LISTEN:
        return &options->device_listen;
    case OPT_DEVICE_PORT_FILE:
        return &options->device_port_file;
    case OPT_DEVICE_CERTIFICATE:
        return &options->device_certificate;
    case OPT_DEVICE_KEY:
        return &options->device_key;
    case OPT_REGION:
        return &options->region;
    case OPT_ENDPOINT:
        return &options->endpoint;
    case OPT_ISSUER:
        return &options->issuer;
    case OPT_ACCOUNT:
        return &options->account;
    case OPT_WEBSOCKET:
        return &options->websocket;
    case OPT_FUNCTIONS:
        return &options->functions;
    default:
        return NULL;
    }
}

static km_status take_device_port(struct km_err *err, struct km_control_options *options)
{
    options->has_devices = true;
    return km_option_number(err, "device-port", optarg, UINT16_MAX, &options->device_port);
}

static km_status take(struct km_err *err, int option, struct km_control_options *options)
{
    const char **text = text_of(options, option);
    if (text != NULL)
        *text = optarg;
    else if (option == OPT_PORT)
        return km_option_number(err, "port", optarg, UINT16_MAX, &options->port);
    else if (option == OPT_DEVICE_PORT)
        return take_device_port(err, options);
    else if (option == OPT_REQUEST_TIMEOUT)
        return km_option_number(err, "request-timeout", optarg, REQUEST_TIMEOUT_MAX_S,
                                &options->request_timeout_s);
    else if (option == OPT_BUS)
        return take_bus(err, options);
    else if (option == OPT_CONSOLE_IDLE)
        return km_option_number(err, "console-idle", optarg, CONSOLE_IDLE_MAX_S,
                                &options->console_idle_s);
    else if (option == OPT_NO_CONSOLE)
        options->has_no_console = true;
    else if (option == 'q')
        options->is_quiet = true;
    else if (option == 'h')
        options->wants_help = true;
    else if (option == 'V')
        options->wants_version = true;
    else
        return KM_FAIL(err, KM_E_ARG, "see --help");
    return KM_OK;
}

/* What is not said of the endpoint for devices is as of the other one. */
static km_status complete_devices(struct km_err *err, struct km_control_options *options)
{
    bool has_others = options->device_listen != NULL || options->device_port_file != NULL ||
                      options->device_certificate != NULL || options->device_key != NULL;
    if (!options->has_devices)
        return has_others ? KM_FAIL(err, KM_E_ARG, "--device-port must be given: see --help")
                          : KM_OK;
    if (options->account == NULL)
        return KM_FAIL(err, KM_E_ARG, "--account must be given with --device-port: see --help");
    if ((options->device_certificate == NULL) != (options->device_key == NULL))
        return KM_FAIL(err, KM_E_ARG, "--device-certificate and --device-key go together");
    if (options->device_certificate == NULL) {
        options->device_certificate = options->certificate;
        options->device_key = options->tls_key;
    }
    if (options->device_certificate == NULL)
        return KM_FAIL(err, KM_E_ARG, "--device-port needs a certificate: see --help");
    if (options->device_listen == NULL)
        options->device_listen = options->listen;
    return KM_OK;
}

km_status km_control_options_parse(struct km_err *err, int argc, char **argv,
                                   struct km_control_options *ret)
{
    struct km_control_options options = {
        .listen = "127.0.0.1",
        .port = KM_CONTROL_PORT,
        .region = KM_CONTROL_REGION,
        .request_timeout_s = REQUEST_TIMEOUT_S,
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "qhV", long_options, NULL)) != -1)
        KM_TRY(take(err, option, &options));
    bool is_question = options.wants_help || options.wants_version;
    if (!is_question && optind < argc)
        return KM_FAIL(err, KM_E_ARG, "'%.80s' is no option: see --help", argv[optind]);
    if (!is_question && (options.registry == NULL || options.key == NULL))
        return KM_FAIL(err, KM_E_ARG, "--registry and --key must be given: see --help");
    /* Brokers don't tell accounts apart: without it anybody's key could publish to everybody's devices. */
    if (!is_question && options.account == NULL &&
        (options.n_buses > 0 || options.websocket != NULL))
        return KM_FAIL(err, KM_E_ARG,
                       "--account must be given with --bus and --websocket: see --help");
    if ((options.certificate == NULL) != (options.tls_key == NULL))
        return KM_FAIL(err, KM_E_ARG, "--tls-certificate and --tls-key go together");
    if (!is_question)
        KM_TRY(complete_devices(err, &options));
    *ret = options;
    return KM_OK;
}
