/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/xaes.h"

#include "common/km_secret.h"

#define BLOCK_LEN 16
#define HALF_NONCE_LEN 12

static bool ecb_blocks(EVP_CIPHER_CTX *ecb, const uint8_t *in, uint8_t *out, int len)
{
    int n = 0;
    return EVP_EncryptUpdate(ecb, out, &n, in, len) == 1 && n == len;
}

/* CMAC's first subkey: the encrypted zero block doubled in GF(2^128). */
static void double_block(const uint8_t in[BLOCK_LEN], uint8_t out[BLOCK_LEN])
{
    unsigned carry = in[0] >> 7;
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        unsigned next = i + 1 < BLOCK_LEN ? (unsigned)in[i + 1] >> 7 : 0;
        out[i] = (uint8_t)((unsigned)in[i] << 1 | next);
    }
    out[BLOCK_LEN - 1] ^= (uint8_t)(0x87u & (0u - carry));
}

bool km_xaes_init(struct km_xaes *xaes, EVP_CIPHER *ecb, EVP_CIPHER *gcm,
                  const uint8_t key[KM_XAES_KEY_LEN])
{
    uint8_t zero[BLOCK_LEN] = {0};
    uint8_t block[BLOCK_LEN] = {0};
    xaes->ecb = EVP_CIPHER_CTX_new();
    xaes->gcm = EVP_CIPHER_CTX_new();
    if (xaes->ecb == NULL || xaes->gcm == NULL ||
        EVP_EncryptInit_ex2(xaes->ecb, ecb, key, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(xaes->ecb, 0) != 1 ||
        EVP_EncryptInit_ex2(xaes->gcm, gcm, NULL, NULL, NULL) != 1 ||
        !ecb_blocks(xaes->ecb, zero, block, BLOCK_LEN))
        return false;
    double_block(block, xaes->k1);
    km_wipe(block, sizeof block);
    return true;
}

void km_xaes_clear(struct km_xaes *xaes)
{
    EVP_CIPHER_CTX_free(xaes->ecb);
    EVP_CIPHER_CTX_free(xaes->gcm);
    km_wipe(xaes, sizeof *xaes);
}

static bool derive(struct km_xaes *xaes, const uint8_t *nonce, uint8_t ret[KM_XAES_KEY_LEN])
{
    uint8_t blocks[2 * BLOCK_LEN] = {0};
    for (size_t b = 0; b < 2; b++) {
        uint8_t *block = blocks + b * BLOCK_LEN;
        block[1] = (uint8_t)(b + 1);
        block[2] = 'X';
        km_copy(block + 4, BLOCK_LEN - 4, nonce, HALF_NONCE_LEN);
        for (size_t i = 0; i < BLOCK_LEN; i++)
            block[i] ^= xaes->k1[i];
    }
    bool done = ecb_blocks(xaes->ecb, blocks, ret, sizeof blocks);
    km_wipe(blocks, sizeof blocks);
    return done;
}

static bool start(struct km_xaes *xaes, int encrypt, const uint8_t *nonce, struct km_slice aad)
{
    uint8_t key[KM_XAES_KEY_LEN] = {0};
    int n = 0;
    bool done =
        derive(xaes, nonce, key) &&
        EVP_CipherInit_ex2(xaes->gcm, NULL, key, nonce + HALF_NONCE_LEN, encrypt, NULL) == 1 &&
        (aad.len == 0 || EVP_CipherUpdate(xaes->gcm, NULL, &n, aad.ptr, (int)aad.len) == 1);
    km_wipe(key, sizeof key);
    return done;
}

bool km_xaes_encrypt(struct km_xaes *xaes, const uint8_t nonce[KM_XAES_NONCE_LEN],
                     struct km_slice aad, struct km_slice plain, size_t padded_len, uint8_t *out)
{
    static const uint8_t zeros[512] = {0};
    int n = 0;
    if (!start(xaes, 1, nonce, aad) ||
        (plain.len > 0 && EVP_EncryptUpdate(xaes->gcm, out, &n, plain.ptr, (int)plain.len) != 1))
        return false;
    for (size_t put = plain.len; put < padded_len;) {
        size_t part = padded_len - put < sizeof zeros ? padded_len - put : sizeof zeros;
        if (EVP_EncryptUpdate(xaes->gcm, out + put, &n, zeros, (int)part) != 1)
            return false;
        put += part;
    }
    uint8_t *tag = out + padded_len;
    return EVP_EncryptFinal_ex(xaes->gcm, tag, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(xaes->gcm, EVP_CTRL_AEAD_GET_TAG, KM_XAES_TAG_LEN, tag) == 1;
}

bool km_xaes_decrypt(struct km_xaes *xaes, const uint8_t nonce[KM_XAES_NONCE_LEN],
                     struct km_slice aad, struct km_slice cipher, uint8_t *out)
{
    uint8_t tag[KM_XAES_TAG_LEN] = {0};
    int n = 0;
    if (cipher.len < sizeof tag)
        return false;
    size_t len = cipher.len - sizeof tag;
    km_copy(tag, sizeof tag, cipher.ptr + len, sizeof tag);
    return start(xaes, 0, nonce, aad) &&
           (len == 0 || EVP_DecryptUpdate(xaes->gcm, out, &n, cipher.ptr, (int)len) == 1) &&
           EVP_CIPHER_CTX_ctrl(xaes->gcm, EVP_CTRL_AEAD_SET_TAG, KM_XAES_TAG_LEN, tag) == 1 &&
           EVP_DecryptFinal_ex(xaes->gcm, out + len, &n) == 1;
}
