/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fleet provisioning: devices that have nothing but a certificate for asking get one of their own over MQTT, and what a template gives them
 * with it. Brokers hand the requests to one control plane each (KM_BUS_SERVE): it has the key that signs, which is in no broker's memory.
 */
#ifndef KM_CONTROL_FLEET_H
#define KM_CONTROL_FLEET_H

#include "cloud/control/control.h"

#define KM_FLEET_PER_S 10 /* requests that are served */
#define KM_FLEET_KEYS_PER_S                                                                        \
    4 /* of them, key pairs that are made: these take long, and one thread does everything */

struct km_fleet;

/* km_fleet_new: for the brokers at these paths (borrowed, as control is); the control plane has to have an issuer and an account. Returns owned. */
km_status km_fleet_new(struct km_err *err, struct km_control *control, const char *const *paths,
                       size_t n_paths, struct km_fleet **ret);
void km_fleet_free(struct km_fleet *fleet);
/* km_fleet_tick: once a round of the loop. km_fleet_next_ms: how long that may wait; -1: for ever. */
void km_fleet_tick(struct km_fleet *fleet);
int km_fleet_next_ms(const struct km_fleet *fleet);

#endif
