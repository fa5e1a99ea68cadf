/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/backlog.h"

#include <stdlib.h>

struct parcel *parcel_new(struct backlog *backlog, const struct dispatch_message *message)
{
    struct km_rule_message like = message->message;
    struct km_slice *const parts[] = {&like.topic,     &like.payload,    &like.client_id,
                                      &like.principal, &like.account_id, &like.source_ip,
                                      &like.trace_id};
    size_t size = sizeof(struct parcel);
    for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++)
        size += parts[i]->len;
    struct parcel *parcel = calloc(1, size + 1);
    if (parcel == NULL)
        return NULL;
    struct km_wr wr = km_wr_init(parcel + 1, size - sizeof(struct parcel));
    for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++) {
        struct km_slice copy = KM_SLICE(wr.buf + wr.len, parts[i]->len);
        km_wr_bytes(&wr, *parts[i]);
        *parts[i] = copy;
    }
    parcel->message = *message;
    parcel->message.message = like;
    parcel->backlog = backlog;
    parcel->n_holders = 1;
    parcel->size = size + sizeof(struct lane_place);
    backlog->octets += parcel->size;
    return parcel;
}

void parcel_drop(struct parcel *parcel)
{
    if (parcel == NULL || --parcel->n_holders > 0)
        return;
    parcel->backlog->octets -= parcel->size;
    free(parcel);
}

void parcel_dropp(struct parcel **parcel)
{
    parcel_drop(*parcel);
}

bool lane_put(struct lane *lane, struct parcel *parcel)
{
    struct lane_place *place = calloc(1, sizeof(*place));
    if (place == NULL)
        return false;
    place->parcel = parcel;
    place->older = lane->newest;
    if (lane->newest != NULL)
        lane->newest->newer = place;
    else
        lane->oldest = place;
    lane->newest = place;
    lane->octets += parcel->size;
    parcel->n_holders++;
    parcel->backlog->n++;
    return true;
}

static struct parcel *take(struct lane *lane, struct lane_place *place)
{
    if (place == NULL)
        return NULL;
    struct parcel *parcel = place->parcel;
    if (place->older != NULL)
        place->older->newer = place->newer;
    else
        lane->oldest = place->newer;
    if (place->newer != NULL)
        place->newer->older = place->older;
    else
        lane->newest = place->older;
    lane->octets -= parcel->size;
    parcel->backlog->n--;
    free(place);
    return parcel;
}

struct parcel *lane_take(struct lane *lane)
{
    return take(lane, lane->oldest);
}

struct parcel *lane_take_newest(struct lane *lane)
{
    return take(lane, lane->newest);
}

void lane_clear(struct lane *lane)
{
    for (struct parcel *parcel = lane_take(lane); parcel != NULL; parcel = lane_take(lane))
        parcel_drop(parcel);
}
