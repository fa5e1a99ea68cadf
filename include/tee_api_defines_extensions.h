/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers beyond the specification: ours, and those of OP-TEE that sources written for it name. */
#ifndef TEE_API_DEFINES_EXTENSIONS_H
#define TEE_API_DEFINES_EXTENSIONS_H

#include "tee_internal_api_extensions.h"

/* Storages that are not here: TEE_ERROR_ITEM_NOT_FOUND. */
#define TEE_STORAGE_PRIVATE_REE 0x80000000u
#define TEE_STORAGE_PRIVATE_RPMB 0x80000100u
#define TEE_STORAGE_PRIVATE_SQL_RESERVED 0x80000200u

/* Algorithms that are not here: TEE_ERROR_NOT_SUPPORTED. */
#define TEE_ALG_SM4_XTS 0xF0000414u

/* Names that have numbers of their own elsewhere; here those of the specification. */
#define __OPTEE_ALG_ECDSA_P192 TEE_ALG_ECDSA_P192
#define __OPTEE_ALG_ECDSA_P224 TEE_ALG_ECDSA_P224
#define __OPTEE_ALG_ECDSA_P256 TEE_ALG_ECDSA_P256
#define __OPTEE_ALG_ECDSA_P384 TEE_ALG_ECDSA_P384
#define __OPTEE_ALG_ECDSA_P521 TEE_ALG_ECDSA_P521
#define __OPTEE_ALG_ECDH_P192 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define __OPTEE_ALG_ECDH_P224 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define __OPTEE_ALG_ECDH_P256 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define __OPTEE_ALG_ECDH_P384 TEE_ALG_ECDH_DERIVE_SHARED_SECRET
#define __OPTEE_ALG_ECDH_P521 TEE_ALG_ECDH_DERIVE_SHARED_SECRET

/* Rights that memory here does not have: TEE_CheckMemoryAccessRights answers TEE_ERROR_ACCESS_DENIED. */
#define TEE_MEMORY_ACCESS_NONSECURE 0x10000000u
#define TEE_MEMORY_ACCESS_SECURE 0x20000000u

/* Older names of the flags in an attribute's identifier. */
#define TEE_ATTR_BIT_PROTECTED (1 << 28)
#define TEE_ATTR_BIT_VALUE (1 << 29)

/* Never seen here. */
#define TEE_LOGIN_REE_KERNEL 0x80000000u
#define TEE_ORIGIN_CLIENT_APP 0xF0000001u

#endif
