/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events of devices are recorded: what the account's logging options say, and where it has none the broker's own option. Of
 * several targets that fit the most talkative counts, and the default when none does.
 */
#ifndef KM_ADMISSION_RECORDING_H
#define KM_ADMISSION_RECORDING_H

#include "cloud/admission/recorded.h"
#include "cloud/registry/registry_logging.h"

struct km_recording {
    struct km_arena *arena; /* has what is below */
    bool is_set;            /* the account has logging options */
    struct km_registry_logging logging;
    struct km_registry_log_level_list levels;
};

/* km_recording_read: fails like the registry does, and leaves what was there. */
km_status km_recording_read(struct km_registry *registry, const char *account,
                            struct km_recording *recording);
void km_recording_clear(struct km_recording *recording);
/*
 * km_recording_level: for what is recorded. registry is asked for the groups of the thing named like the client if it matters, and when it
 * does not answer the thing is in none.
 */
enum km_log_level km_recording_level(const struct km_recording *recording,
                                     struct km_registry *registry, const char *account,
                                     const struct km_recorded *what);
/* km_recording_wants: whether such an event is recorded; without logging options all are. */
bool km_recording_wants(const struct km_recording *recording, struct km_registry *registry,
                        const char *account, const struct km_recorded *what);
/* km_recording_has_info: whether what went well is recorded of anybody. */
bool km_recording_has_info(const struct km_recording *recording, bool fallback);

#endif
