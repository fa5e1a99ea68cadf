/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_credential.h"

#include "cloud/registry/access_key.h"

#define MS_PER_S 1000

/* ---- new ones ---- */

struct wish {
    const char *account;
    const char *certificate;
    const char *role_alias;
};

static km_status check_certificate(struct km_registry *reg, const struct wish *wish)
{
    bool is_active = false;
    KM_TRY(km_reg_exists(reg,
                         "SELECT 1 FROM certificate WHERE id = ?1 AND account = ?2 AND status = ?3",
                         KM_VALUES(km_value_text(wish->certificate), km_value_text(wish->account),
                                   km_value_number(KM_CERTIFICATE_ACTIVE)),
                         &is_active));
    if (!is_active)
        return KM_REG_FAIL(reg, KM_E_STATE, "certificate %s is not ACTIVE", wish->certificate);
    return KM_OK;
}

static km_status read_duration(struct km_registry *reg, const struct wish *wish, int64_t *ret_s)
{
    km_status status = km_reg_number(
        reg, "SELECT duration_s FROM role_alias WHERE account = ?1 AND name = ?2",
        KM_VALUES(km_value_text(wish->account), km_value_text(wish->role_alias)), ret_s);
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no role alias %s", wish->role_alias);
    return status;
}

/* Those whose time is over, and the oldest of too many. */
static km_status make_room(struct km_registry *reg, const struct wish *wish)
{
    int64_t n = 0;
    KM_TRY(km_reg_run(reg, "DELETE FROM credential WHERE expires_ms <= ?1",
                      KM_VALUES(km_value_number(km_reg_now(reg))), NULL));
    KM_TRY(km_reg_number(
        reg, "SELECT count(*) FROM credential WHERE account = ?1 AND certificate = ?2",
        KM_VALUES(km_value_text(wish->account), km_value_text(wish->certificate)), &n));
    if (n < KM_CREDENTIALS_MAX)
        return KM_OK;
    return km_reg_run(
        reg,
        "DELETE FROM credential WHERE id = (SELECT id FROM credential WHERE account = ?1"
        " AND certificate = ?2 ORDER BY created_ms, id LIMIT 1)",
        KM_VALUES(km_value_text(wish->account), km_value_text(wish->certificate)), NULL);
}

static km_status store(struct km_registry *reg, const struct wish *wish,
                       struct km_registry_new_key *key)
{
    static const char sql[] =
        "INSERT INTO credential (id, account, certificate, role_alias, sealed, token_hash,"
        " created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    struct km_reg_sealed sealed = {0};
    int64_t duration_s = 0;
    KM_TRY(check_certificate(reg, wish));
    KM_TRY(read_duration(reg, wish, &duration_s));
    KM_TRY(make_room(reg, wish));
    key->expires_ms = km_reg_now(reg) + duration_s * MS_PER_S;
    KM_TRY(km_reg_key_seal(reg, key, &sealed));
    return km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(key->id), km_value_text(wish->account),
                  km_value_text(wish->certificate), km_value_text(wish->role_alias),
                  km_value_blob(KM_SLICE(sealed.secret, sizeof(sealed.secret))),
                  km_value_blob(KM_SLICE(sealed.token_hash, sizeof(sealed.token_hash))),
                  km_value_number(km_reg_now(reg)), km_value_number(key->expires_ms)),
        NULL);
}

km_status km_registry_credential_new(struct km_registry *reg, const char *account,
                                     const char *certificate, const char *role_alias,
                                     struct km_registry_new_key *ret)
{
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = {0};
    const struct wish wish = {account, certificate, role_alias};
    km_reg_enter(reg);
    KM_TRY(km_reg_key_check(reg));
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", certificate));
    KM_TRY(km_reg_key_make(reg, true, &key));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, store(reg, &wish, &key)));
    *ret = key;
    key = (struct km_registry_new_key){0};
    return KM_OK;
}

/* ---- found ---- */

static km_status unknown(struct km_registry *reg)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there are no such credentials");
}

static struct km_registry_credential take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_credential){
        .id = km_query_text(query, arena, 0),
        .account = km_query_text(query, arena, 1),
        .certificate = km_query_text(query, arena, 2),
        .role_alias = km_query_text(query, arena, 3),
        .role = km_query_text(query, arena, 4),
        .expires_ms = km_query_number(query, 5),
    };
}

km_status km_registry_credential_find(struct km_registry *reg, struct km_arena *arena,
                                      const char *id, struct km_slice token,
                                      struct km_registry_credential *ret,
                                      struct km_secret **ret_secret)
{
    static const char sql[] =
        "SELECT c.id, c.account, c.certificate, c.role_alias, r.role, c.expires_ms, c.token_hash,"
        " c.sealed FROM credential c JOIN role_alias r ON r.account = c.account AND"
        " r.name = c.role_alias WHERE c.id = ?1";
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    km_reg_enter(reg);
    KM_TRY(km_reg_key_check(reg));
    if (!km_reg_key_is_id(id))
        return unknown(reg);
    KM_TRY(km_reg_query(reg, sql, KM_VALUES(km_value_text(id)), &query));
    if (!km_query_next(&query)) {
        KM_TRY(km_query_finish(&query));
        return unknown(reg);
    }
    struct km_registry_credential credential = take(&query, arena);
    KM_TRY(query.status);
    if (!km_reg_key_is_token(token, km_query_view(&query, 6)))
        return KM_REG_FAIL(reg, KM_E_AUTH, "the token is not the one of these credentials");
    KM_TRY(
        km_registry_unseal(&reg->err, reg->key, credential.id, km_query_view(&query, 7), &secret));
    KM_TRY(km_query_finish(&query));
    *ret = credential;
    *ret_secret = km_steal(&secret);
    return KM_OK;
}

/* ---- ended ---- */

km_status km_reg_credentials_end(struct km_registry *reg, const char *account,
                                 const char *certificate)
{
    return km_reg_run(reg, "DELETE FROM credential WHERE account = ?1 AND certificate = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(certificate)), NULL);
}
