/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structures of crypto_protocol.h: pure parsers and printers for both worlds.
 *
 * A parser reads the whole slice, answers false for anything that is not exactly one structure and
 * then leaves its output alone; print(parse(x)) == x. A printer answers false when the room is too
 * small or the structure breaks a limit. Views point into the input.
 */
#ifndef KM_CRYPTO_WIRE_H
#define KM_CRYPTO_WIRE_H

#include "common/km_bytes.h"
#include "ta/crypto/crypto_protocol.h"

/* A name or unit of at most 63 octets; len counts them, at[len] is 0. */
struct km_crypto_name {
    uint8_t len;
    char at[KM_CRYPTO_NAME_MAX + 1];
};

struct km_crypto_grant {
    uint32_t fields; /* KM_CRYPTO_GRANT_... */
    uint32_t uid;
    uint32_t gid;
    uint8_t exe_sha256[32];
    struct km_crypto_name unit;
};

struct km_crypto_template {
    uint32_t type;
    uint32_t bits;
    uint32_t usage;
    uint32_t attributes;
    uint64_t max_uses;
    uint64_t not_after;
    uint32_t n_grants;
    struct km_crypto_grant grants[KM_CRYPTO_GRANTS_MAX];
};

struct km_crypto_attr {
    uint32_t attribute; /* enum km_crypto_attribute */
    struct km_slice value;
};

struct km_crypto_attrs {
    uint32_t count;
    struct km_crypto_attr at[KM_CRYPTO_ATTRIBUTES_MAX];
};

struct km_crypto_info {
    uint32_t type;
    uint32_t bits;
    uint32_t usage;
    uint32_t attributes;
    uint64_t max_uses;
    uint64_t uses_left;
    uint64_t not_after;
    uint32_t owner_uid;
    uint32_t flags; /* KM_CRYPTO_INFO_... */
    uint8_t id[KM_CRYPTO_ID_LEN];
    struct km_crypto_name name;
    struct km_crypto_name password_name;
    struct km_crypto_name storage; /* at most KM_CRYPTO_STORAGE_MAX */
};

struct km_crypto_aead {
    uint32_t key;
    uint32_t algorithm;
    uint32_t tag_len;
    struct km_slice nonce;
    uint8_t tag[KM_CRYPTO_TAG_MAX];
};

struct km_crypto_hkdf {
    struct km_slice salt;
    struct km_slice info;
};

struct km_crypto_pbkdf2 {
    uint32_t iterations;
    struct km_slice salt;
};

/* An opaque object that was opened. */
struct km_crypto_object {
    uint64_t size;
    uint64_t opens_left;
    uint64_t not_after;
    uint32_t algorithm;
    uint8_t id[KM_CRYPTO_ID_LEN];
};

/* km_crypto_name_parse: 1 to 63 octets of UTF-8 without a NUL. */
KM_MUST_USE bool km_crypto_name_parse(struct km_slice in, struct km_crypto_name *ret);

KM_MUST_USE bool km_crypto_template_parse(struct km_slice in, struct km_crypto_template *ret);
KM_MUST_USE bool km_crypto_template_put(const struct km_crypto_template *wish, struct km_span out,
                                        size_t *ret_len);
KM_MUST_USE bool km_crypto_attrs_parse(struct km_slice in, struct km_crypto_attrs *ret);
KM_MUST_USE bool km_crypto_attrs_put(const struct km_crypto_attrs *attrs, struct km_span out,
                                     size_t *ret_len);
KM_MUST_USE bool km_crypto_info_parse(struct km_slice in, struct km_crypto_info *ret);
KM_MUST_USE bool km_crypto_info_put(const struct km_crypto_info *info, struct km_span out,
                                    size_t *ret_len);
KM_MUST_USE bool km_crypto_aead_parse(struct km_slice in, struct km_crypto_aead *ret);
KM_MUST_USE bool km_crypto_aead_put(const struct km_crypto_aead *aead, struct km_span out,
                                    size_t *ret_len);
KM_MUST_USE bool km_crypto_hkdf_parse(struct km_slice in, struct km_crypto_hkdf *ret);
KM_MUST_USE bool km_crypto_hkdf_put(const struct km_crypto_hkdf *hkdf, struct km_span out,
                                    size_t *ret_len);
KM_MUST_USE bool km_crypto_pbkdf2_parse(struct km_slice in, struct km_crypto_pbkdf2 *ret);
KM_MUST_USE bool km_crypto_pbkdf2_put(const struct km_crypto_pbkdf2 *pbkdf2, struct km_span out,
                                      size_t *ret_len);
/* A named key's info, and what a client keeps with it. */
struct km_crypto_noted {
    struct km_crypto_info info;
    struct km_slice note;
};
KM_MUST_USE bool km_crypto_noted_parse(struct km_slice in, struct km_crypto_noted *ret);
KM_MUST_USE bool km_crypto_noted_put(const struct km_crypto_noted *noted, struct km_span out,
                                     size_t *ret_len);
/* km_crypto_list_next: one blob of a LIST, not empty, at most max octets; false at a malformed one. Ends when km_rd_done. */
KM_MUST_USE bool km_crypto_list_next(struct km_rd *rd, size_t max, struct km_slice *ret);

/* For stored structures that contain these; they read and write in the middle of a message. */
KM_MUST_USE bool km_crypto_grant_read(struct km_rd *rd, struct km_crypto_grant *ret);
void km_crypto_grant_write(struct km_wr *wr, const struct km_crypto_grant *grant);
/* km_crypto_name_read: a blob of at most max octets of UTF-8 without a NUL; may be empty. */
KM_MUST_USE bool km_crypto_name_read(struct km_rd *rd, size_t max, struct km_crypto_name *ret);

KM_MUST_USE bool km_crypto_object_parse(struct km_slice in, struct km_crypto_object *ret);
/* km_crypto_object_put: KM_CRYPTO_OBJECT_WIRE_LEN octets. */
void km_crypto_object_put(const struct km_crypto_object *object,
                          uint8_t ret[KM_CRYPTO_OBJECT_WIRE_LEN]);

/* km_crypto_type_name: "KEY_ECDSA_KEYPAIR", ... for enum km_crypto_key_type; NULL when there is none. Static storage. */
const char *km_crypto_type_name(uint32_t type);
/* km_crypto_type_find: the reverse; KM_CRYPTO_KEY_NONE when there is none. */
uint32_t km_crypto_type_find(struct km_slice name);

#endif
