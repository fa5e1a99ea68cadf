/* SPDX-License-Identifier: Apache-2.0 */
/* One event as people and as programs read it. */
#ifndef CLOUD_CLI_EVENTS_H
#define CLOUD_CLI_EVENTS_H

#include <jansson.h>

struct km_registry_event;

/* event_json: returns owned. */
json_t *event_json(const struct km_registry_event *event);
void event_print(const struct km_registry_event *event);

#endif
