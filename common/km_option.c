/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_option.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>

bool km_option_digits(const char *text, int base, unsigned long max, unsigned long *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, base);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > max)
        return false;
    *ret = value;
    return true;
}

km_status km_option_number(struct km_err *err, const char *option, const char *text,
                           unsigned long max, unsigned *ret)
{
    unsigned long value = 0;
    if (!km_option_digits(text, 10, max, &value))
        return KM_FAIL(err, KM_E_ARG, "--%s takes a number up to %lu, not '%.40s'", option, max,
                       text);
    *ret = (unsigned)value;
    return KM_OK;
}

km_status km_option_mode(struct km_err *err, const char *option, const char *text, mode_t *ret)
{
    unsigned long value = 0;
    if (!km_option_digits(text, 8, 0777, &value))
        return KM_FAIL(err, KM_E_ARG, "--%s takes an octal mode, not '%.40s'", option, text);
    *ret = (mode_t)value;
    return KM_OK;
}

km_status km_option_group(struct km_err *err, const char *option, const char *text, gid_t *ret)
{
    unsigned long value = 0;
    const struct group *group = getgrnam(text);
    if (group != NULL)
        *ret = group->gr_gid;
    else if (km_option_digits(text, 10, UINT32_MAX - 1, &value))
        *ret = (gid_t)value;
    else
        return KM_FAIL(err, KM_E_ARG, "--%s: there is no group '%.40s'", option, text);
    return KM_OK;
}
