/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the store: the data of a named key and of a password object, octet by octet as docs/crypto-ta.md
 * has it. Pure; a parser takes the whole slice, gives views into it, and print(parse(x)) == x.
 */
#ifndef KM_CRYPTO_RECORD_H
#define KM_CRYPTO_RECORD_H

#include "ta/common/guesses.h"
#include "ta/common/seal.h"
#include "ta/crypto/key.h"

#define KM_RECORD_MAX 6144u

#define KM_KEY_RECORD_MAGIC 0x314b4d4bu /* "KMK1" */
#define KM_KEY_RECORD_USES_AT 4u        /* where the count of uses left stands */

enum km_key_material_kind {
    KM_MATERIAL_PLAIN = 1,   /* ATTRIBUTES; the store's own seal protects them */
    KM_MATERIAL_WRAPPED = 2, /* ATTRIBUTES under the password object's secret */
};

struct km_key_record {
    uint64_t uses_left;
    struct km_key_meta meta;
    struct km_slice meta_bytes; /* as they stand; authenticated by the wrapping */
    uint32_t kind;              /* enum km_key_material_kind */
    struct km_slice material;   /* plain or ciphertext */
    uint8_t nonce[KM_SEAL_NONCE_LEN];
    uint8_t tag[KM_SEAL_TAG_LEN];
    /* Behind all this, once there ever was one: a note, and zeros where a longer one stood. */
    bool has_note;
    size_t note_room; /* octets of the note and the zeros */
    struct km_slice note;
};

/* km_key_note_put: the end of a record that was parsed, with another note: to be written at *ret_at. False: too long. */
KM_MUST_USE bool km_key_note_put(const struct km_key_record *record, size_t record_len,
                                 struct km_slice note, struct km_span out, size_t *ret_len,
                                 size_t *ret_at);
KM_MUST_USE bool km_key_record_parse(struct km_slice in, struct km_key_record *ret);
/* km_key_record_put: meta is printed; meta_bytes is not looked at. */
KM_MUST_USE bool km_key_record_put(const struct km_key_record *record, struct km_span out,
                                   size_t *ret_len);
/* km_key_meta_put: the META alone, for the wrapping to authenticate. */
KM_MUST_USE bool km_key_meta_put(const struct km_key_meta *meta, struct km_span out,
                                 size_t *ret_len);

/* A key that was made wrappable, as it stands before AES key wrap hides it: it brings its policy along. */
#define KM_WRAPPED_KEY_MAGIC 0x31574d4bu /* "KMW1" */

struct km_wrapped_key {
    uint32_t type;
    uint32_t bits;
    uint32_t usage;
    uint32_t attributes;
    uint64_t not_after;
    struct km_slice material; /* ATTRIBUTES */
};

KM_MUST_USE bool km_wrapped_key_parse(struct km_slice in, struct km_wrapped_key *ret);
KM_MUST_USE bool km_wrapped_key_put(const struct km_wrapped_key *wrapped, struct km_span out,
                                    size_t *ret_len);

#define KM_PASSWORD_RECORD_MAGIC 0x31504d4bu /* "KMP1" */
#define KM_PASSWORD_RECORD_GUESSES_AT 4u
#define KM_PASSWORD_SECRET_LEN 32u
#define KM_PASSWORD_ITERATIONS_MAX 10000000u

/* The object's secret under a key that is made of a password. */
struct km_password_seal {
    uint8_t salt[KM_SEAL_SALT_LEN];
    uint8_t nonce[KM_SEAL_NONCE_LEN];
    uint8_t sealed[KM_PASSWORD_SECRET_LEN];
    uint8_t tag[KM_SEAL_TAG_LEN];
};

/* A recovery password opens the same secret, and its guesses are counted apart. */
#define KM_RECOVERABLE_RECORD_MAGIC 0x32504d4bu /* "KMP2" */
#define KM_PASSWORD_RECORD_LEN (124u + KM_GUESSES_LEN)
#define KM_RECOVERABLE_RECORD_LEN (KM_PASSWORD_RECORD_LEN + KM_GUESSES_LEN + 76u)

struct km_password_record {
    struct km_guess_counts counts;
    uint8_t id[KM_CRYPTO_ID_LEN];
    struct km_owner owner;
    uint32_t iterations; /* of both */
    struct km_password_seal seal;
    bool has_recovery;
    struct km_guess_counts recovery_counts;
    struct km_password_seal recovery;
};

#define KM_DATA_RECORD_MAGIC 0x31444d4bu /* "KMD1" */
#define KM_DATA_META_MAX 128u

/* Authenticated by the wrapping, where there is one. */
struct km_data_meta {
    struct km_owner owner;
    uint8_t id[KM_CRYPTO_ID_LEN];
    struct km_crypto_name password_name; /* empty: none */
    uint8_t password_id[KM_CRYPTO_ID_LEN];
};

struct km_data_record {
    struct km_data_meta meta;
    struct km_slice note;
    struct km_slice content; /* plain, or ciphertext under the password object's secret */
    uint8_t nonce[KM_SEAL_NONCE_LEN];
    uint8_t tag[KM_SEAL_TAG_LEN];
};

KM_MUST_USE bool km_data_record_parse(struct km_slice in, struct km_data_record *ret);
KM_MUST_USE bool km_data_record_put(const struct km_data_record *record, struct km_span out,
                                    size_t *ret_len);
KM_MUST_USE bool km_data_meta_put(const struct km_data_meta *meta, struct km_span out,
                                  size_t *ret_len);

#define KM_OPENS_RECORD_MAGIC 0x314f4d4bu /* "KMO1" */
#define KM_OPENS_RECORD_LEN 12u
/* km_opens_record_parse, _put: how often an opaque object was opened. */
KM_MUST_USE bool km_opens_record_parse(struct km_slice in, uint64_t *ret_opened);
void km_opens_record_put(uint64_t opened, uint8_t ret[KM_OPENS_RECORD_LEN]);

KM_MUST_USE bool km_password_record_parse(struct km_slice in, struct km_password_record *ret);
KM_MUST_USE bool km_password_record_put(const struct km_password_record *record, struct km_span out,
                                        size_t *ret_len);

#endif
