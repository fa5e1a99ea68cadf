/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an event of a device is recorded, asked of the registry each time. Who asks often keeps the options (recording.h). */
#ifndef KM_ADMISSION_RECORDED_H
#define KM_ADMISSION_RECORDED_H

#include "cloud/registry/registry.h"

/* What an event is about; NULL: not known. */
struct km_recorded {
    const char *client, *certificate, *address;
    const char *key; /* of the access key by which the client came */
    bool is_routine; /* it says that something went well, and nothing was registered by it */
};

/* km_recorded_ask: by the account's logging options as they are now; without any it is. Fails like the registry does. */
km_status km_recorded_ask(struct km_registry *registry, const char *account,
                          const struct km_recorded *what, bool *ret);

#endif
