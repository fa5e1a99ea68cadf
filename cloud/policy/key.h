/* SPDX-License-Identifier: Apache-2.0 */
/* Names of what a policy can ask for, "iot:ClientId" and so on: parsed once, looked up in a context later. */
#ifndef KM_CLOUD_POLICY_KEY_H
#define KM_CLOUD_POLICY_KEY_H

#include "cloud/policy/policy.h"

enum km_key_kind {
    KM_KEY_PLAIN = 0,    /* a value of the context, by enum km_policy_key */
    KM_KEY_ATTRIBUTE,    /* iot:Connection.Thing.Attributes[name] */
    KM_KEY_CURRENT_TIME, /* aws:CurrentTime */
    KM_KEY_EPOCH_TIME,   /* aws:EpochTime */
};

struct km_key {
    enum km_key_kind kind;
    enum km_policy_key plain;
    bool is_list;              /* all values: .List, and keys that are lists by nature */
    size_t index;              /* which value else */
    struct km_slice attribute; /* its name */
    struct km_slice text;      /* as written */
};

/* km_key_parse: case is not minded but in the name of an attribute. Returns views of text. */
KM_MUST_USE bool km_key_parse(struct km_slice text, struct km_key *ret);
/* km_key_text: the name of a plain key, e.g. "iot:Certificate.Subject.CommonName"; static storage. */
const char *km_key_text(enum km_policy_key plain);
/*
 * km_key_values: its values in a context, as views of it. n is 0 when it has none. Not for the time. Values that are not UTF-8
 * are still among them.
 */
struct km_policy_values km_key_values(const struct km_key *key,
                                      const struct km_policy_context *context);

/* km_text_equal_nocase: ASCII letters alike in both cases. */
bool km_text_equal_nocase(struct km_slice a, struct km_slice b);
/* km_octet_is_one_of: one of the characters of set; NUL is none. */
bool km_octet_is_one_of(uint8_t octet, const char *set);

#endif
