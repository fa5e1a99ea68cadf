/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MQTT topic names and topic filters (MQTT 3.1.1, 4.7) within the limits of AWS IoT. Pure functions on bytes; nothing is
 * allocated and nothing is kept.
 */
#ifndef KM_CLOUD_TOPIC_H
#define KM_CLOUD_TOPIC_H

#include "cloud/common/limits.h"
#include "common/km_bytes.h"

#define KM_TOPIC_MAX 256u                   /* octets of a name or a filter */
#define KM_TOPIC_SLASHES_MAX 7u             /* so eight levels */
#define KM_TOPIC_BASIC_INGEST "$aws/rules/" /* what follows up to the next slash names a rule */
#define KM_CLIENT_ID_MAX 128u               /* octets */

enum km_topic_fault {
    KM_TOPIC_OK = 0,
    KM_TOPIC_EMPTY,
    KM_TOPIC_TOO_LONG, /* more than KM_TOPIC_MAX octets */
    KM_TOPIC_TOO_DEEP, /* more than KM_TOPIC_SLASHES_MAX slashes */
    KM_TOPIC_NOT_UTF8, /* or with a NUL */
    KM_TOPIC_WILDCARD, /* + or # in a name, or in a filter where none may stand */
};

/*
 * km_topic_name_check: whether it is a topic that a message can have. "$aws/rules/NAME/" in front counts for neither limit
 * (see km_topic_rule_of).
 */
KM_MUST_USE enum km_topic_fault km_topic_name_check(struct km_slice name);
/* km_topic_filter_check: whether it is a filter that a client can subscribe to or a rule can have. */
KM_MUST_USE enum km_topic_fault km_topic_filter_check(struct km_slice filter);
/* km_topic_fault_text: a few words in lower case, e.g. "longer than 256 octets"; static storage. */
const char *km_topic_fault_text(enum km_topic_fault fault);
/* km_client_id_check: UTF-8 of 1 to KM_CLIENT_ID_MAX octets without NUL. */
KM_MUST_USE bool km_client_id_check(struct km_slice client_id);

/*
 * km_topic_filter_matches: whether a message with this topic name is one for this filter, both checked before. As with AWS IoT,
 * "a/#" does not match "a" (MQTT 3.1.1 has it match), and a filter that begins with a wildcard matches no name that begins
 * with $.
 */
KM_MUST_USE bool km_topic_filter_matches(struct km_slice filter, struct km_slice name);

/* km_topic_skip: takes a fixed text off the front of a topic; false, with nothing taken, when it does not begin so. */
KM_MUST_USE bool km_topic_skip(struct km_slice *topic, const char *text);
/* km_topic_level: takes what stands before the next slash off the front, all of it where there is none; the slash stays. A view. */
struct km_slice km_topic_level(struct km_slice *topic);

/*
 * km_topic_rule_of: a Basic Ingest topic "$aws/rules/NAME/REST" taken apart: returns views of NAME and REST, neither empty.
 * false when it is none.
 */
KM_MUST_USE bool km_topic_rule_of(struct km_slice topic, struct km_slice *ret_rule,
                                  struct km_slice *ret_rest);

#endif
