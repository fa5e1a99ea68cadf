/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that may not connect (yet): cloud/admission decides, the scribe writes and tells. */
#include <string.h>

#include "cloud/admission/registration.h"
#include "cloud/broker-plugin/scribe_private.h"

struct job {
    struct scribe *scribe;
    const struct letter *letter;
};

static int64_t now_ms(void *arg)
{
    (void)arg;
    return scribe_now_ms();
}

static void record(void *arg, const struct km_contact *contact,
                   const struct km_contact_record *record)
{
    const struct job *job = arg;
    scribe_record(job->scribe, &(struct record){.kind = record->kind,
                                                .is_success = record->is_success,
                                                .time_ms = contact->time_ms,
                                                .client = job->letter,
                                                .reason = record->reason});
}

static void tell(void *arg, const char *topic, const char *payload)
{
    const struct job *job = arg;
    scribe_tell(job->scribe, &(struct letter){.kind = LETTER_PUBLISH,
                                              .topic = KM_SLICE_STR(topic),
                                              .payload = KM_SLICE_STR(payload),
                                              .qos = 1});
}

static void warn(void *arg, const char *what, const char *why)
{
    const struct job *job = arg;
    scribe_warn(job->scribe, what, why);
}

void contact_take(struct scribe *scribe, const struct letter *letter)
{
    struct job job = {.scribe = scribe, .letter = letter};
    const struct km_registrar registrar = {.registry = scribe->reader.registry,
                                           .arena = scribe->reader.arena,
                                           .account = scribe->settings->account,
                                           .now_ms = now_ms,
                                           .record = record,
                                           .tell = tell,
                                           .warn = warn,
                                           .arg = &job};
    const struct km_contact contact = {.der = letter->payload,
                                       .certificate = letter_text(letter->certificate),
                                       .client = letter_text(letter->client),
                                       .address = letter_text(letter->address),
                                       .time_ms = letter->time_ms,
                                       .was_pending = letter->flag};
    km_registrar_take(&registrar, &contact);
}
