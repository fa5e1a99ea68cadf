/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an algorithm identifier (Internal Core API 1.3.1, 6.10.1), and sizes. */
#ifndef KM_TA_UTEE_DEFINES_H
#define KM_TA_UTEE_DEFINES_H

#include <tee_internal_api_extensions.h>

#include "compiler.h"
#include "types_ext.h"

#define TEE_MAIN_ALGO_MD5 0x01
#define TEE_MAIN_ALGO_SHA1 0x02
#define TEE_MAIN_ALGO_SHA224 0x03
#define TEE_MAIN_ALGO_SHA256 0x04
#define TEE_MAIN_ALGO_SHA384 0x05
#define TEE_MAIN_ALGO_SHA512 0x06
#define TEE_MAIN_ALGO_SM3 0x07
#define TEE_MAIN_ALGO_SHA3_224 0x08
#define TEE_MAIN_ALGO_SHA3_256 0x09
#define TEE_MAIN_ALGO_SHA3_384 0x0A
#define TEE_MAIN_ALGO_SHA3_512 0x0B
#define TEE_MAIN_ALGO_AES 0x10
#define TEE_MAIN_ALGO_DES 0x11
#define TEE_MAIN_ALGO_DES2 0x12
#define TEE_MAIN_ALGO_DES3 0x13
#define TEE_MAIN_ALGO_SM4 0x14
#define TEE_MAIN_ALGO_RSA 0x30
#define TEE_MAIN_ALGO_DSA 0x31
#define TEE_MAIN_ALGO_DH 0x32
#define TEE_MAIN_ALGO_ECDSA 0x41
#define TEE_MAIN_ALGO_ECDH 0x42
#define TEE_MAIN_ALGO_ED25519 0x43
#define TEE_MAIN_ALGO_X25519 0x44
#define TEE_MAIN_ALGO_SM2_DSA_SM3 0x45
#define TEE_MAIN_ALGO_SM2_KEP 0x46
#define TEE_MAIN_ALGO_SM2_PKE 0x47
#define TEE_MAIN_ALGO_ED448 0x48
#define TEE_MAIN_ALGO_X448 0x49
#define TEE_MAIN_ALGO_HKDF 0xC0
#define TEE_MAIN_ALGO_CONCAT_KDF 0xC1
#define TEE_MAIN_ALGO_PBKDF2 0xC2

#define TEE_CHAIN_MODE_ECB_NOPAD 0x0
#define TEE_CHAIN_MODE_CBC_NOPAD 0x1
#define TEE_CHAIN_MODE_CTR 0x2
#define TEE_CHAIN_MODE_CTS 0x3
#define TEE_CHAIN_MODE_XTS 0x4
#define TEE_CHAIN_MODE_CBC_MAC_PKCS5 0x5
#define TEE_CHAIN_MODE_CMAC 0x6
#define TEE_CHAIN_MODE_CCM 0x7
#define TEE_CHAIN_MODE_GCM 0x8
#define TEE_CHAIN_MODE_PKCS1_PSS_MGF1 0x9

#define KM_TA_BITS(word, from, mask) ((uint32_t)(word) >> (from) & (mask))
#define TEE_ALG_GET_CLASS(alg) KM_TA_BITS(alg, 28, 0xFu)
#define TEE_ALG_GET_MAIN_ALG(alg) km_ta_main_alg((uint32_t)(alg))
#define TEE_ALG_GET_CHAIN_MODE(alg) KM_TA_BITS(alg, 8, 0xFu)
#define TEE_ALG_GET_DIGEST_HASH(alg) KM_TA_BITS(alg, 12, 0xFu)
#define TEE_ALG_GET_INTERNAL_HASH(alg) KM_TA_BITS(alg, 20, 0xFu)
#define TEE_ALG_GET_KEY_TYPE(alg, with_private)                                                    \
    (TEE_ALG_GET_MAIN_ALG(alg) | ((with_private) ? 0xA1000000u : 0xA0000000u))
#define TEE_ALG_HASH_ALGO(hash) ((uint32_t)TEE_OPERATION_DIGEST << 28 | (uint32_t)(hash))
#define TEE_ALG_HMAC_ALGO(hash) ((uint32_t)TEE_OPERATION_MAC << 28 | (uint32_t)(hash))
#define TEE_INTERNAL_HASH_TO_ALGO(alg) TEE_ALG_HASH_ALGO(TEE_ALG_GET_INTERNAL_HASH(alg))
#define TEE_DIGEST_HASH_TO_ALGO(alg) TEE_ALG_HASH_ALGO(TEE_ALG_GET_DIGEST_HASH(alg))

/* The low octet, but for the identifiers that the specification gave another's; made for key types. */
static inline uint32_t __unused km_ta_main_alg(uint32_t alg)
{
    uint32_t main_alg = KM_TA_BITS(alg, 0, 0xFFu);
    if (TEE_ALG_GET_CLASS(alg) == TEE_OPERATION_ASYMMETRIC_SIGNATURE &&
        main_alg == TEE_MAIN_ALGO_ECDH)
        return TEE_MAIN_ALGO_ECDSA;
    switch (alg) {
    case TEE_ALG_ED448:
        return TEE_MAIN_ALGO_ED448;
    case TEE_ALG_X448:
        return TEE_MAIN_ALGO_X448;
    case TEE_ALG_HKDF:
        return TEE_MAIN_ALGO_HKDF;
    case TEE_ALG_SM2_KEP:
        return TEE_MAIN_ALGO_SM2_KEP;
    case TEE_ALG_SM2_PKE:
        return TEE_MAIN_ALGO_SM2_PKE;
    default:
        return main_alg;
    }
}

#define TEE_AES_BLOCK_SIZE 16u
#define TEE_DES_BLOCK_SIZE 8u
#define TEE_SM4_BLOCK_SIZE 16u
#define TEE_AES_MAX_KEY_SIZE 32u
enum {
    TEE_MD5_HASH_SIZE = 16,
    TEE_SHA1_HASH_SIZE = 20,
    TEE_SHA224_HASH_SIZE = 28,
    TEE_SHA256_HASH_SIZE = 32,
    TEE_SM3_HASH_SIZE = 32,
    TEE_SHA384_HASH_SIZE = 48,
    TEE_SHA512_HASH_SIZE = 64,
    TEE_MD5SHA1_HASH_SIZE = TEE_MD5_HASH_SIZE + TEE_SHA1_HASH_SIZE,
    TEE_MAX_HASH_SIZE = 64
};

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define TEE_U64_TO_BIG_ENDIAN(x) ((uint64_t)(x))
#define TEE_U32_TO_BIG_ENDIAN(x) ((uint32_t)(x))
#define TEE_U16_TO_BIG_ENDIAN(x) ((uint16_t)(x))
#define TEE_U64_TO_LITTLE_ENDIAN(x) __builtin_bswap64((uint64_t)(x))
#define TEE_U32_TO_LITTLE_ENDIAN(x) __builtin_bswap32((uint32_t)(x))
#define TEE_U16_TO_LITTLE_ENDIAN(x) __builtin_bswap16((uint16_t)(x))
#else
#define TEE_U64_TO_BIG_ENDIAN(x) __builtin_bswap64((uint64_t)(x))
#define TEE_U32_TO_BIG_ENDIAN(x) __builtin_bswap32((uint32_t)(x))
#define TEE_U16_TO_BIG_ENDIAN(x) __builtin_bswap16((uint16_t)(x))
#define TEE_U64_TO_LITTLE_ENDIAN(x) ((uint64_t)(x))
#define TEE_U32_TO_LITTLE_ENDIAN(x) ((uint32_t)(x))
#define TEE_U16_TO_LITTLE_ENDIAN(x) ((uint16_t)(x))
#endif
#define TEE_U64_FROM_LITTLE_ENDIAN(x) TEE_U64_TO_LITTLE_ENDIAN(x)
#define TEE_U32_FROM_LITTLE_ENDIAN(x) TEE_U32_TO_LITTLE_ENDIAN(x)
#define TEE_U16_FROM_LITTLE_ENDIAN(x) TEE_U16_TO_LITTLE_ENDIAN(x)
#define TEE_U64_FROM_BIG_ENDIAN(x) TEE_U64_TO_BIG_ENDIAN(x)
#define TEE_U32_FROM_BIG_ENDIAN(x) TEE_U32_TO_BIG_ENDIAN(x)
#define TEE_U16_FROM_BIG_ENDIAN(x) TEE_U16_TO_BIG_ENDIAN(x)
#define TEE_U64_BSWAP(x) __builtin_bswap64((uint64_t)(x))
#define TEE_U32_BSWAP(x) __builtin_bswap32((uint32_t)(x))
#define TEE_U16_BSWAP(x) __builtin_bswap16((uint16_t)(x))

#define TEE_TIME_MILLIS_BASE 1000u
#define TEE_TIME_LT(a, b)                                                                          \
    ((a).seconds < (b).seconds || ((a).seconds == (b).seconds && (a).millis < (b).millis))
#define TEE_TIME_LE(a, b) (!TEE_TIME_LT(b, a))
#define TEE_TIME_ADD(a, b, dst)                                                                    \
    do {                                                                                           \
        uint32_t km_sum = (a).millis + (b).millis;                                                 \
        (dst).seconds = (a).seconds + (b).seconds + km_sum / TEE_TIME_MILLIS_BASE;                 \
        (dst).millis = km_sum % TEE_TIME_MILLIS_BASE;                                              \
    } while (0)
#define TEE_TIME_SUB(a, b, dst)                                                                    \
    do {                                                                                           \
        uint32_t km_left = TEE_TIME_MILLIS_BASE + (a).millis - (b).millis;                         \
        (dst).seconds = (a).seconds - (b).seconds - 1u + km_left / TEE_TIME_MILLIS_BASE;           \
        (dst).millis = km_left % TEE_TIME_MILLIS_BASE;                                             \
    } while (0)

#endif
