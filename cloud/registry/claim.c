/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_claim.h"

#include "cloud/registry/crypto.h"
#include "cloud/registry/internal.h"

#include <string.h>

#define OCTETS (KM_CLAIM_TOKEN_LEN / 2)
#define SWEEP_MAX 4 /* of those whose time is over, with each new one: more go than come */

/* ---- whose time is over ---- */

struct old {
    char account[KM_ACCOUNT_LEN + 1];
    char certificate[KM_CERTIFICATE_ID_LEN + 1];
    bool is_temporary;
};

static km_status find_old(struct km_registry *reg, struct old ret[SWEEP_MAX], size_t *ret_n)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT account, certificate, CASE WHEN holder IS NULL THEN 1 ELSE 0 END"
                        " FROM claim WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2",
                        KM_VALUES(km_value_number(km_reg_now(reg)), km_value_number(SWEEP_MAX)),
                        &query));
    size_t n = 0;
    while (km_query_next(&query) && n < SWEEP_MAX) {
        km_query_copy(&query, 0, ret[n].account, KM_ACCOUNT_LEN);
        km_query_copy(&query, 1, ret[n].certificate, KM_CERTIFICATE_ID_LEN);
        ret[n].is_temporary = km_query_number(&query, 2) != 0;
        n++;
    }
    *ret_n = n;
    return km_query_finish(&query);
}

static km_status is_pending(struct km_registry *reg, const char *account, const char *id, bool *ret)
{
    return km_reg_exists(reg,
                         "SELECT 1 FROM certificate WHERE id = ?1 AND account = ?2 AND status = ?3",
                         KM_VALUES(km_value_text(id), km_value_text(account),
                                   km_value_number(KM_CERTIFICATE_PENDING_ACTIVATION)),
                         ret);
}

/* One that somebody has given a thing, or decided about, is no longer ours to delete. */
static km_status remove_old(struct km_registry *reg, const struct old *old)
{
    bool is_ours = old->is_temporary;
    if (!is_ours)
        KM_TRY(is_pending(reg, old->account, old->certificate, &is_ours));
    km_status status =
        is_ours ? km_reg_certificate_remove(reg, old->account, old->certificate) : KM_OK;
    if (status != KM_OK && status != KM_E_BUSY && status != KM_E_NOTFOUND)
        return status;
    km_err_clear(&reg->err);
    return km_reg_run(reg, "DELETE FROM claim WHERE account = ?1 AND certificate = ?2",
                      KM_VALUES(km_value_text(old->account), km_value_text(old->certificate)),
                      NULL);
}

static km_status sweep(struct km_registry *reg)
{
    struct old old[SWEEP_MAX] = {{{0}, {0}, false}};
    size_t n = 0;
    KM_TRY(find_old(reg, old, &n));
    for (size_t i = 0; i < n; i++)
        KM_TRY(remove_old(reg, &old[i]));
    return KM_OK;
}

/* ---- new ones ---- */

struct claim {
    const char *account;
    const char *certificate;
    const char *holder; /* NULL: it is a temporary one */
    int64_t expires_ms;
    const char *token;
};

static km_status store(struct km_registry *reg, const struct claim *claim)
{
    uint8_t hash[KM_SHA256_LEN] = {0};
    km_registry_sha256(KM_SLICE_STR(claim->token), hash);
    return km_reg_run(reg,
                      "INSERT INTO claim (token_hash, account, certificate, holder, expires_ms)"
                      " VALUES (?1, ?2, ?3, ?4, ?5)",
                      KM_VALUES(km_value_blob(KM_SLICE(hash, sizeof(hash))),
                                km_value_text(claim->account), km_value_text(claim->certificate),
                                km_value_text(claim->holder), km_value_number(claim->expires_ms)),
                      NULL);
}

static void draw(const struct km_registry *reg, char ret[KM_CLAIM_TOKEN_LEN + 1])
{
    uint8_t octets[OCTETS] = {0};
    km_reg_random(reg, KM_SPAN(octets, sizeof(octets)));
    km_hex(KM_SLICE(octets, sizeof(octets)), ret, KM_CLAIM_TOKEN_LEN + 1);
    km_wipe(octets, sizeof(octets));
}

/* claim->certificate is set here. */
static km_status insert(struct km_registry *reg, struct claim *claim,
                        const struct km_registry_certificate_new *certificate,
                        char id[KM_CERTIFICATE_ID_LEN + 1])
{
    KM_TRY(sweep(reg));
    KM_TRY(km_reg_certificate_insert(
        reg, claim->account, certificate,
        claim->holder != NULL ? KM_CERTIFICATE_PENDING_ACTIVATION : KM_CERTIFICATE_ACTIVE, id));
    claim->certificate = id;
    return store(reg, claim);
}

km_status km_registry_claim_register(struct km_registry *reg, const char *account,
                                     const struct km_registry_certificate_new *certificate,
                                     const char *holder, char ret_id[KM_CERTIFICATE_ID_LEN + 1],
                                     char ret_token[KM_CLAIM_TOKEN_LEN + 1])
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    char token[KM_CLAIM_TOKEN_LEN + 1] = "";
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a holder's certificate id", holder));
    draw(reg, token);
    struct claim claim = {.account = account,
                          .holder = holder,
                          .expires_ms = km_reg_now(reg) + KM_CLAIM_MS,
                          .token = token};
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    km_status status = km_reg_write_end(reg, insert(reg, &claim, certificate, id));
    if (status == KM_OK) {
        km_copy(ret_id, sizeof(id), id, sizeof(id));
        km_copy(ret_token, sizeof(token), token, sizeof(token));
    }
    km_wipe(token, sizeof(token));
    return status;
}

km_status km_registry_claim_temporary(struct km_registry *reg, const char *account,
                                      const struct km_registry_certificate_new *certificate,
                                      char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    char token[KM_CLAIM_TOKEN_LEN + 1] = "";
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    draw(reg, token); /* nobody's: the row only has to have one */
    struct claim claim = {
        .account = account, .expires_ms = certificate->not_after_ms, .token = token};
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, insert(reg, &claim, certificate, id)));
    km_copy(ret_id, sizeof(id), id, sizeof(id));
    return KM_OK;
}

/* ---- taken ---- */

static km_status refuse(struct km_registry *reg)
{
    return KM_REG_FAIL(reg, KM_E_AUTH,
                       "the ownership token is none, another client's, used up or too old");
}

static km_status find(struct km_registry *reg, const struct claim *claim,
                      const uint8_t hash[KM_SHA256_LEN], char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT certificate FROM claim WHERE token_hash = ?1 AND account = ?2"
                        " AND holder = ?3 AND expires_ms > ?4",
                        KM_VALUES(km_value_blob(KM_SLICE(hash, KM_SHA256_LEN)),
                                  km_value_text(claim->account), km_value_text(claim->holder),
                                  km_value_number(km_reg_now(reg))),
                        &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        km_query_copy(&query, 0, ret_id, KM_CERTIFICATE_ID_LEN);
    KM_TRY(km_query_finish(&query));
    return has_row ? KM_OK : refuse(reg);
}

static km_status take(struct km_registry *reg, const struct claim *claim,
                      char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    uint8_t hash[KM_SHA256_LEN] = {0};
    bool is_there = false;
    km_registry_sha256(KM_SLICE_STR(claim->token), hash);
    KM_TRY(find(reg, claim, hash, ret_id));
    KM_TRY(is_pending(reg, claim->account, ret_id, &is_there));
    if (!is_there)
        return refuse(reg);
    return km_reg_run_one(reg, "DELETE FROM claim WHERE token_hash = ?1",
                          KM_VALUES(km_value_blob(KM_SLICE(hash, sizeof(hash)))));
}

km_status km_registry_claim_take(struct km_registry *reg, const char *account, const char *token,
                                 const char *holder, char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    const struct claim claim = {.account = account, .holder = holder, .token = token};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a holder's certificate id", holder));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, take(reg, &claim, id)));
    km_copy(ret_id, sizeof(id), id, sizeof(id));
    return KM_OK;
}
