/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/caller.h"

#define NO_UID UINT32_MAX

static void put_uuid(const TEE_UUID *uuid, uint8_t ret[16])
{
    struct km_wr wr = km_wr_init(ret, 16);
    km_wr_u32be(&wr, uuid->timeLow);
    km_wr_u16be(&wr, uuid->timeMid);
    km_wr_u16be(&wr, uuid->timeHiAndVersion);
    km_wr_bytes(&wr, KM_SLICE(uuid->clockSeqAndNode, sizeof(uuid->clockSeqAndNode)));
}

void km_caller_init(struct km_caller *caller)
{
    *caller = (struct km_caller){.owner.uid = NO_UID, .gid = NO_UID};
    TEE_Identity identity = {0};
    TEE_PropSetHandle client = TEE_PROPSET_CURRENT_CLIENT;
    if (TEE_GetPropertyAsIdentity(client, "gpd.client.identity", &identity) == TEE_SUCCESS &&
        identity.login == TEE_LOGIN_TRUSTED_APP) {
        caller->owner.kind = KM_OWNER_TA;
        put_uuid(&identity.uuid, caller->owner.ta);
        return;
    }
    uint32_t uid = 0;
    if (TEE_GetPropertyAsU32(client, "org.keymoor.client.uid", &uid) != TEE_SUCCESS)
        return;
    caller->owner.kind = KM_OWNER_UID;
    caller->owner.uid = uid;
    uint32_t gid = 0;
    if (TEE_GetPropertyAsU32(client, "org.keymoor.client.gid", &gid) == TEE_SUCCESS)
        caller->gid = gid;
    bool is_admin = false;
    if (TEE_GetPropertyAsBool(client, "org.keymoor.client.admin", &is_admin) == TEE_SUCCESS)
        caller->is_admin = is_admin;
}

bool km_owner_equal(const struct km_owner *a, const struct km_owner *b)
{
    return a->kind == b->kind && a->uid == b->uid && memcmp(a->ta, b->ta, sizeof(a->ta)) == 0;
}

/* Both can cost a look at /proc, so they are asked for when a grant depends on them. */
bool km_caller_exe_is(struct km_caller *caller, const uint8_t wanted[32])
{
    if (!caller->asked_exe) {
        char text[65] = {0};
        size_t len = sizeof(text);
        caller->asked_exe = true;
        caller->has_exe =
            TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_CLIENT, "org.keymoor.client.exe.sha256",
                                    text, &len) == TEE_SUCCESS &&
            km_unhex(text, caller->exe_sha256, sizeof(caller->exe_sha256));
    }
    return caller->has_exe && memcmp(caller->exe_sha256, wanted, 32) == 0;
}

static bool unit_is(struct km_caller *caller, const struct km_crypto_name *wanted)
{
    if (!caller->asked_unit) {
        char text[KM_CRYPTO_UNIT_MAX + 1] = {0};
        size_t len = sizeof(text);
        caller->asked_unit = true;
        caller->has_unit =
            TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_CLIENT, "org.keymoor.client.unit", text,
                                    &len) == TEE_SUCCESS &&
            km_crypto_name_parse(KM_SLICE(text, strnlen(text, sizeof(text))), &caller->unit);
    }
    return caller->has_unit && km_slice_equal(KM_SLICE(caller->unit.at, caller->unit.len),
                                              KM_SLICE(wanted->at, wanted->len));
}

static bool grant_fits(struct km_caller *caller, const struct km_crypto_grant *grant)
{
    if (caller->owner.kind != KM_OWNER_UID || grant->fields == 0)
        return false;
    if ((grant->fields & KM_CRYPTO_GRANT_UID) != 0 && grant->uid != caller->owner.uid)
        return false;
    if ((grant->fields & KM_CRYPTO_GRANT_GID) != 0 && grant->gid != caller->gid)
        return false;
    if ((grant->fields & KM_CRYPTO_GRANT_EXE) != 0 && !km_caller_exe_is(caller, grant->exe_sha256))
        return false;
    return (grant->fields & KM_CRYPTO_GRANT_UNIT) == 0 || unit_is(caller, &grant->unit);
}

bool km_caller_granted(struct km_caller *caller, const struct km_crypto_grant *grants,
                       uint32_t n_grants)
{
    for (uint32_t i = 0; i < n_grants; i++) {
        if (grant_fits(caller, &grants[i]))
            return true;
    }
    return false;
}

uint64_t km_now(void)
{
    TEE_Time now = {0};
    TEE_GetREETime(&now);
    return now.seconds;
}

void km_audit(const char *operation, const struct km_crypto_name *subject, TEE_Result result)
{
#ifdef TEE_KM_EXTENSIONS
    TEE_KmAudit(operation, subject->at, subject->len, result);
#else
    (void)operation;
    (void)subject;
    (void)result;
#endif
}
