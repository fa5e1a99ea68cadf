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

/* The API has operations of one name in several services: of these alone they are open. */
#define KM_DEVICE_SERVICES                                                                         \
    (1u << KM_SERVICE_DATA | 1u << KM_SERVICE_JOBS | 1u << KM_SERVICE_CREDENTIALS)

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
/*
 * km_device_permit_signed: the same for a call that is signed with a device's credentials: what its certificate may just now, from where it
 * comes, as long as it may have credentials by that role alias; and GetCallerIdentity.
 */
km_status km_device_permit_signed(struct km_call *call);

#endif
