/* SPDX-License-Identifier: Apache-2.0 */
/* One device's shadow over an MQTT connection: requests and their answers, and what the cloud wants changed. */
#ifndef SHADOW_H
#define SHADOW_H

#include "mqtt.h"
#include "state.h"
#include "tests.h"

#define SHADOW_TOPIC_MAX (IDENTITY_NAME_MAX + 64)

struct shadow {
    struct mqtt mqtt;
    const char *thing;
    unsigned int n_requests;
    char token[STATE_TOKEN_MAX + 1]; /* of the request that waits for its answer; "" none does */
    struct state_answer answer;
    struct state_answer delta; /* the newest that was not looked at; its delta -1: there is none */
};

/* shadow_open: a connection as the thing. 0, or -1 with a line on standard error; shadow_close is due either way. */
int shadow_open(struct shadow *shadow, const struct test_wish *wish);
/* shadow_subscribe: to ".../shadow/" and what follows it. 0, or -1 with a line on standard error. */
int shadow_subscribe(struct shadow *shadow, const char *what);
/* shadow_topic: the whole topic. */
void shadow_topic(const struct shadow *shadow, const char *what, char ret[SHADOW_TOPIC_MAX]);
/* shadow_update: sends a request to update one section. Takes fields. 0, or -1 with a line on standard error. */
int shadow_update(struct shadow *shadow, const char *section, json_t *fields);
/* shadow_get: asks for the whole document; as shadow_update. */
int shadow_get(struct shadow *shadow);
/* shadow_wait: until the request is answered: in shadow->answer, whose code is 0 unless it was refused. 0, or -1 with a line on standard error. */
int shadow_wait(struct shadow *shadow);
/* shadow_close: as mqtt_close. */
void shadow_close(struct shadow *shadow);

#endif
