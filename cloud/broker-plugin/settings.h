/* SPDX-License-Identifier: Apache-2.0 */
/* What the lines "plugin_opt_NAME VALUE" of the broker's configuration say. */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include <sys/types.h>

#include "common/km_status.h"

struct mosquitto_opt;

/* 0: no bound. */
struct limits {
    unsigned connects_per_s;        /* of all devices together */
    unsigned client_connects_per_s; /* with one client id */
    /* of one connection: */
    unsigned publishes_per_s;
    unsigned octets_per_s;     /* of payloads published */
    unsigned subscriptions;    /* that it has at one time */
    unsigned subscribes_per_s; /* filters in its SUBSCRIBE and UNSUBSCRIBE packets */
};

struct settings {
    const char *registry; /* url of the registry; needed */
    const char *account;  /* 12 digits; needed */
    const char *region;   /* needed */
    const char *partition;
    const char *bus;   /* path of the bus; NULL: none */
    const char *local; /* path of a listener whose clients may do everything; NULL: none */
    const char *
        websocket; /* path of a listener whose clients are introduced to it by who let them in; NULL: none */
    gid_t bus_group; /* (gid_t)-1: the broker's own */
    unsigned
        read_timeout_ms; /* how long the broker's thread may wait for the registry, at one connect */
    unsigned write_timeout_ms; /* how long the scribe may */
    unsigned feed_ms;          /* how often the registry's changes are looked at without a hint */
    unsigned session_s;        /* how long a session without a connection is remembered */
    unsigned
        remembered; /* how many devices that have gone are remembered, for when they come again */
    struct limits limits;
    bool allows_qos2;
    bool hands_out;    /* retained messages also to who subscribes with wildcards */
    bool tells_denied; /* a denied iot:Connect gets CONNACK 5; otherwise the connection is closed */
    bool records_all;  /* connects that were accepted too, not only refusals and registrations */
};

/*
 * settings_read: what is not given has its default. KM_E_ARG with a sentence for an unknown name, a bad value or a missing
 * one. Texts are borrowed from opts.
 */
km_status settings_read(struct km_err *err, const struct mosquitto_opt *opts, int n_opts,
                        struct settings *ret);

#endif
