/* SPDX-License-Identifier: Apache-2.0 */
/* The entry points, and the table of commands that everything passes. */
#include "ta/storage/commands.h"
#include "ta/storage/open.h"

#define NONE TEE_PARAM_TYPE_NONE
#define VI TEE_PARAM_TYPE_VALUE_INPUT
#define VO TEE_PARAM_TYPE_VALUE_OUTPUT
#define VIO TEE_PARAM_TYPE_VALUE_INOUT
#define MI TEE_PARAM_TYPE_MEMREF_INPUT
#define MO TEE_PARAM_TYPE_MEMREF_OUTPUT

_Static_assert(KM_STORAGE_WISH_MAX <= KM_STORAGE_PASSWORD_MAX, "small inputs fit their copies");

static const struct row {
    uint32_t command;
    uint32_t types;
    bool has_bulk; /* its memref input is the handler's to copy */
    km_handler handler;
} rows[] = {
    {KM_STORAGE_CMD_VERSION, TEE_PARAM_TYPES(VO, NONE, NONE, NONE), false, km_cmd_version},
    {KM_STORAGE_CMD_OPEN, TEE_PARAM_TYPES(MI, MI, VO, VO), false, km_cmd_open},
    {KM_STORAGE_CMD_CLOSE, TEE_PARAM_TYPES(VI, NONE, NONE, NONE), false, km_cmd_close},
    {KM_STORAGE_CMD_COMMIT, TEE_PARAM_TYPES(VI, NONE, NONE, NONE), false, km_cmd_commit},
    {KM_STORAGE_CMD_READ, TEE_PARAM_TYPES(VI, VI, MO, NONE), false, km_cmd_read},
    {KM_STORAGE_CMD_WRITE, TEE_PARAM_TYPES(VI, VI, MI, NONE), true, km_cmd_write},
    {KM_STORAGE_CMD_TRUNCATE, TEE_PARAM_TYPES(VI, VI, NONE, NONE), false, km_cmd_truncate},
    {KM_STORAGE_CMD_SIZE, TEE_PARAM_TYPES(VI, VO, NONE, NONE), false, km_cmd_size},
    {KM_STORAGE_CMD_STAT, TEE_PARAM_TYPES(MI, MO, NONE, NONE), false, km_cmd_stat},
    {KM_STORAGE_CMD_LIST, TEE_PARAM_TYPES(VIO, VI, MO, NONE), false, km_cmd_list},
    {KM_STORAGE_CMD_USAGE, TEE_PARAM_TYPES(MO, NONE, NONE, NONE), false, km_cmd_usage},
    {KM_STORAGE_CMD_DELETE, TEE_PARAM_TYPES(MI, MI, NONE, NONE), false, km_cmd_delete},
    {KM_STORAGE_CMD_SET_PASSWORD, TEE_PARAM_TYPES(MI, MI, MI, NONE), false, km_cmd_set_password},
    {KM_STORAGE_CMD_SET_GRANTS, TEE_PARAM_TYPES(MI, NONE, NONE, NONE), false, km_cmd_set_grants},
    {KM_STORAGE_CMD_PASSWORD_WAIT, TEE_PARAM_TYPES(MI, VO, NONE, NONE), false,
     km_cmd_password_wait},
    {KM_STORAGE_CMD_PURGE, TEE_PARAM_TYPES(VI, NONE, NONE, NONE), false, km_cmd_purge},
};

static uint32_t type_at(const struct row *row, unsigned at)
{
    return TEE_PARAM_TYPE_GET(row->types, at);
}

/* Small inputs are copied before they are looked at: the client may change them meanwhile. */
static TEE_Result take(const struct row *row, struct km_session *session,
                       const TEE_Param params[TEE_NUM_PARAMS], TEE_Param ret[TEE_NUM_PARAMS])
{
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        ret[i] = params[i];
        uint32_t type = type_at(row, i);
        bool is_memref = type == MI || type == MO;
        if (is_memref && params[i].memref.buffer == NULL && params[i].memref.size != 0)
            return TEE_ERROR_BAD_PARAMETERS;
        if (type != MI || row->has_bulk)
            continue;
        if (params[i].memref.size > sizeof(session->input[i]))
            return KM_STORAGE_E_TOO_LARGE;
        if (params[i].memref.size != 0)
            km_copy(session->input[i], sizeof(session->input[i]), params[i].memref.buffer,
                    params[i].memref.size);
        ret[i].memref.buffer = session->input[i];
    }
    return TEE_SUCCESS;
}

static void give(const struct row *row, TEE_Result result, const TEE_Param mine[TEE_NUM_PARAMS],
                 TEE_Param ret[TEE_NUM_PARAMS])
{
    bool has_size = result == TEE_SUCCESS || result == TEE_ERROR_SHORT_BUFFER;
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        uint32_t type = type_at(row, i);
        if (type == MO)
            ret[i].memref.size = has_size ? mine[i].memref.size : 0;
        if ((type == VO || type == VIO) && result == TEE_SUCCESS)
            ret[i].value = mine[i].value;
    }
}

static TEE_Result run(const struct row *row, struct km_session *session,
                      TEE_Param params[TEE_NUM_PARAMS])
{
    TEE_Param mine[TEE_NUM_PARAMS] = {0};
    TEE_Result result = take(row, session, params, mine);
    if (result == TEE_SUCCESS)
        result = row->handler(session, mine);
    TEE_MemFill(session->input, 0, sizeof(session->input));
    give(row, result, mine, params);
    return result;
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS])
{
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (rows[i].command != commandID)
            continue;
        return rows[i].types == paramTypes ? run(&rows[i], sessionContext, params)
                                           : TEE_ERROR_BAD_PARAMETERS;
    }
    return TEE_ERROR_BAD_PARAMETERS;
}

static void session_free(struct km_session *session)
{
    if (session == NULL)
        return;
    km_slots_clear(&session->files);
    km_walk_end(&session->walk);
    TEE_Free(session->work);
    TEE_Free(session);
}

static void session_freep(struct km_session **session)
{
    session_free(*session);
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                                    void **sessionContext)
{
    static const struct km_slots rules = {.n_max = KM_STORAGE_FILES_MAX,
                                          .free = km_open_free,
                                          .full = KM_STORAGE_E_FULL,
                                          .stale = KM_STORAGE_E_STALE_ID};
    (void)params;
    if (paramTypes != TEE_PARAM_TYPES(NONE, NONE, NONE, NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_AUTO(session_freep)
    struct km_session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_client_init(&session->caller, NULL, 0);
    KM_TRY_TEE(km_slots_init(&session->files, &rules));
    *sessionContext = km_steal(&session);
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    session_free(sessionContext);
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}
