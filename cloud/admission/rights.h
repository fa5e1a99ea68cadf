/* SPDX-License-Identifier: Apache-2.0 */
/* What a device may do: its policies, bound to how it comes, and asked. Pure. */
#ifndef KM_ADMISSION_RIGHTS_H
#define KM_ADMISSION_RIGHTS_H

#include "cloud/admission/facts.h"

#define KM_RIGHTS_REASON_CAP 512

/* What stands in our ARNs. */
struct km_rights_place {
    const char *partition, *region, *account;
};

/* How the device comes. */
struct km_rights_visit {
    const char *client_id; /* NULL: it has none, as over HTTPS, and so no thing either */
    const char *address;
    bool keeps_session;
};

/*
 * km_rights_bind: policies, thing and values of the certificate as the facts have them; all borrowed for the call. Returns owned.
 * Fails like km_policy_bind.
 */
km_status km_rights_bind(struct km_err *err, const struct km_rights_place *place,
                         const struct km_facts *facts, const struct km_rights_visit *visit,
                         struct km_policy_bound **ret);
/*
 * km_rights_bind_all: what who has an access key may do: everything in its account that clients may do at all. Everything borrowed for the
 * call. Returns owned.
 */
km_status km_rights_bind_all(struct km_err *err, const struct km_rights_place *place,
                             const struct km_rights_visit *visit, struct km_policy_bound **ret);
/*
 * km_rights_ask: whether the policies allow it; without any (NULL) nothing is. When they do not, reason is one sentence: which
 * statement denies it, or that no policy allows it.
 */
KM_MUST_USE bool km_rights_ask(const struct km_policy_bound *bound,
                               const struct km_policy_request *request,
                               char reason[KM_RIGHTS_REASON_CAP]);

/* km_rights_is_open: whether devices may publish to this topic at all; of those that begin with $ only to some. */
KM_MUST_USE bool km_rights_is_open(struct km_slice topic);
/* km_rights_is_provisioning: whether this topic is a request to provision, which is between its sender and who serves it. */
KM_MUST_USE bool km_rights_is_provisioning(struct km_slice topic);

#endif
