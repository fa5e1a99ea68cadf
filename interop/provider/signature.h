/* SPDX-License-Identifier: Apache-2.0 */
/* What the signature algorithms share: the context, hashing, and the calls that do not differ. */
#ifndef KM_PROVIDER_SIGNATURE_H
#define KM_PROVIDER_SIGNATURE_H

#include "interop/provider/provider.h"

struct sig_ctx;

/* Where ECDSA and RSA differ. */
struct sig_scheme {
    enum km_door_family family;
    /* settles what the key leaves no choice about; false after raising. NULL: nothing */
    bool (*begin)(struct sig_ctx *ctx);
    /* signs a digest in the service */
    km_status (*sign)(struct km_err *err, struct sig_ctx *ctx, struct km_slice digest,
                      struct km_span ret, size_t *ret_len);
    /* sets up a local verification with the public part; false after raising */
    bool (*prepare_verify)(struct sig_ctx *ctx, EVP_PKEY_CTX *local);
    /* parameters beyond the digest; false after raising */
    bool (*set_params)(struct sig_ctx *ctx, const OSSL_PARAM params[]);
    /* AlgorithmIdentifier in DER; false when there is none for this choice */
    bool (*write_algorithm)(const struct sig_ctx *ctx, struct km_wr *wr);
};

struct sig_ctx {
    struct prov *prov;
    const struct sig_scheme *scheme;
    struct prov_key *key;
    int operation; /* EVP_PKEY_OP_SIGN or _VERIFY */
    EVP_MD *md;
    EVP_MD_CTX *hash; /* running digest of digest_sign and digest_verify; NULL otherwise */
    bool hash_ended;  /* this digest was taken already */
    char *properties; /* for fetching digests */
    /* RSA only */
    int padding;
    int salt; /* octets or one of RSA_PSS_SALTLEN_... */
};

void *sig_new(const struct sig_scheme *scheme, void *provctx, const char *properties);
void sig_free(void *ctx);
void *sig_dup(void *ctx);
/* sig_start: takes key (NULL: the one that is there) for an operation; 0 after raising. */
int sig_start(struct sig_ctx *ctx, struct prov_key *key, const OSSL_PARAM params[], int operation);
/* sig_set_digest: fetches a digest that signatures are made with; false after raising. */
bool sig_set_digest(struct sig_ctx *ctx, const char *name, const char *properties);
int sig_sign_init(void *ctx, void *key, const OSSL_PARAM params[]);
int sig_verify_init(void *ctx, void *key, const OSSL_PARAM params[]);
int sig_sign(void *ctx, unsigned char *sig, size_t *sig_len, size_t room,
             const unsigned char *digest, size_t digest_len);
int sig_verify(void *ctx, const unsigned char *sig, size_t sig_len, const unsigned char *digest,
               size_t digest_len);
int sig_digest_sign_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[]);
int sig_digest_verify_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[]);
int sig_digest_update(void *ctx, const unsigned char *data, size_t len);
int sig_digest_sign_final(void *ctx, unsigned char *sig, size_t *sig_len, size_t room);
int sig_digest_verify_final(void *ctx, const unsigned char *sig, size_t sig_len);
int sig_digest_sign(void *ctx, unsigned char *sig, size_t *sig_len, size_t room,
                    const unsigned char *data, size_t len);
int sig_digest_verify(void *ctx, const unsigned char *sig, size_t sig_len,
                      const unsigned char *data, size_t len);
int sig_set_params(void *ctx, const OSSL_PARAM params[]);
/* sig_get_common: digest, its size and the algorithm identifier. */
bool sig_get_common(struct sig_ctx *ctx, OSSL_PARAM params[]);

/* sig_digest_size: octets of the chosen digest, 0 without one. */
size_t sig_digest_size(const struct sig_ctx *ctx);

/* The rows that all signature algorithms have in common. */
#define SIG_FUNCTIONS                                                                              \
    {OSSL_FUNC_SIGNATURE_FREECTX, PROV_FN(sig_free)},                                              \
        {OSSL_FUNC_SIGNATURE_DUPCTX, PROV_FN(sig_dup)},                                            \
        {OSSL_FUNC_SIGNATURE_SIGN_INIT, PROV_FN(sig_sign_init)},                                   \
        {OSSL_FUNC_SIGNATURE_SIGN, PROV_FN(sig_sign)},                                             \
        {OSSL_FUNC_SIGNATURE_VERIFY_INIT, PROV_FN(sig_verify_init)},                               \
        {OSSL_FUNC_SIGNATURE_VERIFY, PROV_FN(sig_verify)},                                         \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, PROV_FN(sig_digest_sign_init)},                     \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, PROV_FN(sig_digest_update)},                      \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, PROV_FN(sig_digest_sign_final)},                   \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, PROV_FN(sig_digest_sign)},                               \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, PROV_FN(sig_digest_verify_init)},                 \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, PROV_FN(sig_digest_update)},                    \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, PROV_FN(sig_digest_verify_final)},               \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, PROV_FN(sig_digest_verify)},                           \
    {                                                                                              \
        OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, PROV_FN(sig_set_params)                                \
    }

extern const OSSL_DISPATCH sig_ecdsa_functions[];
extern const OSSL_DISPATCH sig_rsa_functions[];
extern const OSSL_DISPATCH sig_ed25519_functions[];

#endif
