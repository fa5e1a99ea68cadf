/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: made, imported, exported, asked about; and what is saved under a name. */
#include <stdlib.h>
#include <string.h>

#include "lib/clrc/clrc_handle.h"

#define NO_HANDLE "not a key handle"
#define NULL_POINTER "a pointer is NULL"
#define TOO_MANY_OCTETS "key data are at most 4096 octets"

static bool has_primes(ClrcKeyType type)
{
    return type == KEY_RSA_KEYPAIR || type == KEY_DSA_KEYPAIR || type == KEY_DH_KEYPAIR;
}

ClrcResult clrc_make_key(struct clrc_call *call, const ClrcKeyTemplate *wish, unsigned id_at,
                         ClrcKeyHandle *hKey)
{
    if (wish == NULL || hKey == NULL)
        return clrc_bad(call->function, NULL_POINTER);
    uint8_t template[KM_CRYPTO_TEMPLATE_WIRE_MAX] = {0};
    size_t len = 0;
    ClrcResult result =
        clrc_template_put(call->function, wish, KM_SPAN(template, sizeof(template)), &len);
    if (result != CLRC_SUCCESS)
        return result;
    KM_AUTO(clrc_key_freep) struct clrc_key *key = clrc_key_new();
    if (key == NULL)
        return clrc_fail(call->function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    km_call_in(&call->sent, 0, template, len);
    km_call_value_out(&call->sent, id_at);
    call->is_repeatable = true; /* a key made in a session that died is gone with it */
    call->makes_key = true;
    call->is_new_key = true;
    call->seeks_primes = call->sent.command != KM_CRYPTO_CMD_IMPORT_KEY && has_primes(wish->type);
    result = clrc_run(call);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_key_made(call, key, call->sent.op.params[id_at].value.a);
    *hKey = km_steal(&key);
    return CLRC_SUCCESS;
}

ClrcResult clrcCreateKey(const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    struct clrc_call call = {.function = "clrcCreateKey", .sent.command = KM_CRYPTO_CMD_CREATE_KEY};
    return clrc_make_key(&call, wish, 1, hKey);
}

static ClrcResult import_key(const char *function, const ClrcKeyTemplate *wish,
                             enum km_crypto_form form, const uint8_t *octets, size_t length,
                             ClrcKeyHandle *hKey)
{
    if (octets == NULL || length == 0)
        return clrc_bad(function, "there are no key data");
    if (length > KM_CRYPTO_SMALL_MAX)
        return clrc_long(function, TOO_MANY_OCTETS);
    struct clrc_call call = {.function = function, .sent.command = KM_CRYPTO_CMD_IMPORT_KEY};
    km_call_in(&call.sent, 1, octets, length);
    km_call_value(&call.sent, 2, form, 0);
    return clrc_make_key(&call, wish, 3, hKey);
}

ClrcResult clrcImportKeyRaw(const ClrcKeyTemplate *wish, const uint8_t *key, uint32_t length,
                            ClrcKeyHandle *hKey)
{
    return import_key("clrcImportKeyRaw", wish, KM_CRYPTO_FORM_RAW, key, length, hKey);
}

ClrcResult clrcImportKeyDer(const ClrcKeyTemplate *wish, const uint8_t *der, uint32_t length,
                            ClrcKeyHandle *hKey)
{
    return import_key("clrcImportKeyDer", wish, KM_CRYPTO_FORM_DER, der, length, hKey);
}

/* A curve is a number and travels as one; all else are octets. */
static bool attribute_from(const ClrcAttributeValue *value, uint8_t curve[4],
                           struct km_crypto_attr *ret)
{
    if (value->data == NULL || value->length == 0)
        return false;
    ret->attribute = (uint32_t)value->attribute;
    ret->value = KM_SLICE(value->data, value->length);
    if (value->attribute != CLRC_ATTR_ECC_CURVE)
        return true;
    if (value->length != sizeof(uint32_t))
        return false;
    uint32_t bits = 0;
    km_copy(&bits, sizeof(bits), value->data, value->length);
    struct km_wr wr = km_wr_init(curve, sizeof(bits));
    km_wr_u32le(&wr, bits);
    ret->value = KM_SLICE(curve, sizeof(bits));
    return true;
}

/* Octets of a list of attributes. */
static ClrcResult attributes_put(const char *function, const ClrcAttributeValue *values,
                                 uint32_t n_values, struct km_span out, size_t *ret_len)
{
    if (values == NULL || n_values == 0 || n_values > KM_CRYPTO_ATTRIBUTES_MAX)
        return clrc_bad(function, "1 to 16 attributes are needed");
    struct km_crypto_attrs attrs = {.count = n_values};
    uint8_t curve[4] = {0};
    for (uint32_t i = 0; i < n_values; i++) {
        if (values[i].length > KM_CRYPTO_ATTRIBUTE_LEN_MAX)
            return clrc_long(function, "an attribute is at most 1024 octets");
        if (!attribute_from(&values[i], curve, &attrs.at[i]))
            return clrc_bad(function, "an attribute is empty, or the curve is no uint32_t");
    }
    return km_crypto_attrs_put(&attrs, out, ret_len) ? CLRC_SUCCESS
                                                     : clrc_long(function, TOO_MANY_OCTETS);
}

ClrcResult clrcImportKeyAttributes(const ClrcKeyTemplate *wish, const ClrcAttributeValue *values,
                                   uint32_t n_values, ClrcKeyHandle *hKey)
{
    static const char function[] = "clrcImportKeyAttributes";
    uint8_t octets[KM_CRYPTO_SMALL_MAX] = {0};
    size_t len = 0;
    ClrcResult result =
        attributes_put(function, values, n_values, KM_SPAN(octets, sizeof(octets)), &len);
    if (result == CLRC_SUCCESS)
        result = import_key(function, wish, KM_CRYPTO_FORM_ATTRIBUTES, octets, len, hKey);
    km_wipe(octets, sizeof(octets));
    return result;
}

static ClrcResult create_with(const char *function, const ClrcKeyTemplate *wish,
                              enum km_crypto_form form, struct km_slice parameters,
                              ClrcKeyHandle *hKey)
{
    struct clrc_call call = {.function = function, .sent.command = KM_CRYPTO_CMD_CREATE_KEY_WITH};
    km_call_in(&call.sent, 1, parameters.ptr, parameters.len);
    km_call_value(&call.sent, 2, form, 0);
    return clrc_make_key(&call, wish, 3, hKey);
}

ClrcResult clrcCreateKeyWith(const ClrcKeyTemplate *wish, const ClrcAttributeValue *values,
                             uint32_t n_values, ClrcKeyHandle *hKey)
{
    static const char function[] = "clrcCreateKeyWith";
    uint8_t octets[KM_CRYPTO_SMALL_MAX] = {0};
    size_t len = 0;
    ClrcResult result =
        attributes_put(function, values, n_values, KM_SPAN(octets, sizeof(octets)), &len);
    if (result != CLRC_SUCCESS)
        return result;
    return create_with(function, wish, KM_CRYPTO_FORM_ATTRIBUTES, KM_SLICE(octets, len), hKey);
}

ClrcResult clrcCreateKeyWithDer(const ClrcKeyTemplate *wish, const uint8_t *parameters,
                                uint32_t length, ClrcKeyHandle *hKey)
{
    static const char function[] = "clrcCreateKeyWithDer";
    if (parameters == NULL || length == 0)
        return clrc_bad(function, "there are no parameters");
    if (length > KM_CRYPTO_SMALL_MAX)
        return clrc_long(function, TOO_MANY_OCTETS);
    return create_with(function, wish, KM_CRYPTO_FORM_DER, KM_SLICE(parameters, length), hKey);
}

/* One output of a key: command with the key's id and, for some, a second number. */
static ClrcResult ask_key(struct clrc_call *call, ClrcKeyHandle hKey, uint32_t second, void *data,
                          uint32_t *length)
{
    if (!clrc_key_is(hKey))
        return clrc_bad(call->function, NO_HANDLE);
    if (length == NULL || (data == NULL && *length != 0))
        return clrc_bad(call->function, NULL_POINTER);
    call->subject = hKey->is_named ? hKey->name : NULL;
    call->is_repeatable = true;
    call->key = hKey;
    km_call_value(&call->sent, 0, 0, second);
    call->key_value = &call->sent.op.params[0].value.a;
    clrc_small_out(call, 1, data, *length);
    return clrc_run_sized(call, 1, length);
}

ClrcResult clrcExportPublicKey(ClrcKeyHandle hKey, uint8_t *der, uint32_t *length)
{
    struct clrc_call call = {.function = "clrcExportPublicKey",
                             .sent.command = KM_CRYPTO_CMD_EXPORT_PUBLIC};
    return ask_key(&call, hKey, 0, der, length);
}

ClrcResult clrcExportKey(ClrcKeyHandle hKey, uint8_t *data, uint32_t *length)
{
    struct clrc_call call = {.function = "clrcExportKey",
                             .sent.command = KM_CRYPTO_CMD_EXPORT_PRIVATE};
    return ask_key(&call, hKey, 0, data, length);
}

ClrcResult clrcGetKeyAttribute(ClrcKeyHandle hKey, ClrcAttribute attribute, void *data,
                               uint32_t *length)
{
    struct clrc_call call = {.function = "clrcGetKeyAttribute",
                             .sent.command = KM_CRYPTO_CMD_GET_ATTRIBUTE};
    ClrcResult result = ask_key(&call, hKey, (uint32_t)attribute, data, length);
    if (result != CLRC_SUCCESS || attribute != CLRC_ATTR_ECC_CURVE)
        return result;
    struct km_rd rd = km_rd_init(KM_SLICE(data, *length));
    uint32_t bits = 0;
    if (!km_rd_u32le(&rd, &bits) || !km_rd_done(&rd))
        return clrc_fail(call.function, CLRC_ERROR_GENERIC, NULL, NULL);
    km_copy(data, *length, &bits, sizeof(bits));
    return CLRC_SUCCESS;
}

ClrcResult clrcKeyCheckValue(ClrcKeyHandle hKey, uint8_t check_value[3])
{
    struct clrc_call call = {.function = "clrcKeyCheckValue",
                             .sent.command = KM_CRYPTO_CMD_KEY_CHECK};
    uint32_t length = 3;
    return ask_key(&call, hKey, 0, check_value, &length);
}

static ClrcResult info_arrived(struct clrc_call *call, const uint8_t *octets, ClrcKeyInfo *info)
{
    if (!clrc_info_parse(KM_SLICE(octets, clrc_size(call, 1)), info))
        return clrc_fail(call->function, CLRC_ERROR_GENERIC, call->subject,
                         "the service's answer is malformed");
    return CLRC_SUCCESS;
}

static ClrcResult key_info(const char *function, struct clrc_key *key, ClrcKeyInfo *info)
{
    uint8_t octets[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    struct clrc_call call = {.function = function, .sent.command = KM_CRYPTO_CMD_KEY_INFO};
    uint32_t length = sizeof(octets);
    ClrcResult result = ask_key(&call, key, 0, octets, &length);
    return result == CLRC_SUCCESS ? info_arrived(&call, octets, info) : result;
}

ClrcResult clrcGetKeyInfo(ClrcKeyHandle hKey, ClrcKeyInfo *info)
{
    static const char function[] = "clrcGetKeyInfo";
    if (info == NULL)
        return clrc_bad(function, NULL_POINTER);
    return key_info(function, hKey, info);
}

/* ---- saved keys ---- */

static ClrcResult bad_name(const char *function)
{
    return clrc_fail(function, CLRC_ERROR_BAD_NAME, NULL, NULL);
}

static void key_id_set(struct clrc_key *key, const ClrcKeyInfo *info)
{
    km_copy(key->id, sizeof(key->id), info->id, sizeof(info->id));
    key->id_len = sizeof(info->id);
}

/*
 * The handle turns into one of a saved key. Its id is asked for afterwards: should that fail, the
 * key is loaded by name alone where it is needed next.
 */
static void became_named(struct clrc_call *call, struct clrc_key *key, const char *name,
                         struct clrc_password *password)
{
    clrc_name_set(key->name, name);
    key->password = clrc_password_ref(password);
    clrc_key_saved(call, key);
    ClrcKeyInfo info = {0};
    if (key_info(call->function, key, &info) == CLRC_SUCCESS)
        key_id_set(key, &info);
}

static ClrcResult save(struct clrc_call *call, ClrcKeyHandle hKey, const char *name,
                       ClrcPasswordHandle hPassword)
{
    if (!clrc_key_is(hKey))
        return clrc_bad(call->function, NO_HANDLE);
    if (hPassword != NULL && !clrc_password_is(hPassword))
        return clrc_bad(call->function, "not a password handle");
    if (!clrc_name_is(name))
        return bad_name(call->function);
    if (hKey->is_named)
        return clrc_fail(call->function, CLRC_ERROR_STATE, hKey->name, "the key is saved already");
    call->subject = name;
    call->key = hKey;
    call->password = hPassword;
    km_call_value(&call->sent, 0, 0, 0);
    call->key_value = &call->sent.op.params[0].value.a;
    call->password_value = &call->sent.op.params[0].value.b;
    km_call_in(&call->sent, 1, name, strlen(name));
    ClrcResult result = clrc_run(call);
    if (result == CLRC_SUCCESS)
        became_named(call, hKey, name, hPassword);
    return result;
}

ClrcResult clrcSaveNamedKey(ClrcKeyHandle hKey, const char *name, ClrcPasswordHandle hPassword)
{
    struct clrc_call call = {.function = "clrcSaveNamedKey",
                             .sent.command = KM_CRYPTO_CMD_SAVE_KEY};
    return save(&call, hKey, name, hPassword);
}

static ClrcResult check_note(const char *function, const uint8_t *note, uint32_t length)
{
    if (note == NULL && length != 0)
        return clrc_bad(function, NULL_POINTER);
    return length > CLRC_NOTE_MAX ? clrc_long(function, "a note has at most 1024 octets")
                                  : CLRC_SUCCESS;
}

ClrcResult clrcSaveNamedKeyNoted(ClrcKeyHandle hKey, const char *name, ClrcPasswordHandle hPassword,
                                 const uint8_t *note, uint32_t length)
{
    struct clrc_call call = {.function = "clrcSaveNamedKeyNoted",
                             .sent.command = KM_CRYPTO_CMD_SAVE_KEY_NOTED};
    ClrcResult result = check_note(call.function, note, length);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call.sent, 2, note, length);
    return save(&call, hKey, name, hPassword);
}

ClrcResult clrcSetKeyNote(const char *name, const uint8_t id[16], const uint8_t *note,
                          uint32_t length)
{
    static const char function[] = "clrcSetKeyNote";
    ClrcResult result = check_note(function, note, length);
    if (result != CLRC_SUCCESS)
        return result;
    if (!clrc_name_is(name))
        return bad_name(function);
    if (id == NULL)
        return clrc_bad(function, NULL_POINTER);
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_SET_NOTE,
                             .is_repeatable = true};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_in(&call.sent, 1, id, KM_CRYPTO_ID_LEN);
    km_call_in(&call.sent, 2, note, length);
    return clrc_run(&call);
}

ClrcResult clrcProvisionKey(ClrcKeyHandle hKey, const char *name, const char *public_name)
{
    static const char function[] = "clrcProvisionKey";
    if (!clrc_key_is(hKey))
        return clrc_bad(function, NO_HANDLE);
    if (!clrc_name_is(name) || (public_name != NULL && !clrc_name_is(public_name)))
        return bad_name(function);
    if (hKey->is_named)
        return clrc_fail(function, CLRC_ERROR_STATE, hKey->name, "the key is saved already");
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_PROVISION_KEY,
                             .key = hKey};
    km_call_value(&call.sent, 0, 0, 0);
    call.key_value = &call.sent.op.params[0].value.a;
    km_call_in(&call.sent, 1, name, strlen(name));
    km_call_in(&call.sent, 2, public_name, public_name == NULL ? 0 : strlen(public_name));
    ClrcResult result = clrc_run(&call);
    if (result == CLRC_SUCCESS)
        became_named(&call, hKey, name, NULL);
    return result;
}

ClrcResult clrcProvisionSeal(void)
{
    struct clrc_call call = {.function = "clrcProvisionSeal",
                             .sent.command = KM_CRYPTO_CMD_PROVISION_SEAL,
                             .is_repeatable = true};
    return clrc_run(&call);
}

ClrcResult clrcLoadNamedKey(const char *name, ClrcPasswordHandle hPassword, ClrcKeyHandle *hKey)
{
    static const char function[] = "clrcLoadNamedKey";
    if (hKey == NULL)
        return clrc_bad(function, NULL_POINTER);
    if (hPassword != NULL && !clrc_password_is(hPassword))
        return clrc_bad(function, "not a password handle");
    if (!clrc_name_is(name))
        return bad_name(function);
    KM_AUTO(clrc_key_freep) struct clrc_key *key = clrc_key_new();
    if (key == NULL)
        return clrc_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    key->is_named = true;
    key->password = clrc_password_ref(hPassword);
    clrc_name_set(key->name, name);
    /* Asking about it loads it. From then on the handle stands for this very key. */
    ClrcKeyInfo info = {0};
    ClrcResult result = key_info(function, key, &info);
    if (result != CLRC_SUCCESS)
        return result;
    key_id_set(key, &info);
    *hKey = km_steal(&key);
    return CLRC_SUCCESS;
}

ClrcResult clrcDeleteNamedKey(const char *name, ClrcPasswordHandle hPassword)
{
    static const char function[] = "clrcDeleteNamedKey";
    if (hPassword != NULL && !clrc_password_is(hPassword))
        return clrc_bad(function, "not a password handle");
    if (!clrc_name_is(name))
        return bad_name(function);
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_DELETE_KEY,
                             .password = hPassword};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_value(&call.sent, 1, 0, 0);
    call.password_value = &call.sent.op.params[1].value.a;
    return clrc_run(&call);
}

ClrcResult clrcDescribeNamedKey(const char *name, ClrcKeyInfo *info)
{
    static const char function[] = "clrcDescribeNamedKey";
    if (info == NULL)
        return clrc_bad(function, NULL_POINTER);
    if (!clrc_name_is(name))
        return bad_name(function);
    uint8_t octets[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_DESCRIBE_KEY,
                             .is_repeatable = true};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_out(&call.sent, 1, octets, sizeof(octets));
    ClrcResult result = clrc_run(&call);
    return result == CLRC_SUCCESS ? info_arrived(&call, octets, info) : result;
}
