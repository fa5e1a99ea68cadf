/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoint for devices: they show their certificate in TLS, where any is let in, and sign nothing. Who they are and what they may
 * do says the registry, as it does at a broker (cloud/admission). Of the API messages, shadows and jobs are open to them
 * (device_rights.h), and of that what their policies allow.
 */
#ifndef KM_CONTROL_DEVICE_H
#define KM_CONTROL_DEVICE_H

#include "cloud/control/control.h"

#define KM_DEVICE_BODY_MAX KM_PAYLOAD_OCTETS_MAX

struct km_devices;

/* km_devices_new: for the account that the control plane's brokers serve; control is borrowed until it is freed. Returns owned. */
km_status km_devices_new(struct km_err *err, struct km_control *control, struct km_devices **ret);
void km_devices_free(struct km_devices *devices);
/* km_devices_service: for km_http_new, which has to ask for certificates. */
struct km_http_service km_devices_service(struct km_devices *devices);

#endif
