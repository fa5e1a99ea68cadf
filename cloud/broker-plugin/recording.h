/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events of devices are recorded: what the account's logging options say, and where it has none the plugin's own option. Of
 * several targets that fit the most talkative counts, and the default when none does.
 */
#ifndef BROKER_RECORDING_H
#define BROKER_RECORDING_H

#include "cloud/registry/registry_logging.h"

struct recording {
    struct km_arena *arena; /* has what is below */
    bool is_set;            /* the account has logging options */
    struct km_registry_logging logging;
    struct km_registry_log_level_list levels;
};

/* What an event is about; NULL: not known. */
struct recorded {
    const char *client, *certificate, *address;
    const char *key; /* of the access key by which the client came */
};

/* recording_read: fails like the registry does, and leaves what was there. */
km_status recording_read(struct km_registry *registry, const char *account,
                         struct recording *recording);
void recording_clear(struct recording *recording);
/*
 * recording_level: for what is recorded. registry is asked for the groups of the thing named like the client if it matters, and when it
 * does not answer the thing is in none.
 */
enum km_log_level recording_level(const struct recording *recording, struct km_registry *registry,
                                  const char *account, const struct recorded *what);
/* recording_has_info: whether what went well is recorded of anybody. */
bool recording_has_info(const struct recording *recording, bool fallback);

#endif
