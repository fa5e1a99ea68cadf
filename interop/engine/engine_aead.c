/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticated ciphers as OpenSSL calls them: control commands, CCM's order of calls, records of TLS 1.2. */
#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/objects.h>

#include "common/km_secret.h"
#include "interop/engine/engine_aead.h"

#define NONCE_LEN 12u
#define CCM_NONCE_AND_L 15u
#define TLS_FIXED_LEN 4u /* GCM and CCM: RFC 5288, section 3; RFC 6655, section 3 */
#define TLS_SEQUENCE_LEN 8u
#define TLS_LENGTH_AT 11u

static const struct row {
    int nid;
    ClrcAlgorithm algorithm;
    ClrcKeyType type;
    int key_len;
    unsigned long mode;
} rows[ENGINE_AEADS_MAX] = {
    {NID_aes_128_gcm, CLRC_AES_GCM, KEY_AES, 16, EVP_CIPH_GCM_MODE},
    {NID_aes_192_gcm, CLRC_AES_GCM, KEY_AES, 24, EVP_CIPH_GCM_MODE},
    {NID_aes_256_gcm, CLRC_AES_GCM, KEY_AES, 32, EVP_CIPH_GCM_MODE},
    {NID_aes_128_ccm, CLRC_AES_CCM, KEY_AES, 16, EVP_CIPH_CCM_MODE},
    {NID_aes_192_ccm, CLRC_AES_CCM, KEY_AES, 24, EVP_CIPH_CCM_MODE},
    {NID_aes_256_ccm, CLRC_AES_CCM, KEY_AES, 32, EVP_CIPH_CCM_MODE},
    {NID_chacha20_poly1305, CLRC_CHACHA20_POLY1305, KEY_CHACHA20, 32, EVP_CIPH_STREAM_CIPHER},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *ciphers[ENGINE_AEADS_MAX];

static struct aead_state *state_of(EVP_CIPHER_CTX *ctx)
{
    return EVP_CIPHER_CTX_get_cipher_data(ctx);
}

static const struct row *row_of(const EVP_CIPHER_CTX *ctx)
{
    int nid = EVP_CIPHER_CTX_nid(ctx);
    for (size_t i = 0; i < ENGINE_AEADS_MAX; i++)
        if (rows[i].nid == nid)
            return &rows[i];
    return NULL;
}

static int begin(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv, int enc)
{
    const struct row *row = row_of(ctx);
    struct aead_state *state = state_of(ctx);
    (void)enc;
    if (row == NULL)
        return 0;
    state->algorithm = row->algorithm;
    if (key != NULL) {
        aead_restart(state);
        engine_key_unref(km_steal(&state->key));
        state->key = engine_key_import(row->type, KM_SLICE(key, (size_t)row->key_len));
        if (state->key == NULL)
            return 0;
    }
    if (iv != NULL) {
        aead_restart(state);
        km_copy(state->iv, sizeof(state->iv), iv, state->iv_len);
        state->has_iv = true;
    }
    return 1;
}

/* ---- data ---- */

static int add_aad(struct aead_state *state, struct km_slice aad)
{
    if (state->phase != AEAD_NEW || aad.len > CLRC_DATA_MAX - state->aad.len ||
        !aead_octets_add(&state->aad, aad))
        return -1;
    return (int)aad.len;
}

static int ccm(struct aead_state *state, bool encrypts, unsigned char *out, struct km_slice in)
{
    if (in.ptr == NULL)
        return out == NULL ? (int)in.len : 0; /* the length comes first, and there is no end */
    if (out == NULL)
        return add_aad(state, in);
    if (!state->has_iv || (!encrypts && !state->has_tag))
        return -1;
    ClrcResult result = aead_at_once(state, encrypts, in, out);
    aead_restart(state);
    state->has_iv = false; /* a nonce is good for one message */
    if (result == CLRC_ERROR_MAC || !engine_clrc(result, "cipher", __func__))
        return -1;
    state->has_tag = encrypts;
    return (int)in.len;
}

/* The nonce of a record: what is fixed, with the number of the record or what came in it. */
static void tls_nonce(struct aead_state *state, bool encrypts, uint8_t *record)
{
    if (state->tls_explicit == 0) { /* RFC 7905, section 2 */
        for (size_t i = 0; i < TLS_SEQUENCE_LEN; i++)
            state->iv[TLS_FIXED_LEN + i] ^= state->tls_aad[i];
        return;
    }
    if (encrypts)
        km_copy(record, TLS_SEQUENCE_LEN, state->tls_aad, TLS_SEQUENCE_LEN);
    km_copy(state->iv + TLS_FIXED_LEN, TLS_SEQUENCE_LEN, record, TLS_SEQUENCE_LEN);
}

/* In place: explicit part of the nonce, text, tag. */
static int tls_record(struct aead_state *state, bool encrypts, uint8_t *record, size_t len)
{
    size_t around = state->tls_explicit + state->tag_len;
    if (len < around)
        return -1;
    uint8_t fixed[AEAD_IV_MAX] = {0};
    uint8_t *text = record + state->tls_explicit;
    size_t text_len = len - around;
    km_copy(fixed, sizeof(fixed), state->iv, sizeof(state->iv));
    tls_nonce(state, encrypts, record);
    if (!encrypts)
        km_copy(state->tag, sizeof(state->tag), text + text_len, state->tag_len);
    ClrcResult result = CLRC_ERROR_OUT_OF_MEMORY;
    if (aead_octets_add(&state->aad, KM_SLICE(state->tls_aad, sizeof(state->tls_aad))))
        result = aead_at_once(state, encrypts, KM_SLICE(text, text_len), text);
    aead_restart(state);
    km_copy(state->iv, sizeof(state->iv), fixed, sizeof(fixed));
    if (result == CLRC_ERROR_MAC || !engine_clrc(result, "cipher", __func__))
        return -1;
    if (!encrypts)
        return (int)text_len;
    km_copy(text + text_len, state->tag_len, state->tag, state->tag_len);
    return (int)len;
}

static int do_cipher(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len)
{
    struct aead_state *state = state_of(ctx);
    bool encrypts = EVP_CIPHER_CTX_encrypting(ctx) != 0;
    if (state->key == NULL)
        return -1;
    if (state->is_tls_record)
        return out == in && out != NULL ? tls_record(state, encrypts, out, len) : -1;
    if (state->algorithm == CLRC_AES_CCM)
        return ccm(state, encrypts, out, KM_SLICE(in, len));
    if (!state->has_iv)
        return -1;
    if (in == NULL) {
        state->has_iv = false; /* a nonce is good for one message */
        return aead_final(state, encrypts) ? 0 : -1;
    }
    if (out == NULL)
        return add_aad(state, KM_SLICE(in, len));
    if (aead_update(state, encrypts, KM_SLICE(in, len), out))
        return (int)len;
    state->has_iv = false; /* where it stopped nobody knows */
    return -1;
}

/* ---- control ---- */

static int set_defaults(struct aead_state *state, const struct row *row)
{
    bool is_ccm = row->algorithm == CLRC_AES_CCM;
    state->algorithm = row->algorithm;
    state->iv_len = is_ccm ? 7 : NONCE_LEN;
    state->tag_len = is_ccm ? 12 : AEAD_TAG_MAX;
    return 1;
}

static int set_iv_len(struct aead_state *state, int len)
{
    bool is_ccm = state->algorithm == CLRC_AES_CCM;
    if (len < (is_ccm ? 7 : 1) || len > (is_ccm ? 13 : (int)AEAD_IV_MAX) ||
        (state->algorithm == CLRC_CHACHA20_POLY1305 && len != NONCE_LEN))
        return 0;
    state->iv_len = (size_t)len;
    return 1;
}

static int set_tag(struct aead_state *state, bool encrypts, int len, const uint8_t *tag)
{
    bool is_gcm = state->algorithm == CLRC_AES_GCM;
    if (len <= 0 || len > (int)AEAD_TAG_MAX || (encrypts && (tag != NULL || is_gcm)))
        return 0;
    if (!encrypts || state->algorithm == CLRC_AES_CCM)
        state->tag_len = (size_t)len;
    if (tag != NULL) {
        km_copy(state->tag, sizeof(state->tag), tag, (size_t)len);
        state->has_tag = true;
    }
    return 1;
}

static int get_tag(const struct aead_state *state, bool encrypts, int len, uint8_t *tag)
{
    if (!encrypts || len <= 0 || len > (int)state->tag_len || tag == NULL)
        return 0;
    km_copy(tag, (size_t)len, state->tag, (size_t)len);
    return 1;
}

static int set_fixed(struct aead_state *state, int len, const uint8_t *fixed)
{
    bool is_chacha = state->algorithm == CLRC_CHACHA20_POLY1305;
    int expected = is_chacha ? (int)NONCE_LEN : (int)TLS_FIXED_LEN;
    if (len == -1)
        expected = len = (int)state->iv_len;
    if (len != expected || fixed == NULL)
        return 0;
    km_copy(state->iv, sizeof(state->iv), fixed, (size_t)len);
    state->tls_explicit = is_chacha ? 0 : TLS_SEQUENCE_LEN;
    return 1;
}

static int set_tls_aad(struct aead_state *state, bool encrypts, int len, uint8_t *aad)
{
    size_t around = state->tls_explicit + (encrypts ? 0 : state->tag_len);
    if (len != (int)AEAD_TLS_AAD_LEN || state->iv_len != NONCE_LEN)
        return 0;
    size_t text = (size_t)aad[TLS_LENGTH_AT] << 8 | aad[TLS_LENGTH_AT + 1];
    if (text < around)
        return 0;
    text -= around;
    km_copy(state->tls_aad, sizeof(state->tls_aad), aad, AEAD_TLS_AAD_LEN);
    state->tls_aad[TLS_LENGTH_AT] = (uint8_t)(text >> 8);
    state->tls_aad[TLS_LENGTH_AT + 1] = (uint8_t)text;
    state->is_tls_record = true;
    return (int)state->tag_len;
}

/* Its octets are there already; what they point to is not. A stream's operations stay with the one that has them. */
static int copy(const struct aead_state *from, struct aead_state *to)
{
    to->key = NULL;
    to->forward = NULL;
    to->mirror = NULL;
    to->aad = (struct aead_octets){0};
    to->text = (struct aead_octets){0};
    if (from->phase == AEAD_STREAM)
        return engine_clrc(CLRC_ERROR_NOT_SUPPORTED, "copy a begun cipher", __func__);
    to->key = engine_key_ref(from->key);
    return aead_octets_add(&to->aad, KM_SLICE(from->aad.ptr, from->aad.len)) &&
           aead_octets_add(&to->text, KM_SLICE(from->text.ptr, from->text.len));
}

static int control(EVP_CIPHER_CTX *ctx, int cmd, int value, void *ptr)
{
    struct aead_state *state = state_of(ctx);
    bool encrypts = EVP_CIPHER_CTX_encrypting(ctx) != 0;
    switch (cmd) {
    case EVP_CTRL_INIT:
        return set_defaults(state, row_of(ctx));
    case EVP_CTRL_AEAD_SET_IVLEN:
        return set_iv_len(state, value);
    case EVP_CTRL_CCM_SET_L:
        return state->algorithm == CLRC_AES_CCM ? set_iv_len(state, (int)CCM_NONCE_AND_L - value)
                                                : 0;
    case EVP_CTRL_GET_IVLEN:
        *(int *)ptr = (int)state->iv_len;
        return 1;
    case EVP_CTRL_AEAD_SET_TAG:
        return set_tag(state, encrypts, value, ptr);
    case EVP_CTRL_AEAD_GET_TAG:
        return get_tag(state, encrypts, value, ptr);
    case EVP_CTRL_AEAD_SET_IV_FIXED:
        return set_fixed(state, value, ptr);
    case EVP_CTRL_AEAD_TLS1_AAD:
        return set_tls_aad(state, encrypts, value, ptr);
    case EVP_CTRL_COPY:
        return copy(state, state_of(ptr));
    default:
        return -1;
    }
}

static int clean_up(EVP_CIPHER_CTX *ctx)
{
    struct aead_state *state = state_of(ctx);
    if (state != NULL) {
        aead_restart(state);
        engine_key_unref(state->key);
        km_wipe(state, sizeof(*state));
    }
    return 1;
}

/* ---- making ---- */

static EVP_CIPHER *make(const struct row *row)
{
    unsigned long flags = row->mode | EVP_CIPH_FLAG_AEAD_CIPHER | EVP_CIPH_FLAG_CUSTOM_CIPHER |
                          EVP_CIPH_CUSTOM_IV | EVP_CIPH_CUSTOM_IV_LENGTH |
                          EVP_CIPH_ALWAYS_CALL_INIT | EVP_CIPH_CTRL_INIT | EVP_CIPH_CUSTOM_COPY;
    EVP_CIPHER *cipher = EVP_CIPHER_meth_new(row->nid, 1, row->key_len);
    if (cipher != NULL && EVP_CIPHER_meth_set_iv_length(cipher, NONCE_LEN) &&
        EVP_CIPHER_meth_set_flags(cipher, flags) && EVP_CIPHER_meth_set_init(cipher, begin) &&
        EVP_CIPHER_meth_set_do_cipher(cipher, do_cipher) &&
        EVP_CIPHER_meth_set_cleanup(cipher, clean_up) &&
        EVP_CIPHER_meth_set_ctrl(cipher, control) &&
        EVP_CIPHER_meth_set_impl_ctx_size(cipher, (int)sizeof(struct aead_state)))
        return cipher;
    EVP_CIPHER_meth_free(cipher);
    return NULL;
}

static void make_all(void)
{
    for (size_t i = 0; i < ENGINE_AEADS_MAX; i++)
        ciphers[i] = make(&rows[i]);
}

int engine_aead_nids(int ret[ENGINE_AEADS_MAX])
{
    int n = 0;
    (void)pthread_once(&once, make_all);
    for (size_t i = 0; i < ENGINE_AEADS_MAX; i++)
        if (ciphers[i] != NULL)
            ret[n++] = rows[i].nid;
    return n;
}

const EVP_CIPHER *engine_aead(int nid)
{
    (void)pthread_once(&once, make_all);
    for (size_t i = 0; i < ENGINE_AEADS_MAX; i++)
        if (rows[i].nid == nid)
            return ciphers[i];
    return NULL;
}
