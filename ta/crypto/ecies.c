/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/ecies.h"

#include "ta/crypto/package_sign.h"
#include "ta/crypto/session.h"

#define HALF 32u /* octets of each of the two keys that the shared secret gives */
#define KEY_AND_IV 48u

void km_plain_clear(struct km_plain *plain)
{
    TEE_Free(plain->at);
    *plain = (struct km_plain){0};
}

uint32_t km_pack_cipher_alg(enum km_pack_cipher cipher)
{
    switch (cipher) {
    case KM_PACK_AES_CTR:
        return KM_CRYPTO_AES_CTR;
    case KM_PACK_AES_CBC:
        return KM_CRYPTO_AES_CBC_NOPAD;
    case KM_PACK_AES_OFB:
        return KM_CRYPTO_AES_OFB;
    case KM_PACK_AES_CFB:
        return KM_CRYPTO_AES_CFB_128;
    default:
        return KM_CRYPTO_ALG_NONE;
    }
}

static uint32_t mac_alg(enum km_pack_mac mac)
{
    switch (mac) {
    case KM_PACK_HMAC_SHA1:
        return KM_CRYPTO_HMAC_SHA1;
    case KM_PACK_HMAC_SHA224:
        return KM_CRYPTO_HMAC_SHA224;
    case KM_PACK_HMAC_SHA256:
        return KM_CRYPTO_HMAC_SHA256;
    case KM_PACK_HMAC_SHA384:
        return KM_CRYPTO_HMAC_SHA384;
    case KM_PACK_HMAC_SHA512:
        return KM_CRYPTO_HMAC_SHA512;
    default:
        return KM_CRYPTO_ALG_NONE;
    }
}

/* A working key of this application's own, for one operation. */
static TEE_Result operation(uint32_t type, struct km_slice octets, const struct km_alg *alg,
                            uint32_t tee_mode, TEE_OperationHandle *ret_op)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_template wish = {.type = type, .bits = (uint32_t)octets.len * 8u};
    struct km_caller nobody = {0};
    KM_TRY_TEE(km_key_new(&wish, &nobody, &key));
    KM_TRY_TEE(km_key_set_secret(key, octets));
    return km_key_operation_own(key, alg, tee_mode, ret_op);
}

/* ANSI X9.63 KDF with SHA-256 (SEC 1 version 2, 3.6.1): as many octets as there are in the two halves. */
static TEE_Result kdf(struct km_slice z, const struct km_sealed *sealed, uint8_t ret[2 * HALF])
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t counter[4] = {0, 0, 0, (uint8_t)(i + 1)};
        size_t len = HALF;
        TEE_DigestUpdate(op, z.ptr, z.len);
        TEE_DigestUpdate(op, counter, sizeof(counter));
        TEE_DigestUpdate(op, sealed->random.ptr, sealed->random.len);
        KM_TRY_TEE(TEE_DigestDoFinal(op, sealed->ephemeral.ptr, sealed->ephemeral.len,
                                     ret + (size_t)i * HALF, &len));
    }
    return TEE_SUCCESS;
}

static TEE_Result check_tag(const struct km_alg *alg, const uint8_t key[HALF],
                            const struct km_sealed *sealed)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_TRY_TEE(operation(KM_CRYPTO_KEY_HMAC, KM_SLICE(key, HALF), alg, TEE_MODE_MAC, &op));
    TEE_MACInit(op, NULL, 0);
    return TEE_MACCompareFinal(op, sealed->authentic.ptr, sealed->authentic.len, sealed->tag.ptr,
                               sealed->tag.len);
}

/* PBKDF2 of the hexadecimal digits, one round: what `openssl enc -pbkdf2 -iter 1` does with a key file. */
static TEE_Result key_and_iv(const uint8_t secret[HALF], const struct km_sealed *sealed,
                             uint8_t ret[KEY_AND_IV])
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle password = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    char digits[2 * HALF + 1] = {0};
    TEE_Attribute attrs[3] = {0};
    size_t len = KEY_AND_IV;
    km_hex(KM_SLICE(secret, HALF), digits, sizeof(digits));
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_PBKDF2_PASSWORD, digits, 2 * HALF);
    TEE_Result result =
        km_object_new(TEE_TYPE_PBKDF2_PASSWORD, 16u * HALF, attrs, 1, TEE_USAGE_DERIVE, &password);
    TEE_MemFill(digits, 0, sizeof(digits));
    KM_TRY_TEE(result);
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY, TEE_MODE_DERIVE,
                                     16u * HALF));
    KM_TRY_TEE(TEE_SetOperationKey(op, password));
    KM_TRY_TEE(TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, KEY_AND_IV * 8u, &derived));
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_PBKDF2_SALT, sealed->random.ptr, KM_SEALED_SALT_LEN);
    TEE_InitValueAttribute(&attrs[1], TEE_ATTR_PBKDF2_ITERATION_COUNT, 1, 0);
    TEE_InitValueAttribute(&attrs[2], TEE_ATTR_PBKDF2_DKM_LENGTH, KEY_AND_IV, 0);
    TEE_DeriveKey(op, attrs, 3, derived);
    KM_TRY_TEE(TEE_GetObjectBufferAttribute(derived, TEE_ATTR_SECRET_VALUE, ret, &len));
    return len == KEY_AND_IV ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

static TEE_Result decrypt(const struct km_alg *alg, enum km_pack_cipher cipher,
                          const uint8_t key[KEY_AND_IV], struct km_slice in, struct km_plain *ret)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_AUTO(km_plain_clear)
    struct km_plain plain = {.at = TEE_Malloc(in.len, TEE_MALLOC_FILL_ZERO), .len = in.len};
    if (plain.at == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(operation(KM_CRYPTO_KEY_AES, KM_SLICE(key, HALF), alg, TEE_MODE_DECRYPT, &op));
    TEE_CipherInit(op, key + HALF, KEY_AND_IV - HALF);
    KM_TRY_TEE(TEE_CipherDoFinal(op, in.ptr, in.len, plain.at, &plain.len));
    /* The tag was right, so a wrong padding tells nobody anything but who made it. */
    if (cipher == KM_PACK_AES_CBC && !km_pkcs7_len(KM_SLICE(plain.at, plain.len), &plain.len))
        return TEE_ERROR_BAD_FORMAT;
    ret->len = plain.len;
    ret->at = km_steal(&plain.at);
    return TEE_SUCCESS;
}

struct plan {
    enum km_pack_cipher cipher;
    const struct km_alg *cipher_alg;
    enum km_pack_mac mac;
    const struct km_alg *mac_alg;
};

/* All that can be told without the key's work. */
static TEE_Result check(const struct km_key *device, const struct km_sealed *sealed,
                        struct plan *ret)
{
    uint8_t fingerprint[32] = {0};
    struct plan plan = {0};
    if (!device->type->is_pair || (device->type->family & KM_FAMILY_ECDH) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_fingerprint(device, fingerprint));
    if (!km_slice_equal(sealed->recipient, KM_SLICE(fingerprint, sizeof(fingerprint))))
        return KM_CRYPTO_E_OTHER_DEVICE;
    if (!km_pack_cipher_find(sealed->cipher_name, &plan.cipher) ||
        !km_pack_mac_find(sealed->mac_name, &plan.mac))
        return TEE_ERROR_NOT_SUPPORTED;
    plan.cipher_alg = km_alg_find(km_pack_cipher_alg(plan.cipher));
    plan.mac_alg = km_alg_find(mac_alg(plan.mac));
    if (plan.cipher_alg == NULL || plan.mac_alg == NULL || !km_alg_supported(plan.cipher_alg, 256))
        return TEE_ERROR_NOT_SUPPORTED;
    bool is_whole = plan.cipher != KM_PACK_AES_CBC || sealed->ciphertext.len % KM_SEALED_BLOCK == 0;
    if (sealed->curve_bits != device->meta.bits || sealed->ciphertext.len == 0 || !is_whole ||
        sealed->tag.len != km_pack_mac_len(plan.mac))
        return TEE_ERROR_BAD_FORMAT;
    *ret = plan;
    return TEE_SUCCESS;
}

TEE_Result km_ecies_open(struct km_key *device, const struct km_sealed *sealed,
                         struct km_plain *ret)
{
    uint8_t z[66] = {0};
    uint8_t halves[2 * HALF] = {0};
    uint8_t key[KEY_AND_IV] = {0};
    struct plan plan = {0};
    KM_TRY_TEE(check(device, sealed, &plan));
    size_t n = km_curve_len(device->meta.bits);
    TEE_Result result = km_agree_point(device, sealed->point, KM_SPAN(z, n));
    if (result == TEE_SUCCESS)
        result = kdf(KM_SLICE(z, n), sealed, halves);
    if (result == TEE_SUCCESS)
        result = check_tag(plan.mac_alg, halves + HALF, sealed);
    if (result == TEE_SUCCESS)
        result = key_and_iv(halves, sealed, key);
    if (result == TEE_SUCCESS)
        result = decrypt(plan.cipher_alg, plan.cipher, key, sealed->ciphertext, ret);
    TEE_MemFill(z, 0, sizeof(z));
    TEE_MemFill(halves, 0, sizeof(halves));
    TEE_MemFill(key, 0, sizeof(key));
    return result;
}
