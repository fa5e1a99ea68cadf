/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fleet/pkcs11.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "common/km_der.h"
#include "common/km_file.h"
#include "common/km_secret.h"

#define PIN_MAX 256u
#define SLOTS_MAX 64u
#define VALUE_MAX 1024u

struct km_fleet_token {
    CK_FUNCTION_LIST **modules; /* p11-kit's, to be released; NULL for a single one */
    CK_FUNCTION_LIST *module;
    CK_FUNCTION_LIST *loaded; /* a single one, to be finalized */
    P11KitUri *uri;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    bool is_rsa;
};

static km_status p11_failed(struct km_err *err, CK_RV rv, const char *what)
{
    return KM_FAIL_NATIVE(err, rv == CKR_PIN_INCORRECT ? KM_E_AUTH : KM_E_IO, KM_LAYER_NONE, rv,
                          "the PKCS#11 module: %s: %s", what, p11_kit_strerror(rv));
}

void km_fleet_token_free(struct km_fleet_token *token)
{
    if (token == NULL)
        return;
    if (token->session != CK_INVALID_HANDLE)
        (void)token->module->C_CloseSession(token->session);
    if (token->loaded != NULL) {
        (void)p11_kit_module_finalize(token->loaded);
        p11_kit_module_release(token->loaded);
    }
    if (token->modules != NULL)
        p11_kit_modules_finalize_and_release(token->modules);
    p11_kit_uri_free(token->uri);
    free(token);
}

static void token_freep(struct km_fleet_token **token)
{
    km_fleet_token_free(*token);
}

static bool slot_fits(struct km_fleet_token *token, CK_FUNCTION_LIST *module, CK_SLOT_ID slot)
{
    CK_TOKEN_INFO info = {0};
    return module->C_GetTokenInfo(slot, &info) == CKR_OK &&
           p11_kit_uri_match_token_info(token->uri, &info) == 1;
}

static bool find_slot(struct km_fleet_token *token, CK_FUNCTION_LIST *module)
{
    CK_SLOT_ID slots[SLOTS_MAX] = {0};
    CK_ULONG n = SLOTS_MAX;
    if (module->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return false;
    for (CK_ULONG i = 0; i < n; i++) {
        if (slot_fits(token, module, slots[i])) {
            token->module = module;
            token->slot = slots[i];
            return true;
        }
    }
    return false;
}

static km_status find_token(struct km_err *err, struct km_fleet_token *token)
{
    const char *path = p11_kit_uri_get_module_path(token->uri);
    if (path != NULL) {
        token->loaded = p11_kit_module_load(path, P11_KIT_MODULE_CRITICAL);
        if (token->loaded == NULL)
            return KM_FAIL(err, KM_E_NOTFOUND, "the PKCS#11 module '%s' can't be loaded: %s", path,
                           p11_kit_message());
        CK_RV rv = p11_kit_module_initialize(token->loaded);
        if (rv != CKR_OK)
            return p11_failed(err, rv, "initialization");
        if (find_slot(token, token->loaded))
            return KM_OK;
    } else {
        token->modules = p11_kit_modules_load_and_initialize(0);
        for (size_t i = 0; token->modules != NULL && token->modules[i] != NULL; i++) {
            if (find_slot(token, token->modules[i]))
                return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_NOTFOUND, "no PKCS#11 token fits the URI");
}

static km_status log_in(struct km_err *err, struct km_fleet_token *token)
{
    const char *source = p11_kit_uri_get_pin_source(token->uri);
    CK_RV rv =
        token->module->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);
    if (rv != CKR_OK)
        return p11_failed(err, rv, "opening a session");
    if (source == NULL)
        return KM_OK;
    if (strncmp(source, "file:", 5) == 0)
        source += 5;
    KM_AUTO(km_freep) uint8_t *pin = NULL;
    size_t len = 0;
    KM_TRY(km_file_read(err, AT_FDCWD, source, PIN_MAX, &pin, &len));
    size_t whole = len;
    while (len > 0 && (pin[len - 1] == '\n' || pin[len - 1] == '\r'))
        len--;
    rv = token->module->C_Login(token->session, CKU_USER, pin, len);
    km_wipe(pin, whole);
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? KM_OK : p11_failed(err, rv, "login");
}

/* Exactly one object of this class that fits the URI. */
static km_status find_object(struct km_err *err, struct km_fleet_token *token,
                             CK_OBJECT_CLASS class, const char *what, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE with[3] = {{CKA_CLASS, &class, sizeof(class)}};
    CK_ULONG n = 1;
    CK_OBJECT_HANDLE found[2] = {0};
    CK_ULONG n_found = 0;
    static const CK_ATTRIBUTE_TYPE named_by[] = {CKA_LABEL, CKA_ID};
    for (size_t i = 0; i < KM_ARRAY_LEN(named_by); i++) {
        CK_ATTRIBUTE *attr = p11_kit_uri_get_attribute(token->uri, named_by[i]);
        if (attr != NULL)
            with[n++] = *attr;
    }
    CK_RV rv = token->module->C_FindObjectsInit(token->session, with, n);
    if (rv == CKR_OK) {
        rv = token->module->C_FindObjects(token->session, found, 2, &n_found);
        (void)token->module->C_FindObjectsFinal(token->session);
    }
    if (rv != CKR_OK)
        return p11_failed(err, rv, "looking for the key");
    if (n_found != 1)
        return KM_FAIL(err, KM_E_NOTFOUND, "the PKCS#11 token holds %s %s that fits the URI",
                       n_found == 0 ? "no" : "more than one", what);
    *ret = found[0];
    return KM_OK;
}

static km_status open_key(struct km_err *err, struct km_fleet_token *token)
{
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE attr = {CKA_KEY_TYPE, &type, sizeof(type)};
    KM_TRY(find_token(err, token));
    KM_TRY(log_in(err, token));
    KM_TRY(find_object(err, token, CKO_PRIVATE_KEY, "private key", &token->key));
    CK_RV rv = token->module->C_GetAttributeValue(token->session, token->key, &attr, 1);
    if (rv != CKR_OK)
        return p11_failed(err, rv, "asking for the key's type");
    if (type != CKK_EC && type != CKK_RSA)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "the key in the PKCS#11 token is neither EC nor RSA");
    token->is_rsa = type == CKK_RSA;
    return KM_OK;
}

km_status km_fleet_token_open(struct km_err *err, const char *uri, struct km_fleet_token **ret)
{
    KM_AUTO(token_freep) struct km_fleet_token *token = calloc(1, sizeof(*token));
    if (token == NULL || (token->uri = p11_kit_uri_new()) == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for a PKCS#11 token");
    if (p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, token->uri) != P11_KIT_URI_OK)
        return KM_FAIL(err, KM_E_ARG, "'%s' is not a PKCS#11 URI", uri);
    KM_TRY(open_key(err, token));
    *ret = km_steal(&token);
    return KM_OK;
}

/* ---- the public half ---- */

static km_status get_value(struct km_err *err, struct km_fleet_token *token,
                           CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, uint8_t buf[VALUE_MAX],
                           struct km_slice *ret)
{
    CK_ATTRIBUTE attr = {type, buf, VALUE_MAX};
    CK_RV rv = token->module->C_GetAttributeValue(token->session, object, &attr, 1);
    if (rv != CKR_OK || attr.ulValueLen > VALUE_MAX)
        return p11_failed(err, rv, "reading the public key");
    *ret = KM_SLICE(buf, attr.ulValueLen);
    return KM_OK;
}

static const uint8_t EC_PUBLIC_KEY[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t RSA_ENCRYPTION[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};

static km_status put_ec(struct km_err *err, struct km_fleet_token *token, CK_OBJECT_HANDLE object,
                        struct km_wr *wr)
{
    uint8_t params[VALUE_MAX] = {0};
    uint8_t wrapped[VALUE_MAX] = {0};
    struct km_slice curve = {0};
    struct km_slice octets = {0};
    struct km_slice point = {0};
    KM_TRY(get_value(err, token, object, CKA_EC_PARAMS, params, &curve));
    KM_TRY(get_value(err, token, object, CKA_EC_POINT, wrapped, &octets));
    struct km_rd rd = km_rd_init(octets);
    if (!km_der_bytes(&rd, KM_DER_OCTET_STRING, &point) || !km_rd_done(&rd))
        point = octets; /* some tokens give the point bare */
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(EC_PUBLIC_KEY, sizeof(EC_PUBLIC_KEY)));
    km_wr_bytes(wr, curve);
    km_der_end(wr, algorithm);
    km_der_put_bit_string(wr, point);
    return KM_OK;
}

static km_status put_rsa(struct km_err *err, struct km_fleet_token *token, CK_OBJECT_HANDLE object,
                         struct km_wr *wr)
{
    uint8_t numbers[2][VALUE_MAX] = {{0}};
    uint8_t key[2 * VALUE_MAX + 32] = {0};
    struct km_slice modulus = {0};
    struct km_slice exponent = {0};
    struct km_slice whole = {0};
    KM_TRY(get_value(err, token, object, CKA_MODULUS, numbers[0], &modulus));
    KM_TRY(get_value(err, token, object, CKA_PUBLIC_EXPONENT, numbers[1], &exponent));
    struct km_wr inner = km_wr_init(key, sizeof(key));
    size_t mark = km_der_begin(&inner, KM_DER_SEQUENCE);
    km_der_put_uint(&inner, modulus);
    km_der_put_uint(&inner, exponent);
    km_der_end(&inner, mark);
    if (!km_wr_finish(&inner, &whole))
        return KM_FAIL(err, KM_E_LIMIT, "the RSA key in the PKCS#11 token is too long");
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(RSA_ENCRYPTION, sizeof(RSA_ENCRYPTION)));
    km_der_put_null(wr);
    km_der_end(wr, algorithm);
    km_der_put_bit_string(wr, whole);
    return KM_OK;
}

km_status km_fleet_token_spki(struct km_err *err, struct km_fleet_token *token, struct km_span buf,
                              struct km_slice *ret)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct km_wr wr = km_wr_init(buf.ptr, buf.len);
    KM_TRY(find_object(err, token, CKO_PUBLIC_KEY, "public key", &object));
    size_t mark = km_der_begin(&wr, KM_DER_SEQUENCE);
    KM_TRY(token->is_rsa ? put_rsa(err, token, object, &wr) : put_ec(err, token, object, &wr));
    km_der_end(&wr, mark);
    return km_wr_finish(&wr, ret)
               ? KM_OK
               : KM_FAIL(err, KM_E_LIMIT, "the public key in the PKCS#11 token is too long");
}

km_status km_fleet_token_sign(struct km_err *err, struct km_fleet_token *token,
                              struct km_slice input, struct km_span out, size_t *ret_len)
{
    CK_MECHANISM mechanism = {token->is_rsa ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0};
    CK_ULONG len = out.len;
    CK_RV rv = token->module->C_SignInit(token->session, &mechanism, token->key);
    if (rv == CKR_OK)
        rv = token->module->C_Sign(token->session, (CK_BYTE_PTR)(uintptr_t)input.ptr, input.len,
                                   out.ptr, &len);
    if (rv != CKR_OK)
        return p11_failed(err, rv, "signing");
    *ret_len = len;
    return KM_OK;
}
