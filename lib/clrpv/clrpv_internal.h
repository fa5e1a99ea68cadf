/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this library share. Packages are made and verified by the same code in both builds; what hashes, signs and
 * verifies below it is clrpv_crypto, of which each build has its own (clrpv_device.c, clrpv_openssl.c).
 */
#ifndef CLRPV_INTERNAL_H
#define CLRPV_INTERNAL_H

#include "common/km_file.h"
#include "common/km_secret.h"
#include "format/payload.h"
#include "include/clrpv.h"

#define CLRPV_KEY_FILE_MAX 16384u
#define CLRPV_SIGNATURE_ROOM 1024u
#define CLRPV_DIGEST_MAX 64u
#define CLRPV_PIECE ((size_t)256 * 1024)

/* ---- results (clrpv_result.c) ---- */

/* clrpv_fail: notes "function: text" for clrpvLastError; answers result. text NULL: the result's own. */
ClrpvResult clrpv_fail(const char *function, ClrpvResult result, const char *text);
/* clrpv_fail_errno: what a system call answered; subject is a path. */
ClrpvResult clrpv_fail_errno(const char *function, const char *subject, int native);
/* clrpv_fail_km: a failure of common/: errno where there is one. */
ClrpvResult clrpv_fail_km(const char *function, const struct km_err *err);

/* clrpv_service_text: what clrc says to a result, in the build that has it. */
const char *clrpv_service_text(ClrpvResult result);
/* clrpv_hash_digest, clrpv_hash_of: the public numbers and those of format/. */
KM_MUST_USE bool clrpv_hash_digest(ClrpvHash hash, enum km_sign_digest *ret);
ClrpvHash clrpv_hash_of(enum km_sign_digest digest);

#define CLRPV_TRY(expr)                                                                            \
    do {                                                                                           \
        ClrpvResult clrpv_try_result_ = (expr);                                                    \
        if (clrpv_try_result_ != CLRPV_SUCCESS)                                                    \
            return clrpv_try_result_;                                                              \
    } while (0)

/* ---- keys (clrpv_keyfile.c) ---- */

enum clrpv_family {
    CLRPV_FAMILY_UNKNOWN = 0,
    CLRPV_FAMILY_EC = KM_SIGN_EC,
    CLRPV_FAMILY_RSA = KM_SIGN_RSA,
    CLRPV_FAMILY_DSA = KM_SIGN_DSA,
    CLRPV_FAMILY_DH,
    CLRPV_FAMILY_ED25519,
    CLRPV_FAMILY_X25519,
    CLRPV_FAMILY_ED448,
    CLRPV_FAMILY_X448,
};

/* What key data are, by their outermost structure alone; whoever uses the key checks the rest. */
struct clrpv_key_form {
    enum clrpv_family family;
    bool is_private;
};
/* clrpv_key_form_parse: false when it is no key. Pure. */
KM_MUST_USE bool clrpv_key_form_parse(struct km_slice der, struct clrpv_key_form *ret);
/*
 * clrpv_pem_decode: the first key in a PEM text as DER; parameters and certificates before it are passed over. 0 when there is
 * none, or it is encrypted. room must be at least text.len. Pure.
 */
size_t clrpv_pem_decode(struct km_slice text, uint8_t *ret, size_t room);

/* Key data in memory that is wiped. */
struct clrpv_key_data {
    struct km_secret *secret;
    struct km_slice der; /* view of the secret, or of the caller's */
    struct clrpv_key_form form;
};
/* clrpv_key_data_get: reads file or der of the key. is_raw: octets as they are, their form not looked at. */
ClrpvResult clrpv_key_data_get(const char *function, const ClrpvKey *key, bool is_raw,
                               struct clrpv_key_data *ret);
void clrpv_key_data_clear(struct clrpv_key_data *data);
/* clrpv_key_check: whether exactly one way to name a key is taken. */
ClrpvResult clrpv_key_check(const char *function, const ClrpvKey *key);
/* clrpv_family_check: CLRPV_ERROR_KEY_TYPE unless keys of the family sign packages. */
ClrpvResult clrpv_family_check(const char *function, enum clrpv_family family);

/* ---- what each build has its own of ---- */

struct clrpv_crypto;

/* clrpv_crypto_open: the key, ready to sign or to verify. *ret is owned. */
ClrpvResult clrpv_crypto_open(const char *function, const ClrpvKey *key, bool signs,
                              struct clrpv_crypto **ret);
void clrpv_crypto_free(struct clrpv_crypto *crypto);
void clrpv_crypto_freep(struct clrpv_crypto **crypto);
/* clrpv_crypto_family: of the key. */
enum clrpv_family clrpv_crypto_family(const struct clrpv_crypto *crypto);

/* One digest at a time: begin, update, end. */
ClrpvResult clrpv_digest_begin(struct clrpv_crypto *crypto, const struct km_sign_alg *alg);
ClrpvResult clrpv_digest_end(struct clrpv_crypto *crypto, uint8_t digest[CLRPV_DIGEST_MAX]);
ClrpvResult clrpv_sign(struct clrpv_crypto *crypto, const struct km_sign_alg *alg,
                       const uint8_t *digest, uint8_t signature[CLRPV_SIGNATURE_ROOM],
                       size_t *ret_len);
/* Or one verification: begin (takes in the content head itself), update with the payload, end. */
ClrpvResult clrpv_verify_begin(struct clrpv_crypto *crypto, const struct km_payload *payload,
                               const struct km_payload_wish *wish);
/* clrpv_verify_end: SIGNATURE, TARGET, DOWNGRADE, in this order. */
ClrpvResult clrpv_verify_end(struct clrpv_crypto *crypto, struct km_slice signature);
/* clrpv_update: the next octets of either. */
ClrpvResult clrpv_update(struct clrpv_crypto *crypto, struct km_slice octets);
/* clrpv_piece_new: a buffer of CLRPV_PIECE octets that clrpv_update takes best. NULL when memory is short. */
uint8_t *clrpv_piece_new(void);
void clrpv_piece_freep(uint8_t **piece);

#endif
