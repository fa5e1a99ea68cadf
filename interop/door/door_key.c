/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/door/door_key.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "interop/door/door_error.h"

/* Handles kept for reuse; more threads than this at once load and free one per operation. */
#define IDLE_MAX 16
#define ED25519_SIGNATURE_LEN 64u
#define MESSAGE_MAX 4096u                          /* octets of a message in one call */
#define PASSWORD_FILE_MAX (CLRC_PASSWORD_MAX + 2u) /* with a line end of up to two octets */

/*
 * A clrc handle serves one thread at a time, and a saved key may be loaded as often as wanted: each
 * operation borrows an idle handle or loads another one. The idle ones stand in slots that are
 * swapped atomically; there is no lock that another thread could hold at the moment of a fork.
 * An unsaved key has one handle only, so its users take turns, and it stays behind in a fork.
 */
struct km_door_key {
    atomic_uint refs;
    bool has_private;
    bool is_saved;
    pid_t home; /* the process that made it */
    struct km_door_uri uri;
    struct km_secret *password; /* had from a person; NULL otherwise */
    bool needs_password;
    uint8_t id[16]; /* the service's own number of this key */
    uint8_t spki[KM_DOOR_SPKI_MAX];
    struct km_door_public public;
    _Atomic(ClrcKeyHandle) idle[IDLE_MAX];
    pthread_mutex_t turn; /* unsaved keys only */
};

static struct km_door_key *key_new(void)
{
    struct km_door_key *key = calloc(1, sizeof(*key));
    if (key == NULL)
        return NULL;
    atomic_init(&key->refs, 1);
    for (size_t i = 0; i < IDLE_MAX; i++)
        atomic_init(&key->idle[i], NULL);
    pthread_mutex_init(&key->turn, NULL);
    key->home = getpid();
    return key;
}

struct km_door_key *km_door_key_ref(struct km_door_key *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void km_door_key_unref(struct km_door_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < IDLE_MAX; i++)
        clrcFreeKey(atomic_load(&key->idle[i]));
    km_secret_free(key->password);
    pthread_mutex_destroy(&key->turn);
    free(key);
}

void km_door_key_unrefp(struct km_door_key **key)
{
    km_door_key_unref(*key);
}

/* ---- passwords ---- */

static void password_filep(uint8_t **text)
{
    if (*text != NULL)
        km_wipe(*text, PASSWORD_FILE_MAX);
    free(*text);
}

/* The first line of the file, without its end. */
static km_status read_password(struct km_err *err, const char *path, struct km_secret **ret)
{
    KM_AUTO(password_filep) uint8_t *text = calloc(1, PASSWORD_FILE_MAX);
    if (text == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "password file");
    KM_AUTO(km_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return KM_FAIL_NATIVE(err, KM_E_AUTH, KM_LAYER_ERRNO, errno,
                              "can't open the password file %s: %s", path, strerror(errno));
    size_t len = 0;
    for (ssize_t n = 1; n > 0 && len<PASSWORD_FILE_MAX; len += n> 0 ? (size_t)n : 0) {
        n = read(fd, text + len, PASSWORD_FILE_MAX - len);
        if (n < 0)
            return KM_FAIL_NATIVE(err, KM_E_AUTH, KM_LAYER_ERRNO, errno,
                                  "can't read the password file %s: %s", path, strerror(errno));
    }
    const uint8_t *end = memchr(text, '\n', len);
    if (end != NULL)
        len = (size_t)(end - text);
    if (end != NULL && len != 0 && text[len - 1] == '\r')
        len--;
    if (len == 0 || len > CLRC_PASSWORD_MAX)
        return KM_FAIL(err, KM_E_AUTH, "the first line of %s must have 1 to %u octets", path,
                       CLRC_PASSWORD_MAX);
    *ret = km_secret_from(KM_SLICE(text, len));
    return *ret == NULL ? KM_FAIL(err, KM_E_NOMEM, "password") : KM_OK;
}

static km_status ask_password(struct km_err *err, const char *name, const struct km_door_ask *ask,
                              struct km_secret **ret)
{
    if (ask == NULL || ask->ask == NULL)
        return km_door_clrc(err, CLRC_ERROR_PASSWORD, "load key", name);
    uint8_t typed[CLRC_PASSWORD_MAX] = {0};
    char what[CLRC_NAME_MAX + 16] = "key ";
    km_copy(what + 4, sizeof(what) - 5, name, strlen(name));
    size_t len = 0;
    bool has = ask->ask(ask->arg, what, KM_SPAN(typed, sizeof(typed)), &len);
    if (has && len != 0 && len <= sizeof(typed))
        *ret = km_secret_from(KM_SLICE(typed, len));
    km_wipe(typed, sizeof(typed));
    if (!has || len == 0 || len > sizeof(typed))
        return km_door_clrc(err, CLRC_ERROR_PASSWORD, "load key", name);
    return *ret == NULL ? KM_FAIL(err, KM_E_NOMEM, "password") : KM_OK;
}

/* Where the key's password object is called otherwise than the URI says, the URI means another key. */
static km_status password_object(struct km_err *err, const struct km_door_uri *uri,
                                 char ret_name[CLRC_NAME_MAX + 1])
{
    ClrcKeyInfo info = {0};
    KM_TRY(km_door_clrc(err, clrcDescribeNamedKey(uri->name, &info), "describe key", uri->name));
    if (uri->password_name[0] != '\0' && strcmp(uri->password_name, info.password_name) != 0)
        return KM_FAIL(err, KM_E_AUTH, "key '%s' is not wrapped under password object '%s'",
                       uri->name, uri->password_name);
    km_copy(ret_name, CLRC_NAME_MAX + 1, info.password_name, sizeof(info.password_name));
    return KM_OK;
}

/* ---- handles ---- */

static void free_passwordp(ClrcPasswordHandle *password)
{
    clrcFreePassword(*password);
}

static km_status load_with(struct km_err *err, const struct km_door_uri *uri,
                           const struct km_secret *secret, ClrcKeyHandle *ret)
{
    char object[CLRC_NAME_MAX + 1] = {0};
    KM_TRY(password_object(err, uri, object));
    struct km_slice octets = km_secret_expose(secret);
    KM_AUTO(free_passwordp) ClrcPasswordHandle password = NULL;
    ClrcResult result = clrcLoadPassword(object, octets.ptr, (uint32_t)octets.len, &password);
    KM_TRY(km_door_clrc(err, result, "open password object", object));
    return km_door_clrc(err, clrcLoadNamedKey(uri->name, password, ret), "load key", uri->name);
}

static km_status load_with_file(struct km_err *err, const struct km_door_uri *uri,
                                ClrcKeyHandle *ret)
{
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    KM_TRY(read_password(err, uri->password_file, &secret));
    return load_with(err, uri, secret, ret);
}

km_status km_door_handle(struct km_err *err, const struct km_door_uri *uri, ClrcKeyHandle *ret)
{
    if (uri->kind != KM_DOOR_ANY && uri->kind != KM_DOOR_KEY)
        return KM_FAIL(err, KM_E_MALFORMED, "this clrc URI names no key");
    if (uri->password_file[0] != '\0')
        return load_with_file(err, uri, ret);
    return km_door_clrc(err, clrcLoadNamedKey(uri->name, NULL, ret), "load key", uri->name);
}

static km_status load_another(struct km_err *err, struct km_door_key *key, ClrcKeyHandle *ret)
{
    const struct km_door_uri *uri = &key->uri;
    if (!key->needs_password)
        return km_door_clrc(err, clrcLoadNamedKey(uri->name, NULL, ret), "load key", uri->name);
    if (uri->password_file[0] != '\0')
        return load_with_file(err, uri, ret);
    if (key->home != getpid()) /* the kernel has emptied the page */
        return KM_FAIL_NATIVE(err, KM_E_AUTH, KM_LAYER_TEE, CLRC_ERROR_PASSWORD,
                              "the password of key '%s' was typed in before the fork; name a "
                              "password file",
                              uri->name);
    return load_with(err, uri, key->password, ret);
}

/* The name may stand for another key by now; that one must not sign in this one's place. */
static km_status check_same(struct km_err *err, const struct km_door_key *key, ClrcKeyHandle handle)
{
    ClrcKeyInfo info = {0};
    KM_TRY(km_door_clrc(err, clrcGetKeyInfo(handle, &info), "look at key", key->uri.name));
    if (memcmp(info.id, key->id, sizeof(key->id)) != 0)
        return km_door_clrc(err, CLRC_ERROR_KEY_GONE, "load key", key->uri.name);
    return KM_OK;
}

static void free_keyp(ClrcKeyHandle *handle)
{
    clrcFreeKey(*handle);
}

/* A key under a password can't be reopened from what its handle remembers in a forked child. */
static bool may_reuse(const struct km_door_key *key)
{
    return !key->needs_password || key->home == getpid();
}

static km_status borrow(struct km_err *err, struct km_door_key *key, ClrcKeyHandle *ret)
{
    if (!key->is_saved) {
        if (key->home != getpid())
            return KM_FAIL_NATIVE(err, KM_E_STATE, KM_LAYER_TEE, CLRC_ERROR_KEY_GONE,
                                  "an unsaved key stays in the process that made it");
        pthread_mutex_lock(&key->turn);
        *ret = atomic_load(&key->idle[0]);
        return KM_OK;
    }
    for (size_t i = 0; may_reuse(key) && i < IDLE_MAX; i++) {
        if (atomic_load_explicit(&key->idle[i], memory_order_relaxed) == NULL)
            continue;
        *ret = atomic_exchange_explicit(&key->idle[i], NULL, memory_order_acq_rel);
        if (*ret != NULL)
            return KM_OK;
    }
    KM_AUTO(free_keyp) ClrcKeyHandle handle = NULL;
    KM_TRY(load_another(err, key, &handle));
    KM_TRY(check_same(err, key, handle));
    *ret = km_steal(&handle);
    return KM_OK;
}

static void give_back(struct km_door_key *key, ClrcKeyHandle handle)
{
    if (!key->is_saved) {
        pthread_mutex_unlock(&key->turn);
        return;
    }
    for (size_t i = 0; may_reuse(key) && i < IDLE_MAX; i++) {
        ClrcKeyHandle empty = NULL;
        if (atomic_compare_exchange_strong_explicit(&key->idle[i], &empty, handle,
                                                    memory_order_acq_rel, memory_order_relaxed))
            return;
    }
    clrcFreeKey(handle);
}

/* ---- making ---- */

static bool type_has_private(ClrcKeyType type)
{
    return type == KEY_RSA_KEYPAIR || type == KEY_ECDSA_KEYPAIR || type == KEY_ECDH_KEYPAIR ||
           type == KEY_EC_DUAL_KEYPAIR || type == KEY_ED25519_KEYPAIR || type == KEY_X25519_KEYPAIR;
}

static bool type_is_asymmetric(ClrcKeyType type)
{
    return type_has_private(type) || type == KEY_RSA_PUBLIC || type == KEY_ECDSA_PUBLIC ||
           type == KEY_ECDH_PUBLIC || type == KEY_EC_DUAL_PUBLIC || type == KEY_ED25519_PUBLIC ||
           type == KEY_X25519_PUBLIC;
}

static km_status learn(struct km_err *err, struct km_door_key *key, ClrcKeyHandle handle)
{
    const char *name = key->uri.name;
    ClrcKeyInfo info = {0};
    KM_TRY(km_door_clrc(err, clrcGetKeyInfo(handle, &info), "look at key", name));
    if (!type_is_asymmetric(info.type))
        return KM_FAIL(err, KM_E_UNSUPPORTED, "key '%s' is symmetric and has no public part", name);
    uint32_t len = sizeof(key->spki);
    ClrcResult result = clrcExportPublicKey(handle, key->spki, &len);
    KM_TRY(km_door_clrc(err, result, "public part of key", name));
    key->has_private = type_has_private(info.type);
    km_copy(key->id, sizeof(key->id), info.id, sizeof(info.id));
    return km_door_public_parse(err, KM_SLICE(key->spki, len), &key->public);
}

/* The first load also finds out whether there is a password and gets it. */
static km_status first_load(struct km_err *err, struct km_door_key *key,
                            const struct km_door_ask *ask, ClrcKeyHandle *ret)
{
    const struct km_door_uri *uri = &key->uri;
    if (uri->password_file[0] == '\0' && uri->password_name[0] == '\0') {
        ClrcResult result = clrcLoadNamedKey(uri->name, NULL, ret);
        if (result != CLRC_ERROR_PASSWORD)
            return km_door_clrc(err, result, "load key", uri->name);
    }
    key->needs_password = true;
    if (uri->password_file[0] == '\0')
        KM_TRY(ask_password(err, uri->name, ask, &key->password));
    return load_another(err, key, ret);
}

km_status km_door_key_open(struct km_err *err, const struct km_door_uri *uri,
                           const struct km_door_ask *ask, struct km_door_key **ret)
{
    if (uri->kind != KM_DOOR_ANY && uri->kind != KM_DOOR_KEY)
        return KM_FAIL(err, KM_E_MALFORMED, "this clrc URI names no key");
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = key_new();
    if (key == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "key object");
    key->uri = *uri;
    key->is_saved = true;
    KM_AUTO(free_keyp) ClrcKeyHandle handle = NULL;
    KM_TRY(first_load(err, key, ask, &handle));
    KM_TRY(learn(err, key, handle));
    atomic_store(&key->idle[0], km_steal(&handle));
    *ret = km_steal(&key);
    return KM_OK;
}

/* values NULL: a new key, else one that has these. */
static km_status make(struct km_err *err, const ClrcKeyTemplate *wish,
                      const struct km_door_values *values, const char *name,
                      struct km_door_key **ret)
{
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = key_new();
    if (key == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "key object");
    if (name != NULL)
        KM_TRY(km_door_uri_of_name(err, name, &key->uri));
    KM_AUTO(free_keyp) ClrcKeyHandle handle = NULL;
    ClrcResult result =
        values == NULL ? clrcCreateKey(wish, &handle)
                       : clrcImportKeyAttributes(wish, values->values, values->n_values, &handle);
    KM_TRY(km_door_clrc(err, result, values == NULL ? "create key" : "take in key", key->uri.name));
    KM_TRY(learn(err, key, handle));
    if (name != NULL)
        KM_TRY(km_door_clrc(err, clrcSaveNamedKey(handle, name, NULL), "save key", name));
    key->is_saved = name != NULL;
    atomic_store(&key->idle[0], km_steal(&handle));
    *ret = km_steal(&key);
    return KM_OK;
}

km_status km_door_key_generate(struct km_err *err, const ClrcKeyTemplate *wish, const char *name,
                               struct km_door_key **ret)
{
    return make(err, wish, NULL, name, ret);
}

km_status km_door_key_import(struct km_err *err, const ClrcKeyTemplate *wish,
                             const struct km_door_values *values, const char *name,
                             struct km_door_key **ret)
{
    return make(err, wish, values, name, ret);
}

km_status km_door_key_of_public(struct km_err *err, struct km_slice spki, struct km_door_key **ret)
{
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = key_new();
    if (key == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "key object");
    if (spki.len > sizeof(key->spki))
        return KM_FAIL(err, KM_E_LIMIT, "a public key of %zu octets", spki.len);
    km_copy(key->spki, sizeof(key->spki), spki.ptr, spki.len);
    KM_TRY(km_door_public_parse(err, KM_SLICE(key->spki, spki.len), &key->public));
    *ret = km_steal(&key);
    return KM_OK;
}

const struct km_door_public *km_door_key_public(const struct km_door_key *key)
{
    return &key->public;
}

bool km_door_key_has_private(const struct km_door_key *key)
{
    return key->has_private;
}

const struct km_door_uri *km_door_key_uri(const struct km_door_key *key)
{
    return &key->uri;
}

const char *km_door_key_name(const struct km_door_key *key)
{
    return key->uri.name;
}

size_t km_door_key_signature_max(const struct km_door_key *key)
{
    switch (key->public.family) {
    case KM_DOOR_EC:
        return km_door_curve_signature_max(key->public.curve);
    case KM_DOOR_RSA:
        return key->public.n.len;
    case KM_DOOR_ED25519:
        return ED25519_SIGNATURE_LEN;
    case KM_DOOR_X25519:
        break;
    }
    return 0;
}

/* ---- use ---- */

/* One operation, as data: so that borrowing, the one retry and the end stand in one place. */
struct use {
    const char *what;
    ClrcResult (*call)(ClrcKeyHandle handle, const struct use *use, uint8_t *out, uint32_t *len);
    const struct km_door_signing *how;
    ClrcAlgorithm algorithm;
    struct km_slice in;
    struct km_slice label;
    ClrcAttribute attribute;
};

static km_status run(struct km_err *err, struct km_door_key *key, const struct use *use,
                     struct km_span ret, size_t *ret_len)
{
    if (!key->has_private)
        return km_door_no_private(err, use->what);
    uint32_t room = ret.len > UINT32_MAX ? UINT32_MAX : (uint32_t)ret.len;
    uint32_t len = room;
    ClrcResult result = CLRC_ERROR_SERVICE_DIED;
    /* A service that ended during the call was perhaps restarted: the next call would find the new one. */
    for (int attempt = 0; attempt < 2 && result == CLRC_ERROR_SERVICE_DIED; attempt++) {
        ClrcKeyHandle handle = NULL;
        KM_TRY(borrow(err, key, &handle));
        len = room;
        result = use->call(handle, use, ret.ptr, &len);
        give_back(key, handle);
    }
    KM_TRY(km_door_clrc(err, result, use->what, key->uri.name));
    *ret_len = len;
    return KM_OK;
}

static ClrcResult call_sign(ClrcKeyHandle handle, const struct use *use, uint8_t *out,
                            uint32_t *len)
{
    if (use->how->has_salt)
        return clrcSignDigestPss(handle, use->how->algorithm, use->how->salt_len, use->in.ptr,
                                 (uint32_t)use->in.len, out, len);
    return clrcSignDigest(handle, use->how->algorithm, use->in.ptr, (uint32_t)use->in.len, out,
                          len);
}

km_status km_door_key_sign(struct km_err *err, struct km_door_key *key,
                           const struct km_door_signing *how, struct km_slice digest,
                           struct km_span ret, size_t *ret_len)
{
    if (digest.len > 64)
        return KM_FAIL(err, KM_E_LIMIT, "a digest of %zu octets, 64 are the most", digest.len);
    struct use use = {.what = "sign with key", .call = call_sign, .how = how, .in = digest};
    return run(err, key, &use, ret, ret_len);
}

static ClrcResult sign_in_parts(ClrcKeyHandle handle, struct km_slice message, uint8_t *out,
                                uint32_t *len)
{
    const ClrcOperationWish wish = {.algorithm = CLRC_ED25519, .mode = CLRC_MODE_SIGN};
    ClrcOperationHandle operation = NULL;
    ClrcResult result = clrcOperationNew(handle, &wish, &operation);
    if (result == CLRC_SUCCESS)
        result = clrcOperationUpdate(operation, message.ptr, message.len, NULL, NULL);
    if (result == CLRC_SUCCESS)
        result = clrcOperationFinal(operation, NULL, NULL, out, len);
    clrcOperationFree(operation);
    return result;
}

static ClrcResult call_sign_message(ClrcKeyHandle handle, const struct use *use, uint8_t *out,
                                    uint32_t *len)
{
    if (use->in.len > MESSAGE_MAX)
        return sign_in_parts(handle, use->in, out, len);
    return clrcSignDigest(handle, CLRC_ED25519, use->in.ptr, (uint32_t)use->in.len, out, len);
}

km_status km_door_key_sign_message(struct km_err *err, struct km_door_key *key,
                                   struct km_slice message, struct km_span ret, size_t *ret_len)
{
    struct use use = {.what = "sign with key", .call = call_sign_message, .in = message};
    return run(err, key, &use, ret, ret_len);
}

static ClrcResult call_agree(ClrcKeyHandle handle, const struct use *use, uint8_t *out,
                             uint32_t *len)
{
    return clrcAgreeRaw(handle, use->in.ptr, (uint32_t)use->in.len, out, len);
}

km_status km_door_key_agree(struct km_err *err, struct km_door_key *key, struct km_slice peer,
                            struct km_span ret, size_t *ret_len)
{
    if (peer.len > 1 + 2 * KM_DOOR_COORDINATE_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "a peer's point of %zu octets", peer.len);
    struct use use = {.what = "agree with key", .call = call_agree, .in = peer};
    return run(err, key, &use, ret, ret_len);
}

static ClrcResult call_decrypt(ClrcKeyHandle handle, const struct use *use, uint8_t *out,
                               uint32_t *len)
{
    return clrcAsymmetricDecrypt(handle, use->algorithm, use->label.ptr, (uint32_t)use->label.len,
                                 use->in.ptr, (uint32_t)use->in.len, out, len);
}

km_status km_door_key_decrypt(struct km_err *err, struct km_door_key *key, ClrcAlgorithm algorithm,
                              struct km_slice label, struct km_slice in, struct km_span ret,
                              size_t *ret_len)
{
    if (in.len > KM_DOOR_SIGNATURE_MAX || label.len > UINT16_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu octets to decrypt with a label of %zu", in.len,
                       label.len);
    struct use use = {.what = "decrypt with key",
                      .call = call_decrypt,
                      .algorithm = algorithm,
                      .in = in,
                      .label = label};
    return run(err, key, &use, ret, ret_len);
}

static ClrcResult call_component(ClrcKeyHandle handle, const struct use *use, uint8_t *out,
                                 uint32_t *len)
{
    return clrcGetKeyAttribute(handle, use->attribute, out, len);
}

km_status km_door_key_component(struct km_err *err, struct km_door_key *key,
                                ClrcAttribute attribute, struct km_span ret, size_t *ret_len)
{
    struct use use = {.what = "look into key", .call = call_component, .attribute = attribute};
    return run(err, key, &use, ret, ret_len);
}
