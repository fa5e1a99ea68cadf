/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/options.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "clrtls.h"
#include "common/km_bytes.h"

#define CONNECTIONS_DEFAULT 512u
#define CONNECTIONS_MAX 16384u
#define SECONDS_MAX 31536000u
#define MODE_UNSET ((mode_t)-1)

enum {
    OPT_SERVER = 256,
    OPT_CERT,
    OPT_KEY,
    OPT_CA,
    OPT_ALPN,
    OPT_SERVER_NAME,
    OPT_VERIFY,
    OPT_PROXY,
    OPT_ANY,
    OPT_MODE,
    OPT_GROUP,
    OPT_ALLOW_UID,
    OPT_ALLOW_GID,
    OPT_MAX,
    OPT_CONNECT,
    OPT_IDLE,
    OPT_CLOSE,
    OPT_DRAIN,
    OPT_SOCKET,
};

static const struct option long_options[] = {
    {"server", no_argument, NULL, OPT_SERVER},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"ca", required_argument, NULL, OPT_CA},
    {"alpn", required_argument, NULL, OPT_ALPN},
    {"server-name", required_argument, NULL, OPT_SERVER_NAME},
    {"verify", required_argument, NULL, OPT_VERIFY},
    {"proxy-protocol", no_argument, NULL, OPT_PROXY},
    {"any-address", no_argument, NULL, OPT_ANY},
    {"socket-mode", required_argument, NULL, OPT_MODE},
    {"socket-group", required_argument, NULL, OPT_GROUP},
    {"allow-uid", required_argument, NULL, OPT_ALLOW_UID},
    {"allow-gid", required_argument, NULL, OPT_ALLOW_GID},
    {"max-connections", required_argument, NULL, OPT_MAX},
    {"connect-timeout", required_argument, NULL, OPT_CONNECT},
    {"idle-timeout", required_argument, NULL, OPT_IDLE},
    {"close-timeout", required_argument, NULL, OPT_CLOSE},
    {"drain", required_argument, NULL, OPT_DRAIN},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

void tunnel_options_usage(FILE *out)
{
    fputs(
        "Usage: keymoor tunnel LISTEN CONNECT --cert NAME [options]\n"
        "       keymoor tunnel --server LISTEN CONNECT --cert NAME [options]\n"
        "\n"
        "Carries plain connections over TLS whose keys stay in the trusted service. Without\n"
        "--server it listens for local programs and connects to a TLS server; with it, it listens\n"
        "for TLS clients and connects to a plain service.\n"
        "\n"
        "LISTEN is unix:PATH, a PATH with a slash in it, HOST:PORT, PORT (of 127.0.0.1), - for\n"
        "standard input and output, or systemd for the socket that systemd passed.\n"
        "CONNECT is HOST:PORT, with --server also unix:PATH.\n"
        "\n"
        "  --cert NAME            certificate to show, by its name in the service\n"
        "  --key NAME             its key; NAME_key when the certificate is NAME_cert\n"
        "  --ca NAME              trust this certificate alone (default: all the service knows)\n"
        "  --alpn PROTOCOL        offer, or accept, this protocol; may be repeated, best first\n"
        "  --server-name NAME     whom the server's certificate must be for (default: CONNECT's host)\n"
        "  --verify required|optional|none  with --server: clients' certificates (required)\n"
        "  --proxy-protocol       with --server: tell the service who connects, PROXY version 2\n"
        "  --any-address          LISTEN need not be a loopback address\n"
        "  --allow-uid USER, --allow-gid GROUP  who may use LISTEN beside this program's user and\n"
        "                         root; may be repeated; groups with a Unix socket only\n"
        "  --socket-mode MODE     of a Unix socket (0600; 0666 with --allow-..., which decides)\n"
        "  --socket-group GROUP   of a Unix socket\n"
        "  --max-connections N    at once (512)\n"
        "  --connect-timeout S    until both ends are there (30)\n"
        "  --idle-timeout S       without an octet either way (0: none)\n"
        "  --close-timeout S      without an octet after one end has finished (60)\n"
        "  --drain S              after TERM, for the connections that are open (10)\n"
        "  --socket PATH          where keymoord listens ($KEYMOOR_SOCKET)\n"
        "  -q, --quiet            only what went wrong\n"
        "  -h, --help, -V, --version\n"
        "\n"
        "Examples:\n"
        "  keymoor tunnel /run/me/mqtt.sock cloud.example:8883 --cert com.seqlabs.oem_device_cert\n"
        "  ssh -o ProxyCommand='keymoor tunnel - %h:2222 --cert com.seqlabs.oem_device_cert' host\n"
        "  keymoor tunnel --server 0.0.0.0:8883 127.0.0.1:1883 --any-address --cert web_cert\n",
        out);
}

/* ---- values ---- */

static bool number(const char *text, int base, unsigned long max, unsigned long *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, base);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > max)
        return false;
    *ret = value;
    return true;
}

static km_status take_number(struct km_err *err, const char *name, unsigned long max, unsigned *ret)
{
    unsigned long value = 0;
    if (!number(optarg, 10, max, &value))
        return KM_FAIL(err, KM_E_ARG, "--%s takes a number up to %lu, not '%.40s'", name, max,
                       optarg);
    *ret = (unsigned)value;
    return KM_OK;
}

static km_status take_group(struct km_err *err, gid_t *ret)
{
    unsigned long value = 0;
    const struct group *group = getgrnam(optarg);
    if (group != NULL)
        *ret = group->gr_gid;
    else if (number(optarg, 10, UINT32_MAX - 1, &value))
        *ret = (gid_t)value;
    else
        return KM_FAIL(err, KM_E_ARG, "there is no group '%.40s'", optarg);
    return KM_OK;
}

static km_status take_user(struct km_err *err, uid_t *ret)
{
    unsigned long value = 0;
    const struct passwd *user = getpwnam(optarg);
    if (user != NULL)
        *ret = user->pw_uid;
    else if (number(optarg, 10, UINT32_MAX - 1, &value))
        *ret = (uid_t)value;
    else
        return KM_FAIL(err, KM_E_ARG, "there is no user '%.40s'", optarg);
    return KM_OK;
}

static km_status take_verify(struct km_err *err, uint32_t *ret)
{
    static const struct {
        const char *word;
        uint32_t verify;
    } words[] = {{"required", CLRTLS_VERIFY_REQUIRED},
                 {"optional", CLRTLS_VERIFY_OPTIONAL},
                 {"none", CLRTLS_VERIFY_NONE}};
    for (size_t i = 0; i < KM_ARRAY_LEN(words); i++) {
        if (strcmp(optarg, words[i].word) == 0) {
            *ret = words[i].verify;
            return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_ARG, "--verify takes required, optional or none, not '%.40s'", optarg);
}

static km_status take_alpn(struct km_err *err, struct tunnel_options *opt)
{
    size_t len = strlen(optarg);
    if (opt->n_alpn == TUNNEL_ALPN_MAX || len == 0 || len > 255)
        return KM_FAIL(err, KM_E_ARG, "--alpn takes 1 to 255 octets, at most %d times",
                       TUNNEL_ALPN_MAX);
    opt->alpn[opt->n_alpn++] = optarg;
    return KM_OK;
}

static km_status take_allowed(struct km_err *err, int option, struct tunnel_options *opt)
{
    if (opt->n_allow_uids == TUNNEL_ALLOW_MAX || opt->n_allow_gids == TUNNEL_ALLOW_MAX)
        return KM_FAIL(err, KM_E_ARG, "--allow-uid and --allow-gid are given more than %d times",
                       TUNNEL_ALLOW_MAX);
    return option == OPT_ALLOW_UID ? take_user(err, &opt->allow_uids[opt->n_allow_uids++])
                                   : take_group(err, &opt->allow_gids[opt->n_allow_gids++]);
}

static km_status take_mode(struct km_err *err, mode_t *ret)
{
    unsigned long value = 0;
    if (!number(optarg, 8, 0777, &value))
        return KM_FAIL(err, KM_E_ARG, "--socket-mode takes an octal mode, not '%.40s'", optarg);
    *ret = (mode_t)value;
    return KM_OK;
}

/* Options that need no check of their own: where the word goes. */
static const char **word_of(struct tunnel_options *opt, int option)
{
    switch (option) {
    case OPT_CERT:
        return &opt->cert;
    case OPT_KEY:
        return &opt->key;
    case OPT_CA:
        return &opt->ca;
    case OPT_SERVER_NAME:
        return &opt->server_name;
    case OPT_SOCKET:
        return &opt->service;
    default:
        return NULL;
    }
}

static bool *flag_of(struct tunnel_options *opt, int option)
{
    switch (option) {
    case OPT_SERVER:
        return &opt->is_server;
    case OPT_PROXY:
        return &opt->proxy_protocol;
    case OPT_ANY:
        return &opt->any_address;
    case 'q':
        return &opt->quiet;
    case 'h':
        return &opt->help;
    case 'V':
        return &opt->version;
    default:
        return NULL;
    }
}

static km_status take(struct km_err *err, int option, struct tunnel_options *opt)
{
    const char **word = word_of(opt, option);
    bool *flag = flag_of(opt, option);
    if (word != NULL)
        *word = optarg;
    if (flag != NULL)
        *flag = true;
    if (word != NULL || flag != NULL)
        return KM_OK;
    switch (option) {
    case OPT_ALPN:
        return take_alpn(err, opt);
    case OPT_VERIFY:
        return take_verify(err, &opt->verify);
    case OPT_MODE:
        return take_mode(err, &opt->socket_mode);
    case OPT_GROUP:
        return take_group(err, &opt->socket_gid);
    case OPT_ALLOW_UID:
    case OPT_ALLOW_GID:
        return take_allowed(err, option, opt);
    case OPT_MAX:
        return take_number(err, "max-connections", CONNECTIONS_MAX, &opt->max_connections);
    case OPT_CONNECT:
        return take_number(err, "connect-timeout", SECONDS_MAX, &opt->connect_s);
    case OPT_IDLE:
        return take_number(err, "idle-timeout", SECONDS_MAX, &opt->idle_s);
    case OPT_CLOSE:
        return take_number(err, "close-timeout", SECONDS_MAX, &opt->close_s);
    case OPT_DRAIN:
        return take_number(err, "drain", SECONDS_MAX, &opt->drain_s);
    default:
        return KM_FAIL(err, KM_E_ARG, "the command line is not understood; --help shows it");
    }
}

/* ---- what goes together ---- */

/* A device's certificates and their keys are named alike. */
static km_status default_key(struct km_err *err, struct tunnel_options *opt)
{
    static const char from[] = "_cert", to[] = "_key";
    size_t len = strlen(opt->cert);
    if (opt->key != NULL)
        return KM_OK;
    if (len < sizeof(from) || len > TUNNEL_NAME_MAX ||
        strcmp(opt->cert + len - (sizeof(from) - 1), from) != 0)
        return KM_FAIL(err, KM_E_ARG, "--key is needed: the name %.60s does not tell it",
                       opt->cert);
    len -= sizeof(from) - 1;
    km_copy(opt->key_text, sizeof(opt->key_text), opt->cert, len);
    km_copy(opt->key_text + len, sizeof(opt->key_text) - len, to, sizeof(to));
    opt->key = opt->key_text;
    return KM_OK;
}

static km_status check_ends(struct km_err *err, const struct tunnel_options *opt)
{
    const struct place *to = &opt->connect;
    bool allows = opt->n_allow_uids + opt->n_allow_gids > 0;
    if (to->kind != PLACE_TCP && !(opt->is_server && to->kind == PLACE_UNIX))
        return KM_FAIL(err, KM_E_ARG, "CONNECT has to be HOST:PORT%s",
                       opt->is_server ? " or unix:PATH" : "");
    if (to->kind == PLACE_TCP && to->host[0] == '\0')
        return KM_FAIL(err, KM_E_ARG, "CONNECT lacks a host");
    if (opt->is_server && opt->listen.kind == PLACE_STDIO)
        return KM_FAIL(err, KM_E_ARG, "--server can't listen on standard input");
    if (opt->is_server && (allows || opt->server_name != NULL))
        return KM_FAIL(err, KM_E_ARG,
                       "--allow-uid, --allow-gid and --server-name are for clients' tunnels");
    if (opt->n_allow_gids > 0 && opt->listen.kind == PLACE_TCP)
        return KM_FAIL(err, KM_E_ARG,
                       "--allow-gid needs a Unix socket: a TCP port tells users only");
    if (allows && opt->any_address)
        return KM_FAIL(err, KM_E_ARG, "--any-address lets everybody in: no user is known");
    if (!opt->is_server && (opt->proxy_protocol || opt->verify != CLRTLS_VERIFY_REQUIRED))
        return KM_FAIL(err, KM_E_ARG, "--proxy-protocol and --verify go with --server");
    if (opt->max_connections == 0)
        return KM_FAIL(err, KM_E_ARG, "--max-connections has to be at least 1");
    return KM_OK;
}

static km_status complete(struct km_err *err, int n_words, char **words, struct tunnel_options *opt)
{
    if (n_words != 2)
        return KM_FAIL(err, KM_E_ARG,
                       "two words are needed, LISTEN and CONNECT; --help shows them");
    KM_TRY(place_parse(err, words[0], &opt->listen));
    KM_TRY(place_parse(err, words[1], &opt->connect));
    if (opt->cert == NULL)
        return KM_FAIL(err, KM_E_ARG, "--cert is needed");
    KM_TRY(default_key(err, opt));
    KM_TRY(check_ends(err, opt));
    if (opt->server_name == NULL)
        opt->server_name = opt->connect.host;
    if (opt->socket_mode == MODE_UNSET)
        opt->socket_mode = opt->n_allow_uids + opt->n_allow_gids > 0 ? 0666 : 0600;
    return KM_OK;
}

km_status tunnel_options_parse(struct km_err *err, int argc, char **argv,
                               struct tunnel_options *ret)
{
    *ret = (struct tunnel_options){
        .verify = CLRTLS_VERIFY_REQUIRED,
        .socket_mode = MODE_UNSET,
        .socket_gid = (gid_t)-1,
        .max_connections = CONNECTIONS_DEFAULT,
        .connect_s = 30,
        .close_s = 60,
        .drain_s = 10,
    };
    optind = 1;
    for (int option = 0; (option = getopt_long(argc, argv, "qhV", long_options, NULL)) != -1;)
        KM_TRY(take(err, option, ret));
    if (ret->help || ret->version)
        return KM_OK;
    return complete(err, argc - optind, argv + optind, ret);
}
