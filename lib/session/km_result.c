/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/session/km_result.h"

#include <stdio.h>

#include "common/km_sock.h"

/* GlobalPlatform's results; not each of them has a name in the Client API. */
static const struct km_result_row standard[] = {
    {0x00000000u /* TEE_SUCCESS */, CLRC_SUCCESS},
    {0xf0100001u /* TEE_ERROR_CORRUPT_OBJECT */, CLRC_ERROR_CORRUPT},
    {0xf0100003u /* TEE_ERROR_STORAGE_NOT_AVAILABLE */, CLRC_ERROR_NO_SERVICE},
    {0xffff0000u /* TEE_ERROR_GENERIC */, CLRC_ERROR_GENERIC},
    {0xffff0001u /* TEE_ERROR_ACCESS_DENIED */, CLRC_ERROR_ACCESS_DENIED},
    {0xffff0002u /* TEE_ERROR_CANCEL */, CLRC_ERROR_CANCELLED},
    {0xffff0003u /* TEE_ERROR_ACCESS_CONFLICT */, CLRC_ERROR_BUSY},
    {0xffff0005u /* TEE_ERROR_BAD_FORMAT */, CLRC_ERROR_BAD_FORMAT},
    {0xffff0006u /* TEE_ERROR_BAD_PARAMETERS */, CLRC_ERROR_BAD_PARAMETERS},
    {0xffff0007u /* TEE_ERROR_BAD_STATE */, CLRC_ERROR_STATE},
    {0xffff0008u /* TEE_ERROR_ITEM_NOT_FOUND */, CLRC_ERROR_NOT_FOUND},
    {0xffff000au /* TEE_ERROR_NOT_SUPPORTED */, CLRC_ERROR_NOT_SUPPORTED},
    {0xffff000cu /* TEE_ERROR_OUT_OF_MEMORY */, CLRC_ERROR_OUT_OF_MEMORY},
    {0xffff000du /* TEE_ERROR_BUSY */, CLRC_ERROR_BUSY},
    {0xffff000eu /* TEE_ERROR_COMMUNICATION */, CLRC_ERROR_NO_SERVICE},
    {0xffff0010u /* TEE_ERROR_SHORT_BUFFER */, CLRC_ERROR_SHORT_BUFFER},
    {0xffff300fu /* TEE_ERROR_OVERFLOW */, CLRC_ERROR_TOO_LARGE},
    {0xffff3024u /* TEE_ERROR_TARGET_DEAD */, CLRC_ERROR_SERVICE_DIED},
    {0xffff3041u /* TEE_ERROR_STORAGE_NO_SPACE */, CLRC_ERROR_NO_SPACE},
    {0xffff3071u /* TEE_ERROR_MAC_INVALID */, CLRC_ERROR_MAC},
    {0xffff3072u /* TEE_ERROR_SIGNATURE_INVALID */, CLRC_ERROR_SIGNATURE},
};

static bool find(const struct km_result_row *rows, size_t n, TEEC_Result result, ClrcResult *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].from == result) {
            *ret = rows[i].to;
            return true;
        }
    }
    return false;
}

ClrcResult km_result_map(const struct km_result_row *rows, size_t n, TEEC_Result result)
{
    ClrcResult ret = CLRC_ERROR_GENERIC;
    if (!find(standard, KM_ARRAY_LEN(standard), result, &ret))
        (void)find(rows, n, result, &ret);
    return ret;
}

const char *km_result_word(const struct km_result_text *texts, size_t n, ClrcResult result,
                           const char *otherwise)
{
    for (size_t i = 0; i < n; i++) {
        if (texts[i].result == result)
            return texts[i].text;
    }
    return otherwise;
}

void km_result_note(char ret[KM_RESULT_NOTE_MAX], const char *function, const char *subject,
                    const char *text)
{
    if (subject == NULL)
        (void)snprintf(ret, KM_RESULT_NOTE_MAX, "%s: %s", function, text);
    else
        (void)snprintf(ret, KM_RESULT_NOTE_MAX, "%s: \"%s\": %s", function, subject, text);
}

ClrcResult km_result_unconnected(const struct km_result_row *rows, size_t n, TEEC_Result result)
{
    if (result == TEEC_ERROR_COMMUNICATION || result == TEEC_ERROR_ITEM_NOT_FOUND)
        return CLRC_ERROR_NO_SERVICE;
    if (result == TEEC_ERROR_TARGET_DEAD)
        return CLRC_ERROR_SERVICE_DIED;
    return km_result_map(rows, n, result);
}

void km_result_refusal(struct km_pool *pool, uint32_t origin, char ret[KM_RESULT_REFUSAL_MAX])
{
    char path[KM_POOL_PATH_MAX] = "";
    km_pool_path(pool, path);
    /* The Client API itself refuses nobody: it could not open the socket. */
    if (origin == TEEC_ORIGIN_API)
        (void)snprintf(ret, KM_RESULT_REFUSAL_MAX, "you may not open %s; be in its group",
                       path[0] != '\0' ? path : km_sock_service_path());
    else
        (void)snprintf(ret, KM_RESULT_REFUSAL_MAX, "the service does not let this user in");
}

ClrcResult km_result_socket(struct km_pool *pool, const char *path, const char **ret_text)
{
    km_status status = km_pool_set_path(pool, path);
    if (status == KM_OK)
        return CLRC_SUCCESS;
    *ret_text = status == KM_E_STATE ? "the library is connected already"
                                     : "the path must be absolute and at most 107 octets";
    return status == KM_E_STATE ? CLRC_ERROR_STATE : CLRC_ERROR_BAD_PARAMETERS;
}

bool km_result_state(struct km_slice in, ClrcStorageState *ret)
{
    struct km_rd rd = km_rd_init(in);
    ClrcStorageState state = {0};
    if (!km_rd_u64le(&rd, &state.n_changes) ||
        !km_rd_copy(&rd, state.octets, sizeof(state.octets)) || !km_rd_done(&rd))
        return false;
    *ret = state;
    return true;
}
