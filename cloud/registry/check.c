/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/internal.h"

#include <string.h>

km_status km_reg_check_account(struct km_registry *reg, const char *account)
{
    if (account == NULL || strlen(account) != KM_ACCOUNT_LEN ||
        strspn(account, "0123456789") != KM_ACCOUNT_LEN)
        return KM_REG_FAIL(reg, KM_E_ARG, "an account is %d digits", KM_ACCOUNT_LEN);
    return KM_OK;
}

km_status km_reg_check_id(struct km_registry *reg, const char *what, const char *id)
{
    if (id == NULL || strlen(id) != KM_CERTIFICATE_ID_LEN ||
        strspn(id, "0123456789abcdef") != KM_CERTIFICATE_ID_LEN)
        return KM_REG_FAIL(reg, KM_E_ARG, "%s is %d lower-case hex digits", what,
                           KM_CERTIFICATE_ID_LEN);
    return KM_OK;
}

km_status km_reg_check_name(struct km_registry *reg, const char *account, const char *what,
                            const char *name, size_t max, const char *more)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    KM_TRY(km_reg_check_account(reg, account));
    size_t len = name == NULL ? 0 : strnlen(name, max + 1);
    if (len < 1 || len > max)
        return KM_REG_FAIL(reg, KM_E_ARG, "%s has 1 to %zu characters", what, max);
    for (size_t i = 0; i < len; i++) {
        if (strchr(plain, name[i]) == NULL && strchr(more, name[i]) == NULL)
            return KM_REG_FAIL(reg, KM_E_ARG, "%s has letters, digits and %s only", what, more);
    }
    return KM_OK;
}

km_status km_reg_check_text(struct km_registry *reg, const char *what, const char *text, size_t min,
                            size_t max)
{
    if (text == NULL && min == 0)
        return KM_OK;
    size_t len = text == NULL ? 0 : strnlen(text, max + 1);
    if (len < min || len > max)
        return KM_REG_FAIL(reg, KM_E_ARG, "%s has %zu to %zu octets", what, min, max);
    if (!km_utf8_valid(KM_SLICE(text, len)))
        return KM_REG_FAIL(reg, KM_E_ARG, "%s is not UTF-8", what);
    return KM_OK;
}
