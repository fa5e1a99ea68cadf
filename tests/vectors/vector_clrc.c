/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test vectors through the crypto library and a running keymoord. A line with a chunk goes through
 * an operation of several parts, one without through the call that does all at once.
 */
#include <stdio.h>
#include <string.h>

#include "tests/vectors/clrc_keys.h"

struct use {
    ClrcAlgorithm alg;
    ClrcKeyHandle key;
};

static void use_end(struct use *use)
{
    clrcFreeKey(use->key);
}

static bool answer_failure(ClrcResult result, const struct vec_output *out, struct vec_reply *reply)
{
    if (result == CLRC_SUCCESS)
        return false;
    bool is_wrong = result == CLRC_ERROR_MAC || result == CLRC_ERROR_SIGNATURE;
    vec_reply_failure(reply, is_wrong ? "fail" : "refused", result, out);
    return true;
}

static void answer_output(ClrcResult result, const struct vec_output *out, struct vec_reply *reply)
{
    if (answer_failure(result, out, reply))
        return;
    vec_reply_word(reply, "ok");
    vec_reply_bytes(reply, "out", KM_SLICE(out->octets, out->len));
}

static bool begin(const struct vec_request *request, struct use *use, struct vec_reply *reply)
{
    *use = (struct use){.alg = clrcAlgorithmByName(request->alg)};
    if (use->alg == CLRC_ALG_NONE) {
        vec_reply_word(reply, "unknown");
        return false;
    }
    ClrcResult result = clrc_key_new(request, &use->key);
    if (result != CLRC_SUCCESS)
        vec_reply_code(reply, "badkey", result);
    return result == CLRC_SUCCESS;
}

/* ---- operations of several parts ---- */

/* All the input in pieces; what came out stands in out, its length in *ret_done. */
static ClrcResult feed(ClrcOperationHandle op, struct km_slice in, uint32_t chunk,
                       const struct vec_output *out, size_t *ret_done)
{
    ClrcResult result = CLRC_SUCCESS;
    *ret_done = 0;
    while (in.len > 0 && result == CLRC_SUCCESS) {
        size_t piece = in.len < chunk ? in.len : chunk;
        size_t n = out == NULL ? 0 : out->len - *ret_done;
        result =
            clrcOperationUpdate(op, in.ptr, piece, out == NULL ? NULL : out->octets + *ret_done,
                                out == NULL ? NULL : &n);
        in = KM_SLICE(in.ptr + piece, in.len - piece);
        *ret_done += out == NULL || result != CLRC_SUCCESS ? 0 : n;
    }
    return result;
}

static ClrcResult feed_aad(ClrcOperationHandle op, struct km_slice aad, uint32_t chunk)
{
    ClrcResult result = CLRC_SUCCESS;
    while (aad.len > 0 && result == CLRC_SUCCESS) {
        size_t piece = aad.len < chunk ? aad.len : chunk;
        result = clrcOperationUpdateAad(op, aad.ptr, piece);
        aad = KM_SLICE(aad.ptr + piece, aad.len - piece);
    }
    return result;
}

/* A digest, MAC, cipher or AEAD in pieces. out and tag may be NULL where the mode makes none. */
static ClrcResult in_parts(const struct vec_request *request, const struct use *use, ClrcMode mode,
                           struct vec_output *out, struct vec_output *tag)
{
    ClrcOperationHandle op = NULL;
    struct km_slice iv = request->field[VEC_IV];
    struct km_slice expected = request->field[VEC_TAG];
    bool verifies = expected.ptr != NULL;
    uint32_t tag_len = verifies ? (uint32_t)expected.len : request->number[VEC_TAG_LEN];
    const ClrcOperationWish wish = {.algorithm = use->alg,
                                    .mode = mode,
                                    .iv = iv.ptr,
                                    .iv_length = (uint32_t)iv.len,
                                    .tag_length =
                                        request->field[VEC_AAD].ptr == NULL ? 0 : tag_len};
    uint32_t chunk = request->number[VEC_CHUNK];
    size_t done = 0;
    ClrcResult result = clrcOperationNew(use->key, &wish, &op);
    if (result == CLRC_SUCCESS && request->field[VEC_AAD].ptr != NULL)
        result = feed_aad(op, request->field[VEC_AAD], chunk);
    if (result == CLRC_SUCCESS)
        result = feed(op, request->field[VEC_IN], chunk, out, &done);
    if (result == CLRC_SUCCESS) {
        size_t n = out == NULL ? 0 : out->len - done;
        uint8_t *at = out == NULL ? NULL : out->octets + done;
        uint32_t got = tag == NULL ? 0 : (uint32_t)tag->len;
        result = verifies ? clrcOperationFinalVerify(op, at, out == NULL ? NULL : &n, expected.ptr,
                                                     (uint32_t)expected.len)
                          : clrcOperationFinal(op, at, out == NULL ? NULL : &n,
                                               tag == NULL ? NULL : tag->octets,
                                               tag == NULL ? NULL : &got);
        if (out != NULL)
            out->len = done + n;
        if (tag != NULL)
            tag->len = got;
    }
    clrcOperationFree(op);
    return result;
}

/* ---- handlers ---- */

static void op_supported(const struct vec_request *request, struct vec_reply *reply)
{
    ClrcAlgorithm alg = clrcAlgorithmByName(request->alg);
    vec_reply_word(reply, alg != CLRC_ALG_NONE && clrcAlgorithmSupported(alg, 0) == CLRC_SUCCESS
                              ? "ok"
                              : "unknown");
}

static void op_digest(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use = {.alg = clrcAlgorithmByName(request->alg)};
    struct km_slice in = request->field[VEC_IN];
    struct vec_output out =
        vec_output(0, request->has_number[VEC_LEN] ? request->number[VEC_LEN] : 64);
    uint32_t len = (uint32_t)out.len;
    ClrcResult result = CLRC_ERROR_NOT_SUPPORTED;
    if (use.alg == CLRC_ALG_NONE) {
        vec_reply_word(reply, "unknown");
        return;
    }
    if (request->number[VEC_CHUNK] != 0) {
        result = in_parts(request, &use, CLRC_MODE_DIGEST, NULL, &out);
    } else {
        result = clrcDigest(use.alg, in.ptr, in.len, out.octets, &len);
        out.len = len;
    }
    answer_output(result, &out, reply);
}

static void op_mac(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    struct vec_output out = vec_output(0, 64);
    uint32_t len = 64;
    if (!begin(request, &use, reply))
        return;
    ClrcResult result = CLRC_SUCCESS;
    if (request->number[VEC_CHUNK] != 0) {
        result = in_parts(request, &use, CLRC_MODE_MAC, NULL, &out);
    } else {
        result = clrcMac(use.key, use.alg, in.ptr, in.len, out.octets, &len);
        out.len = len;
    }
    answer_output(result, &out, reply);
    use_end(&use);
}

static void op_mac_verify(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    struct km_slice tag = request->field[VEC_TAG];
    if (!begin(request, &use, reply))
        return;
    ClrcResult result =
        request->number[VEC_CHUNK] != 0
            ? in_parts(request, &use, CLRC_MODE_MAC, NULL, NULL)
            : clrcVerifyMac(use.key, use.alg, in.ptr, in.len, tag.ptr, (uint32_t)tag.len);
    if (!answer_failure(result, NULL, reply))
        vec_reply_word(reply, "ok");
    use_end(&use);
}

static void cipher(const struct vec_request *request, ClrcMode mode, struct vec_reply *reply)
{
    struct use use;
    struct km_slice iv = request->field[VEC_IV];
    struct km_slice in = request->field[VEC_IN];
    struct vec_output out = vec_output(0, in.len + 32);
    if (!begin(request, &use, reply))
        return;
    ClrcResult result = request->number[VEC_CHUNK] != 0
                            ? in_parts(request, &use, mode, &out, NULL)
                            : clrcCipher(use.key, use.alg, mode, iv.ptr, (uint32_t)iv.len, in.ptr,
                                         in.len, out.octets, &out.len);
    answer_output(result, &out, reply);
    use_end(&use);
}

static void op_encrypt(const struct vec_request *request, struct vec_reply *reply)
{
    cipher(request, CLRC_MODE_ENCRYPT, reply);
}

static void op_decrypt(const struct vec_request *request, struct vec_reply *reply)
{
    cipher(request, CLRC_MODE_DECRYPT, reply);
}

static ClrcAead aead_of(const struct vec_request *request)
{
    return (ClrcAead){.nonce = request->field[VEC_IV].ptr,
                      .nonce_length = (uint32_t)request->field[VEC_IV].len,
                      .aad = request->field[VEC_AAD].ptr,
                      .aad_length = request->field[VEC_AAD].len};
}

static void op_seal(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    const ClrcAead aead = aead_of(request);
    struct vec_output out = vec_output(0, in.len);
    struct vec_output tag = vec_output(1, request->number[VEC_TAG_LEN]);
    if (!begin(request, &use, reply))
        return;
    ClrcResult result = request->number[VEC_CHUNK] != 0
                            ? in_parts(request, &use, CLRC_MODE_ENCRYPT, &out, &tag)
                            : clrcAeadEncrypt(use.key, use.alg, &aead, in.ptr, in.len, out.octets,
                                              tag.octets, (uint32_t)tag.len);
    answer_output(result, &out, reply);
    if (result == CLRC_SUCCESS)
        vec_reply_bytes(reply, "tag", KM_SLICE(tag.octets, tag.len));
    use_end(&use);
}

static void op_open(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    struct km_slice tag = request->field[VEC_TAG];
    const ClrcAead aead = aead_of(request);
    struct vec_output out = vec_output(0, in.len);
    if (!begin(request, &use, reply))
        return;
    ClrcResult result = request->number[VEC_CHUNK] != 0
                            ? in_parts(request, &use, CLRC_MODE_DECRYPT, &out, NULL)
                            : clrcAeadDecrypt(use.key, use.alg, &aead, in.ptr, in.len, out.octets,
                                              tag.ptr, (uint32_t)tag.len);
    answer_output(result, &out, reply);
    use_end(&use);
}

static void op_sign(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    struct vec_output out = vec_output(0, 512);
    uint32_t len = 512;
    if (!begin(request, &use, reply))
        return;
    ClrcResult result =
        request->has_number[VEC_SALT_LEN]
            ? clrcSignDigestPss(use.key, use.alg, request->number[VEC_SALT_LEN], in.ptr,
                                (uint32_t)in.len, out.octets, &len)
            : clrcSignDigest(use.key, use.alg, in.ptr, (uint32_t)in.len, out.octets, &len);
    out.len = len;
    answer_output(result, &out, reply);
    use_end(&use);
}

static void op_verify(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    struct km_slice sig = request->field[VEC_SIG];
    if (!begin(request, &use, reply))
        return;
    ClrcResult result =
        request->has_number[VEC_SALT_LEN]
            ? clrcVerifyDigestPss(use.key, use.alg, request->number[VEC_SALT_LEN], in.ptr,
                                  (uint32_t)in.len, sig.ptr, (uint32_t)sig.len)
            : clrcVerifyDigest(use.key, use.alg, in.ptr, (uint32_t)in.len, sig.ptr,
                               (uint32_t)sig.len);
    if (!answer_failure(result, NULL, reply))
        vec_reply_word(reply, "ok");
    use_end(&use);
}

static void asymmetric_cipher(const struct vec_request *request, ClrcMode mode,
                              struct vec_reply *reply)
{
    struct use use;
    struct km_slice in = request->field[VEC_IN];
    struct km_slice label = request->field[VEC_INFO];
    struct vec_output out = vec_output(0, 512);
    uint32_t len = 512;
    if (!begin(request, &use, reply))
        return;
    ClrcResult result =
        mode == CLRC_MODE_ENCRYPT
            ? clrcAsymmetricEncrypt(use.key, use.alg, label.ptr, (uint32_t)label.len, in.ptr,
                                    (uint32_t)in.len, out.octets, &len)
            : clrcAsymmetricDecrypt(use.key, use.alg, label.ptr, (uint32_t)label.len, in.ptr,
                                    (uint32_t)in.len, out.octets, &len);
    out.len = len;
    /* The library has no code of its own for a ciphertext that can't be undone. */
    if (mode == CLRC_MODE_DECRYPT && result == CLRC_ERROR_BAD_FORMAT)
        vec_reply_failure(reply, "fail", result, &out);
    else
        answer_output(result, &out, reply);
    use_end(&use);
}

static void op_public_encrypt(const struct vec_request *request, struct vec_reply *reply)
{
    asymmetric_cipher(request, CLRC_MODE_ENCRYPT, reply);
}

static void op_private_decrypt(const struct vec_request *request, struct vec_reply *reply)
{
    asymmetric_cipher(request, CLRC_MODE_DECRYPT, reply);
}

/* A peer's value as clrcAgreeRaw wants it: 04 X Y, or Y alone where there is no X. */
static struct km_slice peer_value(const struct vec_request *request)
{
    static uint8_t point[1 + 2 * 512];
    struct km_slice x = request->field[VEC_PEER_X];
    struct km_slice y = request->field[VEC_PEER_Y];
    if (x.ptr == NULL)
        return y;
    struct km_slice all = {0};
    struct km_wr wr = km_wr_init(point, sizeof(point));
    km_wr_u8(&wr, 4);
    km_wr_bytes(&wr, x);
    km_wr_bytes(&wr, y);
    return km_wr_finish(&wr, &all) ? all : (struct km_slice){0};
}

static void op_agree(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice peer = peer_value(request);
    struct vec_output out = vec_output(0, 512);
    uint32_t len = 512;
    if (!begin(request, &use, reply))
        return;
    ClrcResult result = clrcAgreeRaw(use.key, peer.ptr, (uint32_t)peer.len, out.octets, &len);
    out.len = len;
    if (result == CLRC_ERROR_BAD_FORMAT || result == CLRC_ERROR_BAD_PARAMETERS)
        vec_reply_code(reply, "badkey", result);
    else
        answer_output(result, &out, reply);
    use_end(&use);
}

static void op_derive(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    struct km_slice salt = request->field[VEC_SALT];
    struct km_slice info = request->field[VEC_INFO];
    const ClrcKeyTemplate wish = {.type = KEY_GENERIC_SECRET,
                                  .bits = request->number[VEC_LEN] * 8,
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    struct vec_output out = vec_output(0, request->number[VEC_LEN]);
    uint32_t len = (uint32_t)out.len;
    ClrcKeyHandle derived = NULL;
    if (!begin(request, &use, reply))
        return;
    ClrcResult result = request->has_number[VEC_ITERATIONS]
                            ? clrcDerivePassword(use.key, use.alg, salt.ptr, (uint32_t)salt.len,
                                                 request->number[VEC_ITERATIONS], &wish, &derived)
                            : clrcDerive(use.key, use.alg, salt.ptr, (uint32_t)salt.len, info.ptr,
                                         (uint32_t)info.len, &wish, &derived);
    if (result == CLRC_SUCCESS)
        result = clrcExportKey(derived, out.octets, &len);
    out.len = len;
    answer_output(result, &out, reply);
    clrcFreeKey(derived);
    use_end(&use);
}

static void op_key(const struct vec_request *request, struct vec_reply *reply)
{
    struct use use;
    if (!begin(request, &use, reply))
        return;
    vec_reply_word(reply, "ok");
    use_end(&use);
}

static void answer(char *line, struct vec_reply *reply)
{
    static const struct vec_api api = {{
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
    vec_serve(&api, line, reply);
}

int main(void)
{
    return vec_loop(answer);
}
