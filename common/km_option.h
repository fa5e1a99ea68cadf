/* SPDX-License-Identifier: Apache-2.0 */
/* Values of command line options: words to numbers, modes and groups. Each is KM_E_ARG with a sentence that names the option. */
#ifndef KM_OPTION_H
#define KM_OPTION_H

#include <sys/types.h>

#include "common/km_status.h"

/* km_option_digits: the whole text is a number in base 8 or 10, without a sign, up to max. */
bool km_option_digits(const char *text, int base, unsigned long max, unsigned long *ret);
/* km_option_number: decimal, up to max, which an unsigned has to hold. */
km_status km_option_number(struct km_err *err, const char *option, const char *text,
                           unsigned long max, unsigned *ret);
/* km_option_mode: permissions in octal, up to 0777. */
km_status km_option_mode(struct km_err *err, const char *option, const char *text, mode_t *ret);
/* km_option_group: a group's name, or its number. */
km_status km_option_group(struct km_err *err, const char *option, const char *text, gid_t *ret);

#endif
