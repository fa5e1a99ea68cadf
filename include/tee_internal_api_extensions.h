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

/* PBKDF2 (RFC 8018); key TEE_TYPE_PBKDF2_PASSWORD, 1 to 512 octets. All three attributes must be given; lengths in octets. */
#define TEE_ALG_PBKDF2_HMAC_SHA1_DERIVE_KEY 0x800020C2u
#define TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY 0x800040C2u
#define TEE_ALG_PBKDF2_HMAC_SHA384_DERIVE_KEY 0x800050C2u
#define TEE_ALG_PBKDF2_HMAC_SHA512_DERIVE_KEY 0x800060C2u
#define TEE_TYPE_PBKDF2_PASSWORD 0xA10000C2u
#define TEE_ATTR_PBKDF2_PASSWORD 0xC00001C2u
#define TEE_ATTR_PBKDF2_SALT 0xD00002C2u
#define TEE_ATTR_PBKDF2_ITERATION_COUNT 0xF00003C2u
#define TEE_ATTR_PBKDF2_DKM_LENGTH 0xF00004C2u

/* RSASSA-PKCS1-v1_5 over a DigestInfo that the caller already encoded (TLS 1.0-1.1, old PKCS#11 clients). */
#define TEE_ALG_RSASSA_PKCS1_V1_5 0xF0000830u

/*
 * Keymoor's own, absent elsewhere: TEE_KM_EXTENSIONS says that they are there.
 *
 * Properties of TEE_PROPSET_CURRENT_CLIENT, all from the socket: org.keymoor.client.uid and .gid (numbers,
 * 4294967295 for a TA), org.keymoor.client.admin (boolean), and where they can be had
 * org.keymoor.client.exe.sha256 (64 hex digits) and org.keymoor.client.unit (systemd unit).
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
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
