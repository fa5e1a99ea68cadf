/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the crypto trusted application: the one header that both worlds include.
 *
 * UUID 138a1951-2a00-bf5a-a463-e61f402ebe1d. A session opens without parameters. Key, password and
 * operation ids are small numbers that mean something in one session only; an id that was freed is
 * never taken for a newer one (each carries a generation). 0 is never an id.
 *
 * Every command has exactly one parameter signature, given below as four words:
 *   -    NONE               vi   VALUE_INPUT    vo   VALUE_OUTPUT    vio  VALUE_INOUT
 *   mi   MEMREF_INPUT       mo   MEMREF_OUTPUT  mio  MEMREF_INOUT
 * Another signature is KM_CRYPTO_... BAD_PARAMETERS before anything else is looked at. A memref may
 * have size 0 where "may be empty" is said. Members of a value that are not named must be 0.
 *
 * Memref outputs: size on entry is the room; on success the octets written; with SHORT_BUFFER the octets
 * needed, and nothing happened (no key made, no use counted, no operation advanced). Nothing else is
 * written when a command fails. Bulk data (marked *) may be registered memory and is used in place, and an
 * input marked * may be the same memory as the output marked * of that command; partly overlapping is
 * BAD_PARAMETERS. Every other input is at most 4096 octets (TOO_LARGE) and copied in before it is
 * looked at.
 *
 * All structures are little-endian without padding; each is read to its last octet: one octet too many is
 * BAD_FORMAT, like one too few. `blob` means a u32 length and that many octets. Names are UTF-8 without
 * a NUL, 1 to KM_CRYPTO_NAME_MAX octets (otherwise BAD_NAME).
 *
 *   TEMPLATE   u32 type, u32 bits, u32 usage, u32 attributes, u64 max_uses, u64 not_after,
 *              u32 n_grants (at most 8), then n_grants times GRANT
 *   GRANT      u32 fields, u32 uid, u32 gid, u8[32] exe_sha256, blob unit (at most 63 octets, UTF-8);
 *              what `fields` does not name is zero or empty; fields is not 0
 *   ATTRIBUTES u32 count (at most 16), then count times: u32 attribute, blob value (at most 1024);
 *              each attribute once. CURVE is a u32.
 *   INFO       u32 type, u32 bits, u32 usage, u32 attributes, u64 max_uses, u64 uses_left, u64 not_after,
 *              u32 owner_uid (0xffffffff: this system does not tell), u32 flags (KM_CRYPTO_INFO_...),
 *              u8[16] id, blob name, blob password name, blob storage (at most 15 octets)
 *   LIST       INFO after INFO, each as a blob; or name after name, each as a blob
 *   NOTED      blob INFO, blob note
 *   AEAD       u32 key, u32 algorithm, u32 tag_len (12 to 16), blob nonce (1 to 64 octets), u8[tag_len] tag
 *   MANIFEST   u64 sequence, u8[32] SHA-256 of the signed content, u8[32] SHA-256 of the signer's
 *              SubjectPublicKeyInfo, blob device class
 *   PAYLOAD_WISH u32 flags (1: any target), u64 lowest version, blob target (at most 128; empty: a package without one)
 *   HKDF       blob salt (at most 1024; empty for Concat KDF), blob info (at most 1024)
 *   PBKDF2     u32 iterations (not 0), blob salt (1 to 1024 octets)
 *   OBJECT     u64 size (of the cleartext), u64 opens left (2^64 - 1: not counted), u64 not_after (0: never),
 *              u32 algorithm, u8[16] object id
 *
 * crypto_wire.h has a parser and a printer for each.
 */
#ifndef KM_CRYPTO_PROTOCOL_H
#define KM_CRYPTO_PROTOCOL_H

#define KM_CRYPTO_TA_UUID                                                                          \
    {                                                                                              \
        0x138a1951, 0x2a00, 0xbf5a,                                                                \
        {                                                                                          \
            0xa4, 0x63, 0xe6, 0x1f, 0x40, 0x2e, 0xbe, 0x1d                                         \
        }                                                                                          \
    }

#define KM_CRYPTO_VERSION 1u

/* ---- limits ---- */

#define KM_CRYPTO_NAME_MAX 63u
#define KM_CRYPTO_PASSWORD_MAX 256u
#define KM_CRYPTO_GRANTS_MAX 8u
#define KM_CRYPTO_UNIT_MAX 63u
#define KM_CRYPTO_STORAGE_MAX 15u
#define KM_CRYPTO_ID_LEN 16u
#define KM_CRYPTO_ATTRIBUTES_MAX 16u
#define KM_CRYPTO_ATTRIBUTE_LEN_MAX 1024u
#define KM_CRYPTO_NONCE_MAX 64u
#define KM_CRYPTO_TAG_MIN 12u
#define KM_CRYPTO_TAG_MAX 16u
#define KM_CRYPTO_DIGEST_MAX 64u
#define KM_CRYPTO_HKDF_PART_MAX 1024u
#define KM_CRYPTO_PBKDF2_SHUT_MIN 1000u /* iterations over a secret that stays inside */
#define KM_CRYPTO_PBKDF2_MAX 10000000u  /* iterations times blocks: some seconds */
#define KM_CRYPTO_SHAKE_MAX 4096u       /* octets of one output */
#define KM_CRYPTO_OAEP_LABEL_MAX 512u
#define KM_CRYPTO_POINT_MAX 133u /* 04 X Y of P-521 */
#define KM_CRYPTO_SMALL_MAX 4096u
#define KM_CRYPTO_KEYS_MAX 256u      /* keys a session may hold */
#define KM_CRYPTO_OPERATIONS_MAX 64u /* operations a session may hold */
#define KM_CRYPTO_PASSWORDS_MAX 16u  /* password handles a session may hold */
#define KM_CRYPTO_OBJECTS_MAX 64u    /* opaque objects a session may have open */
#define KM_CRYPTO_PACKAGE_MAX 8192u  /* octets of an opaque key package or object identifier */
/* Plaintext that a decryption holds back until its tag fits: one-shot, and all parts together. */
#define KM_CRYPTO_AEAD_HELD_MAX 16777216u
#define KM_CRYPTO_AEAD_PARTS_HELD_MAX 1048576u
#define KM_CRYPTO_RANDOM_MAX 1048576u /* octets of one RANDOM */

/* Room that always suffices. */
#define KM_CRYPTO_GRANT_WIRE_MAX (48u + KM_CRYPTO_UNIT_MAX)
#define KM_CRYPTO_TEMPLATE_WIRE_MAX (36u + KM_CRYPTO_GRANTS_MAX * KM_CRYPTO_GRANT_WIRE_MAX)
#define KM_CRYPTO_INFO_WIRE_MAX (76u + 2u * KM_CRYPTO_NAME_MAX + KM_CRYPTO_STORAGE_MAX)
#define KM_CRYPTO_STORAGE_STATE_LEN 24u
#define KM_CRYPTO_NOTE_MAX 1024u /* octets that a client may keep with a named key */
#define KM_CRYPTO_DATA_MAX 4096u /* octets of a data object */
#define KM_CRYPTO_NOTED_WIRE_MAX (8u + KM_CRYPTO_INFO_WIRE_MAX + KM_CRYPTO_NOTE_MAX)
#define KM_CRYPTO_AEAD_WIRE_MAX (16u + KM_CRYPTO_NONCE_MAX + KM_CRYPTO_TAG_MAX)
#define KM_CRYPTO_OBJECT_WIRE_LEN 44u
#define KM_CRYPTO_SIGNATURE_MAX 512u /* RSA-4096; ECDSA in DER needs at most 139 */

/* ---- numbers; all equal to those of clrc.h (the library asserts it) ---- */

enum km_crypto_key_type {
    KM_CRYPTO_KEY_NONE = 0,
    KM_CRYPTO_KEY_AES = 1,
    KM_CRYPTO_KEY_HMAC = 2,
    KM_CRYPTO_KEY_GENERIC_SECRET = 3,
    KM_CRYPTO_KEY_RSA_PUBLIC = 4,
    KM_CRYPTO_KEY_RSA_KEYPAIR = 5,
    KM_CRYPTO_KEY_ECDSA_PUBLIC = 6,
    KM_CRYPTO_KEY_ECDSA_KEYPAIR = 7,
    KM_CRYPTO_KEY_ECDH_PUBLIC = 8,
    KM_CRYPTO_KEY_ECDH_KEYPAIR = 9,
    KM_CRYPTO_KEY_EC_DUAL_PUBLIC = 10,
    KM_CRYPTO_KEY_EC_DUAL_KEYPAIR = 11,
    KM_CRYPTO_KEY_DES3 = 12,
    KM_CRYPTO_KEY_DSA_PUBLIC = 13,
    KM_CRYPTO_KEY_DSA_KEYPAIR = 14,
    KM_CRYPTO_KEY_DH_PUBLIC = 15,
    KM_CRYPTO_KEY_DH_KEYPAIR = 16,
    KM_CRYPTO_KEY_ED25519_PUBLIC = 17,
    KM_CRYPTO_KEY_ED25519_KEYPAIR = 18,
    KM_CRYPTO_KEY_X25519_PUBLIC = 19,
    KM_CRYPTO_KEY_X25519_KEYPAIR = 20,
    KM_CRYPTO_KEY_CHACHA20 = 21,
    KM_CRYPTO_KEY_ED448_PUBLIC = 22,
    KM_CRYPTO_KEY_ED448_KEYPAIR = 23,
    KM_CRYPTO_KEY_X448_PUBLIC = 24,
    KM_CRYPTO_KEY_X448_KEYPAIR = 25,
};

#define KM_CRYPTO_USAGE_ENCRYPT 0x00000001u
#define KM_CRYPTO_USAGE_DECRYPT 0x00000002u
#define KM_CRYPTO_USAGE_SIGN 0x00000004u
#define KM_CRYPTO_USAGE_VERIFY 0x00000008u
#define KM_CRYPTO_USAGE_MAC 0x00000010u
#define KM_CRYPTO_USAGE_DERIVE 0x00000020u
#define KM_CRYPTO_USAGE_WRAP 0x00000040u
#define KM_CRYPTO_USAGE_UNWRAP 0x00000080u
#define KM_CRYPTO_USAGE_ALL 0x000000ffu

#define KM_CRYPTO_ATTR_EXPORT_AS_PLAIN 0x00000001u
#define KM_CRYPTO_ATTR_SHARED 0x00000002u
#define KM_CRYPTO_ATTR_AUDIT_EACH_USE 0x00000004u
#define KM_CRYPTO_ATTR_WRAPPABLE 0x00000008u
#define KM_CRYPTO_ATTR_ALL 0x0000000fu

#define KM_CRYPTO_GRANT_UID 0x1u
#define KM_CRYPTO_GRANT_GID 0x2u
#define KM_CRYPTO_GRANT_EXE 0x4u
#define KM_CRYPTO_GRANT_UNIT 0x8u
#define KM_CRYPTO_GRANT_ALL 0xfu

#define KM_CRYPTO_INFO_SAVED 0x1u
#define KM_CRYPTO_INFO_PROVISIONED 0x2u
#define KM_CRYPTO_INFO_IMMUTABLE 0x4u
#define KM_CRYPTO_INFO_PASSWORD 0x8u
#define KM_CRYPTO_INFO_MANIFEST 0x20u /* came with the manifest, and changes with it */

/* Components of a key, big-endian octets; CURVE is a little-endian u32 of bits here. */
enum km_crypto_attribute {
    KM_CRYPTO_RSA_MODULUS = 1,
    KM_CRYPTO_RSA_PUBLIC_EXPONENT = 2,
    KM_CRYPTO_RSA_PRIVATE_EXPONENT = 3,
    KM_CRYPTO_RSA_PRIME1 = 4,
    KM_CRYPTO_RSA_PRIME2 = 5,
    KM_CRYPTO_RSA_EXPONENT1 = 6,
    KM_CRYPTO_RSA_EXPONENT2 = 7,
    KM_CRYPTO_RSA_COEFFICIENT = 8,
    KM_CRYPTO_ECC_CURVE = 9,
    KM_CRYPTO_ECC_PUBLIC_VALUE_X = 10,
    KM_CRYPTO_ECC_PUBLIC_VALUE_Y = 11,
    KM_CRYPTO_ECC_PRIVATE_VALUE = 12,
    KM_CRYPTO_SECRET_VALUE = 13,
    KM_CRYPTO_DSA_PRIME = 14,
    KM_CRYPTO_DSA_SUBPRIME = 15,
    KM_CRYPTO_DSA_BASE = 16,
    KM_CRYPTO_DSA_PUBLIC_VALUE = 17,
    KM_CRYPTO_DSA_PRIVATE_VALUE = 18,
    KM_CRYPTO_DH_PRIME = 19,
    KM_CRYPTO_DH_SUBPRIME = 20,
    KM_CRYPTO_DH_BASE = 21,
    KM_CRYPTO_DH_PUBLIC_VALUE = 22,
    KM_CRYPTO_DH_PRIVATE_VALUE = 23,
    KM_CRYPTO_ED25519_PUBLIC_VALUE = 24, /* 32 octets as RFC 8032 and RFC 7748 have them */
    KM_CRYPTO_ED25519_PRIVATE_VALUE = 25,
    KM_CRYPTO_X25519_PUBLIC_VALUE = 26,
    KM_CRYPTO_X25519_PRIVATE_VALUE = 27,
    KM_CRYPTO_ED448_PUBLIC_VALUE = 28, /* 57 octets */
    KM_CRYPTO_ED448_PRIVATE_VALUE = 29,
    KM_CRYPTO_X448_PUBLIC_VALUE = 30, /* 56 octets */
    KM_CRYPTO_X448_PRIVATE_VALUE = 31,
    KM_CRYPTO_ATTRIBUTE_LAST = KM_CRYPTO_X448_PRIVATE_VALUE,
};

enum km_crypto_algorithm {
    KM_CRYPTO_ALG_NONE = 0,
    KM_CRYPTO_SHA1 = 0x100,
    KM_CRYPTO_SHA224,
    KM_CRYPTO_SHA256,
    KM_CRYPTO_SHA384,
    KM_CRYPTO_SHA512,
    KM_CRYPTO_MD5,
    KM_CRYPTO_SHA3_224,
    KM_CRYPTO_SHA3_256,
    KM_CRYPTO_SHA3_384,
    KM_CRYPTO_SHA3_512,
    KM_CRYPTO_SHAKE128,
    KM_CRYPTO_SHAKE256,
    KM_CRYPTO_AES_ECB_NOPAD = 0x200,
    KM_CRYPTO_AES_CBC_NOPAD,
    KM_CRYPTO_AES_CTR,
    KM_CRYPTO_AES_OFB,
    KM_CRYPTO_AES_CFB_128,
    KM_CRYPTO_AES_XTS_NOPAD,
    KM_CRYPTO_AES_CTS,
    KM_CRYPTO_DES3_ECB_NOPAD,
    KM_CRYPTO_DES3_CBC_NOPAD,
    KM_CRYPTO_DES3_OFB,
    KM_CRYPTO_DES3_CFB_64,
    KM_CRYPTO_AES_GCM = 0x300,
    KM_CRYPTO_AES_CCM,
    KM_CRYPTO_CHACHA20_POLY1305,
    KM_CRYPTO_AES_KW = 0x310,
    KM_CRYPTO_AES_KWP,
    KM_CRYPTO_AES_CMAC = 0x400,
    KM_CRYPTO_HMAC_SHA1,
    KM_CRYPTO_HMAC_SHA224,
    KM_CRYPTO_HMAC_SHA256,
    KM_CRYPTO_HMAC_SHA384,
    KM_CRYPTO_HMAC_SHA512,
    KM_CRYPTO_HMAC_MD5,
    KM_CRYPTO_HMAC_SHA3_224,
    KM_CRYPTO_HMAC_SHA3_256,
    KM_CRYPTO_HMAC_SHA3_384,
    KM_CRYPTO_HMAC_SHA3_512,
    KM_CRYPTO_DES3_CMAC,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA1 = 0x500,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA224,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA256,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA384,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA512,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA1,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA224,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA256,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA384,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA512,
    KM_CRYPTO_ECDSA,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_MD5,
    KM_CRYPTO_DSA_SHA1,
    KM_CRYPTO_DSA_SHA224,
    KM_CRYPTO_DSA_SHA256,
    KM_CRYPTO_ED25519,
    KM_CRYPTO_ECDSA_DETERMINISTIC,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA3_224,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA3_256,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA3_384,
    KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA3_512,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA3_224,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA3_256,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA3_384,
    KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA3_512,
    KM_CRYPTO_ED448,
    KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA1 = 0x600,
    KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA224,
    KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA256,
    KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA384,
    KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA512,
    KM_CRYPTO_RSAES_PKCS1_V1_5,
    KM_CRYPTO_RSA_NOPAD,
    KM_CRYPTO_ECDH = 0x700,
    KM_CRYPTO_HKDF_SHA1,
    KM_CRYPTO_HKDF_SHA224,
    KM_CRYPTO_HKDF_SHA256,
    KM_CRYPTO_HKDF_SHA384,
    KM_CRYPTO_HKDF_SHA512,
    KM_CRYPTO_DH_DERIVE_SHARED_SECRET,
    KM_CRYPTO_X25519,
    KM_CRYPTO_HKDF_MD5,
    KM_CRYPTO_CONCAT_KDF_SHA1,
    KM_CRYPTO_CONCAT_KDF_SHA224,
    KM_CRYPTO_CONCAT_KDF_SHA256,
    KM_CRYPTO_CONCAT_KDF_SHA384,
    KM_CRYPTO_CONCAT_KDF_SHA512,
    KM_CRYPTO_PBKDF2_HMAC_SHA1,
    KM_CRYPTO_PBKDF2_HMAC_SHA224,
    KM_CRYPTO_PBKDF2_HMAC_SHA256,
    KM_CRYPTO_PBKDF2_HMAC_SHA384,
    KM_CRYPTO_PBKDF2_HMAC_SHA512,
    KM_CRYPTO_HKDF_EXTRACT_SHA1,
    KM_CRYPTO_HKDF_EXTRACT_SHA224,
    KM_CRYPTO_HKDF_EXTRACT_SHA256,
    KM_CRYPTO_HKDF_EXTRACT_SHA384,
    KM_CRYPTO_HKDF_EXTRACT_SHA512,
    KM_CRYPTO_HKDF_EXPAND_SHA1,
    KM_CRYPTO_HKDF_EXPAND_SHA224,
    KM_CRYPTO_HKDF_EXPAND_SHA256,
    KM_CRYPTO_HKDF_EXPAND_SHA384,
    KM_CRYPTO_HKDF_EXPAND_SHA512,
    KM_CRYPTO_X448,
};

enum km_crypto_mode {
    KM_CRYPTO_MODE_ENCRYPT = 1,
    KM_CRYPTO_MODE_DECRYPT = 2,
    KM_CRYPTO_MODE_SIGN = 3,
    KM_CRYPTO_MODE_VERIFY = 4,
    KM_CRYPTO_MODE_MAC = 5,
    KM_CRYPTO_MODE_DIGEST = 6,
};

/* Form of the octets given to IMPORT_KEY. */
enum km_crypto_form {
    KM_CRYPTO_FORM_RAW = 1,        /* a symmetric key's octets */
    KM_CRYPTO_FORM_DER = 2,        /* SubjectPublicKeyInfo; PKCS#8, SEC 1 or PKCS#1 private key */
    KM_CRYPTO_FORM_ATTRIBUTES = 3, /* ATTRIBUTES */
};

/* How far the installation of a manifest went. */
enum km_crypto_manifest_phase {
    KM_CRYPTO_MANIFEST_NONE = 0,
    KM_CRYPTO_MANIFEST_UNDER_WAY = 1, /* it was interrupted: the same one again ends it */
    KM_CRYPTO_MANIFEST_COMPLETE = 2,
};

#define KM_CRYPTO_MANIFEST_TRUST_FIRST                                                             \
    0x1u /* the first manifest's own signer is taken for the OEM */
#define KM_CRYPTO_MANIFEST_FLAGS_ALL 0x1u
#define KM_CRYPTO_MANIFEST_WIRE_MAX (76u + KM_CRYPTO_NAME_MAX)

/* ---- results ---- */

/*
 * Codes that GlobalPlatform has no word for, from its range for implementation-specific errors
 * (Internal Core API 1.3.1, 3.3.1: 0x80000000 to 0x8fffffff).
 */
#define KM_CRYPTO_E_BAD_NAME 0x80c70001u
#define KM_CRYPTO_E_TOO_LARGE 0x80c70002u
#define KM_CRYPTO_E_EXISTS 0x80c70003u
#define KM_CRYPTO_E_STALE_ID 0x80c70004u    /* no such key, password or operation in this session */
#define KM_CRYPTO_E_DES3_PARITY 0x80c70005u /* an octet of a DES3 key has an even number of ones */
#define KM_CRYPTO_E_DES3_PARTS 0x80c70006u  /* two parts of a DES3 key are alike, parity aside */
#define KM_CRYPTO_E_ROLLBACK 0x80c70110u    /* older than what was taken before */
#define KM_CRYPTO_E_SIGNER 0x80c70111u /* signed by somebody else than the one who is trusted */
#define KM_CRYPTO_E_PASSWORD 0x80c70101u
#define KM_CRYPTO_E_THROTTLED 0x80c70102u
#define KM_CRYPTO_E_NOT_EXPORTABLE 0x80c70103u
#define KM_CRYPTO_E_IMMUTABLE 0x80c70104u
#define KM_CRYPTO_E_EXPIRED 0x80c70105u
#define KM_CRYPTO_E_USED_UP 0x80c70106u
#define KM_CRYPTO_E_KEY_GONE 0x80c70107u
#define KM_CRYPTO_E_TARGET 0x80c70190u /* a payload for somebody else */
#define KM_CRYPTO_E_DOWNGRADE                                                                      \
    0x80c70191u /* a payload older than asked for, or than one seen before */
#define KM_CRYPTO_E_OTHER_DEVICE 0x80c70181u  /* sealed for another key */
#define KM_CRYPTO_E_NOT_YET_VALID 0x80c70182u /* its first day has not come */
#define KM_CRYPTO_E_OTHER_OBJECT                                                                   \
    0x80c70183u /* size or digest are not those that the identifier names */

/*
 * The results of this application that a command may end with, beside GlobalPlatform's: X(what the TA answers, what the library
 * makes of it). Expand it where both vocabularies are known.
 */
#define KM_CRYPTO_RESULTS(X)                                                                       \
    X(KM_CRYPTO_E_BAD_NAME, CLRC_ERROR_BAD_NAME)                                                   \
    X(KM_CRYPTO_E_TOO_LARGE, CLRC_ERROR_TOO_LARGE)                                                 \
    X(KM_CRYPTO_E_EXISTS, CLRC_ERROR_EXISTS)                                                       \
    X(KM_CRYPTO_E_STALE_ID, CLRC_ERROR_BAD_PARAMETERS)                                             \
    X(KM_CRYPTO_E_DES3_PARITY, CLRC_ERROR_BAD_FORMAT)                                              \
    X(KM_CRYPTO_E_DES3_PARTS, CLRC_ERROR_BAD_FORMAT)                                               \
    X(KM_CRYPTO_E_PASSWORD, CLRC_ERROR_PASSWORD)                                                   \
    X(KM_CRYPTO_E_THROTTLED, CLRC_ERROR_THROTTLED)                                                 \
    X(KM_CRYPTO_E_NOT_EXPORTABLE, CLRC_ERROR_NOT_EXPORTABLE)                                       \
    X(KM_CRYPTO_E_IMMUTABLE, CLRC_ERROR_IMMUTABLE)                                                 \
    X(KM_CRYPTO_E_EXPIRED, CLRC_ERROR_EXPIRED)                                                     \
    X(KM_CRYPTO_E_USED_UP, CLRC_ERROR_USED_UP)                                                     \
    X(KM_CRYPTO_E_KEY_GONE, CLRC_ERROR_KEY_GONE)                                                   \
    X(KM_CRYPTO_E_TARGET, CLRC_ERROR_TARGET)                                                       \
    X(KM_CRYPTO_E_DOWNGRADE, CLRC_ERROR_DOWNGRADE)                                                 \
    X(KM_CRYPTO_E_OTHER_DEVICE, CLRC_ERROR_OTHER_DEVICE)                                           \
    X(KM_CRYPTO_E_ROLLBACK, CLRC_ERROR_ROLLBACK)                                                   \
    X(KM_CRYPTO_E_SIGNER, CLRC_ERROR_SIGNER)                                                       \
    X(KM_CRYPTO_E_NOT_YET_VALID, CLRC_ERROR_NOT_YET_VALID)                                         \
    X(KM_CRYPTO_E_OTHER_OBJECT, CLRC_ERROR_OTHER_OBJECT)

/* ---- commands ---- */

/*
 * Any command that uses a key may also end with ACCESS_DENIED (the caller, or the key's usage),
 * STALE_ID, EXPIRED, USED_UP, NOT_SUPPORTED (algorithm and key do not go together) or OUT_OF_MEMORY;
 * any that touches the store with STORAGE_NO_SPACE, ACCESS_CONFLICT, CORRUPT_OBJECT. Named below is what
 * comes on top.
 */
enum km_crypto_command {
    /* VERSION            vo(a version, b 0) - - - */
    KM_CRYPTO_CMD_VERSION = 0x00,
    /* ALGORITHM_SUPPORTED vi(a algorithm, b bits; 0 any) - - -        NOT_SUPPORTED */
    KM_CRYPTO_CMD_ALGORITHM_SUPPORTED = 0x01,
    /* RANDOM             mo*(octets wanted) - - -                     TOO_LARGE */
    KM_CRYPTO_CMD_RANDOM = 0x02,
    /* ADD_RANDOM         mi(octets) - - -                             for the generators of this instance, beside what seeds them */
    KM_CRYPTO_CMD_ADD_RANDOM = 0x03,

    /* CREATE_KEY         mi(TEMPLATE) vo(a key) - - -                 BAD_FORMAT NOT_SUPPORTED TOO_LARGE (too many keys) */
    KM_CRYPTO_CMD_CREATE_KEY = 0x10,
    /* IMPORT_KEY         mi(TEMPLATE) mi(octets) vi(a form) vo(a key) as CREATE_KEY; BAD_FORMAT: not such a key, or
     *                    its public part is not that of its private part. DES3_PARITY DES3_PARTS */
    KM_CRYPTO_CMD_IMPORT_KEY = 0x11,
    /* EXPORT_PUBLIC      vi(a key) mo(SubjectPublicKeyInfo) - -       SHORT_BUFFER NOT_SUPPORTED (symmetric) */
    KM_CRYPTO_CMD_EXPORT_PUBLIC = 0x12,
    /* EXPORT_PRIVATE     vi(a key) mo(PKCS#8, or a symmetric key's octets) - -   SHORT_BUFFER NOT_EXPORTABLE
     *                    EXPIRED USED_UP: it may be exported as long as it may be used; an export counts no use */
    KM_CRYPTO_CMD_EXPORT_PRIVATE = 0x13,
    /* GET_ATTRIBUTE      vi(a key, b attribute) mo(value) - -         SHORT_BUFFER ITEM_NOT_FOUND; private ones as
     *                    EXPORT_PRIVATE */
    KM_CRYPTO_CMD_GET_ATTRIBUTE = 0x14,
    /* KEY_INFO           vi(a key) mo(INFO) - -                       SHORT_BUFFER */
    KM_CRYPTO_CMD_KEY_INFO = 0x15,
    /* FREE_KEY           vi(a key) - - -                              operations made with it live on */
    KM_CRYPTO_CMD_FREE_KEY = 0x16,
    /* KEY_CHECK          vi(a key) mo(3 octets) - -                   what tells a symmetric key from others: of AES (but two keys
     *                    for XTS) and DES3 the first octets of a block of zeros encrypted with it, of others those of its SHA-1.
     *                    Needs no usage. SHORT_BUFFER; NOT_SUPPORTED also: fewer than 128 bits that may not be exported, which
     *                    these octets would help to search for; not symmetric */
    KM_CRYPTO_CMD_KEY_CHECK = 0x17,

    /* SAVE_KEY           vi(a key, b password or 0) mi(name) - -      EXISTS; BAD_STATE: is saved already. ACCESS_DENIED: names
     *                    that begin with "com.seqlabs." are the administrator's */
    KM_CRYPTO_CMD_SAVE_KEY = 0x20,
    /* LOAD_KEY           mi(name) vi(a password or 0) mi(id expected, 16 octets or empty) vo(a key)
     *                    ITEM_NOT_FOUND PASSWORD; KEY_GONE: the name stands for another key than expected, or for none */
    KM_CRYPTO_CMD_LOAD_KEY = 0x21,
    /* DELETE_KEY         mi(name) vi(a password or 0) - -             ITEM_NOT_FOUND PASSWORD IMMUTABLE; the
     *                    administrator needs no password */
    KM_CRYPTO_CMD_DELETE_KEY = 0x22,
    /* DESCRIBE_KEY       mi(name) mo(INFO) - -                        ITEM_NOT_FOUND SHORT_BUFFER */
    KM_CRYPTO_CMD_DESCRIBE_KEY = 0x23,
    /* LIST_KEYS          vio(a cursor) mi(password name, may be empty: all) mo(LIST of INFO) -
     *                    cursor 0 begins; the answer's cursor goes into the next call, until it is 0. One listing of
     *                    keys a session: beginning another ends it. SHORT_BUFFER: not even one fits. BAD_STATE: cursor
     *                    not of the present listing. Keys the caller may neither use nor delete are left out. */
    KM_CRYPTO_CMD_LIST_KEYS = 0x24,
    /* SAVE_KEY_NOTED     vi(a key, b password or 0) mi(name) mi(note) -   SAVE_KEY, and the note with it in one step: octets that
     *                    mean something to clients alone, for those to see who may use the key. TOO_LARGE beyond NOTE_MAX */
    KM_CRYPTO_CMD_SAVE_KEY_NOTED = 0x25,
    /* SET_NOTE           mi(name) mi(id expected, 16 octets) mi(note, may be empty) -
     *                    owner or administrator (ACCESS_DENIED). IMMUTABLE: a provisioned key. KEY_GONE: the name stands for
     *                    another key. ITEM_NOT_FOUND TOO_LARGE */
    KM_CRYPTO_CMD_SET_NOTE = 0x26,
    /* LIST_NOTED         vio(a cursor) mo(LIST of NOTED) - -           as LIST_KEYS of all, whose place it takes; ask for at least
     *                    4 + NOTED_WIRE_MAX octets */
    KM_CRYPTO_CMD_LIST_NOTED = 0x27,

    /* SAVE_DATA          vi(a password or 0, b 1: in the place of the caller's own) mi(name) mi(note, may be empty) mi(content, may be
     *                    empty) - a data object, which only its owner and the administrator see. EXISTS; ACCESS_DENIED: the
     *                    name stands for somebody else's, or as SAVE_KEY. TOO_LARGE beyond NOTE_MAX, DATA_MAX */
    KM_CRYPTO_CMD_SAVE_DATA = 0x28,
    /* LOAD_DATA          mi(name) vi(a password or 0) mo(content) -   ITEM_NOT_FOUND ACCESS_DENIED PASSWORD SHORT_BUFFER */
    KM_CRYPTO_CMD_LOAD_DATA = 0x29,
    /* DELETE_DATA        mi(name) vi(a password or 0) - -             as LOAD_DATA; the administrator needs no password */
    KM_CRYPTO_CMD_DELETE_DATA = 0x2a,
    /* LIST_DATA          vio(a cursor) mo(LIST of NOTED) - -          as LIST_NOTED; type 0, bits: octets of the content */
    KM_CRYPTO_CMD_LIST_DATA = 0x2b,
    /* LIST_OBJECTS       vio(a cursor) mo(LIST of NOTED) - -          LIST_NOTED and LIST_DATA in one, in the place of LIST_NOTED's */
    KM_CRYPTO_CMD_LIST_OBJECTS = 0x2c,
    /* STORAGE_STATE      mo(STORAGE_STATE_LEN octets: u64 commits to the store so far, 16 octets that name the last one) - - -
     *                    the same twice: nothing of what this application keeps has changed in between, whoever asks.
     *                    SHORT_BUFFER; NOT_SUPPORTED where the TEE does not tell */
    KM_CRYPTO_CMD_STORAGE_STATE = 0x2d,

    /* CREATE_PASSWORD    mi(name) mi(password, 1 to 256 octets) - -   EXISTS TOO_LARGE */
    KM_CRYPTO_CMD_CREATE_PASSWORD = 0x30,
    /* LOAD_PASSWORD      mi(name) mi(password) vo(a password) -       ITEM_NOT_FOUND PASSWORD THROTTLED */
    KM_CRYPTO_CMD_LOAD_PASSWORD = 0x31,
    /* PASSWORD_WAIT      mi(name) vo(a seconds) - -                   ITEM_NOT_FOUND */
    KM_CRYPTO_CMD_PASSWORD_WAIT = 0x32,
    /* DELETE_PASSWORD    mi(name) mi(password, may be empty for the administrator) - -
     *                    ITEM_NOT_FOUND PASSWORD THROTTLED BUSY (keys are wrapped under it) */
    KM_CRYPTO_CMD_DELETE_PASSWORD = 0x33,
    /* LIST_PASSWORDS     vio(a cursor) mo(LIST of names) - -          as LIST_KEYS; every name, to everybody */
    KM_CRYPTO_CMD_LIST_PASSWORDS = 0x34,
    /* FREE_PASSWORD      vi(a password) - - -                         keys loaded with it stay */
    KM_CRYPTO_CMD_FREE_PASSWORD = 0x35,
    /* CREATE_RECOVERABLE mi(name) mi(password, may be empty) mi(recovery password) -
     *                    CREATE_PASSWORD, with a second password that only CHECK_PASSWORD and CHANGE_PASSWORD take. Empty: a
     *                    random one that nobody knows */
    KM_CRYPTO_CMD_CREATE_RECOVERABLE = 0x36,
    /* CHECK_PASSWORD     mi(name) vi(a which) mi(password) -          ITEM_NOT_FOUND PASSWORD THROTTLED; BAD_STATE: it has no
     *                    recovery password. which: 0 the password, 1 the recovery password. Their guesses are counted apart */
    KM_CRYPTO_CMD_CHECK_PASSWORD = 0x37,
    /* CHANGE_PASSWORD    mi(name) vi(a which is given, b which is set) mi(password) mi(new one, may be empty: as above)
     *                    as CHECK_PASSWORD. Keys under it stay; sessions that have it loaded too */
    KM_CRYPTO_CMD_CHANGE_PASSWORD = 0x38,

    /* DIGEST             vi(a algorithm) mi*(data, may be empty) mo(digest) -     SHORT_BUFFER
     *                    SHAKE: as many octets as there is room for, to SHAKE_MAX (TOO_LARGE); no room asks for 32, 64 */
    KM_CRYPTO_CMD_DIGEST = 0x40,
    /* SIGN_DIGEST        vi(a key, b algorithm) mi(digest) mo(signature; ECDSA in DER) -
     *                    BAD_PARAMETERS: digest's length. SHORT_BUFFER: for ECDSA when the longest signature of the curve
     *                    does not fit (72, 104, 139 octets for P-256, P-384, P-521). DSA as ECDSA. ED25519, ED448: the digest
     *                    is the message, which may be empty */
    KM_CRYPTO_CMD_SIGN_DIGEST = 0x41,
    /* VERIFY_DIGEST      vi(a key, b algorithm) mi(digest) mi(signature) -        SIGNATURE_INVALID */
    KM_CRYPTO_CMD_VERIFY_DIGEST = 0x42,
    /* SIGN_DIGEST_PSS    vi(a key, b algorithm) mi(digest) mo(signature) vi(a salt length) */
    KM_CRYPTO_CMD_SIGN_DIGEST_PSS = 0x43,
    /* VERIFY_DIGEST_PSS  vi(a key, b algorithm) mi(digest) mi(signature) vi(a salt length) */
    KM_CRYPTO_CMD_VERIFY_DIGEST_PSS = 0x44,
    /* MAC                vi(a key, b algorithm) mi*(data, may be empty) mo(mac) -   SHORT_BUFFER */
    KM_CRYPTO_CMD_MAC = 0x45,
    /* VERIFY_MAC         vi(a key, b algorithm) mi*(data, may be empty) mi(mac) -   MAC_INVALID */
    KM_CRYPTO_CMD_VERIFY_MAC = 0x46,
    /* CIPHER_ENCRYPT, CIPHER_DECRYPT
     *                    vi(a key, b algorithm) mi(iv: one block, empty for ECB and key wrap) mi*(in) mo*(out)
     *                    BAD_PARAMETERS: not whole blocks (ECB, CBC), less than a block (XTS, CTS). SHORT_BUFFER. CTR and OFB
     *                    need both usages in either direction, CFB to decrypt, here and in OP_NEW: their decryption is, or
     *                    gives, encryption. AES_KW, AES_KWP: to 4096 octets of data; MAC_INVALID */
    KM_CRYPTO_CMD_CIPHER_ENCRYPT = 0x47,
    KM_CRYPTO_CMD_CIPHER_DECRYPT = 0x48,
    /* AEAD_ENCRYPT       mio(AEAD; its tag is written) mi*(aad, may be empty) mi*(in, may be empty) mo*(out)   SHORT_BUFFER */
    KM_CRYPTO_CMD_AEAD_ENCRYPT = 0x49,
    /* AEAD_DECRYPT       mi(AEAD; its tag is checked) mi*(aad) mi*(in) mo*(out)
     *                    MAC_INVALID: out is untouched, at every moment. TOO_LARGE: beyond AEAD_HELD_MAX */
    KM_CRYPTO_CMD_AEAD_DECRYPT = 0x4a,
    /* ASYM_ENCRYPT, ASYM_DECRYPT   vi(a key, b algorithm) mi(label, may be empty; OAEP only) mi(in) mo(out)
     *                    BAD_PARAMETERS: plaintext too long. SHORT_BUFFER (decrypt: room for the longest message is asked
     *                    for, so that it tells nothing). MAC_INVALID: ciphertext does not fit. RSA_NOPAD needs the usages
     *                    DECRYPT and SIGN to decrypt: it does either */
    KM_CRYPTO_CMD_ASYM_ENCRYPT = 0x4b,
    KM_CRYPTO_CMD_ASYM_DECRYPT = 0x4c,
    /* AGREE              mi(TEMPLATE: KEY_GENERIC_SECRET) vi(a key) mi(peer: 04 X Y; DH, X25519, X448: its value) vo(a key)
     *                    the whole X coordinate or number, never a part of it. BAD_FORMAT: not a point of the curve, not of
     *                    the group, of small order. NOT_EXPORTABLE: an exportable secret of a provisioned key */
    KM_CRYPTO_CMD_AGREE = 0x4d,
    /* AGREE_RAW          vi(a key) mi(peer) mo(shared value) -      BAD_FORMAT SHORT_BUFFER; NOT_EXPORTABLE: a provisioned
     *                    key, since what is sealed to it opens with the shared value */
    KM_CRYPTO_CMD_AGREE_RAW = 0x4e,
    /* DERIVE             mi(TEMPLATE: symmetric) vi(a key, b HKDF, one of its two steps, Concat KDF or a digest) mi(HKDF) vo(a key)
     *                    HKDF_EXTRACT takes no info and makes as many bits as the digest has, HKDF_EXPAND takes no salt. A digest
     *                    of the secret takes neither: its first octets, as many as are wished (BAD_PARAMETERS beyond its
     *                    length; SHAKE: any). MD5 is none of these.
     *                    NOT_EXPORTABLE: the wish is exportable and the secret is not. NOT_SUPPORTED also: less than 128 bits
     *                    of a secret that is not exportable, or DES3 of one. Keys derived with the same salt and info begin with the same
     *                    octets, whatever their types and lengths: give each purpose an info of its own */
    KM_CRYPTO_CMD_DERIVE = 0x4f,

    /* WRAP_KEY           vi(a wrapping key, b AES_KW, AES_KWP, RSA OAEP or RSA PKCS#1 v1.5) vi(a key) mo(wrapped) -
     *                    the wrapping key needs the usage WRAP. What may be exported: its octets or PKCS#8, as EXPORT_PRIVATE
     *                    gives them. What is WRAPPABLE, only under a key that CREATE_KEY made, that is neither exportable nor
     *                    wrappable, and by AES_KWP: with its policy. NOT_EXPORTABLE: anything else. NOT_SUPPORTED: a public
     *                    key, or a length that the algorithm does not take. SHORT_BUFFER */
    KM_CRYPTO_CMD_WRAP_KEY = 0x50,
    /* UNWRAP_KEY         mi(TEMPLATE) vi(a wrapping key, b as in WRAP_KEY) mi(wrapped) vo(a key)
     *                    the usage UNWRAP. MAC_INVALID; BAD_FORMAT, DES3_PARITY, DES3_PARTS: what was wrapped is not such a key. NOT_EXPORTABLE: the wish
     *                    is exportable and the wrapping key is neither that nor RSA with the usage DECRYPT. A key that was
     *                    wrapped with its policy keeps it: ACCESS_DENIED for more usages */
    KM_CRYPTO_CMD_UNWRAP_KEY = 0x51,
    /* CREATE_KEY_WITH    mi(TEMPLATE: DSA or DH pair) mi(domain parameters) vi(a form) vo(a key)
     *                    ATTRIBUTES: PRIME, BASE, SUBPRIME (which DH may leave out for the groups of RFC 7919 and 3526); DER:
     *                    Dss-Parms, DHParameter. BAD_FORMAT NOT_SUPPORTED */
    KM_CRYPTO_CMD_CREATE_KEY_WITH = 0x52,
    /* DERIVE_PASSWORD    mi(TEMPLATE) vi(a key, b PBKDF2 algorithm) mi(PBKDF2) vo(a key)
     *                    as DERIVE. BAD_PARAMETERS: fewer than PBKDF2_SHUT_MIN iterations of a secret that is not exportable.
     *                    TOO_LARGE: iterations times blocks of output beyond PBKDF2_MAX */
    KM_CRYPTO_CMD_DERIVE_PASSWORD = 0x53,
    /* COPY_KEY           mi(TEMPLATE) vi(a key) vo(a key) -           a new key with an id of its own and the same octets, for the
     *                    owner and the administrator, that may do no more than the first: ACCESS_DENIED for other usages and
     *                    flags, and for a key whose uses are counted, which a copy would not be. BAD_PARAMETERS: another type, or
     *                    grants. IMMUTABLE: a provisioned key */
    KM_CRYPTO_CMD_COPY_KEY = 0x54,

    /* OP_NEW             vi(a key or 0, b algorithm) vi(a mode, b digest; ECDSA only) mi(iv or nonce, may be empty)
     *                    vio(a in: tag length, out: operation)        TOO_LARGE (too many operations) */
    KM_CRYPTO_CMD_OP_NEW = 0x60,
    /* OP_UPDATE_AAD      vi(a operation) mi*(aad) - -                 BAD_STATE: after the first update, or no AEAD */
    KM_CRYPTO_CMD_OP_UPDATE_AAD = 0x61,
    /* OP_UPDATE          vi(a operation) mi*(in) mo*(out, may be empty when nothing comes out) -
     *                    BAD_STATE: is final. SHORT_BUFFER: nothing was taken in. AEAD decryption gives nothing out
     *                    before its tag was checked; TOO_LARGE beyond AEAD_PARTS_HELD_MAX */
    KM_CRYPTO_CMD_OP_UPDATE = 0x62,
    /* OP_FINAL           vi(a operation) mo*(rest of the data, may be empty) mo(digest, mac, signature or tag, may be
     *                    empty for ciphers) -                          BAD_STATE SHORT_BUFFER (both sizes are set) */
    KM_CRYPTO_CMD_OP_FINAL = 0x63,
    /* OP_FINAL_VERIFY    vi(a operation) mo*(plaintext of AEAD, may be empty otherwise) mi(tag, mac or signature) -
     *                    MAC_INVALID SIGNATURE_INVALID */
    KM_CRYPTO_CMD_OP_FINAL_VERIFY = 0x64,
    /* OP_RESET           vi(a operation) mi(iv or nonce, may be empty: the one of OP_NEW, refused for encryption) - -
     *                    begins again with the same key; a use is counted as in OP_NEW */
    KM_CRYPTO_CMD_OP_RESET = 0x65,
    /* OP_FREE            vi(a operation) - - - */
    KM_CRYPTO_CMD_OP_FREE = 0x66,
    /* OP_COPY            vi(a operation) vo(a another one in the same state) - -
     *                    digests and MACs; a use of the key is counted. BAD_STATE: is final. NOT_SUPPORTED. TOO_LARGE */
    KM_CRYPTO_CMD_OP_COPY = 0x67,

    /* PROVISION_KEY      vi(a key) mi(name) mi(public name, may be empty) -
     *                    administrator, until sealed (BAD_STATE afterwards). EXISTS; BAD_PARAMETERS: a symmetric key, or
     *                    exportable, wrappable, or limited by uses, time or grants. On success the id stands for the saved key. */
    KM_CRYPTO_CMD_PROVISION_KEY = 0x70,
    /* PROVISION_SEAL     - - - -                                      administrator; for good. Again: TEE_SUCCESS. BAD_STATE: a
     *                    manifest is installed in part */
    KM_CRYPTO_CMD_PROVISION_SEAL = 0x71,
    /* PROVISION_STATE    vo(a 1 when sealed) - - - */
    KM_CRYPTO_CMD_PROVISION_STATE = 0x72,

    /* PAYLOAD_NEW        vi(a key) mi(content head of a payload package) mi(PAYLOAD_WISH) vo(a operation)
     *                    begins to verify the package: the head says the algorithm and is the first that is hashed; the payload
     *                    follows with OP_UPDATE and the signature with OP_FINAL_VERIFY, which then checks, in this order: the
     *                    signature; TARGET; DOWNGRADE: below the wish, or below the highest version that this key's owner ever
     *                    signed for this target and that was verified here. It ends well only after that version is
     *                    stored. OP_RESET is BAD_STATE. BAD_FORMAT: the head. NOT_SUPPORTED: its algorithm */
    KM_CRYPTO_CMD_PAYLOAD_NEW = 0x98,
    /*
     * SAVE_OPAQUE_KEY    mi*(opaque key package) vi(a device key or 0, b password or 0) - -
     *                    opens the package with the device key (0: com.seqlabs.oem_device_key) and saves what is in it; nothing
     *                    of it comes back. TOO_LARGE BAD_FORMAT NOT_SUPPORTED (version, algorithm), SIGNATURE_INVALID: not
     *                    com.seqlabs.oem_pub_key's, OTHER_DEVICE, MAC_INVALID, and what IMPORT_KEY and SAVE_KEY answer.
     *                    ITEM_NOT_FOUND: the provisioned keys are missing. A refusal leaves the store as it was.
     */
    KM_CRYPTO_CMD_SAVE_OPAQUE_KEY = 0x80,
    /*
     * OBJECT_OPEN        mi*(object identifier) vi(a verifying key or 0, b device key or 0) mo(OBJECT) vo(a object)
     *                    as SAVE_OPAQUE_KEY; a is any EC, RSA or DSA key (0: com.seqlabs.oem_pub_key). Also NOT_YET_VALID,
     *                    EXPIRED, ACCESS_DENIED (another executable), USED_UP (no opening left). An opening is counted, for good,
     *                    when all else is right; then the object's key is in this session and nowhere else.
     */
    KM_CRYPTO_CMD_OBJECT_OPEN = 0x81,
    /*
     * OBJECT_UPDATE      vi(a object) mi*(ciphertext) mo*(cleartext; size 0: it is only looked over) -
     *                    cleartext is not to be believed before OBJECT_FINISH says so. SHORT_BUFFER: nothing was taken in.
     *                    OTHER_OBJECT: more than the identifier names. BAD_STATE: is over
     */
    KM_CRYPTO_CMD_OBJECT_UPDATE = 0x82,
    /* OBJECT_FINISH      vi(a object) - - -                           OTHER_OBJECT: not the object that the identifier names */
    KM_CRYPTO_CMD_OBJECT_FINISH = 0x83,
    /* OBJECT_REWIND      vi(a object) - - -                           from its beginning once more; no opening is counted */
    KM_CRYPTO_CMD_OBJECT_REWIND = 0x84,
    /* OBJECT_FREE        vi(a object) - - - */
    KM_CRYPTO_CMD_OBJECT_FREE = 0x85,

    /* MANIFEST_CLASS_KEY mi(private key in DER, may be empty) mo(SubjectPublicKeyInfo) - -
     *                    administrator, until sealed (BAD_STATE). Keeps the key that manifests are sealed to as
     *                    "org.keymoor.class_key", which no command can use or export; empty: makes one on P-256, or tells the
     *                    one that is there, also later. EXISTS: there is another one. SHORT_BUFFER */
    KM_CRYPTO_CMD_MANIFEST_CLASS_KEY = 0x90,
    /* MANIFEST_INSTALL   mi*(package) mi*(OEM root certificate in DER, may be empty) vi(a flags) vo(a 1: installed now,
     *                    0: is the one that is there)
     *                    administrator. Checked in this order: TOO_LARGE, BAD_FORMAT or NOT_SUPPORTED (structure), SIGNER,
     *                    SIGNATURE_INVALID, BAD_STATE (another one is installed in part), EXISTS (no update), ROLLBACK (its sequence is not higher), OTHER_DEVICE (another
     *                    class, or sealed to another class key), BAD_STATE (the first one after the seal; an update of
     *                    nothing), ITEM_NOT_FOUND (no class key), MAC_INVALID, BAD_FORMAT, BAD_NAME or NOT_SUPPORTED (what is
     *                    in it), EXISTS (a key of somebody else has the name). BAD_PARAMETERS: it is the first, and nothing says whom
     *                    to trust */
    KM_CRYPTO_CMD_MANIFEST_INSTALL = 0x91,
    /* MANIFEST_STATE     vo(a phase) mo(MANIFEST; nothing when there is none) - -   SHORT_BUFFER */
    KM_CRYPTO_CMD_MANIFEST_STATE = 0x92,

    /* PUBLIC_HOLD        mi(name) mi(SubjectPublicKeyInfo) - -
     *                    the certificate application alone (ACCESS_DENIED). Whether PUBLIC_PUT would take this; from now on, until
     *                    the session ends, no manifest is installed and nothing provisioned. BAD_NAME: not the name of a public key
     *                    that belongs to a certificate. BAD_FORMAT NOT_SUPPORTED: the key. EXISTS: the name stands for
     *                    a secret. BAD_STATE: a manifest is installed in part */
    KM_CRYPTO_CMD_PUBLIC_HOLD = 0x93,
    /* PUBLIC_PUT         mi(name) mi(SubjectPublicKeyInfo) - -
     *                    as before, sealed or not, held or not. The key takes the place of the one that is there and has its policy; a
     *                    new one is provisioned. Again: nothing happens */
    KM_CRYPTO_CMD_PUBLIC_PUT = 0x94,

    /* TELL_PRIVATE       vi(a key) mo(private value or octets) - -    exists in the test build alone, which is never installed */
    KM_CRYPTO_CMD_TELL_PRIVATE = 0x7f,
};

#endif
