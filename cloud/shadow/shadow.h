/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device shadows: what a request makes of the stored document, and what is answered. Pure: the
 * caller reads the row, stores the new one where its version is still the same (otherwise it reads
 * and asks again), and only then sends the answers, in their order, with QoS 1.
 *
 * Texts and codes are those of AWS IoT. docs/aws-compat.md says where AWS leaves something open.
 */
#ifndef KM_SHADOW_H
#define KM_SHADOW_H

#include "cloud/common/json.h"
#include "cloud/shadow/shadow_topic.h"

#define KM_SHADOW_REQUEST_MAX (128 * 1024) /* bytes of a request as it came */
#define KM_SHADOW_STATE_MAX 8192           /* bytes of the state object, as compact JSON */
#define KM_SHADOW_DEPTH_MAX 6              /* levels of desired or reported, itself the first */
#define KM_SHADOW_TOKEN_MAX 64             /* bytes of a client token */
#define KM_SHADOW_IN_FLIGHT_MAX 10         /* unanswered requests a thing; counted by the caller */
#define KM_SHADOW_OUTPUTS_MAX 3
#define KM_SHADOW_OUTPUT_MAX (512 * 1024) /* bytes; metadata are many times what they describe */
#define KM_SHADOW_MESSAGE_CAP 192         /* of a rejection's text, with its NUL */

/*
 * A shadow as it is stored. All zero: there never was one. After a deletion the row stays, without
 * texts, until km_shadow_row_expired: a new shadow goes on from its version.
 */
struct km_shadow_row {
    struct km_slice state;    /* {"desired":...,"reported":...}, either may be missing */
    struct km_slice metadata; /* the same tree with {"timestamp":s} for each leaf */
    uint64_t version;
    int64_t updated_at_s; /* of the last change, the deletion too */
    bool deleted;
};

/* km_shadow_row_expired: whether a deleted row may be thrown away. */
bool km_shadow_row_expired(const struct km_shadow_row *row, int64_t now_s);

struct km_shadow_request {
    const struct km_shadow_id *id;
    enum km_shadow_kind kind; /* KM_SHADOW_GET, _UPDATE or _DELETE */
    struct km_slice payload;  /* as the client sent it; may be empty for get and delete */
    int64_t now_s;            /* seconds since 1970 */
};

/* Why a request is rejected. The last five are for what the caller finds out. */
enum km_shadow_reason {
    KM_SHADOW_ACCEPTED = 0,
    KM_SHADOW_BAD_JSON,
    KM_SHADOW_NO_STATE,
    KM_SHADOW_BAD_STATE,
    KM_SHADOW_BAD_DESIRED,
    KM_SHADOW_BAD_REPORTED,
    KM_SHADOW_BAD_VERSION,
    KM_SHADOW_BAD_TOKEN,
    KM_SHADOW_TOO_DEEP,
    KM_SHADOW_BAD_NODE,
    KM_SHADOW_NOT_FOUND,
    KM_SHADOW_CONFLICT,
    KM_SHADOW_TOO_LARGE,
    KM_SHADOW_BAD_ENCODING,
    KM_SHADOW_UNAUTHORIZED,
    KM_SHADOW_FORBIDDEN,
    KM_SHADOW_NO_THING,
    KM_SHADOW_TOO_MANY,
    KM_SHADOW_INTERNAL,
};

struct km_shadow_output {
    enum km_shadow_kind kind; /* km_shadow_topic_write makes the topic of it */
    struct km_json_text json;
};

/* What the caller stores before it sends anything. */
enum km_shadow_store {
    KM_SHADOW_KEEP = 0, /* nothing changes */
    KM_SHADOW_WRITE,    /* insert or replace; the row that was read had old_version */
    KM_SHADOW_BURY,     /* mark as deleted; the version stays */
};

struct km_shadow_result {
    enum km_shadow_reason reason;
    unsigned code; /* 200, or the code inside of the rejected message; also the HTTP status */
    enum km_shadow_store store;
    uint64_t old_version; /* of the row as it was given; 0 when there was none */
    uint64_t new_version;
    struct km_json_text state; /* with KM_SHADOW_WRITE */
    struct km_json_text metadata;
    /* The first is accepted or rejected; after an update delta (if any) and documents follow. */
    size_t n_outputs;
    struct km_shadow_output outputs[KM_SHADOW_OUTPUTS_MAX];
};

/*
 * km_shadow_apply: decides one request over the stored row. A rejection is an answer, not a
 * failure. KM_E_ARG for a kind that is no request, KM_E_CORRUPT when the stored texts are not what
 * this function once returned, KM_E_NOMEM; the caller then answers with KM_SHADOW_INTERNAL.
 * *ret is for km_shadow_result_clear.
 */
km_status km_shadow_apply(struct km_err *err, const struct km_shadow_request *request,
                          const struct km_shadow_row *row, struct km_shadow_result *ret);

/*
 * km_shadow_refuse: the rejected message for something the caller found out. Holds the client's
 * token where the payload gives one. KM_E_ARG for a reason that is none, KM_E_NOMEM.
 */
km_status km_shadow_refuse(struct km_err *err, const struct km_shadow_request *request,
                           enum km_shadow_reason reason, struct km_shadow_result *ret);

/* km_shadow_result_clear: frees the texts; NULL and all zero are allowed. For KM_AUTO. */
void km_shadow_result_clear(struct km_shadow_result *result);

/* km_shadow_reason_code: 400, 404, ...; 200 for KM_SHADOW_ACCEPTED. */
unsigned km_shadow_reason_code(enum km_shadow_reason reason);

/* km_shadow_message: the text of a rejection, with its NUL; empty for KM_SHADOW_ACCEPTED. */
void km_shadow_message(enum km_shadow_reason reason, const struct km_shadow_id *id,
                       char ret[KM_SHADOW_MESSAGE_CAP]);

#endif
