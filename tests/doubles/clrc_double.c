/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the part of the clrc library that the doors use: keys are PEM files NAME.pem in
 * $CLRC_DOUBLE_DIR, certificates NAME.der. A file NAME.pass holds a key's password. One bad
 * behaviour at a time by $CLRC_DOUBLE_FAULT:
 *   died          every private operation ends with CLRC_ERROR_SERVICE_DIED
 *   died-next     the first one under this fault does
 *   no-service    nothing can be loaded
 *   short         a signature longer than promised: CLRC_ERROR_SHORT_BUFFER
 *   bad-spki      the public part is cut off
 *   replaced      each load gives a key with another id
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "clrc.h"
#include "clrsc.h"
#include "common/km_bytes.h"

struct clrc_key {
    EVP_PKEY *pkey;
    ClrcKeyInfo info;
    atomic_flag busy; /* a handle serves one thread at a time: two at once are our bug */
};

struct clrc_password {
    char text[CLRC_PASSWORD_MAX + 1];
};

static _Atomic(OSSL_LIB_CTX *) private_ctx;
static atomic_uint n_loads;
static atomic_bool died;

static OSSL_LIB_CTX *libctx(void)
{
    OSSL_LIB_CTX *ctx = atomic_load(&private_ctx);
    if (ctx != NULL)
        return ctx;
    OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
    if (atomic_compare_exchange_strong(&private_ctx, &ctx, made))
        return made;
    OSSL_LIB_CTX_free(made);
    return ctx;
}

/*
 * The real library holds no lock of libcrypto, whatever its threads are at when the process forks. This one works with
 * libcrypto, whose generator of random numbers has a lock that a child would find taken for ever; so a fork waits for it.
 */
#define GENERATIONS_MAX 16 /* children of children */
static pthread_rwlock_t locks[GENERATIONS_MAX];
static pthread_rwlock_t *at_work;

static void at_work_init(void)
{
    pthread_rwlockattr_t attr;
    at_work = at_work == NULL ? locks : at_work + 1;
    if (at_work == locks + GENERATIONS_MAX)
        abort();
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(at_work, &attr);
    pthread_rwlockattr_destroy(&attr);
}

static void before_fork(void)
{
    pthread_rwlock_wrlock(at_work);
}

static void after_fork_parent(void)
{
    pthread_rwlock_unlock(at_work);
}

/* Another one: this one is held, and threads that waited for it are not here. */
static void after_fork_child(void)
{
    at_work_init();
}

static void prepare(void)
{
    at_work_init();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static void begin_work(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    pthread_rwlock_rdlock(at_work);
}

static void end_work(ClrcKeyHandle hKey)
{
    atomic_flag_clear(&hKey->busy);
    pthread_rwlock_unlock(at_work);
}

static bool fault(const char *name)
{
    const char *wanted = getenv("CLRC_DOUBLE_FAULT");
    return wanted != NULL && strcmp(wanted, name) == 0;
}

static FILE *open_file(const char *name, const char *suffix)
{
    char path[512] = {0};
    const char *dir = getenv("CLRC_DOUBLE_DIR");
    if (dir == NULL || strchr(name, '/') != NULL)
        return NULL;
    snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
    return fopen(path, "re");
}

static void describe(EVP_PKEY *pkey, const char *name, ClrcKeyInfo *info)
{
    *info = (ClrcKeyInfo){.bits = (uint32_t)EVP_PKEY_get_bits(pkey), .is_saved = name[0] != '\0'};
    info->type = EVP_PKEY_is_a(pkey, "RSA") ? KEY_RSA_KEYPAIR : KEY_EC_DUAL_KEYPAIR;
    snprintf(info->name, sizeof(info->name), "%s", name);
    snprintf((char *)info->id, sizeof(info->id), "%.15s", name);
    if (fault("replaced"))
        info->id[0] = (uint8_t)atomic_fetch_add(&n_loads, 1);
    FILE *pass = open_file(name, ".pass");
    info->has_password = pass != NULL;
    if (pass != NULL) {
        snprintf(info->password_name, sizeof(info->password_name), "%.58s.pass", name);
        fclose(pass);
    }
}

static EVP_PKEY *read_key(const char *name)
{
    FILE *file = open_file(name, ".pem");
    if (file == NULL)
        return NULL;
    EVP_PKEY *pkey = PEM_read_PrivateKey_ex(file, NULL, NULL, NULL, libctx(), NULL);
    fclose(file);
    return pkey;
}

const char *clrcResultText(ClrcResult result)
{
    switch (result) {
    case CLRC_ERROR_NOT_FOUND:
        return "there is no key, certificate or password object of this name";
    case CLRC_ERROR_NO_SERVICE:
        return "the service can't be reached";
    case CLRC_ERROR_SERVICE_DIED:
        return "the service ended during the call";
    default:
        return "the double says no";
    }
}

static ClrcResult new_key(EVP_PKEY *pkey, const char *name, ClrcKeyHandle *hKey)
{
    struct clrc_key *key = calloc(1, sizeof(*key));
    if (key == NULL)
        return CLRC_ERROR_OUT_OF_MEMORY;
    key->pkey = pkey;
    describe(pkey, name, &key->info);
    *hKey = key;
    return CLRC_SUCCESS;
}

ClrcResult clrcLoadNamedKey(const char *name, ClrcPasswordHandle hPassword, ClrcKeyHandle *hKey)
{
    if (fault("no-service"))
        return CLRC_ERROR_NO_SERVICE;
    EVP_PKEY *pkey = read_key(name);
    if (pkey == NULL)
        return CLRC_ERROR_NOT_FOUND;
    ClrcKeyInfo info = {0};
    describe(pkey, name, &info);
    if (info.has_password != (hPassword != NULL)) {
        EVP_PKEY_free(pkey);
        return CLRC_ERROR_PASSWORD;
    }
    return new_key(pkey, name, hKey);
}

ClrcResult clrcDescribeNamedKey(const char *name, ClrcKeyInfo *info)
{
    EVP_PKEY *pkey = read_key(name);
    if (pkey == NULL)
        return CLRC_ERROR_NOT_FOUND;
    describe(pkey, name, info);
    EVP_PKEY_free(pkey);
    return CLRC_SUCCESS;
}

ClrcResult clrcGetKeyInfo(ClrcKeyHandle hKey, ClrcKeyInfo *info)
{
    *info = hKey->info;
    return CLRC_SUCCESS;
}

void clrcFreeKey(ClrcKeyHandle hKey)
{
    if (hKey == NULL)
        return;
    EVP_PKEY_free(hKey->pkey);
    free(hKey);
}

ClrcResult clrcLoadPassword(const char *name, const uint8_t *password, uint32_t length,
                            ClrcPasswordHandle *hPassword)
{
    char expected[CLRC_PASSWORD_MAX + 2] = {0};
    FILE *file = open_file(name, "");
    if (file == NULL)
        return CLRC_ERROR_NOT_FOUND;
    size_t len = fread(expected, 1, sizeof(expected) - 1, file);
    fclose(file);
    if (len != length || memcmp(expected, password, len) != 0)
        return CLRC_ERROR_PASSWORD;
    struct clrc_password *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return CLRC_ERROR_OUT_OF_MEMORY;
    km_copy(made->text, sizeof(made->text), expected, len);
    *hPassword = made;
    return CLRC_SUCCESS;
}

void clrcFreePassword(ClrcPasswordHandle hPassword)
{
    free(hPassword);
}

/* Its keys were not made exportable, and doors ask for private numbers alone. */
ClrcResult clrcGetKeyAttribute(ClrcKeyHandle hKey, ClrcAttribute attribute, void *data,
                               uint32_t *length)
{
    (void)hKey;
    (void)attribute;
    (void)data;
    (void)length;
    return CLRC_ERROR_NOT_EXPORTABLE;
}

ClrcResult clrcExportPublicKey(ClrcKeyHandle hKey, uint8_t *der, uint32_t *length)
{
    unsigned char *made = NULL;
    int len = i2d_PUBKEY(hKey->pkey, &made);
    if (len <= 0 || (uint32_t)len > *length)
        return CLRC_ERROR_SHORT_BUFFER;
    km_copy(der, *length, made, (size_t)len);
    OPENSSL_free(made);
    *length = (uint32_t)len - (fault("bad-spki") ? 1 : 0);
    return CLRC_SUCCESS;
}

static const char *digest_name(uint32_t length)
{
    return length == 20   ? "SHA1"
           : length == 28 ? "SHA2-224"
           : length == 32 ? "SHA2-256"
           : length == 48 ? "SHA2-384"
                          : "SHA2-512";
}

/* On success the handle is at work until end_work. */
static ClrcResult faulty(ClrcKeyHandle hKey)
{
    if (fault("died") || (fault("died-next") && !atomic_exchange(&died, true)))
        return CLRC_ERROR_SERVICE_DIED;
    if (fault("short"))
        return CLRC_ERROR_SHORT_BUFFER;
    if (atomic_flag_test_and_set(&hKey->busy))
        abort();
    begin_work();
    return CLRC_SUCCESS;
}

static ClrcResult sign(ClrcKeyHandle hKey, int padding, int salt, const uint8_t *digest,
                       uint32_t digest_length, uint8_t *signature, uint32_t *signature_length)
{
    ClrcResult result = faulty(hKey);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = *signature_length;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx(), hKey->pkey, NULL);
    EVP_MD *md = EVP_MD_fetch(libctx(), digest_name(digest_length), NULL);
    bool done = EVP_PKEY_sign_init(ctx) == 1;
    if (padding != 0)
        done = done && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
               EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1;
    if (padding == RSA_PKCS1_PSS_PADDING)
        done = done && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) == 1;
    done = done && EVP_PKEY_sign(ctx, signature, &len, digest, digest_length) == 1;
    EVP_MD_free(md);
    EVP_PKEY_CTX_free(ctx);
    end_work(hKey);
    if (!done)
        ERR_clear_error();
    *signature_length = (uint32_t)len;
    return done ? CLRC_SUCCESS : CLRC_ERROR_GENERIC;
}

ClrcResult clrcSignDigest(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *digest,
                          uint32_t digest_length, uint8_t *signature, uint32_t *signature_length)
{
    int padding = algorithm == CLRC_ECDSA                        ? 0
                  : algorithm >= CLRC_RSASSA_PKCS1_PSS_MGF1_SHA1 ? RSA_PKCS1_PSS_PADDING
                                                                 : RSA_PKCS1_PADDING;
    return sign(hKey, padding, (int)digest_length, digest, digest_length, signature,
                signature_length);
}

ClrcResult clrcSignDigestPss(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, uint32_t salt_length,
                             const uint8_t *digest, uint32_t digest_length, uint8_t *signature,
                             uint32_t *signature_length)
{
    (void)algorithm;
    return sign(hKey, RSA_PKCS1_PSS_PADDING, (int)salt_length, digest, digest_length, signature,
                signature_length);
}

static EVP_PKEY *peer_of(EVP_PKEY *pkey, const uint8_t *point, uint32_t length)
{
    EVP_PKEY *peer = EVP_PKEY_new();
    if (EVP_PKEY_copy_parameters(peer, pkey) != 1 ||
        EVP_PKEY_set1_encoded_public_key(peer, point, length) != 1) {
        EVP_PKEY_free(peer);
        return NULL;
    }
    return peer;
}

ClrcResult clrcAgreeRaw(ClrcKeyHandle hKey, const uint8_t *peer_point, uint32_t peer_length,
                        uint8_t *shared, uint32_t *shared_length)
{
    ClrcResult result = faulty(hKey);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = *shared_length;
    EVP_PKEY *peer = peer_of(hKey->pkey, peer_point, peer_length);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx(), hKey->pkey, NULL);
    bool done = peer != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, shared, &len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    end_work(hKey);
    if (!done)
        ERR_clear_error();
    *shared_length = (uint32_t)len;
    return done ? CLRC_SUCCESS : CLRC_ERROR_BAD_FORMAT;
}

ClrcResult clrcAsymmetricDecrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *label,
                                 uint32_t label_length, const uint8_t *in, uint32_t length,
                                 uint8_t *out, uint32_t *out_length)
{
    static const char *const mds[] = {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"};
    ClrcResult result = faulty(hKey);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = *out_length;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx(), hKey->pkey, NULL);
    bool is_oaep = algorithm != CLRC_RSAES_PKCS1_V1_5;
    bool done = EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, is_oaep ? RSA_PKCS1_OAEP_PADDING
                                                          : RSA_PKCS1_PADDING) == 1;
    if (is_oaep)
        done = done && EVP_PKEY_CTX_set_rsa_oaep_md_name(
                           ctx, mds[algorithm - CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1], NULL) == 1;
    if (label_length != 0)
        done = done && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(label, label_length),
                                                        (int)label_length) == 1;
    done = done && EVP_PKEY_decrypt(ctx, out, &len, in, length) == 1;
    EVP_PKEY_CTX_free(ctx);
    end_work(hKey);
    if (!done)
        ERR_clear_error();
    *out_length = (uint32_t)len;
    return done ? CLRC_SUCCESS : CLRC_ERROR_BAD_FORMAT;
}

ClrcResult clrcCreateKey(const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    EVP_PKEY *pkey = NULL;
    if (wish->type == KEY_RSA_KEYPAIR)
        pkey = EVP_PKEY_Q_keygen(libctx(), NULL, "RSA", (size_t)wish->bits);
    else
        pkey = EVP_PKEY_Q_keygen(libctx(), NULL, "EC",
                                 wish->bits == 256   ? "P-256"
                                 : wish->bits == 384 ? "P-384"
                                                     : "P-521");
    return pkey == NULL ? CLRC_ERROR_GENERIC : new_key(pkey, "", hKey);
}

ClrcResult clrcSaveNamedKey(ClrcKeyHandle hKey, const char *name, ClrcPasswordHandle hPassword)
{
    char path[512] = {0};
    char pass[512] = {0};
    snprintf(path, sizeof(path), "%s/%s.pem", getenv("CLRC_DOUBLE_DIR"), name);
    FILE *file = fopen(path, "wxe");
    if (file == NULL)
        return CLRC_ERROR_EXISTS;
    PEM_write_PKCS8PrivateKey(file, hKey->pkey, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    if (hPassword != NULL) {
        snprintf(pass, sizeof(pass), "%.55s.pass", name);
        (void)clrcCreatePassword(pass, (const uint8_t *)hPassword->text,
                                 (uint32_t)strlen(hPassword->text));
    }
    describe(hKey->pkey, name, &hKey->info);
    return CLRC_SUCCESS;
}

ClrcResult clrcCreatePassword(const char *name, const uint8_t *password, uint32_t length)
{
    char path[512] = {0};
    snprintf(path, sizeof(path), "%s/%s", getenv("CLRC_DOUBLE_DIR"), name);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return CLRC_ERROR_GENERIC;
    size_t written = fwrite(password, 1, length, file);
    fclose(file);
    return written == length ? CLRC_SUCCESS : CLRC_ERROR_GENERIC;
}

ClrcResult clrcDeleteNamedKey(const char *name, ClrcPasswordHandle hPassword)
{
    char path[512] = {0};
    (void)hPassword;
    snprintf(path, sizeof(path), "%s/%s.pem", getenv("CLRC_DOUBLE_DIR"), name);
    return remove(path) == 0 ? CLRC_SUCCESS : CLRC_ERROR_NOT_FOUND;
}

ClrcResult clrcListNamedKeys(const char *password_name,
                             int (*seen)(void *arg, const ClrcKeyInfo *info), void *arg)
{
    ClrcKeyInfo info = {.type = KEY_ECDSA_KEYPAIR, .name = "first"};
    (void)password_name;
    if (seen(arg, &info) == 0)
        return CLRC_SUCCESS;
    snprintf(info.name, sizeof(info.name), "second one");
    (void)seen(arg, &info);
    return CLRC_SUCCESS;
}

ClrcResult clrcSetSocket(const char *path)
{
    return path == NULL ? CLRC_ERROR_BAD_PARAMETERS : CLRC_SUCCESS;
}

ClrcResult clrscGetNamedCertificate(const char *name, uint8_t *der, uint32_t *length)
{
    FILE *file = open_file(name, ".der");
    if (file == NULL)
        return CLRC_ERROR_NOT_FOUND;
    *length = (uint32_t)fread(der, 1, *length, file);
    fclose(file);
    return CLRC_SUCCESS;
}
