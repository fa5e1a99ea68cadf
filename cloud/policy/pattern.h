/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts with wildcards. A km_text is what a policy says, split at wildcards and variables when the document is compiled; a
 * km_pattern is what that means for one connection. What a variable stands for is in a pattern only as octets to be equal to, so
 * nothing in it is a wildcard.
 */
#ifndef KM_CLOUD_POLICY_PATTERN_H
#define KM_CLOUD_POLICY_PATTERN_H

#include "cloud/common/arena.h"
#include "cloud/policy/key.h"

/* ---- as written ---- */

enum km_part_kind {
    KM_PART_LITERAL = 0,
    KM_PART_ANY_RUN, /* '*': any characters, none included */
    KM_PART_ANY_ONE, /* '?': one character */
    KM_PART_VARIABLE,
};

struct km_part {
    enum km_part_kind kind;
    struct km_slice literal;
    struct km_key key;
};

struct km_text {
    const struct km_part *parts;
    size_t n;
};

enum km_text_form {
    KM_TEXT_WILD = 0, /* '*' and '?' are wildcards */
    KM_TEXT_PLAIN,    /* they are themselves */
};

enum km_text_fault {
    KM_TEXT_OK = 0,
    KM_TEXT_UNCLOSED,         /* "${" without "}" */
    KM_TEXT_UNKNOWN_VARIABLE, /* not in docs/aws-compat.md */
    KM_TEXT_LIST_VARIABLE,    /* stands for several values */
    KM_TEXT_TIME_VARIABLE,    /* is known only when it is asked for */
    KM_TEXT_NO_MEMORY,        /* km_arena_status of the arena tells why */
};

/*
 * km_text_parse: source is UTF-8; the text keeps views of it, its parts are in the arena. "${*}", "${?}" and "${$}" stand for the
 * character.
 */
KM_MUST_USE enum km_text_fault km_text_parse(struct km_arena *arena, struct km_slice source,
                                             enum km_text_form form, struct km_text *ret);
/* km_text_fault_text: why, in lower case; static storage. */
const char *km_text_fault_text(enum km_text_fault fault);

/* ---- for one connection ---- */

/* What stands between two '*': octets, of which some may be '?'. */
struct km_run {
    const uint8_t *octets;
    const uint8_t *any_one; /* as many; 1 where '?' stands. NULL: nowhere */
    size_t len;
    size_t n_chars;
};

/* One run more than there are '*'. The first is at the start of what it fits, the last at its end. */
struct km_pattern {
    const struct km_run *runs;
    size_t n;
};

/*
 * km_variable_value: what a variable stands for: of at most KM_POLICY_VALUE_MAX octets of UTF-8 and without * $ + ? #. false when
 * there is no such value.
 */
KM_MUST_USE bool km_variable_value(const struct km_key *key,
                                   const struct km_policy_context *context, struct km_slice *ret);
/*
 * km_pattern_bind: *ret_bad is the first variable that has no value, and *ret then is not to be used; NULL when all have. Copies
 * all it needs to the arena. KM_E_LIMIT, KM_E_NOMEM: of the arena.
 */
km_status km_pattern_bind(struct km_err *err, struct km_arena *arena, const struct km_text *text,
                          const struct km_policy_context *context, struct km_pattern *ret,
                          const struct km_key **ret_bad);
/* km_pattern_matches: the whole of text. Both are UTF-8; '?' is one character, of however many octets. */
KM_MUST_USE bool km_pattern_matches(const struct km_pattern *pattern, struct km_slice text);

#endif
