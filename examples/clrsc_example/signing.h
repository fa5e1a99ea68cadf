/* SPDX-License-Identifier: Apache-2.0 */
/* Signing commands with the command key, which in the real world is not on the device. */
#ifndef SIGNING_H
#define SIGNING_H

#include "clrsc.h"

/*
 * sign_command: a signed command with these fields; command->signature is set here. The key is the first of clrsc_command_signing_key.pem and
 * certs/clrsc_example_command_key.pem, in the present folder or else in the program's. package has room for *length octets. 0 after a
 * complaint on standard error.
 */
int sign_command(ClrscCommand *command, uint8_t *package, uint32_t *length);

#endif
