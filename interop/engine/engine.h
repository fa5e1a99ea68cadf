/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the OpenSSL ENGINE "clrc" (file libclrc.so), for programs that know engines. It registers
 * nothing as a default and makes its methods when the first key is loaded; keys keep working after
 * the program has finished or freed the engine.
 */
#ifndef KM_ENGINE_H
#define KM_ENGINE_H

#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/rsa.h>

#include "interop/door/door_error.h"
#include "interop/door/door_key.h"

#define KM_ENGINE_ID "clrc"

/* engine_raise: puts a recorded failure into OpenSSL's queue. Always 0, to stand behind return. */
int engine_raise(const struct km_err *err, const char *func);
/* engine_load_errors: makes reason numbers readable; any number of times. */
void engine_load_errors(void);

/*
 * engine_key_make: an EVP_PKEY around our key. Takes a reference of its own. NULL after raising.
 */
EVP_PKEY *engine_ec_make(struct km_door_key *key);
EVP_PKEY *engine_rsa_make(ENGINE *engine, struct km_door_key *key);
/* engine_rsa_key: our key inside, a view; NULL when the RSA is not ours. */
struct km_door_key *engine_rsa_key(const RSA *rsa);

/* engine_pkey_meths: ENGINE_PKEY_METHS_PTR; for RSA, so that PSS and OAEP arrive with their parameters. */
int engine_pkey_meths(ENGINE *engine, EVP_PKEY_METHOD **pmeth, const int **nids, int nid);

/* engine_digest_algorithm: clrc's algorithm for a scheme and a digest NID; raises, CLRC_ALG_NONE. */
ClrcAlgorithm engine_algorithm(enum km_door_scheme scheme, int digest_nid);

/* The settings of one engine, by control commands. */
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
