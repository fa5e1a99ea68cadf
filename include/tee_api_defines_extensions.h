/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers beyond the specification: ours, and those of OP-TEE that sources written for it name. */
#ifndef TEE_API_DEFINES_EXTENSIONS_H
#define TEE_API_DEFINES_EXTENSIONS_H

#include "tee_internal_api_extensions.h"

/* Storages that are not here: TEE_ERROR_ITEM_NOT_FOUND. */
#define TEE_STORAGE_PRIVATE_REE 0x80000000u
#define TEE_STORAGE_PRIVATE_RPMB 0x80000100u

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
