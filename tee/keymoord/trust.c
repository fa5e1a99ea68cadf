/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/km_file.h"

#define KEY_FILE_MAX 16384
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* a longer one only costs time */

struct km_trust {
    OSSL_LIB_CTX *lib; /* private: no configuration of the machine reaches it */
    EVP_PKEY *keys[KM_TRUST_KEYS_MAX];
    size_t n_keys;
};

struct km_trust *km_trust_new(void)
{
    struct km_trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL)
        return NULL;
    trust->lib = OSSL_LIB_CTX_new();
    if (trust->lib == NULL)
        km_trust_freep(&trust);
    return trust;
}

void km_trust_free(struct km_trust *trust)
{
    if (trust == NULL)
        return;
    for (size_t i = 0; i < trust->n_keys; i++)
        EVP_PKEY_free(trust->keys[i]);
    OSSL_LIB_CTX_free(trust->lib);
    free(trust);
}

void km_trust_freep(struct km_trust **trust)
{
    km_trust_free(*trust);
    *trust = NULL;
}

size_t km_trust_count(const struct km_trust *trust)
{
    return trust->n_keys;
}

static bool key_is_fit(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        int bits = EVP_PKEY_get_bits(key);
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
    }
    char curve[64] = {0};
    size_t len = 0;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, curve, sizeof(curve), &len) != 1)
        return false;
    return strcmp(curve, "prime256v1") == 0 || strcmp(curve, "secp384r1") == 0 ||
           strcmp(curve, "secp521r1") == 0;
}

static EVP_PKEY *key_read(const struct km_trust *trust, struct km_slice pem)
{
    ERR_set_mark();
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PUBKEY_ex(bio, NULL, NULL, NULL, trust->lib, NULL);
    BIO_free(bio);
    ERR_pop_to_mark();
    return key;
}

/* Whoever owns it can change it, whatever its mode says. */
static bool is_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

static km_status add_file(struct km_err *err, struct km_trust *trust, int dir_fd, const char *name)
{
    struct stat st = {0};
    if (fstatat(dir_fd, name, &st, 0) != 0)
        return KM_FAIL_ERRNO(err, "can't look at the trusted key %s", name);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return KM_FAIL(err, KM_E_DENIED, "the trusted key %s can be written by others", name);
    if (!is_ours(&st))
        return KM_FAIL(err, KM_E_DENIED, "the trusted key %s belongs to uid %u", name, st.st_uid);
    if (trust->n_keys == KM_TRUST_KEYS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "more than %d trusted keys", KM_TRUST_KEYS_MAX);
    KM_AUTO(km_freep) uint8_t *pem = NULL;
    size_t len = 0;
    KM_TRY(km_file_read(err, dir_fd, name, KEY_FILE_MAX, &pem, &len));
    EVP_PKEY *key = key_read(trust, KM_SLICE(pem, len));
    if (key == NULL)
        return KM_FAIL(err, KM_E_MALFORMED, "%s holds no public key in PEM", name);
    if (!key_is_fit(key)) {
        EVP_PKEY_free(key);
        return KM_FAIL(err, KM_E_UNSUPPORTED,
                       "the key in %s is not EC P-256, P-384, P-521 or RSA of 2048 to 8192 bits",
                       name);
    }
    trust->keys[trust->n_keys++] = key;
    return KM_OK;
}

static void dir_closep(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

km_status km_trust_add(struct km_err *err, struct km_trust *trust, const char *path)
{
    struct stat st = {0};
    if (stat(path, &st) != 0)
        return KM_FAIL_ERRNO(err, "can't look at the trusted key %s", path);
    if (!S_ISDIR(st.st_mode))
        return add_file(err, trust, AT_FDCWD, path);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return KM_FAIL(err, KM_E_DENIED,
                       "the directory of trusted keys %s can be written by others", path);
    if (!is_ours(&st))
        return KM_FAIL(err, KM_E_DENIED, "the directory of trusted keys %s belongs to uid %u", path,
                       st.st_uid);
    KM_AUTO(dir_closep) DIR *dir = opendir(path);
    if (dir == NULL)
        return KM_FAIL_ERRNO(err, "can't read the directory of trusted keys %s", path);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".pem") == 0)
            KM_TRY(add_file(err, trust, dirfd(dir), entry->d_name));
    }
    return KM_OK;
}

static bool verify_with(const struct km_trust *trust, EVP_PKEY *key,
                        const struct km_ta_package *package)
{
    if (EVP_PKEY_is_a(key, "RSA") != (int)km_ta_alg_is_rsa(package->alg))
        return false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, NULL, km_ta_alg_digest(package->alg), trust->lib, NULL,
                                        key, NULL) == 1 &&
                EVP_DigestVerify(ctx, package->signature.ptr, package->signature.len,
                                 package->content.ptr, package->content.len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

km_status km_trust_verify(struct km_err *err, const struct km_trust *trust,
                          const struct km_ta_package *package)
{
    bool good = false;
    ERR_set_mark();
    for (size_t i = 0; i < trust->n_keys && !good; i++)
        good = verify_with(trust, trust->keys[i], package);
    ERR_pop_to_mark();
    if (!good)
        return KM_FAIL(err, KM_E_AUTH, "no trusted key made the package's signature");
    return KM_OK;
}

km_status km_trust_digest(struct km_err *err, const struct km_trust *trust, const char *name,
                          struct km_slice in, uint8_t *ret, size_t len)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    size_t digest_len = 0;
    ERR_set_mark();
    int good = EVP_Q_digest(trust->lib, name, NULL, in.ptr, in.len, digest, &digest_len);
    ERR_pop_to_mark();
    if (good != 1 || digest_len != len)
        return KM_FAIL(err, KM_E_INTERNAL, "%s is not available", name);
    km_copy(ret, len, digest, len);
    return KM_OK;
}
