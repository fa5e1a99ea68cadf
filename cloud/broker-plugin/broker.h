/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin's part of the broker's own thread. Nothing here waits, but for the registry on a connect, and for that at most
 * read_timeout_ms; while the registry does not answer connects are refused without asking it.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "cloud/admission/facts.h"
#include "cloud/broker-plugin/access.h"
#include "cloud/broker-plugin/conn.h"
#include "cloud/broker-plugin/desk.h"
#include "cloud/broker-plugin/hub.h"
#include "cloud/broker-plugin/inflight.h"
#include "cloud/broker-plugin/presence.h"
#include "cloud/broker-plugin/scribe.h"

struct mosquitto;
struct mosquitto_evt_acl_check;
struct mosquitto_evt_message;

struct broker {
    struct settings settings;
    struct desk *desk;             /* where whatever has files open is made, used and freed */
    struct km_facts_reader reader; /* used on the desk */
    struct scribe *scribe;
    struct hub *hub; /* NULL: no bus */
    struct letterbox inbox;
    pthread_t thread; /* the broker's */
    struct conns conns;
    /* Has subscribed with a wildcard just now: what comes to it next may be what was retained. To be compared alone. */
    const struct conn *wild;
    struct km_rate connects;
    struct inflight inflight;      /* to shadows */
    struct inflight inflight_jobs; /* and to jobs */
    struct watches *watches;       /* of the bus's programs; NULL: none */
    size_t n_stale;                /* connections that are stale and not asked about */
    int64_t ask_again_ms;          /* not before that: the registry could not be read */
    int64_t last_number;           /* that a connection got */
    int64_t closed_until_ms;       /* the registry did not answer: not asked before that */
    uint64_t n_dropped;            /* jobs for the scribe that there was no room for */
    int64_t warned_ms;
};

/* broker_new: settings' texts are borrowed. Fails like the registry and the bus do. Returns owned. */
km_status broker_new(struct km_err *err, const struct settings *settings, struct broker **ret);
void broker_free(struct broker *broker);

/* Each answers what the broker's callback is to return. */
int broker_authenticate(struct broker *broker, struct mosquitto *client);
int broker_authorise(struct broker *broker, const struct mosquitto_evt_acl_check *event);
int broker_message(struct broker *broker, const struct mosquitto_evt_message *event);
void broker_disconnected(struct broker *broker, const struct mosquitto *client);
/* broker_turn: what has come in, and who has gone. */
void broker_turn(struct broker *broker);

/* For the files of the broker's thread. */

int64_t broker_now_ms(void);
/* broker_publish: to the broker's clients, and where else a message goes. */
struct outgoing {
    const char *topic;
    struct km_slice payload;
    int qos;
    bool retain;
    bool is_served; /* a request to a shadow or to jobs that was served already */
    uint8_t hops;
    uint64_t number, program; /* of who published it on the bus */
};
void broker_publish(struct broker *broker, const struct outgoing *message);
/* broker_tell_answer: what came of a request: as broker_publish, and to the program that asked. */
void broker_tell_answer(struct broker *broker, const struct outgoing *message);
/* broker_answer: to this client alone, which has to be allowed to receive it, and to nothing beside the broker. */
void broker_answer(struct broker *broker, struct conn *conn, const struct outgoing *message);
/* broker_presence: publishes an event; frees its payload. */
void broker_presence(struct broker *broker, struct presence *event);
/* broker_hears: whether broker_spread would do anything with a message to this topic. */
bool broker_hears(const struct broker *broker, struct km_slice topic, bool retain);
/* broker_spread: hands a message to the bus, to the shadows or jobs if it is for them, and to who keeps what is retained. */
void broker_spread(struct broker *broker, const struct letter *message);
/* broker_ask: gives a job to the scribe; one that there is no room for is counted and logged. */
bool broker_ask(struct broker *broker, const struct letter *job);
/* broker_record: an event of the registry, about a client. */
struct note {
    const char *kind;
    bool is_success;
    const char *reason;
    const char *client, *certificate, *address;
    const char *key; /* NULL: it did not come by an access key */
};
void broker_record(struct broker *broker, const struct note *note);
/* broker_note: what is said of each event of this client. */
struct note broker_note(const struct conn *conn, const char *kind, const char *reason);
/* broker_kick: ends a connection; it is remembered why. */
void broker_kick(struct conn *conn, enum ending ending, bool with_will);

#endif
