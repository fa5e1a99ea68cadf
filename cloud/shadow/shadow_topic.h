/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics of shadows: $aws/things/THING/shadow/... for the classic one,
 * $aws/things/THING/shadow/name/NAME/... for a named one.
 */
#ifndef KM_SHADOW_TOPIC_H
#define KM_SHADOW_TOPIC_H

#include "cloud/common/limits.h"
#include "common/km_bytes.h"

/* Holds every topic that is written, with its NUL. */
#define KM_SHADOW_TOPIC_CAP 256

/* Whose shadow; both with a NUL. An empty name means the classic shadow. */
struct km_shadow_id {
    char thing[KM_THING_NAME_MAX + 1];
    char name[KM_SHADOW_NAME_MAX + 1];
};

/* The first three are what clients publish, the others what the service answers. */
enum km_shadow_kind {
    KM_SHADOW_GET = 0,
    KM_SHADOW_UPDATE,
    KM_SHADOW_DELETE,
    KM_SHADOW_GET_ACCEPTED,
    KM_SHADOW_GET_REJECTED,
    KM_SHADOW_UPDATE_ACCEPTED,
    KM_SHADOW_UPDATE_REJECTED,
    KM_SHADOW_UPDATE_DELTA,
    KM_SHADOW_UPDATE_DOCUMENTS,
    KM_SHADOW_DELETE_ACCEPTED,
    KM_SHADOW_DELETE_REJECTED,
};
#define KM_SHADOW_N_KINDS 11

/* km_shadow_is_request: whether a client asks with it, so that it is to be handed to the engine. */
bool km_shadow_is_request(enum km_shadow_kind kind);

/* km_shadow_id_init: checks both names and copies them; name may be empty. False: not allowed. */
KM_MUST_USE bool km_shadow_id_init(struct km_slice thing, struct km_slice name,
                                   struct km_shadow_id *ret);

/*
 * km_shadow_topic_parse: false for any topic that is not one of the eleven of a shadow with allowed
 * names (a filter with wildcards never is). Nothing is written then.
 */
KM_MUST_USE bool km_shadow_topic_parse(struct km_slice topic, struct km_shadow_id *ret_id,
                                       enum km_shadow_kind *ret_kind);

/* km_shadow_topic_write: the topic, with its NUL; its length is returned. */
size_t km_shadow_topic_write(const struct km_shadow_id *id, enum km_shadow_kind kind,
                             char ret[KM_SHADOW_TOPIC_CAP]);

#endif
