/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trusted application as test suites of other kits are written: their headers, their macros, names of version 1.1 and
 * lengths of 32 bits. What is tested is that it builds unchanged and finds what it expects.
 */
#include <atomic.h>
#include <pta_system.h>
#include <string.h>
#include <string_ext.h>
#include <ta_kit.h>
#include <tee_api.h>
#include <tee_api_compat.h>
#include <tee_api_defines.h>
#include <tee_api_defines_extensions.h>
#include <tee_api_types.h>
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>
#include <tee_ta_api.h>
#include <types_ext.h>
#include <user_ta_header.h>
#include <utee_defines.h>
#include <util.h>

static uint32_t failed_line;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            failed_line = __LINE__;                                                                \
            EMSG("expected %s", #condition);                                                       \
            return TEE_ERROR_GENERIC;                                                              \
        }                                                                                          \
    } while (0)

TEE_Result TA_CreateEntryPoint(void)
{
    DMSG("has been called");
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
    FMSG("has been called");
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t nParamTypes, TEE_Param pParams[4] __unused,
                                    void **ppSessionContext __unused)
{
    return nParamTypes == TEE_PARAM_TYPES(TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE,
                                          TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)
               ? TEE_SUCCESS
               : TEE_ERROR_BAD_PARAMETERS;
}

void TA_CloseSessionEntryPoint(void *pSessionContext __unused)
{
}

/* ---- properties, as user_ta_header_defines.h gave them ---- */

static TEE_Result own_properties(void)
{
    bool yes = false;
    uint32_t number = 0;
    TEE_UUID uuid = {0};
    TEE_Identity identity = {0};
    char text[128] = {0};
    uint32_t len = sizeof(text);
    TEE_PropSetHandle own = TEE_PROPSET_CURRENT_TA;
    EXPECT(TEE_GetPropertyAsBool(own, "kit.true", &yes) == TEE_SUCCESS && yes);
    EXPECT(TEE_GetPropertyAsU32(own, "kit.42", &number) == TEE_SUCCESS && number == 42);
    EXPECT(TEE_GetPropertyAsUUID(own, "kit.uuid", &uuid) == TEE_SUCCESS);
    EXPECT(uuid.timeLow == 1 && uuid.timeHiAndVersion == 3 && uuid.clockSeqAndNode[0] == 4);
    EXPECT(TEE_GetPropertyAsIdentity(own, "kit.identity", &identity) == TEE_SUCCESS);
    EXPECT(identity.login == 1 && identity.uuid.timeHiAndVersion == 4);
    EXPECT(TEE_GetPropertyAsString(own, "kit.text", text, &len) == TEE_SUCCESS);
    EXPECT(strcmp(text, "a text; with 'quotes' and $signs") == 0 && len == strlen(text) + 1);
    len = 4;
    EXPECT(TEE_GetPropertyAsString(own, "kit.text", text, &len) == TEE_ERROR_SHORT_BUFFER);
    len = sizeof(text);
    EXPECT(TEE_GetPropertyAsBinaryBlock(own, "kit.block", text, &len) == TEE_SUCCESS);
    EXPECT(len == 12 && memcmp(text, "Hello world!", 12) == 0);
    len = sizeof(text);
    EXPECT(TEE_GetPropertyAsString(own, TA_PROP_STR_DESCRIPTION, text, &len) == TEE_SUCCESS);
    EXPECT(strcmp(text, "written for several kits; of course") == 0);
    return TEE_SUCCESS;
}

static TEE_Result standard_properties(void)
{
    bool yes = false;
    uint32_t number = 0;
    TEE_UUID uuid = {0};
    TEE_Identity identity = {0};
    static const TEE_UUID mine = TA_KIT_UUID;
    TEE_PropSetHandle own = TEE_PROPSET_CURRENT_TA;
    EXPECT(TEE_GetPropertyAsBool(own, TA_PROP_STR_SINGLE_INSTANCE, &yes) == TEE_SUCCESS && yes);
    EXPECT(TEE_GetPropertyAsBool(own, TA_PROP_STR_MULTI_SESSION, &yes) == TEE_SUCCESS && yes);
    EXPECT(TEE_GetPropertyAsBool(own, TA_PROP_STR_KEEP_ALIVE, &yes) == TEE_SUCCESS && !yes);
    EXPECT(TEE_GetPropertyAsU32(own, TA_PROP_STR_DATA_SIZE, &number) == TEE_SUCCESS &&
           number == 900 * 1024);
    EXPECT(TEE_GetPropertyAsU32(own, TA_PROP_STR_STACK_SIZE, &number) == TEE_SUCCESS &&
           number == 64 * 1024);
    EXPECT(TEE_GetPropertyAsUUID(own, "gpd.ta.appID", &uuid) == TEE_SUCCESS);
    EXPECT(memcmp(&uuid, &mine, sizeof(uuid)) == 0);
    EXPECT(TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity",
                                     &identity) == TEE_SUCCESS);
    EXPECT(identity.login == TEE_LOGIN_PUBLIC);
    EXPECT(TEE_GetPropertyAsU32(TEE_PROPSET_TEE_IMPLEMENTATION, "gpd.tee.arith.maxBigIntSize",
                                &number) == TEE_SUCCESS &&
           number >= 2048);
    return own_properties();
}

/* ---- digests and the calls of 1.1 ---- */

static TEE_Result digest(uint32_t types, TEE_Param params[4])
{
    if (TEE_PARAM_TYPE_GET(types, 0) != TEE_PARAM_TYPE_MEMREF_INPUT ||
        TEE_PARAM_TYPE_GET(types, 1) != TEE_PARAM_TYPE_MEMREF_OUTPUT)
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t hash[TEE_SHA256_HASH_SIZE] = {0};
    uint32_t len = sizeof(hash); /* of 32 bits here, of size_t in params */
    EXPECT(TEE_AllocateOperation(&op, TEE_ALG_HASH_ALGO(TEE_MAIN_ALGO_SHA256), TEE_MODE_DIGEST,
                                 0) == TEE_SUCCESS);
    TEE_Result result =
        TEE_DigestDoFinal(op, params[0].memref.buffer, params[0].memref.size, hash, &len);
    EXPECT(result == TEE_SUCCESS && len == sizeof(hash));
    result = TEE_DigestDoFinal(op, params[0].memref.buffer, params[0].memref.size,
                               params[1].memref.buffer, &params[1].memref.size);
    EXPECT(result != TEE_SUCCESS ||
           TEE_MemCompare(hash, params[1].memref.buffer, sizeof(hash)) == 0);
    TEE_FreeOperation(op);
    return result;
}

static TEE_Result crypt_with(uint32_t alg, uint32_t key_type, uint32_t key_bits)
{
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_OperationHandle ops[2] = {TEE_HANDLE_NULL, TEE_HANDLE_NULL};
    uint8_t text[3 * TEE_AES_BLOCK_SIZE] = {1, 2, 3};
    uint8_t other[sizeof(text)] = {0};
    uint8_t back[sizeof(text)] = {0};
    const uint8_t iv[TEE_AES_BLOCK_SIZE] = {9};
    uint32_t iv_len = TEE_ALG_GET_CHAIN_MODE(alg) == TEE_CHAIN_MODE_ECB_NOPAD ? 0
                      : TEE_ALG_GET_MAIN_ALG(alg) == TEE_MAIN_ALGO_AES        ? TEE_AES_BLOCK_SIZE
                                                                              : TEE_DES_BLOCK_SIZE;
    uint32_t len = sizeof(other);
    EXPECT(TEE_ALG_GET_CLASS(alg) == TEE_OPERATION_CIPHER);
    EXPECT(TEE_ALG_GET_KEY_TYPE(alg, false) == key_type);
    EXPECT(TEE_AllocateTransientObject(key_type, key_bits, &key) == TEE_SUCCESS);
    EXPECT(TEE_GenerateKey(key, key_bits, NULL, 0) == TEE_SUCCESS);
    TEE_RestrictObjectUsage(key, TEE_USAGE_ENCRYPT | TEE_USAGE_DECRYPT);
    for (uint32_t i = 0; i < ARRAY_SIZE(ops); i++) {
        EXPECT(TEE_AllocateOperation(&ops[i], alg, i == 0 ? TEE_MODE_ENCRYPT : TEE_MODE_DECRYPT,
                                     key_bits) == TEE_SUCCESS);
        EXPECT(TEE_SetOperationKey(ops[i], key) == TEE_SUCCESS);
        TEE_CipherInit(ops[i], iv, iv_len);
    }
    EXPECT(TEE_CipherUpdate(ops[0], text, 20, other, &len) == TEE_SUCCESS);
    uint32_t rest = sizeof(other) - len;
    EXPECT(TEE_CipherDoFinal(ops[0], text + 20, sizeof(text) - 20, other + len, &rest) ==
           TEE_SUCCESS);
    len = sizeof(back);
    EXPECT(TEE_CipherDoFinal(ops[1], other, sizeof(other), back, &len) == TEE_SUCCESS);
    EXPECT(memcmp(text, back, sizeof(text)) == 0 && memcmp(text, other, sizeof(text)) != 0);
    for (uint32_t i = 0; i < ARRAY_SIZE(ops); i++)
        TEE_FreeOperation(ops[i]);
    TEE_FreeTransientObject(key);
    return TEE_SUCCESS;
}

/* The package says that parity does not matter; suites of other kits bring such keys. */
static TEE_Result odd_key(void)
{
    static const char octets[] = "0123456789ABCDEF12345678";
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_Attribute secret;
    TEE_InitRefAttribute(&secret, TEE_ATTR_SECRET_VALUE, octets, sizeof(octets) - 1);
    EXPECT(TEE_AllocateTransientObject(TEE_TYPE_DES3, 192, &key) == TEE_SUCCESS);
    EXPECT(TEE_PopulateTransientObject(key, &secret, 1) == TEE_SUCCESS);
    TEE_FreeTransientObject(key);
    return TEE_SUCCESS;
}

/* The type of an algorithm's keys is told from the algorithm alone. */
static TEE_Result key_types(void)
{
    static const struct {
        uint32_t alg, key_type;
    } rows[] = {
        {TEE_ALG_AES_GCM, TEE_TYPE_AES},
        {TEE_ALG_HMAC_SHA256, TEE_TYPE_HMAC_SHA256},
        {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256, TEE_TYPE_RSA_KEYPAIR},
        {TEE_ALG_DSA_SHA1, TEE_TYPE_DSA_KEYPAIR},
        {TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_TYPE_DH_KEYPAIR},
        {TEE_ALG_ECDSA_P192, TEE_TYPE_ECDSA_KEYPAIR},
        {TEE_ALG_ECDSA_SHA512, TEE_TYPE_ECDSA_KEYPAIR},
        {TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_TYPE_ECDH_KEYPAIR},
        {TEE_ALG_ED25519, TEE_TYPE_ED25519_KEYPAIR},
        {TEE_ALG_ED448, TEE_TYPE_ED448_KEYPAIR},
        {TEE_ALG_X25519, TEE_TYPE_X25519_KEYPAIR},
        {TEE_ALG_X448, TEE_TYPE_X448_KEYPAIR},
        {TEE_ALG_HKDF_SHA256_DERIVE_KEY, TEE_TYPE_HKDF_IKM},
        {TEE_ALG_SM2_DSA_SM3, TEE_TYPE_SM2_DSA_KEYPAIR},
        {TEE_ALG_SM2_KEP, TEE_TYPE_SM2_KEP_KEYPAIR},
        {TEE_ALG_SM2_PKE, TEE_TYPE_SM2_PKE_KEYPAIR},
    };
    for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t with_private = rows[i].key_type & 0x01000000u;
        EXPECT(TEE_ALG_GET_KEY_TYPE(rows[i].alg, with_private != 0) == rows[i].key_type);
    }
    return TEE_SUCCESS;
}

static TEE_Result crypt_all(void)
{
    static const struct {
        uint32_t alg, key_type, key_bits;
    } rows[] = {
        {TEE_ALG_AES_ECB_NOPAD, TEE_TYPE_AES, 128},   {TEE_ALG_AES_CBC_NOPAD, TEE_TYPE_AES, 256},
        {TEE_ALG_AES_CTR, TEE_TYPE_AES, 192},         {TEE_ALG_AES_CTS, TEE_TYPE_AES, 128},
        {TEE_ALG_DES3_CBC_NOPAD, TEE_TYPE_DES3, 168}, {TEE_ALG_DES3_ECB_NOPAD, TEE_TYPE_DES3, 112},
    };
    for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
        TEE_Result result = crypt_with(rows[i].alg, rows[i].key_type, rows[i].key_bits);
        if (result != TEE_SUCCESS)
            return result;
    }
    EXPECT((TEE_ATTR_ECC_CURVE & TEE_ATTR_BIT_VALUE) != 0 &&
           (TEE_ATTR_SECRET_VALUE & TEE_ATTR_BIT_VALUE) == 0);
    EXPECT(odd_key() == TEE_SUCCESS);
    EXPECT(key_types() == TEE_SUCCESS);
    EXPECT(TEE_ALG_ECDSA_P256 == TEE_ALG_ECDSA_SHA256);
    EXPECT(TEE_IsAlgorithmSupported(TEE_ALG_ECDSA_P521, TEE_ECC_CURVE_NIST_P521) == TEE_SUCCESS);
    EXPECT(TEE_IsAlgorithmSupported(TEE_ALG_SM4_XTS, 0) == TEE_ERROR_NOT_SUPPORTED);
    EXPECT(__OPTEE_ALG_ECDSA_P521 == TEE_ALG_ECDSA_P521);
    EXPECT(TEE_IsAlgorithmSupported(TEE_ALG_SM2_KEP, TEE_ECC_CURVE_SM2) == TEE_ERROR_NOT_SUPPORTED);
    return TEE_SUCCESS;
}

/* ---- storage ---- */

static TEE_Result storage(void)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    char buffer[16] = {0};
    uint32_t count = 0;
    TEE_ObjectInfo info;
    TEE_Result result =
        TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, "kit", 3,
                                   TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE |
                                       TEE_DATA_FLAG_ACCESS_WRITE_META | TEE_DATA_FLAG_OVERWRITE,
                                   TEE_HANDLE_NULL, "stored data", 11, &object);
    EXPECT(result == TEE_SUCCESS);
    EXPECT(TEE_ReadObjectData(object, buffer, sizeof(buffer), &count) == TEE_SUCCESS);
    EXPECT(count == 11 && memcmp(buffer, "stored data", count) == 0);
    EXPECT(TEE_SeekObjectData(object, -4, TEE_DATA_SEEK_END) == TEE_SUCCESS);
    EXPECT(TEE_WriteObjectData(object, "DATA", 4) == TEE_SUCCESS);
    TEE_GetObjectInfo(object, &info);
    EXPECT(info.dataSize == 11 && info.dataPosition == 11);
    EXPECT(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE_REE, "kit", 3, 0, &object) ==
               TEE_ERROR_ITEM_NOT_FOUND ||
           object == TEE_HANDLE_NULL);
    EXPECT(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, "kit", 3, TEE_DATA_FLAG_ACCESS_WRITE_META,
                                    &object) == TEE_ERROR_ACCESS_CONFLICT);
    void *memory = TEE_Malloc(32, TEE_USER_MEM_HINT_NO_FILL_ZERO);
    EXPECT(memory != NULL);
    TEE_Free(memory);
    return TEE_SUCCESS;
}

/* ---- big numbers and time ---- */

static TEE_Result big_numbers(void)
{
    TEE_BigInt a[TEE_BigIntSizeInU32(256)];
    uint8_t octets[8] = {0};
    uint32_t len = sizeof(octets);
    TEE_BigIntInit(a, TEE_BigIntSizeInU32(256));
    TEE_BigIntConvertFromS32(a, 0x01020304);
    TEE_BigIntMul(a, a, a);
    TEE_BigIntDiv(a, NULL, a, a);
    EXPECT(TEE_BigIntCmpS32(a, 1) == 0);
    EXPECT(TEE_BigIntConvertToOctetString(octets, &len, a) == TEE_SUCCESS && len == 1);
    TEE_Time early = {1, 900};
    TEE_Time late = {2, 200};
    TEE_Time sum = {0, 0};
    EXPECT(TEE_TIME_LT(early, late) && !TEE_TIME_LE(late, early));
    TEE_TIME_ADD(early, late, sum);
    EXPECT(sum.seconds == 4 && sum.millis == 100);
    TEE_TIME_SUB(late, early, sum);
    EXPECT(sum.seconds == 0 && sum.millis == 300);
    EXPECT(TEE_U32_TO_BIG_ENDIAN(TEE_U32_FROM_BIG_ENDIAN(5)) == 5);
    EXPECT(ROUNDUP(5, 4) == 8 && MAX(1, 2) == 2 && IS_POWER_OF_TWO(64) && BIT(3) == 8);
    DHEXDUMP(octets, len);
    return TEE_SUCCESS;
}

/* ---- other services ---- */

static TEE_Result others(void)
{
    static const TEE_UUID uuid = PTA_SYSTEM_UUID;
    TEE_TASessionHandle session = TEE_HANDLE_NULL;
    uint32_t origin = 0;
    EXPECT(TEE_OpenTASession(&uuid, 0, 0, NULL, &session, &origin) == TEE_ERROR_ITEM_NOT_FOUND);
    EXPECT(session == TEE_HANDLE_NULL && origin == TEE_ORIGIN_TEE);
    TEE_CloseTASession(session);
    return TEE_SUCCESS;
}

/* ---- what comes with util.h, compiler.h and their like ---- */

struct pair {
    uint16_t a;
    uint32_t b;
};

static TEE_Result arithmetic(void)
{
    struct pair pair = {1, 2};
    uint32_t sum = 0;
    uint64_t wide = 0;
    size_t size = 0;
    EXPECT(GENMASK_32(10, 0) == 0x7ff && GENMASK_32(31, 31) == 0x80000000u &&
           GENMASK_64(39, 21) == UINT64_C(0xffffe00000));
    EXPECT(SHIFT_U32(1, 31) == 0x80000000u && SHIFT_U64(1, 63) >> 63 == 1);
    EXPECT(ADD_OVERFLOW(0xffffffffu, 1, &sum) && !ADD_OVERFLOW(0xfffffffeu, 1, &sum) &&
           sum == 0xffffffffu);
    EXPECT(SUB_OVERFLOW(1u, 2u, &sum) && !MUL_OVERFLOW(1u << 31, 2, &wide) &&
           wide == UINT64_C(1) << 32);
    EXPECT(ROUNDUP_OVERFLOW(SIZE_MAX, SIZE_4K, &size) &&
           !ROUNDUP_OVERFLOW(SIZE_4K + 1, SIZE_4K, &size) && size == 2 * SIZE_4K);
    wide = UINT64_C(1) << 40 | 5;
    EXPECT(ROUNDUP(wide, 16u) == (UINT64_C(1) << 40 | 16) &&
           ROUNDDOWN(wide, 4u) == (UINT64_C(1) << 40 | 4));
    EXPECT(ROUNDUP_DIV(9, 4) == 3 && ROUNDUP_DIV(8, 4) == 2 && UDIV_ROUND_NEAREST(11u, 4u) == 3);
    EXPECT(CMP_TRILEAN(1, 2) == -1 && CMP_TRILEAN(2, 1) == 1 && CMP_TRILEAN(2, 2) == 0);
    EXPECT(IS_ALIGNED(12u, 4u) && !IS_ALIGNED_WITH_TYPE(2, uint32_t) &&
           ALIGNMENT_IS_OK(&pair, struct pair));
    EXPECT(container_of(&pair.b, struct pair, b) == &pair && MEMBER_SIZE(struct pair, a) == 2);
    reg_pair_from_64(reg_pair_to_64(7, 8), &sum, &pair.b);
    EXPECT(sum == 7 && pair.b == 8);
    EXPECT(strcmp(TO_STR(CONCAT(al, pha)), "alpha") == 0);
    EXPECT(TEE_U16_TO_LITTLE_ENDIAN(0x1234) == TEE_U16_BSWAP(TEE_U16_TO_BIG_ENDIAN(0x1234)));
    return TEE_SUCCESS;
}

static TEE_Result texts(void)
{
    char text[8] = "abc";
    EXPECT(strlcpy(text, "0123456789", sizeof(text)) == 10 && strcmp(text, "0123456") == 0);
    EXPECT(strlcpy(text, "abc", sizeof(text)) == 3 && strlcat(text, "de", sizeof(text)) == 5);
    EXPECT(strcmp(text, "abcde") == 0 && strlcat(text, "fghij", sizeof(text)) == 10);
    EXPECT(strcmp(text, "abcdefg") == 0 && strlcat(text, "x", 3) == 4 &&
           strlcpy(text, "x", 0) == 1);
    EXPECT(consttime_memcmp(text, "abcdefg", 8) == 0 && buf_compare_ct(text, "abcdefh", 8) != 0);
    memzero_explicit(text, sizeof(text));
    EXPECT(text[0] == 0 && text[6] == 0);
    return TEE_SUCCESS;
}

static TEE_Result tools(void)
{
    uint32_t count = 5;
    uint32_t old = 5;
    EXPECT(atomic_inc32(&count) == 6 && atomic_dec32(&count) == 5 && atomic_load_u32(&count) == 5);
    while (!atomic_cas_u32(&count, &old, 9))
        EXPECT(old == 5);
    atomic_store_u32(&old, 4);
    EXPECT(!atomic_cas_u32(&count, &old, 1) && old == 9 && count == 9);
    DMSG("counted to %" PRIu32 " at %" PRIxVA, count, (vaddr_t)&count);
    TEE_Result result = arithmetic();
    return result == TEE_SUCCESS ? texts() : result;
}

/* ---- handles in 32 bits ---- */

extern const void *ta_head;

static TEE_Result handle_new(uint32_t types, TEE_Param params[4])
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    EXPECT(TEE_PARAM_TYPE_GET(types, 0) == TEE_PARAM_TYPE_VALUE_OUTPUT);
    EXPECT(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0) == TEE_SUCCESS);
    params[0].value.a = (uint32_t)((uintptr_t)op - (uintptr_t)&ta_head);
    return TEE_SUCCESS;
}

static TEE_Result handle_free(uint32_t types, TEE_Param params[4])
{
    EXPECT(TEE_PARAM_TYPE_GET(types, 0) == TEE_PARAM_TYPE_VALUE_INPUT);
    TEE_FreeOperation((TEE_OperationHandle)(params[0].value.a + (uintptr_t)&ta_head));
    return TEE_SUCCESS;
}

static TEE_Result command(uint32_t id, uint32_t types, TEE_Param params[4])
{
    switch (id) {
    case TA_KIT_CMD_PROPERTIES:
        return standard_properties();
    case TA_KIT_CMD_DIGEST:
        return digest(types, params);
    case TA_KIT_CMD_CRYPT:
        return crypt_all();
    case TA_KIT_CMD_STORAGE:
        return storage();
    case TA_KIT_CMD_BIG_NUMBERS:
        return big_numbers();
    case TA_KIT_CMD_OTHERS:
        return others();
    case TA_KIT_CMD_TOOLS:
        return tools();
    case TA_KIT_CMD_HANDLE_NEW:
        return handle_new(types, params);
    case TA_KIT_CMD_HANDLE_FREE:
        return handle_free(types, params);
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}

TEE_Result TA_InvokeCommandEntryPoint(void *pSessionContext __maybe_unused, uint32_t nCommandID,
                                      uint32_t nParamTypes, TEE_Param pParams[4])
{
    failed_line = 0;
    TEE_Result result = command(nCommandID, nParamTypes, pParams);
    if (TEE_PARAM_TYPE_GET(nParamTypes, 3) == TEE_PARAM_TYPE_VALUE_OUTPUT)
        pParams[3].value.a = failed_line;
    return result;
}
