/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of CIPHER: what block, stream and authenticated ciphers share; provider-cipher(7). */
#ifndef KM_PROVIDER_CIPHER_H
#define KM_PROVIDER_CIPHER_H

#include "interop/provider/work.h"

#define CIPHER_IV_MAX 64u
#define CIPHER_BLOCK_MAX 16u
#define CIPHER_TAG_MAX 16u
#define CIPHER_AAD_MAX 65536u /* octets of additional data of CCM, which are kept */

struct cipher_ctx;

/* Where the ciphers differ. Each answers false after raising. */
struct cipher_class {
    bool (*update)(struct cipher_ctx *ctx, struct km_slice in, struct km_span out, size_t *ret_len);
    bool (*final)(struct cipher_ctx *ctx, struct km_span out, size_t *ret_len);
    bool is_aead;
};

struct cipher_alg {
    const struct cipher_class *class;
    ClrcAlgorithm algorithm;
    ClrcKeyType key_type;
    unsigned mode; /* EVP_CIPH_..._MODE */
    size_t key_len, iv_len;
    size_t block; /* 1 when any length will do */
};

struct cipher_ctx {
    struct prov *prov;
    const struct cipher_alg *alg;
    struct work_key *key;
    bool is_encrypt, has_iv, is_padded;
    uint8_t iv[CIPHER_IV_MAX];
    size_t iv_len;
    ClrcOperationHandle operation; /* made when the first data come */
    ClrcOperationHandle tagger;    /* AEAD decryption: makes the tag */
    uint8_t held[CIPHER_BLOCK_MAX];
    size_t held_len;
    uint8_t tag[CIPHER_TAG_MAX];
    size_t tag_len;  /* of the tag that was made, or set; 0: none */
    size_t tag_wish; /* CCM: octets of the tag to be made */
    uint8_t *aad;    /* CCM */
    size_t aad_len;
};

/* cipher_ready: whether there are a key and an IV; false after raising. */
bool cipher_ready(struct cipher_ctx *ctx);
/* cipher_begin: an operation in this mode into *ret, unless there is one. tag_len 0: no AEAD. */
bool cipher_begin(struct cipher_ctx *ctx, bool is_encrypt, uint32_t tag_len,
                  ClrcOperationHandle *ret);
/* cipher_fits: false after raising when room is less than what is needed. */
bool cipher_fits(struct cipher_ctx *ctx, size_t room, size_t needed);

/* The constructors and tables of one algorithm, for the files with the classes. */
void *cipher_new(struct prov *prov, const struct cipher_alg *alg);
void cipher_free(void *ctx);
void *cipher_dup(void *ctx);
int cipher_encrypt_init(void *ctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[]);
int cipher_decrypt_init(void *ctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[]);
int cipher_update(void *ctx, unsigned char *out, size_t *out_len, size_t room,
                  const unsigned char *in, size_t in_len);
int cipher_final(void *ctx, unsigned char *out, size_t *out_len, size_t room);
int cipher_get_params(const struct cipher_alg *alg, OSSL_PARAM params[]);
const OSSL_PARAM *cipher_gettable(void *provctx);
int cipher_get_ctx_params(void *ctx, OSSL_PARAM params[]);
const OSSL_PARAM *cipher_gettable_ctx(void *ctx, void *provctx);
int cipher_set_ctx_params(void *ctx, const OSSL_PARAM params[]);
const OSSL_PARAM *cipher_settable_ctx(void *ctx, void *provctx);

extern const struct cipher_class cipher_block, cipher_stream, cipher_xts;
extern const struct cipher_class cipher_gcm, cipher_ccm;

#endif
