/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the plugin's threads tell each other. The broker's thread must never wait, and only it may call the broker; so it hands
 * work to the scribe (who writes to the registry) and to the hub (who serves the bus), and finds answers in its inbox.
 *
 * A letter is one piece of memory with copies of everything in it; whoever took it frees it.
 */
#ifndef BROKER_LETTER_H
#define BROKER_LETTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/km_bytes.h"

enum letter_kind {
    /* To the scribe. */
    LETTER_CONTACT =
        1, /* payload: DER of a certificate that may not connect (yet); certificate, client, address, time_ms; flag: it was pending already */
    LETTER_RECORD, /* topic: kind of event; payload: reason; certificate or key, client, address; flag: success; time_ms */
    LETTER_SHADOW, /* topic, payload, hops, number, program: a request; topic was found to be one */
    LETTER_EXECUTION, /* the same, to the jobs of a thing */
    LETTER_RETAIN, /* topic, payload, qos, time_ms: what the broker retains; an empty payload: no longer */
    LETTER_REFRESH, /* client, certificate and payload (its DER), or key; number: of the connection. Answered by LETTER_FACTS */
    /* To the broker's thread. */
    LETTER_PUBLISH, /* topic, payload, qos, retain, hops, number, program; client and certificate: for that device alone */
    LETTER_COPY,    /* topic, payload, qos, retain: for clients alone */
    LETTER_KICK,    /* client or certificate */
    LETTER_FACTS, /* client, number; object: struct km_facts, or NULL: they could not be read now */
    LETTER_CHANGES,  /* object: struct changes */
    LETTER_WATCHES,  /* object: struct watches */
    LETTER_ANSWERED, /* topic: of a request to a shadow or to jobs that is done */
    LETTER_LOG,      /* payload: a line for the broker's log; qos: the level */
    /* To the hub. */
    LETTER_MESSAGE, /* topic, payload, qos, retain, hops, number, program, time_ms, client, certificate, address; flag: no request to a shadow or to jobs */
    /* To the broker's thread, and from it to the hub. */
    LETTER_ANSWER, /* topic, payload, qos, hops, number: what came of a request; program: that published it, 0: a device did */
};

struct letter {
    struct letter *next;
    enum letter_kind kind;
    /* Views of memory behind the letter; each ends in a NUL that does not count, so that ptr is a C string too. */
    struct km_slice topic, payload, client, certificate, key, address;
    uint8_t qos, hops;
    bool retain, flag;
    uint64_t number;
    uint64_t program; /* on the bus, as the hub numbers them; 0: none */
    int64_t time_ms;
    void *object;
    void (*object_free)(void *object);
    size_t size; /* octets of the letter in memory */
};

/* letter_new: a copy of `like` with its slices; takes like's object on success. NULL when memory is short. Returns owned. */
struct letter *letter_new(const struct letter *like);
void letter_free(struct letter *letter);
void letter_freep(struct letter **letter);
/* letter_text: a slice of a letter as a C string. */
const char *letter_text(struct km_slice part);

/* First in, first out, between threads. */
struct letterbox {
    pthread_mutex_t lock;
    struct letter *first, *last;
    atomic_bool has_any; /* so that who looks in vain, often, takes no lock */
    size_t n, size;
    size_t n_max, size_max;
    void (*wake)(void *arg); /* after each put, outside of the lock; must be safe on any thread */
    void *wake_arg;
};

void letterbox_init(struct letterbox *box, size_t n_max, size_t size_max, void (*wake)(void *arg),
                    void *wake_arg);
/* letterbox_clear: frees what is in it; nobody may use it any more. */
void letterbox_clear(struct letterbox *box);
/* letterbox_put: false when it is full; takes the letter on success. */
KM_MUST_USE bool letterbox_put(struct letterbox *box, struct letter *letter);
/* letterbox_put_always: over the bounds if need be, for what must not be lost and is bounded by what it answers. Takes the letter. */
void letterbox_put_always(struct letterbox *box, struct letter *letter);
/* letterbox_take: all letters, linked by next, the oldest first; NULL when there is none. Cheap when there is none. */
struct letter *letterbox_take(struct letterbox *box);

#endif
