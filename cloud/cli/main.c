/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor-cloud: the command for who operates a cloud. Here: the table of commands and the command line. */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cloud/cli/cli.h"

#ifndef KEYMOOR_VERSION
#define KEYMOOR_VERSION "unknown"
#endif

static const struct cli_command commands[] = {
    {"status", NULL, NULL, "what runs, and where", "jdrka", cmd_status},
    {"device", "list", NULL, "certificates, their states and their things", "jdrkac",
     cmd_device_list},
    {"device", "show", "DEVICE", "one of them: certificate id, thing or client id", "jdrka",
     cmd_device_show},
    {"device", "why", "DEVICE", "why it was, or would be, refused", "jdrka", cmd_device_why},
    {"ca", "list", NULL, "the registered CAs", "jdrka", cmd_ca_list},
    {"ca", "show", "ID", "one of them", "jdrka", cmd_ca_show},
    {"events", NULL, NULL, "what happened; with --follow what happens", "jdrkacF", cmd_events},
    {"function", "log", "NAME", "what a function's runs logged", "dka", cmd_function_log},
    {"account", "create", "ID", "a new account of 12 digits", "drkn", cmd_account_create},
    {"account", "list", NULL, "the accounts", "jdrk", cmd_account_list},
    {"key", "create", "USER", "a new access key; its secret is shown this once", "jdrka",
     cmd_key_create},
    {"key", "list", NULL, "the access keys", "jdrka", cmd_key_list},
    {"key", "delete", "ID", "takes an access key away", "drka", cmd_key_delete},
    {"user", "create", "NAME", "who may log in to the console; the password is shown this once",
     "jdra", cmd_user_create},
    {"user", "list", NULL, "the users of the console", "jdra", cmd_user_list},
    {"user", "delete", "NAME", "takes a user away; who is logged in is out", "dra",
     cmd_user_delete},
    {"backup", NULL, "FOLDER", "a copy of this cloud's folder; it may run meanwhile", "d",
     cmd_backup},
    {"restore", NULL, "FOLDER", "a new folder (--dir) out of a copy", "d", cmd_restore},
};

/* One row an option: its letter in the command table, where its value goes, what help says. */
static const struct {
    char letter;
    const char *name;
    const char *argument; /* NULL for a flag */
    size_t at;
    const char *help;
} option_table[] = {
    {'d', "dir", "DIR", offsetof(struct cli_options, dir), "the cloud's folder ($" CLI_DIR_ENV ")"},
    {'r', "registry", "URL", offsetof(struct cli_options, registry),
     "its registry instead: sqlite:PATH, postgresql:CONNINFO"},
    {'k', "key-file", "FILE", offsetof(struct cli_options, key_file),
     "the key that seals access keys (DIR/registry.key)"},
    {'a', "account", "ID", offsetof(struct cli_options, account), "when there are several"},
    {'n', "name", "TEXT", offsetof(struct cli_options, name), "for people"},
    {'c', "count", "N", offsetof(struct cli_options, count), "how many, the newest"},
    {'F', "follow", NULL, offsetof(struct cli_options, follow), "go on with what comes"},
    {'j', "json", NULL, offsetof(struct cli_options, json), "print JSON for a machine"},
};

/* Commands that are programs of their own, beside this one. */
static const struct {
    const char *name, *usage, *summary;
} programs[] = {
    {"up", "up [--dir DIR] ...", "start a cloud on this machine; see keymoor-cloud up --help"},
    {"down", "down [--dir DIR]", "end it"},
};

static const char examples[] =
    "Examples:\n"
    "  keymoor-cloud up --dir ~/cloud        broker, control plane and rules on the loopback\n"
    "  . ~/cloud/aws.env                     endpoint and keys, for the commands below and for aws\n"
    "  aws iot --endpoint-url \"$KEYMOOR_CLOUD_ENDPOINT\" get-registration-code\n"
    "  keymoor-cloud device why my-device    in words\n"
    "  keymoor-cloud events --follow\n"
    "  keymoor-cloud down\n";

static void print_help(const char *group)
{
    (void)printf("Usage: keymoor-cloud COMMAND [OPTION ...]\n\n");
    for (size_t i = 0; i < KM_ARRAY_LEN(programs); i++)
        if (group == NULL || strcmp(group, programs[i].name) == 0)
            (void)printf("  %-24s %s\n", programs[i].usage, programs[i].summary);
    for (size_t i = 0; i < KM_ARRAY_LEN(commands); i++) {
        const struct cli_command *command = &commands[i];
        char text[64] = {0};
        snprintf(text, sizeof text, "%s%s%s%s%s", command->group, command->verb ? " " : "",
                 command->verb ? command->verb : "", command->operand ? " " : "",
                 command->operand ? command->operand : "");
        if (group == NULL || strcmp(group, command->group) == 0)
            (void)printf("  %-24s %s\n", text, command->summary);
    }
    (void)printf("\nOptions (each command takes those that concern it):\n");
    for (size_t i = 0; i < KM_ARRAY_LEN(option_table); i++)
        (void)printf("  --%s%s%-*s %s\n", option_table[i].name, option_table[i].argument ? " " : "",
                     (int)(20 - strlen(option_table[i].name)),
                     option_table[i].argument ? option_table[i].argument : "",
                     option_table[i].help);
    (void)printf("\n%s", examples);
}

static const struct cli_command *find_command(int n_words, char *const words[])
{
    for (size_t i = 0; i < KM_ARRAY_LEN(commands); i++) {
        const struct cli_command *command = &commands[i];
        if (strcmp(words[0], command->group) != 0)
            continue;
        if (command->verb == NULL || (n_words > 1 && strcmp(words[1], command->verb) == 0))
            return command;
    }
    return NULL;
}

struct command_line {
    struct cli_options options;
    char seen[KM_ARRAY_LEN(option_table) + 1];
    bool help;
};

#define OPTION_VERSION 1001
#define OPTION_HELP 'h'

static void set_option(struct command_line *line, size_t row, const char *value)
{
    uint8_t *field = (uint8_t *)&line->options + option_table[row].at;
    size_t n_seen = strlen(line->seen);
    if (option_table[row].argument == NULL)
        *(bool *)field = true;
    else
        *(const char **)(void *)field = value;
    if (strchr(line->seen, option_table[row].letter) == NULL)
        line->seen[n_seen] = option_table[row].letter;
}

static int parse_options(int argc, char **argv, struct command_line *ret)
{
    struct option longs[KM_ARRAY_LEN(option_table) + 3] = {0};
    size_t n = 0;
    for (; n < KM_ARRAY_LEN(option_table); n++)
        longs[n] = (struct option){option_table[n].name,
                                   option_table[n].argument ? required_argument : no_argument, NULL,
                                   (int)n};
    longs[n++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    longs[n++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    for (int found = 0; (found = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (found == '?')
            return EXIT_USAGE;
        if (found == OPTION_HELP) {
            ret->help = true;
        } else if (found == OPTION_VERSION) {
            (void)printf("keymoor-cloud %s\n", KEYMOOR_VERSION);
            exit(EXIT_SUCCESS);
        } else {
            set_option(ret, (size_t)found, optarg);
        }
    }
    return EXIT_SUCCESS;
}

static int run_command(const struct command_line *line, int n_words, char **words)
{
    const struct cli_command *command = find_command(n_words, words);
    if (command == NULL)
        return complain("no command '%s%s%s'; see keymoor-cloud --help", words[0],
                        n_words > 1 ? " " : "", n_words > 1 ? words[1] : "");
    for (const char *seen = line->seen; *seen != '\0'; seen++)
        if (strchr(command->options, *seen) == NULL)
            return complain("%s%s%s does not take that option; see keymoor-cloud --help",
                            command->group, command->verb ? " " : "",
                            command->verb ? command->verb : "");
    int n_names = command->verb == NULL ? 1 : 2;
    if (n_words != n_names + (command->operand != NULL ? 1 : 0))
        return complain("%s%s%s takes %s%s", command->group, command->verb ? " " : "",
                        command->verb ? command->verb : "", command->operand ? "one " : "no ",
                        command->operand ? command->operand : "operand");
    return command->run(&line->options, command->operand != NULL ? words[n_names] : NULL);
}

/* Becomes libexec/keymoor/cloud-NAME beside the folder that this program is in. */
static int become(const char *name, int argc, char **argv)
{
    char self[CLI_PATH_CAP - 64] = {0}, path[CLI_PATH_CAP] = {0};
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = len > 0 ? strrchr(self, '/') : NULL;
    char **words = calloc((size_t)argc + 2, sizeof *words);
    if (slash == NULL || words == NULL)
        return refuse("%s: can't find out where this program is", name);
    *slash = '\0';
    snprintf(path, sizeof path, "%s/../libexec/keymoor/cloud-%s", self, name);
    words[0] = path;
    for (int i = 0; i < argc; i++)
        words[i + 1] = argv[i];
    execv(path, words);
    int status = refuse("%s: %s", path, strerror(errno));
    free(words);
    return status;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < KM_ARRAY_LEN(programs); i++)
        if (strcmp(argv[1], programs[i].name) == 0)
            return become(programs[i].name, argc - 2, argv + 2);
    struct command_line line = {.seen = ""};
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
