/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function is: its names, its configuration and the bounds of both. Pure; all strings are NUL-terminated UTF-8.
 */
#ifndef KM_FUNCTION_H
#define KM_FUNCTION_H

#include "common/km_bytes.h"

#define KM_FUNCTION_NAME_LEN_MAX 64
#define KM_FUNCTION_QUALIFIER_MAX 128
#define KM_FUNCTION_HANDLER_MAX 128
#define KM_FUNCTION_ARN_MAX 320
#define KM_FUNCTION_ENV_MAX 4096 /* octets of all names and values together */
#define KM_FUNCTION_N_ENV_MAX 64
#define KM_FUNCTION_TIMEOUT_DEFAULT_S 3u
#define KM_FUNCTION_TIMEOUT_MAX_S 900u
#define KM_FUNCTION_MEMORY_DEFAULT_MB 128u
#define KM_FUNCTION_MEMORY_MAX_MB 10240u
#define KM_FUNCTION_UPLOAD_MAX ((size_t)50 << 20)    /* as uploaded */
#define KM_FUNCTION_UNPACKED_MAX ((size_t)250 << 20) /* all files together */
#define KM_FUNCTION_PAYLOAD_MAX ((size_t)6 << 20)    /* waited for; also of its answer */
#define KM_FUNCTION_EVENT_MAX ((size_t)256 << 10)    /* not waited for */
#define KM_FUNCTION_LATEST_TEXT "$LATEST"

enum km_function_kind { KM_FUNCTION_UNKNOWN, KM_FUNCTION_PYTHON, KM_FUNCTION_PROGRAM };
/* km_function_kind: what a runtime's name means here. */
enum km_function_kind km_function_kind(const char *runtime);

struct km_function_variable {
    const char *name;
    const char *value;
};

/* One version of a function as it is run. All is borrowed from whoever fills it in. */
struct km_function {
    const char *account; /* 12 digits */
    const char *region;
    const char *name;
    const char *version; /* "$LATEST" or a number */
    const char *
        runtime; /* python2.7 to python3.N: Debian's python3; provided, provided.al2...: a program */
    const char *
        handler; /* python: "file.function", file may hold "/"; else the program's file in the code */
    const struct km_function_variable *variables;
    size_t n_variables;
    unsigned timeout_s;
    unsigned memory_mb;
    /* Names the code for ever, e.g. the hex of its SHA-256: [A-Za-z0-9_-], at most 128. What is unpacked is kept under it. */
    const char *code_id;
    struct km_slice code; /* a ZIP archive; for provided runtimes also the program itself */
};

/*
 * A configuration as JSON, with the members of CreateFunction: Runtime, Handler, Timeout (3), MemorySize (128), Environment.Variables;
 * others are left alone. What is stored in the registry is such a text.
 */
struct km_function_config;
/* km_function_config_parse: KM_E_ARG with a sentence that names the member. Returns owned. */
km_status km_function_config_parse(struct km_err *err, const char *json,
                                   struct km_function_config **ret);
void km_function_config_free(struct km_function_config *config);
void km_function_config_freep(struct km_function_config **config);
/* km_function_config_fill: runtime, handler, variables, timeout_s and memory_mb: views, valid until config is freed. */
void km_function_config_fill(const struct km_function_config *config, struct km_function *ret);

/*
 * km_function_check: whether a function with this configuration could be run; the code is not looked at (see
 * zip.h) and account, region and version may be NULL. KM_E_ARG with a sentence that names the member, for
 * InvalidParameterValueException.
 */
km_status km_function_check(struct km_err *err, const struct km_function *function);
/* km_function_check_code: the form of its code, see km_zip_check: KM_E_MALFORMED or KM_E_LIMIT. */
km_status km_function_check_code(struct km_err *err, const struct km_function *function);

/* Which function somebody means. */
struct km_function_name {
    char account[13]; /* "" when the text does not say */
    char region[32];  /* likewise */
    char name[KM_FUNCTION_NAME_LEN_MAX + 1];
    char qualifier[KM_FUNCTION_QUALIFIER_MAX +
                   1]; /* version or alias; "" when the text does not say */
};
/*
 * km_function_name_parse: NAME, NAME:QUALIFIER, ACCOUNT:function:NAME[:QUALIFIER] or
 * arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]. KM_E_ARG otherwise.
 */
km_status km_function_name_parse(struct km_err *err, const char *text,
                                 struct km_function_name *ret);
/* km_function_arn: the ARN, with the qualifier when there is one ("" or NULL: none); cut off at cap. */
void km_function_arn(const char *region, const char *account, const char *name,
                     const char *qualifier, char *ret, size_t cap);

/*
 * km_function_permits: whether one statement of a function's policy (JSON, as add-permission answers it) lets the
 * service (e.g. "iot.amazonaws.com") invoke it on behalf of source_arn in source_account. A statement that can't be
 * read permits nothing.
 */
bool km_function_permits(const char *statement, const char *service, const char *source_arn,
                         const char *source_account);

#endif
