/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the keymoor command share. Each command is one file with one row in main.c. */
#ifndef KEYMOOR_TOOL_H
#define KEYMOOR_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "clrc.h"
#include "common/km_say.h"
#include "common/km_status.h"

#define EXIT_USAGE 2

/* What the command line asked for besides its words. */
struct km_options {
    bool json;
    bool pem; /* PEM rather than DER */
    bool exportable;
    bool shared;
    bool yes;
    const char *type;
    const char *bits;
    const char *in;
    const char *out;
    const char *password_name;
    const char *password_file;
    const char *subject;
    const char *pki;
    const char *manifest;
    const char *oem_root;
    const char *class_key;
    const char *class_key_out;
    bool trust_first;
    const char *count;
    const char *max_uses;
    const char *not_after;
    const char *host;
    const char *purpose;
    bool allow_unnumbered;
};

struct km_command {
    const char *group;   /* "key" or the command itself */
    const char *verb;    /* "list", or NULL */
    const char *operand; /* how its operand is shown, or NULL when it takes none */
    const char *summary;
    const char *options; /* those of km_option_table it takes, by letter */
    int (*run)(const struct km_options *options, const char *operand);
};

extern const struct km_command km_commands[];
extern const unsigned km_n_commands;

int cmd_status(const struct km_options *options, const char *operand);
int cmd_audit(const struct km_options *options, const char *operand);
int cmd_init(const struct km_options *options, const char *operand);
/* init_class_key, init_manifest: the parts of init that --class-key, --class-key-out and --manifest ask for. */
int init_class_key(const struct km_options *options);
int init_manifest(const struct km_options *options);
int cmd_key_list(const struct km_options *options, const char *operand);
int cmd_key_show(const struct km_options *options, const char *operand);
int cmd_key_create(const struct km_options *options, const char *operand);
int cmd_key_import(const struct km_options *options, const char *operand);
int cmd_key_delete(const struct km_options *options, const char *operand);
int cmd_key_export_public(const struct km_options *options, const char *operand);
int cmd_key_export(const struct km_options *options, const char *operand);
int cmd_key_reference(const struct km_options *options, const char *operand);
int cmd_password_create(const struct km_options *options, const char *operand);
int cmd_password_list(const struct km_options *options, const char *operand);
int cmd_password_delete(const struct km_options *options, const char *operand);
int cmd_cert_list(const struct km_options *options, const char *operand);
int cmd_cert_show(const struct km_options *options, const char *operand);
int cmd_cert_store(const struct km_options *options, const char *operand);
int cmd_cert_verify(const struct km_options *options, const char *operand);
int cmd_cert_command(const struct km_options *options, const char *operand);
int cmd_cert_crl(const struct km_options *options, const char *operand);
int cmd_file_list(const struct km_options *options, const char *operand);
int cmd_file_put(const struct km_options *options, const char *operand);
int cmd_file_get(const struct km_options *options, const char *operand);
int cmd_file_delete(const struct km_options *options, const char *operand);
int cmd_file_purge(const struct km_options *options, const char *operand);
int cmd_csr(const struct km_options *options, const char *operand);
int cmd_bench(const struct km_options *options, const char *operand);

/* fail: says "keymoor: WHAT: sentence (0xCODE)" on stderr; returns EXIT_FAILURE. */
int fail(ClrcResult result, const char *what, const char *name);
/* fail_certs: the same for a call of the certificate library. */
int fail_certs(ClrcResult result, const char *what, const char *name);
/* fail_err: the same for a failure of our own code. */
int fail_err(const struct km_err *err, const char *what);
/* complain: a usage error; returns EXIT_USAGE. refuse: any other; returns EXIT_FAILURE. */
#define complain(...) km_say(EXIT_USAGE, "keymoor", __VA_ARGS__)
#define refuse(...) km_say(EXIT_FAILURE, "keymoor", __VA_ARGS__)

/* print_json: prints and takes the object. */
void print_json(cJSON *json);
/* write_output: bytes to --out or standard output, as they are or as PEM with this label. */
int write_output(const struct km_options *options, const char *pem_label, const uint8_t *der,
                 uint32_t length);
/* parse_number: a decimal number within [low, high]; NULL text gives fallback. */
bool parse_number(const char *text, uint64_t low, uint64_t high, uint64_t fallback, uint64_t *ret);
/* read_password: from --password-file, or asked for on the terminal without echo. */
bool read_password(const struct km_options *options, const char *name, uint8_t *ret, uint32_t cap,
                   uint32_t *ret_length);
/* open_password: the password object that --password names, or NULL without one. */
ClrcResult open_password(const struct km_options *options, ClrcPasswordHandle *ret);

#endif
