/* SPDX-License-Identifier: Apache-2.0 */
/* The entry points, and the table of commands that everything passes. */
#include "ta/crypto/opaque_object.h"
#include "ta/crypto/session.h"

/* What a row says about each parameter, four letters a parameter at most: see the letters below. */
enum spec {
    NONE = TEE_PARAM_TYPE_NONE,
    VI = TEE_PARAM_TYPE_VALUE_INPUT,
    VO = TEE_PARAM_TYPE_VALUE_OUTPUT,
    VIO = TEE_PARAM_TYPE_VALUE_INOUT,
    MI = TEE_PARAM_TYPE_MEMREF_INPUT,
    MO = TEE_PARAM_TYPE_MEMREF_OUTPUT,
    MIO = TEE_PARAM_TYPE_MEMREF_INOUT,
    TYPE_MASK = 0x0f,
    BULK = 0x10,  /* any size, used in place */
    EMPTY = 0x20, /* an input that may have size 0 */
    A = 0x40,     /* of a value input only a is used: b must be 0 */
};

enum right {
    ANYONE = 0, /* the key's own rules decide */
    ADMIN = 1,
    DELEGATE = 2, /* as ANYONE, and who speaks for a client may, too */
};

struct row {
    const char *name;
    uint8_t spec[TEE_NUM_PARAMS];
    uint8_t right;
    km_handler handler;
};

#define ROW(id, right_, p0, p1, p2, p3, handler_)                                                  \
    [KM_CRYPTO_CMD_##id] = {#id, {(p0), (p1), (p2), (p3)}, (right_), (handler_)}

static const struct row ROWS[] = {
    ROW(VERSION, ANYONE, VO, NONE, NONE, NONE, km_cmd_version),
    ROW(ALGORITHM_SUPPORTED, ANYONE, VI, NONE, NONE, NONE, km_cmd_algorithm_supported),
    ROW(RANDOM, ANYONE, MO | BULK, NONE, NONE, NONE, km_cmd_random),
    ROW(ADD_RANDOM, ANYONE, MI, NONE, NONE, NONE, km_cmd_add_random),

    ROW(CREATE_KEY, ANYONE, MI, VO, NONE, NONE, km_cmd_create_key),
    ROW(IMPORT_KEY, ANYONE, MI, MI, VI | A, VO, km_cmd_import_key),
    ROW(EXPORT_PUBLIC, DELEGATE, VI | A, MO, NONE, NONE, km_cmd_export_public),
    ROW(EXPORT_PRIVATE, ANYONE, VI | A, MO, NONE, NONE, km_cmd_export_private),
    ROW(GET_ATTRIBUTE, ANYONE, VI, MO, NONE, NONE, km_cmd_get_attribute),
    ROW(KEY_INFO, DELEGATE, VI | A, MO, NONE, NONE, km_cmd_key_info),
    ROW(FREE_KEY, ANYONE, VI | A, NONE, NONE, NONE, km_cmd_free_key),
    ROW(KEY_CHECK, ANYONE, VI | A, MO, NONE, NONE, km_cmd_key_check),

    ROW(SAVE_KEY, ANYONE, VI, MI | EMPTY, NONE, NONE, km_cmd_save_key),
    ROW(LOAD_KEY, DELEGATE, MI | EMPTY, VI | A, MI | EMPTY, VO, km_cmd_load_key),
    ROW(DELETE_KEY, ANYONE, MI | EMPTY, VI | A, NONE, NONE, km_cmd_delete_key),
    ROW(DESCRIBE_KEY, ANYONE, MI | EMPTY, MO, NONE, NONE, km_cmd_describe_key),
    ROW(LIST_KEYS, ANYONE, VIO | A, MI | EMPTY, MO, NONE, km_cmd_list_keys),
    ROW(SAVE_KEY_NOTED, ANYONE, VI, MI | EMPTY, MI, NONE, km_cmd_save_key_noted),
    ROW(SET_NOTE, ANYONE, MI | EMPTY, MI, MI | EMPTY, NONE, km_cmd_set_note),
    ROW(LIST_NOTED, ANYONE, VIO | A, MO, NONE, NONE, km_cmd_list_noted),

    ROW(SAVE_DATA, ANYONE, VI, MI | EMPTY, MI | EMPTY, MI | EMPTY, km_cmd_save_data),
    ROW(LOAD_DATA, ANYONE, MI | EMPTY, VI | A, MO, NONE, km_cmd_load_data),
    ROW(DELETE_DATA, ANYONE, MI | EMPTY, VI | A, NONE, NONE, km_cmd_delete_data),
    ROW(LIST_DATA, ANYONE, VIO | A, MO, NONE, NONE, km_cmd_list_data),
    ROW(LIST_OBJECTS, ANYONE, VIO | A, MO, NONE, NONE, km_cmd_list_objects),
    ROW(STORAGE_STATE, ANYONE, MO, NONE, NONE, NONE, km_cmd_storage_state),

    ROW(CREATE_PASSWORD, ANYONE, MI | EMPTY, MI, NONE, NONE, km_cmd_create_password),
    ROW(LOAD_PASSWORD, ANYONE, MI | EMPTY, MI, VO, NONE, km_cmd_load_password),
    ROW(PASSWORD_WAIT, ANYONE, MI | EMPTY, VO, NONE, NONE, km_cmd_password_wait),
    ROW(DELETE_PASSWORD, ANYONE, MI | EMPTY, MI | EMPTY, NONE, NONE, km_cmd_delete_password),
    ROW(LIST_PASSWORDS, ANYONE, VIO | A, MO, NONE, NONE, km_cmd_list_passwords),
    ROW(FREE_PASSWORD, ANYONE, VI | A, NONE, NONE, NONE, km_cmd_free_password),
    ROW(CREATE_RECOVERABLE, ANYONE, MI | EMPTY, MI | EMPTY, MI, NONE, km_cmd_create_recoverable),
    ROW(CHECK_PASSWORD, ANYONE, MI | EMPTY, VI | A, MI, NONE, km_cmd_check_password),
    ROW(CHANGE_PASSWORD, ANYONE, MI | EMPTY, VI, MI, MI | EMPTY, km_cmd_change_password),

    ROW(DIGEST, ANYONE, VI | A, MI | BULK | EMPTY, MO, NONE, km_cmd_digest),
    ROW(SIGN_DIGEST, DELEGATE, VI, MI | EMPTY, MO, NONE, km_cmd_sign_digest),
    ROW(VERIFY_DIGEST, ANYONE, VI, MI | EMPTY, MI, NONE, km_cmd_verify_digest),
    ROW(SIGN_DIGEST_PSS, DELEGATE, VI, MI, MO, VI | A, km_cmd_sign_digest_pss),
    ROW(VERIFY_DIGEST_PSS, ANYONE, VI, MI, MI, VI | A, km_cmd_verify_digest_pss),
    ROW(MAC, ANYONE, VI, MI | BULK | EMPTY, MO, NONE, km_cmd_mac),
    ROW(VERIFY_MAC, ANYONE, VI, MI | BULK | EMPTY, MI, NONE, km_cmd_verify_mac),
    ROW(CIPHER_ENCRYPT, ANYONE, VI, MI | EMPTY, MI | BULK | EMPTY, MO | BULK,
        km_cmd_cipher_encrypt),
    ROW(CIPHER_DECRYPT, ANYONE, VI, MI | EMPTY, MI | BULK | EMPTY, MO | BULK,
        km_cmd_cipher_decrypt),
    ROW(AEAD_ENCRYPT, ANYONE, MIO, MI | BULK | EMPTY, MI | BULK | EMPTY, MO | BULK,
        km_cmd_aead_encrypt),
    ROW(AEAD_DECRYPT, ANYONE, MI, MI | BULK | EMPTY, MI | BULK | EMPTY, MO | BULK,
        km_cmd_aead_decrypt),
    ROW(ASYM_ENCRYPT, ANYONE, VI, MI | EMPTY, MI | EMPTY, MO, km_cmd_asym_encrypt),
    ROW(ASYM_DECRYPT, ANYONE, VI, MI | EMPTY, MI, MO, km_cmd_asym_decrypt),
    ROW(AGREE, ANYONE, MI, VI | A, MI, VO, km_cmd_agree),
    ROW(AGREE_RAW, ANYONE, VI | A, MI, MO, NONE, km_cmd_agree_raw),
    ROW(DERIVE, ANYONE, MI, VI, MI, VO, km_cmd_derive),

    ROW(WRAP_KEY, ANYONE, VI, VI | A, MO, NONE, km_cmd_wrap_key),
    ROW(UNWRAP_KEY, ANYONE, MI, VI, MI, VO, km_cmd_unwrap_key),
    ROW(CREATE_KEY_WITH, ANYONE, MI, MI, VI | A, VO, km_cmd_create_key_with),
    ROW(DERIVE_PASSWORD, ANYONE, MI, VI, MI, VO, km_cmd_derive_password),
    ROW(COPY_KEY, ANYONE, MI, VI | A, VO, NONE, km_cmd_copy_key),

    ROW(OP_NEW, ANYONE, VI, VI, MI | EMPTY, VIO | A, km_cmd_op_new),
    ROW(OP_UPDATE_AAD, ANYONE, VI | A, MI | BULK | EMPTY, NONE, NONE, km_cmd_op_update_aad),
    ROW(OP_UPDATE, ANYONE, VI | A, MI | BULK | EMPTY, MO | BULK, NONE, km_cmd_op_update),
    ROW(OP_FINAL, ANYONE, VI | A, MO | BULK, MO, NONE, km_cmd_op_final),
    ROW(OP_FINAL_VERIFY, ANYONE, VI | A, MO | BULK, MI, NONE, km_cmd_op_final_verify),
    ROW(OP_RESET, ANYONE, VI | A, MI | EMPTY, NONE, NONE, km_cmd_op_reset),
    ROW(OP_FREE, ANYONE, VI | A, NONE, NONE, NONE, km_cmd_op_free),
    ROW(OP_COPY, ANYONE, VI | A, VO, NONE, NONE, km_cmd_op_copy),

    ROW(PROVISION_KEY, ADMIN, VI | A, MI | EMPTY, MI | EMPTY, NONE, km_cmd_provision_key),
    ROW(PROVISION_SEAL, ADMIN, NONE, NONE, NONE, NONE, km_cmd_provision_seal),
    ROW(PROVISION_STATE, ANYONE, VO, NONE, NONE, NONE, km_cmd_provision_state),
    ROW(PAYLOAD_NEW, ANYONE, VI | A, MI, MI, VO, km_cmd_payload_new),

    ROW(SAVE_OPAQUE_KEY, ANYONE, MI | BULK, VI, NONE, NONE, km_cmd_save_opaque_key),
    ROW(OBJECT_OPEN, ANYONE, MI | BULK, VI, MO, VO, km_cmd_object_open),
    ROW(OBJECT_UPDATE, ANYONE, VI | A, MI | BULK | EMPTY, MO | BULK, NONE, km_cmd_object_update),
    ROW(OBJECT_FINISH, ANYONE, VI | A, NONE, NONE, NONE, km_cmd_object_finish),
    ROW(OBJECT_REWIND, ANYONE, VI | A, NONE, NONE, NONE, km_cmd_object_rewind),
    ROW(OBJECT_FREE, ANYONE, VI | A, NONE, NONE, NONE, km_cmd_object_free),

    ROW(MANIFEST_CLASS_KEY, ADMIN, MI | EMPTY, MO, NONE, NONE, km_cmd_manifest_class_key),
    ROW(MANIFEST_INSTALL, ADMIN, MI | BULK, MI | BULK | EMPTY, VI | A, VO, km_cmd_manifest_install),
    ROW(MANIFEST_STATE, ANYONE, VO, MO, NONE, NONE, km_cmd_manifest_state),
    ROW(PUBLIC_HOLD, ANYONE, MI, MI, NONE, NONE, km_cmd_public_hold),
    ROW(PUBLIC_PUT, ANYONE, MI, MI, NONE, NONE, km_cmd_public_put),
#ifdef KM_CRYPTO_TEST_BUILD
    ROW(TELL_PRIVATE, ANYONE, VI | A, MO, NONE, NONE, km_cmd_tell_private),
#endif
};

static bool is_memref(uint8_t spec)
{
    return (spec & TYPE_MASK) >= MI;
}

static bool is_input(uint8_t spec)
{
    uint8_t type = spec & TYPE_MASK;
    return type == VI || type == VIO || type == MI || type == MIO;
}

static TEE_Result check_param(uint8_t spec, const TEE_Param *param)
{
    if (!is_memref(spec))
        return is_input(spec) && (spec & A) != 0 && param->value.b != 0 ? TEE_ERROR_BAD_PARAMETERS
                                                                        : TEE_SUCCESS;
    if (param->memref.buffer == NULL && param->memref.size != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (!is_input(spec))
        return TEE_SUCCESS;
    if (param->memref.size == 0 && (spec & EMPTY) == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    return (spec & BULK) == 0 && param->memref.size > KM_CRYPTO_SMALL_MAX ? KM_CRYPTO_E_TOO_LARGE
                                                                          : TEE_SUCCESS;
}

/* Bulk input and output are the same memory or have nothing in common. */
static bool overlap_badly(const TEE_Param *a, const TEE_Param *b)
{
    uintptr_t a_at = (uintptr_t)a->memref.buffer;
    uintptr_t b_at = (uintptr_t)b->memref.buffer;
    if (a_at == b_at || a->memref.size == 0 || b->memref.size == 0)
        return false;
    return a_at < b_at ? b_at - a_at < a->memref.size : a_at - b_at < b->memref.size;
}

static bool types_fit(const struct row *row, uint32_t types)
{
    return types == TEE_PARAM_TYPES(row->spec[0] & TYPE_MASK, row->spec[1] & TYPE_MASK,
                                    row->spec[2] & TYPE_MASK, row->spec[3] & TYPE_MASK);
}

static TEE_Result check_params(const struct row *row, const TEE_Param params[TEE_NUM_PARAMS])
{
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++)
        KM_TRY_TEE(check_param(row->spec[i], &params[i]));
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        for (unsigned k = i + 1; k < TEE_NUM_PARAMS; k++) {
            bool both = (row->spec[i] & row->spec[k] & BULK) != 0;
            if (both && overlap_badly(&params[i], &params[k]))
                return TEE_ERROR_BAD_PARAMETERS;
        }
    }
    return TEE_SUCCESS;
}

/*
 * Who speaks for a client has to do with strangers on a network: what it needs for that is a signature, and whoever takes it over gets
 * no more, be its client an administrator.
 */
static bool may(const struct row *row, const struct km_caller *caller)
{
    if (caller->is_delegate)
        return row->right == DELEGATE;
    return row->right != ADMIN || caller->is_admin;
}

static bool is_small_input(uint8_t spec)
{
    return is_memref(spec) && is_input(spec) && (spec & BULK) == 0;
}

static TEE_Result run(const struct row *row, struct km_session *session,
                      TEE_Param params[TEE_NUM_PARAMS])
{
    TEE_Param mine[TEE_NUM_PARAMS] = {0};
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        mine[i] = params[i];
        if (!is_small_input(row->spec[i]))
            continue;
        km_copy(session->input[i], KM_CRYPTO_SMALL_MAX, params[i].memref.buffer,
                params[i].memref.size);
        mine[i].memref.buffer = session->input[i];
    }
    TEE_Result result = row->handler(session, mine);
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        uint8_t spec = row->spec[i];
        size_t room = is_memref(spec) ? params[i].memref.size : 0;
        if ((spec & TYPE_MASK) == MIO && result == TEE_SUCCESS)
            km_copy(params[i].memref.buffer, room, session->input[i], mine[i].memref.size);
        if (is_small_input(spec))
            TEE_MemFill(session->input[i], 0, room);
        if (is_memref(spec) && !(is_input(spec) && (spec & TYPE_MASK) == MI))
            params[i].memref.size = mine[i].memref.size;
        if (!is_memref(spec) && (spec & TYPE_MASK) != NONE && result == TEE_SUCCESS)
            params[i].value = mine[i].value;
    }
    return result;
}

/* An output that nothing was written to has size 0, unless the size is the answer. */
static void quiet(const struct row *row, TEE_Result result, TEE_Param params[TEE_NUM_PARAMS])
{
    if (result == TEE_SUCCESS || result == TEE_ERROR_SHORT_BUFFER)
        return;
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        uint8_t type = row->spec[i] & TYPE_MASK;
        if (type == MO || type == MIO)
            params[i].memref.size = 0;
    }
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_session *session = sessionContext;
    if (commandID >= KM_ARRAY_LEN(ROWS) || ROWS[commandID].handler == NULL)
        return TEE_ERROR_BAD_PARAMETERS;
    const struct row *row = &ROWS[commandID];
    if (!types_fit(row, paramTypes))
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_Result result = check_params(row, params);
    if (result == TEE_SUCCESS && !may(row, &session->caller))
        result = TEE_ERROR_ACCESS_DENIED;
    if (result == TEE_SUCCESS)
        result = run(row, session, params);
    quiet(row, result, params);
    return result;
}

static void session_free(struct km_session *session)
{
    if (session == NULL)
        return;
    TEE_CloseObject(session->manifest_lock);
    km_slots_clear(&session->operations);
    km_slots_clear(&session->objects);
    km_slots_clear(&session->keys);
    km_slots_clear(&session->passwords);
    km_stored_walk_end(&session->key_list.walk);
    km_stored_walk_end(&session->password_list.walk);
    km_stored_walk_end(&session->data_list.walk);
    for (unsigned i = 0; i < KM_DIGESTS; i++)
        TEE_FreeOperation(session->digests[i]);
    TEE_Free(session->held);
    TEE_Free(session);
}

static void session_freep(struct km_session **session)
{
    session_free(*session);
}

static TEE_Result slots_init(struct km_slots *slots, uint32_t n_max, void (*release)(void *item))
{
    const struct km_slots rules = {.n_max = n_max,
                                   .free = release,
                                   .full = KM_CRYPTO_E_TOO_LARGE,
                                   .stale = KM_CRYPTO_E_STALE_ID};
    return km_slots_init(slots, &rules);
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                                    void **sessionContext)
{
    (void)params;
    if (paramTypes != TEE_PARAM_TYPES(NONE, NONE, NONE, NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_AUTO(session_freep)
    struct km_session *session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
    if (session == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_caller_init(&session->caller);
    KM_TRY_TEE(slots_init(&session->keys, KM_CRYPTO_KEYS_MAX, km_key_free));
    KM_TRY_TEE(slots_init(&session->passwords, KM_CRYPTO_PASSWORDS_MAX, km_password_free));
    KM_TRY_TEE(slots_init(&session->operations, KM_CRYPTO_OPERATIONS_MAX, km_op_free));
    KM_TRY_TEE(slots_init(&session->objects, KM_CRYPTO_OBJECTS_MAX, km_opaque_free));
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
