/* SPDX-License-Identifier: Apache-2.0 */
/* The code that a CA's holder signs to show that the key is theirs. */
#include "cloud/registry/internal.h"

#define OCTETS (KM_REGISTRATION_CODE_LEN / 2)

/* KM_E_NOTFOUND: no such account; an empty text: it has no code. */
static km_status read_code(struct km_registry *reg, const char *account,
                           char code[KM_REGISTRATION_CODE_LEN + 1])
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg, "SELECT registration_code FROM account WHERE id = ?1",
                        KM_VALUES(km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        km_query_copy(&query, 0, code, KM_REGISTRATION_CODE_LEN);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no account %s", account);
    return KM_OK;
}

static km_status store_code(struct km_registry *reg, const char *account, const char *code)
{
    KM_TRY(km_reg_run_one(reg, "UPDATE account SET registration_code = ?2 WHERE id = ?1",
                          KM_VALUES(km_value_text(account), km_value_text(code))));
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, account, account);
}

/* Two that ask at once get the same one. */
static km_status make_code(struct km_registry *reg, const char *account,
                           char code[KM_REGISTRATION_CODE_LEN + 1])
{
    uint8_t octets[OCTETS] = {0};
    KM_TRY(read_code(reg, account, code));
    if (code[0] != '\0')
        return KM_OK;
    km_reg_random(reg, KM_SPAN(octets, sizeof(octets)));
    km_hex(KM_SLICE(octets, sizeof(octets)), code, KM_REGISTRATION_CODE_LEN + 1);
    return store_code(reg, account, code);
}

km_status km_registry_registration_code(struct km_registry *reg, const char *account,
                                        char ret[KM_REGISTRATION_CODE_LEN + 1])
{
    char code[KM_REGISTRATION_CODE_LEN + 1] = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(read_code(reg, account, code));
    if (code[0] == '\0') {
        KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
        KM_TRY(km_reg_write_end(reg, make_code(reg, account, code)));
    }
    km_copy(ret, sizeof(code), code, sizeof(code));
    return KM_OK;
}

static km_status delete_code(struct km_registry *reg, const char *account)
{
    char code[KM_REGISTRATION_CODE_LEN + 1] = {0};
    KM_TRY(read_code(reg, account, code));
    if (code[0] == '\0')
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "account %s has no registration code", account);
    return store_code(reg, account, NULL);
}

km_status km_registry_registration_code_delete(struct km_registry *reg, const char *account)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_code(reg, account));
}
