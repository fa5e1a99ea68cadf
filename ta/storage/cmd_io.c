/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/commands.h"
#include "ta/storage/open.h"

TEE_Result km_wish_take(const TEE_Param *param, struct km_storage_wish *ret)
{
    bool is_bad_name = false;
    if (km_storage_wish_parse(KM_SLICE(param->memref.buffer, param->memref.size), ret,
                              &is_bad_name))
        return TEE_SUCCESS;
    return is_bad_name ? KM_STORAGE_E_BAD_NAME : TEE_ERROR_BAD_PARAMETERS;
}

static uint64_t number_of(const TEE_Param *param)
{
    return (uint64_t)param->value.b << 32 | param->value.a;
}

static void number_set(TEE_Param *param, uint64_t number)
{
    param->value.a = (uint32_t)number;
    param->value.b = (uint32_t)(number >> 32);
}

static TEE_Result find(const struct km_session *session, const TEE_Param *param,
                       struct km_open **ret)
{
    if (param->value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    *ret = km_slots_find(&session->files, param->value.a);
    return *ret != NULL ? TEE_SUCCESS : KM_STORAGE_E_STALE_ID;
}

TEE_Result km_cmd_version(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    number_set(&params[0], KM_STORAGE_VERSION);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_open(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_storage_wish wish = {0};
    uint64_t size = 0;
    uint32_t id = 0;
    KM_AUTO(km_open_freep) struct km_open *open = NULL;
    KM_TRY_TEE(km_wish_take(&params[0], &wish));
    KM_TRY_TEE(km_open_file(session, &wish,
                            KM_SLICE(params[1].memref.buffer, params[1].memref.size), &open));
    KM_TRY_TEE(km_content_size(km_open_io(open), &size));
    KM_TRY_TEE(km_slots_add(&session->files, open, &id));
    open = NULL;
    number_set(&params[2], id);
    number_set(&params[3], size);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_close(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_open *open = NULL;
    KM_TRY_TEE(find(session, &params[0], &open));
    return km_slots_free(&session->files, params[0].value.a);
}

TEE_Result km_cmd_commit(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_open *open = NULL;
    KM_TRY_TEE(find(session, &params[0], &open));
    if (!open->next.is_there)
        return TEE_ERROR_BAD_STATE;
    KM_TRY_TEE(km_open_commit(open));
    return km_slots_free(&session->files, params[0].value.a);
}

TEE_Result km_cmd_read(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_open *open = NULL;
    struct km_work *work = km_session_work(session);
    size_t len = params[2].memref.size;
    KM_TRY_TEE(find(session, &params[0], &open));
    if ((open->flags & KM_STORAGE_READ) == 0)
        return TEE_ERROR_BAD_STATE;
    if (len > KM_STORAGE_TRANSFER_MAX)
        return KM_STORAGE_E_TOO_LARGE;
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_content_read(&open->content, number_of(&params[1]), len, work, &len));
    TEE_Result result = km_ta_give(&params[2], KM_SLICE(work->data, len));
    TEE_MemFill(work->data, 0, len);
    return result;
}

/* What a write adds is asked for before it is written. */
static TEE_Result admit_growth(struct km_session *session, const struct km_open *open,
                               uint64_t size, uint64_t end)
{
    bool is_sealed = open->next.is_there ? open->next.content.is_sealed : open->content.is_sealed;
    uint64_t before = km_content_stored(is_sealed, size);
    uint64_t after = km_content_stored(is_sealed, end);
    return after <= before ? TEE_SUCCESS
                           : km_quota_admit(session, &open->file.owner, 0, after - before);
}

TEE_Result km_cmd_write(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_open *open = NULL;
    struct km_work *work = km_session_work(session);
    uint64_t offset = number_of(&params[1]);
    uint64_t size = 0;
    size_t len = params[2].memref.size;
    KM_TRY_TEE(find(session, &params[0], &open));
    if ((open->flags & KM_STORAGE_WRITE) == 0)
        return TEE_ERROR_BAD_STATE;
    if (len > KM_STORAGE_TRANSFER_MAX || offset > KM_STORAGE_SIZE_MAX)
        return KM_STORAGE_E_TOO_LARGE;
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_content_size(km_open_io(open), &size));
    if (offset > size)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(admit_growth(session, open, size, offset + len));
    if (len != 0)
        km_copy(work->data, sizeof(work->data), params[2].memref.buffer, len);
    TEE_Result result = km_content_write(km_open_io(open), offset, len, work);
    TEE_MemFill(work->data, 0, len);
    return result;
}

TEE_Result km_cmd_truncate(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_open *open = NULL;
    uint64_t wanted = number_of(&params[1]);
    uint64_t size = 0;
    KM_TRY_TEE(find(session, &params[0], &open));
    if ((open->flags & KM_STORAGE_WRITE) == 0 || open->next.is_there)
        return TEE_ERROR_BAD_STATE;
    KM_TRY_TEE(km_content_size(&open->content, &size));
    if (wanted > size)
        return TEE_ERROR_BAD_PARAMETERS;
    if (wanted == size)
        return TEE_SUCCESS;
    if (km_content_cuts_well(&open->content, wanted))
        return km_content_cut(&open->content, wanted);
    if (km_session_work(session) == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    return km_open_rebuild(session, open, wanted);
}

TEE_Result km_cmd_size(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_open *open = NULL;
    uint64_t size = 0;
    KM_TRY_TEE(find(session, &params[0], &open));
    KM_TRY_TEE(km_content_size(km_open_io(open), &size));
    number_set(&params[1], size);
    return TEE_SUCCESS;
}
