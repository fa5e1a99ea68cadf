/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls: from the properties of the current client alone. Where the system tells no uid (another TEE), everyone is one owner. */
#ifndef KM_TA_CLIENT_H
#define KM_TA_CLIENT_H

#include "ta/common/owner.h"
#include "ta/common/ta_util.h"

struct km_client {
    struct km_owner owner;
    uint32_t gid; /* KM_NO_UID where it is not known */
    bool is_admin;
    bool is_delegate; /* a trusted application speaks for that client */
};

/*
 * km_client_init: reads the present client's properties; in TA_OpenSessionEntryPoint. A trusted application is an owner of
 * its own, unless its UUID is among the delegates: then it acts for its own client, with that client's rights.
 */
void km_client_init(struct km_client *client, const TEE_UUID *delegates, size_t n_delegates);
/* km_client_is_ta: whether the present client is the trusted application with this UUID. */
bool km_client_is_ta(const TEE_UUID *uuid);

#endif
