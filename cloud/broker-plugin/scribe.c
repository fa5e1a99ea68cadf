/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/scribe.h"

#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cloud/admission/registration.h"
#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/registry/registry_change.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_retained.h"

#define ARENA_MAX (8u * 1024 * 1024)
#define WARN_EVERY_MS 10000
#define FRESH_MS 1000    /* how much later than it should be the feed may have been looked at */
#define LATE_MS 1000     /* connects that went well are recorded a second late, */
#define LATE_MAX 1000    /* or when so many have come */
#define TOGETHER_MAX 500 /* jobs of one transaction: others wait for it */
#define MS_PER_S 1000
#define NS_PER_MS 1000000

int64_t scribe_now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

void scribe_send(struct scribe *scribe, const struct letter *like)
{
    struct letter *letter = letter_new(like);
    if (letter != NULL)
        letterbox_put_always(scribe->inbox, letter);
    else if (like->object != NULL)
        like->object_free(like->object);
}

static void letters_put(struct letters *letters, struct letter *letter)
{
    letter->next = NULL;
    if (letters->last != NULL)
        letters->last->next = letter;
    else
        letters->first = letter;
    letters->last = letter;
    letters->n++;
    letters->size += letter->size;
}

/* The first one off the list; NULL when there is none. */
static struct letter *letters_take(struct letters *letters)
{
    struct letter *letter = letters->first;
    if (letter == NULL)
        return NULL;
    letters->first = letter->next;
    if (letters->first == NULL)
        letters->last = NULL;
    letters->n--;
    letters->size -= letter->size;
    return letter;
}

static void letters_clear(struct letters *letters)
{
    struct letter *letter = letters_take(letters);
    for (; letter != NULL; letter = letters_take(letters))
        letter_free(letter);
}

void scribe_tell(struct scribe *scribe, const struct letter *like)
{
    struct letter *letter = scribe->is_batch ? letter_new(like) : NULL;
    if (letter != NULL)
        letters_put(&scribe->told, letter);
    else if (!scribe->is_batch)
        scribe_send(scribe, like);
}

void scribe_warn(struct scribe *scribe, const char *what, const char *why)
{
    char line[KM_ERR_TEXT_MAX + 64] = "";
    int64_t now_ms = scribe_now_ms();
    if (scribe->warned_ms != 0 && now_ms - scribe->warned_ms < WARN_EVERY_MS)
        return;
    scribe->warned_ms = now_ms;
    (void)snprintf(line, sizeof(line), "%s: %s", what, why);
    scribe_send(scribe, &(struct letter){.kind = LETTER_LOG,
                                         .payload = KM_SLICE_STR(line),
                                         .qos = MOSQ_LOG_WARNING});
}

void scribe_read_logging(struct scribe *scribe)
{
    km_status status =
        km_recording_read(scribe->reader.registry, scribe->settings->account, &scribe->recording);
    scribe->is_recording_old = status != KM_OK; /* then tried again at the next look at the feed */
    if (status != KM_OK)
        scribe_warn(scribe, "can't read the logging options",
                    km_registry_err(scribe->reader.registry)->text);
    atomic_store(&scribe->records_info,
                 km_recording_has_info(&scribe->recording, scribe->settings->records_all));
}

bool scribe_records_info(const struct scribe *scribe)
{
    return atomic_load(&scribe->records_info);
}

static const char *text_or_null(struct km_slice part)
{
    return part.len > 0 ? letter_text(part) : NULL;
}

static bool is_wanted(struct scribe *scribe, const struct record *record)
{
    const struct km_recorded what = {.client = text_or_null(record->client->client),
                                     .certificate = text_or_null(record->client->certificate),
                                     .key = text_or_null(record->client->key),
                                     .address = text_or_null(record->client->address),
                                     .is_routine = record->is_routine};
    return km_recording_wants(&scribe->recording, scribe->reader.registry,
                              scribe->settings->account, &what);
}

void scribe_record(struct scribe *scribe, const struct record *record)
{
    const struct letter *client = record->client;
    if (!is_wanted(scribe, record))
        return;
    if (!record->is_success &&
        !km_rate_use(&scribe->refusals, KM_REFUSALS_PER_S, 1, scribe_now_ms())) {
        char why[32] = "";
        (void)snprintf(why, sizeof(why), "%llu", (unsigned long long)++scribe->n_skipped);
        scribe_warn(scribe, "refusals that were not recorded, there are too many", why);
        return;
    }
    const struct km_registry_event event = {
        .time_ms = record->time_ms,
        .account = scribe->settings->account,
        .kind = record->kind,
        .is_success = record->is_success,
        .client_id = text_or_null(client->client),
        .certificate_id = text_or_null(client->certificate),
        .principal = text_or_null(client->key),
        .address = text_or_null(client->address),
        .reason = record->reason,
    };
    if (km_registry_event_add(scribe->reader.registry, &event) != KM_OK)
        scribe_warn(scribe, "can't record an event",
                    km_registry_err(scribe->reader.registry)->text);
}

static km_status read_again(struct km_err *err, struct scribe *scribe, const struct letter *job,
                            struct km_facts **ret)
{
    const char *certificate = letter_text(job->certificate);
    if (job->key.len > 0)
        return km_facts_read_key(err, &scribe->reader, letter_text(job->key), scribe_now_ms(), ret);
    KM_AUTO(km_facts_freep) struct km_facts *facts = NULL;
    KM_TRY(km_facts_read_state(err, &scribe->reader, certificate, &facts));
    if (facts->is_known && facts->status == KM_CERTIFICATE_ACTIVE) {
        KM_TRY(km_facts_read_rights(err, &scribe->reader, certificate, letter_text(job->client),
                                    facts));
        KM_TRY(km_cert_values_read(err, job->payload, &facts->values));
    }
    *ret = km_steal(&facts);
    return KM_OK;
}

static void free_facts(void *facts)
{
    km_facts_free(facts);
}

static void refresh(struct scribe *scribe, const struct letter *job)
{
    struct km_err err = {0};
    struct km_facts *facts = NULL;
    km_status status = read_again(&err, scribe, job, &facts);
    if (status != KM_OK)
        scribe_warn(scribe, "can't refresh what a device may do", err.text);
    scribe_send(scribe, &(struct letter){.kind = LETTER_FACTS,
                                         .client = job->client,
                                         .number = job->number,
                                         .flag = status == KM_E_MALFORMED || status == KM_E_LIMIT,
                                         .payload = KM_SLICE_STR(err.text),
                                         .object = facts,
                                         .object_free = free_facts});
}

static void retain(struct scribe *scribe, const struct letter *job)
{
    const struct km_registry_retained message = {.topic = letter_text(job->topic),
                                                 .payload = job->payload,
                                                 .qos = job->qos > 0,
                                                 .modified_ms = job->time_ms};
    if (km_registry_retained_put(scribe->reader.registry, scribe->settings->account, &message) !=
        KM_OK)
        scribe_warn(scribe, "can't keep a copy of a retained message",
                    km_registry_err(scribe->reader.registry)->text);
}

static void do_job(struct scribe *scribe, const struct letter *job)
{
    switch (job->kind) {
    case LETTER_CONTACT:
        contact_take(scribe, job);
        return;
    case LETTER_RECORD:
        scribe_record(scribe, &(struct record){.kind = letter_text(job->topic),
                                               .is_success = job->flag,
                                               .is_routine = job->flag,
                                               .time_ms = job->time_ms,
                                               .client = job,
                                               .reason = letter_text(job->payload)});
        return;
    case LETTER_SHADOW:
        shadow_take(scribe, job);
        return;
    case LETTER_RETAIN:
        retain(scribe, job);
        return;
    case LETTER_EXECUTION:
        execution_take(scribe, job);
        return;
    case LETTER_REFRESH:
        refresh(scribe, job);
        return;
    case LETTER_PUBLISH:
    case LETTER_COPY:
    case LETTER_ANSWER:
    case LETTER_KICK:
    case LETTER_FACTS:
    case LETTER_CHANGES:
    case LETTER_WATCHES:
    case LETTER_ANSWERED:
    case LETTER_LOG:
    case LETTER_MESSAGE:
        return;
    }
}

static void commit(struct scribe *scribe)
{
    struct letter *job = NULL;
    scribe->is_batch = false;
    if (km_registry_commit(scribe->reader.registry) != KM_OK) {
        /* Nothing was registered and nobody told: the devices come again. */
        scribe_warn(scribe, "can't write to the registry",
                    km_registry_err(scribe->reader.registry)->text);
        letters_clear(&scribe->told);
        return;
    }
    for (job = letters_take(&scribe->told); job != NULL; job = letters_take(&scribe->told))
        letterbox_put_always(scribe->inbox, job);
}

/* Jobs in one transaction, as each commit waits for the disk. While none can be begun they stay where they are. */
static void do_together(struct scribe *scribe, struct letters *jobs)
{
    struct letter *job = NULL;
    if (jobs->n == 0)
        return;
    if (km_registry_begin(scribe->reader.registry) != KM_OK) {
        scribe_warn(scribe, "can't write to the registry",
                    km_registry_err(scribe->reader.registry)->text);
        while (jobs->n > SCRIBE_JOBS_MAX || jobs->size > SCRIBE_OCTETS_MAX)
            letter_free(letters_take(jobs));
        return;
    }
    scribe->is_batch = true;
    for (job = letters_take(jobs); job != NULL; job = letters_take(jobs)) {
        do_job(scribe, job);
        letter_free(job);
    }
    commit(scribe);
}

static void put_late(struct scribe *scribe, struct letter *job)
{
    if (scribe->late.n == 0)
        scribe->late_since_ms = scribe_now_ms();
    letters_put(&scribe->late, job);
}

/* Contacts, refusals and retained messages come in crowds. */
static bool goes_together(const struct letter *job)
{
    return job->kind == LETTER_CONTACT || job->kind == LETTER_RETAIN ||
           (job->kind == LETTER_RECORD && !job->flag);
}

static void do_jobs(struct scribe *scribe)
{
    struct letters *together = &scribe->waiting;
    struct letter *job = letterbox_take(&scribe->jobs);
    while (job != NULL) {
        struct letter *next = job->next;
        if (goes_together(job)) {
            letters_put(together, job);
        } else if (job->kind == LETTER_RECORD) {
            put_late(scribe, job);
        } else {
            do_job(scribe, job);
            letter_free(job);
        }
        if (together->n % TOGETHER_MAX == 0)
            do_together(scribe, together);
        job = next;
    }
    do_together(scribe, together);
}

/* How long the oldest record that waits may wait further. */
static int64_t late_rest_ms(const struct scribe *scribe)
{
    int64_t age_ms = scribe_now_ms() - scribe->late_since_ms;
    if (scribe->late.n == 0)
        return LATE_MS;
    return scribe->late.n >= LATE_MAX || age_ms < 0 || age_ms >= LATE_MS ? 0 : LATE_MS - age_ms;
}

static void rest(struct scribe *scribe)
{
    uint64_t count = 0;
    int64_t wait_ms = scribe->settings->feed_ms;
    if (scribe->late.n > 0 && late_rest_ms(scribe) < wait_ms)
        wait_ms = late_rest_ms(scribe);
    struct pollfd fds[] = {{.fd = scribe->bell, .events = POLLIN},
                           {.fd = km_registry_hint_fd(scribe->reader.registry), .events = POLLIN}};
    (void)poll(fds, KM_ARRAY_LEN(fds), (int)wait_ms);
    (void)!read(scribe->bell, &count, sizeof(count));
    if ((fds[1].revents & POLLIN) != 0 && km_registry_hint(scribe->reader.registry))
        atomic_store(&scribe->is_hinted, true);
}

static void *run(void *arg)
{
    struct scribe *scribe = arg;
    bool is_over = false;
    while (!is_over) {
        is_over = atomic_load(&scribe->is_over);
        do_jobs(scribe);
        if (is_over || late_rest_ms(scribe) == 0)
            do_together(scribe, &scribe->late);
        int64_t now_ms = scribe_now_ms();
        execution_tick(scribe, now_ms);
        if (atomic_exchange(&scribe->is_hinted, false) ||
            now_ms - scribe->looked_ms >= scribe->settings->feed_ms || now_ms < scribe->looked_ms) {
            scribe->looked_ms = now_ms;
            if (feed_look(scribe))
                atomic_store(&scribe->fresh_ms, now_ms);
            if (scribe->is_recording_old)
                scribe_read_logging(scribe);
        }
        if (!is_over)
            rest(scribe);
    }
    return NULL;
}

static void wake(void *arg)
{
    const struct scribe *scribe = arg;
    const uint64_t one = 1;
    (void)!write(scribe->bell, &one, sizeof(one));
}

void scribe_hint(struct scribe *scribe)
{
    atomic_store(&scribe->is_hinted, true);
    wake(scribe);
}

bool scribe_is_fresh(const struct scribe *scribe)
{
    int64_t age_ms = scribe_now_ms() - atomic_load(&scribe->fresh_ms);
    return age_ms >= 0 && age_ms <= (int64_t)scribe->settings->feed_ms + FRESH_MS;
}

bool scribe_ask(struct scribe *scribe, struct letter *job)
{
    if (letterbox_put(&scribe->jobs, job))
        return true;
    letter_free(job);
    return false;
}

static km_status start(struct km_err *err, struct scribe *scribe)
{
    const struct km_registry_config config = {.url = scribe->settings->registry,
                                              .timeout_ms = scribe->settings->write_timeout_ms};
    sigset_t all, before;
    scribe->reader.account = scribe->settings->account;
    scribe->reader.arena = km_arena_new(ARENA_MAX);
    if (scribe->reader.arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "the scribe");
    KM_TRY(km_registry_open(err, &config, &scribe->reader.registry));
    km_status status = km_registry_generation(scribe->reader.registry, &scribe->generation);
    if (status != KM_OK)
        return KM_FAIL(err, status, "can't read the registry: %s",
                       km_registry_err(scribe->reader.registry)->text);
    scribe_read_logging(scribe);
    /* Signals are the broker's own. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&scribe->thread, NULL, run, scribe);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return KM_FAIL_NATIVE(err, KM_E_IO, KM_LAYER_ERRNO, rc, "can't start the scribe");
    scribe->is_started = true;
    return KM_OK;
}

km_status scribe_new(struct km_err *err, const struct settings *settings, int bell,
                     struct letterbox *inbox, struct scribe **ret)
{
    struct scribe *scribe = calloc(1, sizeof(*scribe));
    if (scribe == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "the scribe");
    scribe->settings = settings;
    scribe->inbox = inbox;
    scribe->bell = bell;
    letterbox_init(&scribe->jobs, SCRIBE_JOBS_MAX, SCRIBE_OCTETS_MAX, wake, scribe);
    km_status status = start(err, scribe);
    if (status != KM_OK) {
        scribe_free(scribe);
        return status;
    }
    *ret = scribe;
    return KM_OK;
}

void scribe_free(struct scribe *scribe)
{
    if (scribe == NULL)
        return;
    if (scribe->is_started) {
        atomic_store(&scribe->is_over, true);
        wake(scribe);
        (void)pthread_join(scribe->thread, NULL);
    }
    letterbox_clear(&scribe->jobs);
    letters_clear(&scribe->waiting);
    letters_clear(&scribe->late);
    km_recording_clear(&scribe->recording);
    km_shelf_clear(&scribe->reader.shelf);
    km_registry_close(scribe->reader.registry);
    km_arena_free(scribe->reader.arena);
    free(scribe);
}
