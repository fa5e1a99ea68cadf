/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor: the one command for people and scripts. Here: the table of commands and the command line. */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"
#include "keymoor.h"

#ifndef KEYMOOR_VERSION
#define KEYMOOR_VERSION "unknown"
#endif

const struct km_command km_commands[] = {
    {"init", NULL, NULL, "provision this device: certificates, manifest, device keys", "PMRTKOU",
     cmd_init},
    {"status", NULL, NULL, "what runs, where keys live, what protects them", "j", cmd_status},
    {"key", "list", NULL, "the keys you may use", "j", cmd_key_list},
    {"key", "show", "NAME", "what a key is and may do", "j", cmd_key_show},
    {"key", "create", "NAME", "make a key inside the service", "tbxswfun", cmd_key_create},
    {"key", "import", "NAME", "store a key from a file", "tbixswfun", cmd_key_import},
    {"key", "delete", "NAME", "delete a key", "wf", cmd_key_delete},
    {"key", "export-public", "NAME", "the public half, SubjectPublicKeyInfo", "opwf",
     cmd_key_export_public},
    {"key", "export", "NAME", "the private half of a key made exportable", "opwf", cmd_key_export},
    {"key", "reference", "NAME", "a PEM file that stands for the key in other programs", "owf",
     cmd_key_reference},
    {"password", "create", "NAME", "a password that keys can be wrapped under", "f",
     cmd_password_create},
    {"password", "list", NULL, "the password objects", "j", cmd_password_list},
    {"password", "delete", "NAME", "delete a password object", "f", cmd_password_delete},
    {"cert", "list", NULL, "the provisioned certificates and requests", "j", cmd_cert_list},
    {"cert", "show", "NAME", "one of them, readable or as a file", "jop", cmd_cert_show},
    {"cert", "store", "list|SHA256", "whom this device trusts; or one entry as a file", "jop",
     cmd_cert_store},
    {"cert", "verify", "FILE", "verify a certificate, PEM or DER; others behind it may help", "jHQ",
     cmd_cert_verify},
    {"cert", "command", "FILE", "hand in a signed command or STP file", "", cmd_cert_command},
    {"cert", "crl", "FILE", "hand in an authority's revocation list, PEM or DER", "", cmd_cert_crl},
    {"file", "list", NULL, "your encrypted files", "j", cmd_file_list},
    {"file", "put", "NAME", "store standard input or --in as one, at once", "if", cmd_file_put},
    {"file", "get", "NAME", "its contents to standard output or --out", "of", cmd_file_get},
    {"file", "delete", "NAME", "delete one", "f", cmd_file_delete},
    {"file", "purge", "UID", "delete all files of a user (administrator)", "", cmd_file_purge},
    {"csr", NULL, "NAME", "a certificate signing request signed by the key", "Sopwf", cmd_csr},
    {"audit", NULL, NULL, "what was done with keys lately", "jc", cmd_audit},
    {"bench", NULL, NULL, "how fast this device signs, hashes and encrypts", "jc", cmd_bench},
};
const unsigned km_n_commands = KM_ARRAY_LEN(km_commands);

/* One row an option: its letter in the command table, where its value goes, what help says. */
static const struct {
    char letter;
    const char *name;
    const char *argument; /* NULL for a flag */
    size_t at;            /* of the field in struct km_options: bool for a flag, else a string */
    const char *help;
} option_table[] = {
    {'j', "json", NULL, offsetof(struct km_options, json), "print JSON for a machine"},
    {'t', "type", "TYPE", offsetof(struct km_options, type),
     "key type, e.g. KEY_ECDSA_KEYPAIR (default), KEY_AES"},
    {'b', "bits", "N", offsetof(struct km_options, bits),
     "key size or curve, default 256 (RSA, DH 2048; Ed448, X448 448)"},
    {'x', "exportable", NULL, offsetof(struct km_options, exportable),
     "the private half may be exported"},
    {'s', "shared", NULL, offsetof(struct km_options, shared),
     "every caller may use it, not only you"},
    {'u', "max-uses", "N", offsetof(struct km_options, max_uses), "the key is spent after N uses"},
    {'n', "not-after", "SECONDS", offsetof(struct km_options, not_after),
     "last moment, seconds since 1970"},
    {'w', "password", "NAME", offsetof(struct km_options, password_name),
     "password object the key is wrapped under"},
    {'f', "password-file", "FILE", offsetof(struct km_options, password_file),
     "read the password there (- for standard input)"},
    {'i', "in", "FILE", offsetof(struct km_options, in),
     "key file (DER, or octets of a symmetric key), or contents"},
    {'o', "out", "FILE", offsetof(struct km_options, out),
     "write there instead of standard output"},
    {'p', "pem", NULL, offsetof(struct km_options, pem), "write PEM rather than DER"},
    {'S', "subject", "/CN=...", offsetof(struct km_options, subject), "subject of the request"},
    {'P', "pki", "DIR", offsetof(struct km_options, pki), "certificates in, signing requests out"},
    {'M', "manifest", "FILE", offsetof(struct km_options, manifest),
     "install the OEM's manifest, or an update of it"},
    {'R', "oem-root", "CERT", offsetof(struct km_options, oem_root),
     "whose manifest to trust: certificate, PEM or DER"},
    {'T', "trust-first", NULL, offsetof(struct km_options, trust_first),
     "trust whoever signed the first manifest"},
    {'K', "class-key", "FILE", offsetof(struct km_options, class_key),
     "import the private key manifests are sealed to"},
    {'O', "class-key-out", "FILE", offsetof(struct km_options, class_key_out),
     "write its public half; made inside when missing"},
    {'U', "allow-unnumbered", NULL, offsetof(struct km_options, allow_unnumbered),
     "with a manifest, too, obey commands without a sequence"},
    {'H', "host", "NAME", offsetof(struct km_options, host),
     "DNS name or address that the certificate has to be for"},
    {'Q', "purpose", "PURPOSE", offsetof(struct km_options, purpose),
     "any (default), server or client"},
    {'c', "count", "N", offsetof(struct km_options, count), "how many"},
};

/* Commands that are programs of their own: where they are, seen from this one. */
static const struct {
    const char *name, *place, *usage, *summary;
} programs[] = {
    {"dev", "../libexec/keymoor/dev", "dev [COMMAND ...]",
     "a temporary evaluation device; a shell without COMMAND"},
    {"tunnel", "keymoor-tunnel", "tunnel LISTEN CONNECT ...",
     "TLS for programs without it; see keymoor tunnel --help"},
};

static const char examples[] =
    "Examples:\n"
    "  keymoor dev                      a device to try things on, gone when you leave\n"
    "  keymoor key create door --type KEY_ECDSA_KEYPAIR --bits 256\n"
    "  keymoor csr door --subject '/CN=door 7' --pem --out door.csr\n"
    "  keymoor key reference door --out door.pem   a key file for curl, mosquitto, nginx\n"
    "  keymoor status --json\n";

static void print_name(const struct km_command *command)
{
    char text[64] = {0};
    snprintf(text, sizeof text, "%s%s%s%s%s", command->group, command->verb ? " " : "",
             command->verb ? command->verb : "", command->operand ? " " : "",
             command->operand ? command->operand : "");
    printf("  keymoor %-25s %s\n", text, command->summary);
}

static void print_help(const char *group)
{
    printf("Usage: keymoor COMMAND [OPTION ...]\n\n");
    for (unsigned i = 0; i < km_n_commands; i++)
        if (group == NULL || strcmp(group, km_commands[i].group) == 0)
            print_name(&km_commands[i]);
    for (size_t i = 0; i < KM_ARRAY_LEN(programs); i++)
        if (group == NULL || strcmp(group, programs[i].name) == 0)
            printf("  keymoor %-25s %s\n", programs[i].usage, programs[i].summary);
    printf("\nOptions (each command takes those that concern it):\n");
    for (size_t i = 0; i < KM_ARRAY_LEN(option_table); i++)
        printf("  --%s%s%-*s %s\n", option_table[i].name, option_table[i].argument ? " " : "",
               (int)(24 - strlen(option_table[i].name)),
               option_table[i].argument ? option_table[i].argument : "", option_table[i].help);
    printf("  --%-25s %s\n", "socket PATH", "where keymoord listens ($KEYMOOR_SOCKET)");
    printf("\n%s", examples);
}

static const struct km_command *find_command(int n_words, char *const words[])
{
    for (unsigned i = 0; i < km_n_commands; i++) {
        const struct km_command *command = &km_commands[i];
        if (strcmp(words[0], command->group) != 0)
            continue;
        if (command->verb == NULL || (n_words > 1 && strcmp(words[1], command->verb) == 0))
            return command;
    }
    return NULL;
}

static void set_option(struct km_options *options, size_t row, const char *value)
{
    uint8_t *field = (uint8_t *)options + option_table[row].at;
    if (option_table[row].argument == NULL)
        *(bool *)field = true;
    else
        *(const char **)(void *)field = value;
}

/* The words of the command line after its options, and the options set in *ret. */
struct command_line {
    struct km_options options;
    char seen[KM_ARRAY_LEN(option_table) + 1];
    bool help;
};

/* Values of getopt_long beyond the rows of the table, which stand for themselves. */
#define OPTION_SOCKET 1001
#define OPTION_VERSION 1002
#define OPTION_HELP 'h'

static int use_socket(const char *path)
{
    ClrcResult result = clrcSetSocket(path);
    if (result != CLRC_SUCCESS || setenv("KEYMOOR_SOCKET", path, 1) != 0)
        return complain("--socket %s: %s", path, clrcResultText(result));
    return EXIT_SUCCESS;
}

static int parse_options(int argc, char **argv, struct command_line *ret)
{
    struct option longs[KM_ARRAY_LEN(option_table) + 4] = {0};
    size_t n = 0;
    for (; n < KM_ARRAY_LEN(option_table); n++)
        longs[n] = (struct option){option_table[n].name,
                                   option_table[n].argument ? required_argument : no_argument, NULL,
                                   (int)n};
    longs[n++] = (struct option){"socket", required_argument, NULL, OPTION_SOCKET};
    longs[n++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    longs[n++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    size_t n_seen = 0;
    for (int found = 0; (found = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (found == OPTION_HELP) {
            ret->help = true;
        } else if (found == OPTION_VERSION) {
            printf("keymoor %s\n", KEYMOOR_VERSION);
            exit(EXIT_SUCCESS);
        } else if (found == OPTION_SOCKET) {
            if (use_socket(optarg) != EXIT_SUCCESS)
                return EXIT_USAGE;
        } else if (found == '?') {
            return EXIT_USAGE;
        } else {
            set_option(&ret->options, (size_t)found, optarg);
            if (strchr(ret->seen, option_table[found].letter) == NULL)
                ret->seen[n_seen++] = option_table[found].letter;
        }
    }
    return EXIT_SUCCESS;
}

static int run_command(const struct command_line *line, int n_words, char **words)
{
    const struct km_command *command = find_command(n_words, words);
    if (command == NULL)
        return complain("no command '%s%s%s'; see keymoor --help", words[0], n_words > 1 ? " " : "",
                        n_words > 1 ? words[1] : "");
    for (const char *seen = line->seen; *seen != '\0'; seen++)
        if (strchr(command->options, *seen) == NULL)
            return complain("%s%s%s does not take that option; see keymoor %s --help",
                            command->group, command->verb ? " " : "",
                            command->verb ? command->verb : "", command->group);
    int n_names = command->verb == NULL ? 1 : 2;
    int wanted = n_names + (command->operand != NULL ? 1 : 0);
    if (n_words != wanted)
        return complain("%s%s%s takes %s%s", command->group, command->verb ? " " : "",
                        command->verb ? command->verb : "", command->operand ? "one " : "no ",
                        command->operand ? command->operand : "operand");
    return command->run(&line->options, command->operand != NULL ? words[n_names] : NULL);
}

int main(int argc, char **argv)
{
    /* What stands behind these words belongs to the programs that they are, options included. */
    for (size_t i = 0; argc > 1 && i < KM_ARRAY_LEN(programs); i++)
        if (strcmp(argv[1], programs[i].name) == 0)
            return beside_run(programs[i].place, argc - 2, argv + 2);
    struct command_line line = {0};
    int status = parse_options(argc, argv, &line);
    if (status != EXIT_SUCCESS)
        return status;
    int n_words = argc - optind;
    if (line.help || n_words == 0) {
        print_help(n_words > 0 ? argv[optind] : NULL);
        return line.help ? EXIT_SUCCESS : EXIT_USAGE;
    }
    return run_command(&line, n_words, argv + optind);
}
