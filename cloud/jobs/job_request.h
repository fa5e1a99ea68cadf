/* SPDX-License-Identifier: Apache-2.0 */
/* What a device asks of its jobs, from the topic and JSON of MQTT or from a body of HTTP, which has the same members. Pure. */
#ifndef KM_JOB_REQUEST_H
#define KM_JOB_REQUEST_H

#include "cloud/common/json.h"
#include "cloud/jobs/job_topic.h"

#define KM_JOB_REQUEST_MAX 131072 /* octets */
#define KM_JOB_TOKEN_MAX 64       /* octets of a client token */
#define KM_JOB_WHY_CAP 128        /* of a sentence, with its NUL */

/* How a request ends. */
enum km_job_code {
    KM_JOB_OK = 0,
    KM_JOB_INVALID_TOPIC,
    KM_JOB_INVALID_JSON,
    KM_JOB_INVALID_REQUEST,
    KM_JOB_INVALID_TRANSITION,
    KM_JOB_NOT_FOUND,
    KM_JOB_VERSION_MISMATCH,
    KM_JOB_INTERNAL,
    KM_JOB_THROTTLED,
    KM_JOB_TERMINAL,
};
#define KM_JOB_N_CODES 10
/* km_job_code_text: as the API spells it; empty for KM_JOB_OK. Static storage. */
const char *km_job_code_text(enum km_job_code code);

struct km_job_request {
    struct km_job_id id;
    enum km_job_kind kind;
    enum km_job_code code; /* KM_JOB_OK, or what is wrong with it and why */
    char why[KM_JOB_WHY_CAP];
    char token[KM_JOB_TOKEN_MAX + 1]; /* empty: none, or not a good one */
    int64_t number;                   /* of the execution; 0: the newest */
    int64_t expected_version;         /* 0: any */
    enum km_execution_status status;  /* that it is to get */
    struct km_json_text details;      /* owned; ptr NULL: they stay */
    int64_t step_minutes;             /* 0: that timer stays; below: it is stopped */
    bool wants_document;
    bool wants_state;
};

/*
 * km_job_request_parse: KM_OK also when code says that it is refused; the token is there whenever it could be read. An empty
 * payload is like {} but for an update. KM_E_NOMEM. *ret is for km_job_request_clear.
 */
km_status km_job_request_parse(struct km_err *err, const struct km_job_id *id,
                               enum km_job_kind kind, struct km_slice payload,
                               struct km_job_request *ret);
/* km_job_request_clear: all zero is allowed. For KM_AUTO. */
void km_job_request_clear(struct km_job_request *request);

/*
 * km_job_details_print: status details as they are stored; value is a JSON object of texts, or NULL: none. False, with a sentence, when
 * they are not good ones. *ret is returned owned; KM_E_NOMEM.
 */
km_status km_job_details_print(struct km_err *err, json_t *value, char ret_why[KM_JOB_WHY_CAP],
                               bool *ret_is_good, struct km_json_text *ret);

#endif
