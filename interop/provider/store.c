/* SPDX-License-Identifier: Apache-2.0 */
/* STORE: keys and certificates by clrc URI (interop/door/door_uri.h). */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include "clrsc.h"
#include "interop/provider/provider.h"

/* The names that a listing gives, one at a time. */
struct name_list {
    char (*names)[CLRC_NAME_MAX + 1];
    size_t n_names;
    size_t room;
    size_t next;
    bool failed;
};

struct store {
    struct prov *prov;
    struct km_door_uri uri;
    int expect; /* OSSL_STORE_INFO_..., 0 for anything */
    bool ended;
    struct name_list list;
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
    free(store->list.names);
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
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static int store_set_params(void *loader, const OSSL_PARAM params[])
{
    struct store *store = loader;
    const OSSL_PARAM *p =
        params == NULL ? NULL : OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    return p == NULL || OSSL_PARAM_get_int(p, &store->expect);
}

/* ---- one object ---- */

static bool expects(const struct store *store, int type)
{
    return store->expect == 0 || store->expect == type;
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
    struct prov_key *made = prov_key_new(store->prov, key);
    if (made == NULL) {
        km_door_key_unref(key);
        return 0;
    }
    return prov_key_offer(made, object_cb, object_arg);
}

static int offer_certificate(struct store *store, OSSL_CALLBACK *object_cb, void *object_arg)
{
    int type = OSSL_OBJECT_CERT;
    uint8_t *der = malloc(CLRSC_CERTIFICATE_MAX);
    uint32_t len = CLRSC_CERTIFICATE_MAX;
    struct km_err err = {0};
    if (der == NULL)
        return 0;
    ClrcResult result = clrscGetNamedCertificate(store->uri.name, der, &len);
    int answer = 0;
    if (km_door_clrc(&err, result, "load certificate", store->uri.name) == KM_OK) {
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
            OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der, len),
            OSSL_PARAM_construct_end(),
        };
        answer = object_cb(params, object_arg);
    } else {
        prov_raise(store->prov, &err, __func__);
    }
    free(der);
    return answer;
}

static int load_one(struct store *store, OSSL_CALLBACK *object_cb, void *object_arg,
                    const struct km_door_ask *ask)
{
    struct km_err err = {0};
    struct km_door_key *key = NULL;
    store->ended = true;
    bool may_be_key = store->uri.kind != KM_DOOR_CERT && (expects(store, OSSL_STORE_INFO_PKEY) ||
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

/* ---- all keys ---- */

static int collect(void *arg, const ClrcKeyInfo *info)
{
    struct name_list *list = arg;
    if (list->n_names == list->room) {
        size_t room = list->room == 0 ? 64 : 2 * list->room;
        void *more = reallocarray(list->names, room, sizeof(list->names[0]));
        list->failed = more == NULL;
        if (list->failed)
            return 0;
        list->names = more;
        list->room = room;
    }
    km_copy(list->names[list->n_names++], sizeof(list->names[0]), info->name, sizeof(info->name));
    return 1;
}

static bool start_list(struct store *store)
{
    struct km_err err = {0};
    if (store->list.names != NULL)
        return true;
    ClrcResult result = clrcListNamedKeys(NULL, collect, &store->list);
    if (store->list.failed)
        result = CLRC_ERROR_OUT_OF_MEMORY;
    if (km_door_clrc(&err, result, "list", "all keys") != KM_OK) {
        store->ended = true;
        return prov_raise(store->prov, &err, __func__);
    }
    store->ended = store->list.n_names == 0;
    return true;
}

static int load_next_name(struct store *store, OSSL_CALLBACK *object_cb, void *object_arg)
{
    if (!start_list(store))
        return 0;
    if (store->ended)
        return 0;
    int type = OSSL_OBJECT_NAME;
    char text[4 * (CLRC_NAME_MAX + 4)] = {0};
    struct km_door_uri uri = {.kind = KM_DOOR_ANY};
    struct km_wr wr = km_wr_init(text, sizeof(text) - 1);
    km_copy(uri.name, sizeof(uri.name), store->list.names[store->list.next++], sizeof(uri.name));
    store->ended = store->list.next == store->list.n_names;
    km_door_uri_write(&wr, &uri);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA, text, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DESC, uri.name, 0),
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
        return load_next_name(store, object_cb, object_arg);
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
