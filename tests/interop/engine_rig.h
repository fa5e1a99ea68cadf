/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's tests share: octets from a seed that is printed, and the engine itself. */
#ifndef KM_ENGINE_RIG_H
#define KM_ENGINE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/engine.h>
#include <openssl/evp.h>

/* rig_seed: from $KM_TEST_SEED or the clock; printed, so that a failure can be had again. */
void rig_seed(void);
void rig_octets(uint8_t *out, size_t len);
/* rig_below: 0 to limit - 1. */
size_t rig_below(size_t limit);

/* rig_engine: loaded and initialised; rig_close gives it back. */
ENGINE *rig_engine(void);
void rig_close(ENGINE *engine);

/* rig_sign_and_verify: with SHA-256; the verifying key is a fresh copy of the public part. */
bool rig_sign_and_verify(EVP_PKEY *key, bool pss);

#endif
