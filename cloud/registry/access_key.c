/* SPDX-License-Identifier: Apache-2.0 */
/* Access keys. A lasting one and a session's are rows of one table; the session's has a token's hash and an end. */
#include "cloud/registry/access_key.h"

#include <string.h>

#define ID_PREFIX_LEN 4

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool km_reg_key_is_id(const char *id)
{
    return strnlen(id, KM_ACCESS_KEY_ID_LEN + 1) == KM_ACCESS_KEY_ID_LEN &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == KM_ACCESS_KEY_ID_LEN;
}

/* One character of the alphabet for each octet of chance; its length divides 256. */
static void spell(const struct km_registry *reg, const char *alphabet, struct km_span out)
{
    size_t n_letters = strlen(alphabet);
    km_reg_random(reg, out);
    for (size_t i = 0; i < out.len; i++)
        out.ptr[i] = (uint8_t)alphabet[out.ptr[i] % n_letters];
}

void km_registry_new_key_clear(struct km_registry_new_key *key)
{
    km_secret_free(key->secret);
    km_secret_free(key->token);
    *key = (struct km_registry_new_key){0};
}

km_status km_reg_key_check(struct km_registry *reg)
{
    if (reg->key == NULL)
        return KM_REG_FAIL(reg, KM_E_DENIED, "the registry was opened without its sealing key");
    return KM_OK;
}

km_status km_reg_key_make(struct km_registry *reg, bool is_session, struct km_registry_new_key *key)
{
    km_copy(key->id, ID_PREFIX_LEN, is_session ? "ASIA" : "AKIA", ID_PREFIX_LEN);
    spell(reg, base32, KM_SPAN(key->id + ID_PREFIX_LEN, KM_ACCESS_KEY_ID_LEN - ID_PREFIX_LEN));
    key->secret = km_secret_new(KM_ACCESS_SECRET_LEN);
    key->token = is_session ? km_secret_new(KM_SESSION_TOKEN_LEN) : NULL;
    if (key->secret == NULL || (is_session && key->token == NULL))
        return KM_REG_FAIL(reg, KM_E_NOMEM, "an access key's secrets");
    spell(reg, base64, km_secret_fill(key->secret));
    if (is_session)
        spell(reg, base64, km_secret_fill(key->token));
    return KM_OK;
}

km_status km_reg_key_seal(struct km_registry *reg, const struct km_registry_new_key *key,
                          struct km_reg_sealed *ret)
{
    uint8_t nonce[12] = {0};
    km_reg_random(reg, KM_SPAN(nonce, sizeof(nonce)));
    KM_TRY(km_registry_seal(&reg->err, reg->key, key->id, nonce, km_secret_expose(key->secret),
                            KM_SPAN(ret->secret, sizeof(ret->secret))));
    ret->has_token = key->token != NULL;
    if (ret->has_token)
        km_registry_sha256(km_secret_expose(key->token), ret->token_hash);
    return KM_OK;
}

bool km_reg_key_is_token(struct km_slice token, struct km_slice stored_hash)
{
    uint8_t hash[KM_SHA256_LEN] = {0};
    km_registry_sha256(token, hash);
    return stored_hash.len == sizeof(hash) && km_ct_equal(stored_hash.ptr, hash, sizeof(hash));
}

static km_status store(struct km_registry *reg, const char *account, const char *principal,
                       const struct km_registry_new_key *key)
{
    static const char sql[] =
        "INSERT INTO access_key (id, account, principal, sealed, token_hash, is_active,"
        " created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7) ON CONFLICT DO NOTHING";
    struct km_reg_sealed sealed = {0};
    KM_TRY(km_reg_key_seal(reg, key, &sealed));
    struct km_slice token_hash = sealed.has_token
                                     ? KM_SLICE(sealed.token_hash, sizeof(sealed.token_hash))
                                     : (struct km_slice){0};
    km_status status = km_reg_run_one(
        reg, sql,
        KM_VALUES(km_value_text(key->id), km_value_text(account), km_value_text(principal),
                  km_value_blob(KM_SLICE(sealed.secret, sizeof(sealed.secret))),
                  km_value_blob(token_hash), km_value_number(km_reg_now(reg)),
                  km_value_number(key->expires_ms)));
    if (status == KM_E_NOTFOUND && reg->err.status == KM_OK)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "access key %s exists", key->id);
    return status;
}

static km_status store_lasting(struct km_registry *reg, const char *account, const char *principal,
                               const struct km_registry_new_key *key)
{
    int64_t n_keys = 0;
    KM_TRY(km_reg_number(reg,
                         "SELECT count(*) FROM access_key WHERE account = ?1 AND expires_ms = 0",
                         KM_VALUES(km_value_text(account)), &n_keys));
    if (n_keys >= KM_ACCESS_KEYS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "account %s has %d access keys", account,
                           KM_ACCESS_KEYS_MAX);
    KM_TRY(store(reg, account, principal, key));
    return km_reg_change(reg, KM_CHANGE_ACCESS_KEY, account, key->id);
}

static km_status check_principal(struct km_registry *reg, const char *account,
                                 const char *principal)
{
    KM_TRY(km_reg_key_check(reg));
    return km_reg_check_name(reg, account, "a principal", principal, KM_PRINCIPAL_NAME_MAX,
                             "+=,.@_/-");
}

km_status km_registry_access_key_new(struct km_registry *reg, const char *account,
                                     const char *principal, struct km_registry_new_key *ret)
{
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = {0};
    km_reg_enter(reg);
    KM_TRY(check_principal(reg, account, principal));
    KM_TRY(km_reg_key_make(reg, false, &key));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, store_lasting(reg, account, principal, &key)));
    *ret = key;
    key = (struct km_registry_new_key){0};
    return KM_OK;
}

km_status km_registry_access_key_put(struct km_registry *reg, const char *account,
                                     const char *principal, const char *id,
                                     const struct km_secret *secret)
{
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = {0};
    km_reg_enter(reg);
    KM_TRY(check_principal(reg, account, principal));
    if (!km_reg_key_is_id(id))
        return KM_REG_FAIL(reg, KM_E_ARG, "an access key's id is %d capitals and digits",
                           KM_ACCESS_KEY_ID_LEN);
    if (km_secret_expose(secret).len != KM_ACCESS_SECRET_LEN)
        return KM_REG_FAIL(reg, KM_E_ARG, "an access key's secret has %d characters",
                           KM_ACCESS_SECRET_LEN);
    km_copy(key.id, sizeof(key.id), id, KM_ACCESS_KEY_ID_LEN);
    key.secret = km_secret_from(km_secret_expose(secret));
    if (key.secret == NULL)
        return KM_REG_FAIL(reg, KM_E_NOMEM, "an access key's secret");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, store_lasting(reg, account, principal, &key));
}

static km_status store_session(struct km_registry *reg, const char *account, const char *principal,
                               const struct km_registry_new_key *key)
{
    KM_TRY(km_reg_run(reg, "DELETE FROM access_key WHERE expires_ms > 0 AND expires_ms < ?1",
                      KM_VALUES(km_value_number(km_reg_now(reg))), NULL));
    return store(reg, account, principal, key);
}

/* Sessions come with every run of a function and nobody keeps a copy of them: not in the change feed. */
km_status km_registry_session_new(struct km_registry *reg, const char *account,
                                  const char *principal, unsigned duration_s,
                                  struct km_registry_new_key *ret)
{
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = {0};
    km_reg_enter(reg);
    KM_TRY(check_principal(reg, account, principal));
    if (duration_s < 1 || duration_s > KM_SESSION_S_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a session lasts 1 to %d s", KM_SESSION_S_MAX);
    KM_TRY(km_reg_key_make(reg, true, &key));
    key.expires_ms = km_reg_now(reg) + (int64_t)duration_s * 1000;
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, store_session(reg, account, principal, &key)));
    *ret = key;
    key = (struct km_registry_new_key){0};
    return KM_OK;
}

/* ---- reading ---- */

#define COLUMNS "id, account, principal, is_active, created_ms, expires_ms"

static struct km_registry_access_key take(struct km_query *query, struct km_arena *arena)
{
    int64_t expires_ms = km_query_number(query, 5);
    return (struct km_registry_access_key){
        .id = km_query_text(query, arena, 0),
        .account = km_query_text(query, arena, 1),
        .principal = km_query_text(query, arena, 2),
        .is_active = km_query_flag(query, 3),
        .is_session = expires_ms != 0,
        .created_ms = km_query_number(query, 4),
        .expires_ms = expires_ms,
    };
}

static km_status unknown(struct km_registry *reg)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no such access key");
}

km_status km_registry_access_key_find(struct km_registry *reg, struct km_arena *arena,
                                      const char *id, struct km_registry_access_key *ret,
                                      struct km_secret **ret_secret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_key_check(reg));
    if (!km_reg_key_is_id(id))
        return unknown(reg);
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS ", sealed FROM access_key WHERE id = ?1",
                        KM_VALUES(km_value_text(id)), &query));
    if (!km_query_next(&query)) {
        KM_TRY(km_query_finish(&query));
        return unknown(reg);
    }
    struct km_registry_access_key key = take(&query, arena);
    struct km_slice sealed = km_query_view(&query, 6);
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    KM_TRY(query.status);
    KM_TRY(km_registry_unseal(&reg->err, reg->key, key.id, sealed, &secret));
    KM_TRY(km_query_finish(&query));
    *ret = key;
    *ret_secret = km_steal(&secret);
    return KM_OK;
}

km_status km_registry_access_key_get(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *id,
                                     struct km_registry_access_key *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    if (!km_reg_key_is_id(id))
        return unknown(reg);
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM access_key WHERE id = ?1 AND account = ?2",
                        KM_VALUES(km_value_text(id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    struct km_registry_access_key key =
        has_row ? take(&query, arena) : (struct km_registry_access_key){0};
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg);
    *ret = key;
    return KM_OK;
}

km_status km_registry_session_check(struct km_registry *reg, const char *id, struct km_slice token)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    km_reg_enter(reg);
    if (!km_reg_key_is_id(id))
        return unknown(reg);
    KM_TRY(km_reg_query(reg, "SELECT token_hash FROM access_key WHERE id = ?1",
                        KM_VALUES(km_value_text(id)), &query));
    bool has_row = km_query_next(&query);
    struct km_slice stored = has_row ? km_query_view(&query, 0) : (struct km_slice){0};
    bool is_right = km_reg_key_is_token(token, stored);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg);
    return is_right ? KM_OK : KM_REG_FAIL(reg, KM_E_AUTH, "the token is not this session's");
}

static const struct km_list_sql list_of_account = KM_LIST_BY_TEXT(
    KM_LIST_TAG_ACCESS_KEY, "SELECT " COLUMNS " FROM access_key WHERE account = ?1", "id", 0);

km_status km_registry_access_key_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const struct km_registry_page *page,
                                      struct km_registry_access_key_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_of_account, page, account, KM_NO_VALUES));
    struct km_registry_access_key *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret =
        (struct km_registry_access_key_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

/* ---- changing ---- */

static km_status changed(struct km_registry *reg, km_status status, const char *account,
                         const char *id)
{
    if (status == KM_E_NOTFOUND)
        return unknown(reg);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_ACCESS_KEY, account, id);
}

static km_status set_active(struct km_registry *reg, const char *account, const char *id,
                            bool is_active)
{
    return changed(
        reg,
        km_reg_run_one(
            reg, "UPDATE access_key SET is_active = ?3 WHERE id = ?1 AND account = ?2",
            KM_VALUES(km_value_text(id), km_value_text(account), km_value_number(is_active))),
        account, id);
}

km_status km_registry_access_key_set_active(struct km_registry *reg, const char *account,
                                            const char *id, bool is_active)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_name(reg, account, "an access key's id", id, KM_ACCESS_KEY_ID_LEN, ""));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set_active(reg, account, id, is_active));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *id)
{
    return changed(reg,
                   km_reg_run_one(reg, "DELETE FROM access_key WHERE id = ?1 AND account = ?2",
                                  KM_VALUES(km_value_text(id), km_value_text(account))),
                   account, id);
}

km_status km_registry_access_key_delete(struct km_registry *reg, const char *account,
                                        const char *id)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_name(reg, account, "an access key's id", id, KM_ACCESS_KEY_ID_LEN, ""));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, id));
}
