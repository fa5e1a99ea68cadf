/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clrpv: signed payload packages, and utilities for keys.
 *
 * A package holds a payload of any length, a signature over it, the name of its hash, and, when wished, a version and the name of
 * a target (docs/formats.md, "Payload package"). There are two builds of this library:
 *   device  (libkeymoor_payload, kit: libclrpv.a)  over clrc: hashes and signatures are made and checked in the trusted
 *           service, keys may be stored ones, and the service refuses packages older than it has seen;
 *   server  (kit: libclrpv_x86_64.a)               over libcrypto alone: keys are files or DER. It has no service, so
 *           stored names and handles are CLRPV_ERROR_NOT_SUPPORTED, and the functions marked (device) are not in it.
 *
 * Conventions. Results are CLRPV_SUCCESS, CLRPV_ERROR_..., what clrc answered (CLRC_ERROR_...), or an errno value of a
 * system call (1 to 4095). Outputs are written only on success. Buffers and strings are borrowed for the call.
 * A length that comes back: on entry room, on success octets written, with CLRPV_ERROR_SHORT_BUFFER octets needed. Files are
 * read and written piece by piece in constant memory; an output file takes its place in one step, with the mode that the umask leaves of 0666, once all of it is
 * right, and not at all otherwise. Functions may be called from any thread and block until the work is done.
 */
#ifndef CLRPV_H
#define CLRPV_H

#include <stdio.h>

#include "clrc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t ClrpvResult;

#define CLRPV_SUCCESS 0x00000000u
#define CLRPV_ERROR_BAD_PARAMETERS 0xfffe0001u /* an argument is wrong */
#define CLRPV_ERROR_SHORT_BUFFER 0xfffe0002u   /* the length now says how much is needed */
#define CLRPV_ERROR_OUT_OF_MEMORY 0xfffe0003u
#define CLRPV_ERROR_TOO_LARGE 0xfffe0004u /* beyond a limit, of this library or of the caller's */
#define CLRPV_ERROR_NOT_SUPPORTED 0xfffe0005u /* not offered by this build of the library */
#define CLRPV_ERROR_TRUNCATED 0xfffe0101u     /* the package ends early */
#define CLRPV_ERROR_TRAILING 0xfffe0102u      /* something follows the package */
#define CLRPV_ERROR_BAD_FORMAT 0xfffe0103u    /* not a payload package in strict DER */
#define CLRPV_ERROR_OTHER_KIND 0xfffe0104u    /* a package, but not of a payload */
#define CLRPV_ERROR_ALGORITHM 0xfffe0105u     /* format version or signature algorithm not known */
#define CLRPV_ERROR_CHANGED 0xfffe0106u       /* the payload changed while it was packed */
#define CLRPV_ERROR_WEAK_HASH 0xfffe0201u     /* MD5 or SHA-1, and the caller did not allow it */
#define CLRPV_ERROR_SIGNATURE 0xfffe0202u     /* the signature does not fit content and key */
#define CLRPV_ERROR_TARGET 0xfffe0203u        /* good, but for another target */
#define CLRPV_ERROR_DOWNGRADE 0xfffe0204u /* good, but older than wanted or than one seen here */
#define CLRPV_ERROR_KEY_FILE 0xfffe0301u  /* holds no key in clear, DER or PEM */
#define CLRPV_ERROR_KEY_TYPE                                                                       \
    0xfffe0302u /* such a key signs no payloads: DH, X25519, symmetric, ... */
#define CLRPV_ERROR_KEY_MISMATCH 0xfffe0303u /* not of the kind that the package was signed with */
#define CLRPV_ERROR_KEY_PUBLIC 0xfffe0304u   /* signing needs a private key */
#define CLRPV_ERROR_CRYPTO 0xfffe0401u /* the cryptographic library failed: see clrpvLastError */

typedef enum ClrpvHash {
    CLRPV_HASH_DEFAULT = 0, /* SHA-256 */
    CLRPV_HASH_MD5,         /* RSA only; weak */
    CLRPV_HASH_SHA1,        /* weak */
    CLRPV_HASH_SHA224,
    CLRPV_HASH_SHA256,
    CLRPV_HASH_SHA384, /* EC and RSA, like the next */
    CLRPV_HASH_SHA512,
} ClrpvHash;

/* Exactly one of name, file, der and handle says which key. */
typedef struct ClrpvKey {
    const char *name;            /* a stored key (device) */
    ClrcPasswordHandle password; /* of a stored key that needs one, else NULL */
    const char *file;   /* DER or PEM; public, or a private key's public part to verify with */
    const uint8_t *der; /* SubjectPublicKeyInfo, PKCS#8, SEC 1, PKCS#1 */
    uint32_t der_length;
    ClrcKeyHandle handle; /* (device) */
} ClrpvKey;

#define CLRPV_ALLOW_WEAK_HASH 0x1u /* MD5 and SHA-1; refused without it */
#define CLRPV_ANY_TARGET 0x2u      /* verifying: whatever the package's target */

#define CLRPV_TARGET_MAX 128u    /* octets of UTF-8 */
#define CLRPV_OVERHEAD_MAX 2048u /* octets that a package has more than its payload, at most */

typedef struct ClrpvCreateWish {
    ClrpvKey key; /* EC, RSA or DSA, private */
    ClrpvHash hash;
    uint32_t flags; /* CLRPV_ALLOW_WEAK_HASH */
    uint32_t has_version;
    uint64_t version;
    const char *target; /* NULL: none */
} ClrpvCreateWish;

typedef struct ClrpvVerifyWish {
    ClrpvKey key;
    uint32_t flags;
    const char *target;      /* the package must have this one; NULL: it must have none */
    uint64_t lowest_version; /* 0: a package without a version will do */
    uint64_t
        max_length; /* octets of payload; 0: unlimited, and the disk may fill before a bad signature shows */
} ClrpvVerifyWish;

typedef struct ClrpvPackageInfo {
    ClrpvHash hash;
    uint32_t has_version;
    uint64_t version;
    char target[CLRPV_TARGET_MAX + 1]; /* "": none */
    uint64_t length;                   /* octets of payload */
} ClrpvPackageInfo;

/* clrpvResultText: one plain sentence for a result of any of the three kinds; static storage, or strerror's. */
CLRC_API const char *clrpvResultText(ClrpvResult result);
/* clrpvLastError: what the calling thread's last failed call attempted; valid until its next call. */
CLRC_API const char *clrpvLastError(void);
/* clrpvHashByName: "md5", "sha1", "sha224", ...; 0 for others. clrpvHashName: and back, NULL for others. */
CLRC_API ClrpvHash clrpvHashByName(const char *name);
CLRC_API const char *clrpvHashName(ClrpvHash hash);
/* clrpvHashIsWeak: 1 for MD5 and SHA-1. */
CLRC_API int clrpvHashIsWeak(ClrpvHash hash);

/* clrpvKeyKind: what kind of key it is; CLRPV_ERROR_KEY_TYPE for those that sign no packages. */
typedef enum ClrpvKeyFamily {
    CLRPV_KEY_EC = 1,
    CLRPV_KEY_RSA,
    CLRPV_KEY_DSA,
} ClrpvKeyFamily;
CLRC_API ClrpvResult clrpvKeyKind(const ClrpvKey *key, ClrpvKeyFamily *family);

/* ---- packages ---- */

/*
 * clrpvCreatePackage: signs the payload file into a package file. The payload is read twice, so it must be a regular file:
 * CLRPV_ERROR_CHANGED when the two differ.
 */
CLRC_API ClrpvResult clrpvCreatePackage(const ClrpvCreateWish *wish, const char *payload_path,
                                        const char *package_path);
/* clrpvCreatePackageBuffer: the room must be payload_length + CLRPV_OVERHEAD_MAX. */
CLRC_API ClrpvResult clrpvCreatePackageBuffer(const ClrpvCreateWish *wish, const uint8_t *payload,
                                              size_t payload_length, uint8_t *package,
                                              size_t *package_length);
/*
 * clrpvVerifyPackage: verifies the package file and writes its payload; payload_path NULL: verifies only. Each octet is read
 * once, so what is written is what was verified, whatever happens to the file meanwhile. info may be NULL. In the order of
 * the checks: structure (TRUNCATED, TRAILING, BAD_FORMAT, OTHER_KIND, ALGORITHM, TOO_LARGE), WEAK_HASH, the key (KEY_...),
 * SIGNATURE, TARGET, DOWNGRADE. The device build tells the service, which remembers the highest version of each key and
 * target for good; it is stored before the payload takes its place, so that the same version can be delivered again.
 */
CLRC_API ClrpvResult clrpvVerifyPackage(const ClrpvVerifyWish *wish, const char *package_path,
                                        const char *payload_path, ClrpvPackageInfo *info);
/* clrpvVerifyPackageBuffer: returns a view of the payload in package, which nobody may change meanwhile. */
CLRC_API ClrpvResult clrpvVerifyPackageBuffer(const ClrpvVerifyWish *wish, const uint8_t *package,
                                              size_t package_length, const uint8_t **payload,
                                              size_t *payload_length, ClrpvPackageInfo *info);

/* ---- signatures: DER SEQUENCE of r and s <-> r and s side by side, each coordinate_length octets (1 to 66) ---- */

CLRC_API ClrpvResult clrpvSignatureToRaw(const uint8_t *der, size_t der_length,
                                         size_t coordinate_length, uint8_t *raw,
                                         size_t *raw_length);
CLRC_API ClrpvResult clrpvSignatureToDer(const uint8_t *raw, size_t raw_length, uint8_t *der,
                                         size_t *der_length);

/* ---- keys (device) ---- */

/*
 * clrpvLoadKey: any ClrpvKey as a handle, to be freed with clrcFreeKey. type KEY_NONE: as the key data have it, EC keys
 * as KEY_ECDSA_...; symmetric types take the file's octets as they are.
 */
CLRC_API ClrpvResult clrpvLoadKey(const ClrpvKey *key, ClrcKeyType type, ClrcKeyHandle *hKey);
/* clrpvSavePublicKey: SubjectPublicKeyInfo in DER into a file. */
CLRC_API ClrpvResult clrpvSavePublicKey(ClrcKeyHandle hKey, const char *path);
/* clrpvSavePublicKeyBuffer: the same into memory. */
CLRC_API ClrpvResult clrpvSavePublicKeyBuffer(ClrcKeyHandle hKey, uint8_t *der, uint32_t *length);

/* A public key as clrc's attributes. */
#define CLRPV_ATTRIBUTES_MAX 4u
typedef struct ClrpvPublicKey {
    ClrcKeyType type;
    uint32_t bits;
    uint32_t n_values;
    ClrcAttributeValue
        values[CLRPV_ATTRIBUTES_MAX]; /* data point into octets: don't copy the structure */
    uint32_t curve;
    uint8_t octets[2048];
} ClrpvPublicKey;
/* clrpvPublicKeyFromDer: SubjectPublicKeyInfo to attributes, as clrcImportKeyAttributes takes them. */
CLRC_API ClrpvResult clrpvPublicKeyFromDer(const uint8_t *der, uint32_t length,
                                           ClrpvPublicKey *key);
/* clrpvPublicKeyToDer: and back. */
CLRC_API ClrpvResult clrpvPublicKeyToDer(const ClrpvPublicKey *key, uint8_t *der, uint32_t *length);
/* clrpvPrintKey: type, size, usage, limits and the public attributes, one a line; never a private one. */
CLRC_API ClrpvResult clrpvPrintKey(ClrcKeyHandle hKey, FILE *out);

#ifdef __cplusplus
}
#endif

#endif
