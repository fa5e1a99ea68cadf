/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message through an authenticated cipher, in parts as programs give them.
 *
 * Nearly always there is one part: a request does all of it. When another follows, operations take over.
 * The service keeps a plaintext back until its tag fits, and a program that streams wants it now; so what
 * decrypts here is two encryptions: the modes add a key stream, so encrypting what came gives the
 * plaintext, and encrypting that gives the tag to compare.
 */
#include <openssl/crypto.h>

#include "common/km_secret.h"
#include "interop/engine/engine_aead.h"

#define AT_ONCE_MAX 17408u /* a TLS record and a little */
#define TAG_MIN 12u        /* that the service compares */
#define SCRATCH 4096u

bool aead_octets_add(struct aead_octets *octets, struct km_slice in)
{
    size_t needed = octets->len + in.len;
    if (needed > octets->cap) {
        uint8_t *grown = OPENSSL_clear_realloc(octets->ptr, octets->cap, needed);
        if (grown == NULL)
            return false;
        octets->ptr = grown;
        octets->cap = needed;
    }
    if (in.len != 0)
        km_copy(octets->ptr + octets->len, octets->cap - octets->len, in.ptr, in.len);
    octets->len = needed;
    return true;
}

void aead_octets_clear(struct aead_octets *octets)
{
    OPENSSL_clear_free(octets->ptr, octets->cap);
    *octets = (struct aead_octets){0};
}

void aead_restart(struct aead_state *state)
{
    clrcOperationFree(km_steal(&state->forward));
    clrcOperationFree(km_steal(&state->mirror));
    aead_octets_clear(&state->aad);
    aead_octets_clear(&state->text);
    state->phase = AEAD_NEW;
    state->is_tls_record = false;
}

static ClrcResult request(struct aead_state *state, bool encrypts, struct km_slice in, uint8_t *out)
{
    static const uint8_t nothing[1];
    uint8_t nowhere[1] = {0};
    const ClrcAead aead = {.nonce = state->iv,
                           .nonce_length = (uint32_t)state->iv_len,
                           .aad = state->aad.len != 0 ? state->aad.ptr : nothing,
                           .aad_length = state->aad.len};
    const uint8_t *from = in.len != 0 ? in.ptr : nothing;
    uint8_t *to = in.len != 0 ? out : nowhere;
    ClrcKeyHandle key = engine_key_handle(state->key);
    if (encrypts)
        return clrcAeadEncrypt(key, state->algorithm, &aead, from, in.len, to, state->tag,
                               (uint32_t)state->tag_len);
    return clrcAeadDecrypt(key, state->algorithm, &aead, from, in.len, to, state->tag,
                           (uint32_t)state->tag_len);
}

ClrcResult aead_at_once(struct aead_state *state, bool encrypts, struct km_slice in, uint8_t *out)
{
    (void)engine_key_renew(&state->key, CLRC_SUCCESS);
    ClrcResult result = request(state, encrypts, in, out);
    if (engine_key_renew(&state->key, result))
        result = request(state, encrypts, in, out);
    return result;
}

static ClrcResult begin(struct aead_state *state, ClrcOperationHandle *ret)
{
    const ClrcOperationWish wish = {.algorithm = state->algorithm,
                                    .mode = CLRC_MODE_ENCRYPT,
                                    .iv = state->iv,
                                    .iv_length = (uint32_t)state->iv_len,
                                    .tag_length = AEAD_TAG_MAX};
    (void)engine_key_renew(&state->key, CLRC_SUCCESS);
    ClrcResult result = clrcOperationNew(engine_key_handle(state->key), &wish, ret);
    if (engine_key_renew(&state->key, result))
        result = clrcOperationNew(engine_key_handle(state->key), &wish, ret);
    if (result == CLRC_SUCCESS && state->aad.len != 0)
        result = clrcOperationUpdateAad(*ret, state->aad.ptr, state->aad.len);
    return result;
}

/* What an operation makes of the octets is wanted by nobody. */
static ClrcResult push(ClrcOperationHandle operation, struct km_slice in)
{
    uint8_t scratch[SCRATCH] = {0};
    ClrcResult result = CLRC_SUCCESS;
    for (size_t done = 0; result == CLRC_SUCCESS && done < in.len;) {
        size_t now = in.len - done < sizeof(scratch) ? in.len - done : sizeof(scratch);
        size_t room = now;
        result = clrcOperationUpdate(operation, in.ptr + done, now, scratch, &room);
        done += now;
    }
    km_wipe(scratch, sizeof(scratch));
    return result;
}

static ClrcResult start_stream(struct aead_state *state, bool encrypts)
{
    struct km_slice before = KM_SLICE(state->text.ptr, state->text.len);
    ClrcResult result = begin(state, &state->forward);
    if (result == CLRC_SUCCESS)
        result = push(state->forward, before);
    if (result == CLRC_SUCCESS && !encrypts)
        result = begin(state, &state->mirror);
    if (result == CLRC_SUCCESS && !encrypts)
        result = push(state->mirror, before);
    aead_octets_clear(&state->text);
    state->phase = AEAD_STREAM;
    return result;
}

static ClrcResult stream(struct aead_state *state, bool encrypts, struct km_slice in, uint8_t *out)
{
    ClrcResult result = CLRC_SUCCESS;
    for (size_t done = 0; result == CLRC_SUCCESS && done < in.len;) {
        size_t now = in.len - done < ENGINE_PART_MAX ? in.len - done : ENGINE_PART_MAX;
        size_t room = now;
        result = clrcOperationUpdate(state->forward, in.ptr + done, now, out + done, &room);
        if (result == CLRC_SUCCESS && !encrypts)
            result = push(state->mirror, KM_SLICE(out + done, now));
        done += now;
    }
    return result;
}

/* The first part, as if there were no other. CLRC_ERROR_MAC: there must be. */
static ClrcResult try_at_once(struct aead_state *state, bool encrypts, struct km_slice in,
                              uint8_t *out)
{
    if (encrypts && !aead_octets_add(&state->text, in))
        return CLRC_ERROR_OUT_OF_MEMORY;
    ClrcResult result = aead_at_once(state, encrypts, in, out);
    if (result == CLRC_SUCCESS && !encrypts &&
        !aead_octets_add(&state->text, KM_SLICE(out, in.len)))
        return CLRC_ERROR_OUT_OF_MEMORY;
    if (result == CLRC_SUCCESS)
        state->phase = AEAD_AT_ONCE;
    return result;
}

int aead_update(struct aead_state *state, bool encrypts, struct km_slice in, uint8_t *out)
{
    if (in.len == 0)
        return 1;
    if (state->phase == AEAD_NEW && in.len <= AT_ONCE_MAX &&
        (encrypts || (state->has_tag && state->tag_len >= TAG_MIN))) {
        ClrcResult result = try_at_once(state, encrypts, in, out);
        if (result != CLRC_ERROR_MAC)
            return engine_clrc(result, "cipher", __func__);
    }
    ClrcResult result = CLRC_SUCCESS;
    if (state->phase != AEAD_STREAM)
        result = start_stream(state, encrypts);
    if (result == CLRC_SUCCESS)
        result = stream(state, encrypts, in, out);
    return engine_clrc(result, "cipher", __func__);
}

static int final_stream(struct aead_state *state, bool encrypts)
{
    uint8_t tag[AEAD_TAG_MAX] = {0};
    uint32_t len = sizeof(tag);
    size_t none = 0;
    ClrcOperationHandle operation = encrypts ? state->forward : state->mirror;
    if (!engine_clrc(clrcOperationFinal(operation, NULL, &none, tag, &len), "cipher", __func__))
        return 0;
    if (!encrypts)
        return state->has_tag && km_ct_equal(tag, state->tag, state->tag_len);
    km_copy(state->tag, sizeof(state->tag), tag, sizeof(tag));
    return 1;
}

int aead_final(struct aead_state *state, bool encrypts)
{
    if (!encrypts && !state->has_tag)
        return 0;
    if (state->phase == AEAD_AT_ONCE)
        return 1;
    if (state->phase == AEAD_NEW && !encrypts && state->tag_len < TAG_MIN &&
        !engine_clrc(start_stream(state, encrypts), "cipher", __func__))
        return 0;
    if (state->phase == AEAD_STREAM)
        return final_stream(state, encrypts);
    ClrcResult result = aead_at_once(state, encrypts, KM_SLICE(NULL, 0), NULL);
    return result == CLRC_ERROR_MAC ? 0 : engine_clrc(result, "cipher", __func__);
}
