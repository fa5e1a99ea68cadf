/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module, loaded by its path, and what tests do with any such module. */
#ifndef KM_PKCS11_RIG_H
#define KM_PKCS11_RIG_H

#include <stdbool.h>

#include <pkcs11.h>

/* A module and its functions; library is what dlclose takes. */
struct km_rig {
    void *library;
    CK_FUNCTION_LIST *p11;
};

/* km_rig_load: false: it can't be loaded, or gives no list. It is not initialised. */
bool km_rig_load(const char *path, struct km_rig *ret_rig);
/* km_rig_open: a session for reading and writing. */
CK_RV km_rig_open(const struct km_rig *rig, CK_SLOT_ID slot, CK_SESSION_HANDLE *ret_session);
/* km_rig_pair: a pair on P-256; a token object with that label when there is one, otherwise a session object. ret_keys: public, private. */
CK_RV km_rig_pair(const struct km_rig *rig, CK_SESSION_HANDLE session, const char *label,
                  CK_OBJECT_HANDLE ret_keys[2]);
/* km_rig_key: the private key with that label. CKR_KEY_HANDLE_INVALID: there is none. */
CK_RV km_rig_key(const struct km_rig *rig, CK_SESSION_HANDLE session, const char *label,
                 CK_OBJECT_HANDLE *ret_key);
/* km_rig_sign: one ECDSA signature. */
CK_RV km_rig_sign(const struct km_rig *rig, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);

/* KM_RIG_NEED: ends the program (or the forked child) with status 1, and says where, unless it is true; KM_RIG_OK: unless CKR_OK. */
#define KM_RIG_NEED(expression) km_rig_need((expression), __FILE__, __LINE__, #expression)
#define KM_RIG_OK(call) KM_RIG_NEED((call) == CKR_OK)
void km_rig_need(bool is_true, const char *file, int line, const char *text);

/* A program's threads that sign with a named key of slot 0, each in a session of its own, until they are told to stop. */
#define KM_RIG_THREADS 4
struct km_rig_signers;
/* km_rig_signers_start: each has signed once when this returns. may_fail: they go on, and open another session, when a call fails. */
struct km_rig_signers *km_rig_signers_start(const struct km_rig *rig, const char *label,
                                            bool may_fail);
/* km_rig_signers_stop: they have ended; how many signatures there were. Without may_fail all must have been good. */
unsigned km_rig_signers_stop(struct km_rig_signers *signers);
/* km_rig_signers_progress: returns when each has signed again since the call. */
void km_rig_signers_progress(struct km_rig_signers *signers);

#endif
