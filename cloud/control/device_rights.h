/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is open to devices of the API, and whether one may do what it asks for: its certificate has to be good and ACTIVE, and its
 * policies decide, as they do at a broker (cloud/admission).
 *
 * A function that fails has said why in the call; the device is not told.
 */
#ifndef KM_DEVICE_RIGHTS_H
#define KM_DEVICE_RIGHTS_H

#include "cloud/admission/rights.h"
#include "cloud/control/call.h"

/* Who asks. */
struct km_device_who {
    struct km_facts_reader *reader;
    const char *certificate; /* its id */
    struct km_slice der;
};

/* km_device_look: whether the certificate is one that counts: what TLS does not look at. */
km_status km_device_look(struct km_call *call, struct km_slice der);
/* km_device_check_active: by what the registry knows of a certificate that is registered. */
km_status km_device_check_active(struct km_call *call, const struct km_facts *facts);
/* km_device_bind: reads the policies into facts. Returns owned. */
km_status km_device_bind(struct km_call *call, const struct km_device_who *who,
                         struct km_facts *facts, struct km_policy_bound **ret);
/* km_device_permit: whether it may call call->op with these inputs; an operation that is not open to devices is denied. */
km_status km_device_permit(struct km_call *call, const struct km_policy_bound *bound);

#endif
