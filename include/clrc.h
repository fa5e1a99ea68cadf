/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrc: keys and cryptographic operations in the trusted service.
 *
 * Handles stand for things that live in the crypto trusted application; key bytes never come back
 * unless a key was created exportable. The library connects on first use, keeps a pool of sessions
 * so that threads run in parallel, survives fork, and reconnects when the service was away.
 *
 * Conventions. Every function returns a ClrcResult: CLRC_SUCCESS or one of CLRC_ERROR_...; outputs
 * are written only on success except where said. Buffers are borrowed for the call. A length that
 * comes back: on entry room in octets, on success octets written, with CLRC_ERROR_SHORT_BUFFER
 * octets needed (a NULL buffer with room 0 asks for it). Strings are UTF-8 and end with a NUL.
 * Threads: every function may be called from any thread, and a key or password handle may be shared
 * by threads as long as nobody frees it meanwhile; an operation handle is one thread's at a time.
 * Named keys and one-shot calls run in parallel; an ephemeral key or an operation lives in one
 * session, and calls with it queue. Every call may block until the service answers. clrcLastError
 * tells more about the last failure of the calling thread.
 *
 * When the session ends (the service or its instance died, or this is a forked child), handles of
 * named keys stay good: the key is loaded anew where it is needed. Ephemeral keys are gone
 * (CLRC_ERROR_KEY_GONE), as are operations (CLRC_ERROR_SERVICE_DIED). A call that was under way is
 * repeated once by itself when that can do no harm; else it answers CLRC_ERROR_SERVICE_DIED and may
 * or may not have happened. Password handles do not survive fork, nor do handles of named keys
 * loaded with one (CLRC_ERROR_PASSWORD): a child gets no copy of its parent's secrets.
 */
#ifndef CLRC_H
#define CLRC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CLRC_API __attribute__((visibility("default")))
#else
#define CLRC_API
#endif

typedef uint32_t ClrcResult;

#define CLRC_SUCCESS 0x00000000u
#define CLRC_ERROR_GENERIC 0xffff0000u        /* something unforeseen; see clrcLastError */
#define CLRC_ERROR_BAD_PARAMETERS 0xffff0001u /* an argument is wrong */
#define CLRC_ERROR_BAD_NAME 0xffff0002u       /* empty, longer than CLRC_NAME_MAX or not UTF-8 */
#define CLRC_ERROR_BAD_FORMAT 0xffff0003u   /* key or package data do not have the promised form */
#define CLRC_ERROR_SHORT_BUFFER 0xffff0004u /* the length now says how much is needed */
#define CLRC_ERROR_TOO_LARGE 0xffff0005u    /* beyond a documented limit */
#define CLRC_ERROR_OUT_OF_MEMORY 0xffff0006u
#define CLRC_ERROR_NO_SPACE 0xffff0007u      /* the store's disk is full; nothing was changed */
#define CLRC_ERROR_NOT_FOUND 0xffff0008u     /* no such key or password object */
#define CLRC_ERROR_EXISTS 0xffff0009u        /* the name is taken */
#define CLRC_ERROR_NOT_SUPPORTED 0xffff000au /* algorithm, size or curve is not offered */
#define CLRC_ERROR_BUSY 0xffff000bu          /* somebody else is changing it */
#define CLRC_ERROR_CANCELLED 0xffff000cu
#define CLRC_ERROR_STATE 0xffff000du   /* not in this state of the handle */
#define CLRC_ERROR_FILE 0xffff0180u    /* a file can't be read or written */
#define CLRC_ERROR_CORRUPT 0xffff000eu /* stored data are damaged or were put back */
#define CLRC_ERROR_ACCESS_DENIED                                                                   \
    0xffff0101u                          /* not allowed for this caller, or by the key's policy */
#define CLRC_ERROR_PASSWORD 0xffff0102u  /* a password is needed, or this one is wrong */
#define CLRC_ERROR_THROTTLED 0xffff0103u /* too many wrong passwords: wait (clrcPasswordWait) */
#define CLRC_ERROR_NOT_EXPORTABLE 0xffff0104u /* the private part does not leave the service */
#define CLRC_ERROR_IMMUTABLE 0xffff0105u      /* a provisioned key can't be changed or deleted */
#define CLRC_ERROR_EXPIRED 0xffff0106u        /* the key's last day has passed */
#define CLRC_ERROR_USED_UP 0xffff0107u        /* the key's uses are spent */
#define CLRC_ERROR_SIGNATURE 0xffff0108u      /* signature does not fit */
#define CLRC_ERROR_MAC 0xffff0109u            /* tag or MAC does not fit */
#define CLRC_ERROR_KEY_GONE 0xffff010au /* deleted or replaced meanwhile, or its session is over */
#define CLRC_ERROR_ROLLBACK 0xffff0110u /* older than what the device has taken before */
#define CLRC_ERROR_SIGNER 0xffff0111u   /* signed by another than the one who is trusted */
#define CLRC_ERROR_REPLAYED                                                                        \
    0xffff0120u /* a command that was obeyed before, or is older than one that was */
#define CLRC_ERROR_NUMBER                                                                          \
    0xffff0121u /* a command without a sequence, where only numbered ones are obeyed */
#define CLRC_ERROR_REVOKED 0xffff0122u /* the certificate is on the revocation list */
#define CLRC_ERROR_LOCKOUT                                                                         \
    0xffff0123u /* a command certificate after which no command could be verified */
#define CLRC_ERROR_KEY_MISMATCH                                                                    \
    0xffff0124u /* a device certificate for another key than the device's */
#define CLRC_ERROR_NOT_AUTHORITY 0xffff0125u /* the certificate is not one of an authority */
#define CLRC_ERROR_TARGET 0xffff0190u        /* a payload package for another target */
#define CLRC_ERROR_DOWNGRADE                                                                       \
    0xffff0191u /* a payload package older than wanted, or than one seen here */
#define CLRC_ERROR_OTHER_DEVICE 0xffff0181u  /* the package was made for another device key */
#define CLRC_ERROR_NOT_YET_VALID 0xffff0182u /* its first day has not come */
#define CLRC_ERROR_OTHER_OBJECT                                                                    \
    0xffff0183u /* the data are not those that the identifier was made for */
#define CLRC_ERROR_NO_SERVICE 0xffff0201u /* keymoord can't be reached */
#define CLRC_ERROR_SERVICE_DIED                                                                    \
    0xffff0202u /* the session ended during the call; the next call reconnects */

typedef struct clrc_key *ClrcKeyHandle;
typedef struct clrc_password *ClrcPasswordHandle;
typedef struct clrc_operation *ClrcOperationHandle;
typedef struct clrc_object *ClrcOpaqueObjectHandle;

#define CLRC_NAME_MAX 63u /* octets of a key's or password object's name, NUL not counted */
#define CLRC_PASSWORD_MAX 256u
#define CLRC_PACKAGE_MAX 8192u /* octets of an opaque key package or object identifier */
#define CLRC_DATA_MAX                                                                              \
    0x04000000u /* octets of data in one call; more in an operation of several parts */

/* Provisioned keys. */
#define CLRC_OEM_PUBLIC_KEY "com.seqlabs.oem_pub_key"
#define CLRC_OEM_CLOUD_PUBLIC_KEY "com.seqlabs.oem_cloud_pub_key"
#define CLRC_OEM_PAYLOAD_PUBLIC_KEY "com.seqlabs.oem_payload_pub_key"
#define CLRC_OEM_COMMAND_PUBLIC_KEY "com.seqlabs.oem_command_pub_key"
#define CLRC_OEM_DEVICE_PUBLIC_KEY "com.seqlabs.oem_device_pub_key"
#define CLRC_OEM_DEVICE_PRIVATE_KEY "com.seqlabs.oem_device_key"
#define CLRC_EMPOWER_PUBLIC_KEY "com.seqlabs.emp_pub_key"
#define CLRC_EMPOWER_CLOUD_PUBLIC_KEY "com.seqlabs.emp_cloud_pub_key"
#define CLRC_EMPOWER_DEVICE_PUBLIC_KEY "com.seqlabs.emp_device_pub_key"
#define CLRC_EMPOWER_DEVICE_PRIVATE_KEY "com.seqlabs.emp_device_key"

typedef enum ClrcKeyType {
    KEY_NONE = 0,
    KEY_AES,            /* 128, 192, 256 bits */
    KEY_HMAC,           /* 64 to 4096 bits, whole octets */
    KEY_GENERIC_SECRET, /* input to HKDF; whole octets, to 4096 bits */
    KEY_RSA_PUBLIC,     /* 2048 to 4096 bits */
    KEY_RSA_KEYPAIR,
    KEY_ECDSA_PUBLIC, /* P-192 (old signatures only), P-224, P-256, P-384, P-521: 192 to 521 bits */
    KEY_ECDSA_KEYPAIR,
    KEY_ECDH_PUBLIC,
    KEY_ECDH_KEYPAIR,
    KEY_EC_DUAL_PUBLIC, /* both ECDSA and ECDH, as the provisioned device keys are */
    KEY_EC_DUAL_KEYPAIR,
    KEY_DES3,       /* 128 (two keys) or 192 bits; each octet of odd parity, all parts different */
    KEY_DSA_PUBLIC, /* 1024 (old signatures only), 2048, 3072 bits */
    KEY_DSA_KEYPAIR,
    KEY_DH_PUBLIC, /* 2048, 3072, 4096 bits */
    KEY_DH_KEYPAIR,
    KEY_ED25519_PUBLIC, /* 256 bits, as the next three */
    KEY_ED25519_KEYPAIR,
    KEY_X25519_PUBLIC,
    KEY_X25519_KEYPAIR,
    KEY_CHACHA20,     /* 256 bits */
    KEY_ED448_PUBLIC, /* 448 bits, as the next three */
    KEY_ED448_KEYPAIR,
    KEY_X448_PUBLIC,
    KEY_X448_KEYPAIR,
} ClrcKeyType;

/* What a key may be used for; 0 in a template means all that its type allows. */
#define CLRC_USAGE_ENCRYPT 0x00000001u
#define CLRC_USAGE_DECRYPT 0x00000002u
#define CLRC_USAGE_SIGN 0x00000004u
#define CLRC_USAGE_VERIFY 0x00000008u
#define CLRC_USAGE_MAC 0x00000010u
#define CLRC_USAGE_DERIVE 0x00000020u
/*
 * An AES key that wraps or unwraps other keys does nothing else: these two go with no other usage, and 0 does not include them.
 * An RSA key may have them beside others. With CLRC_USAGE_UNWRAP and without CLRC_USAGE_DECRYPT it shows nobody what it unwraps.
 */
#define CLRC_USAGE_WRAP 0x00000040u
#define CLRC_USAGE_UNWRAP 0x00000080u

/* Flags fixed when a key is made. */
#define CLRC_ATTR_EXPORT_AS_PLAIN 0x00000001u /* the private part may be exported; off by default */
#define CLRC_ATTR_SHARED 0x00000002u /* every caller may use the saved key, not its owner alone */
#define CLRC_ATTR_AUDIT_EACH_USE 0x00000004u /* one audit record a use, not one a session */
#define CLRC_ATTR_WRAPPABLE                                                                        \
    0x00000008u /* may leave wrapped under a key that never leaves (clrcWrapKey); not with max_uses */

/* Who may use a saved key besides its owner and the administrator; every field set must fit. */
typedef struct ClrcGrant {
    uint32_t fields; /* CLRC_GRANT_... */
    uint32_t uid, gid;
    uint8_t exe_sha256[32]; /* digest of the caller's executable */
    char unit[64];          /* systemd unit */
} ClrcGrant;
#define CLRC_GRANT_UID 0x1u
#define CLRC_GRANT_GID 0x2u
#define CLRC_GRANT_EXE 0x4u
#define CLRC_GRANT_UNIT 0x8u
#define CLRC_GRANTS_MAX 8u

/* Wishes for a key to be made or imported. All zero but type and bits is the safe default. */
typedef struct ClrcKeyTemplate {
    ClrcKeyType type;
    uint32_t bits;       /* size or curve; 0 on import means as in the data */
    uint32_t usage;      /* CLRC_USAGE_..., 0 for all */
    uint32_t attributes; /* CLRC_ATTR_... flags */
    uint64_t max_uses;   /* 0: unlimited; counted persistently once the key is saved */
    uint64_t not_after;  /* seconds since 1970 by the service's clock; 0: never expires */
    const ClrcGrant *grants;
    uint32_t n_grants; /* at most CLRC_GRANTS_MAX */
} ClrcKeyTemplate;

/* What can be asked of a key. */
typedef struct ClrcKeyInfo {
    ClrcKeyType type;
    uint32_t bits;
    uint32_t usage;
    uint32_t attributes;
    uint64_t max_uses, uses_left;
    uint64_t not_after;
    uint32_t owner_uid;
    uint8_t is_saved, is_provisioned, is_immutable, has_password;
    uint8_t id[16];               /* unique for each key ever made */
    char name[CLRC_NAME_MAX + 1]; /* "" when not saved */
    char password_name[CLRC_NAME_MAX + 1];
    char storage[16]; /* where it lives: "soft", later the root's name */
} ClrcKeyInfo;

/* Single components of a key, big-endian; the private ones only of exportable keys. */
typedef enum ClrcAttribute {
    CLRC_ATTR_RSA_MODULUS = 1,
    CLRC_ATTR_RSA_PUBLIC_EXPONENT,
    CLRC_ATTR_RSA_PRIVATE_EXPONENT,
    CLRC_ATTR_RSA_PRIME1,
    CLRC_ATTR_RSA_PRIME2,
    CLRC_ATTR_RSA_EXPONENT1,
    CLRC_ATTR_RSA_EXPONENT2,
    CLRC_ATTR_RSA_COEFFICIENT,
    CLRC_ATTR_ECC_CURVE,          /* uint32_t bits, native order */
    CLRC_ATTR_ECC_PUBLIC_VALUE_X, /* padded to the curve's size */
    CLRC_ATTR_ECC_PUBLIC_VALUE_Y,
    CLRC_ATTR_ECC_PRIVATE_VALUE,
    CLRC_ATTR_SECRET_VALUE, /* symmetric keys */
    CLRC_ATTR_DSA_PRIME,
    CLRC_ATTR_DSA_SUBPRIME,
    CLRC_ATTR_DSA_BASE,
    CLRC_ATTR_DSA_PUBLIC_VALUE,
    CLRC_ATTR_DSA_PRIVATE_VALUE,
    CLRC_ATTR_DH_PRIME,
    CLRC_ATTR_DH_SUBPRIME,
    CLRC_ATTR_DH_BASE,
    CLRC_ATTR_DH_PUBLIC_VALUE,
    CLRC_ATTR_DH_PRIVATE_VALUE,
    CLRC_ATTR_ED25519_PUBLIC_VALUE, /* 32 octets as RFC 8032 has them */
    CLRC_ATTR_ED25519_PRIVATE_VALUE,
    CLRC_ATTR_X25519_PUBLIC_VALUE, /* 32 octets as RFC 7748 has them */
    CLRC_ATTR_X25519_PRIVATE_VALUE,
    CLRC_ATTR_ED448_PUBLIC_VALUE, /* 57 octets as RFC 8032 has them */
    CLRC_ATTR_ED448_PRIVATE_VALUE,
    CLRC_ATTR_X448_PUBLIC_VALUE, /* 56 octets as RFC 7748 has them */
    CLRC_ATTR_X448_PRIVATE_VALUE,
} ClrcAttribute;

typedef struct ClrcAttributeValue {
    ClrcAttribute attribute;
    uint32_t length;
    const void *data;
} ClrcAttributeValue;

typedef enum ClrcAlgorithm {
    CLRC_ALG_NONE = 0,
    /* digests */
    CLRC_SHA1 = 0x100,
    CLRC_SHA224,
    CLRC_SHA256,
    CLRC_SHA384,
    CLRC_SHA512,
    CLRC_MD5, /* broken for signatures; for old formats */
    CLRC_SHA3_224,
    CLRC_SHA3_256,
    CLRC_SHA3_384,
    CLRC_SHA3_512,
    CLRC_SHAKE128, /* SHAKE: as many octets as there is room for; asked with room 0: 32 and 64 */
    CLRC_SHAKE256,
    /* ciphers, no padding; CTR counts a 128-bit big-endian block */
    CLRC_AES_ECB_NOPAD = 0x200,
    CLRC_AES_CBC_NOPAD,
    CLRC_AES_CTR,
    CLRC_AES_OFB,
    CLRC_AES_CFB_128,
    CLRC_AES_XTS_NOPAD, /* key of 256 or 512 bits: two keys side by side; at least 16 octets of data */
    CLRC_AES_CTS,       /* CBC with ciphertext stealing, CS3 as in RFC 3962; at least 16 octets */
    CLRC_DES3_ECB_NOPAD,
    CLRC_DES3_CBC_NOPAD,
    CLRC_DES3_OFB,
    CLRC_DES3_CFB_64,
    /* authenticated encryption */
    CLRC_AES_GCM = 0x300,
    CLRC_AES_CCM,           /* nonce 7 to 13 octets, tag 12, 14, 16 */
    CLRC_CHACHA20_POLY1305, /* RFC 8439: nonce 12, tag 16 octets */
    /* key wrap: clrcWrapKey, clrcUnwrapKey; for data clrcCipher without an IV */
    CLRC_AES_KW = 0x310, /* RFC 3394: whole 8 octets, at least 16 */
    CLRC_AES_KWP,        /* RFC 5649: any length */
    /* MACs */
    CLRC_AES_CMAC = 0x400,
    CLRC_HMAC_SHA1,
    CLRC_HMAC_SHA224,
    CLRC_HMAC_SHA256,
    CLRC_HMAC_SHA384,
    CLRC_HMAC_SHA512,
    CLRC_HMAC_MD5,
    CLRC_HMAC_SHA3_224,
    CLRC_HMAC_SHA3_256,
    CLRC_HMAC_SHA3_384,
    CLRC_HMAC_SHA3_512,
    CLRC_DES3_CMAC,
    /* signatures over a digest; PSS salt is as long as the digest unless said otherwise */
    CLRC_RSASSA_PKCS1_V1_5_SHA1 = 0x500,
    CLRC_RSASSA_PKCS1_V1_5_SHA224,
    CLRC_RSASSA_PKCS1_V1_5_SHA256,
    CLRC_RSASSA_PKCS1_V1_5_SHA384,
    CLRC_RSASSA_PKCS1_V1_5_SHA512,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA1,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA224,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA256,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA384,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA512,
    CLRC_ECDSA, /* curve from the key; signature is DER (SEQUENCE of r and s); any digest length to 64 */
    CLRC_RSASSA_PKCS1_V1_5_MD5,
    CLRC_DSA_SHA1, /* DSA signatures are DER, as ECDSA's */
    CLRC_DSA_SHA224,
    CLRC_DSA_SHA256,
    CLRC_ED25519,             /* over the message itself, not a digest */
    CLRC_ECDSA_DETERMINISTIC, /* ECDSA with the nonce of RFC 6979; verifies like CLRC_ECDSA */
    CLRC_RSASSA_PKCS1_V1_5_SHA3_224,
    CLRC_RSASSA_PKCS1_V1_5_SHA3_256,
    CLRC_RSASSA_PKCS1_V1_5_SHA3_384,
    CLRC_RSASSA_PKCS1_V1_5_SHA3_512,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_224,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_256,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_384,
    CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_512,
    CLRC_ED448, /* over the message itself, without a context */
    /* asymmetric encryption */
    CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1 = 0x600,
    CLRC_RSAES_PKCS1_OAEP_MGF1_SHA224,
    CLRC_RSAES_PKCS1_OAEP_MGF1_SHA256,
    CLRC_RSAES_PKCS1_OAEP_MGF1_SHA384,
    CLRC_RSAES_PKCS1_OAEP_MGF1_SHA512,
    CLRC_RSAES_PKCS1_V1_5,
    CLRC_RSA_NOPAD, /* the bare RSA operation on a number below the modulus */
    /* agreement and derivation */
    CLRC_ECDH = 0x700,
    CLRC_HKDF_SHA1,
    CLRC_HKDF_SHA224,
    CLRC_HKDF_SHA256,
    CLRC_HKDF_SHA384,
    CLRC_HKDF_SHA512,
    CLRC_DH_DERIVE_SHARED_SECRET,
    CLRC_X25519,
    CLRC_HKDF_MD5,
    CLRC_CONCAT_KDF_SHA1,
    CLRC_CONCAT_KDF_SHA224,
    CLRC_CONCAT_KDF_SHA256,
    CLRC_CONCAT_KDF_SHA384,
    CLRC_CONCAT_KDF_SHA512,
    CLRC_PBKDF2_HMAC_SHA1,
    CLRC_PBKDF2_HMAC_SHA224,
    CLRC_PBKDF2_HMAC_SHA256,
    CLRC_PBKDF2_HMAC_SHA384,
    CLRC_PBKDF2_HMAC_SHA512,
    CLRC_HKDF_EXTRACT_SHA1, /* the first step of HKDF alone */
    CLRC_HKDF_EXTRACT_SHA224,
    CLRC_HKDF_EXTRACT_SHA256,
    CLRC_HKDF_EXTRACT_SHA384,
    CLRC_HKDF_EXTRACT_SHA512,
    CLRC_HKDF_EXPAND_SHA1, /* the second: of a key that is even already, no salt */
    CLRC_HKDF_EXPAND_SHA224,
    CLRC_HKDF_EXPAND_SHA256,
    CLRC_HKDF_EXPAND_SHA384,
    CLRC_HKDF_EXPAND_SHA512,
    CLRC_X448,
} ClrcAlgorithm;

typedef enum ClrcMode {
    CLRC_MODE_ENCRYPT = 1,
    CLRC_MODE_DECRYPT,
    CLRC_MODE_SIGN,
    CLRC_MODE_VERIFY,
    CLRC_MODE_MAC,
    CLRC_MODE_DIGEST,
} ClrcMode;

/* ---- the library ---- */

/* clrcResultText: one plain sentence for a result; static storage. */
CLRC_API const char *clrcResultText(ClrcResult result);
/* clrcLastError: what the calling thread's last failed call attempted; valid until its next call. */
CLRC_API const char *clrcLastError(void);
/* clrcSetSocket: where keymoord listens, instead of $KEYMOOR_SOCKET or the default; before the first call. */
CLRC_API ClrcResult clrcSetSocket(const char *path);
/* clrcAlgorithmSupported: CLRC_SUCCESS or CLRC_ERROR_NOT_SUPPORTED (bits 0: any). */
CLRC_API ClrcResult clrcAlgorithmSupported(ClrcAlgorithm algorithm, uint32_t bits);
/* clrcAlgorithmByName / clrcAlgorithmName: "AES_CTR", "HMAC_SHA256", ... and back. */
CLRC_API ClrcAlgorithm clrcAlgorithmByName(const char *name);
CLRC_API const char *clrcAlgorithmName(ClrcAlgorithm algorithm);
/* clrcKeyTypeByName / clrcKeyTypeName: "KEY_ECDSA_KEYPAIR", ... and back. */
CLRC_API ClrcKeyType clrcKeyTypeByName(const char *name);
CLRC_API const char *clrcKeyTypeName(ClrcKeyType type);
/* clrcShutdown: closes idle sessions; never needed, and calls may follow. */
CLRC_API void clrcShutdown(void);

/* ---- keys ---- */

/*
 * clrcCreateKey: makes an ephemeral key in the service. KEY_DH_KEYPAIR gets the group of RFC 7919 of its bits; KEY_DSA_KEYPAIR
 * needs parameters (CLRC_ERROR_BAD_PARAMETERS): clrcCreateKeyWith.
 */
CLRC_API ClrcResult clrcCreateKey(const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey);
/*
 * clrcCreateKeyWith: a KEY_DSA_KEYPAIR or KEY_DH_KEYPAIR in a group of the caller's choice: PRIME, SUBPRIME and BASE; DH needs no
 * SUBPRIME in the groups of RFC 7919 and RFC 3526. The order of BASE is checked to be SUBPRIME, a prime of 160 to 512 bits; that
 * PRIME is one is the caller's word. CLRC_ERROR_BAD_FORMAT, CLRC_ERROR_NOT_SUPPORTED (sizes).
 */
CLRC_API ClrcResult clrcCreateKeyWith(const ClrcKeyTemplate *wish, const ClrcAttributeValue *values,
                                      uint32_t n_values, ClrcKeyHandle *hKey);
/* clrcCreateKeyWithDer: the same with Dss-Parms (RFC 3279) or DHParameter (PKCS#3) in DER. */
CLRC_API ClrcResult clrcCreateKeyWithDer(const ClrcKeyTemplate *wish, const uint8_t *parameters,
                                         uint32_t length, ClrcKeyHandle *hKey);
/*
 * clrcImportKeyRaw: a symmetric key's octets. The caller's copy stays the caller's to wipe. CLRC_ERROR_BAD_FORMAT: a DES3 key with an
 * octet of even parity, or with two parts alike.
 */
CLRC_API ClrcResult clrcImportKeyRaw(const ClrcKeyTemplate *wish, const uint8_t *key,
                                     uint32_t length, ClrcKeyHandle *hKey);
/*
 * clrcImportKeyDer: SubjectPublicKeyInfo for public types; PKCS#8 for key pairs, SEC 1 and PKCS#1 too
 * (the public part is computed when it is missing and checked when it is there).
 */
CLRC_API ClrcResult clrcImportKeyDer(const ClrcKeyTemplate *wish, const uint8_t *der,
                                     uint32_t length, ClrcKeyHandle *hKey);
CLRC_API ClrcResult clrcImportKeyAttributes(const ClrcKeyTemplate *wish,
                                            const ClrcAttributeValue *values, uint32_t n_values,
                                            ClrcKeyHandle *hKey);
/* clrcExportPublicKey: SubjectPublicKeyInfo (RFC 5280) in DER. */
CLRC_API ClrcResult clrcExportPublicKey(ClrcKeyHandle hKey, uint8_t *der, uint32_t *length);
/* clrcExportKey: PKCS#8 in DER, or the octets of a symmetric key; CLRC_ERROR_NOT_EXPORTABLE for all others. */
CLRC_API ClrcResult clrcExportKey(ClrcKeyHandle hKey, uint8_t *data, uint32_t *length);
CLRC_API ClrcResult clrcGetKeyAttribute(ClrcKeyHandle hKey, ClrcAttribute attribute, void *data,
                                        uint32_t *length);
CLRC_API ClrcResult clrcGetKeyInfo(ClrcKeyHandle hKey, ClrcKeyInfo *info);
/*
 * clrcCopyKey: a new ephemeral key of the same octets, for the key's owner and the administrator. wish has its type and may take away
 * usages (0: those it has) and CLRC_ATTR_EXPORT_AS_PLAIN or CLRC_ATTR_WRAPPABLE, and end it sooner: CLRC_ERROR_ACCESS_DENIED for
 * more than the first may do, and for a key whose uses are counted. CLRC_ERROR_IMMUTABLE: a provisioned key.
 */
CLRC_API ClrcResult clrcCopyKey(ClrcKeyHandle hKey, const ClrcKeyTemplate *wish,
                                ClrcKeyHandle *hCopy);
/*
 * clrcKeyCheckValue: three octets that tell a symmetric key from others, as PKCS#11 has them: of AES and DES3 the first of an
 * encrypted block of zeros, of others those of its SHA-1. CLRC_ERROR_NOT_SUPPORTED: not symmetric, or shorter than 128 bits and not
 * exportable.
 */
CLRC_API ClrcResult clrcKeyCheckValue(ClrcKeyHandle hKey, uint8_t check_value[3]);
/* clrcFreeKey: ends the handle; an ephemeral key is gone. NULL is allowed. */
CLRC_API void clrcFreeKey(ClrcKeyHandle hKey);

/*
 * clrcSaveNamedKey: stores the key under a new name (CLRC_ERROR_EXISTS), wrapped under the password object when
 * hPassword is not NULL. On success the handle stands for the saved key. Names that begin with "com.seqlabs." are the
 * administrator's (CLRC_ERROR_ACCESS_DENIED for others).
 */
CLRC_API ClrcResult clrcSaveNamedKey(ClrcKeyHandle hKey, const char *name,
                                     ClrcPasswordHandle hPassword);
/* clrcLoadNamedKey: hPassword NULL for a key without one; CLRC_ERROR_PASSWORD when it needs one or another. */
CLRC_API ClrcResult clrcLoadNamedKey(const char *name, ClrcPasswordHandle hPassword,
                                     ClrcKeyHandle *hKey);
/* clrcDeleteNamedKey: CLRC_ERROR_IMMUTABLE for provisioned keys. Owner or administrator only. */
CLRC_API ClrcResult clrcDeleteNamedKey(const char *name, ClrcPasswordHandle hPassword);
/* clrcDescribeNamedKey: its info without loading it or knowing its password. */
CLRC_API ClrcResult clrcDescribeNamedKey(const char *name, ClrcKeyInfo *info);
/* clrcListNamedKeys: calls seen once per key the caller may use until it answers 0. password_name not NULL: only keys under that password object. */
CLRC_API ClrcResult clrcListNamedKeys(const char *password_name,
                                      int (*seen)(void *arg, const ClrcKeyInfo *info), void *arg);

#define CLRC_NOTE_MAX 1024u
/*
 * clrcSaveNamedKeyNoted: clrcSaveNamedKey, and a note of 1 to CLRC_NOTE_MAX octets with it in one step. The service keeps notes as they
 * are, and shows them to those who may use the key; they mean something to clients alone and say nothing about what the key may do.
 */
CLRC_API ClrcResult clrcSaveNamedKeyNoted(ClrcKeyHandle hKey, const char *name,
                                          ClrcPasswordHandle hPassword, const uint8_t *note,
                                          uint32_t length);
/*
 * clrcSetKeyNote: another note, for the owner and the administrator. id: of the key that is meant (CLRC_ERROR_KEY_GONE when the name
 * stands for another). CLRC_ERROR_IMMUTABLE: a provisioned key. Length 0: none.
 */
CLRC_API ClrcResult clrcSetKeyNote(const char *name, const uint8_t id[16], const uint8_t *note,
                                   uint32_t length);
/* clrcListNotedKeys: clrcListNamedKeys of all, each with its note. */
CLRC_API ClrcResult clrcListNotedKeys(int (*seen)(void *arg, const ClrcKeyInfo *info,
                                                  const uint8_t *note, uint32_t length),
                                      void *arg);

/* ---- data objects ---- */

#define CLRC_OBJECT_DATA_MAX 4096u
/*
 * clrcSaveData: small octets under a name of their own (keys have other names), which the caller and the administrator see. note
 * as for keys; hPassword NULL or the password object that the content is wrapped under. replace not 0: in the place of what the
 * caller has there, if anything. CLRC_ERROR_EXISTS, CLRC_ERROR_ACCESS_DENIED (somebody else's), CLRC_ERROR_TOO_LARGE.
 */
typedef struct ClrcData {
    const uint8_t *note;
    uint32_t note_length;
    const uint8_t *content;
    uint32_t content_length;
} ClrcData;
CLRC_API ClrcResult clrcSaveData(const char *name, const ClrcData *data,
                                 ClrcPasswordHandle hPassword, uint32_t replace);
CLRC_API ClrcResult clrcLoadData(const char *name, ClrcPasswordHandle hPassword, uint8_t *content,
                                 uint32_t *length);
CLRC_API ClrcResult clrcDeleteData(const char *name, ClrcPasswordHandle hPassword);
/* clrcListObjects: clrcListNotedKeys and clrcListData in one; a data object is of type KEY_NONE. */
CLRC_API ClrcResult clrcListObjects(int (*seen)(void *arg, const ClrcKeyInfo *info,
                                                const uint8_t *note, uint32_t length),
                                    void *arg);
/*
 * clrcStorageState: which state the service's store of keys and data is in: how many changes there were so far, and octets that are others
 * after each. The same octets twice: no list would be another one. It tells of whatever the service keeps there, for whoever,
 * so it also changes when nothing did that the caller can see. CLRC_ERROR_NOT_SUPPORTED: this service does not tell.
 */
#define CLRC_STORAGE_STATE_LEN 16u
typedef struct ClrcStorageState {
    uint64_t n_changes;
    uint8_t octets[CLRC_STORAGE_STATE_LEN];
} ClrcStorageState;
CLRC_API ClrcResult clrcStorageState(ClrcStorageState *state);
/* clrcListData: as clrcListNotedKeys; of the info, name, password, id and owner count, and bits are the content's octets. */
CLRC_API ClrcResult clrcListData(int (*seen)(void *arg, const ClrcKeyInfo *info,
                                             const uint8_t *note, uint32_t length),
                                 void *arg);

/* ---- passwords: named objects of their own; one may guard many keys ---- */

/* clrcCreatePassword: stores a new password object (CLRC_ERROR_EXISTS). length 1 to CLRC_PASSWORD_MAX octets. */
CLRC_API ClrcResult clrcCreatePassword(const char *name, const uint8_t *password, uint32_t length);
/*
 * clrcLoadPassword: checks the password in the service: CLRC_ERROR_PASSWORD, and after repeated failures
 * CLRC_ERROR_THROTTLED until a growing wait is over (it survives restarts). The library keeps the password in
 * locked memory while the handle lives.
 */
CLRC_API ClrcResult clrcLoadPassword(const char *name, const uint8_t *password, uint32_t length,
                                     ClrcPasswordHandle *hPassword);
/*
 * clrcCreateRecoverablePassword: clrcCreatePassword, with a second, recovery password. It loads nothing: it is for setting a new
 * password. length 0: a random password that nobody knows, until clrcChangePassword.
 */
CLRC_API ClrcResult clrcCreateRecoverablePassword(const char *name, const uint8_t *password,
                                                  uint32_t length, const uint8_t *recovery,
                                                  uint32_t recovery_length);
typedef enum ClrcWhichPassword {
    CLRC_OWN_PASSWORD = 0,
    CLRC_RECOVERY_PASSWORD = 1, /* CLRC_ERROR_STATE: the object has none */
} ClrcWhichPassword;
typedef struct ClrcPasswordGiven {
    ClrcWhichPassword which;
    const uint8_t *password;
    uint32_t length;
} ClrcPasswordGiven;
/* clrcCheckPassword: a guess, counted as in clrcLoadPassword; those of the recovery password apart. */
CLRC_API ClrcResult clrcCheckPassword(const char *name, const ClrcPasswordGiven *given);
/*
 * clrcChangePassword: `to` in the place of that password, for who gives either of the two. Keys under the object stay. Handles that
 * were loaded with the old password work on until they are presented to a new session. to->length 0: a random one.
 */
CLRC_API ClrcResult clrcChangePassword(const char *name, const ClrcPasswordGiven *by,
                                       const ClrcPasswordGiven *to);
/* clrcPasswordWait: seconds until the next guess is taken; 0 for at once. */
CLRC_API ClrcResult clrcPasswordWait(const char *name, uint32_t *seconds);
/* clrcDeletePassword: CLRC_ERROR_BUSY while keys are wrapped under it. */
CLRC_API ClrcResult clrcDeletePassword(const char *name, const uint8_t *password, uint32_t length);
CLRC_API ClrcResult clrcListPasswords(int (*seen)(void *arg, const char *name), void *arg);
CLRC_API void clrcFreePassword(ClrcPasswordHandle hPassword);

/* ---- one-shot operations ---- */

CLRC_API ClrcResult clrcRandom(uint8_t *out, uint32_t length);
/*
 * clrcAddRandom: mixes octets into the random generators of one of the instances that serve this process, beside what they seed
 * themselves with. They count for nothing: whoever chose them, what is drawn afterwards is as hard to guess as before.
 */
CLRC_API ClrcResult clrcAddRandom(const uint8_t *octets, uint32_t length);
/*
 * clrcDigest: SHAKE gives as many octets as digest_length has room for, at most 4096 (CLRC_ERROR_TOO_LARGE); asked with no room
 * it names 32 (SHAKE128) or 64.
 */
CLRC_API ClrcResult clrcDigest(ClrcAlgorithm algorithm, const uint8_t *data, size_t length,
                               uint8_t *digest, uint32_t *digest_length);
/*
 * clrcSignDigest: digest made by the caller; its length must fit the algorithm: any to 64 octets for CLRC_ECDSA, a SHA-1 or SHA-2
 * digest for CLRC_ECDSA_DETERMINISTIC. CLRC_ED25519 and CLRC_ED448 take the message in its place, to 4096 octets (more in
 * parts).
 */
CLRC_API ClrcResult clrcSignDigest(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                   const uint8_t *digest, uint32_t digest_length,
                                   uint8_t *signature, uint32_t *signature_length);
CLRC_API ClrcResult clrcVerifyDigest(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                     const uint8_t *digest, uint32_t digest_length,
                                     const uint8_t *signature, uint32_t signature_length);
/* clrcSignDigestPss: as above with a salt of salt_length octets (CLRC_RSASSA_PKCS1_PSS_... only). */
CLRC_API ClrcResult clrcSignDigestPss(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                      uint32_t salt_length, const uint8_t *digest,
                                      uint32_t digest_length, uint8_t *signature,
                                      uint32_t *signature_length);
/* clrcVerifyDigestPss: the salt must have this length. */
CLRC_API ClrcResult clrcVerifyDigestPss(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                        uint32_t salt_length, const uint8_t *digest,
                                        uint32_t digest_length, const uint8_t *signature,
                                        uint32_t signature_length);
CLRC_API ClrcResult clrcMac(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *data,
                            size_t length, uint8_t *mac, uint32_t *mac_length);
/* clrcVerifyMac: compared inside the service in constant time. */
CLRC_API ClrcResult clrcVerifyMac(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *data,
                                  size_t length, const uint8_t *mac, uint32_t mac_length);
/*
 * clrcCipher: whole message; in and out may be the same buffer; iv NULL for ECB and key wrap, else one block (16 octets, 8 for
 * DES3). CTR and OFB need CLRC_USAGE_ENCRYPT and CLRC_USAGE_DECRYPT in either mode, CFB to decrypt: their decryption is, or
 * gives, encryption. XTS takes at most 16 MiB. CLRC_AES_KW and CLRC_AES_KWP wrap data: to 4096 octets, 8 (KWP: to 15) more come
 * out; CLRC_ERROR_MAC: this was not wrapped so, and out is untouched.
 */
CLRC_API ClrcResult clrcCipher(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, ClrcMode mode,
                               const uint8_t *iv, uint32_t iv_length, const uint8_t *in,
                               size_t length, uint8_t *out, size_t *out_length);
typedef struct ClrcAead {
    const uint8_t *nonce;
    uint32_t nonce_length;
    const uint8_t *aad;
    size_t aad_length;
} ClrcAead;
/* clrcAeadEncrypt / Decrypt: tag apart, 12 to 16 octets. Decrypt writes nothing to out when the tag does not fit. */
CLRC_API ClrcResult clrcAeadEncrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                    const ClrcAead *aead, const uint8_t *in, size_t length,
                                    uint8_t *out, uint8_t *tag, uint32_t tag_length);
CLRC_API ClrcResult clrcAeadDecrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                    const ClrcAead *aead, const uint8_t *in, size_t length,
                                    uint8_t *out, const uint8_t *tag, uint32_t tag_length);
/*
 * clrcAsymmetricEncrypt / Decrypt: label for OAEP only, may be NULL. CLRC_RSAES_PKCS1_V1_5 gives something else than what was
 * encrypted, and no error, for a ciphertext that is none (implicit rejection): whoever uses it must not tell others whether the
 * message was of use. CLRC_RSA_NOPAD needs CLRC_USAGE_DECRYPT and CLRC_USAGE_SIGN to decrypt, for it does either.
 */
CLRC_API ClrcResult clrcAsymmetricEncrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                          const uint8_t *label, uint32_t label_length,
                                          const uint8_t *in, uint32_t length, uint8_t *out,
                                          uint32_t *out_length);
CLRC_API ClrcResult clrcAsymmetricDecrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm,
                                          const uint8_t *label, uint32_t label_length,
                                          const uint8_t *in, uint32_t length, uint8_t *out,
                                          uint32_t *out_length);
/*
 * clrcAgree: ECDH with the peer's point (uncompressed, 04 X Y), DH with his public value (big-endian), X25519 and X448
 * with his 32 or 56 octets: the X coordinate or shared value at its full length as a new ephemeral KEY_GENERIC_SECRET. CLRC_ERROR_BAD_FORMAT: not
 * of this group, or of small order. It may be exported only when wish says so and the private key's usage allows derivation.
 */
CLRC_API ClrcResult clrcAgree(ClrcKeyHandle hKey, const uint8_t *peer_point, uint32_t peer_length,
                              const ClrcKeyTemplate *wish, ClrcKeyHandle *hShared);
/*
 * clrcAgreeRaw: the same octets to the caller, as TLS libraries need it. The long-lived key stays. A provisioned key answers
 * CLRC_ERROR_NOT_EXPORTABLE, here and in clrcAgree for an exportable secret: what is sealed to it opens with these octets.
 */
CLRC_API ClrcResult clrcAgreeRaw(ClrcKeyHandle hKey, const uint8_t *peer_point,
                                 uint32_t peer_length, uint8_t *shared, uint32_t *shared_length);
/*
 * clrcDerive: HKDF or Concat KDF (SP 800-56C, one step with a hash; no salt, info is its FixedInfo) of a generic secret into a
 * new ephemeral key of wish's type and bits. Also one step of HKDF (CLRC_HKDF_EXTRACT_...: no info, all bits of the digest;
 * CLRC_HKDF_EXPAND_...: no salt), and a digest but MD5 of the secret, with neither. CLRC_ERROR_NOT_SUPPORTED: less than 128
 * bits of a secret that is not exportable. One salt and info give keys that begin alike: use an info of its own for each purpose.
 */
CLRC_API ClrcResult clrcDerive(ClrcKeyHandle hSecret, ClrcAlgorithm algorithm, const uint8_t *salt,
                               uint32_t salt_length, const uint8_t *info, uint32_t info_length,
                               const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey);

/*
 * clrcDerivePassword: PBKDF2 (RFC 8018) with the secret as password. salt 1 to 1024 octets. CLRC_ERROR_BAD_PARAMETERS: fewer than
 * 1000 iterations over a secret that is not exportable; CLRC_ERROR_TOO_LARGE: more than 10,000,000, counted for each block of output
 * (it blocks as long as that takes). Otherwise as clrcDerive.
 */
CLRC_API ClrcResult clrcDerivePassword(ClrcKeyHandle hSecret, ClrcAlgorithm algorithm,
                                       const uint8_t *salt, uint32_t salt_length,
                                       uint32_t iterations, const ClrcKeyTemplate *wish,
                                       ClrcKeyHandle *hKey);

/* ---- keys under keys ---- */

/*
 * clrcWrapKey: hKey encrypted under hWrapping, an AES key with CLRC_USAGE_WRAP, by CLRC_AES_KW or CLRC_AES_KWP, or an RSA key with
 * it, by CLRC_RSAES_... (no label; CLRC_ERROR_NOT_SUPPORTED: hKey is too long for that). A key that may be exported is wrapped as clrcExportKey gives it. One with CLRC_ATTR_WRAPPABLE may leave as well, by CLRC_AES_KWP, when hWrapping
 * was made by clrcCreateKey, is neither exportable nor wrappable: its type, usages, expiry and flags travel along, and only
 * hWrapping opens it. All others: CLRC_ERROR_NOT_EXPORTABLE. CLRC_ERROR_STATE: both are ephemeral and live in different sessions.
 */
CLRC_API ClrcResult clrcWrapKey(ClrcKeyHandle hWrapping, ClrcAlgorithm algorithm,
                                ClrcKeyHandle hKey, uint8_t *wrapped, uint32_t *wrapped_length);
/*
 * clrcUnwrapKey: the other way, with CLRC_USAGE_UNWRAP, into a new ephemeral key as wish says; its octets are seen by nobody.
 * wish may be exportable only if hWrapping is, or is an RSA key with CLRC_USAGE_DECRYPT (CLRC_ERROR_NOT_EXPORTABLE). By CLRC_RSAES_PKCS1_V1_5 octets that are no such key give some key or other. A key that left with its policy keeps it: wish may only
 * take away (CLRC_ERROR_ACCESS_DENIED for more usages, 0 for those it had). CLRC_ERROR_MAC: not wrapped so.
 */
CLRC_API ClrcResult clrcUnwrapKey(ClrcKeyHandle hWrapping, ClrcAlgorithm algorithm,
                                  const uint8_t *wrapped, uint32_t wrapped_length,
                                  const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey);

/* ---- multi-part operations ---- */

/*
 * clrcOperationNew: hKey NULL for digests; it may be freed afterwards. iv holds the nonce of an AEAD (with tag_length) or the IV of
 * ciphers. Sign and verify hash the message inside the service; CLRC_ECDSA and CLRC_ECDSA_DETERMINISTIC need the digest named by
 * `digest`. CLRC_AES_XTS_NOPAD, CLRC_AES_CTS, CLRC_AES_CCM, CLRC_ED25519 and CLRC_ED448 work on the whole alone: updates give nothing out and
 * take 1 MiB in all (CLRC_ERROR_TOO_LARGE), clrcOperationFinal (-FinalVerify) gives the data. Key wrap is not done in parts.
 */
typedef struct ClrcOperationWish {
    ClrcAlgorithm algorithm;
    ClrcMode mode;
    ClrcAlgorithm digest; /* for CLRC_ECDSA and CLRC_ECDSA_DETERMINISTIC only */
    const uint8_t *iv;
    uint32_t iv_length;
    uint32_t tag_length; /* octets, AEAD only */
} ClrcOperationWish;
CLRC_API ClrcResult clrcOperationNew(ClrcKeyHandle hKey, const ClrcOperationWish *wish,
                                     ClrcOperationHandle *hOperation);
/* clrcOperationUpdateAad: before the first update, AEAD only. */
CLRC_API ClrcResult clrcOperationUpdateAad(ClrcOperationHandle hOperation, const uint8_t *aad,
                                           size_t length);
/* clrcOperationUpdate: out may be NULL for digest, MAC, sign and verify. Block ciphers may hold back a block. */
CLRC_API ClrcResult clrcOperationUpdate(ClrcOperationHandle hOperation, const uint8_t *in,
                                        size_t length, uint8_t *out, size_t *out_length);
/*
 * clrcOperationFinal: result is the digest, MAC, signature or AEAD tag to be written (encrypt, sign, mac, digest) or
 * compared (clrcOperationFinalVerify: verify, decrypt of AEAD; mac too). The handle can then be reset or freed.
 */
CLRC_API ClrcResult clrcOperationFinal(ClrcOperationHandle hOperation, uint8_t *out,
                                       size_t *out_length, uint8_t *result,
                                       uint32_t *result_length);
CLRC_API ClrcResult clrcOperationFinalVerify(ClrcOperationHandle hOperation, uint8_t *out,
                                             size_t *out_length, const uint8_t *expected,
                                             uint32_t expected_length);
CLRC_API ClrcResult clrcOperationReset(ClrcOperationHandle hOperation, const uint8_t *iv,
                                       uint32_t iv_length);
/*
 * clrcOperationCopy: a second operation in the state that this one is in, for digests and MACs: the beginnings of two messages are
 * alike. A use of the key is counted. CLRC_ERROR_STATE: after its end. CLRC_ERROR_NOT_SUPPORTED: another kind of operation.
 */
CLRC_API ClrcResult clrcOperationCopy(ClrcOperationHandle hOperation, ClrcOperationHandle *hCopy);
CLRC_API void clrcOperationFree(ClrcOperationHandle hOperation);
/*
 * clrcOperationNewPayload: begins to verify a payload package (docs/formats.md); libkeymoor_payload's clrpvVerifyPackage does all
 * of it. head: the content from its tag to the payload's first octet; the payload goes to clrcOperationUpdate and the
 * signature to clrcOperationFinalVerify, which answers CLRC_ERROR_SIGNATURE, then CLRC_ERROR_TARGET, then CLRC_ERROR_DOWNGRADE.
 * The highest version of each key and target is kept in the service for good. target NULL: any; "": a package without one.
 */
typedef struct ClrcPayloadWish {
    const char *target;
    uint64_t
        lowest_version; /* 0: a package without a version will do, as long as none was seen with one */
} ClrcPayloadWish;
CLRC_API ClrcResult clrcOperationNewPayload(ClrcKeyHandle hKey, const uint8_t *head,
                                            uint32_t head_length, const ClrcPayloadWish *wish,
                                            ClrcOperationHandle *hOperation);

/* ---- opaque keys ---- */

/*
 * clrcSaveOpaqueKeyEx: takes a key out of an opaque key package and saves it under the name and with the rules that the package
 * has, wrapped under the password object when hPassword is not NULL. The caller becomes its owner and sees nothing of it.
 * hDeviceKey is the EC key that the package was made for, with the usage CLRC_USAGE_DERIVE; NULL: the OEM device key.
 * The signature is checked with CLRC_OEM_PUBLIC_KEY. CLRC_ERROR_BAD_FORMAT, CLRC_ERROR_TOO_LARGE (the package),
 * CLRC_ERROR_SIGNATURE (not signed by the OEM), CLRC_ERROR_OTHER_DEVICE, CLRC_ERROR_MAC (changed on the way), CLRC_ERROR_EXISTS
 * (the name is taken), CLRC_ERROR_NOT_SUPPORTED (an algorithm or key that is not offered), CLRC_ERROR_NOT_FOUND (the service has no
 * OEM keys). After a refusal the store is as it was.
 */
CLRC_API ClrcResult clrcSaveOpaqueKeyEx(const uint8_t *keyPkg, uint32_t keyPkgLength,
                                        ClrcKeyHandle hDeviceKey, ClrcPasswordHandle hPassword);

/* ---- opaque objects ---- */

typedef struct ClrcOpaqueObjectInfo {
    uint8_t id[16];
    uint64_t size;           /* octets of the cleartext */
    ClrcAlgorithm algorithm; /* that it is encrypted with */
    uint64_t opens_left;     /* after this one; UINT64_MAX: not counted */
    uint64_t not_after;      /* seconds since 1970; 0: never expires */
} ClrcOpaqueObjectInfo;

/*
 * clrcOpenOpaqueObject: opens an object with the identifier that was made for this device: its key comes to life in one session
 * of the service and goes with it. hVerifyKey is the public key of who signed the identifier (EC, RSA or DSA; NULL: the OEM's),
 * hDeviceKey as for clrcSaveOpaqueKeyEx. Each success counts as one opening, for good, when the identifier limits them. info may
 * be NULL. Results as clrcSaveOpaqueKeyEx, and CLRC_ERROR_NOT_YET_VALID, CLRC_ERROR_EXPIRED, CLRC_ERROR_USED_UP,
 * CLRC_ERROR_ACCESS_DENIED (it is meant for another executable). A handle is one thread's at a time, and ends with its session
 * (CLRC_ERROR_SERVICE_DIED).
 */
CLRC_API ClrcResult clrcOpenOpaqueObject(const uint8_t *identifier, uint32_t length,
                                         ClrcKeyHandle hVerifyKey, ClrcKeyHandle hDeviceKey,
                                         ClrcOpaqueObjectHandle *hObject,
                                         ClrcOpaqueObjectInfo *info);
/*
 * clrcUpdateOpaqueObject: decrypts the next part; parts may be of any length. Room of length + 16 octets always suffices;
 * in and out may be the same buffer. Memory of clrcSharedAlloc is used in place. THE CLEARTEXT MAY BE ANYTHING UNTIL
 * clrcFinishOpaqueObject SUCCEEDS. out NULL (out_length too): the part is only looked over, for a first pass.
 */
CLRC_API ClrcResult clrcUpdateOpaqueObject(ClrcOpaqueObjectHandle hObject, const uint8_t *in,
                                           size_t length, uint8_t *out, size_t *out_length);
/* clrcFinishOpaqueObject: CLRC_ERROR_OTHER_OBJECT unless all that went through has the size and digest of the object. */
CLRC_API ClrcResult clrcFinishOpaqueObject(ClrcOpaqueObjectHandle hObject);
/* clrcRewindOpaqueObject: back to its beginning: for a second pass, whose end is checked like the first's. */
CLRC_API ClrcResult clrcRewindOpaqueObject(ClrcOpaqueObjectHandle hObject);
CLRC_API void clrcFreeOpaqueObject(ClrcOpaqueObjectHandle hObject);
/*
 * clrcDecryptOpaqueObjectFile: the whole of it: opens, decrypts the file `in` piece by piece, and lets the result take the place
 * of `out` only when it is right; until then it lies in a temporary file beside it that only this user can read.
 * CLRC_ERROR_FILE: a file can't be read or written (clrcLastError tells which).
 */
CLRC_API ClrcResult clrcDecryptOpaqueObjectFile(const uint8_t *identifier, uint32_t length,
                                                ClrcKeyHandle hVerifyKey, ClrcKeyHandle hDeviceKey,
                                                const char *in, const char *out);

/* ---- memory that the service uses in place ---- */

/* clrcSharedAlloc: buffers inside it are not copied by the one-shot and multi-part calls. NULL when memory is short. */
CLRC_API void *clrcSharedAlloc(size_t length);
CLRC_API void clrcSharedFree(void *buffer);
/* clrcSharedRegister: the same for memory the caller has; it stays the caller's and must outlive the registration. */
CLRC_API ClrcResult clrcSharedRegister(void *buffer, size_t length);
CLRC_API ClrcResult clrcSharedUnregister(void *buffer);

/* ---- provisioning: administrator only, until sealed ---- */

/* clrcProvisionKey: saves the key as provisioned (immutable for key pairs; public keys change only with their certificate). */
CLRC_API ClrcResult clrcProvisionKey(ClrcKeyHandle hKey, const char *name, const char *public_name);
/* clrcProvisionSeal: ends provisioning for good. CLRC_ERROR_STATE: a manifest is installed in part. */
CLRC_API ClrcResult clrcProvisionSeal(void);

/* ---- the manifest (docs/formats.md): administrator only ---- */

/*
 * clrcProvisionClassKey: keeps the private key in DER (EC; PKCS#8 or SEC 1) that manifests for this class of devices are
 * sealed to, and gives its public half (SubjectPublicKeyInfo, at most 158 octets). private_der NULL: the key is made inside
 * the service, or is the one that is there. The key can do nothing else, and no function uses or exports it.
 * CLRC_ERROR_EXISTS: there is another one. CLRC_ERROR_STATE: provisioning has ended.
 */
CLRC_API ClrcResult clrcProvisionClassKey(const uint8_t *private_der, uint32_t private_length,
                                          uint8_t *public_der, uint32_t *public_length);

#define CLRC_MANIFEST_MAX 262144u
#define CLRC_MANIFEST_TRUST_FIRST                                                                  \
    0x1u /* without a root: whoever signed the first manifest is the OEM */

/*
 * clrcInstallManifest: checks a manifest inside the service and installs its keys and certificates. The first one must be signed by
 * the key of oem_root (DER), later ones by the same; oem_root may be NULL then, or with CLRC_MANIFEST_TRUST_FIRST. When
 * it was interrupted, the same again ends it. *is_new 0: that very manifest was there. Nothing is changed unless all of it is right:
 *   BAD_FORMAT, NOT_SUPPORTED  not a manifest, or one in a form that is not offered
 *   SIGNER, SIGNATURE          by somebody else; not by who is named in it
 *   EXISTS                     there is another one and this is no update; or a key in it has a name that is taken
 *   ROLLBACK                   an update whose sequence is not higher
 *   OTHER_DEVICE               for another class of devices
 *   STATE                      an update of nothing; the first one, and provisioning has ended; another is installed in part
 *   NOT_FOUND                  there is no class key
 *   MAC                        what is sealed was changed
 */
CLRC_API ClrcResult clrcInstallManifest(const uint8_t *manifest, uint32_t length,
                                        const uint8_t *oem_root, uint32_t oem_root_length,
                                        uint32_t flags, uint32_t *is_new);

typedef struct ClrcManifestInfo {
    uint32_t is_complete; /* 0: its installation was interrupted */
    uint64_t sequence;
    uint8_t digest[32]; /* SHA-256 of the signed content */
    uint8_t signer[32]; /* SHA-256 of the OEM root's SubjectPublicKeyInfo */
    char device_class[CLRC_NAME_MAX + 1];
} ClrcManifestInfo;

/* clrcDescribeManifest: for anybody. CLRC_ERROR_NOT_FOUND: there was none yet. */
CLRC_API ClrcResult clrcDescribeManifest(ClrcManifestInfo *info);

#ifdef __cplusplus
}
#endif

#endif
