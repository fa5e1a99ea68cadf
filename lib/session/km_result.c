/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/session/km_result.h"

#include <stdio.h>

#include "common/km_sock.h"

ClrcResult km_result_map(const struct km_result_row *rows, size_t n, TEEC_Result result)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].from == result)
            return rows[i].to;
    }
    return CLRC_ERROR_GENERIC;
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
