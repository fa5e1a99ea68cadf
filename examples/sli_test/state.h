/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of a device's shadow, as far as an LED needs them: read with bounds, written for requests. No I/O. */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define STATE_LED "led_state"
#define STATE_DOCUMENT_MAX 131072 /* octets; the most that a message has */
#define STATE_TOKEN_MAX 64
#define STATE_MESSAGE_MAX 256

/* What an answer or a delta says; led states are 0 or 1, or -1 where the document has none that is one of these. */
struct state_answer {
    int desired, reported;
    int delta;       /* of a document whose state is the difference itself */
    int64_t version; /* -1: none */
    int code;        /* of a refusal; 0: none */
    char message[STATE_MESSAGE_MAX +
                 1]; /* of a refusal, cut, with "?" for what would move a terminal */
    char
        token[STATE_TOKEN_MAX + 1]; /* "" where there is none, or a longer one, or one with a NUL */
};

/* state_parse: 0, or -1: not one JSON object of at most STATE_DOCUMENT_MAX octets. */
int state_parse(const char *json, size_t length, struct state_answer *ret);
/* state_update: a request to update one section, "desired" or "reported". Takes fields. Returns owned, free(); NULL: no memory. */
char *state_update(const char *section, json_t *fields, const char *token);
/* state_get: a request for the whole document; as state_update. */
char *state_get(const char *token);

#endif
