/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/client.h"

static void put_uuid(const TEE_UUID *uuid, uint8_t ret[16])
{
    struct km_wr wr = km_wr_init(ret, 16);
    km_wr_u32be(&wr, uuid->timeLow);
    km_wr_u16be(&wr, uuid->timeMid);
    km_wr_u16be(&wr, uuid->timeHiAndVersion);
    km_wr_bytes(&wr, KM_SLICE(uuid->clockSeqAndNode, sizeof(uuid->clockSeqAndNode)));
}

static bool ta_identity(TEE_UUID *ret)
{
    TEE_Identity identity = {0};
    if (TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity", &identity) !=
            TEE_SUCCESS ||
        identity.login != TEE_LOGIN_TRUSTED_APP)
        return false;
    *ret = identity.uuid;
    return true;
}

static bool uuid_equal(const TEE_UUID *a, const TEE_UUID *b)
{
    uint8_t octets[2][16] = {{0}, {0}};
    put_uuid(a, octets[0]);
    put_uuid(b, octets[1]);
    return memcmp(octets[0], octets[1], sizeof(octets[0])) == 0;
}

bool km_client_is_ta(const TEE_UUID *uuid)
{
    TEE_UUID ta = {0};
    return ta_identity(&ta) && uuid_equal(&ta, uuid);
}

static bool is_among(const TEE_UUID *ta, const TEE_UUID *delegates, size_t n_delegates)
{
    for (size_t i = 0; i < n_delegates; i++) {
        if (uuid_equal(ta, &delegates[i]))
            return true;
    }
    return false;
}

void km_client_init(struct km_client *client, const TEE_UUID *delegates, size_t n_delegates)
{
    TEE_PropSetHandle set = TEE_PROPSET_CURRENT_CLIENT;
    TEE_UUID ta = {0};
    uint32_t id = 0;
    bool is_admin = false;
    *client = (struct km_client){.owner.uid = KM_NO_UID, .gid = KM_NO_UID};
    if (ta_identity(&ta) && !is_among(&ta, delegates, n_delegates)) {
        client->owner.kind = KM_OWNER_TA;
        put_uuid(&ta, client->owner.ta);
        return;
    }
    if (TEE_GetPropertyAsU32(set, "org.keymoor.client.uid", &id) != TEE_SUCCESS)
        return;
    client->owner.kind = KM_OWNER_UID;
    client->owner.uid = id;
    if (TEE_GetPropertyAsU32(set, "org.keymoor.client.gid", &id) == TEE_SUCCESS)
        client->gid = id;
    if (TEE_GetPropertyAsBool(set, "org.keymoor.client.admin", &is_admin) == TEE_SUCCESS)
        client->is_admin = is_admin;
}
