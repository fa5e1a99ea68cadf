/* SPDX-License-Identifier: Apache-2.0 */
/* EC inside the engine: named keys (engine_ec.c) and the program's own (engine_ec_own.c). */
#ifndef KM_ENGINE_EC_H
#define KM_ENGINE_EC_H

#include "interop/engine/engine.h"
#include "interop/engine/engine_own.h"

/* engine_ec_method: what does EC in the service; NULL when memory is short. Made once, OpenSSL's own for what is not offered. */
const EC_KEY_METHOD *engine_ec_method(void);

/* engine_ec_own_prepare: once, before all others. */
bool engine_ec_own_prepare(void);
/* engine_ec_own_is_offered: whether the service can work with this key of the program's own. */
bool engine_ec_own_is_offered(const EC_KEY *ec);
/* engine_ec_own_may_generate: whether the service makes keys on this curve. */
bool engine_ec_own_may_generate(const EC_KEY *ec);
/* The operations; 0 after raising. */
int engine_ec_own_sign(EC_KEY *ec, struct km_slice digest, uint8_t *sig, unsigned *ret_len);
int engine_ec_own_agree(EC_KEY *ec, struct km_slice point, struct km_span secret);
int engine_ec_own_generate(EC_KEY *ec);
/* engine_ec_own_forget: another private part is put into the object. */
void engine_ec_own_forget(EC_KEY *ec);

#endif
