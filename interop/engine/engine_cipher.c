/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ciphers without authentication. Each call is one request of its own, and what goes on from call to call is
 * here: the IV, which OpenSSL keeps in the context, and for the stream modes the octets of a begun block. So
 * a context can be copied at any time.
 */
#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "common/km_des.h"
#include "common/km_secret.h"
#include "interop/engine/engine.h"
#include "interop/engine/engine_key.h"

#define BLOCK_MAX 16u

static const struct row {
    int nid;
    ClrcAlgorithm algorithm;
    ClrcKeyType type;
    int mode;
    int key_len;
    int block; /* of the algorithm, also where the mode makes a stream of it */
} rows[] = {
    {NID_aes_128_ecb, CLRC_AES_ECB_NOPAD, KEY_AES, EVP_CIPH_ECB_MODE, 16, 16},
    {NID_aes_192_ecb, CLRC_AES_ECB_NOPAD, KEY_AES, EVP_CIPH_ECB_MODE, 24, 16},
    {NID_aes_256_ecb, CLRC_AES_ECB_NOPAD, KEY_AES, EVP_CIPH_ECB_MODE, 32, 16},
    {NID_aes_128_cbc, CLRC_AES_CBC_NOPAD, KEY_AES, EVP_CIPH_CBC_MODE, 16, 16},
    {NID_aes_192_cbc, CLRC_AES_CBC_NOPAD, KEY_AES, EVP_CIPH_CBC_MODE, 24, 16},
    {NID_aes_256_cbc, CLRC_AES_CBC_NOPAD, KEY_AES, EVP_CIPH_CBC_MODE, 32, 16},
    {NID_aes_128_ctr, CLRC_AES_CTR, KEY_AES, EVP_CIPH_CTR_MODE, 16, 16},
    {NID_aes_192_ctr, CLRC_AES_CTR, KEY_AES, EVP_CIPH_CTR_MODE, 24, 16},
    {NID_aes_256_ctr, CLRC_AES_CTR, KEY_AES, EVP_CIPH_CTR_MODE, 32, 16},
    {NID_aes_128_ofb128, CLRC_AES_OFB, KEY_AES, EVP_CIPH_OFB_MODE, 16, 16},
    {NID_aes_192_ofb128, CLRC_AES_OFB, KEY_AES, EVP_CIPH_OFB_MODE, 24, 16},
    {NID_aes_256_ofb128, CLRC_AES_OFB, KEY_AES, EVP_CIPH_OFB_MODE, 32, 16},
    {NID_aes_128_cfb128, CLRC_AES_CFB_128, KEY_AES, EVP_CIPH_CFB_MODE, 16, 16},
    {NID_aes_192_cfb128, CLRC_AES_CFB_128, KEY_AES, EVP_CIPH_CFB_MODE, 24, 16},
    {NID_aes_256_cfb128, CLRC_AES_CFB_128, KEY_AES, EVP_CIPH_CFB_MODE, 32, 16},
    {NID_aes_128_xts, CLRC_AES_XTS_NOPAD, KEY_AES, EVP_CIPH_XTS_MODE, 32, 16},
    {NID_aes_256_xts, CLRC_AES_XTS_NOPAD, KEY_AES, EVP_CIPH_XTS_MODE, 64, 16},
    {NID_des_ede_ecb, CLRC_DES3_ECB_NOPAD, KEY_DES3, EVP_CIPH_ECB_MODE, 16, 8},
    {NID_des_ede_cbc, CLRC_DES3_CBC_NOPAD, KEY_DES3, EVP_CIPH_CBC_MODE, 16, 8},
    {NID_des_ede_ofb64, CLRC_DES3_OFB, KEY_DES3, EVP_CIPH_OFB_MODE, 16, 8},
    {NID_des_ede_cfb64, CLRC_DES3_CFB_64, KEY_DES3, EVP_CIPH_CFB_MODE, 16, 8},
    {NID_des_ede3_ecb, CLRC_DES3_ECB_NOPAD, KEY_DES3, EVP_CIPH_ECB_MODE, 24, 8},
    {NID_des_ede3_cbc, CLRC_DES3_CBC_NOPAD, KEY_DES3, EVP_CIPH_CBC_MODE, 24, 8},
    {NID_des_ede3_ofb64, CLRC_DES3_OFB, KEY_DES3, EVP_CIPH_OFB_MODE, 24, 8},
    {NID_des_ede3_cfb64, CLRC_DES3_CFB_64, KEY_DES3, EVP_CIPH_CFB_MODE, 24, 8},
};
#define N_ROWS KM_ARRAY_LEN(rows)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *ciphers[N_ROWS];
static int nids[N_ROWS + ENGINE_AEADS_MAX];
static int n_nids;

struct state {
    struct engine_key *key;
    uint8_t begun[BLOCK_MAX]; /* input of a block whose rest has not come yet */
    size_t begun_len;
};

static struct state *state_of(EVP_CIPHER_CTX *ctx)
{
    return EVP_CIPHER_CTX_get_cipher_data(ctx);
}

static const struct row *row_of(const EVP_CIPHER_CTX *ctx)
{
    int nid = EVP_CIPHER_CTX_nid(ctx);
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].nid == nid)
            return &rows[i];
    return NULL;
}

/* Triple DES keys of programs seldom have parity; it says nothing, but the service insists on it. */
static struct engine_key *import(const struct row *row, const unsigned char *octets)
{
    uint8_t copy[ENGINE_SYMMETRIC_MAX] = {0};
    km_copy(copy, sizeof(copy), octets, (size_t)row->key_len);
    if (row->type == KEY_DES3)
        km_des_set_parity(KM_SPAN(copy, (size_t)row->key_len));
    struct engine_key *key = engine_key_import(row->type, KM_SLICE(copy, (size_t)row->key_len));
    km_wipe(copy, sizeof(copy));
    return key;
}

static int begin(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv, int enc)
{
    const struct row *row = row_of(ctx);
    struct state *state = state_of(ctx);
    (void)enc;
    if (row == NULL)
        return 0;
    state->begun_len = 0;
    if (row->mode == EVP_CIPH_XTS_MODE && iv != NULL)
        km_copy(EVP_CIPHER_CTX_iv_noconst(ctx), EVP_MAX_IV_LENGTH, iv, BLOCK_MAX);
    if (key == NULL)
        return 1;
    engine_key_unref(km_steal(&state->key));
    state->key = import(row, key);
    return state->key != NULL;
}

/* Adds to a big-endian number. */
static void count_on(uint8_t *counter, size_t len, size_t n)
{
    for (size_t i = len; i > 0 && n != 0; i--) {
        n += counter[i - 1];
        counter[i - 1] = (uint8_t)n;
        n >>= 8;
    }
}

/* The IV behind n whole blocks, n not 0; in and out are the last of them. */
static void advance(const struct row *row, bool encrypts, const uint8_t *in, const uint8_t *out,
                    size_t n, uint8_t *iv)
{
    size_t block = (size_t)row->block;
    switch (row->mode) {
    case EVP_CIPH_CTR_MODE:
        count_on(iv, block, n);
        break;
    case EVP_CIPH_OFB_MODE:
        for (size_t i = 0; i < block; i++)
            iv[i] = in[i] ^ out[i];
        break;
    case EVP_CIPH_CBC_MODE:
    case EVP_CIPH_CFB_MODE:
        km_copy(iv, block, encrypts ? out : in, block);
        break;
    default:
        break;
    }
}

static ClrcResult request(const struct state *state, const struct row *row, bool encrypts,
                          const uint8_t *iv, struct km_slice in, uint8_t *out)
{
    bool has_iv = row->mode != EVP_CIPH_ECB_MODE;
    size_t len = in.len;
    return clrcCipher(engine_key_handle(state->key), row->algorithm,
                      encrypts ? CLRC_MODE_ENCRYPT : CLRC_MODE_DECRYPT, has_iv ? iv : NULL,
                      has_iv ? (uint32_t)row->block : 0, in.ptr, in.len, out, &len);
}

/* One request. in and out may be the same; what in was is asked for when it is over, so its last block is kept. */
static int run(EVP_CIPHER_CTX *ctx, const struct row *row, struct km_slice in, uint8_t *out)
{
    struct state *state = state_of(ctx);
    uint8_t *iv = EVP_CIPHER_CTX_iv_noconst(ctx);
    bool encrypts = EVP_CIPHER_CTX_encrypting(ctx) != 0;
    size_t block = (size_t)row->block;
    size_t whole = in.len - in.len % block;
    uint8_t last[BLOCK_MAX] = {0};
    if (whole != 0)
        km_copy(last, sizeof(last), in.ptr + whole - block, block);
    (void)engine_key_renew(&state->key, CLRC_SUCCESS);
    ClrcResult result = request(state, row, encrypts, iv, in, out);
    if (engine_key_renew(&state->key, result))
        result = request(state, row, encrypts, iv, in, out);
    if (result == CLRC_SUCCESS && whole != 0)
        advance(row, encrypts, last, out + whole - block, whole / block, iv);
    km_wipe(last, sizeof(last));
    return engine_clrc(result, "cipher", __func__);
}

static bool is_stream(const struct row *row)
{
    return row->mode == EVP_CIPH_CTR_MODE || row->mode == EVP_CIPH_OFB_MODE ||
           row->mode == EVP_CIPH_CFB_MODE;
}

/* Ends a begun block, or goes on with it: its whole input once more, and the new part of the output. */
static int go_on(EVP_CIPHER_CTX *ctx, const struct row *row, struct km_slice in, uint8_t *out)
{
    struct state *state = state_of(ctx);
    size_t before = state->begun_len;
    uint8_t made[BLOCK_MAX] = {0};
    km_copy(state->begun + before, BLOCK_MAX - before, in.ptr, in.len);
    state->begun_len = before + in.len;
    int done = run(ctx, row, KM_SLICE(state->begun, state->begun_len), made);
    if (done)
        km_copy(out, in.len, made + before, in.len);
    if (state->begun_len == (size_t)row->block)
        state->begun_len = 0;
    km_wipe(made, sizeof(made));
    return done;
}

static int stream(EVP_CIPHER_CTX *ctx, const struct row *row, struct km_slice in, uint8_t *out)
{
    struct state *state = state_of(ctx);
    size_t block = (size_t)row->block;
    size_t head = (block - state->begun_len) % block;
    head = head < in.len ? head : in.len;
    if (head != 0 && !go_on(ctx, row, KM_SLICE(in.ptr, head), out))
        return 0;
    size_t whole = (in.len - head) - (in.len - head) % block;
    if (whole != 0 && !run(ctx, row, KM_SLICE(in.ptr + head, whole), out + head))
        return 0;
    size_t rest = in.len - head - whole;
    return rest == 0 || go_on(ctx, row, KM_SLICE(in.ptr + head + whole, rest), out + head + whole);
}

/*
 * Where in the message it stopped nobody knows: nothing more comes out before there is a key again. ECB and XTS go from call to call
 * with nothing, and OpenSSL's generator of random numbers has an ECB context that gets its key once.
 */
static int give_up(struct state *state, const struct row *row)
{
    if (row->mode == EVP_CIPH_ECB_MODE || row->mode == EVP_CIPH_XTS_MODE)
        return 0;
    engine_key_unref(km_steal(&state->key));
    state->begun_len = 0;
    return 0;
}

static int do_cipher(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len)
{
    const struct row *row = row_of(ctx);
    struct state *state = state_of(ctx);
    if (row == NULL || state->key == NULL)
        return 0;
    for (size_t done = 0; done < len;) {
        size_t now = len - done < ENGINE_PART_MAX ? len - done : ENGINE_PART_MAX;
        struct km_slice part = KM_SLICE(in + done, row->mode == EVP_CIPH_XTS_MODE ? len : now);
        if (!(is_stream(row) ? stream : run)(ctx, row, part, out + done))
            return give_up(state, row);
        done += part.len;
    }
    return 1;
}

static int clean_up(EVP_CIPHER_CTX *ctx)
{
    struct state *state = state_of(ctx);
    if (state != NULL) {
        engine_key_unref(km_steal(&state->key));
        km_wipe(state, sizeof(*state));
    }
    return 1;
}

static int control(EVP_CIPHER_CTX *ctx, int cmd, int value, void *ptr)
{
    (void)value;
    if (cmd != EVP_CTRL_COPY)
        return -1;
    struct state *copied = state_of(ptr); /* its octets are there already */
    copied->key = engine_key_ref(state_of(ctx)->key);
    return 1;
}

static EVP_CIPHER *make(const struct row *row)
{
    unsigned long flags =
        (unsigned long)row->mode | EVP_CIPH_CUSTOM_COPY | EVP_CIPH_ALWAYS_CALL_INIT;
    if (row->mode == EVP_CIPH_XTS_MODE)
        flags |= EVP_CIPH_CUSTOM_IV;
    else
        flags |= EVP_CIPH_FLAG_DEFAULT_ASN1;
    bool has_block = row->mode == EVP_CIPH_ECB_MODE || row->mode == EVP_CIPH_CBC_MODE;
    EVP_CIPHER *cipher = EVP_CIPHER_meth_new(row->nid, has_block ? row->block : 1, row->key_len);
    if (cipher != NULL &&
        EVP_CIPHER_meth_set_iv_length(cipher, row->mode == EVP_CIPH_ECB_MODE ? 0 : row->block) &&
        EVP_CIPHER_meth_set_flags(cipher, flags) && EVP_CIPHER_meth_set_init(cipher, begin) &&
        EVP_CIPHER_meth_set_do_cipher(cipher, do_cipher) &&
        EVP_CIPHER_meth_set_cleanup(cipher, clean_up) &&
        EVP_CIPHER_meth_set_ctrl(cipher, control) &&
        EVP_CIPHER_meth_set_impl_ctx_size(cipher, (int)sizeof(struct state)))
        return cipher;
    EVP_CIPHER_meth_free(cipher);
    return NULL;
}

static void make_all(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        ciphers[i] = make(&rows[i]);
        if (ciphers[i] != NULL)
            nids[n_nids++] = rows[i].nid;
    }
    n_nids += engine_aead_nids(nids + n_nids);
}

int engine_ciphers(ENGINE *engine, const EVP_CIPHER **ret, const int **ret_nids, int nid)
{
    (void)engine;
    (void)pthread_once(&once, make_all);
    if (ret == NULL) {
        *ret_nids = nids;
        return n_nids;
    }
    *ret = engine_aead(nid);
    for (size_t i = 0; *ret == NULL && i < N_ROWS; i++)
        if (rows[i].nid == nid)
            *ret = ciphers[i];
    return *ret != NULL;
}
