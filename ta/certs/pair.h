/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto application's part: public keys that belong to certificates here, and the device's own. */
#ifndef KM_CERTS_PAIR_H
#define KM_CERTS_PAIR_H

#include "ta/certs/order.h"

/*
 * km_pair_hold: keeps manifests and provisioning out of the crypto application's store until the session ends, so that no key of
 * theirs comes beside this order's certificate. Before the gate is opened, as whoever installs a manifest passes the gate while
 * holding his own. EXISTS: the name stands for a key of another kind; BAD_STATE: a manifest is installed in part. An order without
 * a public key to put needs none: *ret_session stays NULL. Returns owned.
 */
TEE_Result km_pair_hold(const struct km_order *order, TEE_TASessionHandle *ret_session);
/* km_pair_is_device: OTHER_DEVICE unless this is SHA-256 over the device's SubjectPublicKeyInfo. */
TEE_Result km_pair_is_device(struct km_slice device);

#endif
