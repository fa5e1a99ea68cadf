/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy language of AWS IoT: compile a document once, bind it to a connection once, decide often.
 *
 *   km_policy_compile   JSON text -> struct km_policy, or an error with its place in the document
 *   km_policy_bind      policies + what is known of a connection -> struct km_policy_bound
 *   km_policy_decide    bound + (action, resource) -> allowed or denied, by which statement; allocates nothing
 *
 * Pure: no I/O, no clock, no global state. A compiled or bound policy does not change, so any number of threads may use it.
 * Text that comes from a variable never acts as a wildcard: patterns are split at variables when compiled, and what a variable
 * stands for is compared octet by octet. What follows AWS and what is stricter: docs/aws-compat.md, "Policies".
 */
#ifndef KM_CLOUD_POLICY_H
#define KM_CLOUD_POLICY_H

#include "cloud/common/limits.h"
#include "common/km_bytes.h"

#define KM_POLICY_NONSPACE_MAX 2048u /* characters of a document that are no white space */
#define KM_POLICY_VALUE_MAX 1024u    /* octets that a variable may stand for */
#define KM_POLICY_BIND_MAX 64u       /* policies that can be bound together */
#define KM_POLICY_RESOURCE_MAX 1024u /* octets of a whole ARN that is asked about */
#define KM_POLICY_BOUND_MAX 1048576u /* octets that a bound list may take */
#define KM_POLICY_MISSING_MAX 64u    /* keys without a value that are told */
#define KM_POLICY_VALUES_MAX 64u     /* values of one key */

/* ---- compile ---- */

struct km_policy;

/*
 * km_policy_compile: document is JSON text. Returns owned. KM_E_MALFORMED: it is no policy; the text names the place, either
 * "line 3, column 9: ..." or "Statement[1].Action[0]: ...". KM_E_LIMIT: too long, same. KM_E_NOMEM; the JSON
 * parser may take that for a fault of the text. What is refused is never half understood:
 * an unknown member, operator, key or variable is an error.
 */
km_status km_policy_compile(struct km_err *err, struct km_slice document, struct km_policy **ret);
/* km_policy_free: NULL is allowed. km_policy_freep: for KM_AUTO. */
void km_policy_free(struct km_policy *policy);
void km_policy_freep(struct km_policy **policy);
size_t km_policy_n_statements(const struct km_policy *policy);

/* ---- what is known of a connection ---- */

/* Names in the order of enum km_policy_name; Subject and Issuer have them all. */
enum km_policy_name {
    KM_POLICY_DN_QUALIFIER = 0,
    KM_POLICY_COUNTRY,
    KM_POLICY_ORGANIZATION,
    KM_POLICY_ORGANIZATIONAL_UNIT,
    KM_POLICY_STATE,
    KM_POLICY_COMMON_NAME,
    KM_POLICY_NAME_SERIAL_NUMBER,
    KM_POLICY_TITLE,
    KM_POLICY_SURNAME,
    KM_POLICY_GIVEN_NAME,
    KM_POLICY_INITIALS,
    KM_POLICY_PSEUDONYM,
    KM_POLICY_GENERATION_QUALIFIER,
    KM_POLICY_ALT_RFC822_NAME, /* from here: alternative names */
    KM_POLICY_ALT_DNS_NAME,
    KM_POLICY_ALT_DIRECTORY_NAME,
    KM_POLICY_ALT_URI,
    KM_POLICY_ALT_IP_ADDRESS,
    KM_POLICY_N_NAMES,
};

/* What a variable or a condition can ask for. A key without values is one that has no value. */
enum km_policy_key {
    KM_POLICY_CLIENT_ID = 0, /* iot:ClientId */
    KM_POLICY_SOURCE_IP,     /* aws:SourceIp, as inet_ntop writes it */
    KM_POLICY_THING_NAME, /* iot:Connection.Thing.ThingName: only of a thing named like the client id and attached */
    KM_POLICY_THING_TYPE_NAME,    /* iot:Connection.Thing.ThingTypeName */
    KM_POLICY_THING_IS_ATTACHED,  /* iot:Connection.Thing.IsAttached: "true" or "false" */
    KM_POLICY_CERT_SERIAL_NUMBER, /* iot:Certificate.SerialNumber */
    KM_POLICY_CERT_KEYS,          /* iot:Certificate.AvailableKeys */
    KM_POLICY_CONNECT_ATTRIBUTES, /* iot:ConnectAttributes: "PersistentConnect", "LastWill" */
    KM_POLICY_LAST_WILL_TOPIC,    /* iot:LastWillTopic */
    KM_POLICY_DOMAIN_NAME,        /* iot:DomainName: the name that TLS's SNI had */
    KM_POLICY_SUBJECT, /* + enum km_policy_name: iot:Certificate.Subject.CommonName, ... */
    KM_POLICY_ISSUER = KM_POLICY_SUBJECT + KM_POLICY_N_NAMES,
    KM_POLICY_N_KEYS = KM_POLICY_ISSUER + KM_POLICY_N_NAMES,
};

struct km_policy_values {
    const struct km_slice *at;
    size_t n;
};

struct km_policy_attribute { /* iot:Connection.Thing.Attributes[name] */
    struct km_slice name;
    struct km_slice value;
};

/* All borrowed for km_policy_bind; start from all zero. Beyond KM_POLICY_VALUES_MAX values of a key are not looked at. */
struct km_policy_context {
    struct km_slice partition; /* of our ARNs: "aws" */
    struct km_slice region;
    struct km_slice account;
    struct km_policy_values values[KM_POLICY_N_KEYS];
    const struct km_policy_attribute *attributes;
    size_t n_attributes;
};

/* ---- bind ---- */

struct km_policy_source {
    struct km_slice name; /* for decisions to tell */
    const struct km_policy *policy;
};

struct km_policy_bound;

/*
 * km_policy_bind: copies what it needs of sources and context, so both may go afterwards. Conditions are decided here, except those
 * on the time. Returns owned. KM_E_LIMIT: more than KM_POLICY_BIND_MAX sources, or values so long that KM_POLICY_BOUND_MAX does not
 * hold the list; refuse the connection then. No sources: everything is denied.
 */
km_status km_policy_bind(struct km_err *err, const struct km_policy_source *sources,
                         size_t n_sources, const struct km_policy_context *context,
                         struct km_policy_bound **ret);
void km_policy_bound_free(struct km_policy_bound *bound);
void km_policy_bound_freep(struct km_policy_bound **bound);
/*
 * km_policy_bound_missing: the number-th key that a policy names and that had no usable value, e.g. "iot:ClientId"; each once, at
 * most KM_POLICY_MISSING_MAX. NULL behind the last. Returns a view, valid until bound is freed.
 */
const char *km_policy_bound_missing(const struct km_policy_bound *bound, size_t number);
/* km_policy_is_timeless: whether no decision depends on the time: the same request is then answered in the same way for ever. */
bool km_policy_is_timeless(const struct km_policy_bound *bound);

/* ---- decide ---- */

enum km_policy_action {
    KM_POLICY_CONNECT = 0,
    KM_POLICY_PUBLISH,
    KM_POLICY_RETAIN_PUBLISH,
    KM_POLICY_SUBSCRIBE,
    KM_POLICY_RECEIVE,
    KM_POLICY_GET_THING_SHADOW,
    KM_POLICY_UPDATE_THING_SHADOW,
    KM_POLICY_DELETE_THING_SHADOW,
    KM_POLICY_LIST_NAMED_SHADOWS_FOR_THING,
    KM_POLICY_GET_RETAINED_MESSAGE,
    KM_POLICY_LIST_RETAINED_MESSAGES,
    KM_POLICY_DESCRIBE_JOB_EXECUTION,
    KM_POLICY_GET_PENDING_JOB_EXECUTIONS,
    KM_POLICY_START_NEXT_PENDING_JOB_EXECUTION,
    KM_POLICY_UPDATE_JOB_EXECUTION,
    KM_POLICY_ASSUME_ROLE_WITH_CERTIFICATE,
    KM_POLICY_GREENGRASS_DISCOVER,
    KM_POLICY_GREENGRASS_ASSUME_ROLE_FOR_GROUP,
    KM_POLICY_GREENGRASS_CREATE_CERTIFICATE,
    KM_POLICY_GREENGRASS_GET_DEPLOYMENT,
    KM_POLICY_GREENGRASS_GET_DEPLOYMENT_ARTIFACTS,
    KM_POLICY_GREENGRASS_UPDATE_CORE_DEPLOYMENT_STATUS,
    KM_POLICY_GREENGRASS_GET_CONNECTIVITY_INFO,
    KM_POLICY_GREENGRASS_UPDATE_CONNECTIVITY_INFO,
    KM_POLICY_N_ACTIONS,
};
/* km_policy_action_text: "iot:Connect", ...; static storage. */
const char *km_policy_action_text(enum km_policy_action action);
/* km_policy_action_find: the action with this name, case not minded; false when there is none. */
KM_MUST_USE bool km_policy_action_find(struct km_slice text, enum km_policy_action *ret);

/* What stands behind "arn:PARTITION:iot:REGION:ACCOUNT:" in the resource that is asked about. */
enum km_policy_resource {
    KM_POLICY_CLIENT = 0,   /* client/NAME */
    KM_POLICY_TOPIC,        /* topic/NAME */
    KM_POLICY_TOPIC_FILTER, /* topicfilter/NAME */
    KM_POLICY_THING,        /* thing/NAME; of a named shadow NAME is "thing name/shadow name" */
    KM_POLICY_ROLE_ALIAS,   /* rolealias/NAME */
    KM_POLICY_WHOLE,        /* NAME is the whole resource: an ARN, or "*" */
};

struct km_policy_request {
    enum km_policy_action action;
    enum km_policy_resource kind;
    struct km_slice name;
    int64_t now_s; /* Unix time, for conditions on the time */
};

enum km_policy_outcome {
    KM_POLICY_IMPLICIT_DENY = 0, /* no statement allows it */
    KM_POLICY_EXPLICIT_DENY,     /* a statement denies it */
    KM_POLICY_ALLOWED,
};
/* km_policy_outcome_text: "IMPLICIT_DENY", "EXPLICIT_DENY" or "ALLOWED", as TestAuthorization has it; static storage. */
const char *km_policy_outcome_text(enum km_policy_outcome outcome);

/* Which statement said so. Views, valid until bound is freed. */
struct km_policy_statement {
    size_t source;      /* which of km_policy_bind's sources */
    const char *policy; /* its name */
    size_t number;      /* of the statement, from 0 */
    const char *sid;    /* "" without one */
};

struct km_policy_decision {
    enum km_policy_outcome outcome;
    struct km_policy_statement by; /* not set for KM_POLICY_IMPLICIT_DENY: policy is NULL */
};

/*
 * km_policy_decide: the first Deny that fits, else the first Allow, in the order of sources and statements. A name that is not UTF-8,
 * or too long for KM_POLICY_RESOURCE_MAX with what stands before it, is denied implicitly. decision may be NULL. true: allowed.
 */
KM_MUST_USE bool km_policy_decide(const struct km_policy_bound *bound,
                                  const struct km_policy_request *request,
                                  struct km_policy_decision *decision);
/*
 * km_policy_explain: all statements that fit, those that deny first, for people and for TestAuthorization. Fills at most n of ret and
 * returns how many there are.
 */
struct km_policy_fit {
    bool denies;
    struct km_policy_statement by;
};
size_t km_policy_explain(const struct km_policy_bound *bound,
                         const struct km_policy_request *request, struct km_policy_fit *ret,
                         size_t n);

#endif
