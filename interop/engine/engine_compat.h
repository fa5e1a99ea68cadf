/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL 1.1.1 and 3.x have different. The engine's files use names that both have, and these.
 * KM_ENGINE_OPENSSL_11 asks for the older functions whatever the headers are, for a test that compiles them.
 */
#ifndef KM_ENGINE_COMPAT_H
#define KM_ENGINE_COMPAT_H

#include <openssl/opensslv.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#ifndef KM_ENGINE_OPENSSL_11
#define KM_ENGINE_OPENSSL_11
#endif
#define KM_OSSL3_CONST
/* Where CRYPTO_EX_dup finds a pointer to the pointer. */
typedef void *engine_ex_place;
#else
#define KM_OSSL3_CONST const
typedef void **engine_ex_place;
#endif

#endif
