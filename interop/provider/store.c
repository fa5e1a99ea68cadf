/* SPDX-License-Identifier: Apache-2.0 */
/* STORE: keys and certificates by clrc URI (interop/door/door_uri.h). */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "clrsc.h"
#include "common/km_file.h"
#include "interop/provider/provider.h"

#define SUBJECT_DER_MAX 8192u

/* What a listing gives, one at a time. */
struct entry {
    enum km_door_kind kind; /* ANY for keys, CERT or STORED_CERT */
    char name[CLRC_NAME_MAX + 1];
    uint8_t digest[KM_DOOR_CERT_DIGEST_LEN];
    char subject[CLRSC_SUBJECT_MAX + 1]; /* STORED_CERT: for people to read */
};

struct listing {
    struct entry *entries;
    size_t n_entries;
    size_t room;
    size_t next;
    bool is_made;
    bool failed;
};

struct store {
    struct prov *prov;
    struct km_door_uri uri;
    int expect;       /* OSSL_STORE_INFO_..., 0 for anything */
    X509_NAME *wants; /* only certificates with this subject; NULL for any */
    bool ended;
    struct listing list;
};

static void *store_open(void *provctx, const char *uri)
{
    struct prov *prov = provctx;
    struct km_err err = {0};
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return NULL;
    store->prov = prov;
    if (km_door_uri_parse(&err, KM_SLICE_STR(uri), &store->uri) != KM_OK) {
        prov_raise(prov, &err, __func__);
        free(store);
        return NULL;
    }
    return store;
}

static int store_close(void *loader)
{
    struct store *store = loader;
    X509_NAME_free(store->wants);
    free(store->list.entries);
    free(store);
    return 1;
}

static int store_eof(void *loader)
{
    const struct store *store = loader;
    return store->ended;
}

static const OSSL_PARAM *store_settable(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
        OSSL_PARAM_octet_string(OSSL_STORE_PARAM_SUBJECT, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static bool set_subject(struct store *store, const OSSL_PARAM *p)
{
    const void *der = NULL;
    size_t len = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &der, &len) || len > SUBJECT_DER_MAX)
        return false;
    const unsigned char *at = der;
    X509_NAME_free(store->wants);
    store->wants = d2i_X509_NAME(NULL, &at, (long)len);
    return store->wants != NULL;
}

static int store_set_params(void *loader, const OSSL_PARAM params[])
{
    struct store *store = loader;
    if (params == NULL)
        return 1;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    if (p != NULL && !OSSL_PARAM_get_int(p, &store->expect))
        return 0;
    p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_SUBJECT);
    return p == NULL || set_subject(store, p);
}

/* ---- one object ---- */

/* Only certificates have a subject. */
static bool expects(const struct store *store, int type)
{
    return (store->expect == 0 || store->expect == type) &&
           (store->wants == NULL || type == OSSL_STORE_INFO_CERT);
}

static km_status load_key(struct km_err *err, struct store *store, const struct km_door_ask *ask,
                          struct km_door_key **ret)
{
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = NULL;
    KM_TRY(km_door_key_open(err, &store->uri, ask, &key));
    if (store->expect == OSSL_STORE_INFO_PUBKEY)
        return km_door_key_of_public(err, km_door_key_public(key)->spki, ret);
    if (store->expect == OSSL_STORE_INFO_PKEY && !km_door_key_has_private(key))
        return km_door_no_private(err, "what the program wants to do");
    *ret = km_steal(&key);
    return KM_OK;
}

static int offer_key(struct store *store, struct km_door_key *key, OSSL_CALLBACK *object_cb,
                     void *object_arg)
{
    struct prov_key *made = prov_key_of(store->prov, key);
    if (made == NULL) {
        km_door_key_unref(key);
        return 0;
    }
    return prov_key_offer(made, object_cb, object_arg);
}

/* A provisioned certificate, or an entry of the Certificate Store. */
static ClrcResult get_certificate(const struct km_door_uri *uri, uint8_t *der, uint32_t *len)
{
    if (uri->kind == KM_DOOR_STORED_CERT)
        return clrscGetCertificate(uri->cert_digest, der, len);
    return clrscGetNamedCertificate(uri->name, der, len);
}

static bool has_subject(const struct store *store, struct km_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *cert = X509_new_ex(store->prov->libctx, PROV_NOT_OURS);
    ERR_set_mark();
    bool parsed = cert != NULL && d2i_X509(&cert, &at, (long)der.len) != NULL;
    ERR_pop_to_mark();
    bool fits = parsed && X509_NAME_cmp(X509_get_subject_name(cert), store->wants) == 0;
    X509_free(cert);
    return fits;
}

static int offer_der(struct km_slice der, int type, OSSL_CALLBACK *object_cb, void *object_arg)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, (void *)(uintptr_t)der.ptr,
                                          der.len),
        OSSL_PARAM_construct_end(),
    };
    return object_cb(params, object_arg);
}

static int offer_certificate(struct store *store, OSSL_CALLBACK *object_cb, void *object_arg)
{
    KM_AUTO(km_freep) uint8_t *der = malloc(CLRSC_CERTIFICATE_MAX);
    uint32_t len = CLRSC_CERTIFICATE_MAX;
    struct km_err err = {0};
    if (der == NULL)
        return 0;
    ClrcResult result = get_certificate(&store->uri, der, &len);
    if (km_door_clrc(&err, result, "load certificate", store->uri.name) != KM_OK)
        return prov_raise(store->prov, &err, __func__);
    if (store->wants != NULL && !has_subject(store, KM_SLICE(der, len)))
        return PROV_FAIL(store->prov, KM_E_NOTFOUND, "the certificate has another subject");
    return offer_der(KM_SLICE(der, len), OSSL_OBJECT_CERT, object_cb, object_arg);
}

static int load_one(struct store *store, OSSL_CALLBACK *object_cb, void *object_arg,
                    const struct km_door_ask *ask)
{
    struct km_err err = {0};
    struct km_door_key *key = NULL;
    store->ended = true;
    bool is_cert = store->uri.kind == KM_DOOR_CERT || store->uri.kind == KM_DOOR_STORED_CERT;
    bool may_be_key = !is_cert && (expects(store, OSSL_STORE_INFO_PKEY) ||
                                   expects(store, OSSL_STORE_INFO_PUBKEY));
    bool may_be_cert = store->uri.kind != KM_DOOR_KEY && expects(store, OSSL_STORE_INFO_CERT);
    if (may_be_key) {
        km_status status = load_key(&err, store, ask, &key);
        if (status == KM_OK)
            return offer_key(store, key, object_cb, object_arg);
        if (!may_be_cert || km_door_reason(&err) != KM_DOOR_R_NOT_FOUND)
            return prov_raise(store->prov, &err, __func__);
    }
    if (may_be_cert)
        return offer_certificate(store, object_cb, object_arg);
    return PROV_FAIL(store->prov, KM_E_NOTFOUND, "'%s' is not what the program asks for",
                     store->uri.name);
}

/* ---- all keys and certificates ---- */

/* The next entry to be filled; NULL when memory is short, which the listing remembers. */
static struct entry *add_entry(struct listing *list, enum km_door_kind kind)
{
    if (list->n_entries == list->room) {
        size_t room = list->room == 0 ? 64 : 2 * list->room;
        struct entry *more = reallocarray(list->entries, room, sizeof(list->entries[0]));
        list->failed = more == NULL;
        if (list->failed)
            return NULL;
        list->entries = more;
        list->room = room;
    }
    struct entry *entry = &list->entries[list->n_entries++];
    *entry = (struct entry){.kind = kind};
    return entry;
}

static int see_key(void *arg, const ClrcKeyInfo *info)
{
    struct entry *entry = add_entry(arg, KM_DOOR_ANY);
    if (entry == NULL)
        return 0;
    km_copy(entry->name, sizeof(entry->name), info->name, sizeof(info->name));
    return 1;
}

/* Certificate signing requests stand among the provisioned certificates and are none. */
static int see_certificate(void *arg, const char *name, uint32_t length)
{
    size_t len = strlen(name);
    (void)length;
    if (len > CLRC_NAME_MAX || (len >= 4 && strcmp(name + len - 4, "_csr") == 0))
        return 1;
    struct entry *entry = add_entry(arg, KM_DOOR_CERT);
    if (entry == NULL)
        return 0;
    km_copy(entry->name, sizeof(entry->name) - 1, name, len);
    return 1;
}

static int see_stored(void *arg, const ClrscEntry *seen)
{
    if (seen->kind != CLRSC_ENTRY_AUTHORITY && seen->kind != CLRSC_ENTRY_CERTIFICATE)
        return 1;
    struct entry *entry = add_entry(arg, KM_DOOR_STORED_CERT);
    if (entry == NULL)
        return 0;
    km_copy(entry->digest, sizeof(entry->digest), seen->digest, sizeof(seen->digest));
    km_copy(entry->subject, sizeof(entry->subject), seen->subject, sizeof(seen->subject));
    return 1;
}

static ClrcResult collect(struct store *store)
{
    bool wants_keys =
        expects(store, OSSL_STORE_INFO_PKEY) || expects(store, OSSL_STORE_INFO_PUBKEY);
    ClrcResult result = CLRC_SUCCESS;
    if (wants_keys)
        result = clrcListNamedKeys(NULL, see_key, &store->list);
    if (result == CLRC_SUCCESS && expects(store, OSSL_STORE_INFO_CERT))
        result = clrscListNamedCertificates(see_certificate, &store->list);
    if (result == CLRC_SUCCESS && expects(store, OSSL_STORE_INFO_CERT))
        result = clrscListCertificates(see_stored, &store->list);
    return store->list.failed ? CLRC_ERROR_OUT_OF_MEMORY : result;
}

static void uri_of_entry(const struct entry *entry, struct km_door_uri *ret)
{
    ret->kind = entry->kind;
    km_copy(ret->name, sizeof(ret->name), entry->name, sizeof(entry->name));
    km_copy(ret->cert_digest, sizeof(ret->cert_digest), entry->digest, sizeof(entry->digest));
}

/* Whether the entry's certificate has the subject that is searched for. */
static bool is_wanted(const struct store *store, const struct entry *entry)
{
    struct km_door_uri uri = {0};
    uint32_t len = CLRSC_CERTIFICATE_MAX;
    if (store->wants == NULL)
        return true;
    KM_AUTO(km_freep) uint8_t *der = malloc(CLRSC_CERTIFICATE_MAX);
    uri_of_entry(entry, &uri);
    return der != NULL && get_certificate(&uri, der, &len) == CLRC_SUCCESS &&
           has_subject(store, KM_SLICE(der, len));
}

/* Moves on to an entry that is wanted. */
static void skip(struct store *store)
{
    struct listing *list = &store->list;
    while (list->next < list->n_entries && !is_wanted(store, &list->entries[list->next]))
        list->next++;
    store->ended = list->next == list->n_entries;
}

static bool start_list(struct store *store)
{
    struct km_err err = {0};
    if (store->list.is_made)
        return true;
    store->list.is_made = true;
    if (km_door_clrc(&err, collect(store), "list", "all keys and certificates") != KM_OK) {
        store->ended = true;
        return prov_raise(store->prov, &err, __func__);
    }
    skip(store);
    return true;
}

static int load_next(struct store *store, OSSL_CALLBACK *object_cb, void *object_arg)
{
    if (!start_list(store) || store->ended)
        return 0;
    int type = OSSL_OBJECT_NAME;
    char text[4 * (CLRC_NAME_MAX + 4)] = {0};
    struct km_door_uri uri = {0};
    struct km_wr wr = km_wr_init(text, sizeof(text) - 1);
    struct entry *entry = &store->list.entries[store->list.next++];
    uri_of_entry(entry, &uri);
    skip(store);
    km_door_uri_write(&wr, &uri);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA, text, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DESC,
                                         entry->name[0] != '\0' ? entry->name : entry->subject, 0),
        OSSL_PARAM_construct_end(),
    };
    return object_cb(params, object_arg);
}

static int store_load(void *loader, OSSL_CALLBACK *object_cb, void *object_arg,
                      OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct store *store = loader;
    if (store->ended)
        return 0;
    if (store->uri.kind == KM_DOOR_ALL)
        return load_next(store, object_cb, object_arg);
    struct prov_ask asking = {.callback = pw_cb, .arg = pw_arg};
    struct km_door_ask ask = prov_ask_init(&asking);
    return load_one(store, object_cb, object_arg, &ask);
}

static const OSSL_DISPATCH store_functions[] = {
    {OSSL_FUNC_STORE_OPEN, PROV_FN(store_open)},
    {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, PROV_FN(store_settable)},
    {OSSL_FUNC_STORE_SET_CTX_PARAMS, PROV_FN(store_set_params)},
    {OSSL_FUNC_STORE_LOAD, PROV_FN(store_load)},
    {OSSL_FUNC_STORE_EOF, PROV_FN(store_eof)},
    {OSSL_FUNC_STORE_CLOSE, PROV_FN(store_close)},
    {0, NULL},
};

const OSSL_ALGORITHM prov_store[] = {
    {"clrc", PROV_PROPERTIES, store_functions, "keys and certificates of the trusted service"},
    {NULL, NULL, NULL, NULL},
};
