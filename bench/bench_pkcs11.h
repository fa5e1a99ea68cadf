/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of bench_pkcs11 share. */
#ifndef KM_BENCH_PKCS11_H
#define KM_BENCH_PKCS11_H

#include "bench/bench.h"
#include "bench/token.h"

#define TOKENS 3

/* The module that is measured, and its peers. */
struct contestant {
    const char *name;
    double least; /* of ours over this one; 0: itself */
    struct token token;
};

/* bench_token_pair: an EC key pair on P-256 that may do what `usage` says, in a session or on the token. */
void bench_token_pair(struct token *token, CK_ATTRIBUTE_TYPE usage, bool on_token,
                      CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private);
/* bench_token_sign: one signature. */
void bench_token_sign(const struct token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);
/*
 * bench_rates: a row for each peer. rates: operations per second, or, where at_most is not 0, what one takes, and our share of a peer's that is
 * the target; n: how many of the contestants took part.
 */
void bench_rates(const char *id, const char *unit, const double *rates, size_t n, double at_most);

/* What runs in processes of their own: `bench_pkcs11 STEP MODULE N`, called by bench_life. False: no such step. */
bool bench_life_step(const char *step, const char *module, unsigned n);
/* bench_life: from load to the first signature, and searches among 10, 1,000 and 10,000 objects. token_dir: SoftHSM2's. */
void bench_life(const char *self, const char *token_dir, size_t n);

extern struct contestant contestants[TOKENS];

#endif
