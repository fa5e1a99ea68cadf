/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/options.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/host/confine.h"

#define UID_BASE_DEFAULT 260000u /* between the ranges that distributions and systemd use */
#define SESSIONS_DEFAULT 256u
#define SESSIONS_UID_DEFAULT 128u

enum {
    OPT_MODE = 256,
    OPT_GROUP,
    OPT_ADMIN_GROUP,
    OPT_MAX,
    OPT_MAX_UID,
    OPT_HOST,
    OPT_TA_STDERR,
    OPT_CRYPTO_POLICY
};

static const struct option long_options[] = {
    {"state-dir", required_argument, NULL, 's'},
    {"socket", required_argument, NULL, 'S'},
    {"socket-mode", required_argument, NULL, OPT_MODE},
    {"socket-group", required_argument, NULL, OPT_GROUP},
    {"admin-group", required_argument, NULL, OPT_ADMIN_GROUP},
    {"ta-dir", required_argument, NULL, 't'},
    {"ta-key", required_argument, NULL, 'k'},
    {"root", required_argument, NULL, 'r'},
    {"audit", required_argument, NULL, 'a'},
    {"confine", required_argument, NULL, 'c'},
    {"uid-base", required_argument, NULL, 'u'},
    {"max-sessions", required_argument, NULL, OPT_MAX},
    {"max-sessions-per-uid", required_argument, NULL, OPT_MAX_UID},
    {"crypto-policy", required_argument, NULL, OPT_CRYPTO_POLICY},
    {"host", required_argument, NULL, OPT_HOST},
    {"ta-stderr", no_argument, NULL, OPT_TA_STDERR},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

void km_options_usage(FILE *out)
{
    fputs(
        "Usage: keymoord --state-dir DIR [options]\n"
        "\n"
        "The trusted service: keeps keys in confined processes and lets clients use them.\n"
        "\n"
        "  -s, --state-dir DIR          where the sealed stores live; mode 0700, owned by the\n"
        "                               service's user; it must exist (default /var/lib/keymoor)\n"
        "  -S, --socket PATH            where clients connect (default " KM_SOCKET_DEFAULT ");\n"
        "                               a socket passed by systemd is used instead\n"
        "      --socket-mode MODE       octal, default 0660\n"
        "      --socket-group GROUP     group of the socket, name or number\n"
        "      --admin-group GROUP      its members are administrators, as root and the service's\n"
        "                               own user are (default: no group)\n"
        "  -t, --ta-dir DIR             where <UUID>.stp packages are, may be repeated\n"
        "                               (default " KM_TA_DIR ")\n"
        "  -k, --ta-key FILE|DIR        public keys whose owners may sign packages, PEM; may be\n"
        "                               repeated (default " KM_TA_KEY_DIR ")\n"
        "  -r, --root NAME:ARGUMENT     root of trust (default soft:STATE/root.secret)\n"
        "  -a, --audit FILE|journal|none  where records go (default STATE/audit.jsonl)\n"
        "  -c, --confine WHAT           required: every wall must stand; best: whatever can be\n"
        "                               had; or a list of walls that must stand: uid, memlock,\n"
        "                               no-new-privs, no-dump, limits, parent, landlock,\n"
        "                               landlock-net, landlock-scope, seccomp (default: all but\n"
        "                               memlock and landlock*, which are used where they exist;\n"
        "                               not as root, or with --uid-base 0: landlock, not uid)\n"
        "  -u, --uid-base N             as root: first user id for TAs (default 260000; 0: none)\n"
        "      --max-sessions N         at once (default 256)\n"
        "      --max-sessions-per-uid N at once for one user (default 128)\n"
        "      --crypto-policy FILE     which algorithms are forbidden (default\n"
        "                               " KM_CRYPTO_POLICY_FILE ",\n"
        "                               if it is there; lines of allow NAME or forbid NAME)\n"
        "      --host FILE              the keymoor-host program (default: beside keymoord)\n"
        "      --ta-stderr              let TAs write to standard error (development)\n"
        "  -v, --verbose                log each session\n"
        "  -h, --help, -V, --version\n"
        "\n"
        "Signals: TERM and INT end the service, HUP reads the trusted keys again and reopens the\n"
        "audit file.\n"
        "\n"
        "Examples:\n"
        "  install -d -m 0700 /tmp/km && keymoord -s /tmp/km -S /tmp/km/sock \\\n"
        "      -t build/dev/ta -k build/dev/ta-keys\n"
        "  keymoord --audit journal --confine required\n",
        out);
}

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

static km_status take_group(struct km_err *err, const char *name, gid_t *ret)
{
    unsigned long value = 0;
    const struct group *group = getgrnam(optarg);
    if (group != NULL)
        *ret = group->gr_gid;
    else if (number(optarg, 10, UINT32_MAX - 1, &value))
        *ret = (gid_t)value;
    else
        return KM_FAIL(err, KM_E_ARG, "--%s: there is no group '%.40s'", name, optarg);
    return KM_OK;
}

static km_status take_confine(struct km_err *err, uint32_t *ret)
{
    if (strcmp(optarg, "best") == 0)
        *ret = 0;
    else if (strcmp(optarg, "required") == 0)
        *ret = KM_CONFINE_ALL &
               (geteuid() == 0 ? KM_CONFINE_ALL : ~(uint32_t)(KM_CONFINE_UID | KM_CONFINE_MEMLOCK));
    else if (!km_confine_parse(optarg, ret))
        return KM_FAIL(err, KM_E_ARG, "--confine: '%.60s' is not required, best or a list of walls",
                       optarg);
    return KM_OK;
}

static km_status take_item(struct km_err *err, const char *name, const char **list, size_t *n)
{
    if (*n == KM_OPTIONS_LIST_MAX)
        return KM_FAIL(err, KM_E_ARG, "--%s is given more than %d times", name,
                       KM_OPTIONS_LIST_MAX);
    list[(*n)++] = optarg;
    return KM_OK;
}

static km_status take(struct km_err *err, int option, struct km_options *opt)
{
    unsigned long value = 0;
    switch (option) {
    case 's':
        opt->state_dir = optarg;
        return KM_OK;
    case 'S':
        opt->socket_path = optarg;
        return KM_OK;
    case OPT_MODE:
        if (!number(optarg, 8, 0777, &value))
            return KM_FAIL(err, KM_E_ARG, "--socket-mode takes an octal mode, not '%.40s'", optarg);
        opt->socket_mode = (mode_t)value;
        return KM_OK;
    case OPT_GROUP:
        return take_group(err, "socket-group", &opt->socket_gid);
    case OPT_ADMIN_GROUP:
        return take_group(err, "admin-group", &opt->admin_gid);
    case 't':
        return take_item(err, "ta-dir", opt->ta_dirs, &opt->n_ta_dirs);
    case 'k':
        return take_item(err, "ta-key", opt->ta_keys, &opt->n_ta_keys);
    case 'r':
        opt->root = optarg;
        return KM_OK;
    case 'a':
        opt->audit = optarg;
        return KM_OK;
    case 'c':
        return take_confine(err, &opt->confine_demanded);
    case 'u':
        return take_number(err, "uid-base", UINT32_MAX - 65536, &opt->uid_base);
    case OPT_MAX:
        return take_number(err, "max-sessions", 4096, &opt->max_sessions);
    case OPT_MAX_UID:
        return take_number(err, "max-sessions-per-uid", 4096, &opt->max_sessions_per_uid);
    case OPT_CRYPTO_POLICY:
        opt->crypto_policy = optarg;
        return KM_OK;
    case OPT_HOST:
        opt->host = optarg;
        return KM_OK;
    case OPT_TA_STDERR:
        opt->ta_stderr = true;
        return KM_OK;
    case 'v':
        opt->verbose = true;
        return KM_OK;
    case 'h':
        opt->help = true;
        return KM_OK;
    case 'V':
        opt->version = true;
        return KM_OK;
    default:
        return KM_FAIL(err, KM_E_ARG, "the command line is not understood; --help shows it");
    }
}

km_status km_options_parse(struct km_err *err, int argc, char **argv, struct km_options *ret)
{
    struct km_options opt = {
        .state_dir = "/var/lib/keymoor",
        .socket_path = KM_SOCKET_DEFAULT,
        .socket_mode = 0660,
        .socket_gid = (gid_t)-1,
        .admin_gid = (gid_t)-1,
        .confine_demanded = KM_CONFINE_DEFAULT,
        .uid_base = UID_BASE_DEFAULT,
        .max_sessions = SESSIONS_DEFAULT,
        .max_sessions_per_uid = SESSIONS_UID_DEFAULT,
    };
    bool demanded = false;
    optind = 1;
    for (int option = 0;
         (option = getopt_long(argc, argv, "s:S:t:k:r:a:c:u:vhV", long_options, NULL)) != -1;) {
        KM_TRY(take(err, option, &opt));
        demanded = demanded || option == 'c';
    }
    if (optind < argc)
        return KM_FAIL(err, KM_E_ARG, "unexpected argument '%.60s'", argv[optind]);
    if (!demanded)
        opt.confine_demanded |=
            geteuid() == 0 && opt.uid_base != 0 ? KM_CONFINE_UID : KM_CONFINE_LANDLOCK;
    if (opt.n_ta_dirs == 0)
        opt.ta_dirs[opt.n_ta_dirs++] = KM_TA_DIR;
    if (opt.n_ta_keys == 0)
        opt.ta_keys[opt.n_ta_keys++] = KM_TA_KEY_DIR;
    *ret = opt;
    return KM_OK;
}
