/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the keymoor-cloud command share. Each command is one function with one row in main.c. */
#ifndef CLOUD_CLI_H
#define CLOUD_CLI_H

#include <jansson.h>

#include "cloud/registry/registry_certificate.h"
#include "common/km_say.h"

#define EXIT_USAGE 2
#define CLI_DIR_ENV "KEYMOOR_CLOUD_DIR"
#define CLI_PATH_CAP 4096

/* What the command line asked for besides its words. */
struct cli_options {
    bool json;
    bool follow;
    bool force;
    const char *dir;
    const char *registry;
    const char *key_file;
    const char *account;
    const char *name;
    const char *count;
};

struct cli_command {
    const char *group;
    const char *verb;    /* or NULL */
    const char *operand; /* how its operand is shown, or NULL when it takes none */
    const char *summary;
    const char *options; /* those of the table in main.c that it takes, by letter */
    int (*run)(const struct cli_options *options, const char *operand);
};

/* An open registry and the account that is meant. */
struct cloud {
    struct km_registry *registry;
    struct km_arena *arena;
    struct km_secret *key;
    char account[KM_ACCOUNT_LEN + 1];
};
enum cloud_use { CLOUD_READ, CLOUD_WRITE, CLOUD_NO_ACCOUNT };
/* cloud_open: says on stderr why it could not; CLOUD_NO_ACCOUNT is CLOUD_WRITE, and may make the registry. */
bool cloud_open(const struct cli_options *options, enum cloud_use use, struct cloud *ret);
void cloud_clear(struct cloud *cloud);
/* cloud_dir: the folder that --dir or the environment names; NULL: none. */
const char *cloud_dir(const struct cli_options *options);

int cmd_status(const struct cli_options *options, const char *operand);
int cmd_account_create(const struct cli_options *options, const char *operand);
int cmd_account_list(const struct cli_options *options, const char *operand);
int cmd_key_create(const struct cli_options *options, const char *operand);
int cmd_key_list(const struct cli_options *options, const char *operand);
int cmd_key_delete(const struct cli_options *options, const char *operand);
int cmd_user_create(const struct cli_options *options, const char *operand);
int cmd_user_list(const struct cli_options *options, const char *operand);
int cmd_user_delete(const struct cli_options *options, const char *operand);
int cmd_device_list(const struct cli_options *options, const char *operand);
int cmd_device_show(const struct cli_options *options, const char *operand);
int cmd_device_why(const struct cli_options *options, const char *operand);
int cmd_ca_list(const struct cli_options *options, const char *operand);
int cmd_ca_show(const struct cli_options *options, const char *operand);
int cmd_events(const struct cli_options *options, const char *operand);
int cmd_function_log(const struct cli_options *options, const char *operand);
int cmd_backup(const struct cli_options *options, const char *operand);
int cmd_restore(const struct cli_options *options, const char *operand);

/* complain: a usage error; refuse: any other; fail: what a call recorded. Each says it on stderr and returns the exit status. */
#define complain(...) km_say(EXIT_USAGE, "keymoor-cloud", __VA_ARGS__)
#define refuse(...) km_say(EXIT_FAILURE, "keymoor-cloud", __VA_ARGS__)
int fail(const struct km_err *err, const char *what);
/* fail_registry: the same for the registry's last call. */
int fail_registry(const struct cloud *cloud, const char *what);
/* print_json: prints and takes the value. */
void print_json(json_t *json);
/* time_text: UTC, as RFC 3339 has it. */
#define TIME_CAP 32
const char *time_text(int64_t ms, char ret[TIME_CAP]);
/* subject_text, issuer_text: of a certificate, as RFC 2253 has them; "" when it can't be read. */
#define SUBJECT_CAP 512
const char *subject_text(struct km_slice der, char ret[SUBJECT_CAP]);
const char *issuer_text(struct km_slice der, char ret[SUBJECT_CAP]);
/* read_count: --count, or fallback; 0 after it said what is wrong. */
unsigned read_count(const struct cli_options *options, unsigned fallback);

#endif
