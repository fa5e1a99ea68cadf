/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Keymoor's TAs use beyond the Internal Core API: OP-TEE's identifiers where it has them, so
 * that the same sources build there. Which of them this build offers: TEE_IsAlgorithmSupported.
 */
#ifndef TEE_INTERNAL_API_EXTENSIONS_H
#define TEE_INTERNAL_API_EXTENSIONS_H

#include "tee_internal_api.h"

/*
 * HKDF (RFC 5869), one identifier per hash; key TEE_TYPE_HKDF_IKM. TEE_DeriveKey takes the salt and info under the
 * identifiers here or under the specification's (TEE_ATTR_HKDF_SALT, TEE_ATTR_HKDF_INFO), both may be left out,
 * and TEE_ATTR_HKDF_OKM_LENGTH (octets), which must be given. TEE_ALG_HKDF takes TEE_TYPE_HKDF_IKM keys as well.
 */
#define TEE_ALG_HKDF_MD5_DERIVE_KEY 0x800010C0u
#define TEE_ALG_HKDF_SHA1_DERIVE_KEY 0x800020C0u
#define TEE_ALG_HKDF_SHA224_DERIVE_KEY 0x800030C0u
#define TEE_ALG_HKDF_SHA256_DERIVE_KEY 0x800040C0u
#define TEE_ALG_HKDF_SHA384_DERIVE_KEY 0x800050C0u
#define TEE_ALG_HKDF_SHA512_DERIVE_KEY 0x800060C0u
#define TEE_TYPE_HKDF_IKM 0xA10000C0u
#define TEE_ATTR_HKDF_IKM 0xC00001C0u
#define __OPTEE_TEE_ATTR_HKDF_SALT 0xD00002C0u
#define __OPTEE_ATTR_HKDF_INFO 0xD00003C0u
#define TEE_ATTR_HKDF_OKM_LENGTH 0xF00004C0u

/* Concatenation KDF (NIST SP 800-56A, 5.8.1); key TEE_TYPE_CONCAT_KDF_Z. OTHER_INFO may be left out, DKM_LENGTH (octets) not. */
#define TEE_ALG_CONCAT_KDF_SHA1_DERIVE_KEY 0x800020C1u
#define TEE_ALG_CONCAT_KDF_SHA224_DERIVE_KEY 0x800030C1u
#define TEE_ALG_CONCAT_KDF_SHA256_DERIVE_KEY 0x800040C1u
#define TEE_ALG_CONCAT_KDF_SHA384_DERIVE_KEY 0x800050C1u
#define TEE_ALG_CONCAT_KDF_SHA512_DERIVE_KEY 0x800060C1u
#define TEE_TYPE_CONCAT_KDF_Z 0xA10000C1u
#define TEE_ATTR_CONCAT_KDF_Z 0xC00001C1u
#define TEE_ATTR_CONCAT_KDF_OTHER_INFO 0xD00002C1u
#define TEE_ATTR_CONCAT_KDF_DKM_LENGTH 0xF00003C1u

/*
 * Ciphers that the specification has no identifier for. Class cipher; streams, so any length; IV of one block. AES keys
 * are TEE_TYPE_AES, DES3 keys TEE_TYPE_DES3.
 */
#define TEE_ALG_AES_OFB 0xF0000A10u
#define TEE_ALG_AES_CFB128 0xF0000B10u
#define TEE_ALG_DES3_OFB 0xF0000A13u
#define TEE_ALG_DES3_CFB64 0xF0000B13u

/*
 * AES key wrap, RFC 3394 (multiples of 8 octets, 16 or more) and with padding, RFC 5649 (1 octet or more). Class cipher with
 * TEE_MODE_ENCRYPT to wrap and TEE_MODE_DECRYPT to unwrap; TEE_CipherInit takes no IV or one of 8 (KW) or 4 (KWP) octets
 * instead of the standard's. All comes out of TEE_CipherDoFinal: TEE_CipherUpdate only collects, 65536 octets at most.
 * What can't be unwrapped: TEE_ERROR_CIPHERTEXT_INVALID, and nothing is written; a length that can't be wrapped panics.
 */
#define TEE_ALG_AES_KW 0xF0000C10u
#define TEE_ALG_AES_KWP 0xF0000D10u

/* CMAC over triple DES; OP-TEE's identifier. */
#define TEE_ALG_DES3_CMAC 0xF0000613u

/* ChaCha20-Poly1305 (RFC 8439): class AE, key TEE_TYPE_CHACHA20 of 256 bits, nonce of 12 octets, tag of 128 bits. */
#define TEE_ALG_CHACHA20_POLY1305 0xF0000E1Fu
#define TEE_TYPE_CHACHA20 0xA100001Fu

/*
 * ECDSA with the nonce of RFC 6979, one identifier per hash (the one of TEE_ALG_ECDSA_... with another first digit). Signs as
 * ECDSA does, but the same digest under the same key gives the same signature; the verifying side is ECDSA's.
 */
#define TEE_ALG_ECDSA_RFC6979_SHA1 0xF0001042u
#define TEE_ALG_ECDSA_RFC6979_SHA224 0xF0002042u
#define TEE_ALG_ECDSA_RFC6979_SHA256 0xF0003042u
#define TEE_ALG_ECDSA_RFC6979_SHA384 0xF0004042u
#define TEE_ALG_ECDSA_RFC6979_SHA512 0xF0005042u
#define TEE_ALG_ECDSA_RFC6979_SHA3_224 0xF0006042u
#define TEE_ALG_ECDSA_RFC6979_SHA3_256 0xF0007042u
#define TEE_ALG_ECDSA_RFC6979_SHA3_384 0xF0008042u
#define TEE_ALG_ECDSA_RFC6979_SHA3_512 0xF0009042u

/* PBKDF2 (RFC 8018); key TEE_TYPE_PBKDF2_PASSWORD, 1 to 512 octets. All three attributes must be given; lengths in octets. */
#define TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY 0x800020C2u
#define TEE_ALG_PBKDF2_HMAC_SHA224_DERIVE_KEY 0x800030C2u
#define TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY 0x800040C2u
#define TEE_ALG_PBKDF2_HMAC_SHA384_DERIVE_KEY 0x800050C2u
#define TEE_ALG_PBKDF2_HMAC_SHA512_DERIVE_KEY 0x800060C2u
#define TEE_TYPE_PBKDF2_PASSWORD 0xA10000C2u
#define TEE_ATTR_PBKDF2_PASSWORD 0xC00001C2u
#define TEE_ATTR_PBKDF2_SALT 0xD00002C2u
#define TEE_ATTR_PBKDF2_ITERATION_COUNT 0xF00003C2u
#define TEE_ATTR_PBKDF2_DKM_LENGTH 0xF00004C2u

/* A hint for TEE_Malloc: the same as TEE_MALLOC_NO_FILL together with TEE_MALLOC_NO_SHARE. */
#define TEE_USER_MEM_HINT_NO_FILL_ZERO 0x80000000u

/* RSASSA-PKCS1-v1_5 over a DigestInfo that the caller already encoded (TLS 1.0-1.1, old PKCS#11 clients). */
#define TEE_ALG_RSASSA_PKCS1_V1_5 0xF0000830u

/*
 * Keymoor's own, absent elsewhere: TEE_KM_EXTENSIONS says that they are there.
 *
 * Properties of TEE_PROPSET_CURRENT_CLIENT, all from the socket: org.keymoor.client.uid and .gid (numbers,
 * 4294967295 where there is none), org.keymoor.client.admin (boolean), and where they can be had
 * org.keymoor.client.exe.sha256 (64 hex digits) and org.keymoor.client.unit (systemd unit).
 * With the login TEE_LOGIN_TRUSTED_APP they tell for whom that TA acts, by its own choice: only a TA that is trusted to
 * speak for its clients (by its UUID in gpd.client.identity) may be given that client's rights.
 */
#define TEE_KM_EXTENSIONS 1
#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
/*
 * TEE_KmAudit: one audit record about the present client: a short word for the operation, its subject (a
 * name, at most 128 octets of UTF-8; never data) and the result. Does not fail and does not wait for a disk.
 */
void TEE_KmAudit(const char *operation, const void *subject, size_t subjectLen, TEE_Result result);
/*
 * TEE_KmEccPublicValue: the public point of an EC private value (big-endian), which the Core API asks
 * for and can't compute: X and Y to x and y, coordLen octets each, the size of the curve (32, 48, 66).
 * TEE_ERROR_BAD_PARAMETERS: not in 1 to order - 1, or coordLen is not the curve's. TEE_ERROR_NOT_SUPPORTED: curve.
 */
TEE_Result TEE_KmEccPublicValue(uint32_t curve, const void *privateValue, size_t privateLen,
                                void *x, void *y, size_t coordLen);
/*
 * TEE_KmRawPublicValue: the same for TEE_TYPE_ED25519_KEYPAIR, _X25519_, _ED448_ and _X448_KEYPAIR: len octets of each (32, 32, 57, 56),
 * as RFC 8032 and RFC 7748 have them. TEE_ERROR_NOT_SUPPORTED: another type or length, or not allowed.
 */
TEE_Result TEE_KmRawPublicValue(uint32_t type, const void *privateValue, void *publicValue,
                                size_t len);
/*
 * TEE_KmAddRandomInput: mixes octets into this instance's random generators beside fresh ones, as additional input (SP 800-90A): they
 * count for nothing and can make nothing worse, whoever chose them. Len at most 1 MiB.
 */
void TEE_KmAddRandomInput(const void *input, size_t len);
/*
 * TEE_KmStorageState: which commit a storage space is at, whoever made it: how many there were, and a name that no other state of any space
 * has. The same name twice: nothing has changed in between.
 */
#define TEE_KM_STORAGE_STATE_LEN 16u
TEE_Result TEE_KmStorageState(uint32_t storageID, uint64_t *count,
                              uint8_t name[TEE_KM_STORAGE_STATE_LEN]);
/*
 * TEE_KmQueueForObject: first come, first served, among the instances that wait for an object that somebody has open. *ahead: how many are before
 * this one, which enters the queue, or moves up in it (enters), or only looks. 0: its turn to try. Whoever has an object open is not made to
 * queue: others may be waiting for that. TEE_ERROR_ACCESS_CONFLICT: too many wait. Nothing but this says whose turn it is; opening does not ask.
 * TEE_KmLeaveQueue: out of the queue, with what was waited for or without.
 */
TEE_Result TEE_KmQueueForObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
                                bool enters, uint32_t *ahead);
void TEE_KmLeaveQueue(uint32_t storageID);
/*
 * TEE_KmGetNextObjectData: TEE_GetNextPersistentObject for the next object whose identifier begins with one of these octets, and the first
 * octets of its data without opening it: at most size, *dataSize how many there are. Whoever has it open is not asked; what is
 * read is of one commit.
 */
TEE_Result TEE_KmGetNextObjectData(TEE_ObjectEnumHandle objectEnumerator, const void *firsts,
                                   size_t firstsLen, void *objectID, size_t *objectIDLen,
                                   void *buffer, size_t size, size_t *dataSize);
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

/* Other kits bring these along. Only where the directory with names like trace.h is looked at, so in TAs. */
#if defined(__has_include)
#if __has_include(<user_ta_header.h>) && __has_include(<trace.h>)
#include <trace.h>
#endif
#endif
#include "tee_api_defines_extensions.h"

#endif
