/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the API as its operation sees it: the inputs, checked against the operation's row, what it works on, and the answer.
 *
 * Texts that an operation gets are views, valid until it returns. A function that fails has said why in the call: the
 * operation passes the status on.
 */
#ifndef KM_CALL_H
#define KM_CALL_H

#include <jansson.h>

#include "cloud/common/arena.h"
#include "cloud/control/control.h"
#include "cloud/control/exception.h"
#include "cloud/control/http.h"
#include "cloud/control/target.h"
#include "cloud/registry/registry_credential.h"

#define KM_CALL_BODY_MAX ((size_t)1 << 20) /* of a request */
#define KM_CALL_ZIP_MAX                                                                            \
    ((size_t)70 << 20) /* of one that carries a function: 50 MiB in base64, and the rest */
#define KM_CALL_JSON_DEPTH_MAX 32u           /* of a body */
#define KM_CALL_REPLY_MAX ((size_t)16 << 20) /* of an answer */
#define KM_CALL_ARENA_MAX ((size_t)128 << 20)
#define KM_CALL_TEXT_MAX 8192u /* octets of one decoded part of a target, or header */

struct km_call;

/* What an operation is: one row of a table. */
struct km_operation {
    const char *name; /* as AWS spells it */
    enum km_service service;
    const char *method;
    const char *path; /* a template for km_target_match */
    /*
     * Inputs: words of the form NAME:T or NAME!:T, ! for those that must be there. T: s text, b true or false, i a number from 0 on,
     * o object, a array, * anything. NULL: none. Members of a body that are not named are not minded.
     */
    const char *query;
    const char *headers;
    const char *body; /* NULL: the body isn't looked at as JSON */
    uint64_t flags;
    km_status (*run)(struct km_call *call);
};
#define KM_OP_CHANGES 1u      /* runs in a transaction, and its audit event is in it */
#define KM_OP_QUERY_SIGNED 2u /* may be signed in its query */

/* A table of rows. */
struct km_operations {
    const struct km_operation *rows;
    size_t n;
};

struct km_call {
    struct km_control *control;
    struct km_registry *reg;
    struct km_arena *arena;
    const struct km_operation *op;
    const struct km_http_request *request;
    struct km_http_exchange *exchange;
    struct km_target target;
    const char *parts
        [KM_TARGET_PARTS_MAX]; /* what the path's placeholders stand for, decoded and checked */
    json_t *body;              /* an object; NULL unless the row names members */
    /* Who calls. */
    const struct km_control_identity *identity; /* NULL: who signed it */
    const struct km_registry_credential *
        credential; /* that it is signed with, which are a device's; NULL: an access key of the account's, or nothing */
    char account[KM_ACCOUNT_LEN + 1];
    char principal[KM_PRINCIPAL_NAME_MAX + 1];
    char key_id[KM_ACCESS_KEY_ID_LEN + 1]; /* of who signed it */
    int64_t key_expires_ms;                /* 0: never */
    const char *region;
    char request_id[KM_REGISTRY_UUID_LEN + 1];
    int64_t now_ms;
    /* How it ended. */
    struct km_err err;
    enum km_exception exception;
    const char *told; /* to the caller instead of why it failed, which is recorded; NULL: that */
    json_t *error_members; /* beside "message" */
    unsigned status;       /* 0: 200 */
    json_t *reply;         /* NULL: an empty body, or raw */
    struct km_slice raw;   /* a view into the arena, when the body is not JSON of ours */
    struct km_http_reply_header headers[KM_HTTP_REPLY_HEADERS_MAX];
    size_t n_headers;
    struct km_http_taker taker; /* who takes over the connection, with a status of 101 */
    unsigned n_short;           /* km_json_n_short as it began */
    bool is_later;              /* the operation answers by km_call_later's words */
};

/* ---- inputs ---- */

/* km_call_query, _header: NULL when it is not there. */
const char *km_call_query(const struct km_call *call, const char *name);
const char *km_call_header(const struct km_call *call, const char *name);
/* km_call_query_is: whether it is there and "true". */
bool km_call_query_is(const struct km_call *call, const char *name);
/* km_call_query_number: fallback when it is not there. */
int64_t km_call_query_number(const struct km_call *call, const char *name, int64_t fallback);
/* km_call_text, _is, _member, _number: members of the body; NULL, false, NULL and fallback when they are not there or null. */
const char *km_call_text(const struct km_call *call, const char *name);
bool km_call_is(const struct km_call *call, const char *name);
json_t *km_call_member(const struct km_call *call, const char *name);
int64_t km_call_number(const struct km_call *call, const char *name, int64_t fallback);
/*
 * km_call_page: a page from the query's marker and limit of these names. A limit beyond 1 to KM_REGISTRY_PAGE_MAX is an invalid request.
 */
struct km_registry_page;
km_status km_call_page(struct km_call *call, const char *marker, const char *limit,
                       struct km_registry_page *ret);

/* ---- failures ---- */

/* km_call_fail: the operation ends with this exception and sentence. */
km_status km_call_fail(struct km_call *call, enum km_exception exception, const char *fmt, ...)
    KM_PRINTF(3, 4);
/* km_call_tell_more: members of a failure's answer beside "message"; takes them. NULL, memory was short, is allowed. */
void km_call_tell_more(struct km_call *call, json_t *members);
/* km_call_hide: the same, but all that the caller is told is told, of static storage. */
km_status km_call_hide(struct km_call *call, enum km_exception exception, const char *told,
                       const char *why);
/* km_call_forbid: it ends with ForbiddenException, and the caller is not told why. */
km_status km_call_forbid(struct km_call *call, const char *why);
/* km_call_registry: what the registry answered, its sentence taken along. */
km_status km_call_registry(struct km_call *call, km_status status);
/* km_call_as: the same, but this one outcome is that exception. */
km_status km_call_as(struct km_call *call, km_status status, km_status from,
                     enum km_exception exception);
/* KM_REG: a registry's call, or return. */
#define KM_REG(call, expr) KM_TRY(km_call_registry((call), (expr)))

/* ---- answers ---- */

/* km_call_reply: takes the object, NULL is "memory is short". */
km_status km_call_reply(struct km_call *call, json_t *reply);
/* km_call_reply_header: both borrowed until the answer is sent: static, or of the arena. */
void km_call_reply_header(struct km_call *call, const char *name, const char *value);
/* km_call_time: milliseconds as the API's seconds. Returns owned. */
json_t *km_call_time(int64_t ms);
/* km_call_arn: arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME in the arena; NULL when memory is short, which json_pack passes on. */
const char *km_call_arn(struct km_call *call, const char *kind, const char *name);
/* km_call_printf: a text in the arena; NULL when memory is short. */
const char *km_call_printf(struct km_call *call, const char *fmt, ...) KM_PRINTF(2, 3);
/*
 * km_call_arn_name: the name behind "arn:aws:iot:REGION:ACCOUNT:KIND/" when text is such an ARN of this account; NULL for anything
 * else.
 */
const char *km_call_arn_name(const struct km_call *call, const char *text, const char *kind);

#endif
