/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on named keys and password objects, and provisioning. */
#include "ta/crypto/data_store.h"
#include "ta/crypto/session.h"

#define PAGE_MAX 65536u

TEE_Result km_name_in(const TEE_Param *param, struct km_crypto_name *ret)
{
    return km_crypto_name_parse(km_in(param), ret) ? TEE_SUCCESS : KM_CRYPTO_E_BAD_NAME;
}

TEE_Result km_password_of(struct km_session *session, uint32_t id,
                          const struct km_password **ret_password)
{
    const struct km_password *password = NULL;
    if (id != 0) {
        password = km_slots_find(&session->passwords, id);
        if (password == NULL)
            return KM_CRYPTO_E_STALE_ID;
    }
    *ret_password = password;
    return TEE_SUCCESS;
}

/* Names of provisioned keys: who saved one first would stand in the way of the device's own, or pass for it. */
TEE_Result km_check_reserved(const struct km_session *session, const struct km_crypto_name *name)
{
    if (session->caller.is_admin ||
        (!km_name_begins(name, KM_NAMES_OF_DEVICE) && !km_name_begins(name, KM_NAMES_OF_SERVICE)))
        return TEE_SUCCESS;
    km_audit("denied", name, TEE_ERROR_ACCESS_DENIED);
    return TEE_ERROR_ACCESS_DENIED;
}

static TEE_Result save(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                       struct km_slice note)
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    const struct km_password *password = NULL;
    struct km_crypto_name name = {0};
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    KM_TRY_TEE(km_name_in(&params[1], &name));
    KM_TRY_TEE(km_check_reserved(session, &name));
    KM_TRY_TEE(km_password_of(session, params[0].value.b, &password));
    if (note.len > KM_CRYPTO_NOTE_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    return km_key_store_save_noted(key, &name, password, note);
}

TEE_Result km_cmd_save_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return save(session, params, KM_SLICE(NULL, 0));
}

TEE_Result km_cmd_save_key_noted(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return save(session, params, km_in(&params[2]));
}

TEE_Result km_cmd_set_note(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_slice expected = km_in(&params[1]);
    KM_TRY_TEE(km_name_in(&params[0], &name));
    if (expected.len != KM_CRYPTO_ID_LEN)
        return TEE_ERROR_BAD_PARAMETERS;
    if (params[2].memref.size > KM_CRYPTO_NOTE_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    TEE_Result result =
        km_key_store_set_note(&session->caller, &name, expected.ptr, km_in(&params[2]));
    km_audit("note", &name, result);
    return result;
}

TEE_Result km_cmd_load_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    const struct km_password *password = NULL;
    struct km_crypto_name name = {0};
    struct km_slice expected = km_in(&params[2]);
    uint32_t id = 0;
    if (expected.len != 0 && expected.len != KM_CRYPTO_ID_LEN)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(km_password_of(session, params[1].value.a, &password));
    KM_TRY_TEE(km_key_store_load(&session->caller, &name, password,
                                 expected.len != 0 ? expected.ptr : NULL, &key));
    KM_TRY_TEE(km_session_add_key(session, &key, &id));
    params[3].value.a = id;
    params[3].value.b = 0;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_delete_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_password *password = NULL;
    struct km_crypto_name name = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(km_password_of(session, params[1].value.a, &password));
    return km_key_store_delete(&session->caller, &name, password);
}

TEE_Result km_cmd_describe_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t bytes[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    struct km_crypto_info info = {0};
    struct km_crypto_name name = {0};
    size_t len = 0;
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(km_key_store_describe(&session->caller, &name, &info));
    if (!km_crypto_info_put(&info, KM_SPAN(bytes, sizeof(bytes)), &len))
        km_ta_unreached();
    return km_ta_give(&params[1], KM_SLICE(bytes, len));
}

/* ---- listings ---- */

static void listing_end(struct km_listing *list)
{
    km_stored_walk_end(&list->walk);
    *list = (struct km_listing){0};
}

static TEE_Result listing_go_on(struct km_session *session, struct km_listing *list, char kind,
                                char also, uint32_t cursor)
{
    if (cursor != 0)
        return cursor == list->cursor ? TEE_SUCCESS : TEE_ERROR_BAD_STATE;
    listing_end(list);
    TEE_Result result = km_stored_walk_begin(&list->walk, kind, also);
    if (result != TEE_SUCCESS)
        listing_end(list);
    session->last_cursor = session->last_cursor == UINT32_MAX ? 1 : session->last_cursor + 1;
    return result;
}

/* What a listing is at: a record that was read on the way, or a name whose record is to be opened (data.ptr NULL). */
struct at {
    char kind;
    struct km_crypto_name name;
    struct km_slice data;
    uint8_t *buf; /* KM_RECORD_MAX octets */
};

static TEE_Result listing_next(struct km_listing *list, bool with_data, struct at *at)
{
    at->data = KM_SLICE(NULL, 0);
    at->kind = list->walk.kind;
    if (list->pending.len != 0) {
        at->name = list->pending;
        list->pending.len = 0;
        return TEE_SUCCESS;
    }
    TEE_Result result = TEE_ERROR_CORRUPT_OBJECT;
    while (result == TEE_ERROR_CORRUPT_OBJECT)
        result = with_data ? km_stored_walk_read(&list->walk, &at->name, at->buf, &at->data)
                           : km_stored_walk_next(&list->walk, &at->name);
    at->kind = list->walk.kind;
    return result;
}

/* One entry of a page; ITEM_NOT_FOUND when this name is not for the caller. */
typedef TEE_Result (*entry_put)(struct km_session *session, const struct at *at,
                                const struct km_crypto_name *filter, struct km_span out,
                                size_t *ret_len);

static TEE_Result look_at(struct km_session *session, const struct at *at,
                          struct km_crypto_noted *ret)
{
    bool is_data = at->kind == KM_STORED_DATA;
    TEE_Result result = TEE_SUCCESS;
    if (at->data.ptr != NULL)
        result = is_data ? km_data_noted_from(&session->caller, &at->name, at->data, ret)
                         : km_key_store_noted_from(&session->caller, &at->name, at->data, ret);
    else
        result = is_data ? km_data_describe(&session->caller, &at->name, at->buf, ret)
                         : km_key_store_describe_noted(&session->caller, &at->name, at->buf, ret);
    return result == TEE_ERROR_ACCESS_DENIED || result == TEE_ERROR_CORRUPT_OBJECT
               ? TEE_ERROR_ITEM_NOT_FOUND
               : result;
}

static TEE_Result key_entry(struct km_session *session, const struct at *at,
                            const struct km_crypto_name *filter, struct km_span out,
                            size_t *ret_len)
{
    struct km_crypto_noted noted = {0};
    KM_TRY_TEE(look_at(session, at, &noted));
    const struct km_crypto_name *password = &noted.info.password_name;
    if (filter->len != 0 &&
        !km_slice_equal(KM_SLICE(filter->at, filter->len), KM_SLICE(password->at, password->len)))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return km_crypto_info_put(&noted.info, out, ret_len) ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

static TEE_Result noted_entry(struct km_session *session, const struct at *at,
                              const struct km_crypto_name *filter, struct km_span out,
                              size_t *ret_len)
{
    struct km_crypto_noted noted = {0};
    (void)filter;
    KM_TRY_TEE(look_at(session, at, &noted));
    return km_crypto_noted_put(&noted, out, ret_len) ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

static TEE_Result password_entry(struct km_session *session, const struct at *at,
                                 const struct km_crypto_name *filter, struct km_span out,
                                 size_t *ret_len)
{
    (void)session;
    (void)filter;
    km_copy(out.ptr, out.len, at->name.at, at->name.len);
    *ret_len = at->name.len;
    return TEE_SUCCESS;
}

/* Fills a page; *ret_more tells that the listing goes on. */
static TEE_Result fill(struct km_session *session, struct km_listing *list, entry_put put,
                       const struct km_crypto_name *filter, struct km_wr *page, bool *ret_more)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct at at = {.buf = buf};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    for (;;) {
        uint8_t entry[KM_CRYPTO_NOTED_WIRE_MAX] = {0};
        size_t len = 0;
        TEE_Result result = listing_next(list, put != password_entry, &at);
        if (result == TEE_ERROR_ITEM_NOT_FOUND) {
            *ret_more = false;
            return TEE_SUCCESS;
        }
        KM_TRY_TEE(result);
        result = put(session, &at, filter, KM_SPAN(entry, sizeof(entry)), &len);
        if (result == TEE_ERROR_ITEM_NOT_FOUND)
            continue;
        KM_TRY_TEE(result);
        if (page->cap - page->len < 4 + len) {
            list->pending = at.name;
            *ret_more = true;
            return TEE_SUCCESS;
        }
        km_wr_blob32le(page, KM_SLICE(entry, len));
    }
}

static TEE_Result give_page(struct km_session *session, struct km_listing *list, entry_put put,
                            const struct km_crypto_name *filter, TEE_Param *cursor, TEE_Param *out)
{
    size_t room = out->memref.size < PAGE_MAX ? out->memref.size : PAGE_MAX;
    KM_AUTO(km_ta_freep) uint8_t *bytes = TEE_Malloc(room, TEE_MALLOC_FILL_ZERO);
    if (bytes == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr page = km_wr_init(bytes, room);
    bool more = false;
    TEE_Result result = fill(session, list, put, filter, &page, &more);
    if (result == TEE_SUCCESS && more && page.len == 0) {
        /* The pending entry stays, so that the same cursor can be asked again with more room. */
        out->memref.size =
            4 + (put == noted_entry ? KM_CRYPTO_NOTED_WIRE_MAX : KM_CRYPTO_INFO_WIRE_MAX);
        list->cursor = cursor->value.a;
        return TEE_ERROR_SHORT_BUFFER;
    }
    if (result != TEE_SUCCESS || !more)
        listing_end(list);
    KM_TRY_TEE(result);
    if (more) {
        session->last_cursor = session->last_cursor == UINT32_MAX ? 1 : session->last_cursor + 1;
        list->cursor = session->last_cursor;
    }
    cursor->value.a = more ? list->cursor : 0;
    cursor->value.b = 0;
    return km_ta_give(out, KM_SLICE(bytes, page.len));
}

TEE_Result km_cmd_list_keys(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name filter = {0};
    if (params[1].memref.size != 0)
        KM_TRY_TEE(km_name_in(&params[1], &filter));
    KM_TRY_TEE(listing_go_on(session, &session->key_list, KM_STORED_KEY, KM_STORED_KEY,
                             params[0].value.a));
    return give_page(session, &session->key_list, key_entry, &filter, &params[0], &params[2]);
}

TEE_Result km_cmd_list_noted(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name filter = {0};
    KM_TRY_TEE(listing_go_on(session, &session->key_list, KM_STORED_KEY, KM_STORED_KEY,
                             params[0].value.a));
    return give_page(session, &session->key_list, noted_entry, &filter, &params[0], &params[1]);
}

TEE_Result km_cmd_list_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name filter = {0};
    KM_TRY_TEE(listing_go_on(session, &session->data_list, KM_STORED_DATA, KM_STORED_DATA,
                             params[0].value.a));
    return give_page(session, &session->data_list, noted_entry, &filter, &params[0], &params[1]);
}

TEE_Result km_cmd_list_objects(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name filter = {0};
    KM_TRY_TEE(listing_go_on(session, &session->key_list, KM_STORED_KEY, KM_STORED_DATA,
                             params[0].value.a));
    return give_page(session, &session->key_list, noted_entry, &filter, &params[0], &params[1]);
}

TEE_Result km_cmd_storage_state(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    _Static_assert(KM_CRYPTO_STORAGE_STATE_LEN == KM_STORAGE_STATE_LEN, "as it is told everywhere");
    uint8_t state[KM_STORAGE_STATE_LEN] = {0};
    (void)session;
    KM_TRY_TEE(km_storage_state(state));
    return km_ta_give(&params[0], KM_SLICE(state, sizeof(state)));
}

TEE_Result km_cmd_list_passwords(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name filter = {0};
    KM_TRY_TEE(listing_go_on(session, &session->password_list, KM_STORED_PASSWORD,
                             KM_STORED_PASSWORD, params[0].value.a));
    return give_page(session, &session->password_list, password_entry, &filter, &params[0],
                     &params[1]);
}

/* ---- passwords ---- */

static TEE_Result password_in(const TEE_Param *param, struct km_slice *ret)
{
    if (param->memref.size > KM_CRYPTO_PASSWORD_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    *ret = km_in(param);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_create_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_slice password = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(password_in(&params[1], &password));
    return km_password_create(&session->caller, &name, password);
}

static TEE_Result given_in(uint32_t which, const TEE_Param *param, struct km_password_given *ret)
{
    if (which != KM_PASSWORD_OWN && which != KM_PASSWORD_RECOVERY)
        return TEE_ERROR_BAD_PARAMETERS;
    ret->which = which == KM_PASSWORD_OWN ? KM_PASSWORD_OWN : KM_PASSWORD_RECOVERY;
    return password_in(param, &ret->octets);
}

TEE_Result km_cmd_create_recoverable(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_slice own = {0};
    struct km_slice recovery = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(password_in(&params[1], &own));
    KM_TRY_TEE(password_in(&params[2], &recovery));
    return km_password_create_recoverable(&session->caller, &name, own, recovery);
}

TEE_Result km_cmd_check_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_password_given given = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(given_in(params[1].value.a, &params[2], &given));
    return km_password_check(&session->caller, &name, &given);
}

TEE_Result km_cmd_change_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_password_given by = {0};
    struct km_password_given to = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(given_in(params[1].value.a, &params[2], &by));
    KM_TRY_TEE(given_in(params[1].value.b, &params[3], &to));
    return km_password_change(&session->caller, &name, &by, &to);
}

TEE_Result km_cmd_load_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_slice password = {0};
    struct km_password *loaded = NULL;
    uint32_t id = 0;
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(password_in(&params[1], &password));
    KM_TRY_TEE(km_password_load(&session->caller, &name, password, &loaded));
    TEE_Result result = km_slots_add(&session->passwords, loaded, &id);
    if (result != TEE_SUCCESS)
        km_password_free(loaded);
    params[2].value.a = id;
    params[2].value.b = 0;
    return result;
}

TEE_Result km_cmd_password_wait(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    uint32_t seconds = 0;
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(km_password_wait(&session->caller, &name, &seconds));
    params[1].value.a = seconds;
    params[1].value.b = 0;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_delete_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {0};
    struct km_slice password = {0};
    KM_TRY_TEE(km_name_in(&params[0], &name));
    KM_TRY_TEE(password_in(&params[1], &password));
    if (password.len == 0 && !session->caller.is_admin)
        return TEE_ERROR_BAD_PARAMETERS;
    return km_password_delete(&session->caller, &name, password);
}

TEE_Result km_cmd_free_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return km_slots_free(&session->passwords, params[0].value.a);
}

/* ---- provisioning ---- */

static TEE_Result check_provision(const struct km_key *key, const struct km_slice public_name)
{
    const struct km_key_meta *meta = &key->meta;
    if (key->name.len != 0)
        return TEE_ERROR_BAD_STATE;
    bool is_limited = meta->max_uses != 0 || meta->not_after != 0 || meta->n_grants != 0;
    bool is_secret = (key->type->family & KM_FAMILY_SYMMETRIC) != 0;
    uint32_t may_leave = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN | KM_CRYPTO_ATTR_WRAPPABLE;
    bool is_open = key->type->is_pair && (meta->attributes & may_leave) != 0;
    if (is_limited || is_secret || is_open || (key->type->is_public && public_name.len != 0))
        return TEE_ERROR_BAD_PARAMETERS;
    return TEE_SUCCESS;
}

static TEE_Result provision_public(const struct km_key *key, const struct km_crypto_name *name)
{
    KM_AUTO(km_key_freep) struct km_key *public_key = NULL;
    KM_TRY_TEE(km_key_public_of(key, &public_key));
    public_key->meta.flags = KM_CRYPTO_INFO_PROVISIONED;
    return km_key_store_save(public_key, name, NULL);
}

static TEE_Result provision(struct km_session *session, struct km_key *key,
                            const struct km_crypto_name *name,
                            const struct km_crypto_name *public_name)
{
    bool exists = false;
    KM_TRY_TEE(km_stored_exists(KM_STORED_KEY, name, &exists));
    if (exists)
        return KM_CRYPTO_E_EXISTS;
    if (public_name->len != 0)
        KM_TRY_TEE(provision_public(key, public_name));
    uint32_t before = key->meta.flags;
    key->meta.flags =
        KM_CRYPTO_INFO_PROVISIONED | (key->type->is_pair ? KM_CRYPTO_INFO_IMMUTABLE : 0);
    TEE_Result result = km_key_store_save(key, name, NULL);
    if (result != TEE_SUCCESS) {
        key->meta.flags = before;
        if (public_name->len != 0)
            (void)km_key_store_delete(&session->caller, public_name, NULL);
    }
    return result;
}

TEE_Result km_cmd_provision_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    struct km_crypto_name name = {0};
    struct km_crypto_name public_name = {0};
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    KM_TRY_TEE(km_name_in(&params[1], &name));
    if (params[2].memref.size != 0)
        KM_TRY_TEE(km_name_in(&params[2], &public_name));
    if (km_slice_equal(km_in(&params[1]), km_in(&params[2])))
        return KM_CRYPTO_E_EXISTS;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_provision_enter(&gate));
    KM_TRY_TEE(check_provision(key, km_in(&params[2])));
    TEE_Result result = provision(session, key, &name, &public_name);
    km_audit("provision", &name, result);
    return result;
}

TEE_Result km_cmd_provision_seal(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    (void)params;
    struct km_crypto_name subject = {.len = 12, .at = "provisioning"};
    TEE_Result result = km_provision_seal();
    km_audit("seal", &subject, result);
    return result;
}

TEE_Result km_cmd_provision_state(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    bool is_sealed = false;
    KM_TRY_TEE(km_provision_sealed(&is_sealed));
    params[0].value.a = is_sealed ? 1 : 0;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}
