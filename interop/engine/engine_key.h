/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that the program has itself, and that the service works with on its behalf: symmetric keys of
 * ciphers and MACs, private keys that OpenSSL read or had generated while the engine is the default
 * for them. They live in a session of the service, unsaved; saved keys are the door's.
 */
#ifndef KM_ENGINE_KEY_H
#define KM_ENGINE_KEY_H

#include "clrc.h"
#include "common/km_bytes.h"

struct engine_key;

/*
 * engine_key_take: takes the handle, also on failure. is_saved: a name stands for it, so it outlives sessions and forks.
 * Returns owned; NULL when memory is short.
 */
struct engine_key *engine_key_take(ClrcKeyHandle handle, bool is_saved);
struct engine_key *engine_key_ref(struct engine_key *key);
void engine_key_unref(struct engine_key *key);
void engine_key_unrefp(struct engine_key **key);
/* engine_key_handle: a view; usable by any number of threads. */
ClrcKeyHandle engine_key_handle(const struct engine_key *key);
/* engine_key_is_here: whether its session can still be this process's: not so in a forked child. */
bool engine_key_is_here(const struct engine_key *key);

#define ENGINE_SYMMETRIC_MAX 64u
/* engine_key_import: a symmetric key, of which it keeps a copy. Returns owned; NULL after raising. */
struct engine_key *engine_key_import(ClrcKeyType type, struct km_slice octets);
/*
 * engine_key_renew: takes an imported key in anew, in the place of *key, when this is a forked child, or when result says
 * that its session is over. False, and *key as it was, when there is no need or no way.
 */
bool engine_key_renew(struct engine_key **key, ClrcResult result);
/* engine_key_wish: a template for a new key of the program's own; exportable unless private parts are hidden. */
ClrcKeyTemplate engine_key_wish(ClrcKeyType type, unsigned bits);

#define ENGINE_COMPONENT_MAX 512u /* octets of any number in a key, RSA and DH of 4096 bits */
/* engine_key_component: one number of a key, big-endian; false without raising when it does not come out. */
bool engine_key_component(const struct engine_key *key, ClrcAttribute attribute,
                          uint8_t ret[ENGINE_COMPONENT_MAX], uint32_t *ret_len);

#endif
