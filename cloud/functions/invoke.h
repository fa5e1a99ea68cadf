/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the process that runs functions (keymoor-cloud-rules) for one run, over its Unix socket. One connection, one
 * request, one answer. The peer looks the function up in the registry, so the caller needs no right to start programs.
 */
#ifndef KM_INVOKE_H
#define KM_INVOKE_H

#include "cloud/functions/function.h"

#define KM_INVOKE_LOG_MAX 4096     /* octets of the log's tail, as X-Amz-Log-Result carries it */
#define KM_INVOKE_DEPTH_MAX 512    /* levels of a payload, and of what is answered */
#define KM_INVOKE_CONTEXT_MAX 3583 /* X-Amz-Client-Context, base64 */

enum km_invoke_kind {
    KM_INVOKE_WAIT = 1,  /* RequestResponse */
    KM_INVOKE_EVENT = 2, /* Event: answered when it is safe on disk */
    KM_INVOKE_DRY = 3,   /* DryRun: only whether it could be run */
};

struct km_invoke {
    enum km_invoke_kind kind;
    const char *account;
    const char *region; /* of the ARN that the function is told */
    const char *function;
    const char *qualifier;      /* version or alias; NULL or "": $LATEST */
    const char *request_id;     /* UUID; NULL: the runner makes one */
    const char *client_context; /* base64 of JSON, NULL: none */
    struct km_slice payload;    /* JSON; empty stands for null */
    bool wants_log;
};

struct km_invoke_answer {
    bool
        is_function_error; /* the run failed: the payload tells it, X-Amz-Function-Error is "Unhandled" */
    char request_id[37];
    char version[KM_FUNCTION_QUALIFIER_MAX + 1]; /* X-Amz-Executed-Version */
    uint8_t *payload;                            /* owned */
    size_t payload_len;
    char log[KM_INVOKE_LOG_MAX + 1]; /* the last of what the run logged, plain; "" unless wanted */
    size_t log_len;
};

/*
 * km_invoke_call: blocks until the run has ended, at most the function's timeout and the wait for a free place.
 * KM_E_NOTFOUND no such function or version, KM_E_LIMIT the payload is too large, KM_E_BUSY as many wait as may
 * (TooManyRequests), KM_E_MALFORMED the payload is no JSON (InvalidRequestContent), KM_E_DEAD the runner is not there or went
 * away. A run that failed is no failure of the call: see is_function_error.
 */
km_status km_invoke_call(struct km_err *err, const char *socket_path,
                         const struct km_invoke *invoke, struct km_invoke_answer *ret);
/* km_invoke_begin: the same without waiting: sends the request. *ret_fd gets readable when km_invoke_finish won't block long. */
km_status km_invoke_begin(struct km_err *err, const char *socket_path,
                          const struct km_invoke *invoke, int *ret_fd);
/* km_invoke_finish: reads the answer; the descriptor stays the caller's to close. */
km_status km_invoke_finish(struct km_err *err, int fd, struct km_invoke_answer *ret);
void km_invoke_answer_clear(struct km_invoke_answer *answer);

/* The bytes of it. Request: u32le length of the rest, then what km_invoke_write puts there; answer likewise. */
#define KM_INVOKE_REQUEST_MAX (KM_FUNCTION_PAYLOAD_MAX + 8192)
#define KM_INVOKE_REPLY_MAX (KM_FUNCTION_PAYLOAD_MAX + KM_INVOKE_LOG_MAX + 8192)
/* km_invoke_read: a request without its length; the strings are copied into *names, the payload stays a view. */
struct km_invoke_strings {
    char account[13], region[32], function[KM_FUNCTION_ARN_MAX + 1];
    char qualifier[KM_FUNCTION_QUALIFIER_MAX + 1], request_id[37];
    char client_context[KM_INVOKE_CONTEXT_MAX + 1];
};
km_status km_invoke_read(struct km_err *err, struct km_slice bytes,
                         struct km_invoke_strings *strings, struct km_invoke *ret);
void km_invoke_write(struct km_wr *wr, const struct km_invoke *invoke);
/* km_invoke_reply_write: status KM_OK with the answer, or a failure with its sentence and no answer. */
void km_invoke_reply_write(struct km_wr *wr, const struct km_err *failure,
                           const struct km_invoke_answer *answer);
/* km_invoke_reply_read: the failure comes back as this function's own. */
km_status km_invoke_reply_read(struct km_err *err, struct km_slice bytes,
                               struct km_invoke_answer *ret);

#endif
