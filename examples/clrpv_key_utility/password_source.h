/* SPDX-License-Identifier: Apache-2.0 */
/* A password's name, and the password from the command line, a file or the terminal. */
#ifndef PASSWORD_SOURCE_H
#define PASSWORD_SOURCE_H

#include <stdint.h>

#define PASSWORD_MAX 256 /* octets */
#define PASSWORD_NAME_MAX 63

struct password {
    char name[PASSWORD_NAME_MAX + 1];
    uint8_t octets[PASSWORD_MAX];
    uint32_t len; /* 0: not known yet */
};

/*
 * password_name: takes NAME or NAME:PASSWORD; the latter is wiped from the argument, after a warning: others may have seen it.
 * Returns 0, or -1 after saying on standard error what is wrong.
 */
int password_name(char *argument, struct password *ret);
/* password_get: makes sure that the password is known: from the file ("-": standard input) when there is one, else it asks. */
int password_get(struct password *password, const char *file);
void password_wipe(struct password *password);

#endif
