/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations over the Internal Core API and nothing else, so that the same code runs in a
 * trusted application and beside the runtime in one process.
 */
#include "tests/vectors/core_alg.h"

#include <string.h>

/* What one line opens; all of it is closed again whatever happens, but for a panic. */
struct use {
    const struct core_alg *alg;
    TEE_ObjectHandle key, key2;
    TEE_OperationHandle op;
    uint32_t bits;
};

static void use_end(struct use *use)
{
    TEE_FreeOperation(use->op);
    TEE_FreeTransientObject(use->key);
    TEE_FreeTransientObject(use->key2);
}

static bool answer_failure(TEE_Result result, const struct vec_output *out, struct vec_reply *reply)
{
    if (result == TEE_SUCCESS)
        return false;
    bool is_wrong = result == TEE_ERROR_MAC_INVALID || result == TEE_ERROR_SIGNATURE_INVALID ||
                    result == TEE_ERROR_CIPHERTEXT_INVALID;
    vec_reply_failure(reply, is_wrong ? "fail" : "refused", result, out);
    return true;
}

static bool find(const struct vec_request *request, struct use *use, struct vec_reply *reply)
{
    *use = (struct use){.alg = core_alg_find(request->alg)};
    if (use->alg == NULL)
        vec_reply_word(reply, "unknown");
    return use->alg != NULL;
}

/* Two halves of the key for XTS. */
static TEE_Result two_keys(const struct vec_request *request, struct use *use)
{
    struct km_slice key = request->field[VEC_KEY];
    size_t half = key.len / 2;
    use->bits = (uint32_t)half * 8;
    TEE_Result result = core_secret_new(use->alg, KM_SLICE(key.ptr, half), &use->key);
    if (result == TEE_SUCCESS)
        result = core_secret_new(use->alg, KM_SLICE(key.ptr + half, key.len - half), &use->key2);
    return result;
}

/* An operation with its key; false: answered. */
static bool begin(const struct vec_request *request, uint32_t mode, struct use *use,
                  struct vec_reply *reply)
{
    if (!find(request, use, reply))
        return false;
    TEE_Result result = TEE_SUCCESS;
    bool has_two = use->alg->family == CORE_TWO_KEYS;
    if (has_two)
        result = two_keys(request, use);
    else if (use->alg->family != CORE_KEYLESS)
        result = core_key_new(use->alg, request, &use->key, &use->bits);
    if (result != TEE_SUCCESS) {
        vec_reply_code(reply, "badkey", result);
        use_end(use);
        return false;
    }
    result = TEE_AllocateOperation(&use->op, use->alg->id, mode, use->bits);
    if (result == TEE_SUCCESS && has_two)
        result = TEE_SetOperationKey2(use->op, use->key, use->key2);
    else if (result == TEE_SUCCESS && use->key != TEE_HANDLE_NULL)
        result = TEE_SetOperationKey(use->op, use->key);
    if (answer_failure(result, NULL, reply)) {
        use_end(use);
        return false;
    }
    return true;
}

/* The next piece of the input that is not its last, as long as the line wants them. */
static bool next_piece(struct km_slice *rest, uint32_t chunk, struct km_slice *ret)
{
    if (chunk == 0 || rest->len <= chunk)
        return false;
    *ret = KM_SLICE(rest->ptr, chunk);
    *rest = KM_SLICE(rest->ptr + chunk, rest->len - chunk);
    return true;
}

static void op_supported(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    if (!find(request, &use, reply))
        return;
    TEE_Result result = TEE_IsAlgorithmSupported(use.alg->id, core_element(use.alg));
    vec_reply_word(reply, result == TEE_SUCCESS ? "ok" : "unknown");
}

static void op_digest(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice rest = request->field[VEC_IN];
    struct km_slice piece = {0};
    uint32_t chunk = request->number[VEC_CHUNK];
    struct vec_output out =
        vec_output(0, request->has_number[VEC_LEN] ? request->number[VEC_LEN] : 64);
    if (!begin(request, TEE_MODE_DIGEST, &use, reply))
        return;
    while (next_piece(&rest, chunk, &piece))
        TEE_DigestUpdate(use.op, piece.ptr, piece.len);
    TEE_Result result = TEE_SUCCESS;
    if (request->has_number[VEC_LEN]) {
        TEE_DigestUpdate(use.op, rest.ptr, rest.len);
        size_t first = out.len / 3; /* in two parts */
        size_t second = out.len - first;
        result = TEE_DigestExtract(use.op, out.octets, &first);
        if (result == TEE_SUCCESS)
            result = TEE_DigestExtract(use.op, out.octets + first, &second);
        out.len = first + second;
    } else {
        result = TEE_DigestDoFinal(use.op, rest.ptr, rest.len, out.octets, &out.len);
    }
    if (!answer_failure(result, &out, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, out.len));
    }
    use_end(&use);
}

static void mac(const struct vec_request *request, bool verify, struct vec_reply *reply)
{
    struct use use;
    struct km_slice rest = request->field[VEC_IN];
    struct km_slice tag = request->field[VEC_TAG];
    struct km_slice piece = {0};
    struct vec_output out = vec_output(0, 64);
    if (!begin(request, TEE_MODE_MAC, &use, reply))
        return;
    TEE_MACInit(use.op, NULL, 0);
    while (next_piece(&rest, request->number[VEC_CHUNK], &piece))
        TEE_MACUpdate(use.op, piece.ptr, piece.len);
    TEE_Result result = verify
                            ? TEE_MACCompareFinal(use.op, rest.ptr, rest.len, tag.ptr, tag.len)
                            : TEE_MACComputeFinal(use.op, rest.ptr, rest.len, out.octets, &out.len);
    if (!answer_failure(result, &out, reply)) {
        vec_reply_word(reply, "ok");
        if (!verify)
            vec_reply_bytes(reply, "out", KM_SLICE(out.octets, out.len));
    }
    use_end(&use);
}

static void op_mac(const struct vec_request *request, struct vec_reply *reply)
{
    mac(request, false, reply);
}

static void op_mac_verify(const struct vec_request *request, struct vec_reply *reply)
{
    mac(request, true, reply);
}

/* ---- ciphers ---- */

/* All the input through an operation; *ret_len octets came out. */
static TEE_Result run_cipher(TEE_OperationHandle op, struct km_slice rest, uint32_t chunk,
                             const struct vec_output *out, size_t *ret_len)
{
    struct km_slice piece = {0};
    TEE_Result result = TEE_SUCCESS;
    size_t done = 0;
    while (result == TEE_SUCCESS && next_piece(&rest, chunk, &piece)) {
        size_t n = out->len - done;
        result = TEE_CipherUpdate(op, piece.ptr, piece.len, out->octets + done, &n);
        done += result == TEE_SUCCESS ? n : 0;
    }
    if (result != TEE_SUCCESS)
        return result;
    size_t n = out->len - done;
    result = TEE_CipherDoFinal(op, rest.ptr, rest.len, out->octets + done, &n);
    *ret_len = done + (result == TEE_SUCCESS ? n : 0);
    return result;
}

static void cipher(const struct vec_request *request, uint32_t mode, struct vec_reply *reply)
{
    struct use use;
    struct km_slice iv = request->field[VEC_IV];
    struct vec_output out = vec_output(0, request->field[VEC_IN].len + 32);
    size_t len = 0;
    if (!begin(request, mode, &use, reply))
        return;
    TEE_CipherInit(use.op, iv.ptr, iv.len);
    TEE_Result result =
        run_cipher(use.op, request->field[VEC_IN], request->number[VEC_CHUNK], &out, &len);
    if (!answer_failure(result, &out, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, len));
    }
    use_end(&use);
}

static void op_encrypt(const struct vec_request *request, struct vec_reply *reply)
{
    cipher(request, TEE_MODE_ENCRYPT, reply);
}

static void op_decrypt(const struct vec_request *request, struct vec_reply *reply)
{
    cipher(request, TEE_MODE_DECRYPT, reply);
}

/* ---- authenticated encryption ---- */

/* Everything up to the last piece of the payload; *ret_done octets came out. */
static TEE_Result ae_run(TEE_OperationHandle op, const struct vec_request *request,
                         uint32_t tag_len, const struct vec_output *out, struct km_slice *ret_rest,
                         size_t *ret_done)
{
    struct km_slice iv = request->field[VEC_IV];
    struct km_slice aad = request->field[VEC_AAD];
    struct km_slice piece = {0};
    uint32_t chunk = request->number[VEC_CHUNK];
    *ret_rest = request->field[VEC_IN];
    *ret_done = 0;
    TEE_Result result = TEE_AEInit(op, iv.ptr, iv.len, 8 * tag_len, aad.len, ret_rest->len);
    if (result != TEE_SUCCESS)
        return result;
    while (next_piece(&aad, chunk, &piece))
        TEE_AEUpdateAAD(op, piece.ptr, piece.len);
    if (aad.len > 0)
        TEE_AEUpdateAAD(op, aad.ptr, aad.len);
    while (result == TEE_SUCCESS && next_piece(ret_rest, chunk, &piece)) {
        size_t n = out->len - *ret_done;
        result = TEE_AEUpdate(op, piece.ptr, piece.len, out->octets + *ret_done, &n);
        *ret_done += result == TEE_SUCCESS ? n : 0;
    }
    return result;
}

static void op_seal(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice rest = {0};
    struct vec_output out = vec_output(0, request->field[VEC_IN].len);
    struct vec_output tag = vec_output(1, 16);
    size_t done = 0;
    size_t n = 0;
    if (!begin(request, TEE_MODE_ENCRYPT, &use, reply))
        return;
    TEE_Result result = ae_run(use.op, request, request->number[VEC_TAG_LEN], &out, &rest, &done);
    if (result == TEE_SUCCESS) {
        n = out.len - done;
        result = TEE_AEEncryptFinal(use.op, rest.ptr, rest.len, out.octets + done, &n, tag.octets,
                                    &tag.len);
    }
    if (!answer_failure(result, NULL, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, done + n));
        vec_reply_bytes(reply, "tag", KM_SLICE(tag.octets, tag.len));
    }
    use_end(&use);
}

static void op_open(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice rest = {0};
    struct km_slice tag = request->field[VEC_TAG];
    struct vec_output out = vec_output(0, request->field[VEC_IN].len);
    uint8_t copy[64]; /* the API's parameter is not const */
    size_t done = 0;
    size_t n = 0;
    if (!begin(request, TEE_MODE_DECRYPT, &use, reply))
        return;
    km_copy(copy, sizeof(copy), tag.ptr, tag.len);
    TEE_Result result = ae_run(use.op, request, (uint32_t)tag.len, &out, &rest, &done);
    if (result == TEE_SUCCESS) {
        n = out.len - done;
        result =
            TEE_AEDecryptFinal(use.op, rest.ptr, rest.len, out.octets + done, &n, copy, tag.len);
    }
    /* Plaintext of earlier parts is the caller's not to use; that of this call must be wiped. */
    if (!answer_failure(result, done == 0 ? &out : NULL, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, done + n));
    }
    use_end(&use);
}

/* ---- asymmetric ---- */

static uint32_t asymmetric_params(const struct vec_request *request, TEE_Attribute params[3])
{
    uint32_t n = 0;
    struct km_slice label = request->field[VEC_INFO];
    if (request->has_number[VEC_SALT_LEN])
        TEE_InitValueAttribute(&params[n++], TEE_ATTR_RSA_PSS_SALT_LENGTH,
                               request->number[VEC_SALT_LEN], 0);
    if (label.ptr != NULL) /* of EdDSA it is the context */
        TEE_InitRefAttribute(&params[n++],
                             request->alg[0] == 'E' ? TEE_ATTR_EDDSA_CTX : TEE_ATTR_RSA_OAEP_LABEL,
                             label.ptr, label.len);
    if (request->has_number[VEC_MGF])
        TEE_InitRefAttribute(&params[n++], TEE_ATTR_RSA_OAEP_MGF_HASH, &request->number[VEC_MGF],
                             sizeof(uint32_t));
    return n;
}

static void op_sign(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    TEE_Attribute params[3];
    uint32_t n = asymmetric_params(request, params);
    struct km_slice in = request->field[VEC_IN];
    struct vec_output out = vec_output(0, 512);
    if (!begin(request, TEE_MODE_SIGN, &use, reply))
        return;
    TEE_Result result =
        TEE_AsymmetricSignDigest(use.op, params, n, in.ptr, in.len, out.octets, &out.len);
    if (!answer_failure(result, &out, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, out.len));
    }
    use_end(&use);
}

static void op_verify(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    TEE_Attribute params[3];
    uint32_t n = asymmetric_params(request, params);
    struct km_slice in = request->field[VEC_IN];
    struct km_slice sig = request->field[VEC_SIG];
    if (!begin(request, TEE_MODE_VERIFY, &use, reply))
        return;
    TEE_Result result =
        TEE_AsymmetricVerifyDigest(use.op, params, n, in.ptr, in.len, sig.ptr, sig.len);
    if (!answer_failure(result, NULL, reply))
        vec_reply_word(reply, "ok");
    use_end(&use);
}

static void asymmetric_cipher(const struct vec_request *request, uint32_t mode,
                              struct vec_reply *reply)
{
    struct use use;
    TEE_Attribute params[3];
    uint32_t n = asymmetric_params(request, params);
    struct km_slice in = request->field[VEC_IN];
    struct vec_output out = vec_output(0, 512);
    if (!begin(request, mode, &use, reply))
        return;
    TEE_Result result =
        mode == TEE_MODE_ENCRYPT
            ? TEE_AsymmetricEncrypt(use.op, params, n, in.ptr, in.len, out.octets, &out.len)
            : TEE_AsymmetricDecrypt(use.op, params, n, in.ptr, in.len, out.octets, &out.len);
    if (!answer_failure(result, &out, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, out.len));
    }
    use_end(&use);
}

static void op_public_encrypt(const struct vec_request *request, struct vec_reply *reply)
{
    asymmetric_cipher(request, TEE_MODE_ENCRYPT, reply);
}

static void op_private_decrypt(const struct vec_request *request, struct vec_reply *reply)
{
    asymmetric_cipher(request, TEE_MODE_DECRYPT, reply);
}

/* ---- agreement and derivation ---- */

/* Derives into a secret of len octets and gives that out. */
static void derive(struct use *use, const TEE_Attribute *params, uint32_t n_params, size_t len,
                   struct vec_reply *reply)
{
    TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    struct vec_output out = vec_output(0, len);
    TEE_Result result =
        TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, (uint32_t)len * 8, &derived);
    if (result == TEE_SUCCESS) {
        TEE_DeriveKey(use->op, params, n_params, derived);
        result = TEE_GetObjectBufferAttribute(derived, TEE_ATTR_SECRET_VALUE, out.octets, &out.len);
    }
    if (!answer_failure(result, &out, reply)) {
        vec_reply_word(reply, "ok");
        vec_reply_bytes(reply, "out", KM_SLICE(out.octets, out.len));
    }
    TEE_FreeTransientObject(derived);
}

/* As the header advises: the peer's value is checked by making a public key of it. */
static TEE_Result check_peer(const struct use *use, const struct vec_request *request)
{
    struct vec_request peer = *request;
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    uint32_t bits = 0;
    if (use->alg->public_type == 0)
        return TEE_SUCCESS;
    peer.field[VEC_X] = request->field[VEC_PEER_X];
    peer.field[VEC_Y] = request->field[VEC_PEER_Y];
    peer.field[VEC_S] = (struct km_slice){0};
    TEE_Result result = core_key_new(use->alg, &peer, &key, &bits);
    TEE_FreeTransientObject(key);
    return result;
}

static void op_agree(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    TEE_Attribute params[2];
    uint32_t n = 0;
    struct km_slice x = request->field[VEC_PEER_X];
    struct km_slice y = request->field[VEC_PEER_Y];
    if (!begin(request, TEE_MODE_DERIVE, &use, reply))
        return;
    TEE_Result result = check_peer(&use, request);
    if (result != TEE_SUCCESS) {
        vec_reply_code(reply, "badkey", result);
        use_end(&use);
        return;
    }
    if (use.alg->family == CORE_EC) {
        TEE_InitRefAttribute(&params[n++], TEE_ATTR_ECC_PUBLIC_VALUE_X, x.ptr, x.len);
        TEE_InitRefAttribute(&params[n++], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y.ptr, y.len);
    } else {
        uint32_t attr = use.alg->family == CORE_DH       ? TEE_ATTR_DH_PUBLIC_VALUE
                        : use.alg->family == CORE_X25519 ? TEE_ATTR_X25519_PUBLIC_VALUE
                                                         : TEE_ATTR_X448_PUBLIC_VALUE;
        TEE_InitRefAttribute(&params[n++], attr, y.ptr, y.len);
    }
    derive(&use, params, n, (use.bits + 7) / 8, reply);
    use_end(&use);
}

struct kdf_attrs {
    const char *prefix;
    uint32_t salt, info, iterations, len;
};

static const struct kdf_attrs KDFS[] = {
    {"HKDF", TEE_ATTR_HKDF_SALT, TEE_ATTR_HKDF_INFO, 0, TEE_ATTR_HKDF_OKM_LENGTH},
    {"CONCAT", 0, TEE_ATTR_CONCAT_KDF_OTHER_INFO, 0, TEE_ATTR_CONCAT_KDF_DKM_LENGTH},
    {"PBKDF2", TEE_ATTR_PBKDF2_SALT, 0, TEE_ATTR_PBKDF2_ITERATION_COUNT,
     TEE_ATTR_PBKDF2_DKM_LENGTH},
};

static uint32_t kdf_params(const struct vec_request *request, TEE_Attribute params[4])
{
    const struct kdf_attrs *kdf = &KDFS[0];
    for (size_t i = 0; i < KM_ARRAY_LEN(KDFS); i++) {
        if (strncmp(request->alg, KDFS[i].prefix, strlen(KDFS[i].prefix)) == 0)
            kdf = &KDFS[i];
    }
    uint32_t n = 0;
    struct km_slice salt = request->field[VEC_SALT];
    struct km_slice info = request->field[VEC_INFO];
    if (kdf->salt != 0 && salt.ptr != NULL)
        TEE_InitRefAttribute(&params[n++], kdf->salt, salt.ptr, salt.len);
    if (kdf->info != 0 && info.ptr != NULL)
        TEE_InitRefAttribute(&params[n++], kdf->info, info.ptr, info.len);
    if (kdf->iterations != 0)
        TEE_InitValueAttribute(&params[n++], kdf->iterations, request->number[VEC_ITERATIONS], 0);
    TEE_InitValueAttribute(&params[n++], kdf->len, request->number[VEC_LEN], 0);
    return n;
}

static void op_derive(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    TEE_Attribute params[4];
    uint32_t n = kdf_params(request, params);
    if (!begin(request, TEE_MODE_DERIVE, &use, reply))
        return;
    derive(&use, params, n, request->number[VEC_LEN], reply);
    use_end(&use);
}

static void op_key(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    if (!find(request, &use, reply))
        return;
    TEE_Result result = core_key_new(use.alg, request, &use.key, &use.bits);
    if (result == TEE_SUCCESS)
        vec_reply_word(reply, "ok");
    else
        vec_reply_code(reply, "badkey", result);
    use_end(&use);
}

const struct vec_api core_api = {{
    [VEC_OP_SUPPORTED] = op_supported,
    [VEC_OP_DIGEST] = op_digest,
    [VEC_OP_MAC] = op_mac,
    [VEC_OP_MAC_VERIFY] = op_mac_verify,
    [VEC_OP_ENCRYPT] = op_encrypt,
    [VEC_OP_DECRYPT] = op_decrypt,
    [VEC_OP_SEAL] = op_seal,
    [VEC_OP_OPEN] = op_open,
    [VEC_OP_SIGN] = op_sign,
    [VEC_OP_VERIFY] = op_verify,
    [VEC_OP_PUBLIC_ENCRYPT] = op_public_encrypt,
    [VEC_OP_PRIVATE_DECRYPT] = op_private_decrypt,
    [VEC_OP_AGREE] = op_agree,
    [VEC_OP_DERIVE] = op_derive,
    [VEC_OP_KEY] = op_key,
}};
