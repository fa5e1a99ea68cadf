/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST form of shadows (the data endpoint): which request a method, path and query are, and the
 * bodies that MQTT does not have. An accepted request answers with its first output; of a rejected
 * one nothing is sent over MQTT. Pure.
 */
#ifndef KM_SHADOW_REST_H
#define KM_SHADOW_REST_H

#include "cloud/shadow/shadow.h"

#define KM_SHADOW_PAGE_MAX 100    /* names in one answer of a listing */
#define KM_SHADOW_PAGE_DEFAULT 25 /* when the query does not say */

enum km_shadow_rest_op {
    KM_SHADOW_REST_GET = 0,
    KM_SHADOW_REST_UPDATE,
    KM_SHADOW_REST_DELETE,
    KM_SHADOW_REST_LIST,
};

struct km_shadow_rest {
    enum km_shadow_rest_op op;
    struct km_shadow_id id;             /* KM_SHADOW_REST_LIST: without a name */
    char after[KM_SHADOW_NAME_MAX + 1]; /* listing: the name the page starts after; may be empty */
    unsigned page_size;                 /* listing: 1 to KM_SHADOW_PAGE_MAX */
};

/* What became of the parsing. */
enum km_shadow_rest_found {
    KM_SHADOW_REST_OK = 0,
    KM_SHADOW_REST_NOT_OURS,   /* no path of shadows */
    KM_SHADOW_REST_BAD_METHOD, /* 405 MethodNotAllowedException */
    KM_SHADOW_REST_INVALID,    /* 400 InvalidRequestException */
};

/*
 * km_shadow_rest_parse: of GET, POST and DELETE /things/THING/shadow[?name=NAME] and GET
 * /api/things/shadow/ListNamedShadowsForThing/THING[?pageSize=N&nextToken=T]. path and query are as
 * they came, percent-encoded, the query without its question mark. Other parameters are ignored.
 * *ret is written with KM_SHADOW_REST_OK only.
 */
enum km_shadow_rest_found km_shadow_rest_parse(struct km_slice method, struct km_slice path,
                                               struct km_slice query, struct km_shadow_rest *ret);

/* km_shadow_rest_kind: the engine's request for all but the listing. */
enum km_shadow_kind km_shadow_rest_kind(enum km_shadow_rest_op op);

/* km_shadow_rest_error: the value of x-amzn-ErrorType for a status, e.g. 409: "ConflictException". */
const char *km_shadow_rest_error(unsigned code);

/*
 * km_shadow_rest_error_body: {"message":...,"traceId":...} of a rejected result; trace_id is a UUID
 * text that the caller drew. KM_E_NOMEM.
 */
km_status km_shadow_rest_error_body(struct km_err *err, const struct km_shadow_request *request,
                                    enum km_shadow_reason reason, const char *trace_id,
                                    struct km_json_text *ret);

/*
 * km_shadow_rest_list: {"results":[...],"timestamp":s,"nextToken":...}. names are sorted bytewise and
 * come after rest->after; nextToken is there when more than page_size of them are given (one more is
 * enough). KM_E_NOMEM.
 */
km_status km_shadow_rest_list(struct km_err *err, const struct km_shadow_rest *rest,
                              const char *const *names, size_t n_names, int64_t now_s,
                              struct km_json_text *ret);

#endif
