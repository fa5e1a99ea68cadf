/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys by name. What programs pass as a key's id is one of: NAME; clrc:NAME and the other clrc URIs; a
 * pkcs11 URI with object=NAME; the path of a key reference file, as some programs accept only paths of files
 * that exist. EC and RSA keys are the door's. DSA and DH keys, which only engines have, are loaded here.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "clrsc.h"
#include "common/km_file.h"
#include "common/km_secret.h"
#include "interop/door/door_pkcs11_uri.h"
#include "interop/door/door_reference.h"
#include "interop/engine/engine_pkey.h"

#define FILE_MAX 65536u
#define SPKI_MAX 4096u /* octets; DH of 4096 bits with its group */

struct asking {
    UI_METHOD *ui;
    void *ui_data;
};

static bool ask_person(const struct asking *asking, const char *what, struct km_span buf,
                       size_t *ret_len)
{
    UI *ui = UI_new_method(asking->ui);
    if (ui == NULL)
        return false;
    char text[CLRC_PASSWORD_MAX + 1] = {0};
    char *prompt = UI_construct_prompt(ui, "password", what);
    if (asking->ui_data != NULL)
        UI_add_user_data(ui, asking->ui_data);
    bool has = prompt != NULL &&
               UI_add_input_string(ui, prompt, UI_INPUT_FLAG_DEFAULT_PWD, text, 1,
                                   (int)CLRC_PASSWORD_MAX) >= 0 &&
               UI_process(ui) == 0 && strlen(text) <= buf.len;
    if (has) {
        *ret_len = strlen(text);
        km_copy(buf.ptr, buf.len, text, *ret_len);
    }
    km_wipe(text, sizeof(text));
    OPENSSL_free(prompt);
    UI_free(ui);
    return has;
}

static bool ask_password(void *arg, const char *what, struct km_span buf, size_t *ret_len)
{
    const struct asking *asking = arg;
    if (engine_pin(buf, ret_len))
        return true;
    return asking->ui != NULL && ask_person(asking, what, buf, ret_len);
}

/* The URI inside a reference file; KM_E_NOTFOUND when there is no such file or it is none. */
static km_status uri_of_file(struct km_err *err, const char *path, struct km_door_uri *ret)
{
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t text_len = 0;
    uint8_t der[KM_DOOR_REFERENCE_MAX] = {0};
    size_t der_len = 0;
    struct km_slice uri = {0};
    if (km_file_read(NULL, AT_FDCWD, path, FILE_MAX, &text, &text_len) != KM_OK)
        return KM_FAIL(err, KM_E_NOTFOUND, "no key reference file");
    KM_TRY(km_door_reference_from_pem(err, KM_SLICE(text, text_len), KM_SPAN(der, sizeof(der)),
                                      &der_len));
    KM_TRY(km_door_reference_parse(err, KM_SLICE(der, der_len), &uri));
    return km_door_uri_parse(err, uri, ret);
}

static km_status uri_of_id(struct km_err *err, const char *id, struct km_door_uri *ret)
{
    if (id == NULL)
        return KM_FAIL(err, KM_E_ARG, "no key was named");
    if (strncmp(id, KM_DOOR_SCHEME, strlen(KM_DOOR_SCHEME)) == 0)
        return km_door_uri_parse(err, KM_SLICE_STR(id), ret);
    if (strncmp(id, KM_DOOR_PKCS11_SCHEME, strlen(KM_DOOR_PKCS11_SCHEME)) == 0)
        return km_door_uri_of_pkcs11(err, KM_SLICE_STR(id), ret);
    struct km_err from_file = {0};
    km_status status = uri_of_file(&from_file, id, ret);
    if (status == KM_OK)
        return KM_OK;
    if (status != KM_E_NOTFOUND)
        return KM_FAIL(err, status, "%.100s: %.80s", id, from_file.text);
    return km_door_uri_of_name(err, id, ret);
}

/* ---- DSA and DH ---- */

static void free_keyp(ClrcKeyHandle *handle)
{
    clrcFreeKey(*handle);
}

/* What the name stands for; KEY_NONE when that is for the door to say. */
static ClrcKeyType type_of(const struct km_door_uri *uri)
{
    ClrcKeyInfo info = {0};
    bool is_key = uri->kind == KM_DOOR_ANY || uri->kind == KM_DOOR_KEY;
    if (!is_key || clrcDescribeNamedKey(uri->name, &info) != CLRC_SUCCESS)
        return KEY_NONE;
    return info.type;
}

static bool is_dsa_or_dh(ClrcKeyType type)
{
    return type == KEY_DSA_PUBLIC || type == KEY_DSA_KEYPAIR || type == KEY_DH_PUBLIC ||
           type == KEY_DH_KEYPAIR;
}

static EVP_PKEY *public_of(struct km_slice spki)
{
    const unsigned char *at = spki.ptr;
    return d2i_PUBKEY(NULL, &at, (long)spki.len);
}

static EVP_PKEY *load_dsa_or_dh(const char *name, ClrcKeyType type, bool wants_private)
{
    uint8_t spki[SPKI_MAX] = {0};
    uint32_t len = sizeof(spki);
    KM_AUTO(free_keyp) ClrcKeyHandle handle = NULL;
    ClrcResult result = clrcLoadNamedKey(name, NULL, &handle);
    if (result == CLRC_SUCCESS)
        result = clrcExportPublicKey(handle, spki, &len);
    if (result == CLRC_SUCCESS && wants_private && type != KEY_DSA_KEYPAIR &&
        type != KEY_DH_KEYPAIR)
        result = CLRC_ERROR_NOT_SUPPORTED;
    if (!engine_clrc(result, "load a DSA or DH key", __func__))
        return NULL;
    EVP_PKEY *public = public_of(KM_SLICE(spki, len));
    if (!wants_private || public == NULL)
        return public;
    KM_AUTO(engine_key_unrefp) struct engine_key *key = engine_key_take(km_steal(&handle), true);
    EVP_PKEY *made = NULL;
    if (key != NULL)
        made = type == KEY_DSA_KEYPAIR ? engine_dsa_make(public, key) : engine_dh_make(public, key);
    EVP_PKEY_free(public);
    return made;
}

/* ---- by id ---- */

static struct km_door_key *open_key(const struct km_door_uri *uri, UI_METHOD *ui, void *ui_data)
{
    struct km_err err = {0};
    struct km_door_key *key = NULL;
    struct asking asking = {.ui = ui != NULL ? ui : engine_ui(),
                            .ui_data = ui_data != NULL ? ui_data : engine_ui_data()};
    const struct km_door_ask ask = {.ask = ask_password, .arg = &asking};
    if (km_door_key_open(&err, uri, &ask, &key) != KM_OK)
        engine_raise(&err, __func__);
    return key;
}

/* An engine's RSA keys sign in each way that is offered: one that is for PSS alone would not stay so. */
static bool find_uri(const char *id, struct km_door_uri *ret)
{
    struct km_err err = {0};
    km_status status = uri_of_id(&err, id, ret);
    if (status == KM_OK && ret->pss != KM_DOOR_PSS_NONE)
        status = KM_FAIL(&err, KM_E_UNSUPPORTED,
                         "the engine has no keys for PSS alone: pss is for the provider");
    return status == KM_OK || engine_raise(&err, __func__);
}

EVP_PKEY *engine_load_private(ENGINE *engine, const char *id, UI_METHOD *ui, void *ui_data)
{
    struct km_door_uri uri = {0};
    if (!find_uri(id, &uri))
        return NULL;
    ClrcKeyType type = type_of(&uri);
    if (is_dsa_or_dh(type))
        return load_dsa_or_dh(uri.name, type, true);
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = open_key(&uri, ui, ui_data);
    if (key == NULL)
        return NULL;
    if (!km_door_key_has_private(key)) {
        struct km_err err = {0};
        (void)km_door_no_private(&err, "a private key");
        engine_raise(&err, __func__);
        return NULL;
    }
    enum km_door_family family = km_door_key_public(key)->family;
    if (family == KM_DOOR_EC)
        return engine_ec_make(key);
    if (family == KM_DOOR_RSA)
        return engine_rsa_make(engine, key);
    struct km_err err = {0};
    (void)KM_FAIL(&err, KM_E_UNSUPPORTED, "key '%s' is for the provider: engines have EC and RSA",
                  km_door_key_name(key));
    engine_raise(&err, __func__);
    return NULL;
}

EVP_PKEY *engine_load_public(ENGINE *engine, const char *id, UI_METHOD *ui, void *ui_data)
{
    struct km_door_uri uri = {0};
    (void)engine;
    if (!find_uri(id, &uri))
        return NULL;
    ClrcKeyType type = type_of(&uri);
    if (is_dsa_or_dh(type))
        return load_dsa_or_dh(uri.name, type, false);
    KM_AUTO(km_door_key_unrefp) struct km_door_key *key = open_key(&uri, ui, ui_data);
    return key == NULL ? NULL : public_of(km_door_key_public(key)->spki);
}

X509 *engine_load_certificate(const char *id)
{
    struct km_err err = {0};
    struct km_door_uri uri = {0};
    uint32_t len = CLRSC_CERTIFICATE_MAX;
    KM_AUTO(km_freep) uint8_t *der = malloc(CLRSC_CERTIFICATE_MAX);
    if (der == NULL)
        return NULL;
    km_status status = uri_of_id(&err, id, &uri);
    if (status == KM_OK)
        status = km_door_clrc(&err, clrscGetNamedCertificate(uri.name, der, &len),
                              "load certificate", uri.name);
    if (status != KM_OK) {
        engine_raise(&err, __func__);
        return NULL;
    }
    const unsigned char *at = der;
    return d2i_X509(NULL, &at, (long)len);
}
