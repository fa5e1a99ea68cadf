/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule SQL: SELECT ... FROM 'topic filter' [WHERE ...] over one message, and texts with ${...} for
 * the topics of actions. Pure: time, random bytes and whatever lies outside come from the caller.
 *
 * A compiled rule never changes, so threads may share one. Docs: docs/aws-compat.md, "Rule SQL".
 */
#ifndef KM_RULE_H
#define KM_RULE_H

#include "cloud/common/json.h"
#include "cloud/common/limits.h"
#include "cloud/common/topic.h"

#define KM_RULE_DEPTH_MAX 128    /* levels of an expression; a + b + c has two */
#define KM_RULE_NODES_MAX 8192   /* parts of expressions in one rule */
#define KM_RULE_ARGUMENTS_MAX 32 /* of one function call */
#define KM_RULE_STEPS_MAX 100000 /* of one evaluation: a part each, and more for long values */
#define KM_RULE_PAYLOAD_MAX KM_PAYLOAD_OCTETS_MAX /* of a message, and of what a rule makes of it */
#define KM_RULE_JSON_DEPTH_MAX 64                 /* levels of a message that is taken for JSON */

struct km_rule;

/* Which SQL: all are evaluated as 2016-03-23, and the text is kept for those who ask. */
#define KM_RULE_VERSION_DEFAULT "2015-10-08"

/*
 * km_rule_parse: compiles a statement. version is one of 2015-10-08, 2016-03-23, beta; NULL means
 * KM_RULE_VERSION_DEFAULT. KM_E_MALFORMED for what AWS answers with SqlParseException: the sentence
 * names what was expected, line and column. KM_E_LIMIT beyond the bounds above, KM_E_UNSUPPORTED for
 * another version, KM_E_NOMEM. *ret is returned owned.
 */
km_status km_rule_parse(struct km_err *err, struct km_slice sql, const char *version,
                        struct km_rule **ret);
void km_rule_free(struct km_rule *rule);
void km_rule_freep(struct km_rule **rule);

/* km_rule_filter: the topic filter after FROM. Returns a view, valid until the rule is freed. */
struct km_slice km_rule_filter(const struct km_rule *rule);

/* km_rule_version: as given to km_rule_parse; static storage. */
const char *km_rule_version(const struct km_rule *rule);

/* km_rule_matches: whether messages on this topic go to the rule. */
bool km_rule_matches(const struct km_rule *rule, struct km_slice topic);

/* One message and whom it is from. Empty text: Undefined. */
struct km_rule_message {
    struct km_slice topic;
    struct km_slice payload;
    struct km_slice client_id; /* "n/a" for a publish over HTTP */
    struct km_slice principal; /* certificate id */
    struct km_slice account_id;
    struct km_slice source_ip;
    struct km_slice trace_id; /* a UUID */
    int64_t now_ms;           /* milliseconds since 1970 */
};

/*
 * What lies outside of a message. The whole, and each function, may be NULL: what needs it is then
 * Undefined. Each answers whether it could.
 */
struct km_rule_host {
    void *ctx;
    /* fills len bytes at random: newuuid(), rand() */
    bool (*random)(void *ctx, void *buf, size_t len);
    /* the document of a shadow, as get/accepted has it; name "" for the classic one. *ret: owned */
    bool (*shadow)(void *ctx, struct km_slice thing, struct km_slice name, json_t **ret);
    /* calls a function and waits for its answer. *ret: owned */
    bool (*lambda)(void *ctx, struct km_slice arn, const json_t *argument, json_t **ret);
};

struct km_rule_output {
    bool fires;     /* WHERE is true, or there is none */
    bool is_json;   /* false: the message's own bytes, passed through by SELECT * */
    uint8_t *bytes; /* owned; NULL unless fires */
    size_t len;
};

/*
 * km_rule_eval: WHERE, then SELECT over the message. The topic is not looked at: see
 * km_rule_matches. KM_E_LIMIT when steps or output go beyond the bounds, KM_E_NOMEM. *ret is for
 * km_rule_output_clear.
 */
km_status km_rule_eval(struct km_err *err, const struct km_rule *rule,
                       const struct km_rule_message *message, const struct km_rule_host *host,
                       struct km_rule_output *ret);

/* km_rule_output_clear: frees; NULL and all zero are allowed. For KM_AUTO. */
void km_rule_output_clear(struct km_rule_output *output);

/* A text in which ${expression} stands for a value. */
struct km_rule_template;

/*
 * km_rule_template_parse: compiles a text; one without ${ is valid. Errors as km_rule_parse.
 * *ret is returned owned.
 */
km_status km_rule_template_parse(struct km_err *err, struct km_slice text,
                                 struct km_rule_template **ret);
void km_rule_template_free(struct km_rule_template *text);
void km_rule_template_freep(struct km_rule_template **text);

/*
 * km_rule_template_expand: puts the values in. KM_E_NOTFOUND when one is Undefined, KM_E_LIMIT when
 * the text would be longer than max, KM_E_NOMEM. *ret is returned owned.
 */
km_status km_rule_template_expand(struct km_err *err, const struct km_rule_template *text,
                                  const struct km_rule_message *message,
                                  const struct km_rule_host *host, size_t max,
                                  struct km_json_text *ret);

/*
 * km_rule_template_topic: the same for the topic of a republish action, at most KM_TOPIC_MAX:
 * a leading $$ becomes $. KM_E_MALFORMED when the result is no topic to publish to (see
 * km_topic_name_check), or begins with $ when the text did not begin with $$.
 */
km_status km_rule_template_topic(struct km_err *err, const struct km_rule_template *text,
                                 const struct km_rule_message *message,
                                 const struct km_rule_host *host, struct km_json_text *ret);

#endif
