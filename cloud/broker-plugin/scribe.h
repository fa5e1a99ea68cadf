/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin's second thread: everything that writes to the registry or reads more of it than a connect needs. A write waits for
 * other writers, for the disk or for a database server; on this thread that delays registrations, records and shadows, and never the
 * broker. What comes of it goes into the broker's inbox.
 *
 * It also follows the registry's feed of changes, and says what has changed.
 */
#ifndef BROKER_SCRIBE_H
#define BROKER_SCRIBE_H

#include "cloud/broker-plugin/letter.h"
#include "cloud/broker-plugin/settings.h"

#define SCRIBE_JOBS_MAX 16384
#define SCRIBE_OCTETS_MAX (64u * 1024 * 1024)

/* What has changed, in the order of commits. */
enum change_kind {
    CHANGE_CERTIFICATE,
    CHANGE_KEY,
    CHANGE_POLICY,
    CHANGE_THING,
    CHANGE_GROUP,
    CHANGE_TYPE
};
struct change {
    enum change_kind kind;
    char *id;
};
struct changes {
    bool is_everything; /* what has changed is not known */
    struct change *items;
    size_t n;
};
void changes_free(void *changes);

struct scribe;

/*
 * scribe_new: opens the registry and starts the thread; changes are told from this moment on. settings, inbox and
 * bell, a non-blocking eventfd that wakes the thread, are borrowed until scribe_free. Fails like km_registry_open. Returns owned.
 */
km_status scribe_new(struct km_err *err, const struct settings *settings, int bell,
                     struct letterbox *inbox, struct scribe **ret);
/* scribe_free: carries out what it was given, ends the thread and waits for that. NULL is allowed. */
void scribe_free(struct scribe *scribe);
/* scribe_ask: takes the letter. False, and the letter is freed, when too much waits. */
bool scribe_ask(struct scribe *scribe, struct letter *job);
/* scribe_is_fresh: whether the feed was read lately, so that what is not told has not changed. On any thread. */
bool scribe_is_fresh(const struct scribe *scribe);
/* scribe_records_info: whether what went well is recorded of anybody. On any thread. */
bool scribe_records_info(const struct scribe *scribe);
/* scribe_hint: the feed may have moved. On any thread. */
void scribe_hint(struct scribe *scribe);

#endif
