/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runner tells keymoor-function-host about one run, and what it hears back. Both are files in memory that the runner
 * makes: the host finds the order at descriptor 3, writes the outcome to descriptor 4, and ends.
 */
#ifndef KM_HOST_WIRE_H
#define KM_HOST_WIRE_H

#include <sys/socket.h>

#include "cloud/functions/function.h"

#define KM_HOST_ORDER_FD 3
#define KM_HOST_OUTCOME_FD 4
#define KM_HOST_PATH_MAX 4096u
#define KM_HOST_N_ENV_MAX (KM_FUNCTION_N_ENV_MAX + 32u)
#define KM_HOST_NAME_MAX 253u /* of a machine: RFC 1123, 2.1 */
#define KM_HOST_CA_MAX ((size_t)256 << 10)
#define KM_HOST_LOG_MAX ((size_t)256 << 10)
#define KM_HOST_INIT_MAX_S 20u /* to load the code, before a function's own time begins */
#define KM_HOST_ORDER_MAX (KM_FUNCTION_PAYLOAD_MAX + KM_HOST_CA_MAX + ((size_t)64 << 10))
#define KM_HOST_OUTCOME_MAX (KM_FUNCTION_PAYLOAD_MAX + KM_HOST_LOG_MAX + ((size_t)64 << 10))

struct km_host_order {
    bool is_check;  /* build the walls, run nothing */
    bool has_uid;   /* become uid and gid; else the runner's own */
    bool is_python; /* bootstrap.py and the handler; else the file handler itself */
    bool is_tls;    /* the endpoint speaks TLS */
    uint32_t uid;   /* and gid */
    uint32_t timeout_ms;
    uint32_t memory_mb;
    uint32_t tmp_mb;
    struct km_slice code_dir; /* paths, without a NUL; empty for a check */
    struct km_slice runtime_dir;
    struct km_slice handler;
    struct km_slice endpoint;               /* struct sockaddr; empty: none */
    struct km_slice endpoint_name;          /* by which the function knows it; empty: none */
    struct km_slice ca;                     /* PEM */
    struct km_slice env[KM_HOST_N_ENV_MAX]; /* NAME=value */
    uint32_t n_env;
    struct km_slice event;
};

/* km_host_name_is_good: whether it can stand in a file of names and in a URL. */
bool km_host_name_is_good(struct km_slice name);
void km_host_order_write(struct km_wr *wr, const struct km_host_order *order);
/* km_host_order_read: views of bytes. No text in it holds a NUL; a machine's name is letters, digits, dots, hyphens and underscores. */
KM_MUST_USE bool km_host_order_read(struct km_slice bytes, struct km_host_order *ret);

enum km_host_end {
    KM_HOST_EXITED = 1, /* code: its exit status */
    KM_HOST_KILLED,     /* code: the signal */
    KM_HOST_TIMEOUT,    /* of its own time */
    KM_HOST_INIT_TIMEOUT,
    KM_HOST_MEMORY,   /* all its processes together took more than they may */
    KM_HOST_TOO_MUCH, /* its answer is longer than KM_FUNCTION_PAYLOAD_MAX */
    KM_HOST_NO_WALL,  /* nothing was run: text says which wall can't be built */
};
struct km_host_outcome {
    enum km_host_end end;
    int32_t code;
    uint32_t duration_ms;
    uint32_t memory_kb; /* the most that was seen */
    struct km_slice text;
    struct km_slice answer; /* as the function wrote it */
    struct km_slice log;
    bool log_is_cut;
};
void km_host_outcome_write(struct km_wr *wr, const struct km_host_outcome *outcome);
KM_MUST_USE bool km_host_outcome_read(struct km_slice bytes, struct km_host_outcome *ret);

#endif
