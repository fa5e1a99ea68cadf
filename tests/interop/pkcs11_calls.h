/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs that call the PKCS#11 module share: the module itself, a session of slot 0, and the calls that most tests make. */
#ifndef PKCS11_CALLS_H
#define PKCS11_CALLS_H

#include <stdlib.h>

#include <pkcs11.h>

#include "tests/unit/km_test.h"

/* Numbers of the standard that the header does not have. */
#ifndef CKM_AES_XTS
#define CKM_AES_XTS 0x00001071UL
#define CKM_AES_XTS_KEY_GEN 0x00001072UL
#endif
#ifndef CKM_DES3_CMAC
#define CKM_DES3_CMAC 0x00000138UL
#endif
#ifndef CKM_AES_OFB
#define CKM_AES_OFB 0x00002104UL
#endif

#define MESSAGE "a message that is longer than one block of any cipher"

extern CK_FUNCTION_LIST_3_0 *p11;
extern CK_SESSION_HANDLE session;
extern CK_BBOOL yes;
extern CK_BBOOL no;
extern CK_BYTE message[];
extern const CK_ULONG message_len;
extern CK_BYTE p256[10];
extern CK_BYTE ed25519[14];

#define OK(call) assert_int_equal((call), CKR_OK)
#define ATTR_BOOL(type, value)                                                                     \
    {                                                                                              \
        (type), &(value), sizeof(value)                                                            \
    }
#define ATTR(type, value)                                                                          \
    {                                                                                              \
        (type), &(value), sizeof(value)                                                            \
    }

/* rig_load: the module of $KM_TEST_MODULE. */
void rig_load(void);
/* rig_set_up, rig_tear_down: C_Initialize and a session; C_Finalize. */
int rig_set_up(void **state);
int rig_tear_down(void **state);
CK_SESSION_HANDLE open_session(void);
/* pair: a key pair that signs. */
void pair(CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG params_len, CK_BBOOL *token,
          CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private);
/* secret_key: a generated key of so many octets; at most 7 attributes more. */
CK_OBJECT_HANDLE secret_key(CK_MECHANISM_TYPE type, CK_ULONG len, CK_ATTRIBUTE *more,
                            CK_ULONG n_more);
/* sign_and_verify: whole and in parts; a changed and a short signature. */
void sign_and_verify(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE private_key,
                     CK_OBJECT_HANDLE public_key);
/* round_trip: whole and in parts, and back; expected: octets of the ciphertext. */
void round_trip(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG len, CK_ULONG expected);
/* value_of: an attribute; *len is the room, then its length. */
void value_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BYTE *out, CK_ULONG *len);
/* found: how many objects fit, at most 64; first may be NULL. */
CK_ULONG found(CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *first);

#endif
