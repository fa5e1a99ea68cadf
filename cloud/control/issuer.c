/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/issuer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "common/km_file.h"
#include "common/km_secret.h"

#define SERIAL_LEN 20
#define OWN_YEARS 20
#define YEAR_S ((time_t)31557600)
#define NOT_AFTER "20491231235959Z"
#define EARLIER_S 7200 /* devices' clocks are behind */

struct km_issuer {
    const struct km_crypto *crypto;
    EVP_PKEY *key;
    struct km_x509 certificate;
};

static void x509_freep(X509 **x509)
{
    X509_free(*x509);
    *x509 = NULL;
}

static void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
    *bio = NULL;
}

static void request_freep(X509_REQ **request)
{
    X509_REQ_free(*request);
    *request = NULL;
}

/* ---- one certificate ---- */

/* What a certificate is to say; subject and key are borrowed. */
struct wish {
    const X509_NAME *subject;
    EVP_PKEY *key;
    time_t from_s;
    time_t until_s; /* 0: NOT_AFTER */
    bool is_ca;
};

static bool set_serial(X509 *x509, OSSL_LIB_CTX *lib)
{
    uint8_t octets[SERIAL_LEN] = {0};
    if (RAND_bytes_ex(lib, octets, sizeof(octets), 0) != 1)
        return false;
    octets[0] = (uint8_t)((octets[0] & 0x7fu) | 0x40u); /* positive, and of one length */
    BIGNUM *number = BN_bin2bn(octets, sizeof(octets), NULL);
    bool is_set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return is_set;
}

static bool set_times(X509 *x509, const struct wish *wish)
{
    if (ASN1_TIME_set(X509_getm_notBefore(x509), wish->from_s) == NULL)
        return false;
    if (wish->until_s == 0)
        return ASN1_TIME_set_string(X509_getm_notAfter(x509), NOT_AFTER) == 1;
    return ASN1_TIME_set(X509_getm_notAfter(x509), wish->until_s) != NULL;
}

static bool add_extension(X509 *x509, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, context, nid, value);
    bool is_added = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_extensions(X509 *x509, X509 *issuer, bool is_ca)
{
    X509V3_CTX context = {0};
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    return add_extension(x509, &context, NID_subject_key_identifier, "hash") &&
           add_extension(x509, &context, NID_authority_key_identifier, "keyid") &&
           add_extension(x509, &context, NID_basic_constraints,
                         is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           add_extension(x509, &context, NID_key_usage,
                         is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
}

/* make: issuer NULL: by itself. Returns owned, or NULL. */
static X509 *make(const struct km_crypto *crypto, const struct wish *wish, X509 *issuer,
                  EVP_PKEY *issuer_key)
{
    KM_AUTO(x509_freep) X509 *x509 = X509_new_ex(crypto->lib, NULL);
    if (x509 == NULL || X509_set_version(x509, X509_VERSION_3) != 1 ||
        !set_serial(x509, crypto->lib) || !set_times(x509, wish) ||
        X509_set_subject_name(x509, wish->subject) != 1 ||
        X509_set_issuer_name(x509,
                             issuer != NULL ? X509_get_subject_name(issuer) : wish->subject) != 1 ||
        X509_set_pubkey(x509, wish->key) != 1 ||
        !add_extensions(x509, issuer != NULL ? issuer : x509, wish->is_ca) ||
        X509_sign(x509, issuer_key, crypto->sha256) <= 0)
        return NULL;
    return km_steal(&x509);
}

static X509_NAME *name_of(const char *common_name)
{
    X509_NAME *name = X509_NAME_new();
    if (name != NULL &&
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)common_name, -1, -1, 0) == 1)
        return name;
    X509_NAME_free(name);
    return NULL;
}

/* The octets as one that was read, which is how everything else knows certificates. */
static km_status take_up(struct km_err *err, const struct km_crypto *crypto, X509 *x509,
                         struct km_x509 *ret)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    if (len <= 0)
        return km_crypto_fail(err, KM_E_NOMEM, "certificate");
    km_status status = km_x509_read_der(err, crypto, KM_SLICE(der, (size_t)len), ret);
    OPENSSL_free(der);
    return status;
}

/* ---- the issuer's own ---- */

void km_issuer_free(struct km_issuer *issuer)
{
    if (issuer == NULL)
        return;
    EVP_PKEY_free(issuer->key);
    km_x509_clear(&issuer->certificate);
    free(issuer);
}

void km_issuer_freep(struct km_issuer **issuer)
{
    km_issuer_free(*issuer);
    *issuer = NULL;
}

/* The file: certificate and key, one behind the other. Its text is a secret. */
static km_status write_file(struct km_err *err, const struct km_issuer *issuer, const char *path)
{
    KM_AUTO(bio_freep) BIO *bio = BIO_new(BIO_s_secmem());
    char *at = NULL;
    if (bio == NULL || PEM_write_bio_X509(bio, issuer->certificate.x509) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(bio, issuer->key, NULL, NULL, 0, NULL, NULL) != 1)
        return km_crypto_fail(err, KM_E_NOMEM, "issuer's PEM");
    long len = BIO_get_mem_data(bio, &at);
    return km_file_write(err, AT_FDCWD, path, KM_SLICE(at, (size_t)len), 0600);
}

static km_status make_own(struct km_err *err, struct km_issuer *issuer, const char *path,
                          int64_t now_ms)
{
    issuer->key = EVP_PKEY_Q_keygen(issuer->crypto->lib, NULL, "EC", "P-256");
    X509_NAME *name = name_of("Keymoor control plane");
    const struct wish wish = {
        .subject = name,
        .key = issuer->key,
        .from_s = (time_t)(now_ms / 1000) - EARLIER_S,
        .until_s = (time_t)(now_ms / 1000) + OWN_YEARS * YEAR_S,
        .is_ca = true,
    };
    KM_AUTO(x509_freep)
    X509 *x509 =
        issuer->key == NULL || name == NULL ? NULL : make(issuer->crypto, &wish, NULL, issuer->key);
    X509_NAME_free(name);
    if (x509 == NULL)
        return km_crypto_fail(err, KM_E_INTERNAL, "issuer's own certificate");
    KM_TRY(take_up(err, issuer->crypto, x509, &issuer->certificate));
    return write_file(err, issuer, path);
}

static km_status read_own(struct km_err *err, struct km_issuer *issuer, struct km_slice text,
                          const char *path)
{
    KM_AUTO(bio_freep) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    KM_AUTO(x509_freep) X509 *x509 = X509_new_ex(issuer->crypto->lib, NULL);
    bool is_good = bio != NULL && x509 != NULL && PEM_read_bio_X509(bio, &x509, NULL, NULL) != NULL;
    if (is_good)
        issuer->key = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, issuer->crypto->lib, NULL);
    is_good = is_good && issuer->key != NULL && X509_check_private_key(x509, issuer->key) == 1;
    ERR_clear_error();
    if (!is_good)
        return KM_FAIL(err, KM_E_CORRUPT, "%s is not a certificate and its key", path);
    return take_up(err, issuer->crypto, x509, &issuer->certificate);
}

static km_status check_mode(struct km_err *err, const char *path, bool *ret_is_there)
{
    struct stat st = {0};
    *ret_is_there = stat(path, &st) == 0;
    if (!*ret_is_there)
        return errno == ENOENT ? KM_OK : KM_FAIL_ERRNO(err, "look at %s", path);
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return KM_FAIL(err, KM_E_DENIED, "%s is open to others than its owner", path);
    return KM_OK;
}

km_status km_issuer_open(struct km_err *err, const struct km_crypto *crypto, const char *path,
                         int64_t now_ms, struct km_issuer **ret)
{
    KM_AUTO(km_issuer_freep) struct km_issuer *issuer = calloc(1, sizeof(*issuer));
    bool is_there = false;
    uint8_t *text = NULL;
    size_t len = 0;
    if (issuer == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "issuer");
    issuer->crypto = crypto;
    KM_TRY(check_mode(err, path, &is_there));
    if (!is_there) {
        KM_TRY(make_own(err, issuer, path, now_ms));
    } else {
        KM_TRY(km_file_read(err, AT_FDCWD, path, KM_X509_PEM_MAX, &text, &len));
        km_status status = read_own(err, issuer, KM_SLICE(text, len), path);
        km_wipe(text, len);
        free(text);
        KM_TRY(status);
    }
    *ret = km_steal(&issuer);
    return KM_OK;
}

/* ---- for devices ---- */

void km_issuer_keys_clear(struct km_issuer_keys *keys)
{
    if (keys->private_pem != NULL)
        km_wipe(keys->private_pem, strlen(keys->private_pem));
    free(keys->private_pem);
    free(keys->public_pem);
    *keys = (struct km_issuer_keys){0};
}

static km_status issue(struct km_err *err, const struct km_issuer *issuer, const struct wish *wish,
                       struct km_x509 *ret)
{
    KM_AUTO(x509_freep)
    X509 *x509 = make(issuer->crypto, wish, issuer->certificate.x509, issuer->key);
    if (x509 == NULL)
        return km_crypto_fail(err, KM_E_INTERNAL, "certificate for a device");
    return take_up(err, issuer->crypto, x509, ret);
}

/* What the BIO holds as text of its own. */
static char *text_of(BIO *bio)
{
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    char *text = len <= 0 ? NULL : calloc(1, (size_t)len + 1);
    if (text != NULL)
        km_copy(text, (size_t)len, at, (size_t)len);
    return text;
}

static km_status print_keys(struct km_err *err, EVP_PKEY *key, struct km_issuer_keys *ret)
{
    KM_AUTO(bio_freep) BIO *secret = BIO_new(BIO_s_secmem());
    KM_AUTO(bio_freep) BIO *open = BIO_new(BIO_s_mem());
    struct km_issuer_keys keys = {0};
    if (secret != NULL && open != NULL &&
        PEM_write_bio_PrivateKey_traditional(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_PUBKEY(open, key) == 1) {
        keys.private_pem = text_of(secret);
        keys.public_pem = text_of(open);
    }
    if (keys.private_pem == NULL || keys.public_pem == NULL) {
        km_issuer_keys_clear(&keys);
        return km_crypto_fail(err, KM_E_NOMEM, "PEM of a key pair");
    }
    *ret = keys;
    return KM_OK;
}

km_status km_issuer_make(struct km_err *err, const struct km_issuer *issuer, int64_t now_ms,
                         int64_t until_ms, struct km_x509 *ret_certificate,
                         struct km_issuer_keys *ret_keys)
{
    KM_AUTO(key_freep)
    EVP_PKEY *key = EVP_PKEY_Q_keygen(issuer->crypto->lib, NULL, "RSA", (size_t)KM_ISSUER_KEY_BITS);
    X509_NAME *name = name_of("AWS IoT Certificate");
    if (key == NULL || name == NULL) {
        X509_NAME_free(name);
        return km_crypto_fail(err, KM_E_INTERNAL, "RSA key pair");
    }
    KM_AUTO(km_issuer_keys_clear) struct km_issuer_keys keys = {0};
    km_status status = print_keys(err, key, &keys);
    const struct wish wish = {.subject = name,
                              .key = key,
                              .from_s = (time_t)(now_ms / 1000) - EARLIER_S,
                              .until_s = (time_t)(until_ms / 1000)};
    if (status == KM_OK)
        status = issue(err, issuer, &wish, ret_certificate);
    X509_NAME_free(name);
    KM_TRY(status);
    *ret_keys = keys;
    keys = (struct km_issuer_keys){0};
    return KM_OK;
}

km_status km_issuer_sign(struct km_err *err, const struct km_issuer *issuer, struct km_slice text,
                         int64_t now_ms, struct km_x509 *ret_certificate)
{
    KM_AUTO(bio_freep)
    BIO *bio = text.len > KM_X509_PEM_MAX ? NULL : BIO_new_mem_buf(text.ptr, (int)text.len);
    KM_AUTO(request_freep) X509_REQ *request = X509_REQ_new_ex(issuer->crypto->lib, NULL);
    bool is_good =
        bio != NULL && request != NULL &&
        PEM_read_bio_X509_REQ(bio, &request, NULL, NULL) != NULL &&
        X509_REQ_get0_pubkey(request) != NULL &&
        X509_REQ_verify_ex(request, X509_REQ_get0_pubkey(request), issuer->crypto->lib, NULL) == 1;
    if (!is_good && km_crypto_was_short())
        return km_crypto_fail(err, KM_E_NOMEM, "certificate request");
    ERR_clear_error();
    if (!is_good)
        return KM_FAIL(err, KM_E_MALFORMED,
                       "the text is not one certificate request in PEM that its own key signed");
    const struct wish wish = {.subject = X509_REQ_get_subject_name(request),
                              .key = X509_REQ_get0_pubkey(request),
                              .from_s = (time_t)(now_ms / 1000) - EARLIER_S};
    return issue(err, issuer, &wish, ret_certificate);
}
