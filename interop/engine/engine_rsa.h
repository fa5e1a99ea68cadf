/* SPDX-License-Identifier: Apache-2.0 */
/* RSA inside the engine: named keys (engine_rsa.c), the program's own (engine_rsa_own.c), and contexts (engine_rsa_pkey.c). */
#ifndef KM_ENGINE_RSA_H
#define KM_ENGINE_RSA_H

#include "interop/engine/engine.h"

/* engine_rsa_key: the named key inside, a view; NULL when the RSA is not one. */
struct km_door_key *engine_rsa_key(const RSA *rsa);
/* engine_algorithm: clrc's algorithm for a scheme and a digest; CLRC_ALG_NONE after raising. */
ClrcAlgorithm engine_algorithm(enum km_door_scheme scheme, int digest_nid);
/* engine_rsa_unsupported: what named keys say to raw RSA. */
km_status engine_rsa_unsupported(struct km_err *err);
/* engine_rsa_sign_with: 0 after raising; sig has room for the key's longest signature. */
int engine_rsa_sign_with(struct km_door_key *key, const struct km_door_signing *how,
                         struct km_slice digest, unsigned char *sig, size_t *sig_len);
/* engine_rsa_decrypt_with: octets written; -1 after raising. */
int engine_rsa_decrypt_with(struct km_door_key *key, ClrcAlgorithm algorithm, struct km_slice label,
                            struct km_slice in, struct km_span out);
/* engine_rsa_set_private: d, p, q, dp, dq, qi, each NULL when it is not known; takes them, also on failure. */
bool engine_rsa_set_private(RSA *rsa, BIGNUM *numbers[6]);

/* engine_rsa_own_method: for keys of the program's own; OpenSSL's for what is not offered. NULL when memory is short. */
const RSA_METHOD *engine_rsa_own_method(void);
/* engine_rsa_pkey_method: NULL when memory is short. */
EVP_PKEY_METHOD *engine_rsa_pkey_method(void);

#endif
