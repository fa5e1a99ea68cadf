/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/common/topic.h"

static size_t octets_of(const struct km_inbox_message *message)
{
    return message->topic.len + message->client_id.len + message->payload.len;
}

static void drop_oldest(struct km_inbox *inbox)
{
    struct km_inbox_message *oldest = &inbox->ring[inbox->first];
    inbox->n_octets -= octets_of(oldest);
    free((void *)(uintptr_t)oldest->topic.ptr); /* the block that holds all three */
    *oldest = (struct km_inbox_message){0};
    inbox->first = (inbox->first + 1) % KM_INBOX_MESSAGES_MAX;
    inbox->n--;
}

void km_inbox_clear(struct km_inbox *inbox)
{
    while (inbox->n > 0)
        drop_oldest(inbox);
    for (size_t i = 0; i < inbox->n_filters; i++)
        free(inbox->filters[i]);
    *inbox = (struct km_inbox){0};
}

static size_t place_of(const struct km_inbox *inbox, const char *filter)
{
    size_t i = 0;
    while (i < inbox->n_filters && strcmp(inbox->filters[i], filter) != 0)
        i++;
    return i;
}

km_status km_inbox_subscribe(struct km_err *err, struct km_inbox *inbox, const char *filter)
{
    enum km_topic_fault fault = km_topic_filter_check(KM_SLICE_STR(filter));
    if (fault != KM_TOPIC_OK)
        return KM_FAIL(err, KM_E_ARG, "the topic filter is not good: %s",
                       km_topic_fault_text(fault));
    if (place_of(inbox, filter) < inbox->n_filters)
        return KM_OK;
    if (inbox->n_filters == KM_INBOX_FILTERS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "more than %d subscriptions", KM_INBOX_FILTERS_MAX);
    char *copy = strdup(filter);
    if (copy == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "subscription");
    inbox->filters[inbox->n_filters++] = copy;
    return KM_OK;
}

km_status km_inbox_unsubscribe(struct km_err *err, struct km_inbox *inbox, const char *filter)
{
    size_t i = place_of(inbox, filter);
    if (i == inbox->n_filters)
        return KM_FAIL(err, KM_E_NOTFOUND, "there is no such subscription");
    free(inbox->filters[i]);
    for (; i + 1 < inbox->n_filters; i++)
        inbox->filters[i] = inbox->filters[i + 1];
    inbox->filters[--inbox->n_filters] = NULL;
    return KM_OK;
}

static bool wants(const struct km_inbox *inbox, struct km_slice topic)
{
    for (size_t i = 0; i < inbox->n_filters; i++) {
        if (km_topic_filter_matches(KM_SLICE_STR(inbox->filters[i]), topic))
            return true;
    }
    return false;
}

/* copy: into *at, which moves on. */
static struct km_slice copy(uint8_t **at, struct km_slice from)
{
    struct km_slice ret = KM_SLICE(*at, from.len);
    km_copy(*at, from.len, from.ptr, from.len);
    *at += from.len;
    return ret;
}

bool km_inbox_put(struct km_inbox *inbox, const struct km_bus_frame *frame)
{
    size_t len = frame->topic.len + frame->client_id.len + frame->payload.len;
    if (!wants(inbox, frame->topic))
        return false;
    inbox->last++; /* also one that there is no memory for is a lost one */
    uint8_t *at = malloc(len);
    if (at == NULL)
        return false;
    while (inbox->n > 0 &&
           (inbox->n == KM_INBOX_MESSAGES_MAX || inbox->n_octets + len > KM_INBOX_OCTETS_MAX))
        drop_oldest(inbox);
    struct km_inbox_message *message =
        &inbox->ring[(inbox->first + inbox->n) % KM_INBOX_MESSAGES_MAX];
    *message = (struct km_inbox_message){
        .number = inbox->last,
        .time_ms = frame->time_ms,
        .qos = frame->qos,
        .retain = frame->retain,
        .topic = copy(&at, frame->topic),
        .client_id = copy(&at, frame->client_id),
        .payload = copy(&at, frame->payload),
    };
    inbox->n++;
    inbox->n_octets += len;
    return true;
}

const struct km_inbox_message *km_inbox_next(const struct km_inbox *inbox, uint64_t after)
{
    for (size_t i = 0; i < inbox->n; i++) {
        const struct km_inbox_message *message =
            &inbox->ring[(inbox->first + i) % KM_INBOX_MESSAGES_MAX];
        if (message->number > after)
            return message;
    }
    return NULL;
}
