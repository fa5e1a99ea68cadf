/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The soft root: a secret in a file, or in a credential that systemd handed over. Whoever can read
 * that file is the root: it is for development and for boards whose disk is encrypted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "tee/root/root.h"

#define SECRET_MIN 32
#define SECRET_MAX 1024
#define LABEL_MAX 256
#define PATH_LEN_MAX 4096
#define CREDENTIAL_PREFIX "credential:"
#define TEMP_TRIES 16

struct soft {
    OSSL_LIB_CTX *lib;
    struct km_secret *secret;
};

static km_status fail_openssl(struct km_err *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    return KM_FAIL_NATIVE(err, KM_E_INTERNAL, KM_LAYER_OPENSSL, code, "libcrypto could not %s",
                          what);
}

static km_status soft_random(struct km_err *err, void *state, struct km_span out)
{
    const struct soft *soft = state;
    (void)ERR_set_mark();
    bool done = RAND_priv_bytes_ex(soft->lib, out.ptr, out.len, 256) == 1;
    km_status status = done ? KM_OK : fail_openssl(err, "give random octets");
    (void)ERR_pop_to_mark();
    return status;
}

/* ---- the file ---- */

/*
 * What an opened file must be before its contents count. systemd may grant a credential through an ACL, whose
 * mask shows as group bits, and root owns it then: so only the world's bits are held against one.
 */
static km_status check_file(struct km_err *err, int fd, const char *path, bool credential,
                            size_t *ret_len)
{
    struct stat st = {0};
    if (fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "could not examine the root secret %s", path);
    if (!S_ISREG(st.st_mode))
        return KM_FAIL(err, KM_E_DENIED, "the root secret %s is not a regular file", path);
    if (st.st_uid != geteuid() && !(credential && st.st_uid == 0))
        return KM_FAIL(err, KM_E_DENIED, "the root secret %s belongs to uid %u, not to uid %u",
                       path, (unsigned)st.st_uid, (unsigned)geteuid());
    mode_t too_open = credential ? 07 : 077;
    if ((st.st_mode & too_open) != 0)
        return KM_FAIL(err, KM_E_DENIED,
                       "the root secret %s has mode %04o: others may use it, 0600 is needed", path,
                       (unsigned)(st.st_mode & 07777));
    if (st.st_size < SECRET_MIN || st.st_size > SECRET_MAX)
        return KM_FAIL(err, KM_E_CORRUPT, "the root secret %s has %lld octets instead of %d to %d",
                       path, (long long)st.st_size, SECRET_MIN, SECRET_MAX);
    *ret_len = (size_t)st.st_size;
    return KM_OK;
}

static km_status read_exact(struct km_err *err, int fd, const char *path, struct km_span into)
{
    size_t got = 0;
    while (got < into.len) {
        ssize_t n = read(fd, into.ptr + got, into.len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return KM_FAIL_ERRNO(err, "could not read the root secret %s", path);
        if (n == 0)
            return KM_FAIL(err, KM_E_CORRUPT, "the root secret %s ended after %zu octets", path,
                           got);
        got += (size_t)n;
    }
    return KM_OK;
}

/* KM_E_NOTFOUND only when there is no such file. */
static km_status load(struct km_err *err, const char *path, bool credential,
                      struct km_secret **ret_secret)
{
    /* O_NONBLOCK: a FIFO put there must not hang us before it is seen to be one. */
    KM_AUTO(km_fd_closep)
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (credential ? 0 : O_NOFOLLOW));
    if (fd < 0 && (errno == ELOOP || errno == ENXIO))
        return KM_FAIL(err, KM_E_DENIED, "the root secret %s is not a regular file", path);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "could not open the root secret %s", path);
    size_t len = 0;
    KM_TRY(check_file(err, fd, path, credential, &len));
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(len);
    if (secret == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "root secret of %zu octets", len);
    KM_TRY(read_exact(err, fd, path, km_secret_fill(secret)));
    *ret_secret = km_steal(&secret);
    return KM_OK;
}

static km_status write_all(struct km_err *err, int fd, const char *path, struct km_slice bytes)
{
    size_t put = 0;
    while (put < bytes.len) {
        ssize_t n = write(fd, bytes.ptr + put, bytes.len - put);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return KM_FAIL_ERRNO(err, "could not write the new root secret %s", path);
        put += (size_t)n;
    }
    if (fsync(fd) != 0)
        return KM_FAIL_ERRNO(err, "could not bring the new root secret %s to disk", path);
    return KM_OK;
}

static km_status sync_folder(struct km_err *err, const char *path)
{
    char folder[PATH_LEN_MAX] = {0};
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == NULL)
        (void)snprintf(folder, sizeof folder, ".");
    else
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(len == 0 ? 1 : len), path);
    KM_AUTO(km_fd_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return KM_FAIL_ERRNO(err, "could not bring the folder of the root secret %s to disk", path);
    return KM_OK;
}

static km_status open_temp(struct km_err *err, struct soft *soft, const char *path, char *ret_temp,
                           size_t cap, int *ret_fd)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        uint32_t tail = 0;
        KM_TRY(soft_random(err, soft, KM_SPAN(&tail, sizeof tail)));
        if (snprintf(ret_temp, cap, "%s.%08x", path, (unsigned)tail) >= (int)cap)
            return KM_FAIL(err, KM_E_LIMIT, "the path of the root secret is too long");
        int fd = open(ret_temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
            *ret_fd = fd;
            return KM_OK;
        }
        if (errno != EEXIST)
            return KM_FAIL_ERRNO(err, "could not create the root secret %s", path);
    }
    return KM_FAIL(err, KM_E_EXISTS, "no free temporary name beside the root secret %s", path);
}

/*
 * The file appears under its name whole or not at all, and never over another: link() refuses an
 * existing name, so of two that start at once both go on with the winner's secret.
 */
static km_status make(struct km_err *err, struct soft *soft, const char *path)
{
    KM_AUTO(km_secret_freep) struct km_secret *fresh = km_secret_new(SECRET_MIN);
    if (fresh == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "root secret of %d octets", SECRET_MIN);
    KM_TRY(soft_random(err, soft, km_secret_fill(fresh)));
    char temp[PATH_LEN_MAX + 16] = {0};
    KM_AUTO(km_fd_closep) int fd = -1;
    KM_TRY(open_temp(err, soft, path, temp, sizeof temp, &fd));
    km_status status = fchmod(fd, 0600) == 0
                           ? write_all(err, fd, path, km_secret_expose(fresh))
                           : KM_FAIL_ERRNO(err, "could not protect the new root secret %s", path);
    if (status == KM_OK && link(temp, path) != 0 && errno != EEXIST)
        status = KM_FAIL_ERRNO(err, "could not name the new root secret %s", path);
    (void)unlink(temp);
    KM_TRY(status);
    return sync_folder(err, path);
}

static km_status load_or_make(struct km_err *err, struct soft *soft, const char *path)
{
    struct km_err absent = {0};
    km_status status = load(&absent, path, false, &soft->secret);
    if (status == KM_E_NOTFOUND) {
        KM_TRY(make(err, soft, path));
        return load(err, path, false, &soft->secret);
    }
    if (status != KM_OK && err != NULL && err->status == KM_OK)
        *err = absent;
    return status;
}

static km_status load_credential(struct km_err *err, struct soft *soft, const char *name)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL || folder[0] != '/')
        return KM_FAIL(err, KM_E_NOTFOUND,
                       "there is no credential '%.64s': CREDENTIALS_DIRECTORY is not set", name);
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return KM_FAIL(err, KM_E_ARG, "'%.64s' is not the name of a credential", name);
    char path[PATH_LEN_MAX] = {0};
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return KM_FAIL(err, KM_E_LIMIT, "the path of credential '%.64s' is too long", name);
    return load(err, path, true, &soft->secret);
}

/* ---- the driver ---- */

static void soft_close(void *state)
{
    struct soft *soft = state;
    if (soft == NULL)
        return;
    km_secret_free(soft->secret);
    OSSL_LIB_CTX_free(soft->lib);
    free(soft);
}

static void soft_closep(struct soft **soft)
{
    soft_close(*soft);
}

static km_status soft_open(struct km_err *err, const char *argument, void **ret_state)
{
    if (argument == NULL || argument[0] == '\0')
        return KM_FAIL(err, KM_E_ARG, "the soft root needs the path of its secret: soft:PATH");
    if (strlen(argument) >= PATH_LEN_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "the path of the root secret is longer than %d octets",
                       PATH_LEN_MAX - 1);
    KM_AUTO(soft_closep) struct soft *soft = calloc(1, sizeof *soft);
    if (soft == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "soft root");
    (void)ERR_set_mark();
    soft->lib = OSSL_LIB_CTX_new();
    (void)ERR_pop_to_mark();
    if (soft->lib == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "libcrypto context");
    size_t prefix_len = strlen(CREDENTIAL_PREFIX);
    if (strncmp(argument, CREDENTIAL_PREFIX, prefix_len) == 0)
        KM_TRY(load_credential(err, soft, argument + prefix_len));
    else
        KM_TRY(load_or_make(err, soft, argument));
    *ret_state = km_steal(&soft);
    return KM_OK;
}

static bool hkdf(OSSL_LIB_CTX *lib, struct km_slice secret, struct km_slice info,
                 struct km_span out)
{
    static char digest[] = "SHA256";
    static uint8_t salt[] = "keymoor soft root 1";
    EVP_KDF *kdf = EVP_KDF_fetch(lib, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (uint8_t *)secret.ptr, secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof salt - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (uint8_t *)info.ptr, info.len),
        OSSL_PARAM_construct_end(),
    };
    bool done = ctx != NULL && EVP_KDF_derive(ctx, out.ptr, out.len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

static km_status soft_derive(struct km_err *err, void *state, struct km_slice label,
                             struct km_secret **ret_secret)
{
    const struct soft *soft = state;
    if (label.len == 0 || label.len > LABEL_MAX)
        return KM_FAIL(err, KM_E_ARG, "a label of %zu octets; 1 to %d are allowed", label.len,
                       LABEL_MAX);
    /* "derive", so that whatever else is ever taken from this secret can't meet a label. */
    uint8_t info[8 + LABEL_MAX] = {0};
    struct km_wr wr = km_wr_init(info, sizeof info);
    struct km_slice text = {0};
    km_wr_bytes(&wr, KM_SLICE("derive", 7));
    km_wr_bytes(&wr, label);
    if (!km_wr_finish(&wr, &text))
        return KM_FAIL(err, KM_E_INTERNAL, "label of %zu octets did not fit", label.len);
    KM_AUTO(km_secret_freep) struct km_secret *out = km_secret_new(KM_ROOT_SECRET_LEN);
    if (out == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "secret of %d octets", KM_ROOT_SECRET_LEN);
    (void)ERR_set_mark();
    bool done = hkdf(soft->lib, km_secret_expose(soft->secret), text, km_secret_fill(out));
    km_status status = done ? KM_OK : fail_openssl(err, "derive a secret");
    (void)ERR_pop_to_mark();
    KM_TRY(status);
    *ret_secret = km_steal(&out);
    return KM_OK;
}

const struct km_root_driver km_root_soft = {
    .name = "soft",
    .open = soft_open,
    .close = soft_close,
    .derive = soft_derive,
    .random = soft_random,
};
