/* SPDX-License-Identifier: Apache-2.0 */
/* The life of handles, inside the library. Constructors return owned, or NULL when memory is short. */
#ifndef CLRC_HANDLE_H
#define CLRC_HANDLE_H

#include "lib/clrc/clrc_internal.h"

bool clrc_key_is(const struct clrc_key *key);
bool clrc_password_is(const struct clrc_password *password);
bool clrc_operation_is(const struct clrc_operation *operation);
/* clrc_name_is: 1 to CLRC_NAME_MAX octets of UTF-8. */
bool clrc_name_is(const char *name);
/* clrc_name_set: copies a name that is one. */
void clrc_name_set(char ret[CLRC_NAME_MAX + 1], const char *name);

struct clrc_key *clrc_key_new(void);
void clrc_key_freep(struct clrc_key **key);
struct clrc_operation *clrc_operation_new(void);
void clrc_operation_freep(struct clrc_operation **operation);
/* clrc_password_new: copies the octets into locked memory. The last _unref wipes and frees. */
struct clrc_password *clrc_password_new(const char *name, struct km_slice octets);
struct clrc_password *clrc_password_ref(struct clrc_password *password);
void clrc_password_unref(struct clrc_password *password);
void clrc_password_unrefp(struct clrc_password **password);

/* clrc_template_put: KM_CRYPTO_TEMPLATE_WIRE_MAX octets of room always suffice. */
ClrcResult clrc_template_put(const char *function, const ClrcKeyTemplate *wish, struct km_span out,
                             size_t *ret_len);
/*
 * clrc_make_key: runs a command that makes a key of this wish, which goes into parameter 0; the new
 * id comes back in parameter id_at.
 */
ClrcResult clrc_make_key(struct clrc_call *call, const ClrcKeyTemplate *wish, unsigned id_at,
                         ClrcKeyHandle *hKey);
/* clrc_bad: CLRC_ERROR_BAD_PARAMETERS with what is wrong; clrc_long: CLRC_ERROR_TOO_LARGE. */
ClrcResult clrc_bad(const char *function, const char *text);
ClrcResult clrc_long(const char *function, const char *text);
/* clrc_info_from: an INFO in the library's own form; clrc_info_parse: as it came. */
void clrc_info_from(const struct km_crypto_info *info, ClrcKeyInfo *ret_info);
bool clrc_info_parse(struct km_slice in, ClrcKeyInfo *ret_info);

#endif
