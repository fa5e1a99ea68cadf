/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that are one command. */
#include "lib/clrc/clrc_handle.h"

#define NO_HANDLE "not a key handle"
#define NULL_POINTER "a pointer is NULL"
#define TOO_MUCH_DATA "one call takes at most 64 MiB; use an operation of several parts"
#define TOO_MUCH_SMALL "this takes at most 4096 octets"

ClrcResult clrcAlgorithmSupported(ClrcAlgorithm algorithm, uint32_t bits)
{
    struct clrc_call call = {.function = "clrcAlgorithmSupported",
                             .subject = clrcAlgorithmName(algorithm),
                             .sent.command = KM_CRYPTO_CMD_ALGORITHM_SUPPORTED,
                             .is_repeatable = true};
    km_call_value(&call.sent, 0, (uint32_t)algorithm, bits);
    return clrc_run(&call);
}

static ClrcResult random_part(uint8_t *out, uint32_t length)
{
    struct clrc_call call = {
        .function = "clrcRandom", .sent.command = KM_CRYPTO_CMD_RANDOM, .is_repeatable = true};
    clrc_bulk_out(&call, 0, out, length);
    ClrcResult result = clrc_run(&call);
    if (result == CLRC_SUCCESS && clrc_size(&call, 0) != length)
        return clrc_fail(call.function, CLRC_ERROR_GENERIC, NULL, NULL);
    return result;
}

ClrcResult clrcRandom(uint8_t *out, uint32_t length)
{
    if (out == NULL && length != 0)
        return clrc_bad("clrcRandom", NULL_POINTER);
    for (uint32_t done = 0; done < length;) {
        uint32_t part = length - done < KM_CRYPTO_RANDOM_MAX ? length - done : KM_CRYPTO_RANDOM_MAX;
        ClrcResult result = random_part(out + done, part);
        if (result != CLRC_SUCCESS) {
            km_wipe(out, done);
            return result;
        }
        done += part;
    }
    return CLRC_SUCCESS;
}

ClrcResult clrcAddRandom(const uint8_t *octets, uint32_t length)
{
    if (octets == NULL && length != 0)
        return clrc_bad("clrcAddRandom", NULL_POINTER);
    ClrcResult result = CLRC_SUCCESS;
    for (uint32_t done = 0; done < length && result == CLRC_SUCCESS;) {
        uint32_t part = length - done < KM_CRYPTO_SMALL_MAX ? length - done : KM_CRYPTO_SMALL_MAX;
        struct clrc_call call = {.function = "clrcAddRandom",
                                 .sent.command = KM_CRYPTO_CMD_ADD_RANDOM,
                                 .is_repeatable = true};
        km_call_in(&call.sent, 0, octets + done, part);
        result = clrc_run(&call);
        done += part;
    }
    return result;
}

/* Data come with a length; a NULL is only good for none. */
static ClrcResult check_data(const char *function, const void *data, size_t length)
{
    if (data == NULL && length != 0)
        return clrc_bad(function, NULL_POINTER);
    return length > CLRC_DATA_MAX ? clrc_long(function, TOO_MUCH_DATA) : CLRC_SUCCESS;
}

static ClrcResult check_small(const char *function, const void *data, size_t length)
{
    if (data == NULL && length != 0)
        return clrc_bad(function, NULL_POINTER);
    return length > KM_CRYPTO_SMALL_MAX ? clrc_long(function, TOO_MUCH_SMALL) : CLRC_SUCCESS;
}

static ClrcResult check_room(const char *function, const void *out, const uint32_t *length)
{
    if (length == NULL || (out == NULL && *length != 0))
        return clrc_bad(function, NULL_POINTER);
    return CLRC_SUCCESS;
}

/* Most commands start with the key's id and the algorithm. */
static ClrcResult with_key(struct clrc_call *call, ClrcKeyHandle hKey, ClrcAlgorithm algorithm)
{
    if (!clrc_key_is(hKey))
        return clrc_bad(call->function, NO_HANDLE);
    call->subject = hKey->is_named ? hKey->name : NULL;
    call->is_repeatable = true;
    call->key = hKey;
    km_call_value(&call->sent, 0, 0, (uint32_t)algorithm);
    call->key_value = &call->sent.op.params[0].value.a;
    return CLRC_SUCCESS;
}

static bool is_shake(ClrcAlgorithm algorithm)
{
    return algorithm == CLRC_SHAKE128 || algorithm == CLRC_SHAKE256;
}

ClrcResult clrcDigest(ClrcAlgorithm algorithm, const uint8_t *data, size_t length, uint8_t *digest,
                      uint32_t *digest_length)
{
    struct clrc_call call = {
        .function = "clrcDigest", .sent.command = KM_CRYPTO_CMD_DIGEST, .is_repeatable = true};
    ClrcResult result = check_data(call.function, data, length);
    if (result == CLRC_SUCCESS)
        result = check_room(call.function, digest, digest_length);
    if (result != CLRC_SUCCESS)
        return result;
    if (is_shake(algorithm) && *digest_length > KM_CRYPTO_SHAKE_MAX)
        return clrc_long(call.function, "SHAKE gives at most 4096 octets");
    km_call_value(&call.sent, 0, (uint32_t)algorithm, 0);
    clrc_bulk_in(&call, 1, data, length);
    clrc_small_out(&call, 2, digest, *digest_length);
    return clrc_run_sized(&call, 2, digest_length);
}

/* ---- signatures ---- */

static ClrcResult sign(struct clrc_call *call, ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                       struct km_slice digest, uint8_t *signature, uint32_t *signature_length)
{
    ClrcResult result = with_key(call, hKey, algorithm);
    if (result == CLRC_SUCCESS)
        result = check_small(call->function, digest.ptr, digest.len);
    if (result == CLRC_SUCCESS)
        result = check_room(call->function, signature, signature_length);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call->sent, 1, digest.ptr, digest.len);
    clrc_small_out(call, 2, signature, *signature_length);
    return clrc_run_sized(call, 2, signature_length);
}

static ClrcResult verify(struct clrc_call *call, ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                         struct km_slice digest, struct km_slice signature)
{
    ClrcResult result = with_key(call, hKey, algorithm);
    if (result == CLRC_SUCCESS)
        result = check_small(call->function, digest.ptr, digest.len);
    if (result == CLRC_SUCCESS)
        result = check_small(call->function, signature.ptr, signature.len);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call->sent, 1, digest.ptr, digest.len);
    km_call_in(&call->sent, 2, signature.ptr, signature.len);
    return clrc_run(call);
}

ClrcResult clrcSignDigest(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *digest,
                          uint32_t digest_length, uint8_t *signature, uint32_t *signature_length)
{
    struct clrc_call call = {.function = "clrcSignDigest",
                             .sent.command = KM_CRYPTO_CMD_SIGN_DIGEST};
    return sign(&call, hKey, algorithm, KM_SLICE(digest, digest_length), signature,
                signature_length);
}

ClrcResult clrcVerifyDigest(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *digest,
                            uint32_t digest_length, const uint8_t *signature,
                            uint32_t signature_length)
{
    struct clrc_call call = {.function = "clrcVerifyDigest",
                             .sent.command = KM_CRYPTO_CMD_VERIFY_DIGEST};
    return verify(&call, hKey, algorithm, KM_SLICE(digest, digest_length),
                  KM_SLICE(signature, signature_length));
}

static bool is_pss(ClrcAlgorithm algorithm)
{
    return (algorithm >= CLRC_RSASSA_PKCS1_PSS_MGF1_SHA1 &&
            algorithm <= CLRC_RSASSA_PKCS1_PSS_MGF1_SHA512) ||
           (algorithm >= CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_224 &&
            algorithm <= CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_512);
}

ClrcResult clrcSignDigestPss(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, uint32_t salt_length,
                             const uint8_t *digest, uint32_t digest_length, uint8_t *signature,
                             uint32_t *signature_length)
{
    struct clrc_call call = {.function = "clrcSignDigestPss",
                             .sent.command = KM_CRYPTO_CMD_SIGN_DIGEST_PSS};
    if (!is_pss(algorithm))
        return clrc_bad(call.function, "only a PSS algorithm has a salt");
    km_call_value(&call.sent, 3, salt_length, 0);
    return sign(&call, hKey, algorithm, KM_SLICE(digest, digest_length), signature,
                signature_length);
}

ClrcResult clrcVerifyDigestPss(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, uint32_t salt_length,
                               const uint8_t *digest, uint32_t digest_length,
                               const uint8_t *signature, uint32_t signature_length)
{
    struct clrc_call call = {.function = "clrcVerifyDigestPss",
                             .sent.command = KM_CRYPTO_CMD_VERIFY_DIGEST_PSS};
    if (!is_pss(algorithm))
        return clrc_bad(call.function, "only a PSS algorithm has a salt");
    km_call_value(&call.sent, 3, salt_length, 0);
    return verify(&call, hKey, algorithm, KM_SLICE(digest, digest_length),
                  KM_SLICE(signature, signature_length));
}

/* ---- MACs and ciphers ---- */

ClrcResult clrcMac(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *data, size_t length,
                   uint8_t *mac, uint32_t *mac_length)
{
    struct clrc_call call = {.function = "clrcMac", .sent.command = KM_CRYPTO_CMD_MAC};
    ClrcResult result = with_key(&call, hKey, algorithm);
    if (result == CLRC_SUCCESS)
        result = check_data(call.function, data, length);
    if (result == CLRC_SUCCESS)
        result = check_room(call.function, mac, mac_length);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_bulk_in(&call, 1, data, length);
    clrc_small_out(&call, 2, mac, *mac_length);
    return clrc_run_sized(&call, 2, mac_length);
}

ClrcResult clrcVerifyMac(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *data,
                         size_t length, const uint8_t *mac, uint32_t mac_length)
{
    struct clrc_call call = {.function = "clrcVerifyMac", .sent.command = KM_CRYPTO_CMD_VERIFY_MAC};
    ClrcResult result = with_key(&call, hKey, algorithm);
    if (result == CLRC_SUCCESS)
        result = check_data(call.function, data, length);
    if (result == CLRC_SUCCESS)
        result = check_small(call.function, mac, mac_length);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_bulk_in(&call, 1, data, length);
    km_call_in(&call.sent, 2, mac, mac_length);
    return clrc_run(&call);
}

/* Key wrap alone gives more than it takes: a block and what fills the last one. */
#define KEY_WRAP_MORE 15u

static bool is_key_wrap(ClrcAlgorithm algorithm)
{
    return algorithm == CLRC_AES_KW || algorithm == CLRC_AES_KWP;
}

ClrcResult clrcCipher(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, ClrcMode mode, const uint8_t *iv,
                      uint32_t iv_length, const uint8_t *in, size_t length, uint8_t *out,
                      size_t *out_length)
{
    struct clrc_call call = {.function = "clrcCipher",
                             .sent.command = mode == CLRC_MODE_ENCRYPT
                                                 ? KM_CRYPTO_CMD_CIPHER_ENCRYPT
                                                 : KM_CRYPTO_CMD_CIPHER_DECRYPT};
    if (mode != CLRC_MODE_ENCRYPT && mode != CLRC_MODE_DECRYPT)
        return clrc_bad(call.function, "the mode is to encrypt or to decrypt");
    ClrcResult result = with_key(&call, hKey, algorithm);
    if (result == CLRC_SUCCESS)
        result = check_small(call.function, iv, iv_length);
    if (result == CLRC_SUCCESS)
        result = check_data(call.function, in, length);
    if (result != CLRC_SUCCESS)
        return result;
    if (out_length == NULL || (out == NULL && *out_length != 0))
        return clrc_bad(call.function, NULL_POINTER);
    km_call_in(&call.sent, 1, iv, iv_length);
    clrc_bulk_in(&call, 2, in, length);
    size_t most = length + (is_key_wrap(algorithm) ? KEY_WRAP_MORE : 0);
    clrc_bulk_out(&call, 3, out, *out_length < most ? *out_length : most);
    result = clrc_run(&call);
    if (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER)
        *out_length = clrc_size(&call, 3);
    return result;
}

/* Everything of an authenticated encryption but the data: key, algorithm, nonce and tag. */
static ClrcResult aead_put(const char *function, ClrcAlgorithm algorithm, const ClrcAead *aead,
                           const uint8_t *tag, uint32_t tag_length, struct km_span out,
                           size_t *ret_len)
{
    struct km_crypto_aead put = {.algorithm = (uint32_t)algorithm,
                                 .tag_len = tag_length,
                                 .nonce = KM_SLICE(aead->nonce, aead->nonce_length)};
    if (tag_length < KM_CRYPTO_TAG_MIN || tag_length > KM_CRYPTO_TAG_MAX)
        return clrc_bad(function, "a tag is 12 to 16 octets");
    if (aead->nonce == NULL || aead->nonce_length == 0 || aead->nonce_length > KM_CRYPTO_NONCE_MAX)
        return clrc_bad(function, "a nonce is 1 to 64 octets");
    if (tag != NULL)
        km_copy(put.tag, sizeof(put.tag), tag, tag_length);
    if (!km_crypto_aead_put(&put, out, ret_len))
        return clrc_bad(function, "nonce or tag do not fit");
    return CLRC_SUCCESS;
}

static ClrcResult aead_data(struct clrc_call *call, ClrcKeyHandle hKey, const ClrcAead *aead,
                            const uint8_t *in, size_t length, uint8_t *out)
{
    if (!clrc_key_is(hKey))
        return clrc_bad(call->function, NO_HANDLE);
    if (aead == NULL || (out == NULL && length != 0))
        return clrc_bad(call->function, NULL_POINTER);
    ClrcResult result = check_data(call->function, in, length);
    if (result == CLRC_SUCCESS)
        result = check_data(call->function, aead->aad, aead->aad_length);
    if (result != CLRC_SUCCESS)
        return result;
    call->subject = hKey->is_named ? hKey->name : NULL;
    call->is_repeatable = true;
    call->key = hKey;
    clrc_bulk_in(call, 1, aead->aad, aead->aad_length);
    clrc_bulk_in(call, 2, in, length);
    clrc_bulk_out(call, 3, out, length);
    return CLRC_SUCCESS;
}

ClrcResult clrcAeadEncrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const ClrcAead *aead,
                           const uint8_t *in, size_t length, uint8_t *out, uint8_t *tag,
                           uint32_t tag_length)
{
    struct clrc_call call = {.function = "clrcAeadEncrypt",
                             .sent.command = KM_CRYPTO_CMD_AEAD_ENCRYPT};
    if (tag == NULL)
        return clrc_bad(call.function, NULL_POINTER);
    ClrcResult result = aead_data(&call, hKey, aead, in, length, out);
    uint8_t head[KM_CRYPTO_AEAD_WIRE_MAX] = {0};
    size_t head_len = 0;
    if (result == CLRC_SUCCESS)
        result = aead_put(call.function, algorithm, aead, NULL, tag_length,
                          KM_SPAN(head, sizeof(head)), &head_len);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_inout(&call.sent, 0, head, head_len);
    call.key_octets = head;
    result = clrc_run(&call);
    if (result == CLRC_SUCCESS)
        km_copy(tag, tag_length, head + head_len - tag_length, tag_length);
    return result;
}

ClrcResult clrcAeadDecrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const ClrcAead *aead,
                           const uint8_t *in, size_t length, uint8_t *out, const uint8_t *tag,
                           uint32_t tag_length)
{
    struct clrc_call call = {.function = "clrcAeadDecrypt",
                             .sent.command = KM_CRYPTO_CMD_AEAD_DECRYPT};
    if (tag == NULL)
        return clrc_bad(call.function, NULL_POINTER);
    ClrcResult result = aead_data(&call, hKey, aead, in, length, out);
    uint8_t head[KM_CRYPTO_AEAD_WIRE_MAX] = {0};
    size_t head_len = 0;
    if (result == CLRC_SUCCESS)
        result = aead_put(call.function, algorithm, aead, tag, tag_length,
                          KM_SPAN(head, sizeof(head)), &head_len);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call.sent, 0, head, head_len);
    call.key_octets = head;
    return clrc_run(&call);
}

/* ---- asymmetric encryption ---- */

static ClrcResult asymmetric(struct clrc_call *call, ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                             struct km_slice label, struct km_slice in, uint8_t *out,
                             uint32_t *out_length)
{
    ClrcResult result = with_key(call, hKey, algorithm);
    if (result == CLRC_SUCCESS)
        result = check_small(call->function, label.ptr, label.len);
    if (result == CLRC_SUCCESS)
        result = check_small(call->function, in.ptr, in.len);
    if (result == CLRC_SUCCESS)
        result = check_room(call->function, out, out_length);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call->sent, 1, label.ptr, label.len);
    km_call_in(&call->sent, 2, in.ptr, in.len);
    clrc_small_out(call, 3, out, *out_length);
    return clrc_run_sized(call, 3, out_length);
}

ClrcResult clrcAsymmetricEncrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *label,
                                 uint32_t label_length, const uint8_t *in, uint32_t length,
                                 uint8_t *out, uint32_t *out_length)
{
    struct clrc_call call = {.function = "clrcAsymmetricEncrypt",
                             .sent.command = KM_CRYPTO_CMD_ASYM_ENCRYPT};
    return asymmetric(&call, hKey, algorithm, KM_SLICE(label, label_length), KM_SLICE(in, length),
                      out, out_length);
}

ClrcResult clrcAsymmetricDecrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *label,
                                 uint32_t label_length, const uint8_t *in, uint32_t length,
                                 uint8_t *out, uint32_t *out_length)
{
    struct clrc_call call = {.function = "clrcAsymmetricDecrypt",
                             .sent.command = KM_CRYPTO_CMD_ASYM_DECRYPT};
    return asymmetric(&call, hKey, algorithm, KM_SLICE(label, label_length), KM_SLICE(in, length),
                      out, out_length);
}
