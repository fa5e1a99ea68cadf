/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest and the class key that it is sealed to. */
#include <string.h>

#include "lib/clrc/clrc_internal.h"

#define NULL_POINTER "a pointer is NULL"

static const uint8_t NOTHING[1] = {0};

ClrcResult clrcProvisionClassKey(const uint8_t *private_der, uint32_t private_length,
                                 uint8_t *public_der, uint32_t *public_length)
{
    struct clrc_call call = {.function = "clrcProvisionClassKey",
                             .subject = "org.keymoor.class_key",
                             .sent.command = KM_CRYPTO_CMD_MANIFEST_CLASS_KEY,
                             .is_repeatable = true};
    if (public_length == NULL || (public_der == NULL && *public_length != 0))
        return clrc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, NULL_POINTER);
    if (private_der != NULL && (private_length == 0 || private_length > KM_CRYPTO_SMALL_MAX))
        return clrc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                         "key data are 1 to 4096 octets");
    km_call_in(&call.sent, 0, private_der == NULL ? NOTHING : private_der,
               private_der == NULL ? 0 : private_length);
    clrc_small_out(&call, 1, public_der, *public_length);
    return clrc_run_sized(&call, 1, public_length);
}

ClrcResult clrcInstallManifest(const uint8_t *manifest, uint32_t length, const uint8_t *oem_root,
                               uint32_t oem_root_length, uint32_t flags, uint32_t *is_new)
{
    /* What was interrupted is ended by doing it again, so a session that died does no harm. */
    struct clrc_call call = {.function = "clrcInstallManifest",
                             .sent.command = KM_CRYPTO_CMD_MANIFEST_INSTALL,
                             .is_repeatable = true};
    if (manifest == NULL || length == 0 || is_new == NULL)
        return clrc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, NULL_POINTER);
    if (length > CLRC_MANIFEST_MAX)
        return clrc_fail(call.function, CLRC_ERROR_TOO_LARGE, NULL,
                         "a manifest is at most 262144 octets");
    clrc_bulk_in(&call, 0, manifest, length);
    clrc_bulk_in(&call, 1, oem_root == NULL ? NOTHING : oem_root,
                 oem_root == NULL ? 0 : oem_root_length);
    km_call_value(&call.sent, 2, flags, 0);
    km_call_value_out(&call.sent, 3);
    ClrcResult result = clrc_run(&call);
    if (result == CLRC_SUCCESS)
        *is_new = call.sent.op.params[3].value.a;
    return result;
}

static bool parse_info(struct km_slice octets, ClrcManifestInfo *ret)
{
    struct km_rd rd = km_rd_init(octets);
    struct km_slice text = {0};
    if (!km_rd_u64le(&rd, &ret->sequence) || !km_rd_copy(&rd, ret->digest, sizeof(ret->digest)) ||
        !km_rd_copy(&rd, ret->signer, sizeof(ret->signer)) ||
        !km_rd_blob32le(&rd, CLRC_NAME_MAX, &text) || !km_utf8_valid(text) || !km_rd_done(&rd))
        return false;
    km_copy(ret->device_class, CLRC_NAME_MAX, text.ptr, text.len);
    return true;
}

ClrcResult clrcDescribeManifest(ClrcManifestInfo *info)
{
    uint8_t octets[KM_CRYPTO_MANIFEST_WIRE_MAX] = {0};
    struct clrc_call call = {.function = "clrcDescribeManifest",
                             .sent.command = KM_CRYPTO_CMD_MANIFEST_STATE,
                             .is_repeatable = true};
    if (info == NULL)
        return clrc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, NULL_POINTER);
    km_call_value_out(&call.sent, 0);
    km_call_out(&call.sent, 1, octets, sizeof(octets));
    ClrcResult result = clrc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    uint32_t phase = call.sent.op.params[0].value.a;
    ClrcManifestInfo found = {.is_complete = phase == KM_CRYPTO_MANIFEST_COMPLETE};
    if (phase == KM_CRYPTO_MANIFEST_NONE)
        return clrc_fail(call.function, CLRC_ERROR_NOT_FOUND, NULL, "there is no manifest yet");
    if (!parse_info(KM_SLICE(octets, clrc_size(&call, 1)), &found))
        return clrc_fail(call.function, CLRC_ERROR_GENERIC, NULL,
                         "the service's answer is malformed");
    *info = found;
    return CLRC_SUCCESS;
}
