/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module as a contender: loaded, with its token "bench" (user PIN 1234) open. */
#ifndef KM_BENCH_TOKEN_H
#define KM_BENCH_TOKEN_H

#include <p11-kit/pkcs11.h>

#define SOFT_HSM_FILE "/usr/lib/softhsm/libsofthsm2.so"
#define REMOTE_FILE "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so"

struct token {
    const char *file;
    CK_FUNCTION_LIST *calls;
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE session; /* the first, logged in */
};

/* token_login: loads, initialises, opens a session and logs in where that is required; ends the program when it can't. Answers the module's calls. */
CK_FUNCTION_LIST *token_login(struct token *token) __attribute__((returns_nonnull));
/* token_must: ends the program unless rv is CKR_OK. */
void token_must(CK_RV rv, const char *what);

#endif
