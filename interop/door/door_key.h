/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key as the doors hold it: reference-counted, usable by any number of threads at once, and after
 * a fork. Its public part is here, its private part stays in the trusted service. Nothing connects
 * before a key is opened.
 *
 * Failures: the status says what the caller can do, err->native holds the ClrcResult when the
 * service or its library said no (0 otherwise), err->text is one sentence.
 */
#ifndef KM_DOOR_KEY_H
#define KM_DOOR_KEY_H

#include "clrc.h"
#include "common/km_bytes.h"
#include "interop/door/door_uri.h"

enum km_door_family { KM_DOOR_EC = 1, KM_DOOR_RSA, KM_DOOR_ED25519, KM_DOOR_X25519 };

#define KM_DOOR_SPKI_MAX 1024u     /* octets of any public key's SubjectPublicKeyInfo */
#define KM_DOOR_SIGNATURE_MAX 512u /* octets of any signature, RSA-4096 */
#define KM_DOOR_COORDINATE_MAX 66u /* octets of a coordinate, P-521 */
#define KM_DOOR_POINT_25519 32u    /* octets of a public key on curve 25519 */

struct km_door_curve {
    unsigned bits;
    unsigned security_bits;
    size_t coord_len;       /* octets of one coordinate */
    const char *name;       /* SEC 2's, as OpenSSL prints it */
    const char *nist_name;  /* "P-256" */
    struct km_slice oid;    /* contents of the OBJECT IDENTIFIER */
    const char *aliases[2]; /* further names */
};

/* km_door_curve_by_name: NULL when it is not one of ours; letters' case is ignored. */
const struct km_door_curve *km_door_curve_by_name(const char *name);
const struct km_door_curve *km_door_curve_by_bits(unsigned bits);

/* km_door_curve_signature_max: octets of the longest ECDSA signature in DER. */
size_t km_door_curve_signature_max(const struct km_door_curve *curve);

/* The public part; views that live as long as the key. */
struct km_door_public {
    enum km_door_family family;
    unsigned bits;
    struct km_slice spki;              /* SubjectPublicKeyInfo */
    const struct km_door_curve *curve; /* EC only */
    struct km_slice point, x, y; /* EC: 04 X Y and its parts; curve 25519: 32 octets, no parts */
    struct km_slice n, e;        /* RSA only, big-endian without leading zero */
};

/* km_door_public_parse: pure; the views point into spki. KM_E_UNSUPPORTED for other algorithms. */
km_status km_door_public_parse(struct km_err *err, struct km_slice spki,
                               struct km_door_public *ret);
/*
 * km_door_public_write_ec / _rsa / _25519: a SubjectPublicKeyInfo; point is 04 X Y, or 32 octets for
 * KM_DOOR_ED25519 and KM_DOOR_X25519; numbers are big-endian.
 */
void km_door_public_write_ec(struct km_wr *wr, const struct km_door_curve *curve,
                             struct km_slice point);
void km_door_public_write_rsa(struct km_wr *wr, struct km_slice n, struct km_slice e);
void km_door_public_write_25519(struct km_wr *wr, enum km_door_family family,
                                struct km_slice point);
/* km_door_public_equal: the same key, whatever the encoding. */
bool km_door_public_equal(const struct km_door_public *a, const struct km_door_public *b);

/* How a password is had when the URI names no file: from a person or the program. */
struct km_door_ask {
    /* writes the password for `what` and its length; false when there is none to be had */
    bool (*ask)(void *arg, const char *what, struct km_span buf, size_t *ret_len);
    void *arg;
};

struct km_door_key;

/* The components of a key that is to be taken in. */
struct km_door_values {
    const ClrcAttributeValue *values;
    uint32_t n_values;
};

/*
 * km_door_key_open: the key that uri names, from the service (connects). ask may be NULL. A password
 * had from ask is kept in locked memory for further sessions of the same process. Returns owned.
 */
km_status km_door_key_open(struct km_err *err, const struct km_door_uri *uri,
                           const struct km_door_ask *ask, struct km_door_key **ret);
/*
 * km_door_key_generate: a new key in the service; with a name (not NULL) it is saved under it
 * (KM_E_EXISTS), without one it lives as long as this object and this process. Returns owned.
 */
km_status km_door_key_generate(struct km_err *err, const ClrcKeyTemplate *wish, const char *name,
                               struct km_door_key **ret);
/* km_door_key_import: the same with a private key that the caller has; values as in clrc.h. */
km_status km_door_key_import(struct km_err *err, const ClrcKeyTemplate *wish,
                             const struct km_door_values *values, const char *name,
                             struct km_door_key **ret);
/* km_door_key_of_public: a key with a public part alone; copies spki; does not connect. */
km_status km_door_key_of_public(struct km_err *err, struct km_slice spki, struct km_door_key **ret);

/*
 * km_door_handle: a handle of any key in the service, symmetric ones too, that no object stands for. To be
 * freed with clrcFreeKey.
 */
km_status km_door_handle(struct km_err *err, const struct km_door_uri *uri, ClrcKeyHandle *ret);

struct km_door_key *km_door_key_ref(struct km_door_key *key);
void km_door_key_unref(struct km_door_key *key);
void km_door_key_unrefp(struct km_door_key **key);

/* km_door_key_public: returns a view, valid while the key lives. */
const struct km_door_public *km_door_key_public(const struct km_door_key *key);
/* km_door_key_has_private: whether the service holds a private part that this object may use. */
bool km_door_key_has_private(const struct km_door_key *key);
/* km_door_key_uri: what the key was opened by; valid while the key lives. */
const struct km_door_uri *km_door_key_uri(const struct km_door_key *key);
/* km_door_key_name: "" for a key that is not saved; valid while the key lives. */
const char *km_door_key_name(const struct km_door_key *key);
/* km_door_key_signature_max: octets of the longest signature it makes. */
size_t km_door_key_signature_max(const struct km_door_key *key);

struct km_door_signing {
    ClrcAlgorithm algorithm;
    bool has_salt; /* PSS with a salt of salt_len octets, else the algorithm's own */
    uint32_t salt_len;
};
/* km_door_key_sign: signs a digest. ret.len is the room; *ret_len what was written. */
km_status km_door_key_sign(struct km_err *err, struct km_door_key *key,
                           const struct km_door_signing *how, struct km_slice digest,
                           struct km_span ret, size_t *ret_len);
/* km_door_key_sign_message: Ed25519 alone, which hashes on its own; at most 1 MiB. */
km_status km_door_key_sign_message(struct km_err *err, struct km_door_key *key,
                                   struct km_slice message, struct km_span ret, size_t *ret_len);
/*
 * km_door_key_agree: the shared X coordinate with the peer's point 04 X Y, in coord_len octets; X25519:
 * the 32 octets with the peer's 32.
 */
km_status km_door_key_agree(struct km_err *err, struct km_door_key *key, struct km_slice peer,
                            struct km_span ret, size_t *ret_len);
/* km_door_key_decrypt: RSA OAEP or PKCS#1 v1.5; the latter never fails for what the text is like. */
km_status km_door_key_decrypt(struct km_err *err, struct km_door_key *key, ClrcAlgorithm algorithm,
                              struct km_slice label, struct km_slice in, struct km_span ret,
                              size_t *ret_len);

/* km_door_key_component: one number of the key, big-endian; private ones of keys that may be exported. */
km_status km_door_key_component(struct km_err *err, struct km_door_key *key,
                                ClrcAttribute attribute, struct km_span ret, size_t *ret_len);

enum km_door_scheme { KM_DOOR_PKCS1, KM_DOOR_PSS, KM_DOOR_OAEP };
/* km_door_algorithm: CLRC_ALG_NONE when digest_len is none of 20, 28, 32, 48, 64 (SHA-1, SHA-2). */
ClrcAlgorithm km_door_algorithm(enum km_door_scheme scheme, size_t digest_len);

#endif
