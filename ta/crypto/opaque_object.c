/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/opaque_object.h"

#include "ta/crypto/ecies.h"
#include "ta/crypto/key.h"

/* Decrypted and hashed while it is in the processor's cache. */
#define STEP 65536u

struct km_opaque {
    enum km_pack_cipher cipher;
    TEE_OperationHandle decrypt;
    TEE_OperationHandle digest;
    uint8_t iv[KM_OBJECT_IV_LEN];
    uint8_t expected[KM_OBJECT_DIGEST_MAX];
    size_t expected_len;
    uint64_t size;       /* of the cleartext */
    uint64_t cipher_len; /* of all of the ciphertext */
    uint64_t taken;      /* of the ciphertext */
    uint64_t made;       /* decrypted, with the padding */
    bool is_over;
    bool is_wrong; /* padding that is none */
    uint8_t scratch[STEP + KM_SEALED_BLOCK];
};

void km_opaque_free(void *item)
{
    struct km_opaque *object = item;
    if (object == NULL)
        return;
    TEE_FreeOperation(object->decrypt);
    TEE_FreeOperation(object->digest);
    TEE_Free(object);
}

void km_opaque_freep(struct km_opaque **object)
{
    km_opaque_free(*object);
    *object = NULL;
}

static const struct {
    const char *name;
    uint32_t algorithm;
} DIGESTS[] = {
    {"SHA256", KM_CRYPTO_SHA256}, {"SHA384", KM_CRYPTO_SHA384}, {"SHA512", KM_CRYPTO_SHA512}};

static TEE_Result make_digest(struct km_opaque *object, const struct km_object_info *info)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        const struct km_alg *alg = km_alg_find(DIGESTS[i].algorithm);
        if (alg == NULL || !km_slice_equal(info->digest_name, KM_SLICE_STR(DIGESTS[i].name)))
            continue;
        if (info->digest.len != alg->digest_len)
            return TEE_ERROR_BAD_FORMAT;
        return TEE_AllocateOperation(&object->digest, alg->tee, TEE_MODE_DIGEST, 0);
    }
    return TEE_ERROR_NOT_SUPPORTED;
}

static TEE_Result make_decrypt(struct km_opaque *object, const struct km_object_info *info)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_template wish = {.type = KM_CRYPTO_KEY_AES, .bits = 8u * KM_OBJECT_KEY_LEN};
    struct km_caller nobody = {0};
    if (!km_pack_cipher_find(info->cipher, &object->cipher))
        return TEE_ERROR_NOT_SUPPORTED;
    const struct km_alg *alg = km_alg_find(km_pack_cipher_alg(object->cipher));
    if (alg == NULL || !km_alg_supported(alg, wish.bits))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_new(&wish, &nobody, &key));
    KM_TRY_TEE(km_key_set_secret(key, info->key));
    return km_key_operation_own(key, alg, TEE_MODE_DECRYPT, &object->decrypt);
}

TEE_Result km_opaque_new(const struct km_object_info *info, struct km_opaque **ret_object)
{
    KM_AUTO(km_opaque_freep)
    struct km_opaque *object = TEE_Malloc(sizeof(*object), TEE_MALLOC_FILL_ZERO);
    if (object == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(make_digest(object, info));
    KM_TRY_TEE(make_decrypt(object, info));
    km_copy(object->iv, sizeof(object->iv), info->iv.ptr, info->iv.len);
    km_copy(object->expected, sizeof(object->expected), info->digest.ptr, info->digest.len);
    object->expected_len = info->digest.len;
    object->size = info->size;
    object->cipher_len = km_object_cipher_len(object->cipher, info->size);
    km_opaque_rewind(object);
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}

TEE_Result km_opaque_allows(const struct km_object_policy *policy, struct km_caller *caller)
{
    if (policy->not_before != 0 && km_now() < policy->not_before)
        return KM_CRYPTO_E_NOT_YET_VALID;
    if (policy->not_after != 0 && km_now() > policy->not_after)
        return KM_CRYPTO_E_EXPIRED;
    if (policy->executable.len != 0 && !km_caller_exe_is(caller, policy->executable.ptr))
        return TEE_ERROR_ACCESS_DENIED;
    return TEE_SUCCESS;
}

uint32_t km_opaque_algorithm(const struct km_opaque *object)
{
    return km_pack_cipher_alg(object->cipher);
}

void km_opaque_rewind(struct km_opaque *object)
{
    TEE_ResetOperation(object->decrypt);
    TEE_CipherInit(object->decrypt, object->iv, sizeof(object->iv));
    TEE_ResetOperation(object->digest);
    object->taken = 0;
    object->made = 0;
    object->is_over = false;
    object->is_wrong = false;
}

/* How much of what is decrypted up to `made` is cleartext. */
static uint64_t clear_of(const struct km_opaque *object, uint64_t made)
{
    return made < object->size ? made : object->size;
}

/* What follows the cleartext: as many octets as are missing in the last block, each of them that number. */
static void check_padding(struct km_opaque *object, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] != object->cipher_len - object->size)
            object->is_wrong = true;
    }
}

/* One step; out is NULL or where the cleartext of this step goes. Returns how much that is in *ret_len. */
static TEE_Result step(struct km_opaque *object, struct km_slice in, uint8_t *out, size_t *ret_len)
{
    /* A stream goes straight to where it is wanted; blocks may end in padding, which is not. */
    bool straight = out != NULL && object->cipher != KM_PACK_AES_CBC;
    uint8_t *to = straight ? out : object->scratch;
    size_t len = straight ? in.len : sizeof(object->scratch);
    KM_TRY_TEE(TEE_CipherUpdate(object->decrypt, in.ptr, in.len, to, &len));
    uint64_t before = clear_of(object, object->made);
    object->taken += in.len;
    object->made += len;
    size_t clear = (size_t)(clear_of(object, object->made) - before);
    TEE_DigestUpdate(object->digest, to, clear);
    check_padding(object, to + clear, len - clear);
    if (out != NULL && !straight)
        km_copy(out, clear, to, clear);
    *ret_len = clear;
    return TEE_SUCCESS;
}

TEE_Result km_opaque_update(struct km_opaque *object, struct km_slice in, TEE_Param *out)
{
    if (object->is_over)
        return TEE_ERROR_BAD_STATE;
    if (in.len > object->cipher_len - object->taken) {
        object->is_over = true;
        return KM_CRYPTO_E_OTHER_OBJECT;
    }
    uint64_t made = object->taken + in.len;
    if (object->cipher == KM_PACK_AES_CBC)
        made -= made % KM_SEALED_BLOCK;
    size_t clear = (size_t)(clear_of(object, made) - clear_of(object, object->made));
    bool is_wanted = out->memref.size != 0;
    if (is_wanted)
        KM_TRY_TEE(km_ta_room(out, clear));
    uint8_t *to = is_wanted ? out->memref.buffer : NULL;
    size_t given = 0;
    for (size_t at = 0; at < in.len;) {
        size_t piece = in.len - at < STEP ? in.len - at : STEP;
        size_t len = 0;
        KM_TRY_TEE(
            step(object, KM_SLICE(in.ptr + at, piece), to != NULL ? to + given : NULL, &len));
        at += piece;
        given += len;
    }
    out->memref.size = is_wanted ? given : 0;
    return TEE_SUCCESS;
}

TEE_Result km_opaque_finish(struct km_opaque *object)
{
    uint8_t digest[KM_OBJECT_DIGEST_MAX] = {0};
    size_t len = sizeof(digest);
    if (object->is_over)
        return TEE_ERROR_BAD_STATE;
    object->is_over = true;
    if (object->taken != object->cipher_len || object->is_wrong)
        return KM_CRYPTO_E_OTHER_OBJECT;
    KM_TRY_TEE(TEE_DigestDoFinal(object->digest, NULL, 0, digest, &len));
    bool fits = len == object->expected_len && TEE_MemCompare(digest, object->expected, len) == 0;
    return fits ? TEE_SUCCESS : KM_CRYPTO_E_OTHER_OBJECT;
}
