/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on data objects. */
#include "ta/crypto/data_store.h"
#include "ta/crypto/session.h"

#define REPLACE 1u

TEE_Result km_cmd_save_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_password *password = NULL;
    struct km_crypto_name name = {0};
    struct km_data data = {.note = km_in(&params[2]), .content = km_in(&params[3])};
    if (params[0].value.b > REPLACE)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_name_in(&params[1], &name));
    KM_TRY_TEE(km_check_reserved(session, &name));
    KM_TRY_TEE(km_password_of(session, params[0].value.a, &password));
    return km_data_save(&session->caller, &name, &data, password, params[0].value.b == REPLACE);
}

TEE_Result km_cmd_load_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_password *password = NULL;
    struct km_crypto_name name = {0};
    size_t len = 0;
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(km_password_of(session, params[1].value.a, &password));
    KM_AUTO(km_ta_freep) uint8_t *content = TEE_Malloc(KM_CRYPTO_DATA_MAX, TEE_MALLOC_FILL_ZERO);
    if (content == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_data_load(&session->caller, &name, password, content, &len));
    return km_ta_give(&params[2], KM_SLICE(content, len));
}

TEE_Result km_cmd_delete_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_password *password = NULL;
    struct km_crypto_name name = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(km_password_of(session, params[1].value.a, &password));
    return km_data_delete(&session->caller, &name, password);
}
