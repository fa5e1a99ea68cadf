/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the scribe share. All of it on the scribe's thread. */
#ifndef BROKER_SCRIBE_PRIVATE_H
#define BROKER_SCRIBE_PRIVATE_H

#include <jansson.h>
#include <stdatomic.h>

#include "cloud/admission/facts.h"
#include "cloud/admission/rate.h"
#include "cloud/admission/recording.h"
#include "cloud/broker-plugin/scribe.h"

/* A list of letters, the oldest first. */
struct letters {
    struct letter *first, *last;
    size_t n, size;
};

struct scribe {
    const struct settings *settings;
    struct letterbox *inbox;
    struct letterbox jobs;
    struct km_facts_reader reader;
    int bell; /* an eventfd; borrowed */
    pthread_t thread;
    bool is_started;
    atomic_bool is_over;
    atomic_bool is_hinted;
    atomic_int_fast64_t fresh_ms; /* when the feed was read to its end */
    int64_t generation;           /* of the feed, told so far */
    int64_t looked_ms;            /* when the feed was looked at */
    int64_t expired_ms;           /* when the time of jobs was looked at */
    bool has_job_events;          /* there may be some to tell of */
    int64_t warned_ms;            /* when a failure was logged */
    struct letters late;          /* records that can wait, to be written together */
    int64_t late_since_ms;        /* when the first of them came */
    bool is_batch;                /* a transaction of several jobs is open */
    struct letters told;          /* to be sent when it is committed */
    struct letters waiting;       /* contacts and refusals, until the registry can be written to */
    struct km_recording recording;
    bool is_recording_old; /* logging options may have changed */
    atomic_bool records_info;
    struct km_rate refusals;
    uint64_t n_skipped; /* refusals that were not recorded */
};

int64_t scribe_now_ms(void); /* since 1970 */
/* scribe_warn: a failure for the broker's log, at most one in ten seconds. */
void scribe_warn(struct scribe *scribe, const char *what, const char *why);
/* scribe_send: into the broker's inbox. */
void scribe_send(struct scribe *scribe, const struct letter *like);

/* scribe_tell: the same, but only once what was written before is committed. */
void scribe_tell(struct scribe *scribe, const struct letter *like);

/* What is recorded of a client. */
struct record {
    const char *kind;
    bool is_success;
    bool is_routine; /* a connect that went well, and no registration */
    int64_t time_ms;
    const struct letter *client; /* client, certificate, address */
    const char *reason;
};
/* scribe_record: unless the logging options leave it out. */
void scribe_record(struct scribe *scribe, const struct record *record);
/* scribe_read_logging: what the account's logging options say from now on. */
void scribe_read_logging(struct scribe *scribe);

/* contact_take: a certificate that may not connect: whether it is to be registered, and what to tell of it. */
void contact_take(struct scribe *scribe, const struct letter *contact);
/* shadow_take: a request to a shadow. */
void shadow_take(struct scribe *scribe, const struct letter *request);
/* execution_take: a request to a thing's jobs. */
void execution_take(struct scribe *scribe, const struct letter *request);
/* execution_changes: tells devices of what the feed says about their jobs; whether it said anything. */
struct km_registry_change_list;
bool execution_changes(struct scribe *scribe, const struct km_registry_change_list *list);
/* execution_tick: what is due of jobs, now and then, and what there is to tell of them. */
void execution_tick(struct scribe *scribe, int64_t now_ms);
/* job_events_publish: some of the events of jobs that nobody has told of. */
void job_events_publish(struct scribe *scribe);
/* scribe_publish_json: takes the message; NULL: memory was short. job: the request that it answers; NULL: none. */
void scribe_publish_json(struct scribe *scribe, const struct letter *job, const char *topic,
                         json_t *message);
/* feed_look: reads what has changed and tells the broker; false when that could not be done, or is not yet done. */
bool feed_look(struct scribe *scribe);

#endif
