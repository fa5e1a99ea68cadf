/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/caller.h"

#include "ta/tlsio/tlsio_protocol.h"

/* The TLS application signs for its own client, never for itself: what that client may not do, it may not either. */
static const TEE_UUID delegates[] = {KM_TLSIO_TA_UUID};

void km_caller_init(struct km_caller *caller)
{
    struct km_client client = {0};
    km_client_init(&client, delegates, KM_ARRAY_LEN(delegates));
    *caller =
        (struct km_caller){.owner = client.owner, .gid = client.gid, .is_admin = client.is_admin};
}

/* Both can cost a look at /proc, so they are asked for when a grant depends on them. */
bool km_caller_exe_is(struct km_caller *caller, const uint8_t wanted[32])
{
    /* A TA that is no delegate does not have the executable of its client. */
    if (caller->owner.kind == KM_OWNER_TA)
        return false;
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

void km_audit(const char *operation, const struct km_crypto_name *subject, TEE_Result result)
{
    km_audit_name(operation, KM_SLICE(subject->at, subject->len), result);
}
