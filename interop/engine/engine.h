/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the OpenSSL ENGINE "clrc" (file libclrc.so), for programs that know engines. It has methods for
 * digests, ciphers, CMAC, random numbers and keys, all of which work in the service, and named keys. A
 * program gets the methods when it makes the engine its default, or names it; named keys keep working after
 * the program has finished or freed the engine. Nothing connects before something is asked for.
 */
#ifndef KM_ENGINE_H
#define KM_ENGINE_H

#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/rsa.h>

#include "interop/door/door_error.h"
#include "interop/door/door_key.h"
#include "interop/engine/engine_compat.h"

#define KM_ENGINE_ID "clrc"
#define ENGINE_PART_MAX 1048576u /* octets that go through one request */

/* engine_raise: puts a recorded failure into OpenSSL's queue. Always 0, to stand behind return. */
int engine_raise(const struct km_err *err, const char *func);
/* engine_clrc: the same for a call of clrc that failed, with what was attempted; 1 for CLRC_SUCCESS. */
int engine_clrc(ClrcResult result, const char *what, const char *func);
/* engine_load_errors: makes reason numbers readable; any number of times. */
void engine_load_errors(void);

/* engine_offers: whether a method (ENGINE_METHOD_...) is offered as a default; see METHODS in engine_ctrl.c. */
bool engine_offers(unsigned method);
/* engine_offer: sets in the engine what METHODS asks for. */
int engine_offer(ENGINE *engine, unsigned methods);

/* Methods, as ENGINE_DIGESTS_PTR and its sisters want them. */
int engine_digests(ENGINE *engine, const EVP_MD **ret, const int **ret_nids, int nid);
int engine_ciphers(ENGINE *engine, const EVP_CIPHER **ret, const int **ret_nids, int nid);
int engine_pkey_meths(ENGINE *engine, EVP_PKEY_METHOD **ret, const int **ret_nids, int nid);
int engine_pkey_asn1_meths(ENGINE *engine, EVP_PKEY_ASN1_METHOD **ret, const int **ret_nids,
                           int nid);
const RAND_METHOD *engine_rand(void);

#define ENGINE_AEADS_MAX 7
/* engine_aead_nids: their numbers; engine_aead: NULL when it is none. */
int engine_aead_nids(int ret[ENGINE_AEADS_MAX]);
const EVP_CIPHER *engine_aead(int nid);
/* engine_cmac, engine_cmac_asn1: NULL when memory is short. */
EVP_PKEY_METHOD *engine_cmac(void);
EVP_PKEY_ASN1_METHOD *engine_cmac_asn1(void);

/* engine_ec_make, engine_rsa_make: an EVP_PKEY around a named key. Takes a reference of its own. NULL after raising. */
EVP_PKEY *engine_ec_make(struct km_door_key *key);
EVP_PKEY *engine_rsa_make(ENGINE *engine, struct km_door_key *key);
/*
 * engine_door_number: a private number of a named key, when private parts are not hidden and the key may be
 * exported. Returns owned; NULL otherwise.
 */
BIGNUM *engine_door_number(struct km_door_key *key, ClrcAttribute attribute);

/* The settings of the process, by control commands. */
int engine_ctrl(ENGINE *engine, int cmd, long i, void *p, void (*f)(void));
extern const ENGINE_CMD_DEFN engine_commands[];
/* engine_pin: the password set by PIN, copied to buf; false when there is none. */
bool engine_pin(struct km_span buf, size_t *ret_len);
/* engine_ui: what SET_USER_INTERFACE and SET_CALLBACK_DATA gave; NULL for none. */
UI_METHOD *engine_ui(void);
void *engine_ui_data(void);
/* engine_hides_private: what HIDE_PRIVATE was last set to; on by default. */
bool engine_hides_private(void);

EVP_PKEY *engine_load_private(ENGINE *engine, const char *id, UI_METHOD *ui, void *ui_data);
EVP_PKEY *engine_load_public(ENGINE *engine, const char *id, UI_METHOD *ui, void *ui_data);
/* engine_load_certificate: for LOAD_CERT_CTRL; owned, NULL after raising. */
X509 *engine_load_certificate(const char *id);

#endif
